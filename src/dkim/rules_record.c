/* What is wrong with a record. */
#include "dkim/facts.h"

void rules_record(facts_t *f)
{
    (void)f;
}
