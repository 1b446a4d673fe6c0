#include "diagnose/way.h"

#include <stdio.h>

#include "exchange/icmp.h"
#include "proto/nsproto.h"

/* Octets of the label: prefix, two digits of hops, a hyphen, eight random digits. */
#define PREFIX_SIZE (sizeof WAY_PREFIX - 1)
#define LABEL_SIZE  (PREFIX_SIZE + 2 + 1 + 8)

bool way_is_exceeded(const event_t *e)
{
    return e->kind == EVENT_ICMP && e->icmp_type == (e->peer.family == 6 ? 3 : 11);
}

/* What tells more: the server's reply, what else came from it, an error that ends the way, a
 * report. */
static unsigned weight(const event_t *e)
{
    if (e == NULL)
        return 0;
    switch (e->kind) {
    case EVENT_REPLY:
        return 4;
    case EVENT_TCP_OPEN:
    case EVENT_TCP_REFUSED:
        return 3;
    case EVENT_ICMP:
        return way_is_exceeded(e) ? 1 : 2;
    default:
        return 0;
    }
}

const event_t *way_event(const exchange_t *x)
{
    const event_t *best = NULL;
    for (uint32_t i = 0; i < x->event_count; i++)
        if (weight(&x->event[i]) > weight(best))
            best = &x->event[i];
    return best;
}

/* The number becomes hop, if that is less and not none. */
static void take_first(unsigned *number, unsigned hop)
{
    if (*number == 0 || hop < *number)
        *number = hop;
}

void way_add(way_t *w, unsigned hops, const exchange_t *x)
{
    if (hops == 0 || hops > WAY_HOPS_MAX)
        return;
    way_hop_t *h = &w->hop[hops - 1];
    const event_t *e = way_event(x);
    if (hops > w->asked)
        w->asked = hops;
    if (h->x == NULL || weight(e) > weight(h->e))
        *h = (way_hop_t){x, e};
    if (e == NULL)
        return;
    if (e->kind == EVENT_REPLY)
        take_first(&w->answered, hops);
    else if (e->kind != EVENT_ICMP)
        take_first(&w->reached, hops);
    else if (way_is_exceeded(e))
        w->heard = hops > w->heard ? hops : w->heard;
    else
        take_first(&w->stop, hops);
}

unsigned way_shown(const way_t *w)
{
    if (w->answered != 0)
        return w->answered;
    if (w->reached != 0)
        return w->reached;
    if (w->stop != 0)
        return w->stop;
    return w->heard < w->asked ? w->heard + 1 : w->heard;
}

const addr_t *way_last(const way_t *w)
{
    /* another query for the same hop may have ended otherwise */
    for (unsigned hop = w->heard; hop > 0; hop--)
        if (w->hop[hop - 1].e != NULL && way_is_exceeded(w->hop[hop - 1].e))
            return &w->hop[hop - 1].e->peer;
    return NULL;
}

const event_t *way_stop(const way_t *w)
{
    return w->stop != 0 ? w->hop[w->stop - 1].e : NULL;
}

/* Who reported that the hops were used up, or NULL. */
static const addr_t *router_at(const way_t *w, unsigned hop)
{
    const event_t *e = w->hop[hop - 1].e;
    return e != NULL && way_is_exceeded(e) ? &e->peer : NULL;
}

unsigned way_stop_router(const way_t *w)
{
    const event_t *e = way_stop(w);
    for (unsigned hop = 1; e != NULL && hop < w->stop; hop++) {
        const addr_t *at = router_at(w, hop);
        if (at != NULL && addr_same_host(at, &e->peer))
            return hop;
    }
    return 0;
}

unsigned way_loop(const way_t *w, unsigned *first)
{
    for (unsigned hop = 3; hop <= w->heard; hop++) {
        const addr_t *at = router_at(w, hop);
        for (unsigned k = 1; at != NULL && k + 1 < hop; k++) {
            const addr_t *before = router_at(w, k);
            const addr_t *between = router_at(w, k + 1);
            if (before == NULL || between == NULL || !addr_same_host(before, at) ||
                addr_same_host(between, at))
                continue;
            *first = k;
            return hop;
        }
    }
    return 0;
}

static bool ends_in_silence(const way_t *w)
{
    return w->asked != 0 && w->stop == 0 && w->answered == 0;
}

bool way_ends_alike(const way_t *a, const way_t *b)
{
    const addr_t *one = way_last(a);
    const addr_t *two = way_last(b);
    if (!ends_in_silence(a) || !ends_in_silence(b) || a->heard != b->heard)
        return false;
    return one == NULL || two == NULL ? one == two : addr_same_host(one, two);
}

static void stop_text(const way_t *w, const addr_t *server, char buf[WAY_TEXT_MAX])
{
    char peer[ADDR_TEXT_MAX];
    const event_t *e = way_stop(w);
    const unsigned router = way_stop_router(w);
    const char *what = icmp_text(server->family, e->icmp_type, e->icmp_code);
    addr_text(&e->peer, peer);
    /* a router reports under its own number, and rejects what would go on */
    if (router != 0)
        snprintf(buf, WAY_TEXT_MAX, " The path ends at hop %u: %s says there \"%s\" (ICMP).",
                 router, peer, what);
    else
        snprintf(buf, WAY_TEXT_MAX, " The path ends between hops %u and %u: %s says \"%s\" (ICMP).",
                 w->stop - 1, w->stop, peer, what);
}

const char *way_text(const way_t *w, const addr_t *server, char buf[WAY_TEXT_MAX])
{
    char last[ADDR_TEXT_MAX];
    unsigned first = 0;
    unsigned loop = way_loop(w, &first);
    buf[0] = '\0';
    if (w->asked == 0)
        return buf;
    if (way_last(w) != NULL)
        addr_text(way_last(w), last);
    if (w->answered != 0)
        snprintf(buf, WAY_TEXT_MAX, " A later query was answered, from %u hop%s away.", w->answered,
                 w->answered == 1 ? "" : "s");
    else if (loop != 0)
        snprintf(buf, WAY_TEXT_MAX, " Packets go round: hops %u and %u are the same router (%s).",
                 first, loop, addr_text(router_at(w, loop), last));
    else if (w->stop != 0)
        stop_text(w, server, buf);
    else if (w->heard != 0)
        snprintf(buf, WAY_TEXT_MAX,
                 " The path answers as far as hop %u (%s); nothing behind it does.", w->heard,
                 last);
    else
        snprintf(buf, WAY_TEXT_MAX,
                 " No router on the path answers: there is none, or none sends ICMP.");
    return buf;
}

bool way_name(const nsp_name_t *zone, unsigned hops, uint64_t random, nsp_name_t *out)
{
    char text[LABEL_SIZE + 1];
    nsp_name_t label;
    if (hops == 0 || hops > WAY_HOPS_ASKED)
        return false;
    int n = snprintf(text, sizeof text, WAY_PREFIX "%02u-%08lx", hops,
                     (unsigned long)(random & 0xffffffffu));
    return nsp_name_from_text(text, (size_t)n, NULL, &label, NULL) == NSP_OK &&
           nsp_name_join(&label, zone, out) == NSP_OK;
}

unsigned way_hops_of_name(const nsp_name_t *name)
{
    const uint8_t *p = name->octets + 1;
    if (name->octets[0] != LABEL_SIZE || memcmp(p, WAY_PREFIX, PREFIX_SIZE) != 0)
        return 0;
    const uint8_t *d = p + PREFIX_SIZE;
    if (d[0] < '0' || d[0] > '9' || d[1] < '0' || d[1] > '9' || d[2] != '-')
        return 0;
    unsigned hops = (d[0] - '0') * 10u + (d[1] - '0');
    return hops <= WAY_HOPS_ASKED ? hops : 0;
}

unsigned way_hops_of(const exchange_t *x, const nsp_name_t *zone)
{
    nsp_name_t up;
    if (x->transport != TRANSPORT_UDP || x->qtype != NSP_TYPE_A || x->qclass != NSP_CLASS_IN)
        return 0;
    nsp_name_strip(&x->qname, 1, &up);
    return nsp_name_equal(&up, zone) ? way_hops_of_name(&x->qname) : 0;
}

void way_of(const exchange_set_t *set, const addr_t *server, const nsp_name_t *zone, way_t *out)
{
    memset(out, 0, sizeof *out);
    for (uint32_t i = 0; i < set->count; i++)
        if (addr_equal(&set->item[i]->server, server))
            way_add(out, way_hops_of(set->item[i], zone), set->item[i]);
}
