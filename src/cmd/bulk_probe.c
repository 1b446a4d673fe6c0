#include "cmd/bulk_probe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/common.h"
#include "report/bulk_json.h"

/* How long to wait for the oldest lines' results, nanoseconds. */
#define LATER_PAUSE 10000000

/* --- politeness --- */

static int64_t gate_take(void *user, const addr_t *server, int64_t now, int64_t turn[2])
{
    bulk_probe_t *p = user;
    limits_turn_t t = {.at = turn[0], .total = turn[1] != 0};
    int64_t again = limits_take(p->run->limits, server, now, &t);
    turn[0] = t.at;
    turn[1] = t.total;
    return again;
}

static void gate_give(void *user, const exchange_t *x, int64_t now)
{
    bulk_probe_t *p = user;
    const event_t *first = exchange_query(x);
    const event_t *reply = exchange_reply(x);
    bool answered = first != NULL && reply != NULL;
    for (unsigned i = 1; i < exchange_attempts(x); i++)
        limits_retry(p->run->limits, &x->server, now);
    limits_give(p->run->limits, &x->server, answered, answered ? reply->at - first->at : -1, now);
}

static void gate_leave(void *user, const addr_t *server, int64_t now, const int64_t turn[2])
{
    bulk_probe_t *p = user;
    limits_turn_t t = {.at = turn[0], .total = turn[1] != 0};
    limits_leave(p->run->limits, server, now, &t);
}

/* --- whom not to ask, and what others know --- */

static void note_unasked(bulk_probe_t *p, const addr_t *a)
{
    for (unsigned i = 0; i < p->unasked_count; i++)
        if (addr_same_host(&p->unasked[i], a))
            return;
    if (p->unasked_count < BULK_UNASKED_MAX)
        p->unasked[p->unasked_count++] = *a;
}

/* A question that must not be asked is one that could not be sent. */
static exchange_t *refuse(const loop_question_t *q, exchange_set_t *set, int64_t at)
{
    event_t failed = {.kind = EVENT_SEND_FAILED, .attempt = 1, .os_error = EPERM, .at = at};
    exchange_t *x = exchange_add(set, q->transport, q->server, q->wire, q->size);
    if (x == NULL || !exchange_append(x, &failed))
        return NULL;
    x->finished = true;
    return x;
}

static loop_known_t recall(void *user, const loop_question_t *q, exchange_set_t *set, int64_t at,
                           int64_t wall, exchange_t **x)
{
    bulk_probe_t *p = user;
    optout_t *o = p->run->optout;
    nsp_name_t name;
    uint16_t type = 0;
    uint16_t qclass = 0;
    bool address = o != NULL && optout_has_address(o, q->server);
    bool domain = o != NULL && question_read(q->wire, q->size, &name, &type, &qclass) &&
                  optout_has_name(o, &name);
    if (address)
        note_unasked(p, q->server);
    if (address || domain) {
        *x = refuse(q, set, at);
        return LOOP_KNOWN;
    }
    return p->run->share != NULL ? share_recall(&p->share, q, set, at, wall, x) : LOOP_UNKNOWN;
}

static void learn(void *user, const exchange_t *x, int64_t wall)
{
    bulk_probe_t *p = user;
    if (p->run->share != NULL)
        share_learn(&p->share, x, wall);
}

/* --- a thread --- */

bulk_probe_t *bulk_probe_new(bulk_run_t *run)
{
    bulk_probe_t *p = calloc(1, sizeof *p);
    if (p == NULL || probe_options_open(&run->args->probe, &p->net) != 0) {
        free(p);
        run->failed = true;
        return NULL;
    }
    p->run = run;
    p->gate = (loop_gate_t){p, gate_take, gate_give, gate_leave};
    p->memory = (loop_memory_t){p, recall, learn};
    return p;
}

void bulk_probe_free(bulk_probe_t *p)
{
    if (p == NULL)
        return;
    p->net->ops->destroy(p->net);
    free(p);
}

check_options_t bulk_probe_begin(bulk_probe_t *p, const nsp_name_t *domain)
{
    check_options_t o = p->run->args->probe.check;
    o.identify = p->run->args->identify;
    o.handles = p->run->room.handles;
    o.gate = p->run->limits != NULL ? &p->gate : NULL;
    o.memory = p->run->share != NULL || p->run->optout != NULL ? &p->memory : NULL;
    p->unasked_count = 0;
    if (p->run->share != NULL)
        share_run_begin(&p->share, p->run->share, domain);
    return o;
}

void bulk_probe_count(bulk_probe_t *p, const exchange_set_t *set)
{
    for (uint32_t i = 0; i < set->count; i++) {
        const exchange_t *x = set->item[i];
        if (x->shared != 0)
            continue;
        p->run->sent += exchange_attempts(x);
        for (uint32_t k = 0; k < x->event_count; k++)
            p->run->timeouts +=
                x->event[k].kind == EVENT_TIMEOUT || x->event[k].kind == EVENT_TCP_NO_SYNACK;
    }
}

bool bulk_probe_next(bulk_probe_t *p)
{
    struct timespec pause = {.tv_nsec = LATER_PAUSE};
    while (stop_requested == 0 && !p->run->failed) {
        list_got_t got = p->run->feed.take(p->run->feed.user, &p->in);
        if (got != LIST_LATER)
            return got == LIST_LINE;
        nanosleep(&pause, NULL);
    }
    return false;
}

void bulk_probe_write(bulk_probe_t *p, const char *text, size_t size)
{
    if (!p->run->feed.give(p->run->feed.user, text, size, &p->in.number, 1))
        p->run->failed = true;
}

static void write_error(bulk_probe_t *p, const char *why)
{
    char buf[2048];
    nsp_text_t t;
    nsp_text_begin(&t, buf, sizeof buf);
    bulk_json_error(&t, p->in.number, p->in.text, p->in.size, why);
    bulk_probe_write(p, t.buf, t.len);
}

void bulk_probe_error(bulk_probe_t *p, const char *why)
{
    const feed_t *feed = &p->run->feed;
    p->run->bad++;
    if (feed->refuse != NULL)
        feed->refuse(feed->user, p->in.number, why);
    else
        write_error(p, why);
}

void bulk_probe_fail(bulk_probe_t *p, const char *why)
{
    const feed_t *feed = &p->run->feed;
    if (feed->fail != NULL)
        feed->fail(feed->user, p->in.number, why);
    else
        bulk_probe_error(p, why);
}

bool bulk_probe_skips(bulk_probe_t *p, const nsp_name_t *domain)
{
    char buf[2048];
    nsp_text_t t;
    if (p->run->optout == NULL || !optout_has_name(p->run->optout, domain))
        return false;
    nsp_text_begin(&t, buf, sizeof buf);
    bulk_json_skipped(&t, p->in.number, p->in.text, p->in.size);
    p->run->skipped++;
    bulk_probe_write(p, t.buf, t.len);
    return true;
}

/* --- parts of a result --- */

void bulk_print_name(FILE *f, const nsp_name_t *name)
{
    char text[NSP_NAME_TEXT_MAX];
    char quoted[NSP_NAME_TEXT_MAX * 2];
    nsp_text_t t;
    size_t n = nsp_name_to_text(name, text, sizeof text);
    nsp_text_begin(&t, quoted, sizeof quoted);
    nsp_text_json_string(&t, text, n);
    fputs(quoted, f);
}

/* Some of what proves it was observed by other runs. */
static bool finding_is_shared(const finding_t *x, const exchange_set_t *set)
{
    for (uint32_t i = 0; i < set->count; i++)
        for (uint16_t k = 0; k < x->evidence_count && set->item[i]->shared != 0; k++)
            if (x->evidence[k] == set->item[i]->id)
                return true;
    return false;
}

void bulk_print_findings(FILE *f, const finding_list_t *list, const exchange_set_t *set)
{
    fputs(",\"findings\":[", f);
    for (size_t i = 0; i < list->count; i++) {
        const finding_t *x = &list->item[i];
        char addr[ADDR_TEXT_MAX];
        fprintf(f, "%s{\"id\":\"%s\",\"severity\":\"%s\",\"address\":", i > 0 ? "," : "",
                finding_desc(x->id)->id, severity_name(x->severity));
        if (x->has_addr)
            fprintf(f, "\"%s\"", addr_text(&x->addr, addr));
        else
            fputs("null", f);
        fputs(finding_is_shared(x, set) ? ",\"shared\":true}" : "}", f);
    }
    fputs("]", f);
}

void bulk_print_shared(FILE *f, const bulk_probe_t *p)
{
    char addr[ADDR_TEXT_MAX];
    if (p->share.shared > 0)
        fprintf(f, ",\"shared\":%u", p->share.shared);
    for (unsigned i = 0; i < p->unasked_count; i++)
        fprintf(f, "%s\"%s\"", i > 0 ? "," : ",\"unasked\":[", addr_text(&p->unasked[i], addr));
    if (p->unasked_count > 0)
        fputs("]", f);
}

void bulk_print_report(FILE *f, bool (*print)(FILE *out, const void *report), const void *report)
{
    /* the report ends with a newline, which JSON allows and NDJSON does not */
    char *text = NULL;
    size_t size = 0;
    FILE *g = open_memstream(&text, &size);
    bool good = g != NULL && print(g, report);
    good = (g == NULL || fclose(g) == 0) && good;
    while (good && size > 0 && text[size - 1] == '\n')
        text[--size] = '\0';
    fprintf(f, ",\"report\":%s", good ? text : "null");
    free(text);
}
