#include "diagnose/diagnose.h"

#include <stdlib.h>

#include "diagnose/cause.h"

diagnose_options_t diagnose_options_default(void)
{
    diagnose_options_t o = {.slow = INT64_C(500000000)};
    return o;
}

/* Rules that explain come before those that only describe, so that a symptom can see that its
 * cause is known already. */
static void run_rules(diag_t *d)
{
    if (!rules_delegation(d))
        return;
    rules_hosts(d);
    rules_witness(d);
    rules_reach(d);
    rules_match(d);
    rules_authority(d);
    rules_silent(d);
    rules_quality_flapping(d);
    rules_edns(d);
    rules_negative(d);
    rules_quality(d);
    rules_versions(d);
    rules_tcp(d);
    rules_serial(d);
    rules_agree(d);
    rules_copies(d);
    rules_host_copies(d);
    rules_apex(d);
    rules_below(d);
    rules_beside(d);
    rules_ns(d);
    rules_layout(d);
    rules_content(d);
    rules_reverse(d);
    rules_forms(d);
    if (!d->options.without_dnssec)
        rules_signed(d);
}

bool diagnose(const model_t *m, const exchange_set_t *set, const diagnose_options_t *options,
              finding_list_t *list)
{
    diag_t *d = calloc(1, sizeof *d);
    if (d == NULL)
        return false;
    d->m = m;
    d->set = set;
    d->options = options != NULL ? *options : diagnose_options_default();
    d->list = list;
    d->first = list->count;
    bool ok = facts_gather(d);
    if (ok) {
        run_rules(d);
        causes_find(d, d->first);
    }
    facts_free(d);
    free(d);
    finding_list_sort(list);
    return ok && !list->out_of_memory;
}
