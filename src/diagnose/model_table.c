/* Hosts and zone cuts by name. */
#include <stdlib.h>

#include "diagnose/model_fold.h"

#define SLOTS(table) (sizeof(table) / sizeof(table)[0])

bool fold_uses(const fold_t *f, const addr_t *a)
{
    return (a->family == 4 && f->in->use_ipv4) || (a->family == 6 && f->in->use_ipv6);
}

uint32_t host_find(const fold_t *f, const nsp_name_t *name)
{
    uint32_t i = f->host_slot[nsp_name_hash(name, f->seed) % SLOTS(f->host_slot)];
    while (i != FOLD_NONE && !nsp_name_equal(&f->host[i].name, name))
        i = f->host[i].next;
    return i;
}

uint32_t host_get(fold_t *f, const nsp_name_t *name)
{
    uint32_t i = host_find(f, name);
    if (i != FOLD_NONE || f->host_count == FOLD_HOSTS_MAX)
        return i;
    if (f->host_count == f->host_cap) {
        uint32_t cap = f->host_cap == 0 ? 32 : f->host_cap * 2;
        host_t *grown = realloc(f->host, cap * sizeof *grown);
        if (grown == NULL) {
            f->out_of_memory = true;
            return FOLD_NONE;
        }
        f->host = grown;
        f->host_cap = cap;
    }
    i = f->host_count++;
    uint32_t *head = &f->host_slot[nsp_name_hash(name, f->seed) % SLOTS(f->host_slot)];
    memset(&f->host[i], 0, sizeof f->host[i]);
    f->host[i].name = *name;
    f->host[i].next = *head;
    *head = i;
    return i;
}

void host_add_addr(fold_t *f, uint32_t h, const addr_t *a, unsigned from)
{
    host_t *host = &f->host[h];
    for (uint16_t i = 0; i < host->addr_count; i++) {
        if (addr_equal(&host->addr[i].addr, a)) {
            host->addr[i].from |= from;
            return;
        }
    }
    if (host->addr_count == MODEL_ADDRS_MAX) {
        f->out->dropped++;
        return;
    }
    host->addr[host->addr_count].addr = *a;
    host->addr[host->addr_count++].from = from;
}

host_state_t host_state(const host_t *host)
{
    const type_state_t *k = host->known;
    if (k[FAMILY_A] == TYPE_CNAME || k[FAMILY_AAAA] == TYPE_CNAME)
        return HOST_CNAME;
    if (k[FAMILY_A] == TYPE_FOUND || k[FAMILY_AAAA] == TYPE_FOUND)
        return HOST_FOUND;
    if (k[FAMILY_A] == TYPE_NXDOMAIN || k[FAMILY_AAAA] == TYPE_NXDOMAIN)
        return HOST_NXDOMAIN;
    if (k[FAMILY_A] == TYPE_NODATA && k[FAMILY_AAAA] == TYPE_NODATA)
        return HOST_NODATA;
    return HOST_UNKNOWN;
}

bool host_usable(const fold_t *f, uint32_t h)
{
    const host_t *host = &f->host[h];
    for (uint16_t i = 0; i < host->addr_count; i++)
        if (fold_uses(f, &host->addr[i].addr))
            return true;
    return false;
}

uint32_t cut_find(const fold_t *f, const nsp_name_t *zone)
{
    uint32_t i = f->cut_slot[nsp_name_hash(zone, f->seed) % SLOTS(f->cut_slot)];
    while (i != FOLD_NONE && !nsp_name_equal(&f->cut[i].zone, zone))
        i = f->cut[i].next;
    return i;
}

uint32_t cut_get(fold_t *f, const nsp_name_t *zone)
{
    uint32_t i = cut_find(f, zone);
    if (i != FOLD_NONE || f->cut_count == FOLD_CUTS_MAX)
        return i;
    if (f->cut_count == f->cut_cap) {
        uint32_t cap = f->cut_cap == 0 ? 8 : f->cut_cap * 2;
        cut_t *grown = realloc(f->cut, cap * sizeof *grown);
        if (grown == NULL) {
            f->out_of_memory = true;
            return FOLD_NONE;
        }
        f->cut = grown;
        f->cut_cap = cap;
    }
    i = f->cut_count++;
    uint32_t *head = &f->cut_slot[nsp_name_hash(zone, f->seed) % SLOTS(f->cut_slot)];
    memset(&f->cut[i], 0, sizeof f->cut[i]);
    f->cut[i].zone = *zone;
    f->cut[i].above = FOLD_NONE;
    f->cut[i].next = *head;
    *head = i;
    return i;
}

void cut_add_ns(fold_t *f, uint32_t c, uint32_t h)
{
    cut_t *cut = &f->cut[c];
    for (uint16_t i = 0; i < cut->ns_count; i++)
        if (cut->ns[i] == h)
            return;
    if (cut->ns_count == MODEL_SERVERS_MAX)
        return;
    cut->ns[cut->ns_count++] = h;
}

/* True when a server of the cut has this address. */
static bool cut_served_by(const fold_t *f, uint32_t c, const addr_t *a)
{
    const cut_t *cut = &f->cut[c];
    for (uint16_t i = 0; i < cut->direct_count; i++)
        if (addr_equal(&cut->direct[i], a))
            return true;
    for (uint16_t i = 0; i < cut->ns_count; i++) {
        const host_t *host = &f->host[cut->ns[i]];
        for (uint16_t k = 0; k < host->addr_count; k++)
            if (addr_equal(&host->addr[k].addr, a))
                return true;
    }
    return false;
}

static uint32_t deepest(const fold_t *f, const nsp_name_t *name, const addr_t *server)
{
    nsp_name_t at = *name;
    for (;;) {
        uint32_t c = cut_find(f, &at);
        if (c != FOLD_NONE && (server == NULL || cut_served_by(f, c, server)))
            return c;
        if (at.len <= 1)
            return FOLD_NONE;
        nsp_name_strip(&at, 1, &at);
    }
}

uint32_t cut_above(const fold_t *f, const nsp_name_t *name)
{
    return deepest(f, name, NULL);
}

uint32_t cut_above_served(const fold_t *f, const nsp_name_t *name, const addr_t *server)
{
    return deepest(f, name, server);
}

bool addr_list_add(addr_list_t *list, const addr_t *a)
{
    for (size_t i = 0; i < list->count; i++)
        if (addr_equal(&list->item[i], a))
            return true;
    if (list->count == MODEL_ADDRESSES_MAX)
        return false;
    list->item[list->count++] = *a;
    return true;
}

void cut_addresses_all(const fold_t *f, uint32_t c, addr_list_t *out)
{
    const cut_t *cut = &f->cut[c];
    out->count = 0;
    for (uint16_t i = 0; i < cut->direct_count; i++)
        addr_list_add(out, &cut->direct[i]);
    for (uint16_t i = 0; i < cut->ns_count; i++) {
        const host_t *host = &f->host[cut->ns[i]];
        for (uint16_t k = 0; k < host->addr_count; k++)
            addr_list_add(out, &host->addr[k].addr);
    }
}

/* Index of the next address of that family from i on. */
static size_t next_of(const addr_list_t *list, size_t i, uint8_t family)
{
    while (i < list->count && list->item[i].family != family)
        i++;
    return i;
}

void cut_addresses(const fold_t *f, uint32_t c, addr_list_t *out)
{
    addr_list_t all;
    cut_addresses_all(f, c, &all);
    size_t i4 = f->in->use_ipv4 ? next_of(&all, 0, 4) : all.count;
    size_t i6 = f->in->use_ipv6 ? next_of(&all, 0, 6) : all.count;
    out->count = 0;
    while (i4 < all.count || i6 < all.count) {
        if (i4 < all.count) {
            out->item[out->count++] = all.item[i4];
            i4 = next_of(&all, i4 + 1, 4);
        }
        if (i6 < all.count) {
            out->item[out->count++] = all.item[i6];
            i6 = next_of(&all, i6 + 1, 6);
        }
    }
}
