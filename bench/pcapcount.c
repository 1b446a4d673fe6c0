/* A bare libpcap loop that only counts: what replay is measured beside.
 *
 *   pcapcount FILE
 */
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>

static void count(u_char *user, const struct pcap_pkthdr *h, const u_char *bytes)
{
    uint64_t *n = (uint64_t *)(void *)user;
    (void)bytes;
    n[0]++;
    n[1] += h->caplen;
}

int main(int argc, char **argv)
{
    char error[PCAP_ERRBUF_SIZE];
    uint64_t n[2] = {0, 0};
    pcap_t *p = argc == 2 ? pcap_open_offline(argv[1], error) : NULL;
    if (p == NULL)
        return 1;
    int rc = pcap_loop(p, -1, count, (u_char *)(void *)n);
    printf("%llu packets, %llu octets\n", (unsigned long long)n[0], (unsigned long long)n[1]);
    pcap_close(p);
    return rc != 0;
}
