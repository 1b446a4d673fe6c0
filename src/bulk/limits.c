#include "bulk/limits.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/mix.h"

#define SECOND INT64_C(1000000000)
/* Until an answer tells the round-trip time. */
#define RTT_UNKNOWN (SECOND / 50)
#define RTT_MIN     (SECOND / 1000)
/* Time between messages that backoff multiplies where no rate is set. */
#define BACKOFF_BASE (SECOND / 1000)
/* A table is cut into shards with a lock each, a shard into sets, of which an address has one. */
#define SHARDS 64u
#define WAYS   8u

/* An address or a prefix. turn: when the next message may go (the theoretical arrival time of the
 * generic cell rate algorithm, ITU-T I.371 A). */
typedef struct node {
    addr_t addr; /* family 0: free. A prefix has the rest of its bits zero, and port 0 */
    int64_t turn;
    int64_t used;
    int64_t rtt;
    uint32_t outstanding;
    uint32_t waiting;
    uint16_t backoff; /* the time between messages is so many times as long */
    bool prefix;
} node_t;

typedef struct shard {
    pthread_mutex_t lock;
    node_t *node; /* sets * WAYS */
} shard_t;

struct limits {
    limits_options_t o;
    int64_t address_gap; /* nanoseconds between messages */
    int64_t prefix_gap;
    int64_t total_gap;
    size_t sets; /* of each shard */
    _Atomic int64_t total_turn;
    shard_t shard[SHARDS];
};

limits_options_t limits_options_default(void)
{
    limits_options_t o = {.address_rate = 20,
                          .prefix_rate = 100,
                          .total_rate = 2000,
                          .address_at_once = 8,
                          .prefix_at_once = 64,
                          .backoff_max = 64,
                          .addresses = 65536};
    return o;
}

bool limits_none(const limits_options_t *o)
{
    return o->address_rate <= 0 && o->prefix_rate <= 0 && o->total_rate <= 0 &&
           o->address_at_once == 0 && o->prefix_at_once == 0;
}

static int64_t gap_of(double rate)
{
    return rate > 0 ? (int64_t)((double)SECOND / rate) : 0;
}

limits_t *limits_new(const limits_options_t *o)
{
    limits_t *l = calloc(1, sizeof *l);
    if (l == NULL)
        return NULL;
    l->o = *o;
    l->address_gap = gap_of(o->address_rate);
    l->prefix_gap = gap_of(o->prefix_rate);
    l->total_gap = gap_of(o->total_rate);
    l->sets = 1 + o->addresses / SHARDS / WAYS;
    bool good = true;
    for (size_t i = 0; i < SHARDS; i++) {
        pthread_mutex_init(&l->shard[i].lock, NULL);
        l->shard[i].node = calloc(l->sets * WAYS, sizeof(node_t));
        good = good && l->shard[i].node != NULL;
    }
    if (good)
        return l;
    limits_free(l);
    return NULL;
}

void limits_free(limits_t *l)
{
    if (l == NULL)
        return;
    for (size_t i = 0; i < SHARDS; i++) {
        pthread_mutex_destroy(&l->shard[i].lock);
        free(l->shard[i].node);
    }
    free(l);
}

static addr_t prefix_of(const addr_t *a)
{
    addr_t p = {.family = a->family};
    memcpy(p.octets, a->octets, (a->family == 4 ? LIMITS_PREFIX4 : LIMITS_PREFIX6) / 8);
    return p;
}

/* All addresses of a prefix are in the prefix's shard. */
static uint64_t hash_of(const limits_t *l, const addr_t *a)
{
    return mix_addr(a, true, l->o.seed ^ a->family);
}

static bool idle(const node_t *n, int64_t now)
{
    return n->outstanding == 0 && n->waiting == 0 && n->turn <= now;
}

/* The node of an address or prefix; takes the place of the one that was idle longest. NULL when
 * none of its set is idle. */
static node_t *node_of(limits_t *l, shard_t *s, const addr_t *a, bool prefix, int64_t now)
{
    node_t *set = &s->node[hash_of(l, a) / SHARDS % l->sets * WAYS];
    node_t *old = NULL;
    for (size_t i = 0; i < WAYS; i++) {
        node_t *n = &set[i];
        if (n->addr.family != 0 && n->prefix == prefix && addr_equal(&n->addr, a)) {
            n->used = now;
            return n;
        }
        bool free_place = n->addr.family == 0 || idle(n, now);
        if (free_place && (old == NULL || n->addr.family == 0 || n->used < old->used))
            old = n;
    }
    if (old != NULL)
        *old =
            (node_t){.addr = *a, .prefix = prefix, .used = now, .rtt = RTT_UNKNOWN, .backoff = 1};
    return old;
}

/* Each of the two is NULL when the table has no place for it. */
typedef struct pair {
    shard_t *shard;
    node_t *address;
    node_t *prefix;
} pair_t;

static pair_t lock_pair(limits_t *l, const addr_t *a, int64_t now)
{
    addr_t p = prefix_of(a);
    pair_t x = {.shard = &l->shard[hash_of(l, &p) % SHARDS]};
    pthread_mutex_lock(&x.shard->lock);
    x.address = node_of(l, x.shard, a, false, now);
    if (x.address != NULL)
        x.address->waiting++; /* not idle while its prefix looks for a place */
    x.prefix = node_of(l, x.shard, &p, true, now);
    if (x.address != NULL)
        x.address->waiting--;
    return x;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t address_gap(const limits_t *l, const node_t *n)
{
    int64_t gap = l->address_gap;
    if (n->backoff > 1)
        gap = (gap > 0 ? gap : BACKOFF_BASE) * n->backoff;
    return gap;
}

/* The next free turn of the total rate, taken. */
static int64_t take_total(limits_t *l, int64_t now)
{
    if (l->total_gap == 0)
        return now;
    int64_t turn = atomic_load(&l->total_turn);
    int64_t mine = 0;
    do
        mine = later(turn, now);
    while (!atomic_compare_exchange_weak(&l->total_turn, &turn, mine + l->total_gap));
    return mine;
}

/* The next turn of the address and its prefix, taken. Each counts by itself: an address that is far
 * ahead must not hold up the others of its prefix. */
static int64_t take_own(const limits_t *l, pair_t *x, int64_t now)
{
    int64_t own = later(x->address->turn, now);
    int64_t shared = later(x->prefix->turn, now);
    x->address->turn = own + address_gap(l, x->address);
    x->prefix->turn = shared + l->prefix_gap;
    return later(own, shared);
}

/* The total rate's turn is taken when the address's has come, or a slow address would hold up all
 * others. */
static void take_turn(limits_t *l, pair_t *x, int64_t now, limits_turn_t *turn)
{
    if (turn->at == 0)
        turn->at = take_own(l, x, now);
    else if (x->address->waiting > 0)
        x->address->waiting--;
    if (turn->at <= now && !turn->total) {
        turn->at = take_total(l, now);
        turn->total = true;
    }
}

static bool busy(unsigned outstanding, unsigned most)
{
    return most > 0 && outstanding >= most;
}

/* When an address that has its share outstanding is likely to have answered. */
static int64_t when_free(node_t *n, unsigned most, int64_t now)
{
    int64_t turns = 1 + (most > 0 ? n->waiting / most : 0);
    return now + later(n->rtt, RTT_MIN) * turns;
}

int64_t limits_take(limits_t *l, const addr_t *a, int64_t now, limits_turn_t *turn)
{
    pair_t x = lock_pair(l, a, now);
    int64_t again = 0;
    if (x.address == NULL || x.prefix == NULL) {
        again = now + RTT_UNKNOWN;
    } else {
        take_turn(l, &x, now, turn);
        if (turn->at > now) {
            again = turn->at;
        } else if (busy(x.address->outstanding, l->o.address_at_once) ||
                   busy(x.prefix->outstanding, l->o.prefix_at_once)) {
            again = when_free(x.address, l->o.address_at_once, now);
        } else {
            x.address->outstanding++;
            x.prefix->outstanding++;
        }
        if (again != 0)
            x.address->waiting++;
    }
    pthread_mutex_unlock(&x.shard->lock);
    return again;
}

void limits_leave(limits_t *l, const addr_t *a, int64_t now, const limits_turn_t *turn)
{
    pair_t x = lock_pair(l, a, now);
    if (x.address != NULL && x.prefix != NULL && turn->at != 0) {
        x.address->waiting -= x.address->waiting > 0;
        x.address->turn -= address_gap(l, x.address);
        x.prefix->turn -= l->prefix_gap;
    }
    pthread_mutex_unlock(&x.shard->lock);
}

void limits_retry(limits_t *l, const addr_t *a, int64_t now)
{
    pair_t x = lock_pair(l, a, now);
    if (x.address != NULL && x.prefix != NULL) {
        if (x.address->backoff < l->o.backoff_max)
            x.address->backoff = (uint16_t)(x.address->backoff * 2);
        if (x.address->backoff > l->o.backoff_max)
            x.address->backoff = (uint16_t)l->o.backoff_max;
        x.address->turn = later(x.address->turn, now) + address_gap(l, x.address);
        x.prefix->turn = later(x.prefix->turn, now) + l->prefix_gap;
    }
    pthread_mutex_unlock(&x.shard->lock);
    (void)take_total(l, now);
}

void limits_give(limits_t *l, const addr_t *a, bool answered, int64_t rtt, int64_t now)
{
    pair_t x = lock_pair(l, a, now);
    if (x.address != NULL && x.address->outstanding > 0)
        x.address->outstanding--;
    if (x.prefix != NULL && x.prefix->outstanding > 0)
        x.prefix->outstanding--;
    if (x.address != NULL && answered) {
        x.address->backoff = (uint16_t)(x.address->backoff > 1 ? x.address->backoff / 2 : 1);
        x.address->rtt += (rtt - x.address->rtt) / 8;
    }
    pthread_mutex_unlock(&x.shard->lock);
}
