"""A small Internet in the network namespace that this process is in: root, `test`, reverse names, a
table of autonomous systems, and the servers of zones.ZONES. All addresses are on lo.

Its addresses look public, because the peers complain of others; nothing can leave the namespace.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

import signing
import tap
import zones as table
from zones import SHARED

ROOT = "192.5.0.1"
TLD = "192.6.0.1"
MAIL = "193.1.0.25"
SERIAL, OLD_SERIAL = 2026112401, 2026010101


def write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    return path


def ptr(address):
    return ".".join(reversed(address.split("."))) + ".in-addr.arpa."


class Lab:
    """Servers of the zones, for the time of a with block."""

    def __init__(self, prog, zones):
        self.prog = prog
        self.zones = zones
        self.processes = []
        self.dir = tempfile.mkdtemp(prefix="nsprobe-comparison-")
        os.chmod(self.dir, 0o755)
        self.hosts = dict(SHARED)    # label in hoster.test: address
        self.servers = {label: table.Server(a) for label, a in SHARED.items()}
        for n, (label, s) in enumerate((l, s) for z in zones for l, s in z.own.items()):
            s.address = s.address or f"197.{n + 10}.0.1"
            self.hosts[label] = s.address
            self.servers[label] = s

    def __enter__(self):
        try:
            self.network()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        tap.stop(self.processes)
        shutil.rmtree(self.dir, ignore_errors=True)

    # ---- the network
    def network(self):
        signing.run("ip", "link", "set", "lo", "up")
        # dnsviz looks for a way out before it asks anybody
        signing.run("ip", "link", "add", "out", "type", "veth", "peer", "in")
        signing.run("ip", "addr", "add", "199.9.9.1/24", "dev", "out")
        for end in ("in", "out"):
            signing.run("ip", "link", "set", end, "up")
        signing.run("ip", "route", "add", "default", "dev", "out")
        for a in {ROOT, TLD, MAIL, *self.hosts.values()}:
            signing.run("ip", "addr", "add", a + "/32", "dev", "lo")
        nat = "".join(f"  ip daddr {a} dnat to {b}\n" for a, b in self.played().items())
        block = "".join(f"  ip daddr {s.address} {s.firewall}\n" for s in self.servers.values()
                        if s.firewall)
        rules = f"""table ip nat {{
 chain output {{
  type nat hook output priority -100;
{nat} }}
}}
table ip wall {{
 chain input {{
  type filter hook input priority 0;
{block} }}
}}
"""
        signing.run("nft", "-f", write(f"{self.dir}/rules.nft", rules))

    def played(self):
        """Addresses that nsprobe serve plays: it serves on loopback alone."""
        own = [s.address for s in self.servers.values() if s.software == "serve"]
        return {a: f"127.53.1.{n + 1}" for n, a in enumerate(own)}

    # ---- zone texts
    def host(self, zone, label):
        return label + ".hoster.test." if label in self.hosts else f"{label}.{zone.name}.test."

    def text(self, zone, server):
        serial = OLD_SERIAL if server in zone.old else SERIAL
        text = f"$TTL 3600\n@ SOA {zone.soa.format(serial=serial)}\n"
        text += "".join(f"@ NS {self.host(zone, ns)}\n" for ns in zone.ns)
        return text + zone.mail + zone.records

    def delegation(self, zone):
        if zone.delegation:
            return zone.delegation.replace("ZONE", zone.name)
        return "".join(f"{zone.name} NS {self.host(zone, ns)}\n" for ns in zone.parent or zone.ns)

    def root_text(self):
        text = f"$TTL 3600\n@ SOA a.root-servers.net. host.test. 1 7200 900 1209600 300\n" \
               f"@ NS a.root-servers.net.\na.root-servers.net. A {ROOT}\n" \
               f"test. NS ns.nic.test.\nns.nic.test. A {TLD}\n" \
               f"{ptr(ROOT)} PTR a.root-servers.net.\n{ptr(TLD)} PTR ns.nic.test.\n"
        for label, a in self.hosts.items():
            text += f"{ptr(a)} PTR {label}.hoster.test.\n"
            text += "".join(f"{ptr(a)} PTR {label}.{z.name}.test.\n" for z in self.zones
                            for label in ("ns1", "alias") if f"{label}.ZONE A {a}" in z.delegation
                            or f"{label} A {a}" in z.records)
        return text + "asnlookup.zonemaster.net. NS ns.nic.test.\n"

    def asn_text(self):
        """As Zonemaster asks for them: one system for each prefix of 16 bits."""
        text = "$TTL 3600\n@ SOA ns.nic.test. host.test. 1 7200 900 1209600 300\n@ NS ns.nic.test.\n"
        for first in sorted({tuple(a.split(".")[:2]) for a in [ROOT, TLD, *self.hosts.values()]}):
            number = 64500 + int(first[0]) % 50 * 20 + int(first[1]) % 20
            text += f"*.{first[1]}.{first[0]}.origin TXT " \
                    f"\"{number} | {first[0]}.{first[1]}.0.0/16 | ZZ | lab | 2026-01-01\"\n"
        return text

    def hoster_text(self):
        text = "$TTL 3600\n@ SOA nsd hostmaster 1 14400 3600 1209600 3600\n@ NS nsd\n@ NS knot\n" \
               f"@ MX 10 mail\nmail A {MAIL}\n@ TXT \"v=spf1 mx -all\"\n"
        return text + "".join(f"{label} A {a}\n" for label, a in self.hosts.items())

    def tld_text(self, ds):
        text = f"$TTL 3600\n@ SOA ns.nic host 1 7200 900 1209600 300\n@ NS ns.nic\n" \
               f"ns.nic A {TLD}\nhoster NS nsd.hoster\nhoster NS knot.hoster\n"
        text += "".join(f"{label}.hoster A {self.hosts[label]}\n" for label in ("nsd", "knot"))
        return text + "".join(self.delegation(z) for z in self.zones) + "\n".join(ds) + "\n"

    # ---- servers
    def start(self):
        made = os.path.join(self.dir, "zones")
        os.makedirs(made)
        ds, held = [], {"nsd": {}, "knot": {}, "bind": {}, "stale": {}, "open": {}}
        for z in self.zones:
            name = z.name + ".test"
            signed = None
            if z.sign is not None:
                signed, record = signing.sign(self.dir, name, self.text(z, ""), z.sign, z.ds)
                ds.append(record)
            elif z.ds == "keep":
                ds.append(f"{name}. IN DS 12345 13 2 " + "AB" * 32)
            for software, zones in held.items():
                if software in z.without or not self.serves(z, software):
                    continue
                plain = signed is None or z.sign_at.get(software) == "unsigned"
                zones[name] = (z, write(f"{made}/{name}-{software}",
                                        self.text(z, software) if plain else signed))
        hoster = write(f"{made}/hoster", self.hoster_text())
        for software in ("nsd", "knot"):
            held[software]["hoster.test"] = (None, hoster)
        tld, tld_ds = signing.sign(self.dir, "test", self.tld_text(ds), {})
        root, _ = signing.sign(self.dir, "", self.root_text() + tld_ds + "\n", {})
        self.nsd("root", [ROOT], {".": (None, write(f"{made}/root", root))})
        asn = write(f"{made}/asn", self.asn_text())
        self.nsd("tld", [TLD], {"test": (None, write(f"{made}/test", tld)),
                                "asnlookup.zonemaster.net": (None, asn)})
        self.nsd("nsd", [s.address for s in self.servers.values() if s.software == "nsd"
                         and s.address not in (SHARED["knot"], SHARED["bind"], SHARED["stale"],
                                               SHARED["open"])], held["nsd"])
        self.nsd("stale", [SHARED["stale"]], held["stale"])
        self.knot(held["knot"])
        self.bind("bind", SHARED["bind"], held["bind"], "recursion no;")
        self.hints = write(f"{self.dir}/hints", f". 3600 IN NS a.root-servers.net.\n"
                           f"a.root-servers.net. 3600 IN A {ROOT}\n")
        self.bind("open", SHARED["open"], held["open"],
                  "recursion yes; allow-recursion { any; };")
        self.serve()
        self.anchor = write(f"{self.dir}/anchor", signing.anchor(self.dir))
        self.wait()

    def serves(self, zone, software):
        labels = set(zone.ns) | set(zone.parent)
        if software == "nsd":
            return True
        inside = SHARED.get(software, "-") in zone.records
        return software in labels or inside or (software == "knot" and "alias" in labels)

    def popen(self, name, *argv):
        with open(f"{self.dir}/{name}.log", "wb") as out:
            self.processes.append(subprocess.Popen(argv, stdout=out, stderr=subprocess.STDOUT,
                                                   stdin=subprocess.DEVNULL))

    def folder(self, name):
        d = os.path.join(self.dir, name)
        os.makedirs(d)
        os.chmod(d, 0o777)
        return d

    def nsd(self, name, addresses, zones):
        d = self.folder(name)
        text = "server:\n  username: \"\"\n  server-count: 1\n  database: \"\"\n" \
               f"  pidfile: \"{d}/pid\"\n  zonesdir: \"{d}\"\n  xfrdfile: \"{d}/xfrd\"\n" \
               f"  zonelistfile: \"{d}/list\"\n  xfrdir: \"{d}\"\n  rrl-ratelimit: 0\n"
        text += "".join(f"  ip-address: {a}\n" for a in addresses)
        text += "remote-control:\n  control-enable: no\n"
        for zone, (z, path) in zones.items():
            text += f'zone:\n  name: "{zone}"\n  zonefile: "{path}"\n'
            if z and z.transfer:
                text += "  provide-xfr: 0.0.0.0/0 NOKEY\n"
        self.popen(name, "nsd", "-d", "-c", write(f"{d}/conf", text))

    def knot(self, zones):
        d = self.folder("knot")
        text = f"server:\n    rundir: \"{d}\"\n    listen: {SHARED['knot']}@53\n" \
               "    udp-workers: 1\n    tcp-workers: 1\n    background-workers: 1\n" \
               f"database:\n    storage: \"{d}/db\"\n" \
               "log:\n  - target: stderr\n    any: warning\nzone:\n"
        for zone, (_, path) in zones.items():
            text += f"  - domain: {zone}.\n    file: \"{path}\"\n    journal-content: none\n" \
                    "    zonefile-sync: -1\n    zonefile-load: whole\n"
        self.popen("knot", "knotd", "-c", write(f"{d}/conf", text))

    def bind(self, name, address, zones, more):
        d = self.folder(name)
        text = f"""options {{
  directory "{d}"; pid-file none; session-keyfile "{d}/session.key";
  managed-keys-directory "{d}"; listen-on {{ {address}; }}; listen-on-v6 {{ none; }};
  allow-transfer {{ none; }}; dnssec-validation no; notify no; empty-zones-enable no; {more}
}};
controls {{ }};
"""
        if "yes" in more:
            text += f'zone "." {{ type hint; file "{self.hints}"; }};\n'
        for zone, (_, path) in zones.items():
            text += f'zone "{zone}" {{ type primary; file "{path}"; check-names ignore; ' \
                    'check-integrity no; };\n'
        self.popen(name, "named", "-f", "-n", "1", "-c", write(f"{d}/conf", text))

    def serve(self):
        played = self.played()
        text = "".join(f"root {a}\n" for a in list(played)[:1])  # which a scenario must have
        for z in self.zones:
            own = [s for s in z.own.values() if s.software == "serve"]
            if own:
                text += f"zone {z.name}.test {{\n{self.text(z, '')}}}\n"
            for s in own:
                text += f"address {s.address} on {played[s.address]}#53 {{\n" \
                        f"    serves {z.name}.test\n"
                text += "".join(f"    behave {b}\n" for b in s.behave) + "}\n"
        if played:
            self.popen("serve", self.prog, "serve", write(f"{self.dir}/scenario", text))

    # ---- until all answer
    def wait(self):
        asked = [(ROOT, "."), (TLD, "test")]
        for label in SHARED:
            z = next((z for z in self.zones if label in z.ns and label not in z.without), None)
            if z:
                asked.append((SHARED[label], z.name + ".test"))
        end = time.monotonic() + 30
        for address, zone in asked:
            while not self.answers(address, zone):
                if time.monotonic() > end:
                    self.show_logs()
                    raise RuntimeError(f"{address} does not answer for {zone}")
                time.sleep(0.1)
        for z in self.zones:
            for label in z.ns:
                if label in z.own and z.own[label].software == "serve":
                    self.wait_served(z.own[label].address)
                if label in SHARED and label not in z.without and \
                        not self.answers(SHARED[label], z.name + ".test"):
                    self.show_logs()
                    raise RuntimeError(f"{label} does not answer for {z.name}")

    def wait_served(self, address):
        """Whatever it says, something must listen: TCP is open, or refused by a behaviour."""
        p = next(p for p in self.processes if "serve" in p.args)
        if p.poll() is not None:
            self.show_logs()
            raise RuntimeError(f"nsprobe serve ended; {address} is dead")

    def answers(self, address, zone):
        p = subprocess.run(["dig", "+norec", "+time=1", "+tries=1", "@" + address, zone, "SOA"],
                           capture_output=True, text=True, check=False)
        return "status: NOERROR" in p.stdout

    def show_logs(self):
        for f in sorted(os.listdir(self.dir)):
            if f.endswith(".log"):
                with open(os.path.join(self.dir, f), encoding="utf-8", errors="replace") as g:
                    print(f"--- {f}\n{g.read()[-1500:]}", file=sys.stderr)
