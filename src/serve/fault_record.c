/* Faults of names and of records: a good reply with one record that is wrong. */
#include "serve/fault_make.h"

static const uint8_t address[] = {192, 0, 2, 1};

/* One A record whose owner is these octets. */
static void with_owner(maker_t *k, const uint8_t *owner, size_t n)
{
    nsp_writer_t w = make_begin(k, 0, true);
    make_record(&w, owner, n, NSP_TYPE_A, NSP_CLASS_IN, 60, address, sizeof address);
    make_end(k, &w, 1, 1, 0, 0);
    put_message(k);
}

/* Offset of the first record of a reply that make_begin began. */
static size_t first_record(const maker_t *k)
{
    return NSP_HEADER_SIZE + k->qname.len + 4u;
}

static void pointer(uint8_t *p, size_t target)
{
    p[0] = (uint8_t)(0xc0u | target >> 8);
    p[1] = (uint8_t)target;
}

/* Two records, each with an owner that points at the other's. */
static void two_pointers(maker_t *k)
{
    uint8_t owner[2];
    size_t first = first_record(k);
    nsp_writer_t w = make_begin(k, 0, true);
    pointer(owner, first + 16);
    make_record(&w, owner, 2, NSP_TYPE_A, NSP_CLASS_IN, 60, address, sizeof address);
    pointer(owner, first);
    make_record(&w, owner, 2, NSP_TYPE_A, NSP_CLASS_IN, 60, address, sizeof address);
    make_end(k, &w, 1, 2, 0, 0);
    put_message(k);
}

/* A record of opaque data that is nothing but pointers, each to the one before, and an owner that
 * enters at the end. */
static void pointer_chain(maker_t *k)
{
    uint8_t chain[2000];
    uint8_t owner[2];
    size_t base = first_record(k) + 12;
    pointer(chain, NSP_HEADER_SIZE);
    for (size_t i = 2; i < sizeof chain; i += 2)
        pointer(chain + i, base + i - 2);
    nsp_writer_t w = make_begin(k, 0, true);
    make_answer(&w, 65280, NSP_CLASS_IN, 60, chain, sizeof chain);
    pointer(owner, base + sizeof chain - 2);
    make_record(&w, owner, 2, NSP_TYPE_A, NSP_CLASS_IN, 60, address, sizeof address);
    make_end(k, &w, 1, 2, 0, 0);
    put_message(k);
}

/* 200 octets of labels before a pointer to 100 octets of labels. */
static void long_by_pointer(maker_t *k)
{
    uint8_t tail[128];
    uint8_t owner[202];
    size_t base = first_record(k) + 12;
    for (size_t i = 0; i < 200; i++)
        owner[i] = i % 2 == 0 ? 1 : 'o';
    for (size_t i = 0; i < 100; i++)
        tail[i] = i % 2 == 0 ? 1 : 't';
    tail[100] = 0;
    pointer(owner + 200, base);
    nsp_writer_t w = make_begin(k, 0, true);
    make_answer(&w, 65280, NSP_CLASS_IN, 60, tail, 101);
    make_record(&w, owner, sizeof owner, NSP_TYPE_A, NSP_CLASS_IN, 60, address, sizeof address);
    make_end(k, &w, 1, 2, 0, 0);
    put_message(k);
}

bool fault_name(maker_t *k, fault_id_t id)
{
    uint8_t owner[16];
    switch (id) {
    case FAULT_POINTER_TWO:
        two_pointers(k);
        return true;
    case FAULT_POINTER_LABEL_LOOP:
        owner[0] = 1;
        owner[1] = 'x';
        pointer(owner + 2, first_record(k));
        with_owner(k, owner, 4);
        return true;
    case FAULT_POINTER_CHAIN:
        pointer_chain(k);
        return true;
    case FAULT_POINTER_HEADER:
        pointer(owner, 4);
        with_owner(k, owner, 2);
        return true;
    case FAULT_POINTER_CUT: {
        nsp_writer_t w = make_begin(k, 0, true);
        nsp_write_u8(&w, 0xc0);
        make_end(k, &w, 1, 1, 0, 0);
        put_message(k);
        return true;
    }
    case FAULT_LABEL_RESERVED:
        with_owner(k, (const uint8_t *)"\x81x\0", 3);
        return true;
    case FAULT_NAME_LONG_POINTER:
        long_by_pointer(k);
        return true;
    case FAULT_NAME_NUL:
        with_owner(k, (const uint8_t *)"\5a\0\x1b\r\n\2\xff.\0", 10);
        return true;
    default:
        return false;
    }
}

/* Records whose RDATA is fixed. rdata may hold NUL octets. */
static bool fixed_rdata(maker_t *k, fault_id_t id)
{
#define OCTETS(text) (const uint8_t *)(text), sizeof(text) - 1
    static const struct {
        fault_id_t id;
        uint16_t type;
        const uint8_t *rdata;
        size_t size;
        uint32_t ttl;
    } records[] = {
        {FAULT_RDATA_EMPTY, NSP_TYPE_A, OCTETS(""), 60},
        {FAULT_A_THREE, NSP_TYPE_A, OCTETS("\300\0\2"), 60},
        {FAULT_A_FIVE, NSP_TYPE_A, OCTETS("\300\0\2\1\1"), 60},
        {FAULT_AAAA_FOUR, NSP_TYPE_AAAA, OCTETS("\300\0\2\1"), 60},
        {FAULT_TXT_PAST, NSP_TYPE_TXT, OCTETS("\377abc"), 60},
        {FAULT_TXT_EMPTY, NSP_TYPE_TXT, OCTETS(""), 60},
        {FAULT_SOA_CUT, NSP_TYPE_SOA, OCTETS("\1a\0\1b\0\0\0\0\1\0\0\0\1\0\0\0\1"), 60},
        {FAULT_CNAME_PAST, NSP_TYPE_CNAME, OCTETS("\77abc"), 60},
        {FAULT_SVCB_LOOP, NSP_TYPE_HTTPS,
         OCTETS("\0\1\0\0\3\0\2\1\273\0\1\0\3\2h2\0\4\377\377\1\2\3\4"), 60},
        {FAULT_NSEC_BITMAP, NSP_TYPE_NSEC, OCTETS("\1a\0\0\377\1\2\3"), 60},
        {FAULT_NSEC3_ITERATIONS, NSP_TYPE_NSEC3,
         OCTETS("\1\0\377\377\0\24aaaaaaaaaaaaaaaaaaaa\0\1\100"), 60},
        {FAULT_TTL_NEGATIVE, NSP_TYPE_A, OCTETS("\300\0\2\1"), UINT32_C(0x80000001)},
    };
#undef OCTETS
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        if (records[i].id != id)
            continue;
        nsp_writer_t w = make_begin(k, 0, true);
        make_answer(&w, records[i].type, NSP_CLASS_IN, records[i].ttl, records[i].rdata,
                    records[i].size);
        make_end(k, &w, 1, 1, 0, 0);
        put_message(k);
        return true;
    }
    return false;
}

/* Keys with one tag, and signatures by each of them: what a validator would try all of. */
static void many_signatures(maker_t *k)
{
    uint8_t key[4 + 64] = {1, 0, 3, 13};
    uint8_t sig[18 + 1 + 64] = {0};
    nsp_writer_t w = make_begin(k, 0, true);
    sig[1] = (uint8_t)k->qtype;
    sig[2] = 13;
    sig[3] = 1;
    for (unsigned i = 0; i < 100; i++) {
        for (size_t at = 4; at < sizeof key; at++)
            key[at] = (uint8_t)nsp_random_next(&k->random);
        make_answer(&w, NSP_TYPE_DNSKEY, NSP_CLASS_IN, 60, key, sizeof key);
        for (size_t at = 19; at < sizeof sig; at++)
            sig[at] = (uint8_t)nsp_random_next(&k->random);
        make_answer(&w, NSP_TYPE_RRSIG, NSP_CLASS_IN, 60, sig, sizeof sig);
    }
    make_end(k, &w, 1, 200, 0, 0);
    put_message(k);
}

static void many_records(maker_t *k)
{
    uint16_t n = 0;
    nsp_writer_t w = make_begin(k, 0, true);
    for (; w.pos + 16 <= UINT16_MAX; n++)
        make_answer(&w, NSP_TYPE_A, NSP_CLASS_IN, 60, address, sizeof address);
    make_end(k, &w, 1, n, 0, 0);
    put_message(k);
}

bool fault_record(maker_t *k, fault_id_t id)
{
    uint8_t rdata[64];
    if (fixed_rdata(k, id))
        return true;
    switch (id) {
    case FAULT_RRSIG_MANY:
        many_signatures(k);
        return true;
    case FAULT_MANY_RECORDS:
        many_records(k);
        return true;
    case FAULT_CLASS_OTHER: {
        nsp_writer_t w = make_begin(k, 0, true);
        size_t n = make_lie(k->qtype, rdata);
        make_answer(&w, k->qtype, NSP_CLASS_CH, 60, rdata, n);
        make_end(k, &w, 1, 1, 0, 0);
        put_message(k);
        return true;
    }
    default:
        return false;
    }
}
