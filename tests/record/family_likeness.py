"""What honest servers say otherwise than most, and services that look like theirs."""

from case import Family
from family_opening import spoken, talk
from frames import save
from matrices import OFFICE

FAMILY = Family()
CASE = FAMILY.case
SECRET = "AGFubgBzM2NyZXQ="
SUBMISSION, MAILBOX, STRANGER = "192.0.2.20", "192.0.2.10", "203.0.113.25"
HELLO = (">EHLO host.example.org\r\n", "<250-mx.example.org\r\n250-AUTH PLAIN LOGIN\r\n250 SIZE\r\n")
BYE = (">QUIT\r\n", "<221 Bye\r\n")
BURST = (">EHLO host.example.org\r\nMAIL FROM:<alice@example.org>\r\nRCPT TO:<bob@example.net>\r\n"
         "DATA\r\nSubject: hello\r\n\r\nhello\r\n")
CLIENT_HELLO = (">\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x03" + 32 * "R"
                + "\x00\x00\x02\xc0\x2f\x01\x00")


def together(*talks):
    """Connections one after the other: each is (server, port, turns)."""
    frames = []
    for index, (server, port, turns) in enumerate(talks):
        frames += talk(port, *turns, server=server, source=40000 + index, at=10.0 * index)
    return save(frames)


@CASE("provider-tokens-clear", OFFICE, """Logins whose mechanism is a provider's own (ATOKEN, X-PLAIN-SUBMIT), and
      LOGIN whose prompts have another code than 334: each hands over what logs in again.""",
      findings=("tls.credentials-clear", "tls.missing", "tls.starttls-not-offered"))
def tokens():
    return together(
        (MAILBOX, 143, ("<* OK ready\r\n", ">a AUTHENTICATE ATOKEN\r\n", "<+\r\n", f">{SECRET}\r\n",
                        "<a OK in\r\n")),
        (SUBMISSION, 587, ("<220 mx.example.org ESMTP\r\n", *HELLO, ">AUTH LOGIN\r\n", "<300 VXNlcm5hbWU6\r\n",
                           ">YW5u\r\n", "<300 UGFzc3dvcmQ6\r\n", ">cHc=\r\n", "<235 in\r\n", *BYE)))


@CASE("login-in-odd-lines", OFFICE, """Logins that a lenient server takes: a NUL in front of AUTH and one behind it, and
      LOGIN with user name and password in its own line.""",
      findings=("tls.credentials-clear", "tls.missing", "tls.starttls-not-offered"))
def odd_lines():
    greeted = ("<220 mx.example.org ESMTP\r\n", *HELLO)
    return together(
        (SUBMISSION, 587, (*greeted, f">\0AUTH PLAIN {SECRET}\r\n", "<235 in\r\n", *BYE)),
        (SUBMISSION, 587, (*greeted, f">AUTH\0 PLAIN {SECRET}\r\n", "<235 in\r\n", *BYE)),
        (SUBMISSION, 587, (*greeted, ">AUTH LOGIN YW5u cHc=\r\n", "<235 in\r\n", *BYE)))


@CASE("greeting-behind-a-mark", OFFICE, """A byte order mark in front of the greeting, as libraries write it by themselves, and
      control bytes in front of another: the dialogues behind them are read.""",
      findings=("tls.credentials-clear", "tls.missing", "sender.illegitimate", "port.unusual"))
def behind_mark():
    return together(
        (MAILBOX, 110, ("<\xef\xbb\xbf", "<+OK ready\r\n", ">USER alice\r\n", "<+OK\r\n", ">\0PASS s3cret\r\n",
                        "<+OK in\r\n")),
        (STRANGER, 8080, ("<\xff\xfb\x01220 mx.example.net\r\n", *HELLO, ">MAIL FROM:<alice@example.org>\r\n", "<250 ok\r\n",
                          ">RCPT TO:<bob@example.net>\r\n", "<250 ok\r\n", ">DATA\r\n", "<354 go on\r\n",
                          ">hello\r\n.\r\n", "<250 ok\r\n", *BYE)))


@CASE("mark-without-a-greeting", OFFICE, """The same bytes in front of what no mail server says: no mail.""",
      absent=("tls.credentials-clear", "sender.illegitimate", "flow.illegitimate"))
def mark_without():
    return together((STRANGER, 8080, ("<\xef\xbb\xbf{}\r\n", ">QUIT\r\n")),
                    (STRANGER, 8081, ("<\xff\xfb\x01login: ", ">alice\r\n", "<Password: ", ">s3cret\r\n")))


@CASE("odd-lines-without-a-login", OFFICE, """The same bytes around a word that is no command: no login.""",
      findings=("tls.starttls-not-offered",), absent=("tls.credentials-clear",))
def odd_lines_without():
    return together((SUBMISSION, 587, ("<220 mx.example.org ESMTP\r\n", *HELLO, f">\0XAUTH PLAIN {SECRET}\r\n",
                                       "<500 what\r\n", f">NOOP\0AUTH PLAIN {SECRET}\r\n", "<250 ok\r\n", *BYE)))


@CASE("provider-mechanisms-without-a-secret", OFFICE, """A mechanism of unknown name, and ATOKEN cancelled before
      anything was sent: no secret crosses.""", absent=("tls.credentials-clear",))
def mechanisms():
    return together(
        (MAILBOX, 143, ("<* OK ready\r\n", ">a AUTHENTICATE X-SECURE-CHIP\r\n", "<+ AAAA\r\n", ">BBBB\r\n",
                        "<a NO no\r\n", ">b AUTHENTICATE ATOKEN\r\n", "<+\r\n", ">*\r\n",
                        "<b BAD aborted\r\n", ">c LOGOUT\r\n", "<* BYE\r\nc OK\r\n")))


@CASE("login-behind-guesses", OFFICE, """Guesses that are refused, on one connection and the next, and then one
      that is right: the login is told although the guesses were.""",
      findings=("tls.credentials-clear", "tls.missing", "tls.starttls-not-offered"))
def guesses():
    greeting = ("<220 mx.example.org ESMTP\r\n", *HELLO)
    wrong = (f">AUTH PLAIN {SECRET}\r\n", "<535 5.7.8 no\r\n")
    right = (f">AUTH PLAIN {SECRET}\r\n", "<235 2.7.0 in\r\n")
    return together((SUBMISSION, 587, (*greeting, *wrong, *wrong, *BYE)),
                    (SUBMISSION, 587, (*greeting, *wrong, *right, *BYE)))


@CASE("services-that-greet-alike", OFFICE, """Services that greet, answer or are asked as mail servers are: a
      pager (SNPP), ACAP, MUPDATE, the replication of Cyrus, a dictionary and FTP on hosts called smtp, a text game
      that is told HELO, the control port of Tor. None of them is mail.""",
      absent=("sender.illegitimate", "flow.illegitimate", "tls.credentials-clear"))
def alike():
    return together(
        (STRANGER, 444, ("<220 smtp.example.net SNPP Gateway Ready\r\n", ">PAGE 5551212\r\n", "<250 ok\r\n",
                         ">DATA\r\n", "<354 go on\r\n", ">hello\r\n.\r\n", "<250 ok\r\n", *BYE)),
        (STRANGER, 674, ('<* ACAP (IMPLEMENTATION "example") (SASL "PLAIN")\r\n', ">a NOOP\r\n",
                         '<a OK "done"\r\n')),
        (STRANGER, 3905, ('<* AUTH "PLAIN"\r\n* OK MUPDATE "x.example.net" "example"\r\n',
                          f'>a AUTHENTICATE "PLAIN" "{SECRET}"\r\n', '<a OK "in"\r\n')),
        (STRANGER, 2005, ("<* OK x.example.net Cyrus sync server v2.4\r\n", ">NOOP\r\n", "<OK done\r\n")),
        (STRANGER, 2628, ("<220 smtp.example.net dictd 1.12\r\n", ">HELP\r\n", "<113 help\r\n.\r\n250 ok\r\n",
                          *BYE)),
        (STRANGER, 2121, ("<220 SMTP-GW01 FTP server ready\r\n", ">NOOP\r\n", "<200 ok\r\n", *BYE)),
        (STRANGER, 7777, ("<WELCOME to the game\r\n", ">HELO ann\r\n", "<2 ok ann\r\n")),
        (STRANGER, 9051, (">PROTOCOLINFO 1\r\n", "<250-PROTOCOLINFO 1\r\n250-AUTH METHODS=NULL\r\n250 OK\r\n",
                          ">QUIT\r\n", "<250 closing connection\r\n")))


@CASE("burst-answered-by-a-web-server", OFFICE, """A client that says EHLO, MAIL and RCPT at once, without a
      greeting: what answers is a web server, and no mail crosses.""",
      absent=("sender.illegitimate", "sender.attempt"))
def burst():
    return spoken(8025, BURST, "<HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


RECITED = ("220 mx.example.net ESMTP\r\n250-mx.example.net\r\n250 AUTH PLAIN\r\n235 2.7.0 in\r\n"
           "250 2.1.0 ok\r\n250 2.1.5 ok\r\n354 go on\r\n250 2.0.0 queued\r\n221 2.0.0 bye\r\n")


@CASE("files-of-a-dialogue", OFFICE, """Files that hold the lines of a mail server, given out in one go: over the data
      connection of FTP, twice, once longer than what is kept of it; by gopher, finger and HTTP/0.9, which are asked
      in one line. Nobody said EHLO, so nothing of it is an answer.""",
      absent=("sender.illegitimate", "flow.illegitimate", "tls.missing", "port.unusual"))
def recited():
    return together(
        (STRANGER, 50123, ("<" + RECITED,)),
        (STRANGER, 50124, ("<Transcripts:\r\n", *6 * ("<" + 3 * RECITED,))),
        (STRANGER, 70, (">/smtp.txt\r\n", "<" + RECITED)),
        (STRANGER, 79, (">alice\r\n", "<Plan:\r\n" + RECITED)),
        (STRANGER, 8080, (">GET /smtp.txt\r\n", "<" + RECITED)))


@CASE("mail-to-who-never-answers", OFFICE, """A client that says a whole mail, and one that says a login of IMAP, to ports
      of nobody's whose listener takes the bytes and never says a word: no mail crosses.""",
      absent=("sender.illegitimate", "flow.illegitimate", "tls.credentials-clear", "sender.attempt"))
def unanswered():
    return together((STRANGER, 4242, (">" + BURST + ".\r\n",)),
                    (STRANGER, 4243, (">a LOGIN alice s3cret\r\n", ">b SELECT INBOX\r\n")))


def asked(request, answer):
    """One request and its answer, and an empty body each."""
    return (f">{request} HTTP/1.1\r\nHost: www.example.net\r\nContent-Length: 0\r\n\r\n",
            f"<HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n")


@CASE("paths-like-exchange-s", OFFICE, """Web servers whose paths are Exchange's by chance: an interface of JSON at /ews/,
      one that wants a token of its own, an appliance and an application of PHP at /owa/, an autodiscover for other
      mail programs, a tunnel of RPC that the server does not know, and one that nobody answers. None of them is
      Exchange, and they say so.""",
      absent=("flow.illegitimate", "port.unusual", "tls.missing", "tls.credentials-clear"))
def by_chance():
    return together(
        (STRANGER, 80, asked("POST /ews/list", "200 OK\r\nContent-Type: application/json")),
        (STRANGER, 80, asked("POST /EWS/token", '401 Unauthorized\r\nWWW-Authenticate: Bearer realm="api"')),
        (STRANGER, 80, asked("GET /owa/", "200 OK\r\nServer: GoAhead-Webs")),
        (STRANGER, 80, asked("GET /owa/", "200 OK\r\nServer: Apache\r\nSet-Cookie: PHPSESSID=1")),
        (STRANGER, 80, asked("POST /autodiscover/autodiscover.xml",
                             "200 OK\r\nContent-Type: text/xml\r\nX-Powered-By: PHP/8.2")),
        (STRANGER, 80, asked("RPC_IN_DATA /rpc/rpcproxy.dll?host:6001", "404 Not Found\r\nServer: nginx")),
        (STRANGER, 80, asked("RPC_IN_DATA /rpc/rpcproxy.dll?host:6001", "")[:1]))


@CASE("burst-with-an-odd-end", OFFICE, """A client that sends all of its mail before the greeting and ends the text
      by a line feed alone: one message to a server without STARTTLS, and nothing smuggled.""",
      findings=("sender.illegitimate",), absent=("smtp.smuggling",))
def odd_end():
    return spoken(25, BURST + ".\n\n", "<220 mx.example.net ESMTP\r\n250-mx.example.net\r\n250 SIZE 1000\r\n",
                  "<250 ok\r\n250 ok\r\n354 go on\r\n250 queued\r\n500 what\r\n")


@CASE("starttls-error-in-clear", OFFICE, """A server that answers the client's hello by an error in clear: the
      handshake failed, and nobody injected anything.""",
      findings=("sender.illegitimate",), absent=("tls.starttls-injection", "tls.starttls-stripped"))
def error():
    return spoken(25, "<220 mx.example.net ESMTP\r\n", ">EHLO host.example.org\r\n",
                  "<250-mx.example.net\r\n250 STARTTLS\r\n", ">STARTTLS\r\n", "<220 go ahead\r\n", CLIENT_HELLO,
                  "<454 4.7.0 TLS failed\r\n")
