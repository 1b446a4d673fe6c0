/* The encoder: compression, room, and the round trip of made and of real messages. */
#include "proto/encode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "messages.h"
#include "proto/frame.h"
#include "proto/rdata.h"

static nsp_name_t name_of(const char *text)
{
    nsp_name_t name;
    assert_int_equal(nsp_name_from_text(text, strlen(text), NULL, &name, NULL), NSP_OK);
    return name;
}

/* Begins a message with the question for name. */
static void begin(nsp_builder_t *b, uint8_t *buf, size_t cap, const char *qname)
{
    nsp_name_t name = name_of(qname);
    nsp_build_begin(b, buf, cap, 0x0102, NSP_FLAG_QR);
    nsp_build_question(b, &name, NSP_TYPE_A, NSP_CLASS_IN);
}

static bool add(nsp_builder_t *b, const char *owner, uint16_t type, const void *rdata, size_t n)
{
    nsp_name_t name = name_of(owner);
    return nsp_build_rr(b, NSP_ANSWER, &name, type, NSP_CLASS_IN, 60, rdata, (uint16_t)n);
}

typedef struct octets_case {
    const char *owner;
    uint16_t type;
    const char *rdata;
    size_t rdlength;
    const char *wire; /* of the record, behind a question for wWw.Example. */
    size_t size;
} octets_case_t;

#define S(s)  s, sizeof(s) - 1
#define FIXED "\0\1\0\0\0\74"

static const octets_case_t octets_cases[] = {
    {"wWw.Example.", NSP_TYPE_A, S("\1\2\3\4"), S("\300\14\0\1" FIXED "\0\4\1\2\3\4")},
    /* equal but for the case: the pointer gives the earlier case, as servers do */
    {"www.example.", NSP_TYPE_A, S("\1\2\3\4"), S("\300\14\0\1" FIXED "\0\4\1\2\3\4")},
    {"X.EXAMPLE.", NSP_TYPE_A, S("\1\2\3\4"), S("\1X\300\20\0\1" FIXED "\0\4\1\2\3\4")},
    {".", NSP_TYPE_NS, S("\1a\7example\0"), S("\0\0\2" FIXED "\0\4\1a\300\20")},
    {"example.", NSP_TYPE_NS, S("\0"), S("\300\20\0\2" FIXED "\0\1\0")},
    {"example.", NSP_TYPE_MX, S("\0\12\2mx\7example\0"),
     S("\300\20\0\17" FIXED "\0\7\0\12\2mx\300\20")},
    {"example.", NSP_TYPE_SOA,
     S("\1m\7example\0\1r\1m\7example\0"
       "11112222333344445555"),
     S("\300\20\0\6" FIXED "\0\34\1m\300\20\1r\300\51"
       "11112222333344445555")},
    /* not a type of RFC 1035: never compressed (RFC 3597 4) */
    {"example.", NSP_TYPE_SRV, S("\0\1\0\2\0\3\7example\0"),
     S("\300\20\0\41" FIXED "\0\17\0\1\0\2\0\3\7example\0")},
    {"example.", NSP_TYPE_DNAME, S("\7example\0"), S("\300\20\0\47" FIXED "\0\11\7example\0")},
    {"example.", 65280, S("\7example\0"), S("\300\20\377\0" FIXED "\0\11\7example\0")},
    /* no name where one should be: written as it is */
    {"example.", NSP_TYPE_NS, S("\7exam"), S("\300\20\0\2" FIXED "\0\5\7exam")},
    {"example.", NSP_TYPE_NS, S("\7example\0x"), S("\300\20\0\2" FIXED "\0\12\7example\0x")},
    {"example.", NSP_TYPE_NS, S(""), S("\300\20\0\2" FIXED "\0\0")},
};

static void record_octets(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof octets_cases / sizeof octets_cases[0]; i++) {
        const octets_case_t *c = &octets_cases[i];
        uint8_t buf[512];
        nsp_builder_t b;
        size_t size = 0;
        begin(&b, buf, sizeof buf, "wWw.Example.");
        size_t at = b.w.pos;
        assert_int_equal(at, 12 + 13 + 4);
        assert_true(add(&b, c->owner, c->type, c->rdata, c->rdlength));
        assert_int_equal(nsp_build_end(&b, &size), NSP_OK);
        assert_memory_equal(buf, "\1\2\x80\0\0\1\0\1\0\0\0\0\3wWw\7Example\0\0\1\0\1", 29);
        assert_int_equal(size - at, c->size);
        assert_memory_equal(buf + at, c->wire, c->size);
    }
}

static void without_compression(void **state)
{
    (void)state;
    uint8_t buf[512];
    nsp_builder_t b;
    begin(&b, buf, sizeof buf, "example.");
    b.compress = false;
    size_t at = b.w.pos;
    assert_true(add(&b, "example.", NSP_TYPE_NS, "\7example\0", 9));
    assert_memory_equal(buf + at, "\7example\0\0\2" FIXED "\0\11\7example\0", b.w.pos - at);
}

/* Names first written at 16382, 16383 and 16384: 14 bits reach the first two. */
static void pointer_reach(void **state)
{
    (void)state;
    static uint8_t buf[40000];
    static const uint8_t filler[16384];
    for (size_t at = 16382; at <= 16384; at++) {
        nsp_builder_t b;
        begin(&b, buf, sizeof buf, ".");
        assert_true(add(&b, ".", NSP_TYPE_NULL, filler, at - b.w.pos - 11));
        assert_int_equal(b.w.pos, at);
        assert_true(add(&b, "a.", NSP_TYPE_A, "\1\2\3\4", 4));
        size_t second = b.w.pos;
        assert_true(add(&b, "a.", NSP_TYPE_A, "\1\2\3\4", 4));
        assert_int_equal(b.w.pos - second, at <= 16383 ? 16 : 17);
        assert_int_equal(buf[second], at <= 16383 ? 0xff : 1);
    }
}

/* With any room, what does not fit leaves no trace, and the names of what was taken back are not
 * pointed at. */
static void rollback(void **state)
{
    (void)state;
    static const char rdata[] = "\2ns\3new\7example\0";
    size_t full = 0;
    for (size_t cap = 12 + 13; cap < 100; cap++) {
        uint8_t *buf = malloc(cap);
        nsp_builder_t b;
        nsp_msg_t m;
        nsp_rr_t rr[4];
        size_t size = 0;
        assert_non_null(buf);
        begin(&b, buf, cap, "example.");
        uint32_t before = b.w.pos;
        bool took = add(&b, "new.example.", NSP_TYPE_NS, rdata, sizeof rdata - 1);
        assert_int_equal(b.w.err, NSP_OK);
        assert_int_equal(b.count[NSP_ANSWER], took);
        assert_int_equal(b.w.pos, took ? before + 6 + 10 + 5 : before);
        full = took && full == 0 ? cap : full;
        bool small = add(&b, "new.example.", NSP_TYPE_NULL, "", 0);
        assert_int_equal(nsp_build_end(&b, &size), NSP_OK);
        assert_int_equal(nsp_msg_index(&m, buf, size, rr, 4), NSP_OK);
        assert_int_equal(m.rr_count, took + small);
        free(buf);
    }
    assert_int_equal(full, 12 + 13 + 21);
}

static void query_in_any_room(void **state)
{
    (void)state;
    nsp_name_t name = name_of("example.");
    nsp_edns_t edns = {.udp_size = 1232, .flags = NSP_EDNS_DO, .option_count = 1};
    edns.option[0] = (nsp_edns_option_t){NSP_OPTION_NSID, 0, NULL};
    for (size_t cap = 0; cap <= 45; cap++) {
        uint8_t *buf = malloc(cap > 0 ? cap : 1);
        size_t size = 99;
        assert_non_null(buf);
        nsp_err_t err = nsp_build_query(buf, cap, 7, NSP_FLAG_RD, &name, NSP_TYPE_NS, NSP_CLASS_IN,
                                        &edns, &size);
        assert_int_equal(err, cap < 40 ? NSP_E_SPACE : NSP_OK);
        assert_int_equal(size, cap < 40 ? 0 : 40);
        if (err == NSP_OK)
            assert_memory_equal(buf,
                                "\0\7\1\0\0\1\0\0\0\0\0\1\7example\0\0\2\0\1"
                                "\0\0\51\4\320\0\0\200\0\0\4\0\3\0\0",
                                40);
        free(buf);
    }
    uint8_t plain[64];
    size_t size = 0;
    assert_int_equal(
        nsp_build_query(plain, sizeof plain, 7, 0, &name, NSP_TYPE_NS, NSP_CLASS_IN, NULL, &size),
        NSP_OK);
    assert_int_equal(size, 25);
}

/* More names than the memory of the builder has places: still a sound message. */
static void many_names(void **state)
{
    (void)state;
    static uint8_t buf[65535];
    static nsp_rr_t rr[1000];
    nsp_builder_t b;
    nsp_msg_t m;
    size_t size = 0;
    begin(&b, buf, sizeof buf, "example.");
    for (int i = 0; i < 600; i++) {
        char owner[32];
        snprintf(owner, sizeof owner, "n%d.example.", i);
        assert_true(add(&b, owner, NSP_TYPE_A, "\1\2\3\4", 4));
    }
    assert_int_equal(nsp_build_end(&b, &size), NSP_OK);
    assert_int_equal(nsp_msg_index(&m, buf, size, rr, 1000), NSP_OK);
    for (uint16_t i = 0; i < 600; i++) {
        char owner[32];
        snprintf(owner, sizeof owner, "n%d.example.", i);
        nsp_name_t want = name_of(owner);
        assert_true(nsp_rr_owner_is(&m, &m.rr[i], &want));
    }
}

/* Equal in every record, the case of owner names included. */
static bool same_messages(const nsp_msg_t *a, const nsp_msg_t *b)
{
    static uint8_t ca[UINT16_MAX];
    static uint8_t cb[UINT16_MAX];
    bool same = a->id == b->id && a->flags == b->flags && a->qtype == b->qtype &&
                a->qclass == b->qclass && memcmp(a->found, b->found, sizeof a->found) == 0;
    for (uint16_t i = 0; same && i < a->rr_count; i++) {
        const nsp_rr_t *ra = &a->rr[i];
        const nsp_rr_t *rb = &b->rr[i];
        nsp_name_t na;
        nsp_name_t nb;
        nsp_err_t ea;
        nsp_err_t eb;
        nsp_rr_owner(a, ra, &na);
        nsp_rr_owner(b, rb, &nb);
        size_t n = nsp_rdata_canonical(a, ra, ca, sizeof ca, &ea);
        same = nsp_name_equal(&na, &nb) && ra->type == rb->type && ra->rclass == rb->rclass &&
               ra->ttl == rb->ttl && ra->section == rb->section &&
               n == nsp_rdata_canonical(b, rb, cb, sizeof cb, &eb) && memcmp(ca, cb, n) == 0;
    }
    return same;
}

/* Parses, writes, parses and compares. False when the message itself is not sound. */
static bool round_trip(const uint8_t *wire, size_t size)
{
    static nsp_rr_t arena[2][NSP_RR_MAX];
    static uint8_t buf[UINT16_MAX];
    nsp_msg_t a;
    nsp_msg_t b;
    size_t n = 0;
    if (nsp_msg_index(&a, wire, size, arena[0], NSP_RR_MAX) != NSP_OK ||
        nsp_msg_validate(&a) != NSP_OK)
        return false;
    assert_int_equal(nsp_msg_encode(&a, buf, sizeof buf, &n), NSP_OK);
    assert_int_equal(nsp_msg_index(&b, buf, n, arena[1], NSP_RR_MAX), NSP_OK);
    assert_int_equal(nsp_msg_validate(&b), NSP_OK);
    assert_true(same_messages(&a, &b));
    return true;
}

static void made_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < good_message_count; i++)
        assert_true(round_trip(good_messages[i].wire, good_messages[i].size));
}

static void real_messages(void **state)
{
    (void)state;
    char path[4096];
    const char *shared = getenv("NSPROBE_SHARED");
    uint8_t framed[2 + UINT16_MAX];
    snprintf(path, sizeof path, "%s/data/real-replies.tcpdns",
             shared != NULL ? shared : "../shared");
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        print_message("# no real replies at %s: their round trip is not tested\n", path);
        skip();
    }
    unsigned sound = 0;
    unsigned count = 0;
    uint16_t n = 0;
    while (fread(framed, 1, 2, f) == 2) {
        nsp_frame_peek(framed, 2, &n);
        assert_int_equal(fread(framed + 2, 1, n, f), n);
        sound += round_trip(framed + 2, n);
        count++;
    }
    fclose(f);
    assert_true(count >= 4000);
    assert_int_equal(sound, count); /* none of them is broken */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_octets),     cmocka_unit_test(without_compression),
        cmocka_unit_test(pointer_reach),     cmocka_unit_test(rollback),
        cmocka_unit_test(query_in_any_room), cmocka_unit_test(many_names),
        cmocka_unit_test(made_messages),     cmocka_unit_test(real_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
