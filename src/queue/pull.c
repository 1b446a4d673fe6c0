#include "queue/pull.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "queue/clock.h"

#define MS   INT64_C(1000000)
#define LATE (100 * MS) /* messages of a request that has ended may still be on their way */
#define MORE 5          /* milliseconds to wait for the next message when there is one */

natsStatus pull_open(pull_t *p, natsConnection *c, const char *stream, const char *consumer)
{
    natsInbox *inbox = NULL;
    memset(p, 0, sizeof *p);
    p->connection = c;
    snprintf(p->subject, sizeof p->subject, "$JS.API.CONSUMER.MSG.NEXT.%s.%s", stream, consumer);
    natsStatus s = natsInbox_Create(&inbox);
    if (s == NATS_OK) {
        snprintf(p->inbox, sizeof p->inbox, "%s", inbox);
        s = natsConnection_SubscribeSync(&p->sub, c, p->inbox);
    }
    natsInbox_Destroy(inbox);
    return s;
}

void pull_close(pull_t *p)
{
    natsSubscription_Destroy(p->sub);
    p->sub = NULL;
}

static natsStatus request(pull_t *p, size_t count, int64_t wait)
{
    char text[80];
    int n = snprintf(text, sizeof text, "{\"batch\":%zu,\"expires\":%" PRId64 "}", count, wait);
    p->wanted = count;
    p->until = clock_now() + wait;
    return natsConnection_PublishRequest(p->connection, p->subject, p->inbox, text, n);
}

/* A message that is no job: the request is over. NATS_OK: it is a job. */
static natsStatus status_of(natsMsg *m)
{
    const char *status = NULL;
    if (natsMsg_IsNoResponders(m))
        return NATS_NO_RESPONDERS;
    if (natsMsg_GetDataLength(m) > 0 || natsMsg_GetReply(m) != NULL ||
        natsMsgHeader_Get(m, "Status", &status) != NATS_OK)
        return NATS_OK;
    /* 404 no messages, 408 the time is over, 409 the consumer is gone or its limits are reached */
    return strcmp(status, "404") == 0 || strcmp(status, "408") == 0 ? NATS_TIMEOUT : NATS_ERR;
}

natsStatus pull_fetch(pull_t *p, natsMsg **out, size_t max, int64_t wait, size_t *count)
{
    natsStatus s = NATS_OK;
    int64_t until = clock_now() + wait;
    *count = 0;
    if (max > 0 && (p->wanted == 0 || clock_now() > p->until + LATE)) {
        uint64_t queued = 0;
        (void)natsSubscription_QueuedMsgs(p->sub, &queued);
        if (queued < max)
            s = request(p, max - (size_t)queued, wait);
    }
    while (s == NATS_OK && *count < max) {
        natsMsg *m = NULL;
        int64_t left = (until - clock_now()) / MS;
        s = natsSubscription_NextMsg(&m, p->sub, *count > 0 ? MORE : left > 0 ? left : 1);
        if (s != NATS_OK)
            break;
        s = status_of(m);
        if (s == NATS_OK) {
            out[(*count)++] = m;
            p->wanted -= p->wanted > 0;
        } else {
            natsMsg_Destroy(m);
            p->wanted = 0;
        }
    }
    return *count > 0 ? NATS_OK : s == NATS_OK ? NATS_TIMEOUT : s;
}

void pull_tell(natsConnection *c, const natsMsg *m, pull_tell_t what)
{
    static const char *const word[] = {"+ACK", "-NAK", "-NAK {\"delay\":2000000000}", "+WPI",
                                       "+TERM"};
    const char *reply = natsMsg_GetReply(m);
    if (reply != NULL)
        (void)natsConnection_PublishString(c, reply, word[what]);
}
