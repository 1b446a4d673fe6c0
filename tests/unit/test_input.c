/* Compressed captures: every format, from memory, through a pipe and read ahead, whole, cut and
 * damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "capture/input.h"

#define PLAIN_SIZE  ((size_t)1 << 20)
#define PACKED_SIZE ((size_t)2 << 20)

typedef struct buffer {
    size_t size;
    uint8_t *octets;
} buffer_t;

/* Octets that compress, but not to nothing. */
static uint8_t octet_at(size_t i)
{
    return (uint8_t)(i * 2654435761u >> 20 & (i % 1024 < 300 ? 0xffu : 3u));
}

static buffer_t plain_new(void)
{
    buffer_t b = {PLAIN_SIZE, malloc(PLAIN_SIZE)};
    assert_non_null(b.octets);
    for (size_t i = 0; i < PLAIN_SIZE; i++)
        b.octets[i] = octet_at(i);
    return b;
}

static size_t pack_gzip(const uint8_t *from, size_t size, uint8_t *to)
{
    z_stream z;
    memset(&z, 0, sizeof z);
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (z_const Bytef *)from;
    z.avail_in = (uInt)size;
    z.next_out = to;
    z.avail_out = (uInt)PACKED_SIZE;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t n = z.total_out;
    deflateEnd(&z);
    return n;
}

static size_t pack(codec_kind_t kind, const uint8_t *from, size_t size, uint8_t *to)
{
    size_t n = 0;
    switch (kind) {
    case CODEC_GZIP:
        return pack_gzip(from, size, to);
    case CODEC_XZ:
        assert_int_equal(
            lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, NULL, from, size, to, &n, PACKED_SIZE),
            LZMA_OK);
        return n;
    default: {
        ZSTD_CCtx *c = ZSTD_createCCtx();
        ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
        n = ZSTD_compress2(c, to, PACKED_SIZE, from, size);
        assert_false(ZSTD_isError(n));
        ZSTD_freeCCtx(c);
        return n;
    }
    }
}

/* Two members one behind the other. */
static buffer_t packed_new(codec_kind_t kind, const buffer_t *plain)
{
    buffer_t b = {0, malloc(2 * PACKED_SIZE)};
    size_t half = plain->size / 3;
    assert_non_null(b.octets);
    b.size = pack(kind, plain->octets, half, b.octets);
    b.size += pack(kind, plain->octets + half, plain->size - half, b.octets + b.size);
    return b;
}

/* Reads all of a stream in steps of odd sizes; what comes must be the plain octets. */
static size_t drain(input_t *s)
{
    static const size_t steps[] = {1, 3, 24, 1500, 65535, INPUT_NEED_MAX};
    size_t n = 0;
    for (size_t k = 0; input_need(s, steps[k % 6]) || s->state == INPUT_OPEN; k++) {
        assert_true(s->avail >= steps[k % 6]);
        assert_int_equal(s->offset, n);
        for (size_t i = 0; i < steps[k % 6]; i++)
            if (s->bytes[i] != octet_at(n + i))
                fail_msg("octet %zu", n + i);
        n += steps[k % 6];
        input_take(s, steps[k % 6]);
    }
    for (size_t i = 0; i < s->avail; i++)
        assert_int_equal(s->bytes[i], octet_at(n + i));
    return n + s->avail;
}

static size_t drain_memory(const uint8_t *octets, size_t size, input_state_t *state)
{
    input_t s;
    uint8_t *exact = malloc(size > 0 ? size : 1);
    assert_non_null(exact);
    memcpy(exact, octets, size);
    input_open_memory(&s, exact, size);
    size_t n = drain(&s);
    *state = s.state;
    input_close(&s);
    free(exact);
    return n;
}

static FILE *file_new(const uint8_t *octets, size_t size)
{
    FILE *f = tmpfile();
    assert_non_null(f);
    assert_true(size == 0 || fwrite(octets, size, 1, f) == 1);
    assert_int_equal(fflush(f), 0);
    assert_int_equal(fseek(f, 0, SEEK_SET), 0);
    return f;
}

/* The same of a file that a thread reads ahead: how it ends is the same, too. */
static size_t drain_ahead(const uint8_t *octets, size_t size, input_state_t *state)
{
    input_t s;
    FILE *f = file_new(octets, size);
    input_open_fd(&s, fileno(f));
    input_read_ahead(&s);
    assert_non_null(s.ahead);
    size_t n = drain(&s);
    *state = s.state;
    input_close(&s);
    fclose(f);
    return n;
}

static void same_ahead(const uint8_t *octets, size_t size)
{
    input_state_t here;
    input_state_t ahead;
    size_t n = drain_memory(octets, size, &here);
    assert_int_equal(drain_ahead(octets, size, &ahead), n);
    assert_int_equal(ahead, here);
}

static const codec_kind_t kinds[] = {CODEC_GZIP, CODEC_XZ, CODEC_ZSTD};

static void whole(void **state)
{
    (void)state;
    input_state_t end;
    buffer_t plain = plain_new();
    assert_int_equal(drain_memory(plain.octets, plain.size, &end), PLAIN_SIZE);
    assert_int_equal(end, INPUT_END);
    for (size_t k = 0; k < 3; k++) {
        buffer_t b = packed_new(kinds[k], &plain);
        assert_int_equal(codec_detect(b.octets, b.size), kinds[k]);
        assert_int_equal(drain_memory(b.octets, b.size, &end), PLAIN_SIZE);
        assert_int_equal(end, INPUT_END);
        free(b.octets);
    }
    free(plain.octets);
}

/* A pipe gives as much as its writer had: here pieces of all sizes, down to one octet. */
static void through_pipe(void **state)
{
    (void)state;
    buffer_t plain = plain_new();
    for (size_t k = 0; k < 4; k++) {
        int fds[2];
        input_t s;
        buffer_t b = k < 3 ? packed_new(kinds[k], &plain) : plain;
        assert_int_equal(pipe(fds), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            close(fds[0]);
            for (size_t at = 0, n = 1; at < b.size; at += n) {
                n = n * 7 % 8191 + 1;
                n = n < b.size - at ? n : b.size - at;
                if (write(fds[1], b.octets + at, n) != (ssize_t)n)
                    _exit(1);
            }
            _exit(0);
        }
        close(fds[1]);
        input_open_fd(&s, fds[0]);
        assert_int_equal(drain(&s), PLAIN_SIZE);
        assert_int_equal(s.state, INPUT_END);
        input_close(&s);
        close(fds[0]);
        if (k < 3)
            free(b.octets);
    }
    free(plain.octets);
}

/* Cut anywhere but between two members, the beginning comes, and then that it was cut. */
static void cut(void **state)
{
    (void)state;
    buffer_t plain = plain_new();
    for (size_t k = 0; k < 3; k++) {
        buffer_t b = packed_new(kinds[k], &plain);
        size_t last = 0;
        for (size_t n = CODEC_MAGIC_SIZE, step = 1; n < b.size; n += step) {
            size_t left = b.size - n;
            step = n < 64 || left < 64 ? 1 : left - 63 < 40009 ? left - 63 : 40009;
            input_state_t end;
            size_t got = drain_memory(b.octets, n, &end);
            assert_int_equal(end, INPUT_CUT);
            assert_true(got >= last && got <= PLAIN_SIZE);
            last = got;
        }
        assert_true(last > PLAIN_SIZE / 2);
        free(b.octets);
    }
    free(plain.octets);
}

/* What stands before the damage comes out unharmed. */
static void damaged(void **state)
{
    (void)state;
    buffer_t plain = plain_new();
    for (size_t k = 0; k < 3; k++) {
        buffer_t b = packed_new(kinds[k], &plain);
        input_state_t end;
        b.octets[b.size - 3] ^= 0x55; /* checksums and footers */
        (void)drain_memory(b.octets, b.size, &end);
        assert_int_equal(end, INPUT_DAMAGED);
        b.octets[b.size - 3] ^= 0x55;
        memcpy(b.octets + b.size, "garbage behind it", 17);
        assert_int_equal(drain_memory(b.octets, b.size + 17, &end), PLAIN_SIZE);
        assert_int_equal(end, INPUT_DAMAGED);
        free(b.octets);
    }
    free(plain.octets);
}

/* Read ahead: whole, cut anywhere, damaged, and what is no more than a few octets. */
static void read_ahead(void **state)
{
    (void)state;
    buffer_t plain = plain_new();
    for (size_t n = 0; n < 20; n++)
        same_ahead(plain.octets, n);
    same_ahead(plain.octets, plain.size);
    for (size_t k = 0; k < 3; k++) {
        buffer_t b = packed_new(kinds[k], &plain);
        for (size_t n = CODEC_MAGIC_SIZE; n < b.size; n += n < 64 ? 1 : 100003)
            same_ahead(b.octets, n);
        same_ahead(b.octets, b.size);
        b.octets[b.size - 3] ^= 0x55;
        same_ahead(b.octets, b.size);
        free(b.octets);
    }
    free(plain.octets);
}

/* Closed before all was taken, wherever the thread is: nothing hangs, nothing leaks. */
static void closed_early(void **state)
{
    (void)state;
    buffer_t plain = plain_new();
    FILE *f = file_new(plain.octets, plain.size);
    for (size_t k = 0; k < 60; k++) {
        input_t s;
        assert_int_equal(fseek(f, 0, SEEK_SET), 0);
        input_open_fd(&s, fileno(f));
        input_read_ahead(&s);
        for (size_t n = 0; n < k % 6; n++) {
            assert_true(input_need(&s, 150000));
            assert_int_equal(s.bytes[149999], octet_at(n * 150000 + 149999));
            input_take(&s, 150000);
        }
        if (k % 2 == 0)
            usleep((useconds_t)(k * 20));
        input_close(&s);
    }
    fclose(f);
    free(plain.octets);
}

static void gzip_padding(void **state)
{
    (void)state;
    input_state_t end;
    buffer_t plain = plain_new();
    buffer_t b = packed_new(CODEC_GZIP, &plain);
    memset(b.octets + b.size, 0, 70000);
    assert_int_equal(drain_memory(b.octets, b.size + 70000, &end), PLAIN_SIZE);
    assert_int_equal(end, INPUT_END);
    free(b.octets);
    free(plain.octets);
}

/* A header may ask for a window of gigabytes. */
static void too_much_memory(void **state)
{
    (void)state;
    /* frame header: no single segment, window 2^31; then a last, raw, empty block */
    static const uint8_t zstd[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00};
    input_state_t end;
    assert_int_equal(drain_memory(zstd, sizeof zstd, &end), 0);
    assert_int_equal(end, INPUT_LIMIT);

    lzma_options_lzma options;
    uint8_t out[4096];
    size_t n = 0;
    assert_false(lzma_lzma_preset(&options, 0));
    options.dict_size = UINT32_C(1) << 20;
    lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, NULL}};
    assert_int_equal(lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL,
                                               (const uint8_t *)"abc", 3, out, &n, sizeof out),
                     LZMA_OK);
    /* block header at 12: its size, flags, both sizes, filter id, size of properties, dictionary;
     * the CRC32 of all that ends it */
    size_t header = ((size_t)out[12] + 1) * 4;
    assert_int_equal(out[16], LZMA_FILTER_LZMA2);
    out[18] = 40; /* 4 GiB - 1 */
    uint32_t crc = lzma_crc32(out + 12, header - 4, 0);
    for (unsigned i = 0; i < 4; i++)
        out[12 + header - 4 + i] = (uint8_t)(crc >> (8 * i));
    assert_int_equal(drain_memory(out, n, &end), 0);
    assert_int_equal(end, INPUT_LIMIT);
}

static void not_compressed(void **state)
{
    (void)state;
    static const char xz[] = {'\xfd', '7', 'z', 'X', 'Y', '\0'};
    static const char *const cases[] = {
        "", "\x1f", "\x1f\x8b", "\x1f\x8b\x09", xz, "\x28\xb5\x2f\xfe"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(codec_detect((const uint8_t *)cases[i], strlen(cases[i])), CODEC_NONE);
}

static void read_fails(void **state)
{
    (void)state;
    input_t s;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    input_open_fd(&s, fds[1]); /* the end for writing */
    assert_false(input_need(&s, 1));
    assert_int_equal(s.state, INPUT_READ_FAILED);
    assert_true(s.unpack.os_error != 0);
    input_close(&s);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole),
        cmocka_unit_test(through_pipe),
        cmocka_unit_test(cut),
        cmocka_unit_test(damaged),
        cmocka_unit_test(read_ahead),
        cmocka_unit_test(closed_early),
        cmocka_unit_test(gzip_padding),
        cmocka_unit_test(too_much_memory),
        cmocka_unit_test(not_compressed),
        cmocka_unit_test(read_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
