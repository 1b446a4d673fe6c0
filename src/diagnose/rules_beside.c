/* What stands beside an answer, in its authority and additional sections: NS records and addresses
 * of servers that the server itself, or their own zone, does not have (RFC 2181 5.4.1). */
#include <stdio.h>

#include "diagnose/copies.h"
#include "diagnose/host.h"

#define SENTENCES_MAX 4

/* What is told of one address. */
typedef struct beside {
    const subject_t *s;
    size_t len;
    char text[1600];
    unsigned count;
    const exchange_t *by[SENTENCES_MAX];
    const exchange_t *other[SENTENCES_MAX]; /* what it is compared to; may be NULL */
} beside_t;

static void tell(beside_t *b, const exchange_t *by, const exchange_t *other, const char *sentence)
{
    if (b->count == SENTENCES_MAX || strstr(b->text, sentence) != NULL)
        return;
    b->len += (size_t)snprintf(b->text + b->len, sizeof b->text - b->len, "%s%s",
                               b->len > 0 ? " " : "", sentence);
    b->len = b->len < sizeof b->text ? b->len : sizeof b->text - 1;
    b->by[b->count] = by;
    b->other[b->count++] = other;
}

/* An NS record beside an answer of the zone: of another zone, or not in the zone's own set. */
static void ns_rule(diag_t *d, beside_t *b, const fact_t *f, uint16_t i)
{
    const nsp_msg_t *m = fact_message(d, f);
    const nsp_rr_t *rr = nsp_msg_rr(m, NSP_AUTHORITY, i);
    const fact_t *own = copy_ns(d, b->s);
    nsp_name_t owner;
    nsp_name_t target;
    char one[NSP_NAME_TEXT_MAX];
    char two[NSP_NAME_TEXT_MAX];
    char text[2 * NSP_NAME_TEXT_MAX + 128];
    if (rr->type != NSP_TYPE_NS || !nsp_rdata_name(m, rr, 0, &target))
        return;
    nsp_rr_owner(m, rr, &owner);
    nsp_name_lower(&owner);
    nsp_name_lower(&target);
    name_label(&owner, one);
    name_label(&target, two);
    if (!nsp_name_equal(&owner, &d->m->zone)) {
        snprintf(text, sizeof text,
                 "Beside its answers stand NS records of %s, which is another zone: %s.", one, two);
        tell(b, f->x, NULL, text);
    } else if (own != NULL && !has_ns(fact_message(d, own), NSP_ANSWER, &owner, &target)) {
        snprintf(
            text, sizeof text,
            "Beside its answers stands %s as a name server of %s, which its answer for NS does "
            "not have.",
            two, one);
        tell(b, f->x, own->x, text);
    }
}

/* Whether the server's name has another address: by the word of this very server where it was
 * asked, else of the zone that holds the name. *own: what says so. */
static bool is_wrong(diag_t *d, const subject_t *s, const model_server_t *h, const addr_t *a,
                     const exchange_t **own)
{
    bool known = false;
    *own = NULL;
    if (h->in_zone) {
        copy_word_t word = copy_has_addr(d, s, &h->name, a);
        *own = copy_asked(d, s, &h->name, a->family == 4 ? NSP_TYPE_A : NSP_TYPE_AAAA);
        return word == COPY_NO && nsp_msg_rcode(&d->scratch->msg) == NSP_RCODE_NOERROR;
    }
    for (uint16_t i = 0; i < h->addr_count; i++) {
        bool has = (h->addr[i].from & FROM_ELSEWHERE) != 0 && h->addr[i].addr.family == a->family;
        known = known || has;
        if (has && addr_same_host(&h->addr[i].addr, a))
            return false;
    }
    return known;
}

static void address_rule(diag_t *d, beside_t *b, const fact_t *f, uint16_t i)
{
    const nsp_msg_t *m = fact_message(d, f);
    const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ADDITIONAL, i);
    const exchange_t *own = NULL;
    nsp_name_t owner;
    char addr[ADDR_TEXT_MAX];
    char name[NSP_NAME_TEXT_MAX];
    char text[NSP_NAME_TEXT_MAX + 200];
    if ((rr->type != NSP_TYPE_A && rr->type != NSP_TYPE_AAAA) ||
        rr->rdlength != (rr->type == NSP_TYPE_A ? 4 : 16))
        return;
    nsp_rr_owner(m, rr, &owner);
    nsp_name_lower(&owner);
    addr_t a = addr_from_octets(m->wire + rr->rdata, rr->rdlength, 53);
    for (uint16_t k = 0; k < d->m->server_count; k++) {
        const model_server_t *h = &d->m->server[k];
        if (!nsp_name_equal(&h->name, &owner) || !is_wrong(d, b->s, h, &a, &own))
            continue;
        snprintf(text, sizeof text,
                 "Beside its answers it gives the address %s to %s, which does not have it.",
                 addr_text(&a, addr), name_label(&owner, name));
        tell(b, f->x, own, text);
    }
}

static void look(diag_t *d, beside_t *b, const fact_t *f)
{
    uint16_t authority = fact_message(d, f)->found[NSP_AUTHORITY];
    uint16_t additional = fact_message(d, f)->found[NSP_ADDITIONAL];
    for (uint16_t i = 0; i < authority && i < 64; i++)
        ns_rule(d, b, f, i);
    for (uint16_t i = 0; i < additional && i < 64; i++)
        address_rule(d, b, f, i);
}

static void beside_rule(diag_t *d, const subject_t *s)
{
    char label[LABEL_MAX];
    beside_t b = {.s = s};
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *f = subject_at(d, s, i);
        if (fact_answered(f) && f->cls == CLASS_GOOD && !f->faulty)
            look(d, &b, f);
    }
    if (b.count == 0)
        return;
    finding_t *f = subject_finding(d, s, FINDING_BESIDE_WRONG, "%s", b.text);
    for (unsigned i = 0; i < b.count; i++) {
        finding_add_evidence(f, b.by[i]);
        finding_add_evidence(f, b.other[i]);
    }
    finding_set_fix(f,
                    "Find out where %s takes these records from: a zone above or another that it "
                    "holds, its cache, or a device before it. Let it answer out of the zone alone; "
                    "the zone's own records need no change.",
                    subject_label(d, s, label));
}

void rules_beside(diag_t *d)
{
    for (size_t i = 0; i < d->subject_count; i++)
        if (!d->subject[i].folded && d->subject[i].serves)
            beside_rule(d, &d->subject[i]);
}
