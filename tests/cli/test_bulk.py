#!/usr/bin/env python3
"""bulk: plain questions and whole checks as a stream, in the embedded lab; killed and resumed."""
import json
import os
import random
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
import schema  # noqa: E402
import tap  # noqa: E402

DEMO = os.path.join(ROOT, "demo", "internet.scn")
QUICK = ["--timeout", "0.3", "--tries", "1", "--late", "0"]
FREE = ["--rate", "0", "--address-rate", "0", "--prefix-rate", "0", "--address-at-once", "0",
        "--prefix-at-once", "0"]


class Answerer(threading.Thread):
    """A name server that answers every query with NOERROR, or as its first label says."""

    def __init__(self):
        super().__init__(daemon=True)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.sock.bind(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.other.bind(("127.0.0.1", 0))
        self.seen = []
        self.times = []
        self.start()

    def run(self):
        while True:
            query, peer = self.sock.recvfrom(4096)
            self.times.append(time.monotonic())
            label = query[13:13 + query[12]]
            self.seen.append(bytes(label))
            end = query.index(0, 12) + 5
            reply = query[:2] + b"\x84\x00\0\1\0\0\0\0\0\0" + query[12:end]
            if label.startswith(b"silent"):
                continue
            if label.startswith(b"once") and self.seen.count(label) == 1:
                continue
            if label.startswith(b"wrongid"):
                reply = bytes([reply[0] ^ 1]) + reply[1:]
            if label.startswith(b"wrongname"):
                reply = reply[:14] + b"X" + reply[15:]
            if label.startswith(b"cut"):
                reply = reply[:7] + b"\1" + reply[8:]
            if label.startswith(b"otherport"):
                self.other.sendto(reply, peer)
            else:
                self.sock.sendto(reply, peer)


def bulk(prog, *words, stdin=None):
    p = subprocess.run([prog, "bulk", "--quiet", *words], capture_output=True, text=True, check=False,
                       input=stdin)
    try:
        lines = [json.loads(x) for x in p.stdout.splitlines()]
    except ValueError as e:
        lines = [{"broken": str(e)}]
    return p, {x.get("line"): x for x in lines}, lines


def conforms(t, name, lines, wanted):
    found = "\n".join(filter(None, (schema.errors(v, wanted) for v in lines)))
    t.check(f"{name}: as the schema says", lines and not found, found)


def queries(t, prog, wanted, server):
    names = ["good.test A", "silent.test", "wrongid.test MX", "wrongname.test", "cut.test TXT",
             "otherport.test", "# comment", "", "bad..name", "good.test NOSUCH", "once.test",
             "good.test A more"]
    p, by, lines = bulk(prog, "--query", "--server", f"127.0.0.1#{server.port}", "--timeout", "0.3",
                        "--tries", "2", *FREE, stdin="\n".join(names) + "\n")
    t.equal("queries: exit code", p.returncode, 0)
    conforms(t, "queries", lines, wanted)
    t.equal("queries: a result for each line that is none of empty and comment",
            sorted(by), [1, 2, 3, 4, 5, 6, 9, 10, 11, 12])
    for line, outcome in ((1, "answered"), (2, "silent"), (3, "silent"), (4, "mismatched"),
                          (5, "malformed"), (6, "mismatched"), (11, "answered")):
        t.equal(f"queries: {names[line - 1]}", by.get(line, {}).get("outcome"), outcome)
    t.equal("queries: attempts of what was lost once", by[11].get("attempts"), 2)
    t.equal("queries: attempts of silence", by[2].get("attempts"), 2)
    for line in (9, 10, 12):
        t.check(f"queries: {names[line - 1]} is told", "error" in by[line], by[line])
    p, by, lines = bulk(prog, "--query", *FREE, stdin=f"127.0.0.1#{server.port} good.test NS\n"
                        "nowhere good.test\n")
    t.equal("queries: ADDR NAME TYPE", by[1].get("type"), "NS")
    t.check("queries: no address", "error" in by[2], by[2])


def closed(t, prog):
    """Nothing listens: ICMP is the outcome."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 0))
    port = s.getsockname()[1]
    s.close()
    _, by, _ = bulk(prog, "--query", "--server", f"127.0.0.1#{port}", "--timeout", "0.5", "--tries",
                    "2", stdin="good.test\n")
    t.equal("closed port", (by[1].get("outcome"), by[1].get("icmp")), ("icmp", [3, 3]))


def polite(t, prog, server):
    """A rate is kept: never more in a second than it allows, and one."""
    server.times.clear()
    bulk(prog, "--query", "--server", f"127.0.0.1#{server.port}", "--address-rate", "50",
         stdin="good.test\n" * 100)
    times = list(server.times)
    most = max(sum(1 for x in times if a <= x < a + 1) for a in times)
    t.check("rate: all were asked", len(times) == 100, len(times))
    t.check("rate: not more than 50 in a second, and some for jitter", most <= 55, most)


def shards(t, prog, server):
    text = "".join(f"h{i}.test\n" for i in range(1000))
    seen = []
    for i in (1, 2, 3):
        _, by, lines = bulk(prog, "--query", "--server", f"127.0.0.1#{server.port}", "--shard",
                            f"{i}/3", *FREE, "--outstanding", "50", stdin=text)
        seen += [x["line"] for x in lines]
    t.equal("shards: each line once", sorted(seen), list(range(1, 1001)))


def kill_ten_times(argv, rng, least=0.2):
    """Starts and resumes the command ten times, kills it each time, and lets the last one end."""
    for i in range(10):
        p = subprocess.Popen(argv + (["--resume"] if i else []))
        time.sleep(least + rng.random() / 4)
        p.send_signal(signal.SIGKILL)
        p.wait()
    return subprocess.run([*argv, "--resume"], check=False)


def resumed(t, prog, server):
    """Killed ten times at any moment: every line has exactly one result."""
    with tempfile.TemporaryDirectory() as d:
        names, out, state = (os.path.join(d, x) for x in ("list", "out", "state"))
        total = 20000
        with open(names, "w", encoding="ascii") as f:
            f.writelines(f"h{i}.test\n" if i % 100 else "# comment\n" for i in range(total))
        argv = [prog, "bulk", "--query", "--quiet", "--server", f"127.0.0.1#{server.port}", "-f", names,
                "-o", out, "--checkpoint", state, *FREE, "--rate", "4000", "--outstanding", "64"]
        server.seen.clear()
        p = kill_ten_times(argv, random.Random(7))
        with open(out, encoding="ascii") as f:
            lines = [json.loads(x)["line"] for x in f]
        expected = [i + 1 for i in range(total) if i % 100]
        t.equal("resume: exit code", p.returncode, 0)
        t.check("resume: every line has one result", sorted(lines) == expected,
                f"{len(lines)} results, {len(set(lines))} lines, wanted {len(expected)}")
        again = len(server.seen) - len(expected)
        t.check("resume: at most what was in flight or not written was asked again",
                0 <= again <= 10 * 2000, again)
        before = os.path.getsize(out)
        subprocess.run([*argv, "--resume"], check=False)
        t.equal("resume: nothing is done twice", os.path.getsize(out), before)
        p = subprocess.run([*argv, "--resume", "--shard", "1/2"], capture_output=True, text=True,
                           check=False)
        t.check("resume: another job's checkpoint", p.returncode == 64 and "another job" in p.stderr,
                p.stderr)
        with open(names, "r+", encoding="ascii") as f:
            f.write("x0")  # the same size, another line
        p = subprocess.run([*argv, "--resume"], capture_output=True, text=True, check=False)
        t.check("resume: another list", p.returncode == 64 and "the list is not the one" in p.stderr,
                p.stderr)
        t.equal("resume: what was refused changes nothing", os.path.getsize(out), before)


def resumed_checks(t, prog):
    """The same of whole checks, by several threads."""
    domains = ["bakery.example", "www.bakery.example", "nothing.example", "a..b", "# comment", ""]
    with tempfile.TemporaryDirectory() as d:
        names, out, state = (os.path.join(d, x) for x in ("list", "out", "state"))
        lines = [domains[i % len(domains)] for i in range(900)]
        with open(names, "w", encoding="ascii") as f:
            f.write("\n".join(lines) + "\n")
        argv = [prog, "bulk", "--quiet", "--lab", DEMO, *QUICK, *FREE, "--rate", "6000", "--threads", "6",
                "-f", names, "-o", out, "--checkpoint", state]
        p = kill_ten_times(argv, random.Random(8))
        with open(out, encoding="ascii") as f:
            seen = sorted(json.loads(x)["line"] for x in f)
        expected = [i + 1 for i, x in enumerate(lines) if x and x[0] != "#"]
        t.equal("resumed checks: exit code", p.returncode, 0)
        t.check("resumed checks: every line has one result", seen == expected,
                f"{len(seen)} results, {len(set(seen))} lines, wanted {len(expected)}")


def resumed_dkim(t, prog):
    """And of records, whose results are about several lines each."""
    with tempfile.TemporaryDirectory() as d:
        names, out, state = (os.path.join(d, x) for x in ("list", "out", "state"))
        text = ["Domain,Token"]
        first = []
        for i in range(200):
            first.append(len(text) + 1)
            domain = ("bakery.example", "florist.example")[i % 2]
            text += [f"{domain},token{i}"] + [f",other{k}" for k in range(i % 4)]
            text += [""] * (i % 3)
        with open(names, "w", encoding="ascii") as f:
            f.write("\n".join(text) + "\n")
        argv = [prog, "bulk", "--quiet", "--lab", DEMO, *QUICK, *FREE, "--rate", "6000", "--threads", "6",
                "--dkim", names, "-o", out, "--checkpoint", state]
        p = kill_ten_times(argv, random.Random(9))
        with open(out, encoding="ascii") as f:
            results = [json.loads(x) for x in f]
        t.equal("resumed dkim: exit code", p.returncode, 0)
        t.check("resumed dkim: every domain has one result",
                sorted(r["line"] for r in results) == first,
                f"{len(results)} results, {len(set(r['line'] for r in results))} lines, wanted "
                f"{len(first)}")
        t.check("resumed dkim: each of its lines", all(
            r["lines"] == first.index(r["line"]) % 4 + 1 for r in results), results[:3])


def checks(t, prog, wanted):
    domains = ["shop.example", "bakery.example", "a..b", "nothing.example"]
    lab = ["--lab", DEMO, *QUICK, *FREE]
    p, by, lines = bulk(prog, *lab, "--full", stdin="\n".join(domains) + "\n")
    t.equal("checks: exit code", p.returncode, 0)
    conforms(t, "checks", lines, wanted)
    t.check("checks: a bad domain", "error" in by[3], by[3])
    for line in (1, 2, 4):
        q = subprocess.run([prog, "check", "--json", "--lab", DEMO, *QUICK, domains[line - 1]],
                           capture_output=True, text=True, check=False)
        alone = json.loads(q.stdout)
        key = lambda r: sorted((f["id"], str(f["address"])) for f in r["findings"])
        t.equal(f"checks: {domains[line - 1]} as check has it", key(by[line]), key(alone))
        t.equal(f"checks: {domains[line - 1]}, verdict", by[line]["verdict"], alone["verdict"])
        t.equal(f"checks: {domains[line - 1]}, report", key(by[line]["report"]), key(alone))


QUEUE = ["--nats", "nats://127.0.0.1:1", "--stream", "s"]


SHARED = 14


def shared_world():
    """Domains of one provider: a server that is dead over IPv6, one without UDP, one that is lame for
    every other domain."""
    names = [f"d{i}" for i in range(SHARED)]
    out = ["root 198.51.100.1 2001:db8:ffff::1"]

    def zone(name, *lines):
        out.extend([f"zone {name} {{", "$TTL 86400", "@ SOA ns.nic h 1 7200 900 1209600 3600", *lines,
                    "}"])

    def address(addr, *lines):
        out.extend([f"address {addr} {{", *lines, "}"])

    zone(".", "@ NS a.root.example.", "a.root.example. A 198.51.100.1",
         "a.root.example. AAAA 2001:db8:ffff::1", "com. NS a.nic.com.", "a.nic.com. A 192.0.2.1",
         "net. NS a.nic.net.", "a.nic.net. A 192.0.2.2")
    servers = [f"NS ns{k}.provider.net." for k in (1, 2, 3)]
    zone("com", "@ NS a.nic", "a.nic A 192.0.2.1", *(f"{n} {x}" for n in names for x in servers))
    zone("net", "@ NS a.nic", "a.nic A 192.0.2.2", "provider NS ns1.provider",
         "ns1.provider A 192.0.2.10")
    zone("provider.net", "@ NS ns1", "ns1 A 192.0.2.10", "ns2 A 192.0.2.11", "ns2 AAAA 2001:db8::11",
         "ns3 A 192.0.2.12")
    for n in names:
        zone(f"{n}.com", *(f"@ {x}" for x in servers))
    for addr in ("198.51.100.1", "2001:db8:ffff::1"):
        address(addr, "serves .")
    address("192.0.2.1", "serves com")
    address("192.0.2.2", "serves net")
    address("192.0.2.10", "serves provider.net", *(f"serves {n}.com" for n in names))
    address("192.0.2.11", *(f"serves {n}.com" for n in names[::2]))
    address("2001:db8::11", "serves provider.net", "behave drop")
    address("192.0.2.12", *(f"serves {n}.com" for n in names), "behave drop when udp")
    return "\n".join(out) + "\n", [f"{n}.com" for n in names]


def key_of(report):
    return sorted((f["id"], f["severity"], str(f["address"])) for f in report["findings"])


def alone(prog, lab, domain):
    p = subprocess.run([prog, "check", "--json", "--lab", lab, *QUICK, domain], capture_output=True,
                       text=True, check=False)
    return json.loads(p.stdout)


def shares(t, prog, wanted):
    """What domains share is asked once, and findings are those of check."""
    world, domains = shared_world()
    with tempfile.TemporaryDirectory() as d:
        lab = os.path.join(d, "world.scn")
        with open(lab, "w", encoding="ascii") as f:
            f.write(world)
        with serving(prog, lab):
            reports = {x: alone(prog, lab, x) for x in domains}
            for words in (["--threads", "1"], ["--threads", "5"], ["--threads", "3", "--cache", "0"]):
                name = "shared, " + " ".join(words)
                p, by, lines = bulk(prog, "--lab", lab, *QUICK, *FREE, "--full", *words,
                                    stdin="\n".join(domains) + "\n")
                t.equal(f"{name}: exit code", p.returncode, 0)
                conforms(t, name, lines, wanted)
                for i, domain in enumerate(domains):
                    t.equal(f"{name}: {domain}", key_of(by[i + 1]), key_of(reports[domain]))
                    t.equal(f"{name}: {domain}, verdict", by[i + 1]["verdict"],
                            reports[domain]["verdict"])
                said = sum(x.get("shared", 0) for x in lines)
                told = sum("shared" in x for r in lines for x in r["report"]["exchanges"])
                t.equal(f"{name}: each shared exchange says so", told, said)
                if "--cache" in words:
                    t.equal(f"{name}: nothing is shared", said, 0)
                    continue
                # domains that run side by side learn of silence at the same time
                t.check(f"{name}: a good part of all exchanges are", said * (3 if words[1] == "1" else 8) >
                        sum(x["exchanges"] for x in lines), said)
                t.check(f"{name}: findings about silence say so", any(
                    f.get("shared") and f["id"] == "unresponsive" for x in lines
                    for f in x["findings"]), lines[-1]["findings"])


def serving(prog, scenario):
    """A lab that is served, as a context."""
    class Serve:
        def __enter__(self):
            self.p = subprocess.Popen([prog, "serve", scenario], stdout=subprocess.PIPE,
                                      stderr=subprocess.DEVNULL, text=True)
            self.p.stdout.readline()
            time.sleep(0.3)

        def __exit__(self, *_):
            self.p.terminate()
            self.p.wait()
            self.p.stdout.close()
    return Serve()


def dkim(t, prog, wanted):
    tokens = ["bq7k2vw4", "m5xw7d3p", "zt4c6yqh"]
    text = ("\ufeffDomain;Token 1;Token 2\r\n"
            f"florist.example;{tokens[0]};{tokens[1]}\r\n;{tokens[2]};\r\n\r\n"
            "bakery.example;\"abc,\r\ndef\"\r\n"
            "a..b;xyz\r\nshop.example;\r\n"
            "bakery.example;abc\r\n\"shop.example;open\r\n")
    with tempfile.TemporaryDirectory() as d:
        names = os.path.join(d, "list.csv")
        with open(names, "w", encoding="utf-8", newline="") as f:
            f.write(text)
        p, by, lines = bulk(prog, "--dkim", names, "--lab", DEMO, *QUICK, *FREE, "--full")
        t.equal("dkim: exit code", p.returncode, 0)
        conforms(t, "dkim", lines, wanted)
        t.equal("dkim: a result for each domain, with its lines",
                sorted((x["line"], x["lines"]) for x in lines),
                [(2, 2), (5, 2), (7, 1), (8, 1), (9, 1), (10, 1)])
        for line in (7, 8, 10):
            t.check(f"dkim: line {line} is told", "error" in by[line], by[line])
        t.check("dkim: what is wrong names the line", f"{names}:8:" in by[8].get("error", ""), by[8])
        for line, words in ((2, ["florist.example", *tokens]), (5, ["bakery.example", "abc", "def"])):
            q = subprocess.run([prog, "dkim", "--json", "--lab", DEMO, *QUICK, *words],
                               capture_output=True, text=True, check=False)
            one = json.loads(q.stdout)
            for key in ("status", "outcome", "verdict"):
                t.equal(f"dkim: {words[0]}, {key} as dkim has it", by[line][key], one[key])
            t.check(f"dkim: {words[0]}, chance", abs(by[line]["chance"] - one["chance"]) < 1e-6,
                    (by[line]["chance"], one["chance"]))
            t.equal(f"dkim: {words[0]}, findings", key_of(by[line]), key_of(one))
            t.equal(f"dkim: {words[0]}, report", key_of(by[line]["report"]), key_of(one))
        seen = []
        for shard in ("1/2", "2/2"):
            _, _, part = bulk(prog, "--dkim", names, "--shard", shard, "--lab", DEMO, *QUICK, *FREE)
            seen += [x["line"] for x in part]
        t.equal("dkim: each domain belongs to one shard", sorted(seen), [2, 5, 7, 8, 9, 10])
        with open(names, "w", encoding="ascii") as f:
            f.write("Domain,Name,Type,Value\nbakery.example,@,TXT,v=spf1 -all\n")
        _, by, _ = bulk(prog, "--dkim", names, "--lab", DEMO, *QUICK, *FREE)
        t.equal("dkim: records", by[2].get("outcome"), "verified")
        with open(names, "w", encoding="ascii") as f:
            f.write("bakery.example\n")
        p, _, _ = bulk(prog, "--dkim", names, "--lab", DEMO, *QUICK, *FREE)
        t.equal("dkim: a domain without tokens is an error of its own", p.returncode, 0)
        with open(names, "w", encoding="ascii") as f:
            f.write("Name,Type,Value\n")
        p, _, _ = bulk(prog, "--dkim", names)
        t.check("dkim: no column Domain", p.returncode == 64 and "Domain" in p.stderr, p.stderr)


def opt_out(t, prog, wanted, server):
    with tempfile.TemporaryDirectory() as d:
        no = os.path.join(d, "no")
        with open(no, "w", encoding="ascii") as f:
            f.write("# they said no\n192.0.2.31\n203.0.113.0/24\nbakery.example ; and its subdomains\n")
        lab = ["--lab", DEMO, *QUICK, *FREE, "--opt-out", no]
        _, by, lines = bulk(prog, *lab, "--full", stdin="shop.example\nwww.bakery.example\n")
        conforms(t, "opt-out", lines, wanted)
        t.equal("opt-out: a domain", by[2].get("skipped"), "opt-out")
        t.equal("opt-out: addresses", sorted(by[1].get("unasked", [])), ["192.0.2.31", "203.0.113.2",
                                                                        "203.0.113.30"])
        asked = {x["server"] for x in by[1]["report"]["exchanges"]
                 if any(e["kind"] == "sent" for e in x["events"])}
        t.check("opt-out: none of them was asked", not asked & {"192.0.2.31", "203.0.113.2",
                                                                "203.0.113.30"}, asked)
        t.check("opt-out: the others were", {"192.0.2.30", "198.51.100.30"} <= asked, asked)
        t.check("opt-out: nothing is found about those not asked", not any(
            f["address"] in ("192.0.2.31", "203.0.113.30") for f in by[1]["findings"]),
            by[1]["findings"])
        server.seen.clear()
        with open(no, "w", encoding="ascii") as f:
            f.write("good.test\n127.0.0.2")
        _, by, lines = bulk(prog, "--query", "--opt-out", no, *FREE, "-p", str(server.port),
                            stdin="127.0.0.1 www.good.test\n127.0.0.2 a.test\n127.0.0.1 b.test\n")
        conforms(t, "opt-out of questions", lines, wanted)
        t.equal("opt-out: questions", [by[i].get("skipped") for i in (1, 2, 3)],
                ["opt-out", "opt-out", None])
        t.equal("opt-out: what was asked", server.seen, [b"b"])
        reloaded(t, prog, server, no)
        for text, named in (("192.0.2.0/33\n", "line 1"), ("a b\n", "line 1")):
            with open(no, "w", encoding="ascii") as f:
                f.write(text)
            p, _, _ = bulk(prog, "--opt-out", no, stdin="")
            t.check(f"opt-out: {text.strip()}", p.returncode == 64 and named in p.stderr, p.stderr)


def reloaded(t, prog, server, no):
    """SIGHUP: the list is read again; one with a fault changes nothing."""
    def skipped(p):
        p.stdin.write("127.0.0.1 x.good.test\n")
        p.stdin.flush()
        return "skipped" in json.loads(p.stdout.readline())

    p = subprocess.Popen([prog, "bulk", "--query", "--quiet", "--opt-out", no, *FREE, "-p",
                          str(server.port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
    t.check("opt-out: a result comes before the list has ended", skipped(p))
    with open(no, "w", encoding="ascii") as f:
        f.write("other.test\n")
    p.send_signal(signal.SIGHUP)
    while skipped(p):
        time.sleep(0.1)
    t.check("opt-out: SIGHUP reads the list again", True)
    with open(no, "w", encoding="ascii") as f:
        f.write("good.test\n192.0.2.0/99\n")
    p.send_signal(signal.SIGHUP)
    t.check("opt-out: a fault in it is told", "line 2" in p.stderr.readline())
    t.check("opt-out: and changes nothing", not skipped(p))
    p.stdin.close()
    t.equal("opt-out: exit code", p.wait(), 0)
    p.stdout.close()
    p.stderr.close()


def answer_tcp(server):
    """One query, one answer, for each connection."""
    while True:
        conn, _ = server.accept()
        with conn:
            query = conn.recv(4096)[2:]
            end = query.index(0, 12) + 5
            reply = query[:2] + b"\x84\0\0\1\0\1\0\0\0\0" + query[12:end]
            reply += b"\xc0\x0c\0\x10\0\1\0\0\0\x3c\0\3\2hi"
            conn.sendall(len(reply).to_bytes(2, "big") + reply)


def answer_cut(sock):
    """Every answer over UDP is truncated."""
    while True:
        query, peer = sock.recvfrom(4096)
        end = query.index(0, 12) + 5
        sock.sendto(query[:2] + b"\x86\0\0\1\0\0\0\0\0\0" + query[12:end], peer)


def truncated_ipv6(t, prog, wanted):
    """IPv6, TC and TCP, several threads."""
    tcp = socket.create_server(("::1", 0), family=socket.AF_INET6)
    port = tcp.getsockname()[1]
    udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    udp.bind(("::1", port))
    for work, sock in ((answer_tcp, tcp), (answer_cut, udp)):
        threading.Thread(target=work, args=(sock,), daemon=True).start()
    names = [f"h{i}.test" for i in range(40)]
    for words in ([], ["--threads", "3"]):
        name = "over IPv6, " + " ".join(words)
        _, by, lines = bulk(prog, "--query", *FREE, *words,
                            stdin="".join(f"::1#{port} {x} TXT\n" for x in names))
        conforms(t, name, lines, wanted)
        t.equal(f"{name}: each has one result", sorted(by), list(range(1, 41)))
        t.equal(f"{name}: what is cut is asked over TCP",
                {(x["outcome"], x["transport"], x.get("truncated"), x["server"]) for x in lines},
                {("answered", "tcp", True, "::1")})
        t.equal(f"{name}: each has its own answer", [by[i + 1]["answer"] for i in range(40)],
                [[f'{x}. 60 IN TXT "hi"'] for x in names])


def summary(t, prog, server):
    p = subprocess.run([prog, "bulk", "--query", "--server", f"127.0.0.1#{server.port}", *FREE,
                        "--timeout", "0.2", "--tries", "2"], capture_output=True, text=True,
                       check=False, input="good.test\nsilent.test\na..b\n")
    t.check("summary of questions", "3 results" in p.stderr and "3 messages sent, 66.7 % lost" in p.stderr
            and "1 bad line;" in p.stderr, p.stderr)
    p = subprocess.run([prog, "bulk", "--lab", DEMO, *QUICK, *FREE], capture_output=True, text=True,
                       check=False, input="shop.example\nbakery.example\n")
    lost = re.search(r"(\d+) messages sent, ([0-9.]+) % lost", p.stderr)
    cache = re.search(r"cache: (\d+) hits, (\d+) misses, 0 evictions; (\d+) entries", p.stderr)
    t.check("summary of checks: loss", lost and int(lost[1]) > 100 and float(lost[2]) > 1, p.stderr)
    t.check("summary of checks: cache", cache and int(cache[2]) > 100 and int(cache[3]) > 0, p.stderr)


SILENT = "root 198.41.0.4\naddress 198.41.0.4 {\nbehave drop\n}\n"


def few_files(t, prog):
    """Most systems let a program open few files until it asks for more."""
    few = 128
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    p = subprocess.run([prog, "bulk", "--quiet", "--lab", DEMO, "--cache", "0", "--timeout", "0.3",
                        "--tries", "2", *FREE], input="shop.example\n" * 40, text=True,
                       capture_output=True, check=False,
                       preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (few, hard)))
    lines = [json.loads(x) for x in p.stdout.splitlines()]
    t.check("few open files allowed at first: every domain is checked all the same",
            p.returncode == 0 and len(lines) == 40 and all("verdict" in x for x in lines),
            f"{p.returncode} {len(lines)} {p.stderr}")


def at_most(files, argv, text):
    return subprocess.run(argv, input=text, text=True, capture_output=True, check=False, timeout=120,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE,
                                                                (files, files)))


def no_more_files(t, prog, server):
    """What the system does not let a program exceed: less at once, nothing lost."""
    lab = [prog, "bulk", "--lab", DEMO, "--timeout", "0.3", "--tries", "1", "--late", "0", *FREE]
    table = "domain,token1,token2,token3\n" + "".join(
        f"{d},bq7k2vw4,m5xw7d3p,zt4c6yqh\n"
        for i in range(6) for d in (f"no{i}.example", "bakery.example"))
    modes = {
        "check": (lab, "bakery.example\n" * 12, 12),
        "--full": ([*lab, "--full"], "bakery.example\n" * 12, 12),
        "--dkim": ([*lab, "--dkim", "-"], table, 12),
        "--query": ([prog, "bulk", "--query", "--server", f"127.0.0.1#{server.port}", "--threads",
                     "16", *QUICK, *FREE], "".join(f"n{i}.example\n" for i in range(500)), 500),
    }
    for name, (argv, text, wanted) in modes.items():
        p = at_most(64, argv, text)
        good = [x for x in map(json.loads, p.stdout.splitlines()) if "error" not in x]
        t.check(f"{name}: few files allowed at all: nothing is lost",
                p.returncode == 0 and len(good) == wanted, f"{p.returncode} {len(good)} {p.stderr}")
        t.check(f"{name}: that fewer run at once is said",
                re.search(r"at once, not \d+: .* only 64 files", p.stderr) is not None, p.stderr)
        p = at_most(8, argv, text)
        t.check(f"{name}: too few files: it is said, and that is all",
                p.returncode == 3 and p.stdout == "" and p.stderr.count("\n") == 1 and
                "ulimit -n" in p.stderr, f"{p.returncode} {p.stdout[:200]} {p.stderr}")


def stopped(t, prog):
    """Ctrl-C ends a run at once, whatever its threads wait for."""
    with tempfile.NamedTemporaryFile("w", suffix=".scn") as f:
        f.write(SILENT)
        f.flush()
        with serving(prog, f.name):
            p = subprocess.Popen([prog, "bulk", "--quiet", "--lab", f.name, *FREE],
                                 stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
            p.stdin.write("".join(f"d{i}.example\n" for i in range(300)))
            p.stdin.close()
            time.sleep(1.5)  # the second try is waited for two seconds
            began = time.monotonic()
            p.send_signal(signal.SIGINT)
            code = p.wait()
            took = time.monotonic() - began
            t.check("Ctrl-C ends a run at once", code == 130 and took < 1, f"{code} {took}")


def usage(t, prog):
    for words, named in ((["-f", "/nonexistent"], "/nonexistent"), (["--shard", "3/2"], "--shard"),
                         (["--resume"], "--checkpoint"), (["--checkpoint", "x"], "--output"),
                         (["--server", "127.0.0.1"], "--query"), (["word"], "-f"),
                         (["--query", "--server", "localhost"], "localhost"),
                         (["--type", "MX"], "--query"), (["--outstanding", "5"], "--query"),
                         (["--no-records"], "--query"), (["--query", "--full"], "--full"),
                         (["--query", "--cache", "5"], "--cache"),
                         (["--query", "--type", "TYPE0"], "--type"),
                         (["--stream", "s"], "--nats"), (["--drain"], "--nats"),
                         (["--dkim-jobs"], "--nats"), ([*QUEUE, "--dkim-jobs", "--submit"], "--submit"),
                         ([*QUEUE, "--dkim-jobs", "--collect"], "--collect"),
                         ([*QUEUE, "--dkim-jobs", "--query"], "--query"),
                         ([*QUEUE, "--dkim-jobs", "--dkim", "x", "--submit"], "--dkim"),
                         ([*QUEUE, "--dkim", "x"], "--dkim-jobs"),
                         ([*QUEUE, "--submit", "--dkim", "/nonexistent"], "/nonexistent"),
                         (["--tls-ca", "x"], "--nats"), (["--nats", "nats://x"], "--stream"),
                         (["--nats", "nats://x", "--stream", "a.b"], "--stream"),
                         ([*QUEUE, "-f", "x"], "--submit"), ([*QUEUE, "-o", "x"], "--collect"),
                         ([*QUEUE, "-o", "x", "--checkpoint", "x"], "--checkpoint"),
                         ([*QUEUE, "--shard", "1/2"], "--shard"),
                         ([*QUEUE, "--collect", "-f", "x"], "--collect"),
                         ([*QUEUE, "--collect", "--submit"], "--submit"),
                         ([*QUEUE, "--submit", "--drain"], "--drain"),
                         ([*QUEUE, "--max-deliver", "0"], "--max-deliver"),
                         ([*QUEUE, "--ack-wait", "1"], "--ack-wait"),
                         ([*QUEUE, "--results", "a.*"], "--results"),
                         ([*QUEUE, "--creds", "x", "--nkey", "y"], "--nkey"),
                         ([*QUEUE, "--tls-cert", "x"], "--tls-key")):
        p = subprocess.run([prog, "bulk", *words], capture_output=True, text=True, check=False,
                           stdin=subprocess.DEVNULL)
        t.check("usage: " + " ".join(words), p.returncode == 64 and named in p.stderr and
                len(p.stderr.splitlines()) == 1, p.stderr)


def main():
    args = tap.arguments()
    t = tap.Tap()
    wanted = schema.load("bulk")
    server = Answerer()
    usage(t, args.prog)
    queries(t, args.prog, wanted, server)
    closed(t, args.prog)
    polite(t, args.prog, server)
    shards(t, args.prog, server)
    truncated_ipv6(t, args.prog, wanted)
    resumed(t, args.prog, server)
    with serving(args.prog, DEMO):
        checks(t, args.prog, wanted)
        dkim(t, args.prog, wanted)
        opt_out(t, args.prog, wanted, server)
        summary(t, args.prog, server)
        resumed_checks(t, args.prog)
        resumed_dkim(t, args.prog)
        few_files(t, args.prog)
        no_more_files(t, args.prog, server)
    stopped(t, args.prog)
    shares(t, args.prog, wanted)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
