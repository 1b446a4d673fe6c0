#!/usr/bin/env python3
"""nsprobe explain: every finding and every test case of the peers can be explained; what is not
known leads to what is near."""
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


def run(prog, *words):
    return subprocess.run([prog, "explain", *words], capture_output=True, text=True, check=False)


def of_kind(kind):
    whole = schema.load("explain")
    return dict(whole["$defs"][kind], **{"$defs": whole["$defs"]})


def lists(t, prog):
    """The lists are complete, and all that they name can be explained."""
    with open(os.path.join(ROOT, "docs", "FINDINGS.md"), encoding="utf-8") as f:
        doc = f.read()
    headings = re.findall(r"^## ([a-z0-9-]+)$", doc, re.M)
    p = run(prog, "--list")
    ids = [line.split()[1] for line in p.stdout.splitlines()]
    t.equal("--list: what docs/FINDINGS.md has", ids, headings)
    t.check("--list: in 80 columns", max(map(len, p.stdout.splitlines())) <= 80, p.stdout)
    p = run(prog, "--peers")
    t.check("--peers: in 80 columns", max(map(len, p.stdout.splitlines())) <= 80, p.stdout)
    findings = [json.loads(line) for line in run(prog, "--list", "--json").stdout.splitlines()]
    cases = [json.loads(line) for line in run(prog, "--peers", "--json").stdout.splitlines()]
    t.equal("--list --json: all", [f["id"] for f in findings], ids)
    found = [schema.errors(f, of_kind("finding")) for f in findings] + \
        [schema.errors(c, of_kind("case")) for c in cases]
    t.equal("--json: as the schema says", [e for e in found if e], [])
    t.check("every case names findings or a reason",
            all(c["findings"] or c["remark"] for c in cases))
    t.check("both sides of the table agree", all(
        (c in f["peers"]) == (f["id"] in c["findings"]) for f in findings for c in cases))
    table = doc[doc.index("## What the peers test"):doc.index("## All findings")]
    rows = re.findall(r"^\| ([A-Za-z0-9_@]+) \| [^|]+ \| [^|]+ \| [^|]* \|$", table, re.M)
    t.equal("docs/FINDINGS.md has every case", [r for r in rows if r != "case"],
            [c["case"] for c in cases])
    p = run(prog, *ids[:100])
    q = run(prog, *ids[100:], *(c["case"] for c in cases[:100]))
    text = p.stdout + q.stdout
    t.check("every finding can be explained", p.returncode == 0 and q.returncode == 0 and all(
        re.search(rf"^(error|warning|notice|info) +{i}$", text, re.M) for i in ids), text[-400:])
    t.check("explained in 80 columns", max(map(len, text.splitlines())) <= 80,
            "\n".join(line for line in text.splitlines() if len(line) > 80))


def words(t, prog):
    p = run(prog, "glue-dead")
    t.check("a finding: severity, cause, fix, source, peers", p.returncode == 0 and all(
        w in p.stdout for w in ("error", "cause", "registrar", "RFC 1912", "Zonemaster",
                                "CONSISTENCY05", "EXTRA_GLUE_IPV4")), p.stdout)
    p = run(prog, "delegation05")
    t.check("a peer's case, in any case", p.returncode == 0 and "ns-is-cname" in p.stdout, p.stdout)
    upper = run(prog, "LAME-Refused")
    t.check("a finding, in any case", upper.returncode == 0 and upper.stdout ==
            run(prog, "lame-refused").stdout, upper.stdout + upper.stderr)
    p = run(prog, "CONNECTIVITY03")
    t.check("a case that is not covered says why", "not covered" in p.stdout, p.stdout)
    p = run(prog, "edns")
    t.check("'edns' is a peer's case", p.returncode == 0 and "edns-dropped" in p.stdout, p.stdout)
    for word, wanted in (("glue-deaf", ["'glue-dead'"]), ("glue", ["'glue-missing'", "' or '"]),
                         ("lame", ["'lame-refused'"]), ("nothing-like-it", ["--list"])):
        p = run(prog, word)
        t.check(f"'{word}' is not known", p.returncode == 64 and p.stdout == "" and
                len(p.stderr.splitlines()) == 1 and word in p.stderr and
                all(w in p.stderr for w in wanted), f"{p.returncode} {p.stderr}")
    p = run(prog)
    t.check("no word: usage", p.returncode == 64 and "--list" in p.stderr, p.stderr)
    p = run(prog, "malformed", "nosuchfinding")
    t.check("nothing is shown when one word is wrong", p.returncode == 64 and p.stdout == "",
            p.stdout)


def main():
    a = tap.arguments()
    t = tap.Tap()
    lists(t, a.prog)
    words(t, a.prog)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
