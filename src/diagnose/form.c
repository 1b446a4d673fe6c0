#include "diagnose/form.h"

/* One line of forms.def. */
typedef struct shape {
    const char *name;
    const char *words;
    form_family_t family;
    uint16_t flags;
    uint16_t type;
    uint16_t size;
    uint8_t version;
    uint16_t edns;
    unsigned options;
    bool thorough;
} shape_t;

static const shape_t shapes[FORM_COUNT] = {
#define FORM(ident, name, words, family, flags, type, size, version, edns, options, thorough)      \
    [FORM_ID_##ident] = {name,    words, FAMILY_##family, flags,   type, size,                     \
                         version, edns,  options,         thorough},
#include "diagnose/forms.def"
#undef FORM
};

static void put_option(nsp_edns_t *e, uint16_t code, const void *data, uint16_t size)
{
    nsp_edns_option_t *o = &e->option[e->option_count++];
    o->code = code;
    o->data = data;
    o->size = size;
}

/* ecs: for an empty prefix, which asks for no address in particular (RFC 7871 7.1.2). */
static void put_options(nsp_edns_t *e, unsigned options, uint8_t ecs[20])
{
    static const uint8_t anywhere[16] = {0};
    if ((options & FORM_UNKNOWN) != 0)
        put_option(e, FORM_OPTION_CODE, NULL, 0);
    if ((options & FORM_NSID) != 0)
        put_option(e, NSP_OPTION_NSID, NULL, 0);
    if ((options & FORM_ECS) != 0)
        put_option(e, NSP_OPTION_ECS, ecs, (uint16_t)nsp_ecs_data(4, anywhere, 0, ecs));
    if ((options & FORM_EXPIRE) != 0)
        put_option(e, NSP_OPTION_EXPIRE, NULL, 0);
    if ((options & FORM_COOKIE) != 0)
        put_option(e, NSP_OPTION_COOKIE, FORM_COOKIE_DATA, FORM_COOKIE_SIZE);
}

#define UNDERSCORE_SIZE (sizeof FORM_UNDERSCORE - 1)

/* The name below a zone; false where it would be too long. */
static bool put_underscore(nsp_name_t *name)
{
    const nsp_name_t zone = *name;
    if (zone.len + UNDERSCORE_SIZE > NSP_NAME_MAX)
        return false;
    memcpy(name->octets, FORM_UNDERSCORE, UNDERSCORE_SIZE);
    memcpy(name->octets + UNDERSCORE_SIZE, zone.octets, zone.len);
    name->len = (uint8_t)(zone.len + UNDERSCORE_SIZE);
    return true;
}

static void form_build(form_id_t id, const nsp_name_t *zone, form_query_t *q)
{
    const shape_t *s = &shapes[id];
    uint8_t ecs[20];
    nsp_edns_t edns = {.udp_size = s->size, .version = s->version, .flags = s->edns};
    nsp_name_t name = *zone;
    q->transport = id == FORM_ID_AXFR ? TRANSPORT_TCP : TRANSPORT_UDP;
    q->size = 0;
    if (id == FORM_ID_ROOT && zone->len == 1)
        return; /* the zone's own question */
    if (id == FORM_ID_ROOT)
        nsp_name_root(&name);
    if (id == FORM_ID_UNDERSCORE && !put_underscore(&name))
        return;
    nsp_name_lower(&name);
    put_options(&edns, s->options, ecs);
    if (nsp_build_query(q->wire, sizeof q->wire, 0, s->flags, &name, s->type, NSP_CLASS_IN,
                        s->size != 0 ? &edns : NULL, &q->size) != NSP_OK)
        q->size = 0;
}

void form_set_init(form_set_t *set, const nsp_name_t *zone)
{
    for (unsigned i = 0; i < FORM_COUNT; i++)
        form_build((form_id_t)i, zone, &set->query[i]);
}

form_id_t form_of(const form_set_t *set, const exchange_t *x)
{
    const event_t *sent = exchange_query(x);
    if (sent == NULL)
        return FORM_COUNT;
    for (unsigned i = 0; i < FORM_COUNT; i++) {
        const form_query_t *q = &set->query[i];
        if (q->size > 2 && q->transport == x->transport && q->size == sent->size &&
            memcmp(q->wire + 2, sent->bytes + 2, q->size - 2) == 0)
            return (form_id_t)i;
    }
    return FORM_COUNT;
}

static bool form_fits(form_id_t id, const nsp_name_t *name, const uint8_t *query, size_t size,
                      transport_t transport)
{
    form_query_t q;
    nsp_name_t zone = *name;
    if (id == FORM_ID_ROOT && name->len == 1)
        zone = (nsp_name_t){.len = 3, .octets = {1, 'x', 0}}; /* any zone but the root */
    if (id == FORM_ID_UNDERSCORE) {
        if (memcmp(name->octets, FORM_UNDERSCORE, UNDERSCORE_SIZE) != 0)
            return false;
        nsp_name_strip(name, 1, &zone);
    }
    form_build(id, &zone, &q);
    return q.size == size && q.transport == transport &&
           memcmp(q.wire + 2, query + 2, size - 2) == 0;
}

form_id_t form_of_query(const uint8_t *query, size_t size, transport_t transport)
{
    nsp_name_t name;
    uint16_t type = 0;
    uint16_t qclass = 0;
    if (size < NSP_HEADER_SIZE || !question_read(query, size, &name, &type, &qclass))
        return FORM_COUNT;
    for (unsigned i = 0; i < FORM_COUNT; i++) {
        const shape_t *s = &shapes[i];
        if (s->type == type && query[2] == s->flags >> 8 && query[3] == (s->flags & 0xff) &&
            form_fits((form_id_t)i, &name, query, size, transport))
            return (form_id_t)i;
    }
    return FORM_COUNT;
}

const char *form_name(form_id_t id)
{
    return id < FORM_COUNT ? shapes[id].name : "none";
}

const char *form_words(form_id_t id)
{
    return shapes[id < FORM_COUNT ? id : 0].words;
}

bool form_is_thorough(form_id_t id)
{
    return id < FORM_COUNT && shapes[id].thorough;
}

form_family_t form_family(form_id_t id)
{
    return shapes[id < FORM_COUNT ? id : 0].family;
}
