/* The live table: what is counted, in which order, within which size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "report/live_text.h"

#define MS INT64_C(1000000)

static addr_t address(const char *text)
{
    addr_t a;
    assert_true(addr_from_text(text, strlen(text), 53, &a));
    return a;
}

static void add(live_table_t *t, const char *server, unsigned notes, int64_t rtt)
{
    flow_t f = {.notes = notes, .server = address(server), .asked = 1000 * MS};
    f.reply.at = f.asked + rtt;
    live_table_add(t, &f);
}

static char *print_narrow(live_table_t *t, size_t rows, size_t columns)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    live_heading_t h = {"eth0", 65, 1234, 3, 5, 1};
    text_style_t style = {false, false};
    assert_non_null(out);
    live_table_print(out, t, &h, &style, rows, columns);
    fclose(out);
    return text;
}

static char *print(live_table_t *t, size_t rows)
{
    return print_narrow(t, rows, 80);
}

static void counts(void **state)
{
    (void)state;
    live_table_t t;
    assert_true(live_table_init(&t));
    add(&t, "192.0.2.1", FLOW_ANSWERED, 2 * MS);
    add(&t, "192.0.2.1", FLOW_ANSWERED | FLOW_PENDING, 2 * MS);
    add(&t, "192.0.2.1", FLOW_ANSWERED | FLOW_DUPLICATE, 2 * MS);
    add(&t, "192.0.2.1", FLOW_NO_QUERY | FLOW_ANSWERED, 2 * MS);
    add(&t, "2001:db8::1", 0, 0);
    add(&t, "2001:db8::1", FLOW_PENDING, 0);
    add(&t, "2001:db8::1", FLOW_EVICTED, 0);
    add(&t, "2001:db8::1", FLOW_ANSWERED, 250 * MS);
    char *text = print(&t, 24);
    assert_string_equal(
        text,
        "eth0  65 s, 1234 packets, 3 waiting, 6 dropped (1 by the interface)\033[K\n"
        "SERVER                           QUERIES  ANSWERED NO ANSWER      P50      P99\033[K\n"
        "2001:db8::1                            2         1         1   250 ms   250 ms\033[K\n"
        "192.0.2.1                              2         2         0   2.0 ms   2.0 ms\033[K\n"
        "\033[J");
    free(text);
    text = print(&t, 24);
    assert_memory_equal(text, "\033[4A\r", 5); /* over what is there */
    free(text);
    live_table_free(&t);
}

/* No line wraps, since the table is drawn over by counting lines. */
static void narrow(void **state)
{
    (void)state;
    live_table_t t;
    assert_true(live_table_init(&t));
    add(&t, "2001:db8:1111:2222:3333:4444:5555:6666", FLOW_ANSWERED, 2 * MS);
    for (size_t columns = 10; columns < 100; columns++) {
        char *text = print_narrow(&t, 24, columns);
        const char *line = strncmp(text, "\033[3A\r", 5) == 0 ? text + 5 : text;
        while (*line != '\0' && strncmp(line, "\033[J", 3) != 0) {
            size_t n = strcspn(line, "\033");
            assert_true(n < columns);
            assert_memory_equal(line + n, "\033[K\n", 4);
            line += n + 4;
        }
        free(text);
    }
    live_table_free(&t);
}

/* Never more lines than the screen has, whatever the number of servers. */
static void bounded(void **state)
{
    (void)state;
    live_table_t t;
    assert_true(live_table_init(&t));
    for (unsigned i = 0; i < LIVE_SERVERS_MAX + 50; i++) {
        char server[32];
        snprintf(server, sizeof server, "10.0.%u.%u", i / 256, i % 256);
        for (unsigned k = 0; k <= i % 7; k++)
            add(&t, server, i % 3 == 0 ? 0 : FLOW_ANSWERED, MS);
    }
    assert_int_equal(t.count, LIVE_SERVERS_MAX);
    assert_true(t.server[LIVE_SERVERS_MAX].queries >= 50);
    for (size_t rows = 5; rows < 400; rows += 79) {
        char *text = print(&t, rows);
        size_t lines = 0;
        for (const char *p = text; *p != '\0'; p++)
            lines += *p == '\n';
        assert_true(lines < rows);
        assert_int_equal(strstr(text, "all other servers") != NULL, rows > LIVE_SERVERS_MAX + 3);
        free(text);
    }
    live_table_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(counts), cmocka_unit_test(narrow),
                                       cmocka_unit_test(bounded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
