/* Any octets as three replies, DS, DNSKEY and answer, and a time: the work stays within its limits,
 * and a verdict points at a record of the message that it is about. Key tags and what a signature
 * is of are what a plainer reading makes of them. */
#include <stdlib.h>

#include "dnssec/proof.h"
#include "dnssec/rrset.h"
#include "fuzz/items.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct message {
    nsp_msg_t msg;
    uint8_t *octets; /* owned, of just their size */
    nsp_rr_t arena[256];
} message_t;

/* The next message: 16 bits of length, then its octets. */
static void take(nsp_reader_t *r, message_t *out)
{
    uint32_t n = nsp_read_u16(r);
    n = n > nsp_left(r) ? nsp_left(r) : n;
    out->octets = exact_copy(nsp_read_bytes(r, n), n);
    nsp_msg_index(&out->msg, out->octets, n, out->arena, sizeof out->arena / sizeof out->arena[0]);
}

/* The keys that are kept are those of the message, as they stand there. */
static void check_keys(const dnssec_keys_t *keys, const nsp_msg_t *m)
{
    if (keys->count > DNSSEC_KEYS_MAX || keys->status >= DNSSEC_STATUS_COUNT)
        abort();
    for (unsigned i = 0; i < keys->count; i++) {
        const dnssec_key_t *k = &keys->key[i];
        if (k->rr >= m->rr_count || k->octets > DNSSEC_KEY_OCTETS_MAX)
            abort();
        const nsp_rr_t *rr = &m->rr[k->rr];
        if (rr->rdlength != k->octets + 4u ||
            memcmp(m->wire + rr->rdata + 4, k->public_key, k->octets) != 0)
            abort();
    }
}

/* RFC 4034 B, B.1, in 64 bits */
static uint16_t plain_tag(const uint8_t *rdata, size_t size)
{
    uint64_t sum = 0;
    if (rdata[3] == 1 && size >= 7)
        return (uint16_t)(rdata[size - 3] * 256u + rdata[size - 2]);
    for (size_t i = 0; i < size; i++)
        sum += (uint64_t)rdata[i] << (i % 2 == 0 ? 8 : 0);
    return (uint16_t)(sum + (sum >> 16));
}

/* Octets of the owner that is signed: of a wildcard when there are fewer labels. */
static size_t owner_octets(const nsp_name_t *owner, const rrsig_t *sig)
{
    nsp_name_t rest;
    if (sig->labels >= rrset_labels(owner))
        return owner->len;
    nsp_name_strip(owner, nsp_name_labels(owner) - sig->labels, &rest);
    return rest.len + 2u;
}

/* Each octet of what a signature is of (RFC 4034 3.1.8.1): its own fields, then the records in
 * canonical order, each once. */
static void check_data(const nsp_msg_t *m, const nsp_rr_t *rr, const rrset_t *set,
                       const rrsig_t *sig)
{
    size_t size = 0;
    uint8_t *data = rrset_signed_data(set, sig, &size);
    if (data == NULL)
        abort();
    size_t at = 18u + sig->signer.len;
    size_t owner = owner_octets(&set->owner, sig);
    if (memcmp(data, m->wire + rr->rdata, 18) != 0 || at > size)
        abort();
    for (size_t i = 0; i < set->count; i++) {
        const rrset_item_t *item = &set->item[i];
        at += owner + 10u + item->len;
        if (at > size || memcmp(data + at - item->len, item->at, item->len) != 0)
            abort();
        size_t less = i > 0 && item[-1].len < item->len ? item[-1].len : item->len;
        int order = i > 0 ? memcmp(item[-1].at, item->at, less) : -1;
        if (order > 0 || (order == 0 && item[-1].len >= item->len))
            abort();
    }
    if (at != size)
        abort();
    free(data);
}

/* Whether a bitmap has a type (RFC 4034 4.1.2). */
static bool plain_has(const uint8_t *p, uint32_t size, unsigned type)
{
    for (uint32_t at = 0; size - at >= 2 && size - at - 2 >= p[at + 1]; at += 2u + p[at + 1])
        if (p[at] == type / 256 && type % 256 / 8 < p[at + 1])
            return (p[at + 2 + type % 256 / 8] >> (7 - type % 8) & 1) != 0;
    return false;
}

/* The last field of NSEC and NSEC3, alone in memory of its size. */
static void check_bitmap(const nsp_msg_t *m, const nsp_rr_t *rr)
{
    nsp_rdata_t it;
    nsp_field_t f = {0};
    nsp_rdata_begin(&it, m, rr);
    while (nsp_rdata_next(&it, &f)) {
    }
    if (it.r.err != NSP_OK || f.desc == NULL || f.desc->kind != NSP_F_BITMAP)
        return;
    uint8_t *copy = exact_copy(f.bytes, f.nbytes);
    for (unsigned type = 1; type < 600; type += 7)
        if (proof_has_type((octets_t){copy, f.nbytes}, (uint16_t)type) !=
            plain_has(copy, f.nbytes, type))
            abort();
    free(copy);
}

/* The records that each signature of a section is of, as far as they are few. */
static void check_signatures(const nsp_msg_t *m, nsp_section_t section)
{
    unsigned signatures = 0;
    for (uint16_t i = 0; i < m->found[section] && signatures < 8; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, section, i);
        nsp_name_t owner;
        rrsig_t sig;
        rrset_t set;
        nsp_rr_owner(m, rr, &owner);
        if (rr->type == NSP_TYPE_DNSKEY && rr->rdlength >= 4 &&
            dnssec_key_tag(m->wire + rr->rdata, rr->rdlength) !=
                plain_tag(m->wire + rr->rdata, rr->rdlength))
            abort();
        if (rr->type == NSP_TYPE_NSEC || rr->type == NSP_TYPE_NSEC3)
            check_bitmap(m, rr);
        if (rr->type != NSP_TYPE_RRSIG || !rrsig_read(m, (uint16_t)(rr - m->rr), &sig))
            continue;
        signatures++;
        if (rrset_collect(m, section, &owner, sig.covered, &set) == DNSSEC_SECURE &&
            sig.labels <= rrset_labels(&owner))
            check_data(m, rr, &set, &sig);
        rrset_free(&set);
    }
}

static void check(const dnssec_verdict_t *v, const nsp_msg_t *m)
{
    if (v->rr != NSP_NO_RR && v->rr >= m->rr_count)
        abort();
    if (v->tries > DNSSEC_TRIES_MAX || v->status >= DNSSEC_STATUS_COUNT)
        abort();
    if (v->status == DNSSEC_SECURE && (!v->has_rrsig || v->tries == 0))
        abort();
}

/* The answer as if it ended behind one of its records. */
static void check_cut(const message_t *answer, const nsp_name_t *qname, const dnssec_keys_t *keys,
                      int64_t now)
{
    static message_t cut;
    const nsp_msg_t *m = &answer->msg;
    if (m->rr_count == 0)
        return;
    const nsp_rr_t *rr = &m->rr[m->size % m->rr_count];
    uint32_t n = (uint32_t)rr->rdata + rr->rdlength;
    cut.octets = exact_copy(m->wire, n);
    nsp_msg_index(&cut.msg, cut.octets, n, cut.arena, sizeof cut.arena / sizeof cut.arena[0]);
    dnssec_verdict_t v = dnssec_check_answer(&cut.msg, qname, m->qtype, keys, now);
    check(&v, &cut.msg);
    v = dnssec_check_denial(&cut.msg, qname, m->qtype, keys, now);
    check(&v, &cut.msg);
    free(cut.octets);
}

static void look(const message_t *ds, const message_t *dnskey, const message_t *answer,
                 const nsp_name_t *zone, const nsp_name_t *qname, int64_t now)
{
    static dnssec_keys_t keys;
    dnssec_verdict_t v = dnssec_check_keys(&ds->msg, &dnskey->msg, zone, now, &keys);
    bool parent = v.status == DNSSEC_NO_DS || v.status == DNSSEC_UNSUPPORTED ||
                  v.status == DNSSEC_NO_DNSKEY || v.status == DNSSEC_DS_NO_KEY ||
                  v.status == DNSSEC_DS_DIGEST || v.status == DNSSEC_DS_KEY_UNFIT;
    check(&v, parent ? &ds->msg : &dnskey->msg);
    check_keys(&keys, &dnskey->msg);
    v = dnssec_check_answer(&answer->msg, qname, answer->msg.qtype, &keys, now);
    check(&v, &answer->msg);
    keys.status = DNSSEC_SECURE; /* as if the chain was whole, with what keys there are */
    keys.zone = *zone;
    v = dnssec_check_answer(&answer->msg, qname, answer->msg.qtype, &keys, now);
    check(&v, &answer->msg);
    v = dnssec_check_denial(&answer->msg, qname, answer->msg.qtype, &keys, now);
    check(&v, &answer->msg);
    v = dnssec_check_ds(&answer->msg, qname, &keys, now);
    if (v.status != DNSSEC_NO_DS)
        check(&v, &answer->msg);
    check_cut(answer, qname, &keys, now);
    check_signatures(&dnskey->msg, NSP_ANSWER);
    check_signatures(&answer->msg, NSP_ANSWER);
    check_signatures(&answer->msg, NSP_AUTHORITY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static message_t ds;
    static message_t dnskey;
    static message_t answer;
    nsp_name_t zone;
    nsp_name_t qname;
    nsp_reader_t r = nsp_reader(data, size);
    int64_t now = nsp_read_u32(&r);
    take(&r, &ds);
    take(&r, &dnskey);
    take(&r, &answer);
    if (nsp_msg_qname(&dnskey.msg, &zone) && nsp_msg_qname(&answer.msg, &qname))
        look(&ds, &dnskey, &answer, &zone, &qname, now);
    free(ds.octets);
    free(dnskey.octets);
    free(answer.octets);
    return 0;
}
