"""docs/COMPARISON.md of what was said, and of how long it took."""
import statistics
import subprocess
import time

import mapping
import zones as table

# What no finding says, on purpose: {(peer, tag): reason}.
UNSIGNED = "not told: that a zone is not signed is no fault"
EXCUSED = {("zonemaster", "NOT_SIGNED"): UNSIGNED,
           ("zonemaster", "NEITHER_DNSKEY_NOR_DS"): UNSIGNED}

HEAD = """# nsprobe beside Zonemaster and DNSViz

Made by `make comparison` (root; needs the Debian packages zonemaster-cli, dnsviz and
python3-pygraphviz): in a network namespace of its own, a small Internet with a signed root and TLD is
served by NSD, Knot and BIND, and by `nsprobe serve` for what no real server does. All three programs
look at each of its {count} broken zones, one zone after the other, and at a sound one. Each zone has
one fault (`tests/comparison/zones.py`); its keys and signatures are made for the run.

For each message of a peer above the level info this page says which finding of `nsprobe check` says
the same, by the table of peers in FINDINGS.md. Where a fault keeps a peer from testing at all, it
says so at every test; the finding that names the fault answers for all of these (`mapping.py`).
What the peers said is kept in `tests/comparison/peers.json`, and a test in `make test` holds every
later nsprobe against it, without the peers. Findings in bold are told by nsprobe alone.

Zonemaster {zonemaster} (engine {engine}) and DNSViz {dnsviz}, with their defaults but for the root
hints, IPv4 alone for Zonemaster, and `-E` for dnsviz probe. Made on {date}.

"""

EVERYWHERE = {"ipv4-only"}  # what is found in the sound zone too


def version(package):
    p = subprocess.run(["dpkg-query", "-W", "-f=${Version}", package], capture_output=True,
                       text=True, check=False)
    return p.stdout.strip() or "?"


def total(results, who):
    return sum(r["seconds"][who] for r in results)


def table_row(name, ours, zonemaster, dnsviz):
    return f"| {name} | {ours:.2f} s | {zonemaster:.1f} s | {zonemaster / ours:.1f} | " \
           f"{dnsviz:.1f} s | {dnsviz / ours:.1f} |\n"


def changed(results):
    """In which zones the short schedule finds something else, and what."""
    told = []
    for r in results:
        ours, short = ({i for i, _ in r[key]} for key in ("ours", "short"))
        if ours != short:
            told.append(f"{r['zone']} ({', '.join(sorted(short - ours)) or 'nothing'} in place of "
                        f"{', '.join(sorted(ours - short)) or 'nothing'})")
    return "the same in all zones" if not told else \
        f"the same in all zones but {', '.join(told)}"


WHY = """The median over the zones of the ratio to zonemaster-cli is {median:.0f}.

Where an address is silent nsprobe takes one schedule of timeouts, whatever the number of questions,
and the first line's ratio is little else than that of the timeouts. The default schedule is 8
seconds: a server that needs three seconds for a reply is told from a dead one by waiting for more
than three seconds, and by nothing else. Who knows that the network is near says so: with
`{short}` a silent address costs 0.8 seconds, and the findings are
{changed}. In the last line
one process looks at all zones at the same time, which the peers cannot; its findings are those of
the first line. That ratio is no like for like: it grows with the number of silent zones.

"""


def times(results, bulk, short):
    """The section on wall time. bulk is how long all zones took in one command, short the options
    of the short schedule."""
    broken = [r for r in results if r["zone"] != table.CONTROL.name]
    quick = [r for r in broken if r["seconds"][0] < 1]
    slow = [r for r in broken if r["seconds"][0] >= 1]
    rows = [("all zones, one after the other", broken),
            (f"of these: nobody is silent ({len(quick)} zones)", quick),
            (f"of these: somebody is silent ({len(slow)} zones)", slow)]
    text = "## Wall time\n" \
           "All in the same run; the peers with their default timeouts, nsprobe too where no other " \
           "are named.\n\n" \
           "| zones | nsprobe | zonemaster-cli | ratio | dnsviz | ratio |\n|---|---|---|---|---|---|\n"
    text += "".join(table_row(name, *(total(part, i) for i in range(3))) for name, part in rows if part)
    peers = total(broken, 1), total(broken, 2)
    options = " ".join(short)
    text += table_row(f"all zones, one after the other, `{options}`",
                      sum(r["short_seconds"] for r in broken), *peers)
    text += table_row("all zones, `nsprobe bulk --full`", bulk, *peers) + "\n"
    return text + WHY.format(
        median=statistics.median(r["seconds"][1] / r["seconds"][0] for r in broken),
        short=options, changed=changed(broken))


def common(results, peers):
    """What is said about the sound zone: it is left out below."""
    sound = next((r for r in results if r["zone"] == table.CONTROL.name), None)
    return set() if sound is None else {tuple(m[:3]) for m in sound["peers"]}, \
        set() if sound is None else {i for i, _ in sound["ours"]}


def message_rows(peers, result, skip):
    ours = sorted({i for i, _ in result["ours"]})
    text = ""
    for peer, case, tag, level in sorted(map(tuple, result["peers"])):
        if (peer, case, tag) in skip:
            continue
        found = mapping.covering(peers, (peer, case, tag), ours)
        name = f"{case} {tag}" if case != tag else tag
        said = ", ".join(found) or EXCUSED.get((peer, tag)) or "MISSED"
        text += f"| {peer} {level.lower()}: {name} | {said} |\n"
    return text


def alone(peers, result, skip):
    """Findings that no message of a peer stands for."""
    told = {f for m in result["peers"] for f in mapping.covering(
        peers, tuple(m[:3]), [i for i, _ in result["ours"]])}
    return sorted({(i, s) for i, s in result["ours"] if i not in told and i not in skip})


def section(peers, result, skip_peers, skip_ours):
    a, b, c = result["seconds"]
    text = f"### {result['zone']}: {result['fault']}\n" \
           f"nsprobe {a:.2f} s, zonemaster-cli {b:.2f} s ({b / a:.0f} times), dnsviz {c:.2f} s.\n\n"
    rows = message_rows(peers, result, skip_peers)
    text += "| what a peer says | our finding |\n|---|---|\n" + rows if rows else \
        "Neither peer says anything.\n"
    only = alone(peers, result, skip_ours)
    if only:
        text += "\nOnly nsprobe: " + ", ".join(f"**{i}** ({s})" for i, s in only) + "\n"
    return text + "\n"


def of(results, peers, missed, bulk, short):
    broken = [r for r in results if r["zone"] != table.CONTROL.name]
    left = [m for r in results for m in missed(peers, r)]
    skip_peers, skip_ours = common(results, peers)
    engine = version("libzonemaster-perl")
    text = HEAD.format(count=len(broken), zonemaster=version("zonemaster-cli"), engine=engine,
                       dnsviz=version("dnsviz"), date=time.strftime("%Y-%m-%d", time.gmtime()))
    count = sum(len(r["peers"]) for r in results)
    passed = sum((m[0], m[2]) in EXCUSED for r in results for m in r["peers"])
    only = sum(bool(alone(peers, r, skip_ours)) for r in broken)
    text += f"**{count} messages of the peers; {len(left)} missed, {passed} not told on purpose.** In {only} of {len(broken)} zones " \
            "nsprobe finds something that neither of them tells.\n\n"
    text += times(results, bulk, short)
    text += "## Zones\n"
    for r in results:
        control = r["zone"] == table.CONTROL.name
        text += section(peers, r, set() if control else skip_peers, set() if control else skip_ours)
    return text.rstrip() + "\n"
