"""Groups that the matrix knows by name alone: what DNS on the wire says of their addresses."""

import ipaddress
import struct

from case import Family
from family_opening import MAIL, START_S, checksum, talk
from family_unseen import from_port
from frames import load, save

FAMILY = Family()
CASE = FAMILY.case

CRM, PC, RESOLVER, ANYBODY = "192.0.2.40", "192.0.2.70", "192.0.2.53", "203.0.113.53"
OTHER = "203.0.113.66"
A, CNAME, MX = 1, 5, 15

NAMED = """schema: 1
zones: {internal: [192.0.2.0/24]}
groups:
  crm: {role: application, addresses: [192.0.2.40]}
  workstations: {role: client, addresses: [192.0.2.64/26]}
  resolver: {role: resolver, addresses: [192.0.2.53]}
  newsletter: {role: submission, names: [smtp.example.net]}
rows:
  - {id: N-01, from: crm, to: newsletter, protocols: [smtp], tls: optional}
"""
BY_DOMAIN = NAMED.replace("smtp.example.net", "example.net")
WEB = """schema: 1
zones: {internal: [192.0.2.0/24]}
groups:
  crm: {role: application, addresses: [192.0.2.40]}
  cloud: {role: mailbox, names: ["*.example.net", "*.example.com", "*.example.org"]}
rows:
  - {id: N-02, from: crm, to: cloud, protocols: [imaps, exchange-https], tls: implicit}
"""


def name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0"


def record(owner, kind, data, ttl=300):
    if kind == A:
        data = ipaddress.ip_address(data).packed
    elif kind == MX:
        data = struct.pack(">H", 10) + name(data)
    else:
        data = name(data)
    return name(owner) + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data


def message(asked, kind, *answers, number=0x1234, recursion=0x100):
    flags = recursion | (0x8080 if answers else 0)
    return (struct.pack(">HHHHHH", number, flags, 1, len(answers), 0, 0) + name(asked)
            + struct.pack(">HH", kind, 1) + b"".join(answers))


def datagram(at, source, target, content):
    """One UDP datagram in IPv4 in Ethernet; ends are (address, port)."""
    addresses = b"".join(ipaddress.ip_address(end[0]).packed for end in (source, target))
    length = 8 + len(content)
    udp = struct.pack(">HHHH", source[1], target[1], length, 0)
    udp = udp[:6] + struct.pack(">H", checksum(addresses + struct.pack(">HH", 17, length) + udp + content))
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + length, 1, 0, 64, 17, 0) + addresses
    ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
    return START_S + at, bytes.fromhex("020000000002020000000001" "0800") + ip + udp + content


def look_up(asked, kind, *answers, at=0.0, client=CRM, server=RESOLVER, source=41000, told_by=None, **sent):
    """A query and its answer; without answers the query alone. told_by: who sends the answer instead."""
    question, answer = message(asked, kind), message(asked, kind, *answers, **sent)
    frames = [datagram(at, (client, source), (server, 53), question)]
    if answers:
        frames.append(datagram(at + 0.01, (told_by or server, 53), (client, source), answer))
    return frames


def mail(server, source, at=1.0, client=CRM):
    return talk(25, *MAIL, client=client, server=server, source=source, at=at)


@CASE("named-by-dns", NAMED, """An application asks its resolver for the address of a provider that the matrix knows by
      name, and sends mail there: the row allows it. Then it sends to an address that it asked for under another
      name: no row has that one, and the alert says the name.""",
      findings=("sender.illegitimate",), flows=("smtp legitimate N-01", "smtp illegitimate"))
def by_dns():
    return save(look_up("smtp.example.net", A, record("smtp.example.net", A, "203.0.113.100")) + mail("203.0.113.100", 42000)
                + look_up("mx.example.com", A, record("mx.example.com", A, OTHER), at=3, source=41001)
                + mail(OTHER, 42001, at=4))


@CASE("named-by-cname", NAMED, """The declared name is an alias, and the address stands under what it leads to; the
      client of another group that goes there has no row all the same.""",
      findings=("sender.illegitimate",), flows=("smtp legitimate N-01", "smtp illegitimate"))
def by_cname():
    return save(look_up("smtp.example.net", A, record("smtp.example.net", CNAME, "pool-7.example.com"),
                        record("pool-7.example.com", A, "203.0.113.101"), source=41010)
                + mail("203.0.113.101", 42010) + mail("203.0.113.101", 42011, at=3, client=PC))


@CASE("named-by-mx", BY_DOMAIN, """The matrix has the domain, DNS its mail server, and the server's address in an
      answer of its own.""", flows=("smtp legitimate N-01",), findings=("sender.mx-lookup",))
def by_mx():
    return save(look_up("example.net", MX, record("example.net", MX, "mx1.example.com"), source=41020)
                + look_up("mx1.example.com", A, record("mx1.example.com", A, "203.0.113.102"), at=0.1, source=41021)
                + mail("203.0.113.102", 42020))


@CASE("named-unasked", NAMED, """Answers that put a name on an address and that nobody asked for: without a query, from
      another server than asked, with another number, of another name. The address stays without a name, and the
      mail to it undecided.""", absent=("sender.illegitimate",), flows=("smtp undecided",))
def unasked():
    told = record("smtp.example.net", A, "203.0.113.103")
    return save([datagram(0, (RESOLVER, 53), (CRM, 41030), message("smtp.example.net", A, told))]
                + look_up("smtp.example.net", A, told, at=0.1, source=41031, told_by=ANYBODY)
                + look_up("smtp.example.net", A, told, at=0.2, source=41032, number=0x4321)
                + [datagram(0.3, (CRM, 41033), (RESOLVER, 53), message("www.example.net", A)),
                   datagram(0.31, (RESOLVER, 53), (CRM, 41033), message("smtp.example.net", A, told))]
                + mail("203.0.113.103", 42030))


@CASE("named-by-own-server", NAMED, """A host asks a name server of its own choice, which is no resolver of the matrix:
      anybody can have one that answers as he likes.""", absent=("sender.illegitimate",), flows=("smtp undecided",))
def by_own_server():
    return save(look_up("smtp.example.net", A, record("smtp.example.net", A, "203.0.113.104"), server=ANYBODY, source=41040)
                + mail("203.0.113.104", 42040))


@CASE("named-long-ago", NAMED, """The answer's time to live was over long before the connection began; a connection that
      began in time stays what it is.""", absent=("sender.illegitimate",),
      flows=("smtp legitimate N-01", "smtp undecided"))
def long_ago():
    return save(look_up("smtp.example.net", A, record("smtp.example.net", A, "203.0.113.105", ttl=60), source=41050)
                + mail("203.0.113.105", 42050) + mail("203.0.113.105", 42051, at=200))


@CASE("named-web", WEB, """A workstation's HTTPS to a server whose name the matrix declares for others: without the name
      nobody would have taken it for mail, and with it nobody is told of it.""", absent=("flow.illegitimate",))
def web():
    return save(load("https-elsewhere"))


SHOWN = """schema: 1
zones: {internal: [192.0.2.64/26]}
groups:
  workstations: {role: client, addresses: [192.0.2.64/26]}
  cloud: {role: mailbox, names: [mail.example.org]}
rows:
  - {id: N-03, from: workstations, to: cloud, protocols: [imaps], tls: required}
"""


@CASE("named-by-certificate", SHOWN, """The session of imaps-tls12 with a server that the matrix knows by name alone: no
      answer of DNS was seen, and its certificate bears the name.""", flows=("imaps legitimate N-03",))
def by_certificate():
    return save([(at, frame) for at, frame, _ in from_port("imaps-tls12", 42071)])


@CASE("named-certificate-claimed", SHOWN.replace("org]}", "org], certificate: claim}"), """The same where the group does
      not trust a certificate: nobody verified its chain, and two who mean to deceive can show any. The flow stays undecided, and nobody is accused.""",
      absent=("flow.illegitimate",), flows=("imaps undecided",))
def certificate_claimed():
    return save([(at, frame) for at, frame, _ in from_port("imaps-tls12", 42072)])
