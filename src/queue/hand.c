#include "queue/hand.h"

#include <stdlib.h>

struct hand {
    size_t room;
    size_t count;
    size_t mask;
    hand_job_t *job; /* mask + 1 places; sequence 0: free */
    uint64_t *queue; /* ring of room sequences that wait; some may have been removed since */
    size_t head;
    size_t queued;
    size_t waiting;
};

hand_t *hand_new(size_t room)
{
    size_t places = 4;
    hand_t *h = calloc(1, sizeof *h);
    if (h == NULL)
        return NULL;
    while (places < room * 2)
        places *= 2;
    h->room = room;
    h->mask = places - 1;
    h->job = calloc(places, sizeof *h->job);
    h->queue = calloc(room, sizeof *h->queue);
    if (h->job == NULL || h->queue == NULL) {
        hand_free(h);
        return NULL;
    }
    return h;
}

void hand_free(hand_t *h)
{
    if (h == NULL)
        return;
    free(h->job);
    free(h->queue);
    free(h);
}

size_t hand_room(const hand_t *h)
{
    return h->room - h->count;
}

size_t hand_count(const hand_t *h)
{
    return h->count;
}

size_t hand_waiting(const hand_t *h)
{
    return h->waiting;
}

/* Fibonacci hashing: sequences that follow each other spread. */
static size_t home_of(const hand_t *h, uint64_t sequence)
{
    return (size_t)((sequence * UINT64_C(0x9E3779B97F4A7C15)) >> 20) & h->mask;
}

/* The job's place, or the free one where it would stand. */
static size_t place_of(const hand_t *h, uint64_t sequence)
{
    size_t i = home_of(h, sequence);
    while (h->job[i].sequence != 0 && h->job[i].sequence != sequence)
        i = (i + 1) & h->mask;
    return i;
}

/* Takes out of the ring what was removed while it waited. */
static void tidy_queue(hand_t *h)
{
    size_t kept = 0;
    for (size_t i = 0; i < h->queued; i++) {
        uint64_t s = h->queue[(h->head + i) % h->room];
        const hand_job_t *j = hand_find(h, s);
        if (j != NULL && j->state == HAND_WAITING)
            h->queue[(h->head + kept++) % h->room] = s;
    }
    h->queued = kept;
}

hand_put_t hand_put(hand_t *h, const hand_job_t *job, void **old)
{
    hand_job_t *j = &h->job[place_of(h, job->sequence)];
    *old = NULL;
    if (job->sequence == 0 || (j->sequence == 0 && h->count == h->room))
        return HAND_FULL;
    if (j->sequence != 0) {
        *old = j->message;
        j->message = job->message;
        j->deliveries = job->deliveries;
        j->told = job->told;
        return HAND_AGAIN;
    }
    if (job->state == HAND_WAITING) {
        if (h->queued == h->room)
            tidy_queue(h);
        if (h->queued == h->room)
            return HAND_FULL;
        h->waiting++;
        h->queue[(h->head + h->queued++) % h->room] = job->sequence;
    }
    *j = *job;
    h->count++;
    return HAND_NEW;
}

const hand_job_t *hand_next(hand_t *h)
{
    while (h->queued > 0) {
        hand_job_t *j = hand_find(h, h->queue[h->head]);
        h->head = (h->head + 1) % h->room;
        h->queued--;
        if (j != NULL && j->state == HAND_WAITING) {
            j->state = HAND_WORKING;
            h->waiting--;
            return j;
        }
    }
    return NULL;
}

hand_job_t *hand_find(hand_t *h, uint64_t sequence)
{
    hand_job_t *j = &h->job[place_of(h, sequence)];
    return sequence != 0 && j->sequence == sequence ? j : NULL;
}

bool hand_remove(hand_t *h, uint64_t sequence, hand_job_t *out)
{
    size_t hole = place_of(h, sequence);
    if (sequence == 0 || h->job[hole].sequence != sequence)
        return false;
    *out = h->job[hole];
    h->count--;
    h->waiting -= out->state == HAND_WAITING;
    /* What stands behind moves up, unless it would come to stand before its home. */
    for (size_t i = (hole + 1) & h->mask; h->job[i].sequence != 0; i = (i + 1) & h->mask) {
        size_t home = home_of(h, h->job[i].sequence);
        if (((i - home) & h->mask) >= ((i - hole) & h->mask)) {
            h->job[hole] = h->job[i];
            hole = i;
        }
    }
    h->job[hole] = (hand_job_t){0};
    return true;
}

hand_job_t *hand_each(hand_t *h, size_t *place)
{
    while (*place <= h->mask) {
        hand_job_t *j = &h->job[(*place)++];
        if (j->sequence != 0)
            return j;
    }
    return NULL;
}
