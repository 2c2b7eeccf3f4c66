"""Nothing that a peer, a file or its name says reaches a terminal as anything but printable text."""

import json
import subprocess

import pytest

from frames_made import pcap
from hostile import PORTS, dialogue, flows
from replaying import MATRIX, replay, run, written
from sensor import ROOT

# a title, colours, C1 controls as bytes and as UTF-8, a bell, back space, delete
EVIL = b"\x1b]0;owned\x07\x1b[31m\x9b2J\xc2\x9b2J\x08\x7f\xe2\x80\xaeevil\r"
PRINTABLE = frozenset(range(0x20, 0x7f)) | {0x0a}


def assert_printable(output):
    odd = sorted(set(output) - PRINTABLE)
    lines = [line for line in output.splitlines() if set(line) - PRINTABLE]
    assert not odd, (bytes(odd), lines[:3])


@pytest.fixture(scope="module")
def evil(tmp_path_factory):
    """A capture in which every text that a peer may choose is evil."""
    folder = tmp_path_factory.mktemp("evil")
    path = written(folder, pcap([frame for flow in flows(EVIL, folder) for frame in flow]))
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
