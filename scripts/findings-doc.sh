#!/bin/sh
# Prints docs/FINDINGS.md from the tables of findings and of the peers' test cases,
# src/diagnose/findings.def and peers.def.
set -eu
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

cat > "$dir/doc.c" <<'END'
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { SEVERITY_INFO, SEVERITY_NOTICE, SEVERITY_WARNING, SEVERITY_ERROR };
static const char *const names[] = {"info", "notice", "warning", "error"};
static const struct {
    const char *id;
    int severity;
    const char *title, *meaning, *cause, *fix, *source;
} f[] = {
#define FINDING(ident, id, severity, title, meaning, cause, fix, source) \
    {id, severity, title, meaning, cause, fix, source},
#include "diagnose/findings.def"
};
enum { ZONEMASTER, EDNS, DNSVIZ, SUITES };
static const char *const suites[] = {"Zonemaster", "EDNS compliance", "DNSViz"};
static const struct {
    int suite;
    const char *id, *title, *findings, *remark;
} peer[] = {
#define PEER(suite, id, title, findings, remark) {suite, id, title, findings, remark},
#include "diagnose/peers.def"
};
static const size_t peers = sizeof peer / sizeof peer[0];

/* True when the list of words has this one. */
static int has(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = list; (at = strstr(at, word)) != NULL; at += n)
        if ((at == list || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
            return 1;
    return 0;
}

static void print_peers_of(const char *id)
{
    int before = -1;
    for (size_t i = 0; i < peers; i++) {
        if (!has(peer[i].findings, id))
            continue;
        if (before == peer[i].suite)
            printf(", %s", peer[i].id);
        else
            printf("%s%s %s", before < 0 ? "- Peers: " : "; ", suites[peer[i].suite], peer[i].id);
        before = peer[i].suite;
    }
    if (before >= 0)
        printf("\n");
}

static void print_links(const char *list)
{
    for (const char *at = list; *at != '\0';) {
        int n = (int)strcspn(at, " ");
        printf("%s[%.*s](#%.*s)", at == list ? "" : ", ", n, at, n, at);
        at += n + (at[n] == ' ');
    }
}

static int print_peers(void)
{
    for (int s = 0; s < SUITES; s++) {
        size_t all = 0, covered = 0;
        for (size_t i = 0; i < peers; i++) {
            all += peer[i].suite == s;
            covered += peer[i].suite == s && peer[i].findings[0] != '\0';
        }
        printf("\n### %s\n\n%zu of %zu are covered, some in part.\n\n", suites[s], covered, all);
        printf("| case | tests | our findings | remark |\n|---|---|---|---|\n");
        for (size_t i = 0; i < peers; i++) {
            if (peer[i].suite != s)
                continue;
            printf("| %s | %s | ", peer[i].id, peer[i].title);
            if (peer[i].findings[0] == '\0')
                printf("not covered");
            print_links(peer[i].findings);
            printf(" | %s |\n", peer[i].remark);
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return print_peers();
    size_t n = sizeof f / sizeof f[0];
    printf("| ID | severity | title |\n|---|---|---|\n");
    for (size_t i = 0; i < n; i++)
        printf("| [%s](#%s) | %s | %s |\n", f[i].id, f[i].id, names[f[i].severity], f[i].title);
    for (size_t i = 0; i < n; i++) {
        printf("\n## %s\n\n**%s** (%s)\n\n%s\n\n- Usual cause: %s\n- Fix: %s\n- Source: %s\n",
               f[i].id, f[i].title, names[f[i].severity], f[i].meaning, f[i].cause, f[i].fix,
               f[i].source);
        print_peers_of(f[i].id);
    }
    return 0;
}
END
${CC:-gcc} -std=c17 -Isrc -o "$dir/doc" "$dir/doc.c"

cat <<'END'
# Findings

<!-- Made by scripts/findings-doc.sh from src/diagnose/findings.def and peers.def; `make
check-docs` compares. -->

What `nsprobe check` can say about a domain, and `nsprobe dkim` about expected records (`record-...`,
`key-...` and `dnssec-...`). IDs are stable: scripts may rely on them.

## How to read a finding

A finding is about an address of a server, a server's name, or the zone as a whole. It has a
sentence that says what was seen, the numbers of the exchanges that prove it (questions, replies
and silences with their times; `-v` shows them all, `--pcap` keeps the packets), a probable cause,
a fix for this very case, and the RFC that it rests on.

| severity | meaning | exit status |
|---|---|---|
| error | some resolvers or verifiers fail now | 2 |
| warning | works for now, or for some | 1 |
| notice | unusual; works | 0 |
| info | worth knowing | 0 |

The verdict of a domain is its worst finding. The severity below is the usual one; a finding is
raised or lowered where the case calls for it:

- `parent-unresponsive` is an error when no server of the parent answers.
- `glue-mismatch` is a notice when the parent's addresses are right, but not complete.
- `soa-mname-odd` is a remark (info) when the name is an alias, and `mx-odd` when a null MX has a
  preference: neither harms anybody.
- `ns-address-differs` is a notice when every address serves the zone.
- `empty-name-denied` is a warning in `dkim`, which has found the record below the name.
- `edns-broken` is an error when the reply is one that clients do not retry without EDNS, that is
  neither FORMERR nor NOTIMP.
- `ns-missing` is a warning when there are NS records without AA.
- `parent-lame` is an error when that server says that the zone does not exist.
- `flapping` is a notice when a single attempt was lost.
- `wrong-source-address`, `wrong-source-port`, `wrong-id`, `wrong-question` and `not-a-response`
  are warnings when the right reply came as well.
- `type-broken` is an error where a type is concerned that the zone has, or where AAAA is dropped or
  denied with the whole name.
- `versions-mixed` is an error where signed and unsigned copies answer by turns, and the parent has a
  DS record.
- A finding from which a graver one follows is as grave as that one: `serial-differs` is an error
  where the signatures of the old copy have expired.
- `dnssec-keys-differ` is an error when what one server signs does not verify with the keys of the
  other, unless that is only behind.
- `ns-address-private` is one remark (info) for all addresses where the parent's servers have such
  addresses too: a laboratory or an internal network.

## Causes hide their symptoms

What follows from another finding is not reported again:

- An address that is dead (`unresponsive`, `icmp-unreachable`), malformed in all replies or
  answering from the wrong place is not judged for anything else.
- An address that does not serve the zone (`lame-...`, `soa-missing`) is not compared for serials,
  data, EDNS, case, or negative answers.
- Glue that the zone does not have and that leads nowhere is `glue-dead`, and nothing else.
- Where an address is silent over UDP, `unresponsive`, `udp-unresponsive` and `family-unresponsive`
  say how far the way to it answers: the last router that reports that a query's hops are used up,
  whoever rejects the packets, or a loop.
- When all addresses of one family are silent, `family-unresponsive` stands for all of them; when
  the parent's are silent too, it is this machine's connectivity (`untested`). So it is when four
  addresses or more are asked for the delegation, and nothing comes back from anybody: the domain
  was not tested. In traffic of others it is the client's, when servers of four networks or more are
  asked by clients of one, and none answers: of both families, or of one.
- When EDNS as such gets no answer or an error, single kinds of query with EDNS are not reported.
- When an address loses a fifth of its queries or more, silence of one kind of query is taken for
  chance and counted in `flapping`.
- A server that is behind (`serial-differs`) is not compared for data; its NS records do not count
  for `ns-mismatch`.
- Where the keys of an address do not verify, its records are not judged for DNSSEC as well; where
  the parent's word on a zone does not, nothing in the zone is. What is the same at all addresses is
  one finding about the zone.
- Where machines with signed and unsigned copies answer by turns (`versions-mixed`), the address is not
  judged for DNSSEC.
- Where an answer over UDP is cut, a failure of TCP is `truncated-no-tcp` in place of `tcp-...`.

## What the peers test

Each test case of Zonemaster (Basic, Address, Connectivity, Consistency, Delegation, Nameserver,
Syntax, Zone, DNSSEC) and of ISC's EDNS compliance tests (genreport: EDNS, FULL and COMM; its TYPE
group asks one type after the other), and those codes of DNSViz that concern what nsprobe looks at,
with the findings that say the same. `nsprobe explain CASE` shows one of them.
END
"$dir/doc" peers
cat <<'END'

## All findings

END
"$dir/doc"
