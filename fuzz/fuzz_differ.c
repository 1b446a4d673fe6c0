/* Our reading beside that of libknot and ldns: accept or refuse, and what is printed. Every
 * difference must be one of differences.def, which says who is right. */
#include <ldns/ldns.h>
#include <libknot/libknot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/nsproto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* ldns loses memory at some malformed messages: that is not ours to test. */
const char *__lsan_default_suppressions(void)
{
    return "leak:ldns_";
}

typedef enum difference {
    NO_DIFFERENCE,
#define DIFFERENCE(ident, id, who, what, right, rfc) DIFFERENCE_##ident,
#include "fuzz/differences.def"
#undef DIFFERENCE
    UNKNOWN_DIFFERENCE
} difference_t;

static const char *const names[] = {"none",
#define DIFFERENCE(ident, id, who, what, right, rfc) id,
#include "fuzz/differences.def"
#undef DIFFERENCE
                                    "unknown"};

enum { KNOT = 1, LDNS = 2 };

/* Which peers may take what we find a fault in, and why. */
static const struct {
    nsp_err_t err;
    unsigned takers;
    difference_t why;
} lenient[] = {
    {NSP_E_QDCOUNT, KNOT | LDNS, DIFFERENCE_QDCOUNT},
    {NSP_E_TRAILING, LDNS, DIFFERENCE_TRAILING},
    {NSP_E_POINTER_FORWARD, KNOT | LDNS, DIFFERENCE_POINTER},
    {NSP_E_POINTER_HEADER, KNOT | LDNS, DIFFERENCE_POINTER},
    {NSP_E_POINTER_CHAIN, KNOT | LDNS, DIFFERENCE_POINTER},
    {NSP_E_OPT_TWICE, LDNS, DIFFERENCE_OPT},
    {NSP_E_OPT_SECTION, LDNS, DIFFERENCE_OPT},
    {NSP_E_OPT_OWNER, KNOT | LDNS, DIFFERENCE_OPT},
    {NSP_E_OPT_OPTION, LDNS, DIFFERENCE_OPT},
    {NSP_E_TSIG_PLACE, LDNS, DIFFERENCE_TSIG},
    {NSP_E_RDATA_SHORT, KNOT | LDNS, DIFFERENCE_RDATA},
    {NSP_E_RDATA_TRAILING, KNOT | LDNS, DIFFERENCE_RDATA},
    {NSP_E_RDATA_VALUE, KNOT | LDNS, DIFFERENCE_RDATA},
    {NSP_E_SHORT, LDNS, DIFFERENCE_SHORT},
    {NSP_E_LABEL_TYPE, LDNS, DIFFERENCE_LABEL},
};

static bool has_uncompressed_name(uint16_t type)
{
    const nsp_fdesc_t *f = nsp_rrtype_get(type)->fields;
    for (unsigned i = 0; i < NSP_FIELDS_MAX && f[i].kind != NSP_F_END; i++)
        if (f[i].kind == NSP_F_NAME_NC || f[i].kind == NSP_F_SVCPARAMS || f[i].kind == NSP_F_HIP ||
            f[i].kind == NSP_F_GATEWAY || f[i].kind == NSP_F_AMTRELAY || f[i].kind == NSP_F_A6)
            return true;
    return false;
}

/* Whether ldns was astray before it came to record rr: it goes on behind the fields of a type,
 * whatever RDLENGTH says. */
static bool odd_length_before(nsp_msg_t *m, uint16_t rr)
{
    uint16_t known = m->fault_count;
    nsp_msg_validate(m);
    for (uint16_t i = known; i < m->fault_count && i < NSP_FAULTS_KEPT; i++)
        if (m->fault[i].rr < rr &&
            (m->fault[i].err == NSP_E_RDATA_SHORT || m->fault[i].err == NSP_E_RDATA_TRAILING))
            return true;
    return false;
}

static difference_t why_taken(nsp_msg_t *m, nsp_err_t err, unsigned takers)
{
    for (size_t i = 0; i < sizeof lenient / sizeof lenient[0]; i++)
        if (lenient[i].err == err && (takers & ~lenient[i].takers) == 0)
            return lenient[i].why;
    /* a fault inside of RDATA that the peer does not look into, or of a name that begins there */
    if (m->fault_count > 0 && m->fault[0].rr != NSP_NO_RR) {
        const nsp_rr_t *rr = &m->rr[m->fault[0].rr];
        if (m->fault[0].offset >= rr->rdata || has_uncompressed_name(rr->type))
            return DIFFERENCE_RDATA;
    }
    return takers == LDNS && odd_length_before(m, m->fault[0].rr) ? DIFFERENCE_LDNS_LENGTH
                                                                  : UNKNOWN_DIFFERENCE;
}

/* A compression pointer in a name that leads to a root label at once, or to labels that run on past
 * the pointer. */
static difference_t odd_pointer(const nsp_msg_t *m, uint32_t at)
{
    uint32_t pointer = UINT32_MAX;
    while (at + 1 < m->size && m->wire[at] != 0) {
        if (m->wire[at] < 0xc0) {
            at += m->wire[at] + 1u;
            if (at > pointer)
                return DIFFERENCE_POINTER_OVERRUN;
            continue;
        }
        pointer = at;
        at = (uint32_t)(m->wire[at] & 0x3f) << 8 | m->wire[at + 1];
        if (at >= m->size || m->wire[at] == 0)
            return DIFFERENCE_POINTER_ROOT;
    }
    return NO_DIFFERENCE;
}

static difference_t any_odd_pointer(const nsp_msg_t *m)
{
    for (uint16_t i = 0; i < m->rr_count; i++) {
        nsp_rdata_t it;
        nsp_field_t f;
        difference_t d = odd_pointer(m, m->rr[i].owner);
        nsp_rdata_begin(&it, m, &m->rr[i]);
        while (d == NO_DIFFERENCE && nsp_rdata_next(&it, &f))
            if (f.desc->kind == NSP_F_NAME || f.desc->kind == NSP_F_NAME_NC)
                d = odd_pointer(m, f.offset);
        if (d != NO_DIFFERENCE)
            return d;
    }
    return NO_DIFFERENCE;
}

static bool empty_record(const nsp_msg_t *m)
{
    for (uint16_t i = 0; i < m->rr_count; i++)
        if (m->rr[i].rdlength == 0 && m->rr[i].type != NSP_TYPE_OPT)
            return true;
    return false;
}

static bool has_type(const nsp_msg_t *m, const uint16_t *types, size_t n)
{
    for (uint16_t i = 0; i < m->rr_count; i++)
        for (size_t k = 0; k < n; k++)
            if (m->rr[i].type == types[k])
                return true;
    return false;
}

/* Types whose RDATA a peer refuses although it is sound. */
static const uint16_t refused_by_ldns[] = {
    NSP_TYPE_NSAP_PTR, NSP_TYPE_LOC, NSP_TYPE_OPT,  NSP_TYPE_APL,  NSP_TYPE_IPSECKEY,
    NSP_TYPE_HIP,      NSP_TYPE_A6,  NSP_TYPE_TSIG, NSP_TYPE_SINK, NSP_TYPE_ISDN};
static const uint16_t refused_by_knot[] = {NSP_TYPE_OPT, NSP_TYPE_TSIG, NSP_TYPE_NAPTR};

static difference_t why_refused(const nsp_msg_t *m, bool knot)
{
    difference_t odd = any_odd_pointer(m);
    if (!knot && odd != NO_DIFFERENCE)
        return odd;
    if (empty_record(m))
        return DIFFERENCE_LDNS_UPDATE;
    if (!knot)
        return has_type(m, refused_by_knot, sizeof refused_by_knot / sizeof(uint16_t))
                   ? DIFFERENCE_KNOT_RDATA
                   : UNKNOWN_DIFFERENCE;
    return has_type(m, refused_by_ldns, sizeof refused_by_ldns / sizeof(uint16_t))
               ? DIFFERENCE_LDNS_RDATA
               : UNKNOWN_DIFFERENCE;
}

/* Whether text says the RDATA that the record has. */
static bool same_rdata(const nsp_msg_t *m, const nsp_rr_t *rr, const char *text, size_t len)
{
    static uint8_t read[65535];
    static uint8_t ours[65535];
    static uint8_t theirs[65535];
    size_t n = 0;
    nsp_err_t err;
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == ' '))
        len--;
    if (nsp_rdata_from_text(rr->type, text, len, NULL, read, sizeof read, &n, NULL) != NSP_OK)
        return false;
    nsp_msg_t back = {.wire = read, .size = (uint32_t)n, .opt = NSP_NO_RR};
    nsp_rr_t back_rr = {.type = rr->type, .rclass = rr->rclass, .rdlength = (uint16_t)n};
    size_t a = nsp_rdata_canonical(m, rr, ours, sizeof ours, &err);
    size_t b = nsp_rdata_canonical(&back, &back_rr, theirs, sizeof theirs, &err);
    return a == b && memcmp(ours, theirs, a) == 0;
}

/* Which difference in printing a type is known for. */
static difference_t why_printed(const nsp_rr_t *rr, const char *text, unsigned peer)
{
    if (peer == KNOT && strcmp(text, "?") == 0)
        return DIFFERENCE_TEXT_EMPTY;
    switch (rr->type) {
    case NSP_TYPE_RRSIG:
    case NSP_TYPE_SIG:
    case NSP_TYPE_TKEY:
        return strstr(text, "19") != NULL ? DIFFERENCE_TEXT_TIME : UNKNOWN_DIFFERENCE;
    case NSP_TYPE_NSEC3:
        return strchr(text, '=') != NULL ? DIFFERENCE_TEXT_PADDING : UNKNOWN_DIFFERENCE;
    case NSP_TYPE_SVCB:
    case NSP_TYPE_HTTPS:
        return DIFFERENCE_TEXT_SVCB;
    case NSP_TYPE_APL:
    case NSP_TYPE_ATMA:
    case NSP_TYPE_ISDN:
    case NSP_TYPE_NSAP_PTR:
    case NSP_TYPE_NXT:
    case NSP_TYPE_SINK:
    case NSP_TYPE_WKS:
        return peer == LDNS ? DIFFERENCE_TEXT_OLD : UNKNOWN_DIFFERENCE;
    default:
        return peer == LDNS && strchr(text, '"') != NULL ? DIFFERENCE_TEXT_QUOTE
                                                         : UNKNOWN_DIFFERENCE;
    }
}

/* Where ldns took a record for another, all that follows is read at the wrong place. */
static difference_t why_ldns_prints(const nsp_msg_t *m, const nsp_rr_t *rr, const char *text)
{
    if (any_odd_pointer(m) != NO_DIFFERENCE)
        return DIFFERENCE_LDNS_POINTER;
    if (has_type(m, refused_by_ldns, sizeof refused_by_ldns / sizeof(uint16_t)))
        return DIFFERENCE_LDNS_RDATA;
    return why_printed(rr, text, LDNS);
}

static void fail(const char *what, const char *detail, difference_t d)
{
    if (d != UNKNOWN_DIFFERENCE) {
        if (getenv("DIFFER_SHOW") != NULL)
            printf("%s: %s\n", names[d], detail);
        return;
    }
    fprintf(stderr, "%s: %s\n", what, detail);
    abort();
}

/* Owner, TTL, class and type stand before the RDATA. */
static const char *behind_type(const char *text)
{
    for (int i = 0; i < 4 && text != NULL; i++) {
        text = strchr(text, '\t');
        text = text != NULL ? text + 1 : NULL;
    }
    return text;
}

/* Whether all but the last field stands there, and that is empty. */
static bool lacks_empty(const nsp_msg_t *m, const nsp_rr_t *rr, const char *text)
{
    static char whole[400000];
    int n = snprintf(whole, sizeof whole, "%.*s \"\"", (int)strcspn(text, "\n"), text);
    return n > 0 && (size_t)n < sizeof whole && same_rdata(m, rr, whole, (size_t)n);
}

static void compare_ldns_text(const nsp_msg_t *m, const nsp_rr_t *rr, const ldns_rr *theirs)
{
    char *text = ldns_rr2str(theirs);
    const char *rdata = text != NULL ? behind_type(text) : NULL;
    if (rdata != NULL && !same_rdata(m, rr, rdata, strlen(rdata)))
        fail("ldns prints otherwise", text,
             lacks_empty(m, rr, rdata) ? DIFFERENCE_TEXT_EMPTY : why_ldns_prints(m, rr, rdata));
    free(text);
}

static void compare_knot_text(const nsp_msg_t *m, const nsp_rr_t *rr, knot_rrset_t *theirs)
{
    static char text[400000];
    knot_dump_style_t style = KNOT_DUMP_STYLE_DEFAULT;
    style.human_timestamp = true;
    style.wrap = false;
    if (knot_rrset_txt_dump_data(theirs, 0, text, sizeof text, &style) < 0)
        snprintf(text, sizeof text, "?");
    if (!same_rdata(m, rr, text, strlen(text)))
        fail("libknot prints otherwise", text, why_printed(rr, text, KNOT));
}

/* Meta types and classes other than IN have forms of their own in each program. */
static bool printable(const nsp_rr_t *rr)
{
    return rr->rdlength > 0 && rr->rclass == NSP_CLASS_IN &&
           (nsp_rrtype_get(rr->type)->flags & NSP_TYPE_META) == 0;
}

static void compare_texts(const nsp_msg_t *m, ldns_pkt *ldns, knot_pkt_t *knot)
{
    static const nsp_section_t sections[] = {NSP_ANSWER, NSP_AUTHORITY};
    for (size_t s = 0; s < 2; s++) {
        ldns_rr_list *list = s == 0 ? ldns_pkt_answer(ldns) : ldns_pkt_authority(ldns);
        const knot_pktsection_t *sec =
            knot_pkt_section(knot, s == 0 ? KNOT_ANSWER : KNOT_AUTHORITY);
        for (uint16_t i = 0; i < m->found[sections[s]]; i++) {
            const nsp_rr_t *rr = nsp_msg_rr(m, sections[s], i);
            if (!printable(rr))
                continue;
            if (i < ldns_rr_list_rr_count(list))
                compare_ldns_text(m, rr, ldns_rr_list_rr(list, i));
            if (i < sec->count)
                compare_knot_text(m, rr, (knot_rrset_t *)(uintptr_t)knot_pkt_rr(sec, i));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static nsp_rr_t arena[NSP_RR_MAX];
    static uint8_t copy[UINT16_MAX];
    nsp_msg_t m;
    ldns_pkt *ldns = NULL;
    if (size > sizeof copy)
        return 0;
    memcpy(copy, data, size);
    nsp_err_t err = nsp_msg_index(&m, data, size, arena, NSP_RR_MAX);
    if (err == NSP_OK)
        err = nsp_msg_validate(&m);
    knot_pkt_t *knot = knot_pkt_new(copy, (uint16_t)size, NULL);
    bool by_knot = knot_pkt_parse(knot, 0) == KNOT_EOK;
    bool by_ldns = ldns_wire2pkt(&ldns, data, size) == LDNS_STATUS_OK;
    unsigned takers = (by_knot ? KNOT : 0u) | (by_ldns ? LDNS : 0u);
    if (err != NSP_OK && takers != 0)
        fail("taken by others", nsp_err_name(err), why_taken(&m, err, takers));
    else if (err == NSP_OK && takers != (KNOT | LDNS))
        fail("refused by others", by_knot ? "ldns" : "libknot", why_refused(&m, by_knot));
    else if (err == NSP_OK)
        compare_texts(&m, ldns, knot);
    if (by_ldns)
        ldns_pkt_free(ldns);
    knot_pkt_free(knot);
    return 0;
}
