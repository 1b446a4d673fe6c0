/* Records and messages as JSON: fields under the names of rrtypes.def. */
#include "text_field.h"

size_t nsp_utf8_length(const uint8_t *p, size_t left)
{
    if (p[0] < 0x80)
        return 1;
    size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool surrogate = p[0] == 0xed && p[1] > 0x9f;
    bool beyond = p[0] == 0xf4 && p[1] > 0x8f;
    return overlong || surrogate || beyond ? 0 : n;
}

uint32_t nsp_utf8_code(const uint8_t *p, size_t n)
{
    uint32_t code = n == 1 ? p[0] : p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++)
        code = code << 6 | (p[i] & 0x3fu);
    return code;
}

bool nsp_utf8_shows(uint32_t code)
{
    static const struct {
        uint32_t first;
        uint32_t last;
    } hidden[] = {{0x0000, 0x001f}, {0x007f, 0x009f},  {0x061c, 0x061c}, {0x180e, 0x180e},
                  {0x200b, 0x200f}, {0x2028, 0x202e},  {0x2060, 0x206f}, {0xfeff, 0xfeff},
                  {0xfff9, 0xfffb}, {0xe0000, 0xe007f}};
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
        if (code >= hidden[i].first && code <= hidden[i].last)
            return false;
    return true;
}

/* As JSON escapes it (RFC 8259 7): beyond the first plane as two surrogates. */
static void json_escape(nsp_text_t *t, uint32_t code)
{
    if (code < 0x10000)
        nsp_text_printf(t, "\\u%04x", code);
    else
        nsp_text_printf(t, "\\u%04x\\u%04x", 0xd7c0 + (code >> 10), 0xdc00 + (code & 0x3ff));
}

void nsp_text_json_string(nsp_text_t *t, const char *s, size_t len)
{
    const uint8_t *p = (const uint8_t *)s;
    nsp_text_add(t, "\"", 1);
    for (size_t i = 0; i < len;) {
        size_t run = i;
        while (run < len && p[run] >= 0x20 && p[run] < 0x7f && p[run] != '"' && p[run] != '\\')
            run++;
        if (run > i) {
            nsp_text_add(t, s + i, run - i);
            i = run;
            continue;
        }
        size_t n = nsp_utf8_length(p + i, len - i);
        if (p[i] == '"' || p[i] == '\\') {
            char pair[2] = {'\\', (char)p[i]};
            nsp_text_add(t, pair, 2);
        } else if (n == 0) {
            json_escape(t, p[i]);
        } else if (!nsp_utf8_shows(nsp_utf8_code(p + i, n))) {
            json_escape(t, nsp_utf8_code(p + i, n));
        } else {
            nsp_text_add(t, s + i, n);
        }
        i += n > 0 ? n : 1;
    }
    nsp_text_add(t, "\"", 1);
}

static void json_key(nsp_text_t *t, const char *key)
{
    nsp_text_printf(t, "\"%s\":", key);
}

static void json_name(nsp_text_t *t, const nsp_name_t *name)
{
    char text[NSP_NAME_TEXT_MAX];
    size_t n = nsp_name_to_text(name, text, sizeof text);
    nsp_text_json_string(t, text, n);
}

/* The text that a printer makes, as a JSON string. The printer's output is ASCII: it is written
 * straight into t and escaped there, so that no second buffer is needed. */
static void json_close_text(nsp_text_t *t, size_t start)
{
    /* quotes and backslashes grow: count them, then shift from the end. Most text has none. */
    size_t extra = 0;
    size_t n = t->len - start;
    if (n == 0 ||
        (memchr(t->buf + start, '"', n) == NULL && memchr(t->buf + start, '\\', n) == NULL)) {
        nsp_text_add(t, "\"", 1);
        return;
    }
    for (size_t i = start; i < t->len; i++)
        extra += t->buf[i] == '"' || t->buf[i] == '\\';
    if (t->cap - t->len <= extra) {
        t->lost += extra;
        t->len = start;
    } else {
        size_t to = t->len + extra;
        for (size_t i = t->len; i > start; i--) {
            char c = t->buf[i - 1];
            t->buf[--to] = c;
            if (c == '"' || c == '\\')
                t->buf[--to] = '\\';
        }
        t->len += extra;
    }
    nsp_text_add(t, "\"", 1);
}

static void json_strings(nsp_text_t *t, const nsp_field_t *f)
{
    nsp_text_str(t, "[");
    for (uint32_t i = 0; i < f->nbytes; i += f->bytes[i] + 1u) {
        nsp_text_str(t, i > 0 ? "," : "");
        nsp_text_json_string(t, (const char *)f->bytes + i + 1, f->bytes[i]);
    }
    nsp_text_str(t, "]");
}

static void json_field(nsp_text_t *t, const nsp_field_t *f)
{
    switch (f->desc->kind) {
    case NSP_F_U8:
    case NSP_F_U16:
    case NSP_F_U32:
    case NSP_F_TTL:
    case NSP_F_U48:
    case NSP_F_ALG:
        nsp_text_printf(t, "%llu", (unsigned long long)f->number);
        break;
    case NSP_F_NAME:
    case NSP_F_NAME_NC:
        json_name(t, &f->name);
        break;
    case NSP_F_STRING:
    case NSP_F_TEXT:
    case NSP_F_TAG:
        nsp_text_json_string(t, (const char *)f->bytes, f->nbytes);
        break;
    case NSP_F_STRINGS:
        json_strings(t, f);
        break;
    default: {
        nsp_text_str(t, "\"");
        size_t start = t->len;
        nsp_text_field(t, f);
        json_close_text(t, start);
        break;
    }
    }
}

static void json_rdata(nsp_text_t *t, const nsp_msg_t *m, const nsp_rr_t *rr)
{
    nsp_rdata_t it;
    nsp_field_t f;
    bool first = true;
    nsp_rdata_begin(&it, m, rr);
    nsp_text_str(t, "{");
    while (nsp_rdata_next(&it, &f)) {
        nsp_text_str(t, first ? "" : ",");
        json_key(t, f.desc->name);
        json_field(t, &f);
        first = false;
    }
    if (it.r.err != NSP_OK)
        nsp_text_printf(t, "%s\"fault\":\"%s\",\"fault-offset\":%u", first ? "" : ",",
                        nsp_err_name(it.r.err), it.r.err_at);
    nsp_text_str(t, "}");
}

bool nsp_text_json_rr(nsp_text_t *t, const nsp_msg_t *m, const nsp_rr_t *rr)
{
    nsp_text_add(t, "\"", 1);
    size_t start = t->len;
    bool good = nsp_text_rr(t, m, rr);
    json_close_text(t, start);
    return good;
}

void nsp_json_rr(nsp_text_t *t, const nsp_msg_t *m, const nsp_rr_t *rr)
{
    nsp_name_t owner;
    char type[16];
    char rclass[16];
    nsp_rr_owner(m, rr, &owner);
    nsp_text_str(t, "{\"name\":");
    json_name(t, &owner);
    nsp_text_printf(t, ",\"ttl\":%u,\"class\":\"%s\",\"type\":\"%s\",\"rdata\":", rr->ttl,
                    nsp_class_text(rr->rclass, rclass), nsp_type_text(rr->type, type));
    json_rdata(t, m, rr);
    nsp_text_str(t, ",\"text\":\"");
    size_t start = t->len;
    nsp_text_rdata(t, m, rr);
    json_close_text(t, start);
    nsp_text_str(t, "}");
}

static void json_flags(nsp_text_t *t, const nsp_msg_t *m)
{
    static const struct {
        uint16_t bit;
        const char *name;
    } flags[] = {{NSP_FLAG_QR, "qr"}, {NSP_FLAG_AA, "aa"}, {NSP_FLAG_TC, "tc"},
                 {NSP_FLAG_RD, "rd"}, {NSP_FLAG_RA, "ra"}, {NSP_FLAG_Z, "z"},
                 {NSP_FLAG_AD, "ad"}, {NSP_FLAG_CD, "cd"}};
    nsp_text_str(t, "{");
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        nsp_text_printf(t, "%s\"%s\":%s", i > 0 ? "," : "", flags[i].name,
                        nsp_msg_has(m, flags[i].bit) ? "true" : "false");
    nsp_text_str(t, "}");
}

static void json_questions(nsp_text_t *t, const nsp_msg_t *m)
{
    nsp_reader_t r = nsp_reader(m->wire, m->size);
    r.pos = NSP_HEADER_SIZE;
    nsp_text_str(t, "[");
    for (uint16_t i = 0; i < m->found[NSP_QUESTION]; i++) {
        nsp_name_t name;
        char type[16];
        char qclass[16];
        nsp_name_read(&r, NSP_NAME_COMPRESSED, &name);
        uint16_t qt = nsp_read_u16(&r);
        uint16_t qc = nsp_read_u16(&r);
        nsp_text_str(t, i > 0 ? ",{\"name\":" : "{\"name\":");
        json_name(t, &name);
        nsp_text_printf(t, ",\"class\":\"%s\",\"type\":\"%s\"}", nsp_class_text(qc, qclass),
                        nsp_type_text(qt, type));
    }
    nsp_text_str(t, "]");
}

static void json_edns(nsp_text_t *t, const nsp_msg_t *m)
{
    nsp_edns_t e;
    if (!nsp_edns_read(m, &e, NULL)) {
        nsp_text_str(t, "null");
        return;
    }
    nsp_text_printf(t, "{\"udp\":%u,\"version\":%u,\"do\":%s,\"flags\":%u,\"options\":[",
                    e.udp_size, e.version, (e.flags & NSP_EDNS_DO) != 0 ? "true" : "false",
                    e.flags);
    for (uint16_t i = 0; i < e.option_count; i++) {
        char code[16];
        nsp_text_printf(t, "%s{\"code\":%u,\"name\":\"%s\",\"hex\":\"", i > 0 ? "," : "",
                        e.option[i].code, nsp_option_text(e.option[i].code, code));
        nsp_text_hex(t, e.option[i].data, e.option[i].size);
        nsp_text_str(t, "\",\"text\":\"");
        size_t start = t->len;
        nsp_edns_option_t o = e.option[i];
        nsp_text_option(t, &o);
        for (size_t k = start; k < t->len; k++) /* an option's text may be anything */
            if ((uint8_t)t->buf[k] < 0x20 || (uint8_t)t->buf[k] > 0x7e)
                t->buf[k] = '?';
        json_close_text(t, start);
        nsp_text_str(t, "}");
    }
    nsp_text_str(t, "]}");
}

static void json_section(nsp_text_t *t, const nsp_msg_t *m, nsp_section_t s)
{
    bool first = true;
    nsp_text_str(t, "[");
    for (uint16_t i = 0; i < m->found[s]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, s, i);
        if (m->opt != NSP_NO_RR && rr == &m->rr[m->opt])
            continue;
        nsp_text_str(t, first ? "" : ",");
        nsp_json_rr(t, m, rr);
        first = false;
    }
    nsp_text_str(t, "]");
}

static void json_faults(nsp_text_t *t, const nsp_msg_t *m)
{
    static const char *const sections[] = {"question", "answer", "authority", "additional"};
    nsp_text_str(t, "[");
    for (uint16_t i = 0; i < m->fault_count && i < NSP_FAULTS_KEPT; i++) {
        const nsp_fault_t *f = &m->fault[i];
        nsp_text_printf(
            t, "%s{\"code\":\"%s\",\"offset\":%u,\"section\":\"%s\",\"text\":", i > 0 ? "," : "",
            nsp_err_name(f->err), f->offset, sections[f->section & 3]);
        nsp_text_json_string(t, nsp_err_text(f->err), strlen(nsp_err_text(f->err)));
        nsp_text_str(t, "}");
    }
    nsp_text_str(t, "]");
}

void nsp_json_msg(nsp_text_t *t, const nsp_msg_t *m)
{
    char opcode[16];
    char rcode[16];
    nsp_text_printf(
        t, "{\"size\":%u,\"id\":%u,\"opcode\":\"%s\",\"rcode\":\"%s\",\"flags\":", m->size, m->id,
        nsp_opcode_text(nsp_msg_opcode(m), opcode), nsp_rcode_text(nsp_msg_rcode(m), rcode));
    json_flags(t, m);
    nsp_text_str(t, ",\"question\":");
    json_questions(t, m);
    nsp_text_str(t, ",\"edns\":");
    json_edns(t, m);
    nsp_text_str(t, ",\"answer\":");
    json_section(t, m, NSP_ANSWER);
    nsp_text_str(t, ",\"authority\":");
    json_section(t, m, NSP_AUTHORITY);
    nsp_text_str(t, ",\"additional\":");
    json_section(t, m, NSP_ADDITIONAL);
    nsp_text_printf(t, ",\"complete\":%s,\"faults\":", m->complete ? "true" : "false");
    json_faults(t, m);
    nsp_text_str(t, "}");
}
