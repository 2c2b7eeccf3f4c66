"""How servers answer mail: what a policy refuses or defers, and what is refused for other reasons."""

from case import Family
from clients import dialogue, swaks
from lab import Lab
from matrices import INTERNET_MX, MX_IN, matrix
from servers import postfix

FAMILY = Family()
CASE = FAMILY.case

INWARD = matrix("id: M-05, from: internet, to: mx-in, protocols: [smtp], tls: optional")
TAKEN = ("smtp legitimate M-05",)


def taking(options, talk):
    """Talk from the Internet to the inbound server with these options."""
    with Lab() as lab:
        gateway, there = lab.host("mx-in", MX_IN), lab.host("out", INTERNET_MX)
        postfix(gateway, "mx-in.example.org", options=options)
        lab.capture()
        talk(there)
        return lab.stop_capture()


@CASE("mail-refused-and-deferred", INWARD, """The inbound server puts off one sender, as greylisting does, refuses another one
      and two recipients of a third, whose mail it takes.""", flows=TAKEN * 3)
def policed():
    def talk(there):
        swaks(there, MX_IN, sender="new@example.com", to="alice@example.org")
        swaks(there, MX_IN, sender="offers@example.net", to="alice@example.org")
        swaks(there, MX_IN, sender="carol@example.com", to="alice@example.org,nobody@example.org,none@example.org")
    return taking((
        "smtpd_sender_restrictions = check_sender_access inline:{"
        "{new@example.com = 450 4.7.1 Greylisted, come back}, {offers@example.net = 554 5.7.1 Not from there}}",
        "smtpd_recipient_restrictions = check_recipient_access inline:{"
        "{nobody@example.org = 550 5.1.1 Unknown}, {none@example.org = 550 5.1.1 Unknown}}, permit"), talk)


@CASE("mail-refused-by-no-policy", INWARD, """The inbound server says no to what is no command, to one out of order, to a
      parameter and to an address that it cannot read, and takes the mail: nothing of that is a policy.""", flows=TAKEN)
def unpoliced():
    def talk(there):
        dialogue(there, MX_IN, 25, "<220 ", ">EHLO mx.example.com", "<250 ", ">FROB", "<5",
                 ">RCPT TO:<alice@example.org>", "<503 ", ">MAIL FROM:<carol@example.com> FROB=1", "<555 ",
                 ">MAIL FROM:<carol@example.com>", "<250 ", ">RCPT TO:<@@>", "<501 ",
                 ">RCPT TO:<alice@example.org>", "<250 ", ">DATA", "<354 ", ">Subject: hello", ">", ">hello", ">.",
                 "<250 ", ">QUIT", "<221 ")
    return taking((), talk)
