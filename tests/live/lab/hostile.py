"""Captures in which a peer may choose every text, and chose it badly."""

import struct
import subprocess

from frames_made import tcp

PORTS = {"smtp": 25, "imap": 143, "pop3": 110, "imaps": 993, "foreign": 587, "http": 80, "socks": 1080}
CHOSEN = {"CN": b"C" * 40, "O": b"O" * 40, "DNS": b"d" * 40}  # of a certificate

# What breaks forms, shells, terminals and readers that trust their input.
KINDS = {
    "quotes": b"'\"\"'\"", "backslashes": b'\\\\"\\', "bars": b"a|b\\c", "equals": b"=x src=192.0.2.9", "brackets": b'"][x@1=y="',
    "a new line": b"\r\n<0>1_-_forged", "nul": b"a\0b", "controls": bytes(range(1, 9)) + b"\x0e\x1f\x7f", "terminal": b"\x1b]0;t\x07\x1b[2J",
    "C1": b"\x9b2J\xc2\x9b2J", "direction": "\u202egro.elpmaxe\u2066\u200f".encode(), "no UTF-8": b"\xff\xfe\x80\xc3",
    "overlong": b"\xc0\xaf\xe0\x80\xaf", "surrogates": b"\xed\xa0\x80\xed\xb0\x80", "emoji": "\U0001f600\U0001f469\u200d\U0001f467".encode(),
    "right to left": "\u05e9\u05dc\u05d5\u05dd.\u0645\u0631\u062d\u0628\u0627".encode(), "printf": b"%n%s%99999d%%", "a shell": b"$(id)`id`${HOME};",
    "a page": b"<script>alert(1)</script>", "JSON": b'"},"alert":{"severity":1},"x":{"', "escapes of JSON": b"\\u0022\\u000a\\",
    "long": b"A" * 8192, "blanks": b"  x  ", "tabs": b"\tx\t", "a byte order mark": b"\xef\xbb\xbfx", "CEE": b"@cee:{}",
    "CEF": b"CEF:0|x|y|1|2|3|10|src=192.0.2.9", "structured data": b'[mail@32473,src="192.0.2.9"]', "a sheet": b"=cmd|'/C,calc'!A0",
    "separators": "\u2028\u2029\u0085".encode(),
}


def dialogue(number, port, turns):
    """Frames of one ended conversation of workstation 192.0.2.<70 + number>."""
    following = {True: 1001, False: 5001}
    frames = [tcp(True, 1000, 0, 0x02, port=port), tcp(False, 5000, 1001, 0x12, port=port)]
    for to_server, data in turns:
        frames.append(tcp(to_server, following[to_server], following[not to_server], 0x18, data, port))
        following[to_server] += len(data)
    frames.append(tcp(True, following[True], following[False], 0x04, b"", port))
    moved = []
    for frame in map(bytearray, frames):
        frame[29 if frame[26:30] == bytes([192, 0, 2, 70]) else 33] = 70 + number
        moved.append(bytes(frame))
    return moved


def vector(size, data):
    return len(data).to_bytes(size, "big") + data


def handshake(kind, body):
    message = bytes([kind]) + vector(3, body)
    return b"\x16\x03\x03" + vector(2, message)


def client_hello(name):
    extension = b"\x00\x00" + vector(2, vector(2, b"\x00" + vector(2, name)))
    alpn = b"\x00\x10" + vector(2, vector(2, vector(1, b"im" + name[:20])))
    return handshake(1, b"\x03\x03" + b"r" * 32 + b"\x00" + vector(2, b"\xc0\x2f") + b"\x01\x00" +
                     vector(2, extension + alpn))


def server_answer(certificate):
    hello = b"\x03\x03" + b"R" * 32 + b"\x00" + b"\xc0\x2f" + b"\x00"
    return handshake(2, hello) + handshake(11, vector(3, vector(3, certificate))) + handshake(14, b"")


def certificate(folder, text):
    """Self-signed, then with this text in subject, issuer and names: no longer signed by anybody."""
    whole = folder / "certificate.der"
    if not whole.exists():
        subject = "/".join(f"{key}={value.decode()}" for key, value in CHOSEN.items() if key != "DNS")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                        folder / "key.pem", "-out", whole, "-outform", "DER", "-days", "10", "-utf8", "-subj", f"/{subject}",
                        "-addext", f"subjectAltName=DNS:{CHOSEN['DNS'].decode()}"], check=True, capture_output=True)
    content = whole.read_bytes()
    for chosen in CHOSEN.values():
        assert chosen in content
        letters = text.decode(errors="ignore").encode()[:len(chosen)]  # what is no UTF-8 makes it unreadable
        content = content.replace(chosen, letters.decode(errors="ignore").encode().ljust(len(chosen), b"x"))
    return content


def query(name):
    """An MX query over UDP from the workstation."""
    labels = b"".join(vector(1, label) for label in (name, b"example", b"net")) + b"\x00"
    message = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + labels + struct.pack(">HH", 15, 1)
    datagram = struct.pack(">HHHH", 40000, 53, 8 + len(message), 0) + message
    return (b"\x02" * 12 + b"\x08\x00" +
            struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(datagram), 0, 0, 64, 17, 0) +
            bytes([192, 0, 2, 70]) + bytes([203, 0, 113, 53]) + datagram)


def smtp(text, first=b""):
    line = text.replace(b"\r", b"").replace(b"\n", b"")
    return [(False, b"220 " + text + b" ESMTP " + text + b"\r\n"), (True, first + b"EHLO " + line + b"\r\n"),
            (False, b"250-" + text + b"\r\n250-AUTH PLAIN " + text + b"\r\n250 " + text + b"\r\n"),
            (True, b"AUTH PLAIN " + line + b"\r\n"), (False, b"235 " + text + b"\r\n"),
            (True, b"MAIL FROM:<" + line + b"@" + line + b"> " + line + b"\r\n"), (False, b"250 " + text + b"\r\n"),
            (True, b"RCPT TO:<b@" + line + b">\r\n"), (False, b"250 ok\r\n"), (True, b"DATA\r\n"),
            (False, b"354 go\r\n"), (True, b"Received: from " + line + b" ([192.0.2.1])\r\nX: " + text +
                                     b"\r\n\r\n" + text + b"\r\n.\r\n"), (False, b"250 queued as " + text + b"\r\n")]


def flows(text, folder):
    """The frames of a flow each in which every text that a peer may choose is this one."""
    line = text.replace(b"\r", b"").replace(b"\n", b"")
    socks = [(True, b"\x05\x01\x00"), (False, b"\x05\x00"), (True, b"\x05\x01\x00\x03" + vector(1, text[:255]) + b"\x00\x19"),
             (False, b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"), *smtp(text)]
    connect = [(True, b"CONNECT " + line.replace(b" ", b"") + b":25 HTTP/1.1\r\nHost: " + line + b"\r\n\r\n"),
               (False, b"HTTP/1.1 200 " + line + b"\r\n\r\n"), *smtp(text)]
    return [
        dialogue(0, PORTS["smtp"], smtp(text)),
        dialogue(1, PORTS["imap"], [(False, b"* OK [CAPABILITY " + text + b"] " + text + b"\r\n"),
                                    (True, b"a1 LOGIN " + line + b" " + line + b"\r\n"),
                                    (False, b"a1 OK " + text + b"\r\n"), (True, line + b" AUTHENTICATE " + line + b"\r\n"),
                                    (False, line + b" NO " + text + b"\r\n")]),
        dialogue(2, PORTS["pop3"], [(False, b"+OK " + text + b"\r\n"), (True, b"USER " + line + b"\r\n"),
                                    (False, b"+OK " + text + b"\r\n"), (True, b"PASS " + line + b"\r\n"),
                                    (False, b"+OK\r\n")]),
        dialogue(3, PORTS["imaps"], [(True, client_hello(text[:60])), (False, server_answer(certificate(folder, text))),
                                     (True, b"\x14\x03\x03\x00\x01\x01"), (False, b"\x14\x03\x03\x00\x01\x01")]),
        dialogue(4, PORTS["foreign"], [(False, b"SSH-2.0-" + text + b"\r\n"), (True, b"SSH-2.0-" + text + b"\r\n")]),
        dialogue(5, PORTS["http"], [(True, b"POST /EWS/Exchange.asmx?" + line.replace(b" ", b"") + b" HTTP/1.1\r\nHost: " + line +
                                     b"\r\nUser-Agent: " + line + b"\r\nAuthorization: Basic " + line + b"\r\nX-RequestType: " + line +
                                     b"\r\nContent-Length: 1\r\n\r\nx"),
                                    (False, b"HTTP/1.1 200 " + line + b"\r\nServer: " + line + b"\r\n\r\n")]),
        dialogue(6, PORTS["socks"], socks),
        dialogue(7, 8080, connect),
        dialogue(8, PORTS["smtp"], smtp(text, b"PROXY TCP4 192.0.2.9 203.0.113.25 1000 25\r\n")),
        dialogue(9, PORTS["smtp"], [(False, b"220-" + text + b"\r\n220 " + b"*" * 20 + text + b"\r\n"),
                                    (True, b"EHLO x\r\n"), (False, b"250-XXXXXXXA\r\n250 " + text + b"\r\n"),
                                    (True, b"XXXXXXXX\r\n"), (False, b"500 " + text + b"\r\n")]),
        [query(text[:60])],
    ]
