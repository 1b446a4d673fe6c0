#include "report/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMES_MAX 64

/* What is gathered over the exchanges of one address. */
typedef struct tally {
    address_summary_t *out;
    int udp_rank;
    int tcp_rank;
    bool plain_ok;
    bool edns_ok;
    bool edns_seen;
    bool aa_seen;
    bool aa;
    int64_t time[TIMES_MAX];
    unsigned times;
} tally_t;

/* How much an outcome says about reachability: the best one is shown. */
static int rank_of(outcome_kind_t kind)
{
    static const int ranks[] = {
        [OUTCOME_PENDING] = 0,   [OUTCOME_NOT_SENT] = 1, [OUTCOME_SILENT] = 2,
        [OUTCOME_NO_SYNACK] = 2, [OUTCOME_ICMP] = 3,     [OUTCOME_REFUSED] = 3,
        [OUTCOME_CLOSED] = 4,    [OUTCOME_RESET] = 4,    [OUTCOME_MISMATCHED] = 5,
        [OUTCOME_MALFORMED] = 6, [OUTCOME_ANSWERED] = 7};
    return ranks[kind];
}

const char *summary_word(const outcome_t *o, const reply_t *reply, char buf[16])
{
    static const char *const words[] = {
        [OUTCOME_PENDING] = "-",      [OUTCOME_NOT_SENT] = "-",  [OUTCOME_SILENT] = "none",
        [OUTCOME_NO_SYNACK] = "none", [OUTCOME_ICMP] = "icmp",   [OUTCOME_REFUSED] = "refused",
        [OUTCOME_CLOSED] = "closed",  [OUTCOME_RESET] = "reset", [OUTCOME_MISMATCHED] = "wrong",
        [OUTCOME_MALFORMED] = "bad"};
    if (o->kind != OUTCOME_ANSWERED)
        return words[o->kind];
    uint16_t rcode = nsp_msg_rcode(&reply->msg);
    if (rcode == NSP_RCODE_NOERROR)
        return "ok";
    char text[16];
    snprintf(buf, 16, "%.8s", nsp_rcode_text(rcode, text));
    return buf;
}

static void take_apex(tally_t *t, const reply_t *reply, const nsp_name_t *zone)
{
    const nsp_msg_t *m = &reply->msg;
    if (nsp_msg_rcode(m) != NSP_RCODE_NOERROR)
        return;
    t->aa_seen = true;
    t->aa = t->aa || nsp_msg_has(m, NSP_FLAG_AA);
    for (uint16_t i = 0; i < m->found[NSP_ANSWER]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        uint64_t serial = 0;
        if (rr->type == NSP_TYPE_SOA && nsp_rr_owner_is(m, rr, zone) &&
            nsp_rdata_number(m, rr, 2, &serial)) {
            t->out->has_serial = true;
            t->out->serial = (uint32_t)serial;
        }
    }
}

static void take(tally_t *t, const exchange_t *x, const nsp_name_t *zone, reply_t *scratch)
{
    outcome_t o;
    probe_kind_t probe = probe_kind_of(x, zone);
    if (probe == PROBE_NONE)
        return;
    outcome_of(x, &o, scratch);
    bool udp = x->transport == TRANSPORT_UDP;
    int rank = rank_of(o.kind);
    bool apex = probe != PROBE_NXDOMAIN && probe != PROBE_NODATA && probe != PROBE_SIGNED &&
                probe != PROBE_SIGNED_TCP;
    int *best = udp ? &t->udp_rank : &t->tcp_rank;
    if (apex && rank > *best) {
        *best = rank;
        if (udp)
            t->out->udp = summary_word(&o, scratch, t->out->udp_buf);
        else
            t->out->tcp = summary_word(&o, scratch, t->out->tcp_buf);
    }
    if (udp && o.rtt >= 0 && t->times < TIMES_MAX)
        t->time[t->times++] = o.rtt;
    if (o.kind != OUTCOME_ANSWERED)
        return;
    bool good = nsp_msg_rcode(&scratch->msg) == NSP_RCODE_NOERROR;
    t->plain_ok = t->plain_ok || (probe == PROBE_SOA && good);
    if (probe == PROBE_SOA_EDNS || probe == PROBE_NS || probe == PROBE_CASE) {
        t->edns_seen = true;
        t->edns_ok = t->edns_ok || scratch->msg.opt != NSP_NO_RR;
    }
    if (apex)
        take_apex(t, scratch, zone);
}

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

void summary_of(const model_t *m, const exchange_set_t *set, const model_address_t *a,
                reply_t *scratch, address_summary_t *out)
{
    tally_t t;
    memset(&t, 0, sizeof t);
    memset(out, 0, sizeof *out);
    t.out = out;
    out->udp = out->tcp = out->aa = out->edns = "-";
    out->rtt = -1;
    for (uint32_t i = 0; i < set->count; i++)
        if (addr_equal(&set->item[i]->server, &a->addr))
            take(&t, set->item[i], &m->zone, scratch);
    if (t.aa_seen)
        out->aa = t.aa ? "yes" : "no";
    if (t.edns_ok)
        out->edns = "ok";
    else if (t.edns_seen)
        out->edns = "broken";
    else if (t.plain_ok)
        out->edns = "none";
    if (t.times > 0) {
        qsort(t.time, t.times, sizeof t.time[0], by_time);
        out->rtt = t.time[t.times / 2];
    }
}
