"""Certificates, keys and credentials for the broker of test_bulk_nats.py, made by openssl.

Keys of NATS are Ed25519 keys in base32 (see src/queue/nkey.h); credentials are JWTs that an account's
key has signed, the account's by an operator's.
"""
import base64
import json
import os
import subprocess
import time

# the example of the NATS documentation
SEED = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY"
PUBLIC = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4"
KINDS = {"O": 14, "A": 0, "U": 20}
# what RFC 8410 7 puts before the 32 octets of a private key
PKCS8 = bytes.fromhex("302e020100300506032b657004220420")


def crc16(data):
    crc = 0
    for octet in data:
        crc ^= octet << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xffff
    return crc.to_bytes(2, "little")


def base32(data):
    return base64.b32encode(data + crc16(data)).decode().rstrip("=")


def openssl(*words, data=None):
    return subprocess.run(["openssl", *words], input=data, capture_output=True, check=True).stdout


class Key:
    """A key of one kind: O(perator), A(ccount) or U(ser)."""

    def __init__(self, folder, kind):
        kind = KINDS[kind] << 3
        raw = os.urandom(32)
        self.path = os.path.join(folder, base64.b32encode(raw).decode()[:12] + ".der")
        with open(self.path, "wb") as f:
            f.write(PKCS8 + raw)
        public = openssl("pkey", "-inform", "DER", "-in", self.path, "-pubout", "-outform", "DER")
        self.public = base32(bytes([kind]) + public[-32:])
        self.seed = base32(bytes([18 << 3 | kind >> 5, (kind & 31) << 3]) + raw)

    def sign(self, claims):
        claims = {"jti": os.urandom(8).hex(), "iat": int(time.time()) - 10, "iss": self.public,
                  **claims}
        head = {"typ": "JWT", "alg": "ed25519-nkey"}
        text = b".".join(base64.urlsafe_b64encode(json.dumps(x).encode()).rstrip(b"=")
                         for x in (head, claims))
        path = self.path + ".txt"
        with open(path, "wb") as f:
            f.write(text)
        signature = openssl("pkeyutl", "-sign", "-rawin", "-keyform", "DER", "-inkey", self.path,
                            "-in", path)
        return (text + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def user_file(folder, name, account, user):
    jwt = account.sign({"sub": user.public, "name": name, "nats": {
        "subs": -1, "data": -1, "payload": -1, "type": "user", "version": 2}})
    path = os.path.join(folder, name)
    with open(path, "w", encoding="ascii") as f:
        f.write(f"-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n"
                f"-----BEGIN USER NKEY SEED-----\n{user.seed}\n------END USER NKEY SEED------\n")
    return path


class Credentials:
    """config: the broker's; file: credentials of a user; strange: of another operator's."""

    def __init__(self, folder):
        operator, account, system = Key(folder, "O"), Key(folder, "A"), Key(folder, "A")
        limits = {"subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1,
                  "wildcards": True, "conn": -1, "leaf": -1}
        storage = {"mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1}
        jwt = {}
        for key, more in ((account, storage), (system, {})):
            jwt[key.public] = operator.sign({"sub": key.public, "name": "account", "nats": {
                "limits": {**limits, **more}, "default_permissions": {"pub": {}, "sub": {}},
                "type": "account", "version": 2}})
        own = operator.sign({"sub": operator.public, "name": "operator", "nats": {
            "system_account": system.public, "type": "operator", "version": 2}})
        self.config = f"operator: {own}\nsystem_account: {system.public}\nresolver: MEMORY\n" \
            "resolver_preload: {\n" + "".join(f" {k}: {v}\n" for k, v in jwt.items()) + "}\n"
        self.file = user_file(folder, "user.creds", account, Key(folder, "U"))
        self.strange = user_file(folder, "strange.creds", Key(folder, "A"), Key(folder, "U"))


OTHER_SEED = base32(bytes([18 << 3 | 20 >> 2, 0]) + bytes(range(32)))


class Certificates:
    """A CA, a broker's certificate for localhost, and a client's."""

    def __init__(self, folder):
        self.folder = folder
        self.ca, ca_key = self.name("ca.pem"), self.name("ca.key")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", ca_key, "-out", self.ca, "-days", "2", "-subj", "/CN=a test's CA",
                "-addext", "keyUsage=critical,keyCertSign")
        self.cert, self.key = self.signed("broker", "subjectAltName=DNS:localhost", ca_key)
        self.client_cert, self.client_key = self.signed("client", "subjectAltName=DNS:client", ca_key)

    def name(self, text):
        return os.path.join(self.folder, text)

    def signed(self, name, extension, ca_key):
        key, request, cert = (self.name(f"{name}.{x}") for x in ("key", "csr", "pem"))
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                key, "-out", request, "-subj", f"/CN={name}")
        with open(self.name("ext"), "w", encoding="ascii") as f:
            f.write(extension + "\n")
        openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", ca_key, "-CAcreateserial",
                "-out", cert, "-days", "2", "-extfile", self.name("ext"))
        return cert, key
