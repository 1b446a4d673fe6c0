/* An exchange is a value: one question sent to one address over one transport, and everything
 * that came of it. A live probe makes exchanges by sending, a pcap makes the same exchanges by
 * pairing packets. Nothing here, and nothing in diagnosis, knows which of the two it was.
 *
 * An exchange may have several attempts: the same question, local port, server and transport,
 * each UDP attempt with an ID of its own. A retry that changes the question (no EDNS) or the
 * transport (TCP after TC) is another exchange.
 */
#ifndef EXCHANGE_EXCHANGE_H
#define EXCHANGE_EXCHANGE_H

#include "exchange/addr.h"
#include "proto/message.h"

typedef enum transport { TRANSPORT_UDP, TRANSPORT_TCP } transport_t;

typedef enum event_kind {
    EVENT_SENT,        /* a query packet left; bytes are the message */
    EVENT_REPLY,       /* a message that matches an attempt; bytes */
    EVENT_MISMATCH,    /* a message that does not match; mismatch says why; bytes */
    EVENT_ICMP,        /* ICMP error about an attempt; peer is the reporting router */
    EVENT_SEND_FAILED, /* the kernel refused to send; os_error */
    EVENT_TIMEOUT,     /* an attempt's time is over */
    EVENT_TCP_OPEN,    /* handshake done */
    EVENT_TCP_REFUSED, /* RST in answer to SYN */
    EVENT_TCP_RESET,   /* RST after the handshake */
    EVENT_TCP_CLOSED,  /* FIN before the reply; bytes are what had come of a frame (may be none) */
    EVENT_TCP_NO_SYNACK, /* handshake not done when the attempt's time was over */
    /* Seen at an interface while an exchange was waiting (capture/witness.h) */
    EVENT_NOT_DELIVERED,     /* a message came to the interface, and no socket got it; mismatch says
                                whether it matches; bytes */
    EVENT_TCP_NOT_DELIVERED, /* the answer to SYN came to the interface, and the kernel never saw it
                              */
    EVENT_FRAGMENTS_LOST     /* fragments of a datagram came, and never all of them; bytes are the
                                beginning, none when the first fragment is missing */
} event_kind_t;

/* Why a message does not match: bits. */
#define MISMATCH_ADDRESS  1u /* came from another address */
#define MISMATCH_PORT     2u /* came from another port */
#define MISMATCH_ID       4u
#define MISMATCH_QUESTION 8u  /* another QNAME (ignoring case), QTYPE or QCLASS, or none */
#define MISMATCH_QR       16u /* QR clear: a query came back */
#define MISMATCH_HEADER   32u /* shorter than a header: nothing to match by */

typedef struct event {
    event_kind_t kind;
    uint8_t attempt;   /* 1 is the first; 0 when it cannot be told */
    uint8_t mismatch;  /* bits, for EVENT_MISMATCH */
    uint8_t icmp_type; /* as on the wire; the family is peer's */
    uint8_t icmp_code;
    uint32_t icmp_mtu;    /* next-hop MTU of "fragmentation needed"/"packet too big", else 0 */
    int os_error;         /* errno value, for EVENT_SEND_FAILED */
    int64_t at;           /* nanoseconds since the exchange's set began */
    addr_t peer;          /* whoever sent it */
    const uint8_t *bytes; /* owned by the exchange */
    uint8_t *owned;       /* the same, for freeing; NULL in events that are appended */
    uint32_t size;
    bool resent; /* TCP, probed: the kernel had sent something again before, so that the time since
                    the query is no round trip */
} event_t;

typedef struct exchange {
    uint32_t id;     /* number in its set, from 1 in order of the first packet */
    uint64_t number; /* of the flow that it was made of (exchange/flow.h); 0: it was probed */
    transport_t transport;
    addr_t server;    /* whom the question was for */
    addr_t local;     /* port 0 when not known */
    uint8_t ttl;      /* TTL or hop limit that it was sent with; 0: as every packet */
    nsp_name_t qname; /* as sent, case kept */
    uint16_t qtype;
    uint16_t qclass;
    bool finished; /* nothing more will be added */
    /* 0, or when it was observed by another run, whose evidence this one shares, nanoseconds since
     * 1970; its events then stand where they would have been */
    int64_t shared;
    uint32_t event_count;
    uint32_t event_cap;
    event_t *event; /* in order of time */
} exchange_t;

/* All exchanges of one run, in order of their first packet; owns them. */
typedef struct exchange_set {
    int64_t began_wall; /* nanoseconds since 1970: what at counts from */
    uint32_t count;
    uint32_t cap;
    exchange_t **item;
} exchange_set_t;

/* Octets of the QNAME of the first question, when it has plain labels and type and class stand
 * behind it, as nearly always; 0 when the long way has to tell. */
static inline uint32_t question_name_octets(const uint8_t *message, size_t size)
{
    size_t pos = NSP_HEADER_SIZE;
    if (size < NSP_HEADER_SIZE || (message[4] | message[5]) == 0)
        return 0;
    while (pos < size && message[pos] - 1u < NSP_LABEL_MAX)
        pos += message[pos] + 1u;
    size_t octets = pos + 1 - NSP_HEADER_SIZE;
    if (pos >= size || size - pos < 5 || message[pos] != 0 || octets > NSP_NAME_MAX)
        return 0;
    return (uint32_t)octets;
}

/* Reads the first question of a message, which may be any octets. False, with the root and zeros,
 * when there is none (RFC 1035 4.1.2). */
bool question_read(const uint8_t *message, size_t size, nsp_name_t *name, uint16_t *type,
                   uint16_t *qclass);

/* True when a reply's question is the one that was asked (RFC 5452 9.1). A reply that says FORMERR
 * or the like without repeating the question is accepted: it cannot know better. So is one that is
 * cut or broken there: malformed, and the question's by its ID. */
bool question_answered(const nsp_name_t *name, uint16_t type, uint16_t qclass, const uint8_t *reply,
                       size_t size);

/* Starts an empty set. */
void exchange_set_init(exchange_set_t *set, int64_t began_wall);
/* Frees every exchange of the set. */
void exchange_set_free(exchange_set_t *set);
/* Adds an exchange with its question read from the query (which may be any octets: the question
 * stays the root and type 0 when there is none). NULL when memory is out. The set owns it. */
exchange_t *exchange_add(exchange_set_t *set, transport_t transport, const addr_t *server,
                         const uint8_t *query, size_t size);
/* Frees one exchange of the set; the last takes its place. Numbers of exchanges that are added
 * later may then be given twice: for sets that nobody looks exchanges up in. */
void exchange_set_drop(exchange_set_t *set, exchange_t *x);
/* Appends a copy of *e (and of its bytes). Events at an earlier time than the last are put in
 * their place. False when memory is out. */
bool exchange_append(exchange_t *x, const event_t *e);

/* First event of a kind, or NULL. */
const event_t *exchange_find(const exchange_t *x, event_kind_t kind);
/* The query of the first attempt: its EVENT_SENT, or NULL when nothing could be sent. */
const event_t *exchange_query(const exchange_t *x);
/* The reply that ended the exchange: its first EVENT_REPLY, or NULL. */
const event_t *exchange_reply(const exchange_t *x);
/* The EVENT_SENT that an event answers, or NULL. */
const event_t *exchange_sent_of(const exchange_t *x, const event_t *e);
/* Number of EVENT_SENT. */
unsigned exchange_attempts(const exchange_t *x);

#endif
