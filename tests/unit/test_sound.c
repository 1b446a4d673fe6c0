/* A message that is told to be sound has no fault, and says what its index says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "messages.h"
#include "proto/nsproto.h"
#include "proto/sound.h"

static nsp_rr_t arena[NSP_RR_MAX];
static nsp_sound_names_t names;

/* The first NS of the authority section, by the index. */
static uint32_t referral_of(const nsp_msg_t *m)
{
    for (uint16_t i = 0; i < m->found[NSP_AUTHORITY]; i++)
        if (nsp_msg_rr(m, NSP_AUTHORITY, i)->type == NSP_TYPE_NS)
            return nsp_msg_rr(m, NSP_AUTHORITY, i)->owner;
    return 0;
}

static uint32_t authority_of(const nsp_msg_t *m)
{
    uint16_t first = m->first[NSP_AUTHORITY];
    return first < m->rr_count ? m->rr[first].owner : m->stopped;
}

/* True when the message is told to be sound; then all that is told of it is true. */
static bool is_sound(const uint8_t *wire, size_t size)
{
    nsp_msg_t m;
    nsp_sound_t s;
    if (!nsp_msg_sound(&names, wire, size, &s))
        return false;
    assert_int_equal(nsp_msg_index(&m, wire, size, arena, NSP_RR_MAX), NSP_OK);
    assert_int_equal(nsp_msg_validate(&m), NSP_OK);
    assert_int_equal(s.flags, m.flags);
    assert_int_equal(s.rcode, nsp_msg_rcode(&m));
    assert_memory_equal(s.count, m.found, sizeof s.count);
    assert_int_equal(s.opt, m.opt != NSP_NO_RR);
    assert_int_equal(s.authority, authority_of(&m));
    assert_int_equal(nsp_sound_referral(wire, &s), referral_of(&m));
    return true;
}

/* In an allocation of its own, so that a read past the end is seen. */
static bool is_sound_alone(const uint8_t *wire, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    memcpy(copy, wire, size);
    bool sound = is_sound(copy, size);
    free(copy);
    return sound;
}

static void good_ones(void **state)
{
    (void)state;
    size_t sound = 0;
    for (size_t i = 0; i < good_message_count; i++)
        sound += is_sound_alone(good_messages[i].wire, good_messages[i].size);
    assert_true(sound > good_message_count / 2);
}

static void no_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < good_message_count; i++)
        for (size_t n = 0; n < good_messages[i].size; n++)
            assert_false(is_sound_alone(good_messages[i].wire, n));
}

/* One octet after the other gets every value: in the memory of names each message follows others
 * with other names at the same places, more of them than the memory has numbers for. */
static void every_octet_changed(void **state)
{
    (void)state;
    size_t sound = 0;
    size_t tried = 0;
    for (size_t i = 0; i < good_message_count; i++) {
        uint8_t wire[1024];
        size_t size = good_messages[i].size;
        if (size > sizeof wire)
            continue;
        memcpy(wire, good_messages[i].wire, size);
        for (size_t at = 0; at < size; at++) {
            for (unsigned v = 0; v < 256; v++, tried++) {
                wire[at] = (uint8_t)v;
                sound += is_sound(wire, size);
            }
            wire[at] = good_messages[i].wire[at];
        }
    }
    assert_true(sound > tried / 8 && sound < tried);
    assert_true(tried > UINT16_MAX);
}

#define W(s) (const uint8_t *)(s), sizeof(s) - 1
#define HEAD(a, u, x)                                                                              \
    "\0\7\x84\0\0\1\0" a "\0" u "\0" x "\1q\0\0\1\0\1" /* the first record is at 19 */
#define FIXED "\0\1\0\0\0\74"                          /* class IN, TTL 60 */
#define OPT   "\0\0\51\4\320\1\0\0\0\0\0"

static const struct {
    const uint8_t *wire;
    size_t size;
    bool sound;
} cases[] = {
    {W(HEAD("\0", "\0", "\0")), true},
    {W(HEAD("\1", "\0", "\0") "\300\14\0\1" FIXED "\0\4\1\2\3\4"), true},
    {W(HEAD("\1", "\0", "\0") "\300\14\0\1" FIXED "\0\5\1\2\3\4\5"), false},
    {W(HEAD("\1", "\0", "\0") "\300\14\0\34" FIXED "\0\4\1\2\3\4"), false},
    {W(HEAD("\1", "\0", "\0") "\300\15\0\1" FIXED "\0\4\1\2\3\4"), false}, /* no label is there */
    {W(HEAD("\0", "\0", "\1") OPT), true},
    {W(HEAD("\0", "\0", "\2") OPT OPT), false},
    {W(HEAD("\0", "\1", "\0") OPT), false},
    {W(HEAD("\0", "\0", "\1") "\1a" OPT), false}, /* ends with the root, and is not */
    {W(HEAD("\0", "\1", "\0") "\300\14\0\2" FIXED "\0\4\1a\300\14"), true},
    {W(HEAD("\0", "\1", "\0") "\300\14\0\2" FIXED "\0\4\1a\300\36"), false}, /* leads to itself */
    {W(HEAD("\0", "\1", "\0") "\300\14\0\2" FIXED "\0\2\300\14"), true},
    {W(HEAD("\0", "\1", "\0") "\300\14\0\2" FIXED "\0\1\0"), true},
    {W(HEAD("\0", "\1", "\0") "\300\14\0\2" FIXED "\0\0"), false},
    {W(HEAD("\1", "\0", "\0") "\300\14\0\17" FIXED "\0\2\0\1"), false},
    {W(HEAD("\1", "\0", "\0") "\300\14\0\17" FIXED "\0\4\0\1\300\14"), true},
};

static void told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(is_sound_alone(cases[i].wire, cases[i].size), cases[i].sound);
    assert_false(is_sound_alone(W("\0\7\x84\0\0\2\0\0\0\0\0\0\1q\0\0\1\0\1\1q\0\0\1\0\1")));
}

static size_t put(uint8_t *wire, size_t at, const void *octets, size_t n)
{
    memcpy(wire + at, octets, n);
    return at + n;
}

/* NS records, each name one label in front of the one before: a chain of pointers that ends with
 * what 255 octets hold. */
static size_t put_chain(uint8_t *wire, unsigned count)
{
    size_t at = put(wire, 0, W(HEAD("\0", "\0", "\0")));
    uint16_t target = 12;
    wire[7] = (uint8_t)count;
    for (unsigned i = 0; i < count; i++) {
        at = put(wire, at, W("\300\14\0\2" FIXED "\0\4\1a"));
        target = (uint16_t)(0xc000u | target);
        uint8_t pointer[2] = {(uint8_t)(target >> 8), (uint8_t)target};
        target = (uint16_t)(at - 2);
        at = put(wire, at, pointer, 2);
    }
    return at;
}

static void chains_end_with_255_octets(void **state)
{
    (void)state;
    uint8_t wire[4096];
    /* "q." has three octets, and each label two */
    assert_true(is_sound(wire, put_chain(wire, 126)));
    assert_false(is_sound(wire, put_chain(wire, 127)));
}

static void large_ones_are_left_to_others(void **state)
{
    (void)state;
    static uint8_t wire[NSP_SOUND_MAX + 64];
    size_t at = put(wire, 0, W(HEAD("\0", "\0", "\0")));
    unsigned count = 0;
    while (at + 16 <= NSP_SOUND_MAX + 16) {
        wire[6] = (uint8_t)(++count >> 8);
        wire[7] = (uint8_t)count;
        at = put(wire, at, W("\300\14\0\1" FIXED "\0\4\1\2\3\4"));
        assert_int_equal(is_sound(wire, at), at <= NSP_SOUND_MAX);
    }
    at = put(wire, 0, W(HEAD("\0", "\0", "\0")));
    for (count = 1; at + 13 < NSP_SOUND_MAX; count++) {
        wire[6] = (uint8_t)(count >> 8);
        wire[7] = (uint8_t)count;
        at = put(wire, at, W("\300\14\0\2" FIXED "\0\1\0"));
        assert_int_equal(is_sound(wire, at), count < NSP_SOUND_NAMES);
    }
    assert_true(count > NSP_SOUND_NAMES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_ones),
        cmocka_unit_test(no_prefix),
        cmocka_unit_test(every_octet_changed),
        cmocka_unit_test(told),
        cmocka_unit_test(chains_end_with_255_octets),
        cmocka_unit_test(large_ones_are_left_to_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
