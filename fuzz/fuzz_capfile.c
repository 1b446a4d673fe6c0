/* Any octets as a capture file, compressed or not. Packets lie within the limits and are counted
 * without a gap, reading ends, and memory, file (also read ahead), single packets and batches give
 * the same; so does libpcap, as far as it reads the file, and a pcapng file behind another section.
 */
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/filter.h"
#include "capture/source.h"
#include "fuzz/alloc.h"

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
    s->value = s->value * 31 + p->link + p->original;
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

/* The same through a pipe, which cannot go back after its first packet was looked at, beside the
 * file. */
static void as_pipe(const uint8_t *data, size_t size, const char *path, const sum_t *memory)
{
    char error[CAP_ERROR_MAX];
    char pipe_path[64];
    const char *paths[2] = {pipe_path, path};
    int end[2];
    if (size > 4096) /* what a pipe always has room for */
        return;
    if (pipe(end) != 0 || write(end[1], data, size) != (ssize_t)size)
        abort();
    close(end[1]);
    snprintf(pipe_path, sizeof pipe_path, "/proc/self/fd/%d", end[0]);
    cap_source_t *s = cap_source_files(paths, 2, NULL, error);
    if (s == NULL)
        abort();
    close(end[0]);
    sum_t both = drain(s, 5);
    if (memory->packets < PACKETS_MAX / 2 && both.packets != 2 * memory->packets)
        abort();
}

/* A filter that lets nothing pass, one that few link types can have, and none at all. */
static const char *choose_filter(size_t size, char text[FILTER_TEXT_MAX])
{
    addr_t none[2] = {{.family = 4}, {.family = 6}};
    if (size % 48 == 16)
        return "ether host 02:00:00:00:00:01";
    if (size % 48 == 32)
        return "port (";
    (void)filter_text(none, 2, NULL, 0, CAP_LINK_RAW, text);
    return text;
}

/* What cannot be opened, or not be read, is told. */
static void refusals(void)
{
    static const char *const paths[] = {"/proc/self/mem", "/proc", "/proc/none", "-", "-"};
    char error[CAP_ERROR_MAX] = "";
    cap_packet_t p;
    for (size_t first = 1; first < 4; first++)
        if (cap_source_files(paths + first, 5 - first, NULL, error) != NULL || error[0] == '\0')
            abort();
    if (cap_source_files(paths, 0, NULL, error) != NULL)
        abort();
    cap_source_t *s = cap_source_files(paths, 1, NULL, error);
    if (s == NULL || cap_source_read(s, &p) != CAP_ERROR || cap_source_read(s, &p) != CAP_END ||
        cap_source_file_name(s, 9)[0] != '\0')
        abort();
    cap_source_close(s);
}

/* Memory is out at one moment of the reading: it ends early, with a sentence. */
static void without_memory(const uint8_t *data, size_t size)
{
    char error[CAP_ERROR_MAX] = "";
    alloc_fail(1 + (uint32_t)(size / 4 % 12));
    cap_source_t *s = cap_source_memory(data, size, error);
    if (s == NULL && !alloc_failed())
        abort();
    if (s == NULL && error[0] == '\0')
        abort();
    if (s != NULL)
        (void)drain(s, 3);
    alloc_fail(0);
}

#define PCAPNG "\x0a\x0d\x0d\x0a"

/* What libpcap reads of it: times, sizes and octets must be the same. It stops earlier: at a second
 * interface of another kind, and at lengths that it takes for damage. */
static void beside_libpcap(const uint8_t *data, size_t size)
{
    char error[CAP_ERROR_MAX];
    char pcap_error[PCAP_ERRBUF_SIZE];
    struct pcap_pkthdr *h;
    const u_char *bytes;
    cap_packet_t p;
    FILE *f = size > 0 ? fmemopen((void *)(uintptr_t)data, size, "rb") : NULL;
    if (f == NULL)
        return;
    pcap_t *other =
        pcap_fopen_offline_with_tstamp_precision(f, PCAP_TSTAMP_PRECISION_NANO, pcap_error);
    cap_source_t *s = cap_source_memory(data, size, error);
    if (other == NULL || s == NULL)
        fclose(f);
    while (other != NULL && s != NULL && pcap_next_ex(other, &h, &bytes) == 1) {
        if (cap_source_read(s, &p) != CAP_PACKET) {
            if (size < 4 || memcmp(data, PCAPNG, 4) != 0)
                abort();
            break; /* libpcap does not look at all lengths of blocks */
        }
        if (p.size < h->caplen)
            abort();
        if (memcmp(p.bytes, bytes, h->caplen) != 0)
            abort();
        if (p.size == h->caplen && h->len >= h->caplen && p.original != h->len)
            abort();
        /* a fraction of more than a second is not computed alike */
        bool sound = h->ts.tv_usec >= 0 && h->ts.tv_usec < 1000000000 && h->ts.tv_sec >= 0 &&
                     h->ts.tv_sec < INT64_C(9000000000);
        if (sound && p.at != h->ts.tv_sec * INT64_C(1000000000) + h->ts.tv_usec)
            abort();
    }
    if (other != NULL && s != NULL)
        pcap_close(other);
    cap_source_close(s);
}

/* Behind a section with an interface that none of its packets can be of. */
static void behind_section(const uint8_t *data, size_t size, const sum_t *alone)
{
    static const uint8_t section[] = {
        0x0a, 0x0d, 0x0d, 0x0a, 28,   0,    0,    0,    0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0,
        0,    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 28,   0,    0,    0, 1, 0,
        0,    0,    32,   0,    0,    0,    0xf0, 0,    0,    0,    1,    0,    0, 0, 9,
        0,    1,    0,    3,    0,    0,    0,    0,    0,    0,    0,    32,   0, 0, 0};
    char error[CAP_ERROR_MAX];
    if (size < 4 || memcmp(data, PCAPNG, 4) != 0)
        return;
    uint8_t *both = malloc(sizeof section + size);
    if (both == NULL)
        abort();
    memcpy(both, section, sizeof section);
    memcpy(both + sizeof section, data, size);
    cap_source_t *s = cap_source_memory(both, sizeof section + size, error);
    if (s == NULL)
        abort();
    sum_t behind = drain(s, 7);
    expect_same(alone, &behind);
    free(both);
}

/* The same octets as a file, once alone, sometimes read ahead, once twice and with a filter. */
static void as_files(const uint8_t *data, size_t size, const sum_t *memory)
{
    char error[CAP_ERROR_MAX];
    char path[64];
    char filter[FILTER_TEXT_MAX];
    const char *paths[2] = {path, path};
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || (size > 0 && write(fd, data, size) != (ssize_t)size))
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    cap_source_t *s = cap_source_files(paths, 1, NULL, error);
    if (s == NULL)
        abort();
    if (size % 8 == 4)
        cap_source_files_ahead(s, 0);
    sum_t file = drain(s, 5);
    expect_same(memory, &file);
    if (size % 16 == 0) { /* compiling takes its time */
        refusals();
        as_pipe(data, size, path, memory);
        s = cap_source_files(paths, 2, choose_filter(size, filter), error);
        if (s == NULL && size % 48 != 32)
            abort();
        sum_t filtered = s != NULL ? drain(s, 5) : *memory;
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
    if (size % 4 == 1)
        without_memory(data, size);
    if (size % 4 == 2)
        beside_libpcap(data, size);
    behind_section(data, size, &first);
    return 0;
}
