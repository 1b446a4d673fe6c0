#include "encode.h"

#include "fixed.h"
#include "rdata.h"

void nsp_build_begin(nsp_builder_t *b, uint8_t *buf, size_t cap, uint16_t id, uint16_t flags)
{
    b->w = nsp_writer(buf, cap > UINT16_MAX ? UINT16_MAX : cap);
    memset(b->count, 0, sizeof b->count);
    b->section = NSP_QUESTION;
    b->compress = true;
    b->slots = 0;
    nsp_write_u16(&b->w, id);
    nsp_write_u16(&b->w, flags);
    for (int i = 0; i < 4; i++)
        nsp_write_u16(&b->w, 0);
}

static uint8_t fold(uint8_t c)
{
    return (uint8_t)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/* True when the message holds, at offset at, the same name as the labels at name. What is read
 * here was written by this builder, so the decoder's checks are already true of it. */
static bool written_equals(const nsp_builder_t *b, uint32_t at, const uint8_t *name)
{
    for (;;) {
        while (b->w.base[at] >= 0xc0)
            at = ((uint32_t)b->w.base[at] & 0x3fu) << 8 | b->w.base[at + 1];
        uint8_t n = b->w.base[at];
        if (n != name[0])
            return false;
        if (n == 0)
            return true;
        for (uint32_t i = 1; i <= n; i++)
            if (b->w.base[at + i] != name[i] && fold(b->w.base[at + i]) != fold(name[i]))
                return false;
        at += n + 1u;
        name += n + 1u;
    }
}

/* Offset of an earlier occurrence of the name at labels, or 0. Names whose hash differs are not
 * looked at, so that a name costs its own length and not that of all others. */
static uint16_t find_written(const nsp_builder_t *b, const uint8_t *labels, uint32_t hash)
{
    for (uint16_t i = 0; i < b->slots; i++)
        if (b->hash[i] == hash && written_equals(b, b->slot[i], labels))
            return b->slot[i];
    return 0;
}

/* The suffixes of a name: at[i] is where the i-th label begins, hash[i] is of all from there on. */
typedef struct suffixes {
    uint32_t count;
    uint8_t at[128];
    uint32_t hash[128];
} suffixes_t;

static void list_suffixes(const uint8_t *name, suffixes_t *s)
{
    uint32_t hash = 0x811c9dc5u;
    s->count = 0;
    for (uint32_t i = 0; name[i] != 0 && s->count < 127; i += name[i] + 1u)
        s->at[s->count++] = (uint8_t)i;
    for (uint32_t k = s->count; k-- > 0;) {
        const uint8_t *label = name + s->at[k];
        for (uint32_t i = 0; i <= label[0]; i++)
            hash = (hash ^ fold(label[i])) * 0x01000193u;
        s->hash[k] = hash;
    }
}

/* Remembers what was just written: the labels of s up to the written-th, from offset start on. */
static void remember(nsp_builder_t *b, const suffixes_t *s, uint32_t written, uint32_t start)
{
    for (uint32_t i = 0; i < written && b->slots < NSP_COMPRESS_SLOTS; i++) {
        uint32_t at = start + s->at[i];
        if (at > 0x3fff)
            return;
        b->slot[b->slots] = (uint16_t)at;
        b->hash[b->slots++] = s->hash[i];
    }
}

/* Writes a name, as a pointer where an equal suffix was written before at an offset that 14 bits
 * reach (RFC 1035 4.1.4). The case that is written is always the caller's own. */
static void write_name(nsp_builder_t *b, const uint8_t *name, bool compress)
{
    suffixes_t s;
    uint32_t start = b->w.pos;
    uint32_t i = 0;
    uint16_t at = 0;
    list_suffixes(name, &s);
    for (; i < s.count; i++) {
        at = compress ? find_written(b, name + s.at[i], s.hash[i]) : 0;
        if (at != 0)
            break;
        nsp_write_bytes(&b->w, name + s.at[i], name[s.at[i]] + 1u);
    }
    if (at != 0)
        nsp_write_u16(&b->w, (uint16_t)(0xc000u | at));
    else
        nsp_write_u8(&b->w, 0);
    if (b->w.err == NSP_OK)
        remember(b, &s, i, start);
}

void nsp_build_question(nsp_builder_t *b, const nsp_name_t *name, uint16_t type, uint16_t qclass)
{
    write_name(b, name->octets, b->compress);
    nsp_write_u16(&b->w, type);
    nsp_write_u16(&b->w, qclass);
    if (b->w.err == NSP_OK)
        b->count[NSP_QUESTION]++;
}

/* Uncompressed RDATA written with its RFC 1035 names compressed. The table line says where the
 * names are; RDATA that does not match its line is copied as it is. */
static void write_rdata(nsp_builder_t *b, uint16_t type, const uint8_t *rdata, uint16_t rdlength)
{
    const nsp_rrtype_t *t = nsp_rrtype_get(type);
    nsp_reader_t r = nsp_reader(rdata, rdlength);
    for (int i = 0; i < NSP_FIELDS_MAX; i++) {
        nsp_fkind_t kind = t->fields[i].kind;
        uint32_t start = r.pos;
        if (kind == NSP_F_NAME) {
            if (nsp_name_skip(&r, NSP_NAME_UNCOMPRESSED) == NSP_OK)
                write_name(b, rdata + start, b->compress);
            continue;
        }
        if (nsp_fixed_octets(kind) == 0) {
            /* the end: of the types with compressible names, none has another field */
            nsp_write_bytes(&b->w, rdata + r.pos, rdlength - r.pos);
            return;
        }
        nsp_read_bytes(&r, nsp_fixed_octets(kind));
        nsp_write_bytes(&b->w, rdata + start, r.pos - start);
    }
}

/* Whether every name of a compressible type's RDATA can be read: only then it is rewritten. */
static bool rdata_is_sound(uint16_t type, const uint8_t *rdata, uint16_t rdlength)
{
    const nsp_rrtype_t *t = nsp_rrtype_get(type);
    nsp_reader_t r = nsp_reader(rdata, rdlength);
    bool any = false;
    for (int i = 0; i < NSP_FIELDS_MAX && t->fields[i].kind != NSP_F_END; i++) {
        nsp_fkind_t kind = t->fields[i].kind;
        if (kind != NSP_F_NAME && nsp_fixed_octets(kind) == 0)
            return false;
        if (kind == NSP_F_NAME)
            nsp_name_skip(&r, NSP_NAME_UNCOMPRESSED);
        else
            nsp_read_bytes(&r, nsp_fixed_octets(kind));
        any = any || kind == NSP_F_NAME;
    }
    return any && r.err == NSP_OK && nsp_left(&r) == 0;
}

bool nsp_build_rr(nsp_builder_t *b, nsp_section_t section, const nsp_name_t *owner, uint16_t type,
                  uint16_t rclass, uint32_t ttl, const uint8_t *rdata, uint16_t rdlength)
{
    if (b->w.err != NSP_OK)
        return false;
    uint32_t mark = b->w.pos;
    uint16_t slots = b->slots;
    write_name(b, owner->octets, b->compress);
    nsp_write_u16(&b->w, type);
    nsp_write_u16(&b->w, rclass);
    nsp_write_u32(&b->w, ttl);
    uint32_t length_at = b->w.pos;
    nsp_write_u16(&b->w, 0);
    uint32_t start = b->w.pos;
    if (rdata_is_sound(type, rdata, rdlength))
        write_rdata(b, type, rdata, rdlength);
    else
        nsp_write_bytes(&b->w, rdata, rdlength);
    if (b->w.err != NSP_OK || b->count[section] == UINT16_MAX) {
        b->w.err = NSP_OK;
        b->w.pos = mark;
        b->slots = slots;
        return false;
    }
    nsp_patch_u16(&b->w, length_at, (uint16_t)(b->w.pos - start));
    b->count[section]++;
    b->section = (uint8_t)section;
    return true;
}

bool nsp_build_opt(nsp_builder_t *b, const nsp_edns_t *edns)
{
    if (b->w.err != NSP_OK)
        return false;
    uint32_t mark = b->w.pos;
    nsp_write_u8(&b->w, 0);
    nsp_write_u16(&b->w, NSP_TYPE_OPT);
    nsp_write_u16(&b->w, edns->udp_size);
    nsp_write_u8(&b->w, edns->ext_rcode);
    nsp_write_u8(&b->w, edns->version);
    nsp_write_u16(&b->w, edns->flags);
    uint32_t length_at = b->w.pos;
    nsp_write_u16(&b->w, 0);
    uint32_t start = b->w.pos;
    for (uint16_t i = 0; i < edns->option_count && i < NSP_OPTIONS_MAX; i++) {
        nsp_write_u16(&b->w, edns->option[i].code);
        nsp_write_u16(&b->w, edns->option[i].size);
        nsp_write_bytes(&b->w, edns->option[i].data, edns->option[i].size);
    }
    if (b->w.err != NSP_OK) {
        b->w.err = NSP_OK;
        b->w.pos = mark;
        return false;
    }
    nsp_patch_u16(&b->w, length_at, (uint16_t)(b->w.pos - start));
    b->count[NSP_ADDITIONAL]++;
    b->section = NSP_ADDITIONAL;
    return true;
}

nsp_err_t nsp_build_end(nsp_builder_t *b, size_t *size)
{
    for (uint32_t i = 0; i < 4; i++)
        nsp_patch_u16(&b->w, 4 + 2 * i, b->count[i]);
    *size = b->w.err == NSP_OK ? b->w.pos : 0;
    return b->w.err;
}

nsp_err_t nsp_build_query(uint8_t *buf, size_t cap, uint16_t id, uint16_t flags,
                          const nsp_name_t *name, uint16_t type, uint16_t qclass,
                          const nsp_edns_t *edns, size_t *size)
{
    nsp_builder_t b;
    nsp_build_begin(&b, buf, cap, id, flags);
    nsp_build_question(&b, name, type, qclass);
    if (edns != NULL && !nsp_build_opt(&b, edns))
        nsp_write_fail(&b.w, NSP_E_SPACE);
    return nsp_build_end(&b, size);
}

/* RDATA with its names decompressed but their case kept. */
static nsp_err_t expand_rdata(const nsp_msg_t *m, const nsp_rr_t *rr, nsp_writer_t *w)
{
    nsp_rdata_t it;
    nsp_field_t f;
    nsp_rdata_begin(&it, m, rr);
    while (nsp_rdata_next(&it, &f)) {
        if (f.desc->kind == NSP_F_NAME || f.desc->kind == NSP_F_NAME_NC)
            nsp_write_bytes(w, f.name.octets, f.name.len);
        else
            nsp_write_bytes(w, m->wire + f.offset, f.size);
    }
    return it.r.err != NSP_OK ? it.r.err : w->err;
}

/* Every RR of m, behind the question that b has. */
static nsp_err_t encode_records(nsp_builder_t *b, const nsp_msg_t *m)
{
    uint8_t rdata[UINT16_MAX];
    for (uint16_t i = 0; i < m->rr_count; i++) {
        const nsp_rr_t *rr = &m->rr[i];
        nsp_name_t owner;
        nsp_writer_t w = nsp_writer(rdata, sizeof rdata);
        nsp_err_t err = rr->rdlength == 0 ? NSP_OK : expand_rdata(m, rr, &w);
        if (err != NSP_OK)
            return err;
        nsp_rr_owner(m, rr, &owner);
        if (!nsp_build_rr(b, (nsp_section_t)rr->section, &owner, rr->type, rr->rclass, rr->ttl,
                          rdata, (uint16_t)w.pos))
            return NSP_E_SPACE;
    }
    return NSP_OK;
}

nsp_err_t nsp_msg_encode(const nsp_msg_t *m, uint8_t *buf, size_t cap, size_t *size)
{
    nsp_builder_t b;
    *size = 0;
    nsp_build_begin(&b, buf, cap, m->id, m->flags);
    nsp_reader_t r = nsp_reader(m->wire, m->size);
    r.pos = NSP_HEADER_SIZE;
    for (uint16_t i = 0; i < m->found[0]; i++) {
        nsp_name_t name;
        nsp_name_read(&r, NSP_NAME_COMPRESSED, &name);
        uint16_t type = nsp_read_u16(&r);
        uint16_t qclass = nsp_read_u16(&r);
        if (r.err != NSP_OK)
            return r.err;
        nsp_build_question(&b, &name, type, qclass);
    }
    nsp_err_t err = encode_records(&b, m);
    return err == NSP_OK ? nsp_build_end(&b, size) : err;
}

nsp_err_t nsp_msg_encode_for(const nsp_msg_t *m, const nsp_name_t *name, uint16_t type,
                             uint16_t qclass, uint8_t *buf, size_t cap, size_t *size)
{
    nsp_builder_t b;
    *size = 0;
    nsp_build_begin(&b, buf, cap, m->id, m->flags);
    nsp_build_question(&b, name, type, qclass);
    nsp_err_t err = encode_records(&b, m);
    return err == NSP_OK ? nsp_build_end(&b, size) : err;
}
