#include "capture/unpack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PACKED_SIZE ((size_t)64 << 10)

void unpack_open_fd(unpack_t *u, int fd)
{
    memset(u, 0, sizeof *u);
    u->fd = fd;
}

void unpack_open_memory(unpack_t *u, const void *octets, size_t size)
{
    memset(u, 0, sizeof *u);
    u->fd = -1;
    u->memory = octets;
    u->memory_left = size;
}

void unpack_close(unpack_t *u)
{
    codec_free(u->codec);
    free(u->packed);
    memset(u, 0, sizeof *u);
    u->fd = -1;
    u->state = INPUT_END;
}

/* What one attempt to get input came to. */
typedef enum got { GOT_SOME, GOT_END, GOT_SIGNAL, GOT_FAULT } got_t;

/* Reads up to cap octets of the file itself; *n tells how many. */
static got_t read_input(unpack_t *u, uint8_t *to, size_t cap, size_t *n)
{
    *n = 0;
    if (u->fd < 0) {
        *n = u->memory_left < cap ? u->memory_left : cap;
        if (*n > 0)
            memcpy(to, u->memory, *n);
        u->memory += *n;
        u->memory_left -= *n;
        return *n > 0 ? GOT_SOME : GOT_END;
    }
    ssize_t r = read(u->fd, to, cap);
    if (r > 0) {
        *n = (size_t)r;
        return GOT_SOME;
    }
    if (r == 0)
        return GOT_END;
    if (errno == EINTR || errno == EAGAIN)
        return GOT_SIGNAL;
    u->state = INPUT_READ_FAILED;
    u->os_error = errno;
    return GOT_FAULT;
}

static input_state_t state_of(codec_status_t status)
{
    switch (status) {
    case CODEC_OK:
        return INPUT_OPEN;
    case CODEC_LIMIT:
        return INPUT_LIMIT;
    case CODEC_MEMORY:
        return INPUT_MEMORY;
    default:
        return INPUT_DAMAGED;
    }
}

/* Gets compressed octets when all that were there are used up. */
static got_t read_packed(unpack_t *u)
{
    if (u->packed_left > 0 || u->read_ended)
        return GOT_SOME;
    got_t got = read_input(u, u->packed, PACKED_SIZE, &u->packed_left);
    u->packed_next = u->packed;
    u->read_ended = got == GOT_END;
    return got == GOT_END ? GOT_SOME : got;
}

/* Decompresses once into [to, to + cap). A fault is told after the octets before it. */
static got_t decompress(unpack_t *u, uint8_t *to, size_t cap, size_t *n)
{
    *n = 0;
    if (u->later != INPUT_OPEN) {
        u->state = u->later;
        return GOT_FAULT;
    }
    got_t got = read_packed(u);
    if (got != GOT_SOME)
        return got;
    const uint8_t *before = u->packed_next;
    size_t room = cap;
    codec_status_t status =
        codec_run(u->codec, &u->packed_next, &u->packed_left, u->read_ended, &to, &room);
    size_t used = (size_t)(u->packed_next - before);
    u->packed_offset += used;
    *n = cap - room;
    u->later = state_of(status);
    if (u->later == INPUT_OPEN && *n == 0 && u->read_ended && u->packed_left == 0)
        u->later = codec_whole(u->codec) ? INPUT_END : INPUT_CUT;
    if (u->later == INPUT_OPEN && *n == 0 && used == 0 && u->packed_left > 0)
        u->later = INPUT_DAMAGED; /* takes nothing and gives nothing */
    return GOT_SOME;
}

/* What was looked at are the first compressed octets. */
static got_t begin_packed(unpack_t *u)
{
    u->codec = codec_new(u->kind);
    u->packed = malloc(PACKED_SIZE);
    if (u->codec == NULL || u->packed == NULL) {
        u->state = INPUT_MEMORY;
        return GOT_FAULT;
    }
    memcpy(u->packed, u->first, u->first_left);
    u->packed_next = u->packed;
    u->packed_left = u->first_left;
    u->first_left = 0;
    return GOT_SOME;
}

/* Looks at the first octets. After a signal that has to be tried again. */
static got_t begin(unpack_t *u)
{
    got_t got = GOT_SOME;
    while (u->first_left < CODEC_MAGIC_SIZE && got == GOT_SOME) {
        size_t n = 0;
        got = read_input(u, u->first + u->first_left, CODEC_MAGIC_SIZE - u->first_left, &n);
        u->first_left += n;
    }
    if (got == GOT_SIGNAL || got == GOT_FAULT)
        return got;
    u->begun = true;
    u->kind = codec_detect(u->first, u->first_left);
    return u->kind == CODEC_NONE ? GOT_SOME : begin_packed(u);
}

/* What was looked at goes first; the rest is read behind it at once, so that from there on reads
 * begin where pages of the file do. */
static got_t read_plain(unpack_t *u, uint8_t *to, size_t cap, size_t *n)
{
    size_t first = u->first_left;
    if (first == 0)
        return read_input(u, to, cap, n);
    u->first_left = 0;
    memcpy(to, u->first, first);
    (void)read_input(u, to + first, cap - first, n); /* what else this came to, it will again */
    *n += first;
    return GOT_SOME;
}

size_t unpack_read(unpack_t *u, uint8_t *to, size_t cap)
{
    size_t n = 0;
    got_t got = u->begun || u->state != INPUT_OPEN ? GOT_SOME : begin(u);
    while (n == 0 && got == GOT_SOME && u->state == INPUT_OPEN)
        got = u->kind == CODEC_NONE ? read_plain(u, to, cap, &n) : decompress(u, to, cap, &n);
    if (got == GOT_END)
        u->state = INPUT_END;
    return n;
}
