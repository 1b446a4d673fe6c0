/* Cases about one address; ns2's IPv4 address (2) is the one that is spoilt. */
#include "xcases.h"

#define BAD 2

static void healthy(xlab_t *x)
{
    (void)x;
}

static void each(xlab_t *x, void (*edit)(xprobe_t *p))
{
    for (unsigned q = 0; q < XQ_COUNT; q++)
        edit(&x->probe[BAD][q]);
}

static void not_sent6(xlab_t *x)
{
    xlab_act(x, 1, XA_NOT_SENT);
    xlab_act(x, 3, XA_NOT_SENT);
    x->parent[1].act = XA_NOT_SENT;
}

static void silent6(xlab_t *x)
{
    xlab_act(x, 1, XA_SILENT);
    xlab_act(x, 3, XA_SILENT);
}

static void silent6_everywhere(xlab_t *x)
{
    silent6(x);
    x->parent[1].act = XA_SILENT;
}

static void silent6_one(xlab_t *x)
{
    xlab_act(x, 3, XA_SILENT);
}

static bool not_first6(const model_address_t *a)
{
    return a->addr.family == 4 || a->server[0] == 1;
}

/* The only IPv6 address there is. */
static void silent6_only(xlab_t *x)
{
    xlab_keep(x, not_first6);
    x->host_aaaa[0] = NULL;
    xlab_act(x, 2, XA_SILENT);
}

static void silent(xlab_t *x)
{
    xlab_act(x, BAD, XA_SILENT);
}

static void silent_refused(xlab_t *x)
{
    xlab_act_udp(x, BAD, XA_SILENT);
    xlab_act_tcp(x, BAD, XA_REFUSED);
}

static void make_port_unreachable(xprobe_t *p)
{
    p->icmp_type = 3;
    p->icmp_code = 3;
}

static void port_unreachable(xlab_t *x)
{
    each(x, make_port_unreachable);
    xlab_act_udp(x, BAD, XA_ICMP);
    xlab_act_tcp(x, BAD, XA_REFUSED);
}

static void make_prohibited(xprobe_t *p)
{
    p->icmp_type = 3;
    p->icmp_code = 13;
}

static void prohibited(xlab_t *x)
{
    each(x, make_prohibited);
    xlab_act(x, BAD, XA_ICMP);
}

static void make_no_neighbour(xprobe_t *p)
{
    p->icmp_type = 3;
    p->icmp_code = 1;
    p->icmp_own = true;
}

static void no_neighbour(xlab_t *x)
{
    each(x, make_no_neighbour);
    xlab_act(x, BAD, XA_ICMP);
}

static void tcp_prohibited(xlab_t *x)
{
    each(x, make_prohibited);
    xlab_act_tcp(x, BAD, XA_ICMP);
}

static void udp_silent(xlab_t *x)
{
    xlab_act_udp(x, BAD, XA_SILENT);
}

static void tcp_silent(xlab_t *x)
{
    xlab_act_tcp(x, BAD, XA_SILENT);
}

static void tcp_open_silent(xlab_t *x)
{
    xlab_act_tcp(x, BAD, XA_OPEN_SILENT);
}

static void truncated(xlab_t *x)
{
    x->probe[BAD][XQ_TXT].tc = true;
}

/* TC for all that is asked over UDP. */
static void all_truncated(xlab_t *x)
{
    for (unsigned q = 0; q < XQ_COUNT; q++)
        if (!xquery_is_tcp((xquery_t)q))
            x->probe[BAD][q].tc = x->probe[BAD][q].no_data = true;
}

static void all_but_one_truncated(xlab_t *x)
{
    all_truncated(x);
    x->probe[BAD][XQ_NS].tc = x->probe[BAD][XQ_NS].no_data = false;
}

static void truncated_tcp_refused(xlab_t *x)
{
    truncated(x);
    xlab_act_tcp(x, BAD, XA_REFUSED);
}

static void truncated_over_tcp(xlab_t *x)
{
    truncated(x);
    x->probe[BAD][XQ_TXT_TCP].tc = true;
}

static void tcp_refused(xlab_t *x)
{
    xlab_act_tcp(x, BAD, XA_REFUSED);
}

static void tcp_reset(xlab_t *x)
{
    xlab_act_tcp(x, BAD, XA_RESET);
}

static void tcp_closed(xlab_t *x)
{
    xlab_act_tcp(x, BAD, XA_CLOSED);
}

static void tcp_closed_once(xlab_t *x)
{
    x->probe[BAD][XQ_TXT_TCP].act = XA_CLOSED;
}

static void mismatch(xlab_t *x, uint8_t bits)
{
    xlab_act_udp(x, BAD, XA_MISMATCH);
    for (unsigned q = 0; q < XQ_COUNT; q++)
        x->probe[BAD][q].mismatch = bits;
}

static void other_address(xlab_t *x)
{
    mismatch(x, MISMATCH_ADDRESS);
}

static void other_address_too(xlab_t *x)
{
    x->probe[BAD][XQ_SOA].extra_mismatch = true;
    x->probe[BAD][XQ_SOA].mismatch = MISMATCH_ADDRESS;
}

static void other_port(xlab_t *x)
{
    mismatch(x, MISMATCH_PORT);
}

static void other_id(xlab_t *x)
{
    mismatch(x, MISMATCH_ID);
}

static void other_question(xlab_t *x)
{
    mismatch(x, MISMATCH_QUESTION);
}

static void reflected(xlab_t *x)
{
    mismatch(x, MISMATCH_QR);
}

static void no_header(xlab_t *x)
{
    mismatch(x, MISMATCH_HEADER);
}

static void cut(xlab_t *x)
{
    xlab_act(x, BAD, XA_CUT);
}

static void trailing(xlab_t *x)
{
    xlab_act(x, BAD, XA_TRAILING);
}

static void make_refused(xprobe_t *p)
{
    p->rcode = NSP_RCODE_REFUSED;
}

static void refused(xlab_t *x)
{
    each(x, make_refused);
}

static void make_servfail(xprobe_t *p)
{
    p->rcode = NSP_RCODE_SERVFAIL;
}

static void servfail(xlab_t *x)
{
    each(x, make_servfail);
}

static void make_notimp(xprobe_t *p)
{
    p->rcode = NSP_RCODE_NOTIMP;
}

static void notimp(xlab_t *x)
{
    each(x, make_notimp);
}

static void make_upward(xprobe_t *p)
{
    p->no_aa = p->no_data = true;
    p->auth = XAUTH_ROOT;
}

static void upward(xlab_t *x)
{
    each(x, make_upward);
}

static void make_self(xprobe_t *p)
{
    make_upward(p);
    p->auth = XAUTH_SELF;
}

static void self_referral(xlab_t *x)
{
    each(x, make_self);
}

static void make_other(xprobe_t *p)
{
    p->rcode = NSP_RCODE_NXDOMAIN;
    p->auth = XAUTH_OTHER;
}

static void other_zone(xlab_t *x)
{
    each(x, make_other);
}

static void make_not_aa(xprobe_t *p)
{
    p->no_aa = p->ra = true;
}

static void not_aa(xlab_t *x)
{
    each(x, make_not_aa);
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

static void edns_act(xlab_t *x, xact_t act)
{
    for (unsigned q = 0; q < XQ_COUNT; q++)
        if (q != XQ_SOA && !xquery_is_tcp((xquery_t)q))
            x->probe[BAD][q].act = act;
}

static void edns_silent(xlab_t *x)
{
    edns_act(x, XA_SILENT);
}

static void edns_silent_tcp_too(xlab_t *x)
{
    edns_act(x, XA_SILENT);
    xlab_act_tcp(x, BAD, XA_OPEN_SILENT);
}

static void edns_silent_once(xlab_t *x)
{
    x->probe[BAD][XQ_EDNS].act = XA_SILENT;
}

static void edns_rcode(xlab_t *x, uint16_t rcode)
{
    for (unsigned q = 0; q < XQ_COUNT; q++)
        if (q != XQ_SOA) {
            x->probe[BAD][q].rcode = rcode;
            x->probe[BAD][q].no_opt = rcode < 16;
        }
}

static void edns_formerr(xlab_t *x)
{
    edns_rcode(x, NSP_RCODE_FORMERR);
}

static void edns_badvers(xlab_t *x)
{
    edns_rcode(x, NSP_RCODE_BADVERS);
}

static void edns_ignored(xlab_t *x)
{
    for (unsigned q = 0; q < XQ_COUNT; q++)
        x->probe[BAD][q].no_opt = true;
}

static void big_silent(xlab_t *x)
{
    x->probe[BAD][XQ_TXT].act = x->probe[BAD][XQ_DNSKEY].act = XA_SILENT;
}

static void txt_silent(xlab_t *x)
{
    x->probe[BAD][XQ_TXT].act = XA_SILENT;
}

static void set_txt(xlab_t *x, unsigned octets)
{
    for (unsigned i = 0; i < 4; i++)
        x->probe[i][XQ_TXT].txt = x->probe[i][XQ_TXT_TCP].txt = octets;
}

static void big_txt_silent(xlab_t *x)
{
    set_txt(x, 1800);
    txt_silent(x);
}

/* The reply over TCP has 1232 octets, or 1233: header 12, question 17, record 12 and RDATA, OPT
 * 11; RDATA has one octet more for each 200 of the text. */
static void txt_at_limit_silent(xlab_t *x)
{
    set_txt(x, 1174);
    txt_silent(x);
}

static void txt_above_limit_silent(xlab_t *x)
{
    set_txt(x, 1175);
    txt_silent(x);
}

/* 512 octets: what has no more than that passes everywhere, so that it is the type that does not.
 */
static void txt_small_silent(xlab_t *x)
{
    set_txt(x, 457);
    txt_silent(x);
}

static void txt_beyond_plain_silent(xlab_t *x)
{
    set_txt(x, 458);
    txt_silent(x);
}

/* Nobody says over TCP how large it is; the others' answers do. */
static void txt_silent_tcp_refused(xlab_t *x)
{
    big_txt_silent(x);
    x->probe[BAD][XQ_TXT_TCP].act = XA_CLOSED;
}

/* Packets of full size get lost, whatever carries them. */
static void txt_silent_over_both(xlab_t *x)
{
    big_txt_silent(x);
    x->probe[BAD][XQ_TXT_TCP].act = XA_OPEN_SILENT;
}

static void txt_rejected(xlab_t *x)
{
    big_txt_silent(x);
    x->probe[BAD][XQ_TXT].act = XA_ICMP;
    make_prohibited(&x->probe[BAD][XQ_TXT]);
}

static void make_prohibited_by_list(xprobe_t *p)
{
    p->rcode = NSP_RCODE_REFUSED;
    p->ede = 18;
}

static void refused_by_list(xlab_t *x)
{
    each(x, make_prohibited_by_list);
}

static void make_not_ready(xprobe_t *p)
{
    p->rcode = NSP_RCODE_SERVFAIL;
    p->ede = 14;
}

static void servfail_not_ready(xlab_t *x)
{
    each(x, make_not_ready);
}

static void txt_cut_silent_over_tcp(xlab_t *x)
{
    set_txt(x, 1800);
    x->probe[BAD][XQ_TXT].tc = true;
    x->probe[BAD][XQ_TXT_TCP].act = XA_OPEN_SILENT;
}

static void soa_silent(xlab_t *x)
{
    x->probe[BAD][XQ_SOA].act = x->probe[BAD][XQ_EDNS].act = x->probe[BAD][XQ_CASE].act = XA_SILENT;
}

static void big_txt_answered(xlab_t *x)
{
    set_txt(x, 1800);
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

static void tcp_answers_refused(xlab_t *x)
{
    for (unsigned q = 0; q < XQ_COUNT; q++)
        if (xquery_is_tcp((xquery_t)q))
            x->probe[BAD][q].rcode = NSP_RCODE_REFUSED;
}

static void type_silent(xlab_t *x)
{
    x->probe[BAD][XQ_NODATA].act = XA_SILENT;
}

static void lossy(xlab_t *x)
{
    x->probe[BAD][XQ_SOA].lost = x->probe[BAD][XQ_NS].lost = x->probe[BAD][XQ_TXT].lost = 1;
}

static void lossy_and_type_silent(xlab_t *x)
{
    lossy(x);
    type_silent(x);
}

static void lossy_once(xlab_t *x)
{
    x->probe[BAD][XQ_SOA].lost = 1;
}

static void lossy_once_and_type_silent(xlab_t *x)
{
    lossy_once(x);
    type_silent(x);
}

static void type_servfail(xlab_t *x)
{
    x->probe[BAD][XQ_NODATA].rcode = NSP_RCODE_SERVFAIL;
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

static void late_once(xlab_t *x)
{
    x->probe[BAD][XQ_SOA].late = true;
    x->probe[BAD][XQ_SOA].rtt = 300 * X_MS;
}

static void make_slow(xprobe_t *p)
{
    p->rtt = 501 * X_MS;
}

static void make_not_slow(xprobe_t *p)
{
    p->rtt = 500 * X_MS;
}

static void slow(xlab_t *x)
{
    each(x, make_slow);
}

static void not_slow(xlab_t *x)
{
    each(x, make_not_slow);
}

static void slow_once(xlab_t *x)
{
    x->probe[BAD][XQ_SOA].rtt = 900 * X_MS;
}

static void make_late(xprobe_t *p)
{
    p->late = true;
    p->rtt = 600 * X_MS;
}

static void txt_servfail(xlab_t *x)
{
    x->probe[BAD][XQ_TXT].rcode = x->probe[BAD][XQ_TXT_TCP].rcode = NSP_RCODE_SERVFAIL;
}

/* One machine of two behind the address does not have the zone. */
static void refused_by_turns(xlab_t *x)
{
    x->probe[BAD][XQ_EDNS].rcode = x->probe[BAD][XQ_NS_TCP].rcode = NSP_RCODE_REFUSED;
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

static void tcp_older(xlab_t *x)
{
    x->probe[BAD][XQ_TCP].serial--;
}

static void ns_not_aa(xlab_t *x)
{
    x->probe[BAD][XQ_NS].no_aa = x->probe[BAD][XQ_NS_TCP].no_aa = true;
}

static void ns_not_aa_over_udp(xlab_t *x)
{
    x->probe[BAD][XQ_NS].no_aa = true;
}

static void txt_not_aa(xlab_t *x)
{
    x->probe[BAD][XQ_TXT].no_aa = x->probe[BAD][XQ_TXT_TCP].no_aa = true;
}

static void tcp_other_records(xlab_t *x)
{
    x->probe[BAD][XQ_TXT].txt = x->probe[BAD][XQ_TXT_TCP].txt = 60;
    x->probe[BAD][XQ_NS_TCP].ns[1] = "ns9.example.net.";
    for (unsigned i = 0; i < 4; i++)
        x->probe[i][XQ_TXT].txt = x->probe[i][XQ_TXT_TCP].txt = 60;
}

/* What comes over UDP is cut, and whole over TCP. */
static void tcp_for_the_rest(xlab_t *x)
{
    x->probe[BAD][XQ_TXT].tc = x->probe[BAD][XQ_TXT].no_data = true;
    for (unsigned i = 0; i < 4; i++)
        x->probe[i][XQ_TXT].txt = x->probe[i][XQ_TXT_TCP].txt = 60;
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

/* The first few pass, whatever they are. */
static void rate_limited(xlab_t *x)
{
    xlab_act_udp(x, BAD, XA_SILENT);
    x->probe[BAD][XQ_NS].act = x->probe[BAD][XQ_DNSKEY].act = XA_ANSWER;
}

/* So late that all attempts were sent: none of them was lost. */
static void make_very_late(xprobe_t *p)
{
    p->late = true;
    p->lost = 1;
}

static void very_late(xlab_t *x)
{
    each(x, make_very_late);
}

static void late_always(xlab_t *x)
{
    each(x, make_late);
}

static void make_ra(xprobe_t *p)
{
    p->ra = true;
}

static void recursion(xlab_t *x)
{
    each(x, make_ra);
}

/* What an unseen lab has: a server that refuses, one without TCP, and a dead address. */
static void three_faults(xlab_t *x)
{
    for (unsigned q = 0; q < XQ_COUNT; q++)
        make_refused(&x->probe[0][q]);
    xlab_act_tcp(x, 1, XA_SILENT);
    xlab_act(x, 3, XA_SILENT);
}

const xcase_t xcases_address[] = {
    {FINDING_UNTESTED, true, "no IPv6 here", not_sent6, "untested"},
    {FINDING_UNTESTED, true, "IPv6 silent everywhere", silent6_everywhere, "untested"},
    {FINDING_UNTESTED, false, "IPv6 of the zone silent", silent6, "family-unresponsive"},
    {FINDING_FAMILY_UNRESPONSIVE, true, "both IPv6 addresses", silent6, "family-unresponsive"},
    {FINDING_FAMILY_UNRESPONSIVE, false, "one of two", silent6_one, "unresponsive"},
    {FINDING_FAMILY_UNRESPONSIVE, false, "the only one", silent6_only, "unresponsive"},
    {FINDING_UNRESPONSIVE, true, "UDP and TCP silent", silent, "unresponsive"},
    {FINDING_UNRESPONSIVE, true, "UDP silent, TCP refused", silent_refused, "unresponsive"},
    {FINDING_UNRESPONSIVE, true, "three faults at once", three_faults,
     "unresponsive tcp-unresponsive lame-refused"},
    {FINDING_UNRESPONSIVE, false, "UDP alone silent", udp_silent, "udp-unresponsive"},
    {FINDING_ICMP_UNREACHABLE, true, "port unreachable", port_unreachable, "icmp-unreachable"},
    {FINDING_ICMP_UNREACHABLE, true, "prohibited, TCP too", prohibited, "icmp-unreachable"},
    {FINDING_ICMP_UNREACHABLE, true, "TCP prohibited", tcp_prohibited, "icmp-unreachable"},
    {FINDING_ICMP_UNREACHABLE, false, "no host in this network", no_neighbour, "unresponsive"},
    {FINDING_ICMP_UNREACHABLE, false, "silent", silent, "unresponsive"},
    {FINDING_UDP_UNRESPONSIVE, true, "TCP answers", udp_silent, "udp-unresponsive"},
    {FINDING_UDP_UNRESPONSIVE, false, "TCP silent too", silent, "unresponsive"},
    {FINDING_TRUNCATED_NO_TCP, true, "TCP refused", truncated_tcp_refused, "truncated-no-tcp"},
    {FINDING_TRUNCATED_NO_TCP, true, "TCP is cut as well", truncated_over_tcp, "truncated-no-tcp"},
    {FINDING_TRUNCATED_NO_TCP, false, "TCP works", truncated, ""},
    {FINDING_TRUNCATED_NO_TCP, false, "nothing is cut", tcp_silent, "tcp-unresponsive"},
    {FINDING_TCP_UNRESPONSIVE, true, "no handshake", tcp_silent, "tcp-unresponsive"},
    {FINDING_TCP_UNRESPONSIVE, true, "handshake alone", tcp_open_silent, "tcp-unresponsive"},
    {FINDING_TCP_UNRESPONSIVE, false, "EDNS silent over TCP too", edns_silent_tcp_too,
     "edns-dropped"},
    {FINDING_TCP_REFUSED, true, "RST to SYN", tcp_refused, "tcp-refused"},
    {FINDING_TCP_REFUSED, false, "RST later", tcp_reset, "tcp-reset"},
    {FINDING_TCP_RESET, true, "RST later", tcp_reset, "tcp-reset"},
    {FINDING_TCP_RESET, false, "RST to SYN", tcp_refused, "tcp-refused"},
    {FINDING_TCP_CLOSED, true, "FIN", tcp_closed, "tcp-closed"},
    {FINDING_TCP_CLOSED, false, "one of four", tcp_closed_once, ""},
    {FINDING_WRONG_SOURCE_ADDRESS, true, "all replies", other_address, "wrong-source-address"},
    {FINDING_WRONG_SOURCE_ADDRESS, true, "beside the right one", other_address_too,
     "wrong-source-address"},
    {FINDING_WRONG_SOURCE_ADDRESS, false, "port", other_port, "wrong-source-port"},
    {FINDING_WRONG_SOURCE_PORT, true, "all replies", other_port, "wrong-source-port"},
    {FINDING_WRONG_SOURCE_PORT, false, "address", other_address, "wrong-source-address"},
    {FINDING_WRONG_ID, true, "all replies", other_id, "wrong-id"},
    {FINDING_WRONG_ID, false, "question", other_question, "wrong-question"},
    {FINDING_WRONG_QUESTION, true, "all replies", other_question, "wrong-question"},
    {FINDING_WRONG_QUESTION, false, "ID", other_id, "wrong-id"},
    {FINDING_NOT_A_RESPONSE, true, "QR clear", reflected, "not-a-response"},
    {FINDING_NOT_A_RESPONSE, false, "ID", other_id, "wrong-id"},
    {FINDING_MALFORMED, true, "cut", cut, "malformed"},
    {FINDING_MALFORMED, true, "trailing octets", trailing, "malformed"},
    {FINDING_MALFORMED, true, "no header", no_header, "malformed"},
    {FINDING_MALFORMED, false, "FORMERR", edns_formerr, "edns-broken"},
    {FINDING_LAME_REFUSED, true, "REFUSED", refused, "lame-refused"},
    {FINDING_LAME_REFUSED, true, "and nothing else", lame_and_broken, "lame-refused"},
    {FINDING_LAME_REFUSED, true, "by turns", refused_by_turns, "lame-refused"},
    {FINDING_LAME_SERVFAIL, true, "by turns", servfail_by_turns, "lame-servfail"},
    {FINDING_LAME_REFUSED, false, "for NS alone", ns_refused, "ns-missing"},
    {FINDING_LAME_REFUSED, false, "over TCP alone", tcp_answers_refused, "tcp-wrong-answer"},
    {FINDING_LAME_SERVFAIL, true, "SERVFAIL", servfail, "lame-servfail"},
    {FINDING_LAME_SERVFAIL, false, "for one type", type_servfail, "negative-broken"},
    {FINDING_LAME_RCODE, true, "NOTIMP", notimp, "lame-rcode"},
    {FINDING_LAME_RCODE, false, "FORMERR to EDNS", edns_formerr, "edns-broken"},
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
    {FINDING_SOA_MISSING, false, "AA without NS", ns_missing, "ns-missing answers-differ"},
    {FINDING_NS_MISSING, true, "AA without NS", ns_missing, "ns-missing answers-differ"},
    {FINDING_NS_MISSING, true, "REFUSED", ns_refused, "ns-missing"},
    {FINDING_NS_MISSING, false, "AA without SOA", soa_missing, "soa-missing"},
    {FINDING_EDNS_DROPPED, true, "all with EDNS", edns_silent, "edns-dropped"},
    {FINDING_EDNS_DROPPED, false, "one with EDNS", edns_silent_once, "query-dropped"},
    {FINDING_EDNS_SIZE_DROPPED, true, "both big questions", big_silent, "edns-size-dropped"},
    {FINDING_EDNS_SIZE_DROPPED, false, "one of them", txt_silent, "query-dropped"},
    {FINDING_BIG_ANSWER_LOST, true, "large over TCP", big_txt_silent, "big-answer-lost"},
    {FINDING_BIG_ANSWER_LOST, true, "1233 octets", txt_above_limit_silent, "big-answer-lost"},
    {FINDING_BIG_ANSWER_LOST, true, "1232 octets", txt_at_limit_silent, "big-answer-lost"},
    {FINDING_BIG_ANSWER_LOST, true, "513 octets", txt_beyond_plain_silent, "big-answer-lost"},
    {FINDING_BIG_ANSWER_LOST, false, "512 octets", txt_small_silent, "query-dropped"},
    {FINDING_BIG_ANSWER_LOST, true, "by the size elsewhere", txt_silent_tcp_refused,
     "big-answer-lost"},
    {FINDING_LAME_REFUSED, true, "by an access list", refused_by_list, "lame-refused"},
    {FINDING_LAME_SERVFAIL, true, "not ready", servfail_not_ready, "lame-servfail"},
    {FINDING_BIG_ANSWER_LOST, true, "rejected", txt_rejected, "big-answer-lost"},
    {FINDING_BIG_ANSWER_LOST, true, "over both", txt_silent_over_both, "big-answer-lost"},
    {FINDING_TRUNCATED_NO_TCP, true, "the big answer alone", txt_cut_silent_over_tcp,
     "truncated-no-tcp"},
    {FINDING_BIG_ANSWER_LOST, false, "large and answered", big_txt_answered, ""},
    {FINDING_EDNS_BROKEN, true, "FORMERR", edns_formerr, "edns-broken"},
    {FINDING_EDNS_BROKEN, true, "BADVERS", edns_badvers, "edns-broken"},
    {FINDING_EDNS_BROKEN, true, "no OPT", edns_ignored, "edns-broken"},
    {FINDING_EDNS_BROKEN, false, "one error", type_servfail, "negative-broken"},
    {FINDING_CASE_SENSITIVE, true, "NXDOMAIN", case_denied, "case-sensitive"},
    {FINDING_CASE_SENSITIVE, true, "silent", case_silent, "case-sensitive"},
    {FINDING_CASE_SENSITIVE, false, "folded", case_folded, "case-not-preserved"},
    {FINDING_CASE_SENSITIVE, false, "SOA is silent in any case", soa_silent, "query-dropped"},
    {FINDING_CASE_NOT_PRESERVED, true, "folded", case_folded, "case-not-preserved"},
    {FINDING_CASE_NOT_PRESERVED, false, "NXDOMAIN", case_denied, "case-sensitive"},
    {FINDING_TCP_WRONG_ANSWER, true, "REFUSED", tcp_answers_refused, "tcp-wrong-answer"},
    {FINDING_TCP_WRONG_ANSWER, false, "EDNS refused over both", edns_formerr, "edns-broken"},
    {FINDING_NS_MISSING, true, "without AA", ns_not_aa, "ns-missing"},
    {FINDING_NS_MISSING, false, "without AA over UDP alone", ns_not_aa_over_udp, ""},
    {FINDING_TYPE_BROKEN, true, "TXT without AA", txt_not_aa, "type-broken"},
    {FINDING_UDP_TRUNCATED, true, "every answer", all_truncated, "udp-truncated"},
    {FINDING_UDP_TRUNCATED, false, "every answer but one", all_but_one_truncated, ""},
    {FINDING_UDP_TRUNCATED, false, "one answer", truncated, ""},
    {FINDING_QUERY_DROPPED, true, "one type", type_silent, "query-dropped"},
    {FINDING_QUERY_DROPPED, true, "one type, one packet lost", lossy_once_and_type_silent,
     "query-dropped flapping"},
    {FINDING_QUERY_DROPPED, false, "much is lost", lossy_and_type_silent, "flapping"},
    {FINDING_NEGATIVE_BROKEN, true, "SERVFAIL", type_servfail, "negative-broken"},
    {FINDING_NEGATIVE_BROKEN, true, "NXDOMAIN for the apex", type_nxdomain, "negative-broken"},
    {FINDING_NEGATIVE_BROKEN, false, "no SOA", type_bare, "negative-without-soa"},
    {FINDING_NEGATIVE_WITHOUT_SOA, true, "NODATA", type_bare, "negative-without-soa"},
    {FINDING_NEGATIVE_WITHOUT_SOA, true, "NXDOMAIN", name_bare, "negative-without-soa"},
    {FINDING_NEGATIVE_WITHOUT_SOA, false, "SERVFAIL", type_servfail, "negative-broken"},
    {FINDING_FLAPPING, true, "three lost", lossy, "flapping"},
    {FINDING_FLAPPING, true, "one lost", lossy_once, "flapping"},
    {FINDING_FLAPPING, true, "most kinds are silent", rate_limited, "flapping"},
    {FINDING_FLAPPING, false, "one late", late_once, "late-reply"},
    {FINDING_FLAPPING, false, "later than all attempts", very_late, "late-reply"},
    {FINDING_LATE_REPLY, true, "one late", late_once, "late-reply"},
    {FINDING_LATE_REPLY, true, "all late", late_always, "late-reply"},
    {FINDING_LATE_REPLY, false, "one slow", slow_once, ""},
    {FINDING_SLOW, true, "501 ms", slow, "slow"},
    {FINDING_SLOW, false, "500 ms", not_slow, ""},
    {FINDING_SLOW, false, "one slow", slow_once, ""},
    {FINDING_VERSIONS_MIXED, true, "by turns", versions_by_turns, "versions-mixed"},
    {FINDING_VERSIONS_MIXED, false, "over TCP alone", tcp_older, "tcp-wrong-answer"},
    {FINDING_VERSIONS_MIXED, false, "loaded anew", version_new, "serial-differs"},
    {FINDING_TCP_WRONG_ANSWER, true, "other NS records", tcp_other_records, "tcp-wrong-answer"},
    {FINDING_TCP_WRONG_ANSWER, false, "records that were cut over UDP", tcp_for_the_rest, ""},
    {FINDING_TCP_WRONG_ANSWER, true, "an older version", tcp_older, "tcp-wrong-answer"},
    {FINDING_TYPE_BROKEN, true, "TXT", txt_servfail, "type-broken"},
    {FINDING_ANSWERS_DIFFER, true, "one makes up names", made_up, "answers-differ"},
    {FINDING_ANSWERS_DIFFER, true, "one lacks the wildcard", wildcard_missing, "answers-differ"},
    {FINDING_ANSWERS_DIFFER, false, "an old copy has a wildcard", wildcard_of_old_copy,
     "serial-differs wildcard"},
    {FINDING_RECURSION_OFFERED, true, "RA", recursion, "recursion-offered"},
    {FINDING_RECURSION_OFFERED, false, "RA of a lame server", not_aa, "lame-not-authoritative"},
    {FINDING_RECURSION_OFFERED, false, "healthy", healthy, ""},
    {FINDING_COUNT, false, NULL, NULL, NULL},
};
