#!/usr/bin/python3
"""A DCE/RPC server for the cases: rpc_server.py PORT UUID[@PORT]...

Grants a bind to the interfaces it is given, refuses others, answers NTLM with a challenge
(it does not check who comes) and every call with a stub as well protected as the call was.
Told ports of interfaces (`UUID@PORT`) make it an endpoint mapper that tells them.
"""

import socket
import struct
import sys
import threading
import uuid

from impacket import ntlm

NDR = uuid.UUID("8a885d04-1ceb-11c9-9fe8-08002b104860").bytes_le + struct.pack("<I", 2)
MAPPER = uuid.UUID("e1af8308-5d1f-11c9-91a4-08002b14a0fa")
REQUEST, RESPONSE, BIND, BIND_ACK, ALTER, ALTER_RESPONSE = 0, 2, 11, 12, 14, 15


def pdu(kind, call, body, security=0, level=0, token=b""):
    if token:
        body += b"\0" * (-len(body) % 4)
        body += struct.pack("<BBBBI", security, level, 0, 0, 0)
    return struct.pack("<BBBB4sHHI", 5, 0, kind, 3, b"\x10\0\0\0", 16 + len(body) + len(token),
                       len(token), call) + body + token


def challenge():
    """MS-NLMP section 2.2.1.2, as impacket's own servers make it."""
    name = "EXCHANGE".encode("utf-16le")
    pairs = ntlm.AV_PAIRS()
    for key in (ntlm.NTLMSSP_AV_HOSTNAME, ntlm.NTLMSSP_AV_DNS_HOSTNAME,
                ntlm.NTLMSSP_AV_DOMAINNAME, ntlm.NTLMSSP_AV_DNS_DOMAINNAME):
        pairs[key] = name
    message = ntlm.NTLMAuthChallenge()
    message["flags"] = (ntlm.NTLMSSP_NEGOTIATE_128 | ntlm.NTLMSSP_NEGOTIATE_KEY_EXCH |
                        ntlm.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY | ntlm.NTLMSSP_NEGOTIATE_SIGN |
                        ntlm.NTLMSSP_NEGOTIATE_SEAL | ntlm.NTLMSSP_NEGOTIATE_NTLM |
                        ntlm.NTLMSSP_NEGOTIATE_TARGET_INFO | ntlm.NTLMSSP_NEGOTIATE_UNICODE |
                        ntlm.NTLMSSP_REQUEST_TARGET | ntlm.NTLMSSP_TARGET_TYPE_SERVER)
    message["domain_len"] = message["domain_max_len"] = len(name)
    message["domain_offset"] = 56
    message["challenge"] = b"mailward"
    message["domain_name"] = name
    message["TargetInfoFields_len"] = message["TargetInfoFields_max_len"] = len(pairs)
    message["TargetInfoFields"] = pairs
    message["TargetInfoFields_offset"] = 56 + len(name)
    message["Version"] = b"\xff" * 8
    message["VersionLen"] = 8
    return message.getData()


def tower(interface, port, address):
    """C706 appendix I and L: interface, NDR, RPC, TCP, IP."""
    floors = [(b"\x0d" + interface.bytes_le + b"\0\0", b"\0\0"),
              (b"\x0d" + NDR[:16] + b"\x02\0", b"\0\0"), (b"\x0b", b"\0\0"),
              (b"\x07", struct.pack(">H", port)), (b"\x09", socket.inet_aton(address))]
    return struct.pack("<H", len(floors)) + b"".join(
        struct.pack("<H", len(left)) + left + struct.pack("<H", len(right)) + right
        for left, right in floors)


def mapped(towers):
    """The stub of an ept_map response: handle, count, array of pointers, towers, status."""
    stub = b"\0" * 20 + struct.pack("<IIII", len(towers), 4, 0, len(towers))
    stub += b"".join(struct.pack("<I", number + 1) for number in range(len(towers)))
    for octets in towers:
        stub += struct.pack("<II", len(octets), len(octets)) + octets
        stub += b"\0" * (-len(stub) % 4)
    return stub + struct.pack("<I", 0)


class Connection:
    def __init__(self, stream, served):
        self.stream, self.served = stream, served

    def take(self, size):
        data = b""
        while len(data) < size:
            more = self.stream.recv(size - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def run(self):
        try:
            while True:
                head = self.take(16)
                kind, size, auth, call = head[2], *struct.unpack("<HHI", head[8:16])
                body = self.take(size - 16)
                security = body[-auth - 8:-auth][:2] if auth else b"\0\0"
                if kind in (BIND, ALTER):
                    self.bind(kind, call, body, security)
                elif kind == REQUEST:
                    self.answer(call, body, security)
        except EOFError:
            self.stream.close()

    def bind(self, kind, call, body, security):
        results, at = b"", 12
        for _ in range(body[8]):
            asked = uuid.UUID(bytes_le=body[at + 4:at + 20])
            granted = asked in self.served
            results += (struct.pack("<HH", 0, 0) + NDR if granted
                        else struct.pack("<HH", 2, 1) + b"\0" * 20)
            at += 24 + 20 * body[at + 2]
        answer = body[:8] + struct.pack("<H", 4) + b"135\0\0\0"
        answer += struct.pack("<I", body[8]) + results
        token = challenge() if security[0] == 10 else b""
        self.stream.sendall(pdu(BIND_ACK if kind == BIND else ALTER_RESPONSE, call, answer,
                                security[0], security[1], token))

    def answer(self, call, body, security):
        opnum = struct.unpack("<H", body[6:8])[0]
        stub = b"\xa5" * 48 if security[1] == 6 else b"a mailbox's content, readable on the wire. ".ljust(48)
        if opnum == 3 and MAPPER in self.served:
            address = self.stream.getsockname()[0]
            stub = mapped([tower(interface, port, address)
                           for interface, port in self.served.items() if port])
        token = b"\1\0\0\0" + b"\x5a" * 12 if security[1] >= 4 else b""
        self.stream.sendall(pdu(RESPONSE, call, struct.pack("<IHBB", len(stub), 0, 0, 0) + stub,
                                security[0], security[1], token))


def main():
    served = {}
    for word in sys.argv[2:]:
        name, _, port = word.partition("@")
        served[uuid.UUID(name)] = int(port or 0)
    if any(served.values()):
        served[MAPPER] = 0
    listener = socket.create_server(("", int(sys.argv[1])))
    while True:
        stream, _ = listener.accept()
        threading.Thread(target=Connection(stream, served).run, daemon=True).start()


if __name__ == "__main__":
    main()
