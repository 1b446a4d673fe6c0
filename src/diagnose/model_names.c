/* The hosts that the zone's SOA and MX records name: do they exist, and have they addresses? */
#include "diagnose/model_fold.h"

/* MX records that are looked at in one reply. */
#define RRS_MAX 64

static void add_name(fold_t *f, const nsp_name_t *name, bool by_soa)
{
    model_t *m = f->out;
    uint16_t at = 0;
    if (name->len <= 1)
        return;
    for (; at < m->named_count; at++) {
        int order = nsp_name_compare(&m->named[at].name, name);
        if (order == 0) {
            m->named[at].by_soa |= by_soa;
            m->named[at].by_mx |= !by_soa;
            return;
        }
        if (order > 0)
            break;
    }
    if (m->named_count == MODEL_NAMED_MAX)
        return; /* the first ones in the order of exchanges tell enough */
    memmove(&m->named[at + 1], &m->named[at], (m->named_count - at) * sizeof m->named[0]);
    m->named[at] = (model_named_t){.name = *name, .by_soa = by_soa, .by_mx = !by_soa};
    m->named_count++;
}

/* What one reply names; only one that the zone's server vouches for counts. */
static void read_reply(fold_t *f, uint32_t entry, uint16_t type)
{
    const event_t *reply = f->entry[entry].reply;
    if (reply == NULL || reply->bytes == NULL)
        return;
    const nsp_msg_t *m = fold_message(f, entry);
    if (!m->complete || !nsp_msg_has(m, NSP_FLAG_AA) || nsp_msg_has(m, NSP_FLAG_TC) ||
        nsp_msg_rcode(m) != NSP_RCODE_NOERROR)
        return;
    for (uint16_t i = 0; i < m->found[NSP_ANSWER] && i < RRS_MAX; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        nsp_name_t name;
        if (rr->type == type && rr->rclass == NSP_CLASS_IN &&
            nsp_rr_owner_is(m, rr, &f->out->zone) &&
            nsp_rdata_name(m, rr, type == NSP_TYPE_MX ? 1 : 0, &name))
            add_name(f, &name, type == NSP_TYPE_SOA);
    }
}

static void read_replies(fold_t *f, uint16_t type)
{
    const nsp_name_t zone = f->out->zone;
    for (uint16_t a = 0; a < f->out->address_count; a++)
        for (uint32_t i = fold_first(f, &f->out->address[a].addr, &zone, type, false);
             i != FOLD_NONE; i = fold_next(f, i, false))
            read_reply(f, i, type);
}

/* A name server's name was looked up for the delegation. */
static bool is_server(const model_t *m, model_named_t *named)
{
    for (uint16_t i = 0; i < m->server_count; i++) {
        if (!nsp_name_equal(&m->server[i].name, &named->name))
            continue;
        named->state = m->server[i].state;
        return true;
    }
    return false;
}

static void look_up(fold_t *f, model_named_t *named)
{
    if (is_server(f->out, named))
        return;
    uint32_t h = host_get(f, &named->name);
    if (h == FOLD_NONE)
        return;
    for (unsigned k = 0; k < FAMILIES; k++)
        fold_resolve(f, h, k, 0);
    named->state = host_state(&f->host[h]);
}

void fold_names(fold_t *f)
{
    const bool pending = f->pending;
    if (!f->out->zone_found)
        return;
    read_replies(f, NSP_TYPE_SOA);
    read_replies(f, NSP_TYPE_MX);
    for (uint16_t i = 0; i < f->out->named_count; i++)
        look_up(f, &f->out->named[i]);
    f->pending = pending;
}
