/* Messages changed at random along their structure: a record more or less, another type with sound
 * RDATA, a count or a length that lies, a pointer bent. What a fuzzer that only knows octets finds
 * by chance, this does at each step.
 *
 * Used by fuzzing, by servers that are to surprise their clients, and by tests. */
#ifndef NSPROTO_MUTATE_H
#define NSPROTO_MUTATE_H

#include "generate.h"
#include "message.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(identifier, "name") */
#define NSP_MUTATIONS(X)                                                                           \
    X(RETYPE, "retype")       /* a record becomes one of another type, with sound RDATA */         \
    X(ADD_RECORD, "add")      /* a record more, at the end of its section */                       \
    X(DUPLICATE, "duplicate") /* a record twice */                                                 \
    X(REMOVE, "remove")       /* a record less */                                                  \
    X(COUNT_LIES, "count")    /* a count of the header lies */                                     \
    X(RDLENGTH, "rdlength")   /* an RDLENGTH lies */                                               \
    X(POINTER, "pointer")     /* an owner becomes a pointer to anywhere */                         \
    X(OWNER, "owner")         /* an owner becomes another name */                                  \
    X(HEADER, "header")       /* a bit of the flags, opcode and rcode included, is turned */       \
    X(FIELD, "field")         /* octets of some RDATA become the ends of a range */                \
    X(OPTION, "option")       /* an EDNS option more, its length perhaps a lie */                  \
    X(LABEL, "label")         /* the length of a label lies */                                     \
    X(TTL, "ttl")             /* class or TTL of a record change */                                \
    X(CUT, "cut")             /* the message ends early */                                         \
    X(OCTET, "octet")         /* any octet changes */                                              \
    X(MANGLE, "mangle")       /* one of the kinds of mangle.h */

typedef enum nsp_mutation {
#define X(ident, name) NSP_MUTATION_##ident,
    NSP_MUTATIONS(X)
#undef X
        NSP_MUTATION_COUNT
} nsp_mutation_t;

/* Stable name of the kind; "" for no kind. Never freed. */
NSP_API const char *nsp_mutation_name(nsp_mutation_t kind);

/* Changes the message in buf[0..*size) in one random way, in place; any octets will do, the better
 * it can be indexed the more ways there are. At most cap octets result. The same octets and the
 * same random give the same result everywhere. Returns what was done; where a way is not possible
 * (no record, no room) another is taken. */
NSP_API nsp_mutation_t nsp_mutate(uint8_t *buf, size_t *size, size_t cap, nsp_random_t *random);

#ifdef __cplusplus
}
#endif
#endif
