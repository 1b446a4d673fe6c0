/* The report of check as JSON: docs/schema/check.schema.json. */
#include <stdlib.h>

#include "diagnose/way.h"
#include "exchange/icmp.h"
#include "report/check_json.h"
#include "report/json_parts.h"
#include "report/summary.h"

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

/* One hop of the way: who reported what; null where nothing came. */
static json_t *json_hop(unsigned family, unsigned hop, const way_hop_t *h)
{
    json_t *j = json_object();
    const event_t *sent = h->e != NULL ? exchange_sent_of(h->x, h->e) : NULL;
    bool icmp = h->e != NULL && h->e->kind == EVENT_ICMP;
    json_object_set_new(j, "hop", json_integer(hop));
    json_object_set_new(j, "from", h->e != NULL ? json_addr(&h->e->peer) : json_null());
    json_object_set_new(j, "icmp",
                        icmp ? json_string(icmp_text(family, h->e->icmp_type, h->e->icmp_code))
                             : json_null());
    json_object_set_new(j, "rtt", json_seconds(sent != NULL ? h->e->at - sent->at : -1));
    return j;
}

/* The way to an address as far as it answers; null where it was not looked at. */
static json_t *json_way(const check_report_t *r, const addr_t *a)
{
    way_t w;
    way_of(r->set, a, &r->model->zone, &w);
    if (w.asked == 0)
        return json_null();
    json_t *j = json_array();
    for (unsigned hop = 1; hop <= way_shown(&w); hop++)
        json_array_append_new(j, json_hop(a->family, hop, &w.hop[hop - 1]));
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
    json_object_set_new(j, "rtt", json_seconds(s.rtt));
    json_object_set_new(j, "path", json_way(r, &a->addr));
    return j;
}

json_t *json_check(const check_report_t *r, reply_t *scratch)
{
    const model_t *m = r->model;
    json_t *j = json_object();
    json_t *servers = json_array();
    json_t *addresses = json_array();
    for (uint16_t i = 0; i < m->server_count; i++)
        json_array_append_new(servers, json_server(&m->server[i]));
    for (uint16_t i = 0; i < m->address_count; i++)
        json_array_append_new(addresses, json_address(r, &m->address[i], scratch));
    json_object_set_new(j, "domain", json_name(&m->domain));
    json_object_set_new(j, "zone", m->zone_found ? json_name(&m->zone) : json_null());
    json_object_set_new(j, "parent", m->parent_known ? json_name(&m->parent) : json_null());
    json_object_set_new(j, "verdict", json_verdict(r->findings, r->untested));
    json_object_set_new(j, "interrupted", json_boolean(r->interrupted));
    json_object_set_new(j, "began", json_time(r->set->began_wall));
    json_object_set_new(j, "servers", servers);
    json_object_set_new(j, "addresses", addresses);
    return j;
}

static json_t *json_report(const check_report_t *r, reply_t *scratch)
{
    json_t *j = json_check(r, scratch);
    json_object_set_new(j, "findings", json_findings(r->findings));
    json_object_set_new(j, "exchanges",
                        json_exchanges(r->set, &r->model->zone, r->verbose, scratch));
    return j;
}

bool check_report_json(FILE *out, const check_report_t *r)
{
    reply_t *scratch = malloc(sizeof *scratch);
    json_t *j = scratch != NULL ? json_report(r, scratch) : NULL;
    bool good = json_print(out, j);
    free(scratch);
    return good;
}
