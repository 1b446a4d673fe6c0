#include "report/live_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/noun.h"

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

/* One line, of which as much is shown as the screen is wide: a line that wraps would be two. */
typedef struct line {
    char text[200];
    size_t length;
} line_t;

static void add(line_t *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(line_t *l, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(l->text + l->length, sizeof l->text - l->length, format, args);
    va_end(args);
    if (n > 0)
        l->length += (size_t)n;
    if (l->length >= sizeof l->text)
        l->length = sizeof l->text - 1;
}

/* Not into the last column, behind which some terminals take that column away with \033[K. */
static void put(FILE *out, const line_t *l, size_t columns, const char *colour, const char *plain)
{
    int shown = (int)(columns > 1 && columns - 1 < l->length ? columns - 1 : l->length);
    fprintf(out, "%s%.*s%s\033[K\n", colour, shown, l->text, colour[0] != '\0' ? plain : "");
}

static void add_time(line_t *line, const latency_t *l, double share)
{
    int64_t ns = latency_percentile(l, share);
    if (ns < 0)
        add(line, " %8s", "-");
    else
        add(line, " %5.*f ms", ns < INT64_C(100000000) ? 1 : 0, (double)ns / 1e6);
}

static void put_server(FILE *out, const live_server_t *s, const text_style_t *style, size_t columns)
{
    char addr[ADDR_TEXT_MAX];
    line_t line = {.length = 0};
    const char *colour = s->unanswered == 0 ? ""
                         : s->answered == 0 ? text_colour(style, SEVERITY_ERROR)
                                            : text_colour(style, SEVERITY_WARNING);
    add(&line, "%-30.39s %9" PRIu64 " %9" PRIu64 " %9" PRIu64,
        s->addr.family != 0 ? addr_port_text(&s->addr, addr) : "all other servers", s->queries,
        s->answered, s->unanswered);
    add_time(&line, &s->latency, 0.5);
    add_time(&line, &s->latency, 0.99);
    put(out, &line, columns, colour, text_plain(style));
}

static size_t put_heading(FILE *out, const live_heading_t *h, size_t columns)
{
    line_t line = {.length = 0};
    line_t names = {.length = 0};
    add(&line, "%.30s  %" PRId64 " s, %" PRIu64 " %s", h->interface, h->seconds, h->packets,
        noun(h->packets, "packet", "packets"));
    if (h->waiting > 0)
        add(&line, ", %" PRIu64 " waiting", h->waiting);
    if (h->dropped + h->if_dropped > 0)
        add(&line, ", %" PRIu64 " dropped (%" PRIu64 " by the interface)",
            h->dropped + h->if_dropped, h->if_dropped);
    put(out, &line, columns, "", "");
    add(&names, "%-30s %9s %9s %9s %8s %8s", "SERVER", "QUERIES", "ANSWERED", "NO ANSWER", "P50",
        "P99");
    put(out, &names, columns, "", "");
    return 2;
}

void live_table_print(FILE *out, live_table_t *t, const live_heading_t *h,
                      const text_style_t *style, size_t rows, size_t columns)
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
    size_t lines = put_heading(out, h, columns);
    for (size_t i = 0; i < n && (lines + 1 < rows || i == 0); i++, lines++)
        put_server(out, order[i], style, columns);
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
