/* Headers of link layers with what is to be found behind them, for tests of capture/link*. */
#ifndef TESTS_LINKCASE_H
#define TESTS_LINKCASE_H

#include <stdbool.h>
#include <stddef.h>

#include "capture/link.h"

typedef struct linkcase {
    const char *name;
    uint32_t link;
    link_kind_t kind;
    uint32_t offset; /* of IP; what there is before it is the whole header */
    uint8_t size;
    uint8_t head[192];
} linkcase_t;

/* From an allocation of just this size, so that one octet too many is seen. */
link_t linkcase_read(uint32_t link, const uint8_t *bytes, uint32_t size);
/* Each case says what it must. */
void linkcase_check(const linkcase_t *cases, size_t count);
/* Headers that end early are cut; none is taken for IP. open_ended: some may as well end where no
 * packet was among their parts. */
void linkcase_prefixes(const linkcase_t *cases, size_t count, bool open_ended);

#endif
