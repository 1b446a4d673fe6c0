#!/usr/bin/env python3
"""check --profile and --fail-on; the profile that is installed has every finding and changes nothing."""
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
import tap  # noqa: E402

SCENARIO = os.path.join(ROOT, "demo", "internet.scn")
SHIPPED = os.path.join(ROOT, "data", "profile.conf")


def main():
    a = tap.arguments()
    t = tap.Tap()
    listed = subprocess.run([a.prog, "explain", "--list"], capture_output=True, text=True, check=False)
    with open(SHIPPED, encoding="utf-8") as f:
        lines = [line.split() for line in f if not line.startswith("#")]
    t.equal("data/profile.conf has every finding (make data/profile.conf)", lines,
            [line.split()[1::-1] for line in listed.stdout.splitlines()])
    with tap.Serve(a.prog, SCENARIO) as serve:
        if not t.check("serves", serve.ready, serve.output):
            return t.done()

        def check(*words, profile=None):
            with tempfile.NamedTemporaryFile("w", suffix=".conf") as f:
                f.write(profile or "")
                f.flush()
                more = ["--profile", f.name] if profile is not None else []
                p = subprocess.run([a.prog, "check", "--json", "--lab", SCENARIO, "--timeout", "0.3",
                                    "--tries", "1", "--late", "0", "shop.example", *more, *words],
                                   capture_output=True, text=True, check=False)
            if not p.stdout:
                return p, {}, ""
            r = json.loads(p.stdout)
            return p, {k["id"]: k["severity"] for k in r["findings"]}, r["verdict"]

        p, plain, verdict = check()
        t.equal("plain: exit code and verdict", (p.returncode, verdict), (2, "error"))
        p, same, _ = check("--profile", SHIPPED)
        t.equal("the shipped profile changes nothing", (p.returncode, same), (2, plain))
        everything = "".join(f"{i} notice\n" for i in plain)
        p, found, verdict = check(profile=everything)
        t.equal("all are notices", (p.returncode, set(found.values()), verdict),
                (0, {"notice"}, "notice"))
        p, found, _ = check(profile="lame-refused ignore\nserial-differs error # here\n")
        t.check("one is ignored, one is raised", "lame-refused" not in found and
                "lame-refused" in plain and found["serial-differs"] == "error", found)
        p, _, _ = check(profile="slow error\nno-such-finding error\n")
        t.check("a mistake: file and line", p.returncode == 64 and p.stdout == "" and
                ":2: no finding 'no-such-finding'" in p.stderr and
                len(p.stderr.splitlines()) == 1, p.stderr)
        for words, code in ((["--fail-on", "error"], 2), (["--fail-on", "malformed"], 2),
                            (["--fail-on", "zone-down"], 0), (["--fail-on", "zone-down,notice"], 2),
                            (["--fail-on", "zone-down", "--fail-on", "lame-refused"], 2)):
            t.equal(" ".join(words), check(*words)[0].returncode, code)
        t.equal("--fail-on with a profile",
                check("--fail-on", "warning", profile=everything)[0].returncode, 0)
        p = subprocess.run([a.prog, "check", "x.example", "--fail-on", "error", "--from", "192.0.2.1",
                            "--map", "127.0.0.1=127.0.0.1"], capture_output=True, text=True,
                           check=False)
        t.equal("--fail-on: what could not be tested stays 3", p.returncode, 3)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
