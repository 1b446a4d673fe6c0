"""Capture files that an attacker would send to whoever records traffic: many of everything that is
kept in a table or a list. Each function makes a file of about so many octets."""
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import pcapmake as pm  # noqa: E402

C, S, C6, S6 = "192.0.2.1", "192.0.2.53", "2001:db8::1", "2001:db8::53"


def pcap(size, packets):
    """packets: a generator without an end; gap of 0.1 ms between them."""
    out = bytearray(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101))
    n = 0
    for p in packets:
        if len(out) + 16 + len(p) > size:
            return bytes(out)
        out += struct.pack("<IIII", 1700000000 + n // 10000, n % 10000 * 100, len(p), len(p)) + p
        n += 1


def host(n):
    return f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"


def question(n, ident=7, edns=None):
    return pm.query(ident, f"n{n}.example", "A", edns=edns)


def udp(a, p, b, q, data):
    return pm.ip(a, b, 17, pm.udp(a, p, b, q, data))


def tcp(to_server, seq, ack, flags, data=b"", port=40000):
    a, b, p, q = (C, S, port, 53) if to_server else (S, C, 53, port)
    return pm.ip(a, b, 6, pm.tcp(a, p, b, q, seq, ack, flags, data))


def counted(make):
    n = 0
    while True:
        yield make(n)
        n += 1


def framed(message):
    return struct.pack(">H", len(message)) + message


def pipelined_then(make):
    """Many questions on one connection; then, for as many octets, what make gives."""
    def family(size):
        def packets():
            yield tcp(True, 99, 0, pm.SYN)
            yield tcp(False, 499, 100, pm.SYN | pm.ACK)
            seq, used, n = 100, 0, 0
            while used < size // 2:
                data = framed(question(n, n & 65535))
                yield tcp(True, seq, 500, pm.ACK, data)
                seq += len(data)
                used += 56 + len(data)
                n += 1
            yield from counted(make)
        return pcap(size, packets())
    return family


def same_key(size):
    """Same ends, ID and question, but other octets behind it."""
    return pcap(size, counted(lambda n: udp(C, 4000, S, 53, question(0, 7, 512) + struct.pack(
        ">I", n) + bytes(n % 7))))


def same_key_answered(size):
    def make(n):
        q = pm.query(7, "a.example", "A")
        return udp(C, 4000, S, 53, q) if n % 2 == 0 else udp(S, 53, C, 4000, pm.reply(q))
    return pcap(size, counted(make))


def answered_again(size):
    q = pm.query(7, "a.example", "A")
    return pcap(size, counted(lambda n: udp(C, 4000, S, 53, q) if n == 0 else
                              udp(S, 53, C, 4000, pm.reply(q))))


def syn_again(size):
    """Another connection between the same ends each time."""
    def make(n):
        return tcp(True, n // 2 * 1000000, 0, pm.SYN) if n % 2 == 0 else \
            tcp(True, n // 2 * 1000000 + 1, 1, pm.ACK, framed(question(n)))
    return pcap(size, counted(make))


def octets_backwards(size):
    def make(n):
        if n == 0:
            return tcp(True, 99, 0, pm.SYN)
        return tcp(True, 100 + (40000 - n % 40000), 1, pm.ACK, b"x")
    return pcap(size, counted(make))


def octets_apart(size):
    """One octet each, with a hole before it, in an order that is none."""
    return pcap(size, counted(lambda n: tcp(True, 100 + n * 7919 % 65521, 1, pm.ACK, b"x")))


def never_in_step(size):
    """Octets of a stream in which no message is found."""
    return pcap(size, counted(lambda n: tcp(True, 100 + n * 600, 1, pm.ACK, b"\0\x30\1\2\1\0" * 100)))


def connections(size):
    return pcap(size, counted(lambda n: pm.ip(host(n), S, 6, pm.tcp(host(n), 9, S, 53, 1, 0,
                                                                    pm.SYN))))


def fragment(n, at, data, more=True, ident=9, a=C):
    return pm.ip(a, S, 17, data, ident=ident, fragment=at, more=more)


def fragments_one(size):
    """Of one datagram, each over the last by half."""
    return pcap(size, counted(lambda n: fragment(n, n * 8 % 60000, bytes(16))))


def fragments_holes(size):
    return pcap(size, counted(lambda n: fragment(n, n * 4801 % 8000 * 8, bytes([n & 255]) * 8,
                                                 ident=n // 250)))


def fragments_lost(size):
    return pcap(size, counted(lambda n: fragment(n, 0, pm.udp(host(n), 9, S, 53, bytes(24)),
                                                 ident=n & 65535, a=host(n))))


def tunnels(size):
    packet = udp(C, 4000, S, 53, question(1))
    for _ in range(5):
        packet = pm.ip(C, S, 4, packet)
    return pcap(size, counted(lambda n: packet))


def extensions(size):
    body = bytes([60, 0, 1, 4, 0, 0, 0, 0]) * 30
    return pcap(size, counted(lambda n: pm.ip(C6, S6, 60, body)))


def options6(size):
    body = bytes([17, 255]) + bytes(2046) + pm.udp(C6, 9, S6, 53, question(1))
    return pcap(size, counted(lambda n: pm.ip(C6, S6, 60, body)))


def pcapng(size, first, block):
    """A section with first as its options, then blocks made by block(n)."""
    def wrap(kind, body):
        body += bytes(-len(body) % 4)
        return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)
    out = bytearray(wrap(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + first))
    out += wrap(1, struct.pack("<HHI", 101, 0, 0))
    n = 0
    while len(out) < size:
        kind, body = block(n)
        out += wrap(kind, body)
        n += 1
    return bytes(out)


def comments(size):
    def block(n):
        return 0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + b"\1\0\0\0" * 4000
    return pcapng(size, b"", block)


def interfaces(size):
    return pcapng(size, b"", lambda n: (1, struct.pack("<HHI", 101, 0, 0)) if n < 900 else
                  (5, struct.pack("<III", n % 900, 0, 0) + b"\5\0\x08\0" + bytes(8)))


FAMILIES = {
    "questions of one key": same_key,
    "questions of one key, answered": same_key_answered,
    "a reply again and again": answered_again,
    "questions of one port": lambda size: pcap(size, counted(
        lambda n: udp(C, 4000, S, 53, question(n, n & 65535)))),
    "replies to one port, of none of its questions": lambda size: pcap(size, counted(
        lambda n: udp(C, 4000, S, 53, question(n, n & 65535)) if n % 2 == 0 else
        udp(S, 53, C, 4000, pm.reply(question(n, 1 ^ n & 65535))))),
    "many clients": lambda size: pcap(size, counted(
        lambda n: udp(host(n), 4000, S, 53, question(0)))),
    "many servers": lambda size: pcap(size, counted(
        lambda n: udp(C, 4000, host(n), 53, question(0)))),
    "many names": lambda size: pcap(size, counted(
        lambda n: udp(C, n & 65535, S, 53, question(n, n & 65535)))),
    "errors about a pipelined connection": pipelined_then(
        lambda n: pm.icmp(host(n), C, 3, 1, tcp(True, 99, 0, pm.SYN))),
    "SYN again on a pipelined connection": pipelined_then(lambda n: tcp(True, 99, 0, pm.SYN)),
    "replies that do not fit on a pipelined connection": pipelined_then(
        lambda n: tcp(False, 500 + 48 * n, 100, pm.ACK, framed(pm.reply(pm.query(
            n & 65535, "other.example", "A"))[:46]))),
    "connections between the same ends": syn_again,
    "octets of a stream, backwards": octets_backwards,
    "octets of a stream, apart": octets_apart,
    "a stream never in step": never_in_step,
    "connections": connections,
    "fragments of one datagram": fragments_one,
    "fragments apart": fragments_holes,
    "fragments that are lost": fragments_lost,
    "fragments without a beginning": lambda size: pcap(size, counted(
        lambda n: fragment(n, 800, bytes(24), ident=n & 65535, a=host(n >> 8)))),
    "tunnels in tunnels": tunnels,
    "extension headers": extensions,
    "options in an extension header": options6,
    "comments of sections": comments,
    "statistics of many interfaces": interfaces,
}
