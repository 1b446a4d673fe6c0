/* Exchanges as values: the question of a query, order of events, ownership, and look-ups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "exchange/exchange.h"
#include "proto/nsproto.h"

/* Header of a query with one question, then wWw.example. A IN. */
static const uint8_t query[] = {0x12, 0x34, 1,   0,   0,   1,   0,   0,   0,   0, 0, 0, 3, 'w', 'W',
                                'w',  7,    'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 1, 0, 1};

static const addr_t server = {.family = 4, .octets = {192, 0, 2, 1}, .port = 53};

static void question(void **state)
{
    uint8_t none[sizeof query];
    uint8_t bad[sizeof query];
    exchange_set_t set;
    (void)state;
    memcpy(none, query, sizeof query);
    none[5] = 0; /* QDCOUNT: what follows is no question */
    memcpy(bad, query, sizeof query);
    bad[12] = 0x80; /* reserved label type */
    exchange_set_init(&set, 5);
    assert_int_equal(set.began_wall, 5);
    exchange_t *x = exchange_add(&set, TRANSPORT_TCP, &server, query, sizeof query);
    char text[NSP_NAME_TEXT_MAX];
    assert_true(nsp_name_to_text(&x->qname, text, sizeof text) > 0);
    assert_string_equal(text, "wWw.example."); /* case is kept */
    assert_int_equal(x->qtype, NSP_TYPE_A);
    assert_int_equal(x->qclass, 1);
    assert_int_equal(x->transport, TRANSPORT_TCP);
    assert_true(addr_equal(&x->server, &server));
    assert_false(x->finished);
    /* every prefix, and what is no question: added all the same, with the root and type 0 */
    for (size_t n = 0; n < sizeof query; n++) {
        x = exchange_add(&set, TRANSPORT_UDP, &server, query, n);
        assert_int_equal(x->qname.len, 1);
        assert_int_equal(x->qtype, 0);
    }
    const uint8_t *others[] = {none, bad};
    for (size_t i = 0; i < 2; i++) {
        x = exchange_add(&set, TRANSPORT_UDP, &server, others[i], sizeof query);
        assert_int_equal(x->qname.len, 1);
        assert_int_equal(x->qtype, 0);
    }
    assert_int_equal(x->id, set.count);
    assert_int_equal(set.count, sizeof query + 3);
    exchange_set_free(&set);
    assert_int_equal(set.count, 0);
}

/* More exchanges than the set first has room for: numbers go on, pointers stay good. */
static void many(void **state)
{
    exchange_set_t set;
    (void)state;
    exchange_set_init(&set, 0);
    exchange_t *first = exchange_add(&set, TRANSPORT_UDP, &server, query, sizeof query);
    for (unsigned i = 2; i <= 130; i++)
        assert_int_equal(exchange_add(&set, TRANSPORT_UDP, &server, query, sizeof query)->id, i);
    assert_ptr_equal(set.item[0], first);
    for (unsigned i = 0; i < 130; i++)
        assert_int_equal(set.item[i]->id, i + 1);
    exchange_set_free(&set);
}

static void dropped(void **state)
{
    exchange_set_t set;
    exchange_t *x[3];
    (void)state;
    exchange_set_init(&set, 0);
    for (unsigned i = 0; i < 3; i++)
        x[i] = exchange_add(&set, TRANSPORT_UDP, &server, query, sizeof query);
    event_t e = {.kind = EVENT_SENT, .bytes = query, .size = sizeof query};
    assert_true(exchange_append(x[0], &e));
    exchange_set_drop(&set, x[0]);
    assert_int_equal(set.count, 2);
    assert_ptr_equal(set.item[0], x[2]);
    assert_ptr_equal(set.item[1], x[1]);
    exchange_set_drop(&set, x[1]);
    exchange_set_drop(&set, x[2]);
    assert_int_equal(set.count, 0);
    assert_non_null(exchange_add(&set, TRANSPORT_UDP, &server, query, sizeof query));
    exchange_set_free(&set);
}

static void order(void **state)
{
    /* appended in this order; expected by time, and in order of arrival within one time */
    static const struct {
        int64_t at;
        uint8_t attempt;
    } in[] = {{10, 1}, {30, 2}, {20, 3}, {20, 4}, {30, 5}, {-1, 6}, {30, 7}, {10, 8}, {40, 9}};
    static const uint8_t out[] = {6, 1, 8, 3, 4, 2, 5, 7, 9};
    exchange_set_t set;
    (void)state;
    exchange_set_init(&set, 0);
    exchange_t *x = exchange_add(&set, TRANSPORT_UDP, &server, query, sizeof query);
    for (size_t i = 0; i < sizeof in / sizeof in[0]; i++) {
        event_t e = {.kind = EVENT_TIMEOUT, .at = in[i].at, .attempt = in[i].attempt};
        assert_true(exchange_append(x, &e));
    }
    assert_int_equal(x->event_count, sizeof out);
    for (size_t i = 0; i < sizeof out; i++)
        assert_int_equal(x->event[i].attempt, out[i]);
    exchange_set_free(&set);
}

static void ownership(void **state)
{
    exchange_set_t set;
    uint8_t bytes[] = {1, 2, 3};
    (void)state;
    exchange_set_init(&set, 0);
    exchange_t *x = exchange_add(&set, TRANSPORT_UDP, &server, query, sizeof query);
    event_t e = {.kind = EVENT_REPLY, .at = 7, .bytes = bytes, .size = sizeof bytes};
    assert_true(exchange_append(x, &e));
    memset(bytes, 9, sizeof bytes); /* a copy was taken */
    assert_memory_equal(x->event[0].bytes, ((const uint8_t[]){1, 2, 3}), 3);
    /* an event of an exchange may be appended again: the copy has its own bytes */
    e = x->event[0];
    assert_true(exchange_append(x, &e));
    assert_ptr_not_equal(x->event[0].owned, x->event[1].owned);
    assert_memory_equal(x->event[1].bytes, x->event[0].bytes, 3);
    /* an empty message is not the same as none */
    e = (event_t){.kind = EVENT_REPLY, .at = 8, .bytes = bytes};
    assert_true(exchange_append(x, &e));
    assert_non_null(x->event[2].bytes);
    e.bytes = NULL;
    assert_true(exchange_append(x, &e));
    assert_null(x->event[3].bytes);
    exchange_set_free(&set);
}

static void look_ups(void **state)
{
    exchange_set_t set;
    (void)state;
    exchange_set_init(&set, 0);
    exchange_t *x = exchange_add(&set, TRANSPORT_UDP, &server, query, sizeof query);
    assert_null(exchange_query(x));
    assert_null(exchange_reply(x));
    assert_null(exchange_find(x, EVENT_ICMP));
    assert_int_equal(exchange_attempts(x), 0);
    static const event_t events[] = {
        {.kind = EVENT_SENT, .attempt = 1, .at = 1},
        {.kind = EVENT_TIMEOUT, .attempt = 1, .at = 2},
        {.kind = EVENT_SENT, .attempt = 2, .at = 3},
        {.kind = EVENT_MISMATCH, .at = 4},
        {.kind = EVENT_REPLY, .attempt = 1, .at = 5},
        {.kind = EVENT_REPLY, .attempt = 2, .at = 6},
    };
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        assert_true(exchange_append(x, &events[i]));
    assert_int_equal(exchange_query(x)->at, 1);
    assert_int_equal(exchange_reply(x)->at, 5); /* the first of two */
    assert_int_equal(exchange_attempts(x), 2);
    assert_int_equal(exchange_sent_of(x, &x->event[4])->at, 1);
    assert_int_equal(exchange_sent_of(x, &x->event[5])->at, 3);
    assert_null(exchange_sent_of(x, &x->event[3])); /* attempt 0: it cannot be told */
    assert_null(exchange_find(x, EVENT_ICMP));
    exchange_set_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(question), cmocka_unit_test(many),      cmocka_unit_test(dropped),
        cmocka_unit_test(order),    cmocka_unit_test(ownership), cmocka_unit_test(look_ups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
