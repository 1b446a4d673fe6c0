#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "capture/pair.h"
#include "proto/nsproto.h"

#define MS INT64_C(1000000)

/* One item. q and r are a question and its reply over UDP; Q and R over TCP. */
typedef struct step {
    char kind; /* q r Q R; S syn, s syn again, O open, F/f FIN of server/client, X/x RST of them,
                  P/p partial frame of server/client, I icmp, L lost fragments, l the same without
                  the first */
    int ms;
    uint16_t port; /* of the client */
    uint16_t id;
    const char *name;
    unsigned server;      /* last octet; 0: 1 */
    uint16_t server_port; /* 0: 53 */
    char twist;      /* e with EDNS, n no question and FORMERR, z QR clear, h one octet, u upper
                        case, c cut by the capture, a for AXFR, d damaged, s with a wrong checksum, f
                        seen behind routers, k with hops that are not known */
    unsigned client; /* last octet; 0: 10 */
} step_t;

typedef struct pair_case {
    const char *title;
    const char *steps; /* as feed_text() reads them */
    const char *flows; /* as show() writes them */
} pair_case_t;

typedef struct seen {
    char text[2000];
    size_t len;
} seen_t;

static void say(seen_t *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(seen_t *s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(s->text + s->len, sizeof s->text - s->len, format, args);
    va_end(args);
    s->len += n > 0 ? (size_t)n : 0;
    assert_true(s->len < sizeof s->text);
}

static void show_events(seen_t *s, const flow_t *f)
{
    static const char letters[] = "rmildsoRXC";
    for (uint32_t i = 0; i < f->event_count; i++) {
        const flow_event_t *e = &f->event[i];
        say(s, " %c%u", letters[e->kind], e->attempt);
        if (e->kind == FLOW_EVENT_MISMATCH || (e->kind == FLOW_EVENT_DAMAGED && e->mismatch != 0))
            say(s, "/%u", e->mismatch);
    }
}

/* "number transport.server attempts notes events; " */
static void show(void *user, const flow_t *f)
{
    seen_t *s = user;
    say(s, "%s%llu %c%u x%u", s->len > 0 ? "; " : "", (unsigned long long)f->number,
        f->transport == TRANSPORT_TCP ? 't' : 'u', f->server.octets[3], f->attempts);
    static const struct {
        unsigned bit;
        const char *word;
    } words[] = {
        {FLOW_LATE, "late"},         {FLOW_NO_QUERY, "noq"},      {FLOW_PENDING, "pending"},
        {FLOW_EVICTED, "evicted"},   {FLOW_QUERY_TWICE, "twice"}, {FLOW_DUPLICATE, "dup"},
        {FLOW_NEW_PORT, "port"},     {FLOW_CUT, "cut"},           {FLOW_QUOTED, "quoted"},
        {FLOW_REPLY_FIRST, "first"}, {FLOW_REPLY_BAD_SUM, "sum"}};
    if ((f->notes & FLOW_ANSWERED) != 0)
        say(s, " =%u@%lld", f->reply_attempt, (long long)((f->ended - f->asked) / MS));
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if ((f->notes & words[i].bit) != 0)
            say(s, " %s", words[i].word);
    show_events(s, f);
}

static addr_t address(unsigned last, uint16_t port)
{
    uint8_t octets[4] = {192, 0, 2, (uint8_t)last};
    return addr_from_octets(octets, 4, port);
}

static uint32_t message(const step_t *s, bool reply, uint8_t *buf, size_t cap)
{
    nsp_name_t name;
    nsp_edns_t edns = {.udp_size = 1232};
    size_t size = 0;
    const char *text = s->name != NULL ? s->name : "a.test.";
    assert_int_equal(nsp_name_from_text(text, strlen(text), NULL, &name, NULL), NSP_OK);
    assert_int_equal(nsp_build_query(buf, cap, s->id, reply && s->twist != 'z' ? NSP_FLAG_QR : 0,
                                     &name, s->twist == 'a' ? NSP_TYPE_AXFR : NSP_TYPE_A,
                                     NSP_CLASS_IN, s->twist == 'e' ? &edns : NULL, &size),
                     NSP_OK);
    if (s->twist == 'u')
        buf[13] = (uint8_t)(buf[13] - 32);
    if (s->twist == 'n') {
        size = NSP_HEADER_SIZE;
        buf[5] = 0;
        buf[3] = NSP_RCODE_FORMERR;
    }
    if (s->twist == 'x') { /* no question, but a record */
        buf[5] = 0;
        buf[11] = 1;
    }
    return s->twist == 'h' ? 1 : (uint32_t)size;
}

static cap_item_kind_t kind_of(char c)
{
    switch (c) {
    case 'q':
    case 'r':
        return CAP_ITEM_UDP;
    case 'L':
    case 'l':
        return CAP_ITEM_UDP_LOST;
    case 'I':
        return CAP_ITEM_ICMP;
    case 'S':
    case 's':
        return CAP_ITEM_TCP_SYN;
    case 'O':
        return CAP_ITEM_TCP_OPEN;
    case 'P':
    case 'p':
        return CAP_ITEM_TCP_PARTIAL;
    case 'F':
    case 'f':
        return CAP_ITEM_TCP_FIN;
    case 'X':
    case 'x':
        return CAP_ITEM_TCP_RESET;
    default:
        return CAP_ITEM_TCP_MESSAGE;
    }
}

static void feed(pairer_t *p, const step_t *s, uint64_t number)
{
    uint8_t buf[600];
    addr_t client = address(10, s->port);
    addr_t server = address(s->server != 0 ? s->server : 1,
                            (uint16_t)(s->server_port != 0 ? s->server_port : 53));
    bool asks = strchr("qQSsfxp", s->kind) != NULL;
    cap_item_t item = {.kind = kind_of(s->kind), .at = (1000 + s->ms) * MS, .number = number};
    item.from = asks ? client : server;
    item.to = asks ? server : client;
    if (strchr("qrLQRPpI", s->kind) != NULL)
        item.size = message(s, strchr("rRLP", s->kind) != NULL, buf, sizeof buf);
    item.bytes = item.size > 0 ? buf : NULL;
    item.original = item.size;
    item.ttl = s->twist == 'f' ? 60 : s->twist == 'k' ? 0 : 64;
    if (strchr("QRSsOFfXxPp", s->kind) != NULL)
        item.connection = s->port;
    if (s->kind == 's')
        item.notes = CAP_NOTE_RETRANSMIT;
    if (s->twist == 'm')
        item.notes = CAP_NOTE_ASSUMED;
    if (s->twist == 'd')
        item.notes = CAP_NOTE_CHECKSUM | CAP_NOTE_DAMAGED;
    if (s->twist == 's')
        item.notes = CAP_NOTE_CHECKSUM;
    if (s->twist == 'c')
        item.notes |= CAP_NOTE_GAP | CAP_NOTE_CUT;
    if (s->kind == 'l') {
        item.notes = CAP_NOTE_NO_FIRST;
        item.from.port = item.to.port = 0;
    }
    if (s->kind == 'I') {
        item.from = address(77, 0);
        item.quoted_from = client;
        item.quoted_to = server;
        item.icmp_type = 3;
        item.quoted = s->twist == 't' ? TRANSPORT_TCP : TRANSPORT_UDP;
        if (s->twist == 'h') { /* cut before the server's port */
            item.quoted_to.port = 0;
            item.quoted_from.port = s->port > 1 ? s->port : 0;
            item.notes = CAP_NOTE_NO_FIRST;
            item.size = 0;
        }
    }
    pairer_feed(p, &item);
}

/* Steps as "KIND MS/PORT/ID=NAME@SERVER#PORT%TWIST", all but kind and time optional. NAME is one
 * letter. */
static void feed_text(pairer_t *p, const char *steps)
{
    uint64_t number = 0;
    for (const char *at = steps; *at != '\0';) {
        char name[] = "a.test.";
        step_t s = {.kind = *at++, .name = name};
        char *end = NULL;
        s.ms = (int)strtol(at, &end, 10);
        for (at = end; *at != ' ' && *at != '\0';) {
            char what = *at++;
            if (what == '=' || what == '%') {
                *(what == '=' ? name : &s.twist) = *at++;
                continue;
            }
            unsigned v = (unsigned)strtoul(at, &end, 10);
            at = end;
            if (what == '/' && s.port == 0)
                s.port = (uint16_t)v;
            else if (what == '/')
                s.id = (uint16_t)v;
            else if (what == '@')
                s.server = v;
            else
                s.server_port = (uint16_t)v;
        }
        feed(p, &s, ++number);
        at += *at == ' ';
    }
}

/* end: of the capture, in ms as steps have it. */
static void run_until(const pair_options_t *o, const char *steps, int end, seen_t *seen,
                      pair_stats_t *stats)
{
    memset(seen, 0, sizeof *seen);
    pairer_t *p = pairer_new(o, show, seen);
    assert_non_null(p);
    feed_text(p, steps);
    pairer_finish(p, (1000 + end) * MS);
    *stats = *pairer_stats(p);
    pairer_free(p);
}

static void run(const pair_options_t *o, const char *steps, seen_t *seen, pair_stats_t *stats)
{
    run_until(o, steps, 0, seen, stats);
}

static const pair_case_t cases[] = {
    {"answered", "q0/5000/7 r3/5000/7", "1 u1 x1 =1@3"},
    {"the reply may have another case", "q0/5000/7 r3/5000/7%u", "1 u1 x1 =1@3"},
    {"FORMERR without a question", "q0/5000/7 r3/5000/7%n", "1 u1 x1 =1@3"},
    {"two at once, crossed", "q0/5000/7 q1/5000/8=b r3/5000/8=b r4/5000/7",
     "2 u1 x1 =1@2; 1 u1 x1 =1@4"},
    {"silence", "q0/5000/7 q30000/5001/9=b", "1 u1 x1; 2 u1 x1 pending"},
    {"the same port and another ID, as check does", "q0/5000/7 q1000/5000/8 r1002/5000/8",
     "1 u1 x2 =2@2 r2"},
    {"the same ID and another port, as dig does",
     "q0/5000/7 q5000/5001/7 q10000/5002/7 r10004/5002/7", "1 u1 x3 =3@4 port r2 r3"},
    {"another port and ID, as resolvers do", "q0/5000/7 q800/5001/8 r804/5001/8",
     "1 u1 x2 =2@4 port r2"},
    {"the same port and other IDs, too soon for a retry",
     "q0/5000/7 q10/5000/8 r11/5000/8 r20/5000/7", "2 u1 x1 =1@1; 1 u1 x1 =1@20"},
    {"one of these is lost, and those that follow later do not ask it again",
     "q0/5000/7 q10/5000/8 r11/5000/8 q300/5000/9 r301/5000/9 q30000/1/1=b",
     "2 u1 x1 =1@1; 3 u1 x1 =1@1; 1 u1 x1; 4 u1 x1 pending"},
    {"the last of these is lost, too",
     "q0/5000/7 q10/5000/8 r11/5000/7 q300/5000/9 r301/5000/9 q30000/1/1=b",
     "1 u1 x1 =1@11; 3 u1 x1 =1@1; 2 u1 x1; 4 u1 x1 pending"},
    {"the same port and ID, as the C library does", "q0/5000/7 q20/5000/7 r22/5000/7",
     "1 u1 x2 =2@2 r2"},
    {"captured before and behind routers, by clocks that differ",
     "q0/5000/7 q30/5000/7%f r60/5000/7%f r90/5000/7",
     "1 u1 x1 =1@60 twice; 1 u1 x0 noq twice dup"},
    {"the same, and the reply between them", "q0/5000/7 r20/5000/7 q30/5000/7%f r45/5000/7%f",
     "1 u1 x1 =1@20; 1 u1 x0 noq twice dup"},
    {"the same, and the client asks again",
     "q0/5000/7 q30/5000/7%f q400/5000/7 q430/5000/7%f r460/5000/7%f r490/5000/7",
     "1 u1 x2 =2@60 twice r2; 1 u1 x0 noq twice dup"},
    {"it asks again another way, later than clocks differ", "q0/5000/7 q500/5000/7%f r560/5000/7%f",
     "1 u1 x2 =2@60 r2"},
    {"hops that are not known say nothing", "q0/5000/7%k q30/5000/7 q60/5000/7%k r90/5000/7",
     "1 u1 x3 =3@30 r2 r3"},
    {"the same ID and another port at once: two that number from 0",
     "q0/5000/7 q5/5001/7 r6/5001/7 r7/5000/7", "2 u1 x1 =1@1; 1 u1 x1 =1@7"},
    {"two programs ask the same at the same time", "q0/5000/7 q5/5001/8 r8/5001/8 r9/5000/7",
     "2 u1 x1 =1@3; 1 u1 x1 =1@9"},
    {"who keeps the port once does not change it",
     "q0/5000/7 q1000/5000/8 q2500/5001/9 r2502/5001/9", "2 u1 x1 =1@2; 1 u1 x2 r2"},
    {"EDNS makes it another question", "q0/5000/7 q1000/5000/8%e r1002/5000/8",
     "2 u1 x1 =1@2; 1 u1 x1 pending"},
    {"a reply to the first attempt after the second", "q0/5000/7 q1000/5000/8 r1500/5000/7",
     "1 u1 x2 =1@1500 late r2"},
    {"a reply after giving up", "q0/5000/7 r25000/5000/7", "1 u1 x1; 2 u1 x0 noq"},
    {"a second reply", "q0/5000/7 r3/5000/7 r40/5000/7", "1 u1 x1 =1@3; 1 u1 x0 noq dup"},
    {"both attempts are answered", "q0/5000/7 q900/5001/9 r903/5001/9 r905/5000/7",
     "1 u1 x2 =2@3 port r2; 1 u1 x0 noq dup"},
    {"every packet captured twice", "q0/5000/7 q0/5000/7 r3/5000/7 r3/5000/7",
     "1 u1 x1 =1@3 twice; 1 u1 x0 noq twice dup"},
    {"a wrong ID, then the right one", "q0/5000/7 r2/5000/8 r3/5000/7", "1 u1 x1 =1@3 m0/4"},
    {"another source address", "q0/5000/7 r2/5000/7@9 q9000/5001/1=b",
     "1 u1 x1 m1/1; 2 u1 x1 pending"},
    {"another source port", "q0/5000/7 r2/5000/7#1053 q9000/5001/1=b",
     "1 u1 x1 m1/2; 2 u1 x1 pending"},
    {"another question", "q0/5000/7 r2/5000/7=b q9000/5001/1=b", "1 u1 x1 m1/8; 2 u1 x1 pending"},
    {"the question comes back", "q0/5000/7 r2/5000/7%z q9000/5001/1=b",
     "1 u1 x1 m1/16; 2 u1 x1 pending"},
    {"one octet", "q0/5000/7 r2/5000/7%h q9000/5001/1=b", "1 u1 x1 m0/32; 2 u1 x1 pending"},
    {"on a shared port only what differs in one respect is evidence",
     "q0/5000/7 q0/5000/8=b r2/5000/9=c r2/5000/9=b q9000/5001/1=d",
     "3 u1 x0 noq; 1 u1 x1; 2 u1 x1 m0/4; 4 u1 x1 pending"},
    {"the ID again for another question", "q0/5000/7 q3/5000/7=b r5/5000/7 r6/5000/7=b",
     "1 u1 x1 =1@5; 2 u1 x1 =1@3"},
    {"ICMP about the second attempt", "q0/5000/7 q1000/5000/8 I1001/5000/8 q9000/5001/1=b",
     "1 u1 x2 r2 i2; 2 u1 x1 pending"},
    {"ICMP captured twice", "q0/5000/7 I1/5000/7 I2/5000/7 I50/5000/7 q9000/5001/1=b",
     "1 u1 x1 i1 i1; 2 u1 x1 pending"},
    {"ICMP about a question that was not captured", "I0/5000/7 I1000/5000/7 q9000/5001/1=b",
     "1 u1 x1 quoted i1 i1; 2 u1 x1 pending"},
    {"the same, and it is asked again", "I0/5000/7 I1000/5001/7 q9000/5002/1=b",
     "1 u1 x2 port quoted i1 r2 i2; 2 u1 x1 pending"},
    {"the same, and it is captured then", "I0/5000/7 q1/5000/7 r5/5000/7",
     "1 u1 x1 =1@5 twice quoted i1"},
    {"ICMP about a question that was answered", "q0/5000/7 r1/5000/7 I2/5000/7", "1 u1 x1 =1@1"},
    {"ICMP about a SYN that was not captured", "I0/6000%t I1000/6000%t q9000/5001/1=b",
     "1 t1 x0 noq quoted i0 i0; 2 u1 x1 pending"},
    {"ICMP about another port", "I0/5000/7#54 q9000/5001/1=b", "1 u1 x1 pending"},
    {"ICMP whose quote is cut before the ports", "q0/5000/7 I1/1/7%h q9000/5001/1=b",
     "1 u1 x1 i1; 2 u1 x1 pending"},
    {"the same, behind the client's port", "q0/5000/7 q0/5001/8=b I1/5001/7%h q9000/5002/1=c",
     "1 u1 x1; 2 u1 x1 i1; 3 u1 x1 pending"},
    {"the same, and it may be of either", "q0/5000/7 q0/5001/8=b I1/1/7%h q9000/5002/1=c",
     "1 u1 x1; 2 u1 x1; 3 u1 x1 pending"},
    {"fragments lost", "q0/5000/7%e L3/5000/7 l4/5000", "1 u1 x1 pending l1 l1"},
    {"a reply alone", "r3/5000/7", "1 u1 x0 noq"},
    {"a damaged reply is none", "q0/5000/7 r3/5000/7%d q1000/5000/7 r1003/5000/7",
     "1 u1 x2 =2@3 d1 r2"},
    {"a damaged reply, whose ID is, too", "q0/5000/7 r3/5000/8=b%d q9000/5001/1=c",
     "1 u1 x1 d1; 2 u1 x1 pending"},
    {"a reply with a wrong checksum", "q0/5000/7 r3/5000/7%s", "1 u1 x1 =1@3 sum"},
    {"the same of the question", "q0/5000/7%s r3/5000/7", "1 u1 x1 =1@3"},
    {"a reply with a wrong checksum, whose ID is wrong, too: no other's",
     "q0/5000/7 r3/5000/8%s q5/5000/8=b r1003/5000/7", "1 u1 x1 =1@1003 d0/4; 2 u1 x1 pending"},
    {"the same with another question", "q0/5000/7 r3/5000/7=b%s r1003/5000/7",
     "1 u1 x1 =1@1003 d1/8"},
    {"a damaged reply that nobody asked for", "r3/5000/7%d", ""},
    {"a damaged question is none", "q3/5000/7%d q1000/5000/8 r1003/5000/8", "1 u1 x1 =1@3"},
    {"a reply recorded before its question", "r3/5000/7 q5/5000/7 q9000/5001/1=b",
     "1 u1 x1 =1@0 first; 2 u1 x1 pending"},
    {"the same, and only the order is wrong", "r5/5000/7 q2/5000/7 q9000/5001/1=b",
     "1 u1 x1 =1@3; 2 u1 x1 pending"},
    {"longer before it than packets change places", "r3/5000/7 q24/5000/7 q9000/5001/1=b",
     "1 u1 x0 noq; 2 u1 x1; 3 u1 x1 pending"},
    {"another question from the same port", "r3/5000/7 q5/5000/8=b r6/5000/8=b q9000/5001/1=b",
     "1 u1 x1 =1@1; 2 u1 x0 noq; 3 u1 x1 pending"},
    {"every packet captured twice, and replies first",
     "r3/5000/7 r3/5000/7 q4/5000/7 q4/5000/7 q9000/5001/1=b",
     "1 u1 x1 =1@0 first; 1 u1 x0 noq twice dup; 2 u1 x1 pending"},
    {"a reply before its question, from the port of another",
     "q0/5000/7 r2/5000/8=b q3/5000/8=b r4/5000/7", "2 u1 x1 =1@0 first; 1 u1 x1 =1@4"},
    {"the same, and nobody asks", "q0/5000/7 r2/5000/8=b r4/5000/7", "1 u1 x1 =1@4 m0/12"},
    {"a reply before the retry that it answers", "q0/5000/7 r1002/5001/8 q1003/5001/8",
     "1 u1 x2 =2@0 port first r2"},
    {"the same, where port and ID are kept",
     "r0/4000/1=b q1/4000/1=b q10/5000/7 r1010/5000/7 q1011/5000/7 q9000/5001/1=c",
     "1 u1 x1 =1@0 first; 2 u1 x1 =1@1000; 3 u1 x1 pending"},
    {"TCP, a reply before its question", "S0/6000 O1/6000 R4/6000/7 Q5/6000/7 F6/6000",
     "1 t1 x1 =1@0 first o1"},
    {"TCP, a zone transfer before its question",
     "S0/6000 O1/6000 R4/6000/7%a R4/6000/7%a Q5/6000/7%a R6/6000/7%a q99/5000/7",
     "1 t1 x1 =1@0 first o1; 2 u1 x1 pending"},
    {"TCP, a reply alone, and the connection is gone", "S0/6000 O1/6000 R4/6000/7 X5/6000",
     "1 t1 x0 noq o1 X1; 2 t1 x0 noq"},
    {"less than a header, alone", "r3/5000/7%h", "1 u1 x0 noq"},
    {"TCP", "S0/6000 O1/6000 Q2/6000/7 R5/6000/7 f6/6000 F7/6000", "1 t1 x1 =1@3 o1"},
    {"TCP, a connection that was idle", "S0/6000 O1/6000 Q9000/6000/7 R9003/6000/7",
     "1 t1 x1 =1@3 o1"},
    {"TCP, asked late, and then the capture ends", "S0/6000 O1/6000 Q9000/6000/7",
     "1 t1 x1 pending o1"},
    {"no question, and a reply without one", "q0/5000/7%x r3/5000/7%x", "1 u1 x1 =1@3"},
    {"a question, and a reply without one", "q0/5000/7 r3/5000/7%x q9000/5001/1=b",
     "1 u1 x1 m1/8; 2 u1 x1 pending"},
    {"TCP, pipelined and answered in another order",
     "S0/6000 O1/6000 Q2/6000/7 Q3/6000/8=b R5/6000/8=b R6/6000/7",
     "2 t1 x1 =1@2; 1 t1 x1 =1@4 o1"},
    {"TCP refused", "S0/6000 X1/6000", "1 t1 x0 noq R1"},
    {"TCP without SYN and ACK", "S0/6000 s1000/6000 s3000/6000", "1 t1 x0 noq s1 s1"},
    {"TCP reset", "S0/6000 O1/6000 Q2/6000/7 X3/6000", "1 t1 x1 o1 X1"},
    {"TCP closed within the reply", "S0/6000 O1/6000 Q2/6000/7 P3/6000/7 F3/6000",
     "1 t1 x1 o1 l1 C1"},
    {"TCP, a reply that the capture has a hole in", "S0/6000 O1/6000 Q2/6000/7 P3/6000/7%c F3/6000",
     "1 t1 x1 =1@1 cut o1"},
    {"TCP, a question that the capture has a hole in",
     "S0/6000 O1/6000 p2/6000/7%c R3/6000/7 F4/6000", "1 t1 x1 =1@1 cut o1"},
    {"TCP, a zone transfer of three messages",
     "S0/6000 O1/6000 Q2/6000/7%a R5/6000/7%a R6/6000/7%n R7/6000/7%a Q8/6000/8=b R9/6000/8=b",
     "1 t1 x1 =1@3 o1; 2 t1 x1 =1@1"},
    {"TCP, a reply with another ID after a transfer",
     "S0/6000 O1/6000 Q2/6000/7%a R5/6000/7%a R6/6000/9", "1 t1 x1 =1@3 o1; 2 t1 x0 noq"},
    {"TCP, the client closes first", "S0/6000 O1/6000 Q2/6000/7 f5000/6000 F5001/6000",
     "1 t1 x1 o1"},
    {"TCP, wrong ID", "S0/6000 O1/6000 Q2/6000/7 R3/6000/8 F3/6000", "1 t1 x1 o1 m0/4 C1"},
    {"TCP from the middle", "Q2/6000/7 R3/6000/7 R4/6000/9=b", "1 t1 x1 =1@1; 2 t1 x0 noq"},
    {"ICMP about a SYN", "S0/6000 I1/6000%t", "1 t1 x0 noq pending i1"},
};

static void test_cases(void **state)
{
    pair_options_t o = pair_options_default();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        seen_t seen;
        pair_stats_t stats;
        run(&o, cases[i].steps, &seen, &stats);
        if (strcmp(seen.text, cases[i].flows) != 0)
            fail_msg("%s:\n got  %s\n want %s", cases[i].title, seen.text, cases[i].flows);
    }
}

/* Flows and their order hang neither on the seed nor on how much is remembered of others. */
static void test_seed(void **state)
{
    pair_options_t o = pair_options_default();
    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            seen_t seen;
            pair_stats_t stats;
            o.seed = seed * UINT64_C(0x9e3779b97f4a7c15);
            run(&o, cases[i].steps, &seen, &stats);
            assert_string_equal(seen.text, cases[i].flows);
        }
    }
}

typedef struct tally {
    uint64_t flows, answered, evicted, numbers, replies;
} tally_t;

static void count_flow(void *user, const flow_t *f)
{
    tally_t *t = user;
    t->flows++;
    t->answered += (f->notes & FLOW_ANSWERED) != 0;
    t->evicted += (f->notes & FLOW_EVICTED) != 0;
    t->numbers += f->number;
}

/* Replies before their questions, so many at a time, each as long as it may be, through memory of
 * fixed size: each is told once, with all of its octets, whether its question came in time or not.
 */
static void check_octets(void *user, const flow_t *f)
{
    tally_t *t = user;
    count_flow(user, f);
    for (uint32_t i = 40; i < f->reply.size; i++)
        assert_int_equal(f->reply.bytes[i], (uint8_t)(f->reply.bytes[1] + i));
    t->replies += f->reply.bytes != NULL;
}

static void test_early_flood(void **state)
{
    static uint8_t reply[60000];
    static const struct {
        unsigned at_once;
        uint32_t size; /* of the longest */
        bool all;      /* are answered */
    } floods[] = {{1, 60000, true},  {4, 60000, true},  {30, 60000, false},
                  {1000, 600, true}, {1030, 60, false}, {5000, 60, false}};
    pair_options_t o = pair_options_default();
    (void)state;
    for (size_t n = 0; n < sizeof floods / sizeof floods[0]; n++) {
        const unsigned rounds = 3;
        tally_t t = {0};
        pairer_t *p = pairer_new(&o, check_octets, &t);
        assert_non_null(p);
        for (unsigned i = 0; i < 2 * rounds * floods[n].at_once; i++) {
            unsigned of = i % floods[n].at_once;
            bool asks = i / floods[n].at_once % 2 == 1;
            unsigned port = 1024 + of + i / floods[n].at_once / 2 * floods[n].at_once;
            step_t s = {.kind = 'q', .port = (uint16_t)port, .id = (uint16_t)of};
            addr_t client = address(10, s.port);
            addr_t server = address(1, 53);
            uint32_t size = message(&s, !asks, reply, sizeof reply);
            if (!asks) {
                reply[7] = 1;
                for (; size < floods[n].size - of % 7; size++)
                    reply[size] = (uint8_t)(reply[1] + size);
            }
            pairer_feed(p, &(cap_item_t){.kind = CAP_ITEM_UDP,
                                         .at = (1000 + i / floods[n].at_once * 15) * MS,
                                         .number = i + 1,
                                         .from = asks ? client : server,
                                         .to = asks ? server : client,
                                         .bytes = reply,
                                         .size = size,
                                         .original = size});
        }
        pairer_finish(p, INT64_MIN);
        const pair_stats_t *stats = pairer_stats(p);
        uint64_t count = rounds * floods[n].at_once;
        assert_int_equal(t.replies, count);
        assert_int_equal(stats->replies, count);
        assert_int_equal(stats->orphans, count - t.answered);
        assert_int_equal(stats->early, t.answered);
        assert_true(floods[n].all ? t.answered == count : t.answered < count && t.answered > 0);
        pairer_free(p);
    }
}

/* Every question has a flow, whatever had to make room for it. */
static void test_flood(void **state)
{
    pair_options_t o = pair_options_default();
    tally_t t = {0};
    (void)state;
    o.outstanding_max = 100;
    o.connections_max = 10;
    o.memory = 2000;
    pairer_t *p = pairer_new(&o, count_flow, &t);
    assert_non_null(p);
    for (unsigned i = 0; i < 5000; i++) {
        char name[20];
        snprintf(name, sizeof name, "n%u.test.", i);
        step_t s = {.kind = 'q', .port = (uint16_t)(1024 + i % 7), .id = (uint16_t)i, .name = name};
        feed(p, &s, i);
        step_t again = {.kind = 'q', .ms = 100 + (int)(i % 1000) * 11, .port = 5000, .id = 7};
        feed(p, &again, i);
        step_t syn = {.kind = 'S', .ms = 200, .port = (uint16_t)(2000 + i)};
        feed(p, &syn, i);
    }
    pairer_finish(p, INT64_MIN);
    const pair_stats_t *stats = pairer_stats(p);
    assert_int_equal(stats->queries, 10000);
    assert_true(stats->evicted > 4000);
    assert_true(stats->evicted_connections > 4000);
    assert_int_equal(t.evicted + stats->pending,
                     t.flows - (stats->unanswered - t.evicted - stats->pending));
    /* numbers are given once each */
    assert_int_equal(stats->flows, t.flows);
    assert_int_equal(t.numbers, t.flows * (t.flows + 1) / 2);
    assert_true(stats->retries > 0 && stats->events_dropped > 0);
    pairer_free(p);
}

static void test_one_way(void **state)
{
    static const struct {
        const char *title;
        const char *steps;
        bool one_way, no_server;
    } ways[] = {
        {"questions alone", "q0/1/1 q5000/2/2=b", false, true},
        {"questions alone, repeated", "q0/1/1 q1000/1/2 q3000/1/3", false, true},
        {"replies alone", "r0/1/1 r5/2/2", true, false},
        {"both", "q0/1/1 r5/1/1", false, false},
        {"a refused connection", "q0/1/1 S5/9 X6/9", false, false},
        {"a server that takes a connection, and is silent", "S5/9 O6/9 Q7/9/1", false, false},
        {"the client goes on alone", "S5/9 O6/9%m Q7/9/1", true, true},
        {"the same, and the server has said something elsewhere",
         "S5/9 O6/9%m Q7/9/1 q8/1/1 r9/1/1", false, false},
        {"a fragment of a server", "q0/1/1 l5/1", false, false},
        {"the client says that a port is closed by then", "q0/1/1 I9/2/1", false, true},
    };
    pair_options_t o = pair_options_default();
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        seen_t seen;
        pair_stats_t stats;
        run(&o, ways[i].steps, &seen, &stats);
        if (stats.one_way != ways[i].one_way || stats.no_server != ways[i].no_server)
            fail_msg("%s: one_way %d, no_server %d", ways[i].title, stats.one_way, stats.no_server);
    }
}

/* Silence lasts as long as the capture, whatever its last packets are about. */
static void test_end(void **state)
{
    static const struct {
        const char *title;
        const char *steps;
        int end;
        const char *flows;
    } ends[] = {
        {"too early", "q0/5000/7", 1999, "1 u1 x1 pending"},
        {"late enough", "q0/5000/7", 2000, "1 u1 x1"},
        {"before the last item", "q0/5000/7 q3000/5001/8=b", 1000, "1 u1 x1; 2 u1 x1 pending"},
        {"much later", "q0/5000/7 q3000/5001/8=b", 90000, "1 u1 x1; 2 u1 x1"},
    };
    pair_options_t o = pair_options_default();
    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        seen_t seen;
        pair_stats_t stats;
        run_until(&o, ends[i].steps, ends[i].end, &seen, &stats);
        if (strcmp(seen.text, ends[i].flows) != 0)
            fail_msg("%s: %s", ends[i].title, seen.text);
        assert_true(stats.last < (1000 + 3001) * MS);
    }
}

/* Flows of one port; numbers as if there were no others. */
static void show_one_port(void *user, const flow_t *f)
{
    flow_t copy = *f;
    copy.number = f->number == 1 ? 1 : 2;
    if (f->client.port == 5000)
        show(user, &copy);
}

/* Questions from other ports, which have no reply. */
static void feed_others(pairer_t *p, unsigned count, unsigned from)
{
    for (unsigned i = from; i < from + count; i++) {
        char name[20];
        snprintf(name, sizeof name, "n%u.test.", i);
        step_t s = {
            .kind = 'q', .ms = 5, .port = (uint16_t)(6000 + i), .id = (uint16_t)i, .name = name};
        feed(p, &s, i);
    }
}

/* What has come to a port finds its question, and of several the same one, however many came
 * between them and after them. */
static void test_many_between(void **state)
{
    static const unsigned counts[] = {0, 1, 255, 510, 511, 512, 513, 1024, 3000};
    static const size_t n = sizeof counts / sizeof counts[0];
    pair_options_t o = pair_options_default();
    (void)state;
    for (size_t i = 0; i < n * n; i++) {
        seen_t seen = {0};
        pairer_t *p = pairer_new(&o, show_one_port, &seen);
        assert_non_null(p);
        feed_text(p, "q0/5000/7");
        feed_others(p, counts[i / n], 0);
        feed_text(p, "q10/5000/8=b q211/5000/9");
        feed_others(p, counts[i % n], 10000);
        /* of both, of one, of the newer attempt; then both are answered */
        feed_text(p, "r220/5000/3 I221/5000/8 I222/5000/9 I233/5000/2 r224/5000/8=b r225/5000/9");
        feed_others(p, 100, 20000);
        feed_text(p, "r230/5000/8=b I231/5000/9");
        assert_string_equal(seen.text,
                            "2 u1 x1 =1@214 i1; 1 u1 x2 =2@14 r2 m0/4 i2 i2; 2 u1 x0 noq dup");
        assert_int_equal(pairer_stats(p)->icmp_orphans, 1);
        pairer_finish(p, INT64_MIN);
        pairer_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),        cmocka_unit_test(test_seed),
        cmocka_unit_test(test_flood),        cmocka_unit_test(test_one_way),
        cmocka_unit_test(test_many_between), cmocka_unit_test(test_end),
        cmocka_unit_test(test_early_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
