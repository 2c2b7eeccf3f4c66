"""Output unix: records to a program on this machine, by a stream or by datagrams. Nothing is lost, whoever is killed.

By hand: ALERTS=100000 KILLS=20 pytest tests/live/outputs/test_unix.py -k killed
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

import sensor
import shipping
import unix_reader
from frames_made import dialogue
from kills import check_nothing_is_missing
from sensor import json_lines, until

SCRIPT = pathlib.Path(unix_reader.__file__).resolve()
ALERTS = int(os.environ.get("ALERTS", "2000"))
KILLS = int(os.environ.get("KILLS", "4"))
KINDS = ("stream", "datagram")
by_both = pytest.mark.parametrize("kind", KINDS)


class Reader:
    def __init__(self, folder, kind):
        self.folder, self.kind = folder / "read", kind
        self.path = folder / "socket"
        self.folder.mkdir(exist_ok=True)
        self.settings = folder / "mailwarden.yaml"
        self.settings.write_text(f"outputs:\n  - {{type: unix, name: bus, socket: {kind}, path: {self.path}}}\n")
        self.process = None

    def start(self):
        self.process = subprocess.Popen([sys.executable, str(SCRIPT), self.kind, str(self.path), str(self.folder)],
                                        stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def end(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()

    kill = end

    def event_ids(self):
        """Of the alerts, in order."""
        return [one["event_id"] for one in self.read() if "alert" in one]

    def read(self):
        return [one for path in sorted(self.folder.iterdir()) for one in json_lines(path.read_text(encoding="utf-8"))]


@pytest.fixture(name="reader")
def reader_fixture(tmp_path, kind):
    one = Reader(tmp_path, kind)
    yield one
    one.end()


def is_delivered(journal):
    return shipping.delivered(journal, "bus") == shipping.end(journal)


@by_both
def test_each_record_arrives_once_and_as_it_is_in_the_journal(tmp_path, reader):
    reader.start()
    shipping.replay_into(tmp_path / "journal")
    assert shipping.ship(reader.settings, tmp_path / "journal", "--once").returncode == 0
    assert reader.read() == shipping.records(tmp_path / "journal")


@by_both
def test_a_reader_that_is_not_there_is_told_and_waited_for(tmp_path, reader):
    shipping.replay_into(tmp_path / "journal", files=shipping.captures()[:5])
    with shipping.start_shipping(reader.settings, tmp_path / "journal", stderr=subprocess.PIPE, text=True) as run:
        said = run.stderr.readline()
        assert str(reader.path) in said and "No such file" in said, said
        reader.start()
        until(lambda: is_delivered(tmp_path / "journal"), "all to be delivered")
        run.terminate()
    assert reader.read() == shipping.records(tmp_path / "journal")


@by_both
def test_what_a_reader_has_not_taken_is_not_delivered(tmp_path, reader):
    reader.start()
    shipping.replay_into(tmp_path / "journal", files=shipping.captures()[:1])
    os.kill(reader.process.pid, signal.SIGSTOP)
    with shipping.start_shipping(reader.settings, tmp_path / "journal", stderr=subprocess.DEVNULL) as run:
        time.sleep(1)
        assert not reader.read() and not is_delivered(tmp_path / "journal")
        os.kill(reader.process.pid, signal.SIGCONT)
        until(lambda: is_delivered(tmp_path / "journal"), "all to be delivered")
        run.terminate()
    assert reader.read() == shipping.records(tmp_path / "journal")


@by_both
def test_nothing_is_missing_when_reader_and_shipper_are_killed(tmp_path, reader):
    reader.start()
    check_nothing_is_missing(reader.settings, tmp_path / "journal", reader, KILLS, ALERTS)


@pytest.mark.parametrize("text, wanted", [
    ("path: socket", 'path takes a whole path of at most 107 bytes: "socket"'),
    (f"path: /{'x' * 107}", "path takes a whole path of at most 107 bytes"),
    ("path: /x, socket: seqpacket", 'unknown socket "seqpacket"'),
    ("socket: stream", 'lacks'),
])
def test_what_a_human_must_change_is_told(tmp_path, text, wanted):
    path = tmp_path / "mailwarden.yaml"
    path.write_text(f"outputs:\n  - {{type: unix, {text}}}\n")
    answer = subprocess.run([sensor.MAILWARDEN, "check", "--config", str(path)], capture_output=True, text=True, timeout=10,
                            check=False)
    assert answer.returncode == 2 and f"{path}:2:" in answer.stderr and wanted in answer.stderr, answer.stderr


@pytest.mark.skipif(sensor.why_not_here() is not None, reason=str(sensor.why_not_here()))
@by_both
def test_in_the_cage_of_a_running_sensor(tmp_path, reader):
    sensor.open_to_all(tmp_path)
    reader.start()
    one = sensor.Sensor("-c", reader.settings)
    try:
        one.send(dialogue(71))
        until(lambda: [r for r in reader.read() if r["event_type"] == "alert"], "an alert")
        assert json.dumps(reader.read()[0]) == json.dumps(one.records()[0])
    finally:
        one.close()
