#include "report/finding_text.h"

#include <inttypes.h>
#include <string.h>

#include "report/exchange_text.h"

#define EVIDENCE_SHOWN  3
#define EVENTS_SHOWN    8
#define FOLLOWING_SHOWN 4
/* Before the name of a finding. */
#define SEVERITY_COLUMNS 9

const char *text_colour(const text_style_t *style, severity_t s)
{
    static const char *const codes[] = {"\033[36m", "\033[34m", "\033[33m", "\033[31m"};
    return style->colour ? codes[s] : "";
}

const char *text_good(const text_style_t *style)
{
    return style->colour ? "\033[32m" : "";
}

const char *text_plain(const text_style_t *style)
{
    return style->colour ? "\033[0m" : "";
}

finding_counts_t finding_count(const finding_list_t *list)
{
    finding_counts_t n = {{0}};
    for (size_t i = 0; i < list->count; i++)
        n.of[list->item[i].severity]++;
    return n;
}

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

const char *finding_counts_text(const finding_counts_t *n, uint64_t exchanges,
                                char buf[COUNTS_TEXT_MAX])
{
    const size_t *of = n->of;
    snprintf(buf, COUNTS_TEXT_MAX,
             "%zu error%s, %zu warning%s, %zu notice%s; %" PRIu64 " exchange%s", of[SEVERITY_ERROR],
             plural(of[SEVERITY_ERROR]), of[SEVERITY_WARNING], plural(of[SEVERITY_WARNING]),
             of[SEVERITY_NOTICE], plural(of[SEVERITY_NOTICE]), exchanges, plural(exchanges));
    return buf;
}

static const exchange_t *exchange_by_id(const exchange_set_t *set, uint32_t id)
{
    return id >= 1 && id <= set->count ? set->item[id - 1] : NULL;
}

void finding_subject(const finding_t *f, char *buf, size_t cap)
{
    char addr[ADDR_TEXT_MAX];
    buf[0] = '\0';
    if (f->has_server)
        nsp_name_to_text(&f->server, buf, cap);
    if (f->has_addr) {
        size_t n = strlen(buf);
        snprintf(buf + n, cap - n, f->has_server ? " (%s)" : "%s", addr_port_text(&f->addr, addr));
    }
}

static void print_evidence(FILE *out, const text_style_t *style, const exchange_set_t *set,
                           const finding_t *f, reply_t *scratch)
{
    for (uint16_t i = 0; i < f->evidence_count; i++) {
        const exchange_t *x = exchange_by_id(set, f->evidence[i]);
        if (i == EVIDENCE_SHOWN && !style->verbose) {
            int more = f->evidence_count - i;
            fprintf(out, "    and %d more exchange%s; -v shows all\n", more,
                    plural((uint64_t)more));
            break;
        }
        if (x != NULL)
            exchange_print(out, x, scratch, "    ", EVENTS_SHOWN);
    }
}

/* What tells the probable cause from others, and, when verbose, these. */
static void print_signs(FILE *out, const text_style_t *style, const finding_t *f)
{
    for (uint8_t i = 0; i < f->likely_count && (i == 0 || style->verbose); i++) {
        if (i > 0)
            text_wrap(out, "  or     ", f->likely[i].cause);
        text_wrap(out, i > 0 ? "    for  " : "  for    ", f->likely[i].sign);
    }
}

void finding_print(FILE *out, const text_style_t *style, const exchange_set_t *set,
                   const finding_t *f, reply_t *scratch)
{
    const finding_desc_t *d = finding_desc(f->id);
    char subject[FINDING_SUBJECT_MAX];
    char line[FINDING_SUBJECT_MAX + 100];
    finding_subject(f, subject, sizeof subject);
    snprintf(line, sizeof line, "%s%s%s", d->id, subject[0] != '\0' ? "  " : "", subject);
    fprintf(out, "\n%s%-7s%s  ", text_colour(style, f->severity), severity_name(f->severity),
            text_plain(style));
    text_wrap_at(out, SEVERITY_COLUMNS, SEVERITY_COLUMNS, line);
    text_wrap(out, "  ", f->text != NULL ? f->text : d->title);
    if (f->severity < SEVERITY_WARNING && !style->verbose)
        return;
    if (f->because != NULL)
        text_wrap(out, "  so     ", f->because);
    text_wrap(out, "  cause  ", finding_cause(f));
    print_signs(out, style, f);
    text_wrap(out, "  fix    ", f->fix != NULL ? f->fix : d->fix);
    print_evidence(out, style, set, f, scratch);
}

size_t findings_following(const finding_list_t *list, const finding_t *root)
{
    size_t n = 0;
    for (size_t i = 0; i < list->count; i++)
        n += &list->item[i] != root && finding_root(list, &list->item[i]) == root;
    return n;
}

/* What follows from a root cause: a line each, or, when verbose, as any other finding. */
static void print_following(FILE *out, const text_style_t *style, const exchange_set_t *set,
                            const finding_list_t *list, const finding_t *root, reply_t *scratch)
{
    char subject[FINDING_SUBJECT_MAX];
    char line[FINDING_SUBJECT_MAX + 100];
    size_t left = findings_following(list, root);
    size_t room = left > FOLLOWING_SHOWN + 1 ? FOLLOWING_SHOWN : left;
    for (size_t i = 0; i < list->count && left > 0; i++) {
        const finding_t *f = &list->item[i];
        if (f == root || finding_root(list, f) != root)
            continue;
        left--;
        if (style->verbose) {
            finding_print(out, style, set, f, scratch);
            continue;
        }
        if (room-- == 0) {
            fprintf(out, "  so     and %zu more; -v shows all\n", left + 1);
            return;
        }
        finding_subject(f, subject, sizeof subject);
        snprintf(line, sizeof line, "%s%s%s: %s", finding_desc(f->id)->id,
                 subject[0] != '\0' ? " " : "", subject, f->because);
        text_wrap(out, "  so     ", line);
    }
}

void findings_print(FILE *out, const text_style_t *style, const exchange_set_t *set,
                    const finding_list_t *list, reply_t *scratch)
{
    for (size_t i = 0; i < list->count; i++) {
        if (finding_root(list, &list->item[i]) != &list->item[i])
            continue;
        finding_print(out, style, set, &list->item[i], scratch);
        print_following(out, style, set, list, &list->item[i], scratch);
    }
}
