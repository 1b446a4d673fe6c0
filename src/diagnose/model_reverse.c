/* Which names the addresses of the zone's servers have in the reverse trees (RFC 1035 3.5,
 * RFC 3596 2.5). No part of the walk: nothing waits for it. */
#include "diagnose/model_fold.h"

/* Aliases that are followed, as they stand in trees that are cut within an octet (RFC 2317). */
#define REVERSE_HOPS_MAX 4

/* The useful reply to NAME PTR, or FOLD_NONE; wants what it lacks. */
static uint32_t reverse_reply(fold_t *f, const nsp_name_t *name, reply_kind_t *kind)
{
    asked_t got;
    addr_list_t list;
    if (f->in->kind == START_RESOLVER) {
        if (fold_ask_resolvers(f, name, NSP_TYPE_PTR, &got) != PROGRESS_DONE)
            return FOLD_NONE;
        *kind = got.kind;
        return got.entry;
    }
    uint32_t c = cut_above(f, name);
    if (c == FOLD_NONE || fold_ask_cut(f, c, name, NSP_TYPE_PTR, 0, false) != PROGRESS_DONE)
        return FOLD_NONE;
    const nsp_name_t zone = f->cut[c].zone;
    cut_addresses(f, c, &list);
    for (size_t i = 0; i < list.count; i++) {
        got = fold_asked(f, &list.item[i], name, NSP_TYPE_PTR, &zone);
        if (got.state != ASKED_USEFUL || got.kind == REPLY_REFERRAL)
            continue;
        *kind = got.kind;
        return got.entry;
    }
    return FOLD_NONE;
}

static bool is_server_at(const model_t *m, const model_address_t *a, const nsp_name_t *name)
{
    for (uint16_t i = 0; i < a->server_count; i++)
        if (nsp_name_equal(&m->server[a->server[i]].name, name))
            return true;
    return false;
}

static void read_names(fold_t *f, model_address_t *a, uint32_t entry, const nsp_name_t *owner)
{
    const nsp_msg_t *m = fold_message(f, entry);
    a->reverse = REVERSE_OTHER;
    for (uint16_t i = 0; i < m->found[NSP_ANSWER] && i < FOLD_RRS_MAX; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        nsp_name_t name;
        if (rr->type == NSP_TYPE_PTR && nsp_rr_owner_is(m, rr, owner) &&
            nsp_rdata_name(m, rr, 0, &name) && is_server_at(f->out, a, &name))
            a->reverse = REVERSE_SERVER;
    }
}

static bool read_alias(fold_t *f, uint32_t entry, nsp_name_t *name)
{
    const nsp_msg_t *m = fold_message(f, entry);
    for (uint16_t i = 0; i < m->found[NSP_ANSWER] && i < FOLD_RRS_MAX; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        nsp_name_t target;
        if (rr->type != NSP_TYPE_CNAME || !nsp_rr_owner_is(m, rr, name) ||
            !nsp_rdata_name(m, rr, 0, &target))
            continue;
        *name = target;
        return true;
    }
    return false;
}

/* True for the word of a zone in the tree. A root that knows of no such tree, as in a laboratory,
 * says nothing about the address. */
static bool in_tree(const digest_t *d, const addr_t *a)
{
    const char *text = a->family == 4 ? "in-addr.arpa." : "ip6.arpa.";
    nsp_name_t tree;
    return nsp_name_from_text(text, strlen(text), NULL, &tree, NULL) == NSP_OK && d->has_soa &&
           nsp_name_is_subdomain(&d->soa, &tree);
}

static void look_up(fold_t *f, model_address_t *a)
{
    char text[ADDR_REVERSE_MAX];
    nsp_name_t name;
    addr_reverse(&a->addr, text);
    if (nsp_name_from_text(text, strlen(text), NULL, &name, NULL) != NSP_OK)
        return;
    for (unsigned hops = 0; hops <= REVERSE_HOPS_MAX; hops++) {
        reply_kind_t kind = REPLY_USELESS;
        uint32_t entry = reverse_reply(f, &name, &kind);
        if (entry == FOLD_NONE)
            return;
        a->reversed = f->entry[entry].x;
        if (kind == REPLY_ANSWER)
            read_names(f, a, entry, &name);
        else if (kind != REPLY_CNAME &&
                 (hops > 0 || in_tree(&f->digest[f->entry[entry].digest], &a->addr)))
            a->reverse = REVERSE_NONE;
        if (kind != REPLY_CNAME || !read_alias(f, entry, &name))
            return;
    }
}

void fold_reverse(fold_t *f)
{
    const bool pending = f->pending;
    if (!f->out->zone_found)
        return;
    for (uint16_t i = 0; i < f->out->address_count; i++)
        look_up(f, &f->out->address[i]);
    f->pending = pending;
}
