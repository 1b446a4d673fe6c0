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

/* A TCP connection while its packets are made. */
typedef struct stream {
    bool syn;  /* SYN written */
    bool open; /* handshake written */
    bool over; /* the server's FIN or RST written */
    uint32_t client;
    uint32_t server;
    uint32_t pending; /* exchanges on it without a reply yet */
} stream_t;

/* Where an exchange stands in its connection. */
typedef struct place {
    uint32_t stream; /* its index */
    bool asked;      /* query written */
} place_t;

typedef struct writer {
    FILE *out;
    const exchange_set_t *set;
    packet_t *packet;
    packet_t *quoted;
    stream_t *stream; /* room for one an exchange */
    place_t *place;   /* one an exchange */
    bool failed;
    int os_error;
} writer_t;

/* An event with the exchange that it belongs to, for sorting. */
typedef struct item {
    const exchange_t *x;
    const event_t *e;
    uint32_t order;
} item_t;

static stream_t *stream_of(const writer_t *w, const exchange_t *x)
{
    return &w->stream[w->place[x->id - 1].stream];
}

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
        packet_ip_t ip = {it->x->ttl, true};
        packet_udp(w->packet, &ip, &local, &it->x->server, it->e->bytes, it->e->size);
        put_packet(w, it->e->at);
    } else if (it->e->kind == EVENT_REPLY || it->e->kind == EVENT_MISMATCH) {
        packet_udp(w->packet, NULL, &it->e->peer, &local, it->e->bytes, it->e->size);
        put_packet(w, it->e->at);
    }
}

static void segment(writer_t *w, const item_t *it, bool from_server, unsigned flags,
                    const uint8_t *data, uint32_t size)
{
    stream_t *s = stream_of(w, it->x);
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

static void handshake(writer_t *w, const item_t *it)
{
    stream_t *s = stream_of(w, it->x);
    if (s->open)
        return;
    s->open = true;
    segment(w, it, true, TCP_SYN | TCP_ACK, NULL, 0);
    segment(w, it, false, TCP_ACK, NULL, 0);
}

/* The query goes at the time of *it: it waited for the handshake, if there was one. */
static void ask(writer_t *w, const item_t *it)
{
    place_t *p = &w->place[it->x->id - 1];
    const event_t *sent = exchange_query(it->x);
    if (p->asked || sent == NULL)
        return;
    p->asked = true;
    event_t now = *sent;
    now.at = it->e->at;
    item_t query = {it->x, &now, 0};
    framed(w, &query, false);
}

/* The server ends the connection; all exchanges on it know, the packet was one. */
static void server_ends(writer_t *w, const item_t *it, unsigned flags)
{
    stream_t *s = stream_of(w, it->x);
    if (s->over)
        return;
    s->over = true;
    if (it->e->kind == EVENT_TCP_CLOSED)
        data_segments(w, it, true, it->e->bytes, it->e->size);
    segment(w, it, true, flags, NULL, 0);
}

static void tcp_event(writer_t *w, const item_t *it)
{
    stream_t *s = stream_of(w, it->x);
    switch (it->e->kind) {
    case EVENT_SENT:
        if (s->open)
            ask(w, it);
        else if (!s->syn)
            segment(w, it, false, TCP_SYN, NULL, 0);
        s->syn = true;
        break;
    case EVENT_TCP_OPEN:
        handshake(w, it);
        ask(w, it);
        break;
    case EVENT_REPLY:
    case EVENT_MISMATCH:
        handshake(w, it);
        ask(w, it);
        framed(w, it, true);
        if (it->e->kind == EVENT_REPLY && s->pending > 0 && --s->pending == 0)
            segment(w, it, false, TCP_FIN | TCP_ACK, NULL, 0);
        break;
    case EVENT_TCP_REFUSED:
    case EVENT_TCP_RESET:
        server_ends(w, it, TCP_RST | TCP_ACK);
        break;
    case EVENT_TCP_CLOSED:
        server_ends(w, it, TCP_FIN | TCP_ACK);
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

static int by_connection(const void *a, const void *b)
{
    const exchange_t *x = *(exchange_t *const *)a;
    const exchange_t *y = *(exchange_t *const *)b;
    int order = addr_compare(&x->server, &y->server);
    if (order == 0)
        order = addr_compare(&x->local, &y->local);
    return order != 0 ? order : (x->id > y->id) - (x->id < y->id);
}

static bool is_closed(const exchange_t *x)
{
    return exchange_find(x, EVENT_TCP_CLOSED) != NULL ||
           exchange_find(x, EVENT_TCP_RESET) != NULL ||
           exchange_find(x, EVENT_TCP_REFUSED) != NULL ||
           exchange_find(x, EVENT_TCP_NO_SYNACK) != NULL;
}

/* True when x went over the connection that began with first: the same addresses and ports, and no
 * handshake but that one. last is the exchange on it before x. */
static bool same_connection(const exchange_t *first, const exchange_t *last, const exchange_t *x)
{
    const event_t *was = exchange_find(first, EVENT_TCP_OPEN);
    const event_t *open = exchange_find(x, EVENT_TCP_OPEN);
    const event_t *sent = exchange_query(x);
    if (x->local.port == 0 || !addr_equal(&first->server, &x->server) ||
        !addr_equal(&first->local, &x->local) || sent == NULL)
        return false;
    if (open != NULL)
        return was != NULL && was->at == open->at;
    if (exchange_find(x, EVENT_TCP_REFUSED) != NULL ||
        exchange_find(x, EVENT_TCP_NO_SYNACK) != NULL)
        return was == NULL;
    return !is_closed(last) || last->event[last->event_count - 1].at >= sent->at;
}

/* Gives every exchange its connection; those that were kept open have several exchanges. */
static bool place_exchanges(writer_t *w)
{
    uint32_t n = w->set->count;
    exchange_t **sorted = calloc(n > 0 ? n : 1, sizeof(exchange_t *));
    w->stream = calloc(n > 0 ? n : 1, sizeof *w->stream);
    w->place = calloc(n > 0 ? n : 1, sizeof *w->place);
    if (sorted == NULL || w->stream == NULL || w->place == NULL) {
        free(sorted);
        return false;
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i++)
        if (w->set->item[i]->transport == TRANSPORT_TCP)
            sorted[count++] = w->set->item[i];
    qsort(sorted, count, sizeof(exchange_t *), by_connection);
    for (uint32_t i = 0, first = 0; i < count; i++) {
        if (i == 0 || !same_connection(sorted[first], sorted[i - 1], sorted[i]))
            first = i;
        w->stream[first].client = SEQ_CLIENT;
        w->stream[first].server = SEQ_SERVER;
        w->stream[first].pending++;
        w->place[sorted[i]->id - 1].stream = first;
    }
    free(sorted);
    return true;
}

bool pcap_write_set(FILE *out, const exchange_set_t *set, int *os_error)
{
    size_t count = 0;
    writer_t w = {.out = out, .set = set, .os_error = ENOMEM};
    item_t *items = sorted_items(set, &count);
    w.packet = malloc(sizeof *w.packet);
    w.quoted = malloc(sizeof *w.quoted);
    w.failed = items == NULL || w.packet == NULL || w.quoted == NULL || !place_exchanges(&w);
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
    free(w.place);
    *os_error = w.failed ? w.os_error : 0;
    return !w.failed;
}
