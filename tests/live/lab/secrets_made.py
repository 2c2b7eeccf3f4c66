"""A capture full of passwords that nobody else has: every way to hand one over in clear, where it belongs and where it does not."""

import base64
import hashlib
import hmac
import itertools

from frames_made import exchange

USER = "zq0-local-part"
SUBJECT, BODY = "zq1-subject-word", "zq2-body-word"
CHALLENGE = "<1896.697170952@mail.example.net>"
_numbers = itertools.count(10)
PASSWORDS = []


def password():
    """One that is new."""
    PASSWORDS.append(f"zq{next(_numbers)}-Secret/Of+Mine")
    return PASSWORDS[-1]


def b64(text):
    return base64.b64encode(text.encode()).decode()


def plain():
    return b64(f"\0{USER}\0{password()}")


def digest(kind):
    """What answers a challenge is no password, but is nobody's business either."""
    secret = password()
    if kind == "apop":
        PASSWORDS.append(hashlib.md5((CHALLENGE + secret).encode()).hexdigest())
    else:
        PASSWORDS.append(hmac.new(secret.encode(), CHALLENGE.encode(), "md5").hexdigest())
    return PASSWORDS[-1]


def bearer():
    return b64(f"user={USER}\1auth=Bearer {password()}\1\1")


def quoted(literal):
    """An IMAP literal: its length, then itself."""
    return f"{{{len(literal)}+}}\r\n{literal}"


SMTP = ["S: 220 mail.example.net ESMTP", "C: EHLO pc.example.org",
        "S: 250-mail.example.net\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN XOAUTH2 CRAM-MD5"]
MAIL = [f"C: MAIL FROM:<{USER}@example.org>", "S: 250 ok", f"C: RCPT TO:<{USER}@example.net>", "S: 250 ok", "C: DATA", "S: 354 go on",
        f"C: From: {USER}@example.org\r\nSubject: {SUBJECT}\r\n\r\n{BODY}\r\n.", "S: 250 taken"]
IMAP = ["S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready"]
POP3 = [f"S: +OK POP3 ready {CHALLENGE}"]
SIEVE = ['S: "IMPLEMENTATION" "one"\r\n"SASL" "PLAIN LOGIN"\r\n"SIEVE" "fileinto"\r\nOK']
AUTHORIZED = "HTTP/1.1\r\nHost: mail.example.net\r\nAuthorization: "

# handed over as the protocols have it: port, and lines of client and server
HANDED_OVER = [
    (25, [*SMTP, f"C: AUTH PLAIN {plain()}", "S: 235 ok", *MAIL]),
    (25, [*SMTP, "C: AUTH PLAIN", "S: 334 ", f"C: {plain()}", "S: 235 ok", *MAIL]),
    (587, [*SMTP, "C: AUTH LOGIN", "S: 334 VXNlcm5hbWU6", f"C: {b64(USER)}", "S: 334 UGFzc3dvcmQ6", f"C: {b64(password())}", "S: 535 no"]),
    (587, [*SMTP, f"C: AUTH LOGIN {b64(USER)}", "S: 334 UGFzc3dvcmQ6", f"C: {b64(password())}", "S: 235 ok"]),
    (2525, [*SMTP, f"C: AUTH XOAUTH2 {bearer()}", "S: 235 ok"]),
    (143, [*IMAP, f'C: a1 LOGIN "{USER}" "{password()}"', "S: a1 OK in"]),
    (143, [*IMAP, f"C: a1 LOGIN {USER} {password()}", "S: a1 NO not so"]),
    (1143, [*IMAP, f"C: a1 LOGIN {quoted(USER)} {quoted(password())}", "S: a1 OK in"]),
    (143, [*IMAP, f"C: a1 AUTHENTICATE PLAIN {plain()}", "S: a1 OK in"]),
    (143, [*IMAP, "C: a1 AUTHENTICATE PLAIN", "S: + ", f"C: {plain()}", "S: a1 OK in"]),
    (110, [*POP3, f"C: USER {USER}", "S: +OK", f"C: PASS {password()} with a blank", "S: +OK in"]),
    (110, [*POP3, "C: AUTH PLAIN", "S: + ", f"C: {plain()}", "S: +OK in"]),
    (4190, [*SIEVE, f'C: AUTHENTICATE "PLAIN" "{plain()}"', "S: OK"]),
    (80, [f"C: POST /Microsoft-Server-ActiveSync?Cmd=Sync&User={USER}&DeviceId=1&DeviceType=x {AUTHORIZED}Basic "
          f"{b64(USER + ':' + password())}\r\nContent-Length: 0\r\n", "S: HTTP/1.1 401 no\r\nContent-Length: 0\r\n"]),
]

# digests, and what is not asked for, comes too early, is refused, repeated by the server, too long or in another protocol's words
ELSEWHERE = [
    (25, [*SMTP, "C: AUTH CRAM-MD5", f"S: 334 {b64(CHALLENGE)}", f"C: {b64(USER + ' ' + digest('cram'))}", "S: 235 ok"]),
    (110, [*POP3, f"C: APOP {USER} {digest('apop')}", "S: +OK in"]),
    (25, [*SMTP, "C: AUTH PLAIN", "S: 504 no", f"C: {plain()}", "S: 500 what", f"C: PASS {password()}", "S: 500 what", *MAIL]),
    (25, [*SMTP, f"C: AUTH {plain()}", "S: 501 what", f"C: AUTH PLAIN{plain()}", "S: 501 what", *MAIL]),
    (25, [*SMTP, f"C: AUTH PLAIN {plain()}{'A' * 1000}", "S: 500 too long", *MAIL]),
    (25, [*SMTP, f"C: STARTTLS\r\nAUTH PLAIN {plain()}", "S: 454 not now", *MAIL]),
    (110, [*POP3, f"C: USER {USER}", "S: +OK", f"C: PASS {password()}", f"S: -ERR wrong password {PASSWORDS[-1]}"]),
    (143, [*IMAP, f'C: a1 login "{USER}" "{password()}', f"S: a1 BAD no end in {PASSWORDS[-1]}"]),
    (143, [*IMAP, f"C: a1 LOGIN {password()}", "S: a1 BAD what", f"C: {password()} NOOP", f"S: {PASSWORDS[-1]} OK"]),
    (25, [*SMTP, f"C: MAIL FROM:<{USER}@example.org> AUTH={password()}", f"S: 550 5.7.1 {PASSWORDS[-1]} is wrong"]),
    (80, [f"C: POST /EWS/Exchange.asmx?password={password()} {AUTHORIZED}Bearer {password()}\r\nContent-Length: 0\r\n",
          "S: HTTP/1.1 200 ok\r\nContent-Length: 0\r\n"]),
    (3128, [f"C: CONNECT mail.example.net:25 HTTP/1.1\r\nHost: mail.example.net:25\r\nProxy-Authorization: Basic "
            f"{b64(USER + ':' + password())}\r\n", "S: HTTP/1.1 200 go on\r\n", *SMTP, f"C: AUTH PLAIN {plain()}", "S: 235 ok", *MAIL]),
]


def frames():
    """All of it, one workstation a dialogue."""
    sent = []
    for host, (port, lines) in enumerate(HANDED_OVER + ELSEWHERE, 70):
        turns = [(line.startswith("C: "), line[3:].encode() + b"\r\n") for line in lines]
        sent += exchange(host, turns, port)
    return sent
