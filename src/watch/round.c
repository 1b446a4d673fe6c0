#include "watch/round.h"

#include <stdio.h>
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

/* "ns2.example.net. (192.0.2.2): ", or nothing for a finding about the zone. */
static void subject_of(const finding_t *f, char out[NSP_NAME_TEXT_MAX + ADDR_TEXT_MAX + 8])
{
    char name[NSP_NAME_TEXT_MAX] = "";
    char addr[ADDR_TEXT_MAX] = "";
    if (f->has_server)
        nsp_name_to_text(&f->server, name, sizeof name);
    if (f->has_addr)
        addr_port_text(&f->addr, addr);
    snprintf(out, NSP_NAME_TEXT_MAX + ADDR_TEXT_MAX + 8, "%s%s%s%s%s", name,
             name[0] != '\0' && addr[0] != '\0' ? " (" : "", addr,
             name[0] != '\0' && addr[0] != '\0' ? ")" : "",
             name[0] != '\0' || addr[0] != '\0' ? ": " : "");
}

static bool take_finding(const finding_t *f, watch_finding_t *out)
{
    const finding_desc_t *d = finding_desc(f->id);
    char subject[NSP_NAME_TEXT_MAX + ADDR_TEXT_MAX + 8];
    subject_of(f, subject);
    out->id = d->id;
    out->severity = f->severity;
    if (asprintf(&out->text, "%s%s", subject, f->text != NULL ? f->text : d->title) < 0)
        out->text = NULL;
    out->fix = strdup(f->fix != NULL ? f->fix : d->fix);
    return out->text != NULL && out->fix != NULL;
}

bool watch_round_from(const dkim_result_t *r, watch_round_t *out)
{
    memset(out, 0, sizeof *out);
    out->outcome = r->outcome;
    out->chance = r->chance;
    out->coverage = r->coverage;
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
