#include "report/bulk_json.h"

#include <inttypes.h>
#include <string.h>

/* Octets of a bad line that are repeated. */
#define INPUT_SHOWN 200

static void add_name(nsp_text_t *t, const nsp_name_t *name)
{
    char text[NSP_NAME_TEXT_MAX];
    size_t n = nsp_name_to_text(name, text, sizeof text);
    nsp_text_json_string(t, text, n);
}

static void add_header(nsp_text_t *t, const nsp_msg_t *m)
{
    static const struct {
        uint16_t flag;
        const char *word;
    } flags[] = {{NSP_FLAG_AA, "aa"}, {NSP_FLAG_TC, "tc"}, {NSP_FLAG_RD, "rd"},
                 {NSP_FLAG_RA, "ra"}, {NSP_FLAG_AD, "ad"}, {NSP_FLAG_CD, "cd"}};
    char rcode[16];
    const char *comma = "";
    nsp_text_str(t, ",\"rcode\":\"");
    nsp_text_str(t, nsp_rcode_text(nsp_msg_rcode(m), rcode));
    nsp_text_str(t, "\",\"flags\":[");
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (!nsp_msg_has(m, flags[i].flag))
            continue;
        nsp_text_printf(t, "%s\"%s\"", comma, flags[i].word);
        comma = ",";
    }
    nsp_text_printf(t, "],\"size\":%" PRIu32 ",\"counts\":[%u,%u,%u]", m->size,
                    m->count[NSP_ANSWER], m->count[NSP_AUTHORITY], m->count[NSP_ADDITIONAL]);
}

static void add_answer(nsp_text_t *t, const nsp_msg_t *m)
{
    nsp_text_str(t, ",\"answer\":[");
    for (uint16_t i = 0; i < m->found[NSP_ANSWER]; i++) {
        char buf[4096];
        nsp_text_t rr;
        nsp_text_begin(&rr, buf, sizeof buf);
        nsp_text_rr(&rr, m, nsp_msg_rr(m, NSP_ANSWER, i));
        if (i > 0)
            nsp_text_str(t, ",");
        nsp_text_json_string(t, rr.buf, rr.len);
    }
    nsp_text_str(t, "]");
}

/* What is there for some outcomes only. */
static void add_why(nsp_text_t *t, const flight_result_t *r)
{
    if (r->outcome == OUTCOME_MALFORMED)
        nsp_text_printf(t, ",\"fault\":\"%s\",\"offset\":%" PRIu32, nsp_err_name(r->fault),
                        r->fault_offset);
    if (r->outcome == OUTCOME_ICMP)
        nsp_text_printf(t, ",\"icmp\":[%u,%u]", r->icmp_type, r->icmp_code);
    if (r->mismatch != 0)
        nsp_text_printf(t, ",\"mismatch\":%u", r->mismatch);
    if (r->outcome == OUTCOME_NOT_SENT) {
        nsp_text_str(t, ",\"error\":");
        const char *why = strerrordesc_np(r->os_error);
        why = why != NULL ? why : "unknown error";
        nsp_text_json_string(t, why, strlen(why));
    }
}

void bulk_json_query(nsp_text_t *t, const flight_result_t *r, bool records)
{
    char addr[ADDR_TEXT_MAX];
    char type[16];
    nsp_name_t name;
    uint16_t qtype = 0;
    uint16_t qclass = 0;
    (void)question_read(r->query, r->query_size, &name, &qtype, &qclass);
    nsp_text_printf(t, "{\"line\":%" PRIu64 ",\"server\":\"%s\",\"port\":%u,\"name\":", r->number,
                    addr_text(r->server, addr), r->server->port);
    add_name(t, &name);
    nsp_text_printf(t, ",\"type\":\"%s\",\"transport\":\"%s\",\"outcome\":\"%s\",\"attempts\":%u",
                    nsp_type_text(qtype, type), r->transport == TRANSPORT_UDP ? "udp" : "tcp",
                    outcome_name(r->outcome), r->attempts);
    if (r->rtt >= 0)
        nsp_text_printf(t, ",\"rtt\":%" PRId64 ".%06" PRId64, r->rtt / 1000000000,
                        r->rtt / 1000 % 1000000);
    if (r->truncated)
        nsp_text_str(t, ",\"truncated\":true");
    if (r->reply != NULL)
        add_header(t, r->reply);
    if (r->reply != NULL && records)
        add_answer(t, r->reply);
    add_why(t, r);
    nsp_text_str(t, "}\n");
}

void bulk_json_error(nsp_text_t *t, uint64_t line, const char *input, size_t size,
                     const char *error)
{
    nsp_text_printf(t, "{\"line\":%" PRIu64 ",\"input\":", line);
    nsp_text_json_string(t, input, size < INPUT_SHOWN ? size : INPUT_SHOWN);
    nsp_text_str(t, ",\"error\":");
    nsp_text_json_string(t, error, strlen(error));
    nsp_text_str(t, "}\n");
}
