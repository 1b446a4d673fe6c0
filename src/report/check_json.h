/* The part of check's report that stands for the domain, for reports that hold several. */
#ifndef REPORT_CHECK_JSON_H
#define REPORT_CHECK_JSON_H

#include <jansson.h>

#include "report/check_text.h"

/* Domain, verdict, servers and addresses, without findings and exchanges. A new reference, or NULL
 * when memory is out. scratch's contents change. */
json_t *json_check(const check_report_t *r, reply_t *scratch);

#endif
