/* A sound message, written again, holds the same records (names may take the case of an earlier
 * occurrence that they point to); written a third time, the same octets, in a room of just their
 * size. Each record as zone text is read as the same record. */
#include <stdlib.h>

#include "fuzz/items.h"
#include "proto/nsproto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool truth)
{
    if (!truth)
        __builtin_trap();
}

static void same_record(const nsp_msg_t *a, const nsp_msg_t *b, uint16_t i)
{
    static uint8_t ca[UINT16_MAX];
    static uint8_t cb[UINT16_MAX];
    nsp_name_t na;
    nsp_name_t nb;
    nsp_err_t ea;
    nsp_err_t eb;
    const nsp_rr_t *ra = &a->rr[i];
    const nsp_rr_t *rb = &b->rr[i];
    nsp_rr_owner(a, ra, &na);
    nsp_rr_owner(b, rb, &nb);
    need(nsp_name_equal(&na, &nb) && ra->section == rb->section);
    need(ra->type == rb->type && ra->rclass == rb->rclass && ra->ttl == rb->ttl);
    size_t sa = nsp_rdata_canonical(a, ra, ca, sizeof ca, &ea);
    size_t sb = nsp_rdata_canonical(b, rb, cb, sizeof cb, &eb);
    need(ea == eb && sa == sb && memcmp(ca, cb, sa) == 0);
}

/* Zeros at the end of a WKS, and bits of an A6 before its suffix, mean nothing and are not printed;
 * OPT and types that only stand in questions have no text. */
static bool has_text(const nsp_rr_t *rr)
{
    return rr->type != NSP_TYPE_OPT && rr->type != NSP_TYPE_WKS && rr->type != NSP_TYPE_A6 &&
           rr->rdlength > 0;
}

static void as_text(const nsp_msg_t *m, const nsp_rr_t *rr)
{
    static char text[1 << 20];
    static uint8_t wire[UINT16_MAX];
    static uint8_t back[UINT16_MAX];
    static nsp_zone_rr_t z;
    nsp_text_t t;
    nsp_name_t owner;
    nsp_zone_reader_t reader;
    nsp_err_t err;
    nsp_text_begin(&t, text, sizeof text);
    if (!has_text(rr) || !nsp_text_rr(&t, m, rr) || t.lost > 0)
        return;
    char *copy = (char *)exact_copy((const uint8_t *)text, (uint32_t)t.len);
    nsp_zone_begin(&reader, copy, t.len, NULL);
    nsp_rr_owner(m, rr, &owner);
    need(nsp_zone_next(&reader, &z) && nsp_name_equal_case(&z.owner, &owner));
    need(z.type == rr->type && z.rclass == rr->rclass && z.ttl == rr->ttl);
    nsp_msg_t m2 = {.wire = z.rdata, .size = z.rdlength, .opt = NSP_NO_RR};
    nsp_rr_t rr2 = {.type = z.type, .rclass = z.rclass, .rdlength = z.rdlength};
    size_t a = nsp_rdata_canonical(m, rr, wire, sizeof wire, &err);
    size_t b = nsp_rdata_canonical(&m2, &rr2, back, sizeof back, &err);
    need(a == b && memcmp(wire, back, a) == 0);
    need(!nsp_zone_next(&reader, &z) && reader.err == NSP_OK);
    free(copy);
}

/* What does not fit is refused, and nothing is written behind the room. */
static void in_its_room(const nsp_msg_t *m, const uint8_t *wire, size_t n)
{
    for (size_t cap = n - 1; cap <= n; cap++) {
        size_t got = 0;
        uint8_t *room = exact_room((uint32_t)cap);
        nsp_err_t err = nsp_msg_encode(m, room, cap, &got);
        need(err == (cap == n ? NSP_OK : NSP_E_SPACE));
        need(cap < n || (got == n && memcmp(room, wire, n) == 0));
        free(room);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static nsp_rr_t arena[2][NSP_RR_MAX];
    static uint8_t first[UINT16_MAX];
    static uint8_t second[UINT16_MAX];
    nsp_msg_t a;
    nsp_msg_t b;
    size_t na = 0;
    size_t nb = 0;
    if (nsp_msg_index(&a, data, size, arena[0], NSP_RR_MAX) != NSP_OK ||
        nsp_msg_validate(&a) != NSP_OK)
        return 0;
    nsp_err_t err = nsp_msg_encode(&a, first, sizeof first, &na);
    if (err == NSP_E_SPACE) /* names that were compressed where we do not */
        return 0;
    need(err == NSP_OK);
    need(nsp_msg_index(&b, first, na, arena[1], NSP_RR_MAX) == NSP_OK);
    need(nsp_msg_validate(&b) == NSP_OK);
    need(a.id == b.id && a.flags == b.flags && a.qtype == b.qtype && a.qclass == b.qclass);
    need(memcmp(a.found, b.found, sizeof a.found) == 0);
    for (uint16_t i = 0; i < a.rr_count; i++)
        same_record(&a, &b, i);
    for (uint16_t i = 0; i < a.rr_count && i < 16; i++)
        as_text(&a, &a.rr[i]);
    in_its_room(&a, first, na);
    need(nsp_msg_encode(&b, second, sizeof second, &nb) == NSP_OK);
    need(na == nb && memcmp(first, second, na) == 0);
    return 0;
}
