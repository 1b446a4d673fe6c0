#!/usr/bin/env python3
"""Two builds of one tree, in folders with names of different length, are the same octet for octet."""
import hashlib
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
import tap  # noqa: E402


def copy(where):
    os.makedirs(where)
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    tar = subprocess.run(["tar", "-c", "--null", "-T", "-"], cwd=ROOT, input=files.stdout,
                         capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", where], input=tar.stdout, check=True)


def build(where, **env):
    p = subprocess.run(["make", "-s", f"-j{os.cpu_count()}", "all", "man", "completions"], cwd=where,
                       capture_output=True, text=True, check=False, env=dict(os.environ, **env))
    return p.returncode, p.stderr[-2000:]


def digests(where):
    found = {}
    for folder, _, files in os.walk(os.path.join(where, "build", "release")):
        for name in files:
            path = os.path.join(folder, name)
            if not name.endswith((".o", ".d")):
                with open(path, "rb") as f:
                    found[os.path.relpath(path, where)] = hashlib.sha256(f.read()).hexdigest()
    return found


def main():
    tap.arguments()
    t = tap.Tap()
    with tempfile.TemporaryDirectory(prefix="nsprobe-twice-") as d:
        one, two = f"{d}/a", f"{d}/another-folder-with-a-longer-name/below"
        copy(one)
        copy(two)
        for name, where, env in (("one", one, {"TZ": "UTC", "LC_ALL": "C"}),
                                 ("two", two, {"TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8"})):
            code, out = build(where, **env)
            if not t.check(f"build {name}", code == 0, out):
                return t.done()
        first, second = digests(one), digests(two)
        t.check("the program and both libraries were built",
                {"build/release/nsprobe", "build/release/libnsproto.a"} <= set(first), sorted(first))
        for path in sorted(first):
            t.equal(path, second.get(path), first[path])
        t.equal("no file too many", sorted(second), sorted(first))
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
