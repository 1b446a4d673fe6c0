#!/usr/bin/env python3
"""What documents show can be done as it stands there. Sessions with the embedded lab are what is
printed today, but for what is left out, and for what differs from run to run; and scripts can be
run."""
import os
import re
import shlex
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
import tap  # noqa: E402

# document, scenario that it names, file that stands for it, and what is broken in it by then
DOCUMENTS = [("README.md", "demo/internet.scn", "demo/internet.scn", ()),
             ("docs/WALKTHROUGH.md", "broken.scn", "demo/walkthrough.scn",
              ("203.0.113.20", "2001:db8:22::20"))]
# What a run makes up: message IDs, numbers of exchanges, times, days. A new probe changes how many
# exchanges there are.
VARIES = [(r"\bid\s+\d+", "id N"), (r"#\d+ to ", "#N to "), (r"\+\d+\.\d+ s", "+T"),
          (r"\d+(\.\d+)? (ms|s)\b", "T"), (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d", "DAY"),
          (r"\d+ (more )?exchanges?", "N exchanges"), (r"\s+", " ")]


def sessions(document):
    """(command line, lines that are shown) of every session in a document."""
    found = []
    with open(os.path.join(ROOT, document), encoding="utf-8") as f:
        for line in f.read().splitlines():
            if line.startswith("    $ nsprobe "):
                found.append((line[6:], []))
            elif found and found[-1][1] is not None and (line.startswith("    ") or not line):
                found[-1][1].append(line[4:])
            elif found and not line.startswith("    "):
                found.append(("", []))
    return [(command, shown) for command, shown in found if command]


def plain(text):
    """Words alone, since a number of another length may break lines elsewhere."""
    for pattern, by in VARIES:
        text = re.sub(pattern, by, text)
    return text.strip()


def differs(shown, printed):
    """The first piece that is shown and not printed behind the one before, or None. "..." stands
    for what is left out."""
    at = 0
    for piece in re.split(r"(?m)^ *\.\.\.$", "\n".join(shown)):
        found = printed.find(plain(piece), at)
        if found < 0:
            return piece
        at = found + len(plain(piece))
    return None


def scripts(t):
    """Whatever says what is to run it can be run."""
    stuck = []
    for folder, below, files in os.walk(ROOT):
        below[:] = [d for d in below if d not in (".git", "build")]
        for path in (os.path.join(folder, name) for name in files):
            with open(path, "rb") as f:
                if f.read(2) == b"#!" and not os.access(path, os.X_OK):
                    stuck.append(os.path.relpath(path, ROOT))
    t.equal("scripts that cannot be run", sorted(stuck), [])


def main():
    a = tap.arguments()
    t = tap.Tap()
    scripts(t)
    for document, name, path, silent in DOCUMENTS:
        with tempfile.TemporaryDirectory(prefix="nsprobe-sessions-") as folder:
            lab = os.path.join(folder, "lab.scn")
            with open(os.path.join(ROOT, path), encoding="utf-8") as f:
                text = f.read()
            for address in silent:
                text = text.replace(f"address {address} {{\n", f"address {address} {{\nbehave drop\n")
            with open(lab, "w", encoding="utf-8") as f:
                f.write(text)
            some = 0
            with tap.Serve(a.prog, lab):
                for command, shown in sessions(document):
                    words = shlex.split(command)
                    if name not in words or words[1] in ("serve", "watch"):
                        continue
                    some += 1
                    words = [a.prog, *(lab if w == name else w for w in words[1:])]
                    p = subprocess.run(words, capture_output=True, text=True, check=False)
                    piece = differs(shown, plain(p.stdout))
                    t.check(f"{document}: {command}", piece is None,
                            f"shown and not printed:\n{piece}\nprinted:\n{p.stdout}")
            t.check(f"{document} has sessions", some > 0)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
