#include "dnssec/proof.h"

void proof_use(proof_t *p, uint16_t rr)
{
    for (unsigned i = 0; i < p->used_count; i++) {
        if (p->used[i] == rr)
            return;
    }
    if (p->used_count < PROOF_USED_MAX)
        p->used[p->used_count++] = rr;
}

bool proof_has_type(octets_t bitmap, uint16_t type)
{
    nsp_reader_t r = nsp_reader(bitmap.at, bitmap.len);
    while (nsp_left(&r) > 0 && r.err == NSP_OK) {
        uint8_t window = nsp_read_u8(&r);
        uint8_t n = nsp_read_u8(&r);
        const uint8_t *bits = nsp_read_bytes(&r, n);
        if (bits != NULL && window == type >> 8) {
            unsigned low = type & 0xff;
            return low / 8 < n && (bits[low / 8] & (0x80u >> low % 8)) != 0;
        }
    }
    return false;
}

bool proof_lacks_type(octets_t bitmap, uint16_t type)
{
    bool soa = proof_has_type(bitmap, NSP_TYPE_SOA);
    bool ns = proof_has_type(bitmap, NSP_TYPE_NS);
    if (proof_has_type(bitmap, type) || proof_has_type(bitmap, NSP_TYPE_CNAME))
        return false;
    return type == NSP_TYPE_DS ? !soa : soa || !ns;
}

bool proof_is_cut(octets_t bitmap)
{
    return proof_has_type(bitmap, NSP_TYPE_DNAME) ||
           (proof_has_type(bitmap, NSP_TYPE_NS) && !proof_has_type(bitmap, NSP_TYPE_SOA));
}
