/* Well-formed messages of many kinds, octet by octet, for the tests of the codec. */
#ifndef TESTS_UNIT_MESSAGES_H
#define TESTS_UNIT_MESSAGES_H

#include <stddef.h>
#include <stdint.h>

typedef struct message {
    const char *name;
    const uint8_t *wire;
    size_t size;
} message_t;

extern const message_t good_messages[];
extern const size_t good_message_count;

#endif
