/* A NATS broker with JetStream: the connection, and the three streams of a queue. Jobs lie in a
 * work queue stream, which gives each to one worker and forgets it when it is acknowledged; results
 * and dead letters in streams that keep them.
 *
 * The client library has threads of its own and connects again by itself, without end. One broker_t
 * for the process. */
#ifndef QUEUE_BROKER_H
#define QUEUE_BROKER_H

#include <nats/nats.h>
#include <stdbool.h>
#include <stdint.h>

#define BROKER_ERROR_MAX   400
#define BROKER_SUBJECT_MAX 200
#define BROKER_NAME_MAX    64
#define BROKER_ID_MAX      128

/* All borrowed; NULL where left out. */
typedef struct broker_options {
    const char *url;     /* several, with commas; may hold user and password, or a token */
    const char *stream;  /* of jobs */
    const char *results; /* subject; STREAM.results */
    const char *dead;    /* subject; STREAM.dead */
    const char *creds;   /* file with a JWT and its seed, as nsc writes it */
    const char *nkey;    /* file with the seed of a user's key */
    const char *tls_ca;
    const char *tls_cert;
    const char *tls_key;
    int64_t remember; /* nanoseconds: how long streams that are made know the IDs of messages */
} broker_options_t;

typedef struct broker {
    natsConnection *connection;
    char stream[BROKER_NAME_MAX + 1];
    char jobs[BROKER_SUBJECT_MAX + 1]; /* subjects */
    char results[BROKER_SUBJECT_MAX + 1];
    char dead[BROKER_SUBJECT_MAX + 1];
    int64_t created; /* the stream of jobs: tells it from an earlier one of that name */
} broker_t;

/* True for a name that a stream or a consumer can have here: letters, digits, '-' and '_'. */
bool broker_is_name(const char *text);
/* True for a subject to publish to: tokens with dots between, no wildcards. */
bool broker_is_subject(const char *text);

/* What the schemes of URLs ask for. One tls:// among them is for all: the library connects to any
 * of them in turn, and must not come to speak in the clear. */
typedef enum broker_scheme { BROKER_PLAIN, BROKER_TLS, BROKER_UNKNOWN } broker_scheme_t;
broker_scheme_t broker_scheme(const char *urls);

/* Connects, and makes the streams that are not there. False with a sentence in err. */
bool broker_open(broker_t *b, const broker_options_t *o, char err[BROKER_ERROR_MAX]);
/* Ends the connection and waits until no thread of the library runs: behind it, what callbacks
 * were given may be freed. False when one still runs. To be called behind a failed broker_open,
 * too. */
bool broker_close(broker_t *b);
/* True when the library has given up the connection (credentials that are no longer good). */
bool broker_is_gone(const broker_t *b);

/* Jobs that wait and jobs in hand anywhere; and the last one's sequence. What the stream still
 * holds and its consumers have acknowledged does not count: a broker that was killed can come back
 * with jobs that are done (nats-server 2.9). False: not known now. */
bool broker_jobs(const broker_t *b, jsCtx *js, uint64_t *left, uint64_t *last);
/* The stream that keeps what is published to subject. False with a sentence in err. */
bool broker_stream_of(jsCtx *js, const char *subject, char out[BROKER_NAME_MAX + 1],
                      char err[BROKER_ERROR_MAX]);

/* IDs of messages about a job: the same for each worker, so that the broker keeps one of them. The
 * last part is the job's sequence. */
void broker_id_prefix(const broker_t *b, char out[BROKER_ID_MAX]);

/* What the library says of a failed call. */
void broker_error(char err[BROKER_ERROR_MAX], const char *what, natsStatus s, jsErrCode code);

#endif
