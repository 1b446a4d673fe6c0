/* A small Internet without sockets: the addresses of a scenario behind a net_t whose clock moves by
 * itself. Every packet takes 5 ms each way. */
#ifndef TESTS_FAKEZONE_H
#define TESTS_FAKEZONE_H

#include "diagnose/model.h"
#include "net/net.h"
#include "serve/scenario.h"

typedef struct fakezone fakezone_t;

/* Aborts the test when the scenario is wrong. */
fakezone_t *fakezone_new(const char *scenario);
void fakezone_free(fakezone_t *z);
net_t *fakezone_net(fakezone_t *z);
const scenario_t *fakezone_scenario(const fakezone_t *z);
/* Port at which all servers answer: 53 at first. */
void fakezone_set_port(fakezone_t *z, uint16_t port);
/* No route for this family. */
void fakezone_cut_family(fakezone_t *z, uint8_t family);
/* wait() says NET_E_INTERRUPTED from that time on (nanoseconds from the beginning). */
void fakezone_interrupt_at(fakezone_t *z, int64_t at);
/* This address (beside those of the scenario) is a recursive resolver that knows all zones. */
void fakezone_set_resolver(fakezone_t *z, const addr_t *addr);
/* Nanoseconds that went by. */
int64_t fakezone_elapsed(const fakezone_t *z);

/* The model as lines of text, for comparison. Static buffer. */
const char *model_dump(const model_t *m);

#endif
