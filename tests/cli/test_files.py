#!/usr/bin/env python3
"""Files that are written: never another one of the command line, nothing that is no file; and what is
said when standard output, input or error is closed or full."""
import contextlib
import json
import os
import stat
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
import tap  # noqa: E402

DEMO = os.path.join(ROOT, "demo", "internet.scn")
QUICK = ["--timeout", "0.3", "--tries", "1", "--late", "0"]
LAB = ["--lab", DEMO, *QUICK]
AT = "@127.53.0.11"
PATHS = {"FILE", "LIST", "CSV", "SCENARIO", "FILE|RECORD", "LOG[:N]", "CMD"}


def said(argv, **more):
    """A run, without what a build with sanitizers says of itself."""
    p = subprocess.run(argv, **more)
    p.stderr = "".join(x for x in p.stderr.splitlines(True) if "built with a sanitizer" not in x)
    return p


def run(prog, *argv, cwd=None, **more):
    return said([prog, *argv], capture_output=True, text=True, check=False, cwd=cwd,
                          timeout=60, **({"stdin": subprocess.DEVNULL} | more))


def contents(folder):
    """Every file of a folder, and what it holds or where it leads."""
    found = {}
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if os.path.islink(path):
            found[name] = ("link", os.readlink(path))
        elif os.path.isfile(path):
            with open(path, "rb") as f:
                found[name] = ("file", f.read())
        else:
            found[name] = (stat.S_IFMT(os.stat(path).st_mode), None)
    return found


# command lines of which two files are one; the folder has the files a, b and c, hard and soft links
# of a, and the link dangling to new
TWICE = [
    ("bulk", "-f", "a", "-o", "a"),
    ("bulk", "-f", "a", "-o", "hard"),
    ("bulk", "-f", "soft", "-o", "a"),
    ("bulk", "-f", "b", "-o", "new", "--checkpoint", "b"),
    ("bulk", "-f", "b", "-o", "new", "--checkpoint", "new"),
    ("bulk", "-f", "b", "-o", "new", "--checkpoint", "dangling"),
    ("bulk", "-f", "b", "-o", "new.new", "--checkpoint", "new"),
    ("bulk", "-f", "b", "-o", "a", "--opt-out", "a"),
    ("bulk", "-f", "b", "-o", "a", "--lab", "a"),
    ("bulk", "--dkim", "a", "-o", "a"),
    ("bulk", "--dkim", "b", "-o", "a", "--providers", "a"),
    ("bulk", "--nats", "nats://127.0.0.1:1", "--stream", "S", "--collect", "--creds", "a", "-o", "a"),
    ("check", "x.example", "--html", "zz", "--pcap", "zz"),
    ("check", "x.example", "--html", "new", "--pcap", "sub/../new"),
    ("check", "x.example", "--lab", "a", "--pcap", "a"),
    ("check", "x.example", "--hints", "a", "--html", "a"),
    ("check", "x.example", "--profile", "empty", "--html", "empty"),
    ("dkim", "x.example", "--expect", "a", "--html", "a"),
    ("dkim", "x.example", "t", "--providers", "a", "--pcap", "a"),
    ("query", AT, "--send-hex", "@a", "--pcap", "a"),
    ("replay", "a", "--html", "a"),
    ("replay", "b", "a", "--html", "soft"),
    ("capture", "-i", "lo", "-w", "a", "--hints", "a", "x.example"),
    ("serve", "a", "--log", "a"),
    ("serve", "--replay", "a", "--log", "a"),
    ("serve", "--replay", "a:3", "--log", "a"),
    ("torture", "--junit", "zz", "--log", "zz", "true"),
    ("watch", "--config", "a", "--db", "new", "--textfile", "a"),
    ("watch", "x.example", "t", "--db", "a", "--textfile", "a"),
    ("watch", "x.example", "t", "--db", "new", "--textfile", "new-wal"),
    ("watch", "x.example", "t", "--db", "new", "--expect", "a", "--textfile", "a"),
]


@contextlib.contextmanager
def some_files():
    with tempfile.TemporaryDirectory(prefix="nsprobe-files-") as folder:
        for name in "abc":
            with open(os.path.join(folder, name), "w", encoding="ascii") as f:
                f.write(f"{name}.example\n")
        with open(os.path.join(folder, "empty"), "w", encoding="ascii"):
            pass
        os.link(os.path.join(folder, "a"), os.path.join(folder, "hard"))
        os.symlink("a", os.path.join(folder, "soft"))
        os.symlink("new", os.path.join(folder, "dangling"))
        os.mkdir(os.path.join(folder, "sub"))
        os.mkfifo(os.path.join(folder, "fifo"))
        yield folder


def twice(t, prog):
    for argv in TWICE:
        with some_files() as folder:
            before = contents(folder)
            p = run(prog, *argv, cwd=folder)
            t.check("the same file: " + " ".join(argv), p.returncode == 64 and
                    len(p.stderr.splitlines()) == 1 and "the same file" in p.stderr and
                    contents(folder) == before, f"{p.returncode} {p.stderr} {contents(folder)}")
    with some_files() as folder:
        before = contents(folder)
        with open(os.path.join(folder, "a"), encoding="ascii") as f:
            p = run(prog, "bulk", "-o", "a", cwd=folder, stdin=f)
        t.check("the same file: standard input", p.returncode == 64 and "the same file" in p.stderr and
                contents(folder) == before, p.stderr)
        with open(os.path.join(folder, "a"), "ab") as f:
            p = said([prog, "bulk", "-f", "a"], stdout=f, stderr=subprocess.PIPE, text=True,
                               check=False, cwd=folder, timeout=60)
        t.check("the same file: standard output", p.returncode == 64 and
                "the same file" in p.stderr and contents(folder) == before, p.stderr)
        env = dict(os.environ, HOME=folder, XDG_STATE_HOME="", STATE_DIRECTORY="")
        p = run(prog, "watch", "x.example", "t", "--textfile",
                ".local/state/nsprobe/watch.db", cwd=folder, env=env)
        t.check("the textfile is the database that is not named", p.returncode == 64 and
                contents(folder) == before, f"{p.returncode} {p.stderr}")


def unlike(t, prog):
    """Different files, and devices twice, are no mistake."""
    with tempfile.TemporaryDirectory(prefix="nsprobe-files-") as folder:
        listed = os.path.join(folder, "list")
        with open(listed, "w", encoding="ascii") as f:
            f.write("bakery.example\n")
        p = run(prog, "bulk", *LAB, "--quiet", "-f", "list", "-o", "out",
                "--checkpoint", "seen", cwd=folder)
        t.check("three files", p.returncode == 0 and set(os.listdir(folder)) ==
                {"list", "out", "seen"}, f"{p.returncode} {p.stderr} {os.listdir(folder)}")
        p = run(prog, "check", *LAB, "bakery.example", "--html", "/dev/null", "--pcap", "/dev/null")
        t.check("a device may be given twice", p.returncode == 0 and p.stderr == "", p.stderr)
        with open(os.path.join(folder, "results"), "wb") as f:
            p = said([prog, "bulk", *LAB, "--quiet", "-f", listed, "-o", "/dev/stdout"],
                               stdout=f, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
        with open(os.path.join(folder, "results"), encoding="utf-8") as f:
            got = [json.loads(x)["line"] for x in f]
        t.check("results may go to /dev/stdout", p.returncode == 0 and got == [1], p.stderr)


def no_files(t, prog):
    """What is replaced as a whole must be a file."""
    for name in ("fifo", "sub", "device", "device/x"):
        for argv in (("watch", "--once", "--db", "db", "--textfile", name, *LAB, "x.example", "t"),
                     ("bulk", "-f", "a", "-o", "out", "--checkpoint", name, *LAB)):
            with some_files() as folder:
                os.symlink("/dev/null", os.path.join(folder, "device"))
                before = contents(folder)
                p = run(prog, *argv, cwd=folder)
                t.check(f"{argv[0]}: {name} is refused", p.returncode == 64 and
                        len(p.stderr.splitlines()) == 1 and contents(folder) == before,
                        f"{p.returncode} {p.stderr} {contents(folder)}")
    for name in ("soft", "dangling"):
        with some_files() as folder:
            p = run(prog, "watch", "--once", "--db", "db", "--textfile", name, *LAB, "--quiet",
                    "bakery.example", "t", cwd=folder)
            found = contents(folder)
            at = {"soft": "a", "dangling": "new"}[name]
            t.check(f"textfile: the link {name} is followed", found[name] == ("link", at) and
                    b"nsprobe_watch" in found[at][1] and not [n for n in found if "tmp" in n],
                    f"{p.returncode} {p.stderr} {found}")
    with some_files() as folder:
        p = run(prog, "bulk", "--quiet", *LAB, "-f", "a", "-o", "out", "--checkpoint", "dangling",
                cwd=folder)
        found = contents(folder)
        t.check("checkpoint: a link is followed", found["dangling"] == ("link", "new") and
                b"checkpoint" in found["new"][1], f"{p.returncode} {p.stderr} {found}")
    for name, said in (("fifo", "not a plain file"), ("/dev/null", "not a plain file"),
                       ("empty", "nothing")):
        with some_files() as folder:
            p = run(prog, "history", "--db", name, cwd=folder)
            t.check(f"history: {name} is no database", p.returncode == 3 and said in p.stderr and
                    len(p.stderr.splitlines()) == 1, p.stderr)


def empty_names(t, prog):
    options = [o.split("\t") for o in run(prog, "--dump-options").stdout.splitlines()]
    files = [o for o in options if o[4] in PATHS or o[4] == "HEX|@FILE"]
    t.check("options with files", len(files) > 40, files)
    for o in files:
        value = "@" if o[4] == "HEX|@FILE" else ""
        p = run(prog, o[0], o[1], value)
        t.check(f"{o[0]} {o[1]} with an empty name", p.returncode == 64 and
                len(p.stderr.splitlines()) == 1 and "empty" in p.stderr and o[1] in p.stderr,
                f"{p.returncode} {p.stderr}")
    for command in ("replay", "serve"):
        p = run(prog, command, "")
        t.check(f"{command}: an empty name", p.returncode == 64 and "empty" in p.stderr, p.stderr)


def printing(prog, folder):
    """Command lines that print something."""
    db = os.path.join(folder, "db")
    pcap = os.path.join(folder, "some.pcap")
    return [("--help",), ("--version",), ("--dump-options",), ("check", "--help"),
            ("check", *LAB, "bakery.example"), ("check", "-j", *LAB, "bakery.example"),
            ("check", *LAB, "shop.example", "--mail", "192.0.2.31"),
            ("dkim", *LAB, "bakery.example", "t"), ("dkim", "-j", *LAB, "bakery.example", "t"),
            ("dkim", "--provider", "list"),
            ("query", AT + "#5300", "bakery.example", *QUICK),
            ("query", AT + "#5300", "-j", "bakery.example", *QUICK),
            ("query", "@127.53.0.14#5300", "--short", "bakery.example", "NS", *QUICK),
            ("trace", "@127.0.0.1", "x.example", "-m", "1", "-w", "0.1"),
            ("trace", "-j", "@127.0.0.1", "x.example", "-m", "1", "-w", "0.1"),
            ("history", "--db", db), ("history", "-j", "--db", db),
            ("history", "--db", db, "bakery.example"), ("history", "-j", "--db", db, "bakery.example"),
            ("watch", "--once", "--db", db, *LAB, "bakery.example", "t"),
            ("serve", "--list"), ("explain", "--list"), ("explain", "-j", "--list"),
            ("explain", "lame-refused"), ("explain", "--peers"),
            ("bulk", "--quiet", *LAB, "-f", os.path.join(folder, "list")),
            ("replay", pcap), ("replay", "-j", pcap), ("replay", "--exchanges", pcap),
            ("torture", "--quiet", "--only", "empty", prog, "query", "@{addr}#{port}", "{name}", *QUICK),
            ("torture", "-j", "--quiet", "--only", "empty", prog, "query", "@{addr}#{port}", "{name}",
             *QUICK), ("capture", "--help")]


def lost_output(t, prog):
    """Standard output that is full or closed: exit 3, and one line."""
    with tempfile.TemporaryDirectory(prefix="nsprobe-files-") as folder:
        with open(os.path.join(folder, "list"), "w", encoding="ascii") as f:
            f.write("bakery.example\n")
        run(prog, "watch", "--once", "--db", os.path.join(folder, "db"), *LAB, "bakery.example", "t")
        run(prog, "check", *LAB, "bakery.example", "--pcap", os.path.join(folder, "some.pcap"))
        for argv in printing(prog, folder):
            name = " ".join(w for w in argv if not w.startswith("/"))[:60]
            for how in (">/dev/full", ">&-"):
                p = said(["sh", "-c", f'exec "$@" {how}', "sh", prog, *argv],
                                   stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                   check=False, timeout=60)
                t.check(f"{how}: {name}", p.returncode == 3 and len(p.stderr.splitlines()) == 1,
                        f"{p.returncode} {p.stderr}")
            whole = run(prog, *argv)
            code = os.path.join(folder, "code")
            p = said(["sh", "-c", '{ "$@"; echo $? > "$0"; } | true', code, prog, *argv],
                     capture_output=True, stdin=subprocess.DEVNULL, text=True, check=False,
                     timeout=60)
            quiet = argv[0] in ("watch", "bulk") or p.stderr == ""
            t.check(f"| true: {name}: quiet", quiet, p.stderr)
            with open(code, encoding="ascii") as f:
                got = int(f.read())
            t.check(f"| true: {name}: exit as ever", got == whole.returncode or
                    argv[0] == "bulk" and got == 3, f"{got}, not {whole.returncode}")


def lost_side_files(t, prog):
    """A file that is written beside the report: exit 3 when it is full, and one line that names it."""
    client = (prog, "query", "@{addr}#{port}", "{name}", *QUICK)
    for argv in (("check", *LAB, "bakery.example", "--html", "/dev/full"),
                 ("check", *LAB, "bakery.example", "--pcap", "/dev/full"),
                 ("dkim", *LAB, "bakery.example", "t", "--html", "/dev/full"),
                 ("torture", "--quiet", "--only", "empty", "--log", "/dev/full", *client),
                 ("torture", "--quiet", "--only", "empty", "--junit", "/dev/full", *client)):
        p = run(prog, *argv)
        option = argv[argv.index("/dev/full") - 1]
        t.check(f"{argv[0]} {option} /dev/full", p.returncode == 3 and
                len(p.stderr.splitlines()) == 1 and f"{option} /dev/full: " in p.stderr,
                f"{p.returncode} {p.stderr}")
    argv = [prog, "serve", "--fuzz", "1", "--listen", "127.0.0.1#5399", "--log", "/dev/full"]
    p = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    p.stdout.readline()
    run(prog, "query", "@127.0.0.1#5399", "x.test", *QUICK)
    p.terminate()
    _, err = p.communicate(timeout=20)
    t.check("serve --log /dev/full", p.returncode == 3 and "--log /dev/full: " in err,
            f"{p.returncode} {err}")


def closed(t, prog):
    """Descriptors that are closed are not taken by files, and nothing waits for them."""
    with tempfile.TemporaryDirectory(prefix="nsprobe-files-") as folder:
        path = os.path.join(folder, "x.pcap")
        plain = ("check", *LAB, "bakery.example", "--pcap", path)
        run(prog, *plain)
        sizes = [os.path.getsize(path)]
        for how in (">&-", "<&-", "2>&-", "<&- >&- 2>&-"):
            p = said(["sh", "-c", f'exec "$@" {how}', "sh", prog, *plain],
                               capture_output=True, text=True, check=False, timeout=60)
            again = run(prog, "replay", path)
            t.check(f"{how}: the pcap is whole", again.returncode in (0, 1, 2) and
                    again.stderr == "" and "bakery.example" in again.stdout, again.stderr)
            t.equal(f"{how}: exit", p.returncode, 3 if ">&-" in how.replace("2>&-", "") else 0)
        t.check("the pcap has packets", sizes[0] > 1000, sizes)
        for argv in (("bulk", *LAB), ("bulk", "--query"), ("replay", "-"),
                     ("dkim", *LAB, "bakery.example", "--expect", "-"),
                     ("check", *LAB, "bakery.example", "--profile", "-")):
            began = time.monotonic()
            p = said(["timeout", "20", "sh", "-c", 'exec "$@" <&-', "sh", prog, *argv],
                               capture_output=True, text=True, check=False, timeout=60)
            t.check(f"<&-: {' '.join(argv)[:20]} ends with an error", p.returncode in (1, 3, 64) and
                    p.stderr != "" and time.monotonic() - began < 10, f"{p.returncode} {p.stderr}")


def standard(t, prog):
    """"-" is standard output where that is free, and never a file of this name."""
    with some_files() as folder:
        before = contents(folder)
        for option, *argv in (("--pcap", "check", "x.example"), ("--html", "check", "x.example"),
                              ("--pcap", "dkim", "x.example", "t"),
                              ("--html", "dkim", "x.example", "t"),
                              ("--pcap", "query", AT, "x.example"), ("--html", "replay", "a"),
                              ("--junit", "torture", "true"), ("--log", "torture", "true"),
                              ("--db", "watch", "x.example", "t"),
                              ("--textfile", "watch", "x.example", "t", "--db", "new"),
                              ("--checkpoint", "bulk", "-f", "a", "-o", "new")):
            p = run(prog, argv[0], option, "-", *argv[1:], cwd=folder)
            t.check(f"{argv[0]} {option} -", p.returncode == 64 and
                    len(p.stderr.splitlines()) == 1 and f"{option} -: standard output" in p.stderr and
                    contents(folder) == before, f"{p.returncode} {p.stderr} {contents(folder)}")
        p = run(prog, "bulk", *LAB, "--quiet", "-f", "a", "-o", "-", cwd=folder)
        t.check("bulk -o -", p.returncode == 0 and json.loads(p.stdout)["line"] == 1 and
                contents(folder) == before, f"{p.returncode} {p.stderr}")


def main():
    a = tap.arguments()
    t = tap.Tap()
    twice(t, a.prog)
    empty_names(t, a.prog)
    standard(t, a.prog)
    with tap.Serve(a.prog, DEMO) as serve:
        if t.check("demo serves", serve.ready, serve.output):
            for part in (unlike, no_files, lost_output, lost_side_files, closed):
                part(t, a.prog)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
