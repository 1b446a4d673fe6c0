/* A set of numbers, most of them from 1 to some millions without gaps: pages of bits. */
#ifndef QUEUE_SEEN_H
#define QUEUE_SEEN_H

#include <stdbool.h>
#include <stdint.h>

#define SEEN_MAX (UINT64_C(1) << 36) /* numbers must be smaller */

typedef struct seen seen_t;

/* NULL when memory is out. */
seen_t *seen_new(void);
void seen_free(seen_t *s);

typedef enum seen_add { SEEN_NEW, SEEN_AGAIN, SEEN_ERROR } seen_add_t;
/* SEEN_ERROR: too large, or memory is out. */
seen_add_t seen_add(seen_t *s, uint64_t number);

#endif
