"""What a running sensor observed: added up, kept over every kind of end, the same as its journal says."""

import json
import os
import signal
import subprocess

import pytest

import captures
import sensor
from sensor import MAILWARDEN, Sensor, replaced, until
from test_servers import gone, mails

WHY_NOT = sensor.why_not_here()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
MANY = 150  # more pairs than are sorted on the stack


@pytest.fixture
def run():
    one = Sensor()
    yield one
    one.close()


def observed(path, *options):
    answer = subprocess.run([MAILWARDEN, "observed", path, "--json", *options], text=True, capture_output=True,
                            timeout=30, check=False)
    return [json.loads(line) for line in answer.stdout.splitlines()]


def flows(run):
    found = observed(run.state / "observed")
    return found[-1]["totals"]["flows"] if found else 0


def send(run, hosts):
    for host in hosts:
        run.send(gone(host))


def test_what_is_kept_is_what_the_journal_says(run):
    send(run, range(3, 3 + MANY))
    mails(run, MANY)
    assert run.end() == 0
    kept = observed(run.state / "observed")
    assert kept[-1]["totals"]["flows"] == MANY and len(kept) > MANY
    assert kept == observed(run.state / "journal")


def test_a_replay_of_the_same_packets_observes_the_same(run):
    folder = captures.PCAPS / "smtp-starttls-tls12"
    run.send([frame for _, frame in captures.packets(folder)])
    mails(run, 1)
    assert run.end() == 0
    when = {"first", "last", "flow_id"}
    live = [captures.stripped(pair, when) for pair in observed(run.state / "observed")]
    assert live == [captures.stripped(pair, when) for pair in observed(folder / "traffic.pcap", "-m", run.matrix)]


@pytest.mark.parametrize("name", ["worker 0", "reporter"])
def test_a_process_that_is_killed_takes_nothing_along_that_was_saved(run, name):
    send(run, [70])
    until(lambda: flows(run) == 1, "the first flow to be saved")
    before = run.part(name)["pid"]
    os.kill(before, signal.SIGKILL)
    replaced(run, name, before)
    send(run, [71, 72])
    mails(run, 3)
    assert run.end() == 0
    assert flows(run) == 3


def test_it_goes_on_behind_a_restart_and_behind_a_kill(run):
    send(run, [70])
    until(lambda: flows(run) == 1, "the first flow to be saved")
    run.process.kill()
    run.process.wait()
    run.start()
    send(run, [71])
    mails(run, 2)
    assert run.end() == 0
    run.start()
    send(run, [71])
    mails(run, 3)
    assert run.end() == 0
    assert flows(run) == 3


def test_a_broken_file_is_told_set_aside_and_stops_nobody(run):
    send(run, [70])
    mails(run, 1)
    assert run.end() == 0
    path = run.state / "observed"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    run.start()
    assert "observed: the checksum is wrong" in run.log()
    assert (run.state / "observed.broken").read_bytes() == whole[:-1]
    send(run, [71])
    mails(run, 2)
    assert run.end() == 0
    assert flows(run) == 1
