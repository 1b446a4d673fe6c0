/* Which versions of the zone its servers have, and where these come from. */
#include <stdio.h>
#include <time.h>

#include "diagnose/copies.h"

/* --- how serials are counted --- */

/* How a serial is counted, as far as it shows: RFC 1912 2.2 wants the date. */
typedef enum style { STYLE_COUNT, STYLE_TIME, STYLE_DATE } style_t;

static style_t serial_style(uint32_t serial)
{
    unsigned day = serial / 100 % 100;
    unsigned month = serial / 10000 % 100;
    unsigned year = serial / 1000000;
    if (year >= 1985 && year <= 2100 && month >= 1 && month <= 12 && day >= 1 && day <= 31)
        return STYLE_DATE;
    return serial >= 1000000000 ? STYLE_TIME : STYLE_COUNT;
}

/* True for a serial that reads as a date to come, of which another of the zone does not: days after
 * the run (a date may be tomorrow's elsewhere). */
static bool is_future(const diag_t *d, uint32_t serial)
{
    time_t then = (time_t)(d->set->began_wall / INT64_C(1000000000)) + (time_t)2 * 86400;
    struct tm t;
    if (serial_style(serial) != STYLE_DATE || gmtime_r(&then, &t) == NULL)
        return false;
    uint32_t day =
        (uint32_t)(t.tm_year + 1900) * 10000 + (uint32_t)(t.tm_mon + 1) * 100 + (uint32_t)t.tm_mday;
    return serial / 100 > day;
}

/* --- one primary --- */

/* True when the server at s is the one that its own SOA names as the primary. */
static bool is_primary(diag_t *d, const subject_t *s)
{
    const nsp_name_t *primary = copy_primary(d, s);
    for (uint16_t i = 0; i < s->a->server_count; i++)
        if (nsp_name_equal(&d->m->server[s->a->server[i]].name, primary))
            return true;
    return false;
}

/* The primary itself has a lower serial than a copy of it: secondaries take its zone for older than
 * their own, and keep theirs (RFC 1982 3.2, RFC 1912 2.2). */
static void went_back(finding_t *f, const char *label, const char *other, uint32_t high)
{
    finding_add_text(f,
                     " This server is the primary that the SOA names: either its serial went "
                     "backwards, and secondaries do not take its zone over, or the newer copy is "
                     "not of its making.");
    finding_add_likely(
        f,
        "The serial was set back at the primary: by hand, by another way to count, "
        "or with an old file of the zone.",
        "The SOA names this very server as the primary, and copies of it are newer.");
    finding_add_likely(f, "The newer copy was changed at its server, or comes from another source.",
                       "No copy can be newer than what it is made from.");
    finding_set_fix(
        f,
        "Compare the records at %s and at %s. Where those of %s are the right ones, raise its "
        "serial above %u, in one step of less than 2^31, or in two where it is to become lower; "
        "where others are, find out what the newer copy comes from. If %s is no primary in fact "
        "but a copy of a hidden one, look at its log for transfers that fail.",
        label, other, label, high, label);
}

/* RFC 1982 3.2: of serials exactly 2^31 apart neither is the newer one. */
static void undefined(finding_t *f, uint32_t serial)
{
    finding_add_text(f,
                     " They are exactly 2^31 apart, and neither is the newer one: nobody can tell "
                     "whether to transfer the zone.");
    finding_set_fix(
        f,
        "Set the serial at the primary to %u, which is newer than both, and see that all "
        "servers have it.",
        serial + UINT32_C(0x40000000));
}

/* More than this between two serials is not made by one change that is on its way. */
#define AHEAD_MIN 10000u

/* Copies of the primary of s with this serial: addresses of different servers count. */
static unsigned count_serial(diag_t *d, const subject_t *s, uint32_t serial, bool *primary)
{
    unsigned n = 0;
    const subject_t *last = NULL;
    *primary = false;
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *o = &d->subject[i];
        if (!copy_usable(o) || o->serial != serial || !copy_same_primary(d, o, s))
            continue;
        *primary = *primary || is_primary(d, o);
        bool same = last != NULL && o->a->server_count > 0 && last->a->server_count > 0 &&
                    o->a->server[0] == last->a->server[0];
        n += !same;
        last = o;
    }
    return n;
}

/* The serial that most copies of the primary of s have; *count of them. */
static uint32_t usual_serial(diag_t *d, const subject_t *s, unsigned *count, bool *primary)
{
    uint32_t usual = s->serial;
    *count = 0;
    for (size_t i = 0; i < d->subject_count; i++) {
        bool has = false;
        const subject_t *o = &d->subject[i];
        unsigned n =
            copy_usable(o) && copy_same_primary(d, o, s) ? count_serial(d, s, o->serial, &has) : 0;
        bool likelier = has || (is_future(d, usual) && !is_future(d, o->serial));
        if (n > *count || (n == *count && n > 0 && likelier)) {
            *count = n;
            *primary = has;
            usual = o->serial;
        }
    }
    return usual;
}

/* A copy whose serial is newer than all others by a mistake: a date to come, or far from what the
 * primary and others have. *usual: what these have. */
static bool is_ahead(diag_t *d, const subject_t *top, uint32_t *usual)
{
    unsigned count = 0;
    bool others_primary = false;
    bool primary = false;
    unsigned own = count_serial(d, top, top->serial, &primary);
    *usual = usual_serial(d, top, &count, &others_primary);
    if (*usual == top->serial || primary || !serial_newer(top->serial, *usual))
        return false;
    if (is_future(d, top->serial) && !is_future(d, *usual))
        return own <= count;
    return own < count && others_primary && top->serial - *usual > AHEAD_MIN;
}

/* Told of the copy that is ahead; the others are as they should be. */
static void ahead_finding(diag_t *d, const subject_t *s, uint32_t usual)
{
    char label[LABEL_MAX];
    char other[LABEL_MAX];
    const subject_t *from = NULL;
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *o = &d->subject[i];
        if (copy_usable(o) && o->serial == usual && copy_same_primary(d, o, s) &&
            (from == NULL || (is_primary(d, o) && !is_primary(d, from))))
            from = o;
    }
    if (from == NULL)
        return;
    subject_label(d, from, other);
    finding_t *f = subject_finding(
        d, s, FINDING_SERIAL_DIFFERS, "Serial %u here, ahead of all others: %u at %s%s.%s",
        s->serial, usual, other, is_primary(d, from) ? ", the primary that the SOA names" : "",
        is_future(d, s->serial) ? " Read as a date it is in the future." : "");
    finding_add_evidence(f, subject_soa(d, s)->x);
    finding_add_evidence(f, subject_soa(d, from)->x);
    finding_add_likely(f,
                       "This copy was changed at its server, comes from another source, or kept a "
                       "serial that was mistyped once at the primary.",
                       "No copy can be newer than what it is made from.");
    finding_set_fix(f,
                    "Compare the records at %s with those at %s. Where the latter are right, have "
                    "the former transfer the zone whole (a forced transfer: by itself it does not "
                    "take a lower serial), and find out who changes it there. Do not raise the "
                    "serial of the zone for that.",
                    subject_label(d, s, label), other);
}

/* Another address of a server of s, where the copy is as new as that of top; NULL for none. */
static const subject_t *elsewhere(diag_t *d, const subject_t *s, const subject_t *top)
{
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *o = &d->subject[i];
        if (o == s || !copy_usable(o) || o->serial != top->serial || !copy_same_primary(d, o, top))
            continue;
        for (uint16_t k = 0; k < o->a->server_count; k++)
            for (uint16_t n = 0; n < s->a->server_count; n++)
                if (o->a->server[k] == s->a->server[n])
                    return o;
    }
    return NULL;
}

/* One server, two copies: no single program answers at both addresses. */
static void two_machines(finding_t *f, const char *label, const char *other, uint32_t high)
{
    finding_add_text(f, " Both are addresses of one server.");
    finding_add_likely(f,
                       "Something else answers at this address: another machine, another program, "
                       "or a view whose copy is not kept up.",
                       "The same server has the newer zone at another of its addresses.");
    finding_set_fix(f,
                    "If serial %u is not taken over soon: find out what answers at %s, and have it "
                    "transfer the zone, or let what is at %s answer there, too. Until then take "
                    "this one address out of the server's records and its glue.",
                    high, label, other);
}

static void serial_finding(diag_t *d, const subject_t *s, const subject_t *top)
{
    char label[LABEL_MAX];
    char other[LABEL_MAX];
    const subject_t *own = elsewhere(d, s, top);
    top = own != NULL ? own : top;
    subject_label(d, top, label);
    finding_t *f = subject_finding(d, s, FINDING_SERIAL_DIFFERS, "Serial %u here; %u at %s.",
                                   s->serial, top->serial, label);
    finding_add_evidence(f, subject_soa(d, s)->x);
    finding_add_evidence(f, subject_soa(d, top)->x);
    subject_label(d, s, label);
    if (f != NULL)
        f->by_transfer = own != NULL || !is_primary(d, s);
    if (!serial_newer(top->serial, s->serial))
        undefined(f, s->serial > top->serial ? s->serial : top->serial);
    else if (own != NULL)
        two_machines(f, label, subject_label(d, top, other), top->serial);
    else if (is_primary(d, s))
        went_back(f, label, subject_label(d, top, other), top->serial);
    else
        finding_set_fix(f,
                        "If serial %u is not taken over soon: look at the log of %s for transfers "
                        "that fail, and have it transfer the zone again.",
                        top->serial, label);
}

/* --- several primaries --- */

/* A whole answer for the TXT records of the zone's name, or NULL. */
static const fact_t *txt_of(const diag_t *d, const subject_t *s)
{
    for (size_t i = 0; i < s->count; i++) {
        const fact_t *f = subject_at(d, s, i);
        if (f->x->qtype == NSP_TYPE_TXT && fact_answered(f) && (f->flags & NSP_FLAG_TC) == 0 &&
            (f->cls == CLASS_GOOD || f->cls == CLASS_NODATA))
            return f;
    }
    return NULL;
}

/* Whether two copies have the same records, of those that are compared; *what: which differ. */
static bool same_records(const diag_t *d, const subject_t *a, const subject_t *b, const char **what)
{
    const fact_t *one = copy_ns(d, a);
    const fact_t *two = copy_ns(d, b);
    const fact_t *txt = txt_of(d, a);
    const fact_t *other = txt_of(d, b);
    bool ns_same = one != NULL && two != NULL && one->data_digest == two->data_digest;
    bool txt_same =
        txt == NULL || other == NULL ||
        (txt->data_count == other->data_count && txt->data_digest == other->data_digest);
    if (one != NULL && two != NULL && !(ns_same && txt_same))
        *what = ns_same ? "TXT" : txt_same ? "NS" : "NS and TXT";
    return ns_same && txt_same;
}

/* "ns1.example.net has serial 7 at ns1.example.net (192.0.2.1), ..." */
static size_t list_copies(diag_t *d, const subject_t *source, char *buf, size_t cap)
{
    char name[NSP_NAME_TEXT_MAX];
    size_t len =
        (size_t)snprintf(buf, cap, "%s (serial %u): ", name_label(copy_primary(d, source), name),
                         copy_newest(d, source)->serial);
    const char *before = "";
    for (size_t i = 0; i < d->subject_count && len < cap; i++) {
        const subject_t *s = &d->subject[i];
        const subject_t *last = i > 0 ? &d->subject[i - 1] : NULL;
        if (!copy_usable(s) || !copy_same_primary(d, s, source) || s->a->server_count == 0)
            continue;
        uint16_t server = s->a->server[0];
        /* addresses are in the order of their servers: each name once */
        if (last != NULL && copy_usable(last) && last->a->server_count > 0 &&
            last->a->server[0] == server && copy_same_primary(d, last, source))
            continue;
        len += (size_t)snprintf(buf + len, cap - len, "%s%s", before,
                                name_label(&d->m->server[server].name, name));
        before = ", ";
    }
    return len < cap ? len : cap - 1;
}

static void primaries_rule(diag_t *d)
{
    char text[1536];
    size_t len = 0;
    unsigned primaries = 0;
    bool same = true;
    const char *what = NULL;
    bool old = false; /* some copy may be one from before the primary was renamed */
    const subject_t *first = NULL;
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *s = &d->subject[i];
        if (!copy_is_first(d, s))
            continue;
        first = first != NULL ? first : s;
        const subject_t *newest = copy_newest(d, s);
        const subject_t *other = copy_newest(d, first);
        same = same && same_records(d, newest, other, &what);
        old = old || (newest->serial != other->serial &&
                      serial_style(newest->serial) == serial_style(other->serial));
        if (len + 2 < sizeof text)
            len += (size_t)snprintf(text + len, sizeof text - len, "%s", primaries > 0 ? "; " : "");
        len += list_copies(d, s, text + len, sizeof text - len);
        primaries++;
    }
    if (primaries < 2)
        return;
    finding_t *f = finding_add(d->list, FINDING_PRIMARIES_DIFFER,
                               "The servers' copies name %u primaries. %s.", primaries, text);
    if (what != NULL) {
        finding_add_text(f, " Not all of them have the same ");
        finding_add_text(f, what);
        finding_add_text(f, " records.");
    }
    if (old)
        finding_add_text(f,
                         " Their serials are counted alike: a lower one may also be an old copy, "
                         "from before the primary was renamed.");
    if (f != NULL && same && !old)
        f->severity = SEVERITY_NOTICE;
    for (size_t i = 0; i < d->subject_count; i++)
        if (copy_is_first(d, &d->subject[i]))
            finding_add_evidence(f, subject_soa(d, &d->subject[i])->x);
}

static const subject_t *copy_with(diag_t *d, const subject_t *s, uint32_t serial)
{
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *o = &d->subject[i];
        if (copy_usable(o) && o->serial == serial && copy_same_primary(d, o, s))
            return o;
    }
    return s;
}

void rules_serial(diag_t *d)
{
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *s = &d->subject[i];
        const subject_t *top = copy_usable(s) ? copy_newest(d, s) : NULL;
        uint32_t usual = 0;
        if (top == NULL)
            continue;
        bool ahead = is_ahead(d, top, &usual);
        if (ahead && s->serial == top->serial)
            ahead_finding(d, s, usual);
        else if (s->serial != (ahead ? usual : top->serial))
            serial_finding(d, s, ahead ? copy_with(d, s, usual) : top);
    }
    primaries_rule(d);
}
