/* One server while the rules about traffic look at it. Not for other modules.
 *
 * Traffic of others has chance in it that the questions of a check have not: one lost packet, one
 * forged reply, a client that hangs up. So each rule wants a minimum of evidence. */
#ifndef DIAGNOSE_TRAFFIC_LOOK_H
#define DIAGNOSE_TRAFFIC_LOOK_H

#include "diagnose/traffic_fold.h"

/* Attempts without an answer before silence is the server's: at 10 % loss, which is a network that
 * hardly works, three in a row are lost once in a thousand times. */
#define SILENCE_MIN 3
/* Replies that are strange or late: one may be forged or stray, two are the server's. */
#define STRANGE_MIN 2
/* Of all questions, for what happens now and then: below one in twenty nobody would notice. */
#define SHARE 20
/* A median is one of at least so many. */
#define MEDIAN_MIN 3

typedef struct look {
    traffic_t *t;
    const entry_t *e;
    const traffic_counts_t *n;
    finding_list_t *list;
    bool one_way; /* replies were not captured: silence says nothing */
} look_t;

#define U(x) ((unsigned long long)(x))

/* True for at least one in SHARE. */
static inline bool look_often(uint64_t count, uint64_t of)
{
    return count > 0 && count * SHARE >= of;
}

/* True when so many attempts in a row, lost by the chance that others of this server are lost by,
 * would be a wonder. The attempts themselves are left out of that chance. */
bool look_is_no_chance(const look_t *l, uint64_t attempts);

/* Silence over UDP that is the server's. */
bool look_udp_dead(const look_t *l);

/* --- traffic_rules_answer.c --- */

/* Answers without authority, and those that refer upwards or refuse. */
void look_lame(const look_t *l);
/* True when it is known why questions with EDNS get no answer. */
bool look_edns(const look_t *l);
/* True when it is told that answers in fragments get lost. */
bool look_fragments(const look_t *l);
/* fragments: look_fragments has told why big answers do not come. */
void look_types(const look_t *l, bool fragments);
/* Retries, late replies, slowness. */
void look_quality(const look_t *l);

/* --- traffic_rules_names.c --- */

/* Answers that are known to be large, and never come over UDP. */
void look_sizes(const look_t *l, bool fragments);

/* --- traffic_rules_nobody.c --- */

#define NOBODY_4 1u
#define NOBODY_6 2u
/* One finding where servers of several networks are asked by clients of one, and none answers, of
 * both families or of one. Returns the families that it tells of, NOBODY_*: none of their servers
 * is to be judged. */
unsigned traffic_rules_nobody(traffic_t *t, finding_list_t *list);

#endif
