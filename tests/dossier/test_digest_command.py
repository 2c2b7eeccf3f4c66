"""mailwarden digest: nothing where nothing is new, else a screen of what is."""

import html
import json
import os
import pathlib
import re
import subprocess

import pytest

import hostile_names
import look

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAILWARDEN = os.environ.get("MAILWARDEN", str(ROOT / "build/plain/mailwarden"))
MATRIX = ROOT / "rules/anssi-reference.yaml"
STRANGER = ROOT / "pcaps/smtp-illegitimate-workstation/traffic.pcap"
ALLOWED = ROOT / "pcaps/gateway-split/traffic.pcap"
CERTIFICATE = ROOT / "pcaps/imaps-tls12/traffic.pcap"
WEEKS = "2026-11-17", "2026-11-24"  # the captures are of days in the second
UNTIL = "--until", "2026-11-29"


def run(*words):
    return subprocess.run([MAILWARDEN, *map(str, words)], text=True, capture_output=True, timeout=60, check=False)


def told(*words):
    answer = run("digest", "-m", MATRIX, *words)
    assert (answer.returncode, answer.stderr) == (0, "")
    return answer.stdout


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """Of a capture, the records of its mail flows as they would have been on this day."""
    folder = tmp_path_factory.mktemp("records")

    def of(capture, day, change=None):
        file = folder / "eve.json"
        assert run("replay", capture, "-m", MATRIX, "--flows", file).returncode == 0
        lines = []
        for line in re.sub(r'"2026-11-\d\dT', f'"{day}T', file.read_text(encoding="utf-8")).splitlines():
            record = json.loads(line)
            record["community_id"] += day  # another flow
            if change:
                change(record)
            lines.append(json.dumps(record, separators=(",", ":")) + "\n")
        return "".join(lines)
    return of


def kept(folder, lines, name="eve.json"):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("".join(lines), encoding="utf-8")
    return folder / name


def test_where_nothing_is_new_nothing_is_said(tmp_path, records):
    week = [records(ALLOWED, day) + records(STRANGER, day) for day in WEEKS]
    assert told(kept(tmp_path, week), *UNTIL) == ""
    assert "192.0.2.70" in told(kept(tmp_path, [records(ALLOWED, WEEKS[0]), week[1]]), *UNTIL)


def test_what_is_new_is_on_one_screen(tmp_path, records):
    file = kept(tmp_path, [records(ALLOWED, WEEKS[0]), records(STRANGER, WEEKS[1])])
    text = told(file, *UNTIL)
    assert max(map(len, text.splitlines())) <= 80 and len(text.splitlines()) <= 50
    assert re.search(r"R37: breached \(before: conform\)", text)
    assert re.search(r"192\.0\.2\.70 \(.*\): workstations, since 2026-11-24, flows: 1", text)
    assert "workstations -> internet: forbidden and tried, since 2026-11-24 (smtp)" in text
    assert re.search(r"M-\d+ \(.*\): no longer used; last on 2026-11-17", text)
    french = told(file, *UNTIL, "--lang", "fr")
    assert "R37 : non conforme (auparavant : conforme)" in french
    assert not {line for line in text.splitlines() if re.search(r"[a-z] [a-z]+ [a-z]", line)} & set(french.splitlines())
    assert told(file, "--until", "2026-11-29", "--since", "1d").count("The sensor saw no mail flow") == 1


def test_records_in_the_future_are_not_there_yet(tmp_path, records):
    file = kept(tmp_path, [records(ALLOWED, WEEKS[0]), records(STRANGER, WEEKS[1])])
    assert "192.0.2.70" not in told(file, "--until", "2026-11-23")


def test_a_certificate_that_ends_soon_is_told(tmp_path, records):
    def ends(day):
        return lambda record: record["tls"].update(notafter=f"{day}T12:00:00")
    near = told(kept(tmp_path, [records(CERTIFICATE, WEEKS[1], ends("2026-12-20"))]), *UNTIL)
    assert "ends on 2026-12-20, days left: 20" in near
    late = told(kept(tmp_path, [records(CERTIFICATE, WEEKS[1], ends("2027-03-20"))]), *UNTIL)
    assert "2027-03-20" not in late


def test_a_page_has_the_same(tmp_path, records):
    page = told(kept(tmp_path, [records(STRANGER, WEEKS[1])]), *UNTIL, "--html")
    assert page.startswith("<!DOCTYPE html>") and page.endswith("</html>\n") and page.count("<h1>") == 1
    assert "default-src 'none'" in page and "192.0.2.70" in page


@pytest.mark.parametrize("name", hostile_names.NAMES.values(), ids=hostile_names.NAMES)
def test_hostile_names_are_text_and_change_no_page(tmp_path, name):
    def digest(folder, called, *form):
        file = hostile_names.flows_with(tmp_path / folder, called)
        lines = re.sub('"notafter": "[^"]*"', '"notafter": "2026-12-20T12:00:00"', file.read_text(encoding="utf-8"))
        file.write_text(lines, encoding="utf-8")
        return told(file, *UNTIL, *form)
    page = digest("hostile", name, "--html")
    usual = look.tree(digest("plain", "host.example", "--html"))
    assert look.tree(page) == usual and len(usual) > 50
    text = html.unescape(page)
    shown = hostile_names.shown(name)
    assert text.count(f"({shown}") == 1 and text.count(f":993 {shown}") == 1
    for text in page, digest("text", name):
        assert not set(text) & set("\u202e\u0007\x1b\r")


def state_of(folder, first, second):
    """What a sensor keeps: its journal, and the observed matrix of these weeks."""
    journal = folder / "journal"
    assert run("replay", ALLOWED, "-m", MATRIX, "--journal", journal, "--json").returncode == 0
    kept(journal, [first, second], "0000000000000000.eve.jsonl")
    assert run("observed", journal, "--write", folder / "observed").returncode == 0
    return folder, journal


def test_a_running_sensor_is_asked_for_what_it_keeps(tmp_path, records):
    (tmp_path / "state").mkdir()
    folder, journal = state_of(tmp_path / "state", records(STRANGER, WEEKS[0]), records(ALLOWED, WEEKS[1]))
    words = "--state-dir", folder, *UNTIL
    assert "R37: conform (before: breached)" in told(*words)
    # of a journal that reaches less far pairs tell of the week before, and of who was there
    kept(journal, [records(ALLOWED, WEEKS[1]), records(STRANGER, WEEKS[1])], "0000000000000000.eve.jsonl")
    assert "192.0.2.70" in told(journal, *UNTIL)
    assert "192.0.2.70" not in told(*words) and "R37" not in told(*words)
    answer = run("digest", "-m", MATRIX, "--state-dir", tmp_path)
    assert answer.returncode == 3 and "no observed matrix and no journal" in answer.stderr


@pytest.mark.parametrize("words", [["--since", "0d"], ["--since", "367d"], ["--since", "7w"], ["--since", ""],
                                   ["--until", "tomorrow"], ["--until", "2026-11-29T00"], ["--lang", "de"]])
def test_what_is_no_span_is_refused(words):
    answer = run("digest", "-m", MATRIX, STRANGER, *words)
    assert answer.returncode == 2 and answer.stdout == "" and words[0] in answer.stderr


def test_a_broken_input_is_no_quiet_week(tmp_path):
    assert run("digest", "-m", MATRIX, tmp_path / "none").returncode == 3
    assert run("digest", "-m", tmp_path / "none.yaml", STRANGER).returncode == 2
