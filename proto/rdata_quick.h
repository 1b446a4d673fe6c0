/* Internal: the quick way over the RDATA of the types that replies are made of. */
#ifndef NSPROTO_RDATA_QUICK_H
#define NSPROTO_RDATA_QUICK_H

#include "message.h"

/* True only when nsp_rdata_next() would decode every field of the RDATA and leave nothing over.
 * False says nothing: the long way tells what is wrong, if anything is. Names of the types that
 * nsp_msg_index() looks into are not looked at again. */
bool nsp_rdata_quick(const nsp_msg_t *m, const nsp_rr_t *rr);

#endif
