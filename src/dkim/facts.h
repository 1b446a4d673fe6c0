/* Facts: what is known about each expectation at each address of the zone that holds it, and about
 * these zones. plan.c says what is still to be asked, judge.c what it comes to, rules_*.c what is
 * wrong. Internal to dkim/. */
#ifndef DKIM_FACTS_H
#define DKIM_FACTS_H

#include "dkim/answer.h"
#include "dkim/dkim.h"

#define FACTS_ZONES_MAX  64
#define FACTS_WALKS_MAX  64
#define FACTS_PLACES_MAX (MODEL_ADDRESSES_MAX + 16) /* addresses of one zone */
#define FACTS_CHAIN_MAX  8                          /* CNAMEs that are followed */
#define FACTS_NONE       SIZE_MAX
#define FACTS_DS_ASKED   2 /* servers of the parent that are asked for DS */

/* Who names an address as a server of the zone: bits. */
#define PLACE_PARENT 1u /* the delegation */
#define PLACE_CHILD  2u /* the zone's own NS records */
#define PLACE_MNAME  4u /* the SOA's MNAME */
#define PLACE_USER   8u /* --also */

/* One address of a zone. */
typedef struct place {
    addr_t addr;
    nsp_name_t server;      /* first NS name, or MNAME; len 0: none */
    unsigned from;          /* PLACE_ bits */
    bool delegated;         /* resolvers ask it */
    bool takes_plain;       /* it answers over UDP without EDNS */
    bool in_use;            /* of a family that is in use: it is asked */
    const answer_t *soa;    /* its SOA, decided, or NULL */
    const answer_t *dnskey; /* DNSKEY with DO, decided; only when the parent has a DS */
} place_t;

/* A server's name in the delegation that leads to no address. */
#define FACTS_LOST_MAX 4
typedef struct lost_server {
    nsp_name_t name;
    host_state_t state;
} lost_server_t;

/* One zone. */
typedef struct zone_facts {
    nsp_name_t apex;
    bool holds; /* some expectation lies in it */
    bool parent_known;
    nsp_name_t parent;
    size_t above; /* the zone of the facts that is parent, or FACTS_NONE */
    size_t parent_count;
    addr_t parent_addr[FACTS_DS_ASKED]; /* servers of the parent that answer */
    const answer_t *ds;                 /* DS of apex with DO from one of them, decided, or NULL */
    bool has_ds;
    size_t place_count;
    size_t place_cap;
    place_t *place; /* owned */
    size_t lost_count;
    lost_server_t lost[FACTS_LOST_MAX];
    bool seek_hidden; /* something is missing: servers that are not delegated are of interest */
    bool quiet;       /* nothing is left to ask about the zone itself */
    bool chained;     /* its keys are needed to trust a zone that holds expectations */
} zone_facts_t;

/* What one place says to one expectation. */
typedef struct cell {
    mark_t udp; /* as a resolver that begins with UDP ends up */
    mark_t tcp;
    const answer_t *udp_by; /* the answer that decided, or NULL */
    const answer_t *tcp_by;
    const answer_t *waits_for[3]; /* of UDP, TCP and DNSSEC, while one is not decided */
    const answer_t *dnssec;       /* the answer with DO, decided; only when the parent has a DS */
    bool bogus; /* set by the DNSSEC rules: a validating resolver makes SERVFAIL of this answer */
} cell_t;

/* A name that is looked up on the way: the target of a CNAME, the name of a server. */
typedef struct lookup {
    nsp_name_t name;
    uint16_t type;
    unsigned depth; /* CNAMEs before it */
    size_t walk;    /* to the zone that holds it */
    size_t own_walk;
    size_t zone;            /* or FACTS_NONE */
    const answer_t *answer; /* decided and usable (found, alias, nodata, nxdomain), or NULL */
    reading_t reading;      /* of answer; READ_PENDING while it is on its way, READ_SILENT when no
                               server gave a usable one */
    size_t next;            /* for READ_ALIAS: the lookup of the target, or FACTS_NONE */
    bool loop;              /* for READ_ALIAS: the target is a name of the chain */
} lookup_t;

/* One expectation. */
typedef struct expected {
    const expectation_t *e;
    size_t walk;
    size_t own_walk; /* to the owner's own zone, when a reply shows that it has one */
    size_t zone;     /* that holds the owner, or FACTS_NONE */
    size_t cell_count;
    cell_t *cell;  /* owned; one for each place of the zone */
    size_t follow; /* the lookup of the CNAME's target, or FACTS_NONE */
    /* places that are asked for more, once they are chosen */
    size_t witness;      /* where the record is not, or FACTS_NONE */
    size_t holder;       /* where it is, or FACTS_NONE */
    bool mistakes_asked; /* and answered */
    bool settled;        /* nothing is left to ask about it, at the places that there are */
    bool skipped;        /* so it was when this look began */
    /* over the delegated places, by what UDP ends up with */
    size_t asked;   /* decided */
    size_t pending; /* not decided, since the run was ended */
    size_t matched;
    size_t denied;   /* wrong, nodata, nxdomain */
    size_t unusable; /* refused, broken, silent, or bogus */
    size_t unsent;   /* this machine could not ask them */
    double chance;   /* that one lookup finds the record */
    bool explained;  /* a finding says already why it is not there */
} expected_t;

typedef struct walk {
    nsp_name_t name;
    bool done;
    bool cut;           /* the run was ended before it was done */
    bool nxdomain;      /* the name does not exist */
    nsp_name_t denier;  /* nxdomain: the zone whose servers say so; len 0: not known */
    bool unsent;        /* nothing could be sent to the servers where it ended */
    size_t zone;        /* or FACTS_NONE */
    uint64_t folded_at; /* facts_t.version when it was folded last */
    int64_t again_at;
} walk_t;

/* What verification depends on, beside the exchanges. */
typedef struct verify_options {
    unsigned tries; /* addresses that a resolver asks before it gives up */
    int64_t began;  /* seconds since 1970; 0: now */
    bool follow;
    const addr_t *also; /* further servers that may hold the zone */
    size_t also_count;
    uint64_t random; /* decides a name that should not exist */
} verify_options_t;

typedef struct facts {
    const model_input_t *in; /* the caller's */
    const verify_options_t *options;
    const exchange_set_t *set;
    answers_t *answers;
    uint64_t version; /* grows when something came that the model reads */
    size_t expected_count;
    expected_t *expected; /* in the order of the caller's expectations */
    const expectations_t *expectations;
    size_t zone_count;
    zone_facts_t zone[FACTS_ZONES_MAX];
    size_t walk_count;
    walk_t walk[FACTS_WALKS_MAX]; /* the first is for the domain */
    size_t lookup_count;
    size_t lookup_cap;
    lookup_t *lookup;
    bool out_of_memory;
    int64_t now;   /* seconds since 1970 */
    double chance; /* that one verification finds every record */
    round_outcome_t outcome;
    dkim_coverage_t coverage;
    reply_t *scratch; /* for messages */
    model_t *model;   /* for the walks */
    model_wants_t *wants;
    finding_list_t *list; /* set while the rules run */
} facts_t;

/* --- facts.c --- */

/* Everything borrowed. NULL when memory is out. */
facts_t *dkim_facts_new(const model_input_t *in, const expectations_t *e,
                        const verify_options_t *options, const exchange_set_t *set);
void dkim_facts_free(facts_t *f);
/* The zone that holds an expectation; NULL while, or because, none was found. */
const zone_facts_t *expected_zone(const facts_t *f, const expected_t *x);
/* What a resolver got for a question that was asked there, decided; NULL when it was not. */
const answer_t *facts_answer(const facts_t *f, const addr_t *server, const nsp_name_t *name,
                             uint16_t type);
/* The message of an answer, indexed in f->scratch until the next call. NULL without one. */
const nsp_msg_t *facts_message(const facts_t *f, const answer_t *a);
/* A name beside owner that nobody can have published. False when there is no room for it. */
bool facts_sibling(const facts_t *f, const nsp_name_t *owner, nsp_name_t *out);
#define FACTS_BETWEEN_MAX 3
/* Makes the next name on the way from a name in a zone to the zone's own, which it does not come
 * to: false behind the last. */
bool facts_between(const zone_facts_t *z, nsp_name_t *name);
#define FACTS_BESIDE_MAX 3
/* The types that are asked for at a name which has the expected record: what must not stand beside
 * it. Returns their number. */
size_t facts_beside(uint16_t type, uint16_t out[FACTS_BESIDE_MAX]);
/* When something was said, seconds since 1970. */
int64_t facts_wall(const facts_t *f, const answer_t *a);

/* True when the name cannot exist: servers above say so, and no zone holds it. */
bool expected_has_no_zone(const facts_t *f, const expected_t *x);
/* True when the run was ended before the zone that holds it was found. */
bool expected_is_cut(const facts_t *f, const expected_t *x);
/* True when some server on the way to the zones answered; an ICMP error is no answer. */
bool walk_was_answered(const facts_t *f);
/* True when nothing is known about an expectation since this machine could not send: not one
 * address of its zone was asked, or the way to the zone was not. */
bool expected_is_blind(const facts_t *f, const expected_t *x);
/* True when some expectation lies in the zone (f->zone[zone].holds may be outdated). */
bool zone_is_meant(const facts_t *f, size_t zone);
/* True when the place answers for the zone's SOA with authority: pl->soa is to be trusted. */
bool place_serves(const zone_facts_t *z, const place_t *pl);

/* The answer where the CNAMEs from an expectation's owner end; NULL when they end nowhere. *owner
 * is the name. */
const answer_t *expected_end(const facts_t *f, const expected_t *x, nsp_name_t *owner);
/* The TXT records that are the key of a DKIM expectation: at its owner when TXT is expected, else
 * where its CNAMEs lead to. *owner is set when there is an answer; NULL when it is not known. */
const answer_t *expected_key(const facts_t *f, const expected_t *x, nsp_name_t *owner);
/* True for an owner with a label "_domainkey". */
bool expected_is_dkim(const expected_t *x);

/* The chance that a lookup ends at one of good places out of n, of which unusable ones make the
 * resolver go on: it asks tries of them at most, each at most once, in random order (RFC 1035 7.2
 * leaves the order to the resolver), and takes the first usable answer. */
double lookup_chance(size_t n, size_t good, size_t unusable, unsigned tries);
/* A share as "67 of 100", never rounded to none or all when it is not. Returns buf. */
const char *chance_label(double chance, char buf[24]);

/* How a text begins of which a name may have one record only, such as "v=spf1"; NULL for any other
 * expectation. */
const char *expected_policy(const expectation_t *e);
/* How many TXT records of the name are policies of that kind. */
unsigned facts_policies(const nsp_msg_t *m, const nsp_name_t *owner, const char *policy);

/* True when the mark says that the record is not there. */
bool mark_denies(mark_t m);
/* True when there was no answer that could be used. */
bool mark_fails(mark_t m);

#define PLACE_LABEL_MAX (NSP_NAME_TEXT_MAX + ADDR_TEXT_MAX + 8)
/* "ns2.example.net (192.0.2.2)". Returns buf. */
const char *place_label(const place_t *p, char buf[PLACE_LABEL_MAX]);
/* Text without the final dot; the root is "the root". Returns buf. */
const char *facts_name(const nsp_name_t *name, char buf[NSP_NAME_TEXT_MAX]);
/* A finding whose subject is a place. NULL when memory is out, which the list notes. */
finding_t *place_finding(facts_t *f, const place_t *p, finding_id_t id, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* --- the rules, in the order in which they run --- */

/* What was odd in the text of the expectations. */
void rules_expect(facts_t *f);
/* Sets cell_t.bogus; runs before the outcome is reckoned. */
void rules_dnssec(facts_t *f);
/* Counts what was asked, for f->coverage. */
void coverage_count(facts_t *f);
void rules_nobody(facts_t *f);  /* nobody was heard */
void rules_unasked(facts_t *f); /* addresses that the verdict says nothing about */
void rules_zone(facts_t *f);
void rules_place(facts_t *f);
void rules_between(facts_t *f);
void rules_partial(facts_t *f); /* some servers have a record, others do not */
void rules_record(facts_t *f);  /* none has it */
void rules_found(facts_t *f);   /* it is there */
void rules_key(facts_t *f);

#endif
