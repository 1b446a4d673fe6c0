/* Decoding of real replies beside libknot and ldns, as ratios.
 *
 *   decode [FILE]     FILE: messages, each behind its length in two octets
 *
 * Rounds of all decoders are interleaved, and the best round of each counts, so that what else
 * the machine does falls on all alike.
 */
#include <ldns/ldns.h>
#include <libknot/libknot.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/made.h"
#include "proto/nsproto.h"
#include "proto/sound.h"

#define ROUNDS 15

typedef struct corpus {
    uint8_t *bytes; /* all messages, framed */
    size_t size;
    uint8_t **msg; /* each in an allocation of its own, since knot_pkt_parse wants it writable */
    uint16_t *len;
    size_t count;
} corpus_t;

typedef uint64_t (*decoder_t)(const uint8_t *wire, uint16_t size);

static nsp_rr_t arena[NSP_RR_MAX];

static uint64_t decode_index(const uint8_t *wire, uint16_t size)
{
    nsp_msg_t m;
    nsp_msg_index(&m, wire, size, arena, NSP_RR_MAX);
    return m.rr_count;
}

static uint64_t decode_fields(const uint8_t *wire, uint16_t size)
{
    nsp_msg_t m;
    uint64_t fields = 0;
    nsp_msg_index(&m, wire, size, arena, NSP_RR_MAX);
    for (uint16_t i = 0; i < m.rr_count; i++) {
        nsp_rdata_t it;
        nsp_field_t f;
        nsp_rdata_begin(&it, &m, &m.rr[i]);
        while (nsp_rdata_next(&it, &f))
            fields++;
    }
    return fields;
}

static uint64_t decode_validate(const uint8_t *wire, uint16_t size)
{
    nsp_msg_t m;
    nsp_msg_index(&m, wire, size, arena, NSP_RR_MAX);
    return (uint64_t)nsp_msg_validate(&m) + m.rr_count;
}

static uint64_t decode_sound(const uint8_t *wire, uint16_t size)
{
    static nsp_sound_names_t names;
    nsp_sound_t sound;
    return nsp_msg_sound(&names, wire, size, &sound) ? 1 : 0;
}

static uint64_t decode_knot(const uint8_t *wire, uint16_t size)
{
    /* knot_pkt_parse reads only, but its packet type wants a plain pointer */
    knot_pkt_t *pkt = knot_pkt_new((void *)(uintptr_t)wire, size, NULL);
    if (pkt == NULL)
        return 0;
    uint64_t done = knot_pkt_parse(pkt, 0) == KNOT_EOK;
    knot_pkt_free(pkt);
    return done;
}

static uint64_t decode_ldns(const uint8_t *wire, uint16_t size)
{
    ldns_pkt *pkt = NULL;
    uint64_t done = ldns_wire2pkt(&pkt, wire, size) == LDNS_STATUS_OK;
    ldns_pkt_free(pkt);
    return done;
}

static const struct {
    const char *name;
    decoder_t run;
    double bar; /* times as fast as libknot, 0: no bar */
} decoders[] = {
    {"libknot  knot_pkt_parse", decode_knot, 0},
    {"ldns     ldns_wire2pkt", decode_ldns, 0},
    {"nsproto  index", decode_index, 8},
    {"nsproto  index, all RDATA fields", decode_fields, 3},
    {"nsproto  index, validate", decode_validate, 3},
    {"nsproto  validate without index", decode_sound, 3},
};

#define DECODERS (sizeof decoders / sizeof decoders[0])

static bool split_corpus(corpus_t *c)
{
    size_t at = 0;
    uint16_t n = 0;
    c->count = 0;
    while (at < c->size && nsp_frame_peek(c->bytes + at, c->size - at, &n) == NSP_FRAME_READY) {
        at += 2u + n;
        c->count++;
    }
    c->msg = calloc(c->count + 1, sizeof c->msg[0]);
    c->len = calloc(c->count + 1, sizeof c->len[0]);
    if (c->msg == NULL || c->len == NULL)
        return false;
    at = 0;
    for (size_t i = 0; i < c->count; i++) {
        nsp_frame_peek(c->bytes + at, c->size - at, &c->len[i]);
        c->msg[i] = c->bytes + at + 2;
        at += 2u + c->len[i];
    }
    return c->count > 0;
}

static bool read_corpus(const char *path, corpus_t *c)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return false;
    bool good = fseek(f, 0, SEEK_END) == 0;
    long size = ftell(f);
    good = good && size > 0 && fseek(f, 0, SEEK_SET) == 0;
    c->bytes = good ? malloc((size_t)size) : NULL;
    c->size = (size_t)size;
    good = c->bytes != NULL && fread(c->bytes, 1, c->size, f) == c->size;
    fclose(f);
    return good && split_corpus(c);
}

/* A referral, as a stand-in for real replies. */
static bool make_corpus(corpus_t *c)
{
    nsp_builder_t b;
    nsp_name_t qname;
    size_t size = 0;
    c->bytes = malloc(2 + 1232);
    if (c->bytes == NULL)
        return false;
    nsp_build_begin(&b, c->bytes + 2, 1232, 1, NSP_FLAG_QR);
    nsp_name_from_text("www.example.org.", 16, NULL, &qname, NULL);
    nsp_build_question(&b, &qname, NSP_TYPE_A, NSP_CLASS_IN);
    made_rr(&b, NSP_AUTHORITY, "example.org.", "NS", "ns1.example.org.");
    made_rr(&b, NSP_AUTHORITY, "example.org.", "NS", "ns2.example.net.");
    made_rr(&b, NSP_AUTHORITY, "example.org.", "DS", "12345 13 2 00112233445566778899aabbccddeeff");
    made_rr(&b, NSP_ADDITIONAL, "ns1.example.org.", "A", "192.0.2.1");
    made_rr(&b, NSP_ADDITIONAL, "ns1.example.org.", "AAAA", "2001:db8::1");
    if (nsp_build_end(&b, &size) != NSP_OK)
        return false;
    c->bytes[0] = (uint8_t)(size >> 8);
    c->bytes[1] = (uint8_t)size;
    c->size = size + 2;
    return split_corpus(c);
}

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* ns a message over the whole corpus, gone through as often as makes some 20,000 messages. */
static double time_round(const corpus_t *c, decoder_t run, uint64_t *sum)
{
    size_t turns = 20000 / c->count;
    double start = now_ns();
    for (size_t t = 0; t < turns; t++)
        for (size_t i = 0; i < c->count; i++)
            *sum += run(c->msg[i], c->len[i]);
    return (now_ns() - start) / (double)(turns * c->count);
}

static void print_table(const double best[DECODERS])
{
    printf("%-34s %10s %12s %10s %8s\n", "", "ns/message", "x libknot", "x ldns", "bar");
    for (size_t d = 0; d < DECODERS; d++) {
        printf("%-34s %10.0f %12.2f %10.2f", decoders[d].name, best[d], best[0] / best[d],
               best[1] / best[d]);
        if (decoders[d].bar > 0)
            printf(" %7.0fx%s", decoders[d].bar,
                   best[0] / best[d] >= decoders[d].bar ? "" : "  (below the bar)");
        printf("\n");
    }
}

int main(int argc, char **argv)
{
    corpus_t c = {0};
    double best[DECODERS];
    uint64_t sum = 0;
    const char *path = argc > 1 ? argv[1] : "";
    if (!read_corpus(path, &c)) {
        printf("NOTE: no real replies at \"%s\": one made message stands in for them, and the\n"
               "ratios below say nothing about the bars.\n",
               path);
        if (!make_corpus(&c))
            return 1;
    }
    printf("decode: %zu messages, %zu octets, best of %d interleaved rounds\n", c.count,
           c.size - 2 * c.count, ROUNDS);
    for (size_t r = 0; r < ROUNDS; r++) {
        for (size_t d = 0; d < DECODERS; d++) {
            double ns = time_round(&c, decoders[d].run, &sum);
            if (r == 0 || ns < best[d])
                best[d] = ns;
        }
    }
    print_table(best);
    free(c.msg);
    free(c.len);
    free(c.bytes);
    return sum == 0;
}
