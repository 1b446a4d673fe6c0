#include "report/metrics.h"

#include <stdio.h>
#include <stdlib.h>

/* One text that is being written. */
typedef struct writer {
    FILE *out;
    metrics_format_t format;
} writer_t;

typedef enum metric_type {
    METRIC_GAUGE,
    METRIC_COUNTER,
    METRIC_STATESET,
    METRIC_INFO
} metric_type_t;

/* The head of a metric family. A unit is the last word of its name (OpenMetrics 1.0.0, 4.2.3); the
 * older format knows neither units nor the types stateset and info, and names a counter by its
 * sample. */
static void family(const writer_t *w, const char *name, metric_type_t type, const char *unit,
                   const char *help)
{
    static const char *const types[] = {"gauge", "counter", "stateset", "info"};
    bool open = w->format == METRICS_OPENMETRICS;
    const char *word = open || type == METRIC_COUNTER ? types[type] : "gauge";
    const char *suffix = open                     ? ""
                         : type == METRIC_COUNTER ? "_total"
                         : type == METRIC_INFO    ? "_info"
                                                  : "";
    fprintf(w->out, "# TYPE %s%s %s\n", name, suffix, word);
    if (unit != NULL && open)
        fprintf(w->out, "# UNIT %s %s\n", name, unit);
    fprintf(w->out, "# HELP %s%s %s\n", name, suffix, help);
}

static void label(const writer_t *w, bool first, const char *name, const char *value)
{
    fprintf(w->out, "%s%s=\"", first ? "{" : ",", name);
    for (; *value != '\0'; value++) {
        if (*value == '\\' || *value == '"')
            fputc('\\', w->out);
        if (*value == '\n')
            fputs("\\n", w->out);
        else
            fputc(*value, w->out);
    }
    fputc('"', w->out);
}

static void sample(const writer_t *w, const char *name, const watch_domain_t *d)
{
    fputs(name, w->out);
    label(w, true, "domain", d->target->name);
}

static void end_whole(const writer_t *w, long long value)
{
    fprintf(w->out, "} %lld\n", value);
}

static void end_seconds(const writer_t *w, int64_t ms)
{
    fprintf(w->out, "} %lld.%03d\n", (long long)(ms / 1000), (int)(ms % 1000));
}

/* d is a name: NOLINTBEGIN(bugprone-macro-parentheses) */
#define EACH_DOMAIN(w, d)                                                                          \
    for (const watch_domain_t *d = (w)->domain; d < (w)->domain + (w)->count; d++)
/* NOLINTEND(bugprone-macro-parentheses) */

static void write_status(const writer_t *o, const watch_t *w)
{
    family(o, "nsprobe_watch_status", METRIC_STATESET, NULL,
           "What the mail service's verifier shows for the domain.");
    EACH_DOMAIN(w, d)
    {
        for (int s = VERIFIER_NOT_STARTED; s <= VERIFIER_TEMPORARY_FAILURE; s++) {
            sample(o, "nsprobe_watch_status", d);
            label(o, false, "nsprobe_watch_status", verifier_status_name((verifier_status_t)s));
            end_whole(o, d->stored.state.status == (verifier_status_t)s);
        }
    }
    family(o, "nsprobe_watch_status_changed_timestamp_seconds", METRIC_GAUGE, "seconds",
           "When the domain took its status.");
    EACH_DOMAIN(w, d)
    {
        if (d->stored.state.since == 0)
            continue;
        sample(o, "nsprobe_watch_status_changed_timestamp_seconds", d);
        end_seconds(o, d->stored.state.since);
    }
    family(o, "nsprobe_watch_fails_timestamp_seconds", METRIC_GAUGE, "seconds",
           "When the status becomes FAILED if nothing improves; absent when all is well.");
    EACH_DOMAIN(w, d)
    {
        int64_t at = watch_state_fails_at(&d->stored.state, &d->target->settings.policy);
        if (at == 0)
            continue;
        sample(o, "nsprobe_watch_fails_timestamp_seconds", d);
        end_seconds(o, at);
    }
    family(o, "nsprobe_watch_bad_rounds", METRIC_GAUGE, NULL,
           "Rounds in a row that did not find every record.");
    EACH_DOMAIN(w, d)
    {
        sample(o, "nsprobe_watch_bad_rounds", d);
        end_whole(o, d->stored.state.bad_rounds);
    }
}

static void write_rounds(const writer_t *o, const watch_t *w)
{
    family(o, "nsprobe_watch_rounds", METRIC_COUNTER, NULL,
           "Rounds that were stored since the domain is watched.");
    EACH_DOMAIN(w, d)
    {
        sample(o, "nsprobe_watch_rounds_total", d);
        end_whole(o, d->stored.rounds);
    }
    family(o, "nsprobe_watch_round_timestamp_seconds", METRIC_GAUGE, "seconds",
           "When the last round began.");
    EACH_DOMAIN(w, d)
    {
        if (d->stored.state.last == 0)
            continue;
        sample(o, "nsprobe_watch_round_timestamp_seconds", d);
        end_seconds(o, d->stored.state.last);
    }
    family(o, "nsprobe_watch_round_failed", METRIC_GAUGE, NULL,
           "1 when the last round could not be run or stored.");
    EACH_DOMAIN(w, d)
    {
        sample(o, "nsprobe_watch_round_failed", d);
        end_whole(o, d->failed);
    }
}

static void write_last(const writer_t *o, const watch_t *w)
{
    family(o, "nsprobe_watch_round_duration_seconds", METRIC_GAUGE, "seconds",
           "How long the last round took.");
    EACH_DOMAIN(w, d)
    {
        if (!d->has_last)
            continue;
        sample(o, "nsprobe_watch_round_duration_seconds", d);
        end_seconds(o, d->last.took);
    }
    family(o, "nsprobe_watch_round_outcome", METRIC_STATESET, NULL,
           "What the last round came to, taken by itself.");
    EACH_DOMAIN(w, d)
    {
        for (int k = ROUND_UNTESTED; d->has_last && k <= ROUND_TEMPORARY; k++) {
            sample(o, "nsprobe_watch_round_outcome", d);
            label(o, false, "nsprobe_watch_round_outcome", round_outcome_name((round_outcome_t)k));
            end_whole(o, d->last.outcome == (round_outcome_t)k);
        }
    }
    family(o, "nsprobe_watch_chance_ratio", METRIC_GAUGE, "ratio",
           "Chance that one attempt of a verifier finds every record; absent when untested.");
    EACH_DOMAIN(w, d)
    {
        if (!d->has_last || d->last.outcome == ROUND_UNTESTED)
            continue;
        sample(o, "nsprobe_watch_chance_ratio", d);
        fprintf(o->out, "} %.6f\n", d->last.chance);
    }
    family(o, "nsprobe_watch_findings", METRIC_GAUGE, NULL, "Findings of the last round.");
    EACH_DOMAIN(w, d)
    {
        for (int s = SEVERITY_INFO; d->has_last && s <= SEVERITY_ERROR; s++) {
            sample(o, "nsprobe_watch_findings", d);
            label(o, false, "severity", severity_name((severity_t)s));
            end_whole(o, d->last.severity[s]);
        }
    }
}

/* One line for each address of the last round: as many as the domain's servers have. */
static void address_lines(const writer_t *o, const watch_t *w, const char *name,
                          void (*value)(const writer_t *o, const watch_sample_t *s),
                          bool (*present)(const watch_sample_t *s))
{
    EACH_DOMAIN(w, d)
    {
        for (size_t i = 0; d->has_last && i < d->last.sample_count; i++) {
            const watch_sample_t *s = &d->last.sample[i];
            char addr[ADDR_TEXT_MAX];
            char server[NSP_NAME_TEXT_MAX];
            if (present != NULL && !present(s))
                continue;
            nsp_name_to_text(&s->server, server, sizeof server);
            sample(o, name, d);
            label(o, false, "address", addr_port_text(&s->addr, addr));
            label(o, false, "server", server);
            value(o, s);
        }
    }
}

static void asked_value(const writer_t *o, const watch_sample_t *s)
{
    end_whole(o, s->asked);
}

static void answered_value(const writer_t *o, const watch_sample_t *s)
{
    end_whole(o, s->answered);
}

static void serial_value(const writer_t *o, const watch_sample_t *s)
{
    end_whole(o, s->serial);
}

static void rtt_value(const writer_t *o, const watch_sample_t *s)
{
    fprintf(o->out, "} %lld.%06d\n", (long long)(s->rtt / 1000000000),
            (int)(s->rtt % 1000000000 / 1000));
}

static bool has_serial(const watch_sample_t *s)
{
    return s->has_serial;
}

static bool has_rtt(const watch_sample_t *s)
{
    return s->rtt >= 0;
}

static void write_addresses(const writer_t *o, const watch_t *w)
{
    family(o, "nsprobe_watch_address_asked", METRIC_GAUGE, NULL,
           "Questions to the address in the last round.");
    address_lines(o, w, "nsprobe_watch_address_asked", asked_value, NULL);
    family(o, "nsprobe_watch_address_answered", METRIC_GAUGE, NULL,
           "Questions of the last round that it answered.");
    address_lines(o, w, "nsprobe_watch_address_answered", answered_value, NULL);
    family(o, "nsprobe_watch_address_rtt_seconds", METRIC_GAUGE, "seconds",
           "Median time to its answers over UDP; absent when it gave none.");
    address_lines(o, w, "nsprobe_watch_address_rtt_seconds", rtt_value, has_rtt);
    family(o, "nsprobe_watch_address_serial", METRIC_GAUGE, NULL,
           "Serial of the zone there; absent when it gave none.");
    address_lines(o, w, "nsprobe_watch_address_serial", serial_value, has_serial);
}

static void plain(const writer_t *o, const char *name, metric_type_t type, const char *help,
                  uint64_t value)
{
    family(o, name, type, NULL, help);
    fprintf(o->out, "%s%s %llu\n", name, type == METRIC_COUNTER ? "_total" : "",
            (unsigned long long)value);
}

static void write_process(const writer_t *o, const watch_t *w)
{
    plain(o, "nsprobe_watch_domains", METRIC_GAUGE, "Domains that are watched.", w->count);
    plain(o, "nsprobe_watch_rounds_running", METRIC_GAUGE, "Rounds that run now.", w->running);
    plain(o, "nsprobe_watch_store_errors", METRIC_COUNTER,
          "Refusals of the database since the start.", w->store_errors);
    plain(o, "nsprobe_watch_commands", METRIC_COUNTER,
          "Commands that were told of a change since the start.", w->told);
    plain(o, "nsprobe_watch_command_failures", METRIC_COUNTER, "Commands of these that failed.",
          w->tell_failures);
    family(o, "nsprobe_build", METRIC_INFO, NULL, "The version that runs.");
    fputs("nsprobe_build_info", o->out);
    label(o, true, "version", NSPROBE_VERSION);
    fputs("} 1\n", o->out);
}

char *metrics_text(watch_t *w, metrics_format_t format, size_t *size)
{
    char *text = NULL;
    writer_t o = {.out = open_memstream(&text, size), .format = format};
    if (o.out == NULL)
        return NULL;
    watch_lock(w);
    write_status(&o, w);
    write_rounds(&o, w);
    write_last(&o, w);
    write_addresses(&o, w);
    write_process(&o, w);
    watch_unlock(w);
    if (format == METRICS_OPENMETRICS)
        fputs("# EOF\n", o.out);
    bool bad = ferror(o.out) != 0;
    if (fclose(o.out) != 0 || bad) {
        free(text);
        return NULL;
    }
    return text;
}
