/* The world as watch_ops_t wants it: worker threads that run rounds, a thread that runs commands,
 * signals, clocks. */
#ifndef WATCH_LIVE_H
#define WATCH_LIVE_H

#include "watch/watch.h"

typedef struct live live_t;

typedef struct live_options {
    unsigned workers;     /* rounds side by side */
    _Atomic int *stop;    /* becomes non-zero when rounds are to end early */
    int64_t wall;         /* what live_wall always says; 0: the clock's time */
    char *const *argv;    /* the command that is told; NULL: none */
    int64_t argv_timeout; /* milliseconds */
    /* Runs one round on a worker's thread and fills in what came of it (at and took are set by the
     * caller). False, with a sentence in err, when it could not be run; *out is then not looked
     * at. Ends soon after *stop is set and the thread gets a signal. */
    bool (*round)(void *user, const watch_target_t *target, watch_round_t *out,
                  char err[NOTIFY_ERROR_MAX]);
    void *user;
} live_options_t;

/* Blocks SIGTERM, SIGINT and SIGHUP in the calling thread, and in all that it starts: from now on
 * they come out of live_wait alone. NULL when the system refuses. */
live_t *live_new(const live_options_t *options);
/* Stops what runs. NULL is allowed. */
void live_free(live_t *l);

/* The functions of watch_ops_t; user is the live_t. */
int64_t live_now(void *live);
int64_t live_wall(void *live);
uint32_t live_random(void *live);
bool live_start(void *live, size_t item, const watch_target_t *target);
bool live_tell(void *live, int64_t change, const char *message);
void live_wait(void *live, int64_t until, watch_event_t *event);
void live_stop(void *live);

/* The signal that ended it: SIGTERM, SIGINT, or 0. */
int live_signal(const live_t *l);

#endif
