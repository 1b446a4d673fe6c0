/* Forms of a question (forms.def): addresses that serve the zone, and do not bear flags, opcodes,
 * types, options or versions that they need not know. One finding for each family of forms.
 *
 * Silence of a form counts as far as silence of a kind of question does elsewhere: not where much
 * is lost, and not where EDNS as such is dropped. */
#include <stdio.h>
#include <stdlib.h>

#include "diagnose/facts.h"
#include "diagnose/form.h"

#define WRONG_MAX 8

/* What came of one form at one address. */
typedef struct form_fact {
    const exchange_t *x; /* NULL: not asked */
    outcome_t o;
    uint16_t flags;
    uint16_t rcode;
    bool soa;     /* the zone's SOA is in the answer section */
    bool answers; /* something is there */
    bool root_ns; /* NS of the root is in the authority section */
    bool opt;
    uint8_t version;  /* of EDNS */
    uint16_t edns;    /* its flags */
    bool unknown;     /* the option that nobody knows came back */
    bool cookie;      /* there is a COOKIE option */
    bool cookie_good; /* and it is a valid answer to ours */
} form_fact_t;

/* A family of forms that is not borne well. */
typedef struct wrong {
    size_t len;
    char text[600];
    size_t count;
    const exchange_t *proof[WRONG_MAX];
    bool severe; /* silence or an error at what resolvers ask, not only a wrong detail */
} wrong_t;

static bool is_answered(const form_fact_t *f)
{
    return f->x != NULL && f->o.kind == OUTCOME_ANSWERED;
}

static bool is_silent(const subject_t *s, const form_fact_t *f)
{
    return f->x != NULL && f->o.kind == OUTCOME_SILENT && !s->flapping;
}

/* RFC 7873 4: eight octets of the client, and 8 to 32 of the server. */
static bool cookie_fits(const nsp_edns_option_t *o)
{
    return o->size >= 16 && o->size <= 40 &&
           memcmp(o->data, FORM_COOKIE_DATA, FORM_COOKIE_SIZE) == 0;
}

static void read_edns(const nsp_msg_t *m, form_fact_t *f)
{
    nsp_edns_t e;
    f->opt = nsp_edns_read(m, &e, NULL);
    if (!f->opt)
        return;
    const nsp_edns_option_t *cookie = nsp_edns_find(&e, NSP_OPTION_COOKIE);
    f->version = e.version;
    f->edns = e.flags;
    f->unknown = nsp_edns_find(&e, FORM_OPTION_CODE) != NULL;
    f->cookie = cookie != NULL;
    f->cookie_good = cookie != NULL && cookie_fits(cookie);
}

static void fact_of(diag_t *d, const exchange_t *x, form_fact_t *f)
{
    const nsp_msg_t *m = &d->scratch->msg;
    nsp_name_t root;
    nsp_name_root(&root);
    f->x = x;
    outcome_of(x, &f->o, d->scratch);
    if (f->o.kind != OUTCOME_ANSWERED)
        return;
    f->flags = m->flags;
    f->rcode = nsp_msg_rcode(m);
    f->answers = m->found[NSP_ANSWER] > 0;
    for (uint16_t i = 0; i < m->found[NSP_ANSWER]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        f->soa = f->soa || (rr->type == NSP_TYPE_SOA && nsp_rr_owner_is(m, rr, &d->m->zone));
    }
    for (uint16_t i = 0; i < m->found[NSP_AUTHORITY]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_AUTHORITY, i);
        f->root_ns = f->root_ns || (rr->type == NSP_TYPE_NS && nsp_rr_owner_is(m, rr, &root));
    }
    read_edns(m, f);
}

/* Notes what is wrong: "A query for AAAA gets SERVFAIL; one with DO gets no answer". */
static void say_what(wrong_t *w, const char *kind, const form_fact_t *f, const char *what)
{
    if (w->count < WRONG_MAX)
        w->proof[w->count] = f->x;
    w->count++;
    if (w->len + 100 < sizeof w->text)
        w->len += (size_t)snprintf(w->text + w->len, sizeof w->text - w->len, "%s %s %s",
                                   w->len > 0 ? "; one" : "A query", kind, what);
}

static void say(wrong_t *w, form_id_t id, const form_fact_t *f, bool severe, const char *what)
{
    say_what(w, form_words(id), f, what);
    w->severe = w->severe || (severe && !form_is_thorough(id));
}

static void say_rcode(wrong_t *w, form_id_t id, const form_fact_t *f)
{
    char rcode[16];
    char text[40];
    snprintf(text, sizeof text, "gets %s", nsp_rcode_text(f->rcode, rcode));
    say(w, id, f, true, text);
}

static void report(diag_t *d, const subject_t *s, finding_id_t id, const wrong_t *w)
{
    if (w->count == 0)
        return;
    finding_t *f = subject_finding(d, s, id, "%s.", w->text);
    for (size_t i = 0; i < w->count && i < WRONG_MAX; i++)
        finding_add_evidence(f, w->proof[i]);
    if (f != NULL && !w->severe)
        f->severity = SEVERITY_NOTICE;
}

/* A form that must be answered as the plain question is: with the SOA. True when it is. */
static bool plain_answer(wrong_t *w, const subject_t *s, form_id_t id, const form_fact_t *f)
{
    if (is_silent(s, f))
        say(w, id, f, true, "gets no answer");
    else if (is_answered(f) && f->rcode != NSP_RCODE_NOERROR)
        say_rcode(w, id, f);
    else if (is_answered(f) && !f->soa && (f->flags & NSP_FLAG_TC) == 0)
        say(w, id, f, true, "gets no SOA");
    else
        return is_answered(f);
    return false;
}

static void flag_one(wrong_t *w, const subject_t *s, form_id_t id, const form_fact_t *f)
{
    if (!plain_answer(w, s, id, f))
        return;
    if ((f->flags & NSP_FLAG_Z) != 0)
        say(w, id, f, false, "has the reserved flag in its reply");
    else if (id == FORM_ID_RD && (f->flags & NSP_FLAG_RD) == 0)
        say(w, id, f, false, "does not have RD in its reply");
    else if (id == FORM_ID_TC && (f->flags & NSP_FLAG_TC) != 0)
        say(w, id, f, false, "has TC in its reply");
}

static void opcode_one(wrong_t *w, const subject_t *s, form_id_t id, const form_fact_t *f)
{
    const event_t *query = exchange_query(f->x);
    bool assigned = id == FORM_ID_NOTIFY || id == FORM_ID_UPDATE;
    if (is_silent(s, f))
        say(w, id, f, true, "gets no answer");
    if (!is_answered(f))
        return;
    if (query != NULL && ((f->flags >> 8) & 0x78) != (query->bytes[2] & 0x78))
        say(w, id, f, false, "has another opcode in its reply");
    else if (!assigned && f->rcode != NSP_RCODE_NOTIMP) {
        char rcode[16];
        char text[40];
        snprintf(text, sizeof text, "gets %s, not NOTIMP", nsp_rcode_text(f->rcode, rcode));
        say(w, id, f, f->rcode == NSP_RCODE_NOERROR, text);
    }
}

static void type_one(wrong_t *w, const subject_t *s, form_id_t id, const form_fact_t *f)
{
    if (is_silent(s, f))
        say(w, id, f, true, "gets no answer");
    else if (is_answered(f) && f->rcode != NSP_RCODE_NOERROR)
        say_rcode(w, id, f);
}

/* An answer that is right in form, and not out of the zone (RFC 1035 4.1.1). */
static bool lacks_authority(const form_fact_t *f)
{
    return is_answered(f) && f->rcode == NSP_RCODE_NOERROR &&
           (f->flags & (NSP_FLAG_AA | NSP_FLAG_TC)) == 0;
}

/* The TXT records of the zone, which were asked for with DO and a big size. */
static const fact_t *txt_fact(const diag_t *d, const subject_t *s)
{
    const fact_t *worst = NULL;
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *f = subject_at(d, s, i);
        if (f->x->qtype != NSP_TYPE_TXT || (f->kind != PROBE_BIG && f->kind != PROBE_BIG_TCP) ||
            !fact_answered(f) || (f->query_opt && s->edns_broken))
            continue;
        if (f->cls != CLASS_RCODE && f->cls != CLASS_NXDOMAIN && f->cls != CLASS_NOT_AA)
            return NULL; /* over one transport it is had */
        worst = worst != NULL ? worst : f;
    }
    return worst;
}

static void txt_one(wrong_t *w, const fact_t *txt)
{
    form_fact_t f = {.x = txt->x};
    char rcode[16];
    char text[40];
    snprintf(text, sizeof text, "gets %s",
             txt->cls == CLASS_NOT_AA ? "an answer without AA" : nsp_rcode_text(txt->rcode, rcode));
    say_what(w, "for TXT", &f, text);
    w->severe = true;
}

/* Whoever looks for an address asks for AAAA, too, and waits for the answer; NXDOMAIN denies the
 * name with all that it has (RFC 4074 4, RFC 8020 2). */
static bool aaaa_harms(const subject_t *s, const form_fact_t *f)
{
    return is_silent(s, f) || (is_answered(f) && f->rcode == NSP_RCODE_NXDOMAIN);
}

/* Another type that the zone's name does not have is answered as it should be. */
static bool nodata_works(const diag_t *d, const subject_t *s)
{
    const fact_t *f = subject_fact(d, s, PROBE_NODATA);
    return fact_answered(f) && f->cls == CLASS_NODATA;
}

/* Types of which a zone's name has records or not, and an error either way says something false:
 * SERVFAIL keeps mail and verification waiting, and after NXDOMAIN whoever asked takes the whole
 * name for missing (RFC 8020 2). */
static void type_rule(diag_t *d, const subject_t *s, const form_fact_t *facts)
{
    wrong_t w = {0, "", 0, {NULL}, false};
    wrong_t bare = {0, "", 0, {NULL}, true};
    char label[LABEL_MAX];
    const fact_t *txt = txt_fact(d, s);
    bool no_edns = s->edns_broken || s->edns_dropped || s->edns_silent;
    for (unsigned i = 0; i < FORM_COUNT; i++)
        if (form_family((form_id_t)i) == FAMILY_TYPE && facts[i].x != NULL)
            type_one(&w, s, (form_id_t)i, &facts[i]);
    size_t before = w.count;
    if (txt != NULL)
        txt_one(txt->cls == CLASS_NOT_AA ? &bare : &w, txt);
    for (unsigned i = 0; i < FORM_COUNT; i++) {
        form_family_t family = form_family((form_id_t)i);
        if (family == FAMILY_DATA && !no_edns)
            type_one(&w, s, (form_id_t)i, &facts[i]);
        if ((family == FAMILY_DATA || family == FAMILY_TYPE) && lacks_authority(&facts[i]))
            say(&bare, (form_id_t)i, &facts[i], true, "gets an answer without AA");
    }
    size_t count = d->list->count;
    report(d, s, FINDING_TYPE_BROKEN, w.count > 0 ? &w : &bare);
    if (d->list->count == count)
        return;
    subject_label(d, s, label);
    if (w.count == 0)
        finding_set_fix(&d->list->item[count],
                        "Let %s answer for these types out of the zone itself: something in front "
                        "of it, or a cache, answers in its place.",
                        label);
    else if (w.count > before)
        finding_set_fix(&d->list->item[count],
                        "Look at the log of %s for these questions: a type has its records, or "
                        "NOERROR without any.",
                        label);
    if (w.count > before || (aaaa_harms(s, &facts[FORM_ID_AAAA]) && nodata_works(d, s)))
        d->list->item[count].severity = SEVERITY_ERROR;
}

static void version_one(wrong_t *w, const subject_t *s, form_id_t id, const form_fact_t *f)
{
    char rcode[16];
    char text[48];
    if (is_silent(s, f))
        say(w, id, f, true, "gets no answer");
    if (!is_answered(f))
        return;
    snprintf(text, sizeof text, "gets %s, not BADVERS", nsp_rcode_text(f->rcode, rcode));
    if (f->rcode != NSP_RCODE_BADVERS)
        say(w, id, f, f->rcode != NSP_RCODE_NOERROR, text);
    else if (!f->opt || f->version != 0)
        say(w, id, f, false, "is not told version 0");
    else if (f->answers)
        say(w, id, f, false, "gets records with BADVERS");
}

static void option_one(wrong_t *w, const subject_t *s, form_id_t id, const form_fact_t *f)
{
    bool asks_cookie = id == FORM_ID_COOKIE || id == FORM_ID_OPTIONS;
    if (asks_cookie && is_answered(f) && f->rcode == NSP_RCODE_BADCOOKIE) {
        /* a server may insist on its own cookie, when it gives one (RFC 7873 5.2.3) */
        if (!f->cookie)
            say(w, id, f, true, "gets BADCOOKIE without a cookie to come back with");
        return;
    }
    if (!plain_answer(w, s, id, f))
        return;
    if (!f->opt)
        say(w, id, f, false, "gets no OPT record");
    else if (f->unknown)
        say(w, id, f, false, "gets the option back");
}

static void edns_flag_one(wrong_t *w, const subject_t *s, form_id_t id, const form_fact_t *f)
{
    if (!plain_answer(w, s, id, f))
        return;
    if (!f->opt)
        say(w, id, f, false, "gets no OPT record");
    else if ((f->edns & ~NSP_EDNS_DO) != 0)
        say(w, id, f, false, "has an unassigned flag in its reply");
    else if (id != FORM_ID_EDNS_FLAG && (f->edns & NSP_EDNS_DO) == 0)
        say(w, id, f, false, "does not have DO in its reply");
}

static void size_one(wrong_t *w, form_id_t id, const form_fact_t *f)
{
    char text[64];
    if (!is_answered(f) || f->o.reply->size <= 512)
        return;
    snprintf(text, sizeof text, "offers 512 octets and gets %u", f->o.reply->size);
    say(w, id, f, true, text);
}

typedef void form_rule_t(wrong_t *w, const subject_t *s, form_id_t id, const form_fact_t *f);

static void family_rule(diag_t *d, const subject_t *s, const form_fact_t *facts,
                        form_family_t family, finding_id_t finding, form_rule_t *rule)
{
    wrong_t w = {0, "", 0, {NULL}, false};
    for (unsigned i = 0; i < FORM_COUNT; i++)
        if (form_family((form_id_t)i) == family && facts[i].x != NULL)
            rule(&w, s, (form_id_t)i, &facts[i]);
    report(d, s, finding, &w);
}

/* A cookie that fits in no reply that has one. */
static void cookie_rule(diag_t *d, const subject_t *s, const form_fact_t *facts)
{
    wrong_t w = {0, "", 0, {NULL}, false};
    for (unsigned i = 0; i < FORM_COUNT; i++)
        if (form_family((form_id_t)i) == FAMILY_OPTION && is_answered(&facts[i]) &&
            facts[i].cookie && !facts[i].cookie_good)
            say(&w, (form_id_t)i, &facts[i], true, "gets a cookie that does not fit");
    report(d, s, FINDING_COOKIE_BROKEN, &w);
}

/* What the server does for somebody whom it does not know. */
static void stranger_rule(diag_t *d, const subject_t *s, const form_fact_t *facts)
{
    const form_fact_t *root = &facts[FORM_ID_ROOT];
    const form_fact_t *axfr = &facts[FORM_ID_AXFR];
    const form_fact_t *update = &facts[FORM_ID_UPDATE];
    finding_t *f = NULL;
    bool referred =
        is_answered(root) && root->rcode == NSP_RCODE_NOERROR && (root->flags & NSP_FLAG_AA) == 0;
    if (referred && root->answers && (root->flags & NSP_FLAG_RA) != 0) {
        f = subject_finding(d, s, FINDING_OPEN_RECURSION,
                            "The NS records of the root, which it does not serve, were resolved.");
        finding_add_evidence(f, root->x);
    } else if (referred && (root->answers || root->root_ns)) {
        f = subject_finding(
            d, s, FINDING_UPWARD_REFERRAL,
            "A question for the root is answered with the root's servers: %u octets "
            "for %u.",
            root->o.reply->size, exchange_query(root->x)->size);
        finding_add_evidence(f, root->x);
    }
    if (is_answered(axfr) && axfr->rcode == NSP_RCODE_NOERROR && axfr->soa) {
        f = subject_finding(d, s, FINDING_AXFR_OPEN, "AXFR is answered with records of the zone.");
        finding_add_evidence(f, axfr->x);
    }
    if (is_answered(update) && update->rcode == NSP_RCODE_NOERROR &&
        (update->flags & 0x7800) == 0x2800) {
        f = subject_finding(d, s, FINDING_UPDATE_ACCEPTED,
                            "An UPDATE without a key and without a change is answered NOERROR.");
        finding_add_evidence(f, update->x);
    }
}

static void size_rule(diag_t *d, const subject_t *s, const form_fact_t *facts)
{
    wrong_t w = {0, "", 0, {NULL}, false};
    size_one(&w, FORM_ID_EDNS_512, &facts[FORM_ID_EDNS_512]);
    report(d, s, FINDING_UDP_SIZE_IGNORED, &w);
}

static void gather(diag_t *d, const subject_t *s, const form_set_t *set, form_fact_t *facts)
{
    memset(facts, 0, FORM_COUNT * sizeof *facts);
    for (uint32_t i = 0; i < d->set->count; i++) {
        const exchange_t *x = d->set->item[i];
        if (!addr_equal(&x->server, &s->a->addr))
            continue;
        form_id_t id = form_of(set, x);
        if (id != FORM_COUNT && facts[id].x == NULL)
            fact_of(d, x, &facts[id]);
    }
}

static void one_address(diag_t *d, const subject_t *s, const form_set_t *set, form_fact_t *facts)
{
    gather(d, s, set, facts);
    stranger_rule(d, s, facts);
    family_rule(d, s, facts, FAMILY_FLAG, FINDING_FLAG_BROKEN, flag_one);
    family_rule(d, s, facts, FAMILY_OPCODE, FINDING_OPCODE_BROKEN, opcode_one);
    type_rule(d, s, facts);
    if (s->edns_dropped || s->edns_broken || s->edns_silent)
        return; /* whatever EDNS there is in a query, that is told already */
    family_rule(d, s, facts, FAMILY_VERSION, FINDING_EDNS_VERSION_BROKEN, version_one);
    family_rule(d, s, facts, FAMILY_OPTION, FINDING_EDNS_OPTION_BROKEN, option_one);
    family_rule(d, s, facts, FAMILY_EDNS_FLAG, FINDING_EDNS_FLAG_BROKEN, edns_flag_one);
    cookie_rule(d, s, facts);
    size_rule(d, s, facts);
}

void rules_forms(diag_t *d)
{
    form_set_t *set = malloc(sizeof *set);
    form_fact_t *facts = malloc(FORM_COUNT * sizeof *facts);
    if (set == NULL || facts == NULL) {
        d->list->out_of_memory = true;
    } else {
        form_set_init(set, &d->m->zone);
        for (size_t i = 0; i < d->subject_count; i++)
            if (!d->subject[i].folded && d->subject[i].serves)
                one_address(d, &d->subject[i], set, facts);
    }
    free(set);
    free(facts);
}
