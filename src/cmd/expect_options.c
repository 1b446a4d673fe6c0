#include "cmd/expect_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/common.h"
#include "report/finding_text.h"

#define PATH_CAP      4096
#define PROVIDERS_MAX 256 /* names that are looked through for the nearest one */
#define BLANKS        " \t\r\n"

void expect_options_init(expect_options_t *o, const char *command)
{
    memset(o, 0, sizeof *o);
    o->command = command;
}

void expect_options_free(expect_options_t *o)
{
    providers_free(o->providers);
    o->providers = NULL;
}

static int add_text(const expect_options_t *o, const char *option, const char *text,
                    const char **list, size_t *count, size_t max)
{
    if (*count == max)
        return usage_error(o->command, "more than %zu %s", max, option);
    list[(*count)++] = text;
    return 0;
}

int expect_options_take(expect_options_t *o, int id, const char *value)
{
    switch (id) {
    case EO_PROVIDER:
        o->list = strcmp(value, "list") == 0;
        o->provider = value;
        return 0;
    case EO_PROVIDERS:
        return add_text(o, "--providers", value, o->file, &o->file_count, EXPECT_SOURCES_MAX);
    default:
        return add_text(o, "--expect", value, o->expect, &o->expect_count, EXPECT_SOURCES_MAX);
    }
}

static int take_token(expect_options_t *o, const char *text)
{
    return add_text(o, "tokens", text, o->token, &o->token_count, EXPECT_TOKENS_MAX);
}

int expect_options_word(expect_options_t *o, const char *text, bool *has_domain, nsp_name_t *domain)
{
    char err[200];
    if (*has_domain)
        return take_token(o, text);
    if (!common_domain(text, domain, err))
        return usage_error(o->command, "domain '%s': %s", text, err);
    *has_domain = true;
    return 0;
}

static int add_providers(const expect_options_t *o, const char *option, const char *path)
{
    char err[300];
    char fault[PROVIDER_ERROR_MAX];
    size_t len = 0;
    char *text = common_read_file(path, &len, err);
    if (text == NULL)
        return usage_error(o->command, "%s%s", option, err);
    bool good = providers_add(o->providers, text, len, path, fault);
    free(text);
    return good ? 0 : usage_error(o->command, "%s%s", option, fault);
}

/* The user's own table: XDG base directories. A path in XDG_CONFIG_HOME that is not absolute does
 * not count. False when there is none to look at. */
static bool user_providers(char path[PATH_CAP])
{
    const char *config = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    int n = -1;
    if (config != NULL && config[0] == '/')
        n = snprintf(path, PATH_CAP, "%s/nsprobe/providers.conf", config);
    else if (home != NULL && home[0] == '/')
        n = snprintf(path, PATH_CAP, "%s/.config/nsprobe/providers.conf", home);
    return n > 0 && n < PATH_CAP && (access(path, F_OK) == 0 || errno == EACCES);
}

static bool provider_known(const expect_options_t *o)
{
    const char *parameter = "";
    return o->provider == NULL || o->list ||
           provider_find(o->providers, o->provider, &parameter) != NULL;
}

static int unknown_provider(const expect_options_t *o, const char *text)
{
    const char *names[PROVIDERS_MAX];
    char typed[64];
    size_t n = 0;
    while (n < PROVIDERS_MAX && (names[n] = provider_name(o->providers, n)) != NULL)
        n++;
    snprintf(typed, sizeof typed, "%.*s", (int)strcspn(text, ":"), text);
    const char *near = nearest_word(typed, names, n);
    if (near != NULL)
        return usage_error(o->command, "unknown provider '%s'; did you mean '%s'?", typed, near);
    return usage_error(o->command, "unknown provider '%s'; see --provider list", typed);
}

int expect_options_finish(expect_options_t *o)
{
    char path[PATH_CAP];
    o->providers = providers_new();
    if (o->providers == NULL) {
        fprintf(stderr, "nsprobe %s: out of memory\n", o->command);
        return EXIT_UNTESTED;
    }
    int rc = user_providers(path) ? add_providers(o, "", path) : 0;
    for (size_t i = 0; rc == 0 && i < o->file_count; i++)
        rc = add_providers(o, "--providers ", o->file[i]);
    if (rc == 0 && !provider_known(o))
        rc = unknown_provider(o, o->provider);
    return rc;
}

/* Splits off the next word; false at the end. */
static bool next_word(const char **at, const char **word, size_t *len)
{
    *word = *at + strspn(*at, BLANKS);
    *len = strcspn(*word, BLANKS);
    *at = *word + *len;
    return *len > 0;
}

bool expect_options_is_record(const char *text)
{
    const char *at = text;
    const char *word;
    size_t len;
    uint16_t type;
    if (!next_word(&at, &word, &len))
        return false;
    for (unsigned i = 2; i <= 4 && next_word(&at, &word, &len); i++) {
        uint16_t rclass;
        bool ttl = word[0] >= '0' && word[0] <= '9';
        if (nsp_type_from_text(word, len, &type) == NSP_OK)
            return true;
        if (!ttl && nsp_class_from_text(word, len, &rclass) != NSP_OK)
            return false;
    }
    return false;
}

static int add_file(const expect_options_t *o, const char *path, const nsp_name_t *domain,
                    expectations_t *out)
{
    char err[300];
    char fault[EXPECT_ERROR_MAX];
    size_t len = 0;
    const char *where = strcmp(path, "-") == 0 ? "standard input" : path;
    char *text = common_read_file(path, &len, err);
    if (text == NULL && strpbrk(path, BLANKS) != NULL)
        return usage_error(o->command,
                           "--expect '%s': neither a file nor a record (NAME TYPE RDATA)", path);
    if (text == NULL)
        return usage_error(o->command, "--expect %s", err);
    bool good = expect_add_text(out, text, len, domain, where, fault);
    free(text);
    return good ? 0 : usage_error(o->command, "--expect %s", fault);
}

/* One --expect: a file, "-" for standard input, or a record. Returns 0 or EXIT_USAGE. */
static int expect_options_source(const expect_options_t *o, const char *text,
                                 const nsp_name_t *domain, expectations_t *out)
{
    char fault[EXPECT_ERROR_MAX];
    if (!expect_options_is_record(text) || access(text, F_OK) == 0)
        return add_file(o, text, domain, out);
    if (expect_add_line(out, text, strlen(text), domain, "--expect", fault))
        return 0;
    return usage_error(o->command, "%s%s",
                       strncmp(fault, "--expect", 8) == 0 ? "" : "--expect: ", fault);
}

/* The same for tokens of one's own, and a provider of one's own (NULL: --provider), as a
 * configuration file has them. */
static int expect_options_tokens(const expect_options_t *o, const char *provider,
                                 const nsp_name_t *domain, const char *const *token, size_t count,
                                 expectations_t *out)
{
    char fault[EXPECT_ERROR_MAX];
    const char *parameter = "";
    const char *text = provider != NULL ? provider : o->provider != NULL ? o->provider : "ses";
    const provider_t *p = provider_find(o->providers, text, &parameter);
    if (p == NULL)
        return unknown_provider(o, text);
    if (!provider_takes_token(p)) {
        if (count > 0)
            return usage_error(o->command, "provider '%s' takes no tokens: '%s'", text, token[0]);
        return expect_add_token(out, p, parameter, domain, NULL, fault)
                   ? 0
                   : usage_error(o->command, "%s", fault);
    }
    for (size_t i = 0; i < count; i++)
        if (!expect_add_token(out, p, parameter, domain, token[i], fault))
            return usage_error(o->command, "%s", fault);
    return 0;
}

int expect_options_read(const expect_options_t *o, const nsp_name_t *domain, expectations_t *out)
{
    bool input_read = false;
    int rc = 0;
    if (o->token_count > 0 || o->provider != NULL || o->expect_count == 0)
        rc = expect_options_tokens(o, NULL, domain, o->token, o->token_count, out);
    for (size_t i = 0; rc == 0 && i < o->expect_count; i++) {
        bool input = strcmp(o->expect[i], "-") == 0;
        if (input && input_read)
            return usage_error(o->command, "--expect -: standard input can be read only once");
        input_read = input_read || input;
        rc = expect_options_source(o, o->expect[i], domain, out);
    }
    if (rc == 0 && out->count == 0)
        rc =
            o->expect_count > 0
                ? usage_error(o->command, "--expect %s: there is no record in it", o->expect[0])
                : usage_error(o->command, "which records? give tokens, or --expect FILE or RECORD");
    return rc;
}

/* What stands for a token or a part, when the provider takes one. */
static void list_part(FILE *out, const char *label, const char *text)
{
    if (text != NULL)
        text_wrap(out, label, text);
}

void expect_options_list(const expect_options_t *o, FILE *out)
{
    for (size_t i = 0; provider_name(o->providers, i) != NULL; i++) {
        char label[64];
        const char *ignored;
        const char *name = provider_name(o->providers, i);
        const provider_t *p = provider_find(o->providers, name, &ignored);
        snprintf(label, sizeof label, "%-14s ", name);
        text_wrap(out, label, provider_title(o->providers, i));
        if (p == NULL)
            continue;
        list_part(out, "               TOKEN  ", provider_token_text(p));
        list_part(out, "               PART   ", provider_parameter_text(p));
    }
}
