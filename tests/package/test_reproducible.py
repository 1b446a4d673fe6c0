#!/usr/bin/env python3
"""Two builds of one tree are the same octet for octet, in folders with names of different length, by
users of different habits; and so is the archive of the source for Debian."""
import hashlib
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
import tap  # noqa: E402


def copy(where, mask=0o022):
    os.makedirs(where)
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    tar = subprocess.run(["tar", "-c", "--null", "-T", "-"], cwd=ROOT, input=files.stdout,
                         capture_output=True, check=True)
    subprocess.run(["tar", "-x", "--no-same-permissions", "-C", where], input=tar.stdout,
                   check=True, umask=mask)


def build(where, mask, **env):
    code = 0
    for argv in (["make", "-s", f"-j{os.cpu_count()}", "all", "man", "completions"],
                 ["scripts/deb.sh", "0", "orig"]):
        p = subprocess.run(argv, cwd=where, capture_output=True, text=True, check=False, umask=mask,
                           env=dict(os.environ, **env))
        code = code or p.returncode
    return code, p.stderr[-2000:]


def digests(where):
    found = {}
    made = [os.path.join(folder, name) for folder, _, files in
            os.walk(os.path.join(where, "build", "release")) for name in files]
    for path in [*made, os.path.join(where, "build", "deb", "nsprobe_0.orig.tar.gz")]:
        if not path.endswith((".o", ".d")):
            with open(path, "rb") as f:
                found[os.path.relpath(path, where)] = hashlib.sha256(f.read()).hexdigest()
    return found


def main():
    tap.arguments()
    t = tap.Tap()
    with tempfile.TemporaryDirectory(prefix="nsprobe-twice-") as d:
        one, two = f"{d}/a", f"{d}/another-folder-with-a-longer-name/below"
        copy(one, 0o022)
        copy(two, 0o077)
        for name, where, mask, env in (
                ("one", one, 0o022, {"TZ": "UTC", "LC_ALL": "C"}),
                ("two", two, 0o077, {"TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8"})):
            code, out = build(where, mask, **env)
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
