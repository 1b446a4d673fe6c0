#include "diagnose/form_reply.h"

const exchange_t *form_reply(diag_t *d, const subject_t *s, const form_set_t *forms, form_id_t id)
{
    outcome_t o;
    for (uint32_t i = 0; i < d->set->count; i++) {
        const exchange_t *x = d->set->item[i];
        if (!addr_equal(&x->server, &s->a->addr) || form_of(forms, x) != id)
            continue;
        outcome_of(x, &o, d->scratch);
        const nsp_msg_t *m = &d->scratch->msg;
        if (o.kind == OUTCOME_ANSWERED && nsp_msg_rcode(m) == NSP_RCODE_NOERROR &&
            nsp_msg_has(m, NSP_FLAG_AA) && !nsp_msg_has(m, NSP_FLAG_TC))
            return x;
    }
    return NULL;
}
