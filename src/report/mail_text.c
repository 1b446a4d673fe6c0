#include "report/mail_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/noun.h"
#include "report/exchange_text.h"
#include "report/message_text.h"
#include "report/number_text.h"

#define SHOWN_MAX  4 /* exchanges of one letter, with octets */
#define EVENTS_MAX 12
#define INDENT_MAX 24
#define LINE_MAX   1400
/* Characters for the octets of one message: a letter is for people. */
#define OCTETS_ROOM 16384

typedef struct letter {
    FILE *out; /* into memory; folded at the end */
    const check_report_t *r;
    const model_address_t *a;
    reply_t *scratch;
    unsigned shown;
    uint32_t exchange[SHOWN_MAX];
} letter_t;

static const exchange_t *exchange_of(const letter_t *l, uint32_t id)
{
    const exchange_set_t *set = l->r->set;
    return id >= 1 && id <= set->count ? set->item[id - 1] : NULL;
}

/* Whether a finding is for this operator: about the address or its server, or shown by exchanges
 * with the address. */
static bool concerns(const letter_t *l, const finding_t *f)
{
    if (f->severity < SEVERITY_WARNING)
        return false;
    if (f->has_addr)
        return addr_equal(&f->addr, &l->a->addr);
    for (uint16_t i = 0; f->has_server && i < l->a->server_count; i++)
        if (nsp_name_equal(&l->r->model->server[l->a->server[i]].name, &f->server))
            return true;
    for (uint16_t i = 0; !f->has_server && i < f->evidence_count; i++) {
        const exchange_t *x = exchange_of(l, f->evidence[i]);
        if (x != NULL && addr_equal(&x->server, &l->a->addr))
            return true;
    }
    return false;
}

static void choose_evidence(letter_t *l, const finding_t *f)
{
    for (uint16_t i = 0; i < f->evidence_count && l->shown < SHOWN_MAX; i++) {
        const exchange_t *x = exchange_of(l, f->evidence[i]);
        bool known = x == NULL || !addr_equal(&x->server, &l->a->addr);
        for (unsigned k = 0; k < l->shown; k++)
            known = known || l->exchange[k] == f->evidence[i];
        if (!known)
            l->exchange[l->shown++] = f->evidence[i];
        if (!known && l->shown % 2 == 0)
            break; /* room for what proves the next finding */
    }
}

static void write_finding(letter_t *l, const finding_t *f, unsigned number)
{
    fprintf(l->out, "%u. %s\n", number, finding_desc(f->id)->title);
    fprintf(l->out, "   Seen: %s\n", f->text != NULL ? f->text : finding_desc(f->id)->title);
    if (f->because != NULL)
        fprintf(l->out, "   This follows from another point: %s.\n", f->because);
    fprintf(l->out, "   Probable cause: %s\n", finding_cause(f));
    if (f->likely_count > 0)
        fprintf(l->out, "   What speaks for it: %s\n", f->likely[0].sign);
    fprintf(l->out, "   What to do: %s\n", f->fix != NULL ? f->fix : finding_desc(f->id)->fix);
    fprintf(l->out, "   Source: %s; finding \"%s\" of nsprobe\n\n", finding_desc(f->id)->source,
            finding_desc(f->id)->id);
}

/* A name without its final dot, for a sentence. */
static const char *prose_name(const nsp_name_t *name, char buf[NSP_NAME_TEXT_MAX])
{
    nsp_name_to_text(name, buf, NSP_NAME_TEXT_MAX);
    size_t n = strlen(buf);
    if (n > 1)
        buf[n - 1] = '\0';
    return buf;
}

static void write_head(const letter_t *l, const finding_t *first)
{
    char zone[NSP_NAME_TEXT_MAX];
    char names[600];
    char addr[ADDR_TEXT_MAX];
    char when[NUMBER_TEXT_MAX];
    unsigned asked[2] = {0, 0};
    const addr_t *local = NULL;
    for (uint32_t i = 0; i < l->r->set->count; i++) {
        const exchange_t *x = l->r->set->item[i];
        if (!addr_equal(&x->server, &l->a->addr))
            continue;
        asked[x->transport]++;
        local = local == NULL && x->local.family != 0 ? &x->local : local;
    }
    prose_name(&l->r->model->zone, zone);
    model_address_names(l->r->model, l->a, names, sizeof names);
    addr_port_text(&l->a->addr, addr);
    fprintf(l->out, "Subject: %s, name server of %s: %s\n\n", addr, zone,
            finding_desc(first->id)->title);
    fprintf(l->out, "To whoever runs %s (%s)\n\n", names, addr);
    fprintf(l->out,
            "This address is a name server of the zone %s. It was tested at %s (UTC) with %u "
            "%s over UDP and %u over TCP",
            zone, time_text(l->r->set->began_wall, when), asked[TRANSPORT_UDP],
            noun(asked[TRANSPORT_UDP], "question", "questions"), asked[TRANSPORT_TCP]);
    if (local != NULL) {
        addr_t host = *local;
        host.port = 53; /* each question has a port of its own: see below */
        fprintf(l->out, ", sent from %s", addr_text(&host, addr));
    }
    fprintf(l->out, ". The following is wrong there:\n\n");
}

static void write_octets(const letter_t *l, const event_t *e)
{
    if (e->bytes == NULL || e->size == 0)
        return;
    reply_index(l->scratch, e->bytes, e->size);
    (void)nsp_msg_validate(&l->scratch->msg);
    fputc('\n', l->out);
    message_print_hex(l->out, &l->scratch->msg, OCTETS_ROOM);
}

static void write_events(const letter_t *l, const exchange_t *x)
{
    char line[LINE_MAX];
    char when[NUMBER_TEXT_MAX];
    for (uint32_t i = 0; i < x->event_count && i < EVENTS_MAX; i++) {
        const event_t *e = &x->event[i];
        event_describe(x, e, l->scratch, line, sizeof line);
        fprintf(l->out, "  %s  %s\n", time_text(l->r->set->began_wall + e->at, when), line);
    }
    if (x->event_count > EVENTS_MAX)
        fprintf(l->out, "  and %u more\n", x->event_count - EVENTS_MAX);
}

static void write_exchange(const letter_t *l, const exchange_t *x)
{
    char addr[ADDR_TEXT_MAX];
    const event_t *reply = exchange_reply(x);
    const event_t *query = exchange_query(x);
    fprintf(l->out, "\nExchange %" PRIu64 ", to %s over %s\n", exchange_number(x),
            addr_port_text(&x->server, addr), x->transport == TRANSPORT_UDP ? "UDP" : "TCP");
    if (x->local.family != 0)
        fprintf(l->out, "  from %s#%u\n", addr_text(&x->local, addr), x->local.port);
    write_events(l, x);
    if (query != NULL) {
        fprintf(l->out, "\n  The question, octet by octet:\n");
        write_octets(l, query);
    }
    reply = reply != NULL ? reply : exchange_find(x, EVENT_MISMATCH);
    if (reply != NULL) {
        fprintf(l->out, "\n  The reply, octet by octet:\n");
        write_octets(l, reply);
    }
}

static void write_tail(const letter_t *l)
{
    char zone[NSP_NAME_TEXT_MAX];
    char addr[ADDR_TEXT_MAX];
    addr_t host = l->a->addr;
    uint16_t port = host.port;
    host.port = 53;
    nsp_name_to_text(&l->r->model->zone, zone, sizeof zone);
    addr_text(&host, addr);
    fprintf(l->out, "\nTo see it yourself, from outside of your network:\n\n");
    fprintf(l->out, "  dig @%s -p %u %s SOA +norecurse\n", addr, port, zone);
    fprintf(l->out, "  dig @%s -p %u %s SOA +norecurse +tcp\n", addr, port, zone);
    fprintf(l->out, "  nsprobe trace @%s#%u %s SOA\n", addr, port, zone);
    fprintf(l->out, "  nsprobe trace --tcp @%s#%u %s SOA\n\n", addr, port, zone);
    fprintf(l->out, "This text was made by nsprobe " NSPROBE_VERSION ".\n");
}

/* Findings in the order of the report, then the packets. Gives the number of findings. */
static unsigned write_letter(letter_t *l)
{
    unsigned n = 0;
    const finding_list_t *list = l->r->findings;
    for (size_t i = 0; i < list->count; i++) {
        const finding_t *f = &list->item[i];
        if (!concerns(l, f))
            continue;
        if (n == 0)
            write_head(l, f);
        write_finding(l, f, ++n);
        choose_evidence(l, f);
    }
    if (n > 0 && l->shown > 0)
        fprintf(l->out, "These packets show it; times are UTC.\n");
    for (unsigned i = 0; n > 0 && i < l->shown; i++)
        write_exchange(l, exchange_of(l, l->exchange[i]));
    if (n > 0)
        write_tail(l);
    return n;
}

/* How many characters of text go on a line of room characters. */
static size_t part_of(const char *text, size_t n, size_t room)
{
    if (n <= room)
        return n;
    for (size_t at = room; at > 0; at--)
        if (text[at] == ' ')
            return at;
    return room; /* a word as long as a line */
}

static void put_clean(FILE *out, const char *text, size_t n)
{
    while (n > 0 && text[n - 1] == ' ')
        n--;
    for (size_t i = 0; i < n; i++)
        fputc(text[i] < ' ' || text[i] > '~' ? '?' : text[i], out);
    fputc('\n', out);
}

/* One line, folded at blanks, the other parts below its text. */
static void fold_line(FILE *out, const char *line, size_t n)
{
    size_t indent = strspn(line, " ");
    if (indent > INDENT_MAX || indent >= n)
        indent = 0;
    size_t part = part_of(line + indent, n - indent, MAIL_WIDTH - indent) + indent;
    put_clean(out, line, part);
    /* a header goes on behind a blank (RFC 5322 2.2.3), a paragraph at its margin */
    indent += indent > 0 || strncmp(line, "Subject:", 8) == 0 ? 2 : 0;
    while (part < n) {
        while (part < n && line[part] == ' ')
            part++;
        if (part == n)
            break;
        size_t next = part_of(line + part, n - part, MAIL_WIDTH - indent);
        fprintf(out, "%*s", (int)indent, "");
        put_clean(out, line + part, next);
        part += next;
    }
}

static void fold(FILE *out, const char *text)
{
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");
        fold_line(out, text, n);
        text += n + (text[n] == '\n');
    }
}

bool mail_report_text(FILE *out, const check_report_t *r, const addr_t *addr, unsigned *told)
{
    char *text = NULL;
    size_t size = 0;
    letter_t l = {.r = r};
    *told = 0;
    for (uint16_t i = 0; i < r->model->address_count; i++)
        if (addr_same_host(&r->model->address[i].addr, addr))
            l.a = &r->model->address[i];
    if (l.a == NULL)
        return true;
    l.scratch = malloc(sizeof *l.scratch);
    l.out = open_memstream(&text, &size);
    bool good = l.scratch != NULL && l.out != NULL;
    if (good)
        *told = write_letter(&l);
    if (l.out != NULL)
        good = fclose(l.out) == 0 && good;
    if (good)
        fold(out, text);
    free(text);
    free(l.scratch);
    return good;
}
