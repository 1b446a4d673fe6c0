#include "report/json_parts.h"

#include <stdlib.h>
#include <string.h>

#include "diagnose/form.h"
#include "exchange/icmp.h"
#include "report/exchange_text.h"

json_t *json_name(const nsp_name_t *name)
{
    char text[NSP_NAME_TEXT_MAX];
    nsp_name_to_text(name, text, sizeof text);
    return json_string(text);
}

json_t *json_addr(const addr_t *a)
{
    char text[ADDR_TEXT_MAX];
    return json_string(addr_text(a, text));
}

json_t *json_text(const char *text)
{
    json_t *j = json_string(text);
    char *copy = j == NULL ? strdup(text) : NULL;
    for (char *c = copy; c != NULL && *c != '\0'; c++)
        if ((unsigned char)*c > 0x7e)
            *c = '?';
    if (copy != NULL)
        j = json_string(copy);
    free(copy);
    return j;
}

json_t *json_hex(const uint8_t *bytes, uint32_t size)
{
    static const char digits[] = "0123456789abcdef";
    char *text = malloc((size_t)size * 2 + 1);
    if (text == NULL)
        return NULL;
    for (uint32_t i = 0; i < size; i++) {
        text[2 * (size_t)i] = digits[bytes[i] >> 4];
        text[2 * (size_t)i + 1] = digits[bytes[i] & 15];
    }
    text[2 * (size_t)size] = '\0';
    json_t *j = json_string(text);
    free(text);
    return j;
}

json_t *json_time(int64_t ns)
{
    /* whole microseconds are exact as such, and not as nanoseconds since 1970 */
    int64_t us = ns / 1000;
    return json_real(us * 1000 == ns ? (double)us / 1e6 : (double)ns / 1e9);
}

json_t *json_seconds(int64_t ns)
{
    return ns >= 0 ? json_time(ns) : json_null();
}

/* One event; octets: with the message it carries. scratch's contents change. */
static json_t *json_event(const exchange_t *x, const event_t *e, bool octets, reply_t *scratch)
{
    char line[1400];
    json_t *j = json_object();
    event_describe(x, e, scratch, line, sizeof line);
    json_object_set_new(j, "kind", json_string(event_name(e->kind)));
    json_object_set_new(j, "time", json_time(e->at));
    json_object_set_new(j, "attempt", json_integer(e->attempt));
    json_object_set_new(j, "text", json_text(line));
    if (e->peer.family != 0)
        json_object_set_new(j, "peer", json_addr(&e->peer));
    if (e->kind == EVENT_ICMP) {
        json_object_set_new(j, "icmp_type", json_integer(e->icmp_type));
        json_object_set_new(j, "icmp_code", json_integer(e->icmp_code));
        json_object_set_new(j, "icmp",
                            json_string(icmp_text(x->server.family, e->icmp_type, e->icmp_code)));
    }
    if (e->bytes != NULL) {
        json_object_set_new(j, "size", json_integer(e->size));
        if (octets)
            json_object_set_new(j, "octets", json_hex(e->bytes, e->size));
    }
    return j;
}

/* Which question of a check it is: a probe, or a form. */
static const char *question_name(const exchange_t *x, const nsp_name_t *zone)
{
    form_set_t forms;
    probe_kind_t kind = probe_kind_of(x, zone);
    if (kind != PROBE_NONE)
        return probe_name(kind);
    form_set_init(&forms, zone);
    return form_name(form_of(&forms, x));
}

json_t *json_exchange(const exchange_t *x, const nsp_name_t *zone, bool octets, reply_t *scratch)
{
    char type[16];
    outcome_t o;
    json_t *j = json_object();
    json_t *events = json_array();
    outcome_of(x, &o, NULL);
    json_object_set_new(j, "id", json_integer(x->id));
    json_object_set_new(j, "transport", json_string(x->transport == TRANSPORT_UDP ? "udp" : "tcp"));
    json_object_set_new(j, "server", json_addr(&x->server));
    json_object_set_new(j, "port", json_integer(x->server.port));
    bool known = question_is_known(x);
    json_object_set_new(j, "qname", known ? json_name(&x->qname) : json_null());
    json_object_set_new(j, "qtype",
                        known ? json_string(nsp_type_text(x->qtype, type)) : json_null());
    json_object_set_new(j, "probe", json_string(zone != NULL ? question_name(x, zone) : "none"));
    json_object_set_new(j, "outcome", json_string(outcome_name(o.kind)));
    json_object_set_new(j, "rtt", json_seconds(o.rtt));
    json_object_set_new(j, "attempts", json_integer(o.attempts));
    for (uint32_t i = 0; i < x->event_count; i++)
        json_array_append_new(events, json_event(x, &x->event[i], octets, scratch));
    json_object_set_new(j, "events", events);
    if (x->shared != 0)
        json_object_set_new(j, "shared", json_time(x->shared));
    return j;
}

json_t *json_exchanges(const exchange_set_t *set, const nsp_name_t *zone, bool octets,
                       reply_t *scratch)
{
    json_t *j = json_array();
    for (uint32_t i = 0; i < set->count; i++)
        json_array_append_new(j, json_exchange(set->item[i], zone, octets, scratch));
    return j;
}

static json_t *json_because(const finding_list_t *list, const finding_t *f)
{
    const finding_t *cause = finding_by_number(list, f->because_of);
    if (cause == NULL)
        return json_null();
    json_t *j = json_object();
    json_object_set_new(j, "id", json_string(finding_desc(cause->id)->id));
    json_object_set_new(j, "server", cause->has_server ? json_name(&cause->server) : json_null());
    json_object_set_new(j, "address", cause->has_addr ? json_addr(&cause->addr) : json_null());
    json_object_set_new(j, "why", json_string(f->because));
    return j;
}

static json_t *json_likely(const finding_t *f)
{
    json_t *j = json_array();
    for (uint8_t i = 0; i < f->likely_count; i++) {
        json_t *one = json_object();
        json_object_set_new(one, "cause", json_string(f->likely[i].cause));
        json_object_set_new(one, "sign", json_string(f->likely[i].sign));
        json_array_append_new(j, one);
    }
    return j;
}

json_t *json_finding(const finding_list_t *list, const finding_t *f)
{
    const finding_desc_t *d = finding_desc(f->id);
    json_t *j = json_object();
    json_t *evidence = json_array();
    json_object_set_new(j, "id", json_string(d->id));
    json_object_set_new(j, "severity", json_string(severity_name(f->severity)));
    json_object_set_new(j, "title", json_string(d->title));
    json_object_set_new(j, "text", json_text(f->text != NULL ? f->text : d->title));
    json_object_set_new(j, "server", f->has_server ? json_name(&f->server) : json_null());
    json_object_set_new(j, "address", f->has_addr ? json_addr(&f->addr) : json_null());
    json_object_set_new(j, "cause", json_string(finding_cause(f)));
    json_object_set_new(j, "likely", json_likely(f));
    json_object_set_new(j, "because_of", json_because(list, f));
    json_object_set_new(j, "fix", json_text(f->fix != NULL ? f->fix : d->fix));
    json_object_set_new(j, "source", json_string(d->source));
    for (uint16_t i = 0; i < f->evidence_count; i++)
        json_array_append_new(evidence, json_integer(f->evidence[i]));
    json_object_set_new(j, "evidence", evidence);
    return j;
}

json_t *json_findings(const finding_list_t *list)
{
    json_t *j = json_array();
    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(j, json_finding(list, &list->item[i]));
    return j;
}

json_t *json_verdict(const finding_list_t *list, bool untested)
{
    return json_worst_severity(finding_list_worst(list), untested);
}

json_t *json_worst_severity(int worst, bool untested)
{
    return json_string(untested    ? "untested"
                       : worst < 0 ? "healthy"
                                   : severity_name((severity_t)worst));
}

bool json_print(FILE *out, json_t *j)
{
    bool good = j != NULL && json_write(out, j);
    if (good)
        fputc('\n', out);
    json_decref(j);
    return good;
}
