/* Addresses by tests, as tables: the questions of check, and the forms that a server must bear. */
#include <stdlib.h>

#include "diagnose/form.h"
#include "report/html.h"
#include "report/summary.h"

#define COLUMNS_MAX    16
#define FORMS_IN_TABLE 10

/* Which column an exchange belongs to: those of the probes first, then those of the forms. */
typedef struct columns {
    unsigned count;
    unsigned id[COLUMNS_MAX];
    const char *name[COLUMNS_MAX];
    const char *title[COLUMNS_MAX];
} columns_t;

static const struct {
    const char *name;
    const char *title;
} probes[] = {
    [PROBE_SOA] = {"SOA", "SOA over UDP, without EDNS"},
    [PROBE_SOA_EDNS] = {"EDNS", "SOA over UDP, with EDNS"},
    [PROBE_SOA_TCP] = {"TCP", "SOA over TCP"},
    [PROBE_NS] = {"NS", "NS over UDP"},
    [PROBE_NS_TCP] = {"NS TCP", "NS over TCP"},
    [PROBE_BIG] = {"big", "DNSKEY and TXT over UDP, with DO and 4096 octets"},
    [PROBE_BIG_TCP] = {"big TCP", "DNSKEY and TXT over TCP"},
    [PROBE_CASE] = {"case", "SOA with the name in mixed case"},
    [PROBE_NXDOMAIN] = {"no name", "a name that does not exist: NXDOMAIN is right"},
    [PROBE_NODATA] = {"no data", "a type that the name does not have"},
};

#define PROBES ((unsigned)(sizeof probes / sizeof probes[0]))

/* The column of every exchange of the set, by its place: 0 for none. False without memory. */
static uint8_t *columns_of_set(const html_t *h)
{
    const exchange_set_t *set = h->r->set;
    uint8_t *column = calloc(set->count > 0 ? set->count : 1, sizeof *column);
    form_set_t *forms = malloc(sizeof *forms);
    if (column == NULL || forms == NULL) {
        free(column);
        free(forms);
        return NULL;
    }
    form_set_init(forms, &h->r->model->zone);
    for (uint32_t i = 0; i < set->count; i++) {
        const exchange_t *x = set->item[i];
        probe_kind_t kind = probe_kind_of(x, &h->r->model->zone);
        form_id_t form = kind == PROBE_NONE ? form_of(forms, x) : FORM_COUNT;
        column[i] = (uint8_t)(kind != PROBE_NONE   ? (unsigned)kind
                              : form != FORM_COUNT ? PROBES + (unsigned)form
                                                   : 0);
    }
    free(forms);
    return column;
}

/* How good a cell is: what is worst is shown where several exchanges share one. */
static unsigned badness(const outcome_t *o, const reply_t *reply, unsigned column)
{
    if (o->kind == OUTCOME_PENDING || o->kind == OUTCOME_NOT_SENT)
        return 1;
    if (o->kind != OUTCOME_ANSWERED)
        return 5;
    uint16_t rcode = nsp_msg_rcode(&reply->msg);
    bool expected =
        rcode == NSP_RCODE_NOERROR || (column == PROBE_NXDOMAIN && rcode == NSP_RCODE_NXDOMAIN);
    if (expected)
        return o->lost > 0 || o->late ? 3 : 2;
    /* what a form deserves is for its rule to judge; an error may be right there */
    return column < PROBES ? 4 : 2;
}

static void cell(const html_t *h, const model_address_t *a, const uint8_t *column, unsigned wanted)
{
    static const char *const cls[] = {"untested", "untested", "good", "warning", "error", "error"};
    unsigned worst = 0;
    const exchange_t *shown = NULL;
    char word[16] = "-";
    for (uint32_t i = 0; i < h->r->set->count; i++) {
        const exchange_t *x = h->r->set->item[i];
        char buf[16];
        outcome_t o;
        if (column[i] != wanted || !addr_equal(&x->server, &a->addr))
            continue;
        outcome_of(x, &o, h->scratch);
        unsigned bad = badness(&o, h->scratch, wanted);
        if (bad <= worst)
            continue;
        worst = bad;
        shown = x;
        snprintf(word, sizeof word, "%s", summary_word(&o, h->scratch, buf));
    }
    html_rawf(h, "<td class=\"%s\">", cls[worst]);
    bool linked = shown != NULL && h->drawn[shown->id - 1];
    if (linked)
        html_rawf(h, "<a class=\"%s\" href=\"#x%u\">", cls[worst], shown->id);
    html_text(h, word);
    html_raw(h, linked ? "</a></td>" : "</td>");
}

static void row(const html_t *h, const model_address_t *a, const columns_t *c,
                const uint8_t *column)
{
    char names[512];
    char addr[ADDR_TEXT_MAX];
    const char *verdict = html_verdict(h, a);
    html_raw(h, "<tr><th scope=\"row\">");
    html_text(h, addr_port_text(&a->addr, addr));
    html_raw(h, "</th><td title=\"");
    html_text(h, model_address_names(h->r->model, a, names, sizeof names));
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
    for (uint16_t i = 0; i < h->r->model->address_count; i++)
        row(h, &h->r->model->address[i], c, column);
    html_raw(h, "</tbody></table></div>\n");
}

static bool any_in(const html_t *h, const uint8_t *column, unsigned wanted)
{
    for (uint32_t i = 0; i < h->r->set->count; i++)
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
    for (unsigned i = PROBE_SOA; i < PROBES; i++)
        add_column(&c, i, probes[i].name, probes[i].title);
    table(h, &c, "Each address, by the questions that it was asked", column);
}

/* Forms in tables of ten columns; those that nobody was asked are left out. */
static void form_tables(const html_t *h, const uint8_t *column)
{
    columns_t c = {.count = 0};
    bool began = false;
    for (unsigned i = 0; i < FORM_COUNT; i++) {
        if (any_in(h, column, PROBES + i))
            add_column(&c, PROBES + i, form_name((form_id_t)i),
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
    html_raw(h, "<section aria-labelledby=\"matrix\"><h2 id=\"matrix\">Tests</h2>\n");
    uint8_t *column = columns_of_set(h);
    if (column != NULL && h->r->model->address_count > 0) {
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
