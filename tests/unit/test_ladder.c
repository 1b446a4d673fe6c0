/* The packet ladder: golden text for each kind of event, and 80 columns whatever comes. */
#include "report/ladder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exchange/flow.h"

#define MS INT64_C(1000000)

/* Header and question (www.example. A), with room for an OPT of 1232 octets with DO. */
static const uint8_t question[] = {0x12, 0x34, 1,   0,   0,   1,   0, 0,   0,   0,
                                   0,    0,    3,   'w', 'w', 'w', 7, 'e', 'x', 'a',
                                   'm',  'p',  'l', 'e', 0,   0,   1, 0,   1};
static const uint8_t opt[] = {0, 0, 41, 0x04, 0xd0, 0, 0, 0x80, 0, 0, 0};
static const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 80};

typedef struct message {
    uint8_t octets[128];
    uint32_t size;
} message_t;

static message_t query_of(uint16_t id, bool edns)
{
    message_t m;
    memcpy(m.octets, question, sizeof question);
    m.octets[0] = (uint8_t)(id >> 8);
    m.octets[1] = (uint8_t)id;
    m.size = sizeof question;
    if (edns) {
        memcpy(m.octets + m.size, opt, sizeof opt);
        m.size += sizeof opt;
        m.octets[11] = 1;
    }
    return m;
}

/* QR, AA, one record. */
static message_t reply_of(uint16_t id, uint8_t rcode)
{
    message_t m = query_of(id, false);
    m.octets[2] = 0x85;
    m.octets[3] = rcode;
    m.octets[7] = 1;
    memcpy(m.octets + m.size, record, sizeof record);
    m.size += sizeof record;
    return m;
}

static addr_t address(const char *text)
{
    addr_t a;
    assert_true(addr_from_text(text, strlen(text), 53, &a));
    return a;
}

static exchange_t *begin(exchange_set_t *set, transport_t t, const char *server, const char *local)
{
    addr_t to = address(server);
    exchange_set_init(set, 1);
    exchange_t *x = exchange_add(set, t, &to, question, sizeof question);
    assert_non_null(x);
    x->local = address(local);
    x->finished = true;
    return x;
}

static event_t *put(exchange_t *x, event_kind_t kind, unsigned attempt, int64_t at,
                    const message_t *m)
{
    event_t e = {.kind = kind,
                 .attempt = (uint8_t)attempt,
                 .at = at,
                 .bytes = m != NULL ? m->octets : NULL,
                 .size = m != NULL ? m->size : 0};
    if (kind == EVENT_REPLY || kind == EVENT_MISMATCH)
        e.peer = x->server;
    assert_true(exchange_append(x, &e));
    return &x->event[x->event_count - 1];
}

static char *drawn(const exchange_t *x, bool utf8)
{
    char *text = NULL;
    size_t len = 0;
    reply_t *scratch = malloc(sizeof *scratch);
    FILE *out = open_memstream(&text, &len);
    assert_non_null(scratch);
    assert_non_null(out);
    ladder_print(out, x, scratch, utf8);
    assert_int_equal(fclose(out), 0);
    free(scratch);
    return text;
}

/* No line has more than 80 columns or ends in a blank. */
static void check_lines(const char *text)
{
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");
        unsigned columns = 0;
        assert_int_equal(text[n], '\n');
        for (size_t i = 0; i < n; i++)
            columns += ((unsigned char)text[i] & 0xc0) != 0x80;
        assert_true(columns <= 80);
        assert_true(n == 0 || text[n - 1] != ' ');
        text += n + 1;
    }
}

static void expect(exchange_set_t *set, const char *golden)
{
    char *text = drawn(set->item[0], false);
    check_lines(text);
    assert_string_equal(text, golden);
    free(text);
    exchange_set_free(set);
}

static void udp_retry_and_late(void **state)
{
    (void)state;
    exchange_set_t set;
    exchange_t *x = begin(&set, TRANSPORT_UDP, "192.0.2.30", "192.0.2.1#40000");
    message_t q1 = query_of(1000, true);
    message_t q2 = query_of(2000, true);
    message_t r1 = reply_of(1000, 0);
    put(x, EVENT_SENT, 1, 5 * MS, &q1);
    put(x, EVENT_TIMEOUT, 1, 1005 * MS, NULL);
    put(x, EVENT_SENT, 2, 1005 * MS, &q2);
    put(x, EVENT_REPLY, 1, 1905 * MS, &r1);
    expect(&set, "#1  UDP  A  www.example.\n"
                 "  client 192.0.2.1#40000\n"
                 "  server 192.0.2.30\n"
                 "\n"
                 "   seconds client                                                      server\n"
                 "  0.000000 |-- UDP query A id 1000 rd, 40 octets, EDNS 1232 do ----------->|\n"
                 "  1.000000 |   timeout: nothing came                                       |\n"
                 "  1.000000 |-- UDP query again A id 2000 rd, 40 octets, EDNS 1232 ---> ?   |\n"
                 "           |   do                                                          |\n"
                 "  1.900000 |<- late reply id 1000 NOERROR aa rd 1/0/0, 45 octets ----------|\n"
                 "\n"
                 "  outcome  answered after 1.900000 s, late, 2 sent, 0 lost\n"
                 "  > ?     how far it came is not known: nothing answers it\n");
}

static void silence_over_ipv6(void **state)
{
    (void)state;
    exchange_set_t set;
    exchange_t *x = begin(&set, TRANSPORT_UDP, "[2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]#53530",
                          "[2001:db8:eeee:eeee:eeee:eeee:eeee:eeee]#65535");
    message_t q = query_of(65535, false);
    put(x, EVENT_SENT, 1, 0, &q);
    put(x, EVENT_TIMEOUT, 1, 1000 * MS, NULL);
    expect(&set, "#1  UDP  A  www.example.\n"
                 "  client 2001:db8:eeee:eeee:eeee:eeee:eeee:eeee#65535\n"
                 "  server 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff#53530\n"
                 "\n"
                 "   seconds client                                                      server\n"
                 "  0.000000 |-- UDP query A id 65535 rd, 29 octets -------------------> ?   |\n"
                 "  1.000000 |   timeout: nothing came                                       |\n"
                 "\n"
                 "  outcome  silent, 1 sent, 0 lost\n"
                 "  > ?     how far it came is not known: nothing answers it\n");
}

static void others(void **state)
{
    (void)state;
    exchange_set_t set;
    exchange_t *x = begin(&set, TRANSPORT_UDP, "2001:db8::30", "2001:db8::1");
    message_t q = query_of(7, false);
    message_t wrong = reply_of(7, 5);
    message_t odd = reply_of(9, 0);
    put(x, EVENT_SENT, 1, 0, &q);
    event_t *e = put(x, EVENT_MISMATCH, 1, 20 * MS, &wrong);
    e->peer = address("[2001:db8::31]#5353");
    e->mismatch = MISMATCH_ADDRESS | MISMATCH_PORT;
    e = put(x, EVENT_MISMATCH, 0, 21 * MS, &odd);
    e->mismatch = MISMATCH_ID;
    e = put(x, EVENT_ICMP, 1, 30 * MS, NULL);
    e->peer = address("2001:db8::fe");
    e->icmp_type = 2;
    e->icmp_mtu = 1280;
    e = put(x, EVENT_ICMP, 1, 31 * MS, NULL);
    e->peer = x->server;
    e->icmp_type = 1;
    e->icmp_code = 4;
    expect(&set, "#1  UDP  A  www.example.\n"
                 "  client 2001:db8::1\n"
                 "  server 2001:db8::30\n"
                 "  a      2001:db8::31#5353\n"
                 "  b      2001:db8::fe\n"
                 "\n"
                 "   seconds client                                                      server\n"
                 "  0.000000 |-- UDP query A id 7 rd, 29 octets ---------------------------->|\n"
                 "  0.020000 |<- wrong address, port: id 7 REFUSED aa rd 1/0/0, 45 octets ---+--a\n"
                 "  0.021000 |<- wrong id: id 9 NOERROR aa rd 1/0/0, 45 octets --------------|\n"
                 "  0.030000 |<- ICMP packet too big, MTU 1280 ------------------------------+--b\n"
                 "  0.031000 |<- ICMP port unreachable --------------------------------------|\n"
                 "\n"
                 "  outcome  mismatched after 0.020000 s, 1 sent, 0 lost\n");
}

static void broken_messages(void **state)
{
    (void)state;
    exchange_set_t set;
    exchange_t *x = begin(&set, TRANSPORT_UDP, "192.0.2.30", "192.0.2.1");
    message_t q = query_of(7, false);
    message_t cut = reply_of(7, 0);
    message_t tiny = reply_of(7, 0);
    cut.size -= 2;
    tiny.size = 5;
    put(x, EVENT_SENT, 1, 0, &q);
    put(x, EVENT_REPLY, 1, 10 * MS, &cut);
    put(x, EVENT_REPLY, 1, 11 * MS, &tiny);
    expect(&set, "#1  UDP  A  www.example.\n"
                 "  client 192.0.2.1\n"
                 "  server 192.0.2.30\n"
                 "\n"
                 "   seconds client                                                      server\n"
                 "  0.000000 |-- UDP query A id 7 rd, 29 octets ---------------------------->|\n"
                 "  0.010000 |<- reply id 7 NOERROR aa rd 1/0/0, 43 octets ------------------|\n"
                 "           |   malformed at octet 39: data ends inside a field             |\n"
                 "  0.011000 |<- reply 5 octets, no whole header ----------------------------|\n"
                 "\n"
                 "  outcome  malformed after 0.010000 s, 1 sent, 0 lost\n");
}

/* As the engine says it: the query is queued when the connection is opened. */
static void tcp_open_and_closed(void **state)
{
    (void)state;
    exchange_set_t set;
    exchange_t *x = begin(&set, TRANSPORT_TCP, "192.0.2.30", "192.0.2.1#40000");
    message_t q = query_of(7, false);
    message_t part = reply_of(7, 0);
    part.size = 20;
    put(x, EVENT_SENT, 1, 0, &q);
    put(x, EVENT_TCP_OPEN, 1, 2 * MS, NULL);
    put(x, EVENT_TCP_CLOSED, 1, 4 * MS, &part);
    expect(&set, "#1  TCP  A  www.example.\n"
                 "  client 192.0.2.1#40000\n"
                 "  server 192.0.2.30\n"
                 "\n"
                 "   seconds client                                                      server\n"
                 "  0.000000 |-- TCP SYN --------------------------------------------------->|\n"
                 "  0.002000 |<- SYN ACK: open ----------------------------------------------|\n"
                 "           |-- TCP query A id 7 rd, 29 octets ---------------------------->|\n"
                 "  0.004000 |<- FIN after 20 octets of the answer --------------------------|\n"
                 "\n"
                 "  outcome  tcp-closed after 0.004000 s, 1 sent, 0 lost\n");
}

/* As a capture says it: the query follows the handshake. */
static void tcp_captured(void **state)
{
    (void)state;
    exchange_set_t set;
    exchange_t *x = begin(&set, TRANSPORT_TCP, "192.0.2.30", "192.0.2.1#40000");
    message_t q = query_of(7, false);
    message_t r = reply_of(7, 0);
    put(x, EVENT_TCP_OPEN, 1, 2 * MS, NULL);
    put(x, EVENT_SENT, 1, 3 * MS, &q);
    put(x, EVENT_REPLY, 1, 4 * MS, &r);
    put(x, EVENT_TCP_RESET, 1, 5 * MS, NULL);
    expect(&set, "#1  TCP  A  www.example.\n"
                 "  client 192.0.2.1#40000\n"
                 "  server 192.0.2.30\n"
                 "\n"
                 "   seconds client                                                      server\n"
                 "  0.000000 |-- TCP SYN --------------------------------------------------->|\n"
                 "  0.002000 |<- SYN ACK: open ----------------------------------------------|\n"
                 "  0.003000 |-- TCP query A id 7 rd, 29 octets ---------------------------->|\n"
                 "  0.004000 |<- reply id 7 NOERROR aa rd 1/0/0, 45 octets ------------------|\n"
                 "  0.005000 |<- RST: reset -------------------------------------------------|\n"
                 "\n"
                 "  outcome  answered after 0.001000 s, 1 sent, 0 lost\n");
}

static void tcp_refused(void **state)
{
    (void)state;
    exchange_set_t set;
    exchange_t *x = begin(&set, TRANSPORT_TCP, "192.0.2.30", "192.0.2.1#40000");
    message_t q = query_of(7, false);
    put(x, EVENT_SENT, 1, 0, &q);
    put(x, EVENT_TCP_REFUSED, 1, 1 * MS, NULL);
    expect(&set, "#1  TCP  A  www.example.\n"
                 "  client 192.0.2.1#40000\n"
                 "  server 192.0.2.30\n"
                 "\n"
                 "   seconds client                                                      server\n"
                 "  0.000000 |-- TCP SYN --------------------------------------------------->|\n"
                 "  0.001000 |<- RST in answer to SYN: refused ------------------------------|\n"
                 "\n"
                 "  outcome  tcp-refused after 0.001000 s, 1 sent, 0 lost\n");
}

static void tcp_no_synack(void **state)
{
    (void)state;
    exchange_set_t set;
    exchange_t *x = begin(&set, TRANSPORT_TCP, "192.0.2.30", "192.0.2.1#40000");
    message_t q = query_of(7, false);
    put(x, EVENT_SENT, 1, 0, &q);
    put(x, EVENT_TCP_NO_SYNACK, 1, 7000 * MS, NULL);
    expect(&set, "#1  TCP  A  www.example.\n"
                 "  client 192.0.2.1#40000\n"
                 "  server 192.0.2.30\n"
                 "\n"
                 "   seconds client                                                      server\n"
                 "  0.000000 |-- TCP SYN ----------------------------------------------> ?   |\n"
                 "  7.000000 |   timeout: no answer to SYN                                   |\n"
                 "\n"
                 "  outcome  tcp-no-synack after 7.000000 s, 1 sent, 0 lost\n"
                 "  > ?     how far it came is not known: nothing answers it\n");
}

static void lines_in_utf8(void **state)
{
    (void)state;
    exchange_set_t set;
    exchange_t *x = begin(&set, TRANSPORT_UDP, "192.0.2.30", "192.0.2.1#40000");
    message_t q = query_of(7, false);
    message_t r = reply_of(7, 0);
    put(x, EVENT_SENT, 1, 0, &q);
    event_t *e = put(x, EVENT_MISMATCH, 1, MS, &r);
    e->peer = address("192.0.2.99");
    e->mismatch = MISMATCH_ADDRESS;
    char *utf8 = drawn(x, true);
    char *ascii = drawn(x, false);
    check_lines(utf8);
    /* the same drawing: every line drawn stands for one octet of the other */
    size_t at = 0;
    for (const char *p = utf8; *p != '\0'; at++) {
        if ((unsigned char)*p < 0x80) {
            assert_int_equal(*p++, ascii[at]);
            continue;
        }
        const char *drawing = "|\u2502-\u2500>\u2192<\u2190+\u253c";
        const char *found = strstr(drawing, (char[]){p[0], p[1], p[2], '\0'});
        assert_non_null(found);
        assert_int_equal(found[-1], ascii[at]);
        p += 3;
    }
    assert_int_equal(ascii[at], '\0');
    free(utf8);
    free(ascii);
    exchange_set_free(&set);
}

/* Whatever a QNAME holds, and however many events of whatever kind: 80 columns, no control
 * character. */
static void hostile(void **state)
{
    (void)state;
    exchange_set_t set;
    exchange_t *x = begin(&set, TRANSPORT_TCP, "[fe80::ffff:ffff:ffff:ffff%lo]#65535", "::1");
    message_t q = query_of(7, true);
    x->qname.len = 255;
    for (unsigned i = 0; i < 254; i++)
        x->qname.octets[i] = i % 64 == 0 ? (uint8_t)(i == 192 ? 61 : 63) : (uint8_t)(i % 32);
    x->qname.octets[254] = 0;
    for (unsigned i = 0; i < 600; i++) {
        message_t m = reply_of((uint16_t)i, (uint8_t)(i % 16));
        m.size = i % 46;
        event_t *e = put(x, (event_kind_t)(i % 11), i % 7, i * 200000 * MS, i % 3 ? &m : &q);
        if (i % 11 == EVENT_MISMATCH || i % 11 == EVENT_ICMP) {
            char text[40];
            snprintf(text, sizeof text, "192.0.2.%u", i % 256);
            e->peer = address(text);
            e->mismatch = (uint8_t)(i % 64);
        }
        e->os_error = (int)(i % 140);
    }
    x->event[599].at = 250000 * 1000000000LL * 36;
    char *text = drawn(x, false);
    check_lines(text);
    for (const char *p = text; *p != '\0'; p++)
        assert_true(*p == '\n' || (*p >= ' ' && *p <= '~'));
    free(text);
    exchange_set_free(&set);
}

static void nothing_at_all(void **state)
{
    (void)state;
    exchange_set_t set;
    begin(&set, TRANSPORT_UDP, "192.0.2.30", "192.0.2.1");
    expect(&set, "#1  UDP  A  www.example.\n"
                 "  client 192.0.2.1\n"
                 "  server 192.0.2.30\n"
                 "\n"
                 "   seconds client                                                      server\n"
                 "\n"
                 "  outcome  silent, 0 sent, 0 lost\n");
}

/* A connection of a capture that is asked for, and asked for again, and never answered. */
static void captured_syn(void **state)
{
    (void)state;
    exchange_set_t set;
    flow_event_t again = {.kind = FLOW_EVENT_SYN_AGAIN, .message = {.at = 1001 * MS}};
    flow_t flow = {.number = 5,
                   .transport = TRANSPORT_TCP,
                   .notes = FLOW_NO_QUERY,
                   .client = address("192.0.2.1#40000"),
                   .server = address("192.0.2.30"),
                   .event_count = 1,
                   .event = &again,
                   .began = 1 * MS,
                   .ended = 20001 * MS};
    exchange_set_init(&set, flow.began);
    assert_non_null(flow_exchange(&flow, NULL, &set));
    expect(&set, "#5  TCP  (no query)\n"
                 "  client 192.0.2.1#40000\n"
                 "  server 192.0.2.30\n"
                 "\n"
                 "   seconds client                                                      server\n"
                 "  0.000000 |-- TCP SYN ----------------------------------------------> ?   |\n"
                 " 20.000000 |   timeout: no answer to SYN                                   |\n"
                 "\n"
                 "  outcome  tcp-no-synack, 0 sent, 0 lost\n"
                 "  > ?     how far it came is not known: nothing answers it\n");
    /* what the capture has no end of is not known */
    flow.notes |= FLOW_PENDING;
    exchange_set_init(&set, flow.began);
    const exchange_t *x = flow_exchange(&flow, NULL, &set);
    assert_non_null(x);
    assert_int_equal(x->event_count, 0);
    expect(&set, "#5  TCP  (no query)\n"
                 "  client 192.0.2.1#40000\n"
                 "  server 192.0.2.30\n"
                 "\n"
                 "   seconds client                                                      server\n"
                 "  0.000000 |-- TCP SYN --------------------------------------------------->|\n"
                 "\n"
                 "  outcome  pending, 0 sent, 0 lost\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(udp_retry_and_late),
        cmocka_unit_test(silence_over_ipv6),
        cmocka_unit_test(others),
        cmocka_unit_test(broken_messages),
        cmocka_unit_test(tcp_open_and_closed),
        cmocka_unit_test(tcp_captured),
        cmocka_unit_test(tcp_refused),
        cmocka_unit_test(tcp_no_synack),
        cmocka_unit_test(captured_syn),
        cmocka_unit_test(lines_in_utf8),
        cmocka_unit_test(hostile),
        cmocka_unit_test(nothing_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
