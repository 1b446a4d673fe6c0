#include "report/message_text.h"

#include <stdlib.h>

#include "exchange/noun.h"

/* One record's text at most: RDATA of 65535 octets, each as \DDD, and names. */
#define TEXT_MAX (4 * 65536 + 4096)

static void print_flags(FILE *out, const nsp_msg_t *m)
{
    static const struct {
        uint16_t bit;
        const char *name;
    } flags[] = {{NSP_FLAG_QR, "qr"}, {NSP_FLAG_AA, "aa"}, {NSP_FLAG_TC, "tc"}, {NSP_FLAG_RD, "rd"},
                 {NSP_FLAG_RA, "ra"}, {NSP_FLAG_AD, "ad"}, {NSP_FLAG_CD, "cd"}};
    fputs(";; flags:", out);
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (nsp_msg_has(m, flags[i].bit))
            fprintf(out, " %s", flags[i].name);
    if (nsp_msg_has(m, NSP_FLAG_Z))
        fputs("; MBZ: 0x4", out);
    const char *names[] = {"QUERY", "ANSWER", "AUTHORITY", "ADDITIONAL"};
    if (nsp_msg_opcode(m) == 5) {
        names[0] = "ZONE";
        names[1] = "PREREQ";
        names[2] = "UPDATE";
    }
    for (int i = 0; i < 4; i++)
        fprintf(out, "%s %s: %u", i == 0 ? ";" : ",", names[i], m->count[i]);
    fputs("\n", out);
}

static void print_edns(FILE *out, const nsp_msg_t *m, char *buf)
{
    nsp_edns_t e;
    nsp_err_t err;
    if (!nsp_edns_read(m, &e, &err))
        return;
    fprintf(out, "\n;; OPT PSEUDOSECTION:\n; EDNS: version: %u, flags:%s;", e.version,
            (e.flags & NSP_EDNS_DO) != 0 ? " do" : "");
    if ((e.flags & 0x7fff) != 0)
        fprintf(out, " MBZ: 0x%04x,", e.flags & 0x7fffu);
    fprintf(out, " udp: %u\n", e.udp_size);
    for (uint16_t i = 0; i < e.option_count; i++) {
        char code[16];
        nsp_text_t t;
        nsp_text_begin(&t, buf, TEXT_MAX);
        nsp_text_option(&t, &e.option[i]);
        fprintf(out, "; %s: %s\n", nsp_option_text(e.option[i].code, code), buf);
    }
    if (e.option_lost > 0)
        fprintf(out, "; ... and %u more %s\n", e.option_lost,
                noun(e.option_lost, "option", "options"));
}

static void print_questions(FILE *out, const nsp_msg_t *m, bool titled)
{
    nsp_reader_t r = nsp_reader(m->wire, m->size);
    r.pos = NSP_HEADER_SIZE;
    if (m->found[NSP_QUESTION] == 0)
        return;
    if (titled)
        fputs("\n;; QUESTION SECTION:\n", out);
    for (uint16_t i = 0; i < m->found[NSP_QUESTION]; i++) {
        nsp_name_t name;
        char text[NSP_NAME_TEXT_MAX];
        char type[16];
        char qclass[16];
        nsp_name_read(&r, NSP_NAME_COMPRESSED, &name);
        uint16_t t = nsp_read_u16(&r);
        uint16_t c = nsp_read_u16(&r);
        nsp_name_to_text(&name, text, sizeof text);
        fprintf(out, ";%s\t\t%s\t%s\n", text, nsp_class_text(c, qclass), nsp_type_text(t, type));
    }
}

static void print_rr(FILE *out, const nsp_msg_t *m, const nsp_rr_t *rr, char *buf)
{
    nsp_name_t owner;
    char name[NSP_NAME_TEXT_MAX];
    char type[16];
    char rclass[16];
    nsp_text_t t;
    nsp_rr_owner(m, rr, &owner);
    nsp_name_to_text(&owner, name, sizeof name);
    nsp_text_begin(&t, buf, TEXT_MAX);
    nsp_text_rdata(&t, m, rr);
    fprintf(out, "%s\t%u\t%s\t%s\t%s\n", name, rr->ttl, nsp_class_text(rr->rclass, rclass),
            nsp_type_text(rr->type, type), buf);
}

/* title: NULL for none. */
static void print_section(FILE *out, const nsp_msg_t *m, nsp_section_t s, const char *title,
                          char *buf)
{
    bool first = true;
    for (uint16_t i = 0; i < m->found[s]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, s, i);
        if (rr->type == NSP_TYPE_OPT && rr == &m->rr[m->opt])
            continue;
        if (first && title != NULL)
            fprintf(out, "\n;; %s SECTION:\n", title);
        first = false;
        print_rr(out, m, rr, buf);
    }
}

static void print_faults(FILE *out, const nsp_msg_t *m)
{
    static const char *const sections[] = {"question", "answer", "authority", "additional"};
    for (uint16_t i = 0; i < m->fault_count && i < NSP_FAULTS_KEPT; i++) {
        const nsp_fault_t *f = &m->fault[i];
        fprintf(out, ";; MALFORMED at octet %u (%s section): %s [%s]\n", f->offset,
                sections[f->section & 3], nsp_err_text(f->err), nsp_err_name(f->err));
    }
    if (m->fault_count > NSP_FAULTS_KEPT)
        fprintf(out, ";; ... and %d more %s\n", m->fault_count - NSP_FAULTS_KEPT,
                noun((uint64_t)(m->fault_count - NSP_FAULTS_KEPT), "fault", "faults"));
    if (!m->complete)
        fprintf(out, ";; understood up to octet %u of %u\n", m->stopped, m->size);
}

static void print_header(FILE *out, const nsp_msg_t *m, char *buf)
{
    char opcode[16];
    char rcode[16];
    fprintf(out, ";; ->>HEADER<<- opcode: %s, status: %s, id: %u\n",
            nsp_opcode_text(nsp_msg_opcode(m), opcode), nsp_rcode_text(nsp_msg_rcode(m), rcode),
            m->id);
    print_flags(out, m);
    print_edns(out, m, buf);
}

static void print_sections(FILE *out, const nsp_msg_t *m, unsigned hidden, char *buf)
{
    static const struct {
        unsigned part;
        nsp_section_t section;
        const char *title;
    } sections[] = {{MESSAGE_ANSWER, NSP_ANSWER, "ANSWER"},
                    {MESSAGE_AUTHORITY, NSP_AUTHORITY, "AUTHORITY"},
                    {MESSAGE_ADDITIONAL, NSP_ADDITIONAL, "ADDITIONAL"}};
    bool titled = (hidden & MESSAGE_COMMENTS) == 0;
    if ((hidden & MESSAGE_QUESTION) == 0)
        print_questions(out, m, titled);
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        if ((hidden & sections[i].part) == 0)
            print_section(out, m, sections[i].section, titled ? sections[i].title : NULL, buf);
}

void message_print(FILE *out, const nsp_msg_t *m, unsigned hidden)
{
    bool comments = (hidden & MESSAGE_COMMENTS) == 0;
    char *buf = malloc(TEXT_MAX);
    if (buf == NULL)
        return;
    if (m->size >= NSP_HEADER_SIZE) {
        if (comments)
            print_header(out, m, buf);
        print_sections(out, m, hidden, buf);
        if (comments)
            fputs("\n", out);
    }
    if (comments)
        print_faults(out, m);
    if (comments && (m->fault_count > 0 || !m->complete))
        fputs("\n", out);
    free(buf);
}

void message_print_short(FILE *out, const nsp_msg_t *m)
{
    char *buf = malloc(TEXT_MAX);
    if (buf == NULL)
        return;
    for (uint16_t i = 0; i < m->found[NSP_ANSWER]; i++) {
        nsp_text_t t;
        nsp_text_begin(&t, buf, TEXT_MAX);
        nsp_text_rdata(&t, m, nsp_msg_rr(m, NSP_ANSWER, i));
        fprintf(out, "%s\n", buf);
    }
    free(buf);
}

/* The zone that a reply refers to: it has no answer, and NS records of another in their place. */
static const nsp_rr_t *referral(const nsp_msg_t *m)
{
    const nsp_rr_t *ns = NULL;
    for (uint16_t i = 0; i < m->found[NSP_AUTHORITY]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_AUTHORITY, i);
        if (rr->type == NSP_TYPE_SOA)
            return NULL;
        if (rr->type == NSP_TYPE_NS && ns == NULL)
            ns = rr;
    }
    return m->found[NSP_ANSWER] == 0 && !nsp_msg_has(m, NSP_FLAG_AA) ? ns : NULL;
}

void message_print_lack(FILE *out, const nsp_msg_t *m)
{
    char text[NSP_NAME_TEXT_MAX];
    uint16_t rcode = nsp_msg_rcode(m);
    bool header = m->size >= NSP_HEADER_SIZE;
    print_faults(out, m);
    if (header && nsp_msg_has(m, NSP_FLAG_TC))
        fputs(";; the reply is cut (TC): there is more\n", out);
    if (header && rcode != NSP_RCODE_NOERROR && rcode != NSP_RCODE_NXDOMAIN) {
        fprintf(out, ";; the server says %s\n", nsp_rcode_text(rcode, text));
        return;
    }
    const nsp_rr_t *ns = header && rcode == NSP_RCODE_NOERROR ? referral(m) : NULL;
    if (ns == NULL)
        return;
    nsp_name_t zone;
    nsp_rr_owner(m, ns, &zone);
    nsp_name_to_text(&zone, text, sizeof text);
    fprintf(out, ";; no answer, but a referral to the servers of %s\n", text);
}
