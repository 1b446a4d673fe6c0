#include "bulk/list.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Octets at either end of a list that tell it from others. */
#define IDENTITY_PART 65536

struct list {
    pthread_mutex_t lock;
    FILE *file;
    bool close;
    bool ended;
    bool all;
    unsigned shard;
    unsigned shards;
    uint64_t number; /* of the last line read */
    uint64_t octets; /* read */
    uint64_t size;   /* 0: not known */
    bool plain;      /* a plain file */
};

list_t *list_open(const char *path, unsigned shard, unsigned shards)
{
    struct stat st;
    list_t *in = calloc(1, sizeof *in);
    if (in == NULL)
        return NULL;
    in->close = strcmp(path, "-") != 0;
    in->file = in->close ? fopen(path, "rbe") : stdin;
    in->shard = shard;
    in->shards = shards;
    if (in->file == NULL) {
        free(in);
        return NULL;
    }
    if (fstat(fileno(in->file), &st) == 0 && S_ISREG(st.st_mode)) {
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
        fclose(in->file);
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
        ssize_t n = in->plain ? pread(fileno(in->file), buf, sizeof buf, at[i]) : -1;
        if (n < 0)
            return;
        for (ssize_t k = 0; k < n; k++)
            h = (h ^ buf[k]) * UINT64_C(0x100000001b3);
    }
    snprintf(out, LIST_IDENTITY_MAX, "%" PRIu64 " %016" PRIx64, in->size, h);
}

/* Reads one line. False at the end. */
static bool read_line(list_t *in, list_line_t *line)
{
    int c = getc_unlocked(in->file);
    if (c == EOF)
        return false;
    line->size = 0;
    line->cut = false;
    for (; c != EOF && c != '\n'; c = getc_unlocked(in->file)) {
        in->octets++;
        if (line->size < LIST_LINE_MAX)
            line->text[line->size++] = (char)c;
        else
            line->cut = true;
    }
    in->octets += c == '\n';
    while (line->size > 0 && strchr(" \t\r", line->text[line->size - 1]) != NULL)
        line->size--;
    line->text[line->size] = '\0';
    line->number = ++in->number;
    return true;
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
    while (got == LIST_LATER && !in->ended && in->number < limit) {
        if (!read_line(in, line))
            in->ended = true;
        else if (wanted(in, line))
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
    return ferror(in->file) != 0;
}
