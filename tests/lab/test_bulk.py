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
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import tap  # noqa: E402
from bulk_net import (CALM, FREE, KINDS, PARENT, QUICK, Run, Zones, begin, enter,  # noqa: E402
                      question)
from test_watch_many import write  # noqa: E402

MEMORY = 300 << 10  # KiB
SAMPLE = 40


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
    r = Run(folder, [
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
    r = Run(folder, [
        prog, "bulk", "--quiet", "-f", path, "-o", out, "--threads", "16",
        "--from", PARENT, *CALM, *FREE])
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
    begin()
    with Zones(a.domains or max(400, a.checks)) as zones:
        zones.check(t)
        queries(t, a.prog, zones.folder, a.queries, zones.domains)
        checks(t, a.prog, zones.folder, a.checks, zones.domains)
    return t.done()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--prog", required=True)
    p.add_argument("--queries", type=int, default=100000)
    p.add_argument("--checks", type=int, default=400)
    p.add_argument("--domains", type=int, help="zones; as many as checks, and 400 at least")
    p.add_argument("--inside", action="store_true")
    a = p.parse_args()
    a.prog = os.path.abspath(a.prog)
    return inside(a) if a.inside else enter("bulk over many zones")


if __name__ == "__main__":
    sys.exit(main())
