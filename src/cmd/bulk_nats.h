/* nsprobe bulk --nats: a work queue in place of a list, for more than one machine. */
#ifndef CMD_BULK_NATS_H
#define CMD_BULK_NATS_H

#include "cmd/options.h"
#include "queue/broker.h"

/* Numbers beyond those of bulk's other options. */
enum {
    BN_NATS = 500,
    BN_STREAM,
    BN_SUBMIT,
    BN_COLLECT,
    BN_COLLECT_DEAD,
    BN_DRAIN,
    BN_CONSUMER,
    BN_RESULTS,
    BN_DEAD,
    BN_MAX_DELIVER,
    BN_ACK_WAIT,
    BN_CREDS,
    BN_NKEY,
    BN_TLS_CA,
    BN_TLS_CERT,
    BN_TLS_KEY
};

/* Lines of the table of options. */
#define BULK_NATS_OPTIONS                                                                          \
    {BN_NATS, "nats", 0, NULL, "URL[,URL...]", "jobs come from a queue of this NATS broker"},      \
        {BN_STREAM, "stream", 0, NULL, "NAME", "the queue's stream; made when it is not there"},   \
        {BN_SUBMIT, "submit", 0, NULL, NULL, "put the lines of the list into the queue"},          \
        {BN_COLLECT, "collect", 0, NULL, NULL, "write the queue's results until no job is left"},  \
        {BN_COLLECT_DEAD, "collect-dead", 0, NULL, NULL, "the same of its dead letters"},          \
        {BN_DRAIN, "drain", 0, NULL, NULL, "end when the queue is empty"},                         \
        {BN_CONSUMER, "consumer", 0, NULL, "NAME", "the workers' consumer (nsprobe)"},             \
        {BN_RESULTS, "results", 0, NULL, "SUBJECT", "where results go (STREAM.results)"},          \
        {BN_DEAD, "dead", 0, NULL, "SUBJECT", "where dead letters go (STREAM.dead)"},              \
        {BN_MAX_DELIVER, "max-deliver", 0, NULL, "N", "a job's deliveries before it is dead (5)"}, \
        {BN_ACK_WAIT, "ack-wait", 0, NULL, "S", "until a silent worker's jobs go to others (30)"}, \
        {BN_CREDS, "creds", 0, NULL, "FILE", "NATS credentials: a JWT and its seed"},              \
        {BN_NKEY, "nkey", 0, NULL, "FILE", "NATS user key: its seed"},                             \
        {BN_TLS_CA, "tls-ca", 0, NULL, "FILE", "CAs that the broker's certificate may be of"},     \
        {BN_TLS_CERT, "tls-cert", 0, NULL, "FILE", "own certificate for the broker"},              \
    {                                                                                              \
        BN_TLS_KEY, "tls-key", 0, NULL, "FILE", "its key"                                          \
    }

/* Lines of the table of files. */
#define BULK_NATS_FILES                                                                            \
    READS_FILE(BN_CREDS), READS_FILE(BN_NKEY), READS_FILE(BN_TLS_CA), READS_FILE(BN_TLS_CERT),     \
        READS_FILE(BN_TLS_KEY)

typedef struct bulk_nats {
    broker_options_t broker;
    const char *consumer;
    bool submit;
    bool collect;
    bool collect_dead;
    bool drain;
    bool worker_given; /* an option that only workers have */
    uint32_t deliveries;
    int64_t ack_wait; /* nanoseconds */
} bulk_nats_t;

struct bulk_args;

/* The defaults of its options; no broker yet. */
void bulk_nats_init(bulk_nats_t *n);
/* Takes one option of the lines above. Returns 0, or EXIT_USAGE with the message printed. */
int bulk_nats_take(bulk_nats_t *n, int id, const char *value);
/* Looks for what does not go together, before a list that is not given gets its default. Returns 0
 * or EXIT_USAGE. */
int bulk_nats_check(const struct bulk_args *c);

/* --submit, --collect and --collect-dead. Returns the exit code. */
int bulk_nats_submit(const struct bulk_args *c);
int bulk_nats_collect(const struct bulk_args *c);

struct bulk_run;
/* A worker's queue, as the run's feed. Returns 0 or an exit code, with the message printed. */
int bulk_nats_open(struct bulk_run *run);
/* Ends it, and sums it up on stderr; to be called behind the run's threads, and when bulk_nats_open
 * failed. False when results could not be published. */
bool bulk_nats_close(struct bulk_run *run);

#endif
