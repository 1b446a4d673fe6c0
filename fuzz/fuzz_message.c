/* Any octets as a message: what was indexed can be read, decoded and printed. */
#include "proto/nsproto.h"
#include "proto/sound.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool truth)
{
    if (!truth)
        __builtin_trap();
}

static void print_all(const nsp_msg_t *m)
{
    static char text[1 << 20];
    nsp_text_t t;
    for (uint16_t i = 0; i < m->rr_count; i++) {
        nsp_text_begin(&t, text, sizeof text);
        nsp_text_rr(&t, m, &m->rr[i]);
    }
    nsp_text_begin(&t, text, sizeof text);
    nsp_json_msg(&t, m);
}

/* What was validated decodes. UPDATE has records without RDATA (RFC 2136 2.4). */
static void decode_all(const nsp_msg_t *m)
{
    for (uint16_t i = 0; i < m->rr_count && nsp_msg_opcode(m) != 5; i++) {
        nsp_rdata_t it;
        nsp_field_t field;
        nsp_rdata_begin(&it, m, &m->rr[i]);
        while (nsp_rdata_next(&it, &field)) {
        }
        need(it.r.err == NSP_OK);
    }
}

/* What is told to be sound without an index has no fault, and the sections are where they are. */
static void check_sound(const nsp_msg_t *m)
{
    static nsp_sound_names_t names;
    nsp_sound_t s;
    if (!nsp_msg_sound(&names, m->wire, m->size, &s))
        return;
    need(m->fault_count == 0 && s.rcode == nsp_msg_rcode(m) && s.opt == (m->opt != NSP_NO_RR));
    need(memcmp(s.count, m->found, sizeof s.count) == 0);
    need(s.count[NSP_AUTHORITY] == 0 || s.authority == nsp_msg_rr(m, NSP_AUTHORITY, 0)->owner);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static nsp_rr_t arena[NSP_RR_MAX];
    nsp_msg_t m;
    nsp_edns_t edns;
    nsp_name_t name;
    nsp_err_t err = nsp_msg_index(&m, data, size, arena, NSP_RR_MAX);
    need((err == NSP_OK) == (m.fault_count == 0) && m.stopped <= size);
    need(err != NSP_OK || m.complete);
    need(m.rr_count == m.found[1] + m.found[2] + m.found[3]);
    need((m.found[0] > 0) == nsp_msg_qname(&m, &name));
    for (uint16_t i = 0; i < m.rr_count; i++) {
        nsp_reader_t r = nsp_reader(data, size);
        r.pos = arena[i].owner;
        need(nsp_name_read(&r, NSP_NAME_COMPRESSED, &name) == NSP_OK && r.pos == arena[i].fixed);
        need(nsp_rr_owner_is(&m, &arena[i], &name));
        need(arena[i].rdata + (size_t)arena[i].rdlength <= m.stopped);
    }
    if (nsp_msg_validate(&m) == NSP_OK)
        decode_all(&m);
    check_sound(&m);
    need(m.fault_count > 0 || err == NSP_OK);
    for (uint16_t i = 0; i < m.fault_count && i < NSP_FAULTS_KEPT; i++)
        need(m.fault[i].offset <= size && m.fault[i].err != NSP_OK);
    nsp_edns_read(&m, &edns, &err);
    print_all(&m);
    return 0;
}
