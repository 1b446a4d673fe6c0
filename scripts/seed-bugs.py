#!/usr/bin/env python3
"""Do the fuzz targets find bugs? Each bug of scripts/seeded-bugs.conf is put into a copy of the tree,
and the target that is responsible is run on it, from the checked-in corpus, until it reports.

  scripts/seed-bugs.py [--seconds N] [--list FILE] [NAME...]
                                                  the bugs of the list (all of them)
  scripts/seed-bugs.py --sweep N [--seconds N] [--seed S]
                                                  N small changes, made mechanically: bounds that
                                                  are off by one, dropped additions, left-out checks

Prints a line for each: how long it took, and what was reported. Ends non-zero when a bug of the
list is not found within --seconds (600). Survivors of a sweep are for people to look at: a change
may be none that matters.
"""
import argparse
import concurrent.futures
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

from coverage import KERNEL

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LIST = os.path.join(ROOT, "scripts", "seeded-bugs.conf")
# Targets that reach each file of the sweep; the first is tried first.
TARGETS = [
    ("proto/name", ["name", "message"]), ("proto/message", ["message", "roundtrip"]),
    ("proto/wire", ["message", "name", "build"]), ("proto/encode", ["roundtrip", "build"]),
    ("proto/mangle", ["mangle"]), ("proto/mutate", ["mutate"]), ("proto/frame", ["build"]),
    ("proto/lex", ["rdatatext", "zone", "rdata"]), ("proto/zone", ["zone"]),
    ("proto/generate", ["build", "mutate"]), ("proto/edns", ["message", "build"]),
    ("proto/json", ["message"]), ("proto/rrtype", ["rdatatext", "build"]),
    ("proto/", ["rdata", "message", "roundtrip"]),
    ("capture/pair", ["pair", "replay"]), ("capture/pcap_write", ["pair"]),
    ("capture/source_", ["capfile"]), ("capture/input", ["capfile"]), ("capture/codec", ["capfile"]),
    ("capture/unpack", ["capfile"]), ("capture/ahead", ["capfile"]),
    ("capture/reader", ["capfile"]), ("capture/witness", ["witness"]),
    ("capture/filter", ["filter"]), ("capture/bpf", ["capfile"]),
    ("capture/stream", ["tcp", "decode"]), ("capture/spans", ["tcp", "fragment", "decode"]),
    ("capture/ip", ["headers", "decode"]), ("capture/udp", ["headers", "decode"]),
    ("capture/icmp", ["headers", "decode"]), ("capture/tcp", ["tcp", "decode", "headers"]), ("capture/resync", ["tcp", "decode"]),
    ("capture/fragment", ["fragment", "decode"]), ("capture/", ["decode"]),
    ("src/bulk/output", ["checkpoint"]), ("src/bulk/list", ["list"]),
    ("src/diagnose/profile", ["profile"]), ("src/diagnose/spf", ["spf"]),
    ("src/watch/row", ["history"]), ("src/bulk/flight", ["flight"]),
]
# What the sweep changes.
SWEPT = ["proto/", "capture/", "src/bulk/list.c", "src/bulk/output.c", "src/diagnose/profile.c",
         "src/diagnose/spf.c"]


def read_list(path):
    """[(name, target, file, old, new)]: paragraphs of five fields. A line that begins with a blank
    goes on with the field before it."""
    bugs = []
    with open(path) as f:
        text = "".join(line for line in f if not line.startswith("#"))
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        field = dict(part.split(": ", 1) for part in re.split(r"\n(?! )", paragraph))
        bugs.append((field["bug"], field["target"].split(), field["file"], field["old"],
                     field["new"]))
    return bugs


def targets_of(path):
    names = next(targets for prefix, targets in TARGETS if path.startswith(prefix))
    return [t for t in names if os.path.exists(os.path.join(ROOT, "fuzz", f"fuzz_{t}.c"))]


SWEEP = [  # what is replaced, by what
    (r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "), (r" >= ", " > "), (r" \+ 1\b", ""),
    (r" \+ 2\b", ""), (r" - 1\b", ""), (r" && ", " || "), (r"\|\| ", "&& "), (r" != NULL", " == NULL"),
    (r"u?int32_t (\w+) =", r"uint16_t \1 = (uint16_t)"), (r" == 0\b", " != 0"), (r" % ", " / "),
]


def sweep(count, seed):
    """Changes of single places, in lines that check something."""
    places = []
    files = [p for room in SWEPT for p in (
        [room] if room.endswith(".c") else
        [room + n for n in sorted(os.listdir(os.path.join(ROOT, room))) if n.endswith(".c")])]
    for path in files:
        if path in KERNEL:
            continue
        with open(os.path.join(ROOT, path)) as f:
            lines = f.read().split("\n")
        for number, line in enumerate(lines):
            if not re.search(r"\b(if|while|for|return)\b|=", line) or line.startswith(("#", "/", " *")):
                continue
            for old, new in SWEEP:
                for m in re.finditer(old, line):
                    places.append((path, number, m.span(), m.expand(new)))
    random.Random(seed).shuffle(places)
    for path, number, (begin, end), new in places[:count]:
        with open(os.path.join(ROOT, path)) as f:
            line = f.read().split("\n")[number]
        yield (f"{path}:{number + 1} {line.strip()[:60]} [{line[begin:end].strip()} -> {new.strip()}]",
               targets_of(path), path, (number, line), line[:begin] + new + line[end:])


def plant(tree, path, old, new):
    full = os.path.join(tree, path)
    with open(full) as f:
        text = f.read()
    if isinstance(old, tuple):
        lines = text.split("\n")
        assert lines[old[0]] == old[1]
        lines[old[0]] = new
        text = "\n".join(lines)
    else:
        if text.count(old) != 1:
            raise ValueError(f"{path} has '{old}' {text.count(old)} times")
        text = text.replace(old, new)
    with open(full, "w") as f:
        f.write(text)


def build(tree, target):
    """Warnings are what a bug may well give."""
    p = subprocess.run(["make", "-s", "FUZZER=1", "CC=clang-14", "BUILD=build/fuzz", "WARN=-w",
                        f"build/fuzz/fuzz_{target}"], cwd=tree, capture_output=True, text=True,
                       check=False)
    return p.returncode == 0, p.stderr


def hunt(tree, target, seconds):
    """(found, seconds, runs, report)"""
    found = os.path.join(tree, "found", target)
    os.makedirs(found, exist_ok=True)
    began = time.monotonic()
    p = subprocess.run(
        [os.path.join(tree, "build", "fuzz", f"fuzz_{target}"), f"-max_total_time={seconds}",
         "-max_len=4096", "-seed=1", "-timeout=20", "-rss_limit_mb=4096",
         f"-dict={ROOT}/build/fuzz.dict", f"-artifact_prefix={found}/", found,
         os.path.join(ROOT, "fuzz", "corpus", target)],
        cwd=tree, capture_output=True, text=True, errors="replace", check=False)
    took = time.monotonic() - began
    runs = re.findall(r"^#(\d+)", p.stderr, re.M)
    report = re.search(r"SUMMARY: (.*)", p.stderr)
    return p.returncode != 0, took, int(runs[-1]) if runs else 0, report.group(1) if report else ""


def short(report):
    report = re.sub(r"\S*/((?:proto|capture|src|fuzz)/)", r"\1", report)
    report = re.sub(r"AddressSanitizer: |UndefinedBehaviorSanitizer: |undefined-behavior ", "", report)
    return re.sub(r" \(/.*?\)| in +$|libFuzzer: ", "", report)[:60]


def one(base, bug, seconds):
    name, targets, path, old, new = bug
    with tempfile.TemporaryDirectory() as d:
        tree = os.path.join(d, "tree")
        subprocess.run(["cp", "-a", base, tree], check=True)
        try:
            plant(tree, path, old, new)
        except ValueError as e:  # the code has changed since
            return name, "", 0, 0, str(e)
        total, runs = 0.0, 0
        for target in targets:
            good, said = build(tree, target)
            if not good:
                return name, None, 0, 0, f"cannot be built: {said.strip().splitlines()[:1]}"
            found, took, n, report = hunt(tree, target, seconds // len(targets))
            total, runs = total + took, runs + n
            if found:
                return name, target, total, runs, short(report)
        return name, "", total, runs, "NOT FOUND"


def copy_tree(folder, targets):
    """A tree in which everything is built already: only what a bug changes is built again."""
    base = os.path.join(folder, "base")
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in files.stdout.decode().split("\0"):
        if name and not name.startswith("fuzz/corpus/") and os.path.exists(os.path.join(ROOT, name)):
            os.makedirs(os.path.dirname(os.path.join(base, name)), exist_ok=True)
            shutil.copy2(os.path.join(ROOT, name), os.path.join(base, name))
    for target in targets:
        good, said = build(base, target)
        if not good:
            sys.exit(f"fuzz_{target} cannot be built:\n{said}")
    return base


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--list", default=LIST)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--sweep", type=int, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    a = parser.parse_args()
    bugs = list(sweep(a.sweep, a.seed)) if a.sweep else read_list(a.list)
    bugs = [b for b in bugs if not a.names or b[0] in a.names]
    if not bugs:
        sys.exit("no such bug")
    os.makedirs(os.path.join(ROOT, "build"), exist_ok=True)
    with open(os.path.join(ROOT, "build", "fuzz.dict"), "w") as f:
        subprocess.run(["scripts/fuzz-dict.sh"], cwd=ROOT, stdout=f, check=True)
    missed = 0
    with tempfile.TemporaryDirectory() as d:
        base = copy_tree(d, sorted({t for b in bugs for t in b[1]}))
        with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
            for name, target, took, runs, report in pool.map(
                    lambda b: one(base, b, a.seconds), bugs):
                missed += target == ""
                print(f"{'ok' if target else '--':2} {name:40} {target or '-':10} {took:6.1f} s "
                      f"{runs:9} runs  {report}", flush=True)
    print(f"{len(bugs) - missed} passed, {missed} failed")
    return 1 if missed and not a.sweep else 0


if __name__ == "__main__":
    sys.exit(main())
