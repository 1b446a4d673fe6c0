#!/usr/bin/env python3
"""Clients of `nsprobe serve` over TCP that are no friends of it. One asks and asks, and does not
read: the server keeps a little of what it has to say, waits without work, and says all of it in the
end. Many come at once, more than it may have files open: those that find no room are waited with,
without work, and get their answers when others are gone."""
import os
import resource
import socket
import struct
import subprocess
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
FILES = 24     # that the server may have open
CLIENTS = 40
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


def ask(s):
    s.sendall(struct.pack("!7H", 12 + len(QUESTION), 7, 0, 1, 0, 0, 0) + QUESTION)
    s.settimeout(5)
    try:
        return s.recv(1) != b""
    except OSError:
        return False


def crowded(t, name, pid):
    """More clients than files: two of them leave, and those that waited are served."""
    clients = [socket.create_connection(AT, 5) for _ in range(CLIENTS)]
    time.sleep(0.5)
    before = seconds(pid)
    time.sleep(1)
    worked = seconds(pid) - before
    t.check(f"{name}: clients without room are waited with without work", worked < 0.2,
            f"{worked} s")
    served = [ask(c) for c in (clients.pop(0), clients.pop(0))]
    t.equal(f"{name}: the first are served", served, [True, True])
    for c in clients[:-5]:
        c.close()
    t.check(f"{name}: the last is served when others are gone", ask(clients[-1]))
    for c in clients:
        c.close()


def crowd(t, name, argv, errors):
    limit = (resource.RLIMIT_NOFILE, (FILES, FILES))
    with open(errors, "w+", encoding="utf-8") as err:
        p = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=err, text=True,
                             preexec_fn=lambda: resource.setrlimit(*limit))
        try:
            if any(line.startswith("ready") for line in p.stdout):
                crowded(t, name, p.pid)
        finally:
            tap.stop([p])
        err.seek(0)
        text = err.read()
    t.check(f"{name}: it is said once", text.count("\n") == 1 and "Too many open files" in text,
            text)


def too_small(t, prog, path):
    """Not even the addresses have room."""
    limit = (resource.RLIMIT_NOFILE, (4, 4))
    p = subprocess.run([prog, "serve", path], capture_output=True, text=True, check=False,
                       preexec_fn=lambda: resource.setrlimit(*limit))
    t.equal("no room to listen: could not serve", p.returncode, 3)
    t.check("what is missing is said", "ulimit" in p.stderr and "port-base" not in p.stderr,
            p.stderr)


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
        errors = os.path.join(d, "errors")
        crowd(t, "a scenario", [a.prog, "serve", path], errors)
        crowd(t, "--fuzz", [a.prog, "serve", "--fuzz", "1", "--only", "opcode", "--listen",
                            f"{AT[0]}#{AT[1]}"], errors)
        too_small(t, a.prog, path)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
