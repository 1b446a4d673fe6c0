/* Giving up what a process that parses packets does not need: user, capabilities, system calls.
 *
 * The order of a capture: open the interface (privileged), sandbox_drop(), anything that needs
 * sockets, open what will be read or written, sandbox_lock(), and only then parse the first packet.
 * After sandbox_lock() nothing can be connected, executed or traced: whatever tries is killed.
 * Opening a file fails with EACCES instead, since the C library tries that of its own accord (time
 * zones, heap settings) and goes on without. */
#ifndef CAPTURE_SANDBOX_H
#define CAPTURE_SANDBOX_H

#include <stdbool.h>

#define SANDBOX_ERROR_MAX 200

/* What the locked process still has to do: bits. */
#define SANDBOX_FILES   0u /* use what is open, memory, threads and clocks */
#define SANDBOX_LIVE    1u /* read a packet socket and its counters */
#define SANDBOX_RECEIVE 2u /* be given files to write by a helper (pcap_out.h) */

/* Becomes user ("nobody" when NULL) with its group and no other when the process is root; gives up
 * every capability, also of the bounding set as far as allowed; no program started later can gain
 * any (no_new_privs). False with a sentence in error: the caller must not go on. */
bool sandbox_drop(const char *user, char error[SANDBOX_ERROR_MAX]);

/* Allows the system calls named above and nothing else, for all threads of the process and those
 * still to be started: any other call ends the process (SIGSYS). A build with a sanitizer, which
 * needs more, says so on stderr and goes on unlocked. False with a sentence in error. */
bool sandbox_lock(unsigned needs, char error[SANDBOX_ERROR_MAX]);

/* False in a build with a sanitizer: sandbox_lock() then locks nothing. */
bool sandbox_can_lock(void);

#endif
