#include "serve/fault_make.h"

void make_honest(maker_t *k)
{
    k->size = k->in->honest_size < sizeof k->buf ? k->in->honest_size : sizeof k->buf;
    memcpy(k->buf, k->in->honest, k->size);
}

nsp_writer_t make_begin(maker_t *k, uint16_t flags, bool question)
{
    nsp_writer_t w = nsp_writer(k->buf, sizeof k->buf);
    nsp_write_u16(&w, k->id);
    nsp_write_u16(&w, (uint16_t)(NSP_FLAG_QR | NSP_FLAG_AA | k->rd | flags));
    for (int i = 0; i < 4; i++)
        nsp_write_u16(&w, 0);
    if (question) {
        nsp_write_bytes(&w, k->qname.octets, k->qname.len);
        nsp_write_u16(&w, k->qtype);
        nsp_write_u16(&w, k->qclass);
    }
    return w;
}

void make_record(nsp_writer_t *w, const uint8_t *owner, size_t owner_size, uint16_t type,
                 uint16_t rclass, uint32_t ttl, const uint8_t *rdata, size_t size)
{
    nsp_write_bytes(w, owner, (uint32_t)owner_size);
    nsp_write_u16(w, type);
    nsp_write_u16(w, rclass);
    nsp_write_u32(w, ttl);
    nsp_write_u16(w, (uint16_t)size);
    nsp_write_bytes(w, rdata, (uint32_t)size);
}

void make_answer(nsp_writer_t *w, uint16_t type, uint16_t rclass, uint32_t ttl,
                 const uint8_t *rdata, size_t size)
{
    static const uint8_t to_question[] = {0xc0, NSP_HEADER_SIZE};
    make_record(w, to_question, sizeof to_question, type, rclass, ttl, rdata, size);
}

void make_end(maker_t *k, const nsp_writer_t *w, uint16_t qd, uint16_t an, uint16_t ns, uint16_t ar)
{
    uint16_t counts[4] = {qd, an, ns, ar};
    nsp_writer_t at = *w;
    for (uint32_t i = 0; i < 4; i++)
        nsp_patch_u16(&at, 4 + 2 * i, counts[i]);
    k->size = w->pos;
}

size_t make_lie(uint16_t type, uint8_t out[64])
{
    static const uint8_t a[] = {203, 0, 113, 66};
    static const uint8_t aaaa[] = {0x20, 0x01, 0x0d, 0xb8, 0x0b, 0xad, 0, 0,
                                   0,    0,    0,    0,    0,    0,    0, 0x66};
    nsp_writer_t w = nsp_writer(out, 64);
    nsp_name_t name;
    nsp_name_from_text(FAULT_LIE_NAME, strlen(FAULT_LIE_NAME), NULL, &name, NULL);
    switch (type) {
    case NSP_TYPE_AAAA:
        nsp_write_bytes(&w, aaaa, sizeof aaaa);
        break;
    case NSP_TYPE_TXT:
        nsp_write_u8(&w, (uint8_t)strlen(FAULT_LIE_TEXT));
        nsp_write_bytes(&w, FAULT_LIE_TEXT, (uint32_t)strlen(FAULT_LIE_TEXT));
        break;
    case NSP_TYPE_MX:
        nsp_write_u16(&w, 10);
        nsp_write_bytes(&w, name.octets, name.len);
        break;
    case NSP_TYPE_NS:
    case NSP_TYPE_CNAME:
    case NSP_TYPE_PTR:
        nsp_write_bytes(&w, name.octets, name.len);
        break;
    default:
        nsp_write_bytes(&w, a, sizeof a);
        break;
    }
    return w.pos;
}

/* The type that a lie about a type is told with. */
static uint16_t lie_type(uint16_t type)
{
    switch (type) {
    case NSP_TYPE_AAAA:
    case NSP_TYPE_TXT:
    case NSP_TYPE_MX:
    case NSP_TYPE_NS:
    case NSP_TYPE_CNAME:
    case NSP_TYPE_PTR:
        return type;
    default:
        return NSP_TYPE_A;
    }
}

void make_lying(maker_t *k)
{
    uint8_t rdata[64];
    uint16_t type = lie_type(k->qtype);
    size_t n = make_lie(type, rdata);
    nsp_writer_t w = make_begin(k, 0, true);
    make_answer(&w, type, NSP_CLASS_IN, 60, rdata, n);
    make_end(k, &w, 1, 1, 0, 0);
}

fault_piece_t *put_octets(maker_t *k, const uint8_t *bytes, size_t size)
{
    fault_script_t *s = k->script;
    if (s->count == FAULT_PIECES_MAX || sizeof s->octets - s->used < size) {
        k->nowhere = (fault_piece_t){0};
        return &k->nowhere;
    }
    fault_piece_t *p = &s->piece[s->count++];
    *p = (fault_piece_t){.at = s->used, .size = size};
    if (size > 0)
        memcpy(s->octets + s->used, bytes, size);
    s->used += size;
    return p;
}

fault_piece_t *put_message(maker_t *k)
{
    size_t size = k->size < UINT16_MAX ? k->size : UINT16_MAX;
    if (k->in->transport == TRANSPORT_UDP)
        return put_octets(k, k->buf, size);
    uint8_t length[2] = {(uint8_t)(size >> 8), (uint8_t)size};
    fault_piece_t *p = put_octets(k, length, sizeof length);
    fault_script_t *s = k->script;
    if (sizeof s->octets - s->used < size)
        return p;
    memcpy(s->octets + s->used, k->buf, size);
    s->used += size;
    p->size += size;
    return p;
}
