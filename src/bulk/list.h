/* The list of a bulk run: lines of a file or stream, one at a time, for several threads. */
#ifndef BULK_LIST_H
#define BULK_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIST_LINE_MAX 4096 /* octets; of a longer line the rest is passed over */

#define LIST_IDENTITY_MAX 64

typedef struct list_line {
    uint64_t number; /* from 1. Without a line: of the last one read */
    uint64_t
        first;   /* lines from this one up to number (without it, if it is given) are passed over */
    size_t size; /* without the line's end */
    bool cut;    /* it was longer */
    char text[LIST_LINE_MAX + 1];
} list_line_t;

typedef enum list_got {
    LIST_LINE,
    LIST_LATER, /* too far ahead of the oldest line that has no result yet, or not written yet by
                   whoever is at the other end of a pipe */
    LIST_END
} list_got_t;

typedef struct list list_t;

/* path: "-" is standard input. Of N shards only the lines of one are given: line n is of shard n
 * mod shards, and of the last shard where that is 0. One shard: all lines. NULL with errno. */
list_t *list_open(const char *path, unsigned shard, unsigned shards);
void list_close(list_t *in);
/* From now on every line is given, empty ones and comments too, and those of other shards. */
void list_take_all(list_t *in);
/* The next line that is in the shard, not empty and no comment ("#"). Lines beyond limit are given
 * later. */
list_got_t list_next(list_t *in, uint64_t limit, list_line_t *line);
/* What tells one list from another: the size of the file and a hash of its beginning and end; "-"
 * for what is no plain file. To be called before the first line is read. */
void list_identity(const list_t *in, char out[LIST_IDENTITY_MAX]);
/* Share of the file that was read, 0..1; negative when its size is not known. */
double list_share(list_t *in);
/* True when reading ended with an error. */
bool list_failed(const list_t *in);

#endif
