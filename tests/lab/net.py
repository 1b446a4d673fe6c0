"""Hosts as network namespaces on one bridge, and what runs in them. Root only."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import tap  # noqa: E402

V4 = "10.53.0.{}"
V6 = "fd53::{}"
# nft: DNS on its way to a server
DNS = "meta l4proto { tcp, udp } th dport 53"


def run(*argv, check=True):
    p = subprocess.run(argv, capture_output=True, text=True, check=False)
    if check and p.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)}: {p.stderr.strip()}")
    return p


def usable():
    """None when namespaces and nft can be used here, else the reason why not."""
    if os.geteuid() != 0:
        return "needs root"
    for tool in ("ip", "nft", "nsd", "knotd", "named", "pdns_server", "dig"):
        if not (shutil.which(tool) or shutil.which("/usr/sbin/" + tool)):
            return f"needs {tool}"
    name = f"nsprobe-try-{os.getpid()}"
    p = run("ip", "netns", "add", name, check=False)
    if p.returncode == 0:
        p = run("ip", "netns", "exec", name, "ip", "link", "set", "lo", "up", check=False)
        run("ip", "netns", "del", name, check=False)
    if p.returncode != 0:
        return "network namespaces cannot be used: " + p.stderr.strip()
    return None


def ruleset(hook, rules, family="inet"):
    """What nft reads: these rules, in a chain of their own at a hook ("input", "forward" ...)."""
    return (f"table {family} {hook} {{\n chain {hook} {{\n  type filter hook {hook} priority 0;\n"
            f"  {rules}\n }}\n}}\n")


class Net:
    """A bridge with hosts; everything is taken away at the end of the with block."""

    def __init__(self):
        self.prefix = f"nsprobe-lab-{os.getpid()}-"
        self.spaces = []
        self.processes = []
        self.dir = tempfile.mkdtemp(prefix="nsprobe-lab-")
        os.chmod(self.dir, 0o755)
        self.number = {}

    def __enter__(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda n, _: sys.exit(128 + n))
        try:
            self.space("bridge")
            self.exec("bridge", "ip", "link", "add", "br0", "type", "bridge")
            self.exec("bridge", "ip", "link", "set", "br0", "up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # a second signal must not stop the cleaning
        tap.stop(self.processes)
        for s in self.spaces:
            run("ip", "netns", "del", s, check=False)
        shutil.rmtree(self.dir, ignore_errors=True)

    def space(self, name):
        self.spaces.append(self.prefix + name)
        run("ip", "netns", "add", self.prefix + name)
        self.exec(name, "ip", "link", "set", "lo", "up")

    def exec(self, host, *argv, check=True):
        return run("ip", "netns", "exec", self.prefix + host, *argv, check=check)

    def popen(self, host, *argv, log):
        with open(log, "wb") as out:
            p = subprocess.Popen(["ip", "netns", "exec", self.prefix + host, *argv], stdout=out,
                                 stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        self.processes.append(p)
        return p

    def host(self, name):
        n = len(self.number) + 1
        self.number[name] = n
        self.space(name)
        bridge = self.prefix + "bridge"
        run("ip", "link", "add", "eth0", "netns", self.prefix + name, "type", "veth", "peer", "name",
            f"p{n}", "netns", bridge)
        self.exec("bridge", "ip", "link", "set", f"p{n}", "master", "br0", "up")
        self.exec(name, "ip", "addr", "add", V4.format(n) + "/16", "dev", "eth0")
        self.exec(name, "ip", "-6", "addr", "add", V6.format(n) + "/64", "dev", "eth0", "nodad")
        self.exec(name, "ip", "link", "set", "eth0", "up")

    def v4(self, name):
        return V4.format(self.number[name])

    def v6(self, name):
        return V6.format(self.number[name])

    def nft(self, host, rules):
        path = os.path.join(self.dir, f"{host}.nft")
        with open(path, "w", encoding="ascii") as f:
            f.write(rules)
        self.exec(host, "nft", "-f", path)

    def filter(self, host, hook, rules, family="inet"):
        self.nft(host, ruleset(hook, rules, family))

    def flush(self, host):
        """Takes all rules away."""
        self.exec(host, "nft", "flush", "ruleset")

    def wait_for(self, address, zone, seconds=20):
        """Until dig, asked from the client, gets any reply for the zone's SOA."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            p = self.exec("client", "dig", "+norec", "+time=1", "+tries=1", "@" + address, zone,
                          "SOA", check=False)
            if p.returncode == 0 and "status: NOERROR" in p.stdout:
                return True
            time.sleep(0.1)
        return False
