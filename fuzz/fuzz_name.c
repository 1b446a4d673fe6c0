/* Any octets as a name on the wire and as a name in text. */
#include <stdlib.h>

#include "fuzz/items.h"
#include "proto/nsproto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool truth)
{
    if (!truth)
        __builtin_trap();
}

/* Where each label begins, the last one first. Returns how many there are. */
static unsigned labels_of(const nsp_name_t *name, const uint8_t *at[128])
{
    unsigned n = 0;
    for (const uint8_t *p = name->octets; p[0] != 0; p += p[0] + 1)
        n++;
    unsigned left = n;
    for (const uint8_t *p = name->octets; p[0] != 0; p += p[0] + 1)
        at[--left] = p;
    return n;
}

/* Canonical order, octet by octet (RFC 4034 6.1). */
static int plain_compare(const nsp_name_t *a, const nsp_name_t *b)
{
    const uint8_t *la[128];
    const uint8_t *lb[128];
    unsigned na = labels_of(a, la);
    unsigned nb = labels_of(b, lb);
    for (unsigned i = 0; i < na && i < nb; i++)
        for (unsigned k = 1; k <= 64; k++) {
            int x = k > la[i][0] ? -1 : la[i][k] | (la[i][k] - 65u < 26 ? 32 : 0);
            int y = k > lb[i][0] ? -1 : lb[i][k] | (lb[i][k] - 65u < 26 ? 32 : 0);
            if (x != y)
                return x < y ? -1 : 1;
        }
    return na == nb ? 0 : na < nb ? -1 : 1;
}

/* Two names beside each other: their order, and both as one. */
static void check_two(const nsp_name_t *a, const nsp_name_t *b)
{
    nsp_name_t joined;
    int order = nsp_name_compare(a, b);
    need((order > 0) - (order < 0) == plain_compare(a, b));
    need((order == 0) == nsp_name_equal(a, b));
    bool fits = a->len + b->len - 1u <= NSP_NAME_MAX;
    need((nsp_name_join(a, b, &joined) == NSP_OK) == fits);
    need(!fits || (joined.len == a->len + b->len - 1u && nsp_name_is_subdomain(&joined, b)));
}

/* A name taken apart and joined again is the same name. */
static void check_parts(const nsp_name_t *name)
{
    nsp_name_t parent;
    nsp_name_t joined;
    nsp_name_t lower = *name;
    unsigned labels = nsp_name_labels(name);
    nsp_name_strip(name, labels / 2, &parent);
    need(nsp_name_is_subdomain(name, &parent));
    need(nsp_name_labels(&parent) == labels - labels / 2);
    nsp_name_t head = *name;
    head.len = (uint8_t)(name->len - parent.len + 1);
    head.octets[head.len - 1] = 0;
    need(nsp_name_join(&head, &parent, &joined) == NSP_OK && nsp_name_equal_case(&joined, name));
    nsp_name_lower(&lower);
    need(nsp_name_equal(&lower, name) && nsp_name_hash(&lower, 7) == nsp_name_hash(name, 7));
    need(!nsp_name_is_wildcard(name) || labels > 0);
}

/* Text of n octets in rooms that are too small by one, and just large enough; with and without the
 * final dot it is the same name. */
static void check_text(const nsp_name_t *name, const char *text, size_t n)
{
    nsp_name_t again;
    nsp_name_t root;
    char *room = (char *)exact_room((uint32_t)n);
    need(nsp_name_to_text(name, room, n) == 0 && room[0] == '\0');
    free(room);
    room = (char *)exact_room((uint32_t)n + 1);
    need(nsp_name_to_text(name, room, n + 1) == n && memcmp(room, text, n + 1) == 0);
    free(room);
    nsp_name_root(&root);
    room = (char *)exact_copy((const uint8_t *)text, (uint32_t)n - 1);
    nsp_err_t err = nsp_name_from_text(room, n - 1, &root, &again, NULL);
    need(n == 1 || (err == NSP_OK && nsp_name_equal_case(&again, name)));
    free(room);
}

/* A name as RFC 1035 4.1.4 has it, read in the plainest way: what is read must be this, and what is
 * refused this too. */
static bool plain_read(const uint8_t *data, uint32_t size, uint32_t at, nsp_name_t *out)
{
    uint32_t len = 0;
    uint32_t limit = at;
    for (unsigned hops = 0; at < size;) {
        unsigned kind = data[at] >> 6;
        if (kind == 3) {
            uint32_t target = at + 1 < size ? (data[at] & 63u) * 256u + data[at + 1] : limit;
            if (target >= limit || target < 12 || ++hops > NSP_HOPS_MAX)
                return false;
            at = limit = target;
            continue;
        }
        uint32_t n = data[at] + 1u;
        if (kind != 0 || size - at < n || len + n > 255)
            return false;
        memcpy(out->octets + len, data + at, n);
        len += n;
        at += n;
        out->len = (uint8_t)len;
        if (n == 1)
            return true;
    }
    return false;
}

/* The three ways over a name agree, from every offset. */
static void walk_all(const uint8_t *data, size_t size)
{
    nsp_name_cache_t cache = {0};
    nsp_name_t last;
    nsp_name_root(&last);
    for (uint32_t at = 0; at < size && at < 512; at++) {
        nsp_name_t name;
        nsp_reader_t a = nsp_reader(data, size);
        a.pos = at;
        nsp_reader_t b = a;
        nsp_reader_t c = a;
        nsp_err_t err = nsp_name_read(&a, NSP_NAME_COMPRESSED, &name);
        need(nsp_name_skip(&b, NSP_NAME_COMPRESSED) == err);
        need(nsp_name_skip_cached(&c, &cache) == err);
        need(b.pos == a.pos && c.pos == a.pos && b.err_at == a.err_at && c.err_at == a.err_at);
        nsp_name_t plain;
        need(plain_read(data, (uint32_t)size, at, &plain) == (err == NSP_OK));
        if (err != NSP_OK)
            continue;
        need(nsp_name_equal_case(&plain, &name));
        char text[NSP_NAME_TEXT_MAX];
        nsp_name_t again;
        size_t n = nsp_name_to_text(&name, text, sizeof text);
        need(n > 0 && nsp_name_from_text(text, n, NULL, &again, NULL) == NSP_OK);
        need(nsp_name_equal_case(&name, &again) && nsp_name_compare(&name, &again) == 0);
        check_parts(&name);
        check_two(&name, &last);
        last = name;
        if (at % 64 == size % 64)
            check_text(&name, text, n);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nsp_name_t name;
    size_t at = 0;
    walk_all(data, size);
    if (nsp_name_from_text((const char *)data, size, NULL, &name, &at) != NSP_OK) {
        need(at <= size);
        return 0;
    }
    nsp_name_t again;
    nsp_reader_t r = nsp_reader(name.octets, name.len);
    need(nsp_name_read(&r, NSP_NAME_UNCOMPRESSED, &again) == NSP_OK && nsp_left(&r) == 0);
    need(nsp_name_equal_case(&name, &again));
    return 0;
}
