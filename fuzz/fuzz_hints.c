/* Any text as root hints, and as resolv.conf: no more addresses than there is room for, each whole,
 * and a sentence where there are none. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/items.h"
#include "probe/hints.h"
#include "probe/resolvconf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool truth)
{
    if (!truth)
        __builtin_trap();
}

static void check_hints(const char *text, size_t size)
{
    static given_ns_t given[HINTS_MAX];
    char err[HINTS_ERROR_MAX] = "";
    size_t n = hints_parse(text, size, 5300, given, err);
    need(n <= HINTS_MAX && (n > 0 || err[0] != '\0') && strchr(err, '\n') == NULL);
    for (size_t i = 0; i < n; i++) {
        char name[NSP_NAME_TEXT_MAX];
        need(given[i].has_addr && given[i].addr.port == 5300);
        need(given[i].addr.family == 4 || given[i].addr.family == 6);
        need(nsp_name_to_text(&given[i].name, name, sizeof name) > 0);
    }
}

/* What one line says does not depend on those that say nothing. */
static void check_resolvers(const char *text, size_t size)
{
    addr_t addr[RESOLVCONF_MAX];
    addr_t again[RESOLVCONF_MAX];
    static const char before[] = "options edns0\nnameserver\n# nameserver 192.0.2.1\n";
    size_t n = resolvconf_parse(text, size, addr);
    char *longer = malloc(sizeof before + size);
    if (longer == NULL)
        abort();
    memcpy(longer, before, sizeof before - 1);
    memcpy(longer + sizeof before - 1, text, size);
    need(n <= RESOLVCONF_MAX);
    need(resolvconf_parse(longer, sizeof before - 1 + size, again) == n);
    for (size_t i = 0; i < n; i++) {
        need(addr[i].port == 53 && addr_equal(&addr[i], &again[i]));
        for (size_t k = 0; k < i; k++)
            need(!addr_equal(&addr[i], &addr[k]));
    }
    free(longer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = exact_copy(data, (uint32_t)size);
    check_hints((const char *)copy, size);
    check_resolvers((const char *)copy, size);
    free(copy);
    return 0;
}
