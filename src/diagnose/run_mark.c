#include "diagnose/run_mark.h"

#include <stdio.h>

#include "diagnose/outcome.h"

#define MILLISECOND INT64_C(1000000)
#define WAIT_MAX    UINT32_C(3600000)
#define RANDOM_SIZE 12u
#define PREFIX_SIZE (sizeof PROBE_NXDOMAIN_PREFIX - 1)
#define UNDELEGATED "-u"
#define ROUNDED(ns) (((ns) + MILLISECOND / 2) / MILLISECOND)

const char *run_mark_text(const run_mark_t *m, char buf[RUN_MARK_TEXT_MAX])
{
    size_t at = 0;
    buf[0] = '\0';
    for (size_t i = 0; i <= m->waits; i++) {
        int n = 0;
        if (i < m->waits)
            n = snprintf(buf + at, RUN_MARK_TEXT_MAX - at, "-%lld", (long long)ROUNDED(m->wait[i]));
        else if (m->undelegated)
            n = snprintf(buf + at, RUN_MARK_TEXT_MAX - at, "%s", UNDELEGATED);
        at += n > 0 ? (size_t)n : 0;
        if (at >= RUN_MARK_TEXT_MAX) {
            buf[0] = '\0';
            return buf;
        }
    }
    return buf;
}

/* Reads "-300" at *at. False when there is no such thing. */
static bool read_wait(const uint8_t *p, size_t n, size_t *at, int64_t *wait)
{
    uint32_t v = 0;
    size_t i = *at + 1;
    if (*at >= n || p[*at] != '-')
        return false;
    for (; i < n && p[i] >= '0' && p[i] <= '9' && v <= WAIT_MAX; i++)
        v = v * 10 + (uint32_t)(p[i] - '0');
    if (i == *at + 1 || v == 0 || v > WAIT_MAX)
        return false;
    *at = i;
    *wait = v * MILLISECOND;
    return true;
}

bool run_mark_read(const nsp_name_t *qname, run_mark_t *out)
{
    const uint8_t *p = qname->octets + 1;
    size_t n = qname->octets[0];
    size_t at = PREFIX_SIZE + RANDOM_SIZE;
    memset(out, 0, sizeof *out);
    if (n <= at || memcmp(p, PROBE_NXDOMAIN_PREFIX, PREFIX_SIZE) != 0)
        return false;
    while (out->waits < RUN_MARK_WAITS_MAX && read_wait(p, n, &at, &out->wait[out->waits]))
        out->waits++;
    out->undelegated = n - at == sizeof UNDELEGATED - 1 && memcmp(p + at, UNDELEGATED, n - at) == 0;
    return out->waits > 0 && (at == n || out->undelegated);
}
