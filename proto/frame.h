/* TCP framing: each message behind its length in two octets (RFC 1035 4.2.2, RFC 7766 8). */
#ifndef NSPROTO_FRAME_H
#define NSPROTO_FRAME_H

#include "wire.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum nsp_frame_state {
    NSP_FRAME_MORE, /* a whole message is not there yet */
    NSP_FRAME_READY
} nsp_frame_state_t;

/* Looks for one framed message at the start of size octets. READY: *msg_size octets of message
 * begin at bytes + 2, and the next frame at bytes + 2 + *msg_size. MORE: *msg_size is the claimed
 * size when both length octets are there, else 0. */
NSP_API nsp_frame_state_t nsp_frame_peek(const uint8_t *bytes, size_t size, uint16_t *msg_size);

#ifdef __cplusplus
}
#endif
#endif
