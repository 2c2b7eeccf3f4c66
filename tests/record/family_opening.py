"""What clients say before a mail server greets, and how they get to one through a web proxy."""

import ipaddress
import struct

from case import Family
from frames import save
from matrices import OFFICE

FAMILY = Family()
CASE = FAMILY.case
START_S = 1795935600.0
STEP_S = 0.01
CLIENT, SERVER = "192.0.2.70", "203.0.113.25"


FIN, SYN, PUSH, ACK = 1, 2, 8, 16


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def frame(number, ends, numbers, flags, data):
    """One segment in IPv4 in Ethernet; ends are source, its port, target, its port."""
    source, target = (ipaddress.ip_address(ends[at]).packed for at in (0, 2))
    tcp = struct.pack(">HHIIBBHHH", ends[1], ends[3], *numbers, 5 << 4, flags, 8192, 0, 0)
    pseudo = source + target + struct.pack(">HH", 6, len(tcp) + len(data))
    tcp = tcp[:16] + struct.pack(">H", checksum(pseudo + tcp + data)) + tcp[18:]
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 40 + len(data), number, 0, 64, 6, 0) + source + target
    ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
    return bytes.fromhex("020000000002020000000001" "0800") + ip + tcp + data


def talk(port, *turns, client=CLIENT, server=SERVER, source=40000, at=0.0):
    """The frames of a connection in which `>text` is the client's and `<text` the server's, a segment
    each; of `}text` and `{text` the capture has nothing but what acknowledges them."""
    ends = {">": (client, source, server, port), "<": (server, port, client, source)}
    sequence = {">": 1000, "<": 5000}
    frames = []

    def put(side, flags, data=b""):
        other = sequence["<" if side == ">" else ">"] if flags & ACK else 0
        frames.append((START_S + at + STEP_S * len(frames),
                       frame(len(frames) + 1, ends[side], (sequence[side], other), flags, data)))
        sequence[side] += len(data) + (flags & (SYN | FIN) != 0)

    put(">", SYN)
    put("<", SYN | ACK)
    put(">", ACK)
    for turn in turns:
        if turn[0] in "{}":
            sequence["<" if turn[0] == "{" else ">"] += len(turn) - 1
        else:
            put(turn[0], PUSH | ACK, turn[1:].encode("latin-1"))
        put("<" if turn[0] in ">}" else ">", ACK)
    put(">", FIN | ACK)
    put("<", FIN | ACK)
    put(">", ACK)
    return frames


def spoken(port, *turns, **ends):
    return save(talk(port, *turns, **ends))


MAIL = ("<220 mx.example.net ESMTP\r\n", ">EHLO host.example.org\r\n",
        "<250-mx.example.net\r\n250 SIZE 1000000\r\n", ">MAIL FROM:<alice@example.org>\r\n",
        "<250 2.1.0 Ok\r\n", ">RCPT TO:<bob@example.net>\r\n", "<250 2.1.5 Ok\r\n", ">DATA\r\n",
        "<354 go on\r\n", ">Subject: hello\r\n\r\nhello\r\n.\r\n", "<250 2.0.0 Ok: queued as 1\r\n",
        ">QUIT\r\n", "<221 2.0.0 Bye\r\n")
CONNECT = ">CONNECT mx.example.net:25 HTTP/1.1\r\nHost: mx.example.net:25\r\n\r\n"
REFUSED = "<HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
PAGE = ">GET / HTTP/1.1\r\nHost: mail.example.org\r\n\r\n"
ANSWER = "<HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@CASE("early-web-request", OFFICE, """A client that sends a line of HTTP before the greeting, to a mail server
      on a port of the web: the server refuses the line, and mail crosses.""",
      findings=("sender.illegitimate", "port.unusual", "evasion.ambiguous"), flows=("smtp illegitimate",))
def early():
    return spoken(8080, ">GET / HTTP/1.0\r\n", MAIL[0], "<500 5.5.2 Error\r\n", *MAIL[1:])


@CASE("early-web-request-to-a-web-server", OFFICE, """The same line to a web server that takes mail's verbs for
      bad requests: no mail.""", absent=("sender.illegitimate", "sender.attempt",
                                                   "evasion.ambiguous"))
def early_in_vain():
    return spoken(8080, ">GET / HTTP/1.0\r\n", ">EHLO host.example.org\r\n",
                  "<HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


FORM = (">POST / HTTP/1.1\r\nHost: mx.example.net:25\r\nOrigin: http://www.example.com\r\n"
        "Content-Type: text/plain\r\nContent-Length: 86\r\n\r\n"
        "EHLO x\r\nMAIL FROM:<alice@example.org>\r\nRCPT TO:<bob@example.net>\r\nDATA\r\nhello\r\n.\r\n")
NO = "500 5.5.2 Error: bad syntax\r\n"


@CASE("browser-lured-to-mail", OFFICE, """A web page makes browsers speak to a mail server: one asks for a page, one posts
      a form with a whole letter in it, and finger asks who alice is. The server takes none of it: nobody sent.""",
      findings=("sender.attempt",), absent=("sender.illegitimate", "evasion.ambiguous", "smtp.smuggling"),
      flows=("smtp illegitimate",) * 4)
def lured():
    refused = "<" + NO * 6 + "250-mx.example.net\r\n250 SIZE 1000000\r\n" + "554 5.7.1 Denied\r\n" * 3 + NO * 2
    return save(talk(25, PAGE, MAIL[0], "<" + NO * 3) +
                talk(25, FORM, MAIL[0], refused, source=40001, at=1.0) +
                talk(25, MAIL[0], FORM, refused, source=40002, at=2.0) +
                talk(25, MAIL[0], ">alice\r\n", "<" + NO, source=40003, at=3.0))


@CASE("browser-lured-and-mail-taken", OFFICE, """The same form, and a server that passes over what it does not know: the
      letter in it is sent.""", findings=("sender.illegitimate", "evasion.ambiguous"), flows=("smtp illegitimate",))
def lured_and_taken():
    return spoken(25, FORM, MAIL[0], "<" + NO * 6 + "250-mx.example.net\r\n250 SIZE 1000000\r\n250 2.1.0 Ok\r\n"
                  "250 2.1.5 Ok\r\n354 go on\r\n250 2.0.0 Ok: queued as 1\r\n")


@CASE("early-mail-command", OFFICE, """A client in a hurry says EHLO ahead of the greeting: nothing that two
      receivers read in two ways.""", findings=("sender.illegitimate",), absent=("evasion.ambiguous",),
      flows=("smtp illegitimate",))
def early_command():
    return spoken(25, MAIL[1], MAIL[0], *MAIL[2:])


@CASE("early-octets-before-sieve", OFFICE, """Octets without a line end before the greeting of ManageSieve, which
      the server drops: a login with a password stands right behind them.""",
      findings=("tls.credentials-clear", "tls.missing", "tls.starttls-not-offered", "evasion.ambiguous"),
      flows=("sieve illegitimate",))
def early_octets():
    return spoken(4190, ">xyz",
                  '<"IMPLEMENTATION" "mail"\r\n"SASL" "PLAIN"\r\n"SIEVE" "fileinto"\r\nOK "ready"\r\n',
                  '>AUTHENTICATE "PLAIN" "AGFsaWNlAG5vdC1hLXJlYWwtc2VjcmV0LTE="\r\n', '<OK "in"\r\n',
                  ">LOGOUT\r\n", '<OK "bye"\r\n', server="192.0.2.10")


@CASE("roles-turned-from-the-start", OFFICE, """A host of the Internet opens a connection to a workstation and
      greets it as a mail server does; the workstation says EHLO and hands a message out. It is the
      sender.""", findings=("sender.illegitimate", "port.unusual"), flows=("smtp illegitimate",))
def turned():
    other = {">": "<", "<": ">"}
    return spoken(8025, *(other[turn[0]] + turn[1:] for turn in MAIL), client=SERVER, server=CLIENT)


@CASE("http-connect-after-407", OFFICE, """A proxy that asks for a login first: the second CONNECT leads to a
      mail server.""", findings=("sender.illegitimate",), flows=("smtp illegitimate",))
def connect():
    return spoken(3128, CONNECT, REFUSED, CONNECT,
                  "<HTTP/1.1 200 Connection established\r\n\r\n", *MAIL)


@CASE("http-connect-unheard", OFFICE, """A way to a mail server asked for by a client that gives the proxy leave to
      answer ten bytes, and then says a mail without an ear for what becomes of it: what it says behind its
      request is read.""", findings=("sender.illegitimate",), flows=("smtp illegitimate",))
def unheard():
    return spoken(3128, CONNECT, "<HTTP/1.1 2", *(turn for turn in MAIL if turn[0] == ">"))


@CASE("http-connect-unheard-elsewhere", OFFICE, """The same way of asking, for a page: no mail.""",
      absent=("sender.illegitimate", "sender.attempt"))
def unheard_elsewhere():
    return spoken(3128, CONNECT.replace(":25", ":80"), "<HTTP/1.1 2", ">GET / HTTP/1.1\r\nHost: mx.example.net\r\n\r\n")


@CASE("http-connect-refused", OFFICE, """A proxy that lets nobody through: no mail, whatever was asked.""",
      absent=("sender.illegitimate", "sender.attempt"))
def connect_in_vain():
    return spoken(3128, CONNECT, REFUSED, CONNECT, REFUSED)


@CASE("activesync-behind-a-page", OFFICE, """The second request of a connection in clear is ActiveSync's, with a
      password, its path written with an escape.""", findings=("tls.credentials-clear", "flow.illegitimate"))
def second_request():
    return spoken(80, PAGE, ANSWER, ">POST /%4dicrosoft-Server-ActiveSync?Cmd=Sync HTTP/1.1\r\n"
                  "Host: mail.example.org\r\nAuthorization: Basic YTpi\r\nContent-Length: 0\r\n\r\n",
                  ANSWER, server="192.0.2.10")


@CASE("greeting-lost", OFFICE, """The capture lost the greeting, and the client's first line is one that its server
      does not know. It had acknowledged the greeting by then: no early talker.""",
      findings=("sender.illegitimate",), absent=("evasion.ambiguous",), flows=("smtp illegitimate",))
def greeting_lost():
    return spoken(25, "{" + MAIL[0][1:], ">hello there\r\n", "<500 5.5.2 Error\r\n", *MAIL[1:])


@CASE("echo-service", OFFICE, """A service that says again what its client says (RFC 862) gets a dialogue of mail, both
      parts of it: no mail server, and no sender.""", absent=("sender.illegitimate", "sender.attempt",
                                                   "evasion.ambiguous"))
def echo():
    return spoken(7, *(side + turn[1:] for turn in MAIL for side in "><"))


@CASE("starttls-failed-and-left", OFFICE, """The server breaks the handshake off by an alert, and the client takes its
      leave in clear: it failed, and nothing was injected.""", absent=("tls.starttls-injection",),
      findings=("sender.illegitimate",), flows=("smtp illegitimate",))
def failed_and_left():
    hello = "\x16\x03\x01\0\x2d\x01\0\0\x29\x03\x03" + 32 * "R" + "\0\0\x02\xc0\x2f\x01\0"
    return spoken(25, *MAIL[:2], "<250-mx.example.net\r\n250 STARTTLS\r\n", ">STARTTLS\r\n", "<220 2.0.0 go\r\n",
                  ">" + hello, "<\x15\x03\x01\0\x02\x02\x28", *MAIL[-2:])
