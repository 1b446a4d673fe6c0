/* The page of dkim: records, addresses by records, findings. */
#include <stdlib.h>

#include "report/dkim_matrix.h"
#include "report/html.h"
#include "report/number_text.h"

#define RECORD_TEXT 1400
#define PER_TABLE   10 /* records in one table */

static const char *status_class(const dkim_report_t *r)
{
    switch (r->result->status) {
    case VERIFIER_SUCCESS:
        return "good";
    case VERIFIER_FAILED:
        return "error";
    case VERIFIER_PENDING:
    case VERIFIER_TEMPORARY_FAILURE:
        return "warning";
    case VERIFIER_NOT_STARTED:
        break;
    }
    return "untested";
}

static void summary(const html_t *h, const dkim_report_t *r)
{
    static const html_link_t links[] = {{"records", "Records"},
                                        {"findings", "Findings"},
                                        {"times", "Reply times"},
                                        {"exchanges", "Exchanges"}};
    const finding_counts_t n = finding_count(h->findings);
    char verdict[DKIM_VERDICT_MAX];
    char covers[DKIM_VERDICT_MAX];
    char began[NUMBER_TEXT_MAX];
    char counts[COUNTS_TEXT_MAX];
    char word[120];
    char line[600];
    snprintf(word, sizeof word, "%s%s", r->interrupted ? "so far " : "",
             verifier_status_name(r->result->status));
    snprintf(line, sizeof line, "%s%s%s; %s; began %s", dkim_verdict_text(r, verdict),
             r->result->coverage.excluded > 0 || r->result->coverage.unsent > 0 ? ", " : "",
             dkim_coverage_text(r, covers), finding_counts_text(&n, r->set->count, counts),
             time_text(r->set->began_wall, began));
    html_summary(h, status_class(r), word, line, links, sizeof links / sizeof links[0]);
}

static void record_row(const html_t *h, const dkim_report_t *r, size_t i)
{
    char text[RECORD_TEXT];
    const dkim_found_t n = dkim_found_of(r->result, i);
    const char *cls = n.of == 0        ? "untested"
                      : n.have == n.of ? "good"
                      : n.have == 0    ? "error"
                                       : "warning";
    dkim_record_text(&r->result->expectation[i], r->domain, 0, text, sizeof text);
    html_rawf(h, "<tr><th scope=\"row\">%zu</th><td>", i + 1);
    html_text(h, text);
    html_rawf(h, "</td><td class=\"%s\">%zu of %zu (%s)</td></tr>\n", cls, n.have, n.of,
              html_sign(cls));
}

static void records(const html_t *h, const dkim_report_t *r)
{
    html_raw(h,
             "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Expected records\">"
             "<table><caption>Expected records, and at how many addresses they are found"
             "</caption><thead><tr><th scope=\"col\">number</th><th scope=\"col\">record</th>"
             "<th scope=\"col\">found at</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < r->result->expectation_count; i++)
        record_row(h, r, i);
    html_raw(h, "</tbody></table></div>\n");
}

/* An exchange with a ladder that asked this address for this record; NULL when there is none. */
static const exchange_t *shown_for(const html_t *h, const addr_t *addr, const expectation_t *e)
{
    for (uint32_t i = 0; i < h->set->count; i++) {
        const exchange_t *x = h->set->item[i];
        if (h->drawn[i] && x->qtype == e->type && addr_equal(&x->server, addr) &&
            nsp_name_equal(&x->qname, &e->owner))
            return x;
    }
    return NULL;
}

static void cell(const html_t *h, const dkim_result_t *d, size_t e, size_t address)
{
    const dkim_cell_t *c = &d->cell[e * d->address_count + address];
    const int severity = dkim_cell_severity(c);
    const char *cls = severity < 0                ? "untested"
                      : severity == SEVERITY_INFO ? "good"
                                                  : severity_name((severity_t)severity);
    const exchange_t *x = shown_for(h, &d->address[address].addr, &d->expectation[e]);
    const unsigned udp = dkim_shown_mark(c, c->udp);
    const unsigned tcp = dkim_shown_mark(c, c->tcp);
    html_rawf(h, "<td class=\"%s\">", cls);
    if (x != NULL)
        html_rawf(h, "<a class=\"%s\" href=\"#%sx%u\">", cls, h->id, x->id);
    if (!dkim_cell_shown(c))
        html_raw(h, "-");
    else if (udp == tcp)
        html_text(h, dkim_mark_text(udp));
    else
        html_textf(h, "UDP %s, TCP %s", dkim_mark_text(udp), dkim_mark_text(tcp));
    html_raw(h, x != NULL ? "</a></td>" : "</td>");
}

static void address_row(const html_t *h, const dkim_result_t *d, size_t i, size_t first, size_t end)
{
    const dkim_address_t *a = &d->address[i];
    char name[NSP_NAME_TEXT_MAX];
    char text[ADDR_TEXT_MAX];
    html_raw(h, "<tr><th scope=\"row\">");
    html_text(h, addr_port_text(&a->addr, text));
    html_raw(h, "</th><td>");
    nsp_name_to_text(&a->server, name, sizeof name);
    html_text(h, a->server.len > 1 ? name : "");
    html_raw(h, a->delegated ? "</td><td>" : " (not delegated)</td><td>");
    nsp_name_to_text(&a->zone, name, sizeof name);
    html_text(h, name);
    html_rawf(h, a->has_serial ? "</td><td class=\"num\">%u</td>" : "</td><td>-</td>", a->serial);
    for (size_t e = first; e < end; e++)
        cell(h, d, e, i);
    html_raw(h, "</tr>\n");
}

static void table(const html_t *h, const dkim_result_t *d, size_t first, size_t end)
{
    html_rawf(
        h,
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Records %zu to %zu\">"
        "<table><caption>Each address, by the numbers of the records</caption><thead><tr>"
        "<th scope=\"col\">address</th><th scope=\"col\">server</th><th scope=\"col\">zone"
        "</th><th scope=\"col\">serial</th>",
        first + 1, end);
    for (size_t e = first; e < end; e++)
        html_rawf(h, "<th scope=\"col\">%zu</th>", e + 1);
    html_raw(h, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < d->address_count; i++)
        address_row(h, d, i, first, end);
    html_raw(h, "</tbody></table></div>\n");
}

static void matrix(const html_t *h, const dkim_report_t *r)
{
    const size_t count = r->result->expectation_count;
    html_section(h, "records", "Records");
    records(h, r);
    if (r->result->address_count == 0)
        html_raw(h, "<p>No address was asked.</p>\n");
    for (size_t first = 0; r->result->address_count > 0 && first < count; first += PER_TABLE)
        table(h, r->result, first, first + PER_TABLE < count ? first + PER_TABLE : count);
    html_raw(h, "<p class=\"dim\">-: not asked. A link leads to the packets.</p></section>\n");
}

static bool plot(const html_t *h, const dkim_result_t *d)
{
    addr_t *addr = calloc(d->address_count > 0 ? d->address_count : 1, sizeof *addr);
    if (addr == NULL)
        return false;
    for (size_t i = 0; i < d->address_count; i++)
        addr[i] = d->address[i].addr;
    html_plot(h, addr, d->address_count);
    free(addr);
    return true;
}

bool dkim_report_html(FILE *out, const dkim_report_t *r)
{
    char domain[NSP_NAME_TEXT_MAX];
    unsigned room = HTML_EXCHANGES_MAX;
    html_t h = {.out = out, .id = "", .of = "", .set = r->set, .findings = &r->result->findings};
    bool good = html_begin(&h, &room);
    if (good) {
        nsp_name_to_text(r->domain, domain, sizeof domain);
        html_head(&h, "dkim", domain);
        summary(&h, r);
        matrix(&h, r);
        html_findings(&h);
        good = plot(&h, r->result);
        html_exchanges(&h);
        html_foot(&h);
    }
    html_end(&h);
    return good;
}
