/* What the interface saw and the sockets did not (check --capture): replies that this host itself
 * drops, and fragments that never come together. */
#include "diagnose/facts.h"
#include "exchange/noun.h"

static bool has_undelivered_reply(const fact_t *f)
{
    return f->o.reply != NULL && f->o.reply->kind == EVENT_NOT_DELIVERED;
}

static bool has_undelivered_handshake(const fact_t *f)
{
    return f->o.kind == OUTCOME_NO_SYNACK && exchange_find(f->x, EVENT_TCP_NOT_DELIVERED) != NULL;
}

/* One finding for all that this host drops. That a connection cannot be made then says nothing
 * about the server. */
static void dropped_rule(diag_t *d, subject_t *s)
{
    unsigned replies = 0;
    unsigned handshakes = 0;
    for (size_t i = 0; i < s->count; i++) {
        replies += has_undelivered_reply(subject_at(d, s, i));
        handshakes += has_undelivered_handshake(subject_at(d, s, i));
    }
    if (replies + handshakes == 0)
        return;
    finding_t *f =
        handshakes == 0
            ? subject_finding(d, s, FINDING_REPLY_DROPPED_LOCALLY,
                              "The %s to %u of %zu %s to this machine's "
                              "interface, and this machine drops %s.",
                              noun(replies, "reply", "replies"), replies, s->count,
                              s->count == 1 ? "question comes"
                                            : noun(replies, "questions comes", "questions come"),
                              noun(replies, "it", "them"))
            : subject_finding(d, s, FINDING_REPLY_DROPPED_LOCALLY,
                              "The replies to %u %s over UDP, and the answers to %u TCP "
                              "%s, come to this machine's interface, and this machine "
                              "drops them.",
                              replies, noun(replies, "question", "questions"), handshakes,
                              noun(handshakes, "handshake", "handshakes"));
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *k = subject_at(d, s, i);
        if (has_undelivered_reply(k) || has_undelivered_handshake(k))
            finding_add_evidence(f, k->x);
    }
    if (handshakes > 0)
        s->tcp = REACH_NONE;
}

static const event_t *lost_fragments(const fact_t *f)
{
    return f->o.kind == OUTCOME_SILENT ? exchange_find(f->x, EVENT_FRAGMENTS_LOST) : NULL;
}

static void fragments_rule(diag_t *d, subject_t *s)
{
    finding_t *out = NULL;
    for (size_t i = 0; i < s->count; i++) {
        char type[16];
        const fact_t *f = subject_at(d, s, i);
        const event_t *e = lost_fragments(f);
        if (e == NULL)
            continue;
        if (out == NULL)
            out = subject_finding(d, s, FINDING_FRAGMENTS_INCOMPLETE,
                                  "The answer for %s over UDP comes in fragments, but %s.",
                                  nsp_type_text(f->x->qtype, type),
                                  e->size > 0 ? "not all of them" : "the first is missing");
        finding_add_evidence(out, f->x);
    }
    s->fragments = out != NULL;
}

void rules_witness(diag_t *d)
{
    for (size_t i = 0; i < d->subject_count; i++) {
        if (d->subject[i].folded)
            continue;
        dropped_rule(d, &d->subject[i]);
        fragments_rule(d, &d->subject[i]);
    }
}
