#include "capfile.h"

#include <stdlib.h>
#include <string.h>

void capfile_init(capfile_t *f, bool little)
{
    f->little = little;
    f->size = 0;
}

void capfile_bytes(capfile_t *f, const void *bytes, size_t n)
{
    if (n > sizeof f->octets - f->size)
        abort();
    if (n > 0)
        memcpy(f->octets + f->size, bytes, n);
    f->size += n;
}

void capfile_u16(capfile_t *f, uint16_t v)
{
    uint8_t high = (uint8_t)(v >> 8);
    uint8_t low = (uint8_t)v;
    uint8_t b[2] = {f->little ? low : high, f->little ? high : low};
    capfile_bytes(f, b, 2);
}

void capfile_u32(capfile_t *f, uint32_t v)
{
    capfile_u16(f, (uint16_t)(f->little ? v : v >> 16));
    capfile_u16(f, (uint16_t)(f->little ? v >> 16 : v));
}

static void fill(capfile_t *f, uint8_t value, size_t n)
{
    if (n > sizeof f->octets - f->size)
        abort();
    memset(f->octets + f->size, value, n);
    f->size += n;
}

void capfile_pcap(capfile_t *f, uint32_t magic, uint16_t minor, uint32_t link)
{
    capfile_u32(f, magic);
    capfile_u16(f, 2);
    capfile_u16(f, minor);
    capfile_u32(f, 0);
    capfile_u32(f, 0);
    capfile_u32(f, 65535);
    capfile_u32(f, link);
}

void capfile_record(capfile_t *f, uint32_t seconds, uint32_t fraction, uint32_t size,
                    uint32_t original, uint8_t value)
{
    capfile_u32(f, seconds);
    capfile_u32(f, fraction);
    capfile_u32(f, size);
    capfile_u32(f, original);
    fill(f, value, size);
}

static uint32_t padded(size_t n)
{
    return (uint32_t)((n + 3) & ~(size_t)3);
}

void capfile_block(capfile_t *f, uint32_t type, const void *body, size_t n)
{
    capfile_u32(f, type);
    capfile_u32(f, padded(n) + 12);
    capfile_bytes(f, body, n);
    fill(f, 0, padded(n) - n);
    capfile_u32(f, padded(n) + 12);
}

void capfile_option(capfile_t *options, uint16_t code, const void *value, uint16_t n)
{
    capfile_u16(options, code);
    capfile_u16(options, n);
    capfile_bytes(options, value, n);
    fill(options, 0, padded(n) - n);
}

/* A block whose body was made in the same order, with options behind it. */
static void finish(capfile_t *f, uint32_t type, capfile_t *body, const capfile_t *options)
{
    if (options != NULL)
        capfile_bytes(body, options->octets, options->size);
    capfile_block(f, type, body->octets, body->size);
    free(body);
}

static capfile_t *begin(const capfile_t *f)
{
    capfile_t *body = malloc(sizeof *body);
    if (body == NULL)
        abort();
    capfile_init(body, f->little);
    return body;
}

void capfile_section(capfile_t *f, const capfile_t *options)
{
    capfile_t *body = begin(f);
    capfile_u32(body, 0x1a2b3c4d);
    capfile_u16(body, 1);
    capfile_u16(body, 0);
    fill(body, 0xff, 8);
    finish(f, 0x0a0d0d0a, body, options);
}

void capfile_interface(capfile_t *f, uint16_t link, uint32_t snaplen, const capfile_t *options)
{
    capfile_t *body = begin(f);
    capfile_u16(body, link);
    capfile_u16(body, 0);
    capfile_u32(body, snaplen);
    finish(f, 1, body, options);
}

void capfile_enhanced(capfile_t *f, uint32_t interface, uint64_t units, uint32_t size,
                      uint32_t original, uint8_t value)
{
    capfile_t *body = begin(f);
    capfile_u32(body, interface);
    capfile_u32(body, (uint32_t)(units >> 32));
    capfile_u32(body, (uint32_t)units);
    capfile_u32(body, size);
    capfile_u32(body, original);
    fill(body, value, size);
    finish(f, 6, body, NULL);
}
