#include "fuzz/alloc.h"

#include <stddef.h>

/* Names that the linker's --wrap wants. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);

static uint32_t left;
static bool failed;

void alloc_fail(uint32_t nth)
{
    left = nth;
    failed = false;
}

bool alloc_failed(void)
{
    return failed;
}

static bool fails(void)
{
    if (left == 0 || --left > 0)
        return false;
    failed = true;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return fails() ? NULL : __real_realloc(p, size);
}
