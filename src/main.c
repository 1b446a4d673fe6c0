/* nsprobe: which subcommand. */
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"

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

int main(int argc, char **argv)
{
    const char *words[COMMANDS];
    if (argc < 2) {
        help(stderr);
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        words[i] = commands[i]->name;
        if (strcmp(argv[1], commands[i]->name) == 0)
            return commands[i]->run(argc - 1, argv + 1);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        help(stdout);
        return EXIT_HEALTHY;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("nsprobe " NSPROBE_VERSION);
        return EXIT_HEALTHY;
    }
    if (strcmp(argv[1], "--dump-options") == 0) {
        dump_options();
        return EXIT_HEALTHY;
    }
    const char *near = nearest_word(argv[1], words, COMMANDS);
    if (near != NULL)
        return usage_error("", "unknown command '%s'; did you mean '%s'?", argv[1], near);
    return usage_error("", "unknown command '%s'; see nsprobe --help", argv[1]);
}
