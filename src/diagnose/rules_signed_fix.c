/* What is to be done about DNSSEC in this very case, where the table's word is too general. */
#include <stdio.h>

#include "diagnose/copies.h"
#include "diagnose/signed.h"
#include "diagnose/verdict_text.h"
#include "dnssec/rrset.h"

#define TAGS_SIZE 80

/* A finding about one address, and what it was made of. */
typedef struct cure {
    const signed_zone_t *z;
    finding_id_t id;
    const signed_place_t *p;
    const sighting_t *seen;
    finding_t *f;
    char label[LABEL_MAX];
} cure_t;

static bool has_seen(const cure_t *c, size_t place)
{
    for (size_t i = 0; i < c->z->count; i++)
        if (c->z->sighting[i].id == c->id && c->z->sighting[i].place == place)
            return true;
    return false;
}

/* Where others have right what is wrong at an address. */
typedef enum right {
    RIGHT_NOWHERE,
    RIGHT_OTHER_PRIMARY, /* only in copies of another primary, which do not get here */
    RIGHT_SAME_SERIAL,
    RIGHT_NEWER /* with a newer serial, so that a transfer would bring it (RFC 1034 4.3.5) */
} right_t;

static right_t right_elsewhere(const cure_t *c)
{
    right_t right = RIGHT_NOWHERE;
    for (size_t i = 0; i < c->z->place_count; i++) {
        const signed_place_t *o = &c->z->place[i];
        if (o == c->p || !o->counts || has_seen(c, i) ||
            (c->id == FINDING_DNSSEC_DS_MISMATCH && !o->led))
            continue;
        right_t r = !copy_same_primary(c->z->d, o->s, c->p->s)    ? RIGHT_OTHER_PRIMARY
                    : serial_newer(o->s->serial, c->p->s->serial) ? RIGHT_NEWER
                                                                  : RIGHT_SAME_SERIAL;
        right = r > right ? r : right;
    }
    return right;
}

/* Key tags of the keys of an address that belong into a DS record. */
static const char *ksk_tags(const cure_t *c, char buf[TAGS_SIZE])
{
    const signed_answer_t *a = &c->p->answer[SIGNED_DNSKEY];
    reply_t *scratch = c->z->d->scratch;
    nsp_text_t t;
    if (a->reply != NULL)
        reply_index(scratch, a->reply->bytes, a->reply->size);
    nsp_text_begin(&t, buf, TAGS_SIZE);
    verdict_add_ksk_tags(&t, a->reply != NULL ? &scratch->msg : NULL, &c->z->d->m->zone);
    return buf;
}

/* How a DS record that fits no key is near to one after all. */
typedef enum near { NEAR_NONE, NEAR_SIGNER, NEAR_TAG } near_t;

/* NEAR_SIGNER: the key that it names signs the DNSKEY records, and is not among them; NEAR_TAG: a
 * key has its tag, and another algorithm. *tag: of the DS record. */
static near_t near_key(const cure_t *c, uint16_t *tag)
{
    const nsp_msg_t *parent = &c->z->ds_reply->msg;
    const signed_answer_t *a = &c->p->answer[SIGNED_DNSKEY];
    const nsp_name_t *zone = &c->z->d->m->zone;
    if (a->reply == NULL)
        return NEAR_NONE;
    const nsp_msg_t *m = reply_index(c->z->d->scratch, a->reply->bytes, a->reply->size);
    for (uint16_t i = 0; i < parent->rr_count; i++) {
        ds_t ds;
        if (parent->rr[i].type != NSP_TYPE_DS || !ds_read(parent, i, &ds))
            continue;
        for (uint16_t k = 0; k < m->rr_count; k++) {
            rrsig_t sig;
            dnskey_t key;
            *tag = ds.key_tag;
            if (!nsp_rr_owner_is(m, &m->rr[k], zone))
                continue;
            if (m->rr[k].type == NSP_TYPE_RRSIG && rrsig_read(m, k, &sig) &&
                sig.covered == NSP_TYPE_DNSKEY && sig.key_tag == ds.key_tag &&
                sig.algorithm == ds.algorithm)
                return NEAR_SIGNER;
            if (m->rr[k].type == NSP_TYPE_DNSKEY && dnskey_read(m, k, &key) &&
                key.tag == ds.key_tag && key.algorithm != ds.algorithm)
                return NEAR_TAG;
        }
    }
    return NEAR_NONE;
}

/* True when that told all there is to do. */
static bool fix_near(const cure_t *c)
{
    char name[NSP_NAME_TEXT_MAX];
    uint16_t tag = 0;
    if (c->seen->v.status != DNSSEC_DS_NO_KEY)
        return false;
    near_t near = near_key(c, &tag);
    name_label(&c->z->d->m->zone, name);
    if (near == NEAR_TAG)
        finding_add_likely(c->f, "The DS record was given with another algorithm than its key's.",
                           "A key of the zone has the key tag of the DS record.");
    if (near != NEAR_SIGNER)
        return false;
    finding_add_likely(
        c->f,
        "The key that the DS record names was taken out of the DNSKEY records (or was "
        "never published there), while the zone is signed with it.",
        "There is a signature of the DNSKEY records by a key with that tag.");
    finding_set_fix(
        c->f,
        "Publish the key with key tag %u in the DNSKEY records of %s again, and have them "
        "signed anew. Leave the DS record until another key has taken over.",
        tag, name);
    return true;
}

static void fix_ds(const cure_t *c)
{
    if (fix_near(c))
        return;

    char name[NSP_NAME_TEXT_MAX];
    char tags[TAGS_SIZE];
    verdict_fix_ds(c->f, "At the registrar", name_label(&c->z->d->m->zone, name), ksk_tags(c, tags),
                   &c->seen->v);
}

/* The key that the DS names is there and does not sign (RFC 6781 4.1.2). */
static void fix_standby(const cure_t *c)
{
    char name[NSP_NAME_TEXT_MAX];
    finding_add_likely(
        c->f,
        "The DS record is that of a key that is published and does not sign: a standby key, or a "
        "rollover in the wrong order.",
        "A DS record fits a DNSKEY of the zone, and only other keys sign the DNSKEY records.");
    finding_set_fix(
        c->f,
        "Let the key that the DS record of %s names sign the DNSKEY records, too; or, at "
        "the registrar, publish a DS record for a key that signs them (key tag %u) and "
        "remove the present one.",
        name_label(&c->z->d->m->zone, name), c->seen->v.key_tag);
}

/* True when the address has a key of an algorithm that zones may be signed with. */
static bool has_good_key(const cure_t *c)
{
    const signed_answer_t *a = &c->p->answer[SIGNED_DNSKEY];
    nsp_msg_t *m = &c->z->d->scratch->msg;
    if (a->reply == NULL)
        return false;
    nsp_msg_index(m, a->reply->bytes, a->reply->size, c->z->d->scratch->arena, NSP_RR_MAX);
    for (uint16_t i = 0; i < m->rr_count; i++) {
        dnskey_t key;
        if (m->rr[i].type == NSP_TYPE_DNSKEY && nsp_rr_owner_is(m, &m->rr[i], &c->z->d->m->zone) &&
            dnskey_read(m, i, &key) && dnssec_algorithm_advice(key.algorithm) == ADVICE_GOOD)
            return true;
    }
    return false;
}

/* Keys that validators know are there, and no DS record that they know leads to them. */
static void fix_unknown(const cure_t *c)
{
    char name[NSP_NAME_TEXT_MAX];
    char tags[TAGS_SIZE];
    if (has_good_key(c))
        finding_set_fix(c->f,
                        "At the registrar, replace the DS record of %s by one with digest type 2 "
                        "(SHA-256) for a key that the zone has (key tag %s).",
                        name_label(&c->z->d->m->zone, name), ksk_tags(c, tags));
}

/* The DS must be there before the key that it is of is the only one (RFC 6781 4.1.2): a transfer
 * from here would take the whole zone down. */
static void fix_ahead(const cure_t *c)
{
    char name[NSP_NAME_TEXT_MAX];
    char tags[TAGS_SIZE];
    name_label(&c->z->d->m->zone, name);
    if (c->p->keyed)
        finding_set_fix(
            c->f,
            "At the registrar, first publish a DS record of %s for the new key (key tag "
            "%s) beside the present one. Let the other servers take this copy over "
            "only then: before, all of the zone would be lost to validating "
            "resolvers. Remove the old DS record when all have the new copy.",
            name, ksk_tags(c, tags));
    else
        finding_set_fix(c->f,
                        "If signing is to end: at the registrar, first remove the DS record of %s, "
                        "and let the other servers take this copy over when it has expired from "
                        "caches. Otherwise sign this copy with the keys that the others have.",
                        name);
}

/* No other has a newer serial: nothing would be transferred. */
static void fix_same_serial(const cure_t *c)
{
    const subject_t *s = c->p->s;
    if (c->id == FINDING_DNSSEC_DS_MISMATCH)
        finding_set_fix(
            c->f,
            "Have %s take the signed zone from the others, whole (a forced transfer: no "
            "serial is newer) and without signing it. If it is to sign for itself, "
            "publish a DS record for its key, too, and let each signer publish the "
            "keys of the other (RFC 8901 2.1).",
            c->label);
    else if (s->no_signatures && !s->no_keys)
        finding_set_fix(c->f,
                        "Have the software of %s do DNSSEC (switch it on, or update it), or remove "
                        "what takes signatures out in front of it (a proxy, a load balancer, a "
                        "firewall). A transfer changes nothing: no serial is newer.",
                        c->label);
    else if (s->no_keys)
        finding_set_fix(c->f,
                        "Feed %s from where the signed zone is, and have it transfer the zone "
                        "whole (a forced transfer: no serial is newer).",
                        c->label);
    else
        finding_set_fix(c->f,
                        "Have %s transfer the zone whole again (a forced transfer: no serial is "
                        "newer), or sign the zone anew with a higher serial. If it signs by "
                        "itself, look whether its signer runs.",
                        c->label);
}

/* Two providers, of which one does not sign: a move, and the DS record would have to go before it;
 * or both are to serve the zone, and must both sign it (RFC 8901). */
static void fix_other_primary(const cure_t *c)
{
    char name[NSP_NAME_TEXT_MAX];
    if (c->id != FINDING_DNSSEC_UNSIGNED || !c->p->s->no_keys) {
        fix_same_serial(c);
        return;
    }
    finding_add_likely(c->f,
                       "This server has an unsigned copy of the zone, from another provider than "
                       "the signed ones.",
                       "Its SOA names another primary than those of the others.");
    finding_set_fix(c->f,
                    "If the zone is moving to %s: at the registrar, remove the DS record of %s "
                    "first, and delegate there when it has expired from caches. If both are to "
                    "serve it: have both sign it, with each other's keys (RFC 8901). Until then "
                    "take this server out of the delegation and of the NS records.",
                    c->label, name_label(&c->z->d->m->zone, name));
}

/* What answers with an error gets the question: nothing is to be let through. */
static void fix_no_answer(const cure_t *c)
{
    char rcode[16];
    const subject_t *s = c->p->s;
    const char *name = nsp_rcode_text(s->keys_rcode, rcode);
    if (!s->keys_error)
        return;
    if (s->keys_rcode == NSP_RCODE_SERVFAIL)
        finding_set_fix(c->f,
                        "Look in the log of %s why it fails (%s): whether it can read its zone and "
                        "its keys, and reach what it has the answer from.",
                        c->label, name);
    else if (s->keys_rcode == NSP_RCODE_REFUSED)
        finding_set_fix(c->f,
                        "Look at %s which rule refuses these questions (%s): access lists, filters "
                        "of query types, and what stands in front of it.",
                        c->label, name);
    else
        finding_set_fix(c->f,
                        "Update the software of %s, or what stands in front of it and does not "
                        "understand these questions (%s).",
                        c->label, name);
}

static bool any_ahead(const signed_zone_t *z)
{
    for (size_t i = 0; i < z->place_count; i++)
        if (z->place[i].ahead)
            return true;
    return false;
}

/* An old copy of a zone whose newest copy would break it must not be renewed yet. */
static void fix_held_back(finding_t *f, const char *label)
{
    finding_set_fix(f,
                    "Not before the DS record at the parent fits the keys of the newest copy: this "
                    "one is what still works for validating resolvers. Then look at the log of %s "
                    "for transfers that fail, and have it transfer the zone again.",
                    label);
}

static void fix_transfer(const cure_t *c)
{
    if (c->p->led && any_ahead(c->z))
        fix_held_back(c->f, c->label);
    else
        verdict_fix_transfer(c->f, c->label);
}

static void fix_keys_differ(const cure_t *c)
{
    bool newer = false;
    for (size_t i = 0; i < c->z->place_count; i++)
        newer = newer || (c->z->place[i].counts && signed_is_newer(c->z, &c->z->place[i], c->p));
    if (newer)
        fix_transfer(c);
}

void signed_fix(const signed_zone_t *z, finding_id_t id, size_t place, const sighting_t *seen,
                finding_t *f)
{
    cure_t c = {.z = z, .id = id, .seen = seen, .f = f};
    right_t right = RIGHT_NOWHERE;
    if (seen->place == SIGNED_NOWHERE)
        return;
    c.p = &z->place[seen->place];
    if (place != SIGNED_NOWHERE)
        subject_label(z->d, c.p->s, c.label);
    else
        snprintf(c.label, sizeof c.label, "every server");
    if (id == FINDING_DNSSEC_KEYS_DIFFER && place != SIGNED_NOWHERE)
        fix_keys_differ(&c);
    else if (id == FINDING_DNSSEC_NO_ANSWER)
        fix_no_answer(&c);
    else if (id == FINDING_DNSSEC_UNKNOWN_ALGORITHM)
        fix_unknown(&c);
    else if (!verdict_cured_by_transfer(id))
        return;
    else if (place != SIGNED_NOWHERE && c.p->ahead &&
             (id == FINDING_DNSSEC_DS_MISMATCH || id == FINDING_DNSSEC_UNSIGNED))
        fix_ahead(&c);
    else if (place != SIGNED_NOWHERE && (right = right_elsewhere(&c)) != RIGHT_NOWHERE)
        right == RIGHT_NEWER           ? fix_transfer(&c)
        : right == RIGHT_OTHER_PRIMARY ? fix_other_primary(&c)
                                       : fix_same_serial(&c);
    else if (id == FINDING_DNSSEC_DS_MISMATCH)
        fix_ds(&c);
    else if (seen->v.status == DNSSEC_KEYS_NOT_SIGNED)
        fix_standby(&c);
}

void signed_hold_back(const signed_zone_t *z)
{
    char label[LABEL_MAX];
    bool ahead = any_ahead(z);
    for (size_t i = z->d->first; ahead && i < z->d->list->count; i++) {
        finding_t *f = &z->d->list->item[i];
        bool old = f->id == FINDING_SERIAL_DIFFERS && f->by_transfer;
        for (size_t k = 0; old && k < z->place_count; k++)
            if (z->place[k].led && addr_equal(&f->addr, &z->place[k].s->a->addr))
                fix_held_back(f, subject_label(z->d, z->place[k].s, label));
    }
}
