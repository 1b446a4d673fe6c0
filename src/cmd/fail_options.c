#include "cmd/fail_options.h"

#include <stdlib.h>

#include "cmd/cmd.h"
#include "cmd/common.h"

void fail_options_init(fail_options_t *o, const char *command)
{
    memset(o, 0, sizeof *o);
    o->command = command;
    o->severity = SEVERITY_ERROR + 1;
    profile_init(&o->profile);
}

static int read_profile(fail_options_t *o, const char *path)
{
    char err[300];
    size_t len = 0;
    profile_error_t mistake;
    char *text = common_read_file(path, &len, err);
    if (text == NULL)
        return usage_error(o->command, "--profile %s", err);
    bool good = profile_read(&o->profile, text, len, &mistake);
    free(text);
    o->has_profile = true;
    return good ? 0
                : usage_error(o->command, "--profile %s:%u: %s", path, mistake.line, mistake.text);
}

static int add_word(fail_options_t *o, const char *word)
{
    severity_t severity;
    finding_id_t finding;
    if (severity_by_name(word, &severity)) {
        o->severity = (int)severity < o->severity ? (int)severity : o->severity;
        return 0;
    }
    if (!finding_by_id(word, &finding))
        return usage_error(
            o->command,
            "--fail-on '%s': expected error, warning, notice, info or a finding; see "
            "nsprobe explain --list",
            word);
    o->finding[finding] = true;
    return 0;
}

static int read_fail_on(fail_options_t *o, const char *value)
{
    char word[64];
    int rc = 0;
    do {
        size_t n = strcspn(value, ",");
        snprintf(word, sizeof word, "%.*s", (int)(n < sizeof word ? n : sizeof word - 1), value);
        rc = add_word(o, word);
        value += n + (value[n] == ',');
    } while (rc == 0 && *value != '\0');
    o->has_fail_on = true;
    return rc;
}

int fail_options_take(fail_options_t *o, int id, const char *value)
{
    return id == FO_PROFILE ? read_profile(o, value) : read_fail_on(o, value);
}

void fail_options_apply(const fail_options_t *o, finding_list_t *list)
{
    if (o->has_profile)
        profile_apply(&o->profile, list);
}

bool fail_options_match(const fail_options_t *o, const finding_list_t *list)
{
    for (size_t i = 0; o->has_fail_on && i < list->count; i++)
        if ((int)list->item[i].severity >= o->severity || o->finding[list->item[i].id])
            return true;
    return false;
}

int fail_options_exit(const fail_options_t *o, const finding_list_t *list, int rc)
{
    if (!o->has_fail_on || rc > EXIT_ERRORS)
        return rc;
    return fail_options_match(o, list) ? EXIT_ERRORS : EXIT_HEALTHY;
}
