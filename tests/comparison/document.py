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


def times(results, bulk):
    """The section on wall time. bulk is how long all zones took in one command."""
    broken = [r for r in results if r["zone"] != table.CONTROL.name]
    quick = [r for r in broken if r["seconds"][0] < 1]
    slow = [r for r in broken if r["seconds"][0] >= 1]
    ratios = [r["seconds"][1] / r["seconds"][0] for r in broken]
    rows = [("all zones, one after the other", broken),
            (f"of these: nobody is silent ({len(quick)} zones)", quick),
            (f"of these: somebody is silent ({len(slow)} zones)", slow)]
    text = "## Wall time\n" \
           "All in the same run, with each program's default timeouts.\n\n" \
           "| zones | nsprobe | zonemaster-cli | ratio | dnsviz | ratio |\n|---|---|---|---|---|---|\n"
    for name, part in rows:
        if not part:
            continue
        a, b, c = (total(part, i) for i in range(3))
        text += f"| {name} | {a:.2f} s | {b:.1f} s | {b / a:.1f} | {c:.1f} s | {c / a:.1f} |\n"
    b, c = total(broken, 1), total(broken, 2)
    text += f"| all zones, `nsprobe bulk --full` | {bulk:.2f} s | {b:.1f} s | {b / bulk:.1f} | " \
            f"{c:.1f} s | {c / bulk:.1f} |\n\n"
    text += f"The median over the zones of the ratio to zonemaster-cli is " \
            f"{statistics.median(ratios):.0f}. Where an address is silent nsprobe takes one schedule " \
            "of timeouts, 8 seconds with its defaults, whatever the number of questions, and the " \
            "ratio is that of the timeouts alone. In the last line one process looks at all zones " \
            "at the same time, which the peers cannot; its findings are the same. That ratio is no " \
            "like for like: it grows with the number of silent zones.\n\n"
    return text


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


def of(results, peers, missed, bulk):
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
    text += times(results, bulk)
    text += "## Zones\n"
    for r in results:
        control = r["zone"] == table.CONTROL.name
        text += section(peers, r, set() if control else skip_peers, set() if control else skip_ours)
    return text.rstrip() + "\n"
