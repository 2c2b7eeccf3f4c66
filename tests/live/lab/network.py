"""A site of twelve hosts with real servers, in namespaces around one router, where a sensor watches a mirror or stands inline.

    desk, crm, monitoring, relay, mailbox, resolver, undeclared: inside      mx-out, mx-in: gateway
    world, cloud: Internet (many addresses each)                              each joined to the router alone

The matrix is rules/hybrid-reference.yaml but for EDITS. What happens here is in network_kinds.py.
"""
import datetime
import difflib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

import schema
import sensor
from network_kinds import (CRM, GREY_MX, INNER, MAILBOX, MONITORING, MX, MX_IN, MX_OUT, NEWSLETTER, OFFICE365_SUBMISSION,
                           OTHER_MX, PROXY, RELAY, STRANGER, UNDECLARED)

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT / "tests" / "record"))
import lab  # noqa: E402
import servers  # noqa: E402
from certificates import Authority  # noqa: E402

TOOLS = ("postfix", "dovecot", "unbound", "curl", "openssl", "ethtool", "iptables", "tc")
SIEVE = pathlib.Path("/usr/lib/dovecot/managesieve")
HOSTS = {
    "desk": ("192.0.2.70", "192.0.2.71"), "crm": (CRM,), "monitoring": (MONITORING,), "relay": (RELAY,), "mailbox": (MAILBOX,),
    "resolver": ("192.0.2.53",), "undeclared": (UNDECLARED,), "mx-out": (MX_OUT,), "mx-in": (MX_IN,),
    "world": (MX, GREY_MX, OTHER_MX, STRANGER, "203.0.113.60", PROXY),
    "cloud": ("203.0.113.10", OFFICE365_SUBMISSION, "203.0.113.12", "203.0.113.13", "203.0.113.14", NEWSLETTER),
}
NAMES = {
    "mx.example.net": MX, "mx.grey.example.net": GREY_MX, "mx.other.example.net": OTHER_MX,
    "example-com.mail.protection.outlook.com": "203.0.113.10", "smtp.office365.com": OFFICE365_SUBMISSION,
    "outlook.office365.com": "203.0.113.12", "smtp.gmail.com": "203.0.113.13", "imap.gmail.com": "203.0.113.14",
    "smtp.newsletter.example.net": NEWSLETTER, "box.example.org": UNDECLARED,
}
EXCHANGERS = {"example.net": "mx.example.net", "grey.example.net": "mx.grey.example.net",
              "other.example.net": "mx.other.example.net", "example.com": "example-com.mail.protection.outlook.com"}

# (in front of which line, what is written there) or (which words, what stands in their place): the edits of the matrix
EDITS = (
    ("  mx-out: {", "  mailboxes: {{role: mailbox, service: office, addresses: [192.0.2.10]}}\n"
                    "  monitoring: {{role: application, service: technical, addresses: [192.0.2.60]}}\n  mx-out: {{"),
    ("to: google-submission, protocols: [submission], tls: starttls, min_tls: \"1.2\", owner: messaging}",
     "to: google-submission, protocols: [submission, submissions], tls: required, min_tls: \"1.2\", owner: messaging{ending}}}"),
    ("ticket: NET-40}", "ticket: NET-40, expires: {newsletter}}}"),
    ("ticket: NET-31}", "ticket: NET-31{ending}}}"),
    ("  # Across the gateway (R42).",
     "  - {{id: E-01, from: relay, to: mailboxes, protocols: [lmtp], tls: starttls, owner: messaging}}\n"
     "  - {{id: E-02, from: workstations, to: mailboxes, protocols: [imap, imaps, pop3, pop3s, sieve], owner: messaging}}\n"
     "  - {{id: E-03, from: monitoring, to: [mx-in, relay], protocols: [smtp], probe: yes, owner: operations}}\n\n"
     "  # Across the gateway (R42)."),
)
UNBOUND = """server:
  interface: 192.0.2.53
  access-control: 0.0.0.0/0 allow
  do-daemonize: no
  use-syslog: no
  chroot: ""
  username: ""
  directory: "{folder}"
  pidfile: ""
{data}
remote-control:
  control-enable: no
"""
MIRROR = ("ingress", "protocol", "all", "u32", "match", "u32", "0", "0", "action", "mirred", "egress", "mirror", "dev")
PROBE = f"""ip link add one0 type veth peer name two0
tc qdisc add dev one0 clsact
tc filter add dev one0 {" ".join(MIRROR)} two0
ip link add three0 type vxlan id 1 local 192.0.2.1 remote 192.0.2.2 dstport 4789 dev one0
"""
QUICKLY_AGAIN = ("queue_run_delay = 2s", "minimal_backoff_time = 2s", "maximal_backoff_time = 4s")
ENCRYPTED = ("smtp_tls_security_level = may", "lmtp_tls_security_level = may")
IMPLICIT = "-o smtpd_tls_wrappermode=yes"


def why_not():
    """The reason why the network cannot be built on this machine, or None."""
    missing = [tool for tool in TOOLS if not shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin:/sbin")]
    if missing:
        return f"needs {' '.join(missing)}"
    if not SIEVE.exists():
        return "needs dovecot-managesieved"
    tried = subprocess.run(["unshare", "-n", "sh", "-ec", PROBE], capture_output=True, text=True, check=False)
    return sensor.why_not_here() or (f"no mirror or no tunnel here: {tried.stderr.strip()}" if tried.returncode else None)


def day(ahead):
    return (datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=ahead)).isoformat()


def matrix(newsletter=day(-1), ending=""):
    """The hybrid reference, edited: the row of the newsletter ends so, and what stands behind two that may end."""
    text = (ROOT / "rules" / "hybrid-reference.yaml").read_text()
    for place, edit in EDITS:
        assert text.count(place) == 1, place
        text = text.replace(place, edit.format(newsletter=newsletter, ending=ending))
    return text


def edits(text):
    """Where this matrix differs from the reference: the lines that are new."""
    reference = (ROOT / "rules" / "hybrid-reference.yaml").read_text()
    diff = list(difflib.unified_diff(reference.splitlines(), text.splitlines(), n=0, lineterm=""))[2:]
    return [line[1:].strip() for line in diff if line.startswith("+") and line[1:].strip()]


class Host(lab.Host):
    """Asks the resolver of the site, and nobody else."""

    def command(self, *words):
        script = f'mount --bind "{self.lab.folder}/resolv.conf" /etc/resolv.conf && exec "$@"'
        return super().command("sh", "-c", script, "sh", *words)


class Client:
    """The clients of one host: network_client.py, waiting for orders."""

    def __init__(self, host):
        self.process = subprocess.Popen(host.command("/usr/bin/python3", HERE / "network_client.py"), text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        host.lab.processes.append(self.process)

    def order(self, order):
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


class Network(lab.Lab):
    """Its router is the namespace that for the golden cases is a bridge."""

    def build(self):
        (self.folder / "resolv.conf").write_text("nameserver 192.0.2.53\n")
        self.run = lab.Host(self, "wire", ("192.0.2.1",)).run
        self.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.neigh.default.proxy_delay=0")
        self.run("ip", "link", "add", "mirror0", "type", "veth", "peer", "name", "tap0")
        for name in ("mirror0", "tap0"):
            self.run("sysctl", "-qw", f"net.ipv6.conf.{name}.disable_ipv6=1")
            self.run("ip", "link", "set", name, "up")
        for name, addresses in HOSTS.items():
            self.hosts[name] = self.host(name, *addresses)
            self.hosts[name].__class__ = Host
            self.route(f"port{len(self.hosts)}", addresses)
        self.tunnel()
        self.start_servers()

    def route(self, port, addresses):
        """The host behind this port is reached through the router alone, which mirrors what comes from it."""
        self.run("ip", "link", "set", port, "nomaster", check=True)
        self.run("sysctl", "-qw", f"net.ipv4.conf.{port}.proxy_arp=1", f"net.ipv4.neigh.{port}.proxy_delay=0",
                 f"net.ipv6.conf.{port}.disable_ipv6=1", check=True)
        for address in addresses:
            self.run("ip", "route", "add", f"{address}/32", "dev", port, check=True)
        self.run("tc", "qdisc", "add", "dev", port, "clsact", check=True)
        self.run("tc", "filter", "add", "dev", port, *MIRROR, "mirror0", check=True)

    def tunnel(self):
        for here, there, inner in ((self.hosts["world"], UNDECLARED, INNER[0]), (self.hosts["undeclared"], MX, INNER[1])):
            here.run("ip", "link", "add", "vx0", "type", "vxlan", "id", "42", "local", here.address, "remote", there,
                     "dstport", "4789", "dev", "eth0", check=True)
            here.run("sysctl", "-qw", "net.ipv6.conf.vx0.disable_ipv6=1", check=True)
            here.run("ip", "address", "add", f"{inner}/25", "dev", "vx0", check=True)
            here.run("ip", "link", "set", "vx0", "mtu", "1400", "up", check=True)

    def start_servers(self):
        certificate = Authority(self.folder).issue("mail.example.org")
        one = self.hosts
        zones = sorted({name.split(".", name.count(".") - 1)[-1] for name in (*NAMES, *EXCHANGERS)})
        data = [f'  local-zone: "{zone}." static' for zone in zones]
        data += [f'  local-data: "{name}. 30 IN A {address}"' for name, address in NAMES.items()]
        data += [f'  local-data: "{name}. 30 IN MX 10 {exchanger}."' for name, exchanger in EXCHANGERS.items()]
        (self.folder / "unbound.conf").write_text(UNBOUND.format(folder=self.folder, data="\n".join(data)))
        one["resolver"].start("unbound", "-c", self.folder / "unbound.conf")
        one["resolver"].wait_listening(53)
        servers.dovecot(one["mailbox"], ["imap", "imaps", "pop3", "pop3s", "lmtp", "sieve"], certificate)
        servers.dovecot(one["undeclared"], ["imaps"], certificate)
        sasl = servers.dovecot(one["cloud"], ["imaps"], certificate)
        servers.postfix(one["relay"], "relay.example.org", ("25",), certificate, (
            *ENCRYPTED, *QUICKLY_AGAIN, "relay_domains = example.org", f"relay_transport = lmtp:inet:{MAILBOX}:24",
            f"default_transport = smtp:[{MX_OUT}]"))
        servers.postfix(one["mx-in"], "mx-in.example.org", ("25",), certificate, (
            *ENCRYPTED, "relay_domains = example.org", f"relay_transport = smtp:[{RELAY}]"))
        (self.folder / "headers").write_text("/^Received:/ IGNORE\n")  # ours are told to nobody
        servers.postfix(one["mx-out"], "mx-out.example.org", ("25",), certificate, (
            *ENCRYPTED, *QUICKLY_AGAIN, "relay_domains =", "default_transport = smtp", "disable_dns_lookups = no",
            f"header_checks = regexp:{self.folder}/headers"))
        one["world"].start("/usr/bin/python3", HERE / "network_client.py", "greylist", "10040")
        servers.postfix(one["world"], "mx.example.net", (
            f"{MX}:25", f"{OTHER_MX}:25", f"{MX}:2525", f"{MX}:465 {IMPLICIT}", f"{INNER[0]}:25",
            f"{GREY_MX}:25 -o smtpd_recipient_restrictions=check_policy_service,inet:127.0.0.1:10040,permit_mynetworks,reject"),
                        certificate)
        for port, what in ((1080, "socks5"), (8080, "http-connect")):
            one["world"].start("/usr/bin/python3", ROOT / "tests" / "record" / "tiny_servers.py", what, PROXY, port)
            one["world"].wait_listening(port)
        one["world"].start("/usr/bin/python3", ROOT / "tests" / "record" / "tiny_servers.py", "strip-remove", "0.0.0.0", "2599",
                           OTHER_MX, "25")
        submission = "-o smtpd_sasl_auth_enable=yes"
        servers.postfix(one["cloud"], "mail.example.com", ("25", f"587 {submission}", f"465 {IMPLICIT} {submission}"),
                        certificate, (f"smtpd_sasl_path = {sasl}",))

    def strip(self, is_stripped):
        """Between mx-out and one of the Internet's servers stands somebody, from now on or no longer."""
        self.hosts["world"].run("iptables", "-t", "nat", "-A" if is_stripped else "-D", "PREROUTING", "-d", OTHER_MX, "-p", "tcp",
                                "--dport", "25", "-j", "REDIRECT", "--to-ports", "2599", check=True)

    def queued(self, name):
        """Messages that this host's Postfix still has."""
        folder = self.folder / f"postfix-{name}" / "queue"
        return sum(len(list((folder / part).rglob("[0-9A-Fa-f]*[0-9A-Fa-f]"))) for part in ("incoming", "active", "deferred"))

    def said(self, name, pattern):
        """How many lines of the log of this host's Postfix have the pattern."""
        return len(re.findall(pattern, (self.folder / f"postfix-{name}" / "log").read_text(errors="replace")))

    def arrived(self):
        return len(list((self.folder / "dovecot-mailbox" / "mail").glob("*/*/*.*")))


class Sensor:
    """mailwarden run in the router: on the mirror, or inline."""

    def __init__(self, network, text, *options, environment=None):
        self.network = network
        self.folder = network.folder / "sensor"
        self.folder.mkdir()
        self.matrix = self.folder / "matrix.yaml"
        self.matrix.write_text(text)
        self.state = self.folder / "state"
        self.log = self.folder / "log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", network.wire, sensor.MAILWARDEN, "run", "-m", self.matrix, "--state-dir", self.state,
                 "--user", "root", "--table", "8192", "--host", "sensor.example.org", *options],
                stdout=log, stderr=log, env={**os.environ, **(environment or {})})
        network.processes.append(self.process)
        sensor.until(lambda: "watching" in self.log.read_text() or self.process.poll() is not None, "the sensor to start")
        assert self.process.poll() is None, self.log.read_text()
        sensor.until(self.is_running, "its workers")

    def status(self):
        done = subprocess.run([sensor.MAILWARDEN, "status", "--json", "--state-dir", self.state], capture_output=True,
                              timeout=20, check=False)
        return json.loads(done.stdout)

    def is_running(self):
        return all(part["state"] == "running" for part in self.status()["processes"] if part["name"].startswith("worker"))

    def records(self, kind):
        found = sensor.json_lines((self.state / "eve.json").read_text())
        return [one for one in found if one["event_type"] == kind or kind == "alert" and kind in one]

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        schema.hold(sensor.json_lines((self.state / "eve.json").read_text()))
        return code
