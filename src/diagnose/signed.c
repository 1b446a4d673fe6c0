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

int64_t signed_now(const diag_t *d, const event_t *e)
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
    a->now = signed_now(d, o.reply);
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
    p->counts = p->s->serves && !p->s->folded && !p->s->signed_by_turns &&
                p->answer[SIGNED_DNSKEY].x != NULL;
    p->keyed = p->counts && p->answer[SIGNED_DNSKEY].count > 0;
}

/* --- all --- */

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
        z->msg[0] == NULL || z->msg[1] == NULL || z->msg[2] == NULL)
        return false;
    for (size_t i = 0; i < d->subject_count; i++) {
        z->place[i].s = &d->subject[i];
        gather_place(z, &z->place[i]);
    }
    z->place_count = d->subject_count;
    return signed_gather_parent(z);
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
