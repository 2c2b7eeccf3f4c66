"""A TCP client of its own making, for what a kernel's would not do. As root, inside a namespace.

raw_client.py SOURCE SERVER SOURCE6 SERVER6 [TRICK...] - each from a port of its own, all at once; prints a JSON line for
    each

A trick by its name alone is tried on port 25 by IPv4, as NAME_PLACE at another place (PLACES). The namespace's own kernel
knows nothing of these connections: its resets are to be dropped (KEEP_QUIET, by iptables and ip6tables). The sender of a
message is TRICK@example.org.
"""
import json
import random
import socket
import ssl
import struct
import sys
import threading
import time
import typing

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
FIRST_PORT, LAST_PORT = 50000, 59999
KEEP_QUIET = ("-A", "OUTPUT", "-p", "tcp", "--tcp-flags", "RST", "RST", "--sport", f"{FIRST_PORT}:{LAST_PORT}", "-m",
              "mark", "--mark", "0", "-j", "DROP")
ports = iter(random.sample(range(FIRST_PORT, LAST_PORT), 500))


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Place(typing.NamedTuple):
    """Where a server is, and how one gets to speak to it."""
    port: int = 25
    is_ipv6: bool = False
    extensions: int = 0  # of IPv6, destination options
    way: str = ""  # "tls", "starttls", "connect"


PLACES = {
    "": Place(),
    "v6": Place(is_ipv6=True),
    "v6-9-headers": Place(is_ipv6=True, extensions=9),
    "v6-100-headers": Place(is_ipv6=True, extensions=100),
    "submission": Place(587),
    "2525": Place(2525),
    "4242": Place(4242),
    "tls": Place(465, way="tls"),
    "starttls": Place(way="starttls"),
    "connect": Place(3128, way="connect"),
}


class Raw:
    """One connection; sequence is that of the next byte, expected that of the server's."""

    def __init__(self, name, source, server, place=Place()):
        self.name, self.source, self.server, self.place, self.port = name, source, server, place, place.port
        self.local_port = next(ports)
        self.family = socket.AF_INET6 if place.is_ipv6 else socket.AF_INET
        self.ends = socket.inet_pton(self.family, source), socket.inet_pton(self.family, server)
        self.secure = self.incoming = self.outgoing = None
        self.sender = socket.socket(self.family, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self.sender.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 1)
        self.receiver = socket.socket(self.family, socket.SOCK_RAW, socket.IPPROTO_TCP)
        self.receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.sequence, self.expected = random.getrandbits(32), 0
        self.heard, self.resets, self.acknowledged = b"", 0, None

    def segment(self, flags, data=b"", at=None, is_wrong=False, **fields):
        """A TCP header and data; fields: window, acknowledged, urgent, options."""
        options = fields.get("options", b"\x02\x04\x05\xa0" if flags & SYN else b"")
        segment = struct.pack("!HHIIBBHHH", self.local_port, self.port, (self.sequence if at is None else at) & 0xffffffff,
                              fields.get("acknowledged", self.expected) & 0xffffffff, (20 + len(options)) // 4 << 4, flags,
                              fields.get("window", 60000), 0, fields.get("urgent", 0)) + options + data
        total = checksum(b"".join(self.ends) + struct.pack("!II", len(segment), 6) + segment) ^ (0x1111 if is_wrong else 0)
        return segment[:16] + struct.pack("!H", total) + segment[18:]

    def send(self, flags=PSH | ACK, data=b"", at=None, ttl=64, **fields):
        """One segment; .sequence stays."""
        self.put(self.segment(flags, data, at, **fields), ttl)

    def put(self, segment, ttl):
        """In a packet of IP."""
        ends = b"".join(self.ends)
        if self.place.is_ipv6:
            count = self.place.extensions
            extensions = b"".join(struct.pack("!BBBB4x", 6 if i == count - 1 else 60, 0, 1, 4) for i in range(count))
            header = struct.pack("!IHBB", 6 << 28, len(extensions) + len(segment), 60 if count else 6, ttl)
            self.sender.sendto(header + ends + extensions + segment, (self.server, 0, 0, 0))
        else:
            header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), random.getrandbits(16), 0x4000, ttl, 6, 0)
            self.sender.sendto(header + ends + segment, (self.server, 0))

    def take(self, packet, sender):
        header = 0 if self.place.is_ipv6 else (packet[0] & 15) * 4
        source, target, sequence, acknowledged, offset, flags = struct.unpack("!HHIIBB", packet[header:header + 14])
        data = packet[header + (offset >> 4) * 4:]
        if (source, target) != (self.port, self.local_port) or sender != self.server:
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
        """All that comes in that time, or until the word (b"": any); what was heard of it."""
        until, before = time.monotonic() + seconds, len(self.heard)
        while time.monotonic() < until and (word is None or len(self.heard) == before or word not in self.heard[before:]):
            self.receiver.settimeout(max(0.001, until - time.monotonic()))
            try:
                packet, ends = self.receiver.recvfrom(65536)
                self.take(packet, ends[0])
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
        """The server has spoken, where it speaks first."""
        self.connect()
        if self.place.way == "connect":
            target = f"{self.server}:25".encode()
            self.say(b"CONNECT " + target + b" HTTP/1.1\r\nHost: " + target + b"\r\n\r\n", 3)
        if self.place.way != "tls":
            self.hear(3, b"220 ")
        return self

    def say(self, data, seconds=1.0, word=b"\r\n"):
        if self.secure:
            self.secure.write(data)
            data = self.outgoing.read()
        while data:
            self.send(data=data[:1200])
            self.sequence += len(data[:1200])
            data = data[1200:]
        return self.hear(seconds, b"" if self.secure else word)

    def into_tls(self):
        """The handshake; OSError where it comes to nothing."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        secure = context.wrap_bio(self.incoming, self.outgoing)
        for _ in range(20):
            try:
                secure.do_handshake()
                self.secure = secure
                self.say(b"NOOP\r\n")
                return
            except ssl.SSLWantReadError:
                heard = self.say(self.outgoing.read(), 1.5, b"")
                if not heard:
                    break
                self.incoming.write(heard)
        raise ConnectionError("no handshake")

    def prepare(self):
        """As far as the commands of mail may be said."""
        if self.place.way == "starttls":
            self.say(b"EHLO raw.example.org\r\n")
            self.say(b"STARTTLS\r\n")
        if self.place.way in ("starttls", "tls"):
            self.into_tls()

    def script(self):
        return [b"EHLO raw.example.org\r\n", f"MAIL FROM:<{self.name}@example.org>\r\n".encode(),
                b"RCPT TO:<alice@example.net>\r\n", b"DATA\r\n", b"Subject: raw\r\n\r\nnot allowed\r\n.\r\n"]

    def mail(self):
        self.prepare()
        for line in self.script():
            self.say(line)

    def blast(self, first=b""):
        """Foreign to begin with, and all in one segment."""
        self.prepare()
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
        other = Raw(raw.name, "192.0.2.250", "203.0.113.99", Place(80))
        for i in range(count):
            other.local_port = 1024 + i
            other.send(data=b"N")
        raw.hear(0.3)
        raw.mail()
    return trick


# --- decoys, and second versions ---

def decoy(**options):
    """What is no mail, and is not taken; then mail in its place."""
    def trick(raw):
        raw.greeted()
        raw.prepare()
        length = len(b"".join(raw.script()))
        raw.send(data=(b"SSH-2.0-x\r\n" + b"#" * length)[:length], **options)
        raw.hear(0.2)
        raw.say(b"".join(raw.script()), 2)
    return trick


def behind_a_decoy(raw):
    """The decoy is in front of a hole, and the mail closes that one."""
    raw.greeted()
    raw.prepare()
    text = b"".join(raw.script())
    raw.send(data=b"#" * (len(text) - 6), at=raw.sequence + 6, is_wrong=True)
    raw.send(data=text[:6])
    raw.hear(0.2)
    raw.send(data=text[6:], at=raw.sequence + 6)
    raw.hear(2)


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
    "decoy-wrong-sum": decoy(is_wrong=True),
    "decoy-few-hops": decoy(ttl=1),
    "decoy-no-ack": decoy(flags=PSH),
    "behind-a-decoy": behind_a_decoy,
}


# --- what honest clients and their networks do ---

def said_twice(raw):
    raw.greeted()
    for line in raw.script():
        raw.send(data=line)
        raw.say(line)


def out_of_order(raw):
    raw.greeted()
    for line in raw.script():
        raw.send(data=line[6:], at=raw.sequence + 6)
        raw.hear(0.2)
        raw.send(data=line[:6])
        raw.sequence += len(line)
        raw.hear(1, b"\r\n")


def kept_alive(raw):
    raw.greeted()
    for line in raw.script():
        raw.say(line)
        for data in (b"", b"\0"):
            raw.hear(0.4)
            raw.send(ACK, data, at=raw.sequence - 1)


def end_ahead_of_the_last_word(raw):
    raw.greeted().mail()
    raw.send(FIN | ACK, at=raw.sequence + 6)
    raw.hear(0.2)
    raw.send(data=b"QUIT\r\n")
    raw.hear(0.5)


def reset_at_last(raw):
    raw.greeted().mail()
    raw.say(b"QUIT\r\n")
    raw.hear(0.5)
    raw.send(RST, at=raw.sequence)


HONEST = {
    "said-twice": said_twice,
    "out-of-order": out_of_order,
    "kept-alive": kept_alive,
    "end-ahead-of-the-last-word": end_ahead_of_the_last_word,
    "reset-at-last": reset_at_last,
    "old-reset": wrong_end(RST, -1),
    "old-syn": late_syn,
}

ANYWHERE = ("plain", "reset-ahead", "reset-wrong-sum", "fin-ahead", "fin-wrong-sum", "late-syn")
IN_CLEAR = ("reset-ahead-then-blast", "overlap", "go-on", "decoy-wrong-sum", "behind-a-decoy")
ALL = tuple(TRICKS) + tuple(f"{trick}_{place}" for place in PLACES if place for trick in
                            ANYWHERE + (() if "tls" in PLACES[place].way else IN_CLEAR))


def attempt(name, ends):
    end = "did all it wanted"
    trick, _, place = name.partition("_")
    is_ipv6 = PLACES[place].is_ipv6
    raw = Raw(name, *(ends[2:] if is_ipv6 else ends[:2]), PLACES[place])
    try:
        (TRICKS | HONEST)[trick](raw)
    except (OSError, struct.error) as error:
        end = repr(error)
    sys.stdout.write(json.dumps({"trick": name, "port": raw.local_port, "end": end, "resets": raw.resets,
                                 "heard": raw.heard[-160:].decode(errors="replace")}) + "\n")


if __name__ == "__main__":
    threads = [threading.Thread(target=attempt, args=(name, sys.argv[1:5])) for name in sys.argv[5:] or ALL]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
