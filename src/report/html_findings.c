/* Findings: the roots, and what follows from each folded under it. */
#include "report/html.h"

static void evidence_links(const html_t *h, const finding_t *f)
{
    if (f->evidence_count == 0)
        return;
    html_raw(h, "<dt>packets</dt><dd>");
    for (uint16_t i = 0; i < f->evidence_count; i++) {
        uint32_t id = f->evidence[i];
        html_raw(h, i > 0 ? ", " : "");
        if (id >= 1 && id <= h->set->count && h->drawn[id - 1])
            html_rawf(h, "<a href=\"#%sx%u\">exchange %u</a>", h->id, id, id);
        else
            html_rawf(h, "exchange %u", id);
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
    html_rawf(h, "<article class=\"finding %s\" id=\"%sf%u\" data-id=\"%s\" data-severity=\"%s\"",
              severity, h->id, f->number, finding_desc(f->id)->id, severity);
    if (f->has_addr) {
        html_raw(h, " data-address=\"");
        html_text(h, addr_text(&f->addr, addr));
        html_raw(h, "\"");
    }
    html_raw(h, ">");
}

static void following(const html_t *h, const finding_t *root)
{
    const finding_list_t *list = h->findings;
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
    const finding_list_t *list = h->findings;
    html_section(h, "findings", "Findings");
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
