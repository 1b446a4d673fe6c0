#include "serve/later.h"

#include <stdlib.h>
#include <string.h>

static void send_now(const later_t *l)
{
    (void)!sendto(l->fd, l->bytes, l->size, 0, (const struct sockaddr *)&l->to, l->to_len);
}

void later_send(later_queue_t *q, const later_t *l, int64_t now)
{
    if (l->due <= now || q->count == LATER_MAX) {
        send_now(l);
        return;
    }
    later_t *keep = &q->item[q->count];
    *keep = *l;
    keep->bytes = malloc(l->size > 0 ? l->size : 1);
    if (keep->bytes == NULL)
        return;
    if (l->size > 0)
        memcpy(keep->bytes, l->bytes, l->size);
    q->count++;
}

void later_flush(later_queue_t *q, int64_t now)
{
    size_t kept = 0;
    for (size_t i = 0; i < q->count; i++) {
        if (q->item[i].due > now) {
            q->item[kept++] = q->item[i];
            continue;
        }
        send_now(&q->item[i]);
        free(q->item[i].bytes);
    }
    q->count = kept;
}

int64_t later_due(const later_queue_t *q)
{
    int64_t due = INT64_MAX;
    for (size_t i = 0; i < q->count; i++)
        due = q->item[i].due < due ? q->item[i].due : due;
    return due;
}

void later_clear(later_queue_t *q)
{
    for (size_t i = 0; i < q->count; i++)
        free(q->item[i].bytes);
    q->count = 0;
}
