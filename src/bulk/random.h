/* Random octets in bulk: one system call fills a buffer for some thousand query IDs. */
#ifndef BULK_RANDOM_H
#define BULK_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RANDOM_POOL 8192 /* octets */

/* Begins all zero. For one thread. */
typedef struct random_pool {
    size_t left; /* octets of buf that were not given away yet, at its end */
    uint8_t buf[RANDOM_POOL];
} random_pool_t;

/* 16 bits from the kernel's generator (getrandom), each given away once (RFC 5452 4.3: an ID that
 * cannot be predicted). Ends the program when the kernel has none, since to go on with IDs that can
 * be guessed is no choice. */
uint16_t random_u16(random_pool_t *r);
/* A port that needs no privilege, 1024 to 65535, each as likely as any other (RFC 6056 3.2). */
uint16_t random_port(random_pool_t *r);
/* 32 bits, as random_u16. */
uint32_t random_u32(random_pool_t *r);

#endif
