/* Subcommands: one file each. */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include "cmd/options.h"

/* Exit codes, the same for every subcommand (docs/man/nsprobe.1.scd). */
#define EXIT_HEALTHY     0
#define EXIT_WARNINGS    1
#define EXIT_ERRORS      2
#define EXIT_UNTESTED    3
#define EXIT_USAGE       64
#define EXIT_INTERRUPTED 130

extern const command_desc_t command_bulk;
extern const command_desc_t command_capture;
extern const command_desc_t command_check;
extern const command_desc_t command_dkim;
extern const command_desc_t command_explain;
extern const command_desc_t command_history;
extern const command_desc_t command_query;
extern const command_desc_t command_replay;
extern const command_desc_t command_serve;
extern const command_desc_t command_torture;
extern const command_desc_t command_trace;
extern const command_desc_t command_watch;

#endif
