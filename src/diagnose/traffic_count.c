/* What one flow says: read once, and counted for its server. */
#include "diagnose/traffic_fold.h"

#define RCODE_OTHER (TRAFFIC_RCODES - 1)
/* dig, kdig, drill and the C library's resolver wait for five seconds at most. */
#define LATE_AFTER INT64_C(5000000000)
/* Whoever waits a second hangs up after one; the connection is made within it. */
#define HANG_UP_AFTER INT64_C(900000000)

/* --- questions --- */

/* Queries that are malformed are told; the server has no part in it. */
static void count_query_fault(seen_t *k)
{
    const flow_t *f = k->flow;
    traffic_server_t *s = &k->e->s;
    if (k->query_fault == NSP_OK)
        return;
    s->n.malformed_queries += f->attempts;
    if (s->query_fault_count < TRAFFIC_FAULTS_MAX)
        s->query_fault[s->query_fault_count++] = (traffic_fault_t){
            k->query_fault, k->query_fault_offset, f->query.number, f->query.file};
}

/* Place of the type in the entry, or TRAFFIC_TYPES_MAX when there are too many. */
static unsigned count_type(entry_t *e, uint16_t type)
{
    unsigned i = 0;
    while (i < e->type_count && e->tally[i].type != type)
        i++;
    if (i == TRAFFIC_TYPES_MAX) {
        e->s.types_other++;
        return i;
    }
    if (i == e->type_count) {
        e->tally[i].type = type;
        e->type_count++;
    }
    if (++e->tally[i].count == 0)
        e->s.type[i].count += UINT64_C(1) << 16;
    return i;
}

/* The question again. */
static void count_retries(seen_t *k)
{
    traffic_counts_t *n = &k->e->s.n;
    n->retries += k->flow->attempts - 1;
    n->retried++;
    k->e->udp_again += k->udp ? k->flow->attempts - 1 : 0;
}

static uint32_t type_bit(const seen_t *k)
{
    return k->type < TRAFFIC_TYPES_MAX ? UINT32_C(1) << k->type : 0;
}

static void count_asked(seen_t *k)
{
    const flow_t *f = k->flow;
    k->type = TRAFFIC_TYPES_MAX;
    if (f->attempts > 1)
        count_retries(k);
    k->e->octets_asked += (uint64_t)f->query.original * f->attempts;
    if (!k->has_name)
        return;
    unsigned i = count_type(k->e, k->qtype);
    if (k->plain)
        k->type = i;
    if (k->udp && k->room > ROOM_SAFE)
        k->e->types_room |= type_bit(k);
}

/* --- events --- */

/* kinds: those that the flow has had; each makes it strange once, however often it comes (a storm
 * of forged replies is one question's). */
static void count_mismatch(traffic_t *t, seen_t *k, uint8_t bits, unsigned *kinds)
{
    traffic_counts_t *n = &k->e->s.n;
    const struct {
        unsigned bit;
        uint64_t *count;
        cause_t cause;
    } kind[STRANGE_KINDS] = {
        {MISMATCH_ADDRESS, &n->wrong_source, CAUSE_WRONG_SOURCE},
        {MISMATCH_PORT, &n->wrong_port, CAUSE_WRONG_PORT},
        {MISMATCH_ID, &n->wrong_id, CAUSE_WRONG_ID},
        {MISMATCH_QUESTION, &n->wrong_question, CAUSE_WRONG_QUESTION},
        {MISMATCH_QR, &n->not_response, CAUSE_NOT_RESPONSE},
        {MISMATCH_HEADER, &n->headerless, CAUSE_MALFORMED},
    };
    for (size_t i = 0; i < STRANGE_KINDS; i++) {
        if ((bits & kind[i].bit) == 0)
            continue;
        (*kind[i].count)++;
        k->e->strange[i] += (*kinds & 1u << i) == 0;
        *kinds |= 1u << i;
        traffic_sample(t, k, kind[i].cause);
        return; /* the first explains the others */
    }
}

/* "Not here" and "not allowed", in contrast to what path MTU discovery needs. */
static bool is_unreachable(const flow_event_t *e)
{
    return e->peer.family == 4 ? e->icmp_type != 3 || e->icmp_code != 4 : e->icmp_type != 2;
}

static bool has_event(const flow_t *f, flow_event_kind_t kind)
{
    for (uint32_t i = 0; i < f->event_count; i++)
        if (f->event[i].kind == kind)
            return true;
    return false;
}

/* The end of a connection on which nothing was asked, and that was idle for some time: servers
 * close those, as they should (RFC 7766 6.2.3). */
static bool is_idle(const traffic_t *t, const seen_t *k)
{
    return k->flow->query.bytes == NULL && has_event(k->flow, FLOW_EVENT_TCP_OPEN) &&
           k->flow->ended - k->flow->began >= t->o.grace;
}

static void count_tcp_event(traffic_t *t, seen_t *k, flow_event_kind_t kind)
{
    traffic_counts_t *n = &k->e->s.n;
    if (kind == FLOW_EVENT_TCP_REFUSED) {
        n->tcp_refused++;
        traffic_sample(t, k, CAUSE_TCP_REFUSED);
    } else if (is_idle(t, k)) {
        return;
    } else if (kind == FLOW_EVENT_TCP_RESET) {
        n->tcp_reset++;
        traffic_sample(t, k, CAUSE_TCP_RESET);
    } else {
        n->tcp_closed++;
        traffic_sample(t, k, CAUSE_TCP_CLOSED);
    }
}

static void count_events(traffic_t *t, seen_t *k)
{
    traffic_counts_t *n = &k->e->s.n;
    unsigned kinds = 0;
    bool unreachable = false;
    for (uint32_t i = 0; i < k->flow->event_count; i++) {
        const flow_event_t *e = &k->flow->event[i];
        traffic_icmp_t icmp = {e->icmp_type, e->icmp_code, e->peer, 1};
        switch (e->kind) {
        case FLOW_EVENT_MISMATCH:
            count_mismatch(t, k, e->mismatch, &kinds);
            break;
        case FLOW_EVENT_ICMP:
            n->icmp++;
            unreachable |= is_unreachable(e);
            traffic_count_icmp(&k->e->s, &icmp);
            traffic_sample(t, k, CAUSE_ICMP);
            break;
        case FLOW_EVENT_LOST:
            n->fragments_lost += k->udp;
            k->e->tcp_partial += !k->udp;
            if (k->udp)
                traffic_sample(t, k, CAUSE_FRAGMENTS);
            break;
        case FLOW_EVENT_DAMAGED:
            n->checksum++;
            n->damaged += e->mismatch == 0;
            k->e->wrong_strange += e->mismatch != 0;
            traffic_sample(t, k, CAUSE_DAMAGED);
            break;
        case FLOW_EVENT_TCP_REFUSED:
        case FLOW_EVENT_TCP_RESET:
        case FLOW_EVENT_TCP_CLOSED:
            count_tcp_event(t, k, e->kind);
            break;
        default:
            break;
        }
    }
    if (unreachable && k->flow->reply.bytes == NULL)
        *(k->udp ? &k->e->udp_icmp : &k->e->tcp_icmp) += 1;
}

/* Nothing at all came; or over TCP, nothing that an end of was seen. */
static bool is_unheard(const flow_t *f)
{
    bool tcp = f->transport == TRANSPORT_TCP;
    for (uint32_t i = 0; i < f->event_count; i++)
        if (f->event[i].kind != FLOW_EVENT_RETRY && f->event[i].kind != FLOW_EVENT_SYN_AGAIN &&
            f->event[i].kind != FLOW_EVENT_TCP_OPEN &&
            (f->event[i].kind != FLOW_EVENT_LOST || !tcp))
            return false;
    return true;
}

/* Nothing at all came, and the client waited long enough. */
static bool is_silent(const traffic_t *t, const seen_t *k)
{
    const flow_t *f = k->flow;
    /* a client that hung up sooner has not seen silence */
    int64_t since = f->query.bytes != NULL ? f->query.at : f->began;
    return (f->notes & (FLOW_PENDING | FLOW_EVICTED)) == 0 && is_unheard(f) &&
           f->ended - since >= (k->udp ? t->o.grace : HANG_UP_AFTER);
}

/* Silence over TCP: of the handshake, or on a connection that something was asked on. */
static void count_tcp_silence(traffic_t *t, seen_t *k)
{
    const flow_t *f = k->flow;
    bool open = has_event(f, FLOW_EVENT_TCP_OPEN) || (f->notes & FLOW_MIDSTREAM) != 0 ||
                (f->query.bytes != NULL && !has_event(f, FLOW_EVENT_SYN_AGAIN));
    if (open && f->query.bytes == NULL)
        return; /* nothing was asked */
    traffic_sample(t, k, CAUSE_TCP_SILENT);
    if (open) {
        k->e->tcp_mute++;
        if (k->type < TRAFFIC_TYPES_MAX)
            k->e->type[k->type].tcp_mute++;
        return;
    }
    k->e->s.n.tcp_no_synack++;
    k->e->tcp_attempts_silent++;
    for (uint32_t i = 0; i < f->event_count; i++)
        k->e->tcp_attempts_silent += f->event[i].kind == FLOW_EVENT_SYN_AGAIN;
}

/* So many attempts of a flow, of which nothing came. */
static void count_udp_attempts(traffic_t *t, seen_t *k, uint32_t attempts)
{
    k->e->udp_attempts_silent += attempts;
    k->e->udp_attempts_lost += attempts;
    traffic_note_unheard(t, k->flow);
    traffic_sample(t, k, CAUSE_SILENT);
    if (k->edns) {
        k->e->edns_attempts_silent += attempts;
        traffic_sample(t, k, CAUSE_EDNS_SILENT);
    }
    if (k->room <= ROOM_SAFE)
        k->e->types_safe_silent |= type_bit(k);
    if (k->option != 0) {
        k->e->option_attempts_silent += attempts;
        k->e->types_option_silent |= type_bit(k);
        k->e->option = k->option;
    }
    if (k->type == TRAFFIC_TYPES_MAX)
        return;
    type_fact_t *type = &k->e->type[k->type];
    type->silent += attempts;
    if (type->sample == 0)
        type->sample = traffic_keep(t, k);
}

static void count_udp_silence(traffic_t *t, seen_t *k)
{
    k->e->s.n.udp_silent++;
    k->e->udp_alone += k->flow->attempts == 1;
    count_udp_attempts(t, k, k->flow->attempts);
    if (k->edns)
        k->e->s.n.edns_fallback += names_failed_edns(t, k);
    if (k->type < TRAFFIC_TYPES_MAX)
        k->e->type[k->type].silent_flows++;
}

/* The capture ends too early to tell of the question, but not of attempts that the client itself
 * gave up before. */
static void count_pending(traffic_t *t, seen_t *k)
{
    const flow_t *f = k->flow;
    k->e->s.n.pending++;
    if (k->udp && f->attempts > 1 && (f->notes & FLOW_EVICTED) == 0 && is_unheard(f))
        count_udp_attempts(t, k, f->attempts - 1);
}

static void count_unanswered(traffic_t *t, seen_t *k)
{
    traffic_counts_t *n = &k->e->s.n;
    k->e->unheard[k->kind]++;
    if ((k->flow->notes & (FLOW_PENDING | FLOW_EVICTED)) != 0) {
        count_pending(t, k);
        return;
    }
    n->unanswered++;
    k->silent = is_silent(t, k);
    if (!k->silent)
        return;
    n->silent++;
    if (k->asks_nothing)
        return; /* servers without cookies may leave it at that */
    if (k->udp)
        count_udp_silence(t, k);
    else
        count_tcp_silence(t, k);
}

/* --- replies --- */

static void note_fault(traffic_t *t, seen_t *k)
{
    traffic_server_t *s = &k->e->s;
    const flow_message_t *m = &k->flow->reply;
    if (k->reply.fault == NSP_OK || m->size < m->original)
        return;
    if ((k->flow->notes & FLOW_REPLY_BAD_SUM) != 0) {
        k->e->wrong_faults++;
        traffic_sample(t, k, CAUSE_DAMAGED);
        return;
    }
    s->n.malformed++;
    traffic_sample(t, k, CAUSE_MALFORMED);
    if (s->fault_count < TRAFFIC_FAULTS_MAX)
        s->fault[s->fault_count++] =
            (traffic_fault_t){k->reply.fault, k->reply.fault_offset, m->number, m->file};
}

static inline bool has_flag(const seen_t *k, uint16_t flag)
{
    return (k->reply.flags & flag) != 0;
}

static inline unsigned opcode_of(const seen_t *k)
{
    return k->reply.flags >> 11 & 15u;
}

/* RFC 6891 7: how servers that do not know EDNS answer it. */
static bool rejects_edns(const seen_t *k)
{
    /* of later versions they must say so (6.1.3) */
    return k->edns && k->version == 0 &&
           (k->reply.rcode == NSP_RCODE_FORMERR || k->reply.rcode == NSP_RCODE_NOTIMP ||
            k->reply.rcode == NSP_RCODE_BADVERS);
}

static void count_lame_rcode(traffic_t *t, seen_t *k)
{
    traffic_counts_t *n = &k->e->s.n;
    cause_t cause = k->reply.rcode == NSP_RCODE_REFUSED    ? CAUSE_REFUSED
                    : k->reply.rcode == NSP_RCODE_SERVFAIL ? CAUSE_SERVFAIL
                                                           : CAUSE_RCODE;
    /* a cookie that is not good is asked again (RFC 7873 5.3); FORMERR and NOTAUTH may be about
     * what the client did */
    bool later = k->edns && k->version > 0; /* of EDNS: may be refused (RFC 6891 6.1.3) */
    if (k->reply.rcode == NSP_RCODE_BADCOOKIE ||
        (cause == CAUSE_RCODE && (later || !traffic_is_sound(k))))
        return;
    n->lame_refused += cause == CAUSE_REFUSED;
    n->lame_servfail += cause == CAUSE_SERVFAIL;
    n->lame_rcode += cause == CAUSE_RCODE;
    traffic_sample(t, k, cause);
}

/* Neither authoritative nor cut, and no error: a referral is as it should be, unless it leads
 * upward, to the root, which only servers of the root are above. */
static void count_not_aa(traffic_t *t, seen_t *k)
{
    traffic_counts_t *n = &k->e->s.n;
    bool answers = k->reply.answers > 0;
    uint32_t ns = !answers && k->reply.whole ? traffic_referral(t, k) : 0;
    if (ns != 0 && k->flow->reply.bytes[ns] == 0 && k->qname_octets > 1) {
        n->lame_upward++;
        traffic_sample(t, k, CAUSE_UPWARD);
    } else if (answers || (k->reply.whole && ns == 0)) {
        n->lame_not_aa++;
        traffic_sample(t, k, CAUSE_NOT_AA);
    }
}

/* The capture cut the question, so that it may be any: over UDP nearly always one for data. */
static bool is_unknown(const seen_t *k)
{
    const flow_message_t *q = &k->flow->query;
    return k->udp && k->cut && !k->has_name && q->size >= NSP_HEADER_SIZE &&
           (q->bytes[2] & 0x78) == 0;
}

/* What a reply to a question that is not known says: that it has authority, or a refusal. FORMERR
 * and NOTIMP may be about what cannot be seen. */
static void count_lame_unknown(traffic_t *t, seen_t *k)
{
    k->e->authoritative++;
    if (k->reply.rcode == NSP_RCODE_REFUSED || k->reply.rcode == NSP_RCODE_SERVFAIL)
        count_lame_rcode(t, k);
    else if (has_flag(k, NSP_FLAG_AA))
        k->e->served++;
}

/* Answers of a server that should be authoritative. A recursive one (RA, and asked to) is not. Of a
 * reply that was cut by the capture the header tells. */
static void count_lame(traffic_t *t, seen_t *k)
{
    bool recursive = k->rd && has_flag(k, NSP_FLAG_RA);
    bool unknown = is_unknown(k);
    if ((!k->plain && !unknown) || opcode_of(k) != 0 || rejects_edns(k) ||
        (recursive && k->reply.rcode != NSP_RCODE_REFUSED))
        return;
    if (unknown) {
        count_lame_unknown(t, k);
        return;
    }
    k->e->authoritative++;
    if (k->reply.rcode != NSP_RCODE_NOERROR && k->reply.rcode != NSP_RCODE_NXDOMAIN)
        count_lame_rcode(t, k);
    else if (has_flag(k, NSP_FLAG_AA))
        k->e->served++;
    else if (!has_flag(k, NSP_FLAG_TC))
        count_not_aa(t, k);
}

static void count_edns(traffic_t *t, seen_t *k)
{
    traffic_counts_t *n = &k->e->s.n;
    if (k->option != 0 && !k->e->options_answered)
        k->e->options_answered = !rejects_edns(k);
    if (rejects_edns(k) && opcode_of(k) == 0 && traffic_is_sound(k)) {
        n->edns_rejected++;
        n->edns_fallback += names_failed_edns(t, k);
        traffic_sample(t, k, CAUSE_EDNS_REJECTED);
        if (k->option != 0) {
            k->e->options_rejected++;
            k->e->option = k->option;
        }
    } else if (k->reply.whole && k->plain &&
               (k->reply.rcode == NSP_RCODE_NOERROR || k->reply.rcode == NSP_RCODE_NXDOMAIN)) {
        bool opt = k->reply.opt;
        k->e->with_opt += opt;
        k->e->without_opt += !opt;
        if (!opt)
            traffic_sample(t, k, CAUSE_EDNS_NO_OPT);
    }
}

/* The client asked again before, or had given up. */
static bool is_late(const seen_t *k)
{
    const flow_t *f = k->flow;
    return (f->notes & FLOW_LATE) != 0 || (k->udp && f->ended - f->asked > LATE_AFTER);
}

/* Came in fragments, all of them: at the place of the capture. */
static void count_fragmented(traffic_t *t, seen_t *k)
{
    k->e->s.n.fragmented++;
    if (is_late(k))
        return; /* why the client asks again is known */
    if (names_is_unheeded(t, k)) {
        k->e->unheeded++;
        traffic_sample(t, k, CAUSE_FRAGMENTS);
    }
}

/* Wrong, and it may be for another reason than damage: that whoever asked did not get it shows when
 * it asks again. */
static void count_wrong_sum(traffic_t *t, seen_t *k)
{
    k->e->s.n.checksum += (k->flow->notes & FLOW_REPLY_BAD_SUM) != 0;
    k->e->wrong_sums++;
    k->e->never_sums += (k->flow->notes & FLOW_REPLY_NEVER) != 0;
    if (is_late(k) || !names_is_unheeded(t, k))
        return;
    k->e->wrong_unheeded++;
    traffic_sample(t, k, CAUSE_DAMAGED);
}

static void count_rcode(seen_t *k)
{
    uint16_t rcode = k->reply.rcode;
    if (rcode == NSP_RCODE_NOERROR)
        k->e->noerror++;
    else if (rcode == NSP_RCODE_NXDOMAIN)
        k->e->nxdomain++;
    else
        k->e->s.rcode[rcode < RCODE_OTHER ? rcode : RCODE_OTHER]++;
}

/* Over TCP there is room for everything: TC means that the data cannot be had. */
static void count_cut(traffic_t *t, seen_t *k)
{
    if (!k->udp) {
        k->e->tcp_cut++;
        traffic_sample(t, k, CAUSE_TCP_TRUNCATED);
        return;
    }
    k->e->s.n.truncated++;
    k->e->types_cut |= type_bit(k);
    traffic_sample(t, k, CAUSE_TRUNCATED);
}

static void count_reply(traffic_t *t, seen_t *k)
{
    const flow_t *f = k->flow;
    bool header = f->reply.size >= NSP_HEADER_SIZE;
    note_fault(t, k);
    k->e->octets_answered += f->reply.original;
    if (header)
        count_rcode(k);
    k->e->negative += k->reply.rcode == NSP_RCODE_NXDOMAIN ||
                      (k->reply.rcode == NSP_RCODE_NOERROR && k->reply.answers == 0);
    if ((f->notes & FLOW_FRAGMENTS) != 0)
        count_fragmented(t, k);
    if ((f->notes & (FLOW_REPLY_BAD_SUM | FLOW_REPLY_NEVER)) != 0)
        count_wrong_sum(t, k);
    if (has_flag(k, NSP_FLAG_TC)) {
        count_cut(t, k);
    } else if (k->udp && f->reply.original > k->e->largest_udp) {
        k->e->largest_udp = f->reply.original;
    }
    if (k->udp && k->edns)
        count_edns(t, k);
    if (k->reply.whole || (f->reply.size < f->reply.original && header))
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
    if (k->type == TRAFFIC_TYPES_MAX)
        return;
    *(k->udp ? &k->e->types_udp : &k->e->types_tcp) |= type_bit(k);
    if (k->flow->reply.original > ROOM_SAFE && t->big_count < TRAFFIC_TYPES_MAX &&
        !traffic_is_big(t, k->qtype))
        t->big_type[t->big_count++] = k->qtype;
}

static void count_answered(traffic_t *t, seen_t *k)
{
    traffic_counts_t *n = &k->e->s.n;
    const flow_t *f = k->flow;
    int64_t took = f->ended - f->asked;
    k->e->answered[k->kind]++;
    /* simple packets of pcapng have no time */
    if (f->ended != 0 && (f->notes & FLOW_REPLY_FIRST) == 0)
        latency_add(&k->e->s.latency, took);
    note_type(t, k);
    if (is_late(k)) {
        n->late++;
        traffic_sample(t, k, CAUSE_LATE);
    } else if (f->attempts > 1 && !has_event(f, FLOW_EVENT_DAMAGED)) {
        n->recovered++;
        k->e->udp_attempts_lost += f->attempts - 1;
        traffic_sample(t, k, CAUSE_RECOVERED);
    }
    count_reply(t, k);
}

/* A reply that no question was captured for, or a connection without one. The latter counts as
 * such, and not among the questions. */
static void feed_alone(traffic_t *t, seen_t *k)
{
    traffic_counts_t *n = &k->e->s.n;
    const flow_t *f = k->flow;
    if (f->reply.bytes == NULL) {
        n->tcp_connections++;
        count_events(t, k);
        if (!k->udp && is_silent(t, k))
            count_tcp_silence(t, k);
    } else if ((f->notes & FLOW_DUPLICATE) != 0) {
        /* one that was captured twice is the same message */
        if ((f->notes & FLOW_QUERY_TWICE) != 0)
            return;
        n->duplicates++;
        note_fault(t, k);
    } else {
        n->orphans++;
        note_fault(t, k);
    }
}

void traffic_feed(void *user, const flow_t *flow)
{
    traffic_t *t = user;
    seen_t k = {.flow = flow, .udp = flow->transport == TRANSPORT_UDP};
    /* its memory is on the way while the octets are looked at */
    uint32_t hash = traffic_fetch(t, flow);
    traffic_read_query(t, &k);
    if (flow->reply.bytes != NULL) {
        traffic_read_reply(t, &k);
        names_prepare(t, &k);
    }
    k.e = traffic_server_of(t, flow, hash);
    if (flow->query.bytes == NULL) {
        feed_alone(t, &k);
        return;
    }
    count_asked(&k);
    count_query_fault(&k);
    if (!k.udp)
        k.e->s.n.tcp_connections += has_event(flow, FLOW_EVENT_TCP_OPEN);
    if (k.kind == KIND_PLAIN && names_is_fallback(t, &k))
        k.e->s.n.edns_fallback++;
    if (flow->event_count > 0)
        count_events(t, &k);
    if (flow->reply.bytes != NULL)
        count_answered(t, &k);
    else
        count_unanswered(t, &k);
    names_feed(t, &k);
}
