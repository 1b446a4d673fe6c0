/* From packets to a report: decoding, pairing, filtering, diagnosis. What replay does with files,
 * and capture with an interface. */
#ifndef CMD_ANALYSIS_H
#define CMD_ANALYSIS_H

#include "capture/pair.h"
#include "capture/source.h"
#include "diagnose/flow_filter.h"
#include "report/replay_report.h"

typedef struct analysis_options {
    decode_options_t decode;
    pair_options_t pair;
    traffic_options_t traffic;
    runs_options_t runs;
    flow_filter_t filter;
    int64_t since; /* packets outside of these times are not looked at, nanoseconds since 1970; */
    int64_t until; /* INT64_MIN and INT64_MAX for no limit */
    bool since_relative; /* they count from the first packet */
    bool until_relative;
    unsigned threads; /* 2 or more: flows are diagnosed by a thread of its own, in blocks; else each
                         as it comes. The outcome is the same */
} analysis_options_t;

typedef struct analysis analysis_t;

/* The defaults of every part, with one seed; all times; one thread. */
analysis_options_t analysis_options_default(void);
/* Sets every limit of memory so that all together stay below megabytes MiB (16 at least). */
void analysis_options_memory(analysis_options_t *o, uint32_t megabytes);

/* tap (may be NULL) sees each flow that the filter lets pass, with more threads in another one.
 * options are copied. NULL when memory is out. */
analysis_t *analysis_new(const analysis_options_t *options, flow_sink_t *tap, void *user);
void analysis_free(analysis_t *a);
void analysis_feed(analysis_t *a, const cap_packet_t *p);
/* The capture has gone on until then (nanoseconds since 1970), though no packet may have come. */
void analysis_until(analysis_t *a, int64_t at);
/* Nothing may be fed for a while: flows that are ready are on their way to the tap. */
void analysis_flush(analysis_t *a);
/* The capture is over; broken: what was read of it is not all. Findings are made; after this the
 * report may be had. False when memory is out. */
bool analysis_finish(analysis_t *a, bool broken);
/* Fills everything that comes from packets; names of sources, style and the like stay the caller's
 * to set. stats (may be NULL) are the source's. Everything is borrowed from a. */
void analysis_report(analysis_t *a, const cap_stats_t *stats, replay_report_t *out);
/* Changes severities of all findings; after analysis_finish. */
void analysis_profile(analysis_t *a, const profile_t *profile);
/* Exit code of the findings. */
int analysis_exit_code(const analysis_t *a);
/* Flows so far, of all servers: for progress. */
const pair_stats_t *analysis_pairs(const analysis_t *a);
/* Earliest time of the packets that were looked at, nanoseconds since 1970, 0 before any. For the
 * tap: of those before the flow that it sees. */
int64_t analysis_began(const analysis_t *a);

#endif
