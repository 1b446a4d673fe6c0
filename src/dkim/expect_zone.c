#include <stdlib.h>

#include "dkim/expect_parts.h"

/* Text in front of a semicolon that stands outside of quotation marks: the rest is a comment, and
 * so the expectation would be cut. Returns its offset, or to. */
static size_t find_cut(const char *text, size_t from, size_t to)
{
    size_t semicolon = to;
    for (size_t i = from; i < to; i++) {
        if (text[i] == '"')
            return to;
        if (text[i] == ';' && semicolon == to)
            semicolon = i;
    }
    return semicolon;
}

/* Whether a TXT is the beginning of tags that semicolons part: v=DKIM1; k=rsa. */
static bool begins_tags(const nsp_zone_rr_t *rr)
{
    return rr->type == NSP_TYPE_TXT && rr->rdlength > 3 && rr->rdata[2] == '=' &&
           rr->rdata[0] == rr->rdlength - 1 && strchr("vkp", rr->rdata[1]) != NULL;
}

/* Where a record begins: behind empty lines, comments and directives. */
static size_t find_record(const clean_text_t *c, size_t from, size_t to)
{
    while (from < to) {
        size_t i = from;
        while (i < to && strchr(" \t\r", c->text[i]) != NULL)
            i++;
        if (i < to && strchr("\n;$", c->text[i]) == NULL)
            return i;
        while (i < to && c->text[i] != '\n')
            i++;
        from = i < to ? i + 1 : to;
    }
    return from;
}

/* One record that was read from [from, reader's pos). */
static bool read_record(const expect_source_t *s, const nsp_zone_reader_t *z, size_t from,
                        const nsp_zone_rr_t *rr, expectations_t *e)
{
    from = find_record(s->clean, from, z->pos);
    expectation_t item = {.odd = clean_odd(s->clean, from, z->pos)};
    if (rr->rclass != NSP_CLASS_IN)
        return expect_fail(s, from, "only class IN is verified");
    size_t cut = find_cut(s->clean->text, from, z->pos);
    if (begins_tags(rr) && cut < z->pos)
        return expect_fail(s, cut,
                           "in zone text a semicolon begins a comment, which cuts this value; put "
                           "the value in quotation marks");
    bool good = expect_settle(s, from, &rr->owner, rr->type, rr->rdata, rr->rdlength, &item) &&
                expect_set_origin(s, from, &item) && expect_put(e, &item, s);
    expectation_clear(&item);
    return good;
}

/* Offset of a place of the text that was put right. */
static size_t offset_of(const clean_text_t *c, nsp_place_t place)
{
    size_t at = 0;
    for (uint32_t line = 1; line < place.line && at < c->len; at++)
        line += c->text[at] == '\n' ? 1 : 0;
    size_t left = c->len - at;
    size_t column = place.column > 0 ? place.column - 1 : 0;
    return at + (column < left ? column : left);
}

/* What people give by mistake, told by its first character. */
static const char *other_format(const clean_text_t *c)
{
    size_t i = 0;
    while (i < c->len && strchr(" \t\r\n", c->text[i]) != NULL)
        i++;
    if (i == c->len)
        return NULL;
    if (c->text[i] == '{' || c->text[i] == '[')
        return "this looks like JSON";
    return c->text[i] == '<' ? "this looks like HTML or XML" : NULL;
}

/* Reads the next record; types with hidden names once more, below the real base. */
static bool next_record(nsp_zone_reader_t *z, const expect_source_t *s, nsp_zone_rr_t *rr)
{
    nsp_zone_reader_t before = *z;
    if (!nsp_zone_next(z, rr))
        return false;
    if (!expect_hides_names(rr->type) || s->base == NULL ||
        !nsp_name_equal(&before.origin, expect_relative()))
        return true;
    nsp_name_t owner = rr->owner;
    before.origin = *s->base;
    if (!nsp_zone_next(&before, rr)) {
        z->err = before.err;
        z->err_at = before.err_at;
        return false;
    }
    rr->owner = owner;
    return true;
}

bool expect_read_zone(const expect_source_t *s, expectations_t *e)
{
    nsp_zone_reader_t z;
    nsp_zone_rr_t *rr = malloc(sizeof *rr);
    const char *other = other_format(s->clean);
    bool good = rr != NULL;
    if (rr == NULL)
        return expect_fail(s, 0, "out of memory");
    if (other != NULL) {
        free(rr);
        return expect_fail(s, 0, "%s; zone text is accepted, and CSV with a header", other);
    }
    nsp_zone_begin(&z, s->clean->text, s->clean->len, expect_relative());
    for (;;) {
        size_t from = z.pos;
        if (!next_record(&z, s, rr))
            break;
        if (!read_record(s, &z, from, rr, e)) {
            good = false;
            break;
        }
    }
    free(rr);
    if (good && z.err != NSP_OK)
        return expect_fail(s, offset_of(s->clean, z.err_at), "%s", nsp_err_text(z.err));
    return good;
}
