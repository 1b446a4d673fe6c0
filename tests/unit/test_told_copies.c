/* What is told of servers whose copies of the zone are not the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "zonecase.h"

#define TIMES     " 14400 3600 1209600 3600\n"
#define TWO_GLUED "zone NS ns1.zone\nzone NS ns2.zone\nns1.zone A 8.0.1.1\nns2.zone A 8.0.2.1\n"
#define TWO_NS                                                                                     \
    "@ NS ns1\n@ NS ns2\nns1 A 8.0.1.1\nns2 A 8.0.2.1\n"                                           \
    "@ MX 0 .\n@ TXT \"v=spf1 -all\"\n"
/* Two versions, each at one server. */
#define TWO_VERSIONS(one, two)                                                                     \
    "zone zone.test {\n$TTL 3600\n" one "}\nzone zone.test@b {\n$TTL 3600\n" two "}\n"             \
    "address 8.0.1.1 {\nserves zone.test\n}\naddress 8.0.2.1 {\nserves zone.test@b\n}\n"

/* RFC 1912 2.2: the primary's serial is lower than that of its copies. */
static const zonecase_t went_back = {"the primary's serial went backwards",
                                     TWO_GLUED,
                                     TWO_VERSIONS("@ SOA ns1 host 1764000000" TIMES TWO_NS,
                                                  "@ SOA ns1 host 2020112401" TIMES TWO_NS),
                                     {"warning serial-differs [ns1.zone.test. 8.0.1.1]",
                                      "its serial went backwards",
                                      "raise its serial above 2020112401",
                                      "fix: Compare the records at ns1.zone.test (8.0.1.1) and"},
                                     {"have it transfer the zone again"}};

static const zonecase_t behind = {
    "a secondary is behind",
    TWO_GLUED,
    TWO_VERSIONS("@ SOA ns1 host 9" TIMES TWO_NS, "@ SOA ns1 host 8" TIMES TWO_NS),
    {"warning serial-differs [ns2.zone.test. 8.0.2.1]", "have it transfer the zone again"},
    {"backwards"}};

/* A copy cannot be newer than the primary that it names: of two servers where its serial is a date
 * to come, of three where it is far from what two have. */
static const zonecase_t mistyped = {
    "a secondary has a serial of the far future",
    TWO_GLUED,
    TWO_VERSIONS("@ SOA ns1 host 2020112401" TIMES TWO_NS,
                 "@ SOA ns1 host 2099112401" TIMES TWO_NS),
    {"warning serial-differs [ns2.zone.test. 8.0.2.1]",
     "Serial 2099112401 here, ahead of all others: 2020112401 at ns1.zone.test (8.0.1.1), the "
     "primary that the SOA names. Read as a date it is in the future.",
     "Do not raise the serial"},
    {"[ns1.zone.test. 8.0.1.1]", "backwards", "raise its serial"}};

/* The same where the first server has it, and the primary is hidden. */
static const zonecase_t mistyped_first = {
    "the first server has a serial of the far future, and the primary is hidden",
    TWO_GLUED,
    TWO_VERSIONS("@ SOA hidden host 2099112401" TIMES TWO_NS,
                 "@ SOA hidden host 2020112401" TIMES TWO_NS),
    {"warning serial-differs [ns1.zone.test. 8.0.1.1]", "ahead of all others"},
    {"[ns2.zone.test. 8.0.2.1]", "8.0.2.1), the primary"}};

/* The primary itself may have any serial: others will take it over. */
static const zonecase_t mistyped_primary = {
    "the primary has a serial of the far future",
    TWO_GLUED,
    TWO_VERSIONS("@ SOA ns1 host 2099112401" TIMES TWO_NS,
                 "@ SOA ns1 host 2020112401" TIMES TWO_NS),
    {"warning serial-differs [ns2.zone.test. 8.0.2.1]", "If serial 2099112401 is not taken over"},
    {"ahead of all others"}};

/* RFC 1982 3.2. */
static const zonecase_t undefined = {
    "serials that do not compare",
    TWO_GLUED,
    TWO_VERSIONS("@ SOA ns1 host 1" TIMES TWO_NS, "@ SOA ns1 host 2147483649" TIMES TWO_NS),
    {"exactly 2^31 apart, and neither is the newer one",
     "fix: Set the serial at the primary to 3221225473"},
    {"is not taken over soon", "backwards"}};

static const zonecase_t two_providers = {
    "two providers with the same records",
    TWO_GLUED,
    TWO_VERSIONS("@ SOA ns1 host 2026112401" TIMES TWO_NS,
                 "@ SOA ns.nic.test. host.nic.test. 17" TIMES TWO_NS),
    {"notice primaries-differ [-]",
     "ns1.zone.test (serial 2026112401): ns1.zone.test; ns.nic.test (serial 17): ns2.zone.test."},
    {"serial-differs", "transfer the zone again"}};

static const zonecase_t providers_differ = {
    "two providers with different records",
    TWO_GLUED,
    TWO_VERSIONS("@ SOA ns1 host 2020112401" TIMES TWO_NS,
                 "@ SOA ns.nic.test. host.nic.test. 17" TIMES
                 "@ NS ns1\n@ NS ns2\nns1 A 8.0.1.1\nns2 A 8.0.2.1\n@ MX 0 .\n@ TXT \"other\"\n"),
    {"warning primaries-differ [-]", "Not all of them have the same TXT records."},
    {"serial-differs", "notice primaries-differ"}};

/* The serials are counted alike: it may be an old copy, and is no notice. */
static const zonecase_t renamed = {"a primary that was renamed",
                                   TWO_GLUED,
                                   TWO_VERSIONS("@ SOA ns1 host 2026112401" TIMES TWO_NS,
                                                "@ SOA ns.nic.test. host 2026112301" TIMES TWO_NS),
                                   {"warning primaries-differ [-]", "may also be an old copy"},
                                   {"serial-differs"}};

#define SOA         "@ SOA ns1 host 7" TIMES
#define ADDRESS3    "address 8.0.3.1 {\nserves zone.test\n}\n"
#define THREE_NS    "@ NS ns1\n@ NS ns2\n@ NS ns3\nns2 A 8.0.2.1\nns3 A 8.0.3.1\n@ MX 0 .\n"
#define THREE_GLUED TWO_GLUED "zone NS ns3.zone\nns3.zone A 8.0.3.1\n"

static const zonecase_t far_ahead = {
    "one of three servers is far ahead of the primary",
    THREE_GLUED,
    TWO_VERSIONS(SOA THREE_NS "ns1 A 8.0.1.1\n",
                 "@ SOA ns1 host 4000000" TIMES THREE_NS "ns1 A 8.0.1.1\n") ADDRESS3,
    {"warning serial-differs [ns2.zone.test. 8.0.2.1]",
     "Serial 4000000 here, ahead of all others: 7 at ns1.zone.test (8.0.1.1)"},
    {"[ns1.zone.test. 8.0.1.1]", "[ns3.zone.test. 8.0.3.1]", "backwards"}};

/* One step may be a change that is on its way. */
static const zonecase_t step_ahead = {
    "one of three servers is a step ahead of the primary",
    THREE_GLUED,
    TWO_VERSIONS(SOA THREE_NS "ns1 A 8.0.1.1\n",
                 "@ SOA ns1 host 8" TIMES THREE_NS "ns1 A 8.0.1.1\n") ADDRESS3,
    {"warning serial-differs [ns1.zone.test. 8.0.1.1]",
     "warning serial-differs [ns3.zone.test. 8.0.3.1]", "is not of its making"},
    {"ahead of all others"}};

/* The address that one copy gives a server is dead: a mistake of the copy, not of the server. */
static const zonecase_t other_address = {
    "one copy has another address",
    THREE_GLUED,
    TWO_VERSIONS(SOA THREE_NS "ns1 A 8.0.1.1\n", SOA THREE_NS "ns1 A 8.0.9.1\n") ADDRESS3
    "address 8.0.9.1 {\nbehave drop\n}\n",
    {"error answers-differ [ns2.zone.test. 8.0.2.1]\n",
     "ns1.zone.test has 8.0.9.1 here, and 8.0.1.1 at ns1.zone.test (8.0.1.1), with the same serial "
     "7.",
     "error unresponsive [ns1.zone.test. 8.0.9.1] <- answers-differ [ns2.zone.test. 8.0.2.1]"},
    {"to the glue", "glue-mismatch"}};

/* Whatever differs in one copy is one finding. */
static const zonecase_t two_differences = {
    "one copy has other addresses of two servers",
    THREE_GLUED,
    TWO_VERSIONS(SOA THREE_NS "ns1 A 8.0.1.1\n",
                 SOA "@ NS ns1\n@ NS ns2\n@ NS ns3\nns1 A 8.0.9.1\nns2 A 8.0.2.1\n"
                     "ns3 A 8.0.9.3\n@ MX 0 .\n") ADDRESS3
    "address 8.0.9.1 {\nserves zone.test\n}\naddress 8.0.9.3 {\nserves zone.test\n}\n",
    {"answers-differ [ns2.zone.test. 8.0.2.1]\n"
     "  ns1.zone.test has 8.0.9.1 here, and 8.0.1.1 at ns1.zone.test (8.0.1.1), with the same "
     "serial "
     "7. ns3.zone.test has 8.0.9.3 here, and 8.0.3.1 at ns1.zone.test (8.0.1.1), with the same "
     "serial 7.\n"},
    {NULL}};

/* The same of an old copy. */
static const zonecase_t old_address = {
    "an old copy has an old address",
    THREE_GLUED,
    TWO_VERSIONS(SOA THREE_NS "ns1 A 8.0.1.1\n",
                 "@ SOA ns1 host 6" TIMES THREE_NS "ns1 A 8.0.9.1\n") ADDRESS3
    "address 8.0.9.1 {\nbehave drop\n}\n",
    {"error unresponsive [ns1.zone.test. 8.0.9.1] <- serial-differs [ns2.zone.test. 8.0.2.1]"},
    {"to the glue", "glue-mismatch"}};

/* All copies agree about an address that does not answer: no glue for that. */
static const zonecase_t dead_address = {
    "an address that does not answer",
    TWO_GLUED,
    "zone zone.test {\n$TTL 3600\n" SOA TWO_NS "ns2 A 8.0.9.1\n}\n"
    "address 8.0.1.1 {\nserves zone.test\n}\naddress 8.0.2.1 {\nserves zone.test\n}\n"
    "address 8.0.9.1 {\nbehave drop\n}\n",
    {"fix: Have 8.0.9.1 answer for the zone"},
    {"Add 8.0.9.1 to the glue"}};

static const zonecase_t other_server = {
    "one copy names a server that does not exist",
    THREE_GLUED,
    TWO_VERSIONS(SOA THREE_NS "ns1 A 8.0.1.1\n",
                 SOA "@ NS ns1\n@ NS ns2\n@ NS nix.test.\nns1 A 8.0.1.1\nns2 A 8.0.2.1\n"
                     "ns3 A 8.0.3.1\n") ADDRESS3,
    {"error answers-differ [ns2.zone.test. 8.0.2.1]\n",
     "Only here is a server named nix.test, and only there ns3.zone.test.",
     "error ns-no-address [nix.test.] <- answers-differ [ns2.zone.test. 8.0.2.1]"},
    {"ns-mismatch", "Add nix.test"}};

/* A move that is half done. */
static const zonecase_t half_moved = {
    "each primary has NS records of its own",
    TWO_GLUED,
    TWO_VERSIONS("@ SOA ns1 host 2026112401" TIMES
                 "@ NS ns1\n@ NS nix.test.\nns1 A 8.0.1.1\nns2 A 8.0.2.1\n",
                 "@ SOA ns2 host 17" TIMES
                 "@ NS ns2\n@ NS ns3\nns1 A 8.0.1.1\nns2 A 8.0.2.1\nns3 A 8.0.3.1\n") ADDRESS3,
    {"error primaries-differ [-]\n",
     "error ns-mismatch [-] <- primaries-differ [-]: each primary has NS records of its own",
     "Only the copy at ns1.zone.test (8.0.1.1) names nix.test (does not exist); only the copy at "
     "ns2.zone.test (8.0.2.1) names ns3.zone.test.",
     "Remove nix.test from the NS records of the zone", "Add ns3.zone.test to the delegation"},
    {"Only the parent names", "serial-differs", "Add nix.test"}};

/* A server is added to the delegation only when it works. */
static const zonecase_t extra_lame = {
    "the zone names a server that refuses",
    TWO_GLUED,
    "zone zone.test {\n$TTL 3600\n" SOA TWO_NS "@ NS ns3\nns3 A 8.0.3.1\n}\n"
    "address 8.0.1.1 {\nserves zone.test\n}\naddress 8.0.2.1 {\nserves zone.test\n}\n"
    "address 8.0.3.1 {\nbehave refuse\n}\n",
    {"Only the zone itself names ns3.zone.test (does not serve the zone).",
     "fix: Remove ns3.zone.test from the NS records of the zone, or put it right first"},
    {"Add ns3.zone.test"}};

static const zonecase_t left_dead = {
    "the delegation names a server that is dead",
    TWO_GLUED "zone NS ns3.zone\nns3.zone A 8.0.3.1\n",
    "zone zone.test {\n$TTL 3600\n" SOA TWO_NS "ns3 A 8.0.3.1\n}\n"
    "address 8.0.1.1 {\nserves zone.test\n}\naddress 8.0.2.1 {\nserves zone.test\n}\n"
    "address 8.0.3.1 {\nbehave drop\n}\n",
    {"Only the parent names ns3.zone.test (does not answer).",
     "fix: Remove ns3.zone.test from the delegation at the registrar."},
    {"Add ns3.zone.test"}};

/* Whoever makes up names is told, and not the one that does not. */
static const zonecase_t made_up = {
    "one of two servers has an address for every name",
    TWO_GLUED,
    TWO_VERSIONS(SOA TWO_NS, SOA TWO_NS "@ A 8.0.1.9\n* A 8.0.1.9\n@ TXT \"more\"\n"),
    {"warning answers-differ [ns2.zone.test. 8.0.2.1]\n", "A random name is answered with records",
     "zone.test has an A record here; of such it has 0 at ns1.zone.test",
     "fix: Look for a wildcard that only the copy of ns2.zone.test (8.0.2.1) has"},
    {"answers-differ [ns1.zone.test. 8.0.1.1]"}};

/* Only the questions in other forms get the old version at times. */
static const zonecase_t by_turns = {
    "two machines at one address, with two versions",
    TWO_GLUED,
    "zone zone.test {\n$TTL 3600\n" SOA TWO_NS "}\naddress 8.0.1.1 {\nserves zone.test\n}\n"
    "address 8.0.2.1 {\nserves zone.test\nbehave serial 6 when udp type SOA every 2\n}\n",
    {"versions-mixed [ns2.zone.test. 8.0.2.1]"},
    {"tcp-wrong-answer"}};

/* Nobody holds the zone: one server less would not help. */
static const zonecase_t all_refuse = {
    "all servers refuse",
    TWO_GLUED,
    "address 8.0.1.1 {\nbehave refuse\n}\naddress 8.0.2.1 {\nbehave refuse\n}\n",
    {"error lame-refused [ns1.zone.test. 8.0.1.1]\n",
     "fix: Have the zone set up at ns1.zone.test (8.0.1.1) again",
     "delegate to servers that hold it"},
    {"until then take it out"}};

static void test_addresses(void **state)
{
    (void)state;
    zonecase_check(&other_address);
    zonecase_check(&two_differences);
    zonecase_check(&old_address);
    zonecase_check(&dead_address);
}

static void test_servers(void **state)
{
    (void)state;
    zonecase_check(&other_server);
    zonecase_check(&half_moved);
    zonecase_check(&extra_lame);
    zonecase_check(&left_dead);
    zonecase_check(&all_refuse);
}

/* The two addresses of the primary lead to two machines: its serial did not go backwards. */
static const zonecase_t two_machines = {
    "the other address of a server leads to an old copy",
    TWO_GLUED "ns1.zone A 8.0.9.1\n",
    TWO_VERSIONS("@ SOA ns1 host 9" TIMES TWO_NS "ns1 A 8.0.9.1\n",
                 "@ SOA ns1 host 9" TIMES TWO_NS
                 "ns1 A 8.0.9.1\n") "zone zone.test@old {\n$TTL 3600\n@ SOA ns1 host 8" TIMES TWO_NS
                                    "ns1 A 8.0.9.1\n}\n"
                                    "address 8.0.9.1 {\nserves zone.test@old\n}\n",
    {"warning serial-differs [ns1.zone.test. 8.0.9.1]",
     "Serial 8 here; 9 at ns1.zone.test (8.0.1.1). Both are addresses of one server.",
     "find out what answers at ns1.zone.test (8.0.9.1)"},
    {"backwards", "raise its serial"}};

/* A server that was renumbered: the old machine goes on serving an old copy. */
static const zonecase_t old_at_glue = {
    "glue leads to an old copy",
    "zone NS ns1.zone\nzone NS ns2.zone\nns1.zone A 8.0.1.1\nns2.zone A 8.0.9.1\n",
    TWO_VERSIONS("@ SOA ns1 host 9" TIMES TWO_NS,
                 "@ SOA ns1 host 9" TIMES
                     TWO_NS) "zone zone.test@old {\n$TTL 3600\n@ SOA ns1 host 8" TIMES TWO_NS "}\n"
                             "address 8.0.9.1 {\nserves zone.test@old\n}\n",
    {"warning glue-mismatch [ns2.zone.test.]\n",
     "fix: Have 8.0.9.1 in the glue of ns2.zone.test replaced by 8.0.2.1 at the registrar",
     "warning serial-differs [ns2.zone.test. 8.0.9.1] <- glue-mismatch [ns2.zone.test.]"},
    {"Find out which addresses"}};

/* The zone at the new address is the old one: the glue may be right. */
static const zonecase_t new_at_glue = {
    "glue leads to the newer copy",
    "zone NS ns1.zone\nzone NS ns2.zone\nns1.zone A 8.0.1.1\nns2.zone A 8.0.9.1\n",
    TWO_VERSIONS("@ SOA ns1 host 9" TIMES TWO_NS,
                 "@ SOA ns1 host 8" TIMES TWO_NS) "address 8.0.9.1 {\nserves zone.test\n}\n",
    {"warning glue-mismatch [ns2.zone.test.]\n",
     "Find out which addresses of ns2.zone.test are right",
     "warning serial-differs [ns2.zone.test. 8.0.2.1]\n"},
    {"replaced by"}};

/* The zone has moved, and the registrar was not told. */
static const zonecase_t moved = {
    "delegation and zone name servers that have nothing in common, and all serve the zone",
    "zone NS ns3.zone\nzone NS ns4.zone\nns3.zone A 8.0.3.1\nns4.zone A 8.0.4.1\n",
    "zone zone.test {\n$TTL 3600\n@ SOA ns1 host 9" TIMES TWO_NS "ns3 A 8.0.3.1\nns4 A 8.0.4.1\n}\n"
    "address 8.0.1.1 {\nserves zone.test\n}\naddress 8.0.2.1 {\nserves zone.test\n}\n"
    "address 8.0.3.1 {\nserves zone.test\n}\naddress 8.0.4.1 {\nserves zone.test\n}\n",
    {"warning ns-mismatch [-]\n",
     "fix: If the zone is moving to ns1.zone.test, ns2.zone.test: have the registrar delegate to "
     "these alone, in place of ns3.zone.test, ns4.zone.test."},
    {"Add ns3"}};

static void test_serials(void **state)
{
    (void)state;
    zonecase_check(&went_back);
    zonecase_check(&behind);
    zonecase_check(&undefined);
    zonecase_check(&mistyped);
    zonecase_check(&mistyped_first);
    zonecase_check(&mistyped_primary);
    zonecase_check(&far_ahead);
    zonecase_check(&step_ahead);
    zonecase_check(&two_machines);
    zonecase_check(&old_at_glue);
    zonecase_check(&new_at_glue);
}

static void test_primaries(void **state)
{
    (void)state;
    zonecase_check(&two_providers);
    zonecase_check(&providers_differ);
    zonecase_check(&by_turns);
    zonecase_check(&made_up);
    zonecase_check(&renamed);
    zonecase_check(&moved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_servers),
        cmocka_unit_test(test_serials),
        cmocka_unit_test(test_primaries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
