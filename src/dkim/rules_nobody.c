/* Servers that gave no answer at all: what came of the questions at each, and, where nobody was
 * heard, what that says of this machine. */
#include <stdio.h>
#include <string.h>

#include "diagnose/tested.h"
#include "dkim/say.h"
#include "exchange/icmp.h"

#define REASONS_MAX 8
#define REASON_MAX  160
#define NAMED_MAX   32 /* addresses that one reason names */

/* Addresses at which the same came. */
typedef struct reason {
    char text[REASON_MAX];
    outcome_kind_t kind;
    bool closed; /* the host itself says that nothing listens */
    size_t count;
    addr_t addr[NAMED_MAX];
} reason_t;

typedef struct nobody {
    size_t count;
    reason_t reason[REASONS_MAX];
    size_t asked; /* addresses, those that nothing could be sent to left out */
} nobody_t;

static void reason_text(const exchange_t *x, const outcome_t *o, char buf[REASON_MAX])
{
    char from[ADDR_TEXT_MAX];
    const event_t *failed = exchange_find(x, EVENT_SEND_FAILED);
    if (o->kind == OUTCOME_NOT_SENT)
        snprintf(buf, REASON_MAX, "nothing could be sent (%s)",
                 failed != NULL ? strerror(failed->os_error) : "no socket");
    else if (o->kind == OUTCOME_ICMP && o->reply != NULL &&
             addr_same_host(&o->reply->peer, &x->server))
        snprintf(buf, REASON_MAX, "ICMP \"%s\" from the host itself",
                 icmp_text(x->server.family, o->reply->icmp_type, o->reply->icmp_code));
    else if (o->kind == OUTCOME_ICMP && o->reply != NULL)
        snprintf(buf, REASON_MAX, "ICMP \"%s\" from %s",
                 icmp_text(x->server.family, o->reply->icmp_type, o->reply->icmp_code),
                 addr_text(&o->reply->peer, from));
    else
        snprintf(buf, REASON_MAX, "no answer");
}

static bool is_listed(const nobody_t *n, const addr_t *a)
{
    for (size_t i = 0; i < n->count; i++)
        for (size_t k = 0; k < n->reason[i].count && k < NAMED_MAX; k++)
            if (addr_equal(&n->reason[i].addr[k], a))
                return true;
    return false;
}

static void add_reason(nobody_t *n, const exchange_t *x, const outcome_t *o)
{
    char text[REASON_MAX];
    size_t i = 0;
    reason_text(x, o, text);
    while (i < n->count && strcmp(n->reason[i].text, text) != 0)
        i++;
    if (i == REASONS_MAX)
        i--; /* the last stands for all that is rare */
    reason_t *r = &n->reason[i];
    if (i == n->count) {
        n->count++;
        memcpy(r->text, text, sizeof text);
        r->kind = o->kind;
        r->closed = o->kind == OUTCOME_ICMP && o->reply != NULL &&
                    addr_same_host(&o->reply->peer, &x->server);
    }
    if (r->count < NAMED_MAX)
        r->addr[r->count] = x->server;
    r->count++;
    n->asked += o->kind != OUTCOME_NOT_SENT;
}

static void say_reasons(say_t *s, const nobody_t *n)
{
    char addr[ADDR_TEXT_MAX];
    for (size_t i = 0; i < n->count; i++) {
        const reason_t *r = &n->reason[i];
        for (size_t k = 0; k < r->count && k < NAMED_MAX; k++)
            say(s, "%s%s", k > 0 ? ", " : i > 0 ? "; " : "", addr_port_text(&r->addr[k], addr));
        if (r->count > NAMED_MAX)
            say(s, " and %zu more", r->count - NAMED_MAX);
        say(s, ": %s", r->text);
    }
    say(s, ".");
}

/* Something of its own came from the address, whatever it was. */
static bool was_heard(const facts_t *f, const addr_t *a)
{
    for (uint32_t i = 0; i < f->set->count; i++) {
        const exchange_t *x = f->set->item[i];
        if (addr_equal(&x->server, a) &&
            (exchange_reply(x) != NULL || exchange_find(x, EVENT_MISMATCH) != NULL ||
             exchange_find(x, EVENT_TCP_OPEN) != NULL))
            return true;
    }
    return false;
}

static void collect(const facts_t *f, nobody_t *n)
{
    outcome_t o;
    for (uint32_t i = 0; i < f->set->count; i++) {
        const exchange_t *x = f->set->item[i];
        if (!x->finished || is_listed(n, &x->server) || was_heard(f, &x->server))
            continue;
        outcome_of(x, &o, f->scratch);
        add_reason(n, x, &o);
    }
}

/* One that was asked, which nobody or a router answered: the way to it can be looked at. */
static const addr_t *on_a_way(const nobody_t *n)
{
    for (size_t i = 0; i < n->count; i++)
        if (n->reason[i].kind != OUTCOME_NOT_SENT && !n->reason[i].closed)
            return &n->reason[i].addr[0];
    return NULL;
}

/* What that says, and what is to be done. */
static void conclude(finding_t *f, const nobody_t *n)
{
    char addr[ADDR_TEXT_MAX];
    char text[ADDR_TEXT_MAX + 80];
    const addr_t *one = on_a_way(n);
    if (n->asked >= TESTED_NOBODY && one != NULL) {
        tested_nobody(f, one, NULL);
    } else if (one != NULL) {
        snprintf(text, sizeof text, " \"nsprobe trace @%s . NS\" shows where the way ends.",
                 addr_port_text(one, addr));
        finding_add_text(f, text);
        finding_set_fix(f,
                        "When it is this network that stops DNS, let UDP and TCP port %u out and "
                        "the answers in, or run nsprobe from another one.",
                        one->port);
    } else if (n->asked > 0) {
        finding_add_text(f, " Nothing listens there: begin at servers that answer (--from, "
                            "--hints; with --lab, nsprobe serve must run).");
        finding_set_fix(f, "Begin at servers that answer.");
    } else {
        finding_add_text(f,
                         " This machine has no way to them; that says nothing about the domain.");
        finding_set_fix(f, "Give this machine a way to these addresses, or run nsprobe from "
                           "another host.");
    }
}

void nobody_say(const facts_t *f, say_t *s)
{
    nobody_t n = {0};
    collect(f, &n);
    if (n.count == 0)
        return;
    say(s, " No answer came from some of those on the way. ");
    say_reasons(s, &n);
}

void rules_nobody(facts_t *f)
{
    nobody_t n = {0};
    say_t s;
    if (f->expected_count == 0 || f->set->count == 0 || !f->walk[0].done || f->walk[0].cut ||
        tested_heard(f->set))
        return;
    collect(f, &n);
    say_begin(&s);
    if (n.asked == 0)
        say(&s, "Nothing could be sent to find the zone that holds ");
    else
        say(&s, "Nobody answered on the way to the zone that holds ");
    say_name(&s, &f->expected[0].e->owner);
    say(&s, ". ");
    say_reasons(&s, &n);
    finding_t *out = say_finding(f, FINDING_UNTESTED, &s, NULL);
    conclude(out, &n);
    for (uint32_t i = 0; i < f->set->count; i++)
        finding_add_evidence(out, f->set->item[i]);
}
