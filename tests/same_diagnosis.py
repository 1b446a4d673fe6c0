"""A run of check, and replay of its packets: the same findings, word for word."""
import json
import subprocess

import schema

SCHEMA = schema.load("replay")


def key(finding):
    return tuple(str(finding[k]) for k in ("id", "severity", "server", "address", "text", "fix"))


def replayed(prog, path, *words):
    """The run of `nsprobe replay`, its runs of check, their findings, and all other findings."""
    p = subprocess.run([prog, "replay", path, "--json", *words], capture_output=True, text=True,
                       check=False)
    lines = [json.loads(line) for line in p.stdout.splitlines()]
    found = [o for o in lines if o["kind"] == "finding"]
    return (p, [o for o in lines if o["kind"] == "check"],
            [o for o in found if o["domain"] is not None],
            [o for o in found if o["domain"] is None], lines)


def check(t, name, prog, path, live, words=(), domains=None):
    """live: the finished `check --json --pcap PATH`."""
    reports = [json.loads(line) for line in live.stdout.splitlines()]
    wanted = sorted(key(f) for r in reports for f in r["findings"])
    p, runs, found, others, lines = replayed(prog, path, *words)
    got = sorted(key(f) for f in found)
    t.check(f"{name}: replay of its packets finds the same", got == wanted and not others and
            p.returncode == live.returncode,
            f"exit {live.returncode}, replayed {p.returncode} {p.stderr}\n" +
            "\n".join([f"- {k}" for k in wanted if k not in got] +
                      [f"+ {k}" for k in got if k not in wanted] + [f"? {key(f)}" for f in others]))
    fields = ("domain", "zone", "parent", "verdict", "servers")
    t.equal(f"{name}: and the same delegation", [[r[k] for k in fields] for r in runs],
            [[r[k] for k in fields] for r in reports])
    bad = [e for o in lines if o["kind"] in ("check", "finding")
           for e in schema.check(o, {"$ref": "#/$defs/" + o["kind"]}, SCHEMA)]
    t.equal(f"{name}: replayed as the schema says", bad, [])
