#include "watch/store.h"

#include <stdio.h>
#include <string.h>

#include "watch/row.h"

#define PRUNE_ROUNDS 2000

static const char *const sql[STATEMENT_COUNT] = {
    [STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
    [STATEMENT_COMMIT] = "COMMIT",
    [STATEMENT_ROLLBACK] = "ROLLBACK",
    [STATEMENT_FIND] = "SELECT id, rounds, status, verified, since, began, bad_since, bad_rounds,"
                       " last, expected FROM domain WHERE name = ?1",
    [STATEMENT_ADD] = "INSERT INTO domain (name, status, verified, since, began, bad_since,"
                      " bad_rounds, last, rounds) VALUES (?1, 'NOT_STARTED', 0, 0, 0, 0, 0, 0, 0)",
    [STATEMENT_ROUND] =
        "INSERT INTO round (domain, number, at, took, outcome, status, chance, errors, warnings,"
        " addresses, covered) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    [STATEMENT_ADDRESS] = "INSERT INTO address (domain, address, server) VALUES (?1, ?2, ?3)"
                          " ON CONFLICT (domain, address) DO UPDATE SET server = excluded.server"
                          " RETURNING id",
    [STATEMENT_SAMPLE] = "INSERT INTO sample (round, address, asked, answered, rtt, serial)"
                         " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
    /* the number before is part of the condition: nobody else may have stored a round meanwhile */
    [STATEMENT_STATE] = "UPDATE domain SET status = ?1, verified = ?2, since = ?3, began = ?4,"
                        " bad_since = ?5, bad_rounds = ?6, last = ?7, rounds = ?8, expected = ?9"
                        " WHERE id = ?10 AND rounds = ?11",
    [STATEMENT_CHANGE] =
        "INSERT INTO change (domain, number, at, before, after, transition, told, message)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [STATEMENT_TOLD] = "UPDATE change SET told = 1, message = '' WHERE id = ?1",
    [STATEMENT_UNTOLD] = "SELECT id, message FROM change WHERE told = 0 ORDER BY id",
    [STATEMENT_PRUNE_ROUND] = "DELETE FROM round WHERE id IN"
                              " (SELECT id FROM round WHERE at < ?1 ORDER BY at LIMIT ?2)",
    [STATEMENT_PRUNE_CHANGE] = "DELETE FROM change WHERE at < ?1 AND told = 1",
};

const char *store_error(const store_t *s)
{
    return s->error;
}

struct sqlite3 *store_handle(const store_t *s)
{
    return s->db;
}

/* A statement ready for binding; NULL with the error noted. */
static sqlite3_stmt *prepare(store_t *s, store_statement_t which)
{
    sqlite3_stmt **st = &s->statement[which];
    if (*st == NULL &&
        sqlite3_prepare_v3(s->db, sql[which], -1, SQLITE_PREPARE_PERSISTENT, st, NULL) != SQLITE_OK)
        return NULL;
    sqlite3_reset(*st);
    sqlite3_clear_bindings(*st);
    return *st;
}

/* Runs a statement that is bound and gives no rows. */
static bool run(sqlite3_stmt *st)
{
    bool good = sqlite3_step(st) == SQLITE_DONE;
    return sqlite3_reset(st) == SQLITE_OK && good;
}

static bool run_plain(store_t *s, store_statement_t which)
{
    sqlite3_stmt *st = prepare(s, which);
    return st != NULL && run(st);
}

/* Gives up the transaction; what went wrong is noted before. */
static store_err_t roll_back(store_t *s, store_err_t e)
{
    char kept[STORE_ERROR_MAX];
    memcpy(kept, s->error, sizeof kept);
    if (sqlite3_get_autocommit(s->db) == 0)
        (void)run_plain(s, STATEMENT_ROLLBACK);
    memcpy(s->error, kept, sizeof kept);
    return e;
}

static void bind_text(sqlite3_stmt *st, int at, const char *text)
{
    sqlite3_bind_text(st, at, text, -1, SQLITE_TRANSIENT);
}

static store_err_t read_domain(store_t *s, sqlite3_stmt *st, store_domain_t *out)
{
    row_t r = {.statement = st, .good = true};
    memset(out, 0, sizeof *out);
    out->id = sqlite3_column_int64(st, 0);
    out->rounds = row_number(&r, 1, 0, ROW_COUNT_MAX);
    out->state.status = row_status(&r, 2);
    out->state.verified = sqlite3_column_int(st, 3) != 0;
    out->state.since = row_time(&r, 4);
    out->state.began = row_time(&r, 5);
    out->state.bad_since = row_time(&r, 6);
    out->state.bad_rounds = (unsigned)row_number(&r, 7, 0, UINT32_MAX);
    out->state.last = row_time(&r, 8);
    const char *expected = (const char *)sqlite3_column_text(st, 9);
    snprintf(out->expected, sizeof out->expected, "%s", expected != NULL ? expected : "");
    return r.good ? STORE_OK : row_fail(s, &r, "domain");
}

store_err_t store_domain(store_t *s, const char *name, store_domain_t *out)
{
    for (int attempt = 0; attempt < 2; attempt++) {
        sqlite3_stmt *st = prepare(s, STATEMENT_FIND);
        if (st == NULL)
            return store_fail(s, "cannot read a domain");
        bind_text(st, 1, name);
        int rc = sqlite3_step(st);
        store_err_t e = rc == SQLITE_ROW ? read_domain(s, st, out) : STORE_OK;
        sqlite3_reset(st);
        if (rc == SQLITE_ROW)
            return e;
        if (rc != SQLITE_DONE)
            return store_fail(s, "cannot read a domain");
        st = prepare(s, STATEMENT_ADD);
        if (st == NULL)
            return store_fail(s, "cannot add a domain");
        bind_text(st, 1, name);
        if (!run(st))
            return store_fail(s, "cannot add a domain");
    }
    return store_fail(s, "cannot add a domain");
}

static bool insert_round(store_t *s, const store_domain_t *d, const watch_round_t *r,
                         const watch_state_t *next)
{
    sqlite3_stmt *st = prepare(s, STATEMENT_ROUND);
    if (st == NULL)
        return false;
    sqlite3_bind_int64(st, 1, d->id);
    sqlite3_bind_int64(st, 2, d->rounds + 1);
    sqlite3_bind_int64(st, 3, r->at);
    sqlite3_bind_int64(st, 4, r->took);
    bind_text(st, 5, round_outcome_name(r->outcome));
    bind_text(st, 6, verifier_status_name(next->status));
    sqlite3_bind_double(st, 7, r->chance);
    sqlite3_bind_int64(st, 8, r->severity[SEVERITY_ERROR]);
    sqlite3_bind_int64(st, 9, r->severity[SEVERITY_WARNING]);
    sqlite3_bind_int64(st, 10, (int64_t)r->coverage.addresses);
    sqlite3_bind_int64(st, 11, (int64_t)r->coverage.asked);
    return run(st);
}

/* The number of an address within its domain; 0 on error. */
static int64_t address_id(store_t *s, const store_domain_t *d, const watch_sample_t *a)
{
    char addr[ADDR_TEXT_MAX];
    char server[NSP_NAME_TEXT_MAX];
    sqlite3_stmt *st = prepare(s, STATEMENT_ADDRESS);
    if (st == NULL)
        return 0;
    nsp_name_to_text(&a->server, server, sizeof server);
    sqlite3_bind_int64(st, 1, d->id);
    bind_text(st, 2, addr_port_text(&a->addr, addr));
    bind_text(st, 3, server);
    int64_t id = sqlite3_step(st) == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
    return sqlite3_step(st) == SQLITE_DONE && sqlite3_reset(st) == SQLITE_OK ? id : 0;
}

static bool insert_samples(store_t *s, const store_domain_t *d, const watch_round_t *r)
{
    int64_t round = sqlite3_last_insert_rowid(s->db);
    for (size_t i = 0; i < r->sample_count; i++) {
        const watch_sample_t *a = &r->sample[i];
        int64_t address = address_id(s, d, a);
        sqlite3_stmt *st = prepare(s, STATEMENT_SAMPLE);
        if (address == 0 || st == NULL)
            return false;
        sqlite3_bind_int64(st, 1, round);
        sqlite3_bind_int64(st, 2, address);
        sqlite3_bind_int64(st, 3, a->asked);
        sqlite3_bind_int64(st, 4, a->answered);
        if (a->rtt >= 0)
            sqlite3_bind_int64(st, 5, a->rtt / 1000);
        if (a->has_serial)
            sqlite3_bind_int64(st, 6, a->serial);
        if (!run(st))
            return false;
    }
    return true;
}

/* Writes the new state; the number before must still be d->rounds. */
static bool update_state(store_t *s, const store_domain_t *d, const watch_state_t *next,
                         int64_t rounds, const char *expected)
{
    sqlite3_stmt *st = prepare(s, STATEMENT_STATE);
    if (st == NULL)
        return false;
    bind_text(st, 1, verifier_status_name(next->status));
    sqlite3_bind_int(st, 2, next->verified);
    sqlite3_bind_int64(st, 3, next->since);
    sqlite3_bind_int64(st, 4, next->began);
    sqlite3_bind_int64(st, 5, next->bad_since);
    sqlite3_bind_int64(st, 6, next->bad_rounds);
    sqlite3_bind_int64(st, 7, next->last);
    sqlite3_bind_int64(st, 8, rounds);
    bind_text(st, 9, expected);
    sqlite3_bind_int64(st, 10, d->id);
    sqlite3_bind_int64(st, 11, d->rounds);
    return run(st) && sqlite3_changes(s->db) == 1;
}

static bool insert_change(store_t *s, const store_domain_t *d, const watch_state_t *next,
                          int64_t number, int64_t at, store_change_t *change)
{
    if (change->transition == TRANSITION_NONE)
        return true;
    sqlite3_stmt *st = prepare(s, STATEMENT_CHANGE);
    if (st == NULL)
        return false;
    sqlite3_bind_int64(st, 1, d->id);
    sqlite3_bind_int64(st, 2, number);
    sqlite3_bind_int64(st, 3, at);
    bind_text(st, 4, verifier_status_name(change->before));
    bind_text(st, 5, verifier_status_name(next->status));
    bind_text(st, 6, transition_name(change->transition));
    sqlite3_bind_int(st, 7, change->told);
    bind_text(st, 8, change->told ? "" : change->message);
    if (!run(st))
        return false;
    change->id = sqlite3_last_insert_rowid(s->db);
    return true;
}

store_err_t store_round(store_t *s, store_domain_t *d, const watch_round_t *r,
                        const watch_state_t *next, store_change_t *change)
{
    int64_t number = d->rounds + 1;
    bool good = run_plain(s, STATEMENT_BEGIN) && insert_round(s, d, r, next) &&
                insert_samples(s, d, r) && update_state(s, d, next, number, d->expected) &&
                insert_change(s, d, next, number, r->at, change) && run_plain(s, STATEMENT_COMMIT);
    if (!good)
        return roll_back(s, store_fail(s, "cannot store a round"));
    d->rounds = number;
    d->state = *next;
    return STORE_OK;
}

store_err_t store_restart(store_t *s, store_domain_t *d, const char *expected, int64_t now,
                          store_change_t *change)
{
    watch_state_t next = {0};
    bool good = run_plain(s, STATEMENT_BEGIN) && update_state(s, d, &next, d->rounds, expected) &&
                insert_change(s, d, &next, d->rounds, now, change) &&
                run_plain(s, STATEMENT_COMMIT);
    if (!good)
        return roll_back(s, store_fail(s, "cannot start a verification anew"));
    d->state = next;
    snprintf(d->expected, sizeof d->expected, "%s", expected);
    return STORE_OK;
}

store_err_t store_told(store_t *s, int64_t change)
{
    sqlite3_stmt *st = prepare(s, STATEMENT_TOLD);
    if (st == NULL)
        return store_fail(s, "cannot note that a change was told");
    sqlite3_bind_int64(st, 1, change);
    return run(st) ? STORE_OK : store_fail(s, "cannot note that a change was told");
}

store_err_t store_untold(store_t *s, void (*take)(void *user, int64_t id, const char *message),
                         void *user)
{
    sqlite3_stmt *st = prepare(s, STATEMENT_UNTOLD);
    if (st == NULL)
        return store_fail(s, "cannot read changes");
    int rc = sqlite3_step(st);
    for (; rc == SQLITE_ROW; rc = sqlite3_step(st)) {
        const char *message = (const char *)sqlite3_column_text(st, 1);
        take(user, sqlite3_column_int64(st, 0), message != NULL ? message : "");
    }
    store_err_t e = rc == SQLITE_DONE ? STORE_OK : store_fail(s, "cannot read changes");
    sqlite3_reset(st);
    return e;
}

store_err_t store_prune(store_t *s, int64_t before, bool *more)
{
    sqlite3_stmt *rounds = prepare(s, STATEMENT_PRUNE_ROUND);
    sqlite3_stmt *changes = prepare(s, STATEMENT_PRUNE_CHANGE);
    if (rounds == NULL || changes == NULL)
        return store_fail(s, "cannot remove old rounds");
    sqlite3_bind_int64(rounds, 1, before);
    sqlite3_bind_int(rounds, 2, PRUNE_ROUNDS);
    if (!run(rounds))
        return store_fail(s, "cannot remove old rounds");
    *more = sqlite3_changes(s->db) == PRUNE_ROUNDS;
    sqlite3_bind_int64(changes, 1, before);
    return run(changes) ? STORE_OK : store_fail(s, "cannot remove old changes");
}
