#include "mangle.h"

#include "encode.h"

static const struct {
    const char *name;
    const char *what;
    const char *rfc;
} kinds[] = {
#define X(ident, name, what, rfc) {name, what, rfc},
    NSP_MANGLES(X)
#undef X
};

const char *nsp_mangle_name(nsp_mangle_t kind)
{
    return (unsigned)kind < NSP_MANGLE_COUNT ? kinds[kind].name : "";
}

const char *nsp_mangle_what(nsp_mangle_t kind)
{
    return (unsigned)kind < NSP_MANGLE_COUNT ? kinds[kind].what : "";
}

const char *nsp_mangle_rfc(nsp_mangle_t kind)
{
    return (unsigned)kind < NSP_MANGLE_COUNT ? kinds[kind].rfc : "";
}

bool nsp_mangle_from_name(const char *name, size_t len, nsp_mangle_t *out)
{
    for (unsigned i = 0; i < NSP_MANGLE_COUNT; i++) {
        if (strlen(kinds[i].name) == len && memcmp(kinds[i].name, name, len) == 0) {
            *out = (nsp_mangle_t)i;
            return true;
        }
    }
    return false;
}

/* A message that is being spoiled. */
typedef struct spoil {
    uint8_t *buf;
    size_t size;
    size_t cap;
    nsp_rr_t first; /* first record, made when there was none */
    nsp_rr_t last;
    uint16_t first_place; /* of first in its section, from 1 */
    uint32_t questions_end;
    bool has_opt;
} spoil_t;

static uint16_t get16(const spoil_t *s, size_t at)
{
    return (uint16_t)(s->buf[at] << 8 | s->buf[at + 1]);
}

static void put16(spoil_t *s, size_t at, unsigned v)
{
    s->buf[at] = (uint8_t)(v >> 8);
    s->buf[at + 1] = (uint8_t)v;
}

static bool append(spoil_t *s, const void *bytes, size_t n)
{
    if (s->cap - s->size < n)
        return false;
    memcpy(s->buf + s->size, bytes, n);
    s->size += n;
    return true;
}

static void add_count(spoil_t *s, nsp_section_t section, int n)
{
    put16(s, 4 + 2 * (size_t)section, (unsigned)(get16(s, 4 + 2 * (size_t)section) + n));
}

/* An A record of the root at the end: for messages that have no record to spoil. */
static bool add_record(spoil_t *s)
{
    static const uint8_t rr[] = {0, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1};
    nsp_section_t section = NSP_ANSWER;
    if (get16(s, 8) > 0)
        section = NSP_AUTHORITY;
    if (get16(s, 10) > 0)
        section = NSP_ADDITIONAL;
    add_count(s, section, 1);
    return append(s, rr, sizeof rr);
}

/* Locates the first and last record that have RDATA and are not OPT; adds one when none is. */
static bool locate(spoil_t *s)
{
    nsp_msg_t m;
    nsp_rr_t arena[128];
    for (int round = 0; round < 2; round++) {
        bool found = false;
        nsp_msg_index(&m, s->buf, s->size, arena, 128);
        s->questions_end = m.rr_count > 0 ? m.rr[0].owner : m.stopped;
        s->has_opt = m.opt != NSP_NO_RR;
        for (uint16_t i = 0; i < m.rr_count; i++) {
            if (m.rr[i].rdlength == 0 || m.rr[i].type == NSP_TYPE_OPT)
                continue;
            if (!found) {
                s->first = m.rr[i];
                s->first_place = (uint16_t)(i - m.first[s->first.section] + 1);
            }
            found = true;
            s->last = m.rr[i];
        }
        if (found)
            return true;
        /* before an OPT, which has to stay last to be found by its section */
        if (!add_record(s))
            return false;
    }
    return false;
}

/* Replaces the last record's owner by other octets. */
static bool replace_owner(spoil_t *s, const void *bytes, size_t n)
{
    size_t old = (size_t)s->last.fixed - s->last.owner;
    size_t at = s->last.owner;
    if (s->size - old + n > s->cap)
        return false;
    memmove(s->buf + at + n, s->buf + at + old, s->size - at - old);
    memcpy(s->buf + at, bytes, n);
    s->size = s->size - old + n;
    return true;
}

/* Points at or after the owner itself. In a message so long that 14 bits do not reach its last
 * record, the first is taken. */
static bool point_owner(spoil_t *s, unsigned ahead)
{
    if (s->last.owner + ahead > 0x3fff)
        s->last = s->first;
    unsigned target = s->last.owner + ahead;
    uint8_t p[2] = {(uint8_t)(0xc0u | target >> 8), (uint8_t)target};
    return target <= 0x3fff && replace_owner(s, p, 2);
}

static bool point_past(spoil_t *s)
{
    if (s->last.owner >= 0x3fff)
        s->last = s->first;
    return replace_owner(s, "\xff\xff", 2);
}

static bool long_owner(spoil_t *s)
{
    uint8_t name[5 * 61 + 1];
    for (size_t i = 0; i < 5; i++) {
        name[i * 61] = 60;
        memset(name + i * 61 + 1, 'a', 60);
    }
    name[sizeof name - 1] = 0;
    return replace_owner(s, name, sizeof name);
}

static bool past_label(spoil_t *s)
{
    /* the message ends inside the owner's first label */
    s->size = s->last.owner;
    const uint8_t label[] = {63, 'a', 'b'};
    return append(s, label, sizeof label);
}

/* Only the header is kept: what followed pointed into the question. */
static bool no_question(spoil_t *s)
{
    s->size = NSP_HEADER_SIZE;
    memset(s->buf + 4, 0, 8);
    return true;
}

/* The records are left out, since their pointers would be shifted. */
static bool two_questions(spoil_t *s)
{
    uint8_t question[NSP_NAME_MAX + 4] = {0, 0, NSP_TYPE_A, 0, NSP_CLASS_IN};
    size_t n = 5;
    nsp_reader_t r = nsp_reader(s->buf, s->size);
    nsp_name_t name;
    r.pos = NSP_HEADER_SIZE;
    if (get16(s, 4) > 0 && nsp_name_read(&r, NSP_NAME_COMPRESSED, &name) == NSP_OK &&
        nsp_left(&r) >= 4) {
        n = r.pos - NSP_HEADER_SIZE + 4u;
        memcpy(question, s->buf + NSP_HEADER_SIZE, n);
    }
    s->size = NSP_HEADER_SIZE;
    memset(s->buf + 6, 0, 6);
    put16(s, 4, 2);
    bool fits = append(s, question, n);
    return fits && append(s, question, n);
}

static bool add_opt(spoil_t *s)
{
    static const uint8_t opt[] = {0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0};
    add_count(s, NSP_ADDITIONAL, 1);
    return append(s, opt, sizeof opt);
}

static bool opt_twice(spoil_t *s)
{
    return locate(s) && (s->has_opt || add_opt(s)) && add_opt(s);
}

/* An OPT as first record of the answer section; what points behind it is cut off. */
static bool opt_answer(spoil_t *s)
{
    static const uint8_t opt[] = {0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0};
    s->size = s->questions_end;
    memset(s->buf + 6, 0, 6);
    put16(s, 6, 1);
    return append(s, opt, sizeof opt);
}

static bool option_long(spoil_t *s)
{
    /* NSID of 200 octets in an OPT of 6 */
    static const uint8_t opt[] = {0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 6, 0, 3, 0, 200, 'x', 'y'};
    s->size = s->questions_end;
    memset(s->buf + 6, 0, 6);
    put16(s, 10, 1);
    return append(s, opt, sizeof opt);
}

/* The first record ends after its RDLENGTH, and the message with it. */
static bool rdata_empty(spoil_t *s)
{
    s->size = s->first.rdata;
    put16(s, s->first.fixed + 8u, 0);
    put16(s, 4 + 2 * (size_t)s->first.section, s->first_place);
    for (size_t later = s->first.section + 1u; later <= NSP_ADDITIONAL; later++)
        put16(s, 4 + 2 * later, 0);
    return true;
}

/* Kinds that change the shape of a record. */
static bool spoil_record(nsp_mangle_t kind, spoil_t *s)
{
    static const uint8_t reserved[] = {0x41, 'a', 0};
    if (!locate(s))
        return false;
    switch (kind) {
    case NSP_MANGLE_CUT:
        s->size = s->last.rdata + (size_t)s->last.rdlength - 1;
        return true;
    case NSP_MANGLE_POINTER_LOOP:
        return point_owner(s, 0);
    case NSP_MANGLE_POINTER_FORWARD:
        return point_owner(s, 4);
    case NSP_MANGLE_POINTER_PAST:
        return point_past(s);
    case NSP_MANGLE_LABEL_TYPE:
        return replace_owner(s, reserved, sizeof reserved);
    case NSP_MANGLE_LABEL_PAST:
        return past_label(s);
    case NSP_MANGLE_NAME_LONG:
        return long_owner(s);
    case NSP_MANGLE_RDLENGTH_LONG:
        put16(s, s->last.fixed + 8u, 0xfff0);
        return true;
    case NSP_MANGLE_RDLENGTH_SHORT:
        put16(s, s->first.fixed + 8u, s->first.rdlength - 1u);
        return true;
    default:
        return rdata_empty(s);
    }
}

static bool spoil_message(nsp_mangle_t kind, spoil_t *s)
{
    switch (kind) {
    case NSP_MANGLE_SHORT_HEADER:
        s->size = 7;
        return true;
    case NSP_MANGLE_TRAILING:
        return append(s, "\xde\xad\xbe\xef", 4);
    case NSP_MANGLE_COUNT_HIGH:
        add_count(s, NSP_ANSWER, 1);
        return true;
    case NSP_MANGLE_COUNT_HUGE:
        memset(s->buf + 6, 0xff, 6);
        return true;
    case NSP_MANGLE_NO_QUESTION:
        return no_question(s);
    case NSP_MANGLE_TWO_QUESTIONS:
        return two_questions(s);
    case NSP_MANGLE_OPT_TWICE:
        return opt_twice(s);
    case NSP_MANGLE_OPT_ANSWER:
        return locate(s) && opt_answer(s);
    case NSP_MANGLE_OPTION_LONG:
        return locate(s) && option_long(s);
    case NSP_MANGLE_NOT_RESPONSE:
        s->buf[2] &= 0x7f;
        return true;
    case NSP_MANGLE_ZEROES:
        memset(s->buf + 2, 0, s->size - 2);
        return true;
    case NSP_MANGLE_EMPTY:
        s->size = 0;
        return true;
    default:
        return spoil_record(kind, s);
    }
}

nsp_err_t nsp_mangle(nsp_mangle_t kind, uint8_t *buf, size_t *size, size_t cap)
{
    spoil_t s = {.size = *size, .cap = cap};
    s.buf = buf;
    if (*size < NSP_HEADER_SIZE)
        return NSP_E_SHORT_HEADER;
    if (cap < *size)
        return NSP_E_SPACE;
    if (!spoil_message(kind, &s))
        return NSP_E_SPACE;
    *size = s.size;
    return NSP_OK;
}
