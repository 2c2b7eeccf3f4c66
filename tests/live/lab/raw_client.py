"""A TCP client of its own making, for what a kernel's would not do. As root, inside a namespace.

raw_client.py SOURCE SERVER TRICK... - each from a port of its own, all at once; prints a JSON line for each

The namespace's own kernel knows nothing of these connections: its resets are to be dropped (KEEP_QUIET). The sender of a
message is TRICK@example.org.
"""
import json
import random
import socket
import struct
import sys
import threading
import time

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
FIRST_PORT, LAST_PORT = 50000, 59999
KEEP_QUIET = ("iptables", "-A", "OUTPUT", "-p", "tcp", "--tcp-flags", "RST", "RST", "--sport",
              f"{FIRST_PORT}:{LAST_PORT}", "-m", "mark", "--mark", "0", "-j", "DROP")
ports = iter(random.sample(range(FIRST_PORT, LAST_PORT), 500))


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Raw:
    """One connection; sequence is that of the next byte, expected that of the server's."""

    def __init__(self, name, source, server, port=25):
        self.name, self.source, self.server, self.port = name, source, server, port
        self.local_port = next(ports)
        self.sender = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self.sender.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 1)
        self.receiver = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
        self.receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.sequence, self.expected = random.getrandbits(32), 0
        self.heard, self.resets, self.acknowledged = b"", 0, None

    def send(self, flags=PSH | ACK, data=b"", at=None, ttl=64, is_wrong=False):
        """One segment; .sequence stays."""
        at = self.sequence if at is None else at
        options = b"\x02\x04\x05\xa0" if flags & SYN else b""
        segment = struct.pack("!HHIIBBHHH", self.local_port, self.port, at & 0xffffffff, self.expected,
                              (20 + len(options)) // 4 << 4, flags, 60000, 0, 0) + options + data
        ends = socket.inet_aton(self.source) + socket.inet_aton(self.server)
        total = checksum(ends + struct.pack("!BBH", 0, 6, len(segment)) + segment) ^ (0x1111 if is_wrong else 0)
        segment = segment[:16] + struct.pack("!H", total) + segment[18:]
        header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), random.getrandbits(16), 0x4000, ttl, 6, 0)
        self.sender.sendto(header + ends + segment, (self.server, 0))

    def take(self, packet):
        header = (packet[0] & 15) * 4
        source, target, sequence, acknowledged, offset, flags = struct.unpack("!HHIIBB", packet[header:header + 14])
        data = packet[header + (offset >> 4) * 4:]
        if (source, target) != (self.port, self.local_port) or packet[12:16] != socket.inet_aton(self.server):
            return
        self.acknowledged = acknowledged
        if flags & RST:
            self.resets += 1
        elif flags & SYN:
            self.expected = (sequence + 1) & 0xffffffff
        elif data:
            skip = (self.expected - sequence) & 0xffffffff
            if skip < len(data):
                self.heard += data[skip:]
                self.expected = (sequence + len(data)) & 0xffffffff
            self.send(ACK)

    def hear(self, seconds, word=None):
        """All that comes in that time, or until the word; what was heard of it."""
        until, before = time.monotonic() + seconds, len(self.heard)
        while time.monotonic() < until and not (word and word in self.heard[before:]):
            self.receiver.settimeout(max(0.001, until - time.monotonic()))
            try:
                self.take(self.receiver.recv(65536))
            except socket.timeout:
                break
        return self.heard[before:]

    def connect(self):
        self.send(SYN)
        until = time.monotonic() + 3
        while not self.expected and time.monotonic() < until:
            self.hear(0.1)
        self.sequence += 1
        self.send(ACK)
        return self

    def greeted(self):
        self.connect().hear(3, b"220 ")
        return self

    def say(self, data, seconds=1.0):
        self.send(data=data)
        self.sequence += len(data)
        return self.hear(seconds, b"\r\n")

    def script(self):
        return [b"EHLO raw.example.org\r\n", f"MAIL FROM:<{self.name}@example.org>\r\n".encode(),
                b"RCPT TO:<alice@example.net>\r\n", b"DATA\r\n", b"Subject: raw\r\n\r\nnot allowed\r\n.\r\n"]

    def mail(self):
        for line in self.script():
            self.say(line)

    def blast(self, first=b""):
        """Foreign to begin with, and all in one segment."""
        self.say(first + b"".join(self.script()), 2)


# --- resets and ends that the server does not take ---

def wrong_end(flags, offset=0, **options):
    def trick(raw):
        raw.greeted().send(flags, at=raw.sequence + offset, **options)
        raw.hear(0.3)
        raw.mail()
    return trick


def wrong_end_then_blast(flags, offset=0, wait=0.2, **options):
    def trick(raw):
        raw.greeted().send(flags, at=raw.sequence + offset, **options)
        raw.hear(wait)
        raw.blast(b"NOOP\r\nSSH-2.0-x\r\n")
    return trick


def early_end(flags, offset=0, **options):
    """Before the greeting, and then all at once."""
    def trick(raw):
        raw.connect().send(flags, at=raw.sequence + offset, **options)
        raw.blast(b"SSH-2.0-x\r\n")
    return trick


def lost_then_reset(raw):
    """The reset stands behind bytes that never arrived."""
    raw.greeted().send(data=b"NOOP\r\n", ttl=1)
    raw.send(RST, at=raw.sequence + 6)
    raw.hear(0.3)
    raw.mail()


def late_syn(raw):
    raw.greeted().send(SYN, at=raw.sequence + 1000)
    raw.hear(0.3)
    raw.mail()


# --- behind our own reset ---

def overlap(wait):
    """An old number in front of the word that is blocked, and the rest later."""
    def trick(raw):
        at = raw.greeted().sequence
        raw.say(b"EHL", 0.2)
        raw.send(data=b"EHLO t\r\n", at=at)
        raw.hear(wait)
        raw.sequence = at + 3
        raw.say(b"O t\r\n" + b"".join(raw.script()[1:]), 1)
    return trick


def go_on(wait):
    """As if nothing had been: the line that was blocked, with all the rest behind it."""
    def trick(raw):
        at = raw.greeted().sequence
        raw.say(b"EHLO t\r\n", 0.2)
        for _ in range(2):
            raw.hear(wait)
            raw.sequence = at
            raw.blast()
    return trick


# --- others in the way ---

def junk(count):
    """Bytes of connections that nobody opened, from an address that is nobody's."""
    def trick(raw):
        raw.greeted()
        other = Raw(raw.name, "192.0.2.250", "203.0.113.99", 80)
        for i in range(count):
            other.local_port = 1024 + i
            other.send(data=b"N")
        raw.hear(0.3)
        raw.mail()
    return trick


TRICKS = {
    "plain": lambda raw: raw.greeted().mail(),
    "reset-ahead": wrong_end(RST, 5),
    "reset-ack-ahead": wrong_end(RST | ACK, 5),
    "reset-far-ahead": wrong_end(RST, 50000),
    "reset-behind": wrong_end(RST, -1),
    "reset-long-behind": wrong_end(RST, -100),
    "reset-wrong-sum": wrong_end(RST, is_wrong=True),
    "reset-few-hops": wrong_end(RST, ttl=1),
    "reset-ahead-then-blast": wrong_end_then_blast(RST, 1),
    "reset-ahead-then-late-blast": wrong_end_then_blast(RST, 1, wait=2.5),
    "reset-wrong-sum-then-late-blast": wrong_end_then_blast(RST, is_wrong=True, wait=2.5),
    "reset-ahead-early": early_end(RST, 3),
    "fin-ahead": wrong_end(FIN | ACK, 5),
    "fin-wrong-sum": wrong_end(FIN | ACK, is_wrong=True),
    "fin-then-blast": wrong_end_then_blast(FIN | ACK, is_wrong=True),
    "fin-early": early_end(FIN | ACK, is_wrong=True),
    "lost-then-reset": lost_then_reset,
    "late-syn": late_syn,
    "overlap": overlap(0.2),
    "overlap-late": overlap(3.2),
    "go-on": go_on(0.2),
    "go-on-late": go_on(3.2),
    "junk": junk(3000),
}


def attempt(name, source, server):
    end = "did all it wanted"
    raw = Raw(name, source, server)
    try:
        TRICKS[name](raw)
    except (OSError, struct.error) as error:
        end = repr(error)
    sys.stdout.write(json.dumps({"trick": name, "port": raw.local_port, "end": end, "resets": raw.resets,
                                 "heard": raw.heard[-160:].decode(errors="replace")}) + "\n")


if __name__ == "__main__":
    threads = [threading.Thread(target=attempt, args=(name, *sys.argv[1:3])) for name in sys.argv[3:] or TRICKS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
