/* The command line of `nsprobe watch`, read into one value. */
#ifndef CMD_WATCH_OPTIONS_H
#define CMD_WATCH_OPTIONS_H

#include "cmd/expect_options.h"
#include "cmd/probe_options.h"
#include "probe/dkim.h"
#include "watch/target.h"
#include "watch/watch.h"

#define WATCH_EXEC_ARGS_MAX 64
#define WATCH_PATH_CAP      4096

typedef struct watch_args {
    probe_options_t probe;
    expect_options_t expect;
    dkim_options_t dkim;
    watch_settings_t settings; /* defaults of every domain */
    watch_options_t watch;
    bool has_domain;
    nsp_name_t domain;
    const char *config;
    const char *db;
    char default_db[WATCH_PATH_CAP];
    size_t exec_count;
    char *exec[WATCH_EXEC_ARGS_MAX + 1]; /* ended by NULL */
    int64_t exec_timeout;                /* milliseconds */
    bool listens;
    addr_t listen;
    const char *textfile;
    int64_t at; /* milliseconds since 1970 that the clock says; 0: its own time */
    bool json;
    bool verbose;
    bool quiet;
} watch_args_t;

extern const option_desc_t watch_options_table[];
extern const file_desc_t watch_files[];

/* Reads the command line. Returns 0, an exit code after a message, or -1 when there is nothing left
 * to do. watch_args_free in any case. */
int watch_args_read(watch_args_t *c, const command_desc_t *command, int argc, char **argv);
void watch_args_free(watch_args_t *c);

/* The domains of the command line, or of the configuration file as it is now. Returns 0, or
 * EXIT_USAGE with the message printed. */
int watch_args_targets(const watch_args_t *c, watch_targets_t *out);

#endif
