/* Findings about each server address, from what was counted of it: whether it can be reached, and
 * whether what comes back is a reply at all. How much evidence each wants: traffic_look.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "diagnose/facts.h"
#include "diagnose/traffic_look.h"
#include "exchange/icmp.h"
#include "exchange/noun.h"

finding_t *traffic_finding(finding_list_t *list, const addr_t *addr, finding_id_t id,
                           const char *format, ...)
{
    va_list args;
    va_start(args, format);
    finding_t *f = finding_vadd(list, id, format, args);
    va_end(args);
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

bool look_is_no_chance(const look_t *l, uint64_t attempts)
{
    const entry_t *e = l->e;
    if (attempts < SILENCE_MIN)
        return false;
    uint64_t asked = e->udp_attempts > attempts ? e->udp_attempts - attempts : 0;
    uint64_t lost = e->udp_attempts_lost > attempts ? e->udp_attempts_lost - attempts : 0;
    if (lost >= asked)
        return lost == 0;
    double chance = 1;
    for (uint64_t i = 0; i < attempts && chance > 1e-3; i++)
        chance *= (double)lost / (double)asked;
    return chance <= 1e-3;
}

/* --- reachability, after the table in rules_reach.c --- */

/* What TCP did that is the server's, or the network's, own statement. */
static uint64_t tcp_statements(const look_t *l)
{
    const traffic_counts_t *n = l->n;
    return n->tcp_refused + n->tcp_reset + n->tcp_closed + l->e->tcp_icmp;
}

static uint64_t tcp_failures(const look_t *l)
{
    return tcp_statements(l) + l->n->tcp_no_synack + l->e->tcp_mute;
}

/* TCP never works here: a statement will do for that, of silence there must be enough. */
static bool tcp_fails(const look_t *l)
{
    uint64_t silence = l->e->tcp_attempts_silent + l->e->tcp_mute;
    if (l->n->tcp_answered > 0)
        return tcp_failures(l) >= SILENCE_MIN && tcp_failures(l) > l->n->tcp_answered;
    return tcp_statements(l) > 0 ||
           (!l->one_way && (silence >= SILENCE_MIN || l->e->tcp_mute >= STRANGE_MIN));
}

/* Clients repeat their SYN, and go on with no connection: nothing gets back to them, whether it was
 * captured or not. */
static bool is_deaf(const entry_t *e)
{
    return e->tcp_attempts_silent >= SILENCE_MIN && e->s.n.tcp_connections == e->s.n.tcp_no_synack;
}

/* Silence that is the server's: enough attempts, by clients that asked again, since one that got
 * its answer would not. Where none ever does, replies of others show at least that replies are
 * captured. */
bool look_udp_dead(const look_t *l)
{
    const traffic_counts_t *n = l->n;
    const traffic_counts_t *all = &l->t->total.n;
    uint64_t silent = l->e->udp_attempts_silent;
    uint64_t tcp = n->tcp_answered == 0 ? l->e->tcp_attempts_silent : 0;
    return !l->one_way && n->udp_answered == 0 && n->orphans * 2 < silent &&
           silent + tcp >= SILENCE_MIN &&
           (n->retried > 0 || is_deaf(l->e) || all->answered + all->icmp + all->tcp_refused > 0);
}

static const char *tcp_words(const look_t *l)
{
    const traffic_counts_t *n = l->n;
    if (n->tcp_refused > 0)
        return "connections are refused";
    if (n->tcp_reset > 0)
        return "connections are reset";
    if (n->tcp_closed > 0)
        return l->e->tcp_partial > 0 ? "connections are closed in the middle of an answer"
                                     : "connections are closed without an answer";
    if (l->e->tcp_icmp > 0)
        return "the network sends ICMP errors";
    return n->tcp_no_synack > 0    ? "the handshake is not answered"
           : l->e->tcp_partial > 0 ? "answers are shorter than the length that is sent with them"
                                   : "connections are made, but no answer comes";
}

static void tcp_evidence(const look_t *l, finding_t *f)
{
    static const cause_t causes[] = {CAUSE_TCP_REFUSED, CAUSE_TCP_RESET, CAUSE_TCP_CLOSED,
                                     CAUSE_TCP_SILENT};
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++)
        traffic_evidence(l->t, f, l->e, causes[i]);
    if (l->e->tcp_icmp > 0)
        traffic_evidence(l->t, f, l->e, CAUSE_ICMP);
}

static void dead_rule(const look_t *l)
{
    unsigned long long silent = U(l->e->udp_attempts_silent);
    const char *queries = noun(silent, "query", "queries");
    finding_t *f;
    if (l->n->tcp_answered > 0)
        f = traffic_finding(l->list, &l->e->s.addr, FINDING_UDP_UNRESPONSIVE,
                            "UDP: %llu %s, no answer; TCP is answered.", silent, queries);
    else if (tcp_failures(l) > 0)
        f = traffic_finding(l->list, &l->e->s.addr, FINDING_UNRESPONSIVE,
                            "UDP: %llu %s, no answer; TCP: %s.", silent, queries, tcp_words(l));
    else
        f = traffic_finding(l->list, &l->e->s.addr, FINDING_UNRESPONSIVE,
                            "UDP: %llu %s, no answer.", silent, queries);
    traffic_evidence(l->t, f, l->e, CAUSE_SILENT);
    if (l->n->tcp_answered == 0)
        tcp_evidence(l, f);
}

/* Whatever is asked over UDP has a large answer and room for it, and comes over TCP: it may be
 * fragments that are lost, and nothing else. */
static bool is_all_big(const look_t *l)
{
    const entry_t *e = l->e;
    uint64_t silent = 0;
    for (unsigned i = 0; i < e->type_count; i++) {
        if (e->type[i].silent == 0)
            continue;
        silent += e->type[i].silent;
        if ((e->types_tcp >> i & 1) == 0 || !traffic_is_big(l->t, e->tally[i].type))
            return false;
    }
    return e->types_safe_silent == 0 && silent == e->udp_attempts_silent;
}

/* A server that never answers, and was asked too little for that to be sure: a warning, so that one
 * dead server is not overlooked where a single client asked it once. */
static void quiet_rule(const look_t *l)
{
    const traffic_counts_t *n = l->n;
    unsigned long long silent = U(l->e->udp_attempts_silent + l->e->tcp_attempts_silent);
    if (l->one_way || n->answered > 0 || n->orphans > 0 || silent == 0 ||
        l->t->total.n.answered == 0)
        return;
    if (l->e->udp_attempts_silent == 0 && tcp_fails(l))
        return; /* tcp_rule tells, and nothing else was asked */
    finding_t *f = traffic_finding(l->list, &l->e->s.addr, FINDING_UNRESPONSIVE,
                                   "%llu %s, no answer: too few to be sure.", silent,
                                   silent == 1 ? "query" : "queries");
    if (f != NULL)
        f->severity = SEVERITY_WARNING;
    traffic_evidence(l->t, f, l->e, CAUSE_SILENT);
    traffic_evidence(l->t, f, l->e, CAUSE_TCP_SILENT);
}

/* ICMP errors where nothing is answered over that transport, or for a share of what is asked. True
 * when they explain whatever else is seen. */
static bool icmp_rule(const look_t *l)
{
    const traffic_counts_t *n = l->n;
    const entry_t *e = l->e;
    const traffic_icmp_t *most = &e->s.icmp[0];
    char from[ADDR_TEXT_MAX];
    bool udp = e->udp_icmp > 0 && n->udp_answered == 0;
    bool tcp = e->tcp_icmp > 0 && n->tcp_answered == 0 && n->truncated == 0;
    bool some = e->udp_icmp + e->tcp_icmp >= SILENCE_MIN &&
                look_often(e->udp_icmp + e->tcp_icmp, n->queries) && n->truncated == 0;
    if (e->s.icmp_count == 0 || (!udp && !tcp && !some))
        return false;
    for (size_t i = 1; i < e->s.icmp_count; i++)
        if (e->s.icmp[i].count > most->count)
            most = &e->s.icmp[i];
    addr_text(&most->from, from);
    const char *which = n->answered == 0 ? ""
                        : udp            ? " for UDP; TCP is answered"
                        : tcp            ? " for TCP; UDP is answered"
                                         : "; other queries are answered";
    finding_t *f = traffic_finding(l->list, &e->s.addr, FINDING_ICMP_UNREACHABLE,
                                   "ICMP \"%s\" from %s, %llu %s%s.",
                                   icmp_text(most->from.family, most->type, most->code), from,
                                   U(most->count), noun(most->count, "time", "times"), which);
    traffic_evidence(l->t, f, l->e, CAUSE_ICMP);
    return n->answered == 0;
}

/* Answers over TCP that are cut. */
static bool tcp_cut_rule(const look_t *l)
{
    uint64_t cut = l->e->tcp_cut;
    if (!look_often(cut, l->n->tcp_answered))
        return false;
    finding_t *f =
        l->n->truncated > 0
            ? traffic_finding(l->list, &l->e->s.addr, FINDING_TRUNCATED_NO_TCP,
                              "%llu %s over UDP %s cut; over TCP %llu of %llu %s cut as "
                              "well.",
                              U(l->n->truncated), noun(l->n->truncated, "answer", "answers"),
                              noun(l->n->truncated, "is", "are"), U(cut), U(l->n->tcp_answered),
                              noun(cut, "is", "are"))
            : traffic_finding(l->list, &l->e->s.addr, FINDING_TRUNCATED_NO_TCP,
                              "Over TCP %llu of %llu %s %s cut.", U(cut), U(l->n->tcp_answered),
                              noun(l->n->tcp_answered, "answer", "answers"),
                              noun(cut, "is", "are"));
    traffic_evidence(l->t, f, l->e, CAUSE_TRUNCATED);
    traffic_evidence(l->t, f, l->e, CAUSE_TCP_TRUNCATED);
    return true;
}

/* Answers of one type that are cut over UDP, and over TCP, which works, never come: they have more
 * octets than packets that get through (RFC 2923 2.1). */
static void tcp_big_rule(const look_t *l)
{
    const entry_t *e = l->e;
    char type[16];
    for (unsigned i = 0; i < e->type_count; i++) {
        bool cut = (e->types_cut >> i & 1) != 0;
        uint32_t mute = e->type[i].tcp_mute;
        if (l->one_way || !cut || (e->types_tcp >> i & 1) != 0 || mute < STRANGE_MIN)
            continue;
        finding_t *f =
            traffic_finding(l->list, &e->s.addr, FINDING_TRUNCATED_NO_TCP,
                            "Answers for %s over UDP are cut; over TCP they do not come (%lu "
                            "queries), though others do.",
                            nsp_type_text(e->tally[i].type, type), (unsigned long)mute);
        traffic_evidence(l->t, f, e, CAUSE_TRUNCATED);
        traffic_evidence(l->t, f, e, CAUSE_TCP_SILENT);
        return;
    }
}

static void tcp_rule(const look_t *l)
{
    const traffic_counts_t *n = l->n;
    bool cut = n->truncated > 0 && n->tcp_answered == 0;
    if (tcp_cut_rule(l))
        return;
    if (!tcp_fails(l)) {
        tcp_big_rule(l);
        return;
    }
    finding_id_t id = cut                   ? FINDING_TRUNCATED_NO_TCP
                      : n->tcp_refused > 0  ? FINDING_TCP_REFUSED
                      : n->tcp_reset > 0    ? FINDING_TCP_RESET
                      : n->tcp_closed > 0   ? FINDING_TCP_CLOSED
                      : l->e->tcp_icmp == 0 ? FINDING_TCP_UNRESPONSIVE
                                            : FINDING_COUNT;
    finding_t *f;
    if (id == FINDING_COUNT)
        return; /* icmp_rule has told */
    if (cut)
        f = traffic_finding(l->list, &l->e->s.addr, id, "%llu %s over UDP %s cut; over TCP %s.",
                            U(n->truncated), noun(n->truncated, "answer", "answers"),
                            noun(n->truncated, "is", "are"), tcp_words(l));
    else
        f = traffic_finding(l->list, &l->e->s.addr, id, "%sver TCP %s (%llu of %llu).",
                            n->udp_answered > 0 ? "UDP is answered; o" : "O", tcp_words(l),
                            U(tcp_failures(l)), U(tcp_failures(l) + n->tcp_answered));
    if (cut)
        traffic_evidence(l->t, f, l->e, CAUSE_TRUNCATED);
    tcp_evidence(l, f);
}

/* --- replies that are not answers --- */

/* Of a server that answers, two and a share; of one that never does, as many as silence leaves
 * believable: a single one beside much silence is forged or stray. True when one was told. */
static bool match_rules(const look_t *l)
{
    const struct {
        finding_id_t id;
        cause_t cause;
        const char *what;
    } kinds[STRANGE_KINDS] = {
        {FINDING_WRONG_SOURCE_ADDRESS, CAUSE_WRONG_SOURCE, "from another address"},
        {FINDING_WRONG_SOURCE_PORT, CAUSE_WRONG_PORT, "from another port"},
        {FINDING_WRONG_ID, CAUSE_WRONG_ID, "with another ID"},
        {FINDING_WRONG_QUESTION, CAUSE_WRONG_QUESTION, "to another question"},
        {FINDING_NOT_A_RESPONSE, CAUSE_NOT_RESPONSE, "marked as a query"},
        {FINDING_MALFORMED, CAUSE_MALFORMED, "shorter than a header"},
    };
    const traffic_counts_t *n = l->n;
    bool told = false;
    for (size_t i = 0; i < STRANGE_KINDS; i++) {
        uint64_t count = l->e->strange[i];
        bool enough = n->answered == 0 ? count > 0 && count * 2 >= n->silent
                                       : count >= STRANGE_MIN && look_often(count, n->queries);
        if (!enough || (kinds[i].id == FINDING_MALFORMED && l->e->s.fault_count > 0))
            continue;
        finding_t *f =
            traffic_finding(l->list, &l->e->s.addr, kinds[i].id, "%llu of %llu %s %s a reply %s.",
                            U(count), U(n->queries), noun(n->queries, "query", "queries"),
                            noun(count, "has", "have"), kinds[i].what);
        traffic_evidence(l->t, f, l->e, kinds[i].cause);
        told = true;
    }
    return told;
}

/* Replies that came, whole or not. */
static uint64_t replies_of(const entry_t *e)
{
    return e->s.n.answered + e->s.n.damaged + e->wrong_strange;
}

/* Wrong checksums may be the sender's way, which leaves them to its card. They are not when what is
 * under them makes no sense, */
static bool sums_tell_damage(const entry_t *e)
{
    uint64_t senseless = e->wrong_faults + e->wrong_strange;
    return senseless >= STRANGE_MIN && look_often(senseless, replies_of(e)) &&
           e->never_sums <= e->s.n.checksum;
}

/* or when clients ask again all the same. */
static bool sums_are_unheeded(const entry_t *e)
{
    return e->wrong_unheeded >= STRANGE_MIN && look_often(e->wrong_unheeded, e->wrong_sums);
}

bool traffic_is_damaged(const entry_t *e)
{
    uint64_t wrong = e->wrong_sums + e->wrong_strange;
    return sums_tell_damage(e) && wrong * 2 >= replies_of(e);
}

/* Replies that leave the server whole, and do not arrive so. */
static void damaged_rule(const look_t *l)
{
    const traffic_counts_t *n = l->n;
    const entry_t *e = l->e;
    uint64_t replies = replies_of(e);
    finding_t *f;
    if (n->damaged >= STRANGE_MIN && look_often(n->damaged, replies))
        f = traffic_finding(l->list, &e->s.addr, FINDING_DAMAGED,
                            "%llu of %llu replies have a wrong checksum; the others of the server "
                            "are right.",
                            U(n->damaged), U(replies));
    else if (sums_tell_damage(e))
        f = traffic_finding(l->list, &e->s.addr, FINDING_DAMAGED,
                            "%llu of %llu replies have a wrong checksum, and %llu of these are "
                            "malformed, or do not match their question.",
                            U(e->wrong_sums + e->wrong_strange), U(replies),
                            U(e->wrong_faults + e->wrong_strange));
    else if (sums_are_unheeded(e))
        f = traffic_finding(l->list, &e->s.addr, FINDING_DAMAGED,
                            "%llu of %llu replies have a wrong checksum, and after %llu of them "
                            "the client asked again.",
                            U(e->wrong_sums), U(replies), U(e->wrong_unheeded));
    else
        return;
    traffic_evidence(l->t, f, e, CAUSE_DAMAGED);
}

/* Queries that do not get to servers whole: whose these are cannot be told. */
static void damaged_queries_rule(const traffic_t *t, const traffic_end_t *end, finding_list_t *list)
{
    uint64_t damaged = end->damaged_queries;
    uint64_t all = t->total.n.queries + t->total.n.retries + damaged;
    if (damaged >= STRANGE_MIN && look_often(damaged, all))
        finding_add(list, FINDING_DAMAGED,
                    "%llu of %llu queries have a wrong checksum; others of their clients are "
                    "right.",
                    U(damaged), U(all));
}

static void malformed_rule(const look_t *l)
{
    const traffic_server_t *s = &l->e->s;
    uint64_t replies = s->n.answered + s->n.orphans + s->n.duplicates;
    if (s->fault_count == 0)
        return;
    finding_t *f =
        traffic_finding(l->list, &s->addr, FINDING_MALFORMED,
                        "%llu of %llu %s %s malformed; the first: %s at offset "
                        "%u, packet %llu.",
                        U(s->n.malformed), U(replies), noun(replies, "reply", "replies"),
                        noun(s->n.malformed, "is", "are"), nsp_err_text(s->fault[0].fault),
                        s->fault[0].offset, U(s->fault[0].number));
    traffic_evidence(l->t, f, l->e, CAUSE_MALFORMED);
}

/* What does not hang on which reply belongs to which question, and when it came. */
static void content_rules(const look_t *l)
{
    if (traffic_is_damaged(l->e))
        return;
    malformed_rule(l);
    look_lame(l);
    traffic_rules_names(l->t, l->e, l->list);
}

static void server_rules(traffic_t *t, const entry_t *e, bool one_way, finding_list_t *list)
{
    look_t l = {t, e, &e->s.n, list, one_way};
    damaged_rule(&l);
    if (traffic_is_damaged(e))
        return;
    bool strange = match_rules(&l);
    malformed_rule(&l);
    bool fragments = look_fragments(&l);
    if (icmp_rule(&l))
        return;
    if (look_udp_dead(&l) && !strange && !fragments) {
        if (is_all_big(&l))
            look_types(&l, false);
        else
            dead_rule(&l);
        return;
    }
    if (!strange && !fragments)
        quiet_rule(&l);
    tcp_rule(&l);
    look_lame(&l);
    if (!look_edns(&l) && l.n->udp_answered > 0 && !one_way) {
        look_sizes(&l, fragments);
        look_types(&l, fragments);
    }
    look_quality(&l);
    traffic_rules_names(t, e, list);
}

/* Clients that get no answer ask again. Where there is no packet of any server, and no question was
 * asked again, or to some server most were asked once, the answers were only not captured. They may
 * be of that server alone; but then no packet tells who else is silent. */
static bool is_content(const traffic_t *t)
{
    bool unsure = false;
    for (uint32_t i = 0; i < t->used; i++) {
        const entry_t *e = &t->entry[i];
        if (is_deaf(e))
            continue;
        unsure = true;
        if (e->udp_alone > 0 && e->udp_alone >= e->s.n.retried)
            return true;
    }
    return unsure && t->total.n.retried == 0;
}

static void one_way_rule(const traffic_t *t, const traffic_end_t *end, finding_list_t *list)
{
    const traffic_counts_t *n = &t->total.n;
    const char *were = n->queries == 1 ? "query was" : "queries were";
    if (!end->no_server)
        finding_add(list, FINDING_ONE_WAY_CAPTURE,
                    "%llu %s and %llu %s without a query were captured.", U(n->queries),
                    noun(n->queries, "query", "queries"), U(n->orphans),
                    noun(n->orphans, "reply", "replies"));
    else if (end->one_way)
        finding_add(list, FINDING_ONE_WAY_CAPTURE,
                    "%llu %s captured and no packet of any server, though clients went on as if "
                    "connections were made.",
                    U(n->queries), were);
    else
        finding_add(list, FINDING_ONE_WAY_CAPTURE,
                    "%llu %s captured and no packet of any server. Where most are asked only once, "
                    "replies came another way; which servers are silent, if any, cannot be told.",
                    U(n->queries), were);
}

static void times_rule(const traffic_end_t *end, finding_list_t *list)
{
    char text[32];
    if (end->misorder)
        finding_add(list, FINDING_PACKET_TIMES,
                    "Packets are not in the order of their times: questions and replies do not "
                    "follow each other.");
    else if (end->apart > 0)
        finding_add(list, FINDING_PACKET_TIMES,
                    "Replies are recorded %s before their questions: clocks differ by about so "
                    "much.",
                    time_label(end->apart, text));
    else
        finding_add(list, FINDING_PACKET_TIMES,
                    "Replies are recorded %s or more after their questions, though nobody asks "
                    "again: clocks differ by about so much.",
                    time_label(-end->apart, text));
}

void traffic_rules(traffic_t *t, const traffic_end_t *end, finding_list_t *list)
{
    if (end != NULL && (end->apart != 0 || end->misorder)) {
        times_rule(end, list);
        for (uint32_t i = 0; i < t->used; i++)
            content_rules(&(look_t){.t = t,
                                    .e = &t->entry[t->order[i]],
                                    .n = &t->entry[t->order[i]].s.n,
                                    .list = list});
        return;
    }
    if (end != NULL)
        damaged_queries_rule(t, end, list);
    t->one_way = end != NULL && (end->one_way || (end->no_server && is_content(t)));
    if (t->one_way)
        one_way_rule(t, end, list);
    unsigned nobody = t->one_way ? 0 : traffic_rules_nobody(t, list);
    for (uint32_t i = 0; i < t->used; i++) {
        const entry_t *e = &t->entry[t->order[i]];
        if ((nobody & (e->addr.family == 4 ? NOBODY_4 : NOBODY_6)) == 0)
            server_rules(t, e, t->one_way, list);
    }
}
