/* nsprobe bulk --query: one loop of plain questions, in a thread of its own. */
#include <stdlib.h>
#include <string.h>

#include "cmd/bulk.h"
#include "cmd/cmd.h"
#include "cmd/common.h"
#include "report/bulk_json.h"

#define TEXT_SIZE  (256 * 1024)
#define TEXT_ROOM  (128 * 1024) /* longer than nearly all results */
#define LINES_MAX  1024
#define FLUSH_TIME INT64_C(200000000)

typedef struct worker {
    bulk_run_t *run;
    flight_t *flight;
    nsp_text_t text;
    size_t lines;
    int64_t flushed;
    uint64_t line[LINES_MAX];
    list_line_t in;
    char buf[TEXT_SIZE];
} worker_t;

static void flush(worker_t *w)
{
    w->flushed = flight_now();
    if (w->lines == 0)
        return;
    const feed_t *feed = &w->run->feed;
    if (!feed->give(feed->user, w->text.buf, w->text.len, w->line, w->lines))
        w->run->failed = true;
    w->lines = 0;
    nsp_text_begin(&w->text, w->buf, sizeof w->buf);
}

/* To be called behind each result. */
static void result_done(worker_t *w, uint64_t line)
{
    w->line[w->lines++] = line;
    if (w->lines == LINES_MAX || w->text.len > TEXT_SIZE - TEXT_ROOM)
        flush(w);
}

/* False, and nothing is added, when there is no room. */
static bool add_result(worker_t *w, const flight_result_t *r, bulk_records_t records)
{
    size_t before = w->text.len;
    bulk_json_query(&w->text, r, records);
    if (w->text.lost == 0)
        return true;
    w->text.len = before;
    w->text.lost = 0;
    return false;
}

static void on_result(void *user, const flight_result_t *r)
{
    worker_t *w = user;
    bulk_records_t records = w->run->args->no_records ? BULK_RECORDS_NONE : BULK_RECORDS_ALL;
    bool added = add_result(w, r, records);
    if (!added) {
        flush(w);
        added = add_result(w, r, records);
    }
    if (!added) /* an answer of 64 KiB that prints as more than all of the room */
        (void)add_result(w, r, BULK_RECORDS_LONG);
    result_done(w, r->number);
}

/* The next word of *p, which goes on behind it; its length in *n, 0 at the end. */
static const char *next_word(const char **p, size_t *n)
{
    const char *word = *p + strspn(*p, " \t");
    *n = strcspn(word, " \t");
    *p = word + *n;
    return word;
}

typedef struct question {
    addr_t server;
    nsp_name_t name;
    uint16_t type;
} question_t;

/* "ADDR NAME [TYPE]", or "NAME [TYPE]" with --server. False with a sentence in err. */
static bool read_question(const bulk_args_t *a, const list_line_t *line, question_t *q,
                          char err[300])
{
    const char *p = line->text;
    size_t n = 0;
    const char *word = next_word(&p, &n);
    q->server = a->server;
    q->type = a->type;
    if (line->cut) {
        snprintf(err, 300, "longer than %d octets", LIST_LINE_MAX);
        return false;
    }
    if (!a->has_server) {
        if (!addr_from_text(word, n, a->probe.port, &q->server)) {
            snprintf(err, 300, "expected ADDR NAME [TYPE]: no address at the beginning");
            return false;
        }
        word = next_word(&p, &n);
    }
    nsp_err_t e = n > 0 ? nsp_name_from_text(word, n, NULL, &q->name, NULL) : NSP_E_SHORT;
    if (e != NSP_OK) {
        snprintf(err, 300, "name: %s", n > 0 ? nsp_err_text(e) : "missing");
        return false;
    }
    word = next_word(&p, &n);
    if (n > 0 && nsp_type_from_text(word, n, &q->type) != NSP_OK) {
        snprintf(err, 300, "type: not known; expected A, MX, TYPE65280 ...");
        return false;
    }
    (void)next_word(&p, &n);
    if (n > 0)
        snprintf(err, 300, "more than a type behind the name");
    return n == 0;
}

static bool must_not_ask(optout_t *o, const question_t *q)
{
    return o != NULL && (optout_has_address(o, &q->server) || optout_has_name(o, &q->name));
}

static void ask(worker_t *w, const question_t *q)
{
    const bulk_args_t *a = w->run->args;
    uint8_t wire[FLIGHT_QUERY_MAX];
    size_t size = 0;
    nsp_edns_t edns = {.udp_size = PROBE_EDNS_SIZE, .flags = a->dnssec ? NSP_EDNS_DO : 0};
    if (a->identify != NULL) {
        edns.option[0] = (nsp_edns_option_t){.code = PROBE_IDENTIFY_OPTION,
                                             .size = (uint16_t)strlen(a->identify),
                                             .data = (const uint8_t *)a->identify};
        edns.option_count = 1;
    }
    (void)nsp_build_query(wire, sizeof wire, 0, 0, &q->name, q->type, NSP_CLASS_IN,
                          a->no_edns ? NULL : &edns, &size);
    flight_ask(w->flight, w->in.number, &q->server, wire, size);
}

static void write_error(worker_t *w, const char *why)
{
    const feed_t *feed = &w->run->feed;
    w->run->bad++;
    if (feed->refuse != NULL) {
        feed->refuse(feed->user, w->in.number, why);
        return;
    }
    bulk_json_error(&w->text, w->in.number, w->in.text, w->in.size, why);
    result_done(w, w->in.number);
}

/* Fills the flight. False when there is nothing more to come. */
static bool fill(worker_t *w)
{
    while (flight_has_room(w->flight) && stop_requested == 0) {
        question_t q;
        char err[300];
        list_got_t got = w->run->feed.take(w->run->feed.user, &w->in);
        if (got != LIST_LINE)
            return got == LIST_LATER;
        if (!read_question(w->run->args, &w->in, &q, err)) {
            write_error(w, err);
        } else if (must_not_ask(w->run->optout, &q)) {
            bulk_json_skipped(&w->text, w->in.number, w->in.text, w->in.size);
            w->run->skipped++;
            result_done(w, w->in.number);
        } else {
            ask(w, &q);
        }
    }
    return stop_requested == 0;
}

static void count(worker_t *w, flight_stats_t *told)
{
    const flight_stats_t *s = flight_stats(w->flight);
    w->run->sent += s->sent - told->sent;
    w->run->timeouts += s->timeouts - told->timeouts;
    *told = *s;
}

static void work(worker_t *w)
{
    flight_stats_t told = {0};
    size_t outstanding = 0;
    bool more = true;
    while ((more || flight_pending(w->flight) > 0) && stop_requested == 0 && !w->run->failed) {
        if (more)
            more = fill(w);
        int64_t now = flight_now();
        flight_step(w->flight, now + FLUSH_TIME / 4);
        if (now - w->flushed >= FLUSH_TIME) {
            flush(w);
            count(w, &told);
        }
        w->run->outstanding += flight_outstanding(w->flight) - outstanding;
        outstanding = flight_outstanding(w->flight);
    }
    flush(w);
    count(w, &told);
    w->run->outstanding -= outstanding;
}

void *bulk_query_thread(void *user)
{
    bulk_run_t *run = user;
    const bulk_args_t *a = run->args;
    flight_options_t o = flight_options_default();
    worker_t *w = calloc(1, sizeof *w);
    o.schedule = a->probe.check.schedule;
    o.limits = run->limits;
    o.outstanding = a->outstanding;
    if (a->limit.address_at_once > 0)
        o.lane = 0; /* limits see to it */
    if (o.slots < o.outstanding)
        o.slots = o.outstanding;
    o.handles = run->room.handles;
    o.pool.sockets = run->room.sockets;
    o.pool.source4 = a->probe.check.source4;
    o.pool.source6 = a->probe.check.source6;
    if (w != NULL) {
        w->run = run;
        nsp_text_begin(&w->text, w->buf, sizeof w->buf);
        w->flight = flight_new(&o, on_result, w);
        if (w->flight != NULL)
            work(w);
        else
            run->failed = true;
        flight_free(w->flight);
    } else {
        run->failed = true;
    }
    free(w);
    return NULL;
}
