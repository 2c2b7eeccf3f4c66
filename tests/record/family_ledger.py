"""What takes several flows to see: certificates and offers that change; and look-ups of mail servers."""

import shutil

from case import Family
from certificates import Authority
from clients import s_client, swaks
from lab import Lab
from matrices import MAILBOX, MX_OUT, OFFICE, RELAY, WORKSTATION
from servers import dnsmasq, openssl_server, postfix

FAMILY = Family()
CASE = FAMILY.case
RESOLVER = "192.0.2.53"
NAME_SERVER = "203.0.113.53"
OTHER_WORKSTATION = "192.0.2.71"
WITH_RESOLVER = OFFICE.replace("rows:", f"  resolvers:    {{role: resolver, addresses: [{RESOLVER}]}}\nrows:")
IMAPS = "imaps legitimate M-01"


def pairs(lab):
    """Two certificates of one name, as a renewal makes them."""
    authority = Authority(lab.folder)
    return [kept(authority.issue("mail.example.org"), number) for number in (1, 2)]


def kept(pair, number):
    """Copies that the next certificate of the same name does not overwrite."""
    copies = [path.with_name(f"{number}-{path.name}") for path in pair]
    for path, copy in zip(pair, copies):
        shutil.copy(path, copy)
    return copies


def imaps_in_turn(turns):
    """Sessions one after the other; each of `turns` is (client, certificate 0 or 1)."""
    with Lab() as lab:
        there = lab.host("mailbox", MAILBOX)
        hosts = {address: lab.host(f"pc{address.rpartition('.')[2]}", address)
                 for address in (WORKSTATION, OTHER_WORKSTATION)}
        certificates = pairs(lab)
        lab.capture()
        for client, number in turns:
            openssl_server(there, 993, certificates[number], "-tls1_2")
            server = lab.processes[-1]
            s_client(hosts[client], MAILBOX, 993, "-servername", "mail.example.org",
                     lines=("a1 LOGOUT",))
            lab.end(server)
        return lab.stop_capture()


@CASE("imaps-certificate-changing", OFFICE, """Two workstations are shown two certificates of one server in
      turn, back and forth, as when somebody answers in its place on one of the paths.""",
      findings=("tls.certificate-changing",), flows=(IMAPS,) * 4)
def changing():
    return imaps_in_turn([(WORKSTATION, 0), (OTHER_WORKSTATION, 1), (WORKSTATION, 0),
                          (OTHER_WORKSTATION, 1)])


@CASE("imaps-certificate-renewed", OFFICE, """The server's certificate is renewed between two sessions: the old
      one is never seen again.""", absent=("tls.certificate-changing",), flows=(IMAPS,) * 4)
def renewed():
    return imaps_in_turn([(WORKSTATION, 0), (OTHER_WORKSTATION, 0), (WORKSTATION, 1),
                          (OTHER_WORKSTATION, 1)])


@CASE("smtp-starttls-never-offered", OFFICE, """A server that never offered STARTTLS does not offer it in a
      second session either: nothing was removed.""", findings=("tls.missing", "tls.starttls-not-offered"),
      absent=("tls.starttls-stripped",))
def never_offered():
    with Lab() as lab:
        there, here = lab.host("relay", RELAY), lab.host("sender", MAILBOX)
        postfix(there, "relay.example.org")
        lab.capture()
        swaks(here, RELAY, "--tls-optional")
        swaks(here, RELAY, "--tls-optional")
        return lab.stop_capture()


def dig(source, *question, resolver=NAME_SERVER):
    """dig asks dnsmasq: the name server itself, or a resolver of ours in front of it."""
    with Lab() as lab:
        there, here = lab.host("names", NAME_SERVER), lab.host("asker", source)
        dnsmasq(there, "--mx-host=example.net,mx.example.net,10",
                "--host-record=mx.example.net,203.0.113.25",
                "--txt-record=_dmarc.example.net,v=DMARC1; p=reject")
        if resolver != NAME_SERVER:
            dnsmasq(lab.host("resolver", resolver), f"--server={NAME_SERVER}")
        lab.capture("port 53")
        here.run("dig", "+tries=1", "+time=3", f"@{resolver}", *question, check=True)
        return lab.stop_capture()


@CASE("mx-lookup-over-tcp", OFFICE, """A workstation asks for an MX record over TCP.""",
      findings=("sender.mx-lookup",))
def over_tcp():
    return dig(WORKSTATION, "+tcp", "example.net", "MX")


@CASE("mx-lookup-by-outbound", OFFICE, """The gateway's outbound server asks for an MX record, which is its
      work.""", absent=("sender.mx-lookup",))
def by_outbound():
    return dig(MX_OUT, "example.net", "MX")


@CASE("mx-lookup-by-resolver", WITH_RESOLVER, """The outbound server asks a resolver of ours, which asks the
      name server for it; its group has the role resolver.""", absent=("sender.mx-lookup",))
def by_resolver():
    return dig(MX_OUT, "example.net", "MX", resolver=RESOLVER)


@CASE("a-lookup-by-workstation", OFFICE, """A workstation asks for an address.""",
      absent=("sender.mx-lookup",))
def address_lookup():
    return dig(WORKSTATION, "mx.example.net", "A")


@CASE("dmarc-lookup-by-workstation", OFFICE, """A workstation asks for the DMARC policy of a domain, as
      software does that handles mail by itself.""", findings=("sender.mx-lookup",))
def dmarc_lookup():
    return dig(WORKSTATION, "_dmarc.example.net", "TXT")
