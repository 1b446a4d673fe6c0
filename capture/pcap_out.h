/* Writes packets to pcap files with nanosecond times, one file or a rotated set.
 *
 * A helper process, which never sees a packet, opens the files: the process that parses packets may
 * then give up its user and every call that opens anything (sandbox.h). A file has ".part" behind
 * its name until it is complete, so a name without it is never a broken file. */
#ifndef CAPTURE_PCAP_OUT_H
#define CAPTURE_PCAP_OUT_H

#include "capture/packet.h"
#include "capture/source.h"

#define PCAP_OUT_FILES_MAX 10000

typedef struct pcap_out_options {
    const char *path; /* "-": standard output, which is not rotated */
    uint64_t size;    /* a file this long, in octets, is followed by another; 0: no limit */
    int64_t time;     /* so is one that was begun so long ago, nanoseconds; 0: no limit */
    uint32_t files;   /* the newest that are kept, at most PCAP_OUT_FILES_MAX; 0: all */
} pcap_out_options_t;

typedef struct pcap_out pcap_out_t;

/* Starts the helper; nothing is opened yet. Call it before privileges are given up, with one thread
 * only. NULL with a sentence in error. */
pcap_out_t *pcap_out_new(const pcap_out_options_t *options, char error[CAP_ERROR_MAX]);
/* Opens the first file for packets of one link type. now (nanoseconds since 1970) becomes part of
 * its name when files are rotated: "x.pcap" becomes "x-00001-20261125T093000Z.pcap". */
bool pcap_out_begin(pcap_out_t *o, uint32_t link, uint32_t snaplen, int64_t now);
/* Writes a packet, in a new file when it is time for one. After the first failure nothing is
 * written any more. */
bool pcap_out_write(pcap_out_t *o, const cap_packet_t *p);
/* Hands to the system what is buffered. */
bool pcap_out_flush(pcap_out_t *o);
/* Completes the last file and ends the helper. False when anything could not be written: *error
 * (may be NULL) says what. Frees o, which may be NULL. */
bool pcap_out_close(pcap_out_t *o, char error[CAP_ERROR_MAX]);
/* What failed; "" as long as nothing has. */
const char *pcap_out_error(const pcap_out_t *o);

#endif
