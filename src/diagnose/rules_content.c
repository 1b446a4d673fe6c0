/* What the zone's own records say: its name, SOA, NS, MX and SPF. One finding about the zone for
 * each, from the newest copy of it; servers that differ are told elsewhere. */
#include <stdio.h>
#include <stdlib.h>

#include "diagnose/form_reply.h"
#include "diagnose/host.h"
#include "diagnose/spf.h"
#include "exchange/noun.h"

#define HOUR   3600u
#define DAY    (24u * HOUR)
#define TXTLEN 4096

static bool is_ldh(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

/* One label of a host name (RFC 1123 2.1, RFC 5891 4.2.3.1); n octets behind its length. */
static bool label_is_host(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!is_ldh(p[i]))
            return false;
    if (p[0] == '-' || p[n - 1] == '-')
        return false;
    bool xn = n > 4 && (p[0] | 0x20) == 'x' && (p[1] | 0x20) == 'n';
    return n < 4 || p[2] != '-' || p[3] != '-' || xn;
}

static bool all_digits(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] < '0' || p[i] > '9')
            return false;
    return true;
}

/* number: whether the last label may be a number, as it may in a zone's name. */
static bool name_is_host(const nsp_name_t *name, bool number)
{
    unsigned at = 0;
    bool last_number = true;
    if (name->len == 1)
        return false;
    for (; name->octets[at] != 0; at += name->octets[at] + 1u) {
        if (!label_is_host(name->octets + at + 1, name->octets[at]))
            return false;
        last_number = all_digits(name->octets + at + 1, name->octets[at]);
    }
    return number || !last_number;
}

static void zone_name(diag_t *d)
{
    char text[NSP_NAME_TEXT_MAX];
    if (d->m->zone.len > 1 && !name_is_host(&d->m->zone, true))
        finding_add(d->list, FINDING_ZONE_NAME_ODD, "%s has a label that no host name has.",
                    name_label(&d->m->zone, text));
}

static void server_names(diag_t *d)
{
    char text[NSP_NAME_TEXT_MAX];
    for (uint16_t i = 0; i < d->m->server_count; i++) {
        const nsp_name_t *name = &d->m->server[i].name;
        if (name->len == 1 || name_is_host(name, false))
            continue;
        addr_t a;
        name_label(name, text);
        bool address = addr_from_text(text, strlen(text), 53, &a);
        finding_t *f = finding_add(d->list, FINDING_NS_NAME_ODD, "%s is %s.", text,
                                   address ? "an address, and no host name" : "not a host name");
        if (address)
            finding_set_fix(f,
                            "Give the server at %s a name with an A or AAAA record, and put that "
                            "name into the NS records and into the delegation.",
                            text);
        finding_set_server(f, name);
    }
}

/* The servers that have an address by the word of their own zone: glue for a name that does not
 * exist, or has another address, makes no second server. */
static unsigned count_owners(const model_t *m, const model_address_t *a,
                             const model_server_t *owner[2])
{
    unsigned n = 0;
    for (uint16_t i = 0; i < a->server_count; i++) {
        const model_server_t *s = &m->server[a->server[i]];
        if (s->state == HOST_NXDOMAIN || s->state == HOST_NODATA || s->state == HOST_CNAME ||
            !host_has_addr(s, &a->addr))
            continue;
        if (n < 2)
            owner[n] = s;
        n++;
    }
    return n;
}

/* Names that share an address, though not all of their addresses (single-server tells that). */
static void shared_addresses(diag_t *d)
{
    char one[NSP_NAME_TEXT_MAX];
    char two[NSP_NAME_TEXT_MAX];
    for (size_t i = 0; i < d->list->count; i++)
        if (d->list->item[i].id == FINDING_SINGLE_SERVER)
            return;
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *s = &d->subject[i];
        const model_server_t *owner[2];
        if (count_owners(d->m, s->a, owner) < 2)
            continue;
        subject_finding(d, s, FINDING_NS_ADDRESS_SHARED, "%s and %s have this address.",
                        name_label(&owner[0]->name, one), name_label(&owner[1]->name, two));
    }
}

/* --- SOA --- */

typedef struct soa {
    nsp_name_t mname;
    nsp_name_t rname;
    uint64_t refresh, retry, expire, minimum;
} soa_t;

static bool read_soa(const diag_t *d, const fact_t *f, soa_t *out)
{
    const nsp_msg_t *m = fact_message(d, f);
    for (uint16_t i = 0; i < m->found[NSP_ANSWER]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        if (rr->type == NSP_TYPE_SOA && nsp_rr_owner_is(m, rr, &d->m->zone))
            return nsp_rdata_name(m, rr, 0, &out->mname) && nsp_rdata_name(m, rr, 1, &out->rname) &&
                   nsp_rdata_number(m, rr, 3, &out->refresh) &&
                   nsp_rdata_number(m, rr, 4, &out->retry) &&
                   nsp_rdata_number(m, rr, 5, &out->expire) &&
                   nsp_rdata_number(m, rr, 6, &out->minimum);
    }
    return false;
}

static void soa_timers(diag_t *d, const fact_t *f, const soa_t *s)
{
    finding_t *out = NULL;
    unsigned refresh = (unsigned)s->refresh;
    unsigned retry = (unsigned)s->retry;
    unsigned expire = (unsigned)s->expire;
    unsigned minimum = (unsigned)s->minimum;
    if (retry >= refresh)
        out = finding_add(d->list, FINDING_SOA_TIMERS_BROKEN,
                          "Retry is %u s, refresh %u s: a failed refresh is not tried again before "
                          "the next one.",
                          retry, refresh);
    else if (s->expire < s->refresh + s->retry)
        out = finding_add(d->list, FINDING_SOA_TIMERS_BROKEN,
                          "Expire is %u s, refresh and retry together %u s: one failure and the "
                          "zone is gone.",
                          expire, refresh + retry);
    finding_add_evidence(out, f->x);
    out = NULL;
    if (refresh < 4 * HOUR || retry < HOUR || expire < 7 * DAY || minimum > DAY || minimum < 300)
        out = finding_add(d->list, FINDING_SOA_TIMERS_UNUSUAL,
                          "Refresh %u s, retry %u s, expire %u s, negative answers %u s.", refresh,
                          retry, expire, minimum);
    finding_add_evidence(out, f->x);
}

/* An '@' in a name, which shows that a mail address was not written as one. */
static bool has_at(const nsp_name_t *name)
{
    for (unsigned i = 0; i < name->len; i++)
        if (name->octets[i] == '@')
            return true;
    return false;
}

/* The first label of an RNAME as what stands before the '@': words of visible characters that are
 * none of the specials, with single dots between them (RFC 5322 3.2.3). */
static bool is_mailbox(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool dot = p[i] == '.';
        if (p[i] <= ' ' || p[i] > '~' || strchr("()<>[]:;@\\,\"", p[i]) != NULL ||
            (dot && (i == 0 || i + 1 == n || p[i - 1] == '.')))
            return false;
    }
    return true;
}

static bool rname_is_address(const nsp_name_t *rname)
{
    nsp_name_t domain;
    if (rname->len == 1)
        return false;
    nsp_name_strip(rname, 1, &domain);
    return !has_at(rname) && is_mailbox(rname->octets + 1, rname->octets[0]) &&
           name_is_host(&domain, false);
}

static void soa_names(diag_t *d, const fact_t *f, const soa_t *s)
{
    char text[NSP_NAME_TEXT_MAX];
    finding_t *out = NULL;
    if (!name_is_host(&s->mname, false)) {
        out = finding_add(d->list, FINDING_SOA_MNAME_ODD, "MNAME is %s.",
                          name_label(&s->mname, text));
        finding_add_evidence(out, f->x);
    }
    if (rname_is_address(&s->rname))
        return;
    out = finding_add(d->list, FINDING_SOA_RNAME_ODD, "RNAME is %s.", name_label(&s->rname, text));
    finding_add_evidence(out, f->x);
}

static void soa_rules(diag_t *d, const subject_t *top)
{
    soa_t s;
    const fact_t *f = subject_soa(d, top);
    if (f == NULL)
        return;
    if (f->data_count > 1) {
        finding_t *out =
            finding_add(d->list, FINDING_SOA_SEVERAL, "There are %u SOA records.", f->data_count);
        finding_add_evidence(out, f->x);
    }
    if (!read_soa(d, f, &s))
        return;
    soa_timers(d, f, &s);
    soa_names(d, f, &s);
}

/* --- mail --- */

/* RFC 7505 3: it should be 0; whoever knows null MX does not look at it. */
static finding_t *null_mx_preference(diag_t *d, unsigned preference)
{
    finding_t *f =
        finding_add(d->list, FINDING_MX_ODD, "The null MX has the preference %u.", preference);
    if (f != NULL)
        f->severity = SEVERITY_INFO;
    finding_set_fix(f, "Write it as \"MX 0 .\".");
    return f;
}

static void mx_targets(diag_t *d, const exchange_t *x, unsigned *count)
{
    const nsp_msg_t *m = &d->scratch->msg;
    char text[NSP_NAME_TEXT_MAX] = "";
    nsp_name_t target;
    uint64_t preference = 0;
    bool null = false;
    bool odd = false;
    *count = 0;
    for (uint16_t i = 0; i < m->found[NSP_ANSWER]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        if (rr->type != NSP_TYPE_MX || !nsp_rr_owner_is(m, rr, &d->m->zone) ||
            !nsp_rdata_name(m, rr, 1, &target) || !nsp_rdata_number(m, rr, 0, &preference))
            continue;
        (*count)++;
        null = null || target.len == 1;
        if (target.len > 1 && !name_is_host(&target, false) && !odd) {
            odd = true;
            name_label(&target, text);
        }
    }
    finding_t *f = NULL;
    if (odd)
        f = finding_add(d->list, FINDING_MX_ODD, "%s is not a host name.", text);
    else if (null && *count > 1)
        f = finding_add(d->list, FINDING_MX_ODD, "A null MX stands beside %u %s.", *count - 1,
                        noun(*count - 1, "other", "others"));
    else if (null && preference != 0)
        f = null_mx_preference(d, (unsigned)preference);
    finding_add_evidence(f, x);
}

static void mx_differs(diag_t *d, const subject_t *top, const exchange_t *x,
                       const form_set_t *forms)
{
    char label[LABEL_MAX];
    uint16_t count = 0;
    uint32_t ttl = 0;
    const nsp_msg_t *m = &d->scratch->msg;
    uint64_t sum = rrset_digest(d->octets, m, NSP_ANSWER, &d->m->zone, NSP_TYPE_MX, &count, &ttl);
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *s = &d->subject[i];
        uint16_t n = 0;
        if (s == top || s->folded || !s->serves || !s->has_serial || s->serial != top->serial)
            continue;
        const exchange_t *other = form_reply(d, s, forms, FORM_ID_MX);
        if (other == NULL ||
            (rrset_digest(d->octets, m, NSP_ANSWER, &d->m->zone, NSP_TYPE_MX, &n, &ttl) == sum &&
             n == count))
            continue;
        finding_t *f = subject_finding(d, s, FINDING_MX_DIFFERS,
                                       "The MX records are not those of %s, with the same serial "
                                       "%u.",
                                       subject_label(d, top, label), s->serial);
        finding_add_evidence(f, other);
        finding_add_evidence(f, x);
    }
}

/* The text of a TXT record, its strings joined; cut to cap. */
static size_t txt_text(const nsp_msg_t *m, const nsp_rr_t *rr, char *buf, size_t cap)
{
    const uint8_t *p = m->wire + rr->rdata;
    size_t n = 0;
    for (size_t at = 0; at < rr->rdlength; at += p[at] + 1u)
        for (size_t i = 1; i <= p[at] && at + i < rr->rdlength && n < cap; i++)
            buf[n++] = (char)p[at + i];
    return n;
}

/* A whole answer for TXT at an address, or NULL. */
static const fact_t *txt_fact(const diag_t *d, const subject_t *s)
{
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *f = subject_at(d, s, i);
        if (f->x->qtype == NSP_TYPE_TXT && (f->kind == PROBE_BIG || f->kind == PROBE_BIG_TCP) &&
            fact_answered(f) && (f->flags & NSP_FLAG_TC) == 0 &&
            (f->cls == CLASS_GOOD || f->cls == CLASS_NODATA))
            return f;
    }
    return NULL;
}

/* Terms that are all allowed, and mean something else than whoever wrote them meant. */
static void spf_meaning(diag_t *d, const fact_t *f, const char *text, size_t len)
{
    char zone[NSP_NAME_TEXT_MAX];
    finding_t *out = NULL;
    switch (spf_flaw(text, len, name_label(&d->m->zone, zone))) {
    case SPF_SOUND:
        return;
    case SPF_ITSELF:
        out = finding_add(d->list, FINDING_SPF_BROKEN,
                          "The SPF policy of %s includes itself: receivers follow it without end, "
                          "and treat that as an error.",
                          zone);
        finding_set_fix(out, "Put in what the service's own domain is, or take the term out.");
        break;
    case SPF_LOOKUPS:
        out =
            finding_add(d->list, FINDING_SPF_BROKEN,
                        "More than %d terms of the SPF policy need a lookup, even without those of "
                        "the policies that it includes: receivers treat that as an error.",
                        SPF_LOOKUPS_MAX);
        finding_set_fix(out,
                        "Take services out that no longer send, or name networks (ip4, ip6) in "
                        "the place of hosts.");
        break;
    case SPF_ANYBODY:
        out =
            finding_add(d->list, FINDING_SPF_BROKEN,
                        "With '+all' the SPF policy lets every host in the world send mail in the "
                        "name of %s.",
                        zone);
        finding_set_fix(out, "End the policy with -all or ~all.");
        break;
    }
    finding_add_evidence(out, f->x);
}

static void spf_syntax(diag_t *d, const fact_t *f, const char *text, size_t len)
{
    char term[64];
    size_t size = 0;
    size_t at = spf_first_fault(text, len, &size);
    if (at == len) {
        spf_meaning(d, f, text, len);
        return;
    }
    size_t n = 0;
    for (; n < size && n + 1 < sizeof term; n++)
        term[n] = (char)(text[at + n] >= 0x21 && text[at + n] <= 0x7e ? text[at + n] : '?');
    term[n] = '\0';
    finding_t *out =
        finding_add(d->list, FINDING_SPF_BROKEN, "'%s' in the SPF policy is not allowed.", term);
    finding_add_evidence(out, f->x);
}

static void spf_rules(diag_t *d, const subject_t *top, bool mail)
{
    char text[TXTLEN];
    unsigned policies = 0;
    bool near = false;
    size_t len = 0;
    finding_t *out = NULL;
    const fact_t *f = txt_fact(d, top);
    if (f == NULL)
        return;
    const nsp_msg_t *m = fact_message(d, f);
    for (uint16_t i = 0; i < m->found[NSP_ANSWER]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        if (rr->type != NSP_TYPE_TXT || !nsp_rr_owner_is(m, rr, &d->m->zone))
            continue;
        len = txt_text(m, rr, text, sizeof text);
        if (spf_is_policy(text, len) && policies++ == 0)
            spf_syntax(d, f, text, len);
        near = near || spf_is_near(text, len);
    }
    if (policies == 0 && near) {
        out = finding_add(d->list, FINDING_SPF_BROKEN,
                          "A TXT record looks like an SPF policy and is none: it has to begin with "
                          "\"v=spf1\" and a blank.");
        finding_set_fix(out, "Let the record begin with \"v=spf1 \": nothing in front of it, no "
                             "quotation marks that are a part of the text, and a blank behind it.");
        finding_add_evidence(out, f->x);
        return;
    }
    if (policies > 1)
        out = finding_add(d->list, FINDING_SPF_SEVERAL, "There are %u SPF policies.", policies);
    else if (policies == 0 && mail)
        out = finding_add(d->list, FINDING_SPF_MISSING, "No TXT record is an SPF policy.");
    finding_add_evidence(out, f->x);
}

/* True when the zone's name is an alias there: mail and policy are what the alias has. */
static bool is_alias(const diag_t *d, const subject_t *s)
{
    for (size_t i = 0; i < d->list->count; i++)
        if (d->list->item[i].id == FINDING_CNAME_AT_APEX &&
            addr_equal(&d->list->item[i].addr, &s->a->addr))
            return true;
    return false;
}

static void mail_rules(diag_t *d, const subject_t *top)
{
    unsigned count = 0;
    form_set_t *forms = malloc(sizeof *forms);
    if (forms == NULL) {
        d->list->out_of_memory = true;
        return;
    }
    form_set_init(forms, &d->m->zone);
    const exchange_t *x = form_reply(d, top, forms, FORM_ID_MX);
    if (x != NULL) {
        mx_targets(d, x, &count);
        if (count == 0) {
            finding_t *f =
                finding_add(d->list, FINDING_MX_MISSING, "There is no MX record, nor a null MX.");
            finding_add_evidence(f, x);
        }
        mx_differs(d, top, x, forms);
    }
    free(forms);
    spf_rules(d, top, x != NULL);
}

/* RFC 1982 3.2. */
static bool newer(uint32_t a, uint32_t b)
{
    return a != b && (uint32_t)(a - b) < UINT32_C(0x80000000);
}

/* --- hosts that SOA and MX name --- */

static bool is_server(const model_t *m, const nsp_name_t *name)
{
    for (uint16_t i = 0; i < m->server_count; i++)
        if (nsp_name_equal(&m->server[i].name, name))
            return true;
    return false;
}

static finding_t *named_finding(diag_t *d, const model_named_t *n, finding_id_t id,
                                const char *record)
{
    char name[NSP_NAME_TEXT_MAX];
    const char *what = n->state == HOST_NXDOMAIN ? "does not exist"
                       : n->state == HOST_CNAME  ? "is an alias (CNAME)"
                                                 : "has neither A nor AAAA records";
    finding_t *f =
        finding_add(d->list, id, "%s, %s, %s.", name_label(&n->name, name), record, what);
    for (uint32_t i = 0; i < d->set->count; i++) {
        const exchange_t *x = d->set->item[i];
        if ((x->qtype == NSP_TYPE_A || x->qtype == NSP_TYPE_AAAA) &&
            nsp_name_equal(&x->qname, &n->name))
            finding_add_evidence(f, x);
    }
    nsp_name_t meant;
    if (n->state != HOST_NXDOMAIN || !host_doubled(d, &n->name, &meant))
        return f;
    finding_add_text(f, " It was written without its final dot, so that the zone's name was put "
                        "behind it.");
    finding_set_fix(f, "Write %s. with its final dot in the %s record.", name_label(&meant, name),
                    id == FINDING_MX_NO_ADDRESS ? "MX" : "SOA");
    return f;
}

/* NOTIFY and updates follow an alias, and resolvers do not look the name up: no more than a remark.
 */
static void mname_alias(diag_t *d, const model_named_t *n)
{
    char name[NSP_NAME_TEXT_MAX];
    finding_t *f = named_finding(d, n, FINDING_SOA_MNAME_ODD, "the primary that the SOA names");
    if (f != NULL)
        f->severity = SEVERITY_INFO;
    finding_set_fix(f, "Put the name that %s leads to there.", name_label(&n->name, name));
}

/* What is wrong with the name itself, or with a name server, is told elsewhere. */
static void named_rules(diag_t *d)
{
    for (uint16_t i = 0; i < d->m->named_count; i++) {
        const model_named_t *n = &d->m->named[i];
        const bool none = n->state == HOST_NODATA || n->state == HOST_NXDOMAIN;
        if (is_server(d->m, &n->name) || !name_is_host(&n->name, false))
            continue;
        if (n->by_mx && none)
            named_finding(d, n, FINDING_MX_NO_ADDRESS, "the target of an MX record");
        if (n->by_mx && n->state == HOST_CNAME)
            named_finding(d, n, FINDING_MX_IS_CNAME, "the target of an MX record");
        if (n->by_soa && none)
            named_finding(d, n, FINDING_SOA_MNAME_NO_ADDRESS, "the primary that the SOA names");
        if (n->by_soa && n->state == HOST_CNAME)
            mname_alias(d, n);
    }
}

/* A TTL of 0 for what every zone has, at the server with the newest copy. */
static void ttl_zero(diag_t *d, const subject_t *top)
{
    static const probe_kind_t kinds[] = {PROBE_SOA, PROBE_NS};
    const fact_t *zero[2];
    unsigned n = 0;
    for (unsigned i = 0; i < 2; i++) {
        const fact_t *f = subject_fact(d, top, kinds[i]);
        if (fact_answered(f) && f->cls == CLASS_GOOD && f->data_count > 0 && f->data_ttl == 0)
            zero[n++] = f;
    }
    if (n == 0)
        return;
    finding_t *out = finding_add(d->list, FINDING_TTL_ZERO, "The %s records have a TTL of 0.",
                                 n == 2                              ? "SOA and NS"
                                 : zero[0]->x->qtype == NSP_TYPE_SOA ? "SOA"
                                                                     : "NS");
    for (unsigned i = 0; i < n; i++)
        finding_add_evidence(out, zero[i]->x);
}

void rules_content(diag_t *d)
{
    const subject_t *top = NULL;
    zone_name(d);
    server_names(d);
    shared_addresses(d);
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *s = &d->subject[i];
        if (!s->folded && s->serves && (top == NULL || newer(s->serial, top->serial)))
            top = s;
    }
    if (top == NULL)
        return;
    soa_rules(d, top);
    ttl_zero(d, top);
    if (!is_alias(d, top))
        mail_rules(d, top);
    named_rules(d);
}
