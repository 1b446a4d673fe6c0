#!/usr/bin/env python3
"""Checks that dependencies point downward only (docs/ARCHITECTURE.md).

Reads the #include lines of every source file of the program and fails when a room includes one
that it may not know.
"""
import glob
import re
import sys

# room -> the rooms that it may include, besides itself
ALLOWED = {
    "proto": set(),
    "exchange": {"proto"},
    "capture": {"exchange", "proto"},
    "net": {"exchange", "proto"},
    "diagnose": {"dnssec", "exchange", "proto"},
    "dnssec": {"proto"},
    "dkim": {"dnssec", "diagnose", "exchange", "proto"},
    "probe": {"net", "dkim", "diagnose", "exchange", "proto"},
    "bulk": {"probe", "net", "diagnose", "exchange", "proto"},
    "queue": {"bulk", "exchange", "proto"},
    "watch": {"dkim", "diagnose", "exchange", "proto"},
    "serve": {"net", "exchange", "proto"},
    "torture": {"serve", "exchange", "proto"},
    "report": {"watch", "bulk", "dkim", "diagnose", "exchange", "proto"},
    "cmd": {"report", "queue", "bulk", "probe", "capture", "serve", "torture", "watch", "net", "dkim", "diagnose", "exchange",
            "proto"},
}
# proto is usable alone: nothing but the C library's own headers
PROTO_SYSTEM = {"stdbool.h", "stddef.h", "stdint.h", "string.h", "stdio.h", "stdarg.h", "inttypes.h",
                "limits.h", "time.h"}
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def room_of(path):
    parts = path.split("/")
    return parts[1] if parts[0] == "src" else parts[0]


def faults(path):
    room = room_of(path)
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            m = INCLUDE.match(line)
            if not m:
                continue
            quote, name = m.groups()
            if quote == "<":
                if room == "proto" and name not in PROTO_SYSTEM:
                    yield f"{path}:{number}: proto includes <{name}>"
                continue
            target = name.split("/")[0] if "/" in name else room
            if target != room and target not in ALLOWED.get(room, set()):
                yield f"{path}:{number}: {room} may not include {name}"


def main():
    files = [p for pattern in ("proto/*.[ch]", "capture/*.[ch]", "src/*/*.[ch]")
             for p in glob.glob(pattern)]
    bad = [line for path in sorted(files) for line in faults(path)]
    print("\n".join(bad) if bad else f"arrows: {len(files)} files, all downward")
    return 1 if bad or not files else 0


if __name__ == "__main__":
    sys.exit(main())
