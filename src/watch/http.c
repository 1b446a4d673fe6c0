#include "watch/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNECTIONS_MAX 16
#define CONNECTION_MEM  16384
#define TIMEOUT_S       10

#define TYPE_METRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define TYPE_TEXT    "text/plain; charset=utf-8"

struct http {
    struct MHD_Daemon *daemon;
    http_pages_t pages;
};

bool http_address(const char *text, addr_t *out)
{
    const char *colon = strrchr(text, ':');
    const char *port = colon != NULL ? colon + 1 : text;
    char host[ADDR_TEXT_MAX] = "127.0.0.1";
    char *end = NULL;
    size_t n = colon != NULL ? (size_t)(colon - text) : 0;
    if (port[0] < '0' || port[0] > '9')
        return false;
    unsigned long number = strtoul(port, &end, 10);
    if (*end != '\0' || number > UINT16_MAX || n >= sizeof host)
        return false;
    bool bracketed = n >= 2 && text[0] == '[' && text[n - 1] == ']';
    if (bracketed)
        snprintf(host, sizeof host, "%.*s", (int)(n - 2), text + 1);
    else if (n > 0)
        snprintf(host, sizeof host, "%.*s", (int)n, text);
    /* an IPv6 address needs its brackets: "::1:9100" could be read in two ways */
    if (strchr(host, '#') != NULL || (strchr(host, ':') != NULL) != bracketed)
        return false;
    if (!addr_from_text(host, strlen(host), 1, out))
        return false;
    out->port = (uint16_t)number;
    return true;
}

static enum MHD_Result answer(struct MHD_Connection *c, unsigned status, const char *type,
                              char *body, size_t size, enum MHD_ResponseMemoryMode mode)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(size, body, mode);
    if (r == NULL) {
        if (mode == MHD_RESPMEM_MUST_FREE)
            free(body);
        return MHD_NO;
    }
    MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result rc = MHD_queue_response(c, status, r);
    MHD_destroy_response(r);
    return rc;
}

static enum MHD_Result answer_line(struct MHD_Connection *c, unsigned status, const char *line)
{
    char body[HTTP_REASON_MAX + 2];
    int n = snprintf(body, sizeof body, "%s\n", line);
    return answer(c, status, TYPE_TEXT, body, (size_t)n, MHD_RESPMEM_MUST_COPY);
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *c, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **request)
{
    http_t *h = user;
    char reason[HTTP_REASON_MAX] = "ok";
    static int seen;
    (void)version;
    (void)upload;
    /* the first call of a request has read its header alone: whatever body follows is dropped */
    if (*request == NULL) {
        *request = &seen;
        return MHD_YES;
    }
    if (*upload_size > 0) {
        *upload_size = 0;
        return MHD_YES;
    }
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return answer_line(c, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD");
    if (strcmp(url, "/healthz") == 0) {
        bool good = h->pages.health(h->pages.user, reason);
        return answer_line(c, good ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, reason);
    }
    if (strcmp(url, "/metrics") != 0)
        return answer_line(c, MHD_HTTP_NOT_FOUND, "there are /metrics and /healthz");
    size_t size = 0;
    char *text = h->pages.metrics(h->pages.user, &size);
    if (text == NULL)
        return answer_line(c, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory");
    return answer(c, MHD_HTTP_OK, TYPE_METRICS, text, size, MHD_RESPMEM_MUST_FREE);
}

/* What libmicrohttpd has to say about broken clients concerns nobody. */
static void on_log(void *user, const char *format, va_list args)
{
    (void)user;
    (void)format;
    (void)args;
}

http_t *http_start(const addr_t *at, const http_pages_t *pages, char err[HTTP_ERROR_MAX])
{
    struct sockaddr_storage to;
    char text[ADDR_TEXT_MAX];
    http_t *h = calloc(1, sizeof *h);
    if (h == NULL) {
        snprintf(err, HTTP_ERROR_MAX, "out of memory");
        return NULL;
    }
    h->pages = *pages;
    addr_to_sockaddr(at, &to);
    unsigned flags = MHD_USE_AUTO_INTERNAL_THREAD | MHD_USE_ERROR_LOG;
    if (at->family == 6)
        flags |= MHD_USE_IPv6;
    errno = 0;
    h->daemon = MHD_start_daemon(
        flags, at->port, NULL, NULL, on_request, h, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
        MHD_OPTION_SOCK_ADDR, &to, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEM, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)TIMEOUT_S, MHD_OPTION_END);
    if (h->daemon != NULL)
        return h;
    snprintf(err, HTTP_ERROR_MAX, "cannot listen on %s, port %u: %s", addr_text(at, text), at->port,
             errno != 0 ? strerror(errno) : "libmicrohttpd refuses");
    free(h);
    return NULL;
}

uint16_t http_port(const http_t *h)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info != NULL ? info->port : 0;
}

void http_stop(http_t *h)
{
    if (h == NULL)
        return;
    MHD_stop_daemon(h->daemon);
    free(h);
}
