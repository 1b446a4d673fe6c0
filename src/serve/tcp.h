/* The TCP side of serve: connections, framing, slow and broken delivery. */
#ifndef SERVE_TCP_H
#define SERVE_TCP_H

#include <poll.h>

#include "serve/respond.h"

#define TCP_CONNS_MAX  256
#define TCP_LISTEN_MAX 256
#define TCP_FDS_MAX    (TCP_CONNS_MAX + TCP_LISTEN_MAX)

typedef struct tcp_server tcp_server_t;

/* NULL when memory is out. */
tcp_server_t *tcp_server_new(void);
/* Closes every connection; the listeners stay the caller's. */
void tcp_server_free(tcp_server_t *t);
/* Answers what comes in on a listening socket. False when there are too many. */
bool tcp_server_add(tcp_server_t *t, int listener, responder_t *r);
/* Fills in what is to be polled; returns how many. */
size_t tcp_server_fds(tcp_server_t *t, struct pollfd *fds, int64_t now);
/* Handles what poll said about them. */
void tcp_server_ready(tcp_server_t *t, const struct pollfd *fds, size_t n, int64_t now);
/* Delayed and dribbled answers whose time has come, and idle connections. */
void tcp_server_tick(tcp_server_t *t, int64_t now);
/* When tick has something to do or listeners are to be watched again, INT64_MAX for never. */
int64_t tcp_server_due(const tcp_server_t *t, int64_t now);

#endif
