#include "diagnose/peers.h"

#include <string.h>
#include <strings.h>

static const peer_case_t cases[] = {
#define PEER(suite, id, title, findings, remark) {PEER_SUITE_##suite, id, title, findings, remark},
#include "diagnose/peers.def"
#undef PEER
};

#define CASES (sizeof cases / sizeof cases[0])

const peer_case_t *peer_cases(size_t *count)
{
    *count = CASES;
    return cases;
}

const char *peer_suite_name(peer_suite_t suite)
{
    switch (suite) {
    case PEER_SUITE_ZONEMASTER:
        return "Zonemaster";
    case PEER_SUITE_EDNS:
        return "EDNS compliance";
    case PEER_SUITE_DNSVIZ:
    case PEER_SUITES:
        break;
    }
    return "DNSViz";
}

bool peer_case_has(const peer_case_t *c, const char *finding)
{
    size_t n = strlen(finding);
    for (const char *at = c->findings; *at != '\0';) {
        size_t len = strcspn(at, " ");
        if (len == n && memcmp(at, finding, n) == 0)
            return true;
        at += len + (at[len] == ' ');
    }
    return false;
}

const peer_case_t *peer_case_find(const char *id)
{
    for (size_t i = 0; i < CASES; i++)
        if (strcasecmp(cases[i].id, id) == 0)
            return &cases[i];
    return NULL;
}
