#include "report/explain.h"

#include <string.h>

#include "report/json_parts.h"

/* "Zonemaster DELEGATION05; DNSViz CNAME_LOOP", cut to cap. */
static void peers_of(const char *finding, char *buf, size_t cap)
{
    size_t count = 0;
    const peer_case_t *c = peer_cases(&count);
    size_t len = 0;
    int before = -1;
    buf[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        if (!peer_case_has(&c[i], finding))
            continue;
        bool same = before == (int)c[i].suite;
        int n = snprintf(buf + len, cap - len, "%s%s%s%s",
                         before < 0 ? ""
                         : same     ? ", "
                                    : "; ",
                         same ? "" : peer_suite_name(c[i].suite), same ? "" : " ", c[i].id);
        before = (int)c[i].suite;
        len = n < 0 || len + (size_t)n >= cap ? cap - 1 : len + (size_t)n;
    }
}

void explain_finding(FILE *out, const text_style_t *style, finding_id_t id)
{
    char peers[2048];
    const finding_desc_t *d = finding_desc(id);
    fprintf(out, "%s%-7s%s  %s\n", text_colour(style, d->severity), severity_name(d->severity),
            text_plain(style), d->id);
    text_wrap(out, "  ", d->title);
    fputc('\n', out);
    text_wrap(out, "  ", d->meaning);
    text_wrap(out, "  cause   ", d->cause);
    text_wrap(out, "  fix     ", d->fix);
    text_wrap(out, "  source  ", d->source);
    peers_of(d->id, peers, sizeof peers);
    if (peers[0] != '\0')
        text_wrap(out, "  peers   ", peers);
}

void explain_case(FILE *out, const peer_case_t *c)
{
    char label[80];
    snprintf(label, sizeof label, "%s %s", peer_suite_name(c->suite), c->id);
    fprintf(out, "%s\n", label);
    text_wrap(out, "  ", c->title);
    fputc('\n', out);
    if (c->findings[0] == '\0') {
        text_wrap(out, "  not covered  ", c->remark);
        return;
    }
    text_wrap(out, "  findings  ", c->findings);
    if (c->remark[0] != '\0')
        text_wrap(out, "  remark    ", c->remark);
}

void explain_list(FILE *out, const text_style_t *style)
{
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        const finding_desc_t *d = finding_desc((finding_id_t)i);
        fprintf(out, "%s%-7s%s %-24s %s\n", text_colour(style, d->severity),
                severity_name(d->severity), text_plain(style), d->id, d->title);
    }
}

void explain_list_peers(FILE *out)
{
    size_t count = 0;
    const peer_case_t *c = peer_cases(&count);
    for (size_t i = 0; i < count; i++) {
        char label[64];
        snprintf(label, sizeof label, "%-15s %-15s ", peer_suite_name(c[i].suite), c[i].id);
        text_wrap(out, label, c[i].findings[0] != '\0' ? c[i].findings : "-");
    }
}

/* Words with a blank between them as an array of strings. */
static json_t *json_words(const char *text)
{
    json_t *j = json_array();
    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        json_array_append_new(j, json_stringn(text, len));
        text += len + (text[len] == ' ');
    }
    return j;
}

static json_t *json_case(const peer_case_t *c)
{
    json_t *j = json_object();
    json_object_set_new(j, "suite", json_string(peer_suite_name(c->suite)));
    json_object_set_new(j, "case", json_string(c->id));
    json_object_set_new(j, "title", json_string(c->title));
    json_object_set_new(j, "findings", json_words(c->findings));
    json_object_set_new(j, "remark", json_string(c->remark));
    return j;
}

bool explain_case_json(FILE *out, const peer_case_t *c)
{
    return json_print(out, json_case(c));
}

bool explain_finding_json(FILE *out, finding_id_t id)
{
    size_t count = 0;
    const peer_case_t *c = peer_cases(&count);
    const finding_desc_t *d = finding_desc(id);
    json_t *j = json_object();
    json_t *peers = json_array();
    json_object_set_new(j, "id", json_string(d->id));
    json_object_set_new(j, "severity", json_string(severity_name(d->severity)));
    json_object_set_new(j, "title", json_string(d->title));
    json_object_set_new(j, "meaning", json_string(d->meaning));
    json_object_set_new(j, "cause", json_string(d->cause));
    json_object_set_new(j, "fix", json_string(d->fix));
    json_object_set_new(j, "source", json_string(d->source));
    for (size_t i = 0; i < count; i++)
        if (peer_case_has(&c[i], d->id))
            json_array_append_new(peers, json_case(&c[i]));
    json_object_set_new(j, "peers", peers);
    return json_print(out, j);
}
