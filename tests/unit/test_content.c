/* What the zone's own records say, and SPF's syntax. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "diagnose/form.h"
#include "diagnose/spf.h"
#include "xbuild.h"

/* A zone: what its SOA, its names, its MX and its TXT records are. */
typedef struct content {
    const char *name;
    const char *soa_names;
    const char *soa_timers;
    const char *server; /* the second name server's name */
    const char *mx[3];  /* NULL-ended; with ask_mx */
    bool ask_mx;
    bool mx_at_one;   /* the second server has no MX */
    const char *a[2]; /* A records of the zone's name at each server, when one is given */
    const char *spf[2];
    bool twice;
    bool shared;       /* the servers share an address */
    const char *named; /* a host that SOA or MX names, and what is known about it */
    bool by_soa;
    bool by_mx;
    host_state_t state;
    bool ttl_zero; /* of the records of the zone's name */
    const char *expected;
} content_t;

#define TIMES "14400 3600 1209600 3600"
#define NAMES "ns1.example.net. host.example.net."

static const content_t cases[] = {
    {.name = "healthy", .expected = ""},
    {.name = "TTL 0", .ttl_zero = true, .expected = "notice ttl-zero "},
    {.name = "with mail",
     .ask_mx = true,
     .mx = {"10 mail.example.net."},
     .spf = {"\"v=spf1 mx -all\""},
     .expected = ""},
    {.name = "two SOA", .twice = true, .expected = "error soa-several "},
    {.name = "retry is refresh",
     .soa_timers = "14400 14400 1209600 3600",
     .expected = "warning soa-timers-broken "},
    {.name = "retry just below", .soa_timers = "14400 14399 1209600 3600", .expected = ""},
    {.name = "expire below both",
     .soa_timers = "604800 3600 608399 3600",
     .expected = "warning soa-timers-broken "},
    {.name = "expire is both", .soa_timers = "604800 3600 608400 3600", .expected = ""},
    {.name = "refresh low",
     .soa_timers = "14399 3600 1209600 3600",
     .expected = "info soa-timers-unusual "},
    {.name = "retry low",
     .soa_timers = "14400 3599 1209600 3600",
     .expected = "info soa-timers-unusual "},
    {.name = "expire low",
     .soa_timers = "14400 3600 604799 3600",
     .expected = "info soa-timers-unusual "},
    {.name = "minimum high",
     .soa_timers = "14400 3600 1209600 86401",
     .expected = "info soa-timers-unusual "},
    {.name = "minimum highest", .soa_timers = "14400 3600 1209600 86400", .expected = ""},
    {.name = "minimum lowest", .soa_timers = "14400 3600 1209600 300", .expected = ""},
    {.name = "minimum low",
     .soa_timers = "14400 3600 1209600 299",
     .expected = "info soa-timers-unusual "},
    {.name = "MNAME is the root",
     .soa_names = ". host.example.net.",
     .expected = "notice soa-mname-odd "},
    {.name = "MNAME with underscore",
     .soa_names = "a_b.example.net. host.example.net.",
     .expected = "notice soa-mname-odd "},
    {.name = "RNAME with @",
     .soa_names = "ns1.example.net. host@example.net.",
     .expected = "notice soa-rname-odd "},
    {.name = "RNAME with an escaped dot",
     .soa_names = "ns1.example.net. a\\.b.example.net.",
     .expected = ""},
    {.name = "RNAME with the marks that an address may have",
     .soa_names = "ns1.example.net. a-b_c+d=e!f.example.net.",
     .expected = ""},
    {.name = "RNAME with a blank",
     .soa_names = "ns1.example.net. a\\032b.example.net.",
     .expected = "notice soa-rname-odd "},
    {.name = "RNAME with an octet beyond ASCII",
     .soa_names = "ns1.example.net. a\\127.example.net.",
     .expected = "notice soa-rname-odd "},
    {.name = "RNAME with brackets",
     .soa_names = "ns1.example.net. <host>.example.net.",
     .expected = "notice soa-rname-odd "},
    {.name = "RNAME with two escaped dots in a row",
     .soa_names = "ns1.example.net. a\\.\\.b.example.net.",
     .expected = "notice soa-rname-odd "},
    {.name = "RNAME with an escaped dot at the end",
     .soa_names = "ns1.example.net. a\\..example.net.",
     .expected = "notice soa-rname-odd "},
    {.name = "RNAME without domain",
     .soa_names = "ns1.example.net. host.",
     .expected = "notice soa-rname-odd "},
    {.name = "RNAME is the root",
     .soa_names = "ns1.example.net. .",
     .expected = "notice soa-rname-odd "},
    {.name = "server with underscore",
     .server = "ns_2.example.net.",
     .expected = "warning ns-name-odd "},
    {.name = "server is an address", .server = "192.0.2.1.", .expected = "warning ns-name-odd "},
    {.name = "server ends in a hyphen",
     .server = "ns-.example.net.",
     .expected = "warning ns-name-odd "},
    {.name = "server with two hyphens",
     .server = "ab--c.example.net.",
     .expected = "warning ns-name-odd "},
    {.name = "internationalised server", .server = "xn--bcher-kva.example.net.", .expected = ""},
    {.name = "a server's number", .server = "2.example.net.", .expected = ""},
    {.name = "shared address", .shared = true, .expected = "notice ns-address-shared "},
    {.name = "MX missing",
     .ask_mx = true,
     .spf = {"\"v=spf1 -all\""},
     .expected = "info mx-missing "},
    {.name = "null MX", .ask_mx = true, .mx = {"0 ."}, .spf = {"\"v=spf1 -all\""}, .expected = ""},
    {.name = "null MX with a preference",
     .ask_mx = true,
     .mx = {"10 ."},
     .spf = {"\"v=spf1 -all\""},
     .expected = "info mx-odd "},
    {.name = "null MX beside another",
     .ask_mx = true,
     .mx = {"0 .", "10 m.example.net."},
     .spf = {"\"v=spf1 -all\""},
     .expected = "warning mx-odd "},
    {.name = "MX is an address",
     .ask_mx = true,
     .mx = {"10 192.0.2.7."},
     .spf = {"\"v=spf1 -all\""},
     .expected = "warning mx-odd "},
    {.name = "MX at one server",
     .ask_mx = true,
     .mx_at_one = true,
     .mx = {"10 m.example.net."},
     .spf = {"\"v=spf1 -all\""},
     .expected = "warning mx-differs "},
    {.name = "one address", .a = {"192.0.2.7", "192.0.2.7"}, .expected = ""},
    {.name = "an address for each server",
     .a = {"192.0.2.7", "192.0.2.8"},
     .expected = "notice addresses-differ "},
    {.name = "an address at one server alone",
     .a = {"192.0.2.7", NULL},
     .expected = "warning answers-differ warning answers-differ "},
    {.name = "MX leads to a host that does not exist",
     .named = "m.example.com.",
     .by_mx = true,
     .state = HOST_NXDOMAIN,
     .expected = "warning mx-no-address "},
    {.name = "MX leads to a host without an address",
     .named = "m.example.com.",
     .by_mx = true,
     .state = HOST_NODATA,
     .expected = "warning mx-no-address "},
    {.name = "MX leads to a host",
     .named = "m.example.com.",
     .by_mx = true,
     .state = HOST_FOUND,
     .expected = ""},
    {.name = "nobody tells of the host",
     .named = "m.example.com.",
     .by_mx = true,
     .by_soa = true,
     .state = HOST_UNKNOWN,
     .expected = ""},
    {.name = "MX leads to an alias",
     .named = "m.example.com.",
     .by_mx = true,
     .state = HOST_CNAME,
     .expected = "notice mx-is-cname "},
    {.name = "the primary does not exist",
     .named = "m.example.com.",
     .by_soa = true,
     .state = HOST_NXDOMAIN,
     .expected = "notice soa-mname-no-address "},
    {.name = "the primary is an alias",
     .named = "m.example.com.",
     .by_soa = true,
     .state = HOST_CNAME,
     .expected = "info soa-mname-odd "},
    {.name = "the primary is an alias and a name server: told elsewhere",
     .named = "ns1.example.net.",
     .by_soa = true,
     .state = HOST_CNAME,
     .expected = ""},
    {.name = "the primary is a name server: told elsewhere",
     .named = "ns1.example.net.",
     .by_soa = true,
     .state = HOST_NODATA,
     .expected = ""},
    {.name = "retry is refresh, and both are short",
     .soa_timers = "7200 7200 1209600 3600",
     .expected = "warning soa-timers-broken info soa-timers-unusual "},
    {.name = "no SPF",
     .ask_mx = true,
     .mx = {"10 m.example.net."},
     .expected = "info spf-missing "},
    {.name = "two SPF",
     .spf = {"\"v=spf1 -all\"", "\"V=SPF1 mx -all\""},
     .expected = "warning spf-several "},
    {.name = "SPF with a mistake",
     .spf = {"\"v=spf1 inclde:x.example -all\""},
     .expected = "warning spf-broken "},
    {.name = "SPF that includes itself",
     .spf = {"\"v=spf1 include:Example.net. -all\""},
     .expected = "warning spf-broken "},
    {.name = "SPF without its blank",
     .spf = {"\"v=spf1include:_spf.example.org -all\""},
     .expected = "warning spf-broken "},
    {.name = "SPF in quotation marks",
     .spf = {"\"\\\"v=spf1 mx -all\\\"\""},
     .expected = "warning spf-broken "},
    {.name = "another version of SPF", .spf = {"\"v=spf10 -all\""}, .expected = ""},
    {.name = "SPF for everybody", .spf = {"\"v=spf1 mx all\""}, .expected = "warning spf-broken "},
    {.name = "SPF in two strings",
     .spf = {"\"v=spf1 inc\" \"lude:x.example -all\""},
     .expected = ""},
};

/* A question of a form at an address, and its answer: records of one type. */
static void put_form(xlab_t *x, const form_query_t *form, unsigned addr, uint16_t type,
                     const char *const *record, unsigned count)
{
    uint8_t buf[512];
    uint8_t rdata[300];
    size_t size = 0;
    nsp_builder_t b;
    exchange_t *e =
        exchange_add(&x->set, TRANSPORT_UDP, &x->m->address[addr].addr, form->wire, form->size);
    event_t sent = {
        .kind = EVENT_SENT, .attempt = 1, .bytes = form->wire, .size = (uint32_t)form->size};
    assert_true(e != NULL && exchange_append(e, &sent));
    nsp_build_begin(&b, buf, sizeof buf, 0, NSP_FLAG_QR | NSP_FLAG_AA);
    nsp_build_question(&b, &x->m->zone, type, NSP_CLASS_IN);
    for (unsigned i = 0; i < count && record[i] != NULL; i++) {
        assert_int_equal(nsp_rdata_from_text(type, record[i], strlen(record[i]), NULL, rdata,
                                             sizeof rdata, &size, NULL),
                         NSP_OK);
        nsp_build_rr(&b, NSP_ANSWER, &x->m->zone, type, NSP_CLASS_IN, 60, rdata, (uint16_t)size);
    }
    assert_int_equal(nsp_build_end(&b, &size), NSP_OK);
    event_t reply = {.kind = EVENT_REPLY,
                     .attempt = 1,
                     .at = X_MS,
                     .peer = e->server,
                     .bytes = buf,
                     .size = (uint32_t)size};
    assert_true(exchange_append(e, &reply));
    e->finished = true;
}

static void put_forms(xlab_t *x, const form_set_t *forms, const content_t *c)
{
    for (unsigned k = 0; k < 4; k++) {
        if (c->ask_mx)
            put_form(x, &forms->query[FORM_ID_MX], k, NSP_TYPE_MX, c->mx,
                     c->mx_at_one && k == 2 ? 0 : 3);
        if (c->a[0] != NULL)
            put_form(x, &forms->query[FORM_ID_A], k, NSP_TYPE_A, &c->a[k / 2], 1);
    }
}

static void edit(xlab_t *x, const content_t *c)
{
    for (unsigned i = 0; i < X_ADDR; i++)
        for (unsigned q = 0; q < XQ_COUNT; q++) {
            xprobe_t *p = &x->probe[i][q];
            p->soa_names = c->soa_names != NULL ? c->soa_names : NAMES;
            p->soa_timers = c->soa_timers != NULL ? c->soa_timers : TIMES;
            p->ttl = c->ttl_zero ? 0 : p->ttl;
            p->soa_twice = c->twice;
            memcpy(p->spf, c->spf, sizeof p->spf);
            p->ns[1] = c->server != NULL ? c->server : p->ns[1];
        }
    if (c->server != NULL) {
        x->m->server[1].name = xname(c->server);
        x->parent[0].ns[1] = x->parent[1].ns[1] = c->server;
    }
    if (c->named != NULL) {
        x->m->named[0] = (model_named_t){
            .name = xname(c->named), .by_soa = c->by_soa, .by_mx = c->by_mx, .state = c->state};
        x->m->named_count = 1;
    }
    if (c->shared) {
        model_address_t *a = &x->m->address[2];
        a->server_count = 2;
        a->server[1] = 0;
        model_addr_t *more = &x->m->server[0].addr[x->m->server[0].addr_count++];
        *more = (model_addr_t){.addr = a->addr, .from = FROM_ZONE};
    }
}

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const content_t *c = &cases[i];
        char found[512] = "";
        xlab_t x;
        form_set_t forms;
        finding_list_t list;
        xlab_healthy(&x);
        edit(&x, c);
        xlab_build(&x);
        form_set_init(&forms, &x.m->zone);
        put_forms(&x, &forms, c);
        finding_list_init(&list);
        assert_true(diagnose(x.m, &x.set, NULL, &list));
        for (size_t k = 0; k < list.count; k++) {
            if (strcmp(finding_desc(list.item[k].id)->id, "flapping") == 0)
                continue;
            snprintf(found + strlen(found), sizeof found - strlen(found), "%s %s ",
                     severity_name(list.item[k].severity), finding_desc(list.item[k].id)->id);
        }
        if (strcmp(found, c->expected) != 0)
            print_error("%s: found \"%s\", expected \"%s\"\n", c->name, found, c->expected);
        assert_string_equal(found, c->expected);
        finding_list_free(&list);
        xlab_free(&x);
    }
}

/* Every finding of findings_zone.def appears in some case, but for the zone's name. */
static void test_every_finding(void **state)
{
    (void)state;
    for (unsigned id = FINDING_SOA_SEVERAL; id <= FINDING_SPF_MISSING; id++) {
        bool seen = id == FINDING_ZONE_NAME_ODD;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
            seen = seen || strstr(cases[i].expected, finding_desc((finding_id_t)id)->id) != NULL;
        if (!seen)
            print_error("%s lacks a case\n", finding_desc((finding_id_t)id)->id);
        assert_true(seen);
    }
}

/* The zone's name alone: nothing of it needs an answer. */
static void test_zone_name(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        bool odd;
    } names[] = {{"example.net.", false},
                 {"_domainkey.example.net.", true},
                 {"a-.net.", true},
                 {"-a.net.", true},
                 {"ab--cd.net.", true},
                 {"xn--bcher-kva.net.", false},
                 {"2.0.192.in-addr.arpa.", false},
                 {"a\\.b.net.", true}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        xlab_t x;
        finding_list_t list;
        bool found = false;
        xlab_healthy(&x);
        x.m->domain = x.m->zone = xname(names[i].zone);
        finding_list_init(&list);
        assert_true(diagnose(x.m, &x.set, NULL, &list));
        for (size_t k = 0; k < list.count; k++)
            found = found || list.item[k].id == FINDING_ZONE_NAME_ODD;
        print_message("  %s\n", names[i].zone);
        assert_int_equal(found, names[i].odd);
        finding_list_free(&list);
        xlab_free(&x);
    }
}

static void test_spf(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *fault; /* NULL: none */
    } texts[] = {{"v=spf1", NULL},
                 {"v=spf1 -all", NULL},
                 {"v=spf1  a  mx/24 ~all ", NULL},
                 {"v=spf1 a:x.example/24//64 ip4:192.0.2.0/24 ip6:2001:db8::/32 ?all", NULL},
                 {"v=spf1 include:_spf.example exists:%{i}.x.example redirect=y.example", NULL},
                 {"v=spf1 future=anything -all", NULL},
                 {"v=spf1 include -all", "include"},
                 {"v=spf1 include: -all", "include:"},
                 {"v=spf1 ip4=192.0.2.1", NULL}, /* a modifier that nobody knows */
                 {"v=spf1 ipv4:192.0.2.1 -all", "ipv4:192.0.2.1"},
                 {"v=spf1 all:x", "all:x"},
                 {"v=spf1 192.0.2.1", "192.0.2.1"},
                 {"v=spf1 \xe2\x80\x93"
                  "all",
                  "\xe2\x80\x93"
                  "all"},
                 {"v=spf1 ~", "~"}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *t = texts[i].text;
        size_t size = 99;
        assert_true(spf_is_policy(t, strlen(t)));
        size_t at = spf_first_fault(t, strlen(t), &size);
        print_message("  %s\n", t);
        if (texts[i].fault == NULL) {
            assert_int_equal(at, strlen(t));
            assert_int_equal(size, 0);
        } else {
            assert_int_equal(size, strlen(texts[i].fault));
            assert_memory_equal(t + at, texts[i].fault, size);
        }
    }
    assert_false(spf_is_policy("v=spf10 -all", 12));
    assert_false(spf_is_policy("v=spf", 5));
    assert_false(spf_is_policy("", 0));
}

static void test_spf_flaw(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        spf_flaw_t flaw;
    } texts[] = {
        {"v=spf1", SPF_SOUND},
        {"v=spf1 mx ~all", SPF_SOUND},
        {"v=spf1 ?all", SPF_SOUND},
        {"v=spf1 mx all", SPF_ANYBODY},
        {"v=spf1 +ALL", SPF_ANYBODY},
        {"v=spf1 -all +all", SPF_SOUND},
        {"v=spf1 include:a.example.net -all", SPF_SOUND},
        {"v=spf1 include:example.net -all", SPF_ITSELF},
        {"v=spf1 ?Include:EXAMPLE.net. -all", SPF_ITSELF},
        {"v=spf1 redirect=example.net", SPF_ITSELF},
        {"v=spf1 a:example.net -all", SPF_SOUND},
        {"v=spf1 a a/24 mx mx:b.c ptr exists:c include:d include:e include:f include:g -all",
         SPF_SOUND},
        {"v=spf1 a a/24 mx mx:b.c ptr exists:c include:d include:e include:f include:g "
         "redirect=h",
         SPF_LOOKUPS},
        {"v=spf1 ip4:1.2.3.4 a1=x exp=y -all", SPF_SOUND}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        print_message("  %s\n", texts[i].text);
        assert_int_equal(spf_flaw(texts[i].text, strlen(texts[i].text), "example.net"),
                         texts[i].flaw);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),     cmocka_unit_test(test_every_finding),
        cmocka_unit_test(test_zone_name), cmocka_unit_test(test_spf),
        cmocka_unit_test(test_spf_flaw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
