"""Signs zones at run time with keys made at run time, and breaks what is to be broken."""
import os
import re
import subprocess
import time


def run(*argv, cwd=None):
    p = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=cwd)
    if p.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)}: {p.stdout} {p.stderr}")
    return p.stdout


def date(seconds):
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(time.time() + seconds))


def new_key(folder, zone, ksk, short=False):
    """Returns the path of a key without its ending."""
    if short:
        argv = ["ldns-keygen", "-a", "RSASHA256", "-b", "768"]
        argv += ["-k"] if ksk else []
        return os.path.join(folder, run(*argv, zone, cwd=folder).strip())
    argv = ["dnssec-keygen", "-q", "-K", folder, "-a", "ECDSAP256SHA256"]
    argv += ["-f", "KSK"] if ksk else []
    return os.path.join(folder, run(*argv, zone).strip())


def ds_of(key, digest="-2"):
    return run("dnssec-dsfromkey", digest, key + ".key").strip()


def change_ds(ds, how, folder, zone):
    owner, text = ds.split(" IN DS ")
    tag, algorithm, kind, digest = text.split(None, 3)
    if how == "algorithm":
        algorithm = "8"
    if how == "wrong":
        return ds_of(new_key(folder, zone, True))
    return f"{owner} IN DS {tag} {algorithm} {kind} {digest}"


def break_text(text, zone, how):
    if how.get("gap"):
        text = re.sub(r"(?m)^mail\." + re.escape(zone) + r"\.\s+\d+\s+IN\s+(NSEC|RRSIG\s+NSEC)\s.*\n",
                      "", text)
    if how.get("changed"):
        text = re.sub(r"(?m)^(\S+\s+\d+\s+IN\s+TXT\s+)\"v=spf1 mx -all\"", r'\1"v=spf1 a -all"', text)
    return text


def sign(folder, zone, text, how, ds=""):
    """Returns the signed text and the DS records of the zone."""
    keys = os.path.join(folder, "keys-" + (zone or "root"))
    os.makedirs(keys, exist_ok=True)
    name = zone or "."
    ksk = new_key(keys, name, True, how.get("short"))
    zsk = new_key(keys, name, False, how.get("short"))
    plain = os.path.join(keys, "plain")
    if how.get("cds"):
        other = os.path.join(keys, "other")
        os.makedirs(other, exist_ok=True)
        text += ds_of(new_key(other, name, True)).replace(" IN DS ", " 3600 IN CDS ") + "\n"
    with open(plain, "w", encoding="ascii") as f:
        f.write(text)
    start, end = how.get("start", -864000), how.get("end", 20 * 86400)
    out = os.path.join(keys, "signed")
    if how.get("short"):
        run("ldns-signzone", "-i", date(start), "-e", date(end), "-o", name, "-f", out, plain, ksk,
            zsk, cwd=keys)
    else:
        with open(plain, "a", encoding="ascii") as f:
            for key in (ksk, zsk):
                with open(key + ".key", encoding="ascii") as g:
                    f.write(g.read())
        argv = ["dnssec-signzone", "-q", "-d", keys, "-o", name, "-s", date(start), "-e", date(end),
                "-k", ksk, "-f", out, "-O", "full", "-P"]
        if "nsec3" in how:
            argv += ["-3", "AABBCCDD", "-H", str(how["nsec3"])]
        run(*argv, plain, zsk, cwd=keys)
    with open(out, encoding="ascii") as f:
        signed = break_text(f.read(), zone, how)
    record = ds_of(ksk, "-1" if ds == "sha1" else "-2")
    if ds in ("algorithm", "wrong"):
        record = change_ds(record, ds, keys, name)
    return signed, record


def anchor(folder):
    """The root's keys as zone text, for who validates from there."""
    keys = os.path.join(folder, "keys-root")
    text = ""
    for f in sorted(os.listdir(keys)):
        if f.endswith(".key"):
            with open(os.path.join(keys, f), encoding="ascii") as g:
                text += "".join(line for line in g if " DNSKEY 257 " in line)
    return text
