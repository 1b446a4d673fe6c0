#include "rdata.h"

#include "fixed.h"
#include "rdata_check.h"

void nsp_rdata_begin(nsp_rdata_t *it, const nsp_msg_t *m, const nsp_rr_t *rr)
{
    it->r = nsp_reader(m->wire, m->size);
    it->r.pos = rr->rdata;
    it->r.end = (uint32_t)rr->rdata + rr->rdlength;
    it->type = nsp_rrtype_get(rr->type);
    it->next = 0;
}

static void read_counted(nsp_reader_t *r, nsp_field_t *f, uint32_t n)
{
    f->bytes = nsp_read_bytes(r, n);
    f->nbytes = f->bytes != NULL ? n : 0;
}

/* One or more character strings to the end (RFC 1035 3.3.14); none at all is too short. */
static void read_strings(nsp_reader_t *r, nsp_field_t *f)
{
    uint32_t start = r->pos;
    do {
        uint8_t n = nsp_read_u8(r);
        nsp_read_bytes(r, n);
    } while (r->err == NSP_OK && nsp_left(r) > 0);
    f->bytes = r->base + start;
    f->nbytes = r->pos - start;
}

static void read_name(nsp_reader_t *r, nsp_field_t *f)
{
    nsp_name_read(r, NSP_NAME_COMPRESSED, &f->name);
}

/* CAA tag: letters and digits, at least one (RFC 8659 4.1). */
static void read_tag(nsp_reader_t *r, nsp_field_t *f)
{
    uint32_t at = r->pos;
    read_counted(r, f, nsp_read_u8(r));
    bool good = f->nbytes > 0;
    for (uint32_t i = 0; i < f->nbytes; i++) {
        uint8_t c = f->bytes[i];
        good = good && ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
    }
    if (!good && r->err == NSP_OK) {
        r->err = NSP_E_RDATA_VALUE;
        r->err_at = at;
    }
}

/* Next hashed owner: 1 to 255 octets (RFC 5155 3.2). */
static void read_hash(nsp_reader_t *r, nsp_field_t *f)
{
    uint32_t at = r->pos;
    read_counted(r, f, nsp_read_u8(r));
    if (r->err == NSP_OK && f->nbytes == 0) {
        r->err = NSP_E_RDATA_VALUE;
        r->err_at = at;
    }
}

static void read_composite(nsp_reader_t *r, nsp_field_t *f)
{
    uint32_t start = r->pos;
    nsp_rdata_check(r, f->desc->kind);
    f->bytes = r->base + start;
    f->nbytes = r->pos - start;
}

/* A number of so many octets. */
static uint64_t read_number(nsp_reader_t *r, uint32_t octets)
{
    uint64_t high = 0;
    switch (octets) {
    case 1:
        return nsp_read_u8(r);
    case 2:
        return nsp_read_u16(r);
    case 4:
        return nsp_read_u32(r);
    case 6:
        return nsp_read_u48(r);
    default:
        high = nsp_read_u32(r);
        return high << 32 | nsp_read_u32(r);
    }
}

static void read_field(nsp_reader_t *r, nsp_field_t *f)
{
    nsp_fkind_t kind = f->desc->kind;
    uint32_t octets = nsp_fixed_octets(kind);
    if (nsp_is_number(kind)) {
        f->number = read_number(r, octets);
        return;
    }
    if (octets > 0) {
        read_counted(r, f, octets);
        return;
    }
    switch (kind) {
    case NSP_F_NAME:
    case NSP_F_NAME_NC:
        read_name(r, f);
        break;
    case NSP_F_STRING:
    case NSP_F_HEX8:
        read_counted(r, f, nsp_read_u8(r));
        break;
    case NSP_F_B32_8:
        read_hash(r, f);
        break;
    case NSP_F_B64_16:
        read_counted(r, f, nsp_read_u16(r));
        break;
    case NSP_F_TAG:
        read_tag(r, f);
        break;
    case NSP_F_STRINGS:
        read_strings(r, f);
        break;
    default:
        read_composite(r, f);
        break;
    }
}

bool nsp_rdata_next(nsp_rdata_t *it, nsp_field_t *f)
{
    nsp_reader_t *r = &it->r;
    if (r->err != NSP_OK)
        return false;
    const nsp_fdesc_t *desc = &it->type->fields[it->next];
    if (it->next >= NSP_FIELDS_MAX || desc->kind == NSP_F_END) {
        if (nsp_left(r) > 0)
            nsp_read_fail(r, NSP_E_RDATA_TRAILING);
        return false;
    }
    it->next++;
    f->desc = desc;
    f->offset = r->pos;
    f->number = 0;
    f->bytes = NULL;
    f->nbytes = 0;
    read_field(r, f);
    if (r->err != NSP_OK) {
        if (r->err == NSP_E_SHORT)
            r->err = NSP_E_RDATA_SHORT;
        return false;
    }
    f->size = r->pos - f->offset;
    return true;
}

/* Field i, when everything up to it decodes. */
static bool field_at(const nsp_msg_t *m, const nsp_rr_t *rr, unsigned i, nsp_field_t *f)
{
    nsp_rdata_t it;
    nsp_rdata_begin(&it, m, rr);
    do {
        if (!nsp_rdata_next(&it, f))
            return false;
    } while (i-- > 0);
    return true;
}

bool nsp_rdata_name(const nsp_msg_t *m, const nsp_rr_t *rr, unsigned i, nsp_name_t *out)
{
    nsp_field_t f;
    if (!field_at(m, rr, i, &f) || (f.desc->kind != NSP_F_NAME && f.desc->kind != NSP_F_NAME_NC))
        return false;
    *out = f.name;
    return true;
}

bool nsp_rdata_number(const nsp_msg_t *m, const nsp_rr_t *rr, unsigned i, uint64_t *out)
{
    nsp_field_t f;
    if (!field_at(m, rr, i, &f))
        return false;
    *out = f.number;
    return nsp_is_number(f.desc->kind);
}

/* Types whose names are folded in canonical form (RFC 4034 6.2, without NSEC: RFC 6840 5.1). */
static bool folds_names(uint16_t type)
{
    switch (type) {
    case NSP_TYPE_RP:
    case NSP_TYPE_AFSDB:
    case NSP_TYPE_RT:
    case NSP_TYPE_SIG:
    case NSP_TYPE_PX:
    case NSP_TYPE_NXT:
    case NSP_TYPE_NAPTR:
    case NSP_TYPE_KX:
    case NSP_TYPE_SRV:
    case NSP_TYPE_DNAME:
    case NSP_TYPE_A6:
    case NSP_TYPE_RRSIG:
        return true;
    default:
        return false;
    }
}

/* The prefix name of an A6 ends its RDATA. Length octets are below 'A': only letters change. */
static void write_a6_folded(nsp_writer_t *w, const nsp_field_t *f)
{
    uint32_t name = f->nbytes > 0 ? 1u + (128u - f->bytes[0] + 7u) / 8u : 0;
    for (uint32_t i = 0; i < f->nbytes; i++) {
        uint8_t c = f->bytes[i];
        nsp_write_u8(w, i >= name && c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c);
    }
}

size_t nsp_rdata_canonical(const nsp_msg_t *m, const nsp_rr_t *rr, uint8_t *buf, size_t cap,
                           nsp_err_t *err)
{
    nsp_writer_t w = nsp_writer(buf, cap);
    nsp_rdata_t it;
    nsp_field_t f;
    bool fold = folds_names(rr->type);
    f.name.len = 0;
    nsp_rdata_begin(&it, m, rr);
    while (rr->rdlength > 0 && nsp_rdata_next(&it, &f)) {
        bool compressible = f.desc->kind == NSP_F_NAME;
        if (compressible || f.desc->kind == NSP_F_NAME_NC) {
            if (compressible || fold)
                nsp_name_lower(&f.name);
            nsp_write_bytes(&w, f.name.octets, f.name.len);
        } else if (f.desc->kind == NSP_F_A6) {
            write_a6_folded(&w, &f);
        } else {
            nsp_write_bytes(&w, m->wire + f.offset, f.size);
        }
    }
    *err = it.r.err != NSP_OK ? it.r.err : w.err;
    return *err == NSP_OK ? w.pos : 0;
}
