/* Metrics and health over HTTP (libmicrohttpd), on a thread of its own. */
#ifndef WATCH_HTTP_H
#define WATCH_HTTP_H

#include <stddef.h>

#include "exchange/addr.h"

#define HTTP_ERROR_MAX  200
#define HTTP_REASON_MAX 200

/* Where the pages come from. Both are called on the server's thread. */
typedef struct http_pages {
    /* The whole text of /metrics, which is freed with free(); NULL when memory is out. */
    char *(*metrics)(void *user, size_t *size);
    /* /healthz: true for 200, false for 503; reason is the body's line either way. */
    bool (*health)(void *user, char reason[HTTP_REASON_MAX]);
    void *user;
} http_pages_t;

typedef struct http http_t;

/* "ADDR:PORT", "[ADDR]:PORT" or "PORT" on 127.0.0.1. False for anything else. */
bool http_address(const char *text, addr_t *out);
/* Listens and serves until http_stop. NULL with a sentence in err. */
http_t *http_start(const addr_t *at, const http_pages_t *pages, char err[HTTP_ERROR_MAX]);
/* The port it listens on: tells it when port 0 was asked for. */
uint16_t http_port(const http_t *h);
/* Ends the thread and all connections. NULL is allowed. */
void http_stop(http_t *h);

#endif
