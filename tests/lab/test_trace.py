#!/usr/bin/env python3
"""trace over two routers in namespaces: the way, a firewall that rejects, one that drops; IPv4 and
IPv6, with and without our own headers."""
import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import net as lab_net  # noqa: E402
import tap  # noqa: E402

SERVER4, SERVER6 = "10.54.3.2", "fd54:3::2"
ANSWER = """
import socket, threading
def serve(family, address):
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.bind((address, 53))
    while True:
        q, who = s.recvfrom(4096)
        # the question again, REFUSED, without OPT
        s.sendto(q[:2] + b"\\x84\\x05" + q[4:6] + bytes(6) + q[12:-11], who)
threading.Thread(target=serve, args=(socket.AF_INET6, "%s"), daemon=True).start()
serve(socket.AF_INET, "%s")
""" % (SERVER6, SERVER4)


def link(net, n, left, right):
    net_left, net_right = net.prefix + left, net.prefix + right
    lab_net.run("ip", "link", "add", f"r{n}", "netns", net_left, "type", "veth", "peer", "name",
                f"l{n}", "netns", net_right)
    for host, device, last in ((left, f"r{n}", 1), (right, f"l{n}", 2)):
        net.exec(host, "ip", "addr", "add", f"10.54.{n}.{last}/24", "dev", device)
        net.exec(host, "ip", "-6", "addr", "add", f"fd54:{n}::{last}/64", "dev", device, "nodad")
        net.exec(host, "ip", "link", "set", device, "up")


def build(net):
    for host in ("client", "r1", "r2", "server"):
        net.space(host)
    link(net, 1, "client", "r1")
    link(net, 2, "r1", "r2")
    link(net, 3, "r2", "server")
    for host in ("r1", "r2"):
        for setting, value in (("ipv4/ip_forward", 1), ("ipv6/conf/all/forwarding", 1),
                               ("ipv4/icmp_ratelimit", 0), ("ipv4/icmp_msgs_per_sec", 10000),
                               ("ipv6/icmp/ratelimit", 0)):
            net.exec(host, "sh", "-c", f"echo {value} > /proc/sys/net/{setting}", check=False)
    for host, way in (("client", "1::2"), ("server", "3::1")):
        net.exec(host, "ip", "-6", "route", "add", "default", "via", "fd54:" + way)
        net.exec(host, "ip", "route", "add", "default", "via", "10.54." + way.replace("::", "."))
    for host, to, via in (("r1", 3, "2::2"), ("r2", 1, "2::1")):
        net.exec(host, "ip", "-6", "route", "add", f"fd54:{to}::/64", "via", "fd54:" + via)
        net.exec(host, "ip", "route", "add", f"10.54.{to}.0/24", "via",
                 "10.54." + via.replace("::", "."))
    net.popen("server", sys.executable, "-c", ANSWER, log=os.path.join(net.dir, "log"))


def trace(net, prog, server, *options):
    p = net.exec("client", prog, "trace", "@" + server, "zone.test", "-w", "1", "-m", "8", "--json",
                 *options, check=False)
    return p.returncode, json.loads(p.stdout) if p.stdout else {"error": p.stderr}


def way(report):
    """Per hop, who said what; probes without a report are passed over."""
    return [sorted({(p["from"], p["kind"]) for p in h["probes"] if p}) for h in report["hops"]]


def main():
    a = tap.arguments()
    t = tap.Tap()
    why = lab_net.usable()
    if why:
        t.skip("trace", why)
        return t.done()
    with lab_net.Net() as net:
        build(net)
        for _ in range(100):  # until the server answers, and neighbours are known
            if all(trace(net, a.prog, s)[0] == 0 for s in (SERVER4, SERVER6)):
                break
            time.sleep(0.1)
        for name, server, prefix, last in (("IPv4", SERVER4, "10.54.", "time to live exceeded"),
                                           ("IPv6", SERVER6, "fd54:", "hop limit exceeded")):
            dot = "." if name == "IPv4" else "::"
            routers = [[(f"{prefix}1{dot}2", last)], [(f"{prefix}2{dot}2", last)]]
            for options in ([], ["--raw"]):
                code, report = trace(net, a.prog, server, *options)
                t.equal(f"{name} {' '.join(options)}: the way", (code, way(report)),
                        (0, routers + [[(server, "answer")]]))
        net.nft("r2", "table inet f {\n chain f {\n type filter hook forward priority 0;\n"
                " udp dport 53 reject with icmpx type admin-prohibited\n }\n}\n")
        for server, router in ((SERVER4, "10.54.2.2"), (SERVER6, "fd54:2::2")):
            code, report = trace(net, a.prog, server)
            t.equal(f"{server}: rejected", (code, way(report)[2:]),
                    (3, [[(router, "communication administratively prohibited")]]))
        net.exec("r2", "nft", "flush", "ruleset")
        net.nft("r1", "table inet f {\n chain f {\n type filter hook forward priority 0;\n"
                " udp dport 53 drop\n }\n}\n")
        for server in (SERVER4, SERVER6):
            code, report = trace(net, a.prog, server)
            t.equal(f"{server}: dropped after the first hop", (code, len(way(report)),
                                                               way(report)[1:]), (3, 2, [[]]))
        p = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", "--bounding-set=-all",
                            a.prog, "query", "@127.0.0.1#9", "x.test", "--raw"],
                           capture_output=True, text=True, check=False)
        t.check("--raw without the capability: what to run", p.returncode == 3 and
                "setcap cap_net_raw" in p.stderr and len(p.stderr.splitlines()) == 1,
                f"{p.returncode} {p.stderr}")
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
