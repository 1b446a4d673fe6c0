/* What the octets of a flow say, before anything is counted. */
#include "diagnose/traffic_fold.h"

#include <string.h>

static inline uint32_t load16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

/* --- the question --- */

static void read_question(traffic_t *t, seen_t *k)
{
    const flow_message_t *q = &k->flow->query;
    k->qname = q->bytes + NSP_HEADER_SIZE;
    k->qname_octets = k->flow->name_octets;
    if (k->qname_octets == 0)
        k->qname_octets = question_name_octets(q->bytes, q->size);
    k->has_name = true;
    if (k->qname_octets != 0) {
        k->qtype = (uint16_t)load16(k->qname + k->qname_octets);
        k->qclass = (uint16_t)load16(k->qname + k->qname_octets + 2);
        return;
    }
    k->has_name = question_read(q->bytes, q->size, &t->name_read, &k->qtype, &k->qclass);
    k->qname = t->name_read.octets;
    k->qname_octets = t->name_read.len;
}

/* Questions for data of the Internet: no transfer, ANY or TSIG key (RFC 6895 3.1), no UPDATE. What
 * servers make of others is their own affair. */
static bool is_plain(const seen_t *k)
{
    return k->has_name && (k->flow->query.bytes[2] & 0x78) == 0 && k->qclass == NSP_CLASS_IN &&
           (k->qtype < 128 || k->qtype > 255);
}

/* An OPT right behind a plain question, as nearly all queries have it (RFC 6891 6.1.2). */
static void read_opt(seen_t *k)
{
    const flow_message_t *q = &k->flow->query;
    uint32_t at = NSP_HEADER_SIZE + k->qname_octets + 4;
    const uint8_t *p = q->bytes + at;
    if (q->size < at + 11 || p[0] != 0 || load16(p + 1) != NSP_TYPE_OPT)
        return;
    k->edns = true;
    k->room = (uint16_t)load16(p + 3);
    k->version = p[6];
    if (k->room < 512)
        k->room = 512;
    if (load16(p + 9) >= 4 && q->size >= at + 15)
        k->option = (uint16_t)load16(p + 11);
}

/* Whether a query is nothing but a header, one plain question, and an OPT without options: as most
 * are, and then nothing can be wrong with it. */
static bool is_bare(const seen_t *k)
{
    const flow_message_t *q = &k->flow->query;
    const uint8_t *b = q->bytes;
    uint32_t at = NSP_HEADER_SIZE + k->qname_octets + 4;
    if (!k->has_name || b[4] != 0 || b[5] != 1 || (b[6] | b[7] | b[8] | b[9] | b[10]) != 0)
        return false;
    if (b[11] == 0)
        return q->size == at;
    return b[11] == 1 && k->edns && q->size == at + 11 && (b[at + 9] | b[at + 10]) == 0;
}

static kind_t kind_of(const seen_t *k)
{
    if (!k->udp)
        return KIND_TCP;
    if (k->cut)
        return KIND_CUT;
    if (!k->edns)
        return KIND_PLAIN;
    return k->room > ROOM_SAFE ? KIND_BIG : KIND_EDNS;
}

void traffic_read_query(traffic_t *t, seen_t *k)
{
    const flow_message_t *q = &k->flow->query;
    nsp_sound_t sound;
    k->room = 512;
    k->cut = q->size < q->original;
    if (q->bytes != NULL && q->size >= NSP_HEADER_SIZE) {
        k->rd = (q->bytes[2] & 1) != 0;
        k->asks_nothing = (q->bytes[4] | q->bytes[5]) == 0;
        read_question(t, k);
        k->plain = is_plain(k);
        if (k->has_name && load16(q->bytes + 10) != 0)
            read_opt(k);
    }
    k->kind = kind_of(k);
    if (q->bytes == NULL || k->cut || (k->flow->notes & (FLOW_CHECKSUM | FLOW_QUOTED)) != 0 ||
        is_bare(k) || nsp_msg_sound(&t->names, q->bytes, q->size, &sound))
        return;
    k->query_fault = query_read(&t->scratch, q->bytes, q->size, &k->query_fault_offset);
}

bool traffic_is_sound(const seen_t *k)
{
    nsp_rr_t arena[8];
    nsp_msg_t m;
    if (nsp_msg_index(&m, k->flow->query.bytes, k->flow->query.size, arena, 8) != NSP_OK)
        return false;
    for (uint16_t i = 0; i < m.found[NSP_ADDITIONAL]; i++)
        if (nsp_msg_rr(&m, NSP_ADDITIONAL, i)->type == NSP_TYPE_TSIG)
            return false;
    return true;
}

void traffic_qname(const seen_t *k, nsp_name_t *out)
{
    memcpy(out->octets, k->qname, k->qname_octets);
    out->len = (uint8_t)k->qname_octets;
}

/* --- the reply --- */

static void take_sound(seen_reply_t *r)
{
    r->flags = r->seen.flags;
    r->rcode = r->seen.rcode;
    r->answers = r->seen.count[NSP_ANSWER];
    r->answer_end = r->seen.authority;
    r->opt = r->seen.opt;
    r->sound = r->complete = true;
    r->fault = NSP_OK;
}

/* What the index says of a message that may be anything. */
static void take_index(seen_reply_t *r, const nsp_msg_t *m)
{
    uint32_t next = (uint32_t)m->first[NSP_ANSWER] + m->found[NSP_ANSWER];
    r->flags = m->flags;
    r->rcode = nsp_msg_rcode(m);
    r->answers = m->count[NSP_ANSWER];
    r->answer_end = next < m->rr_count ? m->rr[next].owner : m->stopped;
    r->opt = m->opt != NSP_NO_RR;
    r->complete = m->complete;
    r->sound = false;
}

void traffic_read_reply(traffic_t *t, seen_t *k)
{
    const flow_t *f = k->flow;
    const flow_message_t *m = &f->reply;
    seen_reply_t *r = &k->reply;
    if (nsp_msg_sound(&t->names, m->bytes, m->size, &r->seen)) {
        take_sound(r);
    } else {
        bool questionless = reply_is_questionless(f->query.bytes, f->query.size, f->transport);
        r->fault = reply_read(&t->scratch, m->bytes, m->size, questionless, &r->fault_offset);
        take_index(r, &t->scratch.msg);
    }
    r->there = true;
    r->whole = r->complete && m->size >= m->original;
}

const nsp_msg_t *traffic_index(traffic_t *t, seen_t *k)
{
    const flow_message_t *m = &k->flow->reply;
    if (k->reply.sound)
        reply_index(&t->scratch, m->bytes, m->size);
    return &t->scratch.msg;
}

uint32_t traffic_referral(traffic_t *t, const seen_t *k)
{
    const nsp_msg_t *m = &t->scratch.msg;
    if (k->reply.sound)
        return nsp_sound_referral(k->flow->reply.bytes, &k->reply.seen);
    for (uint16_t i = 0; i < m->found[NSP_AUTHORITY]; i++)
        if (nsp_msg_rr(m, NSP_AUTHORITY, i)->type == NSP_TYPE_NS)
            return nsp_msg_rr(m, NSP_AUTHORITY, i)->owner;
    return 0;
}
