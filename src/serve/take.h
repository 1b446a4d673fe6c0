/* Taking TCP connections off listening sockets, also when the process has no room for them. */
#ifndef SERVE_TAKE_H
#define SERVE_TAKE_H

#include <stdbool.h>
#include <stdint.h>

/* How long listeners are left alone after a failure, unless a connection closes before. ns. */
#define TAKE_PAUSE INT64_C(200000000)

/* Zeroed: connections are taken. */
typedef struct take {
    int64_t paused_until; /* ns of the caller's clock */
    bool told;            /* that it fails: said once */
} take_t;

/* Accepts one connection: its descriptor, nonblocking and the caller's to close, or -1. When the
 * process or the system is out of descriptors or memory, the connection stays in the listener's
 * queue, where poll(2) reports it again and again: then listeners must not be watched until
 * take_watches. The first time this is said on stderr. now: ns of any clock that the caller keeps
 * to. */
int take_connection(take_t *t, int listener, int64_t now);

/* Whether listeners are to be watched. */
bool take_watches(const take_t *t, int64_t now);

/* A connection was closed: there is room again. */
void take_room(take_t *t);

/* When listeners are to be watched again, INT64_MAX when they are. */
int64_t take_due(const take_t *t, int64_t now);

#endif
