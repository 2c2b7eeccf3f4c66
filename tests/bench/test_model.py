"""bench/model: its predictions of what was measured, and what it says of a site."""

import json
import re
import subprocess

import pytest

from sensor import ROOT

FIGURES = ROOT / "bench" / "figures.json"


def model(*words):
    return subprocess.run([ROOT / "bench" / "model", *map(str, words)], capture_output=True, text=True, timeout=60, check=False)


def offs(text):
    """How far off, by figure, of those that are predictions."""
    rows = re.findall(r"^((?:replay|live|memory), .*?)\s{2,}\S+\s+\S+\s+(-?\d+)%  \S+( ?.*)$", text, re.MULTILINE)
    return {name: int(off) for name, off, mark in rows if not mark}


def test_what_was_measured_is_predicted_within_a_fifth():
    answer = model()
    assert answer.returncode == 0, answer.stdout
    found = offs(answer.stdout)
    assert {"replay, mixed", "replay, mail", "replay, mail, records", "live, mixed", "memory, both"} <= set(found)
    assert all(abs(off) <= 20 for off in found.values()), found
    assert "every prediction within 20%: holds" in answer.stdout


def test_a_figure_that_does_not_fit_is_not_called_near(tmp_path):
    figures = json.loads(FIGURES.read_text())
    mixed = next(figure for figure in figures["replay"] if figure["name"] == "mixed")
    mixed["cpu_s"] *= 1.5
    (tmp_path / "other.json").write_text(json.dumps(figures))
    answer = model("--figures", tmp_path / "other.json")
    assert answer.returncode == 1 and "FALLS SHORT" in answer.stdout
    assert abs(offs(answer.stdout)["replay, mixed"]) > 20


def test_no_part_of_a_cost_is_less_than_nothing():
    costs = re.search(r"^one of each costs: (.*)$", model().stdout, re.MULTILINE)[1]
    values = [float(part.split()[1]) for part in costs.split(", ")]
    assert len(values) == 6 and all(value > 0 for value in values), costs


def limits(*words):
    """(exit status, share used by limit in the order told, last line)"""
    answer = model(*words)
    rows = re.findall(r"^(\S.*?)\s{2,}\S+\s+\S+\s+(\d+)%  ", answer.stdout, re.MULTILINE)
    return answer.returncode, {name: int(share) for name, share in rows}, answer.stdout.splitlines()[-1]


def test_the_limit_that_comes_next_is_the_one_most_used():
    status, found, last = limits("--gbit", 1)
    first = next(iter(found))
    assert status == 0 and found[first] == max(found.values()) <= 100
    assert re.fullmatch(rf"next limit: {re.escape(first)}, at \S+ Gbit/s of this kind", last)
    told = float(last.split(" at ")[1].split()[0])
    _, at_limit, _ = limits("--gbit", told)
    assert at_limit[first] == pytest.approx(100, abs=1)


def test_more_than_there_is_of_something_is_told_and_more_of_it_helps():
    status, found, last = limits("--gbit", 10)
    assert status == 1 and last == f"too much for: {next(iter(found))}"
    few = ("--gbit", 10, "--workers", 4, "--cores", 8, "--queues", 8, "--memory", 8000)
    _, full, _ = limits(*few, "--table", 4096)
    assert full["a worker's flow table"] > 100
    _, enough, _ = limits(*few, "--table", 1 << 22)
    assert enough["a worker's flow table"] < 100
    assert enough["memory"] > full["memory"]  # of what a quarter of the table is looked into at once
    others = set(full) - {"a worker's flow table", "memory"}
    assert len(others) == 5 and all(enough[name] == full[name] for name in others)


def test_one_pair_of_hosts_is_one_workers():
    means = ("--gbit", 10, "--workers", 8, "--cores", 32, "--queues", 16)
    _, even, _ = limits(*means)
    _, uneven, _ = limits(*means, "--largest-share", 0.6)
    assert uneven["a worker: processor"] > 3 * even["a worker: processor"]
