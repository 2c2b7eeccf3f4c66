"""A raw client that can say its first words at any place in an odd way, and then goes on as mail is sent there.

Its packets of IP are made by wrap(raw, segment, ttl): with headers, with options, in fragments. It also speaks in the
server's name, from its own link and through the router.
"""
import random
import socket
import ssl
import struct
import typing

from raw_client import ACK, FIRST_PORT, LAST_PORT, RST, SYN, Raw, checksum
from trickster import HTTP_PROXY, PASSWORD, SOCKS_PROXY, USER

SPOOFED_WINDOW = 31337  # by which we know what the server never said
DESTINATION, HOP_BY_HOP, ROUTING, FRAGMENT, TCP = 60, 0, 43, 44, 6


class Place(typing.NamedTuple):
    """Where a server is, and how one gets to speak to it. The first words are those of way."""
    port: int
    way: str = "mail"
    greets: bool = True
    is_ipv6: bool = False
    extensions: int = 0


BY_IPV4 = {
    "25": Place(25),
    "2525": Place(2525),
    "starttls": Place(587, "starttls"),
    "465": Place(465, "tls", greets=False),
    "993": Place(993, "login", greets=False),
    "connect": Place(HTTP_PROXY, "connect", greets=False),
    "socks": Place(SOCKS_PROXY, "socks", greets=False),
}
PLACES = BY_IPV4 | {f"{name}-v6": place._replace(is_ipv6=True) for name, place in BY_IPV4.items()}


class Sly(Raw):
    """first_words() are to be said by the trick, after begin(); rest() is the mail behind them."""

    options = b""
    router = b""  # its address on the client's link

    def __init__(self, name, source, server, place):
        super().__init__(name, source, server, place)
        self.receiver.bind((source, 0))
        self.local_port = random.randrange(FIRST_PORT, LAST_PORT)  # of an address that is nobody else's
        self.wrap = whole_packet

    def segment(self, flags, data=b"", at=None, is_wrong=False, **fields):
        if not flags & SYN:
            fields.setdefault("options", self.options)
        return super().segment(flags, data, at, is_wrong, **fields)

    def put(self, segment, ttl):
        for packet in self.wrap(self, segment, ttl):
            self.sender.sendto(packet, (self.server, 0, 0, 0) if self.place.is_ipv6 else (self.server, 0))

    def take(self, packet, sender):
        header = 0 if self.place.is_ipv6 else (packet[0] & 15) * 4
        if packet[header + 14:header + 16] != struct.pack("!H", SPOOFED_WINDOW):
            super().take(packet, sender)

    def open(self, data=b"", **fields):
        """Until it is answered, as a kernel does it: again each second, and then without data."""
        for i in range(50):
            if i % 10 == 0:
                self.send(SYN, data if i == 0 else b"", **fields)
            self.hear(0.1)
            if self.expected:
                return
        raise ConnectionError("no answer")

    def connect(self):
        self.open()
        self.sequence += 1
        self.send(ACK)
        return self

    def be_greeted(self):
        if self.place.greets and b"220 " not in self.heard and b"220 " not in self.hear(5, b"220 "):
            raise ConnectionError("no greeting")

    def begin(self):
        self.connect()
        self.be_greeted()
        return self

    def leave(self):
        """By a number that the server takes, so that it waits for nobody."""
        self.wrap = whole_packet
        if self.acknowledged is not None:
            self.send(RST, at=self.acknowledged)

    # --- what is said at a place

    def target(self):
        return (f"[{self.server}]:25" if self.place.is_ipv6 else f"{self.server}:25").encode()

    def first_words(self):
        way = self.place.way
        if way in ("tls", "login"):
            return self.hello()
        if way == "connect":
            return b"CONNECT " + self.target() + b" HTTP/1.1\r\nHost: " + self.target() + b"\r\n\r\n"
        if way == "socks":
            return b"\x05\x01\0"
        return self.script()[0]

    def request(self):
        """Of SOCKS, behind the first words."""
        return b"\x05\x01\0" + (b"\x04" if self.place.is_ipv6 else b"\x01") + self.ends[1] + b"\0\x19"

    def all_blindly(self):
        """What is said to a proxy, and the mail, for whoever hears nothing."""
        first = {"connect": [self.first_words()], "socks": [self.first_words(), self.request()]}
        return first.get(self.place.way, []), self.script()

    def whole(self):
        """As much as can be said with no ear for the server."""
        return b"".join(self.script()) if self.place.way == "mail" else self.first_words()

    def hello(self):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.incoming, self.outgoing, self.read = ssl.MemoryBIO(), ssl.MemoryBIO(), len(self.heard)
        self.tls = context.wrap_bio(self.incoming, self.outgoing)
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return self.outgoing.read()

    def handshake(self):
        """Behind our hello."""
        for _ in range(20):
            if len(self.heard) == self.read and not self.hear(3, b""):
                raise ConnectionError("no handshake")
            self.incoming.write(self.heard[self.read:])
            self.read = len(self.heard)
            try:
                self.tls.do_handshake()
                self.secure = self.tls
                return
            except ssl.SSLWantReadError:
                self.say(self.outgoing.read(), 0)
        raise ConnectionError("a handshake without an end")

    def script(self):
        if self.place.way == "login":
            return [f"a LOGIN {USER} {PASSWORD}\r\n".encode(), b"b LOGOUT\r\n"]
        return super().script()

    def rest(self, is_whole=False):
        """What stands behind the first words (is_whole: behind all that could be said at once)."""
        way, lines = self.place.way, self.script()
        if way == "mail" and is_whole:
            self.be_told()
            lines = []
        elif way == "mail":
            self.hear(1.5, b"\r\n")
            lines = lines[1:]
        if way == "starttls":
            self.hear(3, b"250 ")
            self.say(b"STARTTLS\r\n", 3, b"220 ")
            self.say(self.hello(), 0)
        if way == "connect":
            self.hear(2, b"220 ")
        if way == "socks":
            self.hear(1.5, b"")
            self.say(self.request(), 2, b"220 ")
        if way in ("starttls", "tls", "login"):
            self.handshake()
        for line in lines:
            self.say(line, 1.5)
        self.understand()

    def be_told(self):
        """That it was queued, or nothing any more; a server takes its time where it was told junk."""
        for _ in range(8):
            if b"queued as" in self.hear(0.5, b"queued as") or self.resets:
                break

    def understand(self):
        """What was heard inside TLS, too."""
        if not self.secure:
            return
        self.hear(0.5, b"")
        self.incoming.write(self.heard[self.read:])
        try:
            self.heard = self.secure.read(16384) + self.secure.read(16384)
        except ssl.SSLError:
            pass

    # --- in the server's name

    def frames(self, packet):
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as link:
            link.bind(("c", 0))
            kind = b"\x86\xdd" if self.place.is_ipv6 else b"\x08\0"
            link.send(self.router + link.getsockname()[4] + kind + packet)

    def as_server(self, flags, data=b"", ahead=0):
        """A segment of the server's, at the number that is its next, or so many ahead."""
        mirror = Sly.__new__(Sly)
        mirror.__dict__.update(self.__dict__)
        mirror.ends, mirror.local_port, mirror.port = self.ends[::-1], self.port, self.local_port
        mirror.expected, mirror.sequence = self.sequence, self.expected
        segment = mirror.segment(flags, data, at=self.expected + ahead, window=SPOOFED_WINDOW)
        for packet in whole_packet(mirror, segment, 64):
            self.frames(packet)


# --- packets of IP ---

def ip_header(raw, length, ttl, fragment=0x4000, identity=None, options=b""):
    header = struct.pack("!BBHHHBBH", 0x45 + len(options) // 4, 0, 20 + len(options) + length,
                         random.getrandbits(16) if identity is None else identity, fragment, ttl, TCP, 0)
    header += b"".join(raw.ends) + options
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:]


def ip6_header(raw, length, ttl, following):
    return struct.pack("!IHBB", 6 << 28, length, following, ttl) + b"".join(raw.ends)


def whole_packet(raw, segment, ttl):
    if raw.place.is_ipv6:
        return [ip6_header(raw, len(segment), ttl, TCP) + segment]
    return [ip_header(raw, len(segment), ttl) + segment]


def with_headers(*kinds):
    """IPv6: each (kind, length in octets of eight beyond the first)."""
    def wrap(raw, segment, ttl):
        chain = b""
        for i, (kind, more) in enumerate(kinds):
            following = kinds[i + 1][0] if i + 1 < len(kinds) else TCP
            if kind == FRAGMENT:  # an atomic one
                chain += struct.pack("!BBHI", following, 0, 0, random.getrandbits(32))
            elif kind == ROUTING:  # no segment is left
                chain += struct.pack("!BBBB4x", following, 0, 0, 0)
            else:
                body, room = b"", 6 + 8 * more
                while room:
                    part = min(room, 200)
                    body += bytes([0x1e, part - 2]) + bytes(part - 2)  # nobody knows it, and who does not passes over it
                    room -= part
                chain += bytes([following, more]) + body
        return [ip6_header(raw, len(chain) + len(segment), ttl, kinds[0][0]) + chain + segment]
    return wrap


def with_options(options):
    return lambda raw, segment, ttl: [ip_header(raw, len(segment), ttl, options=options) + segment]


def in_fragments(size, overlap=0, is_reversed=False):
    """Each has so many bytes of the segment; the second ones say overlap bytes again, as junk."""
    def wrap(raw, segment, ttl):
        packets, identity = [], random.getrandbits(16)
        for at in range(0, len(segment), size):
            start = max(0, at - overlap)
            data = b"#" * (at - start) + segment[at:at + size]
            more = at + size < len(segment)
            if raw.place.is_ipv6:
                header = struct.pack("!BBHI", TCP, 0, start | more, identity)
                packets.append(ip6_header(raw, 8 + len(data), ttl, FRAGMENT) + header + data)
            else:
                packets.append(ip_header(raw, len(data), ttl, start // 8 | more << 13, identity) + data)
        return packets[::-1] if is_reversed else packets
    return wrap
