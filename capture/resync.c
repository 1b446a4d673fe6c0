#include "capture/resync.h"

#include "capture/octets.h"
#include "proto/name.h"

#define PREFIX       2u
#define HEADER       12u
#define QUESTION_MIN 5u  /* root, type, class */
#define RECORD_MIN   11u /* root, type, class, TTL, RDLENGTH */
#define OPCODE_LAST  6   /* DSO, RFC 8490 */
#define CLASS_NONE   254
#define CLASS_ANY    255
#define TYPE_OPT     41

static bool class_known(uint16_t class)
{
    return class == 1 || class == 3 || class == 4 || class == CLASS_NONE || class == CLASS_ANY;
}

/* Whether what follows the header is a name with type and class; the octets may end within. */
static bool first_fits(const uint8_t *message, uint32_t size)
{
    nsp_reader_t r = nsp_reader(message, size);
    (void)nsp_read_bytes(&r, HEADER);
    nsp_err_t err = nsp_name_skip(&r, NSP_NAME_COMPRESSED);
    uint16_t type = nsp_read_u16(&r);
    uint16_t class = nsp_read_u16(&r);
    if (err != NSP_OK)
        return err == NSP_E_SHORT;
    return r.err != NSP_OK || type == TYPE_OPT || class_known(class);
}

static bool header_fits(const uint8_t *message, uint32_t length, bool server)
{
    uint32_t flags = octets_u16(message + 2);
    uint32_t questions = octets_u16(message + 4);
    uint32_t records =
        (uint32_t)octets_u16(message + 6) + octets_u16(message + 8) + octets_u16(message + 10);
    uint32_t opcode = flags >> 11 & 15;
    return (flags >> 15 != 0) == server && opcode <= OPCODE_LAST && opcode != 3 &&
           (flags & 0x0040) == 0 && questions <= 1 &&
           length - HEADER >= questions * QUESTION_MIN + records * RECORD_MIN &&
           (questions + records > 0 || length == HEADER);
}

bool resync_fits(const uint8_t *bytes, uint32_t size, bool server)
{
    if (size < PREFIX + HEADER)
        return false;
    uint32_t length = octets_u16(bytes);
    if (length < HEADER || !header_fits(bytes + PREFIX, length, server))
        return false;
    uint32_t there = size - PREFIX < length ? size - PREFIX : length;
    return length == HEADER || first_fits(bytes + PREFIX, there);
}

uint32_t resync_find(const uint8_t *bytes, uint32_t size, bool server)
{
    for (uint32_t at = 0; at < size; at++) {
        if (!resync_fits(bytes + at, size - at, server))
            continue;
        uint32_t end = at + PREFIX + octets_u16(bytes + at);
        if (end >= size || size - end < PREFIX + HEADER ||
            resync_fits(bytes + end, size - end, server))
            return at;
    }
    return size;
}
