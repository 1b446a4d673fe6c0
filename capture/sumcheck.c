#include "capture/sumcheck.h"

#include <string.h>

#include "capture/octets.h"
#include "capture/origin.h"
#include "exchange/checksum.h"

static uint64_t host_hash(unsigned family, const uint8_t *from)
{
    uint64_t h = family;
    for (uint32_t i = 0; i < (family == 4 ? 4u : 16u); i += 4)
        h = origin_mix(h, octets_u32(from + i));
    return h | 1;
}

/* One more that was the same as before, or not. */
static void tally_add(sumcheck_tally_t *t, bool same)
{
    uint8_t *n = same ? &t->same : &t->other;
    if (*n == UINT8_MAX) {
        t->same /= 2;
        t->other /= 2;
    }
    (*n)++;
}

/* Nearly always the same: what is sent again a few times is so by itself. */
static bool tally_is_same(const sumcheck_tally_t *t)
{
    return t->same > 0 && t->other * 8u <= t->same;
}

/* Remembers what the checksums of two hosts are wrong by. */
static void count_by(sumcheck_t *state, const ip_view_t *v, size_t host, uint16_t by)
{
    uint64_t ends = origin_mix(state->slot[host].host, host_hash(v->family, v->to)) | 1;
    size_t i = (ends >> 8) % SUMCHECK_PAIRS;
    if (state->pair[i].ends == ends)
        tally_add(&state->slot[host].by, state->pair[i].by == by);
    state->pair[i].ends = ends;
    state->pair[i].by = by;
}

/* stored: the checksum, which is wrong; by: what the sum over everything comes to with it. */
static sumcheck_result_t host_was_wrong(sumcheck_t *state, const ip_view_t *v, uint16_t stored,
                                        uint16_t by)
{
    uint64_t host = host_hash(v->family, v->from);
    size_t i = (host >> 8) % SUMCHECK_HOSTS;
    state->suspects += state->slot[i].wrong == 0;
    if (state->slot[i].host != host) {
        memset(&state->slot[i], 0, sizeof state->slot[i]);
        state->slot[i].host = host;
    } else if (state->slot[i].wrong > 0) {
        tally_add(&state->slot[i].number, state->slot[i].stored == stored);
    }
    state->slot[i].stored = stored;
    count_by(state, v, i, by);
    if (state->slot[i].wrong < SUMCHECK_STREAK)
        state->slot[i].wrong++;
    if (state->slot[i].wrong == SUMCHECK_STREAK &&
        (tally_is_same(&state->slot[i].number) || tally_is_same(&state->slot[i].by)))
        return SUMCHECK_NEVER;
    return state->slot[i].tells ? SUMCHECK_DAMAGED : SUMCHECK_BAD;
}

void sumcheck_was_good(sumcheck_t *state, unsigned family, const uint8_t *from)
{
    uint64_t host = host_hash(family, from);
    size_t i = (host >> 8) % SUMCHECK_HOSTS;
    if (state->slot[i].host == host && state->slot[i].wrong > 0) {
        state->slot[i].wrong = 0;
        state->slot[i].number = state->slot[i].by = (sumcheck_tally_t){0, 0};
        state->slot[i].tells = true;
        state->suspects--;
    }
}

/* Sum of addresses and protocol; the length is added by the caller. */
static uint64_t pseudo_sum(const ip_view_t *v)
{
    if (v->protocol == IP_ICMP)
        return 0; /* RFC 792: no pseudo-header */
    return checksum_number(checksum_sum(v->from, v->family == 4 ? 8 : 32), v->protocol);
}

sumcheck_result_t sumcheck_payload(sumcheck_t *state, const ip_view_t *v, uint32_t length,
                                   uint32_t at)
{
    if (length > v->size || length < at + 2 || length > UINT16_MAX || v->rerouted)
        return SUMCHECK_UNKNOWN;
    uint16_t stored = octets_u16(v->payload + at);
    if (stored == 0 && v->protocol == IP_UDP && v->family == 4)
        return SUMCHECK_UNKNOWN; /* RFC 768: the sender made none */
    uint64_t pseudo = pseudo_sum(v);
    uint64_t with_length = v->protocol == IP_ICMP ? 0 : checksum_number(pseudo, (uint16_t)length);
    uint16_t sum = checksum_fold(checksum_join(with_length, checksum_sum(v->payload, length)));
    if (sum == 0xffff) {
        if (state->suspects > 0)
            sumcheck_was_good(state, v->family, v->from);
        return SUMCHECK_GOOD;
    }
    if (v->protocol == IP_UDP || v->protocol == IP_TCP) {
        if (stored == checksum_fold(with_length) || stored == checksum_fold(pseudo) ||
            (stored == 0 && v->protocol == IP_TCP))
            return SUMCHECK_OFFLOADED;
    }
    return host_was_wrong(state, v, stored, sum);
}
