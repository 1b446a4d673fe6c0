/* What the servers of the parent say of the zone's DS, and whether it verifies. */
#include <stdio.h>
#include <stdlib.h>

#include "diagnose/parents.h"
#include "diagnose/signed.h"
#include "diagnose/verdict_text.h"

/* What one address of the parent says of the DS. */
typedef struct ds_word {
    const model_parent_t *p;
    const exchange_t *x;
    ds_state_t state;
    uint64_t digest;
    bool leads; /* to the keys of some address */
} ds_word_t;

/* True for an answer out of the zone itself, in place of its parent (RFC 4035 3.1.4.1): with the
 * zone's SOA, or signed by the zone. */
static bool is_childs(diag_t *d, const nsp_msg_t *m)
{
    for (uint16_t i = 0; i < m->rr_count; i++) {
        const nsp_rr_t *rr = &m->rr[i];
        nsp_name_t signer;
        if (!nsp_rr_owner_is(m, rr, &d->m->zone))
            continue;
        if (rr->type == NSP_TYPE_SOA)
            return true;
        if (rr->type == NSP_TYPE_RRSIG && nsp_rdata_name(m, rr, 7, &signer) &&
            nsp_name_equal(&signer, &d->m->zone))
            return true;
    }
    return false;
}

/* Whether the DS records in a reply lead to the keys of some address. */
static bool leads(signed_zone_t *z, const nsp_msg_t *ds)
{
    for (size_t i = 0; i < z->place_count; i++) {
        const signed_answer_t *a = &z->place[i].answer[SIGNED_DNSKEY];
        if (z->place[i].keyed &&
            dnssec_check_keys(ds, signed_message(z, a, 0), &z->d->m->zone, a->now, z->proved)
                    .status == DNSSEC_SECURE)
            return true;
    }
    return false;
}

static ds_word_t ds_word_of(signed_zone_t *z, const model_parent_t *p)
{
    diag_t *d = z->d;
    ds_word_t w = {.p = p, .x = p->ds};
    const nsp_msg_t *m = &z->msg[1]->msg;
    outcome_t o;
    uint16_t count = 0;
    uint32_t ttl = 0;
    if (p->ds == NULL)
        return w;
    outcome_of(p->ds, &o, z->msg[1]);
    if (o.kind != OUTCOME_ANSWERED || nsp_msg_rcode(m) != NSP_RCODE_NOERROR ||
        !nsp_msg_has(m, NSP_FLAG_AA) || nsp_msg_has(m, NSP_FLAG_TC))
        return w;
    w.digest = rrset_digest(d->octets, m, NSP_ANSWER, &d->m->zone, NSP_TYPE_DS, &count, &ttl);
    w.state = count > 0 ? DS_SOME : DS_NONE;
    w.leads = count > 0 && leads(z, m);
    if (is_childs(d, m))
        w.state = DS_UNKNOWN; /* the zone's own word on its DS is none */
    return w;
}

static bool same_word(const ds_word_t *a, const ds_word_t *b)
{
    return a->state == b->state && a->digest == b->digest;
}

static unsigned votes_of(const ds_word_t *word, size_t count, const ds_word_t *w)
{
    unsigned votes = 0;
    for (size_t i = 0; i < count; i++)
        votes += same_word(&word[i], w);
    return votes;
}

/* The newest copy of the parent zone counts for more than the word of most, that for more than DS
 * records that lead to a key, and those for more than none. */
static bool weighs_more(diag_t *d, const ds_word_t *word, size_t count, const ds_word_t *a,
                        const ds_word_t *b)
{
    unsigned mine = votes_of(word, count, a);
    unsigned theirs = votes_of(word, count, b);
    if (same_word(a, b))
        return false;
    if (parents_older(d, a->p, b->p) || parents_older(d, b->p, a->p))
        return parents_older(d, b->p, a->p);
    if (mine != theirs)
        return mine > theirs;
    if (a->leads != b->leads)
        return a->leads;
    return a->state == DS_SOME && b->state == DS_NONE;
}

static const ds_word_t *choose_word(diag_t *d, const ds_word_t *word, size_t count)
{
    const ds_word_t *best = NULL;
    for (size_t i = 0; i < count; i++)
        if (word[i].state != DS_UNKNOWN &&
            (best == NULL || weighs_more(d, word, count, &word[i], best)))
            best = &word[i];
    return best;
}

static const char *tags_of(signed_zone_t *z, const ds_word_t *w, char buf[96])
{
    outcome_t o;
    nsp_text_t t;
    if (w->state == DS_NONE) {
        snprintf(buf, 96, "no DS record");
        return buf;
    }
    outcome_of(w->x, &o, z->msg[0]);
    nsp_text_begin(&t, buf, 96);
    nsp_text_str(&t, "DS records with the key tags ");
    verdict_add_tags(&t, &z->msg[0]->msg, &z->d->m->zone, NSP_TYPE_DS);
    return buf;
}

/* What comes of another word than the one that counts. */
static const char *effect_of(const ds_word_t *w, const ds_word_t *best)
{
    if (best->state == DS_SOME && w->state == DS_NONE)
        return " Resolvers that ask there do not validate the zone.";
    if (best->leads && !w->leads)
        return " Its DS records lead to no key of the zone: validating resolvers that ask there "
               "answer SERVFAIL.";
    return "";
}

static void ds_differs(signed_zone_t *z, const ds_word_t *w, const ds_word_t *best)
{
    char ours[96];
    char theirs[96];
    char one[ADDR_TEXT_MAX];
    char other[ADDR_TEXT_MAX];
    char age[PARENTS_AGE_MAX];
    sighting_t *s = signed_see(z, FINDING_DNSSEC_DS_DIFFERS, SIGNED_NOWHERE, w->x,
                               "%s, a server of the parent, has %s; %s has %s.%s%s",
                               addr_port_text(&w->x->server, one), tags_of(z, w, ours),
                               addr_port_text(&best->x->server, other), tags_of(z, best, theirs),
                               effect_of(w, best), parents_age_text(z->d, w->p, best->p, age));
    if (s == NULL)
        return;
    s->other = best->x;
    s->parent = w->p;
    s->right = best->p;
    s->better = w->leads && !best->leads;
    if (best->leads && w->state == DS_SOME && !w->leads)
        s->severity = SEVERITY_ERROR;
}

static bool gather_ds(signed_zone_t *z)
{
    diag_t *d = z->d;
    outcome_t o;
    size_t count = d->m->parent_count;
    ds_word_t *word = calloc(count + 1, sizeof *word);
    if (word == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        word[i] = ds_word_of(z, &d->m->parent_addr[i]);
    const ds_word_t *best = choose_word(d, word, count);
    if (best != NULL) {
        z->ds = best->state;
        z->ds_by = best->x;
        outcome_of(best->x, &o, z->ds_reply);
    }
    for (size_t i = 0; best != NULL && i < count; i++)
        if (word[i].state != DS_UNKNOWN && !same_word(&word[i], best))
            ds_differs(z, &word[i], best);
    free(word);
    return true;
}

/* --- whether it verifies --- */

/* What is wrong with an answer for the DS, by the keys of the parent in z->own; NULL: nothing, or
 * there is none. *answered: there is one. */
static const char *ds_fault(signed_zone_t *z, const exchange_t *x, bool *answered, bool *childs,
                            char buf[64])
{
    char rcode[16];
    outcome_t o;
    const nsp_msg_t *m = &z->d->scratch->msg;
    outcome_of(x, &o, z->d->scratch);
    *childs = *answered = false;
    if (o.kind != OUTCOME_ANSWERED || nsp_msg_has(m, NSP_FLAG_TC))
        return NULL;
    *answered = true;
    if (nsp_msg_rcode(m) != NSP_RCODE_NOERROR) {
        snprintf(buf, 64, "it is %s", nsp_rcode_text(nsp_msg_rcode(m), rcode));
        return buf;
    }
    *childs = is_childs(z->d, m);
    dnssec_status_t s =
        dnssec_check_ds(m, &z->d->m->zone, z->own, signed_now(z->d, o.reply)).status;
    return dnssec_status_class(s) == DNSSEC_CLASS_BOGUS ? dnssec_status_text(s) : NULL;
}

/* The keys of the parent into z->own; what leads to these is not looked at. */
static bool take_parent_keys(signed_zone_t *z)
{
    diag_t *d = z->d;
    outcome_t o;
    if (d->m->parent_keys == NULL)
        return false;
    outcome_of(d->m->parent_keys, &o, d->scratch);
    if (o.kind != OUTCOME_ANSWERED)
        return false;
    dnssec_take_keys(&d->scratch->msg, &d->m->parent, false, z->own);
    return z->own->status == DNSSEC_SECURE;
}

/* A server of the parent whose answer verifies, or NULL. */
static const model_parent_t *verified(signed_zone_t *z)
{
    char buf[64];
    bool answered;
    bool childs;
    for (uint16_t i = 0; i < z->d->m->parent_count; i++) {
        const model_parent_t *p = &z->d->m->parent_addr[i];
        if (p->referral && p->ds != NULL && ds_fault(z, p->ds, &answered, &childs, buf) == NULL &&
            answered)
            return p;
    }
    return NULL;
}

static void bogus_at(signed_zone_t *z, const model_parent_t *p, const model_parent_t *right)
{
    diag_t *d = z->d;
    char addr[ADDR_TEXT_MAX];
    char parent[NSP_NAME_TEXT_MAX];
    char zone[NSP_NAME_TEXT_MAX];
    char age[PARENTS_AGE_MAX];
    char buf[64];
    bool answered;
    bool childs;
    const char *fault = ds_fault(z, p->ds, &answered, &childs, buf);
    const char *effect = right != NULL
                             ? "Validating resolvers that ask it must ask another, or answer "
                               "SERVFAIL for the whole zone."
                             : "Validating resolvers answer SERVFAIL for the whole zone.";
    if (fault == NULL)
        return;
    name_label(&d->m->parent, parent);
    addr_port_text(&p->addr, addr);
    sighting_t *s =
        childs ? signed_see(z, FINDING_DNSSEC_DS_BOGUS, SIGNED_NOWHERE, p->ds,
                            "%s, a server of the parent %s, answers the question for the DS out of "
                            "%s itself, and not out of %s. %s",
                            addr, parent, name_label(&d->m->zone, zone), parent, effect)
               : signed_see(z, FINDING_DNSSEC_DS_BOGUS, SIGNED_NOWHERE, p->ds,
                            "The answer of %s, a server of the parent %s, about the DS does not "
                            "verify: %s. %s%s",
                            addr, parent, fault, effect, parents_age_text(d, p, right, age));
    if (s == NULL)
        return;
    s->other = d->m->parent_keys;
    s->parent = right != NULL ? p : NULL;
    s->right = right;
    s->childs = childs;
}

static void ds_bogus(signed_zone_t *z)
{
    const model_t *m = z->d->m;
    if (!take_parent_keys(z))
        return;
    const model_parent_t *right = verified(z);
    for (uint16_t i = 0; i < m->parent_count; i++)
        if (m->parent_addr[i].referral && m->parent_addr[i].ds != NULL)
            bogus_at(z, &m->parent_addr[i], right);
}

bool signed_gather_parent(signed_zone_t *z)
{
    if (!gather_ds(z))
        return false;
    ds_bogus(z);
    return true;
}

/* --- what to do --- */

void signed_parent_fix(const signed_zone_t *z, const sighting_t *seen, finding_t *f)
{
    diag_t *d = z->d;
    char parent[NSP_NAME_TEXT_MAX];
    char zone[NSP_NAME_TEXT_MAX];
    char addr[ADDR_TEXT_MAX];
    char other[ADDR_TEXT_MAX];
    name_label(&d->m->parent, parent);
    name_label(&d->m->zone, zone);
    if (seen->childs) {
        addr_port_text(&seen->by->server, addr);
        finding_add_likely(f,
                           "The server holds both zones, and its software (or a proxy before it) "
                           "does not know that the DS belongs to the zone above.",
                           "The answer has the SOA or the signature of the zone itself.");
        finding_set_fix(
            f,
            "Update the software of %s, or do not let it hold %s beside %s: the DS must "
            "be answered out of %s. Neither zone need be signed again.",
            addr, zone, parent, parent);
        return;
    }
    if (seen->parent == NULL)
        return;
    if (f->id == FINDING_DNSSEC_DS_DIFFERS || parents_older(d, seen->parent, seen->right)) {
        parents_fix(d, f, seen->parent, seen->right, seen->better);
        return;
    }
    finding_set_fix(f,
                    "Tell the operator of %s: the server %s should transfer that zone again, since "
                    "what %s has of it verifies. It need not be signed again.",
                    parent, addr_port_text(&seen->parent->addr, addr),
                    addr_port_text(&seen->right->addr, other));
}
