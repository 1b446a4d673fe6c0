#include "report/number_text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECOND INT64_C(1000000000)

const char *count_text(uint64_t n, unsigned width, char buf[NUMBER_TEXT_MAX])
{
    static const char units[] = "kMGTPE";
    int len = snprintf(buf, NUMBER_TEXT_MAX, "%" PRIu64, n);
    uint64_t rest = 0;
    for (unsigned i = 0; len > (int)width && units[i] != '\0'; i++) {
        rest = n % 1000;
        n /= 1000;
        len = n < 10 ? snprintf(buf, NUMBER_TEXT_MAX, "%" PRIu64 ".%" PRIu64 "%c", n, rest / 100,
                                units[i])
                     : snprintf(buf, NUMBER_TEXT_MAX, "%" PRIu64 "%c", n, units[i]);
    }
    return buf;
}

const char *duration_text(int64_t ns, char buf[NUMBER_TEXT_MAX])
{
    int64_t us = (ns + 500) / 1000;
    if (ns < 0)
        snprintf(buf, NUMBER_TEXT_MAX, "-");
    else if (us < 1000)
        snprintf(buf, NUMBER_TEXT_MAX, "%" PRId64 "us", us);
    else if (us < 9950)
        snprintf(buf, NUMBER_TEXT_MAX, "%.1fms", (double)us / 1e3);
    else if (us < 999500)
        snprintf(buf, NUMBER_TEXT_MAX, "%.0fms", (double)us / 1e3);
    else if (us < 9950000)
        snprintf(buf, NUMBER_TEXT_MAX, "%.1fs", (double)us / 1e6);
    else if (us < INT64_C(9999000000))
        snprintf(buf, NUMBER_TEXT_MAX, "%.0fs", (double)us / 1e6);
    else
        snprintf(buf, NUMBER_TEXT_MAX, "%.0fd", (double)us / 86400e6);
    return buf;
}

const char *time_text(int64_t ns, char buf[NUMBER_TEXT_MAX])
{
    time_t seconds = (time_t)(ns / SECOND);
    int64_t rest = ns % SECOND;
    struct tm tm;
    if (rest < 0) {
        seconds--;
        rest += SECOND;
    }
    char text[24];
    if (gmtime_r(&seconds, &tm) == NULL ||
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
        snprintf(buf, NUMBER_TEXT_MAX, "%" PRId64 "s", (int64_t)seconds);
    else
        snprintf(buf, NUMBER_TEXT_MAX, "%s.%03dZ", text, (int)(rest / 1000000));
    return buf;
}

/* C0, DEL, and C1 as UTF-8 has it. */
static bool is_control(const unsigned char *p)
{
    return *p < ' ' || *p == 0x7f || (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f);
}

const char *safe_text(const char *text, char *buf, size_t cap)
{
    size_t n = 0;
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0' && n + 5 <= cap; p++) {
        if (is_control(p)) {
            n += (size_t)snprintf(buf + n, cap - n, "\\x%02x", *p);
            if (*p == 0xc2)
                n += n + 5 <= cap ? (size_t)snprintf(buf + n, cap - n, "\\x%02x", *++p) : 0;
        } else {
            buf[n++] = (char)*p;
        }
    }
    buf[n] = '\0';
    return buf;
}
