#!/usr/bin/env python3
"""The work that an input can cause is linear in its size, and bounded for each octet.

Each family below makes hostile input of any size. Its cost is the number of instructions that the
fuzz target executes on it (callgrind counts them: the same each time, whatever else the machine
does). Four times the input may cost at most five times the work, and no input more instructions an
octet than BOUND says. The messages of the corpora are held to the same bound.

The bounds are twice the worst that was measured; `--measure` prints what it is now.
"""
import argparse
import concurrent.futures
import os
import re
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, HERE)
import captures  # noqa: E402
import tap  # noqa: E402

# target: instructions for each octet of input
BOUND = {'message': 15000, 'roundtrip': 14400, 'zone': 520, 'taglist': 220, 'expect': 120,
         'scenario': 200, 'replay': 400}
SMALL, LARGE = 12000, 48000


def header(qd, an):
    return struct.pack("!6H", 1, 0x8000, qd, min(an, 65535), 0, 0)


def record(owner, rrtype, rdata):
    return owner + struct.pack("!HHIH", rrtype, 1, 60, len(rdata)) + rdata


def fill(size, first, make):
    """Records made by make(offset) until size octets are full, behind first."""
    body = bytearray(first)
    count = 0
    while True:
        rr = make(12 + len(body))
        if 12 + len(body) + len(rr) > size:
            break
        body += rr
        count += 1
    return header(1, count) + bytes(body)


def longest(letter=b"a"):
    """A name of 255 octets in labels of one."""
    return (b"\x01" + letter) * 127 + b"\0"


QUESTION = b"\0" + struct.pack("!HH", 1, 1)
LONG_QUESTION = longest() + struct.pack("!HH", 1, 1)


def pointer(offset):
    return struct.pack("!H", 0xc000 | min(offset, 0x3fff))


def chained(size, label, question):
    """Chains of as many pointers as are allowed, then the next one."""
    last = [12, 0]

    def make(at):
        rr = record(label + pointer(last[0]), 10, b"")
        last[1] += 1
        if last[1] % 100 == 0:
            last[0] = 12
        elif at < 0x3fff:
            last[0] = at
        return rr
    return fill(size, question, make)


def chain(size):
    """Each owner is a label before a pointer to the owner before it."""
    return chained(size, b"\x01x", QUESTION)


def bare_chain(size):
    """Each owner is a pointer to the pointer before it."""
    return chained(size, b"", LONG_QUESTION)


def to_longest(rrtype, rdata):
    """Owner and RDATA point to the longest name."""
    def family(size):
        return fill(size, LONG_QUESTION, lambda at: record(pointer(12), rrtype, rdata))
    return family


def many_names(size):
    """Another name each time: what compression looks for in vain."""
    n = [0]

    def make(_):
        n[0] += 1
        label = b"%06d" % n[0]
        return record(bytes([len(label)]) + label + b"\0", 1, b"\1\2\3\4")
    return fill(size, QUESTION, make)


def one_rdata(rrtype, piece):
    """One record whose RDATA is as long as possible."""
    def family(size):
        rdata = piece(size - 40)
        return header(1, 1) + QUESTION + record(b"\0", rrtype, rdata)
    return family


def svcparams(size):
    out = bytearray(b"\0\1\0")
    for key in range(10, 65000):
        if len(out) + 4 > size:
            break
        out += struct.pack("!HH", key, 0)
    return bytes(out)


def options(size):
    count = (size - 40) // 4
    opt = b"\0" + struct.pack("!HHIH", 41, 1232, 0, 4 * count) + struct.pack("!HH", 65001, 0) * count
    return struct.pack("!6H", 1, 0x8000, 1, 0, 0, 1) + QUESTION + opt


def questions(size):
    n = (size - 12) // 5
    return header(n, 0) + QUESTION * n


MESSAGES = {
    "owners, each a label and a pointer to the last": chain,
    "owners, each a pointer to the last": bare_chain,
    "smallest records": lambda size: fill(size, QUESTION, lambda at: record(b"\0", 10, b"")),
    "pointers to the longest name": to_longest(2, pointer(12)),
    "SOA with pointers to the longest name": to_longest(6, pointer(12) * 2 + b"\0" * 20),
    "RRSIG with pointers to the longest name": to_longest(46, b"\0" * 18 + pointer(12)),
    "another owner each time": many_names,
    "empty strings": one_rdata(16, lambda n: b"\0" * n),
    "rendezvous servers": one_rdata(55, lambda n: b"\1\2\0\1xy" + b"\1a\0" * ((n - 6) // 3)),
    "address prefixes": one_rdata(42, lambda n: b"\0\1\0\0" * (n // 4)),
    "parameters of SVCB": one_rdata(64, svcparams),
    "opaque octets": one_rdata(48, lambda n: b"\1\1\3\15" + bytes(range(256)) * (n // 256)),
    "EDNS options": options,
    "questions": questions,
}

TEXTS = {
    "zone": {
        "records": lambda size: b"a 1 IN A 192.0.2.1\n" * (size // 19),
        "parentheses": lambda size: b"a TXT (" + b"\n" * (size - 12) + b" x)\n",
        "quoted strings": lambda size: b"a TXT " + b'"" ' * (size // 3) + b"\n",
        "comments": lambda size: b"; comment\n" * (size // 10),
        "escapes": lambda size: b"a TXT " + b"\\065" * (size // 4) + b"\n",
        "parameters": lambda size: b"a SVCB 1 . " + b" ".join(
            b"key%d" % (k + 10) for k in range(size // 9)) + b"\n",
        "prefixes": lambda size: b"a APL " + b"1:192.0.2.0/24 " * (size // 15) + b"\n",
        "types": lambda size: b"a NSEC . " + b" ".join(
            b"TYPE%d" % (1000 + k) for k in range(size // 9)) + b"\n",
    },
    "taglist": {
        "tags": lambda size: b"a=b;" * (size // 4),
        "faults": lambda size: b"=;" * (size // 2),
        "folding": lambda size: b"a=" + b"\r\n " * (size // 3) + b";",
    },
    "expect": {
        "rows": lambda size: b"Name,Type,Value\n" + b"a.example,CNAME,b.example\n" * (size // 26),
        "quotes": lambda size: b"Name,Type,Value\n" + b'"' * size,
    },
    "scenario": {
        "zones": lambda size: b"".join(b"zone a%d.test {\n@ SOA a b 1 1 1 1 1\n}\n" % k
                                       for k in range(min(size // 40, 4000))),
        "records": lambda size: b"zone a.test {\n@ SOA a b 1 1 1 1 1\n" +
                   b"".join(b"a%d A 192.0.2.1\n" % k for k in range(size // 18)) + b"}\n",
    },
}


# Whole captures go all the way to the report; longer than 64 KiB, with the limits that users have.
CAPTURE_SMALL, CAPTURE_LARGE = 150000, 600000


class Cost:
    """Instructions that targets execute on inputs, by callgrind."""

    def __init__(self, build, folder):
        self.build = build
        self.folder = folder

    def has(self, target):
        return os.access(os.path.join(self.build, "corpus", "fuzz_" + target), os.X_OK)

    def of(self, target, data):
        with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as f:
            f.write(data)
        program = os.path.join(self.build, "corpus", "fuzz_" + target)
        p = subprocess.run(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
             "--toggle-collect=LLVMFuzzerTestOneInput", program, f.name],
            capture_output=True, text=True, check=False)
        m = re.search(r"Collected : (\d+)", p.stderr)
        if p.returncode != 0 or not m:
            raise RuntimeError(f"{target}: status {p.returncode}: {p.stderr[-400:]}")
        return int(m.group(1))


def families():
    for name, make in MESSAGES.items():
        for target in ("message", "roundtrip"):
            yield target, name, make
    for target, makes in TEXTS.items():
        for name, make in makes.items():
            yield target, name, make
    for name, make in captures.FAMILIES.items():
        yield "replay", name, make


def measured(cost, target, make):
    """Octets and instructions, small and large."""
    sizes = (CAPTURE_SMALL, CAPTURE_LARGE) if target == "replay" else (SMALL, LARGE)
    return [(len(data), cost.of(target, data)) for data in map(make, sizes)]


def judge(t, target, name, small, large, worst, measure):
    each = large[1] / large[0]
    worst[target] = max(worst.get(target, 0), each)
    growth = (large[1] / small[1]) / (large[0] / small[0])
    if measure:
        print(f"{target:10} {each:10.0f} instructions an octet, growth {growth:5.2f}  {name}")
        return
    t.check(f"{target}: {name}: linear", growth < 1.25,
            f"{small[0]} octets: {small[1]} instructions; {large[0]} octets: {large[1]}")
    t.check(f"{target}: {name}: at most {BOUND[target]} instructions an octet",
            each <= BOUND[target], f"{each:.0f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--prog", required=True, help="the nsprobe program of a release build")
    parser.add_argument("--measure", action="store_true")
    a = parser.parse_args()
    t = tap.Tap()
    worst = {}
    with tempfile.TemporaryDirectory() as folder:
        cost = Cost(os.path.dirname(os.path.abspath(a.prog)), folder)
        todo = [f for f in families() if cost.has(f[0])]
        lack = {target for target, _, _ in families()} - {f[0] for f in todo}
        t.check("all targets are built", not lack, f"make corpus: {lack}")
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            costs = pool.map(lambda f: measured(cost, f[0], f[2]), todo)
            for (target, name, _), (small, large) in zip(todo, costs):
                judge(t, target, name, small, large, worst, a.measure)
    if a.measure:
        print({k: round(2 * v, -2) for k, v in worst.items()})
        return 0
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
