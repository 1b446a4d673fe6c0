/* Results and checkpoints: what a run that was cut anywhere finds when it is resumed. */
#include "bulk/output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct place {
    char out[64];
    char state[64];
} place_t;

static place_t make_place(void)
{
    place_t p;
    snprintf(p.out, sizeof p.out, "/tmp/nsprobe-output-%d", (int)getpid());
    snprintf(p.state, sizeof p.state, "/tmp/nsprobe-state-%d", (int)getpid());
    return p;
}

static void remove_place(const place_t *p)
{
    unlink(p->out);
    unlink(p->state);
}

static output_t *open_place(const place_t *p, const char *job, bool resume, char err[300])
{
    output_options_t o = {.path = p->out, .checkpoint = p->state, .job = job, .resume = resume};
    return output_open(&o, err);
}

static void put(output_t *out, uint64_t line)
{
    char text[64];
    int n = snprintf(text, sizeof text, "{\"line\":%u}\n", (unsigned)line);
    assert_true(output_write(out, text, (size_t)n, &line, 1));
}

/* The output is cut after any octet: what is whole is kept, and the rest is to be done again. */
static void cut_anywhere(void **state)
{
    place_t p = make_place();
    char err[300];
    (void)state;
    for (long cut = 0; cut <= 4 * 11; cut++) {
        output_t *out = open_place(&p, "job", false, err);
        assert_non_null(out);
        for (uint64_t line = 2; line <= 5; line++)
            put(out, line);
        /* as a kill leaves it: the checkpoint is the one of the beginning */
        assert_int_equal(truncate(p.out, cut), 0);
        output_t *again = open_place(&p, "job", true, err);
        assert_non_null(again);
        for (uint64_t line = 1; line <= 6; line++)
            assert_int_equal(output_has(again, line), line >= 2 && (long)line - 1 <= cut / 11);
        assert_int_equal(output_count(again), cut / 11);
        assert_true(output_close(again));
        (void)output_close(out);
    }
    remove_place(&p);
}

static void checkpoint(void **state)
{
    place_t p = make_place();
    char err[300];
    (void)state;
    output_t *out = open_place(&p, "job", false, err);
    assert_non_null(out);
    put(out, 1);
    output_skip(out, 2, 3);
    put(out, 6);
    put(out, 9);
    assert_true(output_close(out));
    out = open_place(&p, "job", true, err);
    assert_non_null(out);
    for (uint64_t line = 1; line <= 10; line++)
        assert_int_equal(output_has(out, line), line <= 3 || line == 6 || line == 9);
    assert_int_equal(output_count(out), 3);
    assert_true(output_close(out));
    assert_null(open_place(&p, "another", true, err));
    assert_non_null(strstr(err, "another job"));
    FILE *f = fopen(p.state, "we");
    assert_non_null(f);
    fputs("nsprobe-bulk-checkpoint 1\njob\nlow 5 count 1 octets 3\ndone 4-4\nend\n", f);
    fclose(f);
    assert_null(open_place(&p, "job", true, err));
    assert_non_null(strstr(err, "damaged"));
    remove_place(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cut_anywhere),
                                       cmocka_unit_test(checkpoint)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
