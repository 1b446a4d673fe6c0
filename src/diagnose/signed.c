#include "diagnose/signed.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "diagnose/verdict_text.h"

#define BILLION  INT64_C(1000000000)
#define TEXT_MAX 1200

static const uint16_t types[SIGNED_COUNT] = {[SIGNED_DNSKEY] = NSP_TYPE_DNSKEY,
                                             [SIGNED_SOA] = NSP_TYPE_SOA,
                                             [SIGNED_NS] = NSP_TYPE_NS,
                                             [SIGNED_TXT] = NSP_TYPE_TXT,
                                             [SIGNED_CDS] = NSP_TYPE_CDS,
                                             [SIGNED_CDNSKEY] = NSP_TYPE_CDNSKEY,
                                             [SIGNED_NSEC3PARAM] = NSP_TYPE_NSEC3PARAM,
                                             [SIGNED_NAME] = NSP_TYPE_A};

uint16_t signed_type(signed_question_t q)
{
    return types[q];
}

const char *signed_word(signed_question_t q, char buf[32])
{
    return q == SIGNED_NAME ? "a name that does not exist" : nsp_type_text(types[q], buf);
}

/* --- reading --- */

/* Which question an exchange is, or SIGNED_COUNT. */
static signed_question_t question_of(const diag_t *d, const exchange_t *x)
{
    const nsp_name_t *zone = &d->m->zone;
    const event_t *sent = exchange_query(x);
    nsp_rr_t arena[8];
    nsp_msg_t m;
    nsp_edns_t e;
    nsp_name_t up;
    if (sent == NULL || x->qclass != NSP_CLASS_IN ||
        nsp_msg_index(&m, sent->bytes, sent->size, arena, 8) != NSP_OK || m.flags != 0 ||
        !nsp_edns_read(&m, &e, NULL) || e.flags != NSP_EDNS_DO || e.version != 0 ||
        e.option_count != 0)
        return SIGNED_COUNT;
    for (unsigned q = 0; q < SIGNED_NAME && nsp_name_equal(&x->qname, zone); q++)
        if (types[q] == x->qtype)
            return (signed_question_t)q;
    nsp_name_strip(&x->qname, 1, &up);
    bool prefix =
        x->qname.octets[0] >= sizeof PROBE_NXDOMAIN_PREFIX - 1 &&
        memcmp(x->qname.octets + 1, PROBE_NXDOMAIN_PREFIX, sizeof PROBE_NXDOMAIN_PREFIX - 1) == 0;
    return prefix && x->qtype == NSP_TYPE_A && nsp_name_equal(&up, zone) ? SIGNED_NAME
                                                                         : SIGNED_COUNT;
}

static int64_t wall_of(const diag_t *d, const event_t *e)
{
    return (d->set->began_wall + e->at) / BILLION;
}

static void read_exchange(diag_t *d, const exchange_t *x, signed_question_t q, signed_answer_t *a,
                          bool *signatures)
{
    outcome_t o;
    const nsp_msg_t *m = &d->scratch->msg;
    uint32_t ttl = 0;
    outcome_of(x, &o, d->scratch);
    if (o.kind == OUTCOME_PENDING || o.kind == OUTCOME_NOT_SENT || a->reply != NULL)
        return;
    bool whole = o.kind == OUTCOME_ANSWERED && nsp_msg_has(m, NSP_FLAG_AA) &&
                 !nsp_msg_has(m, NSP_FLAG_TC) &&
                 (nsp_msg_rcode(m) == NSP_RCODE_NOERROR || nsp_msg_rcode(m) == NSP_RCODE_NXDOMAIN);
    if (a->x != NULL && !whole && a->outcome == OUTCOME_ANSWERED)
        return;
    a->x = x;
    a->outcome = o.kind;
    if (o.kind != OUTCOME_ANSWERED)
        return;
    a->rcode = nsp_msg_rcode(m);
    if (!whole)
        return;
    a->reply = o.reply;
    a->now = wall_of(d, o.reply);
    for (uint16_t i = 0; i < m->rr_count; i++)
        *signatures = *signatures || m->rr[i].type == NSP_TYPE_RRSIG;
    a->digest = rrset_digest(d->octets, m, NSP_ANSWER, &d->m->zone, types[q], &a->count, &ttl);
}

static void gather_place(signed_zone_t *z, signed_place_t *p)
{
    diag_t *d = z->d;
    for (uint32_t i = 0; i < d->set->count; i++) {
        const exchange_t *x = d->set->item[i];
        if (!addr_equal(&x->server, &p->s->a->addr))
            continue;
        signed_question_t q = question_of(d, x);
        if (q != SIGNED_COUNT)
            read_exchange(d, x, q, &p->answer[q], &p->signatures);
    }
    p->counts = p->s->serves && !p->s->folded && p->answer[SIGNED_DNSKEY].x != NULL;
    p->keyed = p->counts && p->answer[SIGNED_DNSKEY].count > 0;
}

/* --- the parent --- */

/* What one address of the parent says of the DS. */
typedef struct ds_word {
    const exchange_t *x;
    ds_state_t state;
    uint64_t digest;
} ds_word_t;

static ds_word_t ds_word_of(diag_t *d, const model_parent_t *p)
{
    ds_word_t w = {.x = p->ds};
    const nsp_msg_t *m = &d->scratch->msg;
    outcome_t o;
    uint16_t count = 0;
    uint32_t ttl = 0;
    if (p->ds == NULL)
        return w;
    outcome_of(p->ds, &o, d->scratch);
    if (o.kind != OUTCOME_ANSWERED || nsp_msg_rcode(m) != NSP_RCODE_NOERROR ||
        !nsp_msg_has(m, NSP_FLAG_AA) || nsp_msg_has(m, NSP_FLAG_TC))
        return w;
    w.digest = rrset_digest(d->octets, m, NSP_ANSWER, &d->m->zone, NSP_TYPE_DS, &count, &ttl);
    w.state = count > 0 ? DS_SOME : DS_NONE;
    /* the zone's own word on its DS is none (RFC 4035 3.1.4.1) */
    for (uint16_t i = 0; count == 0 && i < m->found[NSP_AUTHORITY]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_AUTHORITY, i);
        if (rr->type == NSP_TYPE_SOA && nsp_rr_owner_is(m, rr, &d->m->zone))
            w.state = DS_UNKNOWN;
    }
    return w;
}

static bool same_word(const ds_word_t *a, const ds_word_t *b)
{
    return a->state == b->state && a->digest == b->digest;
}

/* The word of most; DS records before none when it is a draw. */
static const ds_word_t *choose_word(const ds_word_t *word, size_t count)
{
    const ds_word_t *best = NULL;
    unsigned most = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned votes = 0;
        if (word[i].state == DS_UNKNOWN)
            continue;
        for (size_t k = 0; k < count; k++)
            votes += same_word(&word[i], &word[k]);
        if (votes > most || (votes == most && best->state == DS_NONE && word[i].state == DS_SOME)) {
            most = votes;
            best = &word[i];
        }
    }
    return best;
}

static const char *tags_of(signed_zone_t *z, const ds_word_t *w, char buf[80])
{
    outcome_t o;
    nsp_text_t t;
    outcome_of(w->x, &o, z->msg[0]);
    nsp_text_begin(&t, buf, 80);
    nsp_text_str(&t, w->state == DS_SOME ? "the key tags " : "");
    verdict_add_tags(&t, &z->msg[0]->msg, &z->d->m->zone, NSP_TYPE_DS);
    return buf;
}

static void ds_differs(signed_zone_t *z, const ds_word_t *word, size_t count, const ds_word_t *best)
{
    char ours[80];
    char theirs[80];
    char one[ADDR_TEXT_MAX];
    char other[ADDR_TEXT_MAX];
    for (size_t i = 0; i < count; i++) {
        if (word[i].state == DS_UNKNOWN || same_word(&word[i], best))
            continue;
        sighting_t *s =
            signed_see(z, FINDING_DNSSEC_DS_DIFFERS, SIGNED_NOWHERE, word[i].x,
                       "The DS records at %s of the parent have %s; those at %s have %s.",
                       addr_port_text(&word[i].x->server, one), tags_of(z, &word[i], ours),
                       addr_port_text(&best->x->server, other), tags_of(z, best, theirs));
        if (s != NULL)
            s->other = best->x;
    }
}

static bool gather_ds(signed_zone_t *z)
{
    diag_t *d = z->d;
    outcome_t o;
    ds_word_t *word = calloc((size_t)d->m->parent_count + 1, sizeof *word);
    if (word == NULL)
        return false;
    for (uint16_t i = 0; i < d->m->parent_count; i++)
        word[i] = ds_word_of(d, &d->m->parent_addr[i]);
    const ds_word_t *best = choose_word(word, d->m->parent_count);
    if (best != NULL) {
        z->ds = best->state;
        z->ds_by = best->x;
        outcome_of(best->x, &o, z->ds_reply);
        ds_differs(z, word, d->m->parent_count, best);
    }
    free(word);
    return true;
}

/* What is wrong with an answer for the DS, by the keys of the parent in z->own; NULL: nothing. */
static const char *ds_fault(signed_zone_t *z, const exchange_t *x, char buf[64])
{
    char rcode[16];
    outcome_t o;
    const nsp_msg_t *m = &z->d->scratch->msg;
    outcome_of(x, &o, z->d->scratch);
    if (o.kind != OUTCOME_ANSWERED || nsp_msg_has(m, NSP_FLAG_TC))
        return NULL;
    if (nsp_msg_rcode(m) != NSP_RCODE_NOERROR) {
        snprintf(buf, 64, "it is %s", nsp_rcode_text(nsp_msg_rcode(m), rcode));
        return buf;
    }
    dnssec_status_t s = dnssec_check_ds(m, &z->d->m->zone, z->own, wall_of(z->d, o.reply)).status;
    return dnssec_status_class(s) == DNSSEC_CLASS_BOGUS ? dnssec_status_text(s) : NULL;
}

/* Whether the parent's signatures prove what its addresses say of the DS: by the keys that it has;
 * what leads to these is not looked at. */
static void ds_bogus(signed_zone_t *z)
{
    diag_t *d = z->d;
    const exchange_t *keys = d->m->parent_keys;
    char addr[ADDR_TEXT_MAX];
    char parent[NSP_NAME_TEXT_MAX];
    char buf[64];
    outcome_t o;
    if (keys == NULL)
        return;
    outcome_of(keys, &o, d->scratch);
    if (o.kind != OUTCOME_ANSWERED)
        return;
    dnssec_take_keys(&d->scratch->msg, &d->m->parent, false, z->own);
    for (uint16_t i = 0; i < d->m->parent_count && z->own->status == DNSSEC_SECURE; i++) {
        const model_parent_t *p = &d->m->parent_addr[i];
        const char *fault = p->referral && p->ds != NULL ? ds_fault(z, p->ds, buf) : NULL;
        if (fault == NULL)
            continue;
        sighting_t *s = signed_see(
            z, FINDING_DNSSEC_DS_BOGUS, SIGNED_NOWHERE, p->ds,
            "The answer of %s, a server of the parent %s, about the DS does not verify: %s. "
            "Validating resolvers answer SERVFAIL for the whole zone.",
            addr_port_text(&p->addr, addr), name_label(&d->m->parent, parent), fault);
        if (s != NULL)
            s->other = keys;
    }
}

bool signed_zone_gather(signed_zone_t *z, diag_t *d)
{
    memset(z, 0, sizeof *z);
    z->d = d;
    z->place = calloc(d->subject_count + 1, sizeof *z->place);
    z->ds_reply = calloc(1, sizeof *z->ds_reply); /* no records where nobody tells */
    z->own = malloc(sizeof *z->own);
    z->proved = malloc(sizeof *z->proved);
    for (unsigned i = 0; i < 3; i++)
        z->msg[i] = malloc(sizeof *z->msg[i]);
    if (z->place == NULL || z->ds_reply == NULL || z->own == NULL || z->proved == NULL ||
        z->msg[0] == NULL || z->msg[1] == NULL || z->msg[2] == NULL || !gather_ds(z))
        return false;
    for (size_t i = 0; i < d->subject_count; i++) {
        z->place[i].s = &d->subject[i];
        gather_place(z, &z->place[i]);
    }
    z->place_count = d->subject_count;
    ds_bogus(z);
    return true;
}

void signed_zone_free(signed_zone_t *z)
{
    for (size_t i = 0; i < z->count; i++)
        free(z->sighting[i].text);
    for (unsigned i = 0; i < 3; i++)
        free(z->msg[i]);
    free(z->sighting);
    free(z->place);
    free(z->ds_reply);
    free(z->own);
    free(z->proved);
}

const nsp_msg_t *signed_message(signed_zone_t *z, const signed_answer_t *a, unsigned slot)
{
    if (a->reply == NULL)
        return NULL;
    reply_index(z->msg[slot], a->reply->bytes, a->reply->size);
    return &z->msg[slot]->msg;
}

bool signed_is_newer(const signed_zone_t *z, const signed_place_t *p, const signed_place_t *than)
{
    const fact_t *a = subject_soa(z->d, p->s);
    const fact_t *b = subject_soa(z->d, than->s);
    return a != NULL && b != NULL && a->data_digest == b->data_digest && p->s->has_serial &&
           than->s->has_serial && serial_newer(p->s->serial, than->s->serial);
}

/* --- sightings --- */

/* Of one kind at one place: more say no more, and hostile replies could say without end. */
#define SIGHTINGS_MAX 12

/* Places are judged one after the other: those of this place are the last ones. */
static bool seen_enough(const signed_zone_t *z, const sighting_t *s)
{
    unsigned n = 0;
    for (size_t i = z->count; i > 0 && z->sighting[i - 1].place == s->place; i--)
        n += z->sighting[i - 1].id == s->id;
    return n >= SIGHTINGS_MAX;
}

static sighting_t *add_sighting(signed_zone_t *z, const sighting_t *s)
{
    if (z->count == z->cap) {
        size_t cap = z->cap == 0 ? 32 : z->cap * 2;
        sighting_t *grown = realloc(z->sighting, cap * sizeof *grown);
        if (grown == NULL) {
            z->out_of_memory = true;
            return NULL;
        }
        z->sighting = grown;
        z->cap = cap;
    }
    z->sighting[z->count] = *s;
    return &z->sighting[z->count++];
}

void signed_see_verdict(signed_zone_t *z, finding_id_t id, size_t place, signed_question_t q,
                        const dnssec_verdict_t *v)
{
    const signed_answer_t *a = &z->place[place].answer[q];
    sighting_t s = {.id = id,
                    .place = place,
                    .question = q,
                    .v = *v,
                    .now = a->now,
                    .by = a->x,
                    .severity = -1};
    if (id != FINDING_COUNT)
        add_sighting(z, &s);
}

sighting_t *signed_see(signed_zone_t *z, finding_id_t id, size_t place, const exchange_t *by,
                       const char *format, ...)
{
    sighting_t s = {.id = id, .place = place, .by = by, .severity = -1};
    va_list args;
    if (seen_enough(z, &s))
        return NULL;
    s.text = malloc(TEXT_MAX);
    if (s.text == NULL) {
        z->out_of_memory = true;
        return NULL;
    }
    va_start(args, format);
    vsnprintf(s.text, TEXT_MAX, format, args);
    va_end(args);
    sighting_t *out = add_sighting(z, &s);
    if (out == NULL)
        free(s.text);
    return out;
}
