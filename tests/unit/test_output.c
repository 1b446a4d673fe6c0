/* Results and checkpoints: what a run that was cut anywhere finds when it is resumed. */
#include "bulk/output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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
    output_options_t o = {
        .path = p->out, .checkpoint = p->state, .job = job, .list = "4 abc", .resume = resume};
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
    fputs("nsprobe-bulk-checkpoint 2\njob\n4 abc\nlow 5 count 1 octets 3\ndone 4-4\nend\n", f);
    fclose(f);
    assert_null(open_place(&p, "job", true, err));
    assert_non_null(strstr(err, "damaged"));
    f = fopen(p.state, "we");
    assert_non_null(f);
    fputs("nsprobe-bulk-checkpoint 2\njob\n5 abc\nlow 0 count 0 octets 0\ndone\nend\n", f);
    fclose(f);
    assert_null(open_place(&p, "job", true, err));
    assert_non_null(strstr(err, "the list is not the one"));
    f = fopen(p.state, "we");
    assert_non_null(f);
    fputs("something else\n", f);
    fclose(f);
    assert_null(open_place(&p, "job", true, err));
    assert_non_null(strstr(err, "is no checkpoint"));
    remove_place(&p);
}

/* A link that stands where the next checkpoint is written first is put away, not followed. */
static void planted(void **state)
{
    place_t p = make_place();
    char err[300];
    char other[80];
    char link[80];
    struct stat st;
    (void)state;
    snprintf(other, sizeof other, "%s.other", p.state);
    snprintf(link, sizeof link, "%s.new", p.state);
    FILE *f = fopen(other, "w");
    assert_true(f != NULL && fputs("precious", f) >= 0 && fclose(f) == 0);
    assert_int_equal(symlink(other, link), 0);
    output_t *out = open_place(&p, "job", false, err);
    assert_non_null(out);
    put(out, 1);
    assert_true(output_close(out));
    assert_true(lstat(p.state, &st) == 0 && S_ISREG(st.st_mode));
    assert_true(stat(other, &st) == 0 && st.st_size == 8);
    unlink(other);
    remove_place(&p);
}

static void put_range(output_t *out, uint64_t first, uint64_t last)
{
    char text[80];
    int n = snprintf(text, sizeof text, "{\"line\":%u,\"lines\":%u,\"x\":0}\n", (unsigned)first,
                     (unsigned)(last - first + 1));
    assert_true(output_write_range(out, text, (size_t)n, first, last));
}

/* A result of several lines is done for all of them or for none, wherever the run was cut. */
static void ranges(void **state)
{
    place_t p = make_place();
    char err[300];
    (void)state;
    for (long cut = 0; cut <= 2 * 27; cut++) {
        output_t *out = open_place(&p, "job", false, err);
        assert_non_null(out);
        put_range(out, 2, 4);
        put_range(out, 7, 9);
        assert_int_equal(output_count(out), 2);
        assert_int_equal(truncate(p.out, cut), 0);
        output_t *again = open_place(&p, "job", true, err);
        assert_non_null(again);
        for (uint64_t line = 1; line <= 10; line++) {
            bool first = line >= 2 && line <= 4 && cut >= 27;
            bool second = line >= 7 && line <= 9 && cut >= 2 * 27;
            assert_int_equal(output_has(again, line), first || second);
        }
        assert_int_equal(output_count(again), cut / 27);
        assert_true(output_close(again));
        (void)output_close(out);
    }
    /* numbers that nobody wrote */
    FILE *f = fopen(p.out, "we");
    assert_non_null(f);
    fputs("{\"line\":3,\"lines\":99999999999999999999}\n{\"line\":x}\nnonsense\n", f);
    fclose(f);
    unlink(p.state);
    output_t *out = open_place(&p, "job", true, err);
    assert_non_null(out);
    assert_true(output_has(out, 3));
    assert_false(output_has(out, 4));
    assert_int_equal(output_count(out), 1);
    assert_true(output_close(out));
    remove_place(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cut_anywhere), cmocka_unit_test(checkpoint),
                                       cmocka_unit_test(ranges), cmocka_unit_test(planted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
