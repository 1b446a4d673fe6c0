#!/usr/bin/env python3
"""Resolvers of all makes as the clients of broken servers; replay says what is wrong of each server,
and nothing of the healthy one beside them.

Each situation has a zone of its own, for each family: "only" on the broken server, and "both" on it
and on a healthy one. Every resolver has a host, where tcpdump records what it sends. Resolvers that
are not installed are left out. Which server is asked for what is the resolver's choice, at random: one
whose questions did not show what is wrong asks others, and all that it sent is judged."""
import os
import shutil
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import net as lab_net  # noqa: E402
import replay_net  # noqa: E402
import servers  # noqa: E402
import tap  # noqa: E402
from test_replay import Tcpdump, replay  # noqa: E402

NAMES = 8  # asked of each zone at a time
ROUNDS = 3  # at most
SLOW = """
import socket, threading, time
def late(s, q, who):
    end = 12
    while q[end]:
        end += q[end] + 1
    end += 5
    time.sleep(0.7)
    more = bytes.fromhex("c00c000100010000012c0004c0000201")
    opt = bytes.fromhex("00002904d0000000000000") if q[11] else b""
    s.sendto(q[:2] + bytes((0x84 | q[2] & 1, 0, 0, 1, 0, 1, 0, 0, 0, q[11])) + q[12:end] + more + opt,
             who)
def serve(family, address):
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.bind((address, 53))
    while True:
        q, who = s.recvfrom(4096)
        threading.Thread(target=late, args=(s, q, who), daemon=True).start()
threading.Thread(target=serve, args=(socket.AF_INET6, "%s"), daemon=True).start()
serve(socket.AF_INET, "%s")
"""


class Situation:
    """A server, and what replay may say of it: that depends on what a resolver tries."""

    def __init__(self, *expect, firewall="", bridge="", raw="", software="nsd", zones=True, room=4096,
                 big=False):
        self.expect = [set(e.split()) for e in expect]
        self.firewall = firewall
        self.bridge = bridge
        self.raw = raw
        self.software = software
        self.zones = zones
        self.room = room
        self.big = big


# most resolvers never ask a silent server over TCP, or without EDNS
SITUATIONS = {
    "dead": Situation("unresponsive", firewall=replay_net.ANY + "drop"),
    "udpdead": Situation("unresponsive", "udp-unresponsive", firewall="udp dport 53 drop"),
    "noedns": Situation("unresponsive", "edns-dropped", firewall="udp dport 53 @th,144,16 != 0 drop"),
    "stopped": Situation("icmp-unreachable", software=""),
    "refuse": Situation("lame-refused", zones=False),
    "nofrag": Situation("big-answer-lost", bridge=replay_net.ALL_FRAGMENTS, big=True),
    "lastfrag": Situation("fragments-incomplete", bridge=replay_net.LATER_FRAGMENTS, big=True),
    "cut": Situation("", room=512, big=True),
    "cutdead": Situation("truncated-no-tcp", firewall="tcp dport 53 drop", room=512, big=True),
    "slow": Situation("slow", software="slow"),
    "source": Situation("wrong-source-address", raw=replay_net.OTHER_SOURCE),
}
ZONES = [(s, family, kind) for s in SITUATIONS for family in (4, 6) for kind in ("only", "both")]


def zone_name(zone):
    return "{}{}{}.test".format(*zone)


def addresses(net, zone):
    of = net.v4 if zone[1] == 4 else net.v6
    return [of(zone[0])] + ([of("good")] if zone[2] == "both" else [])


def zone_text():
    text = "$TTL 300\n@ SOA ns host 1 7200 900 1209600 300\n@ NS ns\nns A 192.0.2.1\n"
    for i in range(NAMES * ROUNDS):
        text += f"n{i} A 192.0.2.{i}\nb{i} TXT " + " ".join([replay_net.DATA] * 14) + "\n"
    return text


# --- the resolvers ---

def named(net, host, d):
    text = f"""options {{
  directory "{d}";
  pid-file none;
  session-keyfile "{d}/session.key";
  managed-keys-directory "{d}";
  listen-on {{ 127.0.0.1; }};
  listen-on-v6 {{ none; }};
  dnssec-validation no;
  edns-udp-size 4096;
  max-udp-size 4096;
  empty-zones-enable no;
}};
controls {{ }};
"""
    for z in ZONES:
        text += f'zone "{zone_name(z)}" {{ type static-stub; server-addresses {{ ' + \
                "".join(a + "; " for a in addresses(net, z)) + "}; };\n"
    net.popen(host, "named", "-f", "-n", "1", "-c", servers.write(f"{d}/conf", text), log=f"{d}/log")


def unbound(net, host, d):
    text = f"""server:
  username: ""
  chroot: ""
  directory: "{d}"
  pidfile: "{d}/pid"
  interface: 127.0.0.1
  module-config: "iterator"
  edns-buffer-size: 4096
  use-syslog: no
  local-zone: "test." nodefault
"""
    for z in ZONES:
        text += f'stub-zone:\n  name: "{zone_name(z)}"\n'
        text += "".join(f"  stub-addr: {a}\n" for a in addresses(net, z))
    net.popen(host, "unbound", "-d", "-c", servers.write(f"{d}/conf", text), log=f"{d}/log")


def kresd(net, host, d):
    text = "net.listen('127.0.0.1', 53)\nnet.bufsize(4096, 4096)\ntrust_anchors.remove('.')\n" \
           "modules.unload('ta_signal_query')\nmodules = {'policy'}\n"
    for z in ZONES:
        to = ", ".join(f"'{a}'" for a in addresses(net, z))
        text += f"policy.add(policy.suffix(policy.STUB({{{to}}}), " \
                f"policy.todnames({{'{zone_name(z)}'}})))\n"
    net.popen(host, "kresd", "-n", "-c", servers.write(f"{d}/conf", text), d, log=f"{d}/log")


def dnsmasq(net, host, d):
    text = "no-resolv\nno-hosts\nlisten-address=127.0.0.1\nbind-interfaces\n" \
           "edns-packet-max=4096\nuser=root\n"
    for z in ZONES:
        text += "".join(f"server=/{zone_name(z)}/{a}\n" for a in addresses(net, z))
    net.popen(host, "dnsmasq", "-k", "-C", servers.write(f"{d}/conf", text), log=f"{d}/log")


def pdns_recursor(net, host, d):
    to = ", ".join(zone_name(z) + "=" + ";".join(f"[{a}]" if ":" in a else a
                                                 for a in addresses(net, z)) for z in ZONES)
    servers.write(f"{d}/recursor.conf", f"""local-address=127.0.0.1
socket-dir={d}
daemon=no
dnssec=off
edns-outgoing-bufsize=4096
udp-truncation-threshold=4096
setuid=
setgid=
security-poll-suffix=
threads=1
dont-query=
query-local-address=0.0.0.0, ::
forward-zones={to}
""")
    net.popen(host, "pdns_recursor", f"--config-dir={d}", log=f"{d}/log")


RESOLVERS = {"named": named, "unbound": unbound, "kresd": kresd, "dnsmasq": dnsmasq,
             "pdns_recursor": pdns_recursor}


# --- the lab ---

def build(net, resolvers):
    for name in ("client", "good", *SITUATIONS, *resolvers):
        net.host(name)
    path = servers.write(f"{servers.folder(net, 'zones')}/zone", zone_text())
    servers.nsd(net, "good", {zone_name(z): path for z in ZONES}, udp_size=4096)
    rules = ""
    for name, s in SITUATIONS.items():
        zones = {zone_name(z): path for z in ZONES if z[0] == name} if s.zones else \
            {"other.test": path}
        if s.software == "nsd":
            servers.nsd(net, name, zones, udp_size=s.room)
        elif s.software:
            net.popen(name, sys.executable, "-c", SLOW % (net.v6(name), net.v4(name)),
                      log=os.path.join(net.dir, "slow"))
        rules += s.bridge.format(v4=net.v4(name), v6=net.v6(name))
    net.filter("bridge", "forward", rules, "bridge")
    for address in (net.v4("good"), net.v6("good")):
        net.wait_for(address, zone_name(ZONES[0]))
    for name, s in SITUATIONS.items():
        if s.software == "nsd" and s.zones and not s.raw:
            net.wait_for(net.v4(name), zone_name((name, 4, "only")))
    replay_net.arm(net, SITUATIONS)
    for name in resolvers:
        RESOLVERS[name](net, name, servers.folder(net, name))
    for name in resolvers:
        wait_for(net, name)


def wait_for(net, resolver):
    for _ in range(100):
        p = net.exec(resolver, "dig", "+time=1", "+tries=1", "@127.0.0.1", "version.bind", "CH",
                     "TXT", check=False)
        if p.returncode == 0:
            return
        time.sleep(0.1)


def ask(net, resolver, zone, turn):
    big = SITUATIONS[zone[0]].big
    for i in range(NAMES * turn, NAMES * (turn + 1)):
        name, rrtype = (f"b{i}", "TXT") if big and i % 2 else (f"n{i}", "A")
        net.exec(resolver, "dig", "+time=4", "+tries=1", "+bufsize=4096", "@127.0.0.1",
                 f"{name}.{zone_name(zone)}", rrtype, check=False)


def ask_all(net, resolvers, turn):
    threads = [threading.Thread(target=ask, args=(net, r, z, turn))
               for r in resolvers for z in ZONES]
    for th in threads:
        th.start()
        time.sleep(0.02)
    for th in threads:
        th.join()
    time.sleep(3)  # silence needs so long


def record(net, resolvers, turn):
    """A file of what each resolver sends meanwhile, and gets."""
    dumps = {r: Tcpdump(net, r, os.path.join(net.dir, f"{r}{turn}.pcap"), "-i", "eth0", "port 53 or "
                        "ip[6:2] & 0x3fff != 0 or ip6[6] = 44 or icmp or icmp6")
             for r in resolvers}
    ask_all(net, resolvers, turn)
    for d in dumps.values():
        d.stop()
    return {r: d.path for r, d in dumps.items()}


def judge(net, prog, resolver, paths):
    """(what, whether it is so, what was found) of all that is asked about a resolver's files."""
    found, by_kind, p = replay(prog, "--top", "0", *paths)
    asked = {s["address"]: s["counts"] for s in by_kind.get("server", [])}
    told = [(f"{resolver}: the capture is judged", p.returncode in (1, 2), p.stderr)]
    for family, of in ((4, net.v4), (6, net.v6)):
        for name in SITUATIONS:
            got = {i for i, a in found if a == of(name)}
            told.append((f"{resolver}, IPv{family}: {name}", got in SITUATIONS[name].expect,
                         f"got {got}, counts {asked.get(of(name))}"))
        good = {i for i, a in found if a == of("good")}
        told.append((f"{resolver}, IPv{family}: nothing of the healthy one", not good, good))
    whole = {i for i, a in found if a is None}
    return told + [(f"{resolver}: nothing of the capture", not whole, whole)]


def judge_all(net, prog, resolvers):
    paths = {r: [] for r in resolvers}
    told = {}
    for turn in range(ROUNDS):
        left = [r for r in resolvers if r not in told or not all(good for _, good, _ in told[r])]
        if not left:
            break
        for r, path in record(net, left, turn).items():
            paths[r].append(path)
            told[r] = judge(net, prog, r, paths[r])
    return [one for r in resolvers for one in told[r]]


def main():
    a = tap.arguments()
    t = tap.Tap()
    why = lab_net.usable() or (None if shutil.which("tcpdump") else "needs tcpdump")
    resolvers = [r for r in RESOLVERS if shutil.which(r) or shutil.which("/usr/sbin/" + r)]
    if why:
        t.skip("resolvers as clients", why)
        return t.done()
    for r in RESOLVERS:
        if r not in resolvers:
            t.skip(r, "is not installed")
    with lab_net.Net() as net:
        build(net, resolvers)
        for what, good, found in judge_all(net, a.prog, resolvers):
            t.check(what, good, found)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
