#!/usr/bin/env python3
"""Asks through a resolver that forwards to a server under our control: a client for torture.

  resolver.py unbound|named ADDR PORT NAME

Starts the resolver with a configuration of its own, asks it for NAME with dig, prints the answer,
and ends as the resolver did: by the same signal when it died of one.
"""
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

UNBOUND = """server:
  interface: 127.0.0.1@{listen}
  port: {listen}
  do-daemonize: no
  use-syslog: no
  verbosity: 0
  username: ""
  chroot: ""
  directory: "{dir}"
  pidfile: ""
  num-threads: 1
  do-not-query-localhost: no
  module-config: "iterator"
  domain-insecure: "."
  local-zone: "test." nodefault
remote-control:
  control-enable: no
forward-zone:
  name: "."
  forward-addr: {addr}@{port}
"""

NAMED = """options {{
  directory "{dir}";
  pid-file none;
  session-keyfile none;
  listen-on port {listen} {{ 127.0.0.1; }};
  listen-on-v6 {{ none; }};
  forward only;
  forwarders port {port} {{ {addr}; }};
  recursion yes;
  dnssec-validation no;
  empty-zones-enable no;
}};
controls {{ }};
"""

KINDS = {"unbound": (UNBOUND, ["unbound", "-d", "-c"]),
         "named": (NAMED, ["named", "-g", "-n", "1", "-c"])}


def free_port():
    for _ in range(50):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
            u.bind(("127.0.0.1", 0))
            port = u.getsockname()[1]
            with socket.socket() as t:
                try:
                    t.bind(("127.0.0.1", port))
                    return port
                except OSError:
                    pass
    raise RuntimeError("no free port")


def dig(port, name, *options):
    return subprocess.run(["dig", "@127.0.0.1", "-p", str(port), "+tries=1", "+short", *options,
                           name, "A"], capture_output=True, text=True, check=False)


def main():
    kind, addr, port, name = sys.argv[1:5]
    text, command = KINDS[kind]
    program = shutil.which(command[0]) or "/usr/sbin/" + command[0]
    listen = free_port()
    with tempfile.TemporaryDirectory() as d:
        os.chmod(d, 0o755)
        path = os.path.join(d, "conf")
        with open(path, "w", encoding="ascii") as f:
            f.write(text.format(listen=listen, dir=d, addr=addr, port=port))
        log = open(os.path.join(d, "log"), "wb")
        p = subprocess.Popen([program, *command[1:], path], stdout=log, stderr=log)
        for _ in range(200):
            if dig(listen, "version.bind", "CH", "+time=1").returncode == 0 or p.poll() is not None:
                break
            time.sleep(0.02)
        answer = dig(listen, name, "+time=12")
        print(answer.stdout.strip() or "no answer")
        died = p.poll()
        p.terminate()
        try:
            p.wait(5)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
    if died is not None and died < 0:
        signal.signal(-died, signal.SIG_DFL)
        os.kill(os.getpid(), -died)
    return answer.returncode


if __name__ == "__main__":
    sys.exit(main())
