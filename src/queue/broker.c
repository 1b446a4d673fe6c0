#include "queue/broker.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "queue/nkey.h"

#define SERVERS_MAX     16
#define URL_MAX         2048
#define RECONNECT_WAIT  250  /* milliseconds */
#define CONNECT_TIMEOUT 5000 /* milliseconds */
#define CLOSE_TIMEOUT   5000 /* milliseconds */

bool broker_is_name(const char *text)
{
    size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
    return n > 0 && n <= BROKER_NAME_MAX && text[n] == '\0';
}

bool broker_is_subject(const char *text)
{
    size_t n = strlen(text);
    if (n == 0 || n > BROKER_SUBJECT_MAX || text[0] == '.' || text[n - 1] == '.' ||
        strstr(text, "..") != NULL)
        return false;
    for (size_t i = 0; i < n; i++)
        if (text[i] <= ' ' || text[i] > '~' || text[i] == '*' || text[i] == '>')
            return false;
    return true;
}

/* The scheme of the URL that text begins with, up to "://"; empty: it has none. */
static size_t scheme_of(const char *text)
{
    size_t n = strcspn(text, ":,@");
    return strncmp(text + n, "://", 3) == 0 ? n : 0;
}

broker_scheme_t broker_scheme(const char *urls)
{
    broker_scheme_t all = BROKER_PLAIN;
    for (const char *at = urls; *at != '\0'; at += *at == ',') {
        at += strspn(at, " ");
        size_t n = scheme_of(at);
        if (n == 3 && strncasecmp(at, "tls", n) == 0)
            all = BROKER_TLS;
        else if (n > 0 && (n != 4 || strncasecmp(at, "nats", n) != 0))
            return BROKER_UNKNOWN;
        at += strcspn(at, ",");
    }
    return all;
}

void broker_error(char err[BROKER_ERROR_MAX], const char *what, natsStatus s, jsErrCode code)
{
    natsStatus last = NATS_OK;
    const char *text = nats_GetLastError(&last);
    if (text == NULL || last != s || text[0] == '\0')
        text = natsStatus_GetText(s);
    /* "(file:line): ", which is of the library's source */
    const char *behind = text[0] == '(' ? strstr(text, "): ") : NULL;
    if (behind != NULL)
        text = behind + 3;
    if (code != 0)
        snprintf(err, BROKER_ERROR_MAX, "%s: %s (%d)", what, text, (int)code);
    else
        snprintf(err, BROKER_ERROR_MAX, "%s: %s", what, text);
}

/* --- the connection --- */

static natsStatus set_servers(natsOptions *o, const char *urls)
{
    char text[URL_MAX];
    const char *server[SERVERS_MAX];
    int count = 0;
    char *rest = NULL;
    if (strlen(urls) >= sizeof text)
        return NATS_INVALID_ARG;
    snprintf(text, sizeof text, "%s", urls);
    for (char *s = strtok_r(text, ",", &rest); s != NULL; s = strtok_r(NULL, ",", &rest)) {
        if (count == SERVERS_MAX)
            return NATS_INVALID_ARG;
        server[count++] = s;
    }
    return count > 0 ? natsOptions_SetServers(o, server, count) : NATS_INVALID_ARG;
}

static natsStatus set_tls(natsOptions *n, const broker_options_t *o)
{
    /* the library takes no notice of the scheme, and would speak in the clear. It compares the name
     * in the certificate, and knows the system's CAs, by itself. */
    if (o->tls_ca == NULL && o->tls_cert == NULL && broker_scheme(o->url) != BROKER_TLS)
        return NATS_OK;
    natsStatus s = natsOptions_SetSecure(n, true);
    if (s == NATS_OK && o->tls_ca != NULL)
        s = natsOptions_LoadCATrustedCertificates(n, o->tls_ca);
    if (s == NATS_OK && o->tls_cert != NULL)
        s = natsOptions_LoadCertificatesChain(n, o->tls_cert, o->tls_key);
    return s;
}

static bool set_credentials(natsOptions *n, const broker_options_t *o, char err[BROKER_ERROR_MAX])
{
    char key[NKEY_PUBLIC_MAX];
    natsStatus s = NATS_OK;
    if (o->nkey != NULL) {
        if (!nkey_public_of_file(o->nkey, key)) {
            snprintf(err, BROKER_ERROR_MAX, "--nkey %.200s: not a file with the seed of a user",
                     o->nkey);
            return false;
        }
        s = natsOptions_SetNKeyFromSeed(n, key, o->nkey);
    } else if (o->creds != NULL) {
        FILE *f = fopen(o->creds, "rbe");
        if (f == NULL) {
            snprintf(err, BROKER_ERROR_MAX, "--creds %.200s: cannot be read", o->creds);
            return false;
        }
        fclose(f);
        s = natsOptions_SetUserCredentialsFromFiles(n, o->creds, NULL);
    }
    if (s != NATS_OK)
        broker_error(err, "credentials", s, 0);
    return s == NATS_OK;
}

/* Without it the library prints to stderr on its own. Lost connections show where they matter: an
 * acknowledgement that does not come. */
static void ignore_error(natsConnection *nc, natsSubscription *sub, natsStatus s, void *user)
{
    (void)nc;
    (void)sub;
    (void)s;
    (void)user;
}

static bool connect_to(broker_t *b, const broker_options_t *o, char err[BROKER_ERROR_MAX])
{
    natsOptions *n = NULL;
    natsStatus s = natsOptions_Create(&n);
    if (s == NATS_OK)
        s = set_servers(n, o->url);
    if (s == NATS_OK)
        s = natsOptions_SetName(n, "nsprobe bulk");
    if (s == NATS_OK)
        s = natsOptions_SetTimeout(n, CONNECT_TIMEOUT);
    if (s == NATS_OK)
        s = natsOptions_SetMaxReconnect(n, -1);
    if (s == NATS_OK)
        s = natsOptions_SetReconnectWait(n, RECONNECT_WAIT);
    if (s == NATS_OK)
        s = natsOptions_SetErrorHandler(n, ignore_error, NULL);
    if (s == NATS_OK)
        s = set_tls(n, o);
    if (s != NATS_OK)
        broker_error(err, "options of the connection", s, 0);
    else if (set_credentials(n, o, err) &&
             (s = natsConnection_Connect(&b->connection, n)) != NATS_OK)
        broker_error(err, "cannot connect", s, 0);
    natsOptions_Destroy(n);
    return b->connection != NULL;
}

/* --- streams --- */

static bool make_stream(jsCtx *js, const char *name, const char *subject, bool queue,
                        int64_t remember, char err[BROKER_ERROR_MAX])
{
    jsStreamConfig c;
    jsErrCode code = 0;
    char what[BROKER_NAME_MAX + 32];
    jsStreamConfig_Init(&c);
    c.Name = name;
    c.Subjects = &subject;
    c.SubjectsLen = 1;
    c.Retention = queue ? js_WorkQueuePolicy : js_LimitsPolicy;
    c.Storage = js_FileStorage;
    c.Duplicates = remember;
    natsStatus s = js_AddStream(NULL, js, &c, NULL, &code);
    /* another worker may have been faster, or the subject is kept by a stream of another name */
    if (s == NATS_OK || code == JSStreamNameExistErr ||
        (!queue && code == JSStreamSubjectOverlapErr))
        return true;
    snprintf(what, sizeof what, "stream %s cannot be made", name);
    broker_error(err, what, s, code);
    return false;
}

static bool read_stream(broker_t *b, const jsStreamInfo *si, char err[BROKER_ERROR_MAX])
{
    const char *subject = si->Config->SubjectsLen > 0 ? si->Config->Subjects[0] : "";
    if (si->Config->Retention != js_WorkQueuePolicy)
        snprintf(err, BROKER_ERROR_MAX, "stream %s is there and is no work queue", b->stream);
    else if (!broker_is_subject(subject))
        snprintf(err, BROKER_ERROR_MAX, "stream %s has no subject without wildcards", b->stream);
    else {
        snprintf(b->jobs, sizeof b->jobs, "%s", subject);
        b->created = si->Created;
        return true;
    }
    return false;
}

static bool open_jobs(broker_t *b, jsCtx *js, int64_t remember, char err[BROKER_ERROR_MAX])
{
    jsStreamInfo *si = NULL;
    jsErrCode code = 0;
    char what[BROKER_NAME_MAX + 32];
    natsStatus s = js_GetStreamInfo(&si, js, b->stream, NULL, &code);
    if (s == NATS_NOT_FOUND) {
        if (!make_stream(js, b->stream, b->jobs, true, remember, err))
            return false;
        s = js_GetStreamInfo(&si, js, b->stream, NULL, &code);
    }
    if (s != NATS_OK) {
        snprintf(what, sizeof what, "stream %s", b->stream);
        broker_error(err, what, s, code);
        return false;
    }
    bool good = read_stream(b, si, err);
    jsStreamInfo_Destroy(si);
    return good;
}

static bool open_kept(const broker_t *b, jsCtx *js, const char *suffix, const char *subject,
                      int64_t remember, char err[BROKER_ERROR_MAX])
{
    char name[BROKER_NAME_MAX + 16];
    char found[BROKER_NAME_MAX + 1];
    if (broker_stream_of(js, subject, found, err))
        return true;
    snprintf(name, sizeof name, "%s_%s", b->stream, suffix);
    if (!make_stream(js, name, subject, false, remember, err))
        return false;
    if (broker_stream_of(js, subject, found, err))
        return true;
    snprintf(err, BROKER_ERROR_MAX, "stream %s is there and does not keep %s", name, subject);
    return false;
}

bool broker_stream_of(jsCtx *js, const char *subject, char out[BROKER_NAME_MAX + 1],
                      char err[BROKER_ERROR_MAX])
{
    jsStreamNamesList *list = NULL;
    jsErrCode code = 0;
    jsOptions o;
    jsOptions_Init(&o);
    o.Stream.Info.SubjectsFilter = subject;
    natsStatus s = js_StreamNames(&list, js, &o, &code);
    bool good = s == NATS_OK && list->Count > 0 && strlen(list->List[0]) <= BROKER_NAME_MAX;
    if (good)
        snprintf(out, BROKER_NAME_MAX + 1, "%s", list->List[0]);
    else
        snprintf(err, BROKER_ERROR_MAX, "no stream keeps what is published to %s", subject);
    jsStreamNamesList_Destroy(list);
    return good;
}

bool broker_open(broker_t *b, const broker_options_t *o, char err[BROKER_ERROR_MAX])
{
    jsCtx *js = NULL;
    memset(b, 0, sizeof *b);
    snprintf(b->stream, sizeof b->stream, "%s", o->stream);
    snprintf(b->jobs, sizeof b->jobs, "%s.jobs", o->stream);
    snprintf(b->results, sizeof b->results, "%s%s", o->results != NULL ? o->results : o->stream,
             o->results != NULL ? "" : ".results");
    snprintf(b->dead, sizeof b->dead, "%s%s", o->dead != NULL ? o->dead : o->stream,
             o->dead != NULL ? "" : ".dead");
    if (!connect_to(b, o, err))
        return false;
    natsStatus s = natsConnection_JetStream(&js, b->connection, NULL);
    bool good = s == NATS_OK;
    if (!good)
        broker_error(err, "JetStream", s, 0);
    good = good && open_jobs(b, js, o->remember, err) &&
           open_kept(b, js, "RESULTS", b->results, o->remember, err) &&
           open_kept(b, js, "DEAD", b->dead, o->remember, err);
    jsCtx_Destroy(js);
    return good;
}

bool broker_close(broker_t *b)
{
    natsConnection_Close(b->connection);
    natsConnection_Destroy(b->connection);
    b->connection = NULL;
    return nats_CloseAndWait(CLOSE_TIMEOUT) == NATS_OK;
}

bool broker_is_gone(const broker_t *b)
{
    return natsConnection_IsClosed(b->connection);
}

/* What the consumers of the stream have not acknowledged. False: there is none, or it is not known.
 */
static bool unacknowledged(const broker_t *b, jsCtx *js, uint64_t *left)
{
    jsConsumerInfoList *list = NULL;
    jsErrCode code = 0;
    uint64_t sum = 0;
    bool good = js_Consumers(&list, js, b->stream, NULL, &code) == NATS_OK && list->Count > 0;
    for (int i = 0; good && i < list->Count; i++)
        sum += list->List[i]->NumPending + (uint64_t)list->List[i]->NumAckPending;
    jsConsumerInfoList_Destroy(list);
    if (good)
        *left = sum;
    return good;
}

bool broker_jobs(const broker_t *b, jsCtx *js, uint64_t *left, uint64_t *last)
{
    jsStreamInfo *si = NULL;
    jsErrCode code = 0;
    if (js_GetStreamInfo(&si, js, b->stream, NULL, &code) != NATS_OK)
        return false;
    *left = si->State.Msgs;
    *last = si->State.LastSeq;
    jsStreamInfo_Destroy(si);
    if (*left > 0)
        (void)unacknowledged(b, js, left);
    return true;
}

void broker_id_prefix(const broker_t *b, char out[BROKER_ID_MAX])
{
    snprintf(out, BROKER_ID_MAX, "%s.%" PRIx64, b->stream, (uint64_t)b->created);
}
