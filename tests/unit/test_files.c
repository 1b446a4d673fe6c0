/* Files that a command line names: which are the same, and what is told of them. */
#include "cmd/files.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/cmd.h"

enum { T_IN = 1, T_OUT, T_KEEP, T_PAGE, T_PART, T_AT, T_RUN };

static const option_desc_t table[] = {
    {T_IN, "in", 'i', NULL, "FILE", ""},     {T_OUT, "out", 'o', NULL, "FILE", ""},
    {T_KEEP, "keep", 'k', NULL, "FILE", ""}, {T_PAGE, "page", 'p', NULL, "FILE", ""},
    {T_PART, "part", 0, NULL, "FILE", ""},   {T_AT, "at", 0, NULL, "FILE", ""},
    {T_RUN, "run", 0, NULL, "CMD", ""},      {0, NULL, 0, NULL, NULL, NULL},
};

static const file_desc_t files[] = {
    READS_FILE(ARGS_WORD),
    READS_FILE(T_IN),
    {T_OUT, FILE_WRITES, {NULL}},
    {T_KEEP, FILE_WRITES, {".new", ".old"}},
    {T_PAGE, FILE_WRITES_STREAM, {NULL}},
    {T_PART, FILE_READS_PART, {NULL}},
    {T_AT, FILE_READS_AT, {NULL}},
    {T_RUN, FILE_RUNS, {NULL}},
    {0, FILE_READS, {NULL}},
};

static const command_desc_t command = {"test", "", "", table, NULL, files};

static char folder[] = "/tmp/nsprobe-files-XXXXXX";

static void make(const char *name)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
}

static int begin(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL || chdir(folder) != 0)
        return -1;
    make("a");
    make("b");
    if (mkdir("sub", 0700) != 0 || link("a", "hard") != 0 || symlink("a", "soft") != 0 ||
        symlink("soft", "softer") != 0 || symlink("../new", "sub/up") != 0 ||
        symlink("sub", "way") != 0 || symlink("loop", "loop") != 0 || mkfifo("fifo", 0600) != 0)
        return -1;
    return 0;
}

static int end(void **state)
{
    (void)state;
    static const char *const names[] = {"a",      "b",   "hard", "soft", "softer",
                                        "sub/up", "way", "loop", "fifo"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)unlink(names[i]);
    (void)rmdir("sub");
    return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static void same(void **state)
{
    (void)state;
    static const struct {
        const char *a;
        const char *b;
        bool same;
    } cases[] = {{"a", "a", true},
                 {"a", "b", false},
                 {"a", "./a", true},
                 {"a", "sub/../a", true},
                 {"a", "hard", true},
                 {"a", "soft", true},
                 {"softer", "hard", true},
                 {"new", "new", true},
                 {"new", "newer", false},
                 {"new", "./sub/../new", true},
                 {"new", "sub/new", false},
                 {"sub/new", "way/new", true},
                 {"new", "sub/up", true},
                 {"new", "way/up", true},
                 {"a", "new", false},
                 {"loop", "loop", false},
                 {"fifo", "fifo", false},
                 {"/dev/null", "/dev/null", false},
                 {"sub", "sub", false},
                 {"none/new", "none/new", true},
                 {"none/new", "./none//new", false},
                 {"none/new", "way/../none/new", true},
                 {"none/new", "new", false},
                 {"none/x/new", "none/new", false},
                 {"a/new", "a/new", false},
                 {"/no-such", "/no-such", true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (files_same(cases[i].a, cases[i].b) != cases[i].same)
            fail_msg("%s and %s", cases[i].a, cases[i].b);
}

/* What a function prints to stderr. */
static int quietly(int argc, char **argv, char err[400])
{
    int pair[2];
    int saved = dup(STDERR_FILENO);
    assert_int_equal(pipe(pair), 0);
    dup2(pair[1], STDERR_FILENO);
    int rc = files_check(&command, argc, argv);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(pair[1]);
    ssize_t n = read(pair[0], err, 399);
    err[n > 0 ? n : 0] = '\0';
    close(pair[0]);
    return rc;
}

static void lines(void **state)
{
    (void)state;
    static const struct {
        const char *words[6];
        const char *said; /* NULL: nothing */
    } cases[] = {
        {{"a", "--out", "b"}, NULL},
        {{"a", "--out", "a"}, "--out a and a are the same file"},
        {{"--out", "hard", "--in", "soft"}, "--out hard and --in soft are the same file"},
        {{"-ia", "-oa"}, "--out a and --in a are the same file"},
        {{"--out", "new", "--page", "sub/up"}, "--out new and --page sub/up are the same file"},
        {{"--out", "a", "--out", "a"}, NULL},
        {{"--in", "-", "--page", "-", "-"}, NULL},
        {{"--out", "-"}, "--out -: standard output has the report; name a file"},
        {{"--out", "/dev/null", "--page", "/dev/null"}, NULL},
        {{"--out", "new.old", "--keep", "new"}, "--out new.old and --keep new.old"},
        {{"new.new", "--keep", "new"}, "--keep new.new and new.new"},
        {{"--part", "a:7", "--out", "a"}, "--out a and --part a are the same file"},
        {{"--part", "a", "--out", "a"}, "--out a and --part a are the same file"},
        {{"--at", "a", "--out", "a"}, NULL},
        {{"--at", "@a", "--out", "a"}, "--out a and --at a are the same file"},
        {{"--run", "a", "--out", "a"}, NULL},
        {{"--", "a", "--out", "a"}, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *argv[8] = {(char *)"test"};
        char err[400];
        int argc = 1;
        for (size_t k = 0; k < 6 && cases[i].words[k] != NULL; k++)
            argv[argc++] = (char *)cases[i].words[k];
        int rc = quietly(argc, argv, err);
        assert_int_equal(rc, cases[i].said != NULL ? EXIT_USAGE : 0);
        if (cases[i].said == NULL)
            assert_string_equal(err, "");
        else if (strstr(err, cases[i].said) == NULL)
            fail_msg("%s: %s", cases[i].said, err);
    }
}

static void place(void **state)
{
    (void)state;
    char out[PATH_MAX];
    assert_int_equal(files_place("test", "--out", "sub/up", out), 0);
    assert_string_equal(out, "sub/../new");
    assert_int_equal(files_place("test", "--out", "softer", out), 0);
    assert_string_equal(out, "a");
    assert_int_equal(files_place("test", "--out", "/dev/null", out), EXIT_USAGE);
    assert_int_equal(files_place("test", "--out", "fifo", out), EXIT_USAGE);
    assert_int_equal(files_place("test", "--out", "sub", out), EXIT_USAGE);
    assert_int_equal(files_place("test", "--out", "loop", out), EXIT_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same),
        cmocka_unit_test(lines),
        cmocka_unit_test(place),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
