/* Any octets as a capture file, compressed or not. Packets lie within the limits and are counted
 * without a gap, reading ends, and memory, file, single packets and batches give the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/filter.h"
#include "capture/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What came out: every octet is read. */
typedef struct sum {
    uint64_t packets;
    uint64_t value;
    unsigned faults;
} sum_t;

static void add(sum_t *s, const cap_packet_t *p)
{
    if (p->size > CAP_PACKET_MAX || p->original < p->size || p->number == 0)
        abort();
    for (uint32_t i = 0; i < p->size; i++)
        s->value = s->value * 31 + p->bytes[i];
    s->value = s->value * 31 + (uint64_t)p->at + p->number;
    s->packets++;
}

/* A few KiB may hold gigabytes: so many packets are read of them. */
#define PACKETS_MAX 20000u

static sum_t drain(cap_source_t *s, size_t batch)
{
    cap_packet_t p[7];
    cap_stats_t stats;
    cap_read_t how = CAP_PACKET;
    sum_t sum = {0, 0, 0};
    while (how != CAP_END && sum.packets < PACKETS_MAX) {
        size_t n = batch;
        if (batch > 0)
            n = cap_source_batch(s, p, batch, &how);
        else
            n = (how = cap_source_read(s, p)) == CAP_PACKET;
        for (size_t i = 0; i < n && sum.packets < PACKETS_MAX; i++)
            add(&sum, &p[i]);
        bool fault = how == CAP_TRUNCATED || how == CAP_ERROR;
        sum.faults += fault;
        if (how == CAP_NOTHING || sum.faults > 2 || (fault && s->error[0] == '\0'))
            abort();
    }
    cap_source_stats(s, &stats);
    if (stats.packets < sum.packets || cap_source_file_name(s, 0)[0] == '\0')
        abort();
    const char *comment = cap_source_comment(s);
    if (comment != NULL && strlen(comment) > 65536)
        abort();
    cap_source_close(s);
    return sum;
}

static void expect_same(const sum_t *a, const sum_t *b)
{
    if (a->packets != b->packets || a->value != b->value || a->faults != b->faults)
        abort();
}

/* The same octets as a file, once alone, once twice and with a filter that lets nothing pass. */
static void as_files(const uint8_t *data, size_t size, const sum_t *memory)
{
    char error[CAP_ERROR_MAX];
    char path[64];
    char filter[FILTER_TEXT_MAX];
    const char *paths[2] = {path, path};
    addr_t none[2] = {{.family = 4}, {.family = 6}};
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || (size > 0 && write(fd, data, size) != (ssize_t)size))
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    cap_source_t *s = cap_source_files(paths, 1, NULL, error);
    if (s == NULL)
        abort();
    sum_t file = drain(s, 5);
    expect_same(memory, &file);
    if (size % 16 == 0) { /* compiling takes its time */
        (void)filter_text(none, 2, NULL, 0, CAP_LINK_RAW, filter);
        s = cap_source_files(paths, 2, filter, error);
        if (s == NULL)
            abort();
        sum_t filtered = drain(s, 5);
        if (filtered.packets > 2 * memory->packets && memory->packets < PACKETS_MAX)
            abort();
    }
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char error[CAP_ERROR_MAX];
    sum_t first = {0, 0, 0};
    for (size_t batch = 0; batch <= 7; batch += 7) {
        cap_source_t *s = cap_source_memory(data, size, error);
        if (s == NULL)
            return 0;
        sum_t sum = drain(s, batch);
        if (batch > 0)
            expect_same(&first, &sum);
        first = sum;
    }
    if (size % 4 == 0) /* system calls take their time */
        as_files(data, size, &first);
    return 0;
}
