/* Numbers, times and foreign text that fit narrow columns. */
#ifndef REPORT_NUMBER_TEXT_H
#define REPORT_NUMBER_TEXT_H

#include <stddef.h>
#include <stdint.h>

#define NUMBER_TEXT_MAX 32

/* A count in at most width characters, at least 4: "99999" as it is, else with k, M, G, T as in
 * "123k" and "1.2M". Returns buf. */
const char *count_text(uint64_t n, unsigned width, char buf[NUMBER_TEXT_MAX]);
/* A duration in at most 5 characters: "850us", "1.2ms", "12ms", "1.5s", "120s"; "-" when
 * negative. Returns buf. */
const char *duration_text(int64_t ns, char buf[NUMBER_TEXT_MAX]);
/* A time, nanoseconds since 1970, as RFC 3339 text in UTC with milliseconds:
 * "2026-11-25T09:00:00.125Z". Returns buf. */
const char *time_text(int64_t ns, char buf[NUMBER_TEXT_MAX]);
/* Text of unknown origin (a file's name, a comment) with control characters, which a terminal would
 * obey, as \xHH; cut to cap. Returns buf. */
const char *safe_text(const char *text, char *buf, size_t cap);

#endif
