/* libnsproto: the DNS wire format, pure. No I/O, no clock, no allocation.
 *
 * Writing a query and reading the reply:
 *
 *     nsp_name_t name;
 *     nsp_edns_t edns = {.udp_size = 1232, .flags = NSP_EDNS_DO};
 *     uint8_t query[512];
 *     size_t size;
 *     if (nsp_name_from_text("example.org", 11, NULL, &name, NULL) != NSP_OK ||
 *         nsp_build_query(query, sizeof query, id, NSP_FLAG_RD, &name, NSP_TYPE_MX, NSP_CLASS_IN,
 *                         &edns, &size) != NSP_OK)
 *         return;
 *     ... send query, receive reply_size octets into reply ...
 *
 *     static nsp_rr_t arena[NSP_RR_MAX];
 *     nsp_msg_t m;
 *     nsp_msg_index(&m, reply, reply_size, arena, NSP_RR_MAX);
 *     nsp_msg_validate(&m);
 *     for (uint16_t i = 0; i < m.fault_count && i < NSP_FAULTS_KEPT; i++)
 *         printf("octet %u: %s\n", m.fault[i].offset, nsp_err_text(m.fault[i].err));
 *
 *     for (uint16_t i = 0; i < m.found[NSP_ANSWER]; i++) {
 *         const nsp_rr_t *rr = nsp_msg_rr(&m, NSP_ANSWER, i);
 *         char text[NSP_NAME_TEXT_MAX];
 *         uint64_t preference;
 *         if (rr->type == NSP_TYPE_MX && nsp_rdata_number(&m, rr, 0, &preference) &&
 *             nsp_rdata_name(&m, rr, 1, &name) && nsp_name_to_text(&name, text, sizeof text) > 0)
 *             printf("%u %s\n", (unsigned)preference, text);
 *     }
 *
 * A message with faults is not refused: what was found before a fault can be used as usual.
 * Compile with the flags of `pkg-config libnsproto`. */
#ifndef NSPROTO_H
#define NSPROTO_H

#include "edns.h"
#include "encode.h"
#include "error.h"
#include "frame.h"
#include "generate.h"
#include "mangle.h"
#include "message.h"
#include "mutate.h"
#include "name.h"
#include "rdata.h"
#include "rrtype.h"
#include "text.h"
#include "wire.h"
#include "zone.h"

#endif
