/* Datagrams that wait for their time. The clock, and its unit, are the caller's. */
#ifndef SERVE_LATER_H
#define SERVE_LATER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define LATER_MAX 1024

typedef struct later {
    int64_t due;
    int fd;
    struct sockaddr_storage to;
    socklen_t to_len;
    uint8_t *bytes;
    size_t size;
} later_t;

typedef struct later_queue {
    size_t count;
    later_t item[LATER_MAX]; /* bytes are owned; in no order */
} later_queue_t;

/* Sends a datagram when it is due: now, if its time has come or LATER_MAX others wait. Its bytes
 * stay the caller's, and are copied if they have to wait; without memory it is lost, as datagrams
 * may be. */
void later_send(later_queue_t *q, const later_t *l, int64_t now);
/* Sends what is due. */
void later_flush(later_queue_t *q, int64_t now);
/* When the first one is due; INT64_MAX when none waits. */
int64_t later_due(const later_queue_t *q);
/* Forgets all of them. */
void later_clear(later_queue_t *q);

#endif
