#include <stdlib.h>

#include "dkim/expect_parts.h"
#include "dkim/key.h"
#include "dkim/view.h"

const nsp_name_t *expect_relative(void)
{
    static const nsp_name_t relative = {3, {1, 0, 0}};
    return &relative;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

expect_span_t expect_trim(expect_span_t s)
{
    while (s.len > 0 && is_blank(s.text[s.len - 1]))
        s.len--;
    while (s.len > 0 && is_blank(s.text[0])) {
        s.text++;
        s.at++;
        s.len--;
    }
    return s;
}

/* Takes the mark of a relative name off. False when the name is absolute. */
static bool take_mark(nsp_name_t *name)
{
    const nsp_name_t *mark = expect_relative();
    if (name->len < mark->len ||
        memcmp(name->octets + name->len - mark->len, mark->octets, mark->len) != 0)
        return false;
    name->len = (uint8_t)(name->len - mark->len + 1);
    name->octets[name->len - 1] = 0;
    return true;
}

/* The last label, the root left out. */
static void last_label(const nsp_name_t *name, nsp_name_t *out)
{
    unsigned labels = nsp_name_labels(name);
    nsp_name_strip(name, labels > 0 ? labels - 1 : 0, out);
}

/* Appends base. Without one the name stays as it is. */
static bool append_base(const nsp_name_t *base, nsp_name_t *name)
{
    nsp_name_t joined;
    if (base == NULL)
        return name->len > 1;
    if (nsp_name_join(name, base, &joined) != NSP_OK)
        return false;
    *name = joined;
    return true;
}

/* A whole name below base as it was meant (see expect_add_line). False without base for "@". */
static bool expect_settle_owner(const nsp_name_t *base, nsp_name_t *name, unsigned *odd)
{
    nsp_name_t top;
    nsp_name_t base_top;
    if (!take_mark(name))
        return true;
    if (base != NULL && name->len > 1 && base->len > 1) {
        last_label(name, &top);
        last_label(base, &base_top);
        /* Nobody has a host named com below example.com: the name is whole. */
        if (nsp_name_equal(&top, &base_top)) {
            *odd |= EXPECT_ODD_RELATIVE;
            return true;
        }
    }
    return append_base(base, name);
}

/* A name in RDATA: consoles and people leave its final dot out. What has a dot in it is a whole
 * name then, unless its last label could be none of a whole name. */
static bool settle_target(const nsp_name_t *base, nsp_name_t *name, unsigned *odd)
{
    nsp_name_t top;
    if (!take_mark(name))
        return true;
    last_label(name, &top);
    bool whole = nsp_name_labels(name) > 1 && top.octets[1] != '_';
    if (base == NULL && name->len > 1)
        return true;
    if (whole) {
        *odd |= EXPECT_ODD_RELATIVE;
        return true;
    }
    return append_base(base, name);
}

bool expect_hides_names(uint16_t type)
{
    const nsp_rrtype_t *line = nsp_rrtype_get(type);
    for (size_t i = 0; i < NSP_FIELDS_MAX && line->fields[i].kind != NSP_F_END; i++) {
        nsp_fkind_t kind = line->fields[i].kind;
        if (kind == NSP_F_GATEWAY || kind == NSP_F_AMTRELAY || kind == NSP_F_HIP ||
            kind == NSP_F_A6)
            return true;
    }
    return false;
}

/* RDATA with every name in it settled. Returns the octets written, 0 with *bad for a name that
 * does not fit or has nothing to be relative to. */
static size_t settle_rdata(const record_view_t *v, const nsp_name_t *base, unsigned *odd,
                           uint8_t *out, size_t cap, bool *bad)
{
    nsp_rdata_t it;
    nsp_field_t f;
    nsp_writer_t w = nsp_writer(out, cap);
    *bad = false;
    nsp_rdata_begin(&it, &v->m, &v->rr);
    while (v->rr.rdlength > 0 && nsp_rdata_next(&it, &f)) {
        if (f.desc->kind == NSP_F_NAME || f.desc->kind == NSP_F_NAME_NC) {
            *bad = *bad || !settle_target(base, &f.name, odd);
            nsp_write_bytes(&w, f.name.octets, f.name.len);
        } else {
            nsp_write_bytes(&w, v->m.wire + f.offset, f.size);
        }
    }
    *bad = *bad || it.r.err != NSP_OK || w.err != NSP_OK;
    return *bad ? 0 : w.pos;
}

/* Sets the RDATA in canonical form. */
static bool set_rdata(const expect_source_t *s, size_t at, uint16_t type, const uint8_t *rdata,
                      size_t len, expectation_t *out)
{
    record_view_t v;
    nsp_err_t err = NSP_OK;
    if (!record_view(&v, type, rdata, len))
        return expect_fail(s, at, "the value is too long, or memory is out");
    out->rdata = malloc(len > 0 ? len : 1);
    size_t n = 0;
    if (out->rdata != NULL)
        n = nsp_rdata_canonical(&v.m, &v.rr, out->rdata, len, &err);
    record_view_free(&v);
    if (out->rdata == NULL)
        return expect_fail(s, at, "out of memory");
    if (err != NSP_OK)
        return expect_fail(s, at, "the value: %s", nsp_err_text(err));
    out->rdlen = (uint32_t)n;
    out->type = type;
    return true;
}

bool expect_settle(const expect_source_t *s, size_t at, const nsp_name_t *owner, uint16_t type,
                   const uint8_t *rdata, size_t rdlen, expectation_t *out)
{
    record_view_t v;
    uint8_t settled[UINT16_MAX];
    bool bad = false;
    out->owner = *owner;
    if ((nsp_rrtype_get(type)->flags & NSP_TYPE_META) != 0)
        return expect_fail(s, at, "no zone has records of this type");
    if (!expect_settle_owner(s->base, &out->owner, &out->odd))
        return expect_fail(s, at, "the name is relative, and too long or without a domain");
    if (!record_view(&v, type, rdata, rdlen))
        return expect_fail(s, at, "the value is too long, or memory is out");
    size_t n = settle_rdata(&v, s->base, &out->odd, settled, sizeof settled, &bad);
    record_view_free(&v);
    if (bad)
        return expect_fail(s, at,
                           "a name in the value is relative, and too long or without a "
                           "domain");
    return set_rdata(s, at, type, settled, n, out);
}

/* Octets that no owner of a mail service's record has; most come from pasting the wrong thing. */
static size_t find_wrong(const expect_span_t *name)
{
    for (size_t i = 0; i < name->len; i++) {
        unsigned char c = (unsigned char)name->text[i];
        if (c <= ' ' || c >= 0x7f || strchr("\"/:<>()[]{},;|'`", c) != NULL)
            return i;
    }
    return name->len;
}

static bool read_owner(const expect_source_t *s, expect_span_t text, expectation_t *out)
{
    size_t bad = 0;
    expect_span_t t = expect_trim(text);
    if (t.len == 0)
        return expect_fail(s, t.at, "the name is missing");
    bad = find_wrong(&t);
    if (bad < t.len && (unsigned char)t.text[bad] >= 0x7f)
        return expect_fail(s, t.at + bad, "not ASCII: write the name in its xn-- form");
    if (bad < t.len)
        return expect_fail(s, t.at + bad, "no domain name has this character");
    nsp_err_t err = nsp_name_from_text(t.text, t.len, expect_relative(), &out->owner, &bad);
    if (err != NSP_OK)
        return expect_fail(s, t.at + bad, "the name: %s", nsp_err_text(err));
    return true;
}

static bool read_type(const expect_source_t *s, expect_span_t text, uint16_t *type)
{
    expect_span_t t = expect_trim(text);
    if (t.len == 0)
        return expect_fail(s, t.at,
                           "the type is missing: a record is NAME TYPE RDATA, as in "
                           "\"x.example.com CNAME y.example.net\"");
    if (nsp_type_from_text(t.text, t.len, type) != NSP_OK)
        return expect_fail(s, t.at, "%.*s is not an RR type such as CNAME, TXT or MX",
                           (int)(t.len < 40 ? t.len : 40), t.text);
    if ((nsp_rrtype_get(*type)->flags & NSP_TYPE_META) != 0)
        return expect_fail(s, t.at, "no zone has records of type %.*s", (int)t.len, t.text);
    return true;
}

bool expect_take_pair(expect_span_t *s, char mark)
{
    if (s->len < 2 || s->text[0] != mark || s->text[s->len - 1] != mark ||
        memchr(s->text + 1, mark, s->len - 2) != NULL)
        return false;
    s->text++;
    s->at++;
    s->len -= 2;
    return true;
}

/* Takes backslashes off that a zone file needs and a plain text does not, and line breaks that a
 * cell of a table may have. Returns the octets written to out, which has room for all. */
static size_t plain_text(const expect_span_t *t, char *out, unsigned *odd)
{
    size_t n = 0;
    for (size_t i = 0; i < t->len; i++) {
        char c = t->text[i];
        bool escape = c == '\\' && i + 1 < t->len && strchr(";\"\\", t->text[i + 1]) != NULL;
        if (escape) {
            *odd |= EXPECT_ODD_ESCAPES;
            c = t->text[++i];
        }
        if (c == '\r' || c == '\n') {
            *odd |= EXPECT_ODD_BLANKS;
            continue;
        }
        out[n++] = c;
    }
    return n;
}

/* A text as strings of at most 255 octets each (RFC 1035 3.3.14). */
static bool split_strings(const char *text, size_t len, uint8_t *out, size_t cap, size_t *size)
{
    nsp_writer_t w = nsp_writer(out, cap);
    size_t at = 0;
    do {
        size_t n = len - at < 255 ? len - at : 255;
        nsp_write_u8(&w, (uint8_t)n);
        nsp_write_bytes(&w, text + at, (uint32_t)n);
        at += n;
    } while (at < len);
    *size = w.pos;
    return w.err == NSP_OK;
}

/* TXT as people and consoles write it: quoted strings as in zone text, or the bare text. */
static bool read_txt(const expect_source_t *s, expect_span_t t, uint8_t *out, size_t cap,
                     size_t *size, unsigned *odd)
{
    size_t bad = 0;
    if (t.len > 0 && (t.text[0] == '"' || t.text[0] == '(')) {
        nsp_err_t err =
            nsp_rdata_from_text(NSP_TYPE_TXT, t.text, t.len, NULL, out, cap, size, &bad);
        if (err != NSP_OK)
            return expect_fail(s, t.at + bad, "the text: %s", nsp_err_text(err));
        return true;
    }
    if (expect_take_pair(&t, '\'') || expect_take_pair(&t, '`'))
        *odd |= EXPECT_ODD_QUOTES;
    char *plain = malloc(t.len + 1);
    if (plain == NULL)
        return expect_fail(s, t.at, "out of memory");
    size_t n = plain_text(&t, plain, odd);
    bool fits = split_strings(plain, n, out, cap, size);
    free(plain);
    return fits || expect_fail(s, t.at, "the text is longer than a record can be");
}

/* "10" and "mail.example.com" from two columns as one RDATA. */
static bool join_priority(const expect_source_t *s, const expect_fields_t *f, expect_span_t *value,
                          char **joined)
{
    expect_span_t p = expect_trim(f->priority);
    *joined = NULL;
    if (p.len == 0 || memchr(value->text, ' ', value->len) != NULL)
        return true;
    *joined = malloc(p.len + value->len + 2);
    if (*joined == NULL)
        return expect_fail(s, value->at, "out of memory");
    memcpy(*joined, p.text, p.len);
    (*joined)[p.len] = ' ';
    memcpy(*joined + p.len + 1, value->text, value->len);
    value->text = *joined;
    value->len += p.len + 1;
    value->at = p.at;
    return true;
}

static bool read_value(const expect_source_t *s, uint16_t type, expect_span_t t, uint8_t *out,
                       size_t cap, size_t *size, unsigned *odd)
{
    size_t bad = 0;
    if (t.len == 0)
        return expect_fail(s, t.at, "the value is missing");
    if (type == NSP_TYPE_TXT || type == NSP_TYPE_SPF)
        return read_txt(s, t, out, cap, size, odd);
    if (expect_take_pair(&t, '"') || expect_take_pair(&t, '\'') || expect_take_pair(&t, '`'))
        *odd |= EXPECT_ODD_QUOTES;
    const nsp_name_t *origin = expect_hides_names(type) ? s->base : expect_relative();
    nsp_err_t err = nsp_rdata_from_text(type, t.text, t.len, origin, out, cap, size, &bad);
    if (err != NSP_OK)
        return expect_fail(s, t.at + bad, "the value: %s", nsp_err_text(err));
    return true;
}

bool expect_read_fields(const expect_source_t *s, const expect_fields_t *f, expectation_t *out)
{
    uint8_t rdata[UINT16_MAX];
    size_t size = 0;
    uint16_t type = 0;
    char *joined = NULL;
    nsp_name_t owner;
    expect_span_t value = expect_trim(f->value);
    out->odd = f->odd;
    if (!read_owner(s, f->owner, out) || !read_type(s, f->type, &type))
        return false;
    owner = out->owner;
    bool good = type != NSP_TYPE_MX || join_priority(s, f, &value, &joined);
    good = good && read_value(s, type, value, rdata, sizeof rdata, &size, &out->odd) &&
           expect_settle(s, f->owner.at, &owner, type, rdata, size, out) &&
           expect_set_origin(s, f->owner.at, out);
    free(joined);
    return good;
}
