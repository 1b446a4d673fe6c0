/* Root causes: each line of both tables, and what comes of whole diagnoses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "diagnose/cause.h"
#include "diagnose/follows.h"
#include "xbuild.h"

typedef struct row {
    finding_id_t symptom;
    finding_id_t cause;
    where_t where;
    const char *why;
} row_t;

#define FINDING_FIRST 0
#define FINDING_LAST  (FINDING_COUNT - 1)
static const row_t rows[] = {
#define FOLLOWS(symptom, symptom_last, cause, cause_last, where, why)                              \
    {(finding_id_t)FINDING_##symptom_last, (finding_id_t)FINDING_##cause, where, why},
#include "diagnose/follows.def"
#undef FOLLOWS
};

static const struct {
    finding_id_t id;
    const char *cause;
    const char *sign;
} likely_rows[] = {
#define LIKELY(id, must, never, cause, sign) {FINDING_##id, cause, sign},
#include "diagnose/likely.def"
#undef LIKELY
};

typedef struct fixture {
    xlab_t x;
    diag_t *d;
    finding_list_t list;
} fixture_t;

static void begin(fixture_t *f)
{
    xlab_healthy(&f->x);
    xlab_build(&f->x);
    finding_list_init(&f->list);
    f->d = calloc(1, sizeof *f->d);
    assert_non_null(f->d);
    f->d->m = f->x.m;
    f->d->set = &f->x.set;
    f->d->options = diagnose_options_default();
    f->d->list = &f->list;
    assert_true(facts_gather(f->d));
}

static void end(fixture_t *f)
{
    facts_free(f->d);
    free(f->d);
    finding_list_free(&f->list);
    xlab_free(&f->x);
}

/* A finding about the n-th address of the zone and its server. */
static void add(fixture_t *f, finding_id_t id, unsigned n)
{
    finding_t *g = finding_add(&f->list, id, "Seen at %u.", n);
    finding_set_addr(g, f->x.m, &f->x.m->address[n].addr);
    assert_true(g->has_addr && g->has_server);
}

static const finding_t *of(const fixture_t *f, finding_id_t id)
{
    for (size_t i = 0; i < f->list.count; i++)
        if (f->list.item[i].id == id)
            return &f->list.item[i];
    fail();
    return NULL;
}

/* An address of another server than that of the first. */
static unsigned elsewhere(const model_t *m)
{
    for (unsigned i = 1; i < m->address_count; i++)
        if (m->address[i].server[0] != m->address[0].server[0])
            return i;
    fail();
    return 0;
}

static void link_row(fixture_t *f, const row_t *r, bool near)
{
    unsigned at = near ? 0 : elsewhere(f->x.m);
    if (r->where == LEFT_BEHIND)
        f->x.m->server[f->x.m->address[0].server[0]].in_child = !near;
    if (r->where == AHEAD)
        f->x.m->server[f->x.m->address[0].server[0]].in_parent = !near;
    bool apart = r->where == LEFT_BEHIND || r->where == AHEAD;
    finding_add(&f->list, FINDING_CUT_SHORT, "Something else.");
    if (r->where == WHOLE && near)
        finding_add(&f->list, r->symptom, "Seen everywhere.");
    else
        add(f, r->symptom, 0);
    add(f, r->cause, apart ? elsewhere(f->x.m) : at);
    f->list.item[1].ds_algorithm = 8;
    f->list.item[2].ds_algorithm = near ? 8 : 13;
    f->d->subject[0].do_error = near;
    f->list.item[2].severity = SEVERITY_WARNING;
    f->list.item[1].severity = SEVERITY_ERROR;
    causes_find(f->d, 0);
    finding_list_sort(&f->list);
}

/* Lines that hang on what copies of the zone say: test_told_copies and test_told_names have these.
 */
static bool needs_copies(const row_t *r)
{
    return r->where == LEFT_OUT || r->where == SPLIT || r->where == BY_WILDCARD ||
           r->where == DISPUTED || r->where == ONE_PARENT || r->where == REFERRED_WELL ||
           r->where == OF_DATA || r->where == BY_GLUE;
}

static void test_every_line_links(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fixture_t f;
        if (needs_copies(&rows[i]))
            continue;
        begin(&f);
        link_row(&f, &rows[i], true);
        const finding_t *symptom = of(&f, rows[i].symptom);
        const finding_t *cause = of(&f, rows[i].cause);
        if (symptom->because_of != cause->number)
            print_error("line %zu: %s because of %s\n", i, finding_desc(symptom->id)->id,
                        finding_desc(cause->id)->id);
        assert_int_equal(symptom->because_of, cause->number);
        assert_non_null(symptom->because);
        assert_int_equal(cause->because_of, 0);
        assert_ptr_equal(finding_root(&f.list, symptom), cause);
        /* the cause counts as what follows from it, and stands before it */
        assert_int_equal(cause->raised, SEVERITY_ERROR);
        assert_int_equal(cause->severity,
                         rows[i].cause == FINDING_UNTESTED ? SEVERITY_WARNING : SEVERITY_ERROR);
        assert_ptr_equal(&f.list.item[0], cause);
        assert_int_equal(f.list.count, 3);
        end(&f);
    }
}

static void test_every_line_keeps_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fixture_t f;
        if (rows[i].where == ANYWHERE || needs_copies(&rows[i]))
            continue;
        begin(&f);
        link_row(&f, &rows[i], false);
        if (of(&f, rows[i].symptom)->because_of != 0)
            print_error("line %zu: %s\n", i, finding_desc(rows[i].symptom)->id);
        assert_int_equal(of(&f, rows[i].symptom)->because_of, 0);
        assert_null(of(&f, rows[i].symptom)->because);
        end(&f);
    }
}

/* What is dead has one root cause, however many findings name it. */
static void test_thirty_findings(void **state)
{
    (void)state;
    fixture_t f;
    begin(&f);
    unsigned n = 0;
    for (unsigned id = FINDING_UDP_UNRESPONSIVE; id < FINDING_UDP_UNRESPONSIVE + 30; id++, n++)
        add(&f, (finding_id_t)id, 0);
    add(&f, FINDING_UNRESPONSIVE, 0);
    add(&f, FINDING_MALFORMED, elsewhere(f.x.m));
    causes_find(f.d, 0);
    finding_list_sort(&f.list);
    const finding_t *root = of(&f, FINDING_UNRESPONSIVE);
    assert_ptr_equal(root, &f.list.item[0]);
    unsigned follow = 0;
    for (size_t i = 0; i < f.list.count; i++)
        follow += finding_root(&f.list, &f.list.item[i]) == root;
    assert_int_equal(follow, 31);
    assert_int_equal(f.list.count, 32);
    end(&f);
}

/* No line of the tables may close a circle, whatever is found together. */
static void test_no_circles(void **state)
{
    (void)state;
    fixture_t f;
    begin(&f);
    for (unsigned k = 0; k < f.x.m->address_count; k++)
        for (unsigned id = 0; id < FINDING_COUNT; id++)
            add(&f, (finding_id_t)id, k);
    for (uint16_t i = 0; i < f.x.m->server_count; i++)
        f.x.m->server[i].in_child = false;
    causes_find(f.d, 0);
    finding_list_sort(&f.list);
    for (size_t i = 0; i < f.list.count; i++) {
        const finding_t *g = &f.list.item[i];
        size_t steps = 0;
        for (; g->because_of != 0 && steps <= f.list.count; steps++)
            g = finding_by_number(&f.list, g->because_of);
        assert_true(steps <= f.list.count);
        assert_ptr_equal(g, finding_root(&f.list, &f.list.item[i]));
    }
    end(&f);
}

/* Only what this diagnosis found is linked. */
static void test_part_of_a_list(void **state)
{
    (void)state;
    fixture_t f;
    begin(&f);
    add(&f, FINDING_UNRESPONSIVE, 0);
    add(&f, FINDING_SLOW, 0);
    causes_find(f.d, 1);
    assert_int_equal(of(&f, FINDING_SLOW)->because_of, 0);
    end(&f);
}

static void silent0(xlab_t *x)
{
    xlab_act(x, 0, XA_SILENT);
}

static void tcp_silent_all(xlab_t *x)
{
    for (unsigned i = 0; i < x->count; i++)
        xlab_act_tcp(x, i, XA_SILENT);
}

static void tcp_silent_one(xlab_t *x)
{
    xlab_act_tcp(x, 0, XA_SILENT);
}

static void big_lost(xlab_t *x, unsigned addr)
{
    x->probe[addr][XQ_TXT].txt = x->probe[addr][XQ_TXT_TCP].txt = 1800;
    x->probe[addr][XQ_TXT].act = XA_SILENT;
}

static void big_lost_all(xlab_t *x)
{
    for (unsigned i = 0; i < x->count; i++)
        big_lost(x, i);
}

static void big_lost_one(xlab_t *x)
{
    big_lost(x, 0);
}

static void silent_all(xlab_t *x)
{
    for (unsigned i = 0; i < 4; i++)
        xlab_act(x, i, XA_SILENT);
}

static void silent_server(xlab_t *x)
{
    for (unsigned i = 0; i < x->count; i++)
        if (x->m->address[i].server[0] == x->m->address[0].server[0])
            xlab_act(x, i, XA_SILENT);
}

static void hangs(xlab_t *x)
{
    xlab_act_udp(x, 0, XA_SILENT);
    xlab_act_tcp(x, 0, XA_OPEN_SILENT);
}

static void half_closed(xlab_t *x)
{
    xlab_act_udp(x, 0, XA_SILENT);
    xlab_act_tcp(x, 0, XA_REFUSED);
}

static void no_udp(xlab_t *x)
{
    xlab_act_udp(x, 0, XA_SILENT);
}

static void no_tcp(xlab_t *x)
{
    xlab_act_tcp(x, 0, XA_SILENT);
}

static void tcp_hangs(xlab_t *x)
{
    xlab_act_tcp(x, 0, XA_OPEN_SILENT);
}

static void tcp_refused(xlab_t *x)
{
    xlab_act_tcp(x, 0, XA_REFUSED);
}

static void rcode_at(xlab_t *x, unsigned n, uint16_t rcode)
{
    for (unsigned q = 0; q < XQ_COUNT; q++)
        x->probe[n][q].rcode = rcode;
}

static void refused0(xlab_t *x)
{
    rcode_at(x, 0, NSP_RCODE_REFUSED);
}

/* A load balancer: the zone's SOA is refused, what hosts have is not. */
static void refused_soa(xlab_t *x)
{
    static const xquery_t soa[] = {XQ_SOA, XQ_EDNS, XQ_TCP, XQ_CASE};
    for (size_t i = 0; i < sizeof soa / sizeof soa[0]; i++)
        x->probe[0][soa[i]].rcode = NSP_RCODE_REFUSED;
}

static void refused_by_turns(xlab_t *x)
{
    x->probe[0][XQ_EDNS].rcode = x->probe[0][XQ_NS_TCP].rcode = NSP_RCODE_REFUSED;
}

static void refused_server(xlab_t *x)
{
    rcode_at(x, 0, NSP_RCODE_REFUSED);
    rcode_at(x, 1, NSP_RCODE_REFUSED);
}

static void refused_all(xlab_t *x)
{
    for (unsigned i = 0; i < 4; i++)
        rcode_at(x, i, NSP_RCODE_REFUSED);
}

/* Nobody says what the zone has: then none of its servers was left behind. */
static void refused_and_unknown(xlab_t *x)
{
    refused_all(x);
    for (uint16_t i = 0; i < x->m->server_count; i++)
        x->m->server[i].in_child = false;
}

static void servfail0(xlab_t *x)
{
    rcode_at(x, 0, NSP_RCODE_SERVFAIL);
}

static void servfail_all(xlab_t *x)
{
    for (unsigned i = 0; i < 4; i++)
        rcode_at(x, i, NSP_RCODE_SERVFAIL);
}

static void refused_left_behind(xlab_t *x)
{
    refused_server(x);
    x->m->server[x->m->address[0].server[0]].in_child = false;
}

static void port_unreachable(xlab_t *x)
{
    xlab_act(x, 0, XA_ICMP);
    for (unsigned q = 0; q < XQ_COUNT; q++) {
        bool six = x->m->address[0].addr.family == 6;
        x->probe[0][q].icmp_type = six ? 1 : 3;
        x->probe[0][q].icmp_code = six ? 4 : 3;
    }
}

static void prohibited(xlab_t *x)
{
    port_unreachable(x);
    for (unsigned q = 0; q < XQ_COUNT; q++)
        x->probe[0][q].icmp_code = x->m->address[0].addr.family == 6 ? 1 : 13;
}

/* What is seen, and how the most probable cause begins. */
static const struct {
    void (*edit)(xlab_t *x);
    finding_id_t id;
    const char *cause;
} diagnoses[] = {
    {silent0, FINDING_UNRESPONSIVE, "The server does not listen on this address"},
    {silent_server, FINDING_UNRESPONSIVE, "The host is down"},
    {silent_all, FINDING_UNRESPONSIVE, "An outage of all servers"},
    {hangs, FINDING_UNRESPONSIVE, "The host is up, and its name server hangs"},
    {half_closed, FINDING_UNRESPONSIVE, "The host is up without a name server"},
    {no_udp, FINDING_UDP_UNRESPONSIVE, "A firewall drops UDP"},
    {no_tcp, FINDING_TCP_UNRESPONSIVE, "A firewall drops TCP"},
    {tcp_hangs, FINDING_TCP_UNRESPONSIVE, "The server takes TCP connections"},
    {tcp_refused, FINDING_TCP_REFUSED, "The server does not listen on TCP"},
    {port_unreachable, FINDING_ICMP_UNREACHABLE, "The name server is not running"},
    {prohibited, FINDING_ICMP_UNREACHABLE, "A firewall or a router"},
    {refused0, FINDING_LAME_REFUSED, "Something else answers at this address"},
    {refused_soa, FINDING_LAME_REFUSED, "A load balancer"},
    {refused_server, FINDING_LAME_REFUSED, "The zone is not configured at this server"},
    {refused_left_behind, FINDING_LAME_REFUSED, "The zone was moved away"},
    {refused_and_unknown, FINDING_LAME_REFUSED, "The delegation leads to servers that do not"},
    {tcp_silent_all, FINDING_TCP_UNRESPONSIVE, "A firewall near this machine"},
    {tcp_silent_one, FINDING_TCP_UNRESPONSIVE, "A firewall drops TCP"},
    {big_lost_all, FINDING_BIG_ANSWER_LOST, "Something near this machine"},
    {big_lost_one, FINDING_BIG_ANSWER_LOST, "Fragments are dropped"},
    {refused_all, FINDING_LAME_REFUSED, "The delegation leads to servers that do not"},
    {refused_by_turns, FINDING_LAME_REFUSED, "One of the machines behind the address"},
    {servfail0, FINDING_LAME_SERVFAIL, "A secondary that never got"},
    {servfail_all, FINDING_LAME_SERVFAIL, "The zone does not load"},
};

static void test_probable_causes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof diagnoses / sizeof diagnoses[0]; i++) {
        xlab_t x;
        finding_list_t list;
        xlab_healthy(&x);
        diagnoses[i].edit(&x);
        xlab_build(&x);
        finding_list_init(&list);
        assert_true(diagnose(x.m, &x.set, NULL, &list));
        const finding_t *f = NULL;
        for (size_t k = 0; k < list.count && f == NULL; k++)
            if (list.item[k].id == diagnoses[i].id)
                f = &list.item[k];
        if (f == NULL ||
            strncmp(finding_cause(f), diagnoses[i].cause, strlen(diagnoses[i].cause)) != 0)
            print_error("case %zu: %s\n", i, f != NULL ? finding_cause(f) : "not found");
        assert_non_null(f);
        assert_int_equal(strncmp(finding_cause(f), diagnoses[i].cause, strlen(diagnoses[i].cause)),
                         0);
        finding_list_free(&list);
        xlab_free(&x);
    }
}

static void test_table_of_likely(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof likely_rows / sizeof likely_rows[0]; i++) {
        assert_int_equal(likely_rows[i].cause[strlen(likely_rows[i].cause) - 1], '.');
        assert_int_equal(likely_rows[i].sign[strlen(likely_rows[i].sign) - 1], '.');
        for (size_t k = 0; k < i; k++)
            assert_false(likely_rows[i].id == likely_rows[k].id &&
                         strcmp(likely_rows[i].sign, likely_rows[k].sign) == 0);
    }
}

/* The other address of a dead server is folded under the first; the zone's end under both. */
static void test_joined(void **state)
{
    (void)state;
    xlab_t x;
    finding_list_t list;
    xlab_healthy(&x);
    silent_all(&x);
    xlab_build(&x);
    finding_list_init(&list);
    assert_true(diagnose(x.m, &x.set, NULL, &list));
    assert_int_equal(list.count, 5);
    assert_int_equal(list.item[0].id, FINDING_UNRESPONSIVE);
    for (size_t i = 0; i < list.count; i++)
        assert_ptr_equal(finding_root(&list, &list.item[i]), &list.item[0]);
    finding_list_free(&list);
    xlab_free(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_line_links), cmocka_unit_test(test_every_line_keeps_apart),
        cmocka_unit_test(test_thirty_findings),  cmocka_unit_test(test_no_circles),
        cmocka_unit_test(test_part_of_a_list),   cmocka_unit_test(test_probable_causes),
        cmocka_unit_test(test_table_of_likely),  cmocka_unit_test(test_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
