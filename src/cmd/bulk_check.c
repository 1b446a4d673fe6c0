/* nsprobe bulk: the whole diagnosis of one domain after another, in a thread of its own. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/bulk.h"
#include "cmd/cmd.h"
#include "cmd/common.h"
#include "cmd/session.h"
#include "diagnose/diagnose.h"
#include "report/bulk_json.h"
#include "report/check_text.h"

#define TEXT_SIZE (256 * 1024)

static int64_t gate_take(void *user, const addr_t *server, int64_t now, int64_t turn[2])
{
    limits_turn_t t = {.at = turn[0], .total = turn[1] != 0};
    int64_t again = limits_take(user, server, now, &t);
    turn[0] = t.at;
    turn[1] = t.total;
    return again;
}

static void gate_give(void *user, const exchange_t *x, int64_t now)
{
    const event_t *first = exchange_query(x);
    const event_t *reply = exchange_reply(x);
    bool answered = first != NULL && reply != NULL;
    for (unsigned i = 1; i < exchange_attempts(x); i++)
        limits_retry(user, &x->server, now);
    limits_give(user, &x->server, answered, answered ? reply->at - first->at : -1, now);
}

static void print_findings(FILE *f, const finding_list_t *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const finding_t *x = &list->item[i];
        char addr[ADDR_TEXT_MAX];
        fprintf(f, "%s{\"id\":\"%s\",\"severity\":\"%s\",\"address\":", i > 0 ? "," : "",
                finding_desc(x->id)->id, severity_name(x->severity));
        if (x->has_addr)
            fprintf(f, "\"%s\"}", addr_text(&x->addr, addr));
        else
            fputs("null}", f);
    }
}

static void print_name(FILE *f, const nsp_name_t *name)
{
    char text[NSP_NAME_TEXT_MAX];
    char quoted[NSP_NAME_TEXT_MAX * 2];
    nsp_text_t t;
    size_t n = nsp_name_to_text(name, text, sizeof text);
    nsp_text_begin(&t, quoted, sizeof quoted);
    nsp_text_json_string(&t, text, n);
    fputs(quoted, f);
}

/* One result. False when memory is out. */
static bool print_result(FILE *f, uint64_t line, const check_report_t *r, int64_t took, bool full)
{
    const model_t *m = r->model;
    int worst = finding_list_worst(r->findings);
    fprintf(f, "{\"line\":%" PRIu64 ",\"domain\":", line);
    print_name(f, &m->domain);
    fputs(",\"zone\":", f);
    if (m->zone_found)
        print_name(f, &m->zone);
    else
        fputs("null", f);
    fprintf(f, ",\"verdict\":\"%s\",\"addresses\":%u,\"exchanges\":%u,\"took\":%.3f,\"findings\":[",
            r->untested ? "untested"
            : worst < 0 ? "healthy"
                        : severity_name((severity_t)worst),
            m->address_count, r->set->count, (double)took / 1e9);
    print_findings(f, r->findings);
    fputs("]", f);
    if (full) {
        /* the report ends with a newline, which JSON allows and NDJSON does not */
        char *report = NULL;
        size_t size = 0;
        FILE *g = open_memstream(&report, &size);
        bool good = g != NULL && check_report_json(g, r);
        good = (g == NULL || fclose(g) == 0) && good;
        while (good && size > 0 && report[size - 1] == '\n')
            report[--size] = '\0';
        fprintf(f, ",\"report\":%s", good ? report : "null");
        free(report);
    }
    fputs("}\n", f);
    return true;
}

typedef struct checker {
    bulk_run_t *run;
    net_t *net;
    model_t *model;
    list_line_t in;
} checker_t;

static void write_result(checker_t *c, const char *text, size_t size)
{
    if (!output_write(c->run->out, text, size, &c->in.number, 1))
        c->run->failed = true;
}

static void write_error(checker_t *c, const char *why)
{
    char buf[2048];
    nsp_text_t t;
    nsp_text_begin(&t, buf, sizeof buf);
    bulk_json_error(&t, c->in.number, c->in.text, c->in.size, why);
    c->run->bad++;
    write_result(c, t.buf, t.len);
}

static void check_one(checker_t *c, const nsp_name_t *domain)
{
    const bulk_args_t *a = c->run->args;
    loop_gate_t gate = {.user = c->run->limits, .take = gate_take, .give = gate_give};
    check_options_t options = a->probe.check;
    diagnose_options_t diagnosis = diagnose_options_default();
    exchange_set_t set;
    finding_list_t findings;
    model_input_t in;
    char *text = NULL;
    size_t size = 0;
    exchange_set_init(&set, 0);
    finding_list_init(&findings);
    probe_options_input(&a->probe, domain, &in);
    options.gate = c->run->limits != NULL ? &gate : NULL;
    int64_t began = flight_now();
    net_err_t err = check_run(c->net, &in, &options, &set, c->model);
    c->run->sent += set.count;
    FILE *f = err == NET_OK && diagnose(c->model, &set, &diagnosis, &findings)
                  ? open_memstream(&text, &size)
                  : NULL;
    if (f != NULL) {
        check_report_t r = {.model = c->model, .set = &set, .findings = &findings};
        r.untested = !session_tested(&set);
        print_result(f, c->in.number, &r, flight_now() - began, a->full);
        if (fclose(f) == 0)
            write_result(c, text, size);
        else
            c->run->failed = true;
    } else if (err != NET_E_INTERRUPTED) {
        write_error(c, "out of memory or sockets");
    }
    free(text);
    finding_list_free(&findings);
    exchange_set_free(&set);
}

static void check_all(checker_t *c)
{
    struct timespec pause = {.tv_nsec = 10000000};
    while (stop_requested == 0 && !c->run->failed) {
        char err[200];
        nsp_name_t domain;
        list_got_t got = bulk_take(c->run, &c->in);
        if (got == LIST_END)
            return;
        if (got == LIST_LATER) {
            nanosleep(&pause, NULL);
            continue;
        }
        c->run->outstanding++;
        if (c->in.cut)
            write_error(c, "a domain has at most 255 octets");
        else if (common_name(c->in.text + strspn(c->in.text, " \t"), &domain, err))
            check_one(c, &domain);
        else
            write_error(c, err);
        c->run->outstanding--;
    }
}

void *bulk_check_thread(void *user)
{
    checker_t *c = calloc(1, sizeof *c);
    bulk_run_t *run = user;
    model_t *m = calloc(1, sizeof *m);
    if (c == NULL || m == NULL) {
        run->failed = true;
    } else {
        c->run = run;
        c->model = m;
        if (probe_options_open(&run->args->probe, &c->net) == 0)
            check_all(c);
        else
            run->failed = true;
        if (c->net != NULL)
            c->net->ops->destroy(c->net);
    }
    free(m);
    free(c);
    return NULL;
}
