#!/usr/bin/env python3
"""tcpdump records while dig, kdig and drill ask real servers; replay says what is wrong of each.

All situations of replay_net.HOSTS at once, over IPv4 and IPv6. What is recorded at several places
and in several ways is diagnosed alike, and the exact set of findings is held against what a person
who reads the packets would say."""
import json
import os
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import net as lab_net  # noqa: E402
import replay_net  # noqa: E402
import servers  # noqa: E402
import tap  # noqa: E402

TOOLS = ("tcpdump", "kdig", "drill", "unbound")
DIG = ("dig", "+time=1", "+tries=3")
KDIG = ("kdig", "+time=1", "+retry=2")
DRILL = ("drill",)

# questions of each kind, asked one after another; "@" is the server
PLAIN = [
    (*DIG, "@", "lab.test", "SOA"),
    (*DIG, "+norec", "@", "lab.test", "NS"),
    (*KDIG, "@", "lab.test", "SOA"),
    (*KDIG, "+edns", "@", "txt.lab.test", "TXT"),
    (*DRILL, "@", "mail.lab.test", "A"),
    (*DIG, "+tcp", "@", "lab.test", "SOA"),
    (*KDIG, "+tcp", "@", "lab.test", "MX"),
]
BIG = [
    (*DIG, "@", "lab.test", "SOA"),
    (*DIG, "+bufsize=4096", "+ignore", "@", "big.lab.test", "TXT"),
    (*KDIG, "+bufsize=4096", "@", "big.lab.test", "TXT"),
    (*DRILL, "-b", "4096", "@", "big.lab.test", "TXT"),
    (*DIG, "+tcp", "@", "big.lab.test", "TXT"),
]
ASK = {
    "plain": PLAIN,
    "big": BIG,
    "mid": [tuple(w.replace("big.lab", "mid.lab") for w in argv) for argv in BIG],
    "data": [(*DIG, "@", "data.test", "SOA"), (*DIG, "@", "txt.data.test", "TXT"),
             (*KDIG, "@", "data.test", "NS"), (*KDIG, "@", "data.test", "SOA"),
             (*DRILL, "@", "data.test", "MX")],
    "all": PLAIN + BIG,
    "cut": PLAIN[:5] + [("dig", "+time=2", "+tries=1", "@", "big.lab.test", "TXT"),
                        ("kdig", "+time=2", "+retry=0", "@", "big.lab.test", "TXT")],
    "edns": [(*DIG, "@", "lab.test", "SOA"), (*DIG, "+noedns", "@", "lab.test", "SOA"),
             (*KDIG, "@", "lab.test", "SOA"), (*KDIG, "+edns", "@", "lab.test", "SOA"),
             (*DRILL, "@", "lab.test", "SOA")],
    "types": [(*DIG, "@", "www.lab.test", t) for t in ("AAAA", "A", "MX", "AAAA", "TXT")],
    "slow": [("dig", "+time=3", "+tries=1", "@", "lab.test", t) for t in ("SOA", "NS", "MX")]
    + [("kdig", "+time=3", "@", "lab.test", "SOA"), (*DRILL, "@", "lab.test", "SOA")],
    "late": [(*DIG, "@", "lab.test", t) for t in ("SOA", "NS", "MX")]
    + [(*KDIG, "@", "lab.test", t) for t in ("SOA", "NS", "MX")],
    "dig": [(*DIG, "@", "lab.test", "SOA"), (*DIG, "+bufsize=4096", "@", "big.lab.test", "TXT")],
    "kdig": [(*KDIG, "@", "lab.test", "SOA"), (*KDIG, "+bufsize=4096", "@", "big.lab.test", "TXT")],
    "drill": [(*DRILL, "@", "lab.test", "SOA"), (*DRILL, "-b", "4096", "@", "big.lab.test", "TXT")],
    "many": [(*DIG, "@", "lab.test", t) for t in ("SOA", "NS", "MX", "SOA", "NS", "MX")],
}


def ask(net, host, kind, address):
    """All questions of a kind at one address, from a host."""
    for argv in ASK[kind]:
        words = ["@" + address if w == "@" else w for w in argv]
        net.exec(host, "timeout", "40", *words, check=False)


def ask_all(net, host, wanted):
    """wanted: (kind, address) each; all at once."""
    threads = [threading.Thread(target=ask, args=(net, host, k, a)) for k, a in wanted]
    for th in threads:
        th.start()
    for th in threads:
        th.join()


class Tcpdump:
    """`tcpdump -w` in a host's namespace, from its first word on until stop()."""

    def __init__(self, net, host, path, *argv):
        self.path = path
        self.p = subprocess.Popen(
            ["ip", "netns", "exec", net.prefix + host, "tcpdump", "-Z", "root", "-U", "-B", "16384",
             "-w", path, *argv], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.said = ""
        for line in self.p.stderr:
            self.said += line
            if "listening on" in line:
                break

    def stop(self):
        self.p.terminate()
        self.said += self.p.communicate()[1]


def replay(prog, *words):
    """(id, address) of every finding, and the report's other objects by kind."""
    p = subprocess.run([prog, "replay", "--json", *words], capture_output=True, text=True,
                       check=False)
    found = set()
    by_kind = {}
    for line in p.stdout.splitlines():
        o = json.loads(line)
        by_kind.setdefault(o.get("kind"), []).append(o)
        if o.get("kind") == "finding":
            if (o["id"], o.get("address")) in found:
                found.add(("twice: " + o["id"], o.get("address")))
            found.add((o["id"], o.get("address")))
    return found, by_kind, p


def of_address(found, address):
    return {i for i, a in found if a in (address, address + "#53")}


# what cannot be seen in a capture: (place, host): expected instead
EXCEPT = {(place, host, family): {"fragments-incomplete"} for place in ("router", "router-any")
          for host in ("nofrag", "firstfrag", "lastfrag", "narrow") for family in (4, 6)}
# serials and other data are cut off
EXCEPT |= {("cut", "stale", 6): set(), ("cut", "differs", 4): set(), ("cut", "differs", 6): set()}


def judge(t, net, prog, place, path):
    found, by_kind, p = replay(prog, path)
    t.check(f"{place}: replay reads it", p.returncode == 2 and p.stderr == "", p.stderr[-2000:])
    known = set()
    for name, h in replay_net.HOSTS.items():
        for address in (net.v4(name), net.v6(name)):
            expect = EXCEPT.get((place, name, 6 if ":" in address else 4), h.expect)
            known |= {(i, a) for i, a in found if a and a.split("#")[0] == address}
            texts = [f"{o['id']}: {o['text']}" for o in by_kind.get("finding", [])
                     if (o.get("address") or "").split("#")[0] == address]
            t.check(f"{place}: {name} {address}: {' '.join(sorted(expect)) or 'healthy'}",
                    of_address(found, address) == expect, "\n".join(texts) or "nothing")
    t.equal(f"{place}: nothing is said of others", found - known, set())


def recorded(t, net, prog):
    d = os.path.join(net.dir, "pcap")
    os.makedirs(d)
    places = {
        "client": ("client", "-i", "eth0"),
        "any": ("client", "-i", "any"),
        "cut": ("client", "-i", "eth0", "-s", "128"),
        "router": ("bridge", "-i", "br0"),
        "router-any": ("bridge", "-i", "any"),
    }
    dumps = {p: Tcpdump(net, host, os.path.join(d, p + ".pcap"), *argv)
             for p, (host, *argv) in places.items()}
    ask_all(net, "client", [(h.asked, a) for n, h in replay_net.HOSTS.items()
                            for a in (net.v4(n), net.v6(n))])
    time.sleep(3)  # so that nothing is pending
    for dump in dumps.values():
        dump.stop()
    if os.environ.get("KEEP_PCAP"):
        subprocess.run(["cp", "-r", d, os.environ["KEEP_PCAP"]], check=False)
    for place, dump in dumps.items():
        t.check(f"{place}: tcpdump lost nothing", "\n0 packets dropped by kernel" in dump.said,
                dump.said)
        judge(t, net, prog, place, dump.path)


def alone(t, net, prog):
    """One tool asks each of three servers twice: nobody tells how large an answer is, and kdig and
    drill send EDNS only where they are told to."""
    wanted = {"dead": "unresponsive", "refnsd": "lame-refused", "nofrag": "big-answer-lost"}
    for tool in ("dig", "kdig", "drill"):
        path = os.path.join(net.dir, f"alone-{tool}.pcap")
        dump = Tcpdump(net, "client", path, "-i", "eth0")
        ask_all(net, "client", [(tool, a) for h in wanted for a in (net.v4(h), net.v6(h))])
        time.sleep(3)
        dump.stop()
        found, _, p = replay(prog, path)
        t.check(f"alone: {tool}: replay reads it", p.returncode == 2 and p.stderr == "",
                p.stderr[-2000:])
        t.equal(f"alone: {tool}: each server", {(i, a.split("#")[0]) for i, a in found if a},
                {(i, a) for h, i in wanted.items() for a in (net.v4(h), net.v6(h))})


def played(t, net, prog):
    """The same with servers that are broken in ways that no firewall is; on loopback."""
    net.space("play")
    path = servers.write(os.path.join(net.dir, "played.scn"), replay_net.scenario())
    log = os.path.join(net.dir, "played.log")
    net.popen("play", prog, "serve", path, log=log)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with open(log, encoding="utf-8") as f:
            if "\nready" in f.read():
                break
        time.sleep(0.1)
    else:
        with open(log, encoding="utf-8") as f:
            t.check("played: serve starts", False, f.read())
        return
    dump = Tcpdump(net, "play", os.path.join(net.dir, "played.pcap"), "-i", "lo")
    ask_all(net, "play", [(kind, replay_net.played_address(i))
                          for i, (_, _, kind) in enumerate(replay_net.PLAYED)])
    time.sleep(3)
    dump.stop()
    found, by_kind, p = replay(prog, dump.path)
    t.check("played: replay reads it", p.returncode == 2 and p.stderr == "", p.stderr[-2000:])
    for i, (behave, expect, _) in enumerate(replay_net.PLAYED):
        address = replay_net.played_address(i)
        texts = [f"{o['id']}: {o['text']}" for o in by_kind.get("finding", [])
                 if (o.get("address") or "").split("#")[0] == address]
        t.check(f"played: {behave or 'nothing'}: {expect or 'healthy'}",
                of_address(found, address) == set(expect.split()), "\n".join(texts) or "nothing")
    known = {replay_net.played_address(i) for i in range(len(replay_net.PLAYED))}
    t.equal("played: nothing is said of others",
            {(i, a) for i, a in found if not a or a.split("#")[0] not in known}, set())


def resolver(t, net, prog):
    """unbound asks for many names; one of its servers is dead, and one refuses."""
    d = servers.folder(net, "unbound")
    hosts = ("good", "bind", "dead", "refnsd")
    conf = servers.write(f"{d}/unbound.conf", f"""server:
  interface: 127.0.0.1
  directory: "{d}"
  username: ""
  chroot: ""
  pidfile: ""
  use-syslog: no
  num-threads: 1
  module-config: "iterator"
  infra-host-ttl: 1
  local-zone: "test." nodefault
  qname-minimisation: no
stub-zone:
  name: "lab.test"
  stub-prime: no
""" + "".join(f"  stub-addr: {net.v4(h)}\n" for h in hosts))
    net.popen("client", "unbound", "-d", "-c", conf, log=f"{d}/log")
    end = time.monotonic() + 20
    while time.monotonic() < end:
        p = net.exec("client", "dig", "+time=1", "+tries=1", "@127.0.0.1", "localhost", check=False)
        if "status: NOERROR" in p.stdout:
            break
        time.sleep(0.1)
    path = os.path.join(net.dir, "resolver.pcap")
    dump = Tcpdump(net, "client", path, "-i", "any")
    for i in range(60):
        if i % 15 == 0:
            time.sleep(1.5)  # so that what is known of servers is forgotten
        net.exec("client", "dig", "+time=5", "+tries=2", "@127.0.0.1", f"n{i}.lab.test", check=False)
    time.sleep(3)
    dump.stop()
    with open(f"{d}/log", encoding="utf-8") as f:
        said = f.read()
    if os.environ.get("KEEP_PCAP"):
        subprocess.run(["cp", path, os.environ["KEEP_PCAP"]], check=False)
    found, _, p = replay(prog, path)
    t.check("resolver: replay reads it", p.returncode == 2 and p.stderr == "",
            p.stderr[-2000:] + said[-2000:])
    t.equal("resolver: the dead and the refusing server, and nobody else",
            {(i, a.split("#")[0]) for i, a in found if a},
            {("unresponsive", net.v4("dead")), ("lame-refused", net.v4("refnsd"))})


def main():
    a = tap.arguments()
    t = tap.Tap()
    why = lab_net.usable()
    for tool in TOOLS:
        if not why and subprocess.run(["which", tool], capture_output=True, check=False).returncode:
            why = "needs " + tool
    if why:
        t.skip("replay", why)
        return t.done()
    with lab_net.Net() as net:
        replay_net.build(net)
        for name, h in replay_net.HOSTS.items():
            for address in (net.v4(name), net.v6(name)) if h.software not in ("", "secondary") else ():
                if not net.wait_for(address, h.zones[0]):
                    t.check(f"{name} answers", False)
                    return t.done()
        replay_net.arm(net, replay_net.HOSTS)
        for f in (recorded, alone, played, resolver):
            if not a.only or a.only in f.__name__:
                f(t, net, a.prog)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
