#!/usr/bin/env python3
"""capture beside dig, in namespaces: findings, privileges, files, limits."""
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import capture_net  # noqa: E402


class Capture:
    """`nsprobe capture` in the client's namespace, from its first word on until stop()."""

    def __init__(self, net, prog, *argv):
        prog = [prog] if isinstance(prog, str) else prog
        self.p = subprocess.Popen(["ip", "netns", "exec", net.prefix + "client", *prog, "capture",
                                   "-i", "eth0", *argv], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        self.said = self.p.stderr.readline()

    def helper(self):
        """The process that opens files."""
        with open(f"/proc/{self.p.pid}/task/{self.p.pid}/children", encoding="ascii") as f:
            return int(f.read().split()[0])

    def stop(self, number=signal.SIGINT):
        self.p.send_signal(number)
        out, err = self.p.communicate(timeout=60)
        return self.p.returncode, out, self.said + err


def dig(net, server, *words):
    return net.exec("client", "dig", "+norec", "+time=1", "+tries=3", "@" + server, *words,
                    check=False).stdout


def findings(text):
    """(id, address) of every finding, and its text, from NDJSON."""
    out = []
    for line in text.splitlines():
        o = json.loads(line)
        if o.get("kind") == "finding":
            out.append((o["id"], o.get("address"), o.get("text")))
    return sorted(out, key=str)


def state(pid):
    """Of a process, as the kernel has it."""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return dict(re.findall(r"^(\w+):[ \t]*(.*)$", f.read(), re.M))


def rights(status):
    return [k for k in ("CapPrm", "CapEff", "CapInh") if int(status[k], 16) != 0]


def packet_sockets(net, pid):
    """Sockets of packets that a process has open."""
    known = {line.split()[-1] for line in
             net.exec("client", "cat", "/proc/net/packet").stdout.splitlines()[1:]}
    held = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
    return held & {f"socket:[{inode}]" for inode in known}


def replay(prog, *words):
    return subprocess.run([prog, "replay", *words], capture_output=True, text=True, check=False)


def capture_tests(t, net, prog):
    path = os.path.join(net.dir, "out")
    os.makedirs(path)
    name = os.path.join(path, "x.pcap")
    c = Capture(net, prog, "cap.test", "--from", net.v4("parent"), "-w", name, "--json")
    if not t.check("capture finds the servers and listens", "listening on eth0" in c.said, c.said):
        t.check("capture ran", False, c.stop())
        return
    status = state(c.p.pid)
    t.check("the process is nobody, has no capability and a filter of system calls",
            status["Uid"].split() == ["65534"] * 4 and status["Groups"] == "" and
            all(int(status[k], 16) == 0 for k in ("CapPrm", "CapEff", "CapInh", "CapBnd", "CapAmb"))
            and status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", status)
    helper = state(c.helper())
    t.check("its helper keeps the right to write into any folder alone, and no socket of packets",
            int(helper["CapPrm"], 16) == int(helper["CapEff"], 16) == 1 << 1 and
            len(packet_sockets(net, c.p.pid)) == 1 and not packet_sockets(net, c.helper()),
            (helper, packet_sockets(net, c.p.pid), packet_sockets(net, c.helper())))
    t.check("a file that is written has .part behind its name",
            os.listdir(path) == ["x.pcap.part"], os.listdir(path))
    for family in ("v4", "v6"):
        for host in ("good", "bad"):
            address = getattr(net, family)(host)
            dig(net, address, "cap.test", "SOA")
        dig(net, getattr(net, family)("good"), "+tcp", "cap.test", "NS")
        dig(net, getattr(net, family)("parent"), "test", "SOA")  # of no interest
    time.sleep(2.5)  # silence counts after two seconds
    dig(net, net.v4("good"), "cap.test", "NS")
    code, out, err = c.stop()
    found = findings(out)
    t.equal("capture ends with the findings' exit code", code, 2)
    t.equal("nothing else is said", err, c.said)
    for family in ("v4", "v6"):
        bad, good = getattr(net, family)("bad"), getattr(net, family)("good")
        t.check(f"{bad} is unresponsive, {good} is not",
                any(i == "unresponsive" and a == bad for i, a, _ in found) and
                not any(a == good for _, a, _ in found), found)
    t.check("servers of other domains are left out", net.v4("parent") not in out, out)
    t.check("the file got its name", os.listdir(path) == ["x.pcap"], os.listdir(path))
    p = replay(prog, name, "--json")
    t.equal("replay of the file finds the same", (p.returncode, findings(p.stdout)), (code, found))
    p = subprocess.run(["tshark", "-r", name, "-Y", "dns"], capture_output=True, text=True,
                       check=False)
    t.check("tshark reads it", len(p.stdout.splitlines()) >= 11, p.stdout + p.stderr)


def rotation_tests(t, net, prog):
    path = os.path.join(net.dir, "rotated")
    os.makedirs(path)
    c = Capture(net, prog, "--server", net.v4("good"), "-w", os.path.join(path, "y.pcap"),
                "--rotate-size", "1K", "--files", "3")
    for _ in range(30):
        dig(net, net.v4("good"), "cap.test", "SOA")
    time.sleep(0.5)
    code, out, err = c.stop(signal.SIGTERM)
    names = sorted(os.path.basename(f) for f in glob.glob(path + "/*"))
    t.check("a healthy server", code == 0 and "healthy" in out, f"{code}\n{out}{err}")
    t.check("three files stay, with number and time", len(names) == 3 and
            all(re.fullmatch(r"y-\d{5}-\d{8}T\d{6}Z\.pcap", n) for n in names), names)
    sizes = [os.path.getsize(os.path.join(path, n)) for n in names]
    t.check("none is longer than asked for", max(sizes) <= 1024, sizes)
    p = replay(prog, *(os.path.join(path, n) for n in reversed(names)))
    t.check("replay reads the set", p.returncode == 0 and "in 3 files" in p.stdout,
            p.stdout + p.stderr)


def ordinary_user_tests(t, net, prog):
    """Not root, with the right to capture alone, as setcap gives it to the program."""
    path = os.path.join(net.dir, "granted")
    os.makedirs(path)
    os.chmod(net.dir, 0o755)
    os.chown(path, 65534, 65534)
    granted = shutil.copy(prog, os.path.join(path, "nsprobe"))
    subprocess.run(["setcap", "cap_net_raw+ep", granted], check=True)
    c = Capture(net, ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", granted],
                "--server", net.v4("good"), "-w", os.path.join(path, "z.pcap"))
    if not t.check("setcap lets an ordinary user capture", "listening" in c.said, c.said):
        c.stop()
        return
    main, helper = state(c.p.pid), state(c.helper())
    t.check("no process keeps a capability", not rights(main) and not rights(helper),
            (main, helper))
    dig(net, net.v4("good"), "cap.test", "SOA")
    code, out, err = c.stop()
    t.check("and it is written", code == 0 and sorted(os.listdir(path)) == ["nsprobe", "z.pcap"],
            f"{code}\n{out}{err}")


def burst(net, prog, *argv):
    """What is said of 3000 small packets that came while nobody read."""
    c = Capture(net, prog, "--server", net.v4("good"), "--quiet", *argv)
    c.p.send_signal(signal.SIGSTOP)
    net.exec("client", sys.executable, "-c", "import socket\n"
             "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
             f"for i in range(3000): s.sendto(b'{'x' * 40}', ('{net.v4('good')}', 53))\n")
    c.p.send_signal(signal.SIGCONT)
    time.sleep(0.5)
    _, out, err = c.stop()
    return out, err


def burst_tests(t, net, prog):
    out, err = burst(net, prog)
    t.check("3000 packets, and none is lost", int(out.split()[1]) >= 3000 and
            "lost by the capture" not in out, out[:600] + err)
    out, err = burst(net, prog, "--immediate")
    t.check("--immediate has room for few, and says what is lost", int(out.split()[1]) < 3000 and
            "lost by the capture" in out, out[:600] + err)
    out, err = burst(net, prog, "--immediate", "--snaplen", "256")
    t.check("but for all of short ones", int(out.split()[1]) >= 3000 and
            "lost by the capture" not in out, out[:600] + err)


def limit_tests(t, net, prog):
    c = Capture(net, prog, "--server", net.v4("good"), "--count", "2", "--quiet")
    dig(net, net.v4("good"), "cap.test", "SOA")
    out, err = c.p.communicate(timeout=60)
    t.check("--count ends it", c.p.returncode == 0 and "packets    2 " in out, out + err)
    c = Capture(net, prog, "--duration", "0.3")
    out, err = c.p.communicate(timeout=60)
    t.check("--duration ends it; nothing was seen: exit 3", c.p.returncode == 3, out + err)
    c = Capture(net, prog, "--server", net.v4("good"), "-w", "-")
    dig(net, net.v4("good"), "cap.test", "SOA")
    time.sleep(0.5)
    c.p.send_signal(signal.SIGINT)
    p = subprocess.run([prog, "replay", "-"], stdin=c.p.stdout, capture_output=True, text=True,
                       check=False)
    err = c.p.stderr.read()
    c.p.wait()
    t.check("-w - gives packets to a pipe, and the report to stderr",
            "packets    2 " in p.stdout and "packets    2 " in err, p.stdout + p.stderr + err)
    c = Capture(net, prog, "--server", net.v4("good"), "--json")
    c.p.stdout.close()
    dig(net, net.v4("good"), "cap.test", "SOA")
    try:
        code = c.p.wait(timeout=10)
    except subprocess.TimeoutExpired:
        code = c.stop()
    t.equal("--json whose reader went away ends", code, 0)
    c = Capture(net, prog, "--server", net.v4("good"), "-w", "/dev/full")
    dig(net, net.v4("good"), "cap.test", "SOA")
    out, err = c.p.communicate(timeout=60)
    t.check("a full disk is told, and what was seen is reported", c.p.returncode == 1 and
            "No space left" in err and "packets " in out, f"{c.p.returncode}\n{out}{err}")
    p = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", "--bounding-set=-all", prog,
                        "capture", "-i", "lo"], capture_output=True, text=True, check=False)
    t.check("without the right to capture: one line that says how to grant it", p.returncode == 3
            and "setcap cap_net_raw" in p.stderr and len(p.stderr.splitlines()) == 1,
            f"{p.returncode} {p.stderr}")


if __name__ == "__main__":
    sys.exit(capture_net.run("capture", (capture_tests, rotation_tests, ordinary_user_tests,
                                            burst_tests, limit_tests)))
