/* nsprobe bulk: the whole diagnosis of one domain after another, in a thread of its own. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/bulk_probe.h"
#include "cmd/common.h"
#include "cmd/session.h"
#include "diagnose/diagnose.h"
#include "diagnose/tested.h"
#include "report/check_text.h"

static bool print_report(FILE *out, const void *report)
{
    return check_report_json(out, report);
}

static void print_result(FILE *f, const bulk_probe_t *p, const check_report_t *r, int64_t took)
{
    const model_t *m = r->model;
    int worst = finding_list_worst(r->findings);
    fprintf(f, "{\"line\":%" PRIu64 ",\"domain\":", p->in.number);
    bulk_print_name(f, &m->domain);
    fputs(",\"zone\":", f);
    if (m->zone_found)
        bulk_print_name(f, &m->zone);
    else
        fputs("null", f);
    fprintf(f, ",\"verdict\":\"%s\",\"addresses\":%u,\"exchanges\":%u,\"took\":%.3f",
            r->untested ? "untested"
            : worst < 0 ? "healthy"
                        : severity_name((severity_t)worst),
            m->address_count, r->set->count, (double)took / 1e9);
    bulk_print_shared(f, p);
    bulk_print_findings(f, r->findings, r->set);
    if (p->run->args->full)
        bulk_print_report(f, print_report, r);
    fputs("}\n", f);
}

/* Checks one domain and prints its result, a line, to f. m is large, and the caller's. Nothing is
 * printed unless NET_OK is returned. */
static net_err_t bulk_check_one(bulk_probe_t *p, const nsp_name_t *domain, model_t *m, FILE *f)
{
    check_options_t options = bulk_probe_begin(p, domain);
    diagnose_options_t diagnosis = diagnose_options_default();
    exchange_set_t set;
    finding_list_t findings;
    model_input_t in;
    exchange_set_init(&set, 0);
    finding_list_init(&findings);
    probe_options_input(&p->run->args->probe, domain, &in);
    int64_t began = flight_now();
    net_err_t err = check_run(p->net, &in, &options, &set, m);
    bulk_probe_count(p, &set);
    if (err == NET_OK && !diagnose(m, &set, &diagnosis, &findings))
        err = NET_E_MEMORY;
    if (err == NET_OK) {
        check_report_t r = {.model = m, .set = &set, .findings = &findings};
        r.untested = !tested_domain(m, &set, &findings);
        print_result(f, p, &r, flight_now() - began);
    }
    finding_list_free(&findings);
    exchange_set_free(&set);
    return err;
}

static void work_on(bulk_probe_t *p, const nsp_name_t *domain, model_t *m)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    net_err_t err = f != NULL ? bulk_check_one(p, domain, m, f) : NET_E_MEMORY;
    if (f != NULL && fclose(f) != 0 && err == NET_OK)
        err = NET_E_MEMORY;
    if (err == NET_OK)
        bulk_probe_write(p, text, size);
    else if (err != NET_E_INTERRUPTED)
        bulk_probe_fail(p, "out of memory or sockets");
    free(text);
}

static void work(bulk_probe_t *p, model_t *m)
{
    while (bulk_probe_next(p)) {
        char err[200];
        nsp_name_t domain;
        p->run->outstanding++;
        if (p->in.cut)
            bulk_probe_error(p, "a domain has at most 255 octets");
        else if (!common_domain(p->in.text + strspn(p->in.text, " \t"), &domain, err))
            bulk_probe_error(p, err);
        else if (!bulk_probe_skips(p, &domain))
            work_on(p, &domain, m);
        p->run->outstanding--;
    }
}

void *bulk_check_thread(void *user)
{
    bulk_run_t *run = user;
    bulk_probe_t *p = bulk_probe_new(run);
    model_t *m = calloc(1, sizeof *m);
    if (p != NULL && m != NULL)
        work(p, m);
    else
        run->failed = true;
    bulk_probe_free(p);
    free(m);
    return NULL;
}
