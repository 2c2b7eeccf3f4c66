"""audit --server: Postfix, Dovecot and a server with one planted fault on each port, in namespaces."""

import datetime
import json
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "record"))

import asked_server  # noqa: E402
import lab  # noqa: E402
import router  # noqa: E402
import servers  # noqa: E402
from certificates import Authority  # noqa: E402

TOOLS = ("ip", "ethtool", "tcpdump", "openssl", "postfix", "dovecot")
MISSING = [tool for tool in TOOLS if not shutil.which(tool)]
WHY_NOT = router.why_not() or (f"needs {MISSING[0]}" if MISSING else None)
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))

ASKER, RELAY, MAILBOX, FAULTS, UNDECLARED = "192.0.2.5", "192.0.2.25", "192.0.2.10", "192.0.2.20", "192.0.2.66"
RELAY6 = "2001:db8:1::25"
FIRST = 2501
PORTS = {name: FIRST + number for number, name in enumerate(asked_server.FAULTS)}
NAME, COVER = "mx.example.org", "*.example.org"
MATRIX = f"""
schema: 1
zones: {{internal: [192.0.2.0/24, "2001:db8:1::/48"]}}
groups:
  clients:   {{role: client, service: office, addresses: [{ASKER}]}}
  others:    {{role: client, service: office, addresses: [{UNDECLARED}]}}
  relay:     {{role: relay, service: office, addresses: [{RELAY}, "{RELAY6}"], names: [{NAME}]}}
  mailboxes: {{role: mailbox, service: office, addresses: [{MAILBOX}], names: [imap.example.org]}}
  faults:    {{role: submission, service: office, addresses: [{FAULTS}], names: [submit.example.org]}}
rows:
  - {{id: M-01, from: clients, to: mailboxes, protocols: [imap, imaps, pop3, pop3s, sieve], tls: required}}
  - {{id: M-02, from: clients, to: relay, protocols: [smtp, submission, submissions], tls: starttls}}
  - {{id: M-03, from: clients, to: faults, protocols: [submission], tls: starttls, ports: {list(PORTS.values())}}}
  - {{id: M-04, from: relay, to: mailboxes, protocols: [lmtp], tls: starttls}}
"""
# Each fault, told once; what is not here is told of no port.
TOLD = {
    "busy": {("connection", "unknown", None)},
    "refuses": {("connection", "unknown", None)},
    "silent": {("connection", "unknown", None)},
    "drips": {("connection", "unknown", None)},
    "hangs-up": {("connection", "unknown", None)},
    "other": {("greeting", "no", "medium")},
    "mute-behind-hello": {("starttls", "unknown", None)},
    "no-hello": {("starttls", "no", "high")},
    "long-line": {("starttls", "unknown", None)},
    "many-lines": {("starttls", "unknown", None)},
    "stripped": {("starttls", "no", "high")},
    "masked": {("starttls", "no", "high")},
    "starttls-refused": {("tls", "no", "high")},
    "no-tls-behind": {("tls", "no", "high")},
    "keeps-buffer": {("starttls-injection", "no", "high")},
    "says-more": {("starttls-injection", "no", "high")},
    "auth-clear": {("sign-in-clear", "no", "high")},
    "bare-lf": {("bare-lf", "no", None)},
    "requiretls-clear": {("requiretls", "no", "low")},
    "tls-1.0": {("tls-lowest", "no", "medium")},
    "tls-1.2-most": {("tls-1.3", "no", None)},
    "cbc": {("suite", "no", "medium"), ("tls-1.3", "no", None)},
    "weak-suites": {("suites-weak", "no", "low")},
    "expired": {("certificate-dates", "no", "medium")},
    "expiring": {("certificate-dates", "no", "low")},
    "wrong-name": {("certificate-name", "no", "medium")},
    "self-signed": {("certificate-chain", "no", "medium")},
    "short-key": {("certificate-key", "no", "medium")},
    "mute-by-curves": {("certificate-chain", "unknown", None)},
}


def day(ahead):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=ahead)).strftime("%Y%m%d%H%M%SZ")


def kept(folder, name, pair):
    """The pair under a name of its own: the authority writes over an earlier one."""
    texts = [pathlib.Path(path).read_text() for path in pair]
    (folder / f"{name}.pem").write_text("".join(texts))
    for end, text in zip(("crt", "key"), texts):
        (folder / f"{name}.{end}").write_text(text)
    return folder / f"{name}.crt", folder / f"{name}.key"


def certificates(authority, folder):
    folder.mkdir()
    folder.chmod(0o755)
    issue = authority.issue
    kept(folder, "rsa", issue(COVER, "rsa:2048"))
    kept(folder, "short-key", issue(COVER, "rsa:1024"))
    kept(folder, "expired", issue(COVER, end=day(-1)))
    kept(folder, "expiring", issue(COVER, end=day(9)))
    kept(folder, "wrong-name", issue("other.example.net"))
    kept(folder, "self-signed", authority.self_signed(COVER))
    return kept(folder, "clean", issue(COVER))


class Site(lab.Lab):
    def build(self):
        self.matrix = self.folder / "matrix.yaml"
        self.matrix.write_text(MATRIX)
        self.authority = Authority(self.folder)
        pems = self.folder / "pems"
        pair = certificates(self.authority, pems)
        self.asker = self.host("asker", ASKER, "2001:db8:1::5")
        relay = self.host("relay", RELAY, RELAY6)
        mailbox, faults = self.host("mailbox", MAILBOX), self.host("faults", FAULTS)
        undeclared = self.host("undeclared", UNDECLARED)
        strict = "-o smtpd_forbid_bare_newline=reject -o smtpd_forbid_bare_newline_exclusions="
        servers.postfix(relay, NAME, ("25", f"587 {strict}", "465 -o smtpd_tls_wrappermode=yes"), None, (
            f"smtpd_tls_chain_files = {pems}/clean.key, {pems}/clean.crt, {pems}/rsa.key, {pems}/rsa.crt",
            "smtpd_tls_security_level = may", "smtpd_forbid_bare_newline = yes", "smtpd_tls_protocols = >=TLSv1.2",
            "smtpd_tls_mandatory_protocols = >=TLSv1.2", "smtpd_tls_exclude_ciphers = aNULL, kRSA, SHA"))
        servers.dovecot(mailbox, ["imap", "imaps", "pop3", "pop3s", "lmtp", "sieve"], pair,
                        "disable_plaintext_auth = yes\nssl_cipher_list = ECDHE+AESGCM")
        servers.dovecot(undeclared, ["imap"], pair)
        for host, first in ((faults, FIRST),):
            host.start("/usr/bin/python3", ROOT / "tests" / "live" / "lab" / "asked_server.py", pems, host.address, first)
            host.wait_listening(max(PORTS.values()))
        self.capture("tcp or udp or icmp")
        self.asked = self.ask("--json")
        assert self.asked.returncode == 0, self.asked.stderr
        self.answers = json.loads(self.asked.stdout)["answers"]
        self.traffic = self.stop_capture()
        assert b"\n0 packets dropped by kernel" in self.tcpdump.stderr.read()

    def ask(self, *words, pause=("--pause", "2"), matrix=None):
        return subprocess.run(
            self.asker.command(router.BINARY, "audit", "-m", matrix or self.matrix, "--timeout", "1", *pause,
                               "--ca-file", self.authority.certificate, *words),
            capture_output=True, text=True, timeout=120, check=False)

    def told(self, place, answers=None):
        """What is not yes of one address and port: check, answer, severity."""
        return {(one["check"].removeprefix("server."), one["answer"], one["severity"])
                for one in (self.answers if answers is None else answers)
                if one["subject"].startswith(place + " ") and one["answer"] != "yes"}


@pytest.fixture(scope="module")
def site():
    with Site() as site:
        yield site


def test_each_planted_fault_is_told_once_and_at_no_other_port(site):
    assert {name: site.told(f"{FAULTS}:{port}") for name, port in PORTS.items()} == {
        name: TOLD.get(name, set()) for name in PORTS}


def test_a_site_of_postfix_and_dovecot_is_clean(site):
    # no faults: Postfix 3.7 has no REQUIRETLS, and takes LF in commands unless it is told to reject it
    lenient = {("requiretls", "no", None), ("bare-lf", "no", None)}
    strict = {("requiretls", "no", None)}
    places = {f"{RELAY}:25": lenient, f"{RELAY}:465": lenient, f"[{RELAY6}]:25": lenient, f"{RELAY}:587": strict}
    places |= {f"{MAILBOX}:{port}": set() for port in (143, 993, 110, 995, 4190)}
    places[f"{MAILBOX}:24"] = lenient - strict
    assert {place: site.told(place) for place in places} == places


def test_every_kind_of_certificate_that_a_server_has_is_looked_at(site):
    kinds = {one["subject"].partition(", ")[2] for one in site.answers if one["subject"].startswith(f"{RELAY}:25 ")}
    assert kinds == {"", "EC", "RSA"}
    kinds = {one["subject"].partition(", ")[2] for one in site.answers if one["subject"].startswith(f"{MAILBOX}:993 ")}
    assert kinds == {"", "EC"}


def test_a_kind_of_certificate_that_could_not_be_asked_is_told_though_there_is_another(site):
    subject = f"{FAULTS}:{PORTS['mute-by-curves']} submission"
    told = {kind: [(one["check"], one["answer"]) for one in site.answers if one["subject"] == f"{subject}, {kind}"] for kind in ("EC", "RSA")}
    assert told["EC"] == [("server.certificate-chain", "unknown")]
    assert ("server.certificate-chain", "yes") in told["RSA"] and len(told["RSA"]) == 4
    # one that has none of a kind says so: nothing is open
    assert {one["subject"].partition(", ")[2] for one in site.answers if one["subject"].startswith(f"{FAULTS}:{PORTS['rsa']} ")} == {"", "RSA"}


def packets(capture):
    """Each segment of TCP over IPv4: source, destination, its ports, flags, payload; and what is no TCP."""
    at = 24
    while at < len(capture):
        length = struct.unpack_from("<I", capture, at + 8)[0]
        frame, at = capture[at + 16:at + 16 + length], at + 16 + length
        if frame[12:14] != b"\x08\x00":
            continue
        size = (frame[14] & 15) * 4
        ends = tuple(socket.inet_ntoa(frame[here:here + 4]) for here in (26, 30))
        packet = frame[14 + size:14 + struct.unpack_from(">H", frame, 16)[0]]
        if frame[23] != 6:
            yield (*ends, None, None, None, packet)
            continue
        yield (*ends, *struct.unpack_from(">HH", packet), packet[13], packet[(packet[12] >> 4) * 4:])


def test_nobody_is_asked_but_the_declared_servers_at_their_ports_and_no_mail_is_begun(site):
    own = [packet for packet in packets(site.traffic) if packet[0] == ASKER]
    opened = {(packet[1], packet[3]) for packet in own if packet[4] is not None and packet[4] & 0x12 == 0x02}
    assert opened == ({(RELAY, port) for port in (25, 465, 587)} | {(FAULTS, port) for port in PORTS.values()} |
                      {(MAILBOX, port) for port in (24, 110, 143, 993, 995, 4190)})
    assert {packet[1] for packet in own} == {RELAY, FAULTS, MAILBOX}  # no datagram to others either
    clear = b"".join(packet[5] for packet in own if packet[5][:1].isalpha())
    assert {verb for verb in (b"EHLO", b"STARTTLS", b"NOOP", b"QUIT", b"CAPA", b"STLS") if verb in clear} == {
        b"EHLO", b"STARTTLS", b"NOOP", b"QUIT", b"CAPA", b"STLS"}
    assert not re.search(rb"(?m)^(\w\d )?(MAIL|RCPT|DATA|BDAT|AUTH\w*|LOGIN|USER|PASS|APOP|VRFY|EXPN)\b", clear)


def test_one_server_is_asked_by_one_connection_at_a_time(site):
    opened = {}
    for source, to, source_port, port, flags, _ in packets(site.traffic):
        if source == ASKER and flags is not None and flags & 0x12 == 0x02:
            assert opened.get(to) in (None, source_port), f"{to}:{port}"
            opened[to] = source_port
        elif source == ASKER and flags is not None and flags & 0x05 and opened.get(to) == source_port:
            opened[to] = None
        elif to == ASKER and flags is not None and flags & 0x04 and opened.get(source) == port:
            opened[source] = None  # reset by the server


def test_without_a_word_there_is_a_pause_between_connections(site):
    """About thirteen of them make more than two seconds: in one not even the first port is done."""
    answers = json.loads(site.ask("--json", "--server", FAULTS, "--time", "1", pause=()).stdout)["answers"]
    late = {one["subject"].split(" ")[0] for one in answers if one["why"].endswith("the time for all is over")}
    assert late >= {f"{FAULTS}:{port}" for port in PORTS.values() if port != FIRST}
    assert any(one["subject"].startswith(f"{FAULTS}:{FIRST} ") and one["answer"] == "unknown" for one in answers)


@pytest.mark.parametrize("server", [UNDECLARED, "203.0.113.9", "clients", "mx.example.net", f"{RELAY}:25"])
def test_a_server_that_no_row_leads_to_is_refused(site, server):
    done = site.ask("--server", server)
    assert done.returncode == 2 and "no row of the matrix leads to a server of this" in done.stderr and not done.stdout


def test_an_address_a_group_or_a_name_says_which_are_asked_and_faults_are_in_the_exit_code(site):
    for server in (MAILBOX, "mailboxes", "imap.example.org"):
        done = site.ask("--json", "--exit-code", "--server", server)
        subjects = {one["subject"].split(" ")[0] for one in json.loads(done.stdout)["answers"]}
        assert done.returncode == 0, done.stderr
        assert subjects == {f"{MAILBOX}:{port}" for port in (24, 110, 143, 993, 995, 4190)}
    text = site.ask("--exit-code", "--server", FAULTS, "--time", "2")
    assert text.returncode == 0, "the time for all ends before there is a fault"


def test_who_asks_is_told_that_the_authorities_are_another_s(site):
    own = Authority(site.folder / "pems").certificate
    done = site.ask("--json", "--server", MAILBOX, "--ca-file", own)
    chains = [one for one in json.loads(done.stdout)["answers"] if one["check"] == "server.certificate-chain"]
    assert {one["answer"] for one in chains} == {"no"} and len(chains) == 6
    assert {"unable to get local issuer certificate" in one["why"] for one in chains} == {True}


def test_what_the_wire_showed_is_held_against_what_is_answered(site):
    """The ledger is of the capture of the audit itself: its handshakes of TLS 1.2 show certificates."""
    capture, state = site.folder / "traffic.pcap", site.folder / "servers.state"
    subprocess.run([router.BINARY, "replay", capture, "-m", site.matrix, "--state", state], capture_output=True, check=True)

    def observed(words=("--server", MAILBOX)):
        answers = json.loads(site.ask("--json", "--observed", state, *words).stdout)["answers"]
        return {(one["subject"].split(" ")[0], one["check"].removeprefix("server."), one["answer"])
                for one in answers if one["check"].endswith("-observed")}

    ports = (24, 110, 143, 4190)
    seen = {(f"{MAILBOX}:{port}", f"{what}-observed", "yes") for port in ports for what in ("starttls", "certificate")}
    seen |= {(f"{MAILBOX}:{port}", "certificate-observed", "yes") for port in (993, 995)}
    assert observed() == seen
    state.write_text(re.sub(r"sha256=\w{8}", "sha256=00000000", state.read_text()))
    assert {one for one in observed() if one[1] == "certificate-observed"} == {
        (place, check, "no") for place, check, _ in seen if check == "certificate-observed"}


def test_starttls_that_is_offered_here_or_on_the_wire_alone_is_told_as_a_middlebox(site):
    """A ledger in which the clean port and the one without STARTTLS are taken for each other."""
    state, matrix = site.folder / "changed.state", site.folder / "two.yaml"
    subprocess.run([router.BINARY, "replay", site.folder / "traffic.pcap", "-m", site.matrix, "--state", state],
                   capture_output=True, check=True)
    clean, stripped = (f"address={FAULTS} port={PORTS[name]} " for name in ("clean", "stripped"))
    text = state.read_text()
    assert clean in text and stripped in text
    state.write_text(text.replace(clean, "other").replace(stripped, clean).replace("other", stripped))
    matrix.write_text(MATRIX.replace(str(list(PORTS.values())), f"[{PORTS['clean']}, {PORTS['stripped']}]"))
    answers = json.loads(site.ask("--json", "--server", FAULTS, "--observed", state, matrix=matrix).stdout)["answers"]
    assert ("starttls-observed", "no", "high") in site.told(f"{FAULTS}:{PORTS['clean']}", answers)
    whys = [one["why"] for one in answers if one["check"] == "server.starttls" and one["answer"] == "no"]
    assert len(whys) == 1 and "the wire showed it offered: a middlebox" in whys[0]
