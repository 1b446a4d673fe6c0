#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "report/dkim_matrix.h"
#include "xbuild.h"

#define RECORDS_MAX   40
#define ADDRESSES_MAX 40

/* A result made by hand. */
typedef struct made {
    exchange_set_t set;
    nsp_name_t domain;
    expectation_t expectation[RECORDS_MAX];
    uint8_t rdata[RECORDS_MAX][256];
    dkim_result_t result;
} made_t;

static void made_begin(made_t *m, const char *domain, size_t records, size_t addresses)
{
    memset(m, 0, sizeof *m);
    exchange_set_init(&m->set, 0);
    m->domain = xname(domain);
    m->result.expectation = m->expectation;
    m->result.expectation_count = records;
    m->result.address_count = addresses;
    m->result.address = calloc(addresses + 1, sizeof *m->result.address);
    m->result.cell = calloc(records * addresses + 1, sizeof *m->result.cell);
    assert_true(m->result.address != NULL && m->result.cell != NULL);
    m->result.outcome = ROUND_NEGATIVE;
    m->result.status = VERIFIER_PENDING;
    finding_list_init(&m->result.findings);
}

static void made_end(made_t *m)
{
    dkim_result_free(&m->result);
    exchange_set_free(&m->set);
}

static void made_cname(made_t *m, size_t i, const char *owner, const char *target)
{
    nsp_name_t name = xname(target);
    m->expectation[i].owner = xname(owner);
    m->expectation[i].type = NSP_TYPE_CNAME;
    memcpy(m->rdata[i], name.octets, name.len);
    m->expectation[i].rdata = m->rdata[i];
    m->expectation[i].rdlen = name.len;
}

static dkim_address_t *made_address(made_t *m, size_t i, const char *zone, const char *server,
                                    const char *addr)
{
    dkim_address_t *a = &m->result.address[i];
    a->addr = xaddr(addr);
    a->zone = xname(zone);
    a->server = xname(server);
    a->delegated = true;
    a->rtt = -1;
    return a;
}

static void made_cell(made_t *m, size_t record, size_t address, mark_t udp, mark_t tcp)
{
    dkim_cell_t *c = &m->result.cell[record * m->result.address_count + address];
    c->udp = udp;
    c->tcp = tcp;
    c->holds = true;
}

static char *made_text(const made_t *m, bool verbose, bool colour)
{
    char *buf = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&buf, &size);
    dkim_report_t r = {&m->domain, &m->set, &m->result, verbose, colour, false, false};
    assert_non_null(out);
    assert_true(dkim_report_text(out, &r));
    fclose(out);
    return buf;
}

static size_t widest(const char *text)
{
    size_t most = 0;
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");
        most = n > most ? n : most;
        text += n + (text[n] == '\n');
    }
    return most;
}

static const char matrix[] =
    "example.net.  PENDING\n"
    "  2 records expected at 3 addresses of example.net.\n"
    "\n"
    "RECORD                                                                  FOUND AT\n"
    "1 hirjd4ex..ttobi._domainkey CNAME hirjd4ex..ttobi.dkim.amazonses.com.    2 of 3\n"
    "2 b._domainkey CNAME b.dkim.amazonses.com.                                0 of 3\n"
    "\n"
    "SERVER AND ADDRESS               1   2  SERIAL          TIME\n"
    "ns1.example.net.\n"
    "  192.0.2.1                     ++  --  7             2.3 ms\n"
    "  2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff\n"
    "                                +?  oo  -                  -\n"
    "ns2.example.net.\n"
    "  192.0.2.2                     x.  !#  -                  -\n"
    "old.example.org.  (not delegated)\n"
    "  203.0.113.1                   +.  +.  -                  -\n"
    "UDP, then TCP: + found, x other data, o no such record, - no such name,\n"
    "               ! refused or lame, # broken replies, ? no reply, . not asked\n"
    "\n"
    "PENDING: chance that one attempt of a verifier finds every record: 25 %\n"
    "0 errors, 0 warnings, 0 notices; 0 exchanges\n";

static void test_matrix(void **state)
{
    (void)state;
    made_t *m = malloc(sizeof *m);
    assert_non_null(m);
    made_begin(m, "example.net.", 2, 4);
    made_cname(m, 0, "hirjd4exampled5477y22yd23ettobi._domainkey.example.net.",
               "hirjd4exampled5477y22yd23ettobi.dkim.amazonses.com.");
    made_cname(m, 1, "b._domainkey.example.net.", "b.dkim.amazonses.com.");
    made_address(m, 0, "example.net.", "ns1.example.net.", "192.0.2.1")->rtt = 2300000;
    m->result.address[0].serial = 7;
    m->result.address[0].has_serial = true;
    made_address(m, 1, "example.net.", "ns2.example.net.", "192.0.2.2");
    made_address(m, 2, "example.net.", "ns1.example.net.",
                 "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff");
    made_address(m, 3, "example.net.", "old.example.org.", "203.0.113.1")->delegated = false;
    made_cell(m, 0, 0, MARK_MATCH, MARK_MATCH);
    made_cell(m, 1, 0, MARK_NXDOMAIN, MARK_NXDOMAIN);
    made_cell(m, 0, 1, MARK_WRONG, MARK_UNASKED);
    made_cell(m, 1, 1, MARK_REFUSED, MARK_BROKEN);
    made_cell(m, 0, 2, MARK_MATCH, MARK_SILENT);
    made_cell(m, 1, 2, MARK_NODATA, MARK_NODATA);
    m->result.cell[3].udp = MARK_MATCH;
    m->result.cell[7].udp = MARK_MATCH;
    m->result.chance = 0.25;
    char *got = made_text(m, false, false);
    assert_string_equal(got, matrix);
    free(got);
    got = made_text(m, true, true);
    assert_non_null(strstr(got, "hirjd4exampled5477y22yd23ettobi._domainkey CNAME "
                                "hirjd4exampled5477y22yd23ettobi.dkim.amazonses.com."));
    assert_non_null(strstr(got, "\033[32m  ++\033[0m\033[31m  --\033[0m"));
    free(got);
    m->result.cell[0].bogus = true;
    m->result.cell[2].bogus = true;
    got = made_text(m, false, false);
    assert_non_null(strstr(got, "  192.0.2.1                     **  --  7 "));
    assert_non_null(strstr(got, "                                *?  oo  -"));
    assert_non_null(strstr(got, "* found, but hidden by DNSSEC"));
    assert_non_null(strstr(got, "amazonses.com.    0 of 3\n2 "));
    free(got);
    made_end(m);
    free(m);
}

/* Several zones, and more records than a block holds: nothing is wider than 80 columns, and every
 * record and address is there. */
static void test_blocks(void **state)
{
    (void)state;
    made_t *m = malloc(sizeof *m);
    assert_non_null(m);
    for (size_t records = 0; records <= RECORDS_MAX; records += 5) {
        made_begin(m, "example.net.", records, ADDRESSES_MAX);
        for (size_t i = 0; i < records; i++) {
            char owner[300];
            snprintf(owner, sizeof owner,
                     "%zu.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
                     "bbbbbbbbbb.cccccccccc.dddddddddd.eeeeeeee.example.net.",
                     i);
            made_cname(m, i, owner, owner);
        }
        for (size_t i = 0; i < ADDRESSES_MAX; i++) {
            char addr[64];
            snprintf(addr, sizeof addr, "2001:db8:1111:2222:3333:4444:5555:%zx", 0x1000 + i);
            made_address(m, i, i % 2 == 0 ? "example.net." : "sub.example.net.",
                         i % 3 == 0 ? "ns1.example.net." : "ns2.example.net.", addr);
            for (size_t k = 0; k < records; k++)
                if (k % 2 == i % 2)
                    made_cell(m, k, i, MARK_MATCH, MARK_NODATA);
        }
        char *got = made_text(m, false, false);
        assert_in_range(widest(got), 20, 80);
        for (size_t i = 0; i < ADDRESSES_MAX && records > 1; i++) {
            char addr[ADDR_TEXT_MAX];
            addr_text(&m->result.address[i].addr, addr);
            assert_non_null(strstr(got, addr));
        }
        size_t cells = 0;
        for (const char *at = strstr(got, " +o"); at != NULL; at = strstr(at + 1, " +o"))
            cells++;
        size_t legend = strstr(got, "+ found, o no such record") != NULL;
        assert_int_equal(cells, records * ADDRESSES_MAX / 2);
        assert_int_equal(legend, records > 0);
        free(got);
        made_end(m);
    }
    free(m);
}

static void test_chance(void **state)
{
    (void)state;
    static const struct {
        double chance;
        const char *text;
    } cases[] = {{0, ": none\n"},       {0.0001, ": less than 0.1 %\n"},
                 {0.0123, ": 1.2 %\n"}, {0.5, ": 50 %\n"},
                 {0.987, ": 98.7 %\n"}, {0.99999, ": more than 99.9 %\n"},
                 {1, ": 100 %\n"}};
    made_t *m = malloc(sizeof *m);
    assert_non_null(m);
    made_begin(m, "example.net.", 0, 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        m->result.chance = cases[i].chance;
        char *got = made_text(m, false, false);
        assert_non_null(strstr(got, cases[i].text));
        free(got);
    }
    m->result.outcome = ROUND_UNTESTED;
    char *got = made_text(m, false, false);
    assert_non_null(strstr(got, ": not tested: no record could be asked for\n"));
    free(got);
    made_end(m);
    free(m);
}

static void test_record_text(void **state)
{
    (void)state;
    char buf[1400];
    made_t *m = malloc(sizeof *m);
    assert_non_null(m);
    made_begin(m, "example.net.", 1, 0);
    made_cname(m, 0, "example.net.", "x.");
    dkim_record_text(&m->expectation[0], &m->domain, 60, buf, sizeof buf);
    assert_string_equal(buf, "example.net. CNAME x.");
    made_cname(m, 0, "k1.other.net.", "x.");
    dkim_record_text(&m->expectation[0], &m->domain, 60, buf, sizeof buf);
    assert_string_equal(buf, "k1.other.net. CNAME x.");
    /* a TXT record is cut, its base64 is not taken for a label */
    m->expectation[0].owner = xname("k1._domainkey.example.net.");
    m->expectation[0].type = NSP_TYPE_TXT;
    m->expectation[0].rdlen = (uint32_t)snprintf((char *)m->rdata[0], 256, "%cp=%s", 62,
                                                 "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu"
                                                 "MIIBIjANBgkqhki");
    dkim_record_text(&m->expectation[0], &m->domain, 40, buf, sizeof buf);
    assert_string_equal(buf, "k1._domainkey TXT \"p=MIIBIjANBgkqhkiG...");
    assert_int_equal(strlen(buf), 40);
    dkim_record_text(&m->expectation[0], &m->domain, 0, buf, sizeof buf);
    assert_non_null(strstr(buf, "AuMIIBIjANBgkqhki\""));
    made_end(m);
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_matrix), cmocka_unit_test(test_blocks),
                                       cmocka_unit_test(test_chance),
                                       cmocka_unit_test(test_record_text)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
