/* The fold against hostile and broken replies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fakezone.h"
#include "probe/check.h"

static const char *const base =
    "root 198.41.0.4\n"
    "zone . {\n@ 60 SOA a. h. 1 1 1 1 60\n@ 60 NS a.root.\na.root. 60 A 198.41.0.4\n"
    "com. 60 NS a.nic.com.\na.nic.com. 60 A 192.5.6.30\n"
    "net. 60 NS a.nic.net.\na.nic.net. 60 A 192.5.6.31\n}\n"
    "zone com {\n@ 60 SOA a h 1 1 1 1 60\n@ 60 NS a.nic\na.nic 60 A 192.5.6.30\n"
    "example 60 NS ns1.example\nexample 60 NS ns.other.net.\nns1.example 60 A 192.0.2.1\n"
    "ns1.example 60 AAAA 2001:db8::1\n}\n"
    "zone net {\n@ 60 SOA a h 1 1 1 1 60\n@ 60 NS a.nic\na.nic 60 A 192.5.6.31\n"
    "other 60 NS ns.other\nns.other 60 A 192.0.2.9\n}\n"
    "zone other.net {\n@ 60 SOA ns h 1 1 1 1 60\n@ 60 NS ns\nns 60 A 192.0.2.9\n}\n"
    "zone example.com {\n@ 60 SOA ns1 h 1 1 1 1 60\n@ 60 NS ns1\n@ 60 NS ns.other.net.\n"
    "ns1 60 A 192.0.2.1\nns1 60 AAAA 2001:db8::1\n}\n"
    "address 198.41.0.4 {\nserves .\n}\naddress 192.5.6.30 {\nserves com\n}\n"
    "address 192.5.6.31 {\nserves net\n}\naddress 192.0.2.9 {\nserves example.com other.net\n}\n"
    "address 192.0.2.1 {\nserves example.com\n}\naddress 2001:db8::1 {\nserves example.com\n}\n";

typedef struct world {
    fakezone_t *zone;
    given_ns_t root;
    model_input_t in;
    exchange_set_t set;
    model_t *m;
    model_wants_t *wants;
} world_t;

static void world_init(world_t *w, const char *scenario, const char *domain)
{
    size_t n = 0;
    memset(w, 0, sizeof *w);
    w->zone = fakezone_new(scenario);
    w->root.has_addr = true;
    w->root.addr = scenario_roots(fakezone_scenario(w->zone), &n)[0];
    nsp_name_root(&w->root.name);
    assert_int_equal(nsp_name_from_text(domain, strlen(domain), NULL, &w->in.domain, NULL), NSP_OK);
    w->in.start = &w->root;
    w->in.start_count = 1;
    w->in.port = 53;
    w->in.use_ipv4 = w->in.use_ipv6 = true;
    w->in.parents_max = 32;
    w->m = malloc(sizeof *w->m);
    w->wants = malloc(sizeof *w->wants);
    assert_non_null(w->m);
    assert_non_null(w->wants);
    exchange_set_init(&w->set, 0);
}

static void world_check(world_t *w)
{
    check_options_t options = check_options_default();
    assert_int_equal(check_run(fakezone_net(w->zone), &w->in, &options, &w->set, w->m), NET_OK);
    assert_true(w->m->finished);
}

static void world_free(world_t *w)
{
    exchange_set_free(&w->set);
    fakezone_free(w->zone);
    free(w->m);
    free(w->wants);
}

static void assert_sane(const world_t *w)
{
    const model_t *m = w->m;
    assert_true(m->server_count <= MODEL_SERVERS_MAX);
    assert_true(m->address_count <= MODEL_ADDRESSES_MAX);
    assert_true(m->parent_count <= MODEL_ADDRESSES_MAX);
    assert_true(w->wants->count <= MODEL_WANTED_MAX);
    for (uint16_t i = 0; i < m->address_count; i++)
        for (uint16_t k = 0; k < m->address[i].server_count; k++)
            assert_true(m->address[i].server[k] < m->server_count);
}

static uint32_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(*state >> 33);
}

/* Any octets in the replies: the fold comes to an end, within its limits. */
static void test_corrupted_replies(void **state)
{
    (void)state;
    world_t w;
    uint64_t random = 1;
    world_init(&w, base, "example.com.");
    world_check(&w);
    for (int round = 0; round < 1500; round++) {
        exchange_t *x = w.set.item[next_random(&random) % w.set.count];
        for (uint32_t i = 0; i < x->event_count; i++) {
            uint8_t *bytes = (uint8_t *)(uintptr_t)x->event[i].bytes;
            if (x->event[i].kind == EVENT_REPLY && x->event[i].size > 0)
                bytes[next_random(&random) % x->event[i].size] ^=
                    (uint8_t)(1u << next_random(&random) % 8);
        }
        assert_true(model_build(&w.in, 0, w.m, round % 2 == 0 ? w.wants : NULL));
        assert_sane(&w);
    }
    world_free(&w);
}

/* Replies that are missing: each set of what is left folds, and asks again for what is not there.
 */
static void test_missing_exchanges(void **state)
{
    (void)state;
    world_t w;
    world_init(&w, base, "example.com.");
    world_check(&w);
    exchange_t **all = w.set.item;
    uint32_t count = w.set.count;
    exchange_t **some = calloc(count, sizeof *some);
    assert_non_null(some);
    for (uint32_t n = 0; n <= count; n++) {
        exchange_set_t part = {.began_wall = w.set.began_wall, .count = n, .cap = n, .item = some};
        if (n > 0)
            some[n - 1] = all[n - 1];
        w.in.set = &part;
        assert_true(model_build(&w.in, INT64_MAX / 2, w.m, w.wants));
        assert_sane(&w);
        assert_int_equal(w.m->finished, w.wants->count == 0);
        for (size_t i = 0; i < w.wants->count; i++) /* never what was asked */
            for (uint32_t k = 0; k < n; k++)
                assert_false(addr_equal(&w.wants->item[i].server, &some[k]->server) &&
                             w.wants->item[i].qtype == some[k]->qtype &&
                             w.wants->item[i].transport == some[k]->transport &&
                             nsp_name_equal(&w.wants->item[i].qname, &some[k]->qname));
    }
    assert_int_equal(w.wants->count, 0);
    w.in.set = &w.set;
    free(some);
    world_free(&w);
}

/* A delegation to many names without glue, which lead nowhere, is not followed without end. */
static void test_many_names_without_glue(void **state)
{
    (void)state;
    char text[16384];
    size_t n =
        (size_t)snprintf(text, sizeof text,
                         "root 198.41.0.4\nzone . {\n@ 60 SOA a. h. 1 1 1 1 60\n@ 60 NS a.root.\n"
                         "net. 60 NS a.nic.net.\na.nic.net. 60 A 192.5.6.31\n");
    for (int i = 0; i < 60; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "com. 60 NS n%d.x%d.net.\n", i, i);
    n += (size_t)snprintf(text + n, sizeof text - n,
                          "}\nzone net {\n@ 60 SOA a h 1 1 1 1 60\n@ 60 NS a.nic\n"
                          "a.nic 60 A 192.5.6.31\n");
    for (int i = 0; i < 60; i++)
        for (int k = 0; k < 3; k++)
            n += (size_t)snprintf(text + n, sizeof text - n, "x%d 60 NS n%d.x%d\n", i,
                                  60 + i * 3 + k, (i * 7 + k + 1) % 60);
    snprintf(text + n, sizeof text - n,
             "}\naddress 198.41.0.4 {\nserves .\n}\naddress 192.5.6.31 {\nserves net\n}\n");
    world_t w;
    world_init(&w, text, "example.com.");
    world_check(&w);
    assert_false(w.m->zone_found);
    assert_true(w.set.count < 1000);
    world_free(&w);
}

/* An answer from an address that serves no zone above teaches nothing. */
static void test_stranger_teaches_nothing(void **state)
{
    (void)state;
    world_t w;
    char *before;
    world_init(&w, base, "example.com.");
    world_check(&w);
    before = strdup(model_dump(w.m));
    assert_non_null(before);
    uint8_t buf[512];
    nsp_builder_t b;
    nsp_name_t qname;
    size_t size = 0;
    addr_t stranger;
    const uint8_t octets[4] = {203, 0, 113, 66};
    const char *name = "ns1.example.com.";
    assert_int_equal(nsp_name_from_text(name, strlen(name), NULL, &qname, NULL), NSP_OK);
    assert_true(addr_from_text("203.0.113.1", 11, 53, &stranger));
    nsp_build_begin(&b, buf, sizeof buf, 1, 0);
    nsp_build_question(&b, &qname, NSP_TYPE_A, NSP_CLASS_IN);
    assert_int_equal(nsp_build_end(&b, &size), NSP_OK);
    exchange_t *x = exchange_add(&w.set, TRANSPORT_UDP, &stranger, buf, size);
    assert_non_null(x);
    event_t sent = {.kind = EVENT_SENT, .attempt = 1, .bytes = buf, .size = (uint32_t)size};
    assert_true(exchange_append(x, &sent));
    nsp_build_begin(&b, buf, sizeof buf, 1, NSP_FLAG_QR | NSP_FLAG_AA);
    nsp_build_question(&b, &qname, NSP_TYPE_A, NSP_CLASS_IN);
    assert_true(
        nsp_build_rr(&b, NSP_ANSWER, &qname, NSP_TYPE_A, NSP_CLASS_IN, 60, octets, sizeof octets));
    assert_int_equal(nsp_build_end(&b, &size), NSP_OK);
    event_t reply = {.kind = EVENT_REPLY,
                     .attempt = 1,
                     .at = INT64_MAX / 4,
                     .bytes = buf,
                     .size = (uint32_t)size};
    assert_true(exchange_append(x, &reply));
    x->finished = true;
    assert_true(model_build(&w.in, 0, w.m, NULL));
    assert_string_equal(model_dump(w.m), before);
    free(before);
    world_free(&w);
}

static void test_address_names(void **state)
{
    (void)state;
    world_t w;
    char buf[64];
    world_init(&w, base, "example.com.");
    world_check(&w);
    assert_string_equal(model_address_names(w.m, &w.m->address[0], buf, sizeof buf),
                        "ns1.example.com.");
    assert_string_equal(model_address_names(w.m, &w.m->address[0], buf, 4), "ns1");
    w.m->address[0].server_count = 2;
    w.m->address[0].server[1] = 1;
    assert_string_equal(model_address_names(w.m, &w.m->address[0], buf, sizeof buf),
                        "ns1.example.com., ns.other.net.");
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corrupted_replies),
        cmocka_unit_test(test_missing_exchanges),
        cmocka_unit_test(test_many_names_without_glue),
        cmocka_unit_test(test_stranger_teaches_nothing),
        cmocka_unit_test(test_address_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
