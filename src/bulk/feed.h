/* Where the jobs of a bulk run come from, and where their results go: a list and a file, or a work
 * queue. One table of functions; all of them are called by several threads. */
#ifndef BULK_FEED_H
#define BULK_FEED_H

#include "bulk/list.h"

typedef struct feed {
    void *user;
    /* The next job that has no result yet. LIST_LATER: none now, ask again. */
    list_got_t (*take)(void *user, list_line_t *line);
    /* Takes whole lines of JSON, copied: the results of these jobs, one each, in this order. False
     * when they can no longer be kept, which ends the run. */
    bool (*give)(void *user, const char *text, size_t size, const uint64_t *line, size_t count);
    /* Results so far, those of runs before too. */
    uint64_t (*count)(void *user);
    /* Share of the jobs that was taken, 0..1; negative when that is not known. NULL: never. */
    double (*share)(void *user);
    /* The job is put aside, since it cannot be understood, instead of a result that says so. NULL:
     * such a result is wanted. */
    void (*refuse)(void *user, uint64_t line, const char *why);
    /* Nothing came of the job for a reason that is not its own; another worker may have more luck.
     * NULL: as refuse. */
    void (*fail)(void *user, uint64_t line, const char *why);
} feed_t;

#endif
