#include "serve/scenario.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define PORT_BASE 5300

/* A scenario while it is read. */
typedef struct parser {
    scenario_t *s;
    scenario_error_t *err;
    const char *text;
    size_t len;
    size_t pos;
    uint32_t line;
    uint16_t port_base;
    unsigned allotted4;
    unsigned allotted6;
    bool failed;
} parser_t;

/* One word of a line. */
typedef struct word {
    const char *p;
    size_t n;
    uint32_t column;
} word_t;

#define WORDS_MAX 24

typedef struct words {
    word_t w[WORDS_MAX];
    unsigned n;
} words_t;

__attribute__((format(printf, 3, 4))) static bool fail(parser_t *p, uint32_t column,
                                                       const char *format, ...)
{
    va_list args;
    if (p->failed)
        return false;
    va_start(args, format);
    vsnprintf(p->err->text, sizeof p->err->text, format, args);
    va_end(args);
    p->err->line = p->line;
    p->err->column = column;
    p->failed = true;
    return false;
}

static bool is(const word_t *w, const char *text)
{
    return strlen(text) == w->n && memcmp(text, w->p, w->n) == 0;
}

/* The next line, without its comment, cut into words. False at the end. */
static bool next_line(parser_t *p, words_t *out)
{
    out->n = 0;
    if (p->pos >= p->len || p->failed)
        return false;
    p->line++;
    const char *start = p->text + p->pos;
    const char *newline = memchr(start, '\n', p->len - p->pos);
    size_t n = newline != NULL ? (size_t)(newline - start) : p->len - p->pos;
    p->pos += n + 1;
    size_t i = 0;
    while (i < n) {
        if (start[i] == ' ' || start[i] == '\t' || start[i] == '\r') {
            i++;
            continue;
        }
        bool comment = start[i] == '#' && (i == 0 || start[i - 1] == ' ' || start[i - 1] == '\t');
        if (comment)
            break;
        if (out->n == WORDS_MAX)
            return fail(p, (uint32_t)i + 1, "more than %d words in a line", WORDS_MAX);
        word_t *w = &out->w[out->n++];
        w->p = start + i;
        w->column = (uint32_t)i + 1;
        while (i < n && start[i] != ' ' && start[i] != '\t' && start[i] != '\r')
            i++;
        w->n = (size_t)(start + i - w->p);
    }
    return true;
}

static bool parse_number(parser_t *p, const word_t *w, uint32_t *out)
{
    uint64_t v = 0;
    for (size_t i = 0; i < w->n; i++) {
        if (w->p[i] < '0' || w->p[i] > '9' || v > UINT32_MAX)
            return fail(p, w->column, "'%.*s' is not a number", (int)w->n, w->p);
        v = v * 10 + (uint64_t)(w->p[i] - '0');
    }
    if (v > UINT32_MAX)
        return fail(p, w->column, "'%.*s' is more than 4294967295", (int)w->n, w->p);
    *out = (uint32_t)v;
    return true;
}

/* NAME or NAME@VARIANT */
static bool parse_zone_name(parser_t *p, const word_t *w, nsp_name_t *name, char variant[32])
{
    const char *at = memchr(w->p, '@', w->n);
    size_t n = at != NULL ? (size_t)(at - w->p) : w->n;
    size_t v = at != NULL ? w->n - n - 1 : 0;
    if (v >= 32)
        return fail(p, w->column + (uint32_t)n, "variant name is longer than 31 characters");
    memcpy(variant, at != NULL ? at + 1 : "", v);
    variant[v] = '\0';
    size_t bad = 0;
    nsp_err_t err = nsp_name_from_text(w->p, n, NULL, name, &bad);
    if (err != NSP_OK)
        return fail(p, w->column + (uint32_t)bad, "zone name: %s", nsp_err_text(err));
    return true;
}

/* zone NAME[@VARIANT] { ... zone text ... } with the closing brace alone on its line. */
static bool parse_zone(parser_t *p, const words_t *l)
{
    if (l->n != 3 || !is(&l->w[2], "{"))
        return fail(p, l->w[0].column, "expected: zone NAME[@VARIANT] {");
    if (p->s->zone_count == SCENARIO_ZONES_MAX)
        return fail(p, 1, "more than %d zones", SCENARIO_ZONES_MAX);
    zone_t *z = calloc(1, sizeof *z);
    if (z == NULL)
        return fail(p, 1, "out of memory");
    p->s->zone[p->s->zone_count++] = z;
    if (!parse_zone_name(p, &l->w[1], &z->apex, z->variant))
        return false;
    uint32_t first_line = p->line;
    const char *start = p->text + (p->pos < p->len ? p->pos : p->len);
    const char *end = NULL;
    while (end == NULL) {
        const char *here = p->text + (p->pos < p->len ? p->pos : p->len);
        const char *newline = memchr(here, '\n', (size_t)(p->text + p->len - here));
        size_t n = newline != NULL ? (size_t)(newline - here) : (size_t)(p->text + p->len - here);
        size_t i = 0;
        while (i < n && (here[i] == ' ' || here[i] == '\t'))
            i++;
        size_t k = n;
        while (k > i && (here[k - 1] == '\r' || here[k - 1] == ' ' || here[k - 1] == '\t'))
            k--;
        if (k == i + 1 && here[i] == '}')
            end = here;
        if (p->pos >= p->len && end == NULL) {
            p->line = first_line;
            return fail(p, l->w[2].column, "zone is not closed by a '}' alone on its line");
        }
        p->pos += n + 1;
        p->line++;
    }
    nsp_err_t err;
    nsp_place_t at;
    if (zone_load(z, start, (size_t)(end - start), &err, &at))
        return true;
    p->line = first_line + at.line;
    return fail(p, at.column, "zone text: %s", nsp_err_text(err));
}

static bool parse_addr(parser_t *p, const word_t *w, uint16_t port, addr_t *out)
{
    if (addr_from_text(w->p, w->n, port, out))
        return true;
    return fail(p, w->column, "'%.*s' is not an IP address (192.0.2.1 or 2001:db8::1)", (int)w->n,
                w->p);
}

static bool parse_root(parser_t *p, const words_t *l)
{
    if (l->n < 2)
        return fail(p, l->w[0].column, "expected: root ADDRESS...");
    for (unsigned i = 1; i < l->n; i++) {
        if (p->s->root_count == SCENARIO_ROOTS_MAX)
            return fail(p, l->w[i].column, "more than %d root addresses", SCENARIO_ROOTS_MAX);
        if (!parse_addr(p, &l->w[i], 53, &p->s->root[p->s->root_count++]))
            return false;
    }
    return true;
}

/* Loopback sockets for addresses without "on": 127.0.x.y on the base port, and ::1 on the ports
 * behind it, since only one IPv6 loopback address exists. */
static addr_t allot(parser_t *p, const addr_t *logical)
{
    addr_t a = {0};
    a.family = logical->family;
    if (a.family == 4) {
        unsigned n = 10 + p->allotted4++;
        a.octets[0] = 127;
        a.octets[1] = 53;
        a.octets[2] = (uint8_t)(n / 250);
        a.octets[3] = (uint8_t)(n % 250 + 1);
        a.port = p->port_base;
    } else {
        a.octets[15] = 1;
        a.port = (uint16_t)(p->port_base + 1 + p->allotted6++);
    }
    return a;
}

static bool parse_conditions(parser_t *p, const words_t *l, unsigned i, behaviour_t *b)
{
    for (; i < l->n; i++) {
        const word_t *w = &l->w[i];
        bool more = i + 1 < l->n;
        if (is(w, "udp")) {
            b->udp_only = true;
        } else if (is(w, "tcp")) {
            b->tcp_only = true;
        } else if (is(w, "edns")) {
            b->edns_only = true;
        } else if (is(w, "plain")) {
            b->plain_only = true;
        } else if (is(w, "underscore")) {
            b->underscore = true;
        } else if (is(w, "named") && more) {
            w = &l->w[++i];
            if (w->n >= sizeof b->label)
                return fail(p, w->column, "'%.*s' is no label", (int)w->n, w->p);
            b->label[0] = (uint8_t)w->n;
            memcpy(b->label + 1, w->p, w->n);
        } else if (is(w, "type") && more) {
            w = &l->w[++i];
            if (nsp_type_from_text(w->p, w->n, &b->type) != NSP_OK)
                return fail(p, w->column, "'%.*s' is not an RR type", (int)w->n, w->p);
        } else if (is(w, "larger") && more) {
            if (!parse_number(p, &l->w[++i], &b->larger))
                return false;
        } else if (is(w, "every") && more) {
            if (!parse_number(p, &l->w[++i], &b->every))
                return false;
        } else {
            return fail(p, w->column,
                        "'%.*s' is no condition; they are: udp, tcp, edns, plain, type TYPE, "
                        "named LABEL, underscore, larger OCTETS, every N",
                        (int)w->n, w->p);
        }
    }
    return true;
}

typedef enum arg_kind { ARG_NONE, ARG_NUMBER, ARG_MANGLE } arg_kind_t;

static const struct {
    const char *word;
    arg_kind_t arg;
} behaviour_words[] = {
#define X(ident, word, arg, what) {word, arg},
    BEHAVIOURS(X)
#undef X
};

static bool parse_mangle(parser_t *p, const words_t *l, behaviour_t *b)
{
    if (l->n < 3)
        return fail(p, l->w[1].column, "malformed what? see nsprobe serve --list");
    if (!nsp_mangle_from_name(l->w[2].p, l->w[2].n, &b->mangle))
        return fail(p, l->w[2].column,
                    "'%.*s' is no kind of malformed message; see nsprobe serve --list",
                    (int)l->w[2].n, l->w[2].p);
    return true;
}

/* behave WHAT [ARGUMENT] [when CONDITION...] */
static bool parse_behave(parser_t *p, const words_t *l, responder_t *r)
{
    if (l->n < 2)
        return fail(p, l->w[0].column, "behave how? see nsprobe serve --list");
    if (r->behaviour_count == RESPOND_BEHAVIOURS_MAX)
        return fail(p, l->w[0].column, "more than %d behaviours of one address",
                    RESPOND_BEHAVIOURS_MAX);
    behaviour_t *b = &r->behaviour[r->behaviour_count];
    memset(b, 0, sizeof *b);
    unsigned kind = 0;
    while (kind < BEHAVE_COUNT && !is(&l->w[1], behaviour_words[kind].word))
        kind++;
    if (kind == BEHAVE_COUNT)
        return fail(p, l->w[1].column, "'%.*s' is no behaviour; see nsprobe serve --list",
                    (int)l->w[1].n, l->w[1].p);
    b->kind = (behaviour_kind_t)kind;
    unsigned next = 2;
    if (behaviour_words[kind].arg == ARG_NUMBER) {
        if (l->n < 3)
            return fail(p, l->w[1].column, "'%s' takes a number", behaviour_words[kind].word);
        if (!parse_number(p, &l->w[2], &b->number))
            return false;
        next = 3;
    } else if (behaviour_words[kind].arg == ARG_MANGLE) {
        if (!parse_mangle(p, l, b))
            return false;
        next = 3;
    }
    if (next < l->n && !is(&l->w[next], "when"))
        return fail(p, l->w[next].column, "expected 'when' before the conditions");
    if (next < l->n && !parse_conditions(p, l, next + 1, b))
        return false;
    r->behaviour_count++;
    return true;
}

static bool parse_serves(parser_t *p, const words_t *l, responder_t *r)
{
    for (unsigned i = 1; i < l->n; i++) {
        nsp_name_t name;
        char variant[32];
        const zone_t *found = NULL;
        if (!parse_zone_name(p, &l->w[i], &name, variant))
            return false;
        for (size_t k = 0; k < p->s->zone_count; k++)
            if (nsp_name_equal(&p->s->zone[k]->apex, &name) &&
                strcmp(p->s->zone[k]->variant, variant) == 0)
                found = p->s->zone[k];
        if (found == NULL)
            return fail(p, l->w[i].column, "zone '%.*s' is not defined above", (int)l->w[i].n,
                        l->w[i].p);
        if (r->zone_count == RESPOND_ZONES_MAX)
            return fail(p, l->w[i].column, "more than %d zones at one address", RESPOND_ZONES_MAX);
        r->zone[r->zone_count++] = found;
    }
    return l->n > 1 || fail(p, l->w[0].column, "expected: serves ZONE...");
}

static bool check_physical(parser_t *p, const word_t *w, const scenario_addr_t *a)
{
    const char *special = addr_special(&a->physical);
    if (special == NULL || strncmp(special, "loopback", 8) != 0)
        return fail(p, w->column, "only loopback addresses can be served on (127.0.0.0/8, ::1)");
    for (size_t i = 0; i + 1 < p->s->addr_count; i++) {
        if (addr_same_host(&p->s->addr[i].logical, &a->logical))
            return fail(p, w->column, "this address is defined already in line %u",
                        p->s->addr[i].line);
        if (addr_equal(&p->s->addr[i].physical, &a->physical))
            return fail(p, w->column, "this socket is taken already in line %u",
                        p->s->addr[i].line);
    }
    return true;
}

/* address ADDRESS [on LOOPBACK[#PORT]] { serves ...; behave ... } */
static bool parse_address(parser_t *p, const words_t *l)
{
    if (p->s->addr_count == SCENARIO_ADDRESSES_MAX)
        return fail(p, 1, "more than %d addresses", SCENARIO_ADDRESSES_MAX);
    bool on = l->n == 5 && is(&l->w[2], "on");
    if ((l->n != 3 && !on) || !is(&l->w[l->n - 1], "{"))
        return fail(p, l->w[0].column, "expected: address ADDRESS [on LOOPBACK[#PORT]] {");
    scenario_addr_t *a = &p->s->addr[p->s->addr_count++];
    memset(a, 0, sizeof *a);
    a->line = p->line;
    if (!parse_addr(p, &l->w[1], 53, &a->logical))
        return false;
    a->physical = a->logical;
    const char *special = addr_special(&a->logical);
    bool loopback = special != NULL && strncmp(special, "loopback", 8) == 0;
    if (on && !parse_addr(p, &l->w[3], p->port_base, &a->physical))
        return false;
    if (!on && !loopback)
        a->physical = allot(p, &a->logical);
    if (!check_physical(p, &l->w[on ? 3 : 1], a))
        return false;
    words_t line;
    while (next_line(p, &line)) {
        if (line.n == 0)
            continue;
        if (is(&line.w[0], "}"))
            return line.n == 1 || fail(p, line.w[1].column, "nothing may follow '}'");
        bool good = is(&line.w[0], "serves") ? parse_serves(p, &line, &a->responder)
                    : is(&line.w[0], "behave")
                        ? parse_behave(p, &line, &a->responder)
                        : fail(p, line.w[0].column, "expected serves, behave or }");
        if (!good)
            return false;
    }
    return fail(p, 1, "address of line %u is not closed by '}'", a->line);
}

static bool parse_all(parser_t *p)
{
    words_t l;
    while (next_line(p, &l)) {
        bool good = true;
        if (l.n == 0)
            continue;
        if (is(&l.w[0], "zone"))
            good = parse_zone(p, &l);
        else if (is(&l.w[0], "address"))
            good = parse_address(p, &l);
        else if (is(&l.w[0], "root"))
            good = parse_root(p, &l);
        else
            good = fail(p, l.w[0].column, "expected zone, address or root");
        if (!good)
            return false;
    }
    if (!p->failed && p->s->addr_count == 0)
        return fail(p, 1, "no address is defined: nothing to serve");
    for (size_t i = 0; i < p->s->root_count; i++) {
        bool found = false;
        for (size_t k = 0; k < p->s->addr_count; k++)
            found = found || addr_same_host(&p->s->addr[k].logical, &p->s->root[i]);
        if (!found)
            return fail(p, 1, "a root address is not defined by an address block");
    }
    return !p->failed;
}

scenario_t *scenario_parse(const char *text, size_t len, uint16_t port_base, scenario_error_t *err)
{
    memset(err, 0, sizeof *err);
    scenario_t *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->addr = calloc(SCENARIO_ADDRESSES_MAX, sizeof *s->addr);
    s->map = calloc(SCENARIO_ADDRESSES_MAX, sizeof *s->map);
    parser_t p = {.s = s, .err = err, .text = text, .len = len};
    p.port_base = port_base != 0 ? port_base : PORT_BASE;
    if (s->addr == NULL || s->map == NULL || !parse_all(&p)) {
        scenario_free(s);
        return NULL;
    }
    for (size_t i = 0; i < s->addr_count; i++) {
        s->map[i].logical = s->addr[i].logical;
        s->map[i].physical = s->addr[i].physical;
    }
    s->map_count = s->addr_count;
    return s;
}

void scenario_free(scenario_t *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->zone_count; i++) {
        zone_free(s->zone[i]);
        free(s->zone[i]);
    }
    free(s->addr);
    free(s->map);
    free(s);
}

const net_map_entry_t *scenario_map(const scenario_t *s, size_t *count)
{
    *count = s->map_count;
    return s->map;
}

const addr_t *scenario_roots(const scenario_t *s, size_t *count)
{
    *count = s->root_count;
    return s->root;
}
