#!/usr/bin/env python3
"""check against real servers with signed zones: each algorithm, NSEC and NSEC3, and what is broken at
one server or at all of them.

Every file of dnssec/ is a scenario (docs/LAB.md). All share one network: a root server, a server of
`test`, and the hosts of HOSTS. Needs root; without it every scenario is skipped, loudly.
"""
import glob
import os
import re
import sys
import time
import tomllib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import net as lab_net  # noqa: E402
import same_diagnosis  # noqa: E402
import scenarios  # noqa: E402
import servers  # noqa: E402
from scenarios import subject_of  # noqa: E402

HOSTS = {"nsd": "nsd", "knot": "knot", "bind": "bind", "notcp": "nsd", "dead": "nsd"}
FIREWALLS = {"notcp": "tcp dport 53 drop", "dead": lab_net.DNS + " drop"}
DAY = 86400
SERIAL = 2026112401


class Scenario:
    def __init__(self, path):
        self.name = os.path.basename(path)[:-len(".toml")]
        with open(path, "rb") as f:
            d = tomllib.load(f)
        self.zone = self.name + ".test"
        self.servers = d.get("servers", ["nsd", "knot", "bind"])
        self.algorithms = d.get("algorithms", ["ECDSAP256SHA256"])
        self.bits = d.get("bits", 2048)
        self.nsec3 = d.get("nsec3", [])      # options of dnssec-signzone
        self.ds = d.get("ds", "good")        # "good", "none", "other", "both"; or digest types
        self.records = d.get("records", "")
        self.cds = d.get("cds", "")          # "same", "cds", "other", "delete"
        self.signed = d.get("signed", True)
        self.all = d.get("all", "")          # how every copy is signed: see sign
        self.at = d.get("at", {})            # host: how its copy is signed
        self.edit = d.get("edit", {})        # host, or "all": pattern and replacement for its copy
        self.serial = d.get("serial", {})    # host: the serial that it has instead
        self.parent_edit = d.get("parent_edit", [])  # pattern and replacement for the signed `test`
        self.options = d.get("options", [])
        self.expect = self.pairs(d.get("expect", []))
        self.notice = self.pairs(d.get("notice", []))
        self.never = d.get("never", [])
        self.first = d.get("first", "")
        self.cause = d.get("cause", "")
        self.said = d.get("said", [])
        self.code = d.get("exit", 0)

    @staticmethod
    def pairs(lines):
        """`ID SUBJECT`; `ID @HOST` stands for both of its addresses."""
        out = set()
        for line in lines:
            i, word = line.split()
            out |= {(i, word + "4"), (i, word + "6")} if word.startswith("@") and \
                word[-1] not in "46" else {(i, word)}
        return out

    def subject(self, net, word):
        if word.startswith("@"):
            return net.v4(word[1:-1]) if word[-1] == "4" else net.v6(word[1:-1])
        return word

    def zone_text(self, net, host):
        serial = self.serial.get(host, SERIAL)
        text = f"$TTL 300\n@ SOA {self.servers[0]} host {serial} 7200 900 1209600 300\n"
        for name in self.servers:
            text += f"@ NS {name}\n{name} A {net.v4(name)}\n{name} AAAA {net.v6(name)}\n"
        return text + '@ TXT "v=spf1 -all"\n' + self.records.replace("\\n", "\n") + "\n"

    def delegation(self, net):
        label = self.name
        text = "".join(f"{label} NS {h}.{label}\n" for h in self.servers)
        return text + "".join(f"{h}.{label} A {net.v4(h)}\n{h}.{label} AAAA {net.v6(h)}\n"
                              for h in self.servers)


def stamp(seconds):
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(seconds))


def make_keys(net, s, folder):
    """A key-signing and a zone-signing key of each algorithm; the paths of the former."""
    d = os.path.join(net.dir, f"{folder}-{s.zone}")
    if not os.path.isdir(d):
        os.makedirs(d)
        for algorithm in s.algorithms:
            size = ("-b", str(s.bits)) if algorithm.startswith("RSA") else ()
            for flags in ((), ("-f", "KSK")):
                lab_net.run("dnssec-keygen", "-q", "-K", d, "-a", algorithm, *size, *flags, s.zone)
    out = []
    for path in sorted(glob.glob(d + "/*.key")):
        with open(path, encoding="ascii") as f:
            if " 257 3 " in f.read():
                out.append(path)
    return d, out


def ds_of(path, *digests, kind=()):
    return "".join(lab_net.run("dnssec-dsfromkey", *kind, "-a", d, path).stdout for d in digests)


def cds_of(net, s, keys):
    """CDS and CDNSKEY: `same` as the DS, `cds` alone, of `other` keys, or for removal."""
    if s.cds == "delete":
        return "@ CDS 0 0 0 00\n@ CDNSKEY 0 3 0 AA==\n"
    if not s.cds:
        return ""
    paths = make_keys(net, s, "more")[1] if s.cds == "other" else keys
    text = "".join(ds_of(p, "SHA-256", kind=("-C",)) for p in paths)
    for p in paths if s.cds != "cds" else ():
        with open(p, encoding="ascii") as f:
            text += "".join(re.sub(r"\bDNSKEY\b", "CDNSKEY", line) for line in f
                            if not line.startswith(";"))
    return text


def sign(net, s, path, how):
    """Signs one copy. how: "" well; "expired", "early" (not yet valid), "soon", "long": its times;
    "unsigned": as it is; "keys": with other keys."""
    d, _ = make_keys(net, s, "other" if how == "keys" else "keys")
    now = time.time()
    begin, end = now - 30 * DAY, now + 60 * DAY
    begin, end = {"expired": (begin, now - DAY), "early": (now + DAY, end),
                  "soon": (begin, now + DAY), "long": (begin, now + 700 * DAY)}.get(how, (begin, end))
    if how == "unsigned" or not s.signed:
        return path
    lab_net.run("dnssec-signzone", "-q", "-P", "-S", "-O", "full", "-K", d, "-d", d, "-o", s.zone,
                *s.nsec3, "-s", stamp(begin), "-e", stamp(end), "-f", path + ".signed", path)
    return path + ".signed"


def edit(s, host, path):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    for key in ("all", host):
        for pattern, new in s.edit.get(key, []):
            text, n = re.subn(pattern, new, text, flags=re.M)
            if n == 0:
                raise RuntimeError(f"{s.name}: nothing to edit for {pattern}")
    servers.write(path, text)


def parent_ds(net, s):
    if s.ds == "none":
        return ""
    folders = {"other": ["other"], "both": ["keys", "other"]}.get(s.ds, ["keys"])
    digests = ("SHA-256",) if s.ds in ("good", "other", "both") else s.ds.split()
    text = ""
    for path in [p for folder in folders for p in make_keys(net, s, folder)[1]]:
        known = [d for d in digests if not d.isdigit()]
        text += ds_of(path, *known)
        for number in (d for d in digests if d.isdigit()):
            text += re.sub(r"(DS \d+ \d+) 2 ", rf"\1 {number} ", ds_of(path, "SHA-256"))
    return text


def sign_parent(net, path, all_scenarios):
    """The zone `test`, signed; a scenario may break what it says of its zone."""
    d = os.path.join(net.dir, "keys-of-parent")
    os.makedirs(d)
    for flags in ((), ("-f", "KSK")):
        lab_net.run("dnssec-keygen", "-q", "-K", d, "-a", "ECDSAP256SHA256", *flags, "test")
    lab_net.run("dnssec-signzone", "-q", "-P", "-S", "-O", "full", "-K", d, "-d", d, "-o", "test",
                "-f", path + ".signed", path)
    with open(path + ".signed", encoding="ascii") as f:
        text = f.read()
    for s in all_scenarios:
        for pattern, new in s.parent_edit:
            text, n = re.subn(pattern, new, text, flags=re.M)
            if n == 0:
                raise RuntimeError(f"{s.name}: nothing to edit for {pattern}")
    return servers.write(path + ".signed", text)


def start(net, all_scenarios):
    for host in ["client", "root", "tld", *HOSTS]:
        net.host(host)
    d = servers.folder(net, "zones")
    held = {h: {} for h in HOSTS}
    test = f"$TTL 3600\n@ SOA ns.nic host 1 7200 900 1209600 300\n@ NS ns.nic\n" \
           f"ns.nic A {net.v4('tld')}\nns.nic AAAA {net.v6('tld')}\n"
    for s in all_scenarios:
        keys = make_keys(net, s, "keys")[1] if s.signed or s.ds != "none" else []
        for host in s.servers:
            text = s.zone_text(net, host) + cds_of(net, s, keys)
            path = servers.write(f"{d}/{s.name}-{host}", text)
            path = sign(net, s, path, s.at.get(host, s.all))
            edit(s, host, path)
            held[host][s.zone] = path
        test += s.delegation(net) + parent_ds(net, s)
    root = servers.write(f"{d}/root", "$TTL 3600\n@ SOA a.root. host. 1 7200 900 1209600 300\n"
                         f"@ NS a.root.\na.root. A {net.v4('root')}\na.root. AAAA {net.v6('root')}\n"
                         f"test. NS ns.nic.test.\nns.nic.test. A {net.v4('tld')}\n"
                         f"ns.nic.test. AAAA {net.v6('tld')}\n")
    servers.knot(net, "root", {".": root})
    path = sign_parent(net, servers.write(f"{d}/test", test), all_scenarios)
    servers.bind(net, "tld", {"test": path})
    for host, rule in FIREWALLS.items():
        net.filter(host, "input", rule)
    for host, software in HOSTS.items():
        servers.SOFTWARE[software](net, host, held[host])
    net.held = held


def wait(net, _):
    late = [h for h, zone in (("root", "."), ("tld", "test")) if not net.wait_for(net.v4(h), zone)]
    for host, zones in net.held.items():
        if host == "dead":
            continue
        late += [f"{host} {z}" for z in zones if not net.wait_for(net.v4(host), z)]
    return late


def ask(net, prog, s):
    path = os.path.join(net.dir, s.name + ".pcap")
    return net.exec("client", prog, "check", "--json", "--from", net.v4("root"), "--timeout",
                    "0.5,1", "--late", "0.5", "--pcap", path, *s.options, s.zone, check=False)


def judge(t, net, s, p):
    report, shown = scenarios.check_findings(t, net, s, p)
    if report is None:
        return
    findings = report["findings"]
    found = {(f["id"], subject_of(f)) for f in findings}
    for i, w in sorted(s.notice):
        t.check(f"{s.name}: {i}", (i, s.subject(net, w)) in found, shown)
    for i in s.never:
        t.check(f"{s.name}: no {i}", all(k != i for k, _ in found), shown)
    if s.first:
        i, w = s.first.split()
        t.check(f"{s.name}: first finding", findings != [] and findings[0]["because_of"] is None and
                (findings[0]["id"], subject_of(findings[0])) == (i, s.subject(net, w)), shown)
    if s.cause:
        t.check(f"{s.name}: probable cause", findings != [] and
                findings[0]["cause"].startswith(s.cause), shown + findings[0]["cause"])
    for words in s.said:
        t.check(f"{s.name}: says {words}",
                any(words in f["text"] + str(f["fix"]) for f in findings), shown)
    t.equal(f"{s.name}: exit code", p.returncode, s.code)
    same_diagnosis.check(t, s.name, p.args[p.args.index("check") - 1],
                         os.path.join(net.dir, s.name + ".pcap"), p)


def main():
    paths = sorted(glob.glob(os.path.join(HERE, "dnssec", "*.toml")))
    return scenarios.main([Scenario(p) for p in paths], start, wait, ask, judge)


if __name__ == "__main__":
    sys.exit(main())
