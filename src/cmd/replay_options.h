/* The options of `nsprobe replay`, read into one value. */
#ifndef CMD_REPLAY_OPTIONS_H
#define CMD_REPLAY_OPTIONS_H

#include "cmd/analysis.h"
#include "cmd/fail_options.h"
#include "cmd/options.h"
#include "cmd/side_file.h"
#include "probe/requery.h"

#define REPLAY_LADDERS_MAX 64

typedef struct replay_options {
    const char **file; /* owned; the words stay argv's */
    size_t file_count;
    const char *bpf;
    analysis_options_t analysis;
    flow_patience_t patience;
    bool exchanges;
    size_t ladder_count;
    uint64_t ladder[REPLAY_LADDERS_MAX];
    side_file_t page;
    fail_options_t fail;
    bool json;
    bool verbose;
    bool quiet;
    size_t top;
    bool top_given;
    /* --queries */
    bool queries;
    bool to_given;
    int for_queries; /* an option that nothing else uses; 0: none is given */
    bool slow_given; /* one that --queries does not use */
    requery_options_t requery;
} replay_options_t;

extern const option_desc_t replay_options[];
extern const file_desc_t replay_file_uses[];

/* Reads the command line. Returns 0, EXIT_USAGE after a message, or -1 when --help was printed.
 * Nothing is opened. The caller frees o->file. */
int replay_parse(const command_desc_t *command, int argc, char **argv, replay_options_t *o);

#endif
