/* Any octets as three replies, DS, DNSKEY and answer, and a time: the work stays within its limits,
 * and a verdict points at a record of the message that it is about. */
#include <stdlib.h>

#include "dnssec/dnssec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct message {
    nsp_msg_t msg;
    nsp_rr_t arena[256];
} message_t;

/* The next message: 16 bits of length, then its octets; the last one takes what is left. */
static void take(nsp_reader_t *r, bool last, message_t *out)
{
    uint32_t n = last ? nsp_left(r) : nsp_read_u16(r);
    n = n > nsp_left(r) ? nsp_left(r) : n;
    const uint8_t *octets = nsp_read_bytes(r, n);
    nsp_msg_index(&out->msg, octets != NULL ? octets : r->base, octets != NULL ? n : 0, out->arena,
                  sizeof out->arena / sizeof out->arena[0]);
}

static void check(const dnssec_verdict_t *v, const nsp_msg_t *m)
{
    if (v->rr != NSP_NO_RR && v->rr >= m->rr_count)
        abort();
    if (v->tries > DNSSEC_TRIES_MAX || v->status >= DNSSEC_STATUS_COUNT)
        abort();
    if (v->status == DNSSEC_SECURE && (!v->has_rrsig || v->tries == 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static message_t ds;
    static message_t dnskey;
    static message_t answer;
    static dnssec_keys_t keys;
    nsp_name_t zone;
    nsp_name_t qname;
    nsp_reader_t r = nsp_reader(data, size);
    int64_t now = nsp_read_u32(&r);
    take(&r, false, &ds);
    take(&r, false, &dnskey);
    take(&r, true, &answer);
    if (!nsp_msg_qname(&dnskey.msg, &zone) || !nsp_msg_qname(&answer.msg, &qname))
        return 0;
    dnssec_verdict_t v = dnssec_check_keys(&ds.msg, &dnskey.msg, &zone, now, &keys);
    bool parent = v.status == DNSSEC_NO_DS || v.status == DNSSEC_UNSUPPORTED ||
                  v.status == DNSSEC_NO_DNSKEY || v.status == DNSSEC_DS_NO_KEY ||
                  v.status == DNSSEC_DS_DIGEST || v.status == DNSSEC_DS_KEY_UNFIT;
    check(&v, parent ? &ds.msg : &dnskey.msg);
    v = dnssec_check_answer(&answer.msg, &qname, answer.msg.qtype, &keys, now);
    check(&v, &answer.msg);
    keys.status = DNSSEC_SECURE; /* as if the chain was whole, with what keys there are */
    keys.zone = zone;
    v = dnssec_check_answer(&answer.msg, &qname, answer.msg.qtype, &keys, now);
    check(&v, &answer.msg);
    v = dnssec_check_denial(&answer.msg, &qname, answer.msg.qtype, &keys, now);
    check(&v, &answer.msg);
    v = dnssec_check_ds(&answer.msg, &qname, &keys, now);
    if (v.status != DNSSEC_NO_DS)
        check(&v, &answer.msg);
    return 0;
}
