#include "watch/state.h"

#define YEAR_MS (INT64_C(365) * 24 * WATCH_HOUR_MS)

watch_policy_t watch_policy_default(void)
{
    watch_policy_t p = {.pending_ms = 72 * WATCH_HOUR_MS,
                        .tolerate_rounds = 3,
                        .tolerate_ms = 72 * WATCH_HOUR_MS,
                        .gap_ms = 0};
    return p;
}

static void shift(int64_t *time, int64_t by)
{
    if (*time != 0)
        *time += by;
}

/* Notes the round's time. Returns true when nobody looked for a while before it. */
static bool see_time(watch_state_t *s, const watch_policy_t *p, int64_t now)
{
    int64_t step = now - s->last;
    bool first = s->last == 0;
    if (!first && (step < 0 || step > YEAR_MS)) {
        shift(&s->since, step);
        shift(&s->began, step);
        shift(&s->bad_since, step);
        step = 0;
    }
    s->last = now;
    return !first && p->gap_ms > 0 && step > p->gap_ms;
}

static void enter(watch_state_t *s, verifier_status_t status, int64_t now)
{
    s->status = status;
    s->since = now;
}

static transition_t step_verified(watch_state_t *s, int64_t now)
{
    bool again = s->verified || s->status == VERIFIER_FAILED;
    s->bad_since = 0;
    s->bad_rounds = 0;
    if (s->began == 0)
        s->began = now;
    if (s->status == VERIFIER_SUCCESS)
        return TRANSITION_NONE;
    s->verified = true;
    enter(s, VERIFIER_SUCCESS, now);
    return again ? TRANSITION_RECOVERED : TRANSITION_VERIFIED;
}

static transition_t step_pending(watch_state_t *s, const watch_policy_t *p, bool gap, int64_t now)
{
    if (gap || now - s->began < p->pending_ms)
        return TRANSITION_NONE;
    enter(s, VERIFIER_FAILED, now);
    return TRANSITION_EXPIRED;
}

/* SUCCESS never becomes FAILED at once: there is a warning first, at the latest when half of the
 * time is gone. */
static transition_t step_success(watch_state_t *s, const watch_policy_t *p, bool gap, int64_t now)
{
    bool half = !gap && now - s->bad_since >= p->tolerate_ms / 2;
    if (s->bad_rounds <= p->tolerate_rounds && !half)
        return TRANSITION_NONE;
    enter(s, VERIFIER_TEMPORARY_FAILURE, now);
    return TRANSITION_TROUBLED;
}

static transition_t step_troubled(watch_state_t *s, const watch_policy_t *p, int64_t now)
{
    if (s->bad_rounds <= p->tolerate_rounds || now - s->bad_since < p->tolerate_ms)
        return TRANSITION_NONE;
    enter(s, VERIFIER_FAILED, now);
    return TRANSITION_REVOKED;
}

transition_t watch_state_step(watch_state_t *s, const watch_policy_t *p, round_outcome_t outcome,
                              int64_t now)
{
    bool gap = see_time(s, p, now);
    if (outcome == ROUND_UNTESTED)
        return TRANSITION_NONE;
    if (outcome == ROUND_VERIFIED)
        return step_verified(s, now);
    if (gap)
        s->bad_rounds = 0;
    s->bad_rounds++;
    if (s->bad_since == 0)
        s->bad_since = now;
    switch (s->status) {
    case VERIFIER_NOT_STARTED:
        if (s->began == 0)
            s->began = now;
        enter(s, VERIFIER_PENDING, now);
        if (now - s->began < p->pending_ms)
            return TRANSITION_STARTED;
        enter(s, VERIFIER_FAILED, now); /* it began long ago, before anybody watched */
        return TRANSITION_EXPIRED;
    case VERIFIER_PENDING:
        return step_pending(s, p, gap, now);
    case VERIFIER_SUCCESS:
        return step_success(s, p, gap, now);
    case VERIFIER_TEMPORARY_FAILURE:
        return step_troubled(s, p, now);
    case VERIFIER_FAILED:
        break;
    }
    return TRANSITION_NONE;
}

int64_t watch_state_fails_at(const watch_state_t *s, const watch_policy_t *p)
{
    if (s->status == VERIFIER_PENDING)
        return s->began + p->pending_ms;
    if ((s->status == VERIFIER_SUCCESS || s->status == VERIFIER_TEMPORARY_FAILURE) &&
        s->bad_since != 0)
        return s->bad_since + p->tolerate_ms;
    return 0;
}

bool watch_state_glitch(const watch_state_t *s)
{
    return s->status == VERIFIER_SUCCESS && s->bad_rounds > 0;
}

static const struct {
    const char *name;
    const char *text;
} transitions[] = {
    [TRANSITION_NONE] = {"none", "nothing changed"},
    [TRANSITION_STARTED] = {"started", "verification began; the records are not all found yet"},
    [TRANSITION_VERIFIED] = {"verified", "every record is found"},
    [TRANSITION_EXPIRED] = {"expired", "not verified in time: the verifier stops looking, and "
                                       "verification must be started again"},
    [TRANSITION_TROUBLED] = {"troubled", "was verified, but the records cannot be found reliably "
                                         "any more; it is revoked if this goes on"},
    [TRANSITION_REVOKED] = {"revoked", "the records were not found for too long: verification is "
                                       "revoked and must be started again"},
    [TRANSITION_RECOVERED] = {"recovered", "every record is found again"},
    [TRANSITION_RESTARTED] = {"restarted", "other records are expected now: verification begins "
                                           "anew"},
};

const char *transition_name(transition_t t)
{
    return transitions[t].name;
}

const char *transition_text(transition_t t)
{
    return transitions[t].text;
}
