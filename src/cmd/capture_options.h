/* The options of `nsprobe capture`, read into one value. */
#ifndef CMD_CAPTURE_OPTIONS_H
#define CMD_CAPTURE_OPTIONS_H

#include "capture/pcap_out.h"
#include "capture/source_live.h"
#include "cmd/analysis.h"
#include "cmd/probe_options.h"

#define CAPTURE_DOMAINS_MAX 16
#define CAPTURE_SERVERS_MAX 4096

typedef struct capture_options {
    cap_live_options_t live;
    pcap_out_options_t out; /* path NULL: nothing is written */
    analysis_options_t analysis;
    probe_options_t probe;
    size_t domain_count;
    nsp_name_t domain[CAPTURE_DOMAINS_MAX];
    size_t server_count;
    addr_t server[CAPTURE_SERVERS_MAX]; /* of interest; none: all */
    const char *user;
    uint64_t count;   /* packets; 0: no limit */
    int64_t duration; /* nanoseconds; 0: no limit */
    bool json;
    bool verbose;
    bool quiet;
} capture_options_t;

extern const option_desc_t capture_options[];
extern const file_desc_t capture_files[];

/* Reads the command line. Returns 0, EXIT_USAGE after a message, or -1 when --help was printed.
 * Nothing is opened but what --hints names. */
int capture_parse(const command_desc_t *command, int argc, char **argv, capture_options_t *o);

#endif
