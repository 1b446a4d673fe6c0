/* What the jobs of bulk share: the command line, and the list with its results. */
#ifndef CMD_BULK_H
#define CMD_BULK_H

#include <pthread.h>
#include <stdatomic.h>

#include "bulk/feed.h"
#include "bulk/flight.h"
#include "bulk/list.h"
#include "bulk/optout.h"
#include "bulk/output.h"
#include "bulk/share.h"
#include "cmd/bulk_nats.h"
#include "cmd/expect_options.h"
#include "cmd/probe_options.h"

#define BULK_THREADS_MAX 256

typedef struct bulk_args {
    probe_options_t probe;
    expect_options_t expect; /* --provider, of dkim */
    bulk_nats_t nats;
    limits_options_t limit;
    const char *file;
    const char *output;
    const char *checkpoint;
    const char *identify;
    const char *optout;
    bool query;
    bool dkim;      /* records are verified, of a CSV or of jobs */
    bool dkim_list; /* --dkim CSV */
    bool dkim_jobs; /* --dkim-jobs */
    bool resume;
    bool quiet;
    bool no_records;
    bool no_edns;
    bool dnssec;
    bool full;
    bool has_server;
    bool list_given;
    addr_t server;
    uint16_t type; /* of lines without one */
    uint32_t shard;
    uint32_t shards;
    uint32_t threads; /* 0: not given */
    uint32_t outstanding;
    uint32_t cache; /* MiB */
    bool cache_given;
} bulk_args_t;

extern const option_desc_t bulk_options[];
extern const file_desc_t bulk_files[];
/* Fills *c in. Returns 0, an exit code, or -1 when there is nothing left to do. */
int bulk_args_read(bulk_args_t *c, int argc, char **argv);

/* What a run has of the descriptors that the process may have. */
typedef struct bulk_room {
    uint32_t threads;
    unsigned handles; /* of each thread: exchanges that have a socket of their own, at a time */
    unsigned sockets; /* of each loop of questions and IP family: what all of its questions share */
} bulk_room_t;

/* One run, shared by its threads. */
typedef struct bulk_run {
    const bulk_args_t *args;
    bulk_room_t room;
    feed_t feed; /* of in and out, or of a work queue */
    list_t *in;
    output_t *out;
    limits_t *limits;         /* NULL: none */
    share_t *share;           /* NULL: nothing is shared */
    optout_t *optout;         /* NULL: nobody */
    struct bulk_table *table; /* of dkim */
    struct bulk_queue *queue; /* of --nats; in and out are NULL then */
    pthread_mutex_t take;
    _Atomic bool failed;
    _Atomic uint64_t sent;
    _Atomic uint64_t timeouts;
    _Atomic uint64_t outstanding;
    _Atomic uint64_t bad;     /* lines with an error */
    _Atomic uint64_t skipped; /* lines that the list of --opt-out forbids */
} bulk_run_t;

/* Shares the descriptors that are left among the threads; so many fewer run side by side when they
 * are few, which is said unless quiet. False, and it is said why, when not even one thread has
 * enough. To be called before anything is opened. */
bool bulk_room(const bulk_args_t *c, bulk_room_t *room);
/* A thread's work: user is the bulk_run_t. */
void *bulk_query_thread(void *user);
void *bulk_check_thread(void *user);
void *bulk_dkim_thread(void *user);

#endif
