/* nsprobe: which subcommand. */
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/standard.h"

static const command_desc_t *const commands[] = {
    &command_bulk,    &command_capture, &command_check, &command_dkim,
    &command_explain, &command_history, &command_query, &command_replay,
    &command_serve,   &command_torture, &command_trace, &command_watch};

#define COMMANDS (sizeof commands / sizeof commands[0])

static void help(FILE *out)
{
    fprintf(out, "nsprobe COMMAND ...: asks every authoritative address of a domain, and says\n"
                 "which servers are broken, why, and what to fix.\n\n");
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
    fprintf(out, "\nnsprobe COMMAND --help tells more; nsprobe --version the version.\n"
                 "Exit codes: 0 healthy, 1 warnings, 2 errors, 3 could not test, 64 usage,\n"
                 "130 interrupted.\n");
}

/* Every option of every command, one a line, tab-separated: what the documentation is compared
 * with, and completions are made of. */
static void dump_options(void)
{
    for (size_t i = 0; i < COMMANDS; i++)
        for (const option_desc_t *o = commands[i]->options; o->id != 0; o++)
            printf("%s\t%s%s\t%c\t%s%s\t%s\t%s\n", commands[i]->name, o->name != NULL ? "--" : "-",
                   o->name != NULL ? o->name : "", o->letter != 0 ? o->letter : '-',
                   o->plus != NULL ? "+" : "-", o->plus != NULL ? o->plus : "",
                   o->arg != NULL ? o->arg : "-", o->help);
}

/* What is no command. */
static int run_other(const char *word)
{
    const char *words[COMMANDS];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        help(stdout);
        return EXIT_HEALTHY;
    }
    if (strcmp(word, "--version") == 0) {
        puts("nsprobe " NSPROBE_VERSION);
        return EXIT_HEALTHY;
    }
    if (strcmp(word, "--dump-options") == 0) {
        dump_options();
        return EXIT_HEALTHY;
    }
    for (size_t i = 0; i < COMMANDS; i++)
        words[i] = commands[i]->name;
    const char *near = nearest_word(word, words, COMMANDS);
    if (near != NULL)
        return usage_error("", "unknown command '%s'; did you mean '%s'?", word, near);
    return usage_error("", "unknown command '%s'; see nsprobe --help", word);
}

int main(int argc, char **argv)
{
    standard_keep();
    if (argc < 2) {
        help(stderr);
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(argv[1], commands[i]->name) == 0)
            return standard_end(argv[1], commands[i]->run(argc - 1, argv + 1));
    return standard_end("", run_other(argv[1]));
}
