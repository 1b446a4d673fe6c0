/* Files side by side, each in a lane: packets of all of them in the order of their times, as they
 * are when the two directions of a line, or several places, were captured into a file each. */
#include <stdlib.h>
#include <unistd.h>

#include "capture/files.h"

/* Begins with the next file. */
static void lane_begin(files_t *s)
{
    file_t *f = &s->file[s->begun];
    lane_t *l = &s->lane[s->lanes];
    *l = (lane_t){.reader = f->reader, .file = s->begun++};
    f->reader = NULL;
    if (!f->opened) {
        input_open_fd(&l->reader->input, f->fd);
        /* one thread beside this one: where several files are read at a time, only of the first */
        if (f->regular && f->size >= s->ahead_from && s->lanes == 0)
            input_read_ahead(&l->reader->input);
    }
    l->has_head = f->looked && f->peeked == READER_PACKET;
    if (l->has_head) {
        l->head = f->peek;
        l->head.file = l->file;
    }
    s->last = s->lanes++;
}

void files_add_drops(const reader_pcapng_t *ng, cap_stats_t *stats)
{
    stats->dropped += ng->dropped;
    stats->if_dropped += ng->if_dropped;
    for (uint32_t i = 0; i < ng->interface_count; i++) {
        stats->dropped += ng->interface[i].dropped;
        stats->if_dropped += ng->interface[i].if_dropped;
    }
}

void lane_end(files_t *s, uint32_t i)
{
    lane_t *l = &s->lane[i];
    file_t *f = &s->file[l->file];
    files_add_drops(&l->reader->ng, &s->stats);
    free(s->comment);
    s->comment = l->reader->comment;
    l->reader->comment = NULL;
    reader_close(l->reader);
    free(l->reader);
    if (f->fd > STDIN_FILENO)
        close(f->fd);
    f->fd = -1;
    s->lanes--;
    memmove(l, l + 1, (s->lanes - i) * sizeof *l);
    s->last = 0;
}

/* True when the file that is begun next has a packet of that time, or an earlier one. */
static bool is_next_due(const files_t *s, int64_t at)
{
    if (s->begun == s->count || s->lanes == LANES_MAX)
        return false;
    int64_t first = s->file[s->begun].first;
    return first != INT64_MAX && first <= at;
}

/* Sees to it that every lane has a packet. Anything else is what lane s->last came to. */
static reader_status_t fill_heads(files_t *s)
{
    for (uint32_t i = 0; i < s->lanes; i++) {
        lane_t *l = &s->lane[i];
        if (l->has_head)
            continue;
        s->last = i;
        reader_status_t status = reader_read(l->reader, &l->head, !l->lent);
        if (status != READER_PACKET)
            return status;
        l->has_head = true;
        l->head.file = l->file;
    }
    return READER_PACKET;
}

/* The lane with the earliest packet; of several the one whose file began first. */
static uint32_t earliest(const files_t *s)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < s->lanes; i++)
        if (s->lane[i].head.at < s->lane[best].head.at)
            best = i;
    return best;
}

/* One file alone, as nearly always: nothing has to wait for another. */
static reader_status_t alone_next(files_t *s, cap_packet_t *out)
{
    lane_t *l = &s->lane[0];
    s->last = 0;
    reader_status_t status = reader_read(l->reader, out, !l->lent);
    if (status != READER_PACKET)
        return status;
    out->file = l->file;
    if (!is_next_due(s, out->at)) {
        l->lent = true;
        return READER_PACKET;
    }
    l->head = *out;
    l->has_head = true;
    return lanes_next(s, out);
}

reader_status_t lanes_next(files_t *s, cap_packet_t *out)
{
    if (s->lanes == 0 && s->begun == s->count)
        return READER_END;
    if (s->lanes == 0)
        lane_begin(s);
    if (s->lanes == 1 && !s->lane[0].has_head)
        return alone_next(s, out);
    for (;;) {
        reader_status_t status = fill_heads(s);
        if (status != READER_PACKET)
            return status;
        uint32_t i = earliest(s);
        if (is_next_due(s, s->lane[i].head.at)) {
            lane_begin(s);
            continue;
        }
        *out = s->lane[i].head;
        s->lane[i].has_head = false;
        s->lane[i].lent = true;
        s->last = i;
        return READER_PACKET;
    }
}
