/* Cases of diagnosis: a plan, and exactly what must be found. */
#ifndef TESTS_XCASES_H
#define TESTS_XCASES_H

#include "xbuild.h"

/* One case: a finding that must appear, or that must not although the case comes close. */
typedef struct xcase {
    finding_id_t about;
    bool present;
    const char *name;
    void (*edit)(xlab_t *x);
    const char *expected; /* every finding of the list, in order: IDs with spaces between */
} xcase_t;

/* Groups of cases by what they edit; ended by a NULL name. */
extern const xcase_t xcases_zone[];
extern const xcase_t xcases_reach[];
extern const xcase_t xcases_address[];

#endif
