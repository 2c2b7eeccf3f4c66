"""The catalogue as printed, and the page generated from it."""

import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAILWARDEN = os.environ.get("MAILWARDEN", str(ROOT / "build/plain/mailwarden"))


def catalogue(*options):
    return subprocess.run([MAILWARDEN, "catalogue", *options], capture_output=True, text=True,
                          timeout=10, check=False)


@pytest.fixture(name="rows", scope="module")
def fixture_rows():
    return json.loads(catalogue("--json").stdout)


def test_the_page_of_findings_is_the_generated_one():
    page = (ROOT / "docs/findings.md").read_text(encoding="utf-8")
    assert page == catalogue("--markdown").stdout, "run: mailwarden catalogue --markdown"


def test_the_table_fits_100_columns_and_names_every_finding(rows):
    printed = catalogue()
    assert printed.returncode == 0
    assert max(map(len, printed.stdout.splitlines())) <= 100
    first_words = {line.split(" ")[0] for line in printed.stdout.splitlines()}
    assert {row["id"] for row in rows} <= first_words


def test_one_finding_is_printed_whole_within_100_columns(rows):
    for row in rows:
        text = catalogue(row["id"]).stdout
        assert max(map(len, text.splitlines())) <= 100
        words = " ".join(text.split())
        for key in ("meaning", "action", "false_positives", "signature"):
            assert " ".join(row[key].split()) in words
        assert json.loads(catalogue("--json", row["id"]).stdout) == row
        assert catalogue("--markdown", row["id"]).stdout.startswith(f"## {row['id']}\n")


def test_wrong_use_is_told_and_ends_with_2():
    for options in (("no.such",), ("--nonsense",), ("--json", "--markdown"),
                    ("tls.missing", "tls.missing")):
        done = catalogue(*options)
        assert done.returncode == 2
        assert done.stdout == ""
        assert "mailwarden catalogue:" in done.stderr


def test_output_that_cannot_be_written_ends_with_3():
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([MAILWARDEN, "catalogue"], stdout=full, stderr=subprocess.PIPE,
                              text=True, timeout=10, check=False)
    assert done.returncode == 3
