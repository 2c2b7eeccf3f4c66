"""In whose name mail is sent: own domains from outside, foreign ones from inside."""

from case import Family
from clients import swaks
from family_names import A, MX, NAMED, PC, look_up, mail, record
from frames import save
from lab import Lab
from matrices import GATEWAY_TO_INTERNET, INTERNET_MX, MX_IN, MX_OUT, matrix
from servers import postfix

FAMILY = Family()
CASE = FAMILY.case

SENDER, FORWARDER, OWN_FORWARDER = "203.0.113.80", "203.0.113.90", "198.51.100.6"
SIGNED = ("--add-header", "DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=k1; h=from; bh=bm90LXJlYWw=; "
          "b=bm90LXJlYWw=")
DOMAINS = matrix(
    GATEWAY_TO_INTERNET, "id: M-05, from: internet, to: mx-in, protocols: [smtp], tls: optional",
    "id: M-06, from: forwarding, to: internet, protocols: [smtp], tls: optional",
    groups=(f"forwarding:   {{role: outbound, addresses: [{OWN_FORWARDER}]}}",)) + f"""domains:
  example.org: {{selectors: [k1], senders: [{SENDER}], forwarders: [{FORWARDER}, forwarding]}}
  shop.example.org: {{senders: [203.0.113.81]}}
  partner.example.net: {{own: no}}
"""


def inward(*messages, options=()):
    """Each (source, sender, header From) to the inbound server."""
    with Lab() as lab:
        gateway = lab.host("mx-in", MX_IN)
        hosts = {}
        for source, _, _ in messages:
            hosts[source] = hosts.get(source) or lab.host(f"out{len(hosts)}", source)
        postfix(gateway, "mx-in.example.org", options=options)
        lab.capture()
        for source, sender, author in messages:
            swaks(hosts[source], MX_IN, "--h-From", author, sender=sender, to="alice@example.org")
        return lab.stop_capture()


def outward(*messages):
    """Each (source, sender) to a server in the Internet, signed by us."""
    with Lab() as lab:
        there = lab.host("mx", INTERNET_MX)
        hosts = {}
        for source, _ in messages:
            hosts[source] = hosts.get(source) or lab.host(f"out{len(hosts)}", source)
        postfix(there, "mx.example.net")
        lab.capture()
        for source, sender in messages:
            swaks(hosts[source], INTERNET_MX, *SIGNED, sender=sender)
        return lab.stop_capture()


@CASE("own-domain-from-outside", DOMAINS, """An Internet host gives the inbound server mail in the name of an
      own domain, which it takes; then of a domain below it, whose entry names another sender.""",
      findings=("sender.own-domain-outside",), absent=("sender.foreign-domain-out",),
      flows=("smtp legitimate M-05",) * 2)
def forged():
    return inward((INTERNET_MX, "boss@Example.ORG", "The boss <boss@example.org>"),
                  (SENDER, "offers@shop.example.org", "offers@shop.example.org"))


@CASE("own-domain-from-known-senders", DOMAINS, """What comes from the Internet and is as it should be: mail of an
      own domain by its declared sender and by a declared forwarder; a mailing list of somebody else's that has an own
      domain in the header only; a bounce; domains that only look like ours.""",
      absent=("sender.own-domain-outside",), flows=("smtp legitimate M-05",) * 6)
def known():
    return inward((SENDER, "news@mail.example.org", "news@example.org"),
                  (FORWARDER, "alice@example.org", "alice@example.org"),
                  (INTERNET_MX, "list-bounces+alice=example.org@lists.example.net", "bob@example.org"),
                  (INTERNET_MX, "<>", "MAILER-DAEMON@mx.example.net"),
                  (INTERNET_MX, "boss@notexample.org", "boss@notexample.org"),
                  (INTERNET_MX, "boss@example.org.example.net", "boss@example.org"))


@CASE("own-domain-refused", DOMAINS, """The inbound server refuses mail in the name of an own domain: it does
      what it is for.""", absent=("sender.own-domain-outside",), flows=("smtp legitimate M-05",))
def refused():
    return inward((INTERNET_MX, "boss@example.org", "boss@example.org"), options=(
        "smtpd_sender_restrictions = check_sender_access inline:{{example.org = REJECT not from there}}",))


@CASE("foreign-domain-sent-out", DOMAINS, """The outbound server hands a server in the Internet mail in the name
      of a domain that is not ours.""", findings=("sender.foreign-domain-out",),
      absent=("sender.own-domain-outside",), flows=("smtp legitimate M-04",))
def foreign():
    return outward((MX_OUT, "carol@example.com"))


@CASE("own-domains-sent-out", DOMAINS, """What leaves in our name or by our leave: a domain below ours, a bounce,
      a mailing list of ours (VERP), mail that is passed on with its sender rewritten (SRS, once and twice), a domain
      that our servers may send for, and a declared forwarder.""",
      absent=("sender.foreign-domain-out",), flows=("smtp legitimate M-04",) * 6 + ("smtp legitimate M-06",))
def own():
    return outward((MX_OUT, "alice@crm.example.org"), (MX_OUT, "<>"),
                   (MX_OUT, "list-bounces+bob=example.net@lists.example.org"),
                   (MX_OUT, "SRS0=HHH=TT=example.com=carol@example.org"),
                   (MX_OUT, "SRS1=HHH=lists.example.com==HHH=TT=example.com=carol@example.org"),
                   (MX_OUT, "dave@partner.example.net"), (OWN_FORWARDER, "carol@example.com"))


@CASE("direct-send-to-own-tenant", NAMED + "domains: {example.org: {}, sub-domain.example.com: {}}\n", """A workstation asks
      for the mail server of our own domain, which a cloud keeps, and sends to it past the gateway; and to the tenant of
      somebody else there. Both are illegitimate, and of the first one the detail says whose it is.""",
      findings=("sender.illegitimate", "sender.mx-lookup"), flows=("smtp illegitimate",) * 2)
def own_tenant():
    ours, theirs = ("example-org.mail.protection.outlook.com", "example-net.mail.protection.outlook.com")
    return save(look_up("example.org", MX, record("example.org", MX, ours), client=PC, source=41000)
                + look_up(ours, A, record(ours, A, "203.0.113.110"), client=PC, at=0.1, source=41001)
                + mail("203.0.113.110", 42000, client=PC)
                + look_up(theirs, A, record(theirs, A, "203.0.113.111"), client=PC, at=3, source=41002)
                + mail("203.0.113.111", 42001, client=PC, at=4))
