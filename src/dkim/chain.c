#include "dkim/chain.h"

#include <stdlib.h>
#include <string.h>

#include "diagnose/verdict_text.h"

#define LABELS_MAX 128

typedef struct work {
    facts_t *f;
    chains_t *c;
    reply_t *ds;        /* the parent's reply about the zone at hand */
    reply_t *msg;       /* the reply at hand */
    dnssec_keys_t *own; /* the keys of the place at hand */
} work_t;

/* Adds what was seen, when there is something to be said of it. */
static void see(work_t *w, chain_t *chain, const sighting_t *s)
{
    if (s->id == FINDING_COUNT)
        return;
    if (chain->count == chain->cap) {
        size_t cap = chain->cap == 0 ? 16 : chain->cap * 2;
        sighting_t *grown = realloc(chain->sighting, cap * sizeof *grown);
        if (grown == NULL) {
            w->c->out_of_memory = true;
            return;
        }
        chain->sighting = grown;
        chain->cap = cap;
    }
    chain->sighting[chain->count++] = *s;
}

/* Notes a verdict: what is wrong, or what will be soon. */
static void judge(work_t *w, chain_t *chain, const dnssec_verdict_t *v, size_t place,
                  size_t expected, const answer_t *by)
{
    sighting_t s = {.v = *v, .place = place, .expected = expected, .by = by};
    s.id = verdict_expires_soon(v, w->f->now) ? FINDING_DNSSEC_EXPIRES
                                              : verdict_finding(v->status, expected == FACTS_NONE);
    see(w, chain, &s);
}

/* The parent's word. True when the zone's keys are to be verified with it. */
static bool verify_ds(work_t *w, const zone_facts_t *z, chain_t *chain)
{
    const chain_t *above = z->above != FACTS_NONE ? &w->c->zone[z->above] : NULL;
    chain->cls = DNSSEC_CLASS_INDETERMINATE;
    chain->ds.status = DNSSEC_NO_ANSWER;
    chain->ds.rr = NSP_NO_RR;
    if (above != NULL &&
        (above->cls == DNSSEC_CLASS_BOGUS || above->cls == DNSSEC_CLASS_INSECURE)) {
        chain->cls = above->cls;
        return false;
    }
    if (z->ds == NULL || !answer_message(z->ds, w->ds))
        return false;
    if (above != NULL && above->keys != NULL) {
        chain->ds = dnssec_check_ds(&w->ds->msg, &z->apex, above->keys, w->f->now);
        dnssec_class_t cls = dnssec_status_class(chain->ds.status);
        if (cls == DNSSEC_CLASS_BOGUS) {
            sighting_t s = {.v = chain->ds,
                            .id = FINDING_DNSSEC_DS_BOGUS,
                            .place = FACTS_NONE,
                            .expected = FACTS_NONE,
                            .by = z->ds};
            see(w, chain, &s);
        }
        if (cls != DNSSEC_CLASS_SECURE) {
            chain->cls = cls;
            return false;
        }
    }
    if (!z->has_ds)
        chain->cls = DNSSEC_CLASS_INSECURE;
    return z->has_ds;
}

static bool place_counts(const place_t *p)
{
    return p->delegated && p->in_use;
}

static bool serves(const place_t *p, const nsp_name_t *apex)
{
    return p->soa != NULL && answer_reading(p->soa, apex) == READ_FOUND;
}

/* Whether a reading says something that can be verified. */
static bool says(reading_t r)
{
    return r == READ_FOUND || r == READ_ALIAS || r == READ_NODATA || r == READ_NXDOMAIN;
}

static bool fails(reading_t r)
{
    return r == READ_LAME || r == READ_BROKEN || r == READ_SILENT;
}

/* The keys of one place, into w->own. NO_ANSWER when they cannot be had there, although the place
 * serves the zone; INDETERMINATE statuses other than that say nothing. */
static dnssec_verdict_t place_keys(work_t *w, const zone_facts_t *z, const place_t *p)
{
    dnssec_verdict_t v = {.status = DNSSEC_NO_RRSET, .rr = NSP_NO_RR};
    reading_t r = p->dnskey != NULL ? answer_reading(p->dnskey, &z->apex) : READ_PENDING;
    if (says(r) && answer_message(p->dnskey, w->msg))
        return dnssec_check_keys(&w->ds->msg, &w->msg->msg, &z->apex, w->f->now, w->own);
    if (fails(r) && serves(p, &z->apex))
        v.status = DNSSEC_NO_ANSWER;
    return v;
}

static void verify_keys(work_t *w, const zone_facts_t *z, chain_t *chain)
{
    bool insecure = false;
    bool bogus = false;
    for (size_t i = 0; i < z->place_count; i++) {
        const place_t *p = &z->place[i];
        if (!place_counts(p))
            continue;
        dnssec_verdict_t v = place_keys(w, z, p);
        if (v.status == DNSSEC_NO_RRSET || v.status == DNSSEC_MEMORY)
            continue;
        chain->judged++;
        judge(w, chain, &v, i, FACTS_NONE, p->dnskey);
        insecure = insecure || dnssec_status_class(v.status) == DNSSEC_CLASS_INSECURE;
        bogus = bogus || dnssec_status_class(v.status) == DNSSEC_CLASS_BOGUS ||
                v.status == DNSSEC_NO_ANSWER;
        if (v.status != DNSSEC_SECURE || chain->keys != NULL)
            continue;
        chain->keys = malloc(sizeof *chain->keys);
        if (chain->keys == NULL) {
            w->c->out_of_memory = true;
            return;
        }
        *chain->keys = *w->own;
        chain->keys_place = i;
    }
    chain->of_keys = chain->count;
    chain->cls = chain->keys != NULL ? DNSSEC_CLASS_SECURE
                 : insecure          ? DNSSEC_CLASS_INSECURE
                 : bogus             ? DNSSEC_CLASS_BOGUS
                                     : DNSSEC_CLASS_INDETERMINATE;
}

/* Whether the keys of a place are wrong, for which there is a finding already. */
static bool keys_wrong(const chain_t *chain, size_t place)
{
    for (size_t i = 0; i < chain->of_keys; i++) {
        const sighting_t *s = &chain->sighting[i];
        if (s->place == place && (s->v.status == DNSSEC_NO_ANSWER ||
                                  dnssec_status_class(s->v.status) == DNSSEC_CLASS_BOGUS))
            return true;
    }
    return false;
}

/* An answer that does not verify with the keys of another place may do so with its own. */
static bool own_keys_fit(work_t *w, const zone_facts_t *z, const chain_t *chain, size_t place,
                         const expected_t *x, const answer_t *a)
{
    if (place == chain->keys_place || place_keys(w, z, &z->place[place]).status != DNSSEC_SECURE ||
        !answer_message(a, w->msg))
        return false;
    dnssec_verdict_t v =
        dnssec_check_answer(&w->msg->msg, &x->e->owner, x->e->type, w->own, w->f->now);
    return v.status == DNSSEC_SECURE;
}

static void verify_cell(work_t *w, const zone_facts_t *z, chain_t *chain, size_t expected,
                        size_t place)
{
    expected_t *x = &w->f->expected[expected];
    cell_t *cell = &x->cell[place];
    bool explained = keys_wrong(chain, place);
    reading_t r = cell->dnssec != NULL ? answer_reading(cell->dnssec, &z->apex) : READ_PENDING;
    cell->bogus = explained;
    if (fails(r) && cell->udp != MARK_UNASKED && !mark_fails(cell->udp)) {
        sighting_t s = {.v = {.status = DNSSEC_NO_ANSWER, .rr = NSP_NO_RR},
                        .id = FINDING_DNSSEC_NO_ANSWER,
                        .place = place,
                        .expected = expected,
                        .by = cell->dnssec};
        cell->bogus = true;
        if (!explained)
            see(w, chain, &s);
    }
    if (!says(r) || !answer_message(cell->dnssec, w->msg))
        return;
    dnssec_verdict_t v =
        dnssec_check_answer(&w->msg->msg, &x->e->owner, x->e->type, chain->keys, w->f->now);
    bool bogus = dnssec_status_class(v.status) == DNSSEC_CLASS_BOGUS;
    if (bogus && !explained && own_keys_fit(w, z, chain, place, x, cell->dnssec)) {
        sighting_t s = {.v = v,
                        .id = FINDING_DNSSEC_KEYS_DIFFER,
                        .place = place,
                        .expected = expected,
                        .by = cell->dnssec,
                        .other = z->place[chain->keys_place].server};
        see(w, chain, &s);
        return;
    }
    cell->bogus = cell->bogus || bogus;
    if (!explained)
        judge(w, chain, &v, place, expected, cell->dnssec);
}

static void verify_records(work_t *w, size_t zone)
{
    const zone_facts_t *z = &w->f->zone[zone];
    chain_t *chain = &w->c->zone[zone];
    for (size_t e = 0; e < w->f->expected_count; e++) {
        expected_t *x = &w->f->expected[e];
        if (x->zone != zone)
            continue;
        for (size_t i = 0; i < x->cell_count && i < z->place_count; i++) {
            if (!place_counts(&z->place[i]))
                continue;
            if (chain->cls == DNSSEC_CLASS_BOGUS)
                x->cell[i].bogus = true;
            else if (chain->keys != NULL)
                verify_cell(w, z, chain, e, i);
        }
    }
}

static void verify_all(work_t *w)
{
    /* parents first */
    for (unsigned labels = 0; labels < LABELS_MAX; labels++)
        for (size_t i = 0; i < w->c->count; i++) {
            const zone_facts_t *z = &w->f->zone[i];
            if (nsp_name_labels(&z->apex) != labels)
                continue;
            if (verify_ds(w, z, &w->c->zone[i]))
                verify_keys(w, z, &w->c->zone[i]);
            verify_records(w, i);
        }
}

void chains_verify(facts_t *f, chains_t *c)
{
    work_t w = {.f = f, .c = c};
    memset(c, 0, sizeof *c);
    c->zone = calloc(f->zone_count + 1, sizeof *c->zone);
    w.ds = malloc(sizeof *w.ds);
    w.msg = malloc(sizeof *w.msg);
    w.own = malloc(sizeof *w.own);
    c->out_of_memory = c->zone == NULL || w.ds == NULL || w.msg == NULL || w.own == NULL;
    if (!c->out_of_memory) {
        c->count = f->zone_count;
        verify_all(&w);
    }
    free(w.own);
    free(w.msg);
    free(w.ds);
}

void chains_free(chains_t *c)
{
    for (size_t i = 0; i < c->count; i++) {
        free(c->zone[i].keys);
        free(c->zone[i].sighting);
    }
    free(c->zone);
    memset(c, 0, sizeof *c);
}
