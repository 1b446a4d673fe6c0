#include "serve/fuzz_log.h"

#include <jansson.h>
#include <stdlib.h>

static const char *const froms[] = {"here", "other-port", "other-address"};
static const char *const ends[] = {"keep", "fin", "reset"};

static json_t *json_octets(const uint8_t *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    char *text = malloc(2 * size + 1);
    if (text == NULL)
        return NULL;
    for (size_t i = 0; i < size; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    json_t *j = json_stringn(text, 2 * size);
    free(text);
    return j;
}

bool fuzz_log_write(FILE *out, const fuzz_note_t *note, const fault_script_t *script)
{
    json_t *j = json_object();
    json_t *pieces = json_array();
    for (unsigned i = 0; i < script->count; i++) {
        const fault_piece_t *p = &script->piece[i];
        json_t *piece = json_object();
        json_object_set_new(piece, "octets", json_octets(script->octets + p->at, p->size));
        json_object_set_new(piece, "from", json_string(froms[p->from]));
        json_object_set_new(piece, "delay_ms", json_integer(p->delay_ms));
        json_array_append_new(pieces, piece);
    }
    json_object_set_new(j, "n", json_integer((json_int_t)note->n));
    json_object_set_new(j, "seed", json_integer((json_int_t)note->seed));
    json_object_set_new(j, "fault", json_string(note->fault));
    json_object_set_new(j, "transport",
                        json_string(note->transport == TRANSPORT_UDP ? "udp" : "tcp"));
    json_object_set_new(j, "query", json_octets(note->query, note->query_size));
    json_object_set_new(j, "pieces", pieces);
    json_object_set_new(j, "end", json_string(ends[script->end]));
    json_object_set_new(j, "dribble", json_boolean(script->dribble));
    json_object_set_new(j, "endless", json_boolean(script->endless));
    bool good =
        json_dumpf(j, out, JSON_COMPACT | JSON_ENSURE_ASCII) == 0 && fputc('\n', out) != EOF;
    json_decref(j);
    return fflush(out) == 0 && good;
}

/* --- reading --- */

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Hexadecimal text to octets; -1 when it is none or too long. */
static long read_octets(const json_t *j, uint8_t *out, size_t cap)
{
    const char *text = json_string_value(j);
    size_t len = json_string_length(j);
    if (text == NULL || len % 2 != 0 || len / 2 > cap)
        return -1;
    for (size_t i = 0; i < len; i += 2) {
        int high = digit(text[i]);
        int low = digit(text[i + 1]);
        if (high < 0 || low < 0)
            return -1;
        out[i / 2] = (uint8_t)(high << 4 | low);
    }
    return (long)(len / 2);
}

static unsigned word_of(const json_t *j, const char *const *words, unsigned count)
{
    const char *text = json_string_value(j);
    for (unsigned i = 0; text != NULL && i < count; i++)
        if (strcmp(text, words[i]) == 0)
            return i;
    return 0;
}

static bool read_piece(const json_t *j, fault_script_t *s)
{
    if (s->count == FAULT_PIECES_MAX)
        return false;
    long n =
        read_octets(json_object_get(j, "octets"), s->octets + s->used, sizeof s->octets - s->used);
    json_int_t delay = json_integer_value(json_object_get(j, "delay_ms"));
    if (n < 0 || delay < 0 || delay > 60000)
        return false;
    s->piece[s->count++] = (fault_piece_t){
        .at = s->used,
        .size = (size_t)n,
        .from = (fault_from_t)word_of(json_object_get(j, "from"), froms, 3),
        .delay_ms = (uint32_t)delay,
    };
    s->used += (size_t)n;
    return true;
}

/* One line; false with the reason. */
static bool read_record(const json_t *j, fuzz_record_t *r, const char **why)
{
    uint8_t query[65535] = {0};
    size_t i;
    json_t *piece;
    json_t *pieces = json_object_get(j, "pieces");
    const char *transport = json_string_value(json_object_get(j, "transport"));
    long n = read_octets(json_object_get(j, "query"), query, sizeof query);
    *why = "'query' or 'transport' is missing or wrong";
    if (n < 2 || transport == NULL)
        return false;
    r->n = (uint64_t)json_integer_value(json_object_get(j, "n"));
    r->id = (uint16_t)(query[0] << 8 | query[1]);
    r->transport = strcmp(transport, "tcp") == 0 ? TRANSPORT_TCP : TRANSPORT_UDP;
    r->script = calloc(1, sizeof *r->script);
    *why = "out of memory";
    if (r->script == NULL)
        return false;
    *why = "'pieces' is missing or wrong";
    if (!json_is_array(pieces))
        return false;
    json_array_foreach(pieces, i, piece)
    {
        if (!read_piece(piece, r->script))
            return false;
    }
    r->script->end = (fault_end_t)word_of(json_object_get(j, "end"), ends, 3);
    r->script->dribble = json_is_true(json_object_get(j, "dribble"));
    r->script->endless = json_is_true(json_object_get(j, "endless"));
    return true;
}

static bool keep(fuzz_recording_t *out, fuzz_record_t *r)
{
    fuzz_record_t *grown = realloc(out->item, (out->count + 1) * sizeof *grown);
    if (grown == NULL)
        return false;
    out->item = grown;
    out->item[out->count++] = *r;
    return true;
}

/* Reads the line [text, text + len). */
static bool read_line(const char *text, size_t len, uint64_t only, fuzz_recording_t *out,
                      const char **why)
{
    json_error_t e;
    fuzz_record_t r = {0};
    json_t *j = json_loadb(text, len, 0, &e);
    *why = "this is not a line of JSON that serve --fuzz --log writes";
    bool good = j != NULL && read_record(j, &r, why);
    if (good && (only == 0 || r.n == only)) {
        good = keep(out, &r);
        *why = "out of memory";
    } else {
        free(r.script);
        r.script = NULL;
    }
    if (!good)
        free(r.script);
    json_decref(j);
    return good;
}

bool fuzz_recording_read(const char *text, size_t len, uint64_t only, fuzz_recording_t *out,
                         char err[FUZZ_ERROR_MAX])
{
    size_t line = 1;
    const char *why = "";
    *out = (fuzz_recording_t){0};
    for (size_t at = 0; at < len; line++) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t n = end != NULL ? (size_t)(end - text) - at : len - at;
        if (n > 0 && !read_line(text + at, n, only, out, &why)) {
            snprintf(err, FUZZ_ERROR_MAX, "line %zu: %s", line, why);
            fuzz_recording_free(out);
            return false;
        }
        at += n + 1;
    }
    if (out->count == 0)
        snprintf(err, FUZZ_ERROR_MAX, "no such answer is in it");
    return out->count > 0;
}

void fuzz_recording_free(fuzz_recording_t *r)
{
    for (size_t i = 0; i < r->count; i++)
        free(r->item[i].script);
    free(r->item);
    *r = (fuzz_recording_t){0};
}
