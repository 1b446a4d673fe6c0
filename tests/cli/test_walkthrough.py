#!/usr/bin/env python3
"""The story of docs/WALKTHROUGH.md from end to end: Pending, because one name server does not
answer; found, mended, verified; a glitch that is tolerated; an outage that revokes; recovery.

Time is given with --at, so that days pass in no time.
"""
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
import tap  # noqa: E402

SCENARIO = os.path.join(ROOT, "demo", "walkthrough.scn")
GUIDE = os.path.join(ROOT, "docs", "WALKTHROUGH.md")
DOMAIN = ["bakery.example", "7qmr2xkp", "c4tz9wvn", "h8sd5jlg"]
QUICK = ["--timeout", "0.4", "--tries", "1", "--late", "0"]
# what is wrong with which address: the text that follows "address ADDRESS {" in the scenario
SILENT = {"203.0.113.20": "    behave drop\n", "2001:db8:22::20": "    behave drop\n"}
DOWN = {a: "    behave drop\n" for a in ("192.0.2.20", "2001:db8:20::20", "198.51.100.20",
                                         "2001:db8:21::20", "203.0.113.20", "2001:db8:22::20")}


def scenario(broken):
    with open(SCENARIO, encoding="utf-8") as f:
        text = f.read()
    for address, behaviour in broken.items():
        block = f"address {address} {{\n"
        assert block in text, address
        text = text.replace(block, block + behaviour)
    return text


class Story:
    def __init__(self, t, prog, folder):
        self.t = t
        self.prog = prog
        self.path = os.path.join(folder, "lab.scn")
        self.db = os.path.join(folder, "watch.db")

    def serve(self, broken):
        with open(self.path, "w", encoding="utf-8") as f:
            f.write(scenario(broken))
        return tap.Serve(self.prog, self.path)

    def run(self, command, *more):
        return subprocess.run([self.prog, command, "--lab", self.path, *QUICK, *more, *DOMAIN],
                              capture_output=True, text=True, check=False)

    def round(self, at):
        p = self.run("watch", "--once", "--json", "--db", self.db, "--at", at)
        return json.loads(p.stdout)

    def chapter(self, name, broken, rounds):
        """Rounds at these times, and what each of them leads to."""
        with self.serve(broken):
            for at, outcome, status, transition in rounds:
                r = self.round(at)
                self.t.equal(f"{name}, {at}", (r["outcome"], r["status"], r["transition"]),
                             (outcome, status, transition))


def day(n, hour=0):
    return f"2026-11-{n:02}T{hour:02}:00:00Z"


def pending(s):
    """Status Pending, and why: found by dkim and by check, with the address that is silent."""
    with s.serve(SILENT):
        p = s.run("dkim", "--json")
        report = json.loads(p.stdout)
        found = {(f["id"], f["address"]) for f in report["findings"]
                 if f["severity"] in ("error", "warning")}
        s.t.equal("pending: dkim names the addresses that are silent", found,
                  {("record-luck", None), ("record-server-silent", "203.0.113.20"),
                   ("record-server-silent", "2001:db8:22::20")})
        s.t.equal("pending: what a verifier shows", report["status"], "PENDING")
        s.t.check("pending: some lookups find nothing", 0 < report["chance"] < 1,
                  report["chance"])
        p = subprocess.run([s.prog, "check", "--json", "--lab", s.path, *QUICK, DOMAIN[0]],
                           capture_output=True, text=True, check=False)
        ids = {(f["id"], f["address"]) for f in json.loads(p.stdout)["findings"]
               if f["severity"] == "error"}
        s.t.check("pending: check says that nothing comes back from them",
                  {("unresponsive", "203.0.113.20"), ("unresponsive", "2001:db8:22::20")} <= ids,
                  ids)


def guide(t):
    """The page tells of the same names and statuses."""
    with open(GUIDE, encoding="utf-8") as f:
        text = f.read()
    missing = [w for w in (*DOMAIN, "PENDING", "SUCCESS", "TEMPORARY_FAILURE", "FAILED",
                           "203.0.113.20", "demo/walkthrough.scn") if w not in text]
    t.equal("the guide tells the same story", missing, [])


def guide_history(t, text):
    """What history says, but for times and shares that differ from run to run, is in the guide."""
    with open(GUIDE, encoding="utf-8") as f:
        told = f.read()
    lines = text.split("SERVER AND ADDRESS")[0].splitlines()
    t.check("history shows its changes", "CHANGES" in lines, text)
    t.equal("the guide shows the history as it is", [x for x in lines if x not in told], [])


def main():
    a = tap.arguments()
    t = tap.Tap()
    guide(t)
    with tempfile.TemporaryDirectory() as folder:
        s = Story(t, a.prog, folder)
        pending(s)
        s.chapter("ns3 does not answer", SILENT, [
            (day(1, 9), "temporary", "PENDING", "started"),
            (day(1, 10), "temporary", "PENDING", "none")])
        s.chapter("ns3 is mended", {}, [
            (day(1, 11), "verified", "SUCCESS", "verified")])
        s.chapter("a glitch", SILENT, [
            (day(5, 1), "temporary", "SUCCESS", "none"),
            (day(5, 2), "temporary", "SUCCESS", "none"),
            (day(5, 3), "temporary", "SUCCESS", "none")])
        s.chapter("the glitch is over", {}, [
            (day(5, 4), "verified", "SUCCESS", "none")])
        s.chapter("a long outage", DOWN, [
            (day(9, 0), "temporary", "SUCCESS", "none"),
            (day(9, 1), "temporary", "SUCCESS", "none"),
            (day(9, 2), "temporary", "SUCCESS", "none"),
            (day(9, 3), "temporary", "TEMPORARY_FAILURE", "troubled"),
            (day(11, 23), "temporary", "TEMPORARY_FAILURE", "none"),
            (day(12, 1), "temporary", "FAILED", "revoked")])
        s.chapter("recovery", {}, [
            (day(13, 0), "verified", "SUCCESS", "recovered")])
        p = subprocess.run([a.prog, "history", "--db", s.db, "--json", DOMAIN[0]],
                           capture_output=True, text=True, check=False)
        t.equal("history tells all of it", [c["transition"] for c in
                                           json.loads(p.stdout)["changes"]],
                ["started", "verified", "troubled", "revoked", "recovered"])
        p = subprocess.run([a.prog, "history", "--db", s.db, DOMAIN[0]], capture_output=True,
                           text=True, check=False)
        guide_history(t, p.stdout)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
