#!/usr/bin/env python3
"""Runs the test and fuzz inputs of other projects through our fuzz targets: nothing may be reported.

  scripts/foreign-inputs.py [--target NAME]... PLACE...

A PLACE is a folder, or a git directory without a work tree; of a checkout only what lies in folders
of tests, captures and corpora is taken. Every file goes through every target. Of captures every
packet is taken too, as a single packet and as a frame, and the payload of each datagram from or to
port 53 as a message. Nothing of it is kept. Prints a line for each target, ends non-zero when one
reported anything or took more than 25 seconds over an input.
"""
import argparse
import hashlib
import os
import re
import struct
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WANTED = re.compile(r"fuzz|corp|test|trace|pcap|\.(cap|pcapng|dmp|in|rpl|zone|db)$", re.I)
SIZE_MAX = 4 << 20
# Octets that an input of a target may have: captures are long; what is a message, a packet or a
# script of them is not. libpcap compiles each filter.
LIMITS = {"capfile": SIZE_MAX, "replay": SIZE_MAX, "witness": SIZE_MAX, "filter": 512}
LIMIT = 65536
PACKETS_MAX = 20  # of one capture


def blobs(place, names):
    out = subprocess.run(["git", "--git-dir", place, "cat-file", "--batch"],
                         input="\n".join(names).encode() + b"\n", capture_output=True,
                         check=False).stdout
    at = 0
    while at < len(out):
        end = out.index(b"\n", at)
        head = out[at:end].split()
        if len(head) != 3:  # the snapshot lists it, and has it not
            at = end + 1
            continue
        size = int(head[2])
        yield out[end + 1:end + 1 + size]
        at = end + 2 + size


def git_files(place):
    names = subprocess.run(["git", "--git-dir", place, "ls-tree", "-r", "-l", "HEAD"],
                           capture_output=True, text=True, errors="replace", check=False).stdout
    wanted = []
    for line in names.splitlines():
        fields, path = line.split("\t", 1)
        _, kind, blob, size = fields.split()
        if kind == "blob" and size.isdigit() and 0 < int(size) <= SIZE_MAX and WANTED.search(path):
            wanted.append(blob)
    for at in range(0, len(wanted), 500):
        yield from blobs(place, wanted[at:at + 500])


def folder_files(place):
    for folder, _, names in os.walk(place):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and 0 < os.path.getsize(path) <= SIZE_MAX:
                with open(path, "rb") as f:
                    yield f.read()


def packets(data):
    """(link, octets) of a classic pcap file."""
    magics = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">", b"\x4d\x3c\xb2\xa1": "<",
              b"\xa1\xb2\x3c\x4d": ">"}
    order = magics.get(data[:4])
    if order is None or len(data) < 24:
        return
    link = struct.unpack(order + "I", data[20:24])[0] & 0xffff
    at = 24
    while at + 16 <= len(data):
        size = struct.unpack(order + "I", data[at + 8:at + 12])[0]
        if size > 65535 or at + 16 + size > len(data):
            return
        yield link, data[at + 16:at + 16 + size]
        at += 16 + size


def parts(data):
    """What can be taken out of a capture, each as (kind of input, octets)."""
    for count, (link, octets) in enumerate(packets(data)):
        if count == PACKETS_MAX:
            return
        yield "link", struct.pack("<H", link) + octets
        yield "decode", b"\0\0\1\0" + struct.pack(">H", len(octets)) + octets
        ip = octets[14:] if link == 1 else octets
        if ip and ip[0] >> 4 in (4, 6):
            yield "headers", bytes([ip[0] >> 4 == 6, 0]) + ip
        head = (ip[0] & 15) * 4 if ip and ip[0] >> 4 == 4 else 40
        if len(ip) > head + 8 and 53 in struct.unpack(">HH", ip[head:head + 4]):
            yield "message", ip[head + 8:]


def collect(places, folder):
    """Writes every different input once. Returns {kind: [paths]}; kind "" is for all targets."""
    out, seen = {}, set()

    def keep(kind, data):
        name = hashlib.sha1(kind.encode() + data).hexdigest()
        if name in seen:
            return
        seen.add(name)
        path = os.path.join(folder, name)
        with open(path, "wb") as f:
            f.write(data)
        out.setdefault(kind, []).append(path)

    for place in places:
        bare = not os.path.exists(os.path.join(place, ".git")) and os.path.exists(
            os.path.join(place, "HEAD"))
        inner = os.path.join(place, ".git")
        before = len(seen)
        for data in (git_files(place) if bare else git_files(inner) if os.path.isdir(inner)
                     else folder_files(place)):
            keep("", data)
            for kind, octets in parts(data):
                keep(kind, octets)
        print(f"{len(seen) - before:7} inputs of {place}", flush=True)
    return out


def run(target, paths):
    """Runs all; returns [(path, report)] of those that were reported."""
    program = os.path.join(ROOT, "build", "fuzz", f"fuzz_{target}")
    bad = []
    at = 0
    while at < len(paths):
        chunk = paths[at:at + 500]
        with tempfile.TemporaryDirectory() as d:
            p = subprocess.run([program, "-timeout=25", "-rss_limit_mb=4096", f"-artifact_prefix={d}/",
                                *chunk], cwd=d, capture_output=True, text=True, errors="replace",
                               check=False)
        if p.returncode == 0:
            at += len(chunk)
            continue
        begun = re.findall(r"^Running: (.*)$", p.stderr, re.M)
        report = re.search(r"SUMMARY: (.*)", p.stderr)
        bad.append((begun[-1] if begun else "", report.group(1) if report else p.stderr[-200:]))
        at += max(len(begun), 1)
    return bad


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("places", nargs="+")
    parser.add_argument("--target", action="append")
    parser.add_argument("--keep", metavar="FOLDER", help="copies of inputs that were reported")
    a = parser.parse_args()
    targets = a.target or sorted(n[5:-2] for n in os.listdir(os.path.join(ROOT, "fuzz"))
                                 if n.startswith("fuzz_") and n.endswith(".c"))
    subprocess.run(["make", "-s", "CC=clang-14", "FUZZER=1", "BUILD=build/fuzz",
                    *[f"build/fuzz/fuzz_{t}" for t in targets]], cwd=ROOT, check=True)
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        inputs = collect(a.places, folder)
        size = {p: os.path.getsize(p) for paths in inputs.values() for p in paths}
        for target in targets:
            kinds = ["", target, "message"] if target in ("roundtrip", "differ", "mangle", "mutate",
                                                          "rdata", "name", "respond") else ["", target]
            limit = LIMITS.get(target, LIMIT)
            paths = [p for kind in kinds for p in inputs.get(kind, []) if size[p] <= limit]
            began = time.monotonic()
            bad = run(target, paths)
            failed += len(bad)
            print(f"{'ok' if not bad else 'not ok'} - {target}: {len(paths)} inputs, "
                  f"{sum(size[p] for p in paths) / 1e6:.1f} MB, {time.monotonic() - began:.0f} s",
                  flush=True)
            for path, report in bad:
                print(f"    {os.path.basename(path)}: {report}")
                if a.keep and path:
                    os.makedirs(a.keep, exist_ok=True)
                    subprocess.run(["cp", path, os.path.join(a.keep, f"{target}-" + os.path.basename(
                        path))], check=False)
    print(f"{sum(map(len, inputs.values()))} inputs, {len(targets)} targets, {failed} reports")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
