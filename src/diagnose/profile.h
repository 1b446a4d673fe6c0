/* Profiles: a severity for each finding, in one readable file (data/profile.conf). */
#ifndef DIAGNOSE_PROFILE_H
#define DIAGNOSE_PROFILE_H

#include "diagnose/finding.h"

/* One finding's severity in a profile: one of severity_t, or these. */
#define PROFILE_UNCHANGED (-1) /* what diagnosis says */
#define PROFILE_IGNORE    (-2) /* the finding is not to be told */

typedef struct profile {
    int severity[FINDING_COUNT];
} profile_t;

/* The first mistake of a profile. */
typedef struct profile_error {
    unsigned line;
    char text[160];
} profile_error_t;

/* A profile that changes nothing. */
void profile_init(profile_t *p);
/* Reads lines "ID SEVERITY", SEVERITY being error, warning, notice, info or ignore; '#' begins a
 * comment. A line that gives a finding its usual severity changes nothing, also where a case raises
 * or lowers it. Lines add to what is in p; the last one for a finding holds. False with *err. */
bool profile_read(profile_t *p, const char *text, size_t len, profile_error_t *err);
/* Changes and removes findings, and sorts what is left. */
void profile_apply(const profile_t *p, finding_list_t *list);

/* The finding with this ID, in either case. False when there is none. */
bool finding_by_id(const char *id, finding_id_t *out);
/* The severity with this name. False when there is none. */
bool severity_by_name(const char *name, severity_t *out);

#endif
