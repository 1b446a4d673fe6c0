"""Configuration of real name servers: each takes {zone: path of its zone text}."""
import os

from net import run


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def folder(net, host):
    d = os.path.join(net.dir, host)
    os.makedirs(d, exist_ok=True)
    os.chmod(d, 0o777)
    return d


def nsd(net, host, zones, udp_size=1232):
    d = folder(net, host)
    text = f"""server:
  username: ""
  server-count: 1
  ip-address: 0.0.0.0
  ip-address: ::0
  pidfile: "{d}/nsd.pid"
  zonesdir: "{d}"
  database: ""
  xfrdfile: "{d}/xfrd.state"
  zonelistfile: "{d}/zone.list"
  xfrdir: "{d}"
  ipv4-edns-size: {udp_size}
  ipv6-edns-size: {udp_size}
  rrl-ratelimit: 0
remote-control:
  control-enable: no
"""
    for zone, path in zones.items():
        text += f'zone:\n  name: "{zone}"\n  zonefile: "{path}"\n'
    conf = write(f"{d}/nsd.conf", text)
    net.popen(host, "nsd", "-d", "-c", conf, log=f"{d}/log")


def knot(net, host, zones):
    d = folder(net, host)
    text = f"""server:
    rundir: "{d}"
    listen: [ 0.0.0.0@53, "::@53" ]
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "{d}/db"
log:
  - target: stderr
    any: warning
zone:
"""
    for zone, path in zones.items():
        text += f'  - domain: "{zone}."\n    file: "{path}"\n    journal-content: none\n' \
                .replace('"."\n', '"."\n').replace('".."', '"."')
        text += "    zonefile-sync: -1\n    zonefile-load: whole\n"
    conf = write(f"{d}/knot.conf", text)
    net.popen(host, "knotd", "-c", conf, log=f"{d}/log")


def named_options(d, *more):
    """The beginning of named.conf in the folder d; more: further options."""
    return f"""options {{
  directory "{d}";
  pid-file none;
  session-keyfile "{d}/session.key";
  managed-keys-directory "{d}";
  listen-on {{ any; }};
  listen-on-v6 {{ any; }};
  recursion no;
  dnssec-validation no;
""" + "".join(f"  {x}\n" for x in more) + "};\ncontrols { };\n"


def bind(net, host, zones):
    d = folder(net, host)
    text = named_options(d, "allow-query { any; };", "notify no;", "empty-zones-enable no;")
    for zone, path in zones.items():
        text += f'zone "{zone}" {{ type primary; file "{path}"; check-names ignore; ' \
                f'check-integrity no; }};\n'
    conf = write(f"{d}/named.conf", text)
    net.popen(host, "named", "-f", "-n", "1", "-c", conf, log=f"{d}/log")


def pdns(net, host, zones):
    d = folder(net, host)
    named = "".join(f'zone "{z}" {{ type native; file "{p}"; }};\n' for z, p in zones.items())
    write(f"{d}/bind.conf", named)
    write(f"{d}/pdns.conf", f"""launch=bind
bind-config={d}/bind.conf
local-address=0.0.0.0, ::
socket-dir={d}
daemon=no
guardian=no
setuid=
setgid=
disable-syslog=yes
receiver-threads=1
distributor-threads=1
security-poll-suffix=
""")
    net.popen(host, "pdns_server", f"--config-dir={d}", log=f"{d}/log")


def secondary(net, host, zones):
    """A BIND whose primary cannot be reached: it has no zone at all."""
    d = folder(net, host)
    text = named_options(d)
    for zone in zones:
        text += f'zone "{zone}" {{ type secondary; primaries {{ 10.53.99.98; }}; }};\n'
    conf = write(f"{d}/named.conf", text)
    net.popen(host, "named", "-f", "-n", "1", "-c", conf, log=f"{d}/log")


def signed(net, zone, path):
    """The zone signed with three RSA keys of 4096 bits: DNSKEY is larger than any packet."""
    d = os.path.join(net.dir, "keys-" + zone)
    if not os.path.isdir(d):
        os.makedirs(d)
        for flags in ((), (), ("-f", "KSK")):
            run("dnssec-keygen", "-q", "-K", d, "-a", "RSASHA256", "-b", "4096", *flags, zone)
    out = path + ".signed"
    run("dnssec-signzone", "-q", "-S", "-K", d, "-d", d, "-o", zone, "-s", "20260101000000", "-e",
        "20361231000000", "-f", out, path)
    return out


SOFTWARE = {"nsd": nsd, "knot": knot, "bind": bind, "pdns": pdns, "secondary": secondary}
