/* Whether an address that answers serves the zone. */
#include <stdio.h>

#include "diagnose/facts.h"
#include "exchange/noun.h"

/* Reasons of a server that will not, in contrast to one that cannot (RFC 8914 4.16 to 4.19) */
#define EDE_BLOCKED    15u
#define EDE_FILTERED   17u
#define EDE_PROHIBITED 18u

/* The SOA fact by which an address that does not serve the zone is judged. */
static const fact_t *judged(const diag_t *d, const subject_t *s)
{
    static const probe_kind_t order[] = {PROBE_SOA, PROBE_SOA_EDNS, PROBE_SOA_TCP, PROBE_CASE};
    for (size_t k = 0; k < sizeof order / sizeof order[0]; k++) {
        const fact_t *f = subject_fact(d, s, order[k]);
        if (fact_answered(f) && f->cls != CLASS_TRUNCATED)
            return f;
    }
    return NULL;
}

static finding_t *lame_rcode(diag_t *d, const subject_t *s, const fact_t *f)
{
    char rcode[16];
    finding_id_t id = f->rcode == NSP_RCODE_REFUSED    ? FINDING_LAME_REFUSED
                      : f->rcode == NSP_RCODE_SERVFAIL ? FINDING_LAME_SERVFAIL
                                                       : FINDING_LAME_RCODE;
    return subject_finding(d, s, id, "The SOA query is answered with %s.",
                           nsp_rcode_text(f->rcode, rcode));
}

/* Owner of the first NS or SOA in the reply's authority section. */
static bool authority_owner(diag_t *d, const fact_t *f, nsp_name_t *out)
{
    const nsp_msg_t *m = fact_message(d, f);
    for (uint16_t i = 0; i < m->found[NSP_AUTHORITY]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_AUTHORITY, i);
        if (rr->type == NSP_TYPE_NS || rr->type == NSP_TYPE_SOA) {
            nsp_rr_owner(m, rr, out);
            return true;
        }
    }
    return false;
}

static finding_t *lame_other(diag_t *d, const subject_t *s, const fact_t *f)
{
    char text[NSP_NAME_TEXT_MAX];
    nsp_name_t owner;
    bool known = authority_owner(d, f, &owner);
    if (known)
        name_label(&owner, text);
    if (f->cls == CLASS_UPWARD)
        return subject_finding(d, s, FINDING_LAME_UPWARD_REFERRAL,
                               "The SOA query is answered with a referral to %s%s.",
                               known && owner.len > 1 ? text : "the root",
                               known && owner.len > 1 ? ", a zone above" : "");
    if (f->cls == CLASS_NXDOMAIN && known)
        return subject_finding(d, s, FINDING_LAME_OTHER_ZONE,
                               "The server says that the zone's name does not exist, out of zone "
                               "%s.",
                               text);
    if (f->cls == CLASS_NXDOMAIN)
        return subject_finding(d, s, FINDING_LAME_OTHER_ZONE,
                               "The server says that the zone's name does not exist.");
    if (known && nsp_name_equal(&owner, &d->m->zone))
        return subject_finding(d, s, FINDING_LAME_OTHER_ZONE,
                               "The SOA query is answered with a referral to the zone itself: the "
                               "server holds a zone above it.");
    return subject_finding(d, s, FINDING_LAME_OTHER_ZONE,
                           "The SOA query is answered out of another zone, %s.",
                           known ? text : "which is not named");
}

/* The class of an SOA record that answers in another class than IN (RFC 1035 4.1.2, 4.1.3). */
static uint16_t soa_class(diag_t *d, const fact_t *f)
{
    const nsp_msg_t *m = fact_message(d, f);
    for (uint16_t i = 0; i < m->found[NSP_ANSWER]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        if (rr->type == NSP_TYPE_SOA && nsp_rr_owner_is(m, rr, &d->m->zone))
            return rr->rclass;
    }
    return NSP_CLASS_IN;
}

static finding_t *lame_finding(diag_t *d, const subject_t *s, const fact_t *f)
{
    char text[16];
    switch (f->cls) {
    case CLASS_RCODE:
        return lame_rcode(d, s, f);
    case CLASS_UPWARD:
    case CLASS_OTHER:
    case CLASS_NXDOMAIN:
        return lame_other(d, s, f);
    case CLASS_NOT_AA:
        if (f->data_count == 0)
            return subject_finding(d, s, FINDING_LAME_NOT_AUTHORITATIVE,
                                   "The SOA query is answered with no records and without AA.");
        return subject_finding(
            d, s, FINDING_LAME_NOT_AUTHORITATIVE, "The SOA query is answered without AA%s.",
            (f->flags & NSP_FLAG_RA) != 0 ? "; the server offers recursion" : "");
    default:
        if (soa_class(d, f) != NSP_CLASS_IN)
            return subject_finding(d, s, FINDING_SOA_MISSING,
                                   "The reply has AA, and an SOA record of class %s, not IN: "
                                   "resolvers drop it.",
                                   nsp_class_text(soa_class(d, f), text));
        return subject_finding(d, s, FINDING_SOA_MISSING,
                               "The reply has AA, but no SOA record of the zone.");
    }
}

/* What the server itself says of the reason (RFC 8914), if it does; a number that nobody knows
 * tells nothing. */
static bool says_why(diag_t *d, const fact_t *f, uint16_t *code, const char **text)
{
    nsp_edns_t e;
    if (!nsp_edns_read(fact_message(d, f), &e, NULL))
        return false;
    const nsp_edns_option_t *o = nsp_edns_find(&e, NSP_OPTION_EDE);
    if (o == NULL || o->size < 2)
        return false;
    *code = (uint16_t)(o->data[0] << 8 | o->data[1]);
    *text = nsp_ede_text(*code);
    return *code != 0 && (*text)[0] != '\0';
}

/* The reason of the first of its SOA answers that has one. True when queries are not allowed. */
static bool add_reason(diag_t *d, const subject_t *s, finding_t *out)
{
    char text[200];
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *k = subject_at(d, s, i);
        uint16_t code = 0;
        const char *why = NULL;
        if (!fact_is_soa(k) || !fact_answered(k) || !says_why(d, k, &code, &why))
            continue;
        snprintf(text, sizeof text, " It gives the reason \"%s\" (EDE %u).", why, code);
        finding_add_text(out, text);
        return code == EDE_PROHIBITED || code == EDE_BLOCKED || code == EDE_FILTERED;
    }
    return false;
}

/* Another address of the same server that serves the zone, or NULL. */
static const subject_t *served_at(const diag_t *d, const subject_t *s)
{
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *o = &d->subject[i];
        if (o != s && o->serves && o->a->server_count > 0 && s->a->server_count > 0 &&
            o->a->server[0] == s->a->server[0])
            return o;
    }
    return NULL;
}

/* The zone is set up, and one address of the server does not lead to it: nothing is to be taken out
 * but that address. */
static void lame_address(diag_t *d, const subject_t *s, const subject_t *other, finding_t *out)
{
    char here[ADDR_TEXT_MAX];
    char there[ADDR_TEXT_MAX];
    char name[NSP_NAME_TEXT_MAX];
    addr_text(&s->a->addr, here);
    addr_text(&other->a->addr, there);
    finding_add_likely(out,
                       "Something else answers at this address: another program, a view, or a rule "
                       "that knows the other address only.",
                       "The same server serves the zone at another of its addresses.");
    finding_set_fix(
        out,
        "Let %s serve the zone at %s as it does at %s; until then take this one address "
        "out of its records and its glue.",
        name_label(&d->m->server[s->a->server[0]].name, name), here, there);
}

/* True when the zone is served at some address. */
static bool any_serves(const diag_t *d)
{
    for (size_t i = 0; i < d->subject_count; i++)
        if (d->subject[i].serves)
            return true;
    return false;
}

const fact_t *subject_answer_beside(diag_t *d, const subject_t *s)
{
    nsp_name_t owner;
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *k = subject_at(d, s, i);
        if (fact_is_soa(k) || !fact_answered(k) || (k->flags & NSP_FLAG_AA) == 0 ||
            !nsp_name_is_subdomain(&k->x->qname, &d->m->zone))
            continue;
        if (k->cls == CLASS_GOOD ||
            ((k->cls == CLASS_NXDOMAIN || k->cls == CLASS_NODATA) &&
             authority_owner(d, k, &owner) && nsp_name_equal(&owner, &d->m->zone)))
            return k;
    }
    return NULL;
}

/* Each question for the SOA gets the same error, and there were enough to tell that from luck. */
static bool always_error(const diag_t *d, const subject_t *s, const fact_t *f)
{
    unsigned n = 0;
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *k = subject_at(d, s, i);
        if (!fact_is_soa(k) || !fact_answered(k))
            continue;
        if (k->cls != CLASS_RCODE || k->rcode != f->rcode)
            return false;
        n++;
    }
    return n >= 3;
}

/* A device that answers for hosts, as load balancers do, and not for the zone that they are in; or
 * one that lets some types through. Whoever asks for those is served: to take it out harms. False
 * when it is none. */
static bool lame_by_type(diag_t *d, const subject_t *s, const fact_t *f, const char *label,
                         finding_t *out)
{
    char text[128];
    char type[16];
    char rcode[16];
    const fact_t *k =
        f->cls == CLASS_RCODE && always_error(d, s, f) ? subject_answer_beside(d, s) : NULL;
    if (k == NULL)
        return false;
    snprintf(text, sizeof text, " Asked for %s it answers for this zone, with authority: %s.",
             nsp_type_text(k->x->qtype, type), nsp_rcode_text(k->rcode, rcode));
    finding_add_text(out, text);
    finding_add_evidence(out, k->x);
    finding_add_likely(
        out,
        "A load balancer that knows hosts of the zone and not the zone, or a filter by "
        "type in front of the server.",
        "Only some types get the error.");
    finding_set_fix(out,
                    "Have %s answer for SOA and NS of the zone, too. Do not take it out of the "
                    "delegation for that: it answers other questions.",
                    label);
    return true;
}

/* Evidence: every SOA fact with the same answer. */
static void lame_report(diag_t *d, subject_t *s, const fact_t *f)
{
    char label[LABEL_MAX];
    finding_t *out = lame_finding(d, s, f);
    finding_add_evidence(out, f->x);
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *k = subject_at(d, s, i);
        if (fact_is_soa(k) && fact_answered(k) && k->cls == f->cls)
            finding_add_evidence(out, k->x);
    }
    subject_label(d, s, label);
    const subject_t *other = served_at(d, s);
    if (add_reason(d, s, out)) {
        finding_add_likely(out, "An access list that does not let this client query the zone.",
                           "The server gives that reason itself.");
        finding_set_fix(out,
                        "Let everybody query the zone at %s: its access list (allow-query) refuses "
                        "this client.",
                        label);
    } else if (lame_by_type(d, s, f, label, out)) {
        s->folded = true;
        return;
    } else if (f->rcode == NSP_RCODE_SERVFAIL)
        finding_set_fix(out,
                        "Look at the log of %s: an expired or broken copy of the zone, or "
                        "transfers that fail. Until it serves the zone again, take it out of the "
                        "delegation.",
                        label);
    else if (s->serves)
        finding_set_fix(
            out,
            "Look at %s for what refuses UDP alone: an access list or a rate limit, or "
            "something in front of it. The zone is set up there, as TCP shows: leave it "
            "in the delegation.",
            label);
    else if (other != NULL)
        lame_address(d, s, other, out);
    else if (!any_serves(d) && f->cls == CLASS_NODATA)
        finding_set_fix(out,
                        "Have %s serve the whole zone, its SOA and NS records, too, or have the "
                        "registrar delegate to servers that do.",
                        label);
    else if (!any_serves(d))
        finding_set_fix(out,
                        "Have the zone set up at %s again%s, or have the registrar delegate to "
                        "servers that hold it.",
                        label,
                        f->cls == CLASS_RCODE
                            ? " (a closed account, an unpaid bill and a zone that "
                              "was deleted look like this)"
                            : "");
    else
        finding_set_fix(out,
                        "Have %s set up to serve the zone; until then take it out of the NS "
                        "records and of the delegation at the registrar.",
                        label);
    s->folded = true;
}

/* True when a reply has a CNAME record of the zone's own name; *target is what it leads to. */
static bool has_apex_cname(diag_t *d, const fact_t *f, nsp_name_t *target)
{
    if (!fact_answered(f) || f->answers == 0 || (f->flags & NSP_FLAG_AA) == 0)
        return false;
    const nsp_msg_t *m = fact_message(d, f);
    for (uint16_t i = 0; i < m->found[NSP_ANSWER]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        if (rr->type == NSP_TYPE_CNAME && nsp_rr_owner_is(m, rr, &d->m->zone))
            return nsp_rdata_name(m, rr, 0, target);
    }
    return false;
}

/* A CNAME at the apex, where SOA and NS must be and nothing may be beside a CNAME (RFC 1034 3.6.2,
 * RFC 2181 10.1). True when there is one, whatever question brought it. */
static bool apex_cname_rule(diag_t *d, const subject_t *s)
{
    char zone[NSP_NAME_TEXT_MAX];
    char target[NSP_NAME_TEXT_MAX];
    char type[16];
    nsp_name_t name;
    finding_t *out = NULL;
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *f = subject_at(d, s, i);
        if (!nsp_name_equal(&f->x->qname, &d->m->zone) || !has_apex_cname(d, f, &name))
            continue;
        if (out == NULL)
            out = subject_finding(d, s, FINDING_CNAME_AT_APEX,
                                  "The %s query is answered with a CNAME record: %s is an alias of "
                                  "%s.",
                                  nsp_type_text(f->x->qtype, type), name_label(&d->m->zone, zone),
                                  name_label(&name, target));
        finding_add_evidence(out, f->x);
    }
    return out != NULL;
}

static void lame_rule(diag_t *d, subject_t *s)
{
    const fact_t *f = judged(d, s);
    if (f == NULL)
        return;
    if (apex_cname_rule(d, s))
        s->folded = true;
    else
        lame_report(d, s, f);
}

/* A server that serves the zone over TCP alone is lame to whoever asks over UDP. True when it is
 * so. */
static bool lame_over_udp(diag_t *d, subject_t *s)
{
    static const probe_kind_t kinds[] = {PROBE_SOA, PROBE_SOA_EDNS, PROBE_CASE};
    const fact_t *first = subject_fact(d, s, PROBE_SOA);
    const fact_t *tcp = subject_fact(d, s, PROBE_SOA_TCP);
    if (!fact_answered(tcp) || tcp->cls != CLASS_GOOD)
        return false;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        const fact_t *f = subject_fact(d, s, kinds[k]);
        if (f == NULL && kinds[k] == PROBE_CASE)
            continue;
        if (f == NULL || !fact_answered(f) || f->cls != first->cls || f->rcode != first->rcode ||
            f->cls == CLASS_GOOD || f->cls == CLASS_TRUNCATED)
            return false;
    }
    size_t before = d->list->count;
    lame_report(d, s, first);
    if (d->list->count > before)
        finding_add_text(&d->list->item[d->list->count - 1],
                         " That is over UDP; over TCP the zone is served.");
    return true;
}

/* Questions for what every zone has: any of them shows whether it is served. */
static bool is_basic(const fact_t *f)
{
    return fact_is_soa(f) || f->kind == PROBE_NS || f->kind == PROBE_NS_TCP;
}

/* How the questions that get an error differ from those that are answered well. */
typedef struct mix {
    uint16_t rcode; /* of those that get an error */
    unsigned bad;
    unsigned good;
    unsigned more_bad; /* of the other questions over UDP */
    unsigned more_good;
    /* bits of what is among them: which transport, EDNS or not, the type, mixed case */
    unsigned bad_traits;
    unsigned good_traits;
} mix_t;

static unsigned traits_of(const fact_t *f)
{
    return (fact_is_udp(f) ? 1u : 2u) | (f->query_opt ? 4u : 8u) |
           (f->x->qtype == NSP_TYPE_NS ? 16u : 32u) | (f->kind == PROBE_CASE ? 64u : 128u);
}

/* Other questions over UDP that every server answers. */
static bool is_more(const fact_t *f)
{
    return f->kind == PROBE_BIG || f->kind == PROBE_NXDOMAIN || f->kind == PROBE_NODATA ||
           f->kind == PROBE_SIGNED;
}

static mix_t mix_of(const diag_t *d, const subject_t *s, uint16_t rcode)
{
    mix_t m = {.rcode = rcode};
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *f = subject_at(d, s, i);
        bool failed = f->cls == CLASS_RCODE && f->rcode == rcode;
        if (!fact_answered(f))
            continue;
        if (!is_basic(f)) {
            bool well = f->rcode == NSP_RCODE_NOERROR || f->rcode == NSP_RCODE_NXDOMAIN;
            m.more_bad += failed && is_more(f);
            m.more_good += well && is_more(f);
        } else if (failed) {
            m.bad++;
            m.bad_traits |= traits_of(f);
        } else if (f->cls == CLASS_GOOD) {
            m.good++;
            m.good_traits |= traits_of(f);
        }
    }
    return m;
}

/* True when no trait is the reason: each that all of the failing have, others have and are
 * answered.
 */
static bool is_by_chance(const mix_t *m)
{
    bool more = m->bad > 0 && m->more_bad > 0 && m->more_good > 0 && m->bad + m->more_bad > 2;
    if ((m->bad < 2 && !more) || m->good < 2)
        return false;
    for (unsigned pair = 3; pair <= 3u << 6; pair <<= 2) {
        unsigned bad = m->bad_traits & pair;
        if (bad != pair && (m->good_traits & bad) == 0)
            return false;
    }
    return true;
}

/* The same kinds of question are answered and refused by turns: machines behind one address, of
 * which some do not have the zone. True when it is so. */
static bool mixed_rule(diag_t *d, const subject_t *s)
{
    static const uint16_t rcodes[] = {NSP_RCODE_REFUSED, NSP_RCODE_SERVFAIL};
    char rcode[16];
    char label[LABEL_MAX];
    for (size_t k = 0; k < 2; k++) {
        mix_t m = mix_of(d, s, rcodes[k]);
        if (!is_by_chance(&m))
            continue;
        finding_t *f = subject_finding(
            d, s, rcodes[k] == NSP_RCODE_REFUSED ? FINDING_LAME_REFUSED : FINDING_LAME_SERVFAIL,
            "%u of %u questions for SOA and NS %s %s, and the others are answered well, whatever "
            "their form%s.",
            m.bad, m.bad + m.good, noun(m.bad, "gets", "get"), nsp_rcode_text(m.rcode, rcode),
            m.more_bad > 0 && m.more_good > 0 ? "; so it is with other questions" : "");
        finding_add_likely(f,
                           "One of the machines behind the address does not have the zone, or its "
                           "copy has expired.",
                           "The same kinds of question are answered and refused by turns.");
        if (rcodes[k] == NSP_RCODE_REFUSED)
            finding_add_likely(f, "A rate limit that answers REFUSED.",
                               "Only some questions are refused, whatever they ask.");
        for (size_t i = 0; i < s->count; i++) {
            const fact_t *x = subject_at(d, s, i);
            if (is_basic(x) && fact_answered(x) && x->rcode == m.rcode)
                finding_add_evidence(f, x->x);
        }
        finding_set_fix(f,
                        "Find the machine behind %s that does not serve the zone (a member of a "
                        "cluster, a site of an anycast address), and set the zone up there.",
                        subject_label(d, s, label));
        return true;
    }
    return false;
}

/* An error that the SOA gets, too, when it is asked for with EDNS, is that of EDNS. */
static bool is_edns_error(const diag_t *d, const subject_t *s, const fact_t *f)
{
    const fact_t *edns = subject_fact(d, s, PROBE_SOA_EDNS);
    return f->cls == CLASS_RCODE && f->query_opt && fact_answered(edns) && edns->rcode == f->rcode;
}

/* NS over UDP or TCP has authority, but no records, or gets an error. */
static void ns_missing_rule(diag_t *d, const subject_t *s)
{
    char rcode[16];
    const fact_t *ns = subject_fact(d, s, PROBE_NS);
    const fact_t *tcp = subject_fact(d, s, PROBE_NS_TCP);
    if (!fact_answered(ns) || is_edns_error(d, s, ns) ||
        (ns->cls != CLASS_NODATA && ns->cls != CLASS_NXDOMAIN && ns->cls != CLASS_RCODE))
        return;
    if (fact_answered(tcp) && tcp->cls == CLASS_GOOD)
        return;
    finding_t *f =
        ns->cls == CLASS_RCODE
            ? subject_finding(d, s, FINDING_NS_MISSING, "The NS query is answered with %s.",
                              nsp_rcode_text(ns->rcode, rcode))
            : subject_finding(d, s, FINDING_NS_MISSING,
                              "The NS query is answered without NS records of the zone.");
    finding_add_evidence(f, ns->x);
}

/* NS records that the server has from somewhere else: the SOA has authority, they have not (RFC
 * 1035 4.1.1). */
static void ns_not_aa_rule(diag_t *d, const subject_t *s)
{
    const fact_t *ns = subject_fact(d, s, PROBE_NS);
    const fact_t *tcp = subject_fact(d, s, PROBE_NS_TCP);
    char label[LABEL_MAX];
    if (!fact_answered(ns) || ns->cls != CLASS_NOT_AA ||
        (fact_answered(tcp) && tcp->cls == CLASS_GOOD))
        return;
    finding_t *f =
        subject_finding(d, s, FINDING_NS_MISSING,
                        "The NS query is answered without AA, and the SOA query with it.");
    finding_add_evidence(f, ns->x);
    finding_set_fix(
        f,
        "Let %s answer for the NS records out of the zone itself, not from a cache or a "
        "list.",
        subject_label(d, s, label));
    if (f != NULL && ns->data_count > 0)
        f->severity = SEVERITY_WARNING;
}

static const char *class_text(const fact_t *f, char buf[64])
{
    char rcode[16];
    switch (f->cls) {
    case CLASS_RCODE:
    case CLASS_NXDOMAIN:
        snprintf(buf, 64, "%s", nsp_rcode_text(f->rcode, rcode));
        break;
    case CLASS_NOT_AA:
        snprintf(buf, 64, "an answer without AA");
        break;
    case CLASS_TRUNCATED:
        snprintf(buf, 64, "TC set");
        break;
    default:
        snprintf(buf, 64, "an answer without the SOA");
    }
    return buf;
}

/* UDP gives the SOA with authority, and TCP gives something else. */
static void tcp_rule(diag_t *d, const subject_t *s)
{
    char what[64];
    const fact_t *tcp = subject_fact(d, s, PROBE_SOA_TCP);
    const fact_t *udp = subject_soa(d, s);
    const fact_t *edns = subject_fact(d, s, PROBE_SOA_EDNS);
    if (!fact_answered(tcp) || tcp->cls == CLASS_GOOD || udp == NULL || !fact_is_udp(udp))
        return;
    /* the same answer as to EDNS over UDP: EDNS is the cause, not TCP */
    if (tcp->query_opt && fact_answered(edns) && edns->cls == tcp->cls && edns->rcode == tcp->rcode)
        return;
    finding_t *f = subject_finding(d, s, FINDING_TCP_WRONG_ANSWER,
                                   "The SOA query is answered well over UDP, and with %s over "
                                   "TCP.",
                                   class_text(tcp, what));
    finding_add_evidence(f, tcp->x);
    finding_add_evidence(f, udp->x);
}

void rules_authority(diag_t *d)
{
    for (size_t i = 0; i < d->subject_count; i++) {
        subject_t *s = &d->subject[i];
        if (s->folded)
            continue;
        if (!s->serves) {
            lame_rule(d, s);
            continue;
        }
        if (lame_over_udp(d, s) || mixed_rule(d, s))
            continue;
        if (!apex_cname_rule(d, s)) {
            ns_missing_rule(d, s);
            ns_not_aa_rule(d, s);
        }
        tcp_rule(d, s);
    }
}
