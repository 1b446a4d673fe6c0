#include "error.h"

static const char *const err_names[] = {
#define X(code, name, text) name,
    NSP_ERRORS(X)
#undef X
};

static const char *const err_texts[] = {
#define X(code, name, text) text,
    NSP_ERRORS(X)
#undef X
};

const char *nsp_err_name(nsp_err_t err)
{
    return (unsigned)err < NSP_ERR_COUNT ? err_names[err] : "unknown";
}

const char *nsp_err_text(nsp_err_t err)
{
    return (unsigned)err < NSP_ERR_COUNT ? err_texts[err] : "unknown error";
}
