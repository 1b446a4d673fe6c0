/* What is wrong with a zone as a whole. */
#include "dkim/facts.h"

void rules_zone(facts_t *f)
{
    (void)f;
}
