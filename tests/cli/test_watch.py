#!/usr/bin/env python3
"""nsprobe watch and history on the command line: rounds, status, what is kept when it is killed."""
import contextlib
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
import schema  # noqa: E402
import tap  # noqa: E402

WATCH = schema.load("watch")
HISTORY = schema.load("history")
QUICK = ["--timeout", "0.3", "--tries", "1", "--late", "0"]
KILLS = 100

ZONE = """
zone zone.test {
$TTL 300
@   SOA ns1 host 7 7200 900 1209600 300
@   NS  ns1
@   NS  ns2
ns1 A    192.0.2.1
ns1 AAAA 2001:db8:1::1
ns2 A    198.51.100.10
ns2 AAAA 2001:db8:2::1
a._domainkey CNAME a.dkim.amazonses.com.
RECORD
}
address 192.0.2.1 {
    serves zone.test
}
address 2001:db8:1::1 {
    serves zone.test
}
address 198.51.100.10 {
    serves zone.test
}
address 2001:db8:2::1 {
    LAST
}
"""


class Lab:
    """A scenario that is served, and a folder for databases."""

    def __init__(self, prog):
        self.prog = prog
        self.dir = tempfile.mkdtemp(prefix="nsprobe-watch-")
        self.path = os.path.join(self.dir, "lab.scn")
        self.stack = contextlib.ExitStack()

    def serve(self, record="b._domainkey CNAME b.dkim.amazonses.com.", last="serves zone.test"):
        self.stack.close()
        with open(os.path.join(ROOT, "tests", "dkim", "world.inc"), encoding="utf-8") as f:
            text = f.read() + ZONE.replace("RECORD", record).replace("LAST", last)
        with open(self.path, "w", encoding="utf-8") as f:
            f.write(text)
        return self.stack.enter_context(tap.Serve(self.prog, self.path))

    def db(self, name):
        return os.path.join(self.dir, name)

    def argv(self, db, *more):
        return [self.prog, "watch", "--db", self.db(db), "--lab", self.path, *QUICK, *more]

    def run(self, db, *more):
        return subprocess.run(self.argv(db, *more), capture_output=True, text=True, check=False)

    def history(self, db, *more):
        p = subprocess.run([self.prog, "history", "--db", self.db(db), *more],
                           capture_output=True, text=True, check=False)
        return p

    def start(self, db, *more, out=subprocess.PIPE):
        return subprocess.Popen(self.argv(db, *more), stdout=out, stderr=subprocess.PIPE, text=True)


DOMAIN = ["zone.test", "a", "b"]


def lines_of(text):
    return [json.loads(x) for x in text.splitlines()]


def conforms(t, name, values, wanted):
    found = "\n".join(filter(None, (schema.errors(v, wanted) for v in values)))
    t.check(f"{name}: as the schema says", values and not found, found)


def once(t, lab):
    lab.serve()
    p = lab.run("once.db", "--once", "--json", *DOMAIN)
    rounds = lines_of(p.stdout)
    conforms(t, "once", rounds, WATCH)
    t.equal("once: verified", (p.returncode, rounds[0]["status"], rounds[0]["transition"]),
            (0, "SUCCESS", "verified"))
    lab.serve(record="")
    p = lab.run("once.db", "--once", "--json", *DOMAIN)
    rounds = lines_of(p.stdout)
    t.equal("once: a record is gone, one bad round is tolerated",
            (p.returncode, rounds[0]["status"], rounds[0]["outcome"], rounds[0]["round"]),
            (1, "SUCCESS", "negative", 2))
    p = lab.run("new.db", "--once", *DOMAIN)
    t.check("once: pending, in words", p.returncode == 1 and "PENDING" in p.stdout and
            "b._domainkey.zone.test" in p.stdout, p.stdout + p.stderr)
    t.check("once: at most 80 columns", max(map(len, p.stdout.splitlines())) <= 80, p.stdout)
    p = lab.run("new.db", "--once", "--began", "-80", *DOMAIN)
    p = lab.run("late.db", "--once", "--began", "-80", *DOMAIN)
    t.equal("once: after 72 hours", p.returncode, 2)


def configured(t, lab):
    """The file and the options accept the same."""
    lab.serve()
    conf = lab.db("same.conf")
    with open(conf, "w", encoding="ascii") as f:
        f.write("began 2099-01-01T00:00:00Z\ndomain zone.test a\n")
    p = lab.run("same.db", "--once", "--config", conf)
    t.check("configuration: began in the future", p.returncode == 64 and "same.conf:1:7" in
            p.stderr and "future" in p.stderr, p.stderr)
    with open(conf, "w", encoding="ascii") as f:
        f.write("provider fastmail\ndomain zone.test\n")
    p = lab.run("same.db", "--once", "--json", "--config", conf)
    t.check("configuration: a provider without tokens for all domains", p.returncode == 1 and
            "fm1._domainkey.zone.test" in p.stdout, f"{p.returncode} {p.stdout}{p.stderr}")
    p = lab.run("zero.db", "--once", "--tolerate-rounds", "0", *DOMAIN)
    t.equal("--tolerate-rounds 0, as in the file", p.returncode, 0)


def coverage(t, lab):
    """Addresses that were not asked: said in each round, and kept."""
    lab.serve(last="serves zone.test\nbehave nxdomain")
    p = lab.run("part.db", "--once", "--json", "-4", *DOMAIN)
    rounds = lines_of(p.stdout)
    conforms(t, "coverage", rounds, WATCH)
    t.equal("coverage: -4 verifies the IPv4 addresses, and says so",
            (p.returncode, rounds[0]["status"], rounds[0]["coverage"]),
            (0, "SUCCESS", {"addresses": 4, "asked": 2, "excluded": 2, "unsent": 0}))
    p = lab.run("part.db", "--once", "-4", *DOMAIN)
    t.check("coverage: in words", "2 of 4 asked" in p.stdout, p.stdout)
    p = lab.history("part.db", "--json", "zone.test")
    values = lines_of(p.stdout)
    conforms(t, "coverage, history", values, HISTORY)
    t.equal("coverage: history knows it", (values[0]["outcomes"]["verified"],
                                           values[0]["partial"]["verified"]), (2, 2))
    p = lab.history("part.db", "zone.test")
    t.check("coverage: history says it", "2 of them did not ask every address: 2 verified" in
            p.stdout, p.stdout)


def history(t, lab):
    p = lab.history("once.db", "--json", "zone.test")
    values = lines_of(p.stdout)
    conforms(t, "history", values, HISTORY)
    t.equal("history: what was stored", (values[0]["rounds"], values[0]["status"],
                                         [c["transition"] for c in values[0]["changes"]],
                                         len(values[0]["addresses"])),
            (2, "SUCCESS", ["verified"], 4))
    p = lab.history("once.db", "zone.test")
    t.check("history: text", p.returncode == 0 and "192.0.2.1" in p.stdout and
            "100.0 %" in p.stdout and max(map(len, p.stdout.splitlines())) <= 80, p.stdout)
    t.check("history: all domains", "zone.test." in lab.history("once.db").stdout, "")
    p = lab.history("once.db", "other.test")
    t.check("history: a domain that is not watched", p.returncode == 3 and
            "other.test" in p.stderr, p.stderr)
    p = lab.history("missing.db", "zone.test")
    t.check("history: no database", p.returncode == 3 and "missing.db" in p.stderr, p.stderr)


def killed(t, lab):
    """kill -9 at random times: what was printed is stored, each round once, none is missing."""
    lab.serve()
    rng = random.Random(20261125)
    printed = []
    out = os.path.join(lab.dir, "out")
    for _ in range(KILLS):
        with open(out, "w", encoding="utf-8") as f:
            p = lab.start("kill.db", "--json", "--interval", "20ms", "--jitter", "0", *DOMAIN,
                          out=f)
            time.sleep(rng.uniform(0.0, 0.25))
            p.kill()
            p.communicate()
        with open(out, encoding="utf-8") as f:
            for line in f:
                if line.endswith("\n"):
                    printed.append(json.loads(line))
    db = sqlite3.connect(lab.db("kill.db"))
    t.equal("killed: the database is whole", db.execute("PRAGMA integrity_check").fetchall(),
            [("ok",)])
    rows = db.execute("SELECT number, at FROM round ORDER BY number").fetchall()
    numbers = [r[0] for r in rows]
    t.check("killed: many rounds were run", len(numbers) > KILLS // 2, len(numbers))
    t.equal("killed: no round is missing, none is there twice", numbers,
            list(range(1, len(numbers) + 1)))
    t.equal("killed: rounds of the domain are counted right",
            db.execute("SELECT rounds FROM domain").fetchall(), [(len(numbers),)])
    stored = {n: at / 1000 for n, at in rows}
    lost = [r["round"] for r in printed if abs(stored.get(r["round"], 0) - r["at"]) > 0.002]
    t.equal("killed: every round that was told is stored", lost, [])
    twice = len(printed) - len({r["round"] for r in printed})
    t.equal("killed: no round was told twice", twice, 0)
    t.equal("killed: one sample an address in each round", db.execute(
        "SELECT count(*) FROM (SELECT round FROM sample GROUP BY round HAVING count(*) <> 4)"
    ).fetchall(), [(0,)])
    db.close()


def wait_for(test, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if test():
            return True
        time.sleep(0.02)
    return False


def rounds_in(lab, db, domain="zone.test."):
    try:
        c = sqlite3.connect(f"file:{lab.db(db)}?mode=ro", uri=True)
        row = c.execute("SELECT rounds FROM domain WHERE name = ?", (domain,)).fetchone()
        c.close()
        return row[0] if row else 0
    except sqlite3.Error:
        return 0


def signals(t, lab):
    """A second watch, SIGTERM amid a round, SIGHUP with a good and a bad configuration."""
    lab.serve(last="behave drop")
    p = lab.start("sig.db", "--timeout", "30", *DOMAIN)
    t.check("the lock is taken", wait_for(lambda: os.path.exists(lab.db("sig.db"))), "")
    time.sleep(0.5)
    q = lab.run("sig.db", "--once", *DOMAIN)
    t.check("a second watch is refused, and the first one named", q.returncode == 3 and
            str(p.pid) in q.stderr, q.stderr)
    p.terminate()
    out, err = p.communicate()
    t.equal("SIGTERM amid a round: a clean end, the round was not counted",
            (p.returncode, out, rounds_in(lab, "sig.db")), (0, "", 0))
    lab.serve()
    conf = lab.db("watch.conf")
    good = "interval 50ms\ndomain zone.test a\n"
    with open(conf, "w", encoding="ascii") as f:
        f.write(good)
    p = lab.start("hup.db", "--quiet", "--config", conf)
    t.check("rounds of the first configuration", wait_for(lambda: rounds_in(lab, "hup.db") > 0), "")
    with open(conf, "w", encoding="ascii") as f:
        f.write(good + "domain nic.test b\n")
    p.send_signal(signal.SIGHUP)
    t.check("SIGHUP: rounds of the domain that is new",
            wait_for(lambda: rounds_in(lab, "hup.db", "nic.test.") > 0), "")
    with open(conf, "w", encoding="ascii") as f:
        f.write("domain zone.test a\nnonsense\n")
    before = rounds_in(lab, "hup.db")
    p.send_signal(signal.SIGHUP)
    t.check("SIGHUP with a mistake: it goes on as before",
            wait_for(lambda: rounds_in(lab, "hup.db") > before + 3) and p.poll() is None, "")
    p.terminate()
    _, err = p.communicate()
    t.check("SIGHUP with a mistake: line and column", "watch.conf:2:1" in err, err)


def openmetrics(text):
    """Faults of an OpenMetrics text, as strictly as its grammar has it."""
    lines = text.split("\n")
    if lines[-2:] != ["# EOF", ""]:
        yield "it does not end in # EOF"
    family, kind, seen = None, None, set()
    for line in lines[:-2]:
        m = re.fullmatch(r"# (TYPE|UNIT|HELP) ([a-zA-Z_:][\w:]*) (.*)", line)
        if m:
            if m[1] == "TYPE":
                family, kind = m[2], m[3]
                if family in seen:
                    yield f"family {family} twice"
                seen.add(family)
            elif m[2] != family:
                yield f"{line}: not of {family}"
            continue
        m = re.fullmatch(r'([a-zA-Z_:][\w:]*)(\{(?:\w+="(?:[^"\\\n]|\\[\\"n])*",?)*\})? (\S+)', line)
        if not m:
            yield f"no sample: {line}"
            continue
        suffix = {"counter": "_total", "info": "_info"}.get(kind, "")
        if m[1] != f"{family}{suffix}":
            yield f"{line}: not of {family} ({kind})"
        try:
            float(m[3])
        except ValueError:
            yield f"{line}: no number"


def served(t, lab):
    lab.serve()
    sink = lab.db("told")
    text = lab.db("metrics.prom")
    p = lab.start("http.db", "--interval", "100ms", "--listen", "127.0.0.1:9755", "--textfile",
                  text, "--exec", "sh", "--exec-arg", "-c", "--exec-arg", 'cat >> "$0"',
                  "--exec-arg", sink, *DOMAIN)
    t.check("served: rounds", wait_for(lambda: rounds_in(lab, "http.db") > 2), "")
    try:
        with urllib.request.urlopen("http://127.0.0.1:9755/metrics") as r:
            kind, body = r.headers["Content-Type"], r.read().decode()
        with urllib.request.urlopen("http://127.0.0.1:9755/healthz") as r:
            health = (r.status, r.read().decode().strip())
    except OSError as e:
        kind, body, health = "", str(e), None
    t.check("metrics: OpenMetrics by its header", "application/openmetrics-text" in kind, kind)
    t.equal("metrics: OpenMetrics by its grammar", list(openmetrics(body)), [])
    t.check("metrics: the status", re.search(r'status="SUCCESS"\} 1', body), body[:500])
    t.equal("health", health, (200, "ok"))
    t.check("exec: told", wait_for(lambda: os.path.exists(sink) and os.path.getsize(sink) > 0), "")
    other = lab.db("other")
    with open(other, "w", encoding="ascii") as f:
        f.write("mine")
    os.symlink(other, f"{text}.{p.pid}.tmp")
    p.terminate()
    p.communicate()
    with open(other, encoding="ascii") as f:
        t.equal("textfile: a link beside it is not written to", f.read(), "mine")
    t.check("textfile: nor moved", not os.path.islink(text) and
            not os.path.lexists(f"{text}.{p.pid}.tmp"), "")
    with open(sink, encoding="utf-8") as f:
        told = json.loads(f.read())
    conforms(t, "exec", [told], WATCH)
    t.equal("exec: once, about the change", told["transition"], "verified")
    with open(text, encoding="utf-8") as f:
        body = f.read()
    t.check("textfile: there, and without # EOF", "nsprobe_watch_status" in body and
            "# EOF" not in body, body[:300])


def exec_fails(t, lab):
    """A command that fails, hangs or cannot be started is reported, and rounds go on."""
    lab.serve()
    script = lab.db("script")
    with open(script, "w", encoding="ascii") as f:
        f.write("#!/nonexistent/interpreter\n")
    os.chmod(script, 0o755)
    for name, words, what in [("fails", ["--exec", "false"], "1"),
                              ("cannot be started", ["--exec", script], script),
                              ("hangs", ["--exec", "sleep", "--exec-arg", "1000",
                                         "--exec-timeout", "0.3"], "sleep")]:
        db = f"exec-{name.replace(' ', '-')}.db"
        p = lab.run(db, "--once", *words, *DOMAIN)
        t.check(f"exec: a command that {name}", p.returncode == 0 and what in p.stderr,
                f"{p.returncode} {p.stderr}")


def databases(t, lab):
    lab.serve()
    with open(lab.db("text.db"), "w", encoding="ascii") as f:
        f.write("this is no database, whatever its name says\n" * 50)
    foreign = sqlite3.connect(lab.db("foreign.db"))
    foreign.execute("CREATE TABLE x (y)")
    foreign.commit()
    foreign.close()
    lab.run("newer.db", "--once", *DOMAIN)
    newer = sqlite3.connect(lab.db("newer.db"))
    newer.execute("PRAGMA user_version = 99")
    newer.commit()
    newer.close()
    for name, word in [("text.db", "not a database"), ("foreign.db", "not one of nsprobe"),
                       ("newer.db", "later nsprobe")]:
        p = lab.run(name, "--once", *DOMAIN)
        t.check(f"{name}: refused in one line", p.returncode == 3 and name in p.stderr and
                p.stderr.count("\n") == 1, p.stderr)
        t.check(f"{name}: says why", word in p.stderr, p.stderr)
    damaged(t, lab)
    readonly(t, lab)


def damaged(t, lab):
    """Pages are overwritten while nobody watches."""
    lab.run("damaged.db", "--once", *DOMAIN)
    db = sqlite3.connect(lab.db("damaged.db"))
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    with open(lab.db("damaged.db"), "r+b") as f:
        size = f.seek(0, os.SEEK_END)
        f.seek(4096)
        f.write(b"Z" * (size - 4096))
    p = lab.run("damaged.db", "--once", *DOMAIN)
    t.check("damaged: refused in one line that says so", p.returncode == 3 and
            "damaged" in p.stderr and p.stderr.count("\n") == 1, p.stderr)


def readonly(t, lab):
    """A database in a folder that may only be read, by somebody who is not root."""
    folder = lab.db("readonly")
    os.mkdir(folder)
    lab.run("readonly/w.db", "--once", *DOMAIN)
    for name in os.listdir(folder):
        os.chmod(os.path.join(folder, name), 0o444)
    os.chmod(folder, 0o555)
    os.chmod(lab.dir, 0o755)
    prog = shutil.copy(lab.prog, lab.dir)  # the checkout itself may be closed to others
    who = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    env = {**os.environ, "HOME": "/nonexistent"}
    env.pop("XDG_CONFIG_HOME", None)
    for name, argv, word in [
            ("watch", lab.argv("readonly/w.db", "--once", *DOMAIN)[1:], "Permission denied"),
            ("history", ["history", "--db", lab.db("readonly/w.db")], "write beside it")]:
        p = subprocess.run([prog, *argv], capture_output=True, text=True, check=False, env=env, **who)
        t.check(f"read-only, {name}: refused in one line that says why", p.returncode == 3 and
                "w.db" in p.stderr and word in p.stderr and p.stderr.count("\n") == 1,
                f"{p.returncode} {p.stderr}")
    os.chmod(folder, 0o755)


def units(t, lab):
    """systemd takes the units as they are installed."""
    if not shutil.which("systemd-analyze"):
        t.skip("units of systemd", "no systemd-analyze")
        return
    source = os.path.join(ROOT, "dist", "systemd")
    os.makedirs(lab.db("prefix/bin"))
    shutil.copy(lab.prog, lab.db("prefix/bin/nsprobe"))
    paths = []
    for name in sorted(os.listdir(source)):
        with open(os.path.join(source, name), encoding="utf-8") as f:
            text = f.read().replace("@PREFIX@", lab.db("prefix"))
        paths.append(lab.db(name))
        with open(paths[-1], "w", encoding="utf-8") as f:
            f.write(text)
    # all at once: the timer needs its service
    p = subprocess.run(["systemd-analyze", "verify", "--man=no", *paths], capture_output=True,
                       text=True, check=False)
    t.equal("units: systemd has nothing to say", (p.returncode, p.stdout + p.stderr), (0, ""))


def brackets(t, lab):
    """The address of the metrics as a browser takes it."""
    lab.serve()
    p = lab.run("six.db", "--once", "--listen", "[::1]:9756", *DOMAIN)
    t.check("listen: IPv6 in brackets", "http://[::1]:9756/metrics" in p.stderr, p.stderr)
    p = lab.run("four.db", "--once", "--listen", "9756", *DOMAIN)
    t.check("listen: IPv4", "http://127.0.0.1:9756/metrics" in p.stderr, p.stderr)


USAGE = [
    (["watch"], "domain"),
    (["watch", "zone.test"], "expect"),
    (["watch", "zone.test", "a", "--config", "x"], "--config"),
    (["watch", "--config", "/nonexistent/conf"], "/nonexistent/conf"),
    (["watch", "zone.test", "a", "--interval", "soon"], "--interval"),
    (["watch", "zone.test", "a", "--jitter", "80"], "--jitter"),
    (["watch", "zone.test", "a", "--tolerate-rounds", "-1"], "--tolerate-rounds"),
    (["watch", "zone.test", "a", "--tolerate-hours", "x"], "--tolerate-hours"),
    (["watch", "zone.test", "a", "--listen", "here"], "--listen"),
    (["watch", "zone.test", "a", "--exec-arg", "x"], "--exec CMD"),
    (["watch", "zone.test", "a", "--exec-timeout", "5"], "--exec CMD"),
    (["watch", "zone.test", "a", "--exec", "no-such-command"], "--exec no-such-command: No such file"),
    (["watch", "zone.test", "a", "--exec", "/etc/passwd"], "--exec /etc/passwd: Permission denied"),
    (["watch", "zone.test", "a", "--at", "-3"], "--once"),
    (["watch", "zone.test", "a", "--began", "yesterday"], "--began"),
    (["watch", "zone.test", "a", "--began", "2099-01-01T00:00:00Z"], "future"),
    (["watch", "zone.test", "a", "--once", "--at", "1970-01-01T00:00:00Z"], "--at"),
    (["watch", "zone.test", "a", "--began", "1970-01-01T00:00:00Z"], "--began"),
    (["history", "a..b"], "a..b"),
    (["history", "--last", "x"], "--last"),
]


def usage(t, lab):
    for argv, word in USAGE:
        p = subprocess.run([lab.prog, argv[0], "--db", lab.db("usage.db"), *argv[1:]],
                           capture_output=True, text=True, check=False)
        t.check(f"usage: {' '.join(argv)}", p.returncode == 64 and word in p.stderr,
                f"{p.returncode} {p.stderr}")


def main():
    a = tap.arguments()
    t = tap.Tap()
    lab = Lab(a.prog)
    for part in (usage, units, once, configured, coverage, history, databases, exec_fails, signals,
                 served, brackets, killed):
        if not a.only or a.only == part.__name__:
            part(t, lab)
    lab.stack.close()
    subprocess.run(["rm", "-rf", lab.dir], check=False)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
