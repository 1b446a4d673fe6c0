/* Any octets as a checkpoint and as the results beside it. What is taken up has the lines that both
 * say, whole results and nothing behind them; a run that goes on from there, and is cut anywhere,
 * finds the same again.
 *
 * Size of the checkpoint in two octets; the checkpoint, and the results. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bulk/output.h"
#include "place.h"
#include "proto/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINES 300u /* that are looked at after low */

typedef struct files {
    char out[PLACE_PATH_MAX];
    char state[PLACE_PATH_MAX];
} files_t;

static files_t files;

static void need(bool truth)
{
    if (!truth)
        __builtin_trap();
}

static output_t *take_up(char err[300])
{
    output_options_t o = {
        .path = files.out, .checkpoint = files.state, .job = "job", .resume = true};
    return output_open(&o, err);
}

/* Which of the lines have their result; every line of the results that is whole has. */
static uint64_t look(output_t *out, bool has[LINES])
{
    uint64_t low = output_limit(out) + 1 - OUTPUT_WINDOW;
    for (uint64_t i = 0; i < LINES; i++)
        has[i] = output_has(out, low + i);
    need(has[0] && !has[1]); /* low is done, and the next one is not */
    return low;
}

/* Nothing but the last piece may have been taken away; what was read behind the checkpoint are
 * whole lines. */
static void check_results(const uint8_t *results, size_t n, uint64_t octets)
{
    size_t kept;
    uint8_t *now = place_read(files.out, &kept);
    need(kept <= n && memcmp(now, results, kept) == 0);
    need(memchr(results + kept, '\n', n - kept) == NULL || memchr(results, 0, n) != NULL);
    need(kept == octets || results[kept - 1] == '\n');
    free(now);
}

/* Octets of the results that the checkpoint knows of. */
static uint64_t octets_of(const uint8_t *state, size_t n)
{
    unsigned long long octets = 0;
    char *text = strndup((const char *)state, n);
    const char *at = text != NULL ? strstr(text, "\nlow ") : NULL;
    if (at == NULL || sscanf(at, " low %*u count %*u octets %llu", &octets) != 1)
        octets = 0;
    free(text);
    return octets;
}

/* Every result behind what the checkpoint knows of is known. */
static void check_lines(const uint8_t *results, size_t n, uint64_t octets, uint64_t low,
                        const bool has[LINES])
{
    static const char head[] = "{\"line\":";
    while (octets < n) {
        const uint8_t *end = memchr(results + octets, '\n', n - octets);
        size_t length = end != NULL ? (size_t)(end - results) - octets : 0;
        char *line = strndup((const char *)results + octets, length);
        if (line == NULL)
            abort();
        /* no result of ours has a blank before its number */
        size_t before = strncmp(line, head, sizeof head - 1) == 0 ? sizeof head - 1 : 0;
        bool ours = before > 0 && line[before] >= '0' && line[before] <= '9';
        uint64_t number = ours ? strtoull(line + before, NULL, 10) : 0;
        need(end == NULL || number <= low || number - low >= LINES || has[number - low]);
        free(line);
        octets = end != NULL ? octets + length + 1 : n;
    }
}

/* Goes on with the first line that is missing, is cut in the middle of the one after it, and is
 * taken up again. */
static void go_on(output_t *out, uint64_t low, const bool has[LINES])
{
    char err[300];
    char text[64];
    bool again[LINES];
    uint64_t line = low + 1;
    uint64_t count = output_count(out);
    int n = snprintf(text, sizeof text, "{\"line\":%llu}\n", (unsigned long long)line);
    need(output_write(out, text, (size_t)n, &line, 1) && output_has(out, line));
    need(output_count(out) == count + 1 && output_close(out));
    FILE *f = fopen(files.out, "ab");
    if (f == NULL || fwrite(text, 1, 5, f) != 5 || fclose(f) != 0)
        abort();
    out = take_up(err);
    need(out != NULL && output_count(out) == count + 1);
    uint64_t now = look(out, again);
    need(now > low);
    for (uint64_t i = now - low; i < LINES; i++)
        need(again[i - (now - low)] == (has[i] || i == 1));
    output_close(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char err[300] = "";
    bool has[LINES];
    nsp_reader_t r = nsp_reader(data, size);
    uint32_t n = nsp_read_u16(&r);
    n = n < nsp_left(&r) ? n : nsp_left(&r);
    const uint8_t *state = nsp_read_bytes(&r, n);
    size_t left = nsp_left(&r);
    if (state == NULL || size > 65536)
        return 0;
    const uint8_t *results = state + n;
    place_path("out", files.out);
    place_path("state", files.state);
    place_write(files.state, state, n);
    place_write(files.out, results, left);
    output_t *out = take_up(err);
    if (out == NULL) {
        size_t kept;
        need(err[0] != '\0');
        free(place_read(files.out, &kept));
        need(kept == left); /* what cannot be taken up is left alone */
        return 0;
    }
    check_results(results, left, octets_of(state, n));
    uint64_t low = look(out, has);
    check_lines(results, left, octets_of(state, n), low, has);
    go_on(out, low, has);
    return 0;
}
