/* What is told of the names of servers and of hosts that records name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "zonecase.h"

#define SOA "$TTL 3600\n@ SOA ns1 host 7 14400 3600 1209600 3600\n"
#define TWO_NS                                                                                     \
    "@ NS ns1\n@ NS ns2\nns1 A 8.0.1.1\nns2 A 8.0.2.1\n"                                           \
    "@ MX 0 .\n@ TXT \"v=spf1 -all\"\n"
#define TWO_GLUED "zone NS ns1.zone\nzone NS ns2.zone\nns1.zone A 8.0.1.1\nns2.zone A 8.0.2.1\n"
#define TWO_ADDRESSES                                                                              \
    "address 8.0.1.1 {\nserves zone.test\n}\n"                                                     \
    "address 8.0.2.1 {\nserves zone.test\n}\n"

/* RFC 1034 4.2.1: glue leads to a server whose own name cannot be looked up. */
static const zonecase_t below_dead_cut = {
    "a name below a cut whose server is dead",
    "zone NS ns1.zone\nzone NS ns.sub.zone\nns1.zone A 8.0.1.1\nns.sub.zone A 8.0.2.1\n",
    "zone zone.test {\n" SOA
    "@ NS ns1\n@ NS ns.sub\nns1 A 8.0.1.1\nsub NS x\nx A 8.0.3.1\n}\n" TWO_ADDRESSES
    "address 8.0.3.1 {\nbehave drop\n}\n",
    {"warning ns-unresolvable [ns.sub.zone.test.]", "sub.zone.test", "8.0.3.1",
     "found by glue alone"},
    {NULL}};

/* The same with glue of a zone beside it, which the parent gives along. */
static const zonecase_t beside_lame = {
    "a name in a zone whose server is lame",
    "zone NS ns1.zone\nzone NS ns.other\nns1.zone A 8.0.1.1\nother NS ns.other\n"
    "ns.other A 8.0.2.1\n",
    "zone zone.test {\n" SOA "@ NS ns1\n@ NS ns.other.test.\nns1 A 8.0.1.1\n}\n" TWO_ADDRESSES,
    {"warning ns-unresolvable [ns.other.test.]", "other.test", "REFUSED", "found by glue alone"},
    {NULL}};

static const zonecase_t glue_confirmed = {"glue that the zone has, too",
                                          TWO_GLUED,
                                          "zone zone.test {\n" SOA TWO_NS "}\n" TWO_ADDRESSES,
                                          {NULL},
                                          {"ns-unresolvable", "warning", "error"}};

/* Several servers, one cause. */
static const zonecase_t provider_dead = {
    "two names in one zone that is dead",
    "zone NS ns1.zone\nzone NS ns1.prov\nzone NS ns2.prov\nns1.zone A 8.0.1.1\n"
    "prov NS a.nic.prov\nprov NS b.nic.prov\na.nic.prov A 8.0.3.1\nb.nic.prov A 8.0.4.1\n",
    "zone zone.test {\n" SOA
    "@ NS ns1\n@ NS ns1.prov.test.\n@ NS ns2.prov.test.\nns1 A 8.0.1.1\n}\n"
    "address 8.0.1.1 {\nserves zone.test\n}\naddress 8.0.3.1 {\nbehave drop\n}\n"
    "address 8.0.4.1 {\nbehave refuse\n}\n",
    {"error ns-unresolvable [ns1.prov.test.]\n",
     "the servers of prov.test gave no usable answer (8.0.3.1 is silent, 8.0.4.1 answers REFUSED)",
     "error ns-unresolvable [ns2.prov.test.] <- ns-unresolvable [ns1.prov.test.]"},
    {NULL}};

static const zonecase_t named_hosts = {
    "hosts that MX and SOA name",
    TWO_GLUED,
    "zone zone.test {\n$TTL 3600\n@ SOA nix.test. host 7 14400 3600 1209600 3600\n"
    "@ NS ns1\n@ NS ns2\nns1 A 8.0.1.1\nns2 A 8.0.2.1\n@ MX 10 mail\n}\n" TWO_ADDRESSES,
    {"  nix.test, the primary that the SOA names, does not exist.\n"},
    {"of the The", "of the the"}};

static const zonecase_t no_final_dot = {
    "NS records without their final dot",
    TWO_GLUED,
    "zone zone.test {\n" SOA "@ NS ns1.zone.test\n@ NS ns2.zone.test\nns1 A 8.0.1.1\n"
    "ns2 A 8.0.2.1\n}\n" TWO_ADDRESSES,
    {"ns1.zone.test.zone.test does not exist: the name was written without its final dot",
     "fix: Write ns1.zone.test. with its final dot",
     "names ns1.zone.test.zone.test (written without its final dot)",
     "fix: Write ns1.zone.test, ns2.zone.test with the final dot in the NS records of the zone.\n"},
    {"Add ns1.zone.test.zone.test"}};

static const zonecase_t final_dot_of_others = {
    "NS records without their final dot, of servers elsewhere",
    "zone NS ns1.prov\nzone NS ns2.prov\nprov NS ns1.prov\nprov NS ns2.prov\n"
    "ns1.prov A 8.0.1.1\nns2.prov A 8.0.2.1\n",
    "zone prov.test {\n" SOA TWO_NS "}\n"
    "zone zone.test {\n$TTL 3600\n@ SOA ns1.prov.test. host 7 14400 3600 1209600 3600\n"
    "@ NS ns1.prov.test\n@ NS ns2.prov.test\n}\n"
    "address 8.0.1.1 {\nserves zone.test\nserves prov.test\n}\n"
    "address 8.0.2.1 {\nserves zone.test\nserves prov.test\n}\n",
    {"names ns1.prov.test.zone.test (written without its final dot)",
     "fix: Write ns1.prov.test, ns2.prov.test with the final dot in the NS records of the zone.\n"},
    {"Add ns1", "Remove ns1"}};

/* RFC 1034 4.2.1: without glue the way to a server's name must not lead through itself. */
static const zonecase_t circle = {
    "two zones whose servers are named in each other",
    "zone NS ns1.other\nother NS ns1.zone\n",
    "zone zone.test {\n" SOA "@ NS ns1.other.test.\nns1 A 8.0.1.1\n}\n" TWO_ADDRESSES,
    {"error ns-loop [ns1.other.test.]\n",
     "its zone other.test is delegated to ns1.zone.test without glue",
     "fix: Delegate other.test to a server whose name needs neither other.test nor zone.test",
     "error zone-down [-] <- ns-loop"},
    {NULL}};

static const zonecase_t expired_domain = {
    "a server in a domain that nobody has",
    "zone NS ns1.zone\nzone NS ns.gone\nns1.zone A 8.0.1.1\n",
    "zone zone.test {\n" SOA "@ NS ns1\n@ NS ns.gone.test.\nns1 A 8.0.1.1\n}\n" TWO_ADDRESSES,
    {"error ns-no-address [ns.gone.test.]\n", "and neither does the domain gone.test",
     "whoever registers it can answer for zone.test"},
    {NULL}};

/* RFC 1035 3.3.11: an NS record holds a name. */
static const zonecase_t address_for_name = {
    "an address in the place of a server's name",
    "zone NS ns1.zone\nzone NS 8.0.2.1.\nns1.zone A 8.0.1.1\n",
    "zone zone.test {\n" SOA "@ NS ns1\n@ NS 8.0.2.1.\nns1 A 8.0.1.1\n}\n" TWO_ADDRESSES,
    {"error ns-name-odd [8.0.2.1.]\n", "8.0.2.1 is an address, and no host name",
     "fix: Give the server at 8.0.2.1 a name",
     "error ns-no-address [8.0.2.1.] <- ns-name-odd [8.0.2.1.]"},
    {"register"}};

/* What alone works must not be taken out. */
static const zonecase_t works_alone = {
    "the only server that works is named by the parent alone",
    TWO_GLUED,
    "zone zone.test {\n" SOA "@ NS ns1\nns1 A 8.0.1.1\nns2 A 8.0.2.1\n}\n"
    "address 8.0.1.1 {\nbehave drop\n}\naddress 8.0.2.1 {\nserves zone.test\n}\n",
    {"fix: Add ns2.zone.test to the NS records of the zone.\n"},
    {"remove it at the registrar"}};

/* One server, and one of its addresses leads elsewhere. */
static const zonecase_t one_address_lame = {
    "a server that refuses at one of its addresses",
    TWO_GLUED "ns2.zone AAAA 2600::2\n",
    "zone zone.test {\n" SOA TWO_NS "ns2 AAAA 2600::2\n}\n" TWO_ADDRESSES
    "address 2600::2 {\nbehave refuse\n}\n",
    {"error lame-refused [ns2.zone.test. 2600::2]",
     "fix: Let ns2.zone.test serve the zone at 2600::2 as it does at 8.0.2.1; until then take this "
     "one address out"},
    {"set up to serve"}};

static const zonecase_t expired_in_zone = {
    "a server in a domain that nobody has, named by the zone alone",
    TWO_GLUED,
    "zone zone.test {\n" SOA TWO_NS "@ NS ns.gone.test.\n}\n" TWO_ADDRESSES,
    {"error ns-mismatch [-]\n",
     "ns.gone.test (does not exist, nor does gone.test: whoever registers",
     "Remove ns.gone.test from the NS records"},
    {NULL}};

/* A host that is missing in a domain that is there. */
static const zonecase_t host_gone = {
    "a server that its domain does not have",
    "zone NS ns1.zone\nzone NS ns9.prov\nns1.zone A 8.0.1.1\nprov NS ns1.prov\n"
    "ns1.prov A 8.0.2.1\n",
    "zone prov.test {\n" SOA "@ NS ns1\nns1 A 8.0.2.1\n}\n"
    "zone zone.test {\n" SOA "@ NS ns1\n@ NS ns9.prov.test.\nns1 A 8.0.1.1\n}\n"
    "address 8.0.1.1 {\nserves zone.test\n}\naddress 8.0.2.1 {\nserves prov.test\n}\n",
    {"error ns-no-address [ns9.prov.test.]\n", "ns9.prov.test does not exist."},
    {"neither does", "whoever registers"}};

/* A top-level domain that is not there: no address can be published. */
static const zonecase_t no_such_tld = {
    "a server in a mistyped top-level domain",
    "zone NS ns1.zone\nzone NS ns2.hoster.tset.\nns1.zone A 8.0.1.1\n",
    "zone zone.test {\n" SOA "@ NS ns1\n@ NS ns2.hoster.tset.\nns1 A 8.0.1.1\n}\n"
    "address 8.0.1.1 {\nserves zone.test\n}\n",
    {"error ns-no-address [ns2.hoster.tset.]\n",
     "ns2.hoster.tset does not exist: there is no top-level domain tset",
     "fix: Correct the name ns2.hoster.tset in the NS records"},
    {"Publish an address", "whoever registers"}};

#define TWO_WILD                                                                                   \
    "@ NS ns1\n@ NS ns2\nns1 A 8.0.1.1\n* A 8.0.9.1\n"                                             \
    "@ MX 0 .\n@ TXT \"v=spf1 -all\"\n"

/* Where both sides have a server that works, either may give way; where they have none in common
 * that does, nothing that works is to be taken out. */
static const zonecase_t parent_has_more = {
    "both name one that works, and the parent another",
    TWO_GLUED,
    "zone zone.test {\n" SOA "@ NS ns1\nns1 A 8.0.1.1\nns2 A 8.0.2.1\n}\n" TWO_ADDRESSES,
    {"fix: Add ns2.zone.test to the NS records of the zone, or remove it at the registrar.\n"},
    {NULL}};

static const zonecase_t zone_has_more = {"both name one that works, and the zone another",
                                         "zone NS ns1.zone\nns1.zone A 8.0.1.1\n",
                                         "zone zone.test {\n" SOA TWO_NS "}\n" TWO_ADDRESSES,
                                         {"fix: Add ns2.zone.test to the delegation at the "
                                          "registrar, or remove it from the NS records of "
                                          "the zone.\n"},
                                         {NULL}};

static const zonecase_t nothing_in_common = {
    "each side names one that works",
    "zone NS ns1.zone\nns1.zone A 8.0.1.1\n",
    "zone zone.test {\n" SOA "@ NS ns2\nns1 A 8.0.1.1\nns2 A 8.0.2.1\n}\n" TWO_ADDRESSES,
    {"fix: Add ns1.zone.test to the NS records of the zone. Add ns2.zone.test to the delegation at "
     "the registrar.\n"},
    {"or remove it"}};

/* RFC 4592 2: the wildcard stands for a server's name that has no record of its own. */
static const zonecase_t wildcard_server = {
    "a server whose name the wildcard answers for",
    TWO_GLUED,
    "zone zone.test {\n" SOA TWO_WILD "}\n" TWO_ADDRESSES "address 8.0.9.1 {\nbehave drop\n}\n",
    {"8.0.9.1 is what the zone's wildcard gives to any name: ns2.zone.test has no record of its "
     "own.",
     "[ns2.zone.test. 8.0.9.1] <- glue-mismatch [ns2.zone.test.]",
     "fix: Publish the address of ns2.zone.test in the zone"},
    {NULL}};

static const zonecase_t swapped_glue = {
    "the glue of two servers is swapped",
    "zone NS ns1.zone\nzone NS ns2.zone\nns1.zone A 8.0.2.1\nns2.zone A 8.0.1.1\n",
    "zone zone.test {\n" SOA TWO_NS "}\n" TWO_ADDRESSES,
    {"glue-mismatch [ns1.zone.test.]", "The glue of ns1.zone.test and ns2.zone.test is swapped",
     "fix: Exchange the addresses of ns1.zone.test and ns2.zone.test in the glue"},
    {"single-server", "ns-address-shared", "glue-mismatch [ns2.zone.test.]"}};

/* A mistyped name at the registrar makes no second server. */
static const zonecase_t misspelt = {
    "a mistyped name with the glue of another",
    "zone NS ns1.zone\nzone NS sn2.zone\nns1.zone A 8.0.1.1\nsn2.zone A 8.0.2.1\n",
    "zone zone.test {\n" SOA TWO_NS "}\n" TWO_ADDRESSES,
    {"Remove sn2.zone.test from the delegation at the registrar."},
    {"ns-address-shared", "Add sn2"}};

static void test_glue(void **state)
{
    (void)state;
    zonecase_check(&wildcard_server);
    zonecase_check(&swapped_glue);
    zonecase_check(&misspelt);
}

static void test_harmless(void **state)
{
    (void)state;
    zonecase_check(&works_alone);
    zonecase_check(&parent_has_more);
    zonecase_check(&zone_has_more);
    zonecase_check(&nothing_in_common);
    zonecase_check(&one_address_lame);
}

static void test_below_dead_cut(void **state)
{
    (void)state;
    zonecase_check(&below_dead_cut);
    zonecase_check(&beside_lame);
    zonecase_check(&glue_confirmed);
}

static void test_provider_dead(void **state)
{
    (void)state;
    zonecase_check(&provider_dead);
}

static void test_named_hosts(void **state)
{
    (void)state;
    zonecase_check(&named_hosts);
}

static void test_no_final_dot(void **state)
{
    (void)state;
    zonecase_check(&no_final_dot);
    zonecase_check(&final_dot_of_others);
}

static void test_circle(void **state)
{
    (void)state;
    zonecase_check(&circle);
}

static void test_domain_gone(void **state)
{
    (void)state;
    zonecase_check(&expired_domain);
    zonecase_check(&expired_in_zone);
    zonecase_check(&host_gone);
    zonecase_check(&no_such_tld);
    zonecase_check(&address_for_name);
}

#define HOSTER                                                                                     \
    "zone NS ns1.hoster\nzone NS ns2.hoster\nhoster NS a.dns\nhoster NS b.dns\nhoster NS c.dns\n"  \
    "a.dns A 8.0.3.1\nb.dns A 8.0.4.1\nc.dns A 8.0.5.1\n"
/* The zone, and the servers of the zone that holds the names of its servers; those of c differ. */
#define HOSTER_WORLD(of_c)                                                                         \
    "zone zone.test {\n$TTL 3600\n@ SOA ns1.hoster.test. host 7 14400 3600 1209600 3600\n"         \
    "@ NS ns1.hoster.test.\n@ NS ns2.hoster.test.\n@ MX 0 .\n}\n"                                  \
    "zone hoster.test {\n" SOA                                                                     \
    "@ NS a.dns.test.\n@ NS b.dns.test.\n@ NS c.dns.test.\nns1 A 8.0.1.1\nns2 A 8.0.2.1\n}\n"      \
    "zone hoster.test@c {\n" SOA "@ NS a.dns.test.\n@ NS b.dns.test.\n@ NS c.dns.test.\n" of_c     \
    "ns2 A 8.0.2.1\n}\n" TWO_ADDRESSES "address 8.0.3.1 {\nserves hoster.test\n}\n"                \
    "address 8.0.4.1 {\nserves hoster.test\n}\naddress 8.0.5.1 {\nserves hoster.test@c\n}\n"

/* One of three servers of the zone that holds a name gives it an address where nobody answers. */
static const zonecase_t hoster_differs = {
    "servers of the host's zone do not agree",
    HOSTER,
    HOSTER_WORLD("ns1 A 8.0.9.1\n") "address 8.0.9.1 {\nbehave drop\n}\n",
    {"error ns-address-differs [ns1.hoster.test.]\n",
     "ns1.hoster.test has 8.0.9.1 at 8.0.5.1, and 8.0.1.1 at 8.0.3.1, both servers of hoster.test.",
     "error unresponsive [ns1.hoster.test. 8.0.9.1] <- ns-address-differs [ns1.hoster.test.]",
     "fix: Compare the copies of hoster.test at 8.0.5.1 and at 8.0.3.1"},
    {"error unresponsive [ns1.hoster.test. 8.0.9.1]\n"}};

/* An address more that serves the zone may be meant; a name that one of them does not have is
 * not. */
static const zonecase_t hoster_serves = {
    "servers of the host's zone give different addresses that all serve",
    HOSTER,
    HOSTER_WORLD("ns1 A 8.0.9.1\n") "address 8.0.9.1 {\nserves zone.test\n}\n",
    {"notice ns-address-differs [ns1.hoster.test.]\n"},
    {"warning", "error"}};

static const zonecase_t hoster_lacks = {
    "a server of the host's zone does not know the name",
    HOSTER,
    HOSTER_WORLD(""),
    {"warning ns-address-differs [ns1.hoster.test.]\n",
     "ns1.hoster.test has nothing at all (NXDOMAIN) at 8.0.5.1, and 8.0.1.1 at 8.0.3.1"},
    {"error", "ns-no-address"}};

static const zonecase_t hoster_agrees = {"servers of the host's zone agree",
                                         HOSTER,
                                         HOSTER_WORLD("ns1 A 8.0.1.1\n"),
                                         {NULL},
                                         {"ns-address-differs", "warning", "error"}};

/* RFC 1035 5.1: a name without its final dot is relative to the zone. */
static const zonecase_t no_dot_named = {
    "MX and SOA name hosts without a final dot",
    TWO_GLUED,
    "zone zone.test {\n$TTL 3600\n@ SOA ns1.zone.test host 7 14400 3600 1209600 3600\n"
    "@ NS ns1\n@ NS ns2\nns1 A 8.0.1.1\nns2 A 8.0.2.1\nmail A 8.0.1.9\n"
    "@ MX 10 mail.zone.test\n@ TXT \"v=spf1 -all\"\n}\n" TWO_ADDRESSES,
    {"warning mx-no-address [-]", "fix: Write mail.zone.test. with its final dot in the MX record.",
     "fix: Write ns1.zone.test. with its final dot in the SOA record."},
    {NULL}};

static void test_no_dot_named(void **state)
{
    (void)state;
    zonecase_check(&no_dot_named);
}

static void test_hoster(void **state)
{
    (void)state;
    zonecase_check(&hoster_differs);
    zonecase_check(&hoster_serves);
    zonecase_check(&hoster_lacks);
    zonecase_check(&hoster_agrees);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_dot_named),   cmocka_unit_test(test_hoster),
        cmocka_unit_test(test_harmless),       cmocka_unit_test(test_glue),
        cmocka_unit_test(test_below_dead_cut), cmocka_unit_test(test_provider_dead),
        cmocka_unit_test(test_named_hosts),    cmocka_unit_test(test_no_final_dot),
        cmocka_unit_test(test_circle),         cmocka_unit_test(test_domain_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
