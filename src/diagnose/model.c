#include "diagnose/model.h"

#include <stdio.h>
#include <stdlib.h>

#include "diagnose/model_fold.h"

static void fold_free(fold_t *f)
{
    free(f->entry);
    free(f->slot);
    free(f->digest);
    free(f->timeline);
    free(f->host);
    free(f->cut);
    free(f);
}

static fold_t *fold_new(const model_input_t *in, int64_t now, model_t *out, model_wants_t *wants)
{
    fold_t *f = malloc(sizeof *f);
    if (f == NULL)
        return NULL;
    memset(f, 0, offsetof(fold_t, host_slot));
    memset(f->host_slot, 0xff, sizeof f->host_slot);
    memset(f->cut_slot, 0xff, sizeof f->cut_slot);
    f->cut_count = f->cut_cap = 0;
    f->cut = NULL;
    f->in = in;
    f->now = now;
    f->out = out;
    f->wants = wants;
    /* only the order within hash chains hangs on it, and lookups do not */
    f->seed = (uint64_t)(uintptr_t)f ^ (uint64_t)in->set->began_wall;
    return f;
}

const nsp_name_t *model_given_zone(const model_input_t *in)
{
    if (in->kind != START_GIVEN && in->kind != START_UNDELEGATED)
        return NULL;
    return in->given.len > 0 ? &in->given : &in->domain;
}

bool model_build(const model_input_t *in, int64_t now, model_t *out, model_wants_t *wants)
{
    memset(out, 0, sizeof *out);
    out->domain = in->domain;
    nsp_name_root(&out->parent);
    if (wants != NULL) {
        wants->count = 0;
        wants->again_at = INT64_MAX;
    }
    fold_t *f = fold_new(in, now, out, wants);
    if (f == NULL)
        return false;
    bool good = fold_index(f);
    if (good) {
        walk_t walk;
        fold_learn(f);
        fold_walk(f, &walk);
        fold_zone(f, &walk);
        fold_parents(f);
        if (in->names || wants == NULL)
            fold_names(f);
        if (in->reverse || wants == NULL)
            fold_reverse(f);
        out->finished = !f->pending;
        good = !f->out_of_memory;
    }
    fold_free(f);
    return good;
}

bool model_address_serves(const model_address_t *a, uint16_t server)
{
    for (uint16_t i = 0; i < a->server_count; i++)
        if (a->server[i] == server)
            return true;
    return false;
}

const char *model_address_names(const model_t *m, const model_address_t *a, char *buf, size_t cap)
{
    size_t at = 0;
    if (cap > 0)
        buf[0] = '\0';
    for (uint16_t i = 0; i < a->server_count && at < cap; i++) {
        char name[NSP_NAME_TEXT_MAX];
        nsp_name_to_text(&m->server[a->server[i]].name, name, sizeof name);
        int n = snprintf(buf + at, cap - at, "%s%s", i > 0 ? ", " : "", name);
        at += n > 0 ? (size_t)n : 0;
    }
    return buf;
}
