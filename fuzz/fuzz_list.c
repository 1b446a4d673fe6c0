/* Any octets as the list of a bulk run, beside a plain reading of it: the same lines with the same
 * numbers, whatever the shard and however far may be read ahead. The first octet has both. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bulk/list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static list_line_t line;
    char path[64];
    if (size == 0)
        return 0;
    unsigned shards = 1 + (data[0] & 3);
    unsigned shard = 1 + (data[0] >> 2) % shards;
    uint64_t ahead = 1 + (data[0] >> 4);
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)size - 1)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    list_t *list = list_open(path, shard, shards);
    if (list == NULL)
        abort();
    size_t at = 0;
    size_t begin = 0;
    size_t length = 0;
    uint64_t number = 0;
    uint64_t limit = 0;
    list_got_t got = LIST_LATER;
    while (got != LIST_END) {
        got = list_next(list, limit, &line);
        need(line.number <= limit && line.first <= line.number + 1);
        if (got == LIST_LATER)
            limit += ahead;
        if (got != LIST_LINE)
            continue;
        need(plain_next(data + 1, size - 1, &at, &number, shard, shards, &begin, &length));
        need(line.number == number && line.size == length);
        need(memcmp(line.text, data + 1 + begin, length) == 0 && line.text[length] == '\0');
    }
    need(!plain_next(data + 1, size - 1, &at, &number, shard, shards, &begin, &length));
    need(list_share(list) == (size > 1 ? 1 : -1) && !list_failed(list));
    list_close(list);
    close(fd);
    return 0;
}
