#include "bulk/random.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define PORT_LEAST 1024

static void refill(random_pool_t *r)
{
    size_t have = 0;
    while (have < sizeof r->buf) {
        ssize_t n = getrandom(r->buf + have, sizeof r->buf - have, 0);
        if (n < 0 && errno != EINTR)
            abort();
        have += n > 0 ? (size_t)n : 0;
    }
    r->left = sizeof r->buf;
}

static void take(random_pool_t *r, void *out, size_t n)
{
    if (r->left < n)
        refill(r);
    uint8_t *from = r->buf + sizeof r->buf - r->left;
    memcpy(out, from, n);
    memset(from, 0, n); /* an ID that was used is nowhere to be read */
    r->left -= n;
}

uint16_t random_u16(random_pool_t *r)
{
    uint16_t v;
    take(r, &v, sizeof v);
    return v;
}

uint16_t random_port(random_pool_t *r)
{
    uint16_t port = 0;
    do
        port = random_u16(r);
    while (port < PORT_LEAST);
    return port;
}

uint32_t random_u32(random_pool_t *r)
{
    uint32_t v;
    take(r, &v, sizeof v);
    return v;
}
