#include <stdio.h>
#include <string.h>

#include "exchange/noun.h"
#include "report/history_report.h"
#include "report/watch_report.h"

#define CHANGES_SHOWN 20

static const char *colour_of(const text_style_t *style, verifier_status_t status)
{
    if (status == VERIFIER_SUCCESS)
        return text_good(style);
    return text_colour(style, status == VERIFIER_FAILED ? SEVERITY_ERROR : SEVERITY_WARNING);
}

static void print_status(FILE *out, const text_style_t *style, verifier_status_t status)
{
    fprintf(out, "%s%s%s", colour_of(style, status), verifier_status_name(status),
            text_plain(style));
}

const char *history_spark(const history_address_t *a, bool utf8, char out[HISTORY_SPARK_MAX])
{
    static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const signs[] = {"_", ".", ",", "-", "=", "+", "*", "#"};
    int64_t most = 1;
    size_t n = 0;
    for (size_t i = 0; i < HISTORY_BUCKETS; i++)
        most = a->bucket[i].rtt > most ? a->bucket[i].rtt : most;
    for (size_t i = 0; i < HISTORY_BUCKETS; i++) {
        const history_bucket_t *b = &a->bucket[i];
        const char *sign = b->rounds == 0 ? " " : "x";
        if (b->rtt >= 0) {
            int64_t height = b->rtt * 8 / most;
            height = height > 7 ? 7 : height;
            sign = (utf8 ? blocks : signs)[height];
        }
        size_t size = strlen(sign);
        memcpy(out + n, sign, size);
        n += size;
    }
    out[n] = '\0';
    return out;
}

/* "50 of them did not ask every address: 40 verified, 10 untested" */
static void print_partial(FILE *out, const history_t *h)
{
    int64_t all = 0;
    const char *between = ":";
    for (int k = ROUND_UNTESTED; k <= ROUND_TEMPORARY; k++)
        all += h->partial[k];
    if (all == 0)
        return;
    fprintf(out, "  %lld of them did not ask every address", (long long)all);
    for (int k = ROUND_UNTESTED; k <= ROUND_TEMPORARY; k++) {
        if (h->partial[k] == 0)
            continue;
        fprintf(out, "%s %lld %s", between, (long long)h->partial[k],
                round_outcome_name((round_outcome_t)k));
        between = ",";
    }
    fputc('\n', out);
}

static void print_head(FILE *out, const history_style_t *style, const history_t *h)
{
    char at[WATCH_TIME_MAX];
    const watch_state_t *s = &h->domain.state;
    fprintf(out, "%s  ", h->name);
    print_status(out, &style->text, s->status);
    if (s->since != 0)
        fprintf(out, " since %s", watch_time_text(s->since, at));
    fputc('\n', out);
    if (h->rounds == 0) {
        fputs("  no round in this time\n", out);
        return;
    }
    fprintf(out, "  %lld round%s from %s", (long long)h->rounds, h->rounds == 1 ? "" : "s",
            watch_time_text(h->first, at));
    fprintf(out, " to %s\n ", watch_time_text(h->last, at));
    for (int k = ROUND_VERIFIED; k <= ROUND_TEMPORARY; k++)
        fprintf(out, " %lld %s,", (long long)h->outcome[k], round_outcome_name((round_outcome_t)k));
    fprintf(out, " %lld untested\n", (long long)h->outcome[ROUND_UNTESTED]);
    print_partial(out, h);
}

static void print_changes(FILE *out, const history_style_t *style, const history_t *h)
{
    size_t first = 0;
    char at[WATCH_TIME_MAX];
    if (h->change_count == 0)
        return;
    if (!style->text.verbose && h->change_count > CHANGES_SHOWN)
        first = h->change_count - CHANGES_SHOWN;
    fprintf(out, "\nCHANGES\n");
    if (first > 0)
        fprintf(out, "  %zu earlier %s; -v shows all\n", first, noun(first, "one", "ones"));
    for (size_t i = first; i < h->change_count; i++) {
        const history_change_t *c = &h->change[i];
        fprintf(out, "  %s  %-9s  %s -> ", watch_time_text(c->at, at),
                transition_name(c->transition), verifier_status_name(c->before));
        print_status(out, &style->text, c->after);
        fputc('\n', out);
    }
}

static void print_address(FILE *out, const history_style_t *style, const history_address_t *a)
{
    char spark[HISTORY_SPARK_MAX];
    char share[16] = "-";
    char mean[16] = "-";
    if (a->total.asked > 0)
        snprintf(share, sizeof share, "%.1f %%",
                 (double)a->total.answered * 100 / (double)a->total.asked);
    if (a->total.rtt >= 0)
        snprintf(mean, sizeof mean, "%.1f ms", (double)a->total.rtt / 1000);
    if (strlen(a->address) > 26)
        fprintf(out, "  %s\n  %26s", a->address, "");
    else
        fprintf(out, "  %-26s", a->address);
    fprintf(out, " %8s %10s  %s\n", share, mean, history_spark(a, style->utf8, spark));
}

bool history_report_text(FILE *out, const history_style_t *style, const history_t *h)
{
    print_head(out, style, h);
    print_changes(out, style, h);
    if (h->address_count > 0)
        fprintf(out, "\n%-28s %8s %10s  %s\n", "SERVER AND ADDRESS", "ANSWERED", "MEAN TIME",
                "TIME, OLDEST FIRST");
    for (size_t i = 0; i < h->address_count; i++) {
        const history_address_t *a = &h->address[i];
        if (i == 0 || strcmp(a->server, h->address[i - 1].server) != 0)
            fprintf(out, "%s\n", a->server);
        print_address(out, style, a);
    }
    return fflush(out) == 0 && !ferror(out);
}

void history_report_line(FILE *out, const history_style_t *style, const char *name,
                         const watch_state_t *state)
{
    char since[WATCH_TIME_MAX];
    char last[WATCH_TIME_MAX];
    int pad = 17 - (int)strlen(verifier_status_name(state->status));
    print_status(out, &style->text, state->status);
    fprintf(out, "%*s  %-20s  %-20s  %s\n", pad, "", watch_time_text(state->since, since),
            watch_time_text(state->last, last), name);
}
