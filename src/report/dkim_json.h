/* Parts of dkim's JSON that other reports have, too. */
#ifndef REPORT_DKIM_JSON_H
#define REPORT_DKIM_JSON_H

#include <jansson.h>

#include "dkim/dkim.h"

/* {"addresses":6,"asked":3,"excluded":3,"unsent":0} */
json_t *json_coverage(const dkim_coverage_t *c);

#endif
