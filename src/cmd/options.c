#include "cmd/options.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/files.h"

args_t args_begin(const command_desc_t *command, int argc, char **argv)
{
    args_t a = {.command = command, .argc = argc, .argv = argv, .next = 1};
    return a;
}

int usage_error(const char *command, const char *format, ...)
{
    va_list args;
    fprintf(stderr, "nsprobe%s%s: ", command[0] != '\0' ? " " : "", command);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return EXIT_USAGE;
}

/* Edit distance, capped: command words are short. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[33];
    size_t n = strlen(b);
    if (n > 32 || strlen(a) > 32)
        return 99;
    for (unsigned i = 0; i <= n; i++)
        row[i] = i;
    for (unsigned i = 1; a[i - 1] != '\0'; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (size_t k = 1; k <= n; k++) {
            unsigned above = row[k];
            unsigned best = diagonal + (a[i - 1] != b[k - 1]);
            best = above + 1 < best ? above + 1 : best;
            best = row[k - 1] + 1 < best ? row[k - 1] + 1 : best;
            diagonal = above;
            row[k] = best;
        }
    }
    return row[n];
}

const char *nearest_word(const char *typed, const char *const *words, size_t count)
{
    const char *best = NULL;
    size_t length = strlen(typed);
    /* of a word of one letter any other would be near */
    unsigned least = length > 2 ? 3 : length > 1 ? 2 : 1;
    for (size_t i = 0; i < count; i++) {
        unsigned d = distance(typed, words[i]);
        if (d < least) {
            least = d;
            best = words[i];
        }
    }
    return best;
}

/* word is what was typed, which may be meant for a long name: -json. */
static int unknown_option(const args_t *a, const char *dashes, const char *name, const char *word)
{
    const char *words[128];
    const char *meant = dashes[0] == '+' ? "+" : "--";
    size_t n = 0;
    for (const option_desc_t *o = a->command->options; o->id != 0 && n < 128; o++) {
        const char *known = dashes[0] == '+' ? o->plus : o->name;
        if (known != NULL)
            words[n++] = known;
    }
    const char *near = nearest_word(word, words, n);
    if (near != NULL)
        usage_error(a->command->name, "unknown option '%s%s'; did you mean '%s%s'?", dashes, name,
                    meant, near);
    else
        usage_error(a->command->name, "unknown option '%s%s'; see nsprobe %s --help", dashes, name,
                    a->command->name);
    return ARGS_ERROR;
}

static bool all_digits(const char *text)
{
    return *text != '\0' && strspn(text, "0123456789") == strlen(text);
}

const file_desc_t *file_desc_find(const command_desc_t *command, int id)
{
    for (const file_desc_t *f = command->files; f != NULL && f->id != 0; f++)
        if (f->id == id)
            return f;
    return NULL;
}

/* The argument of an option: behind '=', or the next word. One that may be left out ("[N]") is the
 * next word only when that is a number. */
static int with_argument(args_t *a, const option_desc_t *o, const char *given, const char *shown)
{
    a->value = NULL;
    a->negated = false;
    if (o->arg == NULL) {
        if (given == NULL)
            return o->id;
        usage_error(a->command->name, "option '%s' takes no argument", shown);
        return ARGS_ERROR;
    }
    bool optional = o->arg[0] == '[' && o->arg[strlen(o->arg) - 1] == ']';
    if (given == NULL && a->next < a->argc && (!optional || all_digits(a->argv[a->next])))
        given = a->argv[a->next++];
    if (given == NULL && !optional) {
        usage_error(a->command->name, "option '%s' needs an argument: %s", shown, o->arg);
        return ARGS_ERROR;
    }
    a->value = given;
    return o->id;
}

static int long_option(args_t *a, const char *word)
{
    char name[64];
    const char *equals = strchr(word, '=');
    size_t n = equals != NULL ? (size_t)(equals - word) : strlen(word);
    if (n >= sizeof name)
        return unknown_option(a, "--", word, word);
    memcpy(name, word, n);
    name[n] = '\0';
    if (strcmp(name, "help") == 0) {
        command_help(stdout, a->command);
        return ARGS_DONE;
    }
    for (const option_desc_t *o = a->command->options; o->id != 0; o++) {
        char shown[70];
        snprintf(shown, sizeof shown, "--%s", name);
        if (o->name != NULL && strcmp(o->name, name) == 0)
            return with_argument(a, o, equals != NULL ? equals + 1 : NULL, shown);
    }
    return unknown_option(a, "--", name, name);
}

static int letter_option(args_t *a)
{
    char letter = *a->cluster++;
    const char *rest = *a->cluster != '\0' ? a->cluster : NULL;
    char shown[3] = {'-', letter, '\0'};
    if (letter == 'h') {
        command_help(stdout, a->command);
        return ARGS_DONE;
    }
    for (const option_desc_t *o = a->command->options; o->id != 0; o++) {
        if (o->letter != letter)
            continue;
        if (o->arg != NULL || rest == NULL)
            a->cluster = NULL;
        return with_argument(a, o, o->arg != NULL ? rest : NULL, shown);
    }
    char name[2] = {letter, '\0'};
    return unknown_option(a, "-", name, a->argv[a->next - 1] + 1);
}

/* +word, +noword, +word=value */
static int plus_option(args_t *a, const char *word)
{
    char name[64];
    const char *equals = strchr(word, '=');
    size_t n = equals != NULL ? (size_t)(equals - word) : strlen(word);
    if (n >= sizeof name)
        return unknown_option(a, "+", word, word);
    memcpy(name, word, n);
    name[n] = '\0';
    for (int negated = 0; negated < 2; negated++) {
        const char *bare = negated ? name + 2 : name;
        if (negated && strncmp(name, "no", 2) != 0)
            break;
        for (const option_desc_t *o = a->command->options; o->id != 0; o++) {
            if (o->plus == NULL || strcmp(o->plus, bare) != 0)
                continue;
            a->negated = negated != 0;
            a->value = equals != NULL ? equals + 1 : NULL;
            return o->id;
        }
    }
    return unknown_option(a, "+", name, name);
}

static int next(args_t *a)
{
    if (a->cluster != NULL && *a->cluster != '\0')
        return letter_option(a);
    a->cluster = NULL;
    if (a->next >= a->argc)
        return ARGS_END;
    const char *word = a->argv[a->next++];
    a->value = word;
    a->negated = false;
    if (a->only_words || word[0] == '\0')
        return ARGS_WORD;
    if (strcmp(word, "--") == 0) {
        a->only_words = true;
        return next(a);
    }
    if (word[0] == '-' && word[1] == '-')
        return long_option(a, word + 2);
    if (word[0] == '-' && word[1] != '\0') {
        a->cluster = word + 1;
        return letter_option(a);
    }
    if (word[0] == '+' && word[1] != '\0')
        return plus_option(a, word + 1);
    return ARGS_WORD;
}

/* Whether the option or word that was read names a file, with a name that is empty. */
static bool names_nothing(const args_t *a, int id)
{
    const file_desc_t *f = file_desc_find(a->command, id);
    if (f == NULL || a->value == NULL || f->use == FILE_WORDS_END)
        return false;
    return a->value[f->use == FILE_READS_AT && a->value[0] == '@'] == '\0';
}

static int empty_name(const args_t *a, int id)
{
    const option_desc_t *o = a->command->options;
    while (o->id != 0 && o->id != id)
        o++;
    if (o->name != NULL)
        usage_error(a->command->name, "option '--%s': the name of a file is empty", o->name);
    else
        usage_error(a->command->name, "the name of a file is empty");
    return ARGS_ERROR;
}

int args_next(args_t *a)
{
    int id = next(a);
    return names_nothing(a, id) ? empty_name(a, id) : id;
}

int args_each(const command_desc_t *command, int argc, char **argv,
              int (*take)(void *user, int id, const char *value), void *user)
{
    args_t a = args_begin(command, argc, argv);
    for (int id = args_next(&a); id != ARGS_END; id = args_next(&a)) {
        if (id == ARGS_ERROR)
            return EXIT_USAGE;
        if (id == ARGS_DONE)
            return -1;
        int rc = take(user, id, a.value);
        if (rc != 0)
            return rc;
    }
    return files_check(command, argc, argv);
}

static void help_option(FILE *out, const option_desc_t *o)
{
    char left[64];
    char plus[40] = "";
    if (o->plus != NULL)
        snprintf(plus, sizeof plus, "%s+%s", o->name != NULL || o->letter != 0 ? ", " : "",
                 o->plus);
    int n = 0;
    if (o->letter != 0)
        n = snprintf(left, sizeof left, "-%c%s", o->letter, o->name != NULL ? ", " : "");
    else
        n = snprintf(left, sizeof left, "%s", o->name != NULL ? "    " : "");
    snprintf(left + n, sizeof left - (size_t)n, "%s%s%s%s%s", o->name != NULL ? "--" : "",
             o->name != NULL ? o->name : "", plus, o->arg != NULL ? " " : "",
             o->arg != NULL ? o->arg : "");
    if (strlen(left) > 26)
        fprintf(out, "  %s\n  %26s  %s\n", left, "", o->help);
    else
        fprintf(out, "  %-26s  %s\n", left, o->help);
}

void command_help(FILE *out, const command_desc_t *c)
{
    fprintf(out, "nsprobe %s %s\n\n%s\n\n", c->name, c->usage, c->summary);
    for (const option_desc_t *o = c->options; o->id != 0; o++)
        help_option(out, o);
    fprintf(out, "  %-26s  %s\n", "-h, --help", "this text");
}

bool parse_u32(const char *text, uint32_t min, uint32_t max, uint32_t *out)
{
    uint64_t v = 0;
    if (text == NULL || *text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return false;
        v = v * 10 + (uint64_t)(*text - '0');
        if (v > max)
            return false;
    }
    *out = (uint32_t)v;
    return v >= min;
}

int option_number(const char *command, const char *option, const char *value, uint32_t min,
                  uint32_t max, uint32_t *out)
{
    if (parse_u32(value, min, max, out))
        return 0;
    return usage_error(command, "--%s '%.200s': expected %u to %u", option, value, min, max);
}

bool parse_seconds(const char *text, int64_t *out)
{
    int64_t ns = 0;
    int64_t unit = 1000000000;
    bool point = false;
    bool digit = false;
    for (; text != NULL && *text != '\0'; text++) {
        if (*text == '.' && !point) {
            point = true;
            continue;
        }
        if (*text < '0' || *text > '9')
            return false;
        digit = true;
        if (point) {
            unit /= 10;
            ns += unit * (*text - '0');
        } else {
            ns = ns * 10 + INT64_C(1000000000) * (*text - '0');
        }
        if (ns > INT64_C(86400) * 1000000000)
            return false;
    }
    *out = ns;
    return digit;
}
