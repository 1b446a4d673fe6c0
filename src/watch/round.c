#include "watch/round.h"

#include <stdlib.h>
#include <string.h>

/* The place of an address among those that are kept already; the end when it is new. One that holds
 * a zone and a zone below it comes twice, and its counts for the upper one include the lower one.
 */
static size_t place_of(const watch_round_t *r, const addr_t *addr)
{
    size_t i = 0;
    while (i < r->sample_count && !addr_equal(&r->sample[i].addr, addr))
        i++;
    return i;
}

static bool take_samples(const dkim_result_t *r, watch_round_t *out)
{
    if (r->address_count == 0)
        return true;
    out->sample = calloc(r->address_count, sizeof *out->sample);
    if (out->sample == NULL)
        return false;
    for (size_t i = 0; i < r->address_count; i++) {
        const dkim_address_t *a = &r->address[i];
        watch_sample_t s = {.addr = a->addr,
                            .server = a->server,
                            .asked = a->asked,
                            .answered = a->answered,
                            .rtt = a->rtt,
                            .has_serial = a->has_serial,
                            .serial = a->serial};
        if (s.server.len == 0)
            nsp_name_root(&s.server);
        size_t at = place_of(out, &a->addr);
        if (at < out->sample_count && out->sample[at].asked >= s.asked)
            continue;
        out->sample[at] = s;
        out->sample_count += at == out->sample_count;
    }
    return true;
}

static bool take_finding(const finding_t *f, watch_finding_t *out)
{
    const finding_desc_t *d = finding_desc(f->id);
    out->id = d->id;
    out->severity = f->severity;
    out->text = strdup(f->text != NULL ? f->text : d->title);
    out->fix = strdup(f->fix != NULL ? f->fix : d->fix);
    return out->text != NULL && out->fix != NULL;
}

bool watch_round_from(const dkim_result_t *r, watch_round_t *out)
{
    memset(out, 0, sizeof *out);
    out->outcome = r->outcome;
    out->chance = r->chance;
    for (size_t i = 0; i < r->findings.count; i++)
        out->severity[r->findings.item[i].severity]++;
    while (out->finding_count < r->findings.count && out->finding_count < WATCH_FINDINGS_MAX) {
        size_t i = out->finding_count++;
        if (!take_finding(&r->findings.item[i], &out->finding[i]))
            return false;
    }
    return take_samples(r, out);
}

void watch_round_free(watch_round_t *r)
{
    for (size_t i = 0; i < r->finding_count; i++) {
        free(r->finding[i].text);
        free(r->finding[i].fix);
    }
    free(r->sample);
    memset(r, 0, sizeof *r);
}
