/* What became of the client: table, JSON, JUnit XML. */
#include <jansson.h>
#include <stdlib.h>

#include "torture/torture.h"

/* Output of a client is anybody's octets: only printable ASCII goes on. */
static void print_clean(FILE *out, const char *text, size_t size, bool xml)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (xml && (c == '<' || c == '>' || c == '&' || c == '"'))
            fprintf(out, "&#%u;", c);
        else if (c == '\n' || (c >= ' ' && c < 0x7f))
            fputc(c, out);
        else
            fputc('.', out);
    }
}

static void print_row(FILE *out, const torture_result_t *r)
{
    char name[40];
    char how[24];
    if (r->signal != 0)
        snprintf(how, sizeof how, "signal %d", r->signal);
    else
        snprintf(how, sizeof how, "exit %d", r->exit_code);
    fprintf(out, "%-20s %-10s %-10s %9llu %8.2f s\n", torture_result_name(r, name),
            torture_verdict_name(r->verdict), how, (unsigned long long)r->questions,
            (double)r->milliseconds / 1000);
}

void torture_print(FILE *out, const torture_report_t *r, bool verbose)
{
    size_t n[TORTURE_VERDICT_COUNT] = {0};
    fprintf(out, "%-20s %-10s %-10s %9s %10s\n", "FAULT", "VERDICT", "END", "QUESTIONS", "TIME");
    for (int v = TORTURE_VERDICT_COUNT - 1; v >= 0; v--) {
        for (size_t i = 1; i < r->count; i++) {
            const torture_result_t *one = &r->item[i];
            if (one->verdict != (torture_verdict_t)v)
                continue;
            n[v]++;
            if (v == TORTURE_SURVIVED && !verbose)
                continue;
            print_row(out, one);
            if (torture_is_bad(one->verdict) && !one->honest && one->fault != FAULT_COUNT)
                fprintf(out, "    %s (%s)\n", fault_desc(one->fault)->what,
                        fault_desc(one->fault)->source);
            if (verbose && one->output_size > 0)
                print_clean(out, one->output, one->output_size, false);
        }
    }
    fprintf(out, "\n");
    for (int v = 0; v < TORTURE_VERDICT_COUNT; v++)
        if (n[v] > 0)
            fprintf(out, "%6zu %-10s %s\n", n[v], torture_verdict_name((torture_verdict_t)v),
                    torture_verdict_text((torture_verdict_t)v));
    if (r->interrupted)
        fprintf(out, "interrupted: what was learnt until then\n");
}

static json_t *json_text(const char *text, size_t size)
{
    char *clean = malloc(size + 1);
    if (clean == NULL)
        return NULL;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        clean[i] = c == '\n' || (c >= ' ' && c < 0x7f) ? (char)c : '.';
    }
    json_t *j = json_stringn(clean, size);
    free(clean);
    return j;
}

static json_t *json_result(const torture_result_t *r)
{
    char name[40];
    json_t *j = json_object();
    bool catalogue = !r->honest && r->fault != FAULT_COUNT;
    json_object_set_new(j, "fault", json_string(torture_result_name(r, name)));
    json_object_set_new(j, "seed", json_integer((json_int_t)r->seed));
    json_object_set_new(j, "what",
                        catalogue ? json_string(fault_desc(r->fault)->what) : json_null());
    json_object_set_new(j, "source",
                        catalogue ? json_string(fault_desc(r->fault)->source) : json_null());
    json_object_set_new(j, "verdict", json_string(torture_verdict_name(r->verdict)));
    json_object_set_new(j, "exit", r->exit_code >= 0 ? json_integer(r->exit_code) : json_null());
    json_object_set_new(j, "signal", r->signal != 0 ? json_integer(r->signal) : json_null());
    json_object_set_new(j, "questions", json_integer((json_int_t)r->questions));
    json_object_set_new(j, "seconds", json_real((double)r->milliseconds / 1000));
    json_object_set_new(j, "output", json_text(r->output, r->output_size));
    return j;
}

bool torture_print_json(FILE *out, const torture_report_t *r, const torture_options_t *options)
{
    json_t *j = json_object();
    json_t *client = json_array();
    json_t *results = json_array();
    for (size_t i = 0; options->argv[i] != NULL; i++)
        json_array_append_new(client, json_text(options->argv[i], strlen(options->argv[i])));
    for (size_t i = 0; i < r->count; i++)
        json_array_append_new(results, json_result(&r->item[i]));
    json_object_set_new(j, "client", client);
    json_object_set_new(j, "seed", json_integer((json_int_t)options->seed));
    json_object_set_new(j, "interrupted", json_boolean(r->interrupted));
    json_object_set_new(j, "results", results);
    bool good =
        json_dumpf(j, out, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15)) == 0 &&
        fputc('\n', out) != EOF;
    json_decref(j);
    return good;
}

bool torture_print_junit(FILE *out, const torture_report_t *r, const torture_options_t *options)
{
    size_t bad = 0;
    size_t skipped = 0;
    for (size_t i = 1; i < r->count; i++) {
        bad += torture_is_bad(r->item[i].verdict);
        skipped += r->item[i].verdict == TORTURE_UNASKED;
    }
    fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"");
    print_clean(out, options->argv[0], strlen(options->argv[0]), true);
    fprintf(out, "\" tests=\"%zu\" failures=\"%zu\" skipped=\"%zu\">\n",
            r->count > 0 ? r->count - 1 : 0, bad, skipped);
    for (size_t i = 1; i < r->count; i++) {
        const torture_result_t *one = &r->item[i];
        char name[40];
        fprintf(out, "  <testcase classname=\"torture\" name=\"%s\" time=\"%.3f\">",
                torture_result_name(one, name), (double)one->milliseconds / 1000);
        if (torture_is_bad(one->verdict)) {
            fprintf(out, "<failure message=\"%s\">", torture_verdict_name(one->verdict));
            print_clean(out, one->output, one->output_size, true);
            fprintf(out, "</failure>");
        } else if (one->verdict == TORTURE_UNASKED) {
            fprintf(out, "<skipped/>");
        }
        fprintf(out, "</testcase>\n");
    }
    return fprintf(out, "</testsuite>\n") > 0 && fflush(out) == 0;
}
