/* Any octets as what a parent and two addresses answer about DNSSEC: whatever is found has a
 * sentence, and the exchanges that prove it are there. A message is 16 bits of length and its
 * octets: DS, then the answers to the eight questions with DO of each address; the second repeats
 * the first when there are no more. */
#include <stdlib.h>

#include "diagnose/diagnose.h"
#include "probe/battery.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define QUESTIONS 8u
#define SECOND    INT64_C(1000000000)

static const uint16_t types[QUESTIONS] = {NSP_TYPE_DNSKEY,     NSP_TYPE_SOA, NSP_TYPE_NS,
                                          NSP_TYPE_TXT,        NSP_TYPE_CDS, NSP_TYPE_CDNSKEY,
                                          NSP_TYPE_NSEC3PARAM, NSP_TYPE_A};

typedef struct octets_in {
    const uint8_t *at;
    uint32_t size;
} octets_in_t;

static octets_in_t take(nsp_reader_t *r)
{
    octets_in_t m = {.size = nsp_left(r) >= 2 ? nsp_read_u16(r) : 0};
    m.size = m.size < nsp_left(r) ? m.size : nsp_left(r);
    m.at = nsp_read_bytes(r, m.size);
    return m;
}

static const exchange_t *add(exchange_set_t *set, const addr_t *server, const nsp_name_t *name,
                             uint16_t type, bool dnssec, const octets_in_t *reply)
{
    uint8_t wire[BATTERY_QUERY_SIZE];
    size_t n = 0;
    nsp_edns_t edns = {.udp_size = PROBE_EDNS_SIZE, .flags = NSP_EDNS_DO};
    nsp_build_query(wire, sizeof wire, 0, 0, name, type, NSP_CLASS_IN, dnssec ? &edns : NULL, &n);
    exchange_t *x = exchange_add(set, TRANSPORT_UDP, server, wire, n);
    event_t sent = {.kind = EVENT_SENT, .attempt = 1, .bytes = wire, .size = (uint32_t)n};
    event_t came = {.kind = EVENT_REPLY,
                    .attempt = 1,
                    .at = SECOND,
                    .peer = *server,
                    .bytes = reply->at,
                    .size = reply->size};
    if (x == NULL || !exchange_append(x, &sent))
        abort();
    if (reply->size > 0 && !exchange_append(x, &came))
        abort();
    x->finished = true;
    return x;
}

/* A plain SOA, so that the address counts as one that serves the zone. */
static octets_in_t plain_soa(const nsp_name_t *zone, uint8_t *buf, size_t cap)
{
    static const uint8_t rdata[22] = {0, 0, 0,   0, 0,  1,   0, 0, 28, 32, 0,
                                      0, 3, 132, 0, 18, 117, 0, 0, 0,  1,  44};
    nsp_builder_t b;
    size_t n = 0;
    nsp_build_begin(&b, buf, cap, 0, NSP_FLAG_QR | NSP_FLAG_AA);
    nsp_build_question(&b, zone, NSP_TYPE_SOA, NSP_CLASS_IN);
    nsp_build_rr(&b, NSP_ANSWER, zone, NSP_TYPE_SOA, NSP_CLASS_IN, 300, rdata, sizeof rdata);
    octets_in_t m = {buf, 0};
    if (nsp_build_end(&b, &n) == NSP_OK)
        m.size = (uint32_t)n;
    return m;
}

static void fill(model_t *m, exchange_set_t *set, nsp_reader_t *r)
{
    octets_in_t reply[QUESTIONS] = {{NULL, 0}};
    nsp_rr_t arena[16];
    nsp_msg_t msg;
    nsp_name_t name;
    uint8_t soa[600];
    octets_in_t ds = take(r);
    for (unsigned i = 0; i < 2; i++) {
        model_address_t *a = &m->address[i];
        const uint8_t octets[4] = {8, 0, 1, (uint8_t)(i + 1)};
        a->addr = addr_from_octets(octets, 4, 53);
        for (unsigned q = 0; q < QUESTIONS && nsp_left(r) > 0; q++)
            reply[q] = take(r);
        if (i == 0) {
            nsp_name_root(&m->zone);
            nsp_msg_index(&msg, reply[0].at != NULL ? reply[0].at : soa, reply[0].size, arena, 16);
            nsp_msg_qname(&msg, &m->zone);
            m->domain = m->zone;
        }
        octets_in_t plain = plain_soa(&m->zone, soa, sizeof soa);
        add(set, &a->addr, &m->zone, NSP_TYPE_SOA, false, &plain);
        for (unsigned q = 0; q < QUESTIONS; q++) {
            static const nsp_name_t label = {10, {8, 'n', 's', 'p', 'r', 'o', 'b', 'e', '-', 0}};
            name = m->zone;
            if (types[q] == NSP_TYPE_A && nsp_name_join(&label, &m->zone, &name) != NSP_OK)
                continue;
            add(set, &a->addr, &name, types[q], true, &reply[q]);
        }
    }
    m->address_count = 2;
    m->zone_found = m->finished = m->parent_known = true;
    m->parent_count = 1;
    m->parent_addr[0].addr = m->address[0].addr;
    m->parent_addr[0].referral = true;
    m->parent_addr[0].ds = add(set, &m->address[0].addr, &m->zone, NSP_TYPE_DS, true, &ds);
    m->parent_addr[0].asked = m->parent_addr[0].ds;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static model_t m;
    nsp_reader_t r = nsp_reader(data, size);
    exchange_set_t set;
    finding_list_t list;
    exchange_set_init(&set, (int64_t)nsp_read_u32(&r) * SECOND);
    finding_list_init(&list);
    memset(&m, 0, sizeof m);
    fill(&m, &set, &r);
    if (!diagnose(&m, &set, NULL, &list))
        abort();
    for (size_t i = 0; i < list.count; i++) {
        const finding_t *f = &list.item[i];
        if (f->text == NULL || f->text[0] == '\0' || f->id >= FINDING_COUNT)
            abort();
        for (unsigned k = 0; k < f->evidence_count; k++)
            if (f->evidence[k] == 0 || f->evidence[k] > set.count)
                abort();
    }
    finding_list_free(&list);
    exchange_set_free(&set);
    return 0;
}
