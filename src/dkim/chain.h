/* The DNSSEC chain above the expected records: for each zone, what a validating resolver makes of
 * it. Internal to dkim/. */
#ifndef DKIM_CHAIN_H
#define DKIM_CHAIN_H

#include "dkim/facts.h"
#include "dnssec/dnssec.h"

/* What one place came to: for its keys, or for one expectation. */
typedef struct sighting {
    dnssec_verdict_t v;
    finding_id_t id;    /* what is to be found of it; FINDING_COUNT: nothing */
    size_t place;       /* index in the zone's */
    size_t expected;    /* index, or FACTS_NONE: the zone's keys */
    const answer_t *by; /* the reply that was looked at */
    nsp_name_t other;   /* FINDING_DNSSEC_KEYS_DIFFER: the server without the key */
} sighting_t;

/* What was seen of a zone. */
typedef struct chain {
    dnssec_class_t cls;  /* of the chain down to the zone's keys */
    dnssec_verdict_t ds; /* of the parent's word; NO_ANSWER: nothing is known of it */
    dnssec_keys_t *keys; /* of the first place whose keys verify, or NULL; owned */
    size_t keys_place;
    size_t judged;  /* delegated places whose answers could be looked at */
    size_t of_keys; /* how many of the sightings are about keys: the first ones */
    size_t count;
    size_t cap;
    sighting_t *sighting; /* owned; those about records in order of these */
} chain_t;

typedef struct chains {
    size_t count;
    chain_t *zone; /* as facts_t.zone; owned */
    bool out_of_memory;
} chains_t;

/* Verifies everything that is known. Sets cell_t.bogus in f. */
void chains_verify(facts_t *f, chains_t *c);
void chains_free(chains_t *c);

#endif
