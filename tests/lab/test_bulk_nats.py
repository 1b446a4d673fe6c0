#!/usr/bin/env python3
"""bulk --nats: two workers and a broker with its streams on disk, over the zones of test_bulk.py, in
a network namespace of its own (root). A worker is killed and the broker restarted in the middle; the
results are complete, each once, and those of bulk with a list.

  tests/lab/test_bulk_nats.py --prog build/release/nsprobe [--jobs N]
"""
import argparse
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import schema  # noqa: E402
import tap  # noqa: E402
from bulk_net import (CALM, FREE, KINDS, NSD, PARENT, QUICK, SILENT, TOKENS, Zones,  # noqa: E402
                      begin, enter, question, stands_for)
from nats_keys import Certificates, Credentials, OTHER_SEED, PUBLIC, SEED  # noqa: E402
from test_bulk import findings  # noqa: E402
from test_watch_many import write  # noqa: E402

PORT, MONITOR = 4222, 8222
URL = f"nats://127.0.0.1:{PORT}"
DOMAINS = 400
POISON = ("no address here", "192.0.2.1", "192.0.2.1 name NOTYPE", "192.0.2.1 name A more")


class Broker:
    def __init__(self, folder, config=""):
        self.log = os.path.join(folder, "log")
        self.path = write(folder, "nats.conf", f"""listen: "127.0.0.1:{PORT}"
http: "127.0.0.1:{MONITOR}"
pid_file: ""
jetstream {{ store_dir: "{folder}/store" }}
{config}
""")
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(["nats-server", "-c", self.path], stdout=log, stderr=log)
        for _ in range(400):
            try:
                if self.streams() is not None:
                    return
            except (OSError, ValueError):
                pass
            time.sleep(0.05)

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait()

    def streams(self):
        """State of each stream by name, with its consumers."""
        with urllib.request.urlopen(f"http://127.0.0.1:{MONITOR}/jsz?streams=true&consumers=true",
                                    timeout=5) as f:
            accounts = json.load(f).get("account_details", [])
        return {s["name"]: s for a in accounts for s in a.get("stream_detail", [])}

    def messages(self, stream):
        try:
            return self.streams().get(stream, {"state": {"messages": 0}})["state"]["messages"]
        except OSError:
            return 0

    def left(self, stream):
        """Jobs that are not acknowledged. After kill -9 nats-server 2.9 has acknowledged ones, too."""
        c = self.consumer(stream)
        return c["num_pending"] + c["num_ack_pending"]

    def consumer(self, stream):
        return self.streams()[stream]["consumer_detail"][0]

    def wait(self, what):
        """Until what(self) is true; not for ever, so that a failure is told."""
        for _ in range(1200):
            try:
                if what(self):
                    return True
            except (OSError, KeyError, IndexError):
                pass
            time.sleep(0.02)
        return False


class Bulk:
    """Runs bulk --nats on one stream."""

    def __init__(self, prog, stream, *connection):
        self.argv = [prog, "bulk", "--nats", *(connection or (URL,)), "--stream", stream]
        self.env = dict(os.environ)

    def start(self, *words):
        return subprocess.Popen([*self.argv, *words], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env=self.env)

    def start_piped(self, *words):
        return subprocess.Popen([*self.argv, *words], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *words):
        p = self.start(*words)
        p.out, p.err = p.communicate()
        return p

    def lines(self, *words):
        return [json.loads(x) for x in self.run("--quiet", *words).out.splitlines()]


def publish(subject, bodies):
    """Messages of any octets, by the protocol itself."""
    with socket.create_connection(("127.0.0.1", PORT)) as s:
        s.recv(65536)
        s.sendall(b'CONNECT {"verbose":false}\r\n' + b"".join(
            b"PUB %s %d\r\n%s\r\n" % (subject.encode(), len(b), b) for b in bodies) + b"PING\r\n")
        while b"PONG" not in s.recv(65536):
            pass


def essence(x):
    """What a result of a plain question says, without times and the order of records."""
    if "outcome" not in x:
        return x
    return {k: sorted(v) if k in ("answer", "flags") else v for k, v in x.items()
            if k not in ("rtt", "attempts")}


def calm(x):
    """Findings without what a busy machine makes."""
    return [f for f in findings(x) if f[0] != "slow"]


def by_line(results):
    return {x["line"]: x for x in results}


def killed(t, prog, folder, broker, jobs):
    """The acceptance of the queue: kill -9 of a worker, and of the broker, in the middle."""
    rng = random.Random(8)
    lines = [question(n, DOMAINS, rng)[0] for n in range(jobs)]
    for i, text in enumerate(POISON):
        lines[(i + 1) * jobs // 5] = text
    path = write(folder, "questions", "".join(x + "\n" for x in lines))
    plain = subprocess.run([prog, "bulk", "--query", "--quiet", "-f", path, *QUICK, *FREE],
                           capture_output=True, text=True, check=False)
    wanted = by_line(map(json.loads, plain.stdout.splitlines()))
    bulk = Bulk(prog, "Q")
    p = bulk.run("--submit", "-f", path)
    t.check("submit: all jobs", p.returncode == 0 and f"{jobs} jobs submitted, 0 of" in p.err, p.err)
    p = bulk.run("--submit", "-f", path)
    t.check("submit again: nothing twice", f"{jobs} of them were there" in p.err, p.err)
    t.equal("submit again: the stream", broker.messages("Q"), jobs)

    slow = ["--query", *QUICK, *FREE[2:], "--rate", str(jobs // 5), "--ack-wait", "2", "--drain"]
    workers = [bulk.start(*slow) for _ in range(2)]
    t.check("results come", broker.wait(lambda b: b.messages("Q_RESULTS") > jobs // 6))
    workers[0].kill()
    workers[0].communicate()
    at_kill = broker.messages("Q_RESULTS")
    t.check("a worker is killed in the middle", 0 < at_kill < jobs * 3 // 4, at_kill)
    t.check("it had jobs in hand", broker.consumer("Q")["num_ack_pending"] > 0)
    workers[0] = bulk.start(*slow)
    t.check("results go on", broker.wait(lambda b: b.messages("Q_RESULTS") > at_kill + jobs // 8))
    broker.stop(signal.SIGKILL)
    time.sleep(1)
    broker.start()
    at_restart = broker.messages("Q_RESULTS")
    t.check("the broker is killed in the middle", 0 < at_restart < jobs - len(POISON), at_restart)
    for n, p in enumerate(workers):
        _, err = p.communicate()
        t.check(f"worker {n} goes on to the end", p.returncode == 0, err)
    t.equal("no job is left", broker.left("Q"), 0)
    out = os.path.join(folder, "collected")
    p = bulk.run("--collect", "-o", out)
    t.check("collect", p.returncode == 0, p.err)
    with open(out, encoding="utf-8") as f:
        results = [json.loads(x) for x in f]
    bad = {n for n, x in wanted.items() if "error" in x}
    t.equal("poison: as the list has it", len(bad), len(POISON))
    t.equal("results: each once", sorted(x["line"] for x in results),
            sorted(set(range(1, jobs + 1)) - bad))
    t.equal("results: none twice at the broker", broker.messages("Q_RESULTS"), jobs - len(bad))
    got = by_line(results)
    wrong = [(got.get(n), x) for n, x in wanted.items()
             if n not in bad and essence(got[n]) != essence(x)]
    t.check("results: those of the list", not wrong, wrong[:3])
    dead = by_line(bulk.lines("--collect-dead"))
    t.equal("dead letters: the jobs that cannot be understood", sorted(dead), sorted(bad))
    t.equal("dead letters: job and reason", {(n, x["job"], x["reason"]) for n, x in dead.items()},
            {(n, wanted[n]["input"], wanted[n]["error"]) for n in bad})
    t.equal("collect again", len(bulk.lines("--collect")), jobs - len(bad))


def long_checks(t, prog, folder, broker):
    """Whole checks, some of them longer than the broker waits: they are told to be in progress."""
    count = 8 * len(KINDS)
    path = write(folder, "domains", "".join(f"d{i}.many\n" for i in range(count)))
    options = ["--from", PARENT, *CALM, *FREE]
    p = subprocess.run([prog, "bulk", "--quiet", "-f", path, *options], capture_output=True,
                       text=True, check=False)
    wanted = by_line(map(json.loads, p.stdout.splitlines()))
    bulk = Bulk(prog, "C")
    bulk.run("--submit", "-f", path)
    p = bulk.run("--ack-wait", "2", "--cache", "0", "--drain", "--max-deliver", "1", *options)
    t.check("checks: the worker ends", p.returncode == 0, p.err)
    results = bulk.lines("--collect")
    got = by_line(results)
    t.equal("checks: each once", sorted(x["line"] for x in results), list(range(1, count + 1)))
    wrong = [(got.get(n), x) for n, x in wanted.items() if n not in got or calm(got[n]) != calm(x)]
    t.check("checks: findings are those of the list", not wrong, wrong[:2])
    t.check("checks: some took longer than the broker waits",
            max(x["took"] for x in results) > 2, [x["took"] for x in results])
    t.equal("checks: and were not delivered again", broker.consumer("C")["num_redelivered"], 0)
    shape = schema.load("bulk")
    wrong = [e for x in results for e in schema.errors(x, shape)]
    t.check("checks: results by their schema", not wrong, wrong[:3])


def verified(t, prog, folder, broker):
    """Records of domains: a CSV whose rows become a job a domain, each result that of the list."""
    text = "Domain;Token 1;Token 2\r\n"
    for i in range(6 * len(KINDS)):
        text += f"d{i}.many;{TOKENS[0]};{TOKENS[1]}\r\n;{TOKENS[2]};\r\n\r\n" if i % 3 == 0 else \
            f"d{i}.many;\"{TOKENS[0]},\r\n{TOKENS[1]}\"\r\n" if i % 3 == 1 else \
            f"d{i}.many;{TOKENS[2]};other{i}\r\n"
    text += "a..b;xyz\r\nd0.many;\r\n" + "".join(f"d1.many;t{n:0100d}\n" for n in range(50)) + \
        "\"d2.many;open\r\n"
    path = write(folder, "tokens.csv", text)
    options = ["--from", PARENT, *CALM, *FREE]
    p = subprocess.run([prog, "bulk", "--quiet", "--dkim", path, *options], capture_output=True,
                       text=True, check=False)
    wanted = by_line(map(json.loads, p.stdout.splitlines()))
    bulk = Bulk(prog, "R")
    jobs = 6 * len(KINDS) + 2
    p = bulk.run("--submit", "--dkim", path)
    t.check("verified: all that can be jobs are", p.returncode == 3 and
            f"{jobs} jobs submitted, 0 of" in p.err, p.err)
    t.equal("verified: what cannot is told with its line",
            [x.split(":")[1:3] for x in p.err.splitlines() if "not submitted" in x],
            [[f" {path}", str(max(wanted) - 50)], [f" {path}", str(max(wanted))]])
    t.equal("verified: a job a domain", broker.messages("R"), jobs)
    first = sorted(wanted)[:jobs]  # line of each job in the list, by its number
    p = bulk.run("--dkim-jobs", "--drain", *options)
    t.check("verified: the worker ends", p.returncode == 0, p.err)
    got = by_line(bulk.lines("--collect"))
    bad = [n for n, line in enumerate(first, 1) if "error" in wanted[line]]
    t.equal("verified: two of the jobs are bad", len(bad), 2)
    t.equal("verified: each once", sorted(got), sorted(set(range(1, jobs + 1)) - set(bad)))
    keys = ("domain", "status", "outcome", "chance", "verdict", "records", "addresses")
    wrong = [(got.get(n), wanted[line]) for n, line in enumerate(first, 1) if n not in bad and (
        any(got[n][k] != wanted[line][k] for k in keys) or calm(got[n]) != calm(wanted[line]))]
    t.check("verified: results are those of the list", not wrong, wrong[:2])
    t.check("verified: several kinds of them", len({x["status"] for x in got.values()}) > 1, got)
    shape = schema.load("bulk")
    wrong = [e for x in got.values() for e in schema.errors(x, shape)]
    t.check("verified: results by their schema", not wrong, wrong[:3])
    t.equal("verified: the bad are dead letters",
            sorted(x["line"] for x in bulk.lines("--collect-dead")), bad)

    bulk = Bulk(prog, "H")  # without names of columns, through a pipe whose writer takes its time
    p = bulk.start_piped("--submit", "--dkim", "-")
    for line in (f"d0.many;{TOKENS[0]}\n", f"d0.many;{TOKENS[1]}\nd8.many;{TOKENS[2]}\n"):
        p.stdin.write(line)
        p.stdin.flush()
        time.sleep(0.3)
    _, err = p.communicate()
    t.check("verified: a slow pipe", p.returncode == 0 and "2 jobs submitted" in err, err)
    p = bulk.run("--dkim-jobs", "--drain", *options)
    t.equal("verified: without names of columns", {(x["domain"], x["records"], x["status"])
                                                   for x in bulk.lines("--collect")},
            {("d0.many.", 2, "SUCCESS"), ("d8.many.", 1, "SUCCESS")})

    bulk = Bulk(prog, "J")
    bulk.run("--submit", "-f", os.devnull)
    head = b"Domain,Token\n"
    bodies = [head + b"d0.many,aaaa\nd1.many,aaaa", head + b"\"d0.many,aaaa", head, b"Domain\nd0.many",
              head + b"d0.many,aaaa\0", head + b"d0.many," + b"x" * 5000, head + b",aaaa",
              b"sep=|\nd0.many|aaaa|bbbb", head + b"d8.many,aaaa\n,bbbb\nD8.many,cccc"]
    publish("J.jobs", bodies)
    t.check("verified: jobs of others", broker.wait(lambda b: b.messages("J") == len(bodies)))
    p = bulk.run("--dkim-jobs", "--drain", *options)
    t.equal("verified: jobs of others that can be read are done",
            {(x["domain"], x["records"]) for x in bulk.lines("--collect")},
            {("d0.many.", 2), ("d8.many.", 3)})
    t.equal("verified: the rest of them are dead", sorted(x["line"] for x in
                                                          bulk.lines("--collect-dead")),
            list(range(1, 8)))


def poison(t, prog, broker):
    """Jobs that are no text, and a job that takes every worker with it."""
    bulk = Bulk(prog, "P")
    bulk.run("--submit", "-f", os.devnull)
    bodies = [b"", b"\n", b"a\0b.many", b"\xff\xfe\x00\x01", b"d0.many\nd1.many", b"x" * 5000,
              b"\x1b[31mred", b"d8.many\r\n", b" d9.many "]
    publish("P.jobs", bodies)
    t.check("poison: jobs are there", broker.wait(lambda b: b.messages("P") == len(bodies)))
    p = bulk.run("--drain", "--from", PARENT, *CALM, *FREE)
    t.check("poison: the worker ends", p.returncode == 0, p.err)
    t.equal("poison: what can be read is done",
            sorted(x["domain"] for x in bulk.lines("--collect")),
            ["\\027[31mred.", "d8.many.", "d9.many."])
    dead = bulk.lines("--collect-dead")
    t.equal("poison: the rest are dead", sorted(x["line"] for x in dead), list(range(1, 7)))
    wanted = schema.load("bulk-dead")
    wrong = [e for x in dead for e in schema.errors(x, wanted)]
    t.check("poison: dead letters by their schema", not wrong, wrong[:3])
    t.equal("poison: no job is left", broker.left("P"), 0)

    bulk = Bulk(prog, "D")
    slow = ["--query", *FREE, "--tries", "1", "--timeout", "60", "--ack-wait", "2", "--max-deliver",
            "2"]
    bulk.run("--submit", "-f", os.devnull)
    publish("D.jobs", [f"{SILENT} killer.many A".encode()])
    for n in (1, 2):
        p = bulk.start(*slow)
        t.check(f"killer: worker {n} has it", broker.wait(
            lambda b: b.consumer("D")["delivered"]["consumer_seq"] >= n))
        time.sleep(0.5)
        p.kill()
        p.communicate()
    p = bulk.run(*slow, "--drain")
    dead = bulk.lines("--collect-dead")
    t.check("killer: the third does not touch it", p.returncode == 0 and len(dead) == 1 and
            dead[0]["deliveries"] == 3 and "2 times" in dead[0]["reason"], f"{p.err}\n{dead}")


def graceful(t, prog, broker):
    """SIGTERM: what is done is kept, and the rest goes back at once."""
    bulk = Bulk(prog, "G")
    bulk.run("--submit", "-f", os.devnull)
    publish("G.jobs", [f"{NSD[0]} w1.d0.many".encode()] * 3 + [f"{SILENT} w1.d0.many".encode()] * 2)
    p = bulk.start("--query", *FREE, "--tries", "1", "--timeout", "60", "--ack-wait", "600")
    t.check("graceful: quick jobs are done", broker.wait(lambda b: b.messages("G_RESULTS") == 3))
    p.terminate()
    _, err = p.communicate()
    t.check("graceful: told", p.returncode == 130 and "3 results kept" in err and
            "2 jobs given back" in err, f"{p.returncode} {err}")
    # the broker would wait ten minutes for a worker that died
    p = bulk.run("--query", *QUICK, *FREE, "--drain")
    t.equal("graceful: another worker has them", sorted(x["outcome"] for x in
                                                        bulk.lines("--collect")),
            ["answered"] * 3 + ["silent"] * 2)


def strange_streams(t, prog):
    """Streams and consumers that are there and are not what is meant."""
    p = Bulk(prog, "S1").run("--submit", "-f", os.devnull)
    t.check("streams: a list without a line", p.returncode == 0 and "0 jobs" in p.err, p.err)
    p = Bulk(prog, "S2").start_piped("--submit", "-f", "-")
    time.sleep(0.3)
    _, err = p.communicate("d0.many\nd1.many\n")
    t.check("streams: a pipe whose writer takes its time", p.returncode == 0 and
            "2 jobs submitted" in err, err)
    p = Bulk(prog, "S1").run("--drain")
    t.check("streams: a queue without a job", p.returncode == 0 and "0 results" in p.err, p.err)
    p = Bulk(prog, "S1_RESULTS").run("--drain")
    t.check("streams: no work queue", p.returncode == 3 and "no work queue" in p.err, p.err)
    p = Bulk(prog, "S1").run("--drain", "--results", "elsewhere.results", "--dead", "elsewhere.dead")
    t.check("streams: results of another subject need a stream of their own",
            p.returncode == 3 and "S1_RESULTS" in p.err, p.err)


def secured(t, prog, folder):
    """TLS with certificates on both sides, passwords, keys, and credentials."""
    certs = Certificates(folder)
    path = write(folder, "few", f"{NSD[0]} w1.d0.many A\n")
    tls = f"""tls {{ cert_file: "{certs.cert}", key_file: "{certs.key}", ca_file: "{certs.ca}",
 verify: true, timeout: 5 }}
"""
    ca = ["--tls-ca", certs.ca]
    both = [*ca, "--tls-cert", certs.client_cert, "--tls-key", certs.client_key]
    url = f"tls://someone:secret@localhost:{PORT}"

    def attempt(name, good, where, *words):
        env = next((w for w in words if isinstance(w, dict)), {})
        bulk = Bulk(prog, "T", where, *(w for w in words if w is not env))
        bulk.env.update(env)
        p = bulk.run("--submit", "-f", path)
        t.check(f"secured: {name}", p.returncode == (0 if good else 3) and
                (good or len(p.err.splitlines()) <= 2), f"{p.returncode} {p.err}")
        if good:
            p = bulk.run("--query", "--drain", *QUICK, *FREE)
            got = bulk.lines("--collect")
            t.check(f"secured: {name}: results", p.returncode == 0 and len(got) == 1 and
                    got[0]["outcome"] == "answered", f"{p.err} {got}")

    def with_broker(name, config, attempts):
        place = os.path.join(folder, name)
        os.mkdir(place)
        broker = Broker(place, config)
        try:
            for a in attempts:
                attempt(*a)
        finally:
            broker.stop()

    with_broker("tls", tls + 'authorization { user: "someone", password: "secret" }', [
        ("certificates and password", True, url, *both),
        ("the CA is not known", False, url, *both[2:]),
        ("no own certificate", False, url, *ca),
        ("another name in the certificate", False, url.replace("localhost", "127.0.0.1"), *both),
        ("a wrong password", False, url.replace("secret", "wrong"), *both),
        ("no TLS", False, url.replace("tls:", "nats:")),
        ("a CA that is no file", False, url, "--tls-ca", "/nonexistent")])
    one_side = tls.replace("verify: true", "verify: false")
    with_broker("server", one_side, [
        ("a CA of the system", True, url, {"SSL_CERT_FILE": certs.ca}),
        ("a CA of the system, another name", False, url.replace("localhost", "127.0.0.1"),
         {"SSL_CERT_FILE": certs.ca}),
        ("no CA of the system", False, url)])
    with_broker("plain", "", [
        ("tls:// and a broker without it", False, url),
        ("tls:// behind nats://", False, f"nats://localhost:{PORT},{url}"),
        ("a broker without TLS", True, URL)])
    seed, other = write(folder, "seed", SEED + "\n"), write(folder, "other", OTHER_SEED + "\n")
    with_broker("nkey", f"authorization {{ users: [ {{ nkey: {PUBLIC} }} ] }}", [
        ("a user key", True, URL, "--nkey", seed),
        ("another user key", False, URL, "--nkey", other),
        ("no user key", False, URL)])
    credentials = Credentials(folder)
    with_broker("creds", credentials.config, [
        ("credentials", True, URL, "--creds", credentials.file),
        ("credentials of nobody", False, URL, "--creds", credentials.strange),
        ("credentials that are no file", False, URL, "--creds", "/nonexistent")])


def speed(t, prog, folder, jobs):
    """No test of its own: tells how long each step takes."""
    path = stands_for("QUESTIONS", DOMAINS, folder, jobs)[0]
    bulk = Bulk(prog, "V")
    for words in (("--submit", "-f", path), ("--drain", "--query", *QUICK, *FREE),
                  ("--collect", "-o", os.path.join(folder, "collected"))):
        begin_at = time.monotonic()
        p = bulk.run(*words)
        t.check(f"speed: {words[0]}", p.returncode == 0, p.err)
        print(f"# {words[0]}: {jobs} jobs in {time.monotonic() - begin_at:.1f} s")


def inside(a):
    t = tap.Tap()
    begin()
    with Zones(DOMAINS) as zones:
        zones.check(t)
        place = os.path.join(zones.folder, "broker")
        os.mkdir(place)
        broker = Broker(place)
        try:
            more = {"killed": (zones.folder, broker, a.jobs), "speed": (zones.folder, a.jobs),
                    "long_checks": (zones.folder, broker), "poison": (broker,),
                    "verified": (zones.folder, broker),
                    "graceful": (broker,)}
            for part in (killed, long_checks, verified, poison, graceful, strange_streams, speed):
                if a.only in part.__name__:
                    part(t, a.prog, *more.get(part.__name__, ()))
        finally:
            broker.stop()
        if a.only in "secured":
            secured(t, a.prog, zones.folder)
    return t.done()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--prog", required=True)
    p.add_argument("--jobs", type=int, default=6000)
    p.add_argument("--only", default="")
    p.add_argument("--inside", action="store_true")
    a = p.parse_args()
    a.prog = os.path.abspath(a.prog)
    if a.inside:
        return inside(a)
    there = shutil.which("nats-server", path=os.environ["PATH"] + ":/usr/sbin")
    return enter("bulk with a queue", None if there else "nats-server is not installed")


if __name__ == "__main__":
    sys.exit(main())
