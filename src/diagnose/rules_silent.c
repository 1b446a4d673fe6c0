/* Silence that goes by the type of the question: a device that answers for hosts, and drops what is
 * asked about the zone that they are in. */
#include <stdio.h>

#include "diagnose/facts.h"

#define TYPES_MAX 16

/* What came of the questions of one type. */
typedef struct by_type {
    uint16_t type;
    unsigned answered;
    unsigned silent; /* over UDP, each attempt of them */
    unsigned silent_tcp;
} by_type_t;

typedef struct types {
    size_t count;
    by_type_t item[TYPES_MAX];
} types_t;

static by_type_t *type_of(types_t *t, uint16_t type)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->item[i].type == type)
            return &t->item[i];
    if (t->count == TYPES_MAX)
        return NULL;
    t->item[t->count] = (by_type_t){.type = type};
    return &t->item[t->count++];
}

/* Counts by type. False when an attempt was lost of a question that was answered: that is chance.
 */
static bool count_types(const diag_t *d, const subject_t *s, types_t *t)
{
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *f = subject_at(d, s, i);
        by_type_t *k = type_of(t, f->x->qtype);
        bool answered = fact_answered(f);
        if (k == NULL || (answered && f->o.lost > 0))
            return false;
        k->answered += answered;
        if (f->o.kind != OUTCOME_SILENT && f->o.kind != OUTCOME_CLOSED)
            continue;
        if (fact_is_udp(f))
            k->silent++;
        else
            k->silent_tcp++;
    }
    return true;
}

/* True when each type is either answered or not, and the SOA is not, over TCP too, where no rate
 * limit drops anything. */
static bool goes_by_type(types_t *t)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->item[i].answered > 0 && t->item[i].silent + t->item[i].silent_tcp > 0)
            return false;
    const by_type_t *soa = type_of(t, NSP_TYPE_SOA);
    return soa != NULL && soa->silent >= 2 && soa->silent_tcp > 0;
}

static void list_types(const types_t *t, bool answered, char *buf, size_t cap)
{
    char type[16];
    size_t len = 0;
    buf[0] = '\0';
    for (size_t i = 0; i < t->count; i++) {
        const by_type_t *k = &t->item[i];
        if ((answered ? k->answered : k->silent + k->silent_tcp) > 0)
            len += (size_t)snprintf(buf + len, cap - len, "%s%s", len > 0 ? ", " : "",
                                    nsp_type_text(k->type, type));
    }
}

static void silent_rule(diag_t *d, subject_t *s)
{
    char label[LABEL_MAX];
    char silent[TYPES_MAX * 18];
    char answered[TYPES_MAX * 18];
    types_t t = {.count = 0};
    if (!count_types(d, s, &t) || !goes_by_type(&t))
        return;
    const fact_t *k = subject_answer_beside(d, s);
    if (k == NULL)
        return;
    list_types(&t, false, silent, sizeof silent);
    list_types(&t, true, answered, sizeof answered);
    finding_t *f = subject_finding(d, s, FINDING_QUERY_DROPPED,
                                   "Queries for %s get no answer, neither over UDP nor over TCP; "
                                   "those for %s are answered.",
                                   silent, answered);
    for (size_t i = 0; i < s->count; i++)
        if (fact_is_soa(subject_at(d, s, i)))
            finding_add_evidence(f, subject_at(d, s, i)->x);
    finding_add_evidence(f, k->x);
    finding_set_fix(f,
                    "Have %s answer for SOA and NS of the zone, too. Do not take it out of the "
                    "delegation for that: it answers other questions.",
                    subject_label(d, s, label));
    s->folded = true;
}

void rules_silent(diag_t *d)
{
    for (size_t i = 0; i < d->subject_count; i++) {
        subject_t *s = &d->subject[i];
        if (!s->folded && !s->serves && !s->pending && s->udp == REACH_ANSWERED)
            silent_rule(d, s);
    }
}
