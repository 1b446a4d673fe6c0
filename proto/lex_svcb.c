/* SvcParams from presentation format (RFC 9460 2.1, A). */
#include "lex_field.h"

/* A parameter is its key, its length and its value: so many fit into one RDATA. */
#define PARAMS_MAX (UINT16_MAX / 4)

/* The parameters in wire format, in the order of the text, and where each begins. */
typedef struct params {
    uint16_t start[PARAMS_MAX];
    unsigned count;
    uint8_t seen[(UINT16_MAX + 1) / 8]; /* a bit for each key */
    uint8_t wire[UINT16_MAX];
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
            sort_mandatory(p->wire + start, p->w.pos - start);
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

/* A key once (RFC 9460 2.2). */
static bool first_of_key(params_t *p, uint16_t key)
{
    uint8_t bit = (uint8_t)(1u << (key & 7));
    bool first = (p->seen[key >> 3] & bit) == 0;
    p->seen[key >> 3] |= bit;
    return first;
}

/* What follows the equals sign, without the quotes around it; nothing where there is none. */
static nsp_token_t value_of(const nsp_token_t *t, size_t equals)
{
    nsp_token_t value = *t;
    size_t skip = equals < t->len ? equals + 1 : t->len;
    value.text += skip;
    value.at += skip;
    value.len -= skip;
    if (value.len >= 2 && value.text[0] == '"' && value.text[value.len - 1] == '"') {
        value.text++;
        value.at++;
        value.len -= 2;
    }
    return value;
}

static void read_param(nsp_fields_t *f, params_t *p)
{
    nsp_token_t t = nsp_fields_token(f);
    size_t equals = 0;
    while (equals < t.len && t.text[equals] != '=')
        equals++;
    uint16_t key = 0;
    if (!key_from_text(t.text, equals, &key) || !first_of_key(p, key)) {
        nsp_fields_fail(f, NSP_E_TEXT_VALUE, t.at);
        return;
    }
    uint32_t start = p->w.pos;
    nsp_write_u16(&p->w, key);
    nsp_write_u16(&p->w, 0);
    nsp_token_t value = value_of(&t, equals);
    bool needs = key <= 1 || (key >= 3 && key <= 6);
    if (value.len == 0 && needs)
        nsp_fields_fail(f, NSP_E_TEXT_MISSING, t.at);
    else if (value.len > 0)
        put_value(f, p, key, &value);
    nsp_patch_u16(&p->w, start + 2, (uint16_t)(p->w.pos - start - 4));
    if (p->w.err != NSP_OK)
        nsp_fields_fail(f, p->w.err, t.at);
    else
        p->start[p->count++] = (uint16_t)start;
}

static unsigned key_at(const params_t *p, unsigned i)
{
    const uint8_t *key = p->wire + p->start[i];
    return (unsigned)(key[0] << 8 | key[1]);
}

static void swap_params(params_t *p, unsigned i, unsigned k)
{
    uint16_t start = p->start[i];
    p->start[i] = p->start[k];
    p->start[k] = start;
}

/* The parameter at i sinks below those of greater keys, in a heap of n. */
static void sink(params_t *p, unsigned i, unsigned n)
{
    for (unsigned child = 2 * i + 1; child < n; child = 2 * i + 1) {
        if (child + 1 < n && key_at(p, child + 1) > key_at(p, child))
            child++;
        if (key_at(p, i) > key_at(p, child))
            return;
        swap_params(p, i, child);
        i = child;
    }
}

/* Order of key (RFC 9460 2.2), by a heap: whoever writes the text chooses the order. */
static void sort_params(params_t *p)
{
    for (unsigned i = p->count / 2; i-- > 0;)
        sink(p, i, p->count);
    for (unsigned n = p->count; n > 1; n--) {
        swap_params(p, 0, n - 1);
        sink(p, 0, n - 1);
    }
}

void nsp_fields_put_svcparams(nsp_fields_t *f)
{
    params_t p;
    p.count = 0;
    memset(p.seen, 0, sizeof p.seen);
    p.w = nsp_writer(p.wire, sizeof p.wire);
    while (f->err == NSP_OK && !nsp_fields_end(f))
        read_param(f, &p);
    if (f->err != NSP_OK)
        return;
    sort_params(&p);
    for (unsigned i = 0; i < p.count; i++) {
        const uint8_t *param = p.wire + p.start[i];
        nsp_write_bytes(f->w, param, 4u + (uint32_t)(param[2] << 8 | param[3]));
    }
}
