/* A signed zone as its parent and each of its addresses show it: what was asked with DO, and what
 * was seen of it. Internal to diagnose/.
 *
 * Each address is judged by itself, by its own keys. What is seen at all of them is one finding
 * about the zone. The clock is that of the replies, so that a recording is judged as of its time.
 */
#ifndef DIAGNOSE_SIGNED_H
#define DIAGNOSE_SIGNED_H

#include "diagnose/facts.h"
#include "dnssec/audit.h"

/* What is asked with DO of each address. */
typedef enum signed_question {
    SIGNED_DNSKEY,
    SIGNED_SOA,
    SIGNED_NS,
    SIGNED_TXT,
    SIGNED_CDS,
    SIGNED_CDNSKEY,
    SIGNED_NSEC3PARAM,
    SIGNED_NAME, /* one that does not exist */
    SIGNED_COUNT
} signed_question_t;

typedef struct signed_answer {
    const exchange_t *x;  /* the one that says most; NULL: not asked */
    const event_t *reply; /* a whole reply with authority, or NULL */
    outcome_kind_t outcome;
    int64_t now; /* when the reply came, seconds since 1970 */
    uint16_t rcode;
    uint16_t count;  /* records of the type at the zone's name in the answer section */
    uint64_t digest; /* of these */
} signed_answer_t;

typedef struct signed_place {
    subject_t *s;
    bool counts;     /* serves the zone, and what it says of DNSSEC is known */
    bool keyed;      /* has a DNSKEY of the zone */
    bool led;        /* a DS record leads to a key that it has */
    bool ahead;      /* none does, and its copy is newer than all to whose keys one does */
    bool signatures; /* some reply has one */
    bool nsec;       /* what it proves with */
    bool nsec3;
    bool has_params; /* of the first NSEC3 record */
    nsec3_params_t params;
    signed_answer_t answer[SIGNED_COUNT];
} signed_place_t;

typedef enum ds_state { DS_UNKNOWN, DS_NONE, DS_SOME } ds_state_t;

#define SIGNED_NOWHERE SIZE_MAX

/* Something that was seen at one place. */
typedef struct sighting {
    finding_id_t id;
    size_t place;               /* SIGNED_NOWHERE: of the parent, or of all */
    signed_question_t question; /* of a verdict */
    dnssec_verdict_t v;
    int64_t now;
    const exchange_t *by;    /* proof; may be NULL */
    const exchange_t *other; /* further proof; may be NULL */
    int severity;            /* -1: the table's */
    /* of one server of the parent, while others say something else; NULL: it is not */
    const model_parent_t *parent;
    const model_parent_t *right; /* one of those others */
    bool better;                 /* its word fits the zone's keys, and that of right does not */
    bool childs;                 /* that server answered out of the zone itself */
    uint8_t ds_algorithm;        /* it is about DS records with this algorithm; 0: it is not */
    char *text;                  /* owned; NULL: the verdict's */
} sighting_t;

typedef struct signed_zone {
    diag_t *d;
    ds_state_t ds;
    const exchange_t
        *ds_by;         /* the reply with the DS records that most addresses of the parent have */
    reply_t *ds_reply;  /* it; all that are here are owned */
    reply_t *msg[3];    /* to work in */
    dnssec_keys_t *own; /* the keys of the place at hand, taken on trust */
    dnssec_keys_t *proved; /* the same by the DS; status SECURE when these prove them */
    size_t place_count;
    signed_place_t *place;
    size_t count;
    size_t cap;
    sighting_t *sighting;
    bool out_of_memory;
} signed_zone_t;

/* Reads everything that was asked. False when memory is out; signed_zone_free in any case. */
bool signed_zone_gather(signed_zone_t *z, diag_t *d);
void signed_zone_free(signed_zone_t *z);

/* Of these, what the parent says of the zone's DS: behind the places. */
bool signed_gather_parent(signed_zone_t *z);

/* What is to be done about a sighting of the parent. */
void signed_parent_fix(const signed_zone_t *z, const sighting_t *seen, finding_t *f);

/* When a reply came, seconds since 1970. */
int64_t signed_now(const diag_t *d, const event_t *e);
/* The reply of an answer, in z->msg[slot]; NULL without one. */
const nsp_msg_t *signed_message(signed_zone_t *z, const signed_answer_t *a, unsigned slot);
/* Whether an address has a newer version than another of what is one zone: SOA records that differ
 * in more than the serial are of sources that do not know each other. */
bool signed_is_newer(const signed_zone_t *z, const signed_place_t *p, const signed_place_t *than);
/* QTYPE of a question; "SOA", "a name that does not exist". */
uint16_t signed_type(signed_question_t q);
const char *signed_word(signed_question_t q, char buf[32]);

/* Adds what was seen. It is gone when there is no memory (z->out_of_memory is set then), or when so
 * much of its kind was seen at the place that more says nothing. */
void signed_see_verdict(signed_zone_t *z, finding_id_t id, size_t place, signed_question_t q,
                        const dnssec_verdict_t *v);
sighting_t *signed_see(signed_zone_t *z, finding_id_t id, size_t place, const exchange_t *by,
                       const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The rules: of the parent's DS records; of one place's keys and signatures, whose keys come into
 * z->own and z->proved; of its proofs; of its CDS and CDNSKEY; of what differs between places. */
void signed_rules_ds(signed_zone_t *z);
void signed_rules_keys(signed_zone_t *z, size_t place);
void signed_rules_records(signed_zone_t *z, size_t place);
void signed_rules_denial(signed_zone_t *z, size_t place);
void signed_rules_cds(signed_zone_t *z, size_t place);
void signed_rules_agree(signed_zone_t *z);

/* The fix of a finding about an address, or about all (place is SIGNED_NOWHERE), of which seen is
 * the first sighting; and that of findings about old copies, where the newest one does harm. */
void signed_fix(const signed_zone_t *z, finding_id_t id, size_t place, const sighting_t *seen,
                finding_t *f);
void signed_hold_back(const signed_zone_t *z);

#endif
