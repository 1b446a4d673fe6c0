/* Questions: read, hashed and compared without a copy where the name is plain, as it nearly always
 * is. */
#include <string.h>

#include "capture/pair_table.h"

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
        q->begin = hash_begin(q->name.octets, q->name.len);
    else
        q->begin = (pair_begin_t){p->o.seed ^ size, 0};
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
        q->begin = hash_begin(bytes + NSP_HEADER_SIZE, size - NSP_HEADER_SIZE);
    }
}

/* n is not 0. */
static inline bool same_octets(const uint8_t *a, const uint8_t *b, uint32_t n)
{
    uint64_t other = 0;
    if (n < 16 || n > 64)
        return memcmp(a, b, n) == 0;
    for (uint32_t at = 0; at < 64; at += 16) { /* in parts that lie over one another */
        size_t from = mix_least(at, n - 16);
        other |= hash_load(a + from) ^ hash_load(b + from);
        other |= hash_load(a + from + 8) ^ hash_load(b + from + 8);
    }
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

/* A query that asks nothing: a client wants a cookie (RFC 7873 5.4). */
static bool asks_nothing(const pairer_t *p, const slot_t *head)
{
    const uint8_t *asked = slot_wire(p, head);
    return head->size >= NSP_HEADER_SIZE && (asked[4] | asked[5]) == 0;
}

bool pair_question_answers(const pairer_t *p, const slot_t *head, const uint8_t *bytes,
                           uint32_t size, const pair_question_t *q)
{
    if (size < NSP_HEADER_SIZE)
        return true; /* cut inside its header: malformed, and known by its ID */
    if ((bytes[4] | bytes[5]) == 0)
        return (bytes[3] & 15) != NSP_RCODE_NOERROR || size == NSP_HEADER_SIZE ||
               asks_nothing(p, head);
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
