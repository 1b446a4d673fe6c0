#!/usr/bin/env python3
"""The command line: wrong usage, help, query beside dig on a real zone, check's report."""
import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
import tap  # noqa: E402

DEMO = os.path.join(ROOT, "demo", "internet.scn")


def run(prog, *argv, env=None, stdin=None):
    return subprocess.run([prog, *argv], capture_output=True, text=True, check=False,
                          env=dict(os.environ, **(env or {})), input=stdin)


# arguments, and what the one line on stderr must name
USAGE = [
    (["chek"], "check"),
    (["check"], "domain"),
    (["check", "a..b"], "a..b"),
    (["check", "x" * 64 + ".test"], "63 octets"),
    (["check", ".".join(["a" * 60] * 5)], "255 octets"),
    (["check", "example.test", "--tiems", "3"], "--tries"),
    (["check", "example.test", "--tries", "0"], "--tries"),
    (["check", "example.test", "--tries", "11"], "--tries"),
    (["check", "example.test", "--timeout", "soon"], "--timeout"),
    (["check", "example.test", "--from", "300.1.1.1"], "300.1.1.1"),
    (["check", "example.test", "--from", "127.0.0.1#0"], "127.0.0.1#0"),
    (["check", "example.test", "--port", "65536"], "--port"),
    (["check", "example.test", "--ns", "ns..x=127.0.0.1"], "ns..x"),
    (["check", "example.test", "--ns", "ns.x=localhost"], "localhost"),
    (["check", "example.test", "--undelegated"], "--ns"),
    (["check", "example.test", "--ns", "ns1.example.test"], "NAME=ADDR"),
    (["check", "example.test", "-4", "-6"], "-4 and -6"),
    (["check", "example.test", "--map", "127.0.0.1"], "--map"),
    (["check", "example.test", "--hints", "/nonexistent/hints"], "/nonexistent/hints"),
    (["check", "example.test", "--lab", "/nonexistent/lab"], "/nonexistent/lab"),
    (["check", "example.test", "--pcap", "/nonexistent/x.pcap", "--from", "127.0.0.1"],
     "/nonexistent/x.pcap"),
    (["check", "example.test", "-b", "host"], "host"),
    (["check", "example.test", "--matrix", "--json"], "--matrix"),
    (["check", "example.test", "--fail-on", "eror"], "--fail-on"),
    (["check", "example.test", "--fail-on", ""], "--fail-on"),
    (["check", "example.test", "--profile", "/nonexistent.conf"], "/nonexistent.conf"),
    (["dkim"], "domain"),
    (["dkim", "a..b", "tok"], "a..b"),
    (["dkim", "example.test"], "tokens"),
    (["dkim", "example.test", "a..b"], "a..b"),
    (["dkim", "example.test", "a" * 64], "63 octets"),
    (["dkim", "example.test", "tok", "--provider", "sendgird"], "'sendgrid'"),
    (["dkim", "example.test", "tok", "--provider", "nosuchthing"], "--provider list"),
    (["dkim", "example.test", "tok", "--provider", "brevo"], "takes no tokens"),
    (["dkim", "example.test", "tok", "--provider", "ses:mars-north-1"], "mars-north-1"),
    (["dkim", "example.test", "tok", "--providers", "/nonexistent.conf"], "/nonexistent.conf"),
    (["dkim", "example.test", "--expect", "/nonexistent.csv"], "/nonexistent.csv"),
    (["dkim", "example.test", "--expect", "one two three"], "NAME TYPE RDATA"),
    (["dkim", "example.test", "--expect", "x CNAME"], "value is missing"),
    (["dkim", "example.test", "--expect", "x CNAME a..b"], "empty label"),
    (["dkim", "example.test", "--expect", "x A 1.2.3"], "address"),
    (["dkim", "example.test", "--expect", "x 300 IN MX mail"], "--expect"),
    (["dkim", "example.test", "tok", "--began", "yesterday"], "yesterday"),
    (["dkim", "example.test", "tok", "--began", "2999-01-01T00:00:00Z"], "future"),
    (["dkim", "example.test", "tok", "--verifier-tries", "0"], "--verifier-tries"),
    (["dkim", "example.test", "tok", "--also", "ns.example"], "ns.example"),
    (["dkim", "example.test", "tok", "--tries", "0"], "--tries"),
    (["dkim", "example.test", "tok", "-4", "-6"], "-4 and -6"),
    (["dkim", "example.test", "tok", "--lab", "/nonexistent.scn"], "/nonexistent.scn"),
    (["dkim", "example.test", "tok", "--pcap", "/nonexistent/x.pcap", "--from", "127.0.0.1"],
     "/nonexistent/x.pcap"),
    (["check", "https://example.test/"], "URL"),
    (["check", "192.0.2.1"], "'192.0.2.1': an address"),
    (["check", "2001:db8::1"], "an address"),
    (["check", "host@example.test"], "behind the @"),
    (["check", "exa mple.test"], "blank"),
    (["dkim", "https://example.test/", "tok"], "URL"),
    (["watch", "https://example.test/", "tok", "--once"], "URL"),
    (["history", "host@example.test"], "behind the @"),
    (["capture", "-i", "lo", "https://example.test/"], "URL"),
    (["query", "@192.0.2", "example.test"], "no whole address"),
    (["query", "@3221225985#53", "example.test"], "no whole address"),
    (["query", "@127.0.0.1", "a..b"], "a..b"),
    (["query", "@127.0.0.1", "example.test", "-t", "NOSUCH"], "NOSUCH"),
    (["query", "@127.0.0.1", "example.test", "+nosuch"], "+nosuch"),
    (["query", "@127.0.0.1#99999", "example.test"], "port '99999'"),
    (["query", "@127.0.0.1#0", "example.test"], "port '0'"),
    (["query", "@localhost#x", "example.test"], "port 'x'"),
    (["query", "example.test", "-ad"], "mean '--ad'"),
    (["check", "example.test", "-x"], "--help"),
    (["check", "example.test", *["--map", "192.0.2.1=127.0.0.1"] * 300], "more than 256 --map"),
    (["check", "example.test", *["--from", "192.0.2.1"] * 600], "more than 512 --from"),
    (["check", "example.test", "--port-base", "5500"], "--lab"),
    (["check", "example.test", "--lab", DEMO, "--port-base", "65001"], "1 to 65000"),
    (["query", "@127.0.0.1", "example.test", "--bufsize", "70000"], "--bufsize"),
    (["query", "@127.0.0.1", "--send-hex", "abc"], "--send-hex"),
    (["query", "@127.0.0.1", "--send-hex", "@/nonexistent"], "/nonexistent"),
    (["query", "@127.0.0.1", "-x", "1.2.3"], "1.2.3"),
    (["query", "@127.0.0.1", "example.test", "--subnet", "1.2.3.4/99"], "--subnet"),
    (["query", "@127.0.0.1", "example.test", "-b", "::1"], "family"),
    (["check", "example.test", "--capture", "lo", "--map", "127.0.0.1=127.0.0.2"], "--capture"),
    (["capture"], "interface"),
    (["capture", "-i", "lo", "a..b"], "a..b"),
    (["capture", "-i", "lo", "--server", "localhost"], "localhost"),
    (["capture", "-i", "lo", "--server", "127.0.0.1#54"], "--port"),
    (["capture", "-i", "lo", "--server", "127.0.0.1", "example.test"], "--server"),
    (["capture", "-i", "lo", "--from", "127.0.0.1"], "domain"),
    (["capture", "-i", "lo", "--rotate-size", "10X", "-w", "x"], "--rotate-size"),
    (["capture", "-i", "lo", "--rotate-size", "10M"], "--write"),
    (["capture", "-i", "lo", "--files", "3", "-w", "x"], "--rotate-size"),
    (["capture", "-i", "lo", "-w", "-", "--rotate-time", "5"], "standard output"),
    (["capture", "-i", "lo", "--snaplen", "10"], "--snaplen"),
    (["capture", "-i", "lo", "--count", "0"], "--count"),
    (["capture", "-i", "lo", "--duration", "soon"], "--duration"),
    (["serve"], "scenario"),
    (["serve", "/nonexistent.scn"], "/nonexistent.scn"),
    (["serve", DEMO, "--port-base", "x"], "--port-base"),
]

# scenario text, and line:column with a word of the message
SCENARIOS = [
    ("nonsense here\n", "1:1:", "zone, address or root"),
    ("zone a {\n@ SOA a b 1 2 3 4\n}\n", "2:", "missing"),
    ("zone a {\n@ A 1.2.3\n}\n", "2:5:", "address"),
    ("zone a {\n", "1:", "not closed"),
    ("address 192.0.2.1 {\n serves b\n}\n", "2:9:", "not defined"),
    ("address 192.0.2.1 on 192.0.2.2 {\n}\n", "1:22:", "loopback"),
    ("address 192.0.2.1 {\n behave oddly\n}\n", "2:9:", "oddly"),
    ("address 192.0.2.1 {\n behave slow soon\n}\n", "2:14:", "soon"),
    ("address 192.0.2.1 {\n behave malformed odd\n}\n", "2:19:", "odd"),
    ("address 192.0.2.1 {\n behave drop when late\n}\n", "2:19:", "late"),
    ("address 192.0.2.1 {\n}\naddress 192.0.2.1 {\n}\n", "3:9:", "already"),
    ("# nothing\n", ":", "nothing to serve"),
]


def usage_tests(t, prog):
    for argv, named in USAGE:
        p = run(prog, *argv)
        lines = p.stderr.splitlines()
        t.check("usage: " + " ".join(argv)[:60], p.returncode == 64 and len(lines) == 1
                and named in lines[0] and p.stdout == "", f"{p.returncode}\n{p.stdout}{p.stderr}")
    for text, place, word in SCENARIOS:
        with tempfile.NamedTemporaryFile("w", suffix=".scn") as f:
            f.write(text)
            f.flush()
            p = run(prog, "serve", f.name)
        t.check("scenario: " + text.splitlines()[0][:40], p.returncode == 64 and
                f"{f.name}:{place}" in p.stderr.replace(f"{f.name}:1:1:", f"{f.name}:1:1:")
                and word in p.stderr and len(p.stderr.splitlines()) == 1,
                f"{p.returncode} {p.stderr}") if place != ":" else \
            t.check("scenario: empty", p.returncode == 64 and word in p.stderr, p.stderr)
    with tempfile.NamedTemporaryFile("w") as f:
        f.write(". NS a.root.\na.root. A 1.2.3\n")
        f.flush()
        p = run(prog, "check", "example.test", "--hints", f.name)
    t.check("hints: place", p.returncode == 64 and len(p.stderr.splitlines()) == 1 and "2" in p.stderr,
            p.stderr)


def help_tests(t, prog):
    p = run(prog, "--help")
    t.check("help", p.returncode == 0 and all(c in p.stdout for c in ("check", "query", "serve")),
            p.stdout)
    options = [line.split("\t") for line in run(prog, "--dump-options").stdout.splitlines()]
    commands = sorted({o[0] for o in options})
    t.check("options are dumped", len(options) > 40, options)
    for command in commands:
        text = run(prog, command, "--help").stdout
        t.check(f"{command} --help in 80 columns", text and max(map(len, text.splitlines())) <= 80,
                "\n".join(line for line in text.splitlines() if len(line) > 80))
        page = os.path.join(ROOT, "docs", "man", f"nsprobe-{command}.1.scd")
        with open(page, encoding="utf-8") as f:
            # scdoc escapes underscores and the like with a backslash
            man = f.read().replace("\\", "")
        synopsis = man.split("# SYNOPSIS")[1].split("# DESCRIPTION")[0]
        ways = set(re.findall(r"--[a-z-]+", synopsis))
        # bulk has more ways to be called than a line holds
        t.check(f"{command}: the usage has what the synopsis has", command == "bulk" or
                all(w in text.splitlines()[0] for w in ways), f"{text.splitlines()[0]} {ways}")
        for _, name, letter, plus, arg, _help in (o for o in options if o[0] == command):
            words = [w for w in (name if name != "-" else "", f"-{letter}" if letter != "-" else "",
                                 plus if plus != "-" else "") if w]
            missing = [w for w in words if w not in text or f"*{w}*" not in man]
            t.check(f"{command} {words[0]} in help and man page", not missing, missing)
            if arg != "-":
                t.check(f"{command} {words[0]} {arg} in man page", arg in man, page)


def man_tests(t, prog):
    """Pages at 80 columns: nothing is wider, and what stands in a literal block stays as it is."""
    if shutil.which("scdoc") is None or shutil.which("man") is None:
        t.skip("man pages", "scdoc or man is not installed")
        return
    folder = os.path.join(ROOT, "docs", "man")
    literal = 0
    for page in sorted(os.listdir(folder)):
        with open(os.path.join(folder, page), encoding="utf-8") as f:
            source = f.read()
        roff = subprocess.run(["scdoc"], input=source, capture_output=True, text=True, check=False)
        with tempfile.NamedTemporaryFile("w", suffix=".1") as f:
            f.write(roff.stdout)
            f.flush()
            p = subprocess.run(["man", "-l", f.name], capture_output=True, text=True, check=False,
                               env=dict(os.environ, MANWIDTH="80", LC_ALL="C.UTF-8", MANPAGER="cat",
                                        MAN_KEEP_FORMATTING=""))
        text = re.sub(".\b", "", p.stdout)
        wide = [line for line in text.splitlines() if len(line) > 80]
        t.check(f"{page}: in 80 columns", roff.returncode == 0 and text and not wide, wide)
        lines = {line.strip() for line in text.splitlines()}
        blocks = "".join(source.split("```\n")[1::2]).replace("\\\\", "\\").splitlines()
        literal += len(blocks)
        gone = [b for b in blocks if b.strip() not in lines]
        t.check(f"{page}: examples as they are written", not gone, gone)
        loose = re.findall(r"^\t(?:nsprobe |sudo |interval ).*", source, re.M)
        t.check(f"{page}: examples are literal", not loose, loose)
    t.check("man pages have examples", literal > 20, literal)
    with open(os.path.join(folder, "nsprobe.1.scd"), encoding="utf-8") as f:
        also = f.read().split("# SEE ALSO")[1]
    missing = [p for p in os.listdir(folder) if p != "nsprobe.1.scd" and p[:-6] not in also]
    t.equal("nsprobe(1) names every other page", missing, [])


def mark_tests(t, prog):
    """The mark that some editors begin UTF-8 with is no part of a text."""
    texts = [(". NS a.root.\na.root. A 127.0.0.1\n", ["check", "example.test", "--resolver", "--hints"],
              "--resolver"),
             ("axfr-open ignore\n", ["check", "--profile"], "which domain"),
             ("[::1]\n192.0.2.0/24\n", ["bulk", "-f", "/dev/null", "--quiet", "--opt-out"], ""),
             ("address 192.0.2.1 {\n behave oddly\n}\n", ["serve"], ":2:9:"),
             ("address 192.0.2.1 {\n behave oddly\n}\n", ["check", "x.test", "--lab"], ":2:9:")]
    for text, argv, said in texts:
        outcome = []
        for mark in ("", "\ufeff"):
            with tempfile.NamedTemporaryFile("w", encoding="utf-8") as f:
                f.write(mark + text)
                f.flush()
                p = run(prog, *argv, f.name)
                outcome.append((p.returncode, p.stderr.replace(f.name, "FILE")))
        t.check(f"byte order mark: {' '.join(argv)}", outcome[0] == outcome[1] and
                said in outcome[0][1], outcome)


def port_tests(t, prog):
    """A scenario on other ports is reached with what serve says."""
    with tap.Serve(prog, DEMO, "--port-base", "5500") as serve:
        if not t.check("serve --port-base", serve.ready, serve.output):
            return
        said = next((x for x in serve.output.splitlines() if "use it with" in x), "")
        words = said.split("nsprobe ")[-1].replace("DOMAIN", "bakery.example").split()
        p = run(prog, *words, "--timeout", "0.4", "--tries", "1", "--late", "0")
        t.check("what serve says works", p.returncode == 0 and "5500" in said, said + p.stdout)
        p = run(prog, "query", "@localhost#5500", "-4", "bakery.example", "--tries", "1", "--timeout",
                "0.1")
        t.check("query: a host and a port", "127.0.0.1#5500" in p.stdout + p.stderr or
                "refused" in p.stdout or "unreachable" in p.stdout, p.stdout + p.stderr)


class Nsd:
    """A real NSD on loopback with the test zone, as whoever runs this."""

    def __enter__(self):
        self.dir = tempfile.TemporaryDirectory(prefix="nsprobe-cli-")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        d = self.dir.name
        conf = f"""server:
  username: ""
  server-count: 1
  ip-address: 127.0.0.1@{self.port}
  pidfile: "{d}/pid"
  zonesdir: "{d}"
  database: ""
  xfrdfile: "{d}/xfrd"
  zonelistfile: "{d}/list"
  xfrdir: "{d}"
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: "zone.test"
  zonefile: "{HERE}/zone.test.zone"
"""
        with open(f"{d}/conf", "w", encoding="ascii") as f:
            f.write(conf)
        self.log = open(f"{d}/log", "wb")
        self.process = subprocess.Popen(["nsd", "-d", "-c", f"{d}/conf"], stdout=self.log,
                                        stderr=self.log)
        end = time.monotonic() + 20
        self.ready = False
        while not self.ready and time.monotonic() < end:
            p = subprocess.run(["dig", "@127.0.0.1", "-p", str(self.port), "zone.test", "SOA",
                                "+time=1", "+tries=1"], capture_output=True, text=True, check=False)
            self.ready = "status: NOERROR" in p.stdout
            if not self.ready:
                time.sleep(0.1)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()
        with open(f"{self.dir.name}/log", encoding="utf-8", errors="replace") as f:
            self.output = f.read()
        self.dir.cleanup()


NAMES = ["zone.test", "www.zone.test", "alias.zone.test", "mail.zone.test", "big.zone.test",
         "a.wild.zone.test", "b.dn.zone.test", "x.sub.zone.test", "none.zone.test",
         "esc\\.aped.zone.test", "UPPER.zone.test", "_sip._tcp.zone.test", "_443._tcp.zone.test",
         "uri.zone.test", "apl.zone.test", "cert.zone.test", "afs.zone.test", "kx.zone.test",
         "eui.zone.test", "l.zone.test", "ips.zone.test", "other.example", "ptr.zone.test"]
TYPES = ["A", "AAAA", "NS", "SOA", "TXT", "ANY"]
MORE = [("zone.test", t) for t in ("MX", "CAA", "NAPTR", "DNSKEY", "LOC", "HINFO", "RP", "SSHFP",
                                   "NSEC3PARAM", "CDS", "TYPE65280", "DS", "SRV")] + \
       [("www.zone.test", "HTTPS"), ("_sip._tcp.zone.test", "SRV"), ("_443._tcp.zone.test", "TLSA"),
        ("uri.zone.test", "URI"), ("apl.zone.test", "APL"), ("cert.zone.test", "CERT"),
        ("afs.zone.test", "AFSDB"), ("kx.zone.test", "KX"), ("dn.zone.test", "DNAME"),
        ("alias.zone.test", "CNAME"), ("eui.zone.test", "EUI48"), ("eui.zone.test", "EUI64"),
        ("l.zone.test", "NID"), ("l.zone.test", "L32"), ("l.zone.test", "L64"),
        ("l.zone.test", "LP"), ("ips.zone.test", "IPSECKEY"), ("ptr.zone.test", "PTR"),
        ("sub.zone.test", "NS"), ("sub.zone.test", "DS")]
OPTIONS = [[], ["+dnssec"], ["+tcp"], ["+nsid"], ["+noedns"]]


def facts(output):
    """Header, EDNS and records of what dig or nsprobe printed, without IDs, times and spacing."""
    found = set()
    section = ""
    for line in output.splitlines():
        line = re.sub(r"[ \t]+", " ", line.strip())
        m = re.match(r";; ->>HEADER<<- (.*), id: \d+", line)
        if m:
            found.add(m.group(1))
        elif line.startswith(";; flags:") or line.startswith("; EDNS:"):
            found.add(line)
        elif line.endswith(" SECTION:"):
            section = line
        elif line.startswith(";; MSG SIZE"):
            found.add(line)
        elif line and not line.startswith(";;") and section:
            found.add(section + " " + line)
    return found


def dig_tests(t, prog):
    pairs = list(itertools.product(NAMES, TYPES)) + MORE
    with Nsd() as nsd:
        if not t.check("NSD answers", nsd.ready):
            return
        at = ["@127.0.0.1", "-p", str(nsd.port)]
        for i, (name, rrtype) in enumerate(pairs + pairs[:60]):
            options = OPTIONS[i % len(OPTIONS)]
            dig = subprocess.run(["dig", *at, name, rrtype, "+norec", "+noad", "+nocookie",
                                  "+nosplit", *options], capture_output=True, text=True, check=False)
            ours = run(prog, "query", *at, name, rrtype, *options)
            a, b = facts(dig.stdout), facts(ours.stdout)
            t.check(f"as dig: {name} {rrtype} {' '.join(options)}", a == b,
                    f"only dig: {sorted(a - b)}\nonly ours: {sorted(b - a)}")
        at = [f"@127.0.0.1#{nsd.port}"]
        p = run(prog, "query", *at, "zone.test", "SOA", "--json")
        j = json.loads(p.stdout)
        t.equal("query --json", (j["reply"]["answer"][0]["rdata"]["serial"], j["outcome"]),
                (2026112401, "answered"))
        p = run(prog, "query", *at, "zone.test", "A", "+short")
        t.equal("query +short", p.stdout, "192.0.2.1\n")
        p = run(prog, "query", *at, "zone.test", "SOA", "--hex")
        t.check("query --hex names fields", all(w in p.stdout for w in
                ("QDCOUNT 1", "QNAME zone.test.", "RDLENGTH", "serial 2026112401", "mname")), p.stdout)
        p = run(prog, "query", *at, "zone.test", "A", "+short", "www.zone.test", "A", "+short")
        t.equal("two queries in one line", p.stdout.split(), ["192.0.2.1", "192.0.2.80"])
        p = run(prog, "query", *at, "+tcp", "--keepopen", "zone.test", "A", "www.zone.test", "A")
        t.check("two queries on one connection", p.stdout.count("status: NOERROR") == 2, p.stdout)
        p = run(prog, "query", *at, "--send-hex",
                "1234 0000 0001 0000 0000 0000 047a6f6e6504746573740000060001")
        t.check("query --send-hex", "id: 4660" in p.stdout and "2026112401" in p.stdout, p.stdout)
        p = run(prog, "query", *at, "-x", "192.0.2.1")
        t.check("query -x", "1.2.0.192.in-addr.arpa." in p.stdout, p.stdout)
        p = run(prog, "query", *at, "zone.test", "SOA", "+edns=1")
        t.check("EDNS version 1 is answered BADVERS", "BADVERS" in p.stdout, p.stdout)
        p = run(prog, "query", *at, "bücher.zone.test")
        t.check("IDN", "xn--bcher-kva.zone.test." in p.stdout, p.stdout)
        with tempfile.NamedTemporaryFile(suffix=".pcap") as f:
            run(prog, "query", *at, "big.zone.test", "TXT", "--bufsize", "512", "--pcap", f.name)
            p = subprocess.run(["tshark", "-r", f.name, "-d", f"udp.port=={nsd.port},dns", "-d",
                                f"tcp.port=={nsd.port},dns", "-o", "ip.check_checksum:TRUE", "-o",
                                "udp.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-T",
                                "fields", "-e", "dns.flags.response", "-e", "dns.count.answers",
                                "-e", "_ws.malformed", "-e", "tcp.checksum.status", "-Y", "dns"],
                               capture_output=True, text=True, check=False)
            rows = [r.split("\t")[:2] for r in p.stdout.splitlines()]
            t.check("tshark reads the pcap: UDP, then TCP with six records",
                    rows[-1:] == [["1", "6"]] and len(rows) == 4, p.stdout + p.stderr)


def silent_tests(t, prog):
    p = run(prog, "query", "@127.0.0.1#9", "example.test", "--timeout", "0.2", "--tries", "1")
    t.check("a closed port is told as ICMP", p.returncode == 3 and "port unreachable" in p.stdout,
            f"{p.returncode}\n{p.stdout}")
    p = run(prog, "query", "@127.0.0.1#9", "example.test", "+tcp")
    t.check("a closed TCP port is told as RST", p.returncode == 3 and "RST" in p.stdout, p.stdout)
    p = run(prog, "check", "example.test", "--from", "192.0.2.1", "--map", "127.0.0.1=127.0.0.1")
    t.check("nothing can be sent: exit 3", p.returncode == 3, f"{p.returncode}\n{p.stdout}")


def check_tests(t, prog):
    with tap.Serve(prog, DEMO) as serve:
        if not t.check("demo serves", serve.ready, serve.output):
            return
        lab = ["--lab", DEMO, "--timeout", "0.4,0.6", "--late", "0.2"]
        p = run(prog, "check", *lab, "shop.example")
        t.equal("check: exit code", p.returncode, 2)
        table = p.stdout.split("\n\n")[1]
        t.check("table in 80 columns", max(map(len, table.splitlines())) <= 80, table)
        t.check("no colour in a pipe", "\033" not in p.stdout, p.stdout)
        wanted = ["unresponsive", "tcp-unresponsive", "malformed", "lame-refused", "serial-differs"]
        t.check("findings with cause and fix", all(w in p.stdout for w in wanted + ["cause", "fix"]),
                p.stdout)
        p = run(prog, "check", *lab, "bakery.example", "shop.example", "--json")
        reports = [json.loads(line) for line in p.stdout.splitlines()]
        t.equal("two domains, two objects", [r["verdict"] for r in reports], ["info", "error"])
        ids = {f["id"] for f in reports[1]["findings"]}
        t.check("JSON has the findings", ids >= set(wanted), ids)
        exchanges = {x["id"] for x in reports[1]["exchanges"]}
        t.check("evidence names exchanges",
                all(set(f["evidence"]) <= exchanges for f in reports[1]["findings"]))
        good = ["--ns", "ns1.bakery.example=192.0.2.20", "--ns", "ns2.bakery.example=198.51.100.20"]
        p = run(prog, "check", *lab, *good, "bakery.example")
        t.check("--ns: healthy, and no parent", p.returncode == 0 and "delegated" not in p.stdout,
                p.stdout)
        p = run(prog, "check", *lab, *good[:3], "ns2.bakery.example=192.0.2.30", "--undelegated",
                "--json", "bakery.example")
        ids = {(f["id"], f["server"]) for f in json.loads(p.stdout)["findings"]}
        t.check("--undelegated: wrong glue is told before it is published",
                ("glue-mismatch", "ns2.bakery.example.") in ids, ids)
        p = run(prog, "check", *lab, "--hints", DEMO, "bakery.example")
        t.check("--lab has its own roots", p.returncode == 64 and "--hints" in p.stderr, p.stderr)
        maps = [w for line in serve.output.splitlines() if re.match(r"[0-9a-f]+[.:]", line)
                for w in ("--map", "=".join(line.split()))]
        with tempfile.NamedTemporaryFile("w") as f:
            f.write(". 3600 NS a.root.example.\na.root.example. 3600 A 198.51.100.1\n")
            f.flush()
            p = run(prog, "check", *maps, "--hints", f.name, "bakery.example")
        t.check("--hints and --map", p.returncode == 0 and "2026112401" in p.stdout,
                p.stdout + p.stderr)
        p = run(prog, "check", "--lab", DEMO, "-b", "192.0.2.99", "bakery.example")
        t.check("check -b of an address that is not here: one line, exit 64", p.returncode == 64 and
                "Cannot assign requested address" in p.stderr and p.stdout == "" and
                p.stderr.count("\n") == 1, f"{p.returncode} {p.stderr}{p.stdout}")
        real = dict(line.split() for line in serve.output.splitlines()
                    if "#" in line and len(line.split()) == 2)
        way = ["--from", "198.51.100.1", "--map", f"198.51.100.1={real.get('198.51.100.1')}"]
        p = run(prog, "check", *way, "bakery.example")
        t.check("check: own network trouble is nobody else's", p.returncode == 3 and
                "parent-unresponsive" not in p.stdout and "Network is unreachable" in p.stdout,
                f"{p.returncode} {p.stdout}")
        for count, code, words in (
                (4, 3, ("untested", "None of the 4 addresses", "nsprobe trace @203.0.113.1",
                        "was not tested: nobody answers")),
                (3, 2, ("parent-unresponsive", "is broken"))):
            roots = [f"203.0.113.{i + 1}" for i in range(count)]
            with tempfile.NamedTemporaryFile("w") as f:
                f.write("".join(f". 3600 NS r{i}.\nr{i}. 3600 A {a}\n"
                                for i, a in enumerate(roots)))
                f.flush()
                p = run(prog, "check", "--hints", f.name, "-w", "0.3", "--tries", "1", "bakery.example",
                        *(w for a in roots for w in ("--map", f"{a}=127.53.99.1#9")))
            t.check(f"check: {count} roots, and nobody answers", p.returncode == code and
                    all(w in p.stdout for w in words) and
                    ("untested" in p.stdout) != ("parent-unresponsive" in p.stdout) and
                    max(map(len, p.stdout.splitlines())) <= 80,
                    f"{p.returncode} {p.stdout}")
        for a in ("198.51.100.2", "203.0.113.2"):
            way += ["--map", f"{a}={real.get(a)}"]
        p = run(prog, "check", *way, "bakery.example")
        t.check("check: no way to the zone's own servers", p.returncode == 3 and
                "was not tested" in p.stdout and "healthy" not in p.stdout,
                f"{p.returncode} {p.stdout}")
        for family, missing in (("-4", "2001:db8:20::20"), ("-6", "192.0.2.20")):
            p = run(prog, "check", *lab, family, "--json", "bakery.example")
            asked = {x["server"] for x in json.loads(p.stdout)["exchanges"]
                     if any(e["kind"] == "sent" for e in x["events"])}
            t.check(f"{family} asks nobody of the other family",
                    p.returncode == 0 and asked and missing not in asked, asked)
        p = run(prog, "check", *lab, "shop.example", "-v")
        t.check("-v shows exchanges", p.stdout.count(" sent ") > 50, p.stdout[-2000:])
        with tempfile.NamedTemporaryFile(suffix=".pcap") as f:
            run(prog, "check", *lab, "shop.example", "--pcap", f.name)
            p = subprocess.run(["tshark", "-r", f.name, "-o", "ip.check_checksum:TRUE", "-o",
                                "udp.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-Y",
                                "ip.checksum.status==0 || udp.checksum.status==0 || "
                                "tcp.checksum.status==0"], capture_output=True, text=True, check=False)
            t.equal("pcap: every checksum is right", p.stdout, "")
            p = subprocess.run(["tshark", "-r", f.name, "-Y", "dns"], capture_output=True, text=True,
                               check=False)
            t.check("pcap: DNS in it", len(p.stdout.splitlines()) > 60, p.stdout + p.stderr)
        process = subprocess.Popen([prog, "check", "--lab", DEMO, "--timeout", "5", "shop.example"],
                                   stdout=subprocess.PIPE, text=True)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        out = process.communicate()[0]
        t.check("^C prints what was learnt", process.returncode == 130 and "so far" in out
                and "lame-refused" in out, f"{process.returncode}\n{out}")


def main():
    a = tap.arguments()
    t = tap.Tap()
    for f in (usage_tests, help_tests, man_tests, mark_tests, port_tests, silent_tests, check_tests, dig_tests):
        if not a.only or a.only in f.__name__:
            f(t, a.prog)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
