"""README.md shows what the demo prints."""

import re

import demo
from cases import case_folders


def test_the_readme_shows_lines_that_the_demo_prints():
    lines = set(demo.printed())
    assert demo.shown()
    assert [line for line in demo.shown() if line not in lines] == [], "run make docs; a line that is gone is to be chosen anew"


def test_the_demo_ends_with_one_screen_of_what_matters_first():
    lines = demo.screen()
    assert len(lines) <= 24 and max(map(len, lines)) <= 80, lines
    verdicts = [line.split()[0] for line in lines if re.match(r"  (R\d|exposure)", line)]
    assert verdicts == ["R34", "R35", "R36", "R37", "R41", "R42", "R42+", "exposure"]
    worst = [line.split()[0] for line in lines if re.match(r"  (CRITICAL|HIGH|MEDIUM|LOW) ", line)]
    assert len(worst) == 5 and worst[0] == "CRITICAL"
    assert any("check my.yaml" in line for line in lines) and any("replay my.pcap" in line for line in lines)
    assert any("build/demo/report.txt" in line for line in lines)


def test_no_server_of_the_captures_calls_itself_as_the_machine_that_recorded_it():
    records = "".join((folder / "expected.jsonl").read_text(encoding="utf-8") for folder in case_folders())
    names = re.findall(r"server calls itself ([^\s;\"]+)", records)
    assert names and all(re.search(r"\.example\.(org|net|com)$", name) for name in names), names
