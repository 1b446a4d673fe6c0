#include "dkim/value.h"

#include <stdlib.h>
#include <strings.h>

#include "dkim/view.h"

/* Octets of a record's text: every octet as \DDD, and quotes and spaces between strings. */
#define RECORD_TEXT_FACTOR 5

static bool set_name(value_t *v)
{
    v->kind = VALUE_NAME;
    v->octets = malloc(VALUE_NAME_ROOM);
    if (v->octets == NULL)
        return false;
    for (unsigned i = 0; v->name.octets[i] != 0; i += v->name.octets[i] + 1u) {
        if (v->len > 0)
            v->octets[v->len++] = '.';
        memcpy(v->octets + v->len, v->name.octets + i + 1, v->name.octets[i]);
        v->len += v->name.octets[i];
    }
    v->octets[v->len] = '\0';
    return true;
}

static bool set_text(value_t *v, const nsp_msg_t *m, const nsp_rr_t *rr)
{
    v->kind = VALUE_TEXT;
    v->octets = malloc((size_t)rr->rdlength + 1);
    if (v->octets == NULL)
        return false;
    nsp_reader_t r = nsp_reader(m->wire + rr->rdata, rr->rdlength);
    while (nsp_left(&r) > 0) {
        uint32_t n = nsp_read_u8(&r);
        if (n > nsp_left(&r))
            n = nsp_left(&r);
        const uint8_t *p = nsp_read_bytes(&r, n);
        if (p != NULL)
            memcpy(v->octets + v->len, p, n);
        v->len += n;
    }
    v->octets[v->len] = '\0';
    return true;
}

static bool set_record(value_t *v, const nsp_msg_t *m, const nsp_rr_t *rr)
{
    nsp_text_t t;
    size_t cap = (size_t)rr->rdlength * RECORD_TEXT_FACTOR + NSP_NAME_TEXT_MAX;
    v->kind = VALUE_RECORD;
    v->octets = malloc(cap);
    if (v->octets == NULL)
        return false;
    nsp_text_begin(&t, v->octets, cap);
    (void)nsp_text_rdata(&t, m, rr);
    v->len = t.len;
    return true;
}

/* How many fields the type has; the first name among them. */
static unsigned find_name(value_t *v, const nsp_msg_t *m, const nsp_rr_t *rr)
{
    nsp_rdata_t it;
    nsp_field_t f;
    unsigned fields = 0;
    nsp_rdata_begin(&it, m, rr);
    while (nsp_rdata_next(&it, &f)) {
        bool name = f.desc->kind == NSP_F_NAME || f.desc->kind == NSP_F_NAME_NC;
        if (name && !v->has_name) {
            v->has_name = true;
            v->name = f.name;
        }
        fields++;
    }
    if (it.r.err != NSP_OK)
        v->has_name = false;
    return fields;
}

bool value_of_record(value_t *v, const nsp_msg_t *m, const nsp_rr_t *rr)
{
    memset(v, 0, sizeof *v);
    if (rr->type == NSP_TYPE_TXT || rr->type == NSP_TYPE_SPF)
        return set_text(v, m, rr);
    unsigned fields = find_name(v, m, rr);
    if (v->has_name && fields == 1)
        return set_name(v);
    return set_record(v, m, rr);
}

bool value_of_name(value_t *out, const value_t *v)
{
    memset(out, 0, sizeof *out);
    out->has_name = true;
    out->name = v->name;
    return set_name(out);
}

bool value_of_expectation(value_t *v, const expectation_t *e)
{
    record_view_t view;
    if (!record_view(&view, e->type, e->rdata, e->rdlen))
        return false;
    bool good = value_of_record(v, &view.m, &view.rr);
    record_view_free(&view);
    return good;
}

void value_free(value_t *v)
{
    free(v->octets);
    v->octets = NULL;
}

bool value_same_octets(const value_t *v, const char *a, const char *b, size_t len)
{
    if (v->kind == VALUE_TEXT)
        return memcmp(a, b, len) == 0;
    return strncasecmp(a, b, len) == 0;
}
