/* Decompression of a stream of octets, gzip (RFC 1952), xz and zstd (RFC 8878), with bounded
 * memory. */
#ifndef CAPTURE_CODEC_H
#define CAPTURE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum codec_kind { CODEC_NONE, CODEC_GZIP, CODEC_XZ, CODEC_ZSTD } codec_kind_t;

typedef enum codec_status {
    CODEC_OK,      /* go on, with more input or more room */
    CODEC_DAMAGED, /* what is at *in is not what the format wants, or a checksum is wrong */
    CODEC_LIMIT,   /* needs more memory than is allowed (128 MiB) */
    CODEC_MEMORY
} codec_status_t;

typedef struct codec codec_t;

/* Octets that codec_detect needs to see. */
#define CODEC_MAGIC_SIZE 6

/* Tells the format by the first octets. */
codec_kind_t codec_detect(const uint8_t *octets, size_t size);
/* "gzip", "xz", "zstd". */
const char *codec_name(codec_kind_t kind);
/* NULL when memory is out. */
codec_t *codec_new(codec_kind_t kind);
void codec_free(codec_t *c);
/* Decompresses from *in (*in_left octets) into *out (*out_left octets of room) and moves all four
 * on. end says that no input follows. Members and frames may follow each other. */
codec_status_t codec_run(codec_t *c, const uint8_t **in, size_t *in_left, bool end, uint8_t **out,
                         size_t *out_left);
/* True when all that was begun is complete: input may end here. */
bool codec_whole(const codec_t *c);

#endif
