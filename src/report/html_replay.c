/* The page of replay: what was read, findings, servers, reply times, and each run of check. */
#include <inttypes.h>

#include "report/html.h"
#include "report/number_text.h"
#include "report/replay_report.h"

#define PREFIX_MAX 24

static void summary(const html_t *h, const replay_report_t *r)
{
    static const html_link_t links[] = {{"packets", "Packets"},     {"findings", "Findings"},
                                        {"matrix", "Servers"},      {"times", "Reply times"},
                                        {"exchanges", "Exchanges"}, {"runs", "Runs of check"}};
    const bool runs = r->runs != NULL && runs_count(r->runs) > 0;
    finding_counts_t n;
    char word[120];
    char counts[COUNTS_TEXT_MAX];
    const int worst = replay_report_worst(r);
    const char *cls = replay_report_untested(r)      ? "untested"
                      : worst < (int)SEVERITY_NOTICE ? "good"
                                                     : severity_name((severity_t)worst);
    snprintf(word, sizeof word, "%s%s", replay_report_verdict(r, &n),
             r->broken || r->interrupted ? ", so far: not everything could be read" : "");
    html_summary(h, cls, word, finding_counts_text(&n, r->exchanges, counts), links,
                 sizeof links / sizeof links[0] - !runs);
}

static void pair(const html_t *h, const char *term, uint64_t count)
{
    html_rawf(h, "<dt>");
    html_text(h, term);
    html_rawf(h, "</dt><dd>%" PRIu64 "</dd>", count);
}

static void packets(const html_t *h, const replay_report_t *r)
{
    char text[NUMBER_TEXT_MAX];
    html_section(h, "packets", "Packets");
    html_raw(h, "<dl>");
    for (size_t i = 0; i < r->source_count; i++) {
        html_raw(h, "<dt>file</dt><dd>");
        html_text(h, r->sources[i]);
        html_raw(h, "</dd>");
    }
    if (r->packets > 0) {
        html_rawf(h, "<dt>from</dt><dd>%s</dd>", time_text(r->first, text));
        html_rawf(h, "<dt>to</dt><dd>%s</dd>", time_text(r->last, text));
    }
    pair(h, "packets", r->packets);
    pair(h, "queries", r->queries);
    pair(h, "replies", r->replies);
    pair(h, "exchanges left out by filters", r->filtered);
    for (size_t i = 0; i < r->note_count; i++)
        if (r->notes[i].count > 0)
            pair(h, r->notes[i].text, r->notes[i].count);
    html_raw(h, "</dl></section>\n");
}

/* How an address fares, in traffic and in every run. */
static const char *server_verdict(const replay_report_t *r, const addr_t *a)
{
    int worst = html_worst(r->findings, a);
    for (size_t i = 0; r->runs != NULL && i < runs_count(r->runs); i++) {
        int of_run = html_worst(&runs_item(r->runs, i)->findings, a);
        worst = of_run > worst ? of_run : worst;
    }
    return worst >= (int)SEVERITY_NOTICE ? severity_name((severity_t)worst) : "good";
}

static void server_row(const html_t *h, const replay_report_t *r, const traffic_server_t *s)
{
    char addr[ADDR_TEXT_MAX];
    replay_cell_t cell[REPLAY_CELLS];
    const char *verdict = server_verdict(r, &s->addr);
    replay_report_cells(&s->n, cell);
    html_raw(h, "<tr><th scope=\"row\">");
    html_text(h, addr_port_text(&s->addr, addr));
    html_rawf(h, "</th><td class=\"%s\">%s (%s)</td>", verdict, verdict, html_sign(verdict));
    for (size_t i = 0; i < REPLAY_CELLS; i++)
        html_rawf(h, "<td class=\"num\">%" PRIu64 "</td>", cell[i].count);
    html_raw(h, "</tr>\n");
}

static void servers(const html_t *h, const replay_report_t *r)
{
    const size_t shown = replay_report_shown(r);
    const size_t all = traffic_server_count(r->traffic);
    const traffic_counts_t none = {0};
    replay_cell_t cell[REPLAY_CELLS];
    replay_report_cells(&none, cell);
    html_section(h, "matrix", "Servers");
    html_raw(h, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Servers\"><table>"
                "<caption>What each address was asked, and what came of it; those in most trouble "
                "first</caption><thead><tr><th scope=\"col\">address</th><th scope=\"col\">verdict"
                "</th>");
    for (size_t i = 0; i < REPLAY_CELLS; i++)
        html_rawf(h, "<th scope=\"col\" title=\"%s\">%s</th>", cell[i].title, cell[i].name);
    html_raw(h, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < shown; i++)
        server_row(h, r, traffic_server(r->traffic, i));
    html_raw(h, "</tbody></table></div>\n");
    if (shown < all)
        html_rawf(h, "<p>and %zu in less trouble; --top 0 shows all.</p>\n", all - shown);
    html_raw(h, "<p class=\"dim\">");
    for (size_t i = 0; i < REPLAY_CELLS; i++)
        html_rawf(h, "%s%s: %s", i > 0 ? "; " : "", cell[i].name, cell[i].title);
    html_raw(h, ".</p></section>\n");
}

static const struct {
    double share;
    const char *name;
} percentile[] = {
    {0, "least"}, {0.5, "median"}, {0.9, "90 percent"}, {0.99, "99 percent"}, {1, "most"}};
#define PERCENTILES (sizeof percentile / sizeof percentile[0])

static int64_t time_at(const latency_t *l, size_t i)
{
    return l->count == 0              ? -1
           : percentile[i].share <= 0 ? l->min
           : percentile[i].share >= 1 ? l->max
                                      : latency_percentile(l, percentile[i].share);
}

/* A line from the least to the most, dots at the percentiles, a stroke at the median. */
static void time_row(const html_t *h, const traffic_server_t *s, unsigned y)
{
    char addr[ADDR_TEXT_MAX];
    char text[NUMBER_TEXT_MAX];
    const latency_t *l = &s->latency;
    html_rawf(h, "<text x=\"0\" y=\"%u\">", y + 5);
    html_text(h, addr_port_text(&s->addr, addr));
    html_raw(h, l->count == 0 ? " (no answer)</text>\n" : "</text>\n");
    if (l->count == 0)
        return;
    html_rawf(h, "<line class=\"s-notice\" x1=\"%.1f\" y1=\"%u\" x2=\"%.1f\" y2=\"%u\"/>",
              html_scale_place(l->min), y, html_scale_place(l->max), y);
    for (size_t i = 0; i < PERCENTILES; i++)
        html_rawf(h, "<circle cx=\"%.1f\" cy=\"%u\" r=\"3\"><title>%s %s</title></circle>",
                  html_scale_place(time_at(l, i)), y, percentile[i].name,
                  duration_text(time_at(l, i), text));
    double median = html_scale_place(time_at(l, 1));
    html_rawf(h, "<line class=\"mark\" x1=\"%.1f\" y1=\"%u\" x2=\"%.1f\" y2=\"%u\"/>\n", median,
              y - 9, median, y + 9);
}

static void time_table_row(const html_t *h, const traffic_server_t *s)
{
    char addr[ADDR_TEXT_MAX];
    char text[NUMBER_TEXT_MAX];
    html_raw(h, "<tr><th scope=\"row\">");
    html_text(h, addr_port_text(&s->addr, addr));
    html_rawf(h, "</th><td class=\"num\">%" PRIu64 "</td>", s->latency.count);
    for (size_t i = 0; i < PERCENTILES; i++)
        html_rawf(h, "<td class=\"num\">%s</td>", duration_text(time_at(&s->latency, i), text));
    html_raw(h, "</tr>\n");
}

static void times(const html_t *h, const replay_report_t *r)
{
    const size_t shown = replay_report_shown(r);
    html_section(h, "times", "Reply times");
    if (shown == 0) {
        html_raw(h, "<p>There is none.</p></section>\n");
        return;
    }
    html_scale(h, shown, "Reply times",
               "One row for each address: a line from the least to the most, a stroke at the "
               "median, dots at percentiles; the table below has the numbers.");
    for (size_t i = 0; i < shown; i++)
        time_row(h, traffic_server(r->traffic, i),
                 HTML_SCALE_TOP + (unsigned)i * HTML_SCALE_ROW + HTML_SCALE_ROW / 2);
    html_picture_end(h);
    html_raw(h, "<details><summary>The same as a table</summary><div class=\"wide\" tabindex=\"0\" "
                "role=\"region\" aria-label=\"Table of reply times\"><table><caption>Reply "
                "times</caption><thead><tr><th scope=\"col\">address</th><th scope=\"col\">answers"
                "</th>");
    for (size_t i = 0; i < PERCENTILES; i++)
        html_rawf(h, "<th scope=\"col\">%s</th>", percentile[i].name);
    html_raw(h, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < shown; i++)
        time_table_row(h, traffic_server(r->traffic, i));
    html_raw(h, "</tbody></table></div></details></section>\n");
}

static bool run_parts(const html_t *page, const found_run_t *run, size_t number, unsigned *room)
{
    char id[PREFIX_MAX];
    char of[NSP_NAME_TEXT_MAX + 40];
    char zone[NSP_NAME_TEXT_MAX];
    const model_t *m = run->model;
    nsp_name_to_text(m->zone_found ? &m->zone : &m->domain, zone, sizeof zone);
    snprintf(id, sizeof id, "r%zu-", number);
    snprintf(of, sizeof of, " of the check of %s%s", zone, run->cut ? ", which was cut" : "");
    html_t h = {.out = page->out,
                .id = id,
                .of = of,
                .set = &run->set,
                .findings = &run->findings,
                .model = m};
    bool good = html_begin(&h, room) && html_check(&h);
    html_end(&h);
    return good;
}

static bool runs(const html_t *h, const replay_report_t *r, unsigned *room)
{
    bool good = true;
    const size_t n = r->runs != NULL ? runs_count(r->runs) : 0;
    if (n == 0)
        return true;
    html_section(h, "runs", "Runs of nsprobe check");
    html_rawf(h,
              "<p>%zu %s recognised among the packets; each is shown as check itself shows it."
              "</p></section>\n",
              n, n == 1 ? "was" : "were");
    for (size_t i = 0; i < n; i++)
        good = run_parts(h, runs_item(r->runs, i), i + 1, room) && good;
    return good;
}

bool replay_report_html(FILE *out, const replay_report_t *r)
{
    unsigned room = HTML_EXCHANGES_MAX;
    char subject[300];
    html_t h = {.out = out, .id = "", .of = "", .set = r->set, .findings = r->findings};
    bool good = html_begin(&h, &room);
    if (good) {
        snprintf(subject, sizeof subject, "%.200s%s", r->source_count > 0 ? r->sources[0] : "",
                 r->source_count > 1 ? " and others" : "");
        html_head(&h, "replay", subject[0] != '\0' ? subject : "packets");
        summary(&h, r);
        packets(&h, r);
        html_findings(&h);
        servers(&h, r);
        times(&h, r);
        html_exchanges(&h);
        good = runs(&h, r, &room);
        html_foot(&h);
    }
    html_end(&h);
    return good;
}
