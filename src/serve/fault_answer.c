/* Faults of EDNS, and answers that are well-formed and not to be believed. */
#include "serve/fault_make.h"

/* The honest answer section's place is taken by an A record, and this OPT follows. */
static void with_opt(maker_t *k, const uint8_t *owner, size_t owner_size, uint32_t ttl,
                     const uint8_t *options, size_t size)
{
    static const uint8_t address[] = {192, 0, 2, 1};
    nsp_writer_t w = make_begin(k, 0, true);
    make_answer(&w, NSP_TYPE_A, NSP_CLASS_IN, 60, address, sizeof address);
    make_record(&w, owner, owner_size, NSP_TYPE_OPT, 1232, ttl, options, size);
    make_end(k, &w, 1, 1, 0, 1);
    put_message(k);
}

static bool edns(maker_t *k, fault_id_t id)
{
    static const uint8_t empty[4] = {0xfd, 0xe9, 0, 0};
    uint8_t many[400];
    static const uint8_t root[] = {0};
    switch (id) {
    case FAULT_OPT_OWNER:
        with_opt(k, (const uint8_t *)"\3opt", 5, 0, NULL, 0);
        return true;
    case FAULT_OPTION_MANY:
        for (size_t i = 0; i < sizeof many; i += 4)
            memcpy(many + i, empty, sizeof empty);
        with_opt(k, root, 1, 0, many, sizeof many);
        return true;
    case FAULT_EDNS_VERSION:
        with_opt(k, root, 1, UINT32_C(255) << 16, NULL, 0);
        return true;
    case FAULT_COOKIE_SHORT:
        with_opt(k, root, 1, 0, (const uint8_t *)"\0\12\0\3abc", 7);
        return true;
    case FAULT_ECS_LIE:
        with_opt(k, root, 1, 0, (const uint8_t *)"\0\10\0\10\0\1\377\0\1\2\3\4", 12);
        return true;
    case FAULT_COOKIE_OTHER:
        with_opt(k, root, 1, 0, (const uint8_t *)"\0\12\0\20wrongXX!serverXX", 20);
        return true;
    default:
        return false;
    }
}

static nsp_name_t name_of(const char *text)
{
    nsp_name_t name;
    nsp_name_from_text(text, strlen(text), NULL, &name, NULL);
    return name;
}

/* A CNAME at any owner. */
static void cname(nsp_writer_t *w, const nsp_name_t *owner, const nsp_name_t *target)
{
    make_record(w, owner->octets, owner->len, NSP_TYPE_CNAME, NSP_CLASS_IN, 60, target->octets,
                target->len);
}

static void cname_chain(maker_t *k, unsigned links)
{
    nsp_name_t from = k->qname;
    nsp_writer_t w = make_begin(k, 0, true);
    for (unsigned i = 0; i < links; i++) {
        char text[32];
        unsigned at = (unsigned)(i % 1000);
        memcpy(text, "c000.chain.invalid.", sizeof "c000.chain.invalid.");
        text[1] = (char)('0' + at / 100);
        text[2] = (char)('0' + at / 10 % 10);
        text[3] = (char)('0' + at % 10);
        nsp_name_t to = name_of(text);
        cname(&w, &from, &to);
        from = to;
    }
    make_end(k, &w, 1, (uint16_t)links, 0, 0);
    put_message(k);
}

static void cname_loop(maker_t *k, bool self)
{
    nsp_name_t other = name_of("loop.invalid.");
    nsp_writer_t w = make_begin(k, 0, true);
    cname(&w, &k->qname, self ? &k->qname : &other);
    if (!self)
        cname(&w, &other, &k->qname);
    make_end(k, &w, 1, self ? 1 : 2, 0, 0);
    put_message(k);
}

/* A DNAME at the parent of QNAME whose target leaves no room for its first label (RFC 6672 2.2). */
static void dname_long(maker_t *k)
{
    nsp_name_t parent;
    uint8_t target[NSP_NAME_MAX];
    size_t n = 0;
    nsp_name_strip(&k->qname, 1, &parent);
    while (n + 2 < sizeof target) {
        memcpy(target + n, "\1d", 2);
        n += 2;
    }
    target[n++] = 0;
    nsp_writer_t w = make_begin(k, 0, true);
    make_record(&w, parent.octets, parent.len, NSP_TYPE_DNAME, NSP_CLASS_IN, 60, target, n);
    make_end(k, &w, 1, 1, 0, 0);
    put_message(k);
}

/* A referral to a zone, with the lie as glue. */
static void referral(maker_t *k, const nsp_name_t *zone)
{
    uint8_t lie[64];
    nsp_name_t server = name_of(FAULT_LIE_NAME);
    size_t n = make_lie(NSP_TYPE_A, lie);
    nsp_writer_t w = make_begin(k, 0, true);
    make_record(&w, zone->octets, zone->len, NSP_TYPE_NS, NSP_CLASS_IN, 60, server.octets,
                server.len);
    make_record(&w, server.octets, server.len, NSP_TYPE_A, NSP_CLASS_IN, 60, lie, n);
    make_end(k, &w, 1, 0, 1, 1);
    k->buf[2] &= (uint8_t) ~(NSP_FLAG_AA >> 8);
    put_message(k);
}

/* Records about other names: beside the right answer, or instead of it. */
static void foreign_records(maker_t *k, bool beside)
{
    static const uint8_t address[] = {192, 0, 2, 1};
    uint8_t lie[64];
    nsp_name_t victim = name_of("www.bank.invalid.");
    nsp_name_t zone = name_of("invalid.");
    nsp_name_t server = name_of(FAULT_LIE_NAME);
    size_t n = make_lie(NSP_TYPE_A, lie);
    nsp_writer_t w = make_begin(k, 0, true);
    if (beside)
        make_answer(&w, NSP_TYPE_A, NSP_CLASS_IN, 60, address, sizeof address);
    else
        make_record(&w, victim.octets, victim.len, NSP_TYPE_A, NSP_CLASS_IN, 60, lie, n);
    make_record(&w, zone.octets, zone.len, NSP_TYPE_NS, NSP_CLASS_IN, 60, server.octets,
                server.len);
    make_record(&w, server.octets, server.len, NSP_TYPE_A, NSP_CLASS_IN, 60, lie, n);
    make_end(k, &w, 1, 1, 1, 1);
    put_message(k);
}

bool fault_answer(maker_t *k, fault_id_t id)
{
    nsp_name_t root;
    nsp_name_root(&root);
    if (edns(k, id))
        return true;
    switch (id) {
    case FAULT_OUT_OF_BAILIWICK:
    case FAULT_UNRELATED_ANSWER:
        foreign_records(k, id == FAULT_OUT_OF_BAILIWICK);
        return true;
    case FAULT_WRONG_TYPE_ANSWER: {
        nsp_writer_t w = make_begin(k, 0, true);
        make_answer(&w, k->qtype == NSP_TYPE_MX ? NSP_TYPE_NS : NSP_TYPE_MX, NSP_CLASS_IN, 60,
                    (const uint8_t *)"\0\12\2mx\0", 6);
        make_end(k, &w, 1, 1, 0, 0);
        put_message(k);
        return true;
    }
    case FAULT_CNAME_SELF:
    case FAULT_CNAME_LOOP:
        cname_loop(k, id == FAULT_CNAME_SELF);
        return true;
    case FAULT_CNAME_CHAIN:
        cname_chain(k, 200);
        return true;
    case FAULT_DNAME_LONG:
        dname_long(k);
        return true;
    case FAULT_REFERRAL_SELF:
    case FAULT_REFERRAL_UP:
        referral(k, id == FAULT_REFERRAL_UP ? &root : &k->qname);
        return true;
    case FAULT_NXDOMAIN_ANSWER:
        k->buf[3] = (uint8_t)((k->buf[3] & 0xf0) | NSP_RCODE_NXDOMAIN);
        put_message(k);
        return true;
    default:
        return false;
    }
}
