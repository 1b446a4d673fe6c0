/* nsprobe history: what watch has seen. */
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/cmd.h"
#include "cmd/common.h"
#include "cmd/session.h"
#include "report/history_report.h"
#include "watch/target.h"

#define DOMAINS_MAX 1024
#define PATH_CAP    4096

enum { H_DB = 1, H_LAST, H_JSON, H_VERBOSE };

static const option_desc_t history_options[] = {
    {H_DB, "db", 0, NULL, "FILE", "the database of nsprobe watch"},
    {H_LAST, "last", 0, NULL, "SPAN", "only this time until now, as 90m, 24h, 7d"},
    {H_JSON, "json", 'j', NULL, NULL, "one JSON object a domain"},
    {H_VERBOSE, "verbose", 'v', NULL, NULL, "every change, not the last 20 alone"},
    {0, NULL, 0, NULL, NULL, NULL},
};

/* The files of its options. */
static const file_desc_t history_files[] = {
    READS_FILE(H_DB),
    {0, FILE_READS, {NULL}},
};

typedef struct history_args {
    size_t count;
    const char *domain[DOMAINS_MAX];
    const char *db;
    char default_db[PATH_CAP];
    int64_t last; /* milliseconds; 0: all */
    bool json;
    bool verbose;
} history_args_t;

/* What a pass over all domains needs. */
typedef struct overview {
    const history_args_t *c;
    const history_style_t *style;
    store_t *store;
    int rc;
} overview_t;

/* The name as watch stores it. */
static int stored_name(const char *text, char out[NSP_NAME_TEXT_MAX])
{
    nsp_name_t name;
    char err[200];
    if (!common_domain(text, &name, err))
        return usage_error("history", "domain '%s': %s", text, err);
    nsp_name_to_text(&name, out, NSP_NAME_TEXT_MAX);
    for (char *p = out; *p != '\0'; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p | 0x20);
    return 0;
}

static int take_option(void *user, int id, const char *value)
{
    history_args_t *c = user;
    char name[NSP_NAME_TEXT_MAX];
    switch (id) {
    case ARGS_WORD:
        if (c->count == DOMAINS_MAX)
            return usage_error("history", "more than %d domains in one call", DOMAINS_MAX);
        c->domain[c->count++] = value;
        return stored_name(value, name);
    case H_DB:
        c->db = value;
        return 0;
    case H_LAST:
        if (!watch_span(value, &c->last))
            return usage_error("history", "--last '%s': expected a span as 90m, 24h, 7d", value);
        return 0;
    case H_JSON:
        c->json = true;
        return 0;
    default:
        c->verbose = true;
        return 0;
    }
}

static int parse_args(history_args_t *c, int argc, char **argv)
{
    int rc = args_each(&command_history, argc, argv, take_option, c);
    if (rc != 0)
        return rc;
    if (c->db == NULL && !store_default_path(c->default_db, sizeof c->default_db))
        return usage_error("history", "which database? neither XDG_STATE_HOME nor HOME is set; "
                                      "give --db FILE");
    if (c->db == NULL)
        c->db = c->default_db;
    return 0;
}

static int64_t from_of(const history_args_t *c)
{
    return c->last > 0 ? (int64_t)time(NULL) * 1000 - c->last : INT64_MIN;
}

static int show(const overview_t *o, const char *name)
{
    history_t h;
    bool found = false;
    int rc = EXIT_HEALTHY;
    if (history_read(o->store, name, from_of(o->c), &found, &h) != STORE_OK) {
        fprintf(stderr, "nsprobe history: %s\n", store_error(o->store));
        rc = EXIT_UNTESTED;
    } else if (!found) {
        fprintf(stderr, "nsprobe history: %s is not watched with %s\n", name, o->c->db);
        rc = EXIT_UNTESTED;
    } else if (!(o->c->json ? history_report_json(stdout, &h)
                            : history_report_text(stdout, o->style, &h))) {
        rc = EXIT_UNTESTED;
    }
    history_free(&h);
    return rc;
}

/* One domain of the overview. */
static bool take_name(void *user, const char *name)
{
    overview_t *o = user;
    store_domain_t d;
    if (o->c->json) {
        int rc = show(o, name);
        o->rc = rc > o->rc ? rc : o->rc;
        return true;
    }
    if (store_domain(o->store, name, &d) != STORE_OK) {
        fprintf(stderr, "nsprobe history: %s\n", store_error(o->store));
        o->rc = EXIT_UNTESTED;
        return true;
    }
    history_report_line(stdout, o->style, name, &d.state);
    return true;
}

static int show_all(overview_t *o)
{
    if (!o->c->json)
        printf("%-17s  %-20s  %-20s  %s\n", "STATUS", "SINCE", "LAST ROUND", "DOMAIN");
    if (history_names(o->store, take_name, o) != STORE_OK) {
        fprintf(stderr, "nsprobe history: %s\n", store_error(o->store));
        return EXIT_UNTESTED;
    }
    return o->rc;
}

static int show_given(const overview_t *o)
{
    int worst = EXIT_HEALTHY;
    for (size_t i = 0; i < o->c->count; i++) {
        char name[NSP_NAME_TEXT_MAX];
        int rc = stored_name(o->c->domain[i], name);
        if (i > 0 && rc == 0 && !o->c->json)
            putchar('\n');
        if (rc == 0)
            rc = show(o, name);
        worst = rc > worst ? rc : worst;
    }
    return worst;
}

static bool locale_is_utf8(void)
{
    return setlocale(LC_CTYPE, "") != NULL && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static int run(const history_args_t *c)
{
    char err[STORE_ERROR_MAX] = "";
    history_style_t style = {.text = {.verbose = c->verbose, .colour = session_colour()},
                             .utf8 = locale_is_utf8()};
    overview_t o = {.c = c, .style = &style};
    if (store_open_readonly(c->db, &o.store, err) != STORE_OK) {
        fprintf(stderr, "nsprobe history: %s\n", err);
        return EXIT_UNTESTED;
    }
    int rc = c->count > 0 ? show_given(&o) : show_all(&o);
    store_close(o.store);
    return rc;
}

static int cmd_history(int argc, char **argv)
{
    history_args_t *c = calloc(1, sizeof *c);
    if (c == NULL)
        return EXIT_UNTESTED;
    int rc = parse_args(c, argc, argv);
    if (rc == 0)
        rc = run(c);
    free(c);
    return rc < 0 ? EXIT_HEALTHY : rc;
}

const command_desc_t command_history = {"history",
                                        "[DOMAIN...] [OPTION...]",
                                        "Shows what nsprobe watch has seen of a domain.",
                                        history_options,
                                        cmd_history,
                                        history_files};
