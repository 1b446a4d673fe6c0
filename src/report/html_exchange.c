/* Exchanges that failed or prove something: a packet ladder, and the octets with their meaning. */
#include <stdlib.h>
#include <string.h>

#include "exchange/noun.h"
#include "report/exchange_text.h"
#include "report/html.h"
#include "report/message_text.h"
#include "report/number_text.h"

#define CLIENT_X   110
#define SERVER_X   830
#define WIDTH      900
#define ROW        38u
#define TOP        44u
#define EVENTS_MAX 40
#define LABEL_ROOM 96
#define LINE_MAX   1400
/* Characters for the octets of one message: whoever made it must not decide how long a page is. */
#define OCTETS_ROOM 65536

/* The text of an event on one line, without the columns of the text report. */
static void event_line(const html_t *h, const exchange_t *x, const event_t *e, char *buf)
{
    char line[LINE_MAX];
    size_t n = 0;
    event_describe(x, e, h->scratch, line, sizeof line);
    for (size_t i = 0; line[i] != '\0'; i++)
        if (line[i] != ' ' || (n > 0 && buf[n - 1] != ' '))
            buf[n++] = line[i];
    buf[n] = '\0';
}

static bool is_note(const event_t *e)
{
    return e->kind == EVENT_TIMEOUT || e->kind == EVENT_TCP_NO_SYNACK ||
           e->kind == EVENT_SEND_FAILED;
}

static void arrow(const html_t *h, const event_t *e, unsigned y, const char *cls)
{
    bool right = e->kind == EVENT_SENT;
    unsigned tip = right ? SERVER_X : CLIENT_X;
    unsigned back = right ? SERVER_X - 9 : CLIENT_X + 9;
    if (is_note(e))
        return;
    html_rawf(h,
              "<line class=\"s-%s\" x1=\"%d\" y1=\"%u\" x2=\"%d\" y2=\"%u\"/><path class=\"s-%s\" "
              "d=\"M%u %uL%u %uL%u %u\"/>",
              cls, CLIENT_X, y, SERVER_X, y, cls, back, y - 5, tip, y, back, y + 5);
}

/* A query of which nobody knows how far it came is drawn with dashes. */
static bool answered(const exchange_t *x, uint8_t attempt)
{
    for (uint32_t i = 0; i < x->event_count; i++)
        if (x->event[i].attempt == attempt && x->event[i].kind != EVENT_SENT &&
            !is_note(&x->event[i]))
            return true;
    return false;
}

static const char *event_class(const exchange_t *x, const event_t *e)
{
    if (e->kind == EVENT_SENT && !answered(x, e->attempt))
        return "untested";
    switch (e->kind) {
    case EVENT_REPLY:
    case EVENT_TCP_OPEN:
        return "good";
    case EVENT_SENT:
        return "notice";
    default:
        return "error";
    }
}

static void ladder_event(const html_t *h, const exchange_t *x, const event_t *e, unsigned y)
{
    char line[LINE_MAX];
    char peer[ADDR_TEXT_MAX];
    char when[NUMBER_TEXT_MAX];
    event_line(h, x, e, line);
    html_raw(h, "<g tabindex=\"0\"><title>");
    html_text(h, line);
    html_textf(h, "\nat %s", time_text(h->set->began_wall + e->at, when));
    if (e->attempt > 0)
        html_textf(h, "\nattempt %u", e->attempt);
    if (e->peer.family != 0)
        html_textf(h, "\nfrom %s", addr_port_text(&e->peer, peer));
    if (e->bytes != NULL)
        html_textf(h, "\n%u %s", e->size, noun_octets(e->size));
    html_rawf(h,
              "</title><text class=\"t-dim\" text-anchor=\"end\" x=\"%d\" y=\"%u\">+%.4f s</text>",
              CLIENT_X - 8, y + 4, (double)(e->at - x->event[0].at) / 1e9);
    arrow(h, e, y, event_class(x, e));
    html_rawf(h, "<text x=\"%d\" y=\"%u\">", CLIENT_X + 14, is_note(e) ? y + 4 : y - 6);
    html_short(h, line, LABEL_ROOM);
    html_raw(h, "</text></g>\n");
}

static void ladder(const html_t *h, const exchange_t *x)
{
    unsigned n = x->event_count > EVENTS_MAX ? EVENTS_MAX : x->event_count;
    unsigned height = TOP + n * ROW + 6;
    char addr[ADDR_TEXT_MAX];
    html_picture(h, NULL);
    html_rawf(h,
              "<svg role=\"group\" aria-label=\"Packets of exchange %u\" viewBox=\"0 0 %d %u\" "
              "width=\"%d\" height=\"%u\">\n",
              x->id, WIDTH, height, WIDTH, height);
    html_rawf(h,
              "<text text-anchor=\"middle\" x=\"%d\" y=\"14\">client</text><text "
              "text-anchor=\"end\" x=\"%d\" y=\"14\">",
              CLIENT_X, WIDTH - 4);
    html_text(h, addr_port_text(&x->server, addr));
    html_rawf(h,
              "</text><line x1=\"%d\" y1=\"20\" x2=\"%d\" y2=\"%u\"/><line x1=\"%d\" y1=\"20\" "
              "x2=\"%d\" y2=\"%u\"/>\n",
              CLIENT_X, CLIENT_X, height, SERVER_X, SERVER_X, height);
    for (unsigned i = 0; i < n; i++)
        ladder_event(h, x, &x->event[i], TOP + i * ROW + ROW / 2);
    html_picture_end(h);
    if (n < x->event_count)
        html_rawf(h, "<p class=\"dim\">and %u more %s</p>\n", x->event_count - n,
                  noun(x->event_count - n, "event", "events"));
}

static void octets(const html_t *h, const exchange_t *x, const event_t *e)
{
    char line[LINE_MAX];
    char *text = NULL;
    size_t size = 0;
    FILE *out = e->bytes != NULL && e->size > 0 ? open_memstream(&text, &size) : NULL;
    if (out == NULL)
        return;
    event_line(h, x, e, line);
    reply_index(h->scratch, e->bytes, e->size);
    (void)nsp_msg_validate(&h->scratch->msg);
    message_print_hex(out, &h->scratch->msg, OCTETS_ROOM);
    if (fclose(out) == 0) {
        html_raw(h, "<details><summary>Octets of: ");
        html_short(h, line, LABEL_ROOM);
        html_raw(h, "</summary><pre tabindex=\"0\">");
        html_text(h, text);
        html_raw(h, "</pre></details>\n");
    }
    free(text);
}

static void one(const html_t *h, const exchange_t *x)
{
    char question[QUESTION_TEXT_MAX];
    char addr[ADDR_TEXT_MAX];
    outcome_t o;
    outcome_of(x, &o, NULL);
    html_rawf(h, "<article class=\"exchange\" id=\"%sx%u\"><h3>Exchange %u: ", h->id, x->id, x->id);
    html_textf(h, "%s %s to %s: %s", x->transport == TRANSPORT_UDP ? "UDP" : "TCP",
               question_text(x, question), addr_port_text(&x->server, addr), outcome_name(o.kind));
    html_raw(h, "</h3>\n");
    if (x->event_count > 0)
        ladder(h, x);
    for (uint32_t i = 0; i < x->event_count && i < EVENTS_MAX; i++)
        octets(h, x, &x->event[i]);
    html_raw(h, "</article>\n");
}

void html_exchanges(const html_t *h)
{
    unsigned n = 0;
    html_section(h, "exchanges", "Exchanges that failed, or prove a finding");
    for (uint32_t i = 0; i < h->set->count; i++) {
        if (!h->drawn[i])
            continue;
        one(h, h->set->item[i]);
        n++;
    }
    if (n == 0)
        html_raw(h, "<p>There is none.</p>\n");
    if (h->left_out > 0)
        html_rawf(h, "<p>%u more were left out: a page has room for %u.</p>\n", h->left_out,
                  HTML_EXCHANGES_MAX);
    html_raw(h, "</section>\n");
}
