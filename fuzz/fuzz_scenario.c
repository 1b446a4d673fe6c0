/* Any text as a scenario. What is read has no more of anything than there is room for, and a fault
 * has its place and a sentence. */
#include "serve/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool truth)
{
    if (!truth)
        __builtin_trap();
}

static void check_zone(const zone_t *z)
{
    need(memchr(z->variant, '\0', sizeof z->variant) != NULL && z->apex.len > 0);
    for (size_t i = 0; i < z->count; i++)
        need(z->rr[i].owner.len > 0);
}

static void check_addr(const scenario_t *s, const scenario_addr_t *a)
{
    const responder_t *r = &a->responder;
    need(r->zone_count <= RESPOND_ZONES_MAX && r->behaviour_count <= RESPOND_BEHAVIOURS_MAX);
    need(a->line > 0 && addr_special(&a->physical) != NULL);
    for (size_t i = 0; i < r->zone_count; i++) {
        size_t k = 0;
        while (k < s->zone_count && s->zone[k] != r->zone[i])
            k++;
        need(k < s->zone_count);
    }
    for (size_t i = 0; i < r->behaviour_count; i++)
        need((unsigned)r->behaviour[i].kind < BEHAVE_COUNT &&
             (unsigned)r->behaviour[i].mangle < NSP_MANGLE_COUNT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scenario_error_t err;
    scenario_t *s = scenario_parse((const char *)data, size, 0, &err);
    need(s != NULL || (err.text[0] != '\0' && err.column > 0));
    if (s == NULL)
        return 0;
    need(s->zone_count <= SCENARIO_ZONES_MAX && s->addr_count <= SCENARIO_ADDRESSES_MAX);
    need(s->root_count <= SCENARIO_ROOTS_MAX && s->map_count == s->addr_count);
    for (size_t i = 0; i < s->zone_count; i++)
        check_zone(s->zone[i]);
    for (size_t i = 0; i < s->addr_count; i++)
        check_addr(s, &s->addr[i]);
    scenario_free(s);
    return 0;
}
