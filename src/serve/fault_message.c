/* Faults of the header, of the counts and of the question. */
#include "serve/fault_make.h"

/* Faults that proto/mangle.h makes of the honest reply. */
static bool mangled(maker_t *k, fault_id_t id)
{
    static const struct {
        fault_id_t id;
        nsp_mangle_t kind;
    } kinds[] = {{FAULT_SHORT_HEADER, NSP_MANGLE_SHORT_HEADER},
                 {FAULT_EMPTY, NSP_MANGLE_EMPTY},
                 {FAULT_ZEROES, NSP_MANGLE_ZEROES},
                 {FAULT_ANCOUNT_HIGH, NSP_MANGLE_COUNT_HIGH},
                 {FAULT_COUNT_HUGE, NSP_MANGLE_COUNT_HUGE},
                 {FAULT_TRAILING, NSP_MANGLE_TRAILING},
                 {FAULT_CUT, NSP_MANGLE_CUT},
                 {FAULT_TWO_QUESTIONS, NSP_MANGLE_TWO_QUESTIONS},
                 {FAULT_POINTER_SELF, NSP_MANGLE_POINTER_LOOP},
                 {FAULT_POINTER_FORWARD, NSP_MANGLE_POINTER_FORWARD},
                 {FAULT_POINTER_PAST, NSP_MANGLE_POINTER_PAST},
                 {FAULT_LABEL_EXTENDED, NSP_MANGLE_LABEL_TYPE},
                 {FAULT_LABEL_PAST, NSP_MANGLE_LABEL_PAST},
                 {FAULT_NAME_LONG, NSP_MANGLE_NAME_LONG},
                 {FAULT_RDLENGTH_LONG, NSP_MANGLE_RDLENGTH_LONG},
                 {FAULT_RDLENGTH_SHORT, NSP_MANGLE_RDLENGTH_SHORT},
                 {FAULT_OPT_TWICE, NSP_MANGLE_OPT_TWICE},
                 {FAULT_OPT_ANSWER, NSP_MANGLE_OPT_ANSWER},
                 {FAULT_OPTION_LONG, NSP_MANGLE_OPTION_LONG}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].id != id)
            continue;
        (void)nsp_mangle(kinds[i].kind, k->buf, &k->size, sizeof k->buf);
        put_message(k);
        return true;
    }
    return false;
}

static void set16(maker_t *k, size_t at, unsigned v)
{
    k->buf[at] = (uint8_t)(v >> 8);
    k->buf[at + 1] = (uint8_t)v;
}

/* Changes of the flags word and of a count: of the lying reply when the fault lies. */
static bool header(maker_t *k, fault_id_t id)
{
    static const struct {
        fault_id_t id;
        uint16_t clear;
        uint16_t set;
        uint8_t count_at; /* 0: none */
        uint16_t count;
    } changes[] = {
        {FAULT_NOT_RESPONSE, NSP_FLAG_QR, 0, 0, 0}, {FAULT_OPCODE, 0x7800, 0x1000, 0, 0},
        {FAULT_OPCODE_RESERVED, 0, 0x7800, 0, 0},   {FAULT_RCODE_RESERVED, 0, 0x000f, 0, 0},
        {FAULT_RESERVED_BIT, 0, NSP_FLAG_Z, 0, 0},  {FAULT_QDCOUNT_ZERO, 0, 0, 4, 0},
        {FAULT_QDCOUNT_HUGE, 0, 0, 4, 65535},       {FAULT_ANCOUNT_LOW, 0, 0, 6, 0},
        {FAULT_NSCOUNT_HIGH, 0, 0, 8, 7},           {FAULT_ARCOUNT_HIGH, 0, 0, 10, 7}};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        if (changes[i].id != id)
            continue;
        if (fault_desc(id)->lie)
            make_lying(k);
        unsigned flags = (unsigned)k->buf[2] << 8 | k->buf[3];
        set16(k, 2, (flags & ~(unsigned)changes[i].clear) | changes[i].set);
        if (changes[i].count_at != 0)
            set16(k, changes[i].count_at, changes[i].count);
        put_message(k);
        return true;
    }
    return false;
}

/* A reply whose question is another one; the answer is the lie about it. */
static void other_question(maker_t *k, fault_id_t id)
{
    uint8_t rdata[64];
    uint16_t type = k->qtype;
    uint16_t rclass = NSP_CLASS_IN;
    nsp_name_t name = k->qname;
    if (id == FAULT_OTHER_NAME)
        nsp_name_from_text("other." FAULT_LIE_NAME, strlen("other." FAULT_LIE_NAME), NULL, &name,
                           NULL);
    if (id == FAULT_OTHER_TYPE)
        type = type == NSP_TYPE_A ? NSP_TYPE_TXT : NSP_TYPE_A;
    if (id == FAULT_OTHER_CLASS)
        rclass = NSP_CLASS_CH;
    size_t n = make_lie(type, rdata);
    nsp_writer_t w = make_begin(k, 0, false);
    if (id != FAULT_NO_QUESTION) {
        nsp_write_bytes(&w, name.octets, name.len);
        nsp_write_u16(&w, type);
        nsp_write_u16(&w, rclass);
    }
    make_record(&w, name.octets, name.len, type, rclass, 60, rdata, n);
    make_end(k, &w, id != FAULT_NO_QUESTION, 1, 0, 0);
    put_message(k);
}

bool fault_message(maker_t *k, fault_id_t id)
{
    if (mangled(k, id) || header(k, id))
        return true;
    switch (id) {
    case FAULT_HEADER_ONLY:
        k->size = NSP_HEADER_SIZE;
        set16(k, 6, 1);
        break;
    case FAULT_ONE_OCTET:
        k->size = 1;
        break;
    case FAULT_ONES:
        memset(k->buf + 2, 0xff, k->size - 2);
        break;
    case FAULT_ECHO_QUERY:
        k->size = k->in->query_size < sizeof k->buf ? k->in->query_size : sizeof k->buf;
        memcpy(k->buf, k->in->query, k->size);
        break;
    case FAULT_NO_QUESTION:
    case FAULT_OTHER_NAME:
    case FAULT_OTHER_TYPE:
    case FAULT_OTHER_CLASS:
        other_question(k, id);
        return true;
    default:
        return false;
    }
    put_message(k);
    return true;
}
