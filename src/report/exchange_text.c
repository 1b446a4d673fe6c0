#include "report/exchange_text.h"

#include <inttypes.h>
#include <string.h>

#include "exchange/icmp.h"
#include "exchange/noun.h"
#include "report/wrap.h"

#define WORD_WIDTH 10

uint64_t exchange_number(const exchange_t *x)
{
    return x->number != 0 ? x->number : x->id;
}

const char *event_name(event_kind_t kind)
{
    static const char *const names[] = {
        "sent",          "reply",         "mismatch",          "icmp",          "send-failed",
        "timeout",       "tcp-open",      "tcp-refused",       "tcp-reset",     "tcp-closed",
        "tcp-no-synack", "not-delivered", "tcp-not-delivered", "fragments-lost"};
    return (unsigned)kind < sizeof names / sizeof names[0] ? names[kind] : "unknown";
}

bool question_is_known(const exchange_t *x)
{
    /* as exchange_add leaves it; type 0 and class 0 are reserved (RFC 6895 3.1, 3.2) */
    return x->qtype != 0 || x->qclass != 0 || x->qname.len > 1;
}

const char *question_text(const exchange_t *x, char buf[QUESTION_TEXT_MAX])
{
    char type[16];
    char name[NSP_NAME_TEXT_MAX];
    const event_t *sent = exchange_query(x);
    bool none =
        sent != NULL && sent->size >= NSP_HEADER_SIZE && (sent->bytes[4] | sent->bytes[5]) == 0;
    if (!question_is_known(x))
        return none                                        ? "(no question)"
               : sent == NULL && exchange_reply(x) == NULL ? "(no query)"
                                                           : "(question cut)";
    nsp_name_to_text(&x->qname, name, sizeof name);
    snprintf(buf, QUESTION_TEXT_MAX, "%s %s", nsp_type_text(x->qtype, type), name);
    return buf;
}

static void describe_sent(const exchange_t *x, const event_t *e, char *buf, size_t cap)
{
    char question[QUESTION_TEXT_MAX];
    unsigned id = e->size >= 2 ? (unsigned)(e->bytes[0] << 8 | e->bytes[1]) : 0;
    snprintf(buf, cap, "sent      %s %s, id %u, %u %s",
             x->transport == TRANSPORT_UDP ? "UDP" : "TCP", question_text(x, question), id, e->size,
             noun_octets(e->size));
}

static void describe_message(const event_t *e, const char *what, reply_t *scratch, char *buf,
                             size_t cap)
{
    char rcode[16];
    nsp_msg_t *m = &scratch->msg;
    if (e->size < NSP_HEADER_SIZE) {
        snprintf(buf, cap, "%s%u %s, no whole header", what, e->size, noun_octets(e->size));
        return;
    }
    reply_index(scratch, e->bytes, e->size);
    nsp_err_t fault = nsp_msg_validate(m);
    int n =
        snprintf(buf, cap, "%s%s%s%s%s, %u/%u/%u records, %u octets", what,
                 nsp_rcode_text(nsp_msg_rcode(m), rcode), nsp_msg_has(m, NSP_FLAG_AA) ? " aa" : "",
                 nsp_msg_has(m, NSP_FLAG_TC) ? " tc" : "", nsp_msg_has(m, NSP_FLAG_RA) ? " ra" : "",
                 m->count[1], m->count[2], m->count[3], e->size);
    if (fault != NSP_OK && n > 0 && (size_t)n < cap)
        snprintf(buf + n, cap - (size_t)n, "; at octet %u: %s", m->fault[0].offset,
                 nsp_err_text(fault));
}

const char *mismatch_describe(uint8_t bits, char *buf, size_t cap)
{
    static const struct {
        unsigned bit;
        const char *text;
    } reasons[] = {{MISMATCH_ADDRESS, "address"}, {MISMATCH_PORT, "port"},
                   {MISMATCH_ID, "id"},           {MISMATCH_QUESTION, "question"},
                   {MISMATCH_QR, "QR bit"},       {MISMATCH_HEADER, "size"}};
    size_t n = 0;
    buf[0] = '\0';
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0] && n < cap; i++)
        if ((bits & reasons[i].bit) != 0)
            n += (size_t)snprintf(buf + n, cap - n, "%s%s", n == 0 ? "" : ", ", reasons[i].text);
    return buf;
}

static void describe_mismatch(const event_t *e, reply_t *scratch, char *buf, size_t cap)
{
    char what[240];
    char reasons[120];
    char from[ADDR_TEXT_MAX];
    snprintf(what, sizeof what, "mismatch  wrong %s, from %s: ",
             mismatch_describe(e->mismatch, reasons, sizeof reasons),
             addr_port_text(&e->peer, from));
    describe_message(e, what, scratch, buf, cap);
}

static void describe_icmp(const exchange_t *x, const event_t *e, char *buf, size_t cap)
{
    char from[ADDR_TEXT_MAX];
    addr_t peer = e->peer;
    peer.port = 53; /* an ICMP message has no port to show */
    int n =
        snprintf(buf, cap, "ICMP      %s", icmp_text(x->server.family, e->icmp_type, e->icmp_code));
    if (peer.family != 0 && n > 0)
        n += snprintf(buf + n, cap - (size_t)n, ", reported by %s", addr_text(&peer, from));
    if (e->icmp_mtu > 0 && n > 0 && (size_t)n < cap)
        snprintf(buf + n, cap - (size_t)n, ", MTU %u", e->icmp_mtu);
}

void event_describe(const exchange_t *x, const event_t *e, reply_t *scratch, char *buf, size_t cap)
{
    switch (e->kind) {
    case EVENT_SENT:
        describe_sent(x, e, buf, cap);
        break;
    case EVENT_REPLY:
        describe_message(e, "reply     ", scratch, buf, cap);
        break;
    case EVENT_MISMATCH:
        describe_mismatch(e, scratch, buf, cap);
        break;
    case EVENT_ICMP:
        describe_icmp(x, e, buf, cap);
        break;
    case EVENT_SEND_FAILED:
        snprintf(buf, cap, "not sent  %s", strerror(e->os_error));
        break;
    case EVENT_TIMEOUT:
        snprintf(buf, cap, "timeout   nothing came");
        break;
    case EVENT_TCP_OPEN:
        snprintf(buf, cap, "open      TCP handshake done");
        break;
    case EVENT_TCP_REFUSED:
        snprintf(buf, cap, "refused   RST in answer to SYN");
        break;
    case EVENT_TCP_RESET:
        snprintf(buf, cap, "reset     RST on the open connection");
        break;
    case EVENT_TCP_CLOSED:
        snprintf(buf, cap, "closed    FIN after %u %s of the answer", e->size,
                 noun_octets(e->size));
        break;
    case EVENT_TCP_NO_SYNACK:
        snprintf(buf, cap, "timeout   no answer to SYN");
        break;
    case EVENT_NOT_DELIVERED:
        describe_message(e, "dropped   by this host: ", scratch, buf, cap);
        break;
    case EVENT_TCP_NOT_DELIVERED:
        snprintf(buf, cap, "dropped   by this host: the answer to SYN");
        break;
    case EVENT_FRAGMENTS_LOST:
        snprintf(buf, cap, "fragments of an answer came, %s",
                 e->size > 0 ? "but not all" : "but not the first");
        break;
    }
}

void exchange_print(FILE *out, const exchange_t *x, reply_t *scratch, const char *indent,
                    unsigned max)
{
    char line[1400];
    char label[64];
    char addr[ADDR_TEXT_MAX];
    int64_t first = x->event_count > 0 ? x->event[0].at : 0;
    fprintf(out, "%s#%" PRIu64 " to %s\n", indent, exchange_number(x),
            addr_port_text(&x->server, addr));
    for (uint32_t i = 0; i < x->event_count; i++) {
        if (i == max) {
            fprintf(out, "%s  ... %u more\n", indent, x->event_count - max);
            break;
        }
        event_describe(x, &x->event[i], scratch, line, sizeof line);
        /* what happened is a word of its own column */
        size_t word = strlen(line) > WORD_WIDTH ? WORD_WIDTH : 0;
        snprintf(label, sizeof label, "%s  +%.4f s  %.*s", indent,
                 (double)(x->event[i].at - first) / 1e9, (int)word, line);
        text_wrap(out, label, line + word);
    }
}

void exchanges_print(FILE *out, const exchange_set_t *set, reply_t *scratch)
{
    fprintf(out, "\nexchanges\n");
    for (uint32_t i = 0; i < set->count; i++)
        exchange_print(out, set->item[i], scratch, "  ", UINT32_MAX);
}
