/* A name anywhere in a message; and any text as a name. What prints must read back. */
#include <stdlib.h>

#include "proto/nsproto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nsp_name_t name;
    nsp_name_t again;
    char text[NSP_NAME_TEXT_MAX];
    nsp_reader_t r = nsp_reader(data, size);
    r.pos = size > 14 ? data[0] % 14u : 0;
    nsp_reader_t skip = r;
    nsp_name_cache_t cache = {0};
    nsp_reader_t cached = r;
    nsp_err_t err = nsp_name_read(&r, NSP_NAME_COMPRESSED, &name);
    if (nsp_name_skip(&skip, NSP_NAME_COMPRESSED) != err ||
        (nsp_name_skip_cached(&cached, &cache) == NSP_OK) != (err == NSP_OK) ||
        (err == NSP_OK && (skip.pos != r.pos || cached.pos != r.pos)))
        abort();
    if (err != NSP_OK)
        nsp_name_from_text((const char *)data, size, NULL, &name, NULL);
    size_t n = nsp_name_to_text(&name, text, sizeof text);
    if (n == 0 || nsp_name_from_text(text, n, NULL, &again, NULL) != NSP_OK ||
        !nsp_name_equal_case(&name, &again))
        abort();
    return 0;
}
