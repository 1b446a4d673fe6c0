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

bool spf_is_near(const char *text, size_t len)
{
    size_t at = 0;
    if (spf_is_policy(text, len))
        return false;
    while (at < len && (text[at] == ' ' || text[at] == '"' || text[at] == '\''))
        at++;
    /* "v=spf10", "v=spf1x": another version may be meant, or nothing of the kind */
    return len - at >= VERSION_LEN && strncasecmp(text + at, VERSION, VERSION_LEN) == 0 &&
           (at > 0 || len - at == VERSION_LEN || !isdigit((unsigned char)text[at + VERSION_LEN]));
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

/* The next term behind *at, and its octets; false at the end. */
static bool next_term(const char *text, size_t len, size_t *at, size_t *size)
{
    while (*at < len && text[*at] == ' ')
        (*at)++;
    *size = 0;
    while (*at + *size < len && text[*at + *size] != ' ')
        (*size)++;
    return *size > 0;
}

size_t spf_first_fault(const char *text, size_t len, size_t *size)
{
    size_t at = VERSION_LEN < len ? VERSION_LEN : len;
    for (; next_term(text, len, &at, size); at += *size)
        if (!is_printable(text + at, *size) ||
            !(is_modifier(text + at, *size) || is_mechanism(text + at, *size)))
            return at;
    *size = 0;
    return len;
}

/* True when a term without its qualifier is this mechanism or modifier; what stands behind ':' or
 * '=' in *value. */
static bool is_term(const char *t, size_t n, const char *name, const char **value, size_t *size)
{
    size_t k = strlen(name);
    if (n < k || strncasecmp(t, name, k) != 0 || (n > k && strchr(":=/", t[k]) == NULL))
        return false;
    *value = n > k ? t + k + 1 : t + n;
    *size = n > k ? n - k - 1 : 0;
    return true;
}

static bool is_domain(const char *value, size_t n, const char *domain)
{
    if (n > 0 && value[n - 1] == '.')
        n--;
    return n == strlen(domain) && strncasecmp(value, domain, n) == 0;
}

spf_flaw_t spf_flaw(const char *text, size_t len, const char *domain)
{
    static const char *const asks[] = {"include", "redirect", "a", "mx", "ptr", "exists"};
    unsigned lookups = 0;
    bool anybody = false;
    bool all = false; /* what stands behind "all" is never looked at (RFC 7208 5.1) */
    size_t size = 0;
    for (size_t at = VERSION_LEN; !all && next_term(text, len, &at, &size); at += size) {
        bool passes = strchr("-?~", text[at]) == NULL;
        size_t sign = strchr("+-?~", text[at]) != NULL;
        const char *value = NULL;
        size_t n = 0;
        all = is_term(text + at + sign, size - sign, "all", &value, &n);
        anybody = all && passes;
        for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++) {
            if (!is_term(text + at + sign, size - sign, asks[i], &value, &n))
                continue;
            if (i < 2 && is_domain(value, n, domain))
                return SPF_ITSELF;
            lookups++;
        }
    }
    return lookups > SPF_LOOKUPS_MAX ? SPF_LOOKUPS : anybody ? SPF_ANYBODY : SPF_SOUND;
}
