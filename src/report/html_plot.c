/* Reply times: a dot for each answered question, on a scale of powers of ten; and as a table. */
#include <math.h>
#include <stdlib.h>

#include "report/html.h"
#include "report/number_text.h"

#define LEFT  300
#define RIGHT 880
#define WIDTH 900
#define ROW   HTML_SCALE_ROW
#define TOP   HTML_SCALE_TOP
#define LOW   (-4.0) /* 0.1 ms */
#define HIGH  1.0    /* 10 s */
#define DOTS  200    /* of one address */

typedef struct times {
    size_t count;
    size_t all;
    int64_t ns[DOTS];
} times_t;

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void gather(const html_t *h, const addr_t *a, times_t *t)
{
    t->count = t->all = 0;
    for (uint32_t i = 0; i < h->set->count; i++) {
        const exchange_t *x = h->set->item[i];
        outcome_t o;
        if (x->transport != TRANSPORT_UDP || !addr_equal(&x->server, a))
            continue;
        outcome_of(x, &o, NULL);
        if (o.rtt < 0)
            continue;
        t->all++;
        if (t->count < DOTS)
            t->ns[t->count++] = o.rtt;
    }
    qsort(t->ns, t->count, sizeof t->ns[0], by_time);
}

double html_scale_place(int64_t ns)
{
    double exponent = log10(ns > 0 ? (double)ns / 1e9 : 1e-9);
    exponent = exponent < LOW ? LOW : exponent > HIGH ? HIGH : exponent;
    return LEFT + (exponent - LOW) / (HIGH - LOW) * (RIGHT - LEFT);
}

static void ticks(const html_t *h, unsigned height)
{
    static const struct {
        int64_t ns;
        const char *text;
    } tick[] = {{100000, "0.1 ms"},    {1000000, "1 ms"},   {10000000, "10 ms"},
                {100000000, "100 ms"}, {1000000000, "1 s"}, {INT64_C(10000000000), "10 s"}};
    for (size_t i = 0; i < sizeof tick / sizeof tick[0]; i++) {
        double x = html_scale_place(tick[i].ns);
        html_rawf(h,
                  "<line x1=\"%.0f\" y1=\"%u\" x2=\"%.0f\" y2=\"%u\"/><text class=\"t-dim\" "
                  "text-anchor=\"middle\" x=\"%.0f\" y=\"14\">%s</text>\n",
                  x, TOP - 10, x, height - 6, x, tick[i].text);
    }
}

void html_scale(const html_t *h, size_t rows, const char *title, const char *desc)
{
    unsigned height = TOP + (unsigned)rows * ROW + 10;
    html_picture(h, "Plot of reply times");
    html_rawf(h,
              "<svg role=\"img\" aria-labelledby=\"%spt %spd\" viewBox=\"0 0 %u %u\" width=\"%u\" "
              "height=\"%u\"><title id=\"%spt\">%s</title><desc id=\"%spd\">%s</desc>\n",
              h->id, h->id, WIDTH, height, WIDTH, height, h->id, title, h->id, desc);
    ticks(h, height);
}

static void plot_row(const html_t *h, const addr_t *a, unsigned y, times_t *t)
{
    char addr[ADDR_TEXT_MAX];
    char text[NUMBER_TEXT_MAX];
    gather(h, a, t);
    html_rawf(h, "<text x=\"0\" y=\"%u\">", y + 5);
    html_text(h, addr_port_text(a, addr));
    html_raw(h, t->count == 0 ? " (no answer)</text>\n" : "</text>\n");
    for (size_t i = 0; i < t->count; i++)
        html_rawf(h,
                  "<circle cx=\"%.1f\" cy=\"%u\" r=\"3\" fill-opacity=\"0.6\"><title>%s</title>"
                  "</circle>",
                  html_scale_place(t->ns[i]), y, duration_text(t->ns[i], text));
    if (t->count > 0) {
        int64_t median = t->ns[t->count / 2];
        html_rawf(h,
                  "<line class=\"mark\" x1=\"%.1f\" y1=\"%u\" x2=\"%.1f\" y2=\"%u\"><title>"
                  "median %s</title></line>\n",
                  html_scale_place(median), y - 9, html_scale_place(median), y + 9,
                  duration_text(median, text));
    }
}

static void table_row(const html_t *h, const addr_t *a, times_t *t)
{
    char addr[ADDR_TEXT_MAX];
    char text[NUMBER_TEXT_MAX];
    gather(h, a, t);
    html_raw(h, "<tr><th scope=\"row\">");
    html_text(h, addr_port_text(a, addr));
    html_rawf(h, "</th><td class=\"num\">%zu</td>", t->all);
    for (unsigned k = 0; k < 3; k++) {
        size_t at = k == 0 ? 0 : k == 1 ? t->count / 2 : t->count - 1;
        html_rawf(h, "<td class=\"num\">%s</td>",
                  duration_text(t->count > 0 ? t->ns[at] : -1, text));
    }
    html_raw(h, "</tr>\n");
}

void html_plot(const html_t *h, const addr_t *addr, size_t count)
{
    times_t *t = malloc(sizeof *t);
    html_section(h, "times", "Reply times");
    if (t == NULL || count == 0) {
        html_raw(h, "<p>There is none.</p></section>\n");
        free(t);
        return;
    }
    html_scale(h, count, "Reply times over UDP",
               "One row for each address, a dot for each answer, a stroke at the median; the table "
               "below has the numbers.");
    for (size_t i = 0; i < count; i++)
        plot_row(h, &addr[i], TOP + (unsigned)i * ROW + ROW / 2, t);
    html_picture_end(h);
    html_raw(h, "<details><summary>The same as a table</summary><div class=\"wide\" tabindex=\"0\" "
                "role=\"region\" aria-label=\"Table of reply times\"><table><caption>Reply "
                "times over UDP</caption><thead><tr><th scope=\"col\">address</th><th "
                "scope=\"col\">answers</th><th scope=\"col\">least</th><th scope=\"col\">median"
                "</th><th scope=\"col\">most</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < count; i++)
        table_row(h, &addr[i], t);
    html_raw(h, "</tbody></table></div></details></section>\n");
    free(t);
}
