#include "report/live_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool live_table_init(live_table_t *t)
{
    memset(t, 0, sizeof *t);
    t->server = calloc(LIVE_SERVERS_MAX + 1, sizeof *t->server);
    return t->server != NULL;
}

void live_table_free(live_table_t *t)
{
    free(t->server);
    t->server = NULL;
}

/* The busy move towards the front, where they are found at once. */
static live_server_t *find(live_table_t *t, const addr_t *addr)
{
    size_t i = 0;
    while (i < t->count && !addr_equal(&t->server[i].addr, addr))
        i++;
    if (i == LIVE_SERVERS_MAX)
        return &t->server[LIVE_SERVERS_MAX];
    if (i == t->count) {
        t->server[i].addr = *addr;
        t->count++;
    }
    if (i > 0 && t->server[i].queries > 2 * t->server[i - 1].queries) {
        live_server_t keep = t->server[i];
        t->server[i] = t->server[i - 1];
        t->server[--i] = keep;
    }
    return &t->server[i];
}

void live_table_add(void *user, const flow_t *flow)
{
    const unsigned uncounted = FLOW_NO_QUERY | FLOW_PENDING | FLOW_EVICTED | FLOW_DUPLICATE;
    bool answered = (flow->notes & FLOW_ANSWERED) != 0;
    if ((flow->notes & (answered ? FLOW_NO_QUERY | FLOW_DUPLICATE : uncounted)) != 0)
        return;
    live_server_t *s = find(user, &flow->server);
    s->queries++;
    s->answered += answered;
    s->unanswered += !answered;
    if (answered && (flow->notes & FLOW_REPLY_FIRST) == 0)
        latency_add(&s->latency, flow->reply.at - flow->asked);
}

/* Most without an answer first, then most asked, then by address: a table that stays still. */
static int by_trouble(const void *a, const void *b)
{
    const live_server_t *x = *(const live_server_t *const *)a;
    const live_server_t *y = *(const live_server_t *const *)b;
    if (x->unanswered != y->unanswered)
        return x->unanswered > y->unanswered ? -1 : 1;
    if (x->queries != y->queries)
        return x->queries > y->queries ? -1 : 1;
    return addr_compare(&x->addr, &y->addr);
}

static void put_time(FILE *out, const latency_t *l, double share)
{
    int64_t ns = latency_percentile(l, share);
    if (ns < 0)
        fprintf(out, " %8s", "-");
    else
        fprintf(out, " %5.*f ms", ns < INT64_C(100000000) ? 1 : 0, (double)ns / 1e6);
}

static void put_server(FILE *out, const live_server_t *s, const text_style_t *style)
{
    char addr[ADDR_TEXT_MAX];
    const char *colour = s->unanswered == 0 ? ""
                         : s->answered == 0 ? text_colour(style, SEVERITY_ERROR)
                                            : text_colour(style, SEVERITY_WARNING);
    fprintf(out, "%s%-30.39s %9" PRIu64 " %9" PRIu64 " %9" PRIu64, colour,
            s->addr.family != 0 ? addr_port_text(&s->addr, addr) : "all other servers", s->queries,
            s->answered, s->unanswered);
    put_time(out, &s->latency, 0.5);
    put_time(out, &s->latency, 0.99);
    fprintf(out, "%s\033[K\n", colour[0] != '\0' ? text_plain(style) : "");
}

static size_t put_heading(FILE *out, const live_heading_t *h)
{
    fprintf(out, "%.30s  %" PRId64 " s, %" PRIu64 " packets", h->interface, h->seconds, h->packets);
    if (h->waiting > 0)
        fprintf(out, ", %" PRIu64 " waiting", h->waiting);
    if (h->dropped + h->if_dropped > 0)
        fprintf(out, ", %" PRIu64 " dropped (%" PRIu64 " by the interface)",
                h->dropped + h->if_dropped, h->if_dropped);
    fputs("\033[K\n", out);
    fprintf(out, "%-30s %9s %9s %9s %8s %8s\033[K\n", "SERVER", "QUERIES", "ANSWERED", "NO ANSWER",
            "P50", "P99");
    return 2;
}

void live_table_print(FILE *out, live_table_t *t, const live_heading_t *h,
                      const text_style_t *style, size_t rows)
{
    const live_server_t *order[LIVE_SERVERS_MAX + 1] = {NULL};
    size_t n = 0;
    for (size_t i = 0; i < t->count; i++)
        order[n++] = &t->server[i];
    qsort(order, n, sizeof(const live_server_t *), by_trouble);
    if (t->server[LIVE_SERVERS_MAX].queries > 0)
        order[n++] = &t->server[LIVE_SERVERS_MAX];
    if (t->lines > 0)
        fprintf(out, "\033[%zuA\r", t->lines);
    size_t lines = put_heading(out, h);
    for (size_t i = 0; i < n && (lines + 1 < rows || i == 0); i++, lines++)
        put_server(out, order[i], style);
    fputs("\033[J", out);
    t->lines = lines;
    fflush(out);
}

void live_table_erase(FILE *out, live_table_t *t)
{
    if (t->lines > 0)
        fprintf(out, "\033[%zuA\r\033[J", t->lines);
    t->lines = 0;
}
