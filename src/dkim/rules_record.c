/* Records that no delegated server has: where they went instead. The first cause that is found
 * explains the record; the plain word that it is missing comes last. */
#include "dkim/mistake.h"
#include "dkim/say.h"

#define DIFF_WIDTH 72

/* One record that is not there, and the answer of a delegated server that says so. */
typedef struct gap {
    expected_t *x;
    const zone_facts_t *z;
    const place_t *p;
    const cell_t *c;
} gap_t;

static const uint16_t other_types[] = {NSP_TYPE_CNAME, NSP_TYPE_TXT, NSP_TYPE_A, NSP_TYPE_AAAA,
                                       NSP_TYPE_MX};
#define OTHER_TYPES (sizeof other_types / sizeof other_types[0])

static bool has_records(const gap_t *g, const answer_t *a)
{
    return a != NULL && answer_reading(a, &g->z->apex) == READ_FOUND;
}

/* A label with an underscore: nothing but this kind of record belongs to such a name. */
static bool is_underscored(const nsp_name_t *owner)
{
    nsp_name_t at = *owner;
    for (; at.len > 1; nsp_name_strip(&at, 1, &at))
        if (at.octets[1] == '_')
            return true;
    return false;
}

static void say_publish(say_t *s, const gap_t *g)
{
    say_record(s, g->x->e);
    say(s, " ");
    say_value(s, g->x->e);
}

/* --- at servers that are not delegated --- */

static void say_why_asked(say_t *s, const place_t *p)
{
    if ((p->from & PLACE_USER) != 0)
        say(s, ", which --also names,");
    else if ((p->from & PLACE_CHILD) != 0)
        say(s, ", which the zone's own NS records name and the delegation does not,");
    else if ((p->from & PLACE_MNAME) != 0)
        say(s, ", which the SOA names as the primary,");
}

static void say_delegated(say_t *s, const zone_facts_t *z)
{
    const nsp_name_t *last = NULL;
    size_t n = 0;
    for (size_t i = 0; i < z->place_count && n < 6; i++) {
        const place_t *p = &z->place[i];
        if (!p->delegated || p->server.len == 0 ||
            (last != NULL && nsp_name_equal(last, &p->server)))
            continue;
        say(s, "%s", n++ > 0 ? ", " : "");
        say_name(s, &p->server);
        last = &p->server;
    }
}

/* The primary has it: its changes do not get to the others. */
static bool say_primary(say_t *s, say_t *fix, const gap_t *g, const place_t *p)
{
    char label[PLACE_LABEL_MAX];
    if (p->from != PLACE_MNAME || !place_serves(g->z, p) || !place_serves(g->z, g->p))
        return false;
    uint32_t theirs = p->soa->serial;
    uint32_t ours = g->p->soa->serial;
    if (theirs == ours) {
        say(s, " Both have serial %u: the zone was changed without a new serial.", ours);
        say(fix, "Raise the serial of the zone at %s, so that the other servers see the change.",
            place_label(p, label));
    } else {
        say(s, " Its serial is %u, that of the delegated servers %u.", theirs, ours);
        say(fix,
            "Have the delegated servers transfer the zone from %s; look why they do not (NOTIFY, "
            "allow-transfer, TSIG key).",
            place_label(p, label));
    }
    return true;
}

static bool undelegated_rule(facts_t *f, const gap_t *g)
{
    char label[PLACE_LABEL_MAX];
    for (size_t i = 0; i < g->x->cell_count; i++) {
        const place_t *p = &g->z->place[i];
        if (p->delegated || g->x->cell[i].udp != MARK_MATCH)
            continue;
        say_t s;
        say_t fix;
        say_begin_record(&s, &fix, g->x->e);
        say(&s, " is as expected at %s", place_label(p, label));
        say_why_asked(&s, p);
        say(&s, " and at none of the servers that are delegated.");
        if (!say_primary(&s, &fix, g, p)) {
            say(&fix, "Enter the record at the servers that are delegated (");
            say_delegated(&fix, g->z);
            say(&fix, "): ");
            say_publish(&fix, g);
            say(&fix, "; or change the delegation at the registrar.");
        }
        finding_t *out = say_place_finding(f, p, FINDING_RECORD_UNDELEGATED, &s, &fix);
        finding_add_evidence(out, g->x->cell[i].udp_by->x);
        finding_add_evidence(out, g->c->udp_by->x);
        return true;
    }
    return false;
}

/* --- several CNAMEs --- */

static void say_cnames(say_t *s, const gap_t *g, const nsp_msg_t *m)
{
    unsigned n = 0;
    for (uint16_t i = 0; i < m->found[NSP_ANSWER] && n < 6; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        nsp_name_t target;
        if (rr->type != NSP_TYPE_CNAME || !nsp_rr_owner_is(m, rr, &g->x->e->owner) ||
            !nsp_rdata_name(m, rr, 0, &target))
            continue;
        say(s, "%s", n++ > 0 ? ", " : "");
        say_name(s, &target);
    }
}

static bool cnames_rule(facts_t *f, const gap_t *g)
{
    const nsp_msg_t *m = g->c->udp_by->cnames > 1 ? facts_message(f, g->c->udp_by) : NULL;
    if (m == NULL)
        return false;
    say_t s;
    say_t fix;
    say_begin_name(&s, &fix, &g->x->e->owner);
    say(&s, " has %u CNAMEs: ", g->c->udp_by->cnames);
    say_cnames(&s, g, m);
    say(&s, ".");
    say(&fix, "Leave one CNAME only: ");
    say_publish(&fix, g);
    finding_t *out = say_finding(f, FINDING_RECORD_SEVERAL_CNAMES, &s, &fix);
    say_evidence(out, f, g->x, 1u << MARK_WRONG);
    return true;
}

/* --- several policies --- */

static bool policies_rule(facts_t *f, const gap_t *g)
{
    const char *policy = g->c->udp == MARK_WRONG ? expected_policy(g->x->e) : NULL;
    const nsp_msg_t *m = policy != NULL ? facts_message(f, g->c->udp_by) : NULL;
    unsigned n = m != NULL ? facts_policies(m, &g->x->e->owner, policy) : 0;
    bool there = false;
    for (uint16_t i = 0; n > 1 && i < m->found[NSP_ANSWER] && !there; i++)
        there = expectation_met(g->x->e, m, nsp_msg_rr(m, NSP_ANSWER, i));
    if (!there)
        return false;
    say_t s;
    say_t fix;
    say_begin_name(&s, &fix, &g->x->e->owner);
    say(&s, " has the expected record, and beside it ");
    say_count(&s, n - 1, "other TXT record", "other TXT records");
    say(&s, " that begin%s with \"%s\": together they are an error.", n == 2 ? "s" : "", policy);
    say(&fix, "Join them into one record, or leave this one alone: ");
    say_publish(&fix, g);
    finding_t *out = say_finding(f, FINDING_RECORD_SEVERAL_POLICIES, &s, &fix);
    say_evidence(out, f, g->x, 1u << MARK_WRONG);
    return true;
}

/* --- wildcards --- */

/* True when a name beside that of an answer is answered with the same records of that type. */
static bool from_wildcard(facts_t *f, const gap_t *g, const answer_t *here)
{
    nsp_name_t sibling;
    if (!facts_sibling(f, &here->qname, &sibling))
        return false;
    const answer_t *there = facts_answer(f, &g->p->addr, &sibling, here->qtype);
    if (there == NULL || there->rcode != NSP_RCODE_NOERROR || there->count != here->count ||
        there->cnames != here->cnames || (here->count == 0 && here->cnames == 0))
        return false;
    return here->cnames == 0 || nsp_name_equal(&here->cname, &there->cname);
}

static void say_wildcard(say_t *s, const gap_t *g)
{
    nsp_name_t up;
    nsp_name_strip(&g->x->e->owner, 1, &up);
    say(s, "a wildcard above it (*.");
    say_name(s, &up);
    say(s, ", or further up)");
}

static bool wildcard_rule(facts_t *f, const gap_t *g)
{
    if (g->c->udp != MARK_WRONG || !from_wildcard(f, g, g->c->udp_by))
        return false;
    char type[16];
    say_t s;
    say_t fix;
    nsp_name_t sibling;
    say_begin_record(&s, &fix, g->x->e);
    say(&s, " is not published: ");
    say_wildcard(&s, g);
    say(&s, " answers for it");
    if (g->c->udp_by->cnames > 0) {
        say(&s, " with CNAME ");
        say_name(&s, &g->c->udp_by->cname);
    } else {
        say(&s, " with other %s records", nsp_type_text(g->x->e->type, type));
    }
    say(&s, ", as for any name.");
    say(&fix, "Enter the record; it takes precedence over the wildcard: ");
    say_publish(&fix, g);
    finding_t *out = say_finding(f, FINDING_RECORD_FROM_WILDCARD, &s, &fix);
    finding_add_evidence(out, g->c->udp_by->x);
    facts_sibling(f, &g->x->e->owner, &sibling);
    const answer_t *there = facts_answer(f, &g->p->addr, &sibling, g->x->e->type);
    finding_add_evidence(out, there != NULL ? there->x : NULL);
    return true;
}

/* --- DNAME --- */

/* A DNAME above the name makes a CNAME for it, as for any name below: no record can stand there. */
static bool dname_rule(facts_t *f, const gap_t *g)
{
    const answer_t *a = g->c->udp_by;
    if (g->c->udp != MARK_WRONG || !a->has_dname)
        return false;
    say_t s;
    say_t fix;
    say_begin_record(&s, &fix, g->x->e);
    say(&s, " cannot be had: ");
    say_name(&s, &a->dname);
    say(&s, " has a DNAME record, which leads every name below it elsewhere, this one to ");
    say_name(&s, &a->cname);
    say(&s, ".");
    say(&fix, "Remove the DNAME record from ");
    say_name(&fix, &a->dname);
    say(&fix, ", or nothing below that name is seen; give what is to lead elsewhere records of its "
              "own. Then enter: ");
    say_publish(&fix, g);
    finding_t *out = say_finding(f, FINDING_RECORD_UNDER_DNAME, &s, &fix);
    say_evidence(out, f, g->x, 1u << MARK_WRONG);
    return true;
}

/* --- other values --- */

/* "v=spf1", "v=DKIM1": what a text of a kind of which there is one only begins with. */
static bool same_kind_of_text(const expectation_t *e, const nsp_msg_t *m, const nsp_rr_t *rr)
{
    nsp_reader_t r = nsp_reader(m->wire, m->size);
    r.pos = rr->rdata;
    const uint8_t *found = nsp_read_bytes(&r, rr->rdlength);
    if (found == NULL || rr->rdlength < 4 || e->rdlen < 4 || found[1] != 'v' || found[2] != '=')
        return false;
    for (uint32_t i = 1; i < rr->rdlength && i < e->rdlen; i++) {
        if (found[i] == ' ' || found[i] == ';')
            return e->rdata[i] == found[i];
        if (found[i] != e->rdata[i])
            return false;
    }
    return false;
}

/* True when a record meets another expectation: it is not the one that went wrong. */
static bool is_taken(const facts_t *f, const gap_t *g, const nsp_msg_t *m, const nsp_rr_t *rr)
{
    for (size_t i = 0; i < f->expected_count; i++)
        if (f->expected[i].e != g->x->e && expectation_met(f->expected[i].e, m, rr))
            return true;
    return false;
}

/* The record that was meant to be the expected one, or NULL: a name may have other records of its
 * type that have nothing to do with it. */
static const nsp_rr_t *meant(const facts_t *f, const gap_t *g, const nsp_msg_t *m,
                             mistake_value_kind_t *kind, size_t *other)
{
    const expectation_t *e = g->x->e;
    const nsp_rr_t *first = NULL;
    bool alone = e->type == NSP_TYPE_CNAME || is_underscored(&e->owner);
    for (uint16_t i = 0; i < m->found[NSP_ANSWER]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        if (rr->type != e->type || !nsp_rr_owner_is(m, rr, &e->owner) || is_taken(f, g, m, rr))
            continue;
        mistake_value_kind_t k = mistake_value(e, m, rr, &g->z->apex, f->expectations, other);
        if (k != MISTAKE_VALUE_OTHER) {
            *kind = k;
            return rr;
        }
        if (first == NULL && (alone || (e->type == NSP_TYPE_TXT && same_kind_of_text(e, m, rr))))
            first = rr;
    }
    *kind = MISTAKE_VALUE_OTHER;
    return first;
}

static void say_diff(say_t *s, const gap_t *g, const nsp_msg_t *m, const nsp_rr_t *rr)
{
    mistake_diff_t d;
    if (g->x->e->any_key)
        return;
    mistake_diff(g->x->e, m, rr, DIFF_WIDTH - 10, &d);
    say(s, "\nexpected  %s\nfound     %s", d.expected, d.found);
    if (d.mark[0] != '\0')
        say(s, "\n          %s", d.mark);
}

static void say_replace(say_t *fix, const facts_t *f, const gap_t *g, mistake_value_kind_t kind,
                        size_t other)
{
    say(fix, "Replace the value: %s. It should be: ", mistake_value_fix(kind));
    say_publish(fix, g);
    if (kind == MISTAKE_VALUE_SWAPPED && other < f->expected_count) {
        say(fix, ". The value that is there belongs to ");
        say_record(fix, &f->expectations->item[other]);
    }
}

static bool value_rule(facts_t *f, const gap_t *g)
{
    mistake_value_kind_t kind = MISTAKE_VALUE_OTHER;
    size_t other = SIZE_MAX;
    const nsp_msg_t *m = g->c->udp == MARK_WRONG ? facts_message(f, g->c->udp_by) : NULL;
    const nsp_rr_t *rr = m != NULL ? meant(f, g, m, &kind, &other) : NULL;
    if (rr == NULL)
        return false;
    bool appended = kind == MISTAKE_VALUE_ZONE_APPENDED;
    say_t s;
    say_t fix;
    say_begin_record(&s, &fix, g->x->e);
    say(&s, " has another value than expected: %s.", mistake_value_text(kind));
    say_diff(&s, g, m, rr);
    say_replace(&fix, f, g, kind, other);
    finding_t *out = say_finding(
        f, appended ? FINDING_RECORD_ZONE_APPENDED : FINDING_RECORD_WRONG_VALUE, &s, &fix);
    say_evidence(out, f, g->x, 1u << MARK_WRONG);
    return true;
}

/* --- other types --- */

/* An alias where another type is expected, whose end does not have the record. */
static bool alias_rule(facts_t *f, const gap_t *g)
{
    const answer_t *a = g->c->udp_by;
    char type[16];
    if (g->c->udp != MARK_WRONG || a->count > 0 || a->cnames == 0)
        return false;
    say_t s;
    say_t fix;
    say_begin_name(&s, &fix, &g->x->e->owner);
    say(&s, " is a CNAME for ");
    say_name(&s, &a->cname);
    say(&s, ", where a %s record is expected; what it leads to is not that record.",
        nsp_type_text(g->x->e->type, type));
    say(&fix, "Remove the CNAME, and enter: ");
    say_publish(&fix, g);
    finding_t *out = say_finding(f, FINDING_RECORD_WRONG_TYPE, &s, &fix);
    finding_add_evidence(out, a->x);
    return true;
}

/* The types that the name has in truth; evidence of them goes to out. */
static size_t say_types(say_t *s, facts_t *f, const gap_t *g, finding_t *out)
{
    char type[16];
    size_t n = 0;
    for (size_t i = 0; i < OTHER_TYPES; i++) {
        const answer_t *a = other_types[i] != g->x->e->type
                                ? facts_answer(f, &g->p->addr, &g->x->e->owner, other_types[i])
                                : NULL;
        if (a == NULL || !has_records(g, a) || from_wildcard(f, g, a))
            continue;
        if (s != NULL)
            say(s, "%s%s", n > 0 ? ", " : "", nsp_type_text(other_types[i], type));
        finding_add_evidence(out, a->x);
        n++;
    }
    return n;
}

static bool type_rule(facts_t *f, const gap_t *g)
{
    char type[16];
    bool alone = g->x->e->type == NSP_TYPE_CNAME || is_underscored(&g->x->e->owner);
    if (g->c->udp != MARK_NODATA || !alone || say_types(NULL, f, g, NULL) == 0)
        return false;
    say_t s;
    say_t fix;
    say_begin_name(&s, &fix, &g->x->e->owner);
    say(&s, " has no %s, but ", nsp_type_text(g->x->e->type, type));
    say_types(&s, f, g, NULL);
    say(&s, ".");
    say(&fix, "Remove what is there (");
    say_types(&fix, f, g, NULL);
    say(&fix, "), and enter: ");
    say_publish(&fix, g);
    finding_t *out = say_finding(f, FINDING_RECORD_WRONG_TYPE, &s, &fix);
    finding_add_evidence(out, g->c->udp_by->x);
    say_types(NULL, f, g, out);
    return true;
}

/* --- other names --- */

/* True when the record is there under another name, and not by a wildcard. */
static bool is_at(facts_t *f, const gap_t *g, const mistake_name_t *name, const answer_t *a)
{
    if (!has_records(g, a) || a->has_dname || from_wildcard(f, g, a))
        return false;
    expectation_t there = *g->x->e;
    there.owner = name->name;
    const nsp_msg_t *m = facts_message(f, a);
    for (uint16_t i = 0; m != NULL && i < m->found[NSP_ANSWER]; i++)
        if (expectation_met(&there, m, nsp_msg_rr(m, NSP_ANSWER, i)))
            return true;
    return name->kind == MISTAKE_NAME_DOUBLED; /* nobody wants such a name for itself */
}

static bool owner_rule(facts_t *f, const gap_t *g)
{
    mistake_name_t name[MISTAKE_NAMES_MAX];
    size_t n = mistake_names(&g->x->e->owner, &f->in->domain, &g->z->apex, name);
    for (size_t i = 0; i < n; i++) {
        const answer_t *a = facts_answer(f, &g->p->addr, &name[i].name, g->x->e->type);
        if (a == NULL || !is_at(f, g, &name[i], a))
            continue;
        say_t s;
        say_t fix;
        say_begin_record(&s, &fix, g->x->e);
        say(&s, " was entered %s: it is at ", mistake_name_text(name[i].kind));
        say_name(&s, &name[i].name);
        say(&s, ".");
        say(&fix, "Remove the record at ");
        say_name(&fix, &name[i].name);
        say(&fix, ", and %s, so that it becomes ", mistake_name_fix(name[i].kind));
        say_name(&fix, &g->x->e->owner);
        say(&fix, ".");
        finding_t *out = say_finding(f, FINDING_RECORD_WRONG_OWNER, &s, &fix);
        finding_add_evidence(out, a->x);
        finding_add_evidence(out, g->c->udp_by->x);
        return true;
    }
    return false;
}

/* --- nothing of that --- */

/* What the name has instead; that it exists at all may be due to names below it, or a wildcard. */
static void say_instead(say_t *s, facts_t *f, const gap_t *g)
{
    char type[16];
    if (g->c->udp == MARK_NXDOMAIN) {
        say(s, "the name does not exist (NXDOMAIN).");
        return;
    }
    const char *wanted = nsp_type_text(g->x->e->type, type);
    if (g->c->udp == MARK_WRONG) {
        say(s, "the name has ");
        say_count(s, g->c->udp_by->count, "record", "records");
        say(s, " of type %s, none of them the expected one.", wanted);
        return;
    }
    say(s, "the name exists, without %s records (NODATA)", wanted);
    if (say_types(NULL, f, g, NULL) > 0) {
        say(s, "; it has ");
        say_types(s, f, g, NULL);
    } else {
        for (size_t i = 0; i < OTHER_TYPES; i++) {
            const answer_t *a = facts_answer(f, &g->p->addr, &g->x->e->owner, other_types[i]);
            if (!has_records(g, a) || !from_wildcard(f, g, a))
                continue;
            say(s, "; it exists only by ");
            say_wildcard(s, g);
            break;
        }
    }
    say(s, ".");
}

static void missing_rule(facts_t *f, const gap_t *g)
{
    say_t s;
    say_t fix;
    say_begin_record(&s, &fix, g->x->e);
    say(&s, " is at none of %zu ", g->x->denied);
    say(&s, g->x->denied == 1 ? "address: " : "addresses: ");
    say_instead(&s, f, g);
    say(&fix, "Enter in the zone ");
    say_name(&fix, &g->z->apex);
    say(&fix, ": ");
    say_publish(&fix, g);
    finding_t *out = say_finding(f, FINDING_RECORD_MISSING, &s, &fix);
    say_evidence(out, f, g->x, 1u << MARK_NXDOMAIN | 1u << MARK_NODATA | 1u << MARK_WRONG);
}

static void record_rule(facts_t *f, expected_t *x)
{
    const zone_facts_t *z = expected_zone(f, x);
    if (x->explained || z == NULL || x->witness == FACTS_NONE || x->matched > 0)
        return;
    gap_t g = {x, z, &z->place[x->witness], &x->cell[x->witness]};
    x->explained = true;
    if (g.c->bogus)
        return; /* resolvers do not see what the server says */
    if (undelegated_rule(f, &g) || cnames_rule(f, &g) || policies_rule(f, &g) ||
        dname_rule(f, &g) || owner_rule(f, &g) || wildcard_rule(f, &g) || value_rule(f, &g) ||
        alias_rule(f, &g) || type_rule(f, &g))
        return;
    missing_rule(f, &g);
}

void rules_record(facts_t *f)
{
    for (size_t i = 0; i < f->expected_count; i++)
        record_rule(f, &f->expected[i]);
}
