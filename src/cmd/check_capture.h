/* check --capture IF: an interface is looked at while its exchanges are made. */
#ifndef CMD_CHECK_CAPTURE_H
#define CMD_CHECK_CAPTURE_H

#include "capture/source.h"
#include "capture/witness.h"

typedef struct check_capture {
    const char *interface; /* NULL: nothing is captured, and nothing below does anything */
    cap_source_t *source;
    witness_t *witness;
    uint64_t dropped; /* packets that the kernel lost, as told so far */
    bool broken;
} check_capture_t;

/* Opens the interface: privileged, before anything else is. Returns 0, or an exit code with the
 * message printed. */
int check_capture_open(check_capture_t *c, const char *interface, uint16_t port);
/* Gives up user and capabilities, once all sockets that need them are open. The same. */
int check_capture_drop(const check_capture_t *c);
/* Takes what has come, to be called now and then. */
void check_capture_drain(check_capture_t *c);
/* All exchanges of set are finished: adds to them what the interface saw. False when memory is
 * out. */
bool check_capture_join(check_capture_t *c, exchange_set_t *set);
void check_capture_close(check_capture_t *c);

#endif
