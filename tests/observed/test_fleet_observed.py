"""mailwarden fleet --observed: the files of several sensors added up, a flow that several saw counted once."""

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
CAPTURE = ROOT / "pcaps/smtp-starttls-tls12/traffic.pcap"


def run(*words, given=None):
    return subprocess.run([MAILWARDEN, *map(str, words)], text=True, capture_output=True, input=given, timeout=60,
                          check=False)


def record(number, host, hour=7):
    """A flow of a workstation with the relay: the number is of the flow, whoever saw it."""
    return json.dumps({
        "timestamp": f"2026-11-29T{hour:02}:00:02.000000+0000", "event_type": "mail", "host": host,
        "src_ip": f"192.0.2.{70 + number % 3}", "src_port": 40000 + number, "dest_ip": "192.0.2.25", "dest_port": 25,
        "proto": "TCP", "community_id": f"1:{number}", "mail": {"protocol": "smtp", "messages": 1},
        "flow": {"bytes_toserver": 100, "bytes_toclient": 50, "start": f"2026-11-29T{hour:02}:00:00.000000+0000",
                 "end": f"2026-11-29T{hour:02}:00:01.000000+0000"}}, separators=(",", ":")) + "\n"


def keep(path, lines, *options):
    """As a running sensor keeps it."""
    answer = run("observed", "-", "--json", "--write", path, *options, given="".join(lines))
    assert answer.returncode == 0, answer.stderr
    return path


@pytest.fixture(name="sites")
def two_sensors(tmp_path):
    """North saw flows 0 to 8, south 6 to 14: three in common, one of each pair of hosts."""
    return (keep(tmp_path / "north", [record(number, "north") for number in range(9)]),
            keep(tmp_path / "south", [record(number, "south") for number in range(6, 15)]))


def fleet(*words):
    """The sensors, the pairs, the totals."""
    answer = run("fleet", "--observed", *words, "--json")
    assert (answer.returncode, answer.stderr) == (0, ""), answer.stderr
    sensors, *pairs, totals = [json.loads(line) for line in answer.stdout.splitlines()]
    return sensors, pairs, totals["totals"]


def test_a_flow_that_two_sensors_saw_counts_once(sites):
    sensors, pairs, totals = fleet(*sites)
    assert [sensor["flows"] for sensor in sensors["sensors"]] == [9, 9]
    assert [sensor["file"] for sensor in sensors["sensors"]] == [str(path) for path in sites]
    assert (totals["flows"], sensors["seen_by_several"]) == (15, 3)
    assert [(pair["client"], pair["flows"], pair["messages"], pair["bytes_toserver"]) for pair in pairs] == [
        (f"192.0.2.{host}", 5, 5, 500) for host in (70, 71, 72)]


def test_what_only_looks_like_the_same_flow_counts_twice(sites, tmp_path):
    """An hour later the same ports are another connection; at the same time other ports are, too."""
    later = keep(tmp_path / "later", [record(number, "later", hour=8) for number in range(9)])
    sensors, _, totals = fleet(sites[0], later)
    assert (totals["flows"], sensors["seen_by_several"]) == (18, 0)
    beside = keep(tmp_path / "beside", [record(number, "beside") for number in range(9, 18)])
    sensors, pairs, totals = fleet(sites[0], beside)
    assert (totals["flows"], sensors["seen_by_several"], len(pairs)) == (18, 0, 3)


def test_the_sum_is_that_of_observed_and_whoever_comes_first(sites, tmp_path):
    wanted = run("observed", *sites, "--json").stdout.splitlines()
    for name, files in (("one", sites), ("other", sites[::-1])):
        answer = run("fleet", "--observed", *files, "--json", "--write", tmp_path / name)
        assert answer.stdout.splitlines()[1:] == wanted
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
    assert run("observed", tmp_path / "one", "--json").stdout.splitlines() == wanted


def test_journals_and_eve_lines_of_a_sensor_do_as_well(sites, tmp_path):
    eve = tmp_path / "eve.json"
    eve.write_text("".join(record(number, "south") for number in range(6, 15)), encoding="utf-8")
    sensors, pairs, totals = fleet(sites[0], eve)
    _, wanted, _ = fleet(*sites)
    assert (totals["flows"], sensors["seen_by_several"]) == (15, 3)
    assert [pair["flows"] for pair in pairs] == [pair["flows"] for pair in wanted]


def test_each_sensor_is_told_with_what_it_has_in_80_columns(sites, tmp_path):
    small = keep(tmp_path / ("s" * 60), [record(number, "small") for number in range(9)])
    few = keep(tmp_path / "few", [record(number, "few").replace('"dest_port":25', f'"dest_port":{1000 + number}')
                                  for number in range(300)], "--pairs", 256)
    nothing = keep(tmp_path / "nothing", [])
    answer = subprocess.run([MAILWARDEN, "fleet", "--observed", "north", "south", small.name, "few", "nothing"], text=True,
                            capture_output=True, cwd=sites[0].parent, timeout=60, check=True)
    lines = answer.stdout.splitlines()
    assert all(len(line) <= 80 and line == line.rstrip() for line in lines)
    table = lines[lines.index(next(line for line in lines if line.startswith("sensor "))):]
    assert table[1].split() == ["north", "3", "9", "2026-11-29", "2026-11-29"]
    assert table[2].split() == ["south", "3", "9", "2026-11-29", "2026-11-29"]
    assert (table[3], table[4].split()[:2]) == (small.name, ["3", "9"])
    assert table[5].split() == ["few", "256", "300", "2026-11-29", "2026-11-29", "partial"]
    assert table[6].split() == ["nothing", "0", "0", "-", "-"]
    assert table[7].split()[:3] == ["all", "259", "315"] and table[7].endswith(" partial")
    assert table[-1] == "Flows seen by several sensors, counted once: 12."
    assert few.exists() and nothing.exists()


@pytest.mark.parametrize("words, code, told", [
    (["--observed"], 2, "no FILE given"),
    (["--observed", "-"], 2, "standard input is no file of a sensor"),
    (["--observed", str(CAPTURE)], 2, "no observed matrix, journal or EVE lines of a sensor"),
    (["--observed", "/nonexistent/observed"], 3, "/nonexistent/observed: No such file or directory"),
    (["--observed", "-c", "fleet.yaml", "x"], 2, "--config goes without --observed"),
    (["--observed", "--top", "3", "x"], 2, "--top goes without --observed"),
    (["-c", "fleet.yaml", "--write", "x"], 2, "--write goes with --observed"),
    (["-c", "fleet.yaml", "--pairs", "300"], 2, "--pairs goes with --observed"),
    (["-c", "fleet.yaml", "one", "two"], 2, 'a word too many: "two"'),
    (["one"], 2, "no config given"),
])
def test_what_does_not_go_together_is_told(words, code, told):
    answer = run("fleet", *words)
    assert answer.returncode == code, answer.stderr
    assert told in answer.stderr
    assert answer.stdout == ""


def test_a_broken_file_of_one_sensor_is_named_and_nothing_is_added_up(sites, tmp_path):
    broken = tmp_path / "broken"
    broken.write_bytes(sites[0].read_bytes()[:-1])
    sum_file = tmp_path / "sum"
    answer = run("fleet", "--observed", sites[0], broken, "--write", sum_file)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith(f"{broken}: the checksum is wrong")
    assert not sum_file.exists()
    other = tmp_path / "notes"
    other.write_text("not ours", encoding="utf-8")
    answer = run("fleet", "--observed", *sites, "--write", other)
    assert answer.returncode == 2 and "is not overwritten" in answer.stderr
    assert other.read_text(encoding="utf-8") == "not ours"


def test_one_page_over_all_of_them_says_what_each_has_and_is_the_same_again(sites, tmp_path):
    late = keep(tmp_path / "<b>late", [record(99, "late", hour=7).replace("2026-11-29", "2026-11-27").replace("192.0.2.70", "192.0.2.75")])
    pages = []
    for language, files in (("en", (*sites, late)), ("fr", (*sites, late)), ("en", (*sites, late))):
        answer = run("fleet", "--observed", *files, "--html", tmp_path / "page.html", "-m", ROOT / "rules/anssi-reference.yaml",
                     "--lang", language)
        assert (answer.returncode, answer.stderr) == (0, "")
        pages.append((tmp_path / "page.html").read_text(encoding="utf-8"))
    english, french, again = pages
    assert english == again and "Mail flows seen by 3 sensors" in english and "vus par 3 capteurs" in french
    assert "<b>late" not in english and re.search("&lt;b&gt;late</td><td>1</td><td>1</td><td[^>]*>2026-11-27 07:00:00</td>", english)
    assert english.count('<td class="bad">2026-11-27 07:00:01</td>') == 1, "more than a day behind the others"
    assert '<td class="bad">2026-11-29' not in english
    day, month = english.split("Declared against seen: 30 days</h2>")
    assert re.search("<td[^>]*>workstations</td><td[^>]*>relay</td>", day) and "<td>15</td>" in day and "<td>16</td>" not in day
    assert "<td>16</td>" in month, "the third one's flow was seen within 30 days"


@pytest.mark.parametrize("name", hostile_names.NAMES.values(), ids=hostile_names.NAMES)
def test_hostile_names_are_text_and_change_no_page(tmp_path, name):
    trees = []
    for folder, called in ("plain", "host.example"), ("hostile", name):
        flows = hostile_names.flows_with(tmp_path / folder, called)
        file = tmp_path / folder / called.replace("/", "?").replace("\n", "?")[:60]
        keep(file, flows.read_text(encoding="utf-8"))
        page = tmp_path / folder / "page.html"
        assert run("fleet", "--observed", file, "--html", page, "-m", hostile_names.MATRIX).returncode == 0
        text = page.read_text(encoding="utf-8")
        trees.append(look.tree(text))
    shown = hostile_names.shown(name)
    assert trees[0] == trees[1] and len(trees[0]) > 200
    assert html.unescape(text).count(f">{shown}") == 2, "of the client that says so, of the server that is asked for"
    assert not set(text) & set("\u202e\u0007\x1b\r")


def test_a_page_needs_a_matrix_and_what_was_observed(sites, tmp_path):
    page = tmp_path / "page.html"
    matrix = ROOT / "rules/anssi-reference.yaml"
    for words in (("--observed", sites[0], "--html", page), ("--observed", sites[0], "-m", matrix), ("-c", "x", "--html", page), ("-c", "x", "-m", matrix)):
        answer = run("fleet", *words)
        assert answer.returncode == 2 and not page.exists(), words
    page.write_text("an old one")
    answer = run("fleet", "--observed", sites[0], "--html", tmp_path / "none/page.html", "-m", matrix)
    assert answer.returncode == 3 and "none" in answer.stderr and page.read_text() == "an old one"
