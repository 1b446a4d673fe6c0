/* In which order files are read: that of their first packets. */
#include <stdlib.h>
#include <unistd.h>

#include "capture/files.h"

static int by_first(const void *a, const void *b)
{
    const file_t *x = a;
    const file_t *y = b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return x->given < y->given ? -1 : 1;
}

/* Reads the first packet of a file and goes back, or keeps what was read when it is a pipe. False
 * when a signal came. */
static bool look_at(file_t *f)
{
    reader_t *r = f->reader;
    if (!f->opened)
        input_open_fd(&r->input, f->fd);
    f->opened = true;
    f->peeked = reader_read(r, &f->peek, true);
    if (f->peeked == READER_SIGNAL)
        return false;
    f->looked = !f->seekable;
    f->first = f->peeked == READER_PACKET ? f->peek.at : INT64_MAX;
    if (f->seekable) {
        reader_close(r);
        reader_init(r);
        f->opened = false;
        (void)lseek(f->fd, 0, SEEK_SET);
    }
    return true;
}

bool files_sort(files_t *s)
{
    for (; s->count > 1 && s->looked_at < s->count; s->looked_at++)
        if (!look_at(&s->file[s->looked_at]))
            return false;
    if (s->count > 1)
        qsort(s->file, s->count, sizeof *s->file, by_first);
    s->sorted = true;
    return true;
}
