/* From packets to findings: decoding, pairing and diagnosis of traffic together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture/pair.h"
#include "diagnose/traffic.h"
#include "packets.h"
#include "proto/nsproto.h"

#define MS INT64_C(1000000)

static packet_t packet;
static packet_t part;

/* The three together. */
typedef struct line {
    traffic_t *traffic;
    pairer_t *pairer;
    decoder_t *decoder;
    finding_list_t list;
    uint64_t number;
} line_t;

static void line_begin(line_t *l)
{
    decode_options_t d = decode_options_default();
    pair_options_t p = pair_options_default();
    traffic_options_t t = traffic_options_default();
    memset(l, 0, sizeof *l);
    finding_list_init(&l->list);
    l->traffic = traffic_new(&t);
    l->pairer = pairer_new(&p, traffic_feed, l->traffic);
    l->decoder = decoder_new(&d, pairer_feed, l->pairer);
    assert_non_null(l->decoder);
}

static void line_finish(line_t *l)
{
    traffic_end_t end = {0};
    decoder_finish(l->decoder);
    pairer_finish(l->pairer, INT64_MIN);
    end.one_way = pairer_stats(l->pairer)->one_way;
    end.no_server = pairer_stats(l->pairer)->no_server;
    assert_true(traffic_finish(l->traffic, &end, &l->list));
}

static void line_end(line_t *l)
{
    decoder_free(l->decoder);
    pairer_free(l->pairer);
    traffic_free(l->traffic);
    finding_list_free(&l->list);
}

static void feed(line_t *l, int64_t at, const packet_t *p)
{
    cap_packet_t c = {.bytes = p->octets,
                      .at = 1000 * P_SEC + at,
                      .number = ++l->number,
                      .link = CAP_LINK_RAW,
                      .size = p->size,
                      .original = p->size};
    decoder_feed(l->decoder, &c);
}

/* A question with EDNS for 4096 octets; or its answer: the question and size octets of records that
 * nobody looks into. */
static uint32_t message(uint8_t *buf, uint16_t id, const char *text, bool reply)
{
    nsp_name_t name;
    nsp_edns_t edns = {.udp_size = 4096};
    size_t size = 0;
    assert_int_equal(nsp_name_from_text(text, strlen(text), NULL, &name, NULL), NSP_OK);
    assert_int_equal(nsp_build_query(buf, 512, id, reply ? NSP_FLAG_QR | NSP_FLAG_AA : 0, &name,
                                     NSP_TYPE_TXT, NSP_CLASS_IN, &edns, &size),
                     NSP_OK);
    return (uint32_t)size;
}

static void exchange(line_t *l, int64_t at, uint16_t id, const char *client, const char *server)
{
    uint8_t buf[512];
    char name[32];
    addr_t c = paddr(client);
    addr_t s = paddr(server);
    snprintf(name, sizeof name, "n%u.good.test.", id);
    packet_udp(&packet, NULL, &c, &s, buf, message(buf, id, name, false));
    feed(l, at, &packet);
    packet_udp(&packet, NULL, &s, &c, buf, message(buf, id, name, true));
    feed(l, at + MS, &packet);
}

/* One attempt, whose answer comes in fragments but for those that are lost. */
static void broken_attempt(line_t *l, int64_t at, uint16_t id, const char *client,
                           const char *server, bool first, bool second)
{
    static uint8_t buf[2000];
    addr_t c = paddr(client);
    addr_t s = paddr(server);
    uint32_t header = c.family == 4 ? 20 : 40;
    packet_udp(&packet, NULL, &c, &s, buf, message(buf, id, "big.test.", false));
    feed(l, at, &packet);
    memset(buf, 0, sizeof buf);
    message(buf, id, "big.test.", true);
    packet_udp(&packet, NULL, &s, &c, buf, sizeof buf);
    pfragment(&packet, id, 0, 1400, &part);
    if (first)
        feed(l, at + MS, &part);
    pfragment(&packet, id, 1400, packet.size - header, &part);
    if (second)
        feed(l, at + MS + 1, &part);
}

/* However busy the capture is, fragments that never come together find their question. */
static void lost_fragments(void **state)
{
    static const struct {
        const char *client, *server, *other;
        bool first, second;
        size_t findings;
    } cases[] = {{"192.0.2.1#4000", "192.0.2.53", "192.0.2.54", true, false, 1},
                 {"192.0.2.1#4000", "192.0.2.53", "192.0.2.54", false, true, 1},
                 {"192.0.2.1#4000", "192.0.2.53", "192.0.2.54", true, true, 0},
                 {"2001:db8::1#4000", "2001:db8::53", "192.0.2.54", true, false, 1},
                 {"2001:db8::1#4000", "2001:db8::53", "192.0.2.54", false, true, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        line_t l;
        line_begin(&l);
        for (int64_t t = 0; t < 120; t++) {
            exchange(&l, t * P_SEC, (uint16_t)(100 + t), "192.0.2.1#5000", cases[i].other);
            if (t < 15 && t % 5 == 0)
                broken_attempt(&l, t * P_SEC + 10 * MS, (uint16_t)t, cases[i].client,
                               cases[i].server, cases[i].first, cases[i].second);
        }
        line_finish(&l);
        size_t found = 0;
        addr_t server = paddr(cases[i].server);
        for (size_t k = 0; k < l.list.count; k++) {
            const finding_t *f = &l.list.item[k];
            assert_true(addr_equal(&f->addr, &server));
            /* what is put together has octets behind its records */
            assert_int_equal(f->id, cases[i].findings > 0 ? FINDING_FRAGMENTS_INCOMPLETE
                                                          : FINDING_MALFORMED);
            found += f->id == FINDING_FRAGMENTS_INCOMPLETE && f->evidence_count > 0;
        }
        assert_int_equal(found, cases[i].findings);
        assert_int_equal(pairer_stats(l.pairer)->lost, 3 * cases[i].findings);
        line_end(&l);
    }
}

/* What gives up first decides what is known of a lost answer. */
static void timeouts(void **state)
{
    (void)state;
    assert_true(decode_options_default().fragment_timeout + 4 * P_SEC <
                pair_options_default().timeout);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lost_fragments),
        cmocka_unit_test(timeouts),
    };
    return cmocka_run_group_tests_name("pipeline", tests, NULL, NULL);
}
