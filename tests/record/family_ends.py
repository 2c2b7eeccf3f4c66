"""Ends of connections, and what only looks like one."""

import struct

from case import Family
from family_opening import ACK, ANSWER, FIN, MAIL, PAGE, SYN, frame, talk
from frames import save
from matrices import OFFICE

FAMILY = Family()
CASE = FAMILY.case
RST = 4
CLIENT, SERVER, PORT = "192.0.2.70", "203.0.113.25", 8080
TCP_AT = 34
BEHIND = 8  # the server's answer to EHLO


def numbers_of(frames, is_of_client):
    """Sequence and acknowledgement numbers of the side's newest frame, behind its bytes."""
    for _, one in reversed(frames):
        source, _, sequence, acknowledged = struct.unpack_from(">HHII", one, TCP_AT)
        if (source != PORT) == is_of_client:
            return sequence + len(one) - TCP_AT - 20, acknowledged
    raise ValueError("no frame of that side")


def put(frames, source, is_of_client, flags, off):
    """One segment more of a side, so many octets off."""
    client, server = (CLIENT, source), (SERVER, PORT)
    sequence, acknowledged = numbers_of(frames, is_of_client)
    ends = (*client, *server) if is_of_client else (*server, *client)
    frames.append((frames[-1][0] + 1e-3, frame(900 + len(frames), ends, (sequence + off, acknowledged), flags, b"")))


def shifted(one, by=700000000):
    """The same segment of a connection whose numbers begin elsewhere."""
    ends = (CLIENT, 42084, SERVER, PORT) if one[TCP_AT + 2:TCP_AT + 4] == PORT.to_bytes(2, "big") \
        else (SERVER, PORT, CLIENT, 42084)
    sequence, acknowledged = struct.unpack_from(">II", one, TCP_AT + 4)
    flags = one[TCP_AT + 13]
    return frame(1, ends, (sequence + by, acknowledged + by if flags & ACK else 0), flags, one[TCP_AT + 20:])


@CASE("ends-that-are-none", OFFICE, """In the middle of a conversation come a reset and a FIN of the client and a SYN-ACK of
      the server, each with numbers that do not fit: the ends pass over them, and mail crosses.""",
      findings=("sender.illegitimate", "port.unusual"))
def none():
    frames = talk(PORT, *MAIL, source=42081)
    begun, rest = frames[:BEHIND], frames[BEHIND:]
    put(begun, 42081, True, RST, 5)
    put(begun, 42081, True, FIN | ACK, 1000)
    put(begun, 42081, False, SYN | ACK, 70000)
    return save(begun + rest)


@CASE("handshakes-made-up", OFFICE, """In the middle of a conversation come a SYN with its ports, the answer to that and the
      third packet, all of them of a connection that nobody opened: the ends pass over them, and mail crosses.""",
      findings=("sender.illegitimate", "port.unusual", "evasion.ambiguous"), flows=("smtp illegitimate",))
def made_up():
    frames = talk(PORT, *MAIL, source=42083)
    begun, rest = frames[:BEHIND], frames[BEHIND:]
    ends = {True: (CLIENT, 42083, SERVER, PORT), False: (SERVER, PORT, CLIENT, 42083)}
    for number, (is_of_client, numbers, flags) in enumerate((
            (True, (3000000000, 0), SYN), (False, (2000000000, 3000000001), SYN | ACK),
            (True, (3000000001, 2000000001), ACK))):
        begun.append((begun[-1][0] + 1e-3, frame(950 + number, ends[is_of_client], numbers, flags, b"")))
    return save(begun + rest)


@CASE("numbers-made-up", OFFICE, """In the middle of a conversation comes a segment 512 MiB ahead of the client's bytes, and
      a packet of the server that acknowledges it, both of a third party: what goes on where the client stood is read, and it
      is told.""", findings=("sender.illegitimate", "port.unusual", "evasion.ambiguous"), flows=("smtp illegitimate",))
def far_off():
    frames = talk(PORT, *MAIL, source=42085)
    begun, rest = frames[:BEHIND], frames[BEHIND:]
    sequence, acknowledged = numbers_of(begun, True)
    far, line = sequence + (512 << 20), b"NOOP\r\n"
    begun.append((begun[-1][0] + 1e-3, frame(960, (CLIENT, 42085, SERVER, PORT), (far, acknowledged), ACK, line)))
    begun.append((begun[-1][0] + 1e-3, frame(961, (SERVER, PORT, CLIENT, 42085), (acknowledged, far + len(line)), ACK, b"")))
    return save(begun + rest)


@CASE("ports-used-again", OFFICE, """A client asks a web server, falls silent without an end, and opens another connection
      from the same port: mail crosses in that one, and nothing is doubtful.""",
      findings=("sender.illegitimate", "port.unusual"), absent=("evasion.ambiguous",), flows=("smtp illegitimate",))
def again():
    first = talk(PORT, PAGE, ANSWER, source=42084)[:-3]
    return save(first + [(at, shifted(one)) for at, one in talk(PORT, *MAIL, source=42084, at=5.0)])


@CASE("ends-that-are-some", OFFICE, """The client ends the conversation by a reset that fits, in place of a FIN, and the
      server's last words come behind it: mail crossed, and nothing is doubtful.""",
      findings=("sender.illegitimate", "port.unusual"), absent=("evasion.ambiguous",))
def some():
    frames = talk(PORT, *MAIL, source=42082)[:-3]
    late = frames.pop(-2)  # the server's, which was under way
    put(frames, 42082, True, RST, 0)
    return save(frames + [(frames[-1][0] + 1e-3, late[1])])
