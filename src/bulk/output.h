/* The results of a bulk run: one line of JSON each, whole lines only, and which lines of the list
 * have theirs.
 *
 * With a checkpoint the output file itself is the journal: it is read when a run is resumed, a line
 * that was cut in its middle is taken away, and what has a result is not asked again. The
 * checkpoint says up to where all is done, so that only what follows needs to be read. */
#ifndef BULK_OUTPUT_H
#define BULK_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lines that may be read ahead of the oldest without a result. */
#define OUTPUT_WINDOW (UINT64_C(1) << 22)

typedef struct output output_t;

typedef struct output_options {
    const char *path;       /* NULL: standard output */
    const char *checkpoint; /* NULL: none. Needs path */
    const char *job;        /* what the results depend on: a checkpoint of another job is refused */
    const char *list;       /* which list it is (list_identity): another one is refused */
    bool resume;            /* begin where the checkpoint ends, if there is one */
} output_options_t;

/* NULL with one sentence in err. */
output_t *output_open(const output_options_t *o, char err[300]);
/* Writes the last checkpoint. False when something could not be written, then or before. */
bool output_close(output_t *out);
/* True when line has its result already (a resumed run). */
bool output_has(output_t *out, uint64_t line);
/* These lines, both ends included, get no result: they are empty, comments, or another shard's. */
void output_skip(output_t *out, uint64_t from, uint64_t to);
/* Appends whole lines, the results of these lines of the list. False when it cannot be written. */
bool output_write(output_t *out, const char *text, size_t size, const uint64_t *line, size_t count);
/* The same for one result of several lines of the list; it begins with {"line":FIRST,"lines":N, for
 * N = last - first + 1. */
bool output_write_range(output_t *out, const char *text, size_t size, uint64_t first,
                        uint64_t last);
/* Lines beyond it must wait. */
uint64_t output_limit(output_t *out);
/* Results written, those of the runs before too. */
uint64_t output_count(output_t *out);

#endif
