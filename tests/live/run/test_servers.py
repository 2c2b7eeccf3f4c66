"""What servers offered is remembered by all workers of a running sensor, through every kind of end."""

import json
import os
import signal
import subprocess
import time

import pytest

import captures
import sensor
from frames_made import segment
from sensor import MAILWARDEN, Sensor, replaced, until

WHY_NOT = sensor.why_not_here()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
STRIPPED = "tls.starttls-stripped"
HEARD_S = 0.5  # a worker looks at least ten times a second; nothing tells that it did


@pytest.fixture
def run():
    one = Sensor()
    yield one
    one.close()


def session(host, keywords):
    """A workstation sends in clear to an Internet server on port 25, past what that one offers; ended."""
    following = {True: 1001, False: 5001}
    frames = [segment(host, True, 1000, 0, 0x02, port=25), segment(host, False, 5000, 1001, 0x12, port=25)]
    lines = [(False, "220 mx.example.net ESMTP"), (True, "EHLO pc.example.org"),
             *[(False, f"250-{word}") for word in keywords], (False, "250 SIZE 1000"),
             (True, "MAIL FROM:<a@example.org>"), (False, "250 ok")]
    for to_server, line in lines:
        data = line.encode() + b"\r\n"
        frames.append(segment(host, to_server, following[to_server], following[not to_server], 0x18, data, port=25))
        following[to_server] += len(data)
    frames.append(segment(host, True, following[True], following[False], 0x04, port=25))
    return frames


def offered(host):
    return session(host, ["mx.example.net", "STARTTLS"])


def gone(host):
    return session(host, ["mx.example.net"])


def known(run):
    """The file's servers, by address and port."""
    answer = subprocess.run([MAILWARDEN, "servers", "--json", run.state / "servers.state"], text=True,
                            capture_output=True, timeout=20, check=False)
    found = [json.loads(line) for line in answer.stdout.splitlines()]
    return {(server["address"], server["port"]): server for server in found}


def starttls(run):
    server = known(run).get(("203.0.113.25", 25))
    return (server["starttls"]["offered"], server["starttls"]["not_offered"]) if server else (0, 0)


def mails(run, count):
    until(lambda: len([record for record in run.records() if record["event_type"] == "mail"]) == count,
          f"{count} flows to end")


def test_without_an_earlier_offer_nothing_was_stripped(run):
    run.send(gone(70))
    mails(run, 1)
    assert run.end() == 0
    assert run.alerts(STRIPPED) == []
    assert starttls(run) == (0, 1)


def test_an_offer_before_a_restart_makes_its_absence_behind_it_tell(run):
    run.send(offered(70))
    mails(run, 1)
    assert run.end() == 0
    assert starttls(run) == (1, 0)
    run.start()
    run.send(gone(71))
    mails(run, 2)
    assert [alert["src_ip"] for alert in run.alerts(STRIPPED)] == ["192.0.2.71"]
    assert run.end() == 0
    assert starttls(run) == (1, 1)


def test_real_captures_teach_what_replay_learns_of_them(run, tmp_path):
    folder = captures.PCAPS / "smtp-starttls-tls12"
    run.send([frame for _, frame in captures.packets(folder)])
    mails(run, 1)
    assert run.end() == 0
    state = tmp_path / "replay.state"
    subprocess.run([MAILWARDEN, "replay", folder / "traffic.pcap", "-m", run.matrix, "--state", state], check=True,
                   capture_output=True, timeout=20)

    def comparable(path):
        lines = subprocess.run([MAILWARDEN, "servers", "--json", path], check=True, capture_output=True).stdout
        when = {"first", "last", "offered_first", "offered_last"}
        return [captures.stripped(json.loads(line), when) for line in lines.splitlines()]
    assert comparable(run.state / "servers.state") == comparable(state)


@pytest.mark.parametrize("name", ["worker 0", "reporter"])
def test_a_process_that_is_killed_takes_no_memory_along(run, name):
    run.send(offered(70))
    until(lambda: starttls(run) == (1, 0), "the offer to be saved")
    before = run.part(name)["pid"]
    os.kill(before, signal.SIGKILL)
    replaced(run, name, before)
    run.send(gone(71))
    until(lambda: run.alerts(STRIPPED), "the absence to be told")
    assert run.end() == 0
    assert starttls(run) == (1, 1)


def test_a_killed_sensor_knows_what_it_had_saved(run):
    run.send(offered(70))
    until(lambda: starttls(run) == (1, 0), "the offer to be saved")
    run.process.kill()
    run.process.wait()
    run.start()
    run.send(gone(71))
    until(lambda: run.alerts(STRIPPED), "the absence to be told")


def test_what_one_worker_learnt_every_worker_knows():
    run = Sensor("--workers", "3")
    try:
        clients = range(71, 83)
        for host in clients:
            run.send(offered(host))
        mails(run, len(clients))
        time.sleep(HEARD_S)
        for host in clients:
            run.send(gone(host))
        mails(run, 2 * len(clients))
        workers = [part["counters"] for part in run.status()["processes"] if part["name"].startswith("worker")]
        assert sum(counters["lessons"]["lost"] if "lessons" in counters else counters["lessons.lost"]
                   for counters in workers) == 0
        assert {alert["src_ip"] for alert in run.alerts(STRIPPED)} == {f"192.0.2.{host}" for host in clients}
        assert run.end() == 0
        assert starttls(run) == (len(clients), len(clients))
    finally:
        run.close()


def test_a_broken_file_is_told_set_aside_and_stops_nobody(run):
    run.send(offered(70))
    mails(run, 1)
    assert run.end() == 0
    path = run.state / "servers.state"
    whole = path.read_text()
    path.write_text(whole.replace("end 1", "end 5"))
    run.start()
    assert "servers.state:3: the last line does not count the servers before it" in run.log()
    assert (run.state / "servers.state.broken").read_text() == whole.replace("end 1", "end 5")
    run.send(gone(71))
    until(lambda: run.alerts(STRIPPED), "the absence to be told")
    assert run.end() == 0
    assert starttls(run) == (1, 1)
