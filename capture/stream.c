#include "capture/stream.h"

#include <stdlib.h>
#include <string.h>

#include "capture/octets.h"
#include "capture/resync.h"

#define PREFIX     2u
#define FRAME_MAX  (PREFIX + 65535u)
#define BUFFER_MIN 512u
/* Where positions begin: far enough from 0 for sequence numbers before the first. */
#define POSITION_FIRST (UINT64_C(1) << 32)

void stream_begin(stream_t *s, uint32_t next, bool in_step)
{
    s->begun = true;
    s->in_step = in_step;
    s->next = next;
    s->at = POSITION_FIRST;
    s->acked = POSITION_FIRST;
}

static void give(stream_t *s, const stream_out_t *out, cap_item_kind_t kind, unsigned notes,
                 const uint8_t *bytes, uint32_t size, uint32_t original, const origin_t *origin)
{
    out->give(out->user, kind, notes | s->notes, bytes, size, original, origin);
    s->notes = 0;
}

static void buffer_free(stream_t *s, budget_t *budget)
{
    budget->used -= s->cap;
    free(s->buffer);
    s->buffer = NULL;
    s->cap = s->have = 0;
}

/* Octets that are still to come of the message in the buffer; those of its length first. */
static uint32_t buffer_wants(const stream_t *s)
{
    return (s->have < PREFIX ? PREFIX : PREFIX + octets_u16(s->buffer)) - s->have;
}

static bool buffer_add(stream_t *s, budget_t *budget, const uint8_t *bytes, uint32_t n)
{
    if (s->cap - s->have < n) {
        uint32_t cap = s->have + n > 2 * s->cap ? s->have + n : 2 * s->cap;
        if (cap < BUFFER_MIN)
            cap = BUFFER_MIN;
        if (cap > FRAME_MAX)
            cap = FRAME_MAX;
        uint8_t *buffer = realloc(s->buffer, cap);
        if (buffer == NULL)
            return false;
        budget->used += cap - s->cap;
        s->buffer = buffer;
        s->cap = cap;
    }
    memcpy(s->buffer + s->have, bytes, n);
    s->have += n;
    return true;
}

/* Gives out what there is of the message in the buffer. */
static void give_partial(stream_t *s, const stream_out_t *out, unsigned notes)
{
    if (s->have == 0)
        return;
    bool length_known = s->have >= PREFIX;
    uint32_t original = length_known ? octets_u16(s->buffer) : 0;
    give(s, out, CAP_ITEM_TCP_PARTIAL, notes, s->buffer + (length_known ? PREFIX : s->have),
         length_known ? s->have - PREFIX : 0, original, &s->origin);
    buffer_free(s, out->budget);
}

/* n octets of the stream are missing. */
static void stream_hole(stream_t *s, const stream_out_t *out, uint64_t n, unsigned note)
{
    if (s->have > 0) {
        bool length_known = s->have >= PREFIX;
        s->skip = buffer_wants(s);
        give_partial(s, out, note);
        s->in_step = s->in_step && length_known;
    }
    s->in_step = s->in_step && n <= s->skip;
    s->skip = s->in_step ? s->skip - (uint32_t)n : 0;
    s->notes |= note;
}

/* Adds to the message in the buffer; returns how many octets it took. */
static uint32_t fill_buffer(stream_t *s, const stream_out_t *out, const uint8_t *bytes,
                            uint32_t size, const origin_t *origin)
{
    uint32_t want = buffer_wants(s);
    uint32_t n = want < size ? want : size;
    if (!buffer_add(s, out->budget, bytes, n)) {
        /* memory is out: as if the capture had lost them */
        stream_hole(s, out, n, CAP_NOTE_GAP);
        return n;
    }
    if (s->have >= PREFIX && buffer_wants(s) == 0) {
        give(s, out, CAP_ITEM_TCP_MESSAGE, 0, s->buffer + PREFIX, s->have - PREFIX,
             s->have - PREFIX, origin);
        s->have = 0;
    }
    return n;
}

/* Looks for the beginning of a message; returns how many octets are passed over. */
static uint32_t find_step(stream_t *s, const uint8_t *bytes, uint32_t size)
{
    uint32_t n = resync_find(bytes, size, s->server);
    /* some servers send the length in a segment of its own */
    if (n == size && size == PREFIX && octets_u16(bytes) > 12)
        n = 0;
    s->in_step = n < size;
    return n;
}

/* Takes octets in order. */
static void stream_octets(stream_t *s, const stream_out_t *out, const uint8_t *bytes, uint32_t size,
                          const origin_t *origin)
{
    for (uint32_t done = 0; done < size;) {
        const uint8_t *p = bytes + done;
        uint32_t left = size - done;
        if (s->skip > 0) {
            uint32_t n = s->skip < left ? s->skip : left;
            s->skip -= n;
            done += n;
        } else if (!s->in_step) {
            done += find_step(s, p, left);
        } else if (s->have == 0 && left >= PREFIX && left - PREFIX >= octets_u16(p)) {
            uint32_t n = octets_u16(p);
            give(s, out, CAP_ITEM_TCP_MESSAGE, 0, p + PREFIX, n, n, origin);
            done += PREFIX + n;
        } else {
            done += fill_buffer(s, out, p, left, origin);
        }
    }
    if (s->have == 0 && s->cap > 0)
        buffer_free(s, out->budget);
}

/* Takes a segment that is next; cut ones leave a hole. */
static void stream_deliver(stream_t *s, const stream_out_t *out, const uint8_t *bytes,
                           uint32_t size, uint32_t length, const origin_t *origin)
{
    s->next += length;
    s->at += length;
    stream_octets(s, out, bytes, size, origin);
    s->origin = *origin;
    if (size < length)
        stream_hole(s, out, length - size, CAP_NOTE_CUT);
}

static void stream_jump(stream_t *s, const stream_out_t *out, uint64_t to)
{
    uint64_t n = to - s->at;
    stream_hole(s, out, n, CAP_NOTE_GAP);
    s->next += (uint32_t)n;
    s->at = to;
}

static void check_end(stream_t *s, const stream_out_t *out)
{
    if (s->fin && !s->ended && s->at >= s->fin_at) {
        give_partial(s, out, 0);
        s->ended = true;
    }
}

/* Takes what waits and is next now. lost: holes up to position lost are holes for good. */
static void stream_drain(stream_t *s, const stream_out_t *out, uint64_t lost,
                         const origin_t *origin)
{
    while (s->waiting.first != NULL &&
           (s->waiting.first->at == s->at || s->waiting.first->at <= lost ||
            s->waiting.count > STREAM_SPANS_MAX)) {
        if (s->waiting.first->at > s->at)
            stream_jump(s, out, s->waiting.first->at);
        span_t *c = spans_shift(&s->waiting);
        stream_deliver(s, out, c->data, c->size, c->length, origin);
        span_free(c, out->budget);
    }
    if (s->fin && s->fin_at > s->at && s->fin_at <= lost && s->waiting.first == NULL)
        stream_jump(s, out, s->fin_at);
    check_end(s, out);
}

/* Compares octets that come again with those that are still in the buffer; before is how many of
 * them are before next. */
static unsigned compare_again(stream_t *s, const uint8_t *bytes, uint32_t size, uint32_t before)
{
    uint32_t again = before < size ? before : size;
    uint32_t skip = before > s->have ? before - s->have : 0;
    if (s->have == 0 || skip >= again)
        return 0;
    s->notes |= CAP_NOTE_RETRANSMIT;
    if (memcmp(s->buffer + (s->have - (before - skip)), bytes + skip, again - skip) == 0)
        return 0;
    s->notes |= CAP_NOTE_OVERLAP;
    return CAP_NOTE_OVERLAP;
}

/* Puts a segment beside those that wait. */
static unsigned stream_wait(stream_t *s, const stream_out_t *out, uint64_t at, const uint8_t *bytes,
                            uint32_t size, uint32_t length)
{
    span_t part = {.at = at, .length = length, .size = size};
    uint32_t added = 0;
    spans_placed_t placed = spans_place(&s->waiting, out->budget, &part, bytes, &added);
    s->notes |= added < length ? CAP_NOTE_RETRANSMIT : 0;
    s->notes |= placed == SPANS_DIFFER ? CAP_NOTE_OVERLAP : 0;
    return placed == SPANS_DIFFER ? CAP_NOTE_OVERLAP : 0;
}

unsigned stream_take(stream_t *s, const stream_out_t *out, uint32_t seq, const uint8_t *bytes,
                     uint32_t size, uint32_t length, const origin_t *origin)
{
    unsigned note = 0;
    int32_t ahead = (int32_t)(seq - s->next);
    if (s->ended || ahead > STREAM_WINDOW || ahead < -STREAM_WINDOW)
        return 0;
    if (ahead < 0) {
        uint32_t before = (uint32_t)-ahead;
        note = compare_again(s, bytes, size, before);
        if (before > length)
            return note;
        uint32_t gone = before < size ? before : size;
        bytes += gone;
        size -= gone;
        length -= before;
        ahead = 0;
    }
    if (length > 0 && ahead == 0 && s->waiting.first == NULL)
        stream_deliver(s, out, bytes, size, length, origin);
    else if (length > 0)
        note |= stream_wait(s, out, s->at + (uint32_t)ahead, bytes, size, length);
    stream_drain(s, out, s->acked, origin);
    return note;
}

void stream_fin(stream_t *s, uint32_t seq)
{
    int32_t ahead = (int32_t)(seq - s->next);
    if (s->fin || ahead < 0 || ahead > STREAM_WINDOW)
        return;
    s->fin = true;
    s->fin_at = s->at + (uint32_t)ahead;
}

void stream_acked(stream_t *s, const stream_out_t *out, uint32_t ack)
{
    int32_t ahead = (int32_t)(ack - s->next);
    if (!s->begun || ahead < 0 || ahead > STREAM_WINDOW)
        return;
    if (s->at + (uint32_t)ahead > s->acked)
        s->acked = s->at + (uint32_t)ahead;
    origin_t origin = s->origin;
    stream_drain(s, out, s->acked, &origin);
}

void stream_flush(stream_t *s, const stream_out_t *out)
{
    origin_t origin = s->origin;
    if (!s->begun)
        return;
    stream_drain(s, out, UINT64_MAX, &origin);
    stream_hole(s, out, 0, 0);
}

void stream_clear(stream_t *s, budget_t *budget)
{
    spans_clear(&s->waiting, budget);
    buffer_free(s, budget);
}

bool stream_holds(const stream_t *s)
{
    return s->waiting.first != NULL || s->cap > 0;
}
