#include "mutate.h"

#include "mangle.h"

/* Records that are looked at; a mutation of one beyond is not worth its cost. */
#define RECORDS_MAX 256
#define RDATA_MAX   2048
/* Room that nsp_mangle needs at most. */
#define MANGLE_ROOM 600

static const char *const names[] = {
#define X(ident, name) name,
    NSP_MUTATIONS(X)
#undef X
};

/* A message under change. */
typedef struct mutant {
    uint8_t *buf;
    size_t size;
    size_t cap;
    nsp_random_t *random;
    nsp_msg_t m;
    nsp_rr_t arena[RECORDS_MAX];
} mutant_t;

const char *nsp_mutation_name(nsp_mutation_t kind)
{
    return (unsigned)kind < NSP_MUTATION_COUNT ? names[kind] : "";
}

static uint32_t below(mutant_t *t, size_t n)
{
    return nsp_random_below(t->random, (uint32_t)n);
}

static uint16_t get16(const mutant_t *t, size_t at)
{
    return (uint16_t)(t->buf[at] << 8 | t->buf[at + 1]);
}

static void put16(mutant_t *t, size_t at, unsigned v)
{
    t->buf[at] = (uint8_t)(v >> 8);
    t->buf[at + 1] = (uint8_t)v;
}

/* Replaces old octets at a place by others. What points behind the place then points elsewhere:
 * that is welcome. */
static bool splice(mutant_t *t, size_t at, size_t old, const uint8_t *bytes, size_t n)
{
    if (at > t->size || old > t->size - at || t->size - old + n > t->cap)
        return false;
    memmove(t->buf + at + n, t->buf + at + old, t->size - at - old);
    if (n > 0)
        memcpy(t->buf + at, bytes, n);
    t->size = t->size - old + n;
    return true;
}

static const nsp_rr_t *any_record(mutant_t *t)
{
    return t->m.rr_count > 0 ? &t->arena[below(t, t->m.rr_count)] : NULL;
}

static void add_count(mutant_t *t, unsigned section, int n)
{
    size_t at = 4 + 2 * (size_t)section;
    put16(t, at, (unsigned)(get16(t, at) + n));
}

static uint16_t any_type(mutant_t *t)
{
    return nsp_rrtype_at(below(t, nsp_rrtype_count()))->number;
}

static bool retype(mutant_t *t)
{
    uint8_t rdata[RDATA_MAX];
    const nsp_rr_t *rr = any_record(t);
    if (rr == NULL)
        return false;
    uint16_t type = any_type(t);
    size_t n = nsp_rdata_generate(type, t->random, rdata, sizeof rdata);
    if (!splice(t, rr->rdata, rr->rdlength, rdata, n))
        return false;
    put16(t, rr->fixed, type);
    put16(t, rr->fixed + 8u, (unsigned)n);
    return true;
}

/* Where the next record of a section would begin. */
static size_t section_end(const mutant_t *t, unsigned section)
{
    size_t at = t->m.rr_count > 0 ? t->m.rr[0].owner : t->m.stopped;
    for (uint16_t i = 0; i < t->m.rr_count && t->m.rr[i].section <= section; i++)
        at = (size_t)t->m.rr[i].rdata + t->m.rr[i].rdlength;
    return at;
}

static bool add_record(mutant_t *t)
{
    uint8_t rr[NSP_NAME_MAX + 10 + RDATA_MAX];
    nsp_name_t owner;
    unsigned section = NSP_ANSWER + below(t, 3);
    uint16_t type = any_type(t);
    nsp_writer_t w = nsp_writer(rr, sizeof rr);
    nsp_name_generate(t->random, &owner);
    if (below(t, 2) == 0 && t->m.qname != 0)
        nsp_write_u16(&w, (uint16_t)(0xc000u | t->m.qname));
    else
        nsp_write_bytes(&w, owner.octets, owner.len);
    nsp_write_u16(&w, type);
    nsp_write_u16(&w, NSP_CLASS_IN);
    nsp_write_u32(&w, below(t, 86400));
    uint32_t length_at = w.pos;
    nsp_write_u16(&w, 0);
    size_t n = nsp_rdata_generate(type, t->random, rr + w.pos, RDATA_MAX);
    nsp_patch_u16(&w, length_at, (uint16_t)n);
    if (!splice(t, section_end(t, section), 0, rr, w.pos + n))
        return false;
    add_count(t, section, 1);
    return true;
}

static bool duplicate(mutant_t *t)
{
    const nsp_rr_t *rr = any_record(t);
    if (rr == NULL)
        return false;
    size_t end = (size_t)rr->rdata + rr->rdlength;
    size_t n = end - rr->owner;
    if (t->cap - t->size < n)
        return false;
    memmove(t->buf + end + n, t->buf + end, t->size - end);
    memcpy(t->buf + end, t->buf + rr->owner, n);
    t->size += n;
    add_count(t, rr->section, 1);
    return true;
}

static bool remove_record(mutant_t *t)
{
    const nsp_rr_t *rr = any_record(t);
    if (rr == NULL || !splice(t, rr->owner, (size_t)rr->rdata + rr->rdlength - rr->owner, NULL, 0))
        return false;
    add_count(t, rr->section, -1);
    return true;
}

/* A number near another one, or at an end of its range. */
static unsigned lie(mutant_t *t, unsigned v)
{
    switch (below(t, 6)) {
    case 0:
        return 0;
    case 1:
        return 0xffff;
    case 2:
        return (v - 1) & 0xffff;
    case 3:
        return (unsigned)nsp_random_next(t->random) & 0xffff;
    default:
        return (v + 1) & 0xffff;
    }
}

static bool count_lies(mutant_t *t)
{
    size_t at = 4 + 2 * (size_t)below(t, 4);
    put16(t, at, lie(t, get16(t, at)));
    return true;
}

static bool rdlength_lies(mutant_t *t)
{
    const nsp_rr_t *rr = any_record(t);
    if (rr != NULL)
        put16(t, rr->fixed + 8u, lie(t, rr->rdlength));
    return rr != NULL;
}

static bool bend_pointer(mutant_t *t)
{
    const nsp_rr_t *rr = any_record(t);
    if (rr == NULL)
        return false;
    unsigned target = below(t, 3) == 0 ? rr->owner + below(t, 8) : below(t, t->size + 4);
    uint8_t p[2] = {(uint8_t)(0xc0u | (target >> 8 & 0x3f)), (uint8_t)target};
    return splice(t, rr->owner, (size_t)rr->fixed - rr->owner, p, 2);
}

static bool new_owner(mutant_t *t)
{
    const nsp_rr_t *rr = any_record(t);
    nsp_name_t name;
    nsp_name_generate(t->random, &name);
    return rr != NULL && splice(t, rr->owner, (size_t)rr->fixed - rr->owner, name.octets, name.len);
}

static bool turn_header(mutant_t *t)
{
    unsigned bit = below(t, 16);
    put16(t, 2, get16(t, 2) ^ 1u << bit);
    return true;
}

static bool spoil_field(mutant_t *t)
{
    static const uint8_t ends[] = {0, 1, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff};
    const nsp_rr_t *rr = any_record(t);
    if (rr == NULL || rr->rdlength == 0)
        return false;
    size_t at = rr->rdata + below(t, rr->rdlength);
    for (uint32_t i = 0, n = 1 + below(t, 4); i < n && at + i < t->size; i++)
        t->buf[at + i] = ends[below(t, sizeof ends)];
    return true;
}

static bool add_option(mutant_t *t)
{
    uint8_t option[4 + 40];
    if (t->m.opt == NSP_NO_RR)
        return false;
    const nsp_rr_t *rr = &t->m.rr[t->m.opt];
    uint32_t n = below(t, 41);
    nsp_writer_t w = nsp_writer(option, sizeof option);
    nsp_write_u16(&w, (uint16_t)below(t, 22));
    nsp_write_u16(&w, (uint16_t)(below(t, 3) == 0 ? lie(t, n) : n));
    for (uint32_t i = 0; i < n; i++)
        nsp_write_u8(&w, (uint8_t)nsp_random_next(t->random));
    if (!splice(t, (size_t)rr->rdata + rr->rdlength, 0, option, w.pos))
        return false;
    put16(t, rr->fixed + 8u, rr->rdlength + w.pos);
    return true;
}

/* The question's name or an owner: its first octet is a length or the half of a pointer. */
static bool spoil_label(mutant_t *t)
{
    const nsp_rr_t *rr = any_record(t);
    size_t at = rr != NULL && below(t, 4) != 0 ? rr->owner : t->m.qname;
    if (at == 0 || at >= t->size)
        return false;
    t->buf[at] = (uint8_t)(below(t, 2) == 0 ? nsp_random_next(t->random) : t->buf[at] + 1u);
    return true;
}

static bool change_ttl(mutant_t *t)
{
    const nsp_rr_t *rr = any_record(t);
    if (rr != NULL)
        put16(t, rr->fixed + 2u + 2u * below(t, 3), lie(t, 1));
    return rr != NULL;
}

static bool cut(mutant_t *t)
{
    const nsp_rr_t *rr = any_record(t);
    t->size = rr != NULL && below(t, 2) == 0 ? (size_t)rr->rdata : below(t, t->size);
    return true;
}

static bool spoil_octet(mutant_t *t)
{
    t->buf[below(t, t->size)] = (uint8_t)nsp_random_next(t->random);
    return true;
}

static bool mangle(mutant_t *t)
{
    nsp_mangle_t kind = (nsp_mangle_t)below(t, NSP_MANGLE_COUNT);
    return t->cap - t->size >= MANGLE_ROOM && nsp_mangle(kind, t->buf, &t->size, t->cap) == NSP_OK;
}

static bool apply(mutant_t *t, nsp_mutation_t kind)
{
    static bool (*const ways[])(mutant_t *) = {
        [NSP_MUTATION_RETYPE] = retype,         [NSP_MUTATION_ADD_RECORD] = add_record,
        [NSP_MUTATION_DUPLICATE] = duplicate,   [NSP_MUTATION_REMOVE] = remove_record,
        [NSP_MUTATION_COUNT_LIES] = count_lies, [NSP_MUTATION_RDLENGTH] = rdlength_lies,
        [NSP_MUTATION_POINTER] = bend_pointer,  [NSP_MUTATION_OWNER] = new_owner,
        [NSP_MUTATION_HEADER] = turn_header,    [NSP_MUTATION_FIELD] = spoil_field,
        [NSP_MUTATION_OPTION] = add_option,     [NSP_MUTATION_LABEL] = spoil_label,
        [NSP_MUTATION_TTL] = change_ttl,        [NSP_MUTATION_CUT] = cut,
        [NSP_MUTATION_OCTET] = spoil_octet,     [NSP_MUTATION_MANGLE] = mangle,
    };
    return ways[kind](t);
}

nsp_mutation_t nsp_mutate(uint8_t *buf, size_t *size, size_t cap, nsp_random_t *random)
{
    mutant_t t;
    t.buf = buf;
    t.size = *size;
    t.cap = cap;
    t.random = random;
    if (t.size < NSP_HEADER_SIZE) { /* nothing to go along: some octets of a header */
        while (t.size < NSP_HEADER_SIZE && t.size < cap)
            buf[t.size++] = (uint8_t)below(&t, 2);
        *size = t.size;
        return NSP_MUTATION_OCTET;
    }
    nsp_msg_index(&t.m, buf, t.size, t.arena, RECORDS_MAX);
    nsp_mutation_t kind;
    do
        kind = (nsp_mutation_t)below(&t, NSP_MUTATION_COUNT);
    while (!apply(&t, kind));
    *size = t.size;
    return kind;
}
