#include "dkim/dkim.h"

#include <stdlib.h>
#include <string.h>

const char *mark_name(mark_t m)
{
    static const char *const names[MARK_COUNT] = {
        [MARK_UNASKED] = "unasked", [MARK_MATCH] = "match",       [MARK_WRONG] = "wrong",
        [MARK_NODATA] = "nodata",   [MARK_NXDOMAIN] = "nxdomain", [MARK_REFUSED] = "refused",
        [MARK_BROKEN] = "broken",   [MARK_SILENT] = "silent"};
    return (unsigned)m < MARK_COUNT ? names[m] : names[MARK_UNASKED];
}

const char *verifier_status_name(verifier_status_t s)
{
    switch (s) {
    case VERIFIER_PENDING:
        return "PENDING";
    case VERIFIER_SUCCESS:
        return "SUCCESS";
    case VERIFIER_FAILED:
        return "FAILED";
    case VERIFIER_TEMPORARY_FAILURE:
        return "TEMPORARY_FAILURE";
    case VERIFIER_NOT_STARTED:
        break;
    }
    return "NOT_STARTED";
}

const char *round_outcome_name(round_outcome_t o)
{
    switch (o) {
    case ROUND_VERIFIED:
        return "verified";
    case ROUND_NEGATIVE:
        return "negative";
    case ROUND_TEMPORARY:
        return "temporary";
    case ROUND_UNTESTED:
        break;
    }
    return "untested";
}

void dkim_result_free(dkim_result_t *r)
{
    free(r->address);
    free(r->cell);
    finding_list_free(&r->findings);
    memset(r, 0, sizeof *r);
}
