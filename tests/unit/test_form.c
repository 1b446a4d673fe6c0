/* Forms of a question: each is recognised, and what a server makes of it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "diagnose/form.h"
#include "xbuild.h"

#define BAD 2

/* What a server answers to a form. */
typedef struct plan {
    bool silent;
    bool not_asked;
    uint8_t lost; /* attempts before the one that is answered */
    uint16_t rcode;
    uint16_t set;   /* flags of the header that are set, */
    uint16_t clear; /* or cleared, beyond what is right */
    bool no_soa;
    bool no_opt;
    uint8_t version;
    uint16_t edns; /* flags of the OPT that are set wrongly */
    bool no_do;
    bool echo;    /* the client's options come back */
    int cookie;   /* octets of a cookie in the reply; 0: none */
    bool foreign; /* it begins with octets of somebody else */
    bool root;    /* the root's servers are in the authority section */
    unsigned pad; /* octets of a TXT record */
} plan_t;

static void put(nsp_builder_t *b, nsp_section_t section, const char *owner, uint16_t type,
                const char *text)
{
    uint8_t rdata[2048];
    size_t size = 0;
    nsp_name_t name = xname(owner);
    assert_int_equal(
        nsp_rdata_from_text(type, text, strlen(text), NULL, rdata, sizeof rdata, &size, NULL),
        NSP_OK);
    assert_true(nsp_build_rr(b, section, &name, type, NSP_CLASS_IN, 60, rdata, (uint16_t)size));
}

static void put_opt(nsp_builder_t *b, const nsp_msg_t *q, const nsp_edns_t *asked, const plan_t *p)
{
    static const uint8_t cookie[48] = FORM_COOKIE_DATA;
    static const uint8_t other[48] = {9};
    nsp_edns_t e = {.udp_size = 1232, .ext_rcode = (uint8_t)(p->rcode >> 4), .version = p->version};
    (void)q;
    e.flags = (uint16_t)((p->no_do ? 0 : asked->flags & NSP_EDNS_DO) | p->edns);
    if (p->echo) {
        e.option_count = asked->option_count;
        memcpy(e.option, asked->option, sizeof e.option);
    } else if (p->cookie > 0) {
        e.option_count = 1;
        e.option[0].code = NSP_OPTION_COOKIE;
        e.option[0].size = (uint16_t)p->cookie;
        e.option[0].data = p->foreign ? other : cookie;
    }
    assert_true(nsp_build_opt(b, &e));
}

static size_t reply_to(const form_query_t *form, const plan_t *p, uint8_t *buf, size_t cap)
{
    nsp_rr_t arena[8];
    nsp_msg_t q;
    nsp_name_t name;
    nsp_builder_t b;
    nsp_edns_t asked;
    size_t size = 0;
    nsp_msg_index(&q, form->wire, form->size, arena, 8);
    nsp_msg_qname(&q, &name);
    unsigned flags = NSP_FLAG_QR | (q.flags & 0x7800u) | (q.flags & NSP_FLAG_RD) | (p->rcode & 15u);
    flags |= p->rcode == 0 ? NSP_FLAG_AA : 0;
    flags = (flags | p->set) & ~(unsigned)p->clear;
    nsp_build_begin(&b, buf, cap, 0, (uint16_t)flags);
    nsp_build_question(&b, &name, q.qtype, q.qclass);
    if (p->rcode == 0 && !p->no_soa && (q.qtype == NSP_TYPE_SOA || q.qtype == NSP_TYPE_AXFR))
        put(&b, NSP_ANSWER, "example.net.", NSP_TYPE_SOA,
            "ns1.example.net. h.example.net. 2024010101 2 3 4 5");
    if (p->root)
        put(&b, q.qtype == NSP_TYPE_NS && (p->set & NSP_FLAG_RA) != 0 ? NSP_ANSWER : NSP_AUTHORITY,
            ".", NSP_TYPE_NS, "a.root-servers.net.");
    for (unsigned left = p->pad; left > 0; left -= left < 200 ? left : 200) {
        char text[256];
        snprintf(text, sizeof text, "\"%0*u\"", (int)(left < 200 ? left : 200), left);
        put(&b, NSP_AUTHORITY, "example.net.", NSP_TYPE_TXT, text);
    }
    if (nsp_edns_read(&q, &asked, NULL) && !p->no_opt)
        put_opt(&b, &q, &asked, p);
    assert_int_equal(nsp_build_end(&b, &size), NSP_OK);
    return size;
}

/* What each of the four kinds of server in the lab answers. */
static plan_t healthy_plan(form_id_t id)
{
    plan_t p = {.silent = false};
    if (form_family(id) == FAMILY_OPCODE)
        p.rcode = NSP_RCODE_NOTIMP;
    else if (form_family(id) == FAMILY_STRANGER)
        p.rcode = NSP_RCODE_REFUSED;
    else if (form_family(id) == FAMILY_VERSION)
        p.rcode = NSP_RCODE_BADVERS;
    else if (id == FORM_ID_COOKIE || id == FORM_ID_OPTIONS)
        p.cookie = 24;
    return p;
}

static void ask(xlab_t *x, const form_query_t *form, const plan_t *p)
{
    uint8_t reply[4096];
    exchange_t *e =
        exchange_add(&x->set, form->transport, &x->m->address[BAD].addr, form->wire, form->size);
    assert_non_null(e);
    event_t sent = {
        .kind = EVENT_SENT, .attempt = 1, .bytes = form->wire, .size = (uint32_t)form->size};
    assert_true(exchange_append(e, &sent));
    event_t end = {.kind = EVENT_TIMEOUT, .attempt = 1, .at = X_SEC, .peer = e->server};
    for (; end.attempt <= p->lost; end.attempt++) {
        assert_true(exchange_append(e, &end));
        sent.attempt++;
        sent.at = end.at;
        end.at += X_SEC;
        assert_true(exchange_append(e, &sent));
    }
    if (!p->silent) {
        end.kind = EVENT_REPLY;
        end.at = sent.at + 20 * X_MS;
        end.bytes = reply;
        end.size = (uint32_t)reply_to(form, p, reply, sizeof reply);
    }
    assert_true(exchange_append(e, &end));
    e->finished = true;
}

typedef struct form_case {
    const char *name;
    form_id_t form;
    plan_t plan;
    const char *expected; /* "severity id" of the findings */
    const char *text;     /* the first one's, or NULL */
} form_case_t;

static const form_case_t cases[] = {
    {"AD unanswered",
     FORM_ID_AD,
     {.silent = true},
     "warning flag-broken ",
     "A query with the flag AD gets no answer."},
    {"CD refused",
     FORM_ID_CD,
     {.rcode = NSP_RCODE_FORMERR},
     "warning flag-broken ",
     "A query with the flag CD gets FORMERR."},
    {"AA without SOA",
     FORM_ID_AA,
     {.no_soa = true},
     "notice flag-broken ",
     "A query with the flag AA gets no SOA."},
    {"Z comes back",
     FORM_ID_Z,
     {.set = NSP_FLAG_Z},
     "notice flag-broken ",
     "A query with the reserved flag has the reserved flag in its reply."},
    {"RD does not come back", FORM_ID_RD, {.clear = NSP_FLAG_RD}, "notice flag-broken ", NULL},
    {"RA comes back", FORM_ID_RA, {.set = NSP_FLAG_RA}, "", NULL},
    {"TC comes back", FORM_ID_TC, {.set = NSP_FLAG_TC}, "notice flag-broken ", NULL},
    {"unknown opcode unanswered", FORM_ID_OPCODE, {.silent = true}, "notice opcode-broken ", NULL},
    {"unknown opcode answered",
     FORM_ID_OPCODE,
     {.rcode = 0},
     "notice opcode-broken ",
     "A query with opcode 15 gets NOERROR, not NOTIMP."},
    {"unknown opcode refused",
     FORM_ID_OPCODE_FLAGS,
     {.rcode = NSP_RCODE_REFUSED},
     "notice opcode-broken ",
     NULL},
    {"opcode changed",
     FORM_ID_OPCODE,
     {.rcode = NSP_RCODE_NOTIMP, .clear = 0x7800},
     "notice opcode-broken ",
     NULL},
    {"NOTIFY unanswered", FORM_ID_NOTIFY, {.silent = true}, "notice opcode-broken ", NULL},
    {"NOTIFY refused", FORM_ID_NOTIFY, {.rcode = NSP_RCODE_REFUSED}, "", NULL},
    {"UPDATE unanswered", FORM_ID_UPDATE, {.silent = true}, "notice opcode-broken ", NULL},
    {"UPDATE refused", FORM_ID_UPDATE, {.rcode = NSP_RCODE_REFUSED}, "", NULL},
    {"UPDATE accepted", FORM_ID_UPDATE, {.no_soa = true}, "warning update-accepted ", NULL},
    {"TYPE666 unanswered", FORM_ID_TYPE666, {.silent = true}, "warning type-broken ", NULL},
    {"AAAA denied",
     FORM_ID_AAAA,
     {.rcode = NSP_RCODE_NXDOMAIN},
     "error type-broken ",
     "A query for AAAA gets NXDOMAIN."},
    {"AAAA unanswered", FORM_ID_AAAA, {.silent = true}, "error type-broken ", NULL},
    {"AAAA fails", FORM_ID_AAAA, {.rcode = NSP_RCODE_SERVFAIL}, "warning type-broken ", NULL},
    {"MX fails",
     FORM_ID_MX,
     {.rcode = NSP_RCODE_SERVFAIL},
     "error type-broken ",
     "A query for MX gets SERVFAIL."},
    {"MX unanswered",
     FORM_ID_MX,
     {.silent = true},
     "error type-broken ",
     "A query for MX gets no answer."},
    {"A denied",
     FORM_ID_A,
     {.rcode = NSP_RCODE_NXDOMAIN},
     "error type-broken ",
     "A query for A gets NXDOMAIN."},
    {"A without AA",
     FORM_ID_A,
     {.clear = NSP_FLAG_AA},
     "warning type-broken ",
     "A query for A gets an answer without AA."},
    {"an underscore unanswered",
     FORM_ID_UNDERSCORE,
     {.silent = true},
     "error underscore-broken ",
     "A question for _domainkey.example.net gets no answer; one for another name below the zone is "
     "answered."},
    {"an underscore refused",
     FORM_ID_UNDERSCORE,
     {.rcode = NSP_RCODE_REFUSED},
     "error underscore-broken ",
     "A question for _domainkey.example.net gets REFUSED; one for another name below the zone is "
     "answered."},
    {"an underscore denied", FORM_ID_UNDERSCORE, {.rcode = NSP_RCODE_NXDOMAIN}, "", NULL},
    {"an underscore without records", FORM_ID_UNDERSCORE, {.no_soa = true}, "", NULL},
    {"version 1 unanswered", FORM_ID_EDNS1, {.silent = true}, "warning edns-version-broken ", NULL},
    {"version 1 answered as 0",
     FORM_ID_EDNS1,
     {.rcode = 0},
     "notice edns-version-broken ",
     "A query with EDNS version 1 gets NOERROR, not BADVERS."},
    {"version 1 FORMERR",
     FORM_ID_EDNS1_OPTION,
     {.rcode = NSP_RCODE_FORMERR},
     "notice edns-version-broken ",
     NULL},
    {"version 1 sent back",
     FORM_ID_EDNS1_DO,
     {.rcode = NSP_RCODE_BADVERS, .version = 1},
     "notice edns-version-broken ",
     "A query with EDNS version 1 and DO is not told version 0."},
    {"unknown option unanswered",
     FORM_ID_EDNS_OPTION,
     {.silent = true},
     "warning edns-option-broken ",
     NULL},
    {"unknown option BADVERS",
     FORM_ID_EDNS_OPTION,
     {.rcode = NSP_RCODE_BADVERS},
     "warning edns-option-broken ",
     NULL},
    {"unknown option echoed",
     FORM_ID_EDNS_OPTION,
     {.echo = true},
     "notice edns-option-broken ",
     "A query with an unknown EDNS option gets the option back."},
    {"NSID FORMERR",
     FORM_ID_NSID,
     {.rcode = NSP_RCODE_FORMERR},
     "warning edns-option-broken ",
     NULL},
    {"ECS without OPT", FORM_ID_ECS, {.no_opt = true}, "notice edns-option-broken ", NULL},
    {"EXPIRE ignored", FORM_ID_EXPIRE, {.rcode = 0}, "", NULL},
    {"BADCOOKIE", FORM_ID_COOKIE, {.rcode = NSP_RCODE_BADCOOKIE, .cookie = 24}, "", NULL},
    {"BADCOOKIE without a cookie",
     FORM_ID_COOKIE,
     {.rcode = NSP_RCODE_BADCOOKIE},
     "warning edns-option-broken ",
     "A query with a COOKIE gets BADCOOKIE without a cookie to come back with."},
    {"no cookie", FORM_ID_COOKIE, {.rcode = 0}, "", NULL},
    {"cookie of 16 octets", FORM_ID_COOKIE, {.cookie = 16}, "", NULL},
    {"cookie of 40 octets", FORM_ID_COOKIE, {.cookie = 40}, "", NULL},
    {"cookie of 15 octets", FORM_ID_COOKIE, {.cookie = 15}, "warning cookie-broken ", NULL},
    {"cookie of 41 octets", FORM_ID_COOKIE, {.cookie = 41}, "warning cookie-broken ", NULL},
    {"cookie echoed", FORM_ID_COOKIE, {.echo = true}, "warning cookie-broken ", NULL},
    {"cookie of somebody else",
     FORM_ID_OPTIONS,
     {.cookie = 24, .foreign = true},
     "warning cookie-broken ",
     "A query with several EDNS options gets a cookie that does not fit."},
    {"unassigned EDNS flag unanswered",
     FORM_ID_EDNS_FLAG,
     {.silent = true},
     "warning edns-flag-broken ",
     NULL},
    {"unassigned EDNS flag echoed",
     FORM_ID_EDNS_FLAG,
     {.edns = 0x80},
     "notice edns-flag-broken ",
     NULL},
    {"DO not copied",
     FORM_ID_DO,
     {.no_do = true},
     "notice edns-flag-broken ",
     "A query with DO does not have DO in its reply."},
    {"DO and CD SERVFAIL",
     FORM_ID_DO_CD,
     {.rcode = NSP_RCODE_SERVFAIL},
     "notice edns-flag-broken ",
     NULL},
    {"512 octets", FORM_ID_EDNS_512, {.pad = 400}, "", NULL},
    {"more than 512 octets", FORM_ID_EDNS_512, {.pad = 600}, "warning udp-size-ignored ", NULL},
    {"refers to the root",
     FORM_ID_ROOT,
     {.clear = NSP_FLAG_AA, .root = true},
     "notice upward-referral ",
     NULL},
    {"resolves the root",
     FORM_ID_ROOT,
     {.set = NSP_FLAG_RA, .clear = NSP_FLAG_AA, .root = true},
     "warning open-recursion ",
     NULL},
    {"serves the root", FORM_ID_ROOT, {.root = true}, "", NULL},
    {"AXFR allowed", FORM_ID_AXFR, {.rcode = 0}, "notice axfr-open ", NULL},
    {"AXFR empty", FORM_ID_AXFR, {.no_soa = true}, "", NULL},
};

static void run(const form_case_t *c, void (*edit)(xlab_t *x), char *out, size_t cap, char **text)
{
    xlab_t x;
    form_set_t forms;
    finding_list_t list;
    size_t len = 0;
    xlab_healthy(&x);
    if (edit != NULL)
        edit(&x);
    xlab_build(&x);
    form_set_init(&forms, &x.m->zone);
    for (unsigned i = 0; i < FORM_COUNT; i++) {
        plan_t p = c != NULL && c->form == (form_id_t)i ? c->plan : healthy_plan((form_id_t)i);
        if (!p.not_asked)
            ask(&x, &forms.query[i], &p);
    }
    finding_list_init(&list);
    assert_true(diagnose(x.m, &x.set, NULL, &list));
    out[0] = '\0';
    for (size_t i = 0; i < list.count; i++) {
        const finding_t *f = &list.item[i];
        len += (size_t)snprintf(out + len, cap - len, "%s %s ", severity_name(f->severity),
                                finding_desc(f->id)->id);
        if (c == NULL)
            continue;
        assert_true(f->has_addr && addr_equal(&f->addr, &x.m->address[BAD].addr));
        assert_in_range(f->evidence_count, 1, 2); /* with what it is compared to */
        assert_int_equal(form_of(&forms, x.set.item[f->evidence[0] - 1]), c->form);
    }
    *text = list.count > 0 ? strdup(list.item[0].text) : NULL;
    finding_list_free(&list);
    xlab_free(&x);
}

static void test_healthy(void **state)
{
    (void)state;
    char found[512];
    char *text = NULL;
    run(NULL, NULL, found, sizeof found, &text);
    assert_string_equal(found, "");
    free(text);
}

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char found[512];
        char *text = NULL;
        run(&cases[i], NULL, found, sizeof found, &text);
        if (strcmp(found, cases[i].expected) != 0)
            print_error("%s: found \"%s\", expected \"%s\"\n", cases[i].name, found,
                        cases[i].expected);
        assert_string_equal(found, cases[i].expected);
        if (cases[i].text != NULL)
            assert_string_equal(text, cases[i].text);
        free(text);
    }
}

/* Every finding of the table appears in some case. */
static void test_every_finding(void **state)
{
    (void)state;
    for (unsigned id = FINDING_UPDATE_ACCEPTED; id <= FINDING_AXFR_OPEN; id++) {
        bool seen = false;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
            seen = seen || strstr(cases[i].expected, finding_desc((finding_id_t)id)->id) != NULL;
        if (!seen)
            print_error("%s lacks a case\n", finding_desc((finding_id_t)id)->id);
        assert_true(seen);
    }
}

static void lossy(xlab_t *x)
{
    x->probe[BAD][XQ_SOA].lost = x->probe[BAD][XQ_NS].lost = x->probe[BAD][XQ_TXT].lost = 1;
}

static void edns_silent(xlab_t *x)
{
    for (unsigned q = 0; q < XQ_COUNT; q++)
        if (q != XQ_SOA && !xquery_is_tcp((xquery_t)q))
            x->probe[BAD][q].act = XA_SILENT;
}

static void lame(xlab_t *x)
{
    for (unsigned q = 0; q < XQ_COUNT; q++)
        x->probe[BAD][q].rcode = NSP_RCODE_REFUSED;
}

/* What explains a form's failure is told, and the form is not. */
static void test_causes_hide_forms(void **state)
{
    (void)state;
    static const struct {
        void (*edit)(xlab_t *x);
        form_id_t form;
        const char *expected;
    } hidden[] = {{lossy, FORM_ID_AD, "warning flapping "},
                  {edns_silent, FORM_ID_EDNS1, "error edns-dropped "},
                  {lame, FORM_ID_AD, "error lame-refused "}};
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
        form_case_t c = {.name = "", .form = hidden[i].form, .plan = {.silent = true}};
        xlab_t x;
        form_set_t forms;
        finding_list_t list;
        char found[256] = "";
        xlab_healthy(&x);
        hidden[i].edit(&x);
        xlab_build(&x);
        form_set_init(&forms, &x.m->zone);
        ask(&x, &forms.query[c.form], &c.plan);
        finding_list_init(&list);
        assert_true(diagnose(x.m, &x.set, NULL, &list));
        for (size_t k = 0; k < list.count; k++)
            snprintf(found + strlen(found), sizeof found - strlen(found), "%s %s ",
                     severity_name(list.item[k].severity), finding_desc(list.item[k].id)->id);
        assert_string_equal(found, hidden[i].expected);
        finding_list_free(&list);
        xlab_free(&x);
    }
}

/* Where other forms lose attempts, the silence of one proves nothing. */
static void test_forms_lose_attempts(void **state)
{
    (void)state;
    static const form_id_t lossy_forms[] = {FORM_ID_CD, FORM_ID_RD, FORM_ID_NSID, FORM_ID_COOKIE,
                                            FORM_ID_EDNS_OPTION};
    xlab_t x;
    form_set_t forms;
    finding_list_t list;
    plan_t silent = {.silent = true};
    xlab_healthy(&x);
    xlab_build(&x);
    form_set_init(&forms, &x.m->zone);
    for (size_t i = 0; i < sizeof lossy_forms / sizeof lossy_forms[0]; i++) {
        plan_t p = healthy_plan(lossy_forms[i]);
        p.lost = 2;
        ask(&x, &forms.query[lossy_forms[i]], &p);
    }
    ask(&x, &forms.query[FORM_ID_AD], &silent);
    finding_list_init(&list);
    assert_true(diagnose(x.m, &x.set, NULL, &list));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.item[0].id, FINDING_FLAPPING);
    assert_int_equal(list.item[0].severity, SEVERITY_WARNING);
    finding_list_free(&list);
    xlab_free(&x);
}

/* Each form is recognised whatever its ID, and as no other; a probe is no form. */
static void test_recognised(void **state)
{
    (void)state;
    form_set_t forms;
    exchange_set_t set;
    addr_t server = xaddr("192.0.2.1");
    nsp_name_t zone = xname("Example.ORG.");
    form_set_init(&forms, &zone);
    exchange_set_init(&set, 0);
    for (unsigned i = 0; i < FORM_COUNT; i++) {
        form_query_t q = forms.query[i];
        assert_in_range(q.size, 12, FORM_QUERY_SIZE);
        q.wire[0] = 0x55;
        exchange_t *x = exchange_add(&set, q.transport, &server, q.wire, q.size);
        event_t e = {.kind = EVENT_SENT, .attempt = 1, .bytes = q.wire, .size = (uint32_t)q.size};
        assert_int_equal(form_of(&forms, x), FORM_COUNT); /* nothing was sent */
        assert_true(exchange_append(x, &e));
        assert_int_equal(form_of(&forms, x), i);
        assert_int_equal(probe_kind_of(x, &zone), PROBE_NONE);
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(form_name((form_id_t)i), form_name((form_id_t)k));
    }
    assert_string_equal(form_name(FORM_COUNT), "none");
    exchange_set_free(&set);
    zone = xname(".");
    form_set_init(&forms, &zone);
    assert_int_equal(forms.query[FORM_ID_ROOT].size, 0);
    char label[64];
    char text[256];
    memset(label, 'a', 63);
    label[63] = '\0';
    snprintf(text, sizeof text, "%s.%s.%s.%.61s.", label, label, label, label);
    zone = xname(text);
    form_set_init(&forms, &zone);
    for (unsigned i = 0; i < FORM_COUNT; i++)
        if (i != FORM_ID_UNDERSCORE) /* there is no room for one more label */
            assert_in_range(forms.query[i].size, 12, FORM_QUERY_SIZE);
    assert_int_equal(forms.query[FORM_ID_UNDERSCORE].size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_healthy),
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_every_finding),
        cmocka_unit_test(test_causes_hide_forms),
        cmocka_unit_test(test_forms_lose_attempts),
        cmocka_unit_test(test_recognised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
