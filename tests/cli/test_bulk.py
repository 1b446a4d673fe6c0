#!/usr/bin/env python3
"""bulk: plain questions and whole checks as a stream, in the embedded lab; killed and resumed."""
import json
import os
import random
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
        rng = random.Random(7)
        for i in range(10):
            p = subprocess.Popen(argv + (["--resume"] if i else []))
            time.sleep(0.2 + rng.random() / 4)
            p.send_signal(signal.SIGKILL)
            p.wait()
        p = subprocess.run([*argv, "--resume"], check=False)
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


def usage(t, prog):
    for words, named in ((["-f", "/nonexistent"], "/nonexistent"), (["--shard", "3/2"], "--shard"),
                         (["--resume"], "--checkpoint"), (["--checkpoint", "x"], "--output"),
                         (["--server", "127.0.0.1"], "--query"), (["word"], "-f"),
                         (["--query", "--server", "localhost"], "localhost"),
                         (["--stream", "s"], "--nats"), (["--drain"], "--nats"),
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
    resumed(t, args.prog, server)
    serve = subprocess.Popen([args.prog, "serve", DEMO], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True)
    try:
        serve.stdout.readline()
        time.sleep(0.3)
        checks(t, args.prog, wanted)
    finally:
        serve.terminate()
        serve.wait()
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
