#include "capture/codec.h"

#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#define MEMORY_MAX (UINT64_C(128) << 20)
#define WINDOW_LOG 27 /* 128 MiB: what zstd itself takes without being asked */

struct codec {
    codec_kind_t kind;
    bool whole; /* between members, or at the end */
    z_stream gzip;
    lzma_stream xz;
    ZSTD_DStream *zstd;
};

codec_kind_t codec_detect(const uint8_t *octets, size_t size)
{
    static const struct {
        codec_kind_t kind;
        size_t size;
        const char *magic;
    } table[] = {
        {CODEC_GZIP, 3, "\x1f\x8b\x08"},
        {CODEC_XZ, 6,
         "\xfd"
         "7zXZ\0"},
        {CODEC_ZSTD, 4, "\x28\xb5\x2f\xfd"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (size >= table[i].size && memcmp(octets, table[i].magic, table[i].size) == 0)
            return table[i].kind;
    return CODEC_NONE;
}

const char *codec_name(codec_kind_t kind)
{
    static const char *const names[] = {"plain", "gzip", "xz", "zstd"};
    return names[kind];
}

static bool begin(codec_t *c)
{
    switch (c->kind) {
    case CODEC_GZIP:
        return inflateInit2(&c->gzip, 15 + 16) == Z_OK;
    case CODEC_XZ:
        return lzma_stream_decoder(&c->xz, MEMORY_MAX, LZMA_CONCATENATED) == LZMA_OK;
    case CODEC_ZSTD:
        c->zstd = ZSTD_createDStream();
        return c->zstd != NULL && ZSTD_isError(ZSTD_initDStream(c->zstd)) == 0 &&
               ZSTD_isError(ZSTD_DCtx_setParameter(c->zstd, ZSTD_d_windowLogMax, WINDOW_LOG)) == 0;
    default:
        return false;
    }
}

codec_t *codec_new(codec_kind_t kind)
{
    codec_t *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->kind = kind;
    if (!begin(c)) {
        codec_free(c);
        return NULL;
    }
    return c;
}

void codec_free(codec_t *c)
{
    if (c == NULL)
        return;
    if (c->kind == CODEC_GZIP)
        (void)inflateEnd(&c->gzip);
    lzma_end(&c->xz);
    ZSTD_freeDStream(c->zstd);
    free(c);
}

/* Zero octets behind a member are padding of tapes and block devices (as gzip itself has it). */
static void skip_padding(const uint8_t **in, size_t *in_left)
{
    while (*in_left > 0 && **in == 0) {
        (*in)++;
        (*in_left)--;
    }
}

static codec_status_t run_gzip(codec_t *c, const uint8_t **in, size_t *in_left, uint8_t **out,
                               size_t *out_left)
{
    if (c->whole) {
        skip_padding(in, in_left);
        if (*in_left == 0)
            return CODEC_OK;
        if (inflateReset(&c->gzip) != Z_OK)
            return CODEC_DAMAGED;
        c->whole = false;
    }
    /* both sizes are those of buffers far below 4 GiB, or of a memory source: a part will do */
    uInt room = *out_left > UINT32_MAX ? UINT32_MAX : (uInt)*out_left;
    uInt have = *in_left > UINT32_MAX ? UINT32_MAX : (uInt)*in_left;
    c->gzip.next_in = (z_const Bytef *)*in;
    c->gzip.avail_in = have;
    c->gzip.next_out = *out;
    c->gzip.avail_out = room;
    int rc = inflate(&c->gzip, Z_NO_FLUSH);
    *in += have - c->gzip.avail_in;
    *in_left -= have - c->gzip.avail_in;
    *out += room - c->gzip.avail_out;
    *out_left -= room - c->gzip.avail_out;
    if (rc == Z_STREAM_END)
        c->whole = true;
    if (rc == Z_MEM_ERROR)
        return CODEC_MEMORY;
    return rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR ? CODEC_OK : CODEC_DAMAGED;
}

static codec_status_t run_xz(codec_t *c, const uint8_t **in, size_t *in_left, bool end,
                             uint8_t **out, size_t *out_left)
{
    if (c->whole)
        return *in_left == 0 ? CODEC_OK : CODEC_DAMAGED;
    c->xz.next_in = *in;
    c->xz.avail_in = *in_left;
    c->xz.next_out = *out;
    c->xz.avail_out = *out_left;
    lzma_ret rc = lzma_code(&c->xz, end ? LZMA_FINISH : LZMA_RUN);
    *in = c->xz.next_in;
    *in_left = c->xz.avail_in;
    *out = c->xz.next_out;
    *out_left = c->xz.avail_out;
    switch (rc) {
    case LZMA_STREAM_END:
        c->whole = true;
        return CODEC_OK;
    case LZMA_OK:
    case LZMA_BUF_ERROR:
        return CODEC_OK;
    case LZMA_MEMLIMIT_ERROR:
        return CODEC_LIMIT;
    case LZMA_MEM_ERROR:
        return CODEC_MEMORY;
    default:
        return CODEC_DAMAGED;
    }
}

static codec_status_t run_zstd(codec_t *c, const uint8_t **in, size_t *in_left, uint8_t **out,
                               size_t *out_left)
{
    ZSTD_inBuffer from = {*in, *in_left, 0};
    ZSTD_outBuffer to = {*out, *out_left, 0};
    size_t rc = ZSTD_decompressStream(c->zstd, &to, &from);
    *in += from.pos;
    *in_left -= from.pos;
    *out += to.pos;
    *out_left -= to.pos;
    switch (ZSTD_getErrorCode(rc)) {
    case ZSTD_error_no_error:
        break;
    case ZSTD_error_frameParameter_windowTooLarge:
        return CODEC_LIMIT;
    case ZSTD_error_memory_allocation:
        return CODEC_MEMORY;
    default:
        return CODEC_DAMAGED;
    }
    if (from.pos > 0 || to.pos > 0)
        c->whole = rc == 0;
    return CODEC_OK;
}

codec_status_t codec_run(codec_t *c, const uint8_t **in, size_t *in_left, bool end, uint8_t **out,
                         size_t *out_left)
{
    switch (c->kind) {
    case CODEC_GZIP:
        return run_gzip(c, in, in_left, out, out_left);
    case CODEC_XZ:
        return run_xz(c, in, in_left, end, out, out_left);
    case CODEC_ZSTD:
        return run_zstd(c, in, in_left, out, out_left);
    default:
        return CODEC_DAMAGED;
    }
}

bool codec_whole(const codec_t *c)
{
    return c->whole;
}
