/* nsprobe explain: what a finding means. */
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/session.h"
#include "diagnose/profile.h"
#include "report/explain.h"

#define WORDS_MAX 256
/* Names that are offered for one that is not known. */
#define NEAR_MAX 3

enum { E_LIST = 1, E_PEERS, E_JSON };

static const option_desc_t explain_options[] = {
    {E_LIST, "list", 'l', NULL, NULL, "every finding, one a line"},
    {E_PEERS, "peers", 0, NULL, NULL, "every test case of the peers, one a line"},
    {E_JSON, "json", 'j', NULL, NULL, "one JSON object a line"},
    {0, NULL, 0, NULL, NULL, NULL},
};

typedef struct explain_args {
    size_t count;
    const char *word[WORDS_MAX];
    bool list;
    bool peers;
    bool json;
} explain_args_t;

/* Names that look like the word: one mistyped, then those that have it as a part. */
static size_t near_names(const char *word, const char *near[NEAR_MAX])
{
    const char *ids[FINDING_COUNT];
    size_t n = 0;
    for (unsigned i = 0; i < FINDING_COUNT; i++)
        ids[i] = finding_desc((finding_id_t)i)->id;
    const char *best = nearest_word(word, ids, FINDING_COUNT);
    if (best != NULL)
        near[n++] = best;
    for (unsigned i = 0; i < FINDING_COUNT && n < NEAR_MAX && strlen(word) > 2; i++)
        if (ids[i] != best && strstr(ids[i], word) != NULL)
            near[n++] = ids[i];
    return n;
}

static int unknown(const char *word)
{
    const char *near[NEAR_MAX];
    char list[200] = "";
    size_t len = 0;
    size_t n = near_names(word, near);
    for (size_t i = 0; i < n && len < sizeof list; i++)
        len += (size_t)snprintf(list + len, sizeof list - len, "%s'%s'",
                                i == 0 ? "" : (i + 1 < n ? ", " : " or "), near[i]);
    if (n == 0)
        return usage_error("explain", "no finding '%s'; see nsprobe explain --list", word);
    return usage_error("explain", "no finding '%s'; did you mean %s?", word, list);
}

static int take_option(void *user, int id, const char *value)
{
    explain_args_t *c = user;
    finding_id_t found;
    switch (id) {
    case ARGS_WORD:
        if (c->count == WORDS_MAX)
            return usage_error("explain", "more than %d names in one call", WORDS_MAX);
        c->word[c->count++] = value;
        return finding_by_id(value, &found) || peer_case_find(value) != NULL ? 0 : unknown(value);
    case E_LIST:
        c->list = true;
        return 0;
    case E_PEERS:
        c->peers = true;
        return 0;
    default:
        c->json = true;
        return 0;
    }
}

static int parse_args(explain_args_t *c, int argc, char **argv)
{
    int rc = args_each(&command_explain, argc, argv, take_option, c);
    if (rc != 0)
        return rc;
    if (c->count == 0 && !c->list && !c->peers)
        return usage_error("explain", "which finding? see nsprobe explain --list");
    return 0;
}

static bool list_json(const explain_args_t *c)
{
    size_t cases = 0;
    const peer_case_t *k = peer_cases(&cases);
    bool good = true;
    for (unsigned i = 0; c->list && i < FINDING_COUNT && good; i++)
        good = explain_finding_json(stdout, (finding_id_t)i);
    for (size_t i = 0; c->peers && i < cases && good; i++)
        good = explain_case_json(stdout, &k[i]);
    return good;
}

static bool show_list(const explain_args_t *c, const text_style_t *style)
{
    if (c->json)
        return list_json(c);
    if (c->list)
        explain_list(stdout, style);
    if (c->peers)
        explain_list_peers(stdout);
    return true;
}

static bool show_word(const explain_args_t *c, const text_style_t *style, const char *word)
{
    finding_id_t id;
    if (!finding_by_id(word, &id)) {
        const peer_case_t *k = peer_case_find(word);
        if (c->json)
            return explain_case_json(stdout, k);
        explain_case(stdout, k);
        return true;
    }
    if (c->json)
        return explain_finding_json(stdout, id);
    explain_finding(stdout, style, id);
    return true;
}

static int cmd_explain(int argc, char **argv)
{
    explain_args_t *c = calloc(1, sizeof *c);
    if (c == NULL)
        return EXIT_UNTESTED;
    int rc = parse_args(c, argc, argv);
    if (rc == 0) {
        text_style_t style = {.colour = session_colour()};
        bool good = show_list(c, &style);
        for (size_t i = 0; i < c->count && good; i++) {
            if (!c->json && (i > 0 || c->list || c->peers))
                putchar('\n');
            good = show_word(c, &style, c->word[i]);
        }
        rc = good && fflush(stdout) == 0 ? EXIT_HEALTHY : EXIT_UNTESTED;
    }
    free(c);
    return rc < 0 ? EXIT_HEALTHY : rc;
}

const command_desc_t command_explain = {"explain",
                                        "FINDING... | --list | --peers [OPTION...]",
                                        "Says what a finding means, and what to do.",
                                        explain_options,
                                        cmd_explain,
                                        NULL};
