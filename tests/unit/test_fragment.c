/* Datagrams put together of fragments: order, repetition, overlap, loss, floods. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "packets.h"

#define DATA 2992 /* with the UDP header a multiple of 8 */

static packet_t whole;
static packet_t part[8];
static uint8_t data[DATA];

/* A datagram of 3000 octets of IP payload, cut into parts of 600. */
static void make(const char *from, const char *to, uint32_t id)
{
    addr_t a = paddr(from);
    addr_t b = paddr(to);
    b.port = 40000;
    pfill(data, DATA, 3);
    packet_udp(&whole, NULL, &a, &b, data, DATA);
    for (uint32_t i = 0; i < 5; i++)
        pfragment(&whole, id, i * 600, (i + 1) * 600, &part[i]);
}

static void is_whole(const pdecode_t *p, size_t i, unsigned notes)
{
    assert_true(p->count > i);
    assert_int_equal(p->item[i].kind, CAP_ITEM_UDP);
    assert_int_equal(p->item[i].notes, notes);
    assert_int_equal(p->item[i].size, DATA);
    assert_memory_equal(p->item[i].bytes, data, DATA);
    assert_int_equal(p->item[i].from.port, 53);
}

static const char *const ends[][2] = {{"192.0.2.53", "192.0.2.1"}, {"2001:db8::53", "2001:db8::1"}};

/* All orders of five fragments. */
static void test_orders(void **state)
{
    static pdecode_t p;
    (void)state;
    for (int family = 0; family < 2; family++) {
        make(ends[family][0], ends[family][1], 77);
        for (unsigned code = 0; code < 120; code++) {
            unsigned left[5] = {0, 1, 2, 3, 4};
            unsigned c = code;
            pdecode_begin(&p, NULL);
            for (unsigned n = 5; n > 0; n--) {
                unsigned k = c % n;
                c /= n;
                assert_int_equal(p.count, 0);
                pdecode_raw(&p, &part[left[k]]);
                memmove(left + k, left + k + 1, (n - 1 - k) * sizeof left[0]);
            }
            is_whole(&p, 0, CAP_NOTE_FRAGMENTS);
            pdecode_end(&p);
        }
    }
}

static void test_repeated(void **state)
{
    static pdecode_t p;
    (void)state;
    make(ends[0][0], ends[0][1], 5);
    pdecode_begin(&p, NULL);
    for (int i = 0; i < 4; i++) {
        pdecode_raw(&p, &part[i]);
        pdecode_raw(&p, &part[i]);
    }
    pdecode_raw(&p, &part[4]);
    is_whole(&p, 0, CAP_NOTE_FRAGMENTS);
    assert_int_equal(p.count, 1);
    pdecode_end(&p);
}

/* IPv4: what came first stays, and it is noted. IPv6: the datagram is void (RFC 5722 3). */
static void test_overlap(void **state)
{
    static pdecode_t p;
    static packet_t evil;
    (void)state;
    for (int family = 0; family < 2; family++) {
        make(ends[family][0], ends[family][1], 5);
        pfragment(&whole, 5, 592, 1200, &evil);
        evil.octets[evil.size - 300] ^= 0xff;
        pdecode_begin(&p, NULL);
        pdecode_raw(&p, &part[0]);
        pdecode_raw(&p, &part[1]);
        pdecode_raw(&p, &evil);
        for (int i = 2; i < 5; i++)
            pdecode_raw(&p, &part[i]);
        decoder_finish(p.d);
        if (family == 0)
            is_whole(&p, 0, CAP_NOTE_FRAGMENTS | CAP_NOTE_OVERLAP);
        for (size_t i = 0; family == 1 && i < p.count; i++)
            assert_int_equal(p.item[i].kind, CAP_ITEM_UDP_LOST);
        assert_true(decoder_stats(p.d)->overlaps > 0);
        pdecode_end(&p);
    }
}

/* What never comes together is told when its time is over: with its beginning, or without. */
static void test_lost(void **state)
{
    static pdecode_t p;
    (void)state;
    for (int missing = 0; missing < 5; missing++) {
        make(ends[0][0], ends[0][1], 9);
        pdecode_begin(&p, NULL);
        for (int i = 0; i < 5; i++)
            if (i != missing)
                pdecode_raw(&p, &part[i]);
        assert_int_equal(p.count, 0);
        int64_t sent = p.at;
        make("192.0.2.54", "192.0.2.1", 10);
        pdecode_raw_at(&p, &part[0], sent + 14 * P_SEC);
        assert_int_equal(p.count, 0);
        pdecode_raw_at(&p, &part[1], sent + 16 * P_SEC);
        assert_int_equal(p.count, 1);
        assert_int_equal(p.item[0].kind, CAP_ITEM_UDP_LOST);
        assert_int_equal((p.item[0].notes & CAP_NOTE_NO_FIRST) != 0, missing == 0);
        assert_int_equal(p.item[0].at, sent);
        if (missing > 0) {
            assert_int_equal(p.item[0].from.port, 53);
            assert_int_equal(p.item[0].original, DATA);
            assert_memory_equal(p.item[0].bytes, data, p.item[0].size);
        }
        decoder_finish(p.d);
        assert_int_equal(p.count, 2);
        pdecode_end(&p);
    }
}

/* Another ID, another pair of addresses: other datagrams. */
static void test_keys(void **state)
{
    static pdecode_t p;
    static packet_t second[5];
    (void)state;
    pdecode_begin(&p, NULL);
    make(ends[0][0], ends[0][1], 1);
    memcpy(second, part, sizeof second);
    make(ends[0][0], ends[0][1], 2);
    for (int i = 0; i < 5; i++) {
        pdecode_raw(&p, &part[i]);
        pdecode_raw(&p, &second[i]);
    }
    is_whole(&p, 0, CAP_NOTE_FRAGMENTS);
    is_whole(&p, 1, CAP_NOTE_FRAGMENTS);
    assert_int_equal(p.count, 2);
    pdecode_end(&p);
}

/* A flood cannot grow memory, and what is given up is counted. */
static void test_flood(void **state)
{
    static pdecode_t p;
    decode_options_t o = decode_options_default();
    (void)state;
    o.memory = 1 << 20;
    pdecode_begin(&p, &o);
    make(ends[0][0], ends[0][1], 1);
    for (uint32_t id = 0; id < 20000; id++) {
        pfragment(&whole, id, 0, 1200, &part[0]);
        part[0].octets[15] = (uint8_t)(id >> 16);
        pdecode_raw(&p, &part[0]);
        assert_in_range(decoder_stats(p.d)->memory, 0, o.memory);
    }
    assert_true(decoder_stats(p.d)->fragments_evicted > 10000);
    assert_in_range(decoder_stats(p.d)->memory_most, 100000, o.memory);
    pdecode_end(&p);
}

/* Offsets past 65535 octets, lengths that are no multiple of eight: nothing comes of them. */
static void test_nonsense(void **state)
{
    static pdecode_t p;
    (void)state;
    make(ends[0][0], ends[0][1], 1);
    pdecode_begin(&p, NULL);
    for (unsigned flags = 0; flags < 65536; flags += 97) {
        packet_t odd = part[1];
        odd.octets[6] = (uint8_t)(flags >> 8);
        odd.octets[7] = (uint8_t)flags;
        odd.octets[3] = (uint8_t)(odd.octets[3] - flags % 9);
        pdecode_raw(&p, &odd);
    }
    decoder_finish(p.d);
    for (size_t i = 0; i < p.count; i++)
        assert_in_range(p.item[i].kind, CAP_ITEM_UDP, CAP_ITEM_UDP_LOST);
    pdecode_end(&p);
}

/* Fragments that come again once the datagram is whole (a capture on all interfaces sees each
 * twice) begin nothing; other ones with the same identification do. */
static void test_again_when_whole(void **state)
{
    static pdecode_t p;
    static uint8_t second[DATA];
    (void)state;
    for (int family = 0; family < 2; family++) {
        pdecode_begin(&p, NULL);
        make(ends[family][0], ends[family][1], 5);
        for (int i = 0; i < 5; i++)
            pdecode_raw(&p, &part[i]);
        for (int i = 0; i < 5; i++)
            pdecode_raw(&p, &part[i]);
        assert_int_equal(p.count, 1);
        pfill(second, DATA, 99);
        addr_t a = paddr(ends[family][0]);
        addr_t b = paddr(ends[family][1]);
        b.port = 40000;
        packet_udp(&whole, NULL, &a, &b, second, DATA);
        for (uint32_t i = 0; i < 5; i++)
            pfragment(&whole, 5, i * 600, (i + 1) * 600, &part[i]);
        for (int i = 0; i < 5; i++)
            pdecode_raw(&p, &part[i]);
        decoder_finish(p.d);
        assert_int_equal(p.count, 2);
        assert_int_equal(p.item[1].kind, CAP_ITEM_UDP);
        assert_memory_equal(p.item[1].bytes, second, DATA);
        assert_int_equal(decoder_stats(p.d)->memory, 0);
        pdecode_end(&p);
    }
}

/* The same datagram again, to the octet, when a client has had time to ask again. */
static void test_sent_again(void **state)
{
    static pdecode_t p;
    (void)state;
    for (int family = 0; family < 2; family++) {
        pdecode_begin(&p, NULL);
        make(ends[family][0], ends[family][1], 5);
        for (int times = 0; times < 3; times++) {
            for (int i = 0; i < 5; i++)
                pdecode_raw(&p, &part[i]);
            p.at += times == 0 ? P_SEC / 10 : P_SEC;
        }
        decoder_finish(p.d);
        assert_int_equal(p.count, 2); /* the second time it came too soon */
        is_whole(&p, 1, CAP_NOTE_FRAGMENTS);
        assert_int_equal(decoder_stats(p.d)->fragments_lost, 0);
        pdecode_end(&p);
    }
}

/* The same identification again after the time is over, with nothing else in between. */
static void test_reuse_after_timeout(void **state)
{
    static pdecode_t p;
    (void)state;
    make(ends[0][0], ends[0][1], 5);
    pdecode_begin(&p, NULL);
    pdecode_raw(&p, &part[0]);
    p.at += 15 * P_SEC;
    for (int i = 0; i < 5; i++)
        pdecode_raw(&p, &part[i]);
    assert_int_equal(p.count, 2);
    assert_int_equal(p.item[0].kind, CAP_ITEM_UDP_LOST);
    is_whole(&p, 1, CAP_NOTE_FRAGMENTS);
    assert_int_equal(decoder_stats(p.d)->fragments_lost, 1);
    pdecode_end(&p);
}

/* As many fragments as a datagram may have, and one more. */
static void test_too_many(void **state)
{
    static pdecode_t p;
    static packet_t small;
    (void)state;
    make(ends[0][0], ends[0][1], 5);
    pdecode_begin(&p, NULL);
    for (uint32_t i = 0; i < 257; i++) {
        assert_int_equal(decoder_stats(p.d)->fragments_evicted, 0);
        pfragment(&whole, 5, i * 8, (i + 1) * 8, &small);
        pdecode_raw(&p, &small);
    }
    assert_int_equal(decoder_stats(p.d)->fragments_evicted, 1);
    assert_int_equal(p.count, 1);
    assert_int_equal(p.item[0].kind, CAP_ITEM_UDP_LOST);
    assert_int_equal(p.item[0].original, DATA);
    assert_memory_equal(p.item[0].bytes, data, p.item[0].size);
    pdecode_raw(&p, &part[4]); /* the rest is swallowed */
    decoder_finish(p.d);
    assert_int_equal(p.count, 1);
    pdecode_end(&p);
}

/* Ends that do not agree: what does not fit is left out. */
static void test_ends(void **state)
{
    static pdecode_t p;
    static packet_t odd;
    (void)state;
    make(ends[0][0], ends[0][1], 5);
    pdecode_begin(&p, NULL);
    pdecode_raw(&p, &part[4]);
    odd = part[4]; /* beyond the end */
    odd.octets[7] += 10;
    pdecode_raw(&p, &odd);
    odd = part[3]; /* another end, before it */
    odd.octets[6] &= 0x1f;
    pdecode_raw(&p, &odd);
    for (int i = 0; i < 4; i++)
        pdecode_raw(&p, &part[i]);
    is_whole(&p, 0, CAP_NOTE_FRAGMENTS);
    assert_int_equal(decoder_stats(p.d)->malformed, 2);
    pdecode_end(&p);
}

/* Captured with a snap length: as far as the octets go without a hole, and said so. */
static void test_cut(void **state)
{
    static pdecode_t p;
    (void)state;
    make(ends[1][0], ends[1][1], 5);
    for (int cut = 0; cut < 5; cut++) {
        pdecode_begin(&p, NULL);
        for (int i = 0; i < 5; i++)
            pdecode_feed(&p, CAP_LINK_RAW, part[i].octets, part[i].size - (i == cut ? 100 : 0),
                         part[i].size);
        assert_int_equal(p.count, 1);
        assert_int_equal(p.item[0].notes, CAP_NOTE_FRAGMENTS | CAP_NOTE_CUT);
        assert_int_equal(p.item[0].size, (uint32_t)(cut + 1) * 600 - 100 - 8);
        assert_int_equal(p.item[0].original, DATA);
        assert_memory_equal(p.item[0].bytes, data, p.item[0].size);
        pdecode_end(&p);
    }
}

/* A datagram in two fragments of which the last is lost, and the first is shorter than UDP's
 * header, is of other ports, or is of another protocol. */
static void test_lost_short(void **state)
{
    static pdecode_t p;
    static packet_t first;
    decode_options_t o = decode_options_default();
    (void)state;
    o.any_udp_port = false;
    make(ends[0][0], ends[0][1], 5);
    pdecode_begin(&p, &o);
    pfragment(&whole, 1, 0, 8, &first);
    pdecode_feed(&p, CAP_LINK_RAW, first.octets, 24, 28); /* ports, and no more */
    pfragment(&whole, 2, 0, 8, &first);
    first.octets[20] = 9; /* source port */
    pdecode_raw(&p, &first);
    pfragment(&whole, 3, 0, 8, &first);
    first.octets[9] = 99;
    pdecode_raw(&p, &first);
    pfragment(&whole, 4, 0, 8, &first); /* just the header */
    pdecode_raw(&p, &first);
    decoder_finish(p.d);
    assert_int_equal(p.count, 2);
    assert_int_equal(p.item[0].notes, CAP_NOTE_FRAGMENTS | CAP_NOTE_NO_FIRST);
    assert_int_equal(p.item[1].notes, CAP_NOTE_FRAGMENTS);
    assert_int_equal(p.item[1].size, 0);
    assert_int_equal(p.item[1].original, DATA);
    pdecode_end(&p);
}

/* A memory too small for even one datagram: given up, counted, and the limit holds. */
static void test_tiny_memory(void **state)
{
    static pdecode_t p;
    decode_options_t o = decode_options_default();
    (void)state;
    for (size_t memory = 0; memory < 6000; memory += 500) {
        o.memory = memory;
        pdecode_begin(&p, &o);
        make(ends[1][0], ends[1][1], 5);
        for (int i = 0; i < 5; i++) {
            pdecode_raw(&p, &part[i]);
            assert_in_range(decoder_stats(p.d)->memory, 0, memory);
        }
        decoder_finish(p.d);
        for (size_t i = 0; i < p.count; i++)
            assert_int_equal(p.item[i].kind, CAP_ITEM_UDP_LOST);
        pdecode_end(&p);
    }
}

/* Extension headers behind the fragment header belong to the whole (RFC 8200 4.5). */
static void test_v6_inner_headers(void **state)
{
    static const uint8_t options[8] = {17, 0, 1, 4, 0, 0, 0, 0};
    static pdecode_t p;
    (void)state;
    for (int nested = 0; nested < 2; nested++) {
        make(ends[1][0], ends[1][1], 5);
        memmove(whole.octets + 48, whole.octets + 40, whole.size - 40);
        memcpy(whole.octets + 40, options, 8);
        whole.size += 8;
        whole.octets[6] = 60;
        if (nested == 1) { /* a fragment header instead, of something that has more */
            whole.octets[6] = 44;
            whole.octets[43] = 1;
        }
        pfragment(&whole, 6, 0, 800, &part[0]);
        pfragment(&whole, 6, 800, whole.size - 40, &part[1]);
        pdecode_begin(&p, NULL);
        pdecode_raw(&p, &part[1]);
        pdecode_raw(&p, &part[0]);
        if (nested == 0)
            is_whole(&p, 0, CAP_NOTE_FRAGMENTS);
        assert_int_equal(p.count, nested == 0);
        assert_int_equal(decoder_stats(p.d)->malformed, nested);
        pdecode_end(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orders),      cmocka_unit_test(test_repeated),
        cmocka_unit_test(test_overlap),     cmocka_unit_test(test_lost),
        cmocka_unit_test(test_keys),        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_nonsense),    cmocka_unit_test(test_again_when_whole),
        cmocka_unit_test(test_sent_again),  cmocka_unit_test(test_reuse_after_timeout),
        cmocka_unit_test(test_too_many),    cmocka_unit_test(test_ends),
        cmocka_unit_test(test_cut),         cmocka_unit_test(test_lost_short),
        cmocka_unit_test(test_tiny_memory), cmocka_unit_test(test_v6_inner_headers),
    };
    return cmocka_run_group_tests_name("fragment", tests, NULL, NULL);
}
