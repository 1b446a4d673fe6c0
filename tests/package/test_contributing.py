#!/usr/bin/env python3
"""The changes that CONTRIBUTING.md shows, made to a copy of the tree: it builds, and the tests that are
named there pass."""
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.dirname(HERE), HERE]
import tap  # noqa: E402
from test_reproducible import copy  # noqa: E402


def run(where, *argv):
    p = subprocess.run(argv, cwd=where, capture_output=True, text=True, check=False)
    return p.returncode, (p.stdout + p.stderr)[-3000:]


def apply(tree, diff):
    """Applies a diff whose context stands once in its file. Gives what does not fit, or ""."""
    for part in re.split(r"^(?=--- )", diff, flags=re.M)[1:]:
        path = os.path.join(tree, re.search(r"^\+\+\+ b/(\S+)", part, re.M).group(1))
        lines = part.split("@@\n", 1)[1].splitlines(keepends=True)
        old = "".join(line[1:] for line in lines if line[0] in " -")
        new = "".join(line[1:] for line in lines if line[0] in " +")
        text = ""
        if old:
            with open(path, encoding="utf-8") as f:
                text = f.read()
            if text.count(old) != 1:
                return f"{path}: {text.count(old)} times:\n{old}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text.replace(old, new) if old else new)
    return ""


def main():
    tap.arguments()
    t = tap.Tap()
    with open(os.path.join(ROOT, "CONTRIBUTING.md"), encoding="utf-8") as f:
        text = f.read()
    shown = re.findall(r"^```diff (\w+)\n(.*?)^```$", text, re.M | re.S)
    t.equal("what is shown", [name for name, _ in shown], ["rrtype", "finding", "fault", "scenario"])
    with tempfile.TemporaryDirectory(prefix="nsprobe-contributing-") as d:
        tree = f"{d}/tree"
        copy(tree)
        for name, diff in shown:
            t.equal(f"{name}: applies", apply(tree, diff), "")
        for script, doc in (("findings-doc.sh", "FINDINGS.md"), ("faults-doc.sh", "FAULTS.md")):
            made = subprocess.run([f"scripts/{script}"], cwd=tree, capture_output=True, text=True,
                                  check=True).stdout
            with open(f"{tree}/docs/{doc}", "w", encoding="utf-8") as f:
                f.write(made)
        named = sorted(set(re.findall(r"`(test_[a-z_]+)`", text)))
        code, out = run(tree, "make", "-s", f"-j{os.cpu_count()}", "all",
                        *[f"build/release/tests/{n}" for n in named])
        if not t.check("builds", code == 0, out):
            return t.done()
        t.equal("make check-docs", run(tree, "make", "-s", "check-docs")[0], 0)
        t.equal("make data/profile.conf", run(tree, "make", "-s", "data/profile.conf")[0], 0)
        for name in named:
            code, out = run(tree, f"build/release/tests/{name}")
            t.check(f"{name} passes", code == 0, out)
        prog = f"{tree}/build/release/nsprobe"
        code, out = run(tree, prog, "query", "@127.0.0.1#9", "x.test", "SHOWN", "--timeout", "0.1",
                        "--tries", "1")
        t.check("the type is known", code == 3, f"{code} {out}")  # 64: no such type
        code, out = run(tree, prog, "explain", "soa-minimum-zero")
        t.check("the finding is known", code == 0 and "minimum of 0" in out, out)
        code, out = run(tree, "sh", "-c", f"{prog} serve --list | grep opcode-notify")
        t.check("the fault is known", code == 0 and "NOTIFY in a reply" in out, out)
        code, out = run(tree, sys.executable, "tests/lab/run.py", "--prog", prog, "--list")
        t.check("the scenario is known", "shown" in out.split(), out)
        if os.geteuid() == 0:
            code, out = run(tree, sys.executable, "tests/lab/run.py", "--prog", prog, "--only", "shown")
            t.check("the scenario passes", code == 0 and "shown: findings" in out, out)
        else:
            t.skip("the scenario passes", "needs root")
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
