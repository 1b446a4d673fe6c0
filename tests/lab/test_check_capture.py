#!/usr/bin/env python3
"""check --capture behind this host's own firewall, and behind one that drops fragments."""
import json
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import capture_net  # noqa: E402
import same_diagnosis  # noqa: E402

QUICK = ["--timeout", "0.4,0.6", "--late", "0.2"]


def check(net, prog, name, *words):
    p = net.exec("client", prog, "check", name, "--from", net.v4("parent"), "--json", *QUICK, *words,
                 check=False)
    if not p.stdout:
        return p.returncode, p.stderr, ""
    report = json.loads(p.stdout)
    return p.returncode, {(f["id"], f.get("address")) for f in report["findings"]
                          if f["severity"] in ("error", "warning")}, p.stdout


def check_tests(t, net, prog):
    good4, good6, frag4, frag6 = net.v4("good"), net.v6("good"), net.v4("frag"), net.v6("frag")
    code, found, out = check(net, prog, "local.test", "--capture", "eth0")
    before = found
    t.check("nothing is dropped: no such finding",
            not any(i in ("reply-dropped-locally", "fragments-incomplete") for i, _ in found), found)
    net.filter("client", "input", f"ip saddr {good4} udp sport 53 drop")
    code, found, out = check(net, prog, "local.test")
    t.check("a firewall here drops replies: without --capture the server gets the blame",
            ("udp-unresponsive", good4) in found, found)
    code, found, out = check(net, prog, "local.test", "--capture", "eth0")
    t.equal("with --capture it does not", found, before | {("reply-dropped-locally", good4)})
    t.check("the events are in the report", '"not-delivered"' in out, out[:3000])
    net.exec("client", "nft", "flush", "ruleset")
    net.filter("client", "input", f"ip6 saddr {good6} meta l4proto {{ tcp, udp }} th sport 53 drop")
    code, found, out = check(net, prog, "local.test", "--capture", "eth0")
    t.equal("TCP too: answers to SYN are seen", found, before | {("reply-dropped-locally", good6)})
    t.check("and are in the report", '"tcp-not-delivered"' in out, out[:3000])
    net.exec("client", "nft", "flush", "ruleset")
    code, found, out = check(net, prog, "frag.test", "--capture", "eth0")
    t.check("fragments that never come together are told",
            {("fragments-incomplete", frag4), ("fragments-incomplete", frag6)} <= found and
            not any(i == "big-answer-lost" for i, _ in found), found)
    t.check("the event says which", '"fragments-lost"' in out and "but not all" in out, out[:3000])


def tcpdump_tests(t, net, prog):
    """A check that tcpdump looks on: replay of its file finds the same."""
    for interface in ("eth0", "any"):
        for zone in ("local.test", "frag.test", "cap.test"):
            path = os.path.join(net.dir, f"{zone}-{interface}.pcap")
            tcpdump = subprocess.Popen(["ip", "netns", "exec", net.prefix + "client", "tcpdump", "-i",
                                        interface, "-U", "-n", "-w", path], stderr=subprocess.PIPE,
                                       text=True)
            said = tcpdump.stderr.readline()
            while said and "listening on" not in said:
                said = tcpdump.stderr.readline()
            p = net.exec("client", prog, "check", zone, "--from", net.v4("parent"), "--json", *QUICK,
                         check=False)
            time.sleep(1)
            tcpdump.send_signal(signal.SIGINT)
            tcpdump.communicate(timeout=60)
            same_diagnosis.check(t, f"{zone} on {interface}", prog, path, p)


if __name__ == "__main__":
    sys.exit(capture_net.run("check --capture", (check_tests, tcpdump_tests)))
