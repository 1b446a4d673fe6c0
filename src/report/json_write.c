/* JSON as text. Jansson writes reals with all of a double's 17 digits, or loses some of those of
 * another: here each has as many as tell it from its neighbours. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/json_parts.h"

#define FLAGS (JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY)
/* Integers up to this are exact in a double. */
#define EXACT_MAX 9007199254740992.0

/* The decimals of a real that is a whole number of parts of one, without the zeroes at its end. */
static bool write_parts(double value, unsigned digits, double parts, char buf[JSON_REAL_MAX])
{
    if (!(fabs(value) * parts < EXACT_MAX))
        return false;
    int64_t n = llround(fabs(value) * parts);
    int64_t one = (int64_t)parts;
    if ((double)n / parts != fabs(value))
        return false;
    int len = snprintf(buf, JSON_REAL_MAX, "%s%" PRId64 ".%0*" PRId64, signbit(value) ? "-" : "",
                       n / one, (int)digits, n % one);
    while (buf[len - 1] == '0' && buf[len - 2] != '.')
        buf[--len] = '\0';
    return true;
}

const char *json_real_text(double value, char buf[JSON_REAL_MAX])
{
    /* milliseconds, microseconds, nanoseconds: nearly all of them */
    if (write_parts(value, 3, 1e3, buf) || write_parts(value, 6, 1e6, buf) ||
        write_parts(value, 9, 1e9, buf))
        return buf;
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(buf, JSON_REAL_MAX, "%.*g", precision, value);
        if (strtod(buf, NULL) == value)
            break;
    }
    if (strpbrk(buf, ".e") == NULL)
        memcpy(buf + strlen(buf), ".0", 3);
    return buf;
}

static bool is_plain(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] < 0x20 || s[i] > 0x7e || s[i] == '"' || s[i] == '\\')
            return false;
    return true;
}

static bool write_string(FILE *out, const json_t *j)
{
    const char *s = json_string_value(j);
    size_t n = json_string_length(j);
    if (!is_plain(s, n))
        return json_dumpf(j, out, FLAGS) == 0;
    putc('"', out);
    fwrite(s, 1, n, out);
    return putc('"', out) != EOF;
}

/* Jansson's iterators want what they do not change to be changeable. */
static bool write_object(FILE *out, json_t *j)
{
    const char *before = "{";
    for (void *i = json_object_iter(j); i != NULL; i = json_object_iter_next(j, i)) {
        fprintf(out, "%s\"%s\":", before, json_object_iter_key(i)); /* keys are words of ours */
        if (!json_write(out, json_object_iter_value(i)))
            return false;
        before = ",";
    }
    return fputs(*before == '{' ? "{}" : "}", out) != EOF;
}

static bool write_array(FILE *out, const json_t *j)
{
    putc('[', out);
    for (size_t i = 0; i < json_array_size(j); i++) {
        if (i > 0)
            putc(',', out);
        if (!json_write(out, json_array_get(j, i)))
            return false;
    }
    return putc(']', out) != EOF;
}

bool json_write(FILE *out, json_t *j)
{
    char buf[JSON_REAL_MAX];
    switch (json_typeof(j)) {
    case JSON_OBJECT:
        return write_object(out, j);
    case JSON_ARRAY:
        return write_array(out, j);
    case JSON_STRING:
        return write_string(out, j);
    case JSON_REAL:
        return fputs(json_real_text(json_real_value(j), buf), out) != EOF;
    case JSON_INTEGER:
        return fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(j)) > 0;
    default:
        return fputs(json_is_null(j) ? "null" : json_is_true(j) ? "true" : "false", out) != EOF;
    }
}
