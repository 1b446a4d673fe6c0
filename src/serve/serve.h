/* Plays the scenario's servers on loopback. */
#ifndef SERVE_SERVE_H
#define SERVE_SERVE_H

#include <stdio.h>

#include "serve/scenario.h"

/* Binds every address, prints one line "ready: N addresses" to ready (may be NULL), then answers
 * until *stop becomes non-zero. log (may be NULL) gets one line a query. Returns 0, or -1 with a
 * message in err. */
int serve_run(scenario_t *s, const _Atomic int *stop, FILE *ready, FILE *log, char err[256]);

#endif
