/* Any octets as a list of those who do not want to be asked. What is read counts its lines, and a
 * list that takes its place says the same. */
#include <stdlib.h>
#include <string.h>

#include "bulk/optout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The answers about some addresses and names, as bits. */
static unsigned look(optout_t *o)
{
    static const char *const addresses[] = {"192.0.2.1", "10.255.0.7", "2001:db8::1", "::"};
    static const char *const names[] = {"example.com", "a.B.example.com", ".", "xn--a.test"};
    unsigned bits = 0;
    for (unsigned i = 0; i < 4; i++) {
        addr_t a;
        nsp_name_t name;
        if (!addr_from_text(addresses[i], strlen(addresses[i]), 53, &a) ||
            nsp_name_from_text(names[i], strlen(names[i]), NULL, &name, NULL) != NSP_OK)
            abort();
        bits |= (unsigned)optout_has_address(o, &a) << (2 * i);
        bits |= (unsigned)optout_has_name(o, &name) << (2 * i + 1);
    }
    return bits;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char err[OPTOUT_ERROR_MAX] = "";
    char again[OPTOUT_ERROR_MAX] = "";
    optout_t *o = optout_new((const char *)data, size, err);
    optout_t *other = optout_new("0.0.0.0/0\n::/0\n.\n", 17, again);
    if (other == NULL || look(other) != 255 || (o == NULL) != (err[0] != '\0'))
        abort();
    if (optout_replace(other, (const char *)data, size, again) != (o != NULL))
        abort();
    if (o == NULL ? look(other) != 255 || strcmp(err, again) != 0
                  : look(other) != look(o) || optout_count(other) != optout_count(o))
        abort();
    optout_free(o);
    optout_free(other);
    return 0;
}
