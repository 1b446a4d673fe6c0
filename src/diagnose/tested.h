/* Whether a run says anything about what it was to test. */
#ifndef DIAGNOSE_TESTED_H
#define DIAGNOSE_TESTED_H

#include "diagnose/finding.h"

/* So many servers, or more, are not down at once: it is the network of who asks them. */
#define TESTED_NOBODY 4

/* True when something could be sent, whatever came of it. */
bool tested_anything(const exchange_set_t *set);
/* True when something came from some server: a reply, right or wrong, or an open connection. */
bool tested_heard(const exchange_set_t *set);
/* True when something is known about the domain: not when it was this machine that could not send
 * to its servers, or to those on the way to them, or that hears from nobody. */
bool tested_domain(const model_t *m, const exchange_set_t *set, const finding_list_t *list);
/* Adds to an UNTESTED what there is to say where TESTED_NOBODY servers or more are silent, and
 * nobody else answers: one of them, whose way can be looked at, the probable cause, and the fix.
 * client: whom they do not answer; NULL: this machine. f may be NULL. */
void tested_nobody(finding_t *f, const addr_t *one, const addr_t *client);

#endif
