/* Findings about what a server answers, and how well. */
#include "diagnose/facts.h"
#include "diagnose/traffic_look.h"

/* A server that answers like this for most of what it is asked does not serve what it is asked for.
 * For less than half it may be the client that asks for what is not there: a warning. */
void look_lame(const look_t *l)
{
    const traffic_counts_t *n = l->n;
    const struct {
        uint64_t count;
        finding_id_t id;
        cause_t cause;
        const char *what;
    } kinds[] = {
        {n->lame_refused, FINDING_LAME_REFUSED, CAUSE_REFUSED, "answered REFUSED"},
        {n->lame_servfail, FINDING_LAME_SERVFAIL, CAUSE_SERVFAIL, "answered SERVFAIL"},
        {n->lame_rcode, FINDING_LAME_RCODE, CAUSE_RCODE, "answered with an error"},
        {n->lame_upward, FINDING_LAME_UPWARD_REFERRAL, CAUSE_UPWARD, "referred to the root"},
        {n->lame_not_aa, FINDING_LAME_NOT_AUTHORITATIVE, CAUSE_NOT_AA,
         "answered without authority"},
    };
    uint64_t all = l->e->authoritative;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        bool most = kinds[i].count * 2 >= all;
        if (kinds[i].count == 0 ||
            (!most && (kinds[i].count < SILENCE_MIN || !look_often(kinds[i].count, all))))
            continue;
        finding_t *f =
            traffic_finding(l->list, &l->e->s.addr, kinds[i].id, "%llu of %llu queries are %s.",
                            U(kinds[i].count), U(all), kinds[i].what);
        traffic_evidence(l->t, f, l->e, kinds[i].cause);
        if (f != NULL && !most)
            f->severity = SEVERITY_WARNING;
    }
}

/* --- EDNS and size --- */

bool look_edns(const look_t *l)
{
    const traffic_counts_t *n = l->n;
    if (n->edns_answered == 0 && n->plain_answered > 0 &&
        l->e->edns_attempts_silent >= SILENCE_MIN) {
        finding_t *f = traffic_finding(l->list, &l->e->s.addr, FINDING_EDNS_DROPPED,
                                       "%llu queries with EDNS, no answer; those without are "
                                       "answered.",
                                       U(l->e->edns_attempts_silent));
        traffic_evidence(l->t, f, l->e, CAUSE_EDNS_SILENT);
        return true;
    }
    if (n->edns_rejected > 0 && n->edns_rejected * 2 >= n->edns_answered) {
        finding_t *f =
            traffic_finding(l->list, &l->e->s.addr, FINDING_EDNS_BROKEN,
                            "%llu of %llu queries with EDNS are rejected; %llu were "
                            "asked again without.",
                            U(n->edns_rejected), U(n->edns_answered), U(n->edns_fallback));
        traffic_evidence(l->t, f, l->e, CAUSE_EDNS_REJECTED);
    }
    return false;
}

bool look_fragments(const look_t *l)
{
    if (l->n->fragments_lost == 0)
        return false;
    finding_t *f = traffic_finding(l->list, &l->e->s.addr, FINDING_FRAGMENTS_INCOMPLETE,
                                   "Of %llu answers some fragments came, and never all of them.",
                                   U(l->n->fragments_lost));
    traffic_evidence(l->t, f, l->e, CAUSE_FRAGMENTS);
    return true;
}

/* Types that are never answered over UDP by a server that answers others. */
void look_types(const look_t *l, bool fragments)
{
    const traffic_server_t *s = &l->e->s;
    for (size_t i = 0; i < s->type_count; i++) {
        const type_fact_t *k = &l->e->type[i];
        char type[16];
        if (k->answered > 0 || k->silent < SILENCE_MIN)
            continue;
        bool big = k->room && (k->tcp_answered || traffic_is_big(l->t, s->type[i].type));
        if (big && fragments)
            continue; /* it is known why */
        nsp_type_text(s->type[i].type, type);
        finding_t *f =
            big ? traffic_finding(l->list, &s->addr, FINDING_BIG_ANSWER_LOST,
                                  "%u queries for %s over UDP, no answer; %s.", k->silent, type,
                                  k->tcp_answered ? "over TCP it comes"
                                                  : "such answers are large elsewhere")
                : traffic_finding(l->list, &s->addr, FINDING_QUERY_DROPPED,
                                  "%u queries for %s, no answer; other types are answered.",
                                  k->silent, type);
        if (k->sample != 0)
            finding_add_evidence(f, l->t->samples.item[k->sample - 1]);
    }
}

/* --- quality --- */

void look_quality(const look_t *l)
{
    const traffic_counts_t *n = l->n;
    char text[32];
    if (n->recovered >= SILENCE_MIN && look_often(n->recovered, n->udp_queries)) {
        finding_t *f = traffic_finding(l->list, &l->e->s.addr, FINDING_FLAPPING,
                                       "%llu of %llu queries are answered only after the first "
                                       "attempt was lost.",
                                       U(n->recovered), U(n->udp_queries));
        traffic_evidence(l->t, f, l->e, CAUSE_RECOVERED);
    }
    if (look_often(n->late, n->queries)) {
        finding_t *f = traffic_finding(l->list, &l->e->s.addr, FINDING_LATE_REPLY,
                                       "%llu of %llu replies come after the client asked again.",
                                       U(n->late), U(n->answered));
        traffic_evidence(l->t, f, l->e, CAUSE_LATE);
    }
    int64_t median = latency_percentile(&l->e->s.latency, 0.5);
    if (n->answered >= MEDIAN_MIN && median > l->t->o.slow)
        traffic_finding(l->list, &l->e->s.addr, FINDING_SLOW,
                        "Half of %llu replies took %s or more.", U(n->answered),
                        time_label(median, text));
}
