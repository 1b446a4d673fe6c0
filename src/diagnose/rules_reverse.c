/* What the reverse trees say about the addresses of servers: nothing that a resolver of the zone
 * looks at, and one remark for all of them. */
#include <stdio.h>

#include "diagnose/facts.h"

/* Addresses that a sentence lists. */
#define LISTED_MAX 8

/* The first name that the reply has for the address. */
static const char *reverse_name(diag_t *d, const exchange_t *x, char buf[NSP_NAME_TEXT_MAX])
{
    outcome_t o;
    nsp_name_t name;
    outcome_of(x, &o, d->scratch);
    const nsp_msg_t *m = &d->scratch->msg;
    for (uint16_t i = 0; i < m->found[NSP_ANSWER]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        if (rr->type == NSP_TYPE_PTR && nsp_rdata_name(m, rr, 0, &name))
            return name_label(&name, buf);
    }
    return "another name";
}

static bool is_listed(const subject_t *s, reverse_state_t state)
{
    return !s->folded && s->serves && s->a->reverse == state;
}

/* One finding for all addresses in a state. */
static void list_addresses(diag_t *d, reverse_state_t state, finding_id_t id, const char *what)
{
    char addr[ADDR_TEXT_MAX];
    char name[NSP_NAME_TEXT_MAX];
    char text[LISTED_MAX * (ADDR_TEXT_MAX + NSP_NAME_TEXT_MAX)] = "";
    size_t len = 0;
    unsigned n = 0;
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *s = &d->subject[i];
        if (!is_listed(s, state) || n++ >= LISTED_MAX)
            continue;
        len +=
            (size_t)snprintf(text + len, sizeof text - len, "%s%s%s%s", n > 1 ? ", " : "",
                             addr_text(&s->a->addr, addr), state == REVERSE_OTHER ? " is " : "",
                             state == REVERSE_OTHER ? reverse_name(d, s->a->reversed, name) : "");
    }
    if (n == 0)
        return;
    finding_t *f = n > LISTED_MAX
                       ? finding_add(d->list, id, "%s %s and %u more.", what, text, n - LISTED_MAX)
                       : finding_add(d->list, id, "%s %s.", what, text);
    for (size_t i = 0; i < d->subject_count; i++)
        if (is_listed(&d->subject[i], state))
            finding_add_evidence(f, d->subject[i].a->reversed);
}

void rules_reverse(diag_t *d)
{
    list_addresses(d, REVERSE_NONE, FINDING_REVERSE_MISSING, "There is no PTR record for");
    list_addresses(d, REVERSE_OTHER, FINDING_REVERSE_DIFFERS, "By the PTR records");
}
