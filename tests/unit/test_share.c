/* What runs tell each other: findings stay those of a run of its own, at a fraction of the cost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bulk/share.h"
#include "diagnose/diagnose.h"
#include "fakezone.h"
#include "netwrap.h"
#include "probe/check.h"

#define DOMAIN(name, second)                                                                       \
    "zone " name ".com {\n$TTL 3600\n@ SOA ns1.provider.net. h 1 1 1 1 60\n"                       \
    "@ NS ns1.provider.net.\n@ NS " second ".provider.net.\n}\n"

/* Domains of one provider. ns3 is silent over UDP, ns2 over IPv6; b is lame at ns2, e at ns4; ns5
 * is silent about c alone (see below). */
static const char world[] =
    "root 198.41.0.4\n"
    "zone . {\n$TTL 86400\n"
    "@ SOA a.root. h. 1 1 1 1 60\n"
    "@ NS a.root.\n"
    "a.root. A 198.41.0.4\n"
    "com. NS a.nic.com.\n"
    "a.nic.com. A 192.5.6.30\n"
    "net. NS a.nic.net.\n"
    "a.nic.net. A 192.5.6.31\n"
    "}\n"
    "zone com {\n$TTL 86400\n"
    "@ SOA a.nic h 1 1 1 1 60\n"
    "@ NS a.nic\n"
    "a.nic A 192.5.6.30\n"
    "a NS ns1.provider.net.\na NS ns2.provider.net.\na NS ns3.provider.net.\n"
    "b NS ns1.provider.net.\nb NS ns2.provider.net.\nb NS ns3.provider.net.\n"
    "c NS ns1.provider.net.\nc NS ns5.provider.net.\n"
    "d NS ns1.provider.net.\nd NS ns5.provider.net.\n"
    "e NS ns1.provider.net.\ne NS ns4.provider.net.\n"
    "f NS ns1.provider.net.\nf NS ns4.provider.net.\n"
    "}\n"
    "zone net {\n$TTL 86400\n"
    "@ SOA a.nic h 1 1 1 1 60\n"
    "@ NS a.nic\n"
    "a.nic A 192.5.6.31\n"
    "provider NS ns1.provider\n"
    "ns1.provider A 192.0.2.1\n"
    "}\n"
    "zone provider.net {\n$TTL 3600\n"
    "@ SOA ns1 h 1 1 1 1 60\n"
    "@ NS ns1\n"
    "ns1 A 192.0.2.1\n"
    "ns2 A 192.0.2.2\nns2 AAAA 2001:db8::2\n"
    "ns3 A 192.0.2.3\n"
    "ns4 A 192.0.2.4\n"
    "ns5 A 192.0.2.5\n"
    "}\n" DOMAIN("a", "ns3.provider.net.\n@ NS ns2") DOMAIN("b", "ns3.provider.net.\n@ NS ns2")
        DOMAIN("c", "ns5") DOMAIN("d", "ns5") DOMAIN("e", "ns4") DOMAIN(
            "f", "ns4") "address 198.41.0.4 {\nserves .\n}\n"
                        "address 192.5.6.30 {\nserves com\n}\n"
                        "address 192.5.6.31 {\nserves net\n}\n"
                        "address 192.0.2.1 {\nserves provider.net\nserves a.com\nserves "
                        "b.com\nserves c.com\n"
                        "serves d.com\nserves e.com\nserves f.com\n}\n"
                        "address 192.0.2.2 {\nserves a.com\n}\n"
                        "address 2001:db8::2 {\nserves a.com\nserves b.com\nbehave drop\n}\n"
                        "address 192.0.2.3 {\nserves a.com\nserves b.com\nbehave drop when udp\n}\n"
                        "address 192.0.2.4 {\nserves f.com\n}\n"
                        "address 192.0.2.5 {\nserves c.com\nserves d.com\n}\n";

/* The world, but for what is asked about c.com of ns5: that is lost. */
typedef struct lossy {
    netwrap_t wrap;
    addr_t dest[65536];
} lossy_t;

static net_err_t lossy_open(net_t *net, const net_open_t *how, uint32_t *handle, addr_t *local,
                            int *os_error)
{
    lossy_t *l = (lossy_t *)(void *)net;
    net_t *inner = netwrap_inner(net);
    net_err_t err = inner->ops->open(inner, how, handle, local, os_error);
    if (err == NET_OK)
        l->dest[*handle % 65536] = how->dest;
    return err;
}

static net_err_t lossy_send(net_t *net, uint32_t handle, const uint8_t *bytes, size_t n,
                            int *os_error)
{
    lossy_t *l = (lossy_t *)(void *)net;
    net_t *inner = netwrap_inner(net);
    addr_t ns5;
    assert_true(addr_from_text("192.0.2.5", 9, 53, &ns5));
    if (addr_equal(&l->dest[handle % 65536], &ns5) && memmem(bytes, n, "\1c\3com", 6) != NULL)
        return NET_OK;
    return inner->ops->send(inner, handle, bytes, n, os_error);
}

typedef struct fixture {
    fakezone_t *world;
    lossy_t *net;
    given_ns_t root;
    share_t *share;
    share_run_t run;
    model_t *m;
    exchange_set_t set;
    finding_list_t findings;
    unsigned asked; /* exchanges of the last check that went out */
    int64_t took;
} fixture_t;

static nsp_name_t name_of(const char *text)
{
    nsp_name_t name;
    assert_int_equal(nsp_name_from_text(text, strlen(text), NULL, &name, NULL), NSP_OK);
    return name;
}

static void begin(fixture_t *f, share_options_t *o)
{
    memset(f, 0, sizeof *f);
    f->world = fakezone_new(world);
    f->net = calloc(1, sizeof *f->net);
    assert_non_null(f->net);
    netwrap_init(&f->net->wrap, fakezone_net(f->world));
    f->net->wrap.ops.open = lossy_open;
    f->net->wrap.ops.send = lossy_send;
    f->root.name = name_of(".");
    f->root.has_addr = addr_from_text("198.41.0.4", 10, 53, &f->root.addr);
    f->m = malloc(sizeof *f->m);
    if (o == NULL)
        return;
    o->root = &f->root;
    o->root_count = 1;
    f->share = share_new(o, 5);
    assert_non_null(f->share);
}

static void clear(fixture_t *f)
{
    finding_list_free(&f->findings);
    exchange_set_free(&f->set);
}

static void end(fixture_t *f)
{
    clear(f);
    share_free(f->share);
    fakezone_free(f->world);
    free(f->net);
    free(f->m);
}

static void check(fixture_t *f, const char *domain)
{
    net_t *net = &f->net->wrap.net;
    loop_memory_t memory = {&f->run, share_recall, share_learn};
    check_options_t o = check_options_default();
    model_input_t in = {.domain = name_of(domain),
                        .kind = START_HINTS,
                        .start = &f->root,
                        .start_count = 1,
                        .port = 53,
                        .use_ipv4 = true,
                        .use_ipv6 = true,
                        .parents_max = 32};
    clear(f);
    exchange_set_init(&f->set, 0);
    finding_list_init(&f->findings);
    if (f->share != NULL) {
        share_run_begin(&f->run, f->share, &in.domain);
        o.memory = &memory;
    }
    int64_t began = net->ops->now(net);
    assert_int_equal(check_run(net, &in, &o, &f->set, f->m), NET_OK);
    f->took = net->ops->now(net) - began;
    assert_true(diagnose(f->m, &f->set, NULL, &f->findings));
    f->asked = 0;
    for (uint32_t i = 0; i < f->set.count; i++) {
        assert_true(f->set.item[i]->finished);
        f->asked += f->set.item[i]->shared == 0;
    }
}

/* Findings as text. The shared ones' times differ by nothing that is told. */
static void print_findings(const fixture_t *f, char *buf, size_t cap)
{
    size_t n = 0;
    buf[0] = '\0';
    for (size_t i = 0; i < f->findings.count; i++) {
        const finding_t *x = &f->findings.item[i];
        char addr[ADDR_TEXT_MAX] = "-";
        if (x->has_addr)
            addr_text(&x->addr, addr);
        n += (size_t)snprintf(buf + n, cap - n, "%s %s %s %s\n", finding_desc(x->id)->id,
                              severity_name(x->severity), addr, x->text);
        assert_true(n < cap);
    }
}

static void compare(fixture_t *with, fixture_t *without, const char *domain)
{
    static char shared[65536];
    static char alone[65536];
    check(with, domain);
    check(without, domain);
    print_findings(with, shared, sizeof shared);
    print_findings(without, alone, sizeof alone);
    assert_string_equal(shared, alone);
    assert_int_equal(with->set.count, without->set.count);
}

/* In any order, findings are those of a run of its own, word for word. */
static void test_same_findings(void **state)
{
    (void)state;
    static const char *const orders[] = {"abcdef", "fedcba", "cdcdefefbaba", "ebcafd"};
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        fixture_t with;
        fixture_t without;
        share_options_t o = share_options_default();
        begin(&with, &o);
        begin(&without, NULL);
        for (const char *p = orders[i]; *p != '\0'; p++) {
            char domain[] = "a.com";
            domain[0] = *p;
            compare(&with, &without, domain);
        }
        assert_true(share_stats(with.share).known > 0);
        end(&with);
        end(&without);
    }
}

/* Exchanges over UDP. */
static unsigned count_to(const fixture_t *f, const char *addr, bool shared)
{
    addr_t a;
    unsigned n = 0;
    assert_true(addr_from_text(addr, strlen(addr), 53, &a));
    for (uint32_t i = 0; i < f->set.count; i++)
        n += f->set.item[i]->transport == TRANSPORT_UDP &&
             addr_equal(&f->set.item[i]->server, &a) && (f->set.item[i]->shared != 0) == shared;
    return n;
}

/* The second domain asks neither the root nor for its servers' addresses, and waits one try for
 * what is silent. */
static void test_cost(void **state)
{
    (void)state;
    fixture_t f;
    share_options_t o = share_options_default();
    begin(&f, &o);
    check(&f, "a.com");
    unsigned first = f.asked;
    int64_t first_took = f.took;
    assert_int_equal(f.run.shared, 0);
    assert_true(count_to(&f, "198.41.0.4", false) > 1);
    assert_true(first_took > INT64_C(7000000000)); /* three tries */
    check(&f, "b.com");
    assert_int_equal(count_to(&f, "198.41.0.4", false), 0);
    assert_int_equal(count_to(&f, "192.5.6.31", false), 0);
    /* its own parent is asked about it; the parent's keys are known */
    assert_int_equal(count_to(&f, "192.5.6.30", true), 1);
    assert_int_equal(count_to(&f, "2001:db8::2", false), 1);
    assert_true(count_to(&f, "2001:db8::2", true) > 5);
    assert_true(f.took < INT64_C(1500000000));
    assert_true(f.asked < first * 2 / 3);
    assert_int_equal(f.run.shared + f.asked, f.set.count);
    end(&f);
}

/* Silence is over with its time, and with an answer. */
static void test_silence_ends(void **state)
{
    (void)state;
    fixture_t f;
    share_options_t o = share_options_default();
    net_event_t event;
    begin(&f, &o);
    net_t *net = fakezone_net(f.world);
    check(&f, "a.com");
    net->ops->wait(net, net->ops->now(net) + o.silent_time, &event);
    check(&f, "b.com");
    assert_true(count_to(&f, "2001:db8::2", false) > 5);
    assert_int_equal(count_to(&f, "2001:db8::2", true), 0);
    end(&f);
    /* ns5 drops what is asked about c, and answers the one question about d */
    begin(&f, &o);
    check(&f, "c.com");
    check(&f, "d.com");
    assert_true(count_to(&f, "192.0.2.5", false) > 5);
    assert_int_equal(count_to(&f, "192.0.2.5", true), 0);
    end(&f);
}

/* Records are used as long as their TTL allows, and no longer than is wanted. */
static void test_time(void **state)
{
    (void)state;
    fixture_t f;
    share_options_t o = share_options_default();
    net_event_t event;
    o.longest = INT64_C(100000000000);
    begin(&f, &o);
    net_t *net = fakezone_net(f.world);
    check(&f, "c.com");
    check(&f, "d.com");
    assert_int_equal(count_to(&f, "198.41.0.4", false), 0);
    net->ops->wait(net, net->ops->now(net) + o.longest, &event);
    check(&f, "d.com");
    assert_true(count_to(&f, "198.41.0.4", false) > 0);
    end(&f);
}

/* Hardly any memory: everything is asked, and nothing is wrong. */
static void test_no_room(void **state)
{
    (void)state;
    fixture_t with;
    fixture_t without;
    share_options_t o = share_options_default();
    o.octets = 32 << 10;
    begin(&with, &o);
    begin(&without, NULL);
    for (const char *p = "abcdefabcdef"; *p != '\0'; p++) {
        char domain[] = "a.com";
        domain[0] = *p;
        compare(&with, &without, domain);
        assert_true(share_stats(with.share).octets <= o.octets);
    }
    assert_true(share_stats(with.share).evictions > 0);
    end(&with);
    end(&without);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_findings), cmocka_unit_test(test_cost),
        cmocka_unit_test(test_silence_ends),  cmocka_unit_test(test_time),
        cmocka_unit_test(test_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
