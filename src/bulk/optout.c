#include "bulk/optout.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct prefix {
    uint8_t family;
    uint8_t bits;
    uint8_t octets[16]; /* beyond bits zero */
} prefix_t;

/* Both sorted. lengths: which prefix lengths there are, 0..32 for IPv4, 0..128 for IPv6. */
typedef struct lists {
    size_t prefix_count;
    size_t prefix_cap;
    prefix_t *prefix;
    size_t name_count;
    size_t name_cap;
    nsp_name_t *name; /* in lower case */
    bool lengths[2][129];
} lists_t;

struct optout {
    pthread_rwlock_t lock;
    lists_t lists;
};

static void lists_free(lists_t *l)
{
    free(l->prefix);
    free(l->name);
    memset(l, 0, sizeof *l);
}

static int prefix_compare(const void *va, const void *vb)
{
    const prefix_t *a = va;
    const prefix_t *b = vb;
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    if (a->bits != b->bits)
        return a->bits < b->bits ? -1 : 1;
    return memcmp(a->octets, b->octets, sizeof a->octets);
}

static int name_compare(const void *va, const void *vb)
{
    const nsp_name_t *a = va;
    const nsp_name_t *b = vb;
    if (a->len != b->len)
        return a->len < b->len ? -1 : 1;
    return memcmp(a->octets, b->octets, a->len);
}

static prefix_t prefix_of(const addr_t *a, unsigned bits)
{
    prefix_t p = {.family = a->family, .bits = (uint8_t)bits};
    memcpy(p.octets, a->octets, bits / 8);
    if (bits % 8 != 0)
        p.octets[bits / 8] = (uint8_t)(a->octets[bits / 8] & 0xff00u >> bits % 8);
    return p;
}

/* Room for one more. */
static void *grown(void *list, size_t count, size_t *cap, size_t size)
{
    if (count < *cap)
        return list;
    size_t wanted = *cap > 0 ? *cap * 2 : 64;
    void *more = realloc(list, wanted * size);
    if (more != NULL)
        *cap = wanted;
    return more;
}

static bool add_prefix(lists_t *l, const addr_t *a, unsigned bits)
{
    prefix_t *more = grown(l->prefix, l->prefix_count, &l->prefix_cap, sizeof *more);
    if (more == NULL)
        return false;
    l->prefix = more;
    l->prefix[l->prefix_count++] = prefix_of(a, bits);
    l->lengths[a->family == 6][bits] = true;
    return true;
}

static bool add_name(lists_t *l, const nsp_name_t *name)
{
    nsp_name_t *more = grown(l->name, l->name_count, &l->name_cap, sizeof *more);
    if (more == NULL)
        return false;
    l->name = more;
    l->name[l->name_count] = *name;
    nsp_name_lower(&l->name[l->name_count++]);
    return true;
}

/* "/N" behind an address. False when it is no number, or too large. */
static bool read_bits(const char *text, size_t size, unsigned most, unsigned *bits)
{
    unsigned v = 0;
    if (size == 0 || size > 3)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        v = v * 10 + (unsigned)(text[i] - '0');
    }
    *bits = v;
    return v <= most;
}

/* One word. NULL, or what is wrong with it. */
static const char *read_word(lists_t *l, const char *word, size_t size)
{
    addr_t a;
    nsp_name_t name;
    const char *slash = memchr(word, '/', size);
    size_t n = slash != NULL ? (size_t)(slash - word) : size;
    if (memchr(word, ' ', size) != NULL || memchr(word, '\t', size) != NULL)
        return "more than one word; begin comments with '#'";
    if (addr_from_text(word, n, 0, &a) && a.port == 0) {
        unsigned bits = a.family == 4 ? 32 : 128;
        if (slash != NULL && !read_bits(slash + 1, size - n - 1, bits, &bits))
            return "no such prefix length";
        return add_prefix(l, &a, bits) ? NULL : "out of memory";
    }
    if (slash != NULL)
        return "expected an address in front of '/'";
    if (size > 2 && word[0] == '*' && word[1] == '.') {
        word += 2;
        size -= 2;
    } else if (size > 1 && word[0] == '.') {
        word++;
        size--;
    }
    if (nsp_name_from_text(word, size, NULL, &name, NULL) != NSP_OK)
        return "expected an address, a prefix or a domain";
    return add_name(l, &name) ? NULL : "out of memory";
}

static bool lists_read(lists_t *l, const char *text, size_t size, char err[OPTOUT_ERROR_MAX])
{
    size_t at = 0;
    memset(l, 0, sizeof *l);
    for (unsigned line = 1; at < size; line++) {
        const char *p = text + at;
        const char *end = memchr(p, '\n', size - at);
        size_t n = end != NULL ? (size_t)(end - p) : size - at;
        at += n + 1;
        size_t used = 0;
        while (used < n && p[used] != '#' && p[used] != ';')
            used++;
        while (used > 0 && strchr(" \t\r", p[used - 1]) != NULL)
            used--;
        while (used > 0 && (*p == ' ' || *p == '\t')) {
            p++;
            used--;
        }
        const char *wrong = used > 0 ? read_word(l, p, used) : NULL;
        if (wrong != NULL) {
            snprintf(err, OPTOUT_ERROR_MAX, "line %u: '%.*s': %s", line,
                     (int)(used < 80 ? used : 80), p, wrong);
            lists_free(l);
            return false;
        }
    }
    if (l->prefix_count > 0)
        qsort(l->prefix, l->prefix_count, sizeof *l->prefix, prefix_compare);
    if (l->name_count > 0)
        qsort(l->name, l->name_count, sizeof *l->name, name_compare);
    return true;
}

optout_t *optout_new(const char *text, size_t size, char err[OPTOUT_ERROR_MAX])
{
    optout_t *o = calloc(1, sizeof *o);
    if (o == NULL) {
        snprintf(err, OPTOUT_ERROR_MAX, "out of memory");
        return NULL;
    }
    if (!lists_read(&o->lists, text, size, err)) {
        free(o);
        return NULL;
    }
    pthread_rwlock_init(&o->lock, NULL);
    return o;
}

void optout_free(optout_t *o)
{
    if (o == NULL)
        return;
    lists_free(&o->lists);
    pthread_rwlock_destroy(&o->lock);
    free(o);
}

bool optout_replace(optout_t *o, const char *text, size_t size, char err[OPTOUT_ERROR_MAX])
{
    lists_t l;
    if (!lists_read(&l, text, size, err))
        return false;
    pthread_rwlock_wrlock(&o->lock);
    lists_t old = o->lists;
    o->lists = l;
    pthread_rwlock_unlock(&o->lock);
    lists_free(&old);
    return true;
}

bool optout_has_address(optout_t *o, const addr_t *a)
{
    bool has = false;
    unsigned most = a->family == 4 ? 32 : 128;
    pthread_rwlock_rdlock(&o->lock);
    const lists_t *l = &o->lists;
    for (unsigned bits = 0; bits <= most && !has; bits++) {
        prefix_t p = prefix_of(a, bits);
        has = l->lengths[a->family == 6][bits] &&
              bsearch(&p, l->prefix, l->prefix_count, sizeof p, prefix_compare) != NULL;
    }
    pthread_rwlock_unlock(&o->lock);
    return has;
}

bool optout_has_name(optout_t *o, const nsp_name_t *name)
{
    bool has = false;
    nsp_name_t up = *name;
    nsp_name_lower(&up);
    pthread_rwlock_rdlock(&o->lock);
    const lists_t *l = &o->lists;
    while (l->name_count > 0 && !has) {
        has = bsearch(&up, l->name, l->name_count, sizeof up, name_compare) != NULL;
        if (up.len <= 1)
            break;
        nsp_name_strip(&up, 1, &up);
    }
    pthread_rwlock_unlock(&o->lock);
    return has;
}

size_t optout_count(optout_t *o)
{
    pthread_rwlock_rdlock(&o->lock);
    size_t count = o->lists.prefix_count + o->lists.name_count;
    pthread_rwlock_unlock(&o->lock);
    return count;
}
