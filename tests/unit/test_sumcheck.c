/* Checksums: right, wrong, absent, and left to the network card. */
#include "capture/sumcheck.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "exchange/checksum.h"
#include "packets.h"

static packet_t packet;
static const uint8_t data[] = "an odd number of octets.";

static ip_view_t make(unsigned family, uint8_t protocol)
{
    addr_t a = paddr(family == 4 ? "192.0.2.1#4000" : "2001:db8::1#4000");
    addr_t b = paddr(family == 4 ? "192.0.2.53" : "2001:db8::53");
    ip_view_t v;
    if (protocol == IP_UDP)
        packet_udp(&packet, NULL, &a, &b, data, sizeof data);
    else
        packet_tcp(&packet, &a, &b, 7, 8, TCP_ACK, data, sizeof data);
    assert_int_equal(ip_read(&v, family, packet.octets, packet.size, packet.size), IP_GOOD);
    return v;
}

static uint32_t place(const ip_view_t *v)
{
    return v->protocol == IP_UDP ? SUMCHECK_AT_UDP : SUMCHECK_AT_TCP;
}

/* Overwrites the checksum; the payload lies in packet. */
static void store(const ip_view_t *v, uint16_t sum)
{
    uint8_t *at = packet.octets + (v->payload - packet.octets) + place(v);
    at[0] = (uint8_t)(sum >> 8);
    at[1] = (uint8_t)sum;
}

static const struct {
    unsigned family;
    uint8_t protocol;
} kinds[] = {{4, IP_UDP}, {4, IP_TCP}, {6, IP_UDP}, {6, IP_TCP}};

#define KINDS (sizeof kinds / sizeof kinds[0])

static void test_good_and_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        sumcheck_t s = {0};
        ip_view_t v = make(kinds[i].family, kinds[i].protocol);
        assert_int_equal(sumcheck_payload(&s, &v, v.length, place(&v)), SUMCHECK_GOOD);
        assert_int_equal(s.suspects, 0);
        packet.octets[packet.size - 2] ^= 4;
        assert_int_equal(sumcheck_payload(&s, &v, v.length, place(&v)), SUMCHECK_BAD);
        assert_int_equal(s.suspects, 1);
        /* a right one clears the host */
        packet.octets[packet.size - 2] ^= 4;
        assert_int_equal(sumcheck_payload(&s, &v, v.length, place(&v)), SUMCHECK_GOOD);
        assert_int_equal(s.suspects, 0);
    }
}

/* The sum of the pseudo-header alone, with and without the length; 0 in TCP. */
static void test_offloaded(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        sumcheck_t s = {0};
        ip_view_t v = make(kinds[i].family, kinds[i].protocol);
        uint64_t pseudo = checksum_number(checksum_sum(v.from, v.family == 4 ? 8 : 32), v.protocol);
        store(&v, checksum_fold(pseudo));
        assert_int_equal(sumcheck_payload(&s, &v, v.length, place(&v)), SUMCHECK_OFFLOADED);
        store(&v, checksum_fold(checksum_number(pseudo, (uint16_t)v.length)));
        assert_int_equal(sumcheck_payload(&s, &v, v.length, place(&v)), SUMCHECK_OFFLOADED);
        store(&v, 0);
        assert_int_equal(sumcheck_payload(&s, &v, v.length, place(&v)),
                         v.protocol == IP_TCP ? SUMCHECK_OFFLOADED
                         : v.family == 4      ? SUMCHECK_UNKNOWN
                                              : SUMCHECK_BAD);
    }
}

static void test_unknown(void **state)
{
    sumcheck_t s = {0};
    ip_view_t v = make(4, IP_UDP);
    (void)state;
    v.size--; /* cut */
    assert_int_equal(sumcheck_payload(&s, &v, v.length, 6), SUMCHECK_UNKNOWN);
    v.size++;
    v.rerouted = true;
    assert_int_equal(sumcheck_payload(&s, &v, v.length, 6), SUMCHECK_UNKNOWN);
    v.rerouted = false;
    assert_int_equal(sumcheck_payload(&s, &v, 7, 6), SUMCHECK_UNKNOWN);
}

/* Only wrong ones from a host, and nothing else: up to the limit, and from it on. */
static void test_streak(void **state)
{
    sumcheck_t s = {0};
    ip_view_t v = make(4, IP_UDP);
    (void)state;
    packet.octets[packet.size - 2] ^= 4;
    for (unsigned turn = 0; turn < 2; turn++) {
        for (unsigned i = 1; i < SUMCHECK_STREAK + 3; i++)
            assert_int_equal(sumcheck_payload(&s, &v, v.length, 6), i >= SUMCHECK_STREAK
                                                                        ? SUMCHECK_NEVER
                                                                    : turn == 0 ? SUMCHECK_BAD
                                                                                : SUMCHECK_DAMAGED);
        sumcheck_was_good(&s, 4, v.from); /* begins anew, and those that follow are damaged */
        assert_int_equal(s.suspects, 0);
    }
}

/* Wrong ones that are never wrong in the same way are wrong, however many there are, as those of a
 * path that damages every packet; twice the same packet, damaged, is no exception. */
static void test_damage_of_all(void **state)
{
    sumcheck_t s = {0};
    (void)state;
    for (unsigned i = 0; i < 600; i++) {
        ip_view_t v = make(4, IP_UDP);
        uint8_t *end = packet.octets + packet.size;
        end[-9] = (uint8_t)(i / 3); /* as sent */
        store(&v, 0);
        store(&v, (uint16_t)(0xffff ^ i / 3)); /* of its own for each */
        end[-3 - (int)(i % 4)] ^= (uint8_t)(1u << i % 7);
        assert_int_equal(sumcheck_payload(&s, &v, v.length, 6), SUMCHECK_BAD);
        assert_int_equal(s.suspects, 1);
    }
}

/* The same number in whatever is sent: a card's. */
static void test_same_number(void **state)
{
    sumcheck_t s = {0};
    (void)state;
    for (unsigned i = 1; i < 600; i++) {
        ip_view_t v = make(6, IP_UDP);
        packet.octets[packet.size - 9] = (uint8_t)i;
        store(&v, 0x5512);
        assert_int_equal(sumcheck_payload(&s, &v, v.length, 6),
                         i < SUMCHECK_STREAK ? SUMCHECK_BAD : SUMCHECK_NEVER);
    }
}

/* Addresses were changed, each always to the same one: two hosts' checksums are wrong by the same,
 * however many hosts there are. */
static void test_changed_addresses(void **state)
{
    sumcheck_t s = {0};
    unsigned never = 0;
    (void)state;
    for (unsigned i = 0; i < 600; i++) {
        addr_t a = paddr("192.0.2.53");
        addr_t b = paddr("10.9.0.0#4000");
        ip_view_t v;
        uint8_t content[16] = {0};
        content[3] = (uint8_t)i;
        b.octets[3] = (uint8_t)(i * 5 % 7);
        packet_udp(&packet, NULL, &a, &b, content, sizeof content);
        packet.octets[12] = (uint8_t)(packet.octets[12] ^ 0x31);
        packet.octets[19] = (uint8_t)(packet.octets[19] * 11 + 2);
        assert_int_equal(ip_read(&v, 4, packet.octets, packet.size, packet.size), IP_GOOD);
        never += sumcheck_payload(&s, &v, v.length, 6) == SUMCHECK_NEVER;
    }
    assert_in_range(never, 600 - 2 * SUMCHECK_STREAK, 600 - SUMCHECK_STREAK + 1);
}

/* Any number of hosts takes the same memory; each is told from the others. */
static void test_many_hosts(void **state)
{
    sumcheck_t s = {0};
    (void)state;
    for (unsigned host = 0; host < 5000; host++) {
        addr_t a = paddr("10.9.0.0#4000");
        addr_t b = paddr("192.0.2.53");
        ip_view_t v;
        a.octets[2] = (uint8_t)(host >> 8);
        a.octets[3] = (uint8_t)host;
        packet_udp(&packet, NULL, &a, &b, data, sizeof data);
        assert_int_equal(ip_read(&v, 4, packet.octets, packet.size, packet.size), IP_GOOD);
        packet.octets[packet.size - 2] ^= 4;
        assert_int_equal(sumcheck_payload(&s, &v, v.length, 6), SUMCHECK_BAD);
        assert_true(s.suspects <= SUMCHECK_HOSTS);
    }
}

/* A right packet that goes the short way ends the streak of its host, and of no other. */
static void test_streak_through_decoder(void **state)
{
    static pdecode_t p;
    (void)state;
    pdecode_begin(&p, NULL);
    for (unsigned turn = 0; turn < 2; turn++) {
        for (unsigned i = 1; i < SUMCHECK_STREAK; i++) {
            make(4, IP_UDP);
            packet.octets[packet.size - 2] ^= 4;
            pdecode_raw(&p, &packet);
        }
        make(6, IP_UDP);
        pdecode_raw(&p, &packet);
        if (turn == 0) {
            make(4, IP_UDP);
            pdecode_raw(&p, &packet);
        }
    }
    assert_int_equal(decoder_stats(p.d)->bad_checksum, 2 * (SUMCHECK_STREAK - 1));
    assert_int_equal(decoder_stats(p.d)->never_right, 0);
    for (size_t i = 0; i < p.count; i++) {
        bool six = i % SUMCHECK_STREAK == SUMCHECK_STREAK - 1;
        bool good = six || i == SUMCHECK_STREAK;
        unsigned wrong = CAP_NOTE_CHECKSUM | (i > SUMCHECK_STREAK ? CAP_NOTE_DAMAGED : 0);
        if (i <= SUMCHECK_STREAK)
            assert_int_equal(p.item[i].notes, good ? 0 : wrong);
    }
    assert_int_equal(p.item[p.count - 2].notes, CAP_NOTE_CHECKSUM | CAP_NOTE_DAMAGED);
    make(4, IP_UDP);
    packet.octets[packet.size - 2] ^= 4;
    pdecode_raw(&p, &packet);
    assert_int_equal(decoder_stats(p.d)->never_right, 1);
    assert_int_equal(p.item[p.count - 1].notes, CAP_NOTE_NEVER);
    pdecode_end(&p);
}

/* Through the decoder: short way and long way say the same, and count the same. */
static void test_through_decoder(void **state)
{
    static pdecode_t p;
    (void)state;
    pdecode_begin(&p, NULL);
    for (size_t i = 0; i < KINDS; i += 2) {
        ip_view_t v = make(kinds[i].family, IP_UDP);
        uint64_t pseudo = checksum_number(checksum_sum(v.from, v.family == 4 ? 8 : 32), IP_UDP);
        store(&v, checksum_fold(checksum_number(pseudo, (uint16_t)v.length)));
        pdecode_raw(&p, &packet);
        store(&v, checksum_fold(pseudo));
        pdecode_raw(&p, &packet);
    }
    assert_int_equal(p.count, 4);
    for (size_t i = 0; i < p.count; i++)
        assert_int_equal(p.item[i].notes, 0);
    assert_int_equal(decoder_stats(p.d)->offloaded, 4);
    assert_int_equal(decoder_stats(p.d)->bad_checksum, 0);
    make(4, IP_UDP);
    packet.octets[8]--; /* the header's own */
    pdecode_raw(&p, &packet);
    assert_int_equal(p.item[4].notes, CAP_NOTE_CHECKSUM);
    assert_int_equal(decoder_stats(p.d)->bad_checksum, 1);
    pdecode_end(&p);
    decode_options_t o = decode_options_default();
    o.verify_checksums = false;
    pdecode_begin(&p, &o);
    pdecode_raw(&p, &packet);
    assert_int_equal(p.item[0].notes, 0);
    pdecode_end(&p);
}

/* A damaged TCP segment is not taken once the same side has sent right ones. */
static void test_tcp_damage(void **state)
{
    static pdecode_t p;
    uint8_t query[64];
    uint32_t n = pquery(query + 2, 5);
    addr_t a = paddr("192.0.2.1#4000");
    addr_t b = paddr("192.0.2.53");
    (void)state;
    query[0] = 0;
    query[1] = (uint8_t)n;
    pdecode_begin(&p, NULL);
    packet_tcp(&packet, &a, &b, 99, 0, TCP_SYN, NULL, 0);
    pdecode_raw(&p, &packet);
    packet_tcp(&packet, &a, &b, 100, 1, TCP_ACK, query, n + 2);
    packet.octets[packet.size - 1] ^= 1;
    pdecode_raw(&p, &packet);
    assert_int_equal(p.count, 1);
    assert_int_equal(decoder_stats(p.d)->bad_checksum, 1);
    packet.octets[packet.size - 1] ^= 1;
    pdecode_raw(&p, &packet);
    assert_int_equal(p.count, 3);
    assert_int_equal(p.item[2].kind, CAP_ITEM_TCP_MESSAGE);
    assert_int_equal(p.item[2].notes, 0);
    pdecode_end(&p);
    /* nothing right was seen of this one yet: taken, and noted */
    pdecode_begin(&p, NULL);
    packet.octets[36] ^= 0x11;
    pdecode_raw(&p, &packet);
    assert_int_equal(p.count, 1);
    assert_int_equal(p.item[0].notes, CAP_NOTE_MIDSTREAM | CAP_NOTE_CHECKSUM);
    pdecode_end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_and_bad),      cmocka_unit_test(test_offloaded),
        cmocka_unit_test(test_unknown),           cmocka_unit_test(test_streak),
        cmocka_unit_test(test_many_hosts),        cmocka_unit_test(test_streak_through_decoder),
        cmocka_unit_test(test_damage_of_all),     cmocka_unit_test(test_same_number),
        cmocka_unit_test(test_changed_addresses), cmocka_unit_test(test_through_decoder),
        cmocka_unit_test(test_tcp_damage),
    };
    return cmocka_run_group_tests_name("sumcheck", tests, NULL, NULL);
}
