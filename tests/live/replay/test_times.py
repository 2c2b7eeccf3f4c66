"""Time stamps that are wrong: one of them harms its frame alone, a clock that was set is followed."""

import json
import struct

import pytest

from apart import each_apart
from frames_made import dialogue, ending, file_header
from replaying import SMALL_TABLE, run
from sensor import MATRIX

NOW = 1790000000  # 2026-09-21
LAST = 2 ** 31 - 1  # 2038-01-19
FLOWS = 40  # of 8 frames: enough for the flow table to look for idle ones


def capture(path, stamped):
    """(second, frame) as a pcap file, a millisecond apart."""
    path.write_bytes(file_header() + b"".join(
        struct.pack("<IIII", second + number // 1000, number % 1000 * 1000, len(frame), len(frame)) + frame
        for number, (second, frame) in enumerate(stamped)))
    return path


def records(path):
    matrix = path.with_name("matrix.yaml")
    matrix.write_text(each_apart(MATRIX.read_text(), range(100, 100 + FLOWS)))
    answer = run("replay", path, "-m", matrix, *SMALL_TABLE, "--json")
    assert answer.returncode == 0, answer.stderr
    return [json.loads(line) for line in answer.stdout.splitlines()]


def of(host, found):
    """Its records, without what counts all of them and names the file."""
    return [{key: value for key, value in record.items() if key not in ("event_id", "pcap_filename")} for record in found
            if record.get("src_ip") == f"192.0.2.{host}"]


@pytest.fixture(name="frames")
def frames_fixture():
    """A dialogue that lasts from the first frame to the last, others meanwhile."""
    first, rest = dialogue(70)[:4], dialogue(70)[4:] + ending(70)
    others = [(host, frame) for host in range(100, 100 + FLOWS) for frame in dialogue(host) + ending(host)]
    return [(70, frame) for frame in first] + others + [(70, frame) for frame in rest]


@pytest.mark.parametrize("place", ["first of all", "first of a flow", "in a flow"])
def test_one_time_far_ahead_harms_its_frame_alone(tmp_path, frames, place):
    wrong = {"first of all": 0, "first of a flow": 4, "in a flow": 4 + 5}[place]
    whose = frames[wrong][0]
    right = records(capture(tmp_path / "right.pcap", [(NOW, frame) for _, frame in frames]))
    found = records(capture(tmp_path / "wrong.pcap", [(LAST if number == wrong else NOW, frame)
                                                       for number, (_, frame) in enumerate(frames)]))
    assert len(found) == len(right) > 2 * FLOWS
    for host in {70, *range(100, 100 + FLOWS)} - {whose}:
        assert of(host, found) == of(host, right) != []
    (mail,) = [record for record in of(whose, found) if record["event_type"] == "mail"]
    assert mail["timestamp"].startswith("2026-09-21") and mail["flow"]["start"].startswith("2026-09-21")
    assert mail["mail"] == [record for record in of(whose, right) if record["event_type"] == "mail"][0]["mail"]


def test_a_clock_that_was_set_back_is_followed(tmp_path, frames):
    right = records(capture(tmp_path / "right.pcap", [(NOW, frame) for _, frame in frames]))
    before = [(LAST - 10, frame) for host in range(10, 20) for frame in dialogue(host) + ending(host)]
    found = records(capture(tmp_path / "set.pcap", before + [(NOW, frame) for _, frame in frames]))
    assert all(record["timestamp"].startswith("2038-01-19") for host in range(10, 20) for record in of(host, found))
    late = [record for record in found if record["timestamp"].startswith("2038")]
    assert 0 < len([record for record in late if record.get("src_ip", "").split(".")[-1] not in map(str, range(10, 20))]) < 20
    for host in range(100 + FLOWS // 2, 100 + FLOWS):
        ours, theirs = of(host, found), of(host, right)
        assert [record["event_type"] for record in ours] == [record["event_type"] for record in theirs] != []
        assert all(record["timestamp"].startswith("2026-09-21") for record in ours)
    ours, theirs = ([record["mail"] for record in of(70, them) if record["event_type"] == "mail"] for them in (found, right))
    for mail in (*ours, *theirs):
        mail.pop("second_opinion", None)  # asked of a server's first flows
    assert ours == theirs != []


def test_a_pause_of_days_is_one(tmp_path, frames):
    """The first frame behind it is not told as of before."""
    found = records(capture(tmp_path / "pause.pcap", [(NOW, frame) for _, frame in frames] +
                            [(NOW + 3 * 86400, frame) for frame in dialogue(20) + ending(20)]))
    assert of(20, found) != [] and all(record["flow"]["start"].startswith("2026-09-24") for record in of(20, found))
