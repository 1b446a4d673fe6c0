#!/usr/bin/env python3
"""Speed of `nsprobe bulk --query` beside dnsperf and flamethrower, as ratios, in one run.

  bench/bulk.py [--build DIR] [--rounds N] [--queries N] [--largest N] [--server nsd,knot]

NSD and Knot, one process or worker each, are started on loopback with a zone that is made here, and
ended afterwards. All clients ask the same questions in the same order, with EDNS, and with the same
number outstanding, which the servers' receive buffers hold. dnsperf has one thread and four clients
(sockets): with one it loses replies, and then turns in circles, which costs it more. nsprobe
validates every reply as a whole and writes a line of JSON for each to a file, which the others do
not. Rounds of all clients are interleaved. CPU is user and system time of the client's process, by
query that was answered; the least of each counts, so that what else the machine does falls on all
alike. Queries a second are those of the best round; of dnsperf as it says itself, so that its start
and end do not count.

flamethrower is the one of DNS-OARC (`flame`), which Debian has no package of (its package of that
name is something else); it goes through its list until its time is over.
"""
import argparse
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

MEMORY_BAR = 300  # MiB
NAMES = 20000
KINDS = ("A", "A", "A", "A", "AAAA", "AAAA", "MX", "TXT", "NS", "A")


def zone_text():
    lines = ["$TTL 300", "@ SOA ns1 host 1 7200 900 1209600 300", "@ NS ns1", "@ NS ns2",
             "ns1 A 192.0.2.1", "ns2 A 192.0.2.2", "ns2 AAAA 2001:db8::2"]
    for i in range(NAMES):
        lines += [f"h{i} A 192.0.2.{i % 250}", f"h{i} A 198.51.100.{i % 250}",
                  f"h{i} AAAA 2001:db8::{i % 9999}", f"h{i} MX 10 mail.h{i}",
                  f"h{i} TXT \"v=spf1 ip4:192.0.2.{i % 250} -all\""]
    return "\n".join(lines) + "\n"


def write_questions(path, count):
    """One question in ten is for a name that is not there."""
    rng = random.Random(53)
    with open(path, "w", encoding="ascii") as f:
        for i in range(count):
            n = rng.randrange(NAMES)
            name = f"h{n}" if i % 10 else f"no{n}"
            f.write(f"{name}.bench.test {KINDS[rng.randrange(len(KINDS))]}\n")
    return path


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def nsd_config(d, port):
    return f"""server:
  username: ""
  server-count: 1
  ip-address: 127.0.0.1
  port: {port}
  pidfile: "{d}/nsd.pid"
  zonesdir: "{d}"
  database: ""
  xfrdfile: "{d}/xfrd.state"
  zonelistfile: "{d}/zone.list"
  xfrdir: "{d}"
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: "bench.test"
  zonefile: "{d}/zone"
"""


def knot_config(d, port):
    return f"""server:
    rundir: "{d}"
    listen: 127.0.0.1@{port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "{d}/db"
log:
  - target: stderr
    any: warning
zone:
  - domain: bench.test.
    file: "{d}/zone"
    journal-content: none
    zonefile-sync: -1
    zonefile-load: whole
"""


SERVERS = {"nsd": (nsd_config, lambda conf: ["nsd", "-d", "-c", conf]),
           "knot": (knot_config, lambda conf: ["knotd", "-c", conf])}


class Server:
    """A name server with the zone bench.test, ended at the end of the with block."""

    def __init__(self, kind, folder):
        config, argv = SERVERS[kind]
        d = os.path.join(folder, kind)
        os.makedirs(d)
        self.port = free_port()
        for name, text in (("zone", zone_text()), ("conf", config(d, self.port))):
            with open(f"{d}/{name}", "w", encoding="ascii") as f:
                f.write(text)
        with open(f"{d}/log", "wb") as log:
            self.process = subprocess.Popen(argv(f"{d}/conf"), stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, start_new_session=True)
        self.log = f"{d}/log"

    def __enter__(self):
        query = b"\0\1\0\0\0\1\0\0\0\0\0\0\5bench\4test\0\0\6\0\1"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.2)
            s.connect(("127.0.0.1", self.port))
            while self.process.poll() is None:
                try:
                    s.send(query)
                    if s.recv(512)[3] & 15 == 0:
                        return self
                except OSError:
                    time.sleep(0.1)
        with open(self.log, encoding="utf-8", errors="replace") as f:
            sys.exit(f"the server ended: {f.read()[-500:]}")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def cpu(self):
        """Seconds that the server's processes have used."""
        ticks = 0
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
                    field = f.read().rpartition(")")[2].split()
            except OSError:
                continue
            if int(field[3]) == self.process.pid:  # its session
                ticks += int(field[11]) + int(field[12])
        return ticks / os.sysconf("SC_CLK_TCK")


class Usage:
    """What one run of a client came to."""

    def __init__(self, answered, rate, usage, peak):
        self.answered = answered
        self.rate = rate
        self.user = 1e6 * usage.ru_utime / answered
        self.system = 1e6 * usage.ru_stime / answered
        self.cpu = self.user + self.system
        self.peak = peak
        self.seconds = answered / rate
        self.busy = 0  # the server, as a share of one core


def run(build, argv, folder):
    """Output, wall seconds, CPU usage and peak MiB of one command."""
    told = os.path.join(folder, "peak")
    if not os.path.exists(f"{build}/bench/peak"):
        sys.exit(f"{build}/bench/peak is not there: make tools")
    with open(os.path.join(folder, "out"), "w+b") as out:
        begin = time.monotonic()
        p = subprocess.Popen([f"{build}/bench/peak", told, *argv], stdin=subprocess.DEVNULL,
                             stdout=out, stderr=out)
        _, p.returncode, usage = os.wait4(p.pid, 0)
        wall = time.monotonic() - begin
        out.seek(0)
        text = out.read().decode(errors="replace")
    with open(told, encoding="ascii") as f:
        kib, code = (int(x) for x in f.read().split())
    if code != 0:
        sys.exit(f"{' '.join(argv)}: ended with {code}\n{text[-500:]}")
    return text, wall, usage, kib / 1024


def nsprobe(build, port, folder, questions, a):
    out = os.path.join(folder, "results")
    argv = [f"{build}/nsprobe", "bulk", "--query", "--server", f"127.0.0.1#{port}", "-f", questions,
            "-o", out, "--outstanding", str(a.outstanding), "--rate", "0", "--address-rate", "0",
            "--prefix-rate", "0", "--address-at-once", "0", "--prefix-at-once", "0"]
    _, wall, usage, peak = run(build, argv, folder)
    with open(out, "rb") as f:
        answered = sum(x.count(b'"outcome":"answered"') for x in f)
    os.unlink(out)
    return Usage(answered, answered / wall, usage, peak)


def dnsperf(build, port, folder, questions, a):
    argv = ["dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", questions, "-e", "-T", "1", "-c",
            str(a.clients), "-q", str(a.outstanding), "-n", "1"]
    text, _, usage, peak = run(build, argv, folder)
    return Usage(int(re.search(r"Queries completed:\s+(\d+)", text)[1]),
                 float(re.search(r"Queries per second:\s+([\d.]+)", text)[1]), usage, peak)


def flame(build, port, folder, questions, a):
    """Ten senders of a burst each, one behind the other without a pause."""
    told = os.path.join(folder, "flame.json")
    argv = [a.flame, "127.0.0.1", "-p", str(port), "-f", questions, "-c", "10", "-q",
            str(max(1, a.outstanding // 10)), "-d", "1", "-l", str(a.flame_seconds), "-v", "0", "-o",
            told]
    _, wall, usage, peak = run(build, argv, folder)
    with open(told, encoding="utf-8") as f:
        last = json.loads(f.read().splitlines()[-1])
    return Usage(last["total_responses"], last["total_responses"] / wall, usage, peak)


def compare(build, kind, server, folder, a):
    """Interleaved rounds. True when both bars are kept."""
    questions = write_questions(os.path.join(folder, "questions"), a.queries)
    clients = {"nsprobe": nsprobe, "dnsperf": dnsperf}
    if a.flame:
        clients["flamethrower"] = flame
    seen = {name: [] for name in clients}
    for _ in range(a.rounds):
        for name, client in clients.items():
            before = server.cpu()
            usage = client(build, server.port, folder, questions, a)
            usage.busy = (server.cpu() - before) / usage.seconds
            seen[name].append(usage)
    print(f"\n{kind}: {a.queries} questions, {a.outstanding} outstanding, {a.rounds} rounds")
    print(f"{'':14} {'queries/s':>10} {'CPU us/query':>13} {'user':>6} {'system':>7} {'MiB':>5} "
          f"{'answered':>9} {'server busy':>12}")
    best = {}
    for name, runs in seen.items():
        least = min(runs, key=lambda u: u.cpu)
        best[name] = (max(u.rate for u in runs), least.cpu)
        answered = min(u.answered for u in runs)
        print(f"{name:14} {best[name][0]:10.0f} {least.cpu:13.2f} {least.user:6.2f} "
              f"{least.system:7.2f} {max(u.peak for u in runs):5.0f} {answered:9} "
              f"{100 * max(u.busy for u in runs):10.0f} %")
    return judge(best)


def judge(best):
    good = True
    for name in best:
        if name == "nsprobe":
            continue
        rate = best["nsprobe"][0] / best[name][0]
        cpu = best["nsprobe"][1] / best[name][1]
        bars = ((f"queries a second of {name}", rate, "at least", 1.0, rate >= 1.0),
                (f"CPU for a query of {name}", cpu, "at most", 0.6, cpu <= 0.6))
        for text, ratio, sense, bar, kept in bars:
            print(f"  times the {text:34} {ratio:6.2f}  {sense} {bar}"
                  f"{'' if kept else '  (not reached)'}")
            good = good and (kept or name != "dnsperf")
    return good


def growth(build, port, folder, a):
    """Memory is flat and time linear in the number of questions."""
    print(f"\n{'questions':>10} {'seconds':>8} {'us each':>8} {'CPU us each':>12} {'peak MiB':>9}")
    good = True
    size = 10000
    while size <= a.largest:
        questions = write_questions(os.path.join(folder, "questions"), size)
        u = nsprobe(build, port, folder, questions, a)
        kept = u.peak < MEMORY_BAR and u.answered == size
        good = good and kept
        print(f"{size:10} {u.answered / u.rate:8.2f} {1e6 / u.rate:8.2f} {u.cpu:12.2f} "
              f"{u.peak:9.0f}{'' if kept else '  (not reached)'}")
        size *= 10
    print(f"  peak memory: at most {MEMORY_BAR} MiB")
    return good


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", default="build/release")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--queries", type=int, default=300000)
    p.add_argument("--largest", type=int, default=1000000)
    p.add_argument("--outstanding", type=int, default=250)
    p.add_argument("--clients", type=int, default=4, help="of dnsperf")
    p.add_argument("--server", default="nsd,knot")
    p.add_argument("--flame", default=shutil.which("flame"))
    p.add_argument("--flame-seconds", type=int, default=4)
    a = p.parse_args()
    build = os.path.abspath(a.build)
    if not shutil.which("dnsperf"):
        print("NOTE: dnsperf is not installed: nothing to compare with")
        return 0
    if not a.flame:
        print("NOTE: flame (flamethrower of DNS-OARC) is not installed: it is left out")
    good = True
    with tempfile.TemporaryDirectory(prefix="nsprobe-bench-") as folder:
        os.chmod(folder, 0o755)
        for kind in a.server.split(","):
            with Server(kind, folder) as server:
                good = compare(build, kind, server, folder, a) and good
                if kind == "nsd":
                    good = growth(build, server.port, folder, a) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
