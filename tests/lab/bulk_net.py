#!/usr/bin/env python3
"""What the tests of bulk share: thousands of zones at real NSD and Knot, some of them broken, in a
network namespace of their own (root).

  tests/lab/bulk_net.py [--domains N] build/release/nsprobe bulk ...

runs bulk beside them and tells what each of its results cost. In the arguments LIST stands for a
list of the domains, CSV for one with three tokens of each, QUESTIONS for questions about them, all
of --lines lines; PARENT for the address of the root, FREE for no limits, CALM for timeouts of 1 and
2 seconds.
"""
import argparse
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

PARENT = "127.0.9.1"
NSD = [f"127.0.10.{i}" for i in range(1, 5)]
KNOT = [f"127.0.20.{i}" for i in range(1, 5)]
CLOSED = "127.0.30.1"  # nothing listens
SILENT = "127.0.31.1"  # a firewall drops all
KINDS = ("healthy", "healthy", "lame", "stale", "closed", "ns-differs", "missing", "silent")
DROP = lab_net.ruleset("input", f"ip daddr {SILENT} drop")
FREE = ["--rate", "0", "--address-rate", "0", "--prefix-rate", "0", "--address-at-once", "0",
        "--prefix-at-once", "0"]
KEY = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="  # of RFC 8463 A.2
TOKENS = ("aaaa", "bbbb", "cccc")  # of records for DKIM, which all domains have
QUICK = ["-4", "--timeout", "0.3,0.6", "--tries", "2", "--late", "0"]
CALM = ["-4", "--timeout", "1,2", "--tries", "2", "--late", "0"]


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
    text += "".join(f"{x}._domainkey CNAME {x}.dkim.amazonses.com.\n" for x in TOKENS)
    return text + "big TXT " + " ".join(f"\"{'x' * 200}\"" for _ in range(10)) + "\n"


def start_parent(folder, domains):
    text = "$TTL 3600\n@ SOA a.nic. host. 1 7200 900 1209600 300\n@ NS a.nic.\n" \
           f"a.nic. A {PARENT}\n*.dkim.amazonses.com. TXT \"v=DKIM1; k=ed25519; p={KEY}\"\n"
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


def traffic():
    """Packets and octets that loopback has carried. It counts 14 octets of Ethernet with each, and a
    datagram that is to be cut into several (UDP_SEGMENT) once."""
    with open("/proc/net/dev", encoding="ascii") as f:
        octets, packets = next(x for x in f if x.strip().startswith("lo:")).split()[1:3]
    return int(packets), int(octets) - 14 * int(packets)


class Run:
    """Exit code, KiB at most, seconds, seconds of CPU, packets and octets of one command, which is
    nsprobe. Loopback carries nothing else; octets are those of IP and below."""

    def __init__(self, folder, argv):
        told = os.path.join(folder, "peak")
        peak = os.path.join(os.path.dirname(argv[0]), "bench", "peak")
        if not os.path.exists(peak):
            sys.exit(f"{peak} is not there: make tools")
        before = traffic()
        begin = time.monotonic()
        p = subprocess.Popen([peak, told, *argv])
        _, p.returncode, usage = os.wait4(p.pid, 0)
        self.took = time.monotonic() - begin
        self.cpu = usage.ru_utime + usage.ru_stime
        self.packets, self.octets = (x - y for x, y in zip(traffic(), before))
        with open(told, encoding="ascii") as f:
            self.kib, self.code = (int(x) for x in f.read().split())

    def told(self, what, count):
        return f"{count} {what}: {self.took:.1f} s, {self.kib} KiB at most; each " \
               f"{1e6 * self.cpu / count:.1f} us of CPU, {self.packets / count:.1f} packets, " \
               f"{self.octets / count:.0f} octets"


class Zones:
    """The servers, and a folder for what a test writes; ended and removed behind the with block."""

    def __init__(self, domains):
        self.domains = domains
        self.folder = tempfile.mkdtemp(prefix="nsprobe-bulk-")
        self.processes = []

    def __enter__(self):
        try:
            for name, start in STARTS.items():
                folder = os.path.join(self.folder, name)
                os.mkdir(folder)
                self.processes.append(subprocess.Popen(start(folder, self.domains),
                                                       stderr=subprocess.DEVNULL))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        tap.stop(self.processes)
        shutil.rmtree(self.folder, ignore_errors=True)

    def ready(self):
        """Each server that is asked, and whether it answers."""
        last = f"d{self.domains - 8}.many"
        return [(address, ready(address, name))
                for address, name in ((PARENT, "."), (NSD[3], last), (KNOT[3], last))]

    def check(self, t):
        for address, answers in self.ready():
            t.check(f"{address} answers", answers)


def enter(name, missing=None):
    """Begins again in a network namespace; an exit code where that cannot be, with why (or what is
    missing) told as a test that is skipped."""
    why = lab_net.usable() or missing
    if why:
        t = tap.Tap()
        t.skip(name, why)
        return t.done()
    os.environ["PATH"] += ":/usr/sbin"
    os.execvp("unshare", ["unshare", "-n", sys.executable, sys.argv[0], "--inside", *sys.argv[1:]])
    return 1


def begin():
    """To be called once inside."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def stands_for(word, domains, folder, lines):
    if word in ("LIST", "CSV", "QUESTIONS"):
        rng = random.Random(6)
        path = os.path.join(folder, word)
        with open(path, "w", encoding="ascii") as f:
            for n in range(lines):
                i = n % domains
                f.write(f"d{i}.many\n" if word == "LIST"
                        else ",".join([f"d{i}.many", *TOKENS]) + "\n" if word == "CSV"
                        else question(n, domains, rng)[0] + "\n")
        return [path]
    return {"PARENT": [PARENT], "FREE": FREE, "CALM": CALM}.get(word, [word])


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--domains", type=int, default=400)
    p.add_argument("--lines", type=int, default=400)
    p.add_argument("--inside", action="store_true")
    p.add_argument("command", nargs=argparse.REMAINDER)
    a = p.parse_args()
    if not a.inside:
        return enter("a command beside many zones")
    begin()
    with Zones(a.domains) as zones:
        for address, answers in zones.ready():
            if not answers:
                sys.exit(f"{address} does not answer")
        a.command[0] = os.path.abspath(a.command[0])
        r = Run(zones.folder, [x for word in a.command
                               for x in stands_for(word, a.domains, zones.folder, a.lines)])
    print(r.told("lines", a.lines))
    return r.code


if __name__ == "__main__":
    sys.exit(main())
