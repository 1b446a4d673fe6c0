/* Any octets as a query to an embedded server with every behaviour. */
#include <stdlib.h>
#include <string.h>

#include "serve/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] = "zone example {\n@ SOA a b 1 2 3 4 5\n@ NS a\na A 192.0.2.1\n"
                           "* TXT \"x\"\nc CNAME d.c\nsub NS ns.sub\nns.sub A 192.0.2.2\n}\n"
                           "address 127.0.0.1#5399 {\nserves example\n}\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t out[65535 + 600];
    scenario_error_t err;
    delivery_t d;
    size_t n = 0;
    scenario_t *s = scenario_parse(text, sizeof text - 1, 0, &err);
    if (s == NULL || size < 2) {
        scenario_free(s);
        return 0;
    }
    responder_t *r = &s->addr[0].responder;
    r->behaviour_count = 1;
    r->behaviour[0] = (behaviour_t){.kind = (behaviour_kind_t)(data[0] % BEHAVE_COUNT),
                                    .mangle = (nsp_mangle_t)(data[1] % NSP_MANGLE_COUNT)};
    respond(r, (data[0] & 0x80) != 0 ? TRANSPORT_TCP : TRANSPORT_UDP, data + 2, size - 2, out,
            sizeof out, &n, &d);
    if (n > sizeof out)
        abort();
    scenario_free(s);
    return 0;
}
