/* What is wrong with the keys that the expected records hold or lead to. Only keys of records that
 * are as expected are looked at: whoever has the wrong record will get another key. */
#include <stdio.h>
#include <stdlib.h>

#include "dkim/facts.h"
#include "dkim/key.h"
#include "exchange/noun.h"

#define TEXT_MAX       4096
#define NAMES_SHOWN    6
#define PROBLEMS_SHOWN 4
#define EXCERPT        24 /* octets of a text that are shown around a fault */

/* What was found at the end of one expectation. */
typedef enum key_state {
    KEY_NONE,    /* no key is meant, or it is not known what the record leads to */
    KEY_SILENT,  /* no server there gave a usable answer */
    KEY_ABSENT,  /* no TXT record there */
    KEY_REVOKED, /* of the best TXT record there: */
    KEY_BROKEN,
    KEY_USABLE
} key_state_t;

typedef struct key_sight {
    key_state_t state;
    const answer_t *by;
    nsp_name_t at; /* where the key is, or should be */
    unsigned texts;
    unsigned keys; /* of these texts */
    bool linked;   /* a CNAME leads there */
    dkim_key_kind_t kind;
    unsigned bits;
    unsigned problem_count;
    dkim_key_problem_t problem[DKIM_KEY_PROBLEM_COUNT];
    char *text; /* the best one, owned; may have NULs */
    size_t len;
} key_sight_t;

typedef struct key_rules {
    facts_t *f;
    key_sight_t *sight; /* owned; one for each expectation */
    char *name[2];      /* buffers for names in sentences, owned */
    nsp_text_t out;
    char *buf; /* owned */
} key_rules_t;

/* --- what is there --- */

/* The joined strings of a TXT record (RFC 6376 3.6.2.2). NULL when memory is out. */
static char *join_text(const nsp_msg_t *m, const nsp_rr_t *rr, size_t *len)
{
    char *out = malloc((size_t)rr->rdlength + 1);
    nsp_rdata_t it;
    nsp_field_t f;
    *len = 0;
    nsp_rdata_begin(&it, m, rr);
    if (out == NULL || !nsp_rdata_next(&it, &f))
        return out;
    nsp_reader_t r = nsp_reader(f.bytes, f.nbytes);
    while (nsp_left(&r) > 0) {
        uint8_t n = nsp_read_u8(&r);
        const uint8_t *p = nsp_read_bytes(&r, n);
        if (p == NULL)
            break;
        memcpy(out + *len, p, n);
        *len += n;
    }
    return out;
}

static key_state_t state_of(const dkim_key_t *key)
{
    if (key->usable)
        return KEY_USABLE;
    for (unsigned i = 0; i < key->problem_count; i++)
        if (key->problem[i].kind != DKIM_KEY_REVOKED &&
            dkim_key_problem_level(key->problem[i].kind) == DKIM_KEY_ERROR)
            return KEY_BROKEN;
    return key->revoked ? KEY_REVOKED : KEY_BROKEN;
}

/* Takes a text when it is better than what is there. */
static void take_text(key_sight_t *s, const dkim_key_t *key, char *text, size_t len)
{
    key_state_t state = state_of(key);
    s->texts++;
    s->keys += key->is_dkim ? 1 : 0;
    if (s->text != NULL && state <= s->state) {
        free(text);
        return;
    }
    free(s->text);
    s->text = text;
    s->len = len;
    s->state = state;
    s->kind = key->kind;
    s->bits = key->decoded ? key->bits : 0;
    s->problem_count = key->problem_count;
    memcpy(s->problem, key->problem, sizeof s->problem);
}

static void read_texts(facts_t *f, key_sight_t *s)
{
    const nsp_msg_t *m = facts_message(f, s->by);
    dkim_key_t key;
    for (uint16_t i = 0; m != NULL && i < m->found[NSP_ANSWER]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        size_t len = 0;
        if (rr->type != NSP_TYPE_TXT || !nsp_rr_owner_is(m, rr, &s->at))
            continue;
        char *text = join_text(m, rr, &len);
        if (text == NULL) {
            f->out_of_memory = true;
            return;
        }
        (void)dkim_key_read((const uint8_t *)text, len, &key);
        take_text(s, &key, text, len);
    }
}

/* The end of a chain of CNAMEs that leads to no TXT record. */
static void read_end(const facts_t *f, const expected_t *x, key_sight_t *s)
{
    size_t lookup = x->follow;
    for (unsigned i = 0; lookup != FACTS_NONE && i <= FACTS_CHAIN_MAX; i++) {
        const lookup_t *l = &f->lookup[lookup];
        s->at = l->name;
        s->by = l->answer;
        if (l->reading == READ_NODATA || l->reading == READ_NXDOMAIN)
            s->state = KEY_ABSENT;
        else if (l->reading == READ_SILENT)
            s->state = KEY_SILENT;
        lookup = l->reading == READ_ALIAS ? l->next : FACTS_NONE;
    }
}

static void look(facts_t *f, const expected_t *x, key_sight_t *s)
{
    if (!expected_is_dkim(x) || x->matched == 0 ||
        (x->e->type != NSP_TYPE_CNAME && x->e->type != NSP_TYPE_TXT))
        return;
    s->linked = x->e->type == NSP_TYPE_CNAME;
    s->by = expected_key(f, x, &s->at);
    if (s->by != NULL)
        read_texts(f, s);
    else
        read_end(f, x, s);
}

/* --- what is said --- */

static const char *owner_label(key_rules_t *k, size_t i)
{
    return facts_name(&k->f->expected[i].e->owner, k->name[0]);
}

static const char *place_of_key(key_rules_t *k, const key_sight_t *s)
{
    return facts_name(&s->at, k->name[1]);
}

/* "a._domainkey.example.com", or with where it leads to. */
static void say_where(key_rules_t *k, size_t i)
{
    const key_sight_t *s = &k->sight[i];
    nsp_text_printf(&k->out, "%s", owner_label(k, i));
    if (s->linked)
        nsp_text_printf(&k->out, " leads to %s", place_of_key(k, s));
}

/* Some octets around a fault. */
static void say_excerpt(key_rules_t *k, const key_sight_t *s, uint32_t at)
{
    size_t from = at > EXCERPT / 2 ? at - EXCERPT / 2 : 0;
    size_t to = from + EXCERPT < s->len ? from + EXCERPT : s->len;
    nsp_text_str(&k->out, from > 0 ? " (\"..." : " (\"");
    for (size_t i = from; i < to; i++) {
        unsigned char c = (unsigned char)s->text[i];
        if (c >= ' ' && c < 0x7f)
            nsp_text_add(&k->out, &s->text[i], 1);
        else
            nsp_text_printf(&k->out, "\\%03u", c);
    }
    nsp_text_str(&k->out, to < s->len ? "...\")" : "\")");
}

static bool has_level(const key_sight_t *s, dkim_key_level_t level, dkim_key_problem_kind_t but)
{
    for (unsigned i = 0; i < s->problem_count; i++)
        if (s->problem[i].kind != but && dkim_key_problem_level(s->problem[i].kind) == level)
            return true;
    return false;
}

static bool has_problem(const key_sight_t *s, dkim_key_problem_kind_t kind)
{
    for (unsigned i = 0; i < s->problem_count; i++)
        if (s->problem[i].kind == kind)
            return true;
    return false;
}

/* Every problem of a level, and what to do about the first. */
static const char *say_problems(key_rules_t *k, const key_sight_t *s, dkim_key_level_t level,
                                dkim_key_problem_kind_t but)
{
    const char *fix = NULL;
    unsigned shown = 0;
    for (unsigned i = 0; i < s->problem_count && shown < PROBLEMS_SHOWN; i++) {
        const dkim_key_problem_t *p = &s->problem[i];
        if (p->kind == but || dkim_key_problem_level(p->kind) != level)
            continue;
        nsp_text_printf(&k->out, "%s%s", shown++ > 0 ? "; " : "", dkim_key_problem_text(p->kind));
        if (p->fault != TAGLIST_NONE)
            nsp_text_printf(&k->out, ": %s", taglist_fault_text(p->fault));
        say_excerpt(k, s, p->at);
        fix = fix != NULL ? fix : dkim_key_problem_fix(p->kind);
    }
    nsp_text_str(&k->out, ".");
    return fix;
}

static void begin(key_rules_t *k)
{
    nsp_text_begin(&k->out, k->buf, TEXT_MAX);
}

static finding_t *add(key_rules_t *k, finding_id_t id, size_t i)
{
    finding_t *out = finding_add(k->f->list, id, "%s", k->buf);
    if (out != NULL && k->sight[i].by != NULL)
        finding_add_evidence(out, k->sight[i].by->x);
    return out;
}

/* What the domain's holder cannot change, the service must. */
static void set_fix(key_rules_t *k, finding_t *out, const key_sight_t *s, const char *fix)
{
    char first[2] = {fix[0] >= 'a' && fix[0] <= 'z' ? (char)(fix[0] - 32) : fix[0], '\0'};
    if (out == NULL)
        return;
    if (nsp_name_is_subdomain(&s->at, &k->f->in->domain))
        finding_set_fix(out, "At %s: %s%s.", place_of_key(k, s), first, fix + 1);
    else
        finding_set_fix(out, "The mail service must mend %s: %s%s.", place_of_key(k, s), first,
                        fix + 1);
}

static void report_several(key_rules_t *k, size_t i)
{
    const key_sight_t *s = &k->sight[i];
    if (s->texts < 2)
        return;
    begin(k);
    say_where(k, i);
    nsp_text_printf(&k->out, "%s there are %u TXT records, %u of them %s.",
                    s->linked ? ", and" : ":", s->texts, s->keys, noun(s->keys, "a key", "keys"));
    (void)add(k, FINDING_KEY_SEVERAL, i);
}

static void report_problems(key_rules_t *k, size_t i, finding_id_t id, dkim_key_level_t level,
                            dkim_key_problem_kind_t but)
{
    const key_sight_t *s = &k->sight[i];
    begin(k);
    say_where(k, i);
    nsp_text_str(&k->out, s->linked ? ", where " : ": ");
    const char *fix = say_problems(k, s, level, but);
    finding_t *out = add(k, id, i);
    if (fix != NULL)
        set_fix(k, out, s, fix);
}

/* Services that change keys keep one selector back: then another one has a key. */
static bool some_usable(const key_rules_t *k)
{
    for (size_t i = 0; i < k->f->expected_count; i++)
        if (k->sight[i].state == KEY_USABLE)
            return true;
    return false;
}

static void report_no_key(key_rules_t *k, size_t i, finding_id_t id, const char *what)
{
    const key_sight_t *s = &k->sight[i];
    bool spare = s->linked && some_usable(k);
    begin(k);
    say_where(k, i);
    nsp_text_printf(&k->out, "%s%s.%s", s->linked ? ", where " : ": ", what,
                    spare ? " Another selector has a key: services that change keys from time to "
                            "time keep one back."
                          : "");
    finding_t *out = add(k, id, i);
    if (out != NULL && spare)
        out->severity = SEVERITY_NOTICE;
}

static void report_one(key_rules_t *k, size_t i)
{
    const key_sight_t *s = &k->sight[i];
    report_several(k, i);
    switch (s->state) {
    case KEY_ABSENT:
        report_no_key(k, i, FINDING_KEY_MISSING, "there is no TXT record");
        break;
    case KEY_REVOKED:
        report_no_key(k, i, FINDING_KEY_REVOKED, "p= is empty");
        break;
    case KEY_BROKEN:
        report_problems(k, i, FINDING_KEY_BROKEN, DKIM_KEY_ERROR, DKIM_KEY_REVOKED);
        break;
    case KEY_USABLE:
        if (has_level(s, DKIM_KEY_WARNING, DKIM_KEY_RSA_WEAK))
            report_problems(k, i, FINDING_KEY_FLAWED, DKIM_KEY_WARNING, DKIM_KEY_RSA_WEAK);
        break;
    default:
        break;
    }
}

/* --- what is the same for several --- */

/* Whether an expectation belongs to a mild finding, and which number tells its groups apart. */
static bool in_group(const key_sight_t *s, finding_id_t id, unsigned *group)
{
    *group = s->kind == DKIM_KEY_ED25519 ? 1 : s->bits;
    switch (id) {
    case FINDING_KEY_UNKNOWN:
        *group = 0;
        return s->state == KEY_SILENT;
    case FINDING_KEY_TESTING:
        *group = 0;
        return s->state == KEY_USABLE && has_problem(s, DKIM_KEY_TESTING);
    case FINDING_KEY_WEAK:
        return s->state == KEY_USABLE && has_problem(s, DKIM_KEY_RSA_WEAK);
    default:
        return s->state == KEY_USABLE;
    }
}

static void say_group(key_rules_t *k, finding_id_t id, unsigned group)
{
    switch (id) {
    case FINDING_KEY_UNKNOWN:
        nsp_text_str(&k->out, "No server answers where this leads to: ");
        break;
    case FINDING_KEY_TESTING:
        nsp_text_str(&k->out, "t=y in the key of ");
        break;
    default:
        if (group == 1)
            nsp_text_str(&k->out, "Ed25519: ");
        else
            nsp_text_printf(&k->out, "RSA, %u bits: ", group);
        break;
    }
}

/* The finding for all expectations of the group that begins with `first`. */
static void report_group(key_rules_t *k, finding_id_t id, size_t first, unsigned group)
{
    size_t named = 0;
    size_t more = 0;
    begin(k);
    say_group(k, id, group);
    for (size_t i = first; i < k->f->expected_count; i++) {
        unsigned g = 0;
        if (!in_group(&k->sight[i], id, &g) || g != group)
            continue;
        if (named == NAMES_SHOWN)
            more++;
        else
            nsp_text_printf(&k->out, "%s%s", named++ > 0 ? ", " : "", owner_label(k, i));
    }
    if (more > 0)
        nsp_text_printf(&k->out, " and %zu more", more);
    nsp_text_str(&k->out, ".");
    finding_t *out = add(k, id, first);
    for (size_t i = first + 1; out != NULL && i < k->f->expected_count; i++) {
        unsigned g = 0;
        if (in_group(&k->sight[i], id, &g) && g == group && k->sight[i].by != NULL)
            finding_add_evidence(out, k->sight[i].by->x);
    }
}

static void report_groups(key_rules_t *k, finding_id_t id)
{
    for (size_t i = 0; i < k->f->expected_count; i++) {
        unsigned group = 0;
        bool seen = false;
        if (!in_group(&k->sight[i], id, &group))
            continue;
        for (size_t j = 0; j < i && !seen; j++) {
            unsigned g = 0;
            seen = in_group(&k->sight[j], id, &g) && g == group;
        }
        if (!seen)
            report_group(k, id, i, group);
    }
}

static bool open_rules(key_rules_t *k, facts_t *f)
{
    memset(k, 0, sizeof *k);
    k->f = f;
    k->sight = calloc(f->expected_count + 1, sizeof *k->sight);
    k->name[0] = malloc(NSP_NAME_TEXT_MAX);
    k->name[1] = malloc(NSP_NAME_TEXT_MAX);
    k->buf = malloc(TEXT_MAX);
    return k->sight != NULL && k->name[0] != NULL && k->name[1] != NULL && k->buf != NULL;
}

static void close_rules(key_rules_t *k)
{
    for (size_t i = 0; k->sight != NULL && i < k->f->expected_count; i++)
        free(k->sight[i].text);
    free(k->sight);
    free(k->name[0]);
    free(k->name[1]);
    free(k->buf);
}

void rules_key(facts_t *f)
{
    static const finding_id_t mild[] = {FINDING_KEY_WEAK, FINDING_KEY_TESTING, FINDING_KEY_UNKNOWN,
                                        FINDING_KEY_GOOD};
    key_rules_t k;
    bool ready = open_rules(&k, f);
    f->out_of_memory = f->out_of_memory || !ready;
    for (size_t i = 0; ready && i < f->expected_count; i++)
        look(f, &f->expected[i], &k.sight[i]);
    for (size_t i = 0; ready && i < f->expected_count; i++)
        report_one(&k, i);
    for (size_t i = 0; ready && i < sizeof mild / sizeof mild[0]; i++)
        report_groups(&k, mild[i]);
    close_rules(&k);
}
