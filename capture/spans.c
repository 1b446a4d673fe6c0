#include "capture/spans.h"

#include <stdlib.h>
#include <string.h>

static uint64_t span_end(const span_t *c)
{
    return c->at + c->length;
}

/* Parts mostly come in order, so it mostly is the last. */
span_t *spans_before(const spans_t *s, uint64_t at)
{
    if (s->last != NULL && s->last->at <= at)
        return s->last;
    span_t *before = NULL;
    for (span_t *c = s->first; c != NULL && c->at <= at; c = c->next)
        before = c;
    return before;
}

bool spans_cover(const spans_t *s, uint64_t at, uint32_t length)
{
    const span_t *before = spans_before(s, at);
    const span_t *next = before != NULL ? before->next : s->first;
    return (before != NULL && span_end(before) > at) || (next != NULL && next->at < at + length);
}

/* Whether octets that both have differ. */
static bool span_differs(const span_t *c, const span_t *part, const uint8_t *bytes)
{
    uint64_t from = c->at > part->at ? c->at : part->at;
    uint64_t end = c->at + c->size;
    if (end > part->at + part->size)
        end = part->at + part->size;
    return from < end &&
           memcmp(c->data + (from - c->at), bytes + (from - part->at), end - from) != 0;
}

/* Adds [at, until) of the part behind before. */
static bool span_add(spans_t *s, budget_t *budget, span_t *before, const span_t *part,
                     const uint8_t *bytes, uint64_t at, uint64_t until)
{
    uint32_t skip = (uint32_t)(at - part->at);
    uint32_t length = (uint32_t)(until - at);
    uint32_t size = part->size > skip ? part->size - skip : 0;
    if (size > length)
        size = length;
    span_t *c = malloc(sizeof *c + size);
    if (c == NULL)
        return false;
    c->at = at;
    c->length = length;
    c->size = size;
    c->print = length == part->length ? part->print : 0;
    if (size > 0)
        memcpy(c->data, bytes + skip, size);
    c->next = before != NULL ? before->next : s->first;
    *(before != NULL ? &before->next : &s->first) = c;
    if (c->next == NULL)
        s->last = c;
    s->count++;
    budget->used += sizeof *c + size;
    return true;
}

spans_placed_t spans_place(spans_t *s, budget_t *budget, const span_t *part, const uint8_t *bytes,
                           uint32_t *added)
{
    spans_placed_t result = SPANS_NEW;
    uint64_t at = part->at;
    uint64_t end = span_end(part);
    span_t *before = spans_before(s, at);
    *added = 0;
    for (;;) {
        if (before != NULL && span_end(before) > at) {
            if (span_differs(before, part, bytes))
                result = SPANS_DIFFER;
            at = span_end(before);
        }
        if (at >= end)
            return result;
        span_t *next = before != NULL ? before->next : s->first;
        uint64_t until = next != NULL && next->at < end ? next->at : end;
        if (at < until) {
            if (!span_add(s, budget, before, part, bytes, at, until))
                return SPANS_MEMORY;
            *added += (uint32_t)(until - at);
        }
        at = until;
        if (next == NULL || at >= end)
            return result;
        before = next;
    }
}

span_t *spans_shift(spans_t *s)
{
    span_t *c = s->first;
    s->first = c->next;
    if (s->first == NULL)
        s->last = NULL;
    s->count--;
    return c;
}

void span_free(span_t *span, budget_t *budget)
{
    budget->used -= sizeof *span + span->size;
    free(span);
}

void spans_clear(spans_t *s, budget_t *budget)
{
    while (s->first != NULL)
        span_free(spans_shift(s), budget);
}

void spans_strip(spans_t *s, budget_t *budget)
{
    s->last = NULL;
    for (span_t **link = &s->first; *link != NULL; link = &(*link)->next) {
        budget->used -= (*link)->size;
        (*link)->size = 0;
        span_t *smaller = realloc(*link, sizeof **link);
        if (smaller != NULL)
            *link = smaller;
        s->last = *link;
    }
}
