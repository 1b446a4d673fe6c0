#!/usr/bin/env python3
"""A DNS client with the mistakes that `nsprobe torture` is there to find. Each can be switched on.

  badclient.py MISTAKE ADDR PORT NAME

  none     checks what it should; ends with 0
  id       takes any ID
  pointer  follows compression pointers wherever they lead, for ever
  length   trusts RDLENGTH, and dies of it
  wait     waits for ever for an answer
  asan     says what a sanitizer says when a message is short
  child    leaves a child behind that keeps its output open
"""
import os
import signal
import socket
import struct
import subprocess
import sys


def name_at(m, at, careful):
    labels, seen = [], 0
    while True:
        c = m[at]
        if c == 0:
            return ".".join(labels)
        if c >= 0xc0:
            target = (c & 0x3f) << 8 | m[at + 1]
            seen += 1
            if careful and (target >= at or seen > 128):
                raise ValueError("pointer")
            at = target
        elif careful and c >= 0x40:
            raise ValueError("label type")
        else:
            labels.append(m[at + 1:at + 1 + c].decode("latin1"))
            at += 1 + c


def skip_name(m, at):
    while m[at] != 0:
        if m[at] >= 0xc0:
            return at + 2
        at += 1 + m[at]
    return at + 1


def ask(mistake, addr, port, name):
    query = struct.pack("!6H", 0x1234, 0x100, 1, 0, 0, 0)
    query += b"".join(bytes([len(x)]) + x.encode() for x in name.split(".")) + b"\0\0\1\0\1"
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect((addr, port))
    s.settimeout(None if mistake == "wait" else 0.5)
    s.send(query)
    while True:
        m = s.recv(65535)
        if mistake == "asan" and len(m) < 12:
            print("==1==ERROR: AddressSanitizer: heap-buffer-overflow", file=sys.stderr)
        head = struct.unpack("!6H", m[:12])
        right = head[0] == 0x1234 and head[1] & 0x8000 and head[2] == 1
        if right and m[12:len(query)] != query[12:]:
            right = False
        if right or (mistake == "id" and len(m) > len(query)):
            return m, head, skip_name(m, 12) + 4


def main():
    mistake, addr, port, name = sys.argv[1:5]
    if mistake == "child":
        subprocess.Popen(["sleep", "1000"])
    try:
        m, head, at = ask(mistake, addr, int(port), name)
        if head[1] & 0x7a0f:  # opcode, TC, rcode
            return 1
        for _ in range(head[3]):
            owner = name_at(m, at, mistake != "pointer")
            at = skip_name(m, at)
            rrtype, rrclass, _, size = struct.unpack("!HHIH", m[at:at + 10])
            if mistake == "length" and at + 10 + size > len(m):
                os.kill(os.getpid(), signal.SIGSEGV)
            if rrtype == 1 and rrclass == 1 and size == 4 and (owner == name or mistake == "id"):
                print(owner, socket.inet_ntoa(m[at + 10:at + 14]))
            at += 10 + size
        return 0
    except (ValueError, IndexError, struct.error, OSError) as e:
        print(f"no usable answer: {e!r}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
