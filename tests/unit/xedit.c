#include "xedit.h"

void xedit_each(xlab_t *x, void (*edit)(xprobe_t *p))
{
    for (unsigned q = 0; q < XQ_COUNT; q++)
        edit(&x->probe[BAD][q]);
}

void xedit_mismatch(xlab_t *x, uint8_t bits)
{
    xlab_act_udp(x, BAD, XA_MISMATCH);
    for (unsigned q = 0; q < XQ_COUNT; q++)
        x->probe[BAD][q].mismatch = bits;
}

void xedit_cut(xlab_t *x)
{
    xlab_act(x, BAD, XA_CUT);
}

void xedit_make_refused(xprobe_t *p)
{
    p->rcode = NSP_RCODE_REFUSED;
}

void xedit_edns_rcode(xlab_t *x, uint16_t rcode)
{
    for (unsigned q = 0; q < XQ_COUNT; q++)
        if (q != XQ_SOA) {
            x->probe[BAD][q].rcode = rcode;
            x->probe[BAD][q].no_opt = rcode < 16;
        }
}

void xedit_edns_formerr(xlab_t *x)
{
    xedit_edns_rcode(x, NSP_RCODE_FORMERR);
}

void xedit_tcp_answers_refused(xlab_t *x)
{
    for (unsigned q = 0; q < XQ_COUNT; q++)
        if (xquery_is_tcp((xquery_t)q))
            x->probe[BAD][q].rcode = NSP_RCODE_REFUSED;
}

void xedit_type_servfail(xlab_t *x)
{
    x->probe[BAD][XQ_NODATA].rcode = NSP_RCODE_SERVFAIL;
}

void xedit_tcp_older(xlab_t *x)
{
    x->probe[BAD][XQ_TCP].serial--;
}
