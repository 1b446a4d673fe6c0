#include "name.h"

#include "name_seen.h"

/* ASCII lower case; other octets unchanged (RFC 4343 3). */
static inline uint8_t fold(uint8_t c)
{
    return (uint8_t)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/* The only name decoder: reads the length octet at pos and resolves pointers until an ordinary
 * label or the root. Pointers must point below limit, the start of the segment that they end,
 * which then becomes their target: the chain strictly decreases and cannot loop (RFC 1035 4.1.4).
 * The work for a name is bounded by its 127 labels and NSP_HOPS_MAX jumps. */
typedef struct walk {
    const uint8_t *base;
    uint32_t size;  /* of the message */
    uint32_t end;   /* of what may be read: the reader's, after a jump the message's */
    uint32_t pos;   /* next length octet */
    uint32_t limit; /* pointers must be below */
    uint32_t after; /* offset after the name in its own place, 0 while no pointer was followed */
    uint32_t hops;
    uint32_t len; /* octets of the expanded name so far */
    nsp_err_t err;
} walk_t;

static bool walk_fail(walk_t *w, nsp_err_t err)
{
    w->err = err;
    return false;
}

static bool walk_jump(walk_t *w, nsp_name_mode_t mode)
{
    if (mode == NSP_NAME_UNCOMPRESSED)
        return walk_fail(w, NSP_E_POINTER_FORBIDDEN);
    if (w->end - w->pos < 2)
        return walk_fail(w, NSP_E_SHORT);
    uint32_t target = ((uint32_t)w->base[w->pos] & 0x3fu) << 8 | w->base[w->pos + 1];
    if (target >= w->limit)
        return walk_fail(w, NSP_E_POINTER_FORWARD);
    if (target < 12)
        return walk_fail(w, NSP_E_POINTER_HEADER);
    if (w->hops == NSP_HOPS_MAX)
        return walk_fail(w, NSP_E_POINTER_CHAIN);
    if (w->hops == 0) {
        w->after = w->pos + 2;
        w->end = w->size;
    }
    w->hops++;
    w->pos = target;
    w->limit = target;
    return true;
}

/* Gives the next label's length octet position in w->pos and its length in *n; 0 is the root. */
static inline bool walk_label(walk_t *w, nsp_name_mode_t mode, uint32_t *n)
{
    for (;;) {
        if (w->pos >= w->end)
            return walk_fail(w, NSP_E_SHORT);
        uint32_t c = w->base[w->pos];
        if (c <= NSP_LABEL_MAX) {
            if (w->end - w->pos < c + 1)
                return walk_fail(w, NSP_E_SHORT);
            w->len += c + 1;
            /* the root label needs an octet yet */
            if (w->len > (c == 0 ? NSP_NAME_MAX : NSP_NAME_MAX - 1))
                return walk_fail(w, NSP_E_NAME_LONG);
            *n = c;
            return true;
        }
        if (c < 0xc0)
            return walk_fail(w, NSP_E_LABEL_TYPE);
        if (!walk_jump(w, mode))
            return false;
    }
}

static inline walk_t walk_begin(const nsp_reader_t *r)
{
    walk_t w = {.base = r->base, .size = r->size, .end = r->end, .pos = r->pos, .limit = r->pos};
    return w;
}

static nsp_err_t walk_end(walk_t *w, nsp_reader_t *r)
{
    if (w->err != NSP_OK) {
        /* Where the octets are that are wrong; never beyond what may be read. */
        r->err = w->err;
        r->err_at = w->pos;
        return w->err;
    }
    r->pos = w->after != 0 ? w->after : w->pos + 1;
    return NSP_OK;
}

nsp_err_t nsp_name_read(nsp_reader_t *r, nsp_name_mode_t mode, nsp_name_t *out)
{
    out->len = 1;
    out->octets[0] = 0;
    if (r->err != NSP_OK)
        return r->err;
    walk_t w = walk_begin(r);
    uint32_t n = 0;
    uint32_t done = 0;
    while (walk_label(&w, mode, &n) && n > 0) {
        memcpy(out->octets + done, w.base + w.pos, n + 1);
        done += n + 1;
        w.pos += n + 1;
    }
    out->octets[done] = 0;
    out->len = (uint8_t)(done + 1);
    return walk_end(&w, r);
}

nsp_err_t nsp_name_skip(nsp_reader_t *r, nsp_name_mode_t mode)
{
    if (r->err != NSP_OK)
        return r->err;
    walk_t w = walk_begin(r);
    uint32_t n = 0;
    while (walk_label(&w, mode, &n) && n > 0)
        w.pos += n + 1;
    return walk_end(&w, r);
}

uint32_t nsp_seen_follow(const uint8_t *base, uint32_t size, uint32_t start, uint32_t pos,
                         nsp_name_cache_t *cache)
{
    uint32_t after = pos + 2;
    uint32_t head = pos - start;
    uint32_t first = 0;
    uint32_t len = head;
    uint32_t limit = start;
    for (uint32_t hops = 1; hops <= NSP_HOPS_MAX; hops++) {
        uint32_t target = ((uint32_t)base[pos] & 0x3fu) << 8 | base[pos + 1];
        if (target >= limit || target < 12)
            return 0;
        if (first == 0)
            first = target;
        uint32_t seen = cache->seen[nsp_seen_slot(target)];
        bool end = seen >> 16 == target;
        if (end) {
            len += seen >> 8 & 0xff;
            hops += seen & 0xff;
        }
        limit = target;
        for (pos = target;
             !end && len <= NSP_NAME_MAX && pos < size && base[pos] <= NSP_LABEL_MAX;) {
            uint32_t n = base[pos] + 1u;
            len += n;
            pos += n;
            end = n == 1;
        }
        if (len > NSP_NAME_MAX || hops > NSP_HOPS_MAX)
            return 0;
        if (end) {
            nsp_seen_put(cache, first, len - head, hops - 1);
            nsp_seen_put(cache, start, len, hops);
            return after;
        }
        if (pos >= size || size - pos < 2 || base[pos] < 0xc0)
            return 0;
    }
    return 0;
}

nsp_err_t nsp_name_skip_cached(nsp_reader_t *r, nsp_name_cache_t *cache)
{
    if (r->err != NSP_OK)
        return r->err;
    uint32_t after = nsp_seen_skip(r->base, r->size, r->pos, r->end, cache);
    if (after == 0)
        return nsp_name_skip(r, NSP_NAME_COMPRESSED);
    r->pos = after;
    return NSP_OK;
}

void nsp_name_root(nsp_name_t *out)
{
    out->len = 1;
    out->octets[0] = 0;
}

/* A name while it is read from text. */
typedef struct text_name {
    nsp_name_t *out;
    uint32_t len;   /* octets written, the open label's length octet included */
    uint32_t label; /* offset of the open label's length octet */
} text_name_t;

static nsp_err_t text_octet(text_name_t *t, uint8_t c)
{
    if (t->len - t->label - 1 == NSP_LABEL_MAX)
        return NSP_E_LABEL_LONG;
    if (t->len >= NSP_NAME_MAX - 1)
        return NSP_E_NAME_LONG;
    t->out->octets[t->len++] = c;
    return NSP_OK;
}

static nsp_err_t text_close_label(text_name_t *t)
{
    if (t->len == t->label + 1)
        return NSP_E_LABEL_EMPTY;
    t->out->octets[t->label] = (uint8_t)(t->len - t->label - 1);
    t->label = t->len;
    if (t->len >= NSP_NAME_MAX)
        return NSP_E_NAME_LONG;
    t->out->octets[t->len++] = 0;
    return NSP_OK;
}

/* An escape at text[*i] (the backslash): \DDD or \X (RFC 1035 5.1). *i moves to its last octet. */
static nsp_err_t text_escape(const char *text, size_t len, size_t *i, uint8_t *c)
{
    if (len - *i < 2)
        return NSP_E_TEXT_ESCAPE;
    const char *p = text + *i + 1;
    if (*p < '0' || *p > '9') {
        *c = (uint8_t)*p;
        *i += 1;
        return NSP_OK;
    }
    if (len - *i < 4 || p[1] < '0' || p[1] > '9' || p[2] < '0' || p[2] > '9')
        return NSP_E_TEXT_ESCAPE;
    unsigned v =
        (unsigned)(p[0] - '0') * 100 + (unsigned)(p[1] - '0') * 10 + (unsigned)(p[2] - '0');
    if (v > 255)
        return NSP_E_TEXT_ESCAPE;
    *c = (uint8_t)v;
    *i += 3;
    return NSP_OK;
}

static nsp_err_t text_finish(text_name_t *t, bool open, const nsp_name_t *origin)
{
    if (!open) {
        /* text_close_label has written the root label already */
        t->out->len = (uint8_t)t->len;
        return NSP_OK;
    }
    nsp_err_t err = text_close_label(t);
    if (err != NSP_OK)
        return err;
    uint32_t tail = origin != NULL ? origin->len : 1;
    if (t->len - 1 + tail > NSP_NAME_MAX)
        return NSP_E_NAME_LONG;
    if (origin != NULL)
        memcpy(t->out->octets + t->len - 1, origin->octets, origin->len);
    t->out->len = (uint8_t)(t->len - 1 + tail);
    return NSP_OK;
}

static nsp_err_t text_labels(const char *text, size_t len, const nsp_name_t *origin,
                             nsp_name_t *out, size_t *at)
{
    text_name_t t = {out, 1, 0};
    bool open = true;
    for (size_t i = 0; i < len; i++) {
        *at = i;
        uint8_t c = (uint8_t)text[i];
        nsp_err_t err = NSP_OK;
        if (c == '.') {
            err = text_close_label(&t);
            open = i + 1 < len;
        } else {
            if (c == '\\')
                err = text_escape(text, len, &i, &c);
            if (err == NSP_OK)
                err = text_octet(&t, c);
        }
        if (err != NSP_OK)
            return err;
    }
    return text_finish(&t, open, origin);
}

nsp_err_t nsp_name_from_text(const char *text, size_t len, const nsp_name_t *origin,
                             nsp_name_t *out, size_t *err_at)
{
    size_t at = 0;
    nsp_err_t err = NSP_OK;
    nsp_name_t name;
    nsp_name_root(&name);
    if (len == 0) {
        err = NSP_E_TEXT_EMPTY;
    } else if (len == 1 && text[0] == '@') {
        if (origin != NULL)
            name = *origin;
        else
            err = NSP_E_TEXT_ORIGIN;
    } else if (len != 1 || text[0] != '.') {
        err = text_labels(text, len, origin, &name, &at);
    }
    if (err_at != NULL)
        *err_at = err == NSP_OK ? 0 : at;
    if (err != NSP_OK)
        nsp_name_root(&name);
    *out = name;
    return err;
}

/* Octets that stand for themselves: 0x21 to 0x7e without . ; \ ( ) @ $ " which presentation format
 * escapes with a backslash, as dig prints them. */
static inline bool is_plain(uint8_t c)
{
    static const uint64_t plain[4] = {0xf7ffbcea00000000u, 0x7fffffffeffffffeu, 0, 0};
    return (plain[c >> 6] >> (c & 63) & 1) != 0;
}

/* Writes one octet of a label; returns how many characters, at most 4. */
static inline size_t octet_to_text(uint8_t c, char *p)
{
    if (is_plain(c)) {
        p[0] = (char)c;
        return 1;
    }
    if (c > 0x20 && c < 0x7f) {
        p[0] = '\\';
        p[1] = (char)c;
        return 2;
    }
    p[0] = '\\';
    p[1] = (char)('0' + c / 100);
    p[2] = (char)('0' + c / 10 % 10);
    p[3] = (char)('0' + c % 10);
    return 4;
}

size_t nsp_name_to_text(const nsp_name_t *name, char *buf, size_t cap)
{
    char text[NSP_NAME_TEXT_MAX + 4];
    size_t n = 0;
    uint32_t i = 0;
    while (i < name->len && name->octets[i] != 0) {
        uint32_t label_end = i + 1u + name->octets[i];
        for (i++; i < label_end && i < name->len; i++)
            n += octet_to_text(name->octets[i], text + n);
        text[n++] = '.';
    }
    if (n == 0)
        text[n++] = '.';
    if (cap == 0)
        return 0;
    if (n >= cap) {
        buf[0] = '\0';
        return 0;
    }
    memcpy(buf, text, n);
    buf[n] = '\0';
    return n;
}

bool nsp_name_equal(const nsp_name_t *a, const nsp_name_t *b)
{
    if (a->len != b->len)
        return false;
    /* Length octets are below 64 and so never change by folding. */
    for (uint32_t i = 0; i < a->len; i++)
        if (a->octets[i] != b->octets[i] && fold(a->octets[i]) != fold(b->octets[i]))
            return false;
    return true;
}

bool nsp_name_equal_case(const nsp_name_t *a, const nsp_name_t *b)
{
    return a->len == b->len && memcmp(a->octets, b->octets, a->len) == 0;
}

/* Offsets of the labels' length octets, root not counted; at most 127. */
static unsigned label_offsets(const nsp_name_t *name, uint8_t at[128])
{
    unsigned n = 0;
    for (uint32_t i = 0; i < name->len && name->octets[i] != 0 && n < 128;
         i += name->octets[i] + 1u)
        at[n++] = (uint8_t)i;
    return n;
}

bool nsp_name_is_subdomain(const nsp_name_t *name, const nsp_name_t *ancestor)
{
    if (name->len < ancestor->len)
        return false;
    uint32_t cut = (uint32_t)name->len - ancestor->len;
    uint32_t i = 0;
    while (i < cut && name->octets[i] != 0)
        i += name->octets[i] + 1u;
    if (i != cut)
        return false;
    for (uint32_t k = 0; k < ancestor->len; k++)
        if (fold(name->octets[cut + k]) != fold(ancestor->octets[k]))
            return false;
    return true;
}

static int label_compare(const uint8_t *a, const uint8_t *b)
{
    uint8_t shorter = a[0] < b[0] ? a[0] : b[0];
    for (uint32_t i = 1; i <= shorter; i++) {
        int d = (int)fold(a[i]) - (int)fold(b[i]);
        if (d != 0)
            return d;
    }
    return (int)a[0] - (int)b[0];
}

int nsp_name_compare(const nsp_name_t *a, const nsp_name_t *b)
{
    uint8_t at_a[128];
    uint8_t at_b[128];
    unsigned na = label_offsets(a, at_a);
    unsigned nb = label_offsets(b, at_b);
    while (na > 0 && nb > 0) {
        int d = label_compare(a->octets + at_a[--na], b->octets + at_b[--nb]);
        if (d != 0)
            return d;
    }
    return (na > 0) - (nb > 0);
}

uint64_t nsp_name_hash(const nsp_name_t *name, uint64_t seed)
{
    /* FNV-1a over the folded octets, finished by a strong mix so that seed reaches every bit. */
    uint64_t h = 0xcbf29ce484222325u ^ seed;
    for (uint32_t i = 0; i < name->len; i++)
        h = (h ^ fold(name->octets[i])) * 0x100000001b3u;
    h ^= h >> 32;
    h *= 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

unsigned nsp_name_labels(const nsp_name_t *name)
{
    uint8_t at[128];
    return label_offsets(name, at);
}

void nsp_name_strip(const nsp_name_t *name, unsigned n, nsp_name_t *out)
{
    uint32_t i = 0;
    for (; n > 0 && i < name->len && name->octets[i] != 0; n--)
        i += name->octets[i] + 1u;
    uint8_t len = (uint8_t)(name->len - i);
    memmove(out->octets, name->octets + i, len);
    out->len = len;
}

nsp_err_t nsp_name_join(const nsp_name_t *prefix, const nsp_name_t *suffix, nsp_name_t *out)
{
    uint32_t head = prefix->len - 1u;
    if (head + suffix->len > NSP_NAME_MAX)
        return NSP_E_NAME_LONG;
    nsp_name_t name;
    memcpy(name.octets, prefix->octets, head);
    memcpy(name.octets + head, suffix->octets, suffix->len);
    name.len = (uint8_t)(head + suffix->len);
    *out = name;
    return NSP_OK;
}

void nsp_name_lower(nsp_name_t *name)
{
    for (uint32_t i = 0; i < name->len; i++)
        name->octets[i] = fold(name->octets[i]);
}

bool nsp_name_is_wildcard(const nsp_name_t *name)
{
    return name->len > 2 && name->octets[0] == 1 && name->octets[1] == '*';
}
