#include "report/check_text.h"

#include <stdlib.h>
#include <string.h>

#include "report/exchange_text.h"
#include "report/summary.h"

#define WIDTH          80
#define EVIDENCE_SHOWN 3
#define EVENTS_SHOWN   8

static const char *colour_of(const check_report_t *r, severity_t s)
{
    static const char *const codes[] = {"\033[36m", "\033[34m", "\033[33m", "\033[31m"};
    return r->colour ? codes[s] : "";
}

/* Prints text with a label before its first line, broken at blanks. */
static void print_wrapped(FILE *out, const char *label, const char *text)
{
    size_t indent = strlen(label);
    size_t room = WIDTH - indent;
    fputs(label, out);
    while (*text != '\0') {
        size_t n = strlen(text);
        if (n > room) {
            n = room;
            while (n > 0 && text[n] != ' ')
                n--;
            if (n == 0)
                n = strcspn(text, " ");
        }
        fprintf(out, "%.*s\n", (int)n, text);
        text += n;
        while (*text == ' ')
            text++;
        if (*text != '\0')
            fprintf(out, "%*s", (int)indent, "");
    }
}

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

static bool serves_as(const model_address_t *a, uint16_t server)
{
    for (uint16_t i = 0; i < a->server_count; i++)
        if (a->server[i] == server)
            return true;
    return false;
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
        fprintf(out, "%s%s\n", name, where);
        unsigned rows = 0;
        for (uint16_t k = 0; k < m->address_count; k++) {
            if (!serves_as(&m->address[k], i))
                continue;
            print_row(out, r, &m->address[k], scratch);
            rows++;
        }
        if (rows == 0)
            fprintf(out, "  %s\n", state_text(s)[0] != '\0' ? state_text(s) : "no address");
    }
}

static const exchange_t *exchange_by_id(const exchange_set_t *set, uint32_t id)
{
    return id >= 1 && id <= set->count ? set->item[id - 1] : NULL;
}

static void print_finding(FILE *out, const check_report_t *r, const finding_t *f, reply_t *scratch)
{
    const finding_desc_t *d = finding_desc(f->id);
    char subject[NSP_NAME_TEXT_MAX + ADDR_TEXT_MAX + 8] = "";
    char addr[ADDR_TEXT_MAX];
    if (f->has_server)
        nsp_name_to_text(&f->server, subject, sizeof subject);
    if (f->has_addr) {
        size_t n = strlen(subject);
        snprintf(subject + n, sizeof subject - n, f->has_server ? " (%s)" : "%s",
                 addr_port_text(&f->addr, addr));
    }
    fprintf(out, "\n%s%-7s%s  %s%s%s\n", colour_of(r, f->severity), severity_name(f->severity),
            r->colour ? "\033[0m" : "", d->id, subject[0] != '\0' ? "  " : "", subject);
    print_wrapped(out, "  ", f->text != NULL ? f->text : d->title);
    if (f->severity >= SEVERITY_WARNING || r->verbose) {
        print_wrapped(out, "  cause  ", d->cause);
        print_wrapped(out, "  fix    ", f->fix != NULL ? f->fix : d->fix);
    }
    if (f->severity < SEVERITY_WARNING && !r->verbose)
        return;
    for (uint16_t i = 0; i < f->evidence_count; i++) {
        const exchange_t *x = exchange_by_id(r->set, f->evidence[i]);
        if (i == EVIDENCE_SHOWN && !r->verbose) {
            fprintf(out, "    and %d more exchanges; -v shows all\n", f->evidence_count - i);
            break;
        }
        if (x != NULL)
            exchange_print(out, x, scratch, "    ", EVENTS_SHOWN);
    }
}

static void print_verdict(FILE *out, const check_report_t *r)
{
    size_t n[4] = {0};
    for (size_t i = 0; i < r->findings->count; i++)
        n[r->findings->item[i].severity]++;
    char name[NSP_NAME_TEXT_MAX];
    nsp_name_to_text(&r->model->zone, name, sizeof name);
    int worst = finding_list_worst(r->findings);
    const char *word = r->untested                 ? "not tested: nothing could be sent"
                       : worst == SEVERITY_ERROR   ? "broken"
                       : worst == SEVERITY_WARNING ? "works, with warnings"
                                                   : "healthy";
    fprintf(out, "\n%s%s is %s%s: %zu errors, %zu warnings, %zu notices; %u exchanges\n",
            worst >= 0 ? colour_of(r, (severity_t)worst) : "", name,
            r->interrupted ? "so far " : "", word, n[3], n[2], n[1], r->set->count);
    if (r->colour)
        fputs("\033[0m", out);
    if (r->interrupted)
        fprintf(out, "interrupted: what was learnt until then\n");
}

static void print_head(FILE *out, const check_report_t *r)
{
    const model_t *m = r->model;
    char zone[NSP_NAME_TEXT_MAX];
    char parent[NSP_NAME_TEXT_MAX];
    nsp_name_to_text(m->zone_found ? &m->zone : &m->domain, zone, sizeof zone);
    nsp_name_to_text(&m->parent, parent, sizeof parent);
    fprintf(out, "%s", zone);
    if (m->parent_known && m->parent_count > 0)
        fprintf(out, "  %s %s at %u address%s",
                m->zone_found ? "delegated by" : "no delegation found; the walk ended at", parent,
                m->parent_count, m->parent_count == 1 ? "" : "es");
    fprintf(out, "\n");
}

bool check_report_text(FILE *out, const check_report_t *r)
{
    reply_t *scratch = malloc(sizeof *scratch);
    if (scratch == NULL)
        return false;
    print_head(out, r);
    print_table(out, r, scratch);
    for (size_t i = 0; i < r->findings->count; i++)
        print_finding(out, r, &r->findings->item[i], scratch);
    if (r->verbose) {
        fprintf(out, "\nexchanges\n");
        for (uint32_t i = 0; i < r->set->count; i++)
            exchange_print(out, r->set->item[i], scratch, "  ", UINT32_MAX);
    }
    print_verdict(out, r);
    free(scratch);
    return true;
}
