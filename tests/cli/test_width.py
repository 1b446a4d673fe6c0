#!/usr/bin/env python3
"""Names as long as they can be, with octets that print as four: reports stay within 80 columns, and
the names can be read from them."""
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import tap  # noqa: E402

ZONE = ".".join(["a" * 63] * 2 + ["b" * 63, "z.test"])
HOSTS = ["ns1-" + "x" * 45, "".join(f"\\{i:03}" for i in range(1, 32)) + "y" * 20]
QUICK = ["--timeout", "0.3", "--tries", "2", "--late", "0"]


def scenario():
    names = [f"{h}.{ZONE}." for h in HOSTS]
    at = ["198.51.100.2", "198.51.100.3"]
    glue = "".join(f"{n} A {a}\n" for n, a in zip(names, at))
    ns = "".join(f"{ZONE}. NS {n}\n" for n in names)
    soa = "$TTL 300\n@ SOA {} host 1 7200 900 1209600 300\n"
    return ("root 198.51.100.1\nzone . {\n" + soa.format("a.root.test.") + "@ NS a.root.test.\n"
            "a.root.test. A 198.51.100.1\n" + ns + glue + "}\n"
            f"zone {ZONE} {{\n" + soa.format(names[0]) + ns + glue + "}\n"
            "address 198.51.100.1 {\nserves .\n}\n"
            f"address {at[0]} {{\nserves {ZONE}\n}}\n"
            f"address {at[1]} {{\nserves {ZONE}\nbehave drop when tcp\n}}\n")


def within(t, name, argv):
    p = subprocess.run(argv, capture_output=True, text=True, check=False)
    wide = [line for line in p.stdout.splitlines() if len(line) > 80]
    t.check(f"{name}: within 80 columns", p.stdout and not wide, "\n".join(wide) or p.stderr)
    joined = re.sub(r"\n *", "", p.stdout)
    lost = [h for h in HOSTS if f"{h}.{ZONE}." not in joined]
    t.check(f"{name}: no name is lost", not lost, lost)


def main():
    a = tap.arguments()
    t = tap.Tap()
    with tempfile.TemporaryDirectory() as d:
        path, pcap = os.path.join(d, "long.scn"), os.path.join(d, "long.pcap")
        with open(path, "w", encoding="ascii") as f:
            f.write(scenario())
        with tap.Serve(a.prog, path, "--port-base", "5461") as serve:
            if not t.check("serves", serve.ready, serve.output):
                return t.done()
            lab = ["--lab", path, "--port-base", "5461", *QUICK, ZONE]
            within(t, "check", [a.prog, "check", *lab, "--pcap", pcap])
            within(t, "check -v --matrix", [a.prog, "check", *lab, "-v", "--matrix"])
            within(t, "dkim", [a.prog, "dkim", *lab, "a", "b", "c"])
        within(t, "replay", [a.prog, "replay", pcap])
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
