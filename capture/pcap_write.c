#include "capture/pcap_write.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/packet.h"
#include "proto/wire.h"

#define MAGIC_NS     0xa1b23c4du
#define LINKTYPE_RAW 101
#define SEGMENT_MAX  1400u
/* Sequence numbers of both sides begin here; only their differences mean something. */
#define SEQ_CLIENT 1000u
#define SEQ_SERVER 5000u

/* The stream of one TCP exchange while its packets are made. */
typedef struct stream {
    bool syn;  /* SYN written */
    bool open; /* handshake written */
    uint32_t client;
    uint32_t server;
} stream_t;

typedef struct writer {
    FILE *out;
    const exchange_set_t *set;
    packet_t *packet;
    packet_t *quoted;
    stream_t *stream; /* one an exchange */
    bool failed;
    int os_error;
} writer_t;

/* An event with the exchange that it belongs to, for sorting. */
typedef struct item {
    const exchange_t *x;
    const event_t *e;
    uint32_t order;
} item_t;

static void put(writer_t *w, const void *p, size_t n)
{
    if (!w->failed && n > 0 && fwrite(p, n, 1, w->out) != 1) {
        w->failed = true;
        w->os_error = errno;
    }
}

/* pcap files are in the byte order of the machine that writes them; the magic says which. */
static void put_u32(writer_t *w, uint32_t v)
{
    put(w, &v, sizeof v);
}

static void put_header(writer_t *w)
{
    uint16_t version[2] = {2, 4};
    put_u32(w, MAGIC_NS);
    put(w, version, sizeof version);
    put_u32(w, 0);
    put_u32(w, 0);
    put_u32(w, PACKET_MAX);
    put_u32(w, LINKTYPE_RAW);
}

static void put_packet(writer_t *w, int64_t at)
{
    int64_t wall = w->set->began_wall + at;
    if (w->packet->size == 0)
        return; /* too long for one IP packet: nothing like it was ever on a wire */
    put_u32(w, (uint32_t)(wall / 1000000000));
    put_u32(w, (uint32_t)(wall % 1000000000));
    put_u32(w, w->packet->size);
    put_u32(w, w->packet->size);
    put(w, w->packet->octets, w->packet->size);
}

/* The client's address: as far as it is not known, the unspecified one of the server's family. */
static addr_t local_of(const exchange_t *x)
{
    addr_t a = x->local;
    if (a.family != x->server.family) {
        uint16_t port = a.port;
        memset(&a, 0, sizeof a);
        a.family = x->server.family;
        a.port = port;
    }
    return a;
}

static void udp_event(writer_t *w, const item_t *it)
{
    addr_t local = local_of(it->x);
    if (it->e->kind == EVENT_SENT) {
        packet_udp(w->packet, NULL, &local, &it->x->server, it->e->bytes, it->e->size);
        put_packet(w, it->e->at);
    } else if (it->e->kind == EVENT_REPLY || it->e->kind == EVENT_MISMATCH) {
        packet_udp(w->packet, NULL, &it->e->peer, &local, it->e->bytes, it->e->size);
        put_packet(w, it->e->at);
    }
}

static void segment(writer_t *w, const item_t *it, bool from_server, unsigned flags,
                    const uint8_t *data, uint32_t size)
{
    stream_t *s = &w->stream[it->x->id - 1];
    addr_t local = local_of(it->x);
    if (from_server) {
        packet_tcp(w->packet, &it->x->server, &local, s->server, s->client, flags, data, size);
        s->server += size + ((flags & (TCP_SYN | TCP_FIN)) != 0);
    } else {
        packet_tcp(w->packet, &local, &it->x->server, s->client, s->server, flags, data, size);
        s->client += size + ((flags & (TCP_SYN | TCP_FIN)) != 0);
    }
    put_packet(w, it->e->at);
}

static void data_segments(writer_t *w, const item_t *it, bool from_server, const uint8_t *data,
                          uint32_t size)
{
    for (uint32_t done = 0; done < size;) {
        uint32_t n = size - done < SEGMENT_MAX ? size - done : SEGMENT_MAX;
        segment(w, it, from_server, TCP_PSH | TCP_ACK, data + done, n);
        done += n;
    }
}

/* A message with its length in front (RFC 1035 4.2.2). */
static void framed(writer_t *w, const item_t *it, bool from_server)
{
    uint8_t *frame = malloc((size_t)it->e->size + 2);
    if (frame == NULL) {
        w->failed = true;
        w->os_error = ENOMEM;
        return;
    }
    frame[0] = (uint8_t)(it->e->size >> 8);
    frame[1] = (uint8_t)it->e->size;
    memcpy(frame + 2, it->e->bytes, it->e->size);
    data_segments(w, it, from_server, frame, it->e->size + 2);
    free(frame);
}

static const event_t *sent_event(const exchange_t *x)
{
    return exchange_find(x, EVENT_SENT);
}

static void tcp_open(writer_t *w, const item_t *it)
{
    stream_t *s = &w->stream[it->x->id - 1];
    if (s->open)
        return;
    s->open = true;
    segment(w, it, true, TCP_SYN | TCP_ACK, NULL, 0);
    segment(w, it, false, TCP_ACK, NULL, 0);
    const event_t *sent = sent_event(it->x);
    item_t query = {it->x, sent, 0};
    if (sent != NULL) {
        event_t at_open = *sent;
        at_open.at = it->e->at;
        query.e = &at_open;
        framed(w, &query, false);
    }
}

static void tcp_event(writer_t *w, const item_t *it)
{
    stream_t *s = &w->stream[it->x->id - 1];
    switch (it->e->kind) {
    case EVENT_SENT:
        if (!s->syn)
            segment(w, it, false, TCP_SYN, NULL, 0);
        s->syn = true;
        break;
    case EVENT_TCP_OPEN:
        tcp_open(w, it);
        break;
    case EVENT_REPLY:
    case EVENT_MISMATCH:
        tcp_open(w, it);
        framed(w, it, true);
        if (it->e->kind == EVENT_REPLY)
            segment(w, it, false, TCP_FIN | TCP_ACK, NULL, 0);
        break;
    case EVENT_TCP_REFUSED:
    case EVENT_TCP_RESET:
        segment(w, it, true, TCP_RST | TCP_ACK, NULL, 0);
        break;
    case EVENT_TCP_CLOSED:
        data_segments(w, it, true, it->e->bytes, it->e->size);
        segment(w, it, true, TCP_FIN | TCP_ACK, NULL, 0);
        break;
    default:
        break;
    }
}

/* An ICMP error about the attempt that it belongs to. */
static void icmp_event(writer_t *w, const item_t *it)
{
    const event_t *sent = exchange_sent_of(it->x, it->e);
    addr_t local = local_of(it->x);
    addr_t from = it->e->peer.family == it->x->server.family ? it->e->peer : it->x->server;
    if (sent == NULL)
        return;
    if (it->x->transport == TRANSPORT_UDP)
        packet_udp(w->quoted, NULL, &local, &it->x->server, sent->bytes, sent->size);
    else
        packet_tcp(w->quoted, &local, &it->x->server, SEQ_CLIENT, 0, TCP_SYN, NULL, 0);
    packet_icmp(w->packet, &from, &local, it->e->icmp_type, it->e->icmp_code, it->e->icmp_mtu,
                w->quoted);
    put_packet(w, it->e->at);
}

static int by_time(const void *a, const void *b)
{
    const item_t *x = a;
    const item_t *y = b;
    if (x->e->at != y->e->at)
        return x->e->at < y->e->at ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

static item_t *sorted_items(const exchange_set_t *set, size_t *count)
{
    size_t n = 0;
    for (uint32_t i = 0; i < set->count; i++)
        n += set->item[i]->event_count;
    item_t *items = calloc(n > 0 ? n : 1, sizeof *items);
    if (items == NULL)
        return NULL;
    *count = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        const exchange_t *x = set->item[i];
        for (uint32_t k = 0; k < x->event_count; k++) {
            items[*count] = (item_t){x, &x->event[k], (uint32_t)*count};
            (*count)++;
        }
    }
    qsort(items, n, sizeof *items, by_time);
    return items;
}

bool pcap_write_set(FILE *out, const exchange_set_t *set, int *os_error)
{
    size_t count = 0;
    writer_t w = {.out = out, .set = set, .os_error = ENOMEM};
    item_t *items = sorted_items(set, &count);
    w.packet = malloc(sizeof *w.packet);
    w.quoted = malloc(sizeof *w.quoted);
    w.stream = calloc(set->count > 0 ? set->count : 1, sizeof *w.stream);
    w.failed = items == NULL || w.packet == NULL || w.quoted == NULL || w.stream == NULL;
    for (uint32_t i = 0; !w.failed && i < set->count; i++)
        w.stream[i] = (stream_t){.client = SEQ_CLIENT, .server = SEQ_SERVER};
    if (!w.failed)
        put_header(&w);
    for (size_t i = 0; !w.failed && i < count; i++) {
        if (items[i].e->kind == EVENT_ICMP)
            icmp_event(&w, &items[i]);
        else if (items[i].x->transport == TRANSPORT_UDP)
            udp_event(&w, &items[i]);
        else
            tcp_event(&w, &items[i]);
    }
    if (!w.failed && fflush(out) != 0) {
        w.failed = true;
        w.os_error = errno;
    }
    free(items);
    free(w.packet);
    free(w.quoted);
    free(w.stream);
    *os_error = w.failed ? w.os_error : 0;
    return !w.failed;
}
