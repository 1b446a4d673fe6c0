/* The report of captured traffic as JSON, one object a line: docs/schema/replay.schema.json. */
#include <stdlib.h>

#include "exchange/icmp.h"
#include "report/check_json.h"
#include "report/exchange_text.h"
#include "report/json_parts.h"
#include "report/replay_report.h"

static json_t *json_count(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *json_fault(nsp_err_t err, uint32_t offset)
{
    json_t *j = json_object();
    json_object_set_new(j, "fault", json_string(nsp_err_name(err)));
    json_object_set_new(j, "text", json_string(nsp_err_text(err)));
    json_object_set_new(j, "offset", json_count(offset));
    return j;
}

static json_t *json_latency(const latency_t *l)
{
    json_t *j = json_object();
    json_object_set_new(j, "count", json_count(l->count));
    json_object_set_new(j, "min", json_seconds(l->count > 0 ? l->min : -1));
    json_object_set_new(j, "p50", json_seconds(latency_percentile(l, 0.5)));
    json_object_set_new(j, "p90", json_seconds(latency_percentile(l, 0.9)));
    json_object_set_new(j, "p99", json_seconds(latency_percentile(l, 0.99)));
    json_object_set_new(j, "max", json_seconds(l->count > 0 ? l->max : -1));
    return j;
}

static json_t *json_counts(const traffic_counts_t *n)
{
    const struct {
        const char *id;
        uint64_t count;
    } counts[] = {
        {"queries", n->queries},
        {"retries", n->retries},
        {"retried", n->retried},
        {"answered", n->answered},
        {"unanswered", n->unanswered},
        {"silent", n->silent},
        {"pending", n->pending},
        {"udp_queries", n->udp_queries},
        {"udp_answered", n->udp_answered},
        {"tcp_queries", n->tcp_queries},
        {"tcp_answered", n->tcp_answered},
        {"late", n->late},
        {"duplicates", n->duplicates},
        {"orphans", n->orphans},
        {"wrong_id", n->wrong_id},
        {"wrong_port", n->wrong_port},
        {"wrong_source", n->wrong_source},
        {"wrong_question", n->wrong_question},
        {"not_response", n->not_response},
        {"headerless", n->headerless},
        {"icmp", n->icmp},
        {"tcp_connections", n->tcp_connections},
        {"tcp_refused", n->tcp_refused},
        {"tcp_reset", n->tcp_reset},
        {"tcp_no_synack", n->tcp_no_synack},
        {"tcp_closed", n->tcp_closed},
        {"truncated", n->truncated},
        {"malformed", n->malformed},
        {"malformed_queries", n->malformed_queries},
        {"fragments_lost", n->fragments_lost},
        {"fragmented", n->fragmented},
        {"checksum", n->checksum},
        {"damaged", n->damaged},
        {"lame_refused", n->lame_refused},
        {"lame_servfail", n->lame_servfail},
        {"lame_rcode", n->lame_rcode},
        {"lame_upward", n->lame_upward},
        {"lame_not_aa", n->lame_not_aa},
        {"edns_queries", n->edns_queries},
        {"edns_answered", n->edns_answered},
        {"edns_rejected", n->edns_rejected},
        {"edns_fallback", n->edns_fallback},
    };
    json_t *j = json_object();
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        json_object_set_new(j, counts[i].id, json_count(counts[i].count));
    return j;
}

static const char *source_name(const replay_report_t *r, uint32_t file)
{
    return file < r->source_count ? r->sources[file] : "";
}

static json_t *json_faults(const replay_report_t *r, const traffic_fault_t *fault, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *j = json_fault(fault[i].fault, fault[i].offset);
        json_object_set_new(j, "packet", json_count(fault[i].number));
        json_object_set_new(j, "file", json_text(source_name(r, fault[i].file)));
        json_array_append_new(list, j);
    }
    return list;
}

static json_t *json_icmp_kinds(const traffic_server_t *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->icmp_count; i++) {
        const traffic_icmp_t *k = &s->icmp[i];
        json_t *j = json_object();
        json_object_set_new(j, "type", json_integer(k->type));
        json_object_set_new(j, "code", json_integer(k->code));
        json_object_set_new(j, "text", json_string(icmp_text(k->from.family, k->type, k->code)));
        json_object_set_new(j, "from", json_addr(&k->from));
        json_object_set_new(j, "count", json_count(k->count));
        json_array_append_new(list, j);
    }
    return list;
}

static json_t *json_rcodes(const traffic_server_t *s)
{
    char buf[16];
    json_t *j = json_object();
    for (unsigned i = 0; i < TRAFFIC_RCODES; i++)
        if (s->rcode[i] > 0)
            json_object_set_new(j,
                                i + 1 < TRAFFIC_RCODES ? nsp_rcode_text((uint16_t)i, buf) : "other",
                                json_count(s->rcode[i]));
    return j;
}

static json_t *json_types(const traffic_server_t *s)
{
    char buf[16];
    json_t *j = json_object();
    for (size_t i = 0; i < s->type_count; i++)
        json_object_set_new(j, nsp_type_text(s->type[i].type, buf), json_count(s->type[i].count));
    if (s->types_other > 0)
        json_object_set_new(j, "other", json_count(s->types_other));
    return j;
}

static json_t *json_server(const replay_report_t *r, const traffic_server_t *s)
{
    json_t *j = json_object();
    json_object_set_new(j, "kind", json_string("server"));
    json_object_set_new(j, "address", json_addr(&s->addr));
    json_object_set_new(j, "port", json_integer(s->addr.port));
    json_object_set_new(j, "counts", json_counts(&s->n));
    json_object_set_new(j, "octets_asked", json_count(s->octets_asked));
    json_object_set_new(j, "octets_answered", json_count(s->octets_answered));
    json_object_set_new(j, "latency", json_latency(&s->latency));
    json_object_set_new(j, "rcodes", json_rcodes(s));
    json_object_set_new(j, "types", json_types(s));
    json_object_set_new(j, "icmp", json_icmp_kinds(s));
    json_object_set_new(j, "malformed", json_faults(r, s->fault, s->fault_count));
    json_object_set_new(j, "malformed_queries",
                        json_faults(r, s->query_fault, s->query_fault_count));
    return j;
}

/* Evidence by the numbers of the exchanges as they are listed. */
static json_t *json_finding_line(const exchange_set_t *set, const finding_list_t *list,
                                 const finding_t *f, const nsp_name_t *domain)
{
    json_t *j = json_finding(list, f);
    json_t *evidence = json_array();
    for (uint16_t i = 0; i < f->evidence_count; i++)
        if (f->evidence[i] >= 1 && f->evidence[i] <= set->count)
            json_array_append_new(evidence,
                                  json_count(exchange_number(set->item[f->evidence[i] - 1])));
    json_object_set_new(j, "domain", domain != NULL ? json_name(domain) : json_null());
    json_object_set_new(j, "evidence", evidence);
    json_object_set_new(j, "kind", json_string("finding"));
    return j;
}

static json_t *json_notes(const replay_report_t *r)
{
    json_t *j = json_object();
    for (size_t i = 0; i < r->note_count; i++)
        json_object_set_new(j, r->notes[i].id, json_count(r->notes[i].count));
    return j;
}

static json_t *json_summary(const replay_report_t *r)
{
    json_t *j = json_object();
    json_t *sources = json_array();
    bool any = r->packets > 0;
    for (size_t i = 0; i < r->source_count; i++)
        json_array_append_new(sources, json_text(r->sources[i]));
    json_object_set_new(j, "kind", json_string("summary"));
    json_object_set_new(j, "sources", sources);
    json_object_set_new(j, "packets", json_count(r->packets));
    json_object_set_new(j, "octets", json_count(r->octets));
    json_object_set_new(j, "first", any ? json_seconds(r->first) : json_null());
    json_object_set_new(j, "last", any ? json_seconds(r->last) : json_null());
    json_object_set_new(j, "messages", json_count(r->queries + r->replies));
    json_object_set_new(j, "queries", json_count(r->queries));
    json_object_set_new(j, "replies", json_count(r->replies));
    json_object_set_new(j, "exchanges", json_count(r->exchanges));
    json_object_set_new(j, "filtered", json_count(r->filtered));
    json_object_set_new(j, "servers", json_count(traffic_server_count(r->traffic)));
    json_object_set_new(j, "notes", json_notes(r));
    json_object_set_new(j, "counts", json_counts(&traffic_total(r->traffic)->n));
    json_object_set_new(j, "latency", json_latency(&traffic_total(r->traffic)->latency));
    json_object_set_new(j, "verdict",
                        json_worst_severity(replay_report_worst(r), replay_report_untested(r)));
    json_object_set_new(j, "broken", json_boolean(r->broken));
    json_object_set_new(j, "interrupted", json_boolean(r->interrupted));
    return j;
}

/* A run of check, and its findings. */
static bool print_run(FILE *out, const found_run_t *run, reply_t *scratch)
{
    const nsp_name_t *domain = &run->model->domain;
    check_report_t c = {.model = run->model,
                        .set = &run->set,
                        .findings = &run->findings,
                        .interrupted = run->cut,
                        .untested = run->untested};
    json_t *j = json_check(&c, scratch);
    json_object_set_new(j, "kind", json_string("check"));
    json_object_set_new(j, "exchanges", json_count(run->set.count));
    bool good = json_print(out, j);
    for (size_t i = 0; i < run->findings.count; i++) {
        const finding_t *f = &run->findings.item[i];
        good = json_print(out, json_finding_line(&run->set, &run->findings, f, domain)) && good;
    }
    return good;
}

static bool print_runs(FILE *out, const runs_t *runs)
{
    reply_t *scratch = malloc(sizeof *scratch);
    bool good = scratch != NULL;
    for (size_t i = 0; good && runs != NULL && i < runs_count(runs); i++)
        good = print_run(out, runs_item(runs, i), scratch);
    free(scratch);
    return good;
}

bool replay_report_json(FILE *out, const replay_report_t *r)
{
    bool good = true;
    size_t count = traffic_server_count(r->traffic);
    if (r->top > 0 && r->top < count)
        count = r->top;
    for (size_t i = 0; i < count; i++)
        good = json_print(out, json_server(r, traffic_server(r->traffic, i))) && good;
    for (size_t i = 0; i < r->findings->count; i++)
        good =
            json_print(out, json_finding_line(r->set, r->findings, &r->findings->item[i], NULL)) &&
            good;
    good = print_runs(out, r->runs) && good;
    return json_print(out, json_summary(r)) && good;
}

static json_t *json_flow_notes(const flow_t *flow)
{
    static const struct {
        unsigned bit;
        const char *word;
    } words[] = {{FLOW_LATE, "late"},
                 {FLOW_NO_QUERY, "no-query"},
                 {FLOW_PENDING, "pending"},
                 {FLOW_EVICTED, "evicted"},
                 {FLOW_QUERY_TWICE, "query-twice"},
                 {FLOW_DUPLICATE, "duplicate"},
                 {FLOW_CHECKSUM, "checksum"},
                 {FLOW_CUT, "cut"},
                 {FLOW_FRAGMENTS, "fragments"},
                 {FLOW_OVERLAP, "overlap"},
                 {FLOW_MIDSTREAM, "midstream"},
                 {FLOW_NEW_PORT, "new-port"},
                 {FLOW_MORE, "more"},
                 {FLOW_REPLY_FIRST, "reply-first"},
                 {FLOW_QUOTED, "quoted"}};
    json_t *j = json_array();
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if ((flow->notes & words[i].bit) != 0)
            json_array_append_new(j, json_string(words[i].word));
    return j;
}

/* What is wrong with the question, or null. */
static json_t *json_query_fault(const flow_t *flow, reply_t *scratch)
{
    uint32_t offset = 0;
    if (flow->query.bytes == NULL || flow->query.size < flow->query.original ||
        (flow->notes & FLOW_QUOTED) != 0)
        return json_null();
    nsp_err_t err = query_read(scratch, flow->query.bytes, flow->query.size, &offset);
    return err != NSP_OK ? json_fault(err, offset) : json_null();
}

static json_t *json_packet(const flow_message_t *m)
{
    return m->bytes != NULL ? json_count(m->number) : json_null();
}

static json_t *json_flow(const flow_t *flow, const exchange_t *x, const flow_style_t *style,
                         reply_t *scratch)
{
    char rcode[16];
    outcome_t o;
    json_t *j = json_exchange(x, NULL, style->whole, scratch);
    outcome_of_flow(flow, x, &o, scratch);
    bool replied = o.kind == OUTCOME_ANSWERED || o.kind == OUTCOME_MALFORMED;
    bool headed = replied && scratch->msg.size >= NSP_HEADER_SIZE;
    json_object_set_new(j, "kind", json_string("exchange"));
    json_object_set_new(j, "outcome", json_string(outcome_name(o.kind)));
    json_object_set_new(j, "id", json_count(flow->number));
    json_object_set_new(j, "time", json_seconds(flow->began));
    json_object_set_new(j, "client", json_addr(&flow->client));
    json_object_set_new(j, "client_port", json_integer(flow->client.port));
    json_object_set_new(j, "rcode",
                        headed ? json_string(nsp_rcode_text(nsp_msg_rcode(&scratch->msg), rcode))
                               : json_null());
    json_object_set_new(j, "fault",
                        o.kind == OUTCOME_MALFORMED ? json_fault(o.fault, o.fault_offset)
                                                    : json_null());
    json_object_set_new(j, "query_fault", json_query_fault(flow, scratch));
    json_object_set_new(j, "query_packet", json_packet(&flow->query));
    json_object_set_new(j, "reply_packet", json_packet(&flow->reply));
    json_object_set_new(j, "notes", json_flow_notes(flow));
    json_object_del(j, "probe");
    return j;
}

bool flow_print_json(FILE *out, const flow_t *flow, const flow_patience_t *patience,
                     const flow_style_t *style, reply_t *scratch)
{
    exchange_set_t set;
    exchange_set_init(&set, flow->began);
    const exchange_t *x = flow_exchange(flow, patience, &set);
    bool good = x != NULL && json_print(out, json_flow(flow, x, style, scratch));
    exchange_set_free(&set);
    return good;
}
