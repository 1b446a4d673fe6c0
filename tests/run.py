#!/usr/bin/env python3
"""Runs test suites and adds them up.

  tests/run.py --release DIR [--san DIR] SUITE...

Suites: unit    every unit test program, of the release and of the sanitized build
        corpus  every fuzz corpus through its target, sanitized build
        memcheck  the same under valgrind, release build
        cost    hostile input of growing size: the work is linear (callgrind)
        cli     the command line, and every scenario of the embedded lab
        lab     real name servers in network namespaces (root)
        package what is installed, the library's ABI, completions, building twice; from scratch

Every test program prints TAP. A program that dies, or ends non-zero although all of its tests
passed, counts as one failure more. With CI set in the environment a skipped test is a failure.
The last line is the total: "N passed, N failed".
"""
import argparse
import concurrent.futures
import glob
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Programs that use nothing but the processor, their own files and ports that the kernel chooses, and
# labs in network namespaces of their own, which mostly wait: one for each core at a time.
BESIDE_ONE_ANOTHER = ("unit", "corpus", "memcheck", "lab")
# Tests of the command line serve at fixed ports of loopback: beside one another only where each can
# have a loopback of its own.
OWN_LOOPBACK = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
OK = re.compile(r"^(not )?ok\b(.*)$")


class Total:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.failures = []

    def add(self, name, output, code, strict):
        """Counts the TAP lines of one program and returns what is to be shown of it."""
        passed = failed = skipped = 0
        for line in output.splitlines():
            m = OK.match(line)
            if not m:
                continue
            if re.search(r"#\s*skip", m.group(2), re.I):
                skipped += 1
                print(f"  SKIPPED {name}: {line}")
                if strict:
                    failed += 1
                    self.failures.append(f"{name}: skipped in CI: {line}")
            elif m.group(1):
                failed += 1
                self.failures.append(f"{name}: {line}")
            else:
                passed += 1
        if (code != 0 and failed == 0) or (passed + failed + skipped == 0):
            failed += 1
            self.failures.append(f"{name}: ended with status {code}, {passed} tests seen")
        self.passed += passed
        self.failed += failed
        self.skipped += skipped
        verdict = "ok" if failed == 0 else "FAILED"
        print(f"  {verdict:6} {name:44} {passed:6} passed {failed:4} failed", flush=True)
        return failed == 0


def run(argv):
    env = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP",
               ASAN_OPTIONS="detect_leaks=1:abort_on_error=0",
               UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1")
    p = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env,
                       stdin=subprocess.DEVNULL, check=False)
    return p.stdout.decode("utf-8", "replace"), p.returncode


def count(total, name, output, code, strict):
    if not total.add(name, output, code, strict):
        tail = output.splitlines()[-60:]
        print("\n".join("    | " + line for line in tail), flush=True)


def unit_jobs(dirs):
    for d in dirs:
        for path in sorted(glob.glob(os.path.join(d, "tests", "test_*"))):
            if os.access(path, os.X_OK) and not path.endswith(".d"):
                yield f"{d}: {os.path.basename(path)}", [path]


def corpus_jobs(dirs):
    d = dirs[-1]
    for path in sorted(glob.glob(os.path.join(d, "corpus", "fuzz_*"))):
        if os.path.isfile(path) and os.access(path, os.X_OK):
            target = os.path.basename(path)[len("fuzz_"):]
            corpus = os.path.join(ROOT, "fuzz", "corpus", target)
            yield f"corpus: {target}", [path, corpus]


def memcheck_jobs(dirs):
    for path in sorted(glob.glob(os.path.join(dirs[0], "corpus", "fuzz_*"))):
        if os.path.isfile(path) and os.access(path, os.X_OK):
            target = os.path.basename(path)[len("fuzz_"):]
            corpus = os.path.join(ROOT, "fuzz", "corpus", target)
            yield f"memcheck: {target}", ["valgrind", "-q", "--error-exitcode=9", path, corpus]


def script_jobs(pattern, dirs):
    prog = os.path.join(dirs[0], "nsprobe")
    for path in sorted(glob.glob(os.path.join(ROOT, pattern))):
        yield os.path.relpath(path, ROOT), [sys.executable, path, "--prog", prog]


def loopback_of_its_own():
    """What puts a command into a network namespace that has loopback alone; [] where that cannot
    be done."""
    try:
        done = subprocess.run([*OWN_LOOPBACK, "true"], capture_output=True, check=False)
    except OSError:
        return []
    return OWN_LOOPBACK if done.returncode == 0 else []


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--release", default="build/release")
    parser.add_argument("--san")
    parser.add_argument("suite", nargs="+", choices=["unit", "corpus", "memcheck", "cost", "cli", "lab", "package"])
    a = parser.parse_args()
    os.chdir(ROOT)
    dirs = [os.path.abspath(d) for d in (a.release, a.san) if d]
    shown = {os.path.abspath(d): d for d in (a.release, a.san) if d}
    strict = bool(os.environ.get("CI"))
    total = Total()
    jobs = {
        "unit": lambda: unit_jobs(dirs),
        "corpus": lambda: corpus_jobs(dirs),
        "memcheck": lambda: memcheck_jobs(dirs),
        "cost": lambda: script_jobs("tests/cost/run.py", dirs),
        "cli": lambda: list(script_jobs("tests/cli/run.py", dirs))
        + list(script_jobs("tests/cli/test_*.py", dirs))
        + list(script_jobs("tests/scenarios/run.py", dirs)),
        "lab": lambda: list(script_jobs("tests/lab/run.py", dirs))
        + list(script_jobs("tests/lab/test_*.py", dirs))
        + list(script_jobs("tests/comparison/run.py", dirs)),
        "package": lambda: list(script_jobs("tests/package/test_*.py", dirs)),
    }
    for suite in a.suite:
        print(f"{suite}:", flush=True)
        todo = list(jobs[suite]())
        apart = loopback_of_its_own() if suite == "cli" else []
        todo = [(name, [*apart, *argv]) for name, argv in todo]
        workers = os.cpu_count() if apart or suite in BESIDE_ONE_ANOTHER else 1
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            ended = pool.map(run, [argv for _, argv in todo])
            for (name, _), (output, code) in zip(todo, ended):
                for full, short in shown.items():
                    name = name.replace(full, short)
                count(total, name, output, code, strict)
        if not todo:
            total.failed += 1
            total.failures.append(f"suite {suite}: no test program found")
    for line in total.failures:
        print(f"FAILED {line}")
    if total.skipped:
        print(f"{total.skipped} skipped: see the SKIPPED lines above")
    print(f"{total.passed} passed, {total.failed} failed")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
