#!/usr/bin/env python3
"""nsprobe beside zonemaster-cli and dnsviz, on one lab of broken zones, zone by zone (root).

    run.py --prog build/release/nsprobe --write docs/COMPARISON.md   # all three; needs the peers
    run.py --prog build/release/nsprobe                              # a test: nsprobe alone

What the peers say is kept in peers.json, so that the test needs none of them: it fails when nsprobe
no longer finds what they found. Everything runs in a network namespace of its own.
"""
import argparse
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import document  # noqa: E402
import mapping  # noqa: E402
import tap  # noqa: E402
import zones as table  # noqa: E402
from lab import Lab, ROOT  # noqa: E402

RECORD = os.path.join(HERE, "peers.json")
INSIDE = "NSPROBE_COMPARISON_INSIDE"
SCHEDULE = 8  # seconds, of tries and the wait for late replies: the default
# A schedule for a network that is near: a server that needs longer than all of it is silent then.
SHORT = ("--timeout", "0.2,0.2,0.2", "--late", "0.2")


def timed(*argv):
    start = time.monotonic()
    p = subprocess.run(argv, capture_output=True, text=True, check=False)
    return p, time.monotonic() - start


def ask_nsprobe(prog, lab, zone, *options):
    """Findings, seconds, and after how many of them the last question was first sent."""
    p, seconds = timed(prog, "check", "--json", "--hints", lab.hints, *options, zone)
    if p.returncode > 2:
        raise RuntimeError(f"nsprobe: {zone}: {p.stdout[:300]}{p.stderr}")
    told = json.loads(p.stdout)
    last = max(x["events"][0]["time"] for x in told["exchanges"])
    return [(f["id"], f["severity"]) for f in told["findings"]], seconds, last


def ask_zonemaster(lab, zone):
    p, seconds = timed("zonemaster-cli", "--no-ipv6", "--hints", lab.hints, "--level", "NOTICE",
                       "--show-testcase", "--json", zone)
    said = [("zonemaster", m["testcase"], m["tag"], m["level"]) for m in json.loads(p.stdout)]
    return sorted(set(said)), seconds


def codes(value, level=""):
    """Every code of an error or a warning, wherever it stands in what grok prints."""
    if isinstance(value, list):
        return [c for v in value for c in codes(v, level)]
    if not isinstance(value, dict):
        return []
    found = [("dnsviz", value["code"], value["code"], level)] if "code" in value else []
    for key, v in value.items():
        inner = key.upper().rstrip("S") if key.startswith(("error", "warning")) else level
        found += codes(v, inner)
    return found


def ask_dnsviz(lab, zone):
    path = os.path.join(lab.dir, "dnsviz.json")
    p, probing = timed("dnsviz", "probe", "-A", "-4", "-E", "-a", ".", "-x",
                       f".+:a.root-servers.net={ROOT}", "-o", path, zone)
    if p.returncode:
        raise RuntimeError(f"dnsviz probe: {zone}: {p.stderr}")
    p, judging = timed("dnsviz", "grok", "-l", "warning", "-r", path)
    if p.returncode:
        raise RuntimeError(f"dnsviz grok: {zone}: {p.stderr}")
    said = codes(json.loads(p.stdout or "{}").get(zone + ".", {}))
    return sorted(set(said)), probing + judging


def files_for_peers(lab):
    """What the peers read of the system comes from the lab, in this mount namespace alone."""
    resolv = os.path.join(lab.dir, "resolv.conf")
    with open(resolv, "w", encoding="ascii") as f:
        f.write(f"nameserver {lab.hosts['open']}\n")
    for mine, path in ((lab.hints, "/usr/share/dns/root.hints"), (resolv, "/etc/resolv.conf")):
        if os.path.exists(path):
            subprocess.run(["mount", "--bind", mine, path], check=True)


def compare(prog, zones):
    results = []
    with Lab(prog, zones) as lab:
        files_for_peers(lab)
        for z in zones:
            name = z.name + ".test"
            ours, t_ours, _ = ask_nsprobe(prog, lab, name)
            short, t_short, _ = ask_nsprobe(prog, lab, name, *SHORT)
            zonemaster, t_zonemaster = ask_zonemaster(lab, name)
            dnsviz, t_dnsviz = ask_dnsviz(lab, name)
            results.append({"zone": z.name, "fault": z.fault, "ours": ours,
                            "peers": zonemaster + dnsviz, "short": short, "short_seconds": t_short,
                            "seconds": [t_ours, t_zonemaster, t_dnsviz]})
            print(f"{z.name:18} {t_ours:7.2f} s  short {t_short:5.2f} s  "
                  f"zonemaster {t_zonemaster:7.2f} s  dnsviz {t_dnsviz:7.2f} s", flush=True)
            show_missed(results[-1])
        seconds = at_once(prog, lab, results)
    return results, seconds


def at_once(prog, lab, results):
    """All zones with one command; what it finds must be what check found."""
    path = os.path.join(lab.dir, "list")
    with open(path, "w", encoding="ascii") as f:
        f.writelines(f"{r['zone']}.test\n" for r in results)
    p, seconds = timed(prog, "bulk", "-f", path, "--full", "--hints", lab.hints, "--threads", "64",
                       "--rate", "0", "--address-rate", "0", "--prefix-rate", "0",
                       "--address-at-once", "64", "--prefix-at-once", "1000", "--quiet")
    found = {}
    for line in p.stdout.splitlines():
        report = json.loads(line)
        found[report["domain"].rstrip(".")] = sorted((f["id"], f["severity"])
                                                     for f in report.get("findings", []))
    for r in results:
        if found.get(r["zone"] + ".test") != sorted(r["ours"]):
            print(f"bulk: {r['zone']}: {found.get(r['zone'] + '.test')}, check: {sorted(r['ours'])}")
    print(f"all at once {seconds:.2f} s")
    return seconds


def show_missed(result):
    for key in ("ours", "short"):
        for m in missed(mapping.peers(), {**result, "ours": result[key]}):
            found = " ".join(sorted({i for i, _ in result[key]}))
            print(f"    missed: {' '.join(m)}   ({key}: {found})")


def missed(peers, result):
    ours = sorted({i for i, _ in result["ours"]})
    return [m for m in result["peers"] if not mapping.covering(peers, tuple(m[:3]), ours)
            and (m[0], m[2]) not in document.EXCUSED]


def has_nat():
    rules = "table ip try { chain o { type nat hook output priority -100; }; }"
    p = subprocess.run(["nft", rules], capture_output=True, text=True, check=False)
    return p.returncode == 0


def test(prog, zones):
    t = tap.Tap()
    if not has_nat():
        print("# nft has no NAT here: the zones that nsprobe serve plays are left out")
        zones = [z for z in zones if all(s.software != "serve" for s in z.own.values())]
    peers = mapping.peers()
    with open(RECORD, encoding="ascii") as f:
        recorded = {r["zone"]: r["peers"] for r in json.load(f)}
    with Lab(prog, zones) as lab, concurrent.futures.ThreadPoolExecutor(8) as pool:
        asked = pool.map(lambda z: ask_nsprobe(prog, lab, z.name + ".test"), zones)
        for z, (ours, _, last) in zip(zones, asked):
            if not t.check(f"{z.name}: the peers were asked", z.name in recorded):
                continue
            left = missed(peers, {"ours": ours, "peers": recorded[z.name]})
            t.check(f"{z.name}: nothing that they find is missed", not left,
                    f"{left}\nours: {ours}")
            t.check(f"{z.name}: all is asked within one schedule of timeouts", last < SCHEDULE, last)
            if z is not table.CONTROL:
                t.check(f"{z.name}: something is found", any(s != "info" for i, s in ours
                        if i not in document.EVERYWHERE), ours)
    return t.done()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--prog", required=True)
    parser.add_argument("--only", help="zones with one of these, separated by commas, in their name")
    parser.add_argument("--write", help="ask the peers too, and write this document")
    a = parser.parse_args()
    if INSIDE not in os.environ:
        tools = ["unshare", "nft", "nsd", "knotd", "named", "dnssec-signzone", "ldns-signzone"]
        tools += ["zonemaster-cli", "dnsviz"] if a.write else []
        lack = [x for x in tools if not shutil.which(x) and not shutil.which("/usr/sbin/" + x)]
        if os.geteuid() != 0 or lack:
            why = f"needs {' '.join(lack)}" if lack else "needs root"
            if a.write:
                sys.exit(why)
            t = tap.Tap()
            t.skip("comparison", why)
            return t.done()
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "--net", "--mount", sys.executable, *sys.argv])
    chosen = [z for z in [table.CONTROL, *table.ZONES] if not a.only or
              any(part in z.name for part in a.only.split(","))]
    if not a.write:
        return test(os.path.abspath(a.prog), chosen)
    results, bulk = compare(os.path.abspath(a.prog), chosen)
    with open(RECORD if not a.only else "/dev/null", "w", encoding="ascii") as f:
        json.dump([{"zone": r["zone"], "peers": r["peers"]} for r in results], f, indent=1)
        f.write("\n")
    with open(a.write, "w", encoding="ascii") as f:
        f.write(document.of(results, mapping.peers(), missed, bulk, SHORT))
    left = sum(len(missed(mapping.peers(), {**r, "ours": r[key]}))
               for r in results for key in ("ours", "short"))
    print(f"{left} missed")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
