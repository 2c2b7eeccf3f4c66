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
    return send(RELAY, INTERNET_MX)


@CASE("gateway-sends-and-receives", matrix(
      "id: M-04, from: mx-in, to: internet, protocols: [smtp], tls: optional",
      "id: M-05, from: internet, to: mx-in, protocols: [smtp], tls: optional"),
      """One gateway server receives from the Internet and sends to it, and the rows let it; the first
      message carries what the checks of mail on its way want to see.""",
      findings=("gateway.send-receive-mixed", "flow.role-mismatch"), absent=("sender.illegitimate",),
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
