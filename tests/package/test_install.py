#!/usr/bin/env python3
"""What `make install` installs is complete and works: the library as a stranger uses it, its list of
symbols, headers in C and C++, completions of three shells."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
import tap  # noqa: E402


def run(*argv, cwd=ROOT, env=None, text=None):
    p = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=cwd, input=text,
                       env=dict(os.environ, **(env or {})))
    return p.returncode, p.stdout + p.stderr


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def variable(name):
    return re.search(rf"^{name}\s*:=\s*(\S+)", read(os.path.join(ROOT, "Makefile")), re.M).group(1)


def installed(t, prog, usr):
    """Everything is there, and nothing names the folder that it was put below."""
    version, abi = variable("VERSION"), variable("ABI")
    pages = [f"share/man/man1/{os.path.basename(p)[:-4]}"
             for p in os.listdir(os.path.join(ROOT, "docs", "man"))]
    wanted = ["bin/nsprobe", "lib/libnsproto.a", f"lib/libnsproto.so.{version}",
              f"lib/libnsproto.so.{abi}", "lib/libnsproto.so", "lib/pkgconfig/libnsproto.pc",
              "include/nsproto/nsproto.h", "share/nsprobe/providers.conf",
              "share/nsprobe/schema/check.schema.json", "share/doc/nsprobe/docs/FINDINGS.md",
              "share/doc/nsprobe/examples/decode.c", "share/bash-completion/completions/nsprobe",
              "share/zsh/site-functions/_nsprobe", "share/fish/vendor_completions.d/nsprobe.fish",
              "lib/systemd/system/nsprobe-watch.service", *pages]
    missing = [w for w in wanted if not os.path.exists(os.path.join(usr, w))]
    t.equal("every file is installed", missing, [])
    commands = {line.split("\t")[0] for line in run(prog, "--dump-options")[1].splitlines()}
    t.check("a man page for each command",
            {f"share/man/man1/nsprobe-{c}.1" for c in commands} <= set(pages), commands)
    named = run("grep", "-rIl", os.path.dirname(usr), usr)[1]
    t.equal("no text file names DESTDIR", named, "")


def documents(t, usr):
    """What documents and man pages name is where they say."""
    doc = f"{usr}/share/doc/nsprobe"
    dead = []
    for folder in (doc, f"{doc}/docs"):
        for name in sorted(os.listdir(folder)):
            for link in re.findall(r"\]\(([^)#]+)", read(f"{folder}/{name}")) \
                    if name.endswith(".md") else ():
                if "://" not in link and not os.path.exists(os.path.join(folder, link)):
                    dead.append((name, link))
    t.equal("links between documents", dead, [])
    absent = []
    for page in sorted(os.listdir(f"{usr}/share/man/man1")):
        text = re.sub(r"\\&?", "", read(f"{usr}/share/man/man1/{page}"))
        for path in re.findall(r"\b(?:docs|data|demo)/[\w./-]*\w", text):
            if not os.path.exists(f"{doc}/{path}"):
                absent.append((page, path))
    t.equal("files that man pages name", absent, [])
    t.check("nsprobe(1) says where they are", "share/doc/nsprobe" in
            read(f"{usr}/share/man/man1/nsprobe.1"))
    scenario = f"{doc}/demo/internet.scn"
    t.check("the example of a scenario is there", os.path.exists(scenario), scenario)


def library(t, usr):
    """A stranger compiles and runs the example with what pkg-config says."""
    env = {"PKG_CONFIG_PATH": f"{usr}/lib/pkgconfig", "PKG_CONFIG_SYSROOT_DIR": os.path.dirname(usr),
           "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1", "PKG_CONFIG_ALLOW_SYSTEM_LIBS": "1"}
    code, flags = run("pkg-config", "--cflags", "--libs", "libnsproto", env=env)
    t.equal("pkg-config finds the library", code, 0)
    flags = flags.split()
    example = f"{usr}/share/doc/nsprobe/examples/decode.c"
    t.check("the example has 40 lines at most", len(read(example).splitlines()) <= 40)
    with tempfile.TemporaryDirectory() as d:
        code, out = run("gcc", "-std=c17", "-Wall", "-Wextra", "-Werror", "-o", f"{d}/decode", example,
                        *flags)
        t.check("the example compiles", code == 0, out)
        code, out = run(f"{d}/decode", "example.net", env={"LD_LIBRARY_PATH": f"{usr}/lib"})
        t.equal("the example runs", (code, out), (0, "example.net. 300 IN A 192.0.2.1\n"))
        code, out = run(f"{d}/decode", "a..b", env={"LD_LIBRARY_PATH": f"{usr}/lib"})
        t.check("the example says what is wrong with a name", code == 1 and "a..b" in out, out)
        code, out = run("readelf", "-d", f"{d}/decode")
        t.check("the program asks for the library by its ABI version",
                f"libnsproto.so.{variable('ABI')}" in out, out)
        for header in sorted(os.listdir(f"{usr}/include/nsproto")):
            if header.endswith(".h"):
                for compiler in (["gcc", "-std=c17", "-x", "c"], ["g++", "-std=c++17", "-x", "c++"],
                                 ["clang-14", "-std=c++20", "-x", "c++"]):
                    code, out = run(*compiler, "-Wall", "-Wextra", "-Wpedantic", "-Werror",
                                    "-fsyntax-only", f"-I{usr}/include", "-", text=
                                    f"#include <nsproto/{header}>\nint main(void) {{ return 0; }}\n")
                    t.check(f"{header} alone: {compiler[0]} {compiler[1]}", code == 0, out)
        source = "#include <nsproto/nsproto.h>\nint main() { nsp_name_t n; nsp_name_root(&n); " \
                 "return n.len - 1; }\n"
        code, out = run("g++", "-std=c++17", "-x", "c++", "-", "-o", f"{d}/cpp", *flags, text=source)
        t.check("a C++ program links", code == 0, out)
        t.equal("a C++ program runs",
                run(f"{d}/cpp", env={"LD_LIBRARY_PATH": f"{usr}/lib"})[0], 0)


def symbols(t, usr):
    """The list, the library, and the functions that the headers declare are the same."""
    listed = set(re.findall(r"^    (nsp_\w+);", read(f"{ROOT}/proto/libnsproto.map"), re.M))
    out = run("nm", "-D", "--defined-only", f"{usr}/lib/libnsproto.so")[1]
    shown = {line.split()[2].split("@")[0] for line in out.splitlines() if " A " not in line}
    t.equal("the library shows what is listed", (sorted(shown - listed), sorted(listed - shown)),
            ([], []))
    declared = set()
    for header in os.listdir(f"{usr}/include/nsproto"):
        text = read(f"{usr}/include/nsproto/{header}")
        declared |= set(re.findall(r"^NSP_API [^;(]*?(nsp_\w+)\(", text, re.M))
    t.equal("the headers declare what is listed",
            (sorted(declared - listed), sorted(listed - declared)), ([], []))
    debian = set(re.findall(r"^ (nsp_\w+)@", read(f"{ROOT}/packaging/debian/libnsproto0.symbols"),
                            re.M))
    t.equal("Debian's list is the same", (sorted(debian - listed), sorted(listed - debian)), ([], []))


# What is typed at the top of the source before a tab, and what is then offered; nothing: no files.
TYPED = [("nsprobe rep", {"replay"}), ("nsprobe explain glue-d", {"glue-dead"}),
         ("nsprobe check --thor", {"--thorough"}), ("nsprobe check --fail-on glue-d", {"glue-dead"}),
         ("nsprobe bulk -f Make", {"Makefile"}), ("nsprobe bulk --dkim Make", {"Makefile"}),
         ("nsprobe serve --replay Make", {"Makefile"}), ("nsprobe replay Make", {"Makefile"}),
         ("nsprobe check --capture l", {"lo"}), ("nsprobe query +nsi", {"+nsid"}),
         ("nsprobe torture bas", {"bash"}), ("nsprobe check Make", set())]
# A shell of its own, in which the tab is pressed as a person would.
ZSH = r"""
zmodload zsh/zpty
zpty z 'zsh -f -i'
zpty -w z 'PS1=; fpath=('$1' $fpath); autoload -U compinit; compinit -u -D; LISTMAX=9999; stty cols 200; echo REA''DY'
zpty -r z out '*READY*'
zpty -w -n z "$2"$'\t'
zpty -w -n z $'\x01: \x05 ; echo DO""NE\n'
zpty -r z out '*DONE*'
print -r -- $out
zpty -d z
"""


def typed_into_zsh(folder, words):
    """All that is on the screen behind the words and a tab."""
    code, out = run("timeout", "30", "zsh", "-f", "-c", ZSH, "zsh", folder, words)
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", out) if code == 0 else f"{code} {out}"


def completions(t, prog, usr):
    rows = [line.split("\t") for line in run(prog, "--dump-options")[1].splitlines()]
    bash = f"{usr}/share/bash-completion/completions/nsprobe"
    zsh = f"{usr}/share/zsh/site-functions/_nsprobe"
    fish = f"{usr}/share/fish/vendor_completions.d/nsprobe.fish"

    def complete(*words):
        script = f". {bash}; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _nsprobe; " \
                 "printf '%s\\n' \"${COMPREPLY[@]}\""
        return set(run("bash", "-c", script, "bash", *words)[1].split())

    commands = {r[0] for r in rows}
    t.equal("bash: commands", complete("nsprobe", "") - {"--help", "--version"}, commands)
    for c in sorted(commands):
        wanted = {r[1] for r in rows if r[0] == c and r[1] != "-"} | {"--help"}
        t.equal(f"bash: options of {c}", complete("nsprobe", c, "--"), wanted)
    t.equal("bash: a word", complete("nsprobe", "explain", "glue-d"), {"glue-dead"})
    t.equal("bash: nothing where an argument is free", complete("nsprobe", "check", "--port", ""),
            set())
    t.check("bash: files where one is wanted",
            "Makefile" in complete("nsprobe", "check", "--pcap", "Make"))
    for words, wanted in TYPED:
        got = complete(*words.split(" "))
        t.check(f"bash: {words}", wanted <= got if wanted else not got, got)
    for shell, path in (("bash", bash), ("zsh", zsh), ("fish", fish)):
        if not shutil.which(shell):
            t.skip(f"{shell} reads its completion", f"{shell} is not installed")
            continue
        code, out = run(shell, "-n", path)
        t.check(f"{shell} reads its completion", code == 0 and out == "", out)
    if shutil.which("fish"):
        out = run("fish", "-c", f"source {fish}; complete -C 'nsprobe explain glue-d'")[1]
        t.check("fish: a word", out.split() == ["glue-dead"], out)
        for words, wanted in TYPED:
            got = {line.split("\t")[0] for line in
                   run("fish", "-c", f"source {fish}; complete -C '{words}'")[1].splitlines()}
            t.check(f"fish: {words}", wanted <= got if wanted else not got, got)
        out = run("fish", "-c", f"source {fish}; complete -C 'nsprobe check --thor'")[1]
        t.check("fish: an option with its help", "--thorough" in out and "opcodes" in out, out)
    if shutil.which("zsh"):
        for words, wanted in TYPED:
            got = typed_into_zsh(os.path.dirname(zsh), words)
            t.check(f"zsh: {words}", all(w in got for w in wanted) if wanted else
                    "Makefile" not in got, got)
    t.check("zsh: every option", all(f"{r[1]}[" in read(zsh) for r in rows if r[1] != "-"))


def modes(t, top):
    """Whoever installs, everybody can read it."""
    closed = []
    for folder, folders, files in os.walk(top):
        for name in [*folders, *files]:
            path = os.path.join(folder, name)
            if not os.path.islink(path) and os.stat(path).st_mode & 0o777 not in (0o755, 0o644):
                closed.append(path)
    t.equal("modes, whatever the umask", closed, [])


def main():
    a = tap.arguments()
    t = tap.Tap()
    build = os.path.relpath(os.path.dirname(a.prog), ROOT)
    with tempfile.TemporaryDirectory(prefix="nsprobe-install-") as d:
        os.umask(0o077)
        code, out = run("make", "-s", "install", f"DESTDIR={d}", "PREFIX=/usr", f"BUILD={build}")
        if t.check("make install", code == 0, out[-2000:]):
            usr = f"{d}/usr"
            modes(t, usr)
            installed(t, a.prog, usr)
            documents(t, usr)
            library(t, usr)
            symbols(t, usr)
            completions(t, a.prog, usr)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
