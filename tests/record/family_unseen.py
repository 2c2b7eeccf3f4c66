"""Sessions in which nothing is wrong, of which a capture holds too little to say so."""

import ipaddress
import struct

from case import PCAPS, Family
from family_opening import checksum
from frames import load, save
from matrices import OFFICE

FAMILY = Family()
CASE = FAMILY.case
ACCESS, SENDING = "user-access-through-vpn", "gateway-to-internet-starttls"
VPN = (PCAPS / ACCESS / "matrix.yaml").read_text()
IP_AT, TCP_AT = 14, 34
SERVER_PORTS = (993, 25)


def from_port(case_name, port, to_port=None):
    """The frames of a case, as of another connection of its client: (seconds, bytes, is the server's)."""
    frames = []
    for at, frame in load(case_name):
        source, _ = struct.unpack_from(">HH", frame, TCP_AT)
        is_of_server = source in SERVER_PORTS
        where = TCP_AT + (2 if is_of_server else 0)
        frame = frame[:where] + struct.pack(">H", port) + frame[where + 2:]
        if to_port:
            where = TCP_AT + (0 if is_of_server else 2)
            frame = frame[:where] + struct.pack(">H", to_port) + frame[where + 2:]
        end = IP_AT + struct.unpack_from(">H", frame, IP_AT + 2)[0]
        segment = frame[TCP_AT:TCP_AT + 16] + b"\0\0" + frame[TCP_AT + 18:end]
        pseudo = frame[IP_AT + 12:IP_AT + 20] + struct.pack(">HH", 6, len(segment))
        total = struct.pack(">H", checksum(pseudo + segment))
        frames.append((at, frame[:TCP_AT + 16] + total + frame[TCP_AT + 18:], is_of_server))
    return frames


def esp():
    """One packet of an IPsec tunnel."""
    ends = b"".join(ipaddress.ip_address(end).packed for end in ("198.51.100.13", "198.51.100.14"))
    header = struct.pack(">BBHHHBBH", 0x45, 0, 140, 1, 0, 64, 50, 0) + ends
    header = header[:10] + struct.pack(">H", checksum(header)) + header[12:]
    return bytes.fromhex("02005e0053a2" "02005e0053a1" "0800") + header + b"\x5a" * 120


@CASE("unseen-cut-at-96", VPN, f"""The session of {ACCESS}, captured with a snap length of 96 bytes: the hellos are not
      whole, so nobody knows which TLS it was, and R41 is not conform but not observable. That much was cut is
      told.""", findings=("sensor.blind",), absent=("tls.version-obsolete",))
def cut_at_96():
    return save([(at, frame) for at, frame, _ in from_port(ACCESS, 58201)], snaplen=96)


@CASE("unseen-starttls-cut-at-96", OFFICE, f"""The session of {SENDING}, captured with a snap length of 96 bytes: the server
      agrees to STARTTLS, and whether TLS came of it nobody saw: not that it did not.""",
      absent=("tls.missing", "tls.starttls-refused"), flows=("smtp legitimate M-04",))
def starttls_cut_at_96():
    return save([(at, frame) for at, frame, _ in from_port(SENDING, 58206)], snaplen=96)


@CASE("unseen-start-of-other-tls", OFFICE, f"""The outbound server has long been a client of a database when the capture
      begins, with what the database says in TLS (the session of {SENDING} at port 5432): that a declared server speaks TLS
      makes it no mail when nobody saw which end serves.""",
      absent=("sender.illegitimate", "flow.role-mismatch", "smtps.implicit", "port.unusual"))
def start_of_other_tls():
    frames = from_port(SENDING, 58207, 5432)
    first = next(number for number, (_, frame, is_of_server) in enumerate(frames)
                 if is_of_server and frame[TCP_AT + (frame[TCP_AT + 12] >> 4) * 4:].startswith(b"\x17\x03\x03"))
    return save([(at, frame) for at, frame, _ in frames[first:]])


@CASE("unseen-one-way", VPN, f"""The session of {ACCESS} from a mirror of one direction: what the client says is a claim,
      and no recommendation is conform by it.""", absent=("sensor.blind",))
def one_way():
    return save([(at, frame) for at, frame, is_of_server in from_port(ACCESS, 58202) if not is_of_server])


@CASE("unseen-gap-in-clear", OFFICE, f"""The session of {SENDING}, without the segment that answers EHLO: what else crossed
      in clear nobody knows, so R42 is not observable, although TLS came of it.""",
      absent=("tls.missing", "tls.starttls-stripped"))
def gap_in_clear():
    return save([(at, frame) for at, frame, _ in from_port(SENDING, 58203) if b"250-mx.example.org" not in frame])


@CASE("unseen-beside-esp", VPN, f"""The session of {ACCESS} beside an IPsec tunnel of as many packets: what mail that carries
      nobody sees, so nothing is conform. The tunnel is told.""", findings=("sensor.blind",))
def beside_esp():
    frames = []
    for at, frame, _ in from_port(ACCESS, 58204):
        frames += [(at, frame), (at + 1e-6, esp())]
    return save(frames)


@CASE("unseen-little-esp", VPN, f"""The session of {ACCESS} beside one packet of IPsec: what was not seen is little, and what
      was is conform.""", absent=("sensor.blind",), flows=("imaps legitimate M-11",))
def little_esp():
    frames = [(at, frame) for at, frame, _ in from_port(ACCESS, 58205)]
    return save(frames[:4] + [(frames[3][0] + 1e-6, esp())] + frames[4:])
