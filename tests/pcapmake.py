"""Capture files made by hand: link layers, IP, UDP, TCP, ICMP, fragments, DNS messages.

    f = Pcap()
    f.udp("192.0.2.1", 40000, "192.0.2.53", 53, query(7, "www.example", "A"))
    f.write(path)
"""
import ipaddress
import struct

TYPES = {"A": 1, "NS": 2, "SOA": 6, "TXT": 16, "AAAA": 28, "OPT": 41, "AXFR": 252}
ETHERNET, RAW, NULL, LOOP, SLL, SLL2, PPP = 1, 101, 0, 108, 113, 276, 9
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def name_wire(name):
    labels = [part.encode("latin-1") for part in name.rstrip(".").split(".") if part]
    return b"".join(bytes([len(part)]) + part for part in labels) + b"\0"


def query(ident, name, rrtype, flags=0x0100, edns=None, opcode=0):
    extra = b"" if edns is None else b"\0" + struct.pack(">HHIH", 41, edns, 0, 0)
    return struct.pack(">HHHHHH", ident, flags | opcode << 11, 1, 0, 0, 1 if extra else 0) + \
        name_wire(name) + struct.pack(">HH", TYPES[rrtype], 1) + extra


def a_record(address, ttl=60):
    """An A record whose owner is the question's name."""
    return struct.pack(">HHHIH", 0xC00C, 1, 1, ttl, 4) + ipaddress.ip_address(address).packed


def txt_record(size, ttl=60):
    strings = b"".join(bytes([n]) + b"x" * n
                       for n in [255] * (size // 256) + ([size % 256 - 1] if size % 256 else []))
    return struct.pack(">HHHIH", 0xC00C, 16, 1, ttl, len(strings)) + strings


def reply(to, *records, rcode=0, aa=True, tc=False, ident=None):
    """The reply to a query's octets."""
    flags = 0x8000 | (0x0400 if aa else 0) | (0x0200 if tc else 0) | rcode
    question = to[12:]
    if to[11]:
        question = question[:-11]
    return struct.pack(">HHHHHH", struct.unpack(">H", to[:2])[0] if ident is None else ident, flags,
                       1, len(records), 0, 0) + question + b"".join(records)


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def transport(source, dest, protocol, segment, at):
    """Fills in the checksum, which stands at octet `at` of the segment."""
    a, b = ipaddress.ip_address(source).packed, ipaddress.ip_address(dest).packed
    pseudo = a + b + (struct.pack(">BBH", 0, protocol, len(segment)) if len(a) == 4 else
                      struct.pack(">II", len(segment), protocol))
    value = checksum(pseudo + segment) or 0xFFFF
    return segment[:at] + struct.pack(">H", value) + segment[at + 2:]


def ip(source, dest, protocol, payload, ident=1, fragment=0, more=False, ttl=64):
    a, b = ipaddress.ip_address(source), ipaddress.ip_address(dest)
    if a.version == 4:
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), ident,
                           (0x2000 if more else 0) | fragment // 8, ttl, protocol, 0)
        head += a.packed + b.packed
        return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload
    if fragment or more:
        payload = struct.pack(">BBHI", protocol, 0, fragment | (1 if more else 0), ident) + payload
        protocol = 44
    return struct.pack(">IHBB", 0x60000000, len(payload), protocol, ttl) + a.packed + b.packed + \
        payload


def udp(source, sport, dest, dport, data):
    return transport(source, dest, 17, struct.pack(">HHHH", sport, dport, 8 + len(data), 0) + data, 6)


def tcp(source, sport, dest, dport, seq, ack, flags, data=b""):
    return transport(source, dest, 6, struct.pack(">HHIIBBHHH", sport, dport, seq, ack, 0x50, flags,
                                                  65535, 0, 0) + data, 16)


def icmp(reporter, to, kind, code, quoted):
    v6 = ipaddress.ip_address(to).version == 6
    body = struct.pack(">BBHI", kind, code, 0, 0) + quoted[:1200 if v6 else 548]
    if v6:
        return ip(reporter, to, 58, transport(reporter, to, 58, body, 2))
    return ip(reporter, to, 1, body[:2] + struct.pack(">H", checksum(body)) + body[4:])


class Pcap:
    def __init__(self, link=RAW, snaplen=262144, nano=False, big=False):
        self.link, self.snaplen, self.order = link, snaplen, ">" if big else "<"
        self.nano = nano
        self.now = 1700000000.0
        self.packets = []

    def wait(self, seconds):
        self.now += seconds

    def frame(self, packet):
        v6 = packet[0] >> 4 == 6
        ethertype = 0x86DD if v6 else 0x0800
        if self.link == ETHERNET:
            return bytes(range(12)) + struct.pack(">H", ethertype) + packet
        if self.link == NULL:
            return struct.pack(self.order + "I", 10 if v6 else 2) + packet
        if self.link == LOOP:
            return struct.pack(">I", 24 if v6 else 2) + packet
        if self.link == SLL:
            return struct.pack(">HHH8sH", 0, 1, 6, bytes(8), ethertype) + packet
        if self.link == SLL2:
            return struct.pack(">HHIHBB8s", ethertype, 0, 1, 1, 0, 6, bytes(8)) + packet
        if self.link == PPP:
            return struct.pack(">H", 0x0057 if v6 else 0x0021) + packet
        return packet

    def add(self, packet, raw=False):
        self.packets.append((self.now, packet if raw else self.frame(packet)))
        self.now += 0.001

    def udp(self, source, sport, dest, dport, data):
        packet = ip(source, dest, 17, udp(source, sport, dest, dport, data))
        self.add(packet)
        return packet

    def fragments(self, source, sport, dest, dport, data, size=600, leave_out=(), ident=1):
        """The datagram in fragments; those with an index in leave_out are lost."""
        payload = udp(source, sport, dest, dport, data)
        for i, at in enumerate(range(0, len(payload), size)):
            if i not in leave_out:
                self.add(ip(source, dest, 17, payload[at:at + size], ident=ident,
                            fragment=at, more=at + size < len(payload)))

    def tcp_exchange(self, client, cport, server, message, answer, sport=53, cuts=()):
        """A whole connection; the answer is cut into segments at these octets."""
        to = (client, cport, server, sport)
        back = (server, sport, client, cport)
        asked = struct.pack(">H", len(message)) + message
        stream = struct.pack(">H", len(answer)) + answer
        self.add(ip(client, server, 6, tcp(*to, 100, 0, SYN)))
        self.add(ip(server, client, 6, tcp(*back, 500, 101, SYN | ACK)))
        self.add(ip(client, server, 6, tcp(*to, 101, 501, ACK)))
        self.add(ip(client, server, 6, tcp(*to, 101, 501, PSH | ACK, asked)))
        bounds = [0, *cuts, len(stream)]
        for a, b in zip(bounds, bounds[1:]):
            self.add(ip(server, client, 6, tcp(*back, 501 + a, 101 + len(asked), PSH | ACK,
                                               stream[a:b])))
        self.add(ip(client, server, 6, tcp(*to, 101 + len(asked), 501 + len(stream), FIN | ACK)))
        self.add(ip(server, client, 6, tcp(*back, 501 + len(stream), 102 + len(asked), FIN | ACK)))
        self.add(ip(client, server, 6, tcp(*to, 102 + len(asked), 502 + len(stream), ACK)))

    def octets(self):
        unit = 1000000000 if self.nano else 1000000
        out = struct.pack(self.order + "IHHiIII", 0xA1B23C4D if self.nano else 0xA1B2C3D4, 2, 4, 0,
                          0, self.snaplen, self.link)
        for at, packet in self.packets:
            kept = packet[:self.snaplen]
            ticks = round(at * unit)
            out += struct.pack(self.order + "IIII", ticks // unit, ticks % unit, len(kept),
                               len(packet)) + kept
        return out

    def octets_ng(self):
        """The same as pcapng, with microseconds."""
        def block(kind, body):
            body += b"\0" * (-len(body) % 4)
            size = 12 + len(body)
            return struct.pack("<II", kind, size) + body + struct.pack("<I", size)
        out = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
        out += block(1, struct.pack("<HHI", self.link, 0, self.snaplen))
        for at, packet in self.packets:
            kept = packet[:self.snaplen]
            us = round(at * 1000000)
            out += block(6, struct.pack("<IIIII", 0, us >> 32, us & 0xFFFFFFFF, len(kept),
                                        len(packet)) + kept)
        return out

    def write(self, path):
        with open(path, "wb") as f:
            f.write(self.octets())
