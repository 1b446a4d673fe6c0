/* How many domains or questions bulk works on at once, by the descriptors that the process may have
 * open: a run with few of them is slow, and complete. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>

#include "cmd/bulk.h"

#define CHECK_THREADS 128
/* What a run needs beside its sockets: list, output, checkpoint, list of whom not to ask, and two
 * for the C library; with a queue the broker's connections, and what is read for them. */
#define RESERVE       6
#define RESERVE_QUEUE 16
/* Of a thread, beside its sockets: what it waits with, and what asks for its own address; the same
 * of a loop of questions, which waits for TCP apart; and raw sockets. */
#define BASE       2
#define BASE_QUERY 3
#define BASE_RAW   2
/* As many sockets as a thread is to have before there is another, and the most that it can use. */
#define HANDLES_GOOD 8
#define HANDLES_MAX  256
#define SOCKETS_GOOD 4
#define SOCKETS_MAX  16

/* Descriptors that are open already. Nobody has many of them where the limit is low. */
static unsigned count_open(unsigned limit)
{
    unsigned n = 0;
    for (unsigned fd = 0; fd < limit && fd < 4096; fd++)
        n += fcntl((int)fd, F_GETFD) != -1;
    return n;
}

static unsigned base_of(const bulk_args_t *c)
{
    return c->query ? BASE_QUERY : BASE + (c->probe.raw ? BASE_RAW : 0);
}

/* The fewest descriptors that a thread can work with, and the fewest that it works well with. */
static unsigned least_of(const bulk_args_t *c)
{
    return base_of(c) + (c->query ? 3 : 1);
}

static unsigned good_of(const bulk_args_t *c)
{
    return base_of(c) + HANDLES_GOOD + (c->query ? 2 * SOCKETS_GOOD : 0);
}

/* Divides what one thread has. */
static void divide(const bulk_args_t *c, unsigned each, bulk_room_t *room)
{
    unsigned left = each - base_of(c);
    room->sockets = SOCKETS_MAX;
    if (c->query) {
        unsigned third = left / 3;
        room->sockets = third > SOCKETS_MAX ? SOCKETS_MAX : third;
        left -= 2 * room->sockets;
    }
    room->handles = left > HANDLES_MAX ? HANDLES_MAX : left;
}

static void tell_fewer(const bulk_args_t *c, const bulk_room_t *room, uint32_t wanted,
                       unsigned limit)
{
    if (room->threads < wanted && !c->quiet)
        fprintf(stderr,
                "nsprobe bulk: %u %s at once, not %u: this process may have only %u files open "
                "(ulimit -n)\n",
                room->threads,
                c->query ? room->threads == 1 ? "loop of questions" : "loops of questions"
                : room->threads == 1 ? "domain"
                                     : "domains",
                wanted, limit);
}

bool bulk_room(const bulk_args_t *c, bulk_room_t *room)
{
    struct rlimit l;
    bool known = getrlimit(RLIMIT_NOFILE, &l) == 0;
    unsigned limit =
        known && l.rlim_cur < UINT16_MAX * 16u ? (unsigned)l.rlim_cur : UINT16_MAX * 16u;
    unsigned used = count_open(limit) + (c->nats.broker.url != NULL ? RESERVE_QUEUE : RESERVE);
    uint32_t wanted = c->threads != 0 ? c->threads : c->query ? 1 : CHECK_THREADS;
    if (limit < used + least_of(c)) {
        fprintf(stderr,
                "nsprobe bulk: this process may have only %u files open, and needs %u at least; "
                "allow it more (ulimit -n)\n",
                limit, used + least_of(c));
        return false;
    }
    unsigned left = limit - used;
    room->threads = left / good_of(c);
    if (room->threads < 1)
        room->threads = 1;
    if (room->threads > wanted)
        room->threads = wanted;
    divide(c, left / room->threads, room);
    tell_fewer(c, room, wanted, limit);
    return true;
}
