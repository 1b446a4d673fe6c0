/* One direction of a TCP connection: octets put in order, and cut into DNS messages. */
#ifndef CAPTURE_STREAM_H
#define CAPTURE_STREAM_H

#include "capture/decode.h"
#include "capture/origin.h"
#include "capture/spans.h"

/* Segments that may wait behind holes; more, and the first hole is taken for lost. */
#define STREAM_SPANS_MAX 256u
/* How far from what is expected a segment may be and still belong here: the largest window
 * (RFC 7323 2.3). */
#define STREAM_WINDOW (1 << 30)

/* Positions count octets of the stream in 64 bits, from far above 0; they do not wrap around. */
typedef struct stream {
    bool begun;     /* next is known */
    bool in_step;   /* where the next message begins is known */
    bool server;    /* it is the server that speaks */
    bool good;      /* a segment with a right checksum was seen */
    bool fin;       /* FIN was seen, at position fin_at */
    bool ended;     /* everything before FIN was given out */
    unsigned notes; /* for the next message */
    uint32_t next;  /* sequence number expected */
    uint32_t skip;  /* rest of a message that was given out in part: to be passed over */
    uint32_t have;  /* octets in buffer */
    uint32_t cap;
    uint8_t *buffer; /* a message that is not whole, its length included */
    uint64_t at;     /* position of next */
    uint64_t acked;  /* position up to which the other side has acknowledged */
    uint64_t fin_at;
    spans_t waiting; /* behind holes */
    origin_t origin; /* of the last packet with new octets */
} stream_t;

/* What is given out goes here; bytes are lent. */
typedef void stream_give_t(void *user, cap_item_kind_t kind, unsigned notes, const uint8_t *bytes,
                           uint32_t size, uint32_t original, const origin_t *origin);

typedef struct stream_out {
    budget_t *budget;
    stream_give_t *give;
    void *user;
} stream_out_t;

/* A stream whose first octet has sequence number next. in_step: a message begins there. */
void stream_begin(stream_t *s, uint32_t next, bool in_step);
/* Takes length octets at sequence number seq, of which size were captured; length may be 0 (a FIN
 * alone). Returns a note:
 * CAP_NOTE_OVERLAP when octets came again as others, else 0. */
unsigned stream_take(stream_t *s, const stream_out_t *out, uint32_t seq, const uint8_t *bytes,
                     uint32_t size, uint32_t length, const origin_t *origin);
/* FIN at sequence number seq; before the stream_take of the segment that has it. */
void stream_fin(stream_t *s, uint32_t seq);
/* The other side acknowledges all before ack: what of it was not seen never will be. */
void stream_acked(stream_t *s, const stream_out_t *out, uint32_t ack);
/* Gives out what is left: every hole is taken for lost. */
void stream_flush(stream_t *s, const stream_out_t *out);
/* Frees buffers; what was in them is gone. */
void stream_clear(stream_t *s, budget_t *budget);
/* Whether there is anything in buffers. */
bool stream_holds(const stream_t *s);

#endif
