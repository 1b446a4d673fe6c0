#!/usr/bin/env python3
"""`nsprobe query` with parts hidden: +short and +noall +answer have records on standard output, and
nothing else; what else there is to know of the reply is on standard error."""
import os
import resource
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import tap  # noqa: E402

PORT = 5441
ZONES = """root 198.51.100.1
zone . {
$TTL 300
@ SOA a.root.test. host 1 2 3 4 5
@ NS a.root.test.
a.root.test. A 198.51.100.1
z.test. NS n1.z.test.
n1.z.test. A 198.51.100.2
}
zone z.test {
$TTL 300
@ SOA n1 host 1 2 3 4 5
@ NS n1
n1 A 198.51.100.2
}
"""
# behaviour, type; exit code, standard output, words on standard error
CASES = [
    (None, "SOA", 0, True, None),
    (None, "TXT", 0, False, None),
    ("malformed count-high", "SOA", 2, True, "MALFORMED at octet"),
    ("malformed short-header", "SOA", 2, False, "MALFORMED at octet"),
    ("refuse", "SOA", 0, False, "REFUSED"),
    ("servfail", "SOA", 0, False, "SERVFAIL"),
    ("nxdomain", "SOA", 0, False, None),
    ("truncate", "SOA", 0, False, "cut (TC)"),
    ("drop", "SOA", 3, True, None),
]


def query(prog, port, *words):
    return subprocess.run([prog, "query", f"@127.0.0.1#{port}", "--timeout", "0.3", "--tries", "1",
                           *words], capture_output=True, text=True, check=False)


def short(prog, port, *words):
    return query(prog, port, "+short", "+ignore", *words)


def parts(t, prog):
    """As dig shows and hides them."""
    record = "z.test.\t300\tIN\tSOA\tn1.z.test. host.z.test. 1 2 3 4 5\n"
    glue = "z.test.\t300\tIN\tNS\tn1.z.test.\n"
    question = ";z.test.\t\tIN\tSOA\n"
    for words, wanted in (("+noall +answer", record), ("+nocmd +noall +answer", record),
                          ("+noall +question", question), ("+noall", ""),
                          ("+noall +answer +question", question + record)):
        p = query(prog, PORT, "z.test", "SOA", *words.split())
        t.equal(words, (p.returncode, p.stdout, p.stderr), (0, wanted, ""))
    p = query(prog, PORT + len(CASES), "z.test", "A", "+noall", "+authority")
    t.equal("+noall +authority", p.stdout, glue)
    p = query(prog, PORT, "z.test", "SOA", "+nocomments")
    t.check("+nocomments: the rest stays", record in p.stdout and question in p.stdout and
            ";; SERVER" in p.stdout and "HEADER" not in p.stdout, p.stdout)
    p = query(prog, PORT, "z.test", "SOA", "+nostats")
    t.check("+nostats", "HEADER" in p.stdout and ";; SERVER" not in p.stdout, p.stdout)
    p = query(prog, PORT + 2, "z.test", "SOA", "+noall", "+answer")
    t.check("+noall: what is malformed is said", p.returncode == 2 and "MALFORMED" in p.stderr and
            "MALFORMED" not in p.stdout, p.stderr)


def own_troubles(t, prog):
    """What this machine lacks is said, and is no wrong usage."""
    few = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))
    for argv in (["query", "@127.0.0.1", "z.test"], ["trace", "@127.0.0.1", "z.test"],
                 ["check", "--from", "127.0.0.1", "z.test"],
                 ["dkim", "--from", "127.0.0.1", "z.test", "a", "b", "c"]):
        p = subprocess.run([prog, *argv], capture_output=True, text=True, check=False,
                           preexec_fn=few)
        t.check(f"{argv[0]}: too few files", p.returncode == 3 and p.stderr.count("\n") == 1 and
                "ulimit -n" in p.stderr, f"{p.returncode} {p.stderr}")
    apart = ["unshare", "--net", prog, "query"]
    if subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode:
        t.skip("a host name that cannot be looked up", "no network namespaces")
        return
    p = subprocess.run([*apart, "@host.invalid", "z.test"], capture_output=True, text=True,
                       check=False)
    t.check("a host name that cannot be looked up", "@host.invalid: " in p.stderr and
            p.returncode == (64 if "not known" in p.stderr else 3), f"{p.returncode} {p.stderr}")


def main():
    a = tap.arguments()
    t = tap.Tap()
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "scenario")
        with open(path, "w", encoding="ascii") as f:
            f.write(ZONES)
            for i, (behave, *_) in enumerate(CASES):
                f.write(f"address 198.51.100.{i + 10} on 127.0.0.1#{PORT + i} {{\nserves z.test\n" +
                        (f"behave {behave}\n" if behave else "") + "}\n")
            f.write(f"address 198.51.100.1 on 127.0.0.1#{PORT + len(CASES)} {{\nserves .\n}}\n")
        with tap.Serve(a.prog, path) as serve:
            if not t.check("serves", serve.ready, serve.output):
                return t.done()
            for i, (behave, kind, code, out, words) in enumerate(CASES):
                p = short(a.prog, PORT + i, "z.test", kind)
                name = f"{behave or 'honest'} {kind}"
                t.check(f"{name}: records alone are output", bool(p.stdout) == out, p.stdout)
                t.equal(f"{name}: exit code", p.returncode, code)
                t.check(f"{name}: what is wrong is said", words in p.stderr if words else
                        p.stderr == "", p.stderr)
            parts(t, a.prog)
            p = short(a.prog, PORT + len(CASES), "z.test", "A")
            t.equal("referral", (p.returncode, p.stdout, p.stderr),
                    (0, "", ";; no answer, but a referral to the servers of z.test.\n"))
    own_troubles(t, a.prog)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
