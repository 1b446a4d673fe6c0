/* What is wrong with the zones that hold the names, as a whole. */
#include "diagnose/verdict_text.h"
#include "dkim/say.h"
#include "exchange/noun.h"

/* Second labels under which registries delegate (co.uk): a zone of two such labels is theirs. */
static bool is_registry(const nsp_name_t *zone)
{
    static const char *const second[] = {"ac", "co", "com", "edu", "gov",
                                         "go", "ne", "net", "or",  "org"};
    if (nsp_name_labels(zone) != 2)
        return nsp_name_labels(zone) < 2;
    for (size_t i = 0; i < sizeof second / sizeof second[0]; i++) {
        nsp_name_t label;
        nsp_name_t first = *zone;
        size_t n = strlen(second[i]);
        if (first.octets[0] == n &&
            nsp_name_from_text(second[i], n, NULL, &label, NULL) == NSP_OK) {
            first.len = label.len;
            first.octets[n + 1] = 0;
            if (nsp_name_equal(&first, &label))
                return true;
        }
    }
    return false;
}

/* The zone above says that the domain does not exist: that explains every record below it. */
static void domain_rule(facts_t *f)
{
    const walk_t *w = &f->walk[0];
    if (f->walk_count == 0 || !w->nxdomain ||
        (w->zone != FACTS_NONE && !is_registry(&f->zone[w->zone].apex)))
        return;
    say_t s;
    finding_t *out = NULL;
    for (size_t i = 0; i < f->expected_count; i++) {
        expected_t *x = &f->expected[i];
        if (x->zone != w->zone || !nsp_name_is_subdomain(&x->e->owner, &w->name))
            continue;
        x->explained = true;
        if (out == NULL) {
            say_begin(&s);
            say_name(&s, &w->name);
            say(&s, " does not exist");
            if (w->zone != FACTS_NONE) {
                say(&s, ": the servers of ");
                say_name(&s, &f->zone[w->zone].apex);
                say(&s, " say so");
            }
            say(&s, ". None of its records can be found.");
            out = say_finding(f, FINDING_RECORD_DOMAIN_MISSING, &s, NULL);
        }
        say_evidence(out, f, x, 1u << MARK_NXDOMAIN);
    }
}

static bool first_of_walk(const facts_t *f, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (f->expected[k].walk == f->expected[i].walk && expected_has_no_zone(f, &f->expected[k]))
            return false;
    return true;
}

/* Names in other domains that do not exist. */
static void no_domain_rule(facts_t *f)
{
    for (size_t i = 0; i < f->expected_count; i++) {
        expected_t *x = &f->expected[i];
        if (x->explained || !expected_has_no_zone(f, x))
            continue;
        const walk_t *w = &f->walk[x->walk != FACTS_NONE ? x->walk : 0];
        x->explained = true;
        if (!first_of_walk(f, i))
            continue;
        say_t s;
        say_begin(&s);
        say_name(&s, &w->name);
        say(&s, " does not exist");
        if (w->denier.len > 0) {
            say(&s, ": the servers of ");
            say_name(&s, &w->denier);
            say(&s, " say so");
        }
        say(&s, ". ");
        say_record(&s, x->e);
        say(&s, " cannot be found.");
        say_finding(f, FINDING_RECORD_DOMAIN_MISSING, &s, NULL);
    }
}

/* Expectations for which no zone was found at all. */
static void lost_rule(facts_t *f)
{
    size_t lost = 0;
    const expected_t *first = NULL;
    for (size_t i = 0; i < f->expected_count; i++) {
        const expected_t *x = &f->expected[i];
        bool over = x->walk == FACTS_NONE ? f->walk[0].done : f->walk[x->walk].done;
        if (x->explained || x->zone != FACTS_NONE || !over || expected_is_cut(f, x) ||
            expected_is_blind(f, x))
            continue;
        first = first == NULL ? x : first;
        lost++;
    }
    if (first == NULL || !walk_was_answered(f))
        return;
    say_t s;
    say_begin(&s);
    say(&s, "No server was found for the zone that holds ");
    say_name(&s, &first->e->owner);
    if (lost > 1)
        say(&s, " and %zu other %s", lost - 1, noun(lost - 1, "name", "names"));
    say(&s, ".");
    nobody_say(f, &s);
    say_finding(f, FINDING_RECORD_ZONE_UNREACHABLE, &s, NULL);
}

/* Some place answers for the zone's own name: what fails is the name or the type. */
static bool any_serves(const zone_facts_t *z)
{
    for (size_t i = 0; i < z->place_count; i++)
        if (z->place[i].delegated && place_serves(z, &z->place[i]))
            return true;
    return false;
}

static const char *lost_text(host_state_t state)
{
    return state == HOST_NXDOMAIN ? "does not exist"
           : state == HOST_NODATA ? "has no address"
           : state == HOST_CNAME  ? "is an alias"
           : state == HOST_LOOP   ? "needs itself to be resolved"
                                  : "could not be resolved";
}

/* The names in its delegation that lead nowhere. */
static void say_lost(say_t *s, const zone_facts_t *z)
{
    for (size_t i = 0; i < z->lost_count; i++) {
        say(s, "%s", i > 0 ? ", " : "");
        say_name(s, &z->lost[i].name);
        say(s, " (%s)", lost_text(z->lost[i].state));
    }
}

/* The domain's own zone, when this one is delegated away from it; NULL else. */
static const zone_facts_t *away_from(const facts_t *f, const zone_facts_t *z)
{
    size_t base = f->walk_count > 0 ? f->walk[0].zone : FACTS_NONE;
    if (base == FACTS_NONE || z == &f->zone[base] ||
        !nsp_name_is_subdomain(&z->apex, &f->zone[base].apex))
        return NULL;
    return &f->zone[base];
}

/* A zone below the domain's own is seldom meant, and the domain's owner can undo it. */
static void unreachable_fix(finding_t *out, const facts_t *f, const zone_facts_t *z)
{
    const zone_facts_t *base = away_from(f, z);
    char apex[NSP_NAME_TEXT_MAX];
    char above[NSP_NAME_TEXT_MAX];
    if (base != NULL)
        finding_set_fix(out,
                        "Where no zone of its own is meant: remove the NS records of %s from the "
                        "zone %s, and enter the records there. Else have the servers that they "
                        "name serve %s.",
                        facts_name(&z->apex, apex), facts_name(&base->apex, above), apex);
    else if (z->place_count == 0 && z->lost_count > 0)
        finding_set_fix(out, "Have %s delegated to servers whose names have addresses.",
                        facts_name(&z->apex, apex));
}

/* places: addresses of the zone that were asked. */
static void say_unreachable(say_t *s, const zone_facts_t *z, size_t places)
{
    if (places == 0) {
        say_name(s, &z->apex);
        say(s, " has no server with an address that can be asked from here");
        return;
    }
    say(s, places == 1 ? "The only address of " : "None of the %zu addresses of ", places);
    say_name(s, &z->apex);
    say(s, places == 1 ? " gives no usable answer" : " gives a usable answer");
}

static void unreachable_rule(facts_t *f, size_t zone)
{
    const zone_facts_t *z = &f->zone[zone];
    size_t records = 0;
    size_t places = 0;
    const expected_t *first = NULL;
    for (size_t i = 0; i < f->expected_count; i++) {
        expected_t *x = &f->expected[i];
        bool bogus = false;
        if (x->zone != zone || x->pending > 0 || x->unusable < x->asked || expected_is_blind(f, x))
            continue;
        for (size_t k = 0; k < x->cell_count; k++)
            bogus |= x->cell[k].bogus;
        x->explained = true;
        if (bogus)
            continue; /* the DNSSEC rules say it */
        first = first == NULL ? x : first;
        places = x->asked > places ? x->asked : places;
        records++;
    }
    if (first == NULL)
        return;
    say_t s;
    say_begin(&s);
    say_unreachable(&s, z, places);
    say(&s, " about ");
    say_record(&s, first->e);
    if (records > 1)
        say(&s, " and %zu more", records - 1);
    if (z->lost_count > 0 && places == 0) {
        say(&s, "; it is delegated to ");
        say_lost(&s, z);
    }
    say(&s, ".");
    finding_t *out = say_finding(f, FINDING_RECORD_ZONE_UNREACHABLE, &s, NULL);
    say_evidence(out, f, first, 1u << MARK_REFUSED | 1u << MARK_BROKEN | 1u << MARK_SILENT);
    if (!any_serves(z)) {
        unreachable_fix(out, f, z);
        return;
    }
    finding_add_text(out, " The zone's own name is answered.");
    finding_add_likely(
        out,
        "A firewall, a load balancer or a rule of the servers does not let such names "
        "or this type pass.",
        "Servers answer for the zone's own name: they are up and hold the zone.");
    finding_set_fix(
        out, "Find out what stands before the servers, or which rule of them does not answer "
             "such questions (names with an underscore, or a type), and let them pass.");
}

/* A name that is delegated away from the domain's own zone. */
static void own_zone_rule(facts_t *f, size_t zone)
{
    const zone_facts_t *z = &f->zone[zone];
    const zone_facts_t *base = away_from(f, z);
    if (base == NULL)
        return;
    say_t s;
    say_begin(&s);
    say_name(&s, &z->apex);
    say(&s, " is delegated away from ");
    say_name(&s, &base->apex);
    say(&s, ", to ");
    if (z->place_count == 0)
        say_lost(&s, z);
    const nsp_name_t *last = NULL;
    for (size_t i = 0, n = 0; i < z->place_count && n < 4; i++) {
        const place_t *p = &z->place[i];
        if (!p->delegated || (last != NULL && nsp_name_equal(last, &p->server)))
            continue;
        say(&s, "%s", n++ > 0 ? ", " : "");
        say_name(&s, &p->server);
        last = &p->server;
    }
    say(&s, ": the records must be there.");
    say_finding(f, FINDING_RECORD_OWN_ZONE, &s, NULL);
}

/* --- negative caching --- */

typedef struct negative {
    bool missing;      /* some answers say now that a record is missing */
    uint32_t lifetime; /* of a negative answer, seconds: the longest of all servers */
    const answer_t *by;
    int64_t until; /* the latest, seconds since 1970 */
} negative_t;

/* RFC 2308 5: the lower of the SOA's own TTL and its MINIMUM. */
static void add_negative(const facts_t *f, negative_t *n, const answer_t *a)
{
    uint32_t ttl = a->soa_ttl < a->minimum ? a->soa_ttl : a->minimum;
    int64_t until = facts_wall(f, a) + ttl;
    if (!a->has_soa || (n->by != NULL && until <= n->until))
        return;
    n->by = a;
    n->until = until;
    n->lifetime = ttl;
}

static negative_t negative_of(const facts_t *f, size_t zone)
{
    negative_t n = {0};
    const zone_facts_t *z = &f->zone[zone];
    for (size_t i = 0; i < f->expected_count; i++) {
        const expected_t *x = &f->expected[i];
        for (size_t k = 0; x->zone == zone && k < x->cell_count; k++) {
            const cell_t *c = &x->cell[k];
            if (!z->place[k].delegated || (c->udp != MARK_NODATA && c->udp != MARK_NXDOMAIN))
                continue;
            n.missing = true;
            add_negative(f, &n, c->udp_by);
        }
    }
    for (size_t k = 0; !n.missing && k < z->place_count; k++)
        if (z->place[k].delegated && place_serves(z, &z->place[k]))
            add_negative(f, &n, z->place[k].soa);
    return n;
}

static void negative_rule(facts_t *f, size_t zone)
{
    negative_t n = negative_of(f, zone);
    char when[32];
    say_t s;
    if (n.by == NULL)
        return;
    verdict_time(n.until, when);
    say_begin(&s);
    if (n.missing)
        say(&s,
            "A resolver that asked as late as now goes on saying that a record is missing until "
            "%s, even if the record is published before that",
            when);
    else
        say(&s,
            "A resolver that asked before the records were there may go on saying that they are "
            "missing, until %s at the latest",
            when);
    say(&s, " (");
    say_span(&s, n.lifetime);
    say(&s, ", the lower of TTL %u and minimum %u of the SOA of ", n.by->soa_ttl, n.by->minimum);
    say_name(&s, &f->zone[zone].apex);
    say(&s, ").");
    finding_t *out = say_finding(f, FINDING_RECORD_NEGATIVE_CACHED, &s, NULL);
    finding_add_evidence(out, n.by->x);
}

/* --- luck --- */

static void luck_rule(facts_t *f)
{
    char share[24];
    say_t s;
    size_t places = 0;
    size_t bad = 0;
    if (f->chance <= 0 || f->chance > 1 - 1e-9)
        return;
    for (size_t i = 0; i < f->zone_count; i++) {
        for (size_t k = 0; k < f->zone[i].place_count; k++) {
            bool asked = false;
            bool fails = false;
            for (size_t e = 0; e < f->expected_count && f->zone[i].place[k].delegated; e++) {
                const expected_t *x = &f->expected[e];
                if (x->zone != i || k >= x->cell_count || x->cell[k].udp == MARK_UNASKED)
                    continue;
                asked = true;
                fails |= x->cell[k].udp != MARK_MATCH || x->cell[k].bogus;
            }
            places += asked;
            bad += fails;
        }
    }
    say_begin(&s);
    say(&s, "%s verifications find ", chance_label(f->chance, share));
    say(&s, f->expected_count == 1 ? "the record: " : "all %zu records: ", f->expected_count);
    say(&s, "%zu of %zu %s a record or %s no usable answer, and a lookup tries %u.", bad, places,
        places == 1 ? "address lacks" : noun(bad, "addresses lacks", "addresses lack"),
        noun(bad, "gives", "give"), f->options->tries);
    say_finding(f, FINDING_RECORD_LUCK, &s, NULL);
}

/* The run was ended before everything was known. */
static void cut_short_rule(facts_t *f)
{
    size_t pending = 0;
    say_t s;
    for (size_t i = 0; i < f->expected_count; i++) {
        const expected_t *x = &f->expected[i];
        pending += x->pending + (x->zone == FACTS_NONE && expected_is_cut(f, x));
    }
    if (pending == 0)
        return;
    say_begin(&s);
    say(&s, "The test ended before %zu %s about the records %s in.", pending,
        noun(pending, "answer", "answers"), noun(pending, "was", "were"));
    say_finding(f, FINDING_CUT_SHORT, &s, NULL);
}

void rules_zone(facts_t *f)
{
    domain_rule(f);
    no_domain_rule(f);
    lost_rule(f);
    for (size_t i = 0; i < f->zone_count; i++) {
        if (!zone_is_meant(f, i))
            continue;
        unreachable_rule(f, i);
        own_zone_rule(f, i);
        negative_rule(f, i);
    }
    luck_rule(f);
    cut_short_rule(f);
}
