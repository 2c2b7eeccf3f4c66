"""mailwarden diff as a person, a merge request and a program meet it. ACCEPT=1 writes what it says now as right."""

import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAILWARDEN = str(ROOT / os.environ.get("MAILWARDEN", "build/plain/mailwarden"))
FOLDER = "tests/matrix/diff"
OLD, NEW = f"{FOLDER}/old.yaml", f"{FOLDER}/new.yaml"
FORMS = {"expected.txt": [], "expected.md": ["--markdown"], "expected.json": ["--json"]}


def diff(*words, stdin=None):
    return subprocess.run([MAILWARDEN, "diff", *words], cwd=ROOT, text=True, input=stdin,
                          capture_output=True, timeout=30, check=False)


@pytest.mark.parametrize("name", FORMS)
def test_what_is_told_is_what_was_read_and_accepted(name):
    answer = diff(*FORMS[name], OLD, NEW)
    assert answer.returncode == 0 and not answer.stderr
    expected = ROOT / FOLDER / name
    if os.environ.get("ACCEPT"):
        expected.write_text(answer.stdout, encoding="utf-8")
    assert answer.stdout == expected.read_text(encoding="utf-8")


def test_text_fits_a_terminal_and_json_has_the_same_entries():
    lines = diff(OLD, NEW).stdout.splitlines()
    assert max(map(len, lines)) <= 80
    document = json.loads(diff("--json", OLD, NEW).stdout)
    assert len(document["differences"]) == sum(line[:2] in ("+ ", "- ", "~ ") for line in lines)
    assert len(document["differences"]) == document["gained"] + document["lost"] + document["changed"]


def test_the_exit_code_tells_more_from_less():
    assert diff("--exit-code", OLD, NEW).returncode == 1
    assert diff("--exit-code", OLD, OLD).returncode == 0
    text = (ROOT / OLD).read_text(encoding="utf-8")
    fewer = "".join(line for line in text.splitlines(True) if "M-11" not in line)
    less = diff("--exit-code", OLD, "-", stdin=fewer)
    assert less.returncode == 0 and less.stdout.startswith("Lost: 1\n- crm -> relay\n")
    more = diff("--exit-code", "-", OLD, stdin=fewer)
    assert more.returncode == 1 and more.stdout.startswith("Gained: 1\n+ crm -> relay\n")


def test_the_same_said_otherwise_is_no_difference():
    text = (ROOT / OLD).read_text(encoding="utf-8")
    head, rows = text.split("rows:\n")
    turned = head.replace("192.0.2.64/26", "192.0.2.64/27, 192.0.2.96-192.0.2.127") + "rows:\n"
    turned += "".join(reversed(rows.replace("id: M-", "id: X-").splitlines(True)))
    answer = diff("--exit-code", OLD, "-", stdin=turned)
    assert (answer.returncode, answer.stdout) == (0, "No difference: both allow the same.\n")
    assert diff("--markdown", OLD, "-", stdin=turned).stdout.endswith("Both matrices allow the same.\n")


def test_names_make_no_markup():
    told = diff("--markdown", OLD, NEW).stdout
    assert r"\*.example.com" in told
    assert all(line.count("|") == 5 for line in told.splitlines() if line.startswith("| "))


def test_a_matrix_in_error_is_told_with_its_place():
    answer = diff(OLD, "tests/matrix/mistakes.yaml")
    assert answer.returncode == 2 and not answer.stdout
    assert "tests/matrix/mistakes.yaml:" in answer.stderr
    assert diff(OLD, "-", "--json", "--markdown", stdin="").returncode == 2
    assert diff("-", "-", stdin="").returncode == 2
