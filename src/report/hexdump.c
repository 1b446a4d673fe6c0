/* Every octet of a message with its offset and the name of its field. */
#include <stdarg.h>
#include <string.h>

#include "exchange/noun.h"
#include "report/message_text.h"

#define PER_LINE 8

typedef struct dump {
    FILE *out;
    const nsp_msg_t *m;
    uint32_t shown; /* octets printed so far */
    size_t room;    /* characters that may be printed yet */
} dump_t;

/* Points at the faults among the octets [from, to) of the line just printed. */
static void mark_faults(const dump_t *d, uint32_t from, uint32_t to)
{
    for (uint16_t i = 0; i < d->m->fault_count && i < NSP_FAULTS_KEPT; i++) {
        const nsp_fault_t *f = &d->m->fault[i];
        if (f->offset >= from && f->offset < to)
            fprintf(d->out, "%*s^^ %s\n", (int)(6 + 3 * (f->offset - from)), "",
                    nsp_err_text(f->err));
    }
}

/* Octets [from, to) with what they are; a long field continues on further lines. */
static void octets(dump_t *d, uint32_t from, uint32_t to, const char *what)
{
    if (to > d->m->size)
        to = d->m->size;
    for (uint32_t i = from; i < to && d->room > 0; i += PER_LINE) {
        uint32_t end = to - i < PER_LINE ? to : i + PER_LINE;
        bool named = i == from && what[0] != '\0';
        size_t size = 6 + 3 * PER_LINE + (named ? 2 + strlen(what) : 0);
        fprintf(d->out, "%04x ", i);
        for (uint32_t k = i; k < end; k++)
            fprintf(d->out, " %02x", d->m->wire[k]);
        if (named)
            fprintf(d->out, "%*s  %s", (int)(3 * (PER_LINE - (end - i))), "", what);
        fputc('\n', d->out);
        mark_faults(d, i, end);
        d->room -= d->room < size ? d->room : size;
        if (end > d->shown)
            d->shown = end;
    }
}

__attribute__((format(printf, 4, 5))) static void field(dump_t *d, uint32_t from, uint32_t to,
                                                        const char *format, ...)
{
    char what[1200];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    octets(d, from, to, what);
}

static void dump_header(dump_t *d)
{
    const nsp_msg_t *m = d->m;
    char opcode[16];
    char rcode[16];
    if (m->size < NSP_HEADER_SIZE) {
        octets(d, 0, m->size, "header, cut short");
        return;
    }
    field(d, 0, 2, "ID %u", m->id);
    field(d, 2, 4, "flags:%s opcode %s%s%s%s%s%s%s, rcode %s",
          nsp_msg_has(m, NSP_FLAG_QR) ? " qr" : "", nsp_opcode_text(nsp_msg_opcode(m), opcode),
          nsp_msg_has(m, NSP_FLAG_AA) ? " aa" : "", nsp_msg_has(m, NSP_FLAG_TC) ? " tc" : "",
          nsp_msg_has(m, NSP_FLAG_RD) ? " rd" : "", nsp_msg_has(m, NSP_FLAG_RA) ? " ra" : "",
          nsp_msg_has(m, NSP_FLAG_AD) ? " ad" : "", nsp_msg_has(m, NSP_FLAG_CD) ? " cd" : "",
          nsp_rcode_text(m->flags & 15u, rcode));
    field(d, 4, 6, "QDCOUNT %u", m->count[0]);
    field(d, 6, 8, "ANCOUNT %u", m->count[1]);
    field(d, 8, 10, "NSCOUNT %u", m->count[2]);
    field(d, 10, 12, "ARCOUNT %u", m->count[3]);
}

static void dump_questions(dump_t *d)
{
    nsp_reader_t r = nsp_reader(d->m->wire, d->m->size);
    r.pos = NSP_HEADER_SIZE;
    for (uint16_t i = 0; i < d->m->found[0]; i++) {
        nsp_name_t name;
        char text[NSP_NAME_TEXT_MAX];
        char buf[16];
        uint32_t start = r.pos;
        nsp_name_read(&r, NSP_NAME_COMPRESSED, &name);
        nsp_name_to_text(&name, text, sizeof text);
        field(d, start, r.pos, "question %u QNAME %s", i + 1u, text);
        uint16_t type = nsp_read_u16(&r);
        field(d, r.pos - 2, r.pos, "question %u QTYPE %s", i + 1u, nsp_type_text(type, buf));
        uint16_t qclass = nsp_read_u16(&r);
        field(d, r.pos - 2, r.pos, "question %u QCLASS %s", i + 1u, nsp_class_text(qclass, buf));
    }
}

static void dump_options(dump_t *d, const nsp_rr_t *rr)
{
    nsp_reader_t r = nsp_reader(d->m->wire, d->m->size);
    r.pos = rr->rdata;
    r.end = (uint32_t)rr->rdata + rr->rdlength;
    while (nsp_left(&r) > 0) {
        char buf[16];
        char text[1024];
        nsp_text_t t;
        uint32_t start = r.pos;
        nsp_edns_option_t o;
        o.code = nsp_read_u16(&r);
        o.size = nsp_read_u16(&r);
        o.data = nsp_read_bytes(&r, o.size);
        if (r.err != NSP_OK) {
            octets(d, start, r.end, "EDNS option, cut short");
            return;
        }
        field(d, start, start + 2, "option %s", nsp_option_text(o.code, buf));
        field(d, start + 2, start + 4, "option length %u", o.size);
        nsp_text_begin(&t, text, sizeof text);
        nsp_text_option(&t, &o);
        octets(d, start + 4, r.pos, text);
    }
}

static void dump_rdata(dump_t *d, const nsp_rr_t *rr)
{
    nsp_rdata_t it;
    nsp_field_t f;
    uint32_t end = (uint32_t)rr->rdata + rr->rdlength;
    uint32_t done = rr->rdata;
    if (rr->type == NSP_TYPE_OPT) {
        dump_options(d, rr);
        return;
    }
    nsp_rdata_begin(&it, d->m, rr);
    while (nsp_rdata_next(&it, &f)) {
        char text[NSP_NAME_TEXT_MAX] = "";
        if (f.desc->kind == NSP_F_NAME || f.desc->kind == NSP_F_NAME_NC)
            nsp_name_to_text(&f.name, text, sizeof text);
        else if (f.bytes == NULL)
            snprintf(text, sizeof text, "%llu", (unsigned long long)f.number);
        field(d, f.offset, f.offset + f.size, "  %s%s%s", f.desc->name, text[0] != '\0' ? " " : "",
              text);
        done = f.offset + f.size;
    }
    if (done < end)
        field(d, done, end, "  not understood: %s", nsp_err_text(it.r.err));
}

static void dump_rr(dump_t *d, uint16_t index)
{
    static const char *const sections[] = {"question", "answer", "authority", "additional"};
    const nsp_rr_t *rr = &d->m->rr[index];
    const char *section = sections[rr->section & 3];
    uint32_t fixed = rr->fixed;
    char buf[16];
    char text[NSP_NAME_TEXT_MAX];
    nsp_name_t owner;
    nsp_rr_owner(d->m, rr, &owner);
    nsp_name_to_text(&owner, text, sizeof text);
    field(d, rr->owner, fixed, "%s record %u owner %s", section,
          index - d->m->first[rr->section & 3] + 1u, text);
    field(d, fixed, fixed + 2, "TYPE %s", nsp_type_text(rr->type, buf));
    if (rr->type == NSP_TYPE_OPT) {
        field(d, fixed + 2, fixed + 4, "UDP payload size %u", rr->rclass);
        field(d, fixed + 4, fixed + 5, "extended rcode bits %u", rr->ttl >> 24);
        field(d, fixed + 5, fixed + 6, "EDNS version %u", rr->ttl >> 16 & 255u);
        field(d, fixed + 6, fixed + 8, "EDNS flags%s", (rr->ttl & 0x8000) != 0 ? " do" : "");
    } else {
        field(d, fixed + 2, fixed + 4, "CLASS %s", nsp_class_text(rr->rclass, buf));
        field(d, fixed + 4, fixed + 8, "TTL %u", rr->ttl);
    }
    field(d, fixed + 8, fixed + 10, "RDLENGTH %u", rr->rdlength);
    dump_rdata(d, rr);
}

void message_print_hex(FILE *out, const nsp_msg_t *m, size_t most)
{
    dump_t d = {.out = out, .m = m, .room = most};
    dump_header(&d);
    if (m->size >= NSP_HEADER_SIZE)
        dump_questions(&d);
    for (uint16_t i = 0; i < m->rr_count && d.room > 0; i++)
        dump_rr(&d, i);
    if (d.room == 0 && d.shown < m->size)
        fprintf(out, "... and %u more %s\n", m->size - d.shown, noun_octets(m->size - d.shown));
    else if (d.shown < m->size)
        octets(&d, d.shown, m->size, m->complete ? "left over" : "not understood");
    for (uint16_t i = 0; i < m->fault_count && i < NSP_FAULTS_KEPT; i++)
        fprintf(out, ";; fault at %04x: %s\n", m->fault[i].offset, nsp_err_text(m->fault[i].err));
}
