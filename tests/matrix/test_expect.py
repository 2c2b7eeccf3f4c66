"""check --expect: a matrix under version control gives the answers that a file lists."""

import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAILWARDEN = str(ROOT / os.environ.get("MAILWARDEN", "build/plain/mailwarden"))
REFERENCE = "rules/anssi-reference.yaml"

RIGHT = """\
# who            whom       what               answer
relay            mx-out     smtp     starttls  -> row M-30
relay            mx-out     smtp     clear     -> not-allowed   # R42
192.0.2.70       internet   smtp               -> not-allowed

workstations     mailboxes  imaps    1.2       -> row M-01
workstations     mailboxes  imaps    1.1       -> not-allowed
scanners         relay      smtp     clear     -> allowed
relay            mailboxes  lmtp:2424          -> row M-22
relay            mailboxes  lmtp:2425          -> not-allowed
webmail          mailboxes  exchange-https implicit 1.3 -> row M-03
"""


def check(text, *options, matrix=REFERENCE):
    return subprocess.run([MAILWARDEN, "check", "--quiet", "--expect", "-", *options, matrix], cwd=ROOT, text=True,
                          input=text, capture_output=True, timeout=30, check=False)


def test_a_matrix_that_answers_as_expected_says_nothing():
    answer = check(RIGHT, "--exit-code")
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
    whole = subprocess.run([MAILWARDEN, "check", "--expect", "-", REFERENCE], cwd=ROOT, text=True, input=RIGHT,
                           capture_output=True, timeout=30, check=True)
    assert whole.stdout.endswith("\nExpected: 9 of 9 answers\n")


@pytest.mark.parametrize("right, wrong, told", [
    ("row M-30", "row M-31", "-:2: relay -> mx-out smtp: expected row M-31, is allowed: row M-30 (relay -> mx-out) allows it"),
    ("internet   smtp               -> not-allowed", "internet smtp -> allowed",
     "-:4: 192.0.2.70 -> internet smtp: expected allowed, is not-allowed: no row lets workstations"),
    ("clear     -> allowed", "clear -> undecided", "-:8: scanners -> relay smtp: expected undecided, is allowed: row M-12"),
    ("2425          -> not-allowed", "2425 -> row M-22", "-:10: relay -> mailboxes lmtp:2425: expected row M-22, is not-allowed: "),
])
def test_an_answer_that_is_another_is_told_with_its_line(right, wrong, told):
    assert right in RIGHT
    text = RIGHT.replace(right, wrong)
    answer = check(text, "--exit-code")
    assert answer.returncode == 1
    assert answer.stdout.startswith(told) and answer.stdout.count("\n") == 1
    assert check(text).returncode == 0
    document = json.loads(check(text, "--json").stdout)
    assert (document["expected"], document["expect_errors"]) == (9, [])
    assert [line.startswith(told) for line in document["unexpected"]] == [True]


@pytest.mark.parametrize("line, told", [
    ("relay nobody smtp -> allowed", '"nobody" is no group, zone or address; did you mean "nomads"?'),
    ("relay mx-out smtp", "a line is FROM TO PROTOCOL[:PORT] [TLS] [VERSION] -> ANSWER"),
    ("relay mx-out -> allowed", "a line is FROM TO PROTOCOL"),
    ("relay mx-out smtp a b c -> allowed", "a line is FROM TO PROTOCOL"),
    ("relay mx-out smtp dark -> allowed", '"dark" is none of clear, starttls, implicit'),
    ("relay mx-out smoke -> allowed", '"smoke" is no mail protocol'),
    ("relay mx-out smtp -> row M-99", 'no row has the id "M-99"'),
    ("relay mx-out smtp -> maybe", "behind -> stands allowed, probe, undecided, not-allowed"),
    ("relay mx-out smtp ->", "behind -> stands"),
])
def test_a_mistake_in_the_file_is_told_with_its_line(line, told):
    answer = check(f"# first\n{line}\nrelay mx-out smtp -> allowed\n")
    assert answer.returncode == 2 and not answer.stdout
    assert answer.stderr.startswith(f"-:2: {told}") and answer.stderr.count("\n") == 1


def test_a_file_that_expects_nothing_or_is_not_there_is_a_mistake():
    answer = check("# nothing\n")
    assert answer.returncode == 2 and answer.stderr == "-:1: it expects nothing\n"
    gone = subprocess.run([MAILWARDEN, "check", "-q", "--expect", "/nonexistent", REFERENCE], cwd=ROOT, text=True,
                          capture_output=True, timeout=30, check=False)
    assert gone.returncode == 2 and gone.stderr == "/nonexistent:0: No such file or directory\n"


def test_a_broken_matrix_is_told_before_what_is_expected():
    answer = check(RIGHT, matrix="tests/matrix/mistakes.yaml")
    assert answer.returncode == 2 and "tests/matrix/mistakes.yaml:" in answer.stderr and "-:" not in answer.stderr.splitlines()[0][:2]
