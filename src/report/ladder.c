#include "report/ladder.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/icmp.h"
#include "exchange/noun.h"
#include "report/exchange_text.h"

/* Columns, from 0: times stand before the client, letters of other hosts behind the server. */
#define CLIENT   11
#define SERVER   75
#define OTHER    78
#define WIDTH    79
#define INSIDE   (SERVER - CLIENT - 1)
#define LABEL    (INSIDE - 7) /* beside "-- " and " -->" */
#define OTHERS   26
#define HEAD     71 /* of a QNAME on one line */
#define TEXT_MAX 400

/* What lines are drawn of, in a row: turned into ASCII or UTF-8 when it is printed. */
enum { CELL_BAR = 1, CELL_LINE, CELL_RIGHT, CELL_LEFT, CELL_CROSS };

typedef struct ladder {
    FILE *out;
    const exchange_t *x;
    reply_t *scratch;
    bool utf8;
    bool unknown_used; /* an arrow ended in '?' */
    unsigned other_count;
    addr_t other[OTHERS];
    bool syn_drawn;
    const event_t *held; /* a TCP query that waits for the handshake */
} ladder_t;

typedef struct row {
    char cell[WIDTH + 1];
} row_t;

static void row_begin(row_t *r)
{
    memset(r->cell, ' ', WIDTH);
    r->cell[WIDTH] = '\0';
    r->cell[CLIENT] = CELL_BAR;
    r->cell[SERVER] = CELL_BAR;
}

static void row_text(row_t *r, unsigned at, const char *text, size_t n)
{
    for (size_t i = 0; i < n && at + i < WIDTH; i++)
        r->cell[at + i] = (text[i] < ' ' || text[i] > '~') ? '?' : text[i];
}

static void row_time(row_t *r, double seconds)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%*.6f", CLIENT - 1, seconds);
    if (n > CLIENT) /* days: the fraction no longer matters */
        n = snprintf(text, sizeof text, "%*.0f", CLIENT - 1, seconds);
    row_text(r, 0, text, (size_t)n < CLIENT ? (size_t)n : CLIENT);
}

static void row_print(const ladder_t *l, const row_t *r)
{
    static const char *const ascii[] = {"", "|", "-", ">", "<", "+"};
    static const char *const utf8[] = {"", "\u2502", "\u2500", "\u2192", "\u2190", "\u253c"};
    size_t n = WIDTH;
    while (n > 0 && r->cell[n - 1] == ' ')
        n--;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)r->cell[i];
        if (c <= CELL_CROSS)
            fputs(l->utf8 ? utf8[c] : ascii[c], l->out);
        else
            fputc(c, l->out);
    }
    fputc('\n', l->out);
}

/* How many octets of text go on one line of room cells: up to a blank where there is one. */
static size_t part_of(const char *text, size_t room)
{
    size_t n = strlen(text);
    if (n <= room)
        return n;
    for (n = room; n > 0; n--)
        if (text[n] == ' ')
            return n;
    return room;
}

/* The rest of a label, on lines of its own. */
static void print_rest(const ladder_t *l, const char *text)
{
    while (*text != '\0') {
        row_t r;
        size_t n = part_of(text, LABEL);
        row_begin(&r);
        row_text(&r, CLIENT + 4, text, n);
        row_print(l, &r);
        text += n;
        text += strspn(text, " ");
    }
}

static void row_line(row_t *r, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        r->cell[i] = i == SERVER ? CELL_CROSS : CELL_LINE;
}

/* A note between the columns. at: NULL when its time is that of the line before. */
static void draw_note(const ladder_t *l, const double *at, const char *text)
{
    row_t r;
    size_t n = part_of(text, LABEL);
    row_begin(&r);
    if (at != NULL)
        row_time(&r, *at);
    row_text(&r, CLIENT + 4, text, n);
    row_print(l, &r);
    text += n;
    print_rest(l, text + strspn(text, " "));
}

/* An arrow from the client; arrived false: nobody knows how far it came. */
static void draw_right(ladder_t *l, const double *at, const char *label, bool arrived)
{
    row_t r;
    unsigned end = arrived ? SERVER : SERVER - 5;
    size_t n = part_of(label, LABEL - (SERVER - end));
    row_begin(&r);
    if (at != NULL)
        row_time(&r, *at);
    row_line(&r, CLIENT + 1, end - 1);
    r.cell[end - 1] = CELL_RIGHT;
    r.cell[CLIENT + 3] = ' ';
    row_text(&r, CLIENT + 4, label, n);
    r.cell[CLIENT + 4 + n] = ' ';
    if (!arrived) {
        r.cell[end + 1] = '?';
        l->unknown_used = true;
    }
    row_print(l, &r);
    label += n;
    print_rest(l, label + strspn(label, " "));
}

/* The column letter of a host that is not the server; a new one while there are letters. */
static char letter_of(const ladder_t *l, const addr_t *a)
{
    for (unsigned i = 0; i < l->other_count; i++)
        if (addr_equal(&l->other[i], a))
            return (char)('a' + i);
    return '*';
}

/* An arrow to the client, from the server or from another host. */
static void draw_left(const ladder_t *l, const double *at, const char *label, const addr_t *other)
{
    row_t r;
    size_t n = part_of(label, LABEL);
    row_begin(&r);
    if (at != NULL)
        row_time(&r, *at);
    row_line(&r, CLIENT + 2, other != NULL ? OTHER : SERVER);
    if (other != NULL)
        r.cell[OTHER] = letter_of(l, other);
    r.cell[CLIENT + 1] = CELL_LEFT;
    r.cell[CLIENT + 3] = ' ';
    row_text(&r, CLIENT + 4, label, n);
    r.cell[CLIENT + 4 + n] = ' ';
    row_print(l, &r);
    label += n;
    print_rest(l, label + strspn(label, " "));
}

/* The host behind an event when it is not the server; an ICMP message has no port. */
static bool event_other(const exchange_t *x, const event_t *e, addr_t *out)
{
    if (e->peer.family == 0)
        return false;
    *out = e->peer;
    if (e->kind == EVENT_ICMP) {
        out->port = 53; /* so that none is printed */
        return !addr_same_host(&e->peer, &x->server);
    }
    return e->kind == EVENT_MISMATCH && !addr_equal(&e->peer, &x->server);
}

static void find_others(ladder_t *l)
{
    for (uint32_t i = 0; i < l->x->event_count; i++) {
        addr_t a;
        if (event_other(l->x, &l->x->event[i], &a) && l->other_count < OTHERS &&
            letter_of(l, &a) == '*')
            l->other[l->other_count++] = a;
    }
}

static void add(char *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(char *buf, const char *format, ...)
{
    va_list args;
    size_t n = strlen(buf);
    va_start(args, format);
    vsnprintf(buf + n, TEXT_MAX - n, format, args);
    va_end(args);
}

static void add_edns(char *buf, const nsp_msg_t *m)
{
    nsp_edns_t e;
    if (!nsp_edns_read(m, &e, NULL))
        return;
    add(buf, ", EDNS %u", e.udp_size);
    if (e.version != 0)
        add(buf, " version %u", e.version);
    if ((e.flags & NSP_EDNS_DO) != 0)
        add(buf, " do");
}

static void add_flags(char *buf, const nsp_msg_t *m)
{
    static const struct {
        uint16_t bit;
        const char *text;
    } flags[] = {{NSP_FLAG_AA, " aa"}, {NSP_FLAG_TC, " tc"}, {NSP_FLAG_RD, " rd"},
                 {NSP_FLAG_RA, " ra"}, {NSP_FLAG_AD, " ad"}, {NSP_FLAG_CD, " cd"}};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (nsp_msg_has(m, flags[i].bit))
            add(buf, "%s", flags[i].text);
}

/* ID, opcode when it is not QUERY, rcode and counts of a reply, flags, octets, EDNS. False when
 * there is no header. */
static bool add_message(ladder_t *l, char *buf, const event_t *e)
{
    char word[16];
    nsp_msg_t *m = &l->scratch->msg;
    if (e->size < NSP_HEADER_SIZE) {
        add(buf, "%u %s, no whole header", e->size, noun_octets(e->size));
        return false;
    }
    reply_index(l->scratch, e->bytes, e->size);
    add(buf, "id %u", m->id);
    if (nsp_msg_opcode(m) != 0)
        add(buf, " %s", nsp_opcode_text(nsp_msg_opcode(m), word));
    if (nsp_msg_has(m, NSP_FLAG_QR))
        add(buf, " %s", nsp_rcode_text(nsp_msg_rcode(m), word));
    add_flags(buf, m);
    if (nsp_msg_has(m, NSP_FLAG_QR))
        add(buf, " %u/%u/%u", m->count[1], m->count[2], m->count[3]);
    add(buf, ", %u octets", e->size);
    add_edns(buf, m);
    return true;
}

static void draw_fault(ladder_t *l)
{
    nsp_msg_t *m = &l->scratch->msg;
    char text[TEXT_MAX];
    if (nsp_msg_validate(m) == NSP_OK || m->fault_count == 0)
        return;
    snprintf(text, sizeof text, "malformed at octet %u: %s", m->fault[0].offset,
             nsp_err_text(m->fault[0].err));
    draw_note(l, NULL, text);
}

static bool attempt_answered(const exchange_t *x, uint8_t attempt)
{
    for (uint32_t i = 0; i < x->event_count; i++) {
        const event_t *e = &x->event[i];
        if (e->attempt == attempt && e->kind != EVENT_SENT && e->kind != EVENT_TIMEOUT &&
            e->kind != EVENT_SEND_FAILED)
            return true;
    }
    return false;
}

static void draw_query(ladder_t *l, const event_t *e, const double *at)
{
    char type[16];
    char text[TEXT_MAX] = "";
    bool tcp = l->x->transport == TRANSPORT_TCP;
    add(text, "%s query%s %s ", tcp ? "TCP" : "UDP", e->attempt > 1 ? " again" : "",
        question_is_known(l->x) ? nsp_type_text(l->x->qtype, type) : "(cut)");
    add_message(l, text, e);
    bool over = l->x->finished || e->attempt < exchange_attempts(l->x);
    draw_right(l, at, text, tcp || !over || attempt_answered(l->x, e->attempt));
}

/* What became of the handshake, or NULL when the exchange does not say (a connection that was
 * open already). */
static const event_t *handshake_of(const exchange_t *x)
{
    static const event_kind_t kinds[] = {EVENT_TCP_OPEN, EVENT_TCP_REFUSED, EVENT_TCP_NO_SYNACK};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const event_t *e = exchange_find(x, kinds[i]);
        if (e != NULL)
            return e;
    }
    return NULL;
}

static void draw_syn(ladder_t *l, const double *at, bool arrived)
{
    if (!l->syn_drawn)
        draw_right(l, at, "TCP SYN", arrived);
    l->syn_drawn = true;
}

static void draw_sent(ladder_t *l, const event_t *e, const double *at)
{
    const event_t *h = l->x->transport == TRANSPORT_TCP ? handshake_of(l->x) : NULL;
    if (h != NULL && h > e) { /* queued behind the handshake: what left now is the SYN */
        draw_syn(l, at, h->kind != EVENT_TCP_NO_SYNACK);
        l->held = e;
        return;
    }
    draw_query(l, e, at);
}

/* Time of a SYN that no line has shown: the beginning of the exchange, when nothing was before. */
static const double *syn_time(const ladder_t *l)
{
    static const double begin = 0;
    return l->x->event[0].kind == EVENT_SENT ? NULL : &begin;
}

static void draw_open(ladder_t *l, const double *at)
{
    draw_syn(l, syn_time(l), true);
    draw_left(l, at, "SYN ACK: open", NULL);
    if (l->held != NULL)
        draw_query(l, l->held, NULL);
    l->held = NULL;
}

static void draw_reply(ladder_t *l, const event_t *e, const double *at)
{
    char text[TEXT_MAX] = "";
    add(text, "%sreply ", event_is_late(l->x, e) ? "late " : "");
    bool header = add_message(l, text, e);
    draw_left(l, at, text, NULL);
    if (header)
        draw_fault(l);
}

static void draw_mismatch(ladder_t *l, const event_t *e, const double *at)
{
    addr_t other;
    char text[TEXT_MAX] = "wrong ";
    char reasons[120];
    add(text, "%s: ", mismatch_describe(e->mismatch, reasons, sizeof reasons));
    add_message(l, text, e);
    draw_left(l, at, text, event_other(l->x, e, &other) ? &other : NULL);
}

static void draw_icmp(ladder_t *l, const event_t *e, const double *at)
{
    addr_t other;
    char text[TEXT_MAX] = "ICMP ";
    add(text, "%s", icmp_text(l->x->server.family, e->icmp_type, e->icmp_code));
    if (e->icmp_mtu > 0)
        add(text, ", MTU %u", e->icmp_mtu);
    draw_left(l, at, text, event_other(l->x, e, &other) ? &other : NULL);
}

static void draw_event(ladder_t *l, const event_t *e, const double *at)
{
    char text[TEXT_MAX] = "";
    switch (e->kind) {
    case EVENT_SENT:
        draw_sent(l, e, at);
        return;
    case EVENT_REPLY:
        draw_reply(l, e, at);
        return;
    case EVENT_MISMATCH:
        draw_mismatch(l, e, at);
        return;
    case EVENT_ICMP:
        draw_icmp(l, e, at);
        return;
    case EVENT_SEND_FAILED:
        add(text, "not sent: %s", strerror(e->os_error));
        draw_note(l, at, text);
        return;
    case EVENT_TIMEOUT:
        draw_note(l, at, "timeout: nothing came");
        return;
    case EVENT_TCP_OPEN:
        draw_open(l, at);
        return;
    case EVENT_TCP_REFUSED:
        draw_syn(l, syn_time(l), true);
        draw_left(l, at, "RST in answer to SYN: refused", NULL);
        return;
    case EVENT_TCP_RESET:
        draw_left(l, at, "RST: reset", NULL);
        return;
    case EVENT_TCP_CLOSED:
        add(text, "FIN after %u %s of the answer", e->size, noun_octets(e->size));
        draw_left(l, at, text, NULL);
        return;
    case EVENT_TCP_NO_SYNACK:
        draw_syn(l, syn_time(l), false);
        draw_note(l, at, "timeout: no answer to SYN");
        return;
    case EVENT_NOT_DELIVERED:
    case EVENT_TCP_NOT_DELIVERED:
        draw_note(l, at, "an answer came, and this host dropped it");
        return;
    case EVENT_FRAGMENTS_LOST:
        draw_note(l, at, "fragments of an answer came, but not all");
        return;
    }
}

static void print_head(const ladder_t *l)
{
    char type[16];
    char addr[ADDR_TEXT_MAX];
    char name[NSP_NAME_TEXT_MAX];
    char question[QUESTION_TEXT_MAX];
    const exchange_t *x = l->x;
    fprintf(l->out, "#%" PRIu64 "  %s", exchange_number(x),
            x->transport == TRANSPORT_UDP ? "UDP" : "TCP");
    if (question_is_known(x)) {
        nsp_name_to_text(&x->qname, name, sizeof name);
        fprintf(l->out, "  %s", nsp_type_text(x->qtype, type));
    } else {
        snprintf(name, sizeof name, "%s", question_text(x, question));
    }
    const char *text = name;
    if (strlen(name) <= 48)
        fprintf(l->out, "  %s\n", name);
    else
        for (fputc('\n', l->out); *text != '\0'; text += strnlen(text, HEAD))
            fprintf(l->out, "         %.*s\n", HEAD, text);
    if (x->local.family != 0)
        fprintf(l->out, "  client %s\n", addr_port_text(&x->local, addr));
    fprintf(l->out, "  server %s\n", addr_port_text(&x->server, addr));
    for (unsigned i = 0; i < l->other_count; i++)
        fprintf(l->out, "  %-6c %s\n", 'a' + (int)i, addr_port_text(&l->other[i], addr));
    fprintf(l->out, "\n%*s client%*s\n", CLIENT - 1, "seconds", SERVER - CLIENT - 4, "server");
}

static void print_outcome(const ladder_t *l)
{
    outcome_t o;
    outcome_of(l->x, &o, l->scratch);
    fprintf(l->out, "\n  outcome  %s", outcome_name(o.kind));
    if (o.rtt >= 0)
        fprintf(l->out, " after %.6f s", (double)o.rtt / 1e9);
    fprintf(l->out, "%s, %u sent, %u lost\n", o.late ? ", late" : "", o.attempts, o.lost);
    if (l->unknown_used)
        fprintf(l->out, "  %s ?     how far it came is not known: nothing answers it\n",
                l->utf8 ? "\u2192" : ">");
}

void ladder_print(FILE *out, const exchange_t *x, reply_t *scratch, bool utf8)
{
    ladder_t l = {.out = out, .x = x, .scratch = scratch, .utf8 = utf8};
    /* what is no question followed something that nobody captured, when the exchange began */
    int64_t first = x->event_count > 0 && x->event[0].kind == EVENT_SENT ? x->event[0].at : 0;
    find_others(&l);
    print_head(&l);
    /* a connection in a capture that ends before anything came of it: its SYN is what was seen */
    if (x->event_count == 0 && x->transport == TRANSPORT_TCP && x->number != 0)
        draw_syn(&l, &(double){0}, true);
    for (uint32_t i = 0; i < x->event_count; i++) {
        double at = (double)(x->event[i].at - first) / 1e9;
        draw_event(&l, &x->event[i], &at);
    }
    print_outcome(&l);
}
