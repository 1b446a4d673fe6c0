/* Any text as an SPF policy: a fault lies inside of it and is a whole term, which is one also where
 * it stands alone; every term before it is none. */
#include <stdlib.h>
#include <string.h>

#include "diagnose/spf.h"
#include "fuzz/items.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool truth)
{
    if (!truth)
        __builtin_trap();
}

/* Whether the term is taken where it stands alone. */
static bool good_alone(const uint8_t *term, size_t n)
{
    static const char version[] = "v=spf1 ";
    const size_t head = sizeof version - 1;
    size_t size;
    uint8_t *text = exact_room((uint32_t)(head + n));
    memcpy(text, version, head);
    memcpy(text + head, term, n);
    need(spf_is_policy((const char *)text, head + n));
    size_t at = spf_first_fault((const char *)text, head + n, &size);
    need(at == head + n ? size == 0 : at == head && size == n);
    free(text);
    return size == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    size_t fault_size;
    bool policy = spf_is_policy(text, size);
    size_t at = spf_first_fault(text, size, &fault_size);
    need(at <= size && fault_size <= size - at && (fault_size > 0) == (at < size));
    need(policy == (size >= 6 && (size == 6 || data[6] == ' ') && (data[0] | 32) == 'v' &&
                    data[1] == '=' && (data[2] | 32) == 's' && (data[3] | 32) == 'p' &&
                    (data[4] | 32) == 'f' && data[5] == '1'));
    if (!policy)
        return 0;
    for (size_t i = 6; i <= at && i < size;) {
        const uint8_t *blank = memchr(data + i, ' ', size - i);
        size_t n = blank != NULL ? (size_t)(blank - data) - i : size - i;
        need(n == 0 || good_alone(data + i, n) == (i < at));
        need(i < at || n == fault_size);
        i += n + 1;
    }
    return 0;
}
