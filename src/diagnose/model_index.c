/* Exchanges by their question. */
#include <stdlib.h>

#include "diagnose/model_fold.h"

static uint64_t mix(uint64_t h, uint64_t v)
{
    h ^= v + UINT64_C(0x9e3779b97f4a7c15) + (h << 6) + (h >> 2);
    return h * UINT64_C(0xff51afd7ed558ccd);
}

static uint64_t question_hash(const fold_t *f, const addr_t *server, const nsp_name_t *qname,
                              uint16_t qtype)
{
    uint64_t h = nsp_name_hash(qname, f->seed);
    uint64_t part[2];
    memcpy(part, server->octets, sizeof part);
    h = mix(h, part[0]);
    h = mix(h, part[1]);
    h = mix(h, (uint64_t)server->port << 24 | (uint64_t)qtype << 8 | server->family);
    return h ^ h >> 29;
}

/* RD and EDNS as the query has them; an exchange that is still queued has no query. */
static void entry_read_query(entry_t *e)
{
    const event_t *query = exchange_query(e->x);
    e->sent = query != NULL;
    if (query == NULL || query->size < NSP_HEADER_SIZE)
        return;
    e->rd = (query->bytes[2] & 1) != 0;
    e->edns = (query->bytes[10] | query->bytes[11]) != 0;
}

static bool of_interest(const entry_t *e)
{
    uint16_t t = e->x->qtype;
    return e->reply != NULL && e->x->qclass == NSP_CLASS_IN &&
           (t == NSP_TYPE_NS || t == NSP_TYPE_A || t == NSP_TYPE_AAAA || t == NSP_TYPE_PTR ||
            (t == NSP_TYPE_SOA && e->rd));
}

static int by_reply_time(const void *va, const void *vb, void *arg)
{
    const fold_t *f = arg;
    const entry_t *a = &f->entry[*(const uint32_t *)va];
    const entry_t *b = &f->entry[*(const uint32_t *)vb];
    if (a->reply->at != b->reply->at)
        return a->reply->at < b->reply->at ? -1 : 1;
    return (a > b) - (a < b);
}

static void read_digests(fold_t *f)
{
    for (uint32_t i = 0; i < f->entry_count; i++) {
        entry_t *e = &f->entry[i];
        if (!of_interest(e))
            continue;
        e->digest = f->digest_count;
        digest_t *d = &f->digest[f->digest_count];
        const nsp_msg_t *m = fold_message(f, i);
        memset(d, 0, sizeof *d);
        d->usable = m->complete;
        if (d->usable)
            digest_read(d, m, &e->x->qname, e->x->qtype);
        f->timeline[f->digest_count++] = i;
    }
    if (f->digest_count > 0)
        qsort_r(f->timeline, f->digest_count, sizeof *f->timeline, by_reply_time, f);
}

static bool allocate(fold_t *f, size_t replies)
{
    uint32_t slots = 64;
    while (slots < f->entry_count && slots < UINT32_C(1) << 30)
        slots *= 2;
    f->slot_mask = slots - 1;
    f->slot = malloc(slots * sizeof *f->slot);
    f->entry = calloc((size_t)f->entry_count + 1, sizeof *f->entry);
    f->digest = malloc((replies + 1) * sizeof *f->digest);
    f->timeline = malloc((replies + 1) * sizeof *f->timeline);
    if (f->slot == NULL || f->entry == NULL || f->digest == NULL || f->timeline == NULL)
        return false;
    for (uint32_t i = 0; i < slots; i++)
        f->slot[i] = FOLD_NONE;
    return true;
}

bool fold_index(fold_t *f)
{
    const exchange_set_t *set = f->in->set;
    size_t replies = 0;
    for (uint32_t i = 0; i < set->count; i++)
        replies += exchange_reply(set->item[i]) != NULL;
    f->entry_count = set->count;
    if (!allocate(f, replies))
        return false;
    /* from the last to the first, so that chains are in order */
    for (uint32_t i = f->entry_count; i-- > 0;) {
        entry_t *e = &f->entry[i];
        e->x = set->item[i];
        e->reply = exchange_reply(e->x);
        e->digest = FOLD_NONE;
        entry_read_query(e);
        e->hash = question_hash(f, &e->x->server, &e->x->qname, e->x->qtype);
        uint32_t *head = &f->slot[e->hash & f->slot_mask];
        e->next = *head;
        *head = i;
    }
    read_digests(f);
    return true;
}

static bool same_question(const entry_t *e, uint64_t hash, const addr_t *server,
                          const nsp_name_t *qname, uint16_t qtype, bool rd)
{
    return e->hash == hash && e->x->qtype == qtype && (e->rd == rd || !e->sent) &&
           e->x->qclass == NSP_CLASS_IN && addr_equal(&e->x->server, server) &&
           nsp_name_equal(&e->x->qname, qname);
}

uint32_t fold_first(const fold_t *f, const addr_t *server, const nsp_name_t *qname, uint16_t qtype,
                    bool rd)
{
    uint64_t hash = question_hash(f, server, qname, qtype);
    uint32_t i = f->slot[hash & f->slot_mask];
    while (i != FOLD_NONE && !same_question(&f->entry[i], hash, server, qname, qtype, rd))
        i = f->entry[i].next;
    return i;
}

uint32_t fold_next(const fold_t *f, uint32_t i, bool rd)
{
    const entry_t *from = &f->entry[i];
    const exchange_t *x = from->x;
    uint32_t k = from->next;
    while (k != FOLD_NONE &&
           !same_question(&f->entry[k], from->hash, &x->server, &x->qname, x->qtype, rd))
        k = f->entry[k].next;
    return k;
}

const nsp_msg_t *fold_message(fold_t *f, uint32_t i)
{
    const event_t *reply = f->entry[i].reply;
    reply_index(&f->scratch, reply->bytes, reply->size);
    return &f->scratch.msg;
}
