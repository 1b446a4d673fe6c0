#include "capture/input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Large enough for few system calls, small enough to stay in the second-level cache: what the
 * kernel copies there is read again at once. */
#define BLOCK       ((size_t)256 << 10)
#define BUFFER_SIZE (INPUT_NEED_MAX + BLOCK)
#define PACKED_SIZE ((size_t)64 << 10)

void input_open_fd(input_t *s, int fd)
{
    memset(s, 0, sizeof *s);
    s->fd = fd;
}

void input_open_memory(input_t *s, const void *octets, size_t size)
{
    memset(s, 0, sizeof *s);
    s->fd = -1;
    s->memory = octets;
    s->memory_left = size;
}

void input_close(input_t *s)
{
    codec_free(s->codec);
    free(s->buffer);
    free(s->packed);
    memset(s, 0, sizeof *s);
    s->fd = -1;
    s->state = INPUT_END;
}

/* What one attempt to get input came to. */
typedef enum got { GOT_SOME, GOT_END, GOT_SIGNAL, GOT_FAULT } got_t;

/* Reads up to cap octets of the file itself; *n tells how many. */
static got_t read_input(input_t *s, uint8_t *to, size_t cap, size_t *n)
{
    *n = 0;
    if (s->fd < 0) {
        *n = s->memory_left < cap ? s->memory_left : cap;
        if (*n > 0)
            memcpy(to, s->memory, *n);
        s->memory += *n;
        s->memory_left -= *n;
        return *n > 0 ? GOT_SOME : GOT_END;
    }
    ssize_t r = read(s->fd, to, cap);
    if (r > 0) {
        *n = (size_t)r;
        return GOT_SOME;
    }
    if (r == 0)
        return GOT_END;
    if (errno == EINTR || errno == EAGAIN)
        return GOT_SIGNAL;
    s->state = INPUT_READ_FAILED;
    s->os_error = errno;
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
static got_t read_packed(input_t *s)
{
    if (s->packed_left > 0 || s->read_ended)
        return GOT_SOME;
    got_t got = read_input(s, s->packed, PACKED_SIZE, &s->packed_left);
    s->packed_next = s->packed;
    s->read_ended = got == GOT_END;
    return got == GOT_END ? GOT_SOME : got;
}

/* Decompresses once into [to, to + cap). A fault is told after the octets before it. */
static got_t unpack(input_t *s, uint8_t *to, size_t cap, size_t *n)
{
    *n = 0;
    if (s->later != INPUT_OPEN) {
        s->state = s->later;
        return GOT_FAULT;
    }
    got_t got = read_packed(s);
    if (got != GOT_SOME)
        return got;
    const uint8_t *before = s->packed_next;
    size_t room = cap;
    codec_status_t status =
        codec_run(s->codec, &s->packed_next, &s->packed_left, s->read_ended, &to, &room);
    size_t used = (size_t)(s->packed_next - before);
    s->packed_offset += used;
    *n = cap - room;
    s->later = state_of(status);
    if (s->later == INPUT_OPEN && *n == 0 && s->read_ended && s->packed_left == 0)
        s->later = codec_whole(s->codec) ? INPUT_END : INPUT_CUT;
    if (s->later == INPUT_OPEN && *n == 0 && used == 0 && s->packed_left > 0)
        s->later = INPUT_DAMAGED; /* takes nothing and gives nothing */
    return GOT_SOME;
}

static bool begin_packed(input_t *s, size_t have)
{
    s->codec = codec_new(s->kind);
    s->packed = malloc(PACKED_SIZE);
    if (s->codec == NULL || s->packed == NULL) {
        s->state = INPUT_MEMORY;
        return false;
    }
    memcpy(s->packed, s->buffer, have);
    s->packed_next = s->packed;
    s->packed_left = have;
    return true;
}

/* Looks at the first octets. False when that has to be tried again, or has failed. */
static bool begin(input_t *s)
{
    if (s->fd < 0) {
        s->kind = codec_detect(s->memory, s->memory_left);
        if (s->kind == CODEC_NONE) {
            s->bytes = s->memory;
            s->avail = s->memory_left;
            s->memory_left = 0;
            s->begun = true;
            return true;
        }
    }
    if (s->buffer == NULL)
        s->buffer = malloc(BUFFER_SIZE);
    if (s->buffer == NULL) {
        s->state = INPUT_MEMORY;
        return false;
    }
    s->bytes = s->buffer;
    got_t got = GOT_SOME;
    while (s->fd >= 0 && s->avail < CODEC_MAGIC_SIZE && got == GOT_SOME) {
        size_t n = 0;
        got = read_input(s, s->buffer + s->avail, CODEC_MAGIC_SIZE - s->avail, &n);
        s->avail += n;
    }
    if (got == GOT_SIGNAL || got == GOT_FAULT)
        return false;
    s->begun = true;
    if (s->fd >= 0)
        s->kind = codec_detect(s->buffer, s->avail);
    if (s->kind == CODEC_NONE)
        return true;
    size_t have = s->avail;
    s->avail = 0;
    return begin_packed(s, have);
}

bool input_fill(input_t *s, size_t n)
{
    if (n > INPUT_NEED_MAX || (!s->begun && s->state == INPUT_OPEN && !begin(s)))
        return false;
    if (s->buffer == NULL && s->avail < n)
        s->state = INPUT_END;
    while (s->avail < n && s->state == INPUT_OPEN) {
        size_t got_n = 0;
        if (s->bytes != s->buffer && s->avail > 0)
            memmove(s->buffer, s->bytes, s->avail);
        s->bytes = s->buffer;
        uint8_t *to = s->buffer + s->avail;
        got_t got =
            s->kind == CODEC_NONE ? read_input(s, to, BLOCK, &got_n) : unpack(s, to, BLOCK, &got_n);
        if (got == GOT_SIGNAL)
            return false;
        if (got == GOT_END)
            s->state = INPUT_END;
        s->avail += got_n;
    }
    return s->avail >= n;
}
