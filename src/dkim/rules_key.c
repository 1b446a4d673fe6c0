/* What is wrong with the key. */
#include "dkim/facts.h"

void rules_key(facts_t *f)
{
    (void)f;
}
