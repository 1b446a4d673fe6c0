/* Runs every file given, or every file of a folder given, through a fuzz target: corpora are
 * ordinary tests, without clang. Prints TAP. */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned count;

static int run_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = malloc(1 << 20);
    if (f == NULL || data == NULL) {
        printf("not ok %u - %s: cannot be read\n", ++count, path);
        free(data);
        if (f != NULL)
            fclose(f);
        return 1;
    }
    size_t n = fread(data, 1, 1 << 20, f);
    fclose(f);
    /* a copy of exactly this size, so that one octet too many is seen */
    uint8_t *exact = malloc(n > 0 ? n : 1);
    if (exact != NULL) {
        memcpy(exact, data, n);
        (void)LLVMFuzzerTestOneInput(exact, n);
    }
    free(exact);
    free(data);
    printf("ok %u - %s\n", ++count, path);
    return 0;
}

static int run_folder(const char *path)
{
    int failed = 0;
    DIR *d = opendir(path);
    if (d == NULL)
        return 1;
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        char name[4096];
        if (e->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        failed += run_file(name);
    }
    closedir(d);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        struct stat st;
        bool folder = stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode);
        failed += folder ? run_folder(argv[i]) : run_file(argv[i]);
    }
    printf("1..%u\n", count);
    return failed > 0 || count == 0;
}
