"""The same capture, replayed or sent past a running sensor: the same verdicts and findings."""

import shutil

import pytest

import captures
import sensor
from frames_made import dialogue, ending
from sensor import Sensor, until

WHY_NOT = sensor.why_not_here() or (None if shutil.which("tcpreplay") else "needs tcpreplay")
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
LAST_HOST = 99
CASES = captures.cases()


def ended(run):
    """The record of the last host's flow: whatever was sent before it has been judged."""
    return [record for record in run.records()
            if record["event_type"] == "mail" and record["src_ip"] == f"192.0.2.{LAST_HOST}"]


@pytest.mark.parametrize("matrix", CASES, ids=[folders[0].name for folders in CASES.values()])
def test_live_and_replay_say_the_same_of_the_golden_cases_of_a_matrix(matrix, tmp_path):
    folders = CASES[matrix]
    run = Sensor("--silence", "0", matrix=matrix)
    try:
        content, _ = captures.joined(folders, dialogue(LAST_HOST) + ending(LAST_HOST))
        capture = tmp_path / "joined.pcap"
        capture.write_bytes(content)
        expected = captures.comparable(captures.replayed(capture, run.matrix))
        run.namespace.run("tcpreplay", "--quiet", "--intf1=out0", capture)
        until(lambda: ended(run), "the last flow's record")
        assert run.end() == 0
        found = captures.comparable(run.records())
    finally:
        run.close()
    assert len(expected) > 1
    assert found == expected, captures.case_names(folders)
