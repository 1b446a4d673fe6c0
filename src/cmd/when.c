#include "cmd/when.h"

#include <stddef.h>
#include <string.h>

#define HOURS_MAX 1000000

/* Days from 1970-01-01 to a day of the Gregorian calendar, from 1970 on. */
static int64_t days_from_civil(int year, int month, int day)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int64_t years = year - 1;
    int64_t leap_days = years / 4 - years / 100 + years / 400 - 477; /* those before 1970 */
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return (year - 1970) * INT64_C(365) + leap_days + before[month - 1] + (leap && month > 2) +
           day - 1;
}

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (leap && month == 2);
}

/* Exactly n digits within limits; *at moves behind them. */
static bool take_number(const char **at, int n, int min, int max, int *out)
{
    int v = 0;
    for (int i = 0; i < n; i++) {
        char c = (*at)[i];
        if (c < '0' || c > '9')
            return false;
        v = v * 10 + (c - '0');
    }
    *at += n;
    *out = v;
    return v >= min && v <= max;
}

static bool take_char(const char **at, const char *accepted)
{
    if (**at == '\0' || strchr(accepted, **at) == NULL)
        return false;
    (*at)++;
    return true;
}

/* "Z", or "+hh:mm" as seconds east of Greenwich; the end of the text. */
static bool take_zone(const char **at, int64_t *east)
{
    int hours = 0;
    int minutes = 0;
    *east = 0;
    if (take_char(at, "Zz"))
        return **at == '\0';
    int sign = **at == '-' ? -1 : 1;
    if (!take_char(at, "+-") || !take_number(at, 2, 0, 23, &hours) || !take_char(at, ":") ||
        !take_number(at, 2, 0, 59, &minutes))
        return false;
    *east = sign * (hours * INT64_C(3600) + minutes * INT64_C(60));
    return **at == '\0';
}

/* RFC 3339 5.6. A leap second counts as the second before it. */
static bool parse_rfc3339(const char *text, int64_t *out)
{
    int year;
    int month;
    int day;
    int hour;
    int minute;
    int second;
    int64_t east;
    const char *at = text;
    if (!take_number(&at, 4, 1970, 9999, &year) || !take_char(&at, "-") ||
        !take_number(&at, 2, 1, 12, &month) || !take_char(&at, "-") ||
        !take_number(&at, 2, 1, month_days(year, month), &day) || !take_char(&at, "Tt ") ||
        !take_number(&at, 2, 0, 23, &hour) || !take_char(&at, ":") ||
        !take_number(&at, 2, 0, 59, &minute) || !take_char(&at, ":") ||
        !take_number(&at, 2, 0, 60, &second))
        return false;
    if (*at == '.') {
        size_t digits = strspn(at + 1, "0123456789");
        if (digits == 0)
            return false;
        at += 1 + digits;
    }
    if (!take_zone(&at, &east))
        return false;
    *out = days_from_civil(year, month, day) * 86400 + hour * INT64_C(3600) + minute * INT64_C(60) +
           (second < 60 ? second : 59) - east;
    return *out >= 0;
}

/* "-36" or "-0.5" */
static bool parse_hours_ago(const char *text, int64_t now, int64_t *out)
{
    int64_t seconds = 0;
    bool digit = false;
    const char *at = text + 1;
    for (; *at >= '0' && *at <= '9'; at++) {
        seconds = seconds * 10 + INT64_C(3600) * (*at - '0');
        digit = true;
        if (seconds > INT64_C(3600) * HOURS_MAX)
            return false;
    }
    if (digit && *at == '.' && at[1] != '\0') {
        int64_t unit = 3600000;
        for (at++; *at >= '0' && *at <= '9'; at++) {
            unit /= 10;
            seconds += unit * (*at - '0') / 1000;
        }
    }
    *out = now - seconds;
    return digit && *at == '\0' && *out >= 0;
}

bool when_parse(const char *text, int64_t now, int64_t *out)
{
    return text[0] == '-' ? parse_hours_ago(text, now, out) : parse_rfc3339(text, out);
}
