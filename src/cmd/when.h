/* Points in time on the command line. */
#ifndef CMD_WHEN_H
#define CMD_WHEN_H

#include <stdbool.h>
#include <stdint.h>

/* Seconds since 1970 from RFC 3339 text ("2026-11-25T09:30:00Z", "2026-11-25T09:30:00+01:00"), or
 * from hours before now ("-36", "-0.5"). False when it is neither, or lies outside of 1970 to 9999;
 * a time behind now is not refused here. */
bool when_parse(const char *text, int64_t now, int64_t *out);

#endif
