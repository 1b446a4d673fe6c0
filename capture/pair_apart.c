/* Replies that were recorded long before their questions, or when these had been given up: what
 * times and order of packets say about clocks that differ, and files that were put together in the
 * wrong order. Two tables of fixed size remember some replies that nobody had asked for, and some
 * questions that nobody answered. Which ones hangs on the packets alone, and not on the seed: of
 * more than there is room for, only those whose hash ends in so many zeros. */
#include <stdlib.h>

#include "capture/pair_table.h"
#include "exchange/mix.h"

#define PLACES 1024u
/* So many that had to make room, and only half of what comes is remembered from then on. */
#define CROWDED PLACES
#define GAPS    256u /* the last ones that are remembered */
/* Fewer are chance. */
#define ENOUGH 5u
/* Half of the gaps are within this, and a tenth of the median, if they are those of clocks. */
#define SPREAD INT64_C(100000000)
/* Who gets no answer for so long asks again: where nobody does, none takes as long. */
#define LONG        INT64_C(300000000)
#define LONG_ENOUGH 20u

typedef struct known {
    uint64_t hash; /* 0: none */
    int64_t at;
} known_t;

/* Messages of one kind that lack the other. */
typedef struct memory {
    known_t place[PLACES];
    uint64_t mask; /* bits that are 0 in hashes that are remembered */
    uint32_t crowded;
    uint64_t kept;
    uint64_t met; /* of these the other was recorded later */
    int64_t gap[GAPS];
} memory_t;

struct pair_apart {
    memory_t reply;
    memory_t question;
    uint64_t silent; /* questions of met replies that have no other */
};

static bool begin(pairer_t *p)
{
    if (p->apart != NULL)
        return true;
    if (p->o.early == 0 || p->memory + sizeof *p->apart > p->o.memory)
        return false;
    p->apart = calloc(1, sizeof *p->apart);
    p->memory += p->apart != NULL ? sizeof *p->apart : 0;
    return p->apart != NULL;
}

size_t pair_apart_memory(const pairer_t *p)
{
    return p->apart != NULL ? sizeof *p->apart : 0;
}

void pair_apart_free(pairer_t *p)
{
    p->memory -= pair_apart_memory(p);
    free(p->apart);
    p->apart = NULL;
}

/* Of both ends and the ID, not 0. */
static uint64_t hash_of(const addr_t *client, const addr_t *server, uint16_t id, bool tcp)
{
    uint64_t ends = mix_addr(client, true, 1) ^ mix_addr(server, true, 2);
    return mix_pair(ends, UINT64_C(0x9e3779b97f4a7c15) ^ id ^ (uint64_t)tcp << 16) | 1;
}

static uint16_t id_of(const cap_item_t *item)
{
    return (uint16_t)(item->bytes[0] << 8 | item->bytes[1]);
}

static known_t *place_of(memory_t *m, uint64_t hash)
{
    return (hash >> 32 & m->mask) == 0 ? &m->place[hash / 2 % PLACES] : NULL;
}

static void remember(memory_t *m, uint64_t hash, int64_t at)
{
    known_t *k = place_of(m, hash);
    if (k == NULL)
        return;
    m->crowded += k->hash != 0;
    m->kept++;
    *k = (known_t){hash, at};
    if (m->crowded < CROWDED || m->mask > UINT32_MAX / 4)
        return;
    m->mask = m->mask * 2 + 1;
    m->crowded = 0;
    m->kept = m->met = 0;
}

/* True when the other was seen; the gap is noted then. */
static bool meet(memory_t *m, uint64_t hash, int64_t at)
{
    known_t *k = place_of(m, hash);
    if (k == NULL || k->hash != hash)
        return false;
    m->gap[m->met++ % GAPS] = at - k->at;
    k->hash = 0;
    return true;
}

void pair_apart_reply(pairer_t *p, const cap_item_t *item)
{
    if (!begin(p))
        return;
    uint64_t hash = hash_of(&item->to, &item->from, id_of(item), item->connection != 0);
    if (!meet(&p->apart->question, hash, item->at))
        remember(&p->apart->reply, hash, item->at);
}

void pair_apart_question(pairer_t *p, uint32_t attempt)
{
    const slot_t *s = &p->slot[attempt];
    slot_t *head = &p->slot[s->head];
    if (meet(&p->apart->reply, hash_of(&s->client, &head->server, s->id, head->tcp), s->at))
        head->notes |= FLOW_APART;
}

void pair_apart_given_up(pairer_t *p, uint32_t head)
{
    const slot_t *s = &p->slot[head];
    if (s->attempts == 0 || !begin(p))
        return;
    bool met = (s->notes & FLOW_APART) != 0;
    p->apart->silent += met;
    if (!met)
        remember(&p->apart->question, hash_of(&s->client, &s->server, s->id, s->tcp), s->at);
}

static int by_size(const void *va, const void *vb)
{
    int64_t a = *(const int64_t *)va;
    int64_t b = *(const int64_t *)vb;
    return a < b ? -1 : a > b;
}

/* The typical gap; false when there is none. */
static bool typical(memory_t *m, int64_t *median)
{
    size_t n = m->met < GAPS ? m->met : GAPS;
    if (m->met < ENOUGH || m->met * 2 < m->kept)
        return false;
    qsort(m->gap, n, sizeof m->gap[0], by_size);
    *median = m->gap[n / 2];
    int64_t size = *median < 0 ? -*median : *median;
    return m->gap[n * 3 / 4] - m->gap[n / 4] <= SPREAD + size / 10;
}

void pair_apart_finish(pairer_t *p)
{
    pair_stats_t *s = &p->stats;
    int64_t gap = 0;
    if (p->apart != NULL && p->apart->silent * 2 >= p->apart->reply.met &&
        typical(&p->apart->reply, &gap)) {
        s->misorder = gap <= PAIR_EARLY_WITHIN;
        s->apart = s->misorder ? 0 : gap;
    } else if (p->apart != NULL && s->answered < s->orphans && typical(&p->apart->question, &gap)) {
        s->misorder = gap < p->o.timeout;
        s->apart = s->misorder ? 0 : -gap;
    } else if (s->across >= LONG_ENOUGH && s->across == s->answered && s->across_least >= LONG &&
               s->retries * 10 < s->answered) {
        s->apart = -s->across_least;
    }
}
