#include "scases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static const scase_t *const subjects[] = {scases_signature, scases_denial, scases_ds, scases_key,
                                          scases_copy};

const scase_t *scase_at(size_t i)
{
    for (size_t s = 0; s < sizeof subjects / sizeof subjects[0]; s++)
        for (const scase_t *c = subjects[s]; c->name != NULL; c++)
            if (i-- == 0)
                return c;
    return NULL;
}

const scase_t *scase_named(const char *name)
{
    const scase_t *c = NULL;
    for (size_t i = 0; (c = scase_at(i)) != NULL; i++)
        if (strcmp(c->name, name) == 0)
            return c;
    fail_msg("no case has the name \"%s\"", name);
    return NULL;
}

void scase_run(const scase_t *c, finding_list_t *list)
{
    signedworld_t *w = malloc(sizeof *w);
    assert_non_null(w);
    signedworld_begin(w);
    c->edit(w);
    signedworld_build(w);
    finding_list_init(list);
    assert_true(diagnose(w->x.m, &w->x.set, NULL, list));
    signedworld_end(w);
    free(w);
}

const finding_t *scase_first(const finding_list_t *list, finding_id_t id)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->item[i].id == id)
            return &list->item[i];
    return NULL;
}
