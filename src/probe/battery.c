#include "probe/battery.h"

#include <stdio.h>

static size_t build(const nsp_name_t *name, uint16_t type, uint16_t flags, const nsp_edns_t *edns,
                    uint8_t *buf, size_t cap)
{
    size_t size = 0;
    nsp_err_t err = nsp_build_query(buf, cap, 0, flags, name, type, NSP_CLASS_IN, edns, &size);
    return err == NSP_OK ? size : 0;
}

size_t battery_question(const nsp_name_t *name, uint16_t type, bool rd, bool edns, uint8_t *buf,
                        size_t cap)
{
    nsp_edns_t e = {.udp_size = PROBE_EDNS_SIZE,
                    .flags = type == NSP_TYPE_DS || type == NSP_TYPE_DNSKEY ? NSP_EDNS_DO : 0};
    return build(name, type, rd ? NSP_FLAG_RD : 0, edns ? &e : NULL, buf, cap);
}

static uint64_t next_random(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *state;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Gives letters a random case (RFC 4343), one at least upper. False when there is no letter. */
static bool mix_case(nsp_name_t *name, uint64_t *state)
{
    unsigned first = 0;
    bool upper = false;
    for (unsigned at = 0; name->octets[at] != 0; at += name->octets[at] + 1u) {
        for (unsigned i = at + 1; i <= at + name->octets[at]; i++) {
            uint8_t *c = &name->octets[i];
            if (*c < 'a' || *c > 'z')
                continue;
            first = first == 0 ? i : first;
            if ((next_random(state) & 1) != 0) {
                *c = (uint8_t)(*c - 'a' + 'A');
                upper = true;
            }
        }
    }
    if (!upper && first != 0)
        name->octets[first] = (uint8_t)(name->octets[first] - 'a' + 'A');
    return first != 0;
}

static bool nonexistent(const nsp_name_t *zone, uint64_t *state, const run_mark_t *mark,
                        nsp_name_t *out)
{
    char text[64];
    char told[RUN_MARK_TEXT_MAX];
    nsp_name_t label;
    int n = snprintf(text, sizeof text, PROBE_NXDOMAIN_PREFIX "%012llx",
                     (unsigned long long)(next_random(state) & UINT64_C(0xffffffffffff)));
    size_t shorter = (size_t)n;
    if (mark != NULL)
        n += snprintf(text + n, sizeof text - (size_t)n, "%s", run_mark_text(mark, told));
    if (nsp_name_from_text(text, (size_t)n, NULL, &label, NULL) == NSP_OK &&
        nsp_name_join(&label, zone, out) == NSP_OK)
        return true;
    return nsp_name_from_text(text, shorter, NULL, &label, NULL) == NSP_OK &&
           nsp_name_join(&label, zone, out) == NSP_OK;
}

/* One question of the battery. size: of the OPT; 0 for none. */
typedef struct shape {
    probe_kind_t kind;
    transport_t transport;
    uint16_t type;
    uint16_t size;
    bool dnssec; /* DO (RFC 3225) */
} shape_t;

static const shape_t shapes[BATTERY_MAX] = {
    {PROBE_SOA, TRANSPORT_UDP, NSP_TYPE_SOA, 0, false},
    {PROBE_SOA_EDNS, TRANSPORT_UDP, NSP_TYPE_SOA, PROBE_EDNS_SIZE, false},
    {PROBE_SOA_TCP, TRANSPORT_TCP, NSP_TYPE_SOA, PROBE_EDNS_SIZE, false},
    {PROBE_NS, TRANSPORT_UDP, NSP_TYPE_NS, PROBE_EDNS_SIZE, false},
    {PROBE_NS_TCP, TRANSPORT_TCP, NSP_TYPE_NS, PROBE_EDNS_SIZE, false},
    {PROBE_BIG, TRANSPORT_UDP, NSP_TYPE_DNSKEY, PROBE_BIG_SIZE, true},
    {PROBE_BIG, TRANSPORT_UDP, NSP_TYPE_TXT, PROBE_BIG_SIZE, true},
    {PROBE_BIG_TCP, TRANSPORT_TCP, NSP_TYPE_DNSKEY, PROBE_BIG_SIZE, true},
    {PROBE_BIG_TCP, TRANSPORT_TCP, NSP_TYPE_TXT, PROBE_BIG_SIZE, true},
    {PROBE_CASE, TRANSPORT_UDP, NSP_TYPE_SOA, PROBE_EDNS_SIZE, false},
    {PROBE_NXDOMAIN, TRANSPORT_UDP, NSP_TYPE_A, PROBE_EDNS_SIZE, false},
    {PROBE_NODATA, TRANSPORT_UDP, PROBE_NODATA_TYPE, PROBE_EDNS_SIZE, false},
};

static const shape_t signed_shapes[BATTERY_SIGNED_MAX] = {
    {PROBE_SIGNED, TRANSPORT_UDP, NSP_TYPE_NS, PROBE_EDNS_SIZE, true},
    {PROBE_SIGNED, TRANSPORT_UDP, NSP_TYPE_CDS, PROBE_EDNS_SIZE, true},
    {PROBE_SIGNED, TRANSPORT_UDP, NSP_TYPE_CDNSKEY, PROBE_EDNS_SIZE, true},
    {PROBE_SIGNED, TRANSPORT_UDP, NSP_TYPE_NSEC3PARAM, PROBE_EDNS_SIZE, true},
    {PROBE_SIGNED, TRANSPORT_UDP, NSP_TYPE_A, PROBE_EDNS_SIZE, true},
};

static size_t build_all(const shape_t *shape, size_t shape_count, const nsp_name_t *zone,
                        uint64_t random, const run_mark_t *mark, battery_query_t *out)
{
    size_t count = 0;
    uint64_t state = random;
    for (size_t i = 0; i < shape_count; i++) {
        const shape_t *s = &shape[i];
        battery_query_t *q = &out[count];
        nsp_edns_t edns = {.udp_size = s->size, .flags = s->dnssec ? NSP_EDNS_DO : 0};
        nsp_name_t name = *zone;
        nsp_name_lower(&name);
        if (s->kind == PROBE_CASE && !mix_case(&name, &state))
            continue;
        if (s->type == NSP_TYPE_A && !nonexistent(zone, &state, mark, &name))
            continue;
        q->kind = s->kind;
        q->transport = s->transport;
        q->size = build(&name, s->type, 0, s->size != 0 ? &edns : NULL, q->wire, sizeof q->wire);
        if (q->size > 0)
            count++;
    }
    return count;
}

size_t battery_build(const nsp_name_t *zone, uint64_t random, const run_mark_t *mark,
                     battery_query_t out[BATTERY_MAX])
{
    return build_all(shapes, BATTERY_MAX, zone, random, mark, out);
}

size_t battery_signed_build(const nsp_name_t *zone, uint64_t random, const run_mark_t *mark,
                            battery_query_t out[BATTERY_SIGNED_MAX])
{
    return build_all(signed_shapes, BATTERY_SIGNED_MAX, zone, random, mark, out);
}
