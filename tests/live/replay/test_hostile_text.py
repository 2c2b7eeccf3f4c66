"""Nothing that a peer, a file or its name says reaches a terminal as anything but printable text."""

import json
import struct
import subprocess

import pytest

from frames_made import pcap, tcp
from replaying import MATRIX, replay, run, written
from sensor import ROOT

# a title, colours, C1 controls as bytes and as UTF-8, a bell, back space, delete
EVIL = b"\x1b]0;owned\x07\x1b[31m\x9b2J\xc2\x9b2J\x08\x7f\xe2\x80\xaeevil\r"
PORTS = {"smtp": 25, "imap": 143, "pop3": 110, "imaps": 993, "foreign": 587, "http": 80, "socks": 1080}
PRINTABLE = frozenset(range(0x20, 0x7f)) | {0x0a}


def assert_printable(output):
    odd = sorted(set(output) - PRINTABLE)
    lines = [line for line in output.splitlines() if set(line) - PRINTABLE]
    assert not odd, (bytes(odd), lines[:3])


def dialogue(number, port, turns):
    """Frames of one ended conversation of workstation 192.0.2.<70 + number>."""
    following = {True: 1001, False: 5001}
    frames = [tcp(True, 1000, 0, 0x02, port=port), tcp(False, 5000, 1001, 0x12, port=port)]
    for to_server, data in turns:
        frames.append(tcp(to_server, following[to_server], following[not to_server], 0x18, data, port))
        following[to_server] += len(data)
    frames.append(tcp(True, following[True], following[False], 0x04, b"", port))
    moved = []
    for frame in map(bytearray, frames):
        frame[29 if frame[26:30] == bytes([192, 0, 2, 70]) else 33] = 70 + number
        moved.append(bytes(frame))
    return moved


def vector(size, data):
    return len(data).to_bytes(size, "big") + data


def handshake(kind, body):
    message = bytes([kind]) + vector(3, body)
    return b"\x16\x03\x03" + vector(2, message)


def client_hello(name):
    extension = b"\x00\x00" + vector(2, vector(2, b"\x00" + vector(2, name)))
    alpn = b"\x00\x10" + vector(2, vector(2, vector(1, b"im" + name[:20])))
    return handshake(1, b"\x03\x03" + b"r" * 32 + b"\x00" + vector(2, b"\xc0\x2f") + b"\x01\x00" +
                     vector(2, extension + alpn))


def server_answer(certificate):
    hello = b"\x03\x03" + b"R" * 32 + b"\x00" + b"\xc0\x2f" + b"\x00"
    return handshake(2, hello) + handshake(11, vector(3, vector(3, certificate))) + handshake(14, b"")


def certificate(folder, name):
    """Self-signed, with the evil text in subject, issuer and names."""
    text = name.decode("utf-8", errors="ignore").replace("\r", "").replace("/", "")
    ascii_text = "".join(letter for letter in text if ord(letter) < 0x80)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", folder / "key.pem", "-out", folder / "evil.der", "-outform", "DER", "-days", "10",
                    "-utf8", "-subj", f"/CN={text}/O={text}", "-addext", f"subjectAltName=DNS:{ascii_text}"],
                   check=True, capture_output=True)
    content = (folder / "evil.der").read_bytes()
    assert b"\x1b]0;owned" in content
    return content


def query(name):
    """An MX query over UDP from the workstation."""
    labels = b"".join(vector(1, label) for label in (name, b"example", b"net")) + b"\x00"
    message = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + labels + struct.pack(">HH", 15, 1)
    datagram = struct.pack(">HHHH", 40000, 53, 8 + len(message), 0) + message
    return (b"\x02" * 12 + b"\x08\x00" +
            struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(datagram), 0, 0, 64, 17, 0) +
            bytes([192, 0, 2, 70]) + bytes([203, 0, 113, 53]) + datagram)


def smtp(text, first=b""):
    line = text.replace(b"\r", b"")
    return [(False, b"220 " + text + b" ESMTP " + text + b"\r\n"), (True, first + b"EHLO " + line + b"\r\n"),
            (False, b"250-" + text + b"\r\n250-AUTH PLAIN " + text + b"\r\n250 " + text + b"\r\n"),
            (True, b"AUTH PLAIN " + line + b"\r\n"), (False, b"235 " + text + b"\r\n"),
            (True, b"MAIL FROM:<" + line + b"@" + line + b"> " + line + b"\r\n"), (False, b"250 " + text + b"\r\n"),
            (True, b"RCPT TO:<b@" + line + b">\r\n"), (False, b"250 ok\r\n"), (True, b"DATA\r\n"),
            (False, b"354 go\r\n"), (True, b"Received: from " + line + b" ([192.0.2.1])\r\nX: " + text +
                                     b"\r\n\r\n" + text + b"\r\n.\r\n"), (False, b"250 queued as " + text + b"\r\n")]


@pytest.fixture(scope="module")
def evil(tmp_path_factory):
    """A capture in which every text that a peer may choose is evil."""
    folder = tmp_path_factory.mktemp("evil")
    line = EVIL.replace(b"\r", b"")
    shown = certificate(folder, EVIL)
    socks = [(True, b"\x05\x01\x00"), (False, b"\x05\x00"), (True, b"\x05\x01\x00\x03" + vector(1, line) + b"\x00\x19"),
             (False, b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"), *smtp(EVIL)]
    connect = [(True, b"CONNECT " + line.replace(b" ", b"") + b":25 HTTP/1.1\r\nHost: " + line + b"\r\n\r\n"),
               (False, b"HTTP/1.1 200 " + line + b"\r\n\r\n"), *smtp(EVIL)]
    frames = [
        dialogue(0, PORTS["smtp"], smtp(EVIL)),
        dialogue(1, PORTS["imap"], [(False, b"* OK [CAPABILITY " + EVIL + b"] " + EVIL + b"\r\n"),
                                    (True, b"a1 LOGIN " + line + b" " + line + b"\r\n"),
                                    (False, b"a1 OK " + EVIL + b"\r\n")]),
        dialogue(2, PORTS["pop3"], [(False, b"+OK " + EVIL + b"\r\n"), (True, b"USER " + line + b"\r\n"),
                                    (False, b"+OK " + EVIL + b"\r\n"), (True, b"PASS " + line + b"\r\n"),
                                    (False, b"+OK\r\n")]),
        dialogue(3, PORTS["imaps"], [(True, client_hello(line[:60])), (False, server_answer(shown)),
                                     (True, b"\x14\x03\x03\x00\x01\x01"), (False, b"\x14\x03\x03\x00\x01\x01")]),
        dialogue(4, PORTS["foreign"], [(False, b"SSH-2.0-" + EVIL + b"\r\n"), (True, b"SSH-2.0-" + EVIL + b"\r\n")]),
        dialogue(5, PORTS["http"], [(True, b"POST /EWS/Exchange.asmx HTTP/1.1\r\nHost: " + line +
                                     b"\r\nAuthorization: Basic " + line + b"\r\nX-RequestType: " + line +
                                     b"\r\nContent-Length: 1\r\n\r\nx"),
                                    (False, b"HTTP/1.1 200 " + line + b"\r\nServer: " + line + b"\r\n\r\n")]),
        dialogue(6, PORTS["socks"], socks),
        dialogue(7, 8080, connect),
        dialogue(8, PORTS["smtp"], smtp(EVIL, b"PROXY TCP4 192.0.2.9 203.0.113.25 1000 25\r\n")),
        dialogue(9, PORTS["smtp"], [(False, b"220-" + EVIL + b"\r\n220 " + b"*" * 20 + EVIL + b"\r\n"),
                                    (True, b"EHLO x\r\n"), (False, b"250-XXXXXXXA\r\n250 " + EVIL + b"\r\n"),
                                    (True, b"XXXXXXXX\r\n"), (False, b"500 " + EVIL + b"\r\n")]),
        [query(line[:60])],
    ]
    path = written(folder, pcap([frame for flow in frames for frame in flow]))
    assert path.read_bytes().count(b"\x1b]0;owned") > 40
    return path


@pytest.mark.parametrize("options", [(), ("--json",), ("--summary",), ("--summary", "--json"), ("--no-ndpi",)],
                         ids=" ".join)
def test_replay_prints_text_only(evil, options):
    answer = replay(evil, *options)
    assert answer.returncode == 0, answer.stderr
    assert_printable(answer.stdout + answer.stderr)


def test_the_evil_capture_reaches_every_field_it_is_about(evil):
    """The test above can only fail where the fields are filled."""
    found = [json.loads(line) for line in replay(evil, "--json").stdout.splitlines()]
    mails = [record for record in found if record["event_type"] == "mail"]
    assert {mail["mail"]["protocol"] for mail in mails} >= {"smtp", "imap", "pop3", "imaps", "ews"}
    assert any("owned" in (mail["mail"]["helo"] or "") for mail in mails)
    assert any("owned" in (mail["mail"]["mail_from_domain"] or "") for mail in mails)
    assert any("owned" in mail.get("tls", {}).get("subject", "") for mail in mails)
    assert any("owned" in mail.get("tls", {}).get("issuerdn", "") for mail in mails)
    told = [record["alert"]["metadata"] for record in found if "alert" in record]
    details = [one["detail"] or "" for alert in told for one in (alert, *alert.get("also", []))]
    for part in ("asks for the MX record of", "CN=", "asked "):
        assert any(part in detail and "owned" in detail for detail in details), (part, details)
    assert any("owned" in json.dumps(mail["mail"].get("proxied_by", "")) for mail in mails)


def test_letters_of_any_writing_reach_the_record_as_they_were_sent(tmp_path):
    greeting, sender = "poste.ex\u00e4mple.org", "\u043f\u043e\u0447\u0442\u0430.example.net"
    turns = [(False, b"220 mx.example.net ESMTP\r\n"), (True, f"EHLO {greeting}\r\n".encode()), (False, b"250 SMTPUTF8\r\n"),
             (True, f"MAIL FROM:<a@{sender}> SMTPUTF8\r\n".encode()), (False, b"250 ok\r\n"),
             (True, b"RCPT TO:<b@example.net>\r\n"), (False, b"250 ok\r\n")]
    path = written(tmp_path, pcap(dialogue(0, PORTS["smtp"], turns)))
    mail = [record["mail"] for record in map(json.loads, replay(path, "--json").stdout.splitlines()) if "mail" in record][-1]
    assert (mail["helo"], mail["mail_from_domain"]) == (greeting, sender)


def test_what_servers_showed_is_printed_as_text(evil, tmp_path):
    state = tmp_path / "servers.state"
    assert replay(evil, "--state", state, "--flows", tmp_path / "flows").returncode == 0
    assert_printable(state.read_bytes())
    assert_printable((tmp_path / "flows").read_bytes())
    for options in ((), ("--json",)):
        answer = run("servers", state, *options)
        assert answer.returncode == 0
        assert b"owned" in answer.stdout
        assert_printable(answer.stdout + answer.stderr)


def test_a_state_file_that_holds_controls_is_refused_in_text(tmp_path):
    for place in (b"mailwarden-servers 1\n" + EVIL.replace(b"\r", b"") + b"\nend 0\n",
                  b"mailwarden-servers 1\nserver address=" + EVIL + b"\nend 1\n", EVIL):
        path = written(tmp_path, place, "evil.state")
        answer = run("servers", path)
        assert answer.returncode == 2
        assert_printable(answer.stdout + answer.stderr)


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["human", "json"])
def test_the_name_of_a_capture_is_printed_as_text(evil, tmp_path, options):
    name = EVIL.replace(b"\r", b"\n").decode("latin-1").encode("latin-1")
    path = bytes(tmp_path) + b"/" + name
    with open(path, "wb") as copy:
        copy.write(evil.read_bytes())
    command = [str(word) for word in (run.__globals__["MAILWARDEN"], "replay")]
    for words in ([path], [path + b".missing"]):
        answer = subprocess.run([*command, *words, "-m", str(ROOT / MATRIX), "--table", "1024", *options],
                                capture_output=True, timeout=60, check=False)
        assert answer.returncode in (0, 3)
        assert_printable(answer.stdout + answer.stderr)


@pytest.mark.parametrize("text", ['schema: 1\n"\\e[31m": 1\n', 'schema: "\\e]0;owned\\a"\n',
                                  'schema: 1\nzones: {internal: ["\\e[2J"]}\nrows: []\n',
                                  'schema: 1\nrows: [{id: "a\\x9b", from: "\\e", to: b, owner: "\\e[31m"}]\n'],
                         ids=["key", "value", "address", "row"])
@pytest.mark.parametrize("words", [("check",), ("check", "--json")], ids=" ".join)
def test_a_matrix_that_holds_controls_is_refused_in_text(tmp_path, words, text):
    path = written(tmp_path, text.encode(), "evil.yaml")
    answer = run(*words, path)
    assert answer.returncode == 2
    assert_printable(answer.stdout + answer.stderr)


def test_what_a_matrix_says_of_a_row_is_printed_as_text(tmp_path):
    text = ("schema: 1\nzones: {internal: [192.0.2.0/24]}\n"
            "groups: {a: {role: client, addresses: [192.0.2.1]}, b: {role: mailbox, addresses: [192.0.2.2]}}\n"
            'rows: [{id: r, from: a, to: b, protocols: imaps, owner: "o\\e[31m\\x9bp", ticket: "t\\a"}]\n')
    path = written(tmp_path, text.encode(), "evil.yaml")
    for words in (("check", path), ("check", "--json", path), ("explain", "-m", path, "a", "b", "imaps")):
        assert_printable(run(*words).stdout + run(*words).stderr)
