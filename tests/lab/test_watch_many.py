#!/usr/bin/env python3
"""One round of watch over 1,000 domains with 3 records each at 4 addresses of real NSD.

Runs in a network namespace of its own (root). Asserts that every domain is verified and that memory
stays below 100 MB; prints the CPU that it took.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import net as lab_net  # noqa: E402
import tap  # noqa: E402

DOMAINS = 1000
PARENT = "127.0.9.1"
SERVERS = ["127.0.9.11", "127.0.9.12", "127.0.9.13", "127.0.9.14"]
TOKENS = ["alpha", "beta", "gamma"]

CONF = """server:
  ip-address: {ips}
  server-count: 1
  rrl-ratelimit: 0
  zonesdir: "{dir}"
  database: ""
  pidfile: ""
  username: ""
  logfile: "{dir}/log"
  zonelistfile: "{dir}/list"
  xfrdfile: ""
  xfrdir: "{dir}"
remote-control:
  control-enable: no
"""


def conf(path, ips, zones):
    text = CONF.format(ips="\n  ip-address: ".join(ips), dir=os.path.dirname(path))
    for name, file in zones:
        text += f'zone:\n  name: "{name}"\n  zonefile: "{file}"\n'
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    return path


def make_parent(folder):
    soa = "$TTL 3600\n@ SOA ns host 1 7200 900 1209600 300\n"
    root = write(folder, "root", f"{soa}@ NS a.nic.\na.nic. A {PARENT}\n" +
                 "".join(f"d{i}.many. NS ns{k}.d{i}.many.\nns{k}.d{i}.many. A {ip}\n"
                         for i in range(DOMAINS) for k, ip in enumerate(SERVERS)))
    path = os.path.join(folder, "conf")
    conf(path, [PARENT], [(".", root)])
    return path


def make_zones(folder):
    text = "$TTL 300\n@ SOA ns0 host 1 7200 900 1209600 300\n"
    text += "".join(f"@ NS ns{k}\nns{k} A {ip}\n" for k, ip in enumerate(SERVERS))
    text += "".join(f"{x}._domainkey CNAME {x}.dkim.amazonses.com.\n" for x in TOKENS)
    zone = write(folder, "zone", text)
    path = os.path.join(folder, "conf")
    conf(path, SERVERS, [(f"d{i}.many", zone) for i in range(DOMAINS)])
    return path


def ready(address, name):
    for _ in range(400):
        p = subprocess.run(["dig", "+norec", "+time=1", "+tries=1", "@" + address, name, "SOA"],
                           capture_output=True, text=True, check=False)
        if "status: NOERROR" in p.stdout:
            return True
        time.sleep(0.05)
    return False


def one_round(t, prog, folder):
    config = write(folder, "watch.conf", "".join(
        f"domain d{i}.many {' '.join(TOKENS)}\n" for i in range(DOMAINS)))
    with open(os.path.join(folder, "out"), "w+", encoding="utf-8") as out:
        p = subprocess.Popen([prog, "watch", "--once", "--from", PARENT, "--config", config, "--db",
                              os.path.join(folder, "many.db")], stdout=out, stderr=out)
        _, status, usage = os.wait4(p.pid, 0)
        out.seek(0)
        text = out.read()
    verified = len(re.findall(r"#1 verified, SUCCESS, 4 of 4 answer$", text, re.M))
    t.equal("every domain is verified at all of its addresses", verified, DOMAINS)
    t.equal("exit code", os.waitstatus_to_exitcode(status), 0)
    t.check("memory stays below 100 MB", usage.ru_maxrss < 100 * 1024, f"{usage.ru_maxrss} KiB")
    print(f"# {usage.ru_utime + usage.ru_stime:.1f} s of CPU, {usage.ru_maxrss} KiB at most")


def inside(prog):
    t = tap.Tap()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    processes = []
    top = tempfile.mkdtemp(prefix="nsprobe-many-")
    try:
        for name, make, address, zone in (("parent", make_parent, PARENT, "."),
                                          ("zones", make_zones, SERVERS[3], "d999.many")):
            folder = os.path.join(top, name)
            os.mkdir(folder)
            processes.append(subprocess.Popen(["nsd", "-d", "-c", make(folder)],
                                              stderr=subprocess.DEVNULL))
            t.check(f"{name} is served", ready(address, zone), "")
        one_round(t, prog, top)
    finally:
        tap.stop(processes)
        shutil.rmtree(top, ignore_errors=True)
    return t.done()


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--inside":
        return inside(sys.argv[2])
    a = tap.arguments()
    why = lab_net.usable()
    if why:
        t = tap.Tap()
        t.skip("watch over 1,000 domains", why)
        return t.done()
    os.environ["PATH"] += ":/usr/sbin"
    os.execvp("unshare", ["unshare", "-n", sys.executable, __file__, "--inside", a.prog])
    return 1


if __name__ == "__main__":
    sys.exit(main())
