#include "serve/fault.h"

#include <stdlib.h>

#include "serve/fault_make.h"

#define UDP  FAULT_UDP
#define TCP  FAULT_TCP
#define BOTH (FAULT_UDP | FAULT_TCP)
#define YES  true
#define NO   false

static const fault_desc_t descs[FAULT_COUNT] = {
#define FAULT(ident, name, where, lie, what, source)                                               \
    [FAULT_##ident] = {name, where, lie, what, source},
#include "serve/faults.def"
#undef FAULT
};

const fault_desc_t *fault_desc(fault_id_t id)
{
    return &descs[(unsigned)id < FAULT_COUNT ? id : 0];
}

bool fault_from_name(const char *name, fault_id_t *out)
{
    for (unsigned i = 0; i < FAULT_COUNT; i++) {
        if (strcmp(descs[i].name, name) == 0) {
            *out = (fault_id_t)i;
            return true;
        }
    }
    return false;
}

bool fault_fits(fault_id_t id, transport_t transport)
{
    return (fault_desc(id)->where & (transport == TRANSPORT_UDP ? FAULT_UDP : FAULT_TCP)) != 0;
}

static bool maker_begin(maker_t *k, const fault_input_t *in, fault_script_t *out)
{
    nsp_msg_t m;
    nsp_rr_t arena[16];
    k->in = in;
    k->script = out;
    k->random.state = in->seed;
    out->count = 0;
    out->used = 0;
    out->end = END_KEEP;
    out->dribble = out->endless = false;
    nsp_msg_index(&m, in->query, in->query_size, arena, 16);
    if (in->query_size < NSP_HEADER_SIZE || !nsp_msg_qname(&m, &k->qname))
        return false;
    k->id = m.id;
    k->rd = m.flags & NSP_FLAG_RD;
    k->qtype = m.qtype;
    k->qclass = m.qclass;
    return true;
}

/* With the honest answer made, and nothing in *out; NULL when the query gets none, or memory is
 * out. The caller frees it. */
static maker_t *maker_new(const fault_input_t *in, fault_script_t *out)
{
    maker_t *k = calloc(1, sizeof *k);
    memset(out, 0, offsetof(fault_script_t, octets));
    if (k == NULL || !maker_begin(k, in, out)) {
        free(k);
        return NULL;
    }
    make_honest(k);
    return k;
}

void fault_script(fault_id_t id, const fault_input_t *in, fault_script_t *out)
{
    maker_t *k = maker_new(in, out);
    if (k == NULL)
        return;
    bool done = fault_fits(id, in->transport) &&
                (fault_message(k, id) || fault_name(k, id) || fault_record(k, id) ||
                 fault_answer(k, id) || fault_deliver(k, id));
    if (!done)
        put_message(k);
    free(k);
}

void fault_mutation(const fault_input_t *in, fault_script_t *out)
{
    maker_t *k = maker_new(in, out);
    if (k == NULL)
        return;
    for (uint32_t i = 0, n = 1 + nsp_random_below(&k->random, 4); i < n; i++)
        nsp_mutate(k->buf, &k->size, UINT16_MAX, &k->random);
    if (k->size >= 2) { /* or nobody would read it */
        k->buf[0] = (uint8_t)(k->id >> 8);
        k->buf[1] = (uint8_t)k->id;
    }
    put_message(k);
    free(k);
}
