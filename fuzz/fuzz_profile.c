/* Any text as a profile: what is read, written down again, is the same profile; applied to findings
 * that follow from each other, none is left without its cause. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FINDINGS 40u

static void need(bool truth)
{
    if (!truth)
        __builtin_trap();
}

static void write_and_read(const profile_t *p)
{
    profile_t again;
    profile_error_t err;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        abort();
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        int s = p->severity[i];
        need(s >= PROFILE_IGNORE && s <= (int)SEVERITY_ERROR);
        if (s != PROFILE_UNCHANGED)
            fprintf(out, "%s\t%s # %u\n", finding_desc((finding_id_t)i)->id,
                    s == PROFILE_IGNORE ? "ignore" : severity_name((severity_t)s), i);
    }
    if (fclose(out) != 0)
        abort();
    profile_init(&again);
    need(profile_read(&again, text, size, &err) && memcmp(&again, p, sizeof again) == 0);
    free(text);
}

static void apply(const profile_t *p, uint8_t first)
{
    finding_list_t list;
    size_t kept = 0;
    finding_list_init(&list);
    for (unsigned i = 0; i < FINDINGS; i++) {
        unsigned id = (first + i * 7u) % FINDING_COUNT;
        finding_t *f = finding_add(&list, (finding_id_t)id, "%u", i);
        if (f == NULL)
            abort();
        f->because_of = i % 3;
        kept += p->severity[id] != PROFILE_IGNORE;
    }
    profile_apply(p, &list);
    need(list.count == kept);
    for (size_t i = 0; i < list.count; i++) {
        const finding_t *f = &list.item[i];
        int s = p->severity[f->id];
        need(s < 0 ? s == PROFILE_UNCHANGED : s == (int)f->severity);
        need(f->text != NULL && strlen(f->text) < 3);
        need(f->because_of == 0 || finding_by_number(&list, f->because_of) != NULL);
    }
    finding_list_free(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    profile_t p;
    profile_error_t err = {0, ""};
    profile_init(&p);
    bool good = profile_read(&p, (const char *)data, size, &err);
    need(good == (err.text[0] == '\0') && (good || err.line > 0));
    for (const char *c = err.text; *c != '\0'; c++)
        need(*c >= 0x20 && *c < 0x7f);
    write_and_read(&p);
    apply(&p, size > 0 ? data[0] : 0);
    return 0;
}
