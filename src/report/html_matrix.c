/* Addresses by tests, as tables: the questions of check, and the forms that a server must bear. */
#include <stdlib.h>

#include "report/html.h"
#include "report/matrix.h"

#define COLUMNS_MAX    16
#define FORMS_IN_TABLE 10

/* Which column an exchange belongs to: those of the probes first, then those of the forms. */
typedef struct columns {
    unsigned count;
    unsigned id[COLUMNS_MAX];
    const char *name[COLUMNS_MAX];
    const char *title[COLUMNS_MAX];
} columns_t;

static void cell(const html_t *h, const model_address_t *a, const uint8_t *column, unsigned wanted)
{
    static const char *const cls[] = {"untested", "good", "warning", "error"};
    const matrix_cell_t c = matrix_cell(h->set, column, &a->addr, wanted, h->scratch);
    bool linked = c.shown != NULL && h->drawn[c.shown->id - 1];
    html_rawf(h, "<td class=\"%s\">", cls[c.grade]);
    if (linked)
        html_rawf(h, "<a class=\"%s\" href=\"#%sx%u\">", cls[c.grade], h->id, c.shown->id);
    html_text(h, c.word);
    html_raw(h, linked ? "</a></td>" : "</td>");
}

static void row(const html_t *h, const model_address_t *a, const columns_t *c,
                const uint8_t *column)
{
    char names[512];
    char addr[ADDR_TEXT_MAX];
    const char *verdict = html_verdict(h, &a->addr);
    html_raw(h, "<tr><th scope=\"row\">");
    html_text(h, addr_port_text(&a->addr, addr));
    html_raw(h, "</th><td title=\"");
    html_text(h, model_address_names(h->model, a, names, sizeof names));
    html_raw(h, "\">");
    html_short(h, names, 34);
    html_rawf(h, "</td><td class=\"%s\">%s (%s)</td>", verdict, verdict, html_sign(verdict));
    for (unsigned i = 0; i < c->count; i++)
        cell(h, a, column, c->id[i]);
    html_raw(h, "</tr>\n");
}

static void table(const html_t *h, const columns_t *c, const char *caption, const uint8_t *column)
{
    html_rawf(h,
              "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"%s\"><table>"
              "<caption>%s</caption><thead><tr><th scope=\"col\">address</th><th scope=\"col\">"
              "server</th><th scope=\"col\">verdict</th>",
              caption, caption);
    for (unsigned i = 0; i < c->count; i++)
        html_rawf(h, "<th scope=\"col\" title=\"%s\">%s</th>", c->title[i], c->name[i]);
    html_raw(h, "</tr></thead><tbody>\n");
    for (uint16_t i = 0; i < h->model->address_count; i++)
        row(h, &h->model->address[i], c, column);
    html_raw(h, "</tbody></table></div>\n");
}

static bool any_in(const html_t *h, const uint8_t *column, unsigned wanted)
{
    for (uint32_t i = 0; i < h->set->count; i++)
        if (column[i] == wanted)
            return true;
    return false;
}

static void add_column(columns_t *c, unsigned id, const char *name, const char *title)
{
    c->id[c->count] = id;
    c->name[c->count] = name;
    c->title[c->count++] = title;
}

static void probe_table(const html_t *h, const uint8_t *column)
{
    columns_t c = {.count = 0};
    for (unsigned i = 1; i < MATRIX_PROBES; i++)
        add_column(&c, i, matrix_probe_name(i), matrix_probe_title(i));
    table(h, &c, "Each address, by the questions that it was asked", column);
}

/* Forms in tables of ten columns; those that nobody was asked are left out. */
static void form_tables(const html_t *h, const uint8_t *column)
{
    columns_t c = {.count = 0};
    bool began = false;
    for (unsigned i = 0; i < FORM_COUNT; i++) {
        if (any_in(h, column, MATRIX_FORMS + i))
            add_column(&c, MATRIX_FORMS + i, form_name((form_id_t)i),
                       "a form of a question that a server must bear");
        if (c.count == 0 || (c.count < FORMS_IN_TABLE && i + 1 < FORM_COUNT))
            continue;
        if (!began)
            html_raw(h,
                     "<details><summary>Forms of a question that a server must bear</summary>\n");
        began = true;
        table(h, &c, "Each address, by forms of a question", column);
        c.count = 0;
    }
    if (began)
        html_raw(h, "</details>\n");
}

void html_matrix(const html_t *h)
{
    html_section(h, "matrix", "Tests");
    uint8_t *column = matrix_columns(h->set, &h->model->zone);
    if (column != NULL && h->model->address_count > 0) {
        probe_table(h, column);
        form_tables(h, column);
        html_raw(h, "<p class=\"dim\">none: no answer; icmp: the network says no; refused, reset, "
                    "closed: TCP; wrong: replies that do not match; bad: malformed; -: not tested; "
                    "else the rcode. A link leads to the packets.</p>\n");
    } else {
        html_raw(h, "<p>No address was tested.</p>\n");
    }
    free(column);
    html_raw(h, "</section>\n");
}
