"""Letters that hold what looks like a dialogue: anybody may write them, and they accuse nobody."""

from case import Family
from family_opening import spoken, talk
from frames import save
from matrices import ACCESS, INTERNET_MX, MAILBOX, MX_IN, OFFICE, matrix

FAMILY = Family()
CASE = FAMILY.case

HELLO = ("<220 mx-in.example.org ESMTP\r\n", ">EHLO mail.example.net\r\n",
         "<250-mx-in.example.org\r\n250-STARTTLS\r\n250 SIZE 1000000\r\n")
ENVELOPE = (">MAIL FROM:<carol@example.net>\r\n", "<250 2.1.0 Ok\r\n", ">RCPT TO:<alice@example.org>\r\n",
            "<250 2.1.5 Ok\r\n", ">DATA\r\n", "<354 go on\r\n")
TAKEN = ("<250 2.0.0 Ok: queued as 1\r\n", ">QUIT\r\n", "<221 2.0.0 Bye\r\n")


def letter(text):
    return spoken(25, *HELLO, *ENVELOPE, f">Subject: hello\r\n\r\n{text}\r\n.\r\n", *TAKEN,
                  client=INTERNET_MX, server=MX_IN)


@CASE("smtp-smuggling-by-cr", OFFICE, """A letter to our gateway holds CR.CR and a second envelope behind it:
      some servers take a lone CR for the end of a line. One reply comes, and it is told all the
      same.""", findings=("smtp.smuggling",), absent=("sender.illegitimate",), flows=("smtp legitimate M-05",))
def smuggled():
    return letter("hello\r.\rMAIL FROM:<alice@example.org>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nhello")


@CASE("letter-with-lone-cr", OFFICE, """A letter with lone CR around a dot, and text behind it: no command, no
      smuggling.""", absent=("smtp.smuggling",), flows=("smtp legitimate M-05",))
def with_cr():
    return letter("one line\r.\rand mail from an old Macintosh\r\nbye")


def burst(text):
    return spoken(25, *HELLO, "".join(turn if turn is ENVELOPE[0] else turn[1:] for turn in ENVELOPE[::2]) + text,
                  "<250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n", ">QUIT\r\n", "<221 Bye\r\n",
                  client=INTERNET_MX, server=MX_IN)


@CASE("smtp-smuggling-in-a-burst", OFFICE, """A client that did not wait for the 354 sends its letter in one piece with the envelope,
      and in it LF.LF and a second envelope: one reply comes, and it is told all the same.""",
      findings=("smtp.smuggling",), absent=("sender.illegitimate",), flows=("smtp legitimate M-05",))
def smuggled_in_a_burst():
    return burst("Subject: hello\r\n\r\nhello\n.\nMAIL FROM:<alice@example.org>\r\nRCPT TO:<bob@example.org>\r\n"
                 "DATA\r\nhello\r\n.\r\n")


@CASE("burst-with-lone-cr", OFFICE, """The same with a lone CR around a dot, text behind that, and the end of data: nothing
      smuggled.""", absent=("smtp.smuggling",), flows=("smtp legitimate M-05",))
def lone_cr_in_a_burst():
    return burst("Subject: hello\r\n\r\none line\r.\rand another\r\n.\r\n")


@CASE("imap-letter-about-imap", matrix(ACCESS), """A letter that quotes an IMAP server whose offer was overwritten is
      read by IMAP, and the capture lost the beginning of it: nobody took anything away.""",
      findings=("tls.missing", "tls.starttls-not-offered"), absent=("tls.starttls-stripped",))
def letter_fetched():
    return spoken(143, "<* OK [CAPABILITY IMAP4rev1] ready\r\n", ">a1 AUTHENTICATE CRAM-MD5\r\n",
                  "<+ PDE+\r\n", ">YWxpY2UgMDAxMQ==\r\n", "<a1 OK in\r\n", ">a2 FETCH 1 BODY[]\r\n",
                  "<* 1 FETCH (BODY[] {1200}\r\n", "{" + "x" * 1300 + "\r\n",
                  "<* CAPABILITY IMAP4rev1 XXXXXXXX\r\nx1 OK [CAPABILITY IMAP4rev1] LOGIN completed\r\n",
                  "<)\r\na2 OK done\r\n", ">a3 LOGOUT\r\n", "<* BYE bye\r\na3 OK bye\r\n", server=MAILBOX)


@CASE("pop3-login-server-side-only", matrix(ACCESS), """Of a login by POP3 only the server's answers were captured, and they
      say nothing of a login: their order does (RFC 1939).""", findings=("tls.missing",),
      absent=("tls.credentials-clear",))
def pop3_answers():
    return spoken(110, "<+OK ready\r\n", "}USER alice\r\n", "<+OK weiter\r\n", "}PASS not-seen\r\n",
                  "<+OK fertig\r\n", "}STAT\r\n", "<+OK 2 320\r\n", "}QUIT\r\n", "<+OK bis bald\r\n",
                  server=MAILBOX)


@CASE("pop3-no-login-server-side-only", matrix(ACCESS), """The same where the user's name was taken and nothing else: no
      login.""", absent=("tls.missing", "tls.credentials-clear"))
def pop3_no_login():
    return spoken(110, "<+OK ready\r\n", "}USER alice\r\n", "<+OK alice is a valid mailbox\r\n", "}QUIT\r\n",
                  "<+OK bye\r\n", server=MAILBOX)


HOWTO = ("Subject: how mail works\r\n\r\nEHLO mail.example.net\r\n250-mx.example.org\r\n250-XXXXXXXA\r\n"
         "250 AUTH PLAIN\r\nAUTH PLAIN AGEAYg==\r\n235 2.7.0 in\r\nSTARTTLS\r\n220 go on\r\n")


@CASE("letter-ahead-of-354", OFFICE, """A letter about mail, sent to our gateway in one burst with its envelope and before the
      server says 354: its lines are no commands.""",
      absent=("tls.credentials-clear", "tls.starttls-stripped", "tls.starttls-injection"),
      flows=("smtp legitimate M-05",))
def ahead():
    return spoken(25, *HELLO, ">MAIL FROM:<carol@example.net>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\n" + HOWTO
                  + ".\r\nQUIT\r\n", "<250 ok\r\n250 ok\r\n354 go on\r\n250 queued\r\n221 Bye\r\n",
                  client=INTERNET_MX, server=MX_IN)


@CASE("login-behind-a-refused-data", OFFICE, """Nearly the same to our submission server, which refuses DATA: what stands
      behind it is a command, and a password in clear.""",
      findings=("tls.credentials-clear", "tls.missing", "tls.starttls-not-offered"))
def behind_data():
    return spoken(587, "<220 submission.example.org ESMTP\r\n", ">EHLO host.example.org\r\n",
                  "<250-submission.example.org\r\n250 AUTH PLAIN\r\n", ">DATA\r\nAUTH PLAIN AGEAYg==\r\n",
                  "<554 5.5.1 no recipients\r\n235 2.7.0 in\r\n", ">QUIT\r\n", "<221 Bye\r\n", server="192.0.2.20")


@CASE("letter-about-smtp-midstream", OFFICE, """The capture begins inside a letter about SMTP that is read by IMAP,
      and inside one that goes to our gateway: the replies in them are nobody's.""",
      absent=("sender.illegitimate", "flow.role-mismatch", "tls.starttls-stripped", "tls.credentials-clear"))
def joined():
    read = talk(143, "<" + HOWTO + ")\r\na2 OK done\r\n", ">a3 LOGOUT\r\n", "<* BYE bye\r\na3 OK bye\r\n",
                server=MAILBOX)
    sent = talk(25, ">" + HOWTO + ".\r\n", "<250 queued\r\n", ">QUIT\r\n", "<221 Bye\r\n", client=INTERNET_MX,
                server=MX_IN, source=40001, at=10.0)
    return save(read[3:] + sent[3:])


OTHERS = ('AUTHENTICATE "PLAIN" "AGEAYg=="\r\nLISTSCRIPTS\r\n"main" ACTIVE\r\nLHLO relay.example.net\r\n250 ok\r\n'
          "+OK ready <1.2@example.net>\r\nUSER alice\r\n+OK\r\nPASS s3cret\r\n+OK in\r\nCAPA\r\n+OK\r\nSTLS\r\n")


@CASE("letter-about-other-mail", OFFICE, """The capture begins inside a letter to our gateway that quotes ManageSieve, LMTP and
      POP3: it is SMTP that carries it.""", absent=("flow.illegitimate", "port.unusual", "tls.credentials-clear"))
def about_others():
    return save(talk(25, ">" + OTHERS, ">" + OTHERS + ".\r\n", "<250 queued\r\n", ">QUIT\r\n", "<221 Bye\r\n",
                     client=INTERNET_MX, server=MX_IN)[3:])


@CASE("files-about-mail", OFFICE, """Files about mail are fetched, sent and joined in mid-stream from hosts of the Internet, on ports of
      nobody; and one packet that nobody was seen to ask for quotes our gateway without STARTTLS: what one
      end says, and the other does not answer, is no dialogue.""",
      absent=("sender.illegitimate", "flow.illegitimate", "tls.starttls-stripped", "tls.credentials-clear"))
def files():
    text = "a file\r\n220 mx ESMTP\r\n" + HOWTO + OTHERS
    fetched = talk(40021, "<" + text)
    sent = talk(40022, ">" + text, source=40001, at=10.0)
    page = talk(80, "<" + text, ">GET /next HTTP/1.1\r\nHost: www.example.net\r\n\r\n",
                "<HTTP/1.1 304 Not Modified\r\n\r\n", source=40002, at=20.0)
    packet = talk(25, "<250-mx-in.example.org\r\n250-XXXXXXXA\r\n250 SIZE\r\n", client=INTERNET_MX, server=MX_IN,
                  source=40003, at=30.0)
    return save(fetched + sent + page[3:] + packet[3:4])


SIEVE = ('<"IMPLEMENTATION" "mail"\r\n"SASL" "PLAIN"\r\n"SIEVE" "fileinto"\r\nOK "ready"\r\n',
         '>NOOP "x {500+}\r\n', '<NO "Invalid string"\r\n')


@CASE("sieve-login-in-octets", OFFICE, """A client announces 500 octets inside a quoted string: ManageSieve refuses the line, and reads what
      follows as a login with a password.""",
      findings=("tls.credentials-clear", "tls.missing", "tls.starttls-not-offered"), flows=("sieve illegitimate",))
def in_octets():
    return spoken(4190, *SIEVE, '>AUTHENTICATE "PLAIN" "AGFsaWNlAG5vdC1hLXJlYWwtc2VjcmV0LTE="\r\n', '<OK "in"\r\n',
                  ">LOGOUT\r\n", '<OK "bye"\r\n', server=MAILBOX)


PREAUTH = "<* PREAUTH [CAPABILITY IMAP4rev1 LITERAL+] ready\r\n"
LETTER = ("Subject: how to log in\r\n\r\nx1 LOGIN alice not-a-real-secret-1\r\nx2 AUTHENTICATE PLAIN\r\n"
          "AGFsaWNlAG5vdC1hLXJlYWwtc2VjcmV0LTE=\r\n")


@CASE("imap-letter-refused", OFFICE, """A letter about IMAP is put away twice, and refused: the octets that the client sends all the same hold
      no login of anybody.""", findings=("tls.missing",), absent=("tls.credentials-clear",),
      flows=("imap illegitimate",))
def refused_letter():
    return spoken(143, PREAUTH, f">a1 APPEND Sent {{{len(LETTER)}}}\r\n", "<a1 NO [TRYCREATE] no such mailbox\r\n",
                  f">{LETTER}\r\n", f">a2 APPEND Sent {{{len(LETTER)}+}}\r\n", "<a2 NO [TRYCREATE] no such mailbox\r\n",
                  f">{LETTER}\r\n", ">a3 LOGOUT\r\n", "<* BYE bye\r\na3 OK bye\r\n", server=MAILBOX)


@CASE("imap-login-in-octets", OFFICE, """Nearly the same: what stands in the octets of a literal that the server refuses is answered, and so it
      was a login with a password.""", findings=("tls.credentials-clear", "tls.missing", "tls.starttls-not-offered"),
      flows=("imap illegitimate",))
def octets_answered():
    return spoken(143, "<* OK [CAPABILITY IMAP4rev1 LITERAL+] ready\r\n", ">a1 LOGIN {500+}\r\n",
                  "<a1 BAD Literal too long\r\n", ">a2 LOGIN alice not-a-real-secret-1\r\n", "<a2 OK in\r\n",
                  ">a3 LOGOUT\r\n", "<* BYE bye\r\na3 OK bye\r\n", server=MAILBOX)


@CASE("pop3-letter-server-side-only", OFFICE, """Of POP3 only the server's frames were captured, and a letter in there quotes servers of IMAP and SMTP:
      it is POP3 that carries it.""", findings=("tls.missing",),
      absent=("sender.illegitimate", "flow.illegitimate", "port.unusual", "tls.credentials-clear"),
      flows=("pop3 illegitimate",))
def pop3_alone():
    frames = talk(110, "<+OK <1896.697170952@mail.example.org>\r\n", ">USER alice\r\n", "<+OK\r\n", ">PASS not-seen\r\n",
                  "<+OK\r\n", ">RETR 1\r\n", "<+OK\r\nSubject: hello\r\n\r\n* 3 EXISTS\r\na1 OK done\r\n"
                  "250-mx.example.net\r\n250-AUTH PLAIN\r\n250 SIZE\r\n.\r\n", ">QUIT\r\n", "<+OK\r\n", server=MAILBOX, source=40002)
    return save([kept for kept in frames if kept[1][26:30] == bytes((192, 0, 2, 10))])
