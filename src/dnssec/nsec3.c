/* Proofs by NSEC3 (RFC 5155 8, RFC 9276 3.2). */
#include "dnssec/proof.h"

#define NSEC3_SHA1    1 /* the only hash algorithm (RFC 5155 11) */
#define NSEC3_OPT_OUT 1u
#define HASH_TEXT     32u /* base32hex of a SHA-1 hash, as a label */

typedef struct nsec3 {
    uint16_t rr;
    bool opt_out;
    uint8_t hash[CRYPTO_SHA1_SIZE];
    uint8_t next[CRYPTO_SHA1_SIZE];
    octets_t bitmap;
} nsec3_t;

/* The records of one chain: they share hash algorithm, iterations and salt (RFC 5155 8.2). */
typedef struct nsec3_list {
    const nsp_name_t *zone;
    uint16_t iterations;
    octets_t salt;
    unsigned count;
    nsec3_t item[PROOF_RECORDS_MAX];
} nsec3_list_t;

/* Result of a closest encloser proof (RFC 5155 8.3). */
typedef struct encloser {
    unsigned labels;      /* of the closest encloser */
    const nsec3_t *match; /* at it */
    const nsec3_t *cover; /* of the next closer name; NULL when qname itself exists */
} encloser_t;

static int base32_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    uint8_t lower = c | 0x20;
    return lower >= 'a' && lower <= 'v' ? lower - 'a' + 10 : -1;
}

/* The first label of an owner as a hash (RFC 5155 1.3). */
static bool hash_of_label(const nsp_name_t *owner, uint8_t hash[CRYPTO_SHA1_SIZE])
{
    uint64_t bits = 0;
    unsigned have = 0;
    unsigned n = 0;
    if (owner->octets[0] != HASH_TEXT)
        return false;
    for (unsigned i = 1; i <= HASH_TEXT; i++) {
        int v = base32_value(owner->octets[i]);
        if (v < 0)
            return false;
        bits = bits << 5 | (unsigned)v;
        have += 5;
        if (have >= 8) {
            have -= 8;
            hash[n++] = (uint8_t)(bits >> have);
        }
    }
    return n == CRYPTO_SHA1_SIZE;
}

/* Fields: hash algorithm, flags, iterations, salt, next hashed owner, types (RFC 5155 3.1). */
static bool nsec3_read(const nsp_msg_t *m, uint16_t rr, nsec3_list_t *list, nsec3_t *out)
{
    nsp_rdata_t it;
    nsp_field_t f[6];
    nsp_name_t owner;
    nsp_name_t above;
    nsp_rdata_begin(&it, m, &m->rr[rr]);
    for (unsigned i = 0; i < 6; i++) {
        if (!nsp_rdata_next(&it, &f[i]))
            return false;
    }
    octets_t salt = {f[3].bytes, f[3].nbytes};
    uint16_t iterations = (uint16_t)f[2].number;
    if (f[0].number != NSEC3_SHA1 || f[1].number > NSEC3_OPT_OUT || f[4].nbytes != CRYPTO_SHA1_SIZE)
        return false;
    if (list->count > 0 && (iterations != list->iterations || salt.len != list->salt.len ||
                            memcmp(salt.at, list->salt.at, salt.len) != 0))
        return false;
    nsp_rr_owner(m, &m->rr[rr], &owner);
    nsp_name_strip(&owner, 1, &above);
    if (!nsp_name_equal(&above, list->zone) || !hash_of_label(&owner, out->hash))
        return false;
    list->iterations = iterations;
    list->salt = salt;
    out->rr = rr;
    out->opt_out = (f[1].number & NSEC3_OPT_OUT) != 0;
    memcpy(out->next, f[4].bytes, CRYPTO_SHA1_SIZE);
    out->bitmap = (octets_t){f[5].bytes, f[5].nbytes};
    return true;
}

static void gather(const nsp_msg_t *m, const nsp_name_t *zone, nsec3_list_t *list)
{
    list->zone = zone;
    list->count = 0;
    for (uint16_t i = 0; i < m->found[NSP_AUTHORITY] && list->count < PROOF_RECORDS_MAX; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_AUTHORITY, i);
        uint16_t index = (uint16_t)(m->first[NSP_AUTHORITY] + i);
        if (rr->type == NSP_TYPE_NSEC3 && rr->rclass == NSP_CLASS_IN &&
            nsec3_read(m, index, list, &list->item[list->count]))
            list->count++;
    }
}

static const nsec3_t *find_match(const nsec3_list_t *list, const uint8_t *hash)
{
    for (unsigned i = 0; i < list->count; i++) {
        if (memcmp(list->item[i].hash, hash, CRYPTO_SHA1_SIZE) == 0)
            return &list->item[i];
    }
    return NULL;
}

/* RFC 5155 1.3: the hash comes between owner and next; the last one points at the first. */
static bool covers(const nsec3_t *n, const uint8_t *hash)
{
    bool after = memcmp(n->hash, hash, CRYPTO_SHA1_SIZE) < 0;
    bool before = memcmp(hash, n->next, CRYPTO_SHA1_SIZE) < 0;
    bool same = memcmp(n->hash, hash, CRYPTO_SHA1_SIZE) == 0;
    bool last = memcmp(n->next, n->hash, CRYPTO_SHA1_SIZE) <= 0;
    return !same && (last ? after || before : after && before);
}

static const nsec3_t *find_cover(const nsec3_list_t *list, const uint8_t *hash)
{
    for (unsigned i = 0; i < list->count; i++) {
        if (covers(&list->item[i], hash))
            return &list->item[i];
    }
    return NULL;
}

/* Hash of the last labels of a name. */
static bool hash_above(const nsec3_list_t *list, const nsp_name_t *name, unsigned labels,
                       uint8_t *hash)
{
    nsp_name_t above;
    nsp_name_strip(name, nsp_name_labels(name) - labels, &above);
    return crypto_nsec3_hash(&above, list->iterations, list->salt, hash);
}

/* Hash of "*" below the last labels of a name. */
static bool hash_wildcard(const nsec3_list_t *list, const nsp_name_t *name, unsigned labels,
                          uint8_t *hash)
{
    static const nsp_name_t star = {3, {1, '*', 0}};
    nsp_name_t above;
    nsp_name_t wildcard;
    nsp_name_strip(name, nsp_name_labels(name) - labels, &above);
    return nsp_name_join(&star, &above, &wildcard) == NSP_OK &&
           crypto_nsec3_hash(&wildcard, list->iterations, list->salt, hash);
}

/* The longest name above qname that exists, and that the name below it on the way to qname does
 * not: RFC 5155 8.3. At most one hash for each label. */
static bool find_encloser(const nsec3_list_t *list, const nsp_name_t *qname, encloser_t *out)
{
    uint8_t hash[CRYPTO_SHA1_SIZE];
    uint8_t next_closer[CRYPTO_SHA1_SIZE];
    unsigned labels = nsp_name_labels(qname);
    unsigned least = nsp_name_labels(list->zone);
    for (unsigned n = labels; n >= least; n--) {
        if (!hash_above(list, qname, n, hash))
            return false;
        out->match = find_match(list, hash);
        if (out->match != NULL) {
            out->labels = n;
            out->cover = n < labels ? find_cover(list, next_closer) : NULL;
            return n == labels || (out->cover != NULL && !proof_is_cut(out->match->bitmap));
        }
        if (n == 0)
            return false;
        memcpy(next_closer, hash, sizeof next_closer);
    }
    return false;
}

static dnssec_status_t by_opt_out(const nsec3_t *cover)
{
    return cover->opt_out ? DNSSEC_OPT_OUT : DNSSEC_SECURE;
}

static void use_encloser(const encloser_t *e, proof_t *out)
{
    proof_use(out, e->match->rr);
    proof_use(out, e->cover->rr);
}

/* RFC 5155 8.4; with opt-out the name may be an unsigned delegation (RFC 5155 9.2). */
static dnssec_status_t prove_nxdomain(const nsec3_list_t *list, const nsp_name_t *qname,
                                      proof_t *out)
{
    encloser_t e;
    uint8_t hash[CRYPTO_SHA1_SIZE];
    if (!find_encloser(list, qname, &e))
        return DNSSEC_DENIAL;
    if (e.cover == NULL) { /* the name exists, unless the record says that it does not */
        proof_use(out, e.match->rr);
        return proof_has_type(e.match->bitmap, NSP_TYPE_NXNAME) ? DNSSEC_SECURE : DNSSEC_DENIAL;
    }
    const nsec3_t *star =
        hash_wildcard(list, qname, e.labels, hash) ? find_cover(list, hash) : NULL;
    if (star == NULL)
        return DNSSEC_DENIAL;
    use_encloser(&e, out);
    proof_use(out, star->rr);
    return by_opt_out(e.cover);
}

/* RFC 5155 8.5 to 8.7. An empty non-terminal above unsigned delegations alone may be left out of a
 * chain with opt-out (RFC 5155 7.1), like these. */
static dnssec_status_t prove_nodata(const nsec3_list_t *list, const nsp_name_t *qname,
                                    uint16_t qtype, proof_t *out)
{
    encloser_t e;
    uint8_t hash[CRYPTO_SHA1_SIZE];
    if (!find_encloser(list, qname, &e))
        return DNSSEC_DENIAL;
    if (e.cover == NULL) {
        proof_use(out, e.match->rr);
        return proof_lacks_type(e.match->bitmap, qtype) ? DNSSEC_SECURE : DNSSEC_DENIAL;
    }
    use_encloser(&e, out);
    const nsec3_t *star =
        hash_wildcard(list, qname, e.labels, hash) ? find_match(list, hash) : NULL;
    if (star == NULL)
        return e.cover->opt_out ? DNSSEC_OPT_OUT : DNSSEC_DENIAL;
    proof_use(out, star->rr);
    return proof_lacks_type(star->bitmap, qtype) ? by_opt_out(e.cover) : DNSSEC_DENIAL;
}

/* RFC 5155 8.8: the wildcard's parent is the closest encloser; the next closer name is covered. */
static dnssec_status_t prove_wildcard(const nsec3_list_t *list, const proof_question_t *q,
                                      proof_t *out)
{
    uint8_t hash[CRYPTO_SHA1_SIZE];
    if (q->labels >= nsp_name_labels(q->qname) || !hash_above(list, q->qname, q->labels + 1, hash))
        return DNSSEC_DENIAL;
    const nsec3_t *cover = find_cover(list, hash);
    if (cover == NULL)
        return DNSSEC_DENIAL;
    proof_use(out, cover->rr);
    return by_opt_out(cover);
}

void nsec3_prove(const nsp_msg_t *m, const proof_question_t *q, proof_t *out)
{
    nsec3_list_t list;
    out->used_count = 0;
    out->status = DNSSEC_NO_DENIAL;
    gather(m, q->zone, &list);
    if (list.count == 0)
        return;
    if (list.iterations > DNSSEC_ITERATIONS_MAX)
        out->status = DNSSEC_ITERATIONS;
    else if (q->goal == PROOF_NXDOMAIN)
        out->status = prove_nxdomain(&list, q->qname, out);
    else if (q->goal == PROOF_NODATA)
        out->status = prove_nodata(&list, q->qname, q->qtype, out);
    else
        out->status = prove_wildcard(&list, q, out);
    if (out->used_count == 0)
        proof_use(out, list.item[0].rr);
}

bool nsec3_types_at(const nsp_msg_t *m, const nsp_name_t *zone, const nsp_name_t *name,
                    octets_t *bitmap)
{
    nsec3_list_t list;
    uint8_t hash[CRYPTO_SHA1_SIZE];
    gather(m, zone, &list);
    if (list.count == 0 || list.iterations > DNSSEC_ITERATIONS_MAX ||
        !crypto_nsec3_hash(name, list.iterations, list.salt, hash))
        return false;
    const nsec3_t *n = find_match(&list, hash);
    if (n != NULL)
        *bitmap = n->bitmap;
    return n != NULL;
}
