/* What dkim/chain finds in a zone with two servers of which two records are expected: one that is
 * there, and one that is not. Replies are those of real servers (signed.h), or made by a test. */
#ifndef TESTS_CHAINCASE_H
#define TESTS_CHAINCASE_H

#include "dkim/chain.h"
#include "signed.h"
#include "xbuild.h"

#define PLACES  2
#define RECORDS 2
#define ZONE    "ed25519.test"
#define WANTED  "tok._domainkey." ZONE
#define MISSING "nope._domainkey." ZONE
#define PARENT  "192.0.2.100"
#define DAYS(n) ((n)*INT64_C(86400))

typedef struct chaincase {
    const signed_replies_t *replies;
    const char *apex; /* of the zone that the parent was asked about */
    model_input_t in;
    exchange_set_t set;
    finding_list_t findings;
    facts_t facts;
    expectations_t wanted;
    expectation_t expectation[RECORDS];
    place_t place[PLACES];
    place_t above;
    cell_t cell[RECORDS][PLACES];
    expected_t expected[RECORDS];
} chaincase_t;

extern const char *const chaincase_servers[PLACES];

/* What every test begins with: nothing asked. replies stay the caller's, and have to outlive it. */
chaincase_t *chaincase_new(const signed_replies_t *replies);
void chaincase_free(chaincase_t *b);
/* Asks one question with DO; a reply of NULL is silence. */
void chaincase_ask(chaincase_t *b, const char *server, const char *name, uint16_t type,
                   const nsp_msg_t *reply);
/* A recorded reply of a zone's server, which there has to be. */
const nsp_msg_t *chaincase_recorded(const chaincase_t *b, const char *zone, const char *qname,
                                    const char *qtype);
/* The parent's DS records, as recorded. */
const nsp_msg_t *chaincase_ds(const chaincase_t *b);
/* The replies of one server: those given, or all as recorded. */
void chaincase_serve(chaincase_t *b, size_t place, const nsp_msg_t *dnskey, const nsp_msg_t *wanted,
                     const nsp_msg_t *missing);
void chaincase_serve_right(chaincase_t *b, size_t place);
/* Judges what was asked, once. */
void chaincase_run(chaincase_t *b);
/* Exactly this finding, of the zone (server NULL) or of one server, with words in its text. */
const finding_t *chaincase_only(const chaincase_t *b, finding_id_t id, const char *server,
                                const char *words);
/* Which cells do not validate: of the wanted record at both places, of the missing one. */
void chaincase_bogus(const chaincase_t *b, bool w0, bool w1, bool m0, bool m1);

/* A reply that a test builds. */
typedef struct made {
    uint8_t wire[4096];
    nsp_rr_t arena[16];
    nsp_msg_t msg;
    nsp_builder_t b;
} made_t;

/* A reply: begin, records, end. */
void made_begin(made_t *m, const char *name, uint16_t type, uint16_t rcode);
void made_rr(made_t *m, nsp_section_t section, const char *owner, uint16_t type,
             const uint8_t *rdata, size_t size);
/* The message, which lives as long as m. */
const nsp_msg_t *made_end(made_t *m);
/* Nothing, with the SOA of an owner, and without any signature. */
const nsp_msg_t *made_nothing(made_t *m, const char *name, uint16_t type, uint16_t rcode,
                              const char *apex);
const nsp_msg_t *made_cname(made_t *m, const char *name, const char *target);
/* DS records for every key of a message, added to a reply. */
void made_ds(made_t *m, const char *zone, const nsp_msg_t *dnskey);
/* A DNSKEY reply with a new key alone, signed by it, from ten days before now. */
const nsp_msg_t *made_key(made_t *m, const char *zone, int64_t now);

#endif
