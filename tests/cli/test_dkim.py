#!/usr/bin/env python3
"""nsprobe dkim on the command line: what it expects, what it prints, what it returns."""
import json
import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
import schema  # noqa: E402
import tap  # noqa: E402

DEMO = os.path.join(ROOT, "demo", "internet.scn")
GOLDEN = os.path.join(HERE, "dkim-florist.txt")
DOMAIN = "florist.example"
TOKENS = ["bq7k2vw4", "m5xw7d3p", "zt4c6yqh"]
# long enough for loopback, short for the address that is dead
QUICK = ["--timeout", "0.4,0.6", "--late", "0.2"]
# nothing can be sent: enough to see what is expected
NOWHERE = ["--from", "192.0.2.1", "--map", "127.0.0.1=127.0.0.1"]


def run(prog, *argv, env=None, stdin=None):
    return subprocess.run([prog, "dkim", *argv], capture_output=True, text=True, check=False,
                          env=dict(os.environ, **(env or {})), input=stdin)


def records(p):
    """The expected records of a --json report, as text."""
    try:
        return [f"{r['name']} {r['type']} {r['value']}" for r in json.loads(p.stdout)["records"]]
    except ValueError:
        return p.stdout + p.stderr


def cname(token, base="a.test."):
    return f"{token}._domainkey.{base} CNAME {token}.dkim.amazonses.com."


# arguments, standard input, and the records that they stand for
SOURCES = [
    ("tokens", ["a.test", "t1", "t2"], None, [cname("t1"), cname("t2")]),
    ("a token that is a whole name", ["a.test", "t1._domainkey.a.test"], None, [cname("t1")]),
    ("the same token twice", ["a.test", "t1", "t1"], None, [cname("t1")]),
    ("a region", ["a.test", "t1", "--provider", "ses:eu-south-1"], None,
     ["t1._domainkey.a.test. CNAME t1.dkim.eu-south-1.amazonses.com."]),
    ("a selector alone", ["a.test", "s1", "--provider", "txt"], None,
     ["s1._domainkey.a.test. TXT None"]),
    ("a selector with its text", ["a.test", "s1=v=DKIM1; p=QUJD", "--provider", "txt"], None,
     ['s1._domainkey.a.test. TXT "v=DKIM1; p=QUJD"']),
    ("no token wanted", ["a.test", "--provider", "fastmail"], None,
     [f"fm{i}._domainkey.a.test. CNAME fm{i}.a.test.dkim.fmhosted.com." for i in (1, 2, 3)]),
    ("a record", ["a.test", "--expect", "x._domainkey CNAME x.dkim.example.com"], None,
     ["x._domainkey.a.test. CNAME x.dkim.example.com."]),
    ("TTL and class", ["a.test", "--expect", "m.a.test. 300 IN MX 10 mail.example.com."], None,
     ["m.a.test. MX 10 mail.example.com."]),
    ("two records", ["a.test", "--expect", '@ TXT "v=spf1 -all"', "--expect", "w A 192.0.2.1"],
     None, ['a.test. TXT "v=spf1 -all"', "w.a.test. A 192.0.2.1"]),
    ("tokens and a record", ["a.test", "t1", "--expect", "w A 192.0.2.1"], None,
     [cname("t1"), "w.a.test. A 192.0.2.1"]),
    ("zone text from standard input", ["a.test", "--expect", "-"],
     "$TTL 60\nx._domainkey CNAME x.dkim.example.com.\n; a comment\ny 5 IN TXT \"a\" \"b\"\n",
     ["x._domainkey.a.test. CNAME x.dkim.example.com.", 'y.a.test. TXT "a" "b"']),
    ("CSV from standard input", ["a.test", "--expect", "-"],
     "\ufeffType,Value,Name\r\nCNAME,\"t1.dkim.amazonses.com\",t1._domainkey.a.test\r\n",
     [cname("t1")]),
    ("IDN", ["b\u00fccher.test", "t1"], None, [cname("t1", "xn--bcher-kva.test.")]),
]


def source_tests(t, prog):
    for name, argv, stdin, wanted in SOURCES:
        p = run(prog, *argv, *NOWHERE, "--json", stdin=stdin)
        t.equal(f"expects: {name}", records(p), wanted)
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "my records A.csv")
        with open(path, "w", encoding="utf-8") as f:
            f.write("Name,Type,Value\nt1._domainkey.a.test,CNAME,t1.dkim.amazonses.com\n")
        p = run(prog, "a.test", "--expect", path, *NOWHERE, "--json")
        t.equal("expects: a file with blanks in its name", records(p), [cname("t1")])
        p = run(prog, "a.test", "--expect", path, *NOWHERE, "--json")
        origin = json.loads(p.stdout)["records"][0]["origin"]
        t.check("a record tells its line", origin.endswith(".csv:2"), origin)
        with open(path, "w", encoding="utf-8") as f:
            f.write("Name,Type,Value\nt1._domainkey.a.test,CNAME,a..b\n")
        p = run(prog, "a.test", "--expect", path, *NOWHERE)
        t.check("a fault in a file has its place", p.returncode == 64 and f"{path}:2:" in p.stderr
                and len(p.stderr.splitlines()) == 1, p.stderr)
    p = run(prog, "a.test", "--expect", "-", "--expect", "-", *NOWHERE,
            stdin="x CNAME y.example.com.\n")
    t.check("standard input only once", p.returncode == 64 and "once" in p.stderr, p.stderr)
    p = run(prog, "a.test", "t1", *NOWHERE)
    t.check("nothing can be sent", p.returncode == 3 and "NOT_STARTED" in p.stdout and
            "nothing could be sent" in p.stderr, f"{p.returncode}\n{p.stdout}{p.stderr}")


MINE = """provider  mine  A service of our own
  token   any word
  record  {token}.mine.{domain} CNAME {token}.example.net
"""
MINE_RECORDS = ["t1.mine.a.test. CNAME t1.example.net."]


def provider_tests(t, prog):
    p = run(prog, "--provider", "list")
    t.check("--provider list", p.returncode == 0 and "Amazon SES" in p.stdout and
            max(map(len, p.stdout.splitlines())) <= 80, p.stdout)
    with tempfile.TemporaryDirectory() as d:
        config = os.path.join(d, "nsprobe")
        os.makedirs(config)
        path = os.path.join(config, "providers.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write(MINE)
        call = ["a.test", "t1", "--provider", "mine", *NOWHERE, "--json"]
        nothing = {"XDG_CONFIG_HOME": "/nonexistent", "HOME": "/nonexistent"}
        t.equal("--providers", records(run(prog, *call, "--providers", path, env=nothing)),
                MINE_RECORDS)
        t.equal("$XDG_CONFIG_HOME", records(run(prog, *call, env={"XDG_CONFIG_HOME": d})),
                MINE_RECORDS)
        p = run(prog, *call, env=nothing)
        t.check("nobody's provider", p.returncode == 64 and "'mine'" in p.stderr, p.stderr)
        p = run(prog, *call, env={"XDG_CONFIG_HOME": os.path.relpath(d), "HOME": "/nonexistent"})
        t.equal("a relative $XDG_CONFIG_HOME does not count", p.returncode, 64)
        p = run(prog, "--provider", "list", env={"XDG_CONFIG_HOME": d})
        t.check("--provider list has it", "A service of our own" in p.stdout, p.stdout)
        os.rename(d + "/nsprobe", d + "/.config")
        os.makedirs(d + "/home/.config")
        os.rename(d + "/.config", d + "/home/.config/nsprobe")
        t.equal("~/.config", records(run(prog, *call, env={"XDG_CONFIG_HOME": "",
                                                           "HOME": d + "/home"})), MINE_RECORDS)
        with open(d + "/home/.config/nsprobe/providers.conf", "w", encoding="utf-8") as f:
            f.write("provider\n")
        p = run(prog, "a.test", "t1", *NOWHERE, env={"XDG_CONFIG_HOME": "", "HOME": d + "/home"})
        t.check("a fault in one's own table has its place", p.returncode == 64 and
                "providers.conf:1:" in p.stderr, p.stderr)


def plain(text):
    """The report without what differs from run to run."""
    text = re.sub(r" +[0-9.]+ ms\b", " TIME", text)
    text = re.sub(r"\+[0-9.]+ s\b", "+T s", text)
    text = re.sub(r"\n {27}(?=\S)", " ", text)  # where a long event is broken depends on its id
    text = re.sub(r", id [0-9]+,", ", id N,", text)
    text = re.sub(r"[0-9-]{10}\s+[0-9:]{8}", "WHEN", text)
    text = re.sub(r"#[0-9]+ to", "#N to", text)
    return re.sub(r"; [0-9]+ exchanges", "; N exchanges", text)


def on_terminal(argv, env=None):
    """Runs with stdout and stderr on terminals of their own; gives what was written to each."""
    pairs = [pty.openpty() for _ in range(2)]
    p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=pairs[0][1], stderr=pairs[1][1],
                         env=dict(os.environ, **(env or {})))
    got = []
    for master, slave in pairs:
        os.close(slave)
        data = b""
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:
                break
            if not part:
                break
            data += part
        os.close(master)
        got.append(data.decode())
    p.wait()
    return got


def text_tests(t, prog, lab):
    p = run(prog, *lab, DOMAIN, *TOKENS)
    t.equal("broken domain: exit code", p.returncode, 2)
    t.check("80 columns", max(map(len, p.stdout.splitlines())) <= 80,
            "\n".join(line for line in p.stdout.splitlines() if len(line) > 80))
    t.check("no colour in a pipe, no progress", "\033" not in p.stdout and p.stderr == "",
            p.stdout + p.stderr)
    with open(GOLDEN, encoding="utf-8") as f:
        golden = f.read()
    shown = plain(p.stdout)
    if os.environ.get("GOLDEN") == "write":
        with open(GOLDEN, "w", encoding="utf-8") as f:
            f.write(shown)
    t.check("the report is the one in dkim-florist.txt", shown == golden, "\n".join(
        f"{a!r}\n{b!r}" for a, b in zip(shown.splitlines(), golden.splitlines()) if a != b))
    argv = [prog, "dkim", *lab, DOMAIN, *TOKENS]
    out, err = on_terminal(argv)
    t.check("colour on a terminal", "\033[32m  ++\033[0m" in out and "\033[31merror" in out, out)
    t.equal("colour changes nothing else",
            plain(re.sub(r"\033\[[0-9]*m", "", out).replace("\r\n", "\n")), golden)
    t.check("progress on a terminal, removed at the end", "exchanges done" in err and
            err.endswith("\r\033[K"), repr(err[-200:]))
    out, err = on_terminal(argv + ["--quiet"], env={"NO_COLOR": "1"})
    t.check("NO_COLOR", "\033" not in out and "FOUND AT" in out, out)
    t.equal("--quiet", err, "")
    p = run(prog, *lab, DOMAIN, *TOKENS, "-v")
    t.check("-v shows every exchange", p.stdout.count(" sent ") > 60, p.stdout[-3000:])


def json_tests(t, prog, lab):
    of_dkim = schema.load("dkim")
    p = run(prog, *lab, DOMAIN, *TOKENS, "--json")
    report = json.loads(p.stdout)
    t.equal("JSON: one line", len(p.stdout.splitlines()), 1)
    t.equal("JSON: as the schema says", schema.errors(report, of_dkim), "")
    t.equal("JSON: status", (report["domain"], report["status"], report["outcome"],
                             report["verdict"]),
            (DOMAIN + ".", "PENDING", "negative", "error"))
    marks = {(c["address"], c["udp"], c["tcp"]) for r in report["records"] for c in r["cells"]}
    t.equal("JSON: cells", marks, {
        ("192.0.2.40", "match", "match"), ("2001:db8:40::40", "match", "match"),
        ("198.51.100.40", "match", "match"), ("2001:db8:41::40", "match", "match"),
        ("203.0.113.40", "silent", "silent"), ("2001:db8:42::40", "nxdomain", "nxdomain")})
    ids = {x["id"] for x in report["exchanges"]}
    t.check("JSON: evidence names exchanges",
            all(set(f["evidence"]) <= ids for f in report["findings"]) and report["findings"])
    t.check("JSON: no octets", not any("octets" in e for x in report["exchanges"]
                                       for e in x["events"]))
    followed = [x for x in report["exchanges"] if x["qname"].endswith(".dkim.amazonses.com.")]
    t.check("the key is looked at", any(x["qtype"] == "TXT" for x in followed), followed)
    p = run(prog, *lab, DOMAIN, *TOKENS, "--json", "-v", "--no-follow")
    report = json.loads(p.stdout)
    t.equal("JSON, verbose: as the schema says", schema.errors(report, of_dkim), "")
    t.check("JSON, verbose: octets", any("octets" in e for x in report["exchanges"]
                                         for e in x["events"]))
    t.check("--no-follow asks for no key", not any("amazonses" in x["qname"]
                                                   for x in report["exchanges"]))
    return report["chance"]


def option_tests(t, prog, lab, chance):
    one = json.loads(run(prog, *lab, DOMAIN, *TOKENS, "--json", "--verifier-tries", "1").stdout)
    six = json.loads(run(prog, *lab, DOMAIN, *TOKENS, "--json", "--verifier-tries", "6").stdout)
    t.check("--verifier-tries changes the chance", one["chance"] < chance <= six["chance"],
            (one["chance"], chance, six["chance"]))
    # one server tried of six, four of them with the record; three lookups
    t.check("the chance is computed", abs(one["chance"] - (4 / 6) ** 3) < 1e-9, one["chance"])
    for began, status in (("-71", "PENDING"), ("-73", "FAILED"),
                          ("2020-01-01T00:00:00Z", "FAILED")):
        p = run(prog, *lab, DOMAIN, *TOKENS, "--began", began, "--json")
        t.equal(f"--began {began}", json.loads(p.stdout)["status"], status)
    p = run(prog, *lab, DOMAIN, *TOKENS, "--full", "--json")
    ids = {f["id"] for f in json.loads(p.stdout)["findings"]}
    t.check("--full has the findings of check", {"unresponsive", "serial-differs"} <= ids, ids)
    p = run(prog, *lab, "bakery.example", TOKENS[0], "--also", "192.0.2.40", "--json")
    cells = json.loads(p.stdout)["records"][0]["cells"]
    asked = {c["address"]: c["udp"] for c in cells}
    t.equal("--also is asked", asked.get("192.0.2.40"), "refused")
    p = run(prog, *lab, DOMAIN, *TOKENS, "-4", "--json")
    report = json.loads(p.stdout)
    asked = {x["server"] for x in report["exchanges"] if any(e["kind"] == "sent"
                                                             for e in x["events"])}
    t.check("-4 asks nobody of the other family", asked and not any(":" in a for a in asked), asked)
    t.equal("-4: SUCCESS of the addresses of that family, and of no more",
            (report["status"], report["coverage"]),
            ("SUCCESS", {"addresses": 6, "asked": 3, "excluded": 3, "unsent": 0}))
    t.equal("-4: as the schema says", schema.errors(report, schema.load("dkim")), "")
    found = {f["id"]: f for f in report["findings"]}.get("record-unasked", {"text": ""})
    t.check("-4: a finding names the addresses that were left out",
            all(a in found["text"] for a in ("2001:db8:40::40", "2001:db8:41::40",
                                             "2001:db8:42::40")), found)
    with tempfile.NamedTemporaryFile(suffix=".html") as f:
        p = run(prog, *lab, DOMAIN, *TOKENS, "-4", "--html", f.name)
        page = f.read().decode()
    t.check("-4: the coverage stands beside the chance", "SUCCESS, of 3 of 6 addresses" in p.stdout
            and "100 %\nof 3 of the 6 addresses: 3 were left out" in p.stdout, p.stdout)
    t.check("-4: and on the page", "100 %, of 3 of the 6 addresses" in page, page[:3000])
    with tempfile.NamedTemporaryFile(suffix=".pcap") as f:
        run(prog, *lab, DOMAIN, *TOKENS, "--pcap", f.name)
        p = subprocess.run(["tshark", "-r", f.name, "-Y", "dns.qry.name contains _domainkey", "-T",
                            "fields", "-e", "dns.qry.name"], capture_output=True, text=True,
                           check=False)
        names = {n for line in p.stdout.split() for n in line.split(",")}
        t.check("--pcap has the packets",
                {f"{x}._domainkey.{DOMAIN}" for x in TOKENS} <= names, p.stdout + p.stderr)


def one_family(serve):
    """Options with which only IPv4 addresses can be reached, as on a machine without IPv6."""
    at = dict(line.split() for line in serve.output.splitlines() if "#" in line and
              len(line.split()) == 2)
    return ["--from", "198.51.100.1", *(w for a, real in at.items() if ":" not in a
                                        for w in ("--map", f"{a}={real}"))]


def family_tests(t, prog, serve):
    """What this machine cannot send to is not counted as if it did not exist."""
    way = one_family(serve) + QUICK
    p = run(prog, *way, DOMAIN, *TOKENS)
    t.check("no IPv6: no SUCCESS, exit 3", p.returncode == 3 and "SUCCESS" not in p.stdout,
            f"{p.returncode}\n{p.stdout}{p.stderr}")
    t.check("no IPv6: says so beside the status", "of 3 of the 6 addresses: 3 cannot be asked from "
            "here" in p.stdout and "every record is found where it can be" in p.stdout, p.stdout)
    t.check("no IPv6: the reason", "Network is unreachable" in p.stdout, p.stdout)
    t.check("no IPv6: 80 columns", max(map(len, p.stdout.splitlines())) <= 80, p.stdout)
    report = json.loads(run(prog, *way, DOMAIN, *TOKENS, "--json").stdout)
    t.equal("no IPv6: JSON", (report["status"], report["outcome"], report["chance"],
                              report["coverage"]),
            ("NOT_STARTED", "untested", None,
             {"addresses": 6, "asked": 3, "excluded": 0, "unsent": 3}))
    report = json.loads(run(prog, *way, DOMAIN, *TOKENS, "--json", "-4").stdout)
    t.equal("no IPv6 and -4: usable", (report["status"], report["chance"]), ("SUCCESS", 1.0))


def own_trouble_tests(t, prog, serve):
    """The root can be reached, and nothing behind it."""
    real = one_family(serve)
    way = ["--from", "198.51.100.1", "--map", next(w for w in real if w.startswith("198.51.100.1="))]
    p = run(prog, *way, "bakery.example", TOKENS[0])
    t.check("no route: untested, nobody is blamed", p.returncode == 3 and "NOT_STARTED" in p.stdout
            and "unreachable)" in p.stdout and "record-zone-unreachable" not in p.stdout,
            f"{p.returncode}\n{p.stdout}")


def interrupt_tests(t, prog):
    with tap.Serve(prog, DEMO):
        process = subprocess.Popen([prog, "dkim", "--lab", DEMO, "--timeout", "30", DOMAIN, *TOKENS],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate()
    t.check("^C prints what was learnt", process.returncode == 130 and "interrupted" in out and
            "FOUND AT" in out, f"{process.returncode}\n{out}")


def main():
    a = tap.arguments()
    t = tap.Tap()
    source_tests(t, a.prog)
    provider_tests(t, a.prog)
    with tap.Serve(a.prog, DEMO) as serve:
        if t.check("demo serves", serve.ready, serve.output):
            lab = ["--lab", DEMO, *QUICK]
            text_tests(t, a.prog, lab)
            chance = json_tests(t, a.prog, lab)
            option_tests(t, a.prog, lab, chance)
            family_tests(t, a.prog, serve)
            own_trouble_tests(t, a.prog, serve)
    interrupt_tests(t, a.prog)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
