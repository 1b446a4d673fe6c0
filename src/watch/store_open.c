/* Opening the database: path, lock, schema. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "watch/schema.h"
#include "watch/store_inner.h"

#define BUSY_MS   5000
#define CHECK_MAX (INT64_C(64) << 20) /* larger databases are not read as a whole at the start */

bool store_default_path(char *buf, size_t cap)
{
    const char *unit = getenv("STATE_DIRECTORY");
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    int n = -1;
    /* a relative path is to be ignored, says the specification */
    if (unit != NULL && unit[0] == '/')
        n = snprintf(buf, cap, "%.*s/watch.db", (int)strcspn(unit, ":"), unit);
    else if (state != NULL && state[0] == '/')
        n = snprintf(buf, cap, "%s/nsprobe/watch.db", state);
    else if (home != NULL && home[0] == '/')
        n = snprintf(buf, cap, "%s/.local/state/nsprobe/watch.db", home);
    return n > 0 && (size_t)n < cap;
}

/* Makes the directories above a file. */
static bool make_parents(const char *path)
{
    char *copy = strdup(path);
    bool good = copy != NULL;
    char *first = copy != NULL && copy[0] != '\0' ? strchr(copy + 1, '/') : NULL;
    for (char *p = first; good && p != NULL; p = strchr(p + 1, '/')) {
        *p = '\0';
        good = mkdir(copy, 0700) == 0 || errno == EEXIST || errno == EROFS || errno == EACCES;
        *p = '/';
    }
    free(copy);
    return good;
}

/* NULL: a plain file is there, or nothing. */
static const char *why_no_file(const char *path)
{
    struct stat st;
    return stat(path, &st) != 0 || S_ISREG(st.st_mode) ? NULL : "not a plain file";
}

/* Creates the file if it is missing, and resolves its links: two paths of one database must meet
 * at one lock. The caller frees it. */
static char *real_path(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0)
        return NULL;
    close(fd);
    return realpath(path, NULL);
}

/* A lock of the process: the kernel drops it when the process ends, and tells who has it. */
static store_err_t take_lock(store_t *s, char err[STORE_ERROR_MAX])
{
    char *name = NULL;
    if (asprintf(&name, "%s.lock", s->path) < 0)
        return STORE_E_MEMORY;
    s->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
    if (s->lock < 0) {
        snprintf(err, STORE_ERROR_MAX, "%s: %s", name, strerror(errno));
        free(name);
        return STORE_E_OPEN;
    }
    free(name);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(s->lock, F_SETLK, &lock) == 0)
        return STORE_OK;
    struct flock holder = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char who[40] = "another process";
    if (fcntl(s->lock, F_GETLK, &holder) == 0 && holder.l_type != F_UNLCK && holder.l_pid > 0)
        snprintf(who, sizeof who, "process %ld", (long)holder.l_pid);
    snprintf(err, STORE_ERROR_MAX,
             "%s is in use: %s watches with it; stop that one, or give another --db", s->path, who);
    return STORE_E_BUSY;
}

store_err_t store_fail(store_t *s, const char *what)
{
    int code = s->db != NULL ? sqlite3_extended_errcode(s->db) : SQLITE_NOMEM;
    const char *why = s->db != NULL ? sqlite3_errmsg(s->db) : "out of memory";
    int os = s->db != NULL && (code & 0xff) == SQLITE_IOERR ? sqlite3_system_errno(s->db) : 0;
    snprintf(s->error, sizeof s->error, "%s: %s: %s%s%s", s->path, what, why, os != 0 ? ": " : "",
             os != 0 ? strerror(os) : "");
    switch (code & 0xff) {
    case SQLITE_NOMEM:
        return STORE_E_MEMORY;
    case SQLITE_FULL:
        return STORE_E_FULL;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        snprintf(s->error, sizeof s->error,
                 "%s: %s: the file is damaged or not a database of watch (%s); move it away, and "
                 "watch begins a new one",
                 s->path, what, why);
        return STORE_E_CORRUPT;
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return STORE_E_OPEN;
    default:
        return os == ENOSPC || os == EDQUOT ? STORE_E_FULL : STORE_E_SYSTEM;
    }
}

/* The value of a pragma, or of any query of one number. */
static store_err_t number_of(store_t *s, const char *sql, int64_t *out)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK)
        return store_fail(s, "cannot be read");
    bool good = sqlite3_step(st) == SQLITE_ROW;
    *out = good ? sqlite3_column_int64(st, 0) : 0;
    store_err_t e = good ? STORE_OK : store_fail(s, "cannot be read");
    sqlite3_finalize(st);
    return e;
}

/* Its schema's version, after making sure that it is ours. 0: empty. */
static store_err_t version_of(store_t *s, int64_t *version)
{
    int64_t application = 0;
    int64_t tables = 0;
    store_err_t e = number_of(s, "PRAGMA application_id", &application);
    if (e == STORE_OK)
        e = number_of(s, "PRAGMA user_version", version);
    if (e == STORE_OK)
        e = number_of(s, "SELECT count(*) FROM sqlite_schema", &tables);
    if (e != STORE_OK)
        return e;
    if (application != SCHEMA_APPLICATION_ID && (tables > 0 || *version != 0)) {
        snprintf(s->error, sizeof s->error, "%s: a database, but not one of nsprobe watch",
                 s->path);
        return STORE_E_FOREIGN;
    }
    if (*version <= SCHEMA_VERSION)
        return STORE_OK;
    snprintf(s->error, sizeof s->error,
             "%s: written by a later nsprobe (schema %lld, this one knows %d): install that one, "
             "or give another --db",
             s->path, (long long)*version, SCHEMA_VERSION);
    return STORE_E_NEWER;
}

static bool run_sql(store_t *s, const char *sql)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

/* All steps from version on in one transaction. */
static store_err_t migrate(store_t *s, int64_t version)
{
    char pragma[100];
    if (version == SCHEMA_VERSION)
        return STORE_OK;
    snprintf(pragma, sizeof pragma, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             SCHEMA_APPLICATION_ID, SCHEMA_VERSION);
    bool good = run_sql(s, "BEGIN IMMEDIATE");
    for (; good && version < SCHEMA_VERSION; version++)
        good = run_sql(s, schema_step[version]);
    good = good && run_sql(s, pragma) && run_sql(s, "COMMIT");
    if (good)
        return STORE_OK;
    store_err_t e = store_fail(s, "cannot bring the schema up to date");
    (void)run_sql(s, "ROLLBACK");
    return e;
}

/* Damage is better told at the start than in the middle of a night. */
static store_err_t check_whole(store_t *s)
{
    struct stat st;
    sqlite3_stmt *check = NULL;
    if (stat(s->path, &st) != 0 || st.st_size > CHECK_MAX)
        return STORE_OK;
    if (sqlite3_prepare_v2(s->db, "PRAGMA quick_check(1)", -1, &check, NULL) != SQLITE_OK)
        return store_fail(s, "cannot be checked");
    store_err_t e = STORE_OK;
    int rc = sqlite3_step(check);
    const char *text = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(check, 0) : NULL;
    if (text == NULL) {
        e = store_fail(s, "cannot be checked");
    } else if (strcmp(text, "ok") != 0) {
        /* a heading may stand on a line of its own before what is wrong */
        const char *last = strrchr(text, '\n');
        text = last != NULL && last[1] != '\0' ? last + 1 : text;
        snprintf(s->error, sizeof s->error,
                 "%s: the database is damaged (%.200s); move it away, and watch begins a new one",
                 s->path, text);
        e = STORE_E_CORRUPT;
    }
    sqlite3_finalize(check);
    return e;
}

static store_err_t open_file(store_t *s, int flags, int64_t *version)
{
    if (sqlite3_open_v2(s->path, &s->db, flags, NULL) != SQLITE_OK)
        return store_fail(s, "cannot be opened");
    sqlite3_busy_timeout(s->db, BUSY_MS);
    return version_of(s, version);
}

static store_err_t open_writable(store_t *s)
{
    int64_t version = 0;
    store_err_t e = open_file(s, SQLITE_OPEN_READWRITE, &version);
    if (e != STORE_OK)
        return e;
    /* FULL: a round that was told of is on the disk, whatever happens to the machine */
    if (!run_sql(s, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                    "PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 4194304"))
        return store_fail(s, "cannot be set up");
    e = check_whole(s);
    return e == STORE_OK ? migrate(s, version) : e;
}

/* Readers of a database in WAL mode share a file beside it, which the first one must make. */
static store_err_t say_unshared(store_t *s)
{
    snprintf(s->error, sizeof s->error,
             "%s: cannot be read without the right to write beside it, where readers and watch "
             "coordinate: ask as the user who runs nsprobe watch",
             s->path);
    return STORE_E_OPEN;
}

static store_err_t open_readonly(store_t *s)
{
    int64_t version = 0;
    store_err_t e = open_file(s, SQLITE_OPEN_READONLY, &version);
    if (e == STORE_E_OPEN && access(s->path, R_OK) == 0)
        return say_unshared(s);
    if (e != STORE_OK || version == SCHEMA_VERSION)
        return e;
    if (version == 0) {
        snprintf(s->error, sizeof s->error, "%s: nsprobe watch has written nothing to it", s->path);
        return STORE_E_OLDER;
    }
    snprintf(s->error, sizeof s->error,
             "%s: written by an earlier nsprobe (schema %lld, this one reads %d); nsprobe watch "
             "brings it up to date",
             s->path, (long long)version, SCHEMA_VERSION);
    return STORE_E_OLDER;
}

static store_t *new_store(char err[STORE_ERROR_MAX])
{
    store_t *s = calloc(1, sizeof *s);
    if (s == NULL)
        snprintf(err, STORE_ERROR_MAX, "out of memory");
    else
        s->lock = -1;
    return s;
}

static store_err_t finish_open(store_t *s, store_err_t e, store_t **out, char err[STORE_ERROR_MAX])
{
    if (e == STORE_OK) {
        *out = s;
        return STORE_OK;
    }
    if (s->error[0] != '\0')
        memcpy(err, s->error, STORE_ERROR_MAX);
    store_close(s);
    return e;
}

store_err_t store_open(const char *path, store_t **out, char err[STORE_ERROR_MAX])
{
    *out = NULL;
    store_t *s = new_store(err);
    if (s == NULL)
        return STORE_E_MEMORY;
    const char *why = why_no_file(path);
    if (why == NULL && make_parents(path))
        s->path = real_path(path);
    if (s->path == NULL) {
        snprintf(err, STORE_ERROR_MAX, "%.300s: %s", path, why != NULL ? why : strerror(errno));
        store_close(s);
        return STORE_E_OPEN;
    }
    store_err_t e = take_lock(s, err);
    if (e == STORE_OK)
        e = open_writable(s);
    return finish_open(s, e, out, err);
}

store_err_t store_open_readonly(const char *path, store_t **out, char err[STORE_ERROR_MAX])
{
    *out = NULL;
    store_t *s = new_store(err);
    if (s == NULL)
        return STORE_E_MEMORY;
    const char *why = why_no_file(path);
    s->path = why == NULL ? realpath(path, NULL) : NULL;
    if (s->path == NULL) {
        snprintf(err, STORE_ERROR_MAX, "%.300s: %s", path,
                 why != NULL       ? why
                 : errno == ENOENT ? "no such file; has nsprobe watch run yet?"
                                   : strerror(errno));
        store_close(s);
        return STORE_E_OPEN;
    }
    return finish_open(s, open_readonly(s), out, err);
}

void store_close(store_t *s)
{
    if (s == NULL)
        return;
    for (int i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(s->statement[i]);
    sqlite3_close(s->db);
    if (s->lock >= 0)
        close(s->lock);
    free(s->path);
    free(s);
}
