#include "dkim/taglist.h"

#include <string.h>

static bool is_wsp(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static bool is_space(uint8_t c)
{
    return is_wsp(c) || c == '\r' || c == '\n';
}

static bool is_alpha(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name_octet(uint8_t c)
{
    return is_alpha(c) || (c >= '0' && c <= '9') || c == '_';
}

static void add_fault(taglist_t *list, taglist_fault_kind_t kind, uint32_t at)
{
    if (list->fault_count < TAGLIST_FAULTS_KEPT)
        list->fault[list->fault_count] = (taglist_fault_t){kind, at};
    list->fault_count++;
}

/* The span without spaces, tabs and line breaks at its ends. */
static taglist_span_t trim(const uint8_t *text, taglist_span_t s)
{
    while (s.len > 0 && is_space(text[s.at])) {
        s.at++;
        s.len--;
    }
    while (s.len > 0 && is_space(text[s.at + s.len - 1]))
        s.len--;
    return s;
}

/* Folding whitespace: a CRLF takes a space or tab behind it (RFC 6376 2.8). Looks at the whole
 * text behind at, since a semicolon ends no line. */
static bool fold_is_good(const taglist_t *list, uint32_t at)
{
    const uint8_t *t = list->text;
    return t[at] == '\r' && list->size - at > 2 && t[at + 1] == '\n' && is_wsp(t[at + 2]);
}

/* One pass for what no tag may hold: the first fault of each kind in a tag is enough. */
static void check_octets(taglist_t *list, taglist_span_t s)
{
    bool fold = false;
    bool octet = false;
    for (uint32_t i = s.at; i < s.at + s.len; i++) {
        uint8_t c = list->text[i];
        if (c == '\r' || c == '\n') {
            bool good = fold_is_good(list, i);
            if (!good && !fold)
                add_fault(list, TAGLIST_FOLD, i);
            fold = fold || !good;
            i += good ? 1 : 0;
        } else if (!is_wsp(c) && (c < 0x21 || c > 0x7e) && !octet) {
            octet = true;
            add_fault(list, TAGLIST_OCTET, i);
        }
    }
}

static bool check_name(taglist_t *list, taglist_span_t name, uint32_t equals)
{
    if (name.len == 0) {
        add_fault(list, TAGLIST_NAME, equals);
        return false;
    }
    for (uint32_t i = 0; i < name.len; i++) {
        uint8_t c = list->text[name.at + i];
        if (!is_name_octet(c) || (i == 0 && !is_alpha(c))) {
            add_fault(list, TAGLIST_NAME, name.at + i);
            return false;
        }
    }
    return true;
}

static bool same(const taglist_t *list, taglist_span_t a, taglist_span_t b)
{
    return a.len == b.len && memcmp(list->text + a.at, list->text + b.at, a.len) == 0;
}

static void add_tag(taglist_t *list, taglist_span_t name, taglist_span_t value)
{
    for (unsigned i = 0; i < list->tag_count; i++) {
        if (same(list, list->tag[i].name, name)) {
            add_fault(list, TAGLIST_DUPLICATE, name.at);
            return;
        }
    }
    if (list->tag_count == TAGLIST_TAGS_MAX) {
        add_fault(list, TAGLIST_MANY, name.at);
        return;
    }
    list->tag[list->tag_count++] = (taglist_tag_t){name, value};
}

/* What stands between two semicolons. */
static void parse_tag(taglist_t *list, taglist_span_t raw, bool last)
{
    check_octets(list, raw);
    taglist_span_t s = trim(list->text, raw);
    if (s.len == 0) {
        if (!last)
            add_fault(list, TAGLIST_EMPTY_TAG, raw.at);
        return;
    }
    const uint8_t *p = memchr(list->text + s.at, '=', s.len);
    if (p == NULL) {
        add_fault(list, TAGLIST_NO_EQUALS, s.at);
        return;
    }
    uint32_t equals = (uint32_t)(p - list->text);
    taglist_span_t name = {s.at, equals - s.at};
    taglist_span_t value = {equals + 1, s.at + s.len - equals - 1};
    name = trim(list->text, name);
    if (check_name(list, name, equals))
        add_tag(list, name, trim(list->text, value));
}

bool taglist_parse(taglist_t *list, const uint8_t *text, size_t size)
{
    memset(list, 0, sizeof *list);
    list->text = text;
    list->size = size > TAGLIST_TEXT_MAX ? TAGLIST_TEXT_MAX : (uint32_t)size;
    uint32_t at = 0;
    while (at < list->size) {
        const uint8_t *p = memchr(text + at, ';', list->size - at);
        uint32_t end = p != NULL ? (uint32_t)(p - text) : list->size;
        parse_tag(list, (taglist_span_t){at, end - at}, p == NULL);
        at = end + 1;
    }
    if (list->tag_count == 0 && list->fault_count == 0)
        add_fault(list, TAGLIST_EMPTY, 0);
    if (size > TAGLIST_TEXT_MAX)
        add_fault(list, TAGLIST_LONG, TAGLIST_TEXT_MAX);
    return list->fault_count == 0;
}

bool taglist_span_is(const taglist_t *list, taglist_span_t span, const char *text)
{
    return strlen(text) == span.len && memcmp(list->text + span.at, text, span.len) == 0;
}

const taglist_tag_t *taglist_find(const taglist_t *list, const char *name)
{
    for (unsigned i = 0; i < list->tag_count; i++) {
        if (taglist_span_is(list, list->tag[i].name, name))
            return &list->tag[i];
    }
    return NULL;
}

bool taglist_next(const taglist_t *list, taglist_span_t value, uint32_t *pos, taglist_span_t *item)
{
    if (*pos > value.len)
        return false;
    uint32_t at = value.at + *pos;
    uint32_t left = value.len - *pos;
    const uint8_t *p = left > 0 ? memchr(list->text + at, ':', left) : NULL;
    uint32_t len = p != NULL ? (uint32_t)(p - list->text) - at : left;
    *item = trim(list->text, (taglist_span_t){at, len});
    *pos += len + 1;
    return true;
}

/* RFC 2045 6.7 (1): upper case is required. */
static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool taglist_qp_decode(const taglist_t *list, taglist_span_t value, uint8_t *out, size_t cap,
                       size_t *n, uint32_t *at)
{
    const uint8_t *t = list->text + value.at;
    *n = 0;
    for (uint32_t i = 0; i < value.len; i++) {
        uint8_t c = t[i];
        if (c == '=') {
            int high = value.len - i > 2 ? hex_digit(t[i + 1]) : -1;
            int low = value.len - i > 2 ? hex_digit(t[i + 2]) : -1;
            if (high < 0 || low < 0) {
                *at = value.at + i;
                return false;
            }
            c = (uint8_t)(high << 4 | low);
            i += 2;
        }
        if (*n < cap)
            out[(*n)++] = c;
    }
    return true;
}

const char *taglist_fault_name(taglist_fault_kind_t kind)
{
    static const char *const names[] = {
#define X(code, name, text) name,
        TAGLIST_FAULTS(X)
#undef X
    };
    return kind < TAGLIST_FAULT_COUNT ? names[kind] : "unknown";
}

const char *taglist_fault_text(taglist_fault_kind_t kind)
{
    static const char *const texts[] = {
#define X(code, name, text) text,
        TAGLIST_FAULTS(X)
#undef X
    };
    return kind < TAGLIST_FAULT_COUNT ? texts[kind] : "unknown fault";
}
