/* What is told of a name between the zone's own and one that exists, and of underscores. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "zonecase.h"

#define THREE_GLUED                                                                                \
    "zone NS ns1.zone\nzone NS ns2.zone\nzone NS ns3.zone\n"                                       \
    "ns1.zone A 8.0.1.1\nns2.zone A 8.0.2.1\nns3.zone A 8.0.3.1\n"
#define ZONE(name, more)                                                                           \
    "zone " name " {\n$TTL 3600\n@ SOA ns1 host 7 14400 3600 1209600 3600\n"                       \
    "@ NS ns1\n@ NS ns2\n@ NS ns3\nns1 A 8.0.1.1\nns2 A 8.0.2.1\nns3 A 8.0.3.1\n@ MX 0 .\n"        \
    "@ TXT \"v=spf1 -all\"\n" more "}\n"
#define KEY "a._domainkey TXT \"v=DKIM1; p=\"\n"
#define ADDRESSES(at2, at3)                                                                        \
    "address 8.0.1.1 {\nserves zone.test\n}\naddress 8.0.2.1 {\n" at2 "}\naddress 8.0.3.1 {\n" at3 \
    "}\n"
#define SERVES "serves zone.test\n"
#define DENIES SERVES "behave nxdomain when named _domainkey\n"

/* RFC 8020 2: what has names below it exists. */
static const zonecase_t denied = {
    "one server denies a name that has others below it",
    THREE_GLUED,
    ZONE("zone.test", KEY) ADDRESSES(DENIES, SERVES),
    {"error empty-name-denied [ns2.zone.test. 8.0.2.1]",
     "_domainkey.zone.test does not exist here (NXDOMAIN), and does at ns1.zone.test (8.0.1.1), "
     "with the same serial 7.",
     "fix: Ask ns2.zone.test (8.0.2.1) for a record below _domainkey.zone.test"},
    {"answers-differ", "[ns1.zone.test. 8.0.1.1]"}};

/* Where one has it alone, its copy is what differs. */
static const zonecase_t alone = {"one copy has a name that the others do not",
                                 THREE_GLUED,
                                 ZONE("zone.test", "") ZONE("zone.test@b", KEY)
                                     ADDRESSES("serves zone.test@b\n", SERVES),
                                 {"warning answers-differ [ns2.zone.test. 8.0.2.1]",
                                  "_domainkey.zone.test exists here, and not at ns1.zone.test "
                                  "(8.0.1.1), with the same serial 7"},
                                 {"empty-name-denied"}};

/* A wildcard, or one who says of all names that they exist, proves nothing. */
static const zonecase_t wildcard = {"a wildcard makes the name exist at all",
                                    THREE_GLUED,
                                    ZONE("zone.test", "* A 8.0.1.9\n") ADDRESSES(SERVES, SERVES),
                                    {"info wildcard"},
                                    {"empty-name-denied", "answers-differ", "warning", "error"}};

static const zonecase_t nowhere = {"there is no such name",
                                   THREE_GLUED,
                                   ZONE("zone.test", "") ADDRESSES(SERVES, SERVES),
                                   {NULL},
                                   {"empty-name-denied", "warning", "error"}};

static const zonecase_t dropped = {"one server does not answer for names with an underscore",
                                   THREE_GLUED,
                                   ZONE("zone.test", KEY)
                                       ADDRESSES(SERVES "behave drop when underscore\n", SERVES),
                                   {"error underscore-broken [ns2.zone.test. 8.0.2.1]",
                                    "gets no answer", "the zone and the delegation are right"},
                                   {"empty-name-denied", "unresponsive"}};

/* Whoever answers no name is told so, and not about underscores. */
static const zonecase_t all_names = {"one server refuses whatever is not the zone's own name",
                                     THREE_GLUED,
                                     ZONE("zone.test", KEY)
                                         ADDRESSES(SERVES "behave refuse when type A\n", SERVES),
                                     {"negative-broken [ns2.zone.test. 8.0.2.1]"},
                                     {"underscore-broken"}};

/* A zone that nobody delegates hides what is below its name. */
static const zonecase_t hidden = {
    "one server holds a zone of its own for the name",
    THREE_GLUED,
    ZONE("zone.test", KEY) "zone _domainkey.zone.test {\n$TTL 3600\n@ SOA ns1 host 1 2 3 4 5\n@ NS "
                           "ns1.zone.test.\n}\n" ADDRESSES(SERVES "serves _domainkey.zone.test\n",
                                                           SERVES),
    {"warning answers-differ [ns2.zone.test. 8.0.2.1]",
     "This server holds a zone _domainkey.zone.test of its own, and ns1.zone.test (8.0.1.1)",
     "fix: Remove the zone _domainkey.zone.test from the configuration of ns2.zone.test (8.0.2.1)"},
    {"empty-name-denied", "[ns1.zone.test. 8.0.1.1]\n", "[ns3.zone.test. 8.0.3.1]\n"}};

/* The same for the name of a server. */
static const zonecase_t hidden_server = {
    "one server holds a zone of its own for a server's name",
    THREE_GLUED,
    ZONE("zone.test", "") "zone ns1.zone.test {\n$TTL 3600\n@ SOA ns2.zone.test. host 1 2 3 4 5\n@ "
                          "NS ns2.zone.test.\n}\n" ADDRESSES(SERVES "serves ns1.zone.test\n",
                                                             SERVES),
    {"warning answers-differ [ns2.zone.test. 8.0.2.1]",
     "This server holds a zone ns1.zone.test of its own",
     "fix: Remove the zone ns1.zone.test from the configuration"},
    {"has no address here", "beside-wrong [ns2.zone.test. 8.0.2.1]\n"}};

static void test_hidden(void **state)
{
    (void)state;
    zonecase_check(&hidden);
    zonecase_check(&hidden_server);
}

static void test_denied(void **state)
{
    (void)state;
    zonecase_check(&denied);
    zonecase_check(&alone);
    zonecase_check(&wildcard);
    zonecase_check(&nowhere);
}

static void test_underscore(void **state)
{
    (void)state;
    zonecase_check(&dropped);
    zonecase_check(&all_names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_denied), cmocka_unit_test(test_hidden),
                                       cmocka_unit_test(test_underscore)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
