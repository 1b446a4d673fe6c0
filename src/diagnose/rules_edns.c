/* EDNS, size and case: addresses that serve the zone, and fail for one form of the question.
 *
 *   plain SOA   EDNS (without the big one)      finding
 *   answered    all silent                      edns-dropped
 *   answered    all with an error               edns-broken
 *   answered    all without OPT                 edns-broken
 *   answered    some answered, some silent      query-dropped, or flapping when other kinds lose
 *                                               attempts too
 *   any         answered, big one silent; over
 *               TCP, or elsewhere, it has more
 *               than 1232 octets, or than all
 *               that arrive over UDP and 512    big-answer-lost
 *               smaller, no type of big
 *               question answered               edns-size-dropped
 *               else                            query-dropped
 *   any         big one cut, and silent over
 *               TCP, which smaller ones are not truncated-no-tcp
 */
#include <stdio.h>

#include "diagnose/facts.h"
#include "exchange/icmp.h"

#define SAFE_SIZE  1232 /* octets that pass without fragments (RFC 9715 3) */
#define PLAIN_SIZE 512  /* that everybody lets pass (RFC 1035 2.3.4) */

typedef struct edns_count {
    unsigned asked;
    unsigned silent;
    unsigned errors; /* rcodes that do not belong to the question */
    unsigned with_opt;
    unsigned without_opt;
    const fact_t *error;
} edns_count_t;

static bool is_edns_error(const fact_t *f)
{
    return f->rcode != NSP_RCODE_NOERROR && f->rcode != NSP_RCODE_NXDOMAIN;
}

static edns_count_t count_edns(const diag_t *d, const subject_t *s)
{
    edns_count_t n = {0, 0, 0, 0, 0, NULL};
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *f = subject_at(d, s, i);
        if (!fact_is_edns(f) || !fact_decided(f))
            continue;
        n.asked++;
        n.silent += f->o.kind == OUTCOME_SILENT;
        if (!fact_answered(f))
            continue;
        if (is_edns_error(f)) {
            n.errors++;
            n.error = n.error != NULL ? n.error : f;
        } else if (f->opt) {
            n.with_opt++;
        } else if (!f->faulty) {
            n.without_opt++; /* a malformed reply says nothing about EDNS */
        }
    }
    return n;
}

static void edns_evidence(const diag_t *d, const subject_t *s, finding_t *f, const fact_t *plain)
{
    finding_add_evidence(f, plain->x);
    for (size_t i = 0; i < s->count; i++)
        if (fact_is_edns(subject_at(d, s, i)))
            finding_add_evidence(f, subject_at(d, s, i)->x);
}

static void edns_rule(diag_t *d, subject_t *s)
{
    char rcode[16];
    const fact_t *plain = subject_fact(d, s, PROBE_SOA);
    edns_count_t n = count_edns(d, s);
    if (!fact_answered(plain) || plain->cls != CLASS_GOOD || n.asked == 0)
        return;
    if (n.silent == n.asked && (n.asked > 1 || !s->flapping)) {
        finding_t *f = subject_finding(d, s, FINDING_EDNS_DROPPED,
                                       "Plain queries are answered; %u of %u with EDNS are not.",
                                       n.silent, n.asked);
        edns_evidence(d, s, f, plain);
        s->edns_dropped = true;
    } else if (n.errors > 0 && n.with_opt + n.without_opt == 0) {
        finding_t *f = subject_finding(d, s, FINDING_EDNS_BROKEN,
                                       "Plain queries are answered; those with EDNS get %s.",
                                       nsp_rcode_text(n.error->rcode, rcode));
        edns_evidence(d, s, f, plain);
        /* FORMERR and NOTIMP make a client ask again without EDNS (RFC 6891 7); others do not */
        if (f != NULL && n.error->rcode != NSP_RCODE_FORMERR && n.error->rcode != NSP_RCODE_NOTIMP)
            f->severity = SEVERITY_ERROR;
        s->edns_broken = true;
    } else if (n.without_opt > 0 && n.with_opt == 0) {
        finding_t *f = subject_finding(d, s, FINDING_EDNS_BROKEN,
                                       "Queries with EDNS are answered without an OPT record.");
        edns_evidence(d, s, f, plain);
        s->edns_broken = true;
    }
}

/* The big question of a type over one transport, or NULL. */
static const fact_t *big_fact(const diag_t *d, const subject_t *s, probe_kind_t kind,
                              uint16_t qtype)
{
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *f = subject_at(d, s, i);
        if (f->kind == kind && f->x->qtype == qtype)
            return f;
    }
    return NULL;
}

/* The big question of a type over TCP, when answered. */
static const fact_t *big_over_tcp(const diag_t *d, const subject_t *s, uint16_t qtype)
{
    const fact_t *f = big_fact(d, s, PROBE_BIG_TCP, qtype);
    return fact_answered(f) ? f : NULL;
}

/* Octets of the largest answer that came over UDP. */
static uint32_t largest_over_udp(const diag_t *d, const subject_t *s)
{
    uint32_t most = 0;
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *f = subject_at(d, s, i);
        if (fact_is_udp(f) && fact_answered(f) && f->o.reply->size > most)
            most = f->o.reply->size;
    }
    return most;
}

/* Octets of the whole answer to a big question: over TCP, or else what other addresses of the zone
 * give. 0: nobody gives one. */
static uint32_t size_of_answer(const diag_t *d, const fact_t *tcp, uint16_t qtype)
{
    uint32_t most = 0;
    if (tcp != NULL)
        return tcp->o.reply->size;
    for (size_t i = 0; i < d->fact_count; i++) {
        const fact_t *f = &d->fact[i];
        if ((f->kind == PROBE_BIG || f->kind == PROBE_BIG_TCP) && f->x->qtype == qtype &&
            fact_answered(f) && f->cls == CLASS_GOOD && (f->flags & NSP_FLAG_TC) == 0 &&
            f->o.reply->size > most)
            most = f->o.reply->size;
    }
    return most;
}

/* TCP is answered there, and the big question over it is not. */
static bool big_tcp_is_lost(const diag_t *d, const subject_t *s, uint16_t qtype)
{
    const fact_t *f = big_fact(d, s, PROBE_BIG_TCP, qtype);
    return f != NULL && s->tcp == REACH_ANSWERED && f->o.kind == OUTCOME_SILENT;
}

/* Lost by its size: over UDP, or over both. */
static finding_t *size_lost(diag_t *d, const subject_t *s, const fact_t *udp, const fact_t *tcp,
                            uint32_t size)
{
    char buf[16];
    char label[LABEL_MAX];
    const char *type = nsp_type_text(udp->x->qtype, buf);
    uint32_t arrives = largest_over_udp(d, s);
    finding_t *f = NULL;
    subject_label(d, s, label);
    if (big_tcp_is_lost(d, s, udp->x->qtype)) {
        f = subject_finding(d, s, FINDING_BIG_ANSWER_LOST,
                            "%s, which has %u octets at another address, arrives neither over UDP "
                            "nor over TCP; smaller answers arrive over both.",
                            type, size);
        finding_set_fix(f,
                        "Let ICMP \"packet too big\" reach %s, or lower its MTU or TCP MSS: full "
                        "packets are lost on the way from it.",
                        label);
        return f;
    }
    f = subject_finding(d, s, FINDING_BIG_ANSWER_LOST,
                        "%s has %u octets %s; over UDP with EDNS size %u it does not arrive, "
                        "answers of up to %u octets do.",
                        type, size, tcp != NULL ? "over TCP" : "at another address", PROBE_BIG_SIZE,
                        arrives);
    if (size > SAFE_SIZE)
        finding_set_fix(f,
                        "Limit the UDP answers of %s to 1232 octets (max-udp-size, edns-udp-size), "
                        "and let fragments and ICMP \"packet too big\" pass.",
                        label);
    else {
        finding_add_likely(f, "A firewall drops DNS over UDP of more than 512 octets.",
                           "The answer is no longer than what goes in one packet anywhere.");
        finding_set_fix(f,
                        "Look for a firewall at %s, or on the way, that drops DNS over UDP of more "
                        "than 512 octets, and lift that limit.",
                        label);
    }
    return f;
}

/* What rejected it, where something did. */
static void add_icmp(finding_t *f, const fact_t *udp)
{
    char peer[ADDR_TEXT_MAX];
    const event_t *e = udp->o.reply;
    if (udp->o.kind != OUTCOME_ICMP)
        return;
    char text[200];
    snprintf(text, sizeof text, " It is rejected by ICMP \"%s\" from %s.",
             icmp_text(udp->x->server.family, e->icmp_type, e->icmp_code),
             addr_text(&e->peer, peer));
    finding_add_text(f, text);
}

static bool asked_with_do(const exchange_t *x)
{
    const event_t *sent = exchange_query(x);
    nsp_rr_t arena[4];
    nsp_msg_t m;
    nsp_edns_t e;
    return sent != NULL && nsp_msg_index(&m, sent->bytes, sent->size, arena, 4) == NSP_OK &&
           nsp_edns_read(&m, &e, NULL) && (e.flags & NSP_EDNS_DO) != 0;
}

/* Not one question with DO is answered over UDP, not even those whose answer would be cut to a
 * small one: that is not for the size of the answers. */
static bool do_is_dropped(diag_t *d, const subject_t *s)
{
    outcome_t o;
    unsigned silent = 0;
    for (uint32_t i = 0; i < d->set->count; i++) {
        const exchange_t *x = d->set->item[i];
        if (x->transport != TRANSPORT_UDP || !addr_equal(&x->server, &s->a->addr) ||
            !asked_with_do(x))
            continue;
        outcome_of(x, &o, d->scratch);
        if (o.kind == OUTCOME_ANSWERED || o.kind == OUTCOME_MALFORMED)
            return false;
        silent += o.kind == OUTCOME_SILENT;
    }
    return silent > 3;
}

static void big_lost(diag_t *d, const subject_t *s, const fact_t *udp, const fact_t *tcp,
                     bool any_answered)
{
    char buf[16];
    const char *type = nsp_type_text(udp->x->qtype, buf);
    finding_t *f = NULL;
    uint32_t size = size_of_answer(d, tcp, udp->x->qtype);
    if (size > PLAIN_SIZE && do_is_dropped(d, s)) {
        f = subject_finding(d, s, FINDING_EDNS_SIZE_DROPPED,
                            "No question with DO is answered over UDP, whatever the size of its "
                            "answer; others with EDNS are.");
    } else if (size > SAFE_SIZE || (size > PLAIN_SIZE && size > largest_over_udp(d, s))) {
        f = size_lost(d, s, udp, tcp, size);
    } else if (any_answered) {
        f = subject_finding(d, s, FINDING_QUERY_DROPPED, "Queries for %s get no answer over UDP%s.",
                            type,
                            big_tcp_is_lost(d, s, udp->x->qtype) ? ", and none over TCP" : "");
    } else if (tcp != NULL) {
        f = subject_finding(d, s, FINDING_EDNS_SIZE_DROPPED,
                            "%s with EDNS size %u and DO is not answered over UDP; over TCP the "
                            "answer has only %u octets.",
                            type, PROBE_BIG_SIZE, tcp->o.reply->size);
    } else {
        f = subject_finding(d, s, FINDING_EDNS_SIZE_DROPPED,
                            "%s with EDNS size %u and DO is not answered over UDP; TCP gives no "
                            "answer to compare.",
                            type, PROBE_BIG_SIZE);
    }
    add_icmp(f, udp);
    finding_add_evidence(f, udp->x);
    finding_add_evidence(f, tcp != NULL ? tcp->x : NULL);
}

static bool big_is_lost(const fact_t *f)
{
    return f->kind == PROBE_BIG && (f->o.kind == OUTCOME_SILENT || f->o.kind == OUTCOME_ICMP);
}

/* One finding an address: for the big question whose answer over TCP is the largest. */
static void big_rule(diag_t *d, const subject_t *s)
{
    const fact_t *lost = NULL;
    const fact_t *lost_tcp = NULL;
    bool any_answered = false;
    if (s->edns_dropped || s->flapping || s->fragments)
        return;
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *f = subject_at(d, s, i);
        any_answered = any_answered || (f->kind == PROBE_BIG && fact_answered(f));
        if (!big_is_lost(f))
            continue;
        const fact_t *tcp = big_over_tcp(d, s, f->x->qtype);
        bool larger =
            tcp != NULL && (lost_tcp == NULL || tcp->o.reply->size > lost_tcp->o.reply->size);
        if (lost == NULL || larger) {
            lost = f;
            lost_tcp = tcp;
        }
    }
    if (lost != NULL)
        big_lost(d, s, lost, lost_tcp, any_answered);
}

/* An answer that is cut, and over TCP, which has it whole, gets lost for its size. */
static void cut_rule(diag_t *d, const subject_t *s)
{
    char buf[16];
    char label[LABEL_MAX];
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *f = subject_at(d, s, i);
        if (f->kind != PROBE_BIG || !fact_answered(f) || (f->flags & NSP_FLAG_TC) == 0 ||
            !big_tcp_is_lost(d, s, f->x->qtype))
            continue;
        finding_t *out = subject_finding(
            d, s, FINDING_TRUNCATED_NO_TCP,
            "The answer over UDP (%s) is cut; over TCP it does not arrive, though smaller ones do.",
            nsp_type_text(f->x->qtype, buf));
        finding_add_evidence(out, f->x);
        finding_add_evidence(out, big_fact(d, s, PROBE_BIG_TCP, f->x->qtype)->x);
        finding_set_fix(out,
                        "Let ICMP \"packet too big\" reach %s, or lower its MTU or TCP MSS: full "
                        "packets are lost on the way from it.",
                        subject_label(d, s, label));
        return;
    }
}

static const fact_t *cut_over(const diag_t *d, const subject_t *s, bool udp)
{
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *f = subject_at(d, s, i);
        if (fact_is_udp(f) == udp && fact_answered(f) && (f->flags & NSP_FLAG_TC) != 0)
            return f;
    }
    return NULL;
}

/* TC over TCP, where there is room for every answer: nowhere is left to ask. */
static void cut_again_rule(diag_t *d, const subject_t *s)
{
    const fact_t *udp = cut_over(d, s, true);
    const fact_t *tcp = cut_over(d, s, false);
    finding_t *f;
    char label[LABEL_MAX];
    if (tcp == NULL)
        return;
    if (udp != NULL)
        f = subject_finding(d, s, FINDING_TRUNCATED_NO_TCP,
                            "The answer over UDP (%s) is cut; over TCP it is cut as well.",
                            probe_name(udp->kind));
    else
        f = subject_finding(d, s, FINDING_TRUNCATED_NO_TCP, "The answer over TCP (%s) is cut.",
                            probe_name(tcp->kind));
    finding_add_evidence(f, udp != NULL ? udp->x : NULL);
    finding_add_evidence(f, tcp->x);
    finding_set_fix(f,
                    "Over TCP there is room for 65535 octets: %s, or what answers with TC in front "
                    "of it, must give whole answers there.",
                    subject_label(d, s, label));
}

/* The question in plain case is answered over UDP. */
static bool plain_case_is_answered(const diag_t *d, const subject_t *s)
{
    return fact_answered(subject_fact(d, s, PROBE_SOA)) ||
           fact_answered(subject_fact(d, s, PROBE_SOA_EDNS));
}

static void case_rule(diag_t *d, const subject_t *s)
{
    const fact_t *f = subject_fact(d, s, PROBE_CASE);
    const fact_t *plain = subject_soa(d, s);
    if (f == NULL || !fact_decided(f) || plain == NULL || plain->kind == PROBE_CASE)
        return;
    finding_t *out = NULL;
    if (fact_answered(f) && (f->cls == CLASS_GOOD || f->cls == CLASS_TRUNCATED)) {
        if (!f->case_kept)
            out = subject_finding(d, s, FINDING_CASE_NOT_PRESERVED,
                                  "The query's mixed-case name comes back in other case.");
    } else if (fact_answered(f) && !(f->query_opt && s->edns_broken)) {
        char rcode[16];
        if (f->rcode != NSP_RCODE_NOERROR)
            out = subject_finding(d, s, FINDING_CASE_SENSITIVE,
                                  "The SOA query in mixed case is answered with %s.",
                                  nsp_rcode_text(f->rcode, rcode));
        else
            out = subject_finding(d, s, FINDING_CASE_SENSITIVE,
                                  "The SOA query in mixed case is answered without the SOA.");
    } else if (f->o.kind == OUTCOME_SILENT && !s->flapping && !(f->query_opt && s->edns_dropped) &&
               plain_case_is_answered(d, s)) {
        out = subject_finding(d, s, FINDING_CASE_SENSITIVE,
                              "The SOA query in mixed case is not answered.");
    }
    finding_add_evidence(out, f->x);
    if (out != NULL)
        finding_add_evidence(out, plain->x);
}

/* Kinds of question that are silent at each attempt, though others are answered. */
static void dropped_rule(diag_t *d, const subject_t *s)
{
    static const struct {
        probe_kind_t kind;
        const char *text;
    } kinds[] = {{PROBE_SOA, "for SOA without EDNS"},
                 {PROBE_SOA_EDNS, "for SOA with EDNS"},
                 {PROBE_NS, "for NS"},
                 {PROBE_NXDOMAIN, "for a name that does not exist"},
                 {PROBE_NODATA, "for a type that does not exist"}};
    char list[256] = "";
    size_t len = 0;
    const fact_t *silent[sizeof kinds / sizeof kinds[0]];
    size_t n = 0;
    if (s->flapping || s->udp != REACH_ANSWERED)
        return;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        const fact_t *f = subject_fact(d, s, kinds[k].kind);
        if (f == NULL || f->o.kind != OUTCOME_SILENT || (f->query_opt && s->edns_dropped))
            continue;
        silent[n++] = f;
        len += (size_t)snprintf(list + len, sizeof list - len, "%s%s", len > 0 ? ", " : "",
                                kinds[k].text);
    }
    if (n == 0)
        return;
    finding_t *f =
        subject_finding(d, s, FINDING_QUERY_DROPPED, "Queries %s get no answer; others do.", list);
    for (size_t i = 0; i < n; i++)
        finding_add_evidence(f, silent[i]->x);
}

void rules_edns(diag_t *d)
{
    for (size_t i = 0; i < d->subject_count; i++) {
        subject_t *s = &d->subject[i];
        if (s->folded || s->udp != REACH_ANSWERED)
            continue;
        cut_again_rule(d, s);
        if (!s->serves) /* or what it says cannot be had */
            continue;
        edns_rule(d, s);
        big_rule(d, s);
        cut_rule(d, s);
        case_rule(d, s);
        dropped_rule(d, s);
    }
}
