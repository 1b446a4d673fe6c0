/* The annotated hexdump: every octet once and in order, fields by name, faults marked. */
#include "report/message_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "messages.h"
#include "proto/mangle.h"

/* The dump of a message as text; the caller frees it. */
static char *dump_part(const uint8_t *wire, size_t size, size_t most, nsp_msg_t *m, nsp_rr_t *arena)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    nsp_msg_index(m, wire, size, arena, NSP_RR_MAX);
    nsp_msg_validate(m);
    message_print_hex(out, m, most);
    assert_int_equal(fclose(out), 0);
    return text;
}

static char *dump_of(const uint8_t *wire, size_t size, nsp_msg_t *m, nsp_rr_t *arena)
{
    return dump_part(wire, size, SIZE_MAX, m, arena);
}

static int digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

/* The octets of one line must be those of the message at *at. */
static void follow_line(const char *line, size_t len, const uint8_t *wire, size_t size, size_t *at)
{
    char offset[8];
    size_t octets = 0;
    snprintf(offset, sizeof offset, "%04zx ", *at);
    assert_memory_equal(line, offset, 5);
    for (size_t i = 5; i + 3 <= len && octets < 8 && line[i] == ' '; i += 3) {
        int high = digit(line[i + 1]);
        int low = digit(line[i + 2]);
        if (high < 0 || low < 0)
            break;
        assert_true(*at < size);
        assert_int_equal(high * 16 + low, wire[*at]);
        (*at)++;
        octets++;
    }
    assert_true(octets > 0);
}

/* Every octet of the message is there once, in order; no line ends in a blank. */
static void follow(const char *text, const uint8_t *wire, size_t size)
{
    size_t at = 0;
    for (const char *line = text; *line != '\0';) {
        size_t len = strcspn(line, "\n");
        assert_int_equal(line[len], '\n');
        assert_true(len > 0 && line[len - 1] != ' ');
        if (line[0] != ';' && line[0] != ' ')
            follow_line(line, len, wire, size, &at);
        line += len + 1;
    }
    assert_int_equal(at, size);
}

static void follow_message(const uint8_t *wire, size_t size)
{
    nsp_msg_t m;
    nsp_rr_t *arena = calloc(NSP_RR_MAX, sizeof *arena);
    assert_non_null(arena);
    char *text = dump_of(wire, size, &m, arena);
    follow(text, wire, size);
    for (uint16_t i = 0; i < m.fault_count && i < NSP_FAULTS_KEPT; i++) {
        char wanted[200];
        snprintf(wanted, sizeof wanted, ";; fault at %04x: %s\n", m.fault[i].offset,
                 nsp_err_text(m.fault[i].err));
        assert_non_null(strstr(text, wanted));
        snprintf(wanted, sizeof wanted, "^^ %s\n", nsp_err_text(m.fault[i].err));
        if (m.fault[i].offset < size)
            assert_non_null(strstr(text, wanted));
    }
    if (m.fault_count == 0) {
        assert_null(strstr(text, "^^"));
        assert_null(strstr(text, ";;"));
    }
    free(text);
    free(arena);
}

static void whole_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < good_message_count; i++)
        follow_message(good_messages[i].wire, good_messages[i].size);
}

/* Every prefix, in memory of exactly its size. */
static void every_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < good_message_count; i++) {
        for (size_t size = 0; size < good_messages[i].size; size++) {
            uint8_t *part = malloc(size > 0 ? size : 1);
            assert_non_null(part);
            memcpy(part, good_messages[i].wire, size);
            follow_message(part, size);
            free(part);
        }
    }
}

static void every_mangling(void **state)
{
    (void)state;
    for (size_t i = 0; i < good_message_count; i++) {
        for (int kind = 0; kind < NSP_MANGLE_COUNT; kind++) {
            size_t size = good_messages[i].size;
            uint8_t *wire = malloc(size + 600);
            assert_non_null(wire);
            memcpy(wire, good_messages[i].wire, size);
            assert_int_equal(nsp_mangle((nsp_mangle_t)kind, wire, &size, size + 600), NSP_OK);
            follow_message(wire, size);
            free(wire);
        }
    }
}

#define HEADER(qd, an, ns, ar) "\x12\x34\x85\x80\0" qd "\0" an "\0" ns "\0" ar

static const struct {
    const char *name;
    const char *wire;
    size_t size;
    const char *text;
} cases[] = {
#define CASE(name, wire, text)                                                                     \
    {                                                                                              \
        name, wire, sizeof(wire) - 1, text                                                         \
    }
    CASE("one octet", "\x12",
         "0000  12                       header, cut short\n"
         ";; fault at 0001: message is shorter than the 12 octets of a header\n"),
    CASE("header only", HEADER("\0", "\0", "\0", "\0"),
         "0000  12 34                    ID 4660\n"
         "0002  85 80                    flags: qr opcode QUERY aa rd ra, rcode NOERROR\n"
         "0004  00 00                    QDCOUNT 0\n"
         "      ^^ question count is not 1\n"
         "0006  00 00                    ANCOUNT 0\n"
         "0008  00 00                    NSCOUNT 0\n"
         "000a  00 00                    ARCOUNT 0\n"
         ";; fault at 0004: question count is not 1\n"),
    CASE("MX and its fields",
         HEADER("\1", "\1", "\0", "\0") "\1a\0\0\xf\0\1"
                                        "\xc0\xc\0\xf\0\1\0\0\xe\x10\0\7\0\5\2mx\xc0\xc",
         "0000  12 34                    ID 4660\n"
         "0002  85 80                    flags: qr opcode QUERY aa rd ra, rcode NOERROR\n"
         "0004  00 01                    QDCOUNT 1\n"
         "0006  00 01                    ANCOUNT 1\n"
         "0008  00 00                    NSCOUNT 0\n"
         "000a  00 00                    ARCOUNT 0\n"
         "000c  01 61 00                 question 1 QNAME a.\n"
         "000f  00 0f                    question 1 QTYPE MX\n"
         "0011  00 01                    question 1 QCLASS IN\n"
         "0013  c0 0c                    answer record 1 owner a.\n"
         "0015  00 0f                    TYPE MX\n"
         "0017  00 01                    CLASS IN\n"
         "0019  00 00 0e 10              TTL 3600\n"
         "001d  00 07                    RDLENGTH 7\n"
         "001f  00 05                      preference 5\n"
         "0021  02 6d 78 c0 0c             exchange mx.a.\n"),
    CASE("OPT with options",
         HEADER("\1", "\0", "\0", "\1") "\0\0\6\0\1"
                                        "\0\0\x29\4\xd0\1\0\x80\0\0\xc"
                                        "\0\3\0\0"
                                        "\0\xa\0\4\1\2\3\4",
         "0000  12 34                    ID 4660\n"
         "0002  85 80                    flags: qr opcode QUERY aa rd ra, rcode NOERROR\n"
         "0004  00 01                    QDCOUNT 1\n"
         "0006  00 00                    ANCOUNT 0\n"
         "0008  00 00                    NSCOUNT 0\n"
         "000a  00 01                    ARCOUNT 1\n"
         "000c  00                       question 1 QNAME .\n"
         "000d  00 06                    question 1 QTYPE SOA\n"
         "000f  00 01                    question 1 QCLASS IN\n"
         "0011  00                       additional record 1 owner .\n"
         "0012  00 29                    TYPE OPT\n"
         "0014  04 d0                    UDP payload size 1232\n"
         "0016  01                       extended rcode bits 1\n"
         "0017  00                       EDNS version 0\n"
         "0018  80 00                    EDNS flags do\n"
         "001a  00 0c                    RDLENGTH 12\n"
         "001c  00 03                    option NSID\n"
         "001e  00 00                    option length 0\n"
         "0020  00 0a                    option COOKIE\n"
         "0022  00 04                    option length 4\n"
         "0024  01 02 03 04              01020304\n"),
};

static void exact_text(void **state)
{
    (void)state;
    nsp_rr_t *arena = calloc(NSP_RR_MAX, sizeof *arena);
    assert_non_null(arena);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        nsp_msg_t m;
        char *text = dump_of((const uint8_t *)cases[i].wire, cases[i].size, &m, arena);
        if (strcmp(text, cases[i].text) != 0)
            fail_msg("%s:\n%s", cases[i].name, text);
        free(text);
    }
    free(arena);
}

/* The mark stands below the octet at fault. */
static void mark_position(void **state)
{
    (void)state;
    static const char wire[] = HEADER("\1", "\0", "\0", "\0") "\1a\xc0\x7f\0\1\0\1";
    nsp_msg_t m;
    nsp_rr_t *arena = calloc(NSP_RR_MAX, sizeof *arena);
    assert_non_null(arena);
    char *text = dump_of((const uint8_t *)wire, sizeof wire - 1, &m, arena);
    const char *mark = strstr(text, "^^");
    assert_non_null(mark);
    assert_int_equal(m.fault_count, 1);
    const char *line = mark;
    while (line > text && line[-1] != '\n')
        line--;
    const char *above = line - 1;
    while (above > text && above[-1] != '\n')
        above--;
    uint32_t first = (uint32_t)strtoul(above, NULL, 16);
    assert_int_equal(mark - line, 6 + 3 * (m.fault[0].offset - first));
    assert_true(m.fault[0].offset >= 12 && m.fault[0].offset < 16);
    free(text);
    free(arena);
}

/* A message of the largest size whose records are all pointers to the longest name: what is printed
 * of it stays as short as was asked for, is whole lines, and says how much is missing. */
static void longest_text(void **state)
{
    static uint8_t wire[UINT16_MAX];
    nsp_msg_t m;
    nsp_rr_t *arena = calloc(NSP_RR_MAX, sizeof *arena);
    uint8_t name[255];
    nsp_writer_t w = nsp_writer(wire, sizeof wire);
    (void)state;
    assert_non_null(arena);
    memset(name, 1, sizeof name);
    name[0] = name[64] = name[128] = 63;
    name[192] = 61;
    name[254] = 0;
    for (unsigned i = 0; i < 6; i++)
        nsp_write_u16(&w, i == 2 ? 1 : i == 3 ? 4661 : 0);
    nsp_write_bytes(&w, name, sizeof name);
    nsp_write_u32(&w, NSP_TYPE_NS << 16 | NSP_CLASS_IN);
    for (unsigned i = 0; i < 4661; i++) {
        static const uint8_t rr[] = {0xc0, 12, 0, NSP_TYPE_NS, 0, 1, 0, 0, 0, 60, 0, 2, 0xc0, 12};
        nsp_write_bytes(&w, rr, sizeof rr);
    }
    assert_int_equal(w.err, NSP_OK);
    char *text = dump_part(wire, w.pos, 20000, &m, arena);
    size_t n = strlen(text);
    assert_true(m.complete);
    assert_in_range(n, 20000, 20000 + 1300);
    assert_int_equal(text[n - 1], '\n');
    const char *rest = strstr(text, "\n... and ");
    assert_non_null(rest);
    assert_in_range(strtoul(rest + 9, NULL, 10), 60000, 65535);
    free(text);
    text = dump_of(wire, w.pos, &m, arena);
    assert_true(strlen(text) > 5000000 && strstr(text, "... and ") == NULL);
    free(text);
    free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_messages), cmocka_unit_test(every_prefix),
        cmocka_unit_test(every_mangling), cmocka_unit_test(exact_text),
        cmocka_unit_test(mark_position),  cmocka_unit_test(longest_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
