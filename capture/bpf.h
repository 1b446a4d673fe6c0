/* BPF filters over packets of any link type, compiled by libpcap. */
#ifndef CAPTURE_BPF_H
#define CAPTURE_BPF_H

#include <stdbool.h>
#include <stddef.h>

#include "capture/packet.h"

typedef enum bpf_verdict {
    BPF_NO,
    BPF_YES,
    BPF_UNUSABLE /* the text asks for something that packets of this link type do not have */
} bpf_verdict_t;

typedef struct cap_bpf cap_bpf_t;

/* Compiles text (pcap-filter(7)) for every link type that is decoded. Nothing needs to be looked up
 * later, so names of hosts and services may be used. NULL with a sentence in error when it can be
 * used with none of them. The caller frees it. */
cap_bpf_t *cap_bpf_new(const char *text, char *error, size_t error_size);
void cap_bpf_free(cap_bpf_t *b);
/* Packets of a link type that is not decoded pass: whoever decodes counts them. */
bpf_verdict_t cap_bpf_match(const cap_bpf_t *b, const cap_packet_t *p);
/* Why the filter is unusable with that link type; "" when it is not. */
const char *cap_bpf_error(const cap_bpf_t *b, uint32_t link);

#endif
