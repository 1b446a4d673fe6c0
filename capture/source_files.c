/* Capture files as one source: opening, order, filter, what is said when one breaks off. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/bpf.h"
#include "capture/reader.h"
#include "capture/source.h"

typedef struct file {
    char *name;
    int fd;
    bool seekable;
    bool regular; /* nobody is waited for */
    uint64_t size;
    uint32_t given;  /* place on the command line */
    int64_t first;   /* time of the first packet; INT64_MAX: none */
    reader_t *begun; /* of a pipe, after its first packet was looked at */
    reader_status_t peeked;
    cap_packet_t peek;
} file_t;

typedef struct files {
    cap_source_t base;
    uint32_t count;
    uint32_t current;
    uint32_t looked_at; /* files whose first packet is known */
    bool sorted;
    bool reading; /* reader is open */
    uint64_t
        ahead_from; /* octets of a file that is read in a thread of its own; UINT64_MAX: none */
    file_t *file;
    cap_bpf_t *filter; /* NULL: everything */
    reader_t reader;
    cap_stats_t stats;
} files_t;

/* ---- The order of files ---- */

static int by_first(const void *a, const void *b)
{
    const file_t *x = a;
    const file_t *y = b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return x->given < y->given ? -1 : 1;
}

/* Reads the first packet of a file and goes back, or keeps what was read when it is a pipe. False
 * when a signal came. */
static bool look_at(file_t *f)
{
    reader_t *r = f->begun;
    if (r == NULL) {
        r = malloc(sizeof *r);
        if (r == NULL)
            return true; /* then it has no time; reading it will tell */
        reader_init(r);
        input_open_fd(&r->input, f->fd);
        f->begun = r;
    }
    f->peeked = reader_read(r, &f->peek, true);
    if (f->peeked == READER_SIGNAL)
        return false;
    f->first = f->peeked == READER_PACKET ? f->peek.at : INT64_MAX;
    if (f->seekable) {
        reader_close(r);
        free(r);
        f->begun = NULL;
        (void)lseek(f->fd, 0, SEEK_SET);
    }
    return true;
}

static bool sort_files(files_t *s)
{
    for (; s->count > 1 && s->looked_at < s->count; s->looked_at++)
        if (!look_at(&s->file[s->looked_at]))
            return false;
    if (s->count > 1)
        qsort(s->file, s->count, sizeof *s->file, by_first);
    s->sorted = true;
    return true;
}

/* ---- Reading ---- */

/* Begins with the current file. True when *status already has its first packet (in out). */
static bool begin_file(files_t *s, cap_packet_t *out, reader_status_t *status)
{
    file_t *f = &s->file[s->current];
    s->reading = true;
    if (f->fd < 0)
        return false; /* in memory: opened already */
    reader_close(&s->reader);
    if (f->begun == NULL) {
        reader_init(&s->reader);
        input_open_fd(&s->reader.input, f->fd);
        if (f->regular && f->size >= s->ahead_from)
            input_read_ahead(&s->reader.input);
        return false;
    }
    s->reader = *f->begun;
    free(f->begun);
    f->begun = NULL;
    *out = f->peek;
    *status = f->peeked;
    return true;
}

/* What the file itself says about packets that are not in it. */
static void add_drops(const reader_pcapng_t *ng, cap_stats_t *stats)
{
    stats->dropped += ng->dropped;
    stats->if_dropped += ng->if_dropped;
    for (uint32_t i = 0; i < ng->interface_count; i++) {
        stats->dropped += ng->interface[i].dropped;
        stats->if_dropped += ng->interface[i].if_dropped;
    }
}

/* The comment stays until the next file begins. */
static void end_file(files_t *s)
{
    add_drops(&s->reader.ng, &s->stats);
    input_close(&s->reader.input);
    if (s->file[s->current].fd > STDIN_FILENO)
        close(s->file[s->current].fd);
    s->file[s->current].fd = -1;
    s->reading = false;
    s->current++;
}

static void say_where(files_t *s)
{
    const reader_t *r = &s->reader;
    const char *name = s->file[s->current].name;
    const char *of = r->input.unpack.kind != CODEC_NONE ? " of the decompressed data" : "";
    unsigned long long at = r->fault_at;
    if (r->number > 0)
        snprintf(s->base.error, sizeof s->base.error,
                 "%.160s: after packet %llu, offset %llu%s: %s", name,
                 (unsigned long long)r->number, at, of, r->fault);
    else
        snprintf(s->base.error, sizeof s->base.error, "%.160s: offset %llu%s: %s", name, at, of,
                 r->fault);
}

/* True when the packet is to be given out. */
static bool passes(files_t *s, const cap_packet_t *p, reader_status_t *status)
{
    bpf_verdict_t v = s->filter != NULL ? cap_bpf_match(s->filter, p) : BPF_YES;
    if (v == BPF_YES) {
        s->stats.packets++;
        s->stats.octets += p->size;
        return true;
    }
    s->stats.filtered++;
    if (v == BPF_UNUSABLE)
        *status = reader_bad(&s->reader, 0, "the filter cannot be used with link type %u: %s",
                             p->link, cap_bpf_error(s->filter, p->link));
    return false;
}

/* Goes on after a reader gave something else than a packet. CAP_PACKET: go on reading. */
static cap_read_t went_out(files_t *s, reader_status_t status)
{
    if (status == READER_SIGNAL)
        return CAP_NOTHING;
    if (status == READER_END) {
        end_file(s);
        return CAP_PACKET;
    }
    say_where(s);
    end_file(s);
    return status == READER_CUT ? CAP_TRUNCATED : CAP_ERROR;
}

static size_t files_batch(cap_source_t *source, cap_packet_t *out, size_t max, cap_read_t *how)
{
    files_t *s = (files_t *)source;
    size_t n = 0;
    *how = CAP_NOTHING;
    if (!s->sorted && !sort_files(s))
        return 0;
    *how = CAP_PACKET;
    while (n < max) {
        reader_status_t status = READER_PACKET;
        if (s->current == s->count && n == 0)
            *how = CAP_END;
        if (s->current == s->count)
            return n;
        if (s->reading || !begin_file(s, &out[n], &status))
            status = reader_read(&s->reader, &out[n], n == 0);
        if (status == READER_PACKET) {
            out[n].file = s->current;
            if (passes(s, &out[n], &status))
                n++;
        }
        if (status == READER_PACKET)
            continue;
        if (n > 0)
            return n; /* the same comes again, when these are done with */
        *how = went_out(s, status);
        if (*how != CAP_PACKET)
            return 0;
    }
    return n;
}

static cap_read_t files_read(cap_source_t *source, cap_packet_t *out)
{
    cap_read_t how;
    (void)files_batch(source, out, 1, &how);
    return how;
}

static void files_stats(cap_source_t *source, cap_stats_t *out)
{
    const files_t *s = (const files_t *)source;
    *out = s->stats;
    if (s->reading)
        add_drops(&s->reader.ng, out);
}

static const char *files_name(const cap_source_t *source, uint32_t file)
{
    const files_t *s = (const files_t *)source;
    return file < s->count ? s->file[file].name : "";
}

static const char *files_comment(const cap_source_t *source)
{
    return ((const files_t *)source)->reader.comment;
}

static void files_close(cap_source_t *source)
{
    files_t *s = (files_t *)source;
    reader_close(&s->reader);
    for (uint32_t i = 0; i < s->count; i++) {
        if (s->file[i].begun != NULL)
            reader_close(s->file[i].begun);
        free(s->file[i].begun);
        if (s->file[i].fd > STDIN_FILENO)
            close(s->file[i].fd);
        free(s->file[i].name);
    }
    free(s->file);
    cap_bpf_free(s->filter);
    free(s);
}

static bool files_waits(const cap_source_t *source)
{
    const files_t *s = (const files_t *)source;
    return s->current < s->count && s->file[s->current].fd >= 0 && !s->file[s->current].regular;
}

static const cap_source_ops_t files_ops = {files_read,    files_batch, files_stats, files_name,
                                           files_comment, files_waits, files_close};

void cap_source_files_ahead(cap_source_t *source, uint64_t least)
{
    if (source->ops == &files_ops)
        ((files_t *)source)->ahead_from = least;
}

/* ---- Opening ---- */

static files_t *files_new(size_t count)
{
    files_t *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->base.ops = &files_ops;
    s->ahead_from = UINT64_MAX;
    reader_init(&s->reader);
    s->file = calloc(count, sizeof *s->file);
    if (s->file == NULL) {
        free(s);
        return NULL;
    }
    return s;
}

/* All files of a rotated set are open at a time. */
static void allow_open_files(size_t count)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < count + 64) {
        limit.rlim_cur = limit.rlim_max < count + 64 ? limit.rlim_max : count + 64;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* A file to read. Where standard input is closed, none may take its place: "-" would read it. */
static int open_path(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    int above = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    close(fd);
    return above;
}

static bool open_file(files_t *s, const char *path, char *error)
{
    struct stat st;
    file_t *f = &s->file[s->count];
    bool input = strcmp(path, "-") == 0;
    f->given = s->count;
    f->fd = input ? STDIN_FILENO : open_path(path);
    if (f->fd < 0) {
        snprintf(error, CAP_ERROR_MAX, "%.160s: %s", path, strerror(errno));
        return false;
    }
    f->name = strdup(input ? "standard input" : path);
    s->count++;
    if (f->name == NULL) {
        snprintf(error, CAP_ERROR_MAX, "out of memory");
        return false;
    }
    if (fstat(f->fd, &st) != 0)
        memset(&st, 0, sizeof st);
    if (S_ISDIR(st.st_mode)) {
        snprintf(error, CAP_ERROR_MAX, "%.160s: is a directory", path);
        return false;
    }
    f->regular = S_ISREG(st.st_mode);
    f->size = (uint64_t)st.st_size;
    f->seekable = !input && lseek(f->fd, 0, SEEK_CUR) == 0;
    if (f->seekable)
        (void)posix_fadvise(f->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    return true;
}

cap_source_t *cap_source_files(const char *const *paths, size_t count, const char *filter,
                               char error[CAP_ERROR_MAX])
{
    unsigned inputs = 0;
    for (size_t i = 0; i < count; i++)
        inputs += strcmp(paths[i], "-") == 0;
    if (count == 0 || inputs > 1) {
        snprintf(error, CAP_ERROR_MAX,
                 count == 0 ? "no file is given" : "standard input can be read only once");
        return NULL;
    }
    files_t *s = files_new(count);
    if (s == NULL) {
        snprintf(error, CAP_ERROR_MAX, "out of memory");
        return NULL;
    }
    allow_open_files(count);
    bool ok = filter == NULL || (s->filter = cap_bpf_new(filter, error, CAP_ERROR_MAX)) != NULL;
    for (size_t i = 0; ok && i < count; i++)
        ok = open_file(s, paths[i], error);
    if (ok)
        return &s->base;
    files_close(&s->base);
    return NULL;
}

cap_source_t *cap_source_memory(const void *octets, size_t size, char error[CAP_ERROR_MAX])
{
    files_t *s = files_new(1);
    char *name = strdup("memory");
    if (s == NULL || name == NULL) {
        snprintf(error, CAP_ERROR_MAX, "out of memory");
        free(name);
        if (s != NULL)
            files_close(&s->base);
        return NULL;
    }
    s->file[0].name = name;
    s->file[0].fd = -1;
    s->count = 1;
    input_open_memory(&s->reader.input, octets, size);
    return &s->base;
}
