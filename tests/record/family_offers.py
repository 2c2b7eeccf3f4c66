"""How an offer of STARTTLS that worked a minute before is taken away, and what only looks so."""

from case import Family
from family_opening import talk
from frames import save
from matrices import INTERNET_MX, MAILBOX, MX_OUT, OFFICE, RELAY, matrix

FAMILY = Family()
CASE = FAMILY.case

HELLOS = ("16030100630100005f0303" + "52" * 32 + "00" "0004" "1301c02f" "0100" "0032"
          "0000001500130000106d61696c2e6578616d706c652e6f7267" "002b00050403040303" "000a00040002001d"
          "000d000400020403",
          "1603030032" "0200002e0303" + "53" * 32 + "00" "1301" "00" "0006" "002b00020304")
SEALED = "1703030040" + "".join(f"{(number * 89 + 151) % 256:02x}" for number in range(64))


def raw(side, digits):
    return side + bytes.fromhex(digits).decode("latin-1")


TLS = (raw(">", HELLOS[0]), raw("<", HELLOS[1]), raw("<", SEALED), raw(">", SEALED), raw("<", SEALED))
HELLO = ("<220 mx.example.net ESMTP\r\n", ">EHLO mx-out.example.org\r\n",
         "<250-mx.example.net\r\n250-STARTTLS\r\n250 SIZE 1000000\r\n", ">STARTTLS\r\n")
MAIL = (">MAIL FROM:<alice@example.org>\r\n", "<250 2.1.0 Ok\r\n", ">RCPT TO:<bob@example.net>\r\n",
        "<250 2.1.5 Ok\r\n", ">DATA\r\n", "<354 go on\r\n",
        ">DKIM-Signature: v=1; d=example.org; b=bm90LXJlYWw=\r\nSubject: hello\r\n\r\nhello\r\n.\r\n",
        "<250 2.0.0 Ok: queued as 1\r\n")
QUIT = (">QUIT\r\n", "<221 2.0.0 Bye\r\n")
LMTP = matrix("id: M-07, from: relay, to: mailboxes, protocols: [lmtp], tls: starttls")


def behind_a_good_one(port, hello, *turns, **ends):
    good = talk(port, *hello, "<220 2.0.0 go ahead\r\n", *TLS, **ends)
    return save(good + talk(port, *hello, *turns, source=40001, at=60.0, **ends))


@CASE("smtp-starttls-no-go-ahead", OFFICE, """Somebody answers STARTTLS with 250 where the server said 220 a minute
      before, and the mail goes in clear.""", findings=("tls.starttls-stripped",),
      flows=("smtp legitimate M-04", "smtp legitimate M-04"))
def no_go_ahead():
    return behind_a_good_one(25, HELLO, "<250 2.0.0 Ok\r\n", *MAIL, *QUIT, client=MX_OUT, server=INTERNET_MX)


@CASE("smtp-starttls-mask-of-records", OFFICE, """Both ends play TLS: hellos, and then records whose content is the clear
      dialogue.""", findings=("tls.starttls-injection",))
def mask():
    def record(turn):
        content = turn[1:].encode()
        return raw(turn[0], f"170303{len(content):04x}" + content.hex())
    return save(talk(25, *HELLO, "<220 2.0.0 go ahead\r\n", *TLS[:2], *map(record, MAIL),
                     client=MX_OUT, server=INTERNET_MX))


@CASE("smtp-starttls-refused-and-gone", OFFICE, """The same server has no TLS for the moment, and the client goes:
      nothing crossed in clear.""", absent=("tls.starttls-stripped", "tls.starttls-injection"))
def refused_and_gone():
    return behind_a_good_one(25, HELLO, "<454 4.7.0 TLS not available due to temporary reason\r\n", *QUIT,
                             client=MX_OUT, server=INTERNET_MX)


@CASE("lmtp-starttls-refused-anew", LMTP, """A mailbox server refuses STARTTLS to LMTP where it took it a minute
      before.""", findings=("tls.starttls-stripped", "tls.missing"), absent=("tls.starttls-refused",))
def lmtp_refused():
    hello = ("<220 store.example.org LMTP\r\n", ">LHLO relay.example.org\r\n", *HELLO[2:])
    return behind_a_good_one(24, hello, "<502 5.5.1 no such command\r\n", *MAIL, *QUIT, client=RELAY, server=MAILBOX)


def asked(client, is_offered, number):
    """A message to our inbound gateway, number minutes behind the first one."""
    offer = "250-STARTTLS\r\n" if is_offered else ""
    return talk(25, "<220 mx-in.example.org ESMTP\r\n", ">EHLO mail.example.net\r\n",
                f"<250-mx-in.example.org\r\n{offer}250 SIZE 1000000\r\n", *MAIL, *QUIT, client=client,
                server="198.51.100.3", source=40000 + number, at=60.0 * number)


@CASE("smtp-starttls-for-some", OFFICE, """Our inbound gateway offers STARTTLS to some senders and, by their addresses, not to
      others: told once, and then what the row wants; a sender that had it and loses it is told in full.""",
      findings=("tls.starttls-stripped", "tls.starttls-not-offered"), flows=("smtp legitimate M-05",) * 3 +
      ("smtp illegitimate",) * 4)
def for_some():
    had, never, another = (f"203.0.113.{number}" for number in (61, 62, 63))
    turns = ((had, True), (never, False), (had, True), (never, False), (another, False), (had, True), (had, False))
    return save(sum((asked(client, is_offered, number) for number, (client, is_offered) in enumerate(turns)), []))
