/* Any capture beside a check's exchanges: what the interface saw is joined to those that it is
 * about, events stay in order, and an answered exchange is left alone. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "capture/source.h"
#include "capture/witness.h"
#include "fuzz/alloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECOND INT64_C(1000000000)
#define BEGAN  (1000 * SECOND)

/* example. SOA */
static const uint8_t query[] = {1,   1,   0,   0,   0,   1,   0,   0, 0, 0, 0, 0, 7,
                                'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 6, 0, 1};

static void append(exchange_t *x, event_kind_t kind, int64_t at)
{
    event_t e = {.kind = kind, .attempt = 1, .at = at};
    if (kind == EVENT_SENT || kind == EVENT_REPLY) {
        e.bytes = query;
        e.size = sizeof query;
    }
    if (!exchange_append(x, &e))
        abort();
}

static exchange_t *add(exchange_set_t *set, transport_t transport, const char *server,
                       const char *local)
{
    addr_t to;
    addr_t from;
    if (!addr_from_text(server, strlen(server), 53, &to) ||
        !addr_from_text(local, strlen(local), 53, &from))
        abort();
    exchange_t *x = exchange_add(set, transport, &to, query, sizeof query);
    if (x == NULL)
        abort();
    x->local = from;
    x->finished = true;
    append(x, EVENT_SENT, 0);
    return x;
}

static void make_set(exchange_set_t *set)
{
    exchange_set_init(set, BEGAN);
    append(add(set, TRANSPORT_UDP, "192.0.2.1", "192.0.2.9#40000"), EVENT_TIMEOUT, 9 * SECOND);
    append(add(set, TRANSPORT_UDP, "2001:db8::1", "[2001:db8::9]#40000"), EVENT_TIMEOUT,
           9 * SECOND);
    append(add(set, TRANSPORT_TCP, "192.0.2.1", "192.0.2.9#40001"), EVENT_TCP_NO_SYNACK,
           9 * SECOND);
    append(add(set, TRANSPORT_UDP, "192.0.2.1", "192.0.2.9#40002"), EVENT_REPLY, SECOND);
}

static void check_set(const exchange_set_t *set)
{
    for (uint32_t i = 0; i < set->count; i++) {
        const exchange_t *x = set->item[i];
        for (uint32_t k = 1; k < x->event_count; k++)
            if (x->event[k].at < x->event[k - 1].at)
                abort();
    }
    if (set->item[3]->event_count != 2)
        abort();
}

/* Joins the capture to a set; the nth allocation of the witness fails, none when it is 0. */
static void run(const uint8_t *data, size_t size, uint32_t fail)
{
    char error[CAP_ERROR_MAX];
    cap_packet_t p;
    exchange_set_t set;
    cap_read_t how = CAP_PACKET;
    unsigned left = 5000;                     /* a few KiB may hold gigabytes */
    unsigned times = size % 8 == 1 ? 300 : 1; /* that each packet comes: more than the first room */
    make_set(&set);
    cap_source_t *s = cap_source_memory(data, size, error);
    alloc_fail(fail);
    witness_t *w = witness_new(53);
    if (s == NULL || (w == NULL) == (fail == 0 || !alloc_failed()))
        abort();
    if (w == NULL) {
        exchange_set_free(&set);
        cap_source_close(s);
        return;
    }
    for (; how != CAP_END && left > times; left -= times)
        if ((how = cap_source_read(s, &p)) == CAP_PACKET)
            for (unsigned i = 0; i < times; i++)
                witness_feed(w, &p);
    bool joined = witness_join(w, &set);
    alloc_fail(0);
    if ((!joined && fail == 0) || witness_stats(w).forgotten > witness_stats(w).items)
        abort();
    check_set(&set);
    exchange_set_free(&set);
    witness_free(w);
    cap_source_close(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    run(data, size, 0);
    if (size % 4 == 0)
        run(data, size, 1 + (uint32_t)(size / 4 % 12));
    return 0;
}
