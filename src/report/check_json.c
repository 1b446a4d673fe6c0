/* The report of check as JSON: docs/schema/check.schema.json. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/icmp.h"
#include "report/check_text.h"
#include "report/exchange_text.h"
#include "report/summary.h"

static json_t *json_name(const nsp_name_t *name)
{
    char text[NSP_NAME_TEXT_MAX];
    nsp_name_to_text(name, text, sizeof text);
    return json_string(text);
}

static json_t *json_addr(const addr_t *a)
{
    char text[ADDR_TEXT_MAX];
    return json_string(addr_text(a, text));
}

static json_t *json_hex(const uint8_t *bytes, uint32_t size)
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

static json_t *json_event(const exchange_t *x, const event_t *e, bool octets, reply_t *scratch)
{
    char line[1400];
    json_t *j = json_object();
    event_describe(x, e, scratch, line, sizeof line);
    json_object_set_new(j, "kind", json_string(event_name(e->kind)));
    json_object_set_new(j, "time", json_real((double)e->at / 1e9));
    json_object_set_new(j, "attempt", json_integer(e->attempt));
    json_object_set_new(j, "text", json_string(line));
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

static json_t *json_exchange(const check_report_t *r, const exchange_t *x, reply_t *scratch)
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
    json_object_set_new(j, "qname", json_name(&x->qname));
    json_object_set_new(j, "qtype", json_string(nsp_type_text(x->qtype, type)));
    json_object_set_new(j, "probe", json_string(probe_name(probe_kind_of(x, &r->model->zone))));
    json_object_set_new(j, "outcome", json_string(outcome_name(o.kind)));
    json_object_set_new(j, "rtt", o.rtt >= 0 ? json_real((double)o.rtt / 1e9) : json_null());
    json_object_set_new(j, "attempts", json_integer(o.attempts));
    for (uint32_t i = 0; i < x->event_count; i++)
        json_array_append_new(events, json_event(x, &x->event[i], r->verbose, scratch));
    json_object_set_new(j, "events", events);
    return j;
}

static json_t *json_finding(const finding_t *f)
{
    const finding_desc_t *d = finding_desc(f->id);
    json_t *j = json_object();
    json_t *evidence = json_array();
    json_object_set_new(j, "id", json_string(d->id));
    json_object_set_new(j, "severity", json_string(severity_name(f->severity)));
    json_object_set_new(j, "title", json_string(d->title));
    json_object_set_new(j, "text", json_string(f->text != NULL ? f->text : d->title));
    json_object_set_new(j, "server", f->has_server ? json_name(&f->server) : json_null());
    json_object_set_new(j, "address", f->has_addr ? json_addr(&f->addr) : json_null());
    json_object_set_new(j, "cause", json_string(d->cause));
    json_object_set_new(j, "fix", json_string(f->fix != NULL ? f->fix : d->fix));
    json_object_set_new(j, "source", json_string(d->source));
    for (uint16_t i = 0; i < f->evidence_count; i++)
        json_array_append_new(evidence, json_integer(f->evidence[i]));
    json_object_set_new(j, "evidence", evidence);
    return j;
}

static json_t *json_from(unsigned from)
{
    static const struct {
        unsigned bit;
        const char *word;
    } words[] = {{FROM_GLUE, "glue"},
                 {FROM_ZONE, "zone"},
                 {FROM_ELSEWHERE, "elsewhere"},
                 {FROM_USER, "user"},
                 {FROM_RESOLVER, "resolver"}};
    json_t *j = json_array();
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if ((from & words[i].bit) != 0)
            json_array_append_new(j, json_string(words[i].word));
    return j;
}

static json_t *json_server(const model_server_t *s)
{
    static const char *const states[] = {
        [HOST_UNKNOWN] = "unknown",   [HOST_FOUND] = "found", [HOST_NODATA] = "nodata",
        [HOST_NXDOMAIN] = "nxdomain", [HOST_CNAME] = "cname", [HOST_FAILED] = "failed",
        [HOST_LOOP] = "loop"};
    json_t *j = json_object();
    json_t *addrs = json_array();
    json_object_set_new(j, "name", json_name(&s->name));
    json_object_set_new(j, "in_parent", json_boolean(s->in_parent));
    json_object_set_new(j, "in_child", json_boolean(s->in_child));
    json_object_set_new(j, "state", json_string(states[s->state]));
    for (uint16_t i = 0; i < s->addr_count; i++) {
        json_t *a = json_object();
        json_object_set_new(a, "address", json_addr(&s->addr[i].addr));
        json_object_set_new(a, "from", json_from(s->addr[i].from));
        json_array_append_new(addrs, a);
    }
    json_object_set_new(j, "addresses", addrs);
    return j;
}

static json_t *json_address(const check_report_t *r, const model_address_t *a, reply_t *scratch)
{
    address_summary_t s;
    json_t *j = json_object();
    json_t *servers = json_array();
    summary_of(r->model, r->set, a, scratch, &s);
    json_object_set_new(j, "address", json_addr(&a->addr));
    json_object_set_new(j, "port", json_integer(a->addr.port));
    for (uint16_t i = 0; i < a->server_count; i++)
        json_array_append_new(servers, json_name(&r->model->server[a->server[i]].name));
    json_object_set_new(j, "servers", servers);
    json_object_set_new(j, "udp", json_string(s.udp));
    json_object_set_new(j, "tcp", json_string(s.tcp));
    json_object_set_new(j, "aa", json_string(s.aa));
    json_object_set_new(j, "edns", json_string(s.edns));
    json_object_set_new(j, "serial", s.has_serial ? json_integer(s.serial) : json_null());
    json_object_set_new(j, "rtt", s.rtt >= 0 ? json_real((double)s.rtt / 1e9) : json_null());
    return j;
}

static json_t *json_report(const check_report_t *r, reply_t *scratch)
{
    const model_t *m = r->model;
    int worst = finding_list_worst(r->findings);
    json_t *j = json_object();
    json_t *servers = json_array();
    json_t *addresses = json_array();
    json_t *findings = json_array();
    json_t *exchanges = json_array();
    for (uint16_t i = 0; i < m->server_count; i++)
        json_array_append_new(servers, json_server(&m->server[i]));
    for (uint16_t i = 0; i < m->address_count; i++)
        json_array_append_new(addresses, json_address(r, &m->address[i], scratch));
    for (size_t i = 0; i < r->findings->count; i++)
        json_array_append_new(findings, json_finding(&r->findings->item[i]));
    for (uint32_t i = 0; i < r->set->count; i++)
        json_array_append_new(exchanges, json_exchange(r, r->set->item[i], scratch));
    json_object_set_new(j, "domain", json_name(&m->domain));
    json_object_set_new(j, "zone", m->zone_found ? json_name(&m->zone) : json_null());
    json_object_set_new(j, "parent", m->parent_known ? json_name(&m->parent) : json_null());
    json_object_set_new(j, "verdict",
                        json_string(r->untested ? "untested"
                                    : worst < 0 ? "healthy"
                                                : severity_name((severity_t)worst)));
    json_object_set_new(j, "interrupted", json_boolean(r->interrupted));
    json_object_set_new(j, "began", json_real((double)r->set->began_wall / 1e9));
    json_object_set_new(j, "servers", servers);
    json_object_set_new(j, "addresses", addresses);
    json_object_set_new(j, "findings", findings);
    json_object_set_new(j, "exchanges", exchanges);
    return j;
}

bool check_report_json(FILE *out, const check_report_t *r)
{
    reply_t *scratch = malloc(sizeof *scratch);
    json_t *j = scratch != NULL ? json_report(r, scratch) : NULL;
    bool good = j != NULL && json_dumpf(j, out, JSON_COMPACT) == 0;
    if (good)
        fputc('\n', out);
    json_decref(j);
    free(scratch);
    return good;
}
