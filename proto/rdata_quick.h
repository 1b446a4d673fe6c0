/* Internal: the quick way over the RDATA of the types that replies are made of. */
#ifndef NSPROTO_RDATA_QUICK_H
#define NSPROTO_RDATA_QUICK_H

#include "message.h"

/* True only when nsp_rdata_next() would decode every field of the RDATA, the octets of the message
 * wire from pos up to end, and leave nothing over. False says nothing: the long way tells what is
 * wrong, if anything is. Types with names that may be compressed are left to others. */
bool nsp_rdata_quick(const uint8_t *wire, uint16_t type, uint32_t pos, uint32_t end);

#endif
