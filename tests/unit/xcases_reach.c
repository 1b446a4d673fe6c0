/* Cases about one address: whether questions come there, and answers back. */
#include "xcases.h"
#include "xedit.h"

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
    xedit_each(x, make_port_unreachable);
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
    xedit_each(x, make_prohibited);
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
    xedit_each(x, make_no_neighbour);
    xlab_act(x, BAD, XA_ICMP);
}

static void tcp_prohibited(xlab_t *x)
{
    xedit_each(x, make_prohibited);
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

static void other_address(xlab_t *x)
{
    xedit_mismatch(x, MISMATCH_ADDRESS);
}

static void other_address_too(xlab_t *x)
{
    x->probe[BAD][XQ_SOA].extra_mismatch = true;
    x->probe[BAD][XQ_SOA].mismatch = MISMATCH_ADDRESS;
}

static void other_port(xlab_t *x)
{
    xedit_mismatch(x, MISMATCH_PORT);
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

static void edns_badvers(xlab_t *x)
{
    xedit_edns_rcode(x, NSP_RCODE_BADVERS);
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

static void txt_cut_silent_over_tcp(xlab_t *x)
{
    set_txt(x, 1800);
    x->probe[BAD][XQ_TXT].tc = true;
    x->probe[BAD][XQ_TXT_TCP].act = XA_OPEN_SILENT;
}

static void big_txt_answered(xlab_t *x)
{
    set_txt(x, 1800);
}

/* A load balancer that drops what is asked about the zone, over both transports. */
static void soa_silent(xlab_t *x)
{
    static const xquery_t udp[] = {XQ_SOA, XQ_EDNS, XQ_CASE};
    for (size_t i = 0; i < sizeof udp / sizeof udp[0]; i++)
        x->probe[BAD][udp[i]].act = XA_SILENT;
    x->probe[BAD][XQ_TCP].act = XA_OPEN_SILENT;
}

/* One lost packet of another question: that may be chance. */
static void soa_silent_lossy(xlab_t *x)
{
    soa_silent(x);
    x->probe[BAD][XQ_NS].lost = 1;
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
    xedit_each(x, make_slow);
}

static void not_slow(xlab_t *x)
{
    xedit_each(x, make_not_slow);
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
    xedit_each(x, make_very_late);
}

static void late_always(xlab_t *x)
{
    xedit_each(x, make_late);
}

/* What an unseen lab has: a server that refuses, one without TCP, and a dead address. */
static void three_faults(xlab_t *x)
{
    for (unsigned q = 0; q < XQ_COUNT; q++)
        xedit_make_refused(&x->probe[0][q]);
    xlab_act_tcp(x, 1, XA_SILENT);
    xlab_act(x, 3, XA_SILENT);
}

const xcase_t xcases_reach[] = {
    {FINDING_UNTESTED, true, "no IPv6 here", not_sent6, "untested"},
    {FINDING_UNTESTED, true, "IPv6 silent everywhere", silent6_everywhere, "untested"},
    {FINDING_UNTESTED, false, "IPv6 of the zone silent", silent6, "family-unresponsive"},
    {FINDING_FAMILY_UNRESPONSIVE, true, "both IPv6 addresses", silent6, "family-unresponsive"},
    {FINDING_FAMILY_UNRESPONSIVE, false, "one of two", silent6_one, "unresponsive"},
    {FINDING_FAMILY_UNRESPONSIVE, false, "the only one", silent6_only, "unresponsive ipv6-single"},
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
    {FINDING_BIG_ANSWER_LOST, true, "rejected", txt_rejected, "big-answer-lost"},
    {FINDING_BIG_ANSWER_LOST, true, "over both", txt_silent_over_both, "big-answer-lost"},
    {FINDING_TRUNCATED_NO_TCP, true, "the big answer alone", txt_cut_silent_over_tcp,
     "truncated-no-tcp"},
    {FINDING_BIG_ANSWER_LOST, false, "large and answered", big_txt_answered, ""},
    {FINDING_EDNS_BROKEN, true, "FORMERR", xedit_edns_formerr, "edns-broken"},
    {FINDING_EDNS_BROKEN, true, "BADVERS", edns_badvers, "edns-broken"},
    {FINDING_EDNS_BROKEN, true, "no OPT", edns_ignored, "edns-broken"},
    {FINDING_EDNS_BROKEN, false, "one error", xedit_type_servfail, "negative-broken"},
    {FINDING_TCP_WRONG_ANSWER, true, "REFUSED", xedit_tcp_answers_refused, "tcp-wrong-answer"},
    {FINDING_TCP_WRONG_ANSWER, false, "EDNS refused over both", xedit_edns_formerr, "edns-broken"},
    {FINDING_TYPE_BROKEN, true, "TXT without AA", txt_not_aa, "type-broken"},
    {FINDING_UDP_TRUNCATED, true, "every answer", all_truncated, "udp-truncated"},
    {FINDING_UDP_TRUNCATED, true, "every answer but one", all_but_one_truncated, "udp-truncated"},
    {FINDING_UDP_TRUNCATED, false, "one answer", truncated, ""},
    {FINDING_QUERY_DROPPED, true, "the SOA, over TCP too", soa_silent, "query-dropped"},
    {FINDING_QUERY_DROPPED, false, "the SOA, where packets are lost", soa_silent_lossy, "flapping"},
    {FINDING_QUERY_DROPPED, true, "one type", type_silent, "query-dropped"},
    {FINDING_QUERY_DROPPED, true, "one type, one packet lost", lossy_once_and_type_silent,
     "query-dropped flapping"},
    {FINDING_QUERY_DROPPED, false, "much is lost", lossy_and_type_silent, "flapping"},
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
    {FINDING_TCP_WRONG_ANSWER, true, "other NS records", tcp_other_records, "tcp-wrong-answer"},
    {FINDING_TCP_WRONG_ANSWER, false, "records that were cut over UDP", tcp_for_the_rest, ""},
    {FINDING_TCP_WRONG_ANSWER, true, "an older version", xedit_tcp_older, "tcp-wrong-answer"},
    {FINDING_TYPE_BROKEN, true, "TXT", txt_servfail, "type-broken"},
    {FINDING_COUNT, false, NULL, NULL, NULL},
};
