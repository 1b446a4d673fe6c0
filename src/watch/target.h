/* What is watched: one domain, what is expected of it, and how. Read once, then only looked at. */
#ifndef WATCH_TARGET_H
#define WATCH_TARGET_H

#include "dkim/expect.h"
#include "watch/state.h"
#include "watch/store.h"

#define WATCH_TARGETS_MAX 100000
#define WATCH_ROUNDS_MAX  1000000 /* that may be tolerated */

/* How a domain is watched. Spans in milliseconds. */
typedef struct watch_settings {
    int64_t interval;
    unsigned jitter; /* permille of the interval, at most 500 */
    watch_policy_t policy;
    int64_t began; /* when verification began, milliseconds since 1970; 0: with the first round */
} watch_settings_t;

typedef struct watch_target {
    nsp_name_t domain;
    char *name;            /* in presentation format, lower case, with the final dot; owned */
    expectations_t expect; /* owned */
    char digest[STORE_DIGEST_MAX]; /* of what is expected, whatever its order */
    watch_settings_t settings;
    unsigned line; /* of the configuration; 0: the command line */
} watch_target_t;

typedef struct watch_targets {
    size_t count;
    size_t cap;
    watch_target_t *item; /* owned */
} watch_targets_t;

/* Every 15 minutes, moved by a tenth of that at most, and watch_policy_default. */
watch_settings_t watch_settings_default(void);

/* Empty, and allocates nothing. */
void watch_targets_init(watch_targets_t *t);
void watch_targets_free(watch_targets_t *t);
/* Adds a domain and takes over *expect, which is empty afterwards. False when memory is out. */
bool watch_targets_add(watch_targets_t *t, const nsp_name_t *domain,
                       const watch_settings_t *settings, expectations_t *expect);
/* The index of the first two that are the same domain; false when there are none. */
bool watch_targets_twice(const watch_targets_t *t, size_t *first, size_t *second);

/* "90", "90s", "1.5h", "250ms", "7d": a span from 1 ms to ten years, in milliseconds. */
bool watch_span(const char *text, int64_t *out);
/* "10", "10%", "2.5%": from 0 to 50 percent, in permille. */
bool watch_jitter(const char *text, unsigned *out);

#endif
