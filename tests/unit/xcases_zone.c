/* Cases about the delegation, the servers' names, agreement and layout. */
#include "xcases.h"

static void healthy(xlab_t *x)
{
    (void)x;
}

static void all_silent(xlab_t *x)
{
    for (unsigned i = 0; i < 4; i++)
        xlab_act(x, i, XA_SILENT);
}

static void refused(xlab_t *x, unsigned addr)
{
    for (unsigned q = 0; q < XQ_COUNT; q++)
        x->probe[addr][q].rcode = NSP_RCODE_REFUSED;
}

static void three_refused(xlab_t *x)
{
    refused(x, 0);
    refused(x, 1);
    refused(x, 2);
}

static void nxdomain(xlab_t *x)
{
    x->m->nxdomain = true;
    x->m->zone_found = false;
    x->m->server_count = x->m->address_count = 0;
    x->count = 0;
    x->parent[0].nxdomain = x->parent[1].nxdomain = true;
}

static void one_nxdomain(xlab_t *x)
{
    x->parent[1].nxdomain = true;
}

static void inside(xlab_t *x)
{
    x->m->domain = xname("www.example.net.");
    x->m->no_delegation = true;
}

static void parent_silent(xlab_t *x)
{
    x->parent[0].act = XA_SILENT;
}

static void parent_not_sent(xlab_t *x)
{
    x->parent[1].act = XA_NOT_SENT;
}

static void parents_gone(xlab_t *x)
{
    x->parent[0].act = x->parent[1].act = XA_SILENT;
    x->m->zone_found = false;
    x->m->server_count = x->m->address_count = 0;
    x->count = 0;
}

static void parent_refused(xlab_t *x)
{
    x->parent[0].rcode = NSP_RCODE_REFUSED;
}

static void parent_denies(xlab_t *x)
{
    x->parent[0].nxdomain = true;
}

static void parent_differs(xlab_t *x)
{
    x->parent[1].ns[1] = "ns3.example.net.";
}

static void parent_order(xlab_t *x)
{
    x->parent[1].ns[0] = "NS2.example.net.";
    x->parent[1].ns[1] = "ns1.Example.NET.";
}

/* A third name, in the delegation and in the zone, with no address. */
static model_server_t *third(xlab_t *x, const char *name, host_state_t state)
{
    model_server_t *s = &x->m->server[x->m->server_count++];
    s->name = xname(name);
    s->in_parent = s->in_child = true;
    s->in_zone = nsp_name_is_subdomain(&s->name, &x->m->zone);
    s->state = state;
    for (unsigned i = 0; i < 4; i++)
        x->probe[i][XQ_NS].ns[2] = x->probe[i][XQ_NS_TCP].ns[2] = name;
    return s;
}

static void only_child(xlab_t *x)
{
    third(x, "ns3.example.org.", HOST_FOUND)->in_parent = false;
}

static void only_parent(xlab_t *x)
{
    third(x, "ns3.example.org.", HOST_FOUND);
    for (unsigned i = 0; i < 4; i++)
        x->probe[i][XQ_NS].ns[2] = x->probe[i][XQ_NS_TCP].ns[2] = NULL;
}

static void set_serial(xlab_t *x, unsigned addr, uint32_t serial)
{
    for (unsigned q = 0; q < XQ_COUNT; q++)
        x->probe[addr][q].serial = serial;
}

static void behind(xlab_t *x)
{
    set_serial(x, 2, 2024010100);
}

static void last_behind(xlab_t *x)
{
    set_serial(x, 3, 2024010001);
}

static void behind_wrapped(xlab_t *x)
{
    for (unsigned i = 0; i < 4; i++)
        set_serial(x, i, 5);
    set_serial(x, 2, 0xfffffff0u);
}

/* The second server has its copy from elsewhere. */
static void other_primary(xlab_t *x)
{
    for (unsigned i = 2; i < 4; i++) {
        set_serial(x, i, 17);
        for (unsigned q = 0; q < XQ_COUNT; q++)
            x->probe[i][q].soa_names = "ns.example.org. host.example.org.";
    }
}

static void other_primary_same_serial(xlab_t *x)
{
    other_primary(x);
    set_serial(x, 2, 2024010101);
    set_serial(x, 3, 2024010101);
}

/* RFC 1982 3.2. */
static void half_apart(xlab_t *x)
{
    set_serial(x, 0, 2024010101u + 0x80000000u);
    set_serial(x, 1, 2024010101u + 0x80000000u);
}

static void primary_behind(xlab_t *x)
{
    set_serial(x, 0, 2024010100);
    set_serial(x, 1, 2024010100);
}

/* The old copy names a server that the new one no longer has. */
static void old_copy_names_more(xlab_t *x)
{
    only_child(x);
    behind(x);
    for (unsigned i = 0; i < 4; i++)
        if (i != 2)
            x->probe[i][XQ_NS].ns[2] = x->probe[i][XQ_NS_TCP].ns[2] = NULL;
}

static void no_glue(xlab_t *x)
{
    for (unsigned k = 0; k < 2; k++)
        x->m->server[1].addr[k].from = x->m->address[2 + k].from = FROM_ZONE;
}

static void no_glue_needed(xlab_t *x)
{
    no_glue(x);
    x->m->server[1].in_zone = false;
}

static void no_glue_given(xlab_t *x)
{
    no_glue(x);
    x->m->parent_count = 0; /* a delegation to be published */
}

static void no_parent(xlab_t *x)
{
    no_glue_given(x);
    x->m->parent_known = false; /* servers given by hand */
}

static void glue_only(xlab_t *x)
{
    x->m->server[1].addr[0].from = x->m->address[2].from = FROM_GLUE;
    x->host_a[1] = NULL;
}

static void glue_only_unproven(xlab_t *x)
{
    glue_only(x);
    x->no_host_answers = true;
}

static void glue_incomplete(xlab_t *x)
{
    x->m->server[1].addr[0].from = x->m->address[2].from = FROM_ZONE;
}

static void glue_only_silent(xlab_t *x)
{
    glue_only(x);
    xlab_act(x, 2, XA_SILENT);
}

static void glue_only_refused(xlab_t *x)
{
    glue_only(x);
    refused(x, 2);
}

static void one_silent(xlab_t *x)
{
    xlab_act(x, 2, XA_SILENT);
}

static void host_nodata(xlab_t *x)
{
    third(x, "ns3.example.org.", HOST_NODATA);
}

static void host_unknown(xlab_t *x)
{
    third(x, "ns3.example.org.", HOST_UNKNOWN);
}

static void host_nxdomain(xlab_t *x)
{
    third(x, "ns3.example.org.", HOST_NXDOMAIN);
}

static void host_cname(xlab_t *x)
{
    third(x, "ns3.example.org.", HOST_CNAME);
}

static void host_failed(xlab_t *x)
{
    third(x, "ns3.example.org.", HOST_FAILED);
}

static void host_failed_inside(xlab_t *x)
{
    third(x, "ns3.example.net.", HOST_FAILED);
}

static void host_loop(xlab_t *x)
{
    third(x, "ns3.example.org.", HOST_LOOP);
}

static void private_addr(xlab_t *x)
{
    xlab_readdress(x, 0, "192.168.1.1");
    xlab_act(x, 0, XA_SILENT);
}

static void near_private(xlab_t *x)
{
    xlab_readdress(x, 0, "192.169.1.1");
}

static void laboratory(xlab_t *x)
{
    xlab_readdress(x, 0, "127.0.1.1");
    xlab_readdress(x, 2, "127.0.2.1");
    x->m->parent_addr[0].addr = xaddr("127.0.9.1");
}

static bool keep_first(const model_address_t *a)
{
    return a->server[0] == 0;
}

static void only_server(xlab_t *x)
{
    xlab_keep(x, keep_first);
    x->m->server_count = 1;
    for (unsigned i = 0; i < 4; i++)
        x->probe[i][XQ_NS].ns[1] = x->probe[i][XQ_NS_TCP].ns[1] = NULL;
    x->parent[0].ns[1] = x->parent[1].ns[1] = NULL;
}

/* Two names for one host. */
static void two_names(xlab_t *x)
{
    xlab_keep(x, keep_first);
    for (unsigned k = 0; k < 2; k++) {
        x->m->server[1].addr[k] = x->m->server[0].addr[k];
        x->m->address[k].server[x->m->address[k].server_count++] = 1;
    }
    x->m->server[1].addr_count = 2;
    x->host_a[1] = x->host_a[0];
    x->host_aaaa[1] = x->host_aaaa[0];
}

static void same_net4(xlab_t *x)
{
    xlab_readdress(x, 2, "8.0.1.9");
}

static void same_net6(xlab_t *x)
{
    xlab_readdress(x, 3, "2a00:1::9");
}

static void other_net(xlab_t *x)
{
    xlab_readdress(x, 2, "8.0.0.9");
    xlab_readdress(x, 3, "2a00:1:0:1::1");
}

static bool keep4(const model_address_t *a)
{
    return a->addr.family == 4;
}

static bool keep6(const model_address_t *a)
{
    return a->addr.family == 6;
}

static void ipv4_only(xlab_t *x)
{
    xlab_keep(x, keep4);
    x->host_aaaa[0] = x->host_aaaa[1] = NULL;
}

/* IPv6 left out by the user: the records are there. */
static void ipv4_chosen(xlab_t *x)
{
    xlab_keep(x, keep4);
}

static void ipv6_only(xlab_t *x)
{
    xlab_keep(x, keep6);
    x->host_a[0] = x->host_a[1] = NULL;
}

static void ipv6_unproven(xlab_t *x)
{
    xlab_keep(x, keep6);
    x->no_host_answers = true;
}

static bool keep_but_6th(const model_address_t *a)
{
    return a->addr.family == 4 || a->server[0] == 0;
}

/* ns2 has no IPv6 address. */
static void one_with_ipv6(xlab_t *x)
{
    xlab_keep(x, keep_but_6th);
    x->host_aaaa[1] = NULL;
}

/* An address that was not looked at, of a record that is there. */
static void one_with_ipv6_seen(xlab_t *x)
{
    xlab_keep(x, keep_but_6th);
}

static bool keep_but_4th(const model_address_t *a)
{
    return a->addr.family == 6 || a->server[0] == 1;
}

static void one_with_ipv4(xlab_t *x)
{
    xlab_keep(x, keep_but_4th);
    x->host_a[0] = NULL;
}

static void one_with_ipv4_unproven(xlab_t *x)
{
    xlab_keep(x, keep_but_4th);
    x->no_host_answers = true;
}

#define LABEL_63 "a23456789-123456789-123456789-123456789-123456789-123456789-123"
#define LABEL_21 "a23456789-123456789-1"

/* Two more names, of 70 octets more than their second labels have. The size of a referral: 12
 * octets of header, 255 + 4 of the question; 12 for each record without its data, and as data 6 for
 * ns1 and ns2, whose ends are a pointer. No glue: "com" and "org" are outside of "net". */
static void long_names(xlab_t *x, const char *one, const char *two)
{
    third(x, one, HOST_UNKNOWN);
    for (unsigned i = 0; i < 4; i++)
        x->probe[i][XQ_NS].ns[3] = x->probe[i][XQ_NS_TCP].ns[3] = one;
    third(x, two, HOST_UNKNOWN);
}

static void referral_512(xlab_t *x)
{
    long_names(x, LABEL_63 "." LABEL_21 ".com.", LABEL_63 ".a23456789-1234567890.org.");
}

static void referral_513(xlab_t *x)
{
    long_names(x, LABEL_63 "." LABEL_21 ".com.", LABEL_63 "." LABEL_21 ".org.");
}

static void referral_unknown(xlab_t *x)
{
    referral_513(x);
    no_parent(x);
}

static void txt_differs(xlab_t *x)
{
    x->probe[2][XQ_TXT].txt = x->probe[2][XQ_TXT_TCP].txt = 50;
}

static void txt_and_serial_differ(xlab_t *x)
{
    txt_differs(x);
    behind(x);
}

static void ns_differs(xlab_t *x)
{
    x->probe[2][XQ_NS].ns[1] = x->probe[2][XQ_NS_TCP].ns[1] = NULL;
}

static void ns_order(xlab_t *x)
{
    x->probe[2][XQ_NS].ns[0] = "NS2.EXAMPLE.NET.";
    x->probe[2][XQ_NS].ns[1] = "ns1.example.net.";
}

static void ttl_differs(xlab_t *x)
{
    x->probe[2][XQ_TXT].ttl = 60;
}

static void unfinished(xlab_t *x)
{
    x->m->finished = false;
    xlab_act(x, 3, XA_PENDING);
}

static void dropped(xlab_t *x)
{
    x->m->dropped = 3;
}

static void wildcard(xlab_t *x)
{
    for (unsigned i = 0; i < 4; i++)
        x->probe[i][XQ_NX].data = true;
}

const xcase_t xcases_zone[] = {
    {FINDING_ZONE_DOWN, true, "every address silent", all_silent,
     "unresponsive zone-down unresponsive unresponsive unresponsive"},
    {FINDING_ZONE_DOWN, false, "one of four serves", three_refused,
     "lame-refused lame-refused lame-refused"},
    {FINDING_NOT_DELEGATED, true, "the parent denies it", nxdomain, "not-delegated"},
    {FINDING_NOT_DELEGATED, false, "one of two parents denies it", one_nxdomain, "parent-lame"},
    {FINDING_NOT_A_ZONE, true, "a name inside the zone", inside, "not-a-zone"},
    {FINDING_NOT_A_ZONE, false, "the apex", healthy, ""},
    {FINDING_PARENT_UNRESPONSIVE, true, "one of two is silent", parent_silent,
     "parent-unresponsive"},
    {FINDING_PARENT_UNRESPONSIVE, true, "all are silent", parents_gone,
     "parent-unresponsive parent-unresponsive"},
    {FINDING_PARENT_UNRESPONSIVE, false, "could not be sent", parent_not_sent, ""},
    {FINDING_PARENT_LAME, true, "REFUSED", parent_refused, "parent-lame"},
    {FINDING_PARENT_LAME, true, "NXDOMAIN", parent_denies, "parent-lame"},
    {FINDING_PARENT_LAME, false, "silent", parent_silent, "parent-unresponsive"},
    {FINDING_REFERRALS_DIFFER, true, "another name", parent_differs, "referrals-differ"},
    {FINDING_REFERRALS_DIFFER, false, "other order and case", parent_order, ""},
    {FINDING_NS_MISMATCH, true, "a name in the zone only", only_child, "ns-mismatch"},
    {FINDING_NS_MISMATCH, true, "a name in the parent only", only_parent, "ns-mismatch"},
    {FINDING_NS_MISMATCH, false, "a name in an old copy only", old_copy_names_more,
     "serial-differs"},
    {FINDING_NS_MISMATCH, false, "all dead", all_silent,
     "unresponsive zone-down unresponsive unresponsive unresponsive"},
    {FINDING_GLUE_MISSING, true, "no glue for a name inside", no_glue, "glue-missing"},
    {FINDING_GLUE_MISSING, true, "no glue is to be published", no_glue_given, "glue-missing"},
    {FINDING_GLUE_MISSING, false, "there is no parent", no_parent, ""},
    {FINDING_GLUE_MISSING, false, "no glue for a name outside", no_glue_needed, ""},
    {FINDING_GLUE_MISMATCH, true, "an address in the parent only", glue_only, "glue-mismatch"},
    {FINDING_GLUE_MISMATCH, true, "an address in the zone only", glue_incomplete, "glue-mismatch"},
    {FINDING_GLUE_MISMATCH, false, "the zone's word is not known", glue_only_unproven, ""},
    {FINDING_GLUE_DEAD, true, "old glue, silent", glue_only_silent, "glue-dead"},
    {FINDING_GLUE_DEAD, true, "old glue, REFUSED", glue_only_refused, "glue-dead"},
    {FINDING_GLUE_DEAD, false, "silent, but the zone has it too", one_silent, "unresponsive"},
    {FINDING_GLUE_DEAD, false, "old glue that serves", glue_only, "glue-mismatch"},
    {FINDING_NS_NO_ADDRESS, true, "neither A nor AAAA", host_nodata, "ns-no-address"},
    {FINDING_NS_NO_ADDRESS, true, "does not exist", host_nxdomain, "ns-no-address"},
    {FINDING_NS_NO_ADDRESS, false, "not known", host_unknown, ""},
    {FINDING_NS_IS_CNAME, true, "an alias", host_cname, "ns-is-cname"},
    {FINDING_NS_IS_CNAME, false, "no address", host_nodata, "ns-no-address"},
    {FINDING_NS_UNRESOLVABLE, true, "its zone is broken", host_failed, "ns-unresolvable"},
    {FINDING_NS_UNRESOLVABLE, false, "inside, without glue", host_failed_inside, "glue-missing"},
    {FINDING_NS_LOOP, true, "needs itself", host_loop, "ns-loop"},
    {FINDING_NS_LOOP, false, "its zone is broken", host_failed, "ns-unresolvable"},
    {FINDING_NS_ADDRESS_PRIVATE, true, "RFC 1918, and silent", private_addr, "ns-address-private"},
    {FINDING_NS_ADDRESS_PRIVATE, true, "a laboratory", laboratory, "ns-address-private"},
    {FINDING_NS_ADDRESS_PRIVATE, false, "next to RFC 1918", near_private, ""},
    {FINDING_SINGLE_SERVER, true, "one name", only_server, "single-server"},
    {FINDING_SINGLE_SERVER, true, "two names, one host", two_names, "single-server"},
    {FINDING_SINGLE_SERVER, false, "two hosts in one network", same_net4, "same-subnet"},
    {FINDING_SAME_SUBNET, true, "one /24", same_net4, "same-subnet"},
    {FINDING_SAME_SUBNET, true, "one /64", same_net6, "same-subnet"},
    {FINDING_SAME_SUBNET, false, "neighbours", other_net, ""},
    {FINDING_IPV4_ONLY, true, "no AAAA", ipv4_only, "ipv4-only"},
    {FINDING_IPV4_ONLY, false, "AAAA not tested", ipv4_chosen, ""},
    {FINDING_IPV6_ONLY, true, "no A", ipv6_only, "ipv6-only"},
    {FINDING_IPV6_ONLY, false, "A not asked for", ipv6_unproven, ""},
    {FINDING_IPV4_SINGLE, true, "one A", one_with_ipv4, "ipv4-single"},
    {FINDING_IPV4_SINGLE, false, "A not asked for", one_with_ipv4_unproven, ""},
    {FINDING_IPV6_SINGLE, true, "one AAAA", one_with_ipv6, "ipv6-single"},
    {FINDING_IPV6_SINGLE, false, "AAAA is there", one_with_ipv6_seen, ""},
    {FINDING_REFERRAL_LARGE, true, "513 octets", referral_513, "referral-large"},
    {FINDING_REFERRAL_LARGE, false, "512 octets", referral_512, ""},
    {FINDING_REFERRAL_LARGE, false, "there is no parent", referral_unknown, ""},
    {FINDING_SERIAL_DIFFERS, true, "one behind", behind, "serial-differs"},
    {FINDING_SERIAL_DIFFERS, true, "one behind, serials wrapped", behind_wrapped, "serial-differs"},
    {FINDING_SERIAL_DIFFERS, true, "the last one behind", last_behind, "serial-differs"},
    {FINDING_SERIAL_DIFFERS, true, "2^31 apart", half_apart, "serial-differs serial-differs"},
    {FINDING_SERIAL_DIFFERS, true, "the primary behind", primary_behind,
     "serial-differs serial-differs"},
    {FINDING_SERIAL_DIFFERS, false, "other primaries", other_primary, "primaries-differ"},
    {FINDING_PRIMARIES_DIFFER, true, "two", other_primary, "primaries-differ"},
    {FINDING_PRIMARIES_DIFFER, true, "two, one serial", other_primary_same_serial,
     "primaries-differ answers-differ answers-differ"},
    {FINDING_PRIMARIES_DIFFER, false, "one behind", behind, "serial-differs"},
    {FINDING_SERIAL_DIFFERS, false, "same serial, other data", txt_differs, "answers-differ"},
    {FINDING_ANSWERS_DIFFER, true, "TXT", txt_differs, "answers-differ"},
    {FINDING_ANSWERS_DIFFER, true, "NS", ns_differs, "answers-differ"},
    {FINDING_ANSWERS_DIFFER, false, "NS in other order and case", ns_order, ""},
    {FINDING_ANSWERS_DIFFER, false, "another serial", txt_and_serial_differ, "serial-differs"},
    {FINDING_TTL_DIFFERS, true, "TXT", ttl_differs, "ttl-differs"},
    {FINDING_TTL_DIFFERS, false, "other data", txt_differs, "answers-differ"},
    {FINDING_CUT_SHORT, true, "interrupted", unfinished, "cut-short"},
    {FINDING_CUT_SHORT, true, "limits", dropped, "cut-short"},
    {FINDING_CUT_SHORT, false, "healthy", healthy, ""},
    {FINDING_WILDCARD, true, "a record for a random name", wildcard, "wildcard"},
    {FINDING_WILDCARD, false, "healthy", healthy, ""},
    {FINDING_COUNT, false, NULL, NULL, NULL},
};
