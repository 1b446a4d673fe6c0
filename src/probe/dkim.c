#include "probe/dkim.h"

#include <stdlib.h>

#include "dkim/judge.h"
#include "dkim/plan.h"
#include "probe/loop.h"

/* Servers of the parent that are asked, unless everything is. */
#define PARENTS_MAX 4
/* Zones with fewer labels are registries' own: not to be probed for a customer's records. */
#define BATTERY_LABELS 2

typedef struct run {
    net_t *net;
    const dkim_options_t *options;
    facts_t *facts;
    plan_wants_t wants;
    size_t probed[FACTS_ZONES_MAX]; /* places of each zone that were asked the battery */
} run_t;

dkim_options_t dkim_options_default(void)
{
    dkim_options_t o = {.check = check_options_default(),
                        .diagnose = diagnose_options_default(),
                        .verifier_tries = 2,
                        .follow = true};
    return o;
}

static size_t write_question(const plan_question_t *q, uint8_t *buf, size_t cap)
{
    nsp_edns_t edns = {.udp_size = PROBE_EDNS_SIZE,
                       .flags = (q->how & ASK_DO) != 0 ? NSP_EDNS_DO : 0};
    size_t size = 0;
    nsp_err_t err = nsp_build_query(buf, cap, 0, q->rd ? NSP_FLAG_RD : 0, &q->qname, q->qtype,
                                    NSP_CLASS_IN, (q->how & ASK_EDNS) != 0 ? &edns : NULL, &size);
    return err == NSP_OK ? size : 0;
}

static bool to_be_probed(const run_t *r, size_t zone)
{
    const zone_facts_t *z = &r->facts->zone[zone];
    return r->options->battery && z->holds && nsp_name_labels(&z->apex) >= BATTERY_LABELS;
}

static net_err_t add_batteries(run_t *r, loop_t *l)
{
    const run_mark_t mark = check_mark(&r->options->check, r->facts->in);
    net_err_t err = NET_OK;
    for (size_t i = 0; i < r->facts->zone_count; i++) {
        const zone_facts_t *z = &r->facts->zone[i];
        for (; r->probed[i] < z->place_count && to_be_probed(r, i); r->probed[i]++) {
            const place_t *p = &z->place[r->probed[i]];
            if (p->in_use && p->delegated && err == NET_OK)
                err = check_ask_battery(r->net, l, &z->apex, &p->addr, &mark,
                                        r->options->check.exchanges_max);
        }
    }
    return err;
}

static net_err_t look(void *user, loop_t *l, int64_t now, int64_t *again_at)
{
    run_t *r = user;
    if (!plan_look(r->facts, now, &r->wants))
        return NET_E_MEMORY;
    *again_at = r->wants.again_at;
    for (size_t i = 0; i < r->wants.count; i++) {
        const plan_question_t *q = &r->wants.item[i];
        uint8_t wire[LOOP_QUERY_SIZE];
        size_t size = write_question(q, wire, sizeof wire);
        size_t budget =
            q->walk ? check_walk_budget(&r->options->check) : r->options->check.exchanges_max;
        if (!loop_ask(l, &q->server, q->transport, wire, size, budget))
            return NET_E_MEMORY;
    }
    return add_batteries(r, l);
}

static void progress(void *user, size_t done, size_t outstanding)
{
    const run_t *r = user;
    const check_options_t *o = &r->options->check;
    if (o->progress != NULL)
        o->progress(o->user, r->facts->model, done, outstanding);
}

/* What check would find in the zones that hold the names. */
static bool diagnose_zones(run_t *r, int64_t now, dkim_result_t *out)
{
    diagnose_options_t options = r->options->diagnose;
    options.without_dnssec = true; /* dkim/chain has verified it */
    facts_t *f = r->facts;
    bool ok = true;
    for (size_t i = 0; i < f->zone_count && ok; i++) {
        model_input_t in = *f->in;
        if (!to_be_probed(r, i) || !zone_is_meant(f, i))
            continue;
        const nsp_name_t *given = model_given_zone(f->in);
        if (given != NULL)
            in.given = *given;
        in.domain = f->zone[i].apex;
        ok = model_build(&in, now, f->model, f->wants) &&
             diagnose(f->model, f->set, &options, &out->findings);
    }
    finding_list_sort(&out->findings);
    return ok;
}

static net_err_t run(run_t *r, exchange_set_t *set, dkim_result_t *out)
{
    loop_plan_t plan = {.user = r, .look = look, .progress = progress};
    loop_options_t how = check_loop_options(&r->options->check);
    int64_t ended = 0;
    net_err_t err = loop_run(r->net, set, &how, &plan, &ended);
    int64_t wall = (set->began_wall + ended) / INT64_C(1000000000);
    bool ok = plan_look(r->facts, ended, NULL);
    ok = judge(r->facts, wall, out) && ok;
    if (r->options->battery && ok)
        ok = diagnose_zones(r, ended, out);
    return ok || err != NET_OK ? err : NET_E_MEMORY;
}

net_err_t dkim_run(net_t *net, model_input_t *in, const expectations_t *e,
                   const dkim_options_t *options, exchange_set_t *set, dkim_result_t *out)
{
    verify_options_t verify = {.tries = options->verifier_tries,
                               .began = options->began,
                               .follow = options->follow,
                               .also = options->also,
                               .also_count = options->also_count};
    memset(out, 0, sizeof *out);
    finding_list_init(&out->findings);
    in->set = set;
    model_input_t mine = *in;
    if (!options->battery && mine.parents_max > PARENTS_MAX)
        mine.parents_max = PARENTS_MAX;
    net_err_t err = net->ops->random(net, &verify.random, sizeof verify.random);
    if (err != NET_OK)
        return err;
    run_t *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NET_E_MEMORY;
    r->net = net;
    r->options = options;
    r->facts = dkim_facts_new(&mine, e, &verify, set);
    err = r->facts != NULL ? run(r, set, out) : NET_E_MEMORY;
    plan_wants_free(&r->wants);
    dkim_facts_free(r->facts);
    free(r);
    return err;
}
