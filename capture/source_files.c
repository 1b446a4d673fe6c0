/* Capture files as one source: opening, filter, what is said when one breaks off. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/files.h"

/* ---- Reading ---- */

static void say_where(files_t *s)
{
    const lane_t *l = &s->lane[s->last];
    const reader_t *r = l->reader;
    const char *name = s->file[l->file].name;
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
        *status = reader_bad(s->lane[s->last].reader, 0,
                             "the filter cannot be used with link type %u: %s", p->link,
                             cap_bpf_error(s->filter, p->link));
    return false;
}

/* Goes on after a reader gave something else than a packet. CAP_PACKET: go on reading. */
static cap_read_t went_out(files_t *s, reader_status_t status)
{
    if (status == READER_SIGNAL)
        return CAP_NOTHING;
    if (status == READER_END) {
        lane_end(s, s->last);
        return CAP_PACKET;
    }
    say_where(s);
    lane_end(s, s->last);
    return status == READER_CUT ? CAP_TRUNCATED : CAP_ERROR;
}

static size_t files_batch(cap_source_t *source, cap_packet_t *out, size_t max, cap_read_t *how)
{
    files_t *s = (files_t *)source;
    size_t n = 0;
    *how = CAP_NOTHING;
    if (!s->sorted && !files_sort(s))
        return 0;
    for (uint32_t i = 0; i < s->lanes; i++)
        s->lane[i].lent = false;
    *how = CAP_PACKET;
    while (n < max) {
        reader_status_t status = lanes_next(s, &out[n]);
        if (status == READER_PACKET && passes(s, &out[n], &status))
            n++;
        if (status == READER_PACKET)
            continue;
        if (s->lanes == 0 && n == 0 && status == READER_END)
            *how = CAP_END;
        if (s->lanes == 0 || n > 0)
            return n;                  /* the same comes again, when these are done with */
        if (status == READER_REFILL) { /* what it has lent was left out by the filter */
            s->lane[s->last].lent = false;
            continue;
        }
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
    for (uint32_t i = 0; i < s->lanes; i++)
        files_add_drops(&s->lane[i].reader->ng, out);
}

static const char *files_name(const cap_source_t *source, uint32_t file)
{
    const files_t *s = (const files_t *)source;
    return file < s->count ? s->file[file].name : "";
}

static const char *files_comment(const cap_source_t *source)
{
    const files_t *s = (const files_t *)source;
    return s->lanes > 0 ? s->lane[s->last].reader->comment : s->comment;
}

static void files_close(cap_source_t *source)
{
    files_t *s = (files_t *)source;
    while (s->lanes > 0)
        lane_end(s, 0);
    free(s->comment);
    for (uint32_t i = 0; i < s->count; i++) {
        if (s->file[i].reader != NULL)
            reader_close(s->file[i].reader);
        free(s->file[i].reader);
        if (s->file[i].fd > STDIN_FILENO)
            close(s->file[i].fd);
        free(s->file[i].name);
    }
    free(s->file);
    cap_bpf_free(s->filter);
    free(s);
}

static bool waits_at(const file_t *f)
{
    return f->fd >= 0 && !f->regular;
}

static bool files_waits(const cap_source_t *source)
{
    const files_t *s = (const files_t *)source;
    for (uint32_t i = 0; i < s->lanes; i++)
        if (waits_at(&s->file[s->lane[i].file]))
            return true;
    return s->lanes == 0 && s->begun < s->count && waits_at(&s->file[s->begun]);
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
    f->reader = malloc(sizeof *f->reader);
    if (f->reader != NULL)
        reader_init(f->reader);
    if (f->name == NULL || f->reader == NULL) {
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
    reader_t *r = malloc(sizeof *r);
    if (s == NULL || name == NULL || r == NULL) {
        snprintf(error, CAP_ERROR_MAX, "out of memory");
        free(name);
        free(r);
        if (s != NULL)
            files_close(&s->base);
        return NULL;
    }
    s->file[0].name = name;
    s->file[0].fd = -1;
    s->file[0].reader = r;
    s->file[0].opened = true;
    s->count = 1;
    reader_init(r);
    input_open_memory(&r->input, octets, size);
    return &s->base;
}
