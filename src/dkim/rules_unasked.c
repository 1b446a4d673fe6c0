/* Addresses that were not asked, for whatever reason: what a verdict does not stand on. */
#include <stdio.h>

#include "dkim/say.h"
#include "exchange/noun.h"

#define NAMED_MAX 8 /* addresses that one text names */

/* Nothing else went wrong: what could be sent was answered. */
static bool only_own_trouble(const facts_t *f)
{
    bool unsent = false;
    outcome_t o;
    for (uint32_t i = 0; i < f->set->count; i++) {
        outcome_of(f->set->item[i], &o, f->scratch);
        if (o.kind == OUTCOME_NOT_SENT)
            unsent = true;
        else if (o.kind != OUTCOME_ANSWERED)
            return false;
    }
    return unsent;
}

bool expected_is_blind(const facts_t *f, const expected_t *x)
{
    if (x->asked > 0 || x->pending > 0 || expected_has_no_zone(f, x) || expected_is_cut(f, x))
        return false;
    if (x->unsent > 0)
        return true;
    size_t w = x->walk != FACTS_NONE ? x->walk : 0;
    return w < f->walk_count &&
           ((x->zone == FACTS_NONE && f->walk[w].unsent) || only_own_trouble(f));
}

/* The exchange that could not be sent; NULL when there is none. */
static const exchange_t *unsent_to(const facts_t *f, size_t zone, size_t place)
{
    for (size_t i = 0; i < f->expected_count; i++) {
        const expected_t *x = &f->expected[i];
        if (x->zone == zone && place < x->cell_count && x->cell[place].udp == MARK_UNASKED &&
            x->cell[place].udp_by != NULL)
            return x->cell[place].udp_by->x;
    }
    return NULL;
}

/* True when some expectation of the zone could not be sent to the place. */
static bool place_unsent(const facts_t *f, size_t zone, size_t place)
{
    return unsent_to(f, zone, place) != NULL;
}

static bool place_pending(const facts_t *f, size_t zone, size_t place)
{
    for (size_t i = 0; i < f->expected_count; i++) {
        const expected_t *x = &f->expected[i];
        if (x->zone == zone && (place >= x->cell_count || x->cell[place].udp == MARK_UNASKED))
            return true;
    }
    return false;
}

void coverage_count(facts_t *f)
{
    dkim_coverage_t *c = &f->coverage;
    *c = (dkim_coverage_t){0};
    for (size_t i = 0; i < f->zone_count; i++) {
        for (size_t k = 0; k < f->zone[i].place_count && zone_is_meant(f, i); k++) {
            const place_t *p = &f->zone[i].place[k];
            bool unsent = p->delegated && p->in_use && place_unsent(f, i, k);
            c->addresses += p->delegated;
            c->excluded += p->delegated && !p->in_use;
            c->unsent += unsent;
            c->asked += p->delegated && p->in_use && !unsent && !place_pending(f, i, k);
        }
    }
}

/* --- what is said --- */

static bool is_listed(const facts_t *f, size_t zone, size_t place, bool excluded)
{
    const place_t *p = &f->zone[zone].place[place];
    return p->delegated && (excluded ? !p->in_use : p->in_use && place_unsent(f, zone, place));
}

/* "2001:db8::1, 2001:db8::2 and 3 more"; evidence where there is some. Returns their number. */
static size_t say_places(say_t *s, const facts_t *f, size_t zone, bool excluded)
{
    const zone_facts_t *z = &f->zone[zone];
    size_t n = 0;
    for (size_t k = 0; k < z->place_count; k++) {
        char addr[ADDR_TEXT_MAX];
        if (!is_listed(f, zone, k, excluded))
            continue;
        if (n < NAMED_MAX)
            say(s, "%s%s", n > 0 ? ", " : "", addr_port_text(&z->place[k].addr, addr));
        n++;
    }
    if (n > NAMED_MAX)
        say(s, " and %zu more", n - NAMED_MAX);
    return n;
}

static void say_reason(say_t *s, const exchange_t *x)
{
    const event_t *e = x != NULL ? exchange_find(x, EVENT_SEND_FAILED) : NULL;
    if (e != NULL)
        say(s, " (%s)", strerror(e->os_error));
}

/* What the user left out: the verdict is about the rest. */
static void excluded_rule(facts_t *f, size_t zone)
{
    unsigned family = f->in->use_ipv4 ? 6 : 4;
    size_t delegated = 0;
    say_t list;
    say_t s;
    say_t fix;
    say_begin(&list);
    say_begin(&s);
    say_begin(&fix);
    size_t n = say_places(&list, f, zone, true);
    for (size_t k = 0; k < f->zone[zone].place_count; k++)
        delegated += f->zone[zone].place[k].delegated;
    if (n == 0)
        return;
    say(&s, "-%u leaves out %zu of the %zu %s of ", family == 6 ? 4u : 6u, n, delegated,
        noun(delegated, "address", "addresses"));
    say_name(&s, &f->zone[zone].apex);
    say(&s, ", which a verifier may ask: %s. Nothing is known about the records there.", list.buf);
    say(&fix, "Run the test without -%u.", family == 6 ? 4u : 6u);
    finding_t *out = say_finding(f, FINDING_RECORD_UNASKED, &s, &fix);
    if (out != NULL)
        out->severity = SEVERITY_NOTICE;
}

/* What this machine could not send. */
static void unsent_rule(facts_t *f, size_t zone)
{
    const zone_facts_t *z = &f->zone[zone];
    const exchange_t *first = NULL;
    bool family[2] = {false, false};
    say_t list;
    say_t s;
    say_t fix;
    say_begin(&list);
    say_begin(&s);
    say_begin(&fix);
    size_t n = say_places(&list, f, zone, false);
    if (n == 0)
        return;
    for (size_t k = 0; k < z->place_count; k++) {
        if (!is_listed(f, zone, k, false))
            continue;
        first = first == NULL ? unsent_to(f, zone, k) : first;
        family[z->place[k].addr.family == 6] = true;
    }
    say(&s, "From here, nothing could be sent to ");
    say_count(&s, n, "address of ", "addresses of ");
    say_name(&s, &z->apex);
    say_reason(&s, first);
    say(&s, ": %s. Whether the records are there is not known.", list.buf);
    say(&fix, "Run the test from a host that can send to %s", n == 1 ? "it" : "them");
    if (family[0] != family[1])
        say(&fix, ", or leave IPv%u out with -%u: the verdict is then about IPv%u alone",
            family[1] ? 6u : 4u, family[1] ? 4u : 6u, family[1] ? 4u : 6u);
    say(&fix, ".");
    finding_t *out = say_finding(f, FINDING_RECORD_UNASKED, &s, &fix);
    for (size_t k = 0; k < z->place_count; k++)
        if (is_listed(f, zone, k, false))
            finding_add_evidence(out, unsent_to(f, zone, k));
}

/* The way to the zone could not be gone from here. */
static void blind_rule(facts_t *f)
{
    const expected_t *first = NULL;
    size_t lost = 0;
    outcome_t o;
    for (size_t i = 0; i < f->expected_count; i++) {
        if (f->expected[i].unsent > 0 || !expected_is_blind(f, &f->expected[i]))
            continue;
        first = first == NULL ? &f->expected[i] : first;
        lost++;
    }
    if (first == NULL || !walk_was_answered(f))
        return; /* nothing at all could be sent: the report says so */
    finding_t *out = NULL;
    for (uint32_t i = f->set->count; i > 0; i--) {
        const exchange_t *x = f->set->item[i - 1];
        outcome_of(x, &o, f->scratch);
        if (o.kind != OUTCOME_NOT_SENT)
            continue;
        if (out == NULL) {
            say_t s;
            say_begin(&s);
            say(&s, "The zone that holds ");
            say_name(&s, &first->e->owner);
            if (lost > 1)
                say(&s, " and %zu other %s", lost - 1, noun(lost - 1, "name", "names"));
            say(&s, " was not reached: from here, nothing could be sent to the servers on the way");
            say_reason(&s, x);
            say(&s, ". That says nothing about them.");
            out = say_finding(f, FINDING_RECORD_UNASKED, &s, NULL);
        }
        finding_add_evidence(out, x);
    }
}

void rules_unasked(facts_t *f)
{
    for (size_t i = 0; i < f->zone_count; i++) {
        if (!zone_is_meant(f, i))
            continue;
        excluded_rule(f, i);
        unsent_rule(f, i);
    }
    blind_rule(f);
}
