"""STARTTLS between servers: used, unused, refused, stripped, injected; and port 465."""

from case import Family
from certificates import Authority
from clients import dialogue, s_client, swaks
from lab import Lab
from matrices import (GATEWAY_TO_INTERNET, INTERNET_MX, MAILBOX, MAILBOXES_TO_RELAY, MX_OUT, OFFICE,
                      RELAY, RELAY_TO_GATEWAY, SUBMISSION, WORKSTATION, matrix)
from servers import postfix, tiny

FAMILY = Family()
CASE = FAMILY.case
LEGITIMATE = ("smtp legitimate M-02",)
MESSAGE = (">MAIL FROM:<alice@example.org>", "<250 ", ">RCPT TO:<bob@example.net>", "<250 ",
           ">DATA", "<354 ", "=Subject: hello\\r\\n\\r\\nhello\\r\\n.\\r\\n", "<queued", ">QUIT",
           "<221 ")


def to_relay(client, source=MAILBOX, server=RELAY, name="relay", services=("25",), options=(),
             certificate=True, middlebox=None):
    """A Postfix with STARTTLS; a `middlebox` of ours may stand before it."""
    with Lab() as lab:
        there = lab.host(name, server)
        here = lab.host("sender", source)
        pair = Authority(lab.folder).issue(f"{name}.example.org") if certificate else None
        if middlebox:
            services = ("127.0.0.1:10025",)
        postfix(there, f"{name}.example.org", services, pair, options)
        if middlebox:
            tiny(there, 25, middlebox, "127.0.0.1", "10025")
        lab.capture()
        client(here, server)
        return lab.stop_capture()


@CASE("smtp-starttls-tls12", matrix(MAILBOXES_TO_RELAY), """STARTTLS with TLS 1.2: the certificate can be
      read and is in order.""", absent=("tls.certificate-self-signed",), flows=LEGITIMATE)
def tls12():
    return to_relay(lambda host, server: swaks(host, server, "--tls"),
                    options=("smtpd_tls_protocols = !SSLv2, !SSLv3, !TLSv1, !TLSv1.1, !TLSv1.3",))


@CASE("smtp-starttls-tls13", matrix(MAILBOXES_TO_RELAY), """STARTTLS with TLS 1.3: the certificate is not
      visible and nothing is said about it.""", absent=("tls.certificate-self-signed",),
      flows=LEGITIMATE)
def tls13():
    return to_relay(lambda host, server: swaks(host, server, "--tls"))


@CASE("smtp-starttls-not-offered", OFFICE, """The row wants STARTTLS, the server does not offer it, mail
      goes in clear.""", findings=("tls.missing", "tls.starttls-not-offered"),
      absent=("tls.starttls-stripped",))
def not_offered():
    return to_relay(swaks, certificate=False)


@CASE("smtp-starttls-unused", OFFICE, """The server offers STARTTLS, the client does not ask for it.""",
      findings=("tls.missing", "tls.starttls-unused"))
def unused():
    return to_relay(swaks)


@CASE("smtp-starttls-refused-454", OFFICE, """A Postfix whose key does not fit offers STARTTLS and answers
      454; the client goes on in clear.""", findings=("tls.missing", "tls.starttls-refused"),
      absent=("tls.starttls-unused", "tls.starttls-stripped", "tls.starttls-injection"))
def refused():
    with Lab() as lab:
        there, here = lab.host("relay", RELAY), lab.host("sender", MAILBOX)
        authority = Authority(lab.folder)
        pair = (authority.issue("relay.example.org")[0], authority.issue("other.example.org")[1])
        postfix(there, "relay.example.org", certificate=pair)
        lab.capture()
        swaks(here, RELAY, "--tls-optional")
        return lab.stop_capture()


@CASE("smtp-starttls-stripped-xxxxxxxa", OFFICE, """A middlebox overwrites the offer with XXXXXXXA and the
      greeting with asterisks, as the ESMTP inspection of a firewall does; seen on its client side.""",
      findings=("tls.missing", "tls.starttls-stripped"),
      absent=("tls.starttls-not-offered", "tls.starttls-refused"))
def stripped():
    return to_relay(lambda host, server: swaks(host, server, "--tls-optional"),
                    middlebox="strip-overwrite")


@CASE("smtp-starttls-offer-vanished", OFFICE, """The same server offers STARTTLS in a first session (used),
      and in a second one a middlebox has removed the line: only the history tells.""",
      findings=("tls.missing", "tls.starttls-stripped"), absent=("tls.starttls-not-offered",))
def vanished():
    with Lab() as lab:
        there, here = lab.host("relay", RELAY), lab.host("sender", MAILBOX)
        pair = Authority(lab.folder).issue("relay.example.org")
        postfix(there, "relay.example.org", ("127.0.0.1:10025",), pair)
        tiny(there, 25, "pass", "127.0.0.1", "10025")
        lab.capture()
        swaks(here, RELAY, "--tls")
        lab.end(lab.processes[-2])
        tiny(there, 25, "strip-remove", "127.0.0.1", "10025")
        swaks(here, RELAY, "--tls-optional")
        return lab.stop_capture()


@CASE("smtp-starttls-injection", OFFICE, """The client pipelines a command behind STARTTLS in the same
      segment (the CVE-2011-0411 family), then encrypts.""", findings=("tls.starttls-injection",),
      absent=("tls.missing",))
def injection():
    return to_relay(lambda host, server: dialogue(
        host, server, 25, "<220 ", ">EHLO mail.example.org", "<CHUNKING\\r\\n",
        "=STARTTLS\\r\\nRSET\\r\\n", "<220 2.0.0 Ready to start TLS\\r\\n", "tls",
        ">EHLO mail.example.org", "<CHUNKING\\r\\n", *MESSAGE))


@CASE("smtp-starttls-then-clear", OFFICE, """The server answers 220 to STARTTLS and the client goes on in
      clear all the same.""", findings=("tls.missing", "tls.starttls-injection"),
      absent=("tls.starttls-refused",))
def then_clear():
    with Lab() as lab:
        there, here = lab.host("relay", RELAY), lab.host("sender", MAILBOX)
        tiny(there, 25, "smtp-clear-after-220")
        lab.capture()
        dialogue(here, RELAY, 25, "<220 ", ">EHLO mail.example.org", "<8BITMIME\\r\\n", ">STARTTLS",
                 "<220 ", *MESSAGE)
        return lab.stop_capture()


@CASE("smtps-between-servers", OFFICE, """Implicit TLS on 465 between two mail servers, which no row
      declares.""", findings=("sender.illegitimate", "smtps.implicit"))
def between_servers():
    return to_relay(lambda host, server: swaks(host, server, "--tls-on-connect", "--port", 465),
                    source=RELAY, server=MX_OUT, name="mx-out",
                    services=("465 -o smtpd_tls_wrappermode=yes",))


@CASE("smtps-to-the-internet", matrix("id: M-04, from: mx-out, to: internet, protocols: [smtps], tls: implicit"),
      """Port 465 towards the Internet is reported even where a row declares it.""",
      findings=("smtps.implicit",), absent=("sender.illegitimate",))
def to_the_internet():
    return to_relay(lambda host, server: swaks(host, server, "--tls-on-connect", "--port", 465),
                    source=MX_OUT, server=INTERNET_MX, name="mx",
                    services=("465 -o smtpd_tls_wrappermode=yes",))


@CASE("submissions-to-a-provider", matrix("id: M-04, from: mx-out, to: internet, protocols: [submission, submissions], tls: required"
                                          ).replace("mx-out:       {role: outbound,", "mx-out:       {role: application,"),
      """An application submits at a provider over implicit TLS; a row names submissions.""",
      absent=("sender.illegitimate", "smtps.implicit"))
def to_a_provider():
    return to_the_internet()


@CASE("smtps-implicit-declared", matrix("id: M-06, from: workstations, to: submission, "
      "protocols: [submissions], tls: implicit"), """A workstation submits over implicit TLS on 465 and its
      row says so.""", absent=("smtps.implicit",), flows=("submissions legitimate M-06",))
def declared(source=WORKSTATION):
    return to_relay(lambda host, server: swaks(host, server, "--tls-on-connect", "--port", 465),
                    source=source, server=SUBMISSION, name="submission",
                    services=("465 -o smtpd_tls_wrappermode=yes",))


@CASE("submissions-without-a-row", OFFICE, """A workstation submits over implicit TLS on 465 and its row
      speaks of submission with STARTTLS: under profile anssi 465 needs a row that declares it.""",
      findings=("sender.illegitimate", "smtps.implicit"), flows=("submissions illegitimate",))
def without_a_row():
    return declared()


@CASE("submissions-by-profile", matrix(RELAY_TO_GATEWAY, profile="rfc8314"), """A workstation
      submits over implicit TLS on 465 without a row: profile rfc8314 lets clients (RFC 8314 section 3.3).""",
      absent=("sender.illegitimate", "smtps.implicit"), flows=("submissions legitimate",))
def by_profile():
    return declared()


@CASE("submissions-by-a-server", matrix(RELAY_TO_GATEWAY, profile="rfc8314"), """Under profile rfc8314 a
      mailbox server submits over implicit TLS on 465: RFC 8314 speaks of users, so R42 holds.""",
      findings=("sender.illegitimate", "smtps.implicit"), flows=("submissions illegitimate",))
def by_a_server():
    return declared(source=MAILBOX)


@CASE("gateway-to-internet-starttls", matrix(GATEWAY_TO_INTERNET), """The outbound gateway uses STARTTLS
      towards an Internet server, here with openssl s_client.""", absent=("flow.role-mismatch",),
      flows=("smtp legitimate M-04",))
def gateway_starttls():
    return to_relay(lambda host, server: s_client(
        host, server, 25, "-starttls smtp", lines=("EHLO mx-out.example.org", "QUIT")),
        source=MX_OUT, server=INTERNET_MX, name="mx")
