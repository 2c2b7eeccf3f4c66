"""What a running sensor observed: added up, kept over every kind of end, the same as its journal says."""

import json
import os
import shutil
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


def made_pairs(count):
    """Records of as many pairs, of clients in one network."""
    return "".join(json.dumps({
        "timestamp": "2026-11-29T07:00:00.000000+0000", "event_type": "mail", "src_ip": f"2001:db8::{number:x}",
        "dest_ip": "192.0.2.25", "dest_port": 25, "community_id": f"1:{number}", "mail": {"protocol": "smtp"},
        "flow": {"start": "2026-11-29T07:00:00.000000+0000", "end": "2026-11-29T07:00:01.000000+0000"}},
        separators=(",", ":")) + "\n" for number in range(count))


def keeps(run, count):
    """The sensor, which does not run, has so many pairs from before."""
    path = run.state / "observed"
    path.unlink(missing_ok=True)
    subprocess.run([MAILWARDEN, "observed", "-", "--json", "--write", path], input=made_pairs(count), text=True,
                   stdout=subprocess.DEVNULL, timeout=30, check=True)
    shutil.chown(path, (run.state / "journal").owner())


def status_text(run):
    return subprocess.run([MAILWARDEN, "status", "--state-dir", run.state], text=True, capture_output=True,
                          timeout=20, check=False).stdout


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


def test_status_tells_when_the_observed_matrix_is_partial_and_not_before(run):
    assert run.end() == 0
    keeps(run, 256)
    run.options = ("--observed-pairs", "256")
    run.start()
    full = {"pairs": 256, "most_pairs": 256, "partial": False, "given_up_pairs": 0, "given_up_flows": 0}
    until(lambda: run.status()["observed"] == full, "the pairs to be told")
    assert "partial" not in status_text(run)
    send(run, [70])
    until(lambda: run.status()["observed"]["partial"], "the first pair to be given up")
    partial = run.status()["observed"]
    assert (partial["pairs"], partial["given_up_pairs"], partial["given_up_flows"]) == (256, 1, 1)
    assert "observed    partial: given up for want of room (observed-pairs, 256): pairs 1," in status_text(run)
    assert run.end() == 0
    kept = observed(run.state / "observed")[-1]["totals"]
    assert (kept["pairs"], kept["partial"], kept["given_up_pairs"]) == (256, True, 1)


def test_more_room_is_given_by_the_settings_and_a_wrong_number_is_refused(run):
    assert run.end() == 0
    keeps(run, 300)
    run.options = ("--observed-pairs", "301")
    run.start()
    send(run, [70])
    until(lambda: run.status()["observed"]["pairs"] == 301, "the pairs of before and the new one")
    assert not run.status()["observed"]["partial"]
    settings = run.folder / "mailwarden.yaml"
    for number, wanted in (("262144", 0), ("1048576", 0), ("1048577", 2)):
        settings.write_text(f"observed-pairs: {number}\n")
        answer = subprocess.run([MAILWARDEN, "check", "--config", settings], text=True, capture_output=True,
                                timeout=20, check=False)
        assert answer.returncode == wanted, answer.stderr
    assert "mailwarden.yaml:1:17: observed-pairs takes 256 to 1048576, not \"1048577\"" in answer.stderr
