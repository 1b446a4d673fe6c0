/* What the lines of follows.def say of a finding and its cause. */
#ifndef DIAGNOSE_FOLLOWS_H
#define DIAGNOSE_FOLLOWS_H

/* How the two must lie to each other; follows.def says what each word means. */
typedef enum where {
    AT_ADDRESS,
    AT_SERVER,
    ALIKE,
    OF_PRIMARY,
    WHOLE,
    SAME_DS,
    WITH_DO,
    AHEAD,
    LEFT_BEHIND,
    LEFT_OUT,
    SPLIT,
    BY_WILDCARD,
    DISPUTED,
    ONE_PARENT,
    REFERRED_WELL,
    OF_DATA,
    BY_GLUE,
    ANYWHERE
} where_t;

#endif
