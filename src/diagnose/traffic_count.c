/* What one flow says: read once, and counted for its server. */
#include "diagnose/traffic_fold.h"

#define RCODE_OTHER (TRAFFIC_RCODES - 1)
/* Larger answers do not fit a packet everywhere (RFC 9715 3). */
#define ROOM_SAFE 1232

/* --- reading a flow --- */

/* The question, and what it says of EDNS. */
static void read_query(seen_t *k)
{
    const flow_message_t *q = &k->flow->query;
    const uint8_t *b = q->bytes;
    if (b == NULL || q->size < NSP_HEADER_SIZE)
        return;
    k->rd = (b[2] & 1) != 0;
    k->has_name = question_read(b, q->size, &k->qname, &k->qtype, &k->qclass);
    uint32_t at = NSP_HEADER_SIZE + k->qname.len + 4u;
    /* an OPT right behind a plain question, as nearly all queries have it (RFC 6891 6.1.2) */
    if (k->has_name && (b[11] | b[10]) != 0 && q->size >= at + 11 && b[at] == 0 && b[at + 1] == 0 &&
        b[at + 2] == NSP_TYPE_OPT) {
        k->edns = true;
        k->room = (uint16_t)(b[at + 3] << 8 | b[at + 4]);
        k->version = b[at + 6];
    }
    if (k->room < 512)
        k->room = 512;
}

/* --- counting --- */

static void count_asked(seen_t *k)
{
    const flow_t *f = k->flow;
    traffic_counts_t *n = &k->e->s.n;
    n->queries++;
    n->retries += f->attempts - 1;
    n->retried += f->attempts > 1;
    n->udp_queries += k->udp;
    n->tcp_queries += !k->udp;
    n->edns_queries += k->udp && k->edns;
    n->plain_queries += k->udp && !k->edns;
    n->big_queries += k->udp && k->room > ROOM_SAFE;
    k->e->s.octets_asked += (uint64_t)f->query.original * f->attempts;
    if (!k->has_name)
        return;
    size_t i = traffic_count_type(&k->e->s, k->qtype, 1);
    k->type = i < TRAFFIC_TYPES_MAX ? &k->e->type[i] : NULL;
    if (k->type != NULL && k->udp)
        k->type->room |= k->room > ROOM_SAFE;
}

static void count_mismatch(traffic_t *t, seen_t *k, uint8_t bits)
{
    traffic_counts_t *n = &k->e->s.n;
    const struct {
        unsigned bit;
        uint64_t *count;
        cause_t cause;
    } kinds[] = {
        {MISMATCH_ADDRESS, &n->wrong_source, CAUSE_WRONG_SOURCE},
        {MISMATCH_PORT, &n->wrong_port, CAUSE_WRONG_PORT},
        {MISMATCH_QR, &n->not_response, CAUSE_NOT_RESPONSE},
        {MISMATCH_ID, &n->wrong_id, CAUSE_WRONG_ID},
        {MISMATCH_QUESTION, &n->wrong_question, CAUSE_WRONG_QUESTION},
        {MISMATCH_HEADER, &n->headerless, CAUSE_MALFORMED},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if ((bits & kinds[i].bit) != 0) {
            (*kinds[i].count)++;
            traffic_sample(t, k, kinds[i].cause);
            return; /* the first explains the others */
        }
    }
}

static void count_events(traffic_t *t, seen_t *k)
{
    traffic_counts_t *n = &k->e->s.n;
    for (uint32_t i = 0; i < k->flow->event_count; i++) {
        const flow_event_t *e = &k->flow->event[i];
        traffic_icmp_t icmp = {e->icmp_type, e->icmp_code, e->peer, 1};
        switch (e->kind) {
        case FLOW_EVENT_MISMATCH:
            count_mismatch(t, k, e->mismatch);
            break;
        case FLOW_EVENT_ICMP:
            n->icmp++;
            traffic_count_icmp(&k->e->s, &icmp);
            traffic_sample(t, k, CAUSE_ICMP);
            break;
        case FLOW_EVENT_LOST:
            n->fragments_lost += k->udp;
            if (k->udp)
                traffic_sample(t, k, CAUSE_FRAGMENTS);
            break;
        case FLOW_EVENT_TCP_REFUSED:
            n->tcp_refused++;
            traffic_sample(t, k, CAUSE_TCP_REFUSED);
            break;
        case FLOW_EVENT_TCP_RESET:
            n->tcp_reset++;
            traffic_sample(t, k, CAUSE_TCP_RESET);
            break;
        case FLOW_EVENT_TCP_CLOSED:
            n->tcp_closed++;
            traffic_sample(t, k, CAUSE_TCP_CLOSED);
            break;
        default:
            break;
        }
    }
}

static bool has_event(const flow_t *f, flow_event_kind_t kind)
{
    for (uint32_t i = 0; i < f->event_count; i++)
        if (f->event[i].kind == kind)
            return true;
    return false;
}

/* Nothing at all came, and the client waited long enough. */
static bool is_silent(const traffic_t *t, const seen_t *k)
{
    const flow_t *f = k->flow;
    if ((f->notes & (FLOW_PENDING | FLOW_EVICTED)) != 0)
        return false;
    for (uint32_t i = 0; i < f->event_count; i++)
        if (f->event[i].kind != FLOW_EVENT_RETRY && f->event[i].kind != FLOW_EVENT_SYN_AGAIN &&
            f->event[i].kind != FLOW_EVENT_TCP_OPEN)
            return false;
    /* a client that hung up sooner has not seen silence */
    return f->ended - f->began >= t->o.grace;
}

static void count_unanswered(traffic_t *t, seen_t *k)
{
    traffic_counts_t *n = &k->e->s.n;
    const flow_t *f = k->flow;
    if ((f->notes & (FLOW_PENDING | FLOW_EVICTED)) != 0) {
        n->pending++;
        return;
    }
    n->unanswered++;
    if (!is_silent(t, k))
        return;
    n->silent++;
    if (!k->udp) {
        n->tcp_no_synack += !has_event(f, FLOW_EVENT_TCP_OPEN);
        traffic_sample(t, k, CAUSE_TCP_SILENT);
        return;
    }
    n->udp_silent++;
    k->e->udp_attempts_silent += f->attempts;
    traffic_sample(t, k, CAUSE_SILENT);
    if (k->edns) {
        k->e->edns_attempts_silent += f->attempts;
        names_failed_edns(t, k);
        traffic_sample(t, k, CAUSE_EDNS_SILENT);
    }
    if (k->type == NULL)
        return;
    k->type->silent += f->attempts;
    if (k->type->sample == 0)
        k->type->sample = traffic_keep(t, k);
}

static void note_fault(traffic_t *t, seen_t *k, nsp_err_t err, uint32_t offset)
{
    traffic_server_t *s = &k->e->s;
    s->n.malformed++;
    traffic_sample(t, k, CAUSE_MALFORMED);
    if (s->fault_count < TRAFFIC_FAULTS_MAX)
        s->fault[s->fault_count++] =
            (traffic_fault_t){err, offset, k->flow->reply.number, k->flow->reply.file};
}

/* True when the authority section refers to the root, which only servers of the root are above. */
static bool refers_upward(const nsp_msg_t *m)
{
    for (uint16_t i = 0; i < m->found[NSP_AUTHORITY]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_AUTHORITY, i);
        if (rr->type == NSP_TYPE_NS)
            return m->wire[rr->owner] == 0;
    }
    return false;
}

/* RFC 6891 7: how servers that do not know EDNS answer it. */
static bool rejects_edns(const seen_t *k)
{
    /* of later versions they must say so (6.1.3) */
    return k->edns && k->version == 0 &&
           (k->rcode == NSP_RCODE_FORMERR || k->rcode == NSP_RCODE_NOTIMP ||
            k->rcode == NSP_RCODE_BADVERS);
}

/* Answers of a server that should be authoritative. A recursive one (RA, and asked to) is not. */
static void count_lame(traffic_t *t, seen_t *k)
{
    static const struct {
        uint16_t rcode;
        cause_t cause;
    } rcodes[] = {{NSP_RCODE_REFUSED, CAUSE_REFUSED}, {NSP_RCODE_SERVFAIL, CAUSE_SERVFAIL}};
    traffic_counts_t *n = &k->e->s.n;
    const nsp_msg_t *m = k->m;
    bool recursive = k->rd && nsp_msg_has(m, NSP_FLAG_RA);
    if (nsp_msg_opcode(m) != 0 || rejects_edns(k) || (recursive && k->rcode != NSP_RCODE_REFUSED))
        return;
    k->e->authoritative++;
    bool data = k->rcode == NSP_RCODE_NOERROR || k->rcode == NSP_RCODE_NXDOMAIN;
    if (data && nsp_msg_has(m, NSP_FLAG_AA))
        return;
    if (data && m->found[NSP_ANSWER] == 0 && refers_upward(m) && k->qname.len > 1) {
        n->lame_upward++;
        traffic_sample(t, k, CAUSE_UPWARD);
    } else if (data && m->found[NSP_ANSWER] > 0 && !nsp_msg_has(m, NSP_FLAG_TC)) {
        n->lame_not_aa++;
        traffic_sample(t, k, CAUSE_NOT_AA);
    } else if (!data) {
        n->lame_refused += k->rcode == NSP_RCODE_REFUSED;
        n->lame_servfail += k->rcode == NSP_RCODE_SERVFAIL;
        cause_t cause = CAUSE_RCODE;
        for (size_t i = 0; i < sizeof rcodes / sizeof rcodes[0]; i++)
            if (rcodes[i].rcode == k->rcode)
                cause = rcodes[i].cause;
        n->lame_rcode += cause == CAUSE_RCODE;
        traffic_sample(t, k, cause);
    }
}

/* Reads the reply; true when it could be read to its end. */
static bool read_reply(traffic_t *t, seen_t *k)
{
    const flow_t *f = k->flow;
    nsp_msg_t *m = &t->scratch.msg;
    uint32_t offset = 0;
    nsp_err_t err = reply_read(&t->scratch, f->reply.bytes, f->reply.size, &offset);
    if (err != NSP_OK && (f->notes & (FLOW_CUT | FLOW_CHECKSUM)) == 0)
        note_fault(t, k, err, offset);
    k->rcode = nsp_msg_rcode(m);
    k->m = m;
    return m->complete;
}

static void count_reply(traffic_t *t, seen_t *k)
{
    traffic_counts_t *n = &k->e->s.n;
    const flow_t *f = k->flow;
    bool whole = read_reply(t, k);
    bool tc = nsp_msg_has(k->m, NSP_FLAG_TC);
    k->e->s.octets_answered += f->reply.original;
    k->e->s.rcode[k->rcode < RCODE_OTHER ? k->rcode : RCODE_OTHER]++;
    n->negative += k->rcode == NSP_RCODE_NXDOMAIN ||
                   (k->rcode == NSP_RCODE_NOERROR && k->m->count[NSP_ANSWER] == 0);
    n->fragmented += (f->notes & FLOW_FRAGMENTS) != 0;
    n->checksum += (f->notes & FLOW_CHECKSUM) != 0;
    if (k->udp && tc) {
        n->truncated++;
        traffic_sample(t, k, CAUSE_TRUNCATED);
    }
    if (k->udp && rejects_edns(k)) {
        n->edns_rejected++;
        names_failed_edns(t, k);
        traffic_sample(t, k, CAUSE_EDNS_REJECTED);
    }
    if (whole)
        count_lame(t, k);
}

bool traffic_is_big(const traffic_t *t, uint16_t type)
{
    for (size_t i = 0; i < t->big_count; i++)
        if (t->big_type[i] == type)
            return true;
    return false;
}

static void note_type(traffic_t *t, const seen_t *k)
{
    if (k->type == NULL)
        return;
    k->type->answered += k->udp;
    k->type->tcp_answered |= !k->udp;
    if (k->flow->reply.original > ROOM_SAFE && t->big_count < TRAFFIC_TYPES_MAX &&
        !traffic_is_big(t, k->qtype))
        t->big_type[t->big_count++] = k->qtype;
}

static void count_answered(traffic_t *t, seen_t *k)
{
    traffic_counts_t *n = &k->e->s.n;
    const flow_t *f = k->flow;
    n->answered++;
    n->udp_answered += k->udp;
    n->tcp_answered += !k->udp;
    n->edns_answered += k->udp && k->edns;
    n->plain_answered += k->udp && !k->edns;
    n->big_answered += k->udp && k->room > ROOM_SAFE;
    latency_add(&k->e->s.latency, f->ended - f->asked);
    note_type(t, k);
    if ((f->notes & FLOW_LATE) != 0) {
        n->late++;
        traffic_sample(t, k, CAUSE_LATE);
    } else if (f->attempts > 1) {
        n->recovered++;
        traffic_sample(t, k, CAUSE_RECOVERED);
    }
    count_reply(t, k);
}

/* A reply that no question was captured for, or a connection without one. */
static void feed_alone(traffic_t *t, seen_t *k)
{
    traffic_counts_t *n = &k->e->s.n;
    const flow_t *f = k->flow;
    if (f->reply.bytes == NULL) {
        n->tcp_connections++;
        count_events(t, k);
        count_unanswered(t, k);
    } else if ((f->notes & FLOW_DUPLICATE) != 0) {
        n->duplicates += (f->notes & FLOW_QUERY_TWICE) == 0;
    } else {
        n->orphans++;
        read_reply(t, k);
    }
}

void traffic_feed(void *user, const flow_t *flow)
{
    traffic_t *t = user;
    seen_t k = {
        .flow = flow, .e = traffic_server_of(t, flow), .udp = flow->transport == TRANSPORT_UDP};
    if (flow->ended > k.e->s.last)
        k.e->s.last = flow->ended;
    read_query(&k);
    if (flow->query.bytes == NULL) {
        feed_alone(t, &k);
        return;
    }
    count_asked(&k);
    k.e->s.n.tcp_connections += !k.udp && has_event(flow, FLOW_EVENT_TCP_OPEN);
    if (k.udp && !k.edns && names_is_fallback(t, &k))
        k.e->s.n.edns_fallback++;
    if (flow->event_count > 0)
        count_events(t, &k);
    if (flow->reply.bytes != NULL)
        count_answered(t, &k);
    else
        count_unanswered(t, &k);
    names_feed(t, &k);
}
