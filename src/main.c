/* nsprobe: which subcommand. */
#include <stdio.h>

#include "cmd/cmd.h"

int main(int argc, char **argv)
{
    (void)argv;
    (void)argc;
    fputs("nsprobe: no subcommand\n", stderr);
    return EXIT_USAGE;
}
