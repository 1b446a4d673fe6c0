/* Any octets as the list of a bulk run, beside a plain reading of it: the same lines with the same
 * numbers, whatever the shard and however far may be read ahead. The first octet has both. An octet
 * 2 stands for many letters, so that a short input has long lines. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bulk/list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MANY     2048u
#define MANY_MAX 8u

static void need(bool truth)
{
    if (!truth)
        __builtin_trap();
}

/* The next line that counts, from *at on. False at the end. */
static bool plain_next(const uint8_t *text, size_t size, size_t *at, uint64_t *number,
                       unsigned shard, unsigned shards, size_t *begin, size_t *length)
{
    while (*at < size) {
        const uint8_t *end = memchr(text + *at, '\n', size - *at);
        size_t stop = end != NULL ? (size_t)(end - text) : size;
        size_t n = stop - *at;
        *begin = *at;
        *at = stop + 1;
        ++*number;
        bool cut = n > LIST_LINE_MAX;
        n = cut ? LIST_LINE_MAX : n;
        while (n > 0 && strchr(" \t\r", text[*begin + n - 1]) != NULL)
            n--; /* a zero octet ends the text as well */
        size_t blank = 0;
        while (blank < n && (text[*begin + blank] == ' ' || text[*begin + blank] == '\t'))
            blank++;
        *length = n;
        if (*number % shards == shard % shards &&
            (cut || (blank < n && text[*begin + blank] != '#')))
            return true;
    }
    return false;
}

/* The text that the input stands for; the caller frees it. */
static uint8_t *expand(const uint8_t *data, size_t size, size_t *n)
{
    size_t cap = size + MANY_MAX * MANY;
    uint8_t *text = malloc(cap);
    unsigned left = MANY_MAX;
    if (text == NULL)
        abort();
    *n = 0;
    for (size_t i = 0; i < size; i++) {
        size_t times = data[i] == 2 && left > 0 ? MANY : 1;
        left -= times > 1;
        memset(text + *n, times > 1 ? 'x' : data[i], times);
        *n += times;
    }
    return text;
}

static void compare(list_t *list, const uint8_t *text, size_t size, unsigned shard, unsigned shards,
                    uint64_t ahead)
{
    list_line_t *line = malloc(sizeof *line);
    size_t at = 0;
    size_t begin = 0;
    size_t length = 0;
    uint64_t number = 0;
    uint64_t limit = 0;
    list_got_t got = LIST_LATER;
    if (line == NULL)
        abort();
    while (got != LIST_END) {
        got = list_next(list, limit, line);
        need(line->number <= limit && line->first <= line->number + 1);
        if (got == LIST_LATER)
            limit += ahead;
        if (got != LIST_LINE)
            continue;
        need(plain_next(text, size, &at, &number, shard, shards, &begin, &length));
        need(line->number == number && line->size == length);
        need(memcmp(line->text, text + begin, length) == 0 && line->text[length] == '\0');
    }
    need(!plain_next(text, size, &at, &number, shard, shards, &begin, &length));
    need(list_share(list) == (size > 0 ? 1 : -1) && !list_failed(list));
    free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    size_t n;
    if (size == 0)
        return 0;
    unsigned shards = 1 + (data[0] & 3);
    uint8_t *text = expand(data + 1, size - 1, &n);
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, text, n) != (ssize_t)n)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    unsigned shard = 1 + (data[0] >> 2) % shards;
    list_t *list = list_open(path, shard, shards);
    if (list == NULL)
        abort();
    compare(list, text, n, shard, shards, 1 + (data[0] >> 4));
    list_close(list);
    close(fd);
    free(text);
    return 0;
}
