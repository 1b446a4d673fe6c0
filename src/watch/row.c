#include "watch/row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int64_t row_number(row_t *r, int column, int64_t least, int64_t most)
{
    int64_t v = sqlite3_column_int64(r->statement, column);
    if (sqlite3_column_type(r->statement, column) == SQLITE_INTEGER && v >= least && v <= most)
        return v;
    r->good = false;
    return least;
}

/* Its octets, without NUL among them; NULL when it is no text. */
static const char *text_at(row_t *r, int column)
{
    bool is_text = sqlite3_column_type(r->statement, column) == SQLITE_TEXT;
    const char *text = (const char *)sqlite3_column_text(r->statement, column);
    if (is_text && text == NULL)
        r->memory = true;
    if (is_text && text != NULL &&
        strlen(text) == (size_t)sqlite3_column_bytes(r->statement, column))
        return text;
    r->good = false;
    return NULL;
}

static const char *status_name(int i)
{
    return verifier_status_name((verifier_status_t)i);
}

static const char *outcome_name(int i)
{
    return round_outcome_name((round_outcome_t)i);
}

static const char *a_transition_name(int i)
{
    return transition_name((transition_t)i);
}

/* Which of the names of 0 to last it is. */
static int word_at(row_t *r, int column, const char *(*name)(int), int last)
{
    const char *text = text_at(r, column);
    for (int i = 0; text != NULL && i <= last; i++)
        if (strcmp(text, name(i)) == 0)
            return i;
    r->good = false;
    return 0;
}

verifier_status_t row_status(row_t *r, int column)
{
    return (verifier_status_t)word_at(r, column, status_name, VERIFIER_TEMPORARY_FAILURE);
}

round_outcome_t row_outcome(row_t *r, int column)
{
    return (round_outcome_t)word_at(r, column, outcome_name, ROUND_TEMPORARY);
}

transition_t row_transition(row_t *r, int column)
{
    return (transition_t)word_at(r, column, a_transition_name, TRANSITION_RESTARTED);
}

static char *copy(row_t *r, const char *text)
{
    char *to = strdup(text);
    r->memory = r->memory || to == NULL;
    r->good = r->good && to != NULL;
    return to;
}

/* True for a domain name as nsp_name_to_text writes it. */
static bool row_is_name(const char *text)
{
    nsp_name_t name;
    char again[NSP_NAME_TEXT_MAX];
    if (nsp_name_from_text(text, strlen(text), NULL, &name, NULL) != NSP_OK)
        return false;
    nsp_name_to_text(&name, again, sizeof again);
    return strcmp(text, again) == 0;
}

char *row_name(row_t *r, int column)
{
    const char *text = text_at(r, column);
    if (text != NULL && row_is_name(text))
        return copy(r, text);
    r->good = false;
    return NULL;
}

char *row_address(row_t *r, int column)
{
    addr_t addr;
    char again[ADDR_TEXT_MAX];
    const char *text = text_at(r, column);
    if (text != NULL && addr_from_text(text, strlen(text), 53, &addr) &&
        strcmp(addr_port_text(&addr, again), text) == 0)
        return copy(r, text);
    r->good = false;
    return NULL;
}

store_err_t row_fail(store_t *s, const row_t *r, const char *table)
{
    if (r->memory) {
        snprintf(s->error, sizeof s->error, "%s: out of memory", s->path);
        return STORE_E_MEMORY;
    }
    snprintf(s->error, sizeof s->error,
             "%s: a value in table '%s' cannot be: the file is damaged; move it away, and watch "
             "begins a new one",
             s->path, table);
    return STORE_E_CORRUPT;
}
