/* What is told of the parent's servers when they do not say the same of the zone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "zonecase.h"

#define TWO_GLUED "zone NS ns1.zone\nzone NS ns2.zone\nns1.zone A 8.0.1.1\nns2.zone A 8.0.2.1\n"
#define ZONE                                                                                       \
    "zone zone.test {\n$TTL 3600\n@ SOA ns1 host 7 14400 3600 1209600 3600\n"                      \
    "@ NS ns1\n@ NS ns2\nns1 A 8.0.1.1\nns2 A 8.0.2.1\n@ MX 0 .\n@ TXT \"v=spf1 -all\"\n}\n"       \
    "address 8.0.1.1 {\nserves zone.test\n}\naddress 8.0.2.1 {\nserves zone.test\n}\n"             \
    "address 8.0.9.1 {\nbehave drop\n}\n"

static const zonecase_t agree = {.name = "two servers of the parent that agree",
                                 .parent = TWO_GLUED,
                                 .world = ZONE,
                                 .never = {"warning", "error", "referrals-differ"}};

/* The zone is not at fault, and neither are the servers that only the old copy names. */
static const zonecase_t old_servers = {
    .name = "an old copy of the parent names other servers",
    .parent = TWO_GLUED,
    .world = ZONE,
    .say = {"error referrals-differ [- 192.5.6.31]\n",
            "192.5.6.31 names other servers for the zone than 192.5.6.30 does: only here "
            "ns9.zone.test; only there ns2.zone.test. Its copy of test is older: serial 0, against "
            "1 at 192.5.6.30.",
            "fix: Nothing in the zone itself", "ns-mismatch [-] <- referrals-differ [- 192.5.6.31]",
            "unresponsive [ns9.zone.test. 8.0.9.1] <- referrals-differ [- 192.5.6.31]"},
    .never = {"error unresponsive [ns9.zone.test. 8.0.9.1]\n", "error ns-mismatch [-]\n"}};

static const zonecase_t old_glue = {
    .name = "an old copy of the parent has old glue",
    .parent = TWO_GLUED,
    .world = ZONE,
    .say = {
        "error referrals-differ [- 192.5.6.31]\n",
        "192.5.6.31 gives the address 8.0.9.1 for ns2.zone.test, 192.5.6.30 8.0.2.1. Its copy "
        "of test is older",
        "error glue-dead [ns2.zone.test. 8.0.9.1] <- referrals-differ [- 192.5.6.31]: only some"}};

static const zonecase_t not_yet = {.name = "an old copy of the parent does not have the zone",
                                   .parent = TWO_GLUED,
                                   .world = ZONE,
                                   .say = {"error parent-lame [- 192.5.6.31]\n",
                                           "Its copy of test is older: serial 0, against 1",
                                           "fix: Nothing in the zone itself"},
                                   .never = {"does not delegate this zone", "not-delegated"}};

/* The newest copy is what is wrong: the old one must not be renewed. */
static const zonecase_t new_is_wrong = {
    .name = "the newest copy of the parent names servers that the zone does not have",
    .parent = "zone NS ns1.zone\nzone NS ns9.zone\nns1.zone A 8.0.1.1\nns9.zone A 8.0.9.1\n",
    .world = ZONE,
    .say = {"error ns-mismatch [-]\n", "Its copy of test is older",
            "fix: At the registrar, put right what 192.5.6.30 has, before it reaches 192.5.6.31"},
    .never = {"Nothing in the zone itself", "ns-mismatch [-] <-"}};

static void test_referrals(void **state)
{
    (void)state;
    zonecase_check_two(&agree, TWO_GLUED);
    zonecase_check_two(
        &old_servers,
        "zone NS ns1.zone\nzone NS ns9.zone\nns1.zone A 8.0.1.1\nns9.zone A 8.0.9.1\n");
    zonecase_check_two(
        &old_glue, "zone NS ns1.zone\nzone NS ns2.zone\nns1.zone A 8.0.1.1\nns2.zone A 8.0.9.1\n");
    zonecase_check_two(&not_yet, "other NS ns.nic\n");
    zonecase_check_two(&new_is_wrong, TWO_GLUED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_referrals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
