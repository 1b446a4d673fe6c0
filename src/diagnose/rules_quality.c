/* Loss, delay, and recursion: addresses that serve the zone, but not as well as they should. */
#include <stdlib.h>

#include "diagnose/facts.h"

/* Whoever asks has given up by then, whatever it is: dig and the C library's resolver wait so long.
 */
#define PATIENCE INT64_C(5000000000)

/* Attempts over UDP that were lost at an address. Silence of a whole kind counts only where
 * other kinds, which were answered, lost attempts too. */
typedef struct loss {
    unsigned attempts; /* of kinds that were answered */
    unsigned lost;
    unsigned silent_attempts; /* of kinds that never were */
} loss_t;

/* Another exchange with the same question was answered. */
static bool kind_answered(const diag_t *d, const subject_t *s, const fact_t *f)
{
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *o = subject_at(d, s, i);
        if (o != f && o->kind == f->kind && o->x->qtype == f->x->qtype && fact_answered(o))
            return true;
    }
    return false;
}

/* Questions in other forms (form.h), which are no facts: where they are answered, they lose
 * attempts as any do. */
static void count_forms(const diag_t *d, const subject_t *s, loss_t *n)
{
    outcome_t o;
    for (uint32_t i = 0; i < d->set->count; i++) {
        const exchange_t *x = d->set->item[i];
        if (x->transport != TRANSPORT_UDP || !addr_equal(&x->server, &s->a->addr) ||
            !nsp_name_equal(&x->qname, &d->m->zone) || probe_kind_of(x, &d->m->zone) != PROBE_NONE)
            continue;
        outcome_of(x, &o, NULL);
        if (o.kind != OUTCOME_ANSWERED)
            continue;
        n->attempts += o.attempts;
        n->lost += o.late ? 0 : o.lost;
    }
}

static loss_t count_loss(const diag_t *d, const subject_t *s)
{
    loss_t n = {0, 0, 0};
    count_forms(d, s, &n);
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *f = subject_at(d, s, i);
        if (!fact_is_udp(f))
            continue;
        if (fact_answered(f)) {
            n.attempts += f->o.attempts;
            n.lost += f->o.late ? 0 : f->o.lost; /* what comes late was not lost */
        } else if (f->o.kind == OUTCOME_SILENT && kind_answered(d, s, f)) {
            n.attempts += f->o.attempts;
            n.lost += f->o.attempts;
        } else if (f->o.kind == OUTCOME_SILENT) {
            n.silent_attempts += f->o.attempts;
        }
    }
    return n;
}

static void flapping_evidence(const diag_t *d, const subject_t *s, finding_t *f)
{
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *k = subject_at(d, s, i);
        if (fact_is_udp(k) &&
            ((fact_answered(k) && k->o.lost > 0 && !k->o.late) ||
             (k->o.kind == OUTCOME_SILENT && (s->flapping || kind_answered(d, s, k)))))
            finding_add_evidence(f, k->x);
    }
}

/* So many questions are silent, of so many types, with EDNS and without, that what they have in
 * common is only chance: a rate limit lets the first few pass. */
#define SILENT_LEAST 4
#define TYPES_LEAST  3

static bool is_silent_by_chance(const diag_t *d, const subject_t *s)
{
    uint16_t type[TYPES_LEAST];
    unsigned types = 0;
    unsigned with_edns = 0;
    unsigned silent = 0;
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *f = subject_at(d, s, i);
        bool seen = false;
        if (!fact_is_udp(f) || f->o.kind != OUTCOME_SILENT)
            continue;
        silent++;
        with_edns += f->query_opt;
        for (unsigned k = 0; k < types; k++)
            seen = seen || type[k] == f->x->qtype;
        if (!seen && types < TYPES_LEAST)
            type[types++] = f->x->qtype;
    }
    return silent >= SILENT_LEAST && types == TYPES_LEAST && with_edns > 0 && with_edns < silent;
}

/* One lost packet is ordinary; it is told, but it is no warning. A fifth and more of the attempts
 * lost means that a kind which was silent in all of its attempts may be chance as well. */
static void flapping_one(diag_t *d, subject_t *s)
{
    loss_t n = count_loss(d, s);
    bool chance = is_silent_by_chance(d, s);
    if (n.lost == 0 && !chance)
        return;
    s->flapping = chance || (n.lost >= 2 && n.lost * 5 >= n.attempts);
    if (s->flapping) {
        n.attempts += n.silent_attempts;
        n.lost += n.silent_attempts;
    }
    finding_t *f =
        subject_finding(d, s, FINDING_FLAPPING,
                        "%u of %u UDP queries got no answer; the others did.", n.lost, n.attempts);
    flapping_evidence(d, s, f);
    if (f != NULL && n.lost == 1)
        f->severity = SEVERITY_NOTICE;
}

void rules_quality_flapping(diag_t *d)
{
    for (size_t i = 0; i < d->subject_count; i++) {
        subject_t *s = &d->subject[i];
        if (!s->folded && s->udp == REACH_ANSWERED)
            flapping_one(d, s);
    }
}

static int compare_times(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;
    return a < b ? -1 : a > b;
}

typedef struct timing {
    size_t count;
    size_t late;
    int64_t median;
    int64_t latest;
} timing_t;

/* Reply times over UDP. False without memory. */
static bool measure(diag_t *d, const subject_t *s, timing_t *out)
{
    int64_t *times = calloc(s->count > 0 ? s->count : 1, sizeof *times);
    memset(out, 0, sizeof *out);
    if (times == NULL) {
        d->list->out_of_memory = true;
        return false;
    }
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *f = subject_at(d, s, i);
        if (!fact_is_udp(f) || !fact_answered(f) || f->o.rtt < 0)
            continue;
        times[out->count++] = f->o.rtt;
        out->late += f->o.late;
        if (f->o.late && f->o.rtt > out->latest)
            out->latest = f->o.rtt;
    }
    qsort(times, out->count, sizeof *times, compare_times);
    out->median = out->count > 0 ? times[out->count / 2] : 0;
    free(times);
    return out->count > 0;
}

/* Late replies where most are in time; or slow as a whole. More than half of them late is told as
 * late alone, since to a client such a server is silent. */
static void timing_one(diag_t *d, const subject_t *s)
{
    timing_t t;
    char median[32];
    char limit[32];
    if (!measure(d, s, &t))
        return;
    bool slow = t.median > d->options.slow;
    finding_t *f = NULL;
    if (t.late > 0 && (!slow || t.late * 2 > t.count))
        f = subject_finding(d, s, FINDING_LATE_REPLY,
                            "%zu of %zu replies came after their attempt was over, up to %s after "
                            "the query.",
                            t.late, t.count, time_label(t.latest, median));
    else if (slow && t.count > 1)
        f = subject_finding(d, s, FINDING_SLOW, "The median of %zu replies is %s, above %s.",
                            t.count, time_label(t.median, median),
                            time_label(d->options.slow, limit));
    if (f != NULL && t.late == t.count && t.latest > PATIENCE)
        f->severity = SEVERITY_ERROR;
    for (size_t i = 0; f != NULL && i < s->count; i++) {
        const fact_t *k = subject_at(d, s, i);
        if (fact_is_udp(k) && fact_answered(k) &&
            (f->id == FINDING_LATE_REPLY ? k->o.late : k->o.rtt > d->options.slow))
            finding_add_evidence(f, k->x);
    }
}

/* A question over UDP whose answer fits into any message: the SOA or the NS records of the zone, in
 * whatever form. */
static bool is_small(const diag_t *d, const subject_t *s, const exchange_t *x)
{
    const event_t *q = exchange_query(x);
    return x->transport == TRANSPORT_UDP && addr_equal(&x->server, &s->a->addr) &&
           (x->qtype == NSP_TYPE_SOA || x->qtype == NSP_TYPE_NS) &&
           nsp_name_equal(&x->qname, &d->m->zone) && q != NULL && (q->bytes[2] & 2) == 0;
}

/* The reply is an answer, and cut (*cut) or not. */
static bool small_answered(diag_t *d, const exchange_t *x, bool *cut)
{
    outcome_t o;
    outcome_of(x, &o, d->scratch);
    if (o.kind != OUTCOME_ANSWERED || nsp_msg_rcode(&d->scratch->msg) != NSP_RCODE_NOERROR)
        return false;
    *cut = nsp_msg_has(&d->scratch->msg, NSP_FLAG_TC);
    return true;
}

/* TC without need (RFC 1035 4.2.1): in all answers, or in more of them than may be told by chance.
 */
static void truncated_one(diag_t *d, const subject_t *s)
{
    const fact_t *tcp = subject_fact(d, s, PROBE_SOA_TCP);
    char label[LABEL_MAX];
    unsigned count = 0;
    unsigned cut = 0;
    bool is_cut = false;
    for (uint32_t i = 0; i < d->set->count; i++) {
        if (!is_small(d, s, d->set->item[i]) || !small_answered(d, d->set->item[i], &is_cut))
            continue;
        count++;
        cut += is_cut;
    }
    if (cut < 2 || (cut < count && cut * 4 < count) || !fact_answered(tcp) ||
        tcp->cls != CLASS_GOOD)
        return;
    finding_t *out =
        cut == count
            ? subject_finding(d, s, FINDING_UDP_TRUNCATED,
                              "All %u answers for SOA and NS over UDP are cut (TC); over TCP they "
                              "are whole.",
                              cut)
            : subject_finding(d, s, FINDING_UDP_TRUNCATED,
                              "%u of %u answers for SOA and NS over UDP are cut (TC), though all "
                              "fit; over TCP they are whole.",
                              cut, count);
    for (uint32_t i = 0; i < d->set->count; i++)
        if (is_small(d, s, d->set->item[i]) && small_answered(d, d->set->item[i], &is_cut) &&
            is_cut)
            finding_add_evidence(out, d->set->item[i]);
    if (cut == count)
        return;
    finding_add_likely(out, "A limit of the rate of answers (RRL) that sends some of them cut.",
                       "Only some answers are cut, and others to the same question are not.");
    finding_set_fix(out,
                    "Look at the limit of the rate of answers of %s, or of what protects it: the "
                    "few questions of this test are no flood, and a busy resolver asks more.",
                    subject_label(d, s, label));
}

static void recursion_one(diag_t *d, const subject_t *s)
{
    const fact_t *f = subject_soa(d, s);
    if (f == NULL || (f->flags & NSP_FLAG_RA) == 0)
        return;
    finding_t *out = subject_finding(d, s, FINDING_RECURSION_OFFERED, "Replies have RA set.");
    finding_add_evidence(out, f->x);
}

void rules_quality(diag_t *d)
{
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *s = &d->subject[i];
        if (s->folded || !s->serves)
            continue;
        timing_one(d, s);
        truncated_one(d, s);
        recursion_one(d, s);
    }
}
