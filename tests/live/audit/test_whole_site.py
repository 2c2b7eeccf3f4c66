"""mailwarden audit of a whole site: signed zones, policies by HTTPS, Postfix with DANE, Dovecot, a server that has REQUIRETLS.

First all is right; then one fault each is planted, in zones, policies, TLSA records and servers, and each is told once.
"""
import hashlib
import json
import pathlib
import re
import shutil
import socket
import ssl
import struct
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "record"))

import asked_server  # noqa: E402
import lab  # noqa: E402
import made_domains  # noqa: E402
import policies  # noqa: E402
import router  # noqa: E402
import servers  # noqa: E402
import zones  # noqa: E402
from certificates import Authority  # noqa: E402
from made_domains import KEY, OUT, OUT6, POLICY, SPF, dkim, dmarc, lines_of  # noqa: E402

MISSING = [tool for tool in ("ethtool", "tcpdump", "postfix", "dovecot") if not shutil.which(tool)]
WHY_NOT = router.why_not() or zones.why_not_here() or policies.why_not_here() or (f"needs {MISSING[0]}" if MISSING else None)
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))

ASKER, NAMES, MAILBOX, OURS = "192.0.2.5", "192.0.2.53", "192.0.2.10", "192.0.2.20"
WEB, STRANGER = ("198.51.100.80", "198.51.100.81", "198.51.100.82"), "203.0.113.7"
FIRST = 2501
PORTS = {name: FIRST + number for number, name in enumerate(asked_server.FAULTS)}
# MX hosts: name -> address, certificates (their keys), TLSA records (of which key or certificate)
HOSTS = {
    "clean": ("198.51.100.3", ("mx-ec", "mx-rsa"), ("3 1 1 mx-ec", "3 1 1 mx-rsa")),
    # right: the other record is for a certificate to come
    "rollover": ("198.51.100.4", ("mx-ec",), ("3 1 1 mx-ec", "3 1 1 mx-rsa")),
    "authority": ("198.51.100.5", ("mx-chain",), ("2 0 1 ca",)),
    "renewed": ("198.51.100.6", ("mx-new",), ("3 1 1 mx-ec",)),
    # at fault
    "dane-other": ("198.51.100.11", ("mx-ec",), ("3 1 1 mx-rsa",)),
    "dane-one-kind": ("198.51.100.12", ("mx-ec", "mx-rsa"), ("3 1 1 mx-ec",)),
    "dane-name": ("198.51.100.13", ("mx-chain",), ("2 0 1 ca",)),
    "dane-no-authority": ("198.51.100.14", ("mx-ec",), ("2 0 1 ca",)),
    "dane-renewed": ("198.51.100.15", ("mx-new",), ("3 0 1 mx-ec",)),
    "dane-expired": ("198.51.100.16", ("mx-old",), ("3 1 1 mx-old",)),
    "sts-name": ("198.51.100.17", ("mx-ec",), ("3 1 1 mx-ec",)),
}
RIGHT_HOSTS = ("clean", "rollover", "authority", "renewed")


def host_of(name):
    """The certificates are for *.mail.example."""
    return f"mx.{name}.example" if name in ("dane-name", "sts-name") else f"{name}.mail.example"


NAME, COVER_MX, SUBMIT, IMAP, COVER = host_of("clean"), "*.mail.example", "submit.example.org", "imap.example.org", "*.example.org"


def matrix_of(hosts, ports, domains, more=((), ())):
    """more: addresses and names that are declared besides."""
    submission = f"""  - {{id: M-04, from: clients, to: ours, protocols: [submission], tls: starttls, ports: {[PORTS[name] for name in ports]}}}"""
    inbound = [*(HOSTS[host][0] for host in hosts), *more[0]]
    names = [*(host_of(host) for host in hosts), *more[1]]
    return f"""schema: 1
zones: {{internal: [192.0.2.0/24], gateway: [198.51.100.0/24, "2001:db8:1::/64"]}}
groups:
  clients:   {{role: client, service: office, addresses: [{ASKER}]}}
  mx-out:    {{role: outbound, addresses: [{OUT}, "{OUT6}"]}}
  mx-in:     {{role: inbound, addresses: {json.dumps(inbound)}, names: {json.dumps(names)}}}
  ours:      {{role: submission, service: office, addresses: [{OURS}], names: [{SUBMIT}]}}
  mailboxes: {{role: mailbox, service: office, addresses: [{MAILBOX}], names: [{IMAP}]}}
rows:
  - {{id: M-01, from: mx-out, to: internet, protocols: [smtp], tls: optional}}
  - {{id: M-02, from: internet, to: mx-in, protocols: [smtp], tls: offered}}
  - {{id: M-03, from: clients, to: mailboxes, protocols: [imaps, sieve], tls: required}}
{submission if ports else ""}
domains: {{{', '.join(f'{domain}: {{selectors: [sel]}}' for domain in domains)}}}
"""


RUA = "; rua=mailto:dmarc@{0}"
MX = ("MX", f"10 {NAME}.")
# a domain whose mail the clean MX host takes; what differs -> the check that is no, a part of why
HOSTED = {"": [MX, ("TXT", SPF)], "mx": [], "_25._tcp.mx": [], "mta-sts": [("A", WEB[0])]}
DOMAINS = {
    "stranger": ({"": [MX, ("MX", "20 old.{0}."), ("TXT", SPF)], "old": [("A", STRANGER)], "_25._tcp.old": [("TLSA", "3 1 1 " + "ab" * 32)]},
                 "mx.declared", STRANGER),
    "gone": ({"": [MX, ("MX", "20 gone.{0}."), ("TXT", SPF)], "_25._tcp.gone": [("TLSA", "3 1 1 " + "ab" * 32)]}, "mx.resolves", "no address"),
    "no-spf": ({"": [MX]}, "spf.valid", "no SPF record"),
    "plus-all": ({"": [MX, ("TXT", SPF.replace("-all", "+all"))]}, "spf.rest", "pass"),
    "not-published": ({"": [MX, ("TXT", f"v=spf1 ip4:{OUT} -all")]}, "spf.published", OUT6),
    "not-declared": ({"": [MX, ("TXT", SPF.replace("-all", f"ip4:{STRANGER} -all"))]}, "spf.declared", STRANGER),
    "revoked": (dkim("v=DKIM1; k=rsa; p="), "dkim.valid", "revoked"),
    "short-key": (dkim(f"v=DKIM1; k=rsa; p={made_domains.SHORT_KEY}"), "dkim.strong", "1024"),
    "test-key": (dkim(f"v=DKIM1; k=rsa; t=y; p={KEY}"), "dkim.earnest", "t=y"),
    "no-dmarc": ({"_dmarc": []}, "dmarc.found", "none"),
    "p-none": (dmarc("v=DMARC1; p=none" + RUA), "dmarc.policy", "p=none"),
    "sp-none": (dmarc("v=DMARC1; p=reject; sp=none" + RUA), "dmarc.subdomains", "sp=none"),
    "no-tlsrpt": ({"_smtp._tls": []}, "tlsrpt.found", "no such record"),
    "no-mtasts": ({"_mta-sts": []}, "mtasts.found", "no such record"),
    "sts-redirect": ({}, "mtasts.policy", "redirects"),
    "sts-other": ({}, "mtasts.policy", "certificate"),
    "sts-version": ({}, "mtasts.valid", "version is STSv2"),
    "sts-testing": ({}, "mtasts.mode", "testing"),
    "sts-day": ({}, "mtasts.max-age", "86400"),
    "sts-mx": ({}, "mtasts.mx", f"{NAME} is none of its mx"),
    "sts-stranger": ({}, "mtasts.declared", "mx: mx.elsewhere.example"),
    "usage": ({"": [("MX", "10 usage.mail.example."), ("TXT", SPF)]}, "dane.valid", "usage"),
    "no-tlsa": ({"": [("MX", "10 no-tlsa.mail.example."), ("TXT", SPF)]}, "dane.found", "has none"),
}
EXTRA = [f"usage.mail.example. A {HOSTS['clean'][0]}", f"_25._tcp.usage.mail.example. TLSA 1 1 1 {'ab' * 32}",
         f"no-tlsa.mail.example. A {HOSTS['clean'][0]}",
         # *.mail.example is no name of this host, but one of the domain
         f"in.mail.example. MX 10 {host_of('dane-name')}."]
HOSTED_POLICY = POLICY.replace("mx.{0}", NAME).replace("mx: *.{0}\n", "")
# by the name of the declared server, or of another one
POLICIES = {
    "sts-version": HOSTED_POLICY.replace("STSv1", "STSv2"),
    "sts-testing": HOSTED_POLICY.replace("enforce", "testing"),
    "sts-day": HOSTED_POLICY.replace("1209600", "86400"),
    "sts-mx": HOSTED_POLICY.replace(NAME, host_of("dane-other")),
    "sts-stranger": HOSTED_POLICY + "mx: mx.elsewhere.example\n",
    **{name: HOSTED_POLICY + "mx: *.{0}\n" for name in ("stranger", "gone")},
    **{name: HOSTED_POLICY.replace(NAME, COVER_MX) for name in ("usage", "no-tlsa")},
}
DANE = {
    "dane-other": {("dane", "EC")},
    "dane-one-kind": {("dane", "RSA")},
    "dane-name": {("dane", "EC"), ("certificate-mtasts", "EC")},  # senders of neither kind take it
    "dane-no-authority": {("dane", "EC")},
    "dane-renewed": {("dane", "EC")},
    "dane-expired": {("certificate-dates", "EC"), ("certificate-mtasts", "EC")},  # and DANE-EE holds all the same
    "sts-name": {("certificate-mtasts", "EC")},
}
SERVERS = {
    "stripped": "starttls", "auth-clear": "sign-in-clear", "keeps-buffer": "starttls-injection", "requiretls-clear": "requiretls",
    "tls-1.0": "tls-lowest", "expired": "certificate-dates", "wrong-name": "certificate-name", "self-signed": "certificate-chain",
}
# who cannot be asked
UNASKED = {"silent": "connection", "busy": "connection", "drips": "connection"}


class Site(lab.Lab):
    """What is right and what is not stands side by side: the matrix chooses."""

    def raise_all(self):
        self.authority = Authority(self.folder)
        self.make_certificates()
        self.asker = self.host("asker", ASKER)
        self.start_mail()
        self.start_names()
        self.trusted = self.folder / "trusted.pem"
        self.trusted.write_text(pathlib.Path(self.authority.certificate).read_text() + self.web.authority.read_text())

    def make_certificates(self):
        self.pems = self.folder / "pems"
        self.pems.mkdir(mode=0o755)
        issue = self.authority.issue
        ended = {"start": "20250101000000Z", "end": "20260101000000Z"}
        for stem, name, options in (
                ("mx-rsa", COVER_MX, {"algorithm": "rsa:2048"}), ("mx-old", COVER_MX, ended), ("mx-ec", COVER_MX, {}), ("clean", COVER, {}),
                ("rsa", COVER, {"algorithm": "rsa:2048"}), ("short-key", COVER, {"algorithm": "rsa:1024"}), ("expired", COVER, ended),
                ("expiring", COVER, ended), ("wrong-name", "other.example.net", {})):
            self.keep(stem, *(pathlib.Path(file).read_text() for file in issue(name, **options)))
            if stem == "mx-ec":  # once more, with the same key
                self.keep("mx-new", self.issue_again(), (self.pems / "mx-ec.key").read_text())
        self.keep("self-signed", *(pathlib.Path(file).read_text() for file in self.authority.self_signed(COVER)))
        self.keep("mx-chain", (self.pems / "mx-ec.crt").read_text() + pathlib.Path(self.authority.certificate).read_text(),
                  (self.pems / "mx-ec.key").read_text())

    def keep(self, stem, certificate, key):
        for end, text in (("crt", certificate), ("key", key), ("pem", certificate + key)):
            (self.pems / f"{stem}.{end}").write_text(text)

    def issue_again(self):
        folder, file = self.authority.folder, self.authority.folder / "again.crt"
        lab.run("openssl", "ca", "-batch", "-notext", "-config", folder / "ca.cnf", "-cert", self.authority.certificate, "-keyfile",
                self.authority.key, "-in", folder / f"{COVER_MX}.pem", "-out", file, "-startdate", "20260201000000Z", "-enddate", "20360101000000Z")
        return file.read_text()

    def tlsa(self, words):
        usage, selector, matching, stem = words.split()
        file = pathlib.Path(self.authority.certificate) if stem == "ca" else self.pems / f"{stem}.crt"
        data = ssl.PEM_cert_to_DER_cert(file.read_text().split("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n")
        if selector == "1":
            public = subprocess.run(["openssl", "x509", "-in", file, "-noout", "-pubkey"], check=True, capture_output=True).stdout
            data = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], check=True, capture_output=True, input=public).stdout
        return f"{usage} {selector} {matching} {hashlib.sha256(data).hexdigest()}"

    def start_mail(self):
        inbound = self.host("inbound", *(host[0] for host in HOSTS.values()))
        services = tuple(f"{address}:25 -o smtpd_tls_chain_files=" + ",".join(f"{self.pems}/{stem}.{end}" for stem in stems for end in ("key", "crt"))
                         for address, stems, _ in HOSTS.values())
        servers.postfix(inbound, "mx.example.org", services, None, (
            "smtpd_tls_security_level = may", "smtpd_forbid_bare_newline = yes", "smtpd_tls_protocols = >=TLSv1.2",
            "smtpd_tls_mandatory_protocols = >=TLSv1.2", "smtpd_tls_exclude_ciphers = aNULL, kRSA, SHA"))
        servers.dovecot(self.host("mailbox", MAILBOX), ["imaps", "sieve"], (self.pems / "clean.crt", self.pems / "clean.key"),
                        "disable_plaintext_auth = yes\nssl_cipher_list = ECDHE+AESGCM")
        ours = self.host("ours", OURS)
        ours.start("/usr/bin/python3", ROOT / "tests" / "live" / "lab" / "asked_server.py", self.pems, OURS, FIRST)
        ours.wait_listening(max(PORTS.values()))

    def start_names(self):
        signed = list(EXTRA)
        for name, (address, _, records) in HOSTS.items():
            signed += lines_of(f"{name}.example", {**HOSTED, "": [("MX", f"10 {host_of(name)}."), ("TXT", SPF)]})
            signed += [f"{host_of(name)}. A {address}", *(f"_25._tcp.{host_of(name)}. TLSA {self.tlsa(words)}" for words in records)]
        for name, (edits, _, _) in DOMAINS.items():
            signed += lines_of(f"{name}.example", {**HOSTED, **edits})
        signed += [f"{name}.example. NS ns.nic.example." for name in ("unsigned", "spoilt", "away")]
        place = self.host("names", NAMES)
        folder = self.folder / "zones"
        folder.mkdir()
        self.zones = zones.Zones(folder, {
            "example": ("signed", signed), "unsigned.example": ("plain", lines_of("unsigned.example", HOSTED)),
            "spoilt.example": ("spoilt", lines_of("spoilt.example", HOSTED)),
            "away.example": ("away", [])}, Place(place), NAMES)
        self.start_policies()

    def start_policies(self):
        texts = {name: HOSTED_POLICY.replace(NAME, host_of(name)) for name in HOSTS} | {name: POLICIES.get(name, HOSTED_POLICY) for name in DOMAINS}
        texts |= {"unsigned": HOSTED_POLICY, "spoilt": HOSTED_POLICY}
        folder = self.folder / "policies"
        folder.mkdir()
        self.web = policies.Policies(
            folder, self.host("web", *WEB).command,
            {f"mta-sts.{name}.example": text.format(f"{name}.example") for name, text in texts.items() if name != "sts-redirect"},
            {"mta-sts.sts-redirect.example": "return 302 https://mta-sts.clean.example$request_uri;"},
            unnamed=("mta-sts.sts-other.example",), addresses=WEB)

    def end_names(self):
        for part in ("web", "zones"):
            if hasattr(self, part):
                getattr(self, part).close()

    def audit(self, matrix, *words):
        file = self.folder / "matrix.yaml"
        file.write_text(matrix)
        return subprocess.run(self.asker.command(
            router.BINARY, "audit", "-m", file, "--timeout", "2", "--pause", "2", "--ca-file", self.trusted, "--resolver", NAMES,
            "--trust-anchor", self.zones.anchors, "--json", *words), capture_output=True, text=True, timeout=120, check=False)


class Place:
    """A host of the lab as the zones want a namespace: the lab ends it."""

    def __init__(self, host):
        self.inside = host.command

    def close(self):
        pass


@pytest.fixture(scope="module")
def site():
    with Site() as one:
        try:
            one.raise_all()
            yield one
        finally:
            one.end_names()


def answers_of(done):
    assert done.returncode in (0, 1) and done.stderr == "", done.stderr
    return json.loads(done.stdout)["answers"]


def faults(answers):
    """Subject, check, kind of certificate, why of each no that has a severity."""
    return [(one["subject"].partition(",")[0], one["check"].removeprefix("server."), one["subject"].partition(", ")[2], one["why"])
            for one in answers if one["answer"] == "no" and one["severity"]]


def unasked(answers):
    return {(one["subject"], one["check"], one["why"]) for one in answers if one["answer"] == "unknown"}


def test_a_site_in_which_all_is_right_is_clean(site):
    site.capture("tcp or udp or icmp")
    done = site.audit(matrix_of(["clean"], ["clean"], ["clean.example"]), "--exit-code")
    site.traffic = site.stop_capture()
    answers = answers_of(done)
    assert done.returncode == 0 and faults(answers) == [] and unasked(answers) == set()
    yes = {(one["subject"], one["check"]): one["why"] for one in answers if one["answer"] == "yes"}
    for kind in ("EC", "RSA"):
        assert yes[f"{HOSTS['clean'][0]}:25 smtp, {kind}", "server.dane"] == f"{NAME}: TLSA 3 1 1; 1 of 2 hold" + EE
        assert yes[f"{HOSTS['clean'][0]}:25 smtp, {kind}", "server.certificate-mtasts"] == NAME
    assert (f"{OURS}:{PORTS['clean']} submission", "server.requiretls") in yes
    for check in ("dnssec.signed", "dane.valid", "mtasts.mx", "mtasts.declared", "mtasts.published", "mx.published", "spf.declared"):
        assert ("clean.example", check) in yes
    assert {one["subject"] for one in answers if "imaps" in one["subject"]} == {f"{MAILBOX}:993 imaps", f"{MAILBOX}:993 imaps, EC"}


EE = "; DANE-EE: names and dates do not matter"
# a declared MX host is not one of each domain: that no of theirs is low, and right
OF_OTHERS = ("mx.published", "mtasts.published")


def test_a_certificate_may_be_pinned_in_any_right_way(site):
    hosts = RIGHT_HOSTS[1:]
    answers = answers_of(site.audit(matrix_of(hosts, [], [f"{host}.example" for host in hosts])))
    assert [one for one in faults(answers) if one[1] not in OF_OTHERS] == [] and unasked(answers) == set()
    told = {one["subject"]: one["why"] for one in answers if one["check"] == "server.dane"}
    assert told == {
        f"{HOSTS['rollover'][0]}:25 smtp, EC": f"{host_of('rollover')}: TLSA 3 1 1; 1 of 2 hold" + EE,
        f"{HOSTS['authority'][0]}:25 smtp, EC": f"{host_of('authority')}: TLSA 2 0 1; 1 of 1 hold",
        f"{HOSTS['renewed'][0]}:25 smtp, EC": f"{host_of('renewed')}: TLSA 3 1 1; 1 of 1 hold" + EE}


def test_dane_by_an_authority_holds_by_the_name_of_the_host_or_of_each_domain(site):
    named, other = "in.mail.example", "dane-name.example"
    for domains, told in (((named,), "yes"), ((other,), "no"), ((named, other), "no")):
        words = [word for domain in domains for word in ("--domain", domain)]
        answers = answers_of(site.audit(matrix_of(["dane-name"], [], [named, other]), *words, "--server", "mx-in"))
        assert [one["answer"] for one in answers if one["check"] == "server.dane"] == [told]


def test_what_is_declared_and_not_published_is_told_once(site):
    more = (["198.51.100.9"], ["mx9.example.org"])
    answers = answers_of(site.audit(matrix_of(["clean"], [], ["clean.example"], more), "--domain", "clean.example"))
    assert {(check, why) for _, check, _, why in faults(answers)} == {
        ("mx.published", "198.51.100.9 (mx-in): no MX leads there"), ("mtasts.published", "mx9.example.org (mx-in) is none of its mx")}


def test_each_planted_fault_is_told_once_and_what_cannot_be_asked_is_none(site):
    domains = [f"{name}.example" for name in (*DOMAINS, *DANE, "unsigned", "spoilt", "away")]
    answers = answers_of(site.audit(matrix_of(["clean", *DANE], ["clean", *SERVERS, *UNASKED], domains)))
    told = [one for one in faults(answers) if one[1] not in OF_OTHERS]
    wanted = {(f"{name}.example", check, ""): part for name, (_, check, part) in DOMAINS.items()}
    wanted |= {(f"{HOSTS[name][0]}:25 smtp", check, kind): "" for name, pairs in DANE.items() for check, kind in pairs}
    # the one fault that two questions are about
    wanted |= {("unsigned.example", "dnssec.signed", ""): "no chain", ("unsigned.example", "dane.valid", ""): "not signed"}
    for name, check in SERVERS.items():
        kind = "EC" if check.startswith("certificate") else ""
        wanted[f"{OURS}:{PORTS[name]} submission", check, kind] = ""
    print(f"{len(DOMAINS) + len(DANE) + len(SERVERS) + 1} planted faults")
    assert sorted(one[:3] for one in told) == sorted(wanted)
    assert [(one, wanted[one[:3]]) for one in told if wanted[one[:3]] not in one[3]] == []
    check_unasked(unasked(answers), {place for place, _, _ in wanted})


def check_unasked(unknown, faulty):
    """Of no place with a fault; each server that hangs, says 421 or fails, and DNSSEC that is bogus."""
    places = {}
    for place, check, why in unknown:
        places.setdefault(place, set()).add((check, why))
    assert set(places) & faulty == set()
    assert set(places) == {f"{OURS}:{PORTS[name]} submission" for name in UNASKED} | {"spoilt.example", "away.example"}
    for name, check in UNASKED.items():
        assert {one for one, _ in places[f"{OURS}:{PORTS[name]} submission"]} == {f"server.{check}"}
    assert "421" in dict(places[f"{OURS}:{PORTS['busy']} submission"])["server.connection"]
    assert any("DNSSEC bogus" in why for _, why in places["spoilt.example"])
    assert all(why.endswith("name servers failed (SERVFAIL)") for _, why in places["away.example"])


def peers(capture):
    """Whom the asker sent what: address, protocol, port."""
    at, found = 24, set()
    while at < len(capture):
        length = struct.unpack_from("<I", capture, at + 8)[0]
        frame, at = capture[at + 16:at + 16 + length], at + 16 + length
        if frame[12:14] == b"\x08\x00" and frame[26:30] == socket.inet_aton(ASKER):
            packet = frame[14 + (frame[14] & 15) * 4:]
            found.add((socket.inet_ntoa(frame[30:34]), frame[23], struct.unpack_from(">H", packet, 2)[0]))
    return found


def test_nobody_is_asked_who_is_not_declared(site):
    tcp, udp = socket.IPPROTO_TCP, socket.IPPROTO_UDP
    assert peers(site.traffic) - {(NAMES, tcp, 53)} == {
        (NAMES, udp, 53), (WEB[0], tcp, 443), (HOSTS["clean"][0], tcp, 25), (MAILBOX, tcp, 993), (MAILBOX, tcp, 4190), (OURS, tcp, PORTS["clean"])}
    site.capture("tcp or udp or icmp")
    before = site.zones.asked()
    answers_of(site.audit(matrix_of(["clean"], [], ["stranger.example"])))
    asked = peers(site.stop_capture())
    assert {place for place, _, _ in asked} == {NAMES, WEB[0], HOSTS["clean"][0], MAILBOX}, "an MX host that is not declared"
    allowed = re.compile(r"(.*\.)?stranger\.example|(_25\._tcp\.)?clean\.mail\.example|(mail\.)?example")
    assert [name for name in site.zones.asked() - before if not allowed.fullmatch(name)] == []
