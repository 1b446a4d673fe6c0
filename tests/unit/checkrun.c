#include "checkrun.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

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

size_t checkrun_roots(const fakezone_t *z, given_ns_t *out, uint16_t port)
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

void checkrun_begin(checkrun_t *r, const char *scenario, const char *domain)
{
    memset(r, 0, sizeof *r);
    r->world = fakezone_new(scenario);
    name_set(&r->in.domain, domain);
    r->in.kind = START_HINTS;
    r->in.start = r->start;
    r->in.start_count = checkrun_roots(r->world, r->start, 53);
    r->in.port = 53;
    r->in.use_ipv4 = r->in.use_ipv6 = true;
    r->in.parents_max = 32;
    r->options = check_options_default();
    r->m = allocate(sizeof *r->m);
    r->again = allocate(sizeof *r->again);
    r->wants = allocate(sizeof *r->wants);
    exchange_set_init(&r->set, 0);
}

void checkrun_give(checkrun_t *r, size_t i, const char *name, const char *addr)
{
    given_ns_t *g = &r->start[i];
    memset(g, 0, sizeof *g);
    name_set(&g->name, name);
    if (addr != NULL)
        g->has_addr = addr_from_text(addr, strlen(addr), 53, &g->addr);
    r->in.start_count = i + 1;
}

void checkrun_end(checkrun_t *r)
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

void checkrun_hold(checkrun_t *r)
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

void checkrun_expect(checkrun_t *r, const char *expected)
{
    assert_int_equal(check_run(fakezone_net(r->world), &r->in, &r->options, &r->set, r->m), NET_OK);
    assert_string_equal(model_dump(r->m), expected);
    checkrun_hold(r);
}

unsigned checkrun_count_to(const checkrun_t *r, const char *addr)
{
    addr_t a;
    unsigned n = 0;
    assert_true(addr_from_text(addr, strlen(addr), 53, &a));
    for (uint32_t i = 0; i < r->set.count; i++)
        n += addr_equal(&r->set.item[i]->server, &a);
    return n;
}
