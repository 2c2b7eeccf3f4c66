"""Zones of a test's own: nsd serves them, unbound resolves for whoever asks, both in one namespace.

    with Zones(folder, {"example": SIGNED, ...}) as zones: subprocess.run(zones.inside(...))

The namespace is one of its own, or `place`, which has the address that is asked.

A zone is signed, plain, spoilt (a record was changed behind its signature) or away (its server fails).
"""
import re
import shutil
import subprocess

import sensor
from sensor import Namespace, until

TOOLS = ("nsd", "unbound", "ldns-keygen", "ldns-signzone", "openssl")
RESOLVER = "127.0.0.1"
NSD = """server:
  ip-address: 127.0.0.1@5353
  username: root
  chroot: ""
  zonesdir: "{folder}"
  database: ""
  pidfile: ""
  zonelistfile: "{folder}/zone.list"
  xfrdfile: "{folder}/xfrd.state"
  server-count: 1
  logfile: "{folder}/nsd.log"
remote-control:
  control-enable: no
"""
UNBOUND = """server:
  interface: {address}
  access-control: 0.0.0.0/0 allow
  do-not-query-localhost: no
  do-ip6: no
  do-daemonize: no
  use-syslog: no
  log-queries: yes
  logfile: "{folder}/asked.log"
  chroot: ""
  username: ""
  directory: "{folder}"
  pidfile: ""
  module-config: "iterator"
remote-control:
  control-enable: no
"""
HEAD = """$TTL 300
{name} SOA ns.nic.example. hostmaster.nic.example. 1 3600 600 86400 300
{name} NS ns.nic.example.
"""


def why_not_here():
    missing = [tool for tool in TOOLS if not shutil.which(tool, path="/usr/sbin:/usr/bin")]
    return f"needs {' '.join(missing)}" if missing else sensor.why_not_here()


class Zones:
    """zones: name -> (kind, lines). The trust anchors of those that are signed stand in anchors."""

    def __init__(self, folder, zones, place=None, address=RESOLVER):
        self.folder, self.processes, self.anchors = folder, [], folder / "anchors"
        self.namespace = place or Namespace()
        self.anchors.write_text("")
        served = [self.write(name, *zone) for name, zone in zones.items()]
        served.append(self.write(".", "plain", ["ns.nic.example. A 127.0.0.1"]))
        stubs = "".join(f'stub-zone:\n  name: "{name}"\n  stub-addr: 127.0.0.1@5353\n' for name, _ in served)
        (folder / "unbound.conf").write_text(UNBOUND.format(folder=folder, address=address) + stubs)
        (folder / "nsd.conf").write_text(NSD.format(folder=folder) + "".join(
            f'zone:\n  name: "{name}"\n  zonefile: "{file}"\n' for name, file in served))
        for words in (("nsd", "-d", "-c", folder / "nsd.conf"), ("unbound", "-c", folder / "unbound.conf")):
            self.processes.append(subprocess.Popen(self.inside(*words), stderr=subprocess.DEVNULL))
        for where, port in ((RESOLVER, 5353), (address, 53)):
            until(lambda: "NOERROR" in self.dig(where, port), f"who listens at port {port}")

    def dig(self, where, port):
        return subprocess.run(self.inside("dig", "+tries=1", "+time=1", "-p", port, f"@{where}", "NS", "."), timeout=20,
                              capture_output=True, text=True, check=False).stdout

    def write(self, name, kind, lines):
        file = self.folder / f"{name.strip('.') or 'root'}.zone"
        if kind == "away":
            return name, self.folder / "missing.zone"
        dotted = name if name == "." else name + "."
        file.write_text(HEAD.format(name=dotted) + "\n".join(lines) + "\n")
        return name, file if kind == "plain" else self.sign(name, file, kind == "spoilt")

    def sign(self, name, file, is_spoilt):
        key = subprocess.run(["ldns-keygen", "-k", "-r", "/dev/urandom", "-a", "ECDSAP256SHA256", name], cwd=self.folder,
                             check=True, capture_output=True, text=True).stdout.strip()
        signed = file.with_suffix(".signed")
        subprocess.run(["ldns-signzone", "-n", "-f", signed, file, key], cwd=self.folder, check=True, capture_output=True)
        with self.anchors.open("a", encoding="utf-8") as anchors:
            anchors.write((self.folder / f"{key}.key").read_text())
        if is_spoilt:
            text = signed.read_text()
            spoilt = re.sub(r"\tMX\t10 ", "\tMX\t11 ", text).replace("v=spf1 ", "v=spf1 mx ")
            assert spoilt != text
            signed.write_text(spoilt)
        return signed

    def inside(self, *words):
        return self.namespace.inside(*words)

    def asked(self):
        """Every name that unbound was asked about so far."""
        return {line.split()[-3].rstrip(".").lower() for line in (self.folder / "asked.log").read_text().splitlines()
                if line.endswith(" IN")}

    def close(self):
        for process in self.processes:
            process.terminate()
            process.wait(20)
        self.namespace.close()
