/* Findings about each server address, from what was counted of it.
 *
 * Traffic of others has chance in it that the questions of a check have not: one lost packet, one
 * forged reply, a client that hangs up. So each rule wants a minimum of evidence:
 *   SILENCE_MIN   attempts without an answer before silence is the server's: at 10 % loss, which is
 *                 a network that hardly works, three in a row are lost once in a thousand times
 *   STRANGE_MIN   replies that do not match: one may be forged or stray, two are the server's; one
 *                 will do when the server never answers properly
 *   SHARE         of all questions, for what happens now and then: below one in twenty nobody would
 *                 notice
 * What is wrong in a message itself (malformed) is no chance, since its checksum was right: one
 * will do. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "diagnose/facts.h"
#include "diagnose/traffic_fold.h"
#include "exchange/icmp.h"

#define SILENCE_MIN 3
#define STRANGE_MIN 2
#define SHARE       20
/* A median is one of at least so many. */
#define MEDIAN_MIN 3

finding_t *traffic_finding(finding_list_t *list, const addr_t *addr, finding_id_t id,
                           const char *format, ...)
{
    char text[600];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    finding_t *f = finding_add(list, id, "%s", text);
    if (f != NULL) {
        f->has_addr = true;
        f->addr = *addr;
    }
    return f;
}

void traffic_evidence(const traffic_t *t, finding_t *f, const entry_t *e, cause_t cause)
{
    for (uint8_t i = 0; i < e->sample_count[cause]; i++)
        finding_add_evidence(f, t->samples.item[e->sample[cause][i] - 1]);
}

/* One server while the rules look at it. */
typedef struct look {
    traffic_t *t;
    const entry_t *e;
    const traffic_counts_t *n;
    finding_list_t *list;
} look_t;

#define U(x) ((unsigned long long)(x))

static bool often(uint64_t count, uint64_t of)
{
    return count > 0 && count * SHARE >= of;
}

/* --- reachability, after the table in rules_reach.c --- */

static bool tcp_failed(const traffic_counts_t *n)
{
    return n->tcp_answered == 0 &&
           (n->tcp_refused > 0 || n->tcp_reset > 0 || n->tcp_closed > 0 || n->tcp_no_synack > 0);
}

/* Silence that is the server's: enough attempts, by clients that asked again, since one that got
 * its answer would not. Where none ever does, replies of others show at least that replies are
 * captured. */
static bool udp_dead(const look_t *l)
{
    const traffic_counts_t *n = l->n;
    return n->udp_answered == 0 && n->orphans == 0 && l->e->udp_attempts_silent >= SILENCE_MIN &&
           (n->retried > 0 || l->t->total.n.udp_answered > 0);
}

static const char *tcp_words(const traffic_counts_t *n)
{
    if (n->tcp_refused > 0)
        return "connections are refused";
    if (n->tcp_reset > 0)
        return "connections are reset";
    if (n->tcp_closed > 0)
        return "connections are closed without an answer";
    return n->tcp_no_synack > 0 ? "the handshake is not answered"
                                : "connections are made, but no answer comes";
}

static void dead_rule(const look_t *l)
{
    const traffic_counts_t *n = l->n;
    unsigned long long silent = U(l->e->udp_attempts_silent);
    finding_t *f;
    if (n->tcp_answered > 0)
        f = traffic_finding(l->list, &l->e->s.addr, FINDING_UDP_UNRESPONSIVE,
                            "UDP: %llu queries, no answer; TCP is answered.", silent);
    else if (tcp_failed(n) || n->tcp_connections > 0)
        f = traffic_finding(l->list, &l->e->s.addr, FINDING_UNRESPONSIVE,
                            "UDP: %llu queries, no answer; TCP: %s.", silent, tcp_words(n));
    else
        f = traffic_finding(l->list, &l->e->s.addr, FINDING_UNRESPONSIVE,
                            "UDP: %llu queries, no answer.", silent);
    traffic_evidence(l->t, f, l->e, CAUSE_SILENT);
    traffic_evidence(l->t, f, l->e, CAUSE_TCP_SILENT);
    traffic_evidence(l->t, f, l->e, CAUSE_TCP_REFUSED);
    traffic_evidence(l->t, f, l->e, CAUSE_TCP_RESET);
}

/* ICMP errors where nothing is answered, or for a share of what is asked. */
static bool icmp_rule(const look_t *l)
{
    const traffic_counts_t *n = l->n;
    const traffic_icmp_t *most = &l->e->s.icmp[0];
    char from[ADDR_TEXT_MAX];
    if (n->icmp == 0 || l->e->s.icmp_count == 0)
        return false;
    if (n->answered > 0 && (n->icmp < SILENCE_MIN || !often(n->icmp, n->queries)))
        return false;
    for (size_t i = 1; i < l->e->s.icmp_count; i++)
        if (l->e->s.icmp[i].count > most->count)
            most = &l->e->s.icmp[i];
    addr_text(&most->from, from);
    finding_t *f = traffic_finding(
        l->list, &l->e->s.addr, FINDING_ICMP_UNREACHABLE, "ICMP \"%s\" from %s, %llu times%s.",
        icmp_text(most->from.family, most->type, most->code), from, U(most->count),
        n->answered > 0 ? "; other queries are answered" : "");
    traffic_evidence(l->t, f, l->e, CAUSE_ICMP);
    return n->answered == 0;
}

static void tcp_rule(const look_t *l)
{
    const traffic_counts_t *n = l->n;
    static const cause_t causes[] = {CAUSE_TCP_REFUSED, CAUSE_TCP_RESET, CAUSE_TCP_CLOSED,
                                     CAUSE_TCP_SILENT};
    uint64_t failed = n->tcp_refused + n->tcp_reset + n->tcp_closed + n->tcp_no_synack;
    /* some connections fail anywhere: servers close idle ones, clients go away */
    if (failed == 0 || n->udp_answered == 0 || (n->tcp_answered > 0 && failed < n->tcp_answered))
        return;
    finding_id_t id = n->tcp_refused > 0  ? FINDING_TCP_REFUSED
                      : n->tcp_reset > 0  ? FINDING_TCP_RESET
                      : n->tcp_closed > 0 ? FINDING_TCP_CLOSED
                                          : FINDING_TCP_UNRESPONSIVE;
    finding_t *f;
    if (n->truncated > 0 && n->tcp_answered == 0)
        f = traffic_finding(l->list, &l->e->s.addr, FINDING_TRUNCATED_NO_TCP,
                            "%llu answers over UDP are cut; over TCP %s.", U(n->truncated),
                            tcp_words(n));
    else
        f = traffic_finding(l->list, &l->e->s.addr, id,
                            "UDP is answered; over TCP %s (%llu of %llu).", tcp_words(n), U(failed),
                            U(failed + n->tcp_answered));
    if (n->truncated > 0)
        traffic_evidence(l->t, f, l->e, CAUSE_TRUNCATED);
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++)
        traffic_evidence(l->t, f, l->e, causes[i]);
}

/* --- replies that are not answers --- */

static void match_rules(const look_t *l)
{
    const traffic_counts_t *n = l->n;
    const struct {
        uint64_t count;
        finding_id_t id;
        cause_t cause;
        const char *what;
    } kinds[] = {
        {n->wrong_source, FINDING_WRONG_SOURCE_ADDRESS, CAUSE_WRONG_SOURCE, "from another address"},
        {n->wrong_port, FINDING_WRONG_SOURCE_PORT, CAUSE_WRONG_PORT, "from another port"},
        {n->wrong_id, FINDING_WRONG_ID, CAUSE_WRONG_ID, "with another ID"},
        {n->wrong_question, FINDING_WRONG_QUESTION, CAUSE_WRONG_QUESTION, "to another question"},
        {n->not_response, FINDING_NOT_A_RESPONSE, CAUSE_NOT_RESPONSE, "marked as a query"},
        {n->headerless, FINDING_MALFORMED, CAUSE_MALFORMED, "shorter than a header"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        bool enough = n->answered == 0
                          ? kinds[i].count > 0
                          : kinds[i].count >= STRANGE_MIN && often(kinds[i].count, n->queries);
        if (!enough)
            continue;
        finding_t *f = traffic_finding(l->list, &l->e->s.addr, kinds[i].id,
                                       "%llu of %llu queries have a reply %s.", U(kinds[i].count),
                                       U(n->queries), kinds[i].what);
        traffic_evidence(l->t, f, l->e, kinds[i].cause);
    }
}

static void malformed_rule(const look_t *l)
{
    const traffic_server_t *s = &l->e->s;
    if (s->fault_count == 0)
        return;
    finding_t *f =
        traffic_finding(l->list, &s->addr, FINDING_MALFORMED,
                        "%llu of %llu replies are malformed; the first: %s at offset "
                        "%u, packet %llu.",
                        U(s->n.malformed), U(s->n.answered + s->n.orphans),
                        nsp_err_text(s->fault[0].fault), s->fault[0].offset, U(s->fault[0].number));
    traffic_evidence(l->t, f, l->e, CAUSE_MALFORMED);
}

/* A server that answers like this for most of what it is asked does not serve what it is asked for.
 * For less than half it may be the client that asks for what is not there: a warning. */
static void lame_rules(const look_t *l)
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
            (!most && (kinds[i].count < SILENCE_MIN || !often(kinds[i].count, all))))
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

static bool edns_rules(const look_t *l)
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

static bool fragments_rule(const look_t *l)
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
static void type_rules(const look_t *l, bool fragments)
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

static void quality_rules(const look_t *l)
{
    const traffic_counts_t *n = l->n;
    char text[32];
    if (n->recovered >= SILENCE_MIN && often(n->recovered, n->udp_queries)) {
        finding_t *f = traffic_finding(l->list, &l->e->s.addr, FINDING_FLAPPING,
                                       "%llu of %llu queries are answered only after the first "
                                       "attempt was lost.",
                                       U(n->recovered), U(n->udp_queries));
        traffic_evidence(l->t, f, l->e, CAUSE_RECOVERED);
    }
    if (often(n->late, n->queries)) {
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

static void server_rules(traffic_t *t, const entry_t *e, finding_list_t *list)
{
    look_t l = {t, e, &e->s.n, list};
    match_rules(&l);
    malformed_rule(&l);
    bool strange = l.n->wrong_source + l.n->wrong_port + l.n->wrong_id + l.n->wrong_question +
                       l.n->not_response + l.n->headerless >
                   0;
    bool fragments = fragments_rule(&l);
    if (icmp_rule(&l))
        return;
    if (udp_dead(&l) && !strange && !fragments) {
        dead_rule(&l);
        return;
    }
    tcp_rule(&l);
    lame_rules(&l);
    if (!edns_rules(&l) && l.n->udp_answered > 0)
        type_rules(&l, fragments);
    quality_rules(&l);
}

void traffic_rules(traffic_t *t, const traffic_end_t *end, finding_list_t *list)
{
    if (end != NULL && end->one_way)
        finding_add(list, FINDING_ONE_WAY_CAPTURE,
                    "%llu queries and %llu replies without a query were captured.",
                    U(t->total.n.queries), U(t->total.n.orphans));
    for (uint32_t i = 0; i < t->used; i++)
        server_rules(t, &t->entry[t->order[i]], list);
}

/* --- names --- */

/* Sequence arithmetic (RFC 1982 3.2). */
static bool serial_newer(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) > 0;
}

static void name_text(const name_entry_t *n, char buf[NSP_NAME_TEXT_MAX])
{
    nsp_name_to_text(&n->name, buf, NSP_NAME_TEXT_MAX);
}

static void evidence_of(const traffic_t *t, finding_t *f, const name_server_t *s)
{
    if (s->sample != 0)
        finding_add_evidence(f, t->samples.item[s->sample - 1]);
}

static void serial_rule(const traffic_t *t, const name_entry_t *n, finding_list_t *list)
{
    const name_server_t *top = &n->server[0];
    char name[NSP_NAME_TEXT_MAX];
    char other[ADDR_TEXT_MAX];
    for (uint16_t i = 1; i < n->server_count; i++)
        if (serial_newer(n->server[i].serial, top->serial))
            top = &n->server[i];
    for (uint16_t i = 0; i < n->server_count; i++) {
        const name_server_t *s = &n->server[i];
        if (s->serial == top->serial)
            continue;
        name_text(n, name);
        finding_t *f = traffic_finding(list, &s->addr, FINDING_SERIAL_DIFFERS,
                                       "Serial %u of %.200s here; %u at %s.", s->serial, name,
                                       top->serial, addr_text(&top->addr, other));
        evidence_of(t, f, s);
        evidence_of(t, f, top);
    }
}

/* The data that most servers give; the first of equals. */
static const name_server_t *majority(const name_entry_t *n)
{
    const name_server_t *best = &n->server[0];
    unsigned most = 0;
    for (uint16_t i = 0; i < n->server_count; i++) {
        unsigned same = 0;
        for (uint16_t k = 0; k < n->server_count; k++)
            same += n->server[k].digest == n->server[i].digest;
        if (same > most) {
            most = same;
            best = &n->server[i];
        }
    }
    return best;
}

static void data_rule(const traffic_t *t, const name_entry_t *n, finding_list_t *list)
{
    const name_server_t *most = majority(n);
    char name[NSP_NAME_TEXT_MAX];
    char other[ADDR_TEXT_MAX];
    char type[16];
    for (uint16_t i = 0; i < n->server_count; i++) {
        const name_server_t *s = &n->server[i];
        /* where data change while they are watched, a difference may be a change under way */
        if (s->digest == most->digest || s->changing || most->changing)
            continue;
        name_text(n, name);
        finding_t *f = traffic_finding(
            list, &s->addr, FINDING_ANSWERS_DIFFER, "The %s records of %.200s are not those at %s.",
            nsp_type_text(n->type, type), name, addr_text(&most->addr, other));
        evidence_of(t, f, s);
        evidence_of(t, f, most);
    }
}

void traffic_rules_names(traffic_t *t, finding_list_t *list)
{
    for (uint32_t i = 0; i < t->name_used; i++) {
        const name_entry_t *n = &t->name[i];
        if (n->server_count < 2)
            continue;
        if (n->type == NSP_TYPE_SOA)
            serial_rule(t, n, list);
        else
            data_rule(t, n, list);
    }
}
