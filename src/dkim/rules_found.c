/* Records that are there: as they should be, or with something that spoils them. */
#include "dkim/say.h"

#define NAMED_MAX 4

static bool is_right(const expected_t *x)
{
    return x->matched > 0 && x->denied == 0;
}

static void matches_rule(facts_t *f)
{
    char share[24];
    size_t right = 0;
    const expected_t *first = NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < f->expected_count; i++) {
        const expected_t *x = &f->expected[i];
        if (!is_right(x))
            continue;
        if (first == NULL || x->matched < least) {
            first = x;
            least = x->matched;
        }
        right++;
    }
    if (first == NULL)
        return;
    say_t s;
    say_begin(&s);
    if (right == 1)
        say_record(&s, first->e);
    else
        say(&s, "%zu of %zu records", right, f->expected_count);
    say(&s, right == 1 ? " is" : " are");
    say(&s, " as expected at %zu of ", least);
    say_count(&s, first->asked, "address", "addresses");
    say(&s, f->coverage.asked < f->coverage.addresses ? " that were asked" : "");
    say(&s, ": %s lookups find %s.", chance_label(first->chance, share),
        right == 1 ? "it" : "each");
    finding_t *out = say_finding(f, FINDING_RECORD_MATCHES, &s, NULL);
    for (size_t i = 0; i < f->expected_count; i++)
        if (is_right(&f->expected[i]))
            say_evidence(out, f, &f->expected[i], 1u << MARK_MATCH);
}

/* --- beside a CNAME --- */

/* A name that is an alias answers other types with the CNAME alone: both is a mistake (RFC 1034
 * 3.6.2). */
static bool beside_rule(facts_t *f, const expected_t *x, uint16_t beside)
{
    const zone_facts_t *z = expected_zone(f, x);
    char type[16];
    if (x->holder == FACTS_NONE || x->cell[x->holder].udp_by->count == 0 || beside == x->e->type)
        return false;
    const answer_t *a = facts_answer(f, &z->place[x->holder].addr, &x->e->owner, beside);
    if (a == NULL || answer_reading(a, &z->apex) != READ_FOUND)
        return false;
    say_t s;
    say_t fix;
    say_begin_name(&s, &fix, &x->e->owner);
    say(&s, " has the expected %s", nsp_type_text(x->e->type, type));
    say(&s, ", and %s records beside it.", nsp_type_text(beside, type));
    say(&fix, "Remove the %s records of ", nsp_type_text(beside, type));
    say_name(&fix, &x->e->owner);
    say(&fix, "; leave the %s.", nsp_type_text(x->e->type, type));
    finding_t *out = say_finding(f, FINDING_RECORD_CNAME_BESIDE_DATA, &s, &fix);
    finding_add_evidence(out, x->cell[x->holder].udp_by->x);
    finding_add_evidence(out, a->x);
    return true;
}

static void beside_rules(facts_t *f, const expected_t *x)
{
    uint16_t type[FACTS_BESIDE_MAX];
    size_t n = facts_beside(x->e->type, type);
    for (size_t i = 0; i < n; i++)
        if (beside_rule(f, x, type[i]))
            return;
}

/* --- chains --- */

static void say_chain(say_t *s, const facts_t *f, const expected_t *x)
{
    size_t l = x->follow;
    say_name(s, &x->e->owner);
    for (unsigned i = 0; l != FACTS_NONE && i <= FACTS_CHAIN_MAX; i++) {
        say(s, " -> ");
        say_name(s, &f->lookup[l].name);
        if (f->lookup[l].loop) {
            say(s, " -> ");
            say_name(s, &f->lookup[l].answer->cname);
        }
        l = f->lookup[l].next;
    }
}

static void chain_rule(facts_t *f, const expected_t *x)
{
    unsigned hops = 0;
    const lookup_t *last = NULL;
    for (size_t l = x->follow; l != FACTS_NONE && hops <= FACTS_CHAIN_MAX; l = f->lookup[l].next) {
        last = &f->lookup[l];
        hops++;
    }
    if (last == NULL || last->reading != READ_ALIAS)
        return;
    say_t s;
    say_begin(&s);
    say_chain(&s, f, x);
    if (last->loop)
        say(&s, ": a circle.");
    else
        say(&s, ": no end after %u CNAMEs.", hops + 1);
    finding_t *out = say_finding(
        f, last->loop ? FINDING_RECORD_CNAME_LOOP : FINDING_RECORD_CNAME_CHAIN, &s, NULL);
    for (size_t l = x->follow; l != FACTS_NONE && hops-- > 0; l = f->lookup[l].next)
        finding_add_evidence(out, f->lookup[l].answer->x);
}

void rules_found(facts_t *f)
{
    matches_rule(f);
    for (size_t i = 0; i < f->expected_count; i++) {
        const expected_t *x = &f->expected[i];
        if (x->matched > 0)
            beside_rules(f, x);
        chain_rule(f, x);
    }
}
