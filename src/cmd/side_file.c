#include "cmd/side_file.h"

#include <errno.h>
#include <string.h>

#include "cmd/cmd.h"

int side_file_begin(side_file_t *f, const char *option, const char *command)
{
    if (f->path == NULL)
        return 0;
    f->file = fopen(f->path, "we");
    return f->file != NULL ? 0
                           : usage_error(command, "--%s %s: %s", option, f->path, strerror(errno));
}

int side_file_end(side_file_t *f, const char *option, const char *command)
{
    FILE *file = f->file;
    f->file = NULL;
    if (file == NULL)
        return 0;
    bool bad = ferror(file) != 0;
    int os_error = bad ? EIO : 0;
    if (fclose(file) != 0)
        os_error = errno;
    if (os_error == 0)
        return 0;
    fprintf(stderr, "nsprobe %s: --%s %s: %s\n", command, option, f->path, strerror(os_error));
    return EXIT_UNTESTED;
}
