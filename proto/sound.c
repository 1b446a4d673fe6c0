#include "sound.h"

#include "rdata_quick.h"

/* How hops are bounded: a name in the memory has a label before each pointer, so 255 octets have
 * room for 127 of them at most, and one pointer more is NSP_HOPS_MAX (RFC 1035 4.1.4). */

#define OPCODE_UPDATE 5u
#define FIXED         10u /* TYPE, CLASS, TTL, RDLENGTH */
#define FIRST         (UINT32_C(1) << 16)

/* One pass over a message. */
typedef struct pass {
    nsp_sound_names_t *names;
    const uint8_t *base;
    uint32_t size;
    bool opt;
    uint8_t rcode; /* upper bits */
} pass_t;

static inline uint32_t load16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

/* Number of the name that has a label where the pointer at p leads to; names->count or more when it
 * is none that was met. Whatever was met begins before the name that is read now. */
static inline uint32_t pointed(const nsp_sound_names_t *names, const uint8_t *p)
{
    return names->label[load16(p) & 0x3fffu] ^ names->message;
}

/* Octets that the name expands to from there on. */
static inline uint32_t pointed_octets(const nsp_sound_names_t *names, uint32_t name,
                                      const uint8_t *p)
{
    return names->ahead[name] - (load16(p) & 0x3fffu);
}

/* Offset after the name at start, whose own octets end before end; 0 when it is left to others. It
 * and each of its suffixes become known. */
static uint32_t skip_name(nsp_sound_names_t *names, const uint8_t *base, uint32_t start,
                          uint32_t end)
{
    uint32_t mark = names->message | names->count;
    uint32_t pos = start;
    uint32_t tail = 1;
    while (pos < end && base[pos] - 1u < NSP_LABEL_MAX) {
        names->label[pos] = mark;
        pos += base[pos] + 1u;
    }
    if (pos >= end || names->count == NSP_SOUND_NAMES)
        return 0;
    uint32_t after = pos + 1;
    if (base[pos] != 0) {
        if (base[pos] < 0xc0 || end - pos < 2)
            return 0;
        uint32_t name = pointed(names, base + pos);
        if (name >= names->count)
            return 0;
        tail = pointed_octets(names, name, base + pos);
        after = pos + 2;
    }
    if (pos - start + tail > NSP_NAME_MAX)
        return 0;
    names->ahead[names->count++] = (uint16_t)(pos + tail);
    return after;
}

/* True when the octets from start to end are a name: most often one label and a pointer. */
static inline bool is_name(nsp_sound_names_t *names, const uint8_t *base, uint32_t start,
                           uint32_t end)
{
    const uint8_t *p = base + start;
    uint32_t n = end - start - 2; /* octets of the label, if it is one */
    uint32_t count = names->count;
    if (n - 2 < NSP_LABEL_MAX && p[0] == n - 1 && p[n] >= 0xc0 && count < NSP_SOUND_NAMES) {
        uint32_t name = pointed(names, p + n);
        if (name < count) {
            uint32_t octets = n + pointed_octets(names, name, p + n);
            names->label[start] = names->message | count;
            names->ahead[count] = (uint16_t)(start + octets);
            names->count = count + 1;
            return octets <= NSP_NAME_MAX;
        }
    }
    return skip_name(names, base, start, end) == end;
}

/* Once; in_place: in the additional section, of the root (RFC 6891 6.1.1). */
static bool is_opt(pass_t *w, uint32_t fixed, uint32_t end, bool in_place)
{
    if (w->opt || !in_place)
        return false;
    w->opt = true;
    w->rcode = w->base[fixed + 4];
    return nsp_rdata_quick(w->base, NSP_TYPE_OPT, fixed + FIXED, end);
}

/* RDATA of any but the commonest types, of a record whose type is at fixed. in_place: an OPT may be
 * there. */
static bool is_other(pass_t *w, uint32_t fixed, uint32_t end, bool in_place)
{
    nsp_sound_names_t *names = w->names;
    uint32_t type = load16(w->base + fixed);
    uint32_t pos = fixed + FIXED;
    switch (type) {
    case NSP_TYPE_CNAME:
    case NSP_TYPE_PTR:
        return is_name(names, w->base, pos, end);
    case NSP_TYPE_MX:
        return end - pos > 2 && is_name(names, w->base, pos + 2, end);
    case NSP_TYPE_SOA:
        pos = skip_name(names, w->base, pos, end);
        pos = pos != 0 ? skip_name(names, w->base, pos, end) : 0;
        return pos != 0 && end - pos == 20;
    case NSP_TYPE_OPT:
        return is_opt(w, fixed, end, in_place);
    default:
        return nsp_rdata_quick(w->base, (uint16_t)type, pos, end);
    }
}

/* A and AAAA, told without a branch: they take turns in no order. */
static inline bool is_address(uint32_t type, uint32_t n)
{
    uint32_t both = type << 16 | n;
    return (uint64_t)(both ^ (NSP_TYPE_A << 16 | 4u)) * (both ^ (NSP_TYPE_AAAA << 16 | 16u)) == 0;
}

/* Goes through all records; their sections begin at out->answer. */
static bool take_records(pass_t *w, nsp_sound_t *out)
{
    nsp_sound_names_t *names = w->names;
    const uint8_t *base = w->base;
    uint32_t size = w->size;
    uint32_t pos = out->answer;
    uint32_t authority = pos;
    uint32_t answers = out->count[NSP_ANSWER];
    uint32_t additional = answers + out->count[NSP_AUTHORITY];
    uint32_t count = additional + out->count[NSP_ADDITIONAL];
    for (uint32_t i = 0; i < count; i++) {
        uint32_t owner = pos;
        uint32_t fixed = pos + 2;
        authority = i <= answers ? pos : authority;
        if (size - pos < 2 + FIXED || base[pos] < 0xc0) {
            fixed = skip_name(names, base, pos, size);
            if (fixed == 0 || size - fixed < FIXED)
                return false;
        } else if (pointed(names, base + pos) >= names->count) {
            return false;
        }
        uint32_t type = load16(base + fixed);
        uint32_t n = load16(base + fixed + 8);
        pos = fixed + FIXED + n;
        if (pos > size)
            return false;
        if (is_address(type, n))
            continue;
        if (!(type == NSP_TYPE_NS ? is_name(names, base, fixed + FIXED, pos)
                                  : is_other(w, fixed, pos, i >= additional && fixed == owner + 1)))
            return false;
    }
    out->authority = (uint16_t)(count > answers ? authority : pos);
    return pos == size;
}

/* The number of the next message; after the last number that there is, names of all before are
 * forgotten. */
static inline void next_message(nsp_sound_names_t *names)
{
    names->count = 0;
    names->message += FIRST;
    if (names->message == 0) {
        memset(names->label, 0, sizeof names->label);
        names->message = FIRST;
    }
}

bool nsp_msg_sound(nsp_sound_names_t *names, const uint8_t *wire, size_t size, nsp_sound_t *out)
{
    if (size < NSP_HEADER_SIZE + 5 || size > NSP_SOUND_MAX || load16(wire + 4) != 1 ||
        (wire[2] >> 3 & 15u) == OPCODE_UPDATE)
        return false;
    next_message(names);
    uint32_t pos = skip_name(names, wire, NSP_HEADER_SIZE, (uint32_t)size);
    if (pos == 0 || size - pos < 4)
        return false;
    out->flags = (uint16_t)load16(wire + 2);
    for (size_t i = 0; i < 4; i++)
        out->count[i] = (uint16_t)load16(wire + 4 + 2 * i);
    out->answer = (uint16_t)(pos + 4);
    pass_t w = {names, wire, (uint32_t)size, false, 0};
    if (!take_records(&w, out))
        return false;
    out->rcode = (uint16_t)((out->flags & 15u) | (uint32_t)w.rcode << 4);
    out->opt = w.opt;
    return true;
}

uint32_t nsp_sound_referral(const uint8_t *wire, const nsp_sound_t *sound)
{
    uint32_t pos = sound->authority;
    for (uint32_t left = sound->count[NSP_AUTHORITY]; left > 0; left--) {
        uint32_t owner = pos;
        while (wire[pos] - 1u < NSP_LABEL_MAX)
            pos += wire[pos] + 1u;
        pos += wire[pos] != 0 ? 2 : 1;
        if (load16(wire + pos) == NSP_TYPE_NS)
            return owner;
        pos += FIXED + load16(wire + pos + 8);
    }
    return 0;
}
