/* The page of check. */
#include <stdlib.h>

#include "report/check_html.h"
#include "report/html.h"
#include "report/number_text.h"

/* A picture of so many addresses stands before the findings, a taller one behind them. */
#define GRAPH_FIRST_MAX 16

static bool plot(const html_t *h)
{
    const model_t *m = h->model;
    addr_t *addr = calloc(m->address_count > 0 ? m->address_count : 1, sizeof *addr);
    if (addr == NULL)
        return false;
    for (uint16_t i = 0; i < m->address_count; i++)
        addr[i] = m->address[i].addr;
    html_plot(h, addr, m->address_count);
    free(addr);
    return true;
}

bool html_check(const html_t *h)
{
    bool small = h->model->address_count <= GRAPH_FIRST_MAX;
    if (small)
        html_graph(h);
    html_findings(h);
    if (!small)
        html_graph(h);
    html_matrix(h);
    bool good = plot(h);
    html_exchanges(h);
    return good;
}

static void verdict(const html_t *h, const check_report_t *r)
{
    static const html_link_t links[] = {{"delegation", "Delegation"},
                                        {"findings", "Findings"},
                                        {"matrix", "Tests"},
                                        {"times", "Reply times"},
                                        {"exchanges", "Exchanges"}};
    const finding_counts_t n = finding_count(r->findings);
    char began[NUMBER_TEXT_MAX];
    char counts[COUNTS_TEXT_MAX];
    char word[120];
    char line[200];
    int worst = finding_list_worst(r->findings);
    const char *cls = r->untested                    ? "untested"
                      : worst < (int)SEVERITY_NOTICE ? "good"
                                                     : severity_name((severity_t)worst);
    snprintf(word, sizeof word, "%s%s", check_verdict_words(r),
             r->interrupted ? ", so far: the run was interrupted" : "");
    snprintf(line, sizeof line, "%s; began %s", finding_counts_text(&n, r->set->count, counts),
             time_text(r->set->began_wall, began));
    html_summary(h, cls, word, line, links, sizeof links / sizeof links[0]);
}

bool check_report_html(FILE *out, const check_report_t *r)
{
    char zone[NSP_NAME_TEXT_MAX];
    unsigned room = HTML_EXCHANGES_MAX;
    html_t h = {
        .out = out, .id = "", .of = "", .set = r->set, .findings = r->findings, .model = r->model};
    bool good = html_begin(&h, &room);
    if (good) {
        nsp_name_to_text(r->model->zone_found ? &r->model->zone : &r->model->domain, zone,
                         sizeof zone);
        html_head(&h, "check", zone);
        verdict(&h, r);
        good = html_check(&h);
        html_foot(&h);
    }
    html_end(&h);
    return good;
}
