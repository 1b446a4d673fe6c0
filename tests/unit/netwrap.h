/* A net around another one that passes everything on: tests take its operations, and put their own
 * in place of those that they meddle with. */
#ifndef UNIT_NETWRAP_H
#define UNIT_NETWRAP_H

#include "net/net.h"

typedef struct netwrap {
    net_t net; /* first, so that a net_t of it is the whole */
    net_ops_t ops;
    net_t *inner; /* not owned */
} netwrap_t;

/* Everything is passed on; destroying does nothing. w must stay where it is. */
void netwrap_init(netwrap_t *w, net_t *inner);
/* The wrapped one. */
net_t *netwrap_inner(net_t *net);

#endif
