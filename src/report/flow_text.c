/* One exchange of a capture as one line of text. */
#include <inttypes.h>
#include <string.h>

#include "report/exchange_text.h"
#include "report/number_text.h"
#include "report/replay_report.h"

/* Columns of the line that names are cut to fit. */
#define ADDR_COLUMNS 19
#define FLOW_LINE    1400

void flow_print_head(FILE *out)
{
    fprintf(out, "%6s %9s %-9s %5s     %-*s TYPE NAME\n", "ID", "SECONDS", "OUTCOME", "TIME",
            ADDR_COLUMNS, "SERVER");
}

/* One word for what came of it: an rcode, or why there is none. */
static const char *word_of(const outcome_t *o, const nsp_msg_t *m, char buf[16])
{
    static const char *const words[] = {
        [OUTCOME_PENDING] = "open",     [OUTCOME_ANSWERED] = "",        [OUTCOME_MALFORMED] = "BAD",
        [OUTCOME_MISMATCHED] = "wrong", [OUTCOME_SILENT] = "none",      [OUTCOME_ICMP] = "icmp",
        [OUTCOME_REFUSED] = "refused",  [OUTCOME_NO_SYNACK] = "no-syn", [OUTCOME_RESET] = "reset",
        [OUTCOME_CLOSED] = "closed",    [OUTCOME_NOT_SENT] = "unsent"};
    return o->kind == OUTCOME_ANSWERED ? nsp_rcode_text(nsp_msg_rcode(m), buf) : words[o->kind];
}

/* Cuts text to width columns, with ".." for what is left out at its end. */
static void cut(char *text, size_t width)
{
    size_t n = strlen(text);
    if (n <= width)
        return;
    if (width >= 2)
        memcpy(text + width - 2, "..", 2);
    text[width] = '\0';
}

static bool is_reply(const outcome_t *o)
{
    return o->kind == OUTCOME_ANSWERED || o->kind == OUTCOME_MALFORMED;
}

/* True when the question itself is malformed. */
static bool query_is_bad(const flow_t *flow, reply_t *scratch)
{
    uint32_t offset = 0;
    if (flow->query.bytes == NULL || flow->query.size < flow->query.original ||
        (flow->notes & FLOW_QUOTED) != 0)
        return false;
    return query_read(scratch, flow->query.bytes, flow->query.size, &offset) != NSP_OK;
}

static void line_of(const flow_t *flow, const exchange_t *x, const flow_style_t *style,
                    reply_t *scratch, char line[FLOW_LINE])
{
    char word[16];
    char rtt[NUMBER_TEXT_MAX];
    char addr[ADDR_TEXT_MAX];
    char question[QUESTION_TEXT_MAX];
    outcome_t o;
    bool bad = query_is_bad(flow, scratch);
    outcome_of_flow(flow, x, &o, scratch);
    bool timed =
        o.kind == OUTCOME_ANSWERED && flow->ended != 0 && (flow->notes & FLOW_REPLY_FIRST) == 0;
    bool open = (flow->notes & (FLOW_PENDING | FLOW_EVICTED)) != 0 && o.kind == OUTCOME_SILENT;
    addr_port_text(&flow->server, addr);
    if (!style->whole)
        cut(addr, ADDR_COLUMNS);
    int n = snprintf(line, FLOW_LINE, "%6" PRIu64 " %9.3f %-9s %5s %s %-*s ", flow->number,
                     (double)(flow->began - style->began) / 1e9,
                     open                   ? "open"
                     : bad && !is_reply(&o) ? "BAD-QRY"
                                            : word_of(&o, &scratch->msg, word),
                     duration_text(timed ? o.rtt : -1, rtt),
                     flow->transport == TRANSPORT_UDP ? "UDP" : "TCP", ADDR_COLUMNS, addr);
    snprintf(line + n, FLOW_LINE - (size_t)n, "%s", question_text(x, question));
    if (!style->whole)
        cut(line, TEXT_WIDTH);
}

bool flow_print(FILE *out, const flow_t *flow, const flow_patience_t *patience,
                const flow_style_t *style, reply_t *scratch)
{
    char line[FLOW_LINE];
    exchange_set_t set;
    exchange_set_init(&set, flow->began);
    const exchange_t *x = flow_exchange(flow, patience, &set);
    if (x != NULL) {
        line_of(flow, x, style, scratch, line);
        fprintf(out, "%s\n", line);
    }
    exchange_set_free(&set);
    return x != NULL;
}
