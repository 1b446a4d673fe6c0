/* Findings about DNSSEC: a signed zone at four addresses, one thing changed, and exactly what must
 * be found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "scases.h"

/* The IDs of what was found about DNSSEC, in order. */
static void dnssec_ids(const finding_list_t *list, char *ids, size_t cap)
{
    size_t len = 0;
    ids[0] = '\0';
    for (size_t i = 0; i < list->count && len < cap; i++) {
        const char *id = finding_desc(list->item[i].id)->id;
        if (strncmp(id, "dnssec-", 7) == 0)
            len += (size_t)snprintf(ids + len, cap - len, "%s%s", len > 0 ? " " : "", id);
    }
}

static void test_cases(void **state)
{
    (void)state;
    char ids[1024];
    unsigned wrong = 0;
    const scase_t *c = NULL;
    for (size_t k = 0; (c = scase_at(k)) != NULL; k++) {
        finding_list_t list;
        scase_run(c, &list);
        dnssec_ids(&list, ids, sizeof ids);
        if (strcmp(ids, c->expected) != 0) {
            print_error("%s: found \"%s\", expected \"%s\"\n", c->name, ids, c->expected);
            for (size_t i = 0; i < list.count; i++)
                print_error("  %s: %s\n", finding_desc(list.item[i].id)->id, list.item[i].text);
            wrong++;
        }
        for (size_t i = 0; i < list.count; i++) {
            const finding_t *f = &list.item[i];
            if (strncmp(finding_desc(f->id)->id, "dnssec-", 7) != 0)
                continue;
            assert_in_range(strlen(f->text), 10, 1590);
            assert_int_equal(f->text[strlen(f->text) - 1], '.');
            assert_true(f->evidence_count > 0);
        }
        finding_list_free(&list);
    }
    assert_int_equal(wrong, 0);
}

/* Every finding of the table appears in a case, but what needs keys of the parent
 * (tests/lab/dnssec, parent-*). */
static void test_every_finding(void **state)
{
    (void)state;
    for (unsigned id = FINDING_DNSSEC_DS_BOGUS; id <= FINDING_DNSSEC_UNKNOWN_ALGORITHM; id++) {
        const char *word = finding_desc((finding_id_t)id)->id;
        bool seen = id == FINDING_DNSSEC_DS_BOGUS;
        const scase_t *c = NULL;
        for (size_t k = 0; (c = scase_at(k)) != NULL; k++) {
            const char *at = strstr(c->expected, word);
            seen = seen || (at != NULL && (at[strlen(word)] == ' ' || at[strlen(word)] == '\0'));
        }
        if (!seen)
            print_error("%s has no case\n", word);
        assert_true(seen);
    }
}

/* Severities that depend on the case. */
static void test_severities(void **state)
{
    static const struct {
        const char *name;
        finding_id_t id;
        severity_t severity;
    } rows[] = {
        {"expired everywhere", FINDING_DNSSEC_EXPIRED, SEVERITY_ERROR},
        {"no DS and expired", FINDING_DNSSEC_EXPIRED, SEVERITY_WARNING},
        {"DS with SHA-1", FINDING_DNSSEC_DS_WEAK, SEVERITY_WARNING},
        {"DS with SHA-1 and SHA-256", FINDING_DNSSEC_DS_WEAK, SEVERITY_NOTICE},
        {"iterations and salt", FINDING_DNSSEC_NSEC3_ITERATIONS, SEVERITY_WARNING},
        {"many iterations", FINDING_DNSSEC_NSEC3_ITERATIONS, SEVERITY_ERROR},
        {"revoked key", FINDING_DNSSEC_KEY_REVOKED, SEVERITY_NOTICE},
        {"revoked key that does not sign", FINDING_DNSSEC_KEY_REVOKED, SEVERITY_WARNING},
        {"one key more at one address", FINDING_DNSSEC_KEYS_DIFFER, SEVERITY_WARNING},
        {"an unsigned copy", FINDING_DNSSEC_KEYS_DIFFER, SEVERITY_WARNING},
        {"keys of its own at one address", FINDING_DNSSEC_KEYS_DIFFER, SEVERITY_ERROR},
        {"two signers that do not know each other", FINDING_DNSSEC_KEYS_DIFFER, SEVERITY_ERROR},
        {"two signers of which one knows the other", FINDING_DNSSEC_KEYS_DIFFER, SEVERITY_ERROR},
        {"CDS alone", FINDING_DNSSEC_CDS_BROKEN, SEVERITY_NOTICE},
        {"CDS and CDNSKEY of different keys", FINDING_DNSSEC_CDS_BROKEN, SEVERITY_WARNING},
        {"TTL above the original one", FINDING_DNSSEC_TTL, SEVERITY_WARNING},
        {"valid for one second", FINDING_DNSSEC_TTL, SEVERITY_NOTICE}};
    (void)state;
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        finding_list_t list;
        bool seen = false;
        scase_run(scase_named(rows[k].name), &list);
        for (size_t i = 0; i < list.count; i++)
            if (list.item[i].id == rows[k].id) {
                seen = true;
                assert_int_equal(list.item[i].severity, rows[k].severity);
            }
        assert_true(seen);
        finding_list_free(&list);
    }
}

/* What one address has alone is about it; what all have is about the zone. */
static void test_subject(void **state)
{
    (void)state;
    finding_list_t list;
    scase_run(scase_named("expired at one address"), &list);
    assert_int_equal(list.item[0].id, FINDING_DNSSEC_EXPIRED);
    assert_true(list.item[0].has_addr);
    assert_non_null(strstr(list.item[0].fix, "a forced transfer: no serial is newer"));
    assert_true(list.item[0].likely_count > 0);
    finding_list_free(&list);
    scase_run(scase_named("expired everywhere"), &list);
    assert_false(list.item[0].has_addr);
    assert_true(list.item[0].wide);
    assert_non_null(strstr(list.item[0].likely[0].cause, "signer has stopped"));
    finding_list_free(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases), cmocka_unit_test(test_every_finding),
        cmocka_unit_test(test_severities), cmocka_unit_test(test_subject)};
    return cmocka_run_group_tests_name("signed", tests, NULL, NULL);
}
