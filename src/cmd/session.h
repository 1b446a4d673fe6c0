/* What commands that probe or diagnose share around their run: progress, colour, exit code, pcap.
 */
#ifndef CMD_SESSION_H
#define CMD_SESSION_H

#include <stdio.h>

#include "diagnose/finding.h"
#include "net/net.h"

/* True when fd is a terminal that knows colours and ways to move: TERM says which it is, and it is
 * not "dumb". */
bool session_terminal(int fd);
/* Its size; 24 rows of 80 columns when it has none. */
void session_terminal_size(int fd, size_t *rows, size_t *columns);

/* Replaces the progress line on stderr, as far as the terminal is wide. */
void session_progress_show(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same for check_options_t.progress; user is not used. */
void session_progress(void *user, const model_t *m, size_t done, size_t outstanding);
/* Whether there is to be one: stderr is such a terminal. */
bool session_wants_progress(bool quiet);
/* The same of a command that prints while it runs: not when that goes to a terminal as well. */
bool session_wants_progress_beside(bool quiet);
/* Removes the line. */
void session_progress_end(void);

/* Whether text on stdout is coloured: it is such a terminal, and NO_COLOR is not set. */
bool session_colour(void);

/* What a run lacked that ended with an error, as in "..., and so it ended". */
const char *session_lack(net_err_t err);

/* The exit code of what was found: EXIT_INTERRUPTED, EXIT_UNTESTED, or by the worst finding. */
int session_exit(const finding_list_t *list, const exchange_set_t *set, bool interrupted);

/* --pcap FILE. begin: opens path (NULL: none wanted, *out is NULL); returns 0, or EXIT_USAGE with
 * the message printed. write: adds a set; returns 0, or EXIT_UNTESTED with the message printed.
 * end: closes; the same. */
int session_pcap_begin(const char *command, const char *path, FILE **out);
int session_pcap_write(const char *command, const char *path, FILE *pcap,
                       const exchange_set_t *set);
int session_pcap_end(const char *command, const char *path, FILE *pcap);

#endif
