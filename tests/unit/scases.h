/* Cases of findings about DNSSEC: one thing changed in a healthy signed zone, and exactly what must
 * be found. */
#ifndef TESTS_SCASES_H
#define TESTS_SCASES_H

#include "diagnose/diagnose.h"
#include "signedworld.h"

/* The statement for the plan p of each address. */
#define ALL(w, statement)                                                                          \
    for (unsigned i_ = 0; i_ < PLACES; i_++) {                                                     \
        place_plan_t *p = &(w)->place[i_];                                                         \
        statement;                                                                                 \
    }

typedef struct scase {
    const char *name;
    void (*edit)(signedworld_t *w);
    const char *expected; /* dnssec-... findings in order, with a blank between them */
} scase_t;

/* By subject; each is ended by a NULL name. */
extern const scase_t scases_signature[];
extern const scase_t scases_denial[];
extern const scase_t scases_ds[];
extern const scase_t scases_key[];
extern const scase_t scases_copy[];

/* Case number i of all subjects; NULL behind the last. */
const scase_t *scase_at(size_t i);
/* The case of that name, which there has to be. */
const scase_t *scase_named(const char *name);
/* All that is found in a case, in the order of reports; for finding_list_free. */
void scase_run(const scase_t *c, finding_list_t *list);
/* The first finding of a kind; NULL: none. */
const finding_t *scase_first(const finding_list_t *list, finding_id_t id);

#endif
