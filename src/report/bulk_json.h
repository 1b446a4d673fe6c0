/* Results of a bulk run as NDJSON: one object a line (docs/schema/bulk.schema.json). */
#ifndef REPORT_BULK_JSON_H
#define REPORT_BULK_JSON_H

#include "bulk/flight.h"

/* A result of a plain question; records: the answer section too. Ends with a newline. */
void bulk_json_query(nsp_text_t *t, const flight_result_t *r, bool records);
/* A line of the list that cannot be understood: error is a sentence. */
void bulk_json_error(nsp_text_t *t, uint64_t line, const char *input, size_t size,
                     const char *error);
/* A line that was not to be asked. */
void bulk_json_skipped(nsp_text_t *t, uint64_t line, const char *input, size_t size);

#endif
