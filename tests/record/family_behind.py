"""What stands behind something else: a further query, a proxy of another kind, a name that TLS offers."""

import struct

from case import Family
from family_opening import ANSWER, CONNECT, MAIL, PAGE, REFUSED, spoken, talk
from frames import save
from matrices import MX_IN, OFFICE, RELAY

FAMILY = Family()
CASE = FAMILY.case
RESOLVER = "203.0.113.53"
A, MX, SRV = 1, 15, 33
OPENED = "<HTTP/1.1 200 Connection established\r\n\r\n"


def vector(width, content):
    """Length and content, as TLS has them; all text is bytes in Latin-1."""
    return len(content).to_bytes(width, "big").decode("latin-1") + content


def extension(number, content):
    return struct.pack(">H", number).decode("latin-1") + vector(2, content)


def hello(name="", protocols=()):
    """A ClientHello of TLS 1.3 in one record."""
    extensions = extension(43, vector(1, "\3\4")) + extension(10, vector(2, "\0\x1d"))
    if name:
        extensions += extension(0, vector(2, "\0" + vector(2, name)))
    if protocols:
        extensions += extension(16, vector(2, "".join(vector(1, each) for each in protocols)))
    body = "\3\3" + "r" * 32 + vector(1, "") + vector(2, "\x13\x01\x13\x02") + vector(1, "\0")
    return ">\x16\3\1" + vector(2, "\1" + vector(3, body + vector(2, extensions)))


HELLO = hello("www.example.net", ("h2", "http/1.1"))


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


@CASE("http-connect-after-407-on-25", OFFICE, """A proxy on the port of SMTP that asks for a login first: what it is there
      is told, and so is the mail server that the second CONNECT leads to.""",
      findings=("port.foreign", "sender.illegitimate"), flows=("smtp illegitimate",))
def on_a_port_of_mail():
    return spoken(25, CONNECT, REFUSED, CONNECT, OPENED, *MAIL)


@CASE("http-connect-refused-on-25", OFFICE, """The same proxy lets nobody through: it is no mail server, and no mail
      is behind it.""", findings=("port.foreign",), absent=("sender.illegitimate",))
def refused_on_a_port_of_mail():
    return spoken(25, CONNECT, REFUSED, CONNECT, REFUSED)


@CASE("http-connect-behind-pipelined", OFFICE, """A way to a mail server asked for behind two pages, in one segment, and
      answered so.""", findings=("sender.illegitimate",), flows=("smtp illegitimate",))
def behind_pages():
    page, ok, opened = PAGE[1:], ANSWER[1:], OPENED[1:]
    return spoken(3128, ">" + page + page + CONNECT[1:], "<" + ok + ok + opened, *MAIL)


@CASE("https-behind-pipelined", OFFICE, """The same way to a web server: ordinary.""",
      absent=("sender.illegitimate", "sender.attempt", "port.foreign"))
def web_behind_pages():
    page, ok, opened = PAGE[1:], ANSWER[1:], OPENED[1:]
    asked = "CONNECT www.example.net:443 HTTP/1.1\r\nHost: www.example.net:443\r\n\r\n"
    return spoken(3128, ">" + page + page + asked, "<" + ok + ok + opened, HELLO)


def in_line_feeds(turn):
    return turn.replace("\r\n", "\n")


@CASE("http-connect-in-line-feeds", OFFICE, """A way to a mail server asked for and opened in lines that end by LF alone, as proxies
      may take them (RFC 9112 section 2.2).""", findings=("sender.illegitimate",), flows=("smtp illegitimate",))
def connect_in_line_feeds():
    return spoken(3128, in_line_feeds(CONNECT), in_line_feeds(OPENED), *MAIL)


@CASE("https-in-line-feeds", OFFICE, """The same way to a web server: ordinary.""",
      absent=("sender.illegitimate", "sender.attempt", "port.foreign"))
def web_in_line_feeds():
    return spoken(3128, in_line_feeds(CONNECT).replace(":25", ":443"), in_line_feeds(OPENED), HELLO)


PROXIED = ">PROXY TCP4 192.0.2.10 203.0.113.25 40000 25\r\n"


@CASE("proxy-protocol-and-no-mail", OFFICE, """A workstation reaches a host of the Internet on the port of SMTP, writes a PROXY
      line first, and what follows names no protocol; and another one asks a SOCKS proxy there in vain. The port tells,
      whatever stands in front.""", findings=("sender.attempt", "port.foreign"), absent=("sender.illegitimate",),
      flows=("attempt illegitimate",))
def header_and_no_mail():
    return save(talk(25, PROXIED, "<220 a\r\n", ">ok\r\n")
                + talk(25, ">\4\1\0\x19\1\2\3\4\0", ">ok\r\n", source=40001, at=1.0))


@CASE("proxy-protocol-look", OFFICE, """A declared server that looks whether ours is there sends a PROXY line and goes: nobody
      tried to send anything.""", absent=("sender.attempt", "sender.illegitimate", "port.foreign"))
def header_of_a_balancer():
    return spoken(25, PROXIED, client=MX_IN, server=RELAY)


LINES = "A: b\r\n" * 230


@CASE("http-connect-many-lines", OFFICE, """A way to a mail server asked for by a head of hundreds of short lines, more
      than are read: its first line counts, and the answer.""",
      findings=("sender.illegitimate",), flows=("smtp illegitimate",))
def many_lines():
    return spoken(3128, CONNECT[:-2] + LINES[:600], ">" + LINES + "\r\n", OPENED, *MAIL)


@CASE("page-many-lines", OFFICE, """A page asked for by such a head, and another page: ordinary.""",
      absent=("sender.illegitimate", "sender.attempt", "port.foreign"))
def page_of_many_lines():
    return spoken(8080, PAGE[:-2] + LINES[:600], ">" + LINES + "\r\n", ANSWER, PAGE, ANSWER)


TOKENS = (">\5\1\1", "<\5\1", ">\1\1" + vector(2, "T" * 1400), "<\1\1" + vector(2, "T" * 100),
          ">\1\2" + vector(2, "p"), "<\1\2" + vector(2, "p"))


@CASE("socks5-gssapi-to-smtp", OFFICE, """SOCKS with a ticket longer than a kilobyte, behind which the client asks for
      a mail server in clear, as curl does.""", findings=("sender.illegitimate",), flows=("smtp illegitimate",))
def tokens_then_clear():
    return spoken(1080, *TOKENS, ">\5\1\0\3" + vector(1, "mx.example.net") + "\0\x19",
                  "<\5\0\0\1\0\0\0\0\0\0", *MAIL)


@CASE("socks5-gssapi-encapsulated", OFFICE, """The same ticket, and all that follows in messages of its own: not
      looked into, and counted.""", absent=("sender.illegitimate",))
def encapsulated():
    return spoken(1080, *TOKENS, ">\1\3" + vector(2, "e" * 60), "<\1\3" + vector(2, "e" * 60), source=40001)


@CASE("imap-compressed-before-login", OFFICE, """IMAP that is compressed before anybody has logged in: what follows is
      in clear to whoever unpacks it, and counted as not looked into.""",
      findings=("tls.missing",), flows=("imap illegitimate",))
def compressed():
    return spoken(143, "<* OK IMAP4rev1 ready\r\n", ">a COMPRESS DEFLATE\r\n", "<a OK active\r\n",
                  ">\x4a\4\0\0", "<\x4a\4\0\0", server="192.0.2.10")


def server_hello():
    """The server's part of TLS 1.3, and an encrypted record."""
    extensions = extension(43, "\3\4") + extension(51, "\0\x1d" + vector(2, "k" * 32))
    body = "\3\3" + "s" * 32 + vector(1, "") + "\x13\1\0" + vector(2, extensions)
    return ("<\x16\3\3" + vector(2, "\2" + vector(3, body)) + "\x14\3\3\0\1\1" +
            "\x17\3\3" + vector(2, "e" * 200))


ENCRYPTED = ">\x14\3\3\0\1\1\x17\3\3" + vector(2, "e" * 50), "<\x17\3\3" + vector(2, "e" * 300)


@CASE("smtps-http-alpn-on-465", OFFICE, """Implicit TLS to the Internet on the port of SMTPS, and the client asks for HTTP
      by ALPN: that takes nothing from the port.""",
      findings=("sender.illegitimate", "smtps.implicit", "port.foreign"), flows=("smtps illegitimate",))
def alpn_on_465():
    return spoken(465, hello("www.example.net", ("h2",)), server_hello(), *ENCRYPTED)


@CASE("pop3s-http-alpn-without-a-name", OFFICE, """A workstation and a declared mailbox server on 995: the client asks for HTTP by
      ALPN and for no name. That is told, and takes nothing from what the port says.""",
      findings=("port.foreign",), flows=("pop3s legitimate M-01",))
def alpn_on_995():
    return spoken(995, hello(protocols=("h2",)), server_hello(), *ENCRYPTED, server="192.0.2.10")


@CASE("web-on-995-without-a-name", OFFICE, """The same to a host of the Internet: a web server for all that is seen, on
      a port of mail.""", findings=("port.foreign",), absent=("flow.illegitimate",))
def web_on_995():
    return spoken(995, hello(protocols=("h2",)), server_hello(), *ENCRYPTED)


@CASE("tls-claims-unanswered", OFFICE, """Clients that ask in TLS for mail, by ALPN, by a server's name and at a mailbox
      server's address, of servers that answer by an alert, by another protocol or not at all: claims, and no
      mail.""", absent=("flow.illegitimate", "sender.illegitimate", "zone.user-access-exposed", "smtps.implicit"))
def claims():
    return save(talk(8443, hello("www.example.net", ("imap",)), "<\x15\3\3\0\2\2\x28") +
                talk(443, hello("autodiscover.example.net", ("h2",)), source=40001, at=1.0) +
                talk(8465, hello("smtp.example.net"), "<HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
                     source=40002, at=2.0) +
                talk(443, hello("www.example.net", ("h2",)), "<\x15\3\3\0\2\2\x28", source=40003, at=3.0,
                     client="203.0.113.70", server="192.0.2.10"))


@CASE("mailbox-on-an-odd-port", OFFICE, """TLS from the Internet to a declared mailbox server on a port that no row
      names: what it serves there is users' access.""",
      findings=("zone.user-access-exposed", "flow.illegitimate", "port.unusual"), flows=("imaps illegitimate",))
def odd_port():
    return spoken(9993, hello(), server_hello(), *ENCRYPTED, client="203.0.113.70", server="192.0.2.10")


@CASE("mailbox-on-ports-of-others", OFFICE, """The same on the port of LDAP over TLS: a mail server runs more than mail, and
      nothing here says that it is.""", absent=("zone.user-access-exposed", "flow.illegitimate"))
def directory_port():
    return spoken(636, hello("mail.example.org"), server_hello(), *ENCRYPTED, client="203.0.113.70",
                  server="192.0.2.10")


OFFERED = ("<220 submission.example.org ESMTP\r\n", ">EHLO host.example.org\r\n",
           "<250-submission.example.org\r\n250 AUTH PLAIN\r\n")


@CASE("auth-plain-behind-blanks", OFFICE, """A password in clear behind hundreds of blanks, in a line longer than any
      server must take.""", findings=("tls.credentials-clear", "tls.missing", "tls.starttls-not-offered"))
def behind_blanks():
    return spoken(587, *OFFERED, ">AUTH" + " " * 700 + "PLAIN AGEAYg==\r\n", "<235 2.7.0 ok\r\n",
                  server="192.0.2.20")


@CASE("noop-behind-blanks", OFFICE, """A line as long that holds no password: nothing is told of one.""",
      findings=("tls.starttls-not-offered",), absent=("tls.credentials-clear",))
def noop_behind_blanks():
    return spoken(587, *OFFERED, ">NOOP" + " " * 700 + "AUTH PLAIN AGEAYg==\r\n", "<250 2.0.0 ok\r\n",
                  server="192.0.2.20")


def asked_behind_a_page(target):
    """The second request of a connection in clear, with a password."""
    return spoken(80, PAGE, ANSWER, f">POST {target} HTTP/1.1\r\nHost: mail.example.org\r\n"
                  "Authorization: Basic YTpi\r\nContent-Length: 0\r\n\r\n", ANSWER, server="192.0.2.10")


@CASE("activesync-behind-a-long-path", OFFICE, """ActiveSync behind eight hundred bytes of path that lead nowhere, with an
      escape as IIS takes it.""", findings=("tls.credentials-clear", "flow.illegitimate"))
def long_path():
    return asked_behind_a_page("/" + "a/../" * 160 + "%u004dicrosoft-Server-ActiveSync?Cmd=Sync")


@CASE("a-long-path-to-a-page", OFFICE, """As long a path to a page with a password of the web's: no mail.""",
      absent=("tls.credentials-clear", "flow.illegitimate"))
def long_path_to_a_page():
    return asked_behind_a_page("/" + "a/../" * 160 + "index.html?x=/Microsoft-Server-ActiveSync")


def in_utf8(text):
    """The bytes of it as the characters of Latin-1 that talk() writes."""
    return text.encode().decode("latin-1")


def names(in_tls, in_dns):
    asked = query(in_utf8(in_dns), MX)
    return save(talk(993, hello(in_utf8(in_tls)), server_hello(), *ENCRYPTED, server="192.0.2.10") +
                talk(53, ">" + asked, "<" + answer(asked), server=RESOLVER, source=40001, at=1.0))


@CASE("names-in-letters-of-any-writing", OFFICE, """A client of a mailbox server names it in Cyrillic, and a workstation asks
      for the mail servers of a German name, both in UTF-8: they are shown as they were sent.""",
      findings=("sender.mx-lookup",), flows=("imaps legitimate M-01",))
def names_in_letters():
    return names("\u043f\u043e\u0447\u0442\u0430.example.org", "b\u00fccher.example.net")


@CASE("names-with-marks-in-them", OFFICE, """The same with a mark that turns the direction of writing and a control letter of the
      upper half in the names: what steers whoever reads them is not shown.""",
      findings=("sender.mx-lookup",), flows=("imaps legitimate M-01",))
def names_with_marks():
    return names("\u202egro.elpmaxe.\u009b2J.example.org", "b\u00fc\u2066cher.example.net")
