/* Telling a command about a change: an argument vector, no shell, JSON on its standard input. */
#ifndef WATCH_NOTIFY_H
#define WATCH_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NOTIFY_ERROR_MAX 300

/* Whether notify_run would find the command: a path, or a name that is looked for in PATH. Returns
 * 0, or the errno value that says why it cannot be run. */
int notify_find(const char *command);

/* Runs argv (ended by NULL; argv[0] is looked for in PATH) with message as its standard input, and
 * waits for its end: at most timeout milliseconds, or until cancel (a descriptor, or -1) becomes
 * readable. Its standard output goes to our standard error, no other descriptor is passed on, its
 * signals are as new, and it leads a process group of its own, all of which is killed when time is
 * over. True when it ended with status 0; otherwise err says what happened. */
bool notify_run(char *const *argv, const char *message, size_t size, int64_t timeout, int cancel,
                char err[NOTIFY_ERROR_MAX]);

#endif
