#include "message.h"

#include "name_seen.h"
#include "rdata.h"
#include "rdata_quick.h"

/* One pass over a message. */
typedef struct indexer {
    nsp_msg_t *m;
    uint32_t pos;   /* next record */
    nsp_reader_t r; /* for what is not met every time, and for the error */
    nsp_name_cache_t cache;
} indexer_t;

static void add_fault(nsp_msg_t *m, nsp_err_t err, uint32_t offset, uint16_t rr, uint8_t section)
{
    if (m->fault_count < NSP_FAULTS_KEPT) {
        nsp_fault_t *f = &m->fault[m->fault_count];
        f->err = err;
        f->offset = offset;
        f->rr = rr;
        f->section = section;
    }
    if (m->fault_count < UINT16_MAX)
        m->fault_count++;
}

/* A fault that ends indexing. */
static bool stop(indexer_t *ix, uint32_t understood, uint16_t rr, uint8_t section)
{
    add_fault(ix->m, ix->r.err, ix->r.err_at, rr, section);
    ix->m->stopped = understood;
    return false;
}

/* Most names lead to one that was validated before: passed here without a call. Offset after the
 * name at pos, or 0 with the error in ix->r. */
static inline uint32_t skip_name(indexer_t *ix, uint32_t pos, uint32_t end)
{
    uint32_t after = nsp_seen_skip(ix->r.base, ix->r.size, pos, end, &ix->cache);
    if (after != 0)
        return after;
    ix->r.pos = pos;
    ix->r.end = end;
    return nsp_name_skip(&ix->r, NSP_NAME_COMPRESSED) == NSP_OK ? ix->r.pos : 0;
}

static void init_msg(nsp_msg_t *m, const uint8_t *wire, size_t size, nsp_rr_t *arena, uint16_t cap)
{
    m->wire = wire;
    m->size = (uint32_t)size;
    m->id = 0;
    m->flags = 0;
    for (int i = 0; i < 4; i++) {
        m->count[i] = 0;
        m->found[i] = 0;
        m->first[i] = 0;
    }
    m->qname = 0;
    m->qtype = 0;
    m->qclass = 0;
    m->opt = NSP_NO_RR;
    m->rr = arena;
    m->rr_count = 0;
    m->rr_cap = cap;
    m->complete = false;
    m->stopped = 0;
    m->fault_count = 0;
}

static bool index_header(indexer_t *ix)
{
    nsp_msg_t *m = ix->m;
    const uint8_t *h = nsp_read_bytes(&ix->r, NSP_HEADER_SIZE);
    if (h == NULL) {
        if (m->size >= 2)
            m->id = (uint16_t)(m->wire[0] << 8 | m->wire[1]);
        if (m->size >= 4)
            m->flags = (uint16_t)(m->wire[2] << 8 | m->wire[3]);
        add_fault(m, NSP_E_SHORT_HEADER, m->size, NSP_NO_RR, NSP_QUESTION);
        return false;
    }
    m->id = (uint16_t)(h[0] << 8 | h[1]);
    m->flags = (uint16_t)(h[2] << 8 | h[3]);
    for (int i = 0; i < 4; i++)
        m->count[i] = (uint16_t)(h[4 + 2 * i] << 8 | h[5 + 2 * i]);
    m->stopped = NSP_HEADER_SIZE;
    return true;
}

static bool index_questions(indexer_t *ix)
{
    nsp_msg_t *m = ix->m;
    uint32_t pos = NSP_HEADER_SIZE;
    if (m->count[0] != 1)
        add_fault(m, NSP_E_QDCOUNT, 4, NSP_NO_RR, NSP_QUESTION);
    for (uint16_t i = 0; i < m->count[0]; i++) {
        uint32_t start = pos;
        pos = skip_name(ix, pos, m->size);
        if (pos == 0)
            return stop(ix, start, NSP_NO_RR, NSP_QUESTION);
        ix->r.pos = pos;
        uint16_t type = nsp_read_u16(&ix->r);
        uint16_t qclass = nsp_read_u16(&ix->r);
        if (ix->r.err != NSP_OK)
            return stop(ix, start, NSP_NO_RR, NSP_QUESTION);
        if (i == 0) {
            m->qname = (uint16_t)start;
            m->qtype = type;
            m->qclass = qclass;
        }
        m->found[0]++;
        pos = ix->r.pos;
    }
    ix->pos = pos;
    return true;
}

/* Number of names that may be compressed in the RDATA of a type, and the octets before and after
 * them (RFC 1035 3.3, RFC 3597 4). */
typedef struct names_of {
    uint8_t before;
    uint8_t names;
    uint8_t after;
} names_of_t;

#define NAMED_TYPE_MAX 15
static const names_of_t names_table[NAMED_TYPE_MAX + 1] = {
    [2] = {0, 1, 0},  [3] = {0, 1, 0},  [4] = {0, 1, 0},  [5] = {0, 1, 0},
    [6] = {0, 2, 20}, [7] = {0, 1, 0},  [8] = {0, 1, 0},  [9] = {0, 1, 0},
    [12] = {0, 1, 0}, [14] = {0, 2, 0}, [15] = {2, 1, 0},
};

/* Prerequisites and deletions of UPDATE have class ANY or NONE and no RDATA (RFC 2136 2.4, 2.5). */
static bool may_lack_rdata(const nsp_msg_t *m, const nsp_rr_t *rr)
{
    return rr->rdlength == 0 && nsp_msg_opcode(m) == 5 && rr->section != NSP_ADDITIONAL &&
           (rr->rclass == NSP_CLASS_NONE || rr->rclass == NSP_CLASS_ANY);
}

/* Validates the names in an RDATA. RDLENGTH says where to go on, so nothing here stops. */
static void check_rdata_names(indexer_t *ix, const nsp_rr_t *rr, uint16_t index, uint8_t section)
{
    const names_of_t *n = &names_table[rr->type];
    uint32_t pos = (uint32_t)rr->rdata + n->before;
    uint32_t end = (uint32_t)rr->rdata + rr->rdlength;
    if (may_lack_rdata(ix->m, rr))
        return;
    if (rr->rdlength < n->before) {
        add_fault(ix->m, NSP_E_RDATA_SHORT, rr->rdata, index, section);
        return;
    }
    for (uint8_t i = 0; i < n->names; i++) {
        pos = skip_name(ix, pos, end);
        if (pos == 0) {
            nsp_err_t err = ix->r.err == NSP_E_SHORT ? NSP_E_RDATA_SHORT : ix->r.err;
            add_fault(ix->m, err, ix->r.err_at, index, section);
            ix->r.err = NSP_OK;
            return;
        }
    }
    if (end - pos < n->after) /* at the first of the 32-bit fields that is not whole */
        add_fault(ix->m, NSP_E_RDATA_SHORT, pos + ((end - pos) & ~3u), index, section);
    else if (end - pos > n->after)
        add_fault(ix->m, NSP_E_RDATA_TRAILING, pos + n->after, index, section);
}

/* OPT: once, in the additional section, owned by the root (RFC 6891 6.1.1). TSIG: last
 * (RFC 8945 5.1). */
static void check_pseudo(nsp_msg_t *m, const nsp_rr_t *rr, uint16_t index, bool last)
{
    if (rr->type == NSP_TYPE_OPT) {
        if (m->opt == NSP_NO_RR)
            m->opt = index;
        else
            add_fault(m, NSP_E_OPT_TWICE, rr->owner, index, rr->section);
        if (rr->section != NSP_ADDITIONAL)
            add_fault(m, NSP_E_OPT_SECTION, rr->owner, index, rr->section);
        if (m->wire[rr->owner] != 0)
            add_fault(m, NSP_E_OPT_OWNER, rr->owner, index, rr->section);
    } else if (rr->type == NSP_TYPE_TSIG && (rr->section != NSP_ADDITIONAL || !last)) {
        add_fault(m, NSP_E_TSIG_PLACE, rr->owner, index, rr->section);
    }
}

static uint32_t stop_at(indexer_t *ix, nsp_err_t err, uint32_t at, uint32_t start, uint16_t rr,
                        uint8_t section)
{
    ix->r.err = err;
    ix->r.err_at = at;
    stop(ix, start, rr, section);
    return 0;
}

static inline uint16_t load16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

/* Most owners are nothing but a pointer to a name in the memory. */
static inline uint32_t skip_owner(indexer_t *ix, uint32_t pos)
{
    const uint8_t *p = ix->r.base + pos;
    if (ix->r.size - pos >= 2 && p[0] >= 0xc0) {
        uint32_t target = load16(p) & 0x3fffu;
        uint32_t seen = ix->cache.seen[nsp_seen_slot(target)];
        if (seen >> 16 == target && target >= NSP_HEADER_SIZE && target < pos &&
            (seen & 0xff) < NSP_HOPS_MAX)
            return pos + 2;
    }
    return skip_name(ix, pos, ix->r.size);
}

/* Indexes the record at start. Offset after it, or 0 when indexing stops there. */
static inline uint32_t index_rr(indexer_t *ix, uint32_t start, uint16_t index, uint8_t section,
                                bool last)
{
    nsp_msg_t *m = ix->m;
    uint32_t size = ix->r.size;
    if (index >= m->rr_cap)
        return stop_at(ix, NSP_E_ARENA, start, start, NSP_NO_RR, section);
    uint32_t fixed = skip_owner(ix, start);
    if (fixed == 0) {
        stop(ix, start, index, section);
        return 0;
    }
    if (size - fixed < 10)
        return stop_at(ix, NSP_E_SHORT, fixed, start, index, section);
    const uint8_t *p = ix->r.base + fixed;
    uint16_t type = load16(p);
    uint16_t rdlength = load16(p + 8);
    if (size - fixed - 10 < rdlength) /* RDLENGTH itself is what lies */
        return stop_at(ix, NSP_E_SHORT, fixed + 8, start, index, section);
    nsp_rr_t *rr = &m->rr[index];
    rr->owner = (uint16_t)start;
    rr->fixed = (uint16_t)fixed;
    rr->rdata = (uint16_t)(fixed + 10);
    rr->rdlength = rdlength;
    rr->type = type;
    rr->rclass = load16(p + 2);
    rr->ttl = (uint32_t)load16(p + 4) << 16 | load16(p + 6);
    rr->section = section;
    if (type <= NAMED_TYPE_MAX && names_table[type].names != 0)
        check_rdata_names(ix, rr, index, section);
    else if (type == NSP_TYPE_OPT || type == NSP_TYPE_TSIG)
        check_pseudo(m, rr, index, last);
    return fixed + 10 + rdlength;
}

/* Indexes one section; false when indexing stopped in it. */
static bool index_section(indexer_t *ix, uint8_t section)
{
    nsp_msg_t *m = ix->m;
    uint16_t first = m->rr_count;
    uint16_t count = m->count[section];
    uint32_t pos = ix->pos;
    uint16_t i = 0;
    for (; i < count; i++) {
        uint32_t next = index_rr(ix, pos, (uint16_t)(first + i), section, i + 1u == count);
        if (next == 0)
            break;
        pos = next;
    }
    m->first[section] = first;
    m->found[section] = i;
    m->rr_count = (uint16_t)(first + i);
    ix->pos = pos;
    return i == count;
}

static bool index_sections(indexer_t *ix)
{
    bool going = true;
    for (int s = NSP_ANSWER; s <= NSP_ADDITIONAL; s++) {
        if (going)
            going = index_section(ix, (uint8_t)s);
        else
            ix->m->first[s] = ix->m->rr_count;
    }
    return going;
}

nsp_err_t nsp_msg_index(nsp_msg_t *m, const uint8_t *wire, size_t size, nsp_rr_t *arena,
                        uint16_t cap)
{
    init_msg(m, wire, size, arena, cap);
    if (size > UINT16_MAX) {
        m->size = UINT16_MAX;
        add_fault(m, NSP_E_MSG_LONG, UINT16_MAX, NSP_NO_RR, NSP_QUESTION);
        return NSP_E_MSG_LONG;
    }
    indexer_t ix;
    ix.m = m;
    ix.pos = NSP_HEADER_SIZE;
    ix.r = nsp_reader(wire, size);
    /* in blocks of 64 octets, which compilers do by plain stores */
    for (size_t i = 0; i < NSP_NAME_CACHE_SLOTS; i += 16)
        memset(ix.cache.seen + i, 0, 16 * sizeof ix.cache.seen[0]);
    if (index_header(&ix) && index_questions(&ix) && index_sections(&ix)) {
        m->complete = true;
        m->stopped = ix.pos;
        if (ix.pos < m->size)
            add_fault(m, NSP_E_TRAILING, ix.pos, NSP_NO_RR, NSP_ADDITIONAL);
    }
    return m->fault_count > 0 ? m->fault[0].err : NSP_OK;
}

/* True when indexing has already found something wrong with this RR. */
static bool has_fault(const nsp_msg_t *m, uint16_t rr)
{
    for (uint16_t i = 0; i < m->fault_count && i < NSP_FAULTS_KEPT; i++)
        if (m->fault[i].rr == rr)
            return true;
    return false;
}

/* The types that most records have, told without a call; names were looked at by the index. */
static inline bool is_plain(const nsp_msg_t *m, const nsp_rr_t *rr)
{
    switch (rr->type) {
    case NSP_TYPE_A:
        return rr->rdlength == 4;
    case NSP_TYPE_AAAA:
        return rr->rdlength == 16;
    case NSP_TYPE_NS:
    case NSP_TYPE_CNAME:
    case NSP_TYPE_SOA:
    case NSP_TYPE_PTR:
    case NSP_TYPE_MX:
        return m->fault_count == 0;
    default:
        return nsp_rdata_quick(m->wire, rr->type, rr->rdata, (uint32_t)rr->rdata + rr->rdlength);
    }
}

nsp_err_t nsp_msg_validate(nsp_msg_t *m)
{
    for (uint16_t i = 0; i < m->rr_count; i++) {
        const nsp_rr_t *rr = &m->rr[i];
        nsp_rdata_t it;
        nsp_field_t field;
        if (is_plain(m, rr) || may_lack_rdata(m, rr))
            continue;
        nsp_rdata_begin(&it, m, rr);
        while (nsp_rdata_next(&it, &field)) {
        }
        if (it.r.err != NSP_OK && !has_fault(m, i))
            add_fault(m, it.r.err, it.r.err_at, i, rr->section);
    }
    return m->fault_count > 0 ? m->fault[0].err : NSP_OK;
}

bool nsp_msg_qname(const nsp_msg_t *m, nsp_name_t *out)
{
    nsp_name_root(out);
    if (m->qname == 0)
        return false;
    nsp_reader_t r = nsp_reader(m->wire, m->size);
    r.pos = m->qname;
    return nsp_name_read(&r, NSP_NAME_COMPRESSED, out) == NSP_OK;
}

void nsp_rr_owner(const nsp_msg_t *m, const nsp_rr_t *rr, nsp_name_t *out)
{
    nsp_reader_t r = nsp_reader(m->wire, m->size);
    r.pos = rr->owner;
    nsp_name_read(&r, NSP_NAME_COMPRESSED, out);
}

bool nsp_rr_owner_is(const nsp_msg_t *m, const nsp_rr_t *rr, const nsp_name_t *name)
{
    nsp_name_t owner;
    nsp_rr_owner(m, rr, &owner);
    return nsp_name_equal(&owner, name);
}

uint16_t nsp_msg_rcode(const nsp_msg_t *m)
{
    uint16_t rcode = m->flags & 15u;
    if (m->opt != NSP_NO_RR && m->opt < m->rr_count)
        rcode = (uint16_t)(rcode | (m->rr[m->opt].ttl >> 24 & 0xffu) << 4);
    return rcode;
}
