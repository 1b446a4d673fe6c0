/* Any flows through what is made of them: the diagnosis of traffic, and the runs of check in it,
 * with page and letters about each. A flow is eight octets that say what it is, its question and
 * its reply. */
#include <stdlib.h>
#include <string.h>

#include "diagnose/runs.h"
#include "diagnose/traffic.h"
#include "report/check_html.h"
#include "report/mail_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD 8u

static addr_t host(unsigned number, bool six, uint16_t port)
{
    static const uint8_t v4[4] = {192, 0, 2, 0};
    static const uint8_t v6[16] = {0x20, 1, 0x0d, 0xb8};
    uint8_t octets[16];
    memcpy(octets, six ? v6 : v4, six ? 16 : 4);
    octets[six ? 15 : 3] = (uint8_t)number;
    return addr_from_octets(octets, six ? 16 : 4, port);
}

static flow_message_t message(const uint8_t *bytes, size_t size, int64_t at)
{
    flow_message_t m = {bytes, (uint32_t)size, (uint32_t)size, at, 1, 0};
    return m;
}

/* Reads one flow at p; its octets are borrowed. Returns how many it takes, 0 at the end. */
static size_t read_flow(const uint8_t *p, size_t size, int64_t *clock, flow_t *f, flow_event_t *e)
{
    if (size < HEAD)
        return 0;
    size_t q = p[4] < size - HEAD ? p[4] : size - HEAD;
    size_t r = p[5] | (size_t)p[6] << 8;
    r = r < size - HEAD - q ? r : size - HEAD - q;
    *clock += (int64_t)p[2] << (p[3] & 31);
    uint64_t number = f->number + 1;
    *f = (flow_t){.number = number,
                  .transport = (p[0] & 1) != 0 ? TRANSPORT_TCP : TRANSPORT_UDP,
                  .notes = (p[0] & 2) != 0 ? FLOW_PENDING : 0,
                  .client = host(p[1] & 3, (p[0] & 4) != 0, 40000),
                  .server = host(p[1] >> 2, (p[0] & 4) != 0, 53),
                  .attempts = (p[0] & 8) == 0,
                  .began = *clock,
                  .asked = *clock,
                  .ended = *clock + (p[3] >> 5) * INT64_C(1000000000)};
    if ((p[0] & 8) == 0)
        f->query = message(p + HEAD, q, *clock);
    if ((p[0] & 16) != 0) {
        f->reply = message(p + HEAD + q, r, f->ended);
        f->reply_attempt = 1;
        f->notes |= FLOW_ANSWERED;
    }
    if ((p[0] & 32) != 0) {
        *e = (flow_event_t){.kind = (flow_event_kind_t)(p[7] % (FLOW_EVENT_TCP_CLOSED + 1)),
                            .attempt = 1,
                            .mismatch = p[7],
                            .icmp_type = 3,
                            .icmp_code = p[7] & 15,
                            .peer = f->server,
                            .message = message(p + HEAD, q, f->ended)};
        f->event = e;
        f->event_count = 1;
        if (e->kind == FLOW_EVENT_RETRY) {
            e->attempt = 2;
            e->peer = f->client;
            f->attempts++;
        }
    }
    return HEAD + q + r;
}

/* What was written is plain, and no name or octet of a packet became markup. */
static void check_plain(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((text[i] < ' ' || text[i] > '~') && text[i] != '\n' && text[i] != '\t')
            abort();
    if (text != NULL && strstr(text, "<script") != NULL)
        abort();
}

/* The page and the letters about a run. */
static void write_run(const found_run_t *run)
{
    check_report_t r = {.model = run->model, .set = &run->set, .findings = &run->findings};
    char *text = NULL;
    size_t size = 0;
    unsigned told = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return;
    bool good = check_report_html(out, &r);
    if (fclose(out) == 0 && good)
        check_plain(text, size);
    free(text);
    text = NULL;
    out = open_memstream(&text, &size);
    for (uint16_t i = 0; out != NULL && i < run->model->address_count; i++)
        good = mail_report_text(out, &r, &run->model->address[i].addr, &told) && good;
    if (out != NULL && fclose(out) == 0 && good)
        check_plain(text, size);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    runs_options_t o = runs_options_default();
    traffic_options_t t = traffic_options_default();
    finding_list_t list;
    flow_t flow = {0};
    flow_event_t event;
    int64_t clock = INT64_C(1700000000000000000);
    o.clients_max = 3;
    o.strangers = 16;
    o.memory = 20000;
    t.servers_max = 6;
    t.names_max = 8;
    t.samples_max = 16;
    t.memory = 60000;
    runs_t *runs = runs_new(&o);
    traffic_t *traffic = traffic_new(&t);
    finding_list_init(&list);
    size_t n = 1;
    while (runs != NULL && traffic != NULL && n > 0) {
        n = read_flow(data, size, &clock, &flow, &event);
        if (n > 0) {
            runs_feed(runs, &flow);
            traffic_feed(traffic, &flow);
        }
        data += n;
        size -= n;
    }
    traffic_end_t end = {.end = clock};
    if (traffic != NULL)
        traffic_finish(traffic, &end, &list);
    if (runs != NULL)
        runs_finish(runs, size % 2 == 1);
    for (size_t i = 0; runs != NULL && i < runs_count(runs); i++)
        write_run(runs_item(runs, i));
    finding_list_free(&list);
    traffic_free(traffic);
    runs_free(runs);
    return 0;
}
