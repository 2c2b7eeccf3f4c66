"""One real session (imap-login-clear) cut, reordered, lost and half seen."""

from scapy.layers.inet import IP, TCP, fragment
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from case import Family
from family_opening import ACK, MAIL, PUSH, frame as made, talk
from frames import load, save
from matrices import OFFICE

FAMILY = Family()
CASE = FAMILY.case
BASE = "imap-login-clear"
CREDENTIALS = ("tls.credentials-clear", "tls.missing")
FINDINGS = (*CREDENTIALS, "tls.starttls-unused")
STEP_S = 2e-5


def payload_of(frame):
    packet = Ether(frame)
    total = packet[IP].len - packet[IP].ihl * 4 - packet[TCP].dataofs * 4
    return bytes(packet[TCP].payload)[:total]


def from_client(frame):
    return Ether(frame)[TCP].dport == 143


def segment(frame, start, data):
    """The frame with `data` at `start` octets into its payload; lengths and checksums follow."""
    packet = Ether(frame)
    packet[TCP].remove_payload()
    packet[TCP].seq = (packet[TCP].seq + start) % 2**32
    del packet[IP].len, packet[IP].chksum, packet[TCP].chksum
    return bytes(packet / Raw(data))


def cut(frame, size):
    data = payload_of(frame)
    return [segment(frame, at, data[at:at + size]) for at in range(0, len(data), size)] or [frame]


def rebuilt(change, base=BASE):
    """The base capture with each frame replaced by the list `change(number, frame)`."""
    frames = []
    for number, (at, frame) in enumerate(load(base)):
        frames += [(at + STEP_S * index, piece)
                   for index, piece in enumerate(change(number, frame))]
    return save(frames)


@CASE("one-byte-segments", OFFICE, """The client's bytes and the server's greeting arrive one byte to a
      segment.""", findings=FINDINGS)
def one_byte():
    def change(number, frame):
        return cut(frame, 1) if from_client(frame) or number < 6 else [frame]
    return rebuilt(change)


@CASE("reordered", OFFICE, """Every payload is cut in pieces of 11 octets that arrive last one first.""",
      findings=FINDINGS)
def reordered():
    return rebuilt(lambda _, frame: cut(frame, 11)[::-1] if from_client(frame)
                   else cut(frame, 100)[::-1])


@CASE("retransmitted", OFFICE, """Every segment with payload is seen twice.""", findings=FINDINGS,
      absent=("evasion.ambiguous",))
def retransmitted():
    return rebuilt(lambda _, frame: [frame, frame] if payload_of(frame) else [frame])


@CASE("lost-segment", OFFICE, """A piece of the answer to LOGIN was never captured, the receiver
      acknowledged it: what follows is still read.""", findings=FINDINGS)
def lost():
    def change(_, frame):
        data = payload_of(frame)
        return cut(frame, 120)[:1] + cut(frame, 120)[2:] if data.startswith(b"a1 OK") else [frame]
    return rebuilt(change)


@CASE("conflicting-overlap", OFFICE, """Behind the LOGIN segment comes another one with the same sequence
      number and harmless bytes: the first data count, and it is told.""",
      findings=(*FINDINGS, "evasion.ambiguous"))
def overlap():
    def change(_, frame):
        data = payload_of(frame)
        if not data.startswith(b"a1 LOGIN"):
            return [frame]
        return [frame, segment(frame, 0, b"a1 NOOP".ljust(len(data) - 2) + b"\r\n")]
    return rebuilt(change)


def with_hops(frame, hops):
    packet = Ether(frame)
    packet[IP].ttl = hops
    del packet[IP].chksum
    return bytes(packet)


@CASE("decoy-few-hops", OFFICE, """In front of the LOGIN segment comes one with the same sequence number, harmless
      bytes and three hops left, which the server never takes: the bytes that it acknowledges count.""",
      findings=(*FINDINGS, "evasion.ambiguous"))
def decoy():
    def change(_, frame):
        data = payload_of(frame)
        if not data.startswith(b"a1 LOGIN"):
            return [frame]
        return [with_hops(segment(frame, 0, b"a1 NOOP".ljust(len(data) - 2) + b"\r\n"), 3), frame]
    return rebuilt(change)


def with_clock(frame, back):
    """Its timestamp so many ticks back."""
    packet = Ether(frame)
    packet[TCP].options = [(name, (value[0] - back, value[1])) if name == "Timestamp" else (name, value)
                           for name, value in packet[TCP].options]
    del packet[TCP].chksum
    return bytes(packet)


@CASE("decoy-old-timestamp", OFFICE, """In front of the LOGIN segment comes one with the same sequence number, harmless
      bytes and a timestamp of a minute before, which no receiver takes (RFC 7323).""",
      findings=(*FINDINGS, "evasion.ambiguous"))
def old_timestamp():
    def change(_, frame):
        data = payload_of(frame)
        if not data.startswith(b"a1 LOGIN"):
            return [frame]
        return [with_clock(segment(frame, 0, b"a1 NOOP".ljust(len(data) - 2) + b"\r\n"), 60000), frame]
    return rebuilt(change)


@CASE("conflicting-bytes", OFFICE, """The LOGIN line one byte to a segment, and in front of each of them one with a harmless byte
      in its place: the first data count, and it is told.""",
      findings=("tls.missing", "tls.starttls-unused", "evasion.ambiguous"), absent=("tls.credentials-clear",))
def byte_by_byte():
    def change(_, frame):
        data = payload_of(frame)
        if not data.startswith(b"a1 LOGIN"):
            return [frame]
        other = b"a1 NOOP".ljust(len(data) - 2) + b"\r\n"
        return [segment(frame, at, said[at:at + 1]) for at in range(len(data)) for said in (other, data)]
    return rebuilt(change)


@CASE("keep-alive-with-a-byte", OFFICE, """In front of each line that it sends the client's keep-alive repeats its last byte as another
      one, as old systems do: honest.""", findings=FINDINGS, absent=("evasion.ambiguous",))
def keep_alive():
    return rebuilt(lambda number, frame: [segment(frame, -1, b"?"), frame] if number > 5 and from_client(frame) else [frame])


def before_the_greeting(spoil):
    """The greeting of another protocol, longer than the one of mail, in front of it and in its place."""
    frames = talk(8080, *MAIL)
    decoy = made(900, ("203.0.113.25", 8080, "192.0.2.70", 40000), (5001, 1001), PUSH | ACK,
                 b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n")
    frames.insert(3, (frames[2][0] + STEP_S, spoil(decoy)))
    return save(frames)


@CASE("decoy-header-checksum", OFFICE, """In front of a mail server's greeting, off mail's ports, comes another
      protocol's, in a packet whose IP header has a wrong checksum: no router passes it on, and mail crosses.""",
      findings=("sender.illegitimate", "port.unusual", "evasion.ambiguous"), flows=("smtp illegitimate",))
def header_checksum():
    return before_the_greeting(lambda decoy: decoy[:24] + b"\x12\x34" + decoy[26:])


@CASE("header-checksum-left-out", OFFICE, """The checksums of all IP headers of one side are left to its network card, and captured
      before that: honest.""", findings=("sender.illegitimate", "port.unusual"), absent=("evasion.ambiguous",),
      flows=("smtp illegitimate",))
def header_left_out():
    return save([(at, one[:24] + bytes(2) + one[26:] if one[29] == 70 else one) for at, one in talk(8080, *MAIL)])


@CASE("last-byte-first", OFFICE, """The client sends the LOGIN line one byte to a segment, the last one
      first: all of them wait for the first one.""",
      findings=FINDINGS, absent=("evasion.ambiguous",))
def last_byte_first():
    def change(_, frame):
        data = payload_of(frame)
        return cut(frame, 1)[::-1] if data.startswith(b"a1 LOGIN") else [frame]
    return rebuilt(change)


@CASE("another-path", OFFICE, """Behind the handshake the client's packets come over a longer way, with fewer
      hops left: they are acknowledged, and nothing is odd about them.""", findings=FINDINGS,
      absent=("evasion.ambiguous",))
def another_path():
    def change(number, frame):
        return [with_hops(frame, 57) if from_client(frame) and number > 2 else frame]
    return rebuilt(change)


@CASE("client-only", OFFICE, """A one-way tap: only the client's packets. What the server offered is not
      known and nothing is said of it.""", findings=CREDENTIALS,
      absent=("tls.starttls-unused", "tls.starttls-not-offered"))
def client_only():
    return rebuilt(lambda _, frame: [frame] if from_client(frame) else [])


@CASE("server-only", OFFICE, """A one-way tap: only the server's packets. Mail came in clear; which
      credentials were used is not known.""", findings=("tls.missing",),
      absent=("tls.credentials-clear",))
def server_only():
    return rebuilt(lambda _, frame: [] if from_client(frame) else [frame])


def later(frames, seconds):
    """The server's frames as a second port of a TAP shows them that is read a moment later."""
    return sorted(((at if from_client(frame) else at + seconds, frame) for at, frame in frames),
                  key=lambda timed: timed[0])


@CASE("tap-ports-apart", OFFICE, """Each port of a TAP shows one direction, and the server's is read 2 ms later: what
      the client acknowledges in its handshake are bytes that come behind.""", findings=FINDINGS,
      absent=("evasion.ambiguous",))
def ports_apart():
    return save(later(load(BASE), 0.002))


LMTP = OFFICE + "  - {id: M-07, from: relay, to: mailboxes, protocols: [lmtp], ports: [24, 2424], tls: optional}\n"


def at_2424(frame):
    packet = Ether(frame)
    ports = {24: 2424}
    packet[TCP].sport, packet[TCP].dport = (ports.get(port, port) for port in (packet[TCP].sport, packet[TCP].dport))
    del packet[TCP].chksum
    return bytes(packet)


@CASE("lmtp-hello-lost", LMTP, """The session of lmtp-delivery at port 2424, of which the capture lost LHLO: what is left may
      be SMTP as well, and the matrix lets these ends speak LMTP there.""", absent=("sender.illegitimate", "port.unusual"),
      flows=("lmtp legitimate M-07",))
def lmtp_hello_lost():
    return save([(at, at_2424(frame)) for at, frame in load("lmtp-delivery") if b"LHLO" not in frame])


@CASE("lmtp-server-only", LMTP,
      """The session of lmtp-delivery, of which a one-way tap shows the server's side: its replies are
      those of SMTP, its port is not.""", absent=("sender.illegitimate", "port.unusual"),
      flows=("lmtp legitimate M-07",))
def lmtp_server_only():
    return save([(at, frame) for at, frame in load("lmtp-delivery") if Ether(frame)[TCP].sport == 24])


@CASE("midstream", OFFICE, """The capture starts behind the greeting: no handshake, no offer seen.""",
      findings=CREDENTIALS, absent=("tls.starttls-unused", "tls.starttls-not-offered"))
def midstream():
    return rebuilt(lambda number, frame: [frame] if number > 4 else [])


def fragments(order):
    def change(number, frame):
        if len(frame) < 120:
            return [frame]
        packet = Ether(frame)
        packet[IP].flags = 0
        packet[IP].id = number + 1
        del packet[IP].chksum
        return [bytes(piece) for piece in fragment(packet, fragsize=64)][::order]
    return rebuilt(change)


@CASE("ip-fragments", OFFICE, """The longer packets are cut in IP fragments of 64 octets.""",
      findings=FINDINGS)
def in_order():
    return fragments(1)


@CASE("ip-fragments-reversed", OFFICE, """The same, the last fragment first.""", findings=FINDINGS)
def reversed_order():
    return fragments(-1)


def pieces_of_login(change):
    """The LOGIN segment in fragments of 32 octets, as change makes of them."""
    def of_frame(number, frame):
        if not payload_of(frame).startswith(b"a1 LOGIN"):
            return [frame]
        packet = Ether(frame)
        packet[IP].flags = 0
        packet[IP].id = number + 1
        del packet[IP].chksum
        return change([bytes(piece) for piece in fragment(packet, fragsize=32)])
    return rebuilt(of_frame)


@CASE("ip-fragments-repeated", OFFICE, """The LOGIN segment comes in IP fragments, each of them twice.""",
      findings=FINDINGS, absent=("evasion.ambiguous",))
def repeated():
    return pieces_of_login(lambda pieces: [piece for piece in pieces for _ in range(2)])


@CASE("ip-fragment-poisoned", OFFICE, """In front of the LOGIN segment's IP fragments comes another version of the
      last one, with three hops left, which the server never gets: what came from nearer is read, and it is told.""",
      findings=(*FINDINGS, "evasion.ambiguous"))
def poisoned():
    def change(pieces):
        packet = Ether(pieces[-1])
        packet[Raw].load = bytes(len(packet[Raw].load))
        return [with_hops(bytes(packet), 3), *pieces]
    return pieces_of_login(change)


@CASE("split-hello-http-alpn-on-993", OFFICE, """The hello that asks for HTTP on 993 arrives in pieces of 40
      octets: the port must not name the flow before the hello is whole.""",
      findings=("port.foreign",), absent=("flow.illegitimate",))
def split_hello():
    return rebuilt(lambda _, frame: cut(frame, 40), base="tls-http-alpn-on-993")
