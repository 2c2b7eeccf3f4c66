"""mailwarden grid and unused as a person and a program meet them."""

import calendar
import csv
import io
import json
import os
import pathlib
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAILWARDEN = os.environ.get("MAILWARDEN", str(ROOT / "build/plain/mailwarden"))
MATRIX = ROOT / "rules/anssi-reference.yaml"
CAPTURES = sorted(ROOT.glob("pcaps/*/traffic.pcap"))
DAY_S = 86400


def run(*words, given=None):
    return subprocess.run([MAILWARDEN, *map(str, words)], text=True, capture_output=True, input=given, timeout=60,
                          check=False)


def shown(*words):
    answer = run(*words)
    assert (answer.returncode, answer.stderr) == (0, "")
    return answer.stdout


@pytest.fixture(scope="module", name="seen")
def all_captures(tmp_path_factory):
    """What all bundled captures show, as an observed matrix."""
    file = tmp_path_factory.mktemp("seen") / "observed"
    shown("observed", *CAPTURES, "-m", MATRIX, "--write", file)
    return file


def cells(text):
    return {(cell["from"], cell["to"]): cell for cell in json.loads(text)["cells"]}


def test_the_grid_says_the_same_in_all_its_forms(seen):
    grid = json.loads(shown("grid", "-m", MATRIX, seen, "--form", "json"))
    rows = list(csv.DictReader(io.StringIO(shown("grid", "-m", MATRIX, seen, "--form", "csv"))))
    markdown = shown("grid", "-m", MATRIX, seen, "--form", "markdown").splitlines()[2:]
    text = shown("grid", "-m", MATRIX, seen)
    assert [(row["from"], row["to"], row["state"], int(row["flows"]), int(row["tls_flows"])) for row in rows] == [
        (cell["from"], cell["to"], cell["state"], cell["flows"], cell["tls_flows"]) for cell in grid["cells"]]
    assert sorted((line.split(" | ")[1], line.split(" | ")[2]) for line in markdown) == sorted(
        (cell["from"], cell["to"]) for cell in grid["cells"])
    for sign, state in ("!", "forbidden"), ("?", "undeclared"), ("-", "unused"), ("+", "used"):
        count = sum(cell["state"] == state for cell in grid["cells"])
        assert count == grid["count"][state]
        assert [line.split()[-1] for line in text.splitlines()[:4] if line.split()[0] == sign] == [str(count)]
    assert {cell["state"] for cell in grid["cells"]} == {"forbidden", "undeclared", "unused", "used"}


def test_a_capture_and_what_was_written_of_it_make_the_same_grid(seen):
    assert shown("grid", "-m", MATRIX, *CAPTURES) == shown("grid", "-m", MATRIX, seen)


def test_every_flow_is_in_one_cell(seen):
    grid = cells(shown("grid", "-m", MATRIX, seen, "--form", "json"))
    flows = json.loads(shown("observed", seen, "--json").splitlines()[-1])["totals"]["flows"]
    assert sum(cell["flows"] for cell in grid.values()) == flows
    for cell in grid.values():
        assert cell["flows"] == cell["allowed"] + cell["undecided"] + cell["undeclared"] + cell["forbidden"]


def test_the_signs_of_the_cross_table_are_those_of_the_cells(seen):
    text = shown("grid", "-m", MATRIX, seen)
    grid = cells(shown("grid", "-m", MATRIX, seen, "--form", "json"))
    lines = text.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("from"))
    rows = lines[at + 1:lines.index("", at)]
    names = [row[5:28].rstrip() for row in rows]
    signs = {"forbidden": "!", "undeclared": "?", "unused": "-", "used": "+"}
    for row in rows:
        for to, sign in zip(names, row[28:].split()):
            cell = grid.get((row[5:28].rstrip(), to))
            assert sign == (signs[cell["state"]] if cell else "."), (row, to)
    assert all(len(line) <= 80 for line in lines)


def test_a_matrix_of_many_groups_is_shown_in_several_tables(tmp_path):
    groups = "".join(f"  g{i:02}: {{role: relay, addresses: [192.0.2.{i}]}}\n" for i in range(40))
    rows = "".join(f"  - {{id: M-{i:02}, from: g{i:02}, to: g{i + 1:02}, protocols: [smtp], tls: starttls}}\n"
                   for i in range(39))
    matrix = tmp_path / "many.yaml"
    matrix.write_text(f"schema: 1\nzones: {{internal: [192.0.2.0/24]}}\ngroups:\n{groups}rows:\n{rows}", encoding="utf-8")
    lines = shown("grid", "-m", matrix, CAPTURES[0]).splitlines()
    assert all(len(line) <= 80 for line in lines)
    heads = [line.split()[2:] for line in lines if line.startswith("from")]
    assert len(heads) > 1
    assert [int(number) for head in heads for number in head] == list(range(1, sum(map(len, heads)) + 1))


def made(tmp_path, days, edited_days=0):
    """A flow of mail so many days after another; the matrix was edited so many days before the last."""
    line = next(line for line in (ROOT / "pcaps/gateway-split/expected.jsonl").read_text(encoding="utf-8").splitlines()
                if '"verdict":"legitimate"' in line and '"event_type":"mail"' in line)
    record = json.loads(line)
    lines = []
    for moved in (0, days):
        for key in ("start", "end"):
            record["flow"][key] = record["flow"][key].replace("2026-11-", f"2026-{11 - moved // 30:02}-")
        record["timestamp"] = record["flow"]["end"]
        record["flow_id"] += moved
        lines.append(json.dumps(record))
    eve = tmp_path / "eve.json"
    eve.write_text("\n".join(lines) + "\n", encoding="utf-8")
    matrix = tmp_path / "matrix.yaml"
    matrix.write_bytes((ROOT / "pcaps/gateway-split/matrix.yaml").read_bytes())
    seconds = calendar.timegm(time.strptime(json.loads(lines[0])["flow"]["end"][:19], "%Y-%m-%dT%H:%M:%S"))
    os.utime(matrix, (seconds - edited_days * DAY_S,) * 2)
    return matrix, eve


def unused(*words):
    answer = run("unused", *words, "--json")
    assert answer.stderr == ""
    return answer.returncode, json.loads(answer.stdout)


def test_what_is_unused_is_proven_by_time_alone(tmp_path):
    matrix, eve = made(tmp_path, 60, edited_days=100)
    code, told = unused("-m", matrix, eve, "--days", "50", "--exit-code")
    assert code == 1 and told["proven"] > 0 and not told["young"]
    assert {item["proof"] for item in told["items"]} == {"proven"}
    code, told = unused("-m", matrix, eve, "--days", "70", "--exit-code")
    assert code == 0 and told["proven"] == 0 and told["young"]
    assert {item["proof"] for item in told["items"]} == {"young"}


def test_what_was_edited_since_is_not_proven(tmp_path):
    matrix, eve = made(tmp_path, 60, edited_days=40)
    code, told = unused("-m", matrix, eve, "--days", "50", "--exit-code")
    assert code == 0 and told["proven"] == 0
    assert {item["proof"] for item in told["items"]} == {"edited"}
    assert "edited since" in shown("unused", "-m", matrix, eve, "--days", "50")


def test_each_thing_is_told_with_its_place(seen):
    text = shown("unused", "-m", MATRIX, seen)
    told = json.loads(shown("unused", "-m", MATRIX, seen, "--json"))
    lines = MATRIX.read_text(encoding="utf-8").splitlines()
    for item in told["items"]:
        assert f"{item['file']}:{item['line']}: " in text
        name = item.get("member") or item.get("row") or item["group"]
        assert name.split("-")[0] in lines[item["line"] - 1]


@pytest.mark.parametrize("command", ["grid", "unused"])
def test_what_is_wrong_is_told(command, tmp_path):
    assert run(command, "-m", MATRIX).returncode == 2
    missing = run(command, "-m", MATRIX, tmp_path / "none")
    assert missing.returncode in (2, 3) and "none" in missing.stderr
    assert run(command, "-m", tmp_path / "none.yaml", CAPTURES[0]).returncode == 2
    broken = tmp_path / "broken"
    broken.write_bytes(b"mailwarden-observed 1\n" + bytes(100))
    answer = run(command, "-m", MATRIX, broken)
    assert (answer.returncode, answer.stdout) == (2, "") and str(broken) in answer.stderr
    empty = tmp_path / "empty.json"
    empty.write_text("", encoding="utf-8")
    assert run(command, "-m", MATRIX, empty).returncode == 0
