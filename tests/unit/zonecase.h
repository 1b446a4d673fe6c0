/* Whole checks of small Internets (fakezone.h), and what is said of them in words. */
#ifndef TESTS_ZONECASE_H
#define TESTS_ZONECASE_H

/* One Internet: the top-level domain test, the zone zone.test and what is beside it. */
typedef struct zonecase {
    const char *name;
    const char *parent; /* records of test, beside those of its own servers */
    const char *world;  /* zones and addresses: the text of a scenario */
    const char *say[8]; /* NULL-ended: each must be in what is told */
    const char *never[6];
} zonecase_t;

/* Fails the test when something else is told. The findings are told in lines:
 *   SEVERITY ID [SERVER ADDRESS] <- ID [SERVER ADDRESS]: WHY
 *     TEXT
 *     fix: FIX
 * The part behind the arrow is the cause of a finding that has one. */
void zonecase_check(const zonecase_t *c);
/* The same with a second server of test, whose copy is older and has other records (parent2; NULL:
 * there is none). */
void zonecase_check_two(const zonecase_t *c, const char *parent2);

#endif
