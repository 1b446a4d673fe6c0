/* What a finding means, for `nsprobe explain`: the table of findings and what the peers call it. */
#ifndef REPORT_EXPLAIN_H
#define REPORT_EXPLAIN_H

#include <stdio.h>

#include "diagnose/peers.h"
#include "report/finding_text.h"

/* Severity, title, meaning, cause, fix, source, and the test cases of peers that say the same. */
void explain_finding(FILE *out, const text_style_t *style, finding_id_t id);
/* A peer's test case: what it tests, and our findings. */
void explain_case(FILE *out, const peer_case_t *c);
/* One line a finding, or a test case of the peers. */
void explain_list(FILE *out, const text_style_t *style);
void explain_list_peers(FILE *out);
/* The same as one JSON object (docs/schema/explain.schema.json). False when writing failed or
 * memory is out. */
bool explain_finding_json(FILE *out, finding_id_t id);
bool explain_case_json(FILE *out, const peer_case_t *c);

#endif
