/* Memory that is out at a chosen moment: targets are linked with malloc, calloc and realloc wrapped
 * (see the Makefile), for what this project allocates itself; libraries are left alone. */
#ifndef FUZZ_ALLOC_H
#define FUZZ_ALLOC_H

#include <stdbool.h>
#include <stdint.h>

/* From now on the nth allocation fails, and no other; 0: none does. */
void alloc_fail(uint32_t nth);
/* Whether it has failed already. */
bool alloc_failed(void);

#endif
