#!/usr/bin/env python3
"""Speed of `nsprobe replay` beside its peers, as ratios, in one run.

  bench/replay.py [--build DIR] [--replies FILE] [--packets N] [--rounds N]

A capture is made in a temporary folder. The whole of replay (decode, pair, diagnose, report) is
timed beside a bare libpcap loop that only counts, `dnscap -w` (which copies), `dnscap -g` and
`tshark` (which decode and print). CPU is user and system time of the process; rounds of all
commands are interleaved and the least of each counts, so that what else the machine does falls on
all alike. Everything writes to a file, as when its output is kept.

The two slow peers get captures of 1/20 and 1/40 of the packets; the time between the two, which
leaves starting up out, is scaled to the whole.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time

BARS = [("a bare libpcap loop", "pcapcount", 3.0, "at most"),
        ("dnscap -w", "dnscap -w", 2.5, "at least"),
        ("dnscap -g", "dnscap -g", 100.0, "at least"),
        ("tshark", "tshark", 200.0, "at least"),
        ("tshark -V", "tshark -V", 200.0, "at least")]


def measure(argv, folder):
    """CPU and wall seconds, and peak memory in MiB, of one command."""
    with open(os.path.join(folder, "out"), "wb") as out:
        begin = time.monotonic()
        p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=folder)
        _, status, usage = os.wait4(p.pid, 0)
        wall = time.monotonic() - begin
    p.returncode = os.waitstatus_to_exitcode(status)
    if p.returncode < 0 or p.returncode > 3:
        with open(os.path.join(folder, "out"), "rb") as out:
            sys.exit(f"{' '.join(argv)}: ended with {p.returncode}\n"
                     f"{out.read()[-500:].decode(errors='replace')}")
    for name in os.listdir(folder):
        if name.startswith("copy."):
            os.unlink(os.path.join(folder, name))
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024


def make(build, folder, packets, replies):
    path = os.path.join(folder, f"{packets}.pcap")
    with open(path, "wb") as f:
        subprocess.run([f"{build}/bench/mkpcap", "traffic", str(packets), replies], stdout=f,
                       check=True)
    return path


def commands(build, folder, a):
    """name -> (argv, packets); the slow peers twice."""
    whole = make(build, folder, a.packets, a.replies)
    jobs = {
        "pcapcount": ([f"{build}/bench/pcapcount", whole], a.packets),
        "replay 1": ([f"{build}/nsprobe", "replay", "--threads", "1", whole], a.packets),
        "replay 3": ([f"{build}/nsprobe", "replay", "--threads", "3", whole], a.packets),
    }
    have = shutil.which("dnscap"), shutil.which("tshark")
    if have[0]:
        jobs["dnscap -w"] = (["dnscap", "-r", whole, "-w", "copy"], a.packets)
    for part in (40, 20):
        n = a.packets // part
        some = make(build, folder, n, a.replies)
        if have[0]:
            jobs[f"dnscap -g /{part}"] = (["dnscap", "-r", some, "-g"], n)
        if have[1]:
            jobs[f"tshark /{part}"] = (["tshark", "-n", "-r", some], n)
            jobs[f"tshark -V /{part}"] = (["tshark", "-n", "-V", "-r", some], n)
    for name, there in zip(("dnscap", "tshark"), have):
        if not there:
            print(f"NOTE: {name} is not installed: it is left out")
    return jobs


def per_packet(best, jobs):
    """name -> (CPU, wall) in ns a packet."""
    out = {}
    for name, (_, packets) in jobs.items():
        if "/" not in name:
            out[name] = tuple(1e9 * v / packets for v in best[name][:2])
        elif name.endswith("/20"):
            small = name[:-2] + "40"
            out[name[:-4]] = tuple(1e9 * (best[name][i] - best[small][i]) /
                                   (packets - jobs[small][1]) for i in (0, 1))
    return out


def report(best, jobs):
    ns = per_packet(best, jobs)
    print(f"{'':22} {'CPU ns/packet':>14} {'wall':>8} {'MiB':>6}")
    for name, (cpu, wall) in ns.items():
        peak = f"{best[name][2]:6.0f}" if name in best else "     -"
        print(f"{name:22} {cpu:14.0f} {wall:8.0f} {peak}")
    own = ns["replay 1"][0]
    print(f"\nreplay on one core, CPU{'':12} {'ratio':>8} {'bar':>16}")
    for text, name, bar, sense in BARS:
        if name not in ns:
            continue
        most = sense == "at most"
        ratio = own / ns[name][0] if most else ns[name][0] / own
        good = ratio <= bar if most else ratio >= bar
        print(f"  {'times ' + text if most else 'as fast as ' + text:32} {ratio:8.1f} "
              f"{sense + f' {bar:g}':>16}{'' if good else '  (not reached)'}")


def report_threads(build, folder, path, a):
    """Wall time by the number of threads, of the capture as it is and compressed."""
    print("\nreplay, wall ns/packet, --threads 1        2        3   3 to 1")
    for name in ("plain", "gzip", "zstd"):
        file = path if name == "plain" else f"{path}.{name}"
        if file != path and not shutil.which(name):
            print(f"NOTE: {name} is not installed: it is left out")
            continue
        if file != path:
            with open(file, "wb") as out:
                subprocess.run([name, "-c", path], stdout=out, check=True)
        best = [1e9] * 3
        for _ in range(a.rounds):
            for i in range(3):
                argv = [f"{build}/nsprobe", "replay", "--threads", str(i + 1), file]
                best[i] = min(best[i], measure(argv, folder)[1] * 1e9 / a.packets)
        print(f"  {name:30}" + "".join(f"{v:9.0f}" for v in best) + f"{best[2] / best[0]:9.2f}")


def same_output(build, path):
    for more in ([], ["--json"]):
        one, two, three = (subprocess.run([f"{build}/nsprobe", "replay", *more, "--threads", n,
                                           path], capture_output=True, check=False).stdout
                           for n in "123")
        if not one or one != two or one != three:
            return False
    return True


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", default="build/release")
    p.add_argument("--replies", default="../shared/data/real-replies.tcpdns")
    p.add_argument("--packets", type=int, default=2000000)
    p.add_argument("--rounds", type=int, default=3)
    a = p.parse_args()
    build = os.path.abspath(a.build)
    a.replies = os.path.abspath(a.replies)
    if not os.path.exists(a.replies):
        print(f"NOTE: no real replies at \"{a.replies}\": made ones stand in for them")
    with tempfile.TemporaryDirectory(prefix="nsprobe-bench-") as folder:
        os.chmod(folder, 0o777)
        jobs = commands(build, folder, a)
        print(f"replay: {a.packets} packets, "
              f"{os.path.getsize(os.path.join(folder, f'{a.packets}.pcap')) / 1e6:.0f} MB, "
              f"best of {a.rounds} interleaved rounds")
        best = {}
        for _ in range(a.rounds):
            for name, (argv, _) in jobs.items():
                m = measure(argv, folder)
                best[name] = tuple(map(min, m, best.get(name, m)))
        report(best, jobs)
        same = same_output(build, os.path.join(folder, f"{a.packets // 20}.pcap"))
        print(f"  output of --threads 1, 2 and 3: {'the same' if same else 'DIFFERENT'}")
        whole = os.path.join(folder, f"{a.packets}.pcap")
        report_threads(build, folder, whole, a)
        subprocess.run([f"{build}/bench/stages", whole], check=True)
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
