#!/usr/bin/env python3
"""--html of check, dkim and replay, and --mail: form, access, nothing foreign as markup; and in a real browser.

Without Chromium the browser's part is skipped, loudly; all else is tested by tests/page.py.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
import page as pages  # noqa: E402
import tap  # noqa: E402

DEMO = os.path.join(ROOT, "demo", "internet.scn")
QUICK = ["--timeout", "0.3", "--tries", "1", "--late", "0"]

# names of servers as an attacker would choose them
EVIL = ["<script>alert(1)</script>", "\"onmouseover=alert(1)", "'onfocus='x", "--><img/src=x>",
        "</title><svg/onload=x>", "&lt;b&gt;", "]]>", "javascript:alert(1)"]


def name_text(label):
    """A label in zone text: everything that is not a letter as \\DDD."""
    return "".join(c if c.isalnum() else f"\\{ord(c):03}" for c in label)


def evil_scenario():
    ns = "".join(f"zone NS {name_text(label)}.zone\n" for label in EVIL)
    a = "".join(f"{name_text(label)}.zone A 198.51.100.{20 + i}\n" for i, label in enumerate(EVIL))
    own = "".join(f"@ NS {name_text(label)}\n{name_text(label)} A 198.51.100.{20 + i}\n"
                  for i, label in enumerate(EVIL))
    behaviours = ["drop", "refuse", "malformed cut", "drop when tcp"]
    text = ("root 198.51.100.1\nzone . {\n$TTL 60\n@ SOA a.r. h.r. 1 2 3 4 5\n@ NS a.r.\n"
            "a.r. A 198.51.100.1\ntest. NS n.test.\nn.test. A 198.51.100.2\n}\n"
            "address 198.51.100.1 {\nserves .\n}\n"
            f"zone test {{\n$TTL 60\n@ SOA n h 1 2 3 4 5\n@ NS n\nn A 198.51.100.2\n{ns}{a}}}\n"
            "address 198.51.100.2 {\nserves test\n}\n"
            f"zone zone.test {{\n$TTL 60\n@ SOA x h 7 2 3 4 5\n@ TXT \"<script>alert(2)</script>\"\n"
            f"{own}}}\n")
    for i, _ in enumerate(EVIL):
        text += (f"address 198.51.100.{20 + i} {{\nserves zone.test\n"
                 f"behave {behaviours[i % len(behaviours)]}\n}}\n")
    return text


def check(prog, lab, path, *words):
    p = subprocess.run([prog, "check", "--json", "--lab", lab, "--html", path, *QUICK, *words],
                       capture_output=True, text=True, check=False)
    with open(path, encoding="ascii") as f:
        text = f.read()
    return json.loads(p.stdout) if p.stdout else None, text, p


def test_form(t, name, report, text):
    page = pages.Page(text)
    t.equal(f"{name}: well formed", page.errors, [])
    t.equal(f"{name}: access", list(pages.access_errors(page)), [])
    t.check(f"{name}: doctype", text.startswith("<!DOCTYPE html>\n"))
    policy = page.all("meta", **{"http-equiv": "Content-Security-Policy"})
    t.check(f"{name}: policy", len(policy) == 1 and
            policy[0][0]["content"].startswith("default-src 'none';"), policy)
    t.check(f"{name}: no address of a network", not re.search(r"(src|href)=\"[^#]|url\(|@import",
                                                              text))
    articles = [(a["data-id"], a["data-severity"], a.get("data-address"))
                for tag, a, _ in page.elements if tag == "article" and "data-id" in a]
    wanted = [(f["id"], f["severity"], f["address"]) for f in report["findings"]]
    t.equal(f"{name}: every finding is there", sorted(articles, key=str), sorted(wanted, key=str))
    t.equal(f"{name}: the root cause first", articles[:1], wanted[:1])
    seen = {a["id"] for a, _ in page.all("article")}
    for f in report["findings"]:
        if f["severity"] in ("error", "warning"):
            missing = [x for x in f["evidence"] if f"x{x}" not in seen]
            t.check(f"{name}: packets of {f['id']}", not missing, missing)
    failed = [x["id"] for x in report["exchanges"] if x["outcome"] not in
              ("answered", "pending", "not-sent")]
    t.check(f"{name}: every exchange that failed", all(f"x{i}" in seen for i in failed),
            [i for i in failed if f"x{i}" not in seen])
    heads = [text for _, text in page.all("th", scope="row")]
    for a in report["addresses"]:
        t.check(f"{name}: {a['address']} has a row", any(h.startswith(a["address"]) for h in heads))
    return page


def test_contrast(t, page):
    """Text of every colour on every ground: at least 4.5 (WCAG 2.1, 1.4.3); lines 3 (1.4.11)."""
    found = pages.palettes(page)
    t.equal("contrast: light and dark", len(found), 2)
    t.check("contrast: the same variables", len(found) == 2 and found[0].keys() == found[1].keys())
    for mode, colours in zip(("light", "dark"), found):
        for ground in ("ground", "panel"):
            for name, colour in colours.items():
                if name in ("ground", "panel"):
                    continue
                least = 3 if name == "line" else 4.5
                ratio = pages.contrast(colour, colours[ground])
                t.check(f"contrast: {mode}: {name} on {ground}", ratio >= least, f"{ratio:.2f}")


def test_the_tests(t):
    """What the checks above must notice."""
    bad = ["<p>x", "<p></div>", "<script>x</script>", "<p onclick=\"x\">y</p>", "<p a a=\"1\">x</p>",
           "<img src=\"http://x/\">", "<!-- x -->"]
    for text in bad:
        t.check(f"form: {text} is noticed", pages.Page(text).errors != [])
    page = pages.Page("<html lang=\"en\"><h1>a</h1><h3>b</h3><a href=\"http://x/\">c</a><svg></svg>"
                      "<table></table><p id=\"a\"></p><p id=\"a\"></p></html>")
    shown = "\n".join(pages.access_errors(page))
    for word in ("h3 follows h1", "link to", "a picture", "caption", "ids twice", "main"):
        t.check(f"access: {word} is noticed", word in shown, shown)
    t.check("contrast: black on white", abs(pages.contrast("#000000", "#ffffff") - 21) < 0.01)
    t.check("contrast: grey is noticed", pages.contrast("#888888", "#ffffff") < 4.5)


def browser(args, home):
    argv = [shutil.which("chromium"), "--headless=new", "--no-sandbox", "--disable-gpu",
            "--disable-dev-shm-usage", f"--user-data-dir={home}/profile", *args]
    return subprocess.run(argv, capture_output=True, text=True, check=False,
                          env=dict(os.environ, HOME=home))


def png_size(path):
    with open(path, "rb") as f:
        head = f.read(24)
    if head[:8] != b"\x89PNG\r\n\x1a\n":
        return None
    return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")


def test_browser(t, name, folder, path, report):
    if shutil.which("chromium") is None:
        t.skip(f"{name}: in Chromium", "chromium is not installed")
        return
    p = browser(["--dump-dom", f"file://{path}"], folder)
    dom = pages.Page(p.stdout)
    t.check(f"{name}: Chromium shows it", "<main" in p.stdout, p.stderr)
    got = [(a["data-id"], a.get("data-address")) for a, _ in dom.all("article") if "data-id" in a]
    t.equal(f"{name}: DOM has every finding", sorted(got, key=str),
            sorted(((f["id"], f["address"]) for f in report["findings"]), key=str))
    for f in report["findings"]:
        t.check(f"{name}: DOM has the text of {f['id']}", any(
            f["text"] in text for a, text in dom.all("article") if a.get("data-id") == f["id"]))
    t.check(f"{name}: DOM has no script", not re.search(r"<script|<img|\son[a-z]+=\"", p.stdout))
    for size in ("1200,1600", "400,800"):
        shot = os.path.join(folder, f"{size}.png")
        browser([f"--window-size={size}", "--hide-scrollbars", f"--screenshot={shot}",
                 f"file://{path}"], folder)
        wanted = tuple(int(n) for n in size.split(","))
        got = png_size(shot) if os.path.exists(shot) else None
        t.check(f"{name}: screenshot {size}", got is not None and got[1] == wanted[1] and
                os.path.getsize(shot) > 10000, got)


# Measures a page in a frame of some width: what is wider than its place, and its smallest letters.
# On "paper" the rules for print hold, and those for screens do not.
MEASURE = """<!DOCTYPE html><iframe id=f src="file://%s" style="width:%dpx;height:900px;border:0">
</iframe><pre id=out></pre><script>
document.getElementById("f").onload = e => {
  const w = e.target.contentWindow, d = w.document, paper = %s;
  for (const sheet of paper ? d.styleSheets : [])
    for (const rule of sheet.cssRules)
      if (rule.media)
        rule.media.mediaText = rule.media.mediaText.includes("print") ? "all" : "not all";
  let letters = 99, cut = [];
  for (const t of d.querySelectorAll("svg text")) {
    const svg = t.ownerSVGElement;
    letters = Math.min(letters, parseFloat(w.getComputedStyle(t).fontSize) *
                       svg.getBoundingClientRect().width / svg.viewBox.baseVal.width);
  }
  for (const x of d.querySelectorAll(".wide, pre"))
    if (x.scrollWidth > x.clientWidth + 1)
      cut.push(x.tagName + " " + x.scrollWidth);
  document.getElementById("out").textContent = JSON.stringify({letters, cut,
    sideways: d.documentElement.scrollWidth - d.documentElement.clientWidth});
};</script>"""


def test_layout(t, name, folder, path):
    """It can be read on a telephone and on paper."""
    if shutil.which("chromium") is None:
        t.skip(f"{name}: layout", "chromium is not installed")
        return
    outer = os.path.join(folder, "measure.html")
    for place, width, paper in (("a telephone", 360, False), ("a screen", 1200, False),
                                ("paper", 700, True)):
        with open(outer, "w", encoding="ascii") as f:
            f.write(MEASURE % (path, width, str(paper).lower()))
        p = browser(["--allow-file-access-from-files", "--dump-dom", f"file://{outer}"], folder)
        found = re.search(r'<pre id="out">(\{.*\})</pre>', p.stdout)
        if not t.check(f"{name}: on {place}: measured", found, p.stdout[-2000:] + p.stderr[-2000:]):
            continue
        m = json.loads(found[1])
        t.check(f"{name}: on {place}: no sideways scrolling", m["sideways"] <= 0, m)
        t.check(f"{name}: on {place}: letters of pictures", m["letters"] > (8 if paper else 9), m)
        t.check(f"{name}: on {place}: nothing is cut off", not paper or not m["cut"], m)


def test_dkim(t, prog, folder):
    """Every record and every address is on the page, and every finding."""
    path = os.path.join(folder, "dkim.html")
    p = subprocess.run([prog, "dkim", "--json", "--lab", DEMO, "--html", path, *QUICK,
                        "florist.example", "bq7k2vw4", "m5xw7d3p", "zt4c6yqh"],
                       capture_output=True, text=True, check=False)
    report = json.loads(p.stdout)
    with open(path, encoding="ascii") as f:
        page = test_form(t, "dkim", report, f.read())
    t.check("dkim: the status", any(report["status"] in text for _, text in
                                    page.all("p", **{"class": "verdict error"}) +
                                    page.all("p", **{"class": "verdict warning"})), report["status"])
    cells = [text for _, text in page.all("td")]
    for r in report["records"]:
        t.check(f"dkim: {r['name']} has a row", any(
            c.startswith(r["name"].split(".")[0]) for c in cells), cells)
        have = sum(c["udp"] == "match" and c["holds"] and not c["bogus"] for c in r["cells"])
        t.check(f"dkim: {r['name']}: found at", any(
            c.startswith(f"{have} of {len(r['cells'])} (") for c in cells), cells)
    wrong = sum(c["udp"] not in ("match", "unasked") for r in report["records"] for c in r["cells"])
    bad = [a for a, text in page.all("td") if a.get("class") in ("error", "warning") and
           " of " not in text]
    t.check("dkim: cells that fail have a colour", wrong > 0 and len(bad) >= wrong, (wrong, bad))
    test_browser(t, "dkim", folder, path, report)
    test_layout(t, "dkim", folder, path)


def test_replay(t, prog, folder):
    """What check found live is on the page of its packets, ladders and all."""
    pcap, path = os.path.join(folder, "shop.pcap"), os.path.join(folder, "replay.html")
    live = subprocess.run([prog, "check", "--json", "--lab", DEMO, *QUICK, "--pcap", pcap,
                           "shop.example"], capture_output=True, text=True, check=False)
    report = json.loads(live.stdout)
    p = subprocess.run([prog, "replay", "--json", pcap, "--html", path], capture_output=True,
                       text=True, check=False)
    lines = [json.loads(line) for line in p.stdout.splitlines()]
    found = [f for line in lines for f in ([line] if line.get("kind") == "finding" else
                                           line.get("findings", []))]
    with open(path, encoding="ascii") as f:
        text = f.read()
    page = pages.Page(text)
    t.equal("replay: well formed", page.errors, [])
    t.equal("replay: access", list(pages.access_errors(page)), [])
    t.check("replay: no address of a network", not re.search(r"(src|href)=\"[^#]|url\(|@import", text))
    shown = sorted(a["data-id"] for a, _ in page.all("article") if "data-id" in a)
    t.equal("replay: every finding of traffic and of runs", shown, sorted(f["id"] for f in found))
    heads = [text for _, text in page.all("th", scope="row")]
    for a in report["addresses"]:
        t.check(f"replay: {a['address']} has a row", any(h.startswith(a["address"]) for h in heads),
                heads)
    rows = {}  # the first one of each address: in the table of servers
    for address, verdict in re.findall(r"<th scope=\"row\">([^<]*)</th><td class=\"(\w+)\">", text):
        rows.setdefault(address, verdict)
    bad = {f["address"]: f["severity"] for f in found[::-1] if f["address"]}
    t.check("replay: addresses with findings", len(bad) >= 4, bad)
    for address, severity in sorted(bad.items()):
        t.equal(f"replay: the verdict of {address}", rows.get(address), severity)
    run = [a["data-id"] for a, _ in page.all("article") if a.get("id", "").startswith("r1-f")]
    t.equal("replay: the run's findings are check's", sorted(run),
            sorted(f["id"] for f in report["findings"]))
    ladders = [a for a, _ in page.all("article", **{"class": "exchange"})
               if a["id"].startswith("r1-x")]
    failed = [x for x in report["exchanges"] if x["outcome"] not in ("answered", "pending",
                                                                     "not-sent")]
    t.check("replay: ladders of the run", len(ladders) >= len(failed) > 0, (len(ladders), len(failed)))
    test_browser(t, "replay", folder, path, {"findings": found})
    test_layout(t, "replay", folder, path)
    for words, code in ((["--fail-on", "zone-down"], 0), (["--fail-on", "error"], 2),
                        (["--fail-on", "lame-refused"], 2)):
        p = subprocess.run([prog, "replay", pcap, *words], capture_output=True, text=True,
                           check=False)
        t.equal(f"replay {' '.join(words)}", p.returncode, code)
    profile = os.path.join(folder, "quiet.conf")
    with open(profile, "w", encoding="ascii") as f:
        f.writelines(f"{i} ignore\n" for i in sorted({f["id"] for f in found}))
    p = subprocess.run([prog, "replay", pcap, "--profile", profile], capture_output=True, text=True,
                       check=False)
    t.check("replay --profile: what it ignores is not told", p.returncode == 0 and
            "capture: healthy: 0 errors, 0 warnings" in p.stdout, p.stdout)
    p = subprocess.run([prog, "replay", pcap, "--html", os.path.join(folder, "no", "x.html")],
                       capture_output=True, text=True, check=False)
    t.check("replay: a page that cannot be written", p.returncode == 64 and "--html" in p.stderr,
            p.stderr)


def test_mail(t, prog, report):
    bad = {f["address"] for f in report["findings"] if f["severity"] in ("error", "warning")}
    for a in report["addresses"]:
        p = subprocess.run([prog, "check", "--lab", DEMO, *QUICK, "shop.example", "--mail",
                            a["address"]], capture_output=True, text=True, check=False)
        name = f"mail: {a['address']}"
        t.equal(f"{name}: exit code", p.returncode, 2)
        if a["address"] not in bad:
            t.check(f"{name}: nothing to tell", p.stdout == "" and "nothing is wrong" in p.stderr,
                    p.stdout + p.stderr)
            continue
        lines = p.stdout.splitlines()
        t.check(f"{name}: at most 76 columns of plain text", lines and all(
            len(line) <= 76 and line.isprintable() and line.isascii() for line in lines), p.stdout)
        for word in ("Subject: ", a["address"], "Seen: ", "Probable cause: ", "What to do: ",
                     "octet by octet", "QNAME shop.example.", "(UTC)", "dig @"):
            t.check(f"{name}: has {word.strip()}", word in p.stdout, p.stdout)
        said = " ".join(p.stdout.split())
        t.check(f"{name}: nobody is told to ask himself", "operator" not in said.lower(), p.stdout)
        for f in report["findings"]:
            if f["address"] == a["address"] and f["severity"] in ("error", "warning"):
                t.check(f"{name}: tells {f['id']}", f["id"] in p.stdout)
    p = subprocess.run([prog, "check", "--lab", DEMO, *QUICK, "shop.example", "--mail",
                        "192.0.2.99"], capture_output=True, text=True, check=False)
    t.check("mail: an address of nobody", p.returncode == 3 and p.stdout == "" and
            "192.0.2.99" in p.stderr, p.stderr)


def test_matrix(t, prog, report):
    p = subprocess.run([prog, "check", "--lab", DEMO, *QUICK, "shop.example", "--matrix"],
                       capture_output=True, text=True, check=False)
    head, _, rest = p.stdout.partition("ADDRESSES BY TESTS")
    table = rest.partition("\nerror ")[0]
    t.check("matrix: beside the table", "SERVER AND ADDRESS" in head and table != "", p.stdout)
    t.check("matrix: 80 columns", max(map(len, p.stdout.splitlines())) <= 80)
    for a in report["addresses"]:
        row = [line.split() for line in table.splitlines() if line.split()[:1] == [a["address"]]]
        t.check(f"matrix: {a['address']} has ten cells", len(row) == 1 and len(row[0]) == 11, table)
        if row and a["udp"] in ("ok", "none", "bad"):
            t.equal(f"matrix: {a['address']}: UDP as in the table", row[0][1], a["udp"])


def main():
    a = tap.arguments()
    t = tap.Tap()
    test_the_tests(t)
    with tempfile.TemporaryDirectory(prefix="nsprobe-html-") as folder:
        with tap.Serve(a.prog, DEMO) as serve:
            if not t.check("serves", serve.ready, serve.output):
                return t.done()
            for domain in ("shop.example", "bakery.example", "nothing.example"):
                path = os.path.join(folder, f"{domain}.html")
                report, text, _ = check(a.prog, DEMO, path, domain)
                page = test_form(t, domain, report, text)
                if domain == "shop.example":
                    test_contrast(t, page)
                    test_browser(t, domain, folder, path, report)
                    test_layout(t, domain, folder, path)
                    test_mail(t, a.prog, report)
                    test_matrix(t, a.prog, report)
            test_dkim(t, a.prog, folder)
            test_replay(t, a.prog, folder)
        lab = os.path.join(folder, "evil.scn")
        with open(lab, "w", encoding="ascii") as f:
            f.write(evil_scenario())
        with tap.Serve(a.prog, lab) as serve:
            if not t.check("evil names: serves", serve.ready, serve.output):
                return t.done()
            path = os.path.join(folder, "evil.html")
            report, text, _ = check(a.prog, lab, path, "zone.test")
            t.check("evil names: are in the report", any(
                "script" in s["name"] for s in report["servers"]), report["servers"])
            page = test_form(t, "evil names", report, text)
            t.check("evil names: are on the page as text", any(
                "<script>alert" in text for _, text in page.all("h3")))
            test_browser(t, "evil names", folder, path, report)
            test_layout(t, "evil names", folder, path)
    p = subprocess.run([a.prog, "check", "x.test", "--html", os.path.join(HERE, "no", "x.html")],
                       capture_output=True, text=True, check=False)
    t.check("a page that cannot be written", p.returncode == 64 and "--html" in p.stderr, p.stderr)
    if os.path.exists("/dev/full"):
        p = subprocess.run([a.prog, "check", "--from", "127.53.99.99#5399", *QUICK, "x.test",
                            "--html", "/dev/full"], capture_output=True, text=True, check=False)
        t.check("a full disk", p.returncode == 3 and "--html /dev/full" in p.stderr, p.stderr)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
