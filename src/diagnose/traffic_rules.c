/* Findings about each server address, from what was counted of it: whether it can be reached, and
 * whether what comes back is a reply at all. How much evidence each wants: traffic_look.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "diagnose/traffic_look.h"
#include "exchange/icmp.h"

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
    if (n->answered > 0 && (n->icmp < SILENCE_MIN || !look_often(n->icmp, n->queries)))
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
                          : kinds[i].count >= STRANGE_MIN && look_often(kinds[i].count, n->queries);
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

static void server_rules(traffic_t *t, const entry_t *e, finding_list_t *list)
{
    look_t l = {t, e, &e->s.n, list};
    match_rules(&l);
    malformed_rule(&l);
    bool strange = l.n->wrong_source + l.n->wrong_port + l.n->wrong_id + l.n->wrong_question +
                       l.n->not_response + l.n->headerless >
                   0;
    bool fragments = look_fragments(&l);
    if (icmp_rule(&l))
        return;
    if (udp_dead(&l) && !strange && !fragments) {
        dead_rule(&l);
        return;
    }
    tcp_rule(&l);
    look_lame(&l);
    if (!look_edns(&l) && l.n->udp_answered > 0)
        look_types(&l, fragments);
    look_quality(&l);
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
