"""Dialogues of which a part is missing, foreign, too long or all that there is: what they are is still told, or not claimed."""

import json
import struct

import pytest

from frames_made import file_header, tcp
from replaying import replay
from sensor import ROOT

GREETING, HELLO = b"220 mx.example.net ESMTP ready\r\n", b"EHLO pc.example.org\r\n"
OFFER = b"250-mx.example.net\r\n250-STARTTLS\r\n250 8BITMIME\r\n"
MAIL = [(True, b"MAIL FROM:<a@example.org>\r\n"), (False, b"250 2.1.0 ok\r\n"), (True, b"RCPT TO:<b@example.net>\r\n"),
        (False, b"250 2.1.5 ok\r\n"), (True, b"DATA\r\n"), (False, b"354 go\r\n"), (True, b"Subject: x\r\n\r\nx\r\n.\r\n"),
        (False, b"250 2.0.0 queued\r\n")]
RELAY, MX_OUT, MX_IN, MAILBOX = [192, 0, 2, 25], [198, 51, 100, 2], [198, 51, 100, 3], [192, 0, 2, 10]
WORKSTATION, INTERNET = [192, 0, 2, 70], [203, 0, 113, 25]


def between(frame, client, server, to_server):
    made = bytearray(frame)
    made[26:34] = bytes(client + server if to_server else server + client)
    return bytes(made)


def frames_of(turns, client=WORKSTATION, server=INTERNET, port=25, begun=True):
    following = {True: 1001, False: 5001}
    frames = []
    if begun:
        frames = [(True, tcp(True, 1000, 0, 0x02, port=port)), (False, tcp(False, 5000, 1001, 0x12, port=port))]
    for to_server, data in turns:
        for start in range(0, len(data), 1400):
            part = data[start:start + 1400]
            frames.append((to_server, tcp(to_server, following[to_server], following[not to_server], 0x18, part, port)))
            following[to_server] += len(part)
    frames.append((True, tcp(True, following[True], following[False], 0x14, port=port)))
    return [between(frame, client, server, to_server) for to_server, frame in frames]


def judged(tmp_path, frames, snap=65535):
    path = tmp_path / "part.pcap"
    path.write_bytes(file_header() + b"".join(
        struct.pack("<IIII", 1790000000 + index, 0, min(len(frame), snap), len(frame)) + frame[:snap]
        for index, frame in enumerate(frames)))
    answer = replay(path, "--json")
    assert answer.returncode == 0, answer.stderr
    records = [json.loads(line) for line in answer.stdout.splitlines()]
    mails = [record["mail"] for record in records if record["event_type"] == "mail"]
    assert len(mails) <= 1
    told = [record["alert"]["metadata"] for record in records if "alert" in record]
    return mails[0] if mails else None, [each["finding"] for alert in told for each in (alert, *alert.get("also", []))]


def without_the_first(name, count):
    """A bundled capture from a later packet on."""
    data = (ROOT / "pcaps" / name / "traffic.pcap").read_bytes()
    at = 24
    frames = []
    while at < len(data):
        length, = struct.unpack_from("<I", data, at + 8)
        frames.append(data[at + 16:at + 16 + length])
        at += 16 + length
    return frames[count:]


@pytest.mark.parametrize("client, server, port, protocol", [
    (RELAY, MX_OUT, 25, "smtp"), (MX_OUT, INTERNET, 25, "smtp"), (WORKSTATION, [192, 0, 2, 20], 587, "submission")])
def test_tls_joined_behind_starttls_accuses_nobody(tmp_path, client, server, port, protocol):
    record = b"\x17\x03\x03\x00\x20" + b"\xaa" * 32
    mail, findings = judged(tmp_path, frames_of([(True, record), (False, record)] * 3, client, server, port, begun=False))
    assert (mail["protocol"], mail["tls"], mail["verdict"], findings) == (protocol, "unknown", "legitimate", [])


@pytest.mark.parametrize("name, packets, protocol", [
    ("submission-starttls-auth", 14, "submission"), ("smtp-starttls-tls13", 12, "smtp"), ("imap-starttls", 12, "imap")])
def test_a_capture_that_begins_behind_starttls(tmp_path, name, packets, protocol):
    mail, findings = judged(tmp_path, without_the_first(name, packets))
    assert mail["protocol"] == protocol and mail["tls"] == "unknown"
    assert not {"smtps.implicit", "port.unusual", "port.foreign"} & set(findings)


def test_tls_from_the_first_byte_on_25_is_still_that(tmp_path):
    record = b"\x17\x03\x03\x00\x20" + b"\xaa" * 32
    mail, findings = judged(tmp_path, frames_of([(True, record), (False, record)] * 3, RELAY, MX_OUT))
    assert mail["tls"] == "implicit" and "smtps.implicit" in findings


@pytest.mark.parametrize("turns", [
    [(False, b"421 mx.example.net too busy\r\n")],
    [(False, b"554 mx.example.net Your IP is listed\r\n"), (True, b"QUIT\r\n")],
    [(False, b"220 mx.example.net ready\r\n"), (True, b"QUIT\r\n"), (False, b"221 Bye\r\n")]],
                         ids=["421", "554", "quit at once"])
def test_a_short_dialogue_on_smtp_s_port_is_smtp(tmp_path, turns):
    mail, findings = judged(tmp_path, frames_of(turns, MX_OUT))
    assert (mail["protocol"], mail["verdict"], findings) == ("smtp", "legitimate", [])
    mail, findings = judged(tmp_path, frames_of(turns, WORKSTATION))
    assert (mail["protocol"], findings) == ("smtp", ["sender.attempt"])


def test_a_greeting_that_names_nothing_is_an_attempt(tmp_path):
    mail, findings = judged(tmp_path, frames_of([(False, b"220 mx.example.net ready\r\n")], MX_OUT))
    assert (mail["protocol"], mail["verdict"], findings) == ("attempt", "legitimate", [])
    mail, findings = judged(tmp_path, frames_of([(False, b"220 mx.example.net ready\r\n")], WORKSTATION))
    assert (mail["protocol"], findings) == ("attempt", ["sender.attempt"])


def test_headers_alone_are_an_attempt(tmp_path):
    frames = frames_of([(False, GREETING), (True, HELLO), (False, OFFER)] + MAIL, WORKSTATION)
    mail, findings = judged(tmp_path, frames, snap=54)
    assert (mail["protocol"], findings) == ("attempt", ["sender.attempt", "sensor.blind"])


def test_pop3_that_is_refused_at_once(tmp_path):
    mail, _ = judged(tmp_path, frames_of([(False, b"-ERR too many connections\r\n")], WORKSTATION, MAILBOX, 110))
    assert mail["protocol"] == "pop3"


@pytest.mark.parametrize("port", [25, 2526])
@pytest.mark.parametrize("first", [b"USER x\r\n", b"PASS x\r\n", b"FEAT\r\n", b"SYST\r\n", b"AUTH TLS\r\n", b"PUT / HTTP/1.1\r\n", b"SSH-2.0-x\r\n",
                                   b"GROUP x\r\n", b"*1\r\n"])
def test_one_foreign_line_hides_no_dialogue(tmp_path, first, port):
    turns = [(False, GREETING), (True, first), (False, b"502 5.5.2 Error: command not recognized\r\n"), (True, HELLO),
             (False, OFFER)] + MAIL
    mail, findings = judged(tmp_path, frames_of(turns, port=port))
    assert mail["protocol"] == "smtp" and mail["messages"] == 1 and "sender.illegitimate" in findings


@pytest.mark.parametrize("turns", [
    [(False, b"220 files.example.net\r\n"), (True, b"USER a\r\n"), (False, b"331 password\r\n"), (True, b"PASS b\r\n"),
     (False, b"230 in\r\n"), (True, b"SYST\r\n"), (False, b"215 UNIX Type: L8\r\n"), (True, b"QUIT\r\n"), (False, b"221 bye\r\n")],
    [(False, b"220 files.example.net\r\n"), (True, b"FEAT\r\n"), (False, b"211-Features\r\n UTF8\r\n211 End\r\n"),
     (True, b"USER a\r\n"), (False, b"331 password\r\n"), (True, b"QUIT\r\n"), (False, b"221 bye\r\n")],
    [(False, b"220 files.example.net\r\n"), (True, b"USER a\r\n"), (False, b"530 no\r\n"), (True, b"QUIT\r\n"),
     (False, b"221 bye\r\n")]], ids=["login", "feat", "refused"])
def test_ftp_is_not_mail_for_that(tmp_path, turns):
    mail, findings = judged(tmp_path, frames_of(turns, port=25))
    assert mail is None and findings == ["port.foreign"]
    mail, findings = judged(tmp_path, frames_of(turns, port=21))
    assert mail is None and findings == []


def test_what_follows_a_banner_longer_than_what_is_kept(tmp_path):
    banner = b"220-mx.example.net ESMTP\r\n" + b"220-Use of this system is monitored and logged, all of it.\r\n" * 20 + b"220 go\r\n"
    assert len(banner) > 1024
    mail, findings = judged(tmp_path, frames_of([(False, banner), (True, HELLO), (False, OFFER)] + MAIL, RELAY, MX_OUT))
    assert (mail["starttls_offered"], mail["starttls"]) == ("yes", "unused") and "tls.starttls-unused" in findings


def test_lmtp_joined_at_its_envelope(tmp_path):
    turns = [(True, b"MAIL FROM:<a@b.example>\r\nRCPT TO:<x@y>\r\nRCPT TO:<z@y>\r\nDATA\r\n"),
             (False, b"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n"), (True, b"x\r\n.\r\n"),
             (False, b"250 2.0.0 <x@y> Saved\r\n250 2.0.0 <z@y> Saved\r\n")]
    mail, findings = judged(tmp_path, frames_of(turns, RELAY, MAILBOX, 24, begun=False))
    assert mail["protocol"] == "lmtp" and not {"sender.illegitimate", "port.unusual"} & set(findings)
    greeted = [(False, GREETING), (True, HELLO), (False, OFFER)] + MAIL
    mail, findings = judged(tmp_path, frames_of(greeted, RELAY, MAILBOX, 24))
    assert mail["protocol"] == "smtp" and "port.unusual" in findings


def test_a_sieve_value_as_a_literal(tmp_path):
    greeting = b'"IMPLEMENTATION" {5}\r\nhello\r\n"SIEVE" "fileinto"\r\n"STARTTLS"\r\nOK\r\n'
    mail, _ = judged(tmp_path, frames_of([(False, greeting), (True, b"LOGOUT\r\n"), (False, b"OK\r\n")], WORKSTATION, MAILBOX, 4190))
    assert mail["protocol"] == "sieve"
