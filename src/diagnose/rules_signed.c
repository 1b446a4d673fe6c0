/* DNSSEC: from the DS at the parent to signed records and proofs, at each address; and how that is
 * told. */
#include <stdlib.h>

#include "diagnose/signed.h"
#include "diagnose/verdict_text.h"

#define SUBJECTS_MAX 640
#define TEXT_MAX     1600

/* All of one kind, at one place or everywhere. */
typedef struct group {
    const signed_zone_t *z;
    finding_id_t id;
    size_t place;                 /* SIGNED_NOWHERE: everywhere */
    const model_parent_t *parent; /* of this server of the parent alone; NULL: of any */
} group_t;

static bool in_group(const group_t *g, const sighting_t *s)
{
    return s->id == g->id && (g->place == SIGNED_NOWHERE || s->place == g->place) &&
           (g->parent == NULL || s->parent == g->parent);
}

static const sighting_t *first_of(const group_t *g)
{
    for (size_t i = 0; i < g->z->count; i++)
        if (in_group(g, &g->z->sighting[i]))
            return &g->z->sighting[i];
    return NULL;
}

/* What verdicts of a group are about: records that are there, and others that are not. */
typedef struct subjects {
    bool there[SIGNED_COUNT];
    bool absent[SIGNED_COUNT];
    bool any_there;
} subjects_t;

static void find_subjects(const group_t *g, subjects_t *out)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < g->z->count; i++) {
        const sighting_t *s = &g->z->sighting[i];
        if (!in_group(g, s) || s->text != NULL)
            continue;
        bool there =
            g->z->place[s->place].answer[s->question].count > 0 || s->question == SIGNED_DNSKEY;
        out->there[s->question] = out->there[s->question] || there;
        out->absent[s->question] = out->absent[s->question] || !there;
        out->any_there = out->any_there || there;
    }
}

/* "DNSKEY, SOA of example.net and proofs that something does not exist"; "CDS, CDNSKEY of
 * example.net, a name that does not exist". */
static void add_subjects(const group_t *g, nsp_text_t *t)
{
    char name[NSP_NAME_TEXT_MAX];
    char word[32];
    subjects_t about;
    bool any = false;
    bool proofs = false;
    find_subjects(g, &about);
    bool bare = !about.any_there && g->id != FINDING_DNSSEC_NO_DENIAL;
    if (bare)
        nsp_text_str(t, "proofs that something does not exist (");
    for (unsigned q = 0; q < SIGNED_NAME; q++) {
        bool named = about.any_there ? about.there[q] : about.absent[q];
        proofs = proofs || about.absent[q];
        if (named)
            nsp_text_printf(t, "%s%s", any ? ", " : "", signed_word((signed_question_t)q, word));
        any = any || named;
    }
    if (any)
        nsp_text_printf(t, " of %s", name_label(&g->z->d->m->zone, name));
    if (about.any_there && (proofs || about.absent[SIGNED_NAME]))
        nsp_text_str(t, " and proofs that something does not exist");
    else if (about.absent[SIGNED_NAME])
        nsp_text_printf(t, "%s%s", any ? ", " : "", signed_word(SIGNED_NAME, word));
    if (bare)
        nsp_text_str(t, ")");
}

/* What comes of a broken chain. */
static const char *effect(const group_t *g)
{
    if (g->z->ds == DS_NONE)
        return "Nobody validates the zone as long as the parent has no DS record for it.";
    if (g->z->ds == DS_UNKNOWN)
        return "Validating resolvers answer SERVFAIL if the parent has a DS record.";
    if (g->place != SIGNED_NOWHERE && g->z->place[g->place].ahead &&
        (g->id == FINDING_DNSSEC_DS_MISMATCH || g->id == FINDING_DNSSEC_UNSIGNED))
        return "This is the newest copy of the zone: once all servers have it, validating "
               "resolvers answer SERVFAIL for all of the zone.";
    return g->place == SIGNED_NOWHERE
               ? "Validating resolvers answer SERVFAIL."
               : "Validating resolvers that ask here must ask elsewhere, or answer SERVFAIL.";
}

static void describe_ds(const group_t *g, const sighting_t *s, nsp_text_t *t)
{
    char of_ds[80] = "";
    char of_keys[80] = "";
    nsp_text_t tags;
    const nsp_name_t *zone = &g->z->d->m->zone;
    const signed_answer_t *a = &g->z->place[s->place].answer[SIGNED_DNSKEY];
    reply_t *scratch = g->z->d->scratch;
    nsp_text_begin(&tags, of_ds, sizeof of_ds);
    verdict_add_tags(&tags, &g->z->ds_reply->msg, zone, NSP_TYPE_DS);
    nsp_text_begin(&tags, of_keys, sizeof of_keys);
    if (a->reply != NULL)
        reply_index(scratch, a->reply->bytes, a->reply->size);
    verdict_add_tags(&tags, a->reply != NULL ? &scratch->msg : NULL, zone, NSP_TYPE_DNSKEY);
    verdict_say_ds(t, of_ds, of_keys, zone, s->v.status, effect(g));
}

/* Texts of their own, each once. */
static void add_texts(const group_t *g, nsp_text_t *t)
{
    const char *last = "";
    for (size_t i = 0; i < g->z->count; i++) {
        const sighting_t *s = &g->z->sighting[i];
        bool again = false;
        if (!in_group(g, s) || s->text == NULL)
            continue;
        for (size_t k = 0; k < i && !again; k++)
            again = in_group(g, &g->z->sighting[k]) && g->z->sighting[k].text != NULL &&
                    strcmp(g->z->sighting[k].text, s->text) == 0;
        if (again)
            continue;
        nsp_text_printf(t, "%s%s", *last != '\0' ? " " : "", s->text);
        last = s->text;
    }
}

/* The keys cannot be had: an error is one to be named. */
static void describe_no_answer(const group_t *g, const sighting_t *s, const char *subjects,
                               nsp_text_t *t)
{
    char rcode[16];
    const subject_t *at = g->z->place[s->place].s;
    if (!at->keys_error) {
        verdict_say(t, s->id, &s->v, subjects, s->now, effect(g));
        return;
    }
    nsp_text_printf(t, "Asked with DO for %s, it answers %s%s. %s", subjects,
                    nsp_rcode_text(at->keys_rcode, rcode),
                    at->do_error ? ", as it does whatever it is asked with DO"
                                 : ", while it has an answer to others of these questions",
                    effect(g));
}

static void describe(const group_t *g, const sighting_t *s, nsp_text_t *t)
{
    char subjects[SUBJECTS_MAX] = "";
    char name[NSP_NAME_TEXT_MAX];
    nsp_text_t names;
    if (s->text != NULL) {
        add_texts(g, t);
    } else if (s->id == FINDING_DNSSEC_DS_MISMATCH) {
        describe_ds(g, s, t);
    } else if (s->id == FINDING_DNSSEC_UNKNOWN_ALGORITHM) {
        nsp_text_printf(t,
                        "About the DS records of %s: %s. Validating resolvers treat the zone as "
                        "unsigned.",
                        name_label(&g->z->d->m->zone, name), dnssec_status_text(s->v.status));
    } else {
        nsp_text_begin(&names, subjects, sizeof subjects);
        add_subjects(g, &names);
        if (s->id == FINDING_DNSSEC_NO_ANSWER)
            describe_no_answer(g, s, subjects, t);
        else
            verdict_say(t, s->id, &s->v, subjects, s->now, effect(g));
    }
}

/* The algorithm of the DS records that all of a group is about; 0: it is about something else, too.
 */
static uint8_t ds_algorithm_of(const group_t *g)
{
    uint8_t algorithm = first_of(g)->ds_algorithm;
    for (size_t i = 0; i < g->z->count; i++)
        if (in_group(g, &g->z->sighting[i]) && g->z->sighting[i].ds_algorithm != algorithm)
            return 0;
    return algorithm;
}

/* The algorithm of all DS records; 0: they have several, or there are none. */
static uint8_t only_algorithm(const signed_zone_t *z)
{
    const nsp_msg_t *m = &z->ds_reply->msg;
    uint8_t algorithm = 0;
    for (uint16_t i = 0; z->ds == DS_SOME && i < m->found[NSP_ANSWER]; i++) {
        ds_t ds;
        if (nsp_msg_rr(m, NSP_ANSWER, i)->type != NSP_TYPE_DS ||
            !ds_read(m, (uint16_t)(m->first[NSP_ANSWER] + i), &ds))
            continue;
        if (algorithm != 0 && ds.algorithm != algorithm)
            return 0;
        algorithm = ds.algorithm;
    }
    return algorithm;
}

/* Which severity a group has: the worst that one of its own asks for, else the table's, where
 * nobody validates no error. */
static void set_severity(const group_t *g, finding_t *f)
{
    int worst = -1;
    for (size_t i = 0; f != NULL && i < g->z->count; i++) {
        const sighting_t *s = &g->z->sighting[i];
        int own = s->severity >= 0 ? s->severity : (int)finding_desc(s->id)->severity;
        if (in_group(g, s) && own > worst)
            worst = own;
    }
    if (f == NULL || worst < 0)
        return;
    f->severity = (severity_t)worst;
    if (g->z->ds == DS_NONE && worst == SEVERITY_ERROR && g->id != FINDING_DNSSEC_DS_BOGUS)
        f->severity = SEVERITY_WARNING;
}

static void report(const group_t *g)
{
    diag_t *d = g->z->d;
    const sighting_t *first = first_of(g);
    char *text = malloc(TEXT_MAX);
    nsp_text_t t;
    if (text == NULL || first == NULL) {
        d->list->out_of_memory = d->list->out_of_memory || text == NULL;
        free(text);
        return;
    }
    nsp_text_begin(&t, text, TEXT_MAX);
    describe(g, first, &t);
    finding_t *f = g->place != SIGNED_NOWHERE
                       ? subject_finding(d, g->z->place[g->place].s, g->id, "%s", text)
                       : finding_add(d->list, g->id, "%s", text);
    if (g->id == FINDING_DNSSEC_DS_MISMATCH || g->id == FINDING_DNSSEC_UNKNOWN_ALGORITHM)
        finding_add_evidence(f, g->z->ds_by);
    for (size_t i = 0; i < g->z->count; i++) {
        const sighting_t *s = &g->z->sighting[i];
        if (!in_group(g, s))
            continue;
        finding_add_evidence(f, s->by);
        finding_add_evidence(f, s->other);
    }
    set_severity(g, f);
    if (f != NULL)
        f->ds_algorithm =
            g->id == FINDING_DNSSEC_UNKNOWN_ALGORITHM ? only_algorithm(g->z) : ds_algorithm_of(g);
    if (f != NULL)
        signed_fix(g->z, g->id, g->place, first, f);
    if (g->parent != NULL)
        finding_set_addr(f, d->m, &g->parent->addr);
    if (f != NULL)
        signed_parent_fix(g->z, first, f);
    free(text);
}

/* True when the group has something at every place that was judged, or is about the parent. */
static bool everywhere(const group_t *g)
{
    for (size_t i = 0; i < g->z->place_count; i++) {
        const group_t at = {g->z, g->id, i, NULL};
        if (g->z->place[i].counts && first_of(&at) == NULL)
            return false;
    }
    return true;
}

static bool is_wide(const group_t *g)
{
    for (size_t i = 0; i < g->z->count; i++)
        if (in_group(g, &g->z->sighting[i]) && g->z->sighting[i].place == SIGNED_NOWHERE)
            return true;
    return everywhere(g);
}

/* What some servers of the parent say, each by itself. */
static void report_parents(const signed_zone_t *z, finding_id_t id)
{
    const model_t *m = z->d->m;
    for (uint16_t i = 0; i < m->parent_count; i++) {
        group_t g = {z, id, SIGNED_NOWHERE, &m->parent_addr[i]};
        if (first_of(&g) != NULL)
            report(&g);
    }
}

static void report_all(const signed_zone_t *z)
{
    for (int id = 0; id < FINDING_COUNT; id++) {
        group_t g = {z, (finding_id_t)id, SIGNED_NOWHERE, NULL};
        if (first_of(&g) == NULL)
            continue;
        if (first_of(&g)->parent != NULL) {
            report_parents(z, g.id);
        } else if (is_wide(&g)) {
            report(&g);
        } else
            for (g.place = 0; g.place < z->place_count; g.place++)
                if (first_of(&g) != NULL)
                    report(&g);
    }
}

static bool any_keyed(const signed_zone_t *z)
{
    for (size_t i = 0; i < z->place_count; i++)
        if (z->place[i].keyed)
            return true;
    return false;
}

static bool is_error(const signed_answer_t *a)
{
    return a->outcome == OUTCOME_ANSWERED && a->rcode != NSP_RCODE_NOERROR &&
           a->rcode != NSP_RCODE_NXDOMAIN;
}

/* What tells causes from each other. */
static void note_signs(signed_place_t *p)
{
    p->s->no_keys = !p->keyed && p->answer[SIGNED_DNSKEY].reply != NULL;
    p->s->no_signatures = !p->signatures;
    p->s->keys_error = is_error(&p->answer[SIGNED_DNSKEY]);
    p->s->keys_rcode = p->answer[SIGNED_DNSKEY].rcode;
    p->s->do_error = p->s->keys_error;
    for (unsigned q = 0; q < SIGNED_COUNT; q++)
        p->s->do_error = p->s->do_error && (p->answer[q].x == NULL || is_error(&p->answer[q]));
}

/* Addresses whose copy is newer than every one with keys that the DS leads to, and has none of
 * these keys itself: the zone's keys were changed, or signing was given up, and the DS was not. */
static void find_ahead(signed_zone_t *z)
{
    for (size_t i = 0; i < z->place_count; i++) {
        signed_place_t *p = &z->place[i];
        bool any = false;
        bool all = true;
        if (!p->counts || p->led || p->answer[SIGNED_DNSKEY].reply == NULL)
            continue;
        for (size_t k = 0; k < z->place_count; k++) {
            any = any || z->place[k].led;
            all = all && (!z->place[k].led || signed_is_newer(z, p, &z->place[k]));
        }
        p->ahead = p->s->keys_ahead = any && all;
    }
}

/* Validators get SERVFAIL by turns where the parent has a DS record. */
static void raise_by_turns(const signed_zone_t *z)
{
    const diag_t *d = z->d;
    for (size_t i = d->first; z->ds == DS_SOME && i < d->list->count; i++)
        for (size_t k = 0; k < d->subject_count; k++)
            if (d->list->item[i].id == FINDING_VERSIONS_MIXED && d->subject[k].signed_by_turns &&
                addr_equal(&d->list->item[i].addr, &d->subject[k].a->addr))
                d->list->item[i].severity = SEVERITY_ERROR;
}

void rules_signed(diag_t *d)
{
    signed_zone_t z;
    bool ok = signed_zone_gather(&z, d);
    if (ok && (z.ds == DS_SOME || any_keyed(&z))) {
        signed_rules_ds(&z);
        for (size_t i = 0; i < z.place_count; i++) {
            if (!z.place[i].counts)
                continue;
            note_signs(&z.place[i]);
            signed_rules_keys(&z, i);
            if (!z.place[i].keyed)
                continue;
            signed_rules_records(&z, i);
            signed_rules_denial(&z, i);
            signed_rules_cds(&z, i);
        }
        find_ahead(&z);
        signed_rules_agree(&z);
    }
    if (ok) {
        report_all(&z);
        raise_by_turns(&z);
        signed_hold_back(&z);
    }
    d->list->out_of_memory = d->list->out_of_memory || !ok || z.out_of_memory;
    signed_zone_free(&z);
}
