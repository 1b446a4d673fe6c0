/* Findings about names: servers that do not say the same, and answers that never come because they
 * are large. Names may be many: each server has one finding of a kind, which tells the first name
 * and how many more there are. */
#include <stdio.h>

#include "diagnose/facts.h"
#include "diagnose/traffic_look.h"
#include "exchange/noun.h"

/* An older version that was seen so long before the newer one elsewhere may be gone by then,
 * nanoseconds. */
#define VERSION_LAG INT64_C(300000000000)

/* Text of an entry's name, at most 200 octets long. Returns buf. */
static const char *traffic_name_text(const name_entry_t *n, char buf[NSP_NAME_TEXT_MAX])
{
    nsp_name_to_text(&n->name, buf, NSP_NAME_TEXT_MAX);
    return buf;
}

static void evidence_of(const traffic_t *t, finding_t *f, uint32_t sample)
{
    if (sample != 0)
        finding_add_evidence(f, t->samples.item[sample - 1]);
}

/* " and 3 other names", or nothing. */
static const char *others_text(uint32_t count, char buf[40])
{
    buf[0] = '\0';
    if (count > 1)
        snprintf(buf, 40, " and %u other name%s", count - 1, count > 2 ? "s" : "");
    return buf;
}

/* --- gathering --- */

static void note_differ(differ_fact_t *d, uint32_t name, uint16_t self, uint16_t other)
{
    if (d->count++ == 0) {
        d->name = name;
        d->self = self;
        d->other = other;
    }
}

/* The server with the newest version, of those whose replies arrive as they were sent. */
static uint16_t newest(traffic_t *t, const name_entry_t *n)
{
    uint16_t top = NAME_SERVERS;
    for (uint16_t i = 0; i < n->server_count; i++) {
        const name_server_t *s = &n->server[i];
        const entry_t *e = s->has_data ? traffic_entry(t, &s->addr) : NULL;
        if (s->has_data && (e == NULL || !traffic_is_damaged(e)) &&
            (top == NAME_SERVERS || serial_newer(s->serial, n->server[top].serial)))
            top = i;
    }
    return top;
}

static bool is_behind(const name_server_t *s, const name_server_t *top)
{
    /* where both move, one that was asked a moment before has the older version */
    return s->has_data && serial_newer(top->serial, s->serial) && !(s->changing && top->changing) &&
           s->last > top->first - VERSION_LAG;
}

static void gather_serial(traffic_t *t, uint32_t name)
{
    const name_entry_t *n = &t->name[name];
    uint16_t top = newest(t, n);
    for (uint16_t i = 0; top < NAME_SERVERS && i < n->server_count; i++) {
        entry_t *e = traffic_entry(t, &n->server[i].addr);
        if (e != NULL && is_behind(&n->server[i], &n->server[top]))
            note_differ(&e->serial, name, i, top);
    }
}

/* True when the server is behind in the zone that holds the name: that it says something else is
 * no wonder. */
static bool is_explained(const traffic_t *t, const entry_t *e, const nsp_name_t *name)
{
    return e->serial.count > 1 ||
           (e->serial.count == 1 && nsp_name_is_subdomain(name, &t->name[e->serial.name].name));
}

/* Which servers of a name can be compared: bits. Where data change while they are watched, a
 * difference may be a change under way. */
static uint32_t comparable(traffic_t *t, const name_entry_t *n)
{
    uint32_t bits = 0;
    for (uint16_t i = 0; i < n->server_count; i++) {
        const name_server_t *s = &n->server[i];
        const entry_t *e = s->has_data && !s->changing ? traffic_entry(t, &s->addr) : NULL;
        if (e != NULL && !traffic_is_damaged(e) && !is_explained(t, e, &n->name))
            bits |= UINT32_C(1) << i;
    }
    return bits;
}

/* Of those, one with the data that most of them give with this version; the first of equals. */
static uint16_t majority(const name_entry_t *n, uint32_t bits, uint32_t serial)
{
    uint16_t best = NAME_SERVERS;
    unsigned most = 0;
    for (uint16_t i = 0; i < n->server_count; i++) {
        unsigned same = 0;
        if ((bits >> i & 1) == 0 || n->server[i].serial != serial)
            continue;
        for (uint16_t k = 0; k < n->server_count; k++)
            same += (bits >> k & 1) != 0 && n->server[k].serial == serial &&
                    n->server[k].digest == n->server[i].digest;
        if (same > most) {
            most = same;
            best = i;
        }
    }
    return best;
}

static void gather_data(traffic_t *t, uint32_t name)
{
    const name_entry_t *n = &t->name[name];
    uint32_t bits = n->server_count > 1 ? comparable(t, n) : 0;
    for (uint16_t i = 0; i < n->server_count; i++) {
        const name_server_t *s = &n->server[i];
        if ((bits >> i & 1) == 0)
            continue;
        uint16_t best = majority(n, bits, s->serial);
        entry_t *e = traffic_entry(t, &s->addr);
        if (e != NULL && s->digest != n->server[best].digest)
            note_differ(&e->data, name, i, best);
    }
}

static void note_big(big_fact_t *b, const name_more_t *m, uint32_t name, uint16_t self)
{
    b->attempts += m->lost;
    b->flows += m->lost_flows;
    if (b->names++ == 0) {
        b->name = name;
        b->self = self;
    }
}

/* True when the answer is larger than any that came from the server: it was seen, or it was never
 * seen but cut, which alone tells no size. */
static bool is_too_large(const name_entry_t *n, const entry_t *e)
{
    if (n->size == 0)
        return n->cut >= 512 && n->cut >= e->largest_udp;
    return n->size > 512 && n->size > e->largest_udp;
}

/* Silence of a server that answers others, where the answer is known to be larger than any that
 * came from it, or where it is small and only the room offered can be the cause. Not where as much
 * room was answered, with TC too: what came then is small. */
static void gather_lost(traffic_t *t, uint32_t name)
{
    const name_entry_t *n = &t->name[name];
    for (uint16_t i = 0; i < n->server_count; i++) {
        const name_server_t *s = &n->server[i];
        const name_more_t *m = &n->more[i];
        entry_t *e = m->lost > 0 ? traffic_entry(t, &s->addr) : NULL;
        if (e == NULL || s->room >= m->lost_room || m->cut_room >= m->lost_room)
            continue;
        if (is_too_large(n, e))
            note_big(&e->big, m, name, i);
        else if (s->room > 0 && m->lost_room > ROOM_SAFE && e->s.n.big_answered == 0)
            note_big(&e->size, m, name, i);
    }
}

void traffic_gather_names(traffic_t *t)
{
    for (uint32_t i = 0; i < t->name_used; i++)
        if (t->name[i].type == NSP_TYPE_SOA)
            gather_serial(t, i);
    for (uint32_t i = 0; i < t->name_used; i++) {
        gather_data(t, i);
        gather_lost(t, i);
    }
}

/* --- findings --- */

static void serial_rule(traffic_t *t, const entry_t *e, finding_list_t *list)
{
    const name_entry_t *n = &t->name[e->serial.name];
    const name_server_t *s = &n->server[e->serial.self];
    const name_server_t *top = &n->server[e->serial.other];
    char name[NSP_NAME_TEXT_MAX];
    char other[ADDR_TEXT_MAX];
    char more[40] = "";
    if (e->serial.count > 1)
        snprintf(more, sizeof more, " %u more %s behind.", e->serial.count - 1,
                 noun(e->serial.count - 1, "zone is", "zones are"));
    finding_t *f = traffic_finding(
        list, &e->s.addr, FINDING_SERIAL_DIFFERS, "Serial %u of %.200s here; %u at %s.%s",
        s->serial, traffic_name_text(n, name), top->serial, addr_text(&top->addr, other), more);
    evidence_of(t, f, n->more[e->serial.self].sample);
    evidence_of(t, f, n->more[e->serial.other].sample);
}

static void data_rule(traffic_t *t, const entry_t *e, finding_list_t *list)
{
    const name_entry_t *n = &t->name[e->data.name];
    const name_server_t *most = &n->server[e->data.other];
    char name[NSP_NAME_TEXT_MAX];
    char other[ADDR_TEXT_MAX];
    char type[16];
    char more[40];
    finding_t *f = traffic_finding(list, &e->s.addr, FINDING_ANSWERS_DIFFER,
                                   "The %s records of %.200s%s are not those at %s.",
                                   nsp_type_text(n->type, type), traffic_name_text(n, name),
                                   others_text(e->data.count, more), addr_text(&most->addr, other));
    evidence_of(t, f, n->more[e->data.self].sample);
    evidence_of(t, f, n->more[e->data.other].sample);
}

void traffic_rules_names(traffic_t *t, const entry_t *e, finding_list_t *list)
{
    if (e->serial.count > 0)
        serial_rule(t, e, list);
    if (e->data.count > 0)
        data_rule(t, e, list);
}

/* --- answers that are lost for their size --- */

static void lost_finding(const look_t *l, const big_fact_t *b, finding_id_t id, const char *why)
{
    const name_entry_t *n = &l->t->name[b->name];
    const name_more_t *m = &n->more[b->self];
    char name[NSP_NAME_TEXT_MAX];
    char type[16];
    char more[40];
    finding_t *f = traffic_finding(
        l->list, &l->e->s.addr, id,
        "%u queries over UDP for %s of %.200s%s, with room for %u octets, no answer; %s.",
        b->attempts, nsp_type_text(n->type, type), traffic_name_text(n, name),
        others_text(b->names, more), m->lost_room, why);
    evidence_of(l->t, f, m->lost_sample);
    evidence_of(l->t, f, n->sample);
    evidence_of(l->t, f, m->sample);
}

void look_sizes(const look_t *l, bool fragments)
{
    char why[80];
    const big_fact_t *b = &l->e->big;
    if (b->attempts >= SILENCE_MIN && !fragments) {
        const name_entry_t *n = &l->t->name[b->name];
        if (n->size > 0)
            snprintf(why, sizeof why, "it has %u octets, and none so large came", n->size);
        else
            snprintf(why, sizeof why, "with room for %u it is cut (TC)", n->cut);
        lost_finding(l, b, FINDING_BIG_ANSWER_LOST, why);
    }
    if (l->e->size.attempts >= SILENCE_MIN)
        lost_finding(l, &l->e->size, FINDING_EDNS_SIZE_DROPPED, "with less room it is answered");
}
