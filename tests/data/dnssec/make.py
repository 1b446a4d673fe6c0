#!/usr/bin/env python3
"""Makes replies.txt: what real name servers say about zones that real tools have signed.

Needs bind9, bind9-utils, ldnsutils, knot and nsd. Nothing is random in the zones, yet keys and
signatures are: every run gives another file, with its own "now". Servers listen on 127.0.0.1 only.

Lines of replies.txt: "now SECONDS", then "ZONE QNAME QTYPE REPLY" with the reply in base64.
"""
import base64
import calendar
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "MX": 15, "TXT": 16, "SRV": 33, "DNAME": 39,
         "DS": 43, "DNSKEY": 48, "CAA": 257, "TYPE65280": 65280}
PORT = {"bind": 15311, "nsd": 15312, "knot": 15313}
NOW = calendar.timegm(time.gmtime()) // 3600 * 3600

# zone: (signer, server, algorithm, options)
ZONES = {
    "rsasha1": ("bind", "bind", "RSASHA1", {}),
    "rsasha1n3": ("bind", "bind", "NSEC3RSASHA1", {"nsec3": "aabbccdd"}),
    "rsasha256": ("bind", "nsd", "RSASHA256", {}),
    "rsasha512": ("ldns", "nsd", "RSASHA512", {"nsec3": "beef", "iterations": 3}),
    "p256": ("bind", "knot", "ECDSAP256SHA256", {}),
    "p384": ("ldns", "nsd", "ECDSAP384SHA384", {"nsec3": "01", "iterations": 1}),
    "ed25519": ("knot", "knot", "ED25519", {}),
    "ed448": ("bind", "bind", "ED448", {"nsec3": "-"}),
    "knot3": ("knot", "knot", "ECDSAP256SHA256", {"nsec3": "-"}),
    "optout": ("bind", "bind", "ECDSAP256SHA256", {"nsec3": "-", "optout": True}),
    "iter50": ("bind", "nsd", "ECDSAP256SHA256", {"nsec3": "-", "iterations": 50}),
    "iter51": ("bind", "nsd", "ECDSAP256SHA256", {"nsec3": "-", "iterations": 51}),
}
# digest types of the DS records of a zone, where not SHA-256 alone
DIGESTS = {"rsasha1": ["SHA-1"], "rsasha256": ["SHA-1", "SHA-256", "SHA-384"], "p384": ["SHA-384"]}

ZONE = """$ORIGIN {zone}.test.
$TTL 3600
@ SOA NS.{zone}.test. Hostmaster 7 3600 900 604800 300
@ NS NS
@ MX 20 mail
@ MX 10 Mail.Example.NET.
@ TXT "v=spf1 -all"
@ TXT "a" "b"
@ CAA 0 issue "ca.example"
NS A 192.0.2.1
host A 192.0.2.30
host A 192.0.2.4
host A 10.0.0.1
www CNAME Host
tok._domainkey CNAME tok.dkim.AmazonSES.com.
key._domainkey TXT "v=DKIM1; k=rsa; p=MIGf" "MA0G"
_sip._tcp SRV 0 5 5060 Host
odd TYPE65280 \\# 3 0a0b0c
*.wild TXT "from a wildcard"
x.wild A 192.0.2.9
*.alias CNAME host
a.deep.ent A 192.0.2.8
dn DNAME target
foo.target A 192.0.2.7
open NS ns.open
ns.open A 192.0.2.5
safe NS ns.safe
safe DS 4711 13 2 E2D3C916F6DEEAC73294E8268FB5885044A833FC5459588F4A9184CFC41A5766
ns.safe A 192.0.2.6
"""
QUESTIONS = [
    ("@", "SOA"), ("@", "DNSKEY"), ("@", "MX"), ("@", "TXT"), ("@", "CAA"), ("@", "NS"),
    ("host", "A"), ("www", "A"), ("www", "CNAME"), ("tok._domainkey", "CNAME"),
    ("tok._domainkey", "TXT"), ("key._domainkey", "TXT"), ("_sip._tcp", "SRV"),
    ("odd", "TYPE65280"), ("dn", "DNAME"), ("foo.dn", "A"), ("foo.dn", "CNAME"),
    ("q.wild", "TXT"), ("p.q.wild", "TXT"), ("*.wild", "TXT"), ("q.alias", "A"),
    ("nope", "A"), ("zzz.nope", "TXT"), ("0", "A"), ("nope._domainkey", "TXT"), ("y.x.wild", "TXT"),
    ("host", "TXT"), ("@", "DS"), ("_domainkey", "TXT"), ("deep.ent", "A"), ("q.wild", "MX"),
    ("open", "DS"), ("safe", "DS"), ("open", "A"),
]
PARENT = """$ORIGIN test.
$TTL 3600
@ SOA ns hostmaster 1 3600 900 604800 300
@ NS ns
ns A 192.0.2.1
unsigned NS ns.unsigned
ns.unsigned A 192.0.2.2
gost NS ns.unsigned
gost DS 1234 13 3 22261A8B0E0D799183E35E24E2AD6BB58533CBA7E3B14D659E9CA09B2071398F
md5 NS ns.unsigned
md5 DS 1234 1 2 E2D3C916F6DEEAC73294E8268FB5885044A833FC5459588F4A9184CFC41A5766
"""


def run(*argv, **kw):
    p = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **kw)
    if p.returncode != 0:
        sys.exit(f"{' '.join(argv)}: {p.stdout}{p.stderr}")
    return p.stdout


def stamp(t):
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(t))


def sign_bind(d, name, alg, opt):
    bits = ["-b", "1024"] if alg.startswith(("RSA", "NSEC3RSA")) else []
    for flag in (["-f", "KSK"], []):
        run("dnssec-keygen", "-q", "-a", alg, *bits, *flag, name, cwd=d)
    nsec3 = ["-3", opt["nsec3"], "-H", str(opt.get("iterations", 0))] if "nsec3" in opt else []
    nsec3 += ["-A"] if opt.get("optout") else []
    run("dnssec-signzone", "-S", "-P", "-s", stamp(NOW - 86400), "-e", stamp(NOW + 30 * 86400),
        "-o", name, "-f", name + ".signed", *nsec3, name, cwd=d)


def sign_ldns(d, name, alg, opt):
    keys = []
    bits = ["-b", "1024"] if alg.startswith("RSA") else []
    for flag in (["-k"], []):
        keys.append(run("ldns-keygen", "-a", alg, *bits, *flag, name, cwd=d).strip())
    nsec3 = ["-n", "-s", opt["nsec3"], "-t", str(opt["iterations"])] if "nsec3" in opt else []
    run("ldns-signzone", "-i", stamp(NOW - 86400), "-e", stamp(NOW + 30 * 86400), *nsec3,
        "-f", name + ".signed", name, *keys, cwd=d)


def make_zones(d):
    parent = PARENT
    for z, (signer, _, alg, opt) in ZONES.items():
        name = z + ".test"
        with open(f"{d}/{name}", "w", encoding="ascii") as f:
            f.write(ZONE.format(zone=z))
        if signer == "bind":
            sign_bind(d, name, alg, opt)
        elif signer == "ldns":
            sign_ldns(d, name, alg, opt)
        parent += f"{z} NS ns.{z}\nns.{z} A 192.0.2.1\n"
    return parent


def ds_of(d, z, dnskey):
    """DS records from the DNSKEY records that the server gives out."""
    with open(f"{d}/ds.{z}", "w", encoding="ascii") as f:
        f.write(dnskey)
    digests = [x for n in DIGESTS.get(z, ["SHA-256"]) for x in ("-a", n)]
    return run("dnssec-dsfromkey", *digests, "-f", f"{d}/ds.{z}", f"{z}.test") + "\n"


def served_by(server):
    return [z + ".test" for z, v in ZONES.items() if v[1] == server]


def zone_file(d, name):
    signed = f"{d}/{name}.signed"
    return signed if os.path.exists(signed) else f"{d}/{name}"


def start_bind(d, names):
    with open(f"{d}/named.conf", "w", encoding="ascii") as f:
        f.write(f'options {{ directory "{d}"; listen-on port {PORT["bind"]} {{127.0.0.1;}}; '
                f'listen-on-v6 {{none;}}; recursion no; pid-file none; session-keyfile none; '
                f'minimal-responses no; notify no; }};\ncontrols {{}};\n')
        for n in names:
            f.write(f'zone "{n}" {{ type primary; file "{zone_file(d, n)}"; }};\n')
    return subprocess.Popen(["named", "-g", "-c", f"{d}/named.conf"], stderr=subprocess.DEVNULL)


def start_nsd(d, names):
    with open(f"{d}/nsd.conf", "w", encoding="ascii") as f:
        f.write(f'server:\n ip-address: 127.0.0.1@{PORT["nsd"]}\n username: ""\n zonesdir: "{d}"\n'
                f' database: ""\n pidfile: "{d}/nsd.pid"\n xfrdfile: ""\n zonelistfile: "{d}/zl"\n'
                f' xfrdir: "{d}"\nremote-control:\n control-enable: no\n')
        for n in names:
            f.write(f'zone:\n name: "{n}"\n zonefile: "{zone_file(d, n)}"\n')
    return subprocess.Popen(["nsd", "-d", "-c", f"{d}/nsd.conf"], stderr=subprocess.DEVNULL)


def start_knot(d, names):
    with open(f"{d}/knot.conf", "w", encoding="ascii") as f:
        f.write(f'server:\n rundir: "{d}/run"\n listen: 127.0.0.1@{PORT["knot"]}\n'
                f'database:\n storage: "{d}/db"\npolicy:\n')
        own = [n for n in names if ZONES[n[:-5]][0] == "knot"]
        for n in own:
            alg, opt = ZONES[n[:-5]][2:]
            f.write(f' - id: "{n}"\n   algorithm: {alg}\n   rrsig-lifetime: 30d\n'
                    f'   nsec3: {"on" if "nsec3" in opt else "off"}\n   nsec3-iterations: 0\n'
                    f'   nsec3-salt-length: 0\n')
        f.write("zone:\n")
        for n in names:
            f.write(f' - domain: "{n}"\n   file: "{zone_file(d, n)}"\n   zonefile-sync: -1\n'
                    f'   journal-content: none\n   semantic-checks: off\n')
            if n in own:
                f.write(f'   dnssec-signing: on\n   dnssec-policy: "{n}"\n')
    return subprocess.Popen(["knotd", "-c", f"{d}/knot.conf"], stderr=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL)


def ask(port, qname, qtype):
    name = b"".join(bytes([len(x)]) + x.encode() for x in qname.split(".") if x) + b"\0"
    q = struct.pack(">6H", 4711, 0, 1, 0, 0, 1) + name + struct.pack(">HH", TYPES[qtype], 1)
    q += b"\0" + struct.pack(">HHIH", 41, 4096, 0x8000, 0)
    with socket.create_connection(("127.0.0.1", port), timeout=5) as s:
        s.sendall(struct.pack(">H", len(q)) + q)
        f = s.makefile("rb")
        n, = struct.unpack(">H", f.read(2))
        return f.read(n)


def wait_for(port, name):
    for _ in range(100):
        try:
            if ask(port, name, "DNSKEY")[3] & 15 == 0:
                return
        except (OSError, struct.error):
            pass
        time.sleep(0.2)
    sys.exit(f"{name} at port {port}: no answer")


def main():
    lines = [f"now {NOW + 3600}"]
    with tempfile.TemporaryDirectory() as d:
        os.mkdir(d + "/run")
        os.mkdir(d + "/db")
        os.chmod(d, 0o755)
        parent = make_zones(d)
        running = [start_bind(d, served_by("bind")), start_nsd(d, served_by("nsd")),
                   start_knot(d, served_by("knot"))]
        try:
            for z, v in ZONES.items():
                port = PORT[v[1]]
                wait_for(port, z + ".test")
                key = run("dig", "@127.0.0.1", "-p", str(port), "+tcp", "+noall", "+answer",
                          f"{z}.test", "DNSKEY")
                parent += ds_of(d, z, key)
                for owner, qtype in QUESTIONS:
                    qname = f"{z}.test" if owner == "@" else f"{owner}.{z}.test"
                    reply = base64.b64encode(ask(port, qname, qtype)).decode()
                    lines.append(f"{z}.test {qname} {qtype} {reply}")
            running[1].terminate()
            running[1].wait()
            with open(d + "/test", "w", encoding="ascii") as f:
                f.write(parent)
            sign_bind(d, "test", "ECDSAP256SHA256", {})
            running[1] = start_nsd(d, ["test"])
            wait_for(PORT["nsd"], "test")
            names = ["test", "unsigned.test", "gost.test", "md5.test", "nothing.test"]
            for n in names[1:] + [z + ".test" for z in ZONES]:
                lines.append(f"test {n} DS {base64.b64encode(ask(PORT['nsd'], n, 'DS')).decode()}")
            key = base64.b64encode(ask(PORT["nsd"], "test", "DNSKEY")).decode()
            lines.append(f"test test DNSKEY {key}")
        finally:
            for p in running:
                p.terminate()
                p.wait()
    with open(f"{HERE}/replies.txt", "w", encoding="ascii") as f:
        f.write("\n".join(lines) + "\n")
    print(f"{len(lines)} lines")


main()
