/* The registries "DNS Security Algorithm Numbers" and "DS RR Type Digest Algorithms" of IANA, with
 * the advice of RFC 8624 3, RFC 9905 and RFC 9906. */
#include "dnssec/audit.h"

typedef struct line {
    uint8_t number;
    dnssec_advice_t advice;
    const char *name;
} line_t;

static const line_t algorithms[] = {
    {1, ADVICE_FORBIDDEN, "RSAMD5"},
    {3, ADVICE_FORBIDDEN, "DSA"},
    {5, ADVICE_FORBIDDEN, "RSASHA1"},
    {6, ADVICE_FORBIDDEN, "DSA-NSEC3-SHA1"},
    {7, ADVICE_FORBIDDEN, "RSASHA1-NSEC3-SHA1"},
    {8, ADVICE_GOOD, "RSASHA256"},
    {10, ADVICE_DISCOURAGED, "RSASHA512"},
    {12, ADVICE_FORBIDDEN, "ECC-GOST"},
    {13, ADVICE_GOOD, "ECDSAP256SHA256"},
    {14, ADVICE_GOOD, "ECDSAP384SHA384"},
    {15, ADVICE_GOOD, "ED25519"},
    {16, ADVICE_GOOD, "ED448"},
    {17, ADVICE_GOOD, "SM2SM3"},
    {23, ADVICE_GOOD, "ECC-GOST12"},
    {253, ADVICE_PRIVATE, "PRIVATEDNS"},
    {254, ADVICE_PRIVATE, "PRIVATEOID"},
};

static const line_t digests[] = {
    {1, ADVICE_FORBIDDEN, "SHA-1"},         {2, ADVICE_GOOD, "SHA-256"},
    {3, ADVICE_FORBIDDEN, "GOST"},          {4, ADVICE_GOOD, "SHA-384"},
    {5, ADVICE_GOOD, "GOST 2012"},          {6, ADVICE_GOOD, "SM3"},
    {253, ADVICE_PRIVATE, "a private one"}, {254, ADVICE_PRIVATE, "a private one"},
};

static const line_t unassigned = {0, ADVICE_UNASSIGNED, "unassigned"};

static const line_t *find(const line_t *table, size_t count, uint8_t number)
{
    for (size_t i = 0; i < count; i++)
        if (table[i].number == number)
            return &table[i];
    return &unassigned;
}

static const line_t *algorithm(uint8_t number)
{
    return find(algorithms, sizeof algorithms / sizeof algorithms[0], number);
}

static const line_t *digest(uint8_t number)
{
    return find(digests, sizeof digests / sizeof digests[0], number);
}

dnssec_advice_t dnssec_algorithm_advice(uint8_t number)
{
    return algorithm(number)->advice;
}

dnssec_advice_t dnssec_digest_advice(uint8_t digest_type)
{
    return digest(digest_type)->advice;
}

const char *dnssec_algorithm_name(uint8_t number)
{
    return algorithm(number)->name;
}

const char *dnssec_digest_name(uint8_t digest_type)
{
    return digest(digest_type)->name;
}
