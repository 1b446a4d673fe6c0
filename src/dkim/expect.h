/* Expectations: records that must be published. Read from tokens, zone text, CSV or a line. */
#ifndef DKIM_EXPECT_H
#define DKIM_EXPECT_H

#include "proto/nsproto.h"

/* One record that must be published. */
typedef struct expectation {
    nsp_name_t owner;
    uint16_t type;
    uint32_t rdlen;
    uint8_t *rdata; /* canonical wire form, owned; TXT: the strings joined are what counts */
    char *origin;   /* where it was read: "token abc", "records.csv:3"; owned */
} expectation_t;

typedef struct expectations {
    size_t count;
    size_t cap;
    expectation_t *item;
} expectations_t;

void expectations_init(expectations_t *e);
void expectations_free(expectations_t *e);

#endif
