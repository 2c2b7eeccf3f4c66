"""A client, a router and a server, each in its network namespace, joined by veth.

    client 192.0.2.70 (workstation), 198.51.100.2 (mx-out) -- router -- 203.0.113.5 server
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pytest

import schema
from sensor import json_lines

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
BINARY = os.environ.get("MAILWARDEN", str(ROOT / "mailwarden"))
WORKSTATION, MX_OUT, SERVER = "192.0.2.70", "198.51.100.2", "203.0.113.5"
WORKSTATION6, SERVER6 = "2001:db8:1:64::70", "2001:db8:ffff::5"
PASSED = "0x10000/0x10000"

MATRIX = """
schema: 1
zones:
  internal: [192.0.2.0/24, "2001:db8:1::/48"]
  gateway:  [198.51.100.0/28]
groups:
  workstations: {role: client, service: office, addresses: [192.0.2.64/26, "2001:db8:1:64::/64"]}
  mx-out:       {role: outbound, addresses: [198.51.100.2]}
rows:
  - {id: M-04, from: mx-out, to: internet, protocols: [smtp], tls: optional, ports: [25, 2525]}
"""


def command(*words, **options):
    return subprocess.run(words, check=True, timeout=30, capture_output=True, text=True, **options)


def why_not():
    if os.geteuid() != 0:
        return "needs root for network namespaces"
    for tool in ("ip", "iptables", "unshare"):
        if not shutil.which(tool):
            return f"needs {tool}"
    return None


class Router:
    def __init__(self, folder):
        self.folder = folder
        self.processes = []
        mark = f"mw{os.getpid()}"
        self.client, self.router, self.server = f"{mark}c", f"{mark}r", f"{mark}s"

    def run(self, where, *words, **options):
        return command("ip", "netns", "exec", where, *words, **options)

    def start(self, where, *words, **options):
        process = subprocess.Popen(("ip", "netns", "exec", where) + words, text=True, **options)
        self.processes.append(process)
        return process

    def link(self, one, one_name, one_addresses, other_addresses):
        other_name = one_name + "r"
        command("ip", "link", "add", one_name, "netns", one, "type", "veth",
                "peer", "name", other_name, "netns", self.router)
        for where, name, addresses in ((one, one_name, one_addresses),
                                       (self.router, other_name, other_addresses)):
            for address in addresses:
                nodad = ("nodad",) if ":" in address else ()
                self.run(where, "ip", "address", "add", address, "dev", name, *nodad)
            self.run(where, "ip", "link", "set", name, "up")
            self.run(where, "ip", "link", "set", "lo", "up")

    def build(self):
        for name in (self.client, self.router, self.server):
            command("ip", "netns", "add", name)
        self.link(self.client, "c", [f"{WORKSTATION}/24", f"{MX_OUT}/28", f"{WORKSTATION6}/64"],
                  ["192.0.2.1/24", "198.51.100.1/28", "2001:db8:1:64::1/64"])
        self.link(self.server, "s", [f"{SERVER}/24", f"{SERVER6}/64"],
                  ["203.0.113.1/24", "2001:db8:ffff::1/64"])
        self.run(self.router, "sysctl", "-qw", "net.ipv4.ip_forward=1",
                 "net.ipv6.conf.all.forwarding=1")
        self.run(self.client, "ip", "route", "add", "default", "via", "192.0.2.1")
        self.run(self.client, "ip", "-6", "route", "add", "default", "via", "2001:db8:1:64::1")
        self.run(self.server, "ip", "route", "add", "default", "via", "203.0.113.1")
        self.run(self.server, "ip", "-6", "route", "add", "default", "via", "2001:db8:ffff::1")
        (self.folder / "matrix.yaml").write_text(MATRIX)

    def rules(self, *more, queues="0"):
        text = command(BINARY, "export", "--to", "iptables", "--inline", "--queue", queues, *more).stdout
        for tool in ("iptables-restore", "ip6tables-restore"):
            self.run(self.router, tool, "--noflush", input=text)

    def rules_that_queue_all(self):
        self.run(self.router, "iptables", "-t", "mangle", "-F")
        self.run(self.router, "iptables", "-t", "mangle", "-A", "FORWARD", "-p", "tcp", "-j", "NFQUEUE",
                 "--queue-bypass")

    def serve(self, *ports):
        key = self.folder / "server.pem"
        command("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-days", "30", "-subj", "/CN=mx.example.net", "-keyout", key, "-out",
                self.folder / "certificate.pem")
        with open(key, "a", encoding="ascii") as file:
            file.write((self.folder / "certificate.pem").read_text())
        log = open(self.folder / "server.log", "w", encoding="ascii")
        for address in (SERVER, SERVER6):
            self.start(self.server, sys.executable, str(HERE / "mail_peer.py"), "serve", address,
                       *ports, str(key), stdout=log)
        self.wait(lambda: (self.folder / "server.log").read_text().count("ready") == 2)

    def messages(self):
        return (self.folder / "server.log").read_text().count("message")

    def sensor(self, *options, where=None):
        state = self.folder / "state"
        log = open(self.folder / "sensor.log", "w", encoding="utf-8")
        process = self.start(where or self.router, BINARY, "run", "-m",
                             str(self.folder / "matrix.yaml"), "--state-dir", str(state), "--user",
                             "root", "--table", "4096", *options, stderr=log)
        self.wait(lambda: "watching" in (self.folder / "sensor.log").read_text()
                  or process.poll() is not None)
        assert process.poll() is None, (self.folder / "sensor.log").read_text()
        # until its workers run, packets pass unseen
        self.wait(lambda: all(one["state"] == "running" for one in self.status()["processes"]
                              if one["name"].startswith("worker")))
        return process

    def send(self, source, address, port, count=1):
        run = self.run(self.client, sys.executable, str(HERE / "mail_peer.py"), "send", source,
                       address, str(port), str(count))
        tries = json_lines(run.stdout)
        return tries if count > 1 else tries[0]

    def records(self, kind=None):
        found = json_lines((self.folder / "state" / "eve.json").read_text())
        return [one for one in found if kind in (None, one["event_type"]) or kind == "alert" and kind in one]

    def alerts(self):
        return [(one["alert"]["metadata"]["finding"], one["alert"]["action"], one.get("dest_port"))
                for one in self.records("alert")]

    def status(self):
        run = command(BINARY, "status", "--json", "--state-dir", str(self.folder / "state"))
        return json.loads(run.stdout)

    @staticmethod
    def wait(test, seconds=10):
        end = time.monotonic() + seconds
        while not test():
            assert time.monotonic() < end, "nothing came in time"
            time.sleep(0.05)

    def hold_records(self):
        """What its sensors wrote, where the test passed."""
        if (self.folder / "state" / "eve.json").exists():
            schema.hold(self.records())

    def end(self, process):
        process.send_signal(signal.SIGTERM)
        process.wait(20)

    def close(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait(10)
        for name in (self.client, self.router, self.server):
            subprocess.run(("ip", "netns", "delete", name), check=False, timeout=30,
                           capture_output=True)


@contextlib.contextmanager
def built(folder):
    reason = why_not()
    if reason:
        pytest.skip(reason)
    router = Router(folder)
    try:
        router.build()
        yield router
        router.hold_records()
    finally:
        router.close()
