#include "dnssec/rrset.h"

#include <stdlib.h>

/* Whether a record belongs to the RRset (RFC 2181 5: same owner, class and type). */
static bool belongs(const nsp_msg_t *m, const nsp_rr_t *rr, const nsp_name_t *owner, uint16_t type)
{
    return rr->type == type && rr->rclass == NSP_CLASS_IN && nsp_rr_owner_is(m, rr, owner);
}

/* Canonical order: as left-justified octets, a shorter one first (RFC 4034 6.3). */
static int compare_items(const void *a, const void *b)
{
    const rrset_item_t *x = a;
    const rrset_item_t *y = b;
    size_t n = x->len < y->len ? x->len : y->len;
    int c = n > 0 ? memcmp(x->at, y->at, n) : 0;
    return c != 0 ? c : (int)x->len - (int)y->len;
}

/* Room for one item more, and for n octets more; each grows by doubling. */
static bool make_room(rrset_t *set, size_t n)
{
    if (set->count == set->item_cap) {
        size_t cap = set->item_cap > 0 ? set->item_cap * 2 : 4;
        rrset_item_t *item = realloc(set->item, cap * sizeof *item);
        if (item == NULL)
            return false;
        set->item = item;
        set->item_cap = cap;
    }
    if (set->octets == NULL || set->size + n > set->cap) {
        size_t cap = (set->size + n) * 2 + 64;
        uint8_t *octets = realloc(set->octets, cap);
        if (octets == NULL)
            return false;
        set->octets = octets;
        set->cap = cap;
    }
    return true;
}

/* Appends the canonical form of one RDATA; room is a buffer for the largest one. */
static dnssec_status_t add_item(rrset_t *set, const nsp_msg_t *m, const nsp_rr_t *rr, uint8_t *room)
{
    nsp_err_t err = NSP_OK;
    size_t n = nsp_rdata_canonical(m, rr, room, UINT16_MAX, &err);
    if (err != NSP_OK)
        return DNSSEC_MALFORMED;
    if (set->size + n > DNSSEC_RRSET_MAX)
        return DNSSEC_LIMIT;
    if (!make_room(set, n))
        return DNSSEC_MEMORY;
    memcpy(set->octets + set->size, room, n);
    set->item[set->count++] = (rrset_item_t){NULL, (uint32_t)set->size, (uint16_t)n};
    set->size += n;
    return DNSSEC_SECURE;
}

/* Sorts, and drops what stands there twice (RFC 4034 6.3). */
static void put_in_order(rrset_t *set)
{
    for (size_t i = 0; i < set->count; i++)
        set->item[i].at = set->octets + set->item[i].offset;
    qsort(set->item, set->count, sizeof set->item[0], compare_items);
    size_t kept = 0;
    for (size_t i = 0; i < set->count; i++) {
        if (kept == 0 || compare_items(&set->item[kept - 1], &set->item[i]) != 0)
            set->item[kept++] = set->item[i];
    }
    set->count = kept;
}

static dnssec_status_t collect_into(rrset_t *set, const nsp_msg_t *m, nsp_section_t section,
                                    uint8_t *room)
{
    for (uint16_t i = 0; i < m->found[section]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, section, i);
        if (!belongs(m, rr, &set->owner, set->type))
            continue;
        uint16_t index = (uint16_t)(m->first[section] + i);
        dnssec_status_t s = add_item(set, m, rr, room);
        if (set->first == NSP_NO_RR || s == DNSSEC_MALFORMED)
            set->first = index;
        if (s != DNSSEC_SECURE)
            return s;
    }
    if (set->count == 0)
        return DNSSEC_NO_RRSET;
    put_in_order(set);
    return DNSSEC_SECURE;
}

dnssec_status_t rrset_collect(const nsp_msg_t *m, nsp_section_t section, const nsp_name_t *owner,
                              uint16_t type, rrset_t *set)
{
    memset(set, 0, sizeof *set);
    set->owner = *owner;
    nsp_name_lower(&set->owner);
    set->type = type;
    set->rclass = NSP_CLASS_IN;
    set->first = NSP_NO_RR;
    uint8_t *room = malloc(UINT16_MAX);
    if (room == NULL)
        return DNSSEC_MEMORY;
    dnssec_status_t s = collect_into(set, m, section, room);
    free(room);
    return s;
}

void rrset_free(rrset_t *set)
{
    free(set->item);
    free(set->octets);
    set->item = NULL;
    set->octets = NULL;
    set->count = 0;
    set->size = 0;
}

unsigned rrset_labels(const nsp_name_t *owner)
{
    return nsp_name_labels(owner) - (nsp_name_is_wildcard(owner) ? 1 : 0);
}

bool rrsig_read(const nsp_msg_t *m, uint16_t rr, rrsig_t *out)
{
    const nsp_rr_t *record = &m->rr[rr];
    nsp_reader_t r = nsp_reader(m->wire, m->size);
    r.pos = record->rdata;
    r.end = (uint32_t)record->rdata + record->rdlength;
    out->rr = rr;
    out->covered = nsp_read_u16(&r);
    out->algorithm = nsp_read_u8(&r);
    out->labels = nsp_read_u8(&r);
    out->original_ttl = nsp_read_u32(&r);
    out->expiration = nsp_read_u32(&r);
    out->inception = nsp_read_u32(&r);
    out->key_tag = nsp_read_u16(&r);
    if (r.err == NSP_OK)
        nsp_name_read(&r, NSP_NAME_COMPRESSED, &out->signer);
    out->signature.len = r.err == NSP_OK ? nsp_left(&r) : 0;
    out->signature.at = nsp_read_bytes(&r, (uint32_t)out->signature.len);
    return r.err == NSP_OK && out->signature.len > 0;
}

/* The owner under which the records were signed: "*" and the rightmost labels, when the labels
 * field says that there are fewer (RFC 4035 5.3.2). */
static void signed_owner(const rrset_t *set, const rrsig_t *sig, nsp_name_t *out)
{
    static const nsp_name_t star = {3, {1, '*', 0}};
    unsigned labels = rrset_labels(&set->owner);
    *out = set->owner;
    if (sig->labels >= labels)
        return;
    nsp_name_t rest;
    nsp_name_strip(&set->owner, nsp_name_labels(&set->owner) - sig->labels, &rest);
    if (nsp_name_join(&star, &rest, out) != NSP_OK)
        *out = set->owner;
}

static void write_head(nsp_writer_t *w, const rrset_t *set, const rrsig_t *sig)
{
    nsp_name_t signer = sig->signer;
    nsp_name_lower(&signer);
    nsp_write_u16(w, set->type);
    nsp_write_u8(w, sig->algorithm);
    nsp_write_u8(w, sig->labels);
    nsp_write_u32(w, sig->original_ttl);
    nsp_write_u32(w, sig->expiration);
    nsp_write_u32(w, sig->inception);
    nsp_write_u16(w, sig->key_tag);
    nsp_write_bytes(w, signer.octets, signer.len);
}

uint8_t *rrset_signed_data(const rrset_t *set, const rrsig_t *sig, size_t *size)
{
    nsp_name_t owner;
    signed_owner(set, sig, &owner);
    /* 18 octets and the signer; for each record the owner, 10 octets, and the RDATA */
    size_t cap = 18u + NSP_NAME_MAX + set->count * (owner.len + 10u) + set->size;
    uint8_t *data = malloc(cap);
    if (data == NULL)
        return NULL;
    nsp_writer_t w = nsp_writer(data, cap);
    write_head(&w, set, sig);
    for (size_t i = 0; i < set->count; i++) {
        nsp_write_bytes(&w, owner.octets, owner.len);
        nsp_write_u16(&w, set->type);
        nsp_write_u16(&w, set->rclass);
        nsp_write_u32(&w, sig->original_ttl);
        nsp_write_u16(&w, set->item[i].len);
        nsp_write_bytes(&w, set->item[i].at, set->item[i].len);
    }
    *size = w.pos;
    return data;
}
