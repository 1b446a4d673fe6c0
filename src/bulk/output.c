#include "bulk/output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CHECKPOINT_EVERY 2 /* seconds */
#define HEAD             "nsprobe-bulk-checkpoint 2"

struct output {
    pthread_mutex_t lock;
    int fd;
    bool close;
    bool failed;
    const char *checkpoint;
    char *temporary; /* written first, then renamed */
    const char *job;
    const char *list;
    time_t written_at;
    uint64_t low;     /* every line up to it is done, or gets no result */
    uint64_t highest; /* line that is done */
    uint64_t count;
    uint64_t octets; /* of the output */
    uint64_t *done;  /* ring of bits for the lines after low */
};

static bool bit(const uint64_t *ring, uint64_t line)
{
    return (ring[line % OUTPUT_WINDOW / 64] >> line % 64 & 1) != 0;
}

static void set_bit(uint64_t *ring, uint64_t line, bool on)
{
    uint64_t mask = UINT64_C(1) << line % 64;
    uint64_t *word = &ring[line % OUTPUT_WINDOW / 64];
    *word = on ? *word | mask : *word & ~mask;
}

static void advance(output_t *out)
{
    while (out->low < out->highest && bit(out->done, out->low + 1))
        set_bit(out->done, ++out->low, false);
}

/* False when it is done already. */
static bool mark(output_t *out, uint64_t line)
{
    if (line <= out->low || line > out->low + OUTPUT_WINDOW || bit(out->done, line))
        return false;
    set_bit(out->done, line, true);
    out->highest = line > out->highest ? line : out->highest;
    return true;
}

/* --- resuming --- */

/* Takes a number behind a prefix. NULL when the text does not begin so. */
static const char *skip_number(const char *text, const char *prefix, uint64_t *out)
{
    size_t n = strlen(prefix);
    char *end = NULL;
    if (strncmp(text, prefix, n) != 0 || text[n] < '0' || text[n] > '9')
        return NULL;
    *out = strtoull(text + n, &end, 10);
    return end;
}

/* Marks the lines of a result: each begins with {"line":N, and one of several lines goes on with
 * "lines":M. False when it is none, or is there already. */
static bool mark_result(output_t *out, const char *text)
{
    uint64_t first = 0;
    uint64_t count = 1;
    const char *p = skip_number(text, "{\"line\":", &first);
    if (p == NULL)
        return false;
    if (skip_number(p, ",\"lines\":", &count) == NULL || count > OUTPUT_WINDOW)
        count = 1;
    for (uint64_t i = 1; i < count; i++)
        mark(out, first + i);
    return mark(out, first);
}

/* Reads what was written after the checkpoint, and takes away a line that has no end. */
static bool read_journal(output_t *out, const char *path)
{
    FILE *f = fopen(path, "rbe");
    char *line = NULL;
    size_t cap = 0;
    ssize_t n = 0;
    bool good = f != NULL && fseeko(f, (off_t)out->octets, SEEK_SET) == 0;
    while (good && (n = getline(&line, &cap, f)) > 0 && line[n - 1] == '\n') {
        out->count += mark_result(out, line);
        out->octets += (uint64_t)n;
    }
    free(line);
    if (f != NULL)
        fclose(f);
    return good && ftruncate(out->fd, (off_t)out->octets) == 0;
}

/* At most 18 digits: no such number is too large, nor is one that it is added to. */
static bool read_number(FILE *f, uint64_t *out)
{
    char text[20] = "";
    if (fscanf(f, " %18[0-9]", text) != 1)
        return false;
    *out = strtoull(text, NULL, 10);
    return true;
}

static bool read_word(FILE *f, const char *word)
{
    char text[8] = "";
    return fscanf(f, " %7[a-z]", text) == 1 && strcmp(text, word) == 0;
}

/* "A-B" of lines that are done after low, in their order. */
static bool read_ranges(output_t *out, FILE *f)
{
    uint64_t from = 0;
    uint64_t to = 0;
    while (read_number(f, &from)) {
        if (fgetc(f) != '-' || !read_number(f, &to))
            return false;
        if (from <= out->highest || to < from || to > out->low + OUTPUT_WINDOW)
            return false;
        for (uint64_t i = from; i <= to; i++)
            mark(out, i);
    }
    return read_word(f, "end");
}

static bool read_checkpoint(output_t *out, FILE *f, char err[300])
{
    char head[64] = "";
    char job[600] = "";
    char list[80] = "";
    bool good = fgets(head, sizeof head, f) != NULL && fgets(job, sizeof job, f) != NULL &&
                fgets(list, sizeof list, f) != NULL;
    head[strcspn(head, "\n")] = '\0';
    job[strcspn(job, "\n")] = '\0';
    list[strcspn(list, "\n")] = '\0';
    if (!good || strcmp(head, HEAD) != 0) {
        snprintf(err, 300, "%s is no checkpoint", out->checkpoint);
        return false;
    }
    if (strcmp(job, out->job) != 0) {
        snprintf(err, 300, "%s is of another job: %.200s", out->checkpoint, job);
        return false;
    }
    if (strcmp(list, out->list) != 0) {
        snprintf(err, 300,
                 "the list is not the one that %s was made with: its size or content changed; "
                 "line numbers would mean other lines",
                 out->checkpoint);
        return false;
    }
    good = read_word(f, "low") && read_number(f, &out->low) && read_word(f, "count") &&
           read_number(f, &out->count) && read_word(f, "octets") && read_number(f, &out->octets) &&
           read_word(f, "done");
    out->highest = out->low;
    if (!good || !read_ranges(out, f)) {
        snprintf(err, 300, "%s is damaged", out->checkpoint);
        return false;
    }
    return true;
}

static bool resume(output_t *out, const output_options_t *o, char err[300])
{
    FILE *f = fopen(o->checkpoint, "rbe");
    if (f == NULL && errno != ENOENT) {
        snprintf(err, 300, "%s: %s", o->checkpoint, strerror(errno));
        return false;
    }
    bool good = f == NULL || read_checkpoint(out, f, err);
    if (f != NULL)
        fclose(f);
    if (!good)
        return false;
    if (lseek(out->fd, 0, SEEK_END) < (off_t)out->octets) {
        snprintf(err, 300, "%s is shorter than its checkpoint says", o->path);
        return false;
    }
    if (!read_journal(out, o->path) ||
        lseek(out->fd, (off_t)out->octets, SEEK_SET) != (off_t)out->octets) {
        snprintf(err, 300, "%s: %s", o->path, strerror(errno));
        return false;
    }
    advance(out);
    return true;
}

/* --- the checkpoint --- */

static void print_ranges(const output_t *out, FILE *f)
{
    uint64_t from = 0;
    for (uint64_t i = out->low + 1; i <= out->highest + 1; i++) {
        bool done = i <= out->highest && bit(out->done, i);
        if (done && from == 0)
            from = i;
        if (!done && from != 0) {
            fprintf(f, " %" PRIu64 "-%" PRIu64, from, i - 1);
            from = 0;
        }
    }
}

static bool write_checkpoint(output_t *out)
{
    if (out->checkpoint == NULL)
        return true;
    /* an earlier run's, or what somebody else has put there, is not written to */
    (void)unlink(out->temporary);
    FILE *f = fopen(out->temporary, "wbxe");
    if (f == NULL)
        return false;
    (void)fdatasync(out->fd); /* the checkpoint must not know more than the disk */
    fprintf(f, HEAD "\n%s\n%s\nlow %" PRIu64 " count %" PRIu64 " octets %" PRIu64 "\ndone",
            out->job, out->list, out->low, out->count, out->octets);
    print_ranges(out, f);
    fputs("\nend\n", f);
    bool good = fflush(f) == 0 && fsync(fileno(f)) == 0;
    good = fclose(f) == 0 && good;
    out->written_at = time(NULL);
    return good && rename(out->temporary, out->checkpoint) == 0;
}

/* --- opening and closing --- */

static void output_free(output_t *out)
{
    if (out->close && out->fd >= 0)
        close(out->fd);
    pthread_mutex_destroy(&out->lock);
    free(out->temporary);
    free(out->done);
    free(out);
}

static bool open_file(output_t *out, const output_options_t *o, char err[300])
{
    out->fd = STDOUT_FILENO;
    if (o->path == NULL)
        return true;
    out->close = true;
    out->fd = open(o->path, O_WRONLY | O_CREAT | O_CLOEXEC | (o->resume ? 0 : O_TRUNC), 0666);
    if (out->fd < 0)
        snprintf(err, 300, "%s: %s", o->path, strerror(errno));
    return out->fd >= 0;
}

output_t *output_open(const output_options_t *o, char err[300])
{
    output_t *out = calloc(1, sizeof *out);
    if (out == NULL)
        return NULL;
    pthread_mutex_init(&out->lock, NULL);
    out->fd = -1;
    out->checkpoint = o->checkpoint;
    out->job = o->job;
    out->list = o->list != NULL ? o->list : "-";
    out->done = calloc(OUTPUT_WINDOW / 64, sizeof *out->done);
    bool good = out->done != NULL;
    if (good && o->checkpoint != NULL)
        good = asprintf(&out->temporary, "%s.new", o->checkpoint) > 0;
    if (!good)
        snprintf(err, 300, "out of memory");
    good = good && open_file(out, o, err);
    if (good && o->resume)
        good = resume(out, o, err);
    if (good && !write_checkpoint(out)) {
        snprintf(err, 300, "%s: %s", o->checkpoint, strerror(errno));
        good = false;
    }
    if (good)
        return out;
    output_free(out);
    return NULL;
}

bool output_close(output_t *out)
{
    if (out == NULL)
        return true;
    bool good = !out->failed && write_checkpoint(out);
    output_free(out);
    return good;
}

bool output_has(output_t *out, uint64_t line)
{
    pthread_mutex_lock(&out->lock);
    bool has = line <= out->low || (line <= out->highest && bit(out->done, line));
    pthread_mutex_unlock(&out->lock);
    return has;
}

void output_skip(output_t *out, uint64_t from, uint64_t to)
{
    pthread_mutex_lock(&out->lock);
    for (uint64_t i = from; i <= to; i++)
        mark(out, i);
    advance(out);
    pthread_mutex_unlock(&out->lock);
}

static bool write_all(output_t *out, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t n = write(out->fd, text, size);
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0) {
            text += n;
            size -= (size_t)n;
            out->octets += (uint64_t)n;
        }
    }
    return true;
}

/* Appends, with the lock held; then the caller marks lines, and settle is due. */
static bool append(output_t *out, const char *text, size_t size)
{
    bool good = !out->failed && write_all(out, text, size);
    out->failed = !good;
    return good;
}

static bool settle(output_t *out)
{
    advance(out);
    if (!out->failed && out->checkpoint != NULL && time(NULL) - out->written_at >= CHECKPOINT_EVERY)
        out->failed = !write_checkpoint(out);
    return !out->failed;
}

bool output_write(output_t *out, const char *text, size_t size, const uint64_t *line, size_t count)
{
    pthread_mutex_lock(&out->lock);
    bool good = append(out, text, size);
    for (size_t i = 0; i < count && good; i++)
        out->count += mark(out, line[i]);
    good = settle(out);
    pthread_mutex_unlock(&out->lock);
    return good;
}

bool output_write_range(output_t *out, const char *text, size_t size, uint64_t first, uint64_t last)
{
    pthread_mutex_lock(&out->lock);
    bool good = append(out, text, size);
    for (uint64_t i = first + 1; i <= last && good; i++)
        mark(out, i);
    out->count += good && mark(out, first);
    good = settle(out);
    pthread_mutex_unlock(&out->lock);
    return good;
}

uint64_t output_limit(output_t *out)
{
    pthread_mutex_lock(&out->lock);
    uint64_t limit = out->low + OUTPUT_WINDOW - 1;
    pthread_mutex_unlock(&out->lock);
    return limit;
}

uint64_t output_count(output_t *out)
{
    pthread_mutex_lock(&out->lock);
    uint64_t count = out->count;
    pthread_mutex_unlock(&out->lock);
    return count;
}
