"""The commands of a page, run as they stand there on a copy of this machine, and what the page says that one sees.

A block ```sh holds commands, and the block ```text behind it lines that they print, numbers and times apart; `...` stands for what is
left out. `<!-- not run: REASON -->` in front of a block says why it is not run here.
"""

import pathlib
import re
import struct
import subprocess
import time

import captures
import copied_machine
import sensor
from frames_made import file_header

PEER = sensor.ROOT / "tests/live/lab/mail_peer.py"
HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(sensor.MAILWARDEN).parent
BLOCK = re.compile(r"(?:^<!-- not run: (?P<why>[^>]*) -->\n+)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.M | re.S)
MONDAY = ("imaps-tls13", "submission-starttls-auth", "smtp-starttls-tls13", "gateway-split", "imap-login-clear",
          "smtp-illegitimate-workstation")
WHY_NOT = copied_machine.why_not_here(BUILD, "ip", "nft", "iptables", "setpriv", "systemd-sysusers", "systemd-tmpfiles") or sensor.why_not_here()


class Block:
    def __init__(self, match):
        self.commands = match["text"]
        self.why_not = match["why"]
        self.shown = []


def blocks(page):
    """Those of commands, each with the lines that the page shows of what they print."""
    found = []
    for match in BLOCK.finditer((sensor.ROOT / "docs" / page).read_text(encoding="utf-8")):
        if match["kind"] == "sh":
            found.append(Block(match))
        elif match["kind"] == "text" and not found[-1].shown:
            found[-1].shown = [line for line in match["text"].splitlines() if line.strip() not in ("", "...")]
    return found


CHANGING = ((re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\dZ?)?"), "DAY"), (re.compile(r"(?<![\d.])\d+\.\d+\.\d+(?![\d.])"), "VERSION"),
            (re.compile(r"(?<![\w.:-])\d+(?:\.\d+)?(?![\d.])"), "0"))


def form(line):
    """A line without what changes from one run to the next: days, versions, numbers; not ids (R37, M-10), ports behind a colon, addresses."""
    line = " ".join(line.split())
    for pattern, same in CHANGING:
        line = pattern.sub(same, line)
    return line


def missing(block, printed):
    """The lines that the page shows and nobody printed."""
    lines = {form(line) for line in printed.splitlines()}
    return [line for line in block.shown if form(line) not in lines]


def monday(cases=MONDAY):
    """A capture of the last hour: one case after the other."""
    written = [file_header()]
    at = time.time() - 3600
    for case in cases:
        at += 500
        for gap, frame in captures.packets(captures.PCAPS / case):
            at += gap
            written.append(struct.pack("<IIII", *divmod(round(at * 1e6), 10 ** 6), len(frame), len(frame)) + frame)
    return b"".join(written)


class Site(copied_machine.Machine):
    """Where mailwarden was put by `make install`, with a mirror port eth1 and the capture of a Monday."""

    def __init__(self, folder):
        super().__init__(folder, has_network=True)
        self.run("sh", "-c", "rm -rf /etc/mailwarden /var/lib/mailwarden* /root/books && mkdir -p /root/books")
        self.run("make", "-C", sensor.ROOT, "-o", "all", f"BUILD={BUILD}", "PREFIX=/usr", "install")
        self.run("sh", "-c", "systemd-sysusers mailwarden.conf && systemd-tmpfiles --create mailwarden.conf")
        self.run("install", HERE / "systemctl", "/usr/bin/systemctl")
        self.run("ip", "link", "set", "lo", "up")
        self.run("ip", "link", "add", "eth1", "type", "veth", "peer", "name", "mirror0")
        self.run("sysctl", "-qw", "net.ipv6.conf.eth1.disable_ipv6=1", "net.ipv6.conf.mirror0.disable_ipv6=1")
        self.run("ip", "link", "set", "mirror0", "up")
        self.frames = [frame for case in MONDAY for _, frame in captures.packets(captures.PCAPS / case)]
        self.put("monday.pcap", monday())

    def put(self, name, content):
        subprocess.run(self.inside("sh", "-c", f"cat > /root/books/{name}"), input=content, check=True, timeout=20)

    def execute(self, commands):
        """What they print; fails where one does."""
        return self.run("bash", "-ec", f"cd /root/books\n{commands}")

    def mirror(self):
        """The Monday once more, on the mirror port."""
        script = ("import socket,struct,sys,time\ns=socket.socket(socket.AF_PACKET,socket.SOCK_RAW);s.bind(('mirror0',0))\n"
                  "d=sys.stdin.buffer.read();at=0\nwhile at<len(d):\n n,=struct.unpack_from('>I',d,at);s.send(d[at+4:at+4+n]);at+=4+n\n"
                  " time.sleep(0.001)\n")
        data = b"".join(struct.pack(">I", len(frame)) + frame for frame in self.frames)
        subprocess.run(self.inside("/usr/bin/python3", "-c", script), input=data, check=True, timeout=20)

    def end(self, name, address, *towards):
        """A network namespace with one host, on the link of that name; `towards`: its routes, as ip has them."""
        self.run("ip", "netns", "add", name)
        self.run("ip", "link", "add", name, "type", "veth", "peer", "name", "far0", "netns", name)
        self.run("ip", "link", "set", name, "up")
        for words in (["address", "add", address, "dev", "far0"], ["link", "set", "far0", "up"], ["link", "set", "lo", "up"],
                      ["route", "add", *towards]):
            self.run("ip", "-n", name, *words)

    def serve(self):
        """A mail server of the Internet."""
        self.server = subprocess.Popen(self.inside("ip", "netns", "exec", "wan", "/usr/bin/python3", PEER, "serve", "203.0.113.5", "25", "none"),
                                       stdout=subprocess.PIPE, text=True)
        assert self.server.stdout.readline() == "ready\n"

    def route(self):
        """A workstation and the server, and this machine the router between them."""
        for name, near, far in (("lan", "192.0.2.1", "192.0.2.70"), ("wan", "203.0.113.1", "203.0.113.5")):
            self.end(name, f"{far}/24", "default", "via", near, "dev", "far0", "onlink")
            self.run("ip", "address", "add", f"{near}/24", "dev", name)
        self.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        self.serve()

    def bridge(self):
        """The same two on one link, and this machine the bridge between them, with a route to neither."""
        self.run("ip", "link", "add", "br0", "type", "bridge")
        self.run("ip", "link", "set", "br0", "up")
        for name, far, other in (("lan", "192.0.2.70", "203.0.113.5"), ("wan", "203.0.113.5", "192.0.2.70")):
            self.end(name, f"{far}/32", other, "dev", "far0")
            self.run("ip", "link", "set", name, "master", "br0")
        self.serve()

    def send_mail(self):
        """What the workstation hears that sends past the gateway."""
        return self.run("ip", "netns", "exec", "lan", "/usr/bin/python3", PEER, "send", "192.0.2.70", "203.0.113.5", "25")
