/* Records behind a broken DNSSEC chain: validating resolvers answer SERVFAIL, and so a verifier
 * that asks one sees no record, whatever the servers say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose/verdict_text.h"
#include "dkim/chain.h"

#define TEXT_MAX  1600
#define NAMED_MAX 3 /* records that a sentence names */
#define TAGS_SIZE 64
/* room for NAMED_MAX names of the greatest length */
#define SUBJECTS_SIZE 3200
#define SERVFAIL      "Validating resolvers answer SERVFAIL: the verifier sees no record."

/* All of one kind in a zone, or at one place of it. */
typedef struct group {
    const zone_facts_t *z;
    const chain_t *chain;
    finding_id_t id;
    size_t place; /* FACTS_NONE: everywhere */
} group_t;

static bool in_group(const group_t *g, const sighting_t *s)
{
    return s->id == g->id && (g->place == FACTS_NONE || s->place == g->place);
}

static const sighting_t *first_of(const group_t *g)
{
    for (size_t i = 0; i < g->chain->count; i++)
        if (in_group(g, &g->chain->sighting[i]))
            return &g->chain->sighting[i];
    return NULL;
}

/* "the DNSKEY records of example.net", "a._domainkey.example.net CNAME" */
static void add_subject(const facts_t *f, const group_t *g, size_t expected, nsp_text_t *t)
{
    char name[NSP_NAME_TEXT_MAX];
    char type[16];
    if (expected == FACTS_NONE) {
        nsp_text_printf(t, "the DNSKEY records of %s", facts_name(&g->z->apex, name));
        return;
    }
    const expectation_t *e = f->expected[expected].e;
    nsp_text_printf(t, "%s %s", facts_name(&e->owner, name), nsp_type_text(e->type, type));
}

/* What the group is about: the first few, and how many more. */
static void add_subjects(const facts_t *f, const group_t *g, nsp_text_t *t)
{
    const sighting_t *last = NULL;
    size_t n = 0;
    for (size_t i = 0; i < g->chain->count; i++) {
        const sighting_t *s = &g->chain->sighting[i];
        if (!in_group(g, s) || (last != NULL && last->expected == s->expected))
            continue;
        last = s;
        if (n < NAMED_MAX) {
            nsp_text_str(t, n > 0 ? ", " : "");
            add_subject(f, g, s->expected, t);
        }
        n++;
    }
    if (n > NAMED_MAX)
        nsp_text_printf(t, " and %zu more", n - NAMED_MAX);
}

static void add_tags(facts_t *f, const answer_t *a, const nsp_name_t *apex, uint16_t type,
                     nsp_text_t *t)
{
    verdict_add_tags(t, a != NULL ? facts_message(f, a) : NULL, apex, type);
}

static void describe_ds(facts_t *f, const group_t *g, const sighting_t *s, nsp_text_t *t)
{
    char of_ds[TAGS_SIZE] = "";
    char of_keys[TAGS_SIZE] = "";
    nsp_text_t tags;
    nsp_text_begin(&tags, of_ds, sizeof of_ds);
    add_tags(f, g->z->ds, &g->z->apex, NSP_TYPE_DS, &tags);
    nsp_text_begin(&tags, of_keys, sizeof of_keys);
    add_tags(f, s->by, &g->z->apex, NSP_TYPE_DNSKEY, &tags);
    verdict_say_ds(t, of_ds, of_keys, &g->z->apex, s->v.status, SERVFAIL);
}

static void describe(facts_t *f, const group_t *g, const sighting_t *s, nsp_text_t *t)
{
    char name[NSP_NAME_TEXT_MAX];
    char other[NSP_NAME_TEXT_MAX];
    char subjects[SUBJECTS_SIZE] = "";
    nsp_text_t names;
    switch (g->id) {
    case FINDING_DNSSEC_DS_BOGUS:
        nsp_text_printf(t, "What the parent %s says about the DS of %s does not verify: %s. ",
                        facts_name(&g->z->parent, name), facts_name(&g->z->apex, other),
                        dnssec_status_text(s->v.status));
        nsp_text_str(t, SERVFAIL);
        break;
    case FINDING_DNSSEC_DS_MISMATCH:
        describe_ds(f, g, s, t);
        break;
    case FINDING_DNSSEC_KEYS_DIFFER:
        nsp_text_str(t, "The signature of ");
        add_subjects(f, g, t);
        nsp_text_printf(t,
                        " verifies with the keys that this server publishes, not with those of "
                        "%s (key tag %u).",
                        facts_name(&s->other, other), s->v.key_tag);
        break;
    case FINDING_DNSSEC_UNKNOWN_ALGORITHM:
        nsp_text_printf(t, "Of the DS records for %s, %s.", facts_name(&g->z->apex, name),
                        dnssec_status_text(s->v.status) + strlen("every DS record has "));
        break;
    default:
        nsp_text_begin(&names, subjects, sizeof subjects);
        add_subjects(f, g, &names);
        verdict_say(t, g->id, &s->v, subjects, f->now, SERVFAIL);
        break;
    }
}

/* Whoever can change a DS: the holder of the zone above, or the registrar. */
static void fix_ds(facts_t *f, const group_t *g, const sighting_t *s, finding_t *finding)
{
    char apex[NSP_NAME_TEXT_MAX];
    char parent[NSP_NAME_TEXT_MAX];
    char where[NSP_NAME_TEXT_MAX + 40] = "At the registrar";
    char tags[TAGS_SIZE] = "";
    nsp_text_t t;
    facts_name(&g->z->apex, apex);
    /* a cut inside the domain is its holder's own */
    if (nsp_name_is_subdomain(&g->z->apex, &f->in->domain) &&
        !nsp_name_equal(&g->z->apex, &f->in->domain))
        snprintf(where, sizeof where, "In the zone %s", facts_name(&g->z->parent, parent));
    nsp_text_begin(&t, tags, sizeof tags);
    verdict_add_ksk_tags(&t, s->by != NULL ? facts_message(f, s->by) : NULL, &g->z->apex);
    verdict_fix_ds(finding, where, apex, tags, &s->v);
}

/* The fix for this very case, where the table's word is too general. */
static void set_fix(facts_t *f, const group_t *g, const sighting_t *s, finding_t *finding)
{
    char label[PLACE_LABEL_MAX];
    if (g->place != FACTS_NONE && g->chain->keys != NULL && verdict_cured_by_transfer(g->id))
        verdict_fix_transfer(finding, place_label(&g->z->place[g->place], label));
    else if (g->id == FINDING_DNSSEC_DS_MISMATCH)
        fix_ds(f, g, s, finding);
}

static void report(facts_t *f, const group_t *g)
{
    char *text = malloc(TEXT_MAX);
    const sighting_t *s = first_of(g);
    nsp_text_t t;
    if (s == NULL || text == NULL) {
        f->out_of_memory = f->out_of_memory || text == NULL;
        free(text);
        return;
    }
    nsp_text_begin(&t, text, TEXT_MAX);
    describe(f, g, s, &t);
    finding_t *finding = g->place != FACTS_NONE
                             ? place_finding(f, &g->z->place[g->place], g->id, "%s", text)
                             : finding_add(f->list, g->id, "%s", text);
    if (g->id == FINDING_DNSSEC_DS_MISMATCH || g->id == FINDING_DNSSEC_DS_BOGUS)
        if (g->z->ds != NULL)
            finding_add_evidence(finding, g->z->ds->x);
    for (size_t i = 0; i < g->chain->count; i++)
        if (in_group(g, &g->chain->sighting[i]) && g->chain->sighting[i].by != NULL)
            finding_add_evidence(finding, g->chain->sighting[i].by->x);
    set_fix(f, g, s, finding);
    free(text);
}

/* True when the group has something at every place that was judged. */
static bool everywhere(const group_t *g)
{
    size_t places = 0;
    for (size_t i = 0; i < g->z->place_count; i++) {
        const group_t at = {g->z, g->chain, g->id, i};
        places += first_of(&at) != NULL;
    }
    return places >= g->chain->judged;
}

static void report_zone(facts_t *f, const zone_facts_t *z, const chain_t *chain)
{
    for (int id = 0; id < FINDING_COUNT; id++) {
        group_t g = {z, chain, (finding_id_t)id, FACTS_NONE};
        if (first_of(&g) == NULL)
            continue;
        if (everywhere(&g)) {
            report(f, &g);
            continue;
        }
        for (g.place = 0; g.place < z->place_count; g.place++)
            if (first_of(&g) != NULL)
                report(f, &g);
    }
}

void rules_dnssec(facts_t *f)
{
    chains_t c;
    chains_verify(f, &c);
    for (size_t i = 0; i < c.count; i++)
        report_zone(f, &f->zone[i], &c.zone[i]);
    f->out_of_memory = f->out_of_memory || c.out_of_memory;
    chains_free(&c);
}
