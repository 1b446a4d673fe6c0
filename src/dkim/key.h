/* DKIM keys as they are published in TXT records: what a verifier reads in them, and everything
 * that is wrong with them (RFC 6376 3.6.1; RFC 8301; RFC 8463). */
#ifndef DKIM_KEY_H
#define DKIM_KEY_H

#include "dkim/taglist.h"

/* How bad a problem is. */
typedef enum dkim_key_level {
    DKIM_KEY_NOTE,    /* worth knowing; no verifier minds */
    DKIM_KEY_WARNING, /* weak, or some verifiers mind */
    DKIM_KEY_ERROR    /* a verifier that follows the RFCs accepts no signature with this record */
} dkim_key_level_t;

/* X(code, level, stable name, what is wrong, what to do) */
#define DKIM_KEY_PROBLEMS(X)                                                                       \
    X(NOT_DKIM, ERROR, "not-dkim", "this is no DKIM key: it has neither v=DKIM1 nor p=",           \
      "publish the record that the mail service gave, or remove this one")                         \
    X(SIGNATURE, ERROR, "signature", "this is the text of a signature header, not a key",          \
      "publish the public key, which begins with v=DKIM1")                                         \
    X(BARE_KEY, ERROR, "bare-key", "the key stands there without its tags",                        \
      "put v=DKIM1; k=rsa; p= before the key")                                                     \
    X(PRIVATE_KEY, ERROR, "private-key", "the private key was published instead of the public",    \
      "make a new key pair at once, and publish its public key")                                   \
    X(ESCAPES, ERROR, "escapes",                                                                   \
      "backslashes are a part of the text: escapes of a zone file were pasted in",                 \
      "enter the text without backslashes")                                                        \
    X(QUOTES, ERROR, "quotes", "quotation marks are a part of the text",                           \
      "enter the text without quotation marks")                                                    \
    X(SMART_QUOTES, ERROR, "smart-quotes", "typographic quotation marks are a part of the text",   \
      "copy the text from its source again, not through a word processor")                         \
    X(INVISIBLE, ERROR, "invisible", "an invisible character is a part of the text",               \
      "copy the text from its source again as plain text")                                         \
    X(NON_ASCII, ERROR, "non-ascii", "an octet is not printable ASCII",                            \
      "copy the text from its source again as plain text")                                         \
    X(LINE_BREAK, WARNING, "line-break", "a line break is a part of the text",                     \
      "enter the text on a single line")                                                           \
    X(SYNTAX, ERROR, "syntax", "the text is not a list of tags",                                   \
      "publish the record exactly as the mail service gave it")                                    \
    X(EMPTY_TAG, WARNING, "empty-tag", "there is nothing between two semicolons",                  \
      "remove the semicolon that is too many")                                                     \
    X(DUPLICATE, ERROR, "duplicate-tag", "a tag stands there twice, which voids the record",       \
      "leave one of the two")                                                                      \
    X(SEMICOLON, ERROR, "semicolon", "a semicolon between two tags is missing",                    \
      "put a semicolon between the tags")                                                          \
    X(VERSION, ERROR, "version", "v= is not exactly DKIM1, so that verifiers discard the record",  \
      "write v=DKIM1")                                                                             \
    X(VERSION_PLACE, ERROR, "version-place", "v= is not the first tag",                            \
      "move v=DKIM1 to the front")                                                                 \
    X(NO_VERSION, NOTE, "no-version", "v=DKIM1 is missing, which is allowed, yet recommended",     \
      "begin the record with v=DKIM1")                                                             \
    X(TAG_CASE, ERROR, "tag-case", "a tag's name is in upper case, so that verifiers ignore it",   \
      "write the tag in lower case")                                                               \
    X(NO_KEY, ERROR, "no-key", "p= is missing, so that there is no key", "add p= with the key")    \
    X(REVOKED, ERROR, "revoked", "p= is empty: this key has been revoked",                         \
      "publish the key again, or sign with another selector")                                      \
    X(KIND, ERROR, "key-type", "k= is not a key type that verifiers know (rsa, ed25519)",          \
      "write k=rsa or k=ed25519, in lower case, as the key is")                                    \
    X(KEY_LONG, ERROR, "key-long", "p= is longer than any key", "publish the right key")           \
    X(PEM, ERROR, "pem", "the BEGIN or END line of a PEM file is a part of p=",                    \
      "enter only what stands between these lines")                                                \
    X(BASE64, ERROR, "base64", "a character of p= is not base64", "enter the key again")           \
    X(PADDING, WARNING, "padding", "p= does not end as base64 does: something is missing",         \
      "enter the key again, up to its last character")                                             \
    X(TRUNCATED, ERROR, "truncated", "the key ends too early: a part of it was cut off",           \
      "enter the whole key; split it into strings of at most 255 octets if need be")               \
    X(NOT_A_KEY, ERROR, "not-a-key", "p= does not decode to a public key",                         \
      "enter the key again; characters were changed or lost")                                      \
    X(WRONG_KIND, ERROR, "wrong-key-type", "the key in p= is of another type than k= says",        \
      "make k= say what the key is (without k= it is rsa)")                                        \
    X(PKCS1, WARNING, "pkcs1", "the key is a bare RSAPublicKey, which not every verifier takes",   \
      "publish the key as SubjectPublicKeyInfo (openssl rsa -RSAPublicKey_in -pubout)")            \
    X(TRAILING, WARNING, "trailing", "octets are left over behind the key",                        \
      "enter the key again; it ends too late")                                                     \
    X(RSA_SHORT, ERROR, "rsa-short", "the RSA key has less than 1024 bits: signatures are void",   \
      "make a new key of 2048 bits")                                                               \
    X(RSA_WEAK, WARNING, "rsa-weak", "the RSA key has less than 2048 bits",                        \
      "make a new key of 2048 bits")                                                               \
    X(RSA_LONG, WARNING, "rsa-long",                                                               \
      "the RSA key has more than 4096 bits: not all verify with it",                               \
      "use a key of 2048 to 4096 bits")                                                            \
    X(RSA_EXPONENT, ERROR, "rsa-exponent", "the RSA key's exponent is even, 1 or too long",        \
      "enter the key again, or make a new one")                                                    \
    X(ED25519_SIZE, ERROR, "ed25519-size", "an Ed25519 key has 32 octets; p= has another number",  \
      "publish the 32 octets of the key as base64")                                                \
    X(ED25519_WRAPPED, ERROR, "ed25519-wrapped",                                                   \
      "the Ed25519 key is wrapped as SubjectPublicKeyInfo; p= takes its 32 octets alone",          \
      "publish the last 32 octets as base64")                                                      \
    X(SHA1_ONLY, ERROR, "sha1-only", "h= allows SHA-1 alone, which verifiers refuse",              \
      "remove h=, or write h=sha256")                                                              \
    X(HASH, ERROR, "hash", "h= allows no hash that verifiers know",                                \
      "remove h=, or write h=sha256")                                                              \
    X(SERVICE, ERROR, "service", "s= does not allow email", "remove s=, or write s=email")         \
    X(LIST, WARNING, "list", "a list has an empty item", "remove the colon that is too many")      \
    X(TESTING, NOTE, "testing", "t=y: verifiers treat failures as if the mail was not signed",     \
      "remove t=y when testing is over")                                                           \
    X(FLAG, NOTE, "flag", "t= has a flag that verifiers do not know", "remove the flag")           \
    X(GRANULARITY, NOTE, "granularity", "g= is left over from RFC 4871 and means nothing today",   \
      "remove g=")                                                                                 \
    X(NOTES_TEXT, NOTE, "notes", "n= is not a quoted-printable text", "remove n=")

typedef enum dkim_key_problem_kind {
#define X(code, level, name, text, fix) DKIM_KEY_##code,
    DKIM_KEY_PROBLEMS(X)
#undef X
        DKIM_KEY_PROBLEM_COUNT
} dkim_key_problem_kind_t;

typedef struct dkim_key_problem {
    dkim_key_problem_kind_t kind;
    uint32_t at;                /* offset in the text of the octet that is meant */
    taglist_fault_kind_t fault; /* for SYNTAX: which; otherwise TAGLIST_NONE */
} dkim_key_problem_t;

typedef enum dkim_key_kind { DKIM_KEY_RSA, DKIM_KEY_ED25519, DKIM_KEY_OTHER } dkim_key_kind_t;

/* Bits of dkim_key.hashes and dkim_key.services. */
#define DKIM_HASH_SHA1     1u
#define DKIM_HASH_SHA256   2u
#define DKIM_HASH_OTHER    4u
#define DKIM_SERVICE_ALL   1u
#define DKIM_SERVICE_EMAIL 2u
#define DKIM_SERVICE_OTHER 4u

#define DKIM_KEY_OCTETS_MAX 8192 /* of a decoded key: far above any RSA key in use */

typedef struct dkim_key {
    bool usable;  /* no problem is an error: a verifier can use the key for mail */
    bool is_dkim; /* the text means to be a DKIM key */
    bool revoked; /* p= is empty */
    bool testing; /* t=y */
    bool strict;  /* t=s */
    bool pkcs1;   /* RSAPublicKey instead of SubjectPublicKeyInfo */
    bool decoded; /* bits and exponent are known */
    dkim_key_kind_t kind;
    unsigned hashes;     /* DKIM_HASH_*; 0: no h=, all are allowed */
    unsigned services;   /* DKIM_SERVICE_*; 0: no s=, all are allowed */
    unsigned bits;       /* of the RSA modulus; 256 for Ed25519 */
    uint64_t exponent;   /* of an RSA key; 0 when it has more than 64 bits */
    uint32_t key_octets; /* of the decoded p= */
    taglist_t tags;      /* borrows the text */
    unsigned problem_count;
    dkim_key_problem_t problem[DKIM_KEY_PROBLEM_COUNT]; /* each kind once, worst first */
} dkim_key_t;

/* Reads the joined strings of one TXT record as a DKIM key (RFC 6376 3.6.1 and 3.6.2.2; key sizes
 * and hashes: RFC 8301 3; Ed25519: RFC 8463 4.2).
 *
 * txt  len octets, which may hold anything; borrowed by out->tags
 * out  filled in any case
 *
 * Returns out->usable. Where one cause explains many faults (quotes or escapes pasted in) it alone
 * is reported. Leaves OpenSSL's error queue as it was. */
bool dkim_key_read(const uint8_t *txt, size_t len, dkim_key_t *out);

/* Whether the key has this problem. */
bool dkim_key_has(const dkim_key_t *key, dkim_key_problem_kind_t kind);

/* "rsa", "ed25519", "other". */
const char *dkim_key_kind_name(dkim_key_kind_t kind);
/* "rsa-weak", ... stable, for JSON. */
const char *dkim_key_problem_name(dkim_key_problem_kind_t kind);
/* What is wrong, and what to do: for people, without a full stop. */
const char *dkim_key_problem_text(dkim_key_problem_kind_t kind);
const char *dkim_key_problem_fix(dkim_key_problem_kind_t kind);
dkim_key_level_t dkim_key_problem_level(dkim_key_problem_kind_t kind);

#endif
