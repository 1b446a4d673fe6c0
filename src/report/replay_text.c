/* The report of captured traffic as text. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/icmp.h"
#include "report/check_text.h"
#include "report/number_text.h"
#include "report/replay_report.h"

bool replay_report_empty(const replay_report_t *r)
{
    return traffic_server_count(r->traffic) == 0;
}

static bool has_untested(const finding_list_t *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->item[i].id == FINDING_UNTESTED)
            return true;
    return false;
}

bool replay_report_untested(const replay_report_t *r)
{
    if (replay_report_empty(r))
        return true;
    if (!traffic_is_unheard(r->traffic))
        return false;
    bool any = has_untested(r->findings);
    for (size_t i = 0; r->runs != NULL && i < runs_count(r->runs) && !any; i++)
        any = runs_item(r->runs, i)->untested;
    return any && replay_report_worst(r) < (int)SEVERITY_WARNING;
}

int replay_report_worst(const replay_report_t *r)
{
    int worst = finding_list_worst(r->findings);
    for (size_t i = 0; r->runs != NULL && i < runs_count(r->runs); i++) {
        int of_run = finding_list_worst(&runs_item(r->runs, i)->findings);
        worst = of_run > worst ? of_run : worst;
    }
    return worst;
}

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

static void print_sources(FILE *out, const replay_report_t *r)
{
    char name[300];
    if (r->live && r->source_count > 0)
        fprintf(out, " on %s\n", safe_text(r->sources[0], name, sizeof name));
    else
        fprintf(out, " in %zu file%s\n", r->source_count, plural(r->source_count));
}

/* How many of the messages are malformed; nothing when none is. */
static void print_malformed(FILE *out, const traffic_counts_t *n)
{
    if (n->malformed + n->malformed_queries > 0)
        fprintf(out, "malformed  %" PRIu64 " quer%s, %" PRIu64 " repl%s\n", n->malformed_queries,
                n->malformed_queries == 1 ? "y" : "ies", n->malformed,
                n->malformed == 1 ? "y" : "ies");
}

static void print_summary(FILE *out, const replay_report_t *r)
{
    char a[NUMBER_TEXT_MAX];
    char b[NUMBER_TEXT_MAX];
    size_t servers = traffic_server_count(r->traffic);
    fprintf(out, "packets    %" PRIu64, r->packets);
    print_sources(out, r);
    if (r->packets > 0 && r->first == 0 && r->last == 0)
        fprintf(out, "time       none: the packets have no times\n");
    else if (r->packets > 0)
        fprintf(out, "time       %s to %s, %.3f s\n", time_text(r->first, a), time_text(r->last, b),
                (double)(r->last - r->first) / 1e9);
    fprintf(out, "messages   %" PRIu64 " quer%s, %" PRIu64 " repl%s; %" PRIu64 " exchange%s", //
            r->queries, r->queries == 1 ? "y" : "ies", r->replies, r->replies == 1 ? "y" : "ies",
            r->exchanges, plural(r->exchanges));
    fprintf(out, " with %zu server%s\n", servers, plural(servers));
    print_malformed(out, &traffic_total(r->traffic)->n);
    if (r->filtered > 0)
        fprintf(out, "filtered   %" PRIu64 " exchange%s left out\n", r->filtered,
                plural(r->filtered));
    const char *label = "notes";
    for (size_t i = 0; i < r->note_count; i++) {
        if (r->notes[i].count == 0)
            continue;
        fprintf(out, "%-10s %" PRIu64 " %s\n", label, r->notes[i].count, r->notes[i].text);
        label = "";
    }
}

/* What TCP did to questions. */
static uint64_t tcp_trouble(const traffic_counts_t *n)
{
    return n->tcp_refused + n->tcp_reset + n->tcp_no_synack + n->tcp_closed;
}

static uint64_t mismatched(const traffic_counts_t *n)
{
    return n->wrong_id + n->wrong_port + n->wrong_source + n->wrong_question + n->not_response +
           n->headerless;
}

void replay_report_cells(const traffic_counts_t *n, replay_cell_t cell[REPLAY_CELLS])
{
    const replay_cell_t cells[REPLAY_CELLS] = {
        {"ASKED", 5, "questions, without retries", n->queries},
        {"ANSW", 5, "answered", n->answered},
        {"NONE", 5, "not answered", n->unanswered},
        {"RETRY", 5, "asked more than once", n->retried},
        {"LATE", 4, "answered when nobody waited", n->late},
        {"WRONG", 5, "replies that do not match", mismatched(n)},
        {"ICMP", 4, "ICMP errors", n->icmp},
        {"TCP", 4, "TCP refused, reset, closed or silent", tcp_trouble(n)},
        {"TC", 4, "truncated replies", n->truncated},
        {"BAD", 4, "malformed replies", n->malformed}};
    memcpy(cell, cells, sizeof cells);
}

static void print_row(FILE *out, const traffic_server_t *s)
{
    static const double shares[] = {0.5, 0.9, 0.99};
    char buf[NUMBER_TEXT_MAX];
    replay_cell_t cells[REPLAY_CELLS];
    replay_report_cells(&s->n, cells);
    fputc(' ', out);
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
        fprintf(out, " %*s", (int)cells[i].width,
                cells[i].count == 0 ? "-" : count_text(cells[i].count, cells[i].width, buf));
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++)
        fprintf(out, " %5s", duration_text(latency_percentile(&s->latency, shares[i]), buf));
    fprintf(out, " %5s\n", duration_text(s->latency.count > 0 ? s->latency.max : -1, buf));
}

static const char *source_name(const replay_report_t *r, uint32_t file, char *buf, size_t cap)
{
    return file < r->source_count ? safe_text(r->sources[file], buf, cap) : "";
}

/* Which messages were malformed, and where. */
static void print_faults(FILE *out, const replay_report_t *r, const char *what,
                         const traffic_fault_t *fault, size_t count)
{
    char name[300];
    char text[700];
    for (size_t i = 0; i < count; i++) {
        const traffic_fault_t *f = &fault[i];
        int n = snprintf(text, sizeof text, "%spacket %" PRIu64, what, f->number);
        if (r->source_count > 1)
            n += snprintf(text + n, sizeof text - (size_t)n, " of %s",
                          source_name(r, f->file, name, sizeof name));
        snprintf(text + n, sizeof text - (size_t)n, ", octet %u of the message: %s", f->offset,
                 nsp_err_text(f->fault));
        text_wrap(out, "    malformed  ", text);
    }
}

static void print_details(FILE *out, const traffic_server_t *s)
{
    char buf[16];
    char addr[ADDR_TEXT_MAX];
    fprintf(out, "    rcodes ");
    for (unsigned i = 0; i < TRAFFIC_RCODES; i++)
        if (s->rcode[i] > 0)
            fprintf(out, " %s %" PRIu64,
                    i + 1 < TRAFFIC_RCODES ? nsp_rcode_text((uint16_t)i, buf) : "other",
                    s->rcode[i]);
    fprintf(out, "\n    types  ");
    for (size_t i = 0; i < s->type_count; i++)
        fprintf(out, " %s %" PRIu64, nsp_type_text(s->type[i].type, buf), s->type[i].count);
    fprintf(out, "\n");
    for (size_t i = 0; i < s->icmp_count; i++) {
        addr_t from = s->icmp[i].from;
        from.port = 53;
        fprintf(out, "    ICMP    %s, reported by %s (%" PRIu64 ")\n",
                icmp_text(from.family, s->icmp[i].type, s->icmp[i].code), addr_text(&from, addr),
                s->icmp[i].count);
    }
}

size_t replay_report_shown(const replay_report_t *r)
{
    size_t count = traffic_server_count(r->traffic);
    return r->top == 0 || r->top > count ? count : r->top;
}

static void print_table(FILE *out, const replay_report_t *r)
{
    char addr[ADDR_TEXT_MAX];
    size_t count = traffic_server_count(r->traffic);
    size_t shown = replay_report_shown(r);
    if (count == 0)
        return;
    fprintf(out, "\nSERVER\n  ASKED  ANSW  NONE RETRY LATE WRONG ICMP  TCP   TC  BAD"
                 "   P50   P90   P99   MAX\n");
    for (size_t i = 0; i < shown; i++) {
        const traffic_server_t *s = traffic_server(r->traffic, i);
        fprintf(out, "%s\n", addr_port_text(&s->addr, addr));
        print_row(out, s);
        print_faults(out, r, "", s->fault, s->fault_count);
        print_faults(out, r, "query, ", s->query_fault, s->query_fault_count);
        if (r->style.verbose)
            print_details(out, s);
    }
    if (shown < count)
        fprintf(out, "and %zu server%s in less trouble; --top 0 shows all\n", count - shown,
                plural(count - shown));
}

/* True for a finding that the table does not leave out. */
static bool is_shown(const replay_report_t *r, const finding_t *f)
{
    if (!r->top_findings || !f->has_addr)
        return true;
    for (size_t i = 0; i < replay_report_shown(r); i++)
        if (addr_equal(&traffic_server(r->traffic, i)->addr, &f->addr))
            return true;
    return false;
}

const char *replay_report_verdict(const replay_report_t *r, finding_counts_t *count)
{
    *count = finding_count(r->findings);
    for (size_t i = 0; r->runs != NULL && i < runs_count(r->runs); i++) {
        finding_counts_t of_run = finding_count(&runs_item(r->runs, i)->findings);
        for (unsigned k = 0; k <= SEVERITY_ERROR; k++)
            count->of[k] += of_run.of[k];
    }
    int worst = replay_report_worst(r);
    return replay_report_empty(r)      ? "nothing to diagnose: no DNS exchange"
           : replay_report_untested(r) ? "nothing was tested: nobody answers"
           : worst == SEVERITY_ERROR   ? "broken"
           : worst == SEVERITY_WARNING ? "works, with warnings"
                                       : "healthy";
}

static void print_verdict(FILE *out, const replay_report_t *r)
{
    finding_counts_t n;
    char counts[COUNTS_TEXT_MAX];
    const char *word = replay_report_verdict(r, &n);
    int worst = replay_report_worst(r);
    char line[COUNTS_TEXT_MAX + 100];
    snprintf(line, sizeof line, "capture%s: %s: %s", r->broken || r->interrupted ? " so far" : "",
             word, finding_counts_text(&n, r->exchanges, counts));
    fprintf(out, "\n%s", worst >= 0 ? text_colour(&r->style, (severity_t)worst) : "");
    text_wrap(out, "", line);
    fputs(text_plain(&r->style), out);
}

/* A run of check as check itself would report it. */
static bool print_run(FILE *out, const replay_report_t *r, const found_run_t *run)
{
    check_report_t c = {.model = run->model,
                        .set = &run->set,
                        .findings = &run->findings,
                        .colour = r->style.colour,
                        .interrupted = run->cut,
                        .untested = run->untested};
    fprintf(out, "\nA run of nsprobe check is in here:\n\n");
    return check_report_text(out, &c);
}

bool replay_report_text(FILE *out, const replay_report_t *r)
{
    bool good = true;
    reply_t *scratch = malloc(sizeof *scratch);
    if (scratch == NULL)
        return false;
    print_summary(out, r);
    print_table(out, r);
    for (size_t i = 0; i < r->findings->count; i++)
        if (is_shown(r, &r->findings->item[i]))
            finding_print(out, &r->style, r->set, &r->findings->item[i], scratch);
    for (size_t i = 0; r->runs != NULL && i < runs_count(r->runs); i++)
        good = print_run(out, r, runs_item(r->runs, i)) && good;
    print_verdict(out, r);
    free(scratch);
    return good;
}
