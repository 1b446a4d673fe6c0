/* The page as a whole: head, verdict, findings. */
#include <stdlib.h>
#include <string.h>

#include "report/check_html.h"
#include "report/exchange_text.h"
#include "report/finding_text.h"
#include "report/html.h"
#include "report/number_text.h"

/* A picture of so many addresses stands before the findings, a taller one behind them. */
#define GRAPH_FIRST_MAX 16

const char *html_verdict(const html_t *h, const model_address_t *a)
{
    int worst = -1;
    bool sent = false;
    for (size_t i = 0; i < h->r->findings->count; i++) {
        const finding_t *f = &h->r->findings->item[i];
        if (f->has_addr && addr_equal(&f->addr, &a->addr) && (int)f->severity > worst)
            worst = (int)f->severity;
    }
    for (uint32_t i = 0; i < h->r->set->count && !sent; i++)
        sent = addr_equal(&h->r->set->item[i]->server, &a->addr) &&
               exchange_query(h->r->set->item[i]) != NULL;
    if (worst >= (int)SEVERITY_NOTICE)
        return severity_name((severity_t)worst);
    return sent ? "good" : "untested";
}

const char *html_sign(const char *verdict)
{
    static const char *const signs[][2] = {
        {"error", "x"}, {"warning", "!"}, {"notice", "i"}, {"info", "i"}, {"good", "ok"}};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (strcmp(signs[i][0], verdict) == 0)
            return signs[i][1];
    return "-";
}

static void evidence_links(const html_t *h, const finding_t *f)
{
    if (f->evidence_count == 0)
        return;
    html_raw(h, "<dt>packets</dt><dd>");
    for (uint16_t i = 0; i < f->evidence_count; i++) {
        uint32_t id = f->evidence[i];
        if (id >= 1 && id <= h->r->set->count && h->drawn[id - 1])
            html_rawf(h, "<a href=\"#x%u\">exchange %u</a> ", id, id);
        else
            html_rawf(h, "exchange %u ", id);
    }
    html_raw(h, "</dd>");
}

static void one_pair(const html_t *h, const char *term, const char *text)
{
    html_rawf(h, "<dt>%s</dt><dd>", term);
    html_text(h, text);
    html_raw(h, "</dd>");
}

static void likely_list(const html_t *h, const finding_t *f)
{
    for (uint8_t i = 0; i < f->likely_count; i++) {
        one_pair(h, i == 0 ? "cause" : "or", f->likely[i].cause);
        one_pair(h, "for this", f->likely[i].sign);
    }
    if (f->likely_count == 0)
        one_pair(h, "cause", finding_desc(f->id)->cause);
}

/* A finding's text and facts, without what follows from it. */
static void finding_body(const html_t *h, const finding_t *f)
{
    const finding_desc_t *d = finding_desc(f->id);
    char subject[FINDING_SUBJECT_MAX];
    finding_subject(f, subject, sizeof subject);
    html_raw(h, "<h3>");
    html_textf(h, "%s: %s %s", severity_name(f->severity), d->id, subject);
    html_raw(h, "</h3><p>");
    html_text(h, f->text != NULL ? f->text : d->title);
    html_raw(h, "</p>");
    if (f->because != NULL) {
        html_raw(h, "<p class=\"because\">Follows: ");
        html_text(h, f->because);
        html_raw(h, ".</p>");
    }
    html_raw(h, "<dl>");
    likely_list(h, f);
    one_pair(h, "fix", f->fix != NULL ? f->fix : d->fix);
    one_pair(h, "meaning", d->meaning);
    one_pair(h, "source", d->source);
    evidence_links(h, f);
    html_raw(h, "</dl>\n");
}

static void open_finding(const html_t *h, const finding_t *f)
{
    char addr[ADDR_TEXT_MAX];
    const char *severity = severity_name(f->severity);
    html_rawf(h, "<article class=\"finding %s\" id=\"f%u\" data-id=\"%s\" data-severity=\"%s\"",
              severity, f->number, finding_desc(f->id)->id, severity);
    if (f->has_addr) {
        html_raw(h, " data-address=\"");
        html_text(h, addr_text(&f->addr, addr));
        html_raw(h, "\"");
    }
    html_raw(h, ">");
}

static void following(const html_t *h, const finding_t *root)
{
    const finding_list_t *list = h->r->findings;
    size_t n = findings_following(list, root);
    if (n == 0)
        return;
    html_rawf(h, "<details class=\"more\"><summary>%zu more follow%s from this</summary>\n", n,
              n == 1 ? "s" : "");
    for (size_t i = 0; i < list->count; i++) {
        const finding_t *f = &list->item[i];
        if (f == root || finding_root(list, f) != root)
            continue;
        open_finding(h, f);
        finding_body(h, f);
        html_raw(h, "</article>\n");
    }
    html_raw(h, "</details>");
}

void html_findings(const html_t *h)
{
    const finding_list_t *list = h->r->findings;
    html_raw(h, "<section aria-labelledby=\"findings\"><h2 id=\"findings\">Findings</h2>\n");
    if (list->count == 0)
        html_raw(h, "<p>There is none.</p>\n");
    for (size_t i = 0; i < list->count; i++) {
        const finding_t *f = &list->item[i];
        if (finding_root(list, f) != f)
            continue;
        open_finding(h, f);
        finding_body(h, f);
        following(h, f);
        html_raw(h, "</article>\n");
    }
    html_raw(h, "</section>\n");
}

static void head(const html_t *h, const char *zone)
{
    html_raw(h, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
                "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                "<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
    html_textf(h, "nsprobe check %s", zone);
    html_raw(h, "</title>\n");
    html_style(h);
    html_raw(h, "</head>\n<body><a class=\"skip\" href=\"#findings\">Skip to the findings</a>\n"
                "<header><h1>");
    html_text(h, zone);
    html_raw(h, "</h1>\n");
}

static void verdict(const html_t *h)
{
    const finding_counts_t n = finding_count(h->r->findings);
    char began[NUMBER_TEXT_MAX];
    int worst = finding_list_worst(h->r->findings);
    const char *cls = h->r->untested                 ? "untested"
                      : worst < (int)SEVERITY_NOTICE ? "good"
                                                     : severity_name((severity_t)worst);
    const char *word = h->r->untested                   ? "was not tested: nothing could be sent"
                       : worst == (int)SEVERITY_ERROR   ? "is broken"
                       : worst == (int)SEVERITY_WARNING ? "works, with warnings"
                                                        : "is healthy";
    html_rawf(h, "<p class=\"verdict %s\">%s (%s)%s</p>\n", cls, word, html_sign(cls),
              h->r->interrupted ? ", so far: the run was interrupted" : "");
    html_rawf(h,
              "<p class=\"dim\">%zu errors, %zu warnings, %zu notices; %u exchanges; began %s</p>"
              "</header>\n",
              n.of[SEVERITY_ERROR], n.of[SEVERITY_WARNING], n.of[SEVERITY_NOTICE], h->r->set->count,
              time_text(h->r->set->began_wall, began));
    html_raw(h,
             "<nav aria-label=\"Parts of this page\"><ul><li><a href=\"#delegation\">Delegation</a>"
             "</li><li><a href=\"#findings\">Findings</a></li><li><a href=\"#matrix\">"
             "Tests</a></li><li><a href=\"#times\">Reply times</a></li><li>"
             "<a href=\"#exchanges\">Exchanges</a></li></ul></nav>\n<main id=\"main\">\n");
}

/* Whether an exchange deserves a ladder: it failed in some way, or proves a finding. */
static bool deserves(const html_t *h, const exchange_t *x)
{
    outcome_t o;
    for (size_t i = 0; i < h->r->findings->count; i++) {
        const finding_t *f = &h->r->findings->item[i];
        for (uint16_t k = 0; f->severity >= SEVERITY_WARNING && k < f->evidence_count; k++)
            if (f->evidence[k] == x->id)
                return true;
    }
    outcome_of(x, &o, NULL);
    return (o.kind != OUTCOME_ANSWERED && o.kind != OUTCOME_PENDING &&
            o.kind != OUTCOME_NOT_SENT) ||
           o.lost > 0 || o.late;
}

static void choose(html_t *h)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < h->r->set->count; i++) {
        if (!deserves(h, h->r->set->item[i]))
            continue;
        if (n < HTML_EXCHANGES_MAX)
            h->drawn[i] = true;
        else
            h->left_out++;
        n++;
    }
}

bool check_report_html(FILE *out, const check_report_t *r)
{
    char zone[NSP_NAME_TEXT_MAX];
    html_t h = {.out = out, .r = r};
    h.scratch = malloc(sizeof *h.scratch);
    h.drawn = calloc(r->set->count > 0 ? r->set->count : 1, sizeof *h.drawn);
    bool good = h.scratch != NULL && h.drawn != NULL;
    if (good) {
        choose(&h);
        nsp_name_to_text(r->model->zone_found ? &r->model->zone : &r->model->domain, zone,
                         sizeof zone);
        head(&h, zone);
        verdict(&h);
        bool small = r->model->address_count <= GRAPH_FIRST_MAX;
        if (small)
            html_graph(&h);
        html_findings(&h);
        if (!small)
            html_graph(&h);
        html_matrix(&h);
        html_plot(&h);
        html_exchanges(&h);
        html_raw(&h, "</main>\n<footer class=\"dim\"><p>Made by nsprobe " NSPROBE_VERSION
                     "; this page loads nothing.</p></footer>\n</body></html>\n");
    }
    free(h.drawn);
    free(h.scratch);
    return good;
}
