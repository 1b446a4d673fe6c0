/* Where the time of replay goes: each stage alone, and with all before it, without a sandbox, so
 * that profilers see it.
 *
 *   stages FILE [read|decode|pair|diagnose]     one stage, for a profiler; else all are timed
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cmd/analysis.h"

#define BATCH  256
#define ROUNDS 5

typedef enum stage { READ, DECODE, PAIR, DIAGNOSE, STAGES } stage_t;

static const char *const names[STAGES] = {"read", "decode", "pair", "diagnose"};

static void count_item(void *user, const cap_item_t *item)
{
    *(uint64_t *)user += item->size;
}

static void count_flow(void *user, const flow_t *flow)
{
    *(uint64_t *)user += flow->attempts;
}

/* What is fed, by stage. */
typedef struct chain {
    uint64_t sum;
    decoder_t *decoder;
    pairer_t *pairer;
    analysis_t *analysis;
} chain_t;

static bool chain_new(chain_t *c, stage_t stage)
{
    analysis_options_t o = analysis_options_default();
    o.threads = 1;
    if (stage == DIAGNOSE)
        return (c->analysis = analysis_new(&o, NULL, NULL)) != NULL;
    if (stage == PAIR)
        c->pairer = pairer_new(&o.pair, count_flow, &c->sum);
    if (stage == DECODE)
        c->decoder = decoder_new(&o.decode, count_item, &c->sum);
    if (c->pairer != NULL)
        c->decoder = decoder_new(&o.decode, pairer_feed, c->pairer);
    return stage == READ || c->decoder != NULL;
}

static void chain_free(chain_t *c)
{
    decoder_free(c->decoder);
    pairer_free(c->pairer);
    analysis_free(c->analysis);
}

static void feed(chain_t *c, const cap_packet_t *p)
{
    if (c->analysis != NULL)
        analysis_feed(c->analysis, p);
    else if (c->decoder != NULL)
        decoder_feed(c->decoder, p);
    else
        c->sum += p->size;
}

/* CPU seconds of this process. */
static double cpu(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

/* Seconds for the whole file; negative when it cannot be done. */
static double run(const char *path, stage_t stage, uint64_t *packets)
{
    cap_packet_t batch[BATCH];
    chain_t c = {0};
    cap_read_t how = CAP_PACKET;
    char error[CAP_ERROR_MAX];
    double begin = cpu();
    cap_source_t *s = cap_source_files(&path, 1, NULL, error);
    if (s == NULL || !chain_new(&c, stage)) {
        cap_source_close(s);
        return -1;
    }
    *packets = 0;
    while (how == CAP_PACKET) {
        size_t n = cap_source_batch(s, batch, BATCH, &how);
        for (size_t i = 0; i < n; i++)
            feed(&c, &batch[i]);
        *packets += n;
    }
    if (c.analysis != NULL)
        analysis_finish(c.analysis, false);
    chain_free(&c);
    cap_source_close(s);
    return cpu() - begin;
}

static int time_all(const char *path)
{
    double best[STAGES] = {0};
    uint64_t packets = 0;
    for (int r = 0; r < ROUNDS; r++) {
        for (int s = 0; s < STAGES; s++) {
            double t = run(path, (stage_t)s, &packets);
            if (t < 0 || packets == 0)
                return 1;
            if (r == 0 || t < best[s])
                best[s] = t;
        }
    }
    printf("stages of replay: %llu packets, best of %d rounds\n", (unsigned long long)packets,
           ROUNDS);
    for (int s = 0; s < STAGES; s++)
        printf("  %-10s %6.0f ns a packet, %6.0f with all before it\n", names[s],
               (best[s] - (s > 0 ? best[s - 1] : 0)) * 1e9 / (double)packets,
               best[s] * 1e9 / (double)packets);
    return 0;
}

int main(int argc, char **argv)
{
    uint64_t packets = 0;
    if (argc == 2)
        return time_all(argv[1]);
    for (int s = 0; argc == 3 && s < STAGES; s++)
        if (strcmp(argv[2], names[s]) == 0)
            return run(argv[1], (stage_t)s, &packets) < 0;
    fprintf(stderr, "usage: stages FILE [read|decode|pair|diagnose]\n");
    return 64;
}
