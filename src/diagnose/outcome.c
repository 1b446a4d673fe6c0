#include "diagnose/outcome.h"

#include "diagnose/way.h"

/* DNS Stateful Operations (RFC 8490): no questions. */
#define OPCODE_DSO 6

static const char *const outcome_names[] = {
    [OUTCOME_PENDING] = "pending",     [OUTCOME_ANSWERED] = "answered",
    [OUTCOME_MALFORMED] = "malformed", [OUTCOME_MISMATCHED] = "mismatched",
    [OUTCOME_SILENT] = "silent",       [OUTCOME_ICMP] = "icmp",
    [OUTCOME_REFUSED] = "tcp-refused", [OUTCOME_NO_SYNACK] = "tcp-no-synack",
    [OUTCOME_RESET] = "tcp-reset",     [OUTCOME_CLOSED] = "tcp-closed",
    [OUTCOME_NOT_SENT] = "not-sent",
};

static const char *const probe_names[] = {
    [PROBE_NONE] = "none",
    [PROBE_SOA] = "soa",
    [PROBE_SOA_EDNS] = "soa-edns",
    [PROBE_SOA_TCP] = "soa-tcp",
    [PROBE_NS] = "ns",
    [PROBE_NS_TCP] = "ns-tcp",
    [PROBE_BIG] = "big",
    [PROBE_BIG_TCP] = "big-tcp",
    [PROBE_CASE] = "case",
    [PROBE_NXDOMAIN] = "nxdomain",
    [PROBE_NODATA] = "nodata",
    [PROBE_SIGNED] = "signed",
    [PROBE_SIGNED_TCP] = "signed-tcp",
};

const char *outcome_name(outcome_kind_t kind)
{
    return (unsigned)kind <= OUTCOME_NOT_SENT ? outcome_names[kind] : "pending";
}

const char *probe_name(probe_kind_t kind)
{
    return (unsigned)kind <= PROBE_SIGNED_TCP ? probe_names[kind] : "none";
}

static bool attempt_has(const exchange_t *x, event_kind_t kind, uint8_t attempt)
{
    for (uint32_t i = 0; i < x->event_count; i++)
        if (x->event[i].kind == kind && x->event[i].attempt == attempt)
            return true;
    return false;
}

/* True when an attempt's time was over before e: it timed out, or the next one was sent. */
static bool attempt_over_before(const exchange_t *x, uint8_t attempt, const event_t *e)
{
    for (const event_t *k = x->event; k < e; k++)
        if ((k->kind == EVENT_TIMEOUT && k->attempt == attempt) ||
            (k->kind == EVENT_SENT && k->attempt > attempt))
            return true;
    return false;
}

/* Which event decides, and what it means; the first line that is found wins. */
static const struct {
    event_kind_t event;
    outcome_kind_t kind;
} decisions[] = {
    {EVENT_REPLY, OUTCOME_ANSWERED},          {EVENT_MISMATCH, OUTCOME_MISMATCHED},
    {EVENT_TCP_REFUSED, OUTCOME_REFUSED},     {EVENT_TCP_RESET, OUTCOME_RESET},
    {EVENT_TCP_CLOSED, OUTCOME_CLOSED},       {EVENT_ICMP, OUTCOME_ICMP},
    {EVENT_TCP_NO_SYNACK, OUTCOME_NO_SYNACK},
};

/* A message that came to this host's interface and was dropped there: what the server did, whatever
 * the prober's socket saw. With matches it must be the reply, else any other message. */
static const event_t *undelivered(const exchange_t *x, bool matches)
{
    for (uint32_t i = 0; i < x->event_count; i++)
        if (x->event[i].kind == EVENT_NOT_DELIVERED && (x->event[i].mismatch == 0) == matches)
            return &x->event[i];
    return NULL;
}

static void outcome_decide(const exchange_t *x, outcome_t *out)
{
    out->kind = OUTCOME_PENDING;
    out->reply = exchange_reply(x);
    if (out->reply != NULL) {
        out->kind = OUTCOME_ANSWERED;
        return;
    }
    if (!x->finished)
        return;
    out->reply = undelivered(x, true);
    if (out->reply != NULL) {
        out->kind = OUTCOME_ANSWERED;
        return;
    }
    out->kind = OUTCOME_SILENT;
    for (size_t i = 0; i < sizeof decisions / sizeof decisions[0]; i++) {
        const event_t *e = exchange_find(x, decisions[i].event);
        if (e != NULL) {
            out->kind = decisions[i].kind;
            out->reply = e;
            return;
        }
    }
    out->reply = undelivered(x, false);
    if (out->reply != NULL) {
        out->kind = OUTCOME_MISMATCHED;
        return;
    }
    const event_t *failed = exchange_find(x, EVENT_SEND_FAILED);
    if (failed != NULL && (x->transport == TRANSPORT_TCP || out->attempts == 0)) {
        out->kind = OUTCOME_NOT_SENT;
        out->reply = failed;
    }
}

bool event_is_late(const exchange_t *x, const event_t *e)
{
    return e->kind == EVENT_REPLY && attempt_over_before(x, e->attempt, e);
}

/* When the question left: over TCP it may have waited for the handshake. */
static int64_t left_at(const exchange_t *x, const event_t *sent)
{
    const event_t *open = exchange_find(x, EVENT_TCP_OPEN);
    return open != NULL && open->at > sent->at ? open->at : sent->at;
}

static void outcome_measure(const exchange_t *x, outcome_t *out)
{
    const event_t *reply = out->reply;
    const event_t *sent = exchange_sent_of(x, reply);
    if (sent == NULL && reply->attempt == 0)
        sent = exchange_query(x);
    if (sent != NULL && reply->kind != EVENT_SEND_FAILED)
        out->rtt = reply->at - (reply->kind == EVENT_REPLY ? left_at(x, sent) : sent->at);
    if (reply->kind != EVENT_REPLY)
        return;
    out->late = event_is_late(x, reply);
    for (uint32_t i = 0; i < x->event_count; i++) {
        const event_t *e = &x->event[i];
        if (e->kind == EVENT_SENT && attempt_over_before(x, e->attempt, reply) &&
            !attempt_has(x, EVENT_REPLY, e->attempt))
            out->lost++;
    }
}

/* The first fault that counts, or NSP_OK. */
static nsp_err_t first_fault(const nsp_msg_t *m, bool questionless, uint32_t *offset)
{
    for (uint16_t i = 0; i < m->fault_count && i < NSP_FAULTS_KEPT; i++) {
        if (questionless && m->fault[i].err == NSP_E_QDCOUNT && m->count[NSP_QUESTION] == 0)
            continue;
        *offset = m->fault[i].offset;
        return m->fault[i].err;
    }
    return NSP_OK;
}

const nsp_msg_t *reply_index(reply_t *r, const uint8_t *bytes, size_t size)
{
    (void)nsp_msg_index(&r->msg, bytes, size, r->arena, NSP_RR_MAX);
    return &r->msg;
}

/* Indexes and validates; true when nothing is wrong. */
static bool message_read(reply_t *r, const uint8_t *bytes, uint32_t size)
{
    nsp_msg_t *m = &r->msg;
    nsp_err_t err = nsp_msg_index(m, bytes, size, r->arena, NSP_RR_MAX);
    if (err == NSP_OK || (err == NSP_E_QDCOUNT && m->complete))
        err = nsp_msg_validate(m);
    return err == NSP_OK;
}

nsp_err_t reply_read(reply_t *r, const uint8_t *bytes, uint32_t size, bool questionless,
                     uint32_t *offset)
{
    if (message_read(r, bytes, size))
        return NSP_OK;
    /* a server that could not read the question may send the header alone (RFC 1035 4.1.1,
     * FORMERR): that is an answer, not a broken message */
    bool refuses = r->msg.fault_count == 1 && nsp_msg_rcode(&r->msg) != NSP_RCODE_NOERROR;
    bool dso = nsp_msg_opcode(&r->msg) == OPCODE_DSO;
    return first_fault(&r->msg, questionless || refuses || dso, offset);
}

nsp_err_t query_read(reply_t *r, const uint8_t *bytes, uint32_t size, uint32_t *offset)
{
    return message_read(r, bytes, size) ? NSP_OK : first_fault(&r->msg, true, offset);
}

bool reply_is_questionless(const uint8_t *query, uint32_t size, transport_t transport)
{
    if (query == NULL)
        return transport == TRANSPORT_TCP;
    return size >= NSP_HEADER_SIZE && (query[4] | query[5]) == 0;
}

static void outcome_parse(const exchange_t *x, outcome_t *out, reply_t *scratch)
{
    const event_t *query = exchange_query(x);
    bool questionless = reply_is_questionless(query != NULL ? query->bytes : NULL,
                                              query != NULL ? query->size : 0, x->transport);
    out->fault =
        reply_read(scratch, out->reply->bytes, out->reply->size, questionless, &out->fault_offset);
    if (out->fault != NSP_OK)
        out->kind = OUTCOME_MALFORMED;
}

void outcome_of(const exchange_t *x, outcome_t *out, reply_t *scratch)
{
    reply_t local;
    memset(out, 0, sizeof *out);
    out->rtt = -1;
    out->attempts = exchange_attempts(x);
    outcome_decide(x, out);
    if (out->reply == NULL)
        return;
    outcome_measure(x, out);
    if (out->kind == OUTCOME_ANSWERED)
        outcome_parse(x, out, scratch != NULL ? scratch : &local);
}

void outcome_of_flow(const flow_t *flow, const exchange_t *x, outcome_t *out, reply_t *scratch)
{
    outcome_of(x, out, scratch);
    if (out->kind != OUTCOME_MALFORMED || flow->reply.size >= flow->reply.original)
        return;
    out->kind = OUTCOME_ANSWERED;
    out->fault = NSP_OK;
    out->fault_offset = 0;
}

static bool has_upper(const nsp_name_t *name)
{
    for (unsigned i = 0; i < name->len; i++)
        if (name->octets[i] >= 'A' && name->octets[i] <= 'Z')
            return true;
    return false;
}

/* A question that only a signed zone is asked. */
static probe_kind_t probe_of_signed(const exchange_t *x, const nsp_edns_t *edns)
{
    if (edns == NULL || edns->flags != NSP_EDNS_DO || edns->udp_size != PROBE_EDNS_SIZE)
        return PROBE_NONE;
    return x->transport == TRANSPORT_TCP ? PROBE_SIGNED_TCP : PROBE_SIGNED;
}

static probe_kind_t probe_of_soa(const exchange_t *x, const nsp_edns_t *edns)
{
    /* over UDP it is a form (diagnose/form.h) */
    if (edns != NULL && edns->flags != 0)
        return x->transport == TRANSPORT_TCP ? probe_of_signed(x, edns) : PROBE_NONE;
    if (x->transport == TRANSPORT_TCP)
        return PROBE_SOA_TCP;
    if (has_upper(&x->qname))
        return PROBE_CASE;
    return edns == NULL ? PROBE_SOA : PROBE_SOA_EDNS;
}

static probe_kind_t probe_at_apex(const exchange_t *x, const nsp_edns_t *edns)
{
    bool tcp = x->transport == TRANSPORT_TCP;
    switch (x->qtype) {
    case NSP_TYPE_SOA:
        return probe_of_soa(x, edns);
    case NSP_TYPE_CDS:
    case NSP_TYPE_CDNSKEY:
    case NSP_TYPE_NSEC3PARAM:
        return probe_of_signed(x, edns);
    case NSP_TYPE_NS:
        if (edns != NULL && edns->flags != 0)
            return probe_of_signed(x, edns);
        if (tcp)
            return PROBE_NS_TCP;
        return edns != NULL ? PROBE_NS : PROBE_NONE;
    case NSP_TYPE_DNSKEY:
    case NSP_TYPE_TXT:
        if (edns == NULL || (edns->flags & NSP_EDNS_DO) == 0)
            return PROBE_NONE;
        if (tcp)
            return PROBE_BIG_TCP;
        return edns->udp_size == PROBE_BIG_SIZE ? PROBE_BIG : PROBE_NONE;
    case PROBE_NODATA_TYPE:
        return !tcp && edns != NULL ? PROBE_NODATA : PROBE_NONE;
    default:
        return PROBE_NONE;
    }
}

static bool only_identifies(const nsp_edns_t *edns)
{
    return edns->option_count == 0 ||
           (edns->option_count == 1 && edns->option[0].code == PROBE_IDENTIFY_OPTION);
}

probe_kind_t probe_kind_of(const exchange_t *x, const nsp_name_t *zone)
{
    static const char prefix[] = PROBE_NXDOMAIN_PREFIX;
    const event_t *query = exchange_query(x);
    nsp_rr_t arena[8];
    nsp_msg_t m;
    nsp_edns_t e;
    if (query == NULL || x->qclass != NSP_CLASS_IN)
        return PROBE_NONE;
    if (nsp_msg_index(&m, query->bytes, query->size, arena, 8) != NSP_OK)
        return PROBE_NONE;
    if (m.flags != 0)
        return PROBE_NONE; /* opcode, QR and RD; other flags make it a form (diagnose/form.h) */
    const nsp_edns_t *edns = nsp_edns_read(&m, &e, NULL) ? &e : NULL;
    if (edns != NULL && (edns->version != 0 || !only_identifies(edns)))
        return PROBE_NONE;
    if (nsp_name_equal(&x->qname, zone))
        return probe_at_apex(x, edns);
    nsp_name_t up;
    nsp_name_strip(&x->qname, 1, &up);
    if (way_hops_of_name(&x->qname) != 0)
        return PROBE_NONE; /* about the way to the server (diagnose/way.h), not about the server */
    if (x->qtype != NSP_TYPE_A || edns == NULL || x->qname.octets[0] < sizeof prefix - 1 ||
        memcmp(x->qname.octets + 1, prefix, sizeof prefix - 1) != 0 || !nsp_name_equal(&up, zone))
        return PROBE_NONE;
    if (edns->flags != 0)
        return probe_of_signed(x, edns);
    return x->transport == TRANSPORT_UDP ? PROBE_NXDOMAIN : PROBE_NONE;
}
