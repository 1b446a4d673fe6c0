/* The verifier's state machine: tables of rounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "watch/state.h"

#define T0 INT64_C(1764000000000)
#define H  WATCH_HOUR_MS

#define NEVER VERIFIER_NOT_STARTED
#define PEND  VERIFIER_PENDING
#define GOOD  VERIFIER_SUCCESS
#define TEMP  VERIFIER_TEMPORARY_FAILURE
#define FAIL  VERIFIER_FAILED

/* One round: hours since T0, its outcome, and what must come of it. v, n, t, u: verified, negative,
 * temporary, untested. */
typedef struct step {
    double hour;
    char outcome;
    verifier_status_t status;
    transition_t change;
} step_t;

typedef struct story {
    const char *name;
    int64_t gap_ms;
    step_t step[16];
} story_t;

static const story_t stories[] = {
    {"verified at once",
     0,
     {{0, 'v', GOOD, TRANSITION_VERIFIED}, {1, 'v', GOOD, TRANSITION_NONE}, {0, 0, 0, 0}}},
    {"pending, then verified",
     0,
     {{0, 'n', PEND, TRANSITION_STARTED},
      {71, 't', PEND, TRANSITION_NONE},
      {71.9, 'v', GOOD, TRANSITION_VERIFIED},
      {0, 0, 0, 0}}},
    {"pending for 72 hours",
     0,
     {{0, 't', PEND, TRANSITION_STARTED},
      {71.999, 'n', PEND, TRANSITION_NONE},
      {72, 'n', FAIL, TRANSITION_EXPIRED},
      {73, 'n', FAIL, TRANSITION_NONE},
      {99, 'v', GOOD, TRANSITION_RECOVERED},
      {0, 0, 0, 0}}},
    {"rounds without network do not count",
     0,
     {{0, 'u', NEVER, TRANSITION_NONE},
      {1, 'n', PEND, TRANSITION_STARTED},
      {73.5, 'u', PEND, TRANSITION_NONE},
      {100, 'u', PEND, TRANSITION_NONE},
      {101, 'v', GOOD, TRANSITION_VERIFIED},
      {102, 'u', GOOD, TRANSITION_NONE},
      {103, 'u', GOOD, TRANSITION_NONE},
      {104, 'u', GOOD, TRANSITION_NONE},
      {105, 'u', GOOD, TRANSITION_NONE},
      {300, 'u', GOOD, TRANSITION_NONE},
      {0, 0, 0, 0}}},
    {"three glitches are tolerated, again and again",
     0,
     {{0, 'v', GOOD, TRANSITION_VERIFIED},
      {1, 't', GOOD, TRANSITION_NONE},
      {2, 'n', GOOD, TRANSITION_NONE},
      {3, 't', GOOD, TRANSITION_NONE},
      {4, 'v', GOOD, TRANSITION_NONE},
      {5, 'n', GOOD, TRANSITION_NONE},
      {6, 'n', GOOD, TRANSITION_NONE},
      {7, 'n', GOOD, TRANSITION_NONE},
      {8, 'v', GOOD, TRANSITION_NONE},
      {0, 0, 0, 0}}},
    {"the fourth is not; it recovers",
     0,
     {{0, 'v', GOOD, TRANSITION_VERIFIED},
      {1, 't', GOOD, TRANSITION_NONE},
      {2, 't', GOOD, TRANSITION_NONE},
      {3, 't', GOOD, TRANSITION_NONE},
      {4, 't', TEMP, TRANSITION_TROUBLED},
      {5, 'u', TEMP, TRANSITION_NONE},
      {6, 'n', TEMP, TRANSITION_NONE},
      {7, 'v', GOOD, TRANSITION_RECOVERED},
      {0, 0, 0, 0}}},
    {"revoked after 72 hours, and back",
     0,
     {{0, 'v', GOOD, TRANSITION_VERIFIED},
      {1, 'n', GOOD, TRANSITION_NONE},
      {2, 'n', GOOD, TRANSITION_NONE},
      {3, 'n', GOOD, TRANSITION_NONE},
      {4, 'n', TEMP, TRANSITION_TROUBLED},
      {72.9, 'n', TEMP, TRANSITION_NONE},
      {73, 'n', FAIL, TRANSITION_REVOKED},
      {74, 't', FAIL, TRANSITION_NONE},
      {75, 'v', GOOD, TRANSITION_RECOVERED},
      {0, 0, 0, 0}}},
    {"rare rounds: a warning comes before the end all the same",
     0,
     {{0, 'v', GOOD, TRANSITION_VERIFIED},
      {24, 'n', GOOD, TRANSITION_NONE},
      {48, 'n', GOOD, TRANSITION_NONE},
      {72, 'n', TEMP, TRANSITION_TROUBLED},
      {97, 'n', FAIL, TRANSITION_REVOKED},
      {0, 0, 0, 0}}},
    {"two bad rounds alone never revoke",
     0,
     {{0, 'v', GOOD, TRANSITION_VERIFIED},
      {1, 'n', GOOD, TRANSITION_NONE},
      {200, 'n', TEMP, TRANSITION_TROUBLED},
      {201, 'n', TEMP, TRANSITION_NONE},
      {202, 'n', FAIL, TRANSITION_REVOKED},
      {0, 0, 0, 0}}},
    {"the machine slept: rounds are counted anew",
     H,
     {{0, 'v', GOOD, TRANSITION_VERIFIED},
      {0.2, 'n', GOOD, TRANSITION_NONE},
      {0.4, 'n', GOOD, TRANSITION_NONE},
      {100, 'n', GOOD, TRANSITION_NONE},
      {100.2, 'v', GOOD, TRANSITION_NONE},
      {0, 0, 0, 0}}},
    {"the machine slept while pending: the first round decides nothing",
     H,
     {{0, 'n', PEND, TRANSITION_STARTED},
      {100, 'n', PEND, TRANSITION_NONE},
      {100.2, 'n', FAIL, TRANSITION_EXPIRED},
      {0, 0, 0, 0}}},
    {"the clock goes back while pending",
     0,
     {{0, 'n', PEND, TRANSITION_STARTED},
      {70, 'n', PEND, TRANSITION_NONE},
      {10, 'n', PEND, TRANSITION_NONE},
      {11, 'n', PEND, TRANSITION_NONE},
      {12, 'n', FAIL, TRANSITION_EXPIRED},
      {0, 0, 0, 0}}},
    {"the clock goes back during an outage",
     0,
     {{0, 'v', GOOD, TRANSITION_VERIFIED},
      {1, 'n', GOOD, TRANSITION_NONE},
      {2, 'n', GOOD, TRANSITION_NONE},
      {3, 'n', GOOD, TRANSITION_NONE},
      {60, 'n', TEMP, TRANSITION_TROUBLED},
      {-5000, 'n', TEMP, TRANSITION_NONE},
      {-4990, 'n', TEMP, TRANSITION_NONE},
      {-4987, 'n', FAIL, TRANSITION_REVOKED},
      {0, 0, 0, 0}}},
    {"the clock is set for the first time",
     0,
     {{-400000, 'n', PEND, TRANSITION_STARTED},
      {0, 'n', PEND, TRANSITION_NONE},
      {71, 'n', PEND, TRANSITION_NONE},
      {72, 'n', FAIL, TRANSITION_EXPIRED},
      {0, 0, 0, 0}}},
};

static round_outcome_t outcome_of(char c)
{
    return c == 'v'   ? ROUND_VERIFIED
           : c == 'n' ? ROUND_NEGATIVE
           : c == 't' ? ROUND_TEMPORARY
                      : ROUND_UNTESTED;
}

static void test_stories(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof stories / sizeof stories[0]; i++) {
        watch_policy_t p = watch_policy_default();
        watch_state_t s = {0};
        p.gap_ms = stories[i].gap_ms;
        print_message("  %s\n", stories[i].name);
        for (const step_t *k = stories[i].step; k->outcome != 0; k++) {
            int64_t now = T0 + (int64_t)(k->hour * (double)H);
            transition_t t = watch_state_step(&s, &p, outcome_of(k->outcome), now);
            if (t != k->change || s.status != k->status)
                print_message("    hour %g: %s, %s\n", k->hour, transition_name(t),
                              verifier_status_name(s.status));
            assert_int_equal(t, k->change);
            assert_int_equal(s.status, k->status);
            assert_true(s.last == now);
            assert_true(t == TRANSITION_NONE || s.since == now);
        }
    }
}

static void test_fails_at(void **state)
{
    (void)state;
    watch_policy_t p = watch_policy_default();
    watch_state_t s = {0};
    assert_int_equal(watch_state_fails_at(&s, &p), 0);
    watch_state_step(&s, &p, ROUND_NEGATIVE, T0);
    assert_int_equal(watch_state_fails_at(&s, &p), T0 + 72 * H);
    watch_state_step(&s, &p, ROUND_VERIFIED, T0 + H);
    assert_int_equal(watch_state_fails_at(&s, &p), 0);
    assert_false(watch_state_glitch(&s));
    watch_state_step(&s, &p, ROUND_TEMPORARY, T0 + 2 * H);
    assert_true(watch_state_glitch(&s));
    assert_int_equal(watch_state_fails_at(&s, &p), T0 + 74 * H);
    s.status = VERIFIER_FAILED;
    assert_int_equal(watch_state_fails_at(&s, &p), 0);
}

/* Every way through all outcomes for six rounds an hour or 40 hours apart keeps these rules. */
static void test_rules(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 8u * 8 * 8 * 8 * 8 * 8; way++) {
        watch_policy_t p = watch_policy_default();
        watch_state_t s = {0};
        int64_t now = T0;
        unsigned bad = 0;
        p.tolerate_rounds = 1;
        for (unsigned k = 0, rest = way; k < 6; k++, rest /= 8) {
            watch_state_t before = s;
            round_outcome_t o = (round_outcome_t)(rest % 4);
            now += (rest / 4) % 2 != 0 ? 40 * H : H;
            transition_t t = watch_state_step(&s, &p, o, now);
            bad = o == ROUND_VERIFIED ? 0 : o == ROUND_UNTESTED ? bad : bad + 1;
            assert_int_equal(t == TRANSITION_NONE, s.status == before.status);
            assert_int_equal(s.bad_rounds, bad);
            assert_true(o != ROUND_VERIFIED || s.status == VERIFIER_SUCCESS);
            assert_true(o != ROUND_UNTESTED || t == TRANSITION_NONE);
            assert_true(s.status != VERIFIER_FAILED || before.status != VERIFIER_SUCCESS);
            assert_true(t != TRANSITION_REVOKED || (bad > 1 && now - s.bad_since >= 72 * H));
            assert_true(t != TRANSITION_EXPIRED || (!s.verified && now - s.began >= 72 * H));
        }
    }
}

static void test_names(void **state)
{
    (void)state;
    for (int i = TRANSITION_NONE; i <= TRANSITION_RESTARTED; i++) {
        assert_non_null(transition_name((transition_t)i));
        assert_non_null(transition_text((transition_t)i));
        for (int k = TRANSITION_NONE; k < i; k++)
            assert_string_not_equal(transition_name((transition_t)i),
                                    transition_name((transition_t)k));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stories),
        cmocka_unit_test(test_fails_at),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
