#include "dkim/key.h"

#include <string.h>

#include "dkim/key_data.h"

/* Line of the table of problems. */
typedef struct problem_line {
    dkim_key_level_t level;
    const char *name;
    const char *text;
    const char *fix;
} problem_line_t;

static const problem_line_t problem_lines[] = {
#define X(code, level, name, text, fix) {DKIM_KEY_##level, name, text, fix},
    DKIM_KEY_PROBLEMS(X)
#undef X
};

void dkim_key_note(dkim_key_t *key, dkim_key_problem_kind_t kind, uint32_t at)
{
    if (!dkim_key_has(key, kind))
        key->problem[key->problem_count++] = (dkim_key_problem_t){kind, at, TAGLIST_NONE};
}

static bool starts(const dkim_key_t *key, uint32_t at, const char *octets)
{
    size_t n = strlen(octets);
    return key->tags.size - at >= n && memcmp(key->tags.text + at, octets, n) == 0;
}

/* Characters of a word processor or a web page, in UTF-8. */
static bool is_smart_quote(const dkim_key_t *key, uint32_t at)
{
    /* U+2018 to U+201F, and the angle quotes U+00AB and U+00BB */
    return (starts(key, at, "\xe2\x80") && key->tags.size - at > 2 &&
            key->tags.text[at + 2] >= 0x98 && key->tags.text[at + 2] <= 0x9f) ||
           starts(key, at, "\xc2\xab") || starts(key, at, "\xc2\xbb");
}

static bool is_invisible(const dkim_key_t *key, uint32_t at)
{
    /* no-break space, soft hyphen, zero-width ones and direction marks, word joiner, BOM */
    static const char *const marks[] = {
        "\xc2\xa0",     "\xc2\xad",     "\xe2\x80\x8b", "\xe2\x80\x8c", "\xe2\x80\x8d",
        "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xaf", "\xe2\x81\xa0", "\xef\xbb\xbf"};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (starts(key, at, marks[i]))
            return true;
    }
    return false;
}

/* What a person pasted in along with the text. Explains what else is wrong: true when found. */
static bool note_pasted(dkim_key_t *key)
{
    const taglist_tag_t *notes = taglist_find(&key->tags, "n");
    uint32_t from = notes != NULL ? notes->value.at : 0;
    uint32_t to = notes != NULL ? from + notes->value.len : 0;
    unsigned before = key->problem_count;
    for (uint32_t i = 0; i < key->tags.size; i++) {
        uint8_t c = key->tags.text[i];
        bool in_notes = i >= from && i < to; /* may hold any printable ASCII */
        if (c == '\\' && !in_notes)
            dkim_key_note(key, DKIM_KEY_ESCAPES, i);
        else if (c == '"' && !in_notes)
            dkim_key_note(key, DKIM_KEY_QUOTES, i);
        else if (c >= 0x80 && is_smart_quote(key, i))
            dkim_key_note(key, DKIM_KEY_SMART_QUOTES, i);
        else if (c >= 0x80 && is_invisible(key, i))
            dkim_key_note(key, DKIM_KEY_INVISIBLE, i);
    }
    return key->problem_count > before;
}

static void note_syntax(dkim_key_t *key, bool pasted)
{
    for (unsigned i = 0; i < key->tags.fault_count && i < TAGLIST_FAULTS_KEPT; i++) {
        taglist_fault_t f = key->tags.fault[i];
        unsigned before = key->problem_count;
        if (f.kind == TAGLIST_FOLD) {
            dkim_key_note(key, DKIM_KEY_LINE_BREAK, f.at);
        } else if (pasted) {
            continue;
        } else if (f.kind == TAGLIST_OCTET) {
            dkim_key_note(key, DKIM_KEY_NON_ASCII, f.at);
        } else if (f.kind == TAGLIST_EMPTY_TAG) {
            dkim_key_note(key, DKIM_KEY_EMPTY_TAG, f.at);
        } else if (f.kind == TAGLIST_DUPLICATE) {
            dkim_key_note(key, DKIM_KEY_DUPLICATE, f.at);
        } else {
            dkim_key_note(key, DKIM_KEY_SYNTAX, f.at);
            if (key->problem_count > before)
                key->problem[before].fault = f.kind;
        }
    }
}

/* A value of v=, k=, h=, s= or t= that holds whitespace and an equals sign: "DKIM1 k=rsa". */
static bool note_semicolon(dkim_key_t *key)
{
    for (unsigned i = 0; i < key->tags.tag_count; i++) {
        const taglist_tag_t *t = &key->tags.tag[i];
        const uint8_t *v = key->tags.text + t->value.at;
        if (t->name.len != 1 || strchr("vkhst", key->tags.text[t->name.at]) == NULL)
            continue;
        const uint8_t *equals = t->value.len > 0 ? memchr(v, '=', t->value.len) : NULL;
        const uint8_t *space = equals != NULL ? memchr(v, ' ', (size_t)(equals - v)) : NULL;
        if (space != NULL) {
            dkim_key_note(key, DKIM_KEY_SEMICOLON, (uint32_t)(space - key->tags.text));
            return true;
        }
    }
    return false;
}

/* The name of a one-letter tag in upper case that is missing in lower case. */
static void note_case(dkim_key_t *key)
{
    static const char *const names[] = {"v", "p", "k"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char upper[2] = {(char)(names[i][0] - 'a' + 'A'), '\0'};
        const taglist_tag_t *t = taglist_find(&key->tags, upper);
        if (t != NULL && taglist_find(&key->tags, names[i]) == NULL)
            dkim_key_note(key, DKIM_KEY_TAG_CASE, t->name.at);
    }
}

/* RFC 6376 3.6.1: v=, when given, is first and is DKIM1. */
static void note_version(dkim_key_t *key)
{
    const taglist_tag_t *v = taglist_find(&key->tags, "v");
    if (v == NULL) {
        if (taglist_find(&key->tags, "V") == NULL)
            dkim_key_note(key, DKIM_KEY_NO_VERSION, 0);
        return;
    }
    if (!taglist_span_is(&key->tags, v->value, "DKIM1"))
        dkim_key_note(key, DKIM_KEY_VERSION, v->value.at);
    else if (v != &key->tags.tag[0])
        dkim_key_note(key, DKIM_KEY_VERSION_PLACE, v->name.at);
}

/* h=: hashes that may be used; unknown ones are ignored (RFC 6376 3.6.1). SHA-1 is refused by
 * verifiers (RFC 8301 3.1). */
static void read_hashes(dkim_key_t *key)
{
    const taglist_tag_t *t = taglist_find(&key->tags, "h");
    taglist_span_t item;
    uint32_t pos = 0;
    while (t != NULL && taglist_next(&key->tags, t->value, &pos, &item)) {
        if (taglist_span_is(&key->tags, item, "sha256"))
            key->hashes |= DKIM_HASH_SHA256;
        else if (taglist_span_is(&key->tags, item, "sha1"))
            key->hashes |= DKIM_HASH_SHA1;
        else
            key->hashes |= DKIM_HASH_OTHER;
        if (item.len == 0)
            dkim_key_note(key, DKIM_KEY_LIST, item.at);
    }
    if (t == NULL || (key->hashes & DKIM_HASH_SHA256) != 0)
        return;
    bool sha1 = (key->hashes & DKIM_HASH_SHA1) != 0;
    dkim_key_note(key, sha1 ? DKIM_KEY_SHA1_ONLY : DKIM_KEY_HASH, t->value.at);
}

static void read_services(dkim_key_t *key)
{
    const taglist_tag_t *t = taglist_find(&key->tags, "s");
    taglist_span_t item;
    uint32_t pos = 0;
    while (t != NULL && taglist_next(&key->tags, t->value, &pos, &item)) {
        if (taglist_span_is(&key->tags, item, "*"))
            key->services |= DKIM_SERVICE_ALL;
        else if (taglist_span_is(&key->tags, item, "email"))
            key->services |= DKIM_SERVICE_EMAIL;
        else
            key->services |= DKIM_SERVICE_OTHER;
        if (item.len == 0)
            dkim_key_note(key, DKIM_KEY_LIST, item.at);
    }
    if (t != NULL && (key->services & (DKIM_SERVICE_ALL | DKIM_SERVICE_EMAIL)) == 0)
        dkim_key_note(key, DKIM_KEY_SERVICE, t->value.at);
}

static void read_flags(dkim_key_t *key)
{
    const taglist_tag_t *t = taglist_find(&key->tags, "t");
    taglist_span_t item;
    uint32_t pos = 0;
    while (t != NULL && taglist_next(&key->tags, t->value, &pos, &item)) {
        if (taglist_span_is(&key->tags, item, "y")) {
            key->testing = true;
            dkim_key_note(key, DKIM_KEY_TESTING, item.at);
        } else if (taglist_span_is(&key->tags, item, "s")) {
            key->strict = true;
        } else {
            dkim_key_note(key, item.len == 0 ? DKIM_KEY_LIST : DKIM_KEY_FLAG, item.at);
        }
    }
}

static void read_leftovers(dkim_key_t *key)
{
    uint8_t none[1];
    size_t n;
    uint32_t at;
    const taglist_tag_t *notes = taglist_find(&key->tags, "n");
    const taglist_tag_t *g = taglist_find(&key->tags, "g");
    if (notes != NULL && !taglist_qp_decode(&key->tags, notes->value, none, 0, &n, &at))
        dkim_key_note(key, DKIM_KEY_NOTES_TEXT, at);
    if (g != NULL)
        dkim_key_note(key, DKIM_KEY_GRANULARITY, g->name.at);
}

/* k= is rsa when absent (RFC 6376 3.6.1). */
static void read_kind(dkim_key_t *key)
{
    const taglist_tag_t *t = taglist_find(&key->tags, "k");
    key->kind = DKIM_KEY_RSA;
    if (t == NULL || taglist_span_is(&key->tags, t->value, "rsa"))
        return;
    if (taglist_span_is(&key->tags, t->value, "ed25519")) {
        key->kind = DKIM_KEY_ED25519;
        return;
    }
    key->kind = DKIM_KEY_OTHER;
    dkim_key_note(key, DKIM_KEY_KIND, t->value.at);
}

/* Base64 alone, as of a SubjectPublicKeyInfo or RSAPublicKey of at least 1024 bits. */
static bool is_bare_key(const taglist_t *tags)
{
    uint32_t from = 0;
    while (from < tags->size && (tags->text[from] == ' ' || tags->text[from] == '"'))
        from++;
    if (tags->size - from < 128 || memcmp(tags->text + from, "MI", 2) != 0)
        return false;
    return memchr(tags->text, ';', tags->size) == NULL;
}

static bool names_dkim_itself(const taglist_t *tags)
{
    return tags->size > 0 && (memmem(tags->text, tags->size, "DKIM", 4) != NULL ||
                              memmem(tags->text, tags->size, "dkim", 4) != NULL);
}

/* The first tag says that the record is for something else: SPF, DMARC and the like. */
static bool names_other(const dkim_key_t *key)
{
    const taglist_tag_t *v = taglist_find(&key->tags, "v");
    return v != NULL && (starts(key, v->value.at, "spf1") || starts(key, v->value.at, "DMARC1"));
}

/* Texts that mean to be something else. True when there is nothing more to read. */
static bool note_stranger(dkim_key_t *key, bool pasted)
{
    const taglist_t *tags = &key->tags;
    bool named = names_dkim_itself(tags) && (pasted || taglist_find(tags, "v") != NULL);
    bool has_key = taglist_find(tags, "p") != NULL || taglist_find(tags, "P") != NULL;
    if (is_bare_key(tags))
        dkim_key_note(key, DKIM_KEY_BARE_KEY, 0);
    else if (taglist_find(tags, "bh") != NULL && taglist_find(tags, "b") != NULL)
        dkim_key_note(key, DKIM_KEY_SIGNATURE, 0);
    else if ((!has_key && !named) || names_other(key))
        dkim_key_note(key, DKIM_KEY_NOT_DKIM, 0);
    else
        key->is_dkim = true;
    return !key->is_dkim;
}

static void read_key(dkim_key_t *key, bool pasted, bool joined)
{
    const taglist_tag_t *p = taglist_find(&key->tags, "p");
    if (p == NULL) {
        if (!pasted && !joined && taglist_find(&key->tags, "P") == NULL)
            dkim_key_note(key, DKIM_KEY_NO_KEY, 0);
    } else if (p->value.len == 0) {
        key->revoked = true;
        dkim_key_note(key, DKIM_KEY_REVOKED, p->name.at);
    } else if (!pasted && !joined) {
        dkim_key_read_data(key, p->value);
    }
}

/* Worst first; the order in which they were found otherwise. */
static void sort_problems(dkim_key_t *key)
{
    for (unsigned i = 1; i < key->problem_count; i++) {
        dkim_key_problem_t p = key->problem[i];
        unsigned k = i;
        for (; k > 0; k--) {
            if (dkim_key_problem_level(key->problem[k - 1].kind) >= dkim_key_problem_level(p.kind))
                break;
            key->problem[k] = key->problem[k - 1];
        }
        key->problem[k] = p;
    }
}

static void read_all(dkim_key_t *key)
{
    bool pasted = note_pasted(key);
    if (note_stranger(key, pasted))
        return;
    bool joined = note_semicolon(key);
    note_syntax(key, pasted);
    note_case(key);
    if (!pasted && !joined) {
        note_version(key);
        read_kind(key);
    }
    read_hashes(key);
    read_services(key);
    read_flags(key);
    read_leftovers(key);
    read_key(key, pasted, joined);
}

bool dkim_key_read(const uint8_t *txt, size_t len, dkim_key_t *out)
{
    memset(out, 0, sizeof *out);
    taglist_parse(&out->tags, txt, len);
    read_all(out);
    sort_problems(out);
    out->usable =
        out->problem_count == 0 || dkim_key_problem_level(out->problem[0].kind) != DKIM_KEY_ERROR;
    return out->usable;
}

bool dkim_key_has(const dkim_key_t *key, dkim_key_problem_kind_t kind)
{
    for (unsigned i = 0; i < key->problem_count; i++) {
        if (key->problem[i].kind == kind)
            return true;
    }
    return false;
}

const char *dkim_key_kind_name(dkim_key_kind_t kind)
{
    if (kind == DKIM_KEY_RSA)
        return "rsa";
    return kind == DKIM_KEY_ED25519 ? "ed25519" : "other";
}

const char *dkim_key_problem_name(dkim_key_problem_kind_t kind)
{
    return kind < DKIM_KEY_PROBLEM_COUNT ? problem_lines[kind].name : "unknown";
}

const char *dkim_key_problem_text(dkim_key_problem_kind_t kind)
{
    return kind < DKIM_KEY_PROBLEM_COUNT ? problem_lines[kind].text : "unknown problem";
}

const char *dkim_key_problem_fix(dkim_key_problem_kind_t kind)
{
    return kind < DKIM_KEY_PROBLEM_COUNT ? problem_lines[kind].fix : "";
}

dkim_key_level_t dkim_key_problem_level(dkim_key_problem_kind_t kind)
{
    return kind < DKIM_KEY_PROBLEM_COUNT ? problem_lines[kind].level : DKIM_KEY_NOTE;
}
