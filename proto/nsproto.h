/* libnsproto: the DNS wire format, pure. No I/O, no clock, no allocation. */
#ifndef NSPROTO_H
#define NSPROTO_H

#include "edns.h"
#include "encode.h"
#include "error.h"
#include "frame.h"
#include "mangle.h"
#include "message.h"
#include "name.h"
#include "rdata.h"
#include "rrtype.h"
#include "text.h"
#include "wire.h"
#include "zone.h"

#endif
