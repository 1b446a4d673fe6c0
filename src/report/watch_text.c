/* Rounds and changes for people. */
#include <stdio.h>
#include <time.h>

#include "report/watch_report.h"

#define FINDINGS_SHOWN 3

const char *watch_time_text(int64_t ms, char buf[WATCH_TIME_MAX])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    if (ms == 0 || gmtime_r(&seconds, &tm) == NULL ||
        strftime(buf, WATCH_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        snprintf(buf, WATCH_TIME_MAX, "-");
    return buf;
}

static const char *colour_of(const text_style_t *style, verifier_status_t s)
{
    switch (s) {
    case VERIFIER_SUCCESS:
        return text_good(style);
    case VERIFIER_FAILED:
        return text_colour(style, SEVERITY_ERROR);
    case VERIFIER_PENDING:
    case VERIFIER_TEMPORARY_FAILURE:
        return text_colour(style, SEVERITY_WARNING);
    case VERIFIER_NOT_STARTED:
        break;
    }
    return text_colour(style, SEVERITY_INFO);
}

static void print_round(FILE *out, const text_style_t *style, const watch_report_t *w)
{
    const watch_round_t *r = w->round;
    char at[WATCH_TIME_MAX];
    size_t answering = 0;
    verifier_status_t status = w->state->status;
    for (size_t i = 0; i < r->sample_count; i++)
        answering += r->sample[i].answered > 0;
    fprintf(out, "%s %s #%lld %s, %s%s%s", watch_time_text(w->at, at), w->domain->target->name,
            (long long)w->number, round_outcome_name(r->outcome), colour_of(style, status),
            verifier_status_name(status), text_plain(style));
    if (r->sample_count > 0)
        fprintf(out, ", %zu of %zu answer", answering, r->sample_count);
    if (r->coverage.unsent > 0)
        fprintf(out, ", %zu of %zu can be asked from here", r->coverage.asked,
                r->coverage.addresses);
    else if (r->coverage.excluded > 0)
        fprintf(out, ", %zu of %zu asked", r->coverage.asked, r->coverage.addresses);
    if (watch_state_glitch(w->state))
        fprintf(out, ", bad round %u tolerated", w->state->bad_rounds);
    fputc('\n', out);
}

static void print_change(FILE *out, const text_style_t *style, const watch_report_t *w)
{
    char at[WATCH_TIME_MAX];
    char line[400];
    fprintf(out, "%s %s %s -> %s%s%s\n", watch_time_text(w->at, at), w->domain->target->name,
            verifier_status_name(w->before), colour_of(style, w->state->status),
            verifier_status_name(w->state->status), text_plain(style));
    snprintf(line, sizeof line, "%s%s%s", transition_text(w->transition),
             w->fails_at != 0 ? "; FAILED at " : "",
             w->fails_at != 0 ? watch_time_text(w->fails_at, at) : "");
    text_wrap(out, "  ", line);
}

static void print_findings(FILE *out, const text_style_t *style, const watch_report_t *w)
{
    const watch_round_t *r = w->round;
    size_t max = style->verbose ? WATCH_FINDINGS_MAX : FINDINGS_SHOWN;
    for (size_t i = 0; i < r->finding_count && i < max; i++) {
        const watch_finding_t *f = &r->finding[i];
        if (f->severity < SEVERITY_WARNING && !style->verbose)
            break;
        fprintf(out, "  %s%s%s  %s\n", text_colour(style, f->severity), severity_name(f->severity),
                text_plain(style), f->id);
        text_wrap(out, "    ", f->text);
        text_wrap(out, "    fix  ", f->fix);
    }
}

bool watch_report_text(FILE *out, const text_style_t *style, const watch_report_t *w)
{
    bool changed = w->transition != TRANSITION_NONE;
    bool bad = w->round != NULL && w->round->outcome != ROUND_VERIFIED;
    /* what never changes the status would else be told to nobody: once is enough */
    bool blind = w->round != NULL && w->round->coverage.unsent > 0 && w->number == 1;
    if (w->round != NULL)
        print_round(out, style, w);
    if (changed)
        print_change(out, style, w);
    if (w->round != NULL && ((changed && bad) || blind || style->verbose))
        print_findings(out, style, w);
    return fflush(out) == 0 && !ferror(out);
}
