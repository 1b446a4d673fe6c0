#!/usr/bin/env python3
"""nsprobe replay: usage, filters, listings, reports, broken files, questions asked again."""
import gzip
import json
import lzma
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
import pcapmake as pm  # noqa: E402
import schema  # noqa: E402
import tap  # noqa: E402

SCHEMA = schema.load("replay")
SHARED = os.path.join(os.path.dirname(ROOT), "shared", "data", "tcpdump-dns")
C, S, D = "192.0.2.1", "192.0.2.53", "192.0.2.54"
C6, S6 = "2001:db8::1", "2001:db8::53"


def run(prog, *argv, stdin=None):
    return subprocess.run([prog, "replay", *argv], capture_output=True, check=False, input=stdin)


def text_of(p):
    return p.stdout.decode()


def lines_of(p):
    return [json.loads(line) for line in p.stdout.decode().splitlines()]


def plain():
    """Two servers: one answers over UDP and TCP, the other never."""
    f = pm.Pcap()
    q = pm.query(7, "www.example", "A", edns=1232)
    f.udp(C, 40000, S, 53, q)
    f.udp(S, 53, C, 40000, pm.reply(q, pm.a_record("192.0.2.80")))
    q = pm.query(8, "no.example", "AAAA")
    f.udp(C6, 40001, S6, 53, q)
    f.udp(S6, 53, C6, 40001, pm.reply(q, rcode=3))
    q = pm.query(9, "big.example", "TXT")
    f.tcp_exchange(C, 40002, S, q, pm.reply(q, pm.txt_record(700)), cuts=(1, 3, 400))
    for ident in (10, 11, 12):
        f.udp(C, 40003, D, 53, pm.query(ident, "dead.example", "SOA"))
        f.wait(3)
    f.wait(30)
    f.udp(C, 40004, S, 53, pm.query(13, "end.other", "NS"))
    return f


USAGE = [
    ([], "which file"),
    (["/nonexistent.pcap"], "/nonexistent.pcap"),
    (["x.pcap", "--bpf", "nonsense((", "/dev/null"], "bpf|filter|syntax|x.pcap"),
    (["x.pcap", "--server", "300.1.1.1"], "--server"),
    (["x.pcap", "--server", "192.0.2.0/33"], "--server"),
    (["x.pcap", "--client", "host"], "--client"),
    (["x.pcap", "--name", "a..b"], "--name"),
    (["x.pcap", "--type", "NOSUCH"], "--type"),
    (["x.pcap", "--rcode", "NOSUCH"], "--rcode"),
    (["x.pcap", "--since", "yesterday"], "--since"),
    (["x.pcap", "--since", "-5"], "--since"),
    (["x.pcap", "--until", "+x"], "--until"),
    (["x.pcap", "--since", "+5", "--until", "+4"], "--since"),
    (["x.pcap", "--port", "65536"], "--port"),
    (["x.pcap", "--ladder", "0"], "--ladder"),
    (["x.pcap", "--ladder", "1", "--json"], "--ladder"),
    (["x.pcap", "--top=x"], "--top"),
    (["x.pcap", "--timeout", "soon"], "--timeout"),
    (["x.pcap", "--timeout", "2"], "--timeout is for --ladder, --exchanges"),
    (["x.pcap", "--memory", "1"], "--memory"),
    (["x.pcap", "--threads", "0"], "--threads"),
    (["--queries", "x.pcap"], "--to"),
    (["x.pcap", "--to", "192.0.2.1"], "--queries"),
    (["--queries", "x.pcap", "--to", "host"], "--to"),
    (["--queries", "x.pcap", "--to", "::1", "--speed", "0"], "--speed"),
    (["--queries", "x.pcap", "--to", "::1", "--speed", "fast"], "--speed"),
    (["--queries", "x.pcap", "--to", "::1", "--ignore", "aa,colour"], "colour"),
    (["--queries", "x.pcap", "--to", "::1", "--at-once", "0"], "--at-once"),
    (["--queries", "x.pcap", "--to", "::1", "--source", "127.0.0.1"], "families"),
    (["--queries", "x.pcap", "--to", "::1", "--exchanges"], "--exchanges"),
    (["--queries", "x.pcap", "--to", "::1", "--slow", "5"], "--slow"),
    (["x.pcap", "--speed", "max"], "--speed is for .*--queries FILE"),
    (["x.pcap", "--at-once", "5"], "--at-once is for .*--queries FILE"),
    (["x.pcap", "--ttl"], "--ttl is for .*--queries FILE"),
    (["x.pcap", "--ignore", "aa"], "--ignore is for .*--queries FILE"),
    (["x.pcap", "--source", "127.0.0.1"], "--source is for .*--queries FILE"),
    (["x.pcap", *["--ladder", "1"] * 65], "more than 64 --ladder"),
    (["x.pcap", "--exchange"], "--exchanges"),
]


def usage_tests(t, prog):
    for argv, named in USAGE:
        p = run(prog, *argv)
        err = p.stderr.decode()
        t.check("usage: " + " ".join(argv)[:60], p.returncode == 64 and len(err.splitlines()) == 1 and
                re.search(named, err) is not None and p.stdout == b"", f"{p.returncode} {err}")


def listing(p):
    """ID, outcome, transport, server, type and name of each line of --exchanges."""
    rows = []
    for line in text_of(p).splitlines()[1:]:
        w = line.split()
        rows.append((int(w[0]), w[2], w[4], w[5], w[6], w[7]))
    return sorted(rows)


ALL = [(1, "NOERROR", "UDP", S, "A", "www.example."),
       (2, "NXDOMAIN", "UDP", S6, "AAAA", "no.example."),
       (3, "NOERROR", "TCP", S, "TXT", "big.example."),
       (4, "none", "UDP", D, "SOA", "dead.example."),
       (5, "open", "UDP", S, "NS", "end.other.")]

FILTERS = [
    ([], {1, 2, 3, 4, 5}),
    (["--server", S], {1, 3, 5}),
    (["--server", "192.0.2.0/24"], {1, 3, 4, 5}),
    (["--server", "2001:db8::/32", "--server", D], {2, 4}),
    (["--client", C6], {2}),
    (["--name", "example"], {1, 2, 3, 4}),
    (["--name", "WWW.example."], {1}),
    (["--type", "TXT", "--type", "AAAA"], {2, 3}),
    (["--rcode", "NOERROR"], {1, 3}),
    (["--rcode", "NXDOMAIN"], {2}),
    (["--rcode", "SERVFAIL"], set()),
    (["--type", "A", "--server", S6], set()),
]


def filter_tests(t, prog, path):
    p = run(prog, path, "--exchanges", "-v")
    t.equal("every exchange is listed", listing(p), ALL)
    for argv, wanted in FILTERS:
        p = run(prog, path, "--exchanges", "-v", *argv)
        t.equal(f"filter: {' '.join(argv)}", {row[0] for row in listing(p)}, wanted)
    p = run(prog, path, "--exchanges", "-v", "--bpf", "host 192.0.2.54 or ip6")
    t.equal("--bpf", {row[3] for row in listing(p)}, {S6, D})
    p = run(prog, path, "--exchanges", "-v", "--until", "+0.0035")
    t.equal("--until", len(listing(p)), 2)
    p = run(prog, path, "--exchanges", "-v", "--since", "+20")
    t.equal("--since", [row[5] for row in listing(p)], ["end.other."])
    p = run(prog, path, "--exchanges", "-v", "--since", "2023-11-14T22:13:21Z")
    t.check("--since as a time of day", "www.example." not in text_of(p) and
            "end.other." in text_of(p), text_of(p))
    for extra in ([], ["-v"]):
        p = run(prog, path, "--exchanges", *extra)
        t.check(f"--exchanges {extra}: 80 columns", max(map(len, text_of(p).splitlines())) <= 80,
                text_of(p))


def chosen_rcodes(t, prog, d):
    """Exchanges are chosen by their rcode; their servers are judged by all of theirs."""
    f = pm.Pcap()
    for i in range(60):
        for server, rcode in ((S, 5 if i == 7 else 0), (D, 5), (S6, 0)):
            client = C6 if server == S6 else C
            q = pm.query(i, f"n{i}.z{i % 3}.example", "A")
            f.udp(client, 41000 + i, server, 53, q)
            f.udp(server, 53, client, 41000 + i,
                  pm.reply(q, *([] if rcode else [pm.a_record("192.0.2.80")]), rcode=rcode))
    path = os.path.join(d, "rcodes.pcap")
    f.write(path)
    whole = {(o["id"], o["address"]) for o in lines_of(run(prog, path, "--json"))
             if o["kind"] == "finding"}
    t.check("a server that refuses everything is found", ("lame-refused", D) in whole, whole)
    for threads in "13":
        p = run(prog, path, "--json", "--rcode", "REFUSED", "--threads", threads)
        lines = lines_of(p)
        t.equal("--rcode: exchanges", sum(o["kind"] == "exchange" for o in lines), 61)
        t.equal("--rcode: findings", ({(o["id"], o["address"]) for o in lines
                                       if o["kind"] == "finding"}, p.returncode), (whole, 2))
        p = run(prog, path, "--rcode", "NOERROR", "--threads", threads)
        t.check("--rcode: none about servers that have no such exchange",
                p.returncode == 0 and D not in text_of(p), text_of(p))


LADDER = """#1  UDP  A  www.example.
  client 192.0.2.1#40000
  server 192.0.2.53

   seconds client                                                      server
  0.000000 |-- UDP query A id 7 rd, 40 octets, EDNS 1232 ----------------->|
  0.001000 |<- reply id 7 NOERROR aa 1/0/0, 45 octets ---------------------|

  outcome  answered after 0.001000 s, 1 sent, 0 lost
"""


def ladder_tests(t, prog, path):
    t.equal("--ladder", text_of(run(prog, path, "--ladder", "1")), LADDER)
    p = run(prog, path, "--ladder", "4", "--timeout", "3,3,3")
    t.check("--ladder of a dead server: three queries, three timeouts",
            text_of(p).count("query") == 3 and text_of(p).count("timeout") == 3, text_of(p))
    p = run(prog, path, "--ladder", "3")
    t.check("--ladder of TCP", all(w in text_of(p) for w in ("SYN", "SYN ACK", "TCP query TXT")),
            text_of(p))
    p = run(prog, path, "--ladder", "99")
    t.check("--ladder of none", p.returncode == 3 and b"--exchanges" in p.stderr and
            p.stdout == b"", p.stderr)
    f = pm.Pcap()
    q = pm.query(7, "www.example", "A")
    sent = f.udp(C, 40000, S, 53, q)
    f.udp(D, 53, C, 40000, pm.reply(q, pm.a_record("192.0.2.80")))
    f.add(pm.icmp("192.0.2.254", C, 3, 13, sent))
    with tempfile.NamedTemporaryFile(suffix=".pcap") as g:
        f.write(g.name)
        out = text_of(run(prog, g.name, "--ladder", "1"))
    t.check("--ladder: other hosts", "a      192.0.2.54" in out and "b      192.0.2.254" in out and
            "wrong address" in out and "prohibited" in out, out)


def json_tests(t, prog, path):
    p = run(prog, path, "--json")
    values = lines_of(p)
    kinds = [v["kind"] for v in values]
    t.check("NDJSON: order of kinds", kinds == sorted(kinds, key=["exchange", "server", "finding",
                                                                "summary"].index) and
            kinds.count("exchange") == 5 and kinds.count("server") == 3 and
            kinds.count("summary") == 1, kinds)
    conform(t, "replay", values)
    by_id = {v["id"]: v for v in values if v["kind"] == "exchange"}
    t.equal("NDJSON: an exchange", (by_id[1]["qname"], by_id[1]["rcode"], by_id[1]["query_packet"],
                                    by_id[1]["reply_packet"], by_id[1]["attempts"],
                                    by_id[4]["attempts"], by_id[4]["rcode"], by_id[5]["notes"]),
            ("www.example.", "NOERROR", 1, 2, 1, 3, None, ["pending"]))
    end = values[-1]
    t.equal("NDJSON: summary", (end["queries"], end["replies"], end["exchanges"], end["servers"],
                                end["packets"], end["broken"]), (7, 3, 5, 3, 19, False))
    for threads in "123":
        q = run(prog, path, "--json", "--threads", threads)
        t.check(f"the same with --threads {threads}", q.stdout == p.stdout, q.stdout)


def conform(t, name, values):
    for v in values:
        wanted = {"$ref": "#/$defs/" + v["kind"], **{}}
        bad = "\n".join(schema.check(v, wanted, SCHEMA))
        if bad:
            t.check(f"{name}: {v['kind']} as the schema says", False, bad)
            return
    t.check(f"{name}: {len(values)} lines as the schema says", True)
    for v in {v["kind"]: v for v in values}.values():
        surplus = dict(v, surplus=1)
        missing = {k: w for k, w in v.items() if k != "kind"}
        wanted = {"$ref": "#/$defs/" + v["kind"]}
        t.check(f"{name}: the schema notices what is wrong with {v['kind']}",
                any(schema.check(surplus, wanted, SCHEMA)) and
                any(schema.check(missing, wanted, SCHEMA)))


def format_tests(t, prog, f, d):
    octets = f.octets()
    wanted = run(prog, os.path.join(d, "plain.pcap")).stdout
    forms = {"gz": gzip.compress(octets), "xz": lzma.compress(octets),
             "pcapng": f.octets_ng(), "gz of pcapng": gzip.compress(f.octets_ng())}
    if shutil.which("zstd"):
        forms["zst"] = subprocess.run(["zstd", "-c"], input=octets, capture_output=True,
                                      check=True).stdout
    for form, data in forms.items():
        path = os.path.join(d, "form")
        with open(path, "wb") as g:
            g.write(data)
        t.check(f"{form}: the same report", run(prog, path).stdout == wanted, run(prog, path))
        t.check(f"{form}: through a pipe", run(prog, "-", stdin=data).stdout == wanted)
    for link in (pm.ETHERNET, pm.NULL, pm.LOOP, pm.SLL, pm.SLL2, pm.PPP):
        other = plain()
        other.link = link
        other.packets = [(at, other.frame(p)) for at, p in f.packets]
        t.check(f"link type {link}: the same report", run(prog, "-", stdin=other.octets()).stdout ==
                wanted, run(prog, "-", stdin=other.octets()).stdout.decode())


def many_files(t, prog, f, d):
    """A rotated set, given in the wrong order, is one capture."""
    halves = [os.path.join(d, "b.pcap"), os.path.join(d, "a.pcap")]
    for path, part in zip(halves, (f.packets[:6], f.packets[6:])):
        half = pm.Pcap()
        half.packets = part
        half.write(path)
    whole = run(prog, os.path.join(d, "plain.pcap"), "--exchanges").stdout
    t.check("two files in any order", run(prog, *halves, "--exchanges").stdout == whole ==
            run(prog, *halves[::-1], "--exchanges").stdout)
    t.check("the report says so", b"in 2 files" in run(prog, *halves).stdout)


def source_of(packet):
    if packet[0] >> 4 == 4:
        return socket.inet_ntop(socket.AF_INET, packet[12:16])
    return socket.inet_ntop(socket.AF_INET6, packet[8:24])


def directions(t, prog, f, d):
    """Each direction in a file of its own is one capture as well; so are two places."""
    paths = [os.path.join(d, "to.pcap"), os.path.join(d, "from.pcap")]
    for path, asks in zip(paths, (True, False)):
        part = pm.Pcap()
        part.packets = [(at, p) for at, p in f.packets if (source_of(p) in (C, C6)) == asks]
        part.write(path)
    whole = lines_of(run(prog, os.path.join(d, "plain.pcap"), "--json"))
    both = lines_of(run(prog, *paths, "--json"))
    t.equal("each direction in a file: findings", [v["text"] for v in both if v["kind"] == "finding"],
            [v["text"] for v in whole if v["kind"] == "finding"])
    t.equal("each direction in a file: servers", [v["counts"] for v in both if v["kind"] == "server"],
            [v["counts"] for v in whole if v["kind"] == "server"])


def two_taps(servers=4, questions=40):
    """What a tap on each direction of a healthy line saw: (questions, replies) as captures."""
    ways = [pm.Pcap(), pm.Pcap()]
    for i in range(servers * questions):
        server, port = f"192.0.2.{53 + i % servers}", 1024 + i
        q = pm.query(i, f"n{i}.example", "A", flags=0)
        a = pm.reply(q, pm.a_record("192.0.2.80"))
        f = pm.Pcap()
        f.now = ways[0].now
        f.udp(C, port, server, 53, q)
        f.udp(server, 53, C, port, a)
        if i % 8 == 0:
            f.tcp_exchange(C, port, server, q, a)
        for packet in f.packets:
            ways[source_of(packet[1]) != C].packets.append(packet)
        ways[0].wait(0.02)
    ways[0].wait(5)
    ways[0].udp(C, 1, S, 53, pm.query(1, "end.example", "A", flags=0))
    return ways


def written(ways, d, ahead=0.0):
    """The two as files; the clock of that of replies is ahead by so many seconds."""
    paths = [os.path.join(d, "asks.pcap"), os.path.join(d, "answers.pcap")]
    back = pm.Pcap()
    back.packets = [(at + ahead, p) for at, p in ways[1].packets]
    ways[0].write(paths[0])
    back.write(paths[1])
    return paths


def taps_tests(t, prog, d):
    """Clocks of two taps that differ by less than packets take to come: replies are recorded before
    their questions, and nothing is wrong."""
    ways = two_taps()
    for ahead in (-0.0015, -0.003, -0.015):
        paths = written(ways, d, ahead)
        p = run(prog, *paths, "--json")
        values = lines_of(p)
        early = values[-1]["notes"].get("early")
        t.equal(f"replies recorded {-ahead} s early: nothing is found",
                (p.returncode, [v["text"] for v in values if v["kind"] == "finding"],
                 values[-1]["notes"].get("orphans"), early), (0, [], 0, 180))
        t.check("the same, and their time is not known", all(
            v["latency"]["count"] == 0 for v in values if v["kind"] == "server"), values[-2])
        t.check("the same, said in words", b"180 replies recorded before their question" in
                run(prog, *paths).stdout)
        for threads in "12":
            t.check(f"the same with --threads {threads}", p.stdout ==
                    run(prog, *paths, "--json", "--threads", threads).stdout)


def clock_tests(t, prog, d):
    """Clocks of two taps that differ by more: that is told, and not that servers are silent or
    slow; so it is when files are put one behind the other. What replies hold is judged."""
    ways = two_taps()
    wrong = two_taps(2, 30)
    refused = [pm.Pcap(), pm.Pcap()]
    refused[0].packets = wrong[0].packets
    refused[1].packets = [(at, p if p[9] != 17 else p[:28 + 3] + bytes([p[28 + 3] | 5]) + p[28 + 4:])
                          for at, p in wrong[1].packets]
    for _, p in refused[1].packets:
        assert len(p) > 20
    values = lines_of(run(prog, *written(ways, d, 0.1), "--json"))
    t.equal("clocks that differ by 0.1 s: no finding, but it is said that they may",
            ([v for v in values if v["kind"] == "finding"], values[-1]["notes"]["across"]), ([], 180))
    for ahead, said in ((-0.04, "36 ms|37 ms|38 ms|39 ms"), (-3, r"3\.00 s before"),
                        (1, r"1\.00 s or more after"), (8, r"8\.00 s or more after"),
                        (40, r"40\.00 s or more after")):
        p = run(prog, *written(ways, d, ahead), "--json")
        found = [(v["id"], v["text"]) for v in lines_of(p) if v["kind"] == "finding"]
        t.check(f"clocks that differ by {ahead} s: nothing else is found", p.returncode == 1 and
                [i for i, _ in found] == ["packet-times"] and re.search(said, found[0][1]), found)
    q, r = ways[0].packets, ways[1].packets
    for name, packets in (("one file behind the other, replies first", r + q),
                          ("the newest packet first", sorted(q + r)[::-1])):
        f = pm.Pcap()
        f.packets = packets
        p = run(prog, "-", "--json", stdin=f.octets())
        found = [(v["id"], v["text"]) for v in lines_of(p) if v["kind"] == "finding"]
        t.check(name, [i for i, _ in found] == ["packet-times"] and
                "not in the order" in found[0][1], found)
    p = run(prog, *written(refused, d, 2), "--json")
    t.equal("clocks that differ: refusals are found all the same",
            {v["id"] for v in lines_of(p) if v["kind"] == "finding"}, {"packet-times", "lame-refused"})


def passed_on(packet, hops):
    """The packet behind so many routers."""
    head = packet[:8] + bytes([packet[8] - hops, packet[9], 0, 0]) + packet[12:20]
    return head[:10] + pm.checksum(head).to_bytes(2, "big") + head[12:] + packet[20:]


def copies_tests(t, prog, d):
    """Two places of the same packets, whose clocks differ: nothing is wrong."""
    ways = two_taps()
    whole = pm.Pcap()
    asked = [(at, p) for at, p in ways[0].packets if p[9] == 17]
    answered = [(at + 0.03, p) for at, p in ways[1].packets if p[9] == 17]
    whole.packets = sorted(asked + answered, key=lambda at_p: at_p[0])
    one = os.path.join(d, "one.pcap")
    other = os.path.join(d, "other.pcap")
    whole.write(one)
    for ahead in (-2, -0.1, -0.012, -0.001, 0.001, 0.012, 0.1, 2):
        for delay in (0.0001, 0.015):
            late = pm.Pcap()
            late.packets = [(at + ahead + delay, p) for at, p in whole.packets]
            late.write(other)
            p = run(prog, one, other, "--json")
            t.equal(f"two places, {ahead} s apart: nothing is found",
                    [v["text"] for v in lines_of(p) if v["kind"] == "finding"], [])
    for ahead in (-0.1, -0.025, -0.012, -0.001, 0.001, 0.012, 0.025, 0.1):
        both = pm.Pcap()
        both.packets = sorted(whole.packets + [(at + ahead, passed_on(p, 3))
                                               for at, p in whole.packets], key=lambda at_p: at_p[0])
        values = lines_of(run(prog, "-", "--json", stdin=both.octets()))
        t.equal(f"two places in one file, {ahead} s apart: nothing is found, and nothing asked again",
                ([v["text"] for v in values if v["kind"] == "finding"],
                 values[-1]["counts"]["retries"], values[-1]["counts"]["queries"]), ([], 0, 161))


def snaplen_tests(t, prog):
    """Whatever the capture cuts off, healthy servers are healthy."""
    ways = two_taps(2, 20)
    found = {}
    for snaplen in range(14, 90):
        f = pm.Pcap(link=pm.ETHERNET, snaplen=snaplen)
        f.packets = [(at, f.frame(p)) for at, p in sorted(ways[0].packets + ways[1].packets)]
        values = lines_of(run(prog, "-", "--json", stdin=f.octets()))
        bad = [v["text"] for v in values if v["kind"] == "finding"]
        if bad:
            found[snaplen] = bad
    t.equal("captures with any snap length: nothing is found", found, {})


def flipped(packet, bit):
    return packet[:bit // 8] + bytes([packet[bit // 8] ^ 1 << bit % 8]) + packet[bit // 8 + 1:]


def damage_of_all(t, prog):
    """Every reply of one server is damaged, by a bit or by some octets: nothing is said of what they
    hold. That addresses were changed afterwards is no damage, and what replies hold is judged."""
    for octets in (0, 6):
        for attempts in (1, 3):
            f = pm.Pcap()
            for i in range(60):
                q = pm.query(i, f"n{i}.example", "A", flags=0)
                for server in [S] * attempts + [D]:
                    says = pm.ip(server, C, 17, pm.udp(server, 53, C, 1024 + i,
                                                       pm.reply(q, pm.a_record("192.0.2.80"))))
                    at = 40 + len(f.packets) * 37 % (len(says) - 46)
                    if server == S:
                        says = (flipped(says, 8 * at + len(f.packets) % 8) if octets == 0 else
                                says[:at] + bytes((len(f.packets) * 89 + k * 41) % 256
                                                  for k in range(octets)) + says[at + octets:])
                    f.add(pm.ip(C, server, 17, pm.udp(C, 1024 + i, server, 53, q)))
                    f.wait(0.005)
                    f.add(says)
                    f.wait(1)
            p = run(prog, "-", "--json", stdin=f.octets())
            t.equal(f"all replies are damaged by {octets or 'a bit, not'} octets, asked {attempts} "
                    "times", [(v["id"], v["address"]) for v in lines_of(p) if v["kind"] == "finding"],
                    [("damaged", S)])
    f = pm.Pcap()
    for i in range(60):
        q = pm.query(i, f"n{i}.example", "A", flags=0)
        a = pm.reply(q, rcode=5)
        f.packets += [(f.now, pm.ip("10.1.2.3", S, 17, pm.udp(C, 1024 + i, S, 53, q))),
                      (f.now + 0.01, pm.ip(S, "10.1.2.3", 17,
                                           pm.udp(S, 53, C, 1024 + i, a + b"\0" * (i % 2))))]
        f.wait(1)
    p = run(prog, "-", "--json", stdin=f.octets())
    t.equal("changed addresses are no damage",
            {(v["id"], v["address"]) for v in lines_of(p) if v["kind"] == "finding"},
            {("malformed", S), ("lame-refused", S)})


def damage_tests(t, prog):
    """A path that damages packets is told, and nothing of what damaged packets hold. Nor is a host
    that leaves checksums to its card, whatever it puts there."""
    for side, every, wanted in (("replies", 3, {("damaged", S), ("damaged", D)}),
                                ("replies", 40, set()), ("queries", 3, {("damaged", None)}),
                                ("queries", 40, set())):
        f = pm.Pcap()
        for i in range(160):
            server, port = (S, D)[i % 2], 1024 + i
            q = pm.query(i, f"n{i}.example", "A", flags=0)
            asks = pm.ip(C, server, 17, pm.udp(C, port, server, 53, q))
            says = pm.ip(server, C, 17, pm.udp(server, 53, C, port,
                                               pm.reply(q, pm.a_record("192.0.2.80"))))
            bad = i % every == 1 or 2 <= i < 4
            bit = 8 * 28 + i * 37 % (8 * 20)
            if bad and side == "replies":
                f.add(asks)
                f.add(flipped(says, bit))
                f.wait(1)
            elif bad:
                f.add(flipped(asks, bit))
                f.wait(1)
            f.add(asks)
            f.add(says)
            f.wait(0.02)
        p = run(prog, "-", "--json", stdin=f.octets())
        found = {(v["id"], v["address"]) for v in lines_of(p) if v["kind"] == "finding"}
        t.equal(f"one in {every} {side} is damaged", found, wanted)
    damage_of_all(t, prog)
    for garbage in (b"\x55\x12", b"\x7f\xff"):
        for host in (C, S):
            f = pm.Pcap()
            for i in range(60):
                q = pm.query(i, f"n{i}.example", "A", flags=0)
                for packet in (pm.ip(C, S, 17, pm.udp(C, 1024 + i, S, 53, q)),
                               pm.ip(S, C, 17, pm.udp(S, 53, C, 1024 + i, pm.reply(q)))):
                    f.add(packet[:26] + garbage + packet[28:] if source_of(packet) == host
                          else packet)
            values = lines_of(run(prog, "-", "--json", stdin=f.octets()))
            t.check(f"checksums of {host} are left to its card as {garbage.hex()}",
                    values[-1]["notes"]["never-right"] == 53 and values[-1]["counts"]["answered"] ==
                    60 and not [v for v in values if v["kind"] == "finding"], values[-1])


def broken_tests(t, prog, f, d):
    octets = f.octets()
    path = os.path.join(d, "broken.pcap")
    cases = {"empty": b"", "header alone cut": octets[:20], "cut in a packet": octets[:-5],
             "cut in a packet header": octets[:24 + 16 + 68 + 7],
             "not a capture": b"this is no capture file at all",
             "gz cut": gzip.compress(octets)[:-20],
             "length beyond reason": octets[:24] + b"\xff" * 16 + octets[40:]}
    for name, data in cases.items():
        with open(path, "wb") as g:
            g.write(data)
        p = run(prog, path)
        t.check(f"{name}: exit 1, said where", p.returncode == 1 and b"broken.pcap" in p.stderr and
                b"packets" in p.stdout, f"{p.returncode}\n{p.stdout}\n{p.stderr}")
    with open(path, "wb") as g:
        g.write(octets[:-5])
    p = run(prog, path, "--exchanges", "-v")
    t.equal("cut: what was readable is reported", [r[0] for r in listing(p)], [1, 2, 3, 4])
    p = run(prog, path, os.path.join(d, "plain.pcap"))
    t.check("a broken file and a good one: the good one is read too",
            p.returncode == 1 and b"in 2 files" in p.stdout, p.stdout)
    odd_files(t, prog, d)
    p = run(prog, "-", stdin=pm.Pcap().octets())
    t.check("a capture without a packet: nothing to diagnose", p.returncode == 3 and
            b"nothing to diagnose" in p.stdout, p.stdout)


def odd_files(t, prog, d):
    """Paths that are no regular file, or not to be had."""
    good = os.path.join(d, "plain.pcap")
    fifo = os.path.join(d, "fifo")
    os.mkfifo(fifo)
    p = run(prog, d)
    t.check("a directory", p.returncode == 64 and b"is a directory" in p.stderr, p)
    p = run(prog, "/dev/null")
    t.check("/dev/null is empty", p.returncode == 1 and b"is empty" in p.stderr, p)
    p = run(prog, "/dev/zero")
    t.check("endless zeros are no capture", p.returncode == 1 and b"offset 0" in p.stderr, p)
    p = run(prog, good, "/dev/zero", "/dev/null")
    t.check("a good file and two broken ones", p.returncode == 1 and b"packets    19 in 3" in p.stdout
            and len(p.stderr.splitlines()) == 2 and b"capture so far" in p.stdout, p)
    with open(good, "rb") as f:
        octets = f.read()
    for data in (octets, octets[:100]):
        with subprocess.Popen(["sh", "-c", 'cat > "$0"', fifo], stdin=subprocess.PIPE) as writer:
            writer.stdin.write(data)
            writer.stdin.close()
            p = run(prog, fifo)
        t.check(f"{len(data)} octets through a FIFO", p.returncode == (1 if len(data) == 100 else 2),
                p)
    p = subprocess.run(["sh", "-c", 'exec "$0" replay "$1" - <&-', prog, good], capture_output=True,
                       check=False)
    t.check("standard input is closed: said so, the other file is read", p.returncode == 1 and
            b"standard input: offset 0" in p.stderr and b"packets    19 in" in p.stdout, p)
    with open("/dev/full", "wb") as full:
        p = subprocess.run([prog, "replay", good], stdout=full, stderr=subprocess.PIPE, check=False)
    t.check("a report that cannot be written", p.returncode == 3 and b"written" in p.stderr, p)
    lies_tests(t, prog, d)


def block(kind, body, length=None):
    body += b"\0" * (-len(body) % 4)
    size = 12 + len(body) if length is None else length
    return struct.pack("<II", kind, size) + body + struct.pack("<I", size)


def lies_tests(t, prog, d):
    """pcapng that lies: what cannot be is told, what need not matter does not."""
    section = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    interface = block(1, struct.pack("<HHI", 101, 0, 0))
    packet = pm.ip(C, S, 17, pm.udp(C, 40000, S, 53, pm.query(7, "www.example", "A")))
    enhanced = block(6, struct.pack("<IIIII", 0, 0, 0, len(packet), len(packet)) + packet)
    cases = [
        ("blocks of unknown kinds", [section, interface, block(0x7777, b"x" * 9), enhanced], 1, None),
        ("no interface", [section, enhanced], 0, f"offset {len(section) + 8}: .*interface 0"),
        ("no byte order", [section[:8] + b"\1\2\3\4" + section[12:]], 0, "offset 8: .*byte order"),
        ("another order's lengths", [section, interface, enhanced, enhanced[:4] + enhanced[7:3:-1] +
                                     enhanced[8:]], 1, "after packet 1, .*block of"),
        ("a packet longer than its block", [section, interface, enhanced, block(6, struct.pack(
            "<IIIII", 0, 0, 0, 900, 900) + packet)], 1, "after packet 1, .*900"),
        ("a block of 4 GiB", [section, interface, enhanced, block(6, packet, 0xFFFFFFFC)], 1,
         "after packet 1"),
        ("an unknown block of 4 GiB", [section, interface, enhanced, block(99, packet, 0xFFFFFFFC)],
         1, "after packet 1"),
        ("options that go on behind their block", [section, block(1, struct.pack(
            "<HHIHH", 101, 0, 0, 9, 60000)), enhanced], 1, None),
        ("a unit of time that cannot be", [section, block(1, struct.pack(
            "<HHIHHBxxx", 101, 0, 0, 9, 1, 0x7F)), enhanced], 1, None),
    ]
    path = os.path.join(d, "lies.pcapng")
    for name, blocks, packets, told in cases:
        with open(path, "wb") as f:
            f.write(b"".join(blocks))
        p = run(prog, path)
        good = f"packets    {packets} in" in text_of(p) and (
            (p.stderr == b"" and b"so far" not in p.stdout) if told is None else
            (p.returncode == 1 and re.search(told, p.stderr.decode()) is not None))
        t.check(f"pcapng: {name}", good, p)


def hostile_tests(t, prog):
    """Names and files that hold what a terminal would obey."""
    f = pm.Pcap()
    q = pm.query(7, "\x1b]0;owned\x07\x9b31m.example", "A")
    f.udp(C, 40000, S, 53, q)
    f.udp(S, 53, C, 40000, pm.reply(q, pm.a_record("192.0.2.80")))
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "a\x1b[31m.pcap")
        f.write(path)
        for argv in ([], ["--exchanges"], ["--exchanges", "-v"], ["--ladder", "1"], ["--json"],
                     ["-v"]):
            p = run(prog, path, *argv)
            t.check(f"no control character: {argv}", p.returncode in (0, 1, 2) and p.stdout != b"" and
                    not re.search(rb"[\x00-\x09\x0b-\x1f\x7f-\xff]", p.stdout), p.stdout)


def malformed_tests(t, prog):
    f = pm.Pcap()
    q = pm.query(7, "www.example", "A")
    good = pm.reply(q, pm.a_record("192.0.2.80"))
    f.udp(C, 40000, S, 53, q)
    f.udp(S, 53, C, 40000, good[:-2])
    q2 = pm.query(8, "www.example", "NS")
    f.udp(C, 40001, S, 53, q2)
    f.udp(S, 53, C, 40001, pm.reply(q2) + b"tail")
    f.udp(C, 40002, S, 53, pm.query(9, "www.example", "A")[:-3])
    values = lines_of(run(prog, "-", "--json", stdin=f.octets()))
    by_id = {v["id"]: v for v in values if v["kind"] == "exchange"}
    t.equal("malformed: cut reply", (by_id[1]["outcome"], by_id[1]["fault"]["offset"],
                                     by_id[1]["reply_packet"]), ("malformed", 39, 2))
    t.equal("malformed: octets left over", (by_id[2]["fault"]["fault"], by_id[2]["fault"]["offset"]),
            ("trailing", 29))
    t.check("malformed: a question", by_id[3]["query_fault"] is not None, by_id[3])
    server = next(v for v in values if v["kind"] == "server")
    t.check("malformed: packets and offsets of the server",
            [(m["packet"], m["offset"]) for m in server["malformed"]][:2] == [(2, 39), (4, 29)],
            server["malformed"])
    t.equal("malformed: queries of the server, not its fault",
            ([(m["packet"], m["offset"]) for m in server["malformed_queries"]],
             server["counts"]["malformed"], server["counts"]["malformed_queries"]), ([(5, 25)], 2, 1))
    t.equal("malformed: all messages", values[-1]["messages"], 5)
    out = text_of(run(prog, "-", stdin=f.octets()))
    t.check("malformed: how many", "malformed  1 query, 2 replies" in out, out)
    t.check("malformed: the query in text", "query, packet 5, octet 25" in out, out)
    t.check("malformed: in text", "packet 2, octet 39" in out and "packet 4, octet 29" in out, out)


def fragment_tests(t, prog):
    f = pm.Pcap()
    q = pm.query(7, "big.example", "TXT", edns=4096)
    r = pm.reply(q, pm.txt_record(2000))
    f.udp(C, 40000, S, 53, q)
    f.fragments(S, 53, C, 40000, r)
    f.udp(C, 40001, S, 53, pm.query(8, "big.example", "TXT", edns=4096))
    f.fragments(S, 53, C, 40001, r[:1] + b"\x08" + r[2:], leave_out=(0,), ident=2)
    f.wait(60)
    f.udp(C, 40002, S, 53, pm.query(9, "www.example", "A"))
    values = lines_of(run(prog, "-", "--json", stdin=f.octets()))
    by_id = {v["id"]: v for v in values if v["kind"] == "exchange"}
    t.equal("fragments put together", (by_id[1]["outcome"], by_id[1]["notes"]),
            ("answered", ["fragments"]))
    t.check("fragments without the first are no answer", by_id[2]["outcome"] != "answered", by_id[2])
    t.check("fragments lost are counted", values[-1]["notes"]["fragments-lost"] == 1,
            values[-1]["notes"])
    out = text_of(run(prog, "-", stdin=f.octets()))
    t.check("one is told as one", "1 datagram whose fragments" in out and
            "1 question that the capture" in out and "7 IP fragments" in out, out)


def number_tests(t, prog):
    """Findings name exchanges by the numbers that --exchanges, --json and --ladder have."""
    f = pm.Pcap()
    for i in range(4):
        q = pm.query(i, f"n{i}.example", "A")
        f.udp(C, 41000 + i, S, 53, q)
        f.udp(S, 53, C, 41000 + i, pm.reply(q, pm.a_record("192.0.2.80")))
    for i in range(3):
        f.udp(C, 40000, D, 53, pm.query(77, "www.example", "A"))
        f.wait(5)
    f.wait(60)
    f.udp(C, 40002, S, 53, pm.query(9, "www.example", "A"))
    values = lines_of(run(prog, "-", "--json", stdin=f.octets()))
    dead = [v["id"] for v in values if v["kind"] == "exchange" and v["server"] == D]
    told = [v["evidence"] for v in values if v["kind"] == "finding" and v["address"] == D]
    t.equal("numbers: evidence is the exchange", (dead, told), ([5], [[5]]))
    t.check("numbers: in text", f"#5 to {D}" in text_of(run(prog, "-", stdin=f.octets())))
    out = text_of(run(prog, "-", "--ladder", "5", stdin=f.octets()))
    t.check("numbers: of a ladder", out.startswith("#5 ") and f"server {D}" in out, out)


def quoted_tests(t, prog):
    """A host that nobody answers ARP for: its own ICMP errors are all that tcpdump -i any has."""
    f = pm.Pcap()
    for i in range(3):
        asked = pm.ip(C, D, 17, pm.udp(C, 40000, D, 53, pm.query(7, "www.example", "A")))
        f.add(pm.icmp(C, C, 3, 1, asked))
        f.wait(1)
    f.add(pm.icmp(C, C, 3, 1, pm.ip(C, D, 6, pm.tcp(C, 40001, D, 53, 100, 0, pm.SYN))))
    f.add(pm.icmp(C, C, 3, 1, pm.ip(D, C, 17, pm.udp(D, 53, C, 40000, b"no query"))))
    f.wait(60)
    q = pm.query(9, "www.example", "A")
    f.udp(C, 40002, S, 53, q)
    f.udp(S, 53, C, 40002, pm.reply(q, pm.a_record("192.0.2.80")))
    values = lines_of(run(prog, "-", "--json", stdin=f.octets()))
    found = [(v["id"], v["address"], v["text"]) for v in values if v["kind"] == "finding"]
    t.equal("quoted: the server is told", found,
            [("icmp-unreachable", D, f'ICMP "host unreachable" from {C}, 4 times.')])
    t.equal("quoted: the questions", [(v["transport"], v.get("qname"), v["notes"])
                                      for v in values if v["kind"] == "exchange"][:2],
            [("udp", "www.example.", ["quoted"]), ("tcp", None, ["no-query", "quoted"])])
    t.equal("quoted: what is quoted is no message", (values[-1]["messages"],
                                                     values[-1]["notes"]["icmp-orphans"]), (2, 5))


def report_tests(t, prog, path):
    p = run(prog, path)
    out = text_of(p)
    t.check("report: 80 columns", max(map(len, out.splitlines())) <= 80, out)
    t.check("report: no colour in a pipe", "\033" not in out)
    t.check("report: head", out.startswith("packets    19 in 1 file\n") and
            "messages   7 queries, 3 replies; 5 exchanges with 3 servers" in out, out)
    t.check("report: the dead server is worst, and is found",
            out.index(D) < out.index(S + "\n") and "unresponsive" in out and p.returncode == 2, out)
    top = text_of(run(prog, path, "--top", "1"))
    t.check("--top 1", D in top and S6 not in top and "2 servers in less trouble" in top, top)
    t.check("--top without a number", text_of(run(prog, "--top", path)).count("\n192.0.2.") == 2)


def threads_tests(t, prog, path, d):
    """One thread or more, batches or single packets of a pipe: the same octets come out."""
    f = pm.Pcap()
    for i in range(9000):
        q = pm.query(i, f"n{i % 400}.example", "SOA", edns=1232)
        f.udp(C, 40000 + i % 1000, f"198.51.100.{i % 50 + 1}", 53, q)
        if i % 7:
            f.udp(f"198.51.100.{i % 50 + 1}", 53, C, 40000 + i % 1000,
                  pm.reply(q, rcode=5 if i % 50 == 3 else 0, ident=i ^ 1 if i % 97 == 5 else None))
        f.wait(0.01)
    octets = f.octets()
    packed = gzip.compress(octets, 1)
    t.check("large enough for a thread that reads", len(packed) > 1 << 17, len(packed))
    harmed = bytearray(packed)
    harmed[len(packed) // 2] ^= 255
    names = [path]
    for name, content in (("large.pcap", octets), ("cut.pcap", octets[:-7]),
                          ("large.pcap.gz", packed), ("cut.pcap.gz", packed[:-1000]),
                          ("harmed.pcap.gz", harmed), ("not.pcap", b"#" * (1 << 20))):
        names.append(os.path.join(d, name))
        with open(names[-1], "wb") as out:
            out.write(content)
    several = [os.path.join(d, "cut.pcap.gz"), os.path.join(d, "cut.pcap")]
    for name in names + [several]:
        said = " ".join(os.path.basename(n) for n in ([name] if isinstance(name, str) else name))
        name = [name] if isinstance(name, str) else name
        for argv in ([], ["--exchanges", "-v"], ["--json"], ["--ladder", "3", "--ladder", "8"]):
            one = run(prog, *name, *argv, "--threads", "1")
            for threads in "23":
                more = run(prog, *name, *argv, "--threads", threads)
                t.check(f"--threads 1 and {threads} say the same: {said} {argv}",
                        (one.stdout, one.stderr, one.returncode) ==
                        (more.stdout, more.stderr, more.returncode) and
                        one.stdout + one.stderr != b"",
                        one.stderr + more.stderr)


def many_servers(t, prog):
    """More servers than the C library sorts on its stack, in the sandbox."""
    f = pm.Pcap()
    q = pm.query(7, "www.example", "A")
    for i in range(600):
        f.udp(C, 40000, f"198.51.{i // 200}.{i % 200 + 1}", 53, q)
    f.wait(30)
    p = run(prog, "--json", "--top", "0", "-", stdin=f.octets())
    servers = [v for v in lines_of(p) if v["kind"] == "server"]
    t.equal("600 servers: exit", p.returncode, 1)
    t.equal("600 servers: all are told of", len(servers), 600)


def serve_zone(address):
    return f"""zone example {{
@ SOA ns host 1 2 3 4 5
@ NS ns
ns A 192.0.2.53
www A {address}
same A 192.0.2.81
}}
address 192.0.2.53 on 127.0.0.1 {{
 serves example
}}
"""


def recorded():
    """What the old server said: www was elsewhere, gone was there."""
    f = pm.Pcap()
    for i, (name, answer) in enumerate((("www.example", "192.0.2.80"), ("same.example", "192.0.2.81"),
                                        ("gone.example", "192.0.2.82"))):
        q = pm.query(i, name, "A", flags=0)
        f.udp(C, 40000 + i, S, 53, q)
        f.udp(S, 53, C, 40000 + i, pm.reply(q, pm.a_record(answer, ttl=0)))
    q = pm.query(9, "example", "AXFR")
    f.tcp_exchange(C, 40009, S, q, pm.reply(q))
    return f


def requery_tests(t, prog, d):
    path = os.path.join(d, "recorded.pcap")
    recorded().write(path)
    scn = os.path.join(d, "zone.scn")
    with open(scn, "w", encoding="ascii") as f:
        f.write(serve_zone("198.51.100.80"))
    with tap.Serve(prog, scn) as serve:
        if not t.check("serves", serve.ready, serve.output):
            return
        to = next(w.split()[1] for w in serve.output.splitlines() if "#" in w)
        ask = ["--queries", path, "--to", to, "--speed", "max", "--ignore",
               "authority,additional"]
        p = run(prog, *ask)
        out = text_of(p)
        t.equal("--queries: exit code", p.returncode, 2)
        t.check("--queries: what differs", all(w in out for w in (
            "#1  UDP A www.example.: answer", "- www.example. 0 IN A 192.0.2.80", "198.51.100.80",
            "gone.example.: rcode, answer", "NXDOMAIN", "the same   1", "differ     2",
            "1 zone transfer\n", "asked      3")), out)
        values = lines_of(run(prog, *ask, "--json"))
        conform(t, "--queries", values)
        t.equal("--queries: NDJSON", (sorted(v.get("id", 0) for v in values), values[-1]["same"],
                                      values[-1]["differs"]["rcode"]), ([0, 1, 3], 1, 1))
        p = run(prog, *ask, "--ttl", "--json")
        t.equal("--ttl: all differ", lines_of(p)[-1]["differ"], 3)
        p = run(prog, *ask, "--name", "same.example")
        t.check("--queries with a filter", p.returncode == 0 and "the same   1" in text_of(p),
                text_of(p))
        p = run(prog, "--queries", path, "--to", "127.0.0.1#9", "--speed", "max", "--timeout", "0.2")
        t.check("--queries of a dead address: nothing answered, exit 3", p.returncode == 3 and
                b"nothing was answered" in p.stderr and "missing 3" in text_of(p), text_of(p))
        p = run(prog, "--queries", path, "--to", to, "--speed", "0.02", "--name", "same.example",
                "--name", "www.example", "--json")
        t.check("--speed: as long as recorded, 50 times", lines_of(p)[-1]["took"] >= 0.09, p.stdout)


def shared_tests(t, prog):
    if not os.path.isdir(SHARED):
        t.skip("pcaps of tcpdump's tests", f"{SHARED} is not there")
        return
    for name in sorted(n for n in os.listdir(SHARED) if n.endswith(".pcap")):
        path = os.path.join(SHARED, name)
        port = ["--port", "8053"] if "8053" in name else []
        conform(t, name, lines_of(run(prog, path, "--json", *port)))


def main():
    a = tap.arguments()
    t = tap.Tap()
    usage_tests(t, a.prog)
    with tempfile.TemporaryDirectory(prefix="nsprobe-replay-") as d:
        os.chmod(d, 0o755)
        f = plain()
        path = os.path.join(d, "plain.pcap")
        f.write(path)
        filter_tests(t, a.prog, path)
        chosen_rcodes(t, a.prog, d)
        ladder_tests(t, a.prog, path)
        json_tests(t, a.prog, path)
        format_tests(t, a.prog, f, d)
        many_files(t, a.prog, f, d)
        directions(t, a.prog, f, d)
        taps_tests(t, a.prog, d)
        clock_tests(t, a.prog, d)
        damage_tests(t, a.prog)
        snaplen_tests(t, a.prog)
        copies_tests(t, a.prog, d)
        broken_tests(t, a.prog, f, d)
        hostile_tests(t, a.prog)
        malformed_tests(t, a.prog)
        fragment_tests(t, a.prog)
        number_tests(t, a.prog)
        quoted_tests(t, a.prog)
        many_servers(t, a.prog)
        threads_tests(t, a.prog, path, d)
        report_tests(t, a.prog, path)
        requery_tests(t, a.prog, d)
        shared_tests(t, a.prog)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
