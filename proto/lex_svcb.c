/* SvcParams from presentation format (RFC 9460 2.1, A). */
#include "lex_field.h"

#define PARAMS_MAX 64

/* One key with its value's octets in a scratch buffer: they are written in order of key. */
typedef struct param {
    uint16_t key;
    uint16_t size;
    uint32_t at;
    size_t text_at;
} param_t;

typedef struct params {
    param_t item[PARAMS_MAX];
    unsigned count;
    uint8_t scratch[65535];
    nsp_writer_t w;
} params_t;

static const char *const key_names[] = {"mandatory", "alpn",     "no-default-alpn",
                                        "port",      "ipv4hint", "ech",
                                        "ipv6hint",  "dohpath",  "ohttp"};

static bool key_from_text(const char *text, size_t len, uint16_t *out)
{
    for (size_t i = 0; i < sizeof key_names / sizeof key_names[0]; i++) {
        if (strlen(key_names[i]) == len && memcmp(key_names[i], text, len) == 0) {
            *out = (uint16_t)i;
            return true;
        }
    }
    if (len < 4 || len > 8 || memcmp(text, "key", 3) != 0)
        return false;
    uint32_t v = 0;
    for (size_t i = 3; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        v = v * 10 + (uint32_t)(text[i] - '0');
    }
    *out = (uint16_t)v;
    return v <= UINT16_MAX;
}

/* One item of a comma-separated list, already without the outer escapes. */
static void put_item(nsp_fields_t *f, params_t *p, uint16_t key, const uint8_t *item, size_t n,
                     size_t at)
{
    uint8_t octets[16];
    uint16_t k = 0;
    bool good = true;
    if (key == 0) {
        good = key_from_text((const char *)item, n, &k);
        nsp_write_u16(&p->w, k);
    } else if (key == 1) {
        good = n > 0 && n <= 255;
        nsp_write_u8(&p->w, (uint8_t)n);
        nsp_write_bytes(&p->w, item, (uint32_t)n);
    } else if (key == 4) {
        good = nsp_parse_ipv4((const char *)item, n, octets);
        nsp_write_bytes(&p->w, octets, good ? 4 : 0);
    } else {
        good = nsp_parse_ipv6((const char *)item, n, octets);
        nsp_write_bytes(&p->w, octets, good ? 16 : 0);
    }
    if (!good)
        nsp_fields_fail(f, NSP_E_TEXT_VALUE, at);
}

/* Comma-separated, with "\," and "\\" inside items (RFC 9460 A.1). */
static void put_list(nsp_fields_t *f, params_t *p, uint16_t key, const uint8_t *v, size_t n,
                     size_t at)
{
    uint8_t item[256];
    size_t len = 0;
    for (size_t i = 0; i <= n && f->err == NSP_OK; i++) {
        if (i == n || v[i] == ',') {
            put_item(f, p, key, item, len, at);
            len = 0;
            continue;
        }
        if (v[i] == '\\' && i + 1 < n)
            i++;
        if (len == sizeof item)
            nsp_fields_fail(f, NSP_E_TEXT_STRING, at);
        else
            item[len++] = v[i];
    }
}

static void sort_mandatory(uint8_t *keys, uint32_t n)
{
    for (uint32_t i = 2; i + 1 < n; i += 2) {
        for (uint32_t k = i; k >= 2; k -= 2) {
            uint8_t *a = keys + k - 2;
            if ((a[0] << 8 | a[1]) <= (a[2] << 8 | a[3]))
                break;
            uint8_t swap[2] = {a[0], a[1]};
            a[0] = a[2];
            a[1] = a[3];
            a[2] = swap[0];
            a[3] = swap[1];
        }
    }
}

static void put_value(nsp_fields_t *f, params_t *p, uint16_t key, const nsp_token_t *value)
{
    uint8_t v[65535];
    size_t bad = 0;
    uint32_t start = p->w.pos;
    long n = nsp_lex_unescape(value, v, sizeof v, &bad);
    if (n < 0) {
        nsp_fields_fail(f, NSP_E_TEXT_ESCAPE, value->at + bad);
        return;
    }
    if (key == 0 || key == 1 || key == 4 || key == 6) {
        put_list(f, p, key, v, (size_t)n, value->at);
        if (key == 0 && p->w.err == NSP_OK)
            sort_mandatory(p->scratch + start, p->w.pos - start);
    } else if (key == 3) {
        nsp_write_u16(&p->w, (uint16_t)nsp_fields_number(f, value, UINT16_MAX));
    } else if (key == 5) {
        nsp_writer_t *outer = f->w;
        f->w = &p->w;
        nsp_fields_put_base64(f, value);
        f->w = outer;
    } else if (key == 2 || key == 8) {
        if (n > 0)
            nsp_fields_fail(f, NSP_E_TEXT_VALUE, value->at);
    } else {
        nsp_write_bytes(&p->w, v, (uint32_t)n);
    }
}

static void read_param(nsp_fields_t *f, params_t *p)
{
    nsp_token_t t = nsp_fields_token(f);
    size_t equals = 0;
    while (equals < t.len && t.text[equals] != '=')
        equals++;
    uint16_t key = 0;
    if (p->count == PARAMS_MAX || !key_from_text(t.text, equals, &key)) {
        nsp_fields_fail(f, NSP_E_TEXT_VALUE, t.at);
        return;
    }
    param_t *item = &p->item[p->count++];
    item->key = key;
    item->at = p->w.pos;
    item->text_at = t.at;
    nsp_token_t value = t;
    size_t skip = equals < t.len ? equals + 1 : t.len;
    value.text += skip;
    value.at += skip;
    value.len -= skip;
    if (value.len >= 2 && value.text[0] == '"' && value.text[value.len - 1] == '"') {
        value.text++;
        value.at++;
        value.len -= 2;
    }
    bool needs = key <= 1 || (key >= 3 && key <= 6);
    if (value.len == 0 && needs)
        nsp_fields_fail(f, NSP_E_TEXT_MISSING, t.at);
    else if (value.len > 0)
        put_value(f, p, key, &value);
    item->size = (uint16_t)(p->w.pos - item->at);
}

void nsp_fields_put_svcparams(nsp_fields_t *f)
{
    params_t p;
    p.count = 0;
    p.w = nsp_writer(p.scratch, sizeof p.scratch);
    while (f->err == NSP_OK && !nsp_fields_end(f))
        read_param(f, &p);
    for (uint32_t next = 0; f->err == NSP_OK && next <= UINT16_MAX;) {
        const param_t *least = NULL;
        for (unsigned i = 0; i < p.count; i++) {
            if (p.item[i].key < next)
                continue;
            if (least != NULL && least->key == p.item[i].key)
                nsp_fields_fail(f, NSP_E_TEXT_VALUE, p.item[i].text_at);
            if (least == NULL || p.item[i].key < least->key)
                least = &p.item[i];
        }
        if (least == NULL)
            break;
        nsp_write_u16(f->w, least->key);
        nsp_write_u16(f->w, least->size);
        nsp_write_bytes(f->w, p.scratch + least->at, least->size);
        next = least->key + 1u;
    }
}
