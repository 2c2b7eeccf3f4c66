"""mailwarden observed and replay --observed as a person meets them: the same counts from whatever holds the flows."""

import datetime
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAILWARDEN = os.environ.get("MAILWARDEN", str(ROOT / "build/plain/mailwarden"))
MATRIX = ROOT / "rules/anssi-reference.yaml"
CAPTURES = sorted(ROOT.glob("pcaps/*/traffic.pcap"))


def run(*words, given=None):
    return subprocess.run([MAILWARDEN, *map(str, words)], text=True, capture_output=True,
                          input=given, timeout=60, check=False)


def observed(*words, given=None):
    answer = run("observed", *words, "--json", given=given)
    assert (answer.returncode, answer.stderr) == (0, ""), answer.stderr
    return answer.stdout


def totals(text):
    return json.loads(text.splitlines()[-1])["totals"]


@pytest.fixture(scope="module", name="site")
def replayed(tmp_path_factory):
    """All bundled captures by one replay: its records, its journal, its observed matrix."""
    folder = tmp_path_factory.mktemp("site")
    answer = run("replay", *CAPTURES, "-m", MATRIX, "--json", "--journal", folder / "journal",
                 "--observed", folder / "observed")
    assert answer.returncode == 0, answer.stderr
    (folder / "eve.json").write_text(answer.stdout, encoding="utf-8")
    return folder


def test_journal_eve_lines_captures_and_observed_matrix_give_the_same(site):
    lines = observed(site / "eve.json")
    assert totals(lines)["flows"] == sum('"event_type":"mail"' in line for line in open(site / "eve.json", encoding="utf-8"))
    assert totals(lines)["flows"] > 200
    assert observed(site / "journal") == lines
    assert observed(site / "observed") == lines
    assert observed("-", given=(site / "eve.json").read_text(encoding="utf-8")) == lines
    assert observed(*CAPTURES, "-m", MATRIX) == lines


def test_what_several_sources_have_is_counted_once(site):
    once = totals(observed(site / "eve.json"))
    assert totals(observed(site / "observed", site / "eve.json", site / "journal", site / "observed")) == once
    assert totals(observed(*CAPTURES, site / "journal", "-m", MATRIX)) == once


def moved(text, seconds, host):
    """The same flows as another sensor has them, whose clock is another."""
    def move(match):
        time = datetime.datetime.strptime(match[0], "%Y-%m-%dT%H:%M:%S.%f%z") + datetime.timedelta(seconds=seconds)
        return time.strftime("%Y-%m-%dT%H:%M:%S.%f%z")
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+0000", move, text).replace('"host":"replay"', f'"host":"{host}"')


def test_a_flow_that_two_sensors_saw_is_counted_once_though_their_clocks_differ(site, tmp_path):
    text = (site / "eve.json").read_text(encoding="utf-8")
    other = tmp_path / "other.json"
    once = totals(observed(site / "eve.json"))["flows"]
    for seconds in (-1.5, 0.002, 1.5):
        other.write_text(moved(text, seconds, "b"), encoding="utf-8")
        assert totals(observed(site / "eve.json", other))["flows"] == once
    other.write_text(moved(text, 3600, "b"), encoding="utf-8")
    assert totals(observed(site / "eve.json", other))["flows"] == 2 * once


def test_observed_matrices_of_two_sensors_that_saw_a_part_in_common_are_added_up(site, tmp_path):
    """What crossed both is counted once: exactly of pairs with few flows, about of the others; messages as their flows on average."""
    lines = [line for line in open(site / "eve.json", encoding="utf-8") if '"event_type":"mail"' in line]

    def add_up(name, chosen):
        observed("-", "--write", tmp_path / name, given="".join(chosen))
        return tmp_path / name

    def pairs(*words):
        found = [json.loads(line) for line in observed(*words).splitlines()[:-1]]
        return {(pair["client"], pair["server"], pair["port"], pair["protocol"], pair["tls"], str(pair.get("tunnel"))): pair
                for pair in found}
    whole = pairs(add_up("all", lines))
    both = pairs(add_up("north", lines[:150]), add_up("south", lines[70:]))
    assert both.keys() == whole.keys()
    few = [key for key, pair in whole.items() if pair["flows"] <= 8]
    assert len(few) > 60
    for key in few:
        assert both[key]["flows"] == whole[key]["flows"], key
        assert abs(both[key]["messages"] - whole[key]["messages"]) <= 1, key
    for key in whole.keys() - set(few):
        assert abs(both[key]["flows"] - whole[key]["flows"]) <= 0.4 * whole[key]["flows"], key


def test_the_sum_is_written_and_read_again_and_is_the_same_in_every_run(site, tmp_path):
    sums = [tmp_path / "one", tmp_path / "two"]
    for path in sums:
        lines = observed(site / "eve.json", site / "observed", "--write", path)
    assert sums[0].read_bytes() == sums[1].read_bytes() == (site / "observed").read_bytes()
    assert observed(sums[0]) == lines
    again = tmp_path / "again"
    assert run("replay", *CAPTURES, "-m", MATRIX, "--summary", "--observed", again).returncode == 0
    assert again.read_bytes() == (site / "observed").read_bytes()


def test_lines_for_a_person_fit_in_80_columns(site):
    answer = run("observed", site / "observed")
    assert answer.returncode == 0
    assert all(len(line) <= 80 for line in answer.stdout.splitlines())
    assert re.search(r"^\d+ flows between \d+ pairs\.$", answer.stdout, re.MULTILINE)
    assert "tls.starttls-stripped" in answer.stdout and "by row M-" in answer.stdout


def test_fewer_pairs_than_there_are_is_told_as_partial(site):
    found = totals(observed(site / "eve.json", "--pairs", 256))
    assert not found["partial"]
    made = "".join(json.dumps({
        "timestamp": "2026-11-29T07:00:00.000000+0000", "event_type": "mail", "src_ip": f"2001:db8::{number:x}",
        "dest_ip": "192.0.2.25", "dest_port": 25, "community_id": f"1:{number}", "mail": {"protocol": "smtp"},
        "flow": {"start": "2026-11-29T07:00:00.000000+0000", "end": "2026-11-29T07:00:01.000000+0000"}},
        separators=(",", ":")) + "\n" for number in range(1000))
    found = totals(observed("-", "--pairs", 256, given=made))
    assert found["partial"]
    assert (found["pairs"], found["given_up_pairs"], found["flows"]) == (256, 744, 1000)
    assert "Partial: 744 pairs" in run("observed", "-", "--pairs", 256, given=made).stdout


def test_what_cannot_be_read_is_told(site, tmp_path):
    answer = run("observed", CAPTURES[0])
    assert answer.returncode == 2
    assert "a capture is judged by a matrix: -m" in answer.stderr
    broken = tmp_path / "broken"
    broken.write_bytes((site / "observed").read_bytes()[:-1])
    answer = run("observed", broken)
    assert answer.returncode == 2
    assert answer.stderr.startswith(f"{broken}: the checksum is wrong")
    assert run("observed", tmp_path / "missing").returncode == 3
    assert run("observed", tmp_path).returncode == 3
    noise = tmp_path / "noise"
    noise.write_bytes(b"\0\1\2 no capture")
    assert run("observed", noise, "-m", MATRIX).returncode == 2


def test_a_file_that_is_no_observed_matrix_is_not_overwritten(site, tmp_path):
    capture = tmp_path / "monday.pcap"
    shutil.copy(CAPTURES[0], capture)
    before = capture.read_bytes()
    for answer in (run("replay", CAPTURES[0], "-m", MATRIX, "--observed", capture),
                   run("observed", site / "eve.json", "--write", capture)):
        assert answer.returncode in (2, 3)
        assert "is no observed matrix; it is not overwritten" in answer.stderr
    assert capture.read_bytes() == before


def test_findings_and_verdict_of_a_pair_are_told(site):
    pairs = [json.loads(line) for line in observed(site / "observed").splitlines()[:-1]]
    stripped = [pair for pair in pairs if "tls.starttls-stripped" in pair.get("findings", [])]
    assert stripped and all(pair["tls"] == "none" for pair in stripped)
    allowed = [pair for pair in pairs if pair["verdict"] == "legitimate"]
    assert allowed and all("row" in pair for pair in allowed)
    folded = [pair for pair in pairs if pair.get("internet", {}).get("about", 0) > 1]
    assert folded and all("internet" in (pair["client"], pair["server"]) for pair in folded)


def test_every_word_of_shown_is_in_the_schema_and_on_the_page():
    source = (ROOT / "sensor/observed/sighting.c").read_text(encoding="utf-8")
    words = re.findall(r'"([a-z-]+)"', re.search(r"SHOWN\[SIGHTING_SHOWN_COUNT\] = \{(.*?)\};", source, re.DOTALL)[1])
    schema = json.loads((ROOT / "docs/schema/eve.schema.json").read_text(encoding="utf-8"))
    assert len(words) == 14
    assert schema["$defs"]["mail"]["properties"]["shown"]["items"]["enum"] == words
    row, = [line for line in (ROOT / "docs/outputs.md").read_text(encoding="utf-8").splitlines() if line.startswith("| `shown` |")]
    assert re.findall(r"`([a-z-]+)`", row)[1:] == words
