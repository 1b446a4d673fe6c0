#!/usr/bin/env python3
"""Seeds made by hand for the targets of capture/: one for each branch that random octets hardly
find, such as a right checksum, a tunnel, a reply to a question, fragments that fit together.

  fuzz/seeds.py        writes fuzz/corpus/*/made-*
"""
import os
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "tests"))
import pcapmake as pm  # noqa: E402

C, S, C6, S6 = "192.0.2.1", "192.0.2.53", "2001:db8::1", "2001:db8::53"
# As in fuzz_decode.c
RAW, ETH, NULL, LOOP, PPP, HDLC, PPPOE, SLL, SLL2, V4, V6, CISCO = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12
Q = pm.query(7, "www.example", "A")
R = pm.reply(Q, pm.a_record("192.0.2.80"))


def save(target, name, data):
    with open(os.path.join(HERE, "corpus", target, "made-" + name), "wb") as f:
        f.write(data)


# --- packets for the decoder ---

def script(*packets, bits=0, fail=0):
    """packets: octets, or (link, octets[, gap[, octets cut off / 16]])."""
    out = bytes([bits, fail])
    for p in packets:
        link, octets, gap, cut = (*((RAW, p) if isinstance(p, bytes) else p), 0, 0)[:4]
        out += struct.pack(">BBH", link | cut << 4, gap, len(octets)) + octets
    return out


def udp4(data=Q, sport=40000, dport=53):
    return pm.ip(C, S, 17, pm.udp(C, sport, S, dport, data))


def udp6(data=Q):
    return pm.ip(C6, S6, 17, pm.udp(C6, 40000, S6, 53, data))


def ipv6(next_header, payload, length=None):
    head = struct.pack(">IHBB", 0x60000000, len(payload) if length is None else length,
                       next_header, 64)
    return head + pm.ipaddress.ip_address(C6).packed + pm.ipaddress.ip_address(S6).packed + payload


def ipv4_options(options, payload, protocol=17):
    words = 5 + len(options) // 4
    head = struct.pack(">BBHHHBBH4s4s", 0x40 | words, 0, words * 4 + len(payload), 1, 0, 64, protocol,
                       0, pm.ipaddress.ip_address(C).packed, pm.ipaddress.ip_address(S).packed)
    head += options
    return head[:10] + struct.pack(">H", pm.checksum(head)) + head[12:] + payload


def fragments(data, step, v6=False, ident=9):
    a, b = (C6, S6) if v6 else (C, S)
    whole = pm.udp(a, 40000, b, 53, data)
    return [pm.ip(a, b, 17, whole[at:at + step], ident=ident, fragment=at, more=at + step < len(whole))
            for at in range(0, len(whole), step)]


def links():
    p4, p6 = udp4(), udp6()
    eth = bytes(12)
    snap = b"\xaa\xaa\x03\0\0\0\x08\0"
    return {
        "ethernet": script((ETH, eth + b"\x08\0" + p4), (ETH, eth + b"\x86\xdd" + p6)),
        "vlan": script((ETH, eth + b"\x81\0\0\1\x08\0" + p4),
                       (ETH, eth + b"\x88\xa8\0\1\x81\0\0\2\x86\xdd" + p6),
                       (ETH, eth + b"\x91\0\0\1\x92\0\0\1\x08\0" + p4)),
        "tags": script((ETH, eth + b"\x81\0\0\1" * 20 + b"\x08\0" + p4)),
        "bridge": script((ETH, eth + b"\x65\x58" + eth + b"\x08\0" + p4)),
        "pppoe": script((ETH, eth + b"\x88\x64\x11\0\0\1\0\x40\0\x21" + p4),
                        (PPPOE, b"\x11\0\0\1\0\x40\0\x57" + p6), (PPPOE, b"\x12\0\0\1\0\x40\0\x57"),
                        (PPPOE, b"\x11\x09\0\1\0\x40\0\x57" + p6)),
        "llc": script((ETH, eth + b"\0\x60" + snap + p4), (ETH, eth + b"\0\x60\x06\x06\x03" + p4),
                      (ETH, eth + b"\0\x60\x42\x42\x03" + p4),
                      (ETH, eth + b"\0\x60\xaa\xaa\x03\0\0\1\x08\0" + p4)),
        "ppp-type": script((ETH, eth + b"\x88\x0b\x21" + p4), (ETH, eth + b"\x88\x0b\xc0\x21xx")),
        "cooked": script((SLL, bytes(14) + b"\x08\0" + p4), (SLL, bytes(14) + b"\x86\xdd" + p6),
                         (SLL, bytes(14) + b"\0\x07\x21" + p4), (SLL, bytes(14) + b"\0\x01" + p4),
                         (SLL, bytes(14) + b"\0\x04" + snap + p4), (SLL, bytes(3)),
                         (SLL2, b"\x08\0" + bytes(18) + p4), (SLL2, b"\x86\xdd" + bytes(18) + p6)),
        "loopback": script(*[(link, struct.pack(o + "I", f) + (p4 if f == 2 else p6))
                             for link in (NULL, LOOP) for o in "<>"
                             for f in (2, 10, 24, 28, 30, 99)]),
        "ppp": script((PPP, b"\xff\x03\0\x21" + p4), (PPP, b"\x21" + p4), (PPP, b"\0\x57" + p6),
                      (HDLC, b"\xff\x03\x57" + p6), (CISCO, b"\x0f\0\x08\0" + p4),
                      (CISCO, b"\x8f\0\x86\xdd" + p6), (CISCO, b"\x0f\0")),
        "raw": script((RAW, b""), (RAW, b"\x50"), (11, p4), (V4, p4), (V6, p6), (13, p4)),
        "short-header": script((V4, b"\x41" + p4[1:]), (V4, b"\x44" + p4[1:])),
        "other": script((ETH, eth + b"\x08\x06" + bytes(28)), (ETH, bytes(4))),
    }


def networks():
    p4, p6 = udp4(), udp6()
    u = pm.udp(C6, 40000, S6, 53, Q)
    u4 = pm.udp(C, 40000, S, 53, Q)
    def ext(n):
        return bytes([n, 0]) + bytes(6)
    return {
        "options": script(ipv4_options(b"\1\1\x44\4" + b"\0\0\0\0", u4),
                          ipv4_options(b"\x83\7\4\xc0\0\2\1\0", u4), ipv4_options(b"\x44\0\0\0", u4),
                          ipv4_options(b"\1\1\1\1", u4), ipv4_options(b"\x44\x40\0\0", u4)),
        "extensions": script(ipv6(0, ext(60) + ext(43) + ext(135) + ext(17) + u),
                             ipv6(60, b"\x11\2\xc9\x10" + bytes(16) + b"\1\2\0\0" + u),
                             ipv6(43, b"\x11\0\0\1" + bytes(4) + u),
                             ipv6(51, b"\x11\1" + bytes(10) + u), ipv6(139, ext(17) + u),
                             ipv6(140, ext(17) + u), ipv6(60, b"\x11\0\0\0\0\0\0\0" + u),
                             ipv6(0, b"\x11\x20" + bytes(20)), ipv6(0, b"\x11"),
                             ipv6(44, b"\x11\0\0\0\0\0\0\5" + u)),
        "many-extensions": script(ipv6(60, ext(60) * 14 + ext(17) + u)),
        "cut-extensions": script((RAW, ipv6(0, ext(17)[:4], 60), 0, 4),
                                 (RAW, ipv6(0, b"\x11\3" + bytes(8), 90), 0, 5)),
        "jumbo": script(ipv6(0, b"\x11\0\xc2\4\0\1\0\0" + u, 0), ipv6(17, u, 0), ipv6(59, b"", 0)),
        "headers": script(p4[:10], b"\x41" + p4[1:], p4[:2] + b"\0\0" + p4[4:],
                          p4[:2] + b"\0\x05" + p4[4:], b"\x4f" + p4[1:28], p4[:30], p6[:20], p6[:44],
                          p4[:2] + b"\xff\xff" + p4[4:], p4[:10] + b"\x12\x34" + p4[12:]),
        "tunnels": script(pm.ip(C, S, 4, p4), pm.ip(C, S, 41, p6), pm.ip(C6, S6, 4, p4),
                          pm.ip(C, S, 47, b"\0\0\x08\0" + p4),
                          pm.ip(C, S, 47, b"\xb0\0\x86\xdd" + bytes(12) + p6),
                          pm.ip(C, S, 47, b"\x40\0\x08\0" + p4),
                          pm.ip(C, S, 47, b"\0\1\x88\x0b" + p4), pm.ip(C, S, 47, b"\0\0\x08\x06xx"),
                          pm.ip(C, S, 47, b"\xb0\0\x08"), pm.ip(C, S, 47, b"\0\0\0\0xx"),
                          pm.ip(C, S, 47, b"\0\0" + b"\x65\x58" + bytes(12) + b"\x08\0" + p4)),
        "udp-tunnels": script(*[pm.ip(C, S, 17, pm.udp(C, a, S, b, octets)) for a, b, octets in (
            (50000, 4789, b"\x08" + bytes(7) + bytes(12) + b"\x08\0" + p4),
            (50000, 4790, b"\x0c\0\0\1" + bytes(4) + p4),
            (50000, 4790, b"\x0c\0\0\3" + bytes(16) + b"\x86\xdd" + p6),
            (50000, 4790, b"\x0c\0\0\4" + bytes(4) + p4), (50000, 4790, b"\x0c"),
            (50000, 6081, b"\1\0\x08\0" + bytes(8) + p4),
            (50000, 2152, b"\x30\xff" + len(p4).to_bytes(2, "big") + bytes(4) + p4),
            (50000, 3544, p6), (3544, 50000, bytes(8) + p6),
            (3544, 50001, b"\0\1\2\1" + bytes(12) + bytes(8) + p6), (3544, 50002, b"\0\1\xff"))]),
        "erspan3": script(*[pm.ip(C, S, 47, b"\x10\0\x22\xeb\0\0\0\1\x20\1" + bytes(8) + flags + rest)
                            for flags, rest in ((b"\0\0", bytes(12) + b"\x08\0" + p4),
                                                (b"\0\1", bytes(20) + b"\x08\0" + p4),
                                                (b"\x08\0", p4), (b"\x04\0", p4))],
                          pm.ip(C, S, 47, b"\x10\0\x22\xeb\0\0\0\1\x20\1")),
        "ah": script(pm.ip(C, S, 51, b"\x11\4" + bytes(22) + u4), pm.ip(C, S, 51, b"\4\1" + bytes(
            10) + p4), pm.ip(C, S, 51, b"\x11\xff" + bytes(22) + u4), pm.ip(C, S, 51, b"\x11")),
        "tunnel-cut": script((RAW, pm.ip(C, S, 47, b"\xb0\0\x08\0"), 0, 8),
                             (ETH, bytes(12) + b"\x81\0", 0, 4)),
        "deep": script(pm.ip(C, S, 4, pm.ip(C, S, 4, pm.ip(C, S, 4, pm.ip(C, S, 4, pm.ip(
            C, S, 4, p4)))))),
        "other-protocols": script(pm.ip(C, S, 132, bytes(20)), pm.ip(C, S, 58, bytes(20)),
                                  pm.ip(C6, S6, 1, bytes(20))),
        "sums-damaged": script(*[udp4()[:-3] + bytes([7 * n % 251, n, n * n % 256])
                                 for n in range(1, 12)], udp4(),
                               *[udp4()[:-3] + bytes([5 * n % 251, n, n]) for n in range(1, 12)]),
        "bad-sums": script(*[udp4()[:-1] + bytes([n]) for n in range(12)], udp4()),
        "offloaded": script(pm.ip(C, S, 17, u4[:6] + struct.pack(">H", 0xffff ^ pm.checksum(
            pm.ipaddress.ip_address(C).packed + pm.ipaddress.ip_address(S).packed +
            struct.pack(">BBH", 0, 17, len(u4)))) + u4[8:]), pm.ip(C, S, 17, u4[:6] + b"\0\0" + u4[8:]),
            pm.ip(C6, S6, 17, u[:6] + b"\0\0" + u[8:])),
        "bad-sums-6": script(*[udp6()[:-1] + bytes([n]) for n in range(12)], udp6(), bits=1),
        "udp": script(pm.ip(C, S, 17, u4[:4]), (RAW, pm.ip(C, S, 17, u4)[:24], 0, 4),
                      pm.ip(C, S, 17, u4[:4] + b"\0\0" + u4[6:]),
                      pm.ip(C, S, 17, u4[:4] + b"\0\3" + u4[6:]),
                      pm.ip(C, S, 17, u4[:4] + b"\2\0" + u4[6:]), (RAW, udp4()[:-5], 0, 1), bits=1),
        "udp-cut": script((RAW, udp4()[:34], 0, 8), bits=3),
        "ports": script(udp4(sport=1000, dport=2000), udp4(dport=853), bits=8),
        "any-port": script(udp4(sport=1000, dport=2000), pm.ip(C, S, 6, pm.tcp(
            C, 1000, S, 2000, 1, 0, pm.SYN)), bits=2),
        "no-sums": script(udp4()[:-1] + b"x", bits=4),
    }


def icmps():
    quoted, quoted6 = udp4(), udp6()
    tcp = pm.ip(C, S, 6, pm.tcp(C, 40000, S, 53, 1, 0, pm.SYN))
    def all_of(kinds, reporter, quote):
        return [pm.icmp(reporter, C if "." in reporter else C6, k, c, quote) for k, c in kinds]
    first = fragments(bytes(900), 400)
    return {
        "icmp": script(*all_of([(3, 1), (3, 3), (3, 4), (4, 0), (11, 0), (12, 0), (8, 0)],
                               "192.0.2.254", quoted)),
        "icmp6": script(*all_of([(1, 0), (2, 0), (3, 0), (4, 0), (128, 0)], "2001:db8::9", quoted6)),
        "icmp-tcp": script(tcp, pm.icmp("192.0.2.254", C, 3, 1, tcp),
                           pm.icmp("192.0.2.254", C, 3, 1, tcp[:28]),
                           pm.icmp("192.0.2.254", C, 3, 1, tcp[:32] + b"\x10" + tcp[33:]),
                           pm.icmp("192.0.2.254", C, 3, 1, tcp[:32] + b"\xf0" + tcp[33:]),
                           pm.icmp("192.0.2.254", C, 3, 1, tcp[:2] + b"\0\x80" + tcp[4:32] + b"\xf0" +
                                   tcp[33:])),
        "icmp-short": script(pm.icmp("192.0.2.254", C, 3, 1, quoted[:8]),
                             pm.icmp("192.0.2.254", C, 3, 1, quoted[:22]),
                             pm.icmp("192.0.2.254", C, 3, 1, b"\x50" + quoted[1:]),
                             pm.icmp("192.0.2.254", C, 3, 1, pm.ip(C, S, 132, bytes(12))),
                             pm.icmp("192.0.2.254", C, 3, 1, quoted[:24] + b"\0\3" + quoted[26:]),
                             pm.ip("192.0.2.254", C, 1, b"\3"), pm.ip("192.0.2.254", C, 1, b"\x08"),
                             (RAW, pm.ip("192.0.2.254", C, 1, b"\3\1\0\0"), 0, 4)),
        "icmp-fragment": script(first[0], first[1], pm.icmp("192.0.2.254", C, 11, 1, first[1]),
                                pm.icmp("192.0.2.254", C, 11, 1, fragments(bytes(900), 400,
                                                                           ident=77)[1])),
        "icmp-extension": script(pm.ip("192.0.2.254", C, 1, b"\3\1\0\0\0\x10\0\0" + quoted +
                                       bytes(200))),
        "icmp-bad-sum": script(pm.icmp("192.0.2.254", C, 3, 1, quoted)[:-1] + b"\x77"),
        "icmp-ports": script(pm.icmp("192.0.2.254", C, 3, 1, udp4(sport=7, dport=9))),
    }


def parts():
    f, f6 = fragments(R + bytes(700), 256), fragments(R + bytes(700), 256, v6=True)
    other = [p[:40] + b"\x99" + p[41:] for p in f]
    inner = pm.udp(C6, 40000, S6, 53, R + bytes(100))
    def part6(nh, at, more, payload, ident=3):
        return ipv6(44, struct.pack(">BBHI", nh, 0, at | more, ident) + payload)
    tail = fragments(bytes(64), 24)
    return {
        "fragments": script(*f), "fragments-back": script(*f[::-1]), "fragments6": script(*f6),
        "fragments-twice": script(f[0], f[0], *f[1:], *f), "fragments-differ": script(
            f[0], other[0], *f[1:]), "fragments-again": script(*f, other[0], *f[1:]),
        "fragments6-overlap": script(f6[0], f6[0], pm.ip(C6, S6, 17, bytes(256), ident=9, fragment=8,
                                                         more=True), f6[1], bits=1),
        "fragments-lost": script(f[1], (RAW, udp4(), 255), (RAW, udp4(), 255), bits=1),
        "fragments-lost-first": script(f[0], (RAW, udp4(), 255), bits=1),
        "fragments-lost-again": script(f[0], f[1], (RAW, f[0], 250), *f, bits=1),
        "fragments-other-port": script(*[p[:20] + struct.pack(">HH", 1, 2) + p[24:] for p in f[:1]]),
        "fragments-odd": script(pm.ip(C, S, 17, bytes(13), fragment=8, more=True),
                                pm.ip(C, S, 17, bytes(64), fragment=65528),
                                pm.ip(C, S, 17, b"", fragment=8, more=True)),
        "fragments-beyond": script(f[0], f[-1], pm.ip(C, S, 17, bytes(64), ident=9, fragment=2048),
                                   pm.ip(C, S, 17, bytes(8), ident=9, fragment=64)),
        "fragments-cut": script((RAW, f[0][:200], 0, 8), *f[1:]),
        "fragment-again-wrapped": script(part6(60, 0, 1, b"\x11\0\1\4\0\0\0\0" + inner[:40]),
                                         part6(60, 48, 0, inner[40:])),
        "fragment-of-fragment": script(part6(44, 0, 1, b"\x11\0\0\1\0\0\0\1" + inner[:40]),
                                       part6(44, 48, 0, inner[40:])),
        "fragments-memory": script(*[pm.ip(C, S, 17, bytes(600), ident=i, more=True)
                                     for i in range(6)], bits=17),
        "fragments-own-memory": script(*[pm.ip(C, S, 17, bytes(600), ident=4, fragment=i * 600,
                                               more=True) for i in range(8)], bits=17),
        "fragments-many": script(*[pm.ip(C, S, 17, bytes(8), ident=4, fragment=i * 16, more=True)
                                   for i in range(258)], bits=1),
        "fragments-short": script(*tail), "fragments-tcp": script(*[
            pm.ip(C, S, 6, pm.tcp(C, 9, S, 53, 1, 0, 2, bytes(60))[at:at + 40], fragment=at,
                  more=at == 0) for at in (0, 40)]),
        "fragments-tcp-lost": script(pm.ip(C, S, 6, bytes(40), more=True)),
    }


def segment(client, seq, ack, flags, data=b"", sport=40000):
    a, b = (C, S) if client else (S, C)
    p, q = (sport, 53) if client else (53, sport)
    return pm.ip(a, b, 6, pm.tcp(a, p, b, q, seq, ack, flags, data))


def frame(message):
    return struct.pack(">H", len(message)) + message


def streams():
    syn, synack, ack, fin, rst = pm.SYN, pm.SYN | pm.ACK, pm.ACK, pm.FIN | pm.ACK, pm.RST
    q, r = frame(Q), frame(R)
    opening = [segment(True, 100, 0, syn), segment(False, 500, 101, synack),
               segment(True, 101, 501, ack)]
    whole = opening + [segment(True, 101, 501, ack, q), segment(False, 501, 101 + len(q), ack, r)]
    end = [segment(True, 101 + len(q), 501 + len(r), fin),
           segment(False, 501 + len(r), 102 + len(q), fin)]
    bits = [segment(True, 101 + i, 501, ack, q[i:i + 1]) for i in range(len(q))]
    bad = segment(True, 101, 501, ack, q)
    return {
        "tcp": script(*whole, *end), "tcp-octets": script(*opening, *bits),
        "tcp-backwards": script(*opening, *bits[::-1]),
        "tcp-bad-sum": script(*opening, bad[:-1] + b"\x01", bad),
        "tcp-midstream": script(*whole[3:]), "tcp-reset": script(*whole, segment(False, 501 + len(
            r), 0, rst)),
        "tcp-refused": script(opening[0], segment(False, 0, 101, rst | pm.ACK)),
        "tcp-header": script(pm.ip(C, S, 6, pm.tcp(C, 9, S, 53, 1, 0, 2)[:12]),
                             (RAW, pm.ip(C, S, 6, pm.tcp(C, 9, S, 53, 1, 0, 2))[:30], 0, 4),
                             pm.ip(C, S, 6, pm.tcp(C, 9, S, 53, 1, 0, 2)[:12] + b"\x10" + bytes(7)),
                             pm.ip(C, S, 6, pm.tcp(C, 9, S, 53, 1, 0, 2)[:12] + b"\xf0" + bytes(7)),
                             pm.ip(C, S, 6, pm.tcp(C, 9, S, 10, 1, 0, 2))),
        "tcp-idle": script(*opening, *[(RAW, udp4(), 255)] * 6),
        "tcp-many": script(*[segment(True, 100, 0, syn, sport=2000 + i) for i in range(12)]),
        "tcp-memory": script(*opening, *[segment(True, 1000 + 700 * i, 501, ack, bytes(600))
                                         for i in range(8)], bits=16),
        "tcp-cut": script(*opening, (RAW, segment(True, 101, 501, ack, q)[:50], 0, 1),
                          segment(True, 101 + len(q), 501, ack, q)),
    }


# --- items for pairing ---

def items(*list_of, bits=3, fail=0):
    """list_of: (kind, from, to, payload[, notes[, connection[, gap[, scale[, cut]]]]])."""
    out = bytes([bits, fail])
    for item in list_of:
        kind, a, b, data, notes, conn, gap, scale, cut = item + (0, 0, 1, 20, 0)[len(item) - 4:]
        lead = next(v for v in range(conn << 5, (conn << 5) + 32) if v % 9 == kind)
        out += struct.pack(">BBBH", lead, gap, scale, notes) + bytes(a) + bytes(b) + \
            bytes([cut, len(data)]) + data
    return out


def pairs():
    U, LOST, SYN, OPEN, MSG, PART, FIN, RST, ICMP = range(9)
    c, c2, s, s6, c6 = (1, 40), (1, 42), (2, 1), (6, 1), (5, 40)
    def q(ident=7, name="www.example", **more):
        return pm.query(ident, name, "A", **more)
    def r(ident=7, name="www.example", **more):
        return pm.reply(q(ident, name), **more)
    compressed = struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0) + b"\1a\xc0\x13\0\1" + b"\0\0\1"
    return {
        "plain": items((U, c, s, q()), (U, s, c, r())),
        "upper": items((U, c, s, q(name="WWW.eXample")), (U, s, c, r())),
        "compressed": items((U, c, s, compressed), (U, s, c, compressed[:2] + b"\x81" +
                                                   compressed[3:])),
        "retry": items((U, c, s, q()), (U, c, s, q(), 0, 0, 90, 24), (U, c2, s, q(9), 0, 0, 90, 24),
                       (U, s, c2, r(9))),
        "retry-late": items((U, c, s, q()), (U, c, s, q(), 0, 0, 90, 24), (U, s, c, r()),
                            (U, s, c, r())),
        "attempts": items(*[(U, c, s, q(), 0, 0, 200, 20)] * 40),
        "twice": items((U, c, s, q()), (U, c, s, q(), 0, 0, 0), (U, s, c, r()), (U, s, c, r())),
        "mismatch": items((U, c, s, q()), (U, (3, 1), c, r()), (U, (2, 40), c, r()),
                          (U, s, c, r(8)), (U, s, c, q()), (U, s, c, r(name="other.example")),
                          (U, s, c, b"\0"), (U, s, c, r()[:9]), (U, s, c, r()[:12])),
        "shared": items((U, c, s, q(1, "a.test")), (U, c, s, q(2, "b.test")), (U, s, c, r(
            3, "c.test")), (U, s, c, r(2, "c.test"))),
        "orphan": items((U, s, c, r()), (U, s, c, b"abc"), (U, (1, 40), (2, 42), b"x" * 20)),
        "early": items((U, s, c, r()), (U, s, c, r()), (U, c, s, q()), (U, c, s, q()),
                       (U, s, c, r(9, "late")), (U, c2, s, q(8), 0, 0, 25), (U, c2, s, q(8))),
        "early-strange": items((U, c, s, q()), (U, s, c, r(8, "b.test")), (U, c, s, q(8, "b.test")),
                               (U, s, c, r(3)), (U, s, c, r())),
        "early-many": items((U, s, c, r(), 0x4000, 0, 1, 10 + 34 * 5), (U, c, s, q(), 0x4000, 0, 1,
                                                                       10 + 34 * 5)),
        "early-retry": items((U, s, c2, r(3)), (U, c2, s, q(3)), (U, c, s, q()),
                             (U, s, c, r(), 0, 0, 250, 22), (U, c, s, q())),
        "early-tcp": items((SYN, c, s, b"", 0, 1), (OPEN, s, c, b"", 0, 1), (MSG, s, c, r(), 0, 1),
                           (MSG, c, s, q(), 0, 1), (MSG, s, c, r(9), 0, 1), (RST, c, s, b"", 0, 1)),
        "apart": items((U, s, c, r(), 0x4000, 0, 1, 20 + 34 * 3), (U, c2, s, q(9, "b"), 0, 0, 250, 22),
                       (U, c, s, q(), 0x4000, 0, 1, 20 + 34 * 3)),
        "apart-late": items((U, c, s, q(), 0x4000, 0, 1, 20 + 34 * 3),
                            (U, c2, s, q(9, "b"), 0, 0, 250, 27),
                            (U, s, c, r(), 0x4000, 0, 1, 20 + 34 * 3)),
        "damaged": items((U, c, s, q()), (U, s, c, r(8), 2048), (U, s, (1, 44), r(), 2048),
                         (U, c, s, q(9), 2048), (U, s, c, r())),
        "servers": items((U, (1, 1), s, q()), (U, s, (1, 1), r()), (U, (1, 1), s, b"")),
        "any-port": items((U, c, c2, q()), (U, c2, c, r()), (U, c2, c, r()), bits=7),
        "two-ports": items((U, c, (2, 54), q()), (U, (2, 54), c, r()), bits=11),
        "no-question": items((U, c, s, bytes(12)), (U, s, c, b"\0\0\x80\1" + bytes(8)),
                             (U, c, s, q(5)), (U, s, c, b"\0\5\x80\0" + bytes(9)),
                             (U, s, c, b"\0\5\x80\1" + bytes(8))),
        "icmp": items((U, c, s, q()), (ICMP, s, c, q()), (ICMP, s, c, b""), (ICMP, s, c, q(8)),
                      (ICMP, s, (3, 40), b"")),
        "lost": items((U, c, s, q(edns=1232)), (U, c, s, q(8, "b", edns=4096)),
                      (LOST, s, c, r()[:20]), (LOST, (2, 0), (1, 0), b"", 16), (LOST, (3, 0), (1, 0),
                                                                              b"", 16)),
        "long": items((U, c, s, q() + bytes(150)), (U, c, s, q(8, "long.test") + bytes(200)),
                      (U, s, c, r()), (U, s, c, b"\0\7\x81" + bytes(190)), bits=1),
        "long-memory": items(*[(U, c, s, q(i, "n%d.test" % i) + bytes(200)) for i in range(30)],
                             bits=2),
        "events-memory": items((U, c, s, q()), *[(U, s, c, r(99) + bytes(200))] * 40, bits=2),
        "events-many": items((U, c, s, q()), *[(U, s, c, r(99))] * 70),
        "evict": items(*[(U, c, s, q(i, "n%d.test" % i)) for i in range(80)]),
        "linger": items(*[x for i in range(12) for x in (
            (U, c, s, q(i)), (U, s, c, r(i)))], (U, s, c, r(11)), (U, s, c, r(0))),
        "timeout": items((U, c, s, q()), (U, c, s, q(8, "b.test"), 0, 0, 250, 27)),
        "ipv6": items((U, c6, s6, q()), (U, s6, c6, r()), (U, c, s6, q())),
        "tcp": items((SYN, c, s, b"", 0, 1), (SYN, c, s, b"", 64, 1), (OPEN, s, c, b"", 0, 1),
                     (MSG, c, s, q(), 0, 1), (MSG, c, s, q(8, "b.test"), 0, 1), (MSG, s, c, r(8,
                     "b.test"), 0, 1), (MSG, s, c, r(), 0, 1), (FIN, c, s, b"", 0, 1),
                     (FIN, s, c, b"", 0, 1)),
        "tcp-refused": items((SYN, c, s, b"", 0, 1), (ICMP, s, c, b"", 0, 1, 1, 20, 1),
                             (RST, s, c, b"", 0, 1), (RST, s, c, b"", 0, 2), (FIN, c, s, b"", 0, 3)),
        "tcp-reset": items((SYN, c, s, b"", 0, 1), (OPEN, s, c, b"", 0, 1), (MSG, c, s, q(), 0, 1),
                           (PART, s, c, r()[:20], 0, 1, 1, 20, 80), (RST, s, c, b"", 0, 1)),
        "tcp-closed": items((MSG, c, s, q(), 32, 1), (PART, s, c, r()[:20], 0, 1, 1, 20, 80),
                            (FIN, s, c, b"", 0, 1)),
        "tcp-gap": items((MSG, c, s, q(), 32, 1), (PART, s, c, r()[:20], 512, 1), (PART, c, s, b"",
                                                                                 0, 1)),
        "tcp-from-server": items((MSG, s, c, r(), 32, 1), (MSG, c, c2, q(), 32, 2), (OPEN, s, c, b"",
                                                                                   0, 3)),
        "tcp-client-gone": items((SYN, c, s, b"", 0, 1), (MSG, c, s, q(), 0, 1), (RST, c, s, b"", 0,
                                                                                 1)),
        "tcp-many": items(*[(SYN, c, s, b"", 0, n) for n in range(1, 7)], (SYN, c, s, b"", 0, 7, 250,
                                                                          29)),
        "tcp-idle": items((MSG, c, s, q(), 32, 1), (MSG, c, s, q(), 32, 2, 255, 29),
                          (MSG, c, s, q(), 32, 3, 255, 29)),
        "cut-header": items((U, c, s, q()), (U, s, c, r()[:2]), (U, s, c, r()[:3])),
        "tcp-ids": items((MSG, c, s, q(1), 32, 1), (MSG, c, s, q(1), 32, 1, 200), (MSG, s, c, r(1), 0,
                         1), (ICMP, s, c, b"", 0, 0, 1, 20, 1), (ICMP, s, (3, 40), b"", 0, 0, 1, 20,
                                                                 1)),
    }


# --- single packets ---

def packets_of(seed):
    """The packets of a script for the decoder that begin with an IP header: (octets, cut off)."""
    at = 2
    while at < len(seed):
        link, _, size = struct.unpack(">BBH", seed[at:at + 4])
        octets = seed[at + 4:at + 4 + size]
        if link & 15 in (RAW, V4, V6) and octets:
            yield octets, link >> 4
        at += 4 + size


def headers():
    """A packet each; of those that are alike, not more than two."""
    out = {}
    for name, seed in {**networks(), **icmps(), **parts(), **streams()}.items():
        for i, (octets, cut) in enumerate(list(packets_of(seed))[:2]):
            family = 0 if octets[0] >> 4 == 4 else 1
            out[f"{name}-{i}"] = bytes([family | (2 if cut else 0), cut]) + octets
    return out


def main():
    everything = {"decode": {**links(), **networks(), **icmps(), **parts(), **streams()},
                  "headers": headers(), "pair": pairs()}
    for target, seeds in everything.items():
        folder = os.path.join(HERE, "corpus", target)
        os.makedirs(folder, exist_ok=True)
        for name in os.listdir(folder):
            if name.startswith("made-"):
                os.unlink(os.path.join(folder, name))
        for name, data in seeds.items():
            save(target, name, data)
    # memory that is out, earlier and later
    decode = {**parts(), **streams()}
    for fail in range(1, 24):
        body = decode["tcp"][2:] + decode["fragments"][2:] + decode["tcp-backwards"][2:]
        save("decode", f"no-memory-{fail}", bytes([1, fail]) + body)
        body = (pairs()["long"][2:] + pairs()["mismatch"][2:] + pairs()["tcp-reset"][2:])
        save("pair", f"no-memory-{fail}", bytes([3, fail]) + body)


if __name__ == "__main__":
    main()
