/* Any octets as a capture file, all the way to the report that replay prints: packets, flows,
 * diagnosis, text and JSON. In blocks or flow by flow, the report is the same. Long inputs get the
 * limits that users have: tests/cost measures what an octet may cost then. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/source.h"
#include "cmd/analysis.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LONG        65536u
#define PACKETS_MAX 20000u /* a few KiB may hold gigabytes */

static void feed(analysis_t *a, cap_source_t *s, size_t size, bool *broken)
{
    cap_packet_t p;
    cap_read_t how = CAP_PACKET;
    uint32_t left = size > LONG ? UINT32_MAX : PACKETS_MAX;
    while (how != CAP_END && left-- > 0) {
        how = cap_source_read(s, &p);
        *broken = *broken || how == CAP_TRUNCATED || how == CAP_ERROR;
        if (how == CAP_PACKET)
            analysis_feed(a, &p);
    }
}

static void report(analysis_t *a, cap_source_t *s, bool broken, char **text, size_t *size)
{
    cap_stats_t stats;
    const char *name = "memory";
    replay_report_t r = {.top = 10, .sources = &name, .source_count = 1, .broken = broken};
    FILE *out = open_memstream(text, size);
    if (out == NULL)
        abort();
    cap_source_stats(s, &stats);
    analysis_report(a, &stats, &r);
    if (!replay_report_text(out, &r) || !replay_report_json(out, &r) || fclose(out) != 0)
        abort();
}

static void run(const uint8_t *data, size_t size, unsigned threads, char **text, size_t *text_size)
{
    char error[CAP_ERROR_MAX];
    bool broken = false;
    analysis_options_t o = analysis_options_default();
    /* one for each run, and the same in each process */
    o.decode.seed = o.pair.seed = o.traffic.seed = o.runs.seed = threads;
    if (size <= LONG)
        analysis_options_memory(&o, 16);
    o.threads = threads;
    cap_source_t *s = cap_source_memory(data, size, error);
    analysis_t *a = analysis_new(&o, NULL, NULL);
    if (s == NULL || a == NULL)
        abort();
    feed(a, s, size, &broken);
    if (!analysis_finish(a, broken))
        abort();
    report(a, s, broken, text, text_size);
    analysis_free(a);
    cap_source_close(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text[2] = {NULL, NULL};
    size_t text_size[2] = {0, 0};
    run(data, size, 0, &text[0], &text_size[0]);
    if (size <= LONG && size % 4 == 0) {
        run(data, size, 2, &text[1], &text_size[1]);
        if (text_size[0] != text_size[1] || memcmp(text[0], text[1], text_size[0]) != 0)
            abort();
    }
    free(text[0]);
    free(text[1]);
    return 0;
}
