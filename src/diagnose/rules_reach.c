/* Whether an address can be reached at all, over UDP and over TCP.
 *
 *   UDP \ TCP   answered          silent             refused/reset/closed  ICMP
 *   answered    -                 tcp-unresponsive   tcp-...               icmp-unreachable
 *   silent      udp-unresponsive  unresponsive       unresponsive          icmp-unreachable
 *   ICMP        icmp-unreachable  icmp-unreachable   icmp-unreachable      icmp-unreachable
 *   mismatched  wrong-..., not-a-response (rules_match.c); TCP is judged as if UDP had answered
 *   malformed   malformed (rules_match.c); the same
 *   not sent    untested, when TCP was not answered either
 *
 * Where UDP is answered, TCP is not, and an answer was cut (TC), it is truncated-no-tcp in place
 * of the tcp finding. */
#include <stdio.h>

#include "diagnose/facts.h"
#include "exchange/icmp.h"
#include "exchange/noun.h"

static bool icmp_from_host(const event_t *e)
{
    return (e->peer.family == 4 && e->icmp_type == 3 && e->icmp_code == 3) ||
           (e->peer.family == 6 && e->icmp_type == 1 && e->icmp_code == 4);
}

/* All facts of one transport as evidence; returns the number of attempts. */
static unsigned add_evidence(const diag_t *d, const subject_t *s, finding_t *f, int transport)
{
    unsigned attempts = 0;
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *k = subject_at(d, s, i);
        if (transport >= 0 && (int)k->x->transport != transport)
            continue;
        finding_add_evidence(f, k->x);
        attempts += k->o.attempts;
    }
    return attempts;
}

static unsigned attempts_of(const diag_t *d, const subject_t *s, transport_t transport)
{
    unsigned n = 0;
    for (size_t i = 0; i < s->count; i++)
        if (subject_at(d, s, i)->x->transport == transport)
            n += subject_at(d, s, i)->o.attempts;
    return n;
}

static const event_t *first_icmp(const diag_t *d, const subject_t *s, bool udp, bool tcp)
{
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *f = subject_at(d, s, i);
        if (f->o.kind == OUTCOME_ICMP && (fact_is_udp(f) ? udp : tcp))
            return f->o.reply;
    }
    return NULL;
}

static bool tcp_opened(const diag_t *d, const subject_t *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (exchange_find(subject_at(d, s, i)->x, EVENT_TCP_OPEN) != NULL)
            return true;
    return false;
}

/* What TCP did, for a sentence. */
static const char *tcp_text(const diag_t *d, const subject_t *s)
{
    switch (s->tcp) {
    case REACH_REFUSED:
        return "connections are refused";
    case REACH_RESET:
        return "connections are reset";
    case REACH_CLOSED:
        return "connections are closed without an answer";
    case REACH_ICMP:
        return "the network sends ICMP errors";
    case REACH_SILENT:
        if (tcp_opened(d, s))
            return "connections are made, but no answer comes";
        return "the handshake is not answered";
    default:
        return "nothing came of it";
    }
}

/* "; its other addresses answer" when the same server answers elsewhere. */
static const char *siblings_text(const diag_t *d, const subject_t *s)
{
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *o = &d->subject[i];
        if (o == s || o->udp < REACH_MALFORMED || o->a->server_count == 0 ||
            s->a->server_count == 0 || o->a->server[0] != s->a->server[0])
            continue;
        return o->a->addr.family != s->a->addr.family
                   ? (s->a->addr.family == 6 ? "; the same server answers over IPv4"
                                             : "; the same server answers over IPv6")
                   : "; the same server answers at another address";
    }
    return "";
}

/* Says where the way to the address ends: the last router that was heard of, and the first hop that
 * nothing came from, or another error did, as evidence. */
static void add_way(const subject_t *s, finding_t *f)
{
    char text[WAY_TEXT_MAX];
    const way_t *w = &s->way;
    if (w->asked == 0 || f == NULL)
        return;
    finding_add_text(f, way_text(w, &s->a->addr, text));
    unsigned end = way_shown(w);
    if (w->heard != 0 && w->heard < end)
        finding_add_evidence(f, w->hop[w->heard - 1].x);
    finding_add_evidence(f, w->hop[end - 1].x);
}

static bool is_dead(const subject_t *s)
{
    return s->udp == REACH_SILENT && s->tcp < REACH_MISMATCHED && s->tcp != REACH_ICMP;
}

static void set_dead_fix(const diag_t *d, const subject_t *s, finding_t *f)
{
    static const char gone[] = "If the address is no longer in use, remove it from the zone and "
                               "from the delegation at the registrar.";
    char label[LABEL_MAX];
    char addr[ADDR_TEXT_MAX];
    char zone[NSP_NAME_TEXT_MAX];
    const addr_t *last = way_last(&s->way);
    subject_label(d, s, label);
    if (last != NULL)
        finding_set_fix(f,
                        "Start the name server of %s, or open UDP and TCP port %u behind %s (hop "
                        "%u), where the way to it ends. %s",
                        label, s->a->addr.port, addr_text(last, addr), s->way.heard, gone);
    else
        finding_set_fix(f,
                        "Start the name server of %s, or open UDP and TCP port %u on the way to it "
                        "(\"nsprobe trace @%s %s SOA\" shows where it ends). %s",
                        label, s->a->addr.port, addr_port_text(&s->a->addr, addr),
                        name_label(&d->m->zone, zone), gone);
}

static void report_dead(diag_t *d, subject_t *s)
{
    unsigned udp = attempts_of(d, s, TRANSPORT_UDP);
    finding_t *f;
    if (s->no_neighbour)
        f = subject_finding(d, s, FINDING_UNRESPONSIVE,
                            "No host has this address, in a network that this machine is in%s.",
                            siblings_text(d, s));
    else if (s->tcp == REACH_NONE || s->tcp == REACH_NOT_SENT)
        f = subject_finding(d, s, FINDING_UNRESPONSIVE, "UDP: %u %s, no answer%s.", udp,
                            noun(udp, "query", "queries"), siblings_text(d, s));
    else
        f = subject_finding(d, s, FINDING_UNRESPONSIVE, "UDP: %u %s, no answer; TCP: %s%s.", udp,
                            noun(udp, "query", "queries"), tcp_text(d, s), siblings_text(d, s));
    add_evidence(d, s, f, -1);
    add_way(s, f);
    set_dead_fix(d, s, f);
    s->folded = true;
}

static void report_icmp(diag_t *d, subject_t *s)
{
    char peer[ADDR_TEXT_MAX];
    char label[LABEL_MAX];
    bool udp = s->udp == REACH_ICMP;
    const event_t *e = first_icmp(d, s, udp, !udp || s->tcp == REACH_ICMP);
    if (e == NULL)
        return;
    const char *which = !udp                        ? "TCP (UDP is answered)"
                        : s->tcp >= REACH_MALFORMED ? "UDP (TCP is answered)"
                        : s->tcp == REACH_REFUSED   ? "UDP, and TCP is refused"
                        : s->tcp == REACH_SILENT    ? "UDP, and TCP is silent"
                                                    : "all queries";
    if (!udp && s->udp == REACH_SILENT)
        which = "TCP (UDP is silent)";
    /* for TCP the kernel does not tell who sent the error */
    bool sender = !addr_same_host(&e->peer, &s->a->addr) || icmp_from_host(e);
    addr_text(&e->peer, peer);
    finding_t *f = subject_finding(d, s, FINDING_ICMP_UNREACHABLE, "ICMP \"%s\"%s%s for %s.",
                                   icmp_text(s->a->addr.family, e->icmp_type, e->icmp_code),
                                   sender ? " from " : "", sender ? peer : "", which);
    add_evidence(d, s, f, udp && s->tcp >= REACH_MALFORMED ? TRANSPORT_UDP : -1);
    add_way(s, f);
    if (icmp_from_host(e))
        finding_set_fix(f,
                        "The host is up, but nothing listens on the port: start the name server "
                        "of %s and have it listen on this address, or remove the address from "
                        "the zone and from the delegation.",
                        subject_label(d, s, label));
    else if (sender)
        finding_set_fix(f,
                        "Ask whoever runs %s, which sends the error, for the route or the filter "
                        "towards %s; or remove the address from the zone and from the delegation.",
                        peer, subject_label(d, s, label));
    s->folded = udp && s->tcp < REACH_MALFORMED;
    s->folded = s->folded || s->udp == REACH_SILENT;
}

static void report_udp(diag_t *d, const subject_t *s)
{
    char label[LABEL_MAX];
    unsigned udp = attempts_of(d, s, TRANSPORT_UDP);
    finding_t *f =
        subject_finding(d, s, FINDING_UDP_UNRESPONSIVE, "UDP: %u %s, no answer; TCP is answered.",
                        udp, noun(udp, "query", "queries"));
    add_evidence(d, s, f, TRANSPORT_UDP);
    add_way(s, f);
    finding_set_fix(f, "Open UDP port %u to and from %s.", s->a->addr.port,
                    subject_label(d, s, label));
}

/* A reply over UDP that is cut, or NULL. */
static const fact_t *cut_answer(const diag_t *d, const subject_t *s)
{
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *f = subject_at(d, s, i);
        if (fact_is_udp(f) && fact_answered(f) && (f->flags & NSP_FLAG_TC) != 0)
            return f;
    }
    return NULL;
}

static void report_tcp(diag_t *d, const subject_t *s)
{
    char label[LABEL_MAX];
    const fact_t *cut = cut_answer(d, s);
    /* the questions over TCP have EDNS: their silence is that of EDNS (rules_edns.c) */
    if (s->edns_silent && s->tcp == REACH_SILENT && tcp_opened(d, s))
        return;
    finding_id_t id = cut != NULL               ? FINDING_TRUNCATED_NO_TCP
                      : s->tcp == REACH_REFUSED ? FINDING_TCP_REFUSED
                      : s->tcp == REACH_RESET   ? FINDING_TCP_RESET
                      : s->tcp == REACH_CLOSED  ? FINDING_TCP_CLOSED
                                                : FINDING_TCP_UNRESPONSIVE;
    finding_t *f;
    if (cut != NULL)
        f = subject_finding(d, s, id, "The answer over UDP (%s) is cut; over TCP %s.",
                            probe_name(cut->kind), tcp_text(d, s));
    else
        f = subject_finding(d, s, id, "UDP is answered; over TCP %s.", tcp_text(d, s));
    if (cut != NULL)
        finding_add_evidence(f, cut->x);
    add_evidence(d, s, f, TRANSPORT_TCP);
    if (s->tcp == REACH_RESET || s->tcp == REACH_CLOSED)
        return;
    char addr[ADDR_TEXT_MAX];
    char zone[NSP_NAME_TEXT_MAX];
    subject_label(d, s, label);
    if (s->tcp == REACH_SILENT && !tcp_opened(d, s))
        finding_set_fix(f,
                        "Make %s listen on TCP port %u, and let it through the firewall (\"nsprobe "
                        "trace --tcp @%s %s SOA\" shows where it ends).",
                        label, s->a->addr.port, addr_port_text(&s->a->addr, addr),
                        name_label(&d->m->zone, zone));
    else
        finding_set_fix(f,
                        s->tcp == REACH_SILENT
                            ? "Make %s answer over TCP port %u: connections are made, so that the "
                              "port is open, and what takes them does not answer (a limit of "
                              "clients, a proxy without a server)."
                            : "Make %s listen on TCP port %u, and let it through the firewall.",
                        label, s->a->addr.port);
}

static void reach_one(diag_t *d, subject_t *s)
{
    bool udp_works = s->udp >= REACH_MISMATCHED;
    if (s->folded)
        return;
    if (is_dead(s))
        report_dead(d, s);
    else if (s->udp == REACH_ICMP ||
             (s->tcp == REACH_ICMP && s->udp != REACH_NONE && cut_answer(d, s) == NULL))
        report_icmp(d, s);
    else if (s->udp == REACH_SILENT)
        report_udp(d, s);
    else if (udp_works && s->tcp > REACH_NOT_SENT && s->tcp < REACH_MISMATCHED)
        report_tcp(d, s);
}

typedef struct family {
    unsigned tested;
    unsigned dead;
    unsigned answered;
} family_t;

static family_t family_count(const diag_t *d, unsigned family)
{
    family_t n = {0, 0, 0};
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *s = &d->subject[i];
        if (s->a->addr.family != family || s->folded || s->udp <= REACH_NOT_SENT)
            continue;
        n.tested++;
        n.dead += is_dead(s);
        n.answered += s->udp >= REACH_MISMATCHED;
    }
    return n;
}

/* True when servers of the parent were asked over that family, and all of them were silent too:
 * then it is more likely this machine that has no working connectivity. */
static bool parents_silent(const diag_t *d, unsigned family)
{
    unsigned asked = 0;
    for (uint16_t i = 0; i < d->m->parent_count; i++) {
        const model_parent_t *p = &d->m->parent_addr[i];
        outcome_t o;
        if (p->asked == NULL || p->addr.family != family)
            continue;
        outcome_of(p->asked, &o, d->scratch);
        if (o.kind != OUTCOME_SILENT)
            return false;
        asked++;
    }
    return asked > 0;
}

static void fold_family(diag_t *d, unsigned family, finding_t *f)
{
    for (size_t i = 0; i < d->subject_count; i++) {
        subject_t *s = &d->subject[i];
        if (s->a->addr.family != family || s->folded || !is_dead(s))
            continue;
        const fact_t *soa = subject_fact(d, s, PROBE_SOA);
        finding_add_evidence(f, soa != NULL ? soa->x : NULL);
        s->folded = true;
    }
}

/* Says where the way ends when it is the same for all silent addresses of a family. */
static void add_common_way(const diag_t *d, unsigned family, finding_t *f)
{
    const subject_t *one = NULL;
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *s = &d->subject[i];
        if (s->a->addr.family != family || !is_dead(s))
            continue;
        if (one != NULL && !way_ends_alike(&one->way, &s->way))
            return;
        one = one == NULL ? s : one;
    }
    if (one != NULL)
        add_way(one, f);
}

/* Two addresses or more of one family, all silent, while the other family is answered. */
static void family_rule(diag_t *d, unsigned family)
{
    family_t own = family_count(d, family);
    family_t other = family_count(d, family == 4 ? 6 : 4);
    if (own.tested == 0 || own.dead < own.tested || other.answered == 0)
        return;
    if (parents_silent(d, family)) {
        finding_t *f = finding_add(d->list, FINDING_UNTESTED,
                                   "Nothing was answered over IPv%u, neither by the parent's "
                                   "servers nor by the zone's: IPv%u does not work from here.",
                                   family, family);
        fold_family(d, family, f);
        add_common_way(d, family, f);
        return;
    }
    if (own.tested < 2)
        return;
    finding_t *f = finding_add(d->list, FINDING_FAMILY_UNRESPONSIVE,
                               "None of the %u IPv%u addresses answers; IPv%u works.", own.dead,
                               family, family == 4 ? 6u : 4u);
    fold_family(d, family, f);
    add_common_way(d, family, f);
}

static bool untested(const subject_t *s)
{
    return s->udp <= REACH_NOT_SENT && s->tcp <= REACH_NOT_SENT && !s->pending;
}

/* Addresses that no packet could be sent to: one finding for each family. */
static void untested_rule(diag_t *d, unsigned family)
{
    char list[512] = "";
    char addr[ADDR_TEXT_MAX];
    size_t len = 0;
    unsigned n = 0;
    const subject_t *only = NULL;
    for (size_t i = 0; i < d->subject_count; i++) {
        subject_t *s = &d->subject[i];
        if (s->a->addr.family != family || !untested(s))
            continue;
        s->folded = true;
        only = s;
        n++;
        addr_port_text(&s->a->addr, addr);
        if (len + strlen(addr) + 3 < sizeof list)
            len +=
                (size_t)snprintf(list + len, sizeof list - len, "%s%s", len > 0 ? ", " : "", addr);
    }
    if (n == 0 || !d->m->finished)
        return;
    finding_t *f = finding_add(d->list, FINDING_UNTESTED, "No packet could be sent to %s.", list);
    if (n == 1)
        finding_set_addr(f, d->m, &only->a->addr);
    for (size_t i = 0; i < d->subject_count; i++)
        if (untested(&d->subject[i]) && d->subject[i].a->addr.family == family)
            add_evidence(d, &d->subject[i], f, -1);
}

void rules_reach(diag_t *d)
{
    untested_rule(d, 4);
    untested_rule(d, 6);
    family_rule(d, 4);
    family_rule(d, 6);
    for (size_t i = 0; i < d->subject_count; i++)
        reach_one(d, &d->subject[i]);
}
