#!/usr/bin/env python3
"""nsprobe replay: how many DNS messages a capture has, and which are malformed and where.

Captures made by hand say it by construction; where tshark is installed, it has to count the same.
tests/data/captures.txt says it for pcaps of public projects, which lie beside the checkout.
--write FILE prints that list anew, to be looked through by hand before it is kept."""
import argparse
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
import pcapmake as pm  # noqa: E402
import tap  # noqa: E402

SHARED = os.path.join(os.path.dirname(ROOT), "shared", "data", "tcpdump-dns")
LIST = os.path.join(os.path.dirname(HERE), "data", "captures.txt")
C, S, C6, S6 = "192.0.2.1", "192.0.2.53", "2001:db8::1", "2001:db8::53"
Q = pm.query(7, "www.example", "A")  # header 0, name 12, type 25, class 27; 29 octets
A = pm.reply(Q, pm.a_record("192.0.2.80"))  # owner 29, type 31, RDLENGTH 39, RDATA 41; 45 octets


# --- what is said of a capture ---

def replay(prog, path, *options):
    p = subprocess.run([prog, "replay", path, "--json", *options], capture_output=True, check=False)
    return [json.loads(line) for line in p.stdout.decode().splitlines()]


def malformed(values):
    """"q5@25 trailing": kind, packet, octet and name of each malformed message."""
    bad = []
    for v in values:
        if v["kind"] != "exchange":
            continue
        for kind, key in (("q", "query"), ("r", "reply")):
            fault = v["query_fault" if kind == "q" else "fault"]
            if fault:
                bad.append((v[key + "_packet"], f"{kind}{v[key + '_packet']}@{fault['offset']} "
                            f"{fault['fault']}"))
    return [text for _, text in sorted(bad)]


def tshark_count(path, ports):
    """Queries and replies that tshark sees at these ports, those quoted by ICMP left out."""
    decode = [w for port in ports for w in ("-d", f"udp.port=={port},dns", "-d",
                                            f"tcp.port=={port},dns")]
    places = " || ".join(f"udp.port=={n} || tcp.port=={n}" for n in ports)
    p = subprocess.run(["tshark", "-r", path, *decode, "-o", "tcp.reassemble_out_of_order:TRUE",
                        "-Y", f"dns && !icmp && !icmpv6 && ({places})", "-T", "fields", "-e",
                        "dns.flags.response", "-e", "dns.id"], capture_output=True, text=True,
                       check=False)
    count = 0
    for line in p.stdout.splitlines():
        ids = [w for w in line.split("\t")[-1].split(",") if w]
        count += max(1, len(ids))
    return count


# --- captures made by hand ---

def patched(message, at, octets):
    return message[:at] + octets + message[at + len(octets):]


def bad_messages():
    """Each kind of damage, with the octet where it is: (query?, message, offset, fault)."""
    two = patched(Q, 4, b"\0\2") + Q[12:]
    opt = pm.query(7, "www.example", "A", edns=1232)
    return [
        (False, A[:-2], 39, "short"),  # RDLENGTH lies
        (False, A[:35], 31, "short"),  # type to RDLENGTH are not all there
        (False, A + b"\0", 45, "trailing"),
        (False, patched(A, 7, b"\2"), 45, "short"),  # two answers are promised
        (False, patched(A, 29, b"\xc0\x1d"), 29, "pointer-forward"),  # to itself
        (False, patched(A, 29, b"\xc0\x20"), 29, "pointer-forward"),
        (False, patched(A, 29, b"\x40\x0c"), 29, "label-type"),
        (False, patched(A[:-1], 40, b"\3"), 41, "rdata-short"),
        (False, patched(A + b"\1", 40, b"\5"), 45, "rdata-trailing"),
        (True, Q[:-1], 27, "short"),
        (True, Q[:20], 16, "short"),  # the label "example" begins at 16
        (True, Q + b"xyz", 29, "trailing"),
        (True, patched(Q, 12, b"\x80"), 12, "label-type"),
        (True, patched(Q, 12, b"\xc0\x0c"), 12, "pointer-forward"),
        (True, Q[:12] + b"".join(b"\x3f" + b"x" * 63 for _ in range(4)) + b"\0\0\1\0\1",
         None, "name-long"),
        (True, two, 4, "qdcount"),
        (True, opt[:-2] + b"\0\4\0\x0a\0\x09", 40, "opt-option"),
        (True, patched(opt, 11, b"\2") + opt[-11:], 40, "opt-twice"),
    ]


def capture_malformed():
    """All of them, one exchange each; a good message belongs to each bad one."""
    f, bad = pm.Pcap(), []
    for i, (is_query, message, at, fault) in enumerate(bad_messages()):
        port = 40000 + i
        f.udp(C, port, S, 53, message if is_query else Q)
        if not is_query:
            f.udp(S, 53, C, port, message)
        if at is not None:
            bad.append(f"{'q' if is_query else 'r'}{len(f.packets)}@{at} {fault}")
        else:
            bad.append(f"q{len(f.packets)}@* {fault}")
    queries = len(bad_messages())
    return f, queries, sum(not b[0] for b in bad_messages()), bad


def capture_short():
    """Shorter than a header, of either side."""
    f = pm.Pcap()
    f.udp(C, 40000, S, 53, Q[:5])
    f.udp(C, 40001, S, 53, Q)
    f.udp(S, 53, C, 40001, A[:11])
    f.udp(S, 53, C, 40002, A[:3])  # nobody asked
    f.udp(C, 40003, S, 53, b"")  # no message
    return f, 2, 2, ["q1@5 short-header", "r3@11 short-header", "r4@3 short-header"]


def capture_cut():
    """Cut by the capture, not by who sent them: nothing is malformed."""
    f = pm.Pcap(snaplen=28 + 31)
    f.udp(C, 40000, S, 53, Q)
    f.udp(S, 53, C, 40000, A)
    f.udp(C, 40001, S, 53, pm.query(8, "a-longer-name.example", "AAAA", edns=1232))
    return f, 2, 1, []


def capture_tcp():
    """Several messages in a segment, one over many, out of order, again, from the middle."""
    f = pm.Pcap()
    f.tcp_exchange(C, 40000, S, Q, pm.reply(Q, pm.txt_record(900)), cuts=(1, 2, 5, 400, 401))

    def framed(*messages):
        return b"".join(struct.pack(">H", len(m)) + m for m in messages)
    to, back = (C, 40001, S, 53), (S, 53, C, 40001)
    asked = framed(*(pm.query(i, f"n{i}.example", "A") for i in range(1, 4)))
    told = framed(*(pm.reply(pm.query(i, f"n{i}.example", "A")) for i in range(1, 4)))
    f.add(pm.ip(C, S, 6, pm.tcp(*to, 100, 0, pm.SYN)))
    f.add(pm.ip(S, C, 6, pm.tcp(*back, 500, 101, pm.SYN | pm.ACK)))
    f.add(pm.ip(C, S, 6, pm.tcp(*to, 101, 501, pm.ACK)))
    f.add(pm.ip(C, S, 6, pm.tcp(*to, 101, 501, pm.PSH | pm.ACK, asked)))
    f.add(pm.ip(S, C, 6, pm.tcp(*back, 541, 101 + len(asked), pm.PSH | pm.ACK, told[40:])))
    f.add(pm.ip(S, C, 6, pm.tcp(*back, 501, 101 + len(asked), pm.PSH | pm.ACK, told[:40])))
    f.add(pm.ip(S, C, 6, pm.tcp(*back, 501, 101 + len(asked), pm.PSH | pm.ACK, told[:40])))
    to, back = (C6, 40002, S6, 53), (S6, 53, C6, 40002)
    f.add(pm.ip(C6, S6, 6, pm.tcp(*to, 101, 501, pm.PSH | pm.ACK, framed(Q))))
    f.add(pm.ip(S6, C6, 6, pm.tcp(*back, 501, 101 + 2 + len(Q), pm.PSH | pm.ACK, framed(A))))
    return f, 1 + 3 + 1, 1 + 3 + 1, []


def capture_transfer():
    """Zone transfer: further messages have no question (RFC 5936 2.2.1), which is no fault."""
    f = pm.Pcap()
    q = pm.query(9, "example", "AXFR", flags=0)
    soa = b"\xc0\x0c" + struct.pack(">HHIH", 6, 1, 60, 22) + b"\0\0" + struct.pack(">5I", 1, 2, 3, 4, 5)
    rest = struct.pack(">HHHHHH", 9, 0x8400, 0, 1, 0, 0) + pm.name_wire("a.example") + \
        struct.pack(">HHIH4s", 1, 1, 60, 4, b"\xc0\0\2\1")
    first = pm.reply(q, soa)
    f.tcp_exchange(C, 40000, S, q, first + struct.pack(">H", len(rest)) + rest)
    return f, first, rest


def transfer():
    """The same, with the length that tcp_exchange wrote for both messages put right."""
    f, first, rest = capture_transfer()
    wrong = struct.pack(">H", len(first) + 2 + len(rest))
    f.packets = [(at, p if wrong + first[:4] not in p else refit(p, wrong + first[:4], first))
                 for at, p in f.packets]
    return f, 1, 2, []


def refit(packet, found, first):
    """A segment's data with another length of its first message, and checksums to fit."""
    at = packet.index(found)
    data = struct.pack(">H", len(first)) + packet[at + 2:]
    seq, ack = struct.unpack(">II", packet[24:32])
    return pm.ip(S, C, 6, pm.tcp(S, 53, C, 40000, seq, ack, pm.PSH | pm.ACK, data))


def capture_fragments():
    f = pm.Pcap()
    for i, (client, server) in enumerate(((C, S), (C6, S6))):
        q = pm.query(i, "big.example", "TXT", edns=4096)
        f.udp(client, 40000, server, 53, q)
        f.fragments(server, 53, client, 40000, pm.reply(q, pm.txt_record(2000)), ident=i + 1)
        f.packets[-3:] = f.packets[-1:] + f.packets[-3:-1]
    return f, 2, 2, []


def capture_others():
    """What is no DNS message of port 53: mDNS, LLMNR, other ports, what ICMP quotes, padding."""
    f = pm.Pcap(link=pm.ETHERNET)
    asked = pm.ip(C, S, 17, pm.udp(C, 40000, S, 53, Q))
    f.packets.append((f.now, f.frame(asked) + bytes(7)))
    f.add(pm.icmp("192.0.2.99", C, 3, 13, asked))
    f.udp(C, 5353, "224.0.0.251", 5353, pm.query(0, "host.local", "A", flags=0))
    f.udp(C, 40001, "224.0.0.252", 5355, pm.query(1, "host", "A", flags=0))
    f.udp(C, 40002, S, 8053, Q)
    f.udp(S, 53, C, 53, A)  # a resolver that asks from port 53
    f.add(bytes(12) + b"\x08\x06" + bytes(28), raw=True)
    return f, 1, 1, []


def capture_wrapped():
    """VLANs, GRE, VXLAN, IPIP, MPLS, ERSPAN and AH around the same exchange."""
    f = pm.Pcap(link=pm.ETHERNET)
    macs = bytes(range(12))
    for i in range(12):
        for a, b, data in (((C, 40000 + i), (S, 53), Q), ((S, 53), (C, 40000 + i), A)):
            inner = pm.ip(a[0], b[0], 17, pm.udp(*a, *b, data))
            frame = macs + b"\x08\0" + inner
            outer = ("198.51.100.1", "198.51.100.2")
            segment = pm.udp(*a, *b, data)
            six = pm.udp(C6 if a[0] == C else S6, a[1], C6 if b[0] == C else S6, b[1], data)
            auth = bytes((17, 4)) + bytes(6) + b"\0\0\0\1" + bytes(12)
            mirror = b"\x10\0\x22\xeb\0\0\0\1" + b"\x20\1" + bytes(8)
            f.add([macs + b"\x88\xa8\0\1\x81\0\0\2\x08\0" + inner,
                   macs + b"\x08\0" + pm.ip(*outer, 47, b"\0\0\x08\0" + inner),
                   macs + b"\x08\0" + pm.ip(*outer, 17, pm.udp(
                       outer[0], 50000, outer[1], 4789, b"\x08" + bytes(7) + frame)),
                   macs + b"\x08\0" + pm.ip(*outer, 4, inner),
                   macs + b"\x88\x47" + bytes((0, 1, 0, 64, 0, 2, 1, 64)) + inner,
                   macs + b"\x08\0" + pm.ip(*outer, 47, b"\0\0\x88\xbe" + frame),
                   macs + b"\x08\0" + pm.ip(*outer, 47, b"\x10\0\x88\xbe\0\0\0\1" +
                                            b"\x10\1" + bytes(6) + frame),
                   macs + b"\x08\0" + pm.ip(*outer, 47, mirror + b"\0\6" + frame),
                   macs + b"\x08\0" + pm.ip(*outer, 47, mirror + b"\0\1" + bytes(8) + frame),
                   macs + b"\x08\0" + pm.ip(a[0], b[0], 51, auth + segment),
                   macs + b"\x86\xdd" + pm.ip(C6 if a[0] == C else S6, C6 if b[0] == C else S6, 51,
                                              auth + six),
                   macs + b"\x08\0" + pm.ip(*outer, 51, bytes((4, 4)) + auth[2:] + inner)][i],
                  raw=True)
    return f, 12, 12, []


def capture_overlays():
    """Tunnels in UDP, as overlay networks, mobile networks and IPv6 behind address translators have
    them; one in another, what is none at their ports, and a message to such a port."""
    f = pm.Pcap(link=pm.ETHERNET)
    macs = bytes(range(12))
    out = ("198.51.100.1", "198.51.100.2")
    six = ("2001:0:c633:6401::1", S6)
    origin = bytes((0, 0)) + bytes(6)
    auth = bytes((0, 1, 0, 0)) + bytes(8) + b"\0"
    for i, (a, b, data) in enumerate((((C, 40000), (S, 53), Q), ((S, 53), (C, 40000), A))):
        inner = pm.ip(a[0], b[0], 17, pm.udp(*a, *b, data))
        frame = macs + b"\x08\0" + inner
        ends = six if i == 0 else six[::-1]
        inner6 = pm.ip(*ends, 17, pm.udp(ends[0], a[1], ends[1], b[1], data))
        vxlan = b"\x08" + bytes(7) + frame
        outer = macs + b"\x08\0" + pm.ip(*out, 17, pm.udp(out[0], 50000, out[1], 4789, vxlan))
        for port, payload in ((4789, vxlan), (6081, b"\0\0\x08\0" + bytes(4) + inner),
                              (6081, b"\2\0\x65\x58" + bytes(12) + frame),
                              (2152, b"\x30\xff" + len(inner).to_bytes(2, "big") + bytes(4) + inner),
                              (4790, b"\x0c\0\0\1" + bytes(4) + inner),
                              (4790, b"\x0c\0\0\3" + bytes(4) + frame),
                              (4789, b"\x08" + bytes(7) + outer),
                              (3544, inner6), (3544, origin + inner6), (3544, auth + inner6),
                              (3544, auth + origin + inner6)):
            f.udp(out[0], 50000, out[1], port, payload)
        f.udp(out[1], 3544, out[0], 50000, inner6)
        f.udp(out[0], 50000, out[1], 3544, b"\0\1\xff\xff")  # cut within its own headers
        f.udp(out[0], 50000, out[1], 6081, b"\0")
        f.udp(*((out[0], 3544, out[1], 53) if i == 0 else (out[1], 53, out[0], 3544)), data)
    return f, 13, 13, []


def capture_again():
    """Retries, two replies, a question that comes back, one reply alone."""
    f = pm.Pcap()
    f.udp(C, 40000, S, 53, Q)
    f.wait(1)
    f.udp(C, 40000, S, 53, Q)
    f.udp(S, 53, C, 40000, A)
    f.udp(S, 53, C, 40000, A)
    f.udp(S, 53, C, 40001, A)
    f.udp(C, 40002, S, 53, Q)
    f.udp(S, 53, C, 40002, Q)
    return f, 3, 4, []


CAPTURES = [
    ("malformed", capture_malformed, [53], 0),
    ("shorter than a header", capture_short, [53], -1),  # tshark does not count three octets
    ("cut by the capture", capture_cut, [53], 0),
    ("TCP", capture_tcp, [53], 0),
    ("zone transfer", transfer, [53], 0),
    ("fragments", capture_fragments, [53], 0),
    ("others", capture_others, [53], 0),
    ("others, with a port", lambda: (capture_others()[0], 2, 1, []), [53, 8053], 0),
    ("tunnels and tags", capture_wrapped, [53], 0),
    ("tunnels in UDP", capture_overlays, [53], 0),
    ("again", capture_again, [53], 0),
]


def fits(got, wanted):
    """Whether the lists agree; an offset * fits any."""
    return len(got) == len(wanted) and all(
        re.fullmatch(re.escape(w).replace(r"@\*", r"@\d+"), g) for g, w in zip(got, wanted))


def made_tests(t, prog, d):
    has_tshark = shutil.which("tshark") is not None
    if not has_tshark:
        t.skip("counts beside tshark's", "tshark is not installed")
    for name, make, ports, beyond in CAPTURES:
        f, queries, replies, bad = make()
        path = os.path.join(d, "made.pcap")
        f.write(path)
        values = replay(prog, path, *(w for port in ports for w in ("--port", str(port))))
        end = values[-1]
        t.equal(f"{name}: messages", (end["queries"], end["replies"], end["messages"]),
                (queries, replies, queries + replies))
        got = malformed(values)
        t.check(f"{name}: what is malformed, and where", fits(got, bad), f"{got}\n{bad}")
        if has_tshark:
            t.equal(f"{name}: as many as tshark counts", end["messages"] + beyond,
                    tshark_count(path, ports))


# --- captures of others ---

def listed(prog, path):
    """The line of a capture: name, port, queries, replies, what is malformed."""
    name = os.path.basename(path)
    port = "8053" if "8053" in name else "53"
    values = replay(prog, path, "--port", port)
    end = values[-1]
    bad = "; ".join(malformed(values)) or "-"
    if end["notes"]["empty"]:
        bad = f"{end['notes']['empty']} empty"
    return f"{name} {port} {end['queries']} {end['replies']} {bad}"


def shared_files():
    return [os.path.join(SHARED, n) for n in sorted(os.listdir(SHARED)) if n.endswith(".pcap")]


def listed_tests(t, prog):
    if not os.path.isdir(SHARED):
        t.skip("captures of tcpdump's tests", f"{SHARED} is not there")
        return
    with open(LIST, encoding="ascii") as f:
        wanted = {line.split()[0]: line.strip() for line in f if not line.startswith("#")}
    for path in shared_files():
        name = os.path.basename(path)
        t.equal(f"{name}: as tests/data/captures.txt says", listed(prog, path), wanted.get(name))
        if shutil.which("tshark"):
            line = listed(prog, path).split()
            t.equal(f"{name}: as many as tshark counts", int(line[2]) + int(line[3]),
                    tshark_count(path, [line[1]]))


def main():
    if "--write" in sys.argv:
        parser = argparse.ArgumentParser()
        parser.add_argument("--prog", required=True)
        parser.add_argument("--write", action="store_true")
        prog = os.path.abspath(parser.parse_args().prog)
        print("# Captures of tcpdump's tests: port, queries, replies, what is malformed (q, r: query "
              "or reply;\n# packet@octet fault). Made by tests/cli/test_captures.py --write, looked "
              "through by hand.")
        for path in shared_files():
            print(listed(prog, path))
        return 0
    a = tap.arguments()
    t = tap.Tap()
    with tempfile.TemporaryDirectory(prefix="nsprobe-captures-") as d:
        os.chmod(d, 0o755)
        made_tests(t, a.prog, d)
    listed_tests(t, a.prog)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
