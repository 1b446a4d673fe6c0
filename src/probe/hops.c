#include "probe/hops.h"

#include "diagnose/way.h"
#include "probe/battery.h"

#define SECOND      INT64_C(1000000000)
#define MILLISECOND INT64_C(1000000)
/* After the first try's time, for its end to be noted first. */
#define AFTER_TRY (20 * MILLISECOND)
/* Shorter waits than this would call routers silent that are merely far away. */
#define WAIT_MIN (100 * MILLISECOND)

void hops_begin(hops_t *h, const schedule_t *schedule)
{
    h->schedule = *schedule;
    h->count = 0;
}

/* What is waited for after the first try. */
static int64_t rest_of(const schedule_t *s)
{
    int64_t sum = s->late;
    for (unsigned i = 1; i < s->tries; i++)
        sum += s->wait[i];
    return sum;
}

schedule_t hops_schedule(const schedule_t *schedule)
{
    /* a quarter: two tries, twice, since a report may be what asking further waits for */
    int64_t wait = (rest_of(schedule) - AFTER_TRY) / 4;
    wait = wait > SECOND ? SECOND : wait;
    schedule_t s = {.tries = wait < WAIT_MIN ? 0 : 2, .wait = {wait, wait}};
    return s;
}

static hops_target_t *target_of(hops_t *h, const addr_t *server)
{
    for (size_t i = 0; i < h->count; i++)
        if (addr_equal(&h->target[i].addr, server))
            return &h->target[i];
    return NULL;
}

void hops_watch(hops_t *h, const addr_t *server, int64_t now)
{
    if (h->count == MODEL_ADDRESSES_MAX || target_of(h, server) != NULL ||
        hops_schedule(&h->schedule).tries == 0)
        return;
    h->target[h->count++] =
        (hops_target_t){.addr = *server, .due = now + h->schedule.wait[0] + AFTER_TRY};
}

static bool was_heard(const exchange_t *x)
{
    return exchange_reply(x) != NULL || exchange_find(x, EVENT_MISMATCH) != NULL ||
           exchange_find(x, EVENT_ICMP) != NULL;
}

typedef enum silence { SILENCE_OPEN, SILENCE_YES, SILENCE_NO } silence_t;

/* Whether the address was silent over UDP for the time of a try. */
static silence_t silence_of(const exchange_set_t *set, const addr_t *server)
{
    silence_t s = SILENCE_OPEN;
    for (uint32_t i = 0; i < set->count; i++) {
        const exchange_t *x = set->item[i];
        if (x->transport != TRANSPORT_UDP || !addr_equal(&x->server, server))
            continue;
        if (was_heard(x))
            return SILENCE_NO;
        if (exchange_find(x, EVENT_TIMEOUT) != NULL)
            s = SILENCE_YES;
    }
    return s;
}

static void decide(hops_t *h, hops_target_t *t, const exchange_set_t *set, int64_t now)
{
    switch (silence_of(set, &t->addr)) {
    case SILENCE_OPEN: /* the questions wait for their turn */
        t->due = now + h->schedule.wait[0];
        break;
    case SILENCE_YES:
        t->state = HOPS_ASKING;
        t->due = now + rest_of(&h->schedule) - AFTER_TRY - 2 * hops_schedule(&h->schedule).wait[0];
        break;
    case SILENCE_NO:
        t->state = HOPS_OVER;
        break;
    }
}

static net_err_t ask_hop(const hops_t *h, const hops_target_t *t, loop_t *l, net_t *net,
                         const nsp_name_t *zone, size_t budget)
{
    uint8_t wire[BATTERY_QUERY_SIZE];
    schedule_t schedule = hops_schedule(&h->schedule);
    uint64_t random = 0;
    nsp_name_t name;
    net_err_t err = net->ops->random(net, &random, sizeof random);
    if (err != NET_OK || !way_name(zone, t->asked, random, &name))
        return err;
    loop_hops_t hops = {(uint8_t)t->asked, &schedule};
    size_t size = battery_question(&name, NSP_TYPE_A, false, true, wire, sizeof wire);
    return loop_ask_hops(l, &t->addr, &hops, wire, size, budget) ? NET_OK : NET_E_MEMORY;
}

net_err_t hops_look(hops_t *h, loop_t *l, net_t *net, const exchange_set_t *set,
                    const nsp_name_t *zone, int64_t now, size_t budget, int64_t *again_at)
{
    net_err_t err = NET_OK;
    for (size_t i = 0; i < h->count && err == NET_OK; i++) {
        hops_target_t *t = &h->target[i];
        if (t->state == HOPS_WATCHED && now >= t->due)
            decide(h, t, set, now);
        if (t->state == HOPS_WATCHED && t->due < *again_at)
            *again_at = t->due;
        if (t->state == HOPS_ASKING && (t->ended || now > t->due))
            t->state = HOPS_OVER;
        while (err == NET_OK && t->state == HOPS_ASKING && t->asked < WAY_HOPS_ASKED &&
               t->asked < t->heard + HOPS_AHEAD) {
            t->asked++;
            err = ask_hop(h, t, l, net, zone, budget);
        }
    }
    return err;
}

bool hops_note(hops_t *h, const exchange_t *x, const nsp_name_t *zone)
{
    unsigned hops = h->count > 0 ? way_hops_of(x, zone) : 0;
    hops_target_t *t = hops != 0 ? target_of(h, &x->server) : NULL;
    if (t == NULL)
        return false;
    way_t w = {0};
    way_add(&w, hops, x);
    t->heard = w.heard > t->heard ? w.heard : t->heard;
    t->ended = t->ended || w.stop != 0 || w.answered != 0;
    return true;
}
