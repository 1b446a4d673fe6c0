#include "watch/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watch/row.h"

#define ROWS_MAX 1000000

static sqlite3_stmt *prepare(store_t *s, const char *sql, int64_t id, int64_t from)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK)
        return NULL;
    sqlite3_bind_int64(st, 1, id);
    sqlite3_bind_int64(st, 2, from);
    return st;
}

/* Ends a statement after its last row, given what the last step said. */
static store_err_t finish(store_t *s, sqlite3_stmt *st, int rc)
{
    store_err_t e = rc == SQLITE_DONE ? STORE_OK : store_fail(s, "cannot read the history");
    sqlite3_finalize(st);
    return e;
}

/* Ends a statement in the middle, at a row that is not good. */
static store_err_t give_up(store_t *s, const row_t *r, const char *table)
{
    store_err_t e = row_fail(s, r, table);
    sqlite3_finalize(r->statement);
    return e;
}

/* One more item at the end of an array; NULL when memory is out. */
static void *grow(void *items, size_t count, size_t size)
{
    /* doubles at every power of two */
    if (count >= ROWS_MAX || (count & (count - 1)) != 0)
        return count >= ROWS_MAX ? NULL : items;
    return realloc(items, (count == 0 ? 1 : count * 2) * size);
}

static store_err_t no_memory(store_t *s)
{
    snprintf(s->error, sizeof s->error, "%s: out of memory, or more rows than can be shown",
             s->path);
    return STORE_E_MEMORY;
}

static store_err_t read_changes(store_t *s, int64_t from, history_t *h)
{
    sqlite3_stmt *st = prepare(s,
                               "SELECT number, at, before, after, transition FROM change"
                               " WHERE domain = ?1 AND at >= ?2 ORDER BY id",
                               h->domain.id, from);
    if (st == NULL)
        return store_fail(s, "cannot read the history");
    int rc = sqlite3_step(st);
    for (; rc == SQLITE_ROW; rc = sqlite3_step(st)) {
        history_change_t *grown = grow(h->change, h->change_count, sizeof *grown);
        if (grown == NULL) {
            sqlite3_finalize(st);
            return no_memory(s);
        }
        h->change = grown;
        row_t r = {.statement = st, .good = true};
        h->change[h->change_count++] =
            (history_change_t){.number = row_number(&r, 0, 0, ROW_COUNT_MAX),
                               .at = row_time(&r, 1),
                               .before = row_status(&r, 2),
                               .after = row_status(&r, 3),
                               .transition = row_transition(&r, 4)};
        if (!r.good)
            return give_up(s, &r, "change");
    }
    return finish(s, st, rc);
}

static store_err_t read_rounds(store_t *s, int64_t from, history_t *h)
{
    sqlite3_stmt *st = prepare(s,
                               "SELECT outcome, count(*), min(at), max(at),"
                               " sum(covered < addresses) FROM round"
                               " WHERE domain = ?1 AND at >= ?2 GROUP BY outcome",
                               h->domain.id, from);
    if (st == NULL)
        return store_fail(s, "cannot read the history");
    int rc = sqlite3_step(st);
    for (; rc == SQLITE_ROW; rc = sqlite3_step(st)) {
        row_t r = {.statement = st, .good = true};
        round_outcome_t outcome = row_outcome(&r, 0);
        int64_t n = row_number(&r, 1, 0, ROW_COUNT_MAX);
        int64_t least = row_time(&r, 2);
        int64_t most = row_time(&r, 3);
        int64_t partial = row_number(&r, 4, 0, n);
        if (!r.good)
            return give_up(s, &r, "round");
        h->first = h->rounds == 0 || least < h->first ? least : h->first;
        h->last = most > h->last ? most : h->last;
        h->rounds += n;
        h->outcome[outcome] += n;
        h->partial[outcome] += partial;
    }
    return finish(s, st, rc);
}

/* The address of a row; rows come in order of addresses, so that it is the last or a new one. NULL
 * when memory is out. */
static history_address_t *address_of(history_t *h, row_t *r)
{
    int64_t id = sqlite3_column_int64(r->statement, 0);
    if (h->address_count > 0 && h->address[h->address_count - 1].id == id)
        return &h->address[h->address_count - 1];
    history_address_t *grown = grow(h->address, h->address_count, sizeof *grown);
    if (grown == NULL) {
        r->good = false;
        r->memory = true;
        return NULL;
    }
    h->address = grown;
    history_address_t *a = &h->address[h->address_count++];
    memset(a, 0, sizeof *a);
    a->id = id;
    a->address = row_address(r, 1);
    a->server = row_name(r, 2);
    a->rtt_least = a->rtt_most = a->total.rtt = -1;
    for (int i = 0; i < HISTORY_BUCKETS; i++)
        a->bucket[i].rtt = -1;
    return a;
}

/* Columns 3 on: bucket, rounds, asked, answered, mean, least and most of rtt, rounds with rtt. */
static void take_bucket(history_address_t *a, row_t *r, double *sum, int64_t *with)
{
    history_bucket_t *b = &a->bucket[row_number(r, 3, 0, HISTORY_BUCKETS - 1)];
    b->rounds = row_number(r, 4, 0, ROW_COUNT_MAX);
    b->asked = row_number(r, 5, 0, ROW_COUNT_MAX);
    b->answered = row_number(r, 6, 0, b->asked);
    a->total.rounds += b->rounds;
    a->total.asked += b->asked;
    a->total.answered += b->answered;
    if (sqlite3_column_type(r->statement, 7) == SQLITE_NULL)
        return;
    int64_t least = row_number(r, 8, 0, ROW_COUNT_MAX);
    int64_t most = row_number(r, 9, 0, ROW_COUNT_MAX);
    int64_t n = row_number(r, 10, 1, ROW_COUNT_MAX);
    if (!r->good)
        return;
    b->rtt = (int64_t)sqlite3_column_double(r->statement, 7);
    a->rtt_least = a->rtt_least < 0 || least < a->rtt_least ? least : a->rtt_least;
    a->rtt_most = most > a->rtt_most ? most : a->rtt_most;
    *sum += sqlite3_column_double(r->statement, 7) * (double)n;
    *with += n;
    a->total.rtt = (int64_t)(*sum / (double)*with);
}

static store_err_t read_addresses(store_t *s, int64_t from, history_t *h)
{
    sqlite3_stmt *st = prepare(
        s,
        "SELECT a.id, a.address, a.server, (r.at - ?3) * ?5 / (?4 - ?3 + 1) AS bucket, count(*),"
        " sum(p.asked), sum(p.answered), avg(p.rtt), min(p.rtt), max(p.rtt), count(p.rtt)"
        " FROM round r JOIN sample p ON p.round = r.id JOIN address a ON a.id = p.address"
        " WHERE r.domain = ?1 AND r.at >= ?2 GROUP BY a.id, bucket"
        " ORDER BY a.server, a.address, a.id, bucket",
        h->domain.id, from);
    if (st == NULL)
        return store_fail(s, "cannot read the history");
    sqlite3_bind_int64(st, 3, h->first);
    sqlite3_bind_int64(st, 4, h->last);
    sqlite3_bind_int(st, 5, HISTORY_BUCKETS);
    double sum = 0;
    int64_t with = 0;
    int rc = sqlite3_step(st);
    for (; rc == SQLITE_ROW; rc = sqlite3_step(st)) {
        size_t before = h->address_count;
        row_t r = {.statement = st, .good = true};
        history_address_t *a = address_of(h, &r);
        if (h->address_count != before) {
            sum = 0;
            with = 0;
        }
        if (a != NULL)
            take_bucket(a, &r, &sum, &with);
        if (!r.good)
            return give_up(s, &r, "sample");
    }
    return finish(s, st, rc);
}

static store_err_t knows(store_t *s, const char *name, bool *found)
{
    sqlite3_stmt *st = NULL;
    *found = false;
    if (sqlite3_prepare_v2(s->db, "SELECT 1 FROM domain WHERE name = ?1", -1, &st, NULL) !=
        SQLITE_OK)
        return store_fail(s, "cannot read the history");
    sqlite3_bind_text(st, 1, name, -1, SQLITE_TRANSIENT);
    int rc = sqlite3_step(st);
    *found = rc == SQLITE_ROW;
    return finish(s, st, rc == SQLITE_ROW ? SQLITE_DONE : rc);
}

/* All of it in one transaction: a watch that writes meanwhile changes nothing in between. */
store_err_t history_read(store_t *s, const char *name, int64_t from, bool *found, history_t *out)
{
    memset(out, 0, sizeof *out);
    out->name = strdup(name);
    if (out->name == NULL)
        return no_memory(s);
    if (sqlite3_exec(s->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
        return store_fail(s, "cannot read the history");
    store_err_t e = knows(s, name, found);
    if (e == STORE_OK && *found)
        e = store_domain(s, name, &out->domain);
    if (e == STORE_OK && *found)
        e = read_changes(s, from, out);
    if (e == STORE_OK && *found)
        e = read_rounds(s, from, out);
    if (e == STORE_OK && *found)
        e = read_addresses(s, from, out);
    sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
    return e;
}

void history_free(history_t *h)
{
    for (size_t i = 0; i < h->address_count; i++) {
        free(h->address[i].address);
        free(h->address[i].server);
    }
    free(h->change);
    free(h->address);
    free(h->name);
    memset(h, 0, sizeof *h);
}

store_err_t history_names(store_t *s, bool (*take)(void *user, const char *name), void *user)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(s->db, "SELECT name FROM domain ORDER BY name", -1, &st, NULL) !=
        SQLITE_OK)
        return store_fail(s, "cannot read the history");
    int rc = sqlite3_step(st);
    for (; rc == SQLITE_ROW; rc = sqlite3_step(st)) {
        row_t r = {.statement = st, .good = true};
        char *name = row_name(&r, 0);
        if (name == NULL)
            return give_up(s, &r, "domain");
        bool go_on = take(user, name);
        free(name);
        if (!go_on)
            break;
    }
    return finish(s, st, rc == SQLITE_ROW ? SQLITE_DONE : rc);
}
