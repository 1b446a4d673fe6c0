#include "cmd/page_output.h"

#include <errno.h>
#include <string.h>

#include "cmd/cmd.h"

int page_output_begin(page_output_t *p, const char *command)
{
    if (p->path == NULL)
        return 0;
    p->file = fopen(p->path, "we");
    return p->file != NULL ? 0 : usage_error(command, "--html %s: %s", p->path, strerror(errno));
}

int page_output_end(page_output_t *p, const char *command)
{
    FILE *page = p->file;
    p->file = NULL;
    if (page == NULL)
        return 0;
    bool bad = ferror(page) != 0;
    int os_error = bad ? EIO : 0;
    if (fclose(page) != 0)
        os_error = errno;
    if (os_error == 0)
        return 0;
    fprintf(stderr, "nsprobe %s: --html %s: %s\n", command, p->path, strerror(os_error));
    return EXIT_UNTESTED;
}
