/* Presentation format, both ways: every type of the table has samples that read, print back to the
 * same text and keep their octets; and what BIND's own reader says of them (named-rrchecker). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/nsproto.h"

/* type, RDATA as it prints; bind: named-rrchecker knows the type and prints it alike */
typedef struct sample {
    const char *type;
    const char *text;
    bool bind;
} sample_t;

static const sample_t samples[] = {
    {"A", "192.0.2.1", true},
    {"A", "255.255.255.255", true},
    {"NS", "ns.example.", true},
    {"NS", ".", true},
    {"MD", "a.example.", true},
    {"MF", "a.example.", true},
    {"CNAME", "a\\.b.example.", true},
    {"CNAME", "\\000\\032\\255.example.", true},
    {"SOA", "a.example. b.example. 4294967295 7200 900 1209600 300", true},
    {"MB", "a.example.", true},
    {"MG", "a.example.", true},
    {"MR", "a.example.", true},
    {"NULL", "\\# 3 0A0B0C", false},
    {"WKS", "192.0.2.1 6 25 80", true},
    {"PTR", "a.example.", true},
    {"HINFO", "\"PC\" \"a b\"", true},
    {"MINFO", "a.example. b.example.", true},
    {"MX", "10 a.example.", true},
    {"MX", "0 .", true},
    {"TXT", "\"a\"", true},
    {"TXT", "\"a b\" \"c;d\" \"\"", true},
    {"TXT", "\"\\\"\\\\\\000\\255\"", true},
    {"RP", "a.example. b.example.", true},
    {"AFSDB", "1 a.example.", true},
    {"X25", "\"311061700956\"", true},
    {"ISDN", "\"150862028003217\" \"004\"", true},
    {"ISDN", "\"150862028003217\"", true},
    {"RT", "2 a.example.", true},
    {"NSAP", "0x47000580005A0000000001E133FFFFFF00016100", true},
    {"NSAP-PTR", "a.example.", true},
    {"SIG",
     "NXT 1 3 3600 20200102030405 19961211100908 2143 foo.nil. AIYADP8d3zYNyQwW2EM4wXVF"
     "dslEJcUx/fxkfBeH1El4ixPFhpfHFElxbvKoWmvjDTCmfiYy2X+8XpFjwICHc398kzWsTMKlxovpz2FnCTM=",
     true},
    {"KEY",
     "512 255 1 AQMFD5raczCJHViKtLYhWGz8hMY9UGRuniJDBzC7w0aRyzWZriO6i2odGWWQ"
     "VucZqKVsENW91IOW4vqudngPZsY3GvQ/xVA8/7pyFj6b7Esga60zyGW6LFe9r8n6paHrlG5ojqf0BaqHT+8=",
     true},
    {"PX", "65535 foo. bar.", true},
    {"GPOS", "\"-22.6882\" \"116.8652\" \"250.0\"", true},
    {"AAAA", "2001:db8::1", true},
    {"AAAA", "::", true},
    {"AAAA", "::ffff:192.0.2.1", true},
    {"AAAA", "1:0:0:1::", true},
    {"LOC", "60 9 0.000 N 24 39 0.000 E 10.00m 20m 2000m 20m", true},
    {"LOC", "42 21 54.000 N 71 6 18.000 W -24.00m 30m 10000m 10m", true},
    {"LOC", "0 0 0.001 S 180 0 0.000 E -100000.00m 0.01m 90000000m 0.00m", true},
    {"LOC", "90 0 0.000 S 180 0 0.000 W 42849672.95m 0.90m 1m 0.01m", true},
    {"NXT", "a.example. A NS SOA MX SIG KEY NXT", false},
    {"EID", "1289AB", true},
    {"NIMLOC", "1289AB", true},
    {"SRV", "0 1 443 a.example.", true},
    {"ATMA", "+61200000000", true},
    {"ATMA", "47", false},
    {"NAPTR", "100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b.example!\" .", true},
    {"KX", "10 a.example.", true},
    {"CERT", "PKIX 5 RSASHA256 AQMFD5raczCJHViK", true},
    {"CERT", "65534 65535 200 MxFcby9k/yvedMfQgKzhH5er0Mu/vILz45IkskceFGgiWCn/GxHhai6VAuHAoNUz",
     false},
    {"A6", "64 ::1234:5678:9abc:def0 a.example.", false},
    {"A6", "0 2001:db8::1", true},
    {"A6", "128 a.example.", true},
    {"DNAME", "a.example.", true},
    {"SINK", "1 2 3", false},
    {"SINK", "1 2 3 AQID", true},
    {"APL", "\\# 7 00630803010203", true},
    {"APL", "1:192.168.32.0/21 !1:192.168.38.0/28 2:2001:db8::/32 !1:0.0.0.0/0", true},
    {"DS", "30795 1 1 310D27F4D82C1FC2400704EA9939FE6E1CEAA3B9", true},
    {"SSHFP", "4 2 C76D8329954DA2835751E371544E963EFDA099080D6C58DD2BFD9A31C6E162C8", true},
    {"IPSECKEY", "10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==", true},
    {"IPSECKEY", "10 0 2 . AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==", true},
    {"IPSECKEY", "10 3 2 a.example. AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==", true},
    {"IPSECKEY", "10 2 2 2001:db8::1 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==", true},
    {"RRSIG",
     "A 5 3 86400 20300322173103 20030220173103 2642 example.com. oJB1W6WNGv+ldvQ3WDG0MQ==", false},
    {"NSEC", "a.example. A MX RRSIG NSEC TYPE1234", true},
    {"NSEC", ". NS SOA", true},
    {"DNSKEY",
     "256 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9i"
     "Uzy1L53eKGQ==",
     true},
    {"DHCID", "AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=", true},
    {"NSEC3", "1 1 12 AABBCCDD 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR A RRSIG", true},
    {"NSEC3", "1 0 0 - 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR", true},
    {"NSEC3PARAM", "1 0 12 AABBCCDD", true},
    {"NSEC3PARAM", "1 0 0 -", true},
    {"TLSA", "3 1 1 D2ABDE240D7CD3EE6B4B28C54DF034B97983A1D16E8A410E4561CB106618E971", true},
    {"SMIMEA", "0 0 1 D2ABDE240D7CD3EE6B4B28C54DF034B97983A1D16E8A410E4561CB106618E971", true},
    {"HIP",
     "2 200100107B1A74DF365639CC39F1D578 AwEAAbdxyhNuSutc5EMzxTs9LBPCIkOFH8cI a.example. "
     "b.example.",
     true},
    {"NINFO", "\"foo\" \"bar\"", true},
    {"RKEY", "0 255 1 AQMFD5raczCJHViK", true},
    {"TALINK", "a.example. b.example.", true},
    {"CDS", "30795 1 1 310D27F4D82C1FC2400704EA9939FE6E1CEAA3B9", true},
    {"CDNSKEY", "256 3 5 AQPSKmynfzW4kyBv", true},
    {"OPENPGPKEY", "AQMFD5raczCJHViK", true},
    {"CSYNC", "66 3 A NS AAAA", true},
    {"ZONEMD",
     "2018031500 1 1 FEBE3D4CE2EC2FFA4BA99D46CD69D6D29711E55217057BEE7EB1A7B641A47BA7FED2"
     "DD5B97AE499FAFA4F22C6BD647DE",
     true},
    {"SVCB", "0 a.example.", true},
    {"SVCB", "16 a.example. mandatory=alpn,ipv4hint alpn=\"h2,h3-19\" ipv4hint=192.0.2.1", false},
    {"HTTPS",
     "1 . alpn=\"h2,h3\" no-default-alpn port=8443 ipv4hint=192.0.2.1,192.0.2.2 "
     "ech=AEP+DQA/ ipv6hint=2001:db8::1",
     false},
    {"HTTPS", "1 . key667=\"hello\\210qoo\"", true},
    {"DSYNC", "CDS NOTIFY 5359 a.example.", true},
    {"DSYNC", "CSYNC 2 5359 a.example.", true},
    {"HHIT", "AQMFD5raczCJHViK", false},
    {"BRID", "AQMFD5raczCJHViK", false},
    {"SPF", "\"v=spf1 -all\"", true},
    {"UINFO", "\\# 1 01", false},
    {"UID", "\\# 1 01", false},
    {"GID", "\\# 1 01", false},
    {"UNSPEC", "\\# 1 01", false},
    {"NID", "10 14:4fff:ff20:ee64", true},
    {"L32", "10 10.1.2.0", true},
    {"L64", "10 2001:db8:1140:1000", true},
    {"LP", "10 a.example.", true},
    {"EUI48", "00-00-5e-00-53-2a", true},
    {"EUI64", "00-00-5e-ef-10-00-00-2a", true},
    {"NXNAME", "\\# 0", false},
    {"TKEY", "a.example. 20200102030405 20210102030405 3 BADTIME 3 AQID 0", false},
    {"TSIG", "hmac-sha256. 1594855491 300 3 AQID 1234 BADSIG 0", false},
    {"IXFR", "\\# 0", false},
    {"AXFR", "\\# 0", false},
    {"MAILB", "\\# 0", false},
    {"MAILA", "\\# 0", false},
    {"ANY", "\\# 0", false},
    {"OPT", "\\# 4 00030000", false},
    {"URI", "10 1 \"ftp://ftp.example/public\"", true},
    {"CAA", "0 issue \"ca.example; policy=ev\"", true},
    {"CAA", "128 iodef \"mailto:a@b.example\"", true},
    {"AVC", "\"foo\" \"bar\"", true},
    {"DOA", "1234567890 1234567890 1 \"image/gif\" R0lGODlhKAAZ", true},
    {"DOA", "0 1 2 \"\" -", true},
    {"AMTRELAY", "0 0 0 .", true},
    {"AMTRELAY", "10 1 3 a.example.", true},
    {"AMTRELAY", "10 0 1 203.0.113.15", true},
    {"AMTRELAY", "10 0 2 2001:db8::15", true},
    {"RESINFO", "\"qnamemin\" \"exterr=15,16\"", false},
    {"WALLET", "\"BTC\" \"abc\"", false},
    {"CLA", "\"TCP-v4-v6\"", false},
    {"IPN", "3735928559", false},
    {"TA", "30795 1 1 310D27F4D82C1FC2400704EA9939FE6E1CEAA3B9", true},
    {"DLV", "30795 1 1 310D27F4D82C1FC2400704EA9939FE6E1CEAA3B9", true},
    {"TYPE65280", "\\# 4 0A0B0C0D", true},
    {"TYPE65280", "\\# 0", true},
};

#define SAMPLES (sizeof samples / sizeof samples[0])

static uint16_t type_of(const sample_t *s)
{
    uint16_t type = 0;
    assert_int_equal(nsp_type_from_text(s->type, strlen(s->type), &type), NSP_OK);
    return type;
}

static size_t read_sample(const sample_t *s, uint8_t wire[65535])
{
    size_t n = 0;
    size_t at = 0;
    nsp_err_t err =
        nsp_rdata_from_text(type_of(s), s->text, strlen(s->text), NULL, wire, 65535, &n, &at);
    if (err != NSP_OK)
        fail_msg("%s %s: %s at %zu", s->type, s->text, nsp_err_text(err), at);
    return n;
}

static bool print_wire(uint16_t type, const uint8_t *wire, size_t n, char *out, size_t cap)
{
    nsp_msg_t m = {.wire = wire, .size = (uint32_t)n, .opt = NSP_NO_RR};
    nsp_rr_t rr = {.type = type, .rclass = NSP_CLASS_IN, .rdlength = (uint16_t)n};
    nsp_text_t t;
    nsp_text_begin(&t, out, cap);
    return nsp_text_rdata(&t, &m, &rr);
}

static void round_trip(void **state)
{
    static uint8_t wire[65535];
    static char text[65536];
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        const sample_t *s = &samples[i];
        size_t n = read_sample(s, wire);
        print_wire(type_of(s), wire, n, text, sizeof text);
        if (type_of(s) == NSP_TYPE_OPT) /* printed as options, which no text can read */
            continue;
        if (strcmp(text, s->text) != 0)
            fail_msg("%s: read %s, printed %s", s->type, s->text, text);
    }
}

static void every_type_has_a_sample(void **state)
{
    (void)state;
    for (size_t i = 0; i < nsp_rrtype_count(); i++) {
        const nsp_rrtype_t *t = nsp_rrtype_at(i);
        bool found = false;
        for (size_t k = 0; k < SAMPLES; k++)
            found = found || strcmp(samples[k].type, t->mnemonic) == 0;
        if (!found)
            fail_msg("no sample for %s", t->mnemonic);
        assert_ptr_equal(nsp_rrtype_get(t->number), t);
    }
}

/* The same RDATA as \# data reads to the same octets, whatever the type. */
static void generic_form(void **state)
{
    static uint8_t wire[65535];
    static uint8_t again[65535];
    static char text[140000];
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        size_t n = read_sample(&samples[i], wire);
        int at = snprintf(text, sizeof text, "\\# %zu ", n);
        for (size_t k = 0; k < n; k++)
            at += snprintf(text + at, sizeof text - (size_t)at, "%02x%s", wire[k],
                           k % 7 == 0 ? " " : "");
        size_t m = 0;
        assert_int_equal(nsp_rdata_from_text(type_of(&samples[i]), text, (size_t)at, NULL, again,
                                             sizeof again, &m, NULL),
                         NSP_OK);
        assert_int_equal(n, m);
        assert_memory_equal(wire, again, n);
    }
}

/* A cut RDATA decodes to an error or to something shorter, and never reads beyond its end; ASan
 * watches the exact copy. */
static void every_prefix(void **state)
{
    static uint8_t wire[65535];
    static char text[65536];
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        size_t n = read_sample(&samples[i], wire);
        for (size_t k = 0; k < n; k++) {
            uint8_t *cut = malloc(k > 0 ? k : 1);
            assert_non_null(cut);
            memcpy(cut, wire, k);
            print_wire(type_of(&samples[i]), cut, k, text, sizeof text);
            free(cut);
        }
    }
}

/* What each of these texts is refused for, and where. */
static void refused(void **state)
{
    static const struct {
        const char *type;
        const char *text;
        nsp_err_t err;
        size_t at;
    } bad[] = {
        {"A", "192.0.2", NSP_E_TEXT_ADDRESS, 0},
        {"A", "192.0.2.256", NSP_E_TEXT_ADDRESS, 0},
        {"A", "192.0.2.1 x", NSP_E_TEXT_EXTRA, 10},
        {"A", "", NSP_E_TEXT_MISSING, 0},
        {"AAAA", "1::2::3", NSP_E_TEXT_ADDRESS, 0},
        {"AAAA", "1:2:3:4:5:6:7:8:9", NSP_E_TEXT_ADDRESS, 0},
        {"MX", "65536 a.", NSP_E_TEXT_RANGE, 0},
        {"MX", "ten a.", NSP_E_TEXT_NUMBER, 0},
        {"MX", "10", NSP_E_TEXT_MISSING, 2},
        {"MX", "10 a", NSP_E_TEXT_ORIGIN, 3},
        {"MX", "10 a..b.", NSP_E_LABEL_EMPTY, 5},
        {"TXT", "\"open", NSP_E_TEXT_QUOTE, 0},
        {"TXT", "\"\\256\"", NSP_E_TEXT_ESCAPE, 1},
        {"DS", "1 1 1 ABC", NSP_E_TEXT_HEX, 6},
        {"DS", "1 1 1 AG", NSP_E_TEXT_HEX, 7},
        {"DNSKEY", "1 3 5 A", NSP_E_TEXT_BASE64, 6},
        {"DNSKEY", "1 3 5 AQ==A", NSP_E_TEXT_BASE64, 10},
        {"NSEC", "a. A NOSUCH", NSP_E_TEXT_TYPE, 5},
        {"RRSIG", "A 5 3 1 20301322173103 1 1 a. AQID", NSP_E_TEXT_TIME, 8},
        {"SVCB", "1 a. port=1 port=2", NSP_E_TEXT_VALUE, 12},
        {"SVCB", "1 a. alpn", NSP_E_TEXT_MISSING, 5},
        {"CAA", "0 is-sue \"x\"", NSP_E_TEXT_VALUE, 4},
        {"A", "\\# 3 0a0b0c", NSP_E_RDATA_SHORT, 0},
        {"A", "\\# 4 0a0b0c", NSP_E_TEXT_VALUE, 3},
        {"SOA", "a. b. ( 1 2 3 4", NSP_E_TEXT_PAREN, 15},
        {"NULL", "abc", NSP_E_TEXT_VALUE, 0},
        {"RP", "\\# 15 01610161016101610161016100c00c", NSP_E_POINTER_FORBIDDEN, 0},
        {"SVCB", "1 a. mandatory=port,port port=1", NSP_E_RDATA_VALUE, 0},
        {"APL", "1:192.0.2.1", NSP_E_TEXT_NUMBER, 11},
        {"APL", "1", NSP_E_TEXT_NUMBER, 1},
        {"DSYNC", "CDS PUSH 1 a.", NSP_E_TEXT_NUMBER, 4},
        {"DSYNC", "CDS 256 1 a.", NSP_E_TEXT_RANGE, 4},
        {"DOA", "1 1 1 \"\" - AQID", NSP_E_TEXT_EXTRA, 11},
        {"DOA", "1 1 1 \"\"", NSP_E_TEXT_MISSING, 8},
    };
    static uint8_t wire[65535];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint16_t type = 0;
        size_t n = 0;
        size_t at = 0;
        nsp_type_from_text(bad[i].type, strlen(bad[i].type), &type);
        nsp_err_t err = nsp_rdata_from_text(type, bad[i].text, strlen(bad[i].text), NULL, wire,
                                            sizeof wire, &n, &at);
        if (err != bad[i].err || at != bad[i].at)
            fail_msg("%s %s: %s at %zu, not %s at %zu", bad[i].type, bad[i].text, nsp_err_name(err),
                     at, nsp_err_name(bad[i].err), bad[i].at);
    }
}

/* BIND's own reader prints the same, but for the case of hexadecimal digits and its blanks. */
static void same_text(const char *ours, char *theirs)
{
    char *end = theirs + strlen(theirs);
    while (end > theirs && (end[-1] == '\n' || end[-1] == ' '))
        *--end = '\0';
    char *rdata = theirs;
    for (int words = 0; words < 2; words++) { /* class and type */
        rdata += strcspn(rdata, "\t ");
        rdata += strspn(rdata, "\t ");
    }
    size_t k = 0;
    for (size_t i = 0; rdata[i] != '\0'; i++) {
        if (rdata[i] == ' ' && ours[k] != ' ')
            continue; /* long hexadecimal and base64 are split */
        if (ours[k] == '\0' || (rdata[i] | 32) != (ours[k] | 32))
            fail_msg("ours: %s\nBIND: %s", ours, rdata);
        k++;
    }
    if (ours[k] != '\0')
        fail_msg("ours: %s\nBIND: %s", ours, rdata);
}

static void as_bind(void **state)
{
    (void)state;
    if (access("/usr/bin/named-rrchecker", X_OK) != 0) {
        fprintf(stderr, "SKIPPED: as_bind: named-rrchecker is not installed\n");
        skip();
    }
    for (size_t i = 0; i < SAMPLES; i++) {
        char path[] = "/tmp/nsprobe-rr-XXXXXX";
        char command[128];
        static char out[70000];
        if (!samples[i].bind)
            continue;
        int fd = mkstemp(path);
        assert_true(fd >= 0);
        FILE *f = fdopen(fd, "w");
        fprintf(f, "IN %s %s\n", samples[i].type, samples[i].text);
        fclose(f);
        snprintf(command, sizeof command, "/usr/bin/named-rrchecker -p < %s 2>&1", path);
        FILE *p = popen(command, "r");
        assert_non_null(p);
        size_t n = fread(out, 1, sizeof out - 1, p);
        out[n] = '\0';
        pclose(p);
        unlink(path);
        same_text(samples[i].text, out);
    }
}

/* A whole zone text: directives, blanks for the owner, TTL units, parentheses, comments. */
static void zone_text(void **state)
{
    static const char text[] = "$TTL 1h ; default\n$ORIGIN example.\n"
                               "@ IN SOA ns host ( 1 ; serial\n  2h 3d 4w 5 )\n"
                               "   NS ns\n"
                               "ns 300 IN A 192.0.2.1\n\tIN 1d2h AAAA 2001:db8::1\n"
                               "$ORIGIN sub\nx TXT a \"b c\"\ny TYPE1 \\# 4 c0000201\n";
    static const struct {
        const char *owner;
        uint32_t ttl;
        uint16_t type;
    } expect[] = {{"example.", 3600, 6},        {"example.", 3600, 2},
                  {"ns.example.", 300, 1},      {"ns.example.", 93600, 28},
                  {"x.sub.example.", 3600, 16}, {"y.sub.example.", 3600, 1}};
    static nsp_zone_rr_t rr;
    nsp_zone_reader_t z;
    (void)state;
    nsp_zone_begin(&z, text, sizeof text - 1, NULL);
    for (size_t i = 0; i < sizeof expect / sizeof expect[0]; i++) {
        char owner[NSP_NAME_TEXT_MAX];
        if (!nsp_zone_next(&z, &rr))
            fail_msg("record %zu: %s in line %u", i, nsp_err_text(z.err), z.err_at.line);
        nsp_name_to_text(&rr.owner, owner, sizeof owner);
        assert_string_equal(owner, expect[i].owner);
        assert_int_equal(rr.ttl, expect[i].ttl);
        assert_int_equal(rr.type, expect[i].type);
    }
    assert_false(nsp_zone_next(&z, &rr));
    assert_int_equal(z.err, NSP_OK);
}

/* Every error with line and column, and the reader goes on with the next record. */
static void zone_errors(void **state)
{
    static const char text[] =
        "a.  A 1.2.3\nb. A 192.0.2.1\n  NOSUCH x\n$INCLUDE f\nc A 192.0.2.1\n"
        "d. TXT \"open\ne. A 192.0.2.2\n)\nf. 99999999999 A 192.0.2.1\n";
    static const struct {
        nsp_err_t err;
        uint32_t line;
        uint32_t column;
    } expect[] = {{NSP_E_TEXT_ADDRESS, 1, 7},
                  {NSP_OK, 0, 0},
                  {NSP_E_TEXT_TYPE, 3, 3},
                  {NSP_E_TEXT_DIRECTIVE, 4, 1},
                  {NSP_E_TEXT_ORIGIN, 5, 1},
                  {NSP_E_TEXT_QUOTE, 6, 8},
                  {NSP_OK, 0, 0},
                  {NSP_E_TEXT_PAREN, 8, 1},
                  {NSP_E_TEXT_RANGE, 9, 4}};
    static nsp_zone_rr_t rr;
    nsp_zone_reader_t z;
    (void)state;
    nsp_zone_begin(&z, text, sizeof text - 1, NULL);
    for (size_t i = 0; i < sizeof expect / sizeof expect[0]; i++) {
        bool good = nsp_zone_next(&z, &rr);
        if (z.err != expect[i].err || good != (expect[i].err == NSP_OK) ||
            (!good && (z.err_at.line != expect[i].line || z.err_at.column != expect[i].column)))
            fail_msg("%zu: %s at %u:%u", i, nsp_err_name(z.err), z.err_at.line, z.err_at.column);
    }
    assert_false(nsp_zone_next(&z, &rr));
    assert_int_equal(z.err, NSP_OK);
}

/* Whatever the buffer's size: the text's beginning is there, and the rest is counted. */
static void text_fits(void **state)
{
    char word[701];
    char buf[900];
    (void)state;
    memset(word, 'x', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    for (size_t cap = 0; cap < sizeof buf; cap++) {
        nsp_text_t t;
        memset(buf, '!', sizeof buf);
        nsp_text_begin(&t, buf, cap);
        nsp_text_printf(&t, "%d %s", 7, word);
        nsp_text_str(&t, " and more");
        nsp_text_printf(&t, ".");
        assert_int_equal(t.len + t.lost, 2 + 700 + 9 + 1);
        assert_int_equal(t.len, cap == 0 ? 0 : cap <= 712 ? cap - 1 : 712);
        assert_int_equal(buf[cap], '!');
        if (cap > 0)
            assert_int_equal(strlen(buf), t.len);
        assert_true(t.len < 3 || memcmp(buf, "7 x", 3) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),   cmocka_unit_test(every_type_has_a_sample),
        cmocka_unit_test(generic_form), cmocka_unit_test(every_prefix),
        cmocka_unit_test(refused),      cmocka_unit_test(as_bind),
        cmocka_unit_test(zone_text),    cmocka_unit_test(zone_errors),
        cmocka_unit_test(text_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
