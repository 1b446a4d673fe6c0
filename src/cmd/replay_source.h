/* Capture files on their way into an analysis: opening, the sandbox, progress, and what broke off.
 */
#ifndef CMD_REPLAY_SOURCE_H
#define CMD_REPLAY_SOURCE_H

#include "cmd/replay_options.h"

/* Broken files that are named; more are counted. */
#define REPLAY_BROKEN_MAX 16

typedef struct replay_source {
    cap_source_t *source;
    const char **name; /* in the order of reading; owned, the texts are the source's */
    size_t name_count;
    bool named;
    bool progress;
    int64_t shown; /* when progress was printed last, nanoseconds */
    uint64_t packets;
    size_t broken;
    char error[REPLAY_BROKEN_MAX][CAP_ERROR_MAX];
    bool interrupted;
    bool ended;
} replay_source_t;

/* Opens the files and catches signals; with sandbox, gives up privileges and locks the process
 * before an octet is read. Returns 0, or an exit code with the message printed. */
int replay_source_open(replay_source_t *s, const replay_options_t *o, bool sandbox);
/* Feeds some packets. False at the end, or when a signal came. */
bool replay_source_feed(replay_source_t *s, analysis_t *a);
/* Says on stderr where files broke off, one line each. */
void replay_source_complain(const replay_source_t *s);
void replay_source_close(replay_source_t *s);

#endif
