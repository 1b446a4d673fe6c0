/* Runs a command and prints its peak resident memory in KiB, and its exit code.
 *
 *   peak FILE COMMAND [ARGUMENT...]      the two numbers go to FILE
 *
 * A program of its own, since what a child's parent had in memory when it forked counts as the
 * child's: a small parent makes that a small number. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct rusage usage;
    int status = 0;
    pid_t child = argc > 2 ? fork() : -1;
    if (child == 0) {
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    FILE *f = child > 0 && wait4(child, &status, 0, &usage) == child ? fopen(argv[1], "w") : NULL;
    if (f == NULL)
        return 1;
    fprintf(f, "%ld %d\n", usage.ru_maxrss,
            WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return fclose(f) != 0;
}
