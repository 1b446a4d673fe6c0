#include "frame.h"

nsp_frame_state_t nsp_frame_peek(const uint8_t *bytes, size_t size, uint16_t *msg_size)
{
    *msg_size = 0;
    if (size < 2)
        return NSP_FRAME_MORE;
    *msg_size = (uint16_t)(bytes[0] << 8 | bytes[1]);
    return size - 2 < *msg_size ? NSP_FRAME_MORE : NSP_FRAME_READY;
}
