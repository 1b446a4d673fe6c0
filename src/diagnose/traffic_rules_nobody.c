/* Where nobody answers a client: servers of many networks are not down at once, so nothing is known
 * of any of them, and one finding says so in place of an error for each. */
#include <stdio.h>

#include "diagnose/tested.h"
#include "diagnose/traffic_look.h"

/* What one operator has, and one place: a prefix of a server's or a client's address. */
#define SITE_BITS4        24
#define SERVER_SITE_BITS6 48
#define CLIENT_SITE_BITS6 64

/* Servers of one family, or of both. */
typedef struct silence {
    unsigned asked;
    unsigned sites; /* of servers that are dead as rules have it; TESTED_NOBODY, and no more */
    addr_t site[TESTED_NOBODY];
    bool heard; /* something came from one of them */
    bool many;  /* clients of several networks asked them, so that it is not the clients' */
} silence_t;

bool traffic_counts_heard(const traffic_counts_t *n)
{
    return n->answered > 0 || n->orphans > 0 || n->duplicates > 0 || n->icmp > 0 ||
           n->fragments_lost > 0 || n->damaged > 0 || n->tcp_refused > 0 || n->tcp_reset > 0 ||
           n->tcp_closed > 0 || n->tcp_connections > n->tcp_no_synack || n->wrong_id > 0 ||
           n->wrong_port > 0 || n->wrong_source > 0 || n->wrong_question > 0 ||
           n->not_response > 0 || n->headerless > 0;
}

static bool same_site(const addr_t *a, const addr_t *b, unsigned bits6)
{
    return addr_same_prefix(a, b, a->family == 4 ? SITE_BITS4 : bits6);
}

static unsigned family_index(unsigned family)
{
    return family == 6;
}

void traffic_note_unheard(traffic_t *t, const flow_t *flow)
{
    unheard_t *u = &t->unheard[family_index(flow->server.family)];
    if (u->client.family == 0) {
        u->client = flow->client;
        u->client.port = 0;
    } else if (!u->many) {
        u->many = !same_site(&u->client, &flow->client, CLIENT_SITE_BITS6);
    }
}

void traffic_note_evicted(traffic_t *t, const entry_t *e)
{
    t->unheard[family_index(e->addr.family)].heard |= traffic_counts_heard(&e->s.n);
}

static void add_site(silence_t *s, const addr_t *server)
{
    for (unsigned i = 0; i < s->sites; i++)
        if (same_site(&s->site[i], server, SERVER_SITE_BITS6))
            return;
    if (s->sites < TESTED_NOBODY)
        s->site[s->sites++] = *server;
}

/* All that is known of the servers of a family; 0: of both. */
static silence_t silence_of(traffic_t *t, unsigned family)
{
    silence_t s = {0};
    for (unsigned k = 0; k < 2; k++) {
        if (family != 0 && family_index(family) != k)
            continue;
        s.heard |= t->unheard[k].heard;
        s.many |= t->unheard[k].many;
    }
    for (uint32_t i = 0; i < t->used && !s.heard; i++) {
        const entry_t *e = &t->entry[t->order[i]];
        const look_t l = {.t = t, .e = e, .n = &e->s.n};
        if (family != 0 && e->addr.family != family)
            continue;
        s.heard = traffic_counts_heard(&e->s.n);
        s.asked += e->s.n.queries > 0;
        if (look_udp_dead(&l))
            add_site(&s, &e->addr);
    }
    return s;
}

static bool is_nobody(const silence_t *s)
{
    return !s->heard && !s->many && s->sites >= TESTED_NOBODY;
}

/* What is told of one family: it is not the servers', since the other works. */
static void tell_family(const silence_t *s, unsigned family, const char *client, finding_t *f)
{
    char text[ADDR_TEXT_MAX + 80];
    char addr[ADDR_TEXT_MAX];
    snprintf(text, sizeof text, " \"nsprobe trace @%s . NS\" shows where the way ends.",
             addr_port_text(&s->site[0], addr));
    finding_add_text(f, text);
    finding_add_likely(
        f,
        "The host has addresses of this family, and its network or provider does not "
        "carry it.",
        "All of these servers are silent at once, and the other family is answered.");
    finding_set_fix(f,
                    "Give %s a working route for IPv%u, or have it ask over IPv%u alone until it "
                    "has one.",
                    client, family, family == 4 ? 6u : 4u);
}

static void tell(traffic_t *t, const silence_t *s, unsigned family, finding_list_t *list)
{
    char client[ADDR_TEXT_MAX];
    const addr_t *who = &t->unheard[family_index(s->site[0].family)].client;
    finding_t *f;
    addr_text(who, client);
    if (family == 0) {
        f = finding_add(list, FINDING_UNTESTED,
                        "None of the %u addresses that %s asked answers, and nobody else does in "
                        "this capture:",
                        s->asked, client);
        tested_nobody(f, &s->site[0], who);
    } else {
        f = finding_add(list, FINDING_UNTESTED,
                        "None of the %u IPv%u addresses that %s asked answers, and others do over "
                        "IPv%u: IPv%u does not work there.",
                        s->asked, family, client, family == 4 ? 6u : 4u, family);
        if (f != NULL)
            tell_family(s, family, client, f);
    }
    for (uint32_t i = 0; i < t->used; i++)
        if (family == 0 || t->entry[t->order[i]].addr.family == family)
            traffic_evidence(t, f, &t->entry[t->order[i]], CAUSE_SILENT);
}

unsigned traffic_rules_nobody(traffic_t *t, finding_list_t *list)
{
    const silence_t all = silence_of(t, 0);
    const silence_t four = silence_of(t, 4);
    const silence_t six = silence_of(t, 6);
    if (is_nobody(&all)) {
        tell(t, &all, 0, list);
        return NOBODY_4 | NOBODY_6;
    }
    if (is_nobody(&four) && six.heard) {
        tell(t, &four, 4, list);
        return NOBODY_4;
    }
    if (is_nobody(&six) && four.heard) {
        tell(t, &six, 6, list);
        return NOBODY_6;
    }
    return 0;
}
