#!/usr/bin/env python3
"""Prints docs/TORTURE.md: what real DNS clients do when they are shown every fault.

  tests/torture/table.py --prog build/release/nsprobe --build build/release/torture

The C library's resolver needs port 53 and a resolv.conf of its own: it runs in a network and mount
namespace, and wants root.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
RESOLVER = [sys.executable, os.path.join(HERE, "resolver.py")]
DIRECT = ["{addr}", "{port}", "{name}"]

HEAD = """# Real clients and every fault

<!-- Made by `make torture-table`. -->

What the clients of Debian 12 did when `nsprobe torture` showed them the {faults} faults of
[FAULTS.md](FAULTS.md) and {mutations} mutations of a right answer (seed {seed}). None may crash,
hang or take a lie. "Lie" means that the client printed an address that only a forged or mismatched
answer gave. Programs that show messages as they come (dig, kdig, drill) print some of these on
purpose, mostly under a warning; for a resolver it is a finding. No package of Debian 12 has c-ares'
own adig: a small client of its library (tests/torture/cares.c) stands for it.

The table is the outcome of one run:

    make torture-table > docs/TORTURE.md

| client | survived | lie | hang | crash |
|---|---|---|---|---|
"""



def package(name):
    p = subprocess.run(["dpkg-query", "-W", "-f=${Version}", name], capture_output=True, text=True,
                       check=False)
    return p.stdout.split(":")[-1].split("-")[0].split("+")[0]


def clients(build):
    yield f"dig {package('bind9-dnsutils')}", ["dig", "@{addr}", "-p", "{port}", "+tries=1",
                                               "+time=3", "{name}", "A"], False
    yield f"kdig {package('knot-dnsutils')}", ["kdig", "@{addr}", "-p", "{port}", "+retry=0",
                                               "+time=3", "{name}", "A"], False
    yield f"drill {package('ldnsutils')}", ["drill", "-p", "{port}", "@{addr}", "{name}", "A"], False
    yield f"unbound {package('unbound')}, forwarding", [*RESOLVER, "unbound", *DIRECT], False
    yield f"BIND named {package('bind9')}, forwarding", [*RESOLVER, "named", *DIRECT], False
    yield f"c-ares {package('libc-ares-dev')}", [os.path.join(build, "cares"), *DIRECT], False
    yield f"getaddrinfo of glibc {package('libc6')}", [os.path.join(build, "getaddrinfo"),
                                                       "{name}"], True


def torture(prog, argv, own_port, mutations):
    command = [prog, "torture", "--json", "--timeout", "60", "--mutations", str(mutations),
               "--jobs", "8"]
    if not own_port:
        return json.loads(subprocess.run([*command, *argv], capture_output=True, text=True,
                                         check=False).stdout)
    with tempfile.NamedTemporaryFile("w") as conf:
        conf.write("nameserver 127.0.0.1\noptions timeout:1 attempts:2\n")
        conf.flush()
        os.chmod(conf.name, 0o644)
        script = ('ip link set lo up && mount --bind "$1" /etc/resolv.conf && shift && exec "$@"')
        p = subprocess.run(["unshare", "-n", "-m", "sh", "-c", script, "torture", conf.name,
                            *command, "--listen", "127.0.0.1#53", *argv],
                           capture_output=True, text=True, check=False)
        return json.loads(p.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--prog", required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("--mutations", type=int, default=200)
    a = parser.parse_args()
    rows, notes = [], []
    for name, argv, own_port in clients(os.path.abspath(a.build)):
        print(name, file=sys.stderr)
        report = torture(os.path.abspath(a.prog), argv, own_port, a.mutations)
        results = report["results"][1:]
        verdicts = [r["verdict"] for r in results]
        rows.append(f"| {name} | {verdicts.count('survived')} | {verdicts.count('lie')} | "
                    f"{verdicts.count('hang')} | {verdicts.count('crash')} |")
        for r in results:
            if r["verdict"] not in ("survived", "unasked"):
                notes.append(f"| {name} | {r['fault']} | {r['verdict']} | {r['source'] or ''} |")
    mutated = sum(1 for r in results if r["fault"].startswith("mutation"))
    print(HEAD.format(faults=len(results) - mutated, mutations=mutated, seed=report["seed"]) +
          "\n".join(rows))
    print("\nEach that did not survive:\n\n| client | fault | verdict | source |\n|---|---|---|---|")
    print("\n".join(notes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
