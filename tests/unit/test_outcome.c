#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "diagnose/outcome.h"

static nsp_name_t name_of(const char *text)
{
    nsp_name_t n;
    assert_int_equal(nsp_name_from_text(text, strlen(text), NULL, &n, NULL), NSP_OK);
    return n;
}

/* Replies by letter: G good, T good with a trailing octet, H a header with FORMERR alone, 0 a
 * header alone that claims success, S cut inside the header. */
static size_t reply_bytes(char kind, uint8_t *buf, size_t cap)
{
    nsp_name_t name = name_of("example.com.");
    size_t size = 0;
    assert_int_equal(nsp_build_query(buf, cap, 1, NSP_FLAG_QR | NSP_FLAG_AA, &name, NSP_TYPE_SOA,
                                     NSP_CLASS_IN, NULL, &size),
                     NSP_OK);
    if (kind == 'T')
        buf[size++] = 0;
    if (kind == 'H' || kind == '0') {
        size = NSP_HEADER_SIZE;
        buf[5] = 0;
        buf[3] = kind == 'H' ? NSP_RCODE_FORMERR : 0;
    }
    return kind == 'S' ? 7 : size;
}

typedef struct step {
    event_kind_t kind;
    uint8_t attempt;
    int64_t at;
    char bytes;
} step_t;

typedef struct outcome_case {
    const char *name;
    transport_t transport;
    bool finished;
    step_t step[8]; /* ended by kind EVENT_SENT with attempt 0 */
    outcome_kind_t kind;
    int64_t rtt;
    bool late;
    unsigned attempts;
    unsigned lost;
    nsp_err_t fault;
} outcome_case_t;

#define SENT(n, t)                                                                                 \
    {                                                                                              \
        EVENT_SENT, n, t, 'Q'                                                                      \
    }
#define TIMEOUT(n, t)                                                                              \
    {                                                                                              \
        EVENT_TIMEOUT, n, t, 0                                                                     \
    }

static const outcome_case_t cases[] = {
    {"nothing yet", TRANSPORT_UDP, false, {SENT(1, 0)}, OUTCOME_PENDING, -1, false, 1, 0, NSP_OK},
    {"answered",
     TRANSPORT_UDP,
     true,
     {SENT(1, 5), {EVENT_REPLY, 1, 12, 'G'}},
     OUTCOME_ANSWERED,
     7,
     false,
     1,
     0,
     NSP_OK},
    {"second attempt answered",
     TRANSPORT_UDP,
     true,
     {SENT(1, 0), TIMEOUT(1, 10), SENT(2, 10), {EVENT_REPLY, 2, 13, 'G'}},
     OUTCOME_ANSWERED,
     3,
     false,
     2,
     1,
     NSP_OK},
    {"first attempt answered late",
     TRANSPORT_UDP,
     true,
     {SENT(1, 0), TIMEOUT(1, 10), SENT(2, 10), {EVENT_REPLY, 1, 13, 'G'}},
     OUTCOME_ANSWERED,
     13,
     true,
     2,
     0,
     NSP_OK},
    {"last attempt answered late",
     TRANSPORT_UDP,
     true,
     {SENT(1, 0), TIMEOUT(1, 10), {EVENT_REPLY, 1, 12, 'G'}},
     OUTCOME_ANSWERED,
     12,
     true,
     1,
     0,
     NSP_OK},
    {"silent",
     TRANSPORT_UDP,
     true,
     {SENT(1, 0), TIMEOUT(1, 10)},
     OUTCOME_SILENT,
     -1,
     false,
     1,
     0,
     NSP_OK},
    {"mismatch, then nothing",
     TRANSPORT_UDP,
     true,
     {SENT(1, 0), {EVENT_MISMATCH, 1, 4, 'G'}, TIMEOUT(1, 10)},
     OUTCOME_MISMATCHED,
     4,
     false,
     1,
     0,
     NSP_OK},
    {"mismatch, then the reply",
     TRANSPORT_UDP,
     true,
     {SENT(1, 0), {EVENT_MISMATCH, 1, 4, 'G'}, {EVENT_REPLY, 1, 6, 'G'}},
     OUTCOME_ANSWERED,
     6,
     false,
     1,
     0,
     NSP_OK},
    {"mismatch, still open",
     TRANSPORT_UDP,
     false,
     {SENT(1, 0), {EVENT_MISMATCH, 1, 4, 'G'}},
     OUTCOME_PENDING,
     -1,
     false,
     1,
     0,
     NSP_OK},
    {"icmp",
     TRANSPORT_UDP,
     true,
     {SENT(1, 0), {EVENT_ICMP, 1, 2, 0}},
     OUTCOME_ICMP,
     2,
     false,
     1,
     0,
     NSP_OK},
    {"never sent",
     TRANSPORT_UDP,
     true,
     {{EVENT_SEND_FAILED, 1, 2, 0}},
     OUTCOME_NOT_SENT,
     -1,
     false,
     0,
     0,
     NSP_OK},
    {"trailing octet",
     TRANSPORT_UDP,
     true,
     {SENT(1, 0), {EVENT_REPLY, 1, 2, 'T'}},
     OUTCOME_MALFORMED,
     2,
     false,
     1,
     0,
     NSP_E_TRAILING},
    {"error by a bare header",
     TRANSPORT_UDP,
     true,
     {SENT(1, 0), {EVENT_REPLY, 1, 2, 'H'}},
     OUTCOME_ANSWERED,
     2,
     false,
     1,
     0,
     NSP_OK},
    {"success by a bare header",
     TRANSPORT_UDP,
     true,
     {SENT(1, 0), {EVENT_REPLY, 1, 2, '0'}},
     OUTCOME_MALFORMED,
     2,
     false,
     1,
     0,
     NSP_E_QDCOUNT},
    {"cut in the header",
     TRANSPORT_UDP,
     true,
     {SENT(1, 0), {EVENT_REPLY, 1, 2, 'S'}},
     OUTCOME_MALFORMED,
     2,
     false,
     1,
     0,
     NSP_E_SHORT_HEADER},
    {"tcp refused",
     TRANSPORT_TCP,
     true,
     {SENT(1, 0), {EVENT_TCP_REFUSED, 1, 3, 0}},
     OUTCOME_REFUSED,
     3,
     false,
     1,
     0,
     NSP_OK},
    {"tcp reset",
     TRANSPORT_TCP,
     true,
     {SENT(1, 0), {EVENT_TCP_OPEN, 1, 1, 0}, {EVENT_TCP_RESET, 1, 3, 0}},
     OUTCOME_RESET,
     3,
     false,
     1,
     0,
     NSP_OK},
    {"tcp closed early",
     TRANSPORT_TCP,
     true,
     {SENT(1, 0), {EVENT_TCP_OPEN, 1, 1, 0}, {EVENT_TCP_CLOSED, 1, 3, 'S'}},
     OUTCOME_CLOSED,
     3,
     false,
     1,
     0,
     NSP_OK},
    {"tcp no handshake",
     TRANSPORT_TCP,
     true,
     {SENT(1, 0), {EVENT_TCP_NO_SYNACK, 1, 9, 0}},
     OUTCOME_NO_SYNACK,
     9,
     false,
     1,
     0,
     NSP_OK},
    {"tcp no route",
     TRANSPORT_TCP,
     true,
     {SENT(1, 0), {EVENT_SEND_FAILED, 1, 1, 0}},
     OUTCOME_NOT_SENT,
     -1,
     false,
     1,
     0,
     NSP_OK},
    {"tcp silent after the handshake",
     TRANSPORT_TCP,
     true,
     {SENT(1, 0), {EVENT_TCP_OPEN, 1, 1, 0}, TIMEOUT(1, 9)},
     OUTCOME_SILENT,
     -1,
     false,
     1,
     0,
     NSP_OK},
};

static exchange_t *play(exchange_set_t *set, const outcome_case_t *c)
{
    uint8_t buf[512];
    addr_t server;
    nsp_name_t name = name_of("example.com.");
    size_t size = 0;
    assert_true(addr_from_text("192.0.2.1", 9, 53, &server));
    assert_int_equal(
        nsp_build_query(buf, sizeof buf, 1, 0, &name, NSP_TYPE_SOA, NSP_CLASS_IN, NULL, &size),
        NSP_OK);
    exchange_t *x = exchange_add(set, c->transport, &server, buf, size);
    assert_non_null(x);
    for (const step_t *s = c->step; s->kind != EVENT_SENT || s->attempt != 0; s++) {
        event_t e = {.kind = s->kind, .attempt = s->attempt, .at = s->at, .peer = server};
        if (s->bytes == 'Q') {
            assert_int_equal(nsp_build_query(buf, sizeof buf, 1, 0, &name, NSP_TYPE_SOA,
                                             NSP_CLASS_IN, NULL, &size),
                             NSP_OK);
            e.size = (uint32_t)size;
            e.bytes = buf;
        } else if (s->bytes != 0) {
            e.size = (uint32_t)reply_bytes(s->bytes, buf, sizeof buf);
            e.bytes = buf;
        }
        assert_true(exchange_append(x, &e));
    }
    x->finished = c->finished;
    return x;
}

static void test_outcome_of(void **state)
{
    (void)state;
    reply_t *scratch = malloc(sizeof *scratch);
    assert_non_null(scratch);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const outcome_case_t *c = &cases[i];
        exchange_set_t set;
        outcome_t o;
        print_message("  %s\n", c->name);
        exchange_set_init(&set, 0);
        const exchange_t *x = play(&set, c);
        for (int with = 0; with < 2; with++) {
            outcome_of(x, &o, with ? scratch : NULL);
            assert_int_equal(o.kind, c->kind);
            assert_int_equal(o.rtt, c->rtt);
            assert_int_equal(o.late, c->late);
            assert_int_equal(o.attempts, c->attempts);
            assert_int_equal(o.lost, c->lost);
            assert_int_equal(o.fault, c->fault);
        }
        if (o.kind == OUTCOME_ANSWERED)
            assert_ptr_equal(scratch->msg.wire, o.reply->bytes);
        exchange_set_free(&set);
    }
    free(scratch);
}

static void test_names(void **state)
{
    (void)state;
    for (int i = 0; i <= OUTCOME_NOT_SENT; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(outcome_name((outcome_kind_t)i),
                                    outcome_name((outcome_kind_t)k));
    for (int i = 0; i <= PROBE_NODATA; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(probe_name((probe_kind_t)i), probe_name((probe_kind_t)k));
    assert_string_equal(outcome_name(OUTCOME_ANSWERED), "answered");
    assert_string_equal(probe_name(PROBE_NONE), "none");
}

/* Which faults a message is told for depends on what it is: queries, replies, replies to what had
 * no question or was not captured. Offsets are counted by hand. */
static void test_faults(void **state)
{
    static const struct {
        const char *name;
        bool query;
        bool questionless;
        uint8_t size;
        uint8_t wire[40];
        nsp_err_t fault;
        uint32_t offset;
    } table[] = {
        {"query", true, false, 17, {0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1}, NSP_OK, 0},
        {"query without a question", true, false, 12, {0, 1, 1, 0}, NSP_OK, 0},
        {"... with octets behind", true, false, 13, {0, 1, 1, 0}, NSP_E_TRAILING, 12},
        {"DSO", true, false, 12, {0, 1, 0x30, 0}, NSP_OK, 0},
        {"DSO, its reply", false, false, 12, {0, 1, 0xb0, 0}, NSP_OK, 0},
        {"two questions",
         true,
         false,
         22,
         {0, 1, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 0, 1},
         NSP_E_QDCOUNT,
         4},
        {"query, 5 octets", true, false, 5, {0, 1, 1, 0, 0}, NSP_E_SHORT_HEADER, 5},
        {"query, name ends early",
         true,
         false,
         15,
         {0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 'a', 'b'},
         NSP_E_SHORT,
         12},
        {"query, OPT with an option too long",
         true,
         false,
         32,
         {0, 1, 1, 0,  0, 1,   0, 0, 0, 0, 0, 1, 0, 0, 1, 0,
          1, 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 4, 0, 3, 0, 9},
         NSP_E_OPT_OPTION,
         28},
        {"reply without a question", false, false, 12, {0, 1, 0x80, 0}, NSP_E_QDCOUNT, 4},
        {"... that need not have one", false, true, 12, {0, 1, 0x80, 0}, NSP_OK, 0},
        {"... but octets behind", false, true, 14, {0, 1, 0x80, 0}, NSP_E_TRAILING, 12},
        {"... but A of three octets",
         false,
         true,
         26,
         {0, 1, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 3, 1, 2, 3},
         NSP_E_RDATA_SHORT,
         23},
        {"FORMERR, header alone", false, false, 12, {0, 1, 0x80, 1}, NSP_OK, 0},
    };
    static reply_t r;
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        uint32_t offset = 0;
        nsp_err_t err = table[i].query ? query_read(&r, table[i].wire, table[i].size, &offset)
                                       : reply_read(&r, table[i].wire, table[i].size,
                                                    table[i].questionless, &offset);
        if (err != table[i].fault || offset != table[i].offset)
            fail_msg("%s: %s at %u", table[i].name, nsp_err_name(err), offset);
    }
    static const uint8_t none[12] = {0, 1, 1, 0};
    static const uint8_t one[12] = {0, 1, 1, 0, 0, 1};
    assert_true(reply_is_questionless(NULL, 0, TRANSPORT_TCP));
    assert_false(reply_is_questionless(NULL, 0, TRANSPORT_UDP));
    assert_true(reply_is_questionless(none, sizeof none, TRANSPORT_UDP));
    assert_false(reply_is_questionless(one, sizeof one, TRANSPORT_TCP));
    assert_false(reply_is_questionless(none, 5, TRANSPORT_UDP));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_outcome_of),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
