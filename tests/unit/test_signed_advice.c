/* What is said about what was found of DNSSEC: the probable cause, what is to be done, and which
 * finding comes first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dnssec/dnssec.h"
#include "scases.h"

/* What is most probably the cause of what one address has alone, and what is to be done: a transfer
 * only brings what has a newer serial, and from a copy that would break the whole zone none may
 * come before the DS record is changed. */
static const struct advice {
    const char *name; /* of the case */
    finding_id_t id;
    const char *cause;
    const char *fix;
} advices[] = {
    {"new keys without a DS at two addresses, of the newest zone", FINDING_DNSSEC_DS_MISMATCH,
     "The zone's keys were changed, and the DS record",
     "first publish a DS record of example.net for the new key"},
    {"new keys without a DS at two addresses, of the newest zone", FINDING_SERIAL_DIFFERS, "",
     "Not before the DS record"},
    {"new keys without a DS at two addresses, of the newest zone", FINDING_DNSSEC_KEYS_DIFFER,
     "This server has a copy from before", "Not before the DS record"},
    {"new keys without a DS at one address, of the newest zone", FINDING_DNSSEC_DS_MISMATCH,
     "The zone's keys were changed", "first publish a DS record"},
    {"keys of another zone with a newer serial at two addresses", FINDING_DNSSEC_DS_MISMATCH,
     "This server signs the zone itself", "take the signed zone from the others, whole"},
    {"keys of its own at one address", FINDING_DNSSEC_DS_MISMATCH,
     "This server signs the zone itself", "take the signed zone from the others, whole"},
    {"keys of its own at one address, of an older zone", FINDING_DNSSEC_DS_MISMATCH,
     "This server signs the zone itself, or has a copy",
     "does not take their copy of the zone over"},
    {"an unsigned copy of the newest zone", FINDING_DNSSEC_UNSIGNED,
     "Signing was given up or broke", "first remove the DS record"},
    {"an unsigned copy", FINDING_DNSSEC_UNSIGNED, "This server has an unsigned copy", "Feed "},
    {"an unsigned copy of an older zone", FINDING_DNSSEC_UNSIGNED,
     "This server has an unsigned copy", "does not take their copy of the zone over"},
    {"an unsigned copy of another provider", FINDING_DNSSEC_UNSIGNED,
     "This server has an unsigned copy of the zone, from another provider",
     "at the registrar, remove the DS record of example.net first"},
    {"signed and unsigned by turns", FINDING_VERSIONS_MIXED,
     "A load balancer or an anycast address", "whose copy of the zone is not signed"},
    {"signatures are asked for in vain at one address", FINDING_DNSSEC_UNSIGNED,
     "The server's software does not do DNSSEC", "remove what takes signatures out"},
    {"signatures are asked for in vain at one address", FINDING_DNSSEC_NO_DENIAL,
     "The server's software does not do DNSSEC", "remove what takes signatures out"},
    {"expired at one address", FINDING_DNSSEC_EXPIRED, "This server did not get the signatures",
     "no serial is newer"},
    {"expired at one address, of an older zone", FINDING_DNSSEC_EXPIRED,
     "A secondary whose transfers fail", "does not take their copy of the zone over"},
    {"NS not signed at one address", FINDING_DNSSEC_UNSIGNED,
     "Records were added behind the signer", "no serial is newer"},
    {"no answer for the keys at one address", FINDING_DNSSEC_NO_ANSWER,
     "Old software, or a firewall that drops", ""},
    {"SERVFAIL for the keys", FINDING_DNSSEC_NO_ANSWER, "The server signs by itself and cannot",
     "(SERVFAIL)"},
    {"SERVFAIL for the keys at one address", FINDING_DNSSEC_NO_ANSWER,
     "The server signs by itself and cannot", "(SERVFAIL)"},
    {"REFUSED for the keys at one address", FINDING_DNSSEC_NO_ANSWER,
     "An access list or a filter of query types", "(REFUSED)"},
    {"REFUSED for all with DO at one address", FINDING_DNSSEC_NO_ANSWER,
     "A policy, or something in front", "(REFUSED)"},
    {"NOTIMP for the keys at one address", FINDING_DNSSEC_NO_ANSWER,
     "Old software, at the server or", "(NOTIMP)"},
    {"DS with a wrong digest", FINDING_DNSSEC_DS_MISMATCH, "The DS record was mistyped",
     "for this very name"},
    {"DS with an algorithm that nobody knows", FINDING_DNSSEC_UNKNOWN_ALGORITHM, "",
     "by one with digest type 2 (SHA-256) for a key that the zone has"},
    {"DS of another key at one parent", FINDING_DNSSEC_DS_DIFFERS, "A change at the registry",
     "say different things about the zone"},
    {"the parent's signature has expired", FINDING_DNSSEC_DS_BOGUS, "The zone above was signed",
     ""},
    {"the parent's signature has expired at one", FINDING_DNSSEC_DS_BOGUS, "The zone above",
     "It need not be signed again"},
    {"DS answered by the zone itself at one parent", FINDING_DNSSEC_DS_BOGUS,
     "The server holds both zones", "Neither zone need be signed again"},
    {"the key that signs the keys is not published", FINDING_DNSSEC_DS_MISMATCH,
     "The key that the DS record names was taken out", "Leave the DS record"},
    {"DS with the algorithm of another key", FINDING_DNSSEC_DS_MISMATCH,
     "The DS record was given with another algorithm", "replace the DS record"},
    {"no answer to DO at one address", FINDING_EDNS_SIZE_DROPPED, "", ""},
    {"DS of another key", FINDING_DNSSEC_DS_MISMATCH, "The keys, or the provider that signs",
     "At the registrar, replace the DS record"},
};

static void test_advice(void **state)
{
    unsigned wrong = 0;
    (void)state;
    for (size_t k = 0; k < sizeof advices / sizeof advices[0]; k++) {
        const struct advice *a = &advices[k];
        finding_list_t list;
        scase_run(scase_named(a->name), &list);
        const finding_t *f = scase_first(&list, a->id);
        if (f == NULL || strncmp(finding_cause(f), a->cause, strlen(a->cause)) != 0 ||
            (*a->fix != '\0' && (f->fix == NULL || strstr(f->fix, a->fix) == NULL))) {
            print_error("%s: %s\n  %s\n", a->name, f != NULL ? finding_cause(f) : "not found",
                        f != NULL && f->fix != NULL ? f->fix : "no fix");
            wrong++;
        }
        finding_list_free(&list);
    }
    assert_int_equal(wrong, 0);
}

/* The zone of the case has a DS record: what validators ask fails by turns. */
static void test_turns_are_an_error(void **state)
{
    finding_list_t list;
    (void)state;
    scase_run(scase_named("signed and unsigned by turns"), &list);
    const finding_t *f = scase_first(&list, FINDING_VERSIONS_MIXED);
    assert_non_null(f);
    assert_int_equal(f->severity, SEVERITY_ERROR);
    finding_list_free(&list);
}

/* That the newest copy breaks the zone stands before that others do not have it yet. */
static void test_ahead_is_first(void **state)
{
    static const char *const names[] = {
        "new keys without a DS at two addresses, of the newest zone",
        "new keys without a DS at one address, of the newest zone"};
    (void)state;
    for (unsigned k = 0; k < 2; k++) {
        finding_list_t list;
        scase_run(scase_named(names[k]), &list);
        assert_int_equal(list.item[0].id, FINDING_DNSSEC_DS_MISMATCH);
        assert_non_null(strstr(list.item[0].text, "once all servers have it"));
        for (size_t i = 0; i < list.count; i++)
            if (list.item[i].id == FINDING_DNSSEC_KEYS_DIFFER)
                assert_int_equal(finding_root(&list, &list.item[i])->id, FINDING_SERIAL_DIFFERS);
        finding_list_free(&list);
    }
}

/* A DS record is made of a key with the flag SEP, and of no other (RFC 4034 2.1.1). */
static void test_ds_is_of_sep(void **state)
{
    static const char *const names[] = {"DS with a wrong digest", "DS of another key"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        signedworld_t *w = malloc(sizeof *w);
        char ksk[32];
        finding_list_t list;
        assert_non_null(w);
        signedworld_begin(w);
        scase_named(names[i])->edit(w);
        snprintf(ksk, sizeof ksk, "(key tag %u)", dnssec_key_tag(w->ksk.rdata, w->ksk.size));
        signedworld_build(w);
        finding_list_init(&list);
        assert_true(diagnose(w->x.m, &w->x.set, NULL, &list));
        const finding_t *f = scase_first(&list, FINDING_DNSSEC_DS_MISMATCH);
        assert_non_null(f);
        assert_non_null(strstr(f->fix, ksk));
        finding_list_free(&list);
        signedworld_end(w);
        free(w);
    }
}

/* A DS record that leads nowhere is why nothing is signed with its algorithm, when that is all. */
static void test_unused_ds_is_first(void **state)
{
    static const char *const names[] = {"DS of a key that is gone",
                                        "DS of a key that is gone, and a key that does not sign",
                                        "DS with an algorithm that nobody knows"};
    static const finding_id_t roots[] = {FINDING_DNSSEC_DS_UNUSED,
                                         FINDING_DNSSEC_ALGORITHM_INCOMPLETE,
                                         FINDING_DNSSEC_UNKNOWN_ALGORITHM};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        finding_list_t list;
        scase_run(scase_named(names[i]), &list);
        const finding_t *f = scase_first(&list, FINDING_DNSSEC_ALGORITHM_INCOMPLETE);
        const finding_t *root = finding_root(&list, f);
        assert_int_equal(root->id, roots[i]);
        assert_int_equal(root->severity, SEVERITY_WARNING);
        finding_list_free(&list);
    }
}

/* An error that is answered is named. */
static void test_rcode_is_named(void **state)
{
    static const struct {
        const char *name;
        const char *words;
    } rows[] = {{"no answer for the keys at one address", "there is no usable answer for DNSKEY"},
                {"SERVFAIL for the keys", "for DNSKEY of example.net, it answers SERVFAIL, while"},
                {"REFUSED for the keys at one address", "it answers REFUSED, while"},
                {"REFUSED for all with DO at one address",
                 "it answers REFUSED, as it does whatever it is asked with DO"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        finding_list_t list;
        scase_run(scase_named(rows[i].name), &list);
        const finding_t *f = scase_first(&list, FINDING_DNSSEC_NO_ANSWER);
        assert_non_null(f);
        assert_non_null(strstr(f->text, rows[i].words));
        finding_list_free(&list);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_advice),         cmocka_unit_test(test_turns_are_an_error),
        cmocka_unit_test(test_ahead_is_first), cmocka_unit_test(test_rcode_is_named),
        cmocka_unit_test(test_ds_is_of_sep),   cmocka_unit_test(test_unused_ds_is_first)};
    return cmocka_run_group_tests_name("signed_advice", tests, NULL, NULL);
}
