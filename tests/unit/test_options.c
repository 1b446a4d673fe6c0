/* Command lines: what args_next gives, what it complains of, and --help. */
#include "cmd/options.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/cmd.h"

enum { T_TRIES = 1, T_JSON, T_VERBOSE, T_TCP, T_COOKIE, T_ONLY, T_IN, T_AT };

static const option_desc_t table[] = {
    {T_TRIES, "tries", 't', NULL, "N", "how often to send"},
    {T_JSON, "json", 'j', NULL, NULL, "one JSON object"},
    {T_VERBOSE, "verbose", 'v', NULL, NULL, "show every exchange"},
    {T_TCP, "tcp", 0, "tcp", NULL, "ask over TCP"},
    {T_COOKIE, "cookie", 0, "cookie", "HEX", "send a cookie"},
    {T_ONLY, NULL, 'o', NULL, "WORD", "a letter alone"},
    {T_IN, "in", 0, NULL, "FILE", "a file"},
    {T_AT, "at", 0, NULL, "HEX|@FILE", "octets, or a file"},
    {0, NULL, 0, NULL, NULL, NULL},
};

static const file_desc_t files[] = {
    READS_FILE(T_IN),
    {T_AT, FILE_READS_AT, {NULL}},
    {0, FILE_READS, {NULL}},
};

static const command_desc_t command = {"test", "WORD...", "Does nothing.", table, NULL, files};

#define WORDS_MAX 6

/* What a command line is read as, in one text: "id=value" for each step, "!" for negated. */
static const struct {
    const char *words[WORDS_MAX];
    const char *steps;
    const char *complaint; /* the one line on stderr, or empty */
} lines[] = {
    {{NULL}, "end", ""},
    {{"a", "b"}, "word=a word=b end", ""},
    {{"--json"}, "2 end", ""},
    {{"--tries", "3"}, "1=3 end", ""},
    {{"--tries=3"}, "1=3 end", ""},
    {{"--tries="}, "1= end", ""},
    {{"--tries=a=b"}, "1=a=b end", ""},
    {{"-t", "3"}, "1=3 end", ""},
    {{"-t3"}, "1=3 end", ""},
    {{"-jv"}, "2 3 end", ""},
    {{"-jt3", "x"}, "2 1=3 word=x end", ""},
    {{"-jt", "3", "x"}, "2 1=3 word=x end", ""},
    {{"-oj"}, "6=j end", ""},
    {{"+tcp"}, "4 end", ""},
    {{"+notcp"}, "4! end", ""},
    {{"+cookie=00ff"}, "5=00ff end", ""},
    {{"+cookie", "x"}, "5 word=x end", ""},
    {{"+nocookie"}, "5! end", ""},
    {{"-"}, "word=- end", ""},
    {{"+"}, "word=+ end", ""},
    {{""}, "word= end", ""},
    {{"--", "--json", "+tcp"}, "word=--json word=+tcp end", ""},
    {{"a", "--json", "b"}, "word=a 2 word=b end", ""},
    {{"--tries", "--json"}, "1=--json end", ""},
    {{"--tiems"}, "error", "nsprobe test: unknown option '--tiems'; did you mean '--tries'?\n"},
    {{"--zzzzz"}, "error", "nsprobe test: unknown option '--zzzzz'; see nsprobe test --help\n"},
    {{"--tires"}, "error", "nsprobe test: unknown option '--tires'; did you mean '--tries'?\n"},
    {{"--tri=3"}, "error", "nsprobe test: unknown option '--tri'; did you mean '--tries'?\n"},
    {{"--tcp=1"}, "error", "nsprobe test: option '--tcp' takes no argument\n"},
    {{"--tries"}, "error", "nsprobe test: option '--tries' needs an argument: N\n"},
    {{"-t"}, "error", "nsprobe test: option '-t' needs an argument: N\n"},
    {{"-jz"}, "2 error", "nsprobe test: unknown option '-z'; see nsprobe test --help\n"},
    {{"-x"}, "error", "nsprobe test: unknown option '-x'; see nsprobe test --help\n"},
    {{"--x"}, "error", "nsprobe test: unknown option '--x'; see nsprobe test --help\n"},
    {{"-jsno"}, "2 error", "nsprobe test: unknown option '-s'; did you mean '--json'?\n"},
    {{"-cookie"}, "error", "nsprobe test: unknown option '-c'; did you mean '--cookie'?\n"},
    {{"--in", "x"}, "7=x end", ""},
    {{"--in="}, "error", "nsprobe test: option '--in': the name of a file is empty\n"},
    {{"--at", "@"}, "error", "nsprobe test: option '--at': the name of a file is empty\n"},
    {{"--at", "@x"}, "8=@x end", ""},
    {{"+tcq"}, "error", "nsprobe test: unknown option '+tcq'; did you mean '+tcp'?\n"},
    {{"+json"}, "error", "nsprobe test: unknown option '+json'; see nsprobe test --help\n"},
    {{"+no"}, "error", "nsprobe test: unknown option '+no'; see nsprobe test --help\n"},
    {{"--a-name-of-more-than-sixty-three-octets-is-no-option-of-this-program"},
     "error",
     "nsprobe test: unknown option "
     "'--a-name-of-more-than-sixty-three-octets-is-no-option-of-this-program'; see nsprobe test "
     "--help\n"},
};

/* stderr goes to a file from begin to end; end gives what came. */
typedef struct capture {
    int saved;
    FILE *file;
} capture_t;

static capture_t capture_begin(void)
{
    capture_t c = {.saved = dup(STDERR_FILENO), .file = tmpfile()};
    assert_true(c.saved >= 0);
    assert_non_null(c.file);
    fflush(stderr);
    assert_int_equal(dup2(fileno(c.file), STDERR_FILENO), STDERR_FILENO);
    return c;
}

static void capture_end(capture_t *c, char *buf, size_t cap)
{
    fflush(stderr);
    dup2(c->saved, STDERR_FILENO);
    close(c->saved);
    rewind(c->file);
    buf[fread(buf, 1, cap - 1, c->file)] = '\0';
    fclose(c->file);
}

static void read_steps(args_t *a, char *out, size_t cap)
{
    size_t n = 0;
    for (int id = 1; id != ARGS_END && id != ARGS_ERROR && n < cap;) {
        id = args_next(a);
        if (id == ARGS_END || id == ARGS_ERROR) {
            snprintf(out + n, cap - n, "%s", id == ARGS_END ? "end" : "error");
            break;
        }
        if (id == ARGS_WORD)
            n += (size_t)snprintf(out + n, cap - n, "word");
        else
            n += (size_t)snprintf(out + n, cap - n, "%d%s", id, a->negated ? "!" : "");
        n += (size_t)snprintf(out + n, cap - n, "%s%s ", a->value != NULL ? "=" : "",
                              a->value != NULL ? a->value : "");
    }
}

static void command_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char program[] = "test";
        char copy[WORDS_MAX][80];
        char *argv[WORDS_MAX + 2] = {program};
        int argc = 1;
        char steps[200] = "";
        char complaint[400];
        for (size_t k = 0; k < WORDS_MAX && lines[i].words[k] != NULL; k++) {
            snprintf(copy[k], sizeof copy[k], "%s", lines[i].words[k]);
            argv[argc++] = copy[k];
        }
        capture_t c = capture_begin();
        args_t a = args_begin(&command, argc, argv);
        read_steps(&a, steps, sizeof steps);
        capture_end(&c, complaint, sizeof complaint);
        assert_string_equal(steps, lines[i].steps);
        assert_string_equal(complaint, lines[i].complaint);
    }
}

static void error_code(void **state)
{
    (void)state;
    char text[200];
    capture_t c = capture_begin();
    int rc = usage_error("check", "domain '%s': %d", "x", 7);
    capture_end(&c, text, sizeof text);
    assert_int_equal(rc, EXIT_USAGE);
    assert_string_equal(text, "nsprobe check: domain 'x': 7\n");
    c = capture_begin();
    rc = usage_error("", "unknown");
    capture_end(&c, text, sizeof text);
    assert_int_equal(rc, EXIT_USAGE);
    assert_string_equal(text, "nsprobe: unknown\n");
}

static void nearest(void **state)
{
    (void)state;
    static const char *const words[] = {"check", "query", "serve", "trace"};
    static const struct {
        const char *typed;
        const char *wanted;
    } cases[] = {
        {"check", "check"}, {"chekc", "check"},
        {"quer", "query"},  {"qurey", "query"},
        {"serv", "serve"},  {"trade", "trace"},
        {"che", "check"},   {"ch", NULL},
        {"x", NULL},        {"xxxxx", NULL},
        {"", NULL},         {"servers", "serve"},
        {"servers1", NULL}, {"a-word-that-is-longer-than-any-option", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *got = nearest_word(cases[i].typed, words, 4);
        if (cases[i].wanted == NULL)
            assert_null(got);
        else
            assert_string_equal(got, cases[i].wanted);
    }
    assert_null(nearest_word("check", words, 0));
}

static void numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t min;
        uint32_t max;
        bool good;
        uint32_t value;
    } cases[] = {
        {"0", 0, 0, true, 0},
        {"0", 1, 9, false, 0},
        {"1", 1, 9, true, 1},
        {"9", 1, 9, true, 9},
        {"10", 1, 9, false, 0},
        {"007", 1, 9, true, 7},
        {"65534", 0, 65535, true, 65534},
        {"65535", 0, 65535, true, 65535},
        {"65536", 0, 65535, false, 0},
        {"4294967295", 0, UINT32_MAX, true, UINT32_MAX},
        {"4294967296", 0, UINT32_MAX, false, 0},
        {"99999999999999999999999999", 0, UINT32_MAX, false, 0},
        {"", 0, 9, false, 0},
        {NULL, 0, 9, false, 0},
        {"-1", 0, 9, false, 0},
        {"+1", 0, 9, false, 0},
        {" 1", 0, 9, false, 0},
        {"1 ", 0, 9, false, 0},
        {"0x1", 0, 9, false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t v = 0;
        assert_int_equal(parse_u32(cases[i].text, cases[i].min, cases[i].max, &v), cases[i].good);
        if (cases[i].good)
            assert_int_equal(v, cases[i].value);
    }
}

static void seconds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        int64_t value;
    } cases[] = {
        {"0", true, 0},
        {"1", true, 1000000000},
        {"0.5", true, 500000000},
        {".25", true, 250000000},
        {"2.", true, 2000000000},
        {"0.000000001", true, 1},
        {"0.0000000019", true, 1},
        {"86399", true, INT64_C(86399000000000)},
        {"86400", true, INT64_C(86400000000000)},
        {"86400.000000001", false, 0},
        {"86401", false, 0},
        {"9999999999999999999999", false, 0},
        {"", false, 0},
        {".", false, 0},
        {"1.2.3", false, 0},
        {"-1", false, 0},
        {"1s", false, 0},
        {"1e3", false, 0},
        {NULL, false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t v = -1;
        assert_int_equal(parse_seconds(cases[i].text, &v), cases[i].good);
        if (cases[i].good)
            assert_int_equal(v, cases[i].value);
    }
}

static char *help_of(const command_desc_t *c)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    command_help(out, c);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void help_text(void **state)
{
    (void)state;
    char *text = help_of(&command);
    assert_string_equal(text, "nsprobe test WORD...\n\n"
                              "Does nothing.\n\n"
                              "  -t, --tries N               how often to send\n"
                              "  -j, --json                  one JSON object\n"
                              "  -v, --verbose               show every exchange\n"
                              "      --tcp, +tcp             ask over TCP\n"
                              "      --cookie, +cookie HEX   send a cookie\n"
                              "  -o WORD                     a letter alone\n"
                              "      --in FILE               a file\n"
                              "      --at HEX|@FILE          octets, or a file\n"
                              "  -h, --help                  this text\n");
    free(text);
}

/* The tables of the program: help within 80 columns, no name, letter, word or id twice. */
static void tables(void **state)
{
    (void)state;
    const command_desc_t *const all[] = {&command_check, &command_query, &command_serve,
                                         &command_trace};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        char *text = help_of(all[i]);
        for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1)
            assert_true(strcspn(line, "\n") <= 80);
        free(text);
        for (const option_desc_t *o = all[i]->options; o->id != 0; o++) {
            assert_non_null(o->help);
            assert_true(o->name != NULL || o->letter != 0);
            assert_int_not_equal(o->letter, 'h');
            assert_true(o->name == NULL || strcmp(o->name, "help") != 0);
            for (const option_desc_t *p = o + 1; p->id != 0; p++) {
                assert_int_not_equal(o->id, p->id);
                assert_true(o->letter == 0 || o->letter != p->letter);
                assert_true(o->name == NULL || p->name == NULL || strcmp(o->name, p->name) != 0);
                assert_true(o->plus == NULL || p->plus == NULL || strcmp(o->plus, p->plus) != 0);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command_lines), cmocka_unit_test(error_code), cmocka_unit_test(nearest),
        cmocka_unit_test(numbers),       cmocka_unit_test(seconds),    cmocka_unit_test(help_text),
        cmocka_unit_test(tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
