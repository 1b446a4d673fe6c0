#include <stdio.h>

#include "dkim/mistake.h"
#include "dkim/value.h"

#define WIDTH_MIN 20
#define DOTS      3 /* columns of "..." */

/* The common part in front and behind, in octets. */
typedef struct common {
    size_t front;
    size_t back;
} common_t;

static common_t compare(const value_t *a, const value_t *b)
{
    common_t c = {0, 0};
    size_t shorter = a->len < b->len ? a->len : b->len;
    while (c.front < shorter && value_same_octets(a, a->octets + c.front, b->octets + c.front, 1))
        c.front++;
    while (c.back < shorter - c.front && value_same_octets(a, a->octets + a->len - c.back - 1,
                                                           b->octets + b->len - c.back - 1, 1))
        c.back++;
    return c;
}

/* Columns that an octet takes: control characters, what is not ASCII, and blanks at the ends, which
 * nobody would see, take four. */
static unsigned columns_of(const value_t *v, size_t i)
{
    unsigned char c = (unsigned char)v->octets[i];
    bool end = i == 0 || i + 1 == v->len;
    return c < ' ' || c >= 0x7f || (c == ' ' && end) ? 4 : 1;
}

static unsigned columns(const value_t *v, size_t from, size_t to, unsigned limit)
{
    unsigned n = 0;
    for (size_t i = from; i < to && n < limit; i++)
        n += columns_of(v, i);
    return n < limit ? n : limit;
}

/* Where to begin so that the octet at `to` comes after at most `room` columns. */
static size_t start_before(const value_t *v, size_t to, unsigned room)
{
    unsigned n = 0;
    while (to > 0) {
        n += columns_of(v, to - 1);
        if (n > room)
            break;
        to--;
    }
    return to;
}

/* The octets from `from` on, as many as fit. */
static void show(const value_t *v, size_t from, unsigned width, char *out)
{
    unsigned n = 0;
    bool cut_front = from > 0;
    unsigned left = width - (cut_front ? DOTS : 0);
    bool cut_back = columns(v, from, v->len, left + 1) > left;
    unsigned end = cut_back ? width - DOTS : width;
    if (cut_front)
        n = (unsigned)snprintf(out, width + 1u, "...");
    for (size_t i = from; i < v->len && n + columns_of(v, i) <= end; i++) {
        if (columns_of(v, i) == 1)
            out[n++] = v->octets[i];
        else
            n += (unsigned)snprintf(out + n, width + 1u - n, "\\%03u", (unsigned char)v->octets[i]);
    }
    out[n] = '\0';
    if (cut_back)
        snprintf(out + n, width + 1u - n, "...");
}

/* What is expected where any key will do has no octets to compare. */
static bool open_wanted(value_t *v, const expectation_t *e)
{
    static const char any[] = "(any DKIM key)";
    if (!value_of_expectation(v, e))
        return false;
    if (!e->any_key)
        return true;
    value_free(v);
    v->len = sizeof any - 1;
    v->octets = strdup(any);
    return v->octets != NULL;
}

/* Names as they are shown everywhere: with a final dot, and a backslash before a dot in a label. */
static void show_name(value_t *v)
{
    if (v->kind == VALUE_NAME)
        v->len = nsp_name_to_text(&v->name, v->octets, VALUE_NAME_ROOM);
}

void mistake_diff(const expectation_t *e, const nsp_msg_t *m, const nsp_rr_t *rr, unsigned width,
                  mistake_diff_t *out)
{
    value_t wanted;
    value_t found;
    memset(out, 0, sizeof *out);
    if (width < WIDTH_MIN)
        width = WIDTH_MIN;
    if (width > MISTAKE_DIFF_WIDTH)
        width = MISTAKE_DIFF_WIDTH;
    if (!open_wanted(&wanted, e))
        return;
    if (!value_of_record(&found, m, rr)) {
        value_free(&wanted);
        return;
    }
    show_name(&wanted);
    show_name(&found);
    common_t c = compare(&wanted, &found);
    size_t longest = wanted.len > found.len ? wanted.len : found.len;
    bool fits = columns(&wanted, 0, wanted.len, width + 1) <= width &&
                columns(&found, 0, found.len, width + 1) <= width;
    size_t from = fits || longest == 0 ? 0 : start_before(&found, c.front, width / 3);
    unsigned at = columns(&found, from, c.front, width) + (from > 0 ? DOTS : 0);
    unsigned in_wanted = columns(&wanted, c.front, wanted.len - c.back, width);
    unsigned in_found = columns(&found, c.front, found.len - c.back, width);
    unsigned marks = in_wanted > in_found ? in_wanted : in_found;
    show(&wanted, from, width, out->expected);
    show(&found, from, width, out->found);
    if (at >= width)
        at = width - 1;
    if (marks == 0)
        marks = 1;
    if (marks > width - at)
        marks = width - at;
    memset(out->mark, ' ', at);
    memset(out->mark + at, '^', marks);
    out->mark[at + marks] = '\0';
    value_free(&wanted);
    value_free(&found);
}
