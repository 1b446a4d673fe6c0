#include "place.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_MAX ((size_t)1 << 20)

static char folder[40];

void place_empty(void)
{
    char path[PLACE_PATH_MAX];
    DIR *d = opendir(folder);
    if (d == NULL)
        return;
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        snprintf(path, sizeof path, "%s/%.30s", folder, e->d_name);
        (void)unlink(path); /* "." and ".." stay */
    }
    closedir(d);
}

static void remove_folder(void)
{
    place_empty();
    rmdir(folder);
}

static void make_folder(void)
{
    static const char *const where[] = {"/dev/shm", "/tmp"};
    for (size_t i = 0; i < 2; i++) {
        snprintf(folder, sizeof folder, "%s/nsprobe-fuzz-XXXXXX", where[i]);
        if (mkdtemp(folder) != NULL) {
            atexit(remove_folder);
            return;
        }
    }
    abort();
}

char *place_path(const char *name, char out[PLACE_PATH_MAX])
{
    if (folder[0] == '\0')
        make_folder();
    snprintf(out, PLACE_PATH_MAX, "%s/%.30s", folder, name);
    return out;
}

void place_write(const char *path, const uint8_t *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    if (f == NULL || (n > 0 && fwrite(bytes, 1, n, f) != n) || fclose(f) != 0)
        abort();
}

uint8_t *place_read(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = malloc(FILE_MAX);
    if (f == NULL || bytes == NULL)
        abort();
    *n = fread(bytes, 1, FILE_MAX, f);
    fclose(f);
    return bytes;
}
