#!/usr/bin/env python3
"""What is written to a terminal: colour and progress where it knows them, in lines as wide as it is."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
import pcapmake  # noqa: E402
import tap  # noqa: E402

SCENARIO = os.path.join(ROOT, "demo", "internet.scn")
QUICK = ["--timeout", "0.3", "--tries", "1", "--late", "0"]
COLOUR = re.compile(r"\033\[[0-9;]*m")


def on_terminal(argv, columns=80, **env):
    """What a command writes to both of its outputs, which are a terminal."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    clean = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM")}
    p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=slave, stderr=slave,
                         env={**clean, **env})
    os.close(slave)
    text = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:  # nobody has it open any more
            break
        if not piece:
            break
        text += piece
    os.close(master)
    p.wait()
    return text.decode("utf-8")


def kinds_of_terminals(t, name, argv):
    plain = subprocess.run(argv, capture_output=True, text=True, check=False)
    t.check(f"{name}: no escapes into files", "\033" not in plain.stdout + plain.stderr)
    t.check(f"{name}: colour on a terminal", COLOUR.search(on_terminal(argv, TERM="xterm")))
    t.check(f"{name}: NO_COLOR", not COLOUR.search(on_terminal(argv, TERM="xterm", NO_COLOR="1")))
    t.check(f"{name}: an empty NO_COLOR says nothing",
            COLOUR.search(on_terminal(argv, TERM="xterm", NO_COLOR="")))
    for env in ({"TERM": "dumb"}, {"TERM": ""}, {}):
        text = on_terminal(argv, **env)
        t.check(f"{name}: no escapes with {env}", text and "\033" not in text, repr(text[:300]))


def progress(t, name, argv, says):
    """Each state of the line is written over the one before, and is as wide as there is room."""
    for columns in (20, 40, 200):
        text = on_terminal(argv, columns, TERM="xterm")
        states = re.findall(r"\r\033\[K([^\r\n\033]*)(?=\r\033\[K)", text)
        t.check(f"{name}: progress in {columns} columns", states and
                max(map(len, states)) < columns and (columns < 80 or says in states[-1]),
                (states[-1:], text[:300]))


def listing(t, prog):
    """No line of progress between the lines of a list, where both are on one terminal."""
    f = pcapmake.Pcap()
    for i in range(3000):
        q = pcapmake.query(i, f"n{i}.example", "A")
        f.udp("192.0.2.1", 40000, "192.0.2.53", 53, q)
        f.udp("192.0.2.53", 53, "192.0.2.1", 40000, pcapmake.reply(q))
    with tempfile.TemporaryDirectory(prefix="nsprobe-terminal-") as folder:
        path = os.path.join(folder, "x.pcap")
        f.write(path)
        for words in (["--exchanges"], ["--json"], ["--ladder", "3000"], []):
            text = on_terminal([prog, "replay", path, *words], TERM="xterm")
            listed = [line for line in text.split("\n") if "example" in line or "{" in line]
            t.check(f"replay {words}: progress is not within a list", words == [] or (
                listed and not any("\033" in line for line in listed[1:])), listed[:3])
    p = subprocess.run([prog, "--help"], capture_output=True, text=True, check=False)
    t.check("--help: 80 columns", max(map(len, p.stdout.splitlines())) <= 80, p.stdout)


def main():
    a = tap.arguments()
    t = tap.Tap()
    with tap.Serve(a.prog, SCENARIO) as serve:
        t.check("serve is ready", serve.ready, serve.output)
        check = [a.prog, "check", "--lab", SCENARIO, *QUICK, "bakery.example"]
        kinds_of_terminals(t, "check", check)
        progress(t, "check", check, "exchanges done, 0 outstanding")
    listing(t, a.prog)
    kinds_of_terminals(t, "explain", [a.prog, "explain", "lame-refused"])
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
