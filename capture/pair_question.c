/* Questions: read, hashed and compared without a copy where the name is plain, as it nearly always
 * is. */
#include <string.h>

#include "capture/pair_table.h"

/* Eight octets as a number whose lowest bits are the first. */
static inline uint64_t load_first_low(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

/* The lowest bit above the octets in front of the first that is 0; 0 when none is. */
static inline uint64_t first_zero(uint64_t v)
{
    uint64_t zeros = (v - UINT64_C(0x0101010101010101)) & ~v & UINT64_C(0x8080808080808080);
    return (zeros & -zeros) >> 7;
}

/* Of the first 16 of n octets, as far as none is 0, without the bit that tells letters' case:
 * whatever follows a name, and how it is written, has no part in it. Names that do not differ in
 * these share a hash, as they would with the same octets. */
static uint64_t begin_hash(const uint8_t *name, uint32_t n, uint64_t seed)
{
    const uint64_t small = UINT64_C(0x2020202020202020);
    uint8_t few[16] = {0};
    if (n < 16) {
        memcpy(few, name, n);
        name = few;
    }
    uint64_t a = load_first_low(name);
    uint64_t b = load_first_low(name + 8);
    uint64_t end = first_zero(a);
    a &= end - 1;
    b &= first_zero(b) - 1;
    b = end == 0 ? b : 0;
    __extension__ typedef unsigned __int128 wide_t;
    wide_t product = (wide_t)((a | small) ^ seed) * ((b | small) ^ UINT64_C(0xe7037ed1a0b428db));
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Octets of a name of plain labels at octet 12, root included; 0 when it is not one. */
static uint32_t plain_name(const uint8_t *bytes, uint32_t size)
{
    uint32_t pos = NSP_HEADER_SIZE;
    while (pos < size && bytes[pos] <= NSP_LABEL_MAX) {
        if (bytes[pos] == 0) {
            uint32_t len = pos + 1 - NSP_HEADER_SIZE;
            return len <= NSP_NAME_MAX ? len : 0;
        }
        pos += bytes[pos] + 1u;
    }
    return 0;
}

static inline uint16_t load16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

/* A question whose name is compressed, or there is none that can be read. */
static void read_other(const pairer_t *p, const uint8_t *bytes, uint32_t size, pair_question_t *q)
{
    q->found = question_read(bytes, size, &q->name, &q->type, &q->qclass);
    q->name_len = 0;
    if (q->found)
        q->hash = begin_hash(q->name.octets, q->name.len, p->o.seed);
    else
        q->hash = p->o.seed ^ size;
}

void pair_question_read(const pairer_t *p, const uint8_t *bytes, uint32_t size, pair_question_t *q)
{
    uint32_t len = plain_name(bytes, size);
    if (len == 0 || size - NSP_HEADER_SIZE - len < 4 || (bytes[4] | bytes[5]) == 0) {
        read_other(p, bytes, size, q);
    } else {
        q->found = true;
        q->name_len = (uint16_t)len;
        q->type = load16(bytes + NSP_HEADER_SIZE + len);
        q->qclass = load16(bytes + NSP_HEADER_SIZE + len + 2);
        q->hash = begin_hash(bytes + NSP_HEADER_SIZE, size - NSP_HEADER_SIZE, p->o.seed);
    }
}

uint64_t pair_question_begin(const pairer_t *p, const uint8_t *bytes, uint32_t size)
{
    return begin_hash(bytes + NSP_HEADER_SIZE, size - NSP_HEADER_SIZE, p->o.seed);
}

/* n is not 0. */
static inline bool same_octets(const uint8_t *a, const uint8_t *b, uint32_t n)
{
    if (n < 8)
        return memcmp(a, b, n) == 0;
    uint64_t other = load_first_low(a + n - 8) ^ load_first_low(b + n - 8);
    for (uint32_t at = 0; at + 8 < n; at += 8)
        other |= load_first_low(a + at) ^ load_first_low(b + at);
    return other == 0;
}

bool pair_question_repeats(const pairer_t *p, const slot_t *head, const uint8_t *bytes,
                           uint32_t size)
{
    uint32_t n = head->name_len + 4u;
    return head->name_len != 0 && size - NSP_HEADER_SIZE >= n && (bytes[4] | bytes[5]) != 0 &&
           same_octets(slot_wire(p, head) + NSP_HEADER_SIZE, bytes + NSP_HEADER_SIZE, n);
}

static bool same_folded(const uint8_t *a, const uint8_t *b, uint32_t len)
{
    if (memcmp(a, b, len) == 0)
        return true;
    for (uint32_t i = 0; i < len; i++) {
        uint8_t x = a[i] >= 'A' && a[i] <= 'Z' ? (uint8_t)(a[i] + 32) : a[i];
        uint8_t y = b[i] >= 'A' && b[i] <= 'Z' ? (uint8_t)(b[i] + 32) : b[i];
        if (x != y)
            return false;
    }
    return true;
}

bool pair_question_equal(const pairer_t *p, const slot_t *head, const uint8_t *bytes,
                         const pair_question_t *q)
{
    pair_question_t own = {.name_len = head->name_len, .found = true};
    const uint8_t *asked = slot_wire(p, head);
    if (own.name_len == 0)
        pair_question_read(p, asked, head->size, &own);
    if (!own.found || !q->found)
        return own.found == q->found;
    const uint8_t *a = own.name_len != 0 ? asked + NSP_HEADER_SIZE : own.name.octets;
    const uint8_t *b = q->name_len != 0 ? bytes + NSP_HEADER_SIZE : q->name.octets;
    uint32_t len = own.name_len != 0 ? own.name_len : own.name.len;
    if (head->name_len != 0) {
        own.type = load16(a + len);
        own.qclass = load16(a + len + 2);
    }
    return len == (q->name_len != 0 ? q->name_len : q->name.len) && own.type == q->type &&
           own.qclass == q->qclass && same_folded(a, b, len);
}

bool pair_question_answers(const pairer_t *p, const slot_t *head, const uint8_t *bytes,
                           uint32_t size, const pair_question_t *q)
{
    if (size < NSP_HEADER_SIZE)
        return true; /* cut inside its header: malformed, and known by its ID */
    if ((bytes[4] | bytes[5]) == 0)
        return (bytes[3] & 15) != NSP_RCODE_NOERROR || size == NSP_HEADER_SIZE;
    return !q->found || pair_question_equal(p, head, bytes, q);
}

uint32_t pair_question_room(const uint8_t *bytes, uint32_t size)
{
    nsp_rr_t arena[8];
    nsp_msg_t m;
    nsp_edns_t edns;
    nsp_msg_index(&m, bytes, size, arena, 8);
    if (!nsp_edns_read(&m, &edns, NULL) || edns.udp_size < 512)
        return 512;
    return edns.udp_size;
}
