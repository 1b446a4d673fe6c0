#!/usr/bin/env python3
"""Lines of proto/ and capture/ that the fuzz corpora alone execute.

  scripts/coverage.py BUILD [--bar PERCENT] [--missing]

BUILD holds the corpus programs built with gcc --coverage (make coverage does both). Every corpus is
run through its target; gcov's counts of all programs are added up. Prints a line a file, worst
first, then the files that are left out and why, then the total of each room; ends non-zero when a
room is below the bar (95).
--missing lists the lines that were never executed.
"""
import argparse
import glob
import gzip
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOMS = ("proto", "capture")
# These only talk to the kernel: no octet from outside decides what they do.
KERNEL = {
    "capture/opener.c": "opens interfaces and files in a process of its own; tests/lab/test_capture.py",
    "capture/pcap_out.c": "opens and changes files that are written; tests/unit/test_pcap_out.c",
    "capture/sandbox.c": "takes rights away from the process; tests/unit/test_sandbox.c",
    "capture/source_live.c": "reads an interface; tests/lab/test_capture.py",
}


def run_corpora(build):
    """Runs each corpus; True when all of them ran clean."""
    good = True
    for path in glob.glob(os.path.join(build, "**", "*.gcda"), recursive=True):
        os.unlink(path)
    for program in sorted(glob.glob(os.path.join(build, "corpus", "fuzz_*"))):
        if not os.access(program, os.X_OK):
            continue
        target = os.path.basename(program)[len("fuzz_"):]
        corpus = os.path.join(ROOT, "fuzz", "corpus", target)
        p = subprocess.run([program, corpus], capture_output=True, check=False)
        if p.returncode != 0:
            print(f"corpus {target} ended with status {p.returncode}", file=sys.stderr)
            good = False
    return good


def read_counts(build):
    """{source file: {line: times executed}} for the rooms."""
    lines = {}
    notes = [p for room in ROOMS
             for p in glob.glob(os.path.join(build, room, "*.gcno"))]
    with tempfile.TemporaryDirectory() as d:
        subprocess.run(["gcov", "--json-format", *[os.path.abspath(n) for n in sorted(notes)]],
                       cwd=d, capture_output=True, check=True)
        for path in glob.glob(os.path.join(d, "*.gcov.json.gz")):
            with gzip.open(path) as f:
                report = json.load(f)
            for source in report["files"]:
                name = os.path.relpath(os.path.join(ROOT, source["file"]), ROOT)
                if name.split("/")[0] not in ROOMS or name in KERNEL:
                    continue
                counts = lines.setdefault(name, {})
                for line in source["lines"]:
                    n = line["line_number"]
                    counts[n] = counts.get(n, 0) + line["count"]
    return lines


def show(lines, missing):
    rows = []
    for name, counts in lines.items():
        hit = sum(1 for c in counts.values() if c > 0)
        rows.append((hit / len(counts) if counts else 1.0, name, hit, len(counts)))
    for share, name, hit, count in sorted(rows):
        print(f"{100 * share:6.1f} %  {hit:5} of {count:5}  {name}")
        if missing and share < 1:
            print("          never: " + " ".join(
                str(n) for n, c in sorted(lines[name].items()) if c == 0))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--bar", type=float, default=95.0)
    parser.add_argument("--missing", action="store_true")
    a = parser.parse_args()
    good = run_corpora(os.path.abspath(a.build))
    lines = read_counts(os.path.abspath(a.build))
    show(lines, a.missing)
    for name, why in KERNEL.items():
        print(f"left out: {name} ({why})")
    for room in ROOMS:
        counts = [c for name, file in lines.items() if name.startswith(room + "/")
                  for c in file.values()]
        hit = sum(1 for c in counts if c > 0)
        share = 100 * hit / len(counts) if counts else 0
        verdict = "ok" if share >= a.bar else "not ok"
        good = good and share >= a.bar
        print(f"{verdict} - {room}: {share:.1f} % of {len(counts)} lines, the bar is {a.bar:g} %")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
