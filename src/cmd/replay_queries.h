/* `nsprobe replay --queries`: recorded questions asked again. */
#ifndef CMD_REPLAY_QUERIES_H
#define CMD_REPLAY_QUERIES_H

#include "cmd/replay_options.h"

/* Returns the exit code. */
int replay_queries(const replay_options_t *o);

#endif
