/* The form of check's questions. */
#include <string.h>

#include "diagnose/form.h"
#include "diagnose/outcome.h"
#include "diagnose/runs_fold.h"

#define OPT_SIZE 11u /* without options */

static bool type_in_form(uint16_t type)
{
    return type == NSP_TYPE_NS || type == NSP_TYPE_SOA || type == NSP_TYPE_A ||
           type == NSP_TYPE_AAAA || type == NSP_TYPE_DNSKEY || type == NSP_TYPE_TXT ||
           type == PROBE_NODATA_TYPE || type == NSP_TYPE_DS || type == NSP_TYPE_CDS ||
           type == NSP_TYPE_CDNSKEY || type == NSP_TYPE_NSEC3PARAM || type == NSP_TYPE_PTR;
}

/* What is asked with DO and a size of PROBE_EDNS_SIZE. */
static bool type_with_do(uint16_t type)
{
    return type == NSP_TYPE_NS || type == NSP_TYPE_SOA || type == NSP_TYPE_A ||
           type == NSP_TYPE_DS || type == NSP_TYPE_DNSKEY || type == NSP_TYPE_CDS ||
           type == NSP_TYPE_CDNSKEY || type == NSP_TYPE_NSEC3PARAM;
}

static bool has_prefix(const nsp_name_t *name)
{
    static const char prefix[] = PROBE_NXDOMAIN_PREFIX;
    return name->octets[0] >= sizeof prefix - 1 &&
           memcmp(name->octets + 1, prefix, sizeof prefix - 1) == 0;
}

/* OPT of PROBE_EDNS_SIZE with DO, beside the sizes that are without DO or the big one. */
#define OPT_DO 1

/* What stands behind the question: 0 nothing, the size of an OPT as check makes it, or OPT_DO; -1
 * for anything else. */
static int opt_in_form(const uint8_t *p, size_t n)
{
    static const uint8_t plain[] = {
        0, 0, NSP_TYPE_OPT, PROBE_EDNS_SIZE >> 8, PROBE_EDNS_SIZE & 0xff, 0, 0, 0, 0, 0, 0};
    static const uint8_t big[] = {
        0, 0, NSP_TYPE_OPT, PROBE_BIG_SIZE >> 8, PROBE_BIG_SIZE & 0xff, 0, 0, NSP_EDNS_DO >> 8, 0,
        0, 0};
    static const uint8_t with_do[] = {
        0, 0, NSP_TYPE_OPT, PROBE_EDNS_SIZE >> 8, PROBE_EDNS_SIZE & 0xff, 0, 0, NSP_EDNS_DO >> 8, 0,
        0, 0};
    if (n == 0)
        return 0;
    if (n != OPT_SIZE)
        return -1;
    if (memcmp(p, with_do, n) == 0)
        return OPT_DO;
    if (memcmp(p, plain, n) == 0)
        return PROBE_EDNS_SIZE;
    return memcmp(p, big, n) == 0 ? PROBE_BIG_SIZE : -1;
}

/* A question of the walk or of the battery. */
static bool is_probe(const flow_t *flow, bool *marked)
{
    const flow_message_t *q = &flow->query;
    const uint8_t *b = q->bytes;
    nsp_name_t name;
    uint16_t type = 0;
    uint16_t class = 0;
    /* QR, opcode, AA, TC, RA, Z, AD, CD and rcode are 0; one question, at most one more record */
    if (b == NULL || q->size < NSP_HEADER_SIZE || q->size != q->original || (b[2] & 0xfe) != 0 ||
        b[3] != 0 || b[4] != 0 || b[5] != 1 || (b[6] | b[7] | b[8] | b[9] | b[10]) != 0 ||
        b[11] > 1)
        return false;
    if (!question_read(b, q->size, &name, &type, &class) || class != NSP_CLASS_IN ||
        !type_in_form(type))
        return false;
    size_t at = NSP_HEADER_SIZE + name.len + 4u;
    bool rd = (b[2] & 1) != 0;
    int opt = at <= q->size ? opt_in_form(b + at, q->size - at) : -1;
    if (opt < 0 || (opt > 0) != (b[11] == 1) || (opt == PROBE_BIG_SIZE && rd) ||
        (opt == OPT_DO &&
         (rd || !type_with_do(type) || (type == NSP_TYPE_A && !has_prefix(&name)))))
        return false;
    *marked = !rd && (opt == PROBE_EDNS_SIZE || opt == OPT_DO) &&
              (type == PROBE_NODATA_TYPE || (type == NSP_TYPE_A && has_prefix(&name)));
    return true;
}

bool runs_in_form(const flow_t *flow, bool *marked)
{
    const flow_message_t *q = &flow->query;
    *marked = false;
    return is_probe(flow, marked) ||
           (q->bytes != NULL && q->size == q->original &&
            form_of_query(q->bytes, q->size, flow->transport) != FORM_COUNT);
}

/* True for a question that a run may be heard of by: without DO, which resolvers set, and of what
 * they and their clients ask all day only for the names that are check's own. */
static bool may_begin(const uint8_t *b, uint16_t type, bool edns)
{
    static const char prefix[] = PROBE_NXDOMAIN_PREFIX;
    bool rd = (b[2] & 1) != 0;
    switch (type) {
    case NSP_TYPE_NS:
        return edns;
    case NSP_TYPE_SOA:
        return !rd;
    case NSP_TYPE_A:
        return edns && !rd && b[NSP_HEADER_SIZE] >= sizeof prefix - 1 &&
               memcmp(b + NSP_HEADER_SIZE + 1, prefix, sizeof prefix - 1) == 0;
    case NSP_TYPE_AAAA:
    case NSP_TYPE_PTR:
        return false;
    default:
        return edns && !rd;
    }
}

/* QTYPE of a question that ends there. */
static uint16_t type_before(const uint8_t *end)
{
    return (uint16_t)(end[-4] << 8 | end[-3]);
}

bool runs_may_begin(const flow_t *flow)
{
    static const uint8_t tail[OPT_SIZE] = {
        [2] = NSP_TYPE_OPT, [3] = PROBE_EDNS_SIZE >> 8, [4] = PROBE_EDNS_SIZE & 0xff};
    static const uint8_t big[OPT_SIZE] = {[2] = NSP_TYPE_OPT,
                                          [3] = PROBE_BIG_SIZE >> 8,
                                          [4] = PROBE_BIG_SIZE & 0xff,
                                          [7] = NSP_EDNS_DO >> 8};
    const flow_message_t *q = &flow->query;
    if (q->bytes == NULL)
        return runs_is_connection(flow);
    if (q->size <= NSP_HEADER_SIZE + 4 || (q->bytes[2] & 0xfe) != 0)
        return false;
    bool room = q->size > NSP_HEADER_SIZE + sizeof tail + 4;
    const uint8_t *opt = q->bytes + q->size - sizeof tail;
    /* resolvers ask so, too, but seldom for keys; they are all that some servers answer */
    if (room && memcmp(opt, big, sizeof big) == 0)
        return (q->bytes[2] & 1) == 0 && type_before(opt) == NSP_TYPE_DNSKEY;
    bool edns = room && memcmp(opt, tail, sizeof tail) == 0;
    return may_begin(q->bytes, type_before(edns ? opt : opt + sizeof tail), edns);
}

bool runs_is_connection(const flow_t *flow)
{
    return flow->transport == TRANSPORT_TCP && flow->query.bytes == NULL &&
           flow->reply.bytes == NULL;
}

uint16_t runs_type(const flow_t *flow)
{
    nsp_name_t name;
    uint16_t type = 0;
    uint16_t class = 0;
    question_read(flow->query.bytes, flow->query.size, &name, &type, &class);
    return type;
}

bool runs_has_opt(const flow_t *flow)
{
    return flow->query.bytes[11] != 0;
}
