/* Replies that cannot be taken for an answer: they do not match the question, or they cannot be
 * decoded. A resolver sees silence; the prober sees what was wrong. */
#include <stdio.h>

#include "diagnose/facts.h"
#include "exchange/noun.h"

/* The one thing that is said about a mismatch with several bits: what decides first. */
static bool mismatch_id(uint8_t bits, finding_id_t *id)
{
    static const struct {
        uint8_t bit;
        finding_id_t id;
    } order[] = {{MISMATCH_ADDRESS, FINDING_WRONG_SOURCE_ADDRESS},
                 {MISMATCH_PORT, FINDING_WRONG_SOURCE_PORT},
                 {MISMATCH_HEADER, FINDING_MALFORMED},
                 {MISMATCH_QR, FINDING_NOT_A_RESPONSE},
                 {MISMATCH_ID, FINDING_WRONG_ID},
                 {MISMATCH_QUESTION, FINDING_WRONG_QUESTION}};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if ((bits & order[i].bit) != 0) {
            *id = order[i].id;
            return true;
        }
    return false;
}

/* The first event of a fact that is such a mismatch. Over TCP only when nothing else came: on a
 * shared connection a reply to another question is no fault. */
static const event_t *mismatch_event(const fact_t *f, finding_id_t id)
{
    if (!fact_is_udp(f) && f->o.kind != OUTCOME_MISMATCHED)
        return NULL;
    for (uint32_t i = 0; i < f->x->event_count; i++) {
        const event_t *e = &f->x->event[i];
        finding_id_t which;
        if ((e->kind == EVENT_MISMATCH || e->kind == EVENT_NOT_DELIVERED) &&
            mismatch_id(e->mismatch, &which) && which == id)
            return e;
    }
    return NULL;
}

static finding_t *report_mismatch(diag_t *d, const subject_t *s, finding_id_t id, const fact_t *f,
                                  const event_t *e)
{
    char peer[ADDR_TEXT_MAX];
    char label[LABEL_MAX];
    finding_t *out = NULL;
    const event_t *q = exchange_query(f->x);
    unsigned sent = q != NULL && q->size >= 2 ? (unsigned)(q->bytes[0] << 8 | q->bytes[1]) : 0;
    unsigned got = e->size >= 2 ? (unsigned)(e->bytes[0] << 8 | e->bytes[1]) : 0;
    switch (id) {
    case FINDING_WRONG_SOURCE_ADDRESS:
        out = subject_finding(d, s, id, "The reply comes from %s.", addr_text(&e->peer, peer));
        finding_set_fix(out,
                        "Bind the server of %s to each of its addresses, so that replies leave "
                        "from the address that was asked and not from %s.",
                        subject_label(d, s, label), peer);
        return out;
    case FINDING_WRONG_SOURCE_PORT:
        return subject_finding(d, s, id, "The reply comes from port %u, not %u.", e->peer.port,
                               f->x->server.port);
    case FINDING_WRONG_ID:
        return subject_finding(d, s, id, "The reply has ID %u, the query %u.", got, sent);
    case FINDING_NOT_A_RESPONSE:
        return subject_finding(d, s, id, "What came back is a query (QR clear), %u %s.", e->size,
                               noun_octets(e->size));
    case FINDING_MALFORMED:
        return subject_finding(d, s, id, "The reply is shorter than a header: %u %s.", e->size,
                               noun_octets(e->size));
    default:
        return subject_finding(d, s, id, "The question in the reply is not the one asked (%s).",
                               probe_name(f->kind));
    }
}

/* One finding for each kind of mismatch; a warning when the question was answered as well. */
static void mismatch_rule(diag_t *d, const subject_t *s, finding_id_t id)
{
    finding_t *out = NULL;
    bool only = false;
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *f = subject_at(d, s, i);
        const event_t *e = mismatch_event(f, id);
        if (e == NULL)
            continue;
        if (out == NULL)
            out = report_mismatch(d, s, id, f, e);
        finding_add_evidence(out, f->x);
        only = only || f->o.kind == OUTCOME_MISMATCHED;
    }
    if (out != NULL && !only)
        out->severity = SEVERITY_WARNING;
}

static void malformed_rule(diag_t *d, const subject_t *s)
{
    finding_t *out = NULL;
    char label[LABEL_MAX];
    unsigned bad = 0;
    unsigned all = 0;
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *f = subject_at(d, s, i);
        bad += f->faulty;
        all += fact_answered(f) || f->faulty;
    }
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *f = subject_at(d, s, i);
        if (!f->faulty)
            continue;
        if (out == NULL)
            out = subject_finding(d, s, FINDING_MALFORMED,
                                  "Octet %u of the reply (%s): %s. %u of %u %s "
                                  "malformed.",
                                  f->o.fault_offset, probe_name(f->kind), nsp_err_text(f->o.fault),
                                  bad, all,
                                  all == 1 ? "reply is" : noun(bad, "replies is", "replies are"));
        finding_add_evidence(out, f->x);
    }
    finding_set_fix(out,
                    "Update the server of %s. Ask it from inside its network too: if the replies "
                    "are well there, a device on the way spoils them.",
                    subject_label(d, s, label));
}

void rules_match(diag_t *d)
{
    static const finding_id_t ids[] = {FINDING_WRONG_SOURCE_ADDRESS, FINDING_WRONG_SOURCE_PORT,
                                       FINDING_NOT_A_RESPONSE, FINDING_WRONG_ID,
                                       FINDING_WRONG_QUESTION};
    for (size_t i = 0; i < d->subject_count; i++) {
        subject_t *s = &d->subject[i];
        bool bad = s->udp == REACH_MISMATCHED || s->udp == REACH_MALFORMED;
        if (s->folded)
            continue;
        for (size_t k = 0; k < sizeof ids / sizeof ids[0]; k++)
            mismatch_rule(d, s, ids[k]);
        size_t before = d->list->count;
        malformed_rule(d, s);
        if (d->list->count == before)
            mismatch_rule(d, s, FINDING_MALFORMED);
        s->folded = bad || (s->tcp == REACH_MALFORMED && s->udp < REACH_MISMATCHED);
    }
}
