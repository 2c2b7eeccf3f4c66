"""The router of router.py with Postfix and Dovecot behind it, and swaks, curl and openssl in front.

    workstation 192.0.2.70, mx-out 198.51.100.2 -- router -- 203.0.113.5 mx, 192.0.2.10 mailbox

The servers and clients are those that record the golden cases (tests/record).
"""
import contextlib
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import router as bench
from router import MX_OUT, SERVER, WORKSTATION, Router

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "record"))
import clients  # noqa: E402
import lab  # noqa: E402
import servers  # noqa: E402
from certificates import Authority  # noqa: E402

MAILBOX = "192.0.2.10"
RECIPIENT = "alice@example.net"
MATRIX = """
schema: 1
zones:
  internal: [192.0.2.0/24, "2001:db8:1::/48"]
  gateway:  [198.51.100.0/28]
groups:
  workstations: {role: client, service: office, addresses: [192.0.2.64/26, "2001:db8:1:64::/64"]}
  mailboxes:    {role: mailbox, service: office, addresses: [192.0.2.10], names: [mail.example.org]}
  mx-out:       {role: outbound, addresses: [198.51.100.2]}
rows:
  - {id: M-01, from: workstations, to: mailboxes, protocols: [imaps, pop3s], tls: required}
  - {id: M-04, from: mx-out, to: internet, protocols: [smtp], tls: optional, ports: [25, 2525]}
"""


def why_not():
    for tool in ("postfix", "dovecot", "swaks", "curl", "openssl", "ethtool", "tcpdump"):
        if not shutil.which(tool):
            return f"needs {tool}"
    return bench.why_not()


class Site(Router):
    """Also what the servers of tests/record expect of a lab: .folder, .processes, .logs()."""

    matrix = MATRIX
    postfix_options = ()

    def __init__(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="mailwarden-site-"))
        folder.chmod(0o755)
        super().__init__(folder)
        self.prefix = self.client
        self.host_processes = []

    logs = lab.Lab.logs

    def host(self, name, namespace, *addresses):
        place = lab.Host(self, name, addresses)
        place.namespace = namespace
        return place

    def build(self):
        super().build()
        (self.folder / "matrix.yaml").write_text(self.matrix)
        # the mailbox is on the workstations' link by its address, and behind the router
        self.run(self.router, "sysctl", "-qw", "net.ipv4.conf.cr.proxy_arp=1",
                 "net.ipv4.neigh.cr.proxy_delay=0")
        self.run(self.router, "ip", "route", "add", f"{MAILBOX}/32", "dev", "sr")
        self.run(self.server, "ip", "address", "add", f"{MAILBOX}/32", "dev", "s")
        self.workstation = self.host("workstation", self.client, WORKSTATION)
        self.mx = self.host("mx", self.server, SERVER)
        self.mailbox = self.host("mailbox", self.server, MAILBOX)
        self.rules()
        self.start_servers()

    def start_servers(self):
        self.processes, routers = self.host_processes, self.processes
        certificate = Authority(self.folder).issue("mail.example.org")
        servers.dovecot(self.mailbox, ["lmtp", "imaps", "pop3s"], certificate)
        servers.postfix(self.mx, "mx.example.net", ("25", "587", "2525", "4242", "465 -o smtpd_tls_wrappermode=yes"),
                        certificate, (f"relay_transport = lmtp:inet:{MAILBOX}:24", *self.postfix_options))
        self.processes = routers

    def swaks(self, source, *options, server=SERVER):
        """Exit code and what was said; 0 when the message was taken."""
        done = clients.swaks(self.workstation, server, "--local-interface", source, *options, to=RECIPIENT)
        return done.returncode, done.stdout.decode(errors="replace")

    def arrived(self):
        return len(list((self.folder / "dovecot-mailbox" / "mail").glob("*/new/*")))

    def fetch(self, url):
        """As the workstation, with the dummy user's password; the exit code of curl."""
        return clients.curl(self.workstation, url, "--interface", WORKSTATION).returncode

    def listen(self, capture):
        """tcpdump on the clients' link of the router, from now on."""
        process = self.start(self.router, "tcpdump", "-i", "cr", "-n", "-U", "--immediate-mode", "-s", "0",
                             "-w", str(capture), "tcp", stderr=subprocess.PIPE)
        while "listening on" not in process.stderr.readline():
            pass
        return process

    def is_quiet(self):
        """Every connection of the clients is closed at both ends."""
        return not self.run(self.client, "ss", "-Htn", "state", "connected", "exclude", "time-wait").stdout

    @staticmethod
    def has_written(tcpdump):
        """All that the kernel had for it is in its file."""
        tcpdump.send_signal(signal.SIGUSR1)
        captured, received = map(int, re.findall(r"(\d+) packets? (?:captured|received)", tcpdump.stderr.readline()))
        return captured == received

    def forget(self):
        """What one test left: its sensor's state and log."""
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait(10)
        self.processes.clear()
        self.hold_records()
        shutil.rmtree(self.folder / "state", ignore_errors=True)
        (self.folder / "matrix.yaml").write_text(self.matrix)

    def close(self):
        for process in reversed(self.host_processes):
            lab.end_group(process)
        super().close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Mailflow:
    """One message behind the other, until ended; tells the longest pause."""

    def __init__(self, site):
        self.site = site
        self.output = open(site.folder / "flow.jsonl", "w+", encoding="utf-8")
        self.process = site.start(site.client, sys.executable, str(bench.HERE / "mail_peer.py"), "send",
                                  MX_OUT, SERVER, "25", "100000", stdout=self.output)
        site.wait(lambda: len(self.tries()) >= 3)

    def tries(self):
        return bench.json_lines((self.site.folder / "flow.jsonl").read_text())

    def end(self, least=3):
        """(results, longest time a message took); after at least so many more messages."""
        before = len(self.tries())
        self.site.wait(lambda: len(self.tries()) >= before + least)
        self.process.kill()
        self.process.wait(10)
        self.output.close()
        tries = self.tries()
        return {one["result"] for one in tries}, max(one["seconds"] for one in tries)


@contextlib.contextmanager
def built():
    site = Site()
    try:
        site.build()
        yield site
        site.hold_records()
    finally:
        site.close()
