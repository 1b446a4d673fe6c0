#!/usr/bin/env python3
"""`serve --fuzz` and `torture`: reproducible faults, and verdicts about clients good and bad."""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
import schema  # noqa: E402
import tap  # noqa: E402

BAD = os.path.join(ROOT, "tests", "torture", "badclient.py")
SCHEMA = schema.load("torture")
LISTEN = "127.0.0.1#5390"


def run(prog, *argv):
    return subprocess.run([prog, *argv], capture_output=True, text=True, check=False)


def client(mistake):
    return [sys.executable, BAD, mistake, "{addr}", "{port}", "{name}"]


def torture(t, prog, name, options, argv):
    p = run(prog, "torture", "--json", "--jobs", "4", *options, *argv)
    try:
        report = json.loads(p.stdout)
    except ValueError:
        t.check(f"{name}: JSON", False, p.stdout + p.stderr)
        return None, p.returncode
    t.equal(f"{name}: as the schema says", schema.errors(report, SCHEMA), "")
    return {r["fault"]: r for r in report["results"]}, p.returncode


def bad_clients(t, prog):
    cases = [  # mistake, fault, verdict, exit code
        ("none", "wrong-id", "survived", 0),
        ("none", "pointer-self", "survived", 0),
        ("none", "rdlength-long", "survived", 0),
        ("none", "silence", "survived", 0),
        ("none", "dribble", "survived", 0),
        ("id", "wrong-id", "lie", 2),
        ("id", "other-name", "lie", 2),
        ("pointer", "pointer-self", "hang", 2),
        ("pointer", "pointer-two", "hang", 2),
        ("length", "rdlength-long", "crash", 2),
        ("wait", "silence", "hang", 2),
        ("asan", "one-octet", "sanitizer", 2),
        ("child", "twice", "survived", 0),
    ]
    for mistake, fault, verdict, code in cases:
        name = f"client with mistake '{mistake}', {fault}"
        options = ["--only", fault, "--timeout", "3"]
        results, got = torture(t, prog, name, options, client(mistake))
        if results is not None:
            t.equal(f"{name}: {verdict}", results[fault]["verdict"], verdict)
            t.equal(f"{name}: exit code", got, code)


def whole_catalogue(t, prog):
    """A careful client gets through all of it; dig is never crashed and never hangs."""
    results, code = torture(t, prog, "careful client", ["--timeout", "20", "--mutations", "20"],
                            client("none"))
    bad = {k: r["verdict"] for k, r in (results or {}).items() if r["verdict"] != "survived"}
    t.equal("careful client: survives everything", (bad, code), ({}, 0))
    t.check("careful client: at least 60 faults", len(results or {}) > 80, len(results or {}))
    dig = ["dig", "@{addr}", "-p", "{port}", "+tries=1", "+time=2", "{name}", "A"]
    results, _ = torture(t, prog, "dig", ["--timeout", "20", "--mutations", "20"], dig)
    bad = {k for k, r in (results or {}).items() if r["verdict"] in ("crash", "hang", "sanitizer")}
    t.equal("dig: neither crashes nor hangs", bad, set())


def files(t, prog):
    with tempfile.TemporaryDirectory() as d:
        junit, log = os.path.join(d, "j.xml"), os.path.join(d, "log")
        p = run(prog, "torture", "--only", "wrong-id", "--junit", junit, "--log", log,
                *client("id"))
        t.check("table: names fault and verdict", re.search(r"^wrong-id +lie ", p.stdout, re.M),
                p.stdout + p.stderr)
        t.check("table: at most 80 columns", all(len(x) <= 80 for x in p.stdout.splitlines()),
                p.stdout)
        suite = ElementTree.parse(junit).getroot()
        t.equal("JUnit: one failure", (suite.get("tests"), suite.get("failures"),
                                       suite[0].get("name"), suite[0][0].tag),
                ("1", "1", "wrong-id", "failure"))
        with open(log, encoding="ascii") as f:
            lines = [json.loads(x) for x in f]
        t.equal("log: the honest answer, then the fault", [x["fault"] for x in lines],
                ["honest", "wrong-id"])


def answers(prog, options, count, log):
    """Asks a `serve --fuzz` with dig; the log's lines."""
    p = subprocess.Popen([prog, "serve", *options, "--listen", LISTEN, "--log", log],
                         stdout=subprocess.PIPE, text=True)
    try:
        p.stdout.readline()
        for i in range(count):
            run("dig", "@127.0.0.1", "-p", LISTEN.split("#")[1], "+tries=1", "+time=1", "+qid=77",
                "+nocookie", "+tcp" if i % 2 else "+notcp", "www.fuzz.test", "A")
    finally:
        p.terminate()
        p.wait()
    with open(log, encoding="ascii") as f:
        return [json.loads(x) for x in f]


def reproducible(t, prog):
    with tempfile.TemporaryDirectory() as d:
        first = answers(prog, ["--fuzz", "11"], 8, os.path.join(d, "1"))
        second = answers(prog, ["--fuzz", "11"], 8, os.path.join(d, "2"))
        other = answers(prog, ["--fuzz", "12"], 8, os.path.join(d, "3"))
        t.check("the same seed gives the same answers", first == second and len(first) >= 8,
                f"{first}\n{second}")
        t.check("another seed gives others", [x["pieces"] for x in first] !=
                [x["pieces"] for x in other], first)
        wanted = next(x for x in first if x["transport"] == "udp" and x["pieces"])
        again = answers(prog, ["--replay", f"{os.path.join(d, '1')}:{wanted['n']}"], 1,
                        os.path.join(d, "4"))
        t.equal("--replay sends the very octets", again[0]["pieces"], wanted["pieces"])


def interrupted(t, prog):
    """Clients that run at ^C are left out: nothing is known of them."""
    with tempfile.TemporaryDirectory() as d:
        for flag, wanted in (("once", ["honest"]), ("never", [])):
            path, junit = os.path.join(d, flag), os.path.join(d, "j.xml")
            slow = f"test {'!' if flag == 'never' else ''} -e {path} && sleep 60; touch {path}; exec \"$@\""
            p = subprocess.Popen([prog, "torture", "--json", "--jobs", "3", "--junit", junit, "sh", "-c",
                                  slow, "sh", *client("none")], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
            for _ in range(200):
                if os.path.exists(path) or flag == "never":
                    break
                time.sleep(0.05)
            time.sleep(1.5)
            p.send_signal(signal.SIGINT)
            out, err = p.communicate(timeout=30)
            report = json.loads(out or "{}")
            t.equal(f"^C: {flag}: what ran is left out", (
                p.returncode, report.get("interrupted"), [r["fault"] for r in report.get("results", [])],
                err), (130, True, wanted, ""))
            t.equal(f"^C: {flag}: no failure in JUnit", (
                ElementTree.parse(junit).getroot().get("tests"),
                ElementTree.parse(junit).getroot().get("failures")), ("0", "0"))


USAGE = [
    (["torture"], "client"),
    (["torture", "--only", "nosuch", "dig"], "nosuch"),
    (["torture", "--jobs", "0", "dig"], "--jobs"),
    (["torture", "--listen", "192.0.2.1", "true"], None),
    (["serve", "--fuzz", "x"], "--fuzz"),
    (["serve", "--fuzz", "1", "--only", "pointer-selv"], "pointer-self"),
    (["serve", "--only", "cut"], "--fuzz"),
    (["serve", "--fuzz", "1", "some.scn"], "some.scn"),
    (["serve", "--fuzz", "1", "--replay", "x"], "--replay"),
    (["serve", "--replay", "/nonexistent/log"], "/nonexistent/log"),
    (["serve", "--listen", "127.0.0.1", "some.scn"], "--listen"),
]


def usage(t, prog):
    for argv, word in USAGE:
        p = run(prog, *argv)
        wanted = 64 if word is not None else 3
        t.check(f"usage: {' '.join(argv)}",
                p.returncode == wanted and (word or "loopback") in p.stderr and not p.stdout,
                f"{p.returncode} {p.stderr}")
    p = run(prog, "torture", "/nonexistent/client")
    t.check("a client that cannot be started is named", p.returncode == 3 and
            "/nonexistent/client" in p.stderr, p.stderr)
    with tempfile.NamedTemporaryFile("w", suffix=".log") as f:
        f.write('{"n":1}\n')
        f.flush()
        p = run(prog, "serve", "--replay", f.name)
        t.check("a log that is none is named with its line", p.returncode == 64 and
                "line 1" in p.stderr, p.stderr)
    p = run(prog, "serve", "--list")
    faults = re.findall(r"^  ([a-z0-9-]+) +", p.stdout.split("--only FAULT")[1], re.M)
    t.check("--list has at least 60 faults, each once", len(set(faults)) == len(faults) >= 60,
            len(faults))


def main():
    a = tap.arguments()
    t = tap.Tap()
    usage(t, a.prog)
    reproducible(t, a.prog)
    files(t, a.prog)
    bad_clients(t, a.prog)
    interrupted(t, a.prog)
    whole_catalogue(t, a.prog)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
