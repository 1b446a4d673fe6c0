/* A sound message, written again, holds the same records (names may take the case of an earlier
 * occurrence that they point to); written a third time, the same octets. */
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
    need(nsp_msg_encode(&b, second, sizeof second, &nb) == NSP_OK);
    need(na == nb && memcmp(first, second, na) == 0);
    return 0;
}
