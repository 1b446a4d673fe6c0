#include "rrtype.h"

#include <stdio.h>

#define F(kind, name)                                                                              \
    {                                                                                              \
        NSP_F_##kind, name                                                                         \
    }
static const nsp_rrtype_t table[] = {
#define RR(number, ident, mnemonic, flags, rfc, ...) {number, flags, mnemonic, rfc, {__VA_ARGS__}},
#include "rrtypes.def"
#undef RR
};
static const nsp_rrtype_t unknown = {0, 0, "", "RFC 3597 4", {F(UNKNOWN, "data")}};
#undef F

#define TABLE_SIZE (sizeof table / sizeof table[0])

enum line {
#define RR(number, ident, mnemonic, flags, rfc, ...) LINE_##ident,
#include "rrtypes.def"
#undef RR
};

const nsp_rrtype_t *nsp_rrtype_get(uint16_t type)
{
    switch (type) {
#define RR(number, ident, mnemonic, flags, rfc, ...)                                               \
    case number:                                                                                   \
        return &table[LINE_##ident];
#include "rrtypes.def"
#undef RR
    default:
        return &unknown;
    }
}

size_t nsp_rrtype_count(void)
{
    return TABLE_SIZE;
}

const nsp_rrtype_t *nsp_rrtype_at(size_t i)
{
    return &table[i < TABLE_SIZE ? i : 0];
}

typedef struct mnemonic {
    uint16_t number;
    const char *text;
} mnemonic_t;

static const mnemonic_t classes[] = {{NSP_CLASS_IN, "IN"},
                                     {NSP_CLASS_CH, "CH"},
                                     {NSP_CLASS_HS, "HS"},
                                     {NSP_CLASS_NONE, "NONE"},
                                     {NSP_CLASS_ANY, "ANY"}};
static const mnemonic_t rcodes[] = {
    {0, "NOERROR"},  {1, "FORMERR"},    {2, "SERVFAIL"}, {3, "NXDOMAIN"},  {4, "NOTIMP"},
    {5, "REFUSED"},  {6, "YXDOMAIN"},   {7, "YXRRSET"},  {8, "NXRRSET"},   {9, "NOTAUTH"},
    {10, "NOTZONE"}, {11, "DSOTYPENI"}, {16, "BADVERS"}, {17, "BADKEY"},   {18, "BADTIME"},
    {19, "BADMODE"}, {20, "BADNAME"},   {21, "BADALG"},  {22, "BADTRUNC"}, {23, "BADCOOKIE"}};
static const mnemonic_t opcodes[] = {{0, "QUERY"},  {1, "IQUERY"}, {2, "STATUS"},
                                     {4, "NOTIFY"}, {5, "UPDATE"}, {6, "DSO"}};

static const mnemonic_t algorithms[] = {{1, "RSAMD5"},
                                        {2, "DH"},
                                        {3, "DSA"},
                                        {5, "RSASHA1"},
                                        {6, "NSEC3DSA"},
                                        {7, "NSEC3RSASHA1"},
                                        {8, "RSASHA256"},
                                        {10, "RSASHA512"},
                                        {12, "ECCGOST"},
                                        {13, "ECDSAP256SHA256"},
                                        {14, "ECDSAP384SHA384"},
                                        {15, "ED25519"},
                                        {16, "ED448"},
                                        {252, "INDIRECT"},
                                        {253, "PRIVATEDNS"},
                                        {254, "PRIVATEOID"},
                                        {6, "DSA-NSEC3-SHA1"},
                                        {7, "RSASHA1-NSEC3-SHA1"},
                                        {12, "ECC-GOST"}};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const char *mnemonic_text(const mnemonic_t *t, size_t n, uint16_t number)
{
    for (size_t i = 0; i < n; i++)
        if (t[i].number == number)
            return t[i].text;
    return NULL;
}

static bool same_word(const char *text, size_t len, const char *word)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        c = (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
        if (word[i] == '\0' || c != word[i])
            return false;
    }
    return word[len] == '\0';
}

/* "TYPE65280": prefix and a decimal number up to max, without sign or spaces. */
static bool prefixed_number(const char *text, size_t len, const char *prefix, uint32_t max,
                            uint16_t *out)
{
    size_t n = strlen(prefix);
    if (len <= n || len > n + 5 || !same_word(text, n, prefix))
        return false;
    uint32_t v = 0;
    for (size_t i = n; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        v = v * 10 + (uint32_t)(text[i] - '0');
    }
    if (v > max)
        return false;
    *out = (uint16_t)v;
    return true;
}

static bool mnemonic_find(const mnemonic_t *t, size_t n, const char *text, size_t len,
                          uint16_t *out)
{
    for (size_t i = 0; i < n; i++) {
        if (same_word(text, len, t[i].text)) {
            *out = t[i].number;
            return true;
        }
    }
    return false;
}

const char *nsp_type_text(uint16_t type, char buf[16])
{
    const nsp_rrtype_t *t = nsp_rrtype_get(type);
    if (t != &unknown)
        return t->mnemonic;
    snprintf(buf, 16, "TYPE%u", type);
    return buf;
}

nsp_err_t nsp_type_from_text(const char *text, size_t len, uint16_t *out)
{
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        if (same_word(text, len, table[i].mnemonic)) {
            *out = table[i].number;
            return NSP_OK;
        }
    }
    return prefixed_number(text, len, "TYPE", UINT16_MAX, out) ? NSP_OK : NSP_E_TEXT_TYPE;
}

const char *nsp_class_text(uint16_t cls, char buf[16])
{
    const char *text = mnemonic_text(classes, COUNT(classes), cls);
    if (text != NULL)
        return text;
    snprintf(buf, 16, "CLASS%u", cls);
    return buf;
}

nsp_err_t nsp_class_from_text(const char *text, size_t len, uint16_t *out)
{
    if (mnemonic_find(classes, COUNT(classes), text, len, out) ||
        prefixed_number(text, len, "CLASS", UINT16_MAX, out))
        return NSP_OK;
    return NSP_E_TEXT_CLASS;
}

const char *nsp_rcode_text(uint16_t rcode, char buf[16])
{
    const char *text = mnemonic_text(rcodes, COUNT(rcodes), rcode);
    if (text != NULL)
        return text;
    snprintf(buf, 16, "RCODE%u", rcode);
    return buf;
}

nsp_err_t nsp_rcode_from_text(const char *text, size_t len, uint16_t *out)
{
    if (mnemonic_find(rcodes, COUNT(rcodes), text, len, out) ||
        prefixed_number(text, len, "RCODE", UINT16_MAX, out))
        return NSP_OK;
    return NSP_E_TEXT_VALUE;
}

const char *nsp_opcode_text(uint8_t opcode, char buf[16])
{
    const char *text = mnemonic_text(opcodes, COUNT(opcodes), opcode);
    if (text != NULL)
        return text;
    snprintf(buf, 16, "OPCODE%u", opcode);
    return buf;
}

nsp_err_t nsp_opcode_from_text(const char *text, size_t len, uint8_t *out)
{
    uint16_t v = 0;
    if (!mnemonic_find(opcodes, COUNT(opcodes), text, len, &v) &&
        !prefixed_number(text, len, "OPCODE", 15, &v))
        return NSP_E_TEXT_VALUE;
    *out = (uint8_t)v;
    return NSP_OK;
}

const char *nsp_algorithm_text(uint8_t algorithm)
{
    return mnemonic_text(algorithms, COUNT(algorithms), algorithm);
}

nsp_err_t nsp_algorithm_from_text(const char *text, size_t len, uint8_t *out)
{
    uint16_t v = 0;
    if (!mnemonic_find(algorithms, COUNT(algorithms), text, len, &v))
        return NSP_E_TEXT_VALUE;
    *out = (uint8_t)v;
    return NSP_OK;
}
