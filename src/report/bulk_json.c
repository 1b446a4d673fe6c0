#include "report/bulk_json.h"

#include <inttypes.h>
#include <string.h>

/* Octets of a bad line that are repeated. */
#define INPUT_SHOWN 200
/* What stands in a result before its answer: fixed words, numbers, an address, and a name of which
 * each octet takes five at most ("\\001"). */
#define HEAD_MAX (800 + ADDR_TEXT_MAX + 5 * NSP_NAME_MAX)

/* A result's beginning, in a buffer that holds the longest one, so that nothing is to be checked:
 * written a hundred thousand times a second, it may cost no more than the octets' copying. */
typedef struct head {
    char *end;
    char text[HEAD_MAX];
} head_t;

static inline void put(head_t *h, const char *s, size_t n)
{
    memcpy(h->end, s, n);
    h->end += n;
}

/* The length of a literal is known to the compiler. */
static inline void put_str(head_t *h, const char *s)
{
    put(h, s, strlen(s));
}

static inline void put_char(head_t *h, char c)
{
    *h->end++ = c;
}

static void put_number(head_t *h, uint64_t v)
{
    if (v < 10) {
        put_char(h, (char)('0' + v));
        return;
    }
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    put(h, digits + at, sizeof digits - at);
}

/* Seconds with six digits behind the point. */
static void put_seconds(head_t *h, int64_t nanoseconds)
{
    uint64_t us = (uint64_t)nanoseconds / 1000;
    put_number(h, us / 1000000);
    put_char(h, '.');
    for (uint64_t digit = 100000; digit > 0; digit /= 10)
        put_char(h, (char)('0' + us / digit % 10));
}

/* Names and addresses are ASCII; a backslash is the only one of their characters that JSON
 * escapes, or a quote that has one before it. */
static void put_name(head_t *h, const nsp_name_t *name)
{
    char text[NSP_NAME_TEXT_MAX];
    size_t n = nsp_name_to_text(name, text, sizeof text);
    put_char(h, '"');
    if (memchr(text, '\\', n) == NULL) {
        put(h, text, n);
    } else {
        for (size_t i = 0; i < n; i++) {
            if (text[i] == '\\' || text[i] == '"')
                put_char(h, '\\');
            put_char(h, text[i]);
        }
    }
    put_char(h, '"');
}

static void put_address(head_t *h, const addr_t *a)
{
    char text[ADDR_TEXT_MAX];
    if (a->family != 4) {
        put_str(h, addr_text(a, text));
        return;
    }
    for (unsigned i = 0; i < 4; i++) {
        if (i > 0)
            put_char(h, '.');
        put_number(h, a->octets[i]);
    }
}

static void put_question(head_t *h, const flight_result_t *r)
{
    char type[16];
    nsp_name_t name;
    uint16_t qtype = 0;
    uint16_t qclass = 0;
    (void)question_read(r->query, r->query_size, &name, &qtype, &qclass);
    put_str(h, "{\"line\":");
    put_number(h, r->number);
    put_str(h, ",\"server\":\"");
    put_address(h, r->server);
    put_str(h, "\",\"port\":");
    put_number(h, r->server->port);
    put_str(h, ",\"name\":");
    put_name(h, &name);
    put_str(h, ",\"type\":\"");
    put_str(h, nsp_type_text(qtype, type));
}

static void put_outcome(head_t *h, const flight_result_t *r)
{
    put_str(h, r->transport == TRANSPORT_UDP ? "\",\"transport\":\"udp\",\"outcome\":\""
                                             : "\",\"transport\":\"tcp\",\"outcome\":\"");
    put_str(h, outcome_name(r->outcome));
    put_str(h, "\",\"attempts\":");
    put_number(h, r->attempts);
    if (r->rtt >= 0) {
        put_str(h, ",\"rtt\":");
        put_seconds(h, r->rtt);
    }
    if (r->truncated)
        put_str(h, ",\"truncated\":true");
}

static void put_flags(head_t *h, const nsp_msg_t *m)
{
    static const struct {
        uint16_t flag;
        char word[3];
    } flags[] = {{NSP_FLAG_AA, "aa"}, {NSP_FLAG_TC, "tc"}, {NSP_FLAG_RD, "rd"},
                 {NSP_FLAG_RA, "ra"}, {NSP_FLAG_AD, "ad"}, {NSP_FLAG_CD, "cd"}};
    bool first = true;
    put_str(h, "\",\"flags\":[");
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (!nsp_msg_has(m, flags[i].flag))
            continue;
        if (!first)
            put_char(h, ',');
        first = false;
        put_char(h, '"');
        put(h, flags[i].word, 2);
        put_char(h, '"');
    }
}

static void put_reply(head_t *h, const nsp_msg_t *m)
{
    char rcode[16];
    put_str(h, ",\"rcode\":\"");
    put_str(h, nsp_rcode_text(nsp_msg_rcode(m), rcode));
    put_flags(h, m);
    put_str(h, "],\"size\":");
    put_number(h, m->size);
    put_str(h, ",\"counts\":[");
    put_number(h, m->count[NSP_ANSWER]);
    put_char(h, ',');
    put_number(h, m->count[NSP_AUTHORITY]);
    put_char(h, ',');
    put_number(h, m->count[NSP_ADDITIONAL]);
    put_char(h, ']');
}

static void add_answer(nsp_text_t *t, const nsp_msg_t *m)
{
    nsp_text_str(t, ",\"answer\":[");
    for (uint16_t i = 0; i < m->found[NSP_ANSWER]; i++) {
        if (i > 0)
            nsp_text_add(t, ",", 1);
        (void)nsp_text_json_rr(t, m, nsp_msg_rr(m, NSP_ANSWER, i));
    }
    nsp_text_add(t, "]", 1);
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

void bulk_json_query(nsp_text_t *t, const flight_result_t *r, bulk_records_t records)
{
    head_t h;
    h.end = h.text;
    put_question(&h, r);
    put_outcome(&h, r);
    if (r->reply != NULL)
        put_reply(&h, r->reply);
    nsp_text_add(t, h.text, (size_t)(h.end - h.text));
    if (r->reply != NULL && records == BULK_RECORDS_ALL)
        add_answer(t, r->reply);
    if (r->reply != NULL && records == BULK_RECORDS_LONG)
        nsp_text_str(t, ",\"answer_left_out\":true");
    add_why(t, r);
    nsp_text_add(t, "}\n", 2);
}

static void add_input(nsp_text_t *t, uint64_t line, const char *input, size_t size)
{
    nsp_text_printf(t, "{\"line\":%" PRIu64 ",\"input\":", line);
    nsp_text_json_string(t, input, size < INPUT_SHOWN ? size : INPUT_SHOWN);
}

void bulk_json_error(nsp_text_t *t, uint64_t line, const char *input, size_t size,
                     const char *error)
{
    add_input(t, line, input, size);
    nsp_text_str(t, ",\"error\":");
    nsp_text_json_string(t, error, strlen(error));
    nsp_text_str(t, "}\n");
}

void bulk_json_skipped(nsp_text_t *t, uint64_t line, const char *input, size_t size)
{
    add_input(t, line, input, size);
    nsp_text_str(t, ",\"skipped\":\"opt-out\"}\n");
}
