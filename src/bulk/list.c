#include "bulk/list.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Octets at either end of a list that tell it from others. */
#define IDENTITY_PART 65536
#define BUFFER_SIZE   65536

struct list {
    pthread_mutex_t lock;
    int fd;
    bool close;
    bool ended;
    bool failed;
    bool all;
    unsigned shard;
    unsigned shards;
    uint64_t number; /* of the last line read */
    uint64_t octets; /* read */
    uint64_t size;   /* 0: not known */
    bool plain;      /* a plain file */
    size_t at;       /* of buf, what comes next */
    size_t end;
    size_t line_size; /* of the line that is being read */
    bool line_begun;
    bool line_cut;
    char line[LIST_LINE_MAX];
    char buf[BUFFER_SIZE];
};

list_t *list_open(const char *path, unsigned shard, unsigned shards)
{
    struct stat st;
    list_t *in = calloc(1, sizeof *in);
    if (in == NULL)
        return NULL;
    in->close = strcmp(path, "-") != 0;
    in->fd = in->close ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    in->shard = shard;
    in->shards = shards;
    if (in->fd < 0) {
        free(in);
        return NULL;
    }
    if (fstat(in->fd, &st) == 0 && S_ISREG(st.st_mode)) {
        in->plain = true;
        in->size = (uint64_t)st.st_size;
    }
    pthread_mutex_init(&in->lock, NULL);
    return in;
}

void list_close(list_t *in)
{
    if (in == NULL)
        return;
    if (in->close)
        close(in->fd);
    pthread_mutex_destroy(&in->lock);
    free(in);
}

void list_take_all(list_t *in)
{
    in->all = true;
}

void list_identity(const list_t *in, char out[LIST_IDENTITY_MAX])
{
    uint8_t buf[IDENTITY_PART];
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    const off_t at[2] = {0, in->size > sizeof buf ? (off_t)(in->size - sizeof buf) : 0};
    snprintf(out, LIST_IDENTITY_MAX, "-");
    for (size_t i = 0; i < 2; i++) {
        ssize_t n = in->plain ? pread(in->fd, buf, sizeof buf, at[i]) : -1;
        if (n < 0)
            return;
        for (ssize_t k = 0; k < n; k++)
            h = (h ^ buf[k]) * UINT64_C(0x100000001b3);
    }
    snprintf(out, LIST_IDENTITY_MAX, "%" PRIu64 " %016" PRIx64, in->size, h);
}

/* Reads more. LIST_LATER: nothing has come yet through a pipe, whose writer may take its time. */
static list_got_t fill(list_t *in)
{
    struct pollfd p = {.fd = in->fd, .events = POLLIN};
    if (!in->plain && poll(&p, 1, 0) <= 0)
        return LIST_LATER;
    ssize_t n = read(in->fd, in->buf, sizeof in->buf);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return LIST_LATER;
    in->failed = n < 0;
    in->at = 0;
    in->end = n > 0 ? (size_t)n : 0;
    return n > 0 ? LIST_LINE : LIST_END;
}

/* Takes what is in the buffer up to the end of the line. True at the line's end. */
static bool take(list_t *in)
{
    const char *from = in->buf + in->at;
    const char *newline = memchr(from, '\n', in->end - in->at);
    size_t n = newline != NULL ? (size_t)(newline - from) : in->end - in->at;
    size_t room = sizeof in->line - in->line_size;
    size_t kept = n < room ? n : room;
    memcpy(in->line + in->line_size, from, kept);
    in->line_size += kept;
    in->line_cut |= kept < n;
    in->line_begun = true;
    n += newline != NULL;
    in->at += n;
    in->octets += n;
    return newline != NULL;
}

static void give(list_t *in, list_line_t *line)
{
    memcpy(line->text, in->line, in->line_size);
    line->size = in->line_size;
    line->cut = in->line_cut;
    while (line->size > 0 && strchr(" \t\r", line->text[line->size - 1]) != NULL)
        line->size--;
    line->text[line->size] = '\0';
    line->number = ++in->number;
    in->line_size = 0;
    in->line_begun = in->line_cut = false;
}

/* Reads one line. */
static list_got_t read_line(list_t *in, list_line_t *line)
{
    for (;;) {
        list_got_t got = in->at < in->end ? LIST_LINE : fill(in);
        if (got == LIST_LATER || (got == LIST_END && !in->line_begun))
            return got;
        /* the last line may have no end */
        if (got == LIST_LINE && !take(in))
            continue;
        give(in, line);
        return LIST_LINE;
    }
}

static bool wanted(const list_t *in, const list_line_t *line)
{
    size_t blank = strspn(line->text, " \t");
    if (in->all)
        return true;
    if (line->number % in->shards != in->shard % in->shards)
        return false;
    return line->cut || (blank < line->size && line->text[blank] != '#');
}

list_got_t list_next(list_t *in, uint64_t limit, list_line_t *line)
{
    list_got_t got = LIST_LATER;
    pthread_mutex_lock(&in->lock);
    line->first = in->number + 1;
    bool more = true;
    while (more && got == LIST_LATER && !in->ended && in->number < limit) {
        list_got_t read = read_line(in, line);
        in->ended = read == LIST_END;
        more = read == LIST_LINE;
        if (more && wanted(in, line))
            got = LIST_LINE;
    }
    if (got == LIST_LATER && in->ended)
        got = LIST_END;
    line->number = in->number;
    pthread_mutex_unlock(&in->lock);
    return got;
}

double list_share(list_t *in)
{
    pthread_mutex_lock(&in->lock);
    double share = in->size > 0 ? (double)in->octets / (double)in->size : -1;
    pthread_mutex_unlock(&in->lock);
    return share;
}

bool list_failed(const list_t *in)
{
    return in->failed;
}
