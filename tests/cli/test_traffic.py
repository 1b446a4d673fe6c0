#!/usr/bin/env python3
"""nsprobe replay: what is said of traffic made by hand, and what must not be said of it."""
import json
import os
import re
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import pcapmake as pm  # noqa: E402
import schema  # noqa: E402
import tap  # noqa: E402

SCHEMA = schema.load("replay")
C, S, D = "192.0.2.1", "192.0.2.53", "192.0.2.54"


def run(prog, f, *argv):
    data = f if isinstance(f, bytes) else f.octets()
    return subprocess.run([prog, "replay", "-", *argv], capture_output=True, check=False,
                          input=data)


def values_of(p):
    return [json.loads(line) for line in p.stdout.decode().splitlines()]


def findings(prog, f, *argv):
    """"id@server" of each finding; the same whatever the threads."""
    out = [run(prog, f, "--json", "--threads", n, *argv) for n in "123"]
    assert out[0].stdout == out[1].stdout == out[2].stdout, "threads make a difference"
    values = values_of(out[0])
    for v in values:
        bad = schema.check(v, {"$ref": "#/$defs/" + v["kind"]}, SCHEMA)
        assert not list(bad), (v, list(schema.check(v, {"$ref": "#/$defs/" + v["kind"]}, SCHEMA)))
    return sorted(f"{v['id']}@{v['address']}" if v.get("address") else v["id"]
                  for v in values if v["kind"] == "finding")


def ask(f, i, server=S, port=None, name="www.example", **extra):
    q = pm.query(i, name, "A", **extra)
    f.udp(C, port or 40000 + i, server, 53, q)
    return q


def arp(f):
    f.add(bytes(12) + b"\x08\x06" + bytes(28), raw=True)


def end_tests(t, prog):
    """Silence lasts until the capture ends, whatever ends it."""
    def dead(tail):
        f = pm.Pcap(link=pm.ETHERNET)
        for i in range(4):
            ask(f, i, server=D)
        if tail:
            f.wait(tail)
            arp(f)
        return f

    def again(f):
        for at, packet in list(f.packets[:4]):
            f.packets.insert(4, (at + 0.5, packet))
        f.packets.sort(key=lambda p: p[0])
        return f
    t.equal("a dead server, then only ARP", findings(prog, again(dead(20))), [f"unresponsive@{D}"])
    early = b"4 questions that the capture ends too early for"
    p = run(prog, dead(1))
    t.check("too early to say", early in p.stdout, p.stdout)
    t.equal("asked again, then the capture ends", findings(prog, again(dead(0))),
            [f"unresponsive@{D}"])
    p = run(prog, dead(20), "--until", "+10")
    t.check("beyond --until it went on", b"early" not in p.stdout, p.stdout)


def size_tests(t, prog):
    """No size is told that was not seen."""
    def answer(f, i, server, name, rrtype="TXT", records=(), **extra):
        q = pm.query(i, name, rrtype, edns=4096)
        f.udp(C, 40000 + i, server, 53, q)
        f.udp(server, 53, C, 40000 + i, pm.reply(q, *records, **extra))
    f = pm.Pcap()
    for i in range(6):
        answer(f, i, D, "small.example", records=[pm.txt_record(20)])
    for i in range(10, 14):
        f.udp(C, 40000 + i, D, 53, pm.query(i, "big.example", "TXT", edns=4096))
    f.wait(4)
    answer(f, 20, S, "big.example", tc=True)  # a limit of its own: 4096 were offered
    p = run(prog, f)
    t.check("cut, and not seen whole: no size", b"it is cut" in p.stdout and
            b"409" in p.stdout and b"4097" not in p.stdout, p.stdout)
    q = pm.query(21, "big.example", "TXT", edns=4096)
    f.tcp_exchange(C, 40021, S, q, pm.reply(q, pm.txt_record(2900)))
    p = run(prog, f)
    whole = len(pm.reply(q, pm.txt_record(2900)))
    t.check("the size that was seen", f"it has {whole} octets".encode() in
            b" ".join(p.stdout.split()), p.stdout)


def one_way_tests(t, prog):
    """The clients' packets alone, and healthy servers."""
    def clients(cut_tcp, again=1):
        f = pm.Pcap()
        for i in range(8):
            ask(f, i, server=(S, D)[i % 2])
            f.wait(3)
        for i in range(20, 24):  # really dead
            for _ in range(again + 1):
                ask(f, i, server="192.0.2.55")
                f.wait(2)
        if cut_tcp:
            for i in range(40, 44):
                q = pm.query(i, "www.example", "A")
                f.tcp_exchange(C, 40000 + i, S, q, pm.reply(q, pm.a_record("192.0.2.80")))
            f.packets = [p for p in f.packets if p[1][12:16] == bytes((192, 0, 2, 1))]
        return f
    for what, f in (("UDP", clients(False)), ("UDP and TCP", clients(True)),
                    ("the dead one asked most", clients(False, again=4))):
        t.equal(f"clients' direction, {what}", findings(prog, f), ["one-way-capture"])


def same_question_tests(t, prog):
    """A program that asks the same 100 times a second from one port, one answer late, some lost."""
    f = pm.Pcap()
    lost = {20, 21, 50}
    for i in range(100):
        q = ask(f, i, port=42023)
        late = 0.03 if i == 70 else 0
        if i not in lost:
            f.now += late
            f.udp(S, 53, C, 42023, pm.reply(q, pm.a_record("192.0.2.80")))
            f.now -= late
        f.wait(0.008)
    f.packets.sort(key=lambda p: p[0])
    f.wait(30)
    ask(f, 1000, name="end.example")
    t.equal("one question, one port, many IDs", findings(prog, f), [])
    server = next(v for v in values_of(run(prog, f, "--json")) if v["kind"] == "server")
    t.equal("no retries, and what was lost", [server["counts"][k] for k in (
        "queries", "retries", "late", "answered", "unanswered")], [101, 0, 0, 97, 3])


def cookie_tests(t, prog):
    """A query without a question, for a cookie (RFC 7873 5.4), and its answer."""
    f = pm.Pcap()
    opt = b"\0" + struct.pack(">HHIH", 41, 1232, 0, 12) + struct.pack(">HH", 10, 8) + b"12345678"
    for i in range(5):
        f.udp(C, 40000 + i, S, 53, struct.pack(">HHHHHH", i, 0, 0, 0, 0, 1) + opt)
        f.udp(S, 53, C, 40000 + i, struct.pack(">HHHHHH", i, 0x8000, 0, 0, 0, 1) + opt)
        f.udp(C, 41000 + i, D, 53, struct.pack(">HHHHHH", i, 0, 0, 0, 0, 1) + opt)
    f.wait(30)
    ask(f, 99)
    t.equal("cookies: healthy", findings(prog, f), [])
    t.equal("cookies: answered", [v["counts"]["answered"] for v in values_of(run(prog, f, "--json"))
                                  if v["kind"] == "server" and v["address"] == S], [5])


def idle_tests(t, prog):
    """Connections that wait before they ask: the answer's time is not theirs."""
    f = pm.Pcap()
    for i in range(5):
        q = pm.query(i, "www.example", "A")
        a = pm.reply(q, pm.a_record("192.0.2.80"))
        before = len(f.packets)
        f.tcp_exchange(C, 40000 + i, S, q, a)
        f.packets[before + 3:] = [(at + 1.5, p) for at, p in f.packets[before + 3:]]
        f.wait(2)
    t.equal("idle connections: not slow", findings(prog, f), [])
    values = values_of(run(prog, f, "--json"))
    server = next(v for v in values if v["kind"] == "server")
    t.check("idle connections: the time", 0.0009 < server["latency"]["p50"] < 0.0011, server)
    p = run(prog, f, "--ladder", "1")
    t.check("idle connections: the ladder", re.search(
        rb"SYN .*\n.*SYN ACK.*\n +1.50\d+ .*TCP query(.*\n)+.*answered after 0.001", p.stdout), p)
    p = run(prog, f, "--exchanges")
    t.check("idle connections: the list", p.stdout.count(b" 1.0ms ") == 5, p)


def cut_tests(t, prog):
    """A snap length that leaves the header, and not the question."""
    f = pm.Pcap(snaplen=50)
    for i in range(6):
        for server, rcode in ((S, 5), (D, 2), ("192.0.2.55", 0)):
            q = pm.query(i, "www.example", "A", edns=1232)
            f.udp(C, 40000 + i, server, 53, q)
            f.udp(server, 53, C, 40000 + i, pm.reply(q, rcode=rcode))
        f.wait(1)
    t.equal("cut questions: rcodes tell", findings(prog, f), [f"lame-refused@{S}",
                                                              f"lame-servfail@{D}"])
    f = pm.Pcap(snaplen=50)
    for i in range(6):
        packet = ask(f, i, server=D)
        packet = pm.ip(C, D, 17, pm.udp(C, 40000 + i, D, 53, packet))
        f.add(pm.icmp("192.0.2.254", C, 3, 13, packet))
        f.wait(1)
    t.equal("cut quotes of ICMP", findings(prog, f), [f"icmp-unreachable@{D}"])
    x = [v for v in values_of(run(prog, f, "--json")) if v["kind"] == "exchange"]
    t.equal("cut questions are not known", {(v["qname"], v["qtype"]) for v in x}, {(None, None)})
    for argv in ([], ["--exchanges"], ["--ladder", "1"]):
        p = run(prog, f, *argv)
        t.check(f"cut questions are told so {argv}", b"(question cut)" in p.stdout and
                b"TYPE0" not in p.stdout, p.stdout)


def timeless_tests(t, prog):
    """Simple packet blocks have no times, and none is made up."""
    f = pm.Pcap()
    for i in range(4):
        f.udp(S, 53, C, 40000 + i, pm.reply(ask(f, i), pm.a_record("192.0.2.80")))

    def block(kind, body):
        body += b"\0" * (-len(body) % 4)
        return struct.pack("<II", kind, 12 + len(body)) + body + struct.pack("<I", 12 + len(body))
    data = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)) + \
        block(1, struct.pack("<HHI", f.link, 0, 0)) + \
        b"".join(block(3, struct.pack("<I", len(p)) + p) for _, p in f.packets)
    p = run(prog, data)
    t.check("no times: said so", b"no times" in p.stdout and b"0us" not in p.stdout and
            b"4 exchanges" in p.stdout, p.stdout)
    p = run(prog, data, "--exchanges")
    t.check("no times: none in the list", b"0us" not in p.stdout, p.stdout)


def main():
    a = tap.arguments()
    t = tap.Tap()
    end_tests(t, a.prog)
    size_tests(t, a.prog)
    one_way_tests(t, a.prog)
    same_question_tests(t, a.prog)
    cookie_tests(t, a.prog)
    idle_tests(t, a.prog)
    cut_tests(t, a.prog)
    timeless_tests(t, a.prog)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
