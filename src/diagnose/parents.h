/* What the servers of the parent say of the zone, beside each other: which of them have an old copy
 * of the parent zone. Internal to diagnose/. */
#ifndef DIAGNOSE_PARENTS_H
#define DIAGNOSE_PARENTS_H

#include "diagnose/facts.h"

/* Room for parents_age_text. */
#define PARENTS_AGE_MAX (NSP_NAME_TEXT_MAX + ADDR_TEXT_MAX + 128)

/* The serial of the parent zone at one of its servers. False when it is not known: it is asked only
 * where they do not agree. */
bool parents_serial(diag_t *d, const model_parent_t *p, uint32_t *serial);
/* True when the copy of the parent zone at p is known to be older than that at q. */
bool parents_older(diag_t *d, const model_parent_t *p, const model_parent_t *q);
/* The server with this address, or NULL. */
const model_parent_t *parents_at(const diag_t *d, const addr_t *a);
/* The one whose referral counts: with the newest copy of the parent zone, as far as that is known,
 * else what most say, else what the zone itself says. NULL when none gives a referral. */
const model_parent_t *parents_reference(diag_t *d);
/* The addresses of the server in the referral of p, beside those of ref: true when p gives one of a
 * family of which ref gives others only. one and two: addresses of p and of ref as text; may be
 * NULL. */
bool parents_glue_differs(diag_t *d, const model_parent_t *p, const model_parent_t *ref,
                          const nsp_name_t *server, char one[ADDR_TEXT_MAX],
                          char two[ADDR_TEXT_MAX]);
/* True when p, and not ref, gives the server the address; a NULL: any address. */
bool parents_glue_only_at(diag_t *d, const model_parent_t *p, const model_parent_t *ref,
                          const nsp_name_t *server, const addr_t *a);
/* " Its copy of test is older: serial 4, against 5 at 192.0.2.1." Empty when that is not known.
 * Returns buf. */
const char *parents_age_text(diag_t *d, const model_parent_t *p, const model_parent_t *ref,
                             char buf[PARENTS_AGE_MAX]);
/* The fix of a finding about one server of the parent that says something else than ref. better:
 * what it says fits the zone, and what ref says does not. */
void parents_fix(diag_t *d, finding_t *f, const model_parent_t *p, const model_parent_t *ref,
                 bool better);
/* True when the zone itself contradicts more of the referral of ref than of that of p: names that
 * it does not have, or lacks, and addresses that their own zone does not have. */
bool parents_fits_better(diag_t *d, const model_parent_t *p, const model_parent_t *ref);
/* True when the referral that counts names the servers that the zone itself names. */
bool parents_fits_zone(diag_t *d);

#endif
