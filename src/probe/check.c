#include "probe/check.h"

#include <stdlib.h>

#include "probe/battery.h"
#include "probe/loop.h"

typedef struct check {
    net_t *net;
    model_input_t *in;
    const check_options_t *options;
    model_t *m;
    model_wants_t *wants;
    nsp_name_t probed_zone;
    size_t probed_count;
    addr_t probed[MODEL_ADDRESSES_MAX];
} check_t;

check_options_t check_options_default(void)
{
    check_options_t o = {.schedule = schedule_default(), .exchanges_max = 4000, .per_address = 16};
    return o;
}

loop_options_t check_loop_options(const check_options_t *o)
{
    loop_options_t l = {.schedule = o->schedule,
                        .source4 = o->source4,
                        .source6 = o->source6,
                        .exchanges_max = o->exchanges_max,
                        .per_address = o->per_address};
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

net_err_t check_ask_battery(net_t *net, loop_t *l, const nsp_name_t *zone, const addr_t *server,
                            size_t budget)
{
    battery_query_t query[BATTERY_MAX];
    uint64_t random = 0;
    net_err_t err = net->ops->random(net, &random, sizeof random);
    if (err != NET_OK)
        return err;
    size_t n = battery_build(zone, random, query);
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

static net_err_t add_batteries(check_t *c, loop_t *l)
{
    const model_t *m = c->m;
    net_err_t err = NET_OK;
    if (!m->zone_found)
        return NET_OK;
    if (c->probed_count > 0 && !nsp_name_equal(&c->probed_zone, &m->zone))
        c->probed_count = 0;
    c->probed_zone = m->zone;
    for (uint16_t i = 0; i < m->address_count && err == NET_OK; i++) {
        const addr_t *a = &m->address[i].addr;
        bool used = a->family == 4 ? c->in->use_ipv4 : c->in->use_ipv6;
        if (used && !probed_before(c, a))
            err = check_ask_battery(c->net, l, &m->zone, a, c->options->exchanges_max);
    }
    return err;
}

static net_err_t look(void *user, loop_t *l, int64_t now, int64_t *again_at)
{
    check_t *c = user;
    if (!model_build(c->in, now, c->m, c->wants))
        return NET_E_MEMORY;
    *again_at = c->wants->again_at;
    if (!add_wanted(c, l))
        return NET_E_MEMORY;
    return c->options->walk_only ? NET_OK : add_batteries(c, l);
}

/* The answers to the battery alone are not read by the model. */
static bool matters(void *user, const exchange_t *x)
{
    const check_t *c = user;
    return x->qtype != NSP_TYPE_DNSKEY && x->qtype != NSP_TYPE_TXT &&
           x->qtype != PROBE_NODATA_TYPE &&
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
    memset(m, 0, sizeof *m);
    if (c != NULL && wants != NULL) {
        *c = (check_t){.net = net, .in = in, .options = options, .m = m, .wants = wants};
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
