#include "report/requery_report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/noun.h"
#include "report/json_parts.h"
#include "report/number_text.h"

/* RDATA in text beyond this is cut; JSON has the whole of it. */
#define RECORD_MAX 600
#define JSON_TEXT  (4 * 65536 + 4096)

static const char *words_of(unsigned bits, bool slower, char *buf, size_t cap)
{
    size_t n = 0;
    buf[0] = '\0';
    for (unsigned i = 0; i < COMPARE_BITS && n < cap; i++)
        if ((bits >> i & 1u) != 0)
            n += (size_t)snprintf(buf + n, cap - n, "%s%s", n > 0 ? ", " : "", compare_word(i));
    if (slower && n < cap)
        snprintf(buf + n, cap - n, "%sslower", n > 0 ? ", " : "");
    return buf;
}

static void print_header(FILE *out, const char *label, const nsp_msg_t *m, int64_t rtt)
{
    char rcode[16];
    char time[NUMBER_TEXT_MAX];
    if (m == NULL) {
        fprintf(out, "  %s  no reply\n", label);
        return;
    }
    if (m->size < NSP_HEADER_SIZE) {
        fprintf(out, "  %s  %u %s, no whole header\n", label, m->size, noun_octets(m->size));
        return;
    }
    fprintf(out, "  %s  %s%s%s, %u/%u/%u records%s, %s\n", label,
            nsp_rcode_text(nsp_msg_rcode(m), rcode), nsp_msg_has(m, NSP_FLAG_AA) ? " aa" : "",
            nsp_msg_has(m, NSP_FLAG_TC) ? " tc" : "", m->count[1], m->count[2], m->count[3],
            m->opt != NSP_NO_RR ? ", EDNS" : "", duration_text(rtt, time));
}

static void print_records(FILE *out, const requery_difference_t *d, unsigned side)
{
    const compare_t *c = d->diff;
    uint32_t count = c->only_count[side];
    for (uint32_t i = 0; i < count && i < COMPARE_SHOWN; i++) {
        char text[RECORD_MAX];
        nsp_text_t t;
        nsp_text_begin(&t, text, sizeof text);
        nsp_text_rr(&t, d->reply[side],
                    nsp_msg_rr(d->reply[side], (nsp_section_t)c->only[side][i].section,
                               c->only[side][i].index));
        fprintf(out, "    %c %s%s\n", side == 0 ? '-' : '+', text, t.lost > 0 ? " ..." : "");
    }
    if (count > COMPARE_SHOWN)
        fprintf(out, "    %c and %u more\n", side == 0 ? '-' : '+', count - COMPARE_SHOWN);
}

void requery_print(FILE *out, const requery_difference_t *d)
{
    char type[16];
    char name[NSP_NAME_TEXT_MAX];
    char words[200];
    nsp_name_to_text(&d->qname, name, sizeof name);
    fprintf(out, "#%" PRIu64 "  %s %s %s: %s\n", d->number,
            d->transport == TRANSPORT_UDP ? "UDP" : "TCP", nsp_type_text(d->qtype, type), name,
            words_of(d->diff->differs, d->slower, words, sizeof words));
    print_header(out, "was", d->reply[0], d->rtt[0]);
    print_header(out, "now", d->reply[1], d->rtt[1]);
    print_records(out, d, 0);
    print_records(out, d, 1);
}

static void print_latency(FILE *out, const char *label, const latency_t *l)
{
    char buf[4][NUMBER_TEXT_MAX];
    if (l->count == 0)
        return;
    fprintf(out, "%-10s p50 %s, p90 %s, p99 %s, max %s\n", label,
            duration_text(latency_percentile(l, 0.5), buf[0]),
            duration_text(latency_percentile(l, 0.9), buf[1]),
            duration_text(latency_percentile(l, 0.99), buf[2]), duration_text(l->max, buf[3]));
}

static void print_bits(FILE *out, const requery_summary_t *s)
{
    char text[400] = "";
    for (unsigned i = 0; i < COMPARE_BITS; i++)
        if (s->bit[i] > 0)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s %" PRIu64,
                     text[0] != '\0' ? ", " : "", compare_word(i), s->bit[i]);
    if (text[0] != '\0')
        text_wrap(out, "           ", text);
}

void requery_print_summary(FILE *out, const requery_summary_t *s)
{
    char addr[ADDR_TEXT_MAX];
    if (s->not_shown > 0)
        fprintf(out, "and %" PRIu64 " more; -v shows all\n\n", s->not_shown);
    fprintf(out, "asked      %" PRIu64 " %s of %s in %.3f s, %" PRIu64 " answered\n", s->asked,
            noun(s->asked, "question", "questions"), addr_port_text(&s->to, addr),
            (double)s->took / 1e9, s->answered);
    for (size_t i = 0; i < s->skipped_count; i++)
        if (s->skipped[i].count > 0)
            fprintf(out, "not asked  %" PRIu64 " %s\n", s->skipped[i].count, s->skipped[i].text);
    fprintf(out, "the same   %" PRIu64, s->same);
    if (s->silent > 0)
        fprintf(out, ", %" PRIu64 " of them without a reply then and now", s->silent);
    fprintf(out, "\ndiffer     %" PRIu64 "\n", s->differ);
    print_bits(out, s);
    if (s->slower > 0)
        fprintf(out, "slower     %" PRIu64 "\n", s->slower);
    if (s->uncompared > 0)
        fprintf(out,
                "unknown    %" PRIu64 ", not compared: the recording lacks the reply, or "
                "the end of it\n",
                s->uncompared);
    if (s->not_sent > 0)
        fprintf(out, "not sent   %" PRIu64 "\n", s->not_sent);
    print_latency(out, "time was", s->was);
    print_latency(out, "time now", s->now);
    if (s->interrupted)
        fprintf(out, "interrupted: what was learnt until then\n");
}

static json_t *json_words(unsigned bits)
{
    json_t *j = json_array();
    for (unsigned i = 0; i < COMPARE_BITS; i++)
        if ((bits >> i & 1u) != 0)
            json_array_append_new(j, json_string(compare_word(i)));
    return j;
}

static json_t *json_records(const requery_difference_t *d, unsigned side, char *text)
{
    json_t *list = json_array();
    const compare_t *c = d->diff;
    for (uint32_t i = 0; i < c->only_count[side] && i < COMPARE_SHOWN; i++) {
        nsp_text_t t;
        nsp_text_begin(&t, text, JSON_TEXT);
        nsp_text_rr(&t, d->reply[side],
                    nsp_msg_rr(d->reply[side], (nsp_section_t)c->only[side][i].section,
                               c->only[side][i].index));
        json_array_append_new(list, json_string(text));
    }
    return list;
}

static json_t *json_side(const requery_difference_t *d, unsigned side, char *text)
{
    char rcode[16];
    const nsp_msg_t *m = d->reply[side];
    if (m == NULL)
        return json_null();
    json_t *j = json_object();
    json_object_set_new(j, "rcode", json_string(nsp_rcode_text(nsp_msg_rcode(m), rcode)));
    json_object_set_new(j, "aa", json_boolean(nsp_msg_has(m, NSP_FLAG_AA)));
    json_object_set_new(j, "tc", json_boolean(nsp_msg_has(m, NSP_FLAG_TC)));
    json_object_set_new(j, "size", json_integer(m->size));
    json_object_set_new(j, "rtt", json_seconds(d->rtt[side]));
    json_object_set_new(j, "only", json_records(d, side, text));
    json_object_set_new(j, "only_count", json_integer(d->diff->only_count[side]));
    return j;
}

bool requery_print_json(FILE *out, const requery_difference_t *d)
{
    char type[16];
    char *text = malloc(JSON_TEXT);
    if (text == NULL)
        return false;
    json_t *j = json_object();
    json_object_set_new(j, "kind", json_string("difference"));
    json_object_set_new(j, "id", json_integer((json_int_t)d->number));
    json_object_set_new(j, "time", json_seconds(d->at));
    json_object_set_new(j, "transport", json_string(d->transport == TRANSPORT_UDP ? "udp" : "tcp"));
    json_object_set_new(j, "server", json_addr(&d->server));
    json_object_set_new(j, "qname", json_name(&d->qname));
    json_object_set_new(j, "qtype", json_string(nsp_type_text(d->qtype, type)));
    json_object_set_new(j, "differs", json_words(d->diff->differs));
    json_object_set_new(j, "slower", json_boolean(d->slower));
    json_object_set_new(j, "was", json_side(d, 0, text));
    json_object_set_new(j, "now", json_side(d, 1, text));
    free(text);
    return json_print(out, j);
}

static json_t *json_percentiles(const latency_t *l)
{
    json_t *j = json_object();
    json_object_set_new(j, "p50", json_seconds(latency_percentile(l, 0.5)));
    json_object_set_new(j, "p90", json_seconds(latency_percentile(l, 0.9)));
    json_object_set_new(j, "p99", json_seconds(latency_percentile(l, 0.99)));
    json_object_set_new(j, "max", json_seconds(l->count > 0 ? l->max : -1));
    return j;
}

bool requery_print_summary_json(FILE *out, const requery_summary_t *s)
{
    const struct {
        const char *id;
        uint64_t count;
    } counts[] = {{"asked", s->asked},           {"answered", s->answered}, {"same", s->same},
                  {"differ", s->differ},         {"silent", s->silent},     {"slower", s->slower},
                  {"uncompared", s->uncompared}, {"not_sent", s->not_sent}};
    json_t *j = json_object();
    json_t *bits = json_object();
    json_t *skipped = json_object();
    for (unsigned i = 0; i < COMPARE_BITS; i++)
        json_object_set_new(bits, compare_word(i), json_integer((json_int_t)s->bit[i]));
    for (size_t i = 0; i < s->skipped_count; i++)
        json_object_set_new(skipped, s->skipped[i].id,
                            json_integer((json_int_t)s->skipped[i].count));
    json_object_set_new(j, "kind", json_string("requery"));
    json_object_set_new(j, "to", json_addr(&s->to));
    json_object_set_new(j, "port", json_integer(s->to.port));
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        json_object_set_new(j, counts[i].id, json_integer((json_int_t)counts[i].count));
    json_object_set_new(j, "differs", bits);
    json_object_set_new(j, "skipped", skipped);
    json_object_set_new(j, "took", json_seconds(s->took));
    json_object_set_new(j, "was", json_percentiles(s->was));
    json_object_set_new(j, "now", json_percentiles(s->now));
    json_object_set_new(j, "broken", json_boolean(s->broken));
    json_object_set_new(j, "interrupted", json_boolean(s->interrupted));
    return json_print(out, j);
}
