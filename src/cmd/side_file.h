/* A file that a command writes beside its report, as the option says: --html FILE, --log FILE. */
#ifndef CMD_SIDE_FILE_H
#define CMD_SIDE_FILE_H

#include <stdio.h>

typedef struct side_file {
    const char *path; /* NULL: none */
    FILE *file;       /* between begin and end */
} side_file_t;

/* Opens it before anything is sent or read. option, without its hyphens, is for messages. Returns
 * 0, or EXIT_USAGE with the message printed. */
int side_file_begin(side_file_t *f, const char *option, const char *command);
/* Closes it. Returns 0, or EXIT_UNTESTED with the message printed when it could not be written. */
int side_file_end(side_file_t *f, const char *option, const char *command);

#endif
