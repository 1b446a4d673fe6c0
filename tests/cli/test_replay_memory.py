#!/usr/bin/env python3
"""A capture ten times as large needs no more memory, whatever is in it: peak resident memory of
`nsprobe replay` (the kernel's word, getrusage) over 20 MB and over 200 MB, read from a file, from a
pipe and compressed, and of floods that would have a reader grow that remembers all it sees.

Files are read through a buffer and never mapped, so that resident memory is the program's own.
"""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import tap  # noqa: E402

# Packets of the smaller capture: enough to fill every table that the options allow. Octets of
# either are printed.
KINDS = {"traffic": 140000, "syn": 290000, "fragments": 30000, "ids": 210000, "ports": 210000,
         "names": 170000, "servers": 170000}
# What differs between two runs of the same: where the allocator happens to leave holes.
SLACK = 1.05
SLACK_KIB = 2048


# Evidence is kept up to --memory: with less, the smaller capture fills that too.
LIMITS = {"traffic": "16"}
# KiB, of ordinary traffic with all limits as they are by default
MOST = 40960


def peak(build, prog, path, *argv, through=None):
    """Peak resident KiB and exit code; through: a command whose output is read instead."""
    told = path + ".peak"
    source = None
    if through:
        source = subprocess.Popen(through, stdout=subprocess.PIPE)
    subprocess.run([f"{build}/bench/peak", told, prog, "replay", *argv, "-" if through else path],
                   stdin=source.stdout if source else subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    if source:
        source.stdout.close()
        source.wait()
    with open(told, encoding="ascii") as f:
        return tuple(int(word) for word in f.read().split())


def compare(t, name, small, large):
    t.check(f"{name}: {small[0]} KiB, with ten times the packets {large[0]} KiB",
            small[1] == large[1] and small[1] in ((3,) if name.startswith("fragments") else
                                                  (0, 1, 2)) and
            large[0] <= small[0] * SLACK + SLACK_KIB, f"exit codes {small[1]} and {large[1]}")


def main():
    a = tap.arguments()
    t = tap.Tap()
    build = os.path.dirname(os.path.abspath(a.prog))
    with tempfile.TemporaryDirectory(prefix="nsprobe-memory-") as d:
        os.chmod(d, 0o755)
        path = os.path.join(d, "x.pcap")
        for kind, packets in KINDS.items():
            ways = {"file": {}, "pipe": {"through": ["cat", path]}}
            if kind == "traffic":
                ways["gzip"] = {"through": ["gzip", "-1", "-c", path]}
            more = ["--memory", LIMITS.get(kind, "32")]
            seen = {}
            for n in (packets, 10 * packets):
                with open(path, "wb") as f:
                    subprocess.run([f"{build}/bench/mkpcap", kind, str(n)], stdout=f, check=True)
                print(f"# {kind}: {os.path.getsize(path) / 1e6:.0f} MB")
                for way, how in ways.items():
                    for threads in "13":
                        seen[way, threads, n] = peak(build, a.prog, path, "--threads", threads,
                                                     *more, **how)
            for way in ways:
                for threads in "13":
                    compare(t, f"{kind}, {way}, --threads {threads}", seen[way, threads, packets],
                            seen[way, threads, 10 * packets])
            if kind == "traffic":
                kib, code = peak(build, a.prog, path)
                t.check(f"{kind}, limits as by default: {kib} KiB", code == 2 and kib < MOST, code)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
