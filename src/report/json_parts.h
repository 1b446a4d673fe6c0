/* Parts that JSON reports share (docs/schema/). Each function gives a new reference, or NULL when
 * memory is out; Jansson passes a NULL on, so that a report is checked once at its end. */
#ifndef REPORT_JSON_PARTS_H
#define REPORT_JSON_PARTS_H

#include <jansson.h>

#include "diagnose/finding.h"
#include "diagnose/outcome.h"

json_t *json_name(const nsp_name_t *name); /* absolute, with its final dot */
json_t *json_addr(const addr_t *a);        /* without its port */
/* Text that may hold anything, such as a file's name: octets beyond ASCII become '?' when it is not
 * UTF-8, which JSON cannot carry. */
json_t *json_text(const char *text);
json_t *json_hex(const uint8_t *bytes, uint32_t size);
json_t *json_time(int64_t ns);    /* in seconds: the double that is nearest */
json_t *json_seconds(int64_t ns); /* null for a negative time */
/* One exchange with its events. zone: whose probes are named; NULL when there is none. */
json_t *json_exchange(const exchange_t *x, const nsp_name_t *zone, bool octets, reply_t *scratch);
/* All exchanges of a set, in order. */
json_t *json_exchanges(const exchange_set_t *set, const nsp_name_t *zone, bool octets,
                       reply_t *scratch);
/* list: where the cause is looked up that f follows from. */
json_t *json_finding(const finding_list_t *list, const finding_t *f);
json_t *json_findings(const finding_list_t *list);
/* "healthy", "warning", ..., or "untested". */
json_t *json_verdict(const finding_list_t *list, bool untested);
/* The same of the worst severity_t, -1 for none. */
json_t *json_worst_severity(int worst, bool untested);
#define JSON_REAL_MAX 48
/* A finite real as JSON: the fewest digits that are read as the same double again, and always a
 * point or an exponent. Returns buf. */
const char *json_real_text(double value, char buf[JSON_REAL_MAX]);
/* Writes j, in ASCII, without a newline. False when writing failed. j stays the caller's; its keys
 * are plain words. */
bool json_write(FILE *out, json_t *j);
/* Writes one line and releases j. False when j is NULL or writing failed. */
bool json_print(FILE *out, json_t *j);

#endif
