/* The page as a whole: head, verdict, and which exchanges are drawn. */
#include <stdlib.h>
#include <string.h>

#include "report/html.h"

int html_worst(const finding_list_t *findings, const addr_t *a)
{
    int worst = -1;
    for (size_t i = 0; i < findings->count; i++) {
        const finding_t *f = &findings->item[i];
        if (f->has_addr && addr_equal(&f->addr, a) && (int)f->severity > worst)
            worst = (int)f->severity;
    }
    return worst;
}

const char *html_verdict(const html_t *h, const addr_t *a)
{
    int worst = html_worst(h->findings, a);
    bool sent = false;
    for (uint32_t i = 0; i < h->set->count && !sent; i++)
        sent = addr_equal(&h->set->item[i]->server, a) && exchange_query(h->set->item[i]) != NULL;
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

void html_section(const html_t *h, const char *id, const char *title)
{
    html_rawf(h, "<section aria-labelledby=\"%s%s\"><h2 id=\"%s%s\">%s", h->id, id, h->id, id,
              title);
    html_text(h, h->of);
    html_raw(h, "</h2>\n");
}

void html_head(const html_t *h, const char *command, const char *subject)
{
    html_raw(h, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
                "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                "<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
    html_textf(h, "nsprobe %s %s", command, subject);
    html_raw(h, "</title>\n");
    html_style(h);
    html_raw(h, "</head>\n<body><a class=\"skip\" href=\"#findings\">Skip to the findings</a>\n"
                "<header><h1>");
    html_text(h, subject);
    html_raw(h, "</h1>\n");
}

void html_summary(const html_t *h, const char *cls, const char *verdict, const char *line,
                  const html_link_t *link, size_t links)
{
    html_rawf(h, "<p class=\"verdict %s\">", cls);
    html_textf(h, "%s (%s)", verdict, html_sign(cls));
    html_raw(h, "</p>\n<p class=\"dim\">");
    html_text(h, line);
    html_raw(h, "</p></header>\n<nav aria-label=\"Parts of this page\"><ul>");
    for (size_t i = 0; i < links; i++) {
        html_rawf(h, "<li><a href=\"#%s\">", link[i].id);
        html_text(h, link[i].text);
        html_raw(h, "</a></li>");
    }
    html_raw(h, "</ul></nav>\n<main id=\"main\">\n");
}

void html_foot(const html_t *h)
{
    html_raw(h, "</main>\n<footer class=\"dim\"><p>Made by nsprobe " NSPROBE_VERSION
                "; this page loads nothing.</p></footer>\n</body></html>\n");
}

/* Takes the exchange when there is room. */
static void draw(html_t *h, uint32_t place, unsigned *room)
{
    if (h->drawn[place])
        return;
    if (*room == 0) {
        h->left_out++;
        return;
    }
    h->drawn[place] = true;
    (*room)--;
}

static void draw_evidence(html_t *h, unsigned *room)
{
    for (size_t i = 0; i < h->findings->count; i++) {
        const finding_t *f = &h->findings->item[i];
        for (uint16_t k = 0; f->severity >= SEVERITY_WARNING && k < f->evidence_count; k++)
            if (f->evidence[k] >= 1 && f->evidence[k] <= h->set->count)
                draw(h, f->evidence[k] - 1, room);
    }
}

static bool failed(const exchange_t *x)
{
    outcome_t o;
    outcome_of(x, &o, NULL);
    return (o.kind != OUTCOME_ANSWERED && o.kind != OUTCOME_PENDING &&
            o.kind != OUTCOME_NOT_SENT) ||
           o.lost > 0 || o.late;
}

bool html_begin(html_t *h, unsigned *room)
{
    h->scratch = malloc(sizeof *h->scratch);
    h->drawn = calloc(h->set->count > 0 ? h->set->count : 1, sizeof *h->drawn);
    h->left_out = 0;
    if (h->scratch == NULL || h->drawn == NULL)
        return false;
    draw_evidence(h, room);
    h->left_out = 0; /* of these, one may have been counted for several findings */
    for (uint32_t i = 0; i < h->set->count; i++)
        if (failed(h->set->item[i]))
            draw(h, i, room);
    return true;
}

void html_end(html_t *h)
{
    free(h->drawn);
    free(h->scratch);
    h->drawn = NULL;
    h->scratch = NULL;
}
