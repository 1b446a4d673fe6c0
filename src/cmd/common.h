/* What several subcommands share: reading arguments, signals, files. */
#ifndef CMD_COMMON_H
#define CMD_COMMON_H

#include <stddef.h>

#include "probe/engine.h"
#include "probe/resolvconf.h"
#include "proto/nsproto.h"
#include "serve/fault.h"

/* Becomes non-zero when SIGINT or SIGTERM arrives. Only main's signal handler writes it; all
 * threads read it, which sig_atomic_t would not allow (C17 5.1.2.3: a lock-free atomic is good for
 * both). */
extern _Atomic int stop_requested;

/* Becomes non-zero when SIGHUP arrives, once common_catch_reload was called; set it to 0 again. */
extern _Atomic int reload_requested;
void common_catch_reload(void);

/* Installs the handlers for SIGINT and SIGTERM; a second signal ends the program at once. */
void common_catch_signals(void);

/* A domain name from the command line: presentation format, or an internationalised name
 * (converted by libidn2, RFC 5891). False with a sentence in err. */
bool common_name(const char *text, nsp_name_t *out, char err[200]);

/* The same for a domain, which is no URL, no address and no address for mail. */
bool common_domain(const char *text, nsp_name_t *out, char err[200]);

/* Reads a whole file of text ("-": standard input), at most 64 MiB, without a byte order mark. NULL
 * with a sentence in err. The caller frees it; a NUL stands behind its end. */
char *common_read_file(const char *path, size_t *len, char err[300]);

/* As many files may be open as the system lets this process have: most systems allow few at first,
 * for the sake of programs that know no better (select(2)). */
void common_raise_files(void);

/* Why no socket can be bound to the address: an errno value; 0 when one can. */
int common_bind_error(const addr_t *source);
/* How long each try waits: "S" for all tries, or one value a try as in "1,2,4", which then sets
 * their number too. */
bool common_waits(const char *value, schedule_t *s);

/* The value of an option that is a time, seconds since 1970, as when_parse reads it. Returns 0, or
 * EXIT_USAGE with the message printed. */
int common_time(const char *command, const char *option, const char *value, int64_t *seconds);

/* The fault named by --only. False after telling of the usage error of a command, with the nearest
 * name that there is. */
bool common_fault(const char *command, const char *value, fault_id_t *out);

/* The system's resolvers (/etc/resolv.conf). Returns their number, 0 when there are none. */
size_t common_resolvers(addr_t out[RESOLVCONF_MAX]);

#endif
