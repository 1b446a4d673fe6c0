#include "dnssec/dnssec.h"

dnssec_class_t dnssec_status_class(dnssec_status_t status)
{
    static const dnssec_class_t classes[] = {
#define X(code, class, name, text) DNSSEC_CLASS_##class,
        DNSSEC_STATUSES(X)
#undef X
    };
    return status < DNSSEC_STATUS_COUNT ? classes[status] : DNSSEC_CLASS_INDETERMINATE;
}

const char *dnssec_status_name(dnssec_status_t status)
{
    static const char *const names[] = {
#define X(code, class, name, text) name,
        DNSSEC_STATUSES(X)
#undef X
    };
    return status < DNSSEC_STATUS_COUNT ? names[status] : "unknown";
}

const char *dnssec_status_text(dnssec_status_t status)
{
    static const char *const texts[] = {
#define X(code, class, name, text) text,
        DNSSEC_STATUSES(X)
#undef X
    };
    return status < DNSSEC_STATUS_COUNT ? texts[status] : "unknown status";
}
