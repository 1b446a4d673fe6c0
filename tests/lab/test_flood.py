#!/usr/bin/env python3
"""A server that floods whoever asks it: ICMP errors about a query again and again, datagrams that
match none, frames without a message over TCP, and an answer that is a hundred times longer as text.
Whoever asks ends in its time, and keeps little of it.

Runs in a network namespace of its own (root), for the ICMP errors of our own making."""
import json
import os
import select
import socket
import struct
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import tap  # noqa: E402

ADDRESS = "127.0.0.53"
NAME = "flood.test"
TIMES = ["--tries", "2", "--timeout", "0.5", "--late", "0.2"]
LONGEST = 6  # seconds; all tries take 1.2
EVERY = 0.05  # between two ICMP errors, less than the pause that one makes before the next try
FRAMES = b"\0\0" * 32768
EVENTS_MAX = 80


def checksum(octets):
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff


def unprinted(octet):
    """A name of 255 octets of a kind."""
    return [octet * 63] * 3 + [octet * 61]


def bomb(query):
    """NS records as many as fit, whose names are pointers to one of 255 octets, none of which
    prints as itself; framed (RFC 1035 4.1.4, 4.2.2)."""
    labels = unprinted(b"\1")
    question = b"".join(bytes([len(x)]) + x for x in labels) + b"\0" + b"\0\2\0\1"
    count = (65535 - 12 - len(question)) // 14
    head = query[:2] + b"\x84\0" + struct.pack("!4H", 1, count, 0, 0)
    reply = head + question + struct.pack("!HHHIHH", 0xc00c, 2, 1, 60, 2, 0xc00c) * count
    return struct.pack("!H", len(reply)) + reply


def unreachable(query, client):
    """An ICMP port unreachable about the query (RFC 792)."""
    udp = struct.pack("!4H", client[1], 53, 8 + len(query), 0) + query
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0,
                     socket.inet_aton(client[0]), socket.inet_aton(ADDRESS))
    quoted = ip + udp + b"\0" * (len(udp) % 2)
    return struct.pack("!BBHI", 3, 3, checksum(b"\3\3\0\0\0\0\0\0" + quoted), 0) + quoted


class Flood:
    """What a server does with a query until it is told to stop."""

    def __init__(self, kind):
        self.kind = kind
        self.ended = threading.Event()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((ADDRESS, 53))
        self.tcp = socket.create_server((ADDRESS, 53))
        self.raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)

    def __enter__(self):
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        for s in (self.udp, self.tcp, self.raw):
            s.close()

    def serve(self):
        asked = {}
        while not self.ended.is_set():
            for s in select.select([self.udp, self.tcp], [], [], EVERY)[0]:
                if s is self.tcp:
                    self.frames(self.tcp.accept()[0])
                else:
                    query, client = self.udp.recvfrom(4096)
                    asked[client] = query
            for client, query in asked.items():
                self.answer(query, client)

    def answer(self, query, client):
        if self.kind == "icmp":
            self.raw.sendto(unreachable(query, client), (client[0], 0))
        elif self.kind == "mismatch":
            for _ in range(200):
                self.udp.sendto(bytes([query[0] ^ 1, query[1], query[2] | 0x80]) + query[3:] +
                                b"\0" * 8000, client)
        elif self.kind in ("frames", "bomb"):
            self.udp.sendto(query[:2] + bytes([query[2] | 0x82]) + query[3:], client)

    def frames(self, connection):
        if self.kind == "bomb":
            with connection:
                connection.sendall(bomb(connection.recv(4096)[2:]))
            return
        connection.settimeout(0.2)
        end = time.monotonic() + LONGEST * 2
        with connection:
            try:
                while not self.ended.is_set() and time.monotonic() < end:
                    connection.sendall(FRAMES)
            except OSError:
                pass


def run(argv, stdin=""):
    """Output, and seconds; None: it did not end."""
    began = time.monotonic()
    try:
        p = subprocess.run(argv, input=stdin, text=True, capture_output=True, timeout=LONGEST * 3,
                           check=False)
    except subprocess.TimeoutExpired:
        return "", None
    return p.stdout, time.monotonic() - began


def result(out):
    try:
        return json.loads(out)
    except ValueError:
        return {}


def ended(t, name, took):
    t.check(f"{name}: ends in its time", took is not None and took < LONGEST, f"{took} s")


def query(t, a, kind, outcome, *options):
    with Flood(kind):
        out, took = run([a.prog, "query", "@" + ADDRESS, NAME, "SOA", "--json", *TIMES, *options])
    ended(t, f"query, {kind}", took)
    x = result(out)
    t.equal(f"query, {kind}: outcome", x.get("outcome"), outcome)
    n = len(x.get("events", []))
    t.check(f"query, {kind}: {EVENTS_MAX} events at most are kept", 2 < n <= EVENTS_MAX, n)


def longest_text(t, a):
    """The answer is not to the question: it is sent as octets, which have no question to match."""
    with Flood("bomb"):
        out, took = run([a.prog, "query", "@" + ADDRESS, "--tcp", "--json", *TIMES, "--send-hex",
                         "123400000001000000000000" + "00" + "00020001"])
    ended(t, "query, an answer long as text", took)
    reply = result(out).get("reply") or {}
    t.check("query, an answer long as text: all of it", len(reply.get("answer", [])) > 4600,
            out[-200:])


def bulk(t, a, kind, outcome, question=f"{NAME} SOA"):
    with Flood(kind):
        out, took = run([a.prog, "bulk", "-f", "-", "--query", "--server", ADDRESS, "--quiet", *TIMES],
                        stdin=question + "\n")
    ended(t, f"bulk, {kind}", took)
    t.equal(f"bulk, {kind}: outcome", result(out).get("outcome"), outcome)
    return result(out)


def main():
    a = tap.arguments()
    t = tap.Tap()
    if os.geteuid() != 0:
        t.skip("floods", "needs root")
        return t.done()
    query(t, a, "icmp", "icmp")
    query(t, a, "mismatch", "mismatched")
    query(t, a, "frames", "mismatched", "--tcp")
    longest_text(t, a)
    bulk(t, a, "icmp", "icmp")
    bulk(t, a, "mismatch", "silent")  # its IDs are other ones: nobody's
    bulk(t, a, "frames", "mismatched")
    x = bulk(t, a, "bomb", "answered", ".".join(unprinted("\\001")) + " NS")
    t.check("bulk, bomb: that records are left out is told", x.get("answer_left_out") and
            "answer" not in x and x.get("counts", [0])[0] > 4600, str(x)[:300])
    return t.done()


if __name__ == "__main__":
    if os.geteuid() != 0 or "NSPROBE_FLOOD" in os.environ:
        sys.exit(main())
    os.environ["NSPROBE_FLOOD"] = "1"
    os.execvp("unshare", ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh",
                          sys.executable, *sys.argv])
