#!/usr/bin/env python3
"""trace over two routers in namespaces: the way, a firewall that rejects, one that drops; IPv4 and
IPv6, with and without our own headers, and over TCP."""
import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import chain  # noqa: E402
import net as lab_net  # noqa: E402
import schema  # noqa: E402
import tap  # noqa: E402

SERVER4, SERVER6 = chain.v4(3), chain.v6(3)
ANSWER = """
import socket, threading
def serve(family, address):
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.bind((address, 53))
    while True:
        q, who = s.recvfrom(4096)
        # the question again, REFUSED, without OPT
        s.sendto(q[:2] + b"\\x84\\x05" + q[4:6] + bytes(6) + q[12:-11], who)
def serve_tcp(family, address):
    s = socket.create_server((address, 53), family=family)
    while True:
        c, _ = s.accept()
        q = c.recv(4096)
        if q:
            r = q[2:4] + b"\\x84\\x05" + q[6:8] + bytes(6) + q[14:-11]
            c.sendall(len(r).to_bytes(2, "big") + r)
        c.close()
for f in (serve, serve_tcp):
    threading.Thread(target=f, args=(socket.AF_INET6, "%s"), daemon=True).start()
threading.Thread(target=serve_tcp, args=(socket.AF_INET, "%s"), daemon=True).start()
serve(socket.AF_INET, "%s")
""" % (SERVER6, SERVER4, SERVER4)


def build(net):
    chain.build(net, 2)
    net.popen("server", sys.executable, "-c", ANSWER, log=os.path.join(net.dir, "log"))


def server_of(server):
    return server


def router_of(server):
    """The one next to the server."""
    return "10.54.2.2" if server == SERVER4 else "fd54:2::2"


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
            for options in ([], ["--raw"], ["--tcp"]):
                code, report = trace(net, a.prog, server, *options)
                t.equal(f"{name} {' '.join(options)}: the schema",
                        list(schema.errors(report, schema.load("trace"))), [])
                t.equal(f"{name} {' '.join(options)}: the way", (code, way(report)),
                        (0, routers + [[(server, "answer")]]))
        net.nft("r2", "table inet f {\n chain f {\n type filter hook forward priority 0;\n"
                " udp dport 53 reject with icmpx type admin-prohibited\n }\n}\n")
        for server in (SERVER4, SERVER6):
            code, report = trace(net, a.prog, server)
            t.equal(f"{server}: rejected", (code, way(report)[2:]),
                    (3, [[(router_of(server), "communication administratively prohibited")]]))
            t.equal(f"{server}: over TCP it is not", trace(net, a.prog, server, "--tcp")[0], 0)
        net.exec("r2", "nft", "flush", "ruleset")
        for verdict, end in (("reject with tcp reset", (server_of, "connection refused")),
                             ("reject with icmpx type admin-prohibited",
                              (router_of, "communication administratively prohibited")),
                             ("drop", None)):
            net.nft("r2", "table inet f {\n chain f {\n type filter hook forward priority 0;\n"
                    f" tcp dport 53 {verdict}\n }}\n}}\n")
            for server in (SERVER4, SERVER6):
                code, report = trace(net, a.prog, server, "--tcp")
                t.equal(f"{server}, TCP: {verdict}", (code, report["answered_at"], way(report)[2:]),
                        (3, 0, [[(end[0](server), end[1])] if end else []]))
                t.equal(f"{server}, TCP: {verdict}: UDP is answered", trace(net, a.prog, server)[0],
                        0)
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
