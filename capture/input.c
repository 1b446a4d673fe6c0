#include "capture/input.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(INPUT_NEED_MAX % UNPACK_ALIGN == 0, "what follows the rest begins with a page");

void input_open_fd(input_t *s, int fd)
{
    memset(s, 0, sizeof *s);
    unpack_open_fd(&s->unpack, fd);
}

void input_open_memory(input_t *s, const void *octets, size_t size)
{
    memset(s, 0, sizeof *s);
    s->in_place = codec_detect(octets, size) == CODEC_NONE;
    unpack_open_memory(&s->unpack, octets, s->in_place ? 0 : size);
    s->bytes = octets;
    s->avail = s->in_place ? size : 0;
}

void input_close(input_t *s)
{
    ahead_stop(s->ahead);
    unpack_close(&s->unpack);
    free(s->buffer);
    memset(s, 0, sizeof *s);
    s->unpack.fd = -1;
    s->state = INPUT_END;
}

void input_read_ahead(input_t *s)
{
    if (!s->in_place && s->buffer == NULL && s->ahead == NULL)
        s->ahead = ahead_start(&s->unpack, INPUT_NEED_MAX);
}

/* What is available comes to stand in front of what is read. False when a signal came. */
static bool fill_here(input_t *s)
{
    if (s->buffer == NULL)
        s->buffer = aligned_alloc(UNPACK_ALIGN, INPUT_NEED_MAX + UNPACK_BLOCK);
    if (s->buffer == NULL) {
        s->state = INPUT_MEMORY;
        return true;
    }
    uint8_t *block = s->buffer + INPUT_NEED_MAX;
    if (s->avail > 0)
        memmove(block - s->avail, s->bytes, s->avail);
    s->bytes = block - s->avail;
    size_t n = unpack_read(&s->unpack, block, UNPACK_BLOCK);
    s->avail += n;
    s->state = n > 0 ? INPUT_OPEN : s->unpack.state;
    return n > 0 || s->state != INPUT_OPEN;
}

static void fill_ahead(input_t *s)
{
    uint8_t *octets = NULL;
    size_t n = ahead_next(s->ahead, s->bytes, s->avail, &octets);
    if (n > 0)
        s->bytes = octets;
    s->avail += n;
    s->state = n > 0 ? INPUT_OPEN : s->unpack.state;
}

bool input_fill(input_t *s, size_t n)
{
    if (n > INPUT_NEED_MAX)
        return false;
    if (s->in_place && s->avail < n)
        s->state = INPUT_END;
    while (s->avail < n && s->state == INPUT_OPEN) {
        if (s->ahead != NULL)
            fill_ahead(s);
        else if (!fill_here(s))
            return false;
    }
    return s->avail >= n;
}
