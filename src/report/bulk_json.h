/* Results of a bulk run as NDJSON: one object a line (docs/schema/bulk.schema.json). */
#ifndef REPORT_BULK_JSON_H
#define REPORT_BULK_JSON_H

#include "bulk/flight.h"

/* What of an answer section is written. */
typedef enum bulk_records {
    BULK_RECORDS_NONE, /* nobody wants them */
    BULK_RECORDS_ALL,
    BULK_RECORDS_LONG /* that they are too long to be written */
} bulk_records_t;

/* A result of a plain question. Ends with a newline. t->lost tells when there was no room. */
void bulk_json_query(nsp_text_t *t, const flight_result_t *r, bulk_records_t records);
/* A line of the list that cannot be understood: error is a sentence. */
void bulk_json_error(nsp_text_t *t, uint64_t line, const char *input, size_t size,
                     const char *error);
/* A line that was not to be asked. */
void bulk_json_skipped(nsp_text_t *t, uint64_t line, const char *input, size_t size);

#endif
