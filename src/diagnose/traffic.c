#include "diagnose/traffic.h"

#include <stdlib.h>

#include "diagnose/traffic_fold.h"
#include "exchange/mix.h"

traffic_options_t traffic_options_default(void)
{
    traffic_options_t o = {.servers_max = 4096,
                           .names_max = 8192,
                           .samples_max = 4096,
                           .memory = (size_t)32 << 20,
                           .slow = INT64_C(500000000),
                           .grace = INT64_C(2000000000)};
    return o;
}

void traffic_options_memory(traffic_options_t *o, size_t octets)
{
    /* each with its place in tables */
    size_t servers = octets / 4 / (sizeof(entry_t) + 3 * sizeof(uint32_t));
    size_t names = octets / 4 / (sizeof(name_entry_t) + 2 * sizeof(uint32_t));
    o->memory = octets / 2;
    o->servers_max = servers < UINT32_MAX ? (uint32_t)servers : UINT32_MAX - 1;
    o->names_max = names < UINT32_MAX ? (uint32_t)names : UINT32_MAX - 1;
}

static uint32_t slots_for(uint32_t n)
{
    uint32_t slots = 64;
    while (slots < n && slots < UINT32_C(1) << 24)
        slots *= 2;
    return slots;
}

traffic_t *traffic_new(const traffic_options_t *options)
{
    traffic_t *t = calloc(1, sizeof *t);
    if (t == NULL)
        return NULL;
    t->o = *options;
    if (t->o.servers_max == 0)
        t->o.servers_max = 1;
    uint32_t slots = slots_for(t->o.servers_max);
    t->slot_mask = slots - 1;
    /* not cleared as a whole: each when it is taken */
    t->entry = aligned_alloc(_Alignof(entry_t), t->o.servers_max * sizeof *t->entry);
    t->order = calloc(t->o.servers_max, sizeof *t->order);
    t->slot = malloc(slots * sizeof *t->slot);
    t->octets = malloc(UINT16_MAX);
    exchange_set_init(&t->samples, 0);
    if (t->entry == NULL || t->order == NULL || t->slot == NULL || t->octets == NULL ||
        !names_new(t)) {
        traffic_free(t);
        return NULL;
    }
    memset(t->slot, 0xff, slots * sizeof *t->slot);
    return t;
}

void traffic_free(traffic_t *t)
{
    if (t == NULL)
        return;
    names_free(t);
    exchange_set_free(&t->samples);
    free(t->entry);
    free(t->order);
    free(t->slot);
    free(t->octets);
    free(t);
}

/* --- servers --- */

static uint32_t addr_hash(const traffic_t *t, const addr_t *a)
{
    return (uint32_t)(mix_addr(a, true, t->o.seed) >> 32);
}

static uint32_t find_server(const traffic_t *t, const addr_t *addr, uint32_t hash)
{
    uint32_t i = t->slot[hash & t->slot_mask];
    while (i != TRAFFIC_NONE && (t->entry[i].hash != hash || !addr_equal(&t->entry[i].addr, addr)))
        i = t->entry[i].next;
    return i;
}

entry_t *traffic_entry(traffic_t *t, const addr_t *addr)
{
    uint32_t i = find_server(t, addr, addr_hash(t, addr));
    return i != TRAFFIC_NONE ? &t->entry[i] : NULL;
}

/* Adds all counts of one server to another, as arrays of numbers. */
static void add_counts(traffic_server_t *to, const traffic_server_t *from)
{
    uint64_t a[sizeof to->n / sizeof(uint64_t)];
    uint64_t b[sizeof to->n / sizeof(uint64_t)];
    memcpy(a, &to->n, sizeof a);
    memcpy(b, &from->n, sizeof b);
    for (size_t i = 0; i < sizeof a / sizeof a[0]; i++)
        a[i] += b[i];
    memcpy(&to->n, a, sizeof a);
    for (size_t i = 0; i < TRAFFIC_RCODES; i++)
        to->rcode[i] += from->rcode[i];
    if (to->first == 0 || (from->first != 0 && from->first < to->first))
        to->first = from->first;
    if (from->last > to->last)
        to->last = from->last;
    to->octets_asked += from->octets_asked;
    to->octets_answered += from->octets_answered;
    to->types_other += from->types_other;
    latency_merge(&to->latency, &from->latency);
}

static void count_type(traffic_server_t *s, uint16_t type, uint64_t n)
{
    for (size_t i = 0; i < s->type_count; i++) {
        if (s->type[i].type == type) {
            s->type[i].count += n;
            return;
        }
    }
    if (s->type_count == TRAFFIC_TYPES_MAX)
        s->types_other += n;
    else
        s->type[s->type_count++] = (traffic_type_t){type, n};
}

void traffic_count_icmp(traffic_server_t *s, const traffic_icmp_t *e)
{
    for (size_t i = 0; i < s->icmp_count; i++) {
        if (s->icmp[i].type == e->type && s->icmp[i].code == e->code) {
            s->icmp[i].count += e->count;
            return;
        }
    }
    if (s->icmp_count < TRAFFIC_ICMP_MAX)
        s->icmp[s->icmp_count++] = *e;
}

static void add_to_total(traffic_t *t, const traffic_server_t *s)
{
    add_counts(&t->total, s);
    for (size_t i = 0; i < s->type_count; i++)
        count_type(&t->total, s->type[i].type, s->type[i].count);
    for (size_t i = 0; i < s->icmp_count; i++)
        traffic_count_icmp(&t->total, &s->icmp[i]);
    for (size_t i = 0; i < s->fault_count && t->total.fault_count < TRAFFIC_FAULTS_MAX; i++)
        t->total.fault[t->total.fault_count++] = s->fault[i];
    for (size_t i = 0; i < s->query_fault_count && t->total.query_fault_count < TRAFFIC_FAULTS_MAX;
         i++)
        t->total.query_fault[t->total.query_fault_count++] = s->query_fault[i];
}

static uint64_t sum_from(const uint64_t *n, kind_t first)
{
    uint64_t sum = 0;
    for (unsigned k = first; k < KINDS; k++)
        sum += n[k];
    return sum;
}

/* Tells in e->s what the counters say that every flow goes through. */
static void unfold(entry_t *e)
{
    traffic_counts_t *n = &e->s.n;
    uint64_t asked[KINDS];
    for (unsigned k = 0; k < KINDS; k++)
        asked[k] = e->answered[k] + e->unheard[k];
    n->queries = sum_from(asked, KIND_TCP);
    n->answered = sum_from(e->answered, KIND_TCP);
    n->tcp_queries = asked[KIND_TCP];
    n->tcp_answered = e->answered[KIND_TCP];
    n->udp_queries = sum_from(asked, KIND_CUT);
    n->udp_answered = sum_from(e->answered, KIND_CUT);
    n->plain_queries = asked[KIND_PLAIN];
    n->plain_answered = e->answered[KIND_PLAIN];
    n->edns_queries = sum_from(asked, KIND_EDNS);
    n->edns_answered = sum_from(e->answered, KIND_EDNS);
    n->big_queries = asked[KIND_BIG];
    n->big_answered = e->answered[KIND_BIG];
    n->negative = e->negative;
    e->udp_attempts = n->udp_queries + e->udp_again;
    e->s.first = e->first;
    e->s.last = e->last;
    e->s.octets_asked = e->octets_asked;
    e->s.octets_answered = e->octets_answered;
    e->s.rcode[NSP_RCODE_NOERROR] = e->noerror;
    e->s.rcode[NSP_RCODE_NXDOMAIN] = e->nxdomain;
    e->s.type_count = e->type_count;
    for (size_t i = 0; i < e->type_count; i++) {
        e->s.type[i].type = e->tally[i].type;
        e->s.type[i].count += e->tally[i].count;
    }
}

/* Takes the place of a server that was not met for long: a hand goes round and takes the first that
 * it finds untouched since it last passed. */
static uint32_t evict_server(traffic_t *t)
{
    while (t->entry[t->hand].touched) {
        t->entry[t->hand].touched = false;
        t->hand = (t->hand + 1) % t->o.servers_max;
    }
    uint32_t i = t->hand;
    t->hand = (t->hand + 1) % t->o.servers_max;
    uint32_t *at = &t->slot[t->entry[i].hash & t->slot_mask];
    while (*at != i)
        at = &t->entry[*at].next;
    *at = t->entry[i].next;
    unfold(&t->entry[i]);
    traffic_note_evicted(t, &t->entry[i]);
    add_to_total(t, &t->entry[i].s);
    t->servers_dropped++;
    return i;
}

entry_t *traffic_server_of(traffic_t *t, const flow_t *flow, uint32_t hash)
{
    uint32_t i = find_server(t, &flow->server, hash);
    if (i == TRAFFIC_NONE) {
        i = t->used < t->o.servers_max ? t->used++ : evict_server(t);
        entry_t *fresh = &t->entry[i];
        memset(fresh, 0, sizeof *fresh);
        fresh->hash = hash;
        fresh->addr = fresh->s.addr = flow->server;
        fresh->first = flow->began;
        fresh->next = t->slot[hash & t->slot_mask];
        t->slot[hash & t->slot_mask] = i;
    }
    entry_t *e = &t->entry[i];
    e->touched = true;
    if (flow->ended > e->last)
        e->last = flow->ended;
    if (flow->began < e->first)
        e->first = flow->began;
    return e;
}

uint32_t traffic_fetch(const traffic_t *t, const flow_t *flow)
{
    uint32_t hash = addr_hash(t, &flow->server);
    uint32_t i = t->slot[hash & t->slot_mask];
    if (i == TRAFFIC_NONE)
        return hash;
    const entry_t *e = &t->entry[i];
    /* what nearly every flow touches */
    for (size_t at = 0; at < offsetof(entry_t, s.latency.few); at += 64)
        __builtin_prefetch((const uint8_t *)e + at);
    if (flow->reply.bytes != NULL)
        __builtin_prefetch(&e->s.latency.few[latency_bucket(flow->ended - flow->asked)]);
    return hash;
}

void traffic_prefetch(const traffic_t *t, const flow_t *flow)
{
    (void)traffic_fetch(t, flow);
}

/* --- evidence --- */

/* Octets that a copy of the flow takes, about. */
static size_t cost_of(const flow_t *flow)
{
    size_t n = sizeof(exchange_t) + 8 * sizeof(event_t) + flow->query.size + flow->reply.size;
    for (uint32_t i = 0; i < flow->event_count; i++)
        n += 2 * sizeof(event_t) + flow->event[i].message.size;
    return n;
}

uint32_t traffic_keep(traffic_t *t, seen_t *k)
{
    size_t cost = cost_of(k->flow);
    if (k->sampled != 0)
        return k->sampled;
    if (t->samples.count >= t->o.samples_max || t->memory + cost > t->o.memory) {
        t->samples_dropped++;
        return 0;
    }
    if (t->samples.count == 0)
        t->samples.began_wall = k->flow->began;
    const exchange_t *x = flow_exchange(k->flow, NULL, &t->samples);
    if (x == NULL)
        return 0;
    t->memory += cost;
    k->sampled = x->id;
    return k->sampled;
}

void traffic_sample_more(traffic_t *t, seen_t *k, cause_t cause)
{
    entry_t *e = k->e;
    uint8_t count = e->sample_count[cause];
    uint32_t id = traffic_keep(t, k);
    if (id == 0 || (count > 0 && e->sample[cause][count - 1] == id))
        return;
    e->sample[cause][count] = id;
    e->sample_count[cause] = ++count;
    if (count == CAUSE_SAMPLES)
        e->sampled |= UINT32_C(1) << cause;
}

/* --- the end --- */

/* Errors of the server weigh more than those that only some clients meet. */
static uint64_t trouble_of(const traffic_counts_t *n)
{
    return 4 * (n->unanswered + n->malformed + n->wrong_id + n->wrong_port + n->wrong_source +
                n->wrong_question + n->not_response + n->headerless + n->fragments_lost) +
           2 * (n->lame_refused + n->lame_servfail + n->lame_rcode + n->lame_upward +
                n->lame_not_aa + n->icmp + n->tcp_refused + n->tcp_reset + n->tcp_closed +
                n->tcp_no_synack) +
           n->recovered + n->late + n->edns_rejected;
}

static int by_trouble(const void *va, const void *vb, void *arg)
{
    const traffic_t *t = arg;
    const traffic_server_t *a = &t->entry[*(const uint32_t *)va].s;
    const traffic_server_t *b = &t->entry[*(const uint32_t *)vb].s;
    if (a->trouble != b->trouble)
        return a->trouble > b->trouble ? -1 : 1;
    if (a->n.queries != b->n.queries)
        return a->n.queries > b->n.queries ? -1 : 1;
    return addr_compare(&a->addr, &b->addr);
}

bool traffic_finish(traffic_t *t, const traffic_end_t *end, finding_list_t *list)
{
    for (uint32_t i = 0; i < t->used; i++) {
        unfold(&t->entry[i]);
        t->entry[i].s.trouble = trouble_of(&t->entry[i].s.n);
        add_to_total(t, &t->entry[i].s);
        t->order[i] = i;
    }
    t->total.trouble = trouble_of(&t->total.n);
    if (t->used > 1)
        qsort_r(t->order, t->used, sizeof *t->order, by_trouble, t);
    traffic_gather_names(t);
    traffic_rules(t, end, list);
    finding_list_sort(list);
    return !list->out_of_memory;
}

bool traffic_is_one_way(const traffic_t *t)
{
    return t->one_way;
}

bool traffic_is_unheard(const traffic_t *t)
{
    return !t->one_way && !traffic_counts_heard(&t->total.n);
}

size_t traffic_server_count(const traffic_t *t)
{
    return t->used;
}

const traffic_server_t *traffic_server(const traffic_t *t, size_t i)
{
    return &t->entry[t->order[i]].s;
}

const traffic_server_t *traffic_total(const traffic_t *t)
{
    return &t->total;
}

const exchange_set_t *traffic_samples(const traffic_t *t)
{
    return &t->samples;
}

uint64_t traffic_servers_dropped(const traffic_t *t)
{
    return t->servers_dropped;
}

uint64_t traffic_names_dropped(const traffic_t *t)
{
    return t->names_dropped;
}
