"""Who may talk to whom: roles, zones and the gateway's own rules."""

from case import Family
from certificates import Authority
from clients import curl, swaks
from lab import Lab
from matrices import (ACCESS, INTERNET_CLIENT, INTERNET_MX, INTERNET_TO_GATEWAY, MAILBOX, MX_IN,
                      MX_OUT, OFFICE, OPTIONAL, RELAY, WORKSTATION, matrix)
from servers import dovecot, postfix, tiny

FAMILY = Family()
CASE = FAMILY.case
DKIM = ("DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=k1; h=from; bh=bm90LXJlYWw=; "
        "b=bm90LXJlYWw=")


def send(source, server, *options, **envelope):
    with Lab() as lab:
        there, here = lab.host("mx", server), lab.host("sender", source)
        postfix(there, "mx.example.net")
        lab.capture()
        swaks(here, server, *options, **envelope)
        return lab.stop_capture()


@CASE("relay-chained", OFFICE, """The internal relay talks straight to an Internet server instead of the
      gateway.""", findings=("sender.illegitimate", "relay.chained"), flows=("smtp illegitimate",))
def chained():
    return send(RELAY, INTERNET_MX, "--add-header", DKIM)


@CASE("gateway-sends-and-receives", matrix(
      "id: M-04, from: mx-in, to: internet, protocols: [smtp], tls: optional",
      "id: M-05, from: internet, to: mx-in, protocols: [smtp], tls: optional"),
      """One gateway server receives from the Internet and sends to it, and the rows let it; the first
      message carries what the checks of mail on its way want to see.""",
      findings=("gateway.send-receive-mixed",), absent=("sender.illegitimate", "flow.role-mismatch"),
      flows=("smtp legitimate M-04", "smtp legitimate M-05"))
def mixed():
    with Lab() as lab:
        gateway, internet = lab.host("mx-in", MX_IN), lab.host("mx", INTERNET_MX)
        postfix(gateway, "mx-in.example.org")
        postfix(internet, "mx.example.net")
        lab.capture()
        swaks(internet, MX_IN, sender="carol@example.com", to="alice@example.org")
        swaks(gateway, INTERNET_MX, "--add-header", DKIM)
        return lab.stop_capture()


@CASE("gateway-split", OFFICE, """One gateway server receives from the Internet and another sends to it,
      as R36 has it.""", absent=("gateway.send-receive-mixed",),
      flows=("smtp legitimate M-04", "smtp legitimate M-05"))
def split():
    with Lab() as lab:
        outer, inner = lab.host("mx-in", MX_IN), lab.host("mx-out", MX_OUT)
        internet = lab.host("mx", INTERNET_MX)
        certificate = Authority(lab.folder).issue("mx-in.example.org")
        postfix(outer, "mx-in.example.org", certificate=certificate)
        postfix(internet, "mx.example.net")
        lab.capture()
        swaks(internet, MX_IN, sender="carol@example.com", to="alice@example.org")
        swaks(inner, INTERNET_MX, "--add-header", DKIM)
        return lab.stop_capture()


INWARD = ("id: M-07, from: relay, to: mailboxes, protocols: [smtp], tls: optional",)
RELAYING = ("default_transport = smtp:[192.0.2.10]", "relay_transport = smtp:[192.0.2.10]")


def two_hops(giver):
    """The relay, a real Postfix, passes on to the mailbox server what it is given."""
    with Lab() as lab:
        here, relay = lab.host("giver", giver), lab.host("relay", RELAY)
        mailbox = lab.host("mailbox", MAILBOX)
        postfix(relay, "relay.example.org", options=RELAYING)
        postfix(mailbox, "mail.example.org")
        lab.capture()
        swaks(here, RELAY, "--add-header", "Authentication-Results: mx-in.example.org; spf=pass",
              sender="carol@example.com", to="alice@example.org")
        return lab.stop_capture(settle_s=3)


@CASE("relay-chained-two-hops", matrix(*INWARD), """The inbound gateway server hands mail to the internal
      relay, which no row lets it do, and the relay passes it on to the mailboxes: the queue id tells
      that it is the same message.""",
      findings=("sender.illegitimate", "relay.chained", "tls.starttls-not-offered"),
      flows=("smtp illegitimate", "smtp legitimate M-07"))
def chained_two_hops():
    return two_hops(MX_IN)


@CASE("relay-not-chained", matrix("id: M-08, from: mx-in, to: relay, protocols: [smtp], tls: optional",
      *INWARD), """The same, and a row lets the inbound server hand mail to the relay: that is the work of
      both.""", absent=("relay.chained", "sender.illegitimate"),
      flows=("smtp legitimate M-07", "smtp legitimate M-08"))
def not_chained():
    return two_hops(MX_IN)


@CASE("relay-given-from-inside", matrix(*INWARD), """An undeclared host of the inside hands mail to the relay:
      an illegitimate sender, and no exposed server.""", findings=("sender.illegitimate",),
      absent=("relay.chained",), flows=("smtp illegitimate", "smtp legitimate M-07"))
def given_by_inside():
    return two_hops("192.0.2.11")


MANY = [f"203.0.113.{number}" for number in range(31, 36)]


def spread(source, servers):
    with Lab() as lab:
        there, here = lab.host("mx", *servers), lab.host("sender", source)
        postfix(there, "mx.example.net")
        lab.capture()
        for server in servers:
            swaks(here, server)
        return lab.stop_capture()


@CASE("sender-fans-out", OFFICE, """A workstation delivers to five foreign servers by itself: from the fifth
      on it is critical.""", findings=("sender.illegitimate",),
      flows=("smtp illegitimate",) * 5)
def fans_out():
    return spread(WORKSTATION, MANY)


@CASE("sender-few-servers", OFFICE, """A workstation sends to two foreign servers: illegitimate, and no
      fan.""", findings=("sender.illegitimate",), flows=("smtp illegitimate",) * 2)
def few():
    return spread(WORKSTATION, MANY[:2])


@CASE("outbound-server-fans-out", OFFICE, """The outbound server delivers to five foreign servers, which is
      its work.""", absent=("sender.illegitimate",), flows=("smtp legitimate M-04",) * 5)
def outbound_fans_out():
    with Lab() as lab:
        there, here = lab.host("mx", *MANY), lab.host("sender", MX_OUT)
        postfix(there, "mx.example.net")
        lab.capture()
        for server in MANY:
            swaks(here, server, "--add-header", DKIM)
        return lab.stop_capture()


@CASE("workstation-to-outbound-server", OFFICE, """A workstation hands mail to the outbound server, which
      takes it from mail servers only (R36).""", findings=("flow.role-mismatch",),
      absent=("sender.illegitimate",), flows=("smtp illegitimate",))
def to_outbound():
    return send(WORKSTATION, MX_OUT)


@CASE("inbound-server-sends-out", OFFICE, """The inbound gateway server sends to the Internet, which only
      the outbound one may: the roles exclude it, and that alone is told.""",
      findings=("flow.role-mismatch",), absent=("sender.illegitimate",),
      flows=("smtp illegitimate",))
def inbound_sends():
    return send(MX_IN, INTERNET_MX, "--add-header", DKIM)


@CASE("internet-to-gateway-without-starttls", matrix(INTERNET_TO_GATEWAY), """An Internet server delivers in
      clear to the inbound gateway, which does not offer STARTTLS although its row wants it offered.""",
      findings=("tls.starttls-not-offered",), absent=("tls.missing",))
def inbound_not_offered():
    return send(INTERNET_MX, MX_IN, sender="carol@example.com", to="alice@example.org")


@CASE("header-internal-leak", OPTIONAL, """A clear message leaves the outbound server with an internal
      address in a Received header; it is signed.""", findings=("header.internal-leak",),
      absent=("authentication.missing",), flows=("smtp legitimate M-04",))
def leak():
    return send(MX_OUT, INTERNET_MX, "--add-header", DKIM, "--add-header",
                "Received: from pc70 ([192.0.2.70]) by relay.example.org with ESMTP")


@CASE("authentication-missing", OPTIONAL, """A clear message leaves for the Internet without
      DKIM-Signature.""", findings=("authentication.missing",), absent=("header.internal-leak",),
      flows=("smtp legitimate M-04",))
def unsigned():
    return send(MX_OUT, INTERNET_MX)


@CASE("authentication-present", OPTIONAL, """The same with a DKIM-Signature.""",
      absent=("authentication.missing",), flows=("smtp legitimate M-04",))
def signed():
    return send(MX_OUT, INTERNET_MX, "--add-header", DKIM)


@CASE("header-without-leak", OPTIONAL, """The header of a clear message to the Internet names the gateway, a
      foreign server and a private address that no zone holds: none of them is ours to hide.""",
      absent=("header.internal-leak", "authentication.missing"), flows=("smtp legitimate M-04",))
def no_leak():
    return send(MX_OUT, INTERNET_MX, "--add-header", DKIM, "--add-header",
                "Received: from [192.168.1.23] (nomad.example.net [203.0.113.9]) by "
                "mx-out.example.org ([198.51.100.2]) with ESMTPSA")


@CASE("header-of-a-local-filter", OPTIONAL, """A filter on the outbound server itself handed the message back to it: 127.0.0.1
      in its header is no address of the inside.""",
      absent=("header.internal-leak", "authentication.missing"), flows=("smtp legitimate M-04",))
def local_filter():
    return send(MX_OUT, INTERNET_MX, "--add-header", DKIM, "--add-header",
                "Received: from localhost (localhost [127.0.0.1]) by mx-out.example.org (amavis, port 10024) with ESMTP")


@CASE("bounce-unsigned", OPTIONAL, """A bounce leaves for the Internet without DKIM-Signature: many are not
      signed.""", absent=("authentication.missing",), flows=("smtp legitimate M-04",))
def bounce():
    return send(MX_OUT, INTERNET_MX, sender="<>")


TO_RELAY = matrix("id: M-08, from: mx-in, to: relay, protocols: [smtp], tls: optional")


@CASE("authentication-results-missing", TO_RELAY, """The inbound server hands clear mail inside without
      Authentication-Results.""", findings=("authentication.missing",),
      flows=("smtp legitimate M-08",))
def unchecked():
    return send(MX_IN, RELAY, sender="carol@example.com", to="alice@example.org")


@CASE("authentication-results-present", TO_RELAY, """The same with Authentication-Results.""",
      absent=("authentication.missing",), flows=("smtp legitimate M-08",))
def checked():
    return send(MX_IN, RELAY, "--add-header", "Authentication-Results: mx-in.example.org; spf=pass",
                sender="carol@example.com", to="alice@example.org")


@CASE("mx-lookup-by-workstation", OFFICE, """A workstation asks for the MX record of a domain, as one does
      before sending by itself.""", findings=("sender.mx-lookup",))
def mx_lookup():
    with Lab() as lab:
        there, here = lab.host("resolver", "203.0.113.53"), lab.host("workstation", WORKSTATION)
        tiny(there, 53, "mx-answer")
        lab.capture()
        here.run("dig", "+tries=1", "+time=3", "@203.0.113.53", "example.net", "MX")
        return lab.stop_capture()


@CASE("mailbox-misplaced", matrix("id: M-02, from: outer-mailboxes, to: relay, protocols: [smtp], "
      "tls: optional", groups=("outer-mailboxes: {role: mailbox, addresses: [198.51.100.9]}",)),
      """A mailbox server stands in the gateway zone and sends from there.""",
      findings=("zone.mailbox-misplaced",))
def misplaced():
    return send("198.51.100.9", RELAY)


def imaps(source, server):
    with Lab() as lab:
        there, here = lab.host("mailbox", server), lab.host("client", source)
        dovecot(there, ["imaps"], Authority(lab.folder).issue("mail.example.org"))
        lab.capture()
        curl(here, f"imaps://{server}/", "--tlsv1.3")
        return lab.stop_capture()


@CASE("user-access-from-internet", OFFICE, """An Internet client reads a mailbox over IMAPS without the
      VPN.""", findings=("zone.user-access-exposed", "flow.illegitimate"),
      flows=("imaps illegitimate",))
def exposed():
    return imaps(INTERNET_CLIENT, MAILBOX)


@CASE("user-access-through-vpn", matrix(ACCESS, "id: M-11, from: nomads, to: mailboxes, "
      "protocols: [imaps], tls: required",
      groups=("nomads: {role: client, addresses: [203.0.113.192/26]}",)).replace(
          "groups:", "  vpn:      [203.0.113.192/26]\ngroups:"),
      """The same from the VPN's addresses, which a row allows.""",
      absent=("zone.user-access-exposed",), flows=("imaps legitimate M-11",))
def through_vpn():
    return imaps("203.0.113.200", MAILBOX)


@CASE("role-mismatch", OFFICE, """A workstation reads mail straight from a relay, which should hold no
      mailbox.""", findings=("flow.role-mismatch",), absent=("flow.illegitimate",), flows=("imaps illegitimate",))
def role_mismatch():
    return imaps(WORKSTATION, RELAY)
