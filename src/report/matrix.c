#include "report/matrix.h"

#include <stdlib.h>
#include <string.h>

#include "report/finding_text.h"
#include "report/summary.h"

#define ADDRESS_ROOM 27
#define WORD_ROOM    4
/* What has room in 80 columns; the questions about signatures are on the page alone. */
#define TEXT_COLUMNS ((unsigned)PROBE_NODATA + 1)

static const struct {
    const char *name;
    const char *brief; /* in at most WORD_ROOM characters */
    const char *title;
} probes[] = {
    [PROBE_SOA] = {"SOA", "SOA", "SOA over UDP, without EDNS"},
    [PROBE_SOA_EDNS] = {"EDNS", "EDNS", "SOA over UDP, with EDNS"},
    [PROBE_SOA_TCP] = {"TCP", "TCP", "SOA over TCP"},
    [PROBE_NS] = {"NS", "NS", "NS over UDP"},
    [PROBE_NS_TCP] = {"NS TCP", "NS/T", "NS over TCP"},
    [PROBE_BIG] = {"big", "BIG", "DNSKEY and TXT over UDP, with DO and 4096 octets"},
    [PROBE_BIG_TCP] = {"big TCP", "BG/T", "DNSKEY and TXT over TCP"},
    [PROBE_CASE] = {"case", "CASE", "SOA with the name in mixed case"},
    [PROBE_NXDOMAIN] = {"no name", "NAME", "a name that does not exist: NXDOMAIN is right"},
    [PROBE_NODATA] = {"no data", "DATA", "a type that the name does not have"},
    [PROBE_SIGNED] = {"signed", "SIGN", "with DO: NS, CDS, CDNSKEY, NSEC3PARAM, and no such name"},
    [PROBE_SIGNED_TCP] = {"signed TCP", "SG/T", "the same over TCP, where it was cut over UDP"},
};

const char *matrix_probe_name(unsigned column)
{
    return column > 0 && column < MATRIX_PROBES ? probes[column].name : "-";
}

const char *matrix_probe_title(unsigned column)
{
    return column > 0 && column < MATRIX_PROBES ? probes[column].title : "not a question of check";
}

uint8_t *matrix_columns(const exchange_set_t *set, const nsp_name_t *zone)
{
    uint8_t *column = calloc(set->count > 0 ? set->count : 1, sizeof *column);
    form_set_t *forms = malloc(sizeof *forms);
    if (column == NULL || forms == NULL) {
        free(column);
        free(forms);
        return NULL;
    }
    form_set_init(forms, zone);
    for (uint32_t i = 0; i < set->count; i++) {
        probe_kind_t kind = probe_kind_of(set->item[i], zone);
        form_id_t form = kind == PROBE_NONE ? form_of(forms, set->item[i]) : FORM_COUNT;
        column[i] = (uint8_t)(kind != PROBE_NONE   ? (unsigned)kind
                              : form != FORM_COUNT ? MATRIX_FORMS + (unsigned)form
                                                   : 0);
    }
    free(forms);
    return column;
}

/* How bad an outcome is: what is worst is shown where several exchanges share a cell. */
static unsigned badness(const outcome_t *o, const reply_t *reply, unsigned column)
{
    if (o->kind == OUTCOME_PENDING || o->kind == OUTCOME_NOT_SENT)
        return 1;
    if (o->kind != OUTCOME_ANSWERED)
        return 5;
    uint16_t rcode = nsp_msg_rcode(&reply->msg);
    bool expected =
        rcode == NSP_RCODE_NOERROR ||
        (rcode == NSP_RCODE_NXDOMAIN &&
         (column == PROBE_NXDOMAIN || column == PROBE_SIGNED || column == PROBE_SIGNED_TCP));
    if (expected)
        return o->lost > 0 || o->late ? 3 : 2;
    /* what a form deserves is for its rule to judge; an error may be right there */
    return column < MATRIX_PROBES ? 4 : 2;
}

matrix_cell_t matrix_cell(const exchange_set_t *set, const uint8_t *columns, const addr_t *addr,
                          unsigned column, reply_t *scratch)
{
    static const cell_grade_t grades[] = {CELL_UNTESTED, CELL_UNTESTED, CELL_GOOD,
                                          CELL_WARNING,  CELL_ERROR,    CELL_ERROR};
    matrix_cell_t cell = {CELL_UNTESTED, "-", NULL};
    unsigned worst = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        const exchange_t *x = set->item[i];
        char buf[16];
        outcome_t o;
        if (columns[i] != column || !addr_equal(&x->server, addr))
            continue;
        outcome_of(x, &o, scratch);
        unsigned bad = badness(&o, scratch, column);
        if (bad <= worst)
            continue;
        worst = bad;
        cell.shown = x;
        snprintf(cell.word, sizeof cell.word, "%s", summary_word(&o, scratch, buf));
    }
    cell.grade = grades[worst];
    return cell;
}

/* A word in WORD_ROOM characters. */
static const char *brief_word(const matrix_cell_t *c, unsigned column, char buf[16])
{
    static const char *const briefs[][2] = {
        {"refused", "rst"}, {"reset", "rst"}, {"closed", "fin"}, {"wrong", "odd"}};
    for (size_t i = 0; i < sizeof briefs / sizeof briefs[0]; i++)
        if (strcmp(c->word, briefs[i][0]) == 0)
            return briefs[i][1];
    if (column == PROBE_NXDOMAIN && c->grade == CELL_GOOD)
        return strcmp(c->word, "ok") == 0 ? "any" : "ok";
    snprintf(buf, 16, "%.*s", WORD_ROOM, c->word);
    return buf;
}

static void print_row(FILE *out, const check_report_t *r, const uint8_t *columns,
                      const model_address_t *a, reply_t *scratch)
{
    const text_style_t style = {r->verbose, r->colour};
    char addr[ADDR_TEXT_MAX];
    addr_port_text(&a->addr, addr);
    if (strlen(addr) > ADDRESS_ROOM)
        fprintf(out, "  %s\n  %*s", addr, ADDRESS_ROOM, "");
    else
        fprintf(out, "  %-*s", ADDRESS_ROOM, addr);
    size_t blanks = 1;
    for (unsigned i = 1; i < TEXT_COLUMNS; i++) {
        char buf[16];
        const matrix_cell_t c = matrix_cell(r->set, columns, &a->addr, i, scratch);
        const char *word = brief_word(&c, i, buf);
        const char *colour = c.grade == CELL_GOOD      ? text_good(&style)
                             : c.grade == CELL_WARNING ? text_colour(&style, SEVERITY_WARNING)
                             : c.grade == CELL_ERROR   ? text_colour(&style, SEVERITY_ERROR)
                                                       : "";
        fprintf(out, "%*s%s%s%s", (int)blanks, "", colour, word,
                colour[0] != '\0' ? text_plain(&style) : "");
        blanks = 1 + WORD_ROOM - strlen(word);
    }
    fputc('\n', out);
}

bool matrix_print(FILE *out, const check_report_t *r, reply_t *scratch)
{
    const model_t *m = r->model;
    char name[NSP_NAME_TEXT_MAX];
    uint8_t *columns = matrix_columns(r->set, &m->zone);
    if (columns == NULL)
        return false;
    fprintf(out, "\n%-*s", ADDRESS_ROOM + 2, "ADDRESSES BY TESTS");
    for (unsigned i = 1; i < TEXT_COLUMNS; i++)
        fprintf(out, i + 1 < TEXT_COLUMNS ? " %-*s" : " %.*s", WORD_ROOM, probes[i].brief);
    fputc('\n', out);
    for (uint16_t i = 0; i < m->server_count; i++) {
        nsp_name_to_text(&m->server[i].name, name, sizeof name);
        text_wrap_at(out, 0, TEXT_NAME_INDENT, name);
        for (uint16_t k = 0; k < m->address_count; k++)
            if (model_address_serves(&m->address[k], i))
                print_row(out, r, columns, &m->address[k], scratch);
    }
    fputs("ok: as it should be; none: no answer; icmp, rst, fin: rejected, reset, closed;\n"
          "odd: replies that do not match; bad: malformed; any: a name that should not\n"
          "exist is answered; else the rcode. /T: over TCP; NAME, DATA: what is missing\n",
          out);
    free(columns);
    return true;
}
