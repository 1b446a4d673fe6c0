#!/usr/bin/env python3
"""trace over two routers in namespaces: the way, a firewall that rejects, one that drops; IPv4 and
IPv6, with and without our own headers, and over TCP."""
import json
import os
import signal
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


def text(net, prog, server, *options):
    return net.exec("client", prog, "trace", "@" + server, "zone.test", "-w", "1", *options,
                    check=False).stdout


def conforms(report):
    return list(schema.errors(report, schema.load("trace")))


def end(report):
    return report["end"], report["end_hop"]


def beyond(t, net, prog):
    """-m is less than the way: the last hop that was tried reports."""
    for server in (SERVER4, SERVER6):
        code, report = trace(net, prog, server, "-m", "2")
        t.equal(f"{server}, -m 2: the way goes on", (code, end(report), len(way(report)),
                                                     conforms(report)), (3, ("max-hops", 2), 2, []))
        shown = text(net, prog, server, "-m", "2")
        t.check(f"{server}, -m 2: in words", "goes on beyond hop 2" in shown and "-m" in shown and
                "stops" not in shown, shown)


def not_sent(t, net, prog):
    for options in ([], ["--tcp"]):
        code, report = trace(net, prog, SERVER4, "-b", "10.54.99.99", *options)
        t.equal(f"-b of nobody's address {options}", (code, end(report), report["error"],
                                                      report["hops"], conforms(report)),
                (3, ("not-sent", 0), "Cannot assign requested address", [], []))
        shown = text(net, prog, SERVER4, "-b", "10.54.99.99", *options)
        t.equal(f"-b of nobody's address {options}: in words", shown,
                "not sent  Cannot assign requested address\n")


def interrupted(t, net, prog):
    """^C while nothing comes."""
    net.filter("r1", "prerouting", "udp dport 53 drop")
    for options in ([], ["--json"]):
        p = subprocess.Popen(["ip", "netns", "exec", net.prefix + "client", prog, "trace",
                              "@" + SERVER4, "zone.test", "-w", "20", *options],
                             stdout=subprocess.PIPE, text=True)
        time.sleep(0.7)
        p.send_signal(signal.SIGINT)
        out, _ = p.communicate(timeout=10)
        if options:
            report = json.loads(out)
            t.equal("^C: JSON", (p.returncode, report["interrupted"], report["end"],
                                 conforms(report)), (130, True, "interrupted", []))
        else:
            t.check("^C: text", p.returncode == 130 and "interrupted" in out and
                    "stops" not in out, out)
    net.flush("r1")


def resent(t, net, prog):
    """The first SYN of each hop is lost: what answers the second is no round trip."""
    for server in (SERVER4, SERVER6):
        net.filter("r1", "prerouting", "tcp dport 53 drop")
        p = subprocess.Popen(["ip", "netns", "exec", net.prefix + "client", prog, "trace",
                              "@" + server, "zone.test", "--tcp", "-w", "4", "--json"],
                             stdout=subprocess.PIPE, text=True)
        time.sleep(0.5)
        net.flush("r1")
        report = json.loads(p.communicate(timeout=30)[0])
        probes = [x for h in report["hops"] for x in h["probes"]]
        t.equal(f"{server}: a SYN that is sent again", (end(report), conforms(report),
                                                        {x and x["rtt"] for x in probes}),
                (("answer", 3), [], {None}))
        t.check(f"{server}: reports came all the same", any(probes), report)


def limited(t, net, prog):
    """The report of the first hop that is rejected gets lost, as by a router's rate limit."""
    net.filter("r2", "forward", "ip ttl 1 tcp dport 53 drop\n  ip6 hoplimit 1 tcp dport 53 drop\n"
               "  tcp dport 53 reject with icmpx type admin-prohibited")
    for server in (SERVER4, SERVER6):
        code, report = trace(net, prog, server, "--tcp")
        t.equal(f"{server}: a rejection stands at its router's hop",
                (code, end(report), way(report)[2:], conforms(report)),
                (3, ("rejected", 2),
                 [[(router_of(server), "communication administratively prohibited")]], []))
    net.flush("r2")


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
        for part in (beyond, not_sent, interrupted, resent, limited):
            part(t, net, a.prog)
        net.filter("r2", "forward", "udp dport 53 reject with icmpx type admin-prohibited")
        for server in (SERVER4, SERVER6):
            code, report = trace(net, a.prog, server)
            t.equal(f"{server}: rejected", (code, way(report)[2:]),
                    (3, [[(router_of(server), "communication administratively prohibited")]]))
            t.equal(f"{server}: over TCP it is not", trace(net, a.prog, server, "--tcp")[0], 0)
        net.flush("r2")
        for verdict, last in (("reject with tcp reset", (server_of, "connection refused")),
                             ("reject with icmpx type admin-prohibited",
                              (router_of, "communication administratively prohibited")),
                             ("drop", None)):
            net.filter("r2", "forward", f"tcp dport 53 {verdict}")
            for server in (SERVER4, SERVER6):
                code, report = trace(net, a.prog, server, "--tcp")
                t.equal(f"{server}, TCP: {verdict}", (code, report["answered_at"], way(report)[2:]),
                        (3, 0, [[(last[0](server), last[1])] if last else []]))
                t.equal(f"{server}, TCP: {verdict}: UDP is answered", trace(net, a.prog, server)[0],
                        0)
            net.flush("r2")
        net.filter("r1", "forward", "udp dport 53 drop")
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
