/* Any octets as a message: what was indexed can be read, decoded and printed. */
#include <jansson.h>
#include <stdlib.h>

#include "fuzz/items.h"
#include "proto/nsproto.h"
#include "proto/rdata_quick.h"
#include "proto/sound.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define JSON_READ_MAX 4000u /* octets: longer ones take their time */

static void need(bool truth)
{
    if (!truth)
        __builtin_trap();
}

static uint32_t u16(const uint8_t *p, uint32_t at)
{
    return p[at] * 256u + p[at + 1];
}

/* Text that has not enough room is the beginning of the whole, and says that more is missing. */
static void print_little(const nsp_msg_t *m, const nsp_rr_t *rr, const nsp_text_t *whole)
{
    nsp_text_t t;
    uint32_t cap = (uint32_t)(m->size * 31u % (whole->len + 3));
    char *room = (char *)exact_room(cap);
    nsp_text_begin(&t, room, cap);
    nsp_text_rr(&t, m, rr);
    need(t.len < (cap > 0 ? cap : 1) && (t.lost > 0 || t.len == whole->len));
    need(memcmp(room, whole->buf, t.len) == 0 && (cap == 0 || room[t.len] == '\0'));
    free(room);
}

/* The same of JSON, which is no text any more when it is cut. */
static void json_little(const nsp_msg_t *m, const nsp_rr_t *rr, nsp_text_t *whole)
{
    nsp_text_t t;
    nsp_text_begin(whole, whole->buf, whole->cap);
    nsp_json_rr(whole, m, rr);
    uint32_t cap = (uint32_t)((m->size + rr->ttl) % (whole->len + 3));
    char *room = (char *)exact_room(cap);
    nsp_text_begin(&t, room, cap);
    nsp_json_rr(&t, m, rr);
    need(t.len < (cap > 0 ? cap : 1) && (t.lost > 0) == (whole->len >= cap));
    free(room);
}

static void print_all(const nsp_msg_t *m)
{
    static char text[1 << 20];
    nsp_text_t t;
    for (uint16_t i = 0; i < m->rr_count; i++) {
        nsp_text_begin(&t, text, sizeof text);
        nsp_text_rr(&t, m, &m->rr[i]);
        if (i < 3 && t.lost == 0) {
            print_little(m, &m->rr[i], &t);
            json_little(m, &m->rr[i], &t);
        }
    }
    nsp_text_begin(&t, text, sizeof text);
    nsp_json_msg(&t, m);
    if (t.len > JSON_READ_MAX)
        return;
    json_t *read = json_loadb(text, t.len, JSON_ALLOW_NUL, NULL);
    need(read != NULL);
    json_decref(read);
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

/* RDATA tells the same whether something stands behind it or the message ends there. */
static void check_alone(const nsp_msg_t *m)
{
    for (uint16_t i = 0; i < m->rr_count && i < 4; i++) {
        nsp_rdata_t it;
        nsp_field_t field;
        nsp_rr_t rr = m->rr[i];
        uint32_t end = (uint32_t)rr.rdata + rr.rdlength;
        uint8_t *copy = exact_copy(m->wire, end);
        nsp_msg_t cut = {.wire = copy, .size = end, .rr = &rr, .rr_count = 1, .opt = NSP_NO_RR};
        bool quick = nsp_rdata_quick(copy, rr.type, rr.rdata, end);
        need(quick == nsp_rdata_quick(m->wire, rr.type, rr.rdata, end));
        nsp_rdata_begin(&it, &cut, &rr);
        while (nsp_rdata_next(&it, &field)) {
        }
        need(!quick || it.r.err == NSP_OK);
        free(copy);
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

/* The last record as often as a message of NSP_SOUND_MAX octets can have it. */
static void check_many(const nsp_msg_t *m)
{
    static nsp_rr_t arena[NSP_RR_MAX];
    if (m->rr_count == 0 || !m->complete || m->size % 8 != 0 || m->size >= NSP_SOUND_MAX)
        return;
    const nsp_rr_t *rr = &m->rr[m->rr_count - 1];
    uint32_t end = (uint32_t)rr->rdata + rr->rdlength;
    uint32_t n = end - rr->owner;
    uint32_t times = (NSP_SOUND_MAX - end) / n;
    uint32_t count = m->count[rr->section] + times;
    uint8_t *many = exact_room(end + n * times);
    memcpy(many, m->wire, end);
    for (uint32_t i = 0; i < times; i++)
        memcpy(many + end + n * i, m->wire + rr->owner, n);
    many[4 + 2 * rr->section] = (uint8_t)(count >> 8);
    many[5 + 2 * rr->section] = (uint8_t)count;
    nsp_msg_t all;
    nsp_msg_index(&all, many, end + n * times, arena, NSP_RR_MAX);
    need(all.rr_count <= NSP_RR_MAX && all.found[rr->section] <= count);
    check_sound(&all);
    free(many);
}

/* Records follow each other without a gap, in the order of their sections, and have what their
 * octets say (RFC 1035 4.1). */
static void check_places(const nsp_msg_t *m, const uint8_t *data, size_t size)
{
    nsp_reader_t r = nsp_reader(data, size);
    r.pos = NSP_HEADER_SIZE;
    for (uint16_t i = 0; i < m->found[0]; i++) {
        need(nsp_name_skip(&r, NSP_NAME_COMPRESSED) == NSP_OK && nsp_left(&r) >= 4);
        r.pos += 4;
    }
    uint32_t pos = r.pos;
    uint32_t before = 0; /* records of the sections before */
    unsigned section = 1;
    for (uint16_t i = 0; i < m->rr_count; i++) {
        const nsp_rr_t *rr = &m->rr[i];
        while (i - before == m->found[section])
            before += m->found[section++];
        need(rr->owner == pos && rr->section == section && rr->rdata == rr->fixed + 10u);
        need(rr->type == u16(data, rr->fixed) && rr->rclass == u16(data, rr->fixed + 2u));
        need(rr->ttl == (u16(data, rr->fixed + 4u) << 16 | u16(data, rr->fixed + 6u)));
        need(rr->rdlength == u16(data, rr->fixed + 8u));
        pos = (uint32_t)rr->rdata + rr->rdlength;
    }
    need(pos <= size && (!m->complete || pos == m->stopped));
    bool all = true;
    for (unsigned s = 0; s < 4; s++) {
        need(m->found[s] <= u16(data, 4 + 2 * s));
        all = all && m->found[s] == u16(data, 4 + 2 * s);
    }
    need(m->complete == all);
}

/* The options of the first OPT, one behind the other (RFC 6891 6.1.2). */
static void check_edns(const nsp_msg_t *m, const uint8_t *data)
{
    nsp_edns_t edns;
    nsp_err_t err = NSP_OK;
    bool found = nsp_edns_read(m, &edns, &err);
    need(found == (m->opt != NSP_NO_RR));
    if (!found)
        return;
    const nsp_rr_t *rr = &m->rr[m->opt];
    uint32_t at = rr->rdata;
    uint32_t end = at + rr->rdlength;
    uint32_t count = 0;
    need(rr->type == NSP_TYPE_OPT && edns.udp_size == rr->rclass);
    while (end - at >= 4 && end - at - 4 >= u16(data, at + 2)) {
        const nsp_edns_option_t *o = count < edns.option_count ? &edns.option[count] : NULL;
        need(o == NULL || (o->code == u16(data, at) && o->size == u16(data, at + 2)));
        need(o == NULL || o->data == data + at + 4);
        need(o != NULL || count >= NSP_OPTIONS_MAX);
        at += 4 + u16(data, at + 2);
        count++;
    }
    need(count == (uint32_t)edns.option_count + edns.option_lost);
    need((err == NSP_OK) == (at == end));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static nsp_rr_t arena[NSP_RR_MAX];
    nsp_msg_t m;
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
    check_alone(&m);
    check_many(&m);
    need(m.fault_count > 0 || err == NSP_OK);
    for (uint16_t i = 0; i < m.fault_count && i < NSP_FAULTS_KEPT; i++)
        need(m.fault[i].offset <= size && m.fault[i].err != NSP_OK);
    if (size >= NSP_HEADER_SIZE)
        check_places(&m, data, size);
    check_edns(&m, data);
    print_all(&m);
    return 0;
}
