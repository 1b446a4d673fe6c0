#include "dkim/say.h"

#include <stdarg.h>

void say_begin(say_t *s)
{
    nsp_text_begin(&s->t, s->buf, sizeof s->buf);
}

void say(say_t *s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    nsp_text_vprintf(&s->t, format, args);
    va_end(args);
}

void say_begin_record(say_t *s, say_t *fix, const expectation_t *e)
{
    say_begin(s);
    say_begin(fix);
    say_record(s, e);
}

void say_begin_name(say_t *s, say_t *fix, const nsp_name_t *name)
{
    say_begin(s);
    say_begin(fix);
    say_name(s, name);
}

void say_record(say_t *s, const expectation_t *e)
{
    char type[16];
    say_name(s, &e->owner);
    say(s, " %s", nsp_type_text(e->type, type));
}

void say_value(say_t *s, const expectation_t *e)
{
    (void)expectation_rdata_text(e, &s->t); /* what does not decode is printed all the same */
}

void say_name(say_t *s, const nsp_name_t *name)
{
    char buf[NSP_NAME_TEXT_MAX];
    nsp_text_str(&s->t, facts_name(name, buf));
}

void say_count(say_t *s, size_t n, const char *one, const char *many)
{
    say(s, "%zu %s", n, n == 1 ? one : many);
}

void say_span(say_t *s, int64_t seconds)
{
    static const struct {
        int64_t unit;
        const char *name;
    } units[] = {{86400, "days"}, {3600, "hours"}, {60, "minutes"}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (seconds >= 2 * units[i].unit && seconds % units[i].unit == 0) {
            say(s, "%lld %s", (long long)(seconds / units[i].unit), units[i].name);
            return;
        }
    }
    say(s, "%lld s", (long long)seconds);
}

finding_t *say_finding(facts_t *f, finding_id_t id, const say_t *s, const say_t *fix)
{
    finding_t *out = finding_add(f->list, id, "%s", s->buf);
    if (fix != NULL)
        finding_set_fix(out, "%s", fix->buf);
    return out;
}

finding_t *say_place_finding(facts_t *f, const place_t *p, finding_id_t id, const say_t *s,
                             const say_t *fix)
{
    finding_t *out = place_finding(f, p, id, "%s", s->buf);
    if (fix != NULL)
        finding_set_fix(out, "%s", fix->buf);
    return out;
}

void say_evidence(finding_t *out, const facts_t *f, const expected_t *x, unsigned marks)
{
    const zone_facts_t *z = expected_zone(f, x);
    for (size_t i = 0; z != NULL && i < x->cell_count; i++) {
        const cell_t *c = &x->cell[i];
        if ((marks & 1u << c->udp) != 0 && c->udp_by != NULL)
            finding_add_evidence(out, c->udp_by->x);
    }
}
