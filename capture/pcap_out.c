#include "capture/pcap_out.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/opener.h"

#define MAGIC_NS    0xa1b23c4du
#define FILE_HEADER 24u
#define RECORD      16u
#define BILLION     1000000000

struct pcap_out {
    pcap_out_options_t options;
    char *path;
    bool standard; /* output: no helper */
    bool numbered;
    opener_t opener;
    FILE *out;
    uint32_t link;
    uint32_t snaplen;
    uint32_t number; /* of the open file, from 1 */
    uint64_t size;   /* of the open file */
    int64_t begun;   /* nanoseconds since 1970 */
    bool failed;
    char error[CAP_ERROR_MAX];
};

static bool fail(pcap_out_t *o, const char *doing, int err)
{
    if (!o->failed)
        snprintf(o->error, sizeof o->error, "%.200s: %s: %s",
                 o->standard ? "standard output" : o->path, doing, strerror(err));
    o->failed = true;
    return false;
}

static bool put(pcap_out_t *o, const void *octets, size_t n)
{
    if (n > 0 && fwrite(octets, n, 1, o->out) != 1)
        return fail(o, "cannot be written", errno);
    o->size += n;
    return true;
}

/* pcap files are in the byte order of the machine that writes them; the magic says which. */
static bool put_header(pcap_out_t *o)
{
    uint32_t magic = MAGIC_NS;
    uint16_t version[2] = {2, 4};
    uint32_t rest[4] = {0, 0, o->snaplen, o->link};
    return put(o, &magic, sizeof magic) && put(o, version, sizeof version) &&
           put(o, rest, sizeof rest);
}

static bool begin_file(pcap_out_t *o, int64_t now)
{
    int fd = -1;
    int rc = 0;
    o->number++;
    o->size = 0;
    o->begun = now;
    if (o->standard)
        fd = dup(STDOUT_FILENO);
    else
        rc = opener_open(&o->opener, o->number, now / BILLION, &fd);
    if (rc != 0 || fd < 0)
        return fail(o, "cannot be opened", rc != 0 ? rc : errno);
    o->out = fdopen(fd, "wb");
    if (o->out == NULL) {
        close(fd);
        return fail(o, "cannot be opened", ENOMEM);
    }
    return put_header(o);
}

static bool end_file(pcap_out_t *o)
{
    if (o->out == NULL)
        return !o->failed;
    int err = fflush(o->out) == 0 ? 0 : errno;
    if (fclose(o->out) != 0 && err == 0)
        err = errno;
    o->out = NULL;
    if (err != 0)
        return fail(o, "cannot be written", err);
    /* one that was not written wholly stays a ".part" */
    if (!o->failed && !o->standard) {
        int rc = opener_finish(&o->opener);
        if (rc != 0)
            return fail(o, "cannot be completed", rc);
    }
    return !o->failed;
}

pcap_out_t *pcap_out_new(const pcap_out_options_t *options, char error[CAP_ERROR_MAX])
{
    pcap_out_t *o = calloc(1, sizeof *o);
    if (o != NULL) {
        o->options = *options;
        o->path = strdup(options->path);
        o->opener.socket = -1;
    }
    if (o == NULL || o->path == NULL) {
        snprintf(error, CAP_ERROR_MAX, "out of memory");
        free(o);
        return NULL;
    }
    o->standard = strcmp(o->path, "-") == 0;
    o->numbered = !o->standard && (options->size > 0 || options->time > 0);
    int rc = 0;
    if (!o->standard)
        rc = opener_start(&o->opener, o->path, o->numbered, options->files);
    if (rc == 0)
        return o;
    snprintf(error, CAP_ERROR_MAX, "%.200s: no process to open files: %s", o->path, strerror(rc));
    free(o->path);
    free(o);
    return NULL;
}

bool pcap_out_begin(pcap_out_t *o, uint32_t link, uint32_t snaplen, int64_t now)
{
    o->link = link;
    o->snaplen = snaplen;
    return begin_file(o, now);
}

/* True when p belongs into the next file. */
static bool is_due(const pcap_out_t *o, const cap_packet_t *p)
{
    if (!o->numbered || o->size <= FILE_HEADER)
        return false; /* every file has a packet */
    if (o->options.size > 0 && o->size + RECORD + p->size > o->options.size)
        return true;
    return o->options.time > 0 && p->at - o->begun >= o->options.time;
}

bool pcap_out_write(pcap_out_t *o, const cap_packet_t *p)
{
    if (o->failed)
        return false;
    if (is_due(o, p) && (!end_file(o) || !begin_file(o, p->at)))
        return false;
    uint32_t record[4] = {(uint32_t)(p->at / BILLION), (uint32_t)(p->at % BILLION), p->size,
                          p->original};
    return put(o, record, sizeof record) && put(o, p->bytes, p->size);
}

bool pcap_out_flush(pcap_out_t *o)
{
    if (!o->failed && o->out != NULL && fflush(o->out) != 0)
        return fail(o, "cannot be written", errno);
    return !o->failed;
}

bool pcap_out_close(pcap_out_t *o, char error[CAP_ERROR_MAX])
{
    if (o == NULL)
        return true;
    bool ok = end_file(o);
    if (error != NULL)
        memcpy(error, o->error, CAP_ERROR_MAX);
    opener_stop(&o->opener);
    free(o->path);
    free(o);
    return ok;
}

const char *pcap_out_error(const pcap_out_t *o)
{
    return o->error;
}
