/* Rounds and changes as JSON: docs/schema/watch.schema.json. */
#include <jansson.h>
#include <stdlib.h>

#include "report/dkim_json.h"
#include "report/json_parts.h"
#include "report/watch_report.h"

static json_t *json_ms(int64_t ms)
{
    return json_real((double)ms / 1000);
}

static json_t *json_ms_or_null(int64_t ms)
{
    return ms != 0 ? json_ms(ms) : json_null();
}

static json_t *json_samples(const watch_round_t *r)
{
    json_t *list = json_array();
    for (size_t i = 0; r != NULL && i < r->sample_count; i++) {
        const watch_sample_t *s = &r->sample[i];
        json_t *j = json_object();
        json_object_set_new(j, "address", json_addr(&s->addr));
        json_object_set_new(j, "port", json_integer(s->addr.port));
        json_object_set_new(j, "server", json_name(&s->server));
        json_object_set_new(j, "asked", json_integer(s->asked));
        json_object_set_new(j, "answered", json_integer(s->answered));
        json_object_set_new(j, "rtt", json_seconds(s->rtt));
        json_object_set_new(j, "serial", s->has_serial ? json_integer(s->serial) : json_null());
        json_array_append_new(list, j);
    }
    return list;
}

static json_t *json_worst(const watch_round_t *r)
{
    json_t *list = json_array();
    for (size_t i = 0; r != NULL && i < r->finding_count; i++) {
        const watch_finding_t *f = &r->finding[i];
        json_t *j = json_object();
        json_object_set_new(j, "id", json_string(f->id));
        json_object_set_new(j, "severity", json_string(severity_name(f->severity)));
        json_object_set_new(j, "text", json_string(f->text));
        json_object_set_new(j, "fix", json_string(f->fix));
        json_array_append_new(list, j);
    }
    return list;
}

static json_t *json_report(const watch_report_t *w)
{
    const watch_round_t *r = w->round;
    bool tested = r != NULL && r->outcome != ROUND_UNTESTED;
    json_t *j = json_object();
    json_object_set_new(j, "domain", json_string(w->domain->target->name));
    json_object_set_new(j, "round", json_integer(w->number));
    json_object_set_new(j, "at", json_ms(w->at));
    json_object_set_new(j, "took", r != NULL ? json_ms(r->took) : json_null());
    json_object_set_new(j, "outcome",
                        r != NULL ? json_string(round_outcome_name(r->outcome)) : json_null());
    json_object_set_new(j, "chance", tested ? json_real(r->chance) : json_null());
    json_object_set_new(j, "coverage", r != NULL ? json_coverage(&r->coverage) : json_null());
    json_object_set_new(j, "transition", json_string(transition_name(w->transition)));
    json_object_set_new(j, "text", json_string(transition_text(w->transition)));
    json_object_set_new(j, "before", json_string(verifier_status_name(w->before)));
    json_object_set_new(j, "status", json_string(verifier_status_name(w->state->status)));
    json_object_set_new(j, "since", json_ms_or_null(w->state->since));
    json_object_set_new(j, "bad_rounds", json_integer(w->state->bad_rounds));
    json_object_set_new(j, "bad_since", json_ms_or_null(w->state->bad_since));
    json_object_set_new(j, "fails_at", json_ms_or_null(w->fails_at));
    json_object_set_new(j, "addresses", json_samples(r));
    json_object_set_new(j, "findings", json_worst(r));
    return j;
}

char *watch_report_message(const watch_report_t *r)
{
    json_t *j = json_report(r);
    char *text = NULL;
    size_t size = 0;
    FILE *f = j != NULL ? open_memstream(&text, &size) : NULL;
    bool good = f != NULL && json_write(f, j);
    good = (f == NULL || fclose(f) == 0) && good;
    json_decref(j);
    if (good)
        return text;
    free(text);
    return NULL;
}

bool watch_report_json(FILE *out, const watch_report_t *r)
{
    return json_print(out, json_report(r)) && fflush(out) == 0;
}
