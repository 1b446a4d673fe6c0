/* A process that opens files on behalf of another one, which may not. Internal to pcap_out. */
#ifndef CAPTURE_OPENER_H
#define CAPTURE_OPENER_H

#include <stdbool.h>
#include <stdint.h>

#define OPENER_NAME_MAX 4096

typedef struct opener {
    int socket;
} opener_t;

/* Starts the helper for files named after path. With numbered, each has its number and time in its
 * name; of these the newest keep (0: all) stay. Returns 0 or an errno value. */
int opener_start(opener_t *o, const char *path, bool numbered, uint32_t keep);
/* Opens the file of a number and a time (seconds since 1970) for writing, as "NAME.part". Returns 0
 * and *fd, which the caller closes, or an errno value. */
int opener_open(const opener_t *o, uint32_t number, int64_t seconds, int *fd);
/* The file that was opened last is complete: it gets its name. Returns 0 or an errno value. */
int opener_finish(const opener_t *o);
/* Ends the helper. */
void opener_stop(opener_t *o);

#endif
