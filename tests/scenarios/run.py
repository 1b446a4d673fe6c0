#!/usr/bin/env python3
"""Every scenario of the embedded lab: exactly the findings that it deserves.

A scenario is a file NAME.scn beside this one. `#expect` lines say what check must find:

    #check DOMAIN [OPTION...]     the call; default: zone.test
    #expect ID SUBJECT            one finding of severity warning or error; SUBJECT is an
                                  address, a server's name, or - for the zone
    #notice ID SUBJECT            a notice or info that must be there too
    #never ID                     a finding that must not be there at all
    #exit N                       the exit code

All warnings and errors must be listed: one too many is a failure as one missing is.
prelude.scn (root and TLD) is put in front of a scenario that begins with `#with prelude`.
"""
import glob
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import schema  # noqa: E402
import tap  # noqa: E402

SCHEMA = schema.load("check")


class Scenario:
    def __init__(self, path):
        self.name = os.path.basename(path)[: -len(".scn")]
        with open(path, encoding="utf-8") as f:
            self.text = f.read()
        self.calls = []
        self.expect = set()
        self.notices = set()
        self.never = set()
        self.code = 0
        for line in self.text.splitlines():
            words = line.split()
            if not words:
                continue
            if words[0] == "#check":
                self.calls = words[1:]
            elif words[0] == "#expect":
                self.expect.add((words[1], words[2]))
            elif words[0] == "#notice":
                self.notices.add((words[1], words[2]))
            elif words[0] == "#never":
                self.never.add(words[1])
            elif words[0] == "#exit":
                self.code = int(words[1])
            elif words[0] == "#with":
                with open(os.path.join(HERE, words[1] + ".inc"), encoding="utf-8") as f:
                    self.text = f.read() + self.text


def subject(finding):
    if finding["address"]:
        return finding["address"]
    if finding["server"]:
        return finding["server"].rstrip(".")
    return "-"


def run_one(t, prog, s):
    with tempfile.NamedTemporaryFile("w", suffix=".scn") as f:
        f.write(s.text)
        f.flush()
        with tap.Serve(prog, f.name) as serve:
            if not t.check(f"{s.name}: serves", serve.ready, serve.output):
                return
            call = s.calls or ["zone.test"]
            p = subprocess.run([prog, "check", "--json", "--lab", f.name, "--timeout", "0.4,0.6",
                                "--late", "0.6", *call], capture_output=True, text=True,
                               check=False)
    try:
        report = json.loads(p.stdout)
    except ValueError:
        t.check(f"{s.name}: JSON", False, p.stdout + p.stderr)
        return
    t.equal(f"{s.name}: as the schema says", schema.errors(report, SCHEMA), "")
    findings = report["findings"]
    shown = "\n".join(f"{f['severity']} {f['id']} {subject(f)}: {f['text']}" for f in findings)
    severe = {(f["id"], subject(f)) for f in findings if f["severity"] in ("error", "warning")}
    every = {(f["id"], subject(f)) for f in findings}
    t.check(f"{s.name}: findings", severe == s.expect,
            f"missing {sorted(s.expect - severe)}\ntoo many {sorted(severe - s.expect)}\n{shown}")
    if s.notices:
        t.check(f"{s.name}: notices", s.notices <= every,
                f"missing {sorted(s.notices - every)}\n{shown}")
    for unwanted in sorted(s.never):
        t.check(f"{s.name}: no {unwanted}", all(f["id"] != unwanted for f in findings), shown)
    t.equal(f"{s.name}: exit code", p.returncode, s.code)


def main():
    a = tap.arguments()
    t = tap.Tap()
    for path in sorted(glob.glob(os.path.join(HERE, "*.scn"))):
        if not a.only or a.only in path:
            run_one(t, a.prog, Scenario(path))
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
