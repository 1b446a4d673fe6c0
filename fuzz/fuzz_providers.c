/* Any text as a table of providers; what is read is expanded. */
#include <stdlib.h>

#include "dkim/expect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const nsp_name_t domain = {13, "\7example\3com"};
    char err[EXPECT_ERROR_MAX];
    providers_t *p = providers_new();
    expectations_t e;
    expectations_init(&e);
    if (p != NULL && providers_add(p, (const char *)data, size, "f", err)) {
        for (size_t i = 0; provider_name(p, i) != NULL; i++) {
            const char *parameter;
            const provider_t *x = provider_find(p, provider_name(p, i), &parameter);
            if (x == NULL)
                abort();
            (void)expect_add_token(&e, x, i % 2 == 0 ? "" : "ab", &domain,
                                   provider_takes_token(x) ? "abc=d" : NULL, err);
        }
    }
    expectations_free(&e);
    providers_free(p);
    return 0;
}
