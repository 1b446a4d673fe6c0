#!/usr/bin/env python3
"""The lab: real NSD, Knot, BIND and PowerDNS behind real firewalls, one domain a scenario.

Every folder beside this file that has a scenario.toml is a scenario (docs/LAB.md). All share one
network: a root server, a server of `test`, and the hosts of HOSTS, each of which serves the zone
of every scenario that names it. Needs root; without it every scenario is skipped, loudly.
"""
import glob
import os
import sys
import tomllib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import net as lab_net  # noqa: E402
import same_diagnosis  # noqa: E402
import scenarios  # noqa: E402
import servers  # noqa: E402
from scenarios import subject_of  # noqa: E402

FRAGMENTS = "ip saddr {} ip frag-off & 0x3fff != 0 drop\n  ip6 saddr {} exthdr frag exists drop"

# host: software that runs there, and the firewall in front of it
HOSTS = {
    "nsd": ("nsd", ""),
    "knot": ("knot", ""),
    "bind": ("bind", ""),
    "pdns": ("pdns", ""),
    "udponly": ("nsd", "tcp dport 53 drop"),
    "tcponly": ("knot", "udp dport 53 drop"),
    "tcprst": ("nsd", "tcp dport 53 reject with tcp reset"),
    "dead": ("nsd", lab_net.DNS + " drop"),
    "stopped": (None, ""),
    "prohibited": ("nsd", lab_net.DNS + " reject with icmpx type admin-prohibited"),
    "nov6": ("knot", "meta nfproto ipv6 " + lab_net.DNS + " drop"),
    "bigudp": ("nsd", ""),  # answers of up to 4096 octets over UDP
    "nofrag": ("nsd", ""),  # the same, and its fragments are dropped on the way
    "stale": ("bind", ""),  # has every zone in an older version
    "tcpicmp": ("knot", "tcp dport 53 reject with icmpx type admin-prohibited"),
    "udpicmp": ("nsd", "udp dport 53 reject with icmpx type admin-prohibited"),
    "v6icmp": ("bind", "meta nfproto ipv6 " + lab_net.DNS +
               " reject with icmpv6 type admin-prohibited"),
    "closed": ("bind", lab_net.DNS + " reject with icmpx type port-unreachable"),
    "empty": ("secondary", ""),  # a secondary that never got a zone from its primary
}
BIG = ("bigudp", "nofrag")


class Scenario:
    def __init__(self, path):
        self.name = os.path.basename(os.path.dirname(path))
        with open(path, "rb") as f:
            d = tomllib.load(f)
        self.zone = self.name.replace("_", "-") + ".test"
        self.servers = d["servers"]
        self.parent = d.get("parent", self.servers)
        self.without = d.get("without", [])  # hosts that do not hold the zone
        self.only = d.get("only", {})        # host: 4 or 6
        self.glue = d.get("glue", {})        # host: address that the parent has instead; "" for none
        self.records = d.get("records", "")
        self.delegation = d.get("delegation", "")
        self.options = d.get("options", [])
        self.expect = {tuple(e.split()) for e in d.get("expect", [])}
        self.notice = {tuple(e.split()) for e in d.get("notice", [])}
        self.first = tuple(d["first"].split()) if "first" in d else None
        self.code = d.get("exit", 0)
        self.extra = d.get("extra", [])      # hosts with addresses in the zone, but no NS record
        self.signed = d.get("signed", False)
        self.at_parent = d.get("at_parent", False)  # the server of `test` holds the zone as well

    def addresses(self, net, host, name):
        family = self.only.get(host, 0)
        text = ""
        if family != 6:
            text += f"{name} A {net.v4(host)}\n"
        if family != 4:
            text += f"{name} AAAA {net.v6(host)}\n"
        return text

    def zone_text(self, net, serial):
        text = f"$TTL 300\n@ SOA {self.servers[0]} host {serial} 7200 900 1209600 300\n"
        for host in self.servers:
            text += f"@ NS {host}\n" + self.addresses(net, host, host)
        for host in self.extra:
            text += self.addresses(net, host, host)
        return text + "@ TXT \"v=spf1 -all\"\n" + self.records.replace("\\n", "\n") + "\n"

    def delegation_text(self, net):
        label = self.zone.split(".")[0]
        text = self.delegation.replace("ZONE", label) + "\n"
        for host in self.parent:
            text += f"{label} NS {host}.{label}\n"
            if host in self.glue:
                given = self.glue[host]
                if given.startswith("@"):
                    given = self.subject(net, given)
                kind = "AAAA" if ":" in given else "A"
                text += f"{host}.{label} {kind} {given}\n" if given else ""
            else:
                text += self.addresses(net, host, f"{host}.{label}")
        return text

    def subject(self, net, word):
        """@host4 and @host6 are a host's addresses, host. is its name in the zone."""
        if word.startswith("@"):
            return net.v4(word[1:-1]) if word[-1] == "4" else net.v6(word[1:-1])
        return word.replace("ZONE", self.zone)


def start(net, all_scenarios):
    for host in ["client", "root", "tld", *HOSTS]:
        net.host(host)
    d = servers.folder(net, "zones")
    root = servers.write(f"{d}/root", "$TTL 3600\n@ SOA a.root. host. 1 7200 900 1209600 300\n"
                         f"@ NS a.root.\na.root. A {net.v4('root')}\na.root. AAAA {net.v6('root')}\n"
                         f"test. NS ns.nic.test.\nns.nic.test. A {net.v4('tld')}\n"
                         f"ns.nic.test. AAAA {net.v6('tld')}\n")
    test = f"$TTL 3600\n@ SOA ns.nic host 1 7200 900 1209600 300\n@ NS ns.nic\n" \
           f"ns.nic A {net.v4('tld')}\nns.nic AAAA {net.v6('tld')}\n"
    for s in all_scenarios:
        test += s.delegation_text(net)
    servers.knot(net, "root", {".": root})
    held = {s.zone: servers.write(f"{d}/{s.name}-tld", s.zone_text(net, 2026112401))
            for s in all_scenarios if s.at_parent}
    servers.bind(net, "tld", {"test": servers.write(f"{d}/test", test), **held})
    for host, (software, firewall) in HOSTS.items():
        zones = {}
        for s in all_scenarios:
            if host not in s.servers + s.parent or host in s.without:
                continue
            serial = 2026010101 if host == "stale" else 2026112401
            path = servers.write(f"{d}/{s.name}-{host}", s.zone_text(net, serial))
            zones[s.zone] = servers.signed(net, s.zone, path) if s.signed else path
        if firewall:
            net.filter(host, "input", firewall)
        if software == "nsd" and host in BIG:
            servers.nsd(net, host, zones, 4096)
        elif software:
            servers.SOFTWARE[software](net, host, zones)
    net.filter("bridge", "forward", FRAGMENTS.format(net.v4("nofrag"), net.v6("nofrag")), "bridge")


def wait(net, all_scenarios):
    """The hosts that can be asked over UDP from the client have to answer before the tests."""
    late = []
    if not net.wait_for(net.v4("root"), "."):
        late.append("root")
    if not net.wait_for(net.v4("tld"), "test"):
        late.append("tld")
    for host in ("nsd", "knot", "bind", "pdns", "udponly", "tcprst", "nov6", "bigudp", "nofrag",
                 "stale"):
        zone = next((s.zone for s in all_scenarios
                     if host in s.servers and host not in s.without), None)
        if zone and not net.wait_for(net.v4(host), zone):
            late.append(host)
    return late


def pcap_of(net, s):
    return os.path.join(net.dir, s.name + ".pcap")


def ask(net, prog, s):
    root = net.v6("root") if "-6" in s.options else net.v4("root")
    argv = [prog, "check", "--json", "--from", root, "--timeout", "0.5,1", "--late", "0.5",
            "--pcap", pcap_of(net, s), *s.options, s.zone]
    return net.exec("client", *argv, check=False)


def check_first(t, net, s, findings, shown):
    """The root cause stands first: what the scenario says, or the only kind that is expected."""
    kinds = {i for i, _ in s.expect}
    if not kinds:
        return
    if s.first:
        wanted = (s.first[0], s.subject(net, s.first[1]))
        t.check(f"{s.name}: first finding", findings != [] and
                (findings[0]["id"], subject_of(findings[0])) == wanted, f"wanted {wanted}\n{shown}")
    else:
        t.check(f"{s.name}: first finding", len(kinds) == 1 and findings != [] and
                findings[0]["id"] in kinds, shown)
    t.check(f"{s.name}: it is a root cause", findings != [] and
            findings[0]["because_of"] is None, shown)


def judge(t, net, s, p):
    report, shown = scenarios.check_findings(t, net, s, p)
    if report is None:
        return
    findings = report["findings"]
    check_first(t, net, s, findings, shown)
    for i, w in sorted(s.notice):
        t.check(f"{s.name}: {i}", (i, s.subject(net, w)) in
                {(f["id"], subject_of(f)) for f in findings}, shown)
    t.equal(f"{s.name}: exit code", p.returncode, s.code)
    t.check(f"{s.name}: one schedule", one_schedule(report), "an exchange took more attempts")
    same_diagnosis.check(t, s.name, p.args[p.args.index("check") - 1], pcap_of(net, s), p)


def one_schedule(report):
    """No exchange has more attempts than one schedule, and no question was asked twice."""
    seen = set()
    for x in report["exchanges"]:
        size = next((e.get("size") for e in x["events"] if e["kind"] == "sent"), None)
        key = (x["server"], x["transport"], x["qname"], x["qtype"], x["probe"], size)
        if x["attempts"] > 2 or (key in seen and x["probe"] != "none"):
            return False
        seen.add(key)
    return True


def main():
    paths = sorted(glob.glob(os.path.join(HERE, "*", "scenario.toml")))
    return scenarios.main([Scenario(p) for p in paths], start, wait, ask, judge)


if __name__ == "__main__":
    sys.exit(main())
