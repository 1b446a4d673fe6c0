#!/usr/bin/env python3
"""A client of `nsprobe serve` that asks and asks over TCP, and does not read: the server keeps a
little of what it has to say, waits without work, and says all of it in the end."""
import os
import socket
import struct
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import tap  # noqa: E402

AT = ("127.0.0.1", 5431)
TEXTS = 60  # of 250 octets: an answer of 16 KiB
QUERIES = 20000
MOST = 200 * 1024  # KiB of memory; the answers are 300 MiB, and sanitizers keep what is freed
QUESTION = b"\1z\4test\0\0\x10\0\1"

SCENARIO = """root 198.51.100.1
zone . {{
$TTL 300
@ SOA a.root.test. host 1 2 3 4 5
@ NS a.root.test.
a.root.test. A 198.51.100.1
}}
zone z.test {{
$TTL 300
@ SOA n1 host 1 2 3 4 5
@ NS n1
n1 A 198.51.100.1
{texts}}}
address 198.51.100.1 on {host}#{port} {{
serves . z.test
}}
"""


def memory(pid):
    """Resident, KiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))


def seconds(pid):
    """Of processor time."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def send_all(s, octets):
    """Sends until nothing goes for a second; returns what is left."""
    s.settimeout(1)
    try:
        while octets:
            octets = octets[s.send(octets):]
    except TimeoutError:
        pass
    return octets


def answers(s, rest):
    """IDs of all answers, while what is left of the questions goes out."""
    s.setblocking(False)
    got = b""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if rest:
            try:
                rest = rest[s.send(rest):]
            except BlockingIOError:
                pass
        try:
            octets = s.recv(1 << 20)
        except BlockingIOError:
            time.sleep(0.001)
            continue
        if not octets:
            return
        got += octets
        while len(got) >= 4 and len(got) >= 2 + struct.unpack_from("!H", got)[0]:
            size, number = struct.unpack_from("!HH", got)
            got = got[2 + size:]
            yield number
            if number == QUERIES - 1:
                return


def flood(t, pid):
    queries = b"".join(struct.pack("!H6H", 12 + len(QUESTION), i, 0, 1, 0, 0, 0) + QUESTION
                       for i in range(QUERIES))
    before = memory(pid)
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        s.connect(AT)
        rest = send_all(s, queries)
        time.sleep(1)
        kept = memory(pid) - before
        t.check("what nobody reads is not kept", kept < MOST, f"{kept} KiB")
        worked = seconds(pid)
        time.sleep(1)
        worked = seconds(pid) - worked
        t.check("nor waited for with work", worked < 0.2, f"{worked} s")
        t.equal("all is said in the end", list(answers(s, rest)), list(range(QUERIES)))


def main():
    a = tap.arguments()
    t = tap.Tap()
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "scenario")
        texts = "".join(f'@ TXT "{i:03}{"x" * 247}"\n' for i in range(TEXTS))
        with open(path, "w", encoding="ascii") as f:
            f.write(SCENARIO.format(texts=texts, host=AT[0], port=AT[1]))
        with tap.Serve(a.prog, path) as serve:
            if t.check("serves", serve.ready, serve.output):
                flood(t, serve.process.pid)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
