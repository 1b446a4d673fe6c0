"""Which of our findings says what a peer says: src/diagnose/peers.def, and what follows of a cause."""
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = os.path.join(HERE, "..", "..", "src", "diagnose", "peers.def")
NAMES = {"ZONEMASTER": "zonemaster", "DNSVIZ": "dnsviz", "EDNS": "edns"}

# A server that gives no usable answer fails every test that begins with asking it. Then a peer says
# the same of each test case, and the finding that names the cause covers all of these words.
UNUSABLE = ("unresponsive udp-unresponsive icmp-unreachable lame-refused lame-servfail lame-rcode "
            "lame-not-authoritative lame-upward-referral lame-other-zone truncated-no-tcp "
            "wrong-source-address wrong-source-port malformed edns-dropped edns-broken "
            "query-dropped negative-broken case-not-preserved").split()
SILENT = UNUSABLE + ["type-broken"]  # after a question without an answer Zonemaster asks no more
NO_KEYS = ["dnssec-ds-mismatch", "dnssec-unsigned", "dnssec-keys-differ"]
FOLLOWS = {
    ("zonemaster", "NS_FAILED"): UNUSABLE,
    ("zonemaster", "NS_NO_RESPONSE"): UNUSABLE,
    ("zonemaster", "NS_ERROR"): UNUSABLE,
    ("zonemaster", "NO_RESPONSE"): SILENT,
    ("zonemaster", "N10_NO_RESPONSE_EDNS1_QUERY"): SILENT,
    ("zonemaster", "N10_EDNS_RESPONSE_ERROR"): UNUSABLE,
    ("zonemaster", "N11_NO_RESPONSE"): SILENT,
    ("zonemaster", "NO_EDNS_SUPPORT"): UNUSABLE,
    ("zonemaster", "EDNS_RESPONSE_WITHOUT_EDNS"): UNUSABLE,
    ("zonemaster", "CN01_MISSING_NS_RECORD_UDP"): UNUSABLE,
    ("zonemaster", "CN01_MISSING_SOA_RECORD_UDP"): UNUSABLE,
    ("zonemaster", "CN02_MISSING_NS_RECORD_TCP"): UNUSABLE,
    ("zonemaster", "CN02_MISSING_SOA_RECORD_TCP"): UNUSABLE,
    ("dnsviz", "EDNS_IGNORED"): UNUSABLE,
    ("dnsviz", "NOT_AUTHORITATVE"): UNUSABLE,
    ("dnsviz", "MISSING_SOA_FOR_NODATA"): UNUSABLE,
    ("dnsviz", "MISSING_SOA_FOR_NXDOMAIN"): UNUSABLE,
    ("zonemaster", "Z09_NO_RESPONSE_MX_QUERY"): SILENT,
    # without any server that answers Zonemaster stops
    ("zonemaster", "CANNOT_CONTINUE"): ["zone-down"],
    # servers in one prefix, and a zone of one server, are in one autonomous system
    ("zonemaster", "IPV4_ONE_ASN"): ["same-subnet", "single-server", "ns-no-address",
                                     "ns-address-private"],
    # nobody may have a reverse name for such an address, nor a route
    ("zonemaster", "NAMESERVER_IP_WITHOUT_REVERSE"): ["ns-address-private"],
    # no keys, so nothing that hangs on them
    ("zonemaster", "NO_RESPONSE_DNSKEY"): NO_KEYS,
    ("zonemaster", "DS_BUT_NOT_DNSKEY"): NO_KEYS,
    ("dnsviz", "MISSING_NSEC_FOR_NODATA"): NO_KEYS,
    ("dnsviz", "MISSING_NSEC_FOR_NXDOMAIN"): NO_KEYS,
    ("dnsviz", "MISSING_RRSIG"): NO_KEYS,
    ("dnsviz", "MISSING_SEP_FOR_ALG"): NO_KEYS,
    ("dnsviz", "NO_SEP"): NO_KEYS + ["dnssec-expired"],
    # all signatures have expired, those of the keys and of the denial too
    ("zonemaster", "DS02_DNSKEY_NOT_SIGNED_BY_ANY_DS"): ["dnssec-expired"],
    ("zonemaster", "DS02_NO_MATCHING_DNSKEY_RRSIG"): ["dnssec-expired"],
    ("zonemaster", "DS02_RRSIG_NOT_VALID_BY_DNSKEY"): ["dnssec-expired"],
    ("zonemaster", "DS10_NSEC_RRSIG_VERIFY_ERROR"): ["dnssec-expired"],
    # to a name of another zone: not "recursion", but a server that denies all names
    ("zonemaster", "IS_A_RECURSOR"): ["lame-other-zone"],
    # an answer without BADVERS, of a server that is no use anyway
    ("dnsviz", "EDNS_VERSION_MISMATCH"): UNUSABLE,
}


def peers():
    """{(peer, case): findings}"""
    with open(PEERS, encoding="utf-8") as f:
        text = f.read()
    table = {}
    for suite, case, body in re.findall(r'PEER\((\w+),\s*"([^"]+)",(.*?)\)\n(?=\s*(?:PEER|/\*|$))',
                                        text, re.S):
        strings = re.findall(r'"((?:[^"\\]|\\.)*)"(\s*,)?', body)
        fields, current = [], ""
        for s, comma in strings:  # adjacent strings are one
            current += s
            if comma:
                fields.append(current)
                current = ""
        if suite in NAMES:
            table[(NAMES[suite], case)] = fields[1].split()
    return table


def covering(table, message, ours):
    """The findings among ours that say what message (peer, case, tag) says."""
    peer, case, tag = message
    wanted = list(table.get((peer, case), [])) + list(FOLLOWS.get((peer, tag), []))
    return [f for f in ours if f in wanted]
