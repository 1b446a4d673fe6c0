#include "linkcase.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

link_t linkcase_read(uint32_t link, const uint8_t *bytes, uint32_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    if (size > 0)
        memcpy(copy, bytes, size);
    link_t l = link_read(link, copy, size);
    free(copy);
    return l;
}

void linkcase_check(const linkcase_t *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        link_t l = linkcase_read(cases[i].link, cases[i].head, cases[i].size);
        if (l.kind != cases[i].kind)
            fail_msg("%s: kind %d", cases[i].name, (int)l.kind);
        if ((l.kind == LINK_IPV4 || l.kind == LINK_IPV6) && l.offset != cases[i].offset)
            fail_msg("%s: offset %u", cases[i].name, l.offset);
    }
}

void linkcase_prefixes(const linkcase_t *cases, size_t count, bool open_ended)
{
    for (size_t i = 0; i < count; i++) {
        for (uint32_t n = 0; n < cases[i].size; n++) {
            link_t l = linkcase_read(cases[i].link, cases[i].head, n);
            if (l.kind != LINK_CUT && !(open_ended && l.kind == LINK_OTHER))
                fail_msg("%s, %u octets: kind %d", cases[i].name, n, (int)l.kind);
        }
    }
}
