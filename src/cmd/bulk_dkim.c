/* nsprobe bulk --dkim: the records of one domain after another, in a thread of its own. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/bulk_probe.h"
#include "cmd/bulk_rows.h"
#include "cmd/common.h"
#include "cmd/session.h"
#include "diagnose/tested.h"
#include "probe/dkim.h"
#include "report/bulk_json.h"
#include "report/dkim_text.h"

#define LATER_PAUSE 10000000 /* nanoseconds */

/* One thread's. */
typedef struct verifier {
    bulk_probe_t *p;
    bulk_rows_t rows;
    expect_table_t columns; /* of rows */
    expect_table_for_t how;
} verifier_t;

/* Rows come from a list, or are jobs of a queue, whose results are told by their number. */
static bool has_jobs(const verifier_t *v)
{
    return v->p->run->queue != NULL;
}

static bool print_report(FILE *out, const void *report)
{
    return dkim_report_json(out, report);
}

static void print_head(FILE *f, const bulk_rows_t *rows)
{
    fprintf(f, "{\"line\":%" PRIu64 ",\"lines\":%" PRIu64, rows->first,
            rows->last - rows->first + 1);
}

static void print_result(FILE *f, const verifier_t *v, const dkim_report_t *r, int64_t took)
{
    const dkim_result_t *d = r->result;
    bool untested = r->untested || d->outcome == ROUND_UNTESTED;
    int worst = finding_list_worst(&d->findings);
    print_head(f, &v->rows);
    fputs(",\"domain\":", f);
    bulk_print_name(f, r->domain);
    fprintf(f, ",\"status\":\"%s\",\"outcome\":\"%s\",\"chance\":", verifier_status_name(d->status),
            round_outcome_name(d->outcome));
    if (untested)
        fputs("null", f);
    else
        fprintf(f, "%.10g", d->chance);
    fprintf(f, ",\"coverage\":{\"addresses\":%zu,\"asked\":%zu,\"excluded\":%zu,\"unsent\":%zu}",
            d->coverage.addresses, d->coverage.asked, d->coverage.excluded, d->coverage.unsent);
    fprintf(f,
            ",\"verdict\":\"%s\",\"records\":%zu,\"addresses\":%zu,\"exchanges\":%u,\"took\":%.3f",
            dkim_report_knows_nothing(r) ? "untested"
            : worst < 0                  ? "healthy"
                                         : severity_name((severity_t)worst),
            d->expectation_count, d->address_count, r->set->count, (double)took / 1e9);
    bulk_print_shared(f, v->p);
    bulk_print_findings(f, &d->findings, r->set);
    if (v->p->run->args->full)
        bulk_print_report(f, print_report, r);
    fputs("}\n", f);
}

static void write_text(verifier_t *v, const char *text, size_t size)
{
    if (has_jobs(v))
        bulk_probe_write(v->p, text, size);
    else if (!output_write_range(v->p->run->out, text, size, v->rows.first, v->rows.last))
        v->p->run->failed = true;
}

/* What stands in the place of a result: key is "error", with a sentence, or "skipped". */
static void write_other(verifier_t *v, const char *key, const char *why)
{
    char buf[4096];
    nsp_text_t t;
    nsp_text_begin(&t, buf, sizeof buf);
    nsp_text_printf(&t, "{\"line\":%" PRIu64 ",\"lines\":%" PRIu64 ",\"input\":", v->rows.first,
                    v->rows.last - v->rows.first + 1);
    nsp_text_json_string(&t, v->rows.domain, strlen(v->rows.domain));
    nsp_text_printf(&t, ",\"%s\":", key);
    nsp_text_json_string(&t, why, strlen(why));
    nsp_text_str(&t, "}\n");
    write_text(v, t.buf, t.len);
}

static void write_error(verifier_t *v, const char *why)
{
    if (has_jobs(v)) {
        bulk_probe_error(v->p, why);
        return;
    }
    v->p->run->bad++;
    write_other(v, "error", why);
}

/* Nothing came of it, for no reason of its own. */
static void write_failure(verifier_t *v, const char *why)
{
    if (has_jobs(v))
        bulk_probe_fail(v->p, why);
    else
        write_error(v, why);
}

/* Verifies, and prints the result to f when NET_OK is returned. */
static net_err_t verify(verifier_t *v, const nsp_name_t *domain, const expectations_t *e, FILE *f)
{
    bulk_probe_t *p = v->p;
    dkim_options_t options = dkim_options_default();
    exchange_set_t set;
    model_input_t in;
    dkim_result_t result;
    exchange_set_init(&set, 0);
    options.check = bulk_probe_begin(p, domain);
    probe_options_input(&p->run->args->probe, domain, &in);
    int64_t began = flight_now();
    net_err_t err = dkim_run(p->net, &in, e, &options, &set, &result);
    bulk_probe_count(p, &set);
    if (err == NET_OK) {
        dkim_report_t r = {.domain = domain, .set = &set, .result = &result};
        r.untested = !tested_anything(&set);
        print_result(f, v, &r, flight_now() - began);
    }
    dkim_result_free(&result);
    exchange_set_free(&set);
    return err;
}

static void work_on(verifier_t *v, const nsp_name_t *domain, const expectations_t *e)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    net_err_t err = f != NULL ? verify(v, domain, e, f) : NET_E_MEMORY;
    if (f != NULL && fclose(f) != 0 && err == NET_OK)
        err = NET_E_MEMORY;
    if (err == NET_OK)
        write_text(v, text, size);
    else if (err != NET_E_INTERRUPTED)
        write_failure(v, "out of memory or sockets");
    free(text);
}

/* What the rows expect, and of whom. False with a sentence in err. */
static bool read_rows(const verifier_t *v, nsp_name_t *domain, expectations_t *e,
                      char err[EXPECT_ERROR_MAX])
{
    const bulk_rows_t *r = &v->rows;
    if (r->bad || r->domain[0] == '\0') {
        snprintf(err, EXPECT_ERROR_MAX, "%s",
                 r->bad ? "no row of CSV, a quotation mark that is not closed, or too long"
                        : "no domain in the row");
        return false;
    }
    return common_domain(r->domain, domain, err) &&
           expect_table_add(&v->columns, &v->how, r->text, r->size, (uint32_t)r->first, domain, e,
                            err);
}

static void take_rows(verifier_t *v)
{
    bulk_run_t *run = v->p->run;
    char err[EXPECT_ERROR_MAX];
    nsp_name_t domain;
    expectations_t e;
    expectations_init(&e);
    if (!read_rows(v, &domain, &e, err)) {
        write_error(v, err);
    } else if (run->optout != NULL && optout_has_name(run->optout, &domain)) {
        run->skipped++;
        write_other(v, "skipped", "opt-out");
    } else {
        work_on(v, &domain, &e);
    }
    expectations_free(&e);
}

static void work_on_jobs(verifier_t *v)
{
    char err[EXPECT_ERROR_MAX];
    while (bulk_probe_next(v->p)) {
        const list_line_t *job = &v->p->in;
        v->p->run->outstanding++;
        if (job->cut)
            write_error(v, "a job has at most 4096 octets");
        else if (!bulk_rows_of_job(job, &v->columns, &v->rows, err))
            write_error(v, err);
        else
            take_rows(v);
        v->p->run->outstanding--;
    }
}

static void work_on_list(verifier_t *v)
{
    struct timespec pause = {.tv_nsec = LATER_PAUSE};
    bulk_run_t *run = v->p->run;
    v->columns = *bulk_table_columns(run->table);
    while (stop_requested == 0 && !run->failed) {
        list_got_t got = bulk_table_next(run, &v->rows);
        if (got == LIST_END)
            return;
        if (got == LIST_LATER) {
            nanosleep(&pause, NULL);
            continue;
        }
        run->outstanding++;
        take_rows(v);
        run->outstanding--;
    }
}

void *bulk_dkim_thread(void *user)
{
    bulk_run_t *run = user;
    const expect_options_t *o = &run->args->expect;
    verifier_t v = {
        .p = bulk_probe_new(run),
        .how = {.parameter = "", .where = run->args->dkim_jobs ? "job" : run->args->file}};
    v.how.provider =
        provider_find(o->providers, o->provider != NULL ? o->provider : "ses", &v.how.parameter);
    if (v.p != NULL && v.how.provider != NULL && has_jobs(&v))
        work_on_jobs(&v);
    else if (v.p != NULL && v.how.provider != NULL)
        work_on_list(&v);
    bulk_probe_free(v.p);
    free(v.rows.text);
    return NULL;
}
