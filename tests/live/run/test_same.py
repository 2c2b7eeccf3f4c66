"""The same capture, replayed or sent past running sensors of one, two and four workers: the same verdicts and findings.

Workers share what is sent by pairs of hosts; all sensors watch one link, so each capture is sent once.
"""

import contextlib
import shutil
import signal

import pytest

import captures
import sensor
from frames_made import dialogue, ending
from sensor import Sensor, until

WHY_NOT = sensor.why_not_here() or (None if shutil.which("tcpreplay") else "needs tcpreplay")
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
LAST_HOST = 99
CASES = captures.cases()
WORKERS = (1, 2, 4)
# of a server's flows some are shown to nDPI, by each worker
SAMPLED = frozenset({"second_opinion"})


def ended(run):
    """The record of the last host's flow: whatever was sent before it has been judged."""
    return [record for record in run.records()
            if record["event_type"] == "mail" and record["src_ip"] == f"192.0.2.{LAST_HOST}"]


@contextlib.contextmanager
def sensors(matrix):
    """One of each number of workers, on one link."""
    with contextlib.ExitStack() as stack:
        runs = []
        for workers in WORKERS:
            runs.append(Sensor("--silence", "0", "--workers", workers, matrix=matrix, beside=runs[0] if runs else None))
            stack.callback(runs[-1].close)
        for run in runs[1:]:
            run.watch()
        yield runs


def with_lists(matrix, folder, readable):
    """The matrix with its lists where every sensor can read them."""
    if "\nlists:" not in matrix:
        return matrix
    sensor.open_to_all(readable)
    for path in folder.iterdir():
        if f"file: {path.name}" in matrix:
            shutil.copy(path, readable)
    return matrix.replace(" file: ", f" file: {readable}/")


def sent_past_all(matrix, folders, tmp_path):
    """(times that workers judged alone, (records of a replay, records by number of workers))"""
    with sensors(with_lists(matrix, folders[0], tmp_path)) as runs:
        content, _ = captures.joined(folders, dialogue(LAST_HOST) + ending(LAST_HOST))
        capture = tmp_path / "joined.pcap"
        capture.write_bytes(content)
        expected = captures.replayed(capture, runs[0].matrix)
        runs[0].namespace.replay(capture)
        for run in runs:
            until(lambda run=run: ended(run), "the last flow's record")
        for run in runs:
            run.signal(signal.SIGTERM)
        found = {}
        for run, workers in zip(runs, WORKERS, strict=True):
            run.process.wait(timeout=sensor.PATIENCE_S)
            assert run.end() == 0
            found[workers] = run.records()
        return sum(map(sensor.alone, runs)), (expected, found)


@pytest.mark.parametrize("matrix", CASES, ids=[folders[0].name for folders in CASES.values()])
def test_live_and_replay_say_the_same_of_the_golden_cases_of_a_matrix(matrix, tmp_path):
    folders = CASES[matrix]
    expected, found = sensor.in_company(lambda: sent_past_all(matrix, folders, tmp_path))
    assert len(captures.comparable(expected)) > 1
    captures.check_same(found[1], expected, captures.case_names(folders))
    for workers in WORKERS:
        captures.check_same(found[workers], expected, f"{workers} workers: {captures.case_names(folders)}", without=SAMPLED)
