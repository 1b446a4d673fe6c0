/* Messages built from any octets, in rooms of any size: what is written can be indexed, and its
 * names read; what did not fit left no trace, and nothing is written beyond the room. */
#include <stdlib.h>

#include "fuzz/items.h"
#include "proto/nsproto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool truth)
{
    if (!truth)
        __builtin_trap();
}

/* What was written at an offset is the name. */
static void check_name(const nsp_builder_t *b, uint32_t at, const nsp_name_t *name)
{
    nsp_name_t written;
    nsp_reader_t r = nsp_reader(b->w.base, b->w.pos);
    r.pos = at;
    need(nsp_name_read(&r, NSP_NAME_COMPRESSED, &written) == NSP_OK);
    need(nsp_name_equal(&written, name));
}

static void build_opt(nsp_builder_t *b, uint16_t udp_size, uint8_t kind, const uint8_t *data)
{
    uint8_t subnet[20];
    uint32_t before = b->w.pos;
    nsp_edns_t edns = {.udp_size = udp_size, .option_count = 2};
    size_t subnet_size = nsp_ecs_data(kind >> 4, data, kind, subnet);
    edns.option[0] = (nsp_edns_option_t){NSP_OPTION_NSID, kind, data};
    edns.option[1] = (nsp_edns_option_t){NSP_OPTION_ECS, (uint16_t)subnet_size, subnet};
    need(nsp_build_opt(b, &edns) || b->w.pos == before);
}

/* A question, an OPT or a record; or many records, each with another name. */
static void build_some(nsp_builder_t *b, nsp_reader_t *r)
{
    nsp_name_t name;
    uint16_t udp_size = nsp_read_u16(r);
    uint8_t kind = nsp_read_u8(r);
    uint16_t type = nsp_read_u16(r);
    nsp_random_t random = {nsp_read_u16(r)};
    uint8_t rdata[2048];
    for (unsigned times = (kind & 15) == 15 ? 1u + (kind >> 4) : 1; times > 0; times--) {
        nsp_name_generate(&random, &name);
        size_t n = nsp_rdata_generate(type, &random, rdata, sizeof rdata);
        uint32_t before = b->w.pos;
        if ((kind & 3) == 1) {
            build_opt(b, udp_size, kind, rdata);
        } else if ((kind & 3) != 0) {
            bool built = nsp_build_rr(b, (nsp_section_t)(b->section == 0 ? NSP_ANSWER : b->section),
                                      &name, type, NSP_CLASS_IN, type, rdata, (uint16_t)n);
            need(built || b->w.pos == before);
            if (built)
                check_name(b, before, &name);
        } else if (b->section == NSP_QUESTION && b->count[NSP_QUESTION] < 3) {
            nsp_build_question(b, &name, type, NSP_CLASS_IN);
            if (b->w.err == NSP_OK)
                check_name(b, before, &name);
        }
    }
}

static void frame(const uint8_t *data, size_t size)
{
    uint16_t n = 0;
    nsp_frame_state_t state = nsp_frame_peek(data, size, &n);
    need(state == NSP_FRAME_MORE || (size_t)n + 2 <= size);
}

/* The texts of codes, both ways. */
static void codes(uint16_t v)
{
    char buf[16];
    uint16_t back = 0;
    uint8_t opcode = 0;
    const char *text = nsp_rcode_text(v & 0xfff, buf);
    need(nsp_rcode_from_text(text, strlen(text), &back) == NSP_OK && back == (v & 0xfff));
    text = nsp_opcode_text(v & 15, buf);
    need(nsp_opcode_from_text(text, strlen(text), &opcode) == NSP_OK && opcode == (v & 15));
    text = nsp_class_text(v, buf);
    need(nsp_class_from_text(text, strlen(text), &back) == NSP_OK && back == v);
    need(nsp_mangle_what((nsp_mangle_t)(v % NSP_MANGLE_COUNT))[0] != '\0');
    need(nsp_mangle_rfc((nsp_mangle_t)(v % NSP_MANGLE_COUNT))[0] != '\0');
}

/* Builds into a room of exactly cap octets, and reads what there is then. */
static void build(nsp_reader_t *r, uint8_t *buf, size_t cap)
{
    static nsp_rr_t arena[NSP_RR_MAX];
    nsp_builder_t b;
    nsp_msg_t m;
    nsp_edns_t edns;
    size_t n = 0;
    nsp_build_begin(&b, buf, cap, 1, NSP_FLAG_QR);
    b.compress = cap % 8 != 1;
    while (nsp_left(r) >= 7 && b.w.err == NSP_OK)
        build_some(&b, r);
    if (nsp_build_end(&b, &n) != NSP_OK)
        return;
    need(n <= cap);
    nsp_msg_index(&m, buf, n, arena, NSP_RR_MAX);
    need(m.complete && memcmp(m.found, b.count, sizeof m.found) == 0);
    if (nsp_edns_read(&m, &edns, NULL))
        nsp_edns_find(&edns, NSP_OPTION_ECS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nsp_reader_t r = nsp_reader(data, size);
    frame(data, size);
    size_t cap = nsp_read_u16(&r);
    cap = cap % 16 != 0 ? cap % 4096 : cap; /* most messages are short */
    uint8_t *buf = exact_room((uint32_t)cap);
    codes((uint16_t)cap);
    build(&r, buf, cap);
    free(buf);
    return 0;
}
