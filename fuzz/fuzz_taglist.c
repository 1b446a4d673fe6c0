/* Any octets as a TXT record that should hold a DKIM key. Every span lies inside of the text, what
 * is said to be usable has no error, and what is said does not depend on what was on the stack. An
 * octet 2 stands for many letters, so that a short input has a long key. */
#include <stdlib.h>
#include <string.h>

#include "dkim/key.h"
#include "fuzz/items.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MANY     2048u
#define MANY_MAX 8u

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

/* The text that the input stands for. */
static uint8_t *expand(const uint8_t *data, size_t size, size_t *n)
{
    uint8_t text[MANY_MAX * MANY + 4096];
    unsigned left = MANY_MAX;
    *n = 0;
    for (size_t i = 0; i < size && i < 4096; i++) {
        size_t times = data[i] == 2 && left > 0 ? MANY : 1;
        left -= times > 1;
        memset(text + *n, times > 1 ? 'A' : data[i], times);
        *n += times;
    }
    return exact_copy(text, (uint32_t)*n);
}

/* The same of a text whatever earlier calls left on the stack. */
static void read_again(const uint8_t *data, size_t size, const dkim_key_t *key)
{
    dkim_key_t again;
    fill_stack(0xff);
    (void)dkim_key_read(data, size, &again);
    if (key->problem_count != again.problem_count || key->bits != again.bits ||
        key->exponent != again.exponent)
        abort();
    for (unsigned i = 0; i < key->problem_count; i++)
        if (key->problem[i].kind != again.problem[i].kind ||
            key->problem[i].at != again.problem[i].at)
            abort();
}

static void look(const uint8_t *data, size_t size)
{
    dkim_key_t key;
    fill_stack(0);
    bool usable = dkim_key_read(data, size, &key);
    if (size % 4 == 0)
        read_again(data, size, &key);
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
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t n;
    uint8_t *text = expand(data, size, &n);
    look(text, n);
    free(text);
    return 0;
}
