#include "bulk/flight_tcp.h"

#include <errno.h>

#define TCP_STEPS 64

static void tcp_done(void *user, exchange_t *x)
{
    slot_t *s = user;
    flight_t *f = s->flight;
    outcome_t o;
    outcome_of(x, &o, &f->scratch);
    flight_result_t r = {.outcome = o.kind,
                         .transport = TRANSPORT_TCP,
                         .rtt = o.rtt,
                         .fault = o.fault,
                         .fault_offset = o.fault_offset};
    const event_t *failed = exchange_find(x, EVENT_SEND_FAILED);
    if (o.kind == OUTCOME_ANSWERED || o.kind == OUTCOME_MALFORMED)
        r.reply = &f->scratch.msg;
    if (failed != NULL)
        r.os_error = failed->os_error;
    if (o.kind == OUTCOME_ICMP && o.reply != NULL) {
        r.icmp_type = o.reply->icmp_type;
        r.icmp_code = o.reply->icmp_code;
    }
    f->tcp--;
    flight_slot_end(f, s, &r);
}

/* The engine is made when the first reply is truncated. */
static net_err_t open_tcp(flight_t *f)
{
    if (f->net != NULL)
        return NET_OK;
    net_err_t err = net_socket_new(NULL, &f->net);
    if (err != NET_OK)
        return err;
    exchange_set_init(&f->set, 0);
    err = engine_new(f->net, &f->set, &f->o.schedule, &f->engine);
    if (err == NET_OK) {
        engine_limit(f->engine, f->o.handles);
        return NET_OK;
    }
    f->net->ops->destroy(f->net);
    f->net = NULL;
    return err;
}

static void end_not_sent(flight_t *f, slot_t *s, net_err_t err)
{
    flight_result_t r = flight_no_reply(s, OUTCOME_NOT_SENT);
    r.os_error = err == NET_E_LIMIT ? EMFILE : ENOMEM;
    r.transport = TRANSPORT_TCP;
    flight_slot_end(f, s, &r);
}

void flight_tcp_start(flight_t *f, slot_t *s)
{
    engine_query_t q = {.transport = TRANSPORT_TCP,
                        .server = s->server,
                        .source = s->server.family == 4 ? f->o.pool.source4 : f->o.pool.source6,
                        .wire = s->wire,
                        .size = s->size,
                        .done = tcp_done,
                        .user = s};
    q.source.port = 0;
    net_err_t err = open_tcp(f);
    if (err == NET_OK)
        err = engine_submit(f->engine, &q, NULL);
    if (err != NET_OK) {
        end_not_sent(f, s, err);
        return;
    }
    flight_slot_ground(f, s);
    s->state = SLOT_TCP;
    f->tcp++;
    f->stats.tcp++;
}

/* The engine cannot go on, for want of file descriptors or memory: neither can what waits for it.
 * The next truncated reply makes another. */
static void give_up(flight_t *f, net_err_t err)
{
    flight_tcp_free(f);
    for (uint32_t i = 0; i < f->o.slots && f->tcp > 0; i++) {
        if (f->slot[i].state != SLOT_TCP)
            continue;
        f->tcp--;
        end_not_sent(f, &f->slot[i], err);
    }
}

/* Exchanges that are over are dropped outside of the engine's own loops. */
void flight_tcp_step(flight_t *f)
{
    for (int i = 0; i < TCP_STEPS && f->tcp > 0; i++) {
        net_err_t err = engine_step(f->engine, 0);
        if (err != NET_OK) {
            give_up(f, err);
            return;
        }
    }
    for (uint32_t i = f->set.count; i-- > 0;)
        if (f->set.item[i]->finished)
            exchange_set_drop(&f->set, f->set.item[i]);
}

void flight_tcp_free(flight_t *f)
{
    if (f->net == NULL)
        return;
    engine_free(f->engine);
    f->net->ops->destroy(f->net);
    f->net = NULL;
    exchange_set_free(&f->set);
}
