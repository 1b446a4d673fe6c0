/* One direction of a connection: holes, cut segments, lost step, ends; and where messages begin. */
#include "capture/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture/resync.h"
#include "packets.h"

#define FIRST 0xfffffff0u /* wraps around soon */

/* A stream with what it gave out, one letter an item: m(essage), p(artial). */
typedef struct sent {
    stream_t s;
    budget_t budget;
    stream_out_t out;
    char said[64];
    size_t count;
    unsigned notes[64];
    uint32_t size[64];
    uint32_t original[64];
    int64_t at[64];
    uint8_t first[64];
    origin_t origin;
} sent_t;

static void take(void *user, cap_item_kind_t kind, unsigned notes, const uint8_t *bytes,
                 uint32_t size, uint32_t original, const origin_t *origin)
{
    sent_t *t = user;
    uint32_t sum = 0;
    for (uint32_t i = 0; i < size; i++) /* every octet is there */
        sum += bytes[i];
    assert_true(t->count < sizeof t->notes / sizeof t->notes[0] - 1);
    t->said[t->count] = kind == CAP_ITEM_TCP_MESSAGE ? 'm' : 'p';
    t->notes[t->count] = notes;
    t->size[t->count] = size;
    t->original[t->count] = original;
    t->at[t->count] = origin->at;
    t->first[t->count++] = size > 0 ? bytes[0] : (uint8_t)(sum > UINT32_MAX - 1);
}

static void begin(sent_t *t, bool in_step)
{
    memset(t, 0, sizeof *t);
    t->budget.limit = SIZE_MAX;
    t->out = (stream_out_t){&t->budget, take, t};
    stream_begin(&t->s, FIRST, in_step);
    t->s.server = true;
}

/* [from, to) of octets as one segment, of which the last cut ones were not captured. */
static unsigned say(sent_t *t, const uint8_t *octets, uint32_t from, uint32_t to, uint32_t cut)
{
    uint32_t size = to - from - cut;
    uint8_t *exact = malloc(size > 0 ? size : 1);
    assert_non_null(exact);
    memcpy(exact, octets + from, size);
    t->origin.at++;
    unsigned note = stream_take(&t->s, &t->out, FIRST + from, exact, size, to - from, &t->origin);
    free(exact);
    return note;
}

static void is(sent_t *t, const char *said)
{
    assert_string_equal(t->said, said);
    stream_clear(&t->s, &t->budget);
    assert_int_equal(t->budget.used, 0);
}

/* Four framed replies; ends[i] is where each ends. */
static uint32_t replies(uint8_t *out, uint32_t ends[4])
{
    uint32_t n = 0;
    for (uint16_t i = 0; i < 4; i++) {
        uint32_t size = pquery(out + n + 2, (uint16_t)(0x1000 * (i + 1)));
        out[n] = 0;
        out[n + 1] = (uint8_t)size;
        out[n + 4] |= 0x80;
        n += 2 + size;
        ends[i] = n;
    }
    return n;
}

static uint8_t octets[512];
static uint32_t ends[4];

/* A hole of any place and size, taken for lost when the other side acknowledges what is behind it.
 * Messages that lie outside of it all come, the one that it begins in as far as it goes. */
static void test_holes(void **state)
{
    static sent_t t;
    uint32_t n = replies(octets, ends);
    (void)state;
    for (uint32_t from = 0; from < n; from++) {
        for (uint32_t to = from + 1; to < n; to++) {
            begin(&t, true);
            if (from > 0)
                say(&t, octets, 0, from, 0);
            say(&t, octets, to, n, 0);
            stream_acked(&t.s, &t.out, FIRST + n);
            size_t before = 0;
            size_t behind = 0;
            size_t messages = 0;
            for (size_t i = 0; i < 4; i++) {
                before += ends[i] <= from;
                behind += (i == 0 ? 0 : ends[i - 1]) >= to;
            }
            for (size_t i = 0; i < t.count; i++)
                messages += t.said[i] == 'm';
            assert_int_equal(messages, before + behind);
            bool begun = from > (before == 0 ? 0 : ends[before - 1]);
            assert_int_equal(t.count, messages + begun);
            if (begun) {
                assert_int_equal(t.said[before], 'p');
                assert_int_equal(t.notes[before] & CAP_NOTE_GAP, CAP_NOTE_GAP);
            }
            assert_int_equal(t.s.at - ((uint64_t)1 << 32), n);
            stream_clear(&t.s, &t.budget);
        }
    }
}

/* A snap length cuts each segment: a partial each, and the stream stays in step while lengths are
 * captured. */
static void test_cut(void **state)
{
    static sent_t t;
    replies(octets, ends);
    (void)state;
    for (uint32_t cut = 1; cut < ends[0]; cut++) {
        begin(&t, true);
        for (size_t i = 0; i < 4; i++)
            say(&t, octets, i == 0 ? 0 : ends[i - 1], ends[i], cut);
        uint32_t there = ends[0] - cut;
        if (there >= 2) {
            for (size_t i = 0; i < 4; i++) {
                assert_int_equal(t.size[i], there - 2);
                assert_int_equal(t.original[i], ends[0] - 2);
                assert_int_equal(t.notes[i] & ~(unsigned)CAP_NOTE_RETRANSMIT, CAP_NOTE_CUT);
            }
            is(&t, "pppp");
        } else {
            is(&t, "p"); /* not even the length of the next is known then */
        }
    }
}

/* Not in step: whole messages are found wherever the first octet is. */
static void test_resync(void **state)
{
    static sent_t t;
    uint32_t n = replies(octets, ends);
    (void)state;
    for (uint32_t from = 0; from < ends[1]; from++) {
        begin(&t, false);
        t.s.next += from;
        say(&t, octets, from, n, 0);
        is(&t, from == 0 ? "mmmm" : from <= ends[0] ? "mmm" : "mm");
    }
    /* the length in a segment of its own, as some servers send it */
    begin(&t, false);
    say(&t, octets, 0, 2, 0);
    say(&t, octets, 2, ends[0], 0);
    is(&t, "m");
    /* octets that are no DNS at all */
    uint8_t noise[400];
    for (uint32_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)(i * 167 + i / 3);
    begin(&t, false);
    say(&t, noise, 0, sizeof noise, 0);
    is(&t, "");
}

/* What can be the beginning of a message, and what cannot. */
static void test_fits(void **state)
{
    static const struct {
        const char *name;
        uint8_t octets[30];
        uint32_t size;
        bool server;
        bool fits;
    } cases[] = {
        {"query", {0, 17, 1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1}, 19, false, true},
        {"query as reply",
         {0, 17, 1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1},
         19,
         true,
         false},
        {"class 7", {0, 17, 1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 7}, 19, false, false},
        {"label 0x40",
         {0, 17, 1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x40, 0, 2, 0, 1},
         19,
         false,
         false},
        {"two questions",
         {0, 40, 1, 2, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1},
         19,
         false,
         false},
        {"opcode 3",
         {0, 17, 1, 2, 0x18, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1},
         19,
         false,
         false},
        {"opcode 7",
         {0, 17, 1, 2, 0x38, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1},
         19,
         false,
         false},
        {"Z", {0, 17, 1, 2, 1, 0x40, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1}, 19, false, false},
        {"too many records",
         {0, 17, 1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 2, 0, 1},
         19,
         false,
         false},
        {"header alone", {0, 12, 1, 2, 0x81, 5, 0, 0, 0, 0, 0, 0, 0, 0}, 14, true, true},
        {"too short for one", {0, 11, 1, 2, 0x81, 5, 0, 0, 0, 0, 0, 0, 0, 0}, 14, true, false},
        {"nothing but length", {0, 17, 1, 2, 0x81, 5, 0, 0, 0, 0, 0, 0, 0, 0}, 14, true, false},
        {"record alone",
         {0, 23, 1, 2, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 9, 0, 0},
         25,
         true,
         true},
        {"OPT alone",
         {0, 23, 1, 2, 0x80, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0},
         25,
         true,
         true},
        {"cut in the name", {0, 60, 1, 2, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 9, 'a'}, 16, true, true},
        {"13 octets", {0, 60, 1, 2, 0x80, 0, 0, 1, 0, 0, 0, 0, 0}, 13, true, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t *exact = malloc(cases[i].size);
        assert_non_null(exact);
        memcpy(exact, cases[i].octets, cases[i].size);
        if (resync_fits(exact, cases[i].size, cases[i].server) != cases[i].fits)
            fail_msg("%s", cases[i].name);
        free(exact);
    }
}

/* A whole message is only the first when what is behind it can be one too. */
static void test_find(void **state)
{
    uint32_t n = replies(octets, ends);
    (void)state;
    assert_int_equal(resync_find(octets, n, true), 0);
    assert_int_equal(resync_find(octets, n, false), n);
    memset(octets + ends[0], 0xee, 20);
    assert_int_equal(resync_find(octets, ends[0] + 20, true), ends[0] + 20);
    assert_int_equal(resync_find(octets, ends[0] + 5, true), 0); /* too little to tell */
    assert_int_equal(resync_find(octets, 0, true), 0);
}

/* The longest message, over many segments, in a buffer of just its size. */
static void test_longest(void **state)
{
    static sent_t t;
    static uint8_t big[65537 + 30];
    (void)state;
    for (uint32_t length = 65533; length <= 65535; length++) {
        big[0] = (uint8_t)(length >> 8);
        big[1] = (uint8_t)length;
        begin(&t, true);
        for (uint32_t at = 0; at < length + 2; at += 1460)
            say(&t, big, at, at + 1460 < length + 2 ? at + 1460 : length + 2, 0);
        assert_int_equal(t.size[0], length);
        assert_int_equal(t.budget.used, 0);
        is(&t, "m");
    }
}

static void test_empty_messages(void **state)
{
    static sent_t t;
    static const uint8_t none[8] = {0};
    (void)state;
    begin(&t, true);
    say(&t, none, 0, 3, 0);
    say(&t, none, 3, 8, 0);
    is(&t, "mmmm");
}

/* FIN: behind everything, before what is missing, with a hole that is never filled. */
static void test_fin(void **state)
{
    static sent_t t;
    replies(octets, ends);
    (void)state;
    begin(&t, true);
    stream_fin(&t.s, FIRST + ends[0]);
    say(&t, octets, 10, ends[0], 0);
    assert_false(t.s.ended);
    say(&t, octets, 0, 10, 0);
    assert_true(t.s.ended);
    say(&t, octets, ends[0], ends[1], 0); /* nothing comes after the end */
    is(&t, "m");
    begin(&t, true);
    stream_fin(&t.s, FIRST + ends[0]);
    say(&t, octets, 0, 10, 0);
    stream_acked(&t.s, &t.out, FIRST + 10);
    assert_false(t.s.ended);
    stream_acked(&t.s, &t.out, FIRST + ends[0] + 1);
    assert_true(t.s.ended);
    assert_int_equal(t.notes[0], CAP_NOTE_GAP);
    is(&t, "p");
    begin(&t, true);
    stream_fin(&t.s, FIRST);
    say(&t, octets, 0, 0, 0); /* a FIN and nothing else */
    assert_true(t.s.ended);
    is(&t, "");
}

/* Acknowledgements of what is still to come, and from nowhere, are no holes. */
static void test_acked(void **state)
{
    static sent_t t;
    replies(octets, ends);
    (void)state;
    begin(&t, true);
    stream_acked(&t.s, &t.out, FIRST + ends[0]); /* captured in the wrong order */
    say(&t, octets, 0, ends[0], 0);
    stream_acked(&t.s, &t.out, FIRST + 0x50000000);
    stream_acked(&t.s, &t.out, FIRST - 5);
    say(&t, octets, ends[0], ends[1], 0);
    is(&t, "mm");
}

/* Zero-window probes and keep-alives: one octet that was there already, or none. */
static void test_probes(void **state)
{
    static sent_t t;
    uint32_t n = replies(octets, ends);
    (void)state;
    begin(&t, true);
    for (uint32_t at = 0; at < n; at++) {
        if (at > 0)
            assert_int_equal(say(&t, octets, at - 1, at, 0), 0);
        say(&t, octets, at, at, 0);
        say(&t, octets, at, at + 1, 0);
    }
    is(&t, "mmmm");
}

/* Octets that come again as others, against what is in the buffer, are told. */
static void test_again(void **state)
{
    static sent_t t;
    uint8_t other[512];
    replies(octets, ends);
    (void)state;
    memset(other, 0xee, sizeof other);
    begin(&t, true);
    say(&t, octets, 0, ends[0] + 20, 0);
    /* what was given out is not kept: it cannot be compared */
    assert_int_equal(say(&t, other, 0, ends[0], 0), 0);
    assert_int_equal(say(&t, octets, 5, ends[0] + 20, 0), 0);
    assert_int_equal(say(&t, other, ends[0] - 3, ends[0] + 20, 0), CAP_NOTE_OVERLAP);
    memcpy(other, octets, ends[0] + 20);
    assert_int_equal(say(&t, other, ends[0] + 10, ends[1], 0), 0); /* half old, half new */
    assert_int_equal(t.notes[0], 0);
    assert_int_equal(t.notes[1], CAP_NOTE_RETRANSMIT | CAP_NOTE_OVERLAP);
    assert_int_equal(t.first[1], 0x20);
    is(&t, "mm");
}

/* So many segments may wait, and one more. */
static void test_waiting(void **state)
{
    static sent_t t;
    static uint8_t big[4 * STREAM_SPANS_MAX];
    (void)state;
    begin(&t, true);
    for (uint32_t i = 1; i <= STREAM_SPANS_MAX; i++)
        say(&t, big, 2 * i, 2 * i + 1, 0);
    assert_int_equal(t.s.waiting.count, STREAM_SPANS_MAX);
    say(&t, big, 2 * STREAM_SPANS_MAX + 2, 2 * STREAM_SPANS_MAX + 3, 0);
    assert_int_equal(t.s.waiting.count, STREAM_SPANS_MAX);
    assert_true(stream_holds(&t.s));
    is(&t, "");
}

/* A segment from far outside of any window belongs to something else. */
static void test_stray(void **state)
{
    static sent_t t;
    replies(octets, ends);
    (void)state;
    begin(&t, true);
    stream_take(&t.s, &t.out, FIRST + 0x60000000, octets, 40, 40, &t.origin);
    stream_take(&t.s, &t.out, FIRST - 0x60000000, octets, 40, 40, &t.origin);
    stream_fin(&t.s, FIRST + 0x60000000);
    assert_false(stream_holds(&t.s));
    assert_false(t.s.fin);
    say(&t, octets, 0, ends[0], 0);
    is(&t, "m");
}

/* What is left at the end is given out: partial, with the time of the packet that it came in. */
static void test_flush(void **state)
{
    static sent_t t;
    replies(octets, ends);
    (void)state;
    begin(&t, true);
    say(&t, octets, 0, ends[0] + 30, 0);
    say(&t, octets, ends[1], ends[2] + 1, 0);
    t.origin.at = 99;
    stream_flush(&t.s, &t.out);
    assert_int_equal(t.size[1], 28);
    assert_int_equal(t.notes[1], CAP_NOTE_GAP);
    assert_int_equal(t.at[1], 1);
    assert_int_equal(t.size[3], 0);
    assert_int_equal(t.original[3], 0);
    is(&t, "mpmp");
    stream_t unused = {0};
    stream_flush(&unused, &t.out);
    assert_false(stream_holds(&unused));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holes),          cmocka_unit_test(test_cut),
        cmocka_unit_test(test_resync),         cmocka_unit_test(test_fits),
        cmocka_unit_test(test_find),           cmocka_unit_test(test_longest),
        cmocka_unit_test(test_empty_messages), cmocka_unit_test(test_fin),
        cmocka_unit_test(test_acked),          cmocka_unit_test(test_probes),
        cmocka_unit_test(test_again),          cmocka_unit_test(test_waiting),
        cmocka_unit_test(test_stray),          cmocka_unit_test(test_flush),
    };
    return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
