/* The watch itself: rounds on a schedule, each of which moves a domain's status, is stored, and
 * then told. Everything that touches the world comes in as functions, so that 72 hours pass in a
 * test in milliseconds: time, rounds, commands, output. */
#ifndef WATCH_WATCH_H
#define WATCH_WATCH_H

#include <pthread.h>

#include "watch/notify.h"
#include "watch/schedule.h"
#include "watch/store.h"
#include "watch/target.h"

typedef struct watch_options {
    unsigned parallel;   /* rounds that run side by side, at least 1 */
    bool once;           /* one round of every domain, then the end */
    bool until_verified; /* the end is when every domain is verified */
    bool tell;           /* changes are told to a command */
    int64_t keep;        /* history older than that many milliseconds is removed; 0: never */
} watch_options_t;

/* One domain while it is watched. */
typedef struct watch_domain {
    const watch_target_t *target;
    store_domain_t stored;
    bool running;
    bool failed;    /* the last round could not be run or stored */
    int64_t anchor; /* of its grid, on the clock of now() */
    int64_t began;  /* its last round, on the clock of now(); 0: none yet */
    bool has_last;
    watch_round_t last; /* the last round that was stored; owned */
} watch_domain_t;

/* What came of a round, for whoever is told. */
typedef struct watch_report {
    const watch_domain_t *domain;
    const watch_round_t *round; /* NULL: TRANSITION_RESTARTED, which no round led to */
    int64_t number;             /* of the round within its domain */
    int64_t at;                 /* milliseconds since 1970 */
    verifier_status_t before;
    transition_t transition;
    const watch_state_t *state; /* after it */
    int64_t fails_at;           /* watch_state_fails_at */
} watch_report_t;

typedef enum watch_event_kind {
    WATCH_EVENT_NONE,   /* it is time */
    WATCH_EVENT_ROUND,  /* a round ended */
    WATCH_EVENT_TOLD,   /* a command that was told ended */
    WATCH_EVENT_STOP,   /* SIGTERM or SIGINT */
    WATCH_EVENT_RELOAD, /* SIGHUP */
} watch_event_kind_t;

typedef struct watch_event {
    watch_event_kind_t kind;
    bool good;                   /* ROUND: round is valid; TOLD: the command was content */
    size_t item;                 /* ROUND: which domain */
    watch_round_t round;         /* ROUND: becomes the receiver's */
    int64_t change;              /* TOLD: which */
    char text[NOTIFY_ERROR_MAX]; /* what went wrong when it is not good; "" says nothing */
} watch_event_t;

typedef struct watch_ops {
    int64_t (*now)(void *user);  /* milliseconds that never go back and count while we sleep */
    int64_t (*wall)(void *user); /* milliseconds since 1970 */
    uint32_t (*random)(void *user);
    /* Begins a round whose end comes out of wait. target stays valid until then. False when it
     * cannot begin. */
    bool (*start)(void *user, size_t item, const watch_target_t *target);
    /* Tells a command about a change; its end comes out of wait. False when memory is out. */
    bool (*tell)(void *user, int64_t change, const char *message);
    /* Gives the next event, waiting at most until that time (clock of now). */
    void (*wait)(void *user, int64_t until, watch_event_t *event);
    /* Ends rounds and commands that run; what they still gave comes out of wait. */
    void (*stop)(void *user);
    /* A new set of targets, which then belongs to the watch; false: keep the old one. */
    bool (*reload)(void *user, watch_targets_t *targets);
    /* What a command is told, as text that is freed with free(). */
    char *(*message)(void *user, const watch_report_t *r);
    /* A round was stored, or a verification began anew. */
    void (*report)(void *user, const watch_report_t *r);
    void (*complain)(void *user, const char *text);
    /* Called now and then, at least every WATCH_TICK_MS. */
    void (*alive)(void *user);
} watch_ops_t;

#define WATCH_TICK_MS 5000

/* Other threads read it between watch_lock and watch_unlock. */
typedef struct watch {
    const watch_ops_t *ops;
    void *user;
    watch_options_t options;
    store_t *store; /* the caller's */
    pthread_mutex_t mutex;
    watch_targets_t targets; /* owned */
    size_t count;
    watch_domain_t *domain; /* owned; as many as targets */
    watch_schedule_t schedule;
    unsigned running;
    unsigned telling;
    bool stopping;
    bool reloading;
    int64_t prune_at;
    int64_t tick; /* when the loop last went round, clock of now() */
    bool store_good;
    uint64_t store_errors;
    uint64_t told;
    uint64_t tell_failures;
} watch_t;

/* Takes over *targets, which is empty afterwards, and reads the state of every domain. False, with
 * complaints, when the store refuses or memory is out. watch_free in any case. */
bool watch_init(watch_t *w, const watch_options_t *options, const watch_ops_t *ops, void *user,
                store_t *store, watch_targets_t *targets);
/* Runs until it is stopped, or done (once, until_verified). */
void watch_run(watch_t *w);
void watch_free(watch_t *w);

/* Around reading *w in another thread than watch_run's; rounds wait meanwhile. */
void watch_lock(watch_t *w);
void watch_unlock(watch_t *w);

#endif
