#!/usr/bin/env python3
"""What --json prints is what docs/schema says; and the check of that notices what is wrong.

The scenarios of the embedded lab check their reports against the schema as well.
"""
import copy
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
import schema  # noqa: E402
import tap  # noqa: E402

SCENARIO = os.path.join(ROOT, "demo", "internet.scn")
QUICK = ["--timeout", "0.3", "--tries", "1", "--late", "0"]


def nsprobe(prog, *words):
    p = subprocess.run([prog, *words], capture_output=True, text=True, check=False)
    return p.stdout.splitlines(), p.returncode, p.stdout + p.stderr


def objects(t, name, lines, shown, count):
    """The JSON objects, one a line, or None when it is not as many as that."""
    try:
        values = [json.loads(line) for line in lines]
    except ValueError as e:
        t.check(f"{name}: JSON", False, f"{e}\n{shown}")
        return None
    return values if t.check(f"{name}: one object a line", len(values) == count, shown) else None


def conforms(t, name, values, wanted):
    found = "\n".join(filter(None, (schema.errors(v, wanted) for v in values or [])))
    t.check(f"{name}: as the schema says", values is not None and not found, found)


def check_reports(t, prog, wanted):
    """Reports of every kind; gives one with findings and octets back."""
    calls = [
        ("healthy and broken", ["bakery.example", "shop.example"], 2, 2),
        ("verbose", ["-v", "shop.example"], 1, 2),
        ("root", ["."], 1, None),
        ("not delegated", ["nothing.example"], 1, None),
        ("one family", ["-4", "shop.example"], 1, 2),
        ("undelegated", ["--undelegated", "--ns", "ns1.shop.example=192.0.2.30", "shop.example"],
         1, None),
    ]
    verbose = None
    for name, words, count, code in calls:
        name = f"check, {name}"
        lines, got, shown = nsprobe(prog, "check", "--json", "--lab", SCENARIO, *QUICK, *words)
        values = objects(t, name, lines, shown, count)
        conforms(t, name, values, wanted)
        if code is not None:
            t.equal(f"{name}: exit code", got, code)
        if values and "-v" in words:
            verbose = values[0]
    return verbose


def check_octets(t, report, prog):
    """Octets are there with --verbose alone, as many as size says."""
    events = [e for x in report["exchanges"] for e in x["events"] if "size" in e]
    t.check("verbose: some events have octets", any(e["size"] for e in events))
    t.check("verbose: size counts the octets",
            all(len(e.get("octets", "")) == 2 * e["size"] for e in events))
    lines, _, shown = nsprobe(prog, "check", "--json", "--lab", SCENARIO, *QUICK, "shop.example")
    values = objects(t, "brief", lines, shown, 1)
    t.check("brief: no octets", values is not None and not any(
        "octets" in e for x in values[0]["exchanges"] for e in x["events"]))


def check_references(t, report):
    """Findings point to what is in the report and to what docs/FINDINGS.md explains."""
    with open(os.path.join(ROOT, "docs", "FINDINGS.md"), encoding="utf-8") as f:
        explained = set(re.findall(r"[a-z0-9]+(?:-[a-z0-9]+)*", f.read()))
    ids = [x["id"] for x in report["exchanges"]]
    ranks = ["error", "warning", "notice", "info"]
    order = [ranks.index(f["severity"]) for f in report["findings"]]
    t.check("references: there are findings", order != [])
    t.check("references: worst first", order == sorted(order), order)
    t.equal("references: verdict", report["verdict"], ranks[min(order, default=0)])
    t.equal("references: exchanges count from 1", ids, list(range(1, len(ids) + 1)))
    for f in report["findings"]:
        t.check(f"references: {f['id']}: evidence", set(f["evidence"]) <= set(ids), f["evidence"])
        t.check(f"references: {f['id']}: explained", f["id"] in explained)


def check_queries(t, prog, wanted, served):
    """Replies of every kind. served: address to where it listens, of `nsprobe serve`."""
    at = "@" + served["192.0.2.20"]
    calls = [
        ("answer", [at, "bakery.example", "SOA"], 1),
        ("text record", [at, "bakery.example", "TXT", "+tcp"], 1),
        ("EDNS options", [at, "bakery.example", "NS", "+nsid", "+cookie", "+dnssec"], 1),
        ("no EDNS", [at, "bakery.example", "AAAA", "+noedns"], 1),
        ("no such name", [at, "nothing.bakery.example", "A"], 1),
        ("referral", ["@" + served["198.51.100.2"], "www.shop.example", "A"], 1),
        ("octets of our own", [at, "--send-hex", "0001" + "00" * 10], 1),
        ("two queries", [at, "bakery.example", "SOA", "ns1.bakery.example", "AAAA"], 2),
        ("nobody there", ["@127.53.99.99#5399", "bakery.example", "A"], 1),
        ("nobody there, TCP", ["@127.53.99.99#5399", "bakery.example", "A", "+tcp"], 1),
    ]
    replies = []
    for name, words, count in calls:
        name = f"query, {name}"
        lines, _, shown = nsprobe(prog, "query", "--json", *QUICK, *words)
        values = objects(t, name, lines, shown, count)
        conforms(t, name, values, wanted)
        replies += values or []
    t.check("query: some have a reply, some have none",
            {r["reply"] is None for r in replies} == {True, False})
    return replies[0]


def places(value, path=()):
    """The path of every object in a value, one of each kind (indices left out)."""
    if isinstance(value, dict):
        yield path
        for key, item in value.items():
            yield from places(item, path + (key,))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from places(item, path + (i,))


def part_of(value, path):
    for step in path:
        value = value[step]
    return value


def check_the_check(t, name, good, wanted):
    """A key too many, a key too few, or a value of another type is noticed in every object."""
    seen = set()
    for path in places(good):
        kind = tuple(s for s in path if not isinstance(s, int))
        if kind in seen or kind[-1:] == ("rdata",):
            continue
        seen.add(kind)
        shown = ".".join((name, *kind))
        bad = copy.deepcopy(good)
        part_of(bad, path)["surplus"] = 1
        t.check(f"{shown}: a surplus key is noticed", schema.errors(bad, wanted) != "")
        for key in part_of(good, path):
            bad = copy.deepcopy(good)
            part_of(bad, path)[key] = [None, "\0"]
            t.check(f"{shown}.{key}: a wrong value is noticed", schema.errors(bad, wanted) != "")
            if key in ("peer", "size", "octets", "icmp", "icmp_type", "icmp_code"):
                continue  # only where it applies
            bad = copy.deepcopy(good)
            del part_of(bad, path)[key]
            t.check(f"{shown}.{key}: its absence is noticed", schema.errors(bad, wanted) != "")


def main():
    a = tap.arguments()
    t = tap.Tap()
    of_check = schema.load("check")
    of_query = schema.load("query")
    of_dkim = schema.load("dkim")
    with tap.Serve(a.prog, SCENARIO) as serve:
        if not t.check("serves", serve.ready, serve.output):
            return t.done()
        served = dict(line.split()[:2] for line in serve.output.splitlines() if "#" in line)
        report = check_reports(t, a.prog, of_check)
        reply = check_queries(t, a.prog, of_query, served)
        if report is not None:
            check_octets(t, report, a.prog)
            check_references(t, report)
            check_the_check(t, "check", report, of_check)
        check_the_check(t, "query", reply, of_query)
        lines, _, shown = nsprobe(a.prog, "dkim", "--json", "-v", "--lab", SCENARIO, *QUICK,
                                  "florist.example", "bq7k2vw4")
        values = objects(t, "dkim", lines, shown, 1)
        conforms(t, "dkim", values, of_dkim)
        if values:
            check_the_check(t, "dkim", values[0], of_dkim)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
