"""One real session (imap-login-clear) inside every encapsulation a tap may see."""

import struct

from scapy.contrib.erspan import ERSPAN_II
from scapy.contrib.geneve import GENEVE
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop
from scapy.layers.inet6 import PadN, fragment6
from scapy.layers.l2 import GRE, Dot1AD, Dot1Q, Ether
from scapy.layers.ppp import PPPoE
from scapy.layers.vxlan import VXLAN

from case import Family
from frames import ETHERNET, RAW_IP, SLL, SLL2, load, save
from matrices import OFFICE, WORKSTATION

FAMILY = Family()
BASE = "imap-login-clear"
FINDINGS = ("tls.credentials-clear", "tls.missing", "tls.starttls-unused")


def ether(kind=0x0800):
    return Ether(src="02:00:5e:00:53:a1", dst="02:00:5e:00:53:a2", type=kind)


def outer():
    return ether() / IP(src="198.51.100.13", dst="198.51.100.14")


def sll(frame):
    return struct.pack(">HHH8sH", 0, 1, 6, frame[6:12] + b"\0\0", 0x0800) + frame[14:]


def sll2(frame):
    return struct.pack(">HHIHBB8s", 0x0800, 0, 2, 1, 0, 6, frame[6:12] + b"\0\0") + frame[14:]


def udp(port):
    return outer() / UDP(sport=49152, dport=port)


# What stands around the frame: name -> (words, link type, frame bytes -> bytes).
WRAPPINGS = {
    "vlan": ("one 802.1Q tag, VLAN 12", ETHERNET, lambda f: Ether(f[:12] + b"\x81\x00") /
             Dot1Q(vlan=12, type=0x0800) / f[14:]),
    "qinq": ("802.1ad and 802.1Q tags, VLANs 100 and 12", ETHERNET,
             lambda f: Ether(f[:12] + b"\x88\xa8") / Dot1AD(vlan=100, type=0x8100) /
             Dot1Q(vlan=12, type=0x0800) / f[14:]),
    "mpls": ("two MPLS labels", ETHERNET, lambda f: ether(0x8847) /
             MPLS(label=1001, s=0, ttl=64) / MPLS(label=1002, s=1, ttl=64) / f[14:]),
    "pppoe": ("a PPPoE session", ETHERNET, lambda f: ether(0x8864) /
              PPPoE(sessionid=7, len=len(f) - 12) / b"\x00\x21" / f[14:]),
    "gre": ("GRE with IPv4 inside", ETHERNET, lambda f: outer() / GRE(proto=0x0800) / f[14:]),
    "erspan2": ("ERSPAN type II, as a mirroring switch sends", ETHERNET,
                lambda f: outer() / GRE(proto=0x88be, seqnum_present=1, seqence_number=1) /
                ERSPAN_II(ver=1, session_id=3, vlan=12) / f),
    "vxlan": ("VXLAN, VNI 5001", ETHERNET, lambda f: udp(4789) / VXLAN(vni=5001) / f),
    "geneve": ("GENEVE, VNI 5002", ETHERNET,
               lambda f: udp(6081) / GENEVE(vni=5002, proto=0x6558) / f),
    "ipip": ("IPv4 in IPv4", ETHERNET, lambda f: ether() / IP(
        src="198.51.100.13", dst="198.51.100.14", proto=4) / f[14:]),
    "trustsec": ("Cisco's TrustSec metadata, as SPAN ports show it", ETHERNET,
                 lambda f: Ether(f[:12] + b"\x89\x09") / b"\x01\x01\x00\x01\x00\x05\x08\x00" / f[14:]),
    "vntag": ("Cisco's VN-Tag", ETHERNET,
              lambda f: Ether(f[:12] + b"\x89\x26") / b"\x00\x00\x00\x01\x08\x00" / f[14:]),
    "macinmac": ("802.1ah, MAC in MAC", ETHERNET,
                 lambda f: ether(0x88e7) / b"\x00\x00\x00\x2a" / f),
    "gtp": ("GTP-U, as a mobile network carries it", ETHERNET, lambda f: udp(2152) /
            (b"\x30\xff" + struct.pack(">HI", len(f) - 14, 258)) / f[14:]),
    "trill": ("TRILL, between two switches", ETHERNET, lambda f: ether(0x22f3) / b"\x00\x3f\x00\x01\x00\x02" / f),
    "macsec": ("MACsec that protects and does not encrypt", ETHERNET, lambda f: Ether(f[:12] + b"\x88\xe5") /
               (b"\x20\x00\x00\x00\x00\x01" + b"\x02\x00\x5e\x00\x53\xa1\x00\x01" + f[12:] + bytes(16))),
    "nvgre": ("NVGRE, whose key has a number of its own for each direction", ETHERNET, lambda f: outer() / GRE(
        proto=0x6558, key_present=1, key=5001 << 8 | f[35]) / f),
    "l2tpv3": ("L2TPv3 over IP, with a cookie", ETHERNET, lambda f: ether() / IP(
        src="198.51.100.13", dst="198.51.100.14", proto=115) / (b"\x00\x00\x01\x02" + b"cookie..") / f),
    "gre-in-udp": ("GRE in UDP", ETHERNET, lambda f: udp(4754) / GRE(proto=0x0800) / f[14:]),
    "mpls-in-udp": ("MPLS in UDP", ETHERNET, lambda f: udp(6635) / MPLS(label=1001, s=1, ttl=64) / f[14:]),
    "gue": ("Generic UDP Encapsulation", ETHERNET, lambda f: udp(6080) / b"\x00\x04\x00\x00" / f[14:]),
    "lisp": ("LISP", ETHERNET, lambda f: udp(4341) / b"\x08\x00\x00\x00\x00\x01\x02\x00" / f[14:]),
    "tzsp": ("TZSP, as a mirroring router sends", ETHERNET, lambda f: udp(37008) / b"\x01\x00\x00\x01\x01" / f),
    "sll": ("a Linux cooked capture", SLL, sll),
    "sll2": ("a Linux cooked capture, version 2", SLL2, sll2),
    "rawip": ("no link header at all", RAW_IP, lambda f: f[14:]),
}


# Kinds of tunnel, as `tunnels` of a matrix names them; the other wrappings are tags of the link.
TUNNELS = {"gre": "gre", "erspan2": "erspan", "vxlan": "vxlan", "geneve": "geneve", "ipip": "ipip",
           "6in4": "6in4", "gtp": "gtp-u", "teredo": "teredo", "nvgre": "gre", "l2tpv3": "l2tpv3",
           "gre-in-udp": "gre-in-udp", "mpls-in-udp": "mpls-in-udp", "gue": "gue", "lisp": "lisp", "tzsp": "tzsp"}


def matrix_of(name):
    """What carries the mirror's frames to the sensor is declared where it is a tunnel."""
    kind = TUNNELS.get(name.removeprefix("wrapped-"))
    if not kind:
        return OFFICE
    return OFFICE.replace("rows:\n", f"""tunnels:
  mirror: {{kind: {kind}, ends: [198.51.100.13, 198.51.100.14]}}
rows:
""")


def wrapped_case(name, words, link_type, change, base=BASE):
    is_tunnel = matrix_of(name) != OFFICE
    FAMILY.case(name, matrix_of(name),
                f"The session of {base}, each frame wrapped in {words}"
                f"{', which the matrix declares' if is_tunnel else ''}.",
                findings=FINDINGS, absent=("tunnel.mail",) if is_tunnel else ())(
        lambda: save([(at, bytes(change(frame))) for at, frame in load(base)], link_type))


for kind, (text, link, wrap) in WRAPPINGS.items():
    wrapped_case(f"wrapped-{kind}", text, link, wrap)

wrapped_case("wrapped-6in4", "IPv4 (6in4, protocol 41)", ETHERNET,
             lambda f: ether() / IP(src="198.51.100.13", dst="198.51.100.14", proto=41) / f[14:],
             "ipv6-native")

wrapped_case("wrapped-teredo", "Teredo", ETHERNET, lambda f: udp(3544) / f[14:], "ipv6-native")


def with_extensions(frame):
    packet = IPv6(frame[14:])
    payload = packet.payload
    chain = (IPv6(src=packet.src, dst=packet.dst, hlim=packet.hlim) /
             IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0\0\0\0")]) /
             IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0\0\0\0")]))
    return ether(0x86dd) / chain / payload


wrapped_case("ipv6-extension-headers", "IPv6 hop-by-hop and destination options", ETHERNET,
             with_extensions, "ipv6-native")


@FAMILY.case("ipv6-fragments", OFFICE, "The session of ipv6-native in IPv6 fragments.",
             findings=FINDINGS)
def ipv6_fragments():
    frames = []
    for number, (at, frame) in enumerate(load("ipv6-native")):
        packet = IPv6(frame[14:])
        if len(frame) > 140:
            whole = (IPv6(src=packet.src, dst=packet.dst, hlim=packet.hlim) /
                     IPv6ExtHdrFragment(id=number + 1) / packet.payload)
            pieces = [bytes(ether(0x86dd) / piece) for piece in fragment6(whole, 128)]
        else:
            pieces = [frame]
        frames += [(at + 1e-5 * index, piece) for index, piece in enumerate(pieces)]
    return save(frames)


def claim(frame, source=WORKSTATION):
    """A frame as any user's program may send it inside a datagram."""
    return bytes(ether() / IP(src=source, dst="203.0.113.9") / UDP(sport=50000, dport=4789) /
                 VXLAN(vni=7) / frame)


@FAMILY.case("tunnel-not-declared", OFFICE, f"""A host of the office sends the whole session of {BASE}, both
      sides of it, in VXLAN datagrams to a host of the Internet. The matrix declares no such tunnel, so what is inside
      accuses nobody there: the one finding names who sent it.""",
             findings=("tunnel.mail",), absent=FINDINGS)
def tunnel_not_declared():
    return save([(at, claim(frame, "192.0.2.71")) for at, frame in load(BASE)])


@FAMILY.case("tunnel-ends-no-flow-outside", OFFICE, f"""The session of {BASE} on the wire. Behind the handshake the
      client's host sends two VXLAN datagrams with a FIN of each side of that connection inside: another network's,
      they end nothing.""", findings=FINDINGS, absent=("tunnel.mail",))
def tunnel_ends_no_flow_outside():
    frames = list(load(BASE))
    at, last = frames[2]
    ack = Ether(last)[TCP]
    ends = (ack.sport, ack.dport, ack.seq, ack.ack)
    client = Ether(last)[IP].src
    server = Ether(last)[IP].dst
    fins = [ether() / IP(src=client, dst=server) /
            TCP(sport=ends[0], dport=ends[1], seq=ends[2], ack=ends[3], flags="FA"),
            ether() / IP(src=server, dst=client) /
            TCP(sport=ends[1], dport=ends[0], seq=ends[3], ack=ends[2] + 1, flags="FA")]
    decoys = [(at + 1e-6 * (i + 1), claim(bytes(fin))) for i, fin in enumerate(fins)]
    return save(frames[:3] + decoys + frames[3:])


@FAMILY.case("blind-macsec", OFFICE, f"""The session of {BASE} under MACsec, encrypted: nothing of it can be judged, and
      that is told.""", findings=("sensor.blind",), absent=FINDINGS)
def blind_macsec():
    return save([(at, bytes(Ether(frame[:12] + b"\x88\xe5") / (b"\x2c\x00\x00\x00\x00\x01" + frame[6:12] + b"\x00\x01" +
                                                              bytes(byte ^ 0x5a for byte in frame[12:]) + bytes(16))))
                 for at, frame in load(BASE)])


# What switches and old machines of an office send among themselves: nothing of it can hold IP.
NOISE = (
    b"\xff\xff\xff\xff\xff\xff\x02\x00\x5e\x00\x53\xb1\x08\x06" + bytes(46),                          # ARP
    b"\x01\x80\xc2\x00\x00\x0e\x02\x00\x5e\x00\x53\xb1\x88\xcc" + bytes(46),                          # LLDP
    b"\x01\x80\xc2\x00\x00\x00\x02\x00\x5e\x00\x53\xb1\x00\x26\x42\x42\x03" + bytes(43),              # spanning tree
    b"\x01\x00\x0c\xcc\xcc\xcc\x02\x00\x5e\x00\x53\xb1\x00\x2e\xaa\xaa\x03\x00\x00\x0c\x20\x00" + bytes(38),  # CDP
    b"\xff\xff\xff\xff\xff\xff\x02\x00\x5e\x00\x53\xb1\x81\x37" + bytes(46),                          # IPX
    b"\xff\xff\xff\xff\xff\xff\x02\x00\x5e\x00\x53\xb1\x88\x63\x11\x09" + bytes(44),                  # PPPoE discovery
    b"\xff\xff\xff\xff\xff\xff\x02\x00\x5e\x00\x53\xb1\x88\x99" + bytes(46),                          # loop detection
    b"\x01\x80\xc2\x00\x00\x02\x02\x00\x5e\x00\x53\xb1\x88\x09" + bytes(46),                          # LACP
)


@FAMILY.case("blind-office-noise", OFFICE, f"""The session of {BASE} among what switches and old machines send: ARP, LLDP,
      spanning tree, CDP, IPX, PPPoE discovery and the like. Nothing of it can hold mail: nobody is blind.""",
             findings=FINDINGS, absent=("sensor.blind",))
def blind_office_noise():
    frames = []
    for at, frame in load(BASE):
        frames += [(at, frame)] + [(at + 1e-6 * (i + 1), noise) for i, noise in enumerate(NOISE)]
    return save(frames)
