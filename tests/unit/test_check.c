/* The walk from end to end: model, check, battery, over a simulated Internet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "diagnose/form.h"
#include "diagnose/outcome.h"
#include "fakezone.h"
#include "probe/battery.h"
#include "probe/check.h"

/* Root and top-level domains that all cases share; each adds its own lines by %s. */
#define ROOT                                                                                       \
    "root 198.41.0.4 2001:db8::4\n"                                                                \
    "zone . {\n"                                                                                   \
    "@ 60 SOA a.root. h. 1 1 1 1 60\n"                                                             \
    "@ 60 NS a.root.\n"                                                                            \
    "a.root. 60 A 198.41.0.4\n"                                                                    \
    "com. 60 NS a.nic.com.\n"                                                                      \
    "a.nic.com. 60 A 192.5.6.30\n"                                                                 \
    "a.nic.com. 60 AAAA 2001:db8::30\n"                                                            \
    "net. 60 NS a.nic.net.\n"                                                                      \
    "a.nic.net. 60 A 192.5.6.31\n"                                                                 \
    "}\n"                                                                                          \
    "address 198.41.0.4 {\nserves .\n}\n"                                                          \
    "address 2001:db8::4 {\nserves .\n}\n"

#define COM_ADDRESSES                                                                              \
    "address 192.5.6.30 {\nserves com\n}\n"                                                        \
    "address 2001:db8::30 {\nserves com\n}\n"

#define COM(lines)                                                                                 \
    "zone com {\n"                                                                                 \
    "@ 60 SOA a.nic h 1 1 1 1 60\n"                                                                \
    "@ 60 NS a.nic\n"                                                                              \
    "a.nic 60 A 192.5.6.30\n"                                                                      \
    "a.nic 60 AAAA 2001:db8::30\n" lines "}\n"

#define NET(lines)                                                                                 \
    "zone net {\n"                                                                                 \
    "@ 60 SOA a.nic h 1 1 1 1 60\n"                                                                \
    "@ 60 NS a.nic\n"                                                                              \
    "a.nic 60 A 192.5.6.31\n" lines "}\n"                                                          \
    "address 192.5.6.31 {\nserves net\n}\n"

#define EXAMPLE(lines)                                                                             \
    "zone example.com {\n"                                                                         \
    "@ 60 SOA ns1 h 1 1 1 1 60\n" lines "}\n"

#define TWO_GLUED                                                                                  \
    "example 60 NS ns1.example\n"                                                                  \
    "example 60 NS ns2.example\n"                                                                  \
    "ns1.example 60 A 192.0.2.1\n"                                                                 \
    "ns1.example 60 AAAA 2001:db8::1\n"                                                            \
    "ns2.example 60 A 192.0.2.2\n"

#define TWO_GLUED_CO "example 60 NS ns1.example\nns1.example 60 A 192.0.2.1\n"

#define TWO_ZONE                                                                                   \
    "@ 60 NS ns1\n"                                                                                \
    "@ 60 NS ns2\n"                                                                                \
    "ns1 60 A 192.0.2.1\n"                                                                         \
    "ns1 60 AAAA 2001:db8::1\n"                                                                    \
    "ns2 60 A 192.0.2.2\n"

#define TWO_ADDRESSES                                                                              \
    "address 192.0.2.1 {\nserves example.com\n}\n"                                                 \
    "address 2001:db8::1 {\nserves example.com\n}\n"                                               \
    "address 192.0.2.2 {\nserves example.com\n}\n"

#define TWO_ADDRESSES_NO_UDP                                                                       \
    "address 192.0.2.1 {\nserves example.com\nbehave drop when udp\n}\n"                           \
    "address 2001:db8::1 {\nserves example.com\n}\n"                                               \
    "address 192.0.2.2 {\nserves example.com\n}\n"

#define NORMAL                                                                                     \
    ROOT COM(TWO_GLUED)                                                                            \
    COM_ADDRESSES EXAMPLE(TWO_ZONE) TWO_ADDRESSES

#define NORMAL_PARENT                                                                              \
    "parent com.\n"                                                                                \
    " 192.5.6.30 referral\n"                                                                       \
    " 2001:db8::30 referral\n"

#define NORMAL_SERVERS                                                                             \
    "ns1.example.com. pcz found 192.0.2.1/gz 2001:db8::1/gz\n"                                     \
    "ns2.example.com. pcz found 192.0.2.2/gz\n"

typedef struct run {
    fakezone_t *world;
    model_input_t in;
    given_ns_t start[8];
    given_ns_t roots[8];
    exchange_set_t set;
    check_options_t options;
    model_t *m;
    model_t *again;
    model_wants_t *wants;
} run_t;

static void name_set(nsp_name_t *name, const char *text)
{
    assert_int_equal(nsp_name_from_text(text, strlen(text), NULL, name, NULL), NSP_OK);
}

static void *allocate(size_t n)
{
    void *p = malloc(n);
    assert_non_null(p);
    return p;
}

static size_t start_from_roots(const fakezone_t *z, given_ns_t *out, uint16_t port)
{
    size_t n = 0;
    const addr_t *roots = scenario_roots(fakezone_scenario(z), &n);
    for (size_t i = 0; i < n; i++) {
        memset(&out[i], 0, sizeof out[i]);
        name_set(&out[i].name, "a.root.");
        out[i].has_addr = true;
        out[i].addr = roots[i];
        out[i].addr.port = port;
    }
    return n;
}

static void run_init(run_t *r, const char *scenario, const char *domain)
{
    memset(r, 0, sizeof *r);
    r->world = fakezone_new(scenario);
    name_set(&r->in.domain, domain);
    r->in.kind = START_HINTS;
    r->in.start = r->start;
    r->in.start_count = start_from_roots(r->world, r->start, 53);
    r->in.port = 53;
    r->in.use_ipv4 = r->in.use_ipv6 = true;
    r->in.parents_max = 32;
    r->options = check_options_default();
    r->m = allocate(sizeof *r->m);
    r->again = allocate(sizeof *r->again);
    r->wants = allocate(sizeof *r->wants);
    exchange_set_init(&r->set, 0);
}

static void run_give(run_t *r, size_t i, const char *name, const char *addr)
{
    given_ns_t *g = &r->start[i];
    memset(g, 0, sizeof *g);
    name_set(&g->name, name);
    if (addr != NULL)
        g->has_addr = addr_from_text(addr, strlen(addr), 53, &g->addr);
    r->in.start_count = i + 1;
}

static void run_free(run_t *r)
{
    exchange_set_free(&r->set);
    fakezone_free(r->world);
    free(r->m);
    free(r->again);
    free(r->wants);
}

/* The set as a pcap would give it: what was never sent is not there. */
static void copy_set(const exchange_set_t *from, exchange_set_t *to)
{
    exchange_set_init(to, from->began_wall);
    for (uint32_t i = 0; i < from->count; i++) {
        const exchange_t *x = from->item[i];
        const event_t *query = exchange_query(x);
        if (query == NULL)
            continue;
        exchange_t *copy = exchange_add(to, x->transport, &x->server, query->bytes, query->size);
        assert_non_null(copy);
        copy->local = x->local;
        copy->finished = true;
        for (uint32_t k = 0; k < x->event_count; k++)
            assert_true(exchange_append(copy, &x->event[k]));
    }
}

/* What holds of every finished check: nothing is wanted any more, no question went twice to an
 * address, and the exchanges alone give the same model. */
static void check_invariants(run_t *r)
{
    char *live = strdup(model_dump(r->m));
    assert_non_null(live);
    assert_true(model_build(&r->in, INT64_MAX / 2, r->again, r->wants));
    assert_int_equal(r->wants->count, 0);
    assert_string_equal(model_dump(r->again), live);
    assert_true(model_build(&r->in, 0, r->again, NULL));
    assert_string_equal(model_dump(r->again), live);
    exchange_set_t copy;
    copy_set(&r->set, &copy);
    r->in.set = &copy;
    assert_true(model_build(&r->in, 0, r->again, NULL));
    assert_string_equal(model_dump(r->again), live);
    r->in.set = &r->set;
    exchange_set_free(&copy);
    free(live);
    for (uint32_t i = 0; i < r->set.count; i++) {
        const event_t *a = exchange_query(r->set.item[i]);
        assert_true(r->set.item[i]->finished);
        for (uint32_t k = i + 1; a != NULL && k < r->set.count; k++) {
            const event_t *b = exchange_query(r->set.item[k]);
            bool same = b != NULL && a->size == b->size &&
                        r->set.item[i]->transport == r->set.item[k]->transport &&
                        addr_equal(&r->set.item[i]->server, &r->set.item[k]->server) &&
                        memcmp(a->bytes + 2, b->bytes + 2, a->size - 2) == 0;
            assert_false(same);
        }
    }
}

static void run_check(run_t *r, const char *expected)
{
    assert_int_equal(check_run(fakezone_net(r->world), &r->in, &r->options, &r->set, r->m), NET_OK);
    assert_string_equal(model_dump(r->m), expected);
    check_invariants(r);
}

typedef struct walk_case {
    const char *name;
    const char *scenario;
    const char *domain;
    const char *expected;
} walk_case_t;

static const walk_case_t walks[] = {
    {"normal", NORMAL, "Example.COM.", "zone example.com. found\n" NORMAL_PARENT NORMAL_SERVERS},
    {"name inside the zone", NORMAL, "ns1.example.com.",
     "zone example.com. found no-delegation\n" NORMAL_PARENT NORMAL_SERVERS},
    {"nonexistent", NORMAL, "nowhere.com.",
     "zone nowhere.com. nxdomain\nparent com.\n 192.5.6.30 nxdomain\n 2001:db8::30 nxdomain\n"},
    {"glue missing for one server",
     ROOT COM("example 60 NS ns1.example\nexample 60 NS ns2.example\n"
              "ns1.example 60 A 192.0.2.1\n") COM_ADDRESSES EXAMPLE(TWO_ZONE) TWO_ADDRESSES,
     "example.com.",
     "zone example.com. found\n" NORMAL_PARENT
     "ns1.example.com. pcz found 192.0.2.1/gz 2001:db8::1/z\n"
     "ns2.example.com. pcz found 192.0.2.2/z\n"},
    {"glue missing for all",
     ROOT COM("example 60 NS ns1.example\n") COM_ADDRESSES EXAMPLE(TWO_ZONE) TWO_ADDRESSES,
     "example.com.", "zone example.com. found\n" NORMAL_PARENT "ns1.example.com. pz loop\n"},
    {"out-of-bailiwick glue is not believed",
     ROOT COM("example 60 NS ns.other.net.\nns.other.net. 60 A 203.0.113.66\n")
         COM_ADDRESSES NET("other 60 NS ns.other\nns.other 60 A 192.0.2.9\n") EXAMPLE(
             "@ 60 NS ns.other.net.\n") "zone other.net {\n@ 60 SOA ns h 1 1 1 1 60\n"
                                        "@ 60 NS ns\nns 60 A 192.0.2.9\n}\n"
                                        "address 192.0.2.9 {\nserves example.com other.net\n}\n"
                                        "address 203.0.113.66 {\nserves example.com\n}\n",
     "example.com.",
     "zone example.com. found\n" NORMAL_PARENT "ns.other.net. pc found 192.0.2.9/e\n"},
    {"server names need each other",
     ROOT COM("example 60 NS ns.other.net.\n") COM_ADDRESSES NET("other 60 NS ns.example.com.\n"),
     "example.com.", "zone example.com. found\n" NORMAL_PARENT "ns.other.net. p loop\n"},
    {"server name is an alias",
     ROOT COM("example 60 NS ns1.example\nexample 60 NS alias.net.\n"
              "ns1.example 60 A 192.0.2.1\n")
         COM_ADDRESSES NET("alias 60 CNAME real\nreal 60 A 192.0.2.2\n")
             EXAMPLE("@ 60 NS ns1\n@ 60 NS alias.net.\nns1 60 A 192.0.2.1\n") TWO_ADDRESSES,
     "example.com.",
     "zone example.com. found\n" NORMAL_PARENT "ns1.example.com. pcz found 192.0.2.1/gz\n"
     "alias.net. pc cname\n"},
    {"server names without address, and nonexistent",
     ROOT COM("example 60 NS ns1.example\nexample 60 NS text.net.\nexample 60 NS none.net.\n"
              "ns1.example 60 A 192.0.2.1\n") COM_ADDRESSES NET("text 60 TXT x\n")
         EXAMPLE("@ 60 NS ns1\nns1 60 A 192.0.2.1\n") TWO_ADDRESSES,
     "example.com.",
     "zone example.com. found\n" NORMAL_PARENT "ns1.example.com. pcz found 192.0.2.1/gz\n"
     "none.net. p nxdomain\ntext.net. p nodata\n"},
    {"servers of the zone that holds the server's name are dead",
     ROOT COM("example 60 NS ns.other.net.\n")
         COM_ADDRESSES NET("other 60 NS ns.other\nns.other 60 A 192.0.2.77\n"),
     "example.com.", "zone example.com. found\n" NORMAL_PARENT "ns.other.net. p failed\n"},
    {"child names another server",
     ROOT COM(TWO_GLUED) COM_ADDRESSES EXAMPLE(
         "@ 60 NS ns1\n@ 60 NS ns3\nns1 60 A 192.0.2.1\nns1 60 AAAA 2001:db8::1\n"
         "ns2 60 A 192.0.2.2\nns3 60 A 192.0.2.3\n") TWO_ADDRESSES
     "address 192.0.2.3 {\nserves example.com\n}\n",
     "example.com.",
     "zone example.com. found\n" NORMAL_PARENT
     "ns1.example.com. pcz found 192.0.2.1/gz 2001:db8::1/gz\n"
     "ns2.example.com. pz found 192.0.2.2/gz\n"
     "ns3.example.com. cz found 192.0.2.3/z\n"},
    {"glue differs",
     ROOT COM("example 60 NS ns1.example\nexample 60 NS ns2.example\n"
              "ns1.example 60 A 192.0.2.1\nns2.example 60 A 192.0.2.99\n")
         COM_ADDRESSES EXAMPLE(TWO_ZONE) TWO_ADDRESSES,
     "example.com.",
     "zone example.com. found\n" NORMAL_PARENT
     "ns1.example.com. pcz found 192.0.2.1/gz 2001:db8::1/z\n"
     "ns2.example.com. pcz found 192.0.2.2/z 192.0.2.99/g\n"},
    {"one parent address is dead, one root lame",
     ROOT COM(TWO_GLUED) "address 192.5.6.30 {\nserves com\n}\n"
                         "address 2001:db8::30 {\nbehave drop\n}\n" EXAMPLE(TWO_ZONE) TWO_ADDRESSES,
     "example.com.",
     "zone example.com. found\nparent com.\n 192.5.6.30 referral\n "
     "2001:db8::30\n" NORMAL_SERVERS},
    {"all parent addresses are dead",
     ROOT "address 192.5.6.30 {\nbehave drop\n}\naddress 2001:db8::30 {\nbehave refuse\n}\n",
     "example.com.", "zone example.com.\nparent com.\n 192.5.6.30\n 2001:db8::30\n"},
    {"parent and child on the same servers",
     ROOT COM(TWO_GLUED)
         EXAMPLE("@ 60 NS a.nic.com.\n@ 60 NS ns1\nns1 60 A 192.5.6.30\n") "address 192.5.6.30 "
                                                                           "{\nserves "
                                                                           "com example.com\n}\n"
                                                                           "address 2001:db8::30 "
                                                                           "{\nserves "
                                                                           "com example.com\n}\n",
     "example.com.",
     "zone example.com. found\nparent com.\n 192.5.6.30 aa\n 2001:db8::30 aa\n"
     "ns1.example.com. cz found 192.5.6.30/z\n"
     "a.nic.com. c found 192.5.6.30/e 2001:db8::30/e\n"},
    {"truncated referral leads to TCP",
     ROOT COM(
         TWO_GLUED) "address 192.5.6.30 {\nserves com\nbehave truncate when udp\n}\n"
                    "address 2001:db8::30 {\nserves com\nbehave truncate when udp\n}\n" EXAMPLE(
                        TWO_ZONE) TWO_ADDRESSES,
     "example.com.", "zone example.com. found\n" NORMAL_PARENT NORMAL_SERVERS},
    {"parents that refuse EDNS",
     ROOT COM(TWO_GLUED) "address 192.5.6.30 {\nserves com\nbehave formerr when edns\n}\n"
                         "address 2001:db8::30 {\nserves com\nbehave notimp when edns\n}\n" EXAMPLE(
                             TWO_ZONE) TWO_ADDRESSES,
     "example.com.", "zone example.com. found\n" NORMAL_PARENT NORMAL_SERVERS},
    {"parents that drop EDNS",
     ROOT COM(TWO_GLUED) "address 192.5.6.30 {\nserves com\nbehave drop when edns\n}\n"
                         "address 2001:db8::30 {\nserves com\nbehave drop when edns\n}\n" EXAMPLE(
                             TWO_ZONE) TWO_ADDRESSES,
     "example.com.", "zone example.com. found\n" NORMAL_PARENT NORMAL_SERVERS},
    {"upward referral and malformed parents",
     ROOT COM(TWO_GLUED) "address 192.5.6.30 {\nserves com\nbehave upward-referral\n}\n"
                         "address 2001:db8::30 {\nserves com\n}\n" EXAMPLE(TWO_ZONE) TWO_ADDRESSES,
     "example.com.",
     "zone example.com. found\nparent com.\n 192.5.6.30\n 2001:db8::30 "
     "referral\n" NORMAL_SERVERS},
    {"alias at the domain", ROOT COM(TWO_GLUED "www 60 CNAME example\n") COM_ADDRESSES, "www.com.",
     "zone com. found no-delegation\nparent .\n 198.41.0.4 referral\n 2001:db8::4 referral\n"
     "a.nic.com. pcz found 192.5.6.30/gz 2001:db8::30/gz\n"},
    {"the zone's servers drop EDNS over UDP",
     ROOT COM("example 60 NS ns1.example\nns1.example 60 A 192.0.2.1\n") COM_ADDRESSES EXAMPLE(
         "@ 60 NS ns1\nns1 60 A 192.0.2.1\n") "address 192.0.2.1 {\nserves example.com\nbehave "
                                              "drop when udp edns\n}\n",
     "example.com.",
     "zone example.com. found\n" NORMAL_PARENT "ns1.example.com. pcz found 192.0.2.1/gz\n"},
    {"a server's name in a zone below",
     ROOT COM("example 60 NS ns1.sub.example\nns1.sub.example 60 A 192.0.2.1\n")
         COM_ADDRESSES EXAMPLE("@ 60 NS ns1.sub\nsub 60 NS ns1.sub\nns1.sub 60 A "
                               "192.0.2.1\n") "zone sub.example.com {\n@ 60 SOA ns1 h 1 1 "
                                              "1 1 60\n@ 60 NS ns1\n"
                                              "ns1 60 A 192.0.2.1\nns1 60 AAAA "
                                              "2001:db8::1\n}\n"
                                              "address 192.0.2.1 {\nserves example.com "
                                              "sub.example.com\n}\n"
                                              "address 2001:db8::1 {\nserves example.com "
                                              "sub.example.com\n}\n",
     "example.com.",
     "zone example.com. found\n" NORMAL_PARENT
     "ns1.sub.example.com. pcz found 192.0.2.1/gz 2001:db8::1/z\n"},
    {"servers of a zone two above serve the one between as well",
     ROOT COM("co 60 NS a.nic.com.\n") "zone co.com {\n@ 60 SOA a.nic.com. h 1 1 1 1 60\n"
                                       "@ 60 NS a.nic.com.\n" TWO_GLUED_CO "}\n"
                                       "address 192.5.6.30 {\nserves com co.com\n}\n"
                                       "address 2001:db8::30 {\nserves com co.com\n}\n"
                                       "zone example.co.com {\n@ 60 SOA ns1 h 1 1 1 1 60\n"
                                       "@ 60 NS ns1\nns1 60 A 192.0.2.1\n}\n"
                                       "address 192.0.2.1 {\nserves example.co.com\n}\n",
     "example.co.com.",
     "zone example.co.com. found\nparent co.com.\n 192.5.6.30 referral\n 2001:db8::30 referral\n"
     "ns1.example.co.com. pcz found 192.0.2.1/gz\n"},
    {"an empty name between the zone and its parent",
     ROOT COM("a.b 60 NS ns1.a.b\nns1.a.b 60 A 192.0.2.1\n") COM_ADDRESSES
     "zone a.b.com {\n@ 60 SOA ns1 h 1 1 1 1 60\n@ 60 NS ns1\nns1 60 A 192.0.2.1\n}\n"
     "address 192.0.2.1 {\nserves a.b.com\n}\n",
     "a.b.com.", "zone a.b.com. found\n" NORMAL_PARENT "ns1.a.b.com. pcz found 192.0.2.1/gz\n"},
    {"a name in a zone that the parent's servers serve as well",
     ROOT COM("co 60 NS a.nic.com.\n") "zone co.com {\n@ 60 SOA a.nic.com. h 1 1 1 1 60\n"
                                       "@ 60 NS a.nic.com.\nwww 60 A 192.0.2.80\n}\n"
                                       "address 192.5.6.30 {\nserves com co.com\n}\n"
                                       "address 2001:db8::30 {\nserves com co.com\n}\n",
     "www.co.com.",
     "zone co.com. found no-delegation\nparent com.\n 192.5.6.30 aa\n 2001:db8::30 aa\n"
     "a.nic.com. c found 192.5.6.30/e 2001:db8::30/e\n"},
    {"a server that only the zone names, outside of it",
     ROOT COM(TWO_GLUED_CO) COM_ADDRESSES NET("extra 60 A 192.0.2.9\n")
         EXAMPLE("@ 60 NS ns1\n@ 60 NS extra.net.\nns1 60 A 192.0.2.1\n") "address 192.0.2.1 "
                                                                          "{\nserves "
                                                                          "example.com\n}\n"
                                                                          "address 192.0.2.9 "
                                                                          "{\nserves "
                                                                          "example.com\n}\n",
     "example.com.",
     "zone example.com. found\n" NORMAL_PARENT "ns1.example.com. pcz found 192.0.2.1/gz\n"
     "extra.net. c found 192.0.2.9/e\n"},
    {"the parent's servers serve the zone, and its servers have names in the parent",
     ROOT COM(TWO_GLUED_CO) COM_ADDRESSES
     "zone example.com {\n@ 60 SOA ns1 h 1 1 1 1 60\n@ 60 NS ns1\nns1 60 A 192.0.2.1\n"
     "sub 60 NS s.x\ns.x 60 A 192.0.2.1\nt.x 60 A 192.0.2.3\n}\n"
     "zone sub.example.com {\n@ 60 SOA s.x.example.com. h 1 1 1 1 60\n@ 60 NS s.x.example.com.\n"
     "@ 60 NS t.x.example.com.\n}\n"
     "address 192.0.2.1 {\nserves example.com sub.example.com\n}\n"
     "address 192.0.2.3 {\nserves sub.example.com\n}\n",
     "sub.example.com.",
     "zone sub.example.com. found\nparent example.com.\n 192.0.2.1 aa\n"
     "s.x.example.com. c found 192.0.2.1/e\nt.x.example.com. c found 192.0.2.3/e\n"},
    {"every address of the zone is dead", ROOT COM(TWO_GLUED) COM_ADDRESSES, "example.com.",
     "zone example.com. found\n" NORMAL_PARENT
     "ns1.example.com. pz found 192.0.2.1/g 2001:db8::1/g\n"
     "ns2.example.com. pz found 192.0.2.2/g\n"},
};

static void test_walks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof walks / sizeof walks[0]; i++) {
        run_t r;
        print_message("  %s\n", walks[i].name);
        run_init(&r, walks[i].scenario, walks[i].domain);
        run_check(&r, walks[i].expected);
        run_free(&r);
    }
}

static unsigned count_to(const run_t *r, const char *addr)
{
    addr_t a;
    unsigned n = 0;
    assert_true(addr_from_text(addr, strlen(addr), 53, &a));
    for (uint32_t i = 0; i < r->set.count; i++)
        n += addr_equal(&r->set.item[i]->server, &a);
    return n;
}

static void battery_asked_of_each_address(bool thorough)
{
    run_t r;
    form_set_t forms;
    run_init(&r, NORMAL, "example.com.");
    r.options.thorough = thorough;
    run_check(&r, "zone example.com. found\n" NORMAL_PARENT NORMAL_SERVERS);
    assert_int_equal(r.m->address_count, 3);
    form_set_init(&forms, &r.m->zone);
    for (uint16_t i = 0; i < r.m->address_count; i++) {
        unsigned seen[PROBE_NODATA + 1] = {0};
        unsigned formed[FORM_COUNT + 1] = {0};
        for (uint32_t k = 0; k < r.set.count; k++)
            if (addr_equal(&r.set.item[k]->server, &r.m->address[i].addr)) {
                form_id_t form = form_of(&forms, r.set.item[k]);
                formed[form]++;
                if (form == FORM_COUNT)
                    seen[probe_kind_of(r.set.item[k], &r.m->zone)]++;
            }
        for (unsigned kind = PROBE_SOA; kind <= PROBE_NODATA; kind++)
            assert_int_equal(seen[kind], kind == PROBE_BIG || kind == PROBE_BIG_TCP ? 2 : 1);
        assert_int_equal(seen[PROBE_NONE], 4); /* A and AAAA of the two names */
        for (unsigned form = 0; form < FORM_COUNT; form++)
            assert_int_equal(formed[form], thorough || !form_is_thorough((form_id_t)form));
    }
    run_free(&r);
}

static void test_battery_asked_of_each_address(void **state)
{
    (void)state;
    battery_asked_of_each_address(false);
    battery_asked_of_each_address(true);
}

static void test_poisoned_address_is_never_asked(void **state)
{
    (void)state;
    run_t r;
    run_init(&r, walks[5].scenario, walks[5].domain);
    run_check(&r, walks[5].expected);
    assert_int_equal(count_to(&r, "203.0.113.66"), 0);
    assert_true(count_to(&r, "192.0.2.9") > 0);
    run_free(&r);
}

/* One dead address of several costs what one alone costs: a schedule of tries. */
static void test_dead_addresses_cost_one_schedule(void **state)
{
    (void)state;
    int64_t elapsed[3];
    const char *scenarios[3] = {
        ROOT COM(TWO_GLUED)
            COM_ADDRESSES EXAMPLE(TWO_ZONE) "address 192.0.2.1 {\nserves example.com\n}\n"
                                            "address 2001:db8::1 {\nserves example.com\n}\naddress "
                                            "192.0.2.2 {\nbehave drop\n}\n",
        ROOT COM(TWO_GLUED) COM_ADDRESSES,
        ROOT COM(TWO_GLUED) COM_ADDRESSES EXAMPLE(TWO_ZONE) TWO_ADDRESSES_NO_UDP};
    for (int i = 0; i < 3; i++) {
        run_t r;
        run_init(&r, scenarios[i], "example.com.");
        assert_int_equal(check_run(fakezone_net(r.world), &r.in, &r.options, &r.set, r.m), NET_OK);
        elapsed[i] = fakezone_elapsed(r.world);
        run_free(&r);
    }
    assert_true(elapsed[0] < INT64_C(9000000000)); /* 1 + 2 + 4 + 1 seconds, and the walk */
    assert_true(elapsed[1] < INT64_C(9000000000));
    assert_true(elapsed[2] < INT64_C(9000000000));
}

static void test_given(void **state)
{
    (void)state;
    run_t r;
    run_init(&r, NORMAL, "example.com.");
    r.in.kind = START_GIVEN;
    run_give(&r, 0, "ns1.example.com.", "192.0.2.1");
    run_give(&r, 1, "ns2.example.com.", NULL);
    run_check(&r, "zone example.com. found\n"
                  "ns1.example.com. pcz found 192.0.2.1/zu 2001:db8::1/z\n"
                  "ns2.example.com. pcz found 192.0.2.2/z\n");
    assert_int_equal(count_to(&r, "192.5.6.30"), 0);
    run_free(&r);
}

static void test_undelegated(void **state)
{
    (void)state;
    run_t r;
    run_init(&r,
             ROOT COM("") COM_ADDRESSES NET("ns.other 60 A 192.0.2.2\n")
                 EXAMPLE("@ 60 NS ns1\n@ 60 NS ns.other.net.\nns1 60 A 192.0.2.1\n") TWO_ADDRESSES,
             "example.com.");
    r.in.roots = r.roots;
    r.in.roots_count = start_from_roots(r.world, r.roots, 53);
    r.in.kind = START_UNDELEGATED;
    run_give(&r, 0, "ns1.example.com.", "192.0.2.1");
    run_give(&r, 1, "ns.other.net.", NULL);
    run_check(&r, "zone example.com. found\nparent com.\n"
                  "ns1.example.com. pcz found 192.0.2.1/gzu\n"
                  "ns.other.net. pc found 192.0.2.2/e\n");
    run_free(&r);
}

static void test_resolver(void **state)
{
    (void)state;
    run_t r;
    run_init(&r,
             ROOT COM("example 60 NS ns1.example\nexample 60 NS ns.other.net.\n"
                      "ns1.example 60 A 192.0.2.1\n") COM_ADDRESSES NET("ns.other 60 A 192.0.2.2\n")
                 EXAMPLE("@ 60 NS ns1\n@ 60 NS ns.other.net.\nns1 60 A 192.0.2.1\n"
                         "www 60 A 192.0.2.80\n") TWO_ADDRESSES,
             "example.com.");
    r.in.kind = START_RESOLVER;
    run_give(&r, 0, "resolver.", "10.9.9.9");
    fakezone_set_resolver(r.world, &r.start[0].addr);
    run_check(&r,
              "zone example.com. found\n" NORMAL_PARENT "ns1.example.com. pcz found 192.0.2.1/gz\n"
              "ns.other.net. pc found 192.0.2.2/r\n");
    assert_int_equal(count_to(&r, "198.41.0.4"), 0);
    run_free(&r);
}

static void test_resolver_below_the_cut(void **state)
{
    (void)state;
    run_t r;
    run_init(&r, NORMAL, "ns1.example.com.");
    r.in.kind = START_RESOLVER;
    run_give(&r, 0, "resolver.", "10.9.9.9");
    fakezone_set_resolver(r.world, &r.start[0].addr);
    run_check(&r, "zone example.com. found no-delegation\n" NORMAL_PARENT
                  "ns1.example.com. pcz found 192.0.2.1/gzr 2001:db8::1/gzr\n"
                  "ns2.example.com. pcz found 192.0.2.2/gzr\n");
    run_free(&r);
}

static void test_ipv6_only(void **state)
{
    (void)state;
    run_t r;
    run_init(&r, NORMAL, "example.com.");
    r.in.use_ipv4 = false;
    run_check(&r, "zone example.com. found\nparent com.\n 192.5.6.30 unasked\n"
                  " 2001:db8::30 referral\n" NORMAL_SERVERS);
    assert_int_equal(count_to(&r, "192.0.2.1"), 0);
    assert_true(count_to(&r, "2001:db8::1") > 0);
    run_free(&r);
}

static void test_no_route_for_ipv6(void **state)
{
    (void)state;
    run_t r;
    run_init(&r, NORMAL, "example.com.");
    fakezone_cut_family(r.world, 6);
    assert_int_equal(check_run(fakezone_net(r.world), &r.in, &r.options, &r.set, r.m), NET_OK);
    assert_true(r.m->finished);
    assert_true(r.m->zone_found);
    assert_int_equal(r.m->server_count, 2);
    check_invariants(&r);
    run_free(&r);
}

static void test_other_port(void **state)
{
    (void)state;
    run_t r;
    run_init(&r, NORMAL, "example.com.");
    fakezone_set_port(r.world, 5353);
    r.in.port = 5353;
    r.in.start_count = start_from_roots(r.world, r.start, 5353);
    run_check(&r, "zone example.com. found\nparent com.\n 192.5.6.30#5353 referral\n"
                  " 2001:db8::30#5353 referral\n"
                  "ns1.example.com. pcz found 192.0.2.1#5353/gz 2001:db8::1#5353/gz\n"
                  "ns2.example.com. pcz found 192.0.2.2#5353/gz\n");
    run_free(&r);
}

static void test_root_zone(void **state)
{
    (void)state;
    run_t r;
    run_init(&r, NORMAL, ".");
    run_check(&r, "zone . found\na.root. pcz found 198.41.0.4/zu 2001:db8::4/u\n");
    run_free(&r);
}

static void test_interrupted(void **state)
{
    (void)state;
    run_t r;
    run_init(&r, ROOT COM(TWO_GLUED) COM_ADDRESSES, "example.com.");
    fakezone_interrupt_at(r.world, INT64_C(500000000));
    assert_int_equal(check_run(fakezone_net(r.world), &r.in, &r.options, &r.set, r.m),
                     NET_E_INTERRUPTED);
    assert_false(r.m->finished);
    assert_true(r.m->zone_found);
    assert_int_equal(r.m->server_count, 2);
    run_free(&r);
}

static void test_budget(void **state)
{
    (void)state;
    for (unsigned max = 0; max < 40; max += 13) {
        run_t r;
        run_init(&r, NORMAL, "example.com.");
        r.options.exchanges_max = max;
        assert_int_equal(check_run(fakezone_net(r.world), &r.in, &r.options, &r.set, r.m), NET_OK);
        assert_true(r.set.count <= max);
        run_free(&r);
    }
}

/* A referral with more servers and addresses than the model holds. */
static void test_huge_referral(void **state)
{
    (void)state;
    size_t cap = 65536;
    char *lines = allocate(cap);
    char *scenario = allocate(cap);
    size_t n = 0;
    for (int i = 0; i < MODEL_SERVERS_MAX + 20; i++)
        n += (size_t)snprintf(lines + n, cap - n,
                              "example 60 NS n%d.example\nn%d.example 60 A 10.0.%d.1\n"
                              "n%d.example 60 A 10.0.%d.2\nn%d.example 60 A 10.0.%d.3\n",
                              i, i, i, i, i, i, i);
    snprintf(scenario, cap, "%s%s%s}\n%s", ROOT,
             "zone com {\n@ 60 SOA a.nic h 1 1 1 1 60\n@ 60 NS a.nic\na.nic 60 A 192.5.6.30\n",
             lines, COM_ADDRESSES);
    run_t r;
    run_init(&r, scenario, "example.com.");
    assert_int_equal(check_run(fakezone_net(r.world), &r.in, &r.options, &r.set, r.m), NET_OK);
    assert_true(r.m->finished);
    assert_int_equal(r.m->server_count, MODEL_SERVERS_MAX);
    assert_int_equal(r.m->address_count, MODEL_ADDRESSES_MAX);
    assert_true(r.m->dropped > 0);
    check_invariants(&r);
    run_free(&r);
    free(lines);
    free(scenario);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walks),
        cmocka_unit_test(test_battery_asked_of_each_address),
        cmocka_unit_test(test_poisoned_address_is_never_asked),
        cmocka_unit_test(test_dead_addresses_cost_one_schedule),
        cmocka_unit_test(test_given),
        cmocka_unit_test(test_undelegated),
        cmocka_unit_test(test_resolver),
        cmocka_unit_test(test_resolver_below_the_cut),
        cmocka_unit_test(test_ipv6_only),
        cmocka_unit_test(test_no_route_for_ipv6),
        cmocka_unit_test(test_other_port),
        cmocka_unit_test(test_root_zone),
        cmocka_unit_test(test_interrupted),
        cmocka_unit_test(test_budget),
        cmocka_unit_test(test_huge_referral),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
