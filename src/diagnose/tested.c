#include "diagnose/tested.h"

#include <stdio.h>

bool tested_anything(const exchange_set_t *set)
{
    for (uint32_t i = 0; i < set->count; i++)
        for (uint32_t k = 0; k < set->item[i]->event_count; k++)
            if (set->item[i]->event[k].kind != EVENT_SEND_FAILED)
                return true;
    return false;
}

bool tested_heard(const exchange_set_t *set)
{
    static const event_kind_t kinds[] = {EVENT_REPLY,          EVENT_MISMATCH,
                                         EVENT_TCP_OPEN,       EVENT_NOT_DELIVERED,
                                         EVENT_FRAGMENTS_LOST, EVENT_TCP_NOT_DELIVERED};
    for (uint32_t i = 0; i < set->count; i++)
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
            if (exchange_find(set->item[i], kinds[k]) != NULL)
                return true;
    return false;
}

void tested_nobody(finding_t *f, const addr_t *one, const addr_t *client)
{
    char text[ADDR_TEXT_MAX + 240];
    char addr[ADDR_TEXT_MAX];
    char host[ADDR_TEXT_MAX];
    if (f == NULL)
        return;
    snprintf(text, sizeof text,
             " DNS does not get out from %s, or its answers do not get in. Often a firewall or the "
             "provider lets it through to certain resolvers only; \"nsprobe trace @%s . NS\" shows "
             "where the way ends.",
             client != NULL ? "there" : "here", addr_port_text(one, addr));
    finding_add_text(f, text);
    finding_add_likely(f, "A firewall or the provider lets DNS through to certain resolvers only.",
                       "All of these servers are silent at once.");
    if (client != NULL)
        finding_set_fix(f,
                        "Let UDP and TCP port %u of %s out and the answers in, or ask from another "
                        "network.",
                        one->port, addr_text(client, host));
    else
        finding_set_fix(f,
                        "Let UDP and TCP port %u of this machine out and the answers in, or run "
                        "nsprobe from another network.",
                        one->port);
}

static bool is_asked(const model_t *m, const exchange_t *x)
{
    for (uint16_t i = 0; i < m->address_count; i++)
        if (addr_equal(&m->address[i].addr, &x->server) && exchange_query(x) != NULL)
            return true;
    return false;
}

bool tested_domain(const model_t *m, const exchange_set_t *set, const finding_list_t *list)
{
    bool untested = false;
    if (!tested_anything(set))
        return false;
    for (size_t i = 0; i < list->count; i++) {
        if (list->item[i].severity == SEVERITY_ERROR)
            return true;
        untested |= list->item[i].id == FINDING_UNTESTED;
    }
    for (uint32_t i = 0; i < set->count && untested; i++)
        untested = !is_asked(m, set->item[i]);
    return !untested;
}
