/* What the parent's servers say about the zone. */
#include <stdio.h>
#include <string.h>

#include "diagnose/parents.h"
#include "diagnose/tested.h"

/* What one server of the parent made of the question for the delegation. */
typedef enum parent_state {
    PARENT_NOT_ASKED,
    PARENT_SILENT,
    PARENT_NXDOMAIN,
    PARENT_USELESS, /* answered, but neither with a referral nor with authority */
    PARENT_GOOD
} parent_state_t;

static parent_state_t parent_state(diag_t *d, const model_parent_t *p, outcome_t *o)
{
    if (p->asked == NULL)
        return PARENT_NOT_ASKED;
    outcome_of(p->asked, o, d->scratch);
    if (o->kind == OUTCOME_PENDING || o->kind == OUTCOME_NOT_SENT)
        return PARENT_NOT_ASKED;
    if (p->referral || p->answered_aa)
        return PARENT_GOOD;
    if (p->nxdomain)
        return PARENT_NXDOMAIN;
    return o->kind == OUTCOME_ANSWERED || o->kind == OUTCOME_MALFORMED ? PARENT_USELESS
                                                                       : PARENT_SILENT;
}

typedef struct parents {
    unsigned state[PARENT_GOOD + 1];
    unsigned silent6; /* of the silent ones, those with IPv6 */
    unsigned heard6;
} parents_t;

static parents_t count_parents(diag_t *d)
{
    parents_t n = {{0}, 0, 0};
    outcome_t o;
    for (uint16_t i = 0; i < d->m->parent_count; i++) {
        const model_parent_t *p = &d->m->parent_addr[i];
        parent_state_t state = parent_state(d, p, &o);
        n.state[state]++;
        if (p->addr.family == 6) {
            n.silent6 += state == PARENT_SILENT;
            n.heard6 += state > PARENT_SILENT;
        }
    }
    return n;
}

static void silent_parent(diag_t *d, const model_parent_t *p, bool all)
{
    char addr[ADDR_TEXT_MAX];
    char parent[NSP_NAME_TEXT_MAX];
    addr_port_text(&p->addr, addr);
    finding_t *f = finding_add(d->list, FINDING_PARENT_UNRESPONSIVE,
                               "%s, a server of the parent %s, did not answer the question for "
                               "the delegation.",
                               addr, name_label(&d->m->parent, parent));
    finding_set_addr(f, d->m, &p->addr);
    finding_add_evidence(f, p->asked);
    if (f != NULL && all)
        f->severity = SEVERITY_ERROR;
}

/* denies: it has authority for its word that there is no such name. Resolvers believe that, and do
 * not ask another (RFC 8020 2). */
static void useless_parent(diag_t *d, const model_parent_t *p, const outcome_t *o, bool denies)
{
    char addr[ADDR_TEXT_MAX];
    char rcode[16];
    char parent[NSP_NAME_TEXT_MAX];
    const char *what = "neither a referral nor authority";
    addr_port_text(&p->addr, addr);
    name_label(&d->m->parent, parent);
    if (o->kind == OUTCOME_MALFORMED)
        what = "a malformed reply";
    else if (nsp_msg_rcode(&d->scratch->msg) != NSP_RCODE_NOERROR)
        what = nsp_rcode_text(nsp_msg_rcode(&d->scratch->msg), rcode);
    finding_t *f =
        finding_add(d->list, FINDING_PARENT_LAME, "%s, a server of the parent %s, answers with %s.",
                    addr, parent, what);
    finding_set_addr(f, d->m, &p->addr);
    finding_add_evidence(f, p->asked);
    if (o->kind == OUTCOME_ANSWERED && nsp_msg_rcode(&d->scratch->msg) == NSP_RCODE_SERVFAIL)
        finding_set_fix(
            f,
            "Tell the operator of %s that its server %s fails: its copy of the zone has "
            "expired or does not load. Nothing in this zone is to be changed.",
            parent, addr);
    else
        finding_set_fix(f,
                        "Tell the operator of %s that its server %s does not delegate this zone.",
                        parent, addr);
    if (!denies || f == NULL)
        return;
    const model_parent_t *ref = parents_reference(d);
    char age[PARENTS_AGE_MAX];
    f->severity = SEVERITY_ERROR;
    finding_add_text(f, " Resolvers that ask it take the whole zone for missing.");
    finding_add_text(f, parents_age_text(d, p, ref, age));
    finding_add_evidence(f, p->soa);
    if (ref != NULL)
        parents_fix(d, f, p, ref, false);
}

/* The parent's servers that have IPv6 were all silent, and nothing of the zone was heard over
 * IPv6 either: then it is not theirs (rules_reach.c says so where the zone has IPv6). */
static bool ipv6_dead_here(const diag_t *d, const parents_t *n)
{
    bool tried = n->silent6 > 1;
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *s = &d->subject[i];
        if (s->a->addr.family != 6)
            continue;
        if (s->udp > REACH_SILENT || s->tcp > REACH_SILENT)
            return false;
        tried = true;
    }
    return tried && n->silent6 > 0 && n->heard6 == 0;
}

/* Nothing came back from anybody, of several servers on the way: it is not theirs. */
static bool nobody_answers(diag_t *d, const parents_t *n)
{
    const model_parent_t *one = NULL;
    char parent[NSP_NAME_TEXT_MAX];
    outcome_t o;
    if (n->state[PARENT_SILENT] < TESTED_NOBODY || d->subject_count > 0 || tested_heard(d->set))
        return false;
    for (uint16_t i = d->m->parent_count; i > 0; i--)
        if (parent_state(d, &d->m->parent_addr[i - 1], &o) == PARENT_SILENT)
            one = &d->m->parent_addr[i - 1];
    finding_t *f = finding_add(
        d->list, FINDING_UNTESTED,
        "None of the %u addresses of servers of %s that were asked answers, and nobody else does:",
        n->state[PARENT_SILENT], name_label(&d->m->parent, parent));
    tested_nobody(f, &one->addr, NULL);
    for (uint16_t i = 0; i < d->m->parent_count; i++)
        if (parent_state(d, &d->m->parent_addr[i], &o) == PARENT_SILENT)
            finding_add_evidence(f, d->m->parent_addr[i].asked);
    return true;
}

/* True when it is said that nothing is known of the domain. */
static bool parents_rule(diag_t *d)
{
    parents_t n = count_parents(d);
    bool all_silent = n.state[PARENT_SILENT] > 0 && n.state[PARENT_GOOD] == 0 &&
                      n.state[PARENT_USELESS] == 0 && n.state[PARENT_NXDOMAIN] == 0;
    bool no_ipv6 = !all_silent && ipv6_dead_here(d, &n);
    outcome_t o;
    if (all_silent && nobody_answers(d, &n))
        return true;
    for (uint16_t i = 0; i < d->m->parent_count; i++) {
        const model_parent_t *p = &d->m->parent_addr[i];
        parent_state_t state = parent_state(d, p, &o);
        bool useless = state == PARENT_USELESS && !d->m->no_delegation;
        bool denies = state == PARENT_NXDOMAIN && !d->m->nxdomain && n.state[PARENT_GOOD] > 0;
        if (state == PARENT_SILENT && !(no_ipv6 && p->addr.family == 6))
            silent_parent(d, p, all_silent);
        else if (useless || denies)
            useless_parent(d, p, &o, denies);
    }
    return false;
}

/* The names of servers that the referral of one parent has and that of another lacks. */
static void only_named(diag_t *d, const model_parent_t *p, const model_parent_t *ref, char *buf,
                       size_t cap)
{
    char name[NSP_NAME_TEXT_MAX];
    outcome_t o;
    size_t len = 0;
    buf[0] = '\0';
    for (uint16_t i = 0; i < d->m->server_count && len < cap; i++) {
        const nsp_name_t *n = &d->m->server[i].name;
        outcome_of(p->asked, &o, d->scratch);
        if (!has_ns(&d->scratch->msg, NSP_AUTHORITY, &d->m->zone, n))
            continue;
        outcome_of(ref->asked, &o, d->scratch);
        if (!has_ns(&d->scratch->msg, NSP_AUTHORITY, &d->m->zone, n))
            len += (size_t)snprintf(buf + len, cap - len, "%s%s", len > 0 ? ", " : "",
                                    name_label(n, name));
    }
}

/* How the referral of p is not that of ref; empty when it is. */
static void referral_text(diag_t *d, const model_parent_t *p, const model_parent_t *ref, char *buf,
                          size_t cap)
{
    char more[600];
    char less[600];
    char one[ADDR_TEXT_MAX];
    char two[ADDR_TEXT_MAX];
    char name[NSP_NAME_TEXT_MAX];
    size_t len = 0;
    only_named(d, p, ref, more, sizeof more);
    only_named(d, ref, p, less, sizeof less);
    addr_port_text(&p->addr, one);
    addr_port_text(&ref->addr, two);
    buf[0] = '\0';
    if (more[0] != '\0' || less[0] != '\0')
        len =
            (size_t)snprintf(buf, cap, "%s names other servers for the zone than %s does%s%s%s%s.",
                             one, two, more[0] != '\0' ? ": only here " : ":", more,
                             less[0] == '\0'   ? ""
                             : more[0] != '\0' ? "; only there "
                                               : " only there ",
                             less);
    for (uint16_t i = 0; i < d->m->server_count && len < cap; i++) {
        const nsp_name_t *n = &d->m->server[i].name;
        char mine[ADDR_TEXT_MAX];
        char theirs[ADDR_TEXT_MAX];
        if (parents_glue_differs(d, p, ref, n, mine, theirs))
            len +=
                (size_t)snprintf(buf + len, cap - len, "%s%s gives the address %s for %s, %s %s.",
                                 len > 0 ? " " : "", one, mine, name_label(n, name), two, theirs);
    }
}

/* Each server of the parent whose referral is not the one that counts. */
static void referrals_rule(diag_t *d)
{
    const model_parent_t *ref = parents_reference(d);
    for (uint16_t i = 0; ref != NULL && i < d->m->parent_count; i++) {
        const model_parent_t *p = &d->m->parent_addr[i];
        char text[2048];
        char age[PARENTS_AGE_MAX];
        if (p == ref || !p->referral || p->asked == NULL)
            continue;
        referral_text(d, p, ref, text, sizeof text);
        if (text[0] == '\0')
            continue;
        finding_t *f = finding_add(d->list, FINDING_REFERRALS_DIFFER, "%s%s", text,
                                   parents_age_text(d, p, ref, age));
        finding_set_addr(f, d->m, &p->addr);
        finding_add_evidence(f, p->asked);
        finding_add_evidence(f, ref->asked);
        finding_add_evidence(f, p->soa);
        finding_add_evidence(f, ref->soa);
        parents_fix(d, f, p, ref, parents_fits_better(d, p, ref));
    }
}

static void not_delegated(diag_t *d)
{
    char domain[NSP_NAME_TEXT_MAX];
    char parent[NSP_NAME_TEXT_MAX];
    name_label(&d->m->domain, domain);
    finding_t *f =
        finding_add(d->list, FINDING_NOT_DELEGATED, "The servers of %s say that %s does not exist.",
                    name_label(&d->m->parent, parent), domain);
    for (uint16_t i = 0; i < d->m->parent_count; i++)
        if (d->m->parent_addr[i].nxdomain)
            finding_add_evidence(f, d->m->parent_addr[i].asked);
    finding_set_fix(f,
                    "Look up %s at the registry of %s: is it registered, paid for and not on "
                    "hold? To test servers before the delegation is published, use --undelegated.",
                    domain, parent);
}

static void not_a_zone(diag_t *d)
{
    char domain[NSP_NAME_TEXT_MAX];
    char zone[NSP_NAME_TEXT_MAX];
    name_label(&d->m->domain, domain);
    if (nsp_name_equal(&d->m->domain, &d->m->zone))
        finding_add(d->list, FINDING_NOT_A_ZONE, "%s has no delegation.", domain);
    else
        finding_add(d->list, FINDING_NOT_A_ZONE, "%s lies in the zone %s, which was tested.",
                    domain, name_label(&d->m->zone, zone));
}

static bool anything_pending(const diag_t *d)
{
    for (uint32_t i = 0; i < d->set->count; i++)
        if (!d->set->item[i]->finished)
            return true;
    return false;
}

static void cut_short(diag_t *d)
{
    if (d->m->dropped > 0)
        finding_add(d->list, FINDING_CUT_SHORT,
                    "%u servers or addresses are beyond the limits (%u servers, %u addresses) and "
                    "were not tested.",
                    d->m->dropped, MODEL_SERVERS_MAX, MODEL_ADDRESSES_MAX);
    else if (!d->m->finished || anything_pending(d))
        finding_add(d->list, FINDING_CUT_SHORT, "The run ended before everything was asked.");
}

/* Where the walk ended, or wherever else something failed, nothing left this machine: that is its
 * own trouble. Gives one of the exchanges, or NULL. */
static const exchange_t *own_trouble(diag_t *d)
{
    const exchange_t *unsent = NULL;
    bool blocked = false;
    bool failed = false;
    outcome_t o;
    for (uint32_t i = 0; i < d->set->count; i++) {
        outcome_of(d->set->item[i], &o, d->scratch);
        if (o.kind == OUTCOME_NOT_SENT)
            unsent = d->set->item[i];
        failed |= o.kind != OUTCOME_NOT_SENT && o.kind != OUTCOME_ANSWERED;
    }
    for (uint16_t i = 0; i < d->m->parent_count; i++) {
        if (d->m->parent_addr[i].asked == NULL)
            continue;
        outcome_of(d->m->parent_addr[i].asked, &o, d->scratch);
        if (o.kind != OUTCOME_NOT_SENT)
            return failed ? NULL : unsent;
        blocked = true;
    }
    return blocked || !failed ? unsent : NULL;
}

/* No delegation was found, and nobody said that there is none: the way to it is broken. */
static void way_broken(diag_t *d)
{
    char domain[NSP_NAME_TEXT_MAX];
    for (size_t i = 0; i < d->list->count; i++)
        if (d->list->item[i].severity == SEVERITY_ERROR)
            return;
    name_label(&d->m->domain, domain);
    const exchange_t *unsent = own_trouble(d);
    if (unsent != NULL) {
        const event_t *e = exchange_find(unsent, EVENT_SEND_FAILED);
        finding_add_evidence(finding_add(d->list, FINDING_UNTESTED,
                                         "No packet could be sent to find %s: %s.", domain,
                                         e != NULL ? strerror(e->os_error) : "not sent"),
                             unsent);
        return;
    }
    finding_t *f = finding_add(d->list, FINDING_PARENT_UNRESPONSIVE,
                               "The delegation of %s was not found: no server above it gave a "
                               "usable answer.",
                               domain);
    if (f != NULL)
        f->severity = SEVERITY_ERROR;
    for (uint32_t i = d->set->count; i > 0; i--)
        finding_add_evidence(f, d->set->item[i - 1]);
}

bool rules_delegation(diag_t *d)
{
    cut_short(d);
    if (d->m->nxdomain) {
        not_delegated(d);
        return false;
    }
    if (parents_rule(d))
        return false;
    if (d->m->no_delegation)
        not_a_zone(d);
    if (!d->m->zone_found && d->m->server_count == 0) {
        if (!d->m->no_delegation && d->m->finished)
            way_broken(d);
        return false;
    }
    referrals_rule(d);
    return true;
}
