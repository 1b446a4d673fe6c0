#!/usr/bin/env python3
"""Every scenario of the embedded lab: exactly the findings that it deserves.

A scenario is a file NAME.scn beside this one, or in tests/dkim. `#expect` lines say what must be
found:

    #check DOMAIN [OPTION...]     the call; default: zone.test
    #dkim DOMAIN [WORD...]        the call is one of dkim; quoted as in a shell
    #status WORD                  the status that dkim must show
    #expect ID SUBJECT            one finding of severity warning or error; SUBJECT is an
                                  address, a server's name, or - for the zone
    #text ID WORDS                these words must be in the text or the fix of such a finding
    #first ID SUBJECT             the finding that must stand first: the root cause. Not needed where
                                  one warning or error alone is expected
    #cause ID WORDS               how the most probable cause of such a finding begins
    #notice ID SUBJECT            a notice or info that must be there too
    #never ID                     a finding that must not be there at all
    #exit N                       the exit code

All warnings and errors must be listed: one too many is a failure as one missing is.
NAME.inc (as prelude.inc: root and TLD) is put in front of a scenario that says `#with NAME`.
"""
import glob
import json
import os
import shlex
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import same_diagnosis  # noqa: E402
import schema  # noqa: E402
import tap  # noqa: E402

FOLDERS = ("scenarios", "dkim")


class Scenario:
    def __init__(self, path):
        self.name = os.path.basename(path)[: -len(".scn")]
        with open(path, encoding="utf-8") as f:
            self.text = f.read()
        self.command = "check"
        self.words = ["zone.test"]
        self.expect = set()
        self.notices = set()
        self.never = set()
        self.texts = []
        self.first = None
        self.causes = []
        self.status = None
        self.code = 0
        for line in self.text.splitlines():
            key, _, rest = line.partition(" ")
            if not key.startswith("#"):
                continue
            words = rest.split()
            if key in ("#check", "#dkim"):
                self.command = key[1:]
                self.words = shlex.split(rest)
            elif key == "#expect":
                self.expect.add((words[0], words[1]))
            elif key == "#cause":
                self.causes.append((words[0], rest.partition(" ")[2].strip()))
            elif key == "#first":
                self.first = (words[0], words[1])
            elif key == "#notice":
                self.notices.add((words[0], words[1]))
            elif key == "#never":
                self.never.add(words[0])
            elif key == "#text":
                self.texts.append((words[0], rest.partition(" ")[2].strip()))
            elif key == "#status":
                self.status = words[0]
            elif key == "#exit":
                self.code = int(words[0])
            elif key == "#with":
                inc = os.path.join(os.path.dirname(path), words[0] + ".inc")
                with open(inc, encoding="utf-8") as f:
                    self.text = f.read() + self.text


def subject(finding):
    if finding["address"]:
        return finding["address"]
    if finding["server"]:
        return finding["server"].rstrip(".")
    return "-"


def check_causes(t, s, findings, shown):
    """The root cause stands first, and what follows from another names one that is there."""
    first = s.first or (min(s.expect) if len(s.expect) == 1 else None)
    if s.command == "check" and (s.expect or s.first):
        t.equal(f"{s.name}: first finding", first,
                (findings[0]["id"], subject(findings[0])) if findings else None)
    present = {(f["id"], f["server"], f["address"]) for f in findings}
    for f in findings:
        of = f["because_of"]
        if of is not None:
            t.check(f"{s.name}: cause of {f['id']} is there",
                    (of["id"], of["server"], of["address"]) in present - {
                        (f["id"], f["server"], f["address"])}, shown)
    for name, words in s.causes:
        got = [f["cause"] for f in findings if f["id"] == name and f["because_of"] is None]
        t.check(f"{s.name}: cause of {name}", got != [] and got[0].startswith(words), got)
    t.check(f"{s.name}: the first is a root cause",
            not findings or findings[0]["because_of"] is None, shown)


def run_one(t, prog, s):
    with tempfile.NamedTemporaryFile("w", suffix=".scn") as f:
        f.write(s.text)
        f.flush()
        with tap.Serve(prog, f.name) as serve:
            if not t.check(f"{s.name}: serves", serve.ready, serve.output):
                return
            p = subprocess.run([prog, s.command, "--json", "--lab", f.name, "--timeout", "0.4,0.6",
                                "--late", "0.6", "--pcap", f.name + ".pcap", *s.words],
                               capture_output=True, text=True, check=False)
    try:
        report = json.loads(p.stdout)
    except ValueError:
        t.check(f"{s.name}: JSON", False, p.stdout + p.stderr)
        return
    t.equal(f"{s.name}: as the schema says", schema.errors(report, schema.load(s.command)), "")
    findings = report["findings"]
    shown = "\n".join(f"{f['severity']} {f['id']} {subject(f)}: {f['text']}" for f in findings)
    severe = {(f["id"], subject(f)) for f in findings if f["severity"] in ("error", "warning")}
    every = {(f["id"], subject(f)) for f in findings}
    t.check(f"{s.name}: findings", severe == s.expect,
            f"missing {sorted(s.expect - severe)}\ntoo many {sorted(severe - s.expect)}\n{shown}")
    if s.notices:
        t.check(f"{s.name}: notices", s.notices <= every,
                f"missing {sorted(s.notices - every)}\n{shown}")
    for name, words in s.texts:
        t.check(f"{s.name}: {name} says '{words}'", any(
            f["id"] == name and words in f["text"] + "\n" + f["fix"] for f in findings),
                "\n".join(f["text"] + "\n" + f["fix"] for f in findings if f["id"] == name))
    if s.status is not None:
        t.equal(f"{s.name}: status", report["status"], s.status)
    for unwanted in sorted(s.never):
        t.check(f"{s.name}: no {unwanted}", all(f["id"] != unwanted for f in findings), shown)
    check_causes(t, s, findings, shown)
    t.equal(f"{s.name}: exit code", p.returncode, s.code)
    if s.command == "check":
        slow = s.words[s.words.index("--slow"):][:2] if "--slow" in s.words else []
        same_diagnosis.check(t, s.name, prog, f.name + ".pcap", p, slow)
    os.unlink(f.name + ".pcap")


def main():
    a = tap.arguments()
    t = tap.Tap()
    folders = [os.path.join(os.path.dirname(HERE), name) for name in FOLDERS]
    for path in sorted(p for d in folders for p in glob.glob(os.path.join(d, "*.scn"))):
        if not a.only or a.only in path:
            run_one(t, a.prog, Scenario(path))
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
