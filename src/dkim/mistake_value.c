#include <stdlib.h>
#include <strings.h>

#include "dkim/clean.h"
#include "dkim/key.h"
#include "dkim/mistake.h"
#include "dkim/value.h"

/* What was taken out of a value while it was made plain. */
typedef struct plain {
    char *octets; /* owned */
    size_t len;
    unsigned odd; /* EXPECT_ODD_ bits */
    bool quotes;  /* quotation marks or backslashes */
    bool blanks;
} plain_t;

/* Leaves out what people paste along: typography, quotation marks, backslashes, blanks. False when
 * memory is out, or the value is no text at all. */
static bool make_plain(plain_t *p, const char *octets, size_t len)
{
    clean_text_t c;
    memset(p, 0, sizeof *p);
    clean_err_t err = clean_text(&c, octets, len);
    p->octets = err == CLEAN_OK ? malloc(c.len + 1) : NULL;
    if (p->octets == NULL) {
        clean_free(&c);
        return false;
    }
    p->odd = clean_odd(&c, 0, c.len + 1);
    if (c.before != octets) /* a byte order mark is nothing odd in front of a file, but here */
        p->odd |= EXPECT_ODD_INVISIBLE;
    for (size_t i = 0; i < c.len; i++) {
        char ch = c.text[i];
        bool quote = strchr("\"'`\\", ch) != NULL;
        bool blank = strchr(" \t\r\n", ch) != NULL;
        /* what stands for typography is counted there */
        p->quotes = p->quotes || (quote && (c.odd[i] & EXPECT_ODD_QUOTES) == 0);
        p->blanks = p->blanks || (blank && (c.odd[i] & EXPECT_ODD_INVISIBLE) == 0);
        if (!quote && !blank)
            p->octets[p->len++] = ch;
    }
    p->octets[p->len] = '\0';
    clean_free(&c);
    return true;
}

/* What must have happened to a value whose plain form is right. */
static mistake_value_kind_t plain_kind(const plain_t *p)
{
    if ((p->odd & EXPECT_ODD_QUOTES) != 0)
        return MISTAKE_VALUE_SMART_QUOTES;
    if ((p->odd & EXPECT_ODD_INVISIBLE) != 0)
        return MISTAKE_VALUE_INVISIBLE;
    return p->quotes ? MISTAKE_VALUE_QUOTES : MISTAKE_VALUE_BLANKS;
}

/* True when what follows a right name is what an editor appends: a dot and the owner's end. */
static bool is_appended(const char *rest, size_t len, const nsp_name_t *owner)
{
    char text[NSP_NAME_TEXT_MAX];
    nsp_name_t end = *owner;
    if (len < 2 || rest[0] != '.')
        return false;
    while (end.len > 1) {
        size_t n = nsp_name_to_text(&end, text, sizeof text) - 1;
        if (n == len - 1 && strncasecmp(rest + 1, text, n) == 0)
            return true;
        nsp_name_strip(&end, 1, &end);
    }
    return false;
}

/* Whether octets are the wanted name, alone or with the owner's end appended. */
static bool is_wanted(const char *octets, size_t len, const value_t *wanted,
                      const nsp_name_t *owner)
{
    if (len < wanted->len || strncasecmp(octets, wanted->octets, wanted->len) != 0)
        return false;
    return len == wanted->len || is_appended(octets + wanted->len, len - wanted->len, owner);
}

static bool is_url(const plain_t *p)
{
    return strncasecmp(p->octets, "http:/", 6) == 0 || strncasecmp(p->octets, "https:/", 7) == 0 ||
           strstr(p->octets, "//") != NULL;
}

/* How many labels from the front both names share. */
static unsigned same_front(const nsp_name_t *a, const nsp_name_t *b)
{
    unsigned n = 0;
    for (unsigned i = 0; a->octets[i] != 0 && a->octets[i] == b->octets[i]; n++) {
        unsigned len = a->octets[i];
        if (strncasecmp((const char *)a->octets + i + 1, (const char *)b->octets + i + 1, len) != 0)
            break;
        i += len + 1;
    }
    return n;
}

/* Found is the beginning of wanted, alone or with the owner's end appended; or its end. */
static bool is_cut(const value_t *wanted, const value_t *found, const nsp_name_t *owner,
                   const nsp_name_t *zone)
{
    nsp_name_t rest;
    unsigned same = same_front(&wanted->name, &found->name);
    bool prefix = found->len > 0 && found->len < wanted->len &&
                  strncasecmp(found->octets, wanted->octets, found->len) == 0;
    bool suffix =
        nsp_name_labels(&found->name) > 1 && nsp_name_is_subdomain(&wanted->name, &found->name);
    if (prefix || suffix)
        return true;
    if (same == 0)
        return false;
    nsp_name_strip(&found->name, same, &rest);
    return rest.len > 1 && nsp_name_is_subdomain(owner, &rest) &&
           nsp_name_labels(&rest) >= nsp_name_labels(zone);
}

static mistake_value_kind_t classify_name(const value_t *wanted, const value_t *found,
                                          const nsp_name_t *owner, const nsp_name_t *zone)
{
    plain_t p;
    mistake_value_kind_t kind = MISTAKE_VALUE_OTHER;
    /* the names differ: there are dots inside of labels */
    if (found->len == wanted->len && strncasecmp(found->octets, wanted->octets, found->len) == 0)
        return MISTAKE_VALUE_QUOTES;
    if (found->len > wanted->len && is_wanted(found->octets, found->len, wanted, owner))
        return MISTAKE_VALUE_ZONE_APPENDED;
    if (is_cut(wanted, found, owner, zone))
        return MISTAKE_VALUE_CUT;
    if (!make_plain(&p, found->octets, found->len))
        return kind;
    if (is_wanted(p.octets, p.len, wanted, owner))
        kind = plain_kind(&p);
    else if (is_url(&p))
        kind = MISTAKE_VALUE_URL;
    else if (found->len > wanted->len &&
             strncasecmp(found->octets, wanted->octets, wanted->len) == 0)
        kind = MISTAKE_VALUE_LONGER;
    free(p.octets);
    return kind;
}

static bool is_key(const value_t *v)
{
    dkim_key_t key;
    (void)dkim_key_read((const uint8_t *)v->octets, v->len, &key);
    return key.is_dkim;
}

/* Texts whose plain forms are the same. */
static mistake_value_kind_t classify_plain(const value_t *wanted, const value_t *found)
{
    plain_t w;
    plain_t f;
    mistake_value_kind_t kind = MISTAKE_VALUE_OTHER;
    if (!make_plain(&w, wanted->octets, wanted->len))
        return kind;
    if (make_plain(&f, found->octets, found->len)) {
        bool same = w.len == f.len && memcmp(w.octets, f.octets, w.len) == 0;
        bool cut = f.len > 0 && f.len < w.len && memcmp(w.octets, f.octets, f.len) == 0;
        bool marked = f.quotes || f.odd != 0;
        if (same || (cut && marked))
            kind = plain_kind(&f);
        else if (cut)
            kind = MISTAKE_VALUE_CUT;
    }
    free(w.octets);
    free(f.octets);
    return kind;
}

static mistake_value_kind_t classify_text(const value_t *wanted, const value_t *found)
{
    size_t shorter = wanted->len < found->len ? wanted->len : found->len;
    if (shorter > 0 && memcmp(wanted->octets, found->octets, shorter) == 0)
        return found->len < wanted->len ? MISTAKE_VALUE_CUT : MISTAKE_VALUE_LONGER;
    if (wanted->len == found->len && strncasecmp(wanted->octets, found->octets, wanted->len) == 0)
        return MISTAKE_VALUE_CASE;
    mistake_value_kind_t kind = classify_plain(wanted, found);
    if (kind != MISTAKE_VALUE_OTHER)
        return kind;
    return is_key(wanted) && is_key(found) ? MISTAKE_VALUE_KEY : MISTAKE_VALUE_OTHER;
}

/* Another expectation of the same type that the record would meet at its own owner. */
static bool find_swapped(const expectation_t *e, const nsp_msg_t *m, const nsp_rr_t *rr,
                         const expectations_t *all, size_t *other)
{
    for (size_t i = 0; all != NULL && i < all->count; i++) {
        expectation_t moved = all->item[i];
        if (moved.type != e->type || moved.any_key || nsp_name_equal(&moved.owner, &e->owner))
            continue;
        moved.owner = e->owner;
        if (!expectation_met(&moved, m, rr))
            continue;
        if (other != NULL)
            *other = i;
        return true;
    }
    return false;
}

/* Values of the same kind, with names in both: the names decide, unless they are the same. */
static mistake_value_kind_t classify_names(const value_t *wanted, const value_t *found,
                                           const nsp_name_t *owner, const nsp_name_t *zone)
{
    value_t w;
    value_t f;
    mistake_value_kind_t kind = MISTAKE_VALUE_OTHER;
    if (nsp_name_equal(owner, &found->name))
        return MISTAKE_VALUE_SELF;
    if (nsp_name_equal(&wanted->name, &found->name))
        return wanted->kind == VALUE_NAME ? kind : MISTAKE_VALUE_NUMBER;
    if (!value_of_name(&w, wanted))
        return kind;
    if (value_of_name(&f, found)) {
        kind = classify_name(&w, &f, owner, zone);
        value_free(&f);
    }
    value_free(&w);
    return kind;
}

mistake_value_kind_t mistake_value(const expectation_t *e, const nsp_msg_t *m, const nsp_rr_t *rr,
                                   const nsp_name_t *zone, const expectations_t *all, size_t *other)
{
    value_t wanted;
    value_t found;
    mistake_value_kind_t kind = MISTAKE_VALUE_OTHER;
    if (find_swapped(e, m, rr, all, other))
        return MISTAKE_VALUE_SWAPPED;
    if (e->any_key || !value_of_expectation(&wanted, e))
        return kind;
    if (value_of_record(&found, m, rr)) {
        if (wanted.kind == VALUE_TEXT)
            kind = classify_text(&wanted, &found);
        else if (wanted.has_name && found.has_name)
            kind = classify_names(&wanted, &found, &e->owner, zone);
        value_free(&found);
    }
    value_free(&wanted);
    return kind;
}
