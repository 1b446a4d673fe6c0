/* State and history of watch in one SQLite database. A round is stored in one transaction with the
 * status that it led to, so that whoever is killed has stored it as a whole or not at all. */
#ifndef WATCH_STORE_H
#define WATCH_STORE_H

#include "watch/round.h"
#include "watch/state.h"

#define STORE_ERROR_MAX  400
#define STORE_DIGEST_MAX 65 /* a SHA-256 in hexadecimal */

typedef enum store_err {
    STORE_OK,
    STORE_E_MEMORY,
    STORE_E_OPEN,    /* cannot be opened or created */
    STORE_E_BUSY,    /* another watch has it */
    STORE_E_NEWER,   /* written by a later version of nsprobe */
    STORE_E_OLDER,   /* read-only, and its schema is of an earlier version */
    STORE_E_FOREIGN, /* a database, but not one of watch */
    STORE_E_CORRUPT, /* not a database, or a damaged one */
    STORE_E_FULL,    /* the disk is full */
    STORE_E_SYSTEM   /* anything else that SQLite refuses */
} store_err_t;

typedef struct store store_t;

/* For the one watch that writes: creates the database (mode 0600) and the directories above it when
 * they are missing, brings an older schema up to date, and locks it until store_close or the end of
 * the process, however it ends. On error a sentence is in err, which for STORE_E_BUSY names the
 * process. */
store_err_t store_open(const char *path, store_t **out, char err[STORE_ERROR_MAX]);
/* For reading, beside a watch that writes. Never creates or changes anything. */
store_err_t store_open_readonly(const char *path, store_t **out, char err[STORE_ERROR_MAX]);
void store_close(store_t *s);
/* The sentence about the last error of a call without err; until the next one. */
const char *store_error(const store_t *s);

/* One domain as it is stored. */
typedef struct store_domain {
    int64_t id;
    int64_t rounds; /* rounds stored since it is known: the number of the last */
    watch_state_t state;
    char expected[STORE_DIGEST_MAX]; /* digest of its expectations; empty: not known */
} store_domain_t;

/* Finds a domain (name in presentation format), or adds it with a state of all zero. */
store_err_t store_domain(store_t *s, const char *name, store_domain_t *out);

/* A change of status that goes with a round. */
typedef struct store_change {
    transition_t transition; /* TRANSITION_NONE: there is none */
    verifier_status_t before;
    const char *message; /* what is to be told: JSON; or "" */
    bool told;           /* nobody is to be told */
    int64_t id;          /* out */
} store_change_t;

/* Stores one round (number d->rounds + 1) with the state that it led to. On success *d has the new
 * number and state; on error nothing was stored and *d is as before. */
store_err_t store_round(store_t *s, store_domain_t *d, const watch_round_t *r,
                        const watch_state_t *next, store_change_t *change);

/* Starts the verification of d anew, since other records are expected now. change as above. */
store_err_t store_restart(store_t *s, store_domain_t *d, const char *expected, int64_t now,
                          store_change_t *change);

/* That a change was told. */
store_err_t store_told(store_t *s, int64_t change);
/* Calls take for every change that was not told yet, oldest first. */
store_err_t store_untold(store_t *s, void (*take)(void *user, int64_t id, const char *message),
                         void *user);

/* Removes rounds and changes before that time; at most a few thousand rounds a call. *more tells
 * that there are others. */
store_err_t store_prune(store_t *s, int64_t before, bool *more);

/* The default path: $XDG_STATE_HOME/nsprobe/watch.db, or ~/.local/state/nsprobe/watch.db (XDG Base
 * Directory Specification 0.8), or below $STATE_DIRECTORY, which systemd sets for its units. False
 * when neither is set. */
bool store_default_path(char *buf, size_t cap);

struct sqlite3; /* for store_history.c */
struct sqlite3 *store_handle(const store_t *s);

#endif
