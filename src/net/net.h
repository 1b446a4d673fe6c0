/* Time, randomness and transport as one struct of functions, so that the whole of probing runs in
 * a test without a socket and in no time (net_fake), over the kernel's sockets (net_socket), or
 * over packets of our own making (net_raw).
 *
 * A handle is one socket. Everything that happens to handles comes out of wait(), one event a
 * call, in order of time. Nothing blocks but wait().
 */
#ifndef NET_NET_H
#define NET_NET_H

#include "exchange/exchange.h"

typedef enum net_err {
    NET_OK,
    NET_E_MEMORY,
    NET_E_LIMIT,      /* no more file descriptors */
    NET_E_SYSTEM,     /* os_error tells */
    NET_E_PRIVILEGE,  /* a capability is missing */
    NET_E_INTERRUPTED /* *stop is set (Ctrl-C) */
} net_err_t;

typedef enum net_kind { NET_UDP, NET_TCP } net_kind_t;

/* How a handle is opened. */
typedef struct net_open {
    net_kind_t kind;
    addr_t dest;   /* where send() goes */
    addr_t source; /* family 0: any; port 0: random, from getrandom */
    uint8_t ttl;   /* 0: the system's. TTL or hop limit */
    bool dont_fragment;
} net_open_t;

typedef enum net_event_kind {
    NET_EVENT_NONE,      /* the deadline passed */
    NET_EVENT_DATAGRAM,  /* UDP: bytes from peer */
    NET_EVENT_ICMP,      /* about a datagram or a connection: peer reported it */
    NET_EVENT_CONNECTED, /* TCP */
    NET_EVENT_REFUSED,   /* TCP: RST in answer to SYN */
    NET_EVENT_BYTES,     /* TCP: some octets of the stream */
    NET_EVENT_RESET,     /* TCP */
    NET_EVENT_CLOSED,    /* TCP: FIN */
    NET_EVENT_FAILED     /* os_error: nothing more will come of this handle */
} net_event_kind_t;

typedef struct net_event {
    net_event_kind_t kind;
    uint32_t handle;
    int64_t at; /* nanoseconds on the clock of now() */
    addr_t peer;
    const uint8_t *bytes; /* valid until the next call of wait() */
    uint32_t size;
    /* ICMP: the octets of our message that it quotes are in bytes */
    uint8_t icmp_type;
    uint8_t icmp_code;
    uint32_t icmp_mtu;
    int os_error;
    bool resent; /* TCP: the kernel had sent something again before it */
} net_event_t;

typedef struct net net_t;

typedef struct net_ops {
    /* Monotonic nanoseconds. */
    int64_t (*now)(net_t *net);
    /* Wall clock, nanoseconds since 1970. */
    int64_t (*wall)(net_t *net);
    net_err_t (*random)(net_t *net, void *buf, size_t n);
    /* Opens a handle; *local gets the address and port it has (as far as known). For TCP the
     * handshake begins. *os_error (may be NULL) is set with NET_E_SYSTEM. */
    net_err_t (*open)(net_t *net, const net_open_t *how, uint32_t *handle, addr_t *local,
                      int *os_error);
    /* Sends one datagram, or queues octets on a stream. */
    net_err_t (*send)(net_t *net, uint32_t handle, const uint8_t *bytes, size_t n, int *os_error);
    void (*close)(net_t *net, uint32_t handle);
    /* Gives the next event, waiting at most until deadline (clock of now()). */
    net_err_t (*wait)(net_t *net, int64_t deadline, net_event_t *event);
    void (*destroy)(net_t *net);
} net_ops_t;

struct net {
    const net_ops_t *ops;
};

/* The kernel's UDP and TCP sockets, IPv4 and IPv6, in one epoll loop; UDP sockets stay unconnected
 * so that a reply from a wrong source is seen; ICMP is read with IP_RECVERR (no privilege).
 * *stop (may be NULL) becomes non-zero in a signal handler: wait() then gives NET_E_INTERRUPTED. */
net_err_t net_socket_new(const _Atomic int *stop, net_t **out);
/* UDP by our own IP and UDP headers over SOCK_RAW (CAP_NET_RAW), TCP by the kernel's sockets. */
net_err_t net_raw_new(const _Atomic int *stop, net_t **out);

/* Addresses as DNS names them against addresses as sockets reach them: lets a lab on loopback
 * stand for an Internet. Wraps inner, which it then owns: everything above sees logical
 * addresses only. */
typedef struct net_map_entry {
    addr_t logical;  /* port ignored */
    addr_t physical; /* port included */
} net_map_entry_t;
/* entries are copied. E_MEMORY: inner is still the caller's. */
net_err_t net_map_new(net_t *inner, const net_map_entry_t *entries, size_t count, net_t **out);

#endif
