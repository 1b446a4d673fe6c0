#include "capture/source_live.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_DEFAULT (16 << 20)

typedef struct live {
    cap_source_t base;
    pcap_t *pcap;
    char *name;
    int fd;
    int wait;
    bool nanos;
    uint32_t link;
    bool over; /* the interface is gone */
    cap_stats_t stats;
} live_t;

static cap_read_t give(live_t *s, const struct pcap_pkthdr *h, const uint8_t *bytes,
                       cap_packet_t *out)
{
    out->bytes = bytes;
    out->at = (int64_t)h->ts.tv_sec * 1000000000 + (int64_t)h->ts.tv_usec * (s->nanos ? 1 : 1000);
    out->number = ++s->stats.packets;
    out->file = 0;
    out->link = s->link;
    out->size = h->caplen;
    out->original = h->len > h->caplen ? h->len : h->caplen;
    s->stats.octets += h->caplen;
    return CAP_PACKET;
}

/* libpcap copies the packet out of the ring, so that it stays until the next call. */
static cap_read_t live_read(cap_source_t *source, cap_packet_t *out)
{
    live_t *s = (live_t *)source;
    struct pcap_pkthdr *h = NULL;
    const uint8_t *bytes = NULL;
    if (s->over)
        return CAP_END;
    int rc = pcap_next_ex(s->pcap, &h, &bytes);
    if (rc == 0 && s->wait > 0) {
        struct pollfd p = {s->fd, POLLIN, 0};
        if (poll(&p, 1, s->wait) > 0)
            rc = pcap_next_ex(s->pcap, &h, &bytes);
    }
    if (rc == 1)
        return give(s, h, bytes, out);
    if (rc == 0)
        return CAP_NOTHING;
    s->over = true;
    snprintf(s->base.error, sizeof s->base.error, "%.60s: after packet %llu: %.300s", s->name,
             (unsigned long long)s->stats.packets, pcap_geterr(s->pcap));
    return CAP_ERROR;
}

static size_t live_batch(cap_source_t *source, cap_packet_t *out, size_t max, cap_read_t *how)
{
    *how = CAP_PACKET;
    if (max == 0)
        return 0;
    *how = live_read(source, out);
    return *how == CAP_PACKET;
}

static void live_stats(cap_source_t *source, cap_stats_t *out)
{
    live_t *s = (live_t *)source;
    struct pcap_stat st;
    if (pcap_stats(s->pcap, &st) == 0) {
        s->stats.dropped = st.ps_drop;
        s->stats.if_dropped = st.ps_ifdrop;
    }
    *out = s->stats;
}

static const char *live_name(const cap_source_t *source, uint32_t file)
{
    return file == 0 ? ((const live_t *)source)->name : "";
}

static const char *live_comment(const cap_source_t *source)
{
    (void)source;
    return NULL;
}

static void live_close(cap_source_t *source)
{
    live_t *s = (live_t *)source;
    if (s->pcap != NULL)
        pcap_close(s->pcap);
    free(s->name);
    free(s);
}

static bool live_waits(const cap_source_t *s)
{
    (void)s;
    return true;
}

static const cap_source_ops_t live_ops = {live_read,    live_batch, live_stats, live_name,
                                          live_comment, live_waits, live_close};

/* Nothing is let into the ring before it is known what is wanted. */
static bool refuse_all(pcap_t *p)
{
    struct bpf_insn none = {BPF_RET | BPF_K, 0, 0, 0};
    struct bpf_program program = {1, &none};
    return pcap_setfilter(p, &program) == 0;
}

static bool set_up(pcap_t *p, const cap_live_options_t *o)
{
    int snaplen =
        o->snaplen > 0 && o->snaplen < CAP_PACKET_MAX ? (int)o->snaplen : (int)CAP_PACKET_MAX;
    int buffer = o->buffer > 0 && o->buffer <= INT32_MAX ? (int)o->buffer : BUFFER_DEFAULT;
    /* libpcap's immediate mode gives each packet, however short, the room of the longest, so that
     * 16 MiB hold 256 packets. Without it they lie close together, and come a little later.
     * Nanoseconds are a wish. */
    (void)pcap_set_tstamp_precision(p, PCAP_TSTAMP_PRECISION_NANO);
    return pcap_set_snaplen(p, snaplen) == 0 && pcap_set_promisc(p, 0) == 0 &&
           pcap_set_immediate_mode(p, o->immediate) == 0 &&
           pcap_set_timeout(p, CAP_LIVE_LAG_MS) == 0 && pcap_set_buffer_size(p, buffer) == 0;
}

static cap_live_result_t activate(live_t *s, const cap_live_options_t *o, char *error)
{
    char text[PCAP_ERRBUF_SIZE] = "";
    int rc = set_up(s->pcap, o) ? pcap_activate(s->pcap) : PCAP_ERROR;
    if (rc == PCAP_ERROR_PERM_DENIED) {
        snprintf(error, CAP_ERROR_MAX,
                 "%.60s: capturing needs CAP_NET_RAW: run it as root, or once: sudo setcap "
                 "cap_net_raw+ep $(command -v nsprobe)",
                 o->interface);
        return CAP_LIVE_PRIVILEGE;
    }
    if (rc < 0) {
        const char *more = rc == PCAP_ERROR ? pcap_geterr(s->pcap) : pcap_statustostr(rc);
        snprintf(error, CAP_ERROR_MAX, "%.60s: %.300s", o->interface, more);
        return CAP_LIVE_FAILED;
    }
    if (!refuse_all(s->pcap) || pcap_setnonblock(s->pcap, 1, text) != 0) {
        snprintf(error, CAP_ERROR_MAX, "%.60s: %.300s", o->interface,
                 text[0] != '\0' ? text : pcap_geterr(s->pcap));
        return CAP_LIVE_FAILED;
    }
    s->nanos = pcap_get_tstamp_precision(s->pcap) == PCAP_TSTAMP_PRECISION_NANO;
    s->fd = pcap_get_selectable_fd(s->pcap);
    int link = pcap_datalink(s->pcap);
    s->link = link == DLT_RAW ? CAP_LINK_RAW : (uint32_t)link;
    return CAP_LIVE_OK;
}

cap_live_result_t cap_source_live(const cap_live_options_t *options, cap_source_t **out,
                                  char error[CAP_ERROR_MAX])
{
    char text[PCAP_ERRBUF_SIZE] = "";
    live_t *s = calloc(1, sizeof *s);
    if (s != NULL) {
        s->base.ops = &live_ops;
        s->wait = options->wait;
        s->name = strdup(options->interface);
        s->pcap = pcap_create(options->interface, text);
    }
    if (s == NULL || s->name == NULL || s->pcap == NULL) {
        snprintf(error, CAP_ERROR_MAX, "%.60s: %.300s", options->interface,
                 text[0] != '\0' ? text : "out of memory");
        if (s != NULL)
            live_close(&s->base);
        return CAP_LIVE_FAILED;
    }
    cap_live_result_t result = activate(s, options, error);
    if (result == CAP_LIVE_OK)
        *out = &s->base;
    else
        live_close(&s->base);
    return result;
}

bool cap_source_live_filter(cap_source_t *source, const char *text, char error[CAP_ERROR_MAX])
{
    live_t *s = (live_t *)source;
    struct bpf_program program;
    bool ok = pcap_compile(s->pcap, &program, text, 1, PCAP_NETMASK_UNKNOWN) == 0;
    if (ok) {
        ok = pcap_setfilter(s->pcap, &program) == 0;
        pcap_freecode(&program);
    }
    if (!ok)
        snprintf(error, CAP_ERROR_MAX, "filter '%.120s': %.300s", text, pcap_geterr(s->pcap));
    return ok;
}

uint32_t cap_source_live_link(const cap_source_t *source)
{
    return ((const live_t *)source)->link;
}
