#include "capture/bpf.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/source.h"

/* Numbers of the file format, and libpcap's own where they differ on this system. */
static const struct {
    uint32_t link;
    int dlt;
} links[] = {
    {CAP_LINK_ETHERNET, DLT_EN10MB},
    {CAP_LINK_LINUX_SLL, DLT_LINUX_SLL},
    {CAP_LINK_RAW, DLT_RAW},
    {CAP_LINK_LINUX_SLL2, DLT_LINUX_SLL2},
    {CAP_LINK_NULL, DLT_NULL},
    {CAP_LINK_LOOP, DLT_LOOP},
    {CAP_LINK_PPP, DLT_PPP},
    {CAP_LINK_PPP_HDLC, DLT_PPP_SERIAL},
    {CAP_LINK_PPP_ETHER, DLT_PPP_ETHER},
    {CAP_LINK_IPV4, DLT_IPV4},
    {CAP_LINK_IPV6, DLT_IPV6},
};

#define LINKS (sizeof links / sizeof links[0])

struct cap_bpf {
    struct bpf_program program[LINKS];
    char *error[LINKS]; /* NULL: compiled */
};

static bool compile(cap_bpf_t *b, size_t k, const char *text)
{
    pcap_t *p = pcap_open_dead(links[k].dlt, CAP_PACKET_MAX);
    if (p == NULL)
        return false;
    if (pcap_compile(p, &b->program[k], text, 1, PCAP_NETMASK_UNKNOWN) != 0)
        b->error[k] = strdup(pcap_geterr(p));
    bool ok = b->program[k].bf_insns != NULL || b->error[k] != NULL;
    pcap_close(p);
    return ok;
}

cap_bpf_t *cap_bpf_new(const char *text, char *error, size_t error_size)
{
    size_t unusable = 0;
    bool ok = true;
    cap_bpf_t *b = calloc(1, sizeof *b);
    for (size_t k = 0; b != NULL && ok && k < LINKS; k++) {
        ok = compile(b, k, text);
        unusable += b->error[k] != NULL;
    }
    if (b == NULL || !ok)
        snprintf(error, error_size, "out of memory");
    else if (unusable < LINKS)
        return b;
    else
        snprintf(error, error_size, "filter '%s': %s", text, b->error[0]);
    cap_bpf_free(b);
    return NULL;
}

void cap_bpf_free(cap_bpf_t *b)
{
    if (b == NULL)
        return;
    for (size_t k = 0; k < LINKS; k++) {
        pcap_freecode(&b->program[k]);
        free(b->error[k]);
    }
    free(b);
}

static size_t link_index(uint32_t link)
{
    size_t k = 0;
    while (k < LINKS && links[k].link != link)
        k++;
    return k;
}

bpf_verdict_t cap_bpf_match(const cap_bpf_t *b, const cap_packet_t *p)
{
    size_t k = link_index(p->link);
    if (k == LINKS)
        return BPF_YES;
    if (b->error[k] != NULL)
        return BPF_UNUSABLE;
    return bpf_filter(b->program[k].bf_insns, p->bytes, p->original, p->size) != 0 ? BPF_YES
                                                                                   : BPF_NO;
}

const char *cap_bpf_error(const cap_bpf_t *b, uint32_t link)
{
    size_t k = link_index(link);
    return k < LINKS && b->error[k] != NULL ? b->error[k] : "";
}
