#include "diagnose/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const finding_desc_t descs[FINDING_COUNT] = {
#define FINDING(ident, id, severity, title, meaning, cause, fix, source)                           \
    [FINDING_##ident] = {id, severity, title, meaning, cause, fix, source},
#include "diagnose/findings.def"
#undef FINDING
};

const finding_desc_t *finding_desc(finding_id_t id)
{
    return &descs[(unsigned)id < FINDING_COUNT ? id : 0];
}

const char *severity_name(severity_t s)
{
    switch (s) {
    case SEVERITY_ERROR:
        return "error";
    case SEVERITY_WARNING:
        return "warning";
    case SEVERITY_NOTICE:
        return "notice";
    case SEVERITY_INFO:
        break;
    }
    return "info";
}

void finding_list_init(finding_list_t *list)
{
    memset(list, 0, sizeof *list);
}

void finding_clear(finding_t *f)
{
    free(f->text);
    free(f->fix);
    f->text = f->fix = NULL;
}

void finding_list_free(finding_list_t *list)
{
    for (size_t i = 0; i < list->count; i++)
        finding_clear(&list->item[i]);
    free(list->item);
    memset(list, 0, sizeof *list);
}

/* A formatted text of its own, NULL without memory. */
static char *format_text(const char *format, va_list args)
{
    char *text = NULL;
    if (vasprintf(&text, format, args) < 0)
        return NULL;
    return text;
}

/* Room for one more finding, zeroed. */
static finding_t *list_grow(finding_list_t *list)
{
    if (list->count == list->cap) {
        size_t cap = list->cap == 0 ? 16 : list->cap * 2;
        finding_t *item = realloc(list->item, cap * sizeof *item);
        if (item == NULL)
            return NULL;
        list->item = item;
        list->cap = cap;
    }
    finding_t *f = &list->item[list->count];
    memset(f, 0, sizeof *f);
    return f;
}

finding_t *finding_vadd(finding_list_t *list, finding_id_t id, const char *format, va_list args)
{
    char *text = format_text(format, args);
    finding_t *f = text == NULL ? NULL : list_grow(list);
    if (f == NULL) {
        free(text);
        list->out_of_memory = true;
        return NULL;
    }
    f->id = id;
    f->severity = finding_desc(id)->severity;
    f->text = text;
    f->number = ++list->numbered;
    list->count++;
    return f;
}

finding_t *finding_add(finding_list_t *list, finding_id_t id, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    finding_t *f = finding_vadd(list, id, format, args);
    va_end(args);
    return f;
}

void finding_set_addr(finding_t *f, const model_t *m, const addr_t *addr)
{
    if (f == NULL)
        return;
    f->has_addr = true;
    f->addr = *addr;
    for (uint16_t i = 0; i < m->address_count; i++) {
        const model_address_t *a = &m->address[i];
        if (addr_equal(&a->addr, addr) && a->server_count > 0)
            finding_set_server(f, &m->server[a->server[0]].name);
    }
}

void finding_set_server(finding_t *f, const nsp_name_t *server)
{
    if (f == NULL)
        return;
    f->has_server = true;
    f->server = *server;
}

void finding_add_text(finding_t *f, const char *more)
{
    char *text = NULL;
    if (f == NULL || f->text == NULL || asprintf(&text, "%s%s", f->text, more) < 0)
        return;
    free(f->text);
    f->text = text;
}

void finding_add_likely(finding_t *f, const char *cause, const char *sign)
{
    if (f == NULL || f->likely_count >= FINDING_LIKELY_MAX)
        return;
    f->likely[f->likely_count].cause = cause;
    f->likely[f->likely_count++].sign = sign;
}

void finding_set_fix(finding_t *f, const char *format, ...)
{
    if (f == NULL)
        return;
    va_list args;
    va_start(args, format);
    char *text = format_text(format, args);
    va_end(args);
    if (text == NULL)
        return; /* the table's will do */
    free(f->fix);
    f->fix = text;
}

void finding_add_evidence(finding_t *f, const exchange_t *x)
{
    if (f == NULL || x == NULL || f->evidence_count >= FINDING_EVIDENCE_MAX)
        return;
    for (uint16_t i = 0; i < f->evidence_count; i++)
        if (f->evidence[i] == x->id)
            return;
    f->evidence[f->evidence_count++] = x->id;
}

void finding_lift(finding_t *f)
{
    if (f->raised <= f->severity || f->id == FINDING_UNTESTED)
        return;
    f->lifted = true;
    f->own = f->severity;
    f->severity = f->raised;
}

void finding_settle(finding_t *f)
{
    if (f->lifted)
        f->severity = f->own;
    f->lifted = false;
}

static int compare_subject(const finding_t *a, const finding_t *b)
{
    if (a->has_server != b->has_server)
        return a->has_server ? 1 : -1;
    int order = a->has_server ? nsp_name_compare(&a->server, &b->server) : 0;
    if (order != 0)
        return order;
    if (a->has_addr != b->has_addr)
        return a->has_addr ? 1 : -1;
    order = a->has_addr ? addr_compare(&a->addr, &b->addr) : 0;
    return order != 0 ? order : strcmp(a->text, b->text);
}

/* A cause counts as the worst of what follows from it. */
static severity_t weight(const finding_t *f)
{
    return f->raised > f->severity ? f->raised : f->severity;
}

static int compare_findings(const void *left, const void *right)
{
    const finding_t *a = left;
    const finding_t *b = right;
    severity_t one = weight(a);
    severity_t two = weight(b);
    if (one != two)
        return one > two ? -1 : 1;
    if ((a->because_of == 0) != (b->because_of == 0))
        return a->because_of == 0 ? -1 : 1;
    if (a->wide != b->wide)
        return a->wide ? -1 : 1;
    if (a->id != b->id)
        return a->id < b->id ? -1 : 1;
    return compare_subject(a, b);
}

void finding_list_sort_part(finding_list_t *list, size_t first)
{
    if (list->count > first + 1)
        qsort(list->item + first, list->count - first, sizeof *list->item, compare_findings);
}

void finding_list_sort(finding_list_t *list)
{
    finding_list_sort_part(list, 0);
}

const finding_t *finding_by_number(const finding_list_t *list, uint32_t number)
{
    for (size_t i = 0; number != 0 && i < list->count; i++)
        if (list->item[i].number == number)
            return &list->item[i];
    return NULL;
}

const finding_t *finding_root(const finding_list_t *list, const finding_t *f)
{
    const finding_t *cause = finding_by_number(list, f->because_of);
    /* as many steps as there are findings, should they go in a circle */
    for (size_t i = 0; cause != NULL && i < list->count; i++) {
        f = cause;
        cause = finding_by_number(list, f->because_of);
    }
    return f;
}

const char *finding_cause(const finding_t *f)
{
    return f->likely_count > 0 ? f->likely[0].cause : finding_desc(f->id)->cause;
}

int finding_list_worst(const finding_list_t *list)
{
    int worst = -1;
    for (size_t i = 0; i < list->count; i++)
        if ((int)list->item[i].severity > worst)
            worst = (int)list->item[i].severity;
    return worst;
}
