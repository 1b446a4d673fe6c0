#include "watch/watch.h"

#include <stdlib.h>
#include <string.h>

#define PRUNE_MS WATCH_HOUR_MS

void watch_lock(watch_t *w)
{
    pthread_mutex_lock(&w->mutex);
}

void watch_unlock(watch_t *w)
{
    pthread_mutex_unlock(&w->mutex);
}

static int64_t now_of(const watch_t *w)
{
    return w->ops->now(w->user);
}

/* Notes that the store refused something. */
static void store_refused(watch_t *w)
{
    w->ops->complain(w->user, store_error(w->store));
    watch_lock(w);
    w->store_errors++;
    w->store_good = false;
    watch_unlock(w);
}

/* Longer than four rounds, and than an hour, without any: nobody looked. With --once somebody else
 * has the clock. */
static watch_policy_t policy_of(const watch_t *w, const watch_target_t *t)
{
    watch_policy_t p = t->settings.policy;
    int64_t rounds = 4 * t->settings.interval;
    p.gap_ms = w->options.once ? 0 : rounds > WATCH_HOUR_MS ? rounds : WATCH_HOUR_MS;
    return p;
}

static void tell(watch_t *w, int64_t change, const char *message)
{
    if (w->ops->tell(w->user, change, message))
        w->telling++;
    else
        w->ops->complain(w->user, "out of memory: a change is told at the next start");
}

static void take_untold(void *user, int64_t id, const char *message)
{
    tell(user, id, message);
}

static char *message_of(watch_t *w, const watch_report_t *r)
{
    return w->options.tell && r->transition != TRANSITION_NONE ? w->ops->message(w->user, r) : NULL;
}

/* Verification begins anew when other records are expected than before. */
static bool restart(watch_t *w, watch_domain_t *d)
{
    watch_state_t fresh = {0};
    int64_t now = w->ops->wall(w->user);
    store_change_t change = {.transition = TRANSITION_RESTARTED, .before = d->stored.state.status};
    watch_report_t r = {.domain = d,
                        .number = d->stored.rounds,
                        .at = now,
                        .before = d->stored.state.status,
                        .transition = TRANSITION_RESTARTED,
                        .state = &fresh};
    char *message = message_of(w, &r);
    change.told = message == NULL;
    change.message = message != NULL ? message : "";
    bool good = store_restart(w->store, &d->stored, d->target->digest, now, &change) == STORE_OK;
    if (!good) {
        store_refused(w);
    } else {
        if (message != NULL)
            tell(w, change.id, message);
        w->ops->report(w->user, &r);
    }
    free(message);
    return good;
}

static bool load_domain(watch_t *w, watch_domain_t *d)
{
    store_domain_t *s = &d->stored;
    if (store_domain(w->store, d->target->name, s) != STORE_OK) {
        store_refused(w);
        return false;
    }
    if (s->expected[0] != '\0' && strcmp(s->expected, d->target->digest) != 0 && !restart(w, d))
        return false;
    memcpy(s->expected, d->target->digest, sizeof s->expected);
    return true;
}

static int compare_names(const void *x, const void *y)
{
    const watch_domain_t *a = *(const watch_domain_t *const *)x;
    const watch_domain_t *b = *(const watch_domain_t *const *)y;
    return strcmp(a->target->name, b->target->name);
}

/* The domains of before in order of their names; NULL when memory is out. */
static watch_domain_t **by_name(watch_domain_t *domain, size_t count)
{
    watch_domain_t **index = calloc(count + 1, sizeof(void *));
    for (size_t i = 0; index != NULL && i < count; i++)
        index[i] = &domain[i];
    if (index != NULL)
        qsort(index, count, sizeof(watch_domain_t *), compare_names);
    return index;
}

/* Takes over what is known of a domain that was watched before. */
static void keep_known(watch_domain_t *d, watch_domain_t **index, size_t count)
{
    watch_domain_t **old = bsearch(&d, index, count, sizeof(watch_domain_t *), compare_names);
    if (old == NULL)
        return;
    d->began = (*old)->began;
    d->has_last = (*old)->has_last;
    d->last = (*old)->last;
    (*old)->has_last = false;
}

/* When each domain is due: at once, or for one that was watched before, on its new grid. */
static void plan(watch_t *w)
{
    int64_t now = now_of(w);
    schedule_clear(&w->schedule);
    for (size_t i = 0; i < w->count; i++) {
        watch_domain_t *d = &w->domain[i];
        const watch_settings_t *s = &d->target->settings;
        d->anchor = schedule_anchor(now, s->interval, i, w->count);
        int64_t due = d->began == 0 ? now
                                    : schedule_after(d->anchor, s->interval, s->jitter, d->began,
                                                     now, w->ops->random(w->user));
        (void)schedule_add(&w->schedule, i, due); /* there is room */
    }
}

static void free_domains(watch_domain_t *domain, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (domain[i].has_last)
            watch_round_free(&domain[i].last);
    free(domain);
}

/* Watches these targets from now on. No round may be running. */
static bool adopt(watch_t *w, watch_targets_t *targets)
{
    watch_domain_t **index = by_name(w->domain, w->count);
    watch_domain_t *domain = calloc(targets->count + 1, sizeof *domain);
    bool good = index != NULL && domain != NULL;
    for (size_t i = 0; good && i < targets->count; i++) {
        domain[i].target = &targets->item[i];
        good = load_domain(w, &domain[i]);
    }
    good = good && schedule_reserve(&w->schedule, targets->count);
    if (!good) {
        w->ops->complain(w->user, "the domains cannot be taken over");
        free(index);
        free(domain);
        return false;
    }
    watch_lock(w);
    for (size_t i = 0; i < targets->count; i++)
        keep_known(&domain[i], index, w->count);
    free_domains(w->domain, w->count);
    watch_targets_free(&w->targets);
    w->targets = *targets;
    w->domain = domain;
    w->count = targets->count;
    watch_unlock(w);
    watch_targets_init(targets);
    free(index);
    plan(w);
    return true;
}

bool watch_init(watch_t *w, const watch_options_t *options, const watch_ops_t *ops, void *user,
                store_t *store, watch_targets_t *targets)
{
    memset(w, 0, sizeof *w);
    pthread_mutex_init(&w->mutex, NULL);
    schedule_init(&w->schedule);
    watch_targets_init(&w->targets);
    w->ops = ops;
    w->user = user;
    w->options = *options;
    w->store = store;
    w->store_good = true;
    w->tick = now_of(w);
    w->prune_at = w->tick;
    /* what was not told in an earlier run comes before anything new */
    if (options->tell && store_untold(store, take_untold, w) != STORE_OK)
        store_refused(w);
    return adopt(w, targets);
}

void watch_free(watch_t *w)
{
    free_domains(w->domain, w->count);
    watch_targets_free(&w->targets);
    schedule_free(&w->schedule);
    pthread_mutex_destroy(&w->mutex);
    memset(w, 0, sizeof *w);
}

static void schedule_again(watch_t *w, size_t item)
{
    const watch_domain_t *d = &w->domain[item];
    const watch_settings_t *s = &d->target->settings;
    if (w->options.once)
        return;
    /* cannot fail: there is room for every domain, and each is there once */
    (void)schedule_add(&w->schedule, item,
                       schedule_after(d->anchor, s->interval, s->jitter, d->began, now_of(w),
                                      w->ops->random(w->user)));
}

static void set_failed(watch_t *w, watch_domain_t *d, bool failed)
{
    watch_lock(w);
    d->failed = failed;
    watch_unlock(w);
}

static void set_running(watch_t *w, watch_domain_t *d, bool running)
{
    watch_lock(w);
    d->running = running;
    w->running += running ? 1U : -1U;
    watch_unlock(w);
}

static void start_due(watch_t *w)
{
    size_t item = 0;
    while (!w->stopping && !w->reloading && w->running < w->options.parallel &&
           schedule_take(&w->schedule, now_of(w), &item)) {
        watch_domain_t *d = &w->domain[item];
        d->began = now_of(w);
        if (w->ops->start(w->user, item, d->target)) {
            set_running(w, d, true);
            continue;
        }
        set_failed(w, d, true);
        w->ops->complain(w->user, "a round could not begin: out of memory or threads");
        schedule_again(w, item);
    }
}

/* The round is on the disk: shows it to the other threads, and tells. */
static void stored(watch_t *w, watch_domain_t *d, watch_report_t *report, watch_round_t *r,
                   const store_domain_t *after, const store_change_t *change)
{
    watch_lock(w);
    d->stored = *after;
    if (d->has_last)
        watch_round_free(&d->last);
    d->last = *r;
    d->has_last = true;
    d->failed = false;
    w->store_good = true;
    watch_unlock(w);
    report->round = &d->last;
    report->state = &d->stored.state;
    if (change->transition != TRANSITION_NONE && !change->told)
        tell(w, change->id, change->message);
    w->ops->report(w->user, report);
}

/* One more finished round: status, store, then everybody else. Takes over *r. */
static void take_round(watch_t *w, watch_domain_t *d, watch_round_t *r)
{
    watch_policy_t policy = policy_of(w, d->target);
    store_domain_t after = d->stored;
    watch_state_t next = d->stored.state;
    store_change_t change = {.before = next.status};
    if (next.status == VERIFIER_NOT_STARTED && next.began == 0)
        next.began = d->target->settings.began;
    change.transition = watch_state_step(&next, &policy, r->outcome, r->at);
    watch_report_t report = {.domain = d,
                             .round = r,
                             .number = after.rounds + 1,
                             .at = r->at,
                             .before = change.before,
                             .transition = change.transition,
                             .state = &next,
                             .fails_at = watch_state_fails_at(&next, &policy)};
    char *message = message_of(w, &report);
    change.told = message == NULL;
    change.message = message != NULL ? message : "";
    if (store_round(w->store, &after, r, &next, &change) == STORE_OK) {
        stored(w, d, &report, r, &after, &change);
    } else {
        store_refused(w);
        set_failed(w, d, true);
        watch_round_free(r);
    }
    free(message);
}

static void end_round(watch_t *w, watch_event_t *e)
{
    watch_domain_t *d = &w->domain[e->item];
    set_running(w, d, false);
    if (e->good) {
        take_round(w, d, &e->round);
    } else if (!w->stopping) {
        set_failed(w, d, true);
        w->ops->complain(w->user, e->text);
    }
    schedule_again(w, e->item);
}

/* Whoever was killed by us, because the watch ends, is told again at the next start. */
static void end_telling(watch_t *w, const watch_event_t *e)
{
    w->telling--;
    watch_lock(w);
    w->told++;
    if (!e->good)
        w->tell_failures++;
    watch_unlock(w);
    if (!e->good)
        w->ops->complain(w->user, e->text);
    if ((e->good || !w->stopping) && store_told(w->store, e->change) != STORE_OK)
        store_refused(w);
}

static void handle(watch_t *w, watch_event_t *e)
{
    switch (e->kind) {
    case WATCH_EVENT_ROUND:
        end_round(w, e);
        break;
    case WATCH_EVENT_TOLD:
        end_telling(w, e);
        break;
    case WATCH_EVENT_STOP:
        w->stopping = true;
        break;
    case WATCH_EVENT_RELOAD:
        w->reloading = true;
        break;
    case WATCH_EVENT_NONE:
        break;
    }
}

/* Rounds point into the targets: those that run end first. */
static void reload(watch_t *w)
{
    watch_targets_t targets;
    if (!w->reloading || w->running > 0 || w->stopping)
        return;
    watch_targets_init(&targets);
    w->reloading = false;
    if (w->ops->reload(w->user, &targets))
        (void)adopt(w, &targets);
    watch_targets_free(&targets);
}

static void prune(watch_t *w)
{
    bool more = false;
    if (w->options.keep <= 0 || now_of(w) < w->prune_at)
        return;
    w->prune_at = now_of(w) + PRUNE_MS;
    if (store_prune(w->store, w->ops->wall(w->user) - w->options.keep, &more) != STORE_OK)
        store_refused(w);
    else if (more)
        w->prune_at = now_of(w);
}

static bool all_verified(const watch_t *w)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->domain[i].stored.state.status != VERIFIER_SUCCESS || !w->domain[i].has_last ||
            w->domain[i].last.outcome != ROUND_VERIFIED)
            return false;
    return true;
}

static bool done(const watch_t *w)
{
    if (w->options.until_verified && all_verified(w))
        return w->telling == 0;
    return w->options.once && w->schedule.count == 0 && w->running == 0 && w->telling == 0;
}

static int64_t wake_at(const watch_t *w)
{
    int64_t at = now_of(w) + WATCH_TICK_MS;
    int64_t due = schedule_next(&w->schedule);
    bool room = w->running < w->options.parallel && !w->reloading;
    return room && due < at ? due : at;
}

/* What rounds and commands still gave when they were ended. */
static void drain(watch_t *w)
{
    watch_event_t e;
    w->ops->stop(w->user);
    do {
        w->ops->wait(w->user, now_of(w), &e);
        handle(w, &e);
    } while (e.kind != WATCH_EVENT_NONE);
}

void watch_run(watch_t *w)
{
    watch_event_t e;
    while (!w->stopping && !done(w)) {
        reload(w);
        start_due(w);
        prune(w);
        watch_lock(w);
        w->tick = now_of(w);
        watch_unlock(w);
        w->ops->alive(w->user);
        w->ops->wait(w->user, wake_at(w), &e);
        handle(w, &e);
    }
    w->stopping = true;
    drain(w);
}
