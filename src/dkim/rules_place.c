/* What is wrong with one address of a zone. */
#include "dkim/facts.h"

void rules_place(facts_t *f)
{
    (void)f;
}
