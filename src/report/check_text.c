#include "report/check_text.h"

#include <stdlib.h>
#include <string.h>

#include "diagnose/tested.h"
#include "report/exchange_text.h"
#include "report/finding_text.h"
#include "report/matrix.h"
#include "report/summary.h"

static void print_row(FILE *out, const check_report_t *r, const model_address_t *a,
                      reply_t *scratch)
{
    address_summary_t s;
    char addr[ADDR_TEXT_MAX];
    char serial[16] = "-";
    char time[32] = "-";
    summary_of(r->model, r->set, a, scratch, &s);
    if (s.has_serial)
        snprintf(serial, sizeof serial, "%u", s.serial);
    if (s.rtt >= 0)
        snprintf(time, sizeof time, "%.1f ms", (double)s.rtt / 1e6);
    addr_port_text(&a->addr, addr);
    if (strlen(addr) > 27)
        fprintf(out, "  %s\n  %27s", addr, "");
    else
        fprintf(out, "  %-27s", addr);
    fprintf(out, " %-8s %-8s %-3s %-6s %-10s %9s\n", s.udp, s.tcp, s.aa, s.edns, serial, time);
}

static const char *state_text(const model_server_t *s)
{
    static const char *const texts[] = {[HOST_UNKNOWN] = "not resolved",
                                        [HOST_FOUND] = "",
                                        [HOST_NODATA] = "has no address",
                                        [HOST_NXDOMAIN] = "does not exist",
                                        [HOST_CNAME] = "is an alias (CNAME)",
                                        [HOST_FAILED] = "cannot be resolved",
                                        [HOST_LOOP] = "needs itself to be resolved"};
    return texts[s->state];
}

static void print_table(FILE *out, const check_report_t *r, reply_t *scratch)
{
    const model_t *m = r->model;
    char name[NSP_NAME_TEXT_MAX];
    char line[NSP_NAME_TEXT_MAX + 40];
    if (m->server_count == 0)
        return;
    /* without a referral (parent and zone on the same servers) nobody knows what the parent says */
    bool referred = m->parent_known && m->parent_count == 0;
    for (uint16_t i = 0; i < m->parent_count; i++)
        referred = referred || m->parent_addr[i].referral;
    fprintf(out, "\n%-29s %-8s %-8s %-3s %-6s %-10s %9s\n", "SERVER AND ADDRESS", "UDP", "TCP",
            "AA", "EDNS", "SERIAL", "TIME");
    for (uint16_t i = 0; i < m->server_count; i++) {
        const model_server_t *s = &m->server[i];
        nsp_name_to_text(&s->name, name, sizeof name);
        const char *where = !referred || s->in_parent == s->in_child ? ""
                            : s->in_parent                           ? "  (only in the parent)"
                                           : "  (only in the zone itself)";
        snprintf(line, sizeof line, "%s%s", name, where);
        text_wrap_at(out, 0, TEXT_NAME_INDENT, line);
        unsigned rows = 0;
        for (uint16_t k = 0; k < m->address_count; k++) {
            if (!model_address_serves(&m->address[k], i))
                continue;
            print_row(out, r, &m->address[k], scratch);
            rows++;
        }
        if (rows == 0)
            fprintf(out, "  %s\n", state_text(s)[0] != '\0' ? state_text(s) : "no address");
    }
}

const char *check_verdict_words(const check_report_t *r)
{
    int worst = finding_list_worst(r->findings);
    if (r->untested)
        return tested_anything(r->set) && !tested_heard(r->set)
                   ? "was not tested: nobody answers from here"
                   : "was not tested: nothing could be sent";
    if (worst == SEVERITY_ERROR)
        return "is broken";
    if (worst == SEVERITY_WARNING)
        return "works, with warnings";
    for (size_t i = 0; i < r->findings->count; i++)
        if (r->findings->item[i].id == FINDING_UNTESTED)
            return "is healthy where it could be tested";
    return "is healthy";
}

static void print_verdict(FILE *out, const check_report_t *r)
{
    const text_style_t style = {r->verbose, r->colour};
    const finding_counts_t n = finding_count(r->findings);
    char name[NSP_NAME_TEXT_MAX];
    char counts[COUNTS_TEXT_MAX];
    nsp_name_to_text(&r->model->zone, name, sizeof name);
    int worst = finding_list_worst(r->findings);
    char line[NSP_NAME_TEXT_MAX + COUNTS_TEXT_MAX + 100];
    snprintf(line, sizeof line, "%s%s %s: %s", r->interrupted ? "so far, " : "", name,
             check_verdict_words(r), finding_counts_text(&n, r->set->count, counts));
    fprintf(out, "\n%s", worst >= 0 ? text_colour(&style, (severity_t)worst) : "");
    text_wrap(out, "", line);
    fputs(text_plain(&style), out);
    if (r->interrupted)
        fprintf(out, "interrupted: what was learnt until then\n");
}

static void print_head(FILE *out, const check_report_t *r)
{
    const model_t *m = r->model;
    char zone[NSP_NAME_TEXT_MAX];
    char parent[NSP_NAME_TEXT_MAX];
    char line[2 * NSP_NAME_TEXT_MAX + 100];
    nsp_name_to_text(m->zone_found ? &m->zone : &m->domain, zone, sizeof zone);
    nsp_name_to_text(&m->parent, parent, sizeof parent);
    int n = snprintf(line, sizeof line, "%s", zone);
    if (m->parent_known && m->parent_count > 0)
        snprintf(line + n, sizeof line - (size_t)n, "  %s %s at %u address%s",
                 m->zone_found ? "delegated by" : "no delegation found; the walk ended at", parent,
                 m->parent_count, m->parent_count == 1 ? "" : "es");
    text_wrap_at(out, 0, TEXT_NAME_INDENT, line);
}

bool check_report_text(FILE *out, const check_report_t *r)
{
    const text_style_t style = {r->verbose, r->colour};
    reply_t *scratch = malloc(sizeof *scratch);
    if (scratch == NULL)
        return false;
    print_head(out, r);
    print_table(out, r, scratch);
    bool good = !r->matrix || r->model->address_count == 0 || matrix_print(out, r, scratch);
    findings_print(out, &style, r->set, r->findings, scratch);
    if (r->verbose)
        exchanges_print(out, r->set, scratch);
    print_verdict(out, r);
    free(scratch);
    return good;
}
