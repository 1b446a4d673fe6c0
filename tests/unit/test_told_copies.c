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
static const zonecase_t went_back = {
    "the primary's serial went backwards",
    TWO_GLUED,
    TWO_VERSIONS("@ SOA ns1 host 1764000000" TIMES TWO_NS,
                 "@ SOA ns1 host 2026112401" TIMES TWO_NS),
    {"warning serial-differs [ns1.zone.test. 8.0.1.1]", "the serial went backwards",
     "fix: Raise the serial at ns1.zone.test (8.0.1.1) above 2026112401"},
    {"have it transfer the zone again"}};

static const zonecase_t behind = {
    "a secondary is behind",
    TWO_GLUED,
    TWO_VERSIONS("@ SOA ns1 host 9" TIMES TWO_NS, "@ SOA ns1 host 8" TIMES TWO_NS),
    {"warning serial-differs [ns2.zone.test. 8.0.2.1]", "have it transfer the zone again"},
    {"backwards"}};

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

/* The serials are counted alike: it may be an old copy, and is no notice. */
static const zonecase_t renamed = {"a primary that was renamed",
                                   TWO_GLUED,
                                   TWO_VERSIONS("@ SOA ns1 host 2026112401" TIMES TWO_NS,
                                                "@ SOA ns.nic.test. host 2026112301" TIMES TWO_NS),
                                   {"warning primaries-differ [-]", "may also be an old copy"},
                                   {"serial-differs"}};

static void test_serials(void **state)
{
    (void)state;
    zonecase_check(&went_back);
    zonecase_check(&behind);
    zonecase_check(&undefined);
}

static void test_primaries(void **state)
{
    (void)state;
    zonecase_check(&two_providers);
    zonecase_check(&renamed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_serials),
        cmocka_unit_test(test_primaries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
