#include "cmd/common.h"

#include <errno.h>
#include <idn2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cmd/options.h"
#include "cmd/when.h"

#define FILE_MAX ((size_t)64 << 20)

_Atomic int stop_requested;
_Atomic int reload_requested;

static void on_signal(int number)
{
    stop_requested = number;
}

static void on_reload(int number)
{
    reload_requested = number;
}

void common_catch_reload(void)
{
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = on_reload;
    sa.sa_flags = SA_RESTART;
    sigaction(SIGHUP, &sa, NULL);
}

void common_catch_signals(void)
{
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = on_signal;
    sa.sa_flags = (int)SA_RESETHAND;
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static bool is_ascii(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text > 0x7f)
            return false;
    return true;
}

bool common_name(const char *text, nsp_name_t *out, char err[200])
{
    uint8_t *converted = NULL;
    const char *ascii = text;
    if (!is_ascii(text)) {
        int rc = idn2_lookup_u8((const uint8_t *)text, &converted,
                                IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
        if (rc != IDN2_OK) {
            snprintf(err, 200, "not an internationalised name: %s", idn2_strerror(rc));
            return false;
        }
        ascii = (const char *)converted;
    }
    size_t at = 0;
    nsp_err_t e = nsp_name_from_text(ascii, strlen(ascii), NULL, out, &at);
    if (e == NSP_E_TEXT_ORIGIN)
        snprintf(err, 200, "'@' stands for no name here");
    else if (e != NSP_OK)
        snprintf(err, 200, "%s, at character %zu", nsp_err_text(e), at + 1);
    idn2_free(converted);
    return e == NSP_OK;
}

/* What somebody gave in the place of a domain; NULL when it may be one. */
static const char *no_domain(const char *text)
{
    addr_t address;
    if (strstr(text, "://") != NULL)
        return "a URL: give the domain in it";
    if (addr_from_text(text, strlen(text), 53, &address))
        return "an address: give a domain";
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\\' && p[1] != '\0')
            p++;
        else if (*p == '@' && p != text)
            return "an address for mail: give the domain behind the @";
        else if (*p == ' ' || *p == '\t')
            return "a blank within a name; as an octet of it: \\032";
    }
    return NULL;
}

bool common_domain(const char *text, nsp_name_t *out, char err[200])
{
    const char *other = no_domain(text);
    if (other != NULL)
        snprintf(err, 200, "%s", other);
    return other == NULL && common_name(text, out, err);
}

/* Takes away the mark that some editors begin UTF-8 with. Returns its size. */
static size_t skip_mark(char *text, size_t n)
{
    static const char mark[] = "\xef\xbb\xbf";
    size_t size = sizeof mark - 1;
    if (n < size || memcmp(text, mark, size) != 0)
        return 0;
    memmove(text, text + size, n - size + 1);
    return size;
}

char *common_read_file(const char *path, size_t *len, char err[300])
{
    bool standard = strcmp(path, "-") == 0;
    FILE *f = standard ? stdin : fopen(path, "rb");
    if (f == NULL) {
        snprintf(err, 300, "%s: %s", path, strerror(errno));
        return NULL;
    }
    char *text = NULL;
    size_t n = 0;
    size_t cap = 0;
    bool good = true;
    for (;;) {
        if (n + 4096 > cap) {
            cap = cap == 0 ? 65536 : cap * 2;
            char *grown = cap <= FILE_MAX + 65536 ? realloc(text, cap) : NULL;
            if (grown == NULL) {
                snprintf(err, 300, "%s: larger than 64 MiB", path);
                good = false;
                break;
            }
            text = grown;
        }
        size_t got = fread(text + n, 1, cap - n - 1, f);
        n += got;
        if (got == 0)
            break;
    }
    if (good && ferror(f)) {
        snprintf(err, 300, "%s: %s", path, strerror(errno));
        good = false;
    }
    if (!standard)
        fclose(f);
    if (!good) {
        free(text);
        return NULL;
    }
    text[n] = '\0';
    *len = n - skip_mark(text, n);
    return text;
}

void common_raise_files(void)
{
    struct rlimit l;
    if (getrlimit(RLIMIT_NOFILE, &l) != 0 || l.rlim_cur >= l.rlim_max)
        return;
    l.rlim_cur = l.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &l);
}

int common_bind_error(const addr_t *source)
{
    struct sockaddr_storage sa;
    addr_t any = *source;
    any.port = 0;
    socklen_t n = addr_to_sockaddr(&any, &sa);
    int fd = socket(source->family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int error = fd < 0 || bind(fd, (struct sockaddr *)&sa, n) != 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    return error;
}

bool common_waits(const char *value, schedule_t *s)
{
    char part[32];
    unsigned n = 0;
    while (value != NULL && *value != '\0' && n < ENGINE_TRIES_MAX) {
        size_t len = strcspn(value, ",");
        if (len >= sizeof part)
            return false;
        memcpy(part, value, len);
        part[len] = '\0';
        if (!parse_seconds(part, &s->wait[n]) || s->wait[n] == 0)
            return false;
        n++;
        value += len + (value[len] == ',');
    }
    if (n == 0 || (value != NULL && *value != '\0'))
        return false;
    if (n > 1)
        s->tries = n;
    for (unsigned i = n; i < ENGINE_TRIES_MAX; i++)
        s->wait[i] = s->wait[n - 1];
    return true;
}

size_t common_resolvers(addr_t out[RESOLVCONF_MAX])
{
    char err[300];
    size_t len = 0;
    char *text = common_read_file("/etc/resolv.conf", &len, err);
    size_t n = text != NULL ? resolvconf_parse(text, len, out) : 0;
    free(text);
    return n;
}

int common_time(const char *command, const char *option, const char *value, int64_t *seconds)
{
    if (!when_parse(value, (int64_t)time(NULL), seconds))
        return usage_error(command,
                           "--%s '%s': expected a time as 2026-11-25T09:30:00Z, or hours before "
                           "now as -36",
                           option, value);
    if (*seconds == 0) /* which stands for no time at all */
        return usage_error(command, "--%s '%s': expected a time after that", option, value);
    return 0;
}

bool common_fault(const char *command, const char *value, fault_id_t *out)
{
    const char *names[FAULT_COUNT];
    for (unsigned i = 0; i < FAULT_COUNT; i++)
        names[i] = fault_desc((fault_id_t)i)->name;
    if (fault_from_name(value, out))
        return true;
    const char *near = nearest_word(value, names, FAULT_COUNT);
    if (near != NULL)
        usage_error(command, "--only '%s'; did you mean '%s'?", value, near);
    else
        usage_error(command, "--only '%s': nsprobe serve --list prints the faults", value);
    return false;
}
