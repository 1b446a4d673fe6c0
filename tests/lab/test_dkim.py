#!/usr/bin/env python3
"""dkim against real servers: what each mistake is called, and that a right zone has none.

Every file of dkim/ is a scenario (docs/LAB.md). All share one network: a root server, a server of
`test`, the mail service's own server, and the hosts of HOSTS. Needs root; without it every scenario
is skipped, loudly.
"""
import glob
import json
import os
import sys
import time
import tomllib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import net as lab_net  # noqa: E402
import scenarios  # noqa: E402
import servers  # noqa: E402
from scenarios import subject_of  # noqa: E402

# host: software that runs there
HOSTS = {
    "nsd": "nsd",
    "knot": "knot",
    "bind": "bind",
    "pdns": "pdns",  # takes zones that the others refuse to load
    "old": "knot",   # the DNS provider of before, which nobody delegates to
    "dead": "nsd",   # behind a firewall that drops everything
    "late": None,    # a BIND secondary with the copy of before; its primary takes no transfers
}

# The mail service: what its tokens lead to. Keys: RFC 8463 A.2, and one of its own making.
ED25519 = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
SERVICE = f"""
t1.dkim TXT "{ED25519}"
t2.dkim TXT "{ED25519}"
t3.dkim TXT "{ED25519}"
revoked.dkim TXT "v=DKIM1; k=rsa; p="
broken.dkim TXT "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GN"
quoted.dkim TXT "\\"{ED25519}\\""
two.dkim TXT "{ED25519}"
two.dkim TXT "v=DKIM1; p="
testing.dkim TXT "v=DKIM1; t=y; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
round.dkim CNAME again.dkim
again.dkim CNAME round.dkim
"""
PROVIDERS = """provider lab the mail service of the lab
  token a token
  record {token}._domainkey.{domain} CNAME {token}.dkim.service.test
"""
OLD_SERIAL, SERIAL = 2026010101, 2026112401


class Scenario:
    def __init__(self, path):
        self.name = os.path.basename(path)[:-len(".toml")]
        with open(path, "rb") as f:
            d = tomllib.load(f)
        self.zone = self.name + ".test"
        self.servers = d.get("servers", ["nsd", "knot", "bind"])
        self.without = d.get("without", [])  # hosts that do not hold the zone
        self.domain = d.get("domain", "ZONE")
        self.primary = d.get("primary", "")  # in the SOA, with an address in the zone
        self.tokens = d.get("tokens", ["t1", "t2", "t3"])
        self.right = d.get("right", [])      # tokens whose records are in the zone as they should be
        self.records = d.get("records", "")
        self.at = d.get("at", {})            # host: records that it has instead of all these
        self.sub = d.get("subzone")          # _domainkey: servers, right, records, signed
        # "good", "wrong-ds", "expired", "soon"; "expired-at", "unsigned-at", "changed-at" and a host
        self.signed = d.get("signed", "")
        self.options = d.get("options", [])
        self.given = d.get("given", [])      # further expectations, as --expect takes them
        self.expect = {tuple(e.split()) for e in d.get("expect", [])}
        self.notice = {tuple(e.split()) for e in d.get("notice", [])}
        self.said = d.get("said", [])        # words that some finding's text or fix must have
        self.status = d.get("status", "PENDING")
        self.code = d.get("exit", 2)
        self.needed = set(self.servers) | set((self.sub or {}).get("servers", []))
        self.needed |= set(self.at)

    def word(self, net, text):
        """@HOST4 and @HOST6 are addresses, ZONE is the zone."""
        for host in net.number:
            text = text.replace(f"@{host}4", net.v4(host)).replace(f"@{host}6", net.v6(host))
        return text.replace("ZONE", self.zone)

    def apex(self, hosts, serial, primary="", below=""):
        text = f"$TTL 300\n@ SOA {primary or hosts[0]}{below} host {serial} 7200 900 1209600 300\n"
        for host in hosts:
            text += f"@ NS {host}{below}\n"
        return text

    @staticmethod
    def addresses(net, hosts, below=""):
        return "".join(f"{h}{below} A {net.v4(h)}\n{h}{below} AAAA {net.v6(h)}\n" for h in hosts)

    def zone_text(self, net, host):
        old = host == "late" or (host == "old" and not self.primary)
        serial = OLD_SERIAL if old else SERIAL
        text = self.apex(self.servers, serial, self.primary)
        text += self.addresses(net, [*self.servers, *filter(None, [self.primary])])
        if self.sub:
            names = self.sub["servers"]
            text += "".join(f"_domainkey NS {h}.sub\n" for h in names)
            text += self.addresses(net, names, ".sub")
        if host in self.at:
            return text + self.word(net, self.at[host])
        right = "".join(f"{t}._domainkey CNAME {t}.dkim.service.test.\n" for t in self.right)
        return text + right + self.word(net, self.records)

    def sub_text(self, net):
        names = self.sub["servers"]
        above = f".sub.{self.zone}."
        text = self.apex(names, SERIAL, below=above)
        right = self.sub.get("right", [])
        text += "".join(f"{t} CNAME {t}.dkim.service.test.\n" for t in right)
        return text + self.word(net, self.sub.get("records", ""))

    def delegation(self, net):
        label = self.name
        text = "".join(f"{label} NS {h}.{label}\n" for h in self.servers)
        return text + self.addresses(net, self.servers, "." + label)


def stamp(seconds):
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(seconds))


def sign(net, zone, path, how=""):
    """Signs with ECDSA, as the scenario's keys; returns the new path and the DS records. how:
    "expired"; "soon": it expires soon; "changed": a record is changed behind the signer; "unsigned":
    the copy stays as it is."""
    d = os.path.join(net.dir, "keys-" + zone)
    if not os.path.isdir(d):
        os.makedirs(d)
        for flags in ((), ("-f", "KSK")):
            lab_net.run("dnssec-keygen", "-q", "-K", d, "-a", "ECDSAP256SHA256", *flags, zone)
    now = time.time()
    end = {"expired": now - 86400, "soon": now + 86400}.get(how, now + 90 * 86400)
    if how == "changed":
        with open(path, encoding="utf-8") as f:
            text = f.read()
        servers.write(path, text.replace("t3.dkim.service", "t3.other.service"))
    lab_net.run("dnssec-signzone", "-q", "-P", "-S", "-K", d, "-d", d, "-o", zone, "-s",
                stamp(now - 30 * 86400), "-e", stamp(end), "-f", path + ".signed", path)
    if how == "changed":
        with open(path + ".signed", encoding="utf-8") as f:
            text = f.read()
        servers.write(path + ".signed", text.replace("t3.other.service", "t3.dkim.service"))
    with open(f"{d}/dsset-{zone}.", encoding="ascii") as f:
        return path if how == "unsigned" else path + ".signed", f.read()


def other_ds(net, zone):
    """The DS of a key that the zone does not have."""
    d = os.path.join(net.dir, "other-" + zone)
    os.makedirs(d, exist_ok=True)
    lab_net.run("dnssec-keygen", "-q", "-K", d, "-a", "ECDSAP256SHA256", "-f", "KSK", zone)
    key = glob.glob(d + "/*.key")[0]
    return lab_net.run("dnssec-dsfromkey", "-2", key).stdout


def write_subzone(net, d, s, held):
    """Gives the DS records that stand above it."""
    ds = ""
    if not s.sub or s.sub.get("lame"):
        return ds
    zone = "_domainkey." + s.zone
    for host in s.sub["servers"]:
        path = servers.write(f"{d}/{s.name}-sub-{host}", s.sub_text(net))
        if s.sub.get("signed"):
            path, ds = sign(net, zone, path)
        held[host][zone] = path
    return other_ds(net, zone) if s.sub.get("signed") == "wrong-ds" else ds


def write_zones(net, d, all_scenarios):
    """host: {zone: path}, and the text of `test`."""
    held = {h: {} for h in HOSTS}
    test = f"$TTL 3600\n@ SOA ns.nic host 1 7200 900 1209600 300\n@ NS ns.nic\n" \
           f"ns.nic A {net.v4('tld')}\nns.nic AAAA {net.v6('tld')}\nservice NS ns.service\n" \
           f"ns.service A {net.v4('service')}\nns.service AAAA {net.v6('service')}\n"
    for s in all_scenarios:
        test += s.delegation(net)
        ds = ""
        below = write_subzone(net, d, s, held)
        for host in sorted(s.needed - set(s.without)):
            if host in s.servers or host in s.at:
                path = servers.write(f"{d}/{s.name}-{host}", s.zone_text(net, host) + below)
                if s.signed:
                    how, _, only = s.signed.partition("-at ")
                    path, ds = sign(net, s.zone, path, how if only in ("", host) else "")
                held[host][s.zone] = path
        test += other_ds(net, s.zone) if s.signed == "wrong-ds" else ds
    return held, test


def late(net, zones):
    """A BIND secondary: it has what it got when transfers were still allowed."""
    d = servers.folder(net, "late")
    text = f"""options {{
  directory "{d}"; pid-file none; session-keyfile "{d}/session.key";
  managed-keys-directory "{d}"; listen-on {{ any; }}; listen-on-v6 {{ any; }};
  recursion no; allow-query {{ any; }}; dnssec-validation no; notify no;
}};
controls {{ }};
"""
    for zone, path in zones.items():
        text += f'zone "{zone}" {{ type secondary; primaries {{ {net.v4("nsd")}; }}; ' \
                f'file "{path}"; masterfile-format text; }};\n'
    conf = servers.write(f"{d}/named.conf", text)
    net.popen("late", "named", "-f", "-n", "1", "-c", conf, log=f"{d}/log")


def start(net, all_scenarios):
    for host in ["client", "root", "tld", "service", *HOSTS]:
        net.host(host)
    d = servers.folder(net, "zones")
    held, test = write_zones(net, d, all_scenarios)
    test_path, ds = sign(net, "test", servers.write(f"{d}/test", test))
    root = servers.write(f"{d}/root", "$TTL 3600\n@ SOA a.root. host. 1 7200 900 1209600 300\n"
                         f"@ NS a.root.\na.root. A {net.v4('root')}\na.root. AAAA {net.v6('root')}\n"
                         f"test. NS ns.nic.test.\nns.nic.test. A {net.v4('tld')}\n"
                         f"ns.nic.test. AAAA {net.v6('tld')}\n{ds}")
    servers.knot(net, "root", {".": root})
    servers.bind(net, "tld", {"test": test_path})
    service = servers.write(f"{d}/service", "$TTL 300\n@ SOA ns host 1 7200 900 1209600 300\n@ NS ns\n"
                            f"ns A {net.v4('service')}\nns AAAA {net.v6('service')}\n{SERVICE}")
    servers.nsd(net, "service", {"service.test": service})
    servers.write(f"{net.dir}/providers.conf", PROVIDERS)
    for host, software in HOSTS.items():
        if software:
            servers.SOFTWARE[software](net, host, held[host])
    late(net, held["late"])
    net.filter("dead", "input", lab_net.DNS + " drop")
    net.held = held


def wait(net, _):
    late_hosts = [h for h, zone in (("root", "."), ("tld", "test"), ("service", "service.test"))
                  if not net.wait_for(net.v4(h), zone)]
    for host, zones in net.held.items():
        if host != "dead":
            late_hosts += [f"{host} {z}" for z in zones if not net.wait_for(net.v4(host), z)]
    return late_hosts


def ask(net, prog, s):
    argv = [prog, "dkim", "--json", "--from", net.v4("root"), "--timeout", "0.5,1", "--late", "0.5",
            "--providers", f"{net.dir}/providers.conf", "--provider", "lab"]
    for line in s.given:
        argv += ["--expect", s.word(net, line)]
    argv += [s.word(net, o) for o in [*s.options, s.domain, *s.tokens]]
    return net.exec("client", *argv, check=False)


def judge(t, net, s, p):
    try:
        report = json.loads(p.stdout)
    except ValueError:
        t.check(s.name, False, p.stdout + p.stderr)
        return
    findings = report["findings"]
    shown = "\n".join(f"{f['severity']} {f['id']} {subject_of(f)}: {f['text']} | {f.get('fix')}"
                      for f in findings)
    wanted = {(i, s.word(net, w)) for i, w in s.expect}
    severe = {(f["id"], subject_of(f)) for f in findings if f["severity"] in ("error", "warning")}
    t.check(f"{s.name}: findings", severe == wanted,
            f"missing {sorted(wanted - severe)}\ntoo many {sorted(severe - wanted)}\n{shown}")
    mild = {(f["id"], subject_of(f)) for f in findings} - severe
    for i, w in sorted(s.notice):
        t.check(f"{s.name}: {i}", (i, s.word(net, w)) in mild, shown)
    words = " ".join(f["text"] + " " + (f.get("fix") or "") for f in findings)
    for word in s.said:
        t.check(f"{s.name}: says {word}", s.word(net, word) in words, shown)
    t.equal(f"{s.name}: status", report["status"], s.status)
    t.check(f"{s.name}: exit code", p.returncode == s.code, f"{p.returncode}\n{shown}")


def main():
    paths = sorted(glob.glob(os.path.join(HERE, "dkim", "*.toml")))
    return scenarios.main([Scenario(p) for p in paths], start, wait, ask, judge)


if __name__ == "__main__":
    sys.exit(main())
