#include "dkim/mistake.h"

#define LABELS_MAX 128

/* A name as labels, without the root. */
typedef struct label {
    uint8_t len;
    uint8_t octets[NSP_LABEL_MAX];
} label_t;

typedef struct labels {
    unsigned count;
    bool broken; /* something did not fit: there is no such name */
    label_t label[LABELS_MAX];
} labels_t;

/* What is being made: owner is host, the labels in front of domain, and relative, the labels in
 * front of the zone. */
typedef struct maker {
    const nsp_name_t *owner;
    const nsp_name_t *domain;
    const nsp_name_t *zone;
    labels_t whole; /* of owner */
    labels_t zone_labels;
    labels_t domain_labels;
    unsigned host;
    unsigned relative;
    mistake_name_t *out;
    size_t count;
} maker_t;

static void split(const nsp_name_t *name, labels_t *out)
{
    out->count = 0;
    out->broken = false;
    for (unsigned i = 0; i < name->len && name->octets[i] != 0; i += name->octets[i] + 1u) {
        label_t *l = &out->label[out->count++];
        l->len = name->octets[i];
        memcpy(l->octets, name->octets + i + 1, l->len);
    }
}

/* The labels [from, to) of one list, and after them those of another. */
static void take(labels_t *out, const labels_t *all, unsigned from, unsigned to)
{
    out->count = 0;
    out->broken = false;
    for (unsigned i = from; i < to && i < all->count; i++)
        out->label[out->count++] = all->label[i];
}

static void append(labels_t *out, const labels_t *more)
{
    if (out->count + more->count > LABELS_MAX) {
        out->broken = true;
        return;
    }
    for (unsigned i = 0; i < more->count; i++)
        out->label[out->count++] = more->label[i];
}

/* Octets in front of a label, and behind one. */
static void prepend_text(labels_t *l, unsigned i, const char *text)
{
    label_t *x = &l->label[i];
    size_t n = strlen(text);
    if (i >= l->count || x->len + n > NSP_LABEL_MAX) {
        l->broken = true;
        return;
    }
    memmove(x->octets + n, x->octets, x->len);
    memcpy(x->octets, text, n);
    x->len = (uint8_t)(x->len + n);
}

static void append_text(labels_t *l, unsigned i, const char *text)
{
    label_t *x = &l->label[i];
    size_t n = strlen(text);
    if (i >= l->count || x->len + n > NSP_LABEL_MAX) {
        l->broken = true;
        return;
    }
    memcpy(x->octets + x->len, text, n);
    x->len = (uint8_t)(x->len + n);
}

/* Joins the labels [0, n) into one, with dots in it. */
static void fuse(labels_t *l, unsigned n)
{
    label_t *first = &l->label[0];
    if (n < 2)
        return;
    for (unsigned i = 1; i < n; i++) {
        const label_t *x = &l->label[i];
        if (first->len + 1u + x->len > NSP_LABEL_MAX) {
            l->broken = true;
            return;
        }
        first->octets[first->len] = '.';
        memcpy(first->octets + first->len + 1, x->octets, x->len);
        first->len = (uint8_t)(first->len + 1 + x->len);
    }
    memmove(&l->label[1], &l->label[n], (l->count - n) * sizeof l->label[0]);
    l->count -= n - 1;
}

static bool build(const labels_t *l, nsp_name_t *out)
{
    unsigned n = 0;
    for (unsigned i = 0; i < l->count; i++) {
        const label_t *x = &l->label[i];
        if (x->len == 0 || n + x->len + 2u > NSP_NAME_MAX)
            return false;
        out->octets[n] = x->len;
        memcpy(out->octets + n + 1, x->octets, x->len);
        n += x->len + 1u;
    }
    out->octets[n] = 0;
    out->len = (uint8_t)(n + 1);
    return !l->broken;
}

static void add(maker_t *m, mistake_name_kind_t kind, const labels_t *l)
{
    nsp_name_t name;
    if (m->count == MISTAKE_NAMES_MAX || !build(l, &name))
        return;
    if (!nsp_name_is_subdomain(&name, m->zone) || nsp_name_equal(&name, m->owner))
        return;
    for (size_t i = 0; i < m->count; i++)
        if (nsp_name_equal(&m->out[i].name, &name))
            return;
    m->out[m->count].kind = kind;
    m->out[m->count++].name = name;
}

static bool is_service_label(const label_t *l)
{
    return l->len > 1 && l->octets[0] == '_';
}

/* The first label of the zone twice: t._domainkey.example.example.com. */
static void add_first_doubled(maker_t *m)
{
    labels_t l;
    if (m->relative == m->whole.count)
        return;
    take(&l, &m->whole, 0, m->relative + 1);
    append(&l, &m->zone_labels);
    add(m, MISTAKE_NAME_DOUBLED, &l);
}

/* The whole name, where the editor appends all behind the first label: a form for selectors. */
static void add_selector_doubled(maker_t *m)
{
    labels_t l = m->whole;
    labels_t rest;
    if (m->relative < 2)
        return;
    take(&rest, &m->whole, 1, m->whole.count);
    append(&l, &rest);
    add(m, MISTAKE_NAME_DOUBLED, &l);
}

static void add_doubled(maker_t *m)
{
    labels_t l = m->whole;
    append(&l, &m->zone_labels);
    add(m, MISTAKE_NAME_DOUBLED, &l);
    l = m->whole;
    append(&l, &m->domain_labels);
    add(m, MISTAKE_NAME_DOUBLED, &l);
    add_selector_doubled(m);
    /* the part in front of the zone, where the editor appends the domain; and the reverse */
    take(&l, &m->whole, 0, m->relative);
    append(&l, &m->domain_labels);
    add(m, MISTAKE_NAME_DOUBLED, &l);
    take(&l, &m->whole, 0, m->host);
    append(&l, &m->zone_labels);
    if (m->host > m->relative)
        add(m, MISTAKE_NAME_DOUBLED, &l);
    /* the first label of the zone, where people think that its parent is edited */
    if (m->zone_labels.count > 2)
        add_first_doubled(m);
}

/* Among the first labels of the owner. */
static unsigned service_labels(const maker_t *m, unsigned first)
{
    unsigned n = 0;
    for (unsigned i = 0; i < first; i++)
        n += is_service_label(&m->whole.label[i]) ? 1 : 0;
    return n;
}

static void add_cut(maker_t *m)
{
    labels_t l;
    labels_t rest;
    /* the domain's labels in front of the zone lost, one after the other, all of them first */
    for (unsigned from = m->relative; from > m->host; from--) {
        take(&l, &m->whole, 0, m->host);
        take(&rest, &m->whole, from, m->whole.count);
        append(&l, &rest);
        add(m, MISTAKE_NAME_CUT_SHORT, &l);
    }
    /* Where no label has an underscore, names like the following have records of their own. */
    if (service_labels(m, m->host) == 0)
        return;
    /* the first label alone in front of the domain and of the zone */
    take(&l, &m->whole, 0, 1);
    append(&l, &m->domain_labels);
    if (m->host > 1)
        add(m, MISTAKE_NAME_CUT_SHORT, &l);
    take(&l, &m->whole, 0, 1);
    append(&l, &m->zone_labels);
    if (m->host > 1)
        add(m, MISTAKE_NAME_CUT_SHORT, &l);
    /* the first label lost, and with it the next ones */
    for (unsigned from = 1; from <= m->host; from++) {
        take(&l, &m->whole, from, m->whole.count);
        add(m, MISTAKE_NAME_CUT_SHORT, &l);
    }
}

/* Underscores lost, or turned into hyphens, at one label (only), or at all (LABELS_MAX). */
static void add_underscore(maker_t *m, unsigned only, bool hyphen)
{
    labels_t l = m->whole;
    for (unsigned i = 0; i < m->relative; i++) {
        label_t *x = &l.label[i];
        if (!is_service_label(x) || (only != LABELS_MAX && only != i))
            continue;
        if (hyphen) {
            x->octets[0] = '-';
            continue;
        }
        x->len--;
        memmove(x->octets, x->octets + 1, x->len);
    }
    add(m, hyphen ? MISTAKE_NAME_HYPHEN : MISTAKE_NAME_NO_UNDERSCORE, &l);
}

static void add_doubled_label(maker_t *m)
{
    labels_t l;
    labels_t rest;
    for (unsigned i = 0; i < m->relative; i++) {
        if (!is_service_label(&m->whole.label[i]))
            continue;
        take(&l, &m->whole, 0, i + 1);
        take(&rest, &m->whole, i, m->whole.count);
        append(&l, &rest);
        add(m, MISTAKE_NAME_DOUBLED_LABEL, &l);
    }
}

static void add_escaped(maker_t *m)
{
    labels_t l = m->whole;
    if (m->relative > 1) {
        fuse(&l, 2);
        add(m, MISTAKE_NAME_ESCAPED, &l);
        l = m->whole;
        fuse(&l, m->relative);
        add(m, MISTAKE_NAME_ESCAPED, &l);
    }
    l = m->whole;
    fuse(&l, l.count);
    append(&l, &m->zone_labels);
    add(m, MISTAKE_NAME_ESCAPED, &l);
    /* \_domainkey, as Markdown writes it */
    for (unsigned i = 0; i < m->relative; i++) {
        l = m->whole;
        if (!is_service_label(&l.label[i]))
            continue;
        prepend_text(&l, i, "\\");
        add(m, MISTAKE_NAME_ESCAPED, &l);
    }
}

/* Octets around what was typed: the part in front of the zone, or the whole name. Either may be
 * empty. */
static void add_around(maker_t *m, mistake_name_kind_t kind, const char *before, const char *after,
                       bool entire)
{
    labels_t l = m->whole;
    if (m->relative == 0)
        return;
    prepend_text(&l, 0, before);
    append_text(&l, entire ? l.count - 1 : m->relative - 1, after);
    if (entire)
        append(&l, &m->zone_labels);
    add(m, kind, &l);
}

static void add_typography(maker_t *m)
{
    static const char *const unseen[] = {"\xe2\x80\x8b", "\xef\xbb\xbf", "\xc2\xa0"};
    add_around(m, MISTAKE_NAME_INVISIBLE, unseen[0], "", false);
    add_around(m, MISTAKE_NAME_INVISIBLE, "", unseen[0], false);
    add_around(m, MISTAKE_NAME_BLANK, "", " ", false);
    add_around(m, MISTAKE_NAME_BLANK, " ", "", false);
    add_around(m, MISTAKE_NAME_QUOTES, "\"", "\"", false);
    add_around(m, MISTAKE_NAME_QUOTES, "\"", "\"", true);
    add_around(m, MISTAKE_NAME_SMART_QUOTES, "\xe2\x80\x9c", "\xe2\x80\x9d", false);
    add_around(m, MISTAKE_NAME_INVISIBLE, "", unseen[2], false);
    add_around(m, MISTAKE_NAME_INVISIBLE, unseen[1], "", false);
    add_around(m, MISTAKE_NAME_INVISIBLE, unseen[2], "", false);
    add_around(m, MISTAKE_NAME_INVISIBLE, "", unseen[1], false);
    add_around(m, MISTAKE_NAME_SMART_QUOTES, "\xe2\x80\x9c", "\xe2\x80\x9d", true);
    add_around(m, MISTAKE_NAME_QUOTES, "\"", "", false);
    add_around(m, MISTAKE_NAME_QUOTES, "'", "'", false);
    add_around(m, MISTAKE_NAME_BLANK, "", "\t", false);
    add_around(m, MISTAKE_NAME_BLANK, "\t", "", false);
}

size_t mistake_names(const nsp_name_t *owner, const nsp_name_t *domain, const nsp_name_t *zone,
                     mistake_name_t out[MISTAKE_NAMES_MAX])
{
    maker_t m = {.owner = owner, .zone = zone, .out = out};
    if (!nsp_name_is_subdomain(owner, zone))
        return 0;
    m.domain = nsp_name_is_subdomain(owner, domain) && domain->len > 1 ? domain : zone;
    split(owner, &m.whole);
    split(zone, &m.zone_labels);
    split(m.domain, &m.domain_labels);
    m.host = m.whole.count - m.domain_labels.count;
    m.relative = m.whole.count - m.zone_labels.count;
    if (zone->len > 1)
        add_doubled(&m);
    add_cut(&m);
    if (service_labels(&m, m.relative) > 0) {
        add_underscore(&m, LABELS_MAX, false);
        add_doubled_label(&m);
        add_underscore(&m, LABELS_MAX, true);
    }
    add_escaped(&m);
    add_typography(&m);
    add_first_doubled(&m);
    for (unsigned i = 0; i < m.relative && service_labels(&m, m.relative) > 1; i++) {
        add_underscore(&m, i, false);
        add_underscore(&m, i, true);
    }
    return m.count;
}

static const struct sentence {
    const char *name;
    const char *text;
    const char *fix;
} OF_NAME[] =
    {
#define X(code, name, text, fix) {name, text, fix},
        MISTAKES_OF_NAME(X)
#undef X
},
  OF_VALUE[] = {
#define X(code, name, text, fix) {name, text, fix},
      MISTAKES_OF_VALUE(X)
#undef X
};

const char *mistake_name_name(mistake_name_kind_t kind)
{
    return OF_NAME[kind].name;
}

const char *mistake_name_text(mistake_name_kind_t kind)
{
    return OF_NAME[kind].text;
}

const char *mistake_name_fix(mistake_name_kind_t kind)
{
    return OF_NAME[kind].fix;
}

const char *mistake_value_name(mistake_value_kind_t kind)
{
    return OF_VALUE[kind].name;
}

const char *mistake_value_text(mistake_value_kind_t kind)
{
    return OF_VALUE[kind].text;
}

const char *mistake_value_fix(mistake_value_kind_t kind)
{
    return OF_VALUE[kind].fix;
}
