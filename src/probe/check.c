#include "probe/check.h"

#include <stdlib.h>

#include "diagnose/form.h"
#include "diagnose/outcome.h"
#include "probe/battery.h"
#include "probe/hops.h"
#include "probe/loop.h"

/* Forms may use this part of the budget at most, so that every address gets its battery. */
#define FORM_BUDGET(max) ((max) / 2 + (max) / 4)
/* Answers that were cut, and wait for the next look. */
#define CUT_MAX 256

typedef struct check {
    net_t *net;
    model_input_t *in;
    const check_options_t *options;
    model_t *m;
    model_wants_t *wants;
    nsp_name_t probed_zone;
    size_t probed_count;
    addr_t probed[MODEL_ADDRESSES_MAX];
    /* addresses that answered the plain question, and have not been asked the forms of it yet */
    size_t due_count;
    addr_t due[MODEL_ADDRESSES_MAX];
    /* addresses that have a DNSKEY of the zone; the first signed_asked were asked for the rest */
    size_t signed_count;
    size_t signed_asked;
    addr_t with_key[MODEL_ADDRESSES_MAX];
    /* questions about signatures whose answers were cut over UDP, to be asked over TCP */
    size_t cut_count;
    const exchange_t *cut[CUT_MAX];
    hops_t hops;
} check_t;

check_options_t check_options_default(void)
{
    check_options_t o = {.schedule = schedule_default(), .exchanges_max = 4000, .per_address = 32};
    return o;
}

loop_options_t check_loop_options(const check_options_t *o)
{
    loop_options_t l = {.schedule = o->schedule,
                        .source4 = o->source4,
                        .source6 = o->source6,
                        .exchanges_max = o->exchanges_max,
                        .per_address = o->per_address,
                        .handles = o->handles,
                        .gate = o->gate,
                        .memory = o->memory,
                        .identify = o->identify};
    return l;
}

size_t check_walk_budget(const check_options_t *o)
{
    return o->exchanges_max - o->exchanges_max / 4;
}

static bool add_wanted(check_t *c, loop_t *l)
{
    for (size_t i = 0; i < c->wants->count; i++) {
        const wanted_t *w = &c->wants->item[i];
        uint8_t wire[BATTERY_QUERY_SIZE];
        size_t size = battery_question(&w->qname, w->qtype, w->rd, w->edns, wire, sizeof wire);
        if (!loop_ask(l, &w->server, w->transport, wire, size, check_walk_budget(c->options)))
            return false;
    }
    return true;
}

run_mark_t check_mark(const check_options_t *o, const model_input_t *in)
{
    run_mark_t m = {.undelegated = in->kind == START_UNDELEGATED};
    for (; m.waits < o->schedule.tries && m.waits < RUN_MARK_WAITS_MAX; m.waits++)
        m.wait[m.waits] = o->schedule.wait[m.waits];
    return m;
}

net_err_t check_ask_battery(net_t *net, loop_t *l, const nsp_name_t *zone, const addr_t *server,
                            const run_mark_t *mark, size_t budget)
{
    battery_query_t query[BATTERY_MAX];
    uint64_t random = 0;
    net_err_t err = net->ops->random(net, &random, sizeof random);
    if (err != NET_OK)
        return err;
    size_t n = battery_build(zone, random, mark, query);
    for (size_t i = 0; i < n; i++)
        if (!loop_ask(l, server, query[i].transport, query[i].wire, query[i].size, budget))
            return NET_E_MEMORY;
    return NET_OK;
}

static bool probed_before(check_t *c, const addr_t *a)
{
    for (size_t i = 0; i < c->probed_count; i++)
        if (addr_equal(&c->probed[i], a))
            return true;
    if (c->probed_count == MODEL_ADDRESSES_MAX)
        return true;
    c->probed[c->probed_count++] = *a;
    return false;
}

static net_err_t add_batteries(check_t *c, loop_t *l, int64_t now)
{
    const model_t *m = c->m;
    const run_mark_t mark = check_mark(c->options, c->in);
    net_err_t err = NET_OK;
    if (!m->zone_found)
        return NET_OK;
    if (c->probed_count > 0 && !nsp_name_equal(&c->probed_zone, &m->zone)) {
        c->probed_count = c->signed_count = c->signed_asked = 0;
        hops_begin(&c->hops, &c->options->schedule);
    }
    c->probed_zone = m->zone;
    for (uint16_t i = 0; i < m->address_count && err == NET_OK; i++) {
        const addr_t *a = &m->address[i].addr;
        bool used = a->family == 4 ? c->in->use_ipv4 : c->in->use_ipv6;
        if (!used || probed_before(c, a))
            continue;
        err = check_ask_battery(c->net, l, &m->zone, a, &mark, c->options->exchanges_max);
        if (c->options->hops)
            hops_watch(&c->hops, a, now);
    }
    return err;
}

/* The forms of a question, of each address that serves the zone. */
static bool add_forms(check_t *c, loop_t *l)
{
    form_set_t forms;
    if (c->due_count > 0)
        form_set_init(&forms, &c->probed_zone);
    for (size_t i = 0; i < c->due_count; i++)
        for (unsigned k = 0; k < FORM_COUNT; k++) {
            const form_query_t *q = &forms.query[k];
            bool wanted = q->size > 0 && (c->options->thorough || !form_is_thorough((form_id_t)k));
            if (wanted && !loop_ask_exactly(l, &c->due[i], q->transport, q->wire, q->size,
                                            FORM_BUDGET(c->options->exchanges_max)))
                return false;
        }
    c->due_count = 0;
    return true;
}

/* The questions about signatures: of each address that has keys, and again over TCP where an answer
 * was cut. */
static net_err_t add_signed(check_t *c, loop_t *l)
{
    const size_t budget = FORM_BUDGET(c->options->exchanges_max);
    const run_mark_t mark = check_mark(c->options, c->in);
    for (; c->signed_asked < c->signed_count; c->signed_asked++) {
        battery_query_t query[BATTERY_SIGNED_MAX];
        uint64_t random = 0;
        net_err_t err = c->net->ops->random(c->net, &random, sizeof random);
        if (err != NET_OK)
            return err;
        size_t n = battery_signed_build(&c->probed_zone, random, &mark, query);
        for (size_t i = 0; i < n; i++)
            if (!loop_ask(l, &c->with_key[c->signed_asked], query[i].transport, query[i].wire,
                          query[i].size, budget))
                return NET_E_MEMORY;
    }
    for (; c->cut_count > 0; c->cut_count--) {
        const exchange_t *x = c->cut[c->cut_count - 1];
        const event_t *sent = exchange_query(x);
        if (sent != NULL &&
            !loop_ask_exactly(l, &x->server, TRANSPORT_TCP, sent->bytes, sent->size, budget))
            return NET_E_MEMORY;
    }
    return NET_OK;
}

static net_err_t look(void *user, loop_t *l, int64_t now, int64_t *again_at)
{
    check_t *c = user;
    if (!model_build(c->in, now, c->m, c->wants))
        return NET_E_MEMORY;
    *again_at = c->wants->again_at;
    if (!add_wanted(c, l))
        return NET_E_MEMORY;
    if (c->options->walk_only)
        return NET_OK;
    net_err_t err = add_batteries(c, l, now);
    if (err == NET_OK && !add_forms(c, l))
        err = NET_E_MEMORY;
    if (err == NET_OK)
        err = add_signed(c, l);
    if (err == NET_OK)
        err = hops_look(&c->hops, l, c->net, c->in->set, &c->probed_zone, now,
                        FORM_BUDGET(c->options->exchanges_max), again_at);
    return err;
}

/* Notes an address that answers the plain question with authority. True for such an answer. */
static bool note_server(check_t *c, const exchange_t *x)
{
    outcome_t o;
    reply_t *r = NULL;
    if (x->qtype != NSP_TYPE_SOA || c->due_count == MODEL_ADDRESSES_MAX || c->probed_count == 0 ||
        probe_kind_of(x, &c->probed_zone) != PROBE_SOA)
        return false;
    r = malloc(sizeof *r);
    if (r == NULL)
        return false;
    outcome_of(x, &o, r);
    bool good = o.kind == OUTCOME_ANSWERED && nsp_msg_has(&r->msg, NSP_FLAG_AA) &&
                nsp_msg_rcode(&r->msg) == NSP_RCODE_NOERROR && r->msg.found[NSP_ANSWER] > 0;
    free(r);
    if (good)
        c->due[c->due_count++] = x->server;
    return good;
}

static bool has_apex_key(const nsp_msg_t *m, const nsp_name_t *zone)
{
    for (uint16_t i = 0; i < m->found[NSP_ANSWER]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        if (rr->type == NSP_TYPE_DNSKEY && nsp_rr_owner_is(m, rr, zone))
            return true;
    }
    return false;
}

static bool note_key(check_t *c, const addr_t *a)
{
    for (size_t i = 0; i < c->signed_count; i++)
        if (addr_equal(&c->with_key[i], a))
            return false;
    if (c->signed_count == MODEL_ADDRESSES_MAX)
        return false;
    c->with_key[c->signed_count++] = *a;
    return true;
}

/* A question that is to be asked over TCP when its answer is cut: about signatures, whole or not
 * at all. */
static bool wants_whole(const exchange_t *x, const nsp_name_t *zone)
{
    form_set_t forms;
    if (x->transport != TRANSPORT_UDP)
        return false;
    if (probe_kind_of(x, zone) == PROBE_SIGNED)
        return true;
    if (x->qtype != NSP_TYPE_SOA)
        return false;
    form_set_init(&forms, zone);
    return form_of(&forms, x) == FORM_ID_DO;
}

/* Notes an address that has a DNSKEY of the zone, and an answer about signatures that was cut. True
 * when there is more to ask for that. */
static bool note_signed(check_t *c, const exchange_t *x)
{
    outcome_t o;
    const event_t *sent = exchange_query(x);
    bool news = false;
    nsp_name_t up;
    nsp_name_strip(&x->qname, 1, &up);
    if (c->probed_count == 0 || sent == NULL ||
        (!nsp_name_equal(&x->qname, &c->probed_zone) && !nsp_name_equal(&up, &c->probed_zone)))
        return false;
    reply_t *r = malloc(sizeof *r);
    if (r == NULL)
        return false;
    outcome_of(x, &o, r);
    bool cut = o.reply != NULL && o.kind == OUTCOME_ANSWERED && nsp_msg_has(&r->msg, NSP_FLAG_TC);
    if (o.kind == OUTCOME_ANSWERED && x->qtype == NSP_TYPE_DNSKEY &&
        has_apex_key(&r->msg, &c->probed_zone))
        news = note_key(c, &x->server);
    if (cut && c->cut_count < CUT_MAX && wants_whole(x, &c->probed_zone)) {
        c->cut[c->cut_count++] = x;
        news = true;
    }
    free(r);
    return news;
}

/* The answers to the battery alone are not read by the model. */
static bool matters(void *user, const exchange_t *x)
{
    check_t *c = user;
    if (hops_note(&c->hops, x, &c->probed_zone))
        return true;
    if (note_server(c, x) || note_signed(c, x))
        return true;
    if (x->qtype == NSP_TYPE_DNSKEY)
        return !nsp_name_equal(&x->qname, &c->probed_zone); /* the parent's keys are the walk's */
    return x->qtype != NSP_TYPE_TXT && x->qtype != PROBE_NODATA_TYPE && x->qtype != NSP_TYPE_AXFR &&
           x->qtype != NSP_TYPE_CDS && x->qtype != NSP_TYPE_CDNSKEY &&
           x->qtype != NSP_TYPE_NSEC3PARAM &&
           (x->qtype != NSP_TYPE_SOA || c->in->kind == START_RESOLVER);
}

static void progress(void *user, size_t done, size_t outstanding)
{
    const check_t *c = user;
    if (c->options->progress != NULL)
        c->options->progress(c->options->user, c->m, done, outstanding);
}

net_err_t check_run(net_t *net, model_input_t *in, const check_options_t *options,
                    exchange_set_t *set, model_t *m)
{
    check_t *c = calloc(1, sizeof *c);
    model_wants_t *wants = malloc(sizeof *wants);
    net_err_t err = NET_E_MEMORY;
    in->set = set;
    in->names = in->ds = !options->walk_only;
    in->reverse = options->thorough && !options->walk_only;
    memset(m, 0, sizeof *m);
    if (c != NULL && wants != NULL) {
        *c = (check_t){.net = net, .in = in, .options = options, .m = m, .wants = wants};
        hops_begin(&c->hops, &options->schedule);
        loop_plan_t plan = {.user = c, .look = look, .matters = matters, .progress = progress};
        loop_options_t how = check_loop_options(options);
        int64_t ended = 0;
        err = loop_run(net, set, &how, &plan, &ended);
        /* once more from all there is, also after an interruption */
        if (!model_build(in, ended, m, wants) && err == NET_OK)
            err = NET_E_MEMORY;
    }
    free(wants);
    free(c);
    return err;
}
