#!/usr/bin/env python3
"""Runs of check recognised in captures: options, several runs, other traffic, captures cut short.

Every scenario is held against replay where it is run: tests/scenarios/run.py, tests/lab/run.py.
"""
import json
import os
import socket
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
import pcapmake as pm  # noqa: E402
import same_diagnosis as same  # noqa: E402
import tap  # noqa: E402

QUICK = ["--timeout", "0.4,0.6", "--late", "0.6"]


def scenario(d, *names):
    path = os.path.join(d, names[-1] + ".scn")
    with open(path, "w", encoding="utf-8") as out:
        for name in names:
            with open(os.path.join(ROOT, "tests", "scenarios", name), encoding="utf-8") as f:
                out.write(f.read())
    return path


class Lab:
    def __init__(self, t, prog, d):
        self.t, self.prog, self.d, self.count = t, prog, d, 0
        self.scn = scenario(d, "prelude.inc", "unresponsive.scn")

    def live(self, *words):
        """check of some domain with its packets: (the finished process, path of the pcap)."""
        self.count += 1
        path = os.path.join(self.d, f"{self.count}.pcap")
        quick = [] if "--timeout" in words else QUICK
        p = subprocess.run([self.prog, "check", "--json", "--lab", self.scn, "--pcap", path, *quick,
                            *words], capture_output=True, text=True, check=False)
        return p, path


OPTIONS = [["zone.test", "-4"], ["zone.test", "--timeout", "0.4"],
           ["zone.test", "--timeout", "0.3,0.3,0.3,0.5"], ["www.zone.test"], ["nosuch.test"],
           ["test"], ["."],
           ["zone.test", "--ns", "ns1.zone.test=192.0.2.1"],
           ["zone.test", "--ns", "ns1.zone.test=192.0.2.1", "--ns", "ns2.zone.test=198.51.100.10"],
           ["zone.test", "--undelegated", "--ns", "ns1.zone.test=192.0.2.1", "--ns",
            "ns2.zone.test=198.51.100.10"],
           ["zone.test", "--thorough"]]


def option_tests(lab):
    for words in OPTIONS:
        p, path = lab.live(*words)
        same.check(lab.t, " ".join(words), lab.prog, path, p)


def records_of(path):
    """(time, packet) of each record of a pcap that check wrote."""
    with open(path, "rb") as f:
        data = f.read()
    at, out = 24, []
    while at < len(data):
        s, ns, size, _ = (int.from_bytes(data[at + i:at + i + 4], "little") for i in (0, 4, 8, 12))
        out.append((s * 10**9 + ns, data[at + 16:at + 16 + size]))
        at += 16 + size
    return out


def write(path, records):
    with open(path, "wb") as f:
        f.write(b"".join(v.to_bytes(4, "little") for v in
                         (0xa1b23c4d, 0x00040002, 0, 0, 262144, 101)))
        for at, packet in records:
            f.write(b"".join(v.to_bytes(4, "little") for v in
                             (at // 10**9, at % 10**9, len(packet), len(packet))) + packet)


def same_findings(t, name, found, reports):
    got = sorted(map(same.key, found))
    wanted = sorted(same.key(f) for r in reports for f in r["findings"])
    t.check(f"{name}: the findings of check", got == wanted,
            "\n".join([f"- {k}" for k in wanted if k not in got] +
                      [f"+ {k}" for k in got if k not in wanted]))


def several_tests(lab):
    """Three runs in one capture, two of the same domain."""
    t, runs, reports = lab.t, [], []
    for domain in ("zone.test", "nosuch.test", "zone.test"):
        p, path = lab.live(domain)
        runs.append(path)
        reports.append(json.loads(p.stdout))
    path = os.path.join(lab.d, "several.pcap")
    write(path, [r for run in runs for r in records_of(run)])
    p, found, findings, others, _ = same.replayed(lab.prog, path)
    t.equal("several runs: each is told", [r["domain"] for r in found],
            ["zone.test.", "nosuch.test.", "zone.test."])
    same_findings(t, "several runs", findings, reports)
    t.equal("several runs: and no others", others, [])
    t.equal("several files are one capture", same.replayed(lab.prog, *runs[::-1])[1], found)
    for threads in "123":
        q = same.replayed(lab.prog, path, "--threads", threads)[0]
        t.check(f"the same with --threads {threads}", q.stdout == p.stdout, q.stdout)
    text = subprocess.run([lab.prog, "replay", path], capture_output=True, text=True,
                          check=False).stdout
    t.check("several runs: in text, in 80 columns", text.count("A run of nsprobe check") == 3 and
            max(map(len, text.splitlines())) <= 80, text)
    t.check("several runs: exchanges of the evidence are there", all(
        subprocess.run([lab.prog, "replay", path, "--ladder", str(f["evidence"][0])],
                       capture_output=True, check=False).stdout.startswith(b"#")
        for f in findings if f["evidence"]))


def other_traffic_tests(lab):
    """Somebody else asks a dead server, and one of the run's."""
    t = lab.t
    p, path = lab.live("zone.test")
    records = records_of(path)
    f = pm.Pcap()
    for server in ("203.0.113.9", "198.51.100.10"):
        for ident in range(3):
            f.udp("192.0.2.77", 40000, server, 53, pm.query(ident, "www.example", "A"))
            f.wait(3)
    q = pm.query(9, "www.example", "A")
    f.udp("192.0.2.77", 40001, "203.0.113.8", 53, q)
    f.udp("203.0.113.8", 53, "192.0.2.77", 40001, pm.reply(q, pm.a_record("192.0.2.80")))
    f.wait(30)
    f.udp("192.0.2.77", 40002, "203.0.113.8", 53, q)
    first = records[0][0]
    base = f.packets[0][0]
    mixed = sorted(records + [(first + int((at - base) * 10**9), packet) for at, packet in f.packets])
    path = os.path.join(lab.d, "mixed.pcap")
    write(path, mixed)
    _, runs, findings, others, _ = same.replayed(lab.prog, path)
    t.equal("other traffic: the run is found", len(runs), 1)
    same_findings(t, "other traffic", findings, [json.loads(p.stdout)])
    t.equal("other traffic: has findings of its own", sorted((x["id"], x["address"]) for x in others),
            [("unresponsive", "198.51.100.10"), ("unresponsive", "203.0.113.9")])
    _, runs, findings, _, _ = same.replayed(lab.prog, path, "--client", "127.0.0.1")
    t.equal("with a filter runs are not looked for", (runs, findings), ([], []))


def cut_tests(lab):
    t = lab.t
    _, path = lab.live("zone.test")
    records = records_of(path)
    begun = records[0][0]
    write(path, [r for r in records if r[0] < begun + 300_000_000])
    with open(path, "r+b") as f:
        f.truncate(os.path.getsize(path) - 3)
    _, runs, findings, _, _ = same.replayed(lab.prog, path)
    t.check("a capture that ends before the run: it is told, and silence is not judged",
            len(runs) == 1 and not any(f["id"] == "unresponsive" for f in findings), findings)
    write(path, records[:3])
    p, runs, _, _, _ = same.replayed(lab.prog, path)
    t.check("the beginning of a walk alone is no run", not runs and p.returncode in (0, 1, 2),
            p.stdout)


def nobody_tests(lab):
    """No server answers at all: check does not call that the servers' fault, and nor does replay,
    whether it sees the whole run, a part of it, or somebody else who is not answered."""
    t = lab.t
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(("127.0.0.1", 0))
    servers = [f"192.0.{n}.1" for n in range(1, 6)]
    hints = os.path.join(lab.d, "hints")
    with open(hints, "w", encoding="utf-8") as f:
        for i, server in enumerate(servers):
            f.write(f". 60 NS s{i}.root.\ns{i}.root. 60 A {server}\n")
    path = os.path.join(lab.d, "nobody.pcap")
    words = [w for s in servers for w in ("--map", f"{s}=127.0.0.1#{silent.getsockname()[1]}")]
    p = subprocess.run([lab.prog, "check", "zone.test", "--json", "--hints", hints, "--pcap", path,
                        *words, "--timeout", "0.2,0.3", "--late", "0.1"], capture_output=True,
                       text=True, check=False)
    silent.close()
    t.equal("nobody answers: not tested", (p.returncode, json.loads(p.stdout)["verdict"]),
            (3, "untested"))
    same.check(t, "nobody answers", lab.prog, path, p)
    records = records_of(path)
    write(path, records[:len(records) * 2 // 3])
    q, runs, findings, others, lines = same.replayed(lab.prog, path)
    t.equal("nobody answers: cut, it is told as far as it is there",
            (q.returncode, [(r["verdict"], r["interrupted"]) for r in runs], lines[-1]["verdict"],
             sorted(f["id"] for f in findings), others),
            (3, [("untested", True)], "untested", ["cut-short", "untested"], []))
    text = subprocess.run([lab.prog, "replay", path], capture_output=True, text=True,
                          check=False).stdout
    t.check("nobody answers: in words", "zone.test. was not tested: nobody answers" in text and
            "nothing was tested: nobody answers" in text, text)
    f = pm.Pcap()
    for ident in range(3):
        for server in servers:
            f.udp("198.51.100.7", 40000, server, 53, pm.query(ident, "www.example", "A"))
            f.wait(1)
    f.wait(30)
    f.udp("198.51.100.7", 40001, servers[0], 53, pm.query(9, "www.example", "A"))
    f.write(path)
    q, runs, _, others, lines = same.replayed(lab.prog, path)
    t.equal("nobody answers somebody else: one finding",
            (q.returncode, runs, [(o["id"], o["severity"]) for o in others], lines[-1]["verdict"]),
            (3, [], [("untested", "notice")], "untested"))


def look_alike_tests(lab):
    """Questions in the form of check's that are none of its runs."""
    t = lab.t
    f = pm.Pcap()
    q = pm.query(5, "www.example", "A")
    f.udp("192.0.2.77", 41009, "203.0.113.8", 53, q)
    f.udp("203.0.113.8", 53, "192.0.2.77", 41009, pm.reply(q, pm.a_record("192.0.2.80")))
    for i, kind in enumerate(("SOA", "NS", "A", "TXT")):
        f.udp("192.0.2.77", 41000 + i, "203.0.113.9", 53, pm.query(i, "zone.example", kind, flags=0,
                                                                   edns=1232))
    f.wait(30)
    f.udp("192.0.2.77", 42000, "203.0.113.9", 53, pm.query(9, "zone.example", "A"))
    path = os.path.join(lab.d, "alike.pcap")
    f.write(path)
    _, runs, _, others, _ = same.replayed(lab.prog, path)
    t.equal("a dead server asked by hand is no run, and is found", (runs, [
        (o["id"], o["address"]) for o in others]), ([], [("unresponsive", "203.0.113.9")]))


def main():
    a = tap.arguments()
    t = tap.Tap()
    with tempfile.TemporaryDirectory() as d:
        lab = Lab(t, a.prog, d)
        with tap.Serve(a.prog, lab.scn) as serve:
            if t.check("serves", serve.ready, serve.output):
                for tests in (option_tests, several_tests, other_traffic_tests, cut_tests,
                              nobody_tests, look_alike_tests):
                    tests(lab)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
