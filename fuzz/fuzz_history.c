/* The database of watch, changed at any octet or in any value. It is read, or named damaged; what
 * is read prints, without a sign that a terminal would obey, as JSON that reads back, twice the
 * same. Watch itself goes on with it, or says why not.
 *
 * Changes, one after the other: 0, offset in three octets, octet; or 1, table, column, which rows,
 * type, length, value. */
#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "place.h"
#include "proto/wire.h"
#include "report/history_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHANGES_MAX 12
#define ROUNDS      12
#define T0          INT64_C(1764000000000)

static void need(bool truth)
{
    if (!truth)
        __builtin_trap();
}

/* --- the database before any change --- */

static void add_sample(watch_round_t *r, const char *addr, int64_t rtt)
{
    watch_sample_t *s = &r->sample[r->sample_count++];
    memset(s, 0, sizeof *s);
    need(addr_from_text(addr, strlen(addr), 53, &s->addr));
    need(nsp_name_from_text("ns.example.", 11, NULL, &s->server, NULL) == NSP_OK);
    s->asked = 4;
    s->answered = rtt >= 0 ? 4 : 0;
    s->rtt = rtt;
}

static void add_rounds(store_t *s, const char *name)
{
    store_domain_t d;
    watch_policy_t p = watch_policy_default();
    need(store_domain(s, name, &d) == STORE_OK);
    for (int i = 0; i < ROUNDS; i++) {
        watch_sample_t samples[2];
        watch_round_t r = {.at = T0 + i * 60000,
                           .outcome = i < 4 ? ROUND_VERIFIED : ROUND_TEMPORARY,
                           .sample = samples};
        store_change_t c = {.before = d.state.status, .message = "{}", .told = i % 2 != 0};
        watch_state_t next = d.state;
        c.transition = watch_state_step(&next, &p, r.outcome, r.at);
        add_sample(&r, "192.0.2.1", 1000000 + i * 10000);
        add_sample(&r, "2001:db8::1", i < 6 ? 2000000 : -1);
        need(store_round(s, &d, &r, &next, &c) == STORE_OK);
    }
}

/* Its octets: it is made once. */
static const uint8_t *template(size_t *n)
{
    static uint8_t *octets;
    static size_t size;
    char path[PLACE_PATH_MAX];
    char err[STORE_ERROR_MAX];
    store_t *s = NULL;
    if (octets == NULL) {
        need(store_open(place_path("made.db", path), &s, err) == STORE_OK);
        add_rounds(s, "example.com.");
        add_rounds(s, "example.net.");
        store_close(s);
        octets = place_read(path, &size);
        place_empty();
    }
    *n = size;
    return octets;
}

/* --- changes --- */

/* 0: an octet of the file. */
static void change_octet(const char *path, nsp_reader_t *r)
{
    size_t n = 0;
    uint8_t *octets = place_read(path, &n);
    uint32_t at = (uint32_t)nsp_read_u8(r) << 16;
    at |= nsp_read_u16(r);
    octets[at % n] = nsp_read_u8(r);
    place_write(path, octets, n);
    free(octets);
}

static void bind_value(sqlite3_stmt *st, unsigned type, const uint8_t *value, int n)
{
    int64_t number = 0;
    double real = 0;
    memcpy(&number, value, n < 8 ? (size_t)n : 8);
    memcpy(&real, value, n < 8 ? (size_t)n : 8);
    switch (type % 5) {
    case 0:
        sqlite3_bind_int64(st, 1, number);
        break;
    case 1:
        sqlite3_bind_double(st, 1, real);
        break;
    case 2:
        sqlite3_bind_text(st, 1, (const char *)value, n, SQLITE_TRANSIENT);
        break;
    case 3:
        sqlite3_bind_blob(st, 1, value, n, SQLITE_TRANSIENT);
        break;
    default:
        sqlite3_bind_null(st, 1);
    }
}

/* 1: a value. Constraints that it breaks keep it out. */
static void change_value(const char *path, nsp_reader_t *r)
{
    static const struct {
        const char *table;
        const char *key;
        const char *column[10];
    } tables[] = {
        {"domain",
         "id",
         {"name", "status", "verified", "since", "began", "bad_since", "bad_rounds", "last",
          "rounds", "expected"}},
        {"round", "id", {"domain", "number", "at", "took", "outcome", "status", "chance"}},
        {"address", "id", {"domain", "address", "server"}},
        {"sample", "round", {"asked", "answered", "rtt", "serial", "round", "address"}},
        {"change",
         "id",
         {"domain", "number", "at", "before", "after", "transition", "told", "message"}},
    };
    char sql[120];
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    unsigned table = nsp_read_u8(r) % 5;
    const char *column = tables[table].column[nsp_read_u8(r) % 10];
    unsigned rows = nsp_read_u8(r) % 8;
    unsigned type = nsp_read_u8(r);
    uint8_t n = nsp_read_u8(r);
    const uint8_t *value = nsp_read_bytes(r, n);
    if (value == NULL || column == NULL)
        return;
    snprintf(sql, sizeof sql, "UPDATE OR IGNORE %s SET %s = ?1 WHERE %s %% 8 >= %u",
             tables[table].table, column, tables[table].key, rows);
    if (sqlite3_open(path, &db) == SQLITE_OK &&
        sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK) {
        bind_value(st, type, value, n);
        (void)sqlite3_step(st);
    }
    sqlite3_finalize(st);
    sqlite3_close(db);
}

static void make(const char *path, const uint8_t *data, size_t size)
{
    size_t n = 0;
    const uint8_t *octets = template(&n);
    nsp_reader_t r = nsp_reader(data, size);
    place_write(path, octets, n);
    for (unsigned i = 0; i < CHANGES_MAX && nsp_left(&r) > 0; i++) {
        if (nsp_read_u8(&r) % 2 == 0)
            change_octet(path, &r);
        else
            change_value(path, &r);
    }
}

/* --- what must hold --- */

/* Nothing that a terminal obeys. */
static void check_text(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        need((unsigned char)text[i] >= ' ' || text[i] == '\n');
}

static void check_json(const char *text, size_t n)
{
    json_t *j = json_loadb(text, n, 0, NULL);
    need(json_is_string(json_object_get(j, "status")) &&
         json_is_array(json_object_get(j, "changes")) &&
         json_is_array(json_object_get(j, "addresses")));
    for (size_t i = 0; i < json_array_size(json_object_get(j, "addresses")); i++) {
        const json_t *a = json_array_get(json_object_get(j, "addresses"), i);
        need(json_is_string(json_object_get(a, "server")) &&
             json_is_string(json_object_get(a, "address")));
    }
    json_decref(j);
}

/* The past as text, and behind it as JSON. */
static char *print(const history_t *h, size_t *size)
{
    char *text = NULL;
    history_style_t style = {.text = {.verbose = true}};
    FILE *f = open_memstream(&text, size);
    need(f != NULL && history_report_text(f, &style, h));
    check_text(text, *size);
    size_t before = *size;
    need(history_report_json(f, h) && fclose(f) == 0);
    check_json(text + before, *size - before);
    return text;
}

typedef struct look {
    store_t *store;
    char *text[2];
    size_t size[2];
    unsigned names;
} look_t;

static bool look_at(void *user, const char *name)
{
    look_t *k = user;
    k->names++;
    check_text(name, strlen(name));
    for (int i = 0; i < 2; i++) {
        history_t h;
        bool found = false;
        store_err_t e = history_read(k->store, name, INT64_MIN, &found, &h);
        need(e == STORE_OK || store_error(k->store)[0] != '\0');
        k->text[i] = e == STORE_OK && found ? print(&h, &k->size[i]) : NULL;
        history_free(&h);
    }
    need((k->text[0] == NULL) == (k->text[1] == NULL));
    need(k->text[0] == NULL ||
         (k->size[0] == k->size[1] && memcmp(k->text[0], k->text[1], k->size[0]) == 0));
    free(k->text[0]);
    free(k->text[1]);
    return k->names < 8;
}

static void read_it(const char *path)
{
    char err[STORE_ERROR_MAX] = "";
    look_t k = {0};
    if (store_open_readonly(path, &k.store, err) != STORE_OK) {
        need(err[0] != '\0');
        return;
    }
    store_err_t e = history_names(k.store, look_at, &k);
    need(e == STORE_OK || store_error(k.store)[0] != '\0');
    store_close(k.store);
}

static void take_untold(void *user, int64_t id, const char *message)
{
    (void)id;
    *(size_t *)user += strlen(message);
}

static void go_on(const char *path)
{
    char err[STORE_ERROR_MAX] = "";
    store_t *s = NULL;
    store_domain_t d;
    size_t told = 0;
    bool more = false;
    if (store_open(path, &s, err) != STORE_OK) {
        need(err[0] != '\0');
        return;
    }
    store_err_t e = store_domain(s, "example.com.", &d);
    if (e == STORE_OK) {
        watch_policy_t p = watch_policy_default();
        watch_round_t r = {.at = T0 + ROUNDS * 60000, .outcome = ROUND_VERIFIED};
        store_change_t c = {.before = d.state.status, .message = ""};
        watch_state_t next = d.state;
        c.transition = watch_state_step(&next, &p, r.outcome, r.at);
        e = store_round(s, &d, &r, &next, &c);
    }
    need(e == STORE_OK || store_error(s)[0] != '\0');
    (void)store_untold(s, take_untold, &told);
    (void)store_prune(s, T0 + 60000, &more);
    store_close(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[PLACE_PATH_MAX];
    if (size > 4096)
        return 0;
    place_path("watch.db", path);
    make(path, data, size);
    read_it(path);
    go_on(path);
    place_empty();
    return 0;
}
