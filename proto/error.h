/* Every way in which DNS wire data, presentation text or an encode call can be wrong.
 *
 * One code a cause: the reason is never lost on the way up. nsp_err_name() gives the stable
 * identifier (used in JSON and in tests), nsp_err_text() the sentence for people.
 */
#ifndef NSPROTO_ERROR_H
#define NSPROTO_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

/* Symbols of the shared library are hidden unless they carry this mark. */
#define NSP_API __attribute__((visibility("default")))

/* X(code, stable name, sentence) */
#define NSP_ERRORS(X)                                                                              \
    X(OK, "ok", "no error")                                                                        \
    X(E_SHORT_HEADER, "short-header", "message is shorter than the 12 octets of a header")         \
    X(E_SHORT, "short", "data ends inside a field")                                                \
    X(E_LABEL_TYPE, "label-type", "label type is neither ordinary nor a compression pointer")      \
    X(E_POINTER_FORWARD, "pointer-forward", "compression pointer does not point backwards")        \
    X(E_POINTER_CHAIN, "pointer-chain", "more than 128 compression pointers in one name")          \
    X(E_POINTER_HEADER, "pointer-header", "compression pointer points into the header")            \
    X(E_POINTER_FORBIDDEN, "pointer-forbidden", "compression where it is not allowed")             \
    X(E_NAME_LONG, "name-long", "name is longer than 255 octets")                                  \
    X(E_LABEL_LONG, "label-long", "label is longer than 63 octets")                                \
    X(E_LABEL_EMPTY, "label-empty", "empty label inside a name")                                   \
    X(E_RDATA_SHORT, "rdata-short", "RDLENGTH ends inside a field of the RDATA")                   \
    X(E_RDATA_TRAILING, "rdata-trailing", "octets left over after the last field of the RDATA")    \
    X(E_RDATA_VALUE, "rdata-value", "a field of the RDATA holds a value that is not allowed")      \
    X(E_TRAILING, "trailing", "octets left over after the last record")                            \
    X(E_QDCOUNT, "qdcount", "question count is not 1")                                             \
    X(E_OPT_TWICE, "opt-twice", "more than one OPT record")                                        \
    X(E_OPT_SECTION, "opt-section", "OPT record outside the additional section")                   \
    X(E_OPT_OWNER, "opt-owner", "owner of the OPT record is not the root")                         \
    X(E_OPT_OPTION, "opt-option", "length of an EDNS option runs past the OPT record")             \
    X(E_TSIG_PLACE, "tsig-place", "TSIG is not the last record of the additional section")         \
    X(E_ARENA, "arena", "more records than the caller's arena holds")                              \
    X(E_SPACE, "space", "does not fit into the output buffer")                                     \
    X(E_MSG_LONG, "message-long", "message is longer than 65535 octets")                           \
    X(E_TEXT_EMPTY, "text-empty", "nothing here, but a value is expected")                         \
    X(E_TEXT_ESCAPE, "text-escape", "bad escape: a backslash takes a character or three digits")   \
    X(E_TEXT_NUMBER, "text-number", "not a number")                                                \
    X(E_TEXT_RANGE, "text-range", "number out of range")                                           \
    X(E_TEXT_TYPE, "text-type", "not an RR type")                                                  \
    X(E_TEXT_CLASS, "text-class", "not a class")                                                   \
    X(E_TEXT_TTL, "text-ttl", "not a TTL")                                                         \
    X(E_TEXT_ADDRESS, "text-address", "not an IP address of the wanted family")                    \
    X(E_TEXT_HEX, "text-hex", "not hexadecimal text")                                              \
    X(E_TEXT_BASE64, "text-base64", "not base64 text")                                             \
    X(E_TEXT_BASE32, "text-base32", "not base32hex text")                                          \
    X(E_TEXT_TIME, "text-time", "not a time (YYYYMMDDHHmmSS or seconds)")                          \
    X(E_TEXT_STRING, "text-string", "character string is longer than 255 octets")                  \
    X(E_TEXT_QUOTE, "text-quote", "quoted text does not end")                                      \
    X(E_TEXT_PAREN, "text-paren", "parentheses do not match")                                      \
    X(E_TEXT_EXTRA, "text-extra", "unexpected text after the last field")                          \
    X(E_TEXT_MISSING, "text-missing", "a field is missing")                                        \
    X(E_TEXT_VALUE, "text-value", "not a value that this field takes")                             \
    X(E_TEXT_ORIGIN, "text-origin", "relative name, but there is no origin")                       \
    X(E_TEXT_OWNER, "text-owner", "record without an owner name")                                  \
    X(E_TEXT_DIRECTIVE, "text-directive", "unknown or unsupported $ directive")

typedef enum nsp_err {
#define X(code, name, text) NSP_##code,
    NSP_ERRORS(X)
#undef X
        NSP_ERR_COUNT
} nsp_err_t;

/* Stable identifier of an error, such as "pointer-forward". Never NULL. */
NSP_API const char *nsp_err_name(nsp_err_t err);

/* One sentence for people, without a full stop. Never NULL. */
NSP_API const char *nsp_err_text(nsp_err_t err);

#ifdef __cplusplus
}
#endif
#endif
