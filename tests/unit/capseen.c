#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capseen.h"

static void note(seen_t *out, const cap_packet_t *p)
{
    if (out->packets < 64) {
        out->packet[out->packets] = *p;
        out->first[out->packets] = p->size > 0 ? p->bytes[0] : 0;
        out->packet[out->packets].bytes = NULL;
        for (uint32_t i = 1; i < p->size; i++)
            assert_int_equal(p->bytes[i], p->bytes[0]);
    }
    out->packets++;
}

static void note_fault(seen_t *out, const cap_source_t *s, cap_read_t how)
{
    out->last_fault = how;
    if (out->faults++ == 0)
        snprintf(out->error, sizeof out->error, "%s", s->error);
    assert_true(s->error[0] != '\0');
}

void capseen_drain(cap_source_t *s, size_t batch, seen_t *out)
{
    memset(out, 0, sizeof *out);
    cap_packet_t p[8];
    for (cap_read_t how = CAP_PACKET; how != CAP_END;) {
        size_t n = 0;
        if (batch == 0) {
            how = cap_source_read(s, p);
            n = how == CAP_PACKET;
        } else {
            n = cap_source_batch(s, p, batch, &how);
        }
        for (size_t i = 0; i < n; i++)
            note(out, &p[i]);
        if (how == CAP_TRUNCATED || how == CAP_ERROR)
            note_fault(out, s, how);
    }
    assert_int_equal(cap_source_read(s, p), CAP_END);
    if (cap_source_comment(s) != NULL)
        snprintf(out->comment, sizeof out->comment, "%s", cap_source_comment(s));
    cap_source_stats(s, &out->stats);
    assert_int_equal(out->stats.packets, out->packets);
    cap_source_close(s);
}

void capseen_read(const uint8_t *octets, size_t size, seen_t *out)
{
    static const size_t batches[] = {1, 3, 8};
    char error[CAP_ERROR_MAX];
    uint8_t *exact = malloc(size > 0 ? size : 1);
    seen_t *other = malloc(sizeof *other);
    assert_non_null(exact);
    assert_non_null(other);
    memcpy(exact, octets, size);
    cap_source_t *s = cap_source_memory(exact, size, error);
    assert_non_null(s);
    capseen_drain(s, 0, out);
    for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++) {
        s = cap_source_memory(exact, size, error);
        assert_non_null(s);
        capseen_drain(s, batches[i], other);
        assert_memory_equal(out, other, sizeof *out);
    }
    free(other);
    free(exact);
}

capfile_t *capfile_new(bool little)
{
    capfile_t *f = malloc(sizeof *f);
    assert_non_null(f);
    capfile_init(f, little);
    return f;
}

void capseen_prefixes(const capfile_t *f, const size_t *ends, unsigned count, const size_t *whole,
                      size_t whole_count)
{
    char place[40];
    for (size_t n = 0; n <= f->size; n++) {
        unsigned packets = 0;
        bool is_whole = false;
        seen_t seen;
        while (packets < count && ends[packets] <= n)
            packets++;
        for (size_t i = 0; i < whole_count; i++)
            is_whole = is_whole || whole[i] == n;
        capseen_read(f->octets, n, &seen);
        assert_int_equal(seen.packets, packets);
        assert_int_equal(seen.faults, !is_whole);
        if (is_whole)
            continue;
        assert_int_equal(seen.last_fault, CAP_TRUNCATED);
        snprintf(place, sizeof place, "offset %zu: ", n);
        assert_non_null(strstr(seen.error, place));
    }
}
