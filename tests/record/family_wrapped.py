"""One real session (imap-login-clear) inside every encapsulation a tap may see."""

import struct

from scapy.contrib.erspan import ERSPAN_II
from scapy.contrib.geneve import GENEVE
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop
from scapy.layers.inet6 import PadN, fragment6
from scapy.layers.l2 import GRE, Dot1AD, Dot1Q, Ether
from scapy.layers.ppp import PPPoE
from scapy.layers.vxlan import VXLAN

from case import Family
from frames import ETHERNET, RAW_IP, SLL, SLL2, load, save
from matrices import OFFICE

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
    "sll": ("a Linux cooked capture", SLL, sll),
    "sll2": ("a Linux cooked capture, version 2", SLL2, sll2),
    "rawip": ("no link header at all", RAW_IP, lambda f: f[14:]),
}


def wrapped_case(name, words, link_type, change, base=BASE):
    FAMILY.case(name, OFFICE, f"The session of {base}, each frame wrapped in {words}.",
                findings=FINDINGS)(
        lambda: save([(at, bytes(change(frame))) for at, frame in load(base)], link_type))


for kind, (text, link, wrap) in WRAPPINGS.items():
    wrapped_case(f"wrapped-{kind}", text, link, wrap)

wrapped_case("wrapped-6in4", "IPv4 (6in4, protocol 41)", ETHERNET,
             lambda f: ether() / IP(src="198.51.100.13", dst="198.51.100.14", proto=41) / f[14:],
             "ipv6-native")


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
