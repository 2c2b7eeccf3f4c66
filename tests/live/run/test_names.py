"""Groups known by name, beside a real resolver (unbound) and a real client (dig): what counts, and what does not."""

import os
import shutil
import signal
import socket
import struct
import subprocess
import time

import pytest

import sensor
from sensor import Namespace, Sensor, replaced, until

CLIENT, RESOLVER, STRANGER = "192.0.2.40", "192.0.2.53", "203.0.113.53"
SLACK_S = 30  # a name holds so much longer than its TTL
MATRIX = f"""schema: 1
zones: {{internal: [192.0.2.0/24]}}
groups:
  crm: {{role: application, addresses: [{CLIENT}]}}
  resolver: {{role: resolver, addresses: [{RESOLVER}]}}
  newsletter: {{role: submission, names: ["*.example.net"]}}
rows:
  - {{id: N-01, from: crm, to: newsletter, protocols: [smtp], tls: optional}}
"""
HOSTS = {f"smtp{number}.example.net": f"203.0.113.{number}" for number in range(100, 110)}
SERVER = r"""
import socketserver, sys
class Mail(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 mx.example.net ESMTP\r\n")
        for line in self.rfile:
            self.wfile.write(b"221 bye\r\n" if line[:4] == b"QUIT" else b"250 mx.example.net\r\n")
            if line[:4] == b"QUIT":
                return
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("0.0.0.0", 25), Mail).serve_forever()
"""
CALL = r"""
import socket, sys
link = socket.create_connection((sys.argv[1], 25), 10)
file = link.makefile("rwb")
for line in (b"", b"EHLO crm.example.org\r\n", b"MAIL FROM:<a@example.org>\r\n", b"QUIT\r\n"):
    file.write(line); file.flush(); assert file.readline()
"""
UNBOUND = """server:
  interface: {resolver}
  interface: {stranger}
  access-control: 0.0.0.0/0 allow
  do-daemonize: no
  use-syslog: no
  chroot: ""
  username: ""
  directory: "{folder}"
  pidfile: ""
  local-zone: "example.net." static
{data}
remote-control:
  control-enable: no
"""


def why_not_here():
    missing = [tool for tool in ("unbound", "dig") if not shutil.which(tool, path="/usr/sbin:/usr/bin")]
    return f"needs {' '.join(missing)}" if missing else sensor.why_not_here()


pytestmark = pytest.mark.skipif(why_not_here() is not None, reason=str(why_not_here()))


class Site(Sensor):
    """Client and sensor on one end of a wire, resolver, stranger and mail servers on the other."""

    def __init__(self, folder, *options):
        super().__init__(*options, matrix=MATRIX)
        self.others = Namespace()
        self.processes = []
        self.namespace.run("ip", "link", "set", "out0", "netns", self.others.holder.pid, "name", "wire0")
        for where, name, addresses in ((self.namespace, "tap0", [CLIENT]),
                                       (self.others, "wire0", [RESOLVER, STRANGER, "203.0.113.66", *HOSTS.values()])):
            where.run("ip", "link", "set", name, "up")
            for address in addresses:
                where.run("ip", "address", "add", f"{address}/32", "dev", name)
            for prefix in ("192.0.2.0/24", "203.0.113.0/24"):
                where.run("ip", "route", "add", prefix, "dev", name)
        data = [f'  local-data: "{name}. 2 IN A {address}"' for name, address in HOSTS.items()]
        (folder / "unbound.conf").write_text(UNBOUND.format(resolver=RESOLVER, stranger=STRANGER, folder=folder,
                                                            data="\n".join(data)))
        for words in (("unbound", "-c", folder / "unbound.conf"), ("/usr/bin/python3", "-c", SERVER)):
            self.processes.append(subprocess.Popen(self.others.inside(*words)))
        until(lambda: self.dig("smtp100.example.net"), "the resolver to answer")

    def dig(self, name, *options, server=RESOLVER):
        answer = subprocess.run(self.namespace.inside("dig", "+short", "+tries=1", "+time=2", *options, f"@{server}", name),
                                capture_output=True, text=True, timeout=20, check=False)
        return answer.stdout.strip() if answer.returncode == 0 else ""

    def mail_to(self, address):
        """The record of one session with a server."""
        known = len(self.mails(address))
        until(lambda: subprocess.run(self.namespace.inside("/usr/bin/python3", "-c", CALL, address), timeout=20,
                                     capture_output=True, check=False).returncode == 0, "the session")
        return until(lambda: self.mails(address)[known:], "its record")[0]["mail"]

    def mails(self, address):
        return [one for one in self.records() if one["event_type"] == "mail" and one["dest_ip"] == address]

    def count(self, name):
        return sum(part["counters"].get(name, 0) for part in self.status()["processes"] if part["name"].startswith("worker"))

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()
        self.others.close()
        super().close()


@pytest.fixture
def site(tmp_path, request):
    one = Site(tmp_path, *getattr(request, "param", ()))
    yield one
    one.close()


def datagram(source, target, content):
    """A frame with what is said to come from a name server."""
    udp = struct.pack(">HHHH", 53, 40053, 8 + len(content), 0) + content
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0) + socket.inet_aton(source) + socket.inet_aton(target)
    total = sum(struct.unpack(">10H", ip))
    total = (total & 0xffff) + (total >> 16)
    ip = ip[:10] + struct.pack(">H", ~total & 0xffff) + ip[12:]
    return b"\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01\x08\x00" + ip + udp


def answer_of(name, address, number=7):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
    kind, data = ((28, socket.inet_pton(socket.AF_INET6, address)) if ":" in address else (1, socket.inet_aton(address)))
    return (struct.pack(">HHHHHH", number, 0x8180, 1, 1, 0, 0) + labels + struct.pack(">HH", kind, 1) +
            b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 3600, len(data)) + data)


def test_what_the_resolver_says_allows_by_udp_and_tcp_and_what_nobody_asked_it_does_not(site):
    assert site.dig("smtp101.example.net") == HOSTS["smtp101.example.net"]
    mail = site.mail_to(HOSTS["smtp101.example.net"])
    assert (mail["verdict"], mail["row"], mail["to_name"]) == ("legitimate", "N-01", "smtp101.example.net")
    assert site.mail_to(HOSTS["smtp102.example.net"])["verdict"] == "undecided"
    assert site.dig("smtp102.example.net", "+tcp")
    assert site.mail_to(HOSTS["smtp102.example.net"])["verdict"] == "legitimate"
    # poisoned: an answer to no query, whoever sends it
    site.others.send([datagram(RESOLVER, CLIENT, answer_of("smtp.example.net", "203.0.113.66"))], "wire0")
    until(lambda: site.count("dns.unasked") >= 1, "the forged answer to be counted")
    assert site.mail_to("203.0.113.66")["verdict"] == "undecided"
    # the client's own choice of a server
    assert site.dig("smtp103.example.net", server=STRANGER)
    until(lambda: site.count("dns.not_believed") >= 1, "the stranger's answer to be counted")
    assert site.mail_to(HOSTS["smtp103.example.net"])["verdict"] == "undecided"
    assert site.alerts("sender.illegitimate") == []


def test_a_name_ends_with_its_time_to_live(site):
    address = HOSTS["smtp104.example.net"]
    assert site.dig("smtp104.example.net")
    assert site.mail_to(address)["verdict"] == "legitimate"
    time.sleep(2 + SLACK_S + 1)
    mail = site.mail_to(address)
    assert (mail["verdict"], "to_name" in mail) == ("undecided", False)
    assert site.dig("smtp104.example.net")
    assert site.mail_to(address)["verdict"] == "legitimate"


@pytest.mark.parametrize("site", [("--workers", "3")], indirect=True)
def test_a_name_that_one_worker_learnt_holds_in_the_others(site):
    for name in HOSTS:
        assert site.dig(name) == HOSTS[name]
    time.sleep(0.5)  # by way of the reporter
    for name, address in HOSTS.items():
        site.dig(name)
        assert site.mail_to(address)["verdict"] == "legitimate", name
    parts = [part["counters"] for part in site.status()["processes"] if part["name"].startswith("worker")]
    assert any(one.get("mail.flows", 0) > 0 and one.get("dns.answers", 0) == 0 for one in parts), parts
    assert site.count("lessons.lost") == 0


@pytest.mark.parametrize("site", [("--workers", "1"), ("--workers", "3")], indirect=True)
def test_a_worker_that_is_started_anew_knows_the_names_and_accuses_nobody_for_those_it_does_not(site):
    address = HOSTS["smtp105.example.net"]
    assert site.dig("smtp105.example.net") == address
    until(lambda: site.mail_to(address)["verdict"] == "legitimate", "the name to be known to all", patience=5)
    for worker in [part for part in site.status()["processes"] if part["name"].startswith("worker")]:
        os.kill(worker["pid"], signal.SIGKILL)
        replaced(site, worker["name"], worker["pid"])
    until(lambda: site.mail_to(address)["verdict"] == "legitimate", "the names to be told", patience=5)
    assert site.mail_to(HOSTS["smtp106.example.net"])["verdict"] == "undecided"
    assert site.alerts("sender.illegitimate") == []


def test_however_many_answers_there_are_no_memory_grows(site):
    def resident():
        with open(f"/proc/{site.worker()['pid']}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))

    def flood(first):
        frames = []
        for number in range(first, first + 3000):
            answer = answer_of(f"h{number}.example.net", f"2001:db8::{number:x}", number)
            query = answer[:2] + struct.pack(">HHHHH", 0x0100, 1, 0, 0, 0) + answer[12:-28]
            asked = datagram(CLIENT, RESOLVER, query)
            frames += [asked[:34] + struct.pack(">HH", 40053, 53) + asked[38:], datagram(RESOLVER, CLIENT, answer)]
        site.others.send(frames, "wire0")
    flood(0)
    until(lambda: site.count("dns.answers") > 500, "answers to be taken")
    flood(3000)
    before = resident()
    for first in (6000, 9000, 12000):
        flood(first)
    assert resident() < before + 2048
