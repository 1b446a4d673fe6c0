#include "capture/ahead.h"

#include <stdlib.h>
#include <string.h>

#include "capture/thread.h"

/* All together stay in the cache that cores share. */
#define BLOCKS 4u
/* The thread that waits for room is woken when there is this much. */
#define ROOM 2u

struct ahead {
    unpack_t *unpack;
    size_t front;
    pthread_t thread;
    pthread_mutex_t lock; /* of the next four */
    pthread_cond_t changed;
    uint64_t filled;  /* blocks; the one of this number is being filled */
    uint64_t emptied; /* the one of this number is being used, or will be next */
    bool ended;       /* nothing comes behind those that are filled */
    bool stopped;     /* nobody wants more */
    bool using;       /* the user's: it has the block of number emptied */
    size_t size[BLOCKS];
    uint8_t *memory[BLOCKS];
};

/* Waits for room. False when nobody wants more. Called with the lock. */
static bool has_room(ahead_t *a)
{
    bool full = a->filled - a->emptied == BLOCKS;
    while (!a->stopped && full) {
        pthread_cond_wait(&a->changed, &a->lock);
        full = a->filled - a->emptied > BLOCKS - ROOM;
    }
    return !a->stopped;
}

static void *run(void *user)
{
    ahead_t *a = user;
    pthread_mutex_lock(&a->lock);
    while (!a->ended && has_room(a)) {
        unsigned i = a->filled % BLOCKS;
        pthread_mutex_unlock(&a->lock);
        size_t n = unpack_read(a->unpack, a->memory[i] + a->front, UNPACK_BLOCK);
        pthread_mutex_lock(&a->lock);
        a->size[i] = n;
        a->filled += n > 0;
        a->ended = a->unpack->state != INPUT_OPEN;
        pthread_cond_signal(&a->changed);
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

static void free_all(ahead_t *a)
{
    for (unsigned i = 0; i < BLOCKS; i++)
        free(a->memory[i]);
    pthread_cond_destroy(&a->changed);
    pthread_mutex_destroy(&a->lock);
    free(a);
}

ahead_t *ahead_start(unpack_t *u, size_t front)
{
    ahead_t *a = calloc(1, sizeof *a);
    if (a == NULL)
        return NULL;
    a->unpack = u;
    a->front = front;
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->changed, NULL);
    bool good = true;
    for (unsigned i = 0; i < BLOCKS; i++)
        good = (a->memory[i] = aligned_alloc(UNPACK_ALIGN, front + UNPACK_BLOCK)) != NULL && good;
    if (good && thread_start(&a->thread, run, a))
        return a;
    free_all(a);
    return NULL;
}

/* The block that was used is the thread's again. Called with the lock. */
static void give_back(ahead_t *a)
{
    if (!a->using)
        return;
    a->emptied++;
    a->using = false;
    if (a->filled - a->emptied == BLOCKS - ROOM)
        pthread_cond_signal(&a->changed);
}

size_t ahead_next(ahead_t *a, const uint8_t *rest, size_t n, uint8_t **octets)
{
    size_t size = 0;
    pthread_mutex_lock(&a->lock);
    uint64_t next = a->emptied + a->using;
    while (a->filled == next && !a->ended)
        pthread_cond_wait(&a->changed, &a->lock);
    if (a->filled > next) {
        unsigned i = next % BLOCKS;
        *octets = a->memory[i] + a->front - n;
        if (n > 0)
            memcpy(*octets, rest, n);
        give_back(a);
        a->using = true;
        size = a->size[i];
    }
    pthread_mutex_unlock(&a->lock);
    return size;
}

void ahead_stop(ahead_t *a)
{
    if (a == NULL)
        return;
    pthread_mutex_lock(&a->lock);
    a->stopped = true;
    pthread_cond_signal(&a->changed);
    pthread_mutex_unlock(&a->lock);
    pthread_join(a->thread, NULL);
    free_all(a);
}
