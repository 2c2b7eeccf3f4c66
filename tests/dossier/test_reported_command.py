"""What receivers reported, in the report and the digest: by the records of `mailwarden dmarc`."""

import html
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

import hostile_names
import look

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "dmarc"))

import made_reports as made  # noqa: E402
from made_reports import row  # noqa: E402

MAILWARDEN = os.environ.get("MAILWARDEN", str(ROOT / "build/plain/mailwarden"))
MATRIX = ROOT / "rules/anssi-reference.yaml"
CAPTURE = ROOT / "pcaps/gateway-split/traffic.pcap"
ROWS = [row("198.51.100.2", 8, dkim="pass", spf="pass"), row("203.0.113.9", 3, spf="pass"), row("203.0.113.10", 2, dkim="pass"),
        row("2001:db8::66", 5, disposition="reject")]
TLS = made.tls([("example.org", "tlsa", 10, 10, []), ("example.org", "sts", 1000, 1, [])])
UNTIL = "--until", "2026-11-29"


def run(*words):
    return subprocess.run([MAILWARDEN, *map(str, words)], text=True, capture_output=True, timeout=60, check=False)


def told(*words):
    answer = run(*words)
    assert (answer.returncode, answer.stderr) == (0, "")
    return answer.stdout


def recorded(folder, reports, day="2026-11-24"):
    return made.journal(MAILWARDEN, MATRIX, folder, reports, day)


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    return recorded(tmp_path_factory.mktemp("reports"), [made.plain(ROWS), TLS])


def test_captures_beside_them_are_told_as_without(journal):
    alone = json.loads(told("report", CAPTURE, "-m", MATRIX, "--json"))
    both = json.loads(told("report", journal, CAPTURE, "-m", MATRIX, "--json"))
    reported = both.pop("reported")
    assert "reported" not in alone and alone.pop("inputs") != both.pop("inputs") and alone == both
    assert reported["messages"] == {"declared": 8, "undeclared_relay": 3, "undeclared_signer": 2, "forwarder": 0, "forwarded": 0,
                                    "spoofing": 5, "lost": 0}
    assert [(one["source"], one["finding"], one["severity"], one["messages"], one["domain"]) for one in reported["senders"]] == [
        ("203.0.113.9", "audit.relay-undeclared", "high", 3, "example.org"),
        ("203.0.113.10", "audit.signer-undeclared", "medium", 2, "example.org")]
    assert [(one["policy"], one["failed"]) for one in reported["tls_failing"]] == [("tlsa", 10)]
    assert reported["sessions"] == {"succeeded": 1010, "failed": 11}


def test_an_observed_matrix_beside_them_is_told_as_without(journal, tmp_path):
    told("observed", CAPTURE, "-m", MATRIX, "--write", tmp_path / "observed")
    alone = json.loads(told("report", tmp_path / "observed", "-m", MATRIX, "--json"))
    both = json.loads(told("report", tmp_path / "observed", journal, "-m", MATRIX, "--json"))
    assert both.pop("reported")["messages"]["spoofing"] == 5
    del alone["inputs"], both["inputs"]
    assert alone == both and alone["seen"]["of_sums"] and alone["seen"]["flows"] > 0


@pytest.mark.parametrize("form", ["--text", "--html", "--markdown"])
@pytest.mark.parametrize("language, words", [
    ("en", ("Who sends as our domains, as receivers report", "Find out who it is", "passed nothing: forged")),
    ("fr", ("Qui émet au nom de nos domaines, selon les destinataires", "Trouver qui c'est", "rien de valide : usurpé"))])
def test_each_form_has_it_in_each_language(journal, form, language, words):
    text = html.unescape(told("report", journal, CAPTURE, "-m", MATRIX, form, "--lang", language))
    text = re.sub("[\xa0\u202f]", " ", re.sub(r"\s+", " ", text.replace("\\", "")))
    for word in (*words, "203.0.113.9", "audit.signer-undeclared", "receiver.example", "tlsa"):
        assert word in text
    assert "2001:db8::66" not in text and "198.51.100.2" not in text.partition(words[0])[2]


def test_who_was_declared_since_is_a_number(journal, tmp_path):
    matrix = tmp_path / "matrix.yaml"
    matrix.write_text(MATRIX.read_text(encoding="utf-8") + "\ndomains:\n  example.org: {senders: 203.0.113.9}\n", encoding="utf-8")
    reported = json.loads(told("report", journal, CAPTURE, "-m", matrix, "--json"))["reported"]
    assert [one["source"] for one in reported["senders"]] == ["203.0.113.10"] and reported["declared_now"] == 1
    assert "declared by this matrix: 1." in told("report", journal, CAPTURE, "-m", matrix)


def test_the_digest_tells_what_was_not_told_before(tmp_path):
    before = recorded(tmp_path / "a", [made.plain([row("203.0.113.9", 3, spf="pass"), row("2001:db8::66", 7)])], "2026-11-03")
    now = recorded(tmp_path / "b", [made.plain(ROWS, number="2"), TLS])
    text = re.sub(r"\s+", " ", told("digest", "-m", MATRIX, before, now, *UNTIL))
    assert "203.0.113.10: not declared, sends as example.org (audit.signer-undeclared), messages: 2, aligned: 2" in text
    assert "203.0.113.9" not in text and "example.org (tlsa): TLS towards this domain fails, sessions: 10 of 20" in text
    assert "passed nothing, as receivers report: 5, in the span before 0." in text
    text = told("digest", "-m", MATRIX, now, *UNTIL)
    assert "203.0.113.9: not declared" in text
    french = re.sub(r"\s+", " ", told("digest", "-m", MATRIX, now, *UNTIL, "--lang", "fr"))
    assert "203.0.113.9 : non déclaré, émet au nom de example.org (audit.relay-undeclared), messages : 3" in french


def test_a_quiet_week_of_a_sensor_with_known_reports_says_nothing(tmp_path):
    def flows(day):
        told("replay", CAPTURE, "-m", MATRIX, "--flows", tmp_path / "flows")
        return re.sub(r'"2026-11-\d\dT', f'"{day}T', (tmp_path / "flows").read_text(encoding="utf-8")).replace(
            '"community_id":"1:', f'"community_id":"1:{day[-2:]}')
    (state := tmp_path / "state").mkdir()
    assert run("replay", CAPTURE, "-m", MATRIX, "--journal", state / "journal", "--json").returncode == 0
    (state / "journal" / "0000000000000000.eve.jsonl").write_text(flows("2026-11-17") + flows("2026-11-24"), encoding="utf-8")
    assert told("digest", "-m", MATRIX, "--state-dir", state, *UNTIL) == ""
    shutil.copytree(recorded(tmp_path / "old", [made.plain(ROWS)], "2026-11-03"), state / "dmarc")
    assert told("digest", "-m", MATRIX, "--state-dir", state, *UNTIL) == ""
    shutil.rmtree(state / "dmarc")
    shutil.copytree(recorded(tmp_path / "new", [made.plain(ROWS)]), state / "dmarc")
    text = told("digest", "-m", MATRIX, "--state-dir", state, *UNTIL)
    assert "203.0.113.9" in text and "R37" not in text and "The sensor saw no mail flow" not in text


@pytest.mark.parametrize("name", hostile_names.NAMES.values(), ids=hostile_names.NAMES)
def test_hostile_names_are_text_and_change_no_page(journal, tmp_path, name):
    def page(*form):
        return told("report", tmp_path / "eve.json", CAPTURE, "-m", MATRIX, *form)

    def with_name(called):
        lines = []
        for segment in journal.glob("*.jsonl"):
            for record in map(json.loads, segment.read_text(encoding="utf-8").splitlines()):
                for inside in ("dmarc", "tlsrpt"):
                    if inside in record:
                        record[inside].update(reporter=called, domain=called[:80])
                lines.append(json.dumps(record) + "\n")
        (tmp_path / "eve.json").write_text("".join(lines), encoding="utf-8")
    with_name("receiver.example")
    usual = look.tree(page("--html"))
    with_name(name)
    hostile = page("--html")
    assert look.tree(hostile) == usual and hostile_names.shown(name) in html.unescape(hostile)
    for text in hostile, page(), page("--markdown"):
        assert not set(text) & set("\u202e\u0007\x1b\r")
