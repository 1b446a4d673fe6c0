#include "diagnose/spf.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define VERSION     "v=spf1"
#define VERSION_LEN (sizeof VERSION - 1)

bool spf_is_policy(const char *text, size_t len)
{
    return len >= VERSION_LEN && strncasecmp(text, VERSION, VERSION_LEN) == 0 &&
           (len == VERSION_LEN || text[VERSION_LEN] == ' ');
}

/* Mechanisms, and what may stand behind their names (RFC 7208 5). */
static const struct {
    const char *name;
    bool colon; /* ":" must follow */
    bool none;  /* nothing may */
} mechanisms[] = {{"all", false, true}, {"include", true, false}, {"a", false, false},
                  {"mx", false, false}, {"ptr", false, false},    {"ip4", true, false},
                  {"ip6", true, false}, {"exists", true, false}};

/* name "=" value (RFC 7208 12): a modifier, known or not. */
static bool is_modifier(const char *t, size_t n)
{
    size_t i = 0;
    if (n == 0 || !isalpha((unsigned char)t[0]))
        return false;
    while (i < n && (isalnum((unsigned char)t[i]) || strchr("-_.", t[i]) != NULL))
        i++;
    return i < n && t[i] == '=';
}

static bool is_mechanism(const char *t, size_t n)
{
    if (n > 0 && strchr("+-?~", t[0]) != NULL) {
        t++;
        n--;
    }
    size_t name = 0;
    while (name < n && t[name] != ':' && t[name] != '/')
        name++;
    for (size_t i = 0; i < sizeof mechanisms / sizeof mechanisms[0]; i++) {
        if (strlen(mechanisms[i].name) != name || strncasecmp(t, mechanisms[i].name, name) != 0)
            continue;
        if (mechanisms[i].none)
            return name == n;
        if (name == n)
            return !mechanisms[i].colon;
        return (t[name] == ':' || !mechanisms[i].colon) && name + 1 < n;
    }
    return false;
}

static bool is_printable(const char *t, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)t[i] < 0x21 || (unsigned char)t[i] > 0x7e)
            return false;
    return true;
}

size_t spf_first_fault(const char *text, size_t len, size_t *size)
{
    size_t at = VERSION_LEN < len ? VERSION_LEN : len;
    while (at < len) {
        size_t n = 0;
        while (at < len && text[at] == ' ')
            at++;
        while (at + n < len && text[at + n] != ' ')
            n++;
        *size = n;
        if (n > 0 && !(is_printable(text + at, n) &&
                       (is_modifier(text + at, n) || is_mechanism(text + at, n))))
            return at;
        at += n;
    }
    *size = 0;
    return len;
}
