"""Hosts for the tests of replay: one situation each, real servers behind real firewalls."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import servers  # noqa: E402

ZONE = "lab.test"
DATA = '"' + "x" * 200 + '"'


# on the bridge, by the sender's addresses: every fragment, or all but the first
ALL_FRAGMENTS = """  ip saddr {v4} ip frag-off & 0x3fff != 0 drop
  ip6 saddr {v6} exthdr frag exists drop
"""
LATER_FRAGMENTS = """  ip saddr {v4} ip frag-off & 0x1fff != 0 drop
  ip6 saddr {v6} frag frag-off > 0 drop
"""
FIRST_FRAGMENTS = """  ip saddr {v4} ip frag-off & 0x3fff == 0x2000 drop
  ip6 saddr {v6} frag frag-off 0 drop
"""

# replies leave with another source address, as those of a server with several do
OTHER_SOURCE = """table inet w {{
 chain o {{
  type filter hook output priority -300;
  udp sport 53 ip saddr set {v4}
  udp sport 53 ip6 saddr set {v6}
 }}
}}
"""

ANY = "meta l4proto { tcp, udp } th dport 53 "


class Host:
    """What runs on a host, what is in its way, and what replay has to say of it."""

    def __init__(self, expect, software="nsd", firewall="", bridge="", mtu=0,
                 serial=1, zones=(ZONE,), raw="", udp_size=4096, asked="plain", letter="x"):
        self.expect = set(expect.split())
        self.software = software
        self.firewall = firewall
        self.bridge = bridge
        self.mtu = mtu
        self.serial = serial
        self.zones = zones
        self.raw = raw
        self.udp_size = udp_size
        self.asked = asked      # which questions, see test_replay.ASK
        self.letter = letter


HOSTS = {
    # healthy ones of each make; the first has everything that others are asked for
    "good": Host("", asked="all"),
    "knot": Host("", "knot"),
    "bind": Host("", "bind"),
    # nothing comes back
    "dead": Host("unresponsive", firewall=ANY + "drop"),
    "udpdead": Host("udp-unresponsive", "knot", "udp dport 53 drop"),
    "stopped": Host("icmp-unreachable", ""),
    "forbidden": Host("icmp-unreachable", "bind", ANY + "reject with icmpx type admin-prohibited"),
    "udpforbid": Host("icmp-unreachable", firewall="udp dport 53 reject with icmpx type "
                                                   "admin-prohibited"),
    # TCP alone
    "tcpdead": Host("tcp-unresponsive", firewall="tcp dport 53 drop"),
    "tcprst": Host("tcp-refused", "bind", "tcp dport 53 reject with tcp reset"),
    "tcpforbid": Host("icmp-unreachable", "knot", "tcp dport 53 reject with icmpx type "
                                                  "admin-prohibited"),
    "cutdead": Host("truncated-no-tcp", firewall="tcp dport 53 drop", asked="cut"),
    # another zone, or none
    "refnsd": Host("lame-refused", zones=("other.test",)),
    "refknot": Host("lame-refused", "knot", zones=("other.test",)),
    "refbind": Host("lame-refused", "bind", zones=("other.test",)),
    "empty": Host("lame-servfail", "secondary"),
    # fragments
    "nofrag": Host("big-answer-lost", bridge=ALL_FRAGMENTS, asked="big"),
    "firstfrag": Host("fragments-incomplete", bridge=LATER_FRAGMENTS, asked="big"),
    "lastfrag": Host("fragments-incomplete", bridge=FIRST_FRAGMENTS, asked="big"),
    "narrow": Host("big-answer-lost", bridge=ALL_FRAGMENTS, mtu=1280, udp_size=1400, asked="mid"),
    "frag": Host("", asked="big"),
    # replies that are not as they should be
    "source": Host("wrong-source-address", raw=OTHER_SOURCE),
    "noedns": Host("edns-dropped", firewall="udp dport 53 @th,144,16 != 0 drop", asked="edns"),
    "lossy": Host("flapping", firewall="udp dport 53 numgen inc mod 2 == 0 drop", asked="many"),
    # a zone of their own
    "data1": Host("", asked="data", zones=("data.test",)),
    "data2": Host("", "knot", asked="data", zones=("data.test",)),
    "stale": Host("serial-differs", "bind", asked="data", zones=("data.test",), serial=0),
    "differs": Host("answers-differ", asked="data", zones=("data.test",), letter="y"),
}


def zone_text(h, name):
    return f"""$TTL 300
@ SOA ns host {2026112401 + h.serial - 1} 7200 900 1209600 300
@ NS ns
ns A 192.0.2.1
@ MX 10 mail
mail A 192.0.2.2
txt TXT "{h.letter * 20}"
mid TXT {" ".join([DATA] * 6)}
big TXT {" ".join([DATA] * 14)}
; {name}
"""


def build(net):
    net.host("client")
    for name in HOSTS:
        net.host(name)
    rules = ""
    folder = servers.folder(net, "zones")
    for name, h in HOSTS.items():
        words = {"v4": net.v4(name), "v6": net.v6(name)}
        zones = {z: servers.write(f"{folder}/{name}-{z}", zone_text(h, name)) for z in h.zones}
        if h.software == "nsd":
            servers.nsd(net, name, zones, udp_size=h.udp_size)
        elif h.software:
            servers.SOFTWARE[h.software](net, name, zones)
        rules += h.bridge.format(**words)
        if h.mtu:
            net.exec(name, "ip", "link", "set", "eth0", "mtu", str(h.mtu))
    net.filter("bridge", "forward", rules, "bridge")


def arm(net, hosts):
    """What makes hosts broken, once their servers have been seen to answer."""
    for name, h in hosts.items():
        if h.firewall:
            net.filter(name, "input", h.firewall)
        if h.raw:
            other = {"v4": "10.53.0.250", "v6": "fd53::250"}
            net.exec(name, "ip", "addr", "add", other["v4"] + "/32", "dev", "lo")
            net.exec(name, "ip", "-6", "addr", "add", other["v6"] + "/128", "dev", "lo", "nodad")
            net.nft(name, h.raw.format(**other))


# what no real server does, played by `nsprobe serve`: (behaviour, findings, questions)
PLAYED = [
    ("", "", "plain"),
    ("recursion", "", "plain"),
    ("lowercase", "", "plain"),
    ("dribble when tcp", "", "plain"),
    ("closed", "icmp-unreachable", "plain"),
    ("drop", "unresponsive", "plain"),
    ("drop when udp", "udp-unresponsive", "plain"),
    ("drop when tcp", "tcp-unresponsive", "plain"),
    ("reset when tcp", "tcp-reset", "plain"),
    ("close 0 when tcp", "tcp-closed", "plain"),
    ("close 20 when tcp", "tcp-closed", "plain"),
    ("truncate when udp; drop when tcp", "truncated-no-tcp", "cut"),
    ("truncate when udp; reset when tcp", "truncated-no-tcp", "cut"),
    ("refuse", "lame-refused", "plain"),
    ("servfail", "lame-servfail", "plain"),
    ("notimp", "lame-rcode", "plain"),
    ("truncate", "truncated-no-tcp", "plain"),
    ("not-aa", "lame-not-authoritative", "plain"),
    ("upward-referral", "lame-upward-referral", "plain"),
    ("formerr when edns", "edns-broken", "edns"),
    ("notimp when edns", "edns-broken", "edns"),
    ("badvers when edns", "edns-broken", "edns"),
    ("ignore-edns", "edns-broken", "edns"),
    ("drop when edns", "edns-dropped", "edns"),
    ("drop when type AAAA", "query-dropped", "types"),
    ("drop when udp larger 1232", "big-answer-lost", "big"),
    ("drop when udp every 2", "flapping", "many"),
    ("slow 700", "slow", "slow"),
    ("slow 1400 when udp", "slow late-reply", "late"),
    ("wrong-id", "wrong-id", "plain"),
    ("wrong-port when udp", "wrong-source-port", "plain"),
    ("wrong-source when udp", "wrong-source-address", "plain"),
    ("wrong-question", "wrong-question", "plain"),
    ("malformed not-response", "not-a-response", "plain"),
    ("malformed short-header", "malformed", "plain"),
    ("malformed cut", "malformed", "plain"),
    ("malformed trailing", "malformed", "plain"),
    ("malformed pointer-loop", "malformed", "plain"),
    ("malformed count-huge", "malformed", "plain"),
    ("malformed rdlength-long", "malformed", "plain"),
    ("malformed trailing when every 5", "malformed", "many"),
]


def played_address(i):
    return f"127.0.1.{i + 1}"


def scenario():
    """Text of the scenario that PLAYED stands for."""
    h = HOSTS["good"]
    text = f"root {played_address(0)}\nzone {ZONE} {{\n{zone_text(h, 'played')}"
    text += "www A 192.0.2.3\nwww AAAA 2001:db8::1\n}\n"
    for i, (behave, _, _) in enumerate(PLAYED):
        text += f"address {played_address(i)} on {played_address(i)}#53 {{\n  serves {ZONE}\n"
        for b in behave.split("; "):
            text += f"  behave {b}\n" if b else ""
        text += "}\n"
    return text
