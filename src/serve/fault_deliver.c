/* Faults of delivery: when, from where and in which pieces a reply comes. */
#include "serve/fault_make.h"

#define DOZEN_MS 12

/* A wrong ID that is not the query's whatever it is. */
static void other_id(maker_t *k)
{
    k->buf[0] ^= 0x5a;
    k->buf[1] ^= 0xa5;
}

/* Replies with guessed IDs that lie, then the honest one. */
static void forged_first(maker_t *k)
{
    make_lying(k);
    for (unsigned i = 1; i <= 20; i++) {
        uint16_t id = (uint16_t)(k->id + i * 3u);
        k->buf[0] = (uint8_t)(id >> 8);
        k->buf[1] = (uint8_t)id;
        put_message(k);
    }
    make_honest(k);
    put_message(k)->delay_ms = DOZEN_MS;
}

static void big_udp(maker_t *k)
{
    uint8_t text[256];
    uint16_t n = 0;
    nsp_writer_t w = make_begin(k, 0, true);
    memset(text, 'x', sizeof text);
    text[0] = 255;
    for (; w.pos + 12 + sizeof text <= 60000; n++)
        make_answer(&w, NSP_TYPE_TXT, NSP_CLASS_IN, 60, text, sizeof text);
    make_end(k, &w, 1, n, 0, 0);
    put_message(k);
}

/* The framed honest reply with another length. */
static void with_length(maker_t *k, unsigned length)
{
    fault_piece_t *p = put_message(k);
    k->script->octets[p->at] = (uint8_t)(length >> 8);
    k->script->octets[p->at + 1] = (uint8_t)length;
}

static void truncated(maker_t *k, bool lie)
{
    if (lie) {
        make_lying(k);
    } else {
        nsp_writer_t w = make_begin(k, 0, true);
        make_end(k, &w, 1, 0, 0, 0);
    }
    k->buf[2] |= NSP_FLAG_TC >> 8;
    put_message(k);
}

static void half(maker_t *k, fault_end_t end)
{
    fault_piece_t *p = put_message(k);
    p->size /= 2;
    k->script->end = end;
}

static bool datagrams(maker_t *k, fault_id_t id)
{
    switch (id) {
    case FAULT_WRONG_ID:
        make_lying(k);
        other_id(k);
        put_message(k);
        return true;
    case FAULT_WRONG_PORT:
    case FAULT_WRONG_SOURCE:
        make_lying(k);
        put_message(k)->from = id == FAULT_WRONG_PORT ? FROM_OTHER_PORT : FROM_OTHER_ADDRESS;
        return true;
    case FAULT_FORGED_FIRST:
        forged_first(k);
        return true;
    case FAULT_TWICE:
        put_message(k);
        put_message(k);
        return true;
    case FAULT_SECOND_LIES:
        put_message(k);
        make_lying(k);
        put_message(k);
        return true;
    case FAULT_SILENCE:
        return true;
    case FAULT_TRUNCATED:
    case FAULT_TRUNCATED_LIE:
        truncated(k, id == FAULT_TRUNCATED_LIE);
        return true;
    case FAULT_BIG_UDP:
        big_udp(k);
        return true;
    default:
        return false;
    }
}

bool fault_deliver(maker_t *k, fault_id_t id)
{
    if (datagrams(k, id))
        return true;
    switch (id) {
    case FAULT_LENGTH_LONG:
        with_length(k, UINT16_MAX);
        return true;
    case FAULT_LENGTH_SHORT:
        with_length(k, (unsigned)(k->size / 2));
        return true;
    case FAULT_LENGTH_ZERO:
        put_octets(k, (const uint8_t *)"\0\0", 2);
        put_message(k);
        return true;
    case FAULT_DRIBBLE:
        put_message(k);
        k->script->dribble = true;
        return true;
    case FAULT_PIECES_RESET:
        half(k, END_RESET);
        return true;
    case FAULT_PIECES_CLOSE:
        half(k, END_FIN);
        return true;
    case FAULT_RESET_AT_ONCE:
        k->script->end = END_RESET;
        return true;
    case FAULT_ENDLESS:
        other_id(k);
        put_message(k);
        k->script->endless = true;
        return true;
    default:
        return false;
    }
}
