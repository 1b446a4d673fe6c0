#!/usr/bin/env python3
"""bulk over thousands of zones at real NSD and Knot, some of them broken, in a network namespace of
its own (root): every line has the one result that it must have, a sample is as `query` and `check`
have it, and memory does not grow with the list.

  tests/lab/test_bulk.py --prog build/release/nsprobe [--queries N] [--checks N]

A million questions and ten thousand checks are asked by the options; CI asks fewer.
"""
import argparse
import collections
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import net as lab_net  # noqa: E402
import tap  # noqa: E402
from test_watch_many import conf, ready, write  # noqa: E402

MEMORY = 300 << 10  # KiB
PARENT = "127.0.9.1"
NSD = [f"127.0.10.{i}" for i in range(1, 5)]
KNOT = [f"127.0.20.{i}" for i in range(1, 5)]
CLOSED = "127.0.30.1"  # nothing listens
SILENT = "127.0.31.1"  # a firewall drops all
KINDS = ("healthy", "healthy", "lame", "stale", "closed", "ns-differs", "missing", "silent")
DROP = f"table inet f {{\n chain i {{\n type filter hook input priority 0;\n ip daddr {SILENT} drop\n" \
       " }\n}\n"
FREE = ["--rate", "0", "--address-rate", "0", "--prefix-rate", "0", "--address-at-once", "0",
        "--prefix-at-once", "0"]
QUICK = ["-4", "--timeout", "0.3,0.6", "--tries", "2", "--late", "0"]
CALM = ["-4", "--timeout", "1,2", "--tries", "2", "--late", "0"]
SAMPLE = 40


def kind_of(i):
    return KINDS[i % len(KINDS)]


def second(i):
    """The address of ns2."""
    return {"closed": CLOSED, "silent": SILENT}.get(kind_of(i), KNOT[i // 8 % 4])


def zone_text(i, serial):
    text = f"$TTL 300\n@ SOA ns1 host {serial} 7200 900 1209600 300\n@ NS ns1\n@ NS ns2\n" \
           f"ns1 A {NSD[i // 8 % 4]}\nns2 A {second(i)}\n@ TXT \"v=spf1 -all\"\n"
    if kind_of(i) == "ns-differs":
        text += f"@ NS ns3\nns3 A {KNOT[3 - i // 8 % 4]}\n"
    text += "".join(f"w{n} A 192.0.2.{n}\n" for n in range(50))
    return text + "big TXT " + " ".join(f"\"{'x' * 200}\"" for _ in range(10)) + "\n"


def start_parent(folder, domains):
    text = "$TTL 3600\n@ SOA a.nic. host. 1 7200 900 1209600 300\n@ NS a.nic.\n" \
           f"a.nic. A {PARENT}\n"
    for i in range(domains):
        if kind_of(i) != "missing":
            text += f"d{i}.many. NS ns1.d{i}.many.\nd{i}.many. NS ns2.d{i}.many.\n" \
                    f"ns1.d{i}.many. A {NSD[i // 8 % 4]}\nns2.d{i}.many. A {second(i)}\n"
    path = os.path.join(folder, "conf")
    conf(path, [PARENT], [(".", write(folder, "root", text))])
    return ["nsd", "-d", "-c", path]


def start_nsd(folder, domains):
    zones = []
    for i in range(domains):
        if kind_of(i) not in ("lame", "missing"):
            name = f"{i % 32}.zone"
            if not os.path.exists(os.path.join(folder, name)):
                write(folder, name, zone_text(i, 2026010101 if kind_of(i) == "stale" else 2026112401))
            zones.append((f"d{i}.many", os.path.join(folder, name)))
    path = os.path.join(folder, "conf")
    conf(path, NSD, zones)
    return ["nsd", "-d", "-c", path]


def start_knot(folder, domains):
    text = f"""server:
    rundir: "{folder}"
    listen: [ {", ".join(a + "@53" for a in KNOT)} ]
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "{folder}/db"
log:
  - target: stderr
    any: error
template:
  - id: default
    journal-content: none
    zonefile-sync: -1
    zonefile-load: whole
zone:
"""
    for i in range(domains):
        if kind_of(i) not in ("closed", "missing", "silent"):
            name = f"{i % 32}.zone"
            if not os.path.exists(os.path.join(folder, name)):
                write(folder, name, zone_text(i, 2026112401))
            text += f"  - domain: d{i}.many.\n    file: \"{folder}/{name}\"\n"
    return ["knotd", "-c", write(folder, "conf", text)]


def start_silent(folder, _):
    subprocess.run(["nft", "-f", write(folder, "nft", DROP)], check=True)
    return ["sleep", "infinity"]


STARTS = {"parent": start_parent, "nsd": start_nsd, "knot": start_knot, "silent": start_silent}


def question(n, domains, rng):
    """A line of the list, and what must come of it: outcome, rcode, records in the answer."""
    i = rng.randrange(domains)
    kind = kind_of(i)
    nsd, knot = NSD[i // 8 % 4], KNOT[i // 8 % 4]
    www = f"w{n % 50}.d{i}.many"
    if n % 1000 == 7:
        return f"{SILENT} {www} A", ("silent", None, None)
    if n % 200 == 4:
        return f"{CLOSED} {www} A", ("icmp", None, None)
    if kind == "missing":
        return f"{PARENT} {www} A", ("answered", "NXDOMAIN", 0)
    if kind == "lame":
        return f"{nsd} {www} A", ("answered", "REFUSED", 0)
    server = knot if n % 2 and kind not in ("closed", "silent") else nsd
    if n % 500 == 1:
        return f"{server} big.d{i}.many TXT", ("answered", "NOERROR", 1)
    if n % 10 == 3:
        return f"{server} no{n}.d{i}.many A", ("answered", "NXDOMAIN", 0)
    if n % 10 == 5:
        return f"{server} {www} AAAA", ("answered", "NOERROR", 0)
    return f"{server} {www}", ("answered", "NOERROR", 1)


class Run:
    """Exit code, KiB at most, seconds and seconds of CPU of one command."""

    def __init__(self, build, folder, argv):
        told = os.path.join(folder, "peak")
        begin = time.monotonic()
        p = subprocess.Popen([f"{build}/bench/peak", told, *argv])
        _, p.returncode, usage = os.wait4(p.pid, 0)
        self.took = time.monotonic() - begin
        self.cpu = usage.ru_utime + usage.ru_stime
        with open(told, encoding="ascii") as f:
            self.kib, self.code = (int(x) for x in f.read().split())

    def told(self, what, count):
        return f"{count} {what}: {self.took:.1f} s, {1e6 * self.cpu / count:.1f} us of CPU each, " \
               f"{self.kib} KiB at most"


def records(found):
    """The answer as bulk prints it, of what query --json has."""
    return [f"{r['name']} {r['ttl']} {r['class']} {r['type']} {r['text']}" for r in found["answer"]]


def as_query(t, prog, line, got):
    address, name, *kind = line.split()
    p = subprocess.run([prog, "query", "@" + address, name, kind[0] if kind else "A", "--json",
                        *QUICK[1:3], "--tries", "2"], capture_output=True, text=True, check=False)
    alone = json.loads(p.stdout)
    same = alone["outcome"] == got["outcome"] and alone["transport"] == got["transport"]
    if alone.get("reply"):
        r = alone["reply"]
        # servers may turn the order of records
        same = same and r["rcode"] == got["rcode"] and sorted(records(r)) == sorted(got["answer"]) \
            and sorted(k for k, v in r["flags"].items() if v and k != "qr") == sorted(got["flags"])
    if not same:
        t.check(f"{line}: as query has it", False, f"{got}\n{p.stdout}")
    return same


def queries(t, prog, folder, count, domains):
    rng = random.Random(6)
    path = os.path.join(folder, "questions")
    wanted = []
    with open(path, "w", encoding="ascii") as f:
        for n in range(count):
            line, outcome = question(n, domains, rng)
            f.write(line + "\n")
            wanted.append(outcome)
    out = os.path.join(folder, "results")
    r = Run(os.path.dirname(prog), folder, [
        prog, "bulk", "--query", "--quiet", "-f", path, "-o", out, *QUICK, *FREE])
    t.equal("questions: exit code", r.code, 0)
    t.check(f"questions: {r.kib} KiB at most", r.kib < MEMORY)
    seen = bytearray(count + 1)
    wrong = collections.Counter()
    kept = {}
    chosen = set(rng.sample(range(1, count + 1), SAMPLE)) | {5, 8, 502}
    with open(out, encoding="utf-8") as f:
        for text in f:
            x = json.loads(text)
            seen[x["line"]] += 1
            got = (x["outcome"], x.get("rcode"), x["counts"][0] if "counts" in x else None)
            if got != wanted[x["line"] - 1]:
                wrong[f"{got}, not {wanted[x['line'] - 1]}"] += 1
            if x["line"] in chosen:
                kept[x["line"]] = x
    t.check("questions: each line has one result", set(seen[1:]) == {1},
            f"{seen[1:].count(0)} lines have none")
    t.check("questions: each has the result that it must have", not wrong, wrong)
    with open(path, encoding="ascii") as f:
        lines = {n: x.strip() for n, x in enumerate(f, 1) if n in kept}
    t.check(f"questions: {len(kept)} of them as query has them",
            all([as_query(t, prog, lines[n], x) for n, x in kept.items()]))
    print("# " + r.told("questions", count))
    os.unlink(out)


def findings(report):
    return sorted((f["id"], f["severity"], str(f["address"])) for f in report["findings"])


def checks(t, prog, folder, count, domains):
    path = write(folder, "domains", "".join(f"d{i % domains}.many\n" for i in range(count)))
    out = os.path.join(folder, "checked")
    r = Run(os.path.dirname(prog), folder, [
        prog, "bulk", "--quiet", "-f", path, "-o", out, "--from", PARENT, *CALM, *FREE])
    with open(out, encoding="utf-8") as f:
        results = {x["line"]: x for x in map(json.loads, f)}
    t.equal("checks: exit code", r.code, 0)
    t.equal("checks: a result for each line", sorted(results), list(range(1, count + 1)))
    t.check(f"checks: {r.kib} KiB at most", r.kib < MEMORY)
    for i, kind in enumerate(KINDS):
        same = [findings(results[n + 1]) for n in range(i, count, len(KINDS))]
        ids = collections.Counter(tuple(sorted({x[0] for x in f})) for f in same)
        t.equal(f"checks: all domains that are {kind} have the same findings", len(ids), 1)
        for n in (i, i + len(KINDS)):
            p = subprocess.run([prog, "check", "--json", "--from", PARENT, *CALM, f"d{n}.many"],
                               capture_output=True, text=True, check=False)
            alone = json.loads(p.stdout)
            t.equal(f"checks: d{n}.many, {kind}, as check has it",
                    (results[n + 1]["verdict"], findings(results[n + 1])),
                    (alone["verdict"], findings(alone)))
    print("# " + r.told("checks", count) +
          f", {sum(x['exchanges'] for x in results.values()) / count:.0f} exchanges each")


def inside(a):
    t = tap.Tap()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    processes = []
    domains = 400 if a.checks <= 400 else a.checks
    top = tempfile.mkdtemp(prefix="nsprobe-bulk-")
    try:
        for name, start in STARTS.items():
            folder = os.path.join(top, name)
            os.mkdir(folder)
            processes.append(subprocess.Popen(start(folder, domains), stderr=subprocess.DEVNULL))
        for address, name in ((PARENT, "."), (NSD[3], f"d{domains - 8}.many"),
                              (KNOT[3], f"d{domains - 8}.many")):
            t.check(f"{address} answers", ready(address, name))
        queries(t, a.prog, top, a.queries, domains)
        checks(t, a.prog, top, a.checks, domains)
    finally:
        for p in processes:
            p.terminate()
            p.wait()
        shutil.rmtree(top, ignore_errors=True)
    return t.done()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--prog", required=True)
    p.add_argument("--queries", type=int, default=100000)
    p.add_argument("--checks", type=int, default=400)
    p.add_argument("--inside", action="store_true")
    a = p.parse_args()
    a.prog = os.path.abspath(a.prog)
    if a.inside:
        return inside(a)
    why = lab_net.usable()
    if why:
        t = tap.Tap()
        t.skip("bulk over many zones", why)
        return t.done()
    os.environ["PATH"] += ":/usr/sbin"
    os.execvp("unshare", ["unshare", "-n", sys.executable, *sys.argv, "--inside"])
    return 1


if __name__ == "__main__":
    sys.exit(main())
