/* One run of dkim over a simulated Internet, for the tests of plan, judge and rules. */
#ifndef TESTS_DKIMCASE_H
#define TESTS_DKIMCASE_H

#include "fakezone.h"
#include "probe/dkim.h"

/* The world that the cases share: root, com with example.com at ns1 and ns2 (192.0.2.1 and
 * 192.0.2.2), and net with provider.net at 203.0.113.1. */
#define DC_ROOT                                                                                    \
    "root 198.41.0.4\n"                                                                            \
    "zone . {\n"                                                                                   \
    "@ 60 SOA a.root. h. 1 1 1 1 60\n@ 60 NS a.root.\na.root. 60 A 198.41.0.4\n"                   \
    "com. 60 NS a.nic.com.\na.nic.com. 60 A 192.5.6.30\n"                                          \
    "net. 60 NS a.nic.net.\na.nic.net. 60 A 192.5.6.31\n"                                          \
    "}\n"                                                                                          \
    "address 198.41.0.4 {\nserves .\n}\n"

#define DC_COM(lines)                                                                              \
    "zone com {\n@ 60 SOA a.nic h 1 1 1 1 60\n@ 60 NS a.nic\na.nic 60 A 192.5.6.30\n" lines "}\n"  \
    "address 192.5.6.30 {\nserves com\n}\n"

#define DC_TWO_NS                                                                                  \
    "example 60 NS ns1.example\nexample 60 NS ns2.example\n"                                       \
    "ns1.example 60 A 192.0.2.1\nns2.example 60 A 192.0.2.2\n"

/* serial 7, refresh 7200, retry 900, expire 1209600, minimum 300, TTL 600 */
#define DC_APEX                                                                                    \
    "@ 600 SOA ns1 hostmaster 7 7200 900 1209600 300\n@ 600 NS ns1\n@ 600 NS ns2\n"                \
    "ns1 600 A 192.0.2.1\nns2 600 A 192.0.2.2\n"

#define DC_EXAMPLE(lines) "zone example.com {\n" DC_APEX lines "}\n"

#define DC_BOTH                                                                                    \
    "address 192.0.2.1 {\nserves example.com\n}\n"                                                 \
    "address 192.0.2.2 {\nserves example.com\n}\n"

#define DC_PROVIDER(lines)                                                                         \
    "zone net {\n@ 60 SOA a.nic h 1 1 1 1 60\n@ 60 NS a.nic\na.nic 60 A 192.5.6.31\n"              \
    "provider 60 NS ns.provider\nns.provider 60 A 203.0.113.1\n}\n"                                \
    "address 192.5.6.31 {\nserves net\n}\n"                                                        \
    "zone provider.net {\n@ 60 SOA ns h 1 1 1 1 60\n@ 60 NS ns\nns 60 A 203.0.113.1\n" lines "}\n" \
    "address 203.0.113.1 {\nserves provider.net\n}\n"

/* an Ed25519 key (RFC 8463 A.2) */
#define DC_KEY "\"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\""

#define DC_KEYS "a.dkim 60 TXT " DC_KEY "\nb.dkim 60 TXT " DC_KEY "\nc.dkim 60 TXT " DC_KEY "\n"

#define DC_TOKENS                                                                                  \
    "a._domainkey 600 CNAME a.dkim.provider.net.\n"                                                \
    "b._domainkey 600 CNAME b.dkim.provider.net.\n"                                                \
    "c._domainkey 600 CNAME c.dkim.provider.net.\n"

/* A zone as it should be. */
#define DC_RIGHT DC_ROOT DC_COM(DC_TWO_NS) DC_EXAMPLE(DC_TOKENS) DC_BOTH DC_PROVIDER(DC_KEYS)

#define DC_A "a._domainkey.example.com. CNAME a.dkim.provider.net."
#define DC_B "b._domainkey.example.com. CNAME b.dkim.provider.net."
#define DC_C "c._domainkey.example.com. CNAME c.dkim.provider.net."

#define DC_EXPECTED_MAX 64

typedef struct dkimcase {
    fakezone_t *world;
    model_input_t in;
    given_ns_t start[8];
    expectations_t e;
    exchange_set_t set;
    dkim_options_t options;
    dkim_result_t r;
    net_err_t err;
} dkimcase_t;

void dkimcase_init(dkimcase_t *c, const char *scenario, const char *domain);
/* "NAME TYPE RDATA", absolute names. */
void dkimcase_expect(dkimcase_t *c, const char *line);
void dkimcase_run(dkimcase_t *c);
void dkimcase_free(dkimcase_t *c);
/* All of it for the expectations given (NULL-ended). */
void dkimcase_begin(dkimcase_t *c, const char *scenario, const char *domain, ...);

/* The column of an address; fails the test when there is none. */
size_t dkimcase_column(const dkimcase_t *c, const char *addr);
const dkim_cell_t *dkimcase_cell(const dkimcase_t *c, size_t expectation, const char *addr);
/* The first finding with that ID, or NULL. */
const finding_t *dkimcase_finding(const dkimcase_t *c, const char *id);
/* Findings of at least that severity. */
size_t dkimcase_count(const dkimcase_t *c, severity_t at_least);
/* Fails the test unless the finding is there and its text (and fix) holds these words; NULL passes.
 */
void dkimcase_want(const dkimcase_t *c, const char *id, const char *text, const char *fix);
/* All findings on stderr. */
void dkimcase_show(const dkimcase_t *c);

#endif
