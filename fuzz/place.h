/* A folder of the fuzzing process for targets whose code wants paths: in memory where there is such
 * a file system, and gone at the end. */
#ifndef FUZZ_PLACE_H
#define FUZZ_PLACE_H

#include <stddef.h>
#include <stdint.h>

#define PLACE_PATH_MAX 80

/* Path of a file in the folder, which is made at the first call. Returns out. */
char *place_path(const char *name, char out[PLACE_PATH_MAX]);
void place_write(const char *path, const uint8_t *bytes, size_t n);
/* The whole of a file of up to 1 MiB, which the caller frees. */
uint8_t *place_read(const char *path, size_t *n);
/* Removes all files of the folder. */
void place_empty(void);

#endif
