/* Cases about one address: what its answers say. */
#include "xcases.h"
#include "xedit.h"

/* Beside the answer of the first server for its SOA. */
static void beside_ns(xlab_t *x, const char *owner, const char *target)
{
    x->probe[0][XQ_SOA].beside_ns[0] = owner;
    x->probe[0][XQ_SOA].beside_ns[1] = target;
}

static void beside_other_zone(xlab_t *x)
{
    beside_ns(x, "other.net.", "ns1.other.net.");
}

static void beside_other_ns(xlab_t *x)
{
    beside_ns(x, "example.net.", "ns9.example.net.");
}

static void beside_own_ns(xlab_t *x)
{
    beside_ns(x, "Example.net.", "NS2.example.net.");
}

static void beside_a(xlab_t *x, const char *owner, const char *address)
{
    x->probe[0][XQ_NS].beside_a[0] = owner;
    x->probe[0][XQ_NS].beside_a[1] = address;
}

static void beside_other_address(xlab_t *x)
{
    beside_a(x, "ns2.example.net.", "8.0.9.9");
}

static void beside_own_address(xlab_t *x)
{
    beside_a(x, "NS2.example.net.", x->host_a[1]);
}

static void beside_other_host(xlab_t *x)
{
    beside_a(x, "www.example.net.", "8.0.9.9");
}

static void healthy(xlab_t *x)
{
    (void)x;
}

static void other_id(xlab_t *x)
{
    xedit_mismatch(x, MISMATCH_ID);
}

static void other_question(xlab_t *x)
{
    xedit_mismatch(x, MISMATCH_QUESTION);
}

static void reflected(xlab_t *x)
{
    xedit_mismatch(x, MISMATCH_QR);
}

static void no_header(xlab_t *x)
{
    xedit_mismatch(x, MISMATCH_HEADER);
}

static void trailing(xlab_t *x)
{
    xlab_act(x, BAD, XA_TRAILING);
}

static void refused(xlab_t *x)
{
    xedit_each(x, xedit_make_refused);
}

static void make_servfail(xprobe_t *p)
{
    p->rcode = NSP_RCODE_SERVFAIL;
}

static void servfail(xlab_t *x)
{
    xedit_each(x, make_servfail);
}

static void make_notimp(xprobe_t *p)
{
    p->rcode = NSP_RCODE_NOTIMP;
}

static void notimp(xlab_t *x)
{
    xedit_each(x, make_notimp);
}

static void make_upward(xprobe_t *p)
{
    p->no_aa = p->no_data = true;
    p->auth = XAUTH_ROOT;
}

static void upward(xlab_t *x)
{
    xedit_each(x, make_upward);
}

static void make_self(xprobe_t *p)
{
    make_upward(p);
    p->auth = XAUTH_SELF;
}

static void self_referral(xlab_t *x)
{
    xedit_each(x, make_self);
}

static void make_other(xprobe_t *p)
{
    p->rcode = NSP_RCODE_NXDOMAIN;
    p->auth = XAUTH_OTHER;
}

static void other_zone(xlab_t *x)
{
    xedit_each(x, make_other);
}

static void make_not_aa(xprobe_t *p)
{
    p->no_aa = p->ra = true;
}

static void not_aa(xlab_t *x)
{
    xedit_each(x, make_not_aa);
}

static void lame_and_broken(xlab_t *x)
{
    refused(x);
    for (unsigned q = 0; q < XQ_COUNT; q++) {
        x->probe[BAD][q].rtt = 900 * X_MS;
        x->probe[BAD][q].no_opt = x->probe[BAD][q].lower = x->probe[BAD][q].ra = true;
        x->probe[BAD][q].serial = 1;
    }
}

static void soa_missing(xlab_t *x)
{
    static const xquery_t soa[] = {XQ_SOA, XQ_EDNS, XQ_TCP, XQ_CASE};
    for (size_t i = 0; i < sizeof soa / sizeof soa[0]; i++)
        x->probe[BAD][soa[i]].no_data = true;
}

static void ns_missing(xlab_t *x)
{
    x->probe[BAD][XQ_NS].no_data = x->probe[BAD][XQ_NS_TCP].no_data = true;
}

/* An alias in the place of the zone's own records, the SOA aside; and of all of them. */
static void apex_cname(xlab_t *x)
{
    for (unsigned q = XQ_NS; q <= XQ_TXT_TCP; q++)
        x->probe[BAD][q].cname = "www.example.com.";
}

static void apex_cname_for_all(xlab_t *x)
{
    apex_cname(x);
    for (unsigned q = 0; q < XQ_COUNT; q++)
        if (q != XQ_NX)
            x->probe[BAD][q].cname = "www.example.com.";
}

static void make_prohibited_by_list(xprobe_t *p)
{
    p->rcode = NSP_RCODE_REFUSED;
    p->ede = 18;
}

static void refused_by_list(xlab_t *x)
{
    xedit_each(x, make_prohibited_by_list);
}

static void make_not_ready(xprobe_t *p)
{
    p->rcode = NSP_RCODE_SERVFAIL;
    p->ede = 14;
}

static void servfail_not_ready(xlab_t *x)
{
    xedit_each(x, make_not_ready);
}

static void soa_silent(xlab_t *x)
{
    x->probe[BAD][XQ_SOA].act = x->probe[BAD][XQ_EDNS].act = x->probe[BAD][XQ_CASE].act = XA_SILENT;
}

static void case_folded(xlab_t *x)
{
    x->probe[BAD][XQ_CASE].lower = true;
}

static void case_denied(xlab_t *x)
{
    x->probe[BAD][XQ_CASE].rcode = NSP_RCODE_NXDOMAIN;
}

static void case_silent(xlab_t *x)
{
    x->probe[BAD][XQ_CASE].act = XA_SILENT;
}

static void type_nxdomain(xlab_t *x)
{
    x->probe[BAD][XQ_NODATA].rcode = NSP_RCODE_NXDOMAIN;
}

static void type_bare(xlab_t *x)
{
    x->probe[BAD][XQ_NODATA].auth = XAUTH_NONE;
}

static void name_bare(xlab_t *x)
{
    x->probe[BAD][XQ_NX].auth = XAUTH_NONE;
}

/* One machine of two behind the address does not have the zone. */
static void refused_by_turns(xlab_t *x)
{
    x->probe[BAD][XQ_EDNS].rcode = x->probe[BAD][XQ_NS_TCP].rcode = NSP_RCODE_REFUSED;
}

/* The answers are of another class than the questions (RFC 1035 4.1.2). */
static void make_chaos(xprobe_t *p)
{
    p->soa_class = 3;
}

static void soa_of_chaos(xlab_t *x)
{
    xedit_each(x, make_chaos);
}

/* The same, with luck for the SOA: the other questions show it. */
static void refused_beside(xlab_t *x)
{
    x->probe[BAD][XQ_EDNS].rcode = x->probe[BAD][XQ_TXT].rcode = x->probe[BAD][XQ_NX].rcode =
        NSP_RCODE_REFUSED;
}

static void servfail_by_turns(xlab_t *x)
{
    x->probe[BAD][XQ_SOA].rcode = x->probe[BAD][XQ_NS].rcode = NSP_RCODE_SERVFAIL;
}

static void ns_refused(xlab_t *x)
{
    x->probe[BAD][XQ_NS].rcode = x->probe[BAD][XQ_NS_TCP].rcode = NSP_RCODE_REFUSED;
}

static void versions_by_turns(xlab_t *x)
{
    x->probe[BAD][XQ_EDNS].serial--;
}

/* Loaded anew between the first question and the others. */
static void version_new(xlab_t *x)
{
    for (unsigned i = 0; i < 4; i++)
        for (unsigned q = 0; q < XQ_COUNT; q++)
            x->probe[i][q].serial += i != BAD || q > XQ_SOA;
}

static void ns_not_aa(xlab_t *x)
{
    x->probe[BAD][XQ_NS].no_aa = x->probe[BAD][XQ_NS_TCP].no_aa = true;
}

static void ns_not_aa_over_udp(xlab_t *x)
{
    x->probe[BAD][XQ_NS].no_aa = true;
}

static void made_up(xlab_t *x)
{
    x->probe[BAD][XQ_NX].data = true;
}

static void wildcard_missing(xlab_t *x)
{
    for (unsigned i = 0; i < 4; i++)
        x->probe[i][XQ_NX].data = i != BAD;
}

static void wildcard_of_old_copy(xlab_t *x)
{
    made_up(x);
    for (unsigned q = 0; q < XQ_COUNT; q++)
        x->probe[BAD][q].serial--;
}

static void make_ra(xprobe_t *p)
{
    p->ra = true;
}

static void recursion(xlab_t *x)
{
    xedit_each(x, make_ra);
}

const xcase_t xcases_address[] = {
    {FINDING_WRONG_ID, true, "all replies", other_id, "wrong-id"},
    {FINDING_WRONG_ID, false, "question", other_question, "wrong-question"},
    {FINDING_WRONG_QUESTION, true, "all replies", other_question, "wrong-question"},
    {FINDING_WRONG_QUESTION, false, "ID", other_id, "wrong-id"},
    {FINDING_NOT_A_RESPONSE, true, "QR clear", reflected, "not-a-response"},
    {FINDING_NOT_A_RESPONSE, false, "ID", other_id, "wrong-id"},
    {FINDING_MALFORMED, true, "cut", xedit_cut, "malformed"},
    {FINDING_MALFORMED, true, "trailing octets", trailing, "malformed"},
    {FINDING_MALFORMED, true, "no header", no_header, "malformed"},
    {FINDING_MALFORMED, false, "FORMERR", xedit_edns_formerr, "edns-broken"},
    {FINDING_LAME_REFUSED, true, "REFUSED", refused, "lame-refused"},
    {FINDING_LAME_REFUSED, true, "and nothing else", lame_and_broken, "lame-refused"},
    {FINDING_LAME_REFUSED, true, "by turns", refused_by_turns, "lame-refused"},
    {FINDING_LAME_REFUSED, true, "by turns, seldom for the SOA", refused_beside,
     "lame-refused negative-broken"},
    {FINDING_LAME_SERVFAIL, true, "by turns", servfail_by_turns, "lame-servfail"},
    {FINDING_LAME_REFUSED, false, "for NS alone", ns_refused, "ns-missing"},
    {FINDING_LAME_REFUSED, false, "over TCP alone", xedit_tcp_answers_refused, "tcp-wrong-answer"},
    {FINDING_LAME_SERVFAIL, true, "SERVFAIL", servfail, "lame-servfail"},
    {FINDING_LAME_SERVFAIL, false, "for one type", xedit_type_servfail, "negative-broken"},
    {FINDING_LAME_RCODE, true, "NOTIMP", notimp, "lame-rcode"},
    {FINDING_LAME_RCODE, false, "FORMERR to EDNS", xedit_edns_formerr, "edns-broken"},
    {FINDING_LAME_UPWARD_REFERRAL, true, "to the root", upward, "lame-upward-referral"},
    {FINDING_LAME_UPWARD_REFERRAL, false, "to itself", self_referral, "lame-other-zone"},
    {FINDING_LAME_OTHER_ZONE, true, "NXDOMAIN of another zone", other_zone, "lame-other-zone"},
    {FINDING_LAME_OTHER_ZONE, true, "referral to itself", self_referral, "lame-other-zone"},
    {FINDING_LAME_OTHER_ZONE, false, "upward referral", upward, "lame-upward-referral"},
    {FINDING_LAME_NOT_AUTHORITATIVE, true, "AA clear", not_aa, "lame-not-authoritative"},
    {FINDING_LAME_NOT_AUTHORITATIVE, false, "RA set", recursion, "recursion-offered"},
    {FINDING_CNAME_AT_APEX, true, "beside the SOA", apex_cname, "cname-at-apex answers-differ"},
    {FINDING_CNAME_AT_APEX, true, "in place of the SOA", apex_cname_for_all, "cname-at-apex"},
    {FINDING_CNAME_AT_APEX, false, "AA without NS", ns_missing, "ns-missing answers-differ"},
    {FINDING_SOA_MISSING, true, "AA without SOA", soa_missing, "soa-missing"},
    {FINDING_SOA_MISSING, true, "of another class", soa_of_chaos, "soa-missing"},
    {FINDING_SOA_MISSING, false, "AA without NS", ns_missing, "ns-missing answers-differ"},
    {FINDING_NS_MISSING, true, "AA without NS", ns_missing, "ns-missing answers-differ"},
    {FINDING_NS_MISSING, true, "REFUSED", ns_refused, "ns-missing"},
    {FINDING_NS_MISSING, false, "AA without SOA", soa_missing, "soa-missing"},
    {FINDING_LAME_REFUSED, true, "by an access list", refused_by_list, "lame-refused"},
    {FINDING_LAME_SERVFAIL, true, "not ready", servfail_not_ready, "lame-servfail"},
    {FINDING_CASE_SENSITIVE, true, "NXDOMAIN", case_denied, "case-sensitive"},
    {FINDING_CASE_SENSITIVE, true, "silent", case_silent, "case-sensitive"},
    {FINDING_CASE_SENSITIVE, false, "folded", case_folded, "case-not-preserved"},
    {FINDING_CASE_SENSITIVE, false, "SOA is silent in any case", soa_silent, "query-dropped"},
    {FINDING_CASE_NOT_PRESERVED, true, "folded", case_folded, "case-not-preserved"},
    {FINDING_CASE_NOT_PRESERVED, false, "NXDOMAIN", case_denied, "case-sensitive"},
    {FINDING_NS_MISSING, true, "without AA", ns_not_aa, "ns-missing"},
    {FINDING_NS_MISSING, false, "without AA over UDP alone", ns_not_aa_over_udp, ""},
    {FINDING_NEGATIVE_BROKEN, true, "SERVFAIL", xedit_type_servfail, "negative-broken"},
    {FINDING_NEGATIVE_BROKEN, true, "NXDOMAIN for the apex", type_nxdomain, "negative-broken"},
    {FINDING_NEGATIVE_BROKEN, false, "no SOA", type_bare, "negative-without-soa"},
    {FINDING_NEGATIVE_WITHOUT_SOA, true, "NODATA", type_bare, "negative-without-soa"},
    {FINDING_NEGATIVE_WITHOUT_SOA, true, "NXDOMAIN", name_bare, "negative-without-soa"},
    {FINDING_NEGATIVE_WITHOUT_SOA, false, "SERVFAIL", xedit_type_servfail, "negative-broken"},
    {FINDING_VERSIONS_MIXED, true, "by turns", versions_by_turns, "versions-mixed"},
    {FINDING_VERSIONS_MIXED, false, "over TCP alone", xedit_tcp_older, "tcp-wrong-answer"},
    {FINDING_VERSIONS_MIXED, false, "loaded anew", version_new, "serial-differs"},
    {FINDING_BESIDE_WRONG, true, "NS of another zone", beside_other_zone, "beside-wrong"},
    {FINDING_BESIDE_WRONG, true, "NS that the zone does not have", beside_other_ns, "beside-wrong"},
    {FINDING_BESIDE_WRONG, false, "NS of the zone", beside_own_ns, ""},
    {FINDING_BESIDE_WRONG, true, "an address of nobody", beside_other_address, "beside-wrong"},
    {FINDING_BESIDE_WRONG, false, "the server's address", beside_own_address, ""},
    {FINDING_BESIDE_WRONG, false, "an address of no server", beside_other_host, ""},
    {FINDING_ANSWERS_DIFFER, true, "one makes up names", made_up, "answers-differ"},
    {FINDING_ANSWERS_DIFFER, true, "one lacks the wildcard", wildcard_missing, "answers-differ"},
    {FINDING_ANSWERS_DIFFER, false, "an old copy has a wildcard", wildcard_of_old_copy,
     "serial-differs wildcard"},
    {FINDING_RECURSION_OFFERED, true, "RA", recursion, "recursion-offered"},
    {FINDING_RECURSION_OFFERED, false, "RA of a lame server", not_aa, "lame-not-authoritative"},
    {FINDING_RECURSION_OFFERED, false, "healthy", healthy, ""},
    {FINDING_COUNT, false, NULL, NULL, NULL},
};
