#!/usr/bin/env python3
"""Every behaviour of `nsprobe serve`, under every condition: replay finds in the packets of check
what check found.

One server of a zone, one of its parent, or both of its parent behave so; the other servers are
honest. The list is that of `serve --list`: a new behaviour is tested without a line here.
"""
import concurrent.futures
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import same_diagnosis as same  # noqa: E402
import tap  # noqa: E402

# Waits of which the last does not follow from the first.
QUICK = ["--timeout", "0.3,0.5", "--late", "0.3"]
ARGUMENTS = {"serial": ["9"], "ttl": ["99999"], "slow": ["250", "650", "900", "1500"],
             "close": ["0", "1", "40"]}
CONDITIONS = ["", "udp", "tcp", "edns", "plain", "type SOA", "type NS", "type DNSKEY", "type A",
              "larger 200", "every 2", "every 3", "udp every 2"]
ALONE = ("drop", "closed")  # there is no reply whose size counts
BATCH = 80                  # a scenario has room for 256 addresses
SOA = "$TTL 300\n@ SOA {} host 7 7200 900 1209600 300\n"


def behaviours(prog):
    """Each `behave` line: the table, with the kinds of malformed message, and conditions."""
    text = subprocess.run([prog, "serve", "--list"], capture_output=True, text=True,
                          check=True).stdout
    blocks = text.split("\n\n")
    words = [line.split()[0] for line in blocks[blocks.index(next(
        b for b in blocks if b.startswith("behave WHAT"))) + 1].splitlines()]
    kinds = [line.split()[0] for line in blocks[blocks.index(next(
        b for b in blocks if b.startswith("behave malformed"))) + 1].splitlines()]
    for word in words:
        for argument in kinds if word == "malformed" else ARGUMENTS.get(word, [""]):
            for condition in CONDITIONS:
                if not (word in ALONE and condition.startswith("larger")):
                    yield f"{word} {argument}".strip() + (f" when {condition}" if condition else "")


def address(n):
    return f"192.0.{n // 250}.{n % 250 + 1}"


class Scenario:
    """One domain for each behaviour, below a root and a server of `test` that are honest."""

    def __init__(self, place, lines):
        self.place, self.count = place, 0
        self.root = self.test = self.zones = self.addresses = ""
        self.domains = [(line, (self.add_zone if place == "a server" else self.add_parent)(i, line))
                        for i, line in enumerate(lines)]

    def address(self, serves, behave=""):
        a = address(self.count)
        self.count += 1
        line = f"behave {behave}\n" if behave else ""
        self.addresses += f"address {a} {{\nserves {serves}\n{line}}}\n"
        return a

    def add_zone(self, i, line):
        d = f"z{i}"
        a, b = self.address(f"{d}.test"), self.address(f"{d}.test", line)
        self.test += f"{d} NS n1.{d}\n{d} NS n2.{d}\nn1.{d} A {a}\nn2.{d} A {b}\n"
        self.zones += f"zone {d}.test {{\n{SOA.format('n1')}@ NS n1\n@ NS n2\nn1 A {a}\nn2 A {b}\n" \
                      "@ TXT v\n}\n"
        return f"{d}.test"

    def add_parent(self, i, line):
        p = f"p{i}"
        a = self.address(p, line if self.place == "both of the parent" else "")
        b, c = self.address(p, line), self.address(f"z.{p}")
        self.root += f"{p}. NS ns1.{p}.\n{p}. NS ns2.{p}.\nns1.{p}. A {a}\nns2.{p}. A {b}\n"
        self.zones += f"zone {p} {{\n{SOA.format('ns1')}@ NS ns1\n@ NS ns2\nns1 A {a}\nns2 A {b}\n" \
                      f"z NS n1.z\nn1.z A {c}\n}}\n" \
                      f"zone z.{p} {{\n{SOA.format('n1')}@ NS n1\nn1 A {c}\n@ TXT v\n}}\n"
        return f"z.{p}"

    def text(self):
        return "root 198.51.100.1\n" \
               f"zone . {{\n{SOA.format('a.root.test.')}@ NS a.root.test.\n" \
               "a.root.test. A 198.51.100.1\ntest. NS ns.nic.test.\nns.nic.test. A 198.51.100.2\n" \
               f"{self.root}}}\n" \
               f"zone test {{\n{SOA.format('ns.nic')}@ NS ns.nic\nns.nic A 198.51.100.2\n" \
               f"{self.test}}}\n{self.zones}" \
               "address 198.51.100.1 {\nserves .\n}\naddress 198.51.100.2 {\nserves test\n}\n" \
               f"{self.addresses}"


def live(prog, scenario, path, domain):
    return subprocess.run([prog, "check", "--json", "--lab", scenario, *QUICK, "--pcap", path,
                           domain], capture_output=True, text=True, check=False)


def run(t, prog, d, place, lines):
    scenario = Scenario(place, lines)
    path = os.path.join(d, "serve.scn")
    with open(path, "w", encoding="utf-8") as f:
        f.write(scenario.text())
    with tap.Serve(prog, path) as serve:
        if not t.check(f"{place}: serves", serve.ready, serve.output):
            return
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            jobs = [(line, pcap, pool.submit(live, prog, path, pcap, domain))
                    for line, domain in scenario.domains
                    for pcap in [os.path.join(d, domain + ".pcap")]]
    for line, pcap, job in jobs:
        same.check(t, f"{place}: {line}", prog, pcap, job.result())


def main():
    a = tap.arguments()
    t = tap.Tap()
    lines = [line for line in behaviours(a.prog) if not a.only or a.only in line]
    with tempfile.TemporaryDirectory() as d:
        for place in ("a server", "one of the parent", "both of the parent"):
            for i in range(0, len(lines), BATCH):
                run(t, a.prog, d, place, lines[i:i + BATCH])
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
