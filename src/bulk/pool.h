/* UDP sockets for many questions: several on random ports, sent and received in batches.
 *
 * A batch leaves through one socket with one system call. Messages of one size to one address go
 * as one segmented datagram (UDP_SEGMENT, Linux 4.18): the kernel walks its layers once for all of
 * them, which is most of what a query costs. The sockets stay unconnected, so that one socket
 * serves all addresses; who sent a datagram is for the caller to compare. */
#ifndef BULK_POOL_H
#define BULK_POOL_H

#include "exchange/addr.h"

#define POOL_BATCH       512  /* messages that one call sends */
#define POOL_SOCKETS_MAX 64   /* of one family */
#define POOL_REPLY_MAX   4096 /* octets of a datagram that are kept */
#define POOL_EVENTS      64   /* that the sink is given at once */
#define POOL_SIZES_MAX   512  /* octets of a message that is sent */

/* As the kernel wants an address. */
typedef union pool_peer {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} pool_peer_t;

typedef struct pool_options {
    unsigned sockets; /* of each family: 16 */
    addr_t source4;   /* family 0: any; port 0: random ones */
    addr_t source6;
    bool segment; /* use UDP_SEGMENT where the kernel can */
} pool_options_t;

/* One message to send. */
typedef struct pool_item {
    const pool_peer_t *to;
    const uint8_t *wire;
    uint32_t size;
    bool alone; /* not to be segmented together with others */
    int error;  /* out: 0, EAGAIN (not sent, try again), or why the kernel refused */
} pool_item_t;

/* What came: a datagram, or an ICMP error about one. */
typedef struct pool_event {
    uint16_t sock;
    bool icmp;
    bool cut; /* longer than POOL_REPLY_MAX */
    uint8_t icmp_type;
    uint8_t icmp_code;
    const pool_peer_t *peer; /* who sent it; ICMP: whom the datagram was for */
    const uint8_t *bytes;    /* ICMP: of our own message, as far as it is quoted */
    uint32_t size;
} pool_event_t;

/* Takes events, borrowed until it returns; at most POOL_EVENTS at once. */
typedef void pool_sink_t(void *user, const pool_event_t *event, size_t count);

typedef struct pool pool_t;

/* NULL when memory is out or no socket can be had (errno says). */
pool_t *pool_new(const pool_options_t *o);
void pool_free(pool_t *p);
/* Sockets of a family (4 or 6), which are opened at the first call; 0 when there is none to be
 * had: *error then is the kernel's reason, as in errno. They are numbered from pool_first. */
unsigned pool_open(pool_t *p, uint8_t family, int *error);
/* Number of the first socket of a family. */
uint16_t pool_first(uint8_t family);
/* Sends up to POOL_BATCH messages, all of the socket's family. */
void pool_send(pool_t *p, uint16_t sock, pool_item_t *item, size_t count);
/* Waits up to timeout nanoseconds (0: not at all) until something came. */
void pool_wait(pool_t *p, int64_t timeout);
/* Gives everything that came to the sink. Returns the number of events. */
size_t pool_receive(pool_t *p, pool_sink_t *sink, void *user);
/* Same address and port; an IPv6 scope that is not given (0) is any. */
bool pool_same_peer(const pool_peer_t *a, const pool_peer_t *b);
/* An address as the kernel takes it. */
void pool_peer_of(const addr_t *a, pool_peer_t *out);

#endif
