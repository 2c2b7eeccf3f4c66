"""Users reading mail: IMAP, POP3 and ManageSieve of a real Dovecot."""

from case import Family
from certificates import Authority
from clients import curl, dialogue, s_client, swaks
from lab import Lab
from matrices import ACCESS, MAILBOX, OFFICE, WORKSTATION, matrix
from dummies import PASSWORD, USER
from servers import dovecot, tiny

FAMILY = Family()
CASE = FAMILY.case
CLEAR_ROW = matrix(ACCESS.replace("tls: required", "tls: optional"))
LENGTH = len(PASSWORD)
PLAIN = "AGFsaWNlAG5vdC1hLXJlYWwtc2VjcmV0LTE="
CLEAR = ("tls.credentials-clear", "tls.missing")
BASE64_STEPS = ("<+ ", f">{PLAIN}")


def access(protocols, client, certificate=True, options=""):
    with Lab() as lab:
        there, here = lab.host("mailbox", MAILBOX), lab.host("workstation", WORKSTATION)
        pair = Authority(lab.folder).issue("mail.example.org") if certificate else None
        dovecot(there, [*protocols, "lmtp"], pair, options)
        # Something to read, delivered before the capture.
        swaks(here, MAILBOX, "--protocol", "LMTP", "--port", 24, to="alice@example.org")
        lab.capture()
        client(here)
        return lab.stop_capture()


def imap_dialogue(*steps, certificate=True):
    return access(["imap"], lambda host: dialogue(
        host, MAILBOX, 143, "<ready.\\r\\n", *steps, ">a9 LOGOUT", "<a9 OK"), certificate)


@CASE("imap-login-clear", OFFICE, """IMAP LOGIN with a password in clear and one message read, although the
      server offers STARTTLS.""", findings=(*CLEAR, "tls.starttls-unused"))
def login_clear():
    return imap_dialogue(f">a1 LOGIN {USER} {PASSWORD}", "<a1 OK", ">a2 SELECT INBOX", "<a2 OK",
                         ">a3 FETCH 1 BODY[TEXT]", "<a3 OK")


@CASE("imap-authenticate-plain", OFFICE, """AUTHENTICATE PLAIN in clear, the response on its own line; no
      STARTTLS offered.""", findings=(*CLEAR, "tls.starttls-not-offered"))
def authenticate_plain():
    return imap_dialogue(">a1 AUTHENTICATE PLAIN", *BASE64_STEPS, "<a1 OK", certificate=False)


@CASE("imap-literal-login", OFFICE, """LOGIN whose user and password are literals ({n} and a wait for `+`);
      the password is a line of its own.""", findings=(*CLEAR, "tls.starttls-not-offered"))
def literal_login():
    return imap_dialogue(">a1 LOGIN {5}", "<+ ", f">{USER} {{{LENGTH}}}", "<+ ", f">{PASSWORD}",
                         "<a1 OK", certificate=False)


@CASE("imap-cram-md5-clear", CLEAR_ROW, """AUTHENTICATE CRAM-MD5 in clear where the row allows clear, by
      curl.""", absent=("tls.credentials-clear", "tls.missing"), flows=("imap legitimate M-01",))
def imap_cram():
    return access(["imap"], lambda host: curl(
        host, f"imap://{MAILBOX}/INBOX;UID=1", "--login-options", "AUTH=CRAM-MD5"),
        certificate=False)


@CASE("imap-starttls", OFFICE, """curl reads a message over IMAP with STARTTLS.""", absent=CLEAR,
      flows=("imap legitimate M-01",))
def imap_starttls():
    return access(["imap"], lambda host: curl(host, f"imap://{MAILBOX}/INBOX;UID=1", "--ssl-reqd"))


def tiny_imap(what, *steps):
    with Lab() as lab:
        there, here = lab.host("mailbox", MAILBOX), lab.host("workstation", WORKSTATION)
        tiny(there, 143, what)
        lab.capture()
        dialogue(here, MAILBOX, 143, "<ready", *steps, ">a9 LOGOUT", "<a9 OK")
        return lab.stop_capture()


@CASE("imap-preauth", OFFICE, """A server greets with PREAUTH: the session is authenticated at once, where
      STARTTLS is no longer possible, and mail is read in clear.""", findings=("tls.missing",),
      absent=("tls.credentials-clear", "tls.starttls-unused"))
def preauth():
    return tiny_imap("imap-preauth", ">a1 SELECT INBOX", "<a1 OK", ">a2 FETCH 1 BODY[TEXT]",
                     "<a2 OK")


@CASE("imap-starttls-refused", OFFICE, """The server offers STARTTLS and answers NO; the client logs in in
      clear.""", findings=(*CLEAR, "tls.starttls-refused"), absent=("tls.starttls-unused",))
def imap_refused():
    return tiny_imap("imap-refusing", ">a1 STARTTLS", "<a1 NO", f">a2 LOGIN {USER} {PASSWORD}",
                     "<a2 OK", ">a3 SELECT INBOX", "<a3 OK")


@CASE("imaps-tls13", OFFICE, """IMAPS with TLS 1.3 by curl.""", flows=("imaps legitimate M-01",))
def imaps_tls13():
    return access(["imaps"], lambda host: curl(host, f"imaps://{MAILBOX}/INBOX;UID=1",
                                               "--tlsv1.3"))


def user_pass(*steps):
    return access(["pop3"], lambda host: dialogue(
        host, MAILBOX, 110, "<ready", *steps, f">USER {USER}", "<+OK", f">PASS {PASSWORD}", "<+OK",
        ">RETR 1", "<\\r\\n.\\r\\n", ">QUIT", "<+OK"))


@CASE("pop3-userpass", OFFICE, """CAPA shows STLS, the client sends USER and PASS in clear and fetches a
      message.""", findings=(*CLEAR, "tls.starttls-unused"))
def userpass():
    return user_pass(">CAPA", "<\\r\\n.\\r\\n")


@CASE("pop3-userpass-without-capa", OFFICE, """USER and PASS in clear without asking CAPA first: nothing
      shows whether STLS is offered.""", findings=CLEAR,
      absent=("tls.starttls-not-offered", "tls.starttls-unused"))
def userpass_without_capa():
    return user_pass()


@CASE("pop3-auth-plain-clear", OFFICE, """AUTH PLAIN in clear by curl; STLS is offered.""",
      findings=(*CLEAR, "tls.starttls-unused"))
def pop3_auth_plain():
    return access(["pop3"], lambda host: curl(host, f"pop3://{MAILBOX}/1", "--login-options",
                                              "AUTH=PLAIN"))


@CASE("pop3-apop", CLEAR_ROW, """APOP: no reusable secret crosses; the row allows clear.""",
      absent=("tls.credentials-clear",), flows=("pop3 legitimate M-01",))
def apop():
    return access(["pop3"], lambda host: curl(host, f"pop3://{MAILBOX}/1", "--login-options",
                                              "AUTH=+APOP"), certificate=False)


@CASE("pop3-stls", OFFICE, """POP3 with STLS by curl.""", absent=CLEAR,
      flows=("pop3 legitimate M-01",))
def stls():
    return access(["pop3"], lambda host: curl(host, f"pop3://{MAILBOX}/1", "--ssl-reqd"))


@CASE("pop3s", OFFICE, """POP3 over implicit TLS by curl.""", flows=("pop3s legitimate M-01",))
def pop3s():
    return access(["pop3s"], lambda host: curl(host, f"pop3s://{MAILBOX}/1"))


@CASE("sieve-starttls", OFFICE, """ManageSieve with STARTTLS by openssl s_client.""", absent=CLEAR,
      flows=("sieve legitimate M-01",))
def sieve_starttls():
    return access(["sieve"], lambda host: s_client(
        host, MAILBOX, 4190, "-starttls sieve", lines=(f'AUTHENTICATE "PLAIN" "{PLAIN}"',
                                                       "LISTSCRIPTS", "LOGOUT")))


@CASE("sieve-clear-auth", OFFICE, """ManageSieve AUTHENTICATE PLAIN in clear; STARTTLS is not offered.""",
      findings=(*CLEAR, "tls.starttls-not-offered"))
def sieve_clear():
    return access(["sieve"], lambda host: dialogue(
        host, MAILBOX, 4190, "<ready", f'>AUTHENTICATE "PLAIN" "{PLAIN}"', "<OK", ">LISTSCRIPTS",
        "<OK", ">LOGOUT", "<OK"), certificate=False)


@CASE("ipv6-native", OFFICE, """imap-login-clear over IPv6.""",
      findings=(*CLEAR, "tls.starttls-unused"))
def ipv6():
    with Lab() as lab:
        there = lab.host("mailbox", "2001:db8:1::10")
        here = lab.host("workstation", "2001:db8:1:64::70")
        dovecot(there, ["imap"], Authority(lab.folder).issue("mail.example.org"))
        lab.capture()
        dialogue(here, "2001:db8:1::10", 143, "<ready.\\r\\n", f">a1 LOGIN {USER} {PASSWORD}",
                 "<a1 OK", ">a2 SELECT INBOX", "<a2 OK", ">a9 LOGOUT", "<a9 OK")
        return lab.stop_capture()
