/* What the database knows of a domain's past. */
#ifndef WATCH_HISTORY_H
#define WATCH_HISTORY_H

#include "watch/store.h"

#define HISTORY_BUCKETS 30

/* A stretch of time. */
typedef struct history_bucket {
    int64_t rounds;   /* in which the address was asked */
    int64_t asked;    /* exchanges */
    int64_t answered; /* of these */
    int64_t rtt;      /* mean of the rounds' medians, microseconds; -1: none */
} history_bucket_t;

typedef struct history_address {
    int64_t id;
    char *address; /* owned, as all texts here; such as addr_port_text and nsp_name_to_text write */
    char *server;
    history_bucket_t total; /* over all buckets */
    int64_t rtt_least;      /* -1: none */
    int64_t rtt_most;
    history_bucket_t bucket[HISTORY_BUCKETS];
} history_address_t;

typedef struct history_change {
    int64_t number; /* of the round */
    int64_t at;
    verifier_status_t before;
    verifier_status_t after;
    transition_t transition;
} history_change_t;

typedef struct history {
    char *name;
    store_domain_t domain;
    int64_t first; /* of the rounds looked at: when the first and the last began; 0: none */
    int64_t last;
    int64_t rounds;
    int64_t outcome[ROUND_TEMPORARY + 1];
    int64_t partial[ROUND_TEMPORARY + 1]; /* of these: not every address was asked */
    size_t change_count;
    history_change_t *change; /* oldest first */
    size_t address_count;
    history_address_t *address; /* by server, then address */
} history_t;

/* Reads the past of a domain (name in presentation format, lower case, with the final dot) from
 * that time on, in milliseconds since 1970. *found is false when the database does not know it.
 * *out is to be freed in any case. */
store_err_t history_read(store_t *s, const char *name, int64_t from, bool *found, history_t *out);
void history_free(history_t *h);

/* Calls take with the name of every domain, in order, until it says that it is enough (false). */
store_err_t history_names(store_t *s, bool (*take)(void *user, const char *name), void *user);

#endif
