#include "report/dkim_text.h"

#include <stdlib.h>
#include <string.h>

#include "exchange/noun.h"
#include "report/dkim_matrix.h"
#include "report/exchange_text.h"
#include "report/finding_text.h"

static const char *status_colour(const dkim_report_t *r)
{
    const text_style_t style = {r->verbose, r->colour};
    switch (r->result->status) {
    case VERIFIER_SUCCESS:
        return text_good(&style);
    case VERIFIER_FAILED:
        return text_colour(&style, SEVERITY_ERROR);
    case VERIFIER_PENDING:
    case VERIFIER_TEMPORARY_FAILURE:
        return text_colour(&style, SEVERITY_WARNING);
    case VERIFIER_NOT_STARTED:
        break;
    }
    return "";
}

/* How many addresses a zone has, and how many records are expected in it. */
static void count_zone(const dkim_result_t *r, const nsp_name_t *zone, size_t *addresses,
                       size_t *records)
{
    *addresses = 0;
    *records = 0;
    for (size_t i = 0; i < r->address_count; i++)
        *addresses += r->address[i].delegated && nsp_name_equal(&r->address[i].zone, zone);
    for (size_t e = 0; e < r->expectation_count; e++) {
        bool holds = false;
        for (size_t i = 0; i < r->address_count; i++)
            holds = holds || (r->cell[e * r->address_count + i].holds &&
                              nsp_name_equal(&r->address[i].zone, zone));
        *records += holds;
    }
}

static bool zone_seen(const dkim_result_t *r, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (nsp_name_equal(&r->address[k].zone, &r->address[i].zone))
            return true;
    return false;
}

/* Addresses were left out that a verifier may ask. */
static bool covers_a_part(const dkim_coverage_t *c)
{
    return c->excluded + c->unsent > 0;
}

static void print_head(FILE *out, const dkim_report_t *r)
{
    const dkim_result_t *d = r->result;
    const text_style_t style = {r->verbose, r->colour};
    char name[NSP_NAME_TEXT_MAX];
    char line[NSP_NAME_TEXT_MAX + 100];
    size_t n = nsp_name_to_text(r->domain, name, sizeof name);
    const char *status = verifier_status_name(d->status);
    if (n + 2 + strlen(status) > TEXT_WIDTH)
        text_wrap_at(out, 0, TEXT_NAME_INDENT, name);
    else
        fputs(name, out);
    fprintf(out, "  %s%s%s", status_colour(r), status, text_plain(&style));
    if (covers_a_part(&d->coverage))
        fprintf(out, ", of %zu of %zu %s", d->coverage.asked, d->coverage.addresses,
                noun(d->coverage.addresses, "address", "addresses"));
    fputc('\n', out);
    for (size_t i = 0; i < d->address_count; i++) {
        size_t addresses = 0;
        size_t records = 0;
        if (zone_seen(d, i))
            continue;
        count_zone(d, &d->address[i].zone, &addresses, &records);
        nsp_name_to_text(&d->address[i].zone, name, sizeof name);
        snprintf(line, sizeof line, "%zu record%s expected at %zu address%s of %s", records,
                 records == 1 ? "" : "s", addresses, addresses == 1 ? "" : "es", name);
        text_wrap(out, "  ", line);
    }
}

/* A chance in percent that never rounds to certainty; buf or a constant. */
static const char *dkim_chance_text(double chance, char buf[32])
{
    if (!(chance > 0))
        return "none";
    if (chance >= 1)
        return "100 %";
    if (chance < 0.001)
        return "less than 0.1 %";
    if (chance > 0.999)
        return "more than 99.9 %";
    snprintf(buf, 32, chance < 0.1 || chance > 0.9 ? "%.1f %%" : "%.0f %%", chance * 100);
    return buf;
}

/* All that could be asked is as expected, and this machine could not ask the rest. */
static bool good_from_here(const dkim_result_t *d)
{
    const dkim_coverage_t *c = &d->coverage;
    return d->outcome == ROUND_UNTESTED && c->asked > 0 && c->unsent > 0 && d->chance > 1 - 1e-9 &&
           c->asked + c->excluded + c->unsent == c->addresses;
}

bool dkim_report_knows_nothing(const dkim_report_t *r)
{
    return r->untested || (r->result->outcome == ROUND_UNTESTED && r->result->coverage.asked == 0);
}

const char *dkim_verdict_text(const dkim_report_t *r, char buf[DKIM_VERDICT_MAX])
{
    const dkim_result_t *d = r->result;
    char chance[32];
    if (r->untested)
        return "not tested: nothing could be sent";
    if (good_from_here(d))
        return "not all tested: every record is found where it can be asked for";
    if (d->outcome == ROUND_UNTESTED)
        return d->coverage.asked > 0 ? "not all tested"
                                     : "not tested: no record could be asked for";
    snprintf(buf, DKIM_VERDICT_MAX, "chance that one attempt of a verifier finds every record: %s",
             dkim_chance_text(d->chance, chance));
    return buf;
}

const char *dkim_coverage_text(const dkim_report_t *r, char buf[DKIM_VERDICT_MAX])
{
    const dkim_coverage_t *c = &r->result->coverage;
    if (!covers_a_part(c))
        return "";
    size_t left = c->excluded + c->unsent;
    snprintf(buf, DKIM_VERDICT_MAX, "of %zu of the %zu %s: %zu %s, and may lack a record", c->asked,
             c->addresses, noun(c->addresses, "address", "addresses"), left,
             c->unsent == 0     ? (left == 1 ? "was left out" : "were left out")
             : c->excluded == 0 ? "cannot be asked from here"
                                : "were left out or cannot be asked from here");
    return buf;
}

static void print_verdict(FILE *out, const dkim_report_t *r)
{
    const dkim_result_t *d = r->result;
    const text_style_t style = {r->verbose, r->colour};
    const finding_counts_t n = finding_count(&d->findings);
    char verdict[DKIM_VERDICT_MAX];
    char covers[DKIM_VERDICT_MAX];
    char counts[COUNTS_TEXT_MAX];
    fprintf(out, "\n%s%s%s%s: %s\n", status_colour(r), r->interrupted ? "so far " : "",
            verifier_status_name(d->status), text_plain(&style), dkim_verdict_text(r, verdict));
    if (covers_a_part(&d->coverage))
        fprintf(out, "%s\n", dkim_coverage_text(r, covers));
    fprintf(out, "%s\n", finding_counts_text(&n, r->set->count, counts));
    if (r->interrupted)
        fprintf(out, "interrupted: what was learnt until then\n");
}

bool dkim_report_text(FILE *out, const dkim_report_t *r)
{
    const text_style_t style = {r->verbose, r->colour};
    reply_t *scratch = malloc(sizeof *scratch);
    if (scratch == NULL)
        return false;
    print_head(out, r);
    bool good = dkim_matrix_print(out, r);
    findings_print(out, &style, r->set, &r->result->findings, scratch);
    if (r->verbose)
        exchanges_print(out, r->set, scratch);
    print_verdict(out, r);
    free(scratch);
    return good;
}
