"""The broken zones of the comparison: one fault each, in a zone that is sound otherwise.

A server is named by its label in hoster.test. Shared ones (SHARED) answer for every zone that names
them; one that is broken is a Server of its own, with a firewall rule or with behaviours of
`nsprobe serve`, for what no real server does.
"""
from dataclasses import dataclass, field

SOA = "nsd.hoster.test. hostmaster.hoster.test. {serial} 14400 3600 1209600 3600"
SHARED = {"nsd": "193.1.0.1", "knot": "194.2.0.1", "bind": "195.3.0.1", "stale": "196.4.0.1",
          "open": "198.6.0.1"}


@dataclass
class Server:
    address: str
    software: str = "nsd"      # nsd, knot, serve, or "" for none
    firewall: str = ""         # what nft does with its packets
    behave: tuple = ()         # lines of a scenario


@dataclass
class Zone:
    name: str
    fault: str
    ns: tuple = ("nsd", "knot")          # names of the zone's NS records
    parent: tuple = ()                   # of the delegation, when they differ
    own: dict = field(default_factory=dict)      # label: Server that only this zone has
    without: tuple = ()                  # servers that do not hold the zone
    soa: str = SOA
    records: str = ""                    # more of the zone
    mail: str = "@ MX 10 mail\nmail A 193.1.0.25\n@ TXT \"v=spf1 mx -all\"\n"
    delegation: str = ""                 # instead of the delegation; ZONE is the zone's label
    old: tuple = ()                      # servers with an older serial
    transfer: bool = False
    sign: dict = None                    # see signing.py
    sign_at: dict = field(default_factory=dict)  # what differs at a server
    ds: str = ""                         # change of the DS: "keep" for an unsigned zone, "sha1", ...


def broken(name, fault, *behave, **more):
    """A zone whose second server is played by `nsprobe serve`."""
    label = "x-" + name
    own = {label: Server("", "serve", "", behave)}
    return Zone(name, fault, ns=("nsd", label), own=own, **more)


def walled(name, fault, rule, software="nsd"):
    """A zone whose second server stands behind a firewall."""
    label = "x-" + name
    return Zone(name, fault, ns=("nsd", label), own={label: Server("", software, rule)})


DROPPED = "meta l4proto { tcp, udp } th dport 53 drop"
CONTROL = Zone("sound", "nothing: what is said about it is said about every zone below")

PLAIN = [
    walled("dead", "a server answers nothing", DROPPED),
    walled("closed", "no server listens at an address", "", ""),
    Zone("lame-refused", "a server does not hold the zone", ns=("nsd", "bind"), without=("bind",)),
    broken("lame-servfail", "a server answers SERVFAIL", "servfail"),
    broken("lame-upward", "a server refers to the root", "upward-referral"),
    broken("lame-not-aa", "a server is not authoritative", "not-aa"),
    Zone("stale", "a server has an older serial", ns=("nsd", "stale"), old=("stale",)),
    Zone("ns-differs", "NS records of parent and zone differ", ns=("nsd", "bind"),
         parent=("nsd", "knot")),
    Zone("glue-differs", "glue has another address than the zone", ns=("nsd", "ns1"),
         records="ns1 A 194.2.0.1\n",
         delegation="ZONE NS nsd.hoster\nZONE NS ns1.ZONE\nns1.ZONE A 195.3.0.1\n"),
    Zone("glue-missing", "glue is missing for a name inside of the zone", ns=("nsd", "ns1"),
         records="ns1 A 194.2.0.1\n", delegation="ZONE NS nsd.hoster\nZONE NS ns1.ZONE\n"),
    Zone("ns-no-address", "an NS name inside of the zone has no address", ns=("nsd", "ns1"),
         records="ns1 TXT \"nothing\"\n", delegation="ZONE NS nsd.hoster\nZONE NS ns1.ZONE\n"),
    Zone("ns-alias", "an NS name is a CNAME", ns=("nsd", "alias"),
         records="alias CNAME knot.hoster.test.\n",
         delegation="ZONE NS nsd.hoster\nZONE NS alias.ZONE\nalias.ZONE A 194.2.0.1\n"),
    Zone("single", "one server alone", ns=("nsd",)),
    Zone("one-prefix", "all servers in one prefix of one AS", ns=("nsd", "x-neighbour"),
         own={"x-neighbour": Server("193.1.0.2")}),
    walled("tcp-refused", "a server refuses TCP", "tcp dport 53 reject with tcp reset"),
    walled("tcp-blocked", "a firewall drops TCP", "tcp dport 53 drop"),
    broken("edns-formerr", "a server answers FORMERR to EDNS", "formerr when edns"),
    broken("edns-dropped", "queries with EDNS are dropped", "drop when edns"),
    broken("edns-badvers", "a server answers BADVERS to EDNS version 0", "badvers when edns"),
    Zone("recursor", "a server is an open resolver", ns=("nsd", "open")),
    Zone("transfer", "zone transfers are open to everybody", transfer=True),
    Zone("soa-values", "SOA: retry above refresh, expire below it, unresolvable MNAME",
         soa="nowhere.hoster.test. host\\@master.hoster.test. {serial} 900 7200 600 1"),
    Zone("soa-names", "SOA: MNAME is no host name, RNAME no mailbox",
         soa="-pri_mary.hoster.test. . {serial} 14400 3600 1209600 3600"),
    Zone("mx-names", "MX: no host name, and an alias", records="alias CNAME mail\n",
         mail="@ MX 10 mail_box\n@ MX 20 alias\nmail_box A 193.1.0.25\nmail A 193.1.0.25\n"
              "@ TXT \"v=spf1 mx -all\"\n"),
    Zone("mail-nowhere", "the MX has no address, and SPF is broken", mail="@ MX 10 nowhere\n"
         "@ TXT \"v=spf1 mx -al\"\n@ TXT \"v=spf1 -all\"\n"),
    broken("truncated", "TC over UDP, and TCP is dead", "truncate when udp", "drop when tcp"),
    broken("lower-case", "the question comes back in lower case", "lowercase"),
    broken("wrong-source", "replies come from another address", "wrong-source"),
    broken("no-aaaa", "queries for AAAA are dropped", "drop when type AAAA"),
    broken("never-nxdomain", "everything else is answered NXDOMAIN", "nxdomain"),
    walled("udp-blocked", "a firewall drops UDP", "udp dport 53 drop"),
    Zone("all-dead", "no server answers", ns=("x-all-dead", "x-all-dead-too"),
         own={label: Server("", "nsd", DROPPED) for label in ("x-all-dead", "x-all-dead-too")}),
    Zone("all-lame", "no server holds the zone", ns=("knot", "bind"), without=("knot", "bind")),
    Zone("glue-private", "glue is a private address", ns=("nsd", "ns1"),
         records="ns1 A 10.1.2.3\n",
         delegation="ZONE NS nsd.hoster\nZONE NS ns1.ZONE\nns1.ZONE A 10.1.2.3\n"),
    broken("slow", "a server answers after two and a half seconds", "slow 2500"),
    broken("wrong-id", "replies have another ID", "wrong-id"),
    broken("wrong-port", "replies come from another port", "wrong-port"),
    broken("wrong-question", "replies are to another question", "wrong-question"),
    broken("cut-short", "replies end within a record", "malformed cut"),
    broken("no-question", "replies leave the question out", "malformed no-question"),
    broken("notimp", "a server answers NOTIMP", "notimp"),
    broken("formerr", "a server answers FORMERR", "formerr"),
    broken("no-soa", "negative answers have no SOA", "no-soa"),
    broken("tcp-reset", "a connection is reset once a question came", "reset when tcp"),
    broken("edns-ignored", "a server does not know EDNS", "ignore-edns"),
]

SIGNED = [
    Zone("ds-alone", "a DS, and no DNSKEY", ds="keep"),
    Zone("expired", "signatures have expired", sign={"end": -86400}),
    Zone("soon", "signatures expire within a day", sign={"end": 40000}),
    Zone("unsigned-at-one", "one server has no signatures", ns=("nsd", "stale"), sign={},
         sign_at={"stale": "unsigned"}),
    Zone("ds-algorithm", "DS with an algorithm that no key has", sign={}, ds="algorithm"),
    Zone("ds-sha1", "DS with SHA-1 alone", sign={}, ds="sha1"),
    Zone("ds-wrong", "DS of another key", sign={}, ds="wrong"),
    Zone("nsec3-iterations", "NSEC3 with 150 iterations and a salt", sign={"nsec3": 150}),
    Zone("nsec-gap", "an NSEC is missing from the chain", ns=("nsd", "stale"), sign={"gap": True}),
    Zone("bad-signature", "the SOA was changed after signing", sign={"changed": True}),
    Zone("cds-differs", "CDS of a key that the zone does not have", sign={"cds": True}),
    Zone("short-key", "an RSA key of 768 bits", sign={"short": True}),
]

ZONES = PLAIN + SIGNED
