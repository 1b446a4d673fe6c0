"""What the lab's tests have in common: scenarios in files, servers started once for all, a question
for each side by side, and the judgement."""
import concurrent.futures
import json
import os

import net as lab_net
import tap


def subject_of(finding):
    return finding["address"] or (finding["server"] or "-").rstrip(".")


def check_findings(t, net, s, p):
    """Every warning and error of a report is expected, and every expected one is there. The report
    and its findings as text; (None, "") when it is none."""
    try:
        report = json.loads(p.stdout)
    except ValueError:
        t.check(s.name, False, p.stdout + p.stderr)
        return None, ""
    findings = report["findings"]
    shown = "\n".join(f"{f['severity']} {f['id']} {subject_of(f)}: {f['text']}" for f in findings)
    wanted = {(i, s.subject(net, w)) for i, w in s.expect}
    severe = {(f["id"], subject_of(f)) for f in findings if f["severity"] in ("error", "warning")}
    t.check(f"{s.name}: findings", severe == wanted,
            f"missing {sorted(wanted - severe)}\ntoo many {sorted(severe - wanted)}\n{shown}")
    return report, shown


def logs_of(net, hosts):
    text = ""
    for host in sorted(hosts):
        path = os.path.join(net.dir, host, "log")
        if os.path.exists(path):
            with open(path, encoding="utf-8", errors="replace") as f:
                text += f"--- {host}\n" + f.read()[-1500:]
    return text


def main(scenarios, start, wait, ask, judge):
    """start(net, scenarios) makes the hosts; wait(net, scenarios) returns what does not answer,
    words that begin with a host; ask(net, prog, scenario) runs, judge(tap, net, scenario, run)
    tests."""
    a = tap.arguments(["--list"])
    t = tap.Tap()
    if a.only:
        scenarios = [s for s in scenarios if a.only in s.name]
    if a.list:
        print("\n".join(s.name for s in scenarios))
        return 0
    why = lab_net.usable()
    if why:
        for s in scenarios:
            t.skip(s.name, why)
        return t.done()
    with lab_net.Net() as net:
        start(net, scenarios)
        late = wait(net, scenarios)
        t.check("every server answers", not late,
                f"{late}\n{logs_of(net, {w.split()[0] for w in late})}")
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            jobs = [(s, pool.submit(ask, net, a.prog, s)) for s in scenarios]
            for s, job in jobs:
                judge(t, net, s, job.result())
    return t.done()
