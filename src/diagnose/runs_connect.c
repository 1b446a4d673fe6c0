/* Connections that failed before a question was sent on them, and what it would have been. */
#include <stdlib.h>
#include <string.h>

#include "diagnose/runs_fold.h"

/* How likely check means this question by a connection: 0 is not at all. Cut answers are asked for
 * again; of what it asks over both, it begins with SOA and NS. */
static unsigned likely(const flow_t *udp)
{
    bool cut = udp->reply.bytes != NULL && udp->reply.size > 2 && (udp->reply.bytes[2] & 2) != 0;
    uint16_t type = runs_type(udp);
    if (cut)
        return 5;
    if (!runs_has_opt(udp))
        return 0;
    return type == NSP_TYPE_SOA      ? 4
           : type == NSP_TYPE_NS     ? 3
           : type == NSP_TYPE_DNSKEY ? 2
           : type == NSP_TYPE_TXT    ? 1
                                     : 0;
}

/* True for a question whose QNAME has a capital letter: only asked over UDP. */
static bool has_capital(const flow_t *flow)
{
    for (uint32_t i = NSP_HEADER_SIZE; i < flow->query.size && flow->query.bytes[i] != 0;
         i += flow->query.bytes[i] + 1u)
        for (uint32_t k = i + 1; k <= i + flow->query.bytes[i] && k < flow->query.size; k++)
            if (flow->query.bytes[k] >= 'A' && flow->query.bytes[k] <= 'Z')
                return true;
    return false;
}

/* Server and question: the same for what is asked over UDP and TCP. Only equal ones are equal. */
static int compare_asked(const flow_t *a, const flow_t *b)
{
    int c = addr_compare(&a->server, &b->server);
    if (c != 0)
        return c;
    if (a->query.size != b->query.size)
        return a->query.size < b->query.size ? -1 : 1;
    return memcmp(a->query.bytes + 2, b->query.bytes + 2, a->query.size - 2);
}

/* Equal questions side by side, what was asked over TCP first. */
static int by_question(const void *va, const void *vb)
{
    const flow_t *a = *(flow_t *const *)va;
    const flow_t *b = *(flow_t *const *)vb;
    int c = compare_asked(a, b);
    if (c != 0)
        return c;
    if (a->transport != b->transport)
        return a->transport == TRANSPORT_TCP ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

/* In order of servers; for one server the likeliest question first. */
static int by_server(const void *va, const void *vb)
{
    const flow_t *a = *(flow_t *const *)va;
    const flow_t *b = *(flow_t *const *)vb;
    int c = addr_compare(&a->server, &b->server);
    if (c != 0)
        return c;
    if (likely(a) != likely(b))
        return likely(a) > likely(b) ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

/* Questions that were asked over UDP, might be asked over TCP, and were not: in order of servers,
 * at the front of list. Returns their number. */
static size_t find_missing(flow_t **list, size_t count)
{
    size_t kept = 0;
    const flow_t *last = NULL;
    qsort(list, count, sizeof(flow_t *), by_question);
    for (size_t i = 0; i < count; i++) {
        flow_t *f = list[i];
        bool again = last != NULL && compare_asked(last, f) == 0;
        last = f;
        if (!again && f->transport == TRANSPORT_UDP && likely(f) > 0 && !has_capital(f))
            list[kept++] = f;
    }
    qsort(list, kept, sizeof(flow_t *), by_server);
    return kept;
}

/* The first of the list that is of this server, and not before it: by bisection. */
static size_t first_of(flow_t *const *list, size_t count, const addr_t *server)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (addr_compare(&list[middle]->server, server) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool runs_name_connections(flow_t **flow, uint32_t *count)
{
    flow_t **list = malloc((*count + (size_t)1) * sizeof(flow_t *));
    uint32_t *given = calloc(*count + (size_t)1, sizeof *given);
    bool good = list != NULL && given != NULL;
    size_t asked = 0;
    uint32_t kept = 0;
    for (uint32_t i = 0; good && i < *count; i++)
        if (flow[i]->query.bytes != NULL)
            list[asked++] = flow[i];
    size_t missing = good ? find_missing(list, asked) : 0;
    for (uint32_t i = 0; good && i < *count; i++) {
        flow_t *f = flow[i];
        if (f->query.bytes == NULL) {
            /* given[] counts, at each server's first, how many of its questions are used up */
            size_t first = first_of(list, missing, &f->server);
            size_t at = first < missing ? first + given[first] : missing;
            if (at >= missing || !addr_equal(&list[at]->server, &f->server))
                continue;
            given[first]++;
            f->query = list[at]->query;
            f->query.at = f->began;
        }
        flow[kept++] = f;
    }
    *count = kept;
    free(list);
    free(given);
    return good;
}
