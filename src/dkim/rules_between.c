/* Names between a zone's own and an expected record: they exist, since there is a name below them
 * (RFC 8020 2). A server that denies one hides the record from resolvers that ask label by label
 * (RFC 9156 2.3). */
#include "dkim/say.h"

static bool has_record(const expected_t *x, size_t place)
{
    return place < x->cell_count &&
           (x->cell[place].udp == MARK_MATCH || x->cell[place].udp == MARK_WRONG);
}

/* The deepest name between the record and the zone that the place denies; NULL: none. */
static const answer_t *denied(const facts_t *f, size_t zone, size_t place, const expected_t *x)
{
    const zone_facts_t *z = &f->zone[zone];
    nsp_name_t name = x->e->owner;
    for (unsigned i = 0; i < FACTS_BETWEEN_MAX && facts_between(z, &name); i++) {
        const answer_t *a = facts_answer(f, &z->place[place].addr, &name, NSP_TYPE_A);
        if (a != NULL && answer_reading(a, &z->apex) == READ_NXDOMAIN)
            return a;
    }
    return NULL;
}

static void between_rule(facts_t *f, size_t zone, size_t place)
{
    const zone_facts_t *z = &f->zone[zone];
    const answer_t *first = NULL;
    const expected_t *example = NULL;
    size_t hidden = 0;
    say_t s;
    say_t fix;
    for (size_t i = 0; i < f->expected_count; i++) {
        const expected_t *x = &f->expected[i];
        const answer_t *a =
            x->zone == zone && has_record(x, place) ? denied(f, zone, place, x) : NULL;
        if (a == NULL)
            continue;
        first = first != NULL ? first : a;
        example = example != NULL ? example : x;
        hidden++;
    }
    if (first == NULL)
        return;
    say_begin(&s);
    say(&s, "Here ");
    say_name(&s, &first->qname);
    say(&s, " does not exist (NXDOMAIN), although ");
    say_record(&s, example->e);
    say(&s, " is below it");
    if (hidden > 1)
        say(&s, ", and so are %zu more expected records", hidden - 1);
    say(&s, ". Resolvers that ask label by label take what is below for missing.");
    say_begin(&fix);
    say(&fix, "Update the software of this server, or what answers before it: ");
    say_name(&fix, &first->qname);
    say(&fix,
        " is to be answered NOERROR, without records. The records are right. Until then a record "
        "of any kind at that name helps, such as a TXT.");
    finding_t *out = say_place_finding(f, &z->place[place], FINDING_EMPTY_NAME_DENIED, &s, &fix);
    if (out != NULL)
        out->severity = SEVERITY_WARNING;
    finding_add_evidence(out, first->x);
    finding_add_evidence(out, example->cell[place].udp_by->x);
}

void rules_between(facts_t *f)
{
    for (size_t i = 0; i < f->zone_count; i++)
        for (size_t k = 0; k < f->zone[i].place_count; k++)
            if (f->zone[i].place[k].delegated)
                between_rule(f, i, k);
}
