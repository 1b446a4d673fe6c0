#include "dkim/expect_text.h"

#include "dkim/view.h"

bool expectation_rdata_text(const expectation_t *e, nsp_text_t *t)
{
    record_view_t v;
    if (e->any_key) {
        nsp_text_str(t, "(any DKIM key)");
        return true;
    }
    if (!record_view(&v, e->type, e->rdata, e->rdlen))
        return false;
    bool good = nsp_text_rdata(t, &v.m, &v.rr);
    record_view_free(&v);
    return good;
}
