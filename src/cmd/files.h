/* Files that a command line names: none that is written may be one that is read, or another that is
 * written. */
#ifndef CMD_FILES_H
#define CMD_FILES_H

#include <limits.h>

#include "cmd/options.h"

/* Looks at all files of a command line, before any is opened to be written. Returns 0, or
 * EXIT_USAGE with the message printed. The command line must have been read without a mistake. */
int files_check(const command_desc_t *command, int argc, char **argv);

/* Whether two paths are of one file, whatever links lead there. It need not exist yet. Devices,
 * FIFOs and folders never are: they are not overwritten. */
bool files_same(const char *a, const char *b);

/* A file that is written as a whole: beside its place, and then moved there. Gives that place,
 * which is where the links of path lead. Returns 0, or EXIT_USAGE with the message printed when
 * there is something that is no plain file. */
int files_place(const char *command, const char *option, const char *path, char out[PATH_MAX]);

#endif
