"""Hosts for the tests of capture: a parent, a good server, a dead one, one whose fragments are lost."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import net as lab_net  # noqa: E402
import servers  # noqa: E402
import tap  # noqa: E402

# one for the largest piece, so that all of an answer is more than one packet
TXT = " ".join(['"' + "x" * 250 + '"'] * 10)
# the first fragment passes, the others do not
FRAGMENTS = "ip saddr {} ip frag-off & 0x1fff != 0 drop\n  ip6 saddr {} frag frag-off > 0 drop"


def addresses(net, name, host):
    return f"{name} A {net.v4(host)}\n{name} AAAA {net.v6(host)}\n"


def zone(net, name, hosts):
    text = "$TTL 300\n@ SOA %s host 2026112401 7200 900 1209600 300\n" % hosts[0]
    for h in hosts:
        text += f"@ NS {h}\n" + addresses(net, h, h)
    return servers.write(f"{servers.folder(net, 'zones')}/{name}", text + f"@ TXT {TXT}\n")


def build(net):
    for host in ("client", "parent", "good", "bad", "frag"):
        net.host(host)
    text = "$TTL 3600\n@ SOA ns.nic host 1 7200 900 1209600 300\n@ NS ns.nic\n" \
        + addresses(net, "ns.nic", "parent")
    for name, hosts in (("cap", ("good", "bad")), ("local", ("good",)), ("frag", ("frag",))):
        for h in hosts:
            text += f"{name} NS {h}.{name}\n" + addresses(net, f"{h}.{name}", h)
    servers.nsd(net, "parent", {"test": servers.write(f"{servers.folder(net, 'zones')}/test", text)})
    cap = zone(net, "cap.test", ("good", "bad"))
    servers.nsd(net, "good", {"cap.test": cap, "local.test": zone(net, "local.test", ("good",))},
                udp_size=1232)
    servers.nsd(net, "bad", {"cap.test": cap})
    servers.nsd(net, "frag", {"frag.test": zone(net, "frag.test", ("frag",))}, udp_size=4096)
    net.filter("bad", "input", lab_net.DNS + " drop")
    net.filter("bridge", "forward", FRAGMENTS.format(net.v4("frag"), net.v6("frag")), "bridge")


def run(name, tests):
    """Builds the network once for all tests, each called with (tap, net, prog)."""
    a = tap.arguments()
    t = tap.Tap()
    why = lab_net.usable()
    if why:
        t.skip(name, why)
        return t.done()
    with lab_net.Net() as net:
        build(net)
        for host, zone_name in (("parent", "test"), ("good", "cap.test"), ("frag", "frag.test")):
            if not (net.wait_for(net.v4(host), zone_name) and net.wait_for(net.v6(host), zone_name)):
                t.check(f"{host} answers", False)
                return t.done()
        for f in tests:
            if not a.only or a.only in f.__name__:
                f(t, net, a.prog)
    return t.done()
