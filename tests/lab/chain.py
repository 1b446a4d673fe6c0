"""A row of routers with the client at one end and a server at the other; more servers may hang on
any of them. Net 1 is the client's; N routers lead to net N + 1, the server's; nets from 21 on are
those of the other servers. In each, 10.54.NET.1 and fd54:NET::1 are nearer to the client."""
import net as lab_net

SETTINGS = (("ipv4/ip_forward", 1), ("ipv6/conf/all/forwarding", 1), ("ipv4/icmp_ratelimit", 0),
            ("ipv4/icmp_msgs_per_sec", 10000), ("ipv6/icmp/ratelimit", 0))


def v4(number, last=2):
    return f"10.54.{number}.{last}"


def v6(number, last=2):
    return f"fd54:{number}::{last}"


def link(net, number, left, right):
    net_left, net_right = net.prefix + left, net.prefix + right
    lab_net.run("ip", "link", "add", f"r{number}", "netns", net_left, "type", "veth", "peer", "name",
                f"l{number}", "netns", net_right)
    for host, device, last in ((left, f"r{number}", 1), (right, f"l{number}", 2)):
        net.exec(host, "ip", "addr", "add", v4(number, last) + "/24", "dev", device)
        net.exec(host, "ip", "-6", "addr", "add", v6(number, last) + "/64", "dev", device, "nodad")
        net.exec(host, "ip", "link", "set", device, "up")


def route(net, host, number, way, last):
    """To a net, or everywhere (number 0), through the end `last` of another net."""
    net.exec(host, "ip", "route", "add", v4(number, 0) + "/24" if number else "default", "via",
             v4(way, last))
    net.exec(host, "ip", "-6", "route", "add", f"fd54:{number}::/64" if number else "default", "via",
             v6(way, last))


def build(net, routers, sides=()):
    """sides: (host, number of its router). Returns their net numbers by host."""
    row = ["client"] + [f"r{i}" for i in range(1, routers + 1)] + ["server"]
    nets = {"server": routers + 1}
    for host in row + [host for host, _ in sides]:
        net.space(host)
    for i in range(routers + 1):
        link(net, i + 1, row[i], row[i + 1])
    for i, (host, at) in enumerate(sides):
        nets[host] = 21 + i
        link(net, nets[host], row[at], host)
    for i in range(1, routers + 1):
        for setting, value in SETTINGS:
            net.exec(row[i], "sh", "-c", f"echo {value} > /proc/sys/net/{setting}", check=False)
        route(net, row[i], 0, i + 1, 2)
        for number in range(1, i):
            route(net, row[i], number, i, 1)
        for host, at in sides:
            if at < i:
                route(net, row[i], nets[host], i, 1)
    route(net, "client", 0, 1, 2)
    for host, number in nets.items():
        route(net, host, 0, number, 1)
    return nets
