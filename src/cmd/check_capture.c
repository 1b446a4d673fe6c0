#include "cmd/check_capture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capture/filter.h"
#include "capture/sandbox.h"
#include "capture/source_live.h"
#include "cmd/cmd.h"
#include "exchange/noun.h"

/* What the kernel keeps between two looks: a check of one domain is far less. */
#define BUFFER ((uint32_t)32 << 20)
/* How long after the last event packets may still be on their way through the ring. */
#define GRACE_NS ((2L * CAP_LIVE_LAG_MS + 50) * 1000000)

static int set_filter(check_capture_t *c, uint16_t port)
{
    char error[CAP_ERROR_MAX];
    char *text = malloc(FILTER_TEXT_MAX);
    if (text == NULL)
        return EXIT_UNTESTED;
    /* the addresses are not known yet: the port decides */
    (void)filter_text(NULL, 0, &port, 1, cap_source_live_link(c->source), text);
    bool ok = cap_source_live_filter(c->source, text, error);
    free(text);
    if (!ok)
        fprintf(stderr, "nsprobe check: --capture %s\n", error);
    return ok ? 0 : EXIT_UNTESTED;
}

int check_capture_open(check_capture_t *c, const char *interface, uint16_t port)
{
    char error[CAP_ERROR_MAX];
    memset(c, 0, sizeof *c);
    c->interface = interface;
    if (interface == NULL)
        return 0;
    cap_live_options_t o = {.interface = interface, .buffer = BUFFER};
    if (cap_source_live(&o, &c->source, error) != CAP_LIVE_OK) {
        fprintf(stderr, "nsprobe check: --capture %s\n", error);
        return EXIT_UNTESTED;
    }
    int rc = set_filter(c, port);
    c->witness = rc == 0 ? witness_new(port) : NULL;
    if (rc == 0 && c->witness == NULL)
        fprintf(stderr, "nsprobe check: out of memory\n");
    return c->witness != NULL ? 0 : EXIT_UNTESTED;
}

int check_capture_drop(const check_capture_t *c)
{
    char error[SANDBOX_ERROR_MAX];
    if (c->interface == NULL || sandbox_drop(NULL, error))
        return 0;
    fprintf(stderr, "nsprobe check: %s\n", error);
    return EXIT_UNTESTED;
}

void check_capture_drain(check_capture_t *c)
{
    cap_packet_t p;
    cap_read_t how = CAP_PACKET;
    if (c->interface == NULL || c->broken)
        return;
    while ((how = cap_source_read(c->source, &p)) == CAP_PACKET)
        witness_feed(c->witness, &p);
    c->broken = how == CAP_ERROR;
    if (c->broken)
        fprintf(stderr, "nsprobe check: --capture %s\n", c->source->error);
}

bool check_capture_join(check_capture_t *c, exchange_set_t *set)
{
    struct timespec grace = {0, GRACE_NS};
    cap_stats_t stats;
    if (c->interface == NULL)
        return true;
    nanosleep(&grace, NULL);
    check_capture_drain(c);
    cap_source_stats(c->source, &stats);
    uint64_t lost = stats.dropped + stats.if_dropped + witness_stats(c->witness).forgotten;
    if (lost > c->dropped)
        fprintf(stderr, "nsprobe check: --capture %s: %" PRIu64 " %s lost\n", c->interface,
                lost - c->dropped, noun(lost - c->dropped, "packet", "packets"));
    c->dropped = lost;
    return witness_join(c->witness, set);
}

void check_capture_close(check_capture_t *c)
{
    cap_source_close(c->source);
    witness_free(c->witness);
    memset(c, 0, sizeof *c);
}
