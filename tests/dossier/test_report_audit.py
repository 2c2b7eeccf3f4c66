"""What audits were answered, in each form and language of the report."""

import html
import json
import os
import pathlib
import re
import subprocess

import pytest

import hostile_names
import look
import made_audit

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAILWARDEN = os.environ.get("MAILWARDEN", str(ROOT / "build/plain/mailwarden"))
CAPTURE = ROOT / "pcaps/smtp-bdat/traffic.pcap"


def report(*words):
    done = subprocess.run([MAILWARDEN, "report", *map(str, words), "-m", ROOT / "rules/anssi-reference.yaml"], capture_output=True, text=True,
                          timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture(name="told")
def records_of_audits(tmp_path):
    (tmp_path / "told.json").write_text(made_audit.lines(), encoding="utf-8")
    return tmp_path / "told.json"


def rows(page):
    """Cells of the rows of a Markdown page that have a check."""
    for line in page.splitlines():
        cells = [html.unescape(re.sub(r"\\(.)|<wbr>|`", r"\1", cell.strip())) for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells and cells[-1] in made_audit.checks():
            yield cells


def test_every_check_is_asked_in_french(told):
    questions = {cells[-1]: cells[-3] for cells in rows(report(CAPTURE, told, "--markdown", "--lang", "fr"))}
    assert set(questions) == set(made_audit.checks()) and len(questions) > 40
    assert [check for check, question in questions.items() if question == f"asked of {check}"] == []
    english = {cells[-1]: cells[-3] for cells in rows(report(CAPTURE, told, "--markdown"))}
    assert english == {check: f"asked of {check}" for check in made_audit.checks()}


def test_what_is_no_is_told_gravest_first_and_what_is_well_is_a_number(told):
    page = report(CAPTURE, told, "--markdown")
    firsts = [cells[0] for cells in rows(page)]
    count = len(made_audit.checks())
    assert firsts == ["high"] * count + ["low"] * count + ["-"] * count + ["2026-11-24 06:00:00"] * count
    audited = json.loads(report(CAPTURE, told, "--json"))["audit"]
    assert len(audited["asked"]) == 2 * len(made_audit.STATES)
    assert all(line["verdict"] == "breached" and line["yes"] and line["unknown"] and line["breaches"] for line in audited["conformity"])


def test_a_folder_of_answers_leaves_captures_what_they_are(told, tmp_path):
    (tmp_path / "audits").mkdir()
    (tmp_path / "audits/0000000000000000.eve.jsonl").write_bytes(told.read_bytes())
    alone, beside, lines = (json.loads(report(*words, "--json")) for words in (
        [CAPTURE], [CAPTURE, tmp_path / "audits"], [CAPTURE, told]))
    assert beside["audit"] == lines["audit"] != alone["audit"]
    assert [one["kind"] for one in beside["inputs"]] == ["matrix", "capture", "journal"]
    changed = {key for key in alone if alone[key] != beside[key]}
    assert changed == {"inputs", "audit"}


def told_by(folder, name):
    (folder / "told.json").write_text(made_audit.lines(why=name, name=name), encoding="utf-8")
    return CAPTURE, folder / "told.json"


@pytest.mark.parametrize("name", hostile_names.NAMES.values(), ids=hostile_names.NAMES)
def test_hostile_answers_are_text_and_change_no_page(tmp_path, name):
    usual = look.tree(report(*told_by(tmp_path, "tame"), "--html"))
    words = told_by(tmp_path, name)
    assert look.tree(report(*words, "--html")) == usual and len(usual) > 300
    for form in "html", "text", "markdown":
        text = report(*words, f"--{form}")
        assert not set(text) & set("\u202e\u0007\x1b\r")
        assert form == "text" or "<script" not in text
    markdown = report(*words, "--markdown")
    assert "<" not in markdown.replace("&lt;", "") and "](" not in markdown
    assert json.loads(report(*words, "--json"))["audit"]["asked"][0]["answers"][0]["why"] == name


def test_no_record_of_an_audit_is_told_as_that():
    assert "Nothing was asked" in report(CAPTURE, "--markdown")
    assert json.loads(report(CAPTURE, "--json"))["audit"]["asked"] == []
