/* How scripts of faults are put together. Internal to serve/. */
#ifndef SERVE_FAULT_MAKE_H
#define SERVE_FAULT_MAKE_H

#include "serve/fault.h"

#define MAKER_CAP (65535 + 1024)

/* A script under construction, with a message under construction in buf. */
typedef struct maker {
    const fault_input_t *in;
    fault_script_t *script;
    uint16_t id;
    uint16_t rd; /* the query's RD bit */
    nsp_name_t qname;
    uint16_t qtype;
    uint16_t qclass;
    nsp_random_t random;
    fault_piece_t nowhere; /* what does not fit */
    size_t size;
    uint8_t buf[MAKER_CAP];
} maker_t;

/* --- fault_make.c --- */

/* buf becomes the honest reply. */
void make_honest(maker_t *k);
/* Header of an authoritative reply and, with question, the question. */
nsp_writer_t make_begin(maker_t *k, uint16_t flags, bool question);
/* One record; the owner is any octets. */
void make_record(nsp_writer_t *w, const uint8_t *owner, size_t owner_size, uint16_t type,
                 uint16_t rclass, uint32_t ttl, const uint8_t *rdata, size_t size);
/* A pointer to the question's name as owner. */
void make_answer(nsp_writer_t *w, uint16_t type, uint16_t rclass, uint32_t ttl,
                 const uint8_t *rdata, size_t size);
/* Counts, and the message's end. */
void make_end(maker_t *k, const nsp_writer_t *w, uint16_t qd, uint16_t an, uint16_t ns,
              uint16_t ar);
/* RDATA of type that says the lie; its size. Types without a form for it get an A record's. */
size_t make_lie(uint16_t type, uint8_t out[64]);
/* buf becomes a reply to the question whose answer is the lie. */
void make_lying(maker_t *k);

/* The message in buf as one piece: a datagram, or framed. */
fault_piece_t *put_message(maker_t *k);
/* Any octets as one piece, without a frame. */
fault_piece_t *put_octets(maker_t *k, const uint8_t *bytes, size_t size);

/* --- fault_message.c, fault_record.c, fault_deliver.c: one kind each; false: not theirs --- */
bool fault_message(maker_t *k, fault_id_t id);
bool fault_name(maker_t *k, fault_id_t id);
bool fault_record(maker_t *k, fault_id_t id);
bool fault_answer(maker_t *k, fault_id_t id);
bool fault_deliver(maker_t *k, fault_id_t id);

#endif
