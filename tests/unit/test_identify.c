/* Who asks is said in each question that can say it, and nothing else changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "diagnose/diagnose.h"
#include "diagnose/form.h"
#include "fakezone.h"
#include "probe/check.h"

static const char world[] =
    "root 198.41.0.4\n"
    "zone . {\n@ 60 SOA a.root. h. 1 1 1 1 60\n@ 60 NS a.root.\n"
    "a.root. 60 A 198.41.0.4\ncom. 60 NS ns.com.\nns.com. 60 A 192.0.2.1\n}\n"
    "zone com {\n@ 60 SOA ns h 1 1 1 1 60\n@ 60 NS ns\nns 60 A 192.0.2.1\n}\n"
    "address 198.41.0.4 {\nserves .\n}\n"
    "address 192.0.2.1 {\nserves com\n}\n";

typedef struct fixture {
    fakezone_t *world;
    given_ns_t root;
    model_t *m;
    exchange_set_t set;
    finding_list_t findings;
} fixture_t;

static void check(fixture_t *f, const char *identify)
{
    check_options_t o = check_options_default();
    model_input_t in = {.kind = START_HINTS,
                        .start = &f->root,
                        .start_count = 1,
                        .port = 53,
                        .use_ipv4 = true,
                        .parents_max = 32};
    memset(f, 0, sizeof *f);
    f->world = fakezone_new(world);
    f->m = malloc(sizeof *f->m);
    f->root.has_addr = addr_from_text("198.41.0.4", 10, 53, &f->root.addr);
    nsp_name_root(&f->root.name);
    assert_int_equal(nsp_name_from_text("com", 3, NULL, &in.domain, NULL), NSP_OK);
    o.identify = identify;
    exchange_set_init(&f->set, 0);
    finding_list_init(&f->findings);
    assert_int_equal(check_run(fakezone_net(f->world), &in, &o, &f->set, f->m), NET_OK);
    assert_true(diagnose(f->m, &f->set, NULL, &f->findings));
}

static void end(fixture_t *f)
{
    finding_list_free(&f->findings);
    exchange_set_free(&f->set);
    fakezone_free(f->world);
    free(f->m);
}

/* The text in a query's OPT. */
static bool says(const exchange_t *x, const char *text, bool *has_opt)
{
    nsp_rr_t arena[8];
    nsp_msg_t m;
    nsp_edns_t e;
    const event_t *query = exchange_query(x);
    assert_non_null(query);
    (void)nsp_msg_index(&m, query->bytes, query->size, arena, 8);
    *has_opt = nsp_edns_read(&m, &e, NULL);
    const nsp_edns_option_t *o = *has_opt ? nsp_edns_find(&e, PROBE_IDENTIFY_OPTION) : NULL;
    return o != NULL && o->size == strlen(text) && memcmp(o->data, text, o->size) == 0;
}

static void identified(void **state)
{
    static const char text[] = "survey, see https://192.0.2.9/";
    (void)state;
    fixture_t with;
    fixture_t without;
    form_set_t forms;
    unsigned said = 0;
    unsigned exact = 0;
    check(&with, text);
    check(&without, NULL);
    form_set_init(&forms, &with.m->zone);
    for (uint32_t i = 0; i < with.set.count; i++) {
        const exchange_t *x = with.set.item[i];
        bool has_opt = false;
        bool it_says = says(x, text, &has_opt);
        bool form = form_of(&forms, x) != FORM_COUNT;
        assert_int_equal(it_says, has_opt && !form);
        said += it_says;
        exact += form;
    }
    assert_true(said > 8);
    assert_true(exact > 8);
    /* the same probes, and the same is found */
    assert_int_equal(with.set.count, without.set.count);
    assert_int_equal(with.findings.count, without.findings.count);
    for (size_t i = 0; i < with.findings.count; i++)
        assert_string_equal(with.findings.item[i].text, without.findings.item[i].text);
    for (int kind = PROBE_SOA; kind <= PROBE_NODATA; kind++) {
        unsigned a = 0;
        unsigned b = 0;
        for (uint32_t i = 0; i < with.set.count; i++) {
            a += probe_kind_of(with.set.item[i], &with.m->zone) == (probe_kind_t)kind;
            b += probe_kind_of(without.set.item[i], &without.m->zone) == (probe_kind_t)kind;
        }
        assert_int_equal(a, b);
        assert_true(a > 0);
    }
    end(&with);
    end(&without);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(identified)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
