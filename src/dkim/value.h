/* Values as they are compared and shown: the octets of a name with dots between its labels, the
 * joined strings of a TXT record, or the presentation format of anything else. */
#ifndef DKIM_VALUE_H
#define DKIM_VALUE_H

#include "dkim/expect.h"

typedef enum value_kind { VALUE_NAME, VALUE_TEXT, VALUE_RECORD } value_kind_t;

#define VALUE_NAME_ROOM NSP_NAME_TEXT_MAX /* octets that those of a name have */

typedef struct value {
    value_kind_t kind;
    char *octets; /* owned; ends with NUL, may have others */
    size_t len;
    bool has_name;
    nsp_name_t name; /* the first name of the RDATA, when there is one */
} value_t;

/* False when memory is out; v is then nothing to free. */
bool value_of_record(value_t *v, const nsp_msg_t *m, const nsp_rr_t *rr);
bool value_of_expectation(value_t *v, const expectation_t *e);
/* The first name of a value alone. v->has_name must be set. */
bool value_of_name(value_t *out, const value_t *v);
void value_free(value_t *v);

/* Whether all octets are the same; names without regard to case. */
bool value_same_octets(const value_t *v, const char *a, const char *b, size_t len);

#endif
