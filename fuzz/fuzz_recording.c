/* Any octets as a recording of serve --fuzz. What is read keeps its limits, and written down again
 * it is the same; a fault names a line that is there. */
#include <stdlib.h>
#include <string.h>

#include "serve/fuzz_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define AGAIN_MAX 8 /* records of an input that are written */

static void need(bool truth)
{
    if (!truth)
        __builtin_trap();
}

static void check_script(const fault_script_t *s)
{
    size_t at = 0;
    need(s->count <= FAULT_PIECES_MAX && s->used <= sizeof s->octets);
    for (unsigned i = 0; i < s->count; i++) {
        need(s->piece[i].at == at && s->piece[i].size <= s->used - at);
        at += s->piece[i].size;
    }
    need(at == s->used);
}

static void same(const fuzz_record_t *a, const fuzz_record_t *b)
{
    need(a->n == b->n && a->transport == b->transport && a->id == b->id);
    need(a->script->count == b->script->count && a->script->used == b->script->used);
    need(a->script->end == b->script->end && a->script->dribble == b->script->dribble &&
         a->script->endless == b->script->endless);
    need(memcmp(a->script->octets, b->script->octets, a->script->used) == 0);
    for (unsigned i = 0; i < a->script->count; i++) {
        const fault_piece_t *x = &a->script->piece[i];
        const fault_piece_t *y = &b->script->piece[i];
        need(x->size == y->size && x->from == y->from && x->delay_ms == y->delay_ms);
    }
}

static void check_again(const fuzz_record_t *r)
{
    uint8_t query[2] = {(uint8_t)(r->id >> 8), (uint8_t)r->id};
    char err[FUZZ_ERROR_MAX];
    char *text = NULL;
    size_t size = 0;
    fuzz_recording_t again;
    fuzz_note_t note = {1, r->n, "fault", r->transport, query, sizeof query};
    FILE *f = open_memstream(&text, &size);
    need(f != NULL && fuzz_log_write(f, &note, r->script) && fclose(f) == 0);
    need(fuzz_recording_read(text, size, 0, &again, err) && again.count == 1);
    same(r, again.item);
    fuzz_recording_free(&again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char err[FUZZ_ERROR_MAX] = "";
    fuzz_recording_t r;
    size_t line = 0;
    size_t lines = 1;
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    bool good = fuzz_recording_read((const char *)data, size, 0, &r, err);
    need(good == (r.count > 0) && good == (err[0] == '\0') && r.count <= lines);
    if (sscanf(err, "line %zu:", &line) == 1)
        need(line >= 1 && line <= lines);
    for (size_t i = 0; i < r.count; i++) {
        check_script(r.item[i].script);
        if (i < AGAIN_MAX)
            check_again(&r.item[i]);
    }
    fuzz_recording_free(&r);
    return 0;
}
