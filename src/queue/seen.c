#include "queue/seen.h"

#include <stdlib.h>

#define PAGE_BITS   20 /* 128 KiB a page */
#define PAGE_OCTETS ((size_t)1 << (PAGE_BITS - 3))
#define PAGES       (SEEN_MAX >> PAGE_BITS)

struct seen {
    uint8_t *page[PAGES];
};

seen_t *seen_new(void)
{
    return calloc(1, sizeof(seen_t));
}

void seen_free(seen_t *s)
{
    for (size_t i = 0; s != NULL && i < PAGES; i++)
        free(s->page[i]);
    free(s);
}

seen_add_t seen_add(seen_t *s, uint64_t number)
{
    if (number >= SEEN_MAX)
        return SEEN_ERROR;
    uint8_t **page = &s->page[number >> PAGE_BITS];
    if (*page == NULL)
        *page = calloc(1, PAGE_OCTETS);
    if (*page == NULL)
        return SEEN_ERROR;
    size_t bit = (size_t)(number & ((UINT64_C(1) << PAGE_BITS) - 1));
    uint8_t mask = (uint8_t)(1u << (bit & 7));
    bool was = ((*page)[bit >> 3] & mask) != 0;
    (*page)[bit >> 3] |= mask;
    return was ? SEEN_AGAIN : SEEN_NEW;
}
