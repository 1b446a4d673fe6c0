/* Any octets as a TXT record that should hold a DKIM key. Every span lies inside of the text, and
 * what is said to be usable has no error. */
#include <stdlib.h>

#include "dkim/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_span(const taglist_t *list, taglist_span_t s)
{
    if (s.at > list->size || s.len > list->size - s.at)
        abort();
}

static void check_tag(const taglist_t *list, const taglist_tag_t *tag)
{
    uint8_t out[64];
    size_t n = 0;
    uint32_t at = 0;
    uint32_t pos = 0;
    taglist_span_t item;
    check_span(list, tag->name);
    check_span(list, tag->value);
    while (taglist_next(list, tag->value, &pos, &item))
        check_span(list, item);
    if (!taglist_qp_decode(list, tag->value, out, sizeof out, &n, &at) && at >= list->size)
        abort();
    if (n > sizeof out)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dkim_key_t key;
    bool usable = dkim_key_read(data, size, &key);
    for (unsigned i = 0; i < key.tags.tag_count; i++)
        check_tag(&key.tags, &key.tags.tag[i]);
    for (unsigned i = 0; i < key.problem_count; i++) {
        if (key.problem[i].at > size)
            abort();
        if (usable && dkim_key_problem_level(key.problem[i].kind) == DKIM_KEY_ERROR)
            abort();
    }
    if (usable && (!key.decoded || key.revoked || !key.is_dkim))
        abort();
    return 0;
}
