"""What stands behind something else: a further query, a proxy of another kind, a name that TLS offers."""

import struct

from case import Family
from family_opening import spoken
from matrices import OFFICE

FAMILY = Family()
CASE = FAMILY.case
RESOLVER = "203.0.113.53"
A, MX, SRV = 1, 15, 33


def query(name, kind, padding=0):
    """A DNS query over TCP; padding: bytes of an option behind it (RFC 7830)."""
    labels = "".join(chr(len(label)) + label for label in name.split(".")) + "\0"
    message = struct.pack(">HHHHHH", 0x1234, 0x0100, 1, 0, 0, 1 if padding else 0).decode("latin-1")
    message += labels + struct.pack(">HH", kind, 1).decode("latin-1")
    if padding:
        option = struct.pack(">BHHIHHH", 0, 41, 1232, 0, padding + 4, 12, padding)
        message += option.decode("latin-1") + "\0" * padding
    return struct.pack(">H", len(message)).decode("latin-1") + message


def answer(text):
    """The same message with the bit of an answer set."""
    return text[:4] + "\x81" + text[5:]


@CASE("mx-lookup-behind-others", OFFICE, """A workstation asks a name server over TCP for an address, in a message
      padded beyond a kilobyte, and for mail servers in a later one of the same connection.""",
      findings=("sender.mx-lookup",))
def later_query():
    first, second = query("www.example.net", A, 1100), query("example.net", MX)
    return spoken(53, ">" + first, "<" + answer(first), ">" + second, "<" + answer(second),
                  server=RESOLVER)


@CASE("srv-lookup-of-own-domain", OFFICE, """A mail program that is set up looks for the servers of its own domain,
      and another program for those of a directory: ordinary.""", absent=("sender.mx-lookup",))
def own_domain():
    own, directory = query("_imaps._tcp.example.org", SRV), query("_ldap._tcp.example.net", SRV)
    return spoken(53, ">" + own, "<" + answer(own), ">" + directory, "<" + answer(directory),
                  server=RESOLVER)
