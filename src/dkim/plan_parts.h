/* Inside of the plan. Not for other modules. */
#ifndef DKIM_PLAN_PARTS_H
#define DKIM_PLAN_PARTS_H

#include "dkim/plan.h"

typedef struct plan {
    facts_t *f;
    int64_t now;
    plan_wants_t *wants; /* NULL: nothing will be asked */
    size_t open;         /* how often something that is asked for was not decided yet */
} plan_t;

/* --- plan.c --- */

/* Puts a question into the list. */
void plan_push(plan_t *p, const plan_question_t *q);
/* The same over UDP without more ado. */
const answer_t *plan_ask_udp(plan_t *p, const addr_t *server, const nsp_name_t *name,
                             uint16_t type);

/* --- plan_zone.c --- */

/* The walk to the zone that holds name. FACTS_NONE when there are too many. */
size_t plan_walk_to(plan_t *p, const nsp_name_t *name);
/* The same, shared by all names with the same parent; a name that is a zone itself shows that in a
 * referral. */
size_t plan_walk_for(plan_t *p, const nsp_name_t *name);
/* Goes on with every walk that may have come further. */
void plan_walks(plan_t *p);
/* The zone of a name by its walks, FACTS_NONE when it is not known. */
size_t plan_zone_of(const plan_t *p, size_t walk, size_t own_walk);
/* Adds an address to a zone, or what is new about it. */
void plan_place_add(plan_t *p, size_t zone, const addr_t *addr, const nsp_name_t *server,
                    unsigned from);

/* --- plan_follow.c --- */

/* The lookup of a name, begun when it is new. FACTS_NONE when there is no memory. */
size_t plan_lookup(plan_t *p, const nsp_name_t *name, uint16_t type, unsigned depth);
/* Goes on with every lookup. */
void plan_lookups(plan_t *p);

#endif
