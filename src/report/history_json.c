#include <jansson.h>

#include "report/history_report.h"
#include "report/json_parts.h"

static json_t *ms_or_null(int64_t ms)
{
    return ms != 0 ? json_real((double)ms / 1000) : json_null();
}

static json_t *us_or_null(int64_t us)
{
    return us >= 0 ? json_real((double)us / 1e6) : json_null();
}

static json_t *json_change(const history_change_t *c)
{
    json_t *j = json_object();
    json_object_set_new(j, "at", ms_or_null(c->at));
    json_object_set_new(j, "round", json_integer(c->number));
    json_object_set_new(j, "transition", json_string(transition_name(c->transition)));
    json_object_set_new(j, "before", json_string(verifier_status_name(c->before)));
    json_object_set_new(j, "after", json_string(verifier_status_name(c->after)));
    return j;
}

static void set_counts(json_t *j, const history_bucket_t *b)
{
    json_object_set_new(j, "rounds", json_integer(b->rounds));
    json_object_set_new(j, "asked", json_integer(b->asked));
    json_object_set_new(j, "answered", json_integer(b->answered));
    json_object_set_new(j, "rtt", us_or_null(b->rtt));
}

static json_t *json_address(const history_t *h, const history_address_t *a)
{
    json_t *j = json_object();
    json_t *buckets = json_array();
    int64_t span = h->last - h->first + 1;
    json_object_set_new(j, "server", json_string(a->server));
    json_object_set_new(j, "address", json_string(a->address));
    set_counts(j, &a->total);
    json_object_set_new(j, "availability",
                        a->total.asked > 0
                            ? json_real((double)a->total.answered / (double)a->total.asked)
                            : json_null());
    json_object_set_new(j, "rtt_min", us_or_null(a->rtt_least));
    json_object_set_new(j, "rtt_max", us_or_null(a->rtt_most));
    for (int i = 0; i < HISTORY_BUCKETS; i++) {
        json_t *b = json_object();
        json_object_set_new(b, "at", ms_or_null(h->first + span * i / HISTORY_BUCKETS));
        set_counts(b, &a->bucket[i]);
        json_array_append_new(buckets, b);
    }
    json_object_set_new(j, "buckets", buckets);
    return j;
}

static json_t *json_outcomes(const int64_t outcome[ROUND_TEMPORARY + 1])
{
    json_t *j = json_object();
    for (int k = ROUND_UNTESTED; k <= ROUND_TEMPORARY; k++)
        json_object_set_new(j, round_outcome_name((round_outcome_t)k), json_integer(outcome[k]));
    return j;
}

bool history_report_json(FILE *out, const history_t *h)
{
    const watch_state_t *s = &h->domain.state;
    json_t *j = json_object();
    json_t *changes = json_array();
    json_t *addresses = json_array();
    for (size_t i = 0; i < h->change_count; i++)
        json_array_append_new(changes, json_change(&h->change[i]));
    for (size_t i = 0; i < h->address_count; i++)
        json_array_append_new(addresses, json_address(h, &h->address[i]));
    json_object_set_new(j, "domain", json_string(h->name));
    json_object_set_new(j, "status", json_string(verifier_status_name(s->status)));
    json_object_set_new(j, "since", ms_or_null(s->since));
    json_object_set_new(j, "began", ms_or_null(s->began));
    json_object_set_new(j, "bad_rounds", json_integer(s->bad_rounds));
    json_object_set_new(j, "bad_since", ms_or_null(s->bad_since));
    json_object_set_new(j, "number", json_integer(h->domain.rounds));
    json_object_set_new(j, "rounds", json_integer(h->rounds));
    json_object_set_new(j, "first", ms_or_null(h->first));
    json_object_set_new(j, "last", ms_or_null(h->last));
    json_object_set_new(j, "outcomes", json_outcomes(h->outcome));
    json_object_set_new(j, "partial", json_outcomes(h->partial));
    json_object_set_new(j, "changes", changes);
    json_object_set_new(j, "addresses", addresses);
    return json_print(out, j);
}
