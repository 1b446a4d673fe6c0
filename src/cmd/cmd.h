/* Subcommands: one file each. */
#ifndef CMD_CMD_H
#define CMD_CMD_H

/* Exit codes, the same for every subcommand (docs/man/nsprobe.1.scd). */
#define EXIT_HEALTHY     0
#define EXIT_WARNINGS    1
#define EXIT_ERRORS      2
#define EXIT_UNTESTED    3
#define EXIT_USAGE       64
#define EXIT_INTERRUPTED 130

/* argv[0] is the subcommand's name. */
int cmd_query(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_trace(int argc, char **argv);

#endif
