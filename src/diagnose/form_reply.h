/* Good replies to forms that ask for data of the zone. Internal to diagnose/. */
#ifndef DIAGNOSE_FORM_REPLY_H
#define DIAGNOSE_FORM_REPLY_H

#include "diagnose/facts.h"
#include "diagnose/form.h"

/* The exchange by which an address answered a form whole and with authority (RFC 1035 4.1.1), its
 * reply indexed in the scratch; NULL when there is none. */
const exchange_t *form_reply(diag_t *d, const subject_t *s, const form_set_t *forms, form_id_t id);

#endif
