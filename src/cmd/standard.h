/* Standard input, output and error: kept apart from files, and what cannot be written is told. */
#ifndef CMD_STANDARD_H
#define CMD_STANDARD_H

#include <stdbool.h>

/* Takes the places of descriptors 0 to 2 that are closed, so that no file of ours comes to stand
 * there and gets what is printed. Reading or writing them is an error all the same. When the reader
 * of standard output goes away, what is printed is thrown away from then on, and no error. */
void standard_keep(void);

/* Whether the reader of standard output went away: who writes for it alone may end. */
bool standard_gone(void);

/* Whether something that was printed is lost. */
bool standard_lost(void);
/* Tells that something is lost, once however often it is called. */
void standard_complain(const char *command);
/* The end of a command that would exit with rc: writes what is left. Returns rc, or EXIT_UNTESTED
 * with the message printed when something is lost. */
int standard_end(const char *command, int rc);

#endif
