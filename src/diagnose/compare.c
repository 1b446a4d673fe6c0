#include "diagnose/compare.h"

#include <stdlib.h>

static const char *const words[COMPARE_BITS] = {"missing",   "new",        "malformed", "rcode",
                                                "aa",        "tc",         "edns",      "answer",
                                                "authority", "additional", "rrsig",     "ttl"};

const char *compare_word(unsigned number)
{
    return number < COMPARE_BITS ? words[number] : "";
}

unsigned compare_bit(const char *word, size_t len)
{
    for (unsigned i = 0; i < COMPARE_BITS; i++)
        if (strlen(words[i]) == len && memcmp(words[i], word, len) == 0)
            return 1u << i;
    return 0;
}

/* One record in a form that compares octet by octet. */
typedef struct item {
    uint8_t section;
    bool rrsig;
    uint16_t index;
    uint32_t ttl;
    uint32_t size;
    uint32_t at; /* in the octets of its side */
} item_t;

typedef struct side {
    const nsp_msg_t *m;
    item_t *item; /* owned; sorted */
    uint32_t count;
    uint8_t *octets; /* owned: section, type, class, owner, RDATA of each record */
    size_t used;
    size_t cap;
} side_t;

#define KEY_MAX (1 + 2 + 2 + NSP_NAME_MAX + 65535)

static bool side_room(side_t *s)
{
    if (s->cap - s->used >= KEY_MAX)
        return true;
    size_t cap = s->cap == 0 ? (size_t)2 * KEY_MAX : s->cap * 2;
    uint8_t *octets = realloc(s->octets, cap);
    if (octets == NULL)
        return false;
    s->octets = octets;
    s->cap = cap;
    return true;
}

/* Records about the message itself, not about data. */
static bool is_meta(const nsp_msg_t *m, const nsp_rr_t *rr)
{
    if (rr->type == NSP_TYPE_OPT || rr->type == NSP_TYPE_TSIG)
        return true;
    /* SIG(0), RFC 2931 3: type covered is zero */
    return rr->type == NSP_TYPE_SIG && rr->rdlength >= 2 && m->wire[rr->rdata] == 0 &&
           m->wire[rr->rdata + 1] == 0;
}

static bool side_add(side_t *s, nsp_section_t section, uint16_t index)
{
    const nsp_rr_t *rr = nsp_msg_rr(s->m, section, index);
    nsp_name_t owner;
    nsp_err_t err = NSP_OK;
    if (is_meta(s->m, rr))
        return true;
    if (!side_room(s))
        return false;
    nsp_rr_owner(s->m, rr, &owner);
    nsp_name_lower(&owner);
    nsp_writer_t w = nsp_writer(s->octets + s->used, KEY_MAX);
    nsp_write_u8(&w, (uint8_t)section);
    nsp_write_u16(&w, rr->type);
    nsp_write_u16(&w, rr->rclass);
    nsp_write_bytes(&w, owner.octets, owner.len);
    size_t n = nsp_rdata_canonical(s->m, rr, s->octets + s->used + w.pos, KEY_MAX - w.pos, &err);
    if (err != NSP_OK) { /* does not decode: as it stands */
        nsp_write_bytes(&w, s->m->wire + rr->rdata, rr->rdlength);
        n = 0;
    }
    s->item[s->count++] = (item_t){.section = (uint8_t)section,
                                   .rrsig = rr->type == NSP_TYPE_RRSIG,
                                   .index = index,
                                   .ttl = rr->ttl,
                                   .size = (uint32_t)(w.pos + n),
                                   .at = (uint32_t)s->used};
    s->used += w.pos + n;
    return true;
}

static int item_compare(const side_t *a, const item_t *x, const side_t *b, const item_t *y)
{
    uint32_t n = x->size < y->size ? x->size : y->size;
    int c = memcmp(a->octets + x->at, b->octets + y->at, n);
    return c != 0 ? c : (x->size > y->size) - (x->size < y->size);
}

static int by_octets(const void *x, const void *y, void *side)
{
    const item_t *a = x;
    const item_t *b = y;
    int c = item_compare(side, a, side, b);
    return c != 0 ? c : (a->index > b->index) - (a->index < b->index);
}

/* A record that is there twice counts once (RFC 2181 5). */
static void side_unique(side_t *s)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->count; i++)
        if (n == 0 || item_compare(s, &s->item[n - 1], s, &s->item[i]) != 0)
            s->item[n++] = s->item[i];
    s->count = n;
}

static bool side_fill(side_t *s, const nsp_msg_t *m)
{
    s->m = m;
    s->item = calloc(m->rr_count > 0 ? m->rr_count : 1, sizeof *s->item);
    if (s->item == NULL || !side_room(s))
        return false;
    for (unsigned section = NSP_ANSWER; section <= NSP_ADDITIONAL; section++)
        for (uint16_t i = 0; i < m->found[section]; i++)
            if (!side_add(s, (nsp_section_t)section, i))
                return false;
    qsort_r(s->item, s->count, sizeof *s->item, by_octets, s);
    side_unique(s);
    return true;
}

static unsigned bit_of(const item_t *i)
{
    if (i->rrsig)
        return COMPARE_RRSIG;
    return i->section == NSP_ANSWER      ? COMPARE_ANSWER
           : i->section == NSP_AUTHORITY ? COMPARE_AUTHORITY
                                         : COMPARE_ADDITIONAL;
}

static void only(compare_t *out, unsigned side, const item_t *i, unsigned what)
{
    unsigned bit = bit_of(i) & what;
    if (bit == 0)
        return;
    out->differs |= bit;
    if (out->only_count[side] < COMPARE_SHOWN)
        out->only[side][out->only_count[side]] = (compare_rr_t){i->section, i->index};
    out->only_count[side]++;
}

/* Both sides are sorted: one pass finds what only one of them has. */
static void compare_sets(const side_t *a, const side_t *b, unsigned what, compare_t *out)
{
    uint32_t i = 0;
    uint32_t k = 0;
    while (i < a->count || k < b->count) {
        int c = i == a->count   ? 1
                : k == b->count ? -1
                                : item_compare(a, &a->item[i], b, &b->item[k]);
        if (c == 0 && a->item[i].ttl != b->item[k].ttl && (bit_of(&a->item[i]) & what) != 0)
            out->differs |= what & COMPARE_TTL;
        if (c < 0)
            only(out, 0, &a->item[i], what);
        else if (c > 0)
            only(out, 1, &b->item[k], what);
        i += c <= 0;
        k += c >= 0;
    }
}

static void compare_headers(const nsp_msg_t *was, const nsp_msg_t *now, unsigned what,
                            compare_t *out)
{
    bool broken[2] = {!was->complete, !now->complete};
    if (broken[0] != broken[1])
        out->differs |= what & COMPARE_MALFORMED;
    if (nsp_msg_rcode(was) != nsp_msg_rcode(now))
        out->differs |= what & COMPARE_RCODE;
    if (((was->flags ^ now->flags) & NSP_FLAG_AA) != 0)
        out->differs |= what & COMPARE_AA;
    if (((was->flags ^ now->flags) & NSP_FLAG_TC) != 0)
        out->differs |= what & COMPARE_TC;
    if ((was->opt == NSP_NO_RR) != (now->opt == NSP_NO_RR))
        out->differs |= what & COMPARE_EDNS;
}

bool compare_replies(const nsp_msg_t *was, const nsp_msg_t *now, unsigned what, compare_t *out)
{
    memset(out, 0, sizeof *out);
    if (was == NULL || now == NULL) {
        if (was != NULL)
            out->differs = what & COMPARE_MISSING;
        if (now != NULL)
            out->differs = what & COMPARE_NEW;
        return true;
    }
    side_t a = {0};
    side_t b = {0};
    compare_headers(was, now, what, out);
    bool good = side_fill(&a, was) && side_fill(&b, now);
    /* the part that was cut off differs in any case: TC says so */
    if (good && ((was->flags | now->flags) & NSP_FLAG_TC) == 0)
        compare_sets(&a, &b, what, out);
    free(a.item);
    free(a.octets);
    free(b.item);
    free(b.octets);
    return good;
}
