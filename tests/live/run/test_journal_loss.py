"""Records that no journal took when the sensor ended: never lost in silence."""

import os
import re
import shutil
import signal

import pytest

import sensor
from frames_made import dialogue
from sensor import Sensor, until, watches

WHY_NOT = sensor.why_not_here()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
LOST = re.compile(r"(\d+) bytes of records are lost: the sensor ends and its journal takes none")


@pytest.fixture(name="run")
def run_fixture():
    one = Sensor()
    yield one
    one.close()


def end_with_waiting_records(run):
    """Ends it while dialogues wait that the journal did not take; returns how many bytes it says are lost."""
    for host in range(71, 91):
        run.send(dialogue(host))
    until(lambda: run.part("reporter")["down"], "the journal to take nothing")
    assert run.end() == 3
    (lost,) = LOST.findall(run.log())
    assert f"mailwarden run: ended with {lost} bytes of records lost" in run.log() and int(lost) > 20 * 500
    return int(lost)


def told_of(run, lost):
    return [alert for alert in run.alerts("sensor.journal-bound") if f"{lost} bytes of records of the sensor before" in
            alert["alert"]["metadata"]["detail"]]


def test_records_that_the_journal_did_not_take_are_told_at_the_end_and_by_the_next_start_once(run):
    watches(run, 70)
    segment = sorted((run.state / "journal").glob("*.eve.jsonl"))[-1]
    end = int(segment.name.split(".", maxsplit=1)[0]) + segment.stat().st_size
    segment.rename(run.state / "moved")
    in_the_way = segment.with_name(f"{end:016}.eve.jsonl")
    in_the_way.mkdir()  # nothing can be opened for writing here
    run.signal(signal.SIGHUP)
    until(lambda: run.part("reporter")["faults"] > 0, "the fault")
    lost = end_with_waiting_records(run)
    in_the_way.rmdir()
    run.start()
    until(lambda: told_of(run, lost), "the alert of the next start")
    assert run.end() == 0
    run.start()
    watches(run, 91)
    assert run.end() == 0 and len(told_of(run, lost)) == 1


def test_a_state_directory_that_was_removed_is_told_at_the_end(run):
    watches(run, 70)
    held = run.folder / "held"
    held.mkdir()
    (run.state / "status").rename(held / "status")  # for the test to see how it is
    shutil.rmtree(run.state)
    run.state = held
    run.signal(signal.SIGHUP)
    end_with_waiting_records(run)


def test_what_waits_when_no_reporter_is_left_is_told_too(run):
    watches(run, 70)
    os.kill(run.part("reporter")["pid"], signal.SIGSTOP)  # hangs: killed when its time is up
    run.send(dialogue(71))
    assert run.end() == 3
    assert LOST.search(run.log())
