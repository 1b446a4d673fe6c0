#include "diagnose/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define WORD_MAX 64

bool finding_by_id(const char *id, finding_id_t *out)
{
    for (unsigned i = 0; i < FINDING_COUNT; i++)
        if (strcasecmp(finding_desc((finding_id_t)i)->id, id) == 0) {
            *out = (finding_id_t)i;
            return true;
        }
    return false;
}

bool severity_by_name(const char *name, severity_t *out)
{
    for (int s = SEVERITY_INFO; s <= SEVERITY_ERROR; s++)
        if (strcmp(severity_name((severity_t)s), name) == 0) {
            *out = (severity_t)s;
            return true;
        }
    return false;
}

void profile_init(profile_t *p)
{
    for (unsigned i = 0; i < FINDING_COUNT; i++)
        p->severity[i] = PROFILE_UNCHANGED;
}

/* The next word of a line, cut to WORD_MAX - 1 octets; "" at its end. */
static const char *next_word(const char *at, const char *end, char word[WORD_MAX])
{
    size_t n = 0;
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r'))
        at++;
    for (; at < end && *at != ' ' && *at != '\t' && *at != '\r'; at++)
        if (n + 1 < WORD_MAX)
            word[n++] = *at;
    word[n] = '\0';
    return at;
}

/* Words as they may be shown. */
static const char *shown(char *word)
{
    for (char *c = word; *c != '\0'; c++)
        if (*c < 0x21 || *c > 0x7e)
            *c = '?';
    return word;
}

static bool read_line(profile_t *p, const char *at, const char *end, profile_error_t *err)
{
    char id[WORD_MAX];
    char severity[WORD_MAX];
    char rest[WORD_MAX];
    finding_id_t finding;
    severity_t s;
    at = next_word(at, end, id);
    at = next_word(at, end, severity);
    next_word(at, end, rest);
    if (id[0] == '\0')
        return true;
    if (!finding_by_id(id, &finding)) {
        snprintf(err->text, sizeof err->text, "no finding '%s'", shown(id));
        return false;
    }
    bool ignore = strcmp(severity, "ignore") == 0;
    if (!ignore && !severity_by_name(severity, &s)) {
        snprintf(err->text, sizeof err->text,
                 "severity '%s': expected error, warning, notice, info or ignore", shown(severity));
        return false;
    }
    if (rest[0] != '\0') {
        snprintf(err->text, sizeof err->text, "'%s' is too much", shown(rest));
        return false;
    }
    if (ignore)
        p->severity[finding] = PROFILE_IGNORE;
    else
        p->severity[finding] = s == finding_desc(finding)->severity ? PROFILE_UNCHANGED : (int)s;
    return true;
}

bool profile_read(profile_t *p, const char *text, size_t len, profile_error_t *err)
{
    const char *end = text + len;
    err->line = 0;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline != NULL ? newline : end;
        const char *comment = memchr(text, '#', (size_t)(stop - text));
        err->line++;
        if (!read_line(p, text, comment != NULL ? comment : stop, err))
            return false;
        text = newline != NULL ? newline + 1 : end;
    }
    return true;
}

/* What follows from a finding that is taken out follows from that one's own cause, or from none. */
static void take_out(finding_list_t *list, finding_t *f)
{
    for (size_t i = 0; i < list->count; i++) {
        finding_t *k = &list->item[i];
        if (k != f && k->because_of != 0 && k->because_of == f->number) {
            k->because_of = f->because_of;
            k->because = f->because;
        }
    }
    free(f->text);
    free(f->fix);
    f->text = f->fix = NULL;
}

static finding_t *cause_of(finding_list_t *list, const finding_t *f)
{
    for (size_t i = 0; f->because_of != 0 && i < list->count; i++)
        if (list->item[i].number == f->because_of)
            return &list->item[i];
    return NULL;
}

/* The worst of what follows from each finding, anew, by whatever way it follows. */
static void raise_causes(finding_list_t *list)
{
    for (size_t i = 0; i < list->count; i++)
        list->item[i].raised = SEVERITY_INFO;
    for (size_t i = 0; i < list->count; i++) {
        const finding_t *f = &list->item[i];
        finding_t *cause = cause_of(list, f);
        /* as many steps as there are findings, should they go in a circle */
        for (size_t k = 0; cause != NULL && k < list->count; k++) {
            if (cause->raised < f->severity)
                cause->raised = f->severity;
            cause = cause_of(list, cause);
        }
    }
}

void profile_apply(const profile_t *p, finding_list_t *list)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        if (p->severity[list->item[i].id] == PROFILE_IGNORE)
            take_out(list, &list->item[i]);
    for (size_t i = 0; i < list->count; i++) {
        finding_t *f = &list->item[i];
        int s = p->severity[f->id];
        if (s == PROFILE_IGNORE)
            continue;
        finding_settle(f);
        if (s >= 0)
            f->severity = (severity_t)s;
        list->item[kept++] = *f;
    }
    list->count = kept;
    raise_causes(list);
    /* what is set stays as it is set */
    for (size_t i = 0; i < list->count; i++)
        if (p->severity[list->item[i].id] == PROFILE_UNCHANGED)
            finding_lift(&list->item[i]);
    finding_list_sort(list);
}
