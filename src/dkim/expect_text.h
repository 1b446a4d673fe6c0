/* Expectations for people. */
#ifndef DKIM_EXPECT_TEXT_H
#define DKIM_EXPECT_TEXT_H

#include "dkim/expect.h"

/* Adds the RDATA in presentation format; TXT with its strings as they were read; (any DKIM
 * key) where any will do. False when memory is out, or when the RDATA does not decode (it is added
 * as RFC 3597 text then). */
bool expectation_rdata_text(const expectation_t *e, nsp_text_t *t);

#endif
