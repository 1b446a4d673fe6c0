#include "cmd/analysis.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/cmd.h"
#include "cmd/flow_pipe.h"
#include "exchange/noun.h"

#define MIB   ((size_t)1 << 20)
#define NOTES 32
/* Fewer packets have no direction. */
#define BACKWARDS_MIN 10u

struct analysis {
    analysis_options_t options;
    flow_sink_t *tap;
    void *user;
    decoder_t *decoder;
    pairer_t *pairer;
    flow_pipe_t *pipe; /* NULL with one thread */
    traffic_t *traffic;
    /* With a filter on rcodes: what is judged, since replies that are chosen by their rcode say
     * nothing of a server. Else NULL. */
    traffic_t *judged;
    flow_filter_t questions; /* the filter without rcodes */
    runs_t *runs;            /* NULL when filters leave out questions */
    finding_list_t findings;
    uint64_t packets;
    uint64_t octets;
    uint64_t outside; /* of the times asked for */
    int64_t first;    /* of all packets, for relative times */
    bool began;
    bool whole; /* no flow is left out */
    int64_t first_used;
    int64_t last_used;
    int64_t before;     /* of the packet in front */
    uint64_t backwards; /* packets that are older than it */
    int64_t end; /* until when the capture is known to have gone on, as far as it is looked at */
    int64_t first_shown; /* first_used when the flow was given out that is diagnosed now */
    uint64_t passed;
    uint64_t filtered;
    report_count_t notes[NOTES];
    size_t note_count;
    char empty[80]; /* text of one of them */
    char bad_packets[80];
    char bad_checksum[80];
    reply_t scratch;
};

analysis_options_t analysis_options_default(void)
{
    analysis_options_t o = {.decode = decode_options_default(),
                            .pair = pair_options_default(),
                            .traffic = traffic_options_default(),
                            .runs = runs_options_default(),
                            .since = INT64_MIN,
                            .until = INT64_MAX};
    o.traffic.seed = o.pair.seed;
    o.runs.seed = o.pair.seed;
    return o;
}

void analysis_options_memory(analysis_options_t *o, uint32_t megabytes)
{
    size_t whole = (size_t)(megabytes < 16 ? 16 : megabytes) * MIB;
    /* by what each needs for ordinary traffic: streams most, evidence least */
    o->decode.memory = whole / 2;
    o->decode.connections_max = (unsigned)(whole / 16 / 320);
    o->pair.memory = whole / 8;
    o->pair.outstanding_max = (uint32_t)(whole / 8 / 512);
    o->pair.connections_max = (uint32_t)(whole / 32 / 512);
    traffic_options_memory(&o->traffic, whole / 16 * 3);
    o->runs.memory = whole / 16;
}

static void prepare_flow(void *user, const flow_t *flow)
{
    const analysis_t *a = user;
    traffic_prefetch(a->traffic, flow);
}

static void take_flow(void *user, const flow_t *flow, int64_t first_used)
{
    analysis_t *a = user;
    a->first_shown = first_used;
    if (a->judged != NULL && flow_filter_match(&a->questions, flow, &a->scratch))
        traffic_feed(a->judged, flow);
    if (!a->whole && !flow_filter_match(&a->options.filter, flow, &a->scratch)) {
        a->filtered++;
        return;
    }
    a->passed++;
    traffic_feed(a->traffic, flow);
    if (a->runs != NULL)
        runs_feed(a->runs, flow);
    if (a->tap != NULL)
        a->tap(a->user, flow);
}

static void on_flow(void *user, const flow_t *flow)
{
    analysis_t *a = user;
    if (a->pipe != NULL)
        flow_pipe_feed(a->pipe, flow, a->first_used);
    else
        take_flow(a, flow, a->first_used);
}

analysis_t *analysis_new(const analysis_options_t *options, flow_sink_t *tap, void *user)
{
    analysis_t *a = calloc(1, sizeof *a);
    if (a == NULL)
        return NULL;
    a->options = *options;
    a->tap = tap;
    a->user = user;
    finding_list_init(&a->findings);
    a->traffic = traffic_new(&options->traffic);
    a->whole = flow_filter_is_empty(&options->filter);
    a->questions = options->filter;
    a->questions.rcode_count = 0;
    bool rcodes = options->filter.rcode_count > 0;
    a->judged = rcodes ? traffic_new(&options->traffic) : NULL;
    a->runs = a->whole ? runs_new(&options->runs) : NULL;
    a->pairer = pairer_new(&options->pair, on_flow, a);
    a->decoder = a->pairer != NULL ? decoder_new(&options->decode, pairer_feed, a->pairer) : NULL;
    flow_taker_t taker = {prepare_flow, take_flow, a};
    if (a->traffic != NULL && options->threads > 1)
        a->pipe = flow_pipe_new(&taker, true);
    if (a->traffic != NULL && a->decoder != NULL && (a->runs != NULL || !a->whole) &&
        (a->judged != NULL || !rcodes) && (a->pipe != NULL || options->threads < 2))
        return a;
    analysis_free(a);
    return NULL;
}

void analysis_free(analysis_t *a)
{
    if (a == NULL)
        return;
    flow_pipe_free(a->pipe); /* first: its thread uses the others */
    decoder_free(a->decoder);
    pairer_free(a->pairer);
    traffic_free(a->traffic);
    traffic_free(a->judged);
    runs_free(a->runs);
    finding_list_free(&a->findings);
    free(a);
}

/* A time that counts from the first packet, as one since 1970. */
static int64_t absolute(const analysis_t *a, int64_t time, bool relative)
{
    int64_t sum = 0;
    if (!relative)
        return time;
    return __builtin_add_overflow(a->first, time, &sum) ? INT64_MAX : sum;
}

void analysis_until(analysis_t *a, int64_t at)
{
    int64_t until = a->options.until;
    at = at > until ? until : at;
    a->end = at > a->end ? at : a->end;
}

void analysis_feed(analysis_t *a, const cap_packet_t *p)
{
    analysis_options_t *o = &a->options;
    if (!a->began) {
        a->began = true;
        a->first = p->at;
        o->since = absolute(a, o->since, o->since_relative);
        o->until = absolute(a, o->until, o->until_relative);
    }
    if (p->at < o->since || p->at > o->until) {
        a->outside++;
        if (p->at > o->until)
            analysis_until(a, o->until);
        return;
    }
    if (a->packets++ == 0)
        a->first_used = a->last_used = p->at;
    analysis_until(a, p->at);
    a->first_used = p->at < a->first_used ? p->at : a->first_used;
    a->last_used = p->at > a->last_used ? p->at : a->last_used;
    a->backwards += p->at < a->before;
    a->before = p->at;
    a->octets += p->size;
    decoder_feed(a->decoder, p);
}

void analysis_flush(analysis_t *a)
{
    if (a->pipe != NULL)
        flow_pipe_flush(a->pipe);
}

static const traffic_server_t *server_at(const analysis_t *a, const addr_t *addr)
{
    for (size_t i = 0; i < traffic_server_count(a->traffic); i++)
        if (addr_equal(&traffic_server(a->traffic, i)->addr, addr))
            return traffic_server(a->traffic, i);
    return NULL;
}

/* Whether a server was asked by runs of check alone. */
static bool is_left_to_runs(const analysis_t *a, const traffic_server_t *s)
{
    return s != NULL && runs_questions(a->runs, &s->addr) >= s->n.queries;
}

/* The same of whom a finding is about: an address, or all, when nobody answers. */
static bool is_about_runs(const analysis_t *a, const finding_t *f)
{
    bool all = f->id == FINDING_UNTESTED;
    if (f->has_addr)
        return is_left_to_runs(a, server_at(a, &f->addr));
    for (size_t i = 0; all && i < traffic_server_count(a->traffic); i++)
        all = is_left_to_runs(a, traffic_server(a->traffic, i));
    return all;
}

/* What nobody but runs of check asked is judged by these alone. */
static void leave_to_runs(analysis_t *a)
{
    finding_list_t *list = &a->findings;
    size_t kept = 0;
    if (a->runs == NULL || runs_count(a->runs) == 0)
        return;
    for (size_t i = 0; i < list->count; i++) {
        finding_t *f = &list->item[i];
        if (is_about_runs(a, f))
            finding_clear(f);
        else
            list->item[kept++] = *f;
    }
    list->count = kept;
}

/* Findings about the servers that are shown, from all of their exchanges. */
static bool judge(analysis_t *a, const traffic_end_t *end)
{
    finding_list_t *list = &a->findings;
    finding_list_t of_chosen;
    size_t kept = 0;
    if (a->judged == NULL)
        return traffic_finish(a->traffic, end, list);
    finding_list_init(&of_chosen);
    bool good = traffic_finish(a->traffic, end, &of_chosen) && traffic_finish(a->judged, end, list);
    finding_list_free(&of_chosen);
    for (size_t i = 0; i < list->count; i++) {
        finding_t *f = &list->item[i];
        if (f->has_addr && server_at(a, &f->addr) == NULL)
            finding_clear(f);
        else
            list->item[kept++] = *f;
    }
    list->count = kept;
    return good;
}

/* Packets in the wrong order: replies far from their questions, or the newest first. Where many
 * queues are read, neighbours change places, but most are still older than the next. */
static bool is_misordered(const analysis_t *a)
{
    return pairer_stats(a->pairer)->misorder ||
           (a->packets >= BACKWARDS_MIN && a->backwards * 10 >= a->packets * 9);
}

bool analysis_finish(analysis_t *a, bool broken)
{
    decoder_finish(a->decoder);
    pairer_finish(a->pairer, a->end);
    bool whole = a->pipe == NULL || flow_pipe_finish(a->pipe);
    a->first_shown = a->first_used;
    const pair_stats_t *p = pairer_stats(a->pairer);
    traffic_end_t end = {.end = a->end,
                         .one_way = p->one_way,
                         .no_server = p->no_server,
                         .damaged_queries = p->damaged_queries,
                         .apart = p->apart,
                         .misorder = is_misordered(a)};
    bool good = judge(a, &end) && whole;
    if (end.apart != 0 || end.misorder) { /* a run is what times make of it */
        runs_free(a->runs);
        a->runs = NULL;
    }
    good = (a->runs == NULL || runs_finish(a->runs, broken)) && good;
    leave_to_runs(a);
    return good;
}

/* one and many: what follows the count. */
static void note(analysis_t *a, const char *id, const char *one, const char *many, uint64_t count)
{
    if (a->note_count < NOTES)
        a->notes[a->note_count++] = (report_count_t){id, noun(count, one, many), count};
}

static void note_decoding(analysis_t *a)
{
    const decode_stats_t *d = decoder_stats(a->decoder);
    note(a, "not-ip", "packet not IP", "packets not IP", d->not_ip);
    note(a, "other", "packet of another protocol or port", "packets of other protocols or ports",
         d->other);
    note(a, "link-unknown", "packet of a link type that is not known",
         "packets of a link type that is not known", d->link_unknown);
    snprintf(a->bad_packets, sizeof a->bad_packets,
             "%s with headers that make no sense (first: %" PRIu64 ")",
             noun(d->malformed, "packet", "packets"), d->malformed_first);
    note(a, "bad-packets", a->bad_packets, a->bad_packets, d->malformed);
    note(a, "cut", "packet cut too short by the capture (snap length)",
         "packets cut too short by the capture (snap length)", d->cut);
    snprintf(a->bad_checksum, sizeof a->bad_checksum,
             "%s with a wrong checksum (first: %" PRIu64 ")",
             noun(d->bad_checksum, "packet", "packets"), d->bad_checksum_first);
    note(a, "bad-checksum", a->bad_checksum, a->bad_checksum, d->bad_checksum);
    note(a, "never-right", "packet of a host whose checksums are all wrong",
         "packets of hosts whose checksums are all wrong", d->never_right);
    note(a, "fragments", "IP fragment", "IP fragments", d->fragments);
    note(a, "fragments-lost", "datagram whose fragments never came together",
         "datagrams whose fragments never came together", d->fragments_lost);
    note(a, "fragments-evicted", "datagram in fragments given up (--memory)",
         "datagrams in fragments given up (--memory)", d->fragments_evicted);
    note(a, "overlaps", "fragment or segment that overlaps with other octets",
         "fragments or segments that overlap with other octets", d->overlaps);
    note(a, "connections-evicted", "TCP connection given up (--memory)",
         "TCP connections given up (--memory)", d->connections_evicted);
    note(a, "segments-evicted", "TCP segment given up (--memory)",
         "TCP segments given up (--memory)", d->segments_evicted);
    note(a, "tunnels-too-deep", "packet in too many tunnels", "packets in too many tunnels",
         d->tunnels_too_deep);
}

static void note_pairing(analysis_t *a)
{
    const pair_stats_t *p = pairer_stats(a->pairer);
    note(a, "orphans", "reply without a question", "replies without a question", p->orphans);
    note(a, "early", "reply recorded before its question", "replies recorded before their question",
         p->early);
    /* of a rotated set a few are */
    note(a, "across", "reply in another file than its question: two clocks tell their times",
         "replies in another file than their questions: two clocks tell their times",
         p->across * 2 > p->answered ? p->across : 0);
    note(a, "icmp-orphans", "ICMP error about no known question",
         "ICMP errors about no known question", p->icmp_orphans);
    snprintf(a->empty, sizeof a->empty,
             "%s without a message: malformed at octet 0 (packet %" PRIu64 ")",
             noun(p->empty, "datagram", "datagrams"), p->empty_first);
    note(a, "empty", a->empty, a->empty, p->empty);
    note(a, "not-dns", "payload that is no DNS message", "payloads that are no DNS message",
         p->not_dns);
    note(a, "pending", "question that the capture ends too early for",
         "questions that the capture ends too early for", p->pending);
    note(a, "evicted", "exchange given up (--memory)", "exchanges given up (--memory)", p->evicted);
    note(a, "events-dropped", "event of an exchange not kept", "events of exchanges not kept",
         p->events_dropped);
    note(a, "servers-dropped", "server that had to make room (--memory)",
         "servers that had to make room (--memory)", traffic_servers_dropped(a->traffic));
    note(a, "names-dropped", "name no longer compared (--memory)",
         "names no longer compared (--memory)", traffic_names_dropped(a->traffic));
    if (a->runs != NULL)
        note(a, "runs-dropped", "question not looked at for runs of check (--memory)",
             "questions not looked at for runs of check (--memory)", runs_dropped(a->runs));
    note(a, "one-way", "direction only: questions or replies were not captured", "",
         traffic_is_one_way(a->traffic));
}

void analysis_report(analysis_t *a, const cap_stats_t *stats, replay_report_t *out)
{
    const pair_stats_t *p = pairer_stats(a->pairer);
    a->note_count = 0;
    if (stats != NULL) {
        note(a, "dropped", "packet lost by the capture (buffer full)",
             "packets lost by the capture (buffer full)", stats->dropped);
        note(a, "if-dropped", "packet lost by the interface", "packets lost by the interface",
             stats->if_dropped);
        note(a, "bpf", "packet left out by the BPF filter", "packets left out by the BPF filter",
             stats->filtered);
    }
    note(a, "outside", "packet outside of the times asked for",
         "packets outside of the times asked for", a->outside);
    note_decoding(a);
    note_pairing(a);
    out->packets = a->packets;
    out->octets = a->octets;
    out->first = a->first_used;
    out->last = a->last_used;
    out->queries = p->queries;
    out->replies = p->replies;
    out->exchanges = a->passed;
    out->filtered = a->filtered;
    out->notes = a->notes;
    out->note_count = a->note_count;
    out->traffic = a->traffic;
    out->findings = &a->findings;
    out->set = traffic_samples(a->judged != NULL ? a->judged : a->traffic);
    out->runs = a->runs;
}

void analysis_profile(analysis_t *a, const profile_t *profile)
{
    profile_apply(profile, &a->findings);
    if (a->runs != NULL)
        runs_profile(a->runs, profile);
}

int analysis_exit_code(const analysis_t *a)
{
    replay_report_t r = {.traffic = a->traffic, .findings = &a->findings, .runs = a->runs};
    int worst = replay_report_worst(&r);
    if (replay_report_untested(&r))
        return EXIT_UNTESTED;
    return worst == SEVERITY_ERROR     ? EXIT_ERRORS
           : worst == SEVERITY_WARNING ? EXIT_WARNINGS
                                       : EXIT_HEALTHY;
}

const pair_stats_t *analysis_pairs(const analysis_t *a)
{
    return pairer_stats(a->pairer);
}

int64_t analysis_began(const analysis_t *a)
{
    return a->first_shown;
}
