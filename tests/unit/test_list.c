/* The list: lines, shards, what is passed over, and what tells one list from another. */
#include "bulk/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *path(void)
{
    static char text[64];
    snprintf(text, sizeof text, "/tmp/nsprobe-list-%d", (int)getpid());
    return text;
}

static void write_list(const char *text, size_t size)
{
    FILE *f = fopen(path(), "we");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, size, f), size);
    fclose(f);
}

static list_t *open_list(const char *text, unsigned shard, unsigned shards)
{
    write_list(text, strlen(text));
    list_t *in = list_open(path(), shard, shards);
    assert_non_null(in);
    return in;
}

static void expect(list_t *in, uint64_t first, uint64_t number, const char *text)
{
    static list_line_t line;
    list_got_t got = list_next(in, UINT64_MAX, &line);
    assert_int_equal(line.first, first);
    assert_int_equal(line.number, number);
    if (text == NULL) {
        assert_int_equal(got, LIST_END);
        return;
    }
    assert_int_equal(got, LIST_LINE);
    assert_string_equal(line.text, text);
    assert_int_equal(line.size, strlen(text));
    assert_false(line.cut);
}

static void test_lines(void **state)
{
    (void)state;
    list_t *in = open_list("one\n\n  # comment\r\n two \t\r\n#\nlast", 1, 1);
    expect(in, 1, 1, "one");
    expect(in, 2, 4, " two");
    expect(in, 5, 6, "last");
    expect(in, 7, 6, NULL);
    expect(in, 7, 6, NULL);
    assert_true(list_share(in) == 1);
    assert_false(list_failed(in));
    list_close(in);
    in = open_list("\n\n", 1, 1);
    expect(in, 1, 2, NULL);
    list_close(in);
    in = open_list("", 1, 1);
    expect(in, 1, 0, NULL);
    assert_true(list_share(in) < 0);
    list_close(in);
    assert_null(list_open("/nonexistent/list", 1, 1));
    /* a folder can be opened, and not be read */
    in = list_open("/tmp", 1, 1);
    assert_non_null(in);
    expect(in, 1, 0, NULL);
    assert_true(list_failed(in));
    list_close(in);
}

static void test_all(void **state)
{
    (void)state;
    list_t *in = open_list("one\n\n# two\nthree\n", 2, 2);
    list_take_all(in);
    expect(in, 1, 1, "one");
    expect(in, 2, 2, "");
    expect(in, 3, 3, "# two");
    expect(in, 4, 4, "three");
    expect(in, 5, 4, NULL);
    list_close(in);
}

/* Each line belongs to one shard, and empty ones count as lines. */
static void test_shards(void **state)
{
    (void)state;
    static const char text[] = "1\n2\n\n4\n5\n#\n7\n8\n9\n10\n";
    unsigned seen[11] = {0};
    for (unsigned shard = 1; shard <= 3; shard++) {
        static list_line_t line;
        list_t *in = open_list(text, shard, 3);
        while (list_next(in, UINT64_MAX, &line) == LIST_LINE) {
            assert_int_equal(line.number % 3, shard % 3);
            assert_int_equal(atoi(line.text), line.number);
            seen[line.number]++;
        }
        list_close(in);
    }
    for (unsigned i = 1; i <= 10; i++)
        assert_int_equal(seen[i], i != 3 && i != 6);
}

static void test_long_and_late(void **state)
{
    (void)state;
    static char text[LIST_LINE_MAX * 2 + 20];
    static list_line_t line;
    memset(text, 'a', sizeof text);
    text[LIST_LINE_MAX] = '\n'; /* just as long as may be */
    memcpy(text + sizeof text - 5, "\nend\n", 5);
    write_list(text, sizeof text);
    list_t *in = list_open(path(), 1, 1);
    assert_non_null(in);
    assert_int_equal(list_next(in, 0, &line), LIST_LATER);
    assert_int_equal(list_next(in, 1, &line), LIST_LINE);
    assert_int_equal(line.size, LIST_LINE_MAX);
    assert_false(line.cut);
    assert_int_equal(list_next(in, 1, &line), LIST_LATER);
    assert_int_equal(list_next(in, 2, &line), LIST_LINE);
    assert_int_equal(line.size, LIST_LINE_MAX);
    assert_true(line.cut);
    assert_int_equal(list_next(in, 9, &line), LIST_LINE);
    assert_string_equal(line.text, "end");
    assert_int_equal(list_next(in, 9, &line), LIST_END);
    list_close(in);
}

static void identity(const char *text, size_t size, char out[LIST_IDENTITY_MAX])
{
    write_list(text, size);
    list_t *in = list_open(path(), 1, 1);
    assert_non_null(in);
    list_identity(in, out);
    static list_line_t line;
    if (size > 0) /* reading begins at the beginning all the same */
        assert_int_equal(list_next(in, 9, &line), LIST_LINE);
    list_close(in);
}

static void test_identity(void **state)
{
    (void)state;
    static char text[300000];
    char a[LIST_IDENTITY_MAX];
    char b[LIST_IDENTITY_MAX];
    memset(text, 'x', sizeof text);
    identity(text, sizeof text, a);
    identity(text, sizeof text, b);
    assert_string_equal(a, b);
    identity(text, sizeof text - 1, b);
    assert_string_not_equal(a, b);
    text[0] = 'y';
    identity(text, sizeof text, b);
    assert_string_not_equal(a, b);
    text[0] = 'x';
    text[sizeof text - 1] = 'y';
    identity(text, sizeof text, b);
    assert_string_not_equal(a, b);
    identity(text, 0, a);
    assert_string_not_equal(a, "-");
    list_t *in = list_open("/dev/null", 1, 1);
    assert_non_null(in);
    list_identity(in, a);
    assert_string_equal(a, "-");
    list_close(in);
    unlink(path());
}

/* A pipe is never waited for: other lines may be under way. */
static void test_slow_pipe(void **state)
{
    (void)state;
    static list_line_t line;
    char name[40];
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    snprintf(name, sizeof name, "/proc/self/fd/%d", ends[0]);
    list_t *in = list_open(name, 1, 1);
    assert_non_null(in);
    close(ends[0]);
    assert_int_equal(list_next(in, 9, &line), LIST_LATER);
    assert_int_equal(write(ends[1], "par", 3), 3);
    assert_int_equal(list_next(in, 9, &line), LIST_LATER);
    assert_int_equal(list_next(in, 9, &line), LIST_LATER);
    assert_int_equal(write(ends[1], "t\n\nlast", 7), 7);
    assert_int_equal(list_next(in, 9, &line), LIST_LINE);
    assert_string_equal(line.text, "part");
    assert_int_equal(list_next(in, 9, &line), LIST_LATER);
    assert_int_equal(line.number, 2); /* an empty line was passed over */
    assert_true(list_share(in) < 0);
    close(ends[1]);
    assert_int_equal(list_next(in, 9, &line), LIST_LINE);
    assert_string_equal(line.text, "last");
    assert_int_equal(line.number, 3);
    assert_int_equal(list_next(in, 9, &line), LIST_END);
    assert_false(list_failed(in));
    list_close(in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),    cmocka_unit_test(test_all),
        cmocka_unit_test(test_shards),   cmocka_unit_test(test_long_and_late),
        cmocka_unit_test(test_identity), cmocka_unit_test(test_slow_pipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
