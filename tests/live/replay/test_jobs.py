"""--jobs: whoever unpacks the captures, and however many they are, the records are the same bytes."""

import gzip
import lzma
import os
import select
import signal
import subprocess

import pytest

from frames_made import conversation, dialogue, ending, pcap
from replaying import MATRIX, PATIENCE_S, SMALL_TABLE, replay, run
from sensor import MAILWARDEN, ROOT

RECORD_HEADER = 16


def packed(path, data, number):
    path.write_bytes(gzip.compress(data, 1) if number % 2 else lzma.compress(data, preset=0))
    return path


@pytest.fixture(name="golden", scope="module")
def golden_fixture(tmp_path_factory):
    """Every capture of pcaps/, compressed, under one folder."""
    folder = tmp_path_factory.mktemp("golden")
    captures = sorted((ROOT / "pcaps").glob("*/traffic.pcap"))
    assert len(captures) > 200
    return [packed(folder / capture.parent.name, capture.read_bytes(), number) for number, capture in enumerate(captures)]


@pytest.fixture(name="split", scope="module")
def split_fixture(tmp_path_factory):
    """One long capture in six files: four that follow each other, and of the last part every other packet in two."""
    folder = tmp_path_factory.mktemp("split")
    body = b"".join(b"%08d a line of a mail\r\n" % number for number in range(60000))
    frames = [(False, b"220 mail.example.net ESMTP\r\n"), (True, b"EHLO pc.example.org\r\n"), (False, b"250 mail.example.net\r\n"),
              (True, b"MAIL FROM:<a@example.org>\r\n"), (False, b"250 ok\r\n"), (True, b"RCPT TO:<b@example.net>\r\n"), (False, b"250 ok\r\n"),
              (True, b"DATA\r\n"), (False, b"354 go on\r\n"), (True, body + b".\r\n"), (False, b"250 ok\r\n")]
    whole = conversation(frames)
    records = records_of(whole)
    quarter = len(records) // 4
    last = records[3 * quarter:]
    parts = [records[:quarter], records[quarter:2 * quarter], records[2 * quarter:3 * quarter], last[::2], last[1::2]]
    files = [packed(folder / f"part-{number}", whole[:24] + b"".join(part), number) for number, part in enumerate(parts)]
    files.append(packed(folder / "others", pcap(dialogue(71) + dialogue(72) + ending(71)), 1))
    return files


def records_of(capture):
    records, at = [], 24
    while at < len(capture):
        end = at + RECORD_HEADER + int.from_bytes(capture[at + 8:at + 12], "little")
        records.append(capture[at:end])
        at = end
    return records


def answers(captures, jobs, options):
    answer = run("replay", *captures, "-m", MATRIX, "--jobs", jobs, *options)
    assert answer.returncode == 0 and answer.stderr == b""
    return answer.stdout


@pytest.mark.parametrize("captures", ["golden", "split"])
@pytest.mark.parametrize("options", [("--json",), ("--summary",)], ids=lambda options: options[0])
def test_the_same_bytes_with_any_number_of_jobs(captures, options, request):
    captures = request.getfixturevalue(captures)
    alone = answers(captures, 1, options)
    assert len(alone) > 1000
    for jobs in (2, 5):
        assert answers(captures, jobs, options) == alone
    assert answers(captures[1:], 2, options) != alone


def test_a_part_that_is_missing_is_told_in_the_same_words(split, tmp_path):
    cut = tmp_path / "cut"
    cut.write_bytes(split[1].read_bytes()[:-100])
    files = [*split[:1], cut, *split[2:]]
    alone, ahead = (run("replay", *files, "-m", MATRIX, "--jobs", jobs, "--exit-code") for jobs in (1, 3))
    assert b"it ends in the middle of a record" in alone.stderr
    assert (ahead.returncode, ahead.stdout, ahead.stderr) == (alone.returncode, alone.stdout, alone.stderr)


def children_of(process):
    with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def test_whoever_unpacks_is_killed_and_that_is_a_failure(split):
    """Standard input is not at its end yet, so that it is under way for sure."""
    command = [MAILWARDEN, "replay", "-", "-m", MATRIX, *SMALL_TABLE, "--jobs", "2"]
    whole = gzip.compress(lzma.decompress(split[0].read_bytes()), 1)
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as sensor:
        sensor.stdin.write(whole[:len(whole) // 2])
        sensor.stdin.flush()
        while not children_of(sensor):
            assert sensor.poll() is None
        os.kill(children_of(sensor)[0], signal.SIGKILL)
        _, told = sensor.communicate(timeout=PATIENCE_S)
        assert sensor.returncode == 3
        assert b"mailwarden replay: -: at byte" in told and b"the process that unpacked it has ended" in told


def test_whoever_judges_is_killed_and_nobody_stays(split):
    command = [MAILWARDEN, "replay", "-", "-m", MATRIX, *SMALL_TABLE, "--jobs", "2"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as sensor:
        sensor.stdin.write(split[0].read_bytes()[:1000])
        sensor.stdin.flush()
        while not children_of(sensor):
            assert sensor.poll() is None
        unpacker = os.pidfd_open(children_of(sensor)[0])
        sensor.kill()
        assert select.select([unpacker], [], [], PATIENCE_S)[0]  # readable once it has ended
        os.close(unpacker)


@pytest.mark.parametrize("jobs", ["0", "65", "-1", "two"])
def test_a_number_of_jobs_that_cannot_be_is_refused(split, jobs):
    answer = replay(split[0], "--jobs", jobs)
    assert answer.returncode == 2 and b"--jobs takes 1 to 64" in answer.stderr
