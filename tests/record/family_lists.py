"""Who stands on a list: clients, servers, domains, and those beside them."""

from case import Family
from certificates import Authority
from clients import swaks
from lab import Lab
from matrices import (GATEWAY_TO_INTERNET, INTERNET_CLIENT, INTERNET_MX, INTERNET_TO_GATEWAY, MX_IN, MX_OUT,
                      WORKSTATION, matrix)
from servers import postfix

FAMILY = Family()
CASE = FAMILY.case
DKIM = ("DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=k1; h=from; bh=bm90LXJlYWw=; "
        "b=bm90LXJlYWw=")
DENIED = "203.0.113.80"
DENY = f"""; a list of the documentation's addresses
{INTERNET_CLIENT} ; SBL256893
203.0.113.80/28 expires=2099-12-31 added=2026-11-01 spam source
bulk.example.net
"""
LISTS = """lists:
  drop:     {kind: deny, file: deny.txt}
  waiting:  {kind: temporary, file: temporary.json, severity: low}
  partners: {kind: allow, file: allow.csv}
"""
TEMPORARY = """{"ip":"203.0.113.60","reason":"greylisted","expires":"2099-12-31"}
{"ip":"203.0.113.61","reason":"greylisted","expires":"2020-12-31T00:00:00Z"}
{"type":"metadata","size":2}
"""
ALLOW = "address,who\n203.0.113.81,a partner\n192.0.2.70,a workstation\ngood.bulk.example.net,a partner\n"
FILES = (("deny.txt", DENY), ("temporary.json", TEMPORARY), ("allow.csv", ALLOW))
MATRIX = matrix(GATEWAY_TO_INTERNET, INTERNET_TO_GATEWAY) + LISTS


def to_gateway(*letters):
    """Each letter, an address and a domain, to the inbound server."""
    with Lab() as lab:
        gateway = lab.host("mx-in", MX_IN)
        postfix(gateway, "mx-in.example.org",
                certificate=Authority(lab.folder).issue("mx-in.example.org"))
        hosts = {address: lab.host(f"h{i}", address) for i, address in enumerate(dict(letters))}
        lab.capture()
        for address, domain in letters:
            swaks(hosts[address], MX_IN, sender=f"carol@{domain}", to="alice@example.org")
        return lab.stop_capture()


@CASE("sender-listed", MATRIX, """A host that a list denies, one that is denied for a time, and a domain below a
      denied one send mail to the gateway; each is told with its list and entry.""", files=FILES,
      findings=("sender.listed",), flows=("smtp legitimate M-05",) * 3)
def listed():
    return to_gateway((INTERNET_CLIENT, "example.com"), ("203.0.113.60", "example.com"),
                      (INTERNET_MX, "news.bulk.example.net"))


@CASE("sender-listed-nearly", MATRIX, """The neighbours of denied hosts and domains, one whose time is over, a denied
      one and a denied domain that a list of kind allow takes out: they are told of by nobody.""",
      files=FILES, absent=("sender.listed",), flows=("smtp legitimate M-05",) * 4)
def nearly():
    return to_gateway(("203.0.113.71", "notbulk.example.net"), ("203.0.113.61", "example.com"),
                      ("203.0.113.81", "bulk.example.net"), ("203.0.113.79", "good.bulk.example.net"))


def send(source, server):
    with Lab() as lab:
        there, here = lab.host("mx", server), lab.host("sender", source)
        postfix(there, "mx.example.net")
        lab.capture()
        swaks(here, server, "--add-header", DKIM)
        return lab.stop_capture()


@CASE("server-listed", MATRIX, """The outbound server hands a letter to a server that a list denies.""", files=FILES,
      findings=("sender.listed",), flows=("smtp legitimate M-04",))
def server_listed():
    return send(MX_OUT, DENIED)


@CASE("allowed-by-a-list-alone", MATRIX, """A workstation on a list of kind allow sends to the Internet: no list denies
      it, and no row lets it.""", files=FILES, findings=("sender.illegitimate",), absent=("sender.listed",),
      flows=("smtp illegitimate",))
def allowed():
    return send(WORKSTATION, INTERNET_MX)
