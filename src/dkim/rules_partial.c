/* Records that some servers of the zone have and others do not: which ones, and how far behind. */
#include "diagnose/facts.h"
#include "diagnose/verdict_text.h"
#include "dkim/mistake.h"
#include "dkim/say.h"
#include "exchange/noun.h"

#define NAMED_MAX  4 /* records that one text names */
#define DIFF_WIDTH 62

static bool lacks(const expected_t *x, size_t zone, size_t place)
{
    return x->zone == zone && place < x->cell_count && x->matched > 0 &&
           mark_denies(x->cell[place].udp) && !x->cell[place].bogus;
}

/* The place with the newest copy of the zone of those that have the record; NULL when none serves
 * its SOA. */
static const place_t *best_holder(const facts_t *f, const expected_t *x)
{
    const zone_facts_t *z = expected_zone(f, x);
    const place_t *best = NULL;
    for (size_t i = 0; i < x->cell_count; i++) {
        const place_t *p = &z->place[i];
        if (x->cell[i].udp == MARK_MATCH && place_serves(z, p) &&
            (best == NULL || serial_newer(p->soa->serial, best->soa->serial)))
            best = p;
    }
    return best;
}

static void say_lacking(say_t *s, const facts_t *f, size_t zone, size_t place)
{
    size_t missing = 0;
    size_t wrong = 0;
    size_t here = 0;
    for (size_t i = 0; i < f->expected_count; i++) {
        const expected_t *x = &f->expected[i];
        here += x->zone == zone && x->matched > 0;
        if (!lacks(x, zone, place))
            continue;
        missing += x->cell[place].udp != MARK_WRONG;
        wrong += x->cell[place].udp == MARK_WRONG;
    }
    if (missing > 0)
        say(s, "lacks %zu", missing);
    if (wrong > 0)
        say(s, "%shas other values for %zu", missing > 0 ? " and " : "", wrong);
    say(s, " of %zu ", here);
    say(s, here == 1 ? "record that other servers have: " : "records that other servers have: ");
    size_t n = 0;
    for (size_t i = 0; i < f->expected_count; i++) {
        if (!lacks(&f->expected[i], zone, place))
            continue;
        if (n < NAMED_MAX) {
            say(s, "%s", n > 0 ? ", " : "");
            say_record(s, f->expected[i].e);
        }
        n++;
    }
    if (n > NAMED_MAX)
        say(s, " and %zu more", n - NAMED_MAX);
    say(s, ".");
}

/* What the place has in place of a record: the first that is wrong there, beside what is expected.
 */
static void say_instead(say_t *s, const facts_t *f, size_t zone, size_t place)
{
    for (size_t i = 0; i < f->expected_count; i++) {
        const expected_t *x = &f->expected[i];
        if (!lacks(x, zone, place) || x->cell[place].udp != MARK_WRONG || x->e->any_key)
            continue;
        const nsp_msg_t *m = facts_message(f, x->cell[place].udp_by);
        for (uint16_t k = 0; m != NULL && k < m->found[NSP_ANSWER]; k++) {
            const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, k);
            mistake_diff_t d;
            if (rr->type != x->e->type || !nsp_rr_owner_is(m, rr, &x->e->owner) ||
                expectation_met(x->e, m, rr))
                continue;
            mistake_diff(x->e, m, rr, DIFF_WIDTH, &d);
            say(s, "\nexpected  %s\nfound     %s", d.expected, d.found);
            if (d.mark[0] != '\0')
                say(s, "\n          %s", d.mark);
            return;
        }
    }
}

/* What is to be done when the newest version of the zone is the bad one. */
static void say_enter_again(say_t *fix, const facts_t *f, size_t zone, size_t place)
{
    const expected_t *wrong = NULL;
    bool missing = false;
    for (size_t i = 0; i < f->expected_count; i++) {
        const expected_t *x = &f->expected[i];
        if (!lacks(x, zone, place))
            continue;
        if (x->cell[place].udp != MARK_WRONG)
            missing = true;
        else if (wrong == NULL)
            wrong = x;
    }
    if (missing)
        say(fix, "The newest version of the zone lacks the record: enter it there again, and raise "
                 "the serial.");
    if (wrong == NULL)
        return;
    say(fix, "%sThe newest version of the zone has a wrong value: correct it there to ",
        missing ? " " : "");
    say_record(fix, wrong->e);
    say(fix, " ");
    say_value(fix, wrong->e);
    say(fix, ", and raise the serial.");
}

/* An older copy than that of a holder: it should be brought up by itself. */
static void say_behind(say_t *s, say_t *fix, const facts_t *f, const place_t *p,
                       const place_t *holder)
{
    char when[32];
    char label[PLACE_LABEL_MAX];
    const answer_t *soa = p->soa;
    uint32_t behind = holder->soa->serial - soa->serial;
    say(s, " Its copy of the zone has serial %u, that of %s has %u: %u %s behind.", soa->serial,
        place_label(holder, label), holder->soa->serial, behind, behind == 1 ? "step" : "steps");
    say(s, " Its SOA has a refresh of ");
    say_span(s, soa->refresh);
    say(s, ", so that it should have the new version by %s at the latest",
        verdict_time(facts_wall(f, soa) + soa->refresh, when));
    say(s, ".");
    say(fix,
        "Have %s transfer the zone now; if it does not have serial %u by %s, look why its "
        "transfers fail (its primaries, TSIG key, what the primary allows, NOTIFY).",
        place_label(p, label), holder->soa->serial, when);
}

/* Copies of different primaries do not come of each other: their serials do not compare. */
static bool of_other_primary(const place_t *p, const place_t *holder)
{
    return p->soa->mname.len > 1 && holder->soa->mname.len > 1 &&
           !nsp_name_equal(&p->soa->mname, &holder->soa->mname);
}

static void say_primaries(say_t *s, say_t *fix, const place_t *p, const place_t *holder)
{
    char label[PLACE_LABEL_MAX];
    say(s, " Its SOA names ");
    say_name(s, &p->soa->mname);
    say(s, " as the primary (serial %u), that of %s ", p->soa->serial, place_label(holder, label));
    say_name(s, &holder->soa->mname);
    say(s, " (serial %u): a change of the one does not get to the other by itself.",
        holder->soa->serial);
    say(fix,
        "If %s belongs to another DNS provider: enter the records there as well, or, when the zone "
        "has moved away from there, take it out of the delegation at the registrar and of the NS "
        "records. If both are filled from one source, look why the change has not got there.",
        place_label(p, label));
}

static void say_serials(say_t *s, say_t *fix, const facts_t *f, size_t zone, size_t place,
                        const place_t *holder)
{
    const zone_facts_t *z = &f->zone[zone];
    const place_t *p = &z->place[place];
    char label[PLACE_LABEL_MAX];
    char other[PLACE_LABEL_MAX];
    if (!place_serves(z, p) || holder == NULL)
        return;
    uint32_t mine = p->soa->serial;
    uint32_t theirs = holder->soa->serial;
    place_label(holder, other);
    if (of_other_primary(p, holder)) {
        say_primaries(s, fix, p, holder);
        return;
    }
    if (serial_newer(theirs, mine)) {
        say_behind(s, fix, f, p, holder);
    } else if (serial_newer(mine, theirs)) {
        say(s, " Its copy of the zone is the newer one: serial %u, while %s has %u.", mine, other,
            theirs);
        say_enter_again(fix, f, zone, place);
    } else {
        say(s, " Both it and %s have serial %u, with different records.", other, mine);
        say(fix,
            "Raise the serial of the zone, so that its secondaries see that it has changed; if "
            "%s belongs to another DNS provider, enter the record there as well.",
            place_label(p, label));
    }
}

static void say_share(say_t *s, const expected_t *x)
{
    char share[24];
    say(s, " %zu of %zu %s it: %s lookups find it.", x->matched, x->asked,
        x->asked == 1 ? "address has" : noun(x->matched, "addresses has", "addresses have"),
        chance_label(x->chance, share));
}

static void partial_rule(facts_t *f, size_t zone, size_t place)
{
    const zone_facts_t *z = &f->zone[zone];
    const place_t *p = &z->place[place];
    const expected_t *first = NULL;
    for (size_t i = 0; i < f->expected_count && first == NULL; i++)
        if (lacks(&f->expected[i], zone, place))
            first = &f->expected[i];
    if (first == NULL)
        return;
    char label[PLACE_LABEL_MAX];
    say_t s;
    say_t fix;
    say_begin(&s);
    say_begin(&fix);
    const place_t *holder = best_holder(f, first);
    say(&s, "%s ", place_label(p, label));
    say_lacking(&s, f, zone, place);
    say_serials(&s, &fix, f, zone, place, holder);
    say_share(&s, first);
    say_instead(&s, f, zone, place);
    finding_t *out =
        say_place_finding(f, p, FINDING_RECORD_PARTIAL, &s, fix.buf[0] != '\0' ? &fix : NULL);
    for (size_t i = 0; i < f->expected_count; i++)
        if (lacks(&f->expected[i], zone, place))
            finding_add_evidence(out, f->expected[i].cell[place].udp_by->x);
    if (p->soa != NULL)
        finding_add_evidence(out, p->soa->x);
    if (holder != NULL)
        finding_add_evidence(out, holder->soa->x);
}

void rules_partial(facts_t *f)
{
    for (size_t i = 0; i < f->zone_count; i++)
        for (size_t k = 0; k < f->zone[i].place_count; k++)
            if (f->zone[i].place[k].delegated)
                partial_rule(f, i, k);
    for (size_t i = 0; i < f->expected_count; i++)
        f->expected[i].explained |= f->expected[i].matched > 0 && f->expected[i].denied > 0;
}
