/* Telling systemd (Type=notify, WatchdogSec): one datagram a message, as sd_notify(3) describes. */
#ifndef WATCH_SDNOTIFY_H
#define WATCH_SDNOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* The socket: a path, or a name in the abstract namespace behind '@'. False when it cannot be
 * reached; nothing depends on that. */
bool sdnotify_send(const char *socket, const char *state);

/* How often the watchdog wants to hear of us, in milliseconds: half of WATCHDOG_USEC when
 * WATCHDOG_PID is this process or not set; 0: there is none. Either may be NULL. */
int64_t sdnotify_watchdog(const char *usec, const char *pid);

#endif
