/* Findings about what a server answers, and how well. */
#include <stdio.h>

#include "diagnose/facts.h"
#include "diagnose/traffic_look.h"
#include "exchange/noun.h"

/* "answered NOTAUTH", or what most are answered. */
static const char *error_words(const look_t *l, char out[48])
{
    const uint64_t *n = l->e->s.rcode;
    uint16_t most = NSP_RCODE_FORMERR;
    uint64_t all = 0;
    char rcode[16];
    for (uint16_t i = NSP_RCODE_FORMERR; i < TRAFFIC_RCODES - 1; i++) {
        if (i == NSP_RCODE_SERVFAIL || i == NSP_RCODE_NXDOMAIN || i == NSP_RCODE_REFUSED)
            continue;
        all += n[i];
        if (n[i] > n[most])
            most = i;
    }
    if (n[most] == 0)
        return "answered with an error";
    snprintf(out, 48, n[most] == all ? "answered %s" : "answered with an error, most %s",
             nsp_rcode_text(most, rcode));
    return out;
}

/* A server that never answers with authority does not serve what it is asked for. One that does for
 * other names may be asked for what it does not have: it takes more to say so, and is a warning. */
void look_lame(const look_t *l)
{
    const traffic_counts_t *n = l->n;
    char words[48];
    const struct {
        uint64_t count;
        finding_id_t id;
        cause_t cause;
        const char *what;
    } kinds[] = {
        {n->lame_refused, FINDING_LAME_REFUSED, CAUSE_REFUSED, "answered REFUSED"},
        {n->lame_servfail, FINDING_LAME_SERVFAIL, CAUSE_SERVFAIL, "answered SERVFAIL"},
        {n->lame_rcode, FINDING_LAME_RCODE, CAUSE_RCODE, error_words(l, words)},
        {n->lame_upward, FINDING_LAME_UPWARD_REFERRAL, CAUSE_UPWARD, "referred to the root"},
        {n->lame_not_aa, FINDING_LAME_NOT_AUTHORITATIVE, CAUSE_NOT_AA,
         "answered without authority"},
    };
    uint64_t all = l->e->authoritative;
    bool never = l->e->served == 0;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].count < (never ? 1 : SILENCE_MIN) || !look_often(kinds[i].count, all))
            continue;
        finding_t *f =
            traffic_finding(l->list, &l->e->s.addr, kinds[i].id, "%llu of %llu %s %s %s.",
                            U(kinds[i].count), U(all), noun(all, "query", "queries"),
                            noun(kinds[i].count, "is", "are"), kinds[i].what);
        traffic_evidence(l->t, f, l->e, kinds[i].cause);
        if (f != NULL && !never)
            f->severity = SEVERITY_WARNING;
    }
}

/* --- EDNS and size --- */

/* Whatever else is asked has an error for an answer as well: EDNS is not to blame. */
static bool rejects_all(const look_t *l)
{
    return l->n->lame_rcode > 0 && l->e->served == 0;
}

static void edns_rejected(const look_t *l)
{
    const traffic_counts_t *n = l->n;
    char again[64] = "";
    if (n->edns_fallback > 0)
        snprintf(again, sizeof again, "; %llu %s asked again without", U(n->edns_fallback),
                 noun(n->edns_fallback, "was", "were"));
    finding_t *f = traffic_finding(l->list, &l->e->s.addr, FINDING_EDNS_BROKEN,
                                   "%llu of %llu %s with EDNS %s rejected%s.", U(n->edns_rejected),
                                   U(n->edns_answered), noun(n->edns_answered, "query", "queries"),
                                   noun(n->edns_rejected, "is", "are"), again);
    traffic_evidence(l->t, f, l->e, CAUSE_EDNS_REJECTED);
}

/* True when no question with an EDNS option gets an answer, and others do. */
static bool look_options_dropped(const look_t *l)
{
    const entry_t *e = l->e;
    uint32_t types = e->types_option_silent;
    /* it is not a type alone: there are several, or it is answered without */
    bool options = (types & (types - 1)) != 0 || (types & e->types_udp) != 0;
    return options && !l->one_way && !e->options_answered && l->n->udp_answered > 0 &&
           look_is_no_chance(l, e->option_attempts_silent);
}

/* Questions of a type that were silent all had room for answers in fragments, none with so much
 * room was answered, and none of the type with less. */
static bool may_be_size(const look_t *l, size_t i)
{
    uint32_t bit = UINT32_C(1) << i;
    return l->n->big_answered == 0 && l->e->type[i].silent > 0 &&
           ((l->e->types_udp | l->e->types_safe_silent) & bit) == 0;
}

/* Silence of questions with EDNS that is that of large answers. */
static bool size_explains(const look_t *l)
{
    const entry_t *e = l->e;
    if (e->big.attempts + SILENCE_MIN > e->edns_attempts_silent)
        return e->big.attempts > 0;
    for (size_t i = 0; i < e->s.type_count; i++)
        if (e->type[i].silent > 0 && !may_be_size(l, i))
            return false;
    return true;
}

/* All that are rejected have an option, none with one is not, and EDNS alone is answered. */
static bool options_rejected(const look_t *l)
{
    return l->e->options_rejected == l->n->edns_rejected && !l->e->options_answered &&
           l->n->edns_answered > l->n->edns_rejected;
}

static void option_finding(const look_t *l, uint64_t count, const char *fate, cause_t cause)
{
    char name[16];
    finding_t *f = traffic_finding(
        l->list, &l->e->s.addr, FINDING_EDNS_OPTION_BROKEN,
        "%llu %s with an EDNS option (%s) %s; those without are answered.", U(count),
        noun(count, "query", "queries"), nsp_option_text(l->e->option, name), fate);
    traffic_evidence(l->t, f, l->e, cause);
}

bool look_edns(const look_t *l)
{
    const traffic_counts_t *n = l->n;
    const entry_t *e = l->e;
    finding_t *f;
    if (n->edns_answered == 0 && n->plain_answered > 0 && !l->one_way && !size_explains(l) &&
        look_is_no_chance(l, e->edns_attempts_silent)) {
        f = traffic_finding(l->list, &e->s.addr, FINDING_EDNS_DROPPED,
                            "%llu %s with EDNS, no answer; those without are answered.",
                            U(e->edns_attempts_silent),
                            noun(e->edns_attempts_silent, "query", "queries"));
        traffic_evidence(l->t, f, e, CAUSE_EDNS_SILENT);
        return true;
    }
    if (look_options_dropped(l)) {
        option_finding(l, e->option_attempts_silent,
                       noun(e->option_attempts_silent, "gets no answer", "get no answer"),
                       CAUSE_EDNS_SILENT);
        return true;
    }
    if (n->edns_rejected > 0 && options_rejected(l)) {
        option_finding(l, n->edns_rejected, noun(n->edns_rejected, "is rejected", "are rejected"),
                       CAUSE_EDNS_REJECTED);
        return false;
    }
    if (n->edns_rejected > 0 && n->edns_rejected * 2 >= n->edns_answered && !rejects_all(l)) {
        edns_rejected(l);
    } else if (e->with_opt == 0 && e->without_opt >= STRANGE_MIN) {
        f = traffic_finding(l->list, &e->s.addr, FINDING_EDNS_BROKEN,
                            "%llu queries with EDNS are answered without an OPT record.",
                            U(e->without_opt));
        traffic_evidence(l->t, f, e, CAUSE_EDNS_NO_OPT);
    }
    return false;
}

/* One loss is chance, and so are a few where most come whole. */
bool look_fragments(const look_t *l)
{
    const traffic_counts_t *n = l->n;
    uint64_t unheard = l->e->unheeded;
    finding_t *f;
    if (n->fragments_lost >= STRANGE_MIN && n->fragments_lost > n->fragmented)
        f = traffic_finding(l->list, &l->e->s.addr, FINDING_FRAGMENTS_INCOMPLETE,
                            "Of %llu answers some fragments came, and never all of them.",
                            U(n->fragments_lost));
    else if (unheard >= STRANGE_MIN && look_often(unheard, n->fragmented))
        f = traffic_finding(l->list, &l->e->s.addr, FINDING_FRAGMENTS_INCOMPLETE,
                            "After %llu of %llu answers in fragments, whole here, the client asked "
                            "again: they are lost behind the place of the capture.",
                            U(unheard), U(n->fragmented));
    else
        return false;
    traffic_evidence(l->t, f, l->e, CAUSE_FRAGMENTS);
    return true;
}

/* Silence of one type that size does not explain. */
static uint32_t unexplained(const look_t *l, size_t i)
{
    const big_fact_t *b = &l->e->big;
    const big_fact_t *s = &l->e->size;
    uint32_t silent = l->e->type[i].silent;
    uint32_t known =
        (b->names > 0 && l->t->name[b->name].type == l->e->s.type[i].type ? b->attempts : 0) +
        (s->names > 0 && l->t->name[s->name].type == l->e->s.type[i].type ? s->attempts : 0);
    return known < silent ? silent - known : 0;
}

/* Types that are never answered over UDP by a server that answers others. */
void look_types(const look_t *l, bool fragments)
{
    const traffic_server_t *s = &l->e->s;
    for (size_t i = 0; i < s->type_count; i++) {
        const type_fact_t *k = &l->e->type[i];
        char type[16];
        uint32_t bit = UINT32_C(1) << i;
        bool over_tcp = (l->e->types_tcp & bit) != 0;
        if ((l->e->types_udp & bit) != 0 || !look_is_no_chance(l, unexplained(l, i)))
            continue;
        bool known = over_tcp || traffic_is_big(l->t, s->type[i].type);
        bool big = (l->e->types_room & bit) != 0 && (known || may_be_size(l, i));
        if (big && (fragments || l->e->big.attempts >= SILENCE_MIN))
            continue; /* it is known why */
        const char *text = nsp_type_text(s->type[i].type, type);
        finding_t *f =
            big ? traffic_finding(l->list, &s->addr, FINDING_BIG_ANSWER_LOST,
                                  "%u %s for %s over UDP, no answer; %s.", k->silent,
                                  noun(k->silent, "query", "queries"), text,
                                  over_tcp ? "over TCP it comes"
                                  : known  ? "such answers are large elsewhere"
                                           : "they have room for answers in fragments, and others, "
                                             "which have not, are answered")
                : traffic_finding(l->list, &s->addr, FINDING_QUERY_DROPPED,
                                  "%u %s for %s, no answer; other types are answered.", k->silent,
                                  noun(k->silent, "query", "queries"), text);
        if (k->sample != 0)
            finding_add_evidence(f, l->t->samples.item[k->sample - 1]);
    }
}

/* --- quality --- */

/* Questions of types that are never answered, or whose answers are too big: another matter. */
static uint64_t flapping_silence(const look_t *l)
{
    uint64_t silent = l->n->udp_silent;
    uint64_t other = l->e->big.flows + l->e->size.flows;
    for (size_t i = 0; i < l->e->s.type_count; i++)
        if ((l->e->types_udp >> i & 1) == 0 && look_is_no_chance(l, unexplained(l, i)))
            other += l->e->type[i].silent_flows;
    bool edns = l->n->edns_answered == 0 && l->e->edns_attempts_silent >= SILENCE_MIN;
    if (edns || l->n->udp_answered == 0 || l->one_way || look_options_dropped(l))
        other = silent; /* silence of one kind says nothing about loss */
    return other < silent ? silent - other : 0;
}

void look_quality(const look_t *l)
{
    const traffic_counts_t *n = l->n;
    char text[32];
    uint64_t silent = flapping_silence(l);
    finding_t *f;
    if (n->recovered + silent >= SILENCE_MIN && look_often(n->recovered + silent, n->udp_queries)) {
        f = traffic_finding(l->list, &l->e->s.addr, FINDING_FLAPPING,
                            "Of %llu queries %llu are answered only after the first attempt was "
                            "lost, %llu never.",
                            U(n->udp_queries), U(n->recovered), U(silent));
        traffic_evidence(l->t, f, l->e, CAUSE_RECOVERED);
        if (silent > 0)
            traffic_evidence(l->t, f, l->e, CAUSE_SILENT);
    }
    if (n->late >= STRANGE_MIN && look_often(n->late, n->queries)) {
        f = traffic_finding(l->list, &l->e->s.addr, FINDING_LATE_REPLY,
                            "%llu of %llu replies come after the client gave up or asked again.",
                            U(n->late), U(n->answered));
        traffic_evidence(l->t, f, l->e, CAUSE_LATE);
    }
    int64_t median = latency_percentile(&l->e->s.latency, 0.5);
    uint64_t timed = l->e->s.latency.count; /* replies whose times are in order */
    if (timed >= MEDIAN_MIN && median > l->t->o.slow)
        traffic_finding(l->list, &l->e->s.addr, FINDING_SLOW,
                        "Half of %llu replies took %s or more.", U(timed),
                        time_label(median, text));
}
