/* Servers of the zone that give no usable answer about the records. */
#include <stdio.h>

#include "dkim/say.h"
#include "exchange/icmp.h"
#include "exchange/noun.h"

/* What one place says to all expectations of its zone. */
typedef struct tally {
    size_t asked;
    size_t failed;
    size_t tcp_failed;  /* of those that did not fail over UDP */
    const answer_t *by; /* one that failed */
    const answer_t *tcp_by;
    const expected_t *x;
    mark_t mark;
} tally_t;

static tally_t tally_of(const facts_t *f, size_t zone, size_t place)
{
    tally_t t = {0};
    for (size_t i = 0; i < f->expected_count; i++) {
        const expected_t *x = &f->expected[i];
        if (x->zone != zone || place >= x->cell_count || x->cell[place].udp == MARK_UNASKED)
            continue;
        const cell_t *c = &x->cell[place];
        t.asked++;
        if (mark_fails(c->udp)) {
            t.failed++;
            t.by = c->udp_by;
            t.mark = c->udp;
            t.x = x;
        } else if (mark_fails(c->tcp)) {
            t.tcp_failed++;
            t.tcp_by = c->tcp_by;
        }
    }
    return t;
}

static void say_icmp(say_t *s, const answer_t *a)
{
    const event_t *e = exchange_find(a->x, EVENT_ICMP);
    if (e != NULL)
        say(s, "only ICMP errors come back (%s)",
            icmp_text(e->peer.family, e->icmp_type, e->icmp_code));
    else
        say(s, "nothing comes back");
}

/* Whether say_silence says that it is about TCP. */
static bool names_tcp(const answer_t *a)
{
    return a->outcome == OUTCOME_REFUSED || a->outcome == OUTCOME_NO_SYNACK ||
           a->outcome == OUTCOME_RESET || a->outcome == OUTCOME_CLOSED;
}

/* What happened instead of an answer; after "At this address". */
static void say_silence(say_t *s, const answer_t *a)
{
    switch (a->outcome) {
    case OUTCOME_ICMP:
        say_icmp(s, a);
        break;
    case OUTCOME_MALFORMED:
        say(s, "only replies come back that cannot be read");
        break;
    case OUTCOME_MISMATCHED:
        say(s, "only replies come back that do not belong to the question");
        break;
    case OUTCOME_REFUSED:
        say(s, "TCP connections are refused");
        break;
    case OUTCOME_NO_SYNACK:
        say(s, "TCP connections are not answered");
        break;
    case OUTCOME_RESET:
    case OUTCOME_CLOSED:
        say(s, "TCP connections are closed without an answer");
        break;
    default:
        say(s, "nothing comes back");
        break;
    }
}

static void say_lame(say_t *s, const answer_t *a)
{
    char rcode[16];
    if (a->rcode != NSP_RCODE_NOERROR && a->rcode != NSP_RCODE_NXDOMAIN) {
        say(s, "it answers %s", nsp_rcode_text(a->rcode, rcode));
    } else if (a->count > 0 || a->cnames > 0 || !a->has_ns) {
        say(s, "it answers without authority");
    } else {
        say(s, "it refers to ");
        say_name(s, &a->ns);
    }
}

/* How many of the zone's places fail for everything. */
static size_t count_dead(const facts_t *f, size_t zone, size_t *asked)
{
    size_t dead = 0;
    *asked = 0;
    for (size_t i = 0; i < f->zone[zone].place_count; i++) {
        tally_t t = tally_of(f, zone, i);
        if (!f->zone[zone].place[i].delegated || t.asked == 0)
            continue;
        (*asked)++;
        dead += t.failed == t.asked;
    }
    return dead;
}

/* What it means for a verifier: where lookups begin, and whether they get further. */
static void say_chances(say_t *s, const facts_t *f, size_t zone)
{
    char share[24];
    size_t n = 0;
    size_t dead = count_dead(f, zone, &n);
    double lost = 1 - lookup_chance(n, n - dead, dead, f->options->tries);
    say(s, " %zu of the ", dead);
    say_count(s, n, "address", "addresses");
    say(s, " of ");
    say_name(s, &f->zone[zone].apex);
    say(s, f->coverage.asked < f->coverage.addresses ? " that were asked" : "");
    say(s, dead == 1 ? " is" : " are");
    say(s, " like that: %s lookups begin there and lose time",
        chance_label((double)dead / (double)n, share));
    if (lost < 1e-9)
        say(s, "; with %u %s each gets to another one.", f->options->tries,
            noun(f->options->tries, "try", "tries"));
    else
        say(s, ", and with %u %s %s find no other.", f->options->tries,
            noun(f->options->tries, "try", "tries"), chance_label(lost, share));
}

/* A label that begins with an underscore, as no host's does. */
static bool has_underscore(const nsp_name_t *name)
{
    for (unsigned at = 0; name->octets[at] != 0; at += name->octets[at] + 1u)
        if (name->octets[at + 1] == '_')
            return true;
    return false;
}

/* It holds the zone, and answers for the zone's own name: what it does not answer is this kind of
 * name or type. Taking it out of the delegation would only hide that. */
static void serves_otherwise(finding_t *out, const facts_t *f, size_t zone, const place_t *p,
                             const tally_t *t)
{
    char label[PLACE_LABEL_MAX];
    char name[NSP_NAME_TEXT_MAX];
    char type[16];
    char text[NSP_NAME_TEXT_MAX + 128];
    bool underscore = has_underscore(&t->x->e->owner);
    snprintf(text, sizeof text, " For the SOA of %s it answers with authority.",
             facts_name(&f->zone[zone].apex, name));
    finding_add_text(out, text);
    finding_add_likely(
        out,
        underscore ? "A firewall, a load balancer or a rule of the server does not let names "
                     "with an underscore pass, or this type."
                   : "A firewall, a load balancer or a rule of the server does not let this "
                     "name or type pass.",
        "The same address answers for the zone's own name: it is up and holds the "
        "zone.");
    finding_set_fix(out,
                    "Find out what stands before %s, or which rule of it does not answer %s%s, and "
                    "let that pass. The zone and the delegation are right.",
                    place_label(p, label),
                    underscore ? "names with an underscore, or the type "
                               : "this name, or the type ",
                    nsp_type_text(t->x->e->type, type));
    finding_add_evidence(out, p->soa->x);
}

static void dead_rule(facts_t *f, size_t zone, const place_t *p, const tally_t *t)
{
    bool lame = t->mark == MARK_REFUSED;
    say_t s;
    say_begin(&s);
    if (lame) {
        say(&s, "Asked for ");
        say_record(&s, t->x->e);
        say(&s, ", ");
        say_lame(&s, t->by);
    } else {
        say(&s, "At this address ");
        say_silence(&s, t->by);
        say(&s, " when ");
        say_record(&s, t->x->e);
        say(&s, " is asked for");
    }
    if (t->failed < t->asked) {
        say(&s, "; so it is with %zu of %zu %s.", t->failed, t->asked,
            noun(t->asked, "record", "records"));
    } else {
        say(&s, ".");
        say_chances(&s, f, zone);
    }
    finding_t *out = say_place_finding(
        f, p, lame ? FINDING_RECORD_SERVER_LAME : FINDING_RECORD_SERVER_SILENT, &s, NULL);
    finding_add_evidence(out, t->by->x);
    if (place_serves(&f->zone[zone], p) && (lame || t->mark == MARK_SILENT || t->by->rcode != 0))
        serves_otherwise(out, f, zone, p, t);
}

static void tcp_rule(facts_t *f, const place_t *p, const tally_t *t)
{
    say_t s;
    say_begin(&s);
    if (answer_reading(t->tcp_by, &t->tcp_by->qname) == READ_LAME) {
        say(&s, "Over TCP ");
        say_lame(&s, t->tcp_by);
    } else {
        say(&s, "Over UDP it answers, but %s", names_tcp(t->tcp_by) ? "" : "over TCP ");
        say_silence(&s, t->tcp_by);
    }
    say(&s, ".");
    finding_t *out = say_place_finding(f, p, FINDING_RECORD_NOT_OVER_TCP, &s, NULL);
    finding_add_evidence(out, t->tcp_by->x);
}

void rules_place(facts_t *f)
{
    for (size_t i = 0; i < f->zone_count; i++) {
        for (size_t k = 0; k < f->zone[i].place_count; k++) {
            const place_t *p = &f->zone[i].place[k];
            tally_t t = tally_of(f, i, k);
            if (!p->delegated || t.asked == 0)
                continue;
            if (t.failed > 0)
                dead_rule(f, i, p, &t);
            else if (t.tcp_failed == t.asked)
                tcp_rule(f, p, &t);
        }
    }
}
