/* Validation of the RDATA fields that have a structure of their own. Internal to libnsproto. */
#ifndef NSPROTO_RDATA_CHECK_H
#define NSPROTO_RDATA_CHECK_H

#include "rrtype.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Reads a composite field (kind) up to the end of r. On a fault r carries the error and its
 * offset. */
void nsp_rdata_check(nsp_reader_t *r, nsp_fkind_t kind);

#ifdef __cplusplus
}
#endif
#endif
