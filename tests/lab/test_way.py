#!/usr/bin/env python3
"""check over three routers in a row: where the way to a silent address ends, over IPv4 and IPv6,
and the same from the run's packets."""
import json
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import chain  # noqa: E402
import net as lab_net  # noqa: E402
import same_diagnosis  # noqa: E402
import schema  # noqa: E402
import servers  # noqa: E402
import tap  # noqa: E402

ZONE = "zone.test"
TEXT = """$ORIGIN zone.test.
$TTL 300
@ SOA ns1 hostmaster 1 7200 3600 1209600 300
@ NS ns1
@ NS ns2
@ NS ns3
"""
NO_REPORTS = ("icmp type { time-exceeded, destination-unreachable } drop\n"
              " icmpv6 type { time-exceeded, destination-unreachable } drop")
DROP = lab_net.DNS + " drop"
SCHEMA = schema.load("check")
ROUTERS = ("r1", "r2", "r3")


class Case:
    """What is broken where, and what must be said of the server's addresses."""

    def __init__(self, name, rules, finding, said, cause, hosts=("server",)):
        self.name, self.rules, self.finding = name, rules, finding
        self.said, self.cause, self.hosts = said, cause, hosts


def ends(hop, net):
    return lambda v: f"The path answers as far as hop {hop} ({v(net)}); nothing behind it does."


CASES = [
    Case("dropped at the second router", [("r2", "forward", DROP)], "unresponsive", ends(2, 2),
         "The way is broken in the middle", ("server", "far")),
    Case("dropped at the server", [("server", "input", DROP)], "unresponsive", ends(3, 3),
         "The host is down."),
    Case("UDP alone is dropped at the server", [("server", "input", "udp dport 53 drop")],
         "udp-unresponsive", ends(3, 3), "A firewall drops UDP"),
    Case("dropped at the server, and no router reports",
         [("server", "input", DROP)] + [(r, "output", NO_REPORTS) for r in ROUTERS], "unresponsive",
         lambda v: "No router on the path answers", "The host is down."),
    Case("dropped, and the middle router does not report",
         [("server", "input", DROP), ("r2", "output", NO_REPORTS)], "unresponsive", ends(3, 3),
         "The host is down."),
    Case("rejected at the second router",
         [("r2", "forward", lab_net.DNS + " reject with icmpx type admin-prohibited")], "icmp-unreachable",
         lambda v: f"administratively prohibited\" from {v(2)} for", "A firewall or a router",
         ("server", "far")),
    Case("no route at the second router",
         [("r2", "forward", lab_net.DNS + " reject with icmpx type no-route")], "icmp-unreachable",
         lambda v: f"\" from {v(2)} for", "The route to the server's network", ("server", "far")),
]


def start(net):
    nets = chain.build(net, 3, (("near", 1), ("far", 3)))
    path = os.path.join(net.dir, ZONE)
    text = TEXT
    for name, host in (("ns1", "server"), ("ns2", "near"), ("ns3", "far")):
        text += f"{name} A {chain.v4(nets[host])}\n{name} AAAA {chain.v6(nets[host])}\n"
    servers.write(path, text)
    for host in nets:
        servers.knot(net, host, {ZONE: path})
    return nets


def check(net, prog, nets, pcap=None, words=()):
    argv = ["setpriv", "--reuid=65534", "--clear-groups", "--bounding-set=-all", prog, "check", ZONE,
            "--json", *words]
    for name, host in (("ns1", "server"), ("ns2", "near"), ("ns3", "far")):
        for v in (chain.v4, chain.v6):
            argv += ["--ns", f"{name}.{ZONE}={v(nets[host])}"]
    if pcap:
        argv += ["--pcap", pcap]
    began = time.monotonic()
    p = net.exec("client", *argv, check=False)
    return p, json.loads(p.stdout) if p.stdout else {"findings": []}, time.monotonic() - began


def judge(t, prog, net, nets, case):
    pcap = os.path.join(net.dir, "run.pcap")
    with open(pcap, "wb"):
        os.chmod(pcap, 0o666)
    for host, hook, rules in case.rules:
        net.filter(host, hook, rules)
    p, report, _ = check(net, prog, nets, pcap)
    for host, _, _ in case.rules:
        net.flush(host)
    found = {f["address"]: f for f in report["findings"]
             if f["severity"] == "error" and f["address"]}
    wanted = {v(nets[h]): (case.finding, case.said(v)) for h in case.hosts
              for v in (chain.v4, chain.v6)}
    t.equal(f"{case.name}: the addresses", {a: f["id"] for a, f in found.items()},
            {a: w[0] for a, w in wanted.items()})
    for address, (_, said) in wanted.items():
        f = found.get(address, {"text": "", "likely": [], "evidence": []})
        t.check(f"{case.name}: {address}: how far", said in f["text"], f["text"])
        first = f["likely"][0]["cause"] if f["likely"] else ""
        t.check(f"{case.name}: {address}: cause", first.startswith(case.cause), f["likely"])
    bad = list(schema.check(report, SCHEMA, SCHEMA))
    t.equal(f"{case.name}: as the schema says", bad, [])
    same_diagnosis.check(t, case.name, prog, pcap, p)


def main():
    a = tap.arguments()
    t = tap.Tap()
    why = lab_net.usable()
    if why:
        t.skip("way", why)
        return t.done()
    with lab_net.Net() as net:
        nets = start(net)
        for number in nets.values():
            for v in (chain.v4, chain.v6):
                net.wait_for(v(number), ZONE)
        _, report, _ = check(net, a.prog, nets)
        t.check("all answer: no hop is asked for",
                not any("nsprobe-hop" in x["qname"] for x in report["exchanges"]))
        for case in CASES:
            judge(t, a.prog, net, nets, case)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
