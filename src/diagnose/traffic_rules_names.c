/* Findings about names: servers that do not say the same. */
#include "diagnose/traffic_fold.h"

/* Sequence arithmetic (RFC 1982 3.2). */
static bool serial_newer(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) > 0;
}

static void name_text(const name_entry_t *n, char buf[NSP_NAME_TEXT_MAX])
{
    nsp_name_to_text(&n->name, buf, NSP_NAME_TEXT_MAX);
}

static void evidence_of(const traffic_t *t, finding_t *f, const name_server_t *s)
{
    if (s->sample != 0)
        finding_add_evidence(f, t->samples.item[s->sample - 1]);
}

static void serial_rule(const traffic_t *t, const name_entry_t *n, finding_list_t *list)
{
    const name_server_t *top = &n->server[0];
    char name[NSP_NAME_TEXT_MAX];
    char other[ADDR_TEXT_MAX];
    for (uint16_t i = 1; i < n->server_count; i++)
        if (serial_newer(n->server[i].serial, top->serial))
            top = &n->server[i];
    for (uint16_t i = 0; i < n->server_count; i++) {
        const name_server_t *s = &n->server[i];
        if (s->serial == top->serial)
            continue;
        name_text(n, name);
        finding_t *f = traffic_finding(list, &s->addr, FINDING_SERIAL_DIFFERS,
                                       "Serial %u of %.200s here; %u at %s.", s->serial, name,
                                       top->serial, addr_text(&top->addr, other));
        evidence_of(t, f, s);
        evidence_of(t, f, top);
    }
}

/* The data that most servers give; the first of equals. */
static const name_server_t *majority(const name_entry_t *n)
{
    const name_server_t *best = &n->server[0];
    unsigned most = 0;
    for (uint16_t i = 0; i < n->server_count; i++) {
        unsigned same = 0;
        for (uint16_t k = 0; k < n->server_count; k++)
            same += n->server[k].digest == n->server[i].digest;
        if (same > most) {
            most = same;
            best = &n->server[i];
        }
    }
    return best;
}

static void data_rule(const traffic_t *t, const name_entry_t *n, finding_list_t *list)
{
    const name_server_t *most = majority(n);
    char name[NSP_NAME_TEXT_MAX];
    char other[ADDR_TEXT_MAX];
    char type[16];
    for (uint16_t i = 0; i < n->server_count; i++) {
        const name_server_t *s = &n->server[i];
        /* where data change while they are watched, a difference may be a change under way */
        if (s->digest == most->digest || s->changing || most->changing)
            continue;
        name_text(n, name);
        finding_t *f = traffic_finding(
            list, &s->addr, FINDING_ANSWERS_DIFFER, "The %s records of %.200s are not those at %s.",
            nsp_type_text(n->type, type), name, addr_text(&most->addr, other));
        evidence_of(t, f, s);
        evidence_of(t, f, most);
    }
}

void traffic_rules_names(traffic_t *t, finding_list_t *list)
{
    for (uint32_t i = 0; i < t->name_used; i++) {
        const name_entry_t *n = &t->name[i];
        if (n->server_count < 2)
            continue;
        if (n->type == NSP_TYPE_SOA)
            serial_rule(t, n, list);
        else
            data_rule(t, n, list);
    }
}
